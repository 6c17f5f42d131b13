// Dense network with one-hot species on the aligned environment, tied over the six operations that keep the jump's axis or not
// (site_network.hpp): barriers of the 8 jumps of a vacancy.
//
// Parallel, exactness: as site_network.hpp, a column is a path. Operations for 128 units tied over 6 and 128-128-1: 0.69
// million additions and 0.27 million multiply-adds a hop.
#pragma once

#include "kernels/lattice/lattices.hpp"
#include "kernels/lattice/tables.hpp"
#include "kernels/nn/site_network.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

template <class T, int Tile> struct SiteMlpBarriers {
  using Lattice = BccLattice;
  using Stored = T;
  static constexpr int E = BccLattice::kEnvironment;
  static constexpr int P = BccLattice::kJumps;
  static constexpr int kSites = E;
  static constexpr int kMaxLanes = kNetworkLanes;
  SiteNetworkView<T> net;
  LatticeTablesView tables;

  using Scratch = SiteScratch<T>;
  ZENER_HOST_FN SiteScratchSizes sizes(int most) const { return site_scratch_sizes(net, std::int64_t{most} * P); }
  std::size_t scratch(int most) const { return site_scratch_bytes<T>(sizes(most)); }
  ZENER_FN Scratch take_scratch(Team &team, int most) const { return take_site_scratch<T>(team, sizes(most)); }

  // codes [.][112] -> barrier_eV [.][8] of the environments rows[0..n).
  ZENER_FN void operator()(Team &team, const std::int32_t *rows, int n, View<const std::uint8_t, 1> codes,
                           View<double, 1> barrier, const Scratch &own) const {
    const std::uint8_t *bytes = codes.data();
    const std::int32_t *aligned = tables.aligned.data();
    site_network<Tile, P>(
        team, net, n, own,
        [=](int c) {
          return SiteColumn{bytes + rows[c / P] * E, aligned + c % P * E};
        },
        [=](int c, T value) { barrier[rows[c / P] * P + c % P] = static_cast<double>(value); });
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
