// Gaussian mixtures with full covariances: what is fitted and what comes out. Plain data between drivers and engine.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace zener {

// p(x) = sum_k weight_k N(x | mean_k, covariance_k), D features.
struct Mixture {
  int features = 0;
  std::vector<double> weight;                  // [K], sum 1; 0: an emptied component
  std::vector<std::vector<double>> mean;       // [K][D]
  std::vector<std::vector<double>> covariance; // [K][D D], symmetric, positive definite
  std::size_t components() const { return weight.size(); }
};

struct MixturePlan {
  int components = 16;          // 1 … 32
  int starts = 100;             // 1 … 10000, by k-means++
  int lloyd = 20;               // iterations of k-means before EM
  int most_iterations = 200;    // of EM
  double tolerance = 1e-4;      // an iteration that changes the mean log-likelihood by less is the last
  double regularisation = 1e-6; // added to the diagonals of covariances
  std::uint32_t seed = 1;
  std::optional<Mixture> start; // in place of k-means++: one start
};

struct MixtureFit {
  Mixture mixture;                    // the best start's
  std::vector<double> log_likelihood; // [starts] mean over the samples, of what each ended with
  std::vector<int> iterations;        // [starts]
  std::size_t best = 0;
  int emptied = 0;        // components of the best start
  bool converged = false; // the best start, before its most iterations
};

// Posteriors are of classes: class c is the sum over the components with class_of_component = c.
struct MixtureScores {
  std::vector<double> log_density; // [N]
  std::vector<double> probability; // [N][classes]
};

// Whether a D x D matrix, by rows, is symmetric (to 1e-9) and positive definite.
bool is_covariance(const std::vector<double> &matrix, int features);

} // namespace zener
