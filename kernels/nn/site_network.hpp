// Networks whose first layer reads species by table and is tied over a group of G operations:
//   s_(j,g) = b_j + sum_k t_j[site g k][code_k];   h_j = 1/G sum_g relu(s_(j,g));   then dense layers (dense.hpp)
//
// Tables are integers in units of a power of two, one for each unit j, so that sums over sites and operations have the same
// bits in any order: what is equivalent by symmetry is equal to the last bit. For float they are 32 bits wide: entries are
// rounded to 2^-30 of the largest possible sum, s to 2^-(30 - log2 G) of it before it is summed over g.
//
// Parallel: a lane owns a column (one reading of an environment) x a tile of the G * units sums on the CPU, where the table
// stands once for each operation and the part of a tile stays in the first level of cache while all columns read it; sites that
// hold the first species are left out of the sums, the bias has them. On a GPU a lane owns a column x a unit, for all
// operations: the table stands once. Phases: codes, sums, means, dense layers. Operations: sites * G * units additions a
// column. Limit: loads from the first level of cache, one for each addition. Determinism: any order gives the same integers.
#pragma once

#include "kernels/nn/dense.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

// Sums that a lane of the CPU owns.
inline constexpr int kTablePacks = 2;
template <class T> inline constexpr int kTableTile = int{kPackWidth<T>} * kTablePacks;
// On the CPU tables hold differences to the entry of this code.
inline constexpr int kReferenceCode = 1;

// Of an ensemble, table, bias and scale of the members stand one after the other.
template <class T> struct SiteNetworkView {
  View<const Bits<T>, 1> table;            // CPU: [tile][site][code][sum of the tile]; GPU: [site][code][unit]
  View<const Bits<T>, 1> bias;             // CPU: [padded_sums]; GPU: [unit]
  View<const T, 1> scale;                  // [padded_units]
  View<const std::int32_t, 1> permutation; // GPU: [operation][site]
  DenseStack<T> dense;
  int sites;
  int codes;
  int units;
  int operations;
  int padded_sums;  // CPU: operations * units, sum (j, g) at g * units + j, padded to tiles
  int shift;        // of s before the sum over operations
  int padded_units; // padded to a pack
};

// Where the columns of a network stand for the time of one call.
template <class T> struct SiteScratch {
  View<std::int32_t, 1> pick;   // [column][site]
  View<std::int32_t, 1> picked; // [column]
  View<Bits<T>, 1> sum;         // CPU: [column][padded_sums]
  View<T, 1> a, b;              // [column][widest]
};

// Extents of SiteScratch for so many columns.
struct SiteScratchSizes {
  std::int64_t pick = 0, picked = 0, sum = 0, activations = 0;
};
template <class T> ZENER_HOST_FN SiteScratchSizes site_scratch_sizes(const SiteNetworkView<T> &net, std::int64_t columns) {
  // Packs read beyond the last sum.
  return {columns * net.sites, columns, kGpuShapes ? 0 : columns * net.padded_sums + kPackWidth<T>, columns * net.dense.widest};
}
ZENER_HOST_FN SiteScratchSizes larger(const SiteScratchSizes &a, const SiteScratchSizes &b) {
  return {a.pick > b.pick ? a.pick : b.pick, a.picked > b.picked ? a.picked : b.picked, a.sum > b.sum ? a.sum : b.sum,
          a.activations > b.activations ? a.activations : b.activations};
}
template <class T> std::size_t site_scratch_bytes(const SiteScratchSizes &sizes) {
  return scratch_bytes<std::int32_t>(sizes.pick) + scratch_bytes<std::int32_t>(sizes.picked) +
         scratch_bytes<Bits<T>>(sizes.sum) + 2 * scratch_bytes<T>(sizes.activations);
}
template <class T> ZENER_FN SiteScratch<T> take_site_scratch(Team &team, const SiteScratchSizes &sizes) {
  return {team.scratch<std::int32_t>(sizes.pick), team.scratch<std::int32_t>(sizes.picked), team.scratch<Bits<T>>(sizes.sum),
          team.scratch<T>(sizes.activations), team.scratch<T>(sizes.activations)};
}

// What a column reads: input k is codes[sites[k]].
struct SiteColumn {
  const std::uint8_t *codes;
  const std::int32_t *sites;
};

