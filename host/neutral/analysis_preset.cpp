#include "host/neutral/analysis_preset.hpp"

#include "host/neutral/events_preset.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/smoothed_preset.hpp"
#include "host/neutral/structure_watch_preset.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/two_phase_preset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostSteps = 1000000000000;
constexpr int kMostPoints = 8192; // the density of states takes the square of it
constexpr std::size_t kMostGroups = 64;
constexpr std::size_t kMostWaves = 256;
constexpr int kMostWaveNumber = 10000;
// Longest lag that can be counted, frames.
constexpr double kMostLag = 1e15;

std::int64_t read_count(ObjectReader &keys, const std::string &key, std::int64_t least, std::int64_t fallback) {
  const std::uint64_t met = keys.count(key, static_cast<std::uint64_t>(fallback));
  if (met < static_cast<std::uint64_t>(least) || met > static_cast<std::uint64_t>(kMostSteps)) {
    keys.refuse_value(key, met, fmt::format("an integer from {} to {}", least, kMostSteps));
  }
  return static_cast<std::int64_t>(met);
}

AtomGroup read_group(const ObjectReader &list, const std::string &key, const json &met) {
  if (!met.is_object()) {
    list.refuse_value(key, met, "an object with the keys name and atoms");
  }
  ObjectReader keys(met, list.where(key), JsonUse::preset);
  AtomGroup group;
  group.name = keys.text("name");
  if (group.name.empty() || group.name.size() > 64 || group.name == "all") {
    keys.refuse_value("name", group.name, "1 to 64 bytes, not \"all\"");
  }
  const json &atoms = read_list(keys, "atoms");
  std::set<std::int64_t> known;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const std::string place = "atoms/" + std::to_string(i);
    if (!atoms[i].is_number_integer() || atoms[i].get<std::int64_t>() < 0) {
      keys.refuse_value(place, atoms[i], "the place of an atom, an integer from 0");
    }
    group.atoms.push_back(atoms[i].get<std::int64_t>());
    if (!known.insert(group.atoms.back()).second) {
      keys.refuse(place, fmt::format("atom {} is given twice", group.atoms.back()));
    }
  }
  keys.finish();
  return group;
}

CorrelatorPlan read_correlator(ObjectReader &keys, int points, int levels) {
  CorrelatorPlan plan;
  plan.points = read_integer(keys, "points", 2, kMostPoints, points);
  plan.factor = read_integer(keys, "factor", 2, 64, 2);
  plan.levels = read_integer(keys, "levels", 1, 32, levels);
  plan.origins = read_integer(keys, "origins_every", 1, kMostPoints, 1);
  if (plan.points % plan.origins != 0) {
    keys.refuse_value("origins_every", plan.origins, fmt::format("a divisor of points, {}", plan.points));
  }
  if (plan.origins > 1 && plan.levels > 1) {
    keys.refuse_value("origins_every", plan.origins,
                      fmt::format("1 with {} levels; fewer origins belong to one level", plan.levels));
  }
  double lag = plan.points;
  for (int l = 1; l < plan.levels; ++l) {
    lag *= plan.factor;
  }
  if (lag > kMostLag) {
    keys.refuse("levels", fmt::format("{} levels of a factor of {} reach beyond {} frames; allowed: fewer", plan.levels,
                                      plan.factor, number_text(kMostLag)));
  }
  return plan;
}

json correlator_json(const CorrelatorPlan &plan) {
  return {{"points", plan.points}, {"factor", plan.factor}, {"levels", plan.levels}, {"origins_every", plan.origins}};
}

// A range of lags, or none.
std::optional<std::array<double, 2>> read_fit(ObjectReader &keys) {
  if (!is_given(keys, "fit_ps")) {
    return std::nullopt;
  }
  const json &met = keys.value("fit_ps");
  const auto is_time = [](const json &value) { return value.is_number() && value.get<double>() >= 0.0; };
  if (!met.is_array() || met.size() != 2 || !is_time(met[0]) || !is_time(met[1]) ||
      !(met[0].get<double>() < met[1].get<double>()) || !(met[1].get<double>() < 1e12)) {
    keys.refuse_value("fit_ps", met, "two times, the first smaller than the second, ps");
  }
  return std::array{met[0].get<double>(), met[1].get<double>()};
}

json fit_json(const std::optional<std::array<double, 2>> &fit) { return fit ? json(*fit) : json(); }

void read_msd(ObjectReader &analyses, AnalysisChoice &choice) {
  ObjectReader keys = analyses.object("msd");
  choice.plan.msd = read_correlator(keys, 16, 12);
  choice.fit_ps = read_fit(keys);
  keys.finish();
}

void read_vacf(ObjectReader &analyses, AnalysisChoice &choice) {
  ObjectReader keys = analyses.object("vacf");
  choice.plan.vacf = read_correlator(keys, 512, 1);
  choice.density_of_states = keys.flag("density_of_states", true);
  choice.hann = keys.choice("window", {"hann", "none"}, "hann") == "hann";
  keys.finish();
}

