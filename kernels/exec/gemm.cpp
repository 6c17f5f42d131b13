#include "kernels/exec/gemm.hpp"

#include "kernels/exec/pack.hpp"

#include <algorithm>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

// Rows of a lane on the CPU: what the registers hold.
template <class T> [[maybe_unused]] inline constexpr int kLaneRows = kPackWidth<T> * sizeof(T) == 64 ? 8 : 4;
inline constexpr int kInnerChunk = kGpuShapes ? 16 : 128;
inline constexpr int kTileRows = kGpuShapes ? 32 : 128;
template <class T> inline constexpr int kTileColumns = kGpuShapes ? 32 : 2 * kPackWidth<T>;
inline constexpr int kGpuLaneSide = 4;
inline constexpr int kGpuLanes = (32 / kGpuLaneSide) * (32 / kGpuLaneSide);

template <class T> struct LaneTile { T c[kGpuLaneSide][kGpuLaneSide]; };

// Teams: (part, tile of rows, tile of columns), columns fastest.
template <class T> struct ProductTiles {
  Product<T> p;
  std::int64_t row_tiles;
  int column_tiles;
  std::int64_t part_inner; // terms of a part's sums
  static std::size_t scratch() {
    if constexpr (kGpuShapes) {
      return 2 * scratch_bytes<T>(kInnerChunk * (kTileRows + 1)) + scratch_bytes<LaneTile<T>>(kGpuLanes);
    } else {
      return scratch_bytes<T>(kInnerChunk * kTileColumns<T>);
    }
  }

  ZENER_FN void operator()(Team &team) const {
    const int column = static_cast<int>(team.index() % column_tiles) * kTileColumns<T>;
    const std::int64_t above = team.index() / column_tiles;
    const std::int64_t row = above % row_tiles * kTileRows;
    const std::int64_t part = above / row_tiles;
    const std::int64_t begin = part * part_inner;
    const std::int64_t end = begin + part_inner < p.inner ? begin + part_inner : p.inner;
    T *c = p.c + part * p.rows * p.columns;
    const int rows = static_cast<int>(p.rows - row < kTileRows ? p.rows - row : kTileRows);
    if constexpr (kGpuShapes) {
      gpu_tile(team, row, rows, column, begin, end, c);
    } else {
      constexpr int width = kPackWidth<T>;
      if (p.columns - column >= 2 * width) {
        cpu_tile<2>(team, row, rows, column, begin, end, c);
      } else {
        cpu_tile<1>(team, row, rows, column, begin, end, c);
      }
    }
  }

private:
  ZENER_FN void gpu_tile(Team &team, std::int64_t row, int rows, int column, std::int64_t begin, std::int64_t end, T *c) const {
    constexpr int side = kGpuLaneSide;
    constexpr int across = kTileColumns<T> / side;
    constexpr int pitch = kTileRows + 1; // of A: its columns are read as well as its rows
    T *a_tile = team.scratch<T>(kInnerChunk * pitch).data();
    T *b_tile = team.scratch<T>(kInnerChunk * pitch).data();
    PerLane<LaneTile<T>> sums = team.per_lane<LaneTile<T>>();
    const Product<T> &q = p;
    const int columns = q.columns - column < kTileColumns<T> ? q.columns - column : kTileColumns<T>;
    const bool rows_are_neighbours = q.a_row.table == nullptr && q.a_row.stride == 1;
    team.lanes([&](int lane) {
      for (int i = 0; i < side; ++i) {
        for (int j = 0; j < side; ++j) {
          sums[lane].c[i][j] = T(0);
        }
      }
    });
    for (std::int64_t k0 = begin; k0 < end; k0 += kInnerChunk) {
      const int chunk = static_cast<int>(end - k0 < kInnerChunk ? end - k0 : kInnerChunk);
      team.for_each(kInnerChunk * kTileRows, [=, &q](int e) {
        const int k = rows_are_neighbours ? e / kTileRows : e % kInnerChunk;
        const int m = rows_are_neighbours ? e % kTileRows : e / kInnerChunk;
        a_tile[k * pitch + m] = k < chunk && m < rows ? q.a[q.a_row(row + m) + q.a_inner(k0 + k)] : T(0);
      });
      team.for_each(kInnerChunk * kTileColumns<T>, [=, &q](int e) {
        const int k = e / kTileColumns<T>;
        const int n = e % kTileColumns<T>;
        b_tile[k * kTileColumns<T> + n] = k < chunk && n < columns ? q.b[(k0 + k) * q.b_stride + column + n] : T(0);
      });
      team.lanes([&](int lane) {
        const int m = lane / across;
        const int n = lane % across;
        LaneTile<T> &sum = sums[lane];
        for (int k = 0; k < kInnerChunk; ++k) {
          T x[side], y[side];
          ZENER_UNROLL(4)
          for (int i = 0; i < side; ++i) {
            x[i] = a_tile[k * pitch + m + i * (kTileRows / side)];
            y[i] = b_tile[k * kTileColumns<T> + n + i * across];
          }
          ZENER_UNROLL(4)
          for (int i = 0; i < side; ++i) {
            ZENER_UNROLL(4)
            for (int j = 0; j < side; ++j) {
              sum.c[i][j] = fused_multiply_add(x[i], y[j], sum.c[i][j]);
            }
          }
        }
      });
    }
    team.lanes([&](int lane) {
      for (int i = 0; i < side; ++i) {
        for (int j = 0; j < side; ++j) {
          const int m = lane / across + i * (kTileRows / side);
          const int n = lane % across + j * across;
          if (m < rows && n < columns) {
            c[(row + m) * q.columns + column + n] = sums[lane].c[i][j];
          }
        }
      }
    });
  }

  template <int Packs>
  ZENER_FN void cpu_tile(Team &team, std::int64_t row, int rows, int column, std::int64_t begin, std::int64_t end, T *c) const {
    constexpr int width = kPackWidth<T>;
    T *b_tile = team.scratch<T>(kInnerChunk * kTileColumns<T>).data();
    const Product<T> &q = p;
    for (std::int64_t k0 = begin; k0 < end; k0 += kInnerChunk) {
      const int chunk = static_cast<int>(end - k0 < kInnerChunk ? end - k0 : kInnerChunk);
      const T *b = q.b + k0 * q.b_stride + column;
      const std::int64_t b_stride = q.b_stride;
      team.for_each(chunk, [=](int k) {
        for (int j = 0; j < Packs; ++j) {
          Pack<T>::load(b + k * b_stride + j * width).store(b_tile + (k * Packs + j) * width);
        }
      });
      const bool first = k0 == begin;
      team.for_each((rows + kLaneRows<T> - 1) / kLaneRows<T>, [=, &q](int g) {
        const T *a[kLaneRows<T>];
        for (int i = 0; i < kLaneRows<T>; ++i) {
          const int m = g * kLaneRows<T> + i;
          a[i] = q.a + q.a_row(row + (m < rows ? m : rows - 1)); // rows beyond are computed and not stored
        }
        T *to = c + (row + g * kLaneRows<T>)*q.columns + column;
        const int live = rows - g * kLaneRows<T> < kLaneRows<T> ? rows - g * kLaneRows<T> : kLaneRows<T>;
        if (q.a_inner.table != nullptr) {
          const std::int32_t *step = q.a_inner.table + k0;
          lane_tile<Packs>(a, b_tile, chunk, to, q.columns, live, first, [=](int k) { return std::int64_t{step[k]}; });
        } else if (q.a_inner.stride == 1) {
          lane_tile<Packs>(a, b_tile, chunk, to, q.columns, live, first, [=](int k) { return k0 + k; });
        } else {
          const std::int64_t stride = q.a_inner.stride;
          lane_tile<Packs>(a, b_tile, chunk, to, q.columns, live, first, [=](int k) { return (k0 + k) * stride; });
        }
      });
    }
  }

  template <int Packs, class Step>
  ZENER_FN static void lane_tile(const T *const *a, const T *b, int chunk, T *c, std::int64_t c_stride, int live, bool first,
                                 Step step) {
    constexpr int width = kPackWidth<T>;
    Pack<T> sum[kLaneRows<T>][Packs];
    ZENER_UNROLL(8)
    for (int i = 0; i < kLaneRows<T>; ++i) {
      ZENER_UNROLL(2)
      for (int j = 0; j < Packs; ++j) {
        sum[i][j] = first || i >= live ? Pack<T>::broadcast(T(0)) : Pack<T>::load(c + i * c_stride + j * width);
      }
    }
    for (int k = 0; k < chunk; ++k) {
      const std::int64_t at = step(k);
      Pack<T> y[Packs];
      ZENER_UNROLL(2)
      for (int j = 0; j < Packs; ++j) {
        y[j] = Pack<T>::load(b + (k * Packs + j) * width);
      }
      ZENER_UNROLL(8)
      for (int i = 0; i < kLaneRows<T>; ++i) {
        const Pack<T> x = Pack<T>::broadcast(a[i][at]);
        ZENER_UNROLL(2)
        for (int j = 0; j < Packs; ++j) {
          sum[i][j] = fused_multiply_add(x, y[j], sum[i][j]);
        }
      }
    }
    ZENER_UNROLL(8)
    for (int i = 0; i < kLaneRows<T>; ++i) {
      if (i < live) {
        ZENER_UNROLL(2)
        for (int j = 0; j < Packs; ++j) {
          sum[i][j].store(c + i * c_stride + j * width);
        }
      }
    }
  }
};

