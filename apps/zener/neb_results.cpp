#include "apps/zener/neb_results.hpp"

#include "apps/zener/result_file.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kEqual_eV = 1e-3; // ends of equal energy are images of each other, as far as a barrier goes

const char *word(BandStatus status) {
  constexpr const char *kWords[] = {"not run", "converged", "out of steps", "lost", "end lost", "ends alike"};
  return kWords[static_cast<int>(status)];
}

const char *word(BarrierFrom from) {
  constexpr const char *kWords[] = {"none", "climbing image", "spline", "end"};
  return kWords[static_cast<int>(from)];
}

double dot(const std::vector<Vector3> &a, const std::vector<Vector3> &b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += a[i][0] * b[i][0] + a[i][1] * b[i][1] + a[i][2] * b[i][2];
  }
  return sum;
}

// The unit vector from a to b in the space of all atoms, and its length.
std::pair<std::vector<Vector3>, double> way(const Atoms &a, const Atoms &b) {
  std::vector<Vector3> t(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) {
      t[i][d] = b.position_A[i][d] - a.position_A[i][d];
    }
  }
  const double length = std::sqrt(dot(t, t));
  for (Vector3 &v : t) {
    for (double &x : v) {
      x /= length;
    }
  }
  return {std::move(t), length};
}

// What the bands of one entry of the preset's list say together.
Json group_json(const PathChoice &path, std::size_t p, const std::vector<NebBand> &bands) {
  std::size_t count = 0;
  std::size_t converged = 0;
  const NebBand *lowest = nullptr;
  double highest = kNone;
  double lowest_equal = kNone;
  for (const NebBand &band : bands) {
    if (band.path != p) {
      continue;
    }
    ++count;
    if (!band.converged() || band.end_moved) {
      continue;
    }
    ++converged;
    lowest = lowest == nullptr || band.forward_eV < lowest->forward_eV ? &band : lowest;
    highest = std::fmax(highest, band.forward_eV);
    if (std::abs(band.difference_eV) < kEqual_eV) {
      lowest_equal = std::fmin(lowest_equal, band.forward_eV);
    }
  }
  return {{"path", path.name},
          {"kind", path.kind},
          {"bands", count},
          {"converged", converged},
          {"lowest_barrier_eV", lowest == nullptr ? kNone : lowest->forward_eV},
          {"lowest_band", lowest == nullptr ? Json(nullptr) : Json(lowest->name)},
          {"highest_barrier_eV", highest},
          {"lowest_barrier_between_equal_ends_eV", lowest_equal}};
}

Json band_json(const NebBand &band, const std::string &path) {
  Json points = Json::array();
  for (std::size_t m = 0; m < band.points.size(); ++m) {
    points.push_back({{"s_A", band.points[m].s_A},
                      {"energy_eV", band.points[m].energy_eV - band.points.front().energy_eV},
                      {"largest_force_eV_A", band.largest_force_eV_A[m]}});
  }
  return {{"band", band.name},
          {"path", path},
          {"atoms", band.atoms},
          {"status", word(band.status)},
          {"converged", band.converged()},
          {"ends_at_rest", band.ends_converged},
          {"end_in_another_minimum", band.end_moved},
          {"forward_eV", band.forward_eV},
          {"backward_eV", band.backward_eV},
          {"energy_difference_eV", band.difference_eV},
          {"barrier_from", word(band.from)},
          {"spline_forward_eV", band.points.empty() ? kNone : band.spline.highest_eV - band.points.front().energy_eV},
          {"saddle_image", band.points.empty() ? Json(nullptr) : Json(band.saddle)},
          {"intermediate_minimum", band.has_minimum()},
          {"intermediate_minimum_depth_eV", band.has_minimum() ? band.spline.valley_depth_eV : 0.0},
          {"intermediate_minimum_eV",
           band.has_minimum() ? Json(band.spline.valley_eV - band.points.front().energy_eV) : Json(nullptr)},
          {"minimum_below_both_ends", band.has_lower_minimum()},
          {"length_A", band.points.empty() ? kNone : band.points.back().s_A},
          {"longest_way_A", band.longest_way_A},
          {"steps", band.steps},
          {"force_calls", band.force_calls},
          {"largest_band_force_eV_A", band.band_force_eV_A},
          {"points", points}};
}

