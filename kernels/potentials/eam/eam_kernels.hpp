// Energies, forces and virials of embedded atoms, for any form (eam_forms.hpp).
//
//   E_i = F(rho_i) + 1/2 sum_j phi(r_ij), rho_i = sum_j rho_b(r_ij)
//   f_i = F'_i S_i + P_i + sum_j F'_j rho_a'(r_ij) u_ij,   W_i = - sum_j r_ij (x) u_ij [F'_i rho_b' + phi'/2]
// (Daw and Baskes, Phys. Rev. B 29, 6443 (1984), doi:10.1103/PhysRevB.29.6443), with S_i = sum_j rho_b' u_ij, P_i = sum_j phi'
// u_ij, u_ij the unit vector from i to j. All but one sum needs nothing of other atoms but places, so functions are evaluated
// once for an ordered pair:
//   1 EamGather  each atom walks its list: the functions of those within the cutoff and all sums but that one, then F and F'.
//                Leaves a row {x, y, z, F'} of the atom, and its near neighbours: word and rho_a'/r.
//   2 EamSpread  each atom walks its near neighbours and gathers their rows: the last sum.
//
// Atoms own all they write; nothing is added across atoms. GPU: a lane owns an atom, lists are slot-major. CPU: a team is a
// block of atoms, pairs go in packs; kernel 1 first packs those within the cutoff into scratch, so that the functions meet full
// packs. An atom of W_zhou (131 of 170 listed neighbours within the cutoff, double): list 0.7 kB; rows of places 5.4 and 4.2 kB
// and shifts up to as much, from cache; table rows 8.4 kB, from L2; near list 1.6 kB written and read. 10 flops a listed
// neighbour, 50 a near one (70 with virial) and 9 in kernel 2: 10 kflop. Gathers bound the CPU. Sums run in the order of the
// list, in packs whose width the build fixes: the same bits for any number of threads. Mixed: functions and the sums of a lane
// in float; places, sums over lanes, embedding and all that leaves in double. Errors: none of its own; atoms on top of one
// another give numbers that are not finite.
#pragma once

#include "kernels/potentials/eam/eam_forms.hpp"
#include "kernels/potentials/potential.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr bool kEamPacks = kPackWidth<double> > 1;
inline constexpr int kEamBlock = kEamPacks ? 64 : 128; // atoms of a team

// What kernel 1 leaves for kernel 2. Lists of the atoms as NeighbourView's, the layout too.
template <class Real> struct EamNear {
  View<double, 1> rows;        // [N][4]: x, y, z in A, F'
  View<std::int32_t, 1> count; // [N]
  View<std::int32_t, 1> words; // [N * capacity]
  View<Real, 1> slope;         // [N * capacity]: rho_a'/r, 1/A^2 times the unit of the density
};

// Takes neighbour words apart, and places of atoms out of rows of four doubles.
struct EamPlaces {
  const double *rows;
  const double *shifts; // of the atom's system
  std::int32_t index_mask;
  std::int32_t index_bits;
  std::int32_t home; // the home image's code in its place
  double x, y, z;    // of the atom

  ZENER_FN EamPlaces(const NeighbourView &list, const double *rows_of_atoms, const Site &own)
      : rows(rows_of_atoms), shifts(list.shifts.data() + 4 * static_cast<std::int64_t>(own.system) * list.codes),
        index_mask(list.index_bits >= 32 ? -1 : static_cast<std::int32_t>((std::uint32_t{1} << list.index_bits) - 1)),
        index_bits(list.index_bits),
        home(list.index_bits >= 32 ? 0 : static_cast<std::int32_t>(static_cast<std::uint32_t>(list.home) << list.index_bits)),
        x(own.x), y(own.y), z(own.z) {}

