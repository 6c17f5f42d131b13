#include "host/neutral/phases_preset.hpp"

#include "host/neutral/json_document.hpp"
#include "host/neutral/phase_model.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/structure_watch_preset.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::size_t kMostSources = 1000;
constexpr int kMostSteps = 1000000000;

PhaseSource read_source(const ObjectReader &list, const std::string &key, const json &met,
                        const std::filesystem::path &preset_file) {
  if (!met.is_object()) {
    list.refuse_value(key, met, "an object with the key phase, and md or trajectory");
  }
  ObjectReader keys(met, list.where(key), JsonUse::preset);
  PhaseSource source;
  source.phase = keys.text("phase");
  if (source.phase.empty() || source.phase.size() > 32 ||
      source.phase.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != std::string::npos) {
    keys.refuse_value("phase", source.phase, "1 to 32 letters, digits and underscores");
  }
  source.name = keys.text("name", source.phase);
  source.held_out = keys.flag("held_out", false);
  if (is_given(keys, "md") == is_given(keys, "trajectory")) {
    keys.refuse("", "either md or trajectory is needed, and one of them alone");
  }
  if (is_given(keys, "md")) {
    const std::filesystem::path file = beside(preset_file, read_path(keys, "md"));
    std::vector<std::string> edits;
    const json none = json::array();
    for (const json &edit : keys.has("set") ? keys.value("set") : none) {
      if (!edit.is_string()) {
        keys.refuse_value("set", edit, "a text KEY=VALUE");
      }
      edits.push_back(edit.get<std::string>());
    }
    source.md = load_md_preset(file, edits);
    source.frame_every = read_integer(keys, "frame_every", 1, kMostSteps, 100);
    if (source.md->equilibration_steps + source.frame_every > source.md->steps) {
      keys.refuse("frame_every", fmt::format("no frame lies between equilibration_steps, {}, and steps, {}",
                                             source.md->equilibration_steps, source.md->steps));
    }
  } else {
    ObjectReader trajectory = keys.object("trajectory");
    source.frames.trajectory.file = beside(preset_file, read_path(trajectory, "file"));
    if (trajectory.has("elements")) {
      source.frames.trajectory.type_elements = read_elements(trajectory, "elements", trajectory.value("elements"));
    }
    source.frames.first = read_integer(trajectory, "first", 0, kMostSteps, 0);
    if (is_given(trajectory, "last")) {
      source.frames.last = read_integer(trajectory, "last", 0, kMostSteps);
    }
    source.frames.every = read_integer(trajectory, "every", 1, kMostSteps, 1);
    trajectory.finish();
  }
  keys.finish();
  return source;
}

json source_json(const PhaseSource &source) {
  json out{{"phase", source.phase}, {"name", source.name}, {"held_out", source.held_out}};
  if (source.md) {
    out["md"] = resolved(*source.md);
    out["frame_every"] = source.frame_every;
  } else {
    out["trajectory"] = {{"file", absolute_text(source.frames.trajectory.file)},
                         {"elements", source.frames.trajectory.type_elements},
                         {"first", source.frames.first},
                         {"last", source.frames.last ? json(*source.frames.last) : json()},
                         {"every", source.frames.every}};
  }
  return out;
}

} // namespace

PhasesPreset load_phases_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("train_phases"), file.string());
  return read_phases_preset(document, file);
}

PhasesPreset read_phases_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  PhasesPreset preset;
  preset.file = file;
  keys.choice("driver", {"train_phases"});
  read_title_and_seed(keys, preset);
  ObjectReader rule = keys.object("steinhardt");
  preset.rule = read_steinhardt(rule);
  rule.finish();
  const json &sources = read_list(keys, "sources");
  if (sources.size() > kMostSources) {
    keys.refuse("sources", fmt::format("{} sources; at most {} are allowed", sources.size(), kMostSources));
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    preset.sources.push_back(read_source(keys, "sources/" + std::to_string(i), sources[i], file));
    const PhaseSource &own = preset.sources.back();
    if (!own.held_out && std::find(preset.phases.begin(), preset.phases.end(), own.phase) == preset.phases.end()) {
      preset.phases.push_back(own.phase);
    }
  }
  for (const PhaseSource &source : preset.sources) {
    if (std::find(preset.phases.begin(), preset.phases.end(), source.phase) == preset.phases.end()) {
      keys.refuse("sources", "nothing trains the phase " + in_quotes(source.phase) + " of a source that is held out");
    }
  }
  if (preset.phases.size() > kMostPhases) {
    keys.refuse("sources", fmt::format("{} phases; at most {} are allowed", preset.phases.size(), kMostPhases));
  }
  preset.samples_per_phase = read_integer(keys, "samples_per_phase", 100, kMostSteps, 4000);
  ObjectReader mixture = keys.object("mixture");
  MixturePlan &plan = preset.mixture;
  plan.seed = preset.seed;
  plan.components = read_integer(mixture, "components", 1, 32, 16);
  preset.per_phase = mixture.choice("of", {"all", "each_phase"}, "all") == "each_phase";
  plan.starts = read_integer(mixture, "starts", 1, 10000, 100);
  plan.lloyd = read_integer(mixture, "k_means_iterations", 0, 10000, 20);
  plan.most_iterations = read_integer(mixture, "iterations", 1, 100000, 200);
  plan.tolerance = read_in_range(mixture, "tolerance", 0.0, 1.0, 1e-4);
  plan.regularisation = read_in_range(mixture, "regularisation", 1e-12, 1.0, 1e-6);
  mixture.finish();
  if (preset.per_phase && static_cast<std::size_t>(plan.components) * preset.phases.size() > 32) {
    keys.refuse_value(
        "mixture/components", plan.components,
        fmt::format("at most {}: {} phases have their own, 32 in all", 32 / preset.phases.size(), preset.phases.size()));
  }
  if (!preset.per_phase && static_cast<std::size_t>(plan.components) < preset.phases.size()) {
    keys.refuse_value("mixture/components", plan.components,
                      fmt::format("at least one for each of {} phases", preset.phases.size()));
  }
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  output.finish();
  keys.finish();
  return preset;
}

json resolved(const PhasesPreset &preset) {
  json sources = json::array();
  std::transform(preset.sources.begin(), preset.sources.end(), std::back_inserter(sources), source_json);
  const MixturePlan &plan = preset.mixture;
  return {{"driver", "train_phases"},
          {"title", preset.title},
          {"seed", preset.seed},
          {"steinhardt", steinhardt_json(preset.rule)},
          {"sources", sources},
          {"samples_per_phase", preset.samples_per_phase},
          {"mixture",
           {{"components", plan.components},
            {"of", preset.per_phase ? "each_phase" : "all"},
            {"starts", plan.starts},
            {"k_means_iterations", plan.lloyd},
            {"iterations", plan.most_iterations},
            {"tolerance", plan.tolerance},
            {"regularisation", plan.regularisation}}},
          {"output", {{"directory", absolute_text(preset.output_directory)}, {"plots", preset.plots}}}};
}

} // namespace zener
