// A walker's hops, clock and counts are the same bits however a run is cut, split, restarted or placed. All models, both
// precisions.
#include "tests/support/backends.hpp"
#include "tests/support/batches.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>

namespace zener::test {
namespace {

constexpr std::uint64_t kHops = 400;

KmcState run(Backend &backend, const KmcPlan &plan, std::uint64_t hops = kHops) {
  const auto batch = backend.make_kmc(plan);
  batch->advance(hops, {});
  return batch->save();
}

// f(backend, plan of 15 walkers, its state after kHops hops) for every device and model.
template <class F> void for_all(F f) {
  on_every_device([&](Backend &backend) {
    for (const NamedModel &model : all_models()) {
      SCOPED_TRACE(model.name);
      const KmcPlan plan = small_batch(model);
      f(backend, plan, run(backend, plan));
    }
  });
}

// A time limit that some of the walkers of a group reach within kHops hops and others do not: the median of their clocks.
double halting_time(const KmcState &state, const KmcPlan &plan) {
  std::vector<double> times = state.time_s;
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(plan.walkers() / 2)];
}

// What follows would mean nothing for walkers that stand still or are all alike.
TEST(Exactness, WalkersMoveAndDiffer) {
  for_all([](Backend &backend, const KmcPlan &plan, const KmcState &state) {
    const auto walkers = static_cast<std::size_t>(plan.walkers());
    const KmcState start = run(backend, plan, 0);
    for (std::size_t w = 0; w < walkers; ++w) {
      EXPECT_EQ(state.walker_hops[w], kHops);
      EXPECT_EQ(state.averaged_hops[w], kHops - plan.averages_from_hop);
      EXPECT_NE(part(state, w, 1).occupancy, part(start, w, 1).occupancy);
      for (std::size_t other = 0; other < w; ++other) {
        EXPECT_NE(state.time_s[w], state.time_s[other]);
        EXPECT_NE(part(state, w, 1).occupancy, part(state, other, 1).occupancy);
      }
    }
    KmcPlan seeded = plan;
    seeded.seed += 1;
    const KmcState another = run(backend, seeded);
    EXPECT_NE(another.occupancy, state.occupancy);
    EXPECT_NE(another.time_s, state.time_s);
  });
}

TEST(Exactness, TwoRunsAreTheSame) {
  for_all([](Backend &backend, const KmcPlan &plan, const KmcState &state) { expect_same_state(run(backend, plan), state); });
}

TEST(Exactness, ChunksAndSamplesDoNotMatter) {
  for_all([](Backend &backend, const KmcPlan &plan, const KmcState &state) {
    const std::vector<std::uint64_t> samples{1, 2, 36, 37, 38, 63, 64, 65, 128, 255, 399, 400};
    const auto sampled = backend.make_kmc(plan);
    const AdvanceReport report = sampled->advance(kHops, samples);
    expect_same_state(sampled->save(), state);

    const auto cut = backend.make_kmc(plan);
    std::vector<KmcRow> rows;
    for (std::uint64_t hop = 0; hop < kHops;) {
      hop = std::min(kHops, hop + 1 + hop % 53);
      std::vector<std::uint64_t> within;
      std::copy_if(samples.begin(), samples.end(), std::back_inserter(within),
                   [&](std::uint64_t s) { return s <= hop && (rows.empty() ? s > 0 : s > rows.back().hop); });
      const AdvanceReport piece = cut->advance(hop, within);
      rows.insert(rows.end(), piece.rows.begin(), piece.rows.end());
    }
    expect_same_state(cut->save(), state);
    ASSERT_EQ(report.rows.size(), samples.size());
    ASSERT_EQ(rows.size(), samples.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].hop, samples[i]);
      expect_same_row(rows[i], report.rows[i]);
    }
    expect_same_row(rows.back(), cut->sample());
  });
}

// At a hop before averages begin, one after, and one beyond a multiple of 64; into a new batch and into one that has run.
TEST(Exactness, RestartsAreTheSame) {
  for_all([](Backend &backend, const KmcPlan &plan, const KmcState &state) {
    for (const std::uint64_t hop : {std::uint64_t{0}, std::uint64_t{20}, std::uint64_t{217}, kHops}) {
      SCOPED_TRACE("saved at hop " + std::to_string(hop));
      const KmcState saved = run(backend, plan, hop);
      const auto fresh = backend.make_kmc(plan);
      fresh->load(saved);
      expect_same_state(fresh->save(), saved);
      fresh->advance(kHops, {});
      expect_same_state(fresh->save(), state);
      fresh->load(saved);
      fresh->advance(kHops, {});
      expect_same_state(fresh->save(), state);
    }
  });
}

TEST(Exactness, RestartsWithHaltedWalkersAreTheSame) {
  for_all([](Backend &backend, const KmcPlan &unlimited, const KmcState &free) {
    KmcPlan plan = unlimited;
    plan.time_limit_s = halting_time(free, unlimited);
    const auto batch = backend.make_kmc(plan);
    const AdvanceReport report = batch->advance(kHops, {});
    const KmcState state = batch->save();
    EXPECT_GT(report.running, 0);
    EXPECT_GT(report.at_time_limit, 0);
    EXPECT_EQ(report.running + report.at_time_limit, plan.walkers());
    for (std::size_t w = 0; w < state.status.size(); ++w) {
      if (state.status[w] == static_cast<std::uint32_t>(WalkerStatus::time_limit)) {
        EXPECT_EQ(state.time_s[w], plan.time_limit_s);
        EXPECT_LT(state.walker_hops[w], kHops);
      } else { // the limit is nothing to those that do not reach it
        expect_same_state(part(state, w, 1), part(free, w, 1));
      }
    }
    for (const std::uint64_t hop : {std::uint64_t{64}, std::uint64_t{301}}) {
      const KmcState saved = run(backend, plan, hop);
      const auto restarted = backend.make_kmc(plan);
      restarted->load(saved);
      restarted->advance(kHops, {});
      expect_same_state(restarted->save(), state);
    }
  });
}

