#include "apps/zener/mean_positions_files.hpp"

#include "apps/zener/open_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/atom_files.hpp"

#include <fmt/format.h>

#include <fstream>

namespace zener {

MeanPositionsFiles::MeanPositionsFiles(const std::filesystem::path &directory, const std::vector<std::string> &names,
                                       const std::vector<Atoms> &systems, const MeanPositionsPlan &plan, double frame_ps,
                                       double begin_ps, std::int64_t frames)
    : folder_(directory / "mean_positions"), names_(names), systems_(systems), frame_ps_(frame_ps), begin_ps_(begin_ps),
      window_frames_(plan.window_frames) {
  make_folder(folder_);
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    Atoms bare;
    bare.cell = systems_[s].cell;
    bare.elements = systems_[s].elements;
    bare.type = systems_[s].type;
    bare.id = systems_[s].id;
    bare.mass_amu = systems_[s].mass_amu;
    systems_[s] = std::move(bare);
    if (frames > 0) {
      cut(s, frames / window_frames_);
    } else {
      OpenFile(file(s), O_WRONLY | O_CREAT | O_TRUNC);
    }
  }
}

void MeanPositionsFiles::cut(std::size_t system, std::int64_t windows) const {
  std::ifstream in(file(system), std::ios::binary);
  const std::int64_t lines = windows * (static_cast<std::int64_t>(systems_[system].type.size()) + 2);
  std::uint64_t bytes = 0;
  std::string line;
  for (std::int64_t l = 0; l < lines; ++l) {
    if (!std::getline(in, line) || in.eof()) {
      throw DataError(
          fmt::format("{}: is missing or has fewer than {} frames, after which the checkpoint goes on; put it back, or "
                      "begin a new run",
                      file(system).string(), windows));
    }
    bytes += line.size() + 1;
  }
  in.close();
  OpenFile(file(system), O_WRONLY | O_CREAT).cut(bytes);
}

void MeanPositionsFiles::add(const std::vector<MeanPositions> &windows) {
  for (const MeanPositions &mean : windows) {
    const double middle = static_cast<double>(mean.window * window_frames_) + 0.5 * static_cast<double>(window_frames_ - 1);
    for (std::size_t s = 0; s < systems_.size(); ++s) {
      Atoms &frame = systems_[s];
      frame.position_A = mean.position_A.at(s);
      AtomColumn displacement{"displacement", 3, std::vector<double>{}};
      for (const Vector3 &one : mean.displacement_A.at(s)) {
        auto &values = std::get<std::vector<double>>(displacement.values);
        values.insert(values.end(), one.begin(), one.end());
      }
      frame.columns = {std::move(displacement)};
      frame.info = {{"time_ps", begin_ps_ + frame_ps_ * middle},
                    {"window_ps", frame_ps_ * static_cast<double>(window_frames_)}};
      OpenFile(file(s), O_WRONLY | O_APPEND).append(extended_xyz_text(frame));
    }
  }
}

void MeanPositionsFiles::force_to_disk() const {
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    OpenFile(file(s), O_WRONLY).force_to_disk();
  }
}

} // namespace zener
