// The tree of Queue::reduce and Team::reduce, written out (kernels/exec/reduce.hpp states it): blocks of 4,096 elements; in a
// block 128 partial results, partial v folding elements v, v + 128, … from the identity in order; then the upper half onto the
// lower, again and again; then the same over the blocks' results until one is left.
#pragma once

#include <cstdint>
#include <vector>

namespace zener::reference {

template <class T, class Op> T fold_block(const std::vector<T> &values, std::size_t begin, std::size_t end, Op op, T identity) {
  std::vector<T> partial(128, identity);
  for (std::size_t i = begin; i < end; ++i) {
    T &p = partial[(i - begin) % 128];
    p = op(p, values[i]);
  }
  while (partial.size() > 1) {
    const std::size_t half = partial.size() / 2;
    std::vector<T> next;
    for (std::size_t v = 0; v < half; ++v) {
      next.push_back(op(partial[v], partial[v + half]));
    }
    partial = next;
  }
  return partial[0];
}

template <class T, class Op> T fold(std::vector<T> values, Op op, T identity) {
  if (values.empty()) {
    return identity;
  }
  do {
    std::vector<T> next;
    for (std::size_t begin = 0; begin < values.size(); begin += 4096) {
      const std::size_t end = begin + 4096 < values.size() ? begin + 4096 : values.size();
      next.push_back(fold_block(values, begin, end, op, identity));
    }
    values = next;
  } while (values.size() > 1);
  return values[0];
}

} // namespace zener::reference
