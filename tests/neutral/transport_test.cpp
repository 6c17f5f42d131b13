// Concentrations, propagated errors and Arrhenius fits: exact data, and the spread of many drawn data sets.
#include "host/neutral/transport.hpp"

#include "host/neutral/errors.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace zener::test {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<double, 5> kTemperatures_K = {600.0, 800.0, 1000.0, 1500.0, 3000.0};

std::vector<Estimate> exact(double prefactor, double energy_eV, double relative_error) {
  std::vector<Estimate> d;
  for (const double t : kTemperatures_K) {
    const double mean = prefactor * std::exp(-energy_eV / (kBoltzmannConstant_eV_per_K * t));
    d.push_back({mean, mean * relative_error});
  }
  return d;
}

// A fixed sequence of normal deviates, the same with every library (polar method).
class Normal {
public:
  double operator()() {
    while (true) {
      const double u = uniform();
      const double v = uniform();
      const double s = u * u + v * v;
      if (s > 0.0 && s < 1.0) {
        return u * std::sqrt(-2.0 * std::log(s) / s);
      }
    }
  }

private:
  double uniform() { return static_cast<double>(random_()) / 2147483648.0 - 1.0; }
  std::mt19937 random_{20};
};

struct Moments {
  double sum = 0.0;
  double squares = 0.0;
  double n = 0.0;
  void add(double value) {
    sum += value;
    squares += value * value;
    n += 1.0;
  }
  double mean() const { return sum / n; }
  double deviation() const { return std::sqrt((squares - sum * sum / n) / (n - 1.0)); }
};

TEST(Transport, ConcentrationIsBoltzmannsWithoutAnError) {
  const Estimate c = vacancy_concentration(2.5, 0.0, 1000.0);
  EXPECT_DOUBLE_EQ(c.mean, std::exp(-2.5 / (8.617333262145179e-5 * 1000.0)));
  EXPECT_EQ(c.standard_error, 0.0);
}

TEST(Transport, ConcentrationIsTheLognormalMean) {
  constexpr double kEnergy_eV = 0.6;
  constexpr double kError_eV = 0.03;
  const Estimate c = vacancy_concentration(kEnergy_eV, kError_eV, 1200.0);
  Normal normal;
  Moments drawn;
  for (int i = 0; i < 400000; ++i) {
    drawn.add(std::exp(-(kEnergy_eV + kError_eV * normal()) / (kBoltzmannConstant_eV_per_K * 1200.0)));
  }
  EXPECT_NEAR(c.mean, drawn.mean(), 4.0 * drawn.deviation() / std::sqrt(drawn.n));
  EXPECT_NEAR(c.standard_error / drawn.deviation(), 1.0, 0.01);
  EXPECT_GT(c.mean, vacancy_concentration(kEnergy_eV, 0.0, 1200.0).mean) << "the mean lies above the median";
}

TEST(Transport, ConcentrationRefusesNonsense) {
  EXPECT_THROW(vacancy_concentration(1.0, 0.1, 0.0), ConfigError);
  EXPECT_THROW(vacancy_concentration(1.0, -0.1, 300.0), ConfigError);
  EXPECT_THROW(vacancy_concentration(kNaN, 0.1, 300.0), ConfigError);
  EXPECT_THROW(vacancy_concentration(1.0, 0.1, std::numeric_limits<double>::infinity()), ConfigError);
}

TEST(Transport, ErrorsOfProductsAndQuotients) {
  const Estimate a{3.0, 0.6};
  const Estimate b{7.0, 0.7};
  const Estimate exact_product = product(a, b);
  const Estimate ratio = quotient(a, b);
  Normal normal;
  Moments products;
  for (int i = 0; i < 400000; ++i) {
    const double x = a.mean + a.standard_error * normal();
    products.add(x * (b.mean + b.standard_error * normal()));
  }
  EXPECT_DOUBLE_EQ(exact_product.mean, 21.0);
  EXPECT_NEAR(exact_product.standard_error / products.deviation(), 1.0, 0.01);
  EXPECT_DOUBLE_EQ(ratio.mean, 3.0 / 7.0);
  EXPECT_NEAR(ratio.standard_error / ratio.mean, std::sqrt(0.2 * 0.2 + 0.1 * 0.1 + 0.02 * 0.02), 1e-12);
  EXPECT_EQ(product({0.0, 1.0}, {2.0, 0.0}).standard_error, 2.0);
  EXPECT_TRUE(std::isnan(product({1.0, kNaN}, b).standard_error)) << "an unknown error stays unknown";
  EXPECT_EQ(quotient({1.0, 0.0}, {-2.0, 0.2}).standard_error, 0.05);
}

