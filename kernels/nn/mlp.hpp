// Dense network on the neuron map: barriers of the 8 jumps of a vacancy (Xing et al., Nat. Commun. 15, 3879 (2024),
// doi:10.1038/s41467-024-47927-9), batch norm folded into the weights.
//
//   h_0 = species codes of the aligned environment [112];  h_{i+1} = relu(W_i h_i + b_i);  E = w h_L + b  (eV), for each of 8
//   paths
//
// Parallel: a lane owns one environment's 8 paths x Tile packs of outputs of a layer; phases: codes, input, one a layer,
// output. Exactness: one chain of fused multiply-adds an output, from the bias, over inputs in order. The bits do not depend on
// the tile. Operations for 112-128-128-128-128-1: 63,616 multiply-adds a path, 1.018 MFLOP a hop. Bytes: 257 kB of weights from
// the second level of cache for each walker of a team together (1 walker a team on the CPU: 20 GB/s at 75,000 hops/s);
// activations stay in scratch. Limit: fused multiply-adds, 6.6e7 hops/s at 67 TFLOP/s, 1.1e5 at 114 GFLOP/s a core. The members
// of an ensemble run one after the other (ensemble.hpp).
#pragma once

#include "kernels/lattice/lattices.hpp"
#include "kernels/lattice/tables.hpp"
#include "kernels/nn/dense.hpp"
#include "kernels/nn/ensemble.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kEnvironment = BccLattice::kEnvironment;
inline constexpr int kJumps = BccLattice::kJumps;

// Tile: of dense_stack (kernels/kmc/walkers.hpp says when).
template <class T, int Tile> struct MlpBarriers {
  using Lattice = BccLattice;
  using Stored = T; // a barrier as the memory of environments keeps it
  static constexpr int kSites = kEnvironment;
  static constexpr int kMaxLanes = kNetworkLanes;
  DenseStack<T> net;
  LatticeTablesView tables;
  int members;

  struct Scratch {
    View<T, 1> code;
    View<T, 1> a;
    View<T, 1> b;
    View<T, 1> value; // [member][row][path], of an ensemble
  };
  ZENER_HOST_FN int values(int most) const { return members > 1 ? members * most * kJumps : 0; }
  std::size_t scratch(int most) const {
    return scratch_bytes<T>(most * kEnvironment) + 2 * scratch_bytes<T>(std::int64_t{most} * kJumps * net.widest) +
           scratch_bytes<T>(values(most));
  }
  ZENER_FN Scratch take_scratch(Team &team, int most) const {
    return {team.scratch<T>(most * kEnvironment), team.scratch<T>(std::int64_t{most} * kJumps * net.widest),
            team.scratch<T>(std::int64_t{most} * kJumps * net.widest), team.scratch<T>(values(most))};
  }

  // codes [.][112] -> barrier_eV [.][8] and, of an ensemble, its spread [.][8], of the environments rows[0..n).
  ZENER_FN void operator()(Team &team, const std::int32_t *rows, int n, View<const std::uint8_t, 1> codes,
                           View<double, 1> barrier, View<double, 1> spread, const Scratch &own) const {
    const int columns = n * kJumps;
    T *code = own.code.data();
    const std::uint8_t *bytes = codes.data();
    team.for_each(n, kEnvironment,
                  [=](int i, int m) { code[i * kEnvironment + m] = static_cast<T>(bytes[rows[i] * kEnvironment + m]); });

    Activations<T> x{own.a.data(), columns, net.widest};
    Activations<T> y{own.b.data(), columns, net.widest};
    const std::int32_t *aligned = tables.aligned.data();
    const auto place = [=](int k, int column) {
      x(k, column) = code[column / kJumps * kEnvironment + aligned[column % kJumps * kEnvironment + k]];
    };
    T *const value_of = members > 1 ? own.value.data() : nullptr;
    for (int member = 0; member < members; ++member) {
      if constexpr (kGpuShapes) { // neighbouring lanes write neighbouring columns
        team.for_each(kEnvironment, columns, place);
      } else {
        team.for_each(columns, kEnvironment, [=](int column, int k) { place(k, column); });
      }
      dense_stack<Tile, kJumps>(team, net, member, n, x, y, [=](int column, T value) {
        if (value_of != nullptr) {
          value_of[member * columns + column] = value;
        } else {
          barrier[rows[column / kJumps] * kJumps + column % kJumps] = static_cast<double>(value);
        }
      });
    }
    if (members > 1) {
      combine_members<kJumps>(team, members, rows, n, own.value.data(), barrier, spread);
    }
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
