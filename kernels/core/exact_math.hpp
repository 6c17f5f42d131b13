// exp and log from fused multiply-adds alone, so that every backend gives the same bits.
//
// exp: x = n ln 2 + r with |r| <= ln(2)/2 and ln 2 in two parts (Cody and Waite), a Taylor polynomial of degree 13 in Horner's
// form, and an exact scaling by 2^n. Error below 1 unit in the last place (tests/kernels/exact_math_test.cpp). Zero below x =
// -708, infinity above x = 709. log: x = 2^e m, m in [sqrt(1/2), sqrt(2)), s = (m - 1)/(m + 1), log m = 2 atanh(s) = 2 s + 2/3
// s^3 + 2/5 s^5 + ... to s^23. Error below 2 units in the last place. For normal positive x.
#pragma once

#include "kernels/exec/config.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>

namespace zener {
inline namespace ZENER_BACKEND {

ZENER_FN double bits_to_double(std::uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

ZENER_FN std::uint64_t double_to_bits(double x) {
  std::uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

inline constexpr double kLn2High = 0x1.62e42fefa39efp-1; // ln 2 rounded
inline constexpr double kLn2Low = 0x1.abc9e3b39803fp-56; // ln 2 - kLn2High

ZENER_FN double exact_exp(double x) {
  const double low = -708.0;
  const double high = 709.0;
  // Clamped, so that the integer is in range on every backend; NaN goes to `low` here and comes back at the end.
  const double bounded = x > low ? (x < high ? x : high) : low;
  const double shift = 0x1.8p52; // adding it rounds to the nearest integer, which stands in the low bits
  const double shifted = fma(bounded, 0x1.71547652b82fep+0, shift);
  const double n = shifted - shift;
  const double r = fma(-n, kLn2Low, fma(-n, kLn2High, bounded));
  double p = 0x1.6124613a86d09p-33;     // 1/13!
  p = fma(p, r, 0x1.1eed8eff8d898p-29); // 1/12!
  p = fma(p, r, 0x1.ae64567f544e4p-26);
  p = fma(p, r, 0x1.27e4fb7789f5cp-22);
  p = fma(p, r, 0x1.71de3a556c734p-19);
  p = fma(p, r, 0x1.a01a01a01a01ap-16);
  p = fma(p, r, 0x1.a01a01a01a01ap-13);
  p = fma(p, r, 0x1.6c16c16c16c17p-10);
  p = fma(p, r, 0x1.1111111111111p-7);
  p = fma(p, r, 0x1.5555555555555p-5);
  p = fma(p, r, 0x1.5555555555555p-3);
  p = fma(p, r, 0.5);
  p = fma(p, r, 1.0);
  p = fma(p, r, 1.0);
  // 2^n with |n| <= 1023: the exponent field is n + 1023, taken from the shifted number's low bits. 2^1024 cannot occur: 709 <
  // 1023.5 ln 2.
  const std::uint64_t exponent = (double_to_bits(shifted) + 1023u) << 52;
  const double result = p * bits_to_double(exponent);
  const double above = x > high ? bits_to_double(0x7FF0000000000000u) : result;
  const double inside = x < low ? 0.0 : above;
  return x == x ? inside : x;
}

ZENER_FN double exact_log(double x) {
  std::uint64_t bits = double_to_bits(x);
  // Moves the split of the mantissa to sqrt(1/2).
  const std::uint64_t half_root = 0x3FE6A09E667F3BCDu;
  const std::int64_t e = static_cast<std::int64_t>(bits - half_root) >> 52;
  bits -= static_cast<std::uint64_t>(e) << 52;
  const double m = bits_to_double(bits);
  const double f = m - 1.0; // exact
  const double s = f / (m + 1.0);
  const double t = s * s;
  double p = 2.0 / 23.0;
  p = fma(p, t, 2.0 / 21.0);
  p = fma(p, t, 2.0 / 19.0);
  p = fma(p, t, 2.0 / 17.0);
  p = fma(p, t, 2.0 / 15.0);
  p = fma(p, t, 2.0 / 13.0);
  p = fma(p, t, 2.0 / 11.0);
  p = fma(p, t, 2.0 / 9.0);
  p = fma(p, t, 2.0 / 7.0);
  p = fma(p, t, 2.0 / 5.0);
  p = fma(p, t, 2.0 / 3.0);
  // log m = f - s (f - s^2 p ...): 2 s = f - s f, which keeps the leading digits of f.
  const double correction = s * fma(t, p, -f);
  const double n = static_cast<double>(e);
  return fma(n, kLn2High, f + fma(n, kLn2Low, correction));
}

} // namespace ZENER_BACKEND
} // namespace zener