// Outputs of a member on groups x Side columns. column(c) gives a SiteColumn, store(c, value) takes its output. Tile: of
// dense_stack.
template <int Tile, int Side, class T, class Column, class Store>
ZENER_FN void site_network(Team &team, const SiteNetworkView<T> &net, int member, int groups, const SiteScratch<T> &own,
                           Column column, Store store) {
  const int columns = groups * Side;
  const int sites = net.sites;
  const int codes = net.codes;
  const int units = net.units;
  const int operations = net.operations;
  const int shift = net.shift;
  const std::int64_t sums_of_table = kGpuShapes ? units : net.padded_sums;
  const Bits<T> *table = net.table.data() + member * sums_of_table * sites * codes;
  const Bits<T> *bias = net.bias.data() + member * sums_of_table;
  const T *scale = net.scale.data() + std::int64_t{member} * net.padded_units;
  std::int32_t *pick = own.pick.data();
  const Activations<T> x{own.a.data(), columns, net.dense.widest};
  const Activations<T> y{own.b.data(), columns, net.dense.widest};
  if constexpr (kGpuShapes) {
    team.for_each(columns, sites, [=](int c, int k) {
      const SiteColumn from = column(c);
      pick[c * sites + k] = from.codes[from.sites[k]];
    });
    const std::int32_t *permutation = net.permutation.data();
    team.for_each(columns, units, [=](int c, int j) {
      IntegerPack<T> total = IntegerPack<T>::zero();
      for (int g = 0; g < operations; ++g) {
        IntegerPack<T> sum = IntegerPack<T>::load(bias + j);
        for (int k = 0; k < sites; ++k) {
          const int entry = permutation[g * sites + k] * codes + pick[c * sites + k];
          sum = sum + IntegerPack<T>::load(table + static_cast<std::int64_t>(entry) * units + j);
        }
        total = total + divided_by_power(relu(sum), shift);
      }
      (to_numbers(total) * Pack<T>::load(scale + j)).store(&x(j, c));
    });
  } else {
    constexpr int tile = kTableTile<T>;
    constexpr int width = kPackWidth<T>;
    std::int32_t *picked = own.picked.data();
    Bits<T> *sums = own.sum.data();
    const int padded = net.padded_sums;
    team.for_each(columns, [=](int c) {
      const SiteColumn from = column(c);
      std::int32_t *to = pick + c * sites;
      int n = 0;
      for (int k = 0, row = 0; k < sites; ++k, row += codes * tile) {
        const int code = from.codes[from.sites[k]];
        to[n] = row + code * tile;
        n += code != kReferenceCode ? 1 : 0;
      }
      picked[c] = n;
    });
    team.for_each(padded / tile, columns, [=](int t, int c) {
      const Bits<T> *part = table + static_cast<std::int64_t>(t) * sites * codes * tile;
      const std::int32_t *from = pick + c * sites;
      IntegerPack<T> sum[kTablePacks];
      ZENER_UNROLL(8)
      for (int j = 0; j < kTablePacks; ++j) {
        sum[j] = IntegerPack<T>::load(bias + t * tile + j * width);
      }
      for (const std::int32_t *const end = from + picked[c]; from != end; ++from) {
        ZENER_UNROLL(8)
        for (int j = 0; j < kTablePacks; ++j) {
          sum[j] = sum[j] + IntegerPack<T>::load(part + *from + j * width);
        }
      }
      ZENER_UNROLL(8)
      for (int j = 0; j < kTablePacks; ++j) {
        sum[j].store(sums + static_cast<std::int64_t>(c) * padded + t * tile + j * width);
      }
    });
    team.for_each(columns, (units + width - 1) / width, [=](int c, int pack) {
      const Bits<T> *from = sums + static_cast<std::int64_t>(c) * padded + pack * width;
      IntegerPack<T> total = IntegerPack<T>::zero();
      for (int g = 0; g < operations; ++g, from += units) {
        total = total + divided_by_power(relu(IntegerPack<T>::load(from)), shift);
      }
      (to_numbers(total) * Pack<T>::load(scale + pack * width)).store(&x(pack * width, c));
    });
  }
  dense_stack<Tile, Side>(team, net.dense, member, groups, x, y, store);
}

} // namespace ZENER_BACKEND
} // namespace zener
