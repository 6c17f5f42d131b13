// Vacancy walkers by kinetic Monte Carlo (Gillespie, J. Comput. Phys. 22, 403 (1976); Xing et al., Nat. Commun. 15, 3879
// (2024)).
//
//   w_i = exp(-(E_i - E_min)/kT), path i with probability w_i / sum w, dt = -ln(u) / (k0 sum w) * exp(E_min/kT), u in (0, 1]
//
// Parallel: a team owns `walkers` walkers for a whole chunk of hops; their small state lives in scratch. Phases of a hop: 1
// index terms of the axes (walker x 27), 2 gather (walker x site), 3 the model's, 4 weights (walker x path), 5 choice and clock
// (walker), 6 averages (walker x pair), 7 swap and counts (walker). Operations a hop besides the model: 8 exponentials, one
// logarithm, one Philox block, 2 x 26 look-ups with pair counts. Bytes: about 1 kB gathered from the occupancy (L2), two
// written. Limit: the model's arithmetic (nn/mlp.hpp); for models without a network latency. Determinism: double and integer
// arithmetic in a fixed order for each walker; draws depend on (seed, walker, hop) alone. The same bits for every team shape,
// chunk and backend. Errors: status of a walker that cannot go on (kNoPossibleHop when exp(E_min/kT) exceeds the range,
// kBadBarrier when a barrier is not finite); it keeps its state and is skipped.
#pragma once

#include "kernels/core/exact_math.hpp"
#include "kernels/exec/philox.hpp"
#include "kernels/exec/random_streams.hpp"
#include "kernels/kmc/walkers.hpp"
#include "kernels/lattice/occupancy.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// A walker's own state within a team.
struct WalkerState {
  double time_s;
  double inverse_kT;
  double step_s; // residence time of the present state
  double smallest_eV;
  double averaged_time_s;
  std::uint64_t hops;
  std::uint64_t averaged_hops;
  std::int32_t x, y, z; // of the vacancy, half-lattice
  std::int32_t displacement[3];
  std::int32_t path; // chosen, or -1
  std::uint32_t status;
  std::int32_t averaged; // whether the present state counts in the averages
};

