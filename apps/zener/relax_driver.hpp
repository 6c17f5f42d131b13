// The relax driver: from a preset to a result folder.
#pragma once

#include "apps/zener/kmc_driver.hpp"
#include "apps/zener/md_driver.hpp"

namespace zener {

// Runs the preset. Returns the exit code: 0 done, also when systems did not come to rest (a warning and the summary say which),
// 130 stopped by a signal between two chunks of steps; what was reached until then is written. Throws an Error otherwise.
int run_relax(const RunOptions &options);
// The same with batches made by `make` (tests).
int run_relax(const RunOptions &options, const MakeBatch &make);

// Prints the resolved preset, the systems and the device; relaxes nothing.
void check_relax(const RunOptions &options);

} // namespace zener
