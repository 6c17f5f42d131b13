#include "host/neutral/smoothed_preset.hpp"

#include "host/neutral/preset_parts.hpp"

#include <fmt/format.h>

namespace zener {
namespace {

using nlohmann::json;

constexpr const char *kNames[] = {"x", "y", "z"};
constexpr double kLongest_ps = 1e9;

double read_time(ObjectReader &keys, const std::string &key, double fallback) {
  return read_in_range(keys, key, 1e-9, kLongest_ps, fallback);
}

std::optional<double> read_length(ObjectReader &keys, const std::string &key) {
  return is_given(keys, key) ? std::optional(read_in_range(keys, key, 1e-3, 1e4)) : std::nullopt;
}

bool is_length(const json &value) { return value.is_number() && value.get<double>() >= 0.0 && value.get<double>() <= 1e9; }

FluxPlan read_flux(ObjectReader &analyses) {
  ObjectReader keys = analyses.object("flux");
  FluxPlan plan;
  plan.window_ps = read_time(keys, "window_ps", plan.window_ps);
  ObjectReader planes = keys.object("planes_A");
  for (std::size_t d = 0; d < 3; ++d) {
    if (!is_given(planes, kNames[d])) {
      continue;
    }
    const json &met = planes.value(kNames[d]);
    plan.planes_A[d].emplace();
    for (std::size_t p = 0; met.is_array() && p < met.size(); ++p) {
      if (!is_length(met[p]) || (p > 0 && !(met[p].get<double>() > met[p - 1].get<double>()))) {
        planes.refuse_value(kNames[d], met, "lengths from the cell's origin, A, ascending");
      }
      plan.planes_A[d]->push_back(met[p].get<double>());
    }
    if (!met.is_array()) {
      planes.refuse_value(kNames[d], met, "a list of lengths from the cell's origin, A");
    }
  }
  planes.finish();
  plan.neighbour_A = read_length(keys, "neighbour_A");
  if (is_given(keys, "cutoff_radii_A")) {
    const json &met = keys.value("cutoff_radii_A");
    if (!met.is_array() || met.size() != 2 || !is_length(met[0]) || !is_length(met[1]) ||
        !(met[0].get<double>() < met[1].get<double>())) {
      keys.refuse_value("cutoff_radii_A", met, "two lengths, the first smaller than the second, A");
    }
    plan.cutoff_radii = {met[0].get<double>(), met[1].get<double>()};
  }
  plan.grid_A = read_length(keys, "grid_A");
  keys.finish();
  return plan;
}

MobilityPlan read_mobility(ObjectReader &analyses) {
  ObjectReader keys = analyses.object("mobility");
  MobilityPlan plan;
  plan.window_ps = read_time(keys, "window_ps", plan.window_ps);
  plan.interval_ps = read_time(keys, "interval_ps", plan.interval_ps);
  plan.threshold_A = read_length(keys, "threshold_A");
  keys.finish();
  return plan;
}

template <class T> json or_null(const std::optional<T> &value) { return value ? json(*value) : json(); }

} // namespace

void read_smoothed(ObjectReader &analyses, AnalysisPlan &plan) {
  if (is_given(analyses, "flux")) {
    plan.flux = read_flux(analyses);
  }
  if (is_given(analyses, "mobility")) {
    plan.mobility = read_mobility(analyses);
  }
  if (is_given(analyses, "mean_positions")) {
    ObjectReader keys = analyses.object("mean_positions");
    plan.mean_positions.emplace();
    plan.mean_positions->window_ps = read_time(keys, "window_ps", plan.mean_positions->window_ps);
    keys.finish();
  }
}

void put_smoothed(json &analyses, const AnalysisPlan &plan) {
  if (plan.flux) {
    json planes = json::object();
    for (std::size_t d = 0; d < 3; ++d) {
      planes[kNames[d]] = or_null(plan.flux->planes_A[d]);
    }
    analyses["flux"] = {{"window_ps", plan.flux->window_ps},
                        {"planes_A", planes},
                        {"neighbour_A", or_null(plan.flux->neighbour_A)},
                        {"cutoff_radii_A", or_null(plan.flux->cutoff_radii)},
                        {"grid_A", or_null(plan.flux->grid_A)}};
  }
  if (plan.mobility) {
    analyses["mobility"] = {{"window_ps", plan.mobility->window_ps},
                            {"interval_ps", plan.mobility->interval_ps},
                            {"threshold_A", or_null(plan.mobility->threshold_A)}};
  }
  if (plan.mean_positions) {
    analyses["mean_positions"] = {{"window_ps", plan.mean_positions->window_ps}};
  }
}

} // namespace zener
