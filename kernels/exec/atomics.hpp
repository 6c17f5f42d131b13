// Atomic updates of device memory. Those of integers do not depend on their order; sums of doubles do.
#pragma once

#include "kernels/exec/config.hpp"

#include <cstdint>
#include <cstring>

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

ZENER_FN void atomic_add(double *target, double value) {
#if defined(ZENER_GPU)
  atomicAdd(target, value);
#else
  std::uint64_t *bits = reinterpret_cast<std::uint64_t *>(target);
  std::uint64_t seen = __atomic_load_n(bits, __ATOMIC_RELAXED);
  double sum;
  std::uint64_t next;
  do {
    memcpy(&sum, &seen, sizeof sum);
    sum += value;
    memcpy(&next, &sum, sizeof next);
  } while (!__atomic_compare_exchange_n(bits, &seen, next, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
#endif
}

ZENER_FN void atomic_add(std::int32_t *target, std::int32_t value) {
#if defined(ZENER_GPU)
  atomicAdd(target, value);
#else
  __atomic_fetch_add(target, value, __ATOMIC_RELAXED);
#endif
}

// Returns what was there before.
ZENER_FN std::int32_t atomic_min(std::int32_t *target, std::int32_t value) {
#if defined(ZENER_GPU)
  return atomicMin(target, value);
#else
  std::int32_t seen = __atomic_load_n(target, __ATOMIC_RELAXED);
  while (value < seen && !__atomic_compare_exchange_n(target, &seen, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return seen;
#endif
}

ZENER_FN void atomic_max(std::int32_t *target, std::int32_t value) {
#if defined(ZENER_GPU)
  atomicMax(target, value);
#else
  std::int32_t seen = __atomic_load_n(target, __ATOMIC_RELAXED);
  while (value > seen && !__atomic_compare_exchange_n(target, &seen, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
#endif
}

// Reads and writes of what others may change at the same time: no value is torn, and every read looks at the memory.
ZENER_FN std::int32_t atomic_load(const std::int32_t *from) {
#if defined(ZENER_GPU)
  return *static_cast<const volatile std::int32_t *>(from);
#else
  return __atomic_load_n(from, __ATOMIC_RELAXED);
#endif
}
ZENER_FN void atomic_store(std::int32_t *to, std::int32_t value) {
#if defined(ZENER_GPU)
  *static_cast<volatile std::int32_t *>(to) = value;
#else
  __atomic_store_n(to, value, __ATOMIC_RELAXED);
#endif
}

} // namespace ZENER_BACKEND
} // namespace zener
