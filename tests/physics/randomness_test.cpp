// Jump randomness, mean barriers and B2 clusters with the published network (Xing et al., Nat. Commun. 15, 3879 (2024), figures
// 2c, 4 and 5).
#include "tests/reference/philox.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace zener::test {
namespace {

// Atoms of the given counts at random on all sites.
std::vector<std::uint8_t> random_alloy(const std::vector<std::int64_t> &atoms, std::uint32_t seed) {
  std::vector<std::uint8_t> occupancy;
  for (std::size_t s = 0; s < atoms.size(); ++s) {
    occupancy.insert(occupancy.end(), static_cast<std::size_t>(atoms[s]), static_cast<std::uint8_t>(s + 1));
  }
  reference::Sequence random(seed);
  for (std::size_t i = occupancy.size() - 1; i > 0; --i) {
    std::swap(occupancy[i], occupancy[static_cast<std::size_t>(random.below(static_cast<int>(i + 1)))]);
  }
  return occupancy;
}

double variance_of(const double *values, std::size_t n) {
  const double mean = std::accumulate(values, values + n, 0.0) / static_cast<double>(n);
  double squares = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    squares += (values[i] - mean) * (values[i] - mean);
  }
  return squares / static_cast<double>(n);
}

// The value at which most of R lies, by bins of 0.05.
double most_frequent(const double *values, std::size_t n) {
  std::vector<int> bins(20, 0);
  for (std::size_t i = 0; i < n; ++i) {
    ++bins[std::min<std::size_t>(19, static_cast<std::size_t>(values[i] * 20.0))];
  }
  return (static_cast<double>(std::max_element(bins.begin(), bins.end()) - bins.begin()) + 0.5) / 20.0;
}

TEST(PublishedNetworkRandomness, VarianceOfRPeaksWhereThePaperHasIt) {
  const auto network = published_network();
  if (!network) {
    GTEST_SKIP() << kNoNetwork;
  }
  on_every_device([&](Backend &backend) {
    const int n = slow_tests() ? 32 : 16;
    const LatticeShape shape{Structure::bcc, {n, n, n}};
    const std::int64_t sites = shape.sites();
    const auto occupancy = random_alloy({sites / 3, sites / 3, sites - 2 * (sites / 3)}, 1);
    std::vector<double> temperatures{400.0, 3000.0};
    for (double t = 700.0; t <= 1100.0; t += 10.0) {
      temperatures.push_back(t);
    }
    const BarrierMap map = backend.barrier_map(*network, Precision::float32, shape, occupancy, temperatures);
    const auto of = [&](std::size_t t) { return map.randomness.data() + t * static_cast<std::size_t>(sites); };
    std::size_t best = 2;
    std::vector<double> variance;
    for (std::size_t t = 0; t < temperatures.size(); ++t) {
      variance.push_back(variance_of(of(t), static_cast<std::size_t>(sites)));
      best = t > 2 && variance[t] > variance[best] ? t : best;
    }
    const double cold = most_frequent(of(0), static_cast<std::size_t>(sites));
    const double hot = most_frequent(of(1), static_cast<std::size_t>(sites));
    std::printf("random equimolar Nb-Mo-Ta, %lld sites: Var(R) largest at %g K (%.4f; 400 K %.4f, 3000 K %.4f); R most "
                "frequent at %.3f (400 K) and %.3f (3000 K)\n",
                static_cast<long long>(sites), temperatures[best], variance[best], variance[0], variance[1], cold, hot);
    EXPECT_GE(temperatures[best], 830.0);
    EXPECT_LE(temperatures[best], 930.0);
    EXPECT_LT(variance[0], 0.8 * variance[best]);
    EXPECT_LT(variance[1], 0.8 * variance[best]);
    EXPECT_LT(cold, 0.05);
    EXPECT_NEAR(hot, 0.7, 0.06);
  });
}

