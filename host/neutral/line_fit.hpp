// Straight lines through points with errors.
#pragma once

#include <span>

namespace zener {

struct Line {
  double value = 0.0; // at x0
  double value_error = 0.0;
  double slope = 0.0;
  double slope_error = 0.0; // NaN with two points whose errors are not known
};

// The straight line y = value + slope (x - x0) with the least sum of ((y - line)/error)^2, two points or more. Where an error
// is not a positive number all weigh the same, and the errors follow from the scatter.
Line fit_line(std::span<const double> x, std::span<const double> y, std::span<const double> error, double x0);

} // namespace zener
