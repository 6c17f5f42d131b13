// Standard errors of correlated series against what is known of an autoregressive process.
#include "host/neutral/series_statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace zener {
namespace {

// x_i = phi x_(i-1) + noise of unit variance: variance 1/(1 - phi^2), error of the mean of n: 1/(1 - phi)/sqrt(n).
std::vector<double> correlated(std::size_t n, double phi, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> x(n);
  double value = normal(random) / std::sqrt(1.0 - phi * phi);
  for (double &entry : x) {
    entry = value;
    value = phi * value + normal(random);
  }
  return x;
}

TEST(SeriesStatistics, TheErrorOfAMeanKnowsTheCorrelation) {
  constexpr std::size_t kLength = 8192;
  constexpr double kPhi = 0.9;
  const double expected = 1.0 / (1.0 - kPhi) / std::sqrt(static_cast<double>(kLength));
  double squared = 0.0;
  double errors = 0.0;
  constexpr int kSeries = 60;
  for (unsigned s = 1; s <= kSeries; ++s) {
    const Estimate e = block_mean(correlated(kLength, kPhi, s));
    squared += e.mean * e.mean / kSeries;
    errors += e.standard_error / kSeries;
  }
  EXPECT_NEAR(std::sqrt(squared), expected, 0.3 * expected) << "the means scatter as they must";
  // The largest of the levels lies above the truth, by a known fifth or so; that of independent values would be 0.23 of it.
  EXPECT_GT(errors, 0.9 * expected);
  EXPECT_LT(errors, 1.5 * expected);
}

TEST(SeriesStatistics, FewValues) {
  EXPECT_TRUE(std::isnan(block_mean(std::vector<double>{}).mean));
  EXPECT_EQ(block_mean(std::vector<double>{3.0}).mean, 3.0);
  EXPECT_TRUE(std::isnan(block_mean(std::vector<double>{3.0}).standard_error));
  const Estimate two = block_mean(std::vector<double>{1.0, 3.0});
  EXPECT_EQ(two.mean, 2.0);
  EXPECT_EQ(two.standard_error, 1.0);
  const std::vector<double> x{0.0, 1.0};
  EXPECT_TRUE(std::isnan(block_slope(x, x).mean));
}

TEST(SeriesStatistics, ASlopeAndItsError) {
  std::vector<double> x;
  std::vector<double> line;
  for (int i = 0; i < 1000; ++i) {
    x.push_back(0.5 * i);
    line.push_back(3.0 - 0.25 * x.back());
  }
  EXPECT_NEAR(block_slope(x, line).mean, -0.25, 1e-12);
  EXPECT_NEAR(block_slope(x, line).standard_error, 0.0, 1e-12);
  double squared = 0.0;
  double errors = 0.0;
  constexpr int kSeries = 100;
  for (unsigned s = 1; s <= kSeries; ++s) {
    std::vector<double> y = correlated(x.size(), 0.8, s);
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] += line[i];
    }
    const Estimate e = block_slope(x, y);
    squared += (e.mean + 0.25) * (e.mean + 0.25) / kSeries;
    errors += e.standard_error / kSeries;
  }
  // Of n correlated values: sigma_block / sqrt(sxx) with blocks of 50; the scatter of 100 slopes is known to 7 %.
  EXPECT_NEAR(errors / std::sqrt(squared), 1.0, 0.25);
}

} // namespace
} // namespace zener
