// Relaxation of many systems at once: FIRE on atoms and, where it is free, the cell.
//
// Bitzek, Koskinen, Gahler, Moseler, Gumbsch, Phys. Rev. Lett. 97, 170201 (2006), with a semi-implicit step: v <- v + dt F, x
// <- x + dt v, atoms of unit mass; time steps, mixing and the count of downhill steps belong to each system. The cell is a 3 x
// 3 strain that takes the atoms along (Tadmor, Smith, Bernstein, Kaxiras, Phys. Rev. B 59, 235 (1999)): its force is (W - p
// V)/c for a displacement c times the strain, c = the number of atoms, projected on what may move.
//
//   strain of cells (K), move (N), shifts of images; forces; sums (teams); update (K), which decides the next move or freezes
//   what has converged
//
// Who owns what: a lane one atom, or one system. No sum crosses atoms here; systems do not see each other.
#pragma once

#include "kernels/dynamics/integrate.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kCellFixed = 0, kCellIsotropic = 1, kCellAxes = 2, kCellFull = 3;

struct RelaxSettings {
  double force_tolerance2; // (eV/A)^2
  double stress_tolerance; // eV/A^3
  double pressure;         // eV/A^3
  double largest_move_A;
  int cell;
  double cutoff_A, range_A;
};

// Voigt order of the sums: xx yy zz yz xz xy.
struct RelaxState {
  double dt, mixing;
  std::int64_t downhill;
  std::int64_t steps;
  std::int64_t converged;
  double keep, pull; // v <- keep v + pull F before v <- v + dt F
  double cell_velocity[6];
  double strain[6]; // of the next move
};

// sums: F.v, F.F, v.v in the places of the kinetic tensor.
struct RelaxSums {
  View<const double, 2> velocity;
  View<const double, 2> force;
  View<const double, 2> virial;
  View<const double, 1> energy;
  ZENER_FN void add(std::int64_t i, double *sums) const {
    double f2 = 0.0;
    for (int d = 0; d < 3; ++d) {
      const double f = force(d, i), v = velocity(d, i);
      sums[0] += f * v;
      f2 += f * f;
      sums[2] += v * v;
    }
    sums[1] += f2;
    for (int c = 0; c < 6; ++c) {
      sums[kVirialSum + c] += virial(c, i);
    }
    sums[kEnergySum] += energy[i];
    // Not a number counts as the largest.
    sums[kLargestForce] = f2 < sums[kLargestForce] ? sums[kLargestForce] : f2;
  }
};

// Whether forces and the cell's stress are within the tolerances; pull [6] is the force on the cell, per atom (see above).
ZENER_FN bool relax_converged(const RelaxSettings &run, const DynamicsView &atoms, std::int64_t k, double *pull) {
  const double n = static_cast<double>(atoms.begin[k + 1] - atoms.begin[k]);
  const Box &box = atoms.box[k];
  double stress = 0.0;
  for (int c = 0; c < 6; ++c) {
    pull[c] = atoms.sums(k, kVirialSum + c) - (c < 3 ? run.pressure * box.volume : 0.0);
  }
  if (run.cell == kCellIsotropic) {
    const double mean = (pull[0] + pull[1] + pull[2]) / 3.0;
    pull[0] = pull[1] = pull[2] = mean;
  }
  for (int c = 0; c < 6; ++c) {
    if (run.cell == kCellFixed || (run.cell != kCellFull && c >= 3)) {
      pull[c] = 0.0;
    }
    const double size = (pull[c] < 0.0 ? -pull[c] : pull[c]) / box.volume;
    stress = size > stress ? size : stress;
    pull[c] /= n;
  }
  return atoms.sums(k, kLargestForce) <= run.force_tolerance2 && stress <= run.stress_tolerance;
}

// One decision of FIRE from F.v, F.F and v.v.
ZENER_FN void fire_step(RelaxState &s, double fv, double ff, double vv) {
  constexpr double kFirstMixing = 0.1, kLongest = 0.3;
  s.steps += 1;
  if (fv > 0.0) {
    s.keep = 1.0 - s.mixing;
    s.pull = s.mixing * sqrt(vv / ff);
    s.downhill += 1;
    if (s.downhill > 5) {
      s.dt = s.dt * 1.1 < kLongest ? s.dt * 1.1 : kLongest;
      s.mixing *= 0.99;
    }
  } else {
    s.keep = 0.0;
    s.pull = 0.0;
    s.downhill = 0;
    s.dt = s.dt * 0.5 > 1e-3 ? s.dt * 0.5 : 1e-3;
    s.mixing = kFirstMixing;
  }
}

