#include "apps/zener/device_choice.hpp"

#include "host/neutral/errors.hpp"

#include <fmt/format.h>

#include <charconv>

namespace zener {
namespace {

std::string described(const DeviceInfo &device) {
  return fmt::format(
      "{} ({}, {} {}, {:.1f} of {:.1f} GiB free)", device.name, device.architecture, device.units,
      device.architecture.starts_with("sm_") || device.architecture.starts_with("gfx") ? "multiprocessors" : "threads",
      static_cast<double>(device.memory_free_bytes) / (1 << 30), static_cast<double>(device.memory_bytes) / (1 << 30));
}

std::string built_names() {
  std::string names;
  for (const BackendEntry &entry : backends_built()) {
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
  }
  return names;
}

ChosenDevice opened(const BackendEntry &entry, int index, int threads) {
  ChosenDevice chosen;
  chosen.backend = entry.open(index);
  chosen.backend->set_threads(threads);
  chosen.backend_name = entry.name;
  chosen.device = chosen.backend->device();
  return chosen;
}

} // namespace

ChosenDevice choose_device(const std::string &wanted, int threads) {
  if (wanted == "auto") {
    std::string passed_over;
    for (const BackendEntry &entry : backends_built()) {
      std::string why;
      const std::vector<DeviceInfo> devices = entry.devices(why);
      if (!devices.empty()) {
        ChosenDevice chosen = opened(entry, devices.front().index, threads);
        chosen.reason =
            fmt::format("{}:{}, {}; chosen by --device auto{}", entry.name, chosen.device.index, described(chosen.device),
                        passed_over.empty() ? ": the first of the backends built with a device" : passed_over);
        return chosen;
      }
      passed_over += fmt::format("{} {} has no device ({})", passed_over.empty() ? ":" : ",", entry.name, why);
    }
    throw DeviceError("no device found" + passed_over);
  }

  const std::size_t colon = wanted.find(':');
  const std::string name = wanted.substr(0, colon);
  int index = 0;
  bool readable = name == "cpu" || name == "cuda" || name == "hip";
  if (colon != std::string::npos) {
    const char *end = wanted.data() + wanted.size();
    const auto [rest, error] = std::from_chars(wanted.data() + colon + 1, end, index);
    readable = readable && error == std::errc() && rest == end && index >= 0;
  }
  if (!readable) {
    throw ConfigError("--device " + wanted + ": auto, cpu, cuda:N or hip:N are possible, N = 0, 1, …");
  }
  for (const BackendEntry &entry : backends_built()) {
    if (name == entry.name) {
      std::string why;
      const std::vector<DeviceInfo> devices = entry.devices(why);
      if (index >= static_cast<int>(devices.size())) {
        throw DeviceError(fmt::format("--device {}: device {} of backend {} is absent, {} found{}", wanted, index, name,
                                      devices.size(), why.empty() ? "" : " (" + why + ")"));
      }
      ChosenDevice chosen = opened(entry, index, threads);
      chosen.reason = fmt::format("{}:{}, {}; asked for by name", entry.name, index, described(chosen.device));
      return chosen;
    }
  }
  throw DeviceError("--device " + wanted + ": this binary has no " + name + " backend; built: " + built_names());
}

std::string describe_devices() {
  std::string text;
  for (const BackendEntry &entry : backends_built()) {
    std::string why;
    const std::vector<DeviceInfo> devices = entry.devices(why);
    for (const DeviceInfo &device : devices) {
      text += fmt::format("{}:{}  {}\n", entry.name, device.index, described(device));
    }
    if (devices.empty()) {
      text += fmt::format("{}    built, no device: {}\n", entry.name, why);
    }
  }
  return text;
}

} // namespace zener
