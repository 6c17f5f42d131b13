// Correlation functions of the atoms' positions or velocities while they pass, in constant memory.
//
// Multiple tau: Ramirez, Sukumaran, Vorselaars, Likhtman, J. Chem. Phys. 133, 154103 (2010), section II C,
// doi:10.1063/1.3491098. Level l has one sample in m^l frames and keeps its last p; level 0 gives the lags 0 … p-1, level l > 0
// the lags ceil(p/m) … p-1, each times m^l frames.
//   products     C(j m^l) = <a_s . a_(s-j)>, a_s the mean of m samples of the level below (as in the paper)
//   differences  M(j m^l) = <|x_s - x_(s-j)|^2>, x_s = x(s m^l): every m^l-th frame as it is, so that each value is that of the
//                definition, with origins m^l frames apart. (Means over blocks would take off what moves faster than they.)
// Level 0 may keep one origin in o samples: o times less memory and work, all lags still come.
//
// Rows: atoms sorted into classes (same system, element and groups), each class filled up with rows of zeros to whole runs of
// 128. Sums over atoms are kept by class, direction and block of time: the [3] of sums.
// Who owns what: store, a lane a row. Correlate, a team of 128 lanes 8 lags of at most 1,024 rows of a class: phase 1, a lane
// (a pack of them on the CPU) every 128th row, for each lag and direction; then halves are folded. Fold, one lane a number adds
// the class's blocks in order. So sums depend on the number of atoms of a class alone: the same bits for any number of threads
// and any width of packs.
// Per frame and row: one store of 24 bytes for each level that is due (m/(m-1) on average), one load of 24 bytes and 9
// operations a lag, p/o + (p - p/m)/(m-1) lags on average: bound by memory.
#pragma once

#include "kernels/exec/queue.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kMostLevels = 32;
inline constexpr int kCorrelatorLanes = 128;
inline constexpr int kCorrelatorBlock = 1024; // rows of one team at the most
inline constexpr int kCorrelatorLags = 8;     // of one team
inline constexpr int kTimeBlocks = 16;

struct CorrelatorShape {
  int points, factor, levels, origins;
  int differences; // or products
};

// The levels 0 … count - 1 that have a new sample at this frame, and its number.
struct DueLevels {
  int count;
  std::int64_t sample[kMostLevels];
};
ZENER_HOST_FN DueLevels due_levels(const CorrelatorShape &shape, std::int64_t frame) {
  DueLevels due{};
  const std::int64_t at = shape.differences != 0 ? frame : frame + 1;
  std::int64_t stride = 1;
  for (int l = 0; l < shape.levels && at % stride == 0; ++l, stride *= shape.factor) {
    due.sample[l] = shape.differences != 0 ? at / stride : at / stride - 1;
    ++due.count;
  }
  return due;
}

// Slots of the ring of kept samples, of all levels.
ZENER_HOST_FN std::int64_t ring_slots(const CorrelatorShape &shape) {
  return shape.points / shape.origins + static_cast<std::int64_t>(shape.levels - 1) * shape.points;
}
// First lag of the levels above 0.
ZENER_HOST_FN int first_lag(const CorrelatorShape &shape) { return (shape.points + shape.factor - 1) / shape.factor; }
// Lags that a frame brings: those of level 0, then those of each further level that is due.
ZENER_HOST_FN std::int64_t lags_due(const CorrelatorShape &shape, const DueLevels &due) {
  return shape.points / shape.origins + static_cast<std::int64_t>(due.count - 1) * (shape.points - first_lag(shape));
}
ZENER_HOST_FN std::int64_t most_lags_due(const CorrelatorShape &shape) {
  return shape.points / shape.origins + static_cast<std::int64_t>(shape.levels - 1) * (shape.points - first_lag(shape));
}

struct CorrelatorView {
  View<const double, 2> now;          // [3][rows] the new sample
  View<double, 3> ring;               // [slots][3][rows]
  View<double, 3> mean;               // [levels - 1][3][rows] sums on their way to the next level; products alone
  View<const std::int64_t, 1> begin;  // [blocks + 1] rows
  View<const std::int64_t, 1> blocks; // [classes + 1] first block of each class
  View<double, 3> partial;            // [most_lags_due][blocks][3]
  View<double, 5> sums;               // [kTimeBlocks][classes][levels][points][3]
};

// Sorts a quantity of the frame into rows, less the drift of its system: now(d, row) = from(d, place[row]) - drift(…, first +
// d).
struct RowsView {
  View<const std::int32_t, 1> place;  // [rows] atom as given; -1: a row that fills up
  View<const std::int32_t, 1> system; // [rows]
  View<const double, 2> drift;        // [systems][6], or no rows: nothing is taken off
  int first = 0;                      // 0 positions, 3 velocities
};
void load_rows(Queue &queue, View<const double, 2> from, const RowsView &rows, View<double, 2> now);

// Takes `now` in as the sample of this frame (frames in order from 0), and adds its correlations to sums of one block of time.
void correlate(Queue &queue, const CorrelatorShape &shape, const CorrelatorView &view, std::int64_t frame, int time_block);

// Two blocks of time become one: the sums of 2 b and 2 b + 1 go to b, those above to zero. sums [kTimeBlocks][…].
void join_time_blocks(Queue &queue, View<double, 1> sums);
// Frames of a block of time after so many.
ZENER_HOST_FN std::int64_t block_frames_after(std::int64_t frames) {
  std::int64_t block = 1;
  while (frames > kTimeBlocks * block) {
    block *= 2;
  }
  return block;
}

} // namespace ZENER_BACKEND
} // namespace zener
