// The neuroevolution potential on a device against its oracle, against NEP_CPU, and against the laws of potentials.
#include "host/neutral/atom_files.hpp"
#include "kernels/potentials/nep/nep_math.hpp"
#include "kernels/potentials/nep/nep_model.hpp"
#include "tests/neutral/support.hpp"
#include "tests/reference/nep.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/force_runner.hpp"
#include "tests/support/nep_files.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

using test::NepForm;

constexpr const char *kUnep = "data/potentials/nep/Song-2024-UNEP-v1-AgAlAuCrCuMgMoNiPbPdPtTaTiVWZr.txt";
constexpr const char *kNoUnep = "UNEP-v1 (data/potentials/nep) is not beside the repository";

ForceResult as_result(const reference::NepResult &from) { return {from.energy, from.energies, from.forces, from.virial}; }

void expect_oracle(Queue &queue, const NepNumbers &numbers, const Atoms &atoms, double tolerance, double mixed_tolerance) {
  const NepModel model(numbers);
  const ForceResult wanted = as_result(reference::nep(numbers, atoms));
  double largest = 0.0;
  for (const Vector3 &f : wanted.forces) {
    largest = std::max({largest, std::abs(f[0]), std::abs(f[1]), std::abs(f[2])});
  }
  EXPECT_TRUE(atoms.size() == 1 || largest > 0.01) << "forces of " << largest << " eV/A show nothing";
  for (const Arithmetic arithmetic : {Arithmetic::float64, Arithmetic::mixed}) {
    const double allowed = arithmetic == Arithmetic::float64 ? tolerance : mixed_tolerance;
    const ForceResult got = forces_of(queue, model, atoms, arithmetic);
    const ForceDeviation d = deviation(got, wanted);
    EXPECT_LT(d.energy, allowed);
    EXPECT_LT(d.force, allowed);
    EXPECT_LT(d.virial, allowed);
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      EXPECT_NEAR(got.energies[i], wanted.energies[i], allowed * (1.0 + std::abs(wanted.energies[i]))) << "atom " << i;
    }
  }
}

// Atoms at random in a box, none closer than `apart`; the box is free in all directions.
Atoms cluster(int count, double box_A, double apart_A, const std::vector<std::string> &elements, unsigned seed) {
  Atoms atoms;
  atoms.cell.vectors = {Vector3{box_A, 0, 0}, Vector3{0, box_A, 0}, Vector3{0, 0, box_A}};
  atoms.cell.periodic = {false, false, false};
  atoms.elements = elements;
  reference::Sequence random(seed);
  while (static_cast<int>(atoms.size()) < count) {
    const Vector3 x{box_A * random.unit(), box_A * random.unit(), box_A * random.unit()};
    const bool free = std::all_of(atoms.position_A.begin(), atoms.position_A.end(), [&](const Vector3 &y) {
      return std::hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]) > apart_A;
    });
    if (free) {
      atoms.position_A.push_back(x);
      atoms.type.push_back(random.below(static_cast<int>(elements.size())));
    }
  }
  return atoms;
}

const std::vector<std::string> kThree{"W", "Ta", "Mo"};

struct NamedForm {
  const char *name;
  NepForm form;
};

