// One time step of many systems, as a chain of kernels.
//
//   begin:  bath_begin (K), kick_drift or langevin_drift (N), shifts of images (moving cells)
//   forces: by the potentials
//   end:    kick (N), sums (teams), bath_end (K), scale (N, thermostats), step_end (1)
//
// Velocity Verlet in every ensemble; what an ensemble adds is a factor for each system and axis:
//   v <- v kick_v + f/m kick_f;  x <- x drift_x + v drift_v;  forces;  v <- v end_v + f/m end_f;  v <- (v - shift) scale.
// nve: Swope et al., J. Chem. Phys. 76, 637 (1982). langevin: BAOAB, Leimkuhler, Matthews, Appl. Math. Res. Express 2013, 34.
// bussi: Bussi, Donadio, Parrinello, J. Chem. Phys. 126, 014101 (2007), eq. A7. nose_hoover and npt_*: Martyna, Tuckerman,
// Tobias, Klein, Mol. Phys. 87, 1117 (1996); Tuckerman et al., J. Phys. A 39, 5629 (2006). npt_stochastic: Bernetti, Bussi, J.
// Chem. Phys. 153, 114107 (2020), eq. 7. langevin takes the motion of the centre of mass away at the end of each step: what is
// left obeys the canonical law of 3 N - 3 degrees of freedom, for forces do not depend on where the centre is.
//
// Who owns what: a lane one atom, or one system; bytes per atom and step about 250. No sum crosses atoms here, random numbers
// are a function of seed, system, atom as given and step: the same bits for any batch and number of threads.
#pragma once

#include "kernels/core/constants.hpp"
#include "kernels/core/exact_math.hpp"
#include "kernels/dynamics/state.hpp"
#include "kernels/exec/atomics.hpp"
#include "kernels/exec/philox.hpp"
#include "kernels/exec/random_streams.hpp"
#include "kernels/potentials/potential.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// The ensembles of host/neutral/md_plan.hpp, in its order.
inline constexpr int kNve = 0, kLangevin = 1, kBussi = 2, kNoseHoover = 3, kNptIsotropic = 4, kNptAxes = 5, kNptStochastic = 6;

// Two independent normal numbers (Box, Muller 1958).
struct Normals {
  double a, b;
};
ZENER_FN Normals normals(Random128 bits) {
  const double radius = sqrt(-2.0 * exact_log(uniform_above_zero(bits.low())));
  const double angle = 6.283185307179586477 * uniform_below_one(bits.high());
  return {radius * cos(angle), radius * sin(angle)};
}

ZENER_FN double target_temperature(const DynamicsSettings &run, const BathSettings &system, std::int64_t step) {
  const double done =
      run.ramp_steps > 0 ? static_cast<double>(step - run.ramp_begin) / static_cast<double>(run.ramp_steps) : 1.0;
  const double share = done < 0.0 ? 0.0 : (done < 1.0 ? done : 1.0);
  return system.begin_K + (system.end_K - system.begin_K) * share;
}

// Sum of n squared normal numbers, by the gamma distribution of Marsaglia and Tsang, ACM Trans. Math. Softw. 26, 363 (2000).
struct BathRandom {
  std::uint32_t seed, owner;
  std::uint64_t step;
  std::uint32_t draw;
  ZENER_FN Random128 next() { return random_bits(streams::md_bath, seed, owner, step, draw++); }
  ZENER_FN double sum_of_squares(double n) {
    if (n <= 0.0) {
      return 0.0;
    }
    // Shapes below 1 come from that of shape + 1.
    const bool small = n < 2.0;
    const double d = 0.5 * (small ? n + 2.0 : n) - 1.0 / 3.0;
    const double c = 1.0 / sqrt(9.0 * d);
    double sum = 0.0;
    for (bool found = false; !found;) {
      const double x = normals(next()).a;
      const double v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x);
      const double u = exact_log(uniform_above_zero(next().low()));
      if (v > 0.0 && u < 0.5 * x * x + d - d * v + d * exact_log(v)) {
        sum = 2.0 * d * v;
        found = true;
      }
    }
    return small ? sum * exact_exp(exact_log(uniform_above_zero(next().low())) * 2.0 / n) : sum;
  }
};

