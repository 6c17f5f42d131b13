#include "host/neutral/system_means.hpp"

#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/elastic_tensor.hpp"

namespace zener {

void FrameMeans::add(const Atoms &frame) {
  ++frames_;
  volume_.push_back(volume(frame.cell));
  if (frame.velocity_A_ps.size() != frame.size()) {
    return;
  }
  double twice_kinetic = 0.0; // sum m v^2
  for (std::size_t i = 0; i < frame.size(); ++i) {
    const double momentum = atom_files::mass_of(frame, static_cast<std::size_t>(frame.type[i])) /
                            (atom_files::kRootEvPerAmu_A_ps * atom_files::kRootEvPerAmu_A_ps);
    for (const double v : frame.velocity_A_ps[i]) {
      twice_kinetic += momentum * v * v;
    }
  }
  if (frame.has_energy) {
    energy_.push_back(frame.total_energy_eV + 0.5 * twice_kinetic);
  }
  if (frame.has_virial) {
    const double trace = frame.virial_eV[0][0] + frame.virial_eV[1][1] + frame.virial_eV[2][2];
    pressure_.push_back((trace + twice_kinetic) / (3.0 * volume_.back()) * kGPa_per_eV_A3);
  }
}

SystemMeans FrameMeans::means() const {
  SystemMeans out;
  if (frames_ > 0) {
    out.volume_A3 = block_mean(volume_).mean;
    out.energy_eV = energy_.size() == frames_ ? block_mean(energy_) : kNoEstimate;
    out.pressure_GPa = pressure_.size() == frames_ ? block_mean(pressure_) : kNoEstimate;
  }
  return out;
}

} // namespace zener
