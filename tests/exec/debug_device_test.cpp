// The debug device finds the faults that it is for. Each kernel here is wrong on purpose.
#include "tests/support/device_test.hpp"

#if defined(ZENER_DEBUG_DEVICE)

#include <cmath>
#include <cstdio>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct WriteBeyond {
  View<double, 1> out;
  ZENER_FN void operator()(std::int64_t i) const { out[i + 1] = 1.0; }
};

struct WriteBeyondInTeam {
  View<double, 2> out;
  ZENER_FN void operator()(Team &team) const {
    const WriteBeyondInTeam &k = *this;
    team.for_each(4, [&](int i) { k.out(team.index(), i - 1) = 1.0; });
  }
};

ZENER_DEVICE_TEST(DebugDevice, FindsAnIndexOutOfBounds) {
  auto out = empty<double>(5);
  const std::string text = fault_of([&] { queue().for_each("test_beyond", 5, WriteBeyond{out.view()}); });
  EXPECT_NE(text.find("index 5 of dimension 0 is outside 0..4"), std::string::npos) << text;
  EXPECT_NE(text.find("test_beyond"), std::string::npos) << text;
  EXPECT_NE(text.find("device 0"), std::string::npos) << text;
  auto table = empty<double>(8);
  const std::string in_team = fault_of([&] {
    queue().teams("test_beyond_in_team", {2, 4, 0}, WriteBeyondInTeam{table.shaped(2, 4)});
  });
  EXPECT_NE(in_team.find("index -1 of dimension 1 is outside 0..3"), std::string::npos) << in_team;
  EXPECT_NE(in_team.find("test_beyond_in_team"), std::string::npos) << in_team;
  EXPECT_NE(in_team.find("device 0"), std::string::npos) << in_team;
}

struct Copy {
  View<const double, 1> in;
  View<double, 1> out;
  ZENER_FN void operator()(std::int64_t i) const { out[i] = in[i]; }
};

ZENER_DEVICE_TEST(DebugDevice, MemoryThatWasNotUploadedIsNotANumber) {
  auto forgotten = empty<double>(100);
  auto out = empty<double>(100);
  queue().for_each("test_forgotten", 100, Copy{forgotten.view(), out.view()});
  for (const double x : to_host(out)) {
    EXPECT_TRUE(std::isnan(x));
  }
}

struct ReadScratch {
  View<double, 1> out;
  ZENER_FN void operator()(Team &team) const {
    const ReadScratch &k = *this;
    const View<double, 1> never_written = team.scratch<double>(1);
    team.single([&]() { k.out[team.index()] = never_written[0]; });
  }
};

ZENER_DEVICE_TEST(DebugDevice, ScratchThatWasNotWrittenIsNotANumber) {
  auto out = empty<double>(3);
  queue().teams("test_scratch", {3, 1, scratch_bytes<double>(1)}, ReadScratch{out.view()});
  for (const double x : to_host(out)) {
    EXPECT_TRUE(std::isnan(x));
  }
}

ZENER_DEVICE_TEST(DebugDevice, ScratchOverrunThrows) {
  auto out = empty<double>(3);
  const std::string text = fault_of([&] { queue().teams("test_overrun", {3, 1, 0}, ReadScratch{out.view()}); });
  EXPECT_NE(text.find("test_overrun"), std::string::npos) << text;
  EXPECT_NE(text.find("64 bytes of scratch more"), std::string::npos) << text;
}

ZENER_DEVICE_TEST(DebugDeviceDeathTest, TheHostCannotTouchDeviceMemory) {
  GTEST_FLAG_SET(death_test_style, "threadsafe"); // OpenMP's threads would not live through a fork
  auto buffer = to_device<double>({1.0, 2.0});
  const volatile double *memory = buffer.view().data();
  EXPECT_DEATH(std::printf("%g\n", memory[0]), "");
  double *writable = buffer.view().data();
  EXPECT_DEATH(*const_cast<volatile double *>(writable) = 3.0, "");
  EXPECT_EQ(to_host(buffer), (std::vector<double>{1.0, 2.0}));
}

// Each lane reads what its neighbour writes in the same phase.
struct PrefixWithoutBarrier {
  View<std::int32_t, 1> out;
  ZENER_FN void operator()(Team &team) const {
    const PrefixWithoutBarrier &k = *this;
    const int n = static_cast<int>(out.size());
    const View<std::int32_t, 1> x = team.scratch<std::int32_t>(n);
    team.for_each(n, [&](int i) { x[i] = 1; });
    team.for_each(n, [&](int i) { x[i] += i > 0 ? x[i - 1] : 0; });
    team.for_each(n, [&](int i) { k.out[i] = x[i]; });
  }
};

struct PrefixAcrossElements {
  View<std::int32_t, 1> x;
  ZENER_FN void operator()(std::int64_t i) const { x[i] += i > 0 ? x[i - 1] : 0; }
};

ZENER_DEVICE_TEST(DebugDevice, DependenceOnTheOrderOfLanesShows) {
  const std::vector<std::int32_t> in_order{1, 2, 3, 4, 5, 6, 7, 8};
  auto out = empty<std::int32_t>(8);
  queue().teams("test_prefix", {1, 8, scratch_bytes<std::int32_t>(8)}, PrefixWithoutBarrier{out.view()});
  EXPECT_NE(to_host(out), in_order);
  auto x = to_device(std::vector<std::int32_t>(8, 1));
  queue().for_each("test_prefix", 8, PrefixAcrossElements{x.view()});
  EXPECT_NE(to_host(x), in_order);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener

#endif
