#include "host/neutral/block_average.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace zener {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double mean_of(std::span<const double> values) {
  double sum = 0.0;
  for (const double v : values) {
    sum += v;
  }
  return sum / static_cast<double>(values.size());
}

// Of a sample: divided by n - 1.
double variance_of(std::span<const double> values) {
  const double centre = mean_of(values);
  double sum = 0.0;
  for (const double v : values) {
    sum += (v - centre) * (v - centre);
  }
  return values.size() < 2 ? kNone : sum / static_cast<double>(values.size() - 1);
}

} // namespace

BlockMean block_mean(std::span<const std::vector<double>> replicas, int blocks) {
  std::vector<double> means;
  std::vector<double> used;
  for (const std::vector<double> &series : replicas) {
    if (series.empty()) {
      continue;
    }
    const std::size_t count = series.size() < static_cast<std::size_t>(blocks) ? 1 : static_cast<std::size_t>(blocks);
    const std::size_t length = series.size() / count;
    const std::span<const double> last = std::span(series).last(length * count);
    for (std::size_t b = 0; b < count; ++b) {
      means.push_back(mean_of(last.subspan(b * length, length)));
    }
    used.insert(used.end(), last.begin(), last.end());
  }
  BlockMean out;
  out.blocks = static_cast<int>(means.size());
  out.samples = used.size();
  out.mean = means.empty() ? kNone : mean_of(means);
  out.standard_error = means.size() < 2 ? kNone : std::sqrt(variance_of(means) / static_cast<double>(means.size()));
  out.independent_samples = variance_of(used) / (out.standard_error * out.standard_error);
  return out;
}

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
    scale = x.size() > 2 ? squared / static_cast<double>(x.size() - 2) : kNone;
  }
  out.value_error = std::sqrt(scale * wxx / d);
  out.slope_error = std::sqrt(scale * w / d);
  return out;
}

} // namespace zener
