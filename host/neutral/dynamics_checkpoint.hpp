// Checkpoints of molecular dynamics: the state of a batch of atoms, its rows and how far its trajectories are.
#pragma once

#include "host/neutral/analysis_plan.hpp"
#include "host/neutral/checkpoint_file.hpp"
#include "host/neutral/md_plan.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace zener {

struct DynamicsCheckpoint {
  std::string identity; // JSON object of what must not change on a restart
  CheckpointMeta meta;
  DynamicsState state;
  std::vector<std::vector<ThermoRow>> rows; // [sample][K], so far
  std::vector<std::uint64_t>
      trajectory_end;                    // [K] what of each trajectory was written before: bytes or frames, as its kind counts
  std::optional<AnalysisState> analysis; // of a run that measures in flight
};

// Throws DataError when the disk refuses (what was there stays), InvariantError when the sizes in the state disagree.
void save_dynamics_checkpoint(const std::filesystem::path &file, const DynamicsCheckpoint &checkpoint);

// Throws DataError with the reason when the file is missing, foreign, truncated, damaged or inconsistent.
DynamicsCheckpoint load_dynamics_checkpoint(const std::filesystem::path &file);

// Throws DataError when the sizes in a checkpoint are not those of the systems.
void check_dynamics_checkpoint_fits(const DynamicsCheckpoint &checkpoint, const std::vector<Atoms> &systems,
                                    const std::filesystem::path &file);

// The part of a checkpoint that is the state of the batch, /state. Throw InvariantError (what is to be saved is inconsistent)
// and DataError (shapes in the file; sizes that are not those of the systems, types that they do not have).
void write_dynamics_state(H5File &h5, const DynamicsState &state);
DynamicsState read_dynamics_state(const H5File &h5, const std::filesystem::path &file);
void check_dynamics_state_fits(const DynamicsState &state, const std::vector<Atoms> &systems,
                               const std::filesystem::path &file);

} // namespace zener
