// Metropolis Monte Carlo of exchanges with a pair Hamiltonian, and with the state energy of the consistent network: the
// canonical reference of pair_kra and of that network (Metropolis et al., J. Chem. Phys. 21, 1087 (1953)).
//
//   E = 1/2 sum_shells sum_ij e(shell, s_i, s_j) + F(environment of the vacancy), vacancies a species (0) like the others; two
//   random sites a, b are exchanged with probability min(1, exp(-dE/kT)),
//   dE = sum_{j around a, j != b} e(s_b, s_j) - e(s_a, s_j) + the same with a, b swapped + dF
//
// Parallel: a team owns kTogether walkers for a chunk of trials. Phases of a trial: 1 draw (walker), 2 energy terms (walker x
// neighbour of either site), with F: the environment after the exchange (walker x site) and F where it changes
// (nn/site_network.hpp), 3 acceptance, exchange and counts (walker), 4 averages (walker x pair). Operations: two Philox blocks,
// one exponential, 2 x 26 look-ups for three shells of bcc. Bytes: 52 scattered from the occupancy. Limit: latency; with F its
// arithmetic in trials near the vacancy.
// Determinism: energies are integers in units of 2^-40 eV, draws depend on (seed, walker, trial) alone: the same bits for every
// team shape, chunk and backend. Averages count the state after each trial, accepted or not.
#include "kernels/kmc/exchange.hpp"
#include "kernels/core/exact_math.hpp"
#include "kernels/exec/philox.hpp"
#include "kernels/exec/random_streams.hpp"
#include "kernels/lattice/occupancy.hpp"

#include <type_traits>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kTogether = kGpuShapes ? 8 : 1;
constexpr int kLanes = kNetworkLanes;
constexpr std::int64_t kForbidden = std::int64_t{1} << 60; // an energy that is none

// Offsets of the first shells; bcc has all eight of its environment.
template <class L> ZENER_HOST_FN int shell_end(int shell) { return L::shell_end(shell); }
template <> ZENER_HOST_FN int shell_end<BccLattice>(int shell) {
  return shell < 3 ? BccLattice::shell_end(shell) : shell == 3 ? 50 : shell == 4 ? 58 : shell == 5 ? 64 : shell == 6 ? 88 : 112;
}

struct ExchangeState {
  double inverse_kT;
  std::int64_t energy;
  std::uint64_t accepted;
  std::uint64_t averaged_trials;
  std::int64_t state_energy; // F of the present state, units of kEnergyUnit_eV
  std::int64_t next_energy;  // F after the exchange
  std::int32_t site[2];
  std::int32_t code[2];
};

template <class State> struct StateScratch {};
template <class T> struct StateScratch<StateEnergy<T>> {
  SiteScratch<T> columns;
  View<std::uint8_t, 1> codes;   // [walker][site]: the environment of its vacancy
  View<std::int32_t, 1> changed; // walkers whose F is to be found; the last element counts
};
template <class T> std::size_t state_scratch(const StateEnergy<T> &state, int walkers) {
  return site_scratch_bytes<T>(site_scratch_sizes(state.network, walkers)) +
         scratch_bytes<std::uint8_t>(walkers * state.network.sites) + scratch_bytes<std::int32_t>(walkers + 1);
}
inline std::size_t state_scratch(const PairsAlone &, int) { return 0; }
template <class T>
ZENER_FN StateScratch<StateEnergy<T>> take_state_scratch(Team &team, const StateEnergy<T> &state, int walkers) {
  return {take_site_scratch<T>(team, site_scratch_sizes(state.network, walkers)),
          team.scratch<std::uint8_t>(walkers * state.network.sites), team.scratch<std::int32_t>(walkers + 1)};
}
ZENER_FN StateScratch<PairsAlone> take_state_scratch(Team &, const PairsAlone &, int) { return {}; }

// `members`: so many are added up.
ZENER_FN std::int64_t state_units(double energy_eV, int members) {
  return fits_energy_units(energy_eV * members) ? energy_units(energy_eV) : kForbidden;
}
ZENER_FN std::int64_t added_units(std::int64_t a, std::int64_t b) {
  return a == kForbidden || b == kForbidden ? kForbidden : a + b;
}

