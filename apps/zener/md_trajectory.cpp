#include "apps/zener/md_trajectory.hpp"

#include "apps/zener/md_results.hpp"
#include "apps/zener/open_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/errors.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <system_error>

namespace zener {

namespace fs = std::filesystem;

MdTrajectory::MdTrajectory(const fs::path &directory, const MdPreset &preset, AtomsBatch &batch,
                           const std::vector<ThermoRow> &rows)
    : folder_(directory / "trajectory"), preset_(preset), ends_(preset.systems(), 0) {
  make_folder(folder_);
  const std::vector<Atoms> first = frames(batch, rows);
  for (std::size_t s = 0; s < ends_.size(); ++s) {
    if (h5md()) {
      writers_.push_back(H5mdWriter::create(file(s), first[s]));
    } else {
      OpenFile(file(s), O_WRONLY | O_CREAT | O_TRUNC);
    }
  }
  append(first, rows);
}

MdTrajectory::MdTrajectory(const fs::path &directory, const MdPreset &preset, AtomsBatch &batch,
                           const std::vector<ThermoRow> &rows, const std::vector<std::uint64_t> &ends)
    : folder_(directory / "trajectory"), preset_(preset), ends_(ends) {
  if (ends_.size() != preset_.systems()) {
    throw DataError(fmt::format("{}: the checkpoint knows {} trajectories, this run has {}", directory.string(), ends_.size(),
                                preset_.systems()));
  }
  const std::vector<Atoms> now = h5md() ? frames(batch, rows) : std::vector<Atoms>{};
  for (std::size_t s = 0; s < ends_.size(); ++s) {
    const auto refuse = [&](const std::string &what) {
      throw DataError(fmt::format("{}: {}, but the checkpoint goes on after {} {}; put it back, or begin a new run",
                                  file(s).string(), what, ends_[s], h5md() ? "frames" : "bytes"));
    };
    std::error_code error;
    const auto length = fs::file_size(file(s), error);
    if (error) {
      refuse("is missing");
    }
    if (h5md()) {
      writers_.push_back(H5mdWriter::resume(file(s), now[s], rows[s].step));
      if (static_cast<std::uint64_t>(writers_.back().frames()) != ends_[s]) {
        refuse(fmt::format("has {} frames up to step {}", writers_.back().frames(), rows[s].step));
      }
    } else {
      if (length < ends_[s]) {
        refuse(fmt::format("has {} bytes", length));
      }
      OpenFile(file(s), O_WRONLY).cut(ends_[s]);
    }
  }
}

fs::path MdTrajectory::file(std::size_t system) const {
  return folder_ / (system_name(preset_, system) + (h5md() ? ".h5" : ".xyz"));
}

std::vector<Atoms> MdTrajectory::frames(AtomsBatch &batch, const std::vector<ThermoRow> &rows) const {
  const TrajectoryChoice &choice = *preset_.trajectory;
  std::vector<Atoms> systems = batch.atoms();
  const Evaluation evaluation = choice.forces || choice.energies ? batch.evaluate() : Evaluation{};
  for (std::size_t s = 0; s < systems.size(); ++s) {
    Atoms &atoms = systems[s];
    if (!choice.velocities) {
      atoms.velocity_A_ps.clear();
    }
    atoms.force_eV_A = choice.forces ? evaluation.force_eV_A[s] : std::vector<Vector3>{};
    atoms.energy_eV = choice.energies ? evaluation.atom_energy_eV[s] : std::vector<double>{};
    put_row(atoms, preset_, rows[s]);
  }
  return systems;
}

void MdTrajectory::append(const std::vector<Atoms> &frames, const std::vector<ThermoRow> &rows) {
  for (std::size_t s = 0; s < frames.size(); ++s) {
    if (h5md()) {
      writers_[s].append(frames[s], rows[s].step, 1.0e-3 * preset_.time_step_fs * static_cast<double>(rows[s].step));
      ++ends_[s];
    } else {
      const std::string text = extended_xyz_text(frames[s]);
      OpenFile(file(s), O_WRONLY | O_APPEND).append(text);
      ends_[s] += text.size();
    }
  }
}

void MdTrajectory::add(AtomsBatch &batch, const std::vector<ThermoRow> &rows) { append(frames(batch, rows), rows); }

std::vector<std::uint64_t> MdTrajectory::ends() const {
  for (std::size_t s = 0; s < ends_.size(); ++s) {
    OpenFile(file(s), O_WRONLY).force_to_disk();
  }
  return ends_;
}

void MdTrajectory::close() {
  for (H5mdWriter &writer : writers_) {
    writer.close();
  }
}

} // namespace zener
