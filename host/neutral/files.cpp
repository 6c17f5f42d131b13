#include "host/neutral/files.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace zener {
namespace {

// A POSIX file descriptor. Streams are not used because they hide errno and cannot fsync.
class Descriptor {
public:
  Descriptor(const std::filesystem::path &file, int flags, const char *doing) : file_(file) {
    do {
      fd_ = ::open(file.c_str(), flags | O_CLOEXEC, 0666);
    } while (fd_ < 0 && errno == EINTR);
    if (fd_ < 0) {
      fail(doing);
    }
  }
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;

  int get() const { return fd_; }

  [[noreturn]] void fail(const char *doing) const {
    const int code = errno;
    throw DataError(file_.string() + ": " + doing + ": " + std::generic_category().message(code));
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), std::size_t{1} << 30));
      if (n < 0 && errno != EINTR) {
        fail("cannot write");
      }
      if (n > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(n));
      }
    }
  }

  void sync() {
    int code = 0;
    do {
      code = ::fsync(fd_);
    } while (code != 0 && errno == EINTR);
    if (code != 0) {
      fail("cannot write to the disk");
    }
  }

  // Some file systems report a full disk only here.
  void close() {
    const int fd = std::exchange(fd_, -1);
    if (::close(fd) != 0 && errno != EINTR) {
      fail("cannot close");
    }
  }

private:
  std::filesystem::path file_;
  int fd_ = -1;
};

void rename_file(const std::filesystem::path &from, const std::filesystem::path &to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) {
    throw DataError(to.string() + ": cannot rename " + from.filename().string() + " to it: " + error.message());
  }
}

} // namespace

std::string read_file(const std::filesystem::path &file, std::uint64_t max_bytes) {
  Descriptor in(file, O_RDONLY, "cannot open");
  struct stat info {};
  if (::fstat(in.get(), &info) != 0) {
    in.fail("cannot read");
  }
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    throw DataError(file.string() + ": is a " + (S_ISDIR(info.st_mode) ? "directory" : "device") + ", a file is expected");
  }
  const auto too_long = [&] {
    return DataError(file.string() + ": is longer than the " + std::to_string(max_bytes) + " bytes that are allowed here");
  };
  std::string bytes;
  if (S_ISREG(info.st_mode)) {
    if (static_cast<std::uint64_t>(info.st_size) > max_bytes) {
      throw too_long();
    }
    bytes.reserve(static_cast<std::size_t>(info.st_size));
  }
  std::string block(std::size_t{1} << 16, '\0');
  while (true) {
    const ssize_t n = ::read(in.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      in.fail("cannot read");
    }
    if (n == 0) {
      return bytes;
    }
    bytes.append(block, 0, static_cast<std::size_t>(n));
    if (bytes.size() > max_bytes) {
      throw too_long();
    }
  }
}

AtomicFile::AtomicFile(std::filesystem::path target) : target_(std::move(target)), partial_(target_) {
  partial_ += ".partial";
  std::error_code error;
  const auto status = std::filesystem::status(target_, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw DataError(target_.string() + ": exists and is not a regular file, so it is not replaced");
  }
  const std::filesystem::path folder = target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
  if (!std::filesystem::is_directory(folder, error)) {
    throw DataError(target_.string() + ": cannot write, there is no folder " + folder.string());
  }
}

AtomicFile::~AtomicFile() {
  if (!committed_) {
    std::error_code ignored; // the error that brought us here is the one to report
    std::filesystem::remove(partial_, ignored);
  }
}

void AtomicFile::commit(const std::filesystem::path &previous) {
  {
    Descriptor out(partial_, O_RDWR, "cannot open");
    out.sync();
    out.close();
  }
  std::error_code error;
  if (!previous.empty() && std::filesystem::exists(target_, error)) {
    // A second name for the old content, so that the target is there at every moment; where links are unknown it is renamed.
    std::filesystem::remove(previous, error);
    std::filesystem::create_hard_link(target_, previous, error);
    if (error) {
      rename_file(target_, previous);
    }
  }
  rename_file(partial_, target_);
  committed_ = true;
  // The rename itself reaches the disk with the folder. File systems that cannot sync a folder say EINVAL: nothing to do then.
  const std::filesystem::path folder = target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
  Descriptor directory(folder, O_RDONLY | O_DIRECTORY, "cannot open");
  if (::fsync(directory.get()) != 0 && errno != EINVAL && errno != EINTR) {
    directory.fail("cannot write to the disk");
  }
}

void write_file_atomically(const std::filesystem::path &file, std::string_view bytes, const std::filesystem::path &previous) {
  AtomicFile out(file);
  {
    Descriptor partial(out.partial(), O_WRONLY | O_CREAT | O_TRUNC, "cannot create");
    partial.write(bytes);
    partial.close();
  }
  out.commit(previous);
}

} // namespace zener