// Every option of the files: versions, elements, body orders, repulsion, numbers of functions that fill blocks and do not.
std::vector<NamedForm> forms() {
  std::vector<NamedForm> all(9);
  all[0] = {"version 4, one element, all terms", {}};
  all[1] = {"version 3, one element, 3-body", {}};
  all[1].form.version = 3;
  all[1].form.four_body = all[1].form.five_body = false;
  all[2] = {"version 3, three elements, 4-body", {}};
  all[2].form.version = 3;
  all[2].form.elements = kThree;
  all[2].form.five_body = false;
  all[3] = {"version 4, three elements, all terms, ZBL", {}};
  all[3].form.elements = kThree;
  all[3].form.zbl = true;
  all[4] = {"version 4, three elements, ZBL by pairs", {}};
  all[4].form.elements = kThree;
  all[4].form.zbl = all[4].form.zbl_by_pairs = true;
  all[5] = {"version 3, 7 and 3 functions, l_max 3, ZBL", {}};
  all[5].form.version = 3;
  all[5].form.radial_functions = 7;
  all[5].form.angular_functions = 3;
  all[5].form.radial_basis = 6;
  all[5].form.angular_basis = 11;
  all[5].form.l_max = 3;
  all[5].form.neurons = 33;
  all[5].form.zbl = true;
  all[6] = {"13 angular functions, l_max 2, one basis function", {}};
  all[6].form.angular_functions = 13;
  all[6].form.radial_functions = 1;
  all[6].form.radial_basis = 1;
  all[6].form.angular_basis = 1;
  all[6].form.l_max = 2;
  all[6].form.neurons = 5;
  all[6].form.scale = 100.0; // forces far above the unit in which they are added
  all[7] = {"radial terms alone", {}};
  all[7].form.l_max = 0;
  all[7].form.four_body = all[7].form.five_body = false;
  all[8] = {"l_max 1, equal cutoffs", {}};
  all[8].form.l_max = 1;
  all[8].form.four_body = all[8].form.five_body = false;
  all[8].form.angular_cutoff_A = all[8].form.radial_cutoff_A;
  return all;
}

template <class T> struct MathKernel {
  View<const T, 1> x;
  View<T, 1> tanh, slope, sums;
  ZENER_FN void operator()(std::int64_t i) const {
    constexpr int W = kPackWidth<T>;
    Pack<T> derivative;
    hyperbolic_tangent(Pack<T>::load(&x[i * W]), derivative).store(&tanh[i * W]);
    derivative.store(&slope[i * W]);
    Pack<T> packs[11];
    for (int k = 0; k < 11; ++k) {
      packs[k] = Pack<T>::load(&x[i * W]) + Pack<T>::broadcast(static_cast<T>(k));
    }
    store_sums(packs, &sums[i * 11]);
  }
};

class NepTest : public DeviceTest {
protected:
  template <class T> void check_math(double tolerance) {
    constexpr int W = kPackWidth<T>;
    constexpr int packs = 64;
    std::vector<T> x(packs * W);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double at = -1.0 + 2.0 * static_cast<double>(i) / static_cast<double>(x.size());
      x[i] = static_cast<T>(i % 3 == 0 ? 0.5 * at : i % 3 == 1 ? 20.0 * at * at * at : 1e-6 * at);
    }
    x[0] = T(0.25);
    x[1 % x.size()] = T(-400);
    x[x.size() - 1] = T(0);
    const auto in = to_device(x);
    auto tanh = empty<T>(packs * W), slope = empty<T>(packs * W), sums = empty<T>(packs * 11);
    queue().for_each("math", packs, MathKernel<T>{in.view(), tanh.view(), slope.view(), sums.view()});
    const auto got = to_host(tanh), change = to_host(slope), added = to_host(sums);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double wanted = std::tanh(static_cast<double>(x[i]));
      EXPECT_NEAR(static_cast<double>(got[i]), wanted, tolerance * std::abs(wanted)) << static_cast<double>(x[i]);
      const double wanted_slope = std::pow(std::cosh(static_cast<double>(x[i])), -2.0);
      EXPECT_NEAR(static_cast<double>(change[i]), wanted_slope, 60 * tolerance * wanted_slope + 1e-34)
          << static_cast<double>(x[i]);
    }
    for (std::size_t i = 0; i < packs; ++i) {
      for (std::size_t k = 0; k < 11; ++k) {
        double wanted = 0.0;
        for (std::size_t e = 0; e < W; ++e) {
          wanted += static_cast<double>(x[i * W + e]) + static_cast<double>(k);
        }
        EXPECT_NEAR(static_cast<double>(added[i * 11 + k]), wanted, 1000 * tolerance * W);
      }
    }
  }
};

