#include "apps/zener/flux_results.hpp"

#include "apps/zener/result_file.hpp"
#include "apps/zener/statics_run.hpp"

#include <fmt/format.h>

#include <cmath>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char *kDirections[] = {"x", "y", "z"};
constexpr const char *kMaps[] = {"F_x(y, z)", "F_y(x, z)", "F_z(x, y)"};
constexpr const char *kAxes[][2] = {{"y", "z"}, {"x", "z"}, {"x", "y"}};
constexpr const char *kSign =
    "motion toward plus counts as positive; equation 6 of Wang et al. 2021 as printed counts motion toward minus";

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

struct Total {
  const char *name;
  Estimate FluxAcross::*crossings;
};
constexpr Total kTotals[] = {
    {"plus", &FluxAcross::plus_crossings}, {"minus", &FluxAcross::minus_crossings}, {"net", &FluxAcross::net_crossings}};

void put_across(H5File &file, const std::string &place, const FluxAcross &across, std::size_t d) {
  const H5File::Shape shape{across.axis_A[0].size(), across.axis_A[1].size()};
  put(file, place + "/planes_A", across.planes_A, {across.planes_A.size()}, "A", "places of the planes");
  std::vector<std::int64_t> crossings = across.crossings[0];
  crossings.insert(crossings.end(), across.crossings[1].begin(), across.crossings[1].end());
  put(file, place + "/crossings", crossings, {2, across.planes_A.size()}, "1", "crossings [toward plus, toward minus][plane]");
  std::vector<double> net = across.plus;
  for (std::size_t i = 0; i < net.size(); ++i) {
    net[i] -= across.minus[i];
  }
  for (std::size_t side = 0; side < 2; ++side) {
    const std::string name = kAxes[d][side];
    put(file, place + "/" + name + "_A", across.axis_A[side], {across.axis_A[side].size()}, "A",
        "points of the maps along " + name);
  }
  const std::string points = fmt::format(" [{}][{}]", kAxes[d][0], kAxes[d][1]);
  put(file, place + "/plus", across.plus, shape, "1", fmt::format("{} of motion toward plus", kMaps[d]) + points);
  put(file, place + "/minus", across.minus, shape, "1",
      fmt::format("{} of motion toward minus, as a positive number", kMaps[d]) + points);
  put(file, place + "/net", net, shape, "1", fmt::format("{}: plus less minus", kMaps[d]) + points);
  put(file, place + "/net_standard_error", across.net_error, shape, "1",
      "of net, from blocks of time; NaN where they are too few" + points);
  file.write_attribute(place + "/net", "sign", std::string(kSign));
}

} // namespace

void put_flux(H5File &file, const FluxResult &result, const std::vector<std::string> &systems) {
  const std::string root = "/analyses/flux";
  put(file, root + "/window_ps", std::vector<double>{result.window_ps}, {1}, "ps", "time that positions are averaged over");
  put(file, root + "/steps", std::vector<std::int64_t>{result.steps}, {1}, "1", "steps from one window to the next");
  put(file, root + "/block_ps", std::vector<double>{result.block_ps}, {1}, "ps", "length of a block of time");
  file.write_attribute(root, "sign", std::string(kSign));
  file.write_strings(root + "/system", systems, {systems.size()});
  for (std::size_t s = 0; s < result.systems.size(); ++s) {
    const FluxOfSystem &of = result.systems[s];
    const std::string place = root + "/" + systems.at(s);
    std::vector<double> value, error, flux, flux_error;
    for (std::size_t d = 0; d < 3; ++d) {
      put_across(file, place + "/" + kDirections[d], of.across[d], d);
      for (const Total &total : kTotals) {
        const Estimate &e = of.across[d].*(total.crossings);
        value.push_back(e.mean);
        error.push_back(e.standard_error);
        flux.push_back(e.mean * of.across[d].per_crossing);
        flux_error.push_back(e.standard_error * of.across[d].per_crossing);
      }
    }
    const std::string rows = " [direction x, y, z][toward plus, toward minus, net]";
    put(file, place + "/crossings", value, {3, 3}, "1", "crossings of all planes" + rows);
    put(file, place + "/crossings_standard_error", error, {3, 3}, "1",
        "from blocks of time; NaN where they are too few" + rows);
    put(file, place + "/flux", flux, {3, 3}, "1/(A^2 ps)",
        "atoms that cross a plane by area and time, mean over the planes" + rows);
    put(file, place + "/flux_standard_error", flux_error, {3, 3}, "1/(A^2 ps)",
        "from blocks of time; NaN where they are too few" + rows);
    file.write_attribute(place, "neighbour_A", of.neighbour_A);
    file.write_attribute(place, "inner_radius_A", of.inner_A);
    file.write_attribute(place, "outer_radius_A", of.outer_A);
    file.write_attribute(place, "cutoff_area_A2", of.cutoff_area_A2);
  }
}