TEST(PublishedNetworkRandomness, MeanBarrierIsHighestNear70PercentMo) {
  const auto network = published_network();
  if (!network) {
    GTEST_SKIP() << kNoNetwork;
  }
  on_every_device([&](Backend &backend) {
    const LatticeShape shape{Structure::bcc, {10, 10, 10}};
    const std::int64_t sites = shape.sites();
    double highest = 0.0;
    std::array<int, 3> at{}; // tenths of Nb, Mo, Ta
    for (int nb = 0; nb <= 10; ++nb) {
      for (int mo = 0; nb + mo <= 10; ++mo) {
        const std::vector<std::int64_t> atoms{sites * nb / 10, sites * mo / 10, sites - sites * nb / 10 - sites * mo / 10};
        const auto occupancy = random_alloy(atoms, static_cast<std::uint32_t>(11 * nb + mo));
        const BarrierMap map = backend.barrier_map(*network, Precision::float32, shape, occupancy, {});
        const double mean =
            std::accumulate(map.barrier_eV.begin(), map.barrier_eV.end(), 0.0) / static_cast<double>(map.barrier_eV.size());
        if (mean > highest) {
          highest = mean;
          at = {nb, mo, 10 - nb - mo};
        }
      }
    }
    std::printf("highest mean barrier: %.3f eV at Nb%d0 Mo%d0 Ta%d0\n", highest, at[0], at[1], at[2]);
    EXPECT_GE(at[1], 6); // the paper: Nb10 Mo70 Ta20
    EXPECT_LE(at[1], 8);
  });
}

TEST(PublishedNetworkB2, ClustersGrowAndCoalesceAt1000K) {
  const auto network = published_network();
  if (!network) {
    GTEST_SKIP() << kNoNetwork;
  }
  if (!slow_tests()) {
    GTEST_SKIP() << "1e7 hops of 128,000 sites; --slow runs it";
  }
  on_every_device([&](Backend &backend) {
    KmcPlan plan = network_plan(*network, 40, {1000.0}, 1);
    plan.memory_entries = 65536;
    plan.b2 = B2Rule{2, 3, 6, 12, 1000000};
    std::vector<std::uint64_t> samples;
    for (std::uint64_t hop = 100000; hop <= 10000000; hop += 100000) {
      samples.push_back(hop);
    }
    const auto batch = backend.make_kmc(plan);
    std::vector<KmcRow> rows{batch->sample()};
    const AdvanceReport report = batch->advance(samples.back(), samples);
    rows.insert(rows.end(), report.rows.begin(), report.rows.end());
    const RowColumns column = row_columns(plan);
    const auto value = [&](std::size_t row, int c) { return rows[row].mean[static_cast<std::size_t>(c)]; };
    for (const std::size_t row : {std::size_t{0}, std::size_t{10}, std::size_t{50}, std::size_t{100}}) {
      std::printf("B2 at %.0e hops: %g centres in %g clusters, largest %g; persistent %g in %g, largest %g\n",
                  static_cast<double>(rows[row].hop), value(row, column.b2), value(row, column.b2 + 1),
                  value(row, column.b2 + 2), value(row, column.b2_persistent), value(row, column.b2_persistent + 1),
                  value(row, column.b2_persistent + 2));
    }
    std::printf("memory: %.2f %% of %llu environments found\n",
                100.0 * static_cast<double>(report.memory_hits) / static_cast<double>(report.memory_lookups),
                static_cast<unsigned long long>(report.memory_lookups));
    EXPECT_GT(value(50, column.b2), value(10, column.b2));
    EXPECT_GT(value(100, column.b2), value(50, column.b2));
    EXPECT_GT(value(50, column.b2 + 2), value(10, column.b2 + 2));
    EXPECT_GT(value(100, column.b2 + 2), value(50, column.b2 + 2));
    // Coalescence: persistent clusters are larger on average at the end.
    const auto mean_size = [&](std::size_t row) {
      return value(row, column.b2_persistent) / value(row, column.b2_persistent + 1);
    };
    EXPECT_GT(mean_size(100), mean_size(50));
    EXPECT_GT(mean_size(50), mean_size(10));
  });
}

} // namespace
} // namespace zener::test
