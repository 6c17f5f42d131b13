// From moves of atoms between sites to events: strings of atoms that took each other's places, closed rings, and the point
// defects that drove them. Needs no device.
#pragma once

#include "host/neutral/events_plan.hpp"
#include "host/neutral/transport.hpp"

#include <array>
#include <string>
#include <vector>

namespace zener {

// What a preset's "events" asks for besides the plan.
struct EventsChoice {
  double window_ps = 1.0;
  double angle_deg = 10.0;    // within which a direction belongs to a family
  double defect_free_A = 8.0; // no defect so near before: the nucleation of a Frenkel pair was free of defects
  std::string sites;          // the preset's object as JSON; empty: md's structure without its defects
};

enum class EventKind : int {
  vacancy,       // a chain whose head filled a vacancy and whose end left one
  interstitial,  // a chain from a site with an atom too many to a site that has one too many now
  nucleation,    // a chain that left a vacancy and made an interstitial
  recombination, // a chain from an interstitial into a vacancy
  ring,          // closed: the last atom took the place of the first
  row            // closed through the periodic cell: atoms went around it
};
inline constexpr std::size_t kEventKinds = 6;
extern const std::array<const char *, kEventKinds> kEventKindNames;

enum class Family : int { d100, d110, d111, other, none }; // none: a closed ring ends where it began
inline constexpr std::size_t kFamilies = 5;
extern const std::array<const char *, kFamilies> kFamilyNames;

struct AtomStep {
  std::int32_t atom = 0; // of the system
  std::int32_t from = 0, to = 0;
  Vector3 vector_A{}; // from site to site
  Family family = Family::other;
};

// Atoms head first: each of them took the place of the one before it.
struct Event {
  std::int64_t window = 0;
  std::int32_t system = 0;
  EventKind kind = EventKind::vacancy;
  bool defect_free = false; // nucleation alone
  Vector3 vector_A{};       // from the place that was left to that which was taken: the sum of the atoms' vectors
  Family family = Family::other;
  std::vector<AtomStep> atoms;
};

// Of one system. Rates: events in a ps.
struct SystemEvents {
  std::array<std::int64_t, kEventKinds> count{};
  std::array<Estimate, kEventKinds> rate_per_ps{};
  std::int64_t defect_free = 0;
  Estimate defect_free_rate_per_ps{};
  Estimate vacancies{}, interstitials{}; // in a window
  Estimate lasting_vacancies{}, lasting_interstitials{};
  Estimate length{}; // atoms of an event
  std::int64_t longest = 0;
  Estimate longer_than_one{};                                                       // share of the events
  std::vector<std::int64_t> single_moves = std::vector<std::int64_t>(kFamilies, 0); // atoms by direction
};

struct EventsResult {
  double window_ps = 0.0;
  std::int64_t windows = 0, settled_windows = 0; // with moves known: the last ones wait for atoms to stay
  int persistence = 1;
  std::int64_t sites = 0;
  // [windows][K] and [settled windows][K], the latter of sites to which atoms belong after `persistence` windows there.
  std::vector<std::int64_t> vacancies, interstitials, lasting_vacancies, lasting_interstitials;
  std::vector<Event> events; // by window, system and first atom of the list
  std::vector<SystemEvents> systems;
  std::vector<Atoms> frames; // of events, with columns: string (number of the event from 1, 0: none), event_kind, site_move
  std::vector<std::int32_t> frame_system;
};

// `systems` as given: elements and types of the frames, cells for lengths (those of the sites, scaled to the volume of the
// system's first cell). Chains: of atoms that came to a site and atoms that left it, those go together whose moves are most
// parallel. Two windows or fewer give no events.
EventsResult events_of(const EventsPlan &plan, const EventsChoice &choice, const EventsSums &sums,
                       const std::vector<Atoms> &systems, double frame_ps);

// The family of a vector in cubic axes: that within so many degrees, the nearest first.
Family family_of(const Vector3 &v, double angle_deg);

} // namespace zener
