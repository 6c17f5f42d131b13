// Pack<T, N>: N neighbouring elements that one lane works on. On a GPU (and the debug device) a lane is a thread and N = 1; on
// the CPU a lane is a vector register. Every operation rounds each element once, so results do not depend on N.
#pragma once

#include "kernels/exec/config.hpp"

#include <cmath>
#include <cstdint>
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

// Signed integers as wide as T, for the bits of a number.
template <class T> struct BitsOf;
template <> struct BitsOf<float> {
  using Type = std::int32_t;
  using Unsigned = std::uint32_t;
  using Index = std::int32_t;
};
template <> struct BitsOf<double> {
  using Type = std::int64_t;
  using Unsigned = std::uint64_t;
  using Index = std::int32_t;
};
template <class T> using Bits = typename BitsOf<T>::Type;

#if !defined(ZENER_VECTOR_PACKS)

template <class T> using PackMask = bool;
template <class T> using PackIndex = std::int32_t;

template <class T> struct Pack {
  using Number = T;
  T value;
  static ZENER_FN Pack broadcast(T x) { return {x}; }
  static ZENER_FN Pack load(const T *from) { return {*from}; }
  // Numbers of another type, each converted.
  template <class U> static ZENER_FN Pack load_as(const U *from) { return {static_cast<T>(*from)}; }
  // What stands at base[index] for each element.
  static ZENER_FN Pack gather(const T *base, PackIndex<T> index) { return {base[index]}; }
  ZENER_FN void store(T *to) const { *to = value; }
  ZENER_FN T operator[](int) const { return value; }
};
template <class T> ZENER_FN Pack<T> fused_multiply_add(Pack<T> a, Pack<T> b, Pack<T> c) {
  return {fused_multiply_add(a.value, b.value, c.value)};
}
template <class T> ZENER_FN Pack<T> relu(Pack<T> x) { return {x.value > T(0) ? x.value : T(0)}; }
template <class T> ZENER_FN Pack<T> select(PackMask<T> mask, Pack<T> yes, Pack<T> no) { return mask ? yes : no; }
template <class T> ZENER_FN bool any(PackMask<T> mask) { return mask; }
template <class T> ZENER_FN bool all(PackMask<T> mask) { return mask; }
ZENER_FN Pack<float> square_root(Pack<float> x) { return {sqrtf(x.value)}; }
ZENER_FN Pack<double> square_root(Pack<double> x) { return {sqrt(x.value)}; }
template <class T> ZENER_FN T horizontal_sum(Pack<T> x) { return x.value; }
template <class T> ZENER_FN PackIndex<T> load_index(const std::int32_t *from) { return *from; }
// The integer below a number that is not negative and fits.
template <class T> ZENER_FN PackIndex<T> floor_index(Pack<T> x) { return static_cast<std::int32_t>(x.value); }
template <class T> ZENER_FN Pack<T> from_index(PackIndex<T> i) { return {static_cast<T>(i)}; }
// 1 for the first element, 2 for the first two…: the elements below n.
template <class T> ZENER_FN PackMask<T> first(int n) { return n > 0; }
template <class T> ZENER_FN T from_bits(Bits<T> bits) {
  T x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
template <class T> ZENER_FN Bits<T> to_bits(T x) {
  Bits<T> bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
// The low 32 bits of each double.
ZENER_FN PackIndex<double> low_words(Pack<double> x) { return static_cast<std::int32_t>(to_bits(x.value)); }
// Whether a bit is set in any element.
ZENER_FN bool any_bit(PackIndex<double> i) { return i != 0; }
// Elements where the mask is set move to the front of `to`, in order; what stands behind them, up to a pack, is undefined.
// Returns their number.
template <class T> ZENER_FN int count(PackMask<T> mask) { return mask ? 1 : 0; }
template <class T> ZENER_FN void compress(PackMask<T>, Pack<T> x, T *to) { *to = x.value; }
template <class T> ZENER_FN void compress_index(PackMask<T>, PackIndex<T> i, std::int32_t *to) { *to = i; }
// x 2^n for a whole number n whose power and result are normal.
template <class T> ZENER_FN Pack<T> scale_by_power(Pack<T> x, Pack<T> n) {
  constexpr int kMantissa = sizeof(T) == 8 ? 52 : 23;
  constexpr int kBias = sizeof(T) == 8 ? 1023 : 127;
  const Bits<T> field = (static_cast<Bits<T>>(n.value) + kBias) << kMantissa;
  return {x.value * from_bits<T>(field)};
}

// Integers as wide as T. Sums wrap, so they have the same bits in any order.
template <class T> struct IntegerPack {
  typename BitsOf<T>::Unsigned value;
  static ZENER_FN IntegerPack zero() { return {0}; }
  static ZENER_FN IntegerPack load(const Bits<T> *from) { return {static_cast<typename BitsOf<T>::Unsigned>(*from)}; }
  ZENER_FN void store(Bits<T> *to) const { *to = static_cast<Bits<T>>(value); }
};
template <class T> ZENER_FN IntegerPack<T> operator+(IntegerPack<T> a, IntegerPack<T> b) { return {a.value + b.value}; }
template <class T> ZENER_FN IntegerPack<T> relu(IntegerPack<T> x) { return {static_cast<Bits<T>>(x.value) > 0 ? x.value : 0}; }
// x / 2^n for integers that are not negative, rounded, halves up.
template <class T> ZENER_FN IntegerPack<T> divided_by_power(IntegerPack<T> x, int n) {
  using Unsigned = typename BitsOf<T>::Unsigned;
  return {(x.value + ((Unsigned{1} << n) >> 1)) >> n};
}
// The signed integers as numbers, rounded once.
template <class T> ZENER_FN Pack<T> to_numbers(IntegerPack<T> x) { return {static_cast<T>(static_cast<Bits<T>>(x.value))}; }

// Four neighbouring numbers of each element's row: a[e] = rows[4 index[e]], b[e] = rows[4 index[e] + 1], …
template <class T>
ZENER_FN void gather_rows(const T *rows, PackIndex<T> index, Pack<T> &a, Pack<T> &b, Pack<T> &c, Pack<T> &d) {
  const T *row = rows + 4 * static_cast<std::int64_t>(index);
  a.value = row[0];
  b.value = row[1];
  c.value = row[2];
  d.value = row[3];
}

#else

template <class T> struct Pack {
  using Number = T;
  typedef T Vector __attribute__((vector_size(kPackWidth<T> * sizeof(T))));
  typedef Bits<T> Mask __attribute__((vector_size(kPackWidth<T> * sizeof(T))));
  typedef typename BitsOf<T>::Index Index __attribute__((vector_size(kPackWidth<T> * 4))); // g++ wants a dependent type here
  Vector value;
  static Pack broadcast(T x) { return {x - Vector{}}; }
  static Pack load(const T *from) {
    Pack p;
    std::memcpy(&p.value, from, sizeof p.value);
    return p;
  }
  template <class U> static Pack load_as(const U *from) {
    typedef U Other __attribute__((vector_size(kPackWidth<T> * sizeof(U))));
    Other other;
    std::memcpy(&other, from, sizeof other);
    return {__builtin_convertvector(other, Vector)};
  }
  static Pack gather(const T *base, Index index) {
    Pack p;
    for (int e = 0; e < kPackWidth<T>; ++e) {
      p.value[e] = base[index[e]];
    }
    return p;
  }
  void store(T *to) const { std::memcpy(to, &value, sizeof value); }
  T operator[](int element) const { return value[element]; }
};
template <class T> using PackMask = typename Pack<T>::Mask;
template <class T> using PackIndex = typename Pack<T>::Index;

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

inline Pack<float> square_root(Pack<float> x) {
#if defined(__AVX512F__)
  return {_mm512_maskz_sqrt_ps(static_cast<__mmask16>(-1), x.value)}; // g++ 12 warns of the plain one (bug 105593)
#else
  for (int i = 0; i < kPackWidth<float>; ++i) {
    x.value[i] = std::sqrt(x.value[i]);
  }
  return x;
#endif
}

inline Pack<double> square_root(Pack<double> x) {
#if defined(__AVX512F__)
  return {_mm512_maskz_sqrt_pd(static_cast<__mmask8>(-1), x.value)};
#else
  for (int i = 0; i < kPackWidth<double>; ++i) {
    x.value[i] = std::sqrt(x.value[i]);
  }
  return x;
#endif
}

template <class T> Pack<T> relu(Pack<T> x) { return {x.value > T(0) ? x.value : typename Pack<T>::Vector{}}; }
template <class T> Pack<T> select(PackMask<T> mask, Pack<T> yes, Pack<T> no) { return {mask ? yes.value : no.value}; }
template <class T> bool any(PackMask<T> mask) {
  Bits<T> found = 0;
  for (int e = 0; e < kPackWidth<T>; ++e) {
    found |= mask[e];
  }
  return found != 0;
}
template <class T> bool all(PackMask<T> mask) { return !any<T>(~mask); }
// By halves, so that the order is that of the width alone.
template <class T> T horizontal_sum(Pack<T> x) {
  T part[kPackWidth<T>];
  x.store(part);
  for (int half = kPackWidth<T> / 2; half > 0; half /= 2) {
    for (int e = 0; e < half; ++e) {
      part[e] += part[e + half];
    }
  }
  return part[0];
}
template <class T> PackIndex<T> load_index(const std::int32_t *from) {
  PackIndex<T> index;
  std::memcpy(&index, from, sizeof index);
  return index;
}
template <class T> PackIndex<T> floor_index(Pack<T> x) { return __builtin_convertvector(x.value, PackIndex<T>); }
template <class T> Pack<T> from_index(PackIndex<T> i) { return {__builtin_convertvector(i, typename Pack<T>::Vector)}; }
template <class T> PackMask<T> first(int n) {
  PackMask<T> mask;
  for (int e = 0; e < kPackWidth<T>; ++e) {
    mask[e] = e < n ? -1 : 0;
  }
  return mask;
}
inline PackIndex<double> low_words(Pack<double> x) {
  return __builtin_convertvector(reinterpret_cast<PackMask<double>>(x.value), PackIndex<double>);
}
inline bool any_bit(PackIndex<double> i) {
#if defined(__AVX512F__)
  return _mm256_testz_si256(reinterpret_cast<__m256i>(i), reinterpret_cast<__m256i>(i)) == 0;
#else
  std::int32_t found = 0;
  for (int e = 0; e < kPackWidth<double>; ++e) {
    found |= i[e];
  }
  return found != 0;
#endif
}
template <class T> int count(PackMask<T> mask) {
  int n = 0;
  for (int e = 0; e < kPackWidth<T>; ++e) {
    n -= static_cast<int>(mask[e]);
  }
  return n;
}
template <class T> void compress(PackMask<T> mask, Pack<T> x, T *to) {
  int n = 0;
  for (int e = 0; e < kPackWidth<T>; ++e) {
    to[n] = x.value[e];
    n -= static_cast<int>(mask[e]);
  }
}
template <class T> void compress_index(PackMask<T> mask, PackIndex<T> i, std::int32_t *to) {
  int n = 0;
  for (int e = 0; e < kPackWidth<T>; ++e) {
    to[n] = i[e];
    n -= static_cast<int>(mask[e]);
  }
}
#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
template <> inline int count<double>(PackMask<double> mask) {
  return __builtin_popcount(_mm512_movepi64_mask(reinterpret_cast<__m512i>(mask)));
}
template <> inline void compress<double>(PackMask<double> mask, Pack<double> x, double *to) {
  // In a register: compressing into memory is slow on some processors.
  const __mmask8 bits = _mm512_movepi64_mask(reinterpret_cast<__m512i>(mask));
  _mm512_storeu_pd(to, _mm512_maskz_compress_pd(bits, x.value));
}
template <> inline void compress_index<double>(PackMask<double> mask, PackIndex<double> i, std::int32_t *to) {
  const __mmask8 bits = _mm512_movepi64_mask(reinterpret_cast<__m512i>(mask));
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm256_maskz_compress_epi32(bits, reinterpret_cast<__m256i>(i)));
}
#endif
template <class T> Pack<T> scale_by_power(Pack<T> x, Pack<T> n) {
  constexpr int kMantissa = sizeof(T) == 8 ? 52 : 23;
  constexpr int kBias = sizeof(T) == 8 ? 1023 : 127;
  const auto field = (__builtin_convertvector(n.value, PackMask<T>) + kBias) << kMantissa;
  return {x.value * reinterpret_cast<typename Pack<T>::Vector>(field)};
}

template <class T> struct IntegerPack {
  typedef typename BitsOf<T>::Unsigned Vector __attribute__((vector_size(kPackWidth<T> * sizeof(T))));
  Vector value;
  static IntegerPack zero() { return {Vector{}}; }
  static IntegerPack load(const Bits<T> *from) {
    IntegerPack p;
    std::memcpy(&p.value, from, sizeof p.value);
    return p;
  }
  void store(Bits<T> *to) const { std::memcpy(to, &value, sizeof value); }
};
template <class T> IntegerPack<T> operator+(IntegerPack<T> a, IntegerPack<T> b) { return {a.value + b.value}; }
template <class T> IntegerPack<T> relu(IntegerPack<T> x) {
  return {reinterpret_cast<PackMask<T>>(x.value) > 0 ? x.value : typename IntegerPack<T>::Vector{}};
}
template <class T> IntegerPack<T> divided_by_power(IntegerPack<T> x, int n) {
  using Unsigned = typename BitsOf<T>::Unsigned;
  return {(x.value + ((Unsigned{1} << n) >> 1)) >> static_cast<Unsigned>(n)};
}
template <class T> Pack<T> to_numbers(IntegerPack<T> x) {
  return {__builtin_convertvector(reinterpret_cast<PackMask<T>>(x.value), typename Pack<T>::Vector)};
}

inline void gather_rows(const double *rows, PackIndex<double> index, Pack<double> &a, Pack<double> &b, Pack<double> &c,
                        Pack<double> &d) {
#if defined(__AVX512F__)
  // Forms with a mask of ones: g++ 12 warns of the plain ones (bug 105593).
  const __mmask8 full = static_cast<__mmask8>(-1);
  const auto row = [&](int e) { return _mm256_loadu_pd(rows + 4 * static_cast<std::int64_t>(index[e])); };
  const auto two = [&](int e) { return _mm512_maskz_insertf64x4(full, _mm512_castpd256_pd512(row(e)), row(e + 4), 1); };
  const __m512d r04 = two(0), r15 = two(1), r26 = two(2), r37 = two(3);
  const __m512d low01 = _mm512_maskz_unpacklo_pd(full, r04, r15), high01 = _mm512_maskz_unpackhi_pd(full, r04, r15);
  const __m512d low23 = _mm512_maskz_unpacklo_pd(full, r26, r37), high23 = _mm512_maskz_unpackhi_pd(full, r26, r37);
  const __m512i front = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
  const __m512i back = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
  a.value = _mm512_permutex2var_pd(low01, front, low23);
  b.value = _mm512_permutex2var_pd(high01, front, high23);
  c.value = _mm512_permutex2var_pd(low01, back, low23);
  d.value = _mm512_permutex2var_pd(high01, back, high23);
#else
  Pack<double> p{}, q{}, r{}, t{}; // whole: g++ warns of vectors whose elements alone are set
  for (int e = 0; e < kPackWidth<double>; ++e) {
    const double *row = rows + 4 * static_cast<std::int64_t>(index[e]);
    p.value[e] = row[0];
    q.value[e] = row[1];
    r.value[e] = row[2];
    t.value[e] = row[3];
  }
  a = p, b = q, c = r, d = t;
#endif
}
inline void gather_rows(const float *rows, PackIndex<float> index, Pack<float> &a, Pack<float> &b, Pack<float> &c,
                        Pack<float> &d) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
  const __mmask16 full = static_cast<__mmask16>(-1);
  const __mmask8 half = static_cast<__mmask8>(-1);
  const auto row = [&](int e) { return _mm_loadu_ps(rows + 4 * static_cast<std::int64_t>(index[e])); };
  // Rows e, e + 4, e + 8, e + 12; then 4 x 4 numbers are transposed in each quarter.
  const auto four = [&](int e) {
    const __m512 one = _mm512_castps128_ps512(row(e));
    const __m512 two = _mm512_maskz_insertf32x4(full, one, row(e + 4), 1);
    return _mm512_maskz_insertf32x4(full, _mm512_maskz_insertf32x4(full, two, row(e + 8), 2), row(e + 12), 3);
  };
  const __m512 r0 = four(0), r1 = four(1), r2 = four(2), r3 = four(3);
  const __m512d low01 = _mm512_castps_pd(_mm512_maskz_unpacklo_ps(full, r0, r1));
  const __m512d low23 = _mm512_castps_pd(_mm512_maskz_unpacklo_ps(full, r2, r3));
  const __m512d high01 = _mm512_castps_pd(_mm512_maskz_unpackhi_ps(full, r0, r1));
  const __m512d high23 = _mm512_castps_pd(_mm512_maskz_unpackhi_ps(full, r2, r3));
  a.value = _mm512_castpd_ps(_mm512_maskz_unpacklo_pd(half, low01, low23));
  b.value = _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(half, low01, low23));
  c.value = _mm512_castpd_ps(_mm512_maskz_unpacklo_pd(half, high01, high23));
  d.value = _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(half, high01, high23));
