// Equilibrium and elastic constants against crystals that can be worked out by hand, and energies of strained cells.
#include "apps/zener/statics.hpp"
#include "tests/neutral/support.hpp"
#include "tests/support/pair_batch.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace zener::test {
namespace {

Atoms crystal(const Matrix3 &cell, const std::vector<Vector3> &fractions) {
  Atoms atoms;
  atoms.cell.vectors = cell;
  atoms.elements = {"Xe"};
  for (const Vector3 &f : fractions) {
    atoms.type.push_back(0);
    atoms.position_A.push_back(times(f, cell));
  }
  return atoms;
}

Atoms fcc(double a) {
  return crystal({{{a, 0, 0}, {0, a, 0}, {0, 0, a}}}, {{0, 0, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0}});
}

Atoms hcp(double a, double c) {
  return crystal({{{a, 0, 0}, {-0.5 * a, std::sqrt(0.75) * a, 0}, {0, 0, c}}}, {{0, 0, 0}, {1.0 / 3.0, 2.0 / 3.0, 0.5}});
}

MakeAtoms maker(const PairLaw &law) {
  return [law](std::vector<Atoms> systems) { return std::make_unique<PairBatch>(std::move(systems), law); };
}

RelaxPlan tight() {
  RelaxPlan plan;
  plan.force_tolerance_eV_A = 1e-9;
  plan.max_steps = 100000;
  return plan;
}

double energy_of(const PairLaw &law, const Atoms &atoms) { return PairBatch({atoms}, law).evaluate().energy_eV[0]; }

// Energy of a two-atom cell with its second atom at rest: Newton's method on energies alone.
double rest_energy(const PairLaw &law, Atoms atoms) {
  const double h = 1e-4;
  const auto at = [&](const Vector3 &u) {
    Atoms moved = atoms;
    for (std::size_t d = 0; d < 3; ++d) {
      moved.position_A[1][d] += u[d];
    }
    return energy_of(law, moved);
  };
  Vector3 u{};
  for (int step = 0; step < 6; ++step) {
    Vector3 g{};
    Matrix3 hessian{};
    const auto moved = [&](std::size_t p, double a, std::size_t q, double b) {
      Vector3 v = u;
      v[p] += a;
      v[q] += b;
      return at(v);
    };
    for (std::size_t p = 0; p < 3; ++p) {
      g[p] = (moved(p, h, p, 0) - moved(p, -h, p, 0)) / (2 * h);
      for (std::size_t q = 0; q < 3; ++q) {
        hessian[p][q] = (moved(p, h, q, h) - moved(p, h, q, -h) - moved(p, -h, q, h) + moved(p, -h, q, -h)) / (4 * h * h);
      }
    }
    const Vector3 change = times(g, inverse(hessian));
    for (std::size_t d = 0; d < 3; ++d) {
      u[d] -= change[d];
    }
  }
  return at(u);
}

// C_ij from the energies of strained cells alone.
double curvature_GPa(const std::function<double(const Atoms &)> &energy, const Atoms &atoms, int i, int j) {
  const double h = 2e-3;
  const auto at = [&](double a, double b) {
    Voigt strain{};
    strain[static_cast<std::size_t>(i)] += a;
    strain[static_cast<std::size_t>(j)] += b;
    return energy(strained(atoms, strain_tensor(strain)));
  };
  return (at(h, h) - at(h, -h) - at(-h, h) + at(-h, -h)) / (4 * h * h) / volume(atoms.cell) * kGPa_per_eV_A3;
}

TEST(ElasticTensor, EigenvaluesInverseAndAverages) {
  // Isotropic: Voigt, Reuss and Hill agree, and no anisotropy is left.
  const double lambda = 60.0;
  const double mu = 40.0;
  Matrix6 c{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      c[i][j] = lambda + (i == j ? 2.0 * mu : 0.0);
    }
    c[i + 3][i + 3] = mu;
  }
  const auto isotropic = polycrystal(c);
  ASSERT_TRUE(isotropic);
  EXPECT_NEAR(isotropic->bulk_hill, lambda + 2.0 * mu / 3.0, 1e-10);
  EXPECT_NEAR(isotropic->shear_voigt, mu, 1e-10);
  EXPECT_NEAR(isotropic->shear_reuss, mu, 1e-10);
  EXPECT_NEAR(isotropic->poisson, lambda / (2.0 * (lambda + mu)), 1e-12);
  EXPECT_NEAR(isotropic->young, mu * (3.0 * lambda + 2.0 * mu) / (lambda + mu), 1e-10);
  EXPECT_NEAR(isotropic->universal_anisotropy, 0.0, 1e-12);
  EXPECT_NEAR(cubic_constants(c).zener_anisotropy(), 1.0, 1e-12);
  const Eigen6 e = eigen(c);
  EXPECT_NEAR(e.values[0], mu, 1e-10);
  EXPECT_NEAR(e.values[5], 3.0 * lambda + 2.0 * mu, 1e-10);

