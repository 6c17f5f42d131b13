// Relaxation of many systems at once by L-BFGS, without a line search: steps are cut at a length instead.
//
// Liu, Nocedal, Math. Program. 45, 503 (1989), in the vector-free form of Chen, Wang, Zhou, NIPS 27 (2014): the direction is a
// combination of the 2 m + 1 vectors s_1 … s_m, y_1 … y_m, g, and its coefficients follow from their dot products alone. A step
// is one pass that stores the newest s and y, one that sums 3 (2 m + 1) products (teams of 128 lanes over blocks of 1,024
// atoms, then over the blocks: a tree fixed by the number of atoms), the recursion by one lane a system, and the move.
// Coordinates and the cell's share as in relax.hpp. 13 vectors of 24 bytes an atom are read for each step.
//
// A system begins anew with steepest descent when its curvature s.y is not positive or the direction does not point downhill.
#pragma once

#include "kernels/dynamics/relax.hpp"
#include "kernels/dynamics/sums.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kHistory = 6;
inline constexpr int kBasis = 2 * kHistory + 1; // s, y, g
inline constexpr int kProducts = 3 * kBasis;    // of the newest s, the newest y and g with all

struct LbfgsState {
  std::int64_t pairs; // stored so far, at most kHistory in use; below 0 before the first forces
  double gram[kBasis][kBasis];
  double coefficient[kBasis]; // of the next move
  double cell[kBasis][6];     // the cell's components of the basis
  double move[6];             // made last
};

ZENER_FN int next_slot(const LbfgsState &s) { return s.pairs > 0 ? static_cast<int>(s.pairs % kHistory) : 0; }

// Newest s and y of the atoms; g = -F at the end of the basis.
struct LbfgsStore {
  DynamicsView atoms;
  View<const LbfgsState, 1> state;
  View<double, 2> basis;      // [3 kBasis][N]
  View<const double, 2> made; // [3][N] the move that led here
  ZENER_FN void operator()(std::int64_t i) const {
    if (atoms.request[0] != 0) {
      return;
    }
    const int slot = next_slot(state[atoms.site[i].system]);
    for (int d = 0; d < 3; ++d) {
      const double g = -atoms.force(d, i);
      basis(3 * slot + d, i) = made(d, i);
      basis(3 * (kHistory + slot) + d, i) = g - basis(3 * (kBasis - 1) + d, i);
      basis(3 * (kBasis - 1) + d, i) = g;
    }
  }
};

// One team's share of the products of one system; see SumBlocks in sums.hpp.
struct LbfgsProducts {
  View<const double, 2> basis;
  View<const Site, 1> site;
  View<const LbfgsState, 1> state;
  View<const std::int64_t, 1> begin;
  View<double, 2> to; // [blocks][kProducts]
  View<const std::int32_t, 1> halted;

  static constexpr std::size_t scratch() { return scratch_bytes<double>(kProducts * kSumLanes); }

  ZENER_FN void operator()(Team &team) const {
    if (halted[0] != 0) {
      return;
    }
    const View<double, 1> partial = team.scratch<double>(kProducts * kSumLanes);
    const std::int64_t block = team.index();
    const std::int64_t first = begin[block], end = begin[block + 1];
    const int slot = next_slot(state[site[first].system]);
    const int rows[3] = {slot, kHistory + slot, kBasis - 1};
    const LbfgsProducts &self = *this;
    team.for_each(kProducts, kSumLanes, [&](int product, int lane) {
      const int a = 3 * rows[product / kBasis], b = 3 * (product % kBasis);
      double sum = 0.0;
      for (std::int64_t i = first + lane; i < end; i += kSumLanes) {
        for (int d = 0; d < 3; ++d) {
          sum += self.basis(a + d, i) * self.basis(b + d, i);
        }
      }
      partial[product * kSumLanes + lane] = sum;
    });
    for (int half = kSumLanes / 2; half > 0; half /= 2) {
      team.for_each(kProducts, half, [&](int product, int lane) {
        partial[product * kSumLanes + lane] += partial[product * kSumLanes + lane + half];
      });
    }
    team.for_each(kProducts, [&](int product) { self.to(block, product) = partial[product * kSumLanes]; });
  }
};

