// SNAP: energies, forces and virials of the bispectrum potentials, in the adjoint form.
//
// Thompson et al., J. Comput. Phys. 285, 316 (2015), doi:10.1016/j.jcp.2014.12.018; quadratic: Wood, Thompson, J. Chem. Phys.
// 148, 241721 (2018), doi:10.1063/1.5017641; Y: Gayatri et al., arXiv:2011.12875. Equations in brackets: derivation.md.
//   U = 1 + sum_k f_k u(a_k, b_k), Y = sum beta Z(U, U), dE/dr_k = Re sum conj(Y) d(f_k u(a_k, b_k))/dr_k
// A team owns `width` atoms: one Pack of them on the CPU, several on a GPU; arrays are [index][atom]. Lengths in A, energies in
// eV. Phases: 1 neighbours inside their cutoffs into rows; 2 angles and switching of each; 3 U: lanes over rows mb of the
// recursion, each adding up its elements over the neighbours in order; 4 all of U from its half; 5 the bispectrum B and from it
// the coefficients of Y (quadratic models), or those of the elements; 6 Y: pair (j1, j2) by pair, lanes over its sums, of which
// no two add to the same element; 7 energies; 8 Y turned into four linear functionals of u: its change with f and with the
// three rotations of u; 9 lanes over neighbours: the recursion again, with the four sums on the way; forces on neighbours
// scatter; 10 sums over neighbours of each atom. Work for 2J = 8: per neighbour 2.5 and 5 kflop, per atom 250 kflop (quadratic:
// 400 kflop). Bound by arithmetic. Deterministic: every sum has one order, scattered forces are integers. Errors: none on the
// device.
#include "host/engine/potentials.hpp"
#include "host/neutral/errors.hpp"
#include "kernels/core/pack_math.hpp"
#include "kernels/exec/buffer.hpp"
#include "kernels/potentials/snap/snap_model.hpp"
#include "kernels/potentials/snap/snap_tables.hpp"

#include <algorithm>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kRowLength = kSnapLargestTwoJ + 1;
constexpr int kMostSums = kSnapLargestTwoJ / 2 + 1;
constexpr int kLanes = kGpuShapes ? 256 : 1;
constexpr int kMostAtoms = 16;                // of a team on a GPU
constexpr int kTogether = kGpuShapes ? 1 : 2; // neighbours walked through at a time: what they share is read once
constexpr int kChunk = 32;                    // sums of the bispectrum between two reductions
constexpr int kNumbers = 9;                   // of a neighbour, see below
constexpr int kFunctionals = 8;               // numbers of an element in phase 9

// In mixed precision what all atoms share, the coefficients and the scales of lengths, is kept as two numbers of Real: rounded
// to one it would shift all atoms alike, and energies and virials with them. In double the second is zero.
template <class Real> constexpr int kShares = sizeof(Real) < sizeof(double) ? 2 : 1;
template <class Real> ZENER_FN double rounding(double x) { return x - static_cast<double>(static_cast<Real>(x)); }

// Rows of a neighbour: from the atom (A), 1/r, then cos(theta), sin(theta)/r, w f, w f dtheta/dr, w df/dr. Before phase 2 the
// fifth to seventh hold 1/(rcut - rmin0), w and the rounding of the former; after phase 9 the fourth to sixth dE/dr.
enum Row { kX, kY, kZ, kInverse, kCos, kSin, kSwitch, kTurn, kSlope };

struct PairNumbers {
  double cutoff2;       // A^2
  double inverse_range; // 1 / (rcut - rmin0)
  double weight;        // of the neighbour
};

template <class Real> struct Element {
  std::int32_t full, mirror, source, j, ma;
  Real sign, unit, norm, scale; // unit: of the unit matrix; scale: of Y, norm times how often the element counts
  double share;                 // of conj(U) Y in the energy
};
template <class Real> struct Output {
  std::int32_t y, u, component;
  Real share, factor;
};

// Memory of a team, in numbers of Real for one atom.
struct SnapSizes {
  int half, full, components;
  bool quadratic;

  ZENER_HOST_FN int large() const { return full * 2 > half * kFunctionals ? full * 2 : half * kFunctionals; } // U, functionals
  ZENER_HOST_FN int small() const { return half * 2; }                                                        // sums of U, Y
  // Parts of U that lanes of different neighbours sum: the first in `small`, the others behind U in `large`.
  ZENER_HOST_FN int parts() const { return kGpuShapes ? 1 + (large() - full * 2) / small() : 1; }
  ZENER_HOST_FN int partial() const { return quadratic ? kChunk * kMostSums : 0; }
  ZENER_HOST_FN int spectrum() const { return quadratic ? components : 0; }
};

// Rotations of neighbours that are walked through together, and where their u starts.
template <class Real> struct Rotations {
  Pack<Real> start[kTogether], ar[kTogether], ai[kTogether], br[kTogether], bi[kTogether];
};
template <class Real> struct Values { Pack<Real> r[kTogether], i[kTogether]; };