Json flux_json(const FluxResult &result, const std::vector<std::string> &systems) {
  Json out = {{"window_ps", result.window_ps}, {"steps", result.steps}, {"block_ps", result.block_ps}, {"sign", kSign}};
  out["systems"] = Json::array();
  for (std::size_t s = 0; s < result.systems.size(); ++s) {
    const FluxOfSystem &of = result.systems[s];
    Json one = {{"system", systems.at(s)},
                {"neighbour_A", of.neighbour_A},
                {"cutoff_radii_A", {of.inner_A, of.outer_A}},
                {"cutoff_area_A2", of.cutoff_area_A2}};
    for (std::size_t d = 0; d < 3; ++d) {
      const FluxAcross &across = of.across[d];
      Json &direction = one[kDirections[d]];
      direction["planes"] = across.planes_A.size();
      for (const Total &total : kTotals) {
        const Estimate &e = across.*(total.crossings);
        direction[total.name] = {{"crossings", e.mean},
                                 {"crossings_standard_error", number(e.standard_error)},
                                 {"flux_per_A2_ps", e.mean * across.per_crossing},
                                 {"flux_standard_error", number(e.standard_error * across.per_crossing)}};
      }
    }
    out["systems"].push_back(std::move(one));
  }
  return out;
}

void add_flux_numbers(Json &numbers, const FluxResult &result, const std::vector<std::string> &systems) {
  for (std::size_t s = 0; s < result.systems.size(); ++s) {
    for (std::size_t d = 0; d < 3; ++d) {
      const FluxAcross &across = result.systems[s].across[d];
      for (const Total &total : kTotals) {
        const Estimate &e = across.*(total.crossings);
        numbers.push_back(named_number(fmt::format("flux_{}_{}_{}", kDirections[d], total.name, systems.at(s)), "1/(A^2 ps)",
                                       e.mean * across.per_crossing, number(e.standard_error * across.per_crossing),
                                       "atoms that cross a plane between layers, by area and time"));
      }
    }
  }
}

std::string flux_table(const FluxResult &result, const std::vector<std::string> &systems) {
  constexpr std::size_t kMostSystems = 12;
  std::string text = fmt::format("{:<10} {:<9} {:>7} {:>14} {:>14} {:>14} {:>24}\n", "system", "flux", "planes", "toward plus",
                                 "toward minus", "net", "net flux (1/(A^2 ps))");
  for (std::size_t s = 0; s < std::min(result.systems.size(), kMostSystems); ++s) {
    for (std::size_t d = 0; d < 3; ++d) {
      const FluxAcross &across = result.systems[s].across[d];
      const Estimate &net = across.net_crossings;
      const double error = net.standard_error * across.per_crossing;
      text += fmt::format("{:<10} {:<9} {:>7} {:>14} {:>14} {:>14} {:>24}\n", systems.at(s), kMaps[d], across.planes_A.size(),
                          across.plus_crossings.mean, across.minus_crossings.mean, net.mean,
                          fmt::format("{:.4g}", net.mean * across.per_crossing) +
                              (std::isfinite(error) ? fmt::format(" +- {:.2g}", error) : ""));
    }
  }
  if (result.systems.size() > kMostSystems) {
    text += fmt::format("and {} systems more in summary.json\n", result.systems.size() - kMostSystems);
  }
  return text;
}

} // namespace zener
