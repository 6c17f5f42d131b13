// The kmc driver: from a preset to a result folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zener {

struct RunOptions {
  std::filesystem::path preset;
  std::vector<std::string> edits; // path=value
  std::string device = "auto";
  int threads = 0;           // of the CPU backend; 0: all
  std::filesystem::path out; // empty: the preset's folder, or the next free one beside it
  bool resume = false;
};

// Runs the preset. Returns the exit code: 0 done, 130 stopped by a signal after a checkpoint. Throws an Error for everything
// else; what was written before stays.
int run_kmc(const RunOptions &options);

// Prints the resolved preset, the device, memory and an estimate of the time; runs only a short trial of the kernel.
void check_kmc(const RunOptions &options);

} // namespace zener