#else
  Pack<float> p{}, q{}, r{}, t{}; // whole: g++ warns of vectors whose elements alone are set
  for (int e = 0; e < kPackWidth<float>; ++e) {
    const float *row = rows + 4 * static_cast<std::int64_t>(index[e]);
    p.value[e] = row[0];
    q.value[e] = row[1];
    r.value[e] = row[2];
    t.value[e] = row[3];
  }
  a = p, b = q, c = r, d = t;
#endif
}

#endif

template <class T> ZENER_FN Pack<T> operator+(Pack<T> a, Pack<T> b) { return {a.value + b.value}; }
template <class T> ZENER_FN Pack<T> operator-(Pack<T> a, Pack<T> b) { return {a.value - b.value}; }
template <class T> ZENER_FN Pack<T> operator*(Pack<T> a, Pack<T> b) { return {a.value * b.value}; }
template <class T> ZENER_FN Pack<T> operator/(Pack<T> a, Pack<T> b) { return {a.value / b.value}; }
template <class T> ZENER_FN Pack<T> operator-(Pack<T> a) { return {-a.value}; }
template <class T> ZENER_FN PackMask<T> operator<(Pack<T> a, Pack<T> b) { return a.value < b.value; }
template <class T> ZENER_FN PackMask<T> operator>(Pack<T> a, Pack<T> b) { return a.value > b.value; }
// a b + c with a number that all elements share.
template <class T> ZENER_FN Pack<T> fused_multiply_add(Pack<T> a, T b, Pack<T> c) {
  return fused_multiply_add(a, Pack<T>::broadcast(b), c);
}
template <class T> ZENER_FN Pack<T> smaller(Pack<T> a, Pack<T> b) { return select<T>(a < b, a, b); }
template <class T> ZENER_FN Pack<T> larger(Pack<T> a, Pack<T> b) { return select<T>(a > b, a, b); }

} // namespace ZENER_BACKEND
} // namespace zener
