// The mean of the barriers of M networks of one shape, and its spread:
//   E = 1/M sum_m E_m,   spread = sqrt(1/M sum_m (E_m - E)^2)      (population standard deviation over the members)
//
// Shapes: values [member][row][path] in scratch, eV. Parallel: a lane owns one path of one environment. Operations: 6 M a path.
// Determinism: sums over members in order, in double, of differences from the first, so that members that are equal have their
// own bits for a mean and no spread; both results are rounded to Stored, as which the memory of environments
// keeps them. Errors: a member's barrier that is not finite makes both NaN or infinite.
#pragma once

#include "kernels/exec/team.hpp"
#include "kernels/exec/view.hpp"

#include <cmath>
#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kMostMembers = 16;

// Of values [members], `stride` apart, about their mean, which is returned as well.
struct MeanAndSpread {
  double mean;
  double spread;
};
template <class T> ZENER_FN MeanAndSpread mean_and_spread(const T *value, std::int64_t stride, int members) {
  const auto first = static_cast<double>(value[0]);
  double sum = 0.0;
  for (int m = 1; m < members; ++m) {
    sum += static_cast<double>(value[m * stride]) - first;
  }
  const double mean = sum / static_cast<double>(members);
  double squared = 0.0;
  for (int m = 0; m < members; ++m) {
    const double d = static_cast<double>(value[m * stride]) - first - mean;
    squared += d * d;
  }
  return {first + mean, sqrt(squared / static_cast<double>(members))};
}

// Barriers and spreads [.][P] of the environments rows[0..n) from the members' [member][n][P].
template <int P, class T>
ZENER_FN void combine_members(Team &team, int members, const std::int32_t *rows, int n, const T *value, View<double, 1> barrier,
                              View<double, 1> spread) {
  team.for_each(n, P, [=](int i, int p) {
    const MeanAndSpread found = mean_and_spread(value + i * P + p, std::int64_t{n} * P, members);
    barrier[rows[i] * P + p] = static_cast<double>(static_cast<T>(found.mean));
    spread[rows[i] * P + p] = static_cast<double>(static_cast<T>(found.spread));
  });
}

} // namespace ZENER_BACKEND
} // namespace zener
