// Which backend and device a command runs on.
#pragma once

#include "host/backend.hpp"

#include <memory>
#include <string>
#include <vector>

namespace zener {

struct ChosenDevice {
  std::unique_ptr<Backend> backend;
  std::string backend_name;
  DeviceInfo device;
  std::string reason; // what was chosen and why, one line
};

// `wanted`: "auto", "cpu", "cuda", "cuda:N", "hip", "hip:N". A device asked for by name is never replaced by another.
// Throws ConfigError for other texts, DeviceError when the device is absent. `threads`: of the CPU backend, 0 for all.
ChosenDevice choose_device(const std::string &wanted, int threads);

// One line for each backend built: its devices, or why there are none.
std::string describe_devices();

} // namespace zener
