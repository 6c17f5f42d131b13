// Shells of neighbours of crystals against what is known of them, and bonds against a count by brute force.
#include "host/neutral/errors.hpp"
#include "host/neutral/shells.hpp"
#include "host/neutral/structure_builder.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace zener::test {
namespace {

Atoms crystal(const std::string &lattice, std::array<int, 3> cells, double displacement_A = 0.0) {
  StructureSpec spec;
  spec.lattice = lattice;
  spec.a_A = 3.0;
  spec.cells = cells;
  spec.composition = {{"Mo", 1.0}, {"Ta", 2.0}};
  spec.displacement_A = displacement_A;
  return build_structure(spec);
}

TEST(Shells, OfCrystals) {
  struct Known {
    const char *lattice;
    int cells, first, second; // neighbours
    double near, far;         // units of a
  };
  for (const Known &k : {Known{"bcc", 4, 8, 6, std::sqrt(0.75), 1.0}, Known{"fcc", 3, 12, 6, std::sqrt(0.5), 1.0},
                         Known{"sc", 5, 6, 12, 1.0, std::sqrt(2.0)}, Known{"hcp", 4, 12, 6, 1.0, std::sqrt(2.0)}}) {
    SCOPED_TRACE(k.lattice);
    const Atoms atoms = crystal(k.lattice, {k.cells, k.cells, k.cells}, 0.01);
    const std::vector<Shell> shells = shells_of(atoms, 2, "here");
    ASSERT_EQ(shells.size(), 2U);
    EXPECT_EQ(2 * shells[0].bonds.size(), k.first * atoms.size());
    EXPECT_EQ(2 * shells[1].bonds.size(), k.second * atoms.size());
    EXPECT_NEAR(shells[0].distance_A, 3.0 * k.near, 0.01);
    EXPECT_NEAR(shells[1].distance_A, 3.0 * k.far, 0.01);
  }
  EXPECT_TRUE(shells_of(crystal("bcc", {1, 1, 1}), 0, "here").empty());
}

TEST(Shells, BondsLikeBruteForce) {
  Atoms atoms = crystal("bcc", {3, 4, 5}, 0.02);
  for (std::size_t i = 0; i < atoms.size(); ++i) { // out of the cell, which changes nothing
    atoms.position_A[i][i % 3] += 9.0 * static_cast<double>(i % 2) * (i % 3 == 0 ? 1.0 : 0.0);
  }
  const std::vector<std::int64_t> counts = count_bonds(shells_of(atoms, 2, "here"), atoms.type, 2);
  std::vector<std::int64_t> expected(6, 0);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    for (std::size_t j = i + 1; j < atoms.size(); ++j) {
      double squared = 0.0;
      for (std::size_t d = 0; d < 3; ++d) {
        const double side = atoms.cell.vectors[d][d];
        double x = atoms.position_A[i][d] - atoms.position_A[j][d];
        x -= side * std::round(x / side);
        squared += x * x;
      }
      const double r = std::sqrt(squared);
      if (r < 3.6) { // between the second shell, 3.0, and the third, 4.24
        ++expected[(r < 2.8 ? 0U : 3U) + static_cast<std::size_t>(atoms.type[i] + atoms.type[j])];
      }
    }
  }
  EXPECT_EQ(counts, expected);
}

TEST(Shells, AlongFreeDirectionsAtomsEnd) {
  Atoms atoms = crystal("sc", {4, 4, 4});
  atoms.cell.periodic = {true, true, false};
  EXPECT_EQ(shells_of(atoms, 1, "here")[0].bonds.size(), 64U * 3 - 16U);
}

TEST(Shells, RefuseWhatHasNone) {
  EXPECT_THROW(shells_of(crystal("bcc", {4, 4, 4}, 0.3), 2, "here"), DataError);
  EXPECT_THROW(shells_of(crystal("bcc", {1, 4, 4}), 2, "here"), ConfigError);
}

} // namespace
} // namespace zener::test
