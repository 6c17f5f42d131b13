#include "profiling/bench/machine.hpp"

#include "host/neutral/version.hpp"

#include <cstdlib>
#include <thread>

namespace zener::bench {

nlohmann::ordered_json describe_machine(const ChosenDevice &device) {
  nlohmann::ordered_json machine;
  machine["cpu"] = choose_device("cpu", 0).device.name;
  machine["cores"] = std::thread::hardware_concurrency();
  machine["compiler"] = kCompiler;
  machine["commit"] = kCommit;
  machine["version"] = kVersion;
  machine["backend"] = device.backend_name;
  machine["device"] = device.device.name;
  machine["architecture"] = device.device.architecture;
  double load = 0.0;
  machine["load_average_before"] = getloadavg(&load, 1) == 1 ? nlohmann::ordered_json(load) : nlohmann::ordered_json(nullptr);
  return machine;
}

} // namespace zener::bench
