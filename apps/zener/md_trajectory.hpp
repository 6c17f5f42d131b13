// Trajectories of an md run, one file for each system, which a resumed run continues without a frame too many.
#pragma once

#include "host/backend.hpp"
#include "host/neutral/md_preset.hpp"

#include <filesystem>
#include <vector>

namespace zener {

class MdTrajectory {
public:
  // In directory/trajectory. A new run starts new files; one that resumes cuts each file at its end of `ends`, which a
  // checkpoint has kept. Throws DataError, also when a file is shorter than that.
  MdTrajectory(const std::filesystem::path &directory, const MdPreset &preset, const std::vector<std::uint64_t> &ends);

  // The batch as it stands.
  void add(AtomsBatch &batch, const std::vector<ThermoRow> &rows);

  // Bytes of each file (extended XYZ) or frames (H5MD), all on the disk when this returns.
  std::vector<std::uint64_t> ends() const;

private:
  std::filesystem::path file(std::size_t system) const;

  std::filesystem::path folder_;
  MdPreset preset_;
  std::vector<std::uint64_t> ends_;
};

} // namespace zener
