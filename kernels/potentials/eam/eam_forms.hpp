// The functions of embedded-atom potentials, for packs of pairs: what an atom of type b at distance r gives to one of type a.
//
// Each form is a type with
//   template <bool kOneType> PairTerms<Real> pair(int a, PackIndex<Real> b, Pack<Real> r2, Pack<Real> r2_rest) const
//   Embedding embedding(int a, double rho) const
// where r2 is positive and below the square of the cutoff, in A^2, and r2_rest is what rounding r2 to Real left (zero in
// double): stiff pairs multiply an error of r by thousands. kOneType: a and b are type 0.
//
// SplineForm: cubic Hermite pieces on uniform knots (LAMMPS's tables, see derivation.md). Tables are rows of four coefficients,
// one gather_rows() each: for a knot of the pair (a, b) the density of b at a and r phi of both side by side, 64 bytes in
// double. FinnisSinclairForm: Finnis and Sinclair, Phil. Mag. A 50, 45 (1984), eqs. 27 to 29, doi:10.1080/01418618408244210,
// with the repulsion of Ackland and Thetford, Phil. Mag. A 56, 15 (1987), doi:10.1080/01418618708204464. ZhouForm: Zhou,
// Johnson and Wadley, Phys. Rev. B 69, 144113 (2004), doi:10.1103/PhysRevB.69.144113.
#pragma once

#include "kernels/core/exact_math.hpp"
#include "kernels/core/pack_math.hpp"
#include "kernels/exec/pack.hpp"
#include "kernels/exec/view.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

// Slopes are divided by r: times the vector from a to b they are derivatives with respect to b's place.
template <class Real> struct PairTerms {
  Pack<Real> density, density_slope; // of b at a
  Pack<Real> back_slope;             // of a at b
  Pack<Real> pair, pair_slope;       // phi, eV
};

struct Embedding {
  double energy, slope; // eV, and eV per unit of density
};

template <class Real> struct SplineForm {
  View<const Real, 1> pair_rows;        // [a][b][knots][8]
  View<const double, 1> embedding_rows; // [a][densities][4]
  double inverse_radius_step;
  double inverse_density_step;
  double last_density; // of the table
  std::int32_t types;
  std::int32_t knots;
  std::int32_t densities;

  template <bool kOneType>
  ZENER_FN PairTerms<Real> pair(int a, PackIndex<Real> b, Pack<Real> r2, [[maybe_unused]] Pack<Real> r2_rest) const {
    const Pack<Real> r = square_root(r2);
    const Pack<Real> inverse_r = constant<Real>(1.0) / r;
    // Beyond the last knot (whose row holds value and slope alone) the functions keep their last values.
    const Pack<Real> step = constant<Real>(inverse_radius_step);
    const Pack<Real> last = constant<Real>(knots - 1);
    const Pack<Real> position = smaller(r * step, last);
    const PackIndex<Real> knot = floor_index(position);
    Pack<Real> p = position - from_index<Real>(knot);
    if constexpr (sizeof(Real) < sizeof(double)) {
      // r and the step with what rounding left of them.
      const double step_rest = inverse_radius_step - static_cast<double>(static_cast<Real>(inverse_radius_step));
      const Pack<Real> r_rest = (fused_multiply_add(-r, r, r2) + r2_rest) * constant<Real>(0.5) * inverse_r;
      const Pack<Real> rest = fused_multiply_add(r, constant<Real>(step_rest), r_rest * step);
      p = select<Real>(position < last, fused_multiply_add(r, step, -from_index<Real>(knot)) + rest, constant<Real>(0.0));
    }
    PackIndex<Real> row = knot + knot;
    PackIndex<Real> back = row;
    if constexpr (!kOneType) {
      back = row + (b * types + a) * (2 * knots);
      row = row + (b + a * types) * (2 * knots);
    }
    PairTerms<Real> t;
    Pack<Real> c0{}, c1{}, c2{}, c3{};
    gather_rows(pair_rows.data(), row, c0, c1, c2, c3);
    const Pack<Real> per_r = inverse_r * constant<Real>(inverse_radius_step);
    t.density = value(c0, c1, c2, c3, p);
    t.density_slope = slope(c1, c2, c3, p) * per_r;
    t.back_slope = t.density_slope;
    if constexpr (!kOneType) {
      gather_rows(pair_rows.data(), back, c0, c1, c2, c3);
      t.back_slope = slope(c1, c2, c3, p) * per_r;
    }
    gather_rows(pair_rows.data() + 4, row, c0, c1, c2, c3);
    t.pair = value(c0, c1, c2, c3, p) * inverse_r;
    t.pair_slope = fused_multiply_add(-t.pair, inverse_r, slope(c1, c2, c3, p) * per_r) * inverse_r;
    return t;
  }

  ZENER_FN Embedding embedding(int a, double rho) const {
    const double position = rho * inverse_density_step;
    const double last = densities - 2;
    const double knot =
        position < last ? (position > 0.0 ? static_cast<double>(static_cast<std::int32_t>(position)) : 0.0) : last;
    double p = position - knot;
    p = p > 1.0 ? 1.0 : p;
    const double *row =
        embedding_rows.data() + 4 * (static_cast<std::int64_t>(a) * densities + static_cast<std::int32_t>(knot));
    Embedding e;
    e.energy = fused_multiply_add(fused_multiply_add(fused_multiply_add(row[3], p, row[2]), p, row[1]), p, row[0]);
    e.slope = fused_multiply_add(fused_multiply_add(3.0 * row[3], p, 2.0 * row[2]), p, row[1]) * inverse_density_step;
    // Beyond the table: a straight line.
    if (rho > last_density) {
      e.energy = fused_multiply_add(e.slope, rho - last_density, e.energy);
    }
    return e;
  }

private:
  static ZENER_FN Pack<Real> value(Pack<Real> c0, Pack<Real> c1, Pack<Real> c2, Pack<Real> c3, Pack<Real> p) {
    return fused_multiply_add(fused_multiply_add(fused_multiply_add(c3, p, c2), p, c1), p, c0);
  }
  static ZENER_FN Pack<Real> slope(Pack<Real> c1, Pack<Real> c2, Pack<Real> c3, Pack<Real> p) {
    return fused_multiply_add(fused_multiply_add(constant<Real>(3.0) * c3, p, c2 + c2), p, c1);
  }
};

