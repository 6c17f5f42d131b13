// A cell as kernels have it.
#pragma once

#include "host/neutral/atoms.hpp"
#include "kernels/core/box.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline Box box_of(const Cell &cell) {
  Box box{};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t d = 0; d < 3; ++d) {
      box.h[3 * r + d] = cell.vectors[r][d];
    }
    box.periodic[r] = cell.periodic[r] ? 1 : 0;
  }
  complete_box(box);
  return box;
}

} // namespace ZENER_BACKEND
} // namespace zener
