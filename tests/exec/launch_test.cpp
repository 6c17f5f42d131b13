// Queue::for_each and Queue::teams: every index once, phases in order, scratch, PerLane, single, reduce.
#include "tests/reference/reduction.hpp"
#include "tests/support/device_test.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct CountVisits {
  View<std::int32_t, 1> visits;
  View<std::int64_t, 1> square;
  ZENER_FN void operator()(std::int64_t i) const {
    visits[i] += 1;
    square[i] = i * i;
  }
};

ZENER_DEVICE_TEST(Launch, ForEachVisitsEveryIndexOnce) {
  for (const std::int64_t n : test_sizes()) {
    auto visits = empty<std::int32_t>(n);
    auto square = empty<std::int64_t>(n);
    visits.zero();
    queue().for_each("test_visits", n, CountVisits{visits.view(), square.view()});
    const auto seen = to_host(visits);
    const auto squares = to_host(square);
    for (std::int64_t i = 0; i < n; ++i) {
      ASSERT_EQ(seen[static_cast<std::size_t>(i)], 1) << "index " << i << " of " << n;
      ASSERT_EQ(squares[static_cast<std::size_t>(i)], i * i) << "index " << i << " of " << n;
    }
  }
}

// Three phases over two arrays in scratch; each reads what other lanes wrote in the phase before.
struct MirrorAndShift {
  View<const std::int32_t, 2> in;
  View<std::int32_t, 2> out;
  ZENER_FN void operator()(Team &team) const {
    const MirrorAndShift &k = *this;
    const int n = static_cast<int>(in.extent(1));
    const View<std::int32_t, 1> a = team.scratch<std::int32_t>(n);
    const View<std::int32_t, 1> b = team.scratch<std::int32_t>(n);
    team.for_each(n, [&](int i) { a[i] = k.in(team.index(), i); });
    team.for_each(n, [&](int i) { b[i] = a[n - 1 - i] + 1; });
    team.for_each(n, [&](int i) { a[i] = 2 * b[(i + 1) % n]; });
    team.for_each(n, [&](int i) { k.out(team.index(), i) = a[i] - b[i]; });
  }
};

ZENER_DEVICE_TEST(Launch, TeamPhasesSeeTheWholePhaseBefore) {
  for (const std::int64_t teams : {0, 1, 3, 65}) {
    for (const int n : {1, 31, 33, 64, 65, 1000}) {
      std::vector<std::int32_t> in;
      for (std::int64_t i = 0; i < teams * n; ++i) {
        in.push_back(static_cast<std::int32_t>((i * 7919) % 10007));
      }
      auto device_in = to_device(in);
      auto out = empty<std::int32_t>(teams * n);
      queue().teams("test_mirror", {teams, 64, 2 * scratch_bytes<std::int32_t>(n)},
                    MirrorAndShift{device_in.shaped(teams, n), out.shaped(teams, n)});
      const auto got = to_host(out);
      for (std::int64_t t = 0; t < teams; ++t) {
        const auto b = [&](int i) { return in[static_cast<std::size_t>(t * n + n - 1 - i)] + 1; };
        for (int i = 0; i < n; ++i) {
          ASSERT_EQ(got[static_cast<std::size_t>(t * n + i)], 2 * b((i + 1) % n) - b(i)) << teams << " x " << n;
        }
      }
    }
  }
}

// A phase over two indices, and one that reads it transposed.
struct TwoIndices {
  View<std::int32_t, 2> visits; // [n][m]
  View<std::int32_t, 2> out;    // [m][n]
  ZENER_FN void operator()(Team &team) const {
    const TwoIndices &k = *this;
    const int n = static_cast<int>(visits.extent(0));
    const int m = static_cast<int>(visits.extent(1));
    team.for_each(n, m, [&](int i, int j) { k.visits(i, j) += 1 + i * 1000 + j; });
    team.for_each(m, n, [&](int j, int i) { k.out(j, i) = k.visits(i, j); });
  }
};

