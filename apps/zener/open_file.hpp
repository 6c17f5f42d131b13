// A file that is written to bit by bit over a run, and cut where a resumed run goes on.
#pragma once

#include "host/neutral/errors.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string_view>
#include <unistd.h>

namespace zener {

// An open file that is closed again. Throws DataError with the file and the system's reason.
class OpenFile {
public:
  OpenFile(const std::filesystem::path &path, int flags) : path_(path), file_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    check(file_ >= 0, "cannot be opened");
  }
  ~OpenFile() { ::close(file_); }
  OpenFile(const OpenFile &) = delete;
  OpenFile &operator=(const OpenFile &) = delete;

  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_, bytes.data(), bytes.size());
      check(written >= 0 || errno == EINTR, "cannot be written");
      bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
  }
  void cut(std::uint64_t length) { check(::ftruncate(file_, static_cast<off_t>(length)) == 0, "cannot be cut"); }
  void force_to_disk() { check(::fsync(file_) == 0, "cannot be forced to the disk"); }

private:
  void check(bool good, const char *what) const {
    if (!good) {
      throw DataError(path_.string() + ": " + what + ": " + std::strerror(errno));
    }
  }
  std::filesystem::path path_;
  int file_;
};

} // namespace zener
