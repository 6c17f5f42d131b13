// A pointer with its shape, row major; trivially copyable, so that kernels take it by value. The debug device checks bounds.
#pragma once

#include "kernels/exec/config.hpp"
#include "kernels/exec/error.hpp"

#include <cstdint>
#include <type_traits>

namespace zener {
inline namespace ZENER_BACKEND {

template <class T, int Rank> class View {
public:
  View() = default;
  template <class... Extents>
  ZENER_HOST_FN explicit View(T *data, Extents... extents) : data_(data), extent_{static_cast<std::int64_t>(extents)...} {
    static_assert(sizeof...(Extents) == Rank);
  }
  // A view of mutable elements serves as one of constants.
  template <class U>
  requires(std::is_same_v<const U, T>) ZENER_HOST_FN View(const View<U, Rank> &other) : data_(other.data()) {
    for (int r = 0; r < Rank; ++r) {
      extent_[r] = other.extent(r);
    }
  }

  ZENER_HOST_FN T *data() const { return data_; }
  ZENER_HOST_FN std::int64_t extent(int r) const { return extent_[r]; }
  ZENER_HOST_FN std::int64_t size() const {
    std::int64_t n = 1;
    for (int r = 0; r < Rank; ++r) {
      n *= extent_[r];
    }
    return n;
  }

  template <class... Indices> ZENER_FN T &operator()(Indices... indices) const {
    static_assert(sizeof...(Indices) == Rank);
    const std::int64_t index[Rank] = {static_cast<std::int64_t>(indices)...};
    std::int64_t flat = 0;
    for (int r = 0; r < Rank; ++r) {
#if defined(ZENER_DEBUG_DEVICE)
      if (index[r] < 0 || index[r] >= extent_[r]) {
        throw DeviceFault("index %lld of dimension %d is outside 0..%lld", static_cast<long long>(index[r]), r,
                          static_cast<long long>(extent_[r]) - 1);
      }
#endif
      flat = flat * extent_[r] + index[r];
    }
    return data_[flat];
  }
  template <class Index> ZENER_FN T &operator[](Index index) const {
    static_assert(Rank == 1);
    return (*this)(index);
  }

private:
  T *data_ = nullptr;
  std::int64_t extent_[Rank] = {};
};

} // namespace ZENER_BACKEND
} // namespace zener
