// Standard errors from blocks of time.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

namespace zener {

inline constexpr std::size_t kLeastErrorBlocks = 4;

// Of the mean of values that are independent of each other; NaN for fewer than two.
inline double standard_error(const std::vector<double> &values) {
  const auto n = static_cast<double>(values.size());
  if (values.size() < 2) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  double mean = 0.0, squares = 0.0;
  for (const double v : values) {
    mean += v / n;
  }
  for (const double v : values) {
    squares += (v - mean) * (v - mean);
  }
  return std::sqrt(squares / (n - 1.0) / n);
}

// The same, NaN for fewer than four.
inline double block_error(const std::vector<double> &values) {
  return values.size() < kLeastErrorBlocks ? std::numeric_limits<double>::quiet_NaN() : standard_error(values);
}

} // namespace zener