// Walks the rows first … last of the half of u for kTogether neighbours [5, 6]: v_j[ma] = conj(a) v_{j-1}[ma] -
// conj(b) v_{j-1}[ma-1], a row starting from the mirror of the one before. visit(element, values) in the order of the half.
template <class Real, class Visit>
ZENER_FN void walk(int twojmax, int first, int last, int element, const Rotations<Real> &g, Visit visit) {
  using P = Pack<Real>;
  using V = Values<Real>;
  V row[kRowLength];
  V next[kRowLength];
  const P zero = P::broadcast(Real(0));
  int level = 0;
  for (int n = 0; n < kTogether; ++n) {
    row[0].r[n] = g.start[n];
    row[0].i[n] = zero;
  }
  const auto raise = [&](int j, auto seen) {
    V before = row[0];
    V v;
    ZENER_UNROLL(2)
    for (int n = 0; n < kTogether; ++n) {
      v.r[n] = fused_multiply_add(g.ai[n], before.i[n], g.ar[n] * before.r[n]);
      v.i[n] = fused_multiply_add(-g.ai[n], before.r[n], g.ar[n] * before.i[n]);
    }
    row[0] = v;
    seen(0, v);
    for (int ma = 1; ma < j; ++ma) {
      const V old = row[ma];
      ZENER_UNROLL(2)
      for (int n = 0; n < kTogether; ++n) {
        P vr = g.ar[n] * old.r[n];
        P vi = g.ar[n] * old.i[n];
        vr = fused_multiply_add(g.ai[n], old.i[n], vr);
        vi = fused_multiply_add(-g.ai[n], old.r[n], vi);
        vr = fused_multiply_add(-g.br[n], before.r[n], vr);
        vi = fused_multiply_add(-g.br[n], before.i[n], vi);
        v.r[n] = fused_multiply_add(-g.bi[n], before.i[n], vr);
        v.i[n] = fused_multiply_add(g.bi[n], before.r[n], vi);
      }
      row[ma] = v;
      seen(ma, v);
      before = old;
    }
    ZENER_UNROLL(2)
    for (int n = 0; n < kTogether; ++n) {
      v.r[n] = -fused_multiply_add(g.bi[n], before.i[n], g.br[n] * before.r[n]);
      v.i[n] = fused_multiply_add(g.bi[n], before.r[n], -(g.br[n] * before.i[n]));
    }
    row[j] = v;
    seen(j, v);
  };
  if (first == 0) {
    visit(element++, row[0]);
  } else {
    // (conj(a) - conj(b) t)^(first - 1) (b + a t)^first, in powers of t.
    for (; level < first - 1; ++level) {
      raise(level + 1, [](int, const V &) {});
    }
    for (; level < 2 * first - 1; ++level) {
      for (int n = 0; n < kTogether; ++n) {
        P pr = zero;
        P pi = zero;
        for (int ma = 0; ma <= level + 1; ++ma) {
          const P qr = ma <= level ? row[ma].r[n] : zero;
          const P qi = ma <= level ? row[ma].i[n] : zero;
          P vr = g.br[n] * qr;
          P vi = g.br[n] * qi;
          vr = fused_multiply_add(-g.bi[n], qi, vr);
          vi = fused_multiply_add(g.bi[n], qr, vi);
          vr = fused_multiply_add(g.ar[n], pr, vr);
          vi = fused_multiply_add(g.ar[n], pi, vi);
          row[ma].r[n] = fused_multiply_add(-g.ai[n], pi, vr);
          row[ma].i[n] = fused_multiply_add(g.ai[n], pr, vi);
          pr = qr;
          pi = qi;
        }
      }
    }
  }
  for (int mb = first; mb <= last; ++mb) {
    for (int j = level + 1; j <= twojmax; ++j) {
      raise(j, [&](int ma, const V &v) { visit(element + ma, v); });
      element += j + 1;
      if (j == 2 * mb + 1 && mb < last) {
        for (int ma = 0; ma <= j; ++ma) {
          const bool minus = (j - ma - mb) % 2 != 0;
          for (int n = 0; n < kTogether; ++n) {
            const P vr = row[j - ma].r[n];
            const P vi = row[j - ma].i[n];
            next[ma].r[n] = minus ? -vr : vr;
            next[ma].i[n] = minus ? vi : -vi;
          }
        }
      }
    }
    if (mb < last) {
      level = 2 * mb + 1;
      for (int ma = 0; ma <= level; ++ma) {
        row[ma] = next[ma];
      }
    }
  }
}

// The sums of an item for its first NJ values of j [8].
template <int NJ, class Real>
ZENER_FN void item_sums(const SnapItem &item, const SnapProduct *products, const Real *weights, const Real *u, int width,
                        Pack<Real> *real, Pack<Real> *imaginary) {
  using P = Pack<Real>;
  P sr[NJ];
  P si[NJ];
  ZENER_UNROLL(8)
  for (int k = 0; k < NJ; ++k) {
    sr[k] = P::broadcast(Real(0));
    si[k] = P::broadcast(Real(0));
  }
  const int step = 2 * width;
  const Real *h = weights + item.weight;
  const SnapProduct *product = products + item.begin;
  for (int i = 0; i < item.products; ++i) {
    const Real *u1 = u + product->first * step;
    const Real *u2 = u + product->second * step;
    const P xr = P::load(u1);
    const P xi = P::load(u1 + width);
    const P yr = P::load(u2);
    const P yi = P::load(u2 + width);
    const P pr = fused_multiply_add(-xi, yi, xr * yr);
    const P pi = fused_multiply_add(xi, yr, xr * yi);
    ZENER_UNROLL(8)
    for (int k = 0; k < NJ; ++k) {
      const P weight = P::broadcast(h[k]);
      sr[k] = fused_multiply_add(pr, weight, sr[k]);
      si[k] = fused_multiply_add(pi, weight, si[k]);
    }
    ++product;
    h += item.nj;
  }
  ZENER_UNROLL(8)
  for (int k = 0; k < NJ; ++k) {
    real[k] = sr[k];
    imaginary[k] = si[k];
  }
}
template <class Real>
ZENER_FN void item_sums(int n, const SnapItem &item, const SnapProduct *products, const Real *weights, const Real *u, int width,
                        Pack<Real> *real, Pack<Real> *imaginary) {
  switch (n) {
  case 1:
    return item_sums<1>(item, products, weights, u, width, real, imaginary);
  case 2:
    return item_sums<2>(item, products, weights, u, width, real, imaginary);
  case 3:
    return item_sums<3>(item, products, weights, u, width, real, imaginary);
  case 4:
    return item_sums<4>(item, products, weights, u, width, real, imaginary);
  case 5:
    return item_sums<5>(item, products, weights, u, width, real, imaginary);
  case 6:
    return item_sums<6>(item, products, weights, u, width, real, imaginary);
  case 7:
    return item_sums<7>(item, products, weights, u, width, real, imaginary);
  default:
    return item_sums<kMostSums>(item, products, weights, u, width, real, imaginary);
  }
}

