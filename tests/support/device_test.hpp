// Tests that run on a device: compiled once for each backend, skipped aloud where there is no device.
//
//   ZENER_DEVICE_TEST(Reduce, Sums) { … queue() … }   becomes the test Reduce_<backend>.Sums
//
// Everything such a test defines stands in the backend's namespace, so that the copies of one source do not meet in the binary.
#pragma once

#include "kernels/exec/queue.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#define ZENER_TEST_JOIN_AS_IS(suite, backend) suite##_##backend
#define ZENER_TEST_JOIN(suite, backend) ZENER_TEST_JOIN_AS_IS(suite, backend)
#define ZENER_TEST_TEXT_AS_IS(name) #name
#define ZENER_TEST_TEXT(name) ZENER_TEST_TEXT_AS_IS(name)

#define ZENER_TEST_EXPANDED(suite, name, fixture) GTEST_TEST_(suite, name, fixture, ::testing::internal::GetTypeId<fixture>())

// With a fixture made from DeviceTest; one fixture a suite.
#define ZENER_DEVICE_TEST_F(Suite, Name, Fixture) ZENER_TEST_EXPANDED(ZENER_TEST_JOIN(Suite, ZENER_BACKEND), Name, Fixture)
#define ZENER_DEVICE_TEST(Suite, Name) ZENER_DEVICE_TEST_F(Suite, Name, DeviceTest)

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr const char *kBackendName = ZENER_TEST_TEXT(ZENER_BACKEND);
#if defined(ZENER_DEBUG_DEVICE)
inline constexpr bool kDebugDevice = true;
#else
inline constexpr bool kDebugDevice = false;
#endif

class DeviceTest : public testing::Test {
protected:
  void SetUp() override {
    char why[256] = "";
    if (device_count(why, sizeof why) == 0) {
      GTEST_SKIP() << "backend " << kBackendName << " has no device: " << why;
    }
    queue_ = std::make_unique<Queue>(0);
  }
  Queue &queue() { return *queue_; }

  template <class T> DeviceBuffer<T> to_device(const std::vector<T> &values) {
    DeviceBuffer<T> buffer(queue(), static_cast<std::int64_t>(values.size()), "test data");
    buffer.upload(values.data());
    return buffer;
  }
  template <class T> DeviceBuffer<T> empty(std::int64_t n) { return DeviceBuffer<T>(queue(), n, "test results"); }
  template <class T> static std::vector<T> to_host(const DeviceBuffer<T> &buffer) {
    std::vector<T> values(static_cast<std::size_t>(buffer.size()));
    buffer.download(values.data());
    return values;
  }
  // The text of the DeviceFault that f throws, or a note that it threw none.
  template <class F> static std::string fault_of(F f) {
    try {
      f();
    } catch (const DeviceFault &fault) {
      return fault.what();
    }
    return "(no fault)";
  }

private:
  std::unique_ptr<Queue> queue_;
};

// Sizes around every boundary that a launch may have.
inline const std::vector<std::int64_t> &test_sizes() {
  static const std::vector<std::int64_t> sizes{0, 1, 31, 33, 64, 65, 4095, 4096, 4097, 1000003};
  return sizes;
}

} // namespace ZENER_BACKEND
} // namespace zener
