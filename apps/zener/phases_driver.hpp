// The driver train_phases: frames of phases by dynamics or from files, a Gaussian mixture of their Steinhardt parameters, and
// how well it tells what it has not seen.
#pragma once

#include "apps/zener/kmc_driver.hpp"

namespace zener {

int run_phases(const RunOptions &options);
void check_phases(const RunOptions &options);

} // namespace zener
