// Means and slopes of correlated series, with standard errors.
#pragma once

#include "host/neutral/transport.hpp"

#include <span>

namespace zener {

// The mean with its standard error by blocking (Flyvbjerg and Petersen, J. Chem. Phys. 91, 461 (1989), doi:10.1063/1.457480):
// the largest error among the levels of pairwise averages that have 16 blocks or more. NaN error with fewer than two values.
Estimate block_mean(std::span<const double> values);

// Least-squares slope of y against ascending x, with its standard error from the residuals of block means (20 blocks, or the
// values where there are fewer): neighbouring residuals are correlated. NaN with fewer than three values.
Estimate block_slope(std::span<const double> x, std::span<const double> y);

} // namespace zener