template <class Model> struct AdvanceKernel {
  static constexpr int kMaxLanes = Model::kMaxLanes;
  Advance<Model> work;
  int walkers_per_team;

  ZENER_HOST_FN int pairs() const { return work.run.species * (work.run.species + 1) / 2; }
  ZENER_HOST_FN int counts() const { return work.run.shells * pairs(); }
  ZENER_HOST_FN int gathered() const {
    const int observed = sites_around_jumps(work.run.shells);
    return Model::kSites > observed ? Model::kSites : observed;
  }

  std::size_t scratch() const {
    const int n = walkers_per_team;
    return scratch_bytes<WalkerState>(n) + scratch_bytes<std::int32_t>(n * 3 * kAxisTerms) +
           scratch_bytes<std::uint8_t>(n * kEnvironment) + 2 * scratch_bytes<double>(n * kJumps) +
           scratch_bytes<std::int32_t>(n * counts()) + scratch_bytes<double>(n * counts()) +
           scratch_bytes<std::int64_t>(n * counts()) + work.model.scratch(n);
  }

  ZENER_FN void operator()(Team &team) const {
    const AdvanceKernel &k = *this;
    const WalkersView &g = k.work.walkers;
    const RunParameters &run = k.work.run;
    const std::int64_t first = team.index() * walkers_per_team;
    const std::int64_t left = g.time_s.extent(0) - first;
    const int n = static_cast<int>(left < walkers_per_team ? left : walkers_per_team);
    const int n_counts = counts();
    const int n_sites = gathered();

    const View<WalkerState, 1> state = team.scratch<WalkerState>(walkers_per_team);
    const View<std::int32_t, 1> axes = team.scratch<std::int32_t>(walkers_per_team * 3 * kAxisTerms);
    const View<std::uint8_t, 1> codes = team.scratch<std::uint8_t>(walkers_per_team * kEnvironment);
    const View<double, 1> barrier = team.scratch<double>(walkers_per_team * kJumps);
    const View<double, 1> weight = team.scratch<double>(walkers_per_team * kJumps);
    const View<std::int32_t, 1> count = team.scratch<std::int32_t>(walkers_per_team * n_counts);
    const View<double, 1> count_time = team.scratch<double>(walkers_per_team * n_counts);
    const View<std::int64_t, 1> count_hops = team.scratch<std::int64_t>(walkers_per_team * n_counts);
    const typename Model::Scratch model_scratch = work.model.take_scratch(team, walkers_per_team);

    team.for_each(n, [&](int i) {
      const std::int64_t w = first + i;
      const HalfCoordinates c = k.work.lattice.coordinates(g.vacancy_site[w]);
      WalkerState s;
      s.time_s = g.time_s[w];
      s.inverse_kT = k.work.inverse_kT_per_eV[w / run.replicas];
      s.step_s = 0.0;
      s.smallest_eV = g.smallest_barrier_eV[w];
      s.averaged_time_s = g.averaged_time_s[w];
      s.hops = g.hops[w];
      s.averaged_hops = g.averaged_hops[w];
      s.x = c.x;
      s.y = c.y;
      s.z = c.z;
      for (int a = 0; a < 3; ++a) {
        s.displacement[a] = g.displacement(a, w);
      }
      s.path = -1;
      s.status = g.status[w];
      s.averaged = 0;
      state[i] = s;
    });
    team.for_each(n, n_counts, [&](int i, int q) {
      count[i * n_counts + q] = g.pair_counts(q, first + i);
      count_time[i * n_counts + q] = g.pair_time(q, first + i);
      count_hops[i * n_counts + q] = g.pair_hops(q, first + i);
    });

    for (std::uint64_t hop = run.begin_hop; hop < run.end_hop; ++hop) {
      if ((hop & 63u) == 0) { // a team whose walkers have all stopped ends early
        const int running = team.reduce(
            n, [&](int i) { return state[i].status == kRunning ? 1 : 0; }, [](int a, int b) { return a + b; }, 0);
        if (running == 0) {
          break;
        }
      }
      team.for_each(n, 3 * kAxisTerms, [&](int i, int t) { axes[i * 3 * kAxisTerms + t] = k.axis_term(state[i], t); });
      team.for_each(n, n_sites, [&](int i, int m) {
        const std::int32_t *term = &axes[i * 3 * kAxisTerms];
        const std::int32_t *offset = &k.work.tables.offsets(m, 0);
        const std::int32_t site =
            term[offset[0] + kReach] + term[kAxisTerms + offset[1] + kReach] + term[2 * kAxisTerms + offset[2] + kReach];
        codes[i * kEnvironment + m] = g.occupancy(first + i, site);
      });
      work.model(team, n, View<const std::uint8_t, 1>(codes), barrier, model_scratch);
      team.for_each(n, kJumps, [&](int i, int path) {
        const double *e = &barrier[i * kJumps];
        double smallest = e[0];
        for (int p = 1; p < kJumps; ++p) {
          smallest = e[p] < smallest ? e[p] : smallest;
        }
        weight[i * kJumps + path] = exact_exp((smallest - e[path]) * state[i].inverse_kT);
      });
      team.for_each(n, [&](int i) { k.choose(hop, first + i, &barrier[i * kJumps], &weight[i * kJumps], state[i]); });
      team.for_each(n, n_counts, [&](int i, int q) {
        const WalkerState &s = state[i];
        if (s.averaged != 0) {
          count_time[i * n_counts + q] += count[i * n_counts + q] * s.step_s;
          count_hops[i * n_counts + q] += s.path >= 0 ? count[i * n_counts + q] : 0;
        }
      });
      team.for_each(n, [&](int i) {
        if (state[i].path >= 0) {
          k.swap(first + i, &codes[i * kEnvironment], state[i], n_counts > 0 ? &count[i * n_counts] : nullptr);
        }
      });
    }

    team.for_each(n, [&](int i) {
      const std::int64_t w = first + i;
      const WalkerState &s = state[i];
      g.time_s[w] = s.time_s;
      g.smallest_barrier_eV[w] = s.smallest_eV;
      g.averaged_time_s[w] = s.averaged_time_s;
      g.hops[w] = s.hops;
      g.averaged_hops[w] = s.averaged_hops;
      g.vacancy_site[w] = k.work.lattice.site({s.x, s.y, s.z});
      for (int a = 0; a < 3; ++a) {
        g.displacement(a, w) = s.displacement[a];
      }
      g.status[w] = s.status;
    });
    team.for_each(n, n_counts, [&](int i, int q) {
      g.pair_counts(q, first + i) = count[i * n_counts + q];
      g.pair_time(q, first + i) = count_time[i * n_counts + q];
      g.pair_hops(q, first + i) = count_hops[i * n_counts + q];
    });
  }

private:
  // The share in a site's index of the vacancy's coordinate plus t - 4 along one axis; i = axis * 9 + t.
  ZENER_FN std::int32_t axis_term(const WalkerState &s, int i) const {
    const BccLattice &l = work.lattice;
    const int t = i % kAxisTerms - kReach;
    switch (i / kAxisTerms) {
    case 0:
      return l.term_x(BccLattice::wrap(s.x + t, l.nx));
    case 1:
      return l.term_y(BccLattice::wrap(s.y + t, l.ny));
    default:
      return l.term_z(BccLattice::wrap(s.z + t, l.nz));
    }
  }

  // Path and residence time of the present state, or the status that ends the walk.
  ZENER_FN void choose(std::uint64_t hop, std::int64_t w, const double *barrier, const double *weight, WalkerState &s) const {
    s.path = -1;
    s.averaged = 0;
    if (s.status != kRunning) {
      return;
    }
    double smallest = barrier[0];
    bool finite = true;
    for (int p = 0; p < kJumps; ++p) {
      smallest = barrier[p] < smallest ? barrier[p] : smallest;
      finite = finite && barrier[p] - barrier[p] == 0.0;
    }
    s.smallest_eV = smallest;
    if (!finite) {
      s.status = kBadBarrier;
      return;
    }
    const double slowdown = exact_exp(smallest * s.inverse_kT);
    if (slowdown - slowdown != 0.0) {
      s.status = kNoPossibleHop;
      return;
    }
    double sum = 0.0;
    for (int p = 0; p < kJumps; ++p) {
      sum += weight[p];
    }
    const RunParameters &run = work.run;
    const Random128 draw = random_bits(streams::hop, run.seed, run.first_walker + static_cast<std::uint32_t>(w), hop, 0);
    const double target = uniform_below_one(draw.low()) * sum;
    double reached = 0.0;
    int path = -1;
    for (int p = 0; p < kJumps; ++p) {
      reached += weight[p];
      path = path < 0 && target < reached ? p : path;
    }
    for (int p = kJumps - 1; p >= 0; --p) { // target rounded up to the sum: the last path that can be taken
      path = path < 0 && weight[p] > 0.0 ? p : path;
    }
    s.step_s = -exact_log(uniform_above_zero(draw.high())) / (run.attempt_frequency_per_s * sum) * slowdown;
    s.averaged = hop >= run.averages_from_hop ? 1 : 0;
    if (run.time_limit_s > 0.0 && s.time_s + s.step_s > run.time_limit_s) {
      s.step_s = run.time_limit_s - s.time_s;
      s.time_s = run.time_limit_s;
      s.status = kTimeLimit;
    } else {
      s.time_s += s.step_s;
      s.path = path;
      s.hops += 1;
      s.averaged_hops += static_cast<std::uint64_t>(s.averaged);
    }
    s.averaged_time_s += s.averaged != 0 ? s.step_s : 0.0;
  }

  // Exchanges the vacancy with the atom on its path and keeps the counts of bonds: the atom loses those around its old site and
  // gains those around the new one.
  ZENER_FN void swap(std::int64_t w, const std::uint8_t *codes, WalkerState &s, std::int32_t *count) const {
    const LatticeTablesView &t = work.tables;
    const BccLattice &l = work.lattice;
    const int path = s.path;
    const int atom = codes[path];
    int m = 0;
    for (int shell = 0; shell < work.run.shells; ++shell, count += pairs()) {
      for (; m < shell_end(shell); ++m) {
        const int gained = m == path ? 0 : codes[m];
        if (gained != 0) {
          count[unordered_pair(atom - 1, gained - 1, work.run.species)] += 1;
        }
        const int site = t.around_jump(path, m);
        const int lost = site == kSelfSite ? 0 : codes[site];
        if (lost != 0) {
          count[unordered_pair(atom - 1, lost - 1, work.run.species)] -= 1;
        }
      }
    }
    const std::int32_t step[3] = {t.offsets(path, 0), t.offsets(path, 1), t.offsets(path, 2)};
    const std::int32_t from = l.site({s.x, s.y, s.z});
    s.x = BccLattice::wrap(s.x + step[0], l.nx);
    s.y = BccLattice::wrap(s.y + step[1], l.ny);
    s.z = BccLattice::wrap(s.z + step[2], l.nz);
    for (int a = 0; a < 3; ++a) {
      s.displacement[a] += step[a];
    }
    work.walkers.occupancy(w, from) = static_cast<std::uint8_t>(atom);
    work.walkers.occupancy(w, l.site({s.x, s.y, s.z})) = 0;
  }
};