// Half a step of a Nose-Hoover chain of `links` on kinetic energy K with `freedom` degrees of freedom; returns the factor of
// velocities. Masses Q_1 = freedom kT tau^2, Q_k = kT tau^2. Fifth-order Suzuki-Yoshida in the middle, one step.
ZENER_FN double chain_half_step(double *position, double *velocity, int links, double kinetic, double freedom, double kT,
                                double tau, double dt) {
  const double w1 = 1.0 / (4.0 - 1.5874010519681994748); // 1/(4 - 4^(1/3))
  const double weights[5] = {w1, w1, 1.0 - 4.0 * w1, w1, w1};
  const double q = kT * tau * tau;
  double scale = 1.0;
  for (int w = 0; w < 5; ++w) {
    const double h = 0.5 * dt * weights[w]; // what the chain moves over
    const auto push = [&](int k, double over) {
      const double force = k == 0 ? (2.0 * kinetic * scale * scale - freedom * kT) / (freedom * q)
                                  : ((k == 1 ? freedom * q : q) * velocity[k - 1] * velocity[k - 1] - kT) / q;
      velocity[k] += force * over;
    };
    push(links - 1, 0.5 * h);
    for (int k = links - 2; k >= 0; --k) {
      const double drag = exp(-0.25 * h * velocity[k + 1]);
      velocity[k] *= drag;
      push(k, 0.5 * h);
      velocity[k] *= drag;
    }
    scale *= exp(-h * velocity[0]);
    for (int k = 0; k < links; ++k) {
      position[k] += h * velocity[k];
    }
    for (int k = 0; k + 1 < links; ++k) {
      const double drag = exp(-0.25 * h * velocity[k + 1]);
      velocity[k] *= drag;
      push(k, 0.5 * h);
      velocity[k] *= drag;
    }
    push(links - 1, 0.5 * h);
  }
  return scale;
}

ZENER_FN double chain_energy(const double *position, const double *velocity, int links, double freedom, double kT, double tau) {
  const double q = kT * tau * tau;
  double energy = 0.0;
  for (int k = 0; k < links; ++k) {
    energy += 0.5 * (k == 0 ? freedom * q : q) * velocity[k] * velocity[k] + (k == 0 ? freedom : 1.0) * kT * position[k];
  }
  return energy;
}

// sinh(x)/x.
ZENER_FN double sinh_ratio(double x) {
  const double t = x * x;
  return t < 0.01 ? 1.0 + t / 6.0 * (1.0 + t / 20.0 * (1.0 + t / 42.0)) : sinh(x) / x;
}

// eV ps^2; of the volume's logarithm over three, or of one length's.
ZENER_FN double barostat_mass(const DynamicsSettings &run, const BathSettings &system, double kT, int axes) {
  return (system.freedom + 3.0) * kT * run.barostat_ps * run.barostat_ps / (axes == 3 ? 3.0 : 1.0);
}

// Half a step of the barostat's own chain.
ZENER_FN void cell_chain(const DynamicsSettings &run, Bath &bath, const BathSettings &system, double kT, int axes) {
  const double mass = barostat_mass(run, system, kT, axes);
  double kinetic = 0.0;
  for (int a = 0; a < axes; ++a) {
    kinetic += 0.5 * mass * bath.strain_rate[a] * bath.strain_rate[a];
  }
  const double scale =
      chain_half_step(bath.cell_position, bath.cell_velocity, run.chain, kinetic, axes, kT, run.barostat_ps, run.dt_ps);
  for (int d = 0; d < 3; ++d) {
    bath.strain_rate[d] *= scale;
  }
}

ZENER_FN void barostat_kick(const DynamicsSettings &run, Bath &bath, const BathSettings &system, double volume, double kT,
                            int axes, double over) {
  const double mass = barostat_mass(run, system, kT, axes);
  const double per_freedom = 2.0 * bath.kinetic_eV / system.freedom;
  if (axes == 1) {
    const double outside = (system.pressure[0] + system.pressure[1] + system.pressure[2]) / 3.0;
    const double work = 2.0 * bath.kinetic_eV + bath.virial_eV[0] + bath.virial_eV[1] + bath.virial_eV[2] -
                        3.0 * volume * outside + 3.0 * per_freedom;
    for (int d = 0; d < 3; ++d) {
      bath.strain_rate[d] += over * work / mass;
    }
  } else {
    for (int d = 0; d < 3; ++d) {
      const double work = bath.tensor_eV[d] + bath.virial_eV[d] - volume * system.pressure[d] + per_freedom;
      bath.strain_rate[d] += over * work / mass;
    }
  }
}

