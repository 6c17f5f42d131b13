#include "host/neutral/series_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace zener {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kLeastBlocks = 16;
constexpr std::size_t kSlopeBlocks = 20;

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_error(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  const double m = mean(values);
  double squared = 0.0;
  for (const double value : values) {
    squared += (value - m) * (value - m);
  }
  return std::sqrt(squared / (n - 1.0) / n);
}

} // namespace

Estimate block_mean(std::span<const double> values) {
  if (values.empty()) {
    return {kNaN, kNaN};
  }
  Estimate out{mean(values), kNaN};
  if (values.size() < 2) {
    return out;
  }
  std::vector<double> blocks(values.begin(), values.end());
  out.standard_error = standard_error(blocks);
  while (blocks.size() / 2 >= kLeastBlocks) {
    for (std::size_t i = 0; i < blocks.size() / 2; ++i) {
      blocks[i] = 0.5 * (blocks[2 * i] + blocks[2 * i + 1]);
    }
    blocks.resize(blocks.size() / 2);
    out.standard_error = std::max(out.standard_error, standard_error(blocks));
  }
  return out;
}

Estimate block_slope(std::span<const double> x, std::span<const double> y) {
  const std::size_t n = std::min(x.size(), y.size());
  const std::size_t blocks = std::min(n, kSlopeBlocks);
  if (blocks < 3) {
    return {kNaN, kNaN};
  }
  std::vector<double> bx;
  std::vector<double> by;
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t begin = b * n / blocks;
    const std::size_t count = (b + 1) * n / blocks - begin;
    bx.push_back(mean(x.subspan(begin, count)));
    by.push_back(mean(y.subspan(begin, count)));
  }
  const double mx = mean(bx);
  const double my = mean(by);
  double sxx = 0.0;
  double sxy = 0.0;
  for (std::size_t b = 0; b < blocks; ++b) {
    sxx += (bx[b] - mx) * (bx[b] - mx);
    sxy += (bx[b] - mx) * (by[b] - my);
  }
  const double slope = sxy / sxx;
  double squared = 0.0;
  for (std::size_t b = 0; b < blocks; ++b) {
    const double residual = by[b] - my - slope * (bx[b] - mx);
    squared += residual * residual;
  }
  return {slope, std::sqrt(squared / (static_cast<double>(blocks) - 2.0) / sxx)};
}

} // namespace zener