ZENER_DEVICE_TEST_F(Nep, FunctionsOfPacksAreAccurate, NepTest) {
  check_math<double>(6e-16);
  check_math<float>(4e-7);
}

ZENER_DEVICE_TEST_F(Nep, AgreesWithItsOracleInEveryForm, NepTest) {
  unsigned seed = 1;
  for (const NamedForm &named : forms()) {
    SCOPED_TRACE(named.name);
    const NepNumbers numbers = test::random_nep(named.form, ++seed);
    expect_oracle(queue(), numbers, disordered_bcc(3.0, {2, 2, 1}, 0.2, named.form.elements, true, seed), 1e-11, 2e-5);
    // Close pairs, so that the repulsion counts.
    expect_oracle(queue(), numbers, cluster(9, 4.5, 1.0, named.form.elements, seed), 1e-11, 2e-5);
  }
}

ZENER_DEVICE_TEST_F(Nep, CellsBelowTheCutoffAndLoneAtomsAreRight, NepTest) {
  NepForm form;
  form.elements = {"Ta", "W"};
  form.zbl = true;
  const NepNumbers numbers = test::random_nep(form, 5);
  // Elements in another order than the file's, and fewer.
  expect_oracle(queue(), numbers, disordered_bcc(3.1, {1, 1, 1}, 0.1, {"W", "Ta"}, true, 3), 1e-11, 2e-5);
  Atoms alone;
  alone.elements = {"W"};
  alone.type = {0};
  alone.position_A = {{1, 2, 3}};
  alone.cell.vectors = {Vector3{2.2, 0, 0}, Vector3{0.3, 2.4, 0}, Vector3{0, 0.2, 2.3}};
  expect_oracle(queue(), numbers, alone, 1e-11, 2e-5);
  alone.cell.periodic = {false, false, false};
  expect_oracle(queue(), numbers, alone, 1e-11, 2e-5);
  EXPECT_EQ(forces_of(queue(), NepModel(numbers), alone).forces[0], (Vector3{0, 0, 0}));
  alone.cell.periodic = {true, false, false};
  expect_oracle(queue(), numbers, alone, 1e-11, 2e-5);
}

ZENER_DEVICE_TEST_F(Nep, ForcesAndVirialAreDerivativesOfEachBodyOrder, NepTest) {
  std::vector<NamedForm> orders(5);
  for (NamedForm &order : orders) {
    order.form.elements = {"W", "Ta"};
    order.form.neurons = 4;
    order.form.four_body = order.form.five_body = false;
  }
  orders[0].name = "2-body";
  orders[0].form.l_max = 0;
  orders[1].name = "3-body";
  orders[2].name = "4-body";
  orders[2].form.four_body = true;
  orders[3].name = "5-body";
  orders[3].form.four_body = orders[3].form.five_body = true;
  orders[4].name = "repulsion";
  orders[4].form.zbl = true;
  for (std::size_t order = 0; order < orders.size(); ++order) {
    SCOPED_TRACE(orders[order].name);
    NepNumbers numbers = test::random_nep(orders[order].form, static_cast<unsigned>(20 + order));
    // Nothing but the terms of this order.
    const int first = order == 0 ? 0 : order == 1 ? 5 : order == 2 ? 25 : order == 3 ? 30 : numbers.descriptors();
    const int last = order == 0 ? 5 : order == 1 ? 25 : order == 2 ? 30 : numbers.descriptors();
    for (int d = 0; d < numbers.descriptors(); ++d) {
      // Large enough to be felt: the higher invariants are small in a lattice.
      double &scaler = numbers.scalers[static_cast<std::size_t>(d)];
      scaler *= d < first || d >= last ? 0.0 : order == 2 || order == 3 ? 300.0 : 1.0;
    }
    const double a = order == 4 ? 2.3 : 3.0;
    const Atoms atoms = disordered_bcc(a, {2, 1, 1}, 0.3, {"W", "Ta"}, true, 7);
    const ForceResult at = forces_of(queue(), NepModel(numbers), atoms);
    EXPECT_GT(std::abs(at.forces[0][0]), 1e-4) << "no force to be tested";
    expect_differences(queue(), NepModel(numbers), atoms, 1e-7, 1e-3);
  }
}