// Where the cell has taken the reference positions, and how far from there an atom may be before a list can miss a neighbour: a
// pair beyond the list's range in the reference is beyond (least stretch) range - 2 move now.
ZENER_FN void set_list_limit(Bath &bath, const Box &box, const Box &reference, double cutoff_A, double range_A,
                             bool moving_cell) {
  double off = 0.0;
  for (int r = 0; r < 3; ++r) {
    for (int d = 0; d < 3; ++d) {
      double sum = r == d ? 1.0 : 0.0;
      if (moving_cell) {
        sum = 0.0;
        for (int m = 0; m < 3; ++m) {
          sum += reference.inverse[3 * r + m] * box.h[3 * m + d];
        }
      }
      bath.map[3 * r + d] = sum;
      const double difference = sum - (r == d ? 1.0 : 0.0);
      off += difference * difference;
    }
  }
  const double limit = 0.5 * ((1.0 - sqrt(off)) * range_A - cutoff_A);
  bath.limit2_A2 = limit > 0.0 ? limit * limit : -1.0;
}

// Notes what went wrong; the batch then waits for its host.
ZENER_FN void report_bad(const DynamicsView &atoms, std::int64_t code) {
  atomic_min(&atoms.bad[0], static_cast<std::uint64_t>(code));
  atomic_max(&atoms.request[0], 1);
}
ZENER_FN void report_bad_atom(const DynamicsView &atoms, std::int64_t i, int kind) {
  report_bad(atoms, atoms.box.extent(0) + 2 * atoms.order[i] + kind);
}

// Half of trace(W)/3 times the change of the volume's logarithm, eV.
ZENER_FN double half_virial_work(const Bath &bath) {
  return (bath.virial_eV[0] + bath.virial_eV[1] + bath.virial_eV[2]) / 6.0 * bath.change;
}

struct BathBegin {
  DynamicsSettings run;
  DynamicsView atoms;
  ZENER_FN void operator()(std::int64_t k) const {
    if (atoms.halted[0] != 0) {
      return;
    }
    Bath &bath = atoms.bath[k];
    const BathSettings &system = atoms.settings[k];
    const double dt = run.dt_ps;
    const double half = 0.5 * dt;
    const double kT = kBoltzmann_eV_per_K * target_temperature(run, system, atoms.step[0]);
    double scale = 1.0;
    const bool barostat = run.ensemble == kNptIsotropic || run.ensemble == kNptAxes;
    const int axes = run.ensemble == kNptAxes ? 3 : 1;
    if (barostat) {
      cell_chain(run, bath, system, kT, axes);
    }
    if (run.ensemble == kNoseHoover || barostat) {
      scale =
          chain_half_step(bath.position, bath.velocity, run.chain, bath.kinetic_eV, system.freedom, kT, run.thermostat_ps, dt);
      bath.kinetic_eV *= scale * scale;
      for (int d = 0; d < 3; ++d) {
        bath.tensor_eV[d] *= scale * scale;
      }
    }
    for (int d = 0; d < 3; ++d) {
      bath.kick_v[d] = scale;
      bath.kick_f[d] = half * kAcceleration;
      bath.drift_x[d] = 1.0;
      bath.drift_v[d] = dt;
      bath.end_v[d] = 1.0;
      bath.end_f[d] = half * kAcceleration;
    }
    bath.scale = 1.0;
    Box &box = atoms.box[k];
    double stretch[3] = {1.0, 1.0, 1.0};
    if (barostat) {
      barostat_kick(run, bath, system, box.volume, kT, axes, half);
      const double mean = (bath.strain_rate[0] + bath.strain_rate[1] + bath.strain_rate[2]) / system.freedom;
      for (int d = 0; d < 3; ++d) {
        const double drag = bath.strain_rate[d] + mean;
        const double damp = exp(-drag * half);
        const double push = half * kAcceleration * exp(-0.5 * drag * half) * sinh_ratio(0.5 * drag * half);
        bath.kick_v[d] = scale * damp;
        bath.kick_f[d] = push;
        bath.end_v[d] = damp;
        bath.end_f[d] = push;
        const double over = bath.strain_rate[d] * dt;
        stretch[d] = exp(over);
        bath.drift_x[d] = stretch[d];
        bath.drift_v[d] = dt * exp(0.5 * over) * sinh_ratio(0.5 * over);
      }
    } else if (run.ensemble == kNptStochastic) {
      BathRandom random{run.seed, run.first_system + static_cast<std::uint32_t>(k), static_cast<std::uint64_t>(atoms.step[0]),
                        0x40000000u};
      const double inside =
          (2.0 * bath.kinetic_eV + bath.virial_eV[0] + bath.virial_eV[1] + bath.virial_eV[2]) / (3.0 * box.volume);
      const double outside = (system.pressure[0] + system.pressure[1] + system.pressure[2]) / 3.0;
      const double rate = run.compressibility / run.barostat_ps;
      const double change =
          -rate * (outside - inside) * dt + sqrt(2.0 * kT * rate * dt / box.volume) * normals(random.next()).a;
      const double factor = exp(change / 3.0);
      // What the change of volume does to the energy: the potential's part is -W/3 change, with W from before and after.
      bath.change = change;
      bath.heat_eV += (1.0 / (factor * factor) - 1.0) * bath.kinetic_eV - half_virial_work(bath);
      for (int d = 0; d < 3; ++d) {
        stretch[d] = factor;
        bath.kick_v[d] = 1.0 / factor;
        bath.kick_f[d] = half * kAcceleration / factor;
        bath.drift_x[d] = factor;
      }
    }
    if (run.moving_cell != 0) {
      for (int r = 0; r < 3; ++r) {
        for (int d = 0; d < 3; ++d) {
          box.h[3 * r + d] *= stretch[d];
        }
      }
      complete_box(box);
      if (!(box.volume > system.least_A3 && box.volume < system.most_A3)) { // also not a number
        report_bad(atoms, k);
      }
    }
    set_list_limit(bath, box, atoms.reference_box[k], run.cutoff_A, run.range_A, run.moving_cell != 0);
  }
};

