#include "apps/zener/motion_results.hpp"

#include "apps/zener/result_file.hpp"
#include "apps/zener/statics_run.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char *kRows = ", [group][direction x, y, z, all][point]";

using CurveOf = DirectionalCurve GroupMotion::*;

void put_curve(H5File &file, const std::string &name, const MotionResult &result, CurveOf curve, const std::string &units,
               const std::string &description) {
  std::vector<double> value, error;
  std::size_t points = 0;
  for (const GroupMotion &group : result.groups) {
    for (std::size_t d = 0; d < kDirections; ++d) {
      const std::vector<double> &v = (group.*curve).value[d], &e = (group.*curve).error[d];
      value.insert(value.end(), v.begin(), v.end());
      error.insert(error.end(), e.begin(), e.end());
      points = v.size();
    }
  }
  const H5File::Shape shape{result.groups.size(), kDirections, points};
  put(file, name + "/value", value, shape, units, description + kRows);
  put(file, name + "/standard_error", error, shape, units, "of the value, from blocks of time; NaN where they are too few");
}

struct Method {
  const char *name;
  const char *description;
  DirectionalEstimate GroupMotion::*estimate;
};
constexpr Method kMethods[] = {
    {"msd", "self-diffusion from the slope of the mean squared displacement", &GroupMotion::msd_diffusion},
    {"green_kubo", "self-diffusion from the integral of the velocity autocorrelation over all its lags",
     &GroupMotion::vacf_diffusion},
    {"zero_frequency", "self-diffusion from the density of states at frequency 0", &GroupMotion::zero_diffusion}};

bool is_known(const GroupMotion &group, const Method &method) { return std::isfinite((group.*(method.estimate))[3].mean); }

} // namespace

Json estimate_json(const Estimate &e) {
  return {{"mean", std::isfinite(e.mean) ? Json(e.mean) : Json()},
          {"standard_error", std::isfinite(e.standard_error) ? Json(e.standard_error) : Json()}};
}

Json directions_json(const DirectionalEstimate &estimate) {
  Json out = Json::object();
  for (std::size_t d = 0; d < kDirections; ++d) {
    out[std::array{"x", "y", "z", "all"}[d]] = estimate_json(estimate[d]);
  }
  return out;
}

std::string text_of(const Estimate &e) {
  return !std::isfinite(e.mean) ? "-"
                                : fmt::format("{:.4g}", e.mean) +
                                      (std::isfinite(e.standard_error) ? fmt::format(" +- {:.2g}", e.standard_error) : "");
}

void put_motion(H5File &file, const MotionResult &result, const std::vector<std::string> &systems) {
  std::vector<std::string> names, of;
  std::vector<std::int64_t> atoms;
  for (const GroupMotion &group : result.groups) {
    names.push_back(group.group);
    of.push_back(systems.at(group.system));
    atoms.push_back(group.atoms);
  }
  const H5File::Shape each{names.size()};
  file.write_strings("/analyses/group", names, each);
  file.write_strings("/analyses/system", of, each);
  put(file, "/analyses/atoms", atoms, each, "1", "atoms of each group");
  put(file, "/analyses/frames", std::vector<std::int64_t>{result.frames}, {1}, "1", "frames that were measured");
  put(file, "/analyses/frame_interval_ps", std::vector<double>{result.frame_ps}, {1}, "ps", "time between two frames");
  if (!result.msd_lag_ps.empty()) {
    put(file, "/analyses/msd/lag_ps", result.msd_lag_ps, {result.msd_lag_ps.size()}, "ps", "lags");
    put(file, "/analyses/msd/pairs", result.msd_pairs, {result.msd_pairs.size()}, "1", "pairs of frames behind each lag");
    put_curve(file, "/analyses/msd", result, &GroupMotion::msd, "A^2", "mean squared displacement");
  }
  if (!result.vacf_lag_ps.empty()) {
    put(file, "/analyses/vacf/lag_ps", result.vacf_lag_ps, {result.vacf_lag_ps.size()}, "ps", "lags");
    put(file, "/analyses/vacf/pairs", result.vacf_pairs, {result.vacf_pairs.size()}, "1", "pairs of samples behind each lag");
    put_curve(file, "/analyses/vacf", result, &GroupMotion::vacf, "A^2/ps^2", "velocity autocorrelation <v(0) v(t)>");
    put_curve(file, "/analyses/green_kubo", result, &GroupMotion::integral, "A^2/ps",
              "integral of the velocity autocorrelation to the lag, a third of it for all");
  }
  if (!result.frequency_THz.empty()) {
    put(file, "/analyses/density_of_states/frequency_THz", result.frequency_THz, {result.frequency_THz.size()}, "THz",
        "frequencies");
    put_curve(file, "/analyses/density_of_states", result, &GroupMotion::density_of_states, "1/THz",
              "vibrational density of states, weighted by mass, normalised to 3");
  }
}

Json motion_json(const MotionResult &result, const std::vector<std::string> &systems) {
  Json out = {{"frames", result.frames}, {"frame_interval_ps", result.frame_ps}};
  if (!result.msd_lag_ps.empty()) {
    out["msd"] = {{"longest_lag_ps", result.msd_lag_ps.back()},
                  {"block_ps", result.msd_block_ps},
                  {"fit_ps", {result.fit_ps[0], result.fit_ps[1]}}};
  }
  if (!result.vacf_lag_ps.empty()) {
    out["vacf"] = {{"longest_lag_ps", result.vacf_lag_ps.back()}, {"block_ps", result.vacf_block_ps}};
  }
  out["groups"] = Json::array();
  for (const GroupMotion &group : result.groups) {
    Json one = {{"system", systems.at(group.system)}, {"group", group.group}, {"atoms", group.atoms}};
    for (const Method &method : kMethods) {
      if (is_known(group, method)) {
        one["diffusion_A2_ps"][method.name] = directions_json(group.*(method.estimate));
      }
    }
    out["groups"].push_back(std::move(one));
  }
  return out;
}

void add_motion_numbers(Json &numbers, const MotionResult &result, const std::vector<std::string> &systems) {
  for (const GroupMotion &group : result.groups) {
    for (const Method &method : kMethods) {
      if (is_known(group, method)) {
        const Json estimate = estimate_json((group.*(method.estimate))[3]);
        numbers.push_back(named_number(fmt::format("D_{}_{}_{}", method.name, systems.at(group.system), group.group), "A^2/ps",
                                       estimate["mean"], estimate["standard_error"], method.description));
      }
    }
  }
}

std::string motion_table(const MotionResult &result, const std::vector<std::string> &systems) {
  constexpr std::size_t kMostLines = 40;
  if (result.msd_lag_ps.empty() && result.vacf_lag_ps.empty()) {
    return "";
  }
  std::string text = fmt::format("{:<10} {:<12} {:>9} {:>24} {:>24} {:>24}\n", "system", "group", "atoms", "D msd (A^2/ps)",
                                 "D Green-Kubo", "D from F(0)");
  for (std::size_t g = 0; g < std::min(result.groups.size(), kMostLines); ++g) {
    const GroupMotion &group = result.groups[g];
    text += fmt::format("{:<10} {:<12} {:>9} {:>24} {:>24} {:>24}\n", systems.at(group.system), group.group, group.atoms,
                        text_of(group.msd_diffusion[3]), text_of(group.vacf_diffusion[3]), text_of(group.zero_diffusion[3]));
  }
  if (result.groups.size() > kMostLines) {
    text += fmt::format("and {} groups more in summary.json\n", result.groups.size() - kMostLines);
  }
  return text;
}

} // namespace zener