ZENER_DEVICE_TEST_F(Nep, DoesNotChangeUnderSymmetries, NepTest) {
  NepForm form;
  form.elements = {"W", "Ta"};
  form.zbl = true;
  const NepModel model(test::random_nep(form, 8));
  const Atoms atoms = disordered_bcc(2.9, {2, 2, 1}, 0.2, form.elements, true, 9);
  expect_invariances(queue(), model, atoms, 1e-11);
  expect_invariances(queue(), model, atoms, 2e-5, Arithmetic::mixed);
}

ZENER_DEVICE_TEST_F(Nep, BatchesAndThreadsDoNotChangeBits, NepTest) {
  NepForm form;
  form.elements = kThree;
  const NepModel model(test::random_nep(form, 11));
  const std::vector<Atoms> batch{disordered_bcc(3.1, {2, 2, 2}, 0.2, kThree, true, 1),
                                 disordered_bcc(3.0, {1, 2, 3}, 0.2, kThree, false, 2), cluster(7, 5.0, 1.8, kThree, 3)};
  for (const Arithmetic arithmetic : {Arithmetic::float64, Arithmetic::mixed}) {
    queue().set_threads(1);
    const auto one = forces_of_batch(queue(), model, batch, arithmetic);
    queue().set_threads(2);
    const auto two = forces_of_batch(queue(), model, batch, arithmetic);
    queue().set_threads(0);
    for (std::size_t k = 0; k < batch.size(); ++k) {
      EXPECT_EQ(one[k].energies, two[k].energies);
      EXPECT_EQ(one[k].forces, two[k].forces);
      EXPECT_EQ(one[k].virial, two[k].virial);
      // Elements keep their numbers, by which neighbours are sorted: the first system stays in front.
      const auto alone = forces_of_batch(queue(), model, {batch[0], batch[k]}, arithmetic)[1];
      EXPECT_EQ(one[k].energies, alone.energies);
      EXPECT_EQ(one[k].forces, alone.forces);
      EXPECT_EQ(one[k].virial, alone.virial);
    }
  }
}

ZENER_DEVICE_TEST_F(Nep, AgreesWithNepCpu, NepTest) {
  const auto potential = test::shared_file(kUnep);
  const auto structures = test::shared_file("data/structures/nep_unep_v1_dev.xyz");
  if (potential.empty() || structures.empty()) {
    GTEST_SKIP() << kNoUnep;
  }
  const auto model = read_nep(potential);
  for (const Atoms &frame : read_atoms(structures)) {
    for (const Arithmetic arithmetic : {Arithmetic::float64, Arithmetic::mixed}) {
      const ForceDeviation d = deviation(forces_of(queue(), *model, frame, arithmetic), frame);
      const double allowed = arithmetic == Arithmetic::float64 ? 1e-11 : 1e-5;
      EXPECT_LT(d.energy, allowed) << frame.size();
      EXPECT_LT(d.force, allowed) << frame.size();
      EXPECT_LT(d.virial, allowed) << frame.size();
    }
  }
}

ZENER_DEVICE_TEST_F(Nep, RunsAllElementsOfUnep, NepTest) {
  const auto potential = test::shared_file(kUnep);
  if (potential.empty()) {
    GTEST_SKIP() << kNoUnep;
  }
  const auto model = read_nep(potential);
  ASSERT_EQ(model->elements().size(), 16u);
  // All elements side by side, some pairs close enough for the repulsion.
  Atoms atoms = cluster(kDebugDevice ? 20 : 32, 9.0, 1.5, model->elements(), 4);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    atoms.type[i] = static_cast<std::int32_t>(i % 16);
  }
  expect_oracle(queue(), model->numbers(), atoms, 1e-11, 1e-5);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
