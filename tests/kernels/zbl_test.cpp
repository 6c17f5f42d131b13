// ZBL against the oracle (tests/reference/snap.hpp) and the laws that every potential obeys. With SNAP beside it:
// snap_test.cpp.
#include "host/neutral/errors.hpp"
#include "kernels/potentials/zbl/zbl_model.hpp"
#include "tests/reference/snap.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/force_runner.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

void expect_oracle(Queue &queue, const ZblModel &model, const std::vector<double> &charges, const Atoms &atoms) {
  const ForceResult got = forces_of(queue, model, atoms);
  const reference::PotentialResult wanted = reference::zbl(model.inner_A(), model.outer_A(), charges, atoms);
  ForceResult same;
  same.energy = wanted.energy;
  same.forces = wanted.forces;
  same.virial = wanted.virial;
  const ForceDeviation d = deviation(got, same);
  EXPECT_LT(d.energy, 1e-10);
  EXPECT_LT(d.force, 1e-10);
  EXPECT_LT(d.virial, 1e-10);
}

Atoms pair_of_atoms(double r) {
  Atoms atoms;
  atoms.cell.vectors = {Vector3{30, 0, 0}, Vector3{0, 30, 0}, Vector3{0, 0, 30}};
  atoms.cell.periodic = {false, false, false};
  atoms.elements = {"W", "He"};
  atoms.type = {0, 1};
  atoms.position_A = {{0, 0, 0}, {r / 3, 2 * r / 3, -2 * r / 3}};
  return atoms;
}

} // namespace

ZENER_DEVICE_TEST(Zbl, AgreesWithTheFormula) {
  const ZblModel model(2.5, 4.1);
  expect_oracle(queue(), model, {74, 41}, disordered_bcc(3.2, {3, 2, 2}, 0.2, {"W", "Nb"}, true, 1));
  expect_oracle(queue(), model, {74, 41}, disordered_bcc(2.8, {1, 1, 1}, 0.1, {"W", "Nb"}, true, 2));
  expect_oracle(queue(), ZblModel(0.0, 3.0), {1, 92, 26}, disordered_bcc(2.9, {2, 2, 2}, 0.2, {"H", "U", "Fe"}, false, 3));
}

ZENER_DEVICE_TEST(Zbl, HoldsFromVeryShortDistancesToItsEnd) {
  const ZblModel model(3.0, 4.0);
  for (double r : {0.05, 0.5, 1.7, 2.9999, 3.0, 3.2, 3.9, 3.9999}) {
    expect_oracle(queue(), model, {74, 2}, pair_of_atoms(r));
  }
  const ForceResult beyond = forces_of(queue(), model, pair_of_atoms(4.0001));
  EXPECT_EQ(beyond.energy, 0.0);
  EXPECT_EQ(beyond.forces[0], (Vector3{0, 0, 0}));
  // It ends without a step in energy, force or the force's slope: the force is of second order in the distance from the end.
  const ForceResult near = forces_of(queue(), model, pair_of_atoms(3.99));
  const ForceResult nearer = forces_of(queue(), model, pair_of_atoms(3.995));
  EXPECT_NEAR(near.forces[0][1] / nearer.forces[0][1], 4.0, 0.1);
  EXPECT_NEAR(near.energy / nearer.energy, 8.0, 0.2);
}

ZENER_DEVICE_TEST(Zbl, ForcesAreDerivativesOfTheEnergy) {
  expect_differences(queue(), ZblModel(2.2, 3.6), disordered_bcc(3.2, {2, 1, 1}, 0.2, {"W", "Ta"}, true, 4), 1e-8);
  expect_differences(queue(), ZblModel(2.2, 3.6), disordered_bcc(2.7, {1, 1, 1}, 0.1, {"Fe"}, false, 5), 1e-8);
}
ZENER_DEVICE_TEST(Zbl, KeepsTheSymmetriesOfSpace) {
  expect_invariances(queue(), ZblModel(2.2, 3.6), disordered_bcc(3.2, {2, 2, 1}, 0.2, {"W", "Ta"}, true, 6), 1e-10);
}

ZENER_DEVICE_TEST(Zbl, GivesTheSameBitsForAnyThreads) {
  const Atoms atoms = disordered_bcc(3.2, {3, 3, 3}, 0.2, {"W", "Ta"}, true, 7);
  queue().set_threads(1);
  const ForceResult one = forces_of(queue(), ZblModel(2.2, 3.6), atoms);
  queue().set_threads(2);
  const ForceResult two = forces_of(queue(), ZblModel(2.2, 3.6), atoms, Arithmetic::mixed, false);
  EXPECT_EQ(one.energies, two.energies);
  EXPECT_EQ(one.forces, two.forces);
  EXPECT_EQ(one.virial, two.virial);
}

ZENER_DEVICE_TEST(Zbl, RefusesWhatIsNoElement) {
  Atoms atoms = pair_of_atoms(2.0);
  atoms.elements[1] = "Xx";
  EXPECT_THROW(forces_of(queue(), ZblModel(3.0, 4.0), atoms), Error);
}

} // namespace ZENER_BACKEND
} // namespace zener