TEST(Exactness, BatchSizeAndOrderDoNotMatter) {
  for_all([](Backend &backend, const KmcPlan &plan, const KmcState &state) {
    const auto walkers = static_cast<std::size_t>(plan.walkers());
    for (std::size_t w = walkers; w-- > 0;) { // one by one, last first
      KmcPlan one = plan;
      one.groups = {plan.groups[w / 5]};
      one.replicas = 1;
      one.first_walker = static_cast<std::uint32_t>(w);
      expect_same_state(run(backend, one), part(state, w, 1));
    }
    KmcPlan tail = plan; // split between groups, and within one
    tail.groups.erase(tail.groups.begin());
    tail.first_walker = 5;
    expect_same_state(run(backend, tail), part(state, 5, 10));
    KmcPlan middle = plan;
    middle.groups = {plan.groups[1]};
    middle.replicas = 3;
    middle.first_walker = 7;
    expect_same_state(run(backend, middle), part(state, 7, 3));
    KmcPlan more = plan; // further walkers beside them
    more.groups.insert(more.groups.end(), 5, plan.groups[2]);
    expect_same_state(part(run(backend, more), 0, walkers), state);
  });
}

TEST(Exactness, AGivenConfigurationIsAsGoodAsADrawnOne) {
  for_all([](Backend &backend, const KmcPlan &plan, const KmcState &state) {
    KmcPlan given = plan;
    given.occupancy = run(backend, plan, 0).occupancy;
    expect_same_state(run(backend, given), state);
    KmcPlan single = given; // one lattice for all walkers
    single.occupancy.resize(static_cast<std::size_t>(plan.sites()));
    single.groups = {plan.groups[0]};
    expect_same_state(part(run(backend, single), 0, 1), part(state, 0, 1));
  });
}

TEST(Exactness, ThreadsDoNotMatter) { // a GPU takes the call and ignores it
  for_all([](Backend &backend, const KmcPlan &plan, const KmcState &state) {
    for (const int threads : {1, 2, 3}) {
      SCOPED_TRACE(std::to_string(threads) + " threads");
      backend.set_threads(threads);
      const auto batch = backend.make_kmc(plan);
      const std::vector<std::uint64_t> samples{100, kHops};
      const AdvanceReport report = batch->advance(kHops, samples);
      expect_same_state(batch->save(), state);
      expect_same_row(report.rows.back(), batch->sample());
    }
    backend.set_threads(0);
  });
}

// Every device against the CPU, and runs that are saved on one and end on the other.
TEST(Exactness, DevicesAgree) {
  std::vector<OpenDevice> devices = open_devices();
  if (devices.size() < 2) {
    GTEST_SKIP() << "only the CPU is here to compare with itself";
  }
  Backend &cpu = *devices.back().backend;
  for (std::size_t i = 0; i + 1 < devices.size(); ++i) {
    SCOPED_TRACE("device " + devices[i].name);
    Backend &device = *devices[i].backend;
    std::vector<NamedModel> models = all_models();
    models.push_back({"mlp 4 x 128 float32", random_network({128, 128, 128, 128}), Precision::float32});
    models.push_back({"mlp 4 x 128 float64", random_network({128, 128, 128, 128}), Precision::float64});
    for (const NamedModel &model : models) {
      SCOPED_TRACE(model.name);
      KmcPlan plan = small_batch(model);
      for (const int replicas : {5, 400}) { // few walkers and many take different teams on a GPU
        SCOPED_TRACE(std::to_string(3 * replicas) + " walkers");
        plan.replicas = replicas;
        const std::uint64_t hops = replicas == 5 ? kHops : 100;
        const KmcState state = run(cpu, plan, hops);
        expect_same_state(run(device, plan, hops), state);
        const auto batch = device.make_kmc(plan);
        batch->load(run(cpu, plan, 77));
        batch->advance(hops, {});
        expect_same_state(batch->save(), state);
        const auto back = cpu.make_kmc(plan);
        back->load(run(device, plan, 77));
        const std::vector<std::uint64_t> samples{90, hops};
        const AdvanceReport expected = back->advance(hops, samples);
        expect_same_state(back->save(), state);
        const AdvanceReport report = device.make_kmc(plan)->advance(hops, samples);
        for (std::size_t r = 0; r < samples.size(); ++r) {
          expect_same_row(report.rows[r], expected.rows[r]);
        }
      }
      std::vector<std::uint8_t> types;
      std::mt19937_64 random(9);
      for (int k = 0; k < 33 * 112; ++k) {
        types.push_back(static_cast<std::uint8_t>(1 + random() % 3));
      }
      expect_same_bits(device.barriers(plan.model, plan.precision, types).barrier_eV,
                       cpu.barriers(plan.model, plan.precision, types).barrier_eV, "barriers");
    }
  }
}

} // namespace
} // namespace zener::test