template <class Real> struct SnapForce {
  AtomsView atoms;
  ForceView forces;
  int twojmax, elements, switching, quadratic, width_, capacity;
  std::int64_t blocks;
  std::int64_t teams;
  double rmin0, turn; // A; turn: rfac0 pi
  SnapSizes sizes;
  View<const std::int32_t, 1> element_of;  // by type of the batch
  View<const PairNumbers, 1> pair_numbers; // [element][neighbour's element]
  View<const Element<Real>, 1> half;
  View<const std::int32_t, 1> row_begin; // of row mb in the half
  View<const SnapPair, 1> pairs;
  View<const SnapProduct, 1> products;
  View<const SnapItem, 1> items;
  View<const Output<Real>, 1> outputs;
  View<const Real, 1> weights;
  View<const double, 1> constants;    // [element] of the energy
  View<const double, 1> coefficients; // [element][component]
  View<const double, 1> matrix;       // [element][component][component], quadratic
  View<const Real, 1> isolated;       // [component], zero without bzeroflag
  View<Real, 1> workspace;            // GPU: [team][capacity][kNumbers][width]
  View<std::int32_t, 1> work_index;   // GPU: [team][capacity][width]

  ZENER_HOST_FN int width() const {
    if constexpr (kGpuShapes) {
      return width_;
    } else {
      return kPackWidth<Real>;
    }
  }

  ZENER_FN std::int64_t atom_count() const { return atoms.site.extent(0); }

  static std::size_t scratch(const SnapSizes &s, int width, int capacity) {
    std::size_t bytes = scratch_bytes<Real>(static_cast<std::int64_t>(s.large()) * width) +
                        scratch_bytes<Real>(static_cast<std::int64_t>(s.small()) * width) +
                        scratch_bytes<Real>(static_cast<std::int64_t>(s.components) * kShares<Real> * width) +
                        scratch_bytes<Real>(static_cast<std::int64_t>(s.spectrum()) * width) +
                        scratch_bytes<Real>(static_cast<std::int64_t>(s.partial()) * width) +
                        2 * scratch_bytes<std::int32_t>(width) + scratch_bytes<double>(width);
    if constexpr (kGpuShapes) {
      bytes += scratch_bytes<std::int32_t>(kLanes);
    } else {
      bytes += scratch_bytes<Real>(static_cast<std::int64_t>(capacity) * kNumbers * width) +
               scratch_bytes<std::int32_t>(static_cast<std::int64_t>(capacity) * width);
    }
    return bytes;
  }

  struct Scratch {
    View<Real, 1> large, small, beta, spectrum, partial, rows;
    View<std::int32_t, 1> count, type, index, chunk;
    View<double, 1> energy;
  };

  ZENER_FN void operator()(Team &team) const {
    if (atoms.halted[0] != 0) {
      return;
    }
    const int w = width();
    Scratch s;
    s.large = team.scratch<Real>(static_cast<std::int64_t>(sizes.large()) * w);
    s.small = team.scratch<Real>(static_cast<std::int64_t>(sizes.small()) * w);
    s.beta = team.scratch<Real>(static_cast<std::int64_t>(sizes.components) * kShares<Real> * w);
    s.spectrum = team.scratch<Real>(static_cast<std::int64_t>(sizes.spectrum()) * w);
    s.partial = team.scratch<Real>(static_cast<std::int64_t>(sizes.partial()) * w);
    s.count = team.scratch<std::int32_t>(w);
    s.type = team.scratch<std::int32_t>(w);
    s.energy = team.scratch<double>(w);
    const std::int64_t rows = static_cast<std::int64_t>(capacity) * w;
    if constexpr (kGpuShapes) {
      s.chunk = team.scratch<std::int32_t>(kLanes);
      s.rows = View<Real, 1>(workspace.data() + team.index() * rows * kNumbers, rows * kNumbers);
      s.index = View<std::int32_t, 1>(work_index.data() + team.index() * rows, rows);
    } else {
      s.rows = team.scratch<Real>(rows * kNumbers);
      s.index = team.scratch<std::int32_t>(rows);
    }
    for (std::int64_t block = team.index(); block < blocks; block += teams) {
      compute(team, s, block * w);
    }
  }

  ZENER_FN void compute(Team &team, const Scratch &s, std::int64_t first_atom) const {
    const int packs = width() / kPackWidth<Real>;
    find_neighbours(team, s, first_atom);
    const int most = longest(s);
    team.for_each(most, packs, [&](int k, int p) { pair_functions(s, k, p); });
    sum_u(team, s, most, packs);
    if (quadratic != 0) {
      bispectrum(team, s, packs);
    }
    team.for_each(sizes.components, width() / kPackWidth<double>, [&](int b, int p) { coefficient(s, b, p); });
    team.end_part(kDescriptorPart);
    sum_y(team, s, packs);
    energies(team, s);
    if (forces.want_force != 0) {
      functionals(team, s, packs);
      team.for_each(most / kTogether, packs, [&](int i, int p) { neighbour_forces(s, i * kTogether, p); });
    }
    team.for_each(width(), [&](int a) {
      if (first_atom + a < atom_count()) {
        own_sums(s, a, first_atom + a);
      }
    });
    team.end_part(kForcePart);
  }

  // Length of the lists of a team.
  ZENER_FN int longest(const Scratch &s) const {
    int most = 0;
    for (int a = 0; a < width(); ++a) {
      most = s.count[a] > most ? s.count[a] : most;
    }
    return (most + kTogether - 1) / kTogether * kTogether;
  }

  // Phase 1. Lists shorter than the longest of the team are filled up with weightless neighbours.
  ZENER_FN void put(const Scratch &s, int k, int a, double x, double y, double z, double inverse_range, double weight,
                    std::int32_t j) const {
    const int w = width();
    Real *row = s.rows.data() + static_cast<std::int64_t>(k) * kNumbers * w + a;
    row[kX * w] = static_cast<Real>(x);
    row[kY * w] = static_cast<Real>(y);
    row[kZ * w] = static_cast<Real>(z);
    row[kCos * w] = static_cast<Real>(inverse_range);
    row[kSin * w] = static_cast<Real>(weight);
    row[kSwitch * w] = static_cast<Real>(rounding<Real>(inverse_range));
    s.index[static_cast<std::int64_t>(k) * w + a] = j;
  }
  // Calls take(pair vector, its numbers) for neighbours within their cutoffs among the slots begin … end.
  template <class Take> ZENER_FN void scan(std::int64_t atom, int own, int begin, int end, Take take) const {
    for (int slot = begin; slot < end; ++slot) {
      const PairVector d = pair_vector(atoms, atom, slot);
      const double r2 = d.x * d.x + d.y * d.y + d.z * d.z;
      const PairNumbers &numbers = pair_numbers[own * elements + element_of[atoms.site[d.neighbour].type]];
      if (r2 < numbers.cutoff2 && r2 > 1e-20) {
        take(d, numbers);
      }
    }
  }
  ZENER_FN void find_neighbours(Team &team, const Scratch &s, std::int64_t first_atom) const {
    const int w = width();
    const int chunks = kGpuShapes ? kLanes / w : 1;
    const auto own_type = [&](std::int64_t atom) { return atom < atom_count() ? element_of[atoms.site[atom].type] : 0; };
    const auto begin_of = [&](std::int64_t atom, int chunk) {
      return atom < atom_count() ? atoms.neighbours.count[atom] * chunk / chunks : 0;
    };
    if constexpr (kGpuShapes) {
      team.for_each(chunks, w, [&](int c, int a) {
        int n = 0;
        const std::int64_t atom = first_atom + a;
        scan(atom, own_type(atom), begin_of(atom, c), begin_of(atom, c + 1),
             [&](const PairVector &, const PairNumbers &) { ++n; });
        s.chunk[c * w + a] = n;
      });
      team.for_each(w, [&](int a) {
        int n = 0;
        for (int c = 0; c < chunks; ++c) {
          const int here = s.chunk[c * w + a];
          s.chunk[c * w + a] = n;
          n += here;
        }
        s.count[a] = n;
        s.type[a] = own_type(first_atom + a);
      });
    }
    team.for_each(chunks, w, [&](int c, int a) {
      const std::int64_t atom = first_atom + a;
      int k = 0;
      if constexpr (kGpuShapes) {
        k = s.chunk[c * w + a];
      }
      scan(atom, own_type(atom), begin_of(atom, c), begin_of(atom, c + 1),
           [&](const PairVector &d, const PairNumbers &numbers) {
             put(s, k, a, d.x, d.y, d.z, numbers.inverse_range, numbers.weight, d.neighbour);
             ++k;
           });
      if constexpr (!kGpuShapes) {
        s.count[a] = k;
        s.type[a] = own_type(atom);
      }
    });
    team.for_each(w, [&](int a) {
      const int most = longest(s);
      for (int k = s.count[a]; k < most; ++k) {
        put(s, k, a, 0.0, 0.0, rmin0 + 1.0, 1.0, 0.0, -1);
      }
    });
  }

  // Phase 2: [1, 2, 3].
  ZENER_FN void pair_functions(const Scratch &s, int k, int p) const {
    using P = Pack<Real>;
    const int w = width();
    Real *row = s.rows.data() + static_cast<std::int64_t>(k) * kNumbers * w + p * kPackWidth<Real>;
    const P x = P::load(row + kX * w);
    const P y = P::load(row + kY * w);
    const P z = P::load(row + kZ * w);
    const P inverse_range = P::load(row + kCos * w);
    const P weight = P::load(row + kSin * w);
    const P zero = P::broadcast(Real(0));
    const P one = P::broadcast(Real(1));
    const P r = square_root(fused_multiply_add(z, z, fused_multiply_add(y, y, x * x)));
    const P inverse = one / r;
    // The share of the range that is passed: below zero inside rmin0.
    const P way = (r - constant<Real>(rmin0)) - constant<Real>(rounding<Real>(rmin0));
    const P passed = fused_multiply_add(way, inverse_range, way * P::load(row + kSwitch * w));
    const P half_turns =
        fused_multiply_add(passed, constant<Real>(turn / kPi), passed * constant<Real>(rounding<Real>(turn / kPi)));
    // theta enters through its tangent alone, so multiples of pi drop out.
    const P whole = one + from_index<Real>(floor_index<Real>(larger(-half_turns, zero)));
    const P theta = select<Real>(half_turns < zero, half_turns + whole, half_turns); // over pi
    const P c = cos_pi(theta);
    const P sine = sin_pi(theta);
    P f = one;
    P slope = zero;
    if (switching != 0) {
      const P t = smaller(larger(passed, zero), one);
      f = fused_multiply_add(cos_pi(t), Real(0.5), constant<Real>(0.5));
      slope = sin_pi(t) * inverse_range * constant<Real>(-0.5 * kPi);
    }
    f = f * weight;
    f.store(row + kSwitch * w);
    (f * inverse_range * constant<Real>(turn)).store(row + kTurn * w);
    (slope * weight).store(row + kSlope * w);
    inverse.store(row + kInverse * w);
    c.store(row + kCos * w);
    (sine * inverse).store(row + kSin * w);
  }

  ZENER_FN Rotations<Real> rotations(const Scratch &s, int k, int p, bool weighted) const {
    using P = Pack<Real>;
    const int w = width();
    Rotations<Real> g;
    for (int n = 0; n < kTogether; ++n) {
      const Real *row = s.rows.data() + static_cast<std::int64_t>(k + n) * kNumbers * w + p * kPackWidth<Real>;
      const P q = P::load(row + kSin * w);
      g.start[n] = weighted ? P::load(row + kSwitch * w) : P::broadcast(Real(1));
      g.ar[n] = P::load(row + kCos * w);
      g.ai[n] = -(q * P::load(row + kZ * w));
      g.br[n] = q * P::load(row + kY * w);
      g.bi[n] = -(q * P::load(row + kX * w));
    }
    return g;
  }

  // Phases 3 and 4: [5, 6, 7].
  ZENER_FN void sum_u(Team &team, const Scratch &s, int most, int packs) const {
    using P = Pack<Real>;
    const int w = width();
    const int parts = sizes.parts();
    const int n = sizes.half;
    const auto part = [=, this](int g) {
      return g == 0 ? s.small.data() : s.large.data() + static_cast<std::int64_t>(sizes.full * 2 + (g - 1) * sizes.small()) * w;
    };
    team.for_each(n * 2, packs, [&](int i, int p) {
      for (int g = 0; g < parts; ++g) {
        P::broadcast(Real(0)).store(part(g) + static_cast<std::int64_t>(i) * w + p * kPackWidth<Real>);
      }
    });
    const int row_count = kGpuShapes ? twojmax / 2 + 1 : 1;
    team.for_each(row_count * parts, packs, [&](int i, int p) {
      const int g = i % parts;
      const int first = kGpuShapes ? i / parts : 0;
      const int last = kGpuShapes ? first : twojmax / 2;
      Real *sums = part(g) + p * kPackWidth<Real>;
      // Shares of the atom's own count: sums then do not depend on the other atoms of the team.
      const int count = kGpuShapes ? s.count[p] : most;
      for (int k = count * g / parts; k < count * (g + 1) / parts; k += kTogether) {
        walk(twojmax, first, last, row_begin[first], rotations(s, k, p, true), [=](int e, const Values<Real> &v) {
          Real *to = sums + e * 2 * w;
          P real = P::load(to);
          P imaginary = P::load(to + w);
          ZENER_UNROLL(2)
          for (int together = 0; together < kTogether; ++together) {
            real = real + v.r[together];
            imaginary = imaginary + v.i[together];
          }
          real.store(to);
          imaginary.store(to + w);
        });
      }
    });
    Real *u = s.large.data();
    team.for_each(n, packs, [&](int e, int p) {
      const Element<Real> &element = half[e];
      P real = P::broadcast(Real(0));
      P imaginary = real;
      for (int g = 0; g < parts; ++g) {
        const Real *from = part(g) + e * 2 * w + p * kPackWidth<Real>;
        real = real + P::load(from);
        imaginary = imaginary + P::load(from + w);
      }
      const P norm = P::broadcast(element.norm);
      const P self = P::broadcast(element.unit); // the atom's own share: the unit matrix
      real = fused_multiply_add(real, norm, self);
      imaginary = imaginary * norm;
      Real *to = u + element.full * 2 * w + p * kPackWidth<Real>;
      real.store(to);
      imaginary.store(to + w);
      if (element.mirror >= 0) {
        to = u + element.mirror * 2 * w + p * kPackWidth<Real>;
        const P sign = P::broadcast(element.sign);
        (real * sign).store(to);
        (-(imaginary * sign)).store(to + w);
      }
    });
  }

  // Phase 5.
  ZENER_FN void bispectrum(Team &team, const Scratch &s, int packs) const {
    using P = Pack<Real>;
    const int w = width();
    for (int i = 0; i < static_cast<int>(pairs.extent(0)); ++i) {
      const SnapPair pair = pairs[i];
      for (int begin = pair.begin; begin < pair.upper_end; begin += kChunk) {
        const int n = pair.upper_end - begin < kChunk ? pair.upper_end - begin : kChunk;
        team.for_each(n, packs, [&](int local, int p) {
          const SnapItem &item = items[begin + local];
          const Real *u = s.large.data() + p * kPackWidth<Real>;
          Real *to = s.partial.data() + static_cast<std::int64_t>(local) * kMostSums * w + p * kPackWidth<Real>;
          P real[kMostSums];
          P imaginary[kMostSums];
          if (item.upper > 0) {
            item_sums(item.upper, item, products.data(), weights.data(), u, w, real, imaginary);
          }
          for (int k = 0; k < pair.components; ++k) {
            P product = P::broadcast(Real(0));
            if (k < item.upper) {
              const Output<Real> &out = outputs[item.out + k];
              const Real *from = u + out.u * 2 * w;
              product = fused_multiply_add(P::load(from), real[k], P::load(from + w) * imaginary[k]) * P::broadcast(out.share);
            }
            product.store(to + k * w);
          }
        });
        team.for_each(pair.components, packs, [&](int k, int p) {
          const int component = pair.component - k;
          Real *to = s.spectrum.data() + component * w + p * kPackWidth<Real>;
          P sum = begin == pair.begin ? -P::broadcast(isolated[component]) : P::load(to);
          for (int local = 0; local < n; ++local) {
            sum =
                sum + P::load(s.partial.data() + (static_cast<std::int64_t>(local) * kMostSums + k) * w + p * kPackWidth<Real>);
          }
          sum.store(to);
        });
      }
    }
  }
  // dE/dB_b.
  ZENER_FN void coefficient(const Scratch &s, int b, int p) const {
    using D = Pack<double>;
    const int w = width();
    const int n = sizes.components;
    const Real *from = s.spectrum.data() + p * kPackWidth<double>;
    D beta;
    if (elements == 1) {
      beta = D::broadcast(coefficients[b]);
      if (quadratic != 0) {
        const double *row = matrix.data() + b * n;
        for (int other = 0; other < n; ++other) {
          beta = fused_multiply_add(D::load_as(from + other * w), row[other], beta);
        }
      }
    } else {
      const PackIndex<double> own = load_index<double>(s.type.data() + p * kPackWidth<double>);
      beta = D::gather(coefficients.data() + b, own * n);
      if (quadratic != 0) {
        for (int other = 0; other < n; ++other) {
          beta =
              fused_multiply_add(D::load_as(from + other * w), D::gather(matrix.data() + b * n + other, own * (n * n)), beta);
        }
      }
    }
    Real *to = s.beta.data() + b * w + p * kPackWidth<double>;
    for (int e = 0; e < kPackWidth<double>; ++e) {
      to[e] = static_cast<Real>(beta[e]);
      if constexpr (kShares<Real> == 2) {
        to[n * w + e] = static_cast<Real>(rounding<Real>(beta[e]));
      }
    }
  }

  // Phase 6: [8, 9].
  ZENER_FN void sum_y(Team &team, const Scratch &s, int packs) const {
    using P = Pack<Real>;
    const int w = width();
    team.for_each(sizes.small(), packs,
                  [&](int i, int p) { P::broadcast(Real(0)).store(s.small.data() + i * w + p * kPackWidth<Real>); });
    for (int i = 0; i < static_cast<int>(pairs.extent(0)); ++i) {
      const SnapPair pair = pairs[i];
      team.for_each(pair.end - pair.begin, packs, [&](int local, int p) {
        const SnapItem &item = items[pair.begin + local];
        P real[kMostSums];
        P imaginary[kMostSums];
        item_sums(item.nj, item, products.data(), weights.data(), s.large.data() + p * kPackWidth<Real>, w, real, imaginary);
        for (int k = 0; k < item.nj; ++k) {
          const Output<Real> &out = outputs[item.out + k];
          const P factor = P::broadcast(out.factor);
          const Real *from = s.beta.data() + out.component * w + p * kPackWidth<Real>;
          Real *to = s.small.data() + out.y * 2 * w + p * kPackWidth<Real>;
          P y_real = P::load(to);
          P y_imaginary = P::load(to + w);
          for (int share = kShares<Real> - 1; share >= 0; --share) {
            const P beta = P::load(from + share * sizes.components * w) * factor;
            y_real = fused_multiply_add(real[k], beta, y_real);
            y_imaginary = fused_multiply_add(imaginary[k], beta, y_imaginary);
          }
          y_real.store(to);
          y_imaginary.store(to + w);
        }
      });
    }
  }

  // Phase 7: from B, or in a linear model from its being cubic in U [10].
  ZENER_FN void energies(Team &team, const Scratch &s) const {
    using D = Pack<double>;
    const int w = width();
    if (quadratic != 0) {
      const int n = sizes.components;
      team.for_each(w, [&](int a) {
        const std::int32_t type = s.type[a];
        double sum = 0.0;
        for (int b = 0; b < n; ++b) {
          double beta = coefficients[type * n + b];
          for (int share = 0; share < kShares<Real>; ++share) {
            beta += static_cast<double>(s.beta[(share * n + b) * w + a]);
          }
          sum += beta * static_cast<double>(s.spectrum[b * w + a]);
        }
        s.energy[a] = constants[type] + 0.5 * sum;
      });
      return;
    }
    team.for_each(w / kPackWidth<double>, [&](int p) {
      const int a = p * kPackWidth<double>;
      D sum = D::broadcast(0.0);
      for (int e = 0; e < sizes.half; ++e) {
        const Element<Real> &element = half[e];
        if (element.source != e) {
          continue;
        }
        const Real *u = s.large.data() + element.full * 2 * w + a;
        const Real *y = s.small.data() + e * 2 * w + a;
        const D product = fused_multiply_add(D::load_as(u), D::load_as(y), D::load_as(u + w) * D::load_as(y + w));
        sum = fused_multiply_add(product, D::broadcast(element.share), sum);
      }
      sum.store(s.energy.data() + a);
    });
    team.for_each(w, [&](int a) { s.energy[a] = constants[s.type[a]] + s.energy[a] * (1.0 / 3.0); });
  }

  // Phase 8: [12].
  ZENER_FN void functionals(Team &team, const Scratch &s, int packs) const {
    using P = Pack<Real>;
    const int w = width();
    Real *to_all = s.large.data();
    team.for_each(sizes.half, packs, [&](int e, int p) {
      const Element<Real> &element = half[e];
      const Real *from = s.small.data() + element.source * 2 * w + p * kPackWidth<Real>;
      Real *to = to_all + static_cast<std::int64_t>(e) * kFunctionals * w + p * kPackWidth<Real>;
      const P scale = P::broadcast(element.scale);
      P real = P::load(from) * scale;
      P imaginary = P::load(from + w) * scale;
      if (element.source != e) {
        const P sign = P::broadcast(element.sign);
        real = real * sign;
        imaginary = -(imaginary * sign);
      }
      real.store(to);
      imaginary.store(to + w);
    });
    team.for_each(sizes.half, packs, [&](int e, int p) {
      const Element<Real> &element = half[e];
      Real *to = to_all + static_cast<std::int64_t>(e) * kFunctionals * w + p * kPackWidth<Real>;
      const P zero = P::broadcast(Real(0));
      P lr = zero;
      P li = zero;
      P rr = zero;
      P ri = zero;
      if (element.ma > 0) {
        const P times = constant<Real>(element.ma);
        lr = times * P::load(to - kFunctionals * w);
        li = times * P::load(to - kFunctionals * w + w);
      }
      if (element.ma < element.j) {
        const P times = constant<Real>(element.j - element.ma);
        rr = times * P::load(to + kFunctionals * w);
        ri = times * P::load(to + kFunctionals * w + w);
      }
      const P middle = constant<Real>(element.j - 2 * element.ma);
      (-(li + ri)).store(to + 2 * w); // about x
      (lr + rr).store(to + 3 * w);
      (lr - rr).store(to + 4 * w); // about y
      (li - ri).store(to + 5 * w);
      (middle * P::load(to + w)).store(to + 6 * w); // about z
      (-(middle * P::load(to))).store(to + 7 * w);
    });
  }

  // Phase 9: [11, 13].
  ZENER_FN void neighbour_forces(const Scratch &s, int k, int p) const {
    using P = Pack<Real>;
    const int w = width();
    P sum[kTogether];
    P tx[kTogether];
    P ty[kTogether];
    P tz[kTogether];
    ZENER_UNROLL(2)
    for (int n = 0; n < kTogether; ++n) {
      sum[n] = P::broadcast(Real(0));
      tx[n] = sum[n];
      ty[n] = sum[n];
      tz[n] = sum[n];
    }
    const Real *g = s.large.data() + p * kPackWidth<Real>;
    walk(twojmax, 0, twojmax / 2, 0, rotations(s, k, p, false), [&](int e, const Values<Real> &v) {
      const Real *from = g + static_cast<std::int64_t>(e) * kFunctionals * w;
      const auto add = [&](int f, P *to) {
        const P real = P::load(from + f * w);
        const P imaginary = P::load(from + (f + 1) * w);
        ZENER_UNROLL(2)
        for (int n = 0; n < kTogether; ++n) {
          to[n] = fused_multiply_add(real, v.r[n], to[n]);
          to[n] = fused_multiply_add(imaginary, v.i[n], to[n]);
        }
      };
      add(0, sum);
      add(2, tx);
      add(4, ty);
      add(6, tz);
    });
    ZENER_UNROLL(2)
    for (int n = 0; n < kTogether; ++n) {
      gradient(s, k + n, p, sum[n], tx[n], ty[n], tz[n]);
    }
  }
  ZENER_FN void gradient(const Scratch &s, int k, int p, Pack<Real> sum, Pack<Real> tx, Pack<Real> ty, Pack<Real> tz) const {
    using P = Pack<Real>;
    const int w = width();
    Real *row = s.rows.data() + static_cast<std::int64_t>(k) * kNumbers * w + p * kPackWidth<Real>;
    const P x = P::load(row + kX * w);
    const P y = P::load(row + kY * w);
    const P z = P::load(row + kZ * w);
    const P q = P::load(row + kSin * w);
    const P c = P::load(row + kCos * w);
    const P inverse = P::load(row + kInverse * w);
    const P f = P::load(row + kSwitch * w);
    const P nx = x * inverse;
    const P ny = y * inverse;
    const P nz = z * inverse;
    const P along = fused_multiply_add(tx, nx, fused_multiply_add(ty, ny, tz * nz));
    const P qc = f * q * c;
    const P qq = f * q * q; // with x, y, z in place of the unit vector: s^2/r = q^2 r
    const P radial = fused_multiply_add(P::load(row + kTurn * w) - qc, along, P::load(row + kSlope * w) * sum);
    const P gx = fused_multiply_add(radial, nx, fused_multiply_add(qc, tx, qq * (ty * z - tz * y)));
    const P gy = fused_multiply_add(radial, ny, fused_multiply_add(qc, ty, qq * (tz * x - tx * z)));
    const P gz = fused_multiply_add(radial, nz, fused_multiply_add(qc, tz, qq * (tx * y - ty * x)));
    gx.store(row + kInverse * w);
    gy.store(row + kCos * w);
    gz.store(row + kSin * w);
    const std::int32_t *neighbour = s.index.data() + static_cast<std::int64_t>(k) * w + p * kPackWidth<Real>;
    for (int e = 0; e < kPackWidth<Real>; ++e) {
      if (neighbour[e] >= 0) {
        add_force(forces, neighbour[e], -static_cast<double>(gx[e]), -static_cast<double>(gy[e]), -static_cast<double>(gz[e]));
      }
    }
  }

  // Phase 10.
  ZENER_FN void own_sums(const Scratch &s, int a, std::int64_t atom) const {
    if (forces.want_energy != 0) {
      forces.energy[atom] += s.energy[a];
    }
    if (forces.want_force == 0) {
      return;
    }
    const int w = width();
    double force[3] = {};
    double virial[6] = {};
    for (int k = 0; k < s.count[a]; ++k) {
      const Real *row = s.rows.data() + static_cast<std::int64_t>(k) * kNumbers * w + a;
      const double r[3] = {row[kX * w], row[kY * w], row[kZ * w]};
      const double g[3] = {row[kInverse * w], row[kCos * w], row[kSin * w]};
      for (int d = 0; d < 3; ++d) {
        force[d] += g[d];
        virial[d] -= r[d] * g[d];
      }
      virial[3] -= r[1] * g[2];
      virial[4] -= r[0] * g[2];
      virial[5] -= r[0] * g[1];
    }
    for (int d = 0; d < 3; ++d) {
      forces.force(d, atom) += force[d];
    }
    if (forces.want_virial != 0) {
      for (int d = 0; d < 6; ++d) {
        forces.virial(d, atom) += virial[d];
      }
    }
  }
};