// F of the walkers listed, `count` of them, after the exchange that each of them tries; into next_energy.
template <class L, class T>
ZENER_FN void find_state_energies(Team &team, const Exchange<L> &work, const StateEnergy<T> &state, std::int64_t first,
                                  const StateScratch<StateEnergy<T>> &own, int count, View<ExchangeState, 1> walkers) {
  const int sites = state.network.sites;
  const std::int32_t *changed = own.changed.data();
  std::uint8_t *codes = own.codes.data();
  const Exchange<L> &k = work;
  team.for_each(count, sites, [=, &k](int r, int m) {
    const ExchangeState &s = walkers[changed[r]];
    std::int32_t vacancy = k.walkers.vacancy_site(first + changed[r], 0);
    vacancy = vacancy == s.site[0] ? s.site[1] : (vacancy == s.site[1] ? s.site[0] : vacancy);
    const std::int32_t site = k.lattice.neighbour(k.lattice.coordinates(vacancy), k.tables.offsets(m, 0),
                                                  k.tables.offsets(m, 1), k.tables.offsets(m, 2));
    const int code = site == s.site[0]   ? s.code[1]
                     : site == s.site[1] ? s.code[0]
                                         : static_cast<int>(k.walkers.occupancy(first + changed[r], site));
    codes[changed[r] * sites + m] = static_cast<std::uint8_t>(code);
  });
  const std::int32_t *order = state.sites.data();
  const int members = state.members;
  for (int member = 0; member < members; ++member) {
    site_network<1, 1>(
        team, state.network, member, count, own.columns,
        [=](int c) {
          return SiteColumn{codes + changed[c] * sites, order};
        },
        [=](int c, T value) {
          const std::int64_t units = state_units(static_cast<double>(value), members);
          std::int64_t &sum = walkers[changed[c]].next_energy;
          sum = member == 0 ? units : added_units(sum, units);
        });
  }
  if (members > 1) {
    team.for_each(count, [=](int c) {
      std::int64_t &sum = walkers[changed[c]].next_energy;
      sum = sum == kForbidden ? kForbidden : mean_units(sum, members);
    });
  }
}

