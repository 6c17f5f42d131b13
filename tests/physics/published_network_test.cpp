// The published Nb-Mo-Ta network: its barriers, and kinetics at 100 K, where rates span hundreds of orders of magnitude.
#include "host/neutral/environments.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/network.hpp"
#include "tests/support/statistics.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace zener::test {
namespace {

constexpr double kBoltzmann = 1.380649e-23 / 1.602176634e-19; // eV/K

TEST(PublishedNetwork, BarriersOfTheDevelopmentEnvironments) {
  const auto network = published_network();
  const std::filesystem::path file = shared_file("data/nnk/environments_dev.json");
  if (!network || file.empty()) {
    GTEST_SKIP() << kNoNetwork;
  }
  const Environments environments = read_environments(file, network->elements);
  const auto document = nlohmann::json::parse(bytes_of(file));
  ASSERT_EQ(environments.size(), 64U);
  on_every_device([&](Backend &backend) {
    for (const auto &[precision, tolerance] : {std::pair{Precision::float32, 5e-6}, std::pair{Precision::float64, 1e-9}}) {
      const std::vector<double> barriers = backend.barriers(*network, precision, environments.types).barrier_eV;
      ASSERT_EQ(barriers.size(), 64U * kPaths);
      double worst = 0.0;
      for (std::size_t e = 0; e < environments.size(); ++e) {
        const auto &expected = document["environments"][e]["barriers_ev"];
        ASSERT_EQ(expected.size(), 8U);
        for (std::size_t q = 0; q < kPaths; ++q) {
          const double barrier = barriers[e * kPaths + static_cast<std::size_t>(environments.path[q])];
          worst = std::max(worst, std::abs(barrier - expected[q].get<double>()));
        }
      }
      EXPECT_LT(worst, tolerance);
      std::printf("64 environments, float%d: largest difference %.2g eV\n", precision == Precision::float32 ? 32 : 64, worst);
    }
  });
}

// The walk at 100 K, hop by hop, against barriers evaluated by themselves: the jump taken is the most probable one as often as
// the barriers say, and residence times over their means are exponential. exp(-E/kT) is below the range of float32 in every
// state.
TEST(PublishedNetwork, KineticsAt100K) {
  const auto network = published_network();
  if (!network) {
    GTEST_SKIP() << kNoNetwork;
  }
  on_every_device([&](Backend &backend) {
    constexpr double kTemperature = 100.0;
    constexpr int kWalkers = 16;
    constexpr std::uint64_t kHops = 120;
    constexpr int n = 5;
    const KmcPlan plan = network_plan(*network, n, {kTemperature}, kWalkers);
    const auto sites = static_cast<std::size_t>(plan.sites());
    const auto wrapped = [](int v) { return ((v % (2 * n)) + 2 * n) % (2 * n); };

    const auto batch = backend.make_kmc(plan);
    KmcState state = batch->save();
    std::vector<std::uint8_t> types; // [hop][walker][112]
    std::vector<std::size_t> path;   // [hop][walker]
    std::vector<double> residence_s; // [hop][walker]
    for (std::uint64_t hop = 0; hop < kHops; ++hop) {
      for (std::size_t w = 0; w < kWalkers; ++w) {
        const int site = state.vacancy_site[w];
        const int odd = site % 2;
        const int x = site / 2 / (n * n) * 2 + odd;
        const int y = site / 2 / n % n * 2 + odd;
        const int z = site / 2 % n * 2 + odd;
        for (const Offset &o : bcc_tables().offsets) {
          const int cell = (wrapped(x + o[0]) / 2 * n + wrapped(y + o[1]) / 2) * n + wrapped(z + o[2]) / 2;
          types.push_back(state.occupancy[w * sites + static_cast<std::size_t>(cell * 2 + wrapped(x + o[0]) % 2)]);
        }
      }
      // Clocks start anew each hop, so that no short time is lost in a long one.
      std::fill(state.time_s.begin(), state.time_s.end(), 0.0);
      batch->load(state);
      ASSERT_EQ(batch->advance(hop + 1, {}).running, kWalkers);
      const KmcState next = batch->save();
      for (std::size_t w = 0; w < kWalkers; ++w) {
        std::size_t taken = 0;
        for (std::size_t a = 0; a < 3; ++a) {
          taken = taken * 2 + (next.displacement[a * kWalkers + w] > state.displacement[a * kWalkers + w] ? 1 : 0);
        }
        path.push_back(taken);
        residence_s.push_back(next.time_s[w]);
        ASSERT_TRUE(std::isfinite(next.time_s[w]));
        ASSERT_GT(next.time_s[w], 0.0);
      }
      state = next;
    }

    const std::vector<double> barriers = backend.barriers(plan.model, plan.precision, types).barrier_eV;
    const double beta = 1.0 / (kBoltzmann * kTemperature);
    std::vector<double> uniform;
    double expected_others = 0.0;
    int others = 0;
    int certain = 0;
    for (std::size_t i = 0; i < path.size(); ++i) {
      const double *e = &barriers[i * kPaths];
      const double smallest = *std::min_element(e, e + kPaths);
      EXPECT_EQ(static_cast<float>(std::exp(-smallest * beta)), 0.0F) << smallest << " eV";
      double sum = 0.0;
      for (std::size_t p = 0; p < kPaths; ++p) {
        sum += std::exp(-(e[p] - smallest) * beta);
      }
      uniform.push_back(-std::expm1(-residence_s[i] * plan.attempt_frequency_per_s * sum * std::exp(-smallest * beta)));
      expected_others += 1.0 - 1.0 / sum;
      others += e[path[i]] > smallest ? 1 : 0;
      if (1.0 / sum > 1.0 - 1e-9) {
        certain += 1;
        EXPECT_EQ(e[path[i]], smallest);
      }
    }
    EXPECT_GT(certain, 10); // there are states that can only be left one way
    EXPECT_GT(poisson_p(others, expected_others), 1e-3) << others << " hops by other paths, expected " << expected_others;
    EXPECT_GT(kolmogorov_smirnov_p(uniform), 1e-3);
    std::printf("100 K: %zu hops, %d by another than the most probable path (expected %.1f), %d that were certain\n",
                path.size(), others, expected_others, certain);

    const auto whole = backend.make_kmc(plan); // one run with one clock
    EXPECT_EQ(whole->advance(5000, {}).running, kWalkers);
    for (const double time : whole->save().time_s) {
      EXPECT_TRUE(std::isfinite(time));
      EXPECT_GT(time, 1e20); // s
    }
  });
}

} // namespace
} // namespace zener::test
