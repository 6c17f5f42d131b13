// Pair potentials against the oracle (tests/reference/pair.hpp), known numbers of Lennard-Jones, and the laws that every
// potential obeys.
#include "kernels/potentials/pair/pair_model.hpp"
#include "tests/reference/pair.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/force_runner.hpp"

#include <algorithm>
#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

LennardJonesModel lennard_jones(LennardJonesShift shift) {
  LennardJonesModel model;
  model.shift = shift;
  model.element_names = {"Ar", "Kr"};
  model.pairs = {{0.0104, 3.4, 8.5}, {0.0125, 3.5, 7.0}, {0.0125, 3.5, 7.0}, {0.0141, 3.6, 9.0}};
  return model;
}

// Two elements of different terms: a power and three wells, one of them a hump; an exponential and one well; wells alone
// beside an exponential between unlike atoms.
WellsModel wells() {
  WellsModel model;
  model.element_names = {"Ca", "Sr"};
  WellsPair ca, sr, both;
  ca.power_eV = 0.4;
  ca.power_length_A = 2.6;
  ca.exponent = 13;
  ca.wells = {{0.3, 2.9, 0.2}, {-0.05, 3.5, 0.3}, {0.2, 4.1, 0.25}};
  ca.switch_from_A = 4.4;
  ca.cutoff_A = 5.2;
  sr.exponential_eV = 900.0;
  sr.exponential_length_A = 0.35;
  sr.wells = {{0.25, 3.3, 0.4}};
  sr.switch_from_A = 3.9;
  sr.cutoff_A = 4.9;
  both.exponential_eV = 700.0;
  both.exponential_length_A = 0.33;
  both.wells = {{0.1, 3.0, 0.2}, {0.15, 4.2, 0.3}};
  both.cutoff_A = 5.6;
  model.pairs = {ca, both, both, sr};
  return model;
}

reference::PairFunctions functions(const LennardJonesModel &model) {
  const auto plain = [](const LennardJonesPair &p, double r) {
    return 4.0 * p.epsilon_eV * (std::pow(p.sigma_A / r, 12) - std::pow(p.sigma_A / r, 6));
  };
  const auto pair = [model](int a, int b) { return model.pairs[static_cast<std::size_t>(2 * a + b)]; };
  return {[=](int a, int b, double r) {
            const LennardJonesPair p = pair(a, b);
            double energy = plain(p, r);
            if (model.shift != LennardJonesShift::none) {
              energy -= plain(p, p.cutoff_A);
            }
            if (model.shift == LennardJonesShift::force) {
              energy += 24.0 * p.epsilon_eV / p.cutoff_A *
                        (2.0 * std::pow(p.sigma_A / p.cutoff_A, 12) - std::pow(p.sigma_A / p.cutoff_A, 6)) * (r - p.cutoff_A);
            }
            return energy;
          },
          [=](int a, int b) { return pair(a, b).cutoff_A; }};
}

reference::PairFunctions functions(const WellsModel &model) {
  const auto pair = [model](int a, int b) { return model.pairs[static_cast<std::size_t>(2 * a + b)]; };
  return {[=](int a, int b, double r) {
            const WellsPair p = pair(a, b);
            double energy = p.power_eV * std::pow(p.power_length_A / r, p.exponent);
            energy += p.exponential_eV * std::exp(-r / p.exponential_length_A);
            for (const GaussianWell &w : p.wells) {
              energy -= w.depth_eV * std::exp(-0.5 * std::pow((r - w.centre_A) / w.width_A, 2));
            }
            const double x = (r - p.switch_from_A) / (p.cutoff_A - p.switch_from_A);
            return x <= 0.0 ? energy : energy * (1.0 - 10.0 * std::pow(x, 3) + 15.0 * std::pow(x, 4) - 6.0 * std::pow(x, 5));
          },
          [=](int a, int b) { return pair(a, b).cutoff_A; }};
}

