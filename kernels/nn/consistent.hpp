// Barriers with one state energy behind them, exactly consistent:
//   E = S + dE/2,   dE = F(after) - F(before) + sum_k g(B, s_k before) - g(B, s_k after),   g(B, s) = e(B, s) - e(vacancy, s)
// S: a tied network on the 81 sites around the jump, the same for the jump and its reverse; F: one on the first shells around
// the vacancy, tied over all 48 operations; pair terms over shells of the jumping atom B (site_symmetry.hpp, site_network.hpp;
// pair energies as in kmc/models.hpp).
//
// F is read in the frame of the lattice at all 9 places (the vacancy and where it may go), so a state's F has the same bits
// whichever jump asks. S, F and pair energies are rounded to 2^-40 eV before they are added as integers: barriers of equivalent
// jumps are equal and changes of energy around a loop sum to zero, to the last bit. An ensemble is one more such model: S, F
// and each pair energy are means over the members, rounded to an integer once (mean_units); its spread is that of the members'
// barriers.
//
// Lattice: BccLattice where state and pair shells lie within three, BccFarLattice for five, BccWideLattice for eight. Parallel:
// columns of site_network.hpp (8 of S, 9 of F an environment), then environment x species, environment x path. Operations a hop
// for 32 jump units (81 sites, 12 operations), 8 state units (26, 58 or 112 sites, 48 operations), 64-64-1 and 32-1: 0.25 +
// 0.09 (0.20, 0.39) million additions, of which the share of sites with another species than the first is done, and 0.05
// million multiply-adds; 1.018 MFLOP in mlp.hpp. Errors: a barrier that is not finite, or of which a part is beyond 2^20 eV
// (divided by the members of an ensemble), is NaN.
#pragma once

#include "kernels/kmc/energy_unit.hpp"
#include "kernels/lattice/lattices.hpp"
#include "kernels/lattice/tables.hpp"
#include "kernels/nn/ensemble.hpp"
#include "kernels/nn/site_network.hpp"

#include <cmath>
#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kStateShells = 8;

// Pair energies and what is seen of a state: the parts that need no precision.
struct ConsistentView {
  View<const std::int32_t, 2> jump_sites; // [path][81]: input k of S is this site
  View<const std::int32_t, 2>
      state_sites; // [1 + path][sites of the shells]: sites around the vacancy, then around where it goes
  // g: [member][shell][species][species + 1], units of kEnergyUnit_eV; of an ensemble the mean stands behind the members.
  View<const std::int64_t, 4> difference;
  int pair_sites;
  int shell_end[kStateShells]; // of the pair shells
  int species;
  bool has_state;
};