template <class Real> struct FinnisSinclairForm {
  View<const Real, 1> pair_rows;  // [a][b][12]: d, beta / d, weight, c; c0, c1, c2, B; b0, alpha, 0, 0
  View<const double, 1> strength; // [a]: A, eV
  std::int32_t types;

  template <bool kOneType> ZENER_FN PairTerms<Real> pair(int a, PackIndex<Real> b, Pack<Real> r2, Pack<Real>) const {
    Pack<Real> d, curve, weight, c, c0, c1, c2, B, b0, alpha, unused1, unused2;
    if constexpr (kOneType) {
      const Real *from = pair_rows.data();
      const auto all = [&](int i) { return Pack<Real>::broadcast(from[i]); };
      d = all(0), curve = all(1), weight = all(2), c = all(3);
      c0 = all(4), c1 = all(5), c2 = all(6), B = all(7);
      b0 = all(8), alpha = all(9);
    } else {
      const PackIndex<Real> row = (b + a * types) * 3;
      gather_rows(pair_rows.data(), row, d, curve, weight, c);
      gather_rows(pair_rows.data() + 4, row, c0, c1, c2, B);
      gather_rows(pair_rows.data() + 8, row, b0, alpha, unused1, unused2);
    }
    const Pack<Real> zero = constant<Real>(0.0);
    const Pack<Real> one = constant<Real>(1.0);
    const Pack<Real> two = constant<Real>(2.0);
    const Pack<Real> three = constant<Real>(3.0);
    const Pack<Real> r = square_root(r2);
    const Pack<Real> inverse_r = one / r;
    PairTerms<Real> t;
    const Pack<Real> u = smaller(r - d, zero); // beyond d: zero, and the density and its slope with it
    t.density = weight * (u * u) * fused_multiply_add(curve, u, one);
    t.density_slope = weight * u * fused_multiply_add(three * curve, u, two) * inverse_r;
    t.back_slope = t.density_slope;
    const Pack<Real> v = smaller(r - c, zero);
    const Pack<Real> quadratic = fused_multiply_add(fused_multiply_add(c2, r, c1), r, c0);
    t.pair = v * v * quadratic;
    t.pair_slope = v * fused_multiply_add(v, fused_multiply_add(two * c2, r, c1), two * quadratic) * inverse_r;
    if (any<Real>(r < b0)) {
      const Pack<Real> w = larger(b0 - r, zero);
      const Pack<Real> core = B * (w * w) * exponential(-(alpha * r));
      t.pair = fused_multiply_add(core, w, t.pair);
      t.pair_slope = t.pair_slope - core * fused_multiply_add(alpha, w, three) * inverse_r;
    }
    return t;
  }

  ZENER_FN Embedding embedding(int a, double rho) const {
    if (!(rho > 0.0)) {
      return {rho == rho ? 0.0 : rho, 0.0};
    }
    const double root = sqrt(rho);
    return {-strength[a] * root, -0.5 * strength[a] / root};
  }
};

// Numbers of the embedding energy of one element.
struct ZhouEmbedding {
  double rhon, rhoe, rho0, rhos; // rhon = low rhoe, rho0 = high rhoe
  double Fn[4], F[3], F3_minus, F3_plus, eta, Fe;
};

