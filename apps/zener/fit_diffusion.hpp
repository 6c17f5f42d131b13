// The command fit-diffusion: D(T) of finished runs, fitted together.
#pragma once

#include <filesystem>
#include <vector>

namespace zener {

struct FitDiffusionOptions {
  std::vector<std::filesystem::path> folders;
  std::filesystem::path out; // empty: the table alone
  bool plots = true;
};

// Reads summary.json of each folder (md, analyze, kmc), gathers D by group of atoms and method, fits each ladder of three
// temperatures or more (diffusivity_fit.hpp), prints the fits, and writes summary.json, series.h5 and plots. Where the runs
// hold different kinds of defects, the total of the material is fitted too (defect_diffusivity.hpp): at temperatures that all
// of them have. Throws DataError for a folder that is no such result, and ConfigError where there is no ladder.
void fit_diffusion_of(const FitDiffusionOptions &options);

} // namespace zener
