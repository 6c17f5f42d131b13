// Convolutional network on the 9x9x9 voxels of the aligned environment (Xing et al., Nat. Commun. 15, 3879 (2024), supplement
// 4, doi:10.1038/s41467-024-47927-9): four valid 3x3x3 convolutions with ReLU, 9 -> 7 -> 5 -> 3 -> 1 voxels a side, then a
// linear output; barriers of the 8 jumps of a vacancy, one path after the other.
//
// Activations [voxel (y, x, z)][channel] stand in scratch: 20 k numbers for filters 32/64/128/128. Parallel: a lane owns a row
// of voxels along z x a tile of channels; a phase for each layer. Exactness: one chain of fused multiply-adds an output, from
// the bias, over taps (y, x, z) and channels in order. Operations for 32/64/128/128: 13.6 million multiply-adds a path, 218
// MFLOP a hop (1.018 in mlp.hpp). Bytes: 2.9 MB of weights a path from the third level of cache. Limit: multiply-adds.
#pragma once

#include "kernels/lattice/lattices.hpp"
#include "kernels/lattice/tables.hpp"
#include "kernels/nn/dense.hpp"
#include "kernels/nn/ensemble.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kCnnLayers = 4;
inline constexpr int kTaps = 27;

template <class T> struct CnnView {
  DenseView<T> layer[kCnnLayers];    // weights of input tap * channels + channel
  int channels[kCnnLayers];          // of a layer's input
  View<const T, 1> output_weight;    // [member][last_width]
  View<const T, 1> output_bias;      // [member]
  View<const std::int32_t, 1> voxel; // [112]: of the k-th site of the aligned environment
  int last_width;
  bool one_hot;
};