template <class L, class State> struct ExchangeKernel {
  static constexpr int kMaxLanes = kLanes;
  static constexpr bool kHasState = !std::is_same_v<State, PairsAlone>;
  Exchange<L> work;
  State state_energy;

  ZENER_HOST_FN int pairs() const { return work.run.species * (work.run.species + 1) / 2; }
  ZENER_HOST_FN int counts() const { return work.run.shells * pairs(); }
  // Neighbours of one site that are looked at.
  ZENER_HOST_FN int around() const {
    const int shells = work.energy_shells > work.run.shells ? work.energy_shells : work.run.shells;
    return shells > 0 ? shell_end<L>(shells - 1) : 0;
  }

  std::size_t scratch() const {
    return scratch_bytes<ExchangeState>(kTogether) + scratch_bytes<std::int64_t>(kTogether * 2 * around()) +
           scratch_bytes<std::uint8_t>(kTogether * 2 * around()) + scratch_bytes<std::int32_t>(kTogether * counts()) +
           scratch_bytes<std::int64_t>(kTogether * counts()) + state_scratch(state_energy, kTogether);
  }

  ZENER_FN void operator()(Team &team) const {
    const ExchangeKernel &k = *this;
    const WalkersView &g = k.work.walkers;
    const RunParameters &run = k.work.run;
    const std::int64_t first = team.index() * kTogether;
    const std::int64_t left = g.status.extent(0) - first;
    const int n = static_cast<int>(left < kTogether ? left : kTogether);
    const int n_around = around();
    const int n_counts = counts();
    const View<ExchangeState, 1> state = team.scratch<ExchangeState>(kTogether);
    const View<std::int64_t, 1> term = team.scratch<std::int64_t>(kTogether * 2 * n_around);
    const View<std::uint8_t, 1> code = team.scratch<std::uint8_t>(kTogether * 2 * n_around);
    const View<std::int32_t, 1> count = team.scratch<std::int32_t>(kTogether * n_counts);
    const View<std::int64_t, 1> count_sum = team.scratch<std::int64_t>(kTogether * n_counts);
    const StateScratch<State> own = take_state_scratch(team, state_energy, kTogether);

    team.for_each(n, [&](int i) {
      const std::int64_t w = first + i;
      state[i].inverse_kT = k.work.inverse_kT_per_eV[w / run.replicas];
      state[i].energy = g.energy[w];
      state[i].accepted = g.accepted[w];
      state[i].averaged_trials = g.averaged_hops[w];
      state[i].state_energy = 0;
      state[i].next_energy = 0;
      state[i].site[0] = state[i].site[1] = -1;
    });
    team.for_each(n, n_counts, [&](int i, int q) {
      count[i * n_counts + q] = g.pair_counts(q, first + i);
      count_sum[i * n_counts + q] = g.pair_hops(q, first + i);
    });
    const bool follows_state = kHasState && g.vacancy_site.extent(1) > 0;
    if constexpr (kHasState) {
      if (follows_state) {
        team.for_each(n, [&](int i) { own.changed[i] = i; });
        find_state_energies(team, work, state_energy, first, own, n, state);
        team.for_each(n, [&](int i) { state[i].state_energy = state[i].next_energy; });
      }
    }
    for (std::uint64_t trial = run.begin_hop; trial < run.end_hop; ++trial) {
      team.for_each(n, [&](int i) {
        ExchangeState &s = state[i];
        const std::uint32_t owner = run.first_walker + static_cast<std::uint32_t>(first + i);
        const Random128 draw = random_bits(streams::swap, run.seed, owner, trial, 0);
        const auto sites = static_cast<std::uint32_t>(g.occupancy.extent(1));
        s.site[0] = static_cast<std::int32_t>(uniform_below(draw.low(), sites));
        s.site[1] = static_cast<std::int32_t>(uniform_below(draw.high(), sites));
        for (int end = 0; end < 2; ++end) {
          s.code[end] = g.occupancy(first + i, s.site[end]);
        }
      });
      team.for_each(n, 2 * n_around, [&](int i, int j) {
        const ExchangeState &s = state[i];
        const int end = j / n_around;
        const int m = j % n_around;
        const LatticeTablesView &t = k.work.tables;
        const std::int32_t site = k.work.lattice.neighbour(k.work.lattice.coordinates(s.site[end]), t.offsets(m, 0),
                                                           t.offsets(m, 1), t.offsets(m, 2));
        const int neighbour = g.occupancy(first + i, site);
        const bool pair_itself = site == s.site[1 - end];
        int shell = 0;
        while (m >= shell_end<L>(shell)) {
          ++shell;
        }
        code[i * 2 * n_around + j] = static_cast<std::uint8_t>(pair_itself ? 0 : neighbour);
        term[i * 2 * n_around + j] =
            pair_itself || shell >= k.work.energy_shells
                ? 0
                : k.work.energy(shell, s.code[1 - end], neighbour) - k.work.energy(shell, s.code[end], neighbour);
      });
      if constexpr (kHasState) {
        if (follows_state) {
          team.single([&]() {
            int listed = 0;
            for (int i = 0; i < n; ++i) {
              state[i].next_energy = state[i].state_energy;
              if (state[i].code[0] != state[i].code[1] && k.near_vacancy(state[i], g.vacancy_site(first + i, 0))) {
                own.changed[listed++] = i;
              }
            }
            own.changed[kTogether] = listed;
          });
          if (const int listed = own.changed[kTogether]; listed > 0) {
            find_state_energies(team, work, state_energy, first, own, listed, state);
          }
        }
      }
      team.for_each(n, [&](int i) {
        k.decide(trial, first + i, &term[i * 2 * n_around], &code[i * 2 * n_around], state[i],
                 n_counts > 0 ? &count[i * n_counts] : nullptr);
      });
      if (trial >= run.averages_from_hop) {
        team.for_each(n, n_counts, [&](int i, int q) { count_sum[i * n_counts + q] += count[i * n_counts + q]; });
        team.for_each(n, [&](int i) { state[i].averaged_trials += 1; });
      }
    }
    team.for_each(n, [&](int i) {
      const std::int64_t w = first + i;
      g.energy[w] = state[i].energy;
      g.accepted[w] = state[i].accepted;
      g.averaged_hops[w] = state[i].averaged_trials;
      g.hops[w] = run.end_hop;
    });
    team.for_each(n, n_counts, [&](int i, int q) {
      g.pair_counts(q, first + i) = count[i * n_counts + q];
      g.pair_hops(q, first + i) = count_sum[i * n_counts + q];
    });
  }

private:
  // Whether an exchange can change F: it moves the vacancy or changes its environment.
  ZENER_FN bool near_vacancy(const ExchangeState &s, std::int32_t vacancy) const {
    const L &l = work.lattice;
    const SiteCoordinates v = l.coordinates(vacancy);
    bool near = false;
    for (const std::int32_t site : s.site) {
      const SiteCoordinates at = l.coordinates(site);
      const std::int32_t x = L::nearest(at.x - v.x, l.nx);
      const std::int32_t y = L::nearest(at.y - v.y, l.ny);
      const std::int32_t z = L::nearest(at.z - v.z, l.nz);
      near = near || x * x + y * y + z * z <= L::kSquaredReach;
    }
    return near;
  }

  ZENER_FN void decide(std::uint64_t trial, std::int64_t w, const std::int64_t *term, const std::uint8_t *code,
                       ExchangeState &s, std::int32_t *count) const {
    if (s.code[0] == s.code[1]) {
      return;
    }
    const int n_around = around();
    std::int64_t change = s.next_energy - s.state_energy;
    for (int j = 0; j < 2 * n_around; ++j) {
      change += term[j];
    }
    const RunParameters &run = work.run;
    if (change > 0) {
      const std::uint32_t owner = run.first_walker + static_cast<std::uint32_t>(w);
      const double u = uniform_below_one(random_bits(streams::swap, run.seed, owner, trial, 1).low());
      if (u >= exact_exp(-static_cast<double>(change) * kEnergyUnit_eV * s.inverse_kT)) {
        return;
      }
    }
    s.energy += change;
    s.state_energy = s.next_energy;
    s.accepted += 1;
    const WalkersView &g = work.walkers;
    for (int end = 0; end < 2; ++end) {
      const int was = s.code[end];
      const int is = s.code[1 - end];
      g.occupancy(w, s.site[end]) = static_cast<std::uint8_t>(is);
      if (was == 0) { // the vacancy goes to the other site
        for (std::int64_t v = 0; v < g.vacancy_site.extent(1); ++v) {
          if (g.vacancy_site(w, v) == s.site[end]) {
            g.vacancy_site(w, v) = s.site[1 - end];
            break;
          }
        }
      }
      int m = 0;
      std::int32_t *of_shell = count;
      for (int shell = 0; shell < run.shells; ++shell, of_shell += pairs()) {
        for (; m < L::shell_end(shell); ++m) {
          const int neighbour = code[end * n_around + m];
          if (neighbour != 0 && was != 0) {
            of_shell[unordered_pair(was - 1, neighbour - 1, run.species)] -= 1;
          }
          if (neighbour != 0 && is != 0) {
            of_shell[unordered_pair(is - 1, neighbour - 1, run.species)] += 1;
          }
        }
      }
    }
  }
};

