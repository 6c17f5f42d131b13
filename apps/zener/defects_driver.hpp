// The defects driver: from a preset to a result folder.
#pragma once

#include "apps/zener/kmc_driver.hpp"
#include "apps/zener/md_driver.hpp"

namespace zener {

// Runs the preset. Returns the exit code: 0 done, also when defects did not come to rest (a warning and the table say which),
// 130 stopped by a signal; what was reached until then is written. Throws an Error otherwise.
int run_defects(const RunOptions &options);
// The same with batches made by `make` (tests).
int run_defects(const RunOptions &options, const MakeBatch &make);

// Prints the resolved preset, the cells and the device; runs nothing.
void check_defects(const RunOptions &options);

} // namespace zener
