// Diffusion over the systems of a run: D of one defect and of the material in equilibrium, and fits of D(T) where the systems
// are at three temperatures or more. Needs no device.
#pragma once

#include "host/neutral/diffusivity_fit.hpp"
#include "host/neutral/motion_curves.hpp"
#include "host/neutral/system_means.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zener {

// Of one system; A^2/ps.
struct DefectDiffusion {
  std::size_t system = 0;
  double temperature_K = 0.0;
  double cell_concentration = 0.0; // defects a site in the system
  Estimate measured;               // of all atoms, by the first method of `method`
  Estimate defect;                 // measured/cell_concentration: does not depend on how many there are
  Estimate free_energy_eV;         // of formation
  LogNormal concentration;         // in equilibrium
  LogNormal equilibrium;           // concentration times defect
};

struct DiffusionResult {
  std::string defect, method; // "vacancy", …; "msd" or "green_kubo"
  std::vector<DefectDiffusion> defects;
  std::vector<DiffusionLadder> ladders;
  bool empty() const { return defects.empty() && ladders.empty(); }
};

// The ladders: each group of atoms and method of measuring at systems of three temperatures or more; then "defect" and
// "equilibrium" (group: the kind of defect), the latter with the median of c, the errors of the measurement as weights and
// those of the formation energy added to the fits' parameters, since they are the same at all temperatures.
DiffusionResult diffusion_of(const AnalysisChoice &choice, const MotionResult &motion, const std::vector<SystemMeans> &means);

} // namespace zener
