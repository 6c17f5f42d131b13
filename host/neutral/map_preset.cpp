#include "host/neutral/map_preset.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/splitmix.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace zener {
namespace {

using nlohmann::json;

constexpr double kMostJumps = 268435456.0; // 2^28: the barriers of a run stay in the host's memory, 8 bytes each

void read_temperatures(ObjectReader &keys, MapPreset &preset) {
  if (!keys.has("temperatures_K")) {
    return;
  }
  const json &met = keys.value("temperatures_K");
  if (!met.is_array()) {
    keys.refuse_value("temperatures_K", met, "a list of numbers, K");
  }
  for (std::size_t i = 0; i < met.size(); ++i) {
    const std::string key = "temperatures_K/" + std::to_string(i);
    const double temperature_K = read_temperature(keys, key, met[i]);
    if (std::find(preset.temperatures_K.begin(), preset.temperatures_K.end(), temperature_K) != preset.temperatures_K.end()) {
      keys.refuse(key, number_text(temperature_K) + " is given twice");
    }
    preset.temperatures_K.push_back(temperature_K);
  }
}

} // namespace

MapPreset load_map_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("barrier_map"), file.string());
  return read_map_preset(document, file);
}

MapPreset read_map_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  MapPreset preset;
  preset.file = file;
  keys.choice("driver", {"barrier_map"});
  read_alloy(keys, preset, true);
  read_precision(keys, preset);
  read_barriers(keys, preset, {"constant", "pair_kra", "mlp", "network"}, false);
  read_temperatures(keys, preset);
  preset.configurations = read_integer(keys, "configurations", 1, 1000000, 1);
  if (preset.initial && preset.configurations != 1) {
    keys.refuse_value("configurations", preset.configurations, "only 1 with initial, which is one configuration");
  }
  ObjectReader histogram = keys.object("histogram");
  preset.barrier_bins = read_integer(histogram, "barrier_bins", 1, 10000, 60);
  preset.randomness_bins = read_integer(histogram, "randomness_bins", 1, 10000, 50);
  histogram.finish();
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  preset.site_files = output.flag("site_files", preset.compositions.size() <= 1);
  output.finish();
  keys.finish();
  return preset;
}

json resolved(const MapPreset &preset) {
  json document{
      {"driver", "barrier_map"},
      {"precision", precision_name(preset.precision)},
      {"temperatures_K", preset.temperatures_K},
      {"configurations", preset.configurations},
      {"histogram", {{"barrier_bins", preset.barrier_bins}, {"randomness_bins", preset.randomness_bins}}},
      {"output",
       {{"directory", absolute_text(preset.output_directory)}, {"plots", preset.plots}, {"site_files", preset.site_files}}}};
  put_alloy(document, preset);
  return document;
}

MapPlan make_map_plan(const MapPreset &preset, std::vector<std::string> &warnings) {
  MapPlan plan;
  plan.structure = preset.structure;
  plan.cells = preset.cells;
  plan.lattice_constant_A = preset.a_A;
  plan.precision = preset.precision;
  plan.seed = preset.seed;
  plan.configurations = preset.configurations;
  plan.temperatures_K = preset.temperatures_K;
  plan.model = load_model(preset, false);
  const std::optional<LatticeSpecies> initial = read_initial(preset);
  plan.elements = batch_elements(plan.model, preset, initial);
  check_lattice_constant(plan.model, preset, warnings);
  if (initial) {
    plan.occupancy = initial_occupancy(preset, *initial, plan.elements);
    const auto vacant = std::find(plan.occupancy.begin(), plan.occupancy.end(), std::uint8_t{0});
    if (vacant != plan.occupancy.end()) {
      throw DataError(fmt::format("{}: site {} has no atom, one of {} such sites; a map of barriers takes away one atom after "
                                  "the other and needs all of them",
                                  preset.initial->file.string(), vacant - plan.occupancy.begin(),
                                  std::count(plan.occupancy.begin(), plan.occupancy.end(), std::uint8_t{0})));
    }
    plan.atoms.emplace_back();
    for (std::size_t s = 0; s < plan.elements.size(); ++s) {
      plan.atoms.back().push_back(std::count(plan.occupancy.begin(), plan.occupancy.end(), static_cast<std::uint8_t>(s + 1)));
    }
  }
  for (std::size_t rung = 0; rung < preset.compositions.size(); ++rung) {
    plan.atoms.push_back(composition_atoms(preset, rung, plan.elements, plan.sites(), warnings));
  }
  if (plan.jumps() > kMostJumps) {
    throw ConfigError(
        fmt::format("{}: /configurations: {} configurations of {} compositions with {} sites are {:.4g} barriers; "
                    "allowed: at most {}",
                    preset.file.string(), plan.configurations, plan.atoms.size(), plan.sites(), plan.jumps(),
                    grouped(static_cast<std::uint64_t>(kMostJumps))));
  }
  const double kept =
      plan.atoms.size() == 1 ? plan.jumps() / plan.paths() * static_cast<double>(plan.temperatures_K.size()) : 0.0;
  if (kept > kMostJumps) {
    throw ConfigError(
        fmt::format("{}: /temperatures_K: {} temperatures of {} configurations with {} sites are {:.4g} values of "
                    "the randomness of sites; allowed: at most {}",
                    preset.file.string(), plan.temperatures_K.size(), plan.configurations, plan.sites(), kept,
                    grouped(static_cast<std::uint64_t>(kMostJumps))));
  }
  return plan;
}

std::vector<std::uint8_t> draw_configuration(const MapPlan &plan, std::size_t g, int c) {
  if (!plan.occupancy.empty()) {
    return plan.occupancy;
  }
  std::vector<std::uint8_t> occupancy;
  occupancy.reserve(static_cast<std::size_t>(plan.sites()));
  for (std::size_t s = 0; s < plan.elements.size(); ++s) {
    occupancy.insert(occupancy.end(), static_cast<std::size_t>(plan.atoms[g][s]), static_cast<std::uint8_t>(s + 1));
  }
  SplitMix64 random{plan.seed, g, static_cast<std::uint64_t>(c)};
  for (std::size_t last = occupancy.size(); last-- > 1;) {
    std::swap(occupancy[last], occupancy[random.below(last + 1)]);
  }
  return occupancy;
}

} // namespace zener
