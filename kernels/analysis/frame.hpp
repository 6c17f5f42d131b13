// What an analysis is shown of a batch at one moment, and the motion of each system's centre of mass.
//
// K systems, N atoms in all, in the order in which they were given. Units: A, ps, amu.
//
// Drift of a system: (sum m x)/(sum m) and (sum m v)/(sum m). A team of 128 lanes sums one block of at most 1,024 atoms of one
// system (lane l takes atoms l, l + 128, … in order, then halves are folded); one lane a number then adds the system's blocks
// in order. The tree depends on the system's number of atoms alone. 56 bytes and 12 operations an atom: bound by memory.
#pragma once

#include "kernels/core/box.hpp"
#include "kernels/exec/queue.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

struct FrameView {
  View<const double, 2> position; // [3][N] unwrapped
  View<const double, 2> velocity; // [3][N], or no columns when they are not known
  View<const Box, 1> box;         // [K]
};

inline constexpr int kDriftNumbers = 6; // of position, of velocity
inline constexpr int kDriftLanes = 128;
inline constexpr int kDriftBlock = 1024;

struct DriftView {
  View<const double, 1> mass;               // [N]
  View<const std::int64_t, 1> block_begin;  // [blocks + 1] atoms
  View<const std::int64_t, 1> system_begin; // [K + 1] blocks
  View<const double, 1> system_mass;        // [K]
  View<double, 2> partial;                  // [blocks][6]
  View<double, 2> drift;                    // [K][6]
};

// Fills drift. Without velocities theirs is 0.
void find_drift(Queue &queue, const FrameView &frame, const DriftView &view);

} // namespace ZENER_BACKEND
} // namespace zener
