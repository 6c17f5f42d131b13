// Steinhardt's parameters of orders 2 to 8 (Steinhardt, Nelson, Ronchetti 1983, doi:10.1103/PhysRevB.28.784).
//
//   q_lm(i) = sum_j w_ij Y_lm(r_ij),  sum_j w_ij = 1: equal weights, or A_ij / A_i of Voronoi facets (Mickel et al. 2013,
//             doi:10.1063/1.4774084)
//   averaged: qbar_lm(i) = (q_lm(i) + sum_j q_lm(j)) / (1 + N_b(i)), every neighbour once for each of its images (Lechner,
//             Dellago 2008, doi:10.1063/1.2977970, eq. 6)
//   q_l(i) = sqrt(4 pi / (2 l + 1) sum_m |q_lm|^2)
//
// As freud ("average", "weighted") and pyscal ("averaged", Voronoi neighbours with exponent 1) have them. The weights sum to
// one already, so a further 1/N_b, which some papers print, is left out. They keep facets of any size: averages, in which every
// neighbour counts alike, differ for atoms with a facet below least_facet (of a hot hcp crystal one atom in sixty).
// Y_lm with m >= 0 alone: q_l-m = (-1)^m conj q_lm.
//
// Y_lm = sqrt((2l+1)/4pi (l-m)!/(l+m)!) P_lm(z) (x + iy)^m / s^m with P_lm / s^m by the recursion in l of normalised functions
// (no pole, no angle): P_mm = c_m, P_lm = a_lm z P_(l-1)m - b_lm P_(l-2)m.
//
// Who owns what: moments, one element for each atom and m (nine), a pack of bonds at a time: 550 flop a bond with all m, 36
// bytes a bond once from memory and from cache for the other m; 8 kFLOP and 0.5 kB in, 0.7 kB out an atom with 15 bonds: on a
// GPU bound by memory. Parameters, one element for each atom and l: averaging gathers 672 bytes of each neighbour. Rules: one
// element an atom reads its list, 32 bytes of Site a neighbour. Determinism: fixed orders; sums over bonds follow the width of
// packs, so CPU and GPU agree to rounding. Errors: none.
#include "kernels/analysis/steinhardt.hpp"

#include "kernels/core/pack_math.hpp"
#include "kernels/exec/atomics.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct NearestBonds {
  AtomsView atoms;
  View<const std::int32_t, 1> order;
  int nearest;
  BondsView bonds;
  View<std::int32_t, 1> short_of;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int64_t row = order[i];
    const int n = atoms.neighbours.count[i];
    double square[kMostNearest];
    int slot[kMostNearest];
    int found = 0;
    for (int s = 0; s < n; ++s) {
      const PairVector r = pair_vector(atoms, i, s);
      const double r2 = r.x * r.x + r.y * r.y + r.z * r.z;
      if (found == nearest && !(r2 < square[nearest - 1])) {
        continue;
      }
      int place = found < nearest ? found++ : nearest - 1;
      for (; place > 0 && r2 < square[place - 1]; --place) {
        square[place] = square[place - 1];
        slot[place] = slot[place - 1];
      }
      square[place] = r2;
      slot[place] = s;
    }
    for (int k = 0; k < found; ++k) {
      const PairVector r = pair_vector(atoms, i, slot[k]);
      bonds.put(row, k, order[r.neighbour], r.x, r.y, r.z, 1.0 / found);
    }
    bonds.end(row, found);
    if (found < nearest) {
      atomic_add(&short_of[0], 1);
    }
  }
};

struct BondsWithin {
  AtomsView atoms;
  View<const std::int32_t, 1> order;
  double cutoff2;
  BondsView bonds;
  View<std::int32_t, 1> most;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int64_t row = order[i];
    int found = 0;
    for (int s = 0; s < atoms.neighbours.count[i]; ++s) {
      const PairVector r = pair_vector(atoms, i, s);
      if (r.x * r.x + r.y * r.y + r.z * r.z < cutoff2) {
        if (found < bonds.capacity()) {
          bonds.put(row, found, order[r.neighbour], r.x, r.y, r.z, 1.0);
        }
        ++found;
      }
    }
    if (found > bonds.capacity()) {
      atomic_max(&most[0], found);
      found = 0;
    }
    for (int k = 0; k < found; ++k) {
      bonds.weight(row, k) = 1.0 / found;
    }
    bonds.end(row, found);
  }
};

// Factors of the recursion; zeros where there is none.
struct Legendre {
  double start[kMostL + 1];                 // P_mm
  double rise[kMostL + 1][kMostL + 1] = {}; // a_lm
  double fall[kMostL + 1][kMostL + 1] = {}; // b_lm
  Legendre() {
    start[0] = std::sqrt(0.25 / kPi);
    for (int m = 1; m <= kMostL; ++m) {
      start[m] = -start[m - 1] * std::sqrt((2.0 * m + 1.0) / (2.0 * m));
    }
    for (int m = 0; m <= kMostL; ++m) {
      for (int l = m + 1; l <= kMostL; ++l) {
        const double spread = static_cast<double>(l * l - m * m);
        rise[l][m] = std::sqrt((4.0 * l * l - 1.0) / spread);
        if (l > m + 1) {
          const double before = static_cast<double>((l - 1) * (l - 1) - m * m);
          fall[l][m] = std::sqrt((2.0 * l + 1.0) / (2.0 * l - 3.0) * before / spread);
        }
      }
    }
  }
};

