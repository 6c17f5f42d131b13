// Barrier models without a network, in the shape that the walker kernel expects of every model (the others stand in nn/):
//   Lattice                                  the lattice it is for
//   kSites                                   environment sites it reads
//   Stored                                   of networks: a barrier as the memory of environments keeps it, without loss
//   scratch(rows), take_scratch(...)         its own scratch for so many environments at once
//   members                                  of networks: of the ensemble, 1 for a single network
//   operator()(team, rows, n, codes, barrier_eV, spread_eV, scratch)
//                                            barriers [.][P] of the n environments rows[0..n) of codes [.][E]; of an ensemble
//                                            the mean, and the spread over its members; else the spread has no elements
//
// ConstantBarrier: one value for every jump (exact random walks).
// PairKraBarriers: E_i = E_m(species of the jumping atom B) + (E_final - E_initial)/2 (Van der Ven, Ceder, Asta, Tepesch, Phys.
// Rev. B 64, 184307 (2001), doi:10.1103/PhysRevB.64.184307) with pair energies by shell and species. Moving B from n to v
// changes the energy by
//   sum_{j around v, j != n} g(B, s_j) - sum_{j around n, j != v} g(B, s_j),   g(B, s) = e(B, s) - e(vacancy, s).
// Energies are integers in units of 2^-40 eV, so that sums are exact in any order: forward and backward changes cancel to the
// last bit and the energy is a function of state. About 26 + 8 x 26 look-ups a hop of bcc for shells 1 to 3 (14 + 8 x 14 for
// two). Parallel: one lane for each environment and species, then one for each environment and path.
#pragma once

#include "kernels/exec/team.hpp"
#include "kernels/exec/view.hpp"
#include "kernels/kmc/energy_unit.hpp"
#include "kernels/lattice/lattices.hpp"
#include "kernels/lattice/tables.hpp"

#include <cmath>
#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

template <class L> struct ConstantBarriers {
  using Lattice = L;
  static constexpr int kSites = L::kJumps;
  static constexpr int kMaxLanes = 128;
  double barrier_eV;

  struct Scratch {};
  std::size_t scratch(int) const { return 0; }
  ZENER_FN Scratch take_scratch(Team &, int) const { return {}; }

  ZENER_FN void operator()(Team &team, const std::int32_t *rows, int n, View<const std::uint8_t, 1>, View<double, 1> barrier,
                           View<double, 1>, const Scratch &) const {
    const double value = barrier_eV;
    team.for_each(n, L::kJumps, [=](int i, int path) { barrier[rows[i] * L::kJumps + path] = value; });
  }
};

template <class L> struct PairKraBarriers {
  using Lattice = L;
  static constexpr int kSites = L::sites_around_jumps(3);
  static constexpr int kMaxLanes = 128;
  LatticeTablesView tables;
  View<const double, 1> migration_eV;     // [species]
  View<const std::int64_t, 3> difference; // g: [shell][species][species + 1], units of kEnergyUnit_eV
  int shells;
  int species;

  struct Scratch {
    View<std::int64_t, 1> around_vacancy; // [row][species]
  };
  std::size_t scratch(int most) const { return scratch_bytes<std::int64_t>(most * kMaxSpecies); }
  ZENER_FN Scratch take_scratch(Team &team, int most) const { return {team.scratch<std::int64_t>(most * kMaxSpecies)}; }

  ZENER_FN void operator()(Team &team, const std::int32_t *rows, int n, View<const std::uint8_t, 1> codes,
                           View<double, 1> barrier, View<double, 1>, const Scratch &own) const {
    const PairKraBarriers &model = *this;
    View<std::int64_t, 1> around_vacancy = own.around_vacancy;
    team.for_each(n, species, [=, &model](int i, int b) {
      const std::uint8_t *code = codes.data() + rows[i] * L::kEnvironment;
      const std::int64_t *g = &model.difference(0, b, 0);
      std::int64_t sum = 0;
      int m = 0;
      for (int shell = 0; shell < model.shells; ++shell, g += model.species * (model.species + 1)) {
        for (; m < L::shell_end(shell); ++m) {
          sum += g[code[m]];
        }
      }
      around_vacancy[i * kMaxSpecies + b] = sum;
    });
    team.for_each(n, L::kJumps, [=, &model](int i, int path) {
      const std::uint8_t *code = codes.data() + rows[i] * L::kEnvironment;
      const int b = code[path] - 1;
      if (b < 0) { // another vacancy: there is no jump
        barrier[rows[i] * L::kJumps + path] = HUGE_VAL;
        return;
      }
      const std::int32_t *around = &model.tables.around_jump(path, 0);
      const std::int64_t *g = &model.difference(0, b, 0);
      std::int64_t change = around_vacancy[i * kMaxSpecies + b] - g[b + 1]; // without the jumping atom itself
      int m = 0;
      for (int shell = 0; shell < model.shells; ++shell, g += model.species * (model.species + 1)) {
        for (; m < L::shell_end(shell); ++m) {
          change -= around[m] == kSelfSite ? 0 : g[code[around[m]]];
        }
      }
      barrier[rows[i] * L::kJumps + path] = model.migration_eV[b] + static_cast<double>(change) * (0.5 * kEnergyUnit_eV);
    });
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
