// What a run of the neb driver knows of its bands, and the files that it writes: neb.h5, neb.csv, neb.txt, summary.json,
// paths/.
#pragma once

#include "apps/zener/statics_run.hpp"
#include "host/neutral/neb_preset.hpp"
#include "host/neutral/path_profile.hpp"

#include <algorithm>
#include <limits>

namespace zener {

enum class BandStatus { not_run, converged, out_of_steps, lost, end_lost, ends_alike };

// Where a barrier was read off.
enum class BarrierFrom { none, climbing_image, spline, end };

// P = images + 2 points of a path, ends included.
struct NebBand {
  std::size_t path = 0; // of the preset's list
  std::string name;
  std::size_t atoms = 0;
  BandStatus status = BandStatus::not_run;
  bool ends_converged = false;
  bool end_moved = false; // into another minimum
  double longest_way_A = std::numeric_limits<double>::quiet_NaN();

  std::vector<PathPoint> points;          // [P]; empty for bands without a result
  std::vector<double> largest_force_eV_A; // [P] without springs
  std::int64_t steps = 0;
  std::int64_t force_calls = 0;
  double band_force_eV_A = std::numeric_limits<double>::quiet_NaN(); // with springs and projections
  std::size_t saddle = 0;                                            // the highest of the points
  BarrierFrom from = BarrierFrom::none;
  double forward_eV = std::numeric_limits<double>::quiet_NaN();
  double backward_eV = std::numeric_limits<double>::quiet_NaN();
  double difference_eV = std::numeric_limits<double>::quiet_NaN(); // last minus first end
  PathProfile spline;

  bool converged() const { return status == BandStatus::converged && ends_converged; }
  // A valley of the spline that is deeper than rounding and the spline's own waves.
  bool has_minimum() const { return spline.valley_depth_eV > kWaves_eV; }
  // It lies below both ends: they are not the minima that the atoms would be in.
  bool has_lower_minimum() const {
    return has_minimum() && spline.valley_eV < std::min(points.front().energy_eV, points.back().energy_eV) - kWaves_eV;
  }
  static constexpr double kWaves_eV = 0.005;
};

// Takes what a finished band found: `frames` [P] with energies and forces, positions not wrapped.
void set_path(NebBand &band, const std::vector<Atoms> &frames, const BandReport &report);

// NAME.xyz, all frames, and NAME_saddle.xyz.
void write_path_files(const std::filesystem::path &folder, const NebBand &band, std::vector<Atoms> frames);

struct NebWork {
  std::int64_t force_calls = 0; // one for each image and step, ends included
  double seconds = 0.0;
};

// All files but those of write_path_files, and the table on standard output.
void write_neb_results(const StaticsRun &run, const NebPreset &preset, const std::vector<NebBand> &bands, const NebWork &work,
                       bool stopped);

} // namespace zener
