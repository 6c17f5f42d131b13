#include "host/neutral/mixture.hpp"

#include <cmath>

namespace zener {

bool is_covariance(const std::vector<double> &matrix, int features) {
  const auto n = static_cast<std::size_t>(features);
  if (matrix.size() != n * n) {
    return false;
  }
  std::vector<double> lower(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double value = matrix[i * n + j];
      if (!(std::abs(value - matrix[j * n + i]) <= 1e-9 * (std::abs(value) + 1e-300))) {
        return false;
      }
      double left = value;
      for (std::size_t m = 0; m < j; ++m) {
        left -= lower[i * n + m] * lower[j * n + m];
      }
      if (i == j && !(left > 0.0)) {
        return false;
      }
      lower[i * n + j] = i == j ? std::sqrt(left) : left / lower[j * n + j];
    }
  }
  return true;
}

} // namespace zener
