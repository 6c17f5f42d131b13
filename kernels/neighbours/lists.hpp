// Builds neighbour lists on the device: atoms into bins, sorted by bin, lists from the bins within reach.
//
// A system's bins divide its cell along a, b, c into slabs at least half the range thick where the cell allows, so that most
// searches go over 5 x 5 rows of bins, and a row is one stretch of sorted atoms. Bins beyond a periodic face are bins of an
// image: a cell thinner than the range is searched as often as the range demands, which gives every image its own entry. Along
// a free direction atoms outside the cell belong to the outermost bin.
//
// The lists follow from the reference positions and cells alone, with atoms in their sorted order: made again from the same
// reference they are the same, which restarts rely on. Who owns what: a lane fills the list of one atom. Cost is linear in
// atoms: about 300 candidates for 60 neighbours in a bcc metal, 32 bytes each.
#pragma once

#include "kernels/core/box.hpp"
#include "kernels/exec/atomics.hpp"
#include "kernels/exec/queue.hpp"
#include "kernels/neighbours/neighbour_list.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// Bins of one system.
struct BinGrid {
  int bins[3];
  int reach[3];       // bins to search on either side
  int images[3];      // cells that the search crosses at most on either side; 0 along free directions
  std::int64_t begin; // number of the first bin
};

class NeighbourLists {
public:
  // Lists of everything within range_A (cutoff and skin) of N atoms in K systems; a first guess of the longest list.
  NeighbourLists(Queue &queue, std::int64_t atoms, std::int64_t systems, double range_A, int guess);

  // The order of atoms by bins within every system whose flag is set; the others keep theirs. order[i] is where the i-th atom
  // of the new order stands now. Positions of flagged systems are wrapped into their cells. system_begin [K + 1], flags [K].
  void sort(View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int64_t, 1> system_begin,
            View<const std::int32_t, 1> flags, View<std::int32_t, 1> order);

  // Lists of the flagged systems; of all where the longest list or the number of images has grown. Sites sorted (see sort).
  void fill(View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int64_t, 1> system_begin,
            View<const std::int32_t, 1> flags);

  // Shifts of the images for the cells as they are now; launches only.
  void update_shifts(View<const Box, 1> boxes);

  // Valid until the next fill().
  NeighbourView view() const;
  int capacity() const { return capacity_; }
  double range_A() const { return range_A_; }
  // Neighbours of all atoms together.
  std::int64_t pairs() const;

private:
  void make_grids(View<const Box, 1> boxes, View<const std::int64_t, 1> system_begin);

  Queue *queue_;
  std::int64_t atoms_;
  std::int64_t systems_;
  double range_A_;
  int capacity_;
  int index_bits_ = 1;
  int images_[3] = {-1, -1, -1};
  int codes_ = 0;
  std::int64_t bins_ = 0;
  DeviceBuffer<BinGrid> grids_;
  DeviceBuffer<std::int64_t> bin_counts_; // [K] of systems
  DeviceBuffer<std::int32_t> largest_;    // [4]: images along a, b, c; longest list
  DeviceBuffer<std::uint64_t> keys_;
  DeviceBuffer<std::int32_t> count_;
  DeviceBuffer<std::uint32_t> words_;
  DeviceBuffer<std::int32_t> bin_begin_;
  DeviceBuffer<double> shifts_;
};

} // namespace ZENER_BACKEND
} // namespace zener
