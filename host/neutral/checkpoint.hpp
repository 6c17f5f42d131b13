// Checkpoints of walks on a lattice: the state of a batch of walkers in a checkpoint file.
#pragma once

#include "host/neutral/checkpoint_file.hpp"
#include "host/neutral/kmc_plan.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace zener {

struct Checkpoint {
  std::string identity; // JSON object of what must not change on a restart
  CheckpointMeta meta;
  KmcState state;
  std::vector<KmcRow> rows; // sampled so far
};

// Throws DataError when the disk refuses (what was there stays), InvariantError when the sizes in the state disagree.
void save_checkpoint(const std::filesystem::path &file, const std::string &identity, const CheckpointMeta &meta,
                     const KmcState &state, const std::vector<KmcRow> &rows);

// Throws DataError with the reason when the file is missing, foreign, truncated, damaged or inconsistent; the error says so
// when a previous checkpoint stands beside it.
Checkpoint load_checkpoint(const std::filesystem::path &file);

// Throws DataError when the sizes in a checkpoint are not those of the plan.
void check_checkpoint_fits(const Checkpoint &checkpoint, const KmcPlan &plan, const std::filesystem::path &file);

} // namespace zener
