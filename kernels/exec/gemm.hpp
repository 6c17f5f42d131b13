// Matrix products C = A B on a queue, for layers of networks: our own kernel, and a library where it is there and faster.
//
//   C[m][n] = sum_k A(m, k) B[k][n],   A(m, k) = a[row(m) + inner(k)]
//
// Each of row and inner is a stride or a table, so that A may be stored either way round or be the windows of a convolution.
// Rows of B and C are contiguous; columns are a multiple of kColumnUnit.
//
// Who owns what: a team a tile of C; on the CPU a lane 8 rows (4 without AVX-512) x 2 packs, B staged in scratch by chunks of
// kInnerChunk; on a GPU a lane 4 x 4 of a tile of 32 x 32, A and B staged by chunks of 16. A GPU splits long sums over teams
// and adds the parts in order. 2 M N K operations; the staged operand is read M/tile times from cache. Limit: multiply-adds.
// Determinism: the order of a sum depends on the shape alone (a library: on its version and processor as well).
#pragma once

#include "kernels/exec/queue.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kColumnUnit = 16;
constexpr int padded_columns(int n) { return (n + kColumnUnit - 1) / kColumnUnit * kColumnUnit; }

// Offsets of consecutive indices: a table on the device, or multiples of a stride.
struct Steps {
  std::int64_t stride = 0;
  const std::int32_t *table = nullptr;
  ZENER_FN std::int64_t operator()(std::int64_t i) const { return table != nullptr ? table[i] : i * stride; }
};
inline Steps steps_of(std::int64_t stride) { return {stride, nullptr}; }
inline Steps steps_of(View<const std::int32_t, 1> table) { return {0, table.data()}; }

template <class T> struct Product {
  std::int64_t rows;
  int columns;
  std::int64_t inner;
  const T *a;
  Steps a_row, a_inner;
  const T *b;
  std::int64_t b_stride;
  T *c; // [rows][columns]
};

// Which library was found, opened at run time, e.g. "OpenBLAS"; "" when there is none, on the debug device and on HIP.
const char *blas_library();

// What products of one queue need beside their matrices.
template <class T> class Gemm {
public:
  // own_only: never the library (for tests and measurements).
  Gemm(Queue &memory, Queue &queue, bool own_only = false);
  ~Gemm();
  Gemm(Gemm &&other) noexcept;
  Gemm(const Gemm &) = delete;
  Gemm &operator=(const Gemm &) = delete;
  Gemm &operator=(Gemm &&) = delete;

  void operator()(const char *name, const Product<T> &product);

  // Room for sums that are split over teams: parts of n numbers, which add_parts() adds.
  int parts(std::int64_t n, std::int64_t teams, std::int64_t inner, std::int64_t least_inner) const;
  T *part_room() { return room_.view().data(); }
  void add_parts(const char *name, int parts, std::int64_t n, T *to);

private:
  bool library(const Product<T> &product);
  Queue *queue_;
  DeviceBuffer<T> room_;
  DeviceBuffer<unsigned char> library_room_;
  void *handle_ = nullptr;
  bool own_only_;
};

// One thread a call, however many the process was told to use before.
void quieten_blas();

} // namespace ZENER_BACKEND
} // namespace zener
