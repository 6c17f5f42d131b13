// sin, cos, exp and whole powers of packs from fused multiply-adds alone: the same bits in every lane, whatever the width.
//
// sin(pi x) for x in [0, 1]: mirrored to y in [0, 1/2], then a polynomial in y: Taylor's to y^21 in double (error below 3 units
// in the last place of 1); to y^11 in float, fitted to sin(pi y) on [0, 1/2] for the smallest largest error, each coefficient
// rounded before the next was fitted, pi in two parts: what rounding leaves has no sign of its own, as sums over many
// neighbours need it (mean error below 1e-9 where Taylor's coefficients, rounded, have 2e-8). exp as in exact_math.hpp; the
// float one with a polynomial of degree 7. What lies outside the range of exp (|x| > 700, float 80) is taken at its end.
// tests/kernels/pack_math_test.cpp.
#pragma once

#include "kernels/exec/pack.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr double kPi = 3.14159265358979323846;

template <class T> ZENER_FN Pack<T> constant(double x) { return Pack<T>::broadcast(static_cast<T>(x)); }

// sin(pi x), x in [0, 1].
template <class T> ZENER_FN Pack<T> sin_pi(Pack<T> x) {
  const Pack<T> y = smaller(x, constant<T>(1.0) - x);
  const Pack<T> t = y * y;
  if constexpr (sizeof(T) == 8) {
    // (-1)^k pi^(2k+1) / (2k+1)!
    Pack<T> p = constant<T>(5.3926647006862285e-10);
    p = fused_multiply_add(p, t, constant<T>(-2.2948428997269873e-08));
    p = fused_multiply_add(p, t, constant<T>(7.952054001475513e-07));
    p = fused_multiply_add(p, t, constant<T>(-2.1915353447830217e-05));
    p = fused_multiply_add(p, t, constant<T>(0.00046630280576761255));
    p = fused_multiply_add(p, t, constant<T>(-0.007370430945714351));
    p = fused_multiply_add(p, t, constant<T>(0.08214588661112823));
    p = fused_multiply_add(p, t, constant<T>(-0.5992645293207921));
    p = fused_multiply_add(p, t, constant<T>(2.550164039877345));
    p = fused_multiply_add(p, t, constant<T>(-5.16771278004997));
    p = fused_multiply_add(p, t, constant<T>(kPi));
    return p * y;
  } else {
    constexpr double kHigh = static_cast<double>(static_cast<float>(kPi));
    Pack<T> p = constant<T>(-0.006813232787);
    p = fused_multiply_add(p, t, constant<T>(0.08191427588));
    p = fused_multiply_add(p, t, constant<T>(-0.5992221236));
    p = fused_multiply_add(p, t, constant<T>(2.550160646));
    p = fused_multiply_add(p, t, constant<T>(-5.167712688));
    p = fused_multiply_add(p, t, constant<T>(kPi - kHigh));
    return fused_multiply_add(p, y, y * constant<T>(kHigh));
  }
}

// cos(pi x), x in [0, 1].
template <class T> ZENER_FN Pack<T> cos_pi(Pack<T> x) {
  const Pack<T> half = constant<T>(0.5);
  const PackMask<T> right = x > half;
  const Pack<T> y = select<T>(right, x - half, half - x); // sin(pi (1/2 - x)), by its size
  const Pack<T> s = sin_pi(y);
  return select<T>(right, -s, s);
}

template <class T> ZENER_FN Pack<T> exponential(Pack<T> x) {
  constexpr double kRange = sizeof(T) == 8 ? 700.0 : 80.0;
  const Pack<T> bounded = smaller(larger(x, constant<T>(-kRange)), constant<T>(kRange));
  // Adding and taking away 1.5 2^52 (2^23) rounds to the nearest integer.
  const Pack<T> shift = constant<T>(sizeof(T) == 8 ? 0x1.8p52 : 0x1.8p23);
  const Pack<T> n = fused_multiply_add(bounded, constant<T>(1.4426950408889634), shift) - shift;
  Pack<T> r;
  Pack<T> p;
  if constexpr (sizeof(T) == 8) {
    r = fused_multiply_add(-n, constant<T>(0x1.62e42fefa39efp-1), bounded);
    r = fused_multiply_add(-n, constant<T>(0x1.abc9e3b39803fp-56), r);
    p = constant<T>(0x1.6124613a86d09p-33);
    p = fused_multiply_add(p, r, constant<T>(0x1.1eed8eff8d898p-29));
    p = fused_multiply_add(p, r, constant<T>(0x1.ae64567f544e4p-26));
    p = fused_multiply_add(p, r, constant<T>(0x1.27e4fb7789f5cp-22));
    p = fused_multiply_add(p, r, constant<T>(0x1.71de3a556c734p-19));
    p = fused_multiply_add(p, r, constant<T>(0x1.a01a01a01a01ap-16));
    p = fused_multiply_add(p, r, constant<T>(0x1.a01a01a01a01ap-13));
  } else {
    r = fused_multiply_add(-n, constant<T>(0x1.62e4p-1), bounded);
    r = fused_multiply_add(-n, constant<T>(0x1.7f7d1cp-20), r);
    p = constant<T>(0x1.a01a01a01a01ap-13);
  }
  p = fused_multiply_add(p, r, constant<T>(0x1.6c16c16c16c17p-10));
  p = fused_multiply_add(p, r, constant<T>(0x1.1111111111111p-7));
  p = fused_multiply_add(p, r, constant<T>(0x1.5555555555555p-5));
  p = fused_multiply_add(p, r, constant<T>(0x1.5555555555555p-3));
  p = fused_multiply_add(p, r, constant<T>(0.5));
  p = fused_multiply_add(p, r, constant<T>(1.0));
  p = fused_multiply_add(p, r, constant<T>(1.0));
  return scale_by_power(p, n);
}

// x^m for whole numbers m from 0 to 63, each element its own.
template <class T> ZENER_FN Pack<T> whole_power(Pack<T> x, Pack<T> m) {
  Pack<T> result = constant<T>(1.0);
  while (any<T>(m > constant<T>(0.5))) {
    const Pack<T> half = from_index<T>(floor_index(m * constant<T>(0.5)));
    result = select<T>((m - half - half) > constant<T>(0.5), result * x, result);
    x = x * x;
    m = half;
  }
  return result;
}

} // namespace ZENER_BACKEND
} // namespace zener
