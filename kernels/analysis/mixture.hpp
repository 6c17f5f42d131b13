// Gaussian mixtures with full covariances: EM of many starts at once, and the classifier that they give (mixture.cpp has the
// equations and says who owns what).
#pragma once

#include "kernels/exec/queue.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kMostFeatures = 12;
inline constexpr int kMostComponents = 32;
inline constexpr int kMixtureBlock = 1024; // samples of a team
inline constexpr int kMixtureTile = 128;   // of them at a time
inline constexpr int kMixtureLanes = 128;

struct MixtureShape {
  int features = 0;   // D
  int components = 0; // K
  int starts = 0;     // S
  std::int64_t samples = 0;
  double regularisation = 0.0; // added to the diagonals of covariances
};

ZENER_HOST_FN constexpr int mixture_pairs(int features) { return features * (features + 1) / 2; }
// Sums of a component: responsibilities, of differences from its mean, of their products.
ZENER_HOST_FN constexpr int mixture_rows(int features) { return 1 + features + mixture_pairs(features); }
// Numbers of a component: its mean, W = L^-1 of its covariance L L^T (lower triangle by rows), the constant of its logarithm.
ZENER_HOST_FN constexpr int mixture_numbers(int features) { return features + mixture_pairs(features) + 1; }
// Samples as they are kept: a whole number of blocks.
ZENER_HOST_FN constexpr std::int64_t mixture_padded(std::int64_t samples) {
  return (samples + kMixtureBlock - 1) / kMixtureBlock * kMixtureBlock;
}

struct MixtureView {
  View<const double, 2> sample;     // [D][padded]
  View<double, 3> component;        // [S][K][numbers]
  View<double, 2> weight;           // [S][K]; 0: an emptied component, which takes no part any more
  View<double, 3> covariance;       // [S][K][pairs]
  View<double, 3> partial;          // [S][blocks][K rows + 1]
  View<double, 2> sums;             // [S][K rows + 1], the last: sum of log-densities
  View<double, 1> log_likelihood;   // [S] mean over the samples
  View<std::int32_t, 1> active;     // [S]
  View<std::int32_t, 1> iterations; // [S]
};

// K-means++ centres of every start (near: [S][padded] and block_sum: [S][blocks] are scratch): means, with unit covariances.
void choose_centres(Queue &queue, const MixtureShape &shape, const MixtureView &view, View<double, 2> near,
                    View<double, 2> block_sum, std::uint32_t seed);

// Sums of the active starts, with responsibilities or, `nearest`, with each sample given to the nearest mean alone.
void sum_mixture(Queue &queue, const MixtureShape &shape, const MixtureView &view, bool nearest);
// Means alone from the sums (Lloyd), unit covariances stay.
void move_centres(Queue &queue, const MixtureShape &shape, const MixtureView &view);
// Weights, means and covariances from the sums.
void update_mixture(Queue &queue, const MixtureShape &shape, const MixtureView &view);
// Takes over the log-likelihood; a start that changes it by less than `tolerance`, or that has made `most` iterations, rests.
void judge_mixture(Queue &queue, const MixtureShape &shape, const MixtureView &view, double tolerance, int most);

// The numbers of components from means, weights and covariances that stand in the view already.
void prepare_mixture(Queue &queue, const MixtureShape &shape, const MixtureView &view);

// Of one mixture (start 0) and samples [N][columns >= D]: probability [N][C] of classes, each the sum over its components
// (class_of [K]); log_density [N] of the mixture; label [N], the likeliest class, or C for a sample with a number that is not
// finite, whose other numbers are NaN.
struct ClassifierView {
  View<const double, 3> component;      // [1][K][numbers]
  View<const std::int32_t, 1> class_of; // [K]
  View<double, 2> probability;          // [N][C]
  View<double, 1> log_density;          // [N]
  View<std::uint8_t, 1> label;          // [N]
};
void classify_by_mixture(Queue &queue, const MixtureShape &shape, View<const double, 2> sample, const ClassifierView &view);

} // namespace ZENER_BACKEND
} // namespace zener
