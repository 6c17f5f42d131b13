#include "apps/zener/events_results.hpp"

#include "apps/zener/result_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "apps/zener/statics_run.hpp"
#include "host/neutral/atom_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char *kRoot = "/analyses/events/";

Json estimate_json(const Estimate &e) {
  return {{"mean", std::isfinite(e.mean) ? Json(e.mean) : Json()},
          {"standard_error", std::isfinite(e.standard_error) ? Json(e.standard_error) : Json()}};
}

std::string text_of(const Estimate &e) {
  return !std::isfinite(e.mean) ? "-"
                                : fmt::format("{:.3g}", e.mean) +
                                      (std::isfinite(e.standard_error) ? fmt::format(" +- {:.2g}", e.standard_error) : "");
}

std::vector<double> window_times(std::int64_t windows, double window_ps) {
  std::vector<double> times;
  for (std::int64_t w = 0; w < windows; ++w) {
    times.push_back((static_cast<double>(w) + 0.5) * window_ps);
  }
  return times;
}

template <std::size_t N> std::vector<std::string> names_of(const std::array<const char *, N> &names) {
  return {names.begin(), names.end()};
}

void put_windows(H5File &file, const EventsResult &result, std::uint64_t systems) {
  const std::string root = kRoot;
  const auto all = static_cast<std::uint64_t>(result.windows), settled = static_cast<std::uint64_t>(result.settled_windows);
  put(file, root + "time_ps", window_times(result.windows, result.window_ps), {all}, "ps",
      "middle of each window, from the first frame on");
  put(file, root + "vacancies", result.vacancies, {all, systems}, "1", "sites without an atom, [window][system]");
  put(file, root + "interstitials", result.interstitials, {all, systems}, "1",
      "atoms beyond the first of their sites, [window][system]");
  const std::string lasting = fmt::format(", of atoms that stay {} windows, [window][system]", result.persistence);
  put(file, root + "lasting_vacancies", result.lasting_vacancies, {settled, systems}, "1", "sites without an atom" + lasting);
  put(file, root + "lasting_interstitials", result.lasting_interstitials, {settled, systems}, "1",
      "atoms beyond the first of their sites" + lasting);
}

void put_table(H5File &file, const EventsResult &result) {
  const std::string root = std::string(kRoot) + "event/", moves = std::string(kRoot) + "move/";
  std::vector<std::int64_t> window, begin{0};
  std::vector<std::int32_t> system, kind, family, length, atom, from, to, move_family;
  std::vector<std::uint8_t> defect_free;
  std::vector<double> time, vector, move_vector;
  for (const Event &event : result.events) {
    window.push_back(event.window);
    time.push_back(static_cast<double>(event.window) * result.window_ps);
    system.push_back(event.system);
    kind.push_back(static_cast<std::int32_t>(event.kind));
    family.push_back(static_cast<std::int32_t>(event.family));
    length.push_back(static_cast<std::int32_t>(event.atoms.size()));
    defect_free.push_back(event.defect_free ? 1 : 0);
    vector.insert(vector.end(), event.vector_A.begin(), event.vector_A.end());
    for (const AtomStep &step : event.atoms) {
      atom.push_back(step.atom);
      from.push_back(step.from);
      to.push_back(step.to);
      move_family.push_back(static_cast<std::int32_t>(step.family));
      move_vector.insert(move_vector.end(), step.vector_A.begin(), step.vector_A.end());
    }
    begin.push_back(static_cast<std::int64_t>(atom.size()));
  }
  const std::uint64_t events = window.size(), steps = atom.size();
  put(file, root + "window", window, {events}, "1", "first window in which the atoms were found on their new sites");
  put(file, root + "time_ps", time, {events}, "ps", "begin of that window, from the first frame on");
  put(file, root + "system", system, {events}, "1", "place in /analyses/events/systems");
  put(file, root + "kind", kind, {events}, "1", "place in /analyses/events/kinds");
  put(file, root + "direction", family, {events}, "1", "of the vector, place in /analyses/events/directions");
  put(file, root + "length", length, {events}, "1", "atoms that moved");
  put(file, root + "defect_free", defect_free, {events}, "1", "nucleation with no defect nearby before");
  put(file, root + "vector_A", vector, {events, 3}, "A",
      "from the site that was left to the site that was taken, the sum of the moves; 0 for a ring");
  put(file, root + "begin", begin, {events + 1}, "1", "first row of /analyses/events/move of each event");
  put(file, moves + "atom", atom, {steps}, "1", "place of the atom in its system; the head of a chain first");
  put(file, moves + "from", from, {steps}, "1", "site that it left");
  put(file, moves + "to", to, {steps}, "1", "site that it came to");
  put(file, moves + "direction", move_family, {steps}, "1", "place in /analyses/events/directions");
  put(file, moves + "vector_A", move_vector, {steps, 3}, "A", "from site to site");
}

void put_histograms(H5File &file, const EventsResult &result) {
  const std::string root = std::string(kRoot) + "histogram/";
  std::size_t longest = 0;
  for (const Event &event : result.events) {
    longest = std::max(longest, event.atoms.size());
  }
  const std::size_t systems = result.systems.size();
  std::vector<std::int64_t> lengths(systems * kEventKinds * (longest + 1), 0), strings(systems * kEventKinds * kFamilies, 0),
      moves = strings;
  for (const Event &event : result.events) {
    const std::size_t row = static_cast<std::size_t>(event.system) * kEventKinds + static_cast<std::size_t>(event.kind);
    ++lengths[row * (longest + 1) + event.atoms.size()];
    ++strings[row * kFamilies + static_cast<std::size_t>(event.family)];
    for (const AtomStep &step : event.atoms) {
      ++moves[row * kFamilies + static_cast<std::size_t>(step.family)];
    }
  }
  put(file, root + "length", lengths, {systems, kEventKinds, longest + 1}, "1",
      "events, [system][kind][atoms that moved, from 0]");
  put(file, root + "direction", strings, {systems, kEventKinds, kFamilies}, "1", "events, [system][kind][direction]");
  put(file, root + "move_direction", moves, {systems, kEventKinds, kFamilies}, "1", "atoms, [system][kind][direction]");
}

} // namespace