void write_h5(const StaticsRun &run, const NebPreset &preset, const std::vector<NebBand> &bands) {
  H5File file = create_result_file(run.folder() / "neb.h5", "zener-neb-1", "neb", preset.title, run.preset_text());
  const std::size_t rows = bands.size();
  const auto points = static_cast<std::size_t>(preset.images) + 2;
  std::vector<std::string> names, paths, status, from;
  std::vector<std::uint8_t> converged, moved, minimum;
  std::vector<std::int64_t> saddle, steps, calls;
  std::vector<double> forward, backward, difference, spline, depth;
  std::vector<double> s(rows * points, kNone), energy(s), slope(s), force(s);
  for (std::size_t b = 0; b < rows; ++b) {
    const NebBand &band = bands[b];
    names.push_back(band.name);
    paths.push_back(preset.paths[band.path].name);
    status.emplace_back(word(band.status));
    from.emplace_back(word(band.from));
    converged.push_back(band.converged() ? 1 : 0);
    moved.push_back(band.end_moved ? 1 : 0);
    minimum.push_back(band.has_minimum() ? 1 : 0);
    saddle.push_back(band.points.empty() ? -1 : static_cast<std::int64_t>(band.saddle));
    steps.push_back(band.steps);
    calls.push_back(band.force_calls);
    forward.push_back(band.forward_eV);
    backward.push_back(band.backward_eV);
    difference.push_back(band.difference_eV);
    spline.push_back(band.points.empty() ? kNone : band.spline.highest_eV - band.points.front().energy_eV);
    depth.push_back(band.has_minimum() ? band.spline.valley_depth_eV : 0.0);
    for (std::size_t m = 0; m < band.points.size(); ++m) {
      s[b * points + m] = band.points[m].s_A;
      energy[b * points + m] = band.points[m].energy_eV;
      slope[b * points + m] = band.points[m].slope_eV_A;
      force[b * points + m] = band.largest_force_eV_A[m];
    }
  }
  file.write_strings("/band", names, {rows});
  file.write_strings("/path", paths, {rows});
  file.write_strings("/status", status, {rows});
  file.write_strings("/barrier_from", from, {rows});
  put(file, "/converged", converged, {rows}, "1", "the band and both ends");
  put(file, "/end_in_another_minimum", moved, {rows}, "1", "an end relaxed into another minimum than the one it began in");
  put(file, "/forward_eV", forward, {rows}, "eV", "barrier from the first end");
  put(file, "/backward_eV", backward, {rows}, "eV", "barrier from the last end");
  put(file, "/energy_difference_eV", difference, {rows}, "eV", "last end minus first end");
  put(file, "/spline_forward_eV", spline, {rows}, "eV", "highest point of the cubic Hermite spline above the first end");
  put(file, "/saddle_image", saddle, {rows}, "1", "the highest point of the path, 0 is the first end; -1 without a result");
  put(file, "/intermediate_minimum", minimum, {rows}, "1", "the spline has a valley deeper than 0.005 eV");
  put(file, "/intermediate_minimum_depth_eV", depth, {rows}, "eV", "of the valley below the lower of its two tops");
  put(file, "/steps", steps, {rows}, "1", "steps of the band");
  put(file, "/force_calls", calls, {rows}, "1", "steps times images");
  put(file, "/reaction_coordinate_A", s, {rows, points}, "A", "length of the path until here; ends included");
  put(file, "/energy_eV", energy, {rows, points}, "eV", "potential energy");
  put(file, "/slope_eV_A", slope, {rows, points}, "eV/A", "dE/ds along the path");
  put(file, "/largest_force_eV_A", force, {rows, points}, "eV/A", "largest force on an atom, without springs");
  file.close();
}

} // namespace

void set_path(NebBand &band, const std::vector<Atoms> &frames, const BandReport &report) {
  band.status = report.status == BandReport::Status::converged ? BandStatus::converged : BandStatus::out_of_steps;
  band.steps = report.progress.steps;
  band.force_calls = band.steps * static_cast<std::int64_t>(frames.size() - 2);
  band.band_force_eV_A = report.largest_force_eV_A;
  std::vector<std::pair<std::vector<Vector3>, double>> ways;
  for (std::size_t m = 0; m + 1 < frames.size(); ++m) {
    ways.push_back(way(frames[m], frames[m + 1]));
  }
  double s = 0.0;
  for (std::size_t m = 0; m < frames.size(); ++m) {
    // The tangent: that of the one segment at an end, halfway between those of two at an image.
    const std::vector<Vector3> &before = ways[m == 0 ? 0 : m - 1].first;
    const std::vector<Vector3> &after = ways[std::min(m, ways.size() - 1)].first;
    const double norm = std::sqrt(2.0 + 2.0 * dot(before, after));
    const double pull = dot(frames[m].force_eV_A, before) + dot(frames[m].force_eV_A, after);
    s += m == 0 ? 0.0 : ways[m - 1].second;
    band.points.push_back({s, frames[m].total_energy_eV, norm > 0.0 ? -pull / norm : 0.0});
    band.largest_force_eV_A.push_back(largest_length(frames[m].force_eV_A));
  }
  band.spline = path_profile(band.points);
  const auto top = std::max_element(band.points.begin(), band.points.end(),
                                    [](const PathPoint &a, const PathPoint &b) { return a.energy_eV < b.energy_eV; });
  band.saddle = static_cast<std::size_t>(top - band.points.begin());
  double highest = top->energy_eV;
  if (report.progress.climbing && report.top >= 0) {
    band.from = BarrierFrom::climbing_image;
  } else {
    highest = band.spline.highest_eV;
    band.from = highest > std::max(band.points.front().energy_eV, band.points.back().energy_eV) ? BarrierFrom::spline
                                                                                                : BarrierFrom::end;
  }
  band.forward_eV = highest - band.points.front().energy_eV;
  band.backward_eV = highest - band.points.back().energy_eV;
  band.difference_eV = band.points.back().energy_eV - band.points.front().energy_eV;
}