template <class L, class T, int Tile> struct ConsistentBarriers {
  using Lattice = L;
  using Stored = double; // sums of integers are finer than float
  static constexpr int E = L::kEnvironment;
  static constexpr int P = L::kJumps;
  static constexpr int kStates = P + 1;
  static constexpr int kStateSide = 3; // columns a lane owns in F's dense layers
  static constexpr int kSites = E;
  static constexpr int kMaxLanes = kNetworkLanes;
  SiteNetworkView<T> jump;
  SiteNetworkView<T> state;
  ConsistentView tables;
  int members;

  struct Scratch {
    SiteScratch<T> columns;
    View<double, 1> saddle;               // [row][path], eV
    View<double, 1> energy;               // [row][1 + path], eV
    View<std::int64_t, 1> around_vacancy; // [row][species]
    // Of an ensemble: barriers in eV [member][row][path]; sums over the members of S and of F before and after [3][row][path].
    View<double, 1> value;
    View<std::int64_t, 1> sum;
  };
  ZENER_HOST_FN int ensemble_columns(int most) const { return members > 1 ? most * P : 0; }
  ZENER_HOST_FN SiteScratchSizes sizes(int most) const {
    const SiteScratchSizes jumps = site_scratch_sizes(jump, std::int64_t{most} * P);
    return tables.has_state ? larger(jumps, site_scratch_sizes(state, std::int64_t{most} * kStates)) : jumps;
  }
  std::size_t scratch(int most) const {
    return site_scratch_bytes<T>(sizes(most)) + scratch_bytes<double>(most * P) + scratch_bytes<double>(most * kStates) +
           scratch_bytes<std::int64_t>(most * kMaxSpecies) + scratch_bytes<double>(members * ensemble_columns(most)) +
           scratch_bytes<std::int64_t>(3 * ensemble_columns(most));
  }
  ZENER_FN Scratch take_scratch(Team &team, int most) const {
    return {take_site_scratch<T>(team, sizes(most)),
            team.scratch<double>(most * P),
            team.scratch<double>(most * kStates),
            team.scratch<std::int64_t>(most * kMaxSpecies),
            team.scratch<double>(members * ensemble_columns(most)),
            team.scratch<std::int64_t>(3 * ensemble_columns(most))};
  }

  // codes [.][E] -> barrier_eV [.][8] and, of an ensemble, its spread [.][8], of the environments rows[0..n).
  ZENER_FN void operator()(Team &team, const std::int32_t *rows, int n, View<const std::uint8_t, 1> codes,
                           View<double, 1> barrier, View<double, 1> spread, const Scratch &own) const {
    const std::uint8_t *bytes = codes.data();
    const ConsistentView &t = tables;
    double *saddle = own.saddle.data();
    double *energy = own.energy.data();
    const std::int32_t *jump_sites = t.jump_sites.data();
    const int jump_inputs = static_cast<int>(t.jump_sites.extent(1));
    const std::int32_t *state_sites = t.state_sites.data();
    const int around = static_cast<int>(t.state_sites.extent(1));
    const int passes = members > 1 ? members + 1 : 1; // the last of several is the mean
    for (int member = 0; member < passes; ++member) {
      if (member < members) {
        site_network<Tile, P>(
            team, jump, member, n, own.columns,
            [=](int c) {
              return SiteColumn{bytes + rows[c / P] * E, jump_sites + c % P * jump_inputs};
            },
            [=](int c, T value) { saddle[c] = static_cast<double>(value); });
        if (t.has_state) {
          site_network<Tile, kStateSide>(
              team, state, member, n * (kStates / kStateSide), own.columns,
              [=](int c) {
                return SiteColumn{bytes + rows[c / kStates] * E, state_sites + c % kStates * around};
              },
              [=](int c, T value) { energy[c] = static_cast<double>(value); });
        }
      }
      add_pairs_and_states(team, member, rows, n, codes, barrier, own);
    }
    if (members > 1) {
      const double *value = own.value.data();
      const int count = members;
      team.for_each(n, P, [=](int i, int path) {
        const bool jumps = bytes[rows[i] * E + path] != 0;
        spread[rows[i] * P + path] = jumps ? mean_and_spread(value + i * P + path, std::int64_t{n} * P, count).spread : 0.0;
      });
    }
  }

private:
  // Barriers from S, F and pair energies: of a single network into `barrier`; of a member of an ensemble into own.value, with
  // S and F added up; of member == members, the mean, into `barrier`.
  ZENER_FN void add_pairs_and_states(Team &team, int member, const std::int32_t *rows, int n, View<const std::uint8_t, 1> codes,
                                     View<double, 1> barrier, const Scratch &own) const {
    const std::uint8_t *bytes = codes.data();
    const ConsistentView &t = tables;
    const double *saddle = own.saddle.data();
    const double *energy = own.energy.data();
    std::int64_t *around_vacancy = own.around_vacancy.data();
    const std::int32_t *state_sites = t.state_sites.data();
    const int around = static_cast<int>(t.state_sites.extent(1));
    const std::int64_t *difference =
        t.difference.data() + std::int64_t{member} * t.difference.extent(1) * t.species * (t.species + 1);
    const int count = members;
    const double times = count; // sums over members must fit too
    const int columns = n * P;
    double *value = count > 1 ? own.value.data() + std::int64_t{member} * columns : nullptr;
    std::int64_t *sums = own.sum.data();
    team.for_each(n, t.species, [=, &t](int i, int b) {
      const std::uint8_t *code = bytes + rows[i] * E;
      const std::int64_t *g = difference + b * (t.species + 1);
      std::int64_t sum = 0;
      for (int m = 0, shell = 0; m < t.pair_sites; ++shell, g += t.species * (t.species + 1)) {
        for (; m < t.shell_end[shell]; ++m) {
          sum += g[code[m]];
        }
      }
      around_vacancy[i * kMaxSpecies + b] = sum;
    });
    team.for_each(n, P, [=, &t](int i, int path) {
      const std::uint8_t *code = bytes + rows[i] * E;
      double &to = member < count && count > 1 ? value[i * P + path] : barrier[rows[i] * P + path];
      const int b = code[path] - 1;
      if (b < 0) { // another vacancy: there is no jump
        to = HUGE_VAL;
        return;
      }
      // The jumping atom itself is among the neighbours before and after, in the first shell: it cancels.
      const std::int32_t *site = state_sites + (1 + path) * around;
      const std::int64_t *g = difference + b * (t.species + 1);
      std::int64_t change = around_vacancy[i * kMaxSpecies + b];
      for (int m = 0, shell = 0; m < t.pair_sites; ++shell, g += t.species * (t.species + 1)) {
        for (; m < t.shell_end[shell]; ++m) {
          change -= g[code[site[m]]];
        }
      }
      std::int64_t units[3]; // S, F before and after
      if (member < count) {
        const double top = saddle[i * P + path];
        const double before = t.has_state ? energy[i * kStates] : 0.0;
        const double after = t.has_state ? energy[i * kStates + 1 + path] : 0.0;
        if (!(fits_energy_units(times * before) && fits_energy_units(times * after) && fits_energy_units(times * top))) {
          to = NAN;
          return;
        }
        units[0] = energy_units(top);
        units[1] = energy_units(before);
        units[2] = energy_units(after);
        for (int j = 0; j < 3 && count > 1; ++j) {
          std::int64_t &sum = sums[j * columns + i * P + path];
          sum = member == 0 ? units[j] : sum + units[j];
        }
      } else {
        for (int m = 1; m <= count; ++m) { // the barrier of a member that is no number makes the mean none
          if (!(value[i * P + path - std::int64_t{m} * columns] < HUGE_VAL)) {
            to = NAN;
            return;
          }
        }
        for (int j = 0; j < 3; ++j) {
          units[j] = mean_units(sums[j * columns + i * P + path], count);
        }
      }
      change += units[2] - units[1];
      to = static_cast<double>(2 * units[0] + change) * (0.5 * kEnergyUnit_eV);
    });
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
