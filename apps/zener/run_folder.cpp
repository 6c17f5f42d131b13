#include "apps/zener/run_folder.hpp"

#include "host/neutral/checkpoint_file.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/signals.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

namespace zener {
namespace {

namespace fs = std::filesystem;

fs::path numbered(const fs::path &folder, int n) {
  return n < 2 ? folder : fs::path(folder.string() + "-" + std::to_string(n));
}

bool is_there(const fs::path &file) {
  std::error_code error;
  return fs::exists(file, error);
}

bool holds_something(const fs::path &folder) {
  std::error_code error;
  return is_there(folder) && !fs::is_empty(folder, error);
}

DataError no_checkpoint(const fs::path &folder, const std::string &checkpoint) {
  const std::string previous = previous_checkpoint(checkpoint).string();
  return DataError(folder.string() + ": there is no " + checkpoint + " to resume from" +
                   (is_there(folder / previous) ? "; " + previous + " is there: rename it to go on from that" : ""));
}

} // namespace

void catch_run_signals() {
  catch_stop_signals();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

fs::path output_folder(const fs::path &out, const fs::path &of_preset, bool resume, const std::string &checkpoint) {
  if (!out.empty()) {
    std::error_code error;
    if (is_there(out) && !fs::is_directory(out, error)) {
      throw DataError(out.string() + ": is a file, a folder is expected for the results");
    }
    if (resume && !is_there(out / checkpoint)) {
      throw no_checkpoint(out, checkpoint);
    }
    if (!resume && holds_something(out)) {
      throw ConfigError(out.string() +
                        ": the folder is not empty; --resume goes on with the run in it, another --out keeps it");
    }
    return out;
  }
  int n = 1;
  while (holds_something(numbered(of_preset, n))) {
    ++n;
  }
  if (!resume) {
    return numbered(of_preset, n);
  }
  for (int last = n - 1; last >= 1; --last) {
    if (is_there(numbered(of_preset, last) / checkpoint)) {
      return numbered(of_preset, last);
    }
  }
  throw no_checkpoint(of_preset, checkpoint);
}

FolderClaim::~FolderClaim() {
  if (folder_ >= 0) {
    ::close(folder_);
  }
}

void FolderClaim::take(const fs::path &folder) {
  if (folder_ >= 0) {
    return;
  }
  folder_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_ >= 0 && ::flock(folder_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw ConfigError(folder.string() +
                      ": another zener is at work in this folder (log.txt says how far it is); wait for it, or stop it first");
  }
}

void make_folder(const fs::path &folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw DataError(folder.string() + ": the folder cannot be made: " + error.message());
  }
}

} // namespace zener
