// Atoms that change their site on a device: prescribed strings, rings and defects, against a search through all sites.
#include "host/engine/analysis_engine.hpp"
#include "host/engine/atoms_engine.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/events.hpp"
#include "host/neutral/events_sites.hpp"
#include "tests/reference/events.hpp"
#include "tests/reference/philox.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/tungsten.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr double kA = 3.0;
constexpr std::int64_t kFrames = 3; // of a window

StructureSpec bcc(int cells) {
  StructureSpec spec;
  spec.lattice = "bcc";
  spec.a_A = kA;
  spec.cells = {cells, cells, cells};
  spec.elements = {"W"};
  return spec;
}

// Atoms that stand on sites, tremble, drift together, and go where they are sent.
class Story {
public:
  Story(int cells, unsigned seed) : side_(cells * kA), random_(seed) {
    atoms_ = build_structure(bcc(cells));
    sites_ = atoms_.position_A;
  }
  // The site at these halves of a.
  std::size_t site(int x, int y, int z) const {
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      bool here = true;
      const std::array<int, 3> halves{x, y, z};
      for (std::size_t d = 0; d < 3; ++d) {
        const double apart = (sites_[i][d] - 0.5 * kA * halves[d]) / side_;
        here = here && std::abs(apart - std::round(apart)) < 1e-6;
      }
      if (here) {
        return i;
      }
    }
    ADD_FAILURE() << "no site at " << x << " " << y << " " << z;
    return 0;
  }
  std::int64_t atom(int x, int y, int z) const { // before any other is removed or added
    return static_cast<std::int64_t>(site(x, y, z));
  }
  // A vacancy in the place of the last atom keeps the numbers of the others.
  void remove_last() {
    atoms_.position_A.pop_back();
    atoms_.type.pop_back();
  }
  void add(const Vector3 &x) {
    atoms_.position_A.push_back(x);
    atoms_.type.push_back(0);
  }
  // By halves of a.
  void send(std::int64_t atom, double x, double y, double z) {
    Vector3 &at = atoms_.position_A[static_cast<std::size_t>(atom)];
    at = {at[0] + 0.5 * kA * x, at[1] + 0.5 * kA * y, at[2] + 0.5 * kA * z};
  }
  void hold(int windows = 1) {
    for (std::int64_t f = 0; f < windows * kFrames; ++f) {
      Atoms frame = atoms_;
      for (Vector3 &x : frame.position_A) {
        for (std::size_t d = 0; d < 3; ++d) {
          x[d] += 0.3 * (random_.unit() - 0.5) + drift_[d];
        }
      }
      for (std::size_t d = 0; d < 3; ++d) {
        drift_[d] += 0.05 * static_cast<double>(d + 1);
      }
      still_.push_back(atoms_.position_A);
      frames.push_back(std::move(frame));
    }
  }
  reference::FoundEvents expected(int persistence) const {
    return reference::find_events(still_, atoms_.cell.vectors, sites_, kFrames, persistence);
  }
  const std::vector<Vector3> &sites() const { return sites_; }

  std::vector<Atoms> frames;

private:
  double side_;
  reference::Sequence random_;
  Atoms atoms_;
  std::vector<Vector3> sites_;
  std::vector<std::vector<Vector3>> still_; // without trembling and drift
  Vector3 drift_{};
};

AnalysisPlan plan_of(int cells, int persistence = 1, std::int64_t frames = 0) {
  AnalysisPlan plan;
  plan.events.emplace();
  plan.events->sites = crystal_sites(bcc(cells));
  plan.events->window_frames = kFrames;
  plan.events->persistence = persistence;
  plan.events->most_frames = frames;
  return plan;
}

