// Checkpoints: everything that a run needs to go on as if it had not stopped, bit for bit.
//
// The file is HDF5 behind a user block of 512 bytes that holds a format line, the file's length and a checksum of all bytes
// after the block. It is verified before the HDF5 library sees the file, so damage anywhere is found and named. A new
// checkpoint is written beside the old one, forced to the disk and renamed; the old one stays as checkpoint.previous.h5.
#pragma once

#include "host/neutral/kmc_plan.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace zener {

struct CheckpointMeta {
  double wall_s = 0.0;          // of all parts of the run so far
  std::int64_t next_sample = 0; // index of the first sample not yet taken
};

struct Checkpoint {
  std::string identity; // JSON object of what must not change on a restart
  CheckpointMeta meta;
  KmcState state;
  std::vector<KmcRow> rows; // sampled so far
};

// "DIR/checkpoint.h5" -> "DIR/checkpoint.previous.h5".
std::filesystem::path previous_checkpoint(const std::filesystem::path &file);

// Throws DataError when the disk refuses (what was there stays), InvariantError when the sizes in the state disagree.
void save_checkpoint(const std::filesystem::path &file, const std::string &identity, const CheckpointMeta &meta,
                     const KmcState &state, const std::vector<KmcRow> &rows);

// Throws DataError with the reason when the file is missing, foreign, truncated, damaged or inconsistent; the error says so
// when a previous checkpoint stands beside it.
Checkpoint load_checkpoint(const std::filesystem::path &file);

// Throws DataError when the sizes in a checkpoint are not those of the plan.
void check_checkpoint_fits(const Checkpoint &checkpoint, const KmcPlan &plan, const std::filesystem::path &file);

// Compares two JSON objects. Throws ConfigError that lists each key that differs (as a JSON pointer) with both values, at most
// ten; DataError when the stored one is no JSON object.
void check_identity(const std::string &stored, const std::string &current, const std::filesystem::path &file);

} // namespace zener
