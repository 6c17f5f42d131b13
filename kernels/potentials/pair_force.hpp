// Forces of potentials that are sums over pairs, for any form phi_ab(r).
//
//   E_i = 1/2 sum_j phi, F_i = sum_j phi' n_ij, W_i = -1/2 sum_j phi' r n_ij (x) n_ij,   n_ij = r_ij / r
// One lane an atom. Its neighbours within the cutoff are packed together first, so that the CPU's vectors are full; a pair is
// worked out twice, once for each atom, so nothing is scattered. Sums run in the order of the list, in packs whose width the
// build fixes: the same bits for any number of threads. Arithmetic is double. An atom reads its list (4 bytes a candidate) and
// its candidates' sites (32 bytes), writes 80 bytes. Atoms on top of one another give numbers that are not finite, which the
// engine's checks meet.
//
// A form has
//   kRow                the length of a pair of types' row of numbers
//   cutoff2(row)        A^2; `row` is where the pair's numbers begin
//   pair(r2, rows)      phi and phi'/r of a pack of pairs, eV and eV/A^2
#pragma once

#include "kernels/core/pack_math.hpp"
#include "kernels/potentials/potential.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

using PairPack = Pack<double>;

struct PairTerm {
  PairPack energy, slope; // phi in eV, phi'/r in eV/A^2
};

template <class Form> struct PairForce {
  AtomsView atoms;
  ForceView forces;
  int types;
  Form form;

  // The same on these atoms: one launch.
  void launch(Queue &queue, const char *name, const AtomsView &on, const ForceView &into) const {
    PairForce work = *this;
    work.atoms = on;
    work.forces = into;
    queue.for_each(name, on.size(), work);
  }

  ZENER_FN void operator()(std::int64_t i) const {
    if (atoms.halted[0] != 0) {
      return;
    }
    const PairPack zero = PairPack::broadcast(0.0);
    Sums s{zero, {zero, zero, zero}, {zero, zero, zero, zero, zero, zero}};
    double x[kTogether];
    double y[kTogether];
    double z[kTogether];
    std::int32_t row[kTogether];
    int n = 0;
    const auto flush = [&] {
      // What fills up the last pack counts for nothing.
      for (int k = n; k % kWidth != 0; ++k) {
        x[k] = 1.0;
        y[k] = 0.0;
        z[k] = 0.0;
        row[k] = 0;
      }
      for (int k = 0; k < n; k += kWidth) {
        add(s, x + k, y + k, z + k, row + k, n - k);
      }
      n = 0;
    };
    const int own = atoms.site[i].type * types;
    const int count = atoms.neighbours.count[i];
    for (int slot = 0; slot < count; ++slot) {
      const PairVector d = pair_vector(atoms, i, slot);
      const std::int32_t place = (own + atoms.site[d.neighbour].type) * Form::kRow;
      if (d.x * d.x + d.y * d.y + d.z * d.z < form.cutoff2(place)) {
        x[n] = d.x;
        y[n] = d.y;
        z[n] = d.z;
        row[n] = place;
        ++n;
        if (n == kTogether) {
          flush();
        }
      }
    }
    flush();
    for (int d = 0; d < 3; ++d) {
      forces.force(d, i) += horizontal_sum(s.force[d]);
    }
    if (forces.want_virial != 0) {
      for (int d = 0; d < 6; ++d) {
        forces.virial(d, i) -= 0.5 * horizontal_sum(s.virial[d]);
      }
    }
    if (forces.want_energy != 0) {
      forces.energy[i] += 0.5 * horizontal_sum(s.energy);
    }
  }

private:
  static constexpr int kWidth = kPackWidth<double>;
  static constexpr int kTogether = kWidth == 1 ? 1 : 8 * kWidth;

  struct Sums {
    PairPack energy, force[3], virial[6];
  };

  // The pairs x, y, z (A) to neighbours whose numbers begin at `row`; those from n on do not count.
  ZENER_FN void add(Sums &s, const double *x, const double *y, const double *z, const std::int32_t *row, int n) const {
    const PairPack zero = PairPack::broadcast(0.0);
    const PairPack dx = PairPack::load(x);
    const PairPack dy = PairPack::load(y);
    const PairPack dz = PairPack::load(z);
    const PairTerm term = form.pair(fused_multiply_add(dz, dz, fused_multiply_add(dy, dy, dx * dx)), load_index<double>(row));
    const PackMask<double> counts = first<double>(n);
    s.energy = s.energy + select<double>(counts, term.energy, zero);
    const PairPack slope = select<double>(counts, term.slope, zero);
    const PairPack fx = slope * dx;
    const PairPack fy = slope * dy;
    const PairPack fz = slope * dz;
    s.force[0] = s.force[0] + fx;
    s.force[1] = s.force[1] + fy;
    s.force[2] = s.force[2] + fz;
    s.virial[0] = fused_multiply_add(fx, dx, s.virial[0]);
    s.virial[1] = fused_multiply_add(fy, dy, s.virial[1]);
    s.virial[2] = fused_multiply_add(fz, dz, s.virial[2]);
    s.virial[3] = fused_multiply_add(fy, dz, s.virial[3]);
    s.virial[4] = fused_multiply_add(fx, dz, s.virial[4]);
    s.virial[5] = fused_multiply_add(fx, dy, s.virial[5]);
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