void read_all_origins(ObjectReader &analyses, AnalysisChoice &choice) {
  ObjectReader keys = analyses.object("all_origins");
  AllOriginsPlan plan;
  plan.displacements = keys.flag("displacements", true);
  plan.velocities = keys.flag("velocities", false);
  plan.per_atom = keys.flag("per_atom", false);
  choice.all_origins_fit_ps = read_fit(keys);
  if (!plan.displacements && !plan.velocities) {
    keys.refuse("displacements", "neither displacements nor velocities are asked for; switch one on, or leave all_origins out");
  }
  if (!plan.displacements && (plan.per_atom || choice.all_origins_fit_ps)) {
    keys.refuse(plan.per_atom ? "per_atom" : "fit_ps", "it belongs to displacements, which are switched off");
  }
  keys.finish();
  choice.plan.all_origins = plan;
}

void read_currents(ObjectReader &analyses, AnalysisChoice &choice) {
  ObjectReader keys = analyses.object("currents");
  CurrentsPlan plan;
  const json &waves = read_list(keys, "waves");
  if (waves.empty() || waves.size() > kMostWaves) {
    keys.refuse_value("waves", waves.size(), fmt::format("1 to {} waves", kMostWaves));
  }
  for (std::size_t w = 0; w < waves.size(); ++w) {
    const std::string place = "waves/" + std::to_string(w);
    std::array<int, 3> n{};
    bool good = waves[w].is_array() && waves[w].size() == n.size();
    for (std::size_t d = 0; good && d < n.size(); ++d) {
      good = waves[w][d].is_number_integer() && std::abs(waves[w][d].get<double>()) <= kMostWaveNumber;
      n[d] = good ? waves[w][d].get<int>() : 0;
    }
    if (!good) {
      keys.refuse_value(place, waves[w], fmt::format("three integers from -{} to {}", kMostWaveNumber, kMostWaveNumber));
    }
    if (std::find(plan.waves.begin(), plan.waves.end(), n) != plan.waves.end()) {
      keys.refuse(place, "this wave is given twice");
    }
    plan.waves.push_back(n);
  }
  plan.points = read_integer(keys, "points", 2, kMostPoints, 512);
  choice.hann_currents = keys.choice("window", {"hann", "none"}, "hann") == "hann";
  keys.finish();
  choice.plan.currents = std::move(plan);
}

} // namespace

std::optional<AnalysisChoice> read_analyses(ObjectReader &keys, bool in_flight, const std::filesystem::path &preset_file) {
  if (in_flight && !is_given(keys, "analyses")) {
    return std::nullopt;
  }
  ObjectReader analyses = keys.object("analyses", true);
  AnalysisChoice choice;
  if (in_flight) {
    choice.every = read_count(analyses, "every", 1, 10);
    choice.begin_step = read_count(analyses, "begin_step", 0, 0);
  }
  choice.plan.remove_drift = analyses.flag("remove_drift", true);
  if (analyses.has("groups")) {
    const json &met = analyses.value("groups");
    if (!met.is_array() || met.size() > kMostGroups) {
      analyses.refuse_value("groups", met, fmt::format("a list of at most {} groups", kMostGroups));
    }
    for (std::size_t g = 0; g < met.size(); ++g) {
      const std::string key = "groups/" + std::to_string(g);
      choice.plan.groups.push_back(read_group(analyses, key, met[g]));
      for (std::size_t other = 0; other < g; ++other) {
        if (choice.plan.groups[other].name == choice.plan.groups[g].name) {
          analyses.refuse(key, in_quotes(choice.plan.groups[g].name) + " is the name of an earlier group too");
        }
      }
    }
  }
  if (is_given(analyses, "msd")) {
    read_msd(analyses, choice);
  }
  if (is_given(analyses, "vacf")) {
    read_vacf(analyses, choice);
  }
  if (is_given(analyses, "two_phase")) {
    read_two_phase(analyses, choice);
  }
  if (is_given(analyses, "defect")) {
    read_defect(analyses, choice, in_flight);
  }
  if (is_given(analyses, "all_origins")) {
    read_all_origins(analyses, choice);
  }
  if (is_given(analyses, "currents")) {
    read_currents(analyses, choice);
  }
  read_smoothed(analyses, choice.plan);
  read_events(analyses, choice);
  if (is_given(analyses, "structure")) {
    ObjectReader structure = analyses.object("structure");
    choice.plan.structure = read_structure_watch(structure, preset_file, choice.phases_file);
    structure.finish();
  }
  analyses.finish();
  if (choice.plan.empty()) {
    keys.refuse("analyses", "nothing is asked for; give msd, vacf or another (an empty object takes what is usual)");
  }
  return choice;
}

