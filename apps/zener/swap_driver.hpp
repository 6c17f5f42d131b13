// The swap_mc_md driver: Metropolis swaps of atoms of different elements, with relaxation or dynamics between.
#pragma once

#include "apps/zener/kmc_driver.hpp"
#include "apps/zener/md_driver.hpp"

namespace zener {

// As run_md and check_md of md_driver.hpp.
int run_swap(const RunOptions &options);
int run_swap(const RunOptions &options, const MakeBatch &make);
void check_swap(const RunOptions &options);

} // namespace zener
