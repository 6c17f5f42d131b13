// Lennard-Jones argon and a model of wells on every device: the crystal at rest, Cauchy's relation, energy kept in motion.
#include "apps/zener/python.hpp"
#include "apps/zener/statics.hpp"
#include "host/neutral/structure_builder.hpp"
#include "kernels/potentials/pair/pair_model.hpp"
#include "tests/support/backends.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace zener::test {
namespace {

constexpr double kEpsilon = 0.0104, kSigma = 3.4;

PotentialPointer argon(double cutoff, LennardJonesShift shift) {
  auto model = std::make_shared<LennardJonesModel>();
  model->shift = shift;
  model->element_names = {"Ar"};
  model->pairs = {{kEpsilon, kSigma, cutoff}};
  return model;
}

Atoms crystal(const std::string &lattice, const std::string &element, double a, int cells) {
  StructureSpec spec;
  spec.lattice = lattice;
  spec.a_A = a;
  spec.cells = {cells, cells, cells};
  spec.elements = {element};
  return build_structure(spec);
}

MakeAtoms maker(Backend &backend, const PotentialPointer &potential) {
  return [&backend, potential](std::vector<Atoms> systems) {
    AtomsPlan plan;
    plan.systems = std::move(systems);
    plan.potential = potential;
    plan.seed = 3;
    return backend.make_atoms(plan);
  };
}

TEST(PairCrystal, FccArgonRestsWhereLatticeSumsSay) {
  on_every_device([](Backend &backend) {
    const MakeAtoms make = maker(backend, argon(10.0 * kSigma, LennardJonesShift::none));
    EquilibriumPlan plan;
    plan.tolerance_GPa = 1e-7;
    const Equilibrium rest = find_equilibrium(make, crystal("fcc", "Ar", 5.3, 1), plan);
    const double sigma3 = kSigma * kSigma * kSigma;
    // A12 = 12.13188, A6 = 14.45392. What lies beyond the cutoff would draw it together by 1e-4.
    const double a = std::sqrt(2.0) * std::pow(2.0 * 12.13188 / 14.45392, 1.0 / 6.0) * kSigma;
    EXPECT_NEAR(std::cbrt(rest.state.volume_A3), a, 3e-4 * a);
    const double tail = -8.0 / 3.0 * 3.14159265358979 * 4.0 * sigma3 / rest.state.volume_A3 / 1000.0;
    EXPECT_NEAR(rest.state.energy_eV / 4.0 / kEpsilon + tail, -8.610, 2e-3);
    const CubicConstants cubic = cubic_constants(elastic_constants(make, rest.atoms, {}).c_GPa);
    EXPECT_NEAR(cubic.c12 / cubic.c44, 1.0, 1e-3) << "Cauchy's relation of central forces";
    EXPECT_GT(cubic.c11, cubic.c12);
  });
}

// Both potentials whose forces are continuous, through melting.
TEST(PairCrystal, EnergyIsKept) {
  auto model = std::make_shared<WellsModel>();
  model->element_names = {"Ar"};
  WellsPair pair;
  pair.power_eV = kEpsilon;
  pair.power_length_A = 3.4;
  pair.exponent = 12;
  pair.wells = {{2.0 * kEpsilon, 3.7, 0.4}};
  pair.switch_from_A = 5.0;
  pair.cutoff_A = 6.5;
  model->pairs = {pair};
  on_every_device([&](Backend &backend) {
    for (const PotentialPointer &potential : {argon(2.5 * kSigma, LennardJonesShift::force), PotentialPointer(model)}) {
      Atoms atoms = crystal("fcc", "Ar", 5.3, 3);
      set_velocities(atoms, 300.0, 5);
      const auto batch = maker(backend, potential)({atoms});
      DynamicsPlan plan;
      plan.ensemble = Ensemble::nve;
      plan.dt_fs = 2.0;
      plan.begin_K = plan.end_K = {0.0};
      plan.pressure_GPa = {{0.0, 0.0, 0.0}};
      batch->set_dynamics(plan);
      const DynamicsReport report = batch->advance(2000, std::vector<std::int64_t>{1, 500, 1000, 1500, 2000});
      ASSERT_FALSE(report.exploded);
      for (const auto &rows : report.rows) {
        EXPECT_NEAR(rows[0].conserved_eV, report.rows[0][0].conserved_eV, 2e-5 * static_cast<double>(atoms.size()));
      }
      EXPECT_GT(std::abs(report.rows.back()[0].kinetic_eV - report.rows[0][0].kinetic_eV), 0.5) << "it moves";
    }
  });
}

// What the file of the model says of itself.
TEST(PairCrystal, TheShippedModelIsSimpleCubic) {
  const PotentialPointer model = read_potential_file(home_folder() / "presets/potentials/sc_model.json");
  on_every_device([&](Backend &backend) {
    const MakeAtoms make = maker(backend, model);
    const Equilibrium rest = find_equilibrium(make, crystal("sc", "Ca", 2.65, 1), {});
    EXPECT_NEAR(std::cbrt(rest.state.volume_A3), 2.6, 1e-3);
    EXPECT_NEAR(rest.state.energy_eV, -2.2007, 1e-3);
    const CubicConstants cubic = cubic_constants(elastic_constants(make, rest.atoms, {}).c_GPa);
    EXPECT_NEAR(cubic.c11, 881.0, 5.0);
    EXPECT_NEAR(cubic.c12, 198.0, 2.0);
    EXPECT_NEAR(cubic.c44, 198.0, 2.0);
    // Other crystals at their best volumes.
    struct Other {
      const char *lattice;
      double atoms, above_eV; // in the volume a^3; above simple cubic
    };
    for (const Other &other : {Other{"bcc", 2.0, 0.086}, Other{"fcc", 4.0, 0.242}, Other{"hcp_primitive", std::sqrt(2.0), 0.27},
                               Other{"diamond", 8.0, 0.97}}) {
      std::vector<Atoms> systems;
      for (double volume = 13.0; volume < 32.0; volume *= 1.01) {
        systems.push_back(crystal(other.lattice, "Ca", std::cbrt(other.atoms * volume), 1));
      }
      const Evaluation found = make(systems)->evaluate();
      double lowest = 0.0;
      for (std::size_t k = 0; k < systems.size(); ++k) {
        lowest = std::min(lowest, found.energy_eV[k] / static_cast<double>(systems[k].size()));
      }
      EXPECT_NEAR(lowest - rest.state.energy_eV, other.above_eV, 0.01) << other.lattice;
    }
  });
}

} // namespace
} // namespace zener::test
