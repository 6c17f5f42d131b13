#include "apps/zener/all_origins_results.hpp"

#include "apps/zener/motion_results.hpp"
#include "apps/zener/result_file.hpp"
#include "apps/zener/statics_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

using CurveOf = std::array<std::vector<double>, kDirections> GroupAllOrigins::*;

void put_curve(H5File &file, const std::string &name, const AllOriginsResult &result, CurveOf curve, const std::string &units,
               const std::string &description) {
  std::vector<double> values;
  for (const GroupAllOrigins &group : result.groups) {
    for (const std::vector<double> &one : group.*curve) {
      values.insert(values.end(), one.begin(), one.end());
    }
  }
  if (!values.empty()) {
    put(file, name, values, {result.groups.size(), kDirections, result.lag_ps.size()}, units,
        description + ", [group][direction x, y, z, all][lag]");
  }
}

bool is_known(const GroupAllOrigins &group) { return std::isfinite(group.diffusion[3].mean); }

} // namespace

void put_all_origins(H5File &file, const AllOriginsResult &result) {
  if (result.frames == 0) {
    return;
  }
  const std::string folder = "/analyses/all_origins";
  put(file, folder + "/lag_ps", result.lag_ps, {result.lag_ps.size()}, "ps", "lags");
  put_curve(file, folder + "/msd/value", result, &GroupAllOrigins::msd, "A^2",
            "mean squared displacement over all origins of time");
  put_curve(file, folder + "/vacf/value", result, &GroupAllOrigins::vacf, "A^2/ps^2",
            "velocity autocorrelation <v(0) v(t)> over all origins of time");
  if (!result.single_msd_A2.empty()) {
    put(file, folder + "/atoms/lag_ps", result.single_lag_ps, {result.single_lag_ps.size()}, "ps", "lags of single atoms");
    put(file, folder + "/atoms/msd", result.single_msd_A2, {result.atoms, kDirections, result.single_lag_ps.size()}, "A^2",
        "squared displacement of each atom, mean over its origins, [atom][direction x, y, z, all][lag]; systems one after "
        "the other");
    put(file, folder + "/atoms/diffusion", result.single_diffusion_A2_ps, {result.atoms, kDirections}, "A^2/ps",
        "slope/2 by direction, slope/6 for all, of each atom's squared displacement, [atom][direction x, y, z, all]");
  }
}

void add_all_origins(Json &analyses, const AllOriginsResult &result) {
  if (result.frames == 0) {
    return;
  }
  analyses["all_origins"] = {{"longest_lag_ps", result.lag_ps.back()}, {"fit_ps", {result.fit_ps[0], result.fit_ps[1]}}};
  for (std::size_t g = 0; g < result.groups.size(); ++g) {
    if (is_known(result.groups[g])) {
      analyses["groups"][g]["diffusion_A2_ps"]["all_origins"] = directions_json(result.groups[g].diffusion);
    }
  }
}

void add_all_origins_numbers(Json &numbers, const AllOriginsResult &result, const std::vector<std::string> &systems) {
  for (const GroupAllOrigins &group : result.groups) {
    if (is_known(group)) {
      const Json estimate = estimate_json(group.diffusion[3]);
      numbers.push_back(named_number(fmt::format("D_all_origins_{}_{}", systems.at(group.system), group.group), "A^2/ps",
                                     estimate["mean"], estimate["standard_error"],
                                     "self-diffusion from the slope of the mean squared displacement over all origins of time; "
                                     "error from the spread of single atoms"));
    }
  }
}

std::string all_origins_table(const AllOriginsResult &result, const std::vector<std::string> &systems) {
  constexpr std::size_t kMostLines = 40;
  std::string text;
  for (std::size_t g = 0; g < std::min(result.groups.size(), kMostLines); ++g) {
    const GroupAllOrigins &group = result.groups[g];
    if (is_known(group)) {
      text +=
          text.empty() ? fmt::format("{:<10} {:<12} {:>9} {:>28}\n", "system", "group", "atoms", "D all origins (A^2/ps)") : "";
      text += fmt::format("{:<10} {:<12} {:>9} {:>28}\n", systems.at(group.system), group.group, group.atoms,
                          text_of(group.diffusion[3]));
    }
  }
  return text;
}

} // namespace zener