  // A full matrix: M = V^T diag V and M M^-1 = 1.
  Matrix6 m{};
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      m[i][j] = std::cos(static_cast<double>(i * j) + 0.3 * static_cast<double>(i + j)) + (i == j ? 3.0 : 0.0);
    }
  }
  const Eigen6 full = eigen(m);
  const auto inverted = inverse(m);
  ASSERT_TRUE(inverted);
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      double rebuilt = 0.0;
      double unit = 0.0;
      for (std::size_t k = 0; k < 6; ++k) {
        rebuilt += full.vectors[k][i] * full.values[k] * full.vectors[k][j];
        unit += m[i][k] * (*inverted)[k][j];
      }
      EXPECT_NEAR(rebuilt, m[i][j], 1e-12);
      EXPECT_NEAR(unit, i == j ? 1.0 : 0.0, 1e-12);
    }
  }
  m[3] = m[4];
  EXPECT_FALSE(inverse(m)) << "two rows alike";
}

TEST(ElasticTensor, SymmetryIsSeen) {
  Matrix6 c{};
  for (std::size_t i = 0; i < 3; ++i) {
    c[i] = {100, 100, 100, 0, 0, 0};
    c[i][i] = 200;
    c[i + 3][i + 3] = 90;
  }
  EXPECT_EQ(elastic_symmetry(c, 1e-3), ElasticSymmetry::cubic);
  c[2][2] = 220;
  EXPECT_EQ(elastic_symmetry(c, 1e-3), ElasticSymmetry::tetragonal);
  c[5][5] = 50;
  EXPECT_EQ(elastic_symmetry(c, 1e-3), ElasticSymmetry::hexagonal);
  c[0][0] = 210;
  EXPECT_EQ(elastic_symmetry(c, 1e-3), ElasticSymmetry::orthorhombic);
  c[0][5] = c[5][0] = 5;
  EXPECT_EQ(elastic_symmetry(c, 1e-3), ElasticSymmetry::lower);
}

// Springs to the 12 neighbours at rest: C11 = sqrt(2) k / r0, C12 = C44 = C11 / 2, from the sum k r^2 n_i n_j n_k n_l / 2
// Omega.
TEST(Elastic, FccOfSpringsByHand) {
  const double r0 = 2.8;
  const double k = 3.0;
  const PairLaw law = springs(r0, k, 0.3);
  EquilibriumPlan plan;
  plan.tolerance_GPa = 1e-9;
  plan.relax = tight();
  for (const CellFreedom freedom : {CellFreedom::isotropic, CellFreedom::axes, CellFreedom::full}) {
    plan.freedom = freedom;
    Atoms start = fcc(std::sqrt(2.0) * r0 * 1.04);
    if (freedom != CellFreedom::isotropic) {
      start = strained(start, strain_tensor(0, -0.03));
    }
    if (freedom == CellFreedom::full) {
      start = strained(start, strain_tensor(Voigt{0, 0, 0, 0.02, -0.01, 0.015}));
    }
    const Equilibrium rest = find_equilibrium(maker(law), start, plan);
    EXPECT_NEAR(volume(rest.atoms.cell), 2.0 * std::sqrt(2.0) * r0 * r0 * r0, 1e-7);
    EXPECT_NEAR(rest.state.energy_eV, -4 * 6 * 0.3, 1e-10);
    EXPECT_LE(rest.iterations, 12);
  }
  ElasticPlan elastic;
  elastic.relax = tight();
  const ElasticConstants found = elastic_constants(maker(law), fcc(std::sqrt(2.0) * r0), elastic);
  const double c11 = std::sqrt(2.0) * k / r0 * kGPa_per_eV_A3;
  EXPECT_FALSE(found.atoms_relaxed) << "every atom is a centre of inversion";
  EXPECT_EQ(elastic_symmetry(found.c_GPa, 1e-4), ElasticSymmetry::cubic);
  const CubicConstants cubic = cubic_constants(found.c_GPa);
  EXPECT_NEAR(cubic.c11, c11, 2e-5 * c11);
  EXPECT_NEAR(cubic.c12, 0.5 * c11, 2e-5 * c11);
  EXPECT_NEAR(cubic.c44, 0.5 * c11, 2e-5 * c11);
  EXPECT_NEAR(cubic.zener_anisotropy(), 2.0, 1e-4);
  EXPECT_LT(found.asymmetry_GPa, 1e-5 * c11);
}

