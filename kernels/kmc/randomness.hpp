// Jump randomness of a vacancy with P paths (Xing et al., Nat. Commun. 15, 3879 (2024)):
//   R = 1 - sigma(p) / max sigma,   p_i = w_i / sum w,   max sigma = sqrt(P - 1)/P  (population standard deviation)
//     = 1 - sqrt((P sum p^2 - 1) / (P - 1))
#pragma once

#include "kernels/exec/config.hpp"
#include "kernels/kmc/walkers.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {

// In [0, 1]. weight [P]: Boltzmann factors of the barriers to any common factor, with a positive sum.
template <int P> ZENER_FN double jump_randomness(const double *weight) {
  double sum = 0.0;
  double squared = 0.0;
  for (int p = 0; p < P; ++p) {
    sum += weight[p];
    squared += weight[p] * weight[p];
  }
  const double excess = (P * squared / (sum * sum) - 1.0) / (P - 1);
  const double r = 1.0 - sqrt(excess > 0.0 ? excess : 0.0);
  return r > 0.0 ? r : 0.0;
}

ZENER_FN int randomness_bin(double r) {
  const int bin = static_cast<int>(r * kHistogramBins);
  return bin < kHistogramBins ? bin : kHistogramBins - 1;
}

} // namespace ZENER_BACKEND
} // namespace zener
