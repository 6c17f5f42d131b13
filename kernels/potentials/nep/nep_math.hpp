// Functions of packs that the neuroevolution potential needs: tanh, sums across packs, Chebyshev polynomials under a cosine
// cutoff, real harmonics up to l = 4. Formulas: derivation.md.
#pragma once

#include "kernels/core/pack_math.hpp"

#include <type_traits>

namespace zener {
inline namespace ZENER_BACKEND {

// tanh x from e = exp(-2|x|), below |x| = 1/4 from its Taylor series (to x^21 in double, x^9 in float): a few units in the last
// place throughout. `slope`: its derivative, 4 e / (1 + e)^2, which keeps its digits where tanh is near one.
template <class T> ZENER_FN Pack<T> hyperbolic_tangent(Pack<T> x, Pack<T> &slope) {
  const Pack<T> one = constant<T>(1.0);
  const Pack<T> size = larger(x, -x);
  const Pack<T> e = exponential(size * constant<T>(-2.0));
  const Pack<T> inverse = one / (one + e);
  const Pack<T> far = (one - e) * inverse;
  slope = e * constant<T>(4.0) * (inverse * inverse);
  const Pack<T> t = x * x;
  Pack<T> p;
  if constexpr (sizeof(T) == 8) {
    p = constant<T>(18888466084.0 / 194896477400625.0);
    p = fused_multiply_add(p, t, constant<T>(-443861162.0 / 1856156927625.0));
    p = fused_multiply_add(p, t, constant<T>(6404582.0 / 10854718875.0));
    p = fused_multiply_add(p, t, constant<T>(-929569.0 / 638512875.0));
    p = fused_multiply_add(p, t, constant<T>(21844.0 / 6081075.0));
    p = fused_multiply_add(p, t, constant<T>(-1382.0 / 155925.0));
    p = fused_multiply_add(p, t, constant<T>(62.0 / 2835.0));
  } else {
    p = constant<T>(62.0 / 2835.0);
  }
  p = fused_multiply_add(p, t, constant<T>(-17.0 / 315.0));
  p = fused_multiply_add(p, t, constant<T>(2.0 / 15.0));
  p = fused_multiply_add(p, t, constant<T>(-1.0 / 3.0));
  const Pack<T> near = fused_multiply_add(p * t, x, x);
  const Pack<T> signed_far = select<T>(x < constant<T>(0.0), -far, far);
  return select<T>(size < constant<T>(0.25), near, signed_far);
}

// to[i] = the sum of the elements of packs[i], for i < N.
template <class T, int N> ZENER_FN void store_sums(const Pack<T> (&packs)[N], T *to) {
#if defined(ZENER_VECTOR_PACKS)
  // Neighbouring pairs are added until a pack holds the sums of kPackWidth packs in order.
  constexpr int W = kPackWidth<T>;
  PackMask<T> even, odd;
  for (int e = 0; e < W; ++e) {
    even[e] = 2 * e;
    odd[e] = 2 * e + 1;
  }
  for (int first = 0; first < N; first += W) {
    Pack<T> tree[W];
    int left = N - first < W ? N - first : W;
    for (int i = 0; i < W; ++i) {
      tree[i] = i < left ? packs[first + i] : Pack<T>{};
    }
    for (int width = W; width > 1; width /= 2) {
      for (int i = 0; i < width / 2; ++i) {
        tree[i].value = __builtin_shuffle(tree[2 * i].value, tree[2 * i + 1].value, even) +
                        __builtin_shuffle(tree[2 * i].value, tree[2 * i + 1].value, odd);
      }
    }
    std::memcpy(to + first, &tree[0].value, static_cast<std::size_t>(left) * sizeof(T));
  }
#else
  for (int i = 0; i < N; ++i) {
    to[i] = packs[i].value;
  }
#endif
}

// f(std::integral_constant<int, count>) for 1 <= count <= Largest.
template <int Largest, class F> ZENER_FN void with_count(int count, F f) {
  if constexpr (Largest > 1) {
    if (count < Largest) {
      with_count<Largest - 1>(count, f);
      return;
    }
  }
  f(std::integral_constant<int, Largest>());
}

// r times a number that a float does not hold: rounding it would stretch all distances alike, which the virial, a small
// difference of large terms, shows in the fifth digit.
template <class T> ZENER_FN Pack<T> scaled(Pack<T> r, double factor) {
  if constexpr (sizeof(T) == 8) {
    return r * constant<T>(factor);
  } else {
    const T high = static_cast<T>(factor);
    const T low = static_cast<T>(factor - static_cast<double>(high));
    return fused_multiply_add(r, high, r * Pack<T>::broadcast(low));
  }
}

// What all functions g_n of a distance share: the cutoff f_c = cos^2(pi u / 2), u = min(r / r_c, 1), its slope, and the
// argument x = 2 (u - 1)^2 - 1 of the Chebyshev polynomials.
template <class T> struct RadialArgument {
  Pack<T> cutoff, slope; // f_c, df_c/dr
  Pack<T> x, x_slope;    // x, f_c dx/dr

  ZENER_FN RadialArgument(Pack<T> r, double inverse_cutoff) {
    const Pack<T> one = constant<T>(1.0);
    const Pack<T> u = smaller(scaled(r, inverse_cutoff), one);
    const Pack<T> left = one - u;
    const Pack<T> s = sin_pi(left * constant<T>(0.5)); // vanishes at the cutoff to the last bit
    cutoff = s * s;
    slope = sin_pi(u) * constant<T>(-0.5 * kPi * inverse_cutoff);
    x = fused_multiply_add(left * left, constant<T>(2.0), -one);
    x_slope = cutoff * left * constant<T>(-4.0 * inverse_cutoff);
  }
};

// The cutoff function and x alone.
template <class T> struct RadialValue {
  Pack<T> cutoff, x;
  ZENER_FN RadialValue(Pack<T> r, double inverse_cutoff) {
    const Pack<T> one = constant<T>(1.0);
    const Pack<T> left = one - smaller(scaled(r, inverse_cutoff), one);
    const Pack<T> s = sin_pi(left * constant<T>(0.5));
    cutoff = s * s;
    x = fused_multiply_add(left * left, constant<T>(2.0), -one);
  }
};

// sums[n] += sum_k c[k][n] T_k(x), n < N; c[basis][stride].
template <int N, class T> ZENER_FN void chebyshev(Pack<T> x, const T *c, int basis, int stride, Pack<T> (&sums)[N]) {
  const Pack<T> twice = x + x;
  Pack<T> before = x; // T_-1
  Pack<T> t = constant<T>(1.0);
  for (int k = 0; k < basis; ++k) {
    const T *row = c + k * stride;
    for (int n = 0; n < N; ++n) {
      sums[n] = fused_multiply_add(t, row[n], sums[n]);
    }
    const Pack<T> next = fused_multiply_add(twice, t, -before);
    before = t;
    t = next;
  }
}

// The same and slopes[n] += sum_k c[k][n] T_k'(x).
template <int N, class T>
ZENER_FN void chebyshev_slopes(Pack<T> x, const T *c, int basis, int stride, Pack<T> (&sums)[N], Pack<T> (&slopes)[N]) {
  const Pack<T> twice = x + x;
  Pack<T> before = x;
  Pack<T> t = constant<T>(1.0);
  Pack<T> before_slope = constant<T>(1.0);
  Pack<T> slope = constant<T>(0.0);
  for (int k = 0; k < basis; ++k) {
    const T *row = c + k * stride;
    for (int n = 0; n < N; ++n) {
      sums[n] = fused_multiply_add(t, row[n], sums[n]);
      slopes[n] = fused_multiply_add(slope, row[n], slopes[n]);
    }
    const Pack<T> next = fused_multiply_add(twice, t, -before);
    const Pack<T> next_slope = fused_multiply_add(twice, slope, fused_multiply_add(t, T(2), -before_slope));
    before = t;
    t = next;
    before_slope = slope;
    slope = next_slope;
  }
}

// Real harmonics p_lm(z) C_m and p_lm(z) S_m of a unit vector, C_m + i S_m = (x + i y)^m, not normalised. Order: m = 0, then
// C_1, S_1, C_2, …, each with l from max(m, 1) to 4.
inline constexpr int kHarmonics = 24;
// Where those of C_m begin; S_m follows.
ZENER_HOST_FN constexpr int harmonics_begin(int m) { return m == 0 ? 0 : m == 1 ? 4 : m == 2 ? 12 : m == 3 ? 18 : 22; }
// From m on, l runs over this many values.
ZENER_HOST_FN constexpr int harmonics_of(int m) { return m == 0 ? 4 : 5 - m; }
ZENER_HOST_FN constexpr int harmonic_l(int i) { return i < 12 ? 1 + i % 4 : i < 18 ? 2 + i % 3 : i < 22 ? 3 + i % 2 : 4; }

// Squares of the norms, so that weight p^2 C^2 sums to (2l + 1) / (4 pi) over m; times 256 pi. m = 0 … 4 of l = 1 … 4.
ZENER_HOST_FN constexpr double harmonic_weight(int l, int m) {
  constexpr double weights[4][5] = {
      {192, 192, 0, 0, 0}, {80, 960, 240, 0, 0}, {112, 168, 1680, 280, 0}, {9, 360, 180, 2520, 315}};
  return weights[l - 1][m] / (256.0 * 3.14159265358979323846);
}
ZENER_HOST_FN constexpr int harmonic_m(int i) { return i < 4 ? 0 : i < 12 ? 1 : i < 18 ? 2 : i < 22 ? 3 : 4; }

// p_lm(z) and dp_lm/dz for l = max(m, 1) … 4.
template <int M, class T> ZENER_FN void polar(Pack<T> z, Pack<T> (&p)[5], Pack<T> (&slope)[5]) {
  const Pack<T> t = z * z;
  const Pack<T> zero = constant<T>(0.0), one = constant<T>(1.0);
  if constexpr (M == 0) {
    p[0] = z;
    slope[0] = one;
    p[1] = fused_multiply_add(t, T(3), constant<T>(-1.0));
    slope[1] = z * constant<T>(6.0);
    p[2] = z * fused_multiply_add(t, T(5), constant<T>(-3.0));
    slope[2] = fused_multiply_add(t, T(15), constant<T>(-3.0));
    p[3] = fused_multiply_add(t, fused_multiply_add(t, T(35), constant<T>(-30.0)), constant<T>(3.0));
    slope[3] = z * fused_multiply_add(t, T(140), constant<T>(-60.0));
  } else if constexpr (M == 1) {
    p[0] = one;
    slope[0] = zero;
    p[1] = z;
    slope[1] = one;
    p[2] = fused_multiply_add(t, T(5), constant<T>(-1.0));
    slope[2] = z * constant<T>(10.0);
    p[3] = z * fused_multiply_add(t, T(7), constant<T>(-3.0));
    slope[3] = fused_multiply_add(t, T(21), constant<T>(-3.0));
  } else if constexpr (M == 2) {
    p[0] = one;
    slope[0] = zero;
    p[1] = z;
    slope[1] = one;
    p[2] = fused_multiply_add(t, T(7), constant<T>(-1.0));
    slope[2] = z * constant<T>(14.0);
  } else if constexpr (M == 3) {
    p[0] = one;
    slope[0] = zero;
    p[1] = z;
    slope[1] = one;
  } else {
    p[0] = one;
    slope[0] = zero;
  }
}

// All harmonics of m and above to b[place][stride]; c, s: C_m and S_m.
template <int M, class T>
ZENER_FN void store_harmonics(Pack<T> x, Pack<T> y, Pack<T> z, Pack<T> c, Pack<T> s, T *b, int stride) {
  Pack<T> p[5], slope[5];
  polar<M>(z, p, slope);
  constexpr int count = harmonics_of(M), begin = harmonics_begin(M);
  for (int l = 0; l < count; ++l) {
    if constexpr (M == 0) {
      p[l].store(b + l * stride);
    } else {
      (p[l] * c).store(b + (begin + l) * stride);
      (p[l] * s).store(b + (begin + count + l) * stride);
    }
  }
  if constexpr (M < 4) {
    store_harmonics<M + 1>(x, y, z, fused_multiply_add(c, x, -(s * y)), fused_multiply_add(c, y, s * x), b, stride);
  }
}

// From g_n and g_n' (n < N) of a neighbour and f[place][stride] = dE/dA: adds sum_n g_n' f b to `radial` and
// sum_n g_n f grad b to (vx, vy, vz), for m and above; (c, s): C_m, S_m, (c1, s1): C_(m-1), S_(m-1).
template <int M, int N, class T> struct HarmonicForce {
  const T *f;
  int stride;
  Pack<T> x, y, z;
  const Pack<T> (&g)[N];
  const Pack<T> (&g_slope)[N];

  ZENER_FN void contract(int begin, const Pack<T> (&p)[5], const Pack<T> (&slope)[5], Pack<T> &a, Pack<T> &a_slope,
                         Pack<T> &radial) const {
    a = a_slope = radial = constant<T>(0.0);
    for (int l = 0; l < harmonics_of(M); ++l) {
      const T *row = f + (begin + l) * stride;
      Pack<T> value = g[0] * Pack<T>::broadcast(row[0]);
      Pack<T> change = g_slope[0] * Pack<T>::broadcast(row[0]);
      for (int n = 1; n < N; ++n) {
        value = fused_multiply_add(g[n], row[n], value);
        change = fused_multiply_add(g_slope[n], row[n], change);
      }
      a = fused_multiply_add(value, p[l], a);
      a_slope = fused_multiply_add(value, slope[l], a_slope);
      radial = fused_multiply_add(change, p[l], radial);
    }
  }

  ZENER_FN void add(Pack<T> c, Pack<T> s, Pack<T> c1, Pack<T> s1, Pack<T> &radial, Pack<T> &vx, Pack<T> &vy,
                    Pack<T> &vz) const {
    Pack<T> p[5], slope[5];
    polar<M>(z, p, slope);
    Pack<T> a, a_slope, r;
    contract(harmonics_begin(M), p, slope, a, a_slope, r);
    if constexpr (M == 0) {
      vz = vz + a_slope;
      radial = radial + r;
    } else {
      Pack<T> b, b_slope, q;
      contract(harmonics_begin(M) + harmonics_of(M), p, slope, b, b_slope, q);
      const Pack<T> am = a * constant<T>(M), bm = b * constant<T>(M);
      vx = fused_multiply_add(am, c1, fused_multiply_add(bm, s1, vx));
      vy = fused_multiply_add(bm, c1, fused_multiply_add(-am, s1, vy));
      vz = fused_multiply_add(a_slope, c, fused_multiply_add(b_slope, s, vz));
      radial = fused_multiply_add(r, c, fused_multiply_add(q, s, radial));
    }
    if constexpr (M < 4) {
      const HarmonicForce<M + 1, N, T> next{f, stride, x, y, z, g, g_slope};
      next.add(fused_multiply_add(c, x, -(s * y)), fused_multiply_add(c, y, s * x), c, s, radial, vx, vy, vz);
    }
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
