// Gaussian mixtures on a device against a plain reference and against numbers of scikit-learn.
#include "host/engine/mixture_engine.hpp"
#include "host/neutral/errors.hpp"
#include "tests/reference/mixture.hpp"
#include "tests/reference/philox.hpp"
#include "tests/support/device_test.hpp"

#include <algorithm>
#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

std::vector<double> flat(const reference::PlainSamples &samples) {
  std::vector<double> out;
  for (const auto &x : samples) {
    out.insert(out.end(), x.begin(), x.end());
  }
  return out;
}

Mixture mixture_of(const reference::PlainMixture &plain) {
  Mixture out;
  out.features = static_cast<int>(plain.mean[0].size());
  out.weight = plain.weight;
  out.mean = plain.mean;
  for (const auto &covariance : plain.covariance) {
    out.covariance.push_back(flat(covariance));
  }
  return out;
}

MixturePlan from_the_same_start(int iterations) {
  MixturePlan plan;
  plan.components = 3;
  plan.start = mixture_of(reference::three_components());
  plan.most_iterations = iterations;
  plan.tolerance = 0.0;
  return plan;
}

ZENER_DEVICE_TEST(Mixture, ScoresAreThoseOfScikitLearn) {
  const auto samples = reference::three_clusters(1500);
  const MixtureScores scores = score_mixture(queue(), mixture_of(reference::three_components()), {0, 1, 2}, 3, flat(samples));
  // GaussianMixture.score_samples and predict_proba of scikit-learn 1.9.1 for the same mixture and samples.
  const std::size_t at[] = {0, 1, 2, 3, 700, 1499};
  const double expected[] = {-3.106583987931838,  -3.7578200313963595, -4.009831377386561,
                             -3.0594685909915826, -3.753651800788376,  -5.174412727507518};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(scores.log_density[at[i]], expected[i], 1e-12);
  }
  const double shares[] = {0.7705004449844947, 0.16360310000397113, 0.06589645501153404};
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(scores.probability[k], shares[k], 1e-12);
  }
  const std::vector<double> plain = reference::log_densities(reference::three_components(), samples);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    ASSERT_NEAR(scores.log_density[i], plain[i], 1e-11) << i;
  }
}

ZENER_DEVICE_TEST(Mixture, EmIsThatOfScikitLearn) {
  const std::vector<double> samples = flat(reference::three_clusters(1500));
  // GaussianMixture.score after so many iterations from the same start, reg_covar 1e-6.
  const std::pair<int, double> expected[] = {{1, -3.137861921470685}, {10, -2.7532159423970004}, {60, -2.7532159411906925}};
  for (const auto &[iterations, score] : expected) {
    const MixtureFit fit = fit_mixture(queue(), from_the_same_start(iterations), 3, samples);
    EXPECT_NEAR(fit.log_likelihood[0], score, 1e-11) << iterations;
    EXPECT_EQ(fit.iterations[0], iterations);
  }
  const MixtureFit fit = fit_mixture(queue(), from_the_same_start(60), 3, samples);
  EXPECT_NEAR(fit.mixture.weight[0], 0.33305948413721453, 1e-9);
  EXPECT_NEAR(fit.mixture.mean[1][2], -1.0070020438653304, 1e-9);
  EXPECT_NEAR(fit.mixture.covariance[2][1], 0.14615748080784585, 1e-9);
}

ZENER_DEVICE_TEST(Mixture, AnIterationIsThatOfTheReference) {
  const auto samples = reference::three_clusters(1100); // a block and a part
  const reference::PlainMixture expected = reference::em_step(reference::three_components(), samples, 1e-6);
  const Mixture got = fit_mixture(queue(), from_the_same_start(1), 3, flat(samples)).mixture;
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(got.weight[k], expected.weight[k], 1e-12);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(got.mean[k][i], expected.mean[k][i], 1e-12);
      for (std::size_t j = 0; j < 3; ++j) {
        EXPECT_NEAR(got.covariance[k][3 * i + j], expected.covariance[k][i][j], 1e-12);
      }
    }
  }
}

