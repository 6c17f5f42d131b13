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
// activations stay in scratch. Limit: fused multiply-adds, 6.6e7 hops/s at 67 TFLOP/s, 1.1e5 at 114 GFLOP/s a core.
#pragma once

#include "kernels/exec/pack.hpp"
#include "kernels/exec/team.hpp"
#include "kernels/exec/view.hpp"
#include "kernels/lattice/lattices.hpp"
#include "kernels/lattice/tables.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kMaxLayers = 16;
inline constexpr int kEnvironment = BccLattice::kEnvironment;
inline constexpr int kJumps = BccLattice::kJumps;

// Outputs of a layer are padded with zero weights to a multiple of this.
template <class T> inline constexpr int kOutputUnit = kGpuShapes ? 8 : 2 * kPackWidth<T>;

// Place of the weight of input k and output o. A lane of tile t reads, for each k, its outputs: on the CPU they are neighbours
// (tile, input, output in the tile), on a GPU neighbouring lanes read neighbouring outputs (input, output).
template <class T> ZENER_HOST_FN std::int64_t weight_place(int k, int o, int in, int padded_out) {
  if constexpr (kGpuShapes) {
    return static_cast<std::int64_t>(k) * padded_out + o;
  } else {
    constexpr int tile = kOutputUnit<T>;
    return (static_cast<std::int64_t>(o / tile) * in + k) * tile + o % tile;
  }
}

template <class T> struct DenseView {
  View<const T, 1> weight; // [weight_place]
  View<const T, 1> bias;   // [padded_out]
  int in;
  int padded_out;
};

template <class T> struct MlpView {
  DenseView<T> layer[kMaxLayers]; // hidden layers
  View<const T, 1> output_weight; // [width of the last layer]
  View<const T, 1> output_bias;   // [1]
  int layers;
  int last_width;
  int widest; // of all padded layers and the input
};

// Activations of all columns (walker * 8 + path) in scratch. On the CPU a column's values are neighbours, so that results are
// stored as packs; on a GPU the columns of an input are, so that a lane reads its 8 paths at once.
template <class T> struct Activations {
  T *data;
  int columns;
  int width;
  ZENER_FN T &operator()(int k, int column) const {
    if constexpr (kGpuShapes) {
      return data[k * columns + column];
    } else {
      return data[column * width + k];
    }
  }
};

// Tile: packs of outputs a lane owns: 1 or 2 on the CPU, 1 or 8 on a GPU (kernels/kmc/walkers.hpp says when), there 1 as well
// when few environments are evaluated at once.
template <class T, int Tile> struct MlpBarriers {
  using Lattice = BccLattice;
  using Stored = T; // a barrier as the memory of environments keeps it
  static constexpr int kSites = kEnvironment;
  static constexpr int kMaxLanes = 128;
  MlpView<T> net;
  LatticeTablesView tables;

  struct Scratch {
    View<T, 1> code;
    View<T, 1> a;
    View<T, 1> b;
  };
  std::size_t scratch(int most) const {
    return scratch_bytes<T>(most * kEnvironment) + 2 * scratch_bytes<T>(std::int64_t{most} * kJumps * net.widest);
  }
  ZENER_FN Scratch take_scratch(Team &team, int most) const {
    return {team.scratch<T>(most * kEnvironment), team.scratch<T>(std::int64_t{most} * kJumps * net.widest),
            team.scratch<T>(std::int64_t{most} * kJumps * net.widest)};
  }

  // codes [.][112] -> barrier_eV [.][8] of the environments rows[0..n).
  ZENER_FN void operator()(Team &team, const std::int32_t *rows, int n, View<const std::uint8_t, 1> codes,
                           View<double, 1> barrier, const Scratch &own) const {
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
    if constexpr (kGpuShapes) { // neighbouring lanes write neighbouring columns
      team.for_each(kEnvironment, columns, place);
    } else {
      team.for_each(columns, kEnvironment, [=](int column, int k) { place(k, column); });
    }

    for (int l = 0; l < net.layers; ++l) {
      // When there is a lane for every output, wide tiles would only leave most of them idle. Beyond that they pay: Tile + 8
      // loads for 8 Tile multiply-adds.
      bool narrow = false;
      if constexpr (kGpuShapes && Tile > 1) {
        narrow = n * net.layer[l].padded_out <= kMaxLanes;
        if (narrow) {
          dense_relu<1>(team, net.layer[l], n, x, y);
        }
      }
      if (!narrow) {
        dense_relu<Tile>(team, net.layer[l], n, x, y);
      }
      const Activations<T> swap = x;
      x = y;
      y = swap;
    }

    // One chain a column; a lane of the CPU runs the 8 chains of a walker side by side.
    constexpr int side = kGpuShapes ? 1 : kJumps;
    const MlpView<T> &view = net;
    team.for_each(columns / side, [=, &view](int lane) {
      T sum[side];
      for (int c = 0; c < side; ++c) {
        sum[c] = view.output_bias[0];
      }
      for (int k = 0; k < view.last_width; ++k) {
        const T w = view.output_weight[k];
        for (int c = 0; c < side; ++c) {
          sum[c] = fused_multiply_add(w, x(k, lane * side + c), sum[c]);
        }
      }
      for (int c = 0; c < side; ++c) {
        const int column = lane * side + c;
        barrier[rows[column / kJumps] * kJumps + column % kJumps] = static_cast<double>(sum[c]);
      }
    });
  }

private:
  template <int Packs>
  ZENER_FN void dense_relu(Team &team, const DenseView<T> &layer, int n, Activations<T> x, Activations<T> y) const {
    constexpr int width = kPackWidth<T>;
    const int tiles = layer.padded_out / (Packs * width);
    const int in = layer.in;
    // Outputs of a lane: Packs neighbours on the CPU, every tiles-th output on a GPU.
    const int first_step = kGpuShapes ? 1 : Packs * width;
    const int next_step = kGpuShapes ? tiles : width;
    const T *weight = layer.weight.data();
    const T *bias = layer.bias.data();
    const std::int64_t stride = weight_place<T>(1, 0, in, layer.padded_out);
    team.for_each(n * tiles, [=](int i) {
      const int tile = i % tiles;
      const int column = i / tiles * kJumps;
      const int first = tile * first_step;
      Pack<T> sum[Packs][kJumps];
      ZENER_UNROLL(8)
      for (int j = 0; j < Packs; ++j) {
        const Pack<T> b = Pack<T>::load(bias + first + j * next_step);
        ZENER_UNROLL(8)
        for (int p = 0; p < kJumps; ++p) {
          sum[j][p] = b;
        }
      }
      const T *row = weight + weight_place<T>(0, first, in, tiles * Packs * width);
      ZENER_UNROLL(2)
      for (int k = 0; k < in; ++k, row += stride) {
        Pack<T> w[Packs];
        ZENER_UNROLL(8)
        for (int j = 0; j < Packs; ++j) {
          w[j] = Pack<T>::load(row + j * next_step);
        }
        ZENER_UNROLL(8)
        for (int p = 0; p < kJumps; ++p) {
          const Pack<T> value = Pack<T>::broadcast(x(k, column + p));
          ZENER_UNROLL(8)
          for (int j = 0; j < Packs; ++j) {
            sum[j][p] = fused_multiply_add(w[j], value, sum[j][p]);
          }
        }
      }
      ZENER_UNROLL(8)
      for (int j = 0; j < Packs; ++j) {
        ZENER_UNROLL(8)
        for (int p = 0; p < kJumps; ++p) {
          relu(sum[j][p]).store(&y(first + j * next_step, column + p));
        }
      }
    });
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
