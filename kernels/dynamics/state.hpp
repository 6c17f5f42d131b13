// What the integrators work on: a batch of K systems, N atoms in all. Units: A, ps, eV, amu, K.
#pragma once

#include "kernels/core/box.hpp"
#include "kernels/neighbours/neighbour_list.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr double kAcceleration = 1.602176634e-19 / 1.66053906660e-27 * 1e-4; // A/ps^2 of 1 eV/A on 1 amu: 9648.53
inline constexpr double kGPa = 160.2176634;                                         // of 1 eV/A^3

// Sums of a system (sums.hpp): kinetic tensor sum m v (x) v, virial, each xx yy zz yz xz xy; energy; heat given by a bath;
// momentum sum m v in eV ps/A; largest squared force.
inline constexpr int kVirialSum = 6;
inline constexpr int kEnergySum = 12;
inline constexpr int kHeatSum = 13;
inline constexpr int kMomentumSum = 14;
inline constexpr int kLargestForce = 17;
inline constexpr int kSums = 18;

inline constexpr int kMaxChain = 8;

// Thermostat and barostat of one system, and what the next kernels multiply with.
struct Bath {
  double kinetic_eV;               // at the end of the last step
  double heat_eV;                  // given to the system so far, bussi and npt_stochastic; less that of the centre of mass,
                                   // langevin
  double change;                   // of the volume's logarithm in this step, npt_stochastic
  double position[kMaxChain];      // Nose-Hoover chain on the atoms
  double velocity[kMaxChain];      // 1/ps
  double cell_position[kMaxChain]; // and on the barostat
  double cell_velocity[kMaxChain];
  double strain_rate[3];         // 1/ps
  double virial_eV[3];           // diagonal, of the last forces
  double tensor_eV[3];           // sum m v_d^2, at the end of the last step
  double kick_v[3], kick_f[3];   // v <- v kick_v + f/m kick_f before the drift
  double drift_x[3], drift_v[3]; // x <- x drift_x + v drift_v
  double end_v[3], end_f[3];     // v <- v end_v + f/m end_f after it
  double scale, shift[3];        // v <- (v - shift) scale at the end of the step
  double map[9];                 // reference positions -> where the cell took them
  double limit2_A2;              // squared move off that place at which lists expire
};
inline constexpr int kBathNumbers = static_cast<int>(sizeof(Bath) / sizeof(double));

// Settings of one system.
struct BathSettings {
  double begin_K, end_K;
  double pressure[3];       // eV/A^3
  double freedom;           // degrees of freedom, 3 N - 3 (N > 1)
  double mass;              // of the system, amu
  double least_A3, most_A3; // volumes between which a moving cell is sane
};

struct DynamicsSettings {
  int ensemble; // host's Ensemble
  double dt_ps;
  std::int64_t ramp_begin, ramp_steps;
  double thermostat_ps, barostat_ps, compressibility; // compressibility in A^3/eV
  int chain;
  std::uint32_t seed;
  std::uint32_t first_system;
  double largest_move2, largest_force2;
  double cutoff_A, range_A; // of the potential; of the lists
  int moving_cell;
};

struct DynamicsView {
  View<Site, 1> site;
  View<const Site, 1> reference;
  View<double, 2> velocity;              // [3][N]
  View<double, 2> force;                 // [3][N]
  View<const std::int64_t, 2> scattered; // [3][N], no rows when no potential scatters
  View<const std::int64_t, 1> order;     // [N] place in the batch as given
  View<const std::int64_t, 1> begin;     // [K + 1]
  View<const double, 1> mass;            // by type
  View<double, 1> heat;                  // [N] eV, langevin
  View<Box, 1> box;
  View<const Box, 1> reference_box;
  View<Bath, 1> bath;
  View<const BathSettings, 1> settings;
  View<const double, 2> sums;    // [K][kSums]
  View<std::int32_t, 1> flags;   // [K] lists out of date
  View<std::int32_t, 1> request; // [1] something needs the host: forces and ends of steps are skipped
  View<std::int32_t, 1> halted;  // [1] so are beginnings of steps
  View<std::int64_t, 1> step;    // [1]
  View<std::uint64_t, 1> bad;    // [1] all ones: all is well; k < K: cell of system k collapsed; K + 2 order + (0: move, 1:
                                 // force): an atom ran away; the least of them
  int deterministic;
};

} // namespace ZENER_BACKEND
} // namespace zener
