// The driver analyze: a trajectory from a file, frame by frame, through the analyses of a device.
#pragma once

#include "apps/zener/kmc_driver.hpp"

namespace zener {

// Runs the preset. Returns the exit code: 0 done, 130 stopped by a signal, with the results of the frames read until then.
int run_analyze(const RunOptions &options);
// Validates; prints the preset in full, the device and the first frame.
void check_analyze(const RunOptions &options);

} // namespace zener
