// From the sums over solid-like and diffusive atoms to shares and mean squared displacements with errors. Needs no device.
#pragma once

#include "host/neutral/motion_curves.hpp"

#include <array>
#include <string>
#include <vector>

namespace zener {

struct MobilityOfGroup {
  std::size_t system = 0;
  std::string group; // as in motion
  std::int64_t atoms = 0;
  double threshold_A = 0.0;
  Estimate diffusive;              // share of the atoms
  std::array<Estimate, 3> along{}; // share that moves along x, y, z mostly; they add up to `diffusive`
  // Mean squared displacements of averaged positions from the begin of an interval, A^2; NaN where there is no such atom.
  DirectionalCurve solid_msd, diffusive_msd;
  // Along the chain (Wang et al. 2021: cMSD), A^2: of a diffusive atom along its own axis, of a solid-like one a third of the
  // sum.
  std::vector<double> solid_chain, solid_chain_error, diffusive_chain, diffusive_chain_error;
};

struct MobilityResult {
  double window_ps = 0.0, interval_ps = 0.0;
  std::int64_t intervals = 0;
  std::vector<double> lag_ps; // of the curves: 1, 2, … windows
  std::vector<MobilityOfGroup> groups;
};

// Errors: from the complete blocks of time, 4 or more, else NaN.
MobilityResult mobility_of(const AnalysisPlan &plan, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                           double frame_ps);

} // namespace zener
