// Tops and valleys of the spline along a path, against functions whose tops are known.
#include "host/neutral/path_profile.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace zener::test {
namespace {

std::vector<PathPoint> sampled(int points, double length, const std::function<double(double)> &energy,
                               const std::function<double(double)> &slope) {
  std::vector<PathPoint> out;
  for (int i = 0; i < points; ++i) {
    const double s = length * i / (points - 1);
    out.push_back({s, energy(s), slope(s)});
  }
  return out;
}

TEST(PathProfile, IsExactForACubic) {
  // s^2 (3 - s): level at 0 and at 2, where it is 4.
  const auto profile = path_profile(sampled(
      2, 3.0, [](double s) { return s * s * (3.0 - s); }, [](double s) { return 6.0 * s - 3.0 * s * s; }));
  EXPECT_NEAR(profile.highest_at_A, 2.0, 1e-12);
  EXPECT_NEAR(profile.highest_eV, 4.0, 1e-12);
  EXPECT_EQ(profile.valley_depth_eV, 0.0);
}

TEST(PathProfile, FindsTheTopBetweenPoints) {
  const auto profile = path_profile(sampled(
      8, 2.0, [](double s) { return std::pow(std::sin(0.5 * M_PI * s), 2); },
      [](double s) { return 0.5 * M_PI * std::sin(M_PI * s); }));
  EXPECT_NEAR(profile.highest_eV, 1.0, 2e-3);
  EXPECT_NEAR(profile.highest_at_A, 1.0, 1e-6);
  EXPECT_LT(profile.valley_depth_eV, 1e-12);
}

TEST(PathProfile, TellsTheDepthOfAValley) {
  // Tops of 0.629 at +-1, a valley of 0.537 between them, ends at 0 at about +-2.3.
  const double b = 0.629 - 0.537;
  const auto energy = [&](double s) { return 0.537 + b * (2.0 * (s - 2) * (s - 2) - std::pow(s - 2, 4)); };
  const auto slope = [&](double s) { return b * (4.0 * (s - 2) - 4.0 * std::pow(s - 2, 3)); };
  const auto profile = path_profile(sampled(11, 4.0, energy, slope));
  EXPECT_NEAR(profile.highest_eV, 0.629, 1e-3);
  EXPECT_NEAR(profile.valley_eV, 0.537, 1e-9);
  EXPECT_NEAR(profile.valley_depth_eV, b, 1e-3);
  EXPECT_NEAR(profile.valley_at_A, 2.0, 1e-9);
}

TEST(PathProfile, EndsCountAsTops) {
  const auto profile = path_profile({{0.0, 0.0, -1.0}, {1.0, -0.3, 0.0}, {2.0, 0.1, 1.0}});
  EXPECT_EQ(profile.highest_eV, 0.1);
  EXPECT_EQ(profile.highest_at_A, 2.0);
  EXPECT_GT(profile.valley_depth_eV, 0.29);
  const auto downhill = path_profile({{0.0, 1.0, -1.0}, {1.0, 0.0, -1.0}, {2.0, -1.0, -1.0}});
  EXPECT_EQ(downhill.highest_eV, 1.0);
  EXPECT_EQ(downhill.valley_depth_eV, 0.0);
}

} // namespace
} // namespace zener::test