TEST(Elastic, HcpRelaxesItsAtoms) {
  const double r0 = 2.8;
  const PairLaw law = springs(r0, 3.0, 0.3);
  const Atoms rest = hcp(r0, std::sqrt(8.0 / 3.0) * r0);
  ElasticPlan plan;
  plan.relax = tight();
  const ElasticConstants found = elastic_constants(maker(law), rest, plan);
  EXPECT_TRUE(found.atoms_relaxed);
  EXPECT_EQ(elastic_symmetry(found.c_GPa, 1e-4), ElasticSymmetry::hexagonal);
  const auto free = [&](const Atoms &atoms) { return rest_energy(law, atoms); };
  const auto clamped = [&](const Atoms &atoms) { return energy_of(law, atoms); };
  for (const auto &[i, j] : {std::pair{0, 0}, {0, 1}, {0, 2}, {2, 2}, {3, 3}, {5, 5}}) {
    const auto r = static_cast<std::size_t>(i);
    const auto c = static_cast<std::size_t>(j);
    EXPECT_NEAR(found.c_GPa[r][c], curvature_GPa(free, rest, i, j), 0.02) << i << " " << j;
    EXPECT_NEAR(found.clamped_GPa[r][c], curvature_GPa(clamped, rest, i, j), 0.02) << i << " " << j;
  }
  EXPECT_GT(found.clamped_GPa[0][0], found.c_GPa[0][0] + 5.0) << "relaxation softens";
  plan.atoms = AtomRelaxation::never;
  EXPECT_NEAR(elastic_constants(maker(law), rest, plan).c_GPa[0][0], found.clamped_GPa[0][0], 1e-9);
}

TEST(Elastic, EquilibriumUnderPressureHasTheBulkModulus) {
  const PairLaw law = lennard_jones(0.02, 3.4, 7.5);
  EquilibriumPlan plan;
  plan.tolerance_GPa = 1e-8;
  plan.relax = tight();
  const Equilibrium free = find_equilibrium(maker(law), fcc(5.6), plan);
  EXPECT_NEAR(free.state.stress()[0], 0.0, 1e-7);
  plan.pressure_GPa = 0.02;
  const Equilibrium pressed = find_equilibrium(maker(law), free.atoms, plan);
  EXPECT_NEAR(pressed.state.stress()[0], -0.02, 1e-7);
  ElasticPlan elastic;
  elastic.relax = tight();
  const CubicConstants cubic = cubic_constants(elastic_constants(maker(law), free.atoms, elastic).c_GPa);
  const double bulk = -0.02 / (pressed.state.volume_A3 / free.state.volume_A3 - 1.0);
  EXPECT_NEAR(cubic.bulk(), bulk, 0.05 * bulk) << "a secant over a finite pressure";
  EXPECT_NEAR(cubic.c12 / cubic.c44, 1.0, 1e-3) << "Cauchy's relation of central forces";
}

TEST(Elastic, WhatCannotBeIsSaid) {
  const PairLaw law = springs(2.8, 3.0, 0.3);
  EquilibriumPlan plan;
  plan.pressure_GPa = 500.0; // the springs give way
  expect_error<DataError>([&] { find_equilibrium(maker(law), fcc(3.96), plan); }, {"collapses", "volume"});
  plan.pressure_GPa = -100.0; // and tear
  expect_error<DataError>([&] { find_equilibrium(maker(law), fcc(3.96), plan); }, {"falls apart"});
  Atoms slab = fcc(3.96);
  slab.cell.periodic[2] = false;
  expect_error<DataError>([&] { elastic_constants(maker(law), slab, {}); }, {"periodic", "along c"});
  expect_error<DataError>([&] { find_equilibrium(maker(law), slab, {}); }, {"periodic", "along c"});
  ElasticPlan few;
  few.relax = tight();
  few.relax.max_steps = 2;
  expect_error<DataError>([&] { elastic_constants(maker(law), hcp(2.8, 4.57), few); }, {"did not relax", "2 steps"});
}

} // namespace
} // namespace zener::test
