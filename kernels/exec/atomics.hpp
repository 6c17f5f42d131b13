// Atomic updates of device memory whose result does not depend on their order.
#pragma once

#include "kernels/exec/config.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

ZENER_FN void atomic_add(std::uint64_t *target, std::uint64_t value) {
#if defined(ZENER_GPU)
  atomicAdd(reinterpret_cast<unsigned long long *>(target), static_cast<unsigned long long>(value));
#else
  __atomic_fetch_add(target, value, __ATOMIC_RELAXED);
#endif
}

ZENER_FN void atomic_min(std::uint64_t *target, std::uint64_t value) {
#if defined(ZENER_GPU)
  atomicMin(reinterpret_cast<unsigned long long *>(target), static_cast<unsigned long long>(value));
#else
  std::uint64_t seen = __atomic_load_n(target, __ATOMIC_RELAXED);
  while (value < seen && !__atomic_compare_exchange_n(target, &seen, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
#endif
}

} // namespace ZENER_BACKEND
} // namespace zener
