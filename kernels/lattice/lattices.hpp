// Periodic bcc, simple cubic and fcc lattices of nx x ny x nz conventional cells, one interface.
//
// A site has integer coordinates (X, Y, Z) in the lattice's unit, in [0, kUnits nx) and so on: a/2 for bcc (all even or all
// odd) and fcc (even sum), a for simple cubic. Its index is ((cx ny + cy) nz + cz) times the sites of a cell, plus its place in
// the cell (host/neutral/lattice_tables.hpp): in all three a sum of one term for each axis. Occupancy is one byte a site: 0
// vacancy, 1..S species.
//   kJumps, kEnvironment, kAround    jump directions, sites of the environment, sites of shells 1 to 3
//   kReach                           largest component of an offset in the environment
//   shell_end(s)                     offsets of shell s (0 to 2) end here
//   sites_around_jumps(n)            environment sites that hold every neighbour, up to n shells, of both ends of every jump
#pragma once

#include "kernels/exec/config.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

struct SiteCoordinates {
  std::int32_t x, y, z;
};

// What the three share; Lattice gives kUnits, kPerCell, and the place of a site in its cell by axis.
template <class Lattice> struct PeriodicLattice {
  std::int32_t nx, ny, nz;

  ZENER_HOST_FN std::int64_t sites() const { return std::int64_t{Lattice::kPerCell} * nx * ny * nz; }

  // The share of an axis in the index of a site, for a coordinate in [0, kUnits n).
  ZENER_FN std::int32_t term_x(std::int32_t x) const {
    return cell_of(x) * ny * nz * Lattice::kPerCell + Lattice::place_x(x & (Lattice::kUnits - 1));
  }
  ZENER_FN std::int32_t term_y(std::int32_t y) const {
    return cell_of(y) * nz * Lattice::kPerCell + Lattice::place_y(y & (Lattice::kUnits - 1));
  }
  ZENER_FN std::int32_t term_z(std::int32_t z) const { return cell_of(z) * Lattice::kPerCell; }

  // Back into [0, kUnits n) from a step of at most one period.
  static ZENER_FN std::int32_t wrap(std::int32_t v, std::int32_t n) {
    const std::int32_t period = Lattice::kUnits * n;
    return v < 0 ? v + period : (v >= period ? v - period : v);
  }
  // The shortest of the images of a difference of two coordinates in the cell.
  static ZENER_FN std::int32_t nearest(std::int32_t d, std::int32_t n) {
    const std::int32_t period = Lattice::kUnits * n;
    return 2 * d > period ? d - period : (2 * d < -period ? d + period : d);
  }

  ZENER_FN std::int32_t site(SiteCoordinates c) const { return term_x(c.x) + term_y(c.y) + term_z(c.z); }

  ZENER_FN SiteCoordinates coordinates(std::int32_t site) const {
    const std::int32_t place = site % Lattice::kPerCell;
    std::int32_t cell = site / Lattice::kPerCell;
    const std::int32_t z = cell % nz;
    cell /= nz;
    const std::int32_t y = cell % ny;
    const SiteCoordinates in_cell = Lattice::in_cell(place);
    return {Lattice::kUnits * (cell / ny) + in_cell.x, Lattice::kUnits * y + in_cell.y, Lattice::kUnits * z + in_cell.z};
  }

  ZENER_FN SiteCoordinates moved(SiteCoordinates c, std::int32_t dx, std::int32_t dy, std::int32_t dz) const {
    return {wrap(c.x + dx, nx), wrap(c.y + dy, ny), wrap(c.z + dz, nz)};
  }
  ZENER_FN std::int32_t neighbour(SiteCoordinates c, std::int32_t dx, std::int32_t dy, std::int32_t dz) const {
    return site(moved(c, dx, dy, dz));
  }

private:
  static ZENER_FN std::int32_t cell_of(std::int32_t v) { return Lattice::kUnits == 2 ? v >> 1 : v; }
};

struct BccLattice : PeriodicLattice<BccLattice> {
  static constexpr int kUnits = 2;
  static constexpr int kPerCell = 2;
  static constexpr int kJumps = 8;
  static constexpr int kEnvironment = 112;
  static constexpr int kAround = 26;
  static constexpr int kReach = 4;
  static constexpr int kSquaredReach = 21;
  static constexpr int kJumpSquared = 3;
  static ZENER_FN std::int32_t place_x(std::int32_t odd) { return odd; }
  static ZENER_FN std::int32_t place_y(std::int32_t) { return 0; }
  static ZENER_FN SiteCoordinates in_cell(std::int32_t place) { return {place, place, place}; }
  static ZENER_HOST_FN constexpr int shell_end(int shell) { return shell == 0 ? 8 : (shell == 1 ? 14 : 26); }
  // (1,1,1) plus an offset reaches squared distance 12 for shells 1 and 2, and 19 for shell 3.
  static ZENER_HOST_FN constexpr int sites_around_jumps(int shells) { return shells == 0 ? 8 : (shells <= 2 ? 58 : 88); }
};

// The same lattice seen further: 5 shells around both ends of every jump, and 8.
struct BccFarLattice : BccLattice {
  static constexpr int kEnvironment = 144;
  static constexpr int kSquaredReach = 27;
};
struct BccWideLattice : BccLattice {
  static constexpr int kEnvironment = 252;
  static constexpr int kReach = 5;
  static constexpr int kSquaredReach = 36;
};

struct ScLattice : PeriodicLattice<ScLattice> {
  static constexpr int kUnits = 1;
  static constexpr int kPerCell = 1;
  static constexpr int kJumps = 6;
  static constexpr int kEnvironment = 80;
  static constexpr int kAround = 26;
  static constexpr int kReach = 2;
  static constexpr int kSquaredReach = 6;
  static constexpr int kJumpSquared = 1;
  static ZENER_FN std::int32_t place_x(std::int32_t) { return 0; }
  static ZENER_FN std::int32_t place_y(std::int32_t) { return 0; }
  static ZENER_FN SiteCoordinates in_cell(std::int32_t) { return {0, 0, 0}; }
  static ZENER_HOST_FN constexpr int shell_end(int shell) { return shell == 0 ? 6 : (shell == 1 ? 18 : 26); }
  // (1,0,0) plus an offset reaches squared distance 4, 5 and 6.
  static ZENER_HOST_FN constexpr int sites_around_jumps(int shells) {
    return shells == 0 ? 6 : (shells == 1 ? 32 : (shells == 2 ? 56 : 80));
  }
};

struct FccLattice : PeriodicLattice<FccLattice> {
  static constexpr int kUnits = 2;
  static constexpr int kPerCell = 4;
  static constexpr int kJumps = 12;
  static constexpr int kEnvironment = 134;
  static constexpr int kAround = 42;
  static constexpr int kReach = 3;
  static constexpr int kSquaredReach = 14;
  static constexpr int kJumpSquared = 2;
  static ZENER_FN std::int32_t place_x(std::int32_t odd) { return 2 * odd; }
  static ZENER_FN std::int32_t place_y(std::int32_t odd) { return odd; }
  static ZENER_FN SiteCoordinates in_cell(std::int32_t place) { return {place >> 1, place & 1, (place >> 1) ^ (place & 1)}; }
  static ZENER_HOST_FN constexpr int shell_end(int shell) { return shell == 0 ? 12 : (shell == 1 ? 18 : 42); }
  // (1,1,0) plus an offset reaches squared distance 8, 10 and 14.
  static ZENER_HOST_FN constexpr int sites_around_jumps(int shells) {
    return shells == 0 ? 12 : (shells == 1 ? 54 : (shells == 2 ? 78 : 134));
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
