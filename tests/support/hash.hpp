// FNV-1a over the bytes of values: short names for the exact state of a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace zener::testing_support {

class Fnv1a {
public:
  void add(const void *data, std::size_t bytes);
  template <class T> void add(const std::vector<T> &values) { add(values.data(), values.size() * sizeof(T)); }
  std::uint64_t value() const { return value_; }

private:
  std::uint64_t value_ = 0xcbf29ce484222325u;
};

} // namespace zener::testing_support
