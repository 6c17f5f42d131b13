// Reduction over a whole device: each team folds 4,096 elements (team.hpp's tree), then teams fold the partial results until
// one is left. The tree depends on n alone: the same bits for any number of threads, and on every backend for the same f.
#pragma once

#include "kernels/exec/buffer.hpp"
#include "kernels/exec/queue.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr std::int64_t kReduceBlock = 4096;

template <class T> struct Sum {
  ZENER_FN T operator()(T a, T b) const { return a + b; }
};
template <class T> struct Max {
  ZENER_FN T operator()(T a, T b) const { return a > b ? a : b; }
};
template <class T> struct Min {
  ZENER_FN T operator()(T a, T b) const { return b < a ? b : a; }
};

template <class T, class F, class Op> struct ReduceBlocks {
  F f;
  Op op;
  T identity;
  std::int64_t n;
  View<T, 1> partial;
  ZENER_FN void operator()(Team &team) const {
    const std::int64_t begin = team.index() * kReduceBlock;
    const std::int64_t left = n - begin;
    const int count = static_cast<int>(left < kReduceBlock ? left : kReduceBlock);
    const ReduceBlocks &self = *this;
    const T folded = team.reduce(
        count, [&](int i) { return self.f(begin + i); }, op, identity);
    team.single([&]() { self.partial[team.index()] = folded; });
  }
};

template <class T> struct ReadElement {
  View<const T, 1> values;
  ZENER_FN T operator()(std::int64_t i) const { return values[i]; }
};

template <class T, class F, class Op> T Queue::reduce(const char *name, std::int64_t n, F f, Op op, T identity) {
  if (n <= 0) {
    return identity;
  }
  std::int64_t blocks = (n + kReduceBlock - 1) / kReduceBlock;
  DeviceBuffer<T> partial(*this, blocks, name);
  teams(name, {blocks, kReduceLanes, 0}, ReduceBlocks<T, F, Op>{f, op, identity, n, partial.view()});
  while (blocks > 1) {
    const std::int64_t before = blocks;
    blocks = (before + kReduceBlock - 1) / kReduceBlock;
    DeviceBuffer<T> next(*this, blocks, name);
    using Reader = ReadElement<T>;
    teams(name, {blocks, kReduceLanes, 0},
          ReduceBlocks<T, Reader, Op>{Reader{View<const T, 1>(partial.view())}, op, identity, before, next.view()});
    partial = std::move(next);
  }
  T result;
  partial.download(&result);
  return result;
}

} // namespace ZENER_BACKEND
} // namespace zener
