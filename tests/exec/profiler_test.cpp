// Times of ranges by name: off unless asked for, every launch once, nested ranges not twice; parts of teams; memory of buffers.
#include "tests/support/device_test.hpp"

#include <array>
#include <chrono>
#include <thread>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct SetTo {
  View<double, 1> to;
  double value;
  ZENER_FN void operator()(std::int64_t i) const { to[i] = value; }
};

RangeTime time_of(const std::string &name) {
  for (const RangeTime &range : range_times()) {
    if (range.name == name) {
      return range;
    }
  }
  return {name, 0, 0.0, {}};
}

void pause(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

ZENER_DEVICE_TEST(Profiler, KeepsLaunchesByNameOnlyWhileAsked) {
  DeviceBuffer<double> buffer = empty<double>(100);
  const auto launch = [&](const char *name) { queue().for_each(name, 100, SetTo{buffer.view(), 1.0}); };
  const Recording chain = queue().record("chain", [&] { launch("recorded"); });
  launch("before");
  time_ranges(true);
  launch("first");
  launch("second");
  launch("first");
  queue().replay("chain", chain);
  queue().replay("chain", chain);
  time_ranges(false);
  launch("after");
  EXPECT_EQ(time_of("before").calls, 0);
  EXPECT_EQ(time_of("first").calls, 2);
  EXPECT_EQ(time_of("second").calls, 1);
  EXPECT_EQ(time_of("recorded").calls, 2);
  EXPECT_EQ(time_of("after").calls, 0);
  EXPECT_GT(time_of("first").seconds, 0.0);
  EXPECT_EQ(to_host(buffer)[99], 1.0);
  time_ranges(true);
  time_ranges(false);
  EXPECT_TRUE(range_times().empty());
}

ZENER_DEVICE_TEST(Profiler, TakesInnerRangesOffTheOuterOne) {
  time_ranges(true);
  const auto begin = std::chrono::steady_clock::now();
  {
    const ProfilerRange outer("outer");
    pause(5);
    for (int i = 0; i < 2; ++i) {
      const ProfilerRange inner("inner");
      pause(40);
    }
  }
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  time_ranges(false);
  EXPECT_EQ(time_of("inner").calls, 2);
  EXPECT_GE(time_of("inner").seconds, 0.08);
  EXPECT_GE(time_of("outer").seconds, 0.005);
  EXPECT_LE(time_of("outer").seconds + time_of("inner").seconds, wall);
}

// Part 0 of each team walks `short_walk` steps of a chain, part 2 ten times as many; both leave what they found.
struct TwoParts {
  View<double, 1> to;
  int short_walk;
  ZENER_FN void operator()(Team &team) const {
    walk(team, short_walk, 0);
    walk(team, 10 * short_walk, 2);
  }
  ZENER_FN void walk(Team &team, int steps, int part) const {
    team.single([&] {
      double x = to[team.index()];
      for (int i = 0; i < steps; ++i) {
        x = 0.5 * x + 1.0;
      }
      to[team.index()] = x;
    });
    team.end_part(part);
  }
};

ZENER_DEVICE_TEST(Profiler, TellsPartsOfTeamsApart) {
  DeviceBuffer<double> buffer = empty<double>(8);
  buffer.zero();
  const auto launch = [&] { queue().teams("parts", {8, 1, 0}, TwoParts{buffer.view(), 20000}); };
  time_ranges(true);
  launch();
  const std::array<std::int64_t, kTeamParts> once = time_of("parts").part_ticks;
  launch();
  time_ranges(false);
  const std::array<std::int64_t, kTeamParts> twice = time_of("parts").part_ticks;
  EXPECT_GT(once[0], 0);
  EXPECT_GT(once[2], 3 * once[0]); // ten times as long, on a machine that may be busy
  EXPECT_EQ(once[1], 0);
  EXPECT_EQ(once[3], 0);
  EXPECT_GT(twice[0], once[0]);
  launch();
  EXPECT_EQ(time_of("parts").part_ticks, twice);
}

ZENER_DEVICE_TEST(Profiler, CountsTheMemoryOfBuffers) {
  const std::size_t before = queue().memory_held();
  {
    DeviceBuffer<double> first = empty<double>(1000);
    DeviceBuffer<float> second = empty<float>(10);
    EXPECT_EQ(queue().memory_held() - before, 8040u);
  }
  EXPECT_EQ(queue().memory_held(), before);
  EXPECT_GE(queue().memory_peak(), before + 8040);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
