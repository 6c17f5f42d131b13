// Which site of a crystal each atom belongs to, from positions averaged over windows of frames, and who changed his site.
//
// Wigner-Seitz: an atom belongs to its nearest site, at fraction f_s of the cell: minimum over s and images n of
// |(u - f_s - n) h|, u its mean fractional position, h the mean cell of the window. Sites so follow a cell that changes.
//   u_i = <(x_i - x_cm) h^-1> + origin: averages over the frames of a window of fractional positions, less those of the centre
//   of mass; the origin follows the mean distance of all atoms from their sites (events_quantity.cpp).
//
// Shapes: K systems, N atoms in all, S sites, the same for all systems. Units: A; fractions of the cell.
// Who owns what: sums, a lane an atom, once a frame. At the end of a window, a lane an atom: is it still within half the least
// distance between sites of where it was (then no other site can be nearer)? If not, the cells of a grid are searched ring by
// ring until no site outside can be nearer. Ties go to the site with the smaller number. Then a lane a site counts.
// Per frame and atom: 76 bytes (position, system, sums read and written), 24 operations: bound by memory. Per window and atom:
// about 130 bytes and 60 operations, 27 grid cells of 1.4 sites (1,500 operations) for an atom that left its site.
// Determinism: all sums over atoms are of integers (distances in units of 2^-40 of the cell, squares in 2^-30 A^2); moved atoms
// are compacted by a scan, in the order given. The same bits for any number of threads.
#pragma once

#include "kernels/analysis/frame.hpp"
#include "kernels/exec/queue.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr double kMoveUnit = 1099511627776.0; // 2^40
inline constexpr double kSquareUnit = 1073741824.0;  // 2^30
// Integers that a window gives of each system: sums of the three components of distances from sites, of their squares, empty
// sites, atoms beyond one of a site.
inline constexpr int kEventCounts = 6;

// A site and the image of the cell it is meant in.
struct SitePlace {
  std::int32_t site;
  std::int32_t cell[3];
};

struct SiteGrid {
  View<const double, 2> fraction;    // [3][S]
  View<const std::int32_t, 1> order; // [S] sites, cell of the grid by cell
  View<const std::int32_t, 1> begin; // [cells of the grid + 1]
  int cells[3];                      // of the grid
  int periodic[3];
  double reference[9]; // cell in which `least` was found
  double least;        // least distance between two sites, A
};

// The cell of a system in a window.
struct SiteCell {
  double h[9];
  double thickness; // of the thinnest cell of the grid, A
  double sure_2;    // square of a distance within which a site is the nearest one, A^2
};

struct EventsView {
  SiteGrid grid;
  View<const std::int32_t, 1> system;       // [N]
  View<double, 2> sum;                      // [3][N] of fractional positions
  View<double, 2> cell_sum;                 // [K][9]
  View<SiteCell, 1> cell;                   // [K]
  View<const double, 2> origin;             // [K][3] added to fractional positions
  View<SitePlace, 1> now, place, candidate; // [N] found in this window; where it belongs; where it may go
  View<std::int32_t, 1> stayed;             // [N] windows at the candidate
  View<std::int32_t, 1> moved, slot;        // [N]
  View<std::int32_t, 2> occupancy;          // [K][S]
  View<std::uint64_t, 2> counts;            // [K][kEventCounts]
};

// Adds a frame to the sums. `drift` [K][6], or no rows where nothing is taken off.
void add_frame(Queue &queue, const FrameView &frame, View<const double, 2> drift, const EventsView &view);

// Mean cells of a window of so many frames.
void make_site_cells(Queue &queue, const EventsView &view, std::int64_t frames);

// Nearest sites, their occupancy, and counts (zeroed here, vacancies and interstitials among them). `known`: `place` holds what
// the last window found.
void find_sites(Queue &queue, const EventsView &view, std::int64_t frames, bool known);

// Every atom belongs where it was found.
void settle(Queue &queue, const EventsView &view);

// What an atom that went leaves on the host.
struct AtomMove {
  std::int32_t atom, from, to;
  std::int32_t cells[3];
};
// Marks those that were found on the same other site for `persistence` windows, and returns their number.
std::int32_t mark_moves(Queue &queue, const EventsView &view, int persistence);
// moves [number of them], in the order of the atoms, which belong to the new sites from now on.
void take_moves(Queue &queue, const EventsView &view, View<AtomMove, 1> moves);

} // namespace ZENER_BACKEND
} // namespace zener
