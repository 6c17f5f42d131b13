// Presets of the relax driver, and what the presets of all static drivers share: how atoms relax, how cells find their rest.
#pragma once

#include "host/neutral/atoms_preset.hpp"
#include "host/neutral/md_plan.hpp"

namespace zener {

// The object `relax`: method, force_tolerance_eV_A, max_steps, largest_move_A and, where the driver lets cells relax, cell,
// pressure_GPa and stress_tolerance_GPa.
RelaxPlan read_relax(ObjectReader &keys, double force_tolerance_eV_A, bool with_cell);
nlohmann::json relax_json(const RelaxPlan &plan, bool with_cell);

std::string cell_freedom_name(CellFreedom freedom); // "fixed", "isotropic", "axes", "full"

// The object `equilibrium`: the cell that is sought before anything else.
struct EquilibriumChoice {
  CellFreedom cell = CellFreedom::isotropic; // fixed: as the structure has it
  double pressure_GPa = 0.0;
  double tolerance_GPa = 1.0e-4;
};
EquilibriumChoice read_equilibrium(ObjectReader &keys);
nlohmann::json equilibrium_json(const EquilibriumChoice &choice);

struct RelaxPreset : AtomsPreset {
  bool all_frames = false; // every frame of the structure's file, one system each
  RelaxPlan relax;
};

// Loads, edits (apply_preset_edit), validates against the schema and reads. Throws DataError and ConfigError as
// load_kmc_preset.
RelaxPreset load_relax_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});
// Reads a document that satisfies the schema, and checks what a schema cannot say. Throws ConfigError.
RelaxPreset read_relax_preset(const nlohmann::json &document, const std::filesystem::path &file,
                              std::set<std::string> *asked = nullptr);
// The preset with every key explicit and paths absolute.
nlohmann::json resolved(const RelaxPreset &preset);

// The systems of the batch. Throws ConfigError and DataError.
std::vector<Atoms> make_structures(const RelaxPreset &preset);

} // namespace zener