struct Moments {
  Legendre legendre;
  BondsView bonds;
  View<double, 3> moments;
  ZENER_FN void operator()(std::int64_t element) const {
    using P = Pack<double>;
    const std::int64_t i = element / (kMostL + 1);
    const int m = static_cast<int>(element - i * (kMostL + 1));
    const int n = bonds.count[i];
    const std::int64_t begin = i * bonds.capacity();
    P re[kOrders], im[kOrders];
    for (int l = 0; l < kOrders; ++l) {
      re[l] = im[l] = P::broadcast(0.0);
    }
    for (int s = 0; s < n; s += kPackWidth<double>) {
      const P x = P::load(bonds.x.data() + begin + s), y = P::load(bonds.y.data() + begin + s);
      const P z = P::load(bonds.z.data() + begin + s), w = P::load(bonds.weight.data() + begin + s);
      const P inverse = P::broadcast(1.0) / square_root(x * x + y * y + z * z);
      const P ux = x * inverse, uy = y * inverse, uz = z * inverse;
      P c = w, d = P::broadcast(0.0); // w (ux + i uy)^m
      for (int k = 0; k < m; ++k) {
        const P next = c * ux - d * uy;
        d = c * uy + d * ux;
        c = next;
      }
      P last = P::broadcast(0.0), now = last;
      ZENER_UNROLL(9)
      for (int l = 0; l <= kMostL; ++l) { // unrolled whole, so that sums stay in registers
        if (l == m) {
          now = P::broadcast(legendre.start[m]);
        } else if (l > 0 && l > m) {
          const P next = uz * now * P::broadcast(legendre.rise[l][m]) - last * P::broadcast(legendre.fall[l][m]);
          last = now;
          now = next;
        }
        if (l >= kLeastL) {
          re[l - kLeastL] = fused_multiply_add(now, c, re[l - kLeastL]);
          im[l - kLeastL] = fused_multiply_add(now, d, im[l - kLeastL]);
        }
      }
    }
    ZENER_UNROLL(7)
    for (int l = kLeastL; l <= kMostL; ++l) {
      if (l >= m) {
        moments(i, first_moment(l) + m, 0) = horizontal_sum(re[l - kLeastL]);
        moments(i, first_moment(l) + m, 1) = horizontal_sum(im[l - kLeastL]);
      }
    }
  }
};

struct Parameters {
  BondsView bonds;
  View<const double, 3> moments;
  bool averaged;
  View<double, 2> q;
  ZENER_FN void operator()(std::int64_t element) const {
    const std::int64_t i = element / kOrders;
    const int l = static_cast<int>(element - i * kOrders) + kLeastL;
    const int n = bonds.count[i];
    double sum[2 * (kMostL + 1)];
    const double *own = &moments(i, first_moment(l), 0);
    for (int c = 0; c < 2 * (l + 1); ++c) {
      sum[c] = own[c];
    }
    if (averaged) {
      for (int s = 0; s < n; ++s) {
        const double *other = &moments(bonds.neighbour(i, s), first_moment(l), 0);
        for (int c = 0; c < 2 * (l + 1); ++c) {
          sum[c] += other[c];
        }
      }
    }
    double squares = 0.5 * (sum[0] * sum[0] + sum[1] * sum[1]);
    for (int c = 2; c < 2 * (l + 1); ++c) {
      squares += sum[c] * sum[c];
    }
    const double share = averaged ? 1.0 / (1.0 + n) : 1.0;
    const double value = sqrt(8.0 * kPi / (2.0 * l + 1.0) * squares) * share;
    q(i, l - kLeastL) = n > 0 ? value : static_cast<double>(NAN);
  }
};

} // namespace

void bonds_to_nearest(Queue &queue, const AtomsView &atoms, View<const std::int32_t, 1> order, int nearest,
                      const BondsView &bonds, View<std::int32_t, 1> short_of) {
  queue.for_each("bonds_nearest", atoms.size(), NearestBonds{atoms, order, nearest, bonds, short_of});
}

void bonds_within(Queue &queue, const AtomsView &atoms, View<const std::int32_t, 1> order, double cutoff_A,
                  const BondsView &bonds, View<std::int32_t, 1> most) {
  queue.for_each("bonds_within", atoms.size(), BondsWithin{atoms, order, cutoff_A * cutoff_A, bonds, most});
}

void steinhardt_moments(Queue &queue, const BondsView &bonds, View<double, 3> moments) {
  queue.for_each("steinhardt_moments", bonds.count.size() * (kMostL + 1), Moments{Legendre{}, bonds, moments});
}

void steinhardt_parameters(Queue &queue, const BondsView &bonds, View<const double, 3> moments, bool averaged,
                           View<double, 2> q) {
  queue.for_each("steinhardt_parameters", bonds.count.size() * kOrders, Parameters{bonds, moments, averaged, q});
}

} // namespace ZENER_BACKEND
} // namespace zener
