#include "apps/zener/md_trajectory.hpp"

#include "apps/zener/md_results.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/errors.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace zener {
namespace {

namespace fs = std::filesystem;

// An open file that is closed again.
class OpenFile {
public:
  OpenFile(const fs::path &path, int flags) : path_(path), file_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
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
  fs::path path_;
  int file_;
};

} // namespace

MdTrajectory::MdTrajectory(const fs::path &directory, const MdPreset &preset, const std::vector<std::uint64_t> &ends)
    : folder_(directory / "trajectory"), preset_(preset), ends_(ends) {
  make_folder(folder_);
  const bool resumed = !ends_.empty();
  if (resumed && ends_.size() != preset_.systems()) {
    throw DataError(fmt::format("{}: the checkpoint knows {} trajectories, this run has {}", directory.string(), ends_.size(),
                                preset_.systems()));
  }
  ends_.resize(preset_.systems(), 0);
  for (std::size_t s = 0; s < ends_.size(); ++s) {
    if (resumed) {
      std::error_code error;
      const auto length = fs::file_size(file(s), error);
      if (error || length < ends_[s]) {
        throw DataError(fmt::format("{}: {}, but the checkpoint continues it from {} bytes on; put it back, or begin a new run",
                                    file(s).string(), error ? "is missing" : fmt::format("has {} bytes", length), ends_[s]));
      }
      OpenFile(file(s), O_WRONLY).cut(ends_[s]);
    } else {
      OpenFile(file(s), O_WRONLY | O_CREAT | O_TRUNC);
    }
  }
}

fs::path MdTrajectory::file(std::size_t system) const { return folder_ / (system_name(preset_, system) + ".xyz"); }

void MdTrajectory::add(AtomsBatch &batch, const std::vector<ThermoRow> &rows) {
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
    const std::string text = extended_xyz_text(atoms);
    OpenFile(file(s), O_WRONLY | O_APPEND).append(text);
    ends_[s] += text.size();
  }
}

std::vector<std::uint64_t> MdTrajectory::ends() const {
  for (std::size_t s = 0; s < ends_.size(); ++s) {
    OpenFile(file(s), O_WRONLY).force_to_disk();
  }
  return ends_;
}

} // namespace zener