TEST(Transport, ArrheniusFitOfExactData) {
  for (const double relative_error : {0.0, 0.05, kNaN}) {
    const auto fit = arrhenius_fit(kTemperatures_K, exact(3e-6, 1.25, relative_error));
    ASSERT_TRUE(fit.has_value());
    EXPECT_NEAR(fit->activation_energy_eV.mean, 1.25, 1e-12);
    EXPECT_NEAR(fit->prefactor.mean / 3e-6, 1.0, 1e-11);
    EXPECT_NEAR(fit->ln_prefactor.mean, std::log(3e-6), 1e-11);
    EXPECT_NEAR(fit->chi_squared, 0.0, 1e-18);
    EXPECT_EQ(fit->points, 5);
    EXPECT_EQ(fit->degrees_of_freedom, 3);
    EXPECT_EQ(fit->weighted, relative_error > 0.0);
    EXPECT_NEAR(fit->prefactor.standard_error, fit->prefactor.mean * fit->ln_prefactor.standard_error, 1e-20);
  }
}

TEST(Transport, ArrheniusErrorsAreTheSpreadOfManyFits) {
  constexpr std::array<double, 5> kErrors = {0.3, 0.05, 0.1, 0.02, 0.08}; // of ln D
  const std::vector<Estimate> truth = exact(3e-6, 1.25, 0.0);
  Normal normal;
  Moments energy;
  Moments offset;
  Moments chi_squared;
  Moments without_weights;
  Moments claimed;
  ArrheniusFit last;
  for (int n = 0; n < 20000; ++n) {
    std::vector<Estimate> drawn;
    std::vector<Estimate> bare;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      const double mean = truth[i].mean * std::exp(kErrors[i] * normal());
      drawn.push_back({mean, mean * kErrors[i]});
      bare.push_back({truth[i].mean * std::exp(0.1 * normal()), kNaN});
    }
    last = arrhenius_fit(kTemperatures_K, drawn).value();
    energy.add(last.activation_energy_eV.mean);
    offset.add(last.ln_prefactor.mean);
    chi_squared.add(last.chi_squared);
    const ArrheniusFit fit = arrhenius_fit(kTemperatures_K, bare).value();
    without_weights.add(fit.activation_energy_eV.mean);
    claimed.add(fit.activation_energy_eV.standard_error * fit.activation_energy_eV.standard_error);
  }
  EXPECT_NEAR(energy.mean(), 1.25, 4.0 * energy.deviation() / std::sqrt(energy.n));
  EXPECT_NEAR(last.activation_energy_eV.standard_error / energy.deviation(), 1.0, 0.03);
  EXPECT_NEAR(last.ln_prefactor.standard_error / offset.deviation(), 1.0, 0.03);
  EXPECT_NEAR(chi_squared.mean(), 3.0, 0.1) << "five points, two parameters";
  EXPECT_NEAR(std::sqrt(claimed.mean()) / without_weights.deviation(), 1.0, 0.03) << "errors from the scatter alone";
}

TEST(Transport, ArrheniusWeightsPreferWhatIsKnown) {
  std::vector<Estimate> d = exact(3e-6, 1.25, 0.01);
  d[2].mean *= 10.0; // one that is off, and known to be uncertain
  d[2].standard_error = 1e6 * d[2].mean;
  EXPECT_NEAR(arrhenius_fit(kTemperatures_K, d)->activation_energy_eV.mean, 1.25, 1e-6);
}

TEST(Transport, ArrheniusNeedsTwoTemperatures) {
  const std::array<double, 3> same = {900.0, 900.0, 900.0};
  const std::array<double, 3> two = {900.0, 900.0, 1000.0};
  const std::array<Estimate, 3> d = {Estimate{1e-9, 1e-10}, Estimate{2e-9, 1e-10}, Estimate{3e-9, 1e-10}};
  EXPECT_FALSE(arrhenius_fit(same, d).has_value());
  EXPECT_FALSE(arrhenius_fit({}, {}).has_value());
  EXPECT_TRUE(arrhenius_fit(two, d).has_value());
  const std::array<Estimate, 3> one_moved = {Estimate{0.0, 0.0}, Estimate{kNaN, kNaN}, Estimate{3e-9, 1e-10}};
  EXPECT_FALSE(arrhenius_fit(two, one_moved).has_value()) << "walks that have not moved are left out";
  EXPECT_THROW(arrhenius_fit(same, std::span(d).first(2)), InvariantError);
  // Two points and no errors: the line is known, its error is not.
  const std::array<double, 2> temperatures = {900.0, 1000.0};
  const std::array<Estimate, 2> bare = {Estimate{1e-9, kNaN}, Estimate{2e-9, kNaN}};
  const auto fit = arrhenius_fit(temperatures, bare);
  ASSERT_TRUE(fit.has_value());
  EXPECT_TRUE(std::isnan(fit->activation_energy_eV.standard_error));
}

} // namespace
} // namespace zener::test
