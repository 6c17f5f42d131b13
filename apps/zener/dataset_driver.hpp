// The barrier_dataset driver: from a preset to barriers.h5.
#pragma once

#include "apps/zener/kmc_driver.hpp"
#include "apps/zener/md_driver.hpp"

namespace zener {

// Runs the preset. Returns the exit code: 0 done, 130 stopped by a signal; rows that were done until then are in barriers.h5,
// from which --resume goes on. Throws an Error otherwise.
int run_dataset(const RunOptions &options);
// The same with batches made by `make` (tests).
int run_dataset(const RunOptions &options, const MakeBatch &make);

// Prints the resolved preset, the number of bands and the device; runs nothing.
void check_dataset(const RunOptions &options);

} // namespace zener
