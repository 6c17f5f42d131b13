// The engine's batch: initial states, rows, restarts, bytes that cross between host and device, and plans that are refused.
#include "host/engine/kmc_engine.hpp"
#include "host/neutral/errors.hpp"
#include "tests/reference/kmc.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/kmc_runner.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

std::uint64_t hash_at(KmcBatch &batch) { return hash_of(batch.save()); }

ZENER_DEVICE_TEST(KmcBatch, StartsFromRandomAlloysWithTheirCounts) {
  const KmcPlan plan = test_plan(TestModel::pair_kra, {}, 3);
  const reference::Lattice lattice(5, 6, 7);
  const KmcState s = make_kmc_batch(queue(), plan)->save();
  EXPECT_EQ(hash_of(s), hash_of(reference::initial_state(plan, lattice, s.occupancy)));
  for (std::int64_t w = 0; w < plan.walkers(); ++w) {
    const auto begin = s.occupancy.begin() + w * 420;
    for (int species = 1; species <= 3; ++species) {
      EXPECT_EQ(std::count(begin, begin + 420, species),
                plan.groups[static_cast<std::size_t>(w / 3)].atoms[static_cast<std::size_t>(species - 1)]);
    }
  }
}

ZENER_DEVICE_TEST(KmcBatch, RunsLikeTheSerialWalkerFromAGivenConfiguration) {
  KmcPlan plan = test_plan(TestModel::mlp_float32, {16}, 2);
  const reference::Lattice lattice(5, 6, 7);
  reference::Sequence random(12);
  plan.occupancy = reference::random_occupancy(random, 420, 3); // one for all walkers
  std::vector<std::uint8_t> all;
  for (int w = 0; w < 4; ++w) {
    all.insert(all.end(), plan.occupancy.begin(), plan.occupancy.end());
  }
  KmcState expected = reference::initial_state(plan, lattice, all);
  const auto barriers = reference::barrier_function(plan, lattice);
  const auto batch = make_kmc_batch(queue(), plan);
  const KmcRow row = batch->sample();
  EXPECT_EQ(row.hop, 0u);
  const std::uint64_t hops[] = {10, 40};
  const AdvanceReport report = batch->advance(60, hops);
  EXPECT_EQ(report.running, 4);
  EXPECT_EQ(report.at_time_limit + report.no_possible_hop + report.bad_barrier, 0);
  EXPECT_EQ(report.first_halted, -1);
  ASSERT_EQ(report.rows.size(), 2u);

  // Rows: means and sums of squared deviations over the replicas of each group.
  for (std::size_t r = 0; r < 2; ++r) {
    reference::advance(plan, lattice, barriers, expected, hops[r]);
    EXPECT_EQ(report.rows[r].hop, hops[r]);
    const auto columns_expected = static_cast<std::size_t>(5 + 12);
    ASSERT_EQ(report.rows[r].mean.size(), 2 * columns_expected);
    ASSERT_EQ(report.rows[r].squared.size(), 2 * columns_expected);
    for (std::size_t group = 0; group < 2; ++group) {
      for (std::size_t column = 0; column < columns_expected; ++column) {
        double x[2];
        for (std::size_t replica = 0; replica < 2; ++replica) {
          const std::size_t w = 2 * group + replica;
          const auto d = [&](std::size_t a) { return static_cast<double>(expected.displacement[a * 4 + w]); };
          x[replica] = column == 0   ? expected.time_s[w]
                       : column == 1 ? d(0) * d(0) + d(1) * d(1) + d(2) * d(2)
                       : column < 5  ? d(column - 2)
                                     : expected.pair_counts[(column - 5) * 4 + w];
        }
        const double mean = (x[0] + x[1]) / 2;
        const double squared = (x[0] - mean) * (x[0] - mean) + (x[1] - mean) * (x[1] - mean);
        EXPECT_NEAR(report.rows[r].mean[group * columns_expected + column], mean, 1e-12 * std::abs(mean));
        EXPECT_NEAR(report.rows[r].squared[group * columns_expected + column], squared, 1e-11 * squared);
      }
    }
  }
  reference::advance(plan, lattice, barriers, expected, 60);
  const KmcState got = batch->save();
  EXPECT_EQ(got.occupancy, expected.occupancy);
  EXPECT_EQ(got.pair_hops, expected.pair_hops);
}

ZENER_DEVICE_TEST(KmcBatch, RestartsAndCutsLeaveNoTrace) {
  for (const TestModel model : kTestModels) {
    const KmcPlan plan = test_plan(model, {16}, 2);
    const auto whole = make_kmc_batch(queue(), plan);
    whole->advance(80, {});
    const auto parts = make_kmc_batch(queue(), plan);
    const std::uint64_t samples[] = {10, 11, 30};
    parts->advance(30, samples);
    const KmcState saved = parts->save();
    const auto resumed = make_kmc_batch(queue(), plan);
    resumed->load(saved);
    EXPECT_EQ(hash_of(resumed->save()), hash_of(saved));
    resumed->advance(80, {});
    EXPECT_EQ(hash_at(*resumed), hash_at(*whole)) << name_of(model);
    parts->advance(80, {});
    EXPECT_EQ(hash_at(*parts), hash_at(*whole)) << name_of(model);
  }
}

