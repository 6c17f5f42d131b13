// The result folder of an md run: series.h5, summary.json and configurations.
#pragma once

#include "host/neutral/analysis_result.hpp"
#include "host/neutral/md_preset.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace zener {

// What a run was, besides its preset and plan.
struct MdRecord {
  std::string status; // "finished", "interrupted" or "stopped: …"
  std::string backend;
  std::string device;
  std::int64_t steps = 0;  // done, of each system
  double wall_s = 0.0;     // of all parts of the run, files and all
  double advance_s = 0.0;  // in the step loop, of this part
  double steps_made = 0.0; // of each system, in this part
  std::int64_t list_builds = 0;
  std::vector<std::string> warnings;
};

using MdRows = std::vector<std::vector<ThermoRow>>; // [sample][K]

// "g0_r0": the rung of the ladder and the replica.
std::string system_name(const MdPreset &preset, std::size_t system);

// Gives a frame the energy and virial of its row, its step and its time.
void put_row(Atoms &atoms, const MdPreset &preset, const ThermoRow &row);

// "g0_r0", … of all systems.
std::vector<std::string> system_names(const MdPreset &preset);

// Means of the rows that analyses look at, of each system.
std::vector<SystemMeans> system_means(const MdPreset &preset, const MdPlan &plan, const MdRows &rows);

// The sampled rows, and what was measured in flight, if anything was.
void write_md_series(const std::filesystem::path &directory, const MdPreset &preset, const MdPlan &plan, const MdRows &rows,
                     const std::optional<AnalysisResult> &analyses);

// summary.json. Returns a table of its means for the console.
std::string write_md_summary(const std::filesystem::path &directory, const MdPreset &preset, const MdPlan &plan,
                             const MdRows &rows, const std::optional<AnalysisResult> &analyses, const MdRecord &run);

// configurations/NAME_<system>.xyz of every system, with velocities, energy and virial; with `restart` the same as H5MD
// of one frame, NAME_<system>.h5, from which a structure can start as well.
void write_md_configurations(const std::filesystem::path &directory, const std::string &name, const MdPreset &preset,
                             const std::vector<Atoms> &systems, const std::vector<ThermoRow> &rows, bool restart);

// Takes away the configurations of that name.
void remove_md_configurations(const std::filesystem::path &directory, const std::string &name);

} // namespace zener
