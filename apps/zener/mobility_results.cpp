#include "apps/zener/mobility_results.hpp"

#include "apps/zener/result_file.hpp"
#include "apps/zener/statics_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char *kErrors = "of the value, from blocks of time; NaN where they are too few";

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json estimate_json(const Estimate &e) { return {{"mean", number(e.mean)}, {"standard_error", number(e.standard_error)}}; }

std::string text_of(const Estimate &e) {
  return std::isfinite(e.mean) ? fmt::format("{:.4g}", e.mean) +
                                     (std::isfinite(e.standard_error) ? fmt::format(" +- {:.2g}", e.standard_error) : "")
                               : "-";
}

// Values and errors of all groups, `rows` of them each.
void put_rows(H5File &file, const std::string &name, const std::vector<std::vector<double>> &value,
              const std::vector<std::vector<double>> &error, H5File::Shape shape, const std::string &units,
              const std::string &description) {
  std::vector<double> values, errors;
  for (std::size_t i = 0; i < value.size(); ++i) {
    values.insert(values.end(), value[i].begin(), value[i].end());
    errors.insert(errors.end(), error[i].begin(), error[i].end());
  }
  put(file, name + "/value", values, shape, units, description);
  put(file, name + "/standard_error", errors, shape, units, kErrors);
}

} // namespace

void put_mobility(H5File &file, const MobilityResult &result) {
  const std::string root = "/analyses/mobility";
  const std::size_t groups = result.groups.size(), lags = result.lag_ps.size();
  put(file, root + "/window_ps", std::vector<double>{result.window_ps}, {1}, "ps", "time that positions are averaged over");
  put(file, root + "/interval_ps", std::vector<double>{result.interval_ps}, {1}, "ps", "time in which an atom must move");
  put(file, root + "/intervals", std::vector<std::int64_t>{result.intervals}, {1}, "1", "intervals that were measured");
  put(file, root + "/lag_ps", result.lag_ps, {lags}, "ps", "time from the begin of an interval");
  std::vector<double> threshold;
  std::vector<std::vector<double>> share, share_error, solid, solid_error, moving, moving_error, chain, chain_error;
  for (const MobilityOfGroup &group : result.groups) {
    threshold.push_back(group.threshold_A);
    share.emplace_back();
    share_error.emplace_back();
    for (const Estimate &e : {group.along[0], group.along[1], group.along[2], group.diffusive}) {
      share.back().push_back(e.mean);
      share_error.back().push_back(e.standard_error);
    }
    for (std::size_t d = 0; d < kDirections; ++d) {
      solid.push_back(group.solid_msd.value[d]);
      solid_error.push_back(group.solid_msd.error[d]);
      moving.push_back(group.diffusive_msd.value[d]);
      moving_error.push_back(group.diffusive_msd.error[d]);
    }
    chain.push_back(group.solid_chain);
    chain_error.push_back(group.solid_chain_error);
    chain.push_back(group.diffusive_chain);
    chain_error.push_back(group.diffusive_chain_error);
  }
  put(file, root + "/threshold_A", threshold, {groups}, "A", "displacement from which on an atom is diffusive");
  put_rows(file, root + "/share", share, share_error, {groups, kDirections}, "1",
           "diffusive atoms of all, [group][mostly along x, y, z; all]");
  const std::string rows = ", [group][direction x, y, z, all][lag]";
  put_rows(file, root + "/msd_solid", solid, solid_error, {groups, kDirections, lags}, "A^2",
           "mean squared displacement of solid-like atoms" + rows);
  put_rows(file, root + "/msd_diffusive", moving, moving_error, {groups, kDirections, lags}, "A^2",
           "mean squared displacement of diffusive atoms" + rows);
  put_rows(
      file, root + "/msd_chain", chain, chain_error, {groups, 2, lags}, "A^2",
      "mean squared displacement along the chain (cMSD): of solid-like atoms the mean over x, y, z, of diffusive ones along "
      "the direction in which they moved most, [group][solid-like, diffusive][lag]");
}

Json mobility_json(const MobilityResult &result, const std::vector<std::string> &systems) {
  Json out = {{"window_ps", result.window_ps}, {"interval_ps", result.interval_ps}, {"intervals", result.intervals}};
  out["groups"] = Json::array();
  for (const MobilityOfGroup &group : result.groups) {
    Json one = {{"system", systems.at(group.system)},
                {"group", group.group},
                {"atoms", group.atoms},
                {"threshold_A", group.threshold_A},
                {"diffusive_share", estimate_json(group.diffusive)}};
    for (std::size_t d = 0; d < 3; ++d) {
      one[fmt::format("along_{}", "xyz"[d])] = estimate_json(group.along[d]);
    }
    out["groups"].push_back(std::move(one));
  }
  return out;
}

void add_mobility_numbers(Json &numbers, const MobilityResult &result, const std::vector<std::string> &systems) {
  for (const MobilityOfGroup &group : result.groups) {
    numbers.push_back(named_number(fmt::format("diffusive_share_{}_{}", systems.at(group.system), group.group), "1",
                                   number(group.diffusive.mean), number(group.diffusive.standard_error),
                                   fmt::format("atoms whose averaged position moves by more than {:.4g} A in {:.4g} ps",
                                               group.threshold_A, result.interval_ps)));
  }
}

std::string mobility_table(const MobilityResult &result, const std::vector<std::string> &systems) {
  constexpr std::size_t kMostLines = 40;
  std::string text = fmt::format("{:<10} {:<12} {:>9} {:>24} {:>20} {:>20} {:>20}\n", "system", "group", "atoms",
                                 "diffusive share", "along x", "along y", "along z");
  for (std::size_t g = 0; g < std::min(result.groups.size(), kMostLines); ++g) {
    const MobilityOfGroup &group = result.groups[g];
    text += fmt::format("{:<10} {:<12} {:>9} {:>24} {:>20} {:>20} {:>20}\n", systems.at(group.system), group.group, group.atoms,
                        text_of(group.diffusive), text_of(group.along[0]), text_of(group.along[1]), text_of(group.along[2]));
  }
  if (result.groups.size() > kMostLines) {
    text += fmt::format("and {} groups more in summary.json\n", result.groups.size() - kMostLines);
  }
  return text;
}

} // namespace zener
