#include "host/neutral/events_preset.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/events_sites.hpp"
#include "host/neutral/preset_parts.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zener {

using nlohmann::json;

namespace {

constexpr const char *kSites = "analyses/events/sites";
constexpr double kMostAngle = 17.6; // half of what lies between <110> and <111>

} // namespace

void read_events(ObjectReader &analyses, AnalysisChoice &choice) {
  if (!is_given(analyses, "events")) {
    return;
  }
  ObjectReader keys = analyses.object("events");
  EventsPlan plan;
  EventsChoice &events = choice.events;
  events.window_ps = read_in_range(keys, "window_ps", 1e-6, 1e6, events.window_ps);
  plan.persistence = read_integer(keys, "persistence", 1, 1000, plan.persistence);
  events.angle_deg = read_in_range(keys, "angle_deg", 0.1, kMostAngle, events.angle_deg);
  events.defect_free_A = read_in_range(keys, "defect_free_A", 0.0, 1e4, events.defect_free_A);
  plan.most_frames = read_integer(keys, "frames", 0, 1000000, 100);
  if (is_given(keys, "sites")) {
    ObjectReader sites = keys.object("sites");
    read_structure(sites, {}, 1); // for its errors
    events.sites = keys.value("sites").dump();
  }
  keys.finish();
  choice.plan.events = std::move(plan);
}

json events_json(const AnalysisChoice &choice) {
  if (!choice.plan.events) {
    return {};
  }
  const EventsChoice &events = choice.events;
  json out{{"window_ps", events.window_ps},
           {"persistence", choice.plan.events->persistence},
           {"angle_deg", events.angle_deg},
           {"defect_free_A", events.defect_free_A},
           {"frames", choice.plan.events->most_frames}};
  if (!events.sites.empty()) {
    out["sites"] = json::parse(events.sites);
  }
  return out;
}

void complete_sites(const ObjectReader &preset, AnalysisChoice &choice, const std::filesystem::path &file,
                    const json &structure) {
  if (!choice.plan.events) {
    return;
  }
  json sites = choice.events.sites.empty() ? structure : json::parse(choice.events.sites);
  if (choice.events.sites.empty()) {
    if (!sites.is_object() || !sites.contains("lattice")) {
      preset.refuse(kSites, "it is needed: the perfect crystal on whose sites the atoms are, an object as structure of md "
                            "(lattice, a_A, cells, elements, or a file)");
    }
    sites.erase("defects");
    sites.erase("displacement_A");
  }
  if (sites.contains("file") && sites["file"].is_string()) {
    sites["file"] = absolute_text(beside(file, sites["file"].get<std::string>()));
  }
  choice.events.sites = sites.dump();
}

void prepare_events(AnalysisChoice &choice, const std::filesystem::path &file, double frame_ps) {
  if (!choice.plan.events) {
    return;
  }
  EventsPlan &plan = *choice.plan.events;
  const json document{{"analyses", {{"events", {{"sites", json::parse(choice.events.sites)}}}}}};
  ObjectReader whole(document, file.string(), JsonUse::preset);
  ObjectReader sites = whole.object("analyses").object("events").object("sites");
  const StructureSpec spec = read_structure(sites, file, 1);
  try {
    plan.sites = crystal_sites(spec);
  } catch (const ConfigError &error) { // knows no preset
    throw ConfigError(whole.where(kSites) + ": " + error.what());
  }
  const double frames = choice.events.window_ps / frame_ps;
  if (!(frames > 0.999)) {
    whole.refuse_value("analyses/events/window_ps", choice.events.window_ps,
                       fmt::format("at least the time between two frames, {:.6g} ps", frame_ps));
  }
  plan.window_frames = std::max<std::int64_t>(1, std::llround(std::min(frames, 1e15)));
}

} // namespace zener
