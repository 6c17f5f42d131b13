// Pack<T, N>: N neighbouring elements that one lane works on. On a GPU (and the debug device) a lane is a thread and N = 1; on
// the CPU a lane is a vector register. Every operation rounds each element once, so results do not depend on N.
#pragma once

#include "kernels/exec/config.hpp"

#include <cmath>
#include <cstring>
#if !defined(ZENER_GPU) && !defined(ZENER_DEBUG_DEVICE)
#define ZENER_VECTOR_PACKS 1
#if defined(__AVX2__)
#include <immintrin.h>
#endif
#endif

namespace zener {
inline namespace ZENER_BACKEND {

#if !defined(ZENER_VECTOR_PACKS)
template <class T> inline constexpr int kPackWidth = 1;
#elif defined(__AVX512F__)
template <class T> inline constexpr int kPackWidth = 64 / static_cast<int>(sizeof(T));
#elif defined(__AVX2__)
template <class T> inline constexpr int kPackWidth = 32 / static_cast<int>(sizeof(T));
#else
template <class T> inline constexpr int kPackWidth = 16 / static_cast<int>(sizeof(T));
#endif

// a b + c, rounded once. (An unqualified fma of floats would be the one of doubles on some hosts.)
ZENER_FN float fused_multiply_add(float a, float b, float c) { return fmaf(a, b, c); }
ZENER_FN double fused_multiply_add(double a, double b, double c) { return fma(a, b, c); }

#if !defined(ZENER_VECTOR_PACKS)

template <class T> struct Pack {
  T value;
  static ZENER_FN Pack broadcast(T x) { return {x}; }
  static ZENER_FN Pack load(const T *from) { return {*from}; }
  ZENER_FN void store(T *to) const { *to = value; }
};
template <class T> ZENER_FN Pack<T> fused_multiply_add(Pack<T> a, Pack<T> b, Pack<T> c) {
  return {fused_multiply_add(a.value, b.value, c.value)};
}
template <class T> ZENER_FN Pack<T> relu(Pack<T> x) { return {x.value > T(0) ? x.value : T(0)}; }

#else

template <class T> struct Pack {
  typedef T Vector __attribute__((vector_size(kPackWidth<T> * sizeof(T))));
  Vector value;
  static Pack broadcast(T x) { return {x - Vector{}}; }
  static Pack load(const T *from) {
    Pack p;
    std::memcpy(&p.value, from, sizeof p.value);
    return p;
  }
  void store(T *to) const { std::memcpy(to, &value, sizeof value); }
};

inline Pack<float> fused_multiply_add(Pack<float> a, Pack<float> b, Pack<float> c) {
#if defined(__AVX512F__)
  return {_mm512_fmadd_ps(a.value, b.value, c.value)};
#elif defined(__AVX2__) && defined(__FMA__)
  return {_mm256_fmadd_ps(a.value, b.value, c.value)};
#else
  for (int i = 0; i < kPackWidth<float>; ++i) {
    c.value[i] = std::fma(a.value[i], b.value[i], c.value[i]);
  }
  return c;
#endif
}

inline Pack<double> fused_multiply_add(Pack<double> a, Pack<double> b, Pack<double> c) {
#if defined(__AVX512F__)
  return {_mm512_fmadd_pd(a.value, b.value, c.value)};
#elif defined(__AVX2__) && defined(__FMA__)
  return {_mm256_fmadd_pd(a.value, b.value, c.value)};
#else
  for (int i = 0; i < kPackWidth<double>; ++i) {
    c.value[i] = std::fma(a.value[i], b.value[i], c.value[i]);
  }
  return c;
#endif
}

template <class T> Pack<T> relu(Pack<T> x) { return {x.value > T(0) ? x.value : typename Pack<T>::Vector{}}; }

#endif

} // namespace ZENER_BACKEND
} // namespace zener