  // Vectors from the atom to its neighbours, and the fourth numbers of their rows.
  ZENER_FN void vectors(PackIndex<double> words, Pack<double> &dx, Pack<double> &dy, Pack<double> &dz,
                        Pack<double> &last) const {
    gather_rows(rows, words & index_mask, dx, dy, dz, last);
    dx = dx - Pack<double>::broadcast(x);
    dy = dy - Pack<double>::broadcast(y);
    dz = dz - Pack<double>::broadcast(z);
    const PackIndex<double> away = (words ^ home) & ~index_mask;
    if (any_bit(away)) {
      Pack<double> sx{}, sy{}, sz{}, unused{};
      gather_rows(shifts, code(words), sx, sy, sz, unused);
      dx = dx + sx;
      dy = dy + sy;
      dz = dz + sz;
    }
  }

private:
  ZENER_FN PackIndex<double> code(PackIndex<double> words) const {
    return ((words & ~index_mask) >> index_bits) & static_cast<std::int32_t>((std::uint32_t{1} << (32 - index_bits)) - 1);
  }
};

template <class Real> struct EamSums {
  Pack<Real> density, pair;
  Pack<Real> s[3], p[3];   // S, P
  Pack<Real> sw[6], pw[6]; // r (x) r rho'/r and r (x) r phi'/r
};

