#include "tests/reference/mixture.hpp"

#include <cmath>
#include <cstdint>

namespace zener::reference {

double log_normal(const std::vector<double> &x, const std::vector<double> &mean,
                  const std::vector<std::vector<double>> &covariance) {
  const std::size_t n = x.size();
  std::vector<std::vector<double>> a = covariance;
  std::vector<double> y(n), d(n);
  for (std::size_t i = 0; i < n; ++i) {
    y[i] = d[i] = x[i] - mean[i];
  }
  double log_determinant = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    log_determinant += std::log(a[i][i]);
    for (std::size_t r = i + 1; r < n; ++r) {
      const double factor = a[r][i] / a[i][i];
      for (std::size_t c = i; c < n; ++c) {
        a[r][c] -= factor * a[i][c];
      }
      y[r] -= factor * y[i];
    }
  }
  double square = 0.0;
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t c = i + 1; c < n; ++c) {
      y[i] -= a[i][c] * y[c];
    }
    y[i] /= a[i][i];
  }
  for (std::size_t i = 0; i < n; ++i) {
    square += d[i] * y[i];
  }
  return -0.5 * (static_cast<double>(n) * std::log(2.0 * std::acos(-1.0)) + log_determinant + square);
}

std::vector<double> log_densities(const PlainMixture &mixture, const PlainSamples &samples) {
  std::vector<double> out;
  for (const auto &x : samples) {
    long double sum = 0.0;
    for (std::size_t k = 0; k < mixture.weight.size(); ++k) {
      sum += std::exp(
          static_cast<long double>(std::log(mixture.weight[k]) + log_normal(x, mixture.mean[k], mixture.covariance[k])));
    }
    out.push_back(static_cast<double>(std::log(sum)));
  }
  return out;
}

std::vector<std::vector<double>> posteriors(const PlainMixture &mixture, const PlainSamples &samples) {
  const std::vector<double> all = log_densities(mixture, samples);
  std::vector<std::vector<double>> out;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    out.emplace_back();
    for (std::size_t k = 0; k < mixture.weight.size(); ++k) {
      out.back().push_back(mixture.weight[k] *
                           std::exp(log_normal(samples[s], mixture.mean[k], mixture.covariance[k]) - all[s]));
    }
  }
  return out;
}

PlainMixture em_step(const PlainMixture &mixture, const PlainSamples &samples, double regularisation) {
  const auto r = posteriors(mixture, samples);
  const std::size_t n = samples[0].size();
  PlainMixture next = mixture;
  for (std::size_t k = 0; k < mixture.weight.size(); ++k) {
    double total = 0.0;
    std::vector<double> mean(n, 0.0);
    for (std::size_t s = 0; s < samples.size(); ++s) {
      total += r[s][k];
      for (std::size_t i = 0; i < n; ++i) {
        mean[i] += r[s][k] * samples[s][i];
      }
    }
    for (double &m : mean) {
      m /= total;
    }
    next.weight[k] = total / static_cast<double>(samples.size());
    next.mean[k] = mean;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        double sum = 0.0;
        for (std::size_t s = 0; s < samples.size(); ++s) {
          sum += r[s][k] * (samples[s][i] - mean[i]) * (samples[s][j] - mean[j]);
        }
        next.covariance[k][i][j] = sum / total + (i == j ? regularisation : 0.0);
      }
    }
  }
  return next;
}

PlainSamples three_clusters(int n) {
  std::int64_t state = 12345;
  const auto next = [&] {
    state = (state * 1103515245 + 12345) % (std::int64_t{1} << 31);
    return static_cast<double>(state) / 2147483648.0;
  };
  const double centre[3][3] = {{0.0, 0.0, 0.0}, {1.5, 0.5, -1.0}, {-0.5, 2.0, 1.0}};
  const double width[3] = {0.8, 0.5, 1.0};
  PlainSamples samples;
  for (int s = 0; s < n; ++s) {
    double u[3];
    for (double &v : u) {
      v = next();
      v = v + next();
      v = v + next();
      v = v + next();
      v = v - 2.0;
    }
    const int c = s % 3;
    samples.push_back({centre[c][0] + width[c] * u[0], centre[c][1] + width[c] * (0.5 * u[0] + u[1]),
                       centre[c][2] + width[c] * (u[2] - 0.25 * u[1])});
  }
  return samples;
}

PlainMixture three_components() {
  return {{0.5, 0.3, 0.2},
          {{0.1, -0.2, 0.0}, {1.0, 0.5, -0.5}, {0.0, 1.5, 1.0}},
          {{{1.0, 0.2, 0.0}, {0.2, 0.8, 0.1}, {0.0, 0.1, 0.9}},
           {{0.5, 0.0, 0.1}, {0.0, 0.6, 0.0}, {0.1, 0.0, 0.4}},
           {{0.7, -0.1, 0.0}, {-0.1, 1.2, 0.3}, {0.0, 0.3, 1.0}}}};
}

} // namespace zener::reference
