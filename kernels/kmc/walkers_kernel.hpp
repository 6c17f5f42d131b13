// Vacancy walkers by kinetic Monte Carlo (Gillespie, J. Comput. Phys. 22, 403 (1976); Xing et al., Nat. Commun. 15, 3879
// (2024)).
//
//   w_i = exp(-(E_i - E_min)/kT), path i with probability w_i / sum w, dt = -ln(u) / (k0 sum w) * exp(E_min/kT), u in (0, 1]
//   R = 1 - sigma(p)/max sigma = 1 - sqrt((P sum p^2 - 1)/(P - 1)), p over the P paths of the vacancy that jumps
//
// Parallel: a team owns `walkers` walkers for a whole chunk of hops; their small state lives in scratch. Phases of a hop: 1
// list of the vacancies whose environment changed, 2 index terms of the axes (vacancy x 27), 3 gather (vacancy x site), 4 to 6
// with a memory: keys (vacancy x word), look-up (vacancy), list of those not found, 7 the model's, on the listed environments
// alone (of an ensemble the mean and the spread), 8 with a memory: entries written, with several vacancies: paths into one
// another closed, 9 least barrier (walker), 10 weights (vacancy x path), 11 choice and clock (walker), with an ensemble its
// spreads (walker), 12 averages (walker x pair), 13 swap and counts (walker). Operations a hop besides the model: 8
// exponentials, one logarithm, one Philox block, 2 x 26 look-ups with pair counts. Bytes: about 1 kB gathered from the
// occupancy (L2), two written; an entry of the memory is 64 to 192 bytes. Limit: the model's arithmetic (nn/mlp.hpp) times the
// share not remembered; for models without a network latency. Determinism: double and integer arithmetic in a fixed order for
// each walker; draws depend on (seed, walker, hop) alone; a remembered barrier has the bits that the model would give. The same
// bits for every team shape, chunk, memory and backend. Errors: status of a walker that cannot go on (kNoPossibleHop when
// exp(E_min/kT) exceeds the range, kBadBarrier when a barrier is not finite, kTracerRange when an atom went too far); it keeps
// its state and is skipped.
#pragma once

#include "kernels/core/exact_math.hpp"
#include "kernels/exec/atomics.hpp"
#include "kernels/exec/philox.hpp"
#include "kernels/exec/random_streams.hpp"
#include "kernels/kmc/memory.hpp"
#include "kernels/kmc/randomness.hpp"
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
  double randomness;
  double randomness_squared;
  double spread_squared;
  double largest_spread;
  std::uint64_t hops;
  std::uint64_t averaged_hops;
  std::uint64_t contacts;
  std::uint64_t flagged;
  std::uint32_t flagged_kept;
  std::int32_t path; // chosen, vacancy * P + direction, or -1
  std::uint32_t status;
  std::int32_t averaged; // whether the present state counts in the averages
};

struct VacancyState {
  SiteCoordinates at;
  std::int32_t displacement[3];
  std::int32_t stale; // whether its barriers are yet to be found
  std::int32_t seen;  // whether another vacancy is in its environment
};