template <class Real> class Snap final : public Potential {
public:
  Snap(Queue &queue, const SnapModel &model, const PotentialSetup &setup) : queue_(queue), cutoff_(model.cutoff_A()) {
    const SnapTables tables = make_snap_tables(model.twojmax);
    const auto n = static_cast<std::size_t>(tables.components);
    const std::size_t kinds = model.species.size();

    std::vector<std::int32_t> element_of;
    for (const std::string &name : setup.elements) {
      const std::vector<std::string> known = model.elements();
      const auto found = std::find(known.begin(), known.end(), name);
      if (found == known.end()) {
        throw InvariantError("snap was asked for " + name + ", which it does not know");
      }
      element_of.push_back(static_cast<std::int32_t>(found - known.begin()));
    }
    std::vector<PairNumbers> pair_numbers;
    std::vector<double> constants;
    std::vector<double> coefficients, matrix;
    std::vector<Real> isolated;
    for (std::size_t a = 0; a < kinds; ++a) {
      for (std::size_t b = 0; b < kinds; ++b) {
        const double cutoff = model.pair_cutoff_A(a, b);
        pair_numbers.push_back({cutoff * cutoff, 1.0 / (cutoff - model.rmin0), model.species[b].weight});
      }
      const std::vector<double> &given = model.species[a].coefficients;
      double constant = given[0];
      for (std::size_t b = 0; b < n; ++b) {
        coefficients.push_back(given[1 + b]);
        if (!model.quadratic && model.subtract_isolated) {
          constant -= given[1 + b] * tables.isolated[b];
        }
      }
      constants.push_back(constant);
      if (model.quadratic) {
        for (std::size_t b = 0; b < n; ++b) {
          for (std::size_t c = 0; c < n; ++c) {
            const std::size_t low = std::min(b, c);
            const std::size_t high = std::max(b, c);
            matrix.push_back(given[1 + n + low * n - low * (low + 1) / 2 + high]);
          }
        }
      }
    }
    for (double b : tables.isolated) {
      isolated.push_back(model.subtract_isolated ? static_cast<Real>(b) : Real(0));
    }
    std::vector<Element<Real>> half;
    std::vector<std::int32_t> row_begin;
    for (const SnapHalf &h : tables.half) {
      if (h.ma == 0 && h.j == 2 * h.mb) {
        row_begin.push_back(static_cast<std::int32_t>(half.size()));
      }
      Element<Real> e{};
      e.full = h.full;
      e.mirror = h.mirror;
      e.source = h.source;
      e.j = h.j;
      e.ma = h.ma;
      e.sign = static_cast<Real>(h.sign);
      e.unit = h.ma == h.mb ? Real(1) : Real(0);
      e.norm = static_cast<Real>(h.norm);
      e.scale = static_cast<Real>(h.norm * h.share);
      e.share = 2 * h.mb == h.j && 2 * h.ma == h.j ? 1.0 : 2.0;
      half.push_back(e);
    }
    std::vector<Output<Real>> outputs;
    for (const SnapOutput &o : tables.outputs) {
      outputs.push_back({o.y, o.u, o.component, static_cast<Real>(o.share), static_cast<Real>(o.factor)});
    }
    const std::vector<Real> weights(tables.weights.begin(), tables.weights.end());

    element_of_ = to_device(element_of, "snap elements");
    pair_numbers_ = to_device(pair_numbers, "snap pairs");
    half_ = to_device(half, "snap half");
    row_begin_ = to_device(row_begin, "snap rows");
    pairs_ = to_device(tables.pairs, "snap pairs of momenta");
    products_ = to_device(tables.products, "snap products");
    items_ = to_device(tables.items, "snap sums");
    outputs_ = to_device(outputs, "snap outputs");
    weights_ = to_device(weights, "snap Clebsch-Gordan products");
    constants_ = to_device(constants, "snap constants");
    coefficients_ = to_device(coefficients, "snap coefficients");
    matrix_ = to_device(matrix, "snap quadratic coefficients");
    isolated_ = to_device(isolated, "snap isolated atom");

    work_.twojmax = model.twojmax;
    work_.elements = static_cast<int>(kinds);
    work_.switching = model.switching ? 1 : 0;
    work_.quadratic = model.quadratic ? 1 : 0;
    work_.rmin0 = model.rmin0;
    work_.turn = model.rfac0 * kPi;
    work_.sizes = {static_cast<int>(tables.half.size()), tables.full, tables.components, model.quadratic};
    work_.element_of = element_of_.view();
    work_.pair_numbers = pair_numbers_.view();
    work_.half = half_.view();
    work_.row_begin = row_begin_.view();
    work_.pairs = pairs_.view();
    work_.products = products_.view();
    work_.items = items_.view();
    work_.outputs = outputs_.view();
    work_.weights = weights_.view();
    work_.constants = constants_.view();
    work_.coefficients = coefficients_.view();
    work_.matrix = matrix_.view();
    work_.isolated = isolated_.view();
    // A GPU's team has as many atoms as its scratch holds.
    work_.width_ = kPackWidth<Real>;
    if constexpr (kGpuShapes) {
      const std::size_t room = queue_.properties().max_scratch_bytes;
      work_.width_ = kMostAtoms;
      while (work_.width_ > 1 && SnapForce<Real>::scratch(work_.sizes, work_.width_, 0) + kReduceScratch > room) {
        work_.width_ /= 2;
      }
    }
  }

  const char *name() const override { return "snap"; }
  double cutoff_A() const override { return cutoff_; }
  bool scatters() const override { return true; }

  void reserve(std::int64_t atoms, int capacity) override {
    work_.capacity = capacity;
    work_.blocks = (atoms + work_.width_ - 1) / work_.width_;
    work_.teams = work_.blocks;
    if constexpr (kGpuShapes) {
      // Teams that stay: their lists of neighbours are few and remain in the cache.
      work_.teams = std::min<std::int64_t>(work_.blocks, 4 * std::max(1, queue_.properties().units));
      const std::int64_t rows = work_.teams * capacity * work_.width_;
      workspace_ = DeviceBuffer<Real>(queue_, rows * kNumbers, "snap neighbours");
      work_index_ = DeviceBuffer<std::int32_t>(queue_, rows, "snap neighbours");
      work_.workspace = workspace_.view();
      work_.work_index = work_index_.view();
    }
  }
  std::size_t bytes_per_atom(int) const override { return 0; }

  void compute(const AtomsView &atoms, const ForceView &forces) override {
    SnapForce<Real> work = work_;
    work.atoms = atoms;
    work.forces = forces;
    work.blocks = (atoms.size() + work.width_ - 1) / work.width_;
    work.teams = std::min(work.teams, work.blocks);
    queue_.teams("snap_force", {work.teams, kLanes, SnapForce<Real>::scratch(work.sizes, work.width_, work.capacity)}, work);
  }

private:
  template <class T> DeviceBuffer<T> to_device(const std::vector<T> &values, const char *name) {
    DeviceBuffer<T> buffer(queue_, static_cast<std::int64_t>(values.size()), name);
    buffer.upload(values.data());
    return buffer;
  }

  Queue &queue_;
  double cutoff_;
  SnapForce<Real> work_{};
  DeviceBuffer<std::int32_t> element_of_, row_begin_, work_index_;
  DeviceBuffer<PairNumbers> pair_numbers_;
  DeviceBuffer<Element<Real>> half_;
  DeviceBuffer<SnapPair> pairs_;
  DeviceBuffer<SnapProduct> products_;
  DeviceBuffer<SnapItem> items_;
  DeviceBuffer<Output<Real>> outputs_;
  DeviceBuffer<double> constants_, coefficients_, matrix_;
  DeviceBuffer<Real> weights_, isolated_, workspace_;
};

} // namespace

std::unique_ptr<Potential> make_snap(Queue &queue, const PotentialModel &model, const PotentialSetup &setup) {
  const auto &snap = dynamic_cast<const SnapModel &>(model);
  if (setup.arithmetic == Arithmetic::mixed) {
    return std::make_unique<Snap<float>>(queue, snap, setup);
  }
  return std::make_unique<Snap<double>>(queue, snap, setup);
}

} // namespace ZENER_BACKEND
} // namespace zener
