// The machine and program that figures belong to.
#pragma once

#include "apps/zener/device_choice.hpp"

#include <nlohmann/json.hpp>

namespace zener::bench {

// Processor, cores, compiler, commit, version, backend, device, architecture, load before the measurement. No names of hosts.
nlohmann::ordered_json describe_machine(const ChosenDevice &device);

} // namespace zener::bench
