// The queue of bands: one that is lost takes nothing from the others, and a run can stop between steps.
#include "apps/zener/band_queue.hpp"
#include "host/neutral/hops.hpp"
#include "host/neutral/structure_builder.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/tungsten.hpp"

#include <gtest/gtest.h>

#include <map>

namespace zener::test {
namespace {

// Passes everything on, but loses a system whose frame says so, in the second call that has it.
class LosingBatch final : public AtomsBatch {
public:
  LosingBatch(std::unique_ptr<AtomsBatch> inner, const std::vector<Atoms> &systems) : inner_(std::move(inner)) {
    for (std::size_t k = 0; k < systems.size(); ++k) {
      lost_ = systems[k].info.empty() ? lost_ : static_cast<std::int64_t>(k);
    }
  }
  BandsReport relax_bands(const BandsPlan &plan) override {
    BandsReport report = inner_->relax_bands(plan);
    if (lost_ >= 0 && ++calls_ == 2) {
      report = {};
      report.lost_system = lost_;
    }
    return report;
  }
  Evaluation evaluate() override { return inner_->evaluate(); }
  void set_atoms(const std::vector<Atoms> &systems) override { inner_->set_atoms(systems); }
  std::vector<Atoms> atoms() override { return inner_->atoms(); }
  std::vector<ThermoRow> thermo() override { return inner_->thermo(); }
  void set_dynamics(const DynamicsPlan &plan) override { inner_->set_dynamics(plan); }
  DynamicsReport advance(std::int64_t until, std::span<const std::int64_t> samples) override {
    return inner_->advance(until, samples);
  }
  RelaxReport relax(const RelaxPlan &plan) override { return inner_->relax(plan); }
  DynamicsState save() override { return inner_->save(); }
  void load(const DynamicsState &state) override { inner_->load(state); }
  SwapReport swap_trials(const SwapPlan &plan, std::int64_t first, std::int64_t until) override {
    return inner_->swap_trials(plan, first, until);
  }
  TransferCount transfers() const override { return inner_->transfers(); }

private:
  std::unique_ptr<AtomsBatch> inner_;
  std::int64_t lost_ = -1;
  int calls_ = 0;
};

// Three jumps of a vacancy without relaxed ends: bands all the same.
std::vector<BandTask> tasks() {
  StructureSpec spec;
  spec.lattice = "bcc";
  spec.a_A = 3.1652;
  spec.cells = {3, 3, 3};
  spec.elements = {"W"};
  std::vector<BandTask> out;
  for (const std::size_t h : {0U, 3U, 6U}) {
    const Hop hop = cluster_hops(build_structure(spec), {10})[h];
    BandTask task;
    task.images = straight_path(hop.first, hop.last, 2);
    task.ends = {2, hop.first.position_A, hop.last.position_A, -468.2, -468.2, 0.02};
    out.push_back(std::move(task));
  }
  out[1].ends.force_tolerance_eV_A = 0.002; // takes longer than the others
  return out;
}

using Profiles = std::map<std::size_t, std::vector<double>>;

Profiles run(Backend &backend, const std::vector<BandTask> &all, std::vector<std::size_t> &lost) {
  BandsPlan settings;
  settings.climb = false;
  BandQueue queue(
      [&](std::vector<Atoms> systems) {
        AtomsPlan plan;
        plan.systems = systems;
        plan.potential = finnis_sinclair_tungsten();
        plan.skin_A = 0.5;
        return std::make_unique<LosingBatch>(backend.make_atoms(plan), systems);
      },
      settings, 1 << 20);
  for (const BandTask &task : all) {
    queue.add(task);
  }
  Profiles out;
  while (queue.unfinished() > 0) {
    for (const BandResult &result : queue.next()) {
      if (result.lost) {
        lost.push_back(result.task);
        continue;
      }
      EXPECT_EQ(result.report.status, BandReport::Status::converged);
      EXPECT_EQ(result.images.size(), 2U);
      out[result.task] = result.report.energy_eV;
    }
  }
  EXPECT_GT(queue.force_calls(), 0);
  return out;
}

TEST(BandQueue, ALostBandTakesNothingFromTheOthers) {
  on_every_device([](Backend &backend) {
    std::vector<BandTask> all = tasks();
    std::vector<std::size_t> lost;
    const Profiles alone = run(backend, all, lost);
    ASSERT_EQ(alone.size(), 3U);
    EXPECT_TRUE(lost.empty());
    all.push_back(all[0]);
    all.back().ends.force_tolerance_eV_A = 1e-9; // runs on until it is lost
    all.back().images[1].info.emplace_back("to be", std::string("lost"));
    EXPECT_EQ(run(backend, all, lost), alone);
    EXPECT_EQ(lost, (std::vector<std::size_t>{3}));
  });
}

TEST(BandQueue, StopsWhenItIsTold) {
  on_every_device([](Backend &backend) {
    BandQueue queue(
        [&](std::vector<Atoms> systems) {
          AtomsPlan plan;
          plan.systems = std::move(systems);
          plan.potential = finnis_sinclair_tungsten();
          return backend.make_atoms(plan);
        },
        {}, 1 << 20);
    BandTask task = tasks()[0];
    task.ends.force_tolerance_eV_A = 1e-12;
    queue.add(task);
    int asked = 0;
    EXPECT_TRUE(queue.next([&] { return ++asked < 2; }).empty());
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(queue.unfinished(), 1U);
    EXPECT_EQ(queue.force_calls(), 2 * 2 * kBandSteps);
  });
}

} // namespace
} // namespace zener::test