json analyses_json(const std::optional<AnalysisChoice> &choice, bool in_flight) {
  if (!choice) {
    return {};
  }
  json out{{"remove_drift", choice->plan.remove_drift},
           {"groups", json::array()},
           {"msd", {}},
           {"vacf", {}},
           {"all_origins", {}},
           {"currents", {}},
           {"events", events_json(*choice)}};
  for (const AtomGroup &group : choice->plan.groups) {
    out["groups"].push_back({{"name", group.name}, {"atoms", group.atoms}});
  }
  if (choice->plan.msd) {
    out["msd"] = correlator_json(*choice->plan.msd);
    out["msd"]["fit_ps"] = fit_json(choice->fit_ps);
  }
  if (choice->plan.vacf) {
    out["vacf"] = correlator_json(*choice->plan.vacf);
    out["vacf"]["density_of_states"] = choice->density_of_states;
    out["vacf"]["window"] = choice->hann ? "hann" : "none";
  }
  out["two_phase"] = two_phase_json(choice->two_phase);
  out["defect"] = defect_json(choice->defect);
  if (choice->plan.all_origins) {
    out["all_origins"] = {{"displacements", choice->plan.all_origins->displacements},
                          {"velocities", choice->plan.all_origins->velocities},
                          {"per_atom", choice->plan.all_origins->per_atom},
                          {"fit_ps", fit_json(choice->all_origins_fit_ps)}};
  }
  if (choice->plan.currents) {
    out["currents"] = {{"waves", choice->plan.currents->waves},
                       {"points", choice->plan.currents->points},
                       {"window", choice->hann_currents ? "hann" : "none"}};
  }
  put_smoothed(out, choice->plan);
  out["structure"] = choice->plan.structure ? structure_watch_json(*choice->plan.structure, choice->phases_file) : json();
  if (in_flight) {
    out["every"] = choice->every;
    out["begin_step"] = choice->begin_step;
  }
  return out;
}

void prepare_analyses(AnalysisChoice &choice, const std::filesystem::path &file, double frame_ps) {
  prepare_events(choice, file, frame_ps);
}

AnalyzePreset load_analyze_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("analyze"), file.string());
  return read_analyze_preset(document, file);
}

AnalyzePreset read_analyze_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  AnalyzePreset preset;
  preset.file = file;
  keys.choice("driver", {"analyze"});
  preset.title = keys.text("title", "");
  ObjectReader trajectory = keys.object("trajectory", true);
  FrameChoice &frames = preset.frames;
  frames.trajectory.file = beside(file, read_path(trajectory, "file"));
  if (trajectory.has("elements")) {
    frames.trajectory.type_elements = read_elements(trajectory, "elements", trajectory.value("elements"));
  }
  frames.first = read_count(trajectory, "first", 0, 0);
  if (is_given(trajectory, "last")) {
    frames.last = read_count(trajectory, "last", 0, 0);
    if (*frames.last <= frames.first) {
      trajectory.refuse_value("last", *frames.last, fmt::format("more than first, {}", frames.first));
    }
  }
  frames.every = read_count(trajectory, "every", 1, 1);
  if (is_given(trajectory, "frame_interval_ps")) {
    frames.interval_ps = read_in_range(trajectory, "frame_interval_ps", 1e-9, 1e9);
  }
  frames.nearest_image = trajectory.choice("unwrap", {"no", "nearest_image"}, "no") == "nearest_image";
  frames.velocities_by_differences = trajectory.choice("velocities", {"file", "differences"}, "file") == "differences";
  trajectory.finish();
  preset.analyses = *read_analyses(keys, false, file);
  complete_sites(keys, preset.analyses, file);
  frames.want_velocities = preset.analyses.plan.needs_velocities();
  if (frames.velocities_by_differences && !frames.want_velocities) {
    keys.refuse("trajectory/velocities",
                "\"differences\" is given, but no analysis looks at velocities; it belongs to vacf and all_origins");
  }
  frames.paths = preset.analyses.plan.needs_paths() || frames.velocities_by_differences;
  frames.constant_cell = preset.analyses.plan.needs_constant_cell() || frames.velocities_by_differences;
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  output.finish();
  keys.finish();
  return preset;
}

json resolved(const AnalyzePreset &preset) {
  const FrameChoice &frames = preset.frames;
  return {{"driver", "analyze"},
          {"title", preset.title},
          {"trajectory",
           {{"file", absolute_text(frames.trajectory.file)},
            {"elements", frames.trajectory.type_elements},
            {"first", frames.first},
            {"last", frames.last ? json(*frames.last) : json()},
            {"every", frames.every},
            {"frame_interval_ps", frames.interval_ps ? json(*frames.interval_ps) : json()},
            {"unwrap", frames.nearest_image ? "nearest_image" : "no"},
            {"velocities", frames.velocities_by_differences ? "differences" : "file"}}},
          {"analyses", analyses_json(preset.analyses, false)},
          {"output", {{"directory", absolute_text(preset.output_directory)}, {"plots", preset.plots}}}};
}

} // namespace zener