void write_path_files(const std::filesystem::path &folder, const NebBand &band, std::vector<Atoms> frames) {
  for (std::size_t m = 0; m < frames.size(); ++m) {
    frames[m].info.emplace_back("band", band.name);
    frames[m].info.emplace_back("frame", static_cast<std::int64_t>(m));
    frames[m].info.emplace_back("reaction_coordinate_A", band.points[m].s_A);
  }
  write_atoms(folder / (band.name + ".xyz"), frames);
  write_atoms(folder / (band.name + "_saddle.xyz"), std::span(frames).subspan(band.saddle, 1));
}

void write_neb_results(const StaticsRun &run, const NebPreset &preset, const std::vector<NebBand> &bands, const NebWork &work,
                       bool stopped) {
  std::string csv = "band,path,atoms,status,converged,end_in_another_minimum,forward_eV,backward_eV,energy_difference_eV,"
                    "barrier_from,spline_forward_eV,saddle_image,intermediate_minimum_depth_eV,length_A,steps,force_calls\n";
  std::string text = fmt::format("{:<28} {:>8} {:>12} {:>12} {:>12} {:>10} {:>7}\n", "band", "atoms", "forward (eV)",
                                 "backward", "difference", "valley", "steps");
  Json rows = Json::array();
  for (const NebBand &band : bands) {
    rows.push_back(band_json(band, preset.paths[band.path].name));
    const Json &row = rows.back();
    csv += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", band.name, preset.paths[band.path].name, band.atoms,
                       word(band.status), band.converged() ? "yes" : "no", band.end_moved ? "yes" : "no",
                       number_or_dash(band.forward_eV, "{}"), number_or_dash(band.backward_eV, "{}"),
                       number_or_dash(band.difference_eV, "{}"), word(band.from),
                       number_or_dash(row.at("spline_forward_eV").get<double>(), "{}"), row.at("saddle_image").dump(),
                       band.has_minimum() ? band.spline.valley_depth_eV : 0.0,
                       number_or_dash(row.at("length_A").get<double>(), "{}"), band.steps, band.force_calls);
    std::string remark = band.status == BandStatus::converged ? "" : fmt::format("  {}", word(band.status));
    remark += band.end_moved ? "  an end in another minimum" : "";
    remark += band.has_lower_minimum() ? "  a minimum below the ends" : "";
    remark += band.converged() || band.status != BandStatus::converged ? "" : "  an end not at rest";
    text += fmt::format("{:<28} {:>8} {:>12} {:>12} {:>12} {:>10} {:>7}{}\n", band.name, band.atoms,
                        number_or_dash(band.forward_eV, "{:.5f}"), number_or_dash(band.backward_eV, "{:.5f}"),
                        number_or_dash(band.difference_eV, "{:.5f}"),
                        band.has_minimum() ? fmt::format("{:.4f}", band.spline.valley_depth_eV) : "-", band.steps, remark);
  }
  Json groups = Json::array();
  Json numbers = Json::array();
  for (std::size_t p = 0; p < preset.paths.size(); ++p) {
    groups.push_back(group_json(preset.paths[p], p, bands));
    numbers.push_back(named_number("barrier_" + preset.paths[p].name, "eV", groups.back().at("lowest_barrier_eV"), nullptr,
                                   "lowest barrier of the path's converged bands, from their first ends"));
  }
  const auto done =
      static_cast<double>(std::count_if(bands.begin(), bands.end(), [](const NebBand &band) { return !band.points.empty(); }));
  const double seconds = std::max(work.seconds, 1e-9);
  write_file_atomically(run.folder() / "neb.csv", csv);
  write_file_atomically(run.folder() / "neb.txt", text);
  write_h5(run, preset, bands);
  run.write_summary(stopped ? "interrupted" : "finished",
                    {{"numbers", numbers},
                     {"paths", groups},
                     {"bands", rows},
                     {"throughput",
                      {{"force_calls", work.force_calls},
                       {"seconds", work.seconds},
                       {"force_calls_per_s", static_cast<double>(work.force_calls) / seconds},
                       {"bands_per_s", done / seconds}}}});
  std::cout << text;
}

} // namespace zener
