// DeviceBuffer: ownership, copies, zero, and the count of bytes that crossed.
#include "tests/support/device_test.hpp"

#include <type_traits>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

static_assert(!std::is_copy_constructible_v<DeviceBuffer<int>> && !std::is_copy_assignable_v<DeviceBuffer<int>>);
static_assert(std::is_nothrow_move_constructible_v<DeviceBuffer<int>> && std::is_nothrow_move_assignable_v<DeviceBuffer<int>>);
static_assert(std::is_trivially_copyable_v<View<int, 3>>);

std::vector<std::int32_t> ramp(std::int64_t n) {
  std::vector<std::int32_t> values;
  for (std::int64_t i = 0; i < n; ++i) {
    values.push_back(static_cast<std::int32_t>(3 * i + 1));
  }
  return values;
}

ZENER_DEVICE_TEST(Buffer, CopiesComeBackAndAreCounted) {
  for (const std::int64_t n : test_sizes()) {
    const auto values = ramp(n);
    const auto to_before = queue().bytes_to_device();
    const auto from_before = queue().bytes_to_host();
    auto buffer = to_device(values);
    EXPECT_EQ(buffer.size(), n);
    EXPECT_EQ(to_host(buffer), values);
    EXPECT_EQ(queue().bytes_to_device() - to_before, 4u * static_cast<std::uint64_t>(n));
    EXPECT_EQ(queue().bytes_to_host() - from_before, 4u * static_cast<std::uint64_t>(n));
  }
}

ZENER_DEVICE_TEST(Buffer, ZeroMovesNoBytes) {
  for (const std::int64_t n : test_sizes()) {
    auto buffer = to_device(ramp(n));
    const auto before = queue().bytes_to_device();
    buffer.zero();
    EXPECT_EQ(queue().bytes_to_device(), before);
    EXPECT_EQ(to_host(buffer), std::vector<std::int32_t>(static_cast<std::size_t>(n), 0));
  }
}

ZENER_DEVICE_TEST(Buffer, MovesHandOverTheMemory) {
  auto first = to_device(ramp(100));
  auto second = to_device(ramp(7));
  const auto *memory = first.view().data();
  DeviceBuffer<std::int32_t> moved(std::move(first));
  EXPECT_EQ(moved.view().data(), memory);
  EXPECT_EQ(moved.size(), 100);
  second = std::move(moved);
  EXPECT_EQ(second.view().data(), memory);
  EXPECT_EQ(to_host(second), ramp(100));
  first = to_device(ramp(3)); // a buffer that was moved from can be filled again
  EXPECT_EQ(to_host(first), ramp(3));
}

ZENER_DEVICE_TEST(Buffer, ShapesAreRowMajor) {
  auto buffer = to_device(ramp(24));
  const auto view = buffer.shaped(2, 3, 4);
  EXPECT_EQ(view.size(), 24);
  EXPECT_EQ(view.extent(0), 2);
  EXPECT_EQ(view.extent(1), 3);
  EXPECT_EQ(view.extent(2), 4);
  EXPECT_EQ(view.data(), buffer.view().data());
}

struct ReadThreeIndices {
  View<const std::int32_t, 3> in;
  View<std::int32_t, 1> out;
  ZENER_FN void operator()(std::int64_t i) const { out[i] = in(i / 12, i / 4 % 3, i % 4); }
};

ZENER_DEVICE_TEST(Buffer, ViewsIndexRowMajorOnTheDevice) {
  auto buffer = to_device(ramp(24));
  auto out = empty<std::int32_t>(24);
  queue().for_each("test_read", 24, ReadThreeIndices{buffer.shaped(2, 3, 4), out.view()});
  EXPECT_EQ(to_host(out), ramp(24));
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
