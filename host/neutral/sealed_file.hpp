// HDF5 files behind a user block of 512 bytes that holds a format line, the file's length and a checksum of all bytes after the
// block. They are verified before the HDF5 library sees them, so damage anywhere is found and named.
#pragma once

#include "host/neutral/h5.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace zener {

inline constexpr std::size_t kSealBytes = 512; // the smallest user block of HDF5

struct Seal {
  std::string title; // of the first line, e.g. "zener md checkpoint"
  std::string noun;  // for messages, e.g. "a checkpoint"
};

// Fills the user block of a file made by H5File::create(file, kSealBytes) and closes it as H5File::close does.
void close_sealed(H5File &h5, const Seal &seal, const std::filesystem::path &previous = {});

// Throws DataError with the reason when the file is missing, foreign, of another version, truncated or damaged.
void verify_seal(const std::filesystem::path &file, const Seal &seal);

} // namespace zener
