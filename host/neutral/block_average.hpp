// Means of correlated series with standard errors from blocks, and straight lines through points with errors.
#pragma once

#include <span>
#include <vector>

namespace zener {

struct BlockMean {
  double mean = 0.0;
  double standard_error = 0.0;      // NaN with fewer than two blocks
  double independent_samples = 0.0; // variance of the samples / standard_error^2; NaN like it
  int blocks = 0;                   // of all replicas together
  std::size_t samples = 0;
};

// Replicas' series, each cut into `blocks` blocks of equal length (what is left over at its begin is dropped; a series that is
// shorter is one block): the mean of the blocks' means and its standard error (Flyvbjerg and Petersen, J. Chem. Phys. 91, 461
// (1989)). It holds when a block is much longer than the correlation: then independent_samples is well above the number of blocks.
BlockMean block_mean(std::span<const std::vector<double>> replicas, int blocks);

struct Line {
  double value = 0.0; // at x0
  double value_error = 0.0;
  double slope = 0.0;
  double slope_error = 0.0; // NaN with two points whose errors are not known
};

// The straight line y = value + slope (x - x0) with the least sum of ((y - line)/error)^2, two points or more. Where an error is
// not a positive number all weigh the same, and the errors follow from the scatter.
Line fit_line(std::span<const double> x, std::span<const double> y, std::span<const double> error, double x0);

} // namespace zener