struct LbfgsUpdate {
  RelaxSettings run;
  DynamicsView atoms;
  View<RelaxState, 1> relax;
  View<LbfgsState, 1> state;
  View<const double, 2> products;              // [blocks][kProducts]
  View<const std::int64_t, 1> block_of_system; // [K + 1]
  ZENER_FN void operator()(std::int64_t k) const {
    if (atoms.request[0] != 0) {
      return;
    }
    RelaxState &r = relax[k];
    LbfgsState &s = state[k];
    double pull[6];
    r.converged = relax_converged(run, atoms, k, pull) ? 1 : 0;
    for (int c = 0; c < 6; ++c) {
      r.strain[c] = 0.0;
    }
    if (r.converged != 0) {
      r.dt = -1.0;
      return;
    }
    r.dt = 1.0;
    r.steps += 1;

    const int slot = next_slot(s);
    const int rows[3] = {slot, kHistory + slot, kBasis - 1};
    for (int c = 0; c < 6; ++c) {
      s.cell[slot][c] = s.move[c];
      s.cell[kHistory + slot][c] = -pull[c] - s.cell[kBasis - 1][c];
      s.cell[kBasis - 1][c] = -pull[c];
    }
    for (int row = 0; row < 3; ++row) {
      for (int b = 0; b < kBasis; ++b) {
        double sum = 0.0;
        for (std::int64_t block = block_of_system[k]; block < block_of_system[k + 1]; ++block) {
          sum += products(block, row * kBasis + b);
        }
        for (int c = 0; c < 6; ++c) {
          sum += (c < 3 ? 1.0 : 2.0) * s.cell[rows[row]][c] * s.cell[b][c];
        }
        s.gram[rows[row]][b] = s.gram[b][rows[row]] = sum;
      }
    }
    // The first time there is no move to learn from; later its curvature must be positive.
    const double curvature = s.gram[slot][kHistory + slot];
    const bool first = s.pairs < 0;
    if (first || !(curvature > 1e-10 * s.gram[slot][slot])) {
      s.pairs = 0;
    } else {
      s.pairs += 1;
    }
    direction(s);
    double slope = 0.0;
    for (int b = 0; b < kBasis; ++b) {
      slope += s.coefficient[b] * s.gram[b][kBasis - 1];
    }
    if (!(slope < 0.0)) {
      s.pairs = 0;
      direction(s);
    }
    if (run.cell != kCellFixed) {
      const double n = static_cast<double>(atoms.begin[k + 1] - atoms.begin[k]);
      double largest = 0.0;
      for (int c = 0; c < 6; ++c) {
        double move = 0.0;
        for (int b = 0; b < kBasis; ++b) {
          move += s.coefficient[b] == 0.0 ? 0.0 : s.coefficient[b] * s.cell[b][c];
        }
        s.move[c] = move;
        const double size = move < 0.0 ? -move : move;
        largest = size > largest ? size : largest;
      }
      constexpr double kLargestStrain = 0.01;
      const double shorten = largest > kLargestStrain * n ? kLargestStrain * n / largest : 1.0;
      for (int c = 0; c < 6; ++c) {
        s.move[c] *= shorten;
        r.strain[c] = s.move[c] / n;
      }
    }
  }

  // The two-loop recursion on coefficients; pairs stand at slots (pairs - 1) % kHistory, the newest, and before.
  static ZENER_FN void direction(LbfgsState &s) {
    for (int b = 0; b < kBasis; ++b) {
      s.coefficient[b] = 0.0;
    }
    const int used = s.pairs < kHistory ? static_cast<int>(s.pairs) : kHistory;
    s.coefficient[kBasis - 1] = -1.0;
    if (used == 0) {
      s.coefficient[kBasis - 1] = -1.0 / 70.0; // A^2/eV: atoms in a stiff metal
      return;
    }
    double alpha[kHistory];
    for (int back = 0; back < used; ++back) {
      const int j = static_cast<int>((s.pairs - 1 - back) % kHistory);
      double sum = 0.0;
      for (int b = 0; b < kBasis; ++b) {
        sum += s.coefficient[b] == 0.0 ? 0.0 : s.coefficient[b] * s.gram[b][j];
      }
      alpha[j] = sum / s.gram[j][kHistory + j];
      s.coefficient[kHistory + j] -= alpha[j];
    }
    const int newest = static_cast<int>((s.pairs - 1) % kHistory);
    const double scale = s.gram[newest][kHistory + newest] / s.gram[kHistory + newest][kHistory + newest];
    for (int b = 0; b < kBasis; ++b) {
      s.coefficient[b] *= scale;
    }
    for (int back = used - 1; back >= 0; --back) {
      const int j = static_cast<int>((s.pairs - 1 - back) % kHistory);
      double sum = 0.0;
      for (int b = 0; b < kBasis; ++b) {
        sum += s.coefficient[b] == 0.0 ? 0.0 : s.coefficient[b] * s.gram[b][kHistory + j];
      }
      s.coefficient[j] += alpha[j] - sum / s.gram[j][kHistory + j];
    }
  }
};

struct LbfgsMove {
  RelaxSettings run;
  DynamicsView atoms;
  View<const RelaxState, 1> relax;
  View<const LbfgsState, 1> state;
  View<const double, 2> basis;
  View<double, 2> made;
  ZENER_FN void operator()(std::int64_t i) const {
    if (atoms.halted[0] != 0) {
      return;
    }
    const std::int32_t system = atoms.site[i].system;
    const LbfgsState &s = state[system];
    double move[3] = {0.0, 0.0, 0.0};
    if (relax[system].dt > 0.0) {
      double length = 0.0;
      for (int d = 0; d < 3; ++d) {
        for (int b = 0; b < kBasis; ++b) {
          move[d] += s.coefficient[b] == 0.0 ? 0.0 : s.coefficient[b] * basis(3 * b + d, i);
        }
        length += move[d] * move[d];
      }
      length = sqrt(length);
      const double shorten = length > run.largest_move_A ? run.largest_move_A / length : 1.0;
      for (int d = 0; d < 3; ++d) {
        move[d] *= shorten;
      }
      relax_place(run, atoms, relax[system], i, move);
    }
    for (int d = 0; d < 3; ++d) {
      made(d, i) = move[d];
    }
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