template <class Model> void expect_oracle(Queue &queue, const Model &model, const Atoms &atoms) {
  const ForceResult got = forces_of(queue, model, atoms);
  Atoms named = atoms; // the same with the types of the model
  named.elements = model.element_names;
  for (std::int32_t &type : named.type) {
    const std::string &element = atoms.elements[static_cast<std::size_t>(type)];
    type = static_cast<std::int32_t>(std::find(named.elements.begin(), named.elements.end(), element) - named.elements.begin());
  }
  const reference::PotentialResult wanted = reference::pair_sums(functions(model), named);
  ForceResult same;
  same.energy = wanted.energy;
  same.forces = wanted.forces;
  same.virial = wanted.virial;
  const ForceDeviation d = deviation(got, same);
  EXPECT_LT(d.energy, 1e-12);
  EXPECT_LT(d.force, 1e-9);
  EXPECT_LT(d.virial, 1e-9);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    EXPECT_NEAR(got.energies[i], wanted.energies[i], 1e-11);
  }
}

Atoms two_atoms(const std::string &element, double r) {
  Atoms atoms;
  atoms.cell.vectors = {Vector3{30, 0, 0}, Vector3{0, 30, 0}, Vector3{0, 0, 30}};
  atoms.cell.periodic = {false, false, false};
  atoms.elements = {element};
  atoms.type = {0, 0};
  atoms.position_A = {{0, 0, 0}, {r / 3, 2 * r / 3, -2 * r / 3}};
  return atoms;
}

} // namespace

ZENER_DEVICE_TEST(Pair, AgreesWithTheFormulas) {
  for (const LennardJonesShift shift : {LennardJonesShift::none, LennardJonesShift::energy, LennardJonesShift::force}) {
    const LennardJonesModel model = lennard_jones(shift);
    expect_oracle(queue(), model, disordered_bcc(4.4, {2, 2, 2}, 0.3, {"Ar", "Kr"}, true, 1));
    expect_oracle(queue(), model, disordered_bcc(4.4, {1, 1, 1}, 0.2, {"Kr"}, true, 2));
  }
  expect_oracle(queue(), wells(), disordered_bcc(3.6, {2, 2, 2}, 0.2, {"Sr", "Ca"}, true, 3));
  expect_oracle(queue(), wells(), disordered_bcc(3.5, {1, 2, 1}, 0.2, {"Ca"}, false, 4));
  Atoms cluster = disordered_bcc(3.5, {2, 2, 2}, 0.2, {"Ca", "Sr"}, false, 5);
  cluster.cell.periodic = {false, true, false};
  expect_oracle(queue(), wells(), cluster);
}

ZENER_DEVICE_TEST(Pair, LennardJonesHasItsKnownNumbers) {
  LennardJonesModel model;
  model.element_names = {"Ar"};
  const double epsilon = 0.0104;
  const double sigma = 3.4;
  model.pairs = {{epsilon, sigma, 12.0 * sigma}};
  const ForceResult dimer = forces_of(queue(), model, two_atoms("Ar", std::pow(2.0, 1.0 / 6.0) * sigma));
  EXPECT_NEAR(dimer.energy, -epsilon, 1e-15);
  EXPECT_NEAR(dimer.forces[0][0], 0.0, 1e-15);
  // Infinite fcc: A12 = 12.13188, A6 = 14.45392 (Jones and Ingham 1925). What lies beyond the cutoff, as a continuum.
  const double a12 = 12.131880196544, a6 = 14.453920421;
  const double nearest = std::pow(2.0 * a12 / a6, 1.0 / 6.0) * sigma;
  Atoms fcc = two_atoms("Ar", 1.0);
  const double a = std::sqrt(2.0) * nearest;
  fcc.cell.vectors = {Vector3{0, a / 2, a / 2}, Vector3{a / 2, 0, a / 2}, Vector3{a / 2, a / 2, 0}};
  fcc.cell.periodic = {true, true, true};
  fcc.position_A = {{0, 0, 0}};
  fcc.type = {0};
  const double density = 4.0 / (a * a * a) * sigma * sigma * sigma;
  const double tail = -8.0 / 3.0 * 3.14159265358979 * density / (12.0 * 12.0 * 12.0) * epsilon;
  const double energy = forces_of(queue(), model, fcc).energy + tail;
  EXPECT_NEAR(energy / epsilon, -a6 * a6 / (2.0 * a12), 1e-4);
  EXPECT_NEAR(energy / epsilon, -8.610, 1e-3);
}