template <class Model> struct AdvanceKernel {
  using L = typename Model::Lattice;
  static constexpr int P = L::kJumps;
  static constexpr int E = L::kEnvironment;
  static constexpr int kTerms = 2 * L::kReach + 1; // of an axis
  static constexpr int kMaxLanes = Model::kMaxLanes;
  static constexpr bool kRemembers = requires { typename Model::Stored; };
  Advance<Model> work;
  int walkers_per_team;
  int rows;

  ZENER_HOST_FN int pairs() const { return work.run.species * (work.run.species + 1) / 2; }
  ZENER_HOST_FN int counts() const { return work.run.shells * pairs(); }
  ZENER_HOST_FN bool remembers() const { return kRemembers && work.memory.entries > 0; }
  ZENER_HOST_FN bool spreads() const {
    if constexpr (kRemembers) {
      return work.model.members > 1;
    } else {
      return false;
    }
  }
  ZENER_HOST_FN int species_moved() const { return work.run.transport || work.run.tracers ? work.run.species : 0; }
  ZENER_HOST_FN int gathered() const {
    const int observed = L::sites_around_jumps(work.run.shells);
    return work.run.vacancies > 1 ? E : (Model::kSites > observed ? Model::kSites : observed);
  }

  std::size_t scratch() const {
    const int n = walkers_per_team;
    const int nv = n * work.run.vacancies;
    return scratch_bytes<WalkerState>(n) + scratch_bytes<VacancyState>(nv) + scratch_bytes<std::int32_t>(nv * 3 * kTerms) +
           scratch_bytes<std::uint8_t>(nv * E) + 2 * scratch_bytes<double>(nv * P) +
           scratch_bytes<double>(spreads() ? nv * P : 0) + 2 * scratch_bytes<std::int32_t>(nv + 1) +
           scratch_bytes<std::int32_t>(n * counts()) + scratch_bytes<double>(n * counts()) +
           scratch_bytes<std::int64_t>(n * counts()) +
           (remembers() ? scratch_bytes<std::uint64_t>(nv * work.memory.key_words) + scratch_bytes<std::int64_t>(nv) : 0) +
           scratch_bytes<std::uint32_t>(work.run.randomness ? n * kHistogramBins : 0) +
           scratch_bytes<std::uint64_t>(n * species_moved()) + 2 * scratch_bytes<std::int64_t>(n * 3 * species_moved()) +
           work.model.scratch(rows);
  }

  ZENER_FN void operator()(Team &team) const {
    const AdvanceKernel &k = *this;
    const WalkersView &g = k.work.walkers;
    const RunParameters &run = k.work.run;
    const std::int64_t first = team.index() * walkers_per_team;
    const std::int64_t left = g.time_s.extent(0) - first;
    const int n = static_cast<int>(left < walkers_per_team ? left : walkers_per_team);
    const int vacancies = run.vacancies;
    const int nv = n * vacancies;
    const int most_v = walkers_per_team * vacancies;
    const int n_counts = counts();
    const int n_sites = gathered();
    const int n_paths = vacancies * P;
    const int n_species = species_moved();
    const bool remember = remembers();
    const bool follow_spread = spreads();

    const View<WalkerState, 1> state = team.scratch<WalkerState>(walkers_per_team);
    const View<VacancyState, 1> vacancy = team.scratch<VacancyState>(most_v);
    const View<std::int32_t, 1> axes = team.scratch<std::int32_t>(most_v * 3 * kTerms);
    const View<std::uint8_t, 1> codes = team.scratch<std::uint8_t>(most_v * E);
    const View<double, 1> barrier = team.scratch<double>(most_v * P);
    const View<double, 1> weight = team.scratch<double>(most_v * P);
    const View<double, 1> spread = team.scratch<double>(follow_spread ? most_v * P : 0);
    // Vacancies whose barriers are to be found, and those among them that the memory does not know; the last element counts.
    const View<std::int32_t, 1> stale = team.scratch<std::int32_t>(most_v + 1);
    const View<std::int32_t, 1> unknown = team.scratch<std::int32_t>(most_v + 1);
    const View<std::int32_t, 1> count = team.scratch<std::int32_t>(walkers_per_team * n_counts);
    const View<double, 1> count_time = team.scratch<double>(walkers_per_team * n_counts);
    const View<std::int64_t, 1> count_hops = team.scratch<std::int64_t>(walkers_per_team * n_counts);
    const View<std::uint64_t, 1> key = team.scratch<std::uint64_t>(remember ? most_v * work.memory.key_words : 0);
    const View<std::int64_t, 1> entry = team.scratch<std::int64_t>(remember ? most_v : 0);
    const View<std::uint32_t, 1> histogram =
        team.scratch<std::uint32_t>(run.randomness ? walkers_per_team * kHistogramBins : 0);
    const View<std::uint64_t, 1> jumps = team.scratch<std::uint64_t>(walkers_per_team * n_species);
    const View<std::int64_t, 1> collective = team.scratch<std::int64_t>(walkers_per_team * 3 * n_species);
    const View<std::int64_t, 1> squared = team.scratch<std::int64_t>(walkers_per_team * 3 * n_species);
    const typename Model::Scratch model_scratch = work.model.take_scratch(team, rows);
    std::uint64_t looked_up = 0;
    std::uint64_t found = 0;

    team.for_each(n, [&](int i) {
      const std::int64_t w = first + i;
      WalkerState s;
      s.time_s = g.time_s[w];
      s.inverse_kT = k.work.inverse_kT_per_eV[w / run.replicas];
      s.step_s = 0.0;
      s.smallest_eV = g.smallest_barrier_eV[w];
      s.averaged_time_s = g.averaged_time_s[w];
      s.randomness = run.randomness ? g.randomness(0, w) : 0.0;
      s.randomness_squared = run.randomness ? g.randomness(1, w) : 0.0;
      s.spread_squared = follow_spread ? g.spread(0, w) : 0.0;
      s.largest_spread = follow_spread ? g.spread(1, w) : 0.0;
      s.hops = g.hops[w];
      s.averaged_hops = g.averaged_hops[w];
      s.contacts = vacancies > 1 ? g.contacts[w] : 0;
      s.flagged = follow_spread && run.spread_limit_eV > 0.0 ? g.flagged[w] : 0;
      s.flagged_kept = follow_spread && run.spread_limit_eV > 0.0 ? g.flagged_kept[w] : 0;
      s.path = -1;
      s.status = g.status[w];
      s.averaged = 0;
      state[i] = s;
    });
    team.for_each(n, vacancies, [&](int i, int v) {
      VacancyState s;
      s.at = k.work.lattice.coordinates(g.vacancy_site(first + i, v));
      for (int a = 0; a < 3; ++a) {
        s.displacement[a] = g.displacement(a, first + i, v);
      }
      s.stale = 1;
      s.seen = 0;
      vacancy[i * vacancies + v] = s;
    });
    team.for_each(n, n_counts, [&](int i, int q) {
      count[i * n_counts + q] = g.pair_counts(q, first + i);
      count_time[i * n_counts + q] = g.pair_time(q, first + i);
      count_hops[i * n_counts + q] = g.pair_hops(q, first + i);
    });
    if (run.randomness) {
      team.for_each(n, kHistogramBins, [&](int i, int bin) { histogram[i * kHistogramBins + bin] = 0; });
    }
    if (n_species > 0) {
      team.for_each(n, n_species, [&](int i, int s) {
        jumps[i * n_species + s] = g.jumps(s, first + i);
        squared[i * n_species + s] = run.tracers ? g.squared(s, first + i) : 0;
        for (int a = 0; a < 3; ++a) {
          collective[(i * n_species + s) * 3 + a] = run.transport ? g.collective(s, a, first + i) : 0;
        }
      });
    }

    for (std::uint64_t hop = run.begin_hop; hop < run.end_hop; ++hop) {
      if ((hop & 63u) == 0) { // a team whose walkers have all stopped ends early
        const int running = team.reduce(
            n, [&](int i) { return state[i].status == kRunning ? 1 : 0; }, [](int a, int b) { return a + b; }, 0);
        if (running == 0) {
          break;
        }
      }
      team.single([&]() {
        int listed = 0;
        for (int v = 0; v < nv; ++v) {
          if (vacancy[v].stale != 0 && state[vacancies == 1 ? v : v / vacancies].status == kRunning) {
            stale[listed++] = v;
          }
          vacancy[v].stale = 0;
        }
        stale[most_v] = listed;
      });
      const int n_stale = stale[most_v];
      team.for_each(
          n_stale, 3 * kTerms,
          [&](int r) {
            return AxisRow{vacancy[stale[r]].at, &axes[stale[r] * 3 * kTerms]};
          },
          [lattice = k.work.lattice](const AxisRow &row, int t) { row.term[t] = axis_term(lattice, row.at, t); });
      team.for_each(
          n_stale, n_sites,
          [&](int r) {
            const int v = stale[r];
            return GatherRow{&g.occupancy(first + (vacancies == 1 ? v : v / vacancies), 0), &axes[v * 3 * kTerms],
                             &codes[v * E]};
          },
          [offset = k.work.tables.offsets.data()](const GatherRow &row, int m) {
            const std::int32_t site = row.term[offset[3 * m] + L::kReach] + row.term[kTerms + offset[3 * m + 1] + L::kReach] +
                                      row.term[2 * kTerms + offset[3 * m + 2] + L::kReach];
            row.codes[m] = row.occupancy[site];
          });
      if (vacancies > 1) {
        team.for_each(n_stale, [&](int r) {
          const int v = stale[r];
          vacancy[v].seen = 0;
          for (int m = 0; m < E; ++m) {
            vacancy[v].seen = codes[v * E + m] == 0 ? 1 : vacancy[v].seen;
          }
        });
      }
      const std::int32_t *rows_to_do = stale.data();
      int n_to_do = n_stale;
      if constexpr (kRemembers) {
        if (remember) {
          const EnvironmentMemory<E, typename Model::Stored> memory{k.work.memory, first * k.work.memory.entries,
                                                                    n * k.work.memory.entries};
          team.for_each(
              n_stale, k.work.memory.key_words,
              [&](int r) {
                return KeyRow{&codes[stale[r] * E], &key[stale[r] * k.work.memory.key_words]};
              },
              [&](const KeyRow &row, int word) { row.key[word] = memory.key_word(row.codes, word); });
          team.for_each(n_stale, [&](int r) {
            const int v = stale[r];
            const std::uint64_t *own = &key[v * k.work.memory.key_words];
            entry[v] = memory.place(own);
            if (memory.find(entry[v], own, &barrier[v * P], follow_spread ? &spread[v * P] : nullptr)) {
              entry[v] = -1;
            }
          });
          team.single([&]() {
            int listed = 0;
            for (int r = 0; r < n_stale; ++r) {
              if (entry[stale[r]] >= 0) {
                unknown[listed++] = stale[r];
              }
            }
            unknown[most_v] = listed;
          });
          rows_to_do = unknown.data();
          n_to_do = unknown[most_v];
          looked_up += static_cast<std::uint64_t>(n_stale);
          found += static_cast<std::uint64_t>(n_stale - n_to_do);
        }
      }
      for (int begin = 0; begin < n_to_do; begin += rows) {
        const int now = n_to_do - begin < rows ? n_to_do - begin : rows;
        work.model(team, rows_to_do + begin, now, View<const std::uint8_t, 1>(codes), barrier, spread, model_scratch);
      }
      if constexpr (kRemembers) {
        if (remember && n_to_do > 0) {
          const EnvironmentMemory<E, typename Model::Stored> memory{k.work.memory, first * k.work.memory.entries,
                                                                    n * k.work.memory.entries};
          team.for_each(n_to_do, [&](int r) {
            const int v = unknown[r];
            bool taken = false; // by a vacancy listed before: two must not write one entry
            for (int before = 0; before < r; ++before) {
              taken = taken || entry[unknown[before]] == entry[v];
            }
            if (!taken) {
              memory.keep(entry[v], &key[v * k.work.memory.key_words], &barrier[v * P],
                          follow_spread ? &spread[v * P] : nullptr);
            }
          });
        }
      }
      if (vacancies > 1) { // a jump into another vacancy is none
        team.for_each(n_stale, P, [&](int r, int p) {
          const int v = stale[r];
          barrier[v * P + p] = codes[v * E + p] != 0 ? barrier[v * P + p] : HUGE_VAL;
        });
      }
      team.for_each(n, [&](int i) { k.find_least(&barrier[i * n_paths], &codes[i * vacancies * E], state[i]); });
      team.for_each(
          nv, P,
          [&](int v) {
            const WalkerState &own = state[vacancies == 1 ? v : v / vacancies];
            return WeightRow{own.smallest_eV, own.inverse_kT, &barrier[v * P], &weight[v * P]};
          },
          [](const WeightRow &row, int p) { row.weight[p] = exact_exp((row.smallest_eV - row.barrier[p]) * row.inverse_kT); });
      team.for_each(n, [&](int i) {
        k.choose(hop, first + i, &weight[i * n_paths], &vacancy[i * vacancies], state[i],
                 run.randomness ? &histogram[i * kHistogramBins] : nullptr);
      });
      if constexpr (kRemembers) {
        if (follow_spread) {
          team.for_each(n, [&](int i) { k.note_spread(first + i, &spread[i * n_paths], &codes[i * vacancies * E], state[i]); });
        }
      }
      team.for_each(n, n_counts, [&](int i, int q) {
        const WalkerState &s = state[i];
        if (s.averaged != 0) {
          count_time[i * n_counts + q] += count[i * n_counts + q] * s.step_s;
          count_hops[i * n_counts + q] += s.path >= 0 ? count[i * n_counts + q] : 0;
        }
      });
      team.for_each(n, [&](int i) {
        if (state[i].path >= 0) {
          const int v = i * vacancies + state[i].path / P;
          k.swap(
              first + i, state[i].path % P, &codes[v * E], vacancy[v], state[i], n_counts > 0 ? &count[i * n_counts] : nullptr,
              n_species > 0 ? Moved{&jumps[i * n_species], &collective[i * 3 * n_species], &squared[i * n_species]} : Moved{});
          k.mark_stale(v - i * vacancies, &vacancy[i * vacancies], state[i].path % P);
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
      if (vacancies > 1) {
        g.contacts[w] = s.contacts;
      }
      if (run.randomness) {
        g.randomness(0, w) = s.randomness;
        g.randomness(1, w) = s.randomness_squared;
      }
      if (follow_spread) {
        g.spread(0, w) = s.spread_squared;
        g.spread(1, w) = s.largest_spread;
        if (run.spread_limit_eV > 0.0) {
          g.flagged[w] = s.flagged;
          g.flagged_kept[w] = s.flagged_kept;
        }
      }
      g.status[w] = s.status;
    });
    team.for_each(n, vacancies, [&](int i, int v) {
      const VacancyState &s = vacancy[i * vacancies + v];
      g.vacancy_site(first + i, v) = k.work.lattice.site(s.at);
      for (int a = 0; a < 3; ++a) {
        g.displacement(a, first + i, v) = s.displacement[a];
      }
    });
    team.for_each(n, n_counts, [&](int i, int q) {
      g.pair_counts(q, first + i) = count[i * n_counts + q];
      g.pair_time(q, first + i) = count_time[i * n_counts + q];
      g.pair_hops(q, first + i) = count_hops[i * n_counts + q];
    });
    if (run.randomness) {
      team.for_each(n, kHistogramBins, [&](int i, int bin) {
        const std::uint32_t states = histogram[i * kHistogramBins + bin];
        if (states != 0) {
          atomic_add(&g.randomness_histogram((first + i) / run.replicas, bin), states);
        }
      });
    }
    if (n_species > 0) {
      team.for_each(n, n_species, [&](int i, int s) {
        g.jumps(s, first + i) = jumps[i * n_species + s];
        if (run.tracers) {
          g.squared(s, first + i) = squared[i * n_species + s];
        }
        for (int a = 0; a < 3 && run.transport; ++a) {
          g.collective(s, a, first + i) = collective[(i * n_species + s) * 3 + a];
        }
      });
    }
    if (remember) {
      team.single([&]() {
        atomic_add(&k.work.memory.statistics[0], looked_up);
        atomic_add(&k.work.memory.statistics[1], found);
      });
    }
  }

private:
  // What the elements of a phase share.
  struct AxisRow {
    SiteCoordinates at;
    std::int32_t *term;
  };
  struct GatherRow {
    const std::uint8_t *occupancy;
    const std::int32_t *term;
    std::uint8_t *codes;
  };
  struct KeyRow {
    const std::uint8_t *codes;
    std::uint64_t *key;
  };
  struct WeightRow {
    double smallest_eV;
    double inverse_kT;
    const double *barrier;
    double *weight;
  };

  // What the atoms of each species of one walker have done.
  struct Moved {
    std::uint64_t *jumps = nullptr;
    std::int64_t *collective = nullptr; // [species][3]
    std::int64_t *squared = nullptr;
  };

  // The share in a site's index of the vacancy's coordinate plus t - reach along one axis; i = axis * terms + t.
  static ZENER_FN std::int32_t axis_term(const L &l, const SiteCoordinates &at, int i) {
    const int t = i % kTerms - L::kReach;
    switch (i / kTerms) {
    case 0:
      return l.term_x(L::wrap(at.x + t, l.nx));
    case 1:
      return l.term_y(L::wrap(at.y + t, l.ny));
    default:
      return l.term_z(L::wrap(at.z + t, l.nz));
    }
  }

  // The least barrier of all jumps; one into another vacancy is none.
  ZENER_FN void find_least(const double *barrier, const std::uint8_t *codes, WalkerState &s) const {
    if (s.status != kRunning) {
      return;
    }
    double smallest = HUGE_VAL;
    bool finite = true;
    for (int v = 0; v < work.run.vacancies; ++v, barrier += P, codes += E) {
      for (int p = 0; p < P; ++p) {
        if (codes[p] != 0) {
          smallest = barrier[p] < smallest ? barrier[p] : smallest;
          finite = finite && barrier[p] - barrier[p] == 0.0;
        }
      }
    }
    s.smallest_eV = smallest;
    s.status = finite ? kRunning : kBadBarrier;
  }

  // Path and residence time of the present state, or the status that ends the walk.
  ZENER_FN void choose(std::uint64_t hop, std::int64_t w, const double *weight, const VacancyState *vacancy, WalkerState &s,
                       std::uint32_t *histogram) const {
    s.path = -1;
    s.averaged = 0;
    if (s.status != kRunning) {
      return;
    }
    const double slowdown = exact_exp(s.smallest_eV * s.inverse_kT);
    if (slowdown - slowdown != 0.0) {
      s.status = kNoPossibleHop;
      return;
    }
    const RunParameters &run = work.run;
    const int paths = run.vacancies * P;
    double sum = 0.0;
    for (int p = 0; p < paths; ++p) {
      sum += weight[p];
    }
    const Random128 draw = random_bits(streams::hop, run.seed, run.first_walker + static_cast<std::uint32_t>(w), hop, 0);
    const double target = uniform_below_one(draw.low()) * sum;
    double reached = 0.0;
    int path = -1;
    for (int p = 0; p < paths; ++p) {
      reached += weight[p];
      path = path < 0 && target < reached ? p : path;
    }
    for (int p = paths - 1; p >= 0; --p) { // target rounded up to the sum: the last path that can be taken
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
    if (s.averaged != 0 && s.path >= 0) {
      if (histogram != nullptr) {
        const double r = jump_randomness<P>(weight + path / P * P);
        s.randomness += r;
        s.randomness_squared += r * r;
        histogram[randomness_bin(r)] += 1;
      }
      for (int v = 0; v < run.vacancies && run.vacancies > 1; ++v) {
        s.contacts += static_cast<std::uint64_t>(vacancy[v].seen);
      }
    }
  }

  // The spreads over an ensemble of the state that is left: of the jump that is made, of all that are possible, and of the
  // environment that it is made from. spread [vacancy][P], codes [vacancy][E].
  ZENER_FN void note_spread(std::int64_t w, const double *spread, const std::uint8_t *codes, WalkerState &s) const {
    if (s.path < 0) {
      return;
    }
    s.spread_squared += spread[s.path] * spread[s.path];
    const int jumping = s.path / P;
    double of_jumping = 0.0;
    for (int v = 0; v < work.run.vacancies; ++v) {
      double largest = 0.0;
      for (int p = 0; p < P; ++p) {
        largest = codes[v * E + p] != 0 && spread[v * P + p] > largest ? spread[v * P + p] : largest;
      }
      s.largest_spread = largest > s.largest_spread ? largest : s.largest_spread;
      of_jumping = v == jumping ? largest : of_jumping;
    }
    if (work.run.spread_limit_eV > 0.0 && of_jumping > work.run.spread_limit_eV) {
      s.flagged += 1;
      keep_flagged(w, codes + jumping * E, s);
    }
  }

  // Keeps an environment, while there is room and when it is another than those kept.
  ZENER_FN void keep_flagged(std::int64_t w, const std::uint8_t *codes, WalkerState &s) const {
    if (s.flagged_kept >= static_cast<std::uint32_t>(kFlaggedKept)) {
      return;
    }
    for (std::uint32_t slot = 0; slot < s.flagged_kept; ++slot) {
      bool same = true;
      for (int m = 0; m < E && same; ++m) {
        same = work.walkers.flagged_codes(w, slot, m) == codes[m];
      }
      if (same) {
        return;
      }
    }
    for (int m = 0; m < E; ++m) {
      work.walkers.flagged_codes(w, s.flagged_kept, m) = codes[m];
    }
    s.flagged_kept += 1;
  }

  // Exchanges the vacancy with the atom on its path and keeps the counts of bonds: the atom loses those around its old site and
  // gains those around the new one.
  ZENER_FN void swap(std::int64_t w, int path, const std::uint8_t *codes, VacancyState &v, WalkerState &s, std::int32_t *count,
                     const Moved &moved) const {
    const LatticeTablesView &t = work.tables;
    const L &l = work.lattice;
    const int atom = codes[path];
    int m = 0;
    for (int shell = 0; shell < work.run.shells; ++shell, count += pairs()) {
      for (; m < L::shell_end(shell); ++m) {
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
    const std::int32_t to = l.site(v.at); // where the atom goes
    v.at = l.moved(v.at, step[0], step[1], step[2]);
    const std::int32_t from = l.site(v.at);
    for (int a = 0; a < 3; ++a) {
      v.displacement[a] += step[a];
    }
    work.walkers.occupancy(w, to) = static_cast<std::uint8_t>(atom);
    work.walkers.occupancy(w, from) = 0;
    if (moved.jumps == nullptr) {
      return;
    }
    moved.jumps[atom - 1] += 1;
    for (int a = 0; a < 3; ++a) {
      moved.collective[(atom - 1) * 3 + a] -= step[a];
    }
    if (work.run.tracers) {
      const std::int64_t packed = work.walkers.atom_displacement(w, from);
      std::int64_t next = 0;
      std::int64_t along = 0; // r . step
      for (int a = 0; a < 3; ++a) {
        const std::int64_t r = (packed >> (21 * a) & kTracerMask) - kTracerOffset;
        const std::int64_t gone = r - step[a];
        along += r * step[a];
        s.status = gone <= -kTracerOffset || gone >= kTracerOffset ? kTracerRange : s.status;
        next |= ((gone + kTracerOffset) & kTracerMask) << (21 * a);
      }
      moved.squared[atom - 1] += L::kJumpSquared - 2 * along;
      work.walkers.atom_displacement(w, to) = next;
      work.walkers.atom_displacement(w, from) = kTracerOrigin;
    }
  }

  // After vacancy `moved` jumped along `path`: it and every vacancy whose environment holds one of the two sites.
  ZENER_FN void mark_stale(int moved, VacancyState *vacancy, int path) const {
    vacancy[moved].stale = 1;
    if (work.run.vacancies == 1) {
      return;
    }
    const L &l = work.lattice;
    const LatticeTablesView &t = work.tables;
    const SiteCoordinates now = vacancy[moved].at;
    for (int v = 0; v < work.run.vacancies; ++v) {
      std::int32_t d[2] = {0, 0};
      for (int end = 0; end < 2; ++end) { // the site it has now, then the one it left
        const SiteCoordinates &at = vacancy[v].at;
        const std::int32_t x = L::nearest(at.x - now.x + end * t.offsets(path, 0), l.nx);
        const std::int32_t y = L::nearest(at.y - now.y + end * t.offsets(path, 1), l.ny);
        const std::int32_t z = L::nearest(at.z - now.z + end * t.offsets(path, 2), l.nz);
        d[end] = x * x + y * y + z * z;
      }
      if (d[0] <= L::kSquaredReach || d[1] <= L::kSquaredReach) {
        vacancy[v].stale = 1;
      }
    }
  }
};

template <class Model> void advance_walkers(Queue &queue, const Advance<Model> &work, TeamChoice choice) {
  const std::int64_t walkers = work.walkers.time_s.extent(0);
  const AdvanceKernel<Model> kernel{work, choice.walkers, choice.rows};
  queue.teams("kmc_advance", {(walkers + choice.walkers - 1) / choice.walkers, choice.lanes, kernel.scratch()}, kernel);
}

// Barriers of many environments, `rows` of them a team. Source(i, m) gives the code on site m of environment i.
template <class Model, class Source> struct EvaluateKernel {
  using L = typename Model::Lattice;
  static constexpr int kMaxLanes = Model::kMaxLanes;
  Model model;
  Source source;
  View<double, 2> barrier; // [n][P]
  View<double, 2> spread;  // [n][P], of an ensemble
  int rows;

  std::size_t scratch() const {
    return scratch_bytes<std::uint8_t>(rows * L::kEnvironment) + scratch_bytes<double>(rows * L::kJumps) +
           scratch_bytes<double>(spread.size() > 0 ? rows * L::kJumps : 0) + scratch_bytes<std::int32_t>(rows) +
           model.scratch(rows);
  }
  ZENER_FN void operator()(Team &team) const {
    const EvaluateKernel &k = *this;
    const std::int64_t first = team.index() * rows;
    const std::int64_t left = barrier.extent(0) - first;
    const int n = static_cast<int>(left < rows ? left : rows);
    const View<std::uint8_t, 1> codes = team.scratch<std::uint8_t>(rows * L::kEnvironment);
    const View<double, 1> own = team.scratch<double>(rows * L::kJumps);
    const View<double, 1> own_spread = team.scratch<double>(spread.size() > 0 ? rows * L::kJumps : 0);
    const View<std::int32_t, 1> list = team.scratch<std::int32_t>(rows);
    const typename Model::Scratch model_scratch = model.take_scratch(team, rows);
    team.for_each(n, [&](int i) { list[i] = i; });
    team.for_each(n, L::kEnvironment, [&](int i, int m) { codes[i * L::kEnvironment + m] = k.source(first + i, m); });
    model(team, list.data(), n, View<const std::uint8_t, 1>(codes), own, own_spread, model_scratch);
    team.for_each(n, L::kJumps, [&](int i, int p) {
      k.barrier(first + i, p) = codes[i * L::kEnvironment + p] != 0 ? own[i * L::kJumps + p] : HUGE_VAL;
    });
    if (spread.size() > 0) {
      team.for_each(n, L::kJumps, [&](int i, int p) {
        k.spread(first + i, p) = codes[i * L::kEnvironment + p] != 0 ? own_spread[i * L::kJumps + p] : 0.0;
      });
    }
  }
};

struct GivenEnvironments {
  View<const std::uint8_t, 2> codes; // [n][E]
  ZENER_FN std::uint8_t operator()(std::int64_t i, int m) const { return codes(i, m); }
};

template <class L> struct EnvironmentsOfSites {
  L lattice;
  LatticeTablesView tables;
  View<const std::uint8_t, 1> occupancy; // [site]
  ZENER_FN std::uint8_t operator()(std::int64_t i, int m) const {
    const SiteCoordinates at = lattice.coordinates(static_cast<std::int32_t>(i));
    return occupancy[lattice.neighbour(at, tables.offsets(m, 0), tables.offsets(m, 1), tables.offsets(m, 2))];
  }
};

template <class Model, class Source>
void evaluate_source(Queue &queue, const char *name, const Model &model, const Source &source, View<double, 2> barrier,
                     View<double, 2> spread, TeamChoice choice) {
  const EvaluateKernel<Model, Source> kernel{model, source, barrier, spread, choice.rows};
  queue.teams(name, {(barrier.extent(0) + choice.rows - 1) / choice.rows, choice.lanes, kernel.scratch()}, kernel);
}

template <class Model>
void evaluate_environments(Queue &queue, const Model &model, View<const std::uint8_t, 2> codes, View<double, 2> barrier,
                           View<double, 2> spread, TeamChoice choice) {
  evaluate_source(queue, "evaluate_environments", model, GivenEnvironments{codes}, barrier, spread, choice);
}

template <class Model>
void map_barriers(Queue &queue, const Model &model, const typename Model::Lattice &lattice, const LatticeTablesView &tables,
                  View<const std::uint8_t, 1> occupancy, View<double, 2> barrier, View<double, 2> spread, TeamChoice choice) {
  evaluate_source(queue, "map_barriers", model, EnvironmentsOfSites<typename Model::Lattice>{lattice, tables, occupancy},
                  barrier, spread, choice);
}

} // namespace ZENER_BACKEND
} // namespace zener

// One instantiation a file keeps compile times short.
#define ZENER_INSTANTIATE_KMC_MODEL(Model)                                                                                     \
  namespace zener {                                                                                                            \
  inline namespace ZENER_BACKEND {                                                                                             \
  template void advance_walkers(Queue &, const Advance<Model> &, TeamChoice);                                                  \
  template void evaluate_environments(Queue &, const Model &, View<const std::uint8_t, 2>, View<double, 2>, View<double, 2>,   \
                                      TeamChoice);                                                                             \
  template void map_barriers(Queue &, const Model &, const Model::Lattice &, const LatticeTablesView &,                        \
                             View<const std::uint8_t, 1>, View<double, 2>, View<double, 2>, TeamChoice);                       \
  }                                                                                                                            \
  }
