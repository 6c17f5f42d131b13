// The elastic driver: from a preset to a result folder.
#pragma once

#include "apps/zener/kmc_driver.hpp"
#include "apps/zener/md_driver.hpp"

namespace zener {

// Runs the preset. Returns the exit code, 0. Throws an Error for everything else; a signal ends it between two batches (130).
int run_elastic(const RunOptions &options);
// The same with batches made by `make` (tests).
int run_elastic(const RunOptions &options, const MakeBatch &make);

// Prints the resolved preset, the crystal and the device; runs nothing.
void check_elastic(const RunOptions &options);

} // namespace zener
