// What a batch of atoms on a device is told to do, and what it reports. Plain data between drivers and engine.
#pragma once

#include "host/neutral/atoms.hpp"
#include "host/neutral/potential_model.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace zener {

// A batch of K systems with one potential. Systems do not see each other, and what one does depends neither on the others nor
// on its place in the batch (with `deterministic`).
struct AtomsPlan {
  std::vector<Atoms> systems;
  PotentialPointer potential;
  bool mixed = false; // descriptors in float32; positions, energies and sums in double
  // Sums of integers, and every system renews its lists on its own account: the same bits for any number of threads and any
  // batch. Otherwise sums in any order, and all systems renew their lists together.
  bool deterministic = true;
  double skin_A = 1.0; // lists hold neighbours up to cutoff + skin
  std::uint32_t seed = 1;
  std::int64_t first_system = 0; // number of the first system, for random numbers
};

enum class Ensemble {
  nve,
  langevin,      // NVT, BAOAB: Leimkuhler and Matthews, Appl. Math. Res. Express 2013, 34
  bussi,         // NVT, stochastic velocity rescaling: Bussi, Donadio, Parrinello, J. Chem. Phys. 126, 014101 (2007)
  nose_hoover,   // NVT, chains: Martyna, Tuckerman, Tobias, Klein, Mol. Phys. 87, 1117 (1996)
  npt_isotropic, // the same paper's barostat on the volume
  npt_axes,      // and on the three lengths
  npt_stochastic // stochastic cell rescaling: Bernetti and Bussi, J. Chem. Phys. 153, 114107 (2020), with bussi
};

// Temperatures and pressures of each system; a ramp is linear in time from begin to end over ramp_steps, then constant.
struct DynamicsPlan {
  Ensemble ensemble = Ensemble::nve;
  double dt_fs = 1.0;
  std::vector<double> begin_K; // [K]; not used by nve
  std::vector<double> end_K;   // [K]
  std::int64_t ramp_steps = 0;
  double thermostat_time_fs = 100.0; // langevin: 1/friction
  int chain = 3;                     // links of a Nose-Hoover chain, 1 … 8
  std::vector<Vector3> pressure_GPa; // [K] along x, y, z; npt_isotropic and npt_stochastic take the mean
  double barostat_time_fs = 1000.0;
  double compressibility_per_GPa = 0.005; // npt_stochastic alone: isothermal, need not be accurate
  // An atom that moves further than this in one step, or feels a larger force, stops the run; so does a cell that a barostat
  // makes larger or smaller than it was given by this factor.
  double largest_move_A = 0.5;
  double largest_force_eV_A = 1.0e4;
  double largest_volume_ratio = 10.0;
};

// Totals of one system at one moment.
struct ThermoRow {
  std::int64_t step = 0;
  double potential_eV = 0.0;
  double kinetic_eV = 0.0;
  double temperature_K = 0.0;  // 2 kinetic / (degrees_of_freedom k)
  double conserved_eV = 0.0;   // what the ensemble's equations keep constant (stochastic baths: less what they gave)
  Matrix3 virial_eV{};         // without the kinetic part
  Matrix3 kinetic_tensor_eV{}; // sum m v (x) v (twice the kinetic energy on the trace)
  Matrix3 cell_A{};
  double volume_A3 = 0.0;
  double largest_force_eV_A = 0.0;
};

// (virial + kinetic) / volume, GPa, positive under compression.
Matrix3 pressure_GPa(const ThermoRow &row);

struct DynamicsReport {
  std::int64_t step = 0;                    // reached
  std::vector<std::vector<ThermoRow>> rows; // [sample][K]
  std::int64_t list_builds = 0;             // since the batch was made
  // An atom or a cell ran away: the batch stands where the call of advance() began.
  bool exploded = false;
  std::int64_t exploded_step = 0;
  std::int64_t exploded_system = -1;
  std::int64_t exploded_atom = -1; // place in the system as it was given (0-based)
  double exploded_value = 0.0;     // its move in A or its force in eV/A; or the cell's volume in A^3
  std::string exploded_what;       // "force", "move" or "cell"
  double exploded_energy_eV = 0.0; // of the atom
};

// What an exploded run did beyond which limit, in words; `system` is the one at fault, as it was given.
std::string explosion_text(const DynamicsReport &report, const Atoms &system, const DynamicsPlan &plan);

enum class CellFreedom { fixed, isotropic, axes, full };

struct RelaxPlan {
  enum class Method { fire, lbfgs } method = Method::fire;
  double force_tolerance_eV_A = 0.01; // largest force on an atom
  double stress_tolerance_GPa = 0.1;  // largest component off the target, with a free cell
  CellFreedom cell = CellFreedom::fixed;
  double pressure_GPa = 0.0;
  std::int64_t max_steps = 10000;
  double largest_move_A = 0.1; // in one step
  bool path = false;           // report it
};

// A batch on its way to rest.
struct RelaxMoment {
  std::vector<std::int64_t> steps; // [K] taken so far
  std::vector<ThermoRow> rows;     // [K]
};