void put_events(H5File &file, const EventsResult &result, const std::vector<std::string> &systems) {
  const std::string root = kRoot;
  file.write_strings(root + "systems", systems, {systems.size()});
  file.write_strings(root + "kinds", names_of(kEventKindNames), {kEventKinds});
  file.write_strings(root + "directions", names_of(kFamilyNames), {kFamilies});
  put(file, root + "window_ps", std::vector<double>{result.window_ps}, {1}, "ps", "time over which positions are averaged");
  put(file, root + "sites", std::vector<std::int64_t>{result.sites}, {1}, "1", "sites of a system");
  put_windows(file, result, systems.size());
  put_table(file, result);
  put_histograms(file, result);
}

Json events_summary(const EventsResult &result, const std::vector<std::string> &systems) {
  Json out = {{"window_ps", result.window_ps},
              {"windows", result.windows},
              {"persistence", result.persistence},
              {"sites", result.sites},
              {"systems", Json::array()}};
  for (std::size_t k = 0; k < systems.size(); ++k) {
    const SystemEvents &one = result.systems[k];
    Json entry = {{"system", systems[k]}, {"events", Json::object()}, {"rates_per_ps", Json::object()}};
    for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
      entry["events"][kEventKindNames[kind]] = one.count[kind];
      entry["rates_per_ps"][kEventKindNames[kind]] = estimate_json(one.rate_per_ps[kind]);
    }
    entry["defect_free_nucleations"] = one.defect_free;
    entry["defect_free_nucleations_per_ps"] = estimate_json(one.defect_free_rate_per_ps);
    entry["mean_length"] = estimate_json(one.length);
    entry["longest"] = one.longest;
    entry["share_longer_than_one"] = estimate_json(one.longer_than_one);
    for (std::size_t family = 0; family + 1 < kFamilies; ++family) {
      entry["moves_of_atoms"][kFamilyNames[family]] = one.single_moves[family];
    }
    entry["vacancies"] = estimate_json(one.vacancies);
    entry["interstitials"] = estimate_json(one.interstitials);
    entry["lasting_vacancies"] = estimate_json(one.lasting_vacancies);
    entry["lasting_interstitials"] = estimate_json(one.lasting_interstitials);
    out["systems"].push_back(std::move(entry));
  }
  return out;
}

void add_event_numbers(Json &numbers, const EventsResult &result, const std::vector<std::string> &systems) {
  for (std::size_t k = 0; k < systems.size(); ++k) {
    const SystemEvents &one = result.systems[k];
    const auto add = [&](const std::string &name, const char *units, const Estimate &estimate, const std::string &description) {
      if (std::isfinite(estimate.mean)) {
        const Json json = estimate_json(estimate);
        numbers.push_back(named_number(name + "_" + systems[k], units, json["mean"], json["standard_error"], description));
      }
    };
    for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
      if (one.count[kind] > 0) {
        const std::string name = kEventKindNames[kind];
        add("events_" + name + "_per_ps", "1/ps", one.rate_per_ps[kind], "events of the kind " + name + " in the system");
      }
    }
    add("string_length", "1", one.length, "atoms that move in one event, mean");
    add("strings_longer_than_one", "1", one.longer_than_one, "share of the events in which several atoms move");
    add("vacancies", "1", one.vacancies, "empty sites of averaged positions");
    add("interstitials", "1", one.interstitials, "atoms beyond the first of their sites, averaged positions");
    if (one.count[static_cast<std::size_t>(EventKind::nucleation)] > 0) {
      add("defect_free_nucleations_per_ps", "1/ps", one.defect_free_rate_per_ps, "Frenkel pairs made far from other defects");
    }
  }
}

std::string events_table(const EventsResult &result, const std::vector<std::string> &systems) {
  constexpr std::size_t kMostLines = 40;
  std::string text = fmt::format("{:<10}", "system");
  for (const char *kind : kEventKindNames) {
    text += fmt::format(" {:>13}", kind);
  }
  text += fmt::format(" {:>18} {:>8} {:>18}\n", "atoms an event", "longest", "vacancies");
  for (std::size_t k = 0; k < std::min(systems.size(), kMostLines); ++k) {
    const SystemEvents &one = result.systems[k];
    text += fmt::format("{:<10}", systems[k]);
    for (const std::int64_t count : one.count) {
      text += fmt::format(" {:>13}", count);
    }
    text += fmt::format(" {:>18} {:>8} {:>18}\n", text_of(one.length), one.longest, text_of(one.vacancies));
  }
  if (systems.size() > kMostLines) {
    text += fmt::format("and {} systems more in summary.json\n", systems.size() - kMostLines);
  }
  return text;
}

void write_event_frames(const std::filesystem::path &folder, const EventsResult &result,
                        const std::vector<std::string> &systems) {
  for (std::size_t k = 0; k < systems.size(); ++k) {
    std::vector<Atoms> frames;
    for (std::size_t f = 0; f < result.frames.size(); ++f) {
      if (result.frame_system[f] == static_cast<std::int32_t>(k)) {
        frames.push_back(result.frames[f]);
      }
    }
    if (!frames.empty()) {
      make_folder(folder / "events");
      write_atoms(folder / "events" / (systems[k] + ".xyz"), frames);
    }
  }
}

} // namespace zener