template <class Real> struct ZhouForm {
  View<const Real, 1> element_rows; // [a][12]: 1 / re, alpha, beta, A; B, kappa, lambda, fe; m, n, 0, 0
  View<const ZhouEmbedding, 1> embeddings;
  std::int32_t types;

  struct Element {
    Pack<Real> density, density_slope, pair, pair_slope; // slopes not divided by r
  };

  template <bool kOneType> ZENER_FN PairTerms<Real> pair(int a, PackIndex<Real> b, Pack<Real> r2, Pack<Real>) const {
    const Pack<Real> r = square_root(r2);
    const Pack<Real> inverse_r = constant<Real>(1.0) / r;
    const Real *from = element_rows.data() + 12 * a;
    const auto all = [&](int i) { return Pack<Real>::broadcast(from[i]); };
    const Element own = element(r, all(0), all(1), all(2), all(3), all(4), all(5), all(6), all(7), all(8), all(9));
    PairTerms<Real> t;
    t.back_slope = own.density_slope * inverse_r;
    if constexpr (kOneType) {
      t.density = own.density;
      t.density_slope = t.back_slope;
      t.pair = own.pair;
      t.pair_slope = own.pair_slope * inverse_r;
    } else {
      Pack<Real> inverse_re, alpha, beta, A, B, kappa, lambda, fe, m, n, unused1, unused2;
      const PackIndex<Real> row = b * 3;
      gather_rows(element_rows.data(), row, inverse_re, alpha, beta, A);
      gather_rows(element_rows.data() + 4, row, B, kappa, lambda, fe);
      gather_rows(element_rows.data() + 8, row, m, n, unused1, unused2);
      const Element other = element(r, inverse_re, alpha, beta, A, B, kappa, lambda, fe, m, n);
      t.density = other.density;
      t.density_slope = other.density_slope * inverse_r;
      // 1/2 (f_b / f_a phi_aa + f_a / f_b phi_bb)
      const Pack<Real> half = constant<Real>(0.5);
      const Pack<Real> q = other.density / own.density;
      const Pack<Real> inverse_q = own.density / other.density;
      const Pack<Real> growth = other.density_slope / other.density - own.density_slope / own.density; // of ln q
      const Pack<Real> first = q * own.pair;
      const Pack<Real> second = inverse_q * other.pair;
      t.pair = half * (first + second);
      t.pair_slope =
          half *
          fused_multiply_add(growth, first - second, fused_multiply_add(q, own.pair_slope, inverse_q * other.pair_slope)) *
          inverse_r;
    }
    return t;
  }

  ZENER_FN Embedding embedding(int a, double rho) const {
    const ZhouEmbedding &e = embeddings[a];
    if (rho < e.rhon) {
      const double t = rho / e.rhon - 1.0;
      return {((e.Fn[3] * t + e.Fn[2]) * t + e.Fn[1]) * t + e.Fn[0],
              ((3.0 * e.Fn[3] * t + 2.0 * e.Fn[2]) * t + e.Fn[1]) / e.rhon};
    }
    if (rho < e.rho0) {
      const double t = rho / e.rhoe - 1.0;
      const double F3 = rho < e.rhoe ? e.F3_minus : e.F3_plus;
      return {((F3 * t + e.F[2]) * t + e.F[1]) * t + e.F[0], ((3.0 * F3 * t + 2.0 * e.F[2]) * t + e.F[1]) / e.rhoe};
    }
    const double logarithm = e.eta * exact_log(rho / e.rhos);
    const double power = exact_exp(logarithm);
    return {e.Fe * (1.0 - logarithm) * power, -e.Fe * e.eta * logarithm * power / rho};
  }

private:
  static ZENER_FN Element element(Pack<Real> r, Pack<Real> inverse_re, Pack<Real> alpha, Pack<Real> beta, Pack<Real> A,
                                  Pack<Real> B, Pack<Real> kappa, Pack<Real> lambda, Pack<Real> fe, Pack<Real> m,
                                  Pack<Real> n) {
    const Pack<Real> one = constant<Real>(1.0);
    const Pack<Real> x = r * inverse_re;
    const Pack<Real> repulsion_power = whole_power(x - kappa, m - one);
    const Pack<Real> attraction_power = whole_power(x - lambda, n - one);
    const Pack<Real> repulsion_cut = one / fused_multiply_add(repulsion_power, x - kappa, one);
    const Pack<Real> attraction_cut = one / fused_multiply_add(attraction_power, x - lambda, one);
    const Pack<Real> repulsion = A * exponential(alpha * (one - x)) * repulsion_cut;
    const Pack<Real> unit = exponential(beta * (one - x)) * attraction_cut;
    // -d ln/dx of both
    const Pack<Real> repulsion_decay = fused_multiply_add(m * repulsion_power, repulsion_cut, alpha);
    const Pack<Real> attraction_decay = fused_multiply_add(n * attraction_power, attraction_cut, beta);
    const Pack<Real> unit_slope = -(unit * attraction_decay) * inverse_re;
    return {fe * unit, fe * unit_slope, repulsion - B * unit, -(repulsion * repulsion_decay) * inverse_re - B * unit_slope};
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