// Walkers stopped by their barriers are counted, and the first of them is named.
ZENER_DEVICE_TEST(KmcBatch, ReportsWalkersThatStopped) {
  KmcPlan plan = test_plan(TestModel::constant, {}, 2);
  plan.model = ConstantBarrier{2.0};
  plan.groups[1].temperature_K = 20.0;
  const auto batch = make_kmc_batch(queue(), plan);
  const AdvanceReport report = batch->advance(5, {});
  EXPECT_EQ(report.running, 2);
  EXPECT_EQ(report.no_possible_hop, 2);
  EXPECT_EQ(report.first_halted, 2);
  plan.groups[1].temperature_K = 900.0;
  plan.time_limit_s = 1e-300;
  const AdvanceReport limited = make_kmc_batch(queue(), plan)->advance(5, {});
  EXPECT_EQ(limited.at_time_limit, 4);
  EXPECT_EQ(limited.first_halted, -1);
}

// Nothing crosses inside hops: no byte goes to the device, and to the host come the 6 counts of the report and the rows asked
// for.
ZENER_DEVICE_TEST(KmcBatch, HopsMoveNoBytes) {
  for (const TestModel model : kTestModels) {
    const KmcPlan plan = test_plan(model, {16}, 3);
    const auto batch = make_kmc_batch(queue(), plan);
    TransferCount before = batch->transfers();
    batch->advance(50, {});
    TransferCount after = batch->transfers();
    EXPECT_EQ(after.to_device, before.to_device) << name_of(model);
    EXPECT_EQ(after.to_host - before.to_host, 6 * sizeof(std::uint64_t)) << name_of(model);
    before = after;
    const std::uint64_t samples[] = {60, 70, 80};
    batch->advance(90, samples);
    after = batch->transfers();
    EXPECT_EQ(after.to_device, before.to_device);
    const std::size_t row = 2 * 2 * static_cast<std::size_t>(columns(plan)) * sizeof(double);
    EXPECT_EQ(after.to_host - before.to_host, 6 * sizeof(std::uint64_t) + 3 * row);
  }
}

ZENER_DEVICE_TEST(KmcBatch, BarriersOfGivenEnvironments) {
  reference::Sequence random(21);
  const reference::VoxelNet net = reference::random_net(random, {16, 8});
  const Mlp mlp = reference::to_mlp(net, {"Nb", "Mo", "Ta"});
  std::vector<std::uint8_t> types;
  std::vector<double> expected;
  for (int i = 0; i < 20; ++i) {
    const reference::Codes codes = reference::random_codes(random, 3);
    types.insert(types.end(), codes.begin(), codes.end());
    const auto barriers = reference::chain_barriers_float(mlp, codes);
    expected.insert(expected.end(), barriers.begin(), barriers.end());
  }
  EXPECT_EQ(evaluate_barriers(queue(), mlp, Precision::float32, types).barrier_eV, expected);
  EXPECT_TRUE(evaluate_barriers(queue(), mlp, Precision::float32, {}).barrier_eV.empty());
}

ZENER_DEVICE_TEST(KmcBatch, RefusesPlansThatCannotRun) {
  const KmcPlan good = test_plan(TestModel::constant, {}, 1);
  const auto with = [&](auto change) {
    KmcPlan plan = good;
    change(plan);
    make_kmc_batch(queue(), plan);
  };
  EXPECT_NO_THROW(with([](KmcPlan &) {}));
  EXPECT_THROW(with([](KmcPlan &p) { p.cells = {4, 6, 7}; }), ConfigError);
  EXPECT_THROW(with([](KmcPlan &p) { p.vacancies = 65; }), ConfigError);
  EXPECT_THROW(with([](KmcPlan &p) { p.groups[0].temperature_K = 0.0; }), ConfigError);
  EXPECT_THROW(with([](KmcPlan &p) { p.groups[0].temperature_K = std::nan(""); }), ConfigError);
  EXPECT_THROW(with([](KmcPlan &p) { p.elements.assign(9, "X"); }), ConfigError);
  EXPECT_THROW(with([](KmcPlan &p) { p.elements.clear(); }), ConfigError);
  EXPECT_THROW(with([](KmcPlan &p) { p.cells = {2000, 2000, 2000}; }), ConfigError);
  EXPECT_THROW(with([](KmcPlan &p) { p.groups[0].atoms = {140, 140, 140}; }), InvariantError);
  EXPECT_THROW(with([](KmcPlan &p) { p.occupancy.assign(420, 1); }), DataError); // no vacancy
  EXPECT_THROW(with([](KmcPlan &p) { p.occupancy.assign(420, 0); }), DataError);
  EXPECT_THROW(with([](KmcPlan &p) { p.occupancy.assign(419, 1); }), InvariantError);
  EXPECT_THROW(with([](KmcPlan &p) {
                 p.occupancy.assign(420, 4);
                 p.occupancy[0] = 0;
               }),
               DataError);
  const auto batch = make_kmc_batch(queue(), good);
  KmcState state = batch->save();
  state.time_s.pop_back();
  EXPECT_THROW(batch->load(state), InvariantError);
  const std::uint64_t backwards[] = {20, 10};
  EXPECT_THROW(batch->advance(30, backwards), InvariantError);
  const std::uint64_t beyond[] = {200};
  EXPECT_THROW(batch->advance(100, beyond), InvariantError);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
