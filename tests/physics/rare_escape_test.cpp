// Escapes of small probability. The barriers take two values: one for each species, without pair interactions.
#include "tests/support/backends.hpp"
#include "tests/support/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace zener::test {
namespace {

constexpr double kBoltzmann = 1.380649e-23 / 1.602176634e-19; // eV/K
constexpr double kTemperature = 800.0;
constexpr double kFast = 0.4; // eV
constexpr std::uint8_t kA = 1;
constexpr std::uint8_t kB = 2;

// 5 x 5 x 5 cells of `solvent` with a vacancy at site 0 and one other atom at (-1,-1,-1) of it, in units of a/2: the centre of
// the last cell, site 249, and jump path 0. Relative to the fast jumps the slow ones have this weight, exp(-(E_slow -
// E_fast)/kT).
KmcPlan two_barriers(std::uint8_t solvent, std::uint8_t other, double migration_A, double migration_B) {
  KmcPlan plan;
  plan.cells = {5, 5, 5};
  plan.lattice_constant_A = 3.0;
  plan.elements = {"A", "B"};
  PairKra model;
  model.elements = plan.elements;
  model.migration_eV = {migration_A, migration_B};
  model.shells = 1;
  model.pair_eV.assign(9, 0.0);
  plan.model = model;
  plan.seed = 1;
  plan.occupancy.assign(250, solvent);
  plan.occupancy[0] = 0;
  plan.occupancy[249] = other;
  plan.groups = {{kTemperature, {solvent == kA ? 248 : 1, solvent == kA ? 1 : 248}}};
  return plan;
}

double slow_barrier(double weight) { return kFast - kBoltzmann * kTemperature * std::log(weight); }

// A fast atom A in slow B: the vacancy changes places with A over and over until it leaves by one of seven jumps of B, with
// p = 7 w / (1 + 7 w) a hop. Beside the vacancy A has 7 bonds to B, elsewhere 8, so the sum of bonds over the states left tells
// whether a walker left before its last hop, the probability of which is 1 - (1 - p)^(hops - 1).
TEST(RareEscape, OccursAtItsRateFromAFlickeringPair) {
  on_every_device([](Backend &backend) {
    struct Case {
      double p;
      int walkers;
      int hops;
    };
    for (const Case c : {Case{1e-2, 2000, 100}, Case{1e-4, 400, 5000}, Case{1e-5, 100, 20000}}) {
      KmcPlan plan = two_barriers(kB, kA, kFast, slow_barrier(c.p / (1.0 - c.p) / 7.0));
      plan.replicas = c.walkers;
      plan.order_shells = 1;
      const auto batch = backend.make_kmc(plan);
      ASSERT_EQ(batch->advance(static_cast<std::uint64_t>(c.hops), {}).running, c.walkers);
      const KmcState state = batch->save();
      const auto pair = static_cast<std::size_t>(pair_index(0, 1, 2) * c.walkers);
      int left = 0;
      for (std::size_t w = 0; w < static_cast<std::size_t>(c.walkers); ++w) {
        const std::int64_t away = state.pair_hops[pair + w] - std::int64_t{7} * c.hops; // states left with A out of reach
        EXPECT_GE(away, 0);
        left += away > 0 ? 1 : 0;
      }
      const double probability = -std::expm1((c.hops - 1) * std::log1p(-c.p));
      const double deviation = std::sqrt(c.walkers * probability * (1.0 - probability));
      EXPECT_LT(std::abs(left - c.walkers * probability), 3.3 * deviation)
          << "p = " << c.p << ": " << left << " of " << c.walkers << " walkers left, expected " << c.walkers * probability;
    }
  });
}

// The draw of seed 1, walker 0, hop 2603355381 is u = 1.4544965232232698e-10, found by a search through 2^32 hops. Path 0 is
// slow, of weight w, the seven others are fast: it is taken if u (7 + w) < w. So weights 1 % above and below 7 u, which a
// selection in single precision could not tell from zero, must decide between path 0 and path 1, the next.
TEST(RareEscape, OfProbability1e10IsTakenWhenItsDrawComes) {
  on_every_device([](Backend &backend) {
    constexpr std::uint64_t kHop = 2603355381;
    constexpr double kDraw = 1.4544965232232698e-10;
    for (const bool taken : {true, false}) {
      const double weight = 7.0 * kDraw * (taken ? 1.01 : 0.99);
      const auto batch = backend.make_kmc(two_barriers(kA, kB, kFast, slow_barrier(weight)));
      KmcState state = batch->save();
      state.hops = kHop;
      batch->load(state);
      ASSERT_EQ(batch->advance(kHop + 1, {}).running, 1);
      state = batch->save();
      const std::vector<std::int32_t> expected{-1, -1, taken ? -1 : 1};
      EXPECT_EQ(state.displacement, expected) << "probability " << weight / (7.0 + weight);
      EXPECT_EQ(state.occupancy[0], taken ? kB : kA);
    }
  });
}

} // namespace
} // namespace zener::test
