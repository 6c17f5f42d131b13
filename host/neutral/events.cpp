#include "host/neutral/events.hpp"

#include "host/neutral/series_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

namespace zener {

const std::array<const char *, kEventKinds> kEventKindNames{"vacancy",       "interstitial", "nucleation",
                                                            "recombination", "ring",         "row"};
const std::array<const char *, kFamilies> kFamilyNames{"100", "110", "111", "other", "none"};

namespace {

double dot(const Vector3 &a, const Vector3 &b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
double length(const Vector3 &v) { return std::sqrt(dot(v, v)); }

// Atoms on sites, one on each but for those listed.
class Occupancy {
public:
  std::int32_t of(std::int32_t site) const {
    const auto at = other_.find(site);
    return at == other_.end() ? 1 : at->second;
  }
  void set(std::int32_t site, std::int32_t atoms) {
    const std::int32_t old = of(site);
    vacancies_ += (atoms == 0) - (old == 0);
    interstitials_ += std::max(0, atoms - 1) - std::max(0, old - 1);
    if (atoms == 1) {
      other_.erase(site);
    } else {
      other_[site] = atoms;
    }
  }
  std::int64_t vacancies() const { return vacancies_; }
  std::int64_t interstitials() const { return interstitials_; }
  const std::map<std::int32_t, std::int32_t> &defects() const { return other_; }

private:
  std::map<std::int32_t, std::int32_t> other_;
  std::int64_t vacancies_ = 0, interstitials_ = 0;
};

// Links the moves of one system and window.
class Linker {
public:
  Linker(const EventsPlan &plan, const EventsChoice &choice, const Matrix3 &cell)
      : plan_(plan), choice_(choice), cell_(cell), to_axes_(plan.sites.axes) {}

  std::vector<Event> link(const std::vector<SiteMove> &moves, Occupancy &occupancy) const {
    const std::size_t n = moves.size();
    std::vector<AtomStep> steps;
    std::map<std::int32_t, std::vector<std::size_t>> came, left;
    for (std::size_t m = 0; m < n; ++m) {
      steps.push_back(step_of(moves[m]));
      came[moves[m].to].push_back(m);
      left[moves[m].from].push_back(m);
    }
    std::vector<std::size_t> ahead(n, n), behind(n, n); // whose place was taken; who took it
    for (const auto &[site, arrivals] : came) {
      if (const auto leavers = left.find(site); leavers != left.end()) {
        pair_up(steps, arrivals, leavers->second, ahead, behind);
      }
    }
    // What the ends of chains did to their sites.
    std::vector<bool> was_vacant(n, false), was_double(n, false);
    const Occupancy before = occupancy;
    for (const auto &[site, leavers] : left) {
      for (const std::size_t m : leavers) {
        if (behind[m] == n) {
          const std::int32_t atoms = occupancy.of(site);
          was_double[m] = atoms > 1;
          occupancy.set(site, atoms - 1);
        }
      }
    }
    for (const auto &[site, arrivals] : came) {
      for (const std::size_t m : arrivals) {
        if (ahead[m] == n) {
          const std::int32_t atoms = occupancy.of(site);
          was_vacant[m] = atoms == 0;
          occupancy.set(site, atoms + 1);
        }
      }
    }
    std::vector<Event> events;
    std::vector<bool> used(n, false);
    const auto add = [&](std::size_t head) {
      Event event;
      event.window = moves[head].window;
      event.system = moves[head].system;
      std::array<std::int64_t, 3> around{};
      std::size_t last = head;
      for (std::size_t m = head; m != n && !used[m]; m = behind[m]) {
        used[m] = true;
        last = m;
        event.atoms.push_back(steps[m]);
        for (std::size_t d = 0; d < 3; ++d) {
          event.vector_A[d] += steps[m].vector_A[d];
          around[d] += moves[m].cells[d];
        }
      }
      if (ahead[head] != n) {
        const bool winds = around != std::array<std::int64_t, 3>{};
        event.kind = winds ? EventKind::row : EventKind::ring;
        event.family = winds ? family(event.vector_A) : Family::none;
        event.vector_A = winds ? event.vector_A : Vector3{};
      } else {
        event.kind = was_vacant[head] ? (was_double[last] ? EventKind::recombination : EventKind::vacancy)
                                      : (was_double[last] ? EventKind::interstitial : EventKind::nucleation);
        event.family = family(event.vector_A);
        event.defect_free = event.kind == EventKind::nucleation && is_far(event, before);
      }
      events.push_back(std::move(event));
    };
    for (std::size_t m = 0; m < n; ++m) {
      if (ahead[m] == n) {
        add(m);
      }
    }
    for (std::size_t m = 0; m < n; ++m) {
      if (!used[m]) {
        add(m);
      }
    }
    std::sort(events.begin(), events.end(),
              [](const Event &a, const Event &b) { return a.atoms.front().atom < b.atoms.front().atom; });
    return events;
  }

private:
  Vector3 between(std::int32_t from, std::int32_t to, const std::array<std::int32_t, 3> &cells) const {
    Vector3 s{};
    for (std::size_t d = 0; d < 3; ++d) {
      s[d] = plan_.sites.fraction[static_cast<std::size_t>(to)][d] + cells[d] -
             plan_.sites.fraction[static_cast<std::size_t>(from)][d];
    }
    return times(s, cell_);
  }

  Family family(const Vector3 &v) const { return family_of(times(v, to_axes_), choice_.angle_deg); }

  AtomStep step_of(const SiteMove &move) const {
    AtomStep step{move.atom, move.from, move.to, between(move.from, move.to, move.cells), Family::other};
    step.family = family(step.vector_A);
    return step;
  }

  // Arrivals at a site with leavers of it, the most parallel first; equals by the order of the atoms.
  static void pair_up(const std::vector<AtomStep> &steps, const std::vector<std::size_t> &arrivals,
                      const std::vector<std::size_t> &leavers, std::vector<std::size_t> &ahead,
                      std::vector<std::size_t> &behind) {
    struct Pair {
      std::int64_t apart; // 0: parallel
      std::size_t arrival, leaver;
      auto operator<=>(const Pair &) const = default;
    };
    std::vector<Pair> pairs;
    for (const std::size_t a : arrivals) {
      for (const std::size_t l : leavers) {
        const Vector3 &u = steps[a].vector_A, &v = steps[l].vector_A;
        pairs.push_back({std::llround(1e6 * (1.0 - dot(u, v) / (length(u) * length(v)))), a, l});
      }
    }
    std::sort(pairs.begin(), pairs.end());
    for (const Pair &pair : pairs) {
      if (ahead[pair.arrival] == steps.size() && behind[pair.leaver] == steps.size()) {
        ahead[pair.arrival] = pair.leaver;
        behind[pair.leaver] = pair.arrival;
      }
    }
  }

  // No defect of before within the distance of a site of the chain.
  bool is_far(const Event &event, const Occupancy &before) const {
    for (const auto &[defect, atoms] : before.defects()) {
      for (const AtomStep &step : event.atoms) {
        for (const std::int32_t site : {step.from, step.to}) {
          if (nearest(site, defect) < choice_.defect_free_A) {
            return false;
          }
        }
      }
    }
    return true;
  }

  double nearest(std::int32_t a, std::int32_t b) const {
    Vector3 s{};
    for (std::size_t d = 0; d < 3; ++d) {
      s[d] = plan_.sites.fraction[static_cast<std::size_t>(b)][d] - plan_.sites.fraction[static_cast<std::size_t>(a)][d];
      s[d] -= plan_.sites.cell.periodic[d] ? std::round(s[d]) : 0.0;
    }
    double least = length(times(s, cell_));
    for (int i = 0; i < 27; ++i) { // skewed cells
      const std::array<int, 3> step{i / 9 - 1, i / 3 % 3 - 1, i % 3 - 1};
      Vector3 image = s;
      for (std::size_t d = 0; d < 3; ++d) {
        image[d] += plan_.sites.cell.periodic[d] ? step[d] : 0;
      }
      least = std::min(least, length(times(image, cell_)));
    }
    return least;
  }

  const EventsPlan &plan_;
  const EventsChoice &choice_;
  Matrix3 cell_;
  Matrix3 to_axes_;
};

// Cell of the sites, scaled to the volume of a system.
Matrix3 scaled_cell(const CrystalSites &sites, const Atoms &system) {
  const double scale = std::cbrt(volume(system.cell) / volume(sites.cell));
  Matrix3 cell = sites.cell.vectors;
  for (Vector3 &row : cell) {
    for (double &x : row) {
      x *= scale;
    }
  }
  return cell;
}

Estimate mean_of(const std::vector<double> &values) { return values.empty() ? Estimate{NAN, NAN} : block_mean(values); }

// Every K-th number from k on.
std::vector<double> column(const std::vector<std::int64_t> &values, std::size_t k, std::size_t count) {
  std::vector<double> out;
  for (std::size_t i = k; i < values.size(); i += count) {
    out.push_back(static_cast<double>(values[i]));
  }
  return out;
}

SystemEvents numbers_of(const EventsResult &result, std::size_t k, std::size_t systems) {
  SystemEvents out;
  // Windows 1 … settled_windows - 1 can have events.
  const auto windows = static_cast<std::size_t>(std::max<std::int64_t>(0, result.settled_windows - 1));
  std::array<std::vector<double>, kEventKinds> in_window;
  std::vector<double> defect_free(windows, 0.0), lengths, longer;
  in_window.fill(std::vector<double>(windows, 0.0));
  for (const Event &event : result.events) {
    if (event.system != static_cast<std::int32_t>(k)) {
      continue;
    }
    const auto kind = static_cast<std::size_t>(event.kind);
    const auto window = static_cast<std::size_t>(event.window - 1);
    ++out.count[kind];
    in_window[kind][window] += 1.0 / result.window_ps;
    out.defect_free += event.defect_free ? 1 : 0;
    defect_free[window] += event.defect_free ? 1.0 / result.window_ps : 0.0;
    const auto length_of = static_cast<std::int64_t>(event.atoms.size());
    lengths.push_back(static_cast<double>(length_of));
    longer.push_back(length_of > 1 ? 1.0 : 0.0);
    out.longest = std::max(out.longest, length_of);
    for (const AtomStep &step : event.atoms) {
      ++out.single_moves[static_cast<std::size_t>(step.family)];
    }
  }
  for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
    out.rate_per_ps[kind] = mean_of(in_window[kind]);
  }
  out.defect_free_rate_per_ps = mean_of(defect_free);
  out.length = mean_of(lengths);
  out.longer_than_one = mean_of(longer);
  out.vacancies = mean_of(column(result.vacancies, k, systems));
  out.interstitials = mean_of(column(result.interstitials, k, systems));
  out.lasting_vacancies = mean_of(column(result.lasting_vacancies, k, systems));
  out.lasting_interstitials = mean_of(column(result.lasting_interstitials, k, systems));
  return out;
}

Atoms frame_of(const EventFrame &frame, const Atoms &system, const EventsResult &result) {
  Atoms atoms;
  atoms.cell.vectors = frame.cell;
  atoms.cell.periodic = system.cell.periodic;
  atoms.elements = system.elements;
  atoms.type = system.type;
  atoms.position_A = frame.position_A;
  atoms.id = system.id;
  atoms.mass_amu = system.mass_amu;
  std::vector<std::int64_t> string(atoms.size(), 0), kind(atoms.size(), -1);
  std::vector<double> move(3 * atoms.size(), 0.0);
  for (std::size_t e = 0; e < result.events.size(); ++e) {
    const Event &event = result.events[e];
    if (event.window != frame.window || event.system != frame.system) {
      continue;
    }
    for (const AtomStep &step : event.atoms) {
      const auto i = static_cast<std::size_t>(step.atom);
      string[i] = static_cast<std::int64_t>(e) + 1;
      kind[i] = static_cast<std::int64_t>(event.kind);
      for (std::size_t d = 0; d < 3; ++d) {
        move[3 * i + d] = step.vector_A[d];
      }
    }
  }
  atoms.columns = {{"string", 1, std::move(string)}, {"event_kind", 1, std::move(kind)}, {"site_move", 3, std::move(move)}};
  atoms.info = {{"window", frame.window}, {"time_ps", static_cast<double>(frame.window) * result.window_ps}};
  return atoms;
}

} // namespace

Family family_of(const Vector3 &v, double angle_deg) {
  Vector3 a{std::abs(v[0]), std::abs(v[1]), std::abs(v[2])};
  std::sort(a.begin(), a.end(), std::greater<>());
  const double norm = length(a);
  if (!(norm > 0.0)) {
    return Family::none;
  }
  const std::array<double, 3> cosine{a[0] / norm, (a[0] + a[1]) / (std::numbers::sqrt2 * norm),
                                     (a[0] + a[1] + a[2]) / (std::numbers::sqrt3 * norm)};
  const auto best = std::max_element(cosine.begin(), cosine.end());
  if (*best < std::cos(angle_deg * std::numbers::pi / 180.0)) {
    return Family::other;
  }
  return static_cast<Family>(best - cosine.begin());
}

EventsResult events_of(const EventsPlan &plan, const EventsChoice &choice, const EventsSums &sums,
                       const std::vector<Atoms> &systems, double frame_ps) {
  EventsResult result;
  result.window_ps = frame_ps * static_cast<double>(plan.window_frames);
  result.windows = sums.windows;
  result.persistence = plan.persistence;
  result.settled_windows = sums.windows == 0 ? 0 : std::max<std::int64_t>(1, sums.windows - plan.persistence + 1);
  result.sites = static_cast<std::int64_t>(plan.sites.fraction.size());
  result.vacancies = sums.vacancies;
  result.interstitials = sums.interstitials;
  const std::size_t count = systems.size();
  std::vector<Occupancy> occupancy(count);
  std::vector<Linker> linkers;
  for (const Atoms &system : systems) {
    linkers.emplace_back(plan, choice, scaled_cell(plan.sites, system));
  }
  for (const SiteOccupancy &one : sums.first) {
    occupancy[static_cast<std::size_t>(one.system)].set(one.site, one.atoms);
  }
  std::size_t next = 0;
  for (std::int64_t window = 0; window < result.settled_windows; ++window) {
    for (std::size_t k = 0; k < count; ++k) {
      std::vector<SiteMove> moves;
      for (; next < sums.moves.size() && sums.moves[next].window == window &&
             sums.moves[next].system == static_cast<std::int32_t>(k);
           ++next) {
        moves.push_back(sums.moves[next]);
      }
      if (!moves.empty()) {
        std::vector<Event> events = linkers[k].link(moves, occupancy[k]);
        std::move(events.begin(), events.end(), std::back_inserter(result.events));
      }
      result.lasting_vacancies.push_back(occupancy[k].vacancies());
      result.lasting_interstitials.push_back(occupancy[k].interstitials());
    }
  }
  for (std::size_t k = 0; k < count; ++k) {
    result.systems.push_back(numbers_of(result, k, count));
  }
  for (const EventFrame &frame : sums.frames) {
    result.frames.push_back(frame_of(frame, systems[static_cast<std::size_t>(frame.system)], result));
    result.frame_system.push_back(frame.system);
  }
  return result;
}

} // namespace zener
