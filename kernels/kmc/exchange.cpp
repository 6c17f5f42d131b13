// Metropolis Monte Carlo of exchanges with a pair Hamiltonian: the canonical reference of pair_kra (Metropolis et al., J. Chem.
// Phys. 21, 1087 (1953)).
//
//   E = 1/2 sum_shells sum_ij e(shell, s_i, s_j), vacancies a species (0) like the others; two random sites a, b are exchanged
//   with probability min(1, exp(-dE/kT)),   dE = sum_{j around a, j != b} e(s_b, s_j) - e(s_a, s_j) + the same with a, b
//   swapped
//
// Parallel: a team owns kTogether walkers for a chunk of trials. Phases of a trial: 1 draw (walker), 2 energy terms (walker x
// neighbour of either site), 3 acceptance, exchange and counts (walker), 4 averages (walker x pair). Operations: two Philox
// blocks, one exponential, 2 x 26 look-ups for three shells of bcc. Bytes: 52 scattered from the occupancy. Limit: latency.
// Determinism: energies are integers in units of 2^-40 eV, draws depend on (seed, walker, trial) alone: the same bits for every
// team shape, chunk and backend. Averages count the state after each trial, accepted or not.
#include "kernels/core/exact_math.hpp"
#include "kernels/exec/philox.hpp"
#include "kernels/exec/random_streams.hpp"
#include "kernels/kmc/walkers.hpp"
#include "kernels/lattice/occupancy.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kTogether = kGpuShapes ? 8 : 1;
constexpr int kLanes = 128;

struct ExchangeState {
  double inverse_kT;
  std::int64_t energy;
  std::uint64_t accepted;
  std::uint64_t averaged_trials;
  std::int32_t site[2];
  std::int32_t code[2];
};

template <class L> struct ExchangeKernel {
  static constexpr int kMaxLanes = kLanes;
  Exchange<L> work;

  ZENER_HOST_FN int pairs() const { return work.run.species * (work.run.species + 1) / 2; }
  ZENER_HOST_FN int counts() const { return work.run.shells * pairs(); }
  // Neighbours of one site that are looked at.
  ZENER_HOST_FN int around() const {
    const int shells = work.energy_shells > work.run.shells ? work.energy_shells : work.run.shells;
    return shells > 0 ? L::shell_end(shells - 1) : 0;
  }

  std::size_t scratch() const {
    return scratch_bytes<ExchangeState>(kTogether) + scratch_bytes<std::int64_t>(kTogether * 2 * around()) +
           scratch_bytes<std::uint8_t>(kTogether * 2 * around()) + scratch_bytes<std::int32_t>(kTogether * counts()) +
           scratch_bytes<std::int64_t>(kTogether * counts());
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

    team.for_each(n, [&](int i) {
      const std::int64_t w = first + i;
      state[i].inverse_kT = k.work.inverse_kT_per_eV[w / run.replicas];
      state[i].energy = g.energy[w];
      state[i].accepted = g.accepted[w];
      state[i].averaged_trials = g.averaged_hops[w];
    });
    team.for_each(n, n_counts, [&](int i, int q) {
      count[i * n_counts + q] = g.pair_counts(q, first + i);
      count_sum[i * n_counts + q] = g.pair_hops(q, first + i);
    });
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
        while (m >= L::shell_end(shell)) {
          ++shell;
        }
        code[i * 2 * n_around + j] = static_cast<std::uint8_t>(pair_itself ? 0 : neighbour);
        term[i * 2 * n_around + j] =
            pair_itself || shell >= k.work.energy_shells
                ? 0
                : k.work.energy(shell, s.code[1 - end], neighbour) - k.work.energy(shell, s.code[end], neighbour);
      });
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
  ZENER_FN void decide(std::uint64_t trial, std::int64_t w, const std::int64_t *term, const std::uint8_t *code,
                       ExchangeState &s, std::int32_t *count) const {
    if (s.code[0] == s.code[1]) {
      return;
    }
    const int n_around = around();
    std::int64_t change = 0;
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

template <class L> struct TotalEnergy {
  Exchange<L> work;
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
            for (; m < L::shell_end(shell); ++m) {
              const LatticeTablesView &t = k.work.tables;
              const std::int32_t other = k.work.lattice.neighbour(at, t.offsets(m, 0), t.offsets(m, 1), t.offsets(m, 2));
              sum += k.work.energy(shell, own, occupancy(w, other));
            }
          }
          return sum;
        },
        [](std::int64_t a, std::int64_t b) { return a + b; }, std::int64_t{0});
    team.single([&]() { k.work.walkers.energy[w] = twice / 2; });
  }
};

} // namespace

template <class L> void exchange_sites(Queue &queue, const Exchange<L> &work) {
  const ExchangeKernel<L> kernel{work};
  const std::int64_t walkers = work.walkers.status.extent(0);
  queue.teams("exchange_sites", {(walkers + kTogether - 1) / kTogether, kLanes, kernel.scratch()}, kernel);
}

template <class L> void total_energy(Queue &queue, const Exchange<L> &work) {
  queue.teams("total_energy", {work.walkers.status.extent(0), kReduceLanes, 0}, TotalEnergy<L>{work});
}

template void exchange_sites(Queue &, const Exchange<BccLattice> &);
template void exchange_sites(Queue &, const Exchange<ScLattice> &);
template void exchange_sites(Queue &, const Exchange<FccLattice> &);
template void total_energy(Queue &, const Exchange<BccLattice> &);
template void total_energy(Queue &, const Exchange<ScLattice> &);
template void total_energy(Queue &, const Exchange<FccLattice> &);

} // namespace ZENER_BACKEND
} // namespace zener
