// The statistics that other tests rely on, against closed forms and printed tables.
#include "tests/support/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace zener::test {
namespace {

TEST(Statistics, UpperGammaAgreesWithClosedForms) {
  for (const double x : {0.01, 0.3, 0.9, 1.0, 2.5, 10.0, 40.0, 300.0}) {
    EXPECT_NEAR(upper_gamma(1.0, x) / std::exp(-x), 1.0, 1e-11) << x;
    EXPECT_NEAR(upper_gamma(0.5, x) / std::erfc(std::sqrt(x)), 1.0, 1e-11) << x;
    EXPECT_NEAR(upper_gamma(3.0, x) / (std::exp(-x) * (1.0 + x + 0.5 * x * x)), 1.0, 1e-11) << x;
  }
  EXPECT_EQ(upper_gamma(2.0, 0.0), 1.0);
  // Around the change from the series to the fraction the function is smooth: Q(a, a + 1) by Poisson sums for integer a.
  for (const int a : {1, 10, 100, 700}) {
    double sum = 0.0;
    for (int k = 0; k < a; ++k) {
      sum += std::exp(k * std::log(a + 1.0) - (a + 1.0) - std::lgamma(k + 1.0));
    }
    EXPECT_NEAR(upper_gamma(a, a + 1.0 - 1e-9), sum, 1e-9) << a;
    EXPECT_NEAR(upper_gamma(a, a + 1.0 + 1e-9), sum, 1e-9) << a;
  }
}

TEST(Statistics, ChiSquareAgreesWithTables) { // upper 5 %, 1 % and 0.1 % points
  EXPECT_NEAR(chi_square_p(3.841459, 1), 0.05, 1e-7);
  EXPECT_NEAR(chi_square_p(14.067140, 7), 0.05, 1e-7);
  EXPECT_NEAR(chi_square_p(18.475307, 7), 0.01, 1e-8);
  EXPECT_NEAR(chi_square_p(124.342113, 100), 0.05, 1e-7);
  EXPECT_NEAR(chi_square_p(149.449253, 100), 0.001, 1e-8);
}

TEST(Statistics, ChiSquareTestJoinsUnlikelyClasses) {
  // 100 counts; the first two classes expect 1 and 3 and are joined with the third (6).
  const ChiSquare t = chi_square_test({3, 2, 5, 40, 50}, {0.01, 0.03, 0.06, 0.4, 0.5});
  EXPECT_EQ(t.degrees, 2);
  EXPECT_NEAR(t.value, 0.0, 1e-12);
  const ChiSquare all = chi_square_test({3, 2, 5, 40, 50}, {0.01, 0.03, 0.06, 0.4, 0.5}, 0.5);
  EXPECT_EQ(all.degrees, 4);
  EXPECT_NEAR(all.value, 4.0 / 1.0 + 1.0 / 3.0 + 1.0 / 6.0, 1e-12);
  // Counts where nothing is expected must not be lost.
  EXPECT_EQ(chi_square_test({10, 90}, {0.0, 1.0}).degrees, 0);
  EXPECT_LT(chi_square_test({20, 40, 40}, {0.1, 0.45, 0.45}).p, 0.01);
}

TEST(Statistics, KolmogorovSmirnovAgreesWithTables) {
  // Exact upper points for n = 20: 0.29408 (5 %), 0.35241 (1 %). The largest distance of (i + 0.5)/n - 0.5/n + d is d at every
  // i.
  for (const auto &[distance, p] : {std::pair{0.29408, 0.05}, std::pair{0.35241, 0.01}}) {
    std::vector<double> values;
    for (int i = 0; i < 20; ++i) {
      values.push_back(std::min(1.0, i / 20.0 + distance));
    }
    EXPECT_NEAR(kolmogorov_smirnov_p(values) / p, 1.0, 0.05);
  }
  // Kolmogorov's limit: 5 % at 1.3581 / sqrt(n).
  std::vector<double> many;
  for (int i = 0; i < 1000000; ++i) {
    many.push_back(std::max(0.0, (i + 1) / 1e6 - 1.3581e-3));
  }
  EXPECT_NEAR(kolmogorov_smirnov_p(many), 0.05, 1e-4);
  EXPECT_GT(kolmogorov_smirnov_p({0.1, 0.3, 0.5, 0.7, 0.9}), 0.99);
}

TEST(Statistics, PValuesOfRightSamplesAreUniform) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform;
  std::vector<double> p_counts;
  std::vector<double> p_values;
  for (int trial = 0; trial < 400; ++trial) {
    std::vector<std::int64_t> counts(10);
    std::vector<double> sample;
    for (int i = 0; i < 500; ++i) {
      const double u = uniform(random);
      counts[static_cast<std::size_t>(10.0 * u)] += 1;
      sample.push_back(u);
    }
    p_counts.push_back(chi_square_test(counts, std::vector<double>(10, 0.1)).p);
    p_values.push_back(kolmogorov_smirnov_p(sample));
  }
  EXPECT_GT(kolmogorov_smirnov_p(p_counts), 0.01);
  EXPECT_GT(kolmogorov_smirnov_p(p_values), 0.01);
}

TEST(Statistics, PoissonTails) {
  EXPECT_NEAR(poisson_p(0, 3.0), 2.0 * std::exp(-3.0), 1e-12);
  EXPECT_NEAR(poisson_p(3, 0.5), 2.0 * (1.0 - std::exp(-0.5) * (1.0 + 0.5 + 0.125)), 1e-12);
  EXPECT_EQ(poisson_p(10, 10.0), 1.0);
}

TEST(Statistics, SampleMeanAndStandardError) {
  Sample s;
  for (const double x : {1.0, 2.0, 3.0, 4.0}) {
    s.add(x);
  }
  EXPECT_DOUBLE_EQ(s.mean(), 2.5);
  EXPECT_DOUBLE_EQ(s.standard_error(), std::sqrt(5.0 / 3.0 / 4.0));
  EXPECT_DOUBLE_EQ(s.deviations_from(2.0), 0.5 / std::sqrt(5.0 / 12.0));
}

} // namespace
} // namespace zener::test
