#include "tests/support/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace zener::test {

double upper_gamma(double a, double x) {
  if (x <= 0.0) {
    return 1.0;
  }
  const double front = std::exp(a * std::log(x) - x - std::lgamma(a));
  if (x < a + 1.0) { // series of the lower function
    double term = 1.0 / a;
    double sum = term;
    for (double n = a + 1.0; term > sum * 1e-17; n += 1.0) {
      term *= x / n;
      sum += term;
    }
    return 1.0 - front * sum;
  }
  // Continued fraction, evaluated from its tail: Q = front / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / …)).
  const int terms = 200 + static_cast<int>(20.0 * std::sqrt(a));
  double tail = 0.0;
  for (int n = terms; n >= 1; --n) {
    tail = n * (n - a) / (x + 2.0 * n + 1.0 - a - tail);
  }
  return front / (x + 1.0 - a - tail);
}

double chi_square_p(double chi_square, double degrees) { return upper_gamma(0.5 * degrees, 0.5 * chi_square); }

ChiSquare chi_square_test(const std::vector<std::int64_t> &observed, const std::vector<double> &probabilities,
                          double least_expected) {
  const double total = static_cast<double>(std::accumulate(observed.begin(), observed.end(), std::int64_t{0}));
  std::vector<std::size_t> order(observed.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return probabilities[a] < probabilities[b]; });

  struct Class {
    double count;
    double expected;
  };
  std::vector<Class> classes;
  Class joined{0.0, 0.0};
  for (const std::size_t i : order) {
    joined.count += static_cast<double>(observed[i]);
    joined.expected += total * probabilities[i];
    if (joined.expected >= least_expected) {
      classes.push_back(joined);
      joined = {0.0, 0.0};
    }
  }
  if (joined.expected > 0.0 || joined.count > 0.0) {
    if (classes.empty()) {
      classes.push_back({0.0, 0.0});
    }
    classes.back().count += joined.count;
    classes.back().expected += joined.expected;
  }

  ChiSquare result;
  for (const Class &c : classes) {
    result.value += (c.count - c.expected) * (c.count - c.expected) / c.expected;
  }
  result.degrees = static_cast<int>(classes.size()) - 1;
  result.p = result.degrees > 0 ? chi_square_p(result.value, result.degrees) : 1.0;
  return result;
}

double kolmogorov_smirnov_p(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  double distance = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double below = static_cast<double>(i) / n;
    distance = std::max({distance, values[i] - below, below + 1.0 / n - values[i]});
  }
  const double x = (std::sqrt(n) + 0.12 + 0.11 / std::sqrt(n)) * distance;
  if (x < 0.2) { // the series needs many terms there; the true value is above 1 - 1e-12
    return 1.0;
  }
  double p = 0.0;
  double sign = 2.0;
  for (int k = 1; k <= 100; ++k, sign = -sign) {
    p += sign * std::exp(-2.0 * k * k * x * x);
  }
  return std::clamp(p, 0.0, 1.0);
}

double poisson_p(std::int64_t k, double mean) {
  const double at_least = k == 0 ? 1.0 : 1.0 - upper_gamma(static_cast<double>(k), mean);
  const double at_most = upper_gamma(static_cast<double>(k) + 1.0, mean);
  return std::min(1.0, 2.0 * std::min(at_least, at_most));
}

void Sample::add(double x) {
  n_ += 1;
  const double step = x - mean_;
  mean_ += step / static_cast<double>(n_);
  squares_ += step * (x - mean_);
}

double Sample::standard_error() const {
  const double n = static_cast<double>(n_);
  return n_ < 2 ? std::numeric_limits<double>::quiet_NaN() : std::sqrt(squares_ / (n - 1.0) / n);
}

} // namespace zener::test
