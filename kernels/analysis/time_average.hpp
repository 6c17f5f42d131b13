// Positions averaged over windows of time: x_w(i) = (1/M) sum over the M frames of window w of [x(i) - X + X_0], X the centre
// of mass of the atom's system at the frame and X_0 that of the structure the analysis began from, so that averages stay where
// the structure is when the system drifts. Windows follow each other without gap or overlap (Wang et al. 2021, VI E: smoothing
// of 1 ps).
//
// N atoms of K systems, positions unwrapped, A. One lane an atom; 72 bytes and 6 operations an atom and frame: bound by memory.
// The frames of a window are added in order, so bits do not depend on the number of threads.
#pragma once

#include "kernels/analysis/frame.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

struct AverageView {
  View<const std::int32_t, 1> system; // [N]
  View<const double, 2> centre;       // [K][3] X_0
  View<const double, 2> drift;        // [K][6] of the frame (frame.hpp), or no rows: nothing is taken off
  View<double, 2> sum;                // [3][N]; the average when a window ends
};

// Takes in a frame; the first of a window overwrites `sum`, the last (`frames` of it in all) makes it the average.
void add_to_average(Queue &queue, const FrameView &frame, const AverageView &view, bool first, bool last, std::int64_t frames);

// to = from, both [3][N].
void copy_atoms(Queue &queue, View<const double, 2> from, View<double, 2> to);

} // namespace ZENER_BACKEND
} // namespace zener
