// The lattice_parameter driver: from a preset to a result folder.
#pragma once

#include "apps/zener/kmc_driver.hpp"
#include "apps/zener/md_driver.hpp"

namespace zener {

// Runs the preset. Returns the exit code: 0 done, 130 stopped by a signal; what was sampled until then is written. Throws an
// Error otherwise: DataError when the dynamics explode.
int run_lattice(const RunOptions &options);
// The same with batches made by `make` (tests).
int run_lattice(const RunOptions &options, const MakeBatch &make);

// Prints the resolved preset, the systems and the device; runs nothing.
void check_lattice(const RunOptions &options);

} // namespace zener