template <class L, class State> struct TotalEnergy {
  static constexpr int kMaxLanes = kReduceLanes;
  Exchange<L> work;
  State state_energy;

  std::size_t scratch() const { return scratch_bytes<ExchangeState>(1) + state_scratch(state_energy, 1); }
  ZENER_FN void operator()(Team &team) const {
    const TotalEnergy &k = *this;
    const std::int64_t w = team.index();
    const View<std::uint8_t, 2> &occupancy = work.walkers.occupancy;
    const std::int64_t twice = team.reduce(
        static_cast<int>(occupancy.extent(1)),
        [&](int site) {
          const SiteCoordinates at = k.work.lattice.coordinates(site);
          const int own = occupancy(w, site);
          std::int64_t sum = 0;
          int m = 0;
          for (int shell = 0; shell < k.work.energy_shells; ++shell) {
            for (; m < shell_end<L>(shell); ++m) {
              const LatticeTablesView &t = k.work.tables;
              const std::int32_t other = k.work.lattice.neighbour(at, t.offsets(m, 0), t.offsets(m, 1), t.offsets(m, 2));
              sum += k.work.energy(shell, own, occupancy(w, other));
            }
          }
          return sum;
        },
        [](std::int64_t a, std::int64_t b) { return a + b; }, std::int64_t{0});
    std::int64_t of_state = 0;
    if constexpr (!std::is_same_v<State, PairsAlone>) {
      if (work.walkers.vacancy_site.extent(1) > 0) {
        const View<ExchangeState, 1> state = team.scratch<ExchangeState>(1);
        const StateScratch<State> own = take_state_scratch(team, state_energy, 1);
        team.single([&]() {
          state[0].site[0] = state[0].site[1] = -1;
          own.changed[0] = 0;
        });
        find_state_energies(team, work, state_energy, w, own, 1, state);
        of_state = state[0].next_energy;
      }
    }
    team.single([&]() { k.work.walkers.energy[w] = twice / 2 + of_state; });
  }
};

} // namespace

template <class L, class State> void exchange_sites(Queue &queue, const Exchange<L> &work, const State &state) {
  const ExchangeKernel<L, State> kernel{work, state};
  const std::int64_t walkers = work.walkers.status.extent(0);
  queue.teams("exchange_sites", {(walkers + kTogether - 1) / kTogether, kLanes, kernel.scratch()}, kernel);
}

template <class L, class State> void total_energy(Queue &queue, const Exchange<L> &work, const State &state) {
  const TotalEnergy<L, State> kernel{work, state};
  queue.teams("total_energy", {work.walkers.status.extent(0), kReduceLanes, kernel.scratch()}, kernel);
}

#define ZENER_INSTANTIATE_EXCHANGE(L, State)                                                                                   \
  template void exchange_sites(Queue &, const Exchange<L> &, const State &);                                                   \
  template void total_energy(Queue &, const Exchange<L> &, const State &);

ZENER_INSTANTIATE_EXCHANGE(BccLattice, PairsAlone)
ZENER_INSTANTIATE_EXCHANGE(ScLattice, PairsAlone)
ZENER_INSTANTIATE_EXCHANGE(FccLattice, PairsAlone)
ZENER_INSTANTIATE_EXCHANGE(BccLattice, StateEnergy<float>)
ZENER_INSTANTIATE_EXCHANGE(BccLattice, StateEnergy<double>)

} // namespace ZENER_BACKEND
} // namespace zener
