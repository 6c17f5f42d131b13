// Presets of the lattice_parameter driver.
#pragma once

#include "host/neutral/defects_preset.hpp"

namespace zener {

struct LatticePreset : AtomsPreset {
  std::array<int, 3> cells{};        // unit cells along the vectors of the structure
  std::vector<DefectChoice> defects; // besides the perfect crystal; may be empty
  double pressure_GPa = 0.0;
  bool with_static = true;            // the lattice parameters at 0 K
  RelaxPlan relax;                    // of the static cells; its cell follows the ensemble
  std::vector<double> temperatures_K; // empty: 0 K alone
  int replicas = 1;
  Ensemble ensemble = Ensemble::npt_isotropic;
  double thermostat_time_fs = 100.0;
  double barostat_time_fs = 1000.0;
  int chain = 3;
  double compressibility_per_GPa = 0.005;
  double time_step_fs = 1.0;
  std::int64_t equilibration_steps = 0;
  std::int64_t steps = 0; // after equilibration
  std::int64_t sample_every = 10;

  CellFreedom freedom() const { return ensemble == Ensemble::npt_axes ? CellFreedom::axes : CellFreedom::isotropic; }
  std::size_t cases() const { return 1 + defects.size(); }
  // Systems of the dynamics: case by case, temperature by temperature, replica by replica.
  std::size_t systems() const { return cases() * temperatures_K.size() * static_cast<std::size_t>(replicas); }
};

// As load_relax_preset, read_relax_preset and resolved of relax_preset.hpp.
LatticePreset load_lattice_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});
LatticePreset read_lattice_preset(const nlohmann::json &document, const std::filesystem::path &file,
                                  std::set<std::string> *asked = nullptr);
nlohmann::json resolved(const LatticePreset &preset);

} // namespace zener
