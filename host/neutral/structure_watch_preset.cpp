#include "host/neutral/structure_watch_preset.hpp"

#include "host/neutral/json_document.hpp"
#include "host/neutral/preset_parts.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace zener {
namespace {

using nlohmann::json;

constexpr int kMostBins = 10000;
constexpr int kMostParameters = 8;
constexpr int kMostFrames = 1000000000;

bool same(const SteinhardtPlan &a, const SteinhardtPlan &b) {
  return a.rule == b.rule && a.averaged == b.averaged && (a.rule != NeighbourRule::nearest || a.nearest == b.nearest) &&
         (a.rule != NeighbourRule::cutoff || a.cutoff_A == b.cutoff_A);
}

} // namespace

SteinhardtPlan read_steinhardt(ObjectReader &keys) {
  SteinhardtPlan plan;
  const std::string rule = keys.choice("neighbours", {"voronoi", "nearest", "cutoff"}, "voronoi");
  plan.rule = rule == "nearest" ? NeighbourRule::nearest : rule == "cutoff" ? NeighbourRule::cutoff : NeighbourRule::voronoi;
  if (plan.rule == NeighbourRule::nearest) {
    plan.nearest = read_integer(keys, "nearest", 1, 32, 12);
  } else if (is_given(keys, "nearest")) {
    keys.refuse("nearest", "it belongs to \"neighbours\": \"nearest\"");
  }
  if (plan.rule == NeighbourRule::cutoff) {
    plan.cutoff_A = read_positive(keys, "cutoff_A");
  } else if (is_given(keys, "cutoff_A")) {
    keys.refuse("cutoff_A", "it belongs to \"neighbours\": \"cutoff\"");
  }
  plan.averaged = keys.flag("averaged", true);
  return plan;
}

StructureWatch read_structure_watch(ObjectReader &keys, const std::filesystem::path &preset_file,
                                    std::filesystem::path &phases_file) {
  StructureWatch watch;
  watch.every_frames = read_integer(keys, "every_frames", 1, kMostFrames, 1);
  watch.histogram_bins = read_integer(keys, "histogram_bins", 1, kMostBins, 200);
  watch.atoms_every = read_integer(keys, "atoms_every", 0, kMostFrames, 0);
  if (is_given(keys, "pair_distribution")) {
    ObjectReader pairs = keys.object("pair_distribution");
    watch.what.pairs.range_A = read_in_range(pairs, "range_A", 0.1, 100.0, 8.0);
    watch.what.pairs.bins = read_integer(pairs, "bins", 1, kMostBins, 200);
    pairs.finish();
  }
  if (is_given(keys, "structure_factor")) {
    ObjectReader waves = keys.object("structure_factor");
    watch.what.waves.largest_q_per_A = read_in_range(waves, "largest_q_per_A", 0.1, 100.0, 8.0);
    watch.what.waves.bins = read_integer(waves, "bins", 1, kMostBins, 200);
    watch.what.waves.vectors_per_bin = read_integer(waves, "vectors_per_bin", 0, kMostFrames, 200);
    waves.finish();
  }
  if (keys.has("steinhardt")) {
    const json &met = keys.value("steinhardt");
    if (!met.is_array() || met.size() > static_cast<std::size_t>(kMostParameters)) {
      keys.refuse_value("steinhardt", met, fmt::format("a list of at most {} objects", kMostParameters));
    }
    for (std::size_t i = 0; i < met.size(); ++i) {
      const std::string place = "steinhardt/" + std::to_string(i);
      if (!met[i].is_object()) {
        keys.refuse_value(place, met[i], "an object");
      }
      ObjectReader one(met[i], keys.where(place), JsonUse::preset);
      watch.what.steinhardt.push_back(read_steinhardt(one));
      one.finish();
      for (std::size_t other = 0; other < i; ++other) {
        if (same(watch.what.steinhardt[other], watch.what.steinhardt[i])) {
          keys.refuse(place, "the same parameters are asked for earlier in the list");
        }
      }
    }
  }
  watch.what.cna = keys.flag("cna", true);
  watch.what.voronoi = keys.flag("voronoi", false);
  if (is_given(keys, "phases")) {
    phases_file = beside(preset_file, read_path(keys, "phases"));
    watch.phases = std::make_shared<const PhaseModel>(load_phase_model(phases_file));
    watch.what.least_facet = watch.phases->least_facet;
    std::vector<SteinhardtPlan> &known = watch.what.steinhardt;
    while (watch.phase_parameters < known.size() && !same(known[watch.phase_parameters], watch.phases->rule)) {
      ++watch.phase_parameters;
    }
    if (watch.phase_parameters == known.size()) {
      known.push_back(watch.phases->rule);
    }
  }
  const bool curves = watch.what.pairs.range_A > 0.0 || watch.what.waves.largest_q_per_A > 0.0;
  if (!curves && !watch.what.cna && !watch.what.voronoi && watch.what.steinhardt.empty()) {
    keys.refuse("", "nothing is asked for; give cna, voronoi, steinhardt, pair_distribution, structure_factor or phases");
  }
  return watch;
}

json steinhardt_json(const SteinhardtPlan &plan) {
  json out{{"neighbours", rule_name(plan.rule)}, {"averaged", plan.averaged}};
  if (plan.rule == NeighbourRule::nearest) {
    out["nearest"] = plan.nearest;
  } else if (plan.rule == NeighbourRule::cutoff) {
    out["cutoff_A"] = plan.cutoff_A;
  }
  return out;
}

json structure_watch_json(const StructureWatch &watch, const std::filesystem::path &phases_file) {
  const StructurePlan &what = watch.what;
  json out{{"every_frames", watch.every_frames},
           {"histogram_bins", watch.histogram_bins},
           {"atoms_every", watch.atoms_every},
           {"pair_distribution", {}},
           {"structure_factor", {}},
           {"steinhardt", json::array()},
           {"cna", what.cna},
           {"voronoi", what.voronoi},
           {"phases", watch.phases ? json(absolute_text(phases_file)) : json()}};
  if (what.pairs.range_A > 0.0) {
    out["pair_distribution"] = {{"range_A", what.pairs.range_A}, {"bins", what.pairs.bins}};
  }
  if (what.waves.largest_q_per_A > 0.0) {
    out["structure_factor"] = {{"largest_q_per_A", what.waves.largest_q_per_A},
                               {"bins", what.waves.bins},
                               {"vectors_per_bin", what.waves.vectors_per_bin}};
  }
  for (const SteinhardtPlan &one : what.steinhardt) {
    out["steinhardt"].push_back(steinhardt_json(one));
  }
  return out;
}

} // namespace zener
