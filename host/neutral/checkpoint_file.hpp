// Checkpoint files of all drivers: everything that a run needs to go on as if it had not stopped, bit for bit.
//
// They are sealed files (sealed_file.hpp). A new checkpoint is written beside the old one, forced to the disk and renamed; the
// old one stays as checkpoint.previous.h5.
#pragma once

#include "host/neutral/h5.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace zener {

struct CheckpointMeta {
  double wall_s = 0.0;          // of all parts of the run so far
  std::int64_t next_sample = 0; // index of the first sample not yet taken
};

// "DIR/checkpoint.h5" -> "DIR/checkpoint.previous.h5".
std::filesystem::path previous_checkpoint(const std::filesystem::path &file);

// Starts a checkpoint; the caller writes its state and ends it. `driver` names the kind of state ("kmc", "md"). Throws
// DataError when the disk refuses (what was there stays).
H5File begin_checkpoint(const std::filesystem::path &file, const std::string &identity, const CheckpointMeta &meta);
void end_checkpoint(H5File &h5, const std::filesystem::path &file, const std::string &driver);

// Verifies a file and has its state read. Throws DataError with the reason when it is missing, foreign, truncated, damaged or
// inconsistent; the error says so when a previous checkpoint stands beside it.
void read_checkpoint(const std::filesystem::path &file, const std::string &driver, std::string &identity, CheckpointMeta &meta,
                     const std::function<void(const H5File &)> &read);

// Compares two JSON objects. Throws ConfigError that lists each key that differs (as a JSON pointer) with both values, at most
// ten; DataError when the stored one is no JSON object.
void check_identity(const std::string &stored, const std::string &current, const std::filesystem::path &file);

} // namespace zener