template <class T> struct AddParts {
  const T *part;
  T *to;
  std::int64_t n;
  int parts;
  ZENER_FN void operator()(std::int64_t i) const {
    T sum = part[i];
    for (int s = 1; s < parts; ++s) {
      sum += part[s * n + i];
    }
    to[i] = sum;
  }
};

inline constexpr std::int64_t kPartRoom = kGpuShapes ? std::int64_t{1} << 20 : 0;
inline constexpr std::int64_t kEnoughTeams = 512; // fill a GPU

} // namespace

template <class T> int Gemm<T>::parts(std::int64_t n, std::int64_t teams, std::int64_t inner, std::int64_t least_inner) const {
  if (!kGpuShapes || n > room_.size()) {
    return 1;
  }
  const std::int64_t wanted = std::min((kEnoughTeams + teams - 1) / teams, inner / least_inner);
  return static_cast<int>(std::clamp<std::int64_t>(wanted, 1, room_.size() / n));
}

template <class T> void Gemm<T>::add_parts(const char *name, int parts, std::int64_t n, T *to) {
  queue_->for_each(name, n, AddParts<T>{room_.view().data(), to, n, parts});
}

template <class T> void Gemm<T>::operator()(const char *name, const Product<T> &product) {
  if (product.columns % kColumnUnit != 0) {
    throw DeviceFault("kernel %s: %d columns are not a multiple of %d", name, product.columns, kColumnUnit);
  }
  if (product.rows <= 0 || product.columns <= 0) {
    return;
  }
  if (!own_only_ && library(product)) {
    return;
  }
  ProductTiles<T> tiles{product, (product.rows + kTileRows - 1) / kTileRows,
                        (product.columns + kTileColumns<T> - 1) / kTileColumns<T>, product.inner};
  const std::int64_t teams = tiles.row_tiles * tiles.column_tiles;
  const std::int64_t n = product.rows * product.columns;
  int parts = this->parts(n, teams, product.inner, 8 * kInnerChunk);
  if (parts > 1) {
    tiles.part_inner = (product.inner + parts - 1) / parts;
    parts = static_cast<int>((product.inner + tiles.part_inner - 1) / tiles.part_inner);
    tiles.p.c = part_room();
  }
  queue_->teams(name, {teams * parts, kGpuShapes ? kGpuLanes : 1, ProductTiles<T>::scratch()}, tiles);
  if (parts > 1) {
    add_parts(name, parts, n, product.c);
  }
}

template <class T>
Gemm<T>::Gemm(Gemm &&other) noexcept
    : queue_(other.queue_), room_(std::move(other.room_)), library_room_(std::move(other.library_room_)),
      handle_(std::exchange(other.handle_, nullptr)), own_only_(other.own_only_) {}

} // namespace ZENER_BACKEND
} // namespace zener

#include "kernels/exec/impl/blas.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
template class Gemm<float>;
template class Gemm<double>;
} // namespace ZENER_BACKEND
} // namespace zener
