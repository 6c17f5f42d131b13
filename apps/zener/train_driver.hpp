// The train_barriers driver: from data sets of barriers to networks that the kmc driver reads.
#pragma once

#include "apps/zener/kmc_driver.hpp"
#include "host/backend.hpp"

#include <functional>
#include <memory>

namespace zener {

// Runs the preset. Returns the exit code: 0 done, 130 stopped by a signal after a checkpoint. Throws an Error for everything
// else: DataError when a network diverged, with the results of the others on the disk.
int run_train(const RunOptions &options);

// The same with trainings made by `make` (tests).
using MakeTraining = std::function<std::unique_ptr<Training>(const TrainPlan &)>;
int run_train(const RunOptions &options, const MakeTraining &make);

// Prints the resolved preset, the device, the data and what is trained; trains nothing.
void check_train(const RunOptions &options);

} // namespace zener
