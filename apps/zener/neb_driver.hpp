// The neb driver: from a preset to a result folder.
#pragma once

#include "apps/zener/kmc_driver.hpp"
#include "apps/zener/md_driver.hpp"

namespace zener {

// Runs the preset. Returns the exit code: 0 done, also when ends or bands did not converge (a warning and the table say which),
// 130 stopped by a signal; the bands that were done until then are written. Throws an Error otherwise.
int run_neb(const RunOptions &options);
// The same with batches made by `make` (tests).
int run_neb(const RunOptions &options, const MakeBatch &make);

// Prints the resolved preset, the bands and the device; runs nothing.
void check_neb(const RunOptions &options);

} // namespace zener
