// The barrier_map driver: from a preset to a result folder.
#pragma once

#include "apps/zener/kmc_driver.hpp"

namespace zener {

// Runs the preset. Returns the exit code: 0 done, 130 stopped by a signal between two configurations; what was done until then
// is written. Throws an Error for everything else, and ConfigError for --resume: a map has no checkpoint.
int run_map(const RunOptions &options);

// Prints the resolved preset, the device, memory and an estimate of the time; maps only a small cell.
void check_map(const RunOptions &options);

} // namespace zener
