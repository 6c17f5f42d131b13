// The result folder of a swap_mc_md run: series.h5, summary.json and configurations.
#pragma once

#include "host/neutral/swap_checkpoint.hpp"
#include "host/neutral/swap_preset.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace zener {

// What a run was, besides its preset and plan.
struct SwapRecord {
  std::string status; // "finished" or "interrupted"
  std::string backend;
  std::string device;
  double wall_s = 0.0;      // of all parts of the run, files and all
  double trials_s = 0.0;    // in trials and dynamics, of this part
  double trials_made = 0.0; // of each system, in this part
  std::vector<std::string> warnings;
};

// The sampled rows.
void write_swap_series(const std::filesystem::path &directory, const SwapPreset &preset, const SwapRunPlan &plan,
                       const std::vector<SwapRow> &rows);

// summary.json: means over the second half of the rows. Returns a table of them for the console.
std::string write_swap_summary(const std::filesystem::path &directory, const SwapPreset &preset, const SwapRunPlan &plan,
                               const std::vector<SwapRow> &rows, const SwapRow &now, const SwapRecord &run);

// configurations/NAME_<system>.xyz of every system with its energy.
void write_swap_configurations(const std::filesystem::path &directory, const std::string &name, const SwapPreset &preset,
                               std::vector<Atoms> systems, const SwapRow &row);

} // namespace zener
