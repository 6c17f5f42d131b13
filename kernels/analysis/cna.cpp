// Adaptive common-neighbour analysis (Stukowski 2012, Modelling Simul. Mater. Sci. Eng. 20, 045021,
// doi:10.1088/0965-0393/20/4/045021; signatures after Honeycutt and Andersen 1987, doi:10.1021/j100303a014).
//
// Each atom has a cutoff of its own, midway between the shells of the structure that is tried:
//   12 nearest: r = (1 + sqrt 2)/2 mean |r_j|                                        fcc, hcp, icosahedral
//   14 nearest: r = (1 + sqrt 2)/2 (sum_1..8 |r_j| 2/sqrt 3 + sum_9..14 |r_j|) / 14  bcc
// Two of the nearest are bonded when closer to each other than r. A neighbour's signature: how many of the others are bonded to
// it (common neighbours), the bonds among these, the bonds of the longest chain (largest connected set) of those bonds.
//   fcc 12 x 421;  hcp 6 x 421, 6 x 422;  icosahedral 12 x 555;  bcc 8 x 666, 6 x 444;  anything else: other
// 12 are tried first. As in OVITO's adaptive mode.
//
// Who owns what: one element an atom. It reads its list (32 bytes of Site a neighbour) and keeps the 14 nearest; bonds are
// bits: 91 distances, then some 1000 operations on words. Bound by the gather of sites. Determinism: exact but for the
// comparisons of distances, which round alike on every backend. Errors: none.
#include "kernels/analysis/cna.hpp"

#include "kernels/exec/atomics.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr double kMidway = 1.2071067811865475; // (1 + sqrt 2) / 2

struct Signature {
  int common, bonds, chain;
};

struct Classify {
  AtomsView atoms;
  View<const std::int32_t, 1> order;
  View<std::uint8_t, 1> kind;
  View<std::int32_t, 1> short_of;

  ZENER_FN void operator()(std::int64_t i) const {
    double x[kCnaNeighbours], y[kCnaNeighbours], z[kCnaNeighbours], square[kCnaNeighbours];
    int found = 0;
    for (int s = 0; s < atoms.neighbours.count[i]; ++s) {
      const PairVector r = pair_vector(atoms, i, s);
      const double r2 = r.x * r.x + r.y * r.y + r.z * r.z;
      if (found == kCnaNeighbours && !(r2 < square[kCnaNeighbours - 1])) {
        continue;
      }
      int place = found < kCnaNeighbours ? found++ : kCnaNeighbours - 1;
      for (; place > 0 && r2 < square[place - 1]; --place) {
        square[place] = square[place - 1];
        x[place] = x[place - 1];
        y[place] = y[place - 1];
        z[place] = z[place - 1];
      }
      square[place] = r2;
      x[place] = r.x;
      y[place] = r.y;
      z[place] = r.z;
    }
    if (found < kCnaNeighbours) {
      atomic_add(&short_of[0], 1);
    }
    int result = kCnaOther;
    if (found >= 12) {
      double sum = 0.0;
      for (int k = 0; k < 12; ++k) {
        sum += sqrt(square[k]);
      }
      result = of_twelve(x, y, z, kMidway * sum / 12.0);
    }
    if (result == kCnaOther && found == kCnaNeighbours) {
      double sum = 0.0;
      for (int k = 0; k < 8; ++k) {
        sum += sqrt(square[k]) * 1.1547005383792515;
      }
      for (int k = 8; k < kCnaNeighbours; ++k) {
        sum += sqrt(square[k]);
      }
      result = of_fourteen(x, y, z, kMidway * sum / 14.0);
    }
    kind[order[i]] = static_cast<std::uint8_t>(result);
  }

  // bonded[k]: bits of the neighbours bonded to k.
  static ZENER_FN void find_bonds(const double *x, const double *y, const double *z, int n, double cutoff,
                                  std::uint32_t *bonded) {
    for (int k = 0; k < n; ++k) {
      bonded[k] = 0;
    }
    for (int k = 1; k < n; ++k) {
      for (int j = 0; j < k; ++j) {
        const double dx = x[k] - x[j], dy = y[k] - y[j], dz = z[k] - z[j];
        if (dx * dx + dy * dy + dz * dz < cutoff * cutoff) {
          bonded[k] |= 1U << j;
          bonded[j] |= 1U << k;
        }
      }
    }
  }

  static ZENER_FN int bits(std::uint32_t word) {
    int n = 0;
    for (; word != 0; word &= word - 1) {
      ++n;
    }
    return n;
  }

  static ZENER_FN Signature signature(const std::uint32_t *bonded, int k, int n) {
    const std::uint32_t common = bonded[k];
    Signature result{bits(common), 0, 0};
    std::uint32_t left = common;
    for (int j = 0; j < n; ++j) {
      if ((left >> j & 1U) == 0) {
        continue;
      }
      // All that j is linked to through bonds among the common neighbours.
      std::uint32_t cluster = 1U << j, front = cluster;
      int ends = 0;
      while (front != 0) {
        std::uint32_t next = 0;
        for (int e = 0; e < n; ++e) {
          if ((front >> e & 1U) != 0) {
            const std::uint32_t links = bonded[e] & common;
            ends += bits(links);
            next |= links;
          }
        }
        front = next & ~cluster;
        cluster |= next;
      }
      left &= ~cluster;
      result.bonds += ends / 2;
      result.chain = ends / 2 > result.chain ? ends / 2 : result.chain;
    }
    return result;
  }

  static ZENER_FN int of_twelve(const double *x, const double *y, const double *z, double cutoff) {
    std::uint32_t bonded[12];
    find_bonds(x, y, z, 12, cutoff, bonded);
    int n421 = 0, n422 = 0, n555 = 0;
    for (int k = 0; k < 12; ++k) {
      const Signature s = signature(bonded, k, 12);
      n421 += s.common == 4 && s.bonds == 2 && s.chain == 1 ? 1 : 0;
      n422 += s.common == 4 && s.bonds == 2 && s.chain == 2 ? 1 : 0;
      n555 += s.common == 5 && s.bonds == 5 && s.chain == 5 ? 1 : 0;
    }
    return n421 == 12 ? kCnaFcc : n421 == 6 && n422 == 6 ? kCnaHcp : n555 == 12 ? kCnaIcosahedral : kCnaOther;
  }

  static ZENER_FN int of_fourteen(const double *x, const double *y, const double *z, double cutoff) {
    std::uint32_t bonded[kCnaNeighbours];
    find_bonds(x, y, z, kCnaNeighbours, cutoff, bonded);
    int n444 = 0, n666 = 0;
    for (int k = 0; k < kCnaNeighbours; ++k) {
      const Signature s = signature(bonded, k, kCnaNeighbours);
      n444 += s.common == 4 && s.bonds == 4 && s.chain == 4 ? 1 : 0;
      n666 += s.common == 6 && s.bonds == 6 && s.chain == 6 ? 1 : 0;
    }
    return n444 == 6 && n666 == 8 ? kCnaBcc : kCnaOther;
  }
};

} // namespace

void classify_by_cna(Queue &queue, const AtomsView &atoms, View<const std::int32_t, 1> order, View<std::uint8_t, 1> kind,
                     View<std::int32_t, 1> short_of) {
  queue.for_each("cna", atoms.size(), Classify{atoms, order, kind, short_of});
}

} // namespace ZENER_BACKEND
} // namespace zener