struct RelaxReport {
  std::vector<std::uint8_t> converged; // [K]
  std::vector<std::int64_t> steps;     // [K]
  std::vector<ThermoRow> rows;         // [K], of the relaxed systems
  std::vector<RelaxMoment> path;       // moments between start and end, further and further apart
};

// A nudged elastic band: its images are consecutive systems of a batch and hold the same atoms in the same order. Without ends
// it has one image, which relaxes by itself.
struct BandEnds {
  int images = 1;
  std::vector<Vector3> first_A, last_A; // [N] at rest, not wrapped: moves from image to image are differences; or empty
  double first_eV = 0.0, last_eV = 0.0;
  double force_tolerance_eV_A = 0.01; // largest force on an atom of any image, with springs and projections
  std::int64_t max_steps = 0;         // over all calls; 0: as the plan says
};

// How far a band is; a fresh one begins with this. With the batch's state it goes on bit for bit.
struct BandProgress {
  double dt = 0.05, mixing = 0.1; // of FIRE
  std::int64_t downhill = 0;
  std::int64_t steps = 0;
  bool climbing = false;
};

struct BandsPlan {
  std::vector<BandEnds> bands;
  std::vector<BandProgress> progress; // [B]; bands that go on keep their velocities
  double spring_eV_A2 = 5.0;
  bool climb = true; // the highest image, once forces are below climb_below_eV_A
  double climb_below_eV_A = 0.5;
  double largest_move_A = 0.1;   // in one step
  std::int64_t max_steps = 1000; // of a band, over all calls
  // The call ends after `steps` steps, or when `finished` bands are converged or out of steps.
  std::int64_t steps = 1000;
  std::int64_t finished = 1;
};

struct BandReport {
  enum class Status { running, converged, out_of_steps } status = Status::running;
  BandProgress progress;
  int top = -1;                    // image that climbs, from 0; -1: none stands above both ends
  double largest_force_eV_A = 0.0; // at the last step, with springs and projections
  std::vector<double> energy_eV;   // [images]
};

struct BandsReport {
  std::vector<BandReport> bands;
  std::int64_t lost_system = -1; // an atom of this system ran away: the batch is of no use any more
};

// Metropolis swaps of atoms of different elements (or masses), every system on its own.
struct SwapPlan {
  std::vector<double> temperature_K; // [K], above 0
  // Energies of the systems as they stand, as the last call reported them, so that a chain of trials can be cut into calls
  // without a trace; empty: they are evaluated.
  std::vector<double> energy_eV;
  // Energies are those after FIRE to a force tolerance, or of this many steps at the most; 0: positions stay as they are.
  std::int64_t relax_steps = 0;
  double force_tolerance_eV_A = 0.01;
  double largest_move_A = 0.1; // in one step
};

// What the trials of one call did.
struct SwapReport {
  std::vector<double> energy_eV; // [K] of the systems as they stand
  // [K][pair_index(a, b, E)] of the system's own E elements: trials, and those kept.
  std::vector<std::vector<std::int64_t>> tried, kept;
  std::vector<std::int64_t> missed;      // [K] trials that found no unlike pair
  std::vector<std::int64_t> unrelaxed;   // [K] relaxations that ended at the largest number of steps
  std::vector<std::int64_t> relax_steps; // [K] of all relaxations
};

// Energies, forces and virials of the systems as they stand, atoms in the order in which they were given.
struct Evaluation {
  std::vector<double> energy_eV;                   // [K]
  std::vector<Matrix3> virial_eV;                  // [K]
  std::vector<std::vector<double>> atom_energy_eV; // [K][N]
  std::vector<std::vector<Vector3>> force_eV_A;    // [K][N]
};

// Everything that a run needs to go on bit for bit: atoms in the order of the device, the lists' reference, thermostats. Arrays
// as the device holds them; sizes follow from the plan.
struct DynamicsState {
  std::int64_t step = 0;
  std::vector<std::int64_t> order;    // [N] place in the batch as given
  std::vector<double> position;       // [N][3]
  std::vector<double> reference;      // [N][3] where the lists were made
  std::vector<double> velocity;       // [3][N]
  std::vector<double> force;          // [3][N]
  std::vector<std::int32_t> image;    // [3][N]
  std::vector<double> cell;           // [K][9]
  std::vector<double> reference_cell; // [K][9]
  std::vector<double> bath;           // [K][kBathNumbers] thermostats and barostats
  std::vector<double> totals;         // [K][…] sums of the last step, which some ensembles begin the next one with
  std::vector<std::int32_t> type;     // [N] the atoms' elements as their system numbers them; empty: those given
};

// Copies one system of a state into the place of another of the same atoms in another batch's state: positions, velocities,
// forces, lists' reference, thermostats. Steps are not of a system.
void copy_system(const DynamicsState &from, const std::vector<Atoms> &systems_from, std::size_t k_from, DynamicsState &to,
                 const std::vector<Atoms> &systems_to, std::size_t k_to);

} // namespace zener
