// What the SNAP kernels look up, made once on the host in double: where elements of U stand, and the Clebsch-Gordan products
// of the sums Z, ordered as the kernels read them. Angular momenta are doubled (j is 2j of the papers), rows mb and columns ma
// run over 0 … j. derivation.md, equations in brackets.
#pragma once

#include "kernels/exec/config.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

// An element u_j[mb][ma] of the half 2 mb <= j. The half is stored by rows: mb, then j from 2 mb, then ma.
struct SnapHalf {
  std::int32_t j, mb, ma;
  std::int32_t full;   // its place in all of U: by j, then mb, then ma
  std::int32_t mirror; // place of u_j[j-mb][j-ma] in all of U, or -1 in the middle row
  std::int32_t sign;   // (-1)^(ma - mb): u_j[j-mb][j-ma] = sign conj(u_j[mb][ma])
  std::int32_t source; // where its Y is summed: itself, or its mirror in the second half of the middle row
  std::int32_t share;  // how often it counts in a sum over all of U that runs over the half
  double norm;         // of the polynomials v without roots: u = norm v [4]
};

// The places of two factors u_j1[mb1][ma1] u_j2[mb2][ma2] in U.
struct SnapProduct {
  std::int32_t first, second;
};

// A sum over the products of a pair (j1, j2) at projections (Ma, Mb), for all j together [8].
struct SnapItem {
  std::int32_t begin;    // its first product
  std::int32_t products; // how many
  std::int32_t nj;       // values of j: the largest, then falling by 2
  std::int32_t weight;   // of the first weight of the item, [product][nj]
  std::int32_t out;      // of the first of its nj outputs
  std::int32_t upper;    // the first `upper` values of j are >= j1: they give bispectrum components
};

struct SnapOutput {
  std::int32_t y;         // in the half
  std::int32_t u;         // in all of U
  std::int32_t component; // of the bispectrum: its coefficient
  std::int32_t share;     // how often the element counts in the sum over all of U
  double factor;          // of the coefficient in Y [9]
};

struct SnapPair {
  std::int32_t begin, end; // items
  std::int32_t upper_end;  // items before it hold bispectrum components
  std::int32_t component;  // of its largest j; those of j - 2 … follow downwards
  std::int32_t components;
};

struct SnapTables {
  int twojmax = 0;
  int components = 0;
  int full = 0; // elements of U
  std::vector<SnapHalf> half;
  std::vector<SnapPair> pairs;
  std::vector<SnapProduct> products;
  std::vector<SnapItem> items;
  std::vector<SnapOutput> outputs;
  std::vector<double> weights;
  std::vector<double> isolated; // components of an atom without neighbours
};

// <j1 m1 j2 m2 | j m> with doubled momenta; Varshalovich, Moskalev, Khersonskii (1988), 8.2.1 (3).
inline double clebsch_gordan(int j1, int m1, int j2, int m2, int j, int m) {
  if (m1 + m2 != m || std::abs(m1) > j1 || std::abs(m2) > j2 || std::abs(m) > j || j > j1 + j2 || j < std::abs(j1 - j2)) {
    return 0.0;
  }
  const auto factorial = [](int n) {
    long double f = 1.0L;
    for (int k = 2; k <= n; ++k) {
      f *= k;
    }
    return f;
  };
  const auto half = [&](int n) { return factorial(n / 2); };
  long double sum = 0.0L;
  for (int z = std::max({0, (j2 - j - m1) / 2, (j1 - j + m2) / 2});
       z <= std::min({(j1 + j2 - j) / 2, (j1 - m1) / 2, (j2 + m2) / 2}); ++z) {
    const long double below = factorial(z) * half(j1 + j2 - j - 2 * z) * half(j1 - m1 - 2 * z) * half(j2 + m2 - 2 * z) *
                              half(j - j2 + m1 + 2 * z) * half(j - j1 - m2 + 2 * z);
    sum += (z % 2 == 0 ? 1.0L : -1.0L) / below;
  }
  const long double triangle = half(j1 + j2 - j) * half(j1 - j2 + j) * half(-j1 + j2 + j) / half(j1 + j2 + j + 2);
  const long double moments = half(j1 + m1) * half(j1 - m1) * half(j2 + m2) * half(j2 - m2) * half(j + m) * half(j - m);
  return static_cast<double>(sum * std::sqrt(triangle * moments * static_cast<long double>(j + 1)));
}