// After a drift: is the move sane, and does the list still hold what it must?
ZENER_FN void check_move(const DynamicsSettings &run, const DynamicsView &atoms, std::int64_t i, const Site &site, double x,
                         double y, double z) {
  if (!(x * x + y * y + z * z < run.largest_move2)) { // also not a number
    report_bad_atom(atoms, i, 0);
    return;
  }
  const Bath &bath = atoms.bath[site.system];
  const Site &at = atoms.reference[i];
  double from[3] = {at.x, at.y, at.z};
  if (run.moving_cell != 0) {
    for (int d = 0; d < 3; ++d) {
      from[d] = at.x * bath.map[d] + at.y * bath.map[3 + d] + at.z * bath.map[6 + d];
    }
  }
  const double dx = site.x - from[0], dy = site.y - from[1], dz = site.z - from[2];
  if (dx * dx + dy * dy + dz * dz > bath.limit2_A2) {
    atomic_max(&atoms.flags[site.system], 1);
    atomic_max(&atoms.request[0], 1);
  }
}

// Puts an atom at x, where `move` has brought it.
ZENER_FN void place(const DynamicsSettings &run, const DynamicsView &atoms, std::int64_t i, Site site, const double *x,
                    const double *move) {
  site.x = x[0];
  site.y = x[1];
  site.z = x[2];
  atoms.site[i] = site;
  check_move(run, atoms, i, site, move[0], move[1], move[2]);
}

struct KickDrift {
  DynamicsSettings run;
  DynamicsView atoms;
  ZENER_FN void operator()(std::int64_t i) const {
    if (atoms.halted[0] != 0) {
      return;
    }
    const Site site = atoms.site[i];
    const Bath &bath = atoms.bath[site.system];
    const double over_mass = 1.0 / atoms.mass[site.type];
    double x[3] = {site.x, site.y, site.z};
    double move[3];
    for (int d = 0; d < 3; ++d) {
      const double v = atoms.velocity(d, i) * bath.kick_v[d] + atoms.force(d, i) * over_mass * bath.kick_f[d];
      atoms.velocity(d, i) = v;
      move[d] = v * bath.drift_v[d];
      x[d] = x[d] * bath.drift_x[d] + move[d];
    }
    place(run, atoms, i, site, x, move);
  }
};

