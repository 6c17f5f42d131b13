// Statistics for tests of random results. Seeds are fixed, so a test that passes once passes always; the significance says how
// likely a right program was to fail when the seed was chosen.
#pragma once

#include <cstdint>
#include <vector>

namespace zener::test {

// Regularised upper incomplete gamma function Q(a, x), a > 0, x >= 0.
double upper_gamma(double a, double x);

// Probability that chi-square of so many degrees of freedom is at least this large.
double chi_square_p(double chi_square, double degrees);

struct ChiSquare {
  double value = 0.0;
  int degrees = 0;
  double p = 1.0;
};

// Pearson's test of counts against probabilities that sum to 1. Classes are joined, least likely first, until each expects
// `least_expected` counts.
ChiSquare chi_square_test(const std::vector<std::int64_t> &observed, const std::vector<double> &probabilities,
                          double least_expected = 5.0);

// Kolmogorov-Smirnov test that values of a continuous distribution function at the sample are uniform on [0, 1]. The p-value is
// Stephens' form of Kolmogorov's limit, good to a few percent of itself for 5 values and more.
double kolmogorov_smirnov_p(std::vector<double> distribution_values);

// Probability of a Poisson variable of this mean to be at most, and at least, k; the smaller of the two, doubled.
double poisson_p(std::int64_t k, double mean);

// Mean and standard error of the mean.
class Sample {
public:
  void add(double x);
  double mean() const { return mean_; }
  double standard_error() const;
  // Distance of the mean from a value, in standard errors.
  double deviations_from(double expected) const { return (mean_ - expected) / standard_error(); }

private:
  double mean_ = 0.0;
  double squares_ = 0.0;
  std::int64_t n_ = 0;
};

} // namespace zener::test
