// Trajectories of an md run, one file for each system, which a resumed run continues without a frame too many.
#pragma once

#include "host/backend.hpp"
#include "host/neutral/md_preset.hpp"
#include "host/neutral/trajectory_h5md.hpp"

#include <filesystem>
#include <vector>

namespace zener {

class MdTrajectory {
public:
  // New files in directory/trajectory, with the batch as it stands as their first frame.
  MdTrajectory(const std::filesystem::path &directory, const MdPreset &preset, AtomsBatch &batch,
               const std::vector<ThermoRow> &rows);
  // Goes on with the files of a run that a checkpoint has brought to these rows, whose `ends` it has kept: what was written
  // after it is cut off. Throws DataError when a file is missing or shorter than that.
  MdTrajectory(const std::filesystem::path &directory, const MdPreset &preset, AtomsBatch &batch,
               const std::vector<ThermoRow> &rows, const std::vector<std::uint64_t> &ends);

  // The batch as it stands.
  void add(AtomsBatch &batch, const std::vector<ThermoRow> &rows);

  // Bytes of each file (extended XYZ) or frames (H5MD), all on the disk when this returns.
  std::vector<std::uint64_t> ends() const;
  // Throws when the disk refuses the last of them.
  void close();

private:
  std::filesystem::path file(std::size_t system) const;
  bool h5md() const { return preset_.trajectory->format == TrajectoryFormat::h5md; }
  // The systems with what the preset wants of them.
  std::vector<Atoms> frames(AtomsBatch &batch, const std::vector<ThermoRow> &rows) const;
  void append(const std::vector<Atoms> &frames, const std::vector<ThermoRow> &rows);

  std::filesystem::path folder_;
  MdPreset preset_;
  std::vector<std::uint64_t> ends_;
  std::vector<H5mdWriter> writers_;
};

} // namespace zener
