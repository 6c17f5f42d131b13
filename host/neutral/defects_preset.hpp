// Presets of the defects driver.
#pragma once

#include "host/neutral/relax_preset.hpp"

#include <map>
#include <optional>

namespace zener {

// One defect of the list: built into the structure, or read from a file.
struct DefectChoice {
  std::string name;
  nlohmann::json build;             // an entry of the builder's list of defects; null for a file
  std::filesystem::path file;       // of the whole cell with the defect
  std::map<std::string, int> parts; // defects of the list that it is bound from, and how many of each
  bool parts_given = false;         // by the preset; else by the kind, where it has any
};

// The energy of an atom in its reservoir: a number, or that of an atom of a crystal at rest.
struct ChemicalPotential {
  std::optional<double> energy_eV;
  nlohmann::json structure; // as the key structure
};

struct DefectsPreset : AtomsPreset {
  std::vector<std::array<int, 3>> cells; // of the structure; empty: as the structure says
  EquilibriumChoice equilibrium;
  std::map<std::string, ChemicalPotential> chemical_potentials;
  std::vector<DefectChoice> defects;
  RelaxPlan relax;
};

// The key defects: at most 10000, each with a name of its own.
std::vector<DefectChoice> read_defects(ObjectReader &keys, const std::filesystem::path &preset_file);
nlohmann::json defects_json(const std::vector<DefectChoice> &defects);

// As load_relax_preset, read_relax_preset and resolved of relax_preset.hpp.
DefectsPreset load_defects_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});
DefectsPreset read_defects_preset(const nlohmann::json &document, const std::filesystem::path &file,
                                  std::set<std::string> *asked = nullptr);
nlohmann::json resolved(const DefectsPreset &preset);

// The structure of the preset with other cells (empty: its own) and one more defect (null: none).
Atoms make_defect_structure(const AtomsPreset &preset, const std::optional<std::array<int, 3>> &cells,
                            const nlohmann::json &defect);

} // namespace zener