inline SnapTables make_snap_tables(int twojmax) {
  SnapTables t;
  t.twojmax = twojmax;
  std::vector<int> block(static_cast<std::size_t>(twojmax) + 1);
  for (int j = 0; j <= twojmax; ++j) {
    block[static_cast<std::size_t>(j)] = t.full;
    t.full += (j + 1) * (j + 1);
  }
  const auto place = [&](int j, int mb, int ma) { return block[static_cast<std::size_t>(j)] + mb * (j + 1) + ma; };
  std::vector<int> half_of(static_cast<std::size_t>(t.full), -1);
  const auto factorial = [](int n) {
    double f = 1.0;
    for (int k = 2; k <= n; ++k) {
      f *= k;
    }
    return f;
  };
  for (int mb = 0; 2 * mb <= twojmax; ++mb) {
    for (int j = 2 * mb; j <= twojmax; ++j) {
      for (int ma = 0; ma <= j; ++ma) {
        SnapHalf h{};
        h.j = j;
        h.mb = mb;
        h.ma = ma;
        h.full = place(j, mb, ma);
        h.mirror = 2 * mb == j ? -1 : place(j, j - mb, j - ma);
        h.sign = (ma + mb) % 2 == 0 ? 1 : -1;
        h.source = static_cast<std::int32_t>(t.half.size());
        if (2 * mb == j && 2 * ma > j) {
          h.source += (j - ma) - ma;
        }
        h.share = 2 * mb == j ? 1 : 2;
        h.norm = std::sqrt(factorial(ma) * factorial(j - ma) / (factorial(mb) * factorial(j - mb)));
        half_of[static_cast<std::size_t>(h.full)] = static_cast<int>(t.half.size());
        t.half.push_back(h);
      }
    }
  }

  // Bispectrum components in LAMMPS's order.
  const auto n = static_cast<std::size_t>(twojmax + 1);
  std::vector<int> component(n * n * n, -1);
  const auto at = [&](int j1, int j2, int j) {
    return (static_cast<std::size_t>(j1) * n + static_cast<std::size_t>(j2)) * n + static_cast<std::size_t>(j);
  };
  for (int j1 = 0; j1 <= twojmax; ++j1) {
    for (int j2 = 0; j2 <= j1; ++j2) {
      for (int j = j1 - j2; j <= std::min(twojmax, j1 + j2); j += 2) {
        if (j >= j1) {
          component[at(j1, j2, j)] = t.components++;
          t.isolated.push_back(j + 1);
        }
      }
    }
  }

  for (int j1 = 0; j1 <= twojmax; ++j1) {
    for (int j2 = 0; j2 <= j1; ++j2) {
      const int jmax = j1 + j2 <= twojmax ? j1 + j2 : twojmax - (j1 + j2 - twojmax) % 2;
      // Clebsch-Gordan coefficients by j and m1, m2.
      std::vector<double> table(n * n * n);
      for (int j = j1 - j2; j <= jmax; j += 2) {
        for (int a1 = 0; a1 <= j1; ++a1) {
          for (int a2 = 0; a2 <= j2; ++a2) {
            const int m1 = 2 * a1 - j1;
            const int m2 = 2 * a2 - j2;
            table[at(j, a1, a2)] = clebsch_gordan(j1, m1, j2, m2, j, m1 + m2);
          }
        }
      }
      SnapPair pair{};
      pair.begin = static_cast<std::int32_t>(t.items.size());
      if (jmax >= j1) {
        pair.component = component[at(j1, j2, jmax)];
        pair.components = (jmax - j1) / 2 + 1;
      }
      struct Candidate {
        int size, nj, Ma, Mb;
      };
      std::vector<Candidate> candidates;
      const int parity = (j1 + j2) % 2;
      for (int Mb = -jmax; Mb <= 0; ++Mb) {
        for (int Ma = -jmax; Ma <= (Mb == 0 ? 0 : jmax); ++Ma) {
          if (std::abs(Mb) % 2 != parity || std::abs(Ma) % 2 != parity) {
            continue;
          }
          const int low = std::max({j1 - j2, std::abs(Ma), std::abs(Mb)});
          const int na = std::min(j1, (Ma + j1 + j2) / 2) - std::max(0, (Ma + j1 - j2) / 2) + 1;
          const int nb = std::min(j1, (Mb + j1 + j2) / 2) - std::max(0, (Mb + j1 - j2) / 2) + 1;
          candidates.push_back({na * nb, (jmax - low) / 2 + 1, Ma, Mb});
        }
      }
      // Long ones first, those of equal inner loops together: lanes of a GPU then wait little for one another.
      std::stable_sort(candidates.begin(), candidates.end(),
                       [](const Candidate &a, const Candidate &b) { return a.nj != b.nj ? a.nj > b.nj : a.size > b.size; });
      pair.upper_end = pair.begin;
      for (const Candidate &c : candidates) {
        const int a1 = std::max(0, (c.Ma + j1 - j2) / 2);
        const int b1 = std::max(0, (c.Mb + j1 - j2) / 2);
        const int a_sum = (c.Ma + j1 + j2) / 2;
        const int b_sum = (c.Mb + j1 + j2) / 2;
        const int na = std::min(j1, a_sum) - a1 + 1;
        const int nb = std::min(j1, b_sum) - b1 + 1;
        SnapItem item{};
        item.nj = c.nj;
        item.begin = static_cast<std::int32_t>(t.products.size());
        item.weight = static_cast<std::int32_t>(t.weights.size());
        item.out = static_cast<std::int32_t>(t.outputs.size());
        // Products of u_j with itself come twice: rows mb1 < mb2 stand for both.
        for (int ib = 0; ib < (j1 == j2 ? (nb + 1) / 2 : nb); ++ib) {
          const double twice = j1 == j2 && 2 * ib + 1 != nb ? 2.0 : 1.0;
          for (int ia = 0; ia < na; ++ia) {
            const int a2 = a_sum - a1 - ia;
            const int b2 = b_sum - b1 - ib;
            t.products.push_back({place(j1, b1 + ib, a1 + ia), place(j2, b2, a2)});
            for (int k = 0; k < item.nj; ++k) {
              const int j = jmax - 2 * k;
              t.weights.push_back(twice * table[at(j, a1 + ia, a2)] * table[at(j, b1 + ib, b2)]);
            }
          }
        }
        item.products = static_cast<std::int32_t>(t.products.size()) - item.begin;
        for (int k = 0; k < item.nj; ++k) {
          const int j = jmax - 2 * k;
          SnapOutput out{};
          out.u = place(j, (c.Mb + j) / 2, (c.Ma + j) / 2);
          out.y = half_of[static_cast<std::size_t>(out.u)];
          out.share = c.Ma == 0 && c.Mb == 0 ? 1 : 2;
          // E changes with each of the three factors of a component; B_{j1 j2 j} / (j + 1) has all their symmetries [9].
          if (j >= j1) {
            out.component = component[at(j1, j2, j)];
            out.factor = j == j1 ? (j == j2 ? 3.0 : 2.0) : 1.0;
            ++item.upper;
          } else if (j >= j2) {
            out.component = component[at(j, j2, j1)];
            out.factor = (j == j2 ? 2.0 : 1.0) * (j1 + 1) / (j + 1);
          } else {
            out.component = component[at(j2, j, j1)];
            out.factor = static_cast<double>(j1 + 1) / (j + 1);
          }
          t.outputs.push_back(out);
        }
        t.items.push_back(item);
        if (item.upper > 0) {
          pair.upper_end = static_cast<std::int32_t>(t.items.size());
        }
      }
      pair.end = static_cast<std::int32_t>(t.items.size());
      t.pairs.push_back(pair);
    }
  }
  return t;
}

} // namespace ZENER_BACKEND
} // namespace zener
