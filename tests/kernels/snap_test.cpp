// SNAP against LAMMPS's figures, against the oracle (tests/reference/snap.hpp), and against the laws that every potential
// obeys.
#include "host/neutral/atom_files.hpp"
#include "kernels/potentials/snap/snap_model.hpp"
#include "tests/neutral/support.hpp"
#include "tests/reference/snap.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/force_runner.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct Form {
  int twojmax = 4;
  bool quadratic = false;
  bool isolated = true;
  bool switching = true;
  double rmin0 = 0.0;
  int elements = 1;
};

// Coefficients of a size that gives forces of about an eV/A.
SnapModel random_model(const Form &form, unsigned seed) {
  SnapModel model;
  model.twojmax = form.twojmax;
  model.rcutfac = 4.2;
  model.rfac0 = 0.97;
  model.rmin0 = form.rmin0;
  model.quadratic = form.quadratic;
  model.subtract_isolated = form.isolated;
  model.switching = form.switching;
  reference::Sequence random(seed);
  const char *names[] = {"W", "Ta", "Nb"};
  for (int e = 0; e < form.elements; ++e) {
    SnapElement element;
    element.name = names[e];
    element.radius = 0.5 - 0.03 * e;
    element.weight = 1.0 - 0.23 * e;
    const auto components = static_cast<std::size_t>(snap_components(form.twojmax));
    for (std::size_t k = 0; k < model.coefficient_count(); ++k) {
      element.coefficients.push_back((2 * random.unit() - 1) * (k <= components ? 0.02 : 1e-5));
    }
    model.species.push_back(std::move(element));
  }
  return model;
}

void expect_oracle(Queue &queue, const SnapModel &model, const Atoms &atoms, double tolerance,
                   Arithmetic arithmetic = Arithmetic::float64) {
  const ForceResult got = forces_of(queue, model, atoms, arithmetic);
  const reference::PotentialResult wanted = reference::snap(model, atoms);
  ForceResult same;
  same.energy = wanted.energy;
  same.forces = wanted.forces;
  same.virial = wanted.virial;
  const ForceDeviation d = deviation(got, same);
  EXPECT_LT(d.energy, tolerance);
  EXPECT_LT(d.force, tolerance);
  EXPECT_LT(d.virial, 10 * tolerance); // what is left of larger parts
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    EXPECT_NEAR(got.energies[i], wanted.energies[i], tolerance * std::max(1.0, std::abs(wanted.energies[i]))) << i;
  }
}

// A cluster without periodic directions, atoms at least 1.9 A apart.
Atoms cluster(std::size_t n, const std::vector<std::string> &elements, unsigned seed) {
  Atoms atoms;
  atoms.cell.vectors = {Vector3{20, 0, 0}, Vector3{0, 20, 0}, Vector3{0, 0, 20}};
  atoms.cell.periodic = {false, false, false};
  atoms.elements = elements;
  reference::Sequence random(seed);
  while (atoms.size() < n) {
    const Vector3 x{5.5 * random.unit(), 5.5 * random.unit(), 5.5 * random.unit()};
    bool free = true;
    for (const Vector3 &other : atoms.position_A) {
      free = free && std::hypot(x[0] - other[0], x[1] - other[1], x[2] - other[2]) > 1.9;
    }
    if (free) {
      atoms.position_A.push_back(x);
      atoms.type.push_back(static_cast<std::int32_t>(random.unit() * static_cast<double>(elements.size())));
    }
  }
  return atoms;
}

void expect_file(Queue &queue, const std::string &potential, const std::string &structure, bool with_zbl) {
  const std::filesystem::path coefficients = test::shared_file("data/potentials/" + potential + ".snapcoeff");
  const std::filesystem::path parameters = test::shared_file("data/potentials/" + potential + ".snapparam");
  const std::filesystem::path frames = test::shared_file("data/structures/" + structure);
  if (coefficients.empty() || parameters.empty() || frames.empty()) {
    GTEST_SKIP() << potential << " or " << structure << " is not there";
  }
  std::string object =
      R"({"kind": "snap", "coefficients": ")" + coefficients.string() + R"(", "parameters": ")" + parameters.string() + "\"}";
  if (with_zbl) {
    object = R"({"kind": "overlay", "parts": [)" + object + R"(, {"kind": "zbl", "inner": 4.0, "outer": 4.8}]})";
  }
  const PotentialPointer model = parse_potential(object, ".", "test");
  for (const Atoms &atoms : read_atoms(frames)) {
    ASSERT_TRUE(atoms.has_energy && atoms.has_virial && atoms.force_eV_A.size() == atoms.size());
    const ForceDeviation d = deviation(forces_of(queue, *model, atoms), atoms);
    EXPECT_LT(d.energy, 1e-11);
    EXPECT_LT(d.force, 1e-11);
    EXPECT_LT(d.virial, 1e-11);
    const ForceDeviation mixed = deviation(forces_of(queue, *model, atoms, Arithmetic::mixed), atoms);
    EXPECT_LT(mixed.energy, 1e-5);
    EXPECT_LT(mixed.force, 1e-5);
    EXPECT_LT(mixed.virial, 1e-5);
  }
}

} // namespace

