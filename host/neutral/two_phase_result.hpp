// Two-phase thermodynamics of the systems of a run (two_phase.hpp), with errors from blocks of time. Needs no device.
#pragma once

#include "host/neutral/motion_curves.hpp"
#include "host/neutral/system_means.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace zener {

// Of an atom. Indices of arrays: weight, classical or quantum.
struct TwoPhaseForm {
  Estimate delta, fluidicity, packing;
  Estimate gas_entropy_k;                     // f S_g
  std::array<Estimate, kWeights> entropy_k{}; // with that of mixing where it is asked for
  std::array<Estimate, kWeights> energy_eV{}; // mean of the run; quantum: with the oscillators' quantum energy in place of kT
  std::array<Estimate, kWeights> free_energy_eV{}; // F = E - T S
  std::array<Estimate, kWeights> gibbs_eV{};       // G = F + p V
  std::vector<double> gas, solid;                  // f F_g and F_s, 1/THz
  double negative = 0.0; // share of the whole by which the gas part is larger than F, which no oscillators can be
  bool resolved = true;  // the correlation reaches 5 decay times of the gas
};

// All atoms of a system; in an alloy each element too. An element is a liquid of its own that fills its share of the volume,
// the same for each atom of the system; all atoms have the mean of the elements, weighted by atoms, and the ideal entropy of
// mixing.
struct TwoPhaseGroup {
  std::size_t system = 0;
  std::string group; // "all" or an element
  std::int64_t atoms = 0;
  double temperature_K = 0.0;  // of the velocities: sum m v^2/((3 N - 3) k), the centre of mass at rest
  double atom_volume_A3 = 0.0; // V/N of the system
  double mixing_entropy_k = 0.0;
  std::array<TwoPhaseForm, kGasForms.size()>
      forms; // delta, packing and energies are NaN where they have no meaning or are not known
};

struct TwoPhaseResult {
  std::vector<double> frequency_THz;
  std::vector<TwoPhaseGroup> groups;
};

// means: of each system. None without `choice.two_phase` or before there are two lags.
std::optional<TwoPhaseResult> two_phase_of(const AnalysisChoice &choice, const AnalysisSums &sums,
                                           const std::vector<Atoms> &systems, const std::vector<SystemMeans> &means,
                                           const MotionResult &motion);

} // namespace zener