ZENER_DEVICE_TEST(Mixture, ManyStartsFindTheClusters) {
  const std::vector<double> samples = flat(reference::three_clusters(900));
  MixturePlan plan;
  plan.components = 3;
  plan.starts = kDebugDevice ? 4 : 20;
  plan.tolerance = 1e-7;
  const MixtureFit fit = fit_mixture(queue(), plan, 3, samples);
  EXPECT_TRUE(fit.converged);
  EXPECT_EQ(fit.emptied, 0);
  for (const double weight : fit.mixture.weight) {
    EXPECT_NEAR(weight, 1.0 / 3.0, 0.02);
  }
  EXPECT_EQ(fit.log_likelihood[fit.best], *std::max_element(fit.log_likelihood.begin(), fit.log_likelihood.end()));
  // A start does not depend on those beside it, nor on the number of threads.
  plan.starts = 2;
  queue().set_threads(2);
  const MixtureFit fewer = fit_mixture(queue(), plan, 3, samples);
  queue().set_threads(1);
  for (std::size_t s = 0; s < 2; ++s) {
    EXPECT_EQ(fewer.log_likelihood[s], fit.log_likelihood[s]);
  }
  plan.seed = 2;
  EXPECT_NE(fit_mixture(queue(), plan, 3, samples).log_likelihood, fewer.log_likelihood);
}

// Fewer places than components: some are left without samples or with covariances of regularisation alone.
ZENER_DEVICE_TEST(Mixture, EmptyAndSingularComponents) {
  std::vector<double> samples;
  for (int i = 0; i < 60; ++i) {
    samples.insert(samples.end(), {i % 2 == 0 ? 0.0 : 1.0, i % 2 == 0 ? 0.5 : -1.0});
  }
  MixturePlan plan;
  plan.components = 5;
  plan.starts = 3;
  const MixtureFit fit = fit_mixture(queue(), plan, 2, samples);
  EXPECT_TRUE(std::isfinite(fit.log_likelihood[fit.best]));
  double sum = 0.0;
  for (std::size_t k = 0; k < fit.mixture.components(); ++k) {
    sum += fit.mixture.weight[k];
    EXPECT_TRUE(fit.mixture.weight[k] == 0.0 || is_covariance(fit.mixture.covariance[k], 2));
  }
  EXPECT_NEAR(sum, 1.0, 1e-12);
  EXPECT_GE(fit.emptied, 1);
  const MixtureScores scores =
      score_mixture(queue(), fit.mixture, std::vector<std::int32_t>(fit.mixture.components(), 0), 1, samples);
  EXPECT_DOUBLE_EQ(scores.probability[7], 1.0);
}

ZENER_DEVICE_TEST(Mixture, ClassesSumTheirComponentsAndNoNumberHasNone) {
  const Mixture mixture = mixture_of(reference::three_components());
  const std::vector<double> samples{0.1, 0.2, 0.3, std::nan(""), 0.0, 0.0};
  const MixtureScores each = score_mixture(queue(), mixture, {0, 1, 2}, 3, samples);
  const MixtureScores joined = score_mixture(queue(), mixture, {1, 0, 1}, 2, samples);
  EXPECT_NEAR(joined.probability[1], each.probability[0] + each.probability[2], 1e-15);
  EXPECT_EQ(joined.probability[0], each.probability[1]);
  EXPECT_TRUE(std::isnan(joined.probability[2]) && std::isnan(joined.probability[3]) && std::isnan(joined.log_density[1]));
}

ZENER_DEVICE_TEST(Mixture, RefusesWhatCannotBe) {
  MixturePlan plan;
  plan.components = 3;
  EXPECT_THROW(fit_mixture(queue(), plan, 2, std::vector<double>{1, 2, 3, 4}), ConfigError);
  EXPECT_THROW(fit_mixture(queue(), plan, 1, std::vector<double>{1, 2, std::nan(""), 4}), DataError);
  plan.components = 33;
  EXPECT_THROW(fit_mixture(queue(), plan, 1, std::vector<double>(100, 1.0)), ConfigError);
  Mixture broken = mixture_of(reference::three_components());
  broken.covariance[1][0] = -1.0;
  EXPECT_THROW(score_mixture(queue(), broken, {0, 1, 2}, 3, std::vector<double>(3, 0.0)), ConfigError);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