class EventsTest : public DeviceTest {
protected:
  std::unique_ptr<DeviceAnalysis> make(const AnalysisPlan &plan, const std::vector<Atoms> &systems) {
    return std::make_unique<DeviceAnalysis>(queue(), plan, systems);
  }
  EventsSums sums_of(const AnalysisPlan &plan, const std::vector<std::vector<Atoms>> &systems) {
    std::vector<Atoms> now;
    for (const std::vector<Atoms> &frames : systems) {
      now.push_back(frames.front());
    }
    const auto analysis = make(plan, now);
    for (std::size_t f = 0; f < systems.front().size(); ++f) {
      for (std::size_t k = 0; k < systems.size(); ++k) {
        now[k] = systems[k][f];
      }
      analysis->push(now);
    }
    return *analysis->sums().events;
  }
  EventsResult of_story(const Story &story, int cells, int persistence = 1, std::int64_t frames = 0) {
    const AnalysisPlan plan = plan_of(cells, persistence, frames);
    EventsResult got = events_of(*plan.events, {}, sums_of(plan, {story.frames}), {story.frames.front()}, 0.5);
    const reference::FoundEvents wanted = story.expected(persistence);
    EXPECT_EQ(got.vacancies, wanted.vacancies);
    EXPECT_EQ(got.interstitials, wanted.interstitials);
    EXPECT_EQ(got.events.size(), wanted.events.size());
    for (std::size_t e = 0; e < std::min(got.events.size(), wanted.events.size()); ++e) {
      const Event &event = got.events[e];
      reference::FoundEvent found{event.window, kEventKindNames[static_cast<std::size_t>(event.kind)], {}, event.vector_A};
      for (const AtomStep &step : event.atoms) {
        found.atoms.push_back(step.atom);
      }
      EXPECT_EQ(found, wanted.events[e]) << "event " << e << ": " << found.kind << " of " << found.atoms.size() << ", not "
                                         << wanted.events[e].kind << " of " << wanted.events[e].atoms.size();
      for (std::size_t d = 0; d < 3; ++d) {
        EXPECT_NEAR(event.vector_A[d], wanted.events[e].vector[d], 1e-9);
      }
    }
    return got;
  }
};

std::vector<std::int32_t> atoms_of(const Event &event) {
  std::vector<std::int32_t> atoms;
  for (const AtomStep &step : event.atoms) {
    atoms.push_back(step.atom);
  }
  return atoms;
}

// The last site of the crystal, (4 a - a/2) three times, is vacant. Strings of 1, 2 and 5 atoms run into the vacancy.
ZENER_DEVICE_TEST_F(Events, StringsIntoAVacancy, EventsTest) {
  Story story(4, 1);
  ASSERT_EQ(story.site(7, 7, 7), 127U);
  const std::int64_t one = story.atom(6, 6, 6), two = story.atom(5, 7, 5), three = story.atom(4, 0, 6),
                     four = story.atom(3, 1, 7), five = story.atom(3, 3, 7);
  story.remove_last();
  story.hold(2);
  story.send(one, 1, 1, 1);
  story.hold();
  story.send(two, 1, -1, 1);    // to where `one` was
  story.send(three, 1, -1, -1); // through the face of the cell, to where `two` was
  story.hold(2);
  story.send(four, 1, -1, -1);
  story.send(five, 0, -2, 0); // <100>
  story.send(story.atom(2, 2, 6), 1, 1, 1);
  story.send(story.atom(1, 1, 5), 1, 1, 1);
  story.send(story.atom(0, 0, 4), 1, 1, 1);
  story.hold(2);
  const EventsResult got = of_story(story, 4);
  ASSERT_EQ(got.events.size(), 3U);
  EXPECT_EQ(got.events[0].family, Family::d111);
  EXPECT_EQ(got.events[0].window, 2);
  EXPECT_EQ(atoms_of(got.events[1]),
            (std::vector<std::int32_t>{static_cast<std::int32_t>(two), static_cast<std::int32_t>(three)}));
  EXPECT_NEAR(got.events[1].vector_A[0], kA, 1e-12);
  EXPECT_EQ(got.events[2].atoms.size(), 5U);
  EXPECT_EQ(got.events[2].atoms[1].family, Family::d100);
  for (const Event &event : got.events) {
    EXPECT_EQ(event.kind, EventKind::vacancy);
  }
  EXPECT_EQ(got.systems[0].longest, 5);
  EXPECT_DOUBLE_EQ(got.systems[0].length.mean, 8.0 / 3.0);
  EXPECT_EQ(got.systems[0].single_moves, (std::vector<std::int64_t>{1, 0, 7, 0, 0}));
  EXPECT_EQ(got.lasting_vacancies, (std::vector<std::int64_t>(7, 1)));
}

