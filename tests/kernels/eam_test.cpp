// Embedded atoms: LAMMPS's references, the serial oracle for every form and cell, the laws of every potential.
#include "host/neutral/atom_files.hpp"
#include "tests/neutral/support.hpp"
#include "tests/reference/eam.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/eam_files.hpp"
#include "tests/support/force_runner.hpp"

#include <cmath>
#include <cstring>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

class EamTest : public DeviceTest {
protected:
  // Largest deviation from the oracle.
  ForceDeviation from_oracle(const EamModel &model, const Atoms &atoms, Arithmetic arithmetic = Arithmetic::float64) {
    const reference::EamResult wanted = reference::eam(model, atoms);
    const ForceResult got = forces_of(queue(), model, atoms, arithmetic);
    ForceResult plain;
    plain.energy = wanted.energy;
    plain.forces = wanted.forces;
    plain.virial = wanted.virial;
    ForceDeviation d = deviation(got, plain);
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      d.energy =
          std::max(d.energy, std::abs(got.energies[i] - wanted.energies[i]) / std::max(1.0, std::abs(wanted.energies[i])));
    }
    return d;
  }
  void expect_oracle(const char *what, const EamModel &model, const Atoms &atoms, double tolerance = 1e-11) {
    const ForceDeviation d = from_oracle(model, atoms);
    EXPECT_LT(d.energy, tolerance) << what;
    EXPECT_LT(d.force, tolerance) << what;
    EXPECT_LT(d.virial, tolerance) << what;
  }
};

#define EAM_TEST(name) ZENER_DEVICE_TEST_F(Eam, name, EamTest)

struct Named {
  const char *name;
  EamModel model;
};
const std::vector<Named> &made_up_models() {
  static const std::vector<Named> models{{"eam_alloy", test::made_up_tables({"Al", "Fe", "Nb"}, false)},
                                         {"eam_fs", test::made_up_tables({"Al", "Fe"}, true)},
                                         {"finnis_sinclair", test::made_up_finnis_sinclair()},
                                         {"zhou", test::made_up_zhou()}};
  return models;
}

Atoms crystal(const EamModel &model, bool triclinic, unsigned seed) {
  return disordered_bcc(3.15, {2, 2, 3}, 0.15, model.element_names, triclinic, seed);
}

EAM_TEST(MeetsLammps) {
  struct Reference {
    const char *structures, *potential;
    bool by_pair;
  };
  int frames = 0;
  for (const Reference &r :
       {Reference{"eam_AlFe_mm_fs_dev.xyz", "AlFe_mm.eam.fs", true}, Reference{"eam_Fe_mm_fs_dev.xyz", "Fe_mm.eam.fs", true},
        Reference{"eam_NiAlH_alloy_dev.xyz", "NiAlH_jea.eam.alloy", false},
        Reference{"eam_W_zhou_alloy_dev.xyz", "W_zhou.eam.alloy", false}}) {
    const auto structures = test::shared_file(std::string("data/structures/") + r.structures);
    const auto potential = test::shared_file(std::string("data/potentials/eam/") + r.potential);
    if (structures.empty() || potential.empty()) {
      continue;
    }
    const auto model = read_eam_file(potential, r.by_pair);
    for (const Atoms &atoms : read_atoms(structures)) {
      const ForceResult got = forces_of(queue(), *model, atoms);
      const ForceDeviation d = deviation(got, atoms);
      EXPECT_LT(d.energy, 1e-9) << r.structures;
      EXPECT_LT(d.force, 1e-9) << r.structures;
      EXPECT_LT(d.virial, 1e-9) << r.structures;
      const ForceDeviation mixed = deviation(forces_of(queue(), *model, atoms, Arithmetic::mixed), atoms);
      EXPECT_LT(mixed.energy, 1e-5) << r.structures;
      EXPECT_LT(mixed.force, 1e-5) << r.structures;
      EXPECT_LT(mixed.virial, 1e-5) << r.structures;
      ++frames;
      std::printf("%-28s energy %.1e force %.1e virial %.1e; mixed %.1e %.1e %.1e\n", r.structures, d.energy, d.force, d.virial,
                  mixed.energy, mixed.force, mixed.virial);
    }
  }
  if (frames == 0) {
    GTEST_SKIP() << "the references of LAMMPS are not here";
  }
}

EAM_TEST(MeetsTheOracle) {
  for (const Named &m : made_up_models()) {
    expect_oracle(m.name, m.model, crystal(m.model, false, 1));
    expect_oracle(m.name, m.model, crystal(m.model, true, 2));
    const ForceDeviation mixed = from_oracle(m.model, crystal(m.model, true, 3), Arithmetic::mixed);
    EXPECT_LT(mixed.energy, 1e-5) << m.name;
    EXPECT_LT(mixed.force, 1e-5) << m.name;
    EXPECT_LT(mixed.virial, 1e-5) << m.name;
    // One element of several.
    Atoms pure = crystal(m.model, false, 4);
    pure.type.assign(pure.size(), 0);
    pure.elements = {m.model.element_names.back()};
    expect_oracle(m.name, m.model, pure);
  }
}