ZENER_DEVICE_TEST(Pair, EndsAsItsShiftSays) {
  const auto at = [&](LennardJonesShift shift, double from_end) {
    return forces_of(queue(), lennard_jones(shift), two_atoms("Ar", 8.5 - from_end));
  };
  const double x = std::pow(3.4 / 8.5, 6);
  EXPECT_NEAR(at(LennardJonesShift::none, 1e-9).energy, 4 * 0.0104 * (x * x - x), 1e-12);
  EXPECT_NEAR(at(LennardJonesShift::energy, 1e-9).energy, 0.0, 1e-12);
  EXPECT_GT(std::abs(at(LennardJonesShift::energy, 1e-9).forces[0][1]), 1e-5);
  EXPECT_NEAR(at(LennardJonesShift::force, 1e-9).forces[0][1], 0.0, 1e-12);
  EXPECT_NEAR(at(LennardJonesShift::force, 0.01).energy / at(LennardJonesShift::force, 0.005).energy, 4.0, 0.05);
  for (const LennardJonesShift shift : {LennardJonesShift::none, LennardJonesShift::energy, LennardJonesShift::force}) {
    EXPECT_EQ(at(shift, -1e-9).energy, 0.0);
  }
  // Of third and second order in the distance from the end.
  const auto well = [&](double from_end) { return forces_of(queue(), wells(), two_atoms("Sr", 4.9 - from_end)); };
  EXPECT_NEAR(well(0.004).energy / well(0.002).energy, 8.0, 0.2);
  EXPECT_NEAR(well(0.004).forces[0][2] / well(0.002).forces[0][2], 4.0, 0.1);
  EXPECT_EQ(well(-1e-9).energy, 0.0);
}

ZENER_DEVICE_TEST(Pair, ForcesAreDerivativesOfTheEnergy) {
  expect_differences(queue(), lennard_jones(LennardJonesShift::force),
                     disordered_bcc(4.4, {1, 1, 2}, 0.3, {"Ar", "Kr"}, true, 6), 1e-7);
  expect_differences(queue(), wells(), disordered_bcc(3.6, {2, 1, 1}, 0.2, {"Ca", "Sr"}, true, 7), 1e-7);
}

ZENER_DEVICE_TEST(Pair, KeepsTheSymmetriesOfSpace) {
  expect_invariances(queue(), lennard_jones(LennardJonesShift::energy),
                     disordered_bcc(4.4, {2, 1, 1}, 0.3, {"Ar", "Kr"}, true, 8), 1e-10);
  expect_invariances(queue(), wells(), disordered_bcc(3.6, {2, 2, 1}, 0.2, {"Ca", "Sr"}, true, 9), 1e-10);
}

ZENER_DEVICE_TEST(Pair, GivesTheSameBitsForAnyThreads) {
  const Atoms atoms = disordered_bcc(3.6, {3, 3, 3}, 0.2, {"Ca", "Sr"}, true, 10);
  queue().set_threads(1);
  const ForceResult one = forces_of(queue(), wells(), atoms);
  queue().set_threads(2);
  const ForceResult two = forces_of(queue(), wells(), atoms, Arithmetic::mixed, false);
  EXPECT_EQ(one.energies, two.energies);
  EXPECT_EQ(one.forces, two.forces);
  EXPECT_EQ(one.virial, two.virial);
}

} // namespace ZENER_BACKEND
} // namespace zener
