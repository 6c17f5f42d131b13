#include "tests/reference/pair.hpp"

#include <algorithm>
#include <cmath>

namespace zener::reference {
namespace {

// Six points: the error is h^6/140 of the seventh derivative, and rounding 2e-13 of the energy per A.
double slope(const PairFunctions &f, int a, int b, double r) {
  const double h = 1e-3;
  const auto at = [&](double k) { return f.energy(a, b, r + k * h); };
  return (45.0 * (at(1) - at(-1)) - 9.0 * (at(2) - at(-2)) + (at(3) - at(-3))) / (60.0 * h);
}

} // namespace

PotentialResult pair_sums(const PairFunctions &functions, const Atoms &atoms) {
  PotentialResult result;
  result.energies.assign(atoms.size(), 0.0);
  result.forces.assign(atoms.size(), Vector3{});
  double longest = 0.0;
  for (std::size_t a = 0; a < atoms.elements.size(); ++a) {
    for (std::size_t b = 0; b < atoms.elements.size(); ++b) {
      longest = std::max(longest, functions.cutoff_A(static_cast<int>(a), static_cast<int>(b)));
    }
  }
  // Images up to where any atom can reach: the cell's thinnest side and the spread of the atoms bound them.
  const Matrix3 &cell = atoms.cell.vectors;
  const double volume = std::abs(determinant(cell));
  int images[3] = {0, 0, 0};
  for (std::size_t k = 0; k < 3; ++k) {
    if (atoms.cell.periodic[k]) {
      const Vector3 &p = cell[(k + 1) % 3];
      const Vector3 &q = cell[(k + 2) % 3];
      const Vector3 n{p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]};
      const double thickness = volume / std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
      images[k] = static_cast<int>(longest / thickness) + 2;
    }
  }
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    for (std::size_t j = 0; j < atoms.size(); ++j) {
      const int a = atoms.type[i];
      const int b = atoms.type[j];
      for (int x = -images[0]; x <= images[0]; ++x) {
        for (int y = -images[1]; y <= images[1]; ++y) {
          for (int z = -images[2]; z <= images[2]; ++z) {
            if (i == j && x == 0 && y == 0 && z == 0) {
              continue;
            }
            Vector3 d{};
            for (std::size_t k = 0; k < 3; ++k) {
              d[k] = atoms.position_A[j][k] - atoms.position_A[i][k] + x * cell[0][k] + y * cell[1][k] + z * cell[2][k];
            }
            const double r = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
            if (r >= functions.cutoff_A(a, b)) {
              continue;
            }
            const double energy = functions.energy(a, b, r);
            const double push = slope(functions, a, b, r) / r;
            result.energies[i] += 0.5 * energy;
            result.energy += 0.5 * energy;
            for (std::size_t k = 0; k < 3; ++k) {
              result.forces[i][k] += push * d[k];
              for (std::size_t l = 0; l < 3; ++l) {
                result.virial[k][l] -= 0.5 * push * d[k] * d[l];
              }
            }
          }
        }
      }
    }
  }
  return result;
}

} // namespace zener::reference