ZENER_DEVICE_TEST(Snap, AgreesWithLammpsForTungstenAlone) {
  expect_file(queue(), "snap/W_2940_2017_2", "snap_W_2940_nozbl_dev.xyz", false);
}
ZENER_DEVICE_TEST(Snap, AgreesWithLammpsForTungstenWithZbl) {
  expect_file(queue(), "snap/W_2940_2017_2", "snap_W_2940_zbl_dev.xyz", true);
}
ZENER_DEVICE_TEST(Snap, AgreesWithLammpsForTantalumWithZbl) {
  expect_file(queue(), "snap/Ta06A", "snap_Ta06A_zbl_dev.xyz", true);
}
ZENER_DEVICE_TEST(Snap, AgreesWithLammpsForTwoJ14) {
  expect_file(queue(), "snap/W_2J14_TestSNAP", "snap_W_2J14_TestSNAP_nozbl_dev.xyz", false);
}
ZENER_DEVICE_TEST(Snap, AgreesWithLammpsForQuadraticMolybdenum) {
  expect_file(queue(), "snap/Mo_Zuo_JPCA2020.quadratic", "qsnap_Mo_Zuo2020_dev.xyz", false);
}
ZENER_DEVICE_TEST(Snap, AgreesWithLammpsForQuadraticTungsten) {
  expect_file(queue(), "snap/W.quadratic_from_mliap", "qsnap_W_mliap_nozbl_dev.xyz", false);
}
ZENER_DEVICE_TEST(Snap, AgreesWithLammpsForLinearMilady) {
  expect_file(queue(), "milady/Fe_LML_milady", "milady_Fe_LML_dev.xyz", false);
  expect_file(queue(), "milady/W_LML_milady", "milady_W_LML_dev.xyz", false);
}
ZENER_DEVICE_TEST(Snap, AgreesWithLammpsForQuadraticMilady) {
  expect_file(queue(), "milady/Fe_QNML_milady", "milady_Fe_QNML_dev.xyz", false);
  expect_file(queue(), "milady/W_QNML_milady", "milady_W_QNML_dev.xyz", false);
}

ZENER_DEVICE_TEST(Snap, AgreesWithTheDefinition) {
  const Form forms[] = {
      {2, false, true, true, 0.0, 1},   {3, false, false, true, 0.0, 2}, {4, true, true, false, 0.0, 2},
      {5, true, false, true, 1.3, 2},   {6, false, true, true, 0.7, 3},  {6, true, true, true, 0.0, 1},
      {8, false, false, false, 1.1, 2}, {8, true, true, true, 0.0, 2},
  };
  unsigned seed = 1;
  for (const Form &form : forms) {
    SCOPED_TRACE("twojmax " + std::to_string(form.twojmax) + ", form " + std::to_string(seed));
    const SnapModel model = random_model(form, seed);
    expect_oracle(queue(), model, cluster(form.twojmax > 6 ? 4 : 7, model.elements(), seed), 1e-11);
    ++seed;
  }
}
ZENER_DEVICE_TEST(Snap, AgreesWithTheDefinitionInPeriodicCells) {
  const SnapModel model = random_model({3, true, true, true, 0.0, 2}, 20);
  expect_oracle(queue(), model, disordered_bcc(3.2, {2, 2, 1}, 0.15, {"Ta", "W"}, true, 5), 1e-11);
  // Two atoms, each of them the other's neighbour and its own many times.
  expect_oracle(queue(), model, disordered_bcc(3.1, {1, 1, 1}, 0.1, {"W", "Ta"}, true, 6), 1e-11);
}
ZENER_DEVICE_TEST(Snap, AgreesWithTheDefinitionInsideRmin) {
  // Inside rmin0 the switching is 1 and the angle is negative: it counts by its tangent.
  SnapModel model = random_model({4, false, true, true, 2.4, 1}, 30);
  Atoms atoms = cluster(5, {"W"}, 31);
  bool inside = false;
  for (std::size_t i = 1; i < atoms.size(); ++i) {
    const Vector3 &a = atoms.position_A[0];
    const Vector3 &b = atoms.position_A[i];
    inside = inside || std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) < 2.4;
  }
  if (!inside) {
    atoms.position_A[1] = {atoms.position_A[0][0] + 1.1, atoms.position_A[0][1] + 1.4, atoms.position_A[0][2] - 0.8};
  }
  expect_oracle(queue(), model, atoms, 1e-11);
}
ZENER_DEVICE_TEST(Snap, AgreesWithTheDefinitionInMixedPrecision) {
  const SnapModel model = random_model({6, true, true, true, 0.0, 2}, 40);
  expect_oracle(queue(), model, cluster(6, model.elements(), 41), 1e-5, Arithmetic::mixed);
}

