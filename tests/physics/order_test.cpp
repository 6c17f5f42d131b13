// Chemical order in equimolar Nb-Mo-Ta: what the published network makes (Xing et al., Nat. Commun. 15, 3879 (2024), figure 3),
// and that hops with the network that ships reach the canonical order of its state energy.
#include "host/neutral/network_file.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/network.hpp"
#include "tests/support/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

namespace zener::test {
namespace {

constexpr int kMo = 1; // Nb, Mo, Ta are species 0, 1, 2 of the network
constexpr int kTa = 2;

struct MoTaOrder { // bonds of shell 1 in excess of the random alloy's, for each conventional cell
  double last = 0.0;
  double time_weighted = 0.0;
  double per_hop = 0.0;
};

MoTaOrder mo_ta_order(const KmcPlan &plan, const KmcState &state, std::int64_t walker) {
  const auto w = static_cast<std::size_t>(walker);
  const auto at = static_cast<std::size_t>(pair_index(kMo, kTa, 3) * plan.walkers() + walker);
  const KmcGroup &group = plan.groups[w / static_cast<std::size_t>(plan.replicas)];
  const double expected = expected_bonds(group.atoms, plan.sites(), 8)[static_cast<std::size_t>(pair_index(kMo, kTa, 3))];
  const double cells = 0.5 * static_cast<double>(plan.sites());
  return {(state.pair_counts[at] - expected) / cells, (state.pair_time[at] / state.averaged_time_s[w] - expected) / cells,
          (static_cast<double>(state.pair_hops[at]) / static_cast<double>(state.averaged_hops[w]) - expected) / cells};
}

// A random alloy has no order, and 2e5 hops at 800 K (800 a site) make some that no random alloy of the cell shows.
TEST(PublishedNetworkOrder, MoTaBondsGrowAt800K) {
  const auto network = published_network();
  if (!network) {
    GTEST_SKIP() << kNoNetwork;
  }
  on_every_device([&](Backend &backend) {
    constexpr int kReplicas = 2;
    KmcPlan random = network_plan(*network, 5, {800.0}, 2000);
    const KmcState start = backend.make_kmc(random)->save();
    Sample order;
    for (std::int64_t w = 0; w < random.walkers(); ++w) {
      const auto at = static_cast<std::size_t>(pair_index(kMo, kTa, 3) * random.walkers() + w);
      const double expected = expected_bonds(random.groups[0].atoms, random.sites(), 8)[pair_index(kMo, kTa, 3)];
      order.add((start.pair_counts[at] - expected) / 125.0);
    }
    EXPECT_LT(std::abs(order.deviations_from(0.0)), 3.0) << order.mean();
    const double sigma = order.standard_error() * std::sqrt(static_cast<double>(random.walkers()));

    KmcPlan plan = network_plan(*network, 5, {800.0}, kReplicas);
    plan.averages_from_hop = 100000;
    const auto batch = backend.make_kmc(plan);
    EXPECT_EQ(batch->advance(200000, {}).running, kReplicas);
    const KmcState state = batch->save();
    for (std::int64_t w = 0; w < kReplicas; ++w) {
      const MoTaOrder o = mo_ta_order(plan, state, w);
      std::printf(
          "Mo-Ta bonds a cell above random, shell 1, 250 sites, 800 K, 2e5 hops: last %.3f, time-weighted %.3f, per hop %.3f "
          "(random alloys: standard deviation %.3f)\n",
          o.last, o.time_weighted, o.per_hop, sigma);
      EXPECT_GT(o.last, 3.0 * sigma);
      EXPECT_GT(o.time_weighted, 3.0 * sigma);
      EXPECT_GT(o.per_hop, 3.0 * sigma);
    }
  });
}

// Figure 3 of the paper in short: one walker of 1,024 sites at each temperature. On the CPU alone: 2e7 hops in sequence leave a
// GPU idle, and its walkers are the same to the bit (Exactness.DevicesAgree).
TEST(PublishedNetworkOrder, MoTaOrderIsLargestNear800K) {
  const auto network = published_network();
  if (!network) {
    GTEST_SKIP() << kNoNetwork;
  }
  if (!slow_tests()) {
    GTEST_SKIP() << "slow: 1e8 hops with the published network (--slow runs it)";
  }
  const std::vector<double> temperatures{400.0, 600.0, 800.0, 1200.0, 2000.0};
  const OpenDevice cpu = std::move(open_devices().back());
  KmcPlan plan = network_plan(*network, 8, temperatures, 1);
  plan.averages_from_hop = 10000000;
  const auto batch = cpu.backend->make_kmc(plan);
  EXPECT_EQ(batch->advance(20000000, {}).running, plan.walkers());
  const KmcState state = batch->save();
  std::vector<MoTaOrder> orders;
  for (std::int64_t w = 0; w < plan.walkers(); ++w) {
    orders.push_back(mo_ta_order(plan, state, w));
    const MoTaOrder &o = orders.back();
    std::printf(
        "Mo-Ta bonds a cell above random, shell 1, 1,024 sites, 2e7 hops, seed 1: %4.0f K: last %.4f, over hops 1e7 to 2e7: "
        "time-weighted %.4f, per hop %.4f; time %.6g s\n",
        temperatures[static_cast<std::size_t>(w)], o.last, o.time_weighted, o.per_hop,
        state.time_s[static_cast<std::size_t>(w)]);
  }
  EXPECT_LT(orders[0].last, 0.5 * orders[2].last);
  EXPECT_LT(orders[4].last, 0.5 * orders[2].last);
  for (const std::size_t i : {std::size_t{0}, std::size_t{3}, std::size_t{4}}) {
    EXPECT_LT(orders[i].per_hop, orders[2].per_hop) << temperatures[i] << " K";
  }
}

// Bonds above random of every pair and shell, each averaged over the walkers of a temperature: over time for hops, over trials
// for exchanges. [temperature][shell x pair]
std::vector<std::vector<Sample>> bonds_above_random(const KmcPlan &plan, const KmcState &state) {
  std::vector<std::vector<Sample>> bonds(
      plan.groups.size(), std::vector<Sample>(state.pair_time.size() / static_cast<std::size_t>(plan.walkers())));
  for (std::int64_t walker = 0; walker < plan.walkers(); ++walker) {
    const auto w = static_cast<std::size_t>(walker);
    const std::size_t group = w / static_cast<std::size_t>(plan.replicas);
    for (std::size_t k = 0; k < bonds[group].size(); ++k) {
      const auto shell = static_cast<int>(k) / plan.pairs();
      const double expected = expected_bonds(plan.groups[group].atoms, plan.sites(),
                                             shell == 0 ? 8 : 6)[k % static_cast<std::size_t>(plan.pairs())];
      const std::size_t at = k * static_cast<std::size_t>(plan.walkers()) + w;
      const double mean = plan.swaps() ? static_cast<double>(state.pair_hops[at]) / static_cast<double>(state.averaged_hops[w])
                                       : state.pair_time[at] / state.averaged_time_s[w];
      bonds[group][k].add(mean - expected);
    }
  }
  return bonds;
}

// Every pair of both shells agrees within errors that are small against the order itself. Five standard errors of 16 and 16
// walkers: 24 comparisons (not independent) of a right program fail once in a thousand.
TEST(ShippedNetworkOrder, HopsReachTheOrderOfExchanges) {
  if (!slow_tests()) {
    GTEST_SKIP() << "slow: 1e7 hops and 6e6 exchanges with the network that ships (--slow runs it)";
  }
  const BarrierModel network = read_network(std::filesystem::path(ZENER_SOURCE_DIR) / "presets/models/nbmota_snap.safetensors");
  const std::vector<double> temperatures{1500.0, 3000.0};
  const OpenDevice cpu = std::move(open_devices().back());
  KmcPlan hops = network_plan(network, 5, temperatures, 16);
  hops.memory_entries = 4096;
  hops.averages_from_hop = 50000;
  KmcPlan exchanges = hops;
  exchanges.dynamics = Dynamics::metropolis_swaps;
  exchanges.memory_entries = 0;
  exchanges.seed = 2;
  exchanges.averages_from_hop = 20000;
  const auto walk = cpu.backend->make_kmc(hops);
  EXPECT_EQ(walk->advance(300000, {}).running, hops.walkers());
  const auto metropolis = cpu.backend->make_kmc(exchanges);
  EXPECT_EQ(metropolis->advance(200000, {}).running, exchanges.walkers());
  const auto by_hops = bonds_above_random(hops, walk->save());
  const auto by_exchanges = bonds_above_random(exchanges, metropolis->save());
  for (std::size_t t = 0; t < temperatures.size(); ++t) {
    for (std::size_t k = 0; k < by_hops[t].size(); ++k) {
      const Sample &a = by_hops[t][k];
      const Sample &b = by_exchanges[t][k];
      const double error = std::hypot(a.standard_error(), b.standard_error());
      std::printf("%4.0f K, shell %zu, pair %zu: bonds above random %8.2f +- %.2f by hops, %8.2f +- %.2f by exchanges\n",
                  temperatures[t], k / 6 + 1, k % 6, a.mean(), a.standard_error(), b.mean(), b.standard_error());
      EXPECT_LT(std::abs(a.mean() - b.mean()), 5.0 * error) << temperatures[t] << " K, " << k;
    }
    const auto mo_ta = static_cast<std::size_t>(pair_index(kMo, kTa, 3));
    EXPECT_GT(by_hops[t][mo_ta].mean(), 20.0 * by_hops[t][mo_ta].standard_error()) << "no order to compare";
  }
}

} // namespace
} // namespace zener::test
