#include "host/neutral/line_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace zener {

Line fit_line(std::span<const double> x, std::span<const double> y, std::span<const double> error, double x0) {
  const bool weighted = std::all_of(error.begin(), error.end(), [](double e) { return std::isfinite(e) && e > 0.0; });
  double w = 0.0;
  double wx = 0.0;
  double wy = 0.0;
  double wxx = 0.0;
  double wxy = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double weight = weighted ? 1.0 / (error[i] * error[i]) : 1.0;
    const double dx = x[i] - x0;
    w += weight;
    wx += weight * dx;
    wy += weight * y[i];
    wxx += weight * dx * dx;
    wxy += weight * dx * y[i];
  }
  const double d = w * wxx - wx * wx;
  Line out;
  out.slope = (w * wxy - wx * wy) / d;
  out.value = (wxx * wy - wx * wxy) / d;
  double scale = 1.0; // variance of a point of weight 1
  if (!weighted) {
    double squared = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double off = y[i] - out.value - out.slope * (x[i] - x0);
      squared += off * off;
    }
    scale = x.size() > 2 ? squared / static_cast<double>(x.size() - 2) : std::numeric_limits<double>::quiet_NaN();
  }
  out.value_error = std::sqrt(scale * wxx / d);
  out.slope_error = std::sqrt(scale * w / d);
  return out;
}

} // namespace zener
