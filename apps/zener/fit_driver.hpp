// The fit_interactions driver: from a preset to fitted models and how well they do.
#pragma once

#include "apps/zener/kmc_driver.hpp"

namespace zener {

// Runs the preset. Returns the exit code: 0 done, 130 stopped by a signal before the results were written. Throws an Error for
// everything else, and ConfigError for --resume: a fit has no checkpoint.
int run_fit(const RunOptions &options);

// Prints the resolved preset, the data and what the models take; reads the data, labels and fits nothing.
void check_fit(const RunOptions &options);

} // namespace zener
