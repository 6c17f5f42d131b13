// What the results of a run are made of: estimates, numbered clusters, persistent centres.
#include "apps/zener/kmc_results.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace zener::test {
namespace {

TEST(Results, MeanAndItsError) {
  const Estimate e = mean_of({1.0, 2.0, 3.0, 6.0});
  EXPECT_DOUBLE_EQ(e.mean, 3.0);
  EXPECT_DOUBLE_EQ(e.standard_error, std::sqrt(14.0 / 3.0 / 4.0));
  EXPECT_TRUE(std::isnan(mean_of({1.0}).standard_error));
}

TEST(Results, JackknifeOfARatio) {
  // With one denominator the ratio is a mean, and the jackknife gives its error exactly.
  const Estimate plain = mean_of({1.0, 2.0, 3.0, 6.0});
  const Estimate same = ratio_of({1.0, 2.0, 3.0, 6.0}, {2.0, 2.0, 2.0, 2.0}, 0.5);
  EXPECT_NEAR(same.mean, plain.mean, 1e-12);
  EXPECT_NEAR(same.standard_error, plain.standard_error, 1e-12);
  // Numerators in proportion to their denominators have no error.
  EXPECT_NEAR(ratio_of({1.0, 2.0, 3.0}, {2.0, 4.0, 6.0}, 1.0).standard_error, 0.0, 1e-12);
  EXPECT_TRUE(std::isnan(ratio_of({1.0}, {2.0}, 1.0).standard_error));
  EXPECT_TRUE(std::isnan(ratio_of({0.0, 0.0}, {0.0, 0.0}, 1.0).mean));
}

TEST(Results, ClustersAreNumberedBySizeThenBySmallestSite) {
  const std::vector<std::int32_t> smallest{0, -1, 2, 2, 2, 0, 6, 6, -1, 9};
  EXPECT_EQ(clusters_by_size(smallest), (std::vector<std::int64_t>{2, 0, 1, 1, 1, 2, 3, 3, 0, 4}));
  EXPECT_EQ(clusters_by_size({-1, -1}), (std::vector<std::int64_t>{0, 0}));
  EXPECT_TRUE(clusters_by_size({}).empty());
}

TEST(Results, PersistentCentresHaveBeenThereForTheWholeWindow) {
  KmcPlan plan;
  plan.cells = {1, 1, 2}; // four sites
  plan.b2 = B2Rule{};
  KmcState state;
  state.sample_hops = {0, 100, 200, 300, 400};
  state.b2_since = {9, 9, 9, 9, 0, 1, 4, 5}; // of walker 1: never, since hop 0, 300 and 400
  const std::vector<std::pair<std::uint64_t, std::vector<std::uint8_t>>> windows{{100, {0, 1, 1, 0}},  {150, {0, 1, 1, 0}},
                                                                                 {200, {0, 1, 0, 0}},  {400, {0, 1, 0, 0}},
                                                                                 {1000, {0, 1, 0, 0}}, {50, {0, 1, 1, 1}}};
  for (const auto &[window, marks] : windows) {
    plan.b2->persistent_over_hops = window;
    EXPECT_EQ(persistent_centres(plan, state, 1), marks) << window;
  }
}

} // namespace
} // namespace zener::test
