// Frames of time-averaged positions, one file of extended XYZ for each system, which a resumed run continues.
#pragma once

#include "host/neutral/analysis_plan.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace zener {

class MeanPositionsFiles {
public:
  // directory/mean_positions/NAME.xyz. `systems`: cells, elements, ids and masses of the frames. `frames` that the analysis has
  // seen: 0 for new files; else the files go on after the windows that ended by then. Throws DataError when a file is missing
  // or shorter than that.
  MeanPositionsFiles(const std::filesystem::path &directory, const std::vector<std::string> &names,
                     const std::vector<Atoms> &systems, const MeanPositionsPlan &plan, double frame_ps, double begin_ps,
                     std::int64_t frames);
  void add(const std::vector<MeanPositions> &windows);
  void force_to_disk() const;

private:
  std::filesystem::path file(std::size_t system) const { return folder_ / (names_[system] + ".xyz"); }
  // Cuts a file after the first `windows` of its frames.
  void cut(std::size_t system, std::int64_t windows) const;

  std::filesystem::path folder_;
  std::vector<std::string> names_;
  std::vector<Atoms> systems_;
  double frame_ps_, begin_ps_;
  std::int64_t window_frames_;
};

} // namespace zener
