// Statistics of a batch of walkers over the replicas of each group.
//
//   mean = 1/R sum x,   squared = sum (x - mean)^2      (two passes: no cancellation)
//
// Parallel: one team for each group and column; lanes over replicas, folded by the fixed tree of team.hpp.
#include "kernels/exec/atomics.hpp"
#include "kernels/kmc/walkers.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kFixed = 5; // time, squared displacement, displacement x, y, z

struct GroupStatistics {
  WalkersView walkers;
  View<double, 2> mean;
  View<double, 2> squared;
  int replicas;

  ZENER_FN double value(int column, std::int64_t w) const {
    if (column == 0) {
      return walkers.time_s[w];
    }
    if (column == 1) {
      double sum = 0.0; // exact: integers
      for (int a = 0; a < 3; ++a) {
        const double d = walkers.displacement(a, w);
        sum += d * d;
      }
      return sum;
    }
    return column < kFixed ? walkers.displacement(column - 2, w) : walkers.pair_counts(column - kFixed, w);
  }

  ZENER_FN void operator()(Team &team) const {
    const GroupStatistics &k = *this;
    const int columns = static_cast<int>(mean.extent(1));
    const std::int64_t group = team.index() / columns;
    const int column = static_cast<int>(team.index() % columns);
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
      atomic_min(&result[4], static_cast<std::uint64_t>(w));
    }
  }
};

struct ResetStatus {
  View<std::uint64_t, 1> result;
  ZENER_FN void operator()(std::int64_t i) const { result[i] = i == 4 ? ~std::uint64_t{0} : 0; }
};

} // namespace

void group_statistics(Queue &queue, const WalkersView &walkers, int groups, int replicas, View<double, 2> mean,
                      View<double, 2> squared) {
  queue.teams("kmc_group_statistics", {std::int64_t{groups} * mean.extent(1), kReduceLanes, 0},
              GroupStatistics{walkers, mean, squared, replicas});
}

void count_status(Queue &queue, const WalkersView &walkers, View<std::uint64_t, 1> result) {
  queue.for_each("kmc_reset_status", 5, ResetStatus{result});
  queue.for_each("kmc_count_status", walkers.status.extent(0), CountStatus{walkers, result});
}

} // namespace ZENER_BACKEND
} // namespace zener