template <class T> struct CnnBarriers {
  using Lattice = BccLattice;
  using Stored = T;
  static constexpr int E = BccLattice::kEnvironment;
  static constexpr int P = BccLattice::kJumps;
  static constexpr int kSites = E;
  static constexpr int kMaxLanes = kNetworkLanes;
  static constexpr int kVoxels = 729;
  CnnView<T> net;
  LatticeTablesView tables;
  int members;

  // Input and layers 1 and 3 in one, layers 0 and 2 in the other.
  struct Scratch {
    View<T, 1> even;
    View<T, 1> odd;
    View<T, 1> value; // [member][row][path], of an ensemble
  };
  ZENER_HOST_FN int values(int most) const { return members > 1 ? members * most * P : 0; }
  ZENER_HOST_FN std::int64_t evens() const {
    return most(most(kVoxels * net.channels[0], 125 * net.layer[1].padded_out), net.layer[3].padded_out);
  }
  ZENER_HOST_FN std::int64_t odds() const { return most(343 * net.layer[0].padded_out, 27 * net.layer[2].padded_out); }
  std::size_t scratch(int most) const {
    return scratch_bytes<T>(evens()) + scratch_bytes<T>(odds()) + scratch_bytes<T>(values(most));
  }
  ZENER_FN Scratch take_scratch(Team &team, int most) const {
    return {team.scratch<T>(evens()), team.scratch<T>(odds()), team.scratch<T>(values(most))};
  }

  // codes [.][112] -> barrier_eV [.][8] and, of an ensemble, its spread [.][8], of the environments rows[0..n).
  ZENER_FN void operator()(Team &team, const std::int32_t *rows, int n, View<const std::uint8_t, 1> codes,
                           View<double, 1> barrier, View<double, 1> spread, const Scratch &own) const {
    T *even = own.even.data();
    T *odd = own.odd.data();
    T *const value_of = members > 1 ? own.value.data() : nullptr;
    for (int run = 0; run < members * n * P; ++run) {
      const int member = run / (n * P);
      const int column = run % (n * P);
      const std::uint8_t *code = codes.data() + rows[column / P] * E;
      const std::int32_t *aligned = tables.aligned.data() + column % P * E;
      const std::int32_t *voxel = net.voxel.data();
      const int channels = net.channels[0];
      const bool one_hot = net.one_hot;
      team.for_each(kVoxels * channels, [=](int i) { even[i] = T(0); });
      team.for_each(E, [=](int k) {
        const int c = code[aligned[k]];
        if (!one_hot) {
          even[voxel[k]] = static_cast<T>(c);
        } else if (c > 0) {
          even[voxel[k] * channels + c - 1] = T(1);
        }
      });
      convolve<7>(team, 0, member, even, channels, odd);
      convolve<5>(team, 1, member, odd, net.layer[0].padded_out, even);
      convolve<3>(team, 2, member, even, net.layer[1].padded_out, odd);
      convolve<1>(team, 3, member, odd, net.layer[2].padded_out, even);
      const CnnView<T> &view = net;
      double *to = barrier.data() + rows[column / P] * P + column % P;
      team.single([=, &view]() {
        T sum = view.output_bias[member];
        for (int k = 0; k < view.last_width; ++k) {
          sum = fused_multiply_add(view.output_weight[member * view.last_width + k], even[k], sum);
        }
        if (value_of != nullptr) {
          value_of[run] = sum;
        } else {
          *to = static_cast<double>(sum);
        }
      });
    }
    if (members > 1) {
      combine_members<P>(team, members, rows, n, own.value.data(), barrier, spread);
    }
  }

private:
  static ZENER_HOST_FN std::int64_t most(std::int64_t a, std::int64_t b) { return a > b ? a : b; }

  // A layer with Side^3 outputs. stride: of a voxel in `from`.
  template <int Side> ZENER_FN void convolve(Team &team, int l, int member, const T *from, int stride, T *to) const {
    constexpr int Packs = kGpuShapes ? 1 : 2;
    constexpr int width = kPackWidth<T>;
    constexpr int side = Side + 2; // of the input
    const DenseView<T> &layer = net.layer[l];
    const int padded = layer.padded_out;
    const int tiles = padded / (Packs * width);
    const int in = layer.in;
    const int channels = net.channels[l];
    const T *weight = layer.weights_of(member);
    const T *bias = layer.bias_of(member);
    const std::int64_t step = weight_place<T>(1, 0, in, padded);
    team.for_each(Side * Side * tiles, [=](int i) {
      const int first = i % tiles * Packs * width;
      const int y = i / tiles / Side;
      const int x = i / tiles % Side;
      Pack<T> sum[Packs][Side];
      ZENER_UNROLL(8)
      for (int j = 0; j < Packs; ++j) {
        const Pack<T> b = Pack<T>::load(bias + first + j * width);
        ZENER_UNROLL(8)
        for (int z = 0; z < Side; ++z) {
          sum[j][z] = b;
        }
      }
      const T *row = weight + weight_place<T>(0, first, in, padded);
      for (int dy = 0; dy < 3; ++dy) {
        for (int dx = 0; dx < 3; ++dx) {
          for (int dz = 0; dz < 3; ++dz) {
            const T *value = from + (((y + dy) * side + x + dx) * side + dz) * stride;
            for (int c = 0; c < channels; ++c, row += step) {
              Pack<T> w[Packs];
              ZENER_UNROLL(8)
              for (int j = 0; j < Packs; ++j) {
                w[j] = Pack<T>::load(row + j * width);
              }
              ZENER_UNROLL(8)
              for (int z = 0; z < Side; ++z) {
                const Pack<T> v = Pack<T>::broadcast(value[z * stride + c]);
                ZENER_UNROLL(8)
                for (int j = 0; j < Packs; ++j) {
                  sum[j][z] = fused_multiply_add(w[j], v, sum[j][z]);
                }
              }
            }
          }
        }
      }
      ZENER_UNROLL(8)
      for (int z = 0; z < Side; ++z) {
        ZENER_UNROLL(8)
        for (int j = 0; j < Packs; ++j) {
          relu(sum[j][z]).store(to + ((y * Side + x) * Side + z) * padded + first + j * width);
        }
      }
    });
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
