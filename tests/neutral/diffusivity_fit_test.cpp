// Fits of D(T) on exact data and on many drawn sets, and diffusion by defects against log-normal closed forms.
#include "host/neutral/defect_diffusivity.hpp"
#include "host/neutral/diffusivity_fit.hpp"
#include "host/neutral/errors.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace zener {
namespace {

constexpr double k = kBoltzmannConstant_eV_per_K;
const std::vector<double> kTemperatures{500, 600, 700, 850, 1000, 1200, 1500, 2000, 2600, 3000};

template <class D> std::vector<Estimate> points(D d, double relative_error) {
  std::vector<Estimate> out;
  for (const double t : kTemperatures) {
    out.push_back({d(t), relative_error * d(t)});
  }
  return out;
}

double arrhenius(double t) { return 5.0 * std::exp(-0.8 / (k * t)); }
double curved(double t) { return std::exp(2.0 - 9000.0 / t - 4.0e5 / (t * t)); }
double two(double t) { return 0.02 * std::exp(-0.5 / (k * t)) + 3000.0 * std::exp(-1.9 / (k * t)); }

TEST(DiffusivityFit, ExactData) {
  const std::vector<DiffusionFit> line = diffusion_fits(kTemperatures, points(arrhenius, 0.05));
  ASSERT_GE(line.size(), 2U);
  EXPECT_NEAR(line[0].parameters[0], std::log(5.0), 1e-9);
  EXPECT_NEAR(line[0].parameters[1], 0.8, 1e-10);
  EXPECT_NEAR(line[1].parameters[2], 0.0, 1e-2) << "no curvature";
  EXPECT_EQ(best_fit(line), 0U) << "the fewest parameters do";

  const std::vector<DiffusionFit> bent = diffusion_fits(kTemperatures, points(curved, 0.05));
  EXPECT_EQ(bent[1].model, DiffusionModel::quadratic);
  EXPECT_NEAR(bent[1].parameters[0], 2.0, 1e-6);
  EXPECT_NEAR(bent[1].parameters[1], -9000.0, 1e-3);
  EXPECT_NEAR(bent[1].parameters[2], -4.0e5, 1.0);

  const std::vector<DiffusionFit> both = diffusion_fits(kTemperatures, points(two, 0.02));
  ASSERT_EQ(both.size(), 3U);
  EXPECT_EQ(both[best_fit(both)].model, DiffusionModel::two_exponential);
  const std::vector<double> wanted{std::log(0.02), 0.5, std::log(3000.0), 1.9};
  for (std::size_t p = 0; p < 4; ++p) {
    EXPECT_NEAR(both[2].parameters[p], wanted[p], 1e-4 * std::abs(wanted[p])) << p;
  }
  for (const double t : {450.0, 1100.0, 3500.0}) {
    EXPECT_NEAR(both[2].ln_diffusivity(t), std::log(two(t)), 1e-3);
  }
}

// The Arrhenius fit is that of transport.hpp, and its covariance says what the line's error is where that is known: at the
// weighted mean of 1/kT the two parameters' errors cancel but for that of the mean.
TEST(DiffusivityFit, ArrheniusCovariance) {
  const std::vector<Estimate> d = points(arrhenius, 0.05);
  const DiffusionFit fit = diffusion_fits(kTemperatures, d)[0];
  const ArrheniusFit line = *arrhenius_fit(kTemperatures, d);
  EXPECT_EQ(fit.parameter_error(0), line.ln_prefactor.standard_error);
  EXPECT_EQ(fit.parameter_error(1), line.activation_energy_eV.standard_error);
  double mean = 0.0;
  for (const double t : kTemperatures) {
    mean += 1.0 / t / static_cast<double>(kTemperatures.size());
  }
  EXPECT_NEAR(fit.ln_diffusivity_error(1.0 / mean), 0.05 / std::sqrt(10.0), 1e-9);
}

// Errors and bands are the spread of fits to drawn data; chi^2 has the mean of its degrees of freedom.
TEST(DiffusivityFit, ErrorsAreTheSpreadOfManyFits) {
  std::mt19937 random{3};
  const auto normal = [&] { // Box and Muller, the same with every library
    const double u = (static_cast<double>(random()) + 1.0) / 4294967297.0, v = static_cast<double>(random()) / 4294967296.0;
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
  };
  constexpr int kSets = 200;
  constexpr double kError = 0.03, kAt = 1100.0;
  for (const std::size_t model : {0U, 1U, 2U}) {
    std::vector<double> sum(4, 0.0), squares(4, 0.0), said(4, 0.0);
    double chi = 0.0, band = 0.0, off = 0.0;
    int sets = 0;
    for (int s = 0; s < kSets; ++s) {
      std::vector<Estimate> d;
      for (const double t : kTemperatures) {
        const double exact = model == 0 ? arrhenius(t) : model == 1 ? curved(t) : two(t);
        const double drawn = exact * std::exp(kError * normal());
        d.push_back({drawn, kError * drawn});
      }
      const std::vector<DiffusionFit> fits = diffusion_fits(kTemperatures, d);
      if (fits.size() <= model) {
        continue;
      }
      const DiffusionFit &fit = fits[model];
      ++sets;
      for (std::size_t p = 0; p < fit.parameters.size(); ++p) {
        sum[p] += fit.parameters[p];
        squares[p] += fit.parameters[p] * fit.parameters[p];
        said[p] += fit.parameter_error(p);
      }
      chi += fit.chi_squared / fit.degrees_of_freedom();
      const double exact = model == 0 ? arrhenius(kAt) : model == 1 ? curved(kAt) : two(kAt);
      band += fit.ln_diffusivity_error(kAt);
      off += std::pow(fit.ln_diffusivity(kAt) - std::log(exact), 2);
    }
    ASSERT_EQ(sets, kSets) << model;
    EXPECT_NEAR(chi / sets, 1.0, 0.1) << model;
    EXPECT_NEAR(std::sqrt(off / sets) / (band / sets), 1.0, 0.15) << model;
    for (std::size_t p = 0; p < 2 + model; ++p) {
      const double deviation = std::sqrt(squares[p] / sets - std::pow(sum[p] / sets, 2));
      EXPECT_NEAR(deviation / (said[p] / sets), 1.0, 0.15) << model << " " << p;
    }
  }
}

TEST(DiffusivityFit, FewPointsAndPointsWithoutErrors) {
  const std::vector<double> three{600.0, 800.0, 1000.0};
  std::vector<Estimate> d;
  for (const double t : three) {
    d.push_back({arrhenius(t), std::nan("")});
  }
  const std::vector<DiffusionFit> fits = diffusion_fits(three, d);
  ASSERT_EQ(fits.size(), 1U);
  EXPECT_FALSE(fits[0].weighted);
  EXPECT_TRUE(std::isnan(fits[0].aicc));
  EXPECT_NEAR(fits[0].parameters[1], 0.8, 1e-10);
  d[1].mean = 0.0; // has not moved
  EXPECT_TRUE(diffusion_fits(three, d).empty());
  EXPECT_THROW(diffusion_fits(three, std::vector<Estimate>(2)), InvariantError);
}

TEST(DiffusivityFit, CommonErrorOfAFactor) {
  DiffusionFit fit = diffusion_fits(kTemperatures, points(two, 0.02))[2];
  const double before = fit.ln_diffusivity_error(900.0);
  add_common_error(fit, 0.3, 0.05); // of a factor exp(s - h x): the same on both exponentials
  EXPECT_NEAR(fit.ln_diffusivity_error(900.0), std::sqrt(before * before + 0.09 + std::pow(0.05 / (k * 900.0), 2)), 1e-9);
  DiffusionFit bent = diffusion_fits(kTemperatures, points(curved, 0.02))[1];
  const double of_bent = bent.ln_diffusivity_error(900.0);
  add_common_error(bent, 0.3, 0.05);
  EXPECT_NEAR(bent.ln_diffusivity_error(900.0), std::sqrt(of_bent * of_bent + 0.09 + std::pow(0.05 / (k * 900.0), 2)), 1e-9);
}

// Equation S1 and the numbers that stand with it: bcc W at 3000 K, G = 2.43 +- 0.04 eV, c = (8.3 +- 1.3) 1e-5.
TEST(DefectDiffusivity, ConcentrationOfThePaper) {
  const LogNormal c = defect_concentration({2.43, 0.04}, 3000.0);
  EXPECT_NEAR(c.mean, 8.3e-5, 0.1e-5);
  EXPECT_NEAR(c.standard_deviation, 1.3e-5, 0.05e-5);
  EXPECT_NEAR(c.median, std::exp(-2.43 / (k * 3000.0)), 1e-18);
  const Estimate g = formation_free_energy({3.0, 0.03, 2.0, 0.1}, 3000.0);
  EXPECT_NEAR(g.mean, 3.0 - 2.0 * k * 3000.0, 1e-12);
  EXPECT_NEAR(g.standard_error, std::hypot(0.03, 0.1 * k * 3000.0), 1e-12);
}

TEST(DefectDiffusivity, ProductsAndSums) {
  const LogNormal c = defect_concentration({1.0, 0.05}, 1000.0);
  // A defect's D whose error is that of a log-normal of sigma 0.2.
  const double mean = 7.0 * std::exp(0.02), deviation = mean * std::sqrt(std::expm1(0.04));
  const LogNormal d = defect_share(c, {mean, deviation});
  EXPECT_NEAR(d.median, 7.0 * c.median, 1e-12 * d.median);
  EXPECT_NEAR(d.sigma, std::hypot(c.sigma, 0.2), 1e-12);
  EXPECT_NEAR(d.mean, c.mean * mean, 1e-12 * d.mean);
  // The variance of a product of independent factors.
  const double r = c.standard_deviation / c.mean, q = deviation / mean;
  EXPECT_NEAR(d.standard_deviation, d.mean * std::sqrt(r * r + q * q + r * r * q * q), 1e-12 * d.standard_deviation);
  EXPECT_NEAR(d.below(1.0) * d.above(1.0), d.median * d.median, 1e-12 * d.median * d.median);
  EXPECT_EQ(defect_share(c, {7.0, std::nan("")}).sigma, c.sigma);

  const LogNormal one = total_diffusivity(std::vector<LogNormal>{d});
  EXPECT_NEAR(one.median, d.median, 1e-9 * d.median);
  EXPECT_NEAR(one.sigma, d.sigma, 1e-9);
  const LogNormal both = total_diffusivity(std::vector<LogNormal>{d, c});
  EXPECT_NEAR(both.mean, d.mean + c.mean, 1e-12 * both.mean);
  EXPECT_NEAR(both.standard_deviation, std::hypot(d.standard_deviation, c.standard_deviation), 1e-9 * both.mean);
}

} // namespace
} // namespace zener
