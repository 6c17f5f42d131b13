// Presets of the elastic driver.
#pragma once

#include "host/neutral/relax_preset.hpp"

namespace zener {

struct ElasticPreset : AtomsPreset {
  EquilibriumChoice equilibrium;
  double strain = 2.0e-4;
  std::string relax_atoms = "auto"; // "auto", "always", "never"
  RelaxPlan relax;
};

// As load_relax_preset, read_relax_preset and resolved of relax_preset.hpp.
ElasticPreset load_elastic_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});
ElasticPreset read_elastic_preset(const nlohmann::json &document, const std::filesystem::path &file,
                                  std::set<std::string> *asked = nullptr);
nlohmann::json resolved(const ElasticPreset &preset);

} // namespace zener
