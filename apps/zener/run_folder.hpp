// What every run begins with: its signals and its folder.
#pragma once

#include <filesystem>
#include <string>

namespace zener {

inline constexpr const char *kCheckpointName = "checkpoint.h5";

// SIGINT and SIGTERM ask the run to stop (signals.hpp); a console that goes away, like a pipe into head, does not end it; a
// limit on file sizes is met like a full disk.
void catch_run_signals();

// The folder that a run writes to. A new run never touches an older one's folder: `out`, named by --out, must be new or empty;
// the preset's own gets a number (-2, -3, …) when it is taken. With `resume` it is `out`, or the last of the preset's folders
// that holds a checkpoint, a file named `checkpoint`. Throws ConfigError (not empty) and DataError (a file, no checkpoint).
// Makes nothing.
std::filesystem::path output_folder(const std::filesystem::path &out, const std::filesystem::path &of_preset, bool resume,
                                    const std::string &checkpoint = kCheckpointName);

// Keeps a second program out of a run's folder for as long as it lives (also when it is killed); where the file system knows no
// locks it does nothing.
class FolderClaim {
public:
  FolderClaim() = default;
  ~FolderClaim();
  FolderClaim(const FolderClaim &) = delete;
  FolderClaim &operator=(const FolderClaim &) = delete;
  // Throws ConfigError when another program has the folder, which must be there. The second call does nothing.
  void take(const std::filesystem::path &folder);

private:
  int folder_ = -1;
};

// Makes the folder and those above it. Throws DataError.
void make_folder(const std::filesystem::path &folder);

} // namespace zener
