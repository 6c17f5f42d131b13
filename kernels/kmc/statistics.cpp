// Statistics of a batch of walkers over the replicas of each group, and the jump randomness of given barriers.
//
//   mean = 1/R sum x,   squared = sum (x - mean)^2      (two passes: no cancellation)
//
// Columns [group][column] are those of StatisticsColumns (s, lattice units, counts, eV). Parallel: one team for each group and
// column; lanes over replicas, folded by the fixed tree of team.hpp; randomness one element for each temperature and
// environment. Operations: two readings a walker and column; P exponentials an environment and temperature. Bytes: 4 to 24 a
// walker and column, twice. Limit: bandwidth for many replicas, else latency. Determinism: the tree depends on the replicas
// alone.
#include "kernels/core/exact_math.hpp"
#include "kernels/exec/atomics.hpp"
#include "kernels/kmc/randomness.hpp"
#include "kernels/kmc/walkers.hpp"

#include <type_traits>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct GroupStatistics {
  WalkersView walkers;
  View<const std::int32_t, 2> b2; // [column][walker]
  StatisticsColumns columns;
  View<double, 2> mean;
  View<double, 2> squared;
  int replicas;

  // Displacement of walker w's vacancy along an axis (3: its square), the mean over its vacancies.
  ZENER_FN double moved(int axis, std::int64_t w) const {
    const std::int64_t vacancies = walkers.displacement.extent(2);
    double sum = 0.0; // exact: integers
    for (std::int64_t v = 0; v < vacancies; ++v) {
      for (int a = 0; a < 3; ++a) {
        const double d = walkers.displacement(a, w, v);
        sum += axis == 3 ? d * d : (axis == a ? d : 0.0);
      }
    }
    return vacancies > 0 ? sum / static_cast<double>(vacancies) : 0.0;
  }

  ZENER_FN double value(int column, std::int64_t w) const {
    const StatisticsColumns &c = columns;
    if (column == 0) {
      return walkers.time_s[w];
    }
    if (column < c.pairs) {
      return moved(column == 1 ? 3 : column - 2, w);
    }
    // Columns ascend in the order of StatisticsColumns; those that are absent are -1.
    if (c.spread >= 0 && column >= c.spread && column < c.spread + 2 + (walkers.flagged.extent(0) > 0 ? 1 : 0)) {
      return spread(column - c.spread, w);
    }
    if (c.b2 >= 0 && column >= c.b2) {
      return b2(column - c.b2, w);
    }
    if (column == c.accepted) {
      return static_cast<double>(walkers.accepted[w]);
    }
    if (column == c.energy) {
      return static_cast<double>(walkers.energy[w]) * kEnergyUnit_eV;
    }
    const int species = static_cast<int>(walkers.jumps.extent(0));
    if (c.tracer_squared >= 0 && column >= c.tracer_squared && column < c.tracer_squared + species) {
      return static_cast<double>(walkers.squared(column - c.tracer_squared, w));
    }
    if (c.jumps >= 0 && column >= c.jumps && column < c.jumps + species) {
      return static_cast<double>(walkers.jumps(column - c.jumps, w));
    }
    if (c.jumps >= 0 && column >= c.jumps) { // collective, the only one left beyond
      return collective(column - c.jumps - species - (c.tracer_squared >= 0 ? species : 0), species, w);
    }
    if (column == c.randomness) {
      return walkers.randomness(0, w) / static_cast<double>(walkers.averaged_hops[w]);
    }
    return walkers.pair_counts(column - c.pairs, w);
  }

  // Of the hops made: root mean square spread, 1: the largest spread met, 2: share from flagged environments.
  ZENER_FN double spread(int which, std::int64_t w) const {
    if (which == 1) {
      return walkers.spread(1, w);
    }
    const auto hops = static_cast<double>(walkers.hops[w]);
    return which == 0 ? sqrt(walkers.spread(0, w) / hops) : static_cast<double>(walkers.flagged[w]) / hops;
  }

  // D_i . D_j of the unordered pair `pair` of species.
  ZENER_FN double collective(int pair, int species, std::int64_t w) const {
    int i = 0;
    while (pair >= species - i) {
      pair -= species - i;
      ++i;
    }
    double sum = 0.0;
    for (int a = 0; a < 3; ++a) {
      sum += static_cast<double>(walkers.collective(i, a, w)) * static_cast<double>(walkers.collective(i + pair, a, w));
    }
    return sum;
  }

  ZENER_FN void operator()(Team &team) const {
    const GroupStatistics &k = *this;
    const int n_columns = columns.end;
    const std::int64_t group = team.index() / n_columns;
    const int column = static_cast<int>(team.index() % n_columns);
    const std::int64_t first = group * replicas;
    const auto add = [](double a, double b) { return a + b; };
    const double sum = team.reduce(
        replicas, [&](int r) { return k.value(column, first + r); }, add, 0.0);
    const double average = sum / replicas;
    const double deviation = team.reduce(
        replicas,
        [&](int r) {
          const double d = k.value(column, first + r) - average;
          return d * d;
        },
        add, 0.0);
    team.single([&]() {
      k.mean(group, column) = average;
      k.squared(group, column) = deviation;
    });
  }
};

