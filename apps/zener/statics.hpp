// Numerics of the static drivers over a batch of atoms: equilibrium of the cell, elastic constants, relaxed energies. They know
// the seam's AtomsBatch alone, so that tests can stand a serial one behind them.
#pragma once

#include "host/backend.hpp"
#include "host/neutral/elastic_tensor.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zener {

// A batch of these systems with the run's potential.
using MakeAtoms = std::function<std::unique_ptr<AtomsBatch>(std::vector<Atoms>)>;

// Whether atoms move inside strained cells: when a force exceeds the tolerance (automatic), always or never.
enum class AtomRelaxation { never, automatic, always };

// One system of a batch at rest or as it stands. Enthalpy: energy + pressure * volume.
struct StaticState {
  double energy_eV = 0.0;
  Matrix3 virial_eV{};
  Matrix3 cell_A{};
  double volume_A3 = 0.0;
  double largest_force_eV_A = 0.0;
  Voigt stress() const { return stress_GPa(virial_eV, volume_A3); } // GPa, positive in tension
};

// Throws DataError, "WHAT need a crystal …", unless the cell is periodic in all directions.
void check_periodic(const Atoms &atoms, const char *what);

// The length of the longest.
double largest_length(const std::vector<Vector3> &vectors);

// The states of an evaluation, K of them. Throws DataError that names the system when a number is not finite.
std::vector<StaticState> static_states(const Evaluation &evaluation, const std::vector<Atoms> &systems);

// The strain that makes one cell of another (strained()).
Matrix3 strain_between(const Cell &from, const Cell &to);

struct EquilibriumPlan {
  CellFreedom freedom = CellFreedom::isotropic;
  double pressure_GPa = 0.0;
  double tolerance_GPa = 1.0e-4; // largest component off the target among those that are free
  int max_iterations = 60;
  double difference = 1.0e-4;   // strain of the finite differences
  double largest_strain = 0.02; // of one step
  AtomRelaxation atoms = AtomRelaxation::automatic;
  RelaxPlan relax; // of the atoms; its cell is not used
};

struct Equilibrium {
  Atoms atoms; // strained and, where it was needed, relaxed
  StaticState state;
  int iterations = 0;
};

// The cell at which the free components of the stress are those of the pressure: Newton's method in the strain, with the
// derivatives of the stress by central differences, all copies in one batch; along directions in which the crystal is unstable
// the step goes downhill. Throws DataError when the cell collapses or falls apart (its volume leaves half to twice that of the
// start), when atoms do not relax and when the iterations do not suffice.
Equilibrium find_equilibrium(const MakeAtoms &make, const Atoms &start, const EquilibriumPlan &plan);

struct ElasticPlan {
  double strain = 2.0e-4; // Voigt component of each strained copy, both signs
  AtomRelaxation atoms = AtomRelaxation::automatic;
  RelaxPlan relax; // of the atoms; its cell is not used
};

struct ElasticConstants {
  Matrix6 c_GPa{};          // (C + C^T)/2 of the derivatives d stress_i / d strain_j
  Matrix6 clamped_GPa{};    // the same with atoms that follow the strain and do not relax
  double asymmetry_GPa = 0; // largest |C_ij - C_ji|/2 before the symmetrisation
  bool atoms_relaxed = false;
  double largest_force_eV_A = 0.0; // on an atom of a strained copy before relaxation
  StaticState state;               // of the unstrained crystal
};

// Central differences of the stress between twelve strained copies, one batch. Throws DataError for crystals that are not
// periodic in all directions, when atoms do not relax and for stresses that are not finite.
ElasticConstants elastic_constants(const MakeAtoms &make, const Atoms &crystal, const ElasticPlan &plan);

// How far the systems of a relaxation are.
struct RelaxSample {
  std::vector<std::int64_t> steps; // [K]
  std::vector<StaticState> states; // [K]
};

// Systems before and after relaxation, one batch.
struct RelaxedSystems {
  std::vector<StaticState> before;     // [K]
  std::vector<StaticState> after;      // [K]
  std::vector<Atoms> atoms;            // [K] as they stand at the end, with energy, forces and virial
  std::vector<std::uint8_t> converged; // [K]
  std::vector<std::int64_t> steps;     // [K]
  std::vector<RelaxSample> series;     // the start, the path and the end
  bool stopped = false;                // by `go_on`
};

// Steps of one call of the device; the method starts anew with each, so the number is part of the result.
inline constexpr std::int64_t kRelaxChunk = 500;

// `go_on` is asked after each chunk with the number of systems that are at rest. Throws DataError when a free cell collapses or
// falls apart (its volume leaves a fifth to five times that of the start) and for what is not finite.
RelaxedSystems relax_systems(const MakeAtoms &make, const std::vector<Atoms> &systems, const RelaxPlan &plan,
                             const std::function<bool(std::size_t)> &go_on = {});

// Atoms with the energy, forces, energies of atoms and virial of system k of an evaluation.
void put_evaluation(Atoms &atoms, const Evaluation &evaluation, std::size_t k);

} // namespace zener
