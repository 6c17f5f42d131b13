// Two-phase thermodynamics in motion: entropies of Lennard-Jones fluids against an equation of state, measured in
// flight.
#include "host/neutral/analysis_result.hpp"
#include "host/neutral/structure_builder.hpp"
#include "kernels/potentials/pair/pair_model.hpp"
#include "tests/reference/lennard_jones.hpp"
#include "tests/support/backends.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

namespace zener::test {
namespace {

constexpr double kEpsilon = 0.0103408, kSigma = 3.4; // argon
constexpr double kDt_fs = 4.0;

struct Fluid {
  double temperature, density; // in epsilon/k and 1/sigma^3
};

// NVT with as many cells of four atoms, an analysis of `points` lags of `every` steps.
std::vector<TwoPhaseGroup> measured(Backend &backend, const std::vector<Fluid> &fluids, int cells, int points, int every,
                                    std::int64_t steps) {
  auto model = std::make_shared<LennardJonesModel>();
  model->shift = LennardJonesShift::energy;
  model->element_names = {"Ar"};
  model->pairs = {{kEpsilon, kSigma, 3.0 * kSigma}};
  AtomsPlan plan;
  plan.potential = model;
  plan.seed = 11;
  DynamicsPlan dynamics;
  dynamics.ensemble = Ensemble::bussi;
  dynamics.dt_fs = kDt_fs;
  dynamics.thermostat_time_fs = 500.0;
  std::vector<SystemMeans> means;
  for (const Fluid &fluid : fluids) {
    StructureSpec spec;
    spec.lattice = "fcc";
    spec.a_A = kSigma * std::cbrt(4.0 / fluid.density);
    spec.cells = {cells, cells, cells};
    spec.elements = {"Ar"};
    plan.systems.push_back(build_structure(spec));
    const double temperature_K = fluid.temperature * kEpsilon / kBoltzmannConstant_eV_per_K;
    set_velocities(plan.systems.back(), 2.0 * temperature_K, static_cast<std::uint32_t>(plan.systems.size()));
    dynamics.begin_K.push_back(temperature_K);
    dynamics.end_K.push_back(temperature_K);
    dynamics.pressure_GPa.push_back({});
    means.emplace_back();
    means.back().volume_A3 = volume(plan.systems.back().cell);
  }
  AnalysisChoice choice;
  choice.plan.vacf = CorrelatorPlan{points, 2, 1, 8};
  choice.density_of_states = true;
  choice.hann = false;
  choice.two_phase = TwoPhaseChoice{};
  const std::unique_ptr<Analysis> analysis = backend.make_analysis(choice.plan, plan.systems);
  const std::unique_ptr<AtomsBatch> batch = backend.make_atoms(plan);
  batch->set_dynamics(dynamics);
  constexpr std::int64_t kBegin = 4000;
  batch->observe_while_advancing(analysis.get(), kBegin, every);
  EXPECT_FALSE(batch->advance(kBegin + steps, {}).exploded);
  return analysis_result(choice, analysis->sums(), plan.systems, 1e-3 * kDt_fs * every, means).two_phase.value().groups;
}

void compare(Backend &backend, const std::vector<Fluid> &fluids, int cells, int points, int every, std::int64_t steps) {
  const std::vector<TwoPhaseGroup> groups = measured(backend, fluids, cells, points, every, steps);
  ASSERT_EQ(groups.size(), fluids.size());
  for (std::size_t s = 0; s < fluids.size(); ++s) {
    const TwoPhaseGroup &group = groups[s];
    const double temperature = kBoltzmannConstant_eV_per_K * group.temperature_K / kEpsilon;
    EXPECT_NEAR(temperature, fluids[s].temperature, 0.05 * fluids[s].temperature);
    const double exact = ideal_gas_entropy({group.temperature_K, 39.95, group.atom_volume_A3}) +
                         reference::lennard_jones_entropy(temperature, fluids[s].density);
    const auto off = [&](std::size_t form) { return group.forms[form].entropy_k[0].mean / exact - 1.0; };
    const TwoPhaseForm &memory = group.forms[1];
    EXPECT_LT(std::abs(off(1)), 0.03) << fluids[s].temperature << " " << fluids[s].density;
    EXPECT_LT(std::abs(off(0)), 0.055) << fluids[s].temperature << " " << fluids[s].density;
    EXPECT_TRUE(memory.resolved);
    if (slow_tests()) {
      std::printf("| %.2f | %.2f | %.4f | %.3f | %+.2f | %+.2f | %.3f |\n", temperature, fluids[s].density,
                  memory.fluidicity.mean, exact, 100.0 * off(0), 100.0 * off(1), memory.entropy_k[0].standard_error);
    }
  }
}

TEST(TwoPhaseFluid, LennardJones) {
  on_every_device([](Backend &backend) { compare(backend, {{1.8, 0.4}, {1.4, 0.7}, {1.0, 0.85}}, 3, 512, 3, 6000); });
}

// Fluids that are stable: below T* 1.3 gas and liquid part, above rho* about 0.95 (T* 1.4) they freeze.
TEST(TwoPhaseFluid, LennardJonesLadder) {
  if (!slow_tests()) {
    GTEST_SKIP() << "minutes of fluids; --slow runs it";
  }
  std::printf("| T* | rho* | f_g | S exact (k) | classic %% | memory function %% | error (k) |\n");
  on_every_device([](Backend &backend) {
    compare(backend, {{1.1, 0.05}, {1.4, 0.05}, {1.8, 0.05}}, 4, 4096, 6, 60000);
    compare(backend, {{1.4, 0.2}, {1.8, 0.2}, {1.4, 0.4}, {1.8, 0.4}}, 4, 2048, 5, 30000);
    compare(backend,
            {{1.4, 0.6},
             {1.8, 0.6},
             {1.1, 0.7},
             {1.4, 0.7},
             {0.9, 0.8},
             {1.1, 0.8},
             {1.4, 0.8},
             {1.8, 0.8},
             {0.9, 0.85},
             {1.1, 0.9},
             {1.4, 0.9},
             {1.8, 0.95},
             {1.8, 1.0}},
            4, 512, 3, 20000);
  });
}

} // namespace
} // namespace zener::test