ZENER_DEVICE_TEST(Snap, ForcesAreDerivativesOfTheEnergy) {
  expect_differences(queue(), random_model({4, true, true, true, 0.0, 2}, 50),
                     disordered_bcc(3.2, {2, 1, 1}, 0.15, {"W", "Ta"}, true, 51), 1e-8);
  expect_differences(queue(), random_model({6, false, false, true, 0.5, 1}, 52),
                     disordered_bcc(3.1, {1, 1, 1}, 0.1, {"W"}, false, 53), 1e-8);
  expect_differences(queue(), random_model({3, false, true, true, 0.0, 2}, 54), cluster(6, {"W", "Ta"}, 55), 1e-8);
}
ZENER_DEVICE_TEST(Snap, KeepsTheSymmetriesOfSpace) {
  expect_invariances(queue(), random_model({4, true, true, true, 0.0, 2}, 60),
                     disordered_bcc(3.2, {2, 2, 1}, 0.15, {"W", "Ta"}, true, 61), 1e-10);
  expect_invariances(queue(), random_model({6, false, true, true, 0.0, 1}, 62),
                     disordered_bcc(3.2, {2, 1, 1}, 0.15, {"W"}, true, 63), 3e-5, Arithmetic::mixed);
}

ZENER_DEVICE_TEST(Snap, AnAtomAloneHasItsConstant) {
  for (bool quadratic : {false, true}) {
    SnapModel model = random_model({5, quadratic, true, true, 0.0, 2}, 70);
    Atoms atoms = cluster(1, {"Ta"}, 71);
    const ForceResult without = forces_of(queue(), model, atoms);
    EXPECT_NEAR(without.energy, model.species[1].coefficients[0], 1e-12);
    for (double f : without.forces[0]) {
      EXPECT_EQ(f, 0.0);
    }
    // With the isolated atom's components not subtracted.
    model.subtract_isolated = false;
    expect_oracle(queue(), model, atoms, 1e-12);
  }
}

ZENER_DEVICE_TEST(Snap, GivesTheSameBitsForAnyThreadsAndAnyCompany) {
  const SnapModel model = random_model({4, true, true, true, 0.0, 2}, 80);
  const Atoms first = disordered_bcc(3.2, {3, 2, 2}, 0.15, {"W", "Ta"}, true, 81);
  const Atoms second = cluster(5, {"Ta", "W"}, 82);
  for (Arithmetic arithmetic : {Arithmetic::float64, Arithmetic::mixed}) {
    queue().set_threads(1);
    const ForceResult one = forces_of(queue(), model, first, arithmetic);
    const ForceResult small = forces_of(queue(), model, second, arithmetic);
    queue().set_threads(2);
    const std::vector<ForceResult> both = forces_of_batch(queue(), model, {first, second}, arithmetic);
    EXPECT_EQ(both[0].energies, one.energies);
    EXPECT_EQ(both[0].forces, one.forces);
    EXPECT_EQ(both[0].virial, one.virial);
    EXPECT_EQ(both[1].energies, small.energies);
    EXPECT_EQ(both[1].forces, small.forces);
    const ForceResult loose = forces_of(queue(), model, first, arithmetic, false);
    const ForceDeviation d = deviation(loose, one);
    EXPECT_EQ(d.energy, 0.0);
    EXPECT_LT(d.force, 1e-11);
  }
}

} // namespace ZENER_BACKEND
} // namespace zener
