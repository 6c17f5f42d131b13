// Gaussian mixtures once more, serially: densities by Gaussian elimination, EM with covariances in two passes.
#pragma once

#include <vector>

namespace zener::reference {

struct PlainMixture {
  std::vector<double> weight;
  std::vector<std::vector<double>> mean;
  std::vector<std::vector<std::vector<double>>> covariance;
};
using PlainSamples = std::vector<std::vector<double>>;

// log N(x | mean, covariance).
double log_normal(const std::vector<double> &x, const std::vector<double> &mean,
                  const std::vector<std::vector<double>> &covariance);
// log sum_k w_k N_k(x) of every sample.
std::vector<double> log_densities(const PlainMixture &mixture, const PlainSamples &samples);
// Posterior of every sample and component.
std::vector<std::vector<double>> posteriors(const PlainMixture &mixture, const PlainSamples &samples);
// One iteration of EM.
PlainMixture em_step(const PlainMixture &mixture, const PlainSamples &samples, double regularisation);

// Samples of three clusters in three dimensions by a linear congruential generator, as the script that made scikit-learn's
// numbers has them.
PlainSamples three_clusters(int n);
PlainMixture three_components();

} // namespace zener::reference
