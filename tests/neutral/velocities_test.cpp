// Velocities drawn for a temperature: law, momentum, seeds.
#include "host/neutral/velocities.hpp"
#include "tests/neutral/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

constexpr double kAmu_eV = 1.0364269652680505e-4; // 1 amu (A/ps)^2 in eV
constexpr double kBoltzmann = 8.617333262e-5;

Atoms alloy(std::size_t n) {
  Atoms atoms;
  atoms.elements = {"W", "Fe"};
  atoms.position_A.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    atoms.type.push_back(static_cast<std::int32_t>(i % 3 == 0));
  }
  return atoms;
}

double mass(const Atoms &atoms, std::size_t i) { return atoms.type[i] == 0 ? 183.84 : 55.845; }

double kinetic_eV(const Atoms &atoms) {
  double sum = 0.0;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    for (const double v : atoms.velocity_A_ps[i]) {
      sum += 0.5 * kAmu_eV * mass(atoms, i) * v * v;
    }
  }
  return sum;
}

TEST(Velocities, AreThoseOfTheTemperature) {
  constexpr std::size_t kAtoms = 20000;
  constexpr double kTemperature = 750.0;
  Atoms atoms = alloy(kAtoms);
  EXPECT_NEAR(masses_of(atoms)[0], 183.84, 0.01);
  EXPECT_NEAR(masses_of(atoms)[1], 55.845, 0.01);
  draw_velocities(atoms, kTemperature, 5, 0, true);
  EXPECT_NEAR(kinetic_eV(atoms), 1.5 * (kAtoms - 1.0) * kBoltzmann * kTemperature, 1e-4 * kinetic_eV(atoms));
  std::vector<double> normal; // every component over its width
  for (std::size_t d = 0; d < 3; ++d) {
    double momentum = 0.0;
    for (std::size_t i = 0; i < kAtoms; ++i) {
      momentum += mass(atoms, i) * atoms.velocity_A_ps[i][d];
      normal.push_back(atoms.velocity_A_ps[i][d] / std::sqrt(kBoltzmann * kTemperature / (kAmu_eV * mass(atoms, i))));
    }
    EXPECT_NEAR(momentum, 0.0, 1e-6);
  }
  // Kolmogorov and Smirnov: sqrt(n) D below 1.63 with probability 0.99.
  std::sort(normal.begin(), normal.end());
  double largest = 0.0;
  const auto n = static_cast<double>(normal.size());
  for (std::size_t i = 0; i < normal.size(); ++i) {
    const double law = 0.5 * std::erfc(-normal[i] / std::sqrt(2.0));
    largest =
        std::max({largest, std::abs(law - static_cast<double>(i) / n), std::abs(law - (static_cast<double>(i) + 1.0) / n)});
  }
  EXPECT_LT(largest * std::sqrt(n), 1.63);
}

TEST(Velocities, WithoutScalingTheTemperatureScatters) {
  double sum = 0.0;
  double squared = 0.0;
  constexpr int kDraws = 400;
  constexpr double kFreedom = 3.0 * 63;
  for (int s = 0; s < kDraws; ++s) {
    Atoms atoms = alloy(64);
    draw_velocities(atoms, 300.0, 1, s, false);
    const double t = 2.0 * kinetic_eV(atoms) / (kFreedom * kBoltzmann * 300.0);
    sum += t / kDraws;
    squared += t * t / kDraws;
  }
  const double variance = 2.0 / kFreedom; // chi squared
  EXPECT_NEAR(sum, 1.0, 4.0 * std::sqrt(variance / kDraws));
  EXPECT_NEAR((squared - sum * sum) / variance, 1.0, 4.0 * std::sqrt(2.0 / kDraws));
}

TEST(Velocities, FollowSeedAndSystem) {
  const auto drawn = [](std::uint32_t seed, std::int64_t system) {
    Atoms atoms = alloy(10);
    draw_velocities(atoms, 300.0, seed, system, true);
    return atoms.velocity_A_ps;
  };
  EXPECT_EQ(drawn(1, 0), drawn(1, 0));
  EXPECT_NE(drawn(1, 0), drawn(1, 1));
  EXPECT_NE(drawn(1, 0), drawn(2, 0));
}

TEST(Velocities, EdgeCases) {
  Atoms one = alloy(1);
  draw_velocities(one, 300.0, 1, 0, true);
  EXPECT_EQ(one.velocity_A_ps[0], Vector3{});
  Atoms rest = alloy(5);
  draw_velocities(rest, 0.0, 1, 0, true);
  EXPECT_EQ(kinetic_eV(rest), 0.0);
  Atoms heavy = alloy(4);
  heavy.mass_amu = {2.0, 3.0};
  EXPECT_EQ(masses_of(heavy), heavy.mass_amu);
  Atoms unknown = alloy(4);
  unknown.elements = {"Qq"};
  test::expect_error<DataError>([&] { masses_of(unknown); }, {"Qq", "mass"});
}

} // namespace
} // namespace zener
