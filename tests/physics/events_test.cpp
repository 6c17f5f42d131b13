// A vacancy in hot tungsten: it stays one, and atoms jump into it along <111>, mostly one at a time.
#include "host/neutral/events.hpp"
#include "host/neutral/events_sites.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/tungsten.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace zener {
namespace {

TEST(Events, AVacancyInHotTungsten) {
  StructureSpec spec;
  spec.lattice = "bcc";
  spec.a_A = 3.24; // about that of the potential at this temperature
  spec.cells = {3, 3, 3};
  spec.elements = {"W"};
  AnalysisPlan plan;
  plan.events.emplace();
  plan.events->sites = crystal_sites(spec);
  plan.events->window_frames = 25;
  spec.defects = {{"vacancies", {0}, 1, "", ""}};
  AtomsPlan atoms;
  atoms.systems = {build_structure(spec)};
  set_velocities(atoms.systems[0], 3200.0, 5);
  atoms.potential = finnis_sinclair_tungsten();
  DynamicsPlan dynamics;
  dynamics.ensemble = Ensemble::langevin;
  dynamics.dt_fs = 2.0;
  dynamics.begin_K = dynamics.end_K = {3200.0};
  dynamics.pressure_GPa.assign(1, {});
  constexpr std::int64_t kEvery = 20;
  const std::int64_t steps = test::slow_tests() ? 200000 : 20000;
  test::on_every_device([&](Backend &backend) {
    const std::unique_ptr<AtomsBatch> batch = backend.make_atoms(atoms);
    batch->set_dynamics(dynamics);
    const std::unique_ptr<Analysis> analysis = backend.make_analysis(plan, atoms.systems);
    batch->observe_while_advancing(analysis.get(), 0, kEvery);
    ASSERT_FALSE(batch->advance(steps, {}).exploded);
    const EventsResult got = events_of(*plan.events, {}, *analysis->sums().events, atoms.systems, 1e-3 * kEvery * 2.0);
    EXPECT_DOUBLE_EQ(got.window_ps, 1.0);
    const SystemEvents &one = got.systems.at(0);
    std::int64_t count = 0, atoms_moved = 0;
    for (const Event &event : got.events) {
      count += 1;
      atoms_moved += static_cast<std::int64_t>(event.atoms.size());
      RecordProperty("event_" + std::to_string(count), std::string(kEventKindNames[static_cast<std::size_t>(event.kind)]) +
                                                           " of " + std::to_string(event.atoms.size()));
    }
    EXPECT_GE(one.count[static_cast<std::size_t>(EventKind::vacancy)], steps / 8000) << "a jump in 16 ps or more";
    EXPECT_GE(10 * one.count[static_cast<std::size_t>(EventKind::vacancy)], 9 * count);
    EXPECT_NEAR(one.lasting_vacancies.mean, 1.0, 0.1);
    EXPECT_NEAR(one.vacancies.mean, 1.0, 0.2);
    EXPECT_NEAR(one.vacancies.mean - one.interstitials.mean, 1.0, 1e-9) << "an atom is on one site";
    EXPECT_GE(10 * one.single_moves[static_cast<std::size_t>(Family::d111)], 8 * atoms_moved);
    EXPECT_LT(one.length.mean, 1.6);
  });
}

} // namespace
} // namespace zener