struct CountStatus {
  WalkersView walkers;
  View<std::uint64_t, 1> result;
  ZENER_FN void operator()(std::int64_t w) const {
    const std::uint32_t status = walkers.status[w];
    atomic_add(&result[status], 1);
    if (status >= kNoPossibleHop) {
      atomic_min(&result[kStatuses], static_cast<std::uint64_t>(w));
    }
  }
};

struct ResetStatus {
  View<std::uint64_t, 1> result;
  ZENER_FN void operator()(std::int64_t i) const { result[i] = i == kStatuses ? ~std::uint64_t{0} : 0; }
};

template <int P> struct RandomnessOfBarriers {
  View<const double, 2> barrier;
  View<const double, 1> inverse_kT;
  View<double, 2> randomness;
  ZENER_FN void operator()(std::int64_t k) const {
    const std::int64_t n = barrier.extent(0);
    const std::int64_t t = k / n;
    const double *e = &barrier(k % n, 0);
    double smallest = e[0];
    for (int p = 1; p < P; ++p) {
      smallest = e[p] < smallest ? e[p] : smallest;
    }
    double weight[P];
    for (int p = 0; p < P; ++p) {
      weight[p] = e[p] < HUGE_VAL ? exact_exp((smallest - e[p]) * inverse_kT[t]) : 0.0;
    }
    randomness(t, k % n) = smallest < HUGE_VAL ? jump_randomness<P>(weight) : 0.0;
  }
};

} // namespace

void randomness_of_barriers(Queue &queue, View<const double, 2> barrier, View<const double, 1> inverse_kT_per_eV,
                            View<double, 2> randomness) {
  const std::int64_t n = randomness.extent(0) * randomness.extent(1);
  const auto run = [&](auto paths) {
    queue.for_each("randomness_of_barriers", n,
                   RandomnessOfBarriers<decltype(paths)::value>{barrier, inverse_kT_per_eV, randomness});
  };
  switch (barrier.extent(1)) {
  case BccLattice::kJumps:
    return run(std::integral_constant<int, BccLattice::kJumps>{});
  case ScLattice::kJumps:
    return run(std::integral_constant<int, ScLattice::kJumps>{});
  case FccLattice::kJumps:
    return run(std::integral_constant<int, FccLattice::kJumps>{});
  default:
    throw DeviceFault("no lattice has %lld jump directions", static_cast<long long>(barrier.extent(1)));
  }
}

void group_statistics(Queue &queue, const WalkersView &walkers, View<const std::int32_t, 2> b2,
                      const StatisticsColumns &columns, int groups, int replicas, View<double, 2> mean,
                      View<double, 2> squared) {
  queue.teams("kmc_group_statistics", {std::int64_t{groups} * columns.end, kReduceLanes, 0},
              GroupStatistics{walkers, b2, columns, mean, squared, replicas});
}

void count_status(Queue &queue, const WalkersView &walkers, View<std::uint64_t, 1> result) {
  queue.for_each("kmc_reset_status", kStatuses + 1, ResetStatus{result});
  queue.for_each("kmc_count_status", walkers.status.extent(0), CountStatus{walkers, result});
}

} // namespace ZENER_BACKEND
} // namespace zener
