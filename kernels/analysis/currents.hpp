// Currents of atoms in waves, j_a(k, t) = sum over atoms of element a of v exp(-i k x), and their correlations while they pass
// (host/neutral/currents_plan.hpp).
//
// Rows: positions and velocities as load_rows leaves them (correlator.hpp), zeros in rows that fill up.
// Who owns what: sums, a team a wave and a block of at most 1,024 rows of one class, its lanes (packs on the CPU) every 128th
// row, then halves are folded; fold, an index one wave of one group (an element of a system), which adds the blocks in order,
// turns the current into the directions of the wave and puts it into the ring; correlate, an index one lag of one pair of
// elements and wave. So the bits depend on each class's number of atoms alone (and on the CPU on the width of packs).
// A frame: 48 bytes, one sine and cosine and 25 operations for each row and wave; 12 multiply-adds for each lag, pair and wave.
#pragma once

#include "kernels/analysis/correlator.hpp"
#include "kernels/core/box.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

struct Wave3 {
  int n[3];
  int padding;
};

struct CurrentsView {
  View<const double, 2> position, velocity; // [3][rows]
  View<const std::int64_t, 1> begin;        // [blocks + 1] rows
  View<const std::int32_t, 1> block_system; // [blocks]
  View<const Box, 1> box;                   // [systems]
  View<const Wave3, 1> wave;                // [waves]
  View<double, 3> partial;                  // [waves][blocks][6]: cos x, y, z, sin x, y, z
  View<const std::int64_t, 1> group_blocks; // [groups + 1] into group_block
  View<const std::int32_t, 1> group_block;  // blocks of each group
  View<const std::int32_t, 1> group_system; // [groups]
  View<double, 4> ring;                     // [points][groups][waves][6]: real and imaginary part along, across, across
};
// Finds the currents of the frame and keeps them in slot number % points.
void find_currents(Queue &queue, const CurrentsView &view, std::int64_t number);

// pair(p, 0 or 1): its groups. sums [pairs][waves][points][3].
struct CurrentPairs {
  View<const double, 4> ring;
  View<const std::int32_t, 2> pair;
  View<double, 4> sums;
};
// Adds the correlations of the frame `number` with those before it.
void correlate_currents(Queue &queue, const CurrentPairs &view, std::int64_t number);

} // namespace ZENER_BACKEND
} // namespace zener
