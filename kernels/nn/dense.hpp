// Dense layers on columns (an environment's 8 paths, say) of activations in scratch:
//   h_{i+1} = relu(W_i h_i + b_i),   y = w h_L + b
//
// Parallel: a lane owns Side columns x Tile packs of outputs of a layer; a phase for each layer, then one for the output.
// Exactness: one chain of fused multiply-adds an output, from the bias, over inputs in order. The bits do not depend on the
// tile. Operations: 2 in out a column and layer. Bytes: the weights from the second level of cache for each call of a team.
// Limit: fused multiply-adds.
#pragma once

#include "kernels/exec/pack.hpp"
#include "kernels/exec/team.hpp"
#include "kernels/exec/view.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kMaxLayers = 16;
inline constexpr int kNetworkLanes = 128; // of a team that evaluates networks

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

// The weights of the members of an ensemble stand one after the other; a single network is member 0.
template <class T> struct DenseView {
  View<const T, 1> weight; // [member][weight_place]
  View<const T, 1> bias;   // [member][padded_out]
  int in;
  int padded_out;

  ZENER_FN const T *weights_of(int member) const { return weight.data() + std::int64_t{member} * in * padded_out; }
  ZENER_FN const T *bias_of(int member) const { return bias.data() + std::int64_t{member} * padded_out; }
};

template <class T> struct DenseStack {
  DenseView<T> layer[kMaxLayers]; // hidden layers
  View<const T, 1> output_weight; // [member][width of the last layer]
  View<const T, 1> output_bias;   // [member]
  int layers;
  int last_width;
  int widest; // of all padded layers and the input
};

// Activations of all columns in scratch. On the CPU a column's values are neighbours, so that results are
// stored as packs; on a GPU the columns of an input are, so that a lane reads its Side columns at once.
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

// One hidden layer of groups x Side columns.
template <int Packs, int Side, class T>
ZENER_FN void dense_relu(Team &team, const DenseView<T> &layer, int member, int groups, Activations<T> x, Activations<T> y) {
  constexpr int width = kPackWidth<T>;
  const int tiles = layer.padded_out / (Packs * width);
  const int in = layer.in;
  // Outputs of a lane: Packs neighbours on the CPU, every tiles-th output on a GPU.
  const int first_step = kGpuShapes ? 1 : Packs * width;
  const int next_step = kGpuShapes ? tiles : width;
  const T *weight = layer.weights_of(member);
  const T *bias = layer.bias_of(member);
  const std::int64_t stride = weight_place<T>(1, 0, in, layer.padded_out);
  team.for_each(groups * tiles, [=](int i) {
    const int tile = i % tiles;
    const int column = i / tiles * Side;
    const int first = tile * first_step;
    Pack<T> sum[Packs][Side];
    ZENER_UNROLL(8)
    for (int j = 0; j < Packs; ++j) {
      const Pack<T> b = Pack<T>::load(bias + first + j * next_step);
      ZENER_UNROLL(8)
      for (int p = 0; p < Side; ++p) {
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
      for (int p = 0; p < Side; ++p) {
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
      for (int p = 0; p < Side; ++p) {
        relu(sum[j][p]).store(&y(first + j * next_step, column + p));
      }
    }
  });
}

// All layers of a member on groups x Side columns of x; store(column, value) takes the outputs. Both x and y are overwritten.
// Tile: packs of outputs a lane owns: 1 or 2 on the CPU, 1 or 8 on a GPU, there 1 as well when few columns are evaluated at
// once.
template <int Tile, int Side, class T, class Store>
ZENER_FN void dense_stack(Team &team, const DenseStack<T> &net, int member, int groups, Activations<T> x, Activations<T> y,
                          Store store) {
  for (int l = 0; l < net.layers; ++l) {
    // When there is a lane for every output, wide tiles would only leave most of them idle. Beyond that they pay: Tile + 8
    // loads for 8 Tile multiply-adds.
    bool narrow = false;
    if constexpr (kGpuShapes && Tile > 1) {
      narrow = groups * net.layer[l].padded_out <= kNetworkLanes;
      if (narrow) {
        dense_relu<1, Side>(team, net.layer[l], member, groups, x, y);
      }
    }
    if (!narrow) {
      dense_relu<Tile, Side>(team, net.layer[l], member, groups, x, y);
    }
    const Activations<T> swap = x;
    x = y;
    y = swap;
  }

  // One chain a column; a lane of the CPU runs Side chains side by side.
  constexpr int side = kGpuShapes ? 1 : Side;
  const DenseStack<T> &view = net;
  const int first = member * net.last_width;
  team.for_each(groups * Side / side, [=, &view](int lane) {
    T sum[side];
    for (int c = 0; c < side; ++c) {
      sum[c] = view.output_bias[member];
    }
    for (int k = 0; k < view.last_width; ++k) {
      const T w = view.output_weight[first + k];
      for (int c = 0; c < side; ++c) {
        sum[c] = fused_multiply_add(w, x(k, lane * side + c), sum[c]);
      }
    }
    for (int c = 0; c < side; ++c) {
      store(lane * side + c, sum[c]);
    }
  });
}

} // namespace ZENER_BACKEND
} // namespace zener