struct RelaxUpdate {
  RelaxSettings run;
  DynamicsView atoms;
  View<RelaxState, 1> state;
  ZENER_FN void operator()(std::int64_t k) const {
    if (atoms.request[0] != 0) {
      return;
    }
    RelaxState &s = state[k];
    const double n = static_cast<double>(atoms.begin[k + 1] - atoms.begin[k]);
    double pull[6];
    s.converged = relax_converged(run, atoms, k, pull) ? 1 : 0;
    for (int c = 0; c < 6; ++c) {
      s.strain[c] = 0.0;
    }
    if (s.converged != 0) {
      s.keep = s.pull = 0.0;
      s.dt = s.dt > 0.0 ? -s.dt : s.dt; // kept with its sign turned: the atoms stand still
      for (int c = 0; c < 6; ++c) {
        s.cell_velocity[c] = 0.0;
      }
      return;
    }
    s.dt = s.dt < 0.0 ? -s.dt : s.dt;
    double fv = atoms.sums(k, 0), ff = atoms.sums(k, 1), vv = atoms.sums(k, 2);
    for (int c = 0; c < 6; ++c) {
      const double weight = c < 3 ? 1.0 : 2.0; // yz and zy
      fv += weight * pull[c] * s.cell_velocity[c];
      ff += weight * pull[c] * pull[c];
      vv += weight * s.cell_velocity[c] * s.cell_velocity[c];
    }
    fire_step(s, fv, ff, vv);
    if (run.cell != kCellFixed) {
      double largest = 0.0;
      for (int c = 0; c < 6; ++c) {
        s.cell_velocity[c] = s.keep * s.cell_velocity[c] + s.pull * pull[c] + s.dt * pull[c];
        s.strain[c] = s.dt * s.cell_velocity[c] / n;
        const double size = s.strain[c] < 0.0 ? -s.strain[c] : s.strain[c];
        largest = size > largest ? size : largest;
      }
      constexpr double kLargestStrain = 0.01;
      for (int c = 0; c < 6 && largest > kLargestStrain; ++c) {
        s.strain[c] *= kLargestStrain / largest;
      }
    }
  }
};

// Strains the cells, before the atoms follow.
struct RelaxCell {
  RelaxSettings run;
  DynamicsView atoms;
  View<const RelaxState, 1> state;
  ZENER_FN void operator()(std::int64_t k) const {
    if (atoms.halted[0] != 0) {
      return;
    }
    if (run.cell != kCellFixed && state[k].dt > 0.0) {
      strain(atoms.box[k], state[k].strain);
    }
    set_list_limit(atoms.bath[k], atoms.box[k], atoms.reference_box[k], run.cutoff_A, run.range_A, run.cell != kCellFixed);
  }

  // h <- h (1 + e).
  static ZENER_FN void strain(Box &box, const double *e) {
    const double m[9] = {1.0 + e[0], e[5], e[4], e[5], 1.0 + e[1], e[3], e[4], e[3], 1.0 + e[2]};
    for (int r = 0; r < 3; ++r) {
      double row[3];
      for (int d = 0; d < 3; ++d) {
        row[d] = box.h[3 * r] * m[d] + box.h[3 * r + 1] * m[3 + d] + box.h[3 * r + 2] * m[6 + d];
      }
      for (int d = 0; d < 3; ++d) {
        box.h[3 * r + d] = row[d];
      }
    }
    complete_box(box);
  }
};

// Takes an atom along with its cell, then by its own move.
ZENER_FN void relax_place(const RelaxSettings &run, const DynamicsView &atoms, const RelaxState &s, std::int64_t i,
                          const double *move) {
  const Site &site = atoms.site[i];
  const double *e = s.strain;
  const double x = site.x, y = site.y, z = site.z;
  const double to[3] = {x + (x * e[0] + y * e[5] + z * e[4]) + move[0], y + (x * e[5] + y * e[1] + z * e[3]) + move[1],
                        z + (x * e[4] + y * e[3] + z * e[2]) + move[2]};
  DynamicsSettings limits{};
  limits.largest_move2 = 1.0 + run.largest_move_A * run.largest_move_A;
  limits.moving_cell = run.cell != kCellFixed ? 1 : 0;
  place(limits, atoms, i, site, to, move);
}

struct RelaxMove {
  RelaxSettings run;
  DynamicsView atoms;
  View<const RelaxState, 1> state;
  ZENER_FN void operator()(std::int64_t i) const {
    if (atoms.halted[0] != 0) {
      return;
    }
    const RelaxState &s = state[atoms.site[i].system];
    if (s.dt < 0.0) {
      return;
    }
    double v[3];
    double v2 = 0.0;
    for (int d = 0; d < 3; ++d) {
      const double f = atoms.force(d, i);
      v[d] = s.keep * atoms.velocity(d, i) + s.pull * f + s.dt * f;
      v2 += v[d] * v[d];
    }
    const double length = s.dt * sqrt(v2);
    const double shorten = length > run.largest_move_A ? run.largest_move_A / length : 1.0;
    for (int d = 0; d < 3; ++d) {
      v[d] *= shorten;
      atoms.velocity(d, i) = v[d];
    }
    const double move[3] = {s.dt * v[0], s.dt * v[1], s.dt * v[2]};
    relax_place(run, atoms, s, i, move);
  }
};

struct CountConverged {
  View<const RelaxState, 1> state;
  ZENER_FN std::int64_t operator()(std::int64_t k) const { return state[k].converged; }
};

} // namespace ZENER_BACKEND
} // namespace zener
