// Atoms that stay at their site and atoms that diffuse, told apart by how far their time-averaged positions (time_average.hpp)
// move in an interval of T windows: an atom whose displacement D = x_T - x_0 has |D| > threshold is diffusive, with the axis of
// its greatest component as the axis of its motion; else it is solid-like (Wang et al. 2021, figure 1: that says no number).
//
// Sums over the atoms of a class and the intervals of a block of time, [T + 1][7]: for lag l + 1 windows
//   0, 1, 2  solid-like: sum of d_x^2, d_y^2, d_z^2, d = x_(l+1) - x_0        3, 4, 5  diffusive: the same
//   6        diffusive: sum of d_a^2, a the atom's own axis: the displacement along the chain (cMSD)
// and in row T numbers of atoms: solid-like, diffusive along x, y, z (0 … 3).
//
// N atoms, A. Store: one lane an atom, 72 bytes. Sum: a team of 128 lanes one block of at most 1,024 atoms of a class and one
// row of the sums; lane l takes atoms l, l + 128, … (Team::reduce, a tree fixed by the number of atoms), one lane a number then
// adds the class's blocks in order: the same bits for any number of threads. 28 T bytes and 20 T operations an atom and
// interval.
#pragma once

#include "kernels/analysis/correlator.hpp"
#include "kernels/exec/queue.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kMobilityNumbers = 7;
inline constexpr int kMobilityAtoms = 1024; // of a team

struct MobilityView {
  View<const double, 2> average;      // [3][N] of the window
  View<const std::int32_t, 1> system; // [N]
  View<const double, 1> threshold;    // [K]
  View<const std::int32_t, 1> place;  // [N] atoms sorted by class
  View<const std::int64_t, 1> begin;  // [blocks + 1] in place
  View<const std::int64_t, 1> blocks; // [classes + 1] first block of each class
  View<double, 2> origin;             // [3][N] average of the interval's first window
  View<double, 3> moved;              // [T][3][N] displacements from it
  View<std::int32_t, 1> axis;         // [N] -1 solid-like, else 0, 1, 2
  View<double, 3> partial;            // [T + 1][blocks][7]
  View<double, 4> sums;               // [kTimeBlocks][classes][T + 1][7]
};

// The first window of all: where the first interval begins.
void begin_interval(Queue &queue, const MobilityView &view);

// Window lag 1 … T after the interval's begin. The last ends it: its atoms are told apart and added to a block of time, and the
// next interval begins with this window.
void add_to_interval(Queue &queue, const MobilityView &view, std::int64_t lag, int time_block);

} // namespace ZENER_BACKEND
} // namespace zener