template <class Model> std::size_t advance_scratch(const Advance<Model> &work, int walkers) {
  return AdvanceKernel<Model>{work, walkers}.scratch();
}

template <class Model> void advance_walkers(Queue &queue, const Advance<Model> &work, TeamChoice choice) {
  const std::int64_t walkers = work.walkers.time_s.extent(0);
  const AdvanceKernel<Model> kernel{work, choice.walkers};
  queue.teams("kmc_advance", {(walkers + choice.walkers - 1) / choice.walkers, choice.lanes, kernel.scratch()}, kernel);
}

template <class Model> struct EvaluateKernel {
  static constexpr int kMaxLanes = Model::kMaxLanes;
  Model model;
  View<const std::uint8_t, 2> codes; // [n][112]
  View<double, 2> barrier;           // [n][8]
  int per_team;

  std::size_t scratch() const {
    return scratch_bytes<std::uint8_t>(per_team * kEnvironment) + scratch_bytes<double>(per_team * kJumps) +
           model.scratch(per_team);
  }
  ZENER_FN void operator()(Team &team) const {
    const EvaluateKernel &k = *this;
    const std::int64_t first = team.index() * per_team;
    const std::int64_t left = codes.extent(0) - first;
    const int n = static_cast<int>(left < per_team ? left : per_team);
    const View<std::uint8_t, 1> own_codes = team.scratch<std::uint8_t>(per_team * kEnvironment);
    const View<double, 1> own_barrier = team.scratch<double>(per_team * kJumps);
    const typename Model::Scratch model_scratch = model.take_scratch(team, per_team);
    team.for_each(n, kEnvironment, [&](int i, int m) { own_codes[i * kEnvironment + m] = k.codes(first + i, m); });
    model(team, n, View<const std::uint8_t, 1>(own_codes), own_barrier, model_scratch);
    team.for_each(n, kJumps, [&](int i, int p) { k.barrier(first + i, p) = own_barrier[i * kJumps + p]; });
  }
};

template <class Model>
void evaluate_environments(Queue &queue, const Model &model, View<const std::uint8_t, 2> codes, View<double, 2> barrier,
                           TeamChoice choice) {
  const EvaluateKernel<Model> kernel{model, codes, barrier, choice.walkers};
  queue.teams("evaluate_environments",
              {(codes.extent(0) + choice.walkers - 1) / choice.walkers, choice.lanes, kernel.scratch()}, kernel);
}

} // namespace ZENER_BACKEND
} // namespace zener

// One instantiation a file keeps compile times short.
#define ZENER_INSTANTIATE_KMC_MODEL(Model)                                                                                     \
  namespace zener {                                                                                                            \
  inline namespace ZENER_BACKEND {                                                                                             \
  template std::size_t advance_scratch(const Advance<Model> &, int);                                                           \
  template void advance_walkers(Queue &, const Advance<Model> &, TeamChoice);                                                  \
  template void evaluate_environments(Queue &, const Model &, View<const std::uint8_t, 2>, View<double, 2>, TeamChoice);       \
  }                                                                                                                            \
  }
