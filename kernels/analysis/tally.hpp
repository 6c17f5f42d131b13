// Sums and histograms of what was found of every atom, so that no atom crosses to the host.
//
// N atoms of K systems, in the order given. Sums of a system: a team of 128 lanes sums a block of at most 1,024 atoms of one
// system (Team::reduce), then one lane a number adds the system's blocks in order: the tree depends on the system's number of
// atoms alone. Counts: one lane an atom, integer atomics, which do not depend on their order. Numbers that are not finite are
// left out. 8 (3) bytes and 5 (1) operations an atom and column: bound by memory, on a GPU counts of few labels by atomics.
#pragma once

#include "kernels/exec/queue.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kTallyLanes = 128;
inline constexpr int kTallyBlock = 1024;
inline constexpr int kTallySums = 3; // numbers that are finite, their sum, sum of their squares

struct TallyBlocks {
  View<const std::int64_t, 1> block_begin;  // [blocks + 1] atoms
  View<const std::int64_t, 1> system_begin; // [K + 1] blocks
  View<const std::int32_t, 1> system;       // [N]
};

// values [N][C] to sums [K][C][kTallySums]; partial [blocks][C][kTallySums] is scratch.
void sum_columns(Queue &queue, const TallyBlocks &blocks, View<const double, 2> values, View<double, 3> partial,
                 View<double, 3> sums);

// Adds to counts [K][bins]: bin (value - low) / width of a column of values [N][C]; what lies outside joins the bins at the
// ends.
void count_column(Queue &queue, const TallyBlocks &blocks, View<const double, 2> values, int column, double low, double width,
                  View<std::uint64_t, 2> counts);

// Adds to counts [K][labels]; labels beyond the last are left out.
void count_labels(Queue &queue, const TallyBlocks &blocks, View<const std::uint8_t, 1> label, View<std::uint64_t, 2> counts);

} // namespace ZENER_BACKEND
} // namespace zener
