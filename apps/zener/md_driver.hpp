// The md driver: from a preset to a result folder.
#pragma once

#include "apps/zener/kmc_driver.hpp"
#include "host/backend.hpp"

#include <functional>
#include <memory>

namespace zener {

// Runs the preset. Returns the exit code: 0 done, 130 stopped by a signal after a checkpoint. Throws an Error for everything
// else: DataError when an atom ran away, with the last good state on the disk.
int run_md(const RunOptions &options);

// The same with batches made by `make` (tests).
using MakeBatch = std::function<std::unique_ptr<AtomsBatch>(const AtomsPlan &)>;
int run_md(const RunOptions &options, const MakeBatch &make);

// Prints the resolved preset, the device, the atoms and an estimate of the time; runs only a short trial.
void check_md(const RunOptions &options);

} // namespace zener