template <class Form, class Real, bool kOneType, bool kVirial> struct EamGather {
  AtomsView atoms;
  ForceView forces;
  Form form;
  EamNear<Real> near;
  double cutoff2;

  ZENER_FN void operator()(Team &team) const {
    if (atoms.halted[0] != 0) {
      return;
    }
    const std::int64_t first_atom = team.index() * kEamBlock;
    const std::int64_t rest = atoms.site.size() - first_atom;
    const int block = static_cast<int>(rest < kEamBlock ? rest : kEamBlock);
    if constexpr (kEamPacks) {
      const auto capacity = static_cast<std::int64_t>(atoms.neighbours.capacity);
      double *x = team.template scratch<double>(capacity).data();
      double *y = team.template scratch<double>(capacity).data();
      double *z = team.template scratch<double>(capacity).data();
      double *r2 = team.template scratch<double>(capacity).data();
      Real *r2_rest = team.template scratch<Real>(capacity).data();
      std::int32_t *type = team.template scratch<std::int32_t>(capacity).data();
      team.single([&] {
        for (int i = 0; i < block; ++i) {
          in_packs(first_atom + i, x, y, z, r2, r2_rest, type);
        }
      });
    } else { // packs of one
      team.for_each(block, [&](int i) { one_by_one(first_atom + i); });
    }
    team.end_part(kDescriptorPart);
  }

private:
  ZENER_FN void in_packs(std::int64_t atom, double *x, double *y, double *z, double *r2, Real *r2_rest,
                         std::int32_t *type) const {
    constexpr int kWidth = kPackWidth<double>;
    constexpr int kRealWidth = kPackWidth<Real>;
    const Site own = atoms.site[atom];
    const EamPlaces places(atoms.neighbours, reinterpret_cast<const double *>(atoms.site.data()), own);
    const int n = atoms.neighbours.count[atom];
    const auto *list = reinterpret_cast<const std::int32_t *>(atoms.neighbours.list(atom));
    const std::int64_t begin = atom * atoms.neighbours.capacity;
    std::int32_t *near_words = &near.words[begin];
    Real *near_slope = &near.slope[begin];
    const std::int32_t self = places.home | static_cast<std::int32_t>(atom);
    int found = 0;
    const auto take = [&](PackIndex<double> words, PackMask<double> among) {
      Pack<double> dx{}, dy{}, dz{}, last{};
      places.vectors(words, dx, dy, dz, last);
      const Pack<double> square = fused_multiply_add(dx, dx, fused_multiply_add(dy, dy, dz * dz));
      const PackMask<double> inside = (square < Pack<double>::broadcast(cutoff2)) & among;
      compress<double>(inside, dx, x + found);
      compress<double>(inside, dy, y + found);
      compress<double>(inside, dz, z + found);
      compress<double>(inside, square, r2 + found);
      compress_index<double>(inside, words, near_words + found);
      if constexpr (!kOneType) {
        compress_index<double>(inside, low_words(last), type + found);
      }
      found += count<double>(inside);
    };
    int slot = 0;
    for (; slot + kWidth <= n; slot += kWidth) {
      take(load_index<double>(list + slot), first<double>(kWidth));
    }
    if (slot < n) {
      std::int32_t words[kWidth];
      for (int e = 0; e < kWidth; ++e) {
        words[e] = slot + e < n ? list[slot + e] : self;
      }
      take(load_index<double>(words), first<double>(n - slot));
    }
    near.count[atom] = found;
    // The last pack is filled with the atom itself: it adds nothing.
    for (int k = found; k % kRealWidth != 0; ++k) {
      x[k] = y[k] = z[k] = 0.0;
      r2[k] = 1.0;
      near_words[k] = self;
      type[k] = 0;
    }
    if constexpr (sizeof(Real) < sizeof(double)) {
      for (int k = 0; k < (found + kRealWidth - 1) / kRealWidth * kRealWidth; ++k) {
        r2_rest[k] = rounding_rest(r2[k]);
      }
    }
    EamSums<Real> sums;
    clear(sums);
    for (int k = 0; k < found; k += kRealWidth) {
      PackIndex<Real> b{};
      if constexpr (!kOneType) {
        b = load_index<Real>(type + k);
      }
      Pack<Real> rest = constant<Real>(0.0);
      if constexpr (sizeof(Real) < sizeof(double)) {
        rest = Pack<Real>::load(r2_rest + k);
      }
      PairTerms<Real> t = form.template pair<kOneType>(own.type, b, Pack<Real>::load_as(r2 + k), rest);
      if (k + kRealWidth > found) {
        const PackMask<Real> among = first<Real>(found - k);
        t.density = select<Real>(among, t.density, constant<Real>(0.0));
        t.pair = select<Real>(among, t.pair, constant<Real>(0.0));
        t.back_slope = select<Real>(among, t.back_slope, constant<Real>(0.0));
      }
      t.back_slope.store(near_slope + k);
      add(sums, t, Pack<Real>::load_as(x + k), Pack<Real>::load_as(y + k), Pack<Real>::load_as(z + k));
    }
    finish(atom, own, sums);
  }

  ZENER_FN void one_by_one(std::int64_t atom) const {
    const Site own = atoms.site[atom];
    const NeighbourView &list = atoms.neighbours;
    const EamPlaces places(list, reinterpret_cast<const double *>(atoms.site.data()), own);
    const int n = list.count[atom];
    EamSums<Real> sums;
    clear(sums);
    int found = 0;
    for (int slot = 0; slot < n; ++slot) {
      const auto word = static_cast<std::int32_t>(list.word(atom, slot));
      Pack<double> dx{}, dy{}, dz{}, last{};
      places.vectors(load_index<double>(&word), dx, dy, dz, last);
      const double square = fused_multiply_add(dx, dx, fused_multiply_add(dy, dy, dz * dz))[0];
      if (square < cutoff2) {
        const std::int32_t type = last_type(last);
        const PairTerms<Real> t = form.template pair<kOneType>(own.type, load_index<Real>(&type), Pack<Real>::load_as(&square),
                                                               constant<Real>(static_cast<double>(rounding_rest(square))));
        const std::int64_t at = atom * list.atom_stride + found * list.slot_stride;
        near.words[at] = word;
        near.slope[at] = t.back_slope[0];
        ++found;
        add(sums, t, constant<Real>(dx[0]), constant<Real>(dy[0]), constant<Real>(dz[0]));
      }
    }
    near.count[atom] = found;
    finish(atom, own, sums);
  }

  static ZENER_FN Real rounding_rest(double x) { return static_cast<Real>(x - static_cast<double>(static_cast<Real>(x))); }

  static ZENER_FN std::int32_t last_type(Pack<double> last) { return static_cast<std::int32_t>(double_to_bits(last[0])); }

  static ZENER_FN void clear(EamSums<Real> &sums) {
    const Pack<Real> zero = constant<Real>(0.0);
    sums.density = sums.pair = zero;
    for (int d = 0; d < 3; ++d) {
      sums.s[d] = sums.p[d] = zero;
    }
    for (int c = 0; c < 6; ++c) {
      sums.sw[c] = sums.pw[c] = zero;
    }
  }

  static ZENER_FN void add(EamSums<Real> &sums, const PairTerms<Real> &t, Pack<Real> dx, Pack<Real> dy, Pack<Real> dz) {
    sums.density = sums.density + t.density;
    sums.pair = sums.pair + t.pair;
    const Pack<Real> d[3] = {dx, dy, dz};
    constexpr int kRow[6] = {0, 1, 2, 1, 0, 0};
    constexpr int kColumn[6] = {0, 1, 2, 2, 2, 1};
    for (int k = 0; k < 3; ++k) {
      sums.s[k] = fused_multiply_add(t.density_slope, d[k], sums.s[k]);
      sums.p[k] = fused_multiply_add(t.pair_slope, d[k], sums.p[k]);
    }
    if constexpr (kVirial) {
      for (int c = 0; c < 6; ++c) {
        const Pack<Real> product = d[kRow[c]] * d[kColumn[c]];
        sums.sw[c] = fused_multiply_add(t.density_slope, product, sums.sw[c]);
        sums.pw[c] = fused_multiply_add(t.pair_slope, product, sums.pw[c]);
      }
    }
  }

  // In double over the lanes.
  static ZENER_FN double total(Pack<Real> x) {
    if constexpr (sizeof(Real) == sizeof(double)) {
      return horizontal_sum(x);
    } else {
      Real part[kPackWidth<Real>];
      x.store(part);
      double sum = 0.0;
      for (int e = 0; e < kPackWidth<Real>; ++e) {
        sum += static_cast<double>(part[e]);
      }
      return sum;
    }
  }

  ZENER_FN void finish(std::int64_t atom, const Site &own, const EamSums<Real> &sums) const {
    const Embedding e = form.embedding(own.type, total(sums.density));
    double *row = &near.rows[4 * atom];
    row[0] = own.x;
    row[1] = own.y;
    row[2] = own.z;
    row[3] = e.slope;
    for (int d = 0; d < 3; ++d) {
      forces.force(d, atom) += fused_multiply_add(e.slope, total(sums.s[d]), total(sums.p[d]));
    }
    if (forces.want_energy != 0) {
      forces.energy[atom] += fused_multiply_add(0.5, total(sums.pair), e.energy);
    }
    if constexpr (kVirial) {
      for (int c = 0; c < 6; ++c) {
        forces.virial(c, atom) -= fused_multiply_add(e.slope, total(sums.sw[c]), 0.5 * total(sums.pw[c]));
      }
    }
  }
};

