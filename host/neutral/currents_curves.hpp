// From the device's sums of currents (currents_plan.hpp) to correlations, spectra and transport coefficients with errors.
#pragma once

#include "host/neutral/motion_curves.hpp"

#include <array>
#include <string>
#include <vector>

namespace zener {

struct CurrentCurves {
  std::size_t system = 0;
  std::string pair; // "all", "W", "Nb-W"
  std::array<int, 3> wave{};
  double k_per_A = 0.0; // |k| in the first frame
  // Directions along k, two across it, and their sum (n = 0: x, y, z, all); over the system's atoms. A^2/ps^2.
  CorrelationCurves curves;
  // Where the spectrum along k and those across it are highest, THz; 0 for n = 0.
  double along_THz = 0.0, across_THz = 0.0;
};

struct CurrentsResult {
  std::int64_t frames = 0;
  double frame_ps = 0.0, block_ps = 0.0;
  std::vector<double> lag_ps, frequency_THz;
  std::vector<CurrentCurves> entries; // by system, wave, pair; in alloys all atoms first
};

// <j_a(k, t) j_b*(k, 0)>/N, a and b the elements of the pair, N the system's atoms. n = 0: its integral, a third for all, is
// the Onsager coefficient Lambda_ab of Green and Kubo (Allnatt and Lidiard, Atomic Transport in Solids, 1993, section 6.2), in
// A^2/ps, with the centre of mass at rest where drift is taken off. "all": the sum over all elements.
CurrentsResult currents_of(const AnalysisChoice &choice, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                           double frame_ps);

} // namespace zener
