// Every device that the backends of this binary find, for tests that go through host/backend.hpp.
#pragma once

#include "host/backend.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace zener::test {

struct OpenDevice {
  std::string name; // "cpu:0", "cuda:0", …
  std::unique_ptr<Backend> backend;
};

// The CPU comes last (backends_built() goes best first); it is always there.
inline std::vector<OpenDevice> open_devices() {
  std::vector<OpenDevice> devices;
  for (const BackendEntry &entry : backends_built()) {
    std::string why;
    for (const DeviceInfo &device : entry.devices(why)) {
      devices.push_back({std::string(entry.name) + ":" + std::to_string(device.index), entry.open(device.index)});
    }
  }
  EXPECT_FALSE(devices.empty()) << "no backend found a device";
  return devices;
}

// Calls f(Backend &) for every device, which failures name.
template <class F> void on_every_device(F f) {
  for (OpenDevice &device : open_devices()) {
    SCOPED_TRACE("device " + device.name);
    f(*device.backend);
  }
}

// Whether tests of minutes run (zener.sh test --slow).
inline bool slow_tests() {
  const char *slow = std::getenv("ZENER_SLOW");
  return slow != nullptr && std::string(slow) == "1";
}

} // namespace zener::test
