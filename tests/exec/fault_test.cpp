// Failures name the call, the kernel or buffer, and the device; a queue goes on after one. Atomic updates.
#include "kernels/exec/atomics.hpp"
#include "tests/support/device_test.hpp"

#include <algorithm>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct Nothing {
  ZENER_FN void operator()(Team &) const {}
};

ZENER_DEVICE_TEST(Fault, AbsentDeviceIsNamed) {
  const std::string text = fault_of([] { Queue absent(1000); });
  EXPECT_NE(text.find("device 1000"), std::string::npos) << text;
  EXPECT_NE(fault_of([] { Queue absent(-1); }), "(no fault)");
}

ZENER_DEVICE_TEST(Fault, TooMuchScratchNamesKernelAndDevice) {
  const std::size_t limit = queue().properties().max_scratch_bytes;
  EXPECT_EQ(fault_of([&] {
              queue().teams("test_at_the_limit", {1, 32, limit}, Nothing{});
              queue().wait();
            }),
            "(no fault)");
  const std::string text = fault_of([&] { queue().teams("test_greedy", {1, 32, limit + 64}, Nothing{}); });
  EXPECT_NE(text.find("test_greedy"), std::string::npos) << text;
  EXPECT_NE(text.find("device 0"), std::string::npos) << text;
}

#if !defined(__SANITIZE_ADDRESS__) // its allocator ends the program instead
ZENER_DEVICE_TEST(Fault, MemoryExhaustedNamesTheBufferAndTheQueueGoesOn) {
  const std::string text = fault_of([&] { DeviceBuffer<double> all(queue(), std::int64_t{1} << 50, "everything"); });
  EXPECT_NE(text.find("everything"), std::string::npos) << text;
  queue().teams("test_after_fault", {1, 32, 0}, Nothing{});
  queue().wait();
  EXPECT_EQ(to_host(to_device<int>({1, 2, 3})), (std::vector<int>{1, 2, 3}));
}
#endif

struct AddAndMin {
  View<std::uint64_t, 1> sum;
  View<std::uint64_t, 1> least;
  ZENER_FN void operator()(std::int64_t i) const {
    atomic_add(&sum[i % 3], static_cast<std::uint64_t>(i));
    atomic_min(&least[i % 3], static_cast<std::uint64_t>((i * 7919 + 13) % 100003));
  }
};

ZENER_DEVICE_TEST(Atomics, AddAndMin) {
  const std::int64_t n = 100000;
  std::vector<std::uint64_t> sums(3, 0), least(3, ~0ull);
  auto device_sums = to_device(sums);
  auto device_least = to_device(least);
  queue().for_each("test_atomics", n, AddAndMin{device_sums.view(), device_least.view()});
  for (std::int64_t i = 0; i < n; ++i) {
    const auto k = static_cast<std::size_t>(i % 3);
    sums[k] += static_cast<std::uint64_t>(i);
    least[k] = std::min(least[k], static_cast<std::uint64_t>((i * 7919 + 13) % 100003));
  }
  EXPECT_EQ(to_host(device_sums), sums);
  EXPECT_EQ(to_host(device_least), least);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
