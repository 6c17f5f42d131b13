// Whole files: read with a limit, and replaced so that a reader meets either the old content or the new, never a part of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace zener {

// The bytes of a regular file or pipe. Throws DataError when it is missing, unreadable, a directory or a device, or longer
// than max_bytes.
std::string read_file(const std::filesystem::path &file, std::uint64_t max_bytes = std::uint64_t{1} << 34);

// A file that is written beside its final place, as `target`.partial, and renamed when it is whole. Use:
//   AtomicFile out(target);  …write out.partial() and close it…;  out.commit();
// Without commit() the partial file is removed and the target stays as it was.
class AtomicFile {
public:
  // Throws DataError when the target exists and is not a regular file, or its folder is missing.
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  const std::filesystem::path &partial() const { return partial_; }

  // Forces the partial file to the disk and renames it to the target. With `previous`, an existing target is renamed to that
  // first (and renamed back if the second step fails). Throws DataError.
  void commit(const std::filesystem::path &previous = {});

private:
  std::filesystem::path target_;
  std::filesystem::path partial_;
  bool committed_ = false;
};

// Replaces a file by these bytes; `previous` as in commit(). Throws DataError that names the file (a full disk, no permission,
// …); the old content stays.
void write_file_atomically(const std::filesystem::path &file, std::string_view bytes,
                           const std::filesystem::path &previous = {});

} // namespace zener
