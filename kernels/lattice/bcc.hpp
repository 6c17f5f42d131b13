// Periodic bcc lattice of nx x ny x nz conventional cells.
//
// A site has half-lattice coordinates (X, Y, Z), all even or all odd, X in [0, 2 nx) and so on, in units of a/2. Its index is
// ((X/2 * ny + Y/2) * nz + Z/2) * 2 + X mod 2, a sum of one term for each axis. Occupancy is one byte a site: 0 vacancy, 1..S
// species.
#pragma once

#include "kernels/exec/config.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

struct HalfCoordinates {
  std::int32_t x, y, z;
};

struct BccLattice {
  std::int32_t nx, ny, nz;

  ZENER_HOST_FN std::int64_t sites() const { return std::int64_t{2} * nx * ny * nz; }

  // The share of an axis in the index of a site, for a coordinate in [0, 2 n).
  ZENER_FN std::int32_t term_x(std::int32_t x) const { return (x >> 1) * ny * nz * 2 + (x & 1); }
  ZENER_FN std::int32_t term_y(std::int32_t y) const { return (y >> 1) * nz * 2; }
  ZENER_FN std::int32_t term_z(std::int32_t z) const { return (z >> 1) * 2; }

  // Back into [0, 2 n) from a step of at most one period.
  static ZENER_FN std::int32_t wrap(std::int32_t v, std::int32_t n) {
    const std::int32_t period = 2 * n;
    return v < 0 ? v + period : (v >= period ? v - period : v);
  }

  ZENER_FN std::int32_t site(HalfCoordinates c) const { return term_x(c.x) + term_y(c.y) + term_z(c.z); }

  ZENER_FN HalfCoordinates coordinates(std::int32_t site) const {
    const std::int32_t b = site & 1;
    std::int32_t cell = site >> 1;
    const std::int32_t z = cell % nz;
    cell /= nz;
    const std::int32_t y = cell % ny;
    return {2 * (cell / ny) + b, 2 * y + b, 2 * z + b};
  }

  ZENER_FN std::int32_t neighbour(HalfCoordinates c, std::int32_t dx, std::int32_t dy, std::int32_t dz) const {
    return site({wrap(c.x + dx, nx), wrap(c.y + dy, ny), wrap(c.z + dz, nz)});
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
