// The cell of a system: three vectors, each of them periodic or free.
#pragma once

#include "kernels/exec/config.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// Rows of h are the vectors a, b, c in angstrom; x = s h for fractional coordinates s (row vectors). Right-handed or
// left-handed, any angles. A free direction keeps its vector as a frame of reference only.
struct Box {
  double h[9];
  double inverse[9]; // s = x inverse
  double volume;     // A^3, positive
  int periodic[3];
  int padding = 0;
};

ZENER_FN void to_fractional(const Box &box, double x, double y, double z, double s[3]) {
  for (int d = 0; d < 3; ++d) {
    s[d] = x * box.inverse[d] + y * box.inverse[3 + d] + z * box.inverse[6 + d];
  }
}

ZENER_FN void from_fractional(const Box &box, double s0, double s1, double s2, double x[3]) {
  for (int d = 0; d < 3; ++d) {
    x[d] = s0 * box.h[d] + s1 * box.h[3 + d] + s2 * box.h[6 + d];
  }
}

// Inverse and volume from h.
ZENER_HOST_FN void complete_box(Box &box) {
  const double *h = box.h;
  const double c[9] = {h[4] * h[8] - h[5] * h[7], h[2] * h[7] - h[1] * h[8], h[1] * h[5] - h[2] * h[4],
                       h[5] * h[6] - h[3] * h[8], h[0] * h[8] - h[2] * h[6], h[2] * h[3] - h[0] * h[5],
                       h[3] * h[7] - h[4] * h[6], h[1] * h[6] - h[0] * h[7], h[0] * h[4] - h[1] * h[3]};
  const double determinant = h[0] * c[0] + h[1] * c[3] + h[2] * c[6];
  for (int i = 0; i < 9; ++i) {
    box.inverse[i] = c[i] / determinant;
  }
  box.volume = determinant < 0.0 ? -determinant : determinant;
}

} // namespace ZENER_BACKEND
} // namespace zener
