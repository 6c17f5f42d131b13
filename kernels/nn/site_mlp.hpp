// Dense network with one-hot species on the aligned environment, tied over the six operations that keep the jump's axis or not
// (site_network.hpp): barriers of the 8 jumps of a vacancy.
//
// Parallel, exactness: as site_network.hpp, a column is a path. Operations for 128 units tied over 6 and 128-128-1: 0.69
// million additions and 0.27 million multiply-adds a hop and member of an ensemble (ensemble.hpp).
#pragma once

#include "kernels/lattice/lattices.hpp"
#include "kernels/lattice/tables.hpp"
#include "kernels/nn/ensemble.hpp"
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
  int members;

  struct Scratch {
    SiteScratch<T> columns;
    View<T, 1> value; // [member][row][path], of an ensemble
  };
  ZENER_HOST_FN int values(int most) const { return members > 1 ? members * most * P : 0; }
  ZENER_HOST_FN SiteScratchSizes sizes(int most) const { return site_scratch_sizes(net, std::int64_t{most} * P); }
  std::size_t scratch(int most) const { return site_scratch_bytes<T>(sizes(most)) + scratch_bytes<T>(values(most)); }
  ZENER_FN Scratch take_scratch(Team &team, int most) const {
    return {take_site_scratch<T>(team, sizes(most)), team.scratch<T>(values(most))};
  }

  // codes [.][112] -> barrier_eV [.][8] and, of an ensemble, its spread [.][8], of the environments rows[0..n).
  ZENER_FN void operator()(Team &team, const std::int32_t *rows, int n, View<const std::uint8_t, 1> codes,
                           View<double, 1> barrier, View<double, 1> spread, const Scratch &own) const {
    const std::uint8_t *bytes = codes.data();
    const std::int32_t *aligned = tables.aligned.data();
    T *const value_of = members > 1 ? own.value.data() : nullptr;
    for (int member = 0; member < members; ++member) {
      site_network<Tile, P>(
          team, net, member, n, own.columns,
          [=](int c) {
            return SiteColumn{bytes + rows[c / P] * E, aligned + c % P * E};
          },
          [=](int c, T value) {
            if (value_of != nullptr) {
              value_of[member * n * P + c] = value;
            } else {
              barrier[rows[c / P] * P + c % P] = static_cast<double>(value);
            }
          });
    }
    if (members > 1) {
      combine_members<P>(team, members, rows, n, own.value.data(), barrier, spread);
    }
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