// Two atoms in a cell far smaller than the cutoff, a free cluster, a slab and a lone atom.
EAM_TEST(MeetsTheOracleInSmallAndFreeCells) {
  for (const Named &m : made_up_models()) {
    Atoms tiny = disordered_bcc(2.9, {1, 1, 1}, 0.1, m.model.element_names, true, 5);
    expect_oracle(m.name, m.model, tiny);
    Atoms cluster = crystal(m.model, false, 6);
    cluster.cell.periodic = {false, false, false};
    expect_oracle(m.name, m.model, cluster);
    Atoms slab = crystal(m.model, true, 7);
    slab.cell.periodic[2] = false;
    expect_oracle(m.name, m.model, slab);
    Atoms lone = tiny;
    lone.cell.periodic = {false, false, false};
    lone.position_A.resize(1);
    lone.type.resize(1);
    const ForceResult got = forces_of(queue(), m.model, lone);
    EXPECT_NEAR(got.energy, reference::eam(m.model, lone).energy, 1e-14) << m.name;
    for (std::size_t d = 0; d < 3; ++d) {
      EXPECT_EQ(got.forces[0][d], 0.0) << m.name;
      EXPECT_EQ(got.virial[d][d], 0.0) << m.name;
    }
  }
}

// A crystal so tight that densities pass the end of the table, where the energy goes on in a straight line.
EAM_TEST(GoesOnBeyondTheTableOfDensities) {
  for (const bool by_pair : {false, true}) {
    const EamModel model = test::made_up_tables({"Al", "Fe"}, by_pair, 2000, 4.0);
    const Atoms atoms = disordered_bcc(2.8, {2, 2, 2}, 0.1, model.element_names, false, 8);
    const reference::EamResult wanted = reference::eam(model, atoms);
    const auto [least, most] = std::minmax_element(wanted.densities.begin(), wanted.densities.end());
    EXPECT_GT(*most, 4.0);
    expect_oracle("beyond", model, atoms);
    expect_differences(queue(), model, atoms, 1e-7);
  }
}

// Negative densities, below the first knot: the first cubic goes on.
EAM_TEST(GoesOnBelowTheTableOfDensities) {
  EamModel model = test::made_up_tables({"Al"}, false);
  for (double &rho : model.tables.density) {
    rho *= -0.01;
  }
  expect_oracle("below", model, crystal(model, false, 9));
}

EAM_TEST(ForcesAndVirialAreDerivatives) {
  for (const Named &m : made_up_models()) {
    SCOPED_TRACE(m.name);
    expect_differences(queue(), m.model, disordered_bcc(3.1, {1, 2, 1}, 0.12, m.model.element_names, true, 10), 1e-7);
  }
}

EAM_TEST(KeepsTheSymmetries) {
  for (const Named &m : made_up_models()) {
    SCOPED_TRACE(m.name);
    expect_invariances(queue(), m.model, crystal(m.model, true, 11), 1e-11);
  }
}

EAM_TEST(SameBitsForAnyThreadsAndRuns) {
  for (const Named &m : made_up_models()) {
    const Atoms atoms = disordered_bcc(3.15, {3, 4, 6}, 0.15, m.model.element_names, false, 12);
    queue().set_threads(1);
    const ForceResult one = forces_of(queue(), m.model, atoms);
    queue().set_threads(2);
    const ForceResult two = forces_of(queue(), m.model, atoms);
    queue().set_threads(0);
    EXPECT_EQ(std::memcmp(one.energies.data(), two.energies.data(), sizeof(double) * atoms.size()), 0) << m.name;
    EXPECT_EQ(std::memcmp(one.forces.data(), two.forces.data(), sizeof(Vector3) * atoms.size()), 0) << m.name;
    EXPECT_EQ(std::memcmp(&one.virial, &two.virial, sizeof one.virial), 0) << m.name;
  }
}

// A batch of systems with elements, cells and sizes of their own gives what each gives alone.
EAM_TEST(BatchesAreSystemsSideBySide) {
  const EamModel &model = made_up_models()[0].model;
  const std::vector<Atoms> batch{crystal(model, false, 13), disordered_bcc(2.9, {1, 1, 1}, 0.1, model.element_names, true, 14),
                                 disordered_bcc(3.3, {2, 1, 2}, 0.1, model.element_names, true, 15)};
  const std::vector<ForceResult> together = forces_of_batch(queue(), model, batch);
  for (std::size_t s = 0; s < batch.size(); ++s) {
    const reference::EamResult alone = reference::eam(model, batch[s]);
    for (std::size_t i = 0; i < batch[s].size(); ++i) {
      EXPECT_NEAR(together[s].energies[i], alone.energies[i], 1e-11);
    }
  }
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
