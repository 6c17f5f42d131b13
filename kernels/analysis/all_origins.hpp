// Displacements and velocities correlated over all origins of time, from frames that are all kept on the device.
//
// By the transform of each row padded with zeros (Kneller, Keiner, Kneller, Schiller, Comput. Phys. Commun. 91, 191 (1995),
// doi:10.1016/0010-4655(95)00048-K; Calandrini et al., Collection SFN 12, 201 (2011), doi:10.1051/sfn/201112010):
//   sum_t x(t) x(t + m) = inverse transform of |X(k)|^2,
//   sum_t (x(t + m) - x(t))^2 = sum over t < T - m of x(t)^2 + x(t + m)^2, less twice that.
// Both are linear in |X|^2 and x^2, so the device sums these over the atoms of a class, and one inverse transform a class is
// left to the host. Positions are less those of the first frame: what cancels is as small as the atoms' ways are short.
// For single atoms a few lags are summed as they stand: 64 lags cost about what a transform costs.
//
// Rows: as load_rows leaves them (correlator.hpp). T frames, L >= 2 T numbers a padded row.
// Who owns what: pad, a team a tile of 32 rows x 64 frames, turned round through scratch; powers and squares, an index one
// number (64 on the CPU) of the class's sums, adding the rows in order; single atoms, a team a row, its 128 lanes every 128th
// origin, then halves are folded. So bits depend on the number of frames and the class's atoms alone.
// A row: 8 T bytes read and 8 L written by pad, 24 L by the transform, 8 L and 8 T read for sums: bound by memory; a single
// atom's lag 3 T operations from cache.
#pragma once

#include "kernels/exec/fft.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// padded(r, t) = frames(t - first, d, row[r]) - origin(d, row[r]) for first <= t < first + frames.extent(0); r from `rows` on:
// 0.
struct PadView {
  View<const double, 3> frames; // [frames of a chunk][3][rows]
  View<const double, 2> origin; // [3][rows], or no columns: nothing is taken off
  View<const std::int32_t, 1> row;
  std::int64_t first = 0;
  int direction = 0;
  View<double, 2> padded; // [rows of the transform][L]
};
void pad_rows(Queue &queue, const PadView &view);

// power[k] += sum over the first `rows` rows of |spectrum(r, k)|^2; square[t] += that of padded(r, t)^2, t < T.
void add_power(Queue &queue, View<const Complex, 2> spectrum, std::int64_t rows, View<double, 1> power);
void add_squares(Queue &queue, View<const double, 2> padded, std::int64_t rows, View<double, 1> square);

// single(r, l) += sum over t < T - lag[l] of (padded(r, t + lag[l]) - padded(r, t))^2, for the first `rows` rows.
void add_single(Queue &queue, View<const double, 2> padded, std::int64_t rows, std::int64_t frames,
                View<const std::int64_t, 1> lag, View<double, 2> single);

} // namespace ZENER_BACKEND
} // namespace zener