// A ring of four, a row that closes through the cell, and a string far from both, in one window; then a pair that changes
// places.
ZENER_DEVICE_TEST_F(Events, RingsAndRows, EventsTest) {
  Story story(4, 2);
  story.remove_last();
  story.hold(2);
  const std::int64_t ring[4] = {story.atom(0, 0, 0), story.atom(1, 1, 1), story.atom(2, 0, 0), story.atom(1, -1, 1)};
  story.send(ring[0], 1, 1, 1);
  story.send(ring[1], 1, -1, -1);
  story.send(ring[2], -1, -1, 1);
  story.send(ring[3], -1, 1, -1);
  for (int i = 0; i < 4; ++i) {
    story.send(story.atom(4, 2 * i, 4), 0, 2, 0);
  }
  story.send(story.atom(6, 6, 6), 1, 1, 1);
  story.hold(2);
  story.send(ring[0], 1, -1, -1); // now on (1, 1, 1), to (2, 0, 0) where ring[1] is
  story.send(ring[1], -1, 1, 1);
  story.hold(2);
  const EventsResult got = of_story(story, 4);
  ASSERT_EQ(got.events.size(), 4U);
  std::map<EventKind, int> kinds;
  for (const Event &event : got.events) {
    ++kinds[event.kind];
  }
  EXPECT_EQ(kinds[EventKind::ring], 2);
  EXPECT_EQ(kinds[EventKind::row], 1);
  EXPECT_EQ(kinds[EventKind::vacancy], 1);
  EXPECT_EQ(got.events[0].atoms.size(), 4U);
  EXPECT_EQ(got.events[0].family, Family::none);
  EXPECT_EQ(got.events[3].atoms.size(), 2U);
  const auto row = std::find_if(got.events.begin(), got.events.end(), [](const Event &e) { return e.kind == EventKind::row; });
  EXPECT_EQ(row->family, Family::d100);
  EXPECT_NEAR(row->vector_A[1], 4 * kA, 1e-9);
  EXPECT_EQ(got.events[0].window, got.events[2].window);
}

