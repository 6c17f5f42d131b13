// Presets of the md driver: JSON -> plain struct -> plan.
#pragma once

#include "host/neutral/atoms_preset.hpp"
#include "host/neutral/md_plan.hpp"
#include "host/neutral/motion_curves.hpp"

#include <array>
#include <optional>

namespace zener {

enum class TrajectoryFormat { extended_xyz, h5md };

struct TrajectoryChoice {
  TrajectoryFormat format = TrajectoryFormat::extended_xyz;
  std::int64_t every = 1000; // steps
  // Besides positions, elements and cells.
  bool velocities = false;
  bool forces = false;
  bool energies = false;
};

struct MdPreset : AtomsPreset {
  Ensemble ensemble = Ensemble::nve;
  std::optional<std::array<double, 2>> temperature_K; // begin and end; none: nve, or the ladder's
  Vector3 pressure_GPa{};
  double thermostat_time_fs = 100.0;
  double barostat_time_fs = 1000.0;
  int chain = 3;
  double compressibility_per_GPa = 0.005;
  bool velocities_of_structure = false;
  std::optional<double> velocities_K; // none: the temperature at the begin
  bool exact_velocities = true;
  double time_step_fs = 1.0;
  std::int64_t steps = 0;
  std::int64_t equilibration_steps = 0;
  std::vector<double> ladder_K; // empty: no ladder
  int replicas = 1;
  double largest_move_A = 0.5;
  double largest_force_eV_A = 1.0e4;
  double largest_volume_ratio = 10.0;
  std::int64_t thermo_every = 100;
  std::optional<TrajectoryChoice> trajectory;
  bool restart = true;
  double checkpoint_every_s = 300.0;
  std::optional<AnalysisChoice> analyses;

  std::size_t groups() const { return ladder_K.empty() ? 1 : ladder_K.size(); }
  std::size_t systems() const { return groups() * static_cast<std::size_t>(replicas); }
  bool ramp() const { return temperature_K && (*temperature_K)[0] != (*temperature_K)[1]; }
};

// "nve", …, as in a preset.
const char *ensemble_name(Ensemble ensemble);
bool has_thermostat(Ensemble ensemble);
bool has_barostat(Ensemble ensemble);
inline bool has_chain(Ensemble e) { return has_thermostat(e) && e >= Ensemble::nose_hoover && e != Ensemble::npt_stochastic; }

// Loads, edits (apply_preset_edit), validates against the schema and reads. Throws DataError and ConfigError as
// load_kmc_preset.
MdPreset load_md_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});

// Reads a document that satisfies the schema, and checks what a schema cannot say. Throws ConfigError.
MdPreset read_md_preset(const nlohmann::json &document, const std::filesystem::path &file,
                        std::set<std::string> *asked = nullptr);

// The preset with every key explicit that its ensemble knows, and paths absolute.
nlohmann::json resolved(const MdPreset &preset);

// System s is replica s % replicas of rung s / replicas of the ladder; all start from the same positions, each with velocities
// of its own.
struct MdPlan {
  AtomsPlan atoms;
  DynamicsPlan dynamics;
  std::vector<double> start_K; // [K] of the velocities drawn; 0 where they are the structure's
};

// Builds the structure, draws velocities and loads the potential. Throws ConfigError and DataError.
MdPlan make_md_plan(const MdPreset &preset);

// Steps after which a row is taken: ascending, without 0, ending with `steps`.
std::vector<std::int64_t> sample_steps(const MdPreset &preset);

// What must not change on a restart: all but title, steps (unless the temperature is a ramp over them), equilibration, limits,
// checkpoint and the folder; with hashes of the potential's files and of the atoms in place of paths.
nlohmann::json identity(const MdPreset &preset, const MdPlan &plan);

} // namespace zener