// B A O A of BAOAB; the last B is Kick.
struct LangevinDrift {
  DynamicsSettings run;
  DynamicsView atoms;
  ZENER_FN void operator()(std::int64_t i) const {
    if (atoms.halted[0] != 0) {
      return;
    }
    const Site site = atoms.site[i];
    const double mass = atoms.mass[site.type];
    const double half = 0.5 * run.dt_ps;
    const std::int64_t step = atoms.step[0];
    const double kT = kBoltzmann_eV_per_K * target_temperature(run, atoms.settings[site.system], step);
    const double damp = exact_exp(-run.dt_ps / run.thermostat_ps);
    const double noise = sqrt((1.0 - damp * damp) * kT / mass * kAcceleration);
    const auto owner = static_cast<std::uint32_t>(atoms.order[i] - atoms.begin[site.system]);
    const std::uint32_t draw = 2u * (run.first_system + static_cast<std::uint32_t>(site.system));
    const Normals first = normals(random_bits(streams::md_langevin, run.seed, owner, static_cast<std::uint64_t>(step), draw));
    const Normals second =
        normals(random_bits(streams::md_langevin, run.seed, owner, static_cast<std::uint64_t>(step), draw + 1));
    const double random[3] = {first.a, first.b, second.a};
    double x[3] = {site.x, site.y, site.z};
    double move[3];
    double heat = 0.0;
    for (int d = 0; d < 3; ++d) {
      const double before = atoms.velocity(d, i) + half * kAcceleration * atoms.force(d, i) / mass;
      const double after = before * damp + noise * random[d];
      heat += after * after - before * before;
      move[d] = half * before + half * after;
      x[d] += move[d];
      atoms.velocity(d, i) = after;
    }
    atoms.heat[i] += 0.5 * mass / kAcceleration * heat;
    place(run, atoms, i, site, x, move);
  }
};

// Total forces from what was gathered and scattered.
struct JoinForces {
  DynamicsView atoms;
  ZENER_FN void operator()(std::int64_t i) const {
    if (atoms.request[0] == 0) {
      join(atoms, i);
    }
  }
  static ZENER_FN void join(const DynamicsView &atoms, std::int64_t i) {
    if (atoms.scattered.extent(0) == 0) {
      return;
    }
    for (int d = 0; d < 3; ++d) {
      const std::int64_t sum = atoms.scattered(d, i);
      atoms.force(d, i) +=
          atoms.deterministic != 0 ? static_cast<double>(sum) * kForceUnit : bits_to_double(static_cast<std::uint64_t>(sum));
    }
  }
};

// Joins the forces and kicks for the second half of the step.
struct Kick {
  DynamicsSettings run;
  DynamicsView atoms;
  ZENER_FN void operator()(std::int64_t i) const {
    if (atoms.request[0] != 0) {
      return;
    }
    JoinForces::join(atoms, i);
    const Site &site = atoms.site[i];
    const Bath &bath = atoms.bath[site.system];
    const double over_mass = 1.0 / atoms.mass[site.type];
    double f2 = 0.0;
    for (int d = 0; d < 3; ++d) {
      const double f = atoms.force(d, i);
      f2 += f * f;
      atoms.velocity(d, i) = atoms.velocity(d, i) * bath.end_v[d] + f * over_mass * bath.end_f[d];
    }
    if (!(f2 < run.largest_force2)) {
      report_bad_atom(atoms, i, 1);
    }
  }
};