ZENER_DEVICE_TEST(Launch, TeamPhasesOverTwoIndicesVisitEachPairOnce) {
  for (const int n : {0, 1, 3, 33}) {
    for (const int m : {0, 1, 31, 65}) {
      auto visits = empty<std::int32_t>(n * m);
      auto out = empty<std::int32_t>(n * m);
      visits.zero();
      queue().teams("test_two_indices", {1, 64, 0}, TwoIndices{visits.shaped(n, m), out.shaped(m, n)});
      const auto got = to_host(out);
      for (int k = 0; k < n * m; ++k) {
        ASSERT_EQ(got[static_cast<std::size_t>(k)], 1 + k % n * 1000 + k / n) << n << " x " << m;
      }
    }
  }
}

struct LaneNumbers {
  View<std::int32_t, 2> out;     // [team][lane]
  View<std::int32_t, 1> singles; // [team]
  ZENER_FN void operator()(Team &team) const {
    const LaneNumbers &k = *this;
    PerLane<std::int32_t> value = team.per_lane<std::int32_t>();
    const View<std::int32_t, 1> common = team.scratch<std::int32_t>(1);
    team.lanes([&](int lane) { value[lane] = 10 * lane + static_cast<int>(team.index()); });
    team.single([&]() {
      common[0] = 1000;
      k.singles[team.index()] += 1;
    });
    team.lanes([&](int lane) { value[lane] += common[0]; });
    team.lanes([&](int lane) { k.out(team.index(), lane) = value[lane]; });
  }
};

ZENER_DEVICE_TEST(Launch, PerLaneValuesLiveAcrossPhasesAndSingleRunsOnce) {
  for (const int lanes : {1, 32, 33, 64, 128}) {
    const int teams = 5;
    auto out = empty<std::int32_t>(teams * lanes);
    auto singles = empty<std::int32_t>(teams);
    singles.zero();
    queue().teams("test_lanes", {teams, lanes, scratch_bytes<std::int32_t>(lanes) + scratch_bytes<std::int32_t>(1)},
                  LaneNumbers{out.shaped(teams, lanes), singles.view()});
    const auto got = to_host(out);
    for (int t = 0; t < teams; ++t) {
      for (int lane = 0; lane < lanes; ++lane) {
        EXPECT_EQ(got[static_cast<std::size_t>(t * lanes + lane)], 1000 + 10 * lane + t) << lanes;
      }
    }
    EXPECT_EQ(to_host(singles), std::vector<std::int32_t>(static_cast<std::size_t>(teams), 1));
  }
}

struct TeamSums {
  View<const double, 2> in;
  View<double, 2> sum; // [team][repetition]
  ZENER_FN void operator()(Team &team) const {
    const TeamSums &k = *this;
    // Twice in a row, each result read by another lane: the second must not overtake the first.
    for (int repetition = 0; repetition < 2; ++repetition) {
      const double s = team.reduce(
          static_cast<int>(in.extent(1)), [&](int i) { return k.in(team.index(), i) * (repetition + 1); },
          [](double a, double b) { return a + b; }, 0.0);
      team.for_each(129, [&](int i) {
        if (i == 128 - repetition) {
          k.sum(team.index(), repetition) = s;
        }
      });
    }
  }
};

ZENER_DEVICE_TEST(Launch, TeamReduceFollowsItsTreeForAnyNumberOfLanes) {
  const auto add = [](double a, double b) { return a + b; };
  for (const int n : {0, 1, 127, 128, 129, 1000}) {
    const int teams = 3;
    std::vector<double> in;
    for (int i = 0; i < teams * n; ++i) {
      in.push_back(0.1 * ((i * 7919) % 10007));
    }
    auto device_in = to_device(in);
    for (const int lanes : {1, 32, 96, 128, 256}) {
      auto sum = empty<double>(teams * 2);
      queue().teams("test_team_sums", {teams, lanes, 0}, TeamSums{device_in.shaped(teams, n), sum.shaped(teams, 2)});
      const auto got = to_host(sum);
      for (int t = 0; t < teams; ++t) {
        for (int repetition = 0; repetition < 2; ++repetition) {
          std::vector<double> values;
          for (int i = 0; i < n; ++i) {
            values.push_back(in[static_cast<std::size_t>(t * n + i)] * (repetition + 1));
          }
          const double expected = reference::fold_block(values, 0, values.size(), add, 0.0);
          EXPECT_EQ(got[static_cast<std::size_t>(t * 2 + repetition)], expected) << n << " elements, " << lanes << " lanes";
        }
      }
    }
  }
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