// A crowdion that moves by one and by three sites, a Frenkel pair that comes and goes, near it and far from it.
ZENER_DEVICE_TEST_F(Events, InterstitialsAndFrenkelPairs, EventsTest) {
  Story story(5, 3);
  const auto along = [&](int i) { return story.atom(i, i, i); };
  const auto extra = static_cast<std::int64_t>(story.sites().size());
  story.add({0.4, 0.4, 0.4}); // with atom 0 on site 0
  story.hold(2);
  story.send(extra, 0.8, 0.8, 0.8); // to (1, 1, 1)
  story.hold();
  story.send(along(1), 1, 1, 1);
  story.send(along(2), 1, 1, 1);
  story.send(along(3), 1, 1, 1); // (4, 4, 4) has two now
  story.hold();
  story.send(story.atom(1, 7, 3), 1, 1, 1); // leaves a vacancy; to (2, 8, 4)
  story.send(story.atom(2, 8, 4), 1, 1, 1); // on the next one's site
  story.hold();
  story.send(story.atom(2, 8, 4), -1, -1, -1);
  story.send(story.atom(1, 7, 3), -1, -1, -1);
  story.hold(2);
  EventsChoice near;
  near.defect_free_A = 20.0;
  const AnalysisPlan plan = plan_of(5);
  const EventsResult got = of_story(story, 5);
  ASSERT_EQ(got.events.size(), 4U);
  EXPECT_EQ(got.events[0].kind, EventKind::interstitial);
  EXPECT_EQ(got.events[0].atoms.size(), 1U);
  EXPECT_EQ(got.events[1].kind, EventKind::interstitial);
  EXPECT_EQ(got.events[1].atoms.size(), 3U);
  EXPECT_EQ(got.events[2].kind, EventKind::nucleation);
  EXPECT_EQ(got.events[2].atoms.size(), 2U);
  EXPECT_EQ(got.events[2].defect_free, false); // the other interstitial is 2 a away
  EXPECT_EQ(got.events[3].kind, EventKind::recombination);
  EXPECT_EQ(got.lasting_vacancies, (std::vector<std::int64_t>{0, 0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(got.lasting_interstitials, (std::vector<std::int64_t>{1, 1, 1, 1, 2, 1, 1}));
  EventsChoice choice;
  choice.defect_free_A = 2.5;
  const EventsResult far = events_of(*plan.events, choice, sums_of(plan, {story.frames}), {story.frames.front()}, 0.5);
  EXPECT_EQ(far.events[2].defect_free, true);
  EXPECT_EQ(far.systems[0].defect_free, 1);
}

// Who goes and comes back within a window less than `persistence` has not moved.
ZENER_DEVICE_TEST_F(Events, BackAndForth, EventsTest) {
  Story story(4, 4);
  const std::int64_t one = story.atom(6, 6, 6), two = story.atom(5, 5, 5);
  story.remove_last();
  story.hold(2);
  for (int i = 0; i < 3; ++i) {
    story.send(one, 1, 1, 1);
    story.hold();
    story.send(one, -1, -1, -1);
    story.hold();
  }
  story.send(one, 1, 1, 1);
  story.send(two, 1, 1, 1);
  story.hold(3);
  EXPECT_EQ(of_story(story, 4, 1).events.size(), 7U);
  const EventsResult got = of_story(story, 4, 2, 5);
  ASSERT_EQ(got.events.size(), 1U);
  EXPECT_EQ(got.events[0].atoms.size(), 2U);
  EXPECT_EQ(got.events[0].window, 8);
  EXPECT_EQ(of_story(story, 4, 4).events.size(), 0U);
  // The frame that is kept: averages, on sites that stand still, with the string.
  ASSERT_EQ(got.frames.size(), 1U);
  const Atoms &frame = got.frames[0];
  const auto &string = std::get<std::vector<std::int64_t>>(frame.columns[0].values);
  EXPECT_EQ(string[static_cast<std::size_t>(one)], 1);
  EXPECT_EQ(std::count(string.begin(), string.end(), 1), 2);
  EXPECT_NEAR(std::get<std::vector<double>>(frame.columns[2].values)[3 * static_cast<std::size_t>(two)], 0.5 * kA, 1e-9);
  for (std::size_t d = 0; d < 3; ++d) {
    EXPECT_NEAR(frame.position_A[static_cast<std::size_t>(one)][d], 3.5 * kA, 0.3);
  }
}

// Atoms that are thrown about in skewed, thin and changing cells: the nearest of all sites.
ZENER_DEVICE_TEST_F(Events, NearestOfAllSites, EventsTest) {
  struct Case {
    Matrix3 cell; // of the atoms; sites are those of bcc of as many cells, deformed
    std::array<int, 3> cells;
    double throws_A;
  };
  const std::vector<Case> cases{{{Vector3{9, 0, 0}, Vector3{4, 8.5, 0}, Vector3{-3, 2, 9.5}}, {3, 3, 3}, 4.0},
                                {{Vector3{3, 0, 0}, Vector3{1.4, 3.1, 0}, Vector3{0.5, 0.2, 12}}, {1, 1, 4}, 2.5}};
  for (std::size_t c = 0; c < cases.size(); ++c) {
    reference::Sequence random(static_cast<unsigned>(10 + c));
    StructureSpec spec = bcc(1);
    spec.cells = cases[c].cells;
    AnalysisPlan plan = plan_of(1);
    plan.remove_drift = false;
    plan.events->sites = crystal_sites(spec);
    plan.events->window_frames = 1;
    Atoms atoms = build_structure(spec);
    atoms.cell.vectors = cases[c].cell;
    std::vector<Vector3> sites;
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      sites.push_back(times(plan.events->sites.fraction[i], atoms.cell.vectors));
    }
    atoms.position_A = sites;
    std::vector<Atoms> frames{atoms, atoms};
    for (int f = 0; f < (kDebugDevice ? 6 : 20); ++f) {
      frames.push_back(atoms);
      for (Vector3 &x : frames.back().position_A) {
        for (double &one : x) {
          one += cases[c].throws_A * (random.unit() - 0.5);
        }
      }
    }
    std::vector<std::vector<Vector3>> path;
    for (const Atoms &frame : frames) {
      path.push_back(frame.position_A);
    }
    const reference::FoundEvents wanted = reference::find_events(path, atoms.cell.vectors, sites, 1, 1);
    const EventsSums got = sums_of(plan, {frames});
    EXPECT_EQ(got.vacancies, wanted.vacancies);
    EXPECT_EQ(got.interstitials, wanted.interstitials);
    EXPECT_GT(wanted.vacancies.back(), 0);
    // Sites from the moves.
    std::vector<std::int64_t> now = wanted.sites.front();
    std::size_t next = 0;
    for (std::size_t w = 1; w < frames.size(); ++w) {
      for (; next < got.moves.size() && got.moves[next].window == static_cast<std::int64_t>(w); ++next) {
        EXPECT_EQ(now[static_cast<std::size_t>(got.moves[next].atom)], got.moves[next].from);
        now[static_cast<std::size_t>(got.moves[next].atom)] = got.moves[next].to;
      }
      EXPECT_EQ(now, wanted.sites[w]) << "window " << w << " of case " << c;
    }
    EXPECT_EQ(next, got.moves.size());
  }
}

// Sites follow a cell that grows and shears, from another origin, and a crystal that moves as a whole.
ZENER_DEVICE_TEST_F(Events, SitesFollowTheCrystal, EventsTest) {
  Story story(4, 5);
  const std::int64_t one = story.atom(6, 6, 6);
  story.remove_last();
  story.hold(4);
  story.send(one, 1, 1, 1);
  story.hold(4);
  double strain = 0.0;
  for (Atoms &frame : story.frames) {
    Matrix3 strained{Vector3{1 + strain, 0, 0}, Vector3{0.5 * strain, 1 - 0.3 * strain, 0},
                     Vector3{0, 0.2 * strain, 1 + strain}};
    for (Vector3 &x : frame.position_A) {
      x = times(Vector3{x[0] + 0.9, x[1] - 0.4, x[2] + 1.3}, strained);
    }
    frame.cell.vectors = times(frame.cell.vectors, strained);
    strain += 0.01;
  }
  const AnalysisPlan plan = plan_of(4);
  const EventsSums got = sums_of(plan, {story.frames});
  ASSERT_EQ(got.moves.size(), 1U);
  EXPECT_EQ(got.moves[0].window, 4);
  EXPECT_EQ(got.moves[0].atom, one);
  EXPECT_EQ(got.vacancies, std::vector<std::int64_t>(8, 1));
}

ZENER_DEVICE_TEST_F(Events, SystemsOfABatchGoOnBitForBit, EventsTest) {
  std::vector<std::vector<Atoms>> systems;
  for (unsigned k = 0; k < 3; ++k) {
    Story story(3, 20 + k);
    const std::int64_t one = story.atom(4, 4, 4), two = story.atom(3, 3, 3);
    if (k > 0) {
      story.remove_last();
    }
    story.hold(2);
    if (k == 1) {
      story.send(one, 1, 1, 1);
    } else {
      story.send(one, -1, -1, -1);
      story.send(two, 1, 1, 1);
    }
    story.hold(3);
    systems.push_back(story.frames);
  }
  AnalysisPlan plan = plan_of(3, 2, 2);
  plan.msd = CorrelatorPlan{4, 2, 2, 1}; // beside another
  const std::vector<Atoms> first{systems[0][0], systems[1][0], systems[2][0]};
  const auto whole = make(plan, first);
  auto part = make(plan, first);
  for (std::size_t f = 0; f < systems[0].size(); ++f) {
    if (f == 4 || f == 9 || f == 13) {
      const AnalysisState state = part->save();
      part = make(plan, first);
      part->load(state);
    }
    const std::vector<Atoms> frame{systems[0][f], systems[1][f], systems[2][f]};
    whole->push(frame);
    part->push(frame);
  }
  const AnalysisState a = whole->save(), b = part->save();
  EXPECT_EQ(a.values, b.values);
  const EventsResult got = events_of(*plan.events, {}, *part->sums().events, first, 1.0);
  ASSERT_EQ(got.events.size(), 3U);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(got.events[k].system, static_cast<std::int32_t>(k));
    EXPECT_EQ(got.events[k].kind, k == 1 ? EventKind::vacancy : EventKind::ring);
  }
  EXPECT_EQ(got.frame_system, (std::vector<std::int32_t>{0, 1})) << "two frames at the most";
  plan.msd.reset();
  for (std::size_t k = 0; k < 3; ++k) {
    const EventsSums alone = sums_of(plan, {systems[k]});
    ASSERT_EQ(alone.moves.size(), got.events[k].atoms.size());
    EXPECT_EQ(alone.vacancies.size(), 5U);
  }
  AnalysisState cut = a;
  cut.values.pop_back();
  EXPECT_THROW(part->load(cut), InvariantError);
}

// In flight and from the host: the same events; what crosses is small.
ZENER_DEVICE_TEST_F(Events, InFlightIsWhatTheHostSees, EventsTest) {
  Story story(3, 6);
  story.remove_last();
  story.hold();
  AtomsPlan atoms;
  atoms.systems = {story.frames.front()};
  for (std::size_t i = 0; i < atoms.systems[0].size(); ++i) { // hot, and fast as a whole
    const auto x = static_cast<double>(i % 7) - 3.0, y = static_cast<double>(i % 5) - 2.0;
    atoms.systems[0].velocity_A_ps.push_back({30.0 + 10.0 * x, 8.0 * y, -20.0 + 5.0 * x * y});
  }
  atoms.potential = finnis_sinclair_tungsten();
  atoms.skin_A = 0.6;
  const auto batch = make_atoms_batch(queue(), atoms);
  DynamicsPlan dynamics;
  dynamics.begin_K = dynamics.end_K = {0.0};
  dynamics.pressure_GPa.assign(1, {});
  batch->set_dynamics(dynamics);
  const AnalysisPlan plan = plan_of(3, 1, 3);
  const auto in_flight = make(plan, atoms.systems), pushed = make(plan, atoms.systems);
  batch->observe_while_advancing(in_flight.get(), 0, 4);
  batch->observe(*in_flight);
  pushed->push(batch->atoms());
  for (std::int64_t step = 4; step <= (kDebugDevice ? 60 : 400); step += 4) {
    const TransferCount before = batch->transfers();
    ASSERT_FALSE(batch->advance(step, {}).exploded);
    EXPECT_LT(batch->transfers().to_host - before.to_host, 3000U + 24U * 3 * 53 * 3);
    pushed->push(batch->atoms());
  }
  const EventsSums a = *in_flight->sums().events, b = *pushed->sums().events;
  EXPECT_EQ(a.vacancies, b.vacancies);
  ASSERT_EQ(a.moves.size(), b.moves.size());
  for (std::size_t m = 0; m < a.moves.size(); ++m) {
    EXPECT_EQ(a.moves[m].atom, b.moves[m].atom);
    EXPECT_EQ(a.moves[m].to, b.moves[m].to);
    EXPECT_EQ(a.moves[m].window, b.moves[m].window);
  }
  EXPECT_EQ(a.vacancies.front(), 1);
}

ZENER_DEVICE_TEST_F(Events, BadInput, EventsTest) {
  Story story(4, 7);
  story.hold();
  const std::vector<Atoms> start{story.frames.front()};
  const auto refused = [&](const AnalysisPlan &plan, const std::vector<Atoms> &systems, const std::string &word) {
    try {
      make(plan, systems);
      ADD_FAILURE() << "nothing is refused; expected: " << word;
    } catch (const ConfigError &error) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  };
  refused(plan_of(5), start, "250 sites for 128 atoms");
  AnalysisPlan other = plan_of(4);
  StructureSpec sc = bcc(4);
  sc.lattice = "sc";
  sc.cells = {4, 4, 8};
  other.events->sites = crystal_sites(sc);
  refused(other, start, "not on these sites");
  std::vector<Atoms> slab = start;
  slab[0].cell.periodic[2] = false;
  refused(plan_of(4), slab, "free");
  AnalysisPlan twice = plan_of(4);
  twice.events->sites.fraction[5] = twice.events->sites.fraction[4];
  refused(twice, start, "apart");
  AnalysisPlan none = plan_of(4);
  none.events->window_frames = 0;
  EXPECT_THROW(make(none, start), InvariantError);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