struct BathEnd {
  DynamicsSettings run;
  DynamicsView atoms;
  ZENER_FN void operator()(std::int64_t k) const {
    if (atoms.request[0] != 0) {
      return;
    }
    Bath &bath = atoms.bath[k];
    const BathSettings &system = atoms.settings[k];
    for (int d = 0; d < 3; ++d) {
      bath.tensor_eV[d] = atoms.sums(k, d);
      bath.virial_eV[d] = atoms.sums(k, kVirialSum + d);
    }
    bath.kinetic_eV = 0.5 * (bath.tensor_eV[0] + bath.tensor_eV[1] + bath.tensor_eV[2]);
    if (run.ensemble == kNptStochastic) {
      bath.heat_eV -= half_virial_work(bath);
    }
    const double kT = kBoltzmann_eV_per_K * target_temperature(run, system, atoms.step[0] + 1);
    double scale = 1.0;
    const bool barostat = run.ensemble == kNptIsotropic || run.ensemble == kNptAxes;
    const int axes = run.ensemble == kNptAxes ? 3 : 1;
    if (barostat) {
      barostat_kick(run, bath, system, atoms.box[k].volume, kT, axes, 0.5 * run.dt_ps);
    }
    if (run.ensemble == kNoseHoover || barostat) {
      scale = chain_half_step(bath.position, bath.velocity, run.chain, bath.kinetic_eV, system.freedom, kT, run.thermostat_ps,
                              run.dt_ps);
    }
    if (barostat) {
      cell_chain(run, bath, system, kT, axes);
    }
    if ((run.ensemble == kBussi || run.ensemble == kNptStochastic) && bath.kinetic_eV > 0.0) {
      BathRandom random{run.seed, run.first_system + static_cast<std::uint32_t>(k), static_cast<std::uint64_t>(atoms.step[0]),
                        0};
      const double c = exact_exp(-run.dt_ps / run.thermostat_ps);
      const double r = normals(random.next()).a;
      const double rest = random.sum_of_squares(system.freedom - 1.0);
      const double ratio = (1.0 - c) * 0.5 * kT / bath.kinetic_eV; // of the mean kinetic energy of one degree of freedom
      const double squared = c + ratio * (r * r + rest) + 2.0 * r * sqrt(c * ratio);
      scale = sqrt(squared > 0.0 ? squared : 0.0);
      bath.heat_eV += (scale * scale - 1.0) * bath.kinetic_eV;
    }
    if (run.ensemble == kLangevin && system.freedom < 3.0 * static_cast<double>(atoms.begin[k + 1] - atoms.begin[k])) {
      const double mass = system.mass / kAcceleration;
      for (int d = 0; d < 3; ++d) {
        const double momentum = atoms.sums(k, kMomentumSum + d);
        bath.shift[d] = momentum / mass;
        bath.heat_eV -= 0.5 * momentum * bath.shift[d];
      }
    }
    bath.scale = scale;
    bath.kinetic_eV *= scale * scale;
    for (int d = 0; d < 3; ++d) {
      bath.tensor_eV[d] *= scale * scale;
    }
  }
};

struct ScaleVelocities {
  DynamicsView atoms;
  ZENER_FN void operator()(std::int64_t i) const {
    if (atoms.request[0] != 0) {
      return;
    }
    const Bath &bath = atoms.bath[atoms.site[i].system];
    for (int d = 0; d < 3; ++d) {
      atoms.velocity(d, i) = (atoms.velocity(d, i) - bath.shift[d]) * bath.scale;
    }
  }
};

struct StepEnd {
  DynamicsView atoms;
  ZENER_FN void operator()(std::int64_t) const {
    if (atoms.request[0] != 0) {
      atoms.halted[0] = 1;
    } else {
      atoms.step[0] += 1;
    }
  }
};

struct ClearForces {
  View<const std::int32_t, 1> halted;
  ForceView to;
  int scatters;
  ZENER_FN void operator()(std::int64_t i) const {
    if (halted[0] != 0) {
      return;
    }
    to.energy[i] = 0.0;
    for (int d = 0; d < 3; ++d) {
      to.force(d, i) = 0.0;
    }
    for (int c = 0; c < 6; ++c) {
      to.virial(c, i) = 0.0;
    }
    for (int d = 0; d < 3 && scatters != 0; ++d) {
      to.scattered(d, i) = 0;
    }
  }
};

// What the ensemble's own variables hold of the conserved quantity, eV; less what a stochastic bath gave.
ZENER_FN double bath_energy(const DynamicsSettings &run, const Bath &bath, const BathSettings &system, double volume,
                            std::int64_t step) {
  const double kT = kBoltzmann_eV_per_K * target_temperature(run, system, step);
  const bool barostat = run.ensemble == kNptIsotropic || run.ensemble == kNptAxes;
  double energy = -bath.heat_eV;
  if (run.ensemble == kNoseHoover || barostat) {
    energy += chain_energy(bath.position, bath.velocity, run.chain, system.freedom, kT, run.thermostat_ps);
  }
  if (barostat) {
    const int axes = run.ensemble == kNptAxes ? 3 : 1;
    energy += chain_energy(bath.cell_position, bath.cell_velocity, run.chain, axes, kT, run.barostat_ps);
    for (int a = 0; a < axes; ++a) {
      energy += 0.5 * barostat_mass(run, system, kT, axes) * bath.strain_rate[a] * bath.strain_rate[a];
    }
    energy += (system.pressure[0] + system.pressure[1] + system.pressure[2]) / 3.0 * volume;
  }
  return energy;
}

struct BathEnergies {
  DynamicsSettings run;
  DynamicsView atoms;
  View<double, 1> to; // [K]
  ZENER_FN void operator()(std::int64_t k) const {
    to[k] = bath_energy(run, atoms.bath[k], atoms.settings[k], atoms.box[k].volume, atoms.step[0]);
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
