// Flux functions: where atoms cross planes between the layers of a crystal. Wang et al., Electronically driven 1D cooperative
// diffusion in a simple cubic crystal (Wang et al. 2021), equations 6 to 8:
//   F_z(x, y) = sum over planes z_0, atoms i, times t of [H(z_(i,t+dt) - z_0) - H(z_(i,t) - z_0)] f_c(|(x, y) - (x, y)_(i,t)|),
//   f_c(r) = 1 (r < R_1), (1 + cos(pi (r - R_1)/(R_2 - R_1)))/2 (R_1 <= r < R_2), 0 beyond; H(x) = 1 for x >= 0, else 0,
// of positions averaged over windows of dt (time_average.hpp). Motion toward plus counts as positive: as printed, equation 6
// has the other sign. Crossings toward plus and toward minus are kept apart, so that exchange without a net flux is seen.
// A plane of a periodic direction stands for all its images: n(z) = floor((z - z_0)/L), and n(after) - n(before) is what the
// brackets sum to over them. A map has points at ((j + 1/2) h_u, (k + 1/2) h_v); f_c counts every image of the point.
//
// K systems with edges along x, y, z; N atoms; lengths in A. One lane an atom and direction, which tries every plane and, where
// the atom crosses one, adds to about pi R_2^2/(h_u h_v) points: 48 bytes and 8 operations a plane; crossings are rare.
// Determinism: crossings are integers, f_c enters in units of 2^-20, and sums of integers do not depend on their order.
#pragma once

#include "kernels/analysis/correlator.hpp"
#include "kernels/exec/queue.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr double kFluxUnit = 1048576.0; // of a map's integers in 1

// The map of a system for one direction, the normal of its planes; u and v are the other two, ascending.
struct FluxMap {
  double length, length_u, length_v; // of the cell
  double inner, outer;               // R_1, R_2
  std::int64_t first_plane, planes;  // in FluxView::plane
  std::int64_t first_point;          // in FluxView::map
  std::int64_t points_u, points_v;
  int periodic, periodic_u, periodic_v;
  int padding = 0;
};

struct FluxView {
  View<const double, 2> before, after; // [3][N] averages of two windows that follow each other
  View<const std::int32_t, 1> system;  // [N]
  View<const FluxMap, 2> maps;         // [K][3]
  View<const double, 1> plane;         // [planes] of all maps
  View<std::uint64_t, 2> crossings;    // [2][planes] toward plus, toward minus: of one block of time
  View<std::uint64_t, 2> map;          // [2][points] units of 1/kFluxUnit, u slowest within a map: of the same block
};

// Adds the crossings between two windows.
void count_crossings(Queue &queue, const FluxView &view);

// Two blocks of time become one: [kTimeBlocks][each], those of 2 b and 2 b + 1 go to b, those above to zero.
void join_flux_blocks(Queue &queue, View<std::uint64_t, 2> sums);

} // namespace ZENER_BACKEND
} // namespace zener