template <class Real> struct EamSpread {
  AtomsView atoms;
  ForceView forces;
  EamNear<Real> near;

  ZENER_FN void operator()(Team &team) const {
    if (atoms.halted[0] != 0) {
      return;
    }
    const std::int64_t first_atom = team.index() * kEamBlock;
    const std::int64_t rest = atoms.site.size() - first_atom;
    const int block = static_cast<int>(rest < kEamBlock ? rest : kEamBlock);
    team.for_each(block, [&](int i) { spread(first_atom + i); });
  }

private:
  ZENER_FN void spread(std::int64_t atom) const {
    const NeighbourView &list = atoms.neighbours;
    const EamPlaces places(list, near.rows.data(), atoms.site[atom]);
    const int n = near.count[atom];
    Pack<double> force[3];
    for (Pack<double> &f : force) {
      f = constant<double>(0.0);
    }
    const auto take = [&](PackIndex<double> words, Pack<double> slope) {
      Pack<double> dx{}, dy{}, dz{}, embedding{};
      places.vectors(words, dx, dy, dz, embedding);
      const Pack<double> t = slope * embedding;
      force[0] = fused_multiply_add(t, dx, force[0]);
      force[1] = fused_multiply_add(t, dy, force[1]);
      force[2] = fused_multiply_add(t, dz, force[2]);
    };
    if constexpr (kEamPacks) {
      const std::int64_t begin = atom * list.capacity;
      const std::int32_t *words = &near.words[begin];
      const Real *slope = &near.slope[begin];
      for (int k = 0; k < n; k += kPackWidth<double>) {
        take(load_index<double>(words + k), Pack<double>::load_as(slope + k));
      }
    } else {
      for (int k = 0; k < n; ++k) {
        const std::int64_t at = atom * list.atom_stride + k * list.slot_stride;
        const double slope = static_cast<double>(near.slope[at]);
        take(load_index<double>(&near.words[at]), Pack<double>::load(&slope));
      }
    }
    for (int d = 0; d < 3; ++d) {
      forces.force(d, atom) += horizontal_sum(force[d]);
    }
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
