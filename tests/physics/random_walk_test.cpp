// Constant barriers make the vacancy an uncorrelated random walker, for which everything is known: residence times are
// exponential with the rate z Gamma, the eight jumps equally likely, and D = (z/6) Gamma d^2 = Gamma a^2 with Gamma the rate of
// one path, z = 8 and d = sqrt(3)/2 a.
#include "tests/support/backends.hpp"
#include "tests/support/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace zener::test {
namespace {

constexpr double kBoltzmann = 1.380649e-23 / 1.602176634e-19; // eV/K
constexpr double kAttempts = 5e12;                            // 1/s, not the default
constexpr double kLatticeConstant = 3.24;                     // A
constexpr int kJumpPaths = 8;

KmcPlan walkers(int replicas, double barrier_eV, std::vector<double> temperatures_K) {
  KmcPlan plan;
  plan.cells = {5, 6, 7};
  plan.lattice_constant_A = kLatticeConstant;
  plan.elements = {"Mo"};
  plan.model = ConstantBarrier{barrier_eV};
  plan.attempt_frequency_per_s = kAttempts;
  plan.seed = 11;
  plan.replicas = replicas;
  for (const double temperature : temperatures_K) {
    plan.groups.push_back({temperature, {plan.sites() - 1}});
  }
  plan.occupancy.assign(static_cast<std::size_t>(plan.sites()), 1);
  plan.occupancy[137] = 0;
  return plan;
}

double path_rate(double barrier_eV, double temperature_K) {
  return kAttempts * std::exp(-barrier_eV / (kBoltzmann * temperature_K));
}

// The jump that leads from one displacement to the next: bit a is set when axis a went up.
int jump(const KmcState &from, const KmcState &to, std::size_t w, std::size_t walkers) {
  int path = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    const int step = to.displacement[a * walkers + w] - from.displacement[a * walkers + w];
    EXPECT_EQ(std::abs(step), 1);
    path |= step > 0 ? 1 << a : 0;
  }
  return path;
}

// At a fixed physical time: D within 3 standard errors in all four cases (a right program fails for 1 % of seeds); along the
// axes and in the products that must vanish, chi-square at a significance of 0.1 %.
TEST(RandomWalk, DiffusivityIsExactAndIsotropic) {
  on_every_device([](Backend &backend) {
    constexpr int kReplicas = 8000;
    constexpr double kBarrier = 0.7;
    for (const double temperature : {400.0, 1500.0}) {
      for (const double jumps : {8.0, 120.0}) { // mean number in the time: D does not depend on it
        SCOPED_TRACE("about " + std::to_string(jumps) + " jumps, " + std::to_string(temperature) + " K");
        KmcPlan plan = walkers(kReplicas, kBarrier, {temperature});
        plan.seed = static_cast<std::uint32_t>(temperature + jumps);
        const double rate = path_rate(kBarrier, temperature);
        plan.time_limit_s = jumps / (kJumpPaths * rate);
        const auto batch = backend.make_kmc(plan);
        ASSERT_EQ(batch->advance(static_cast<std::uint64_t>(jumps + 12.0 * std::sqrt(jumps) + 20.0), {}).at_time_limit,
                  kReplicas);
        const KmcState state = batch->save();
        const double unit = 0.5e-10 * kLatticeConstant; // m
        const double expected = rate * kLatticeConstant * kLatticeConstant * 1e-20;
        Sample diffusivity;
        Sample axis[3];
        Sample drift[3];
        Sample product[3];
        for (std::size_t w = 0; w < kReplicas; ++w) {
          ASSERT_EQ(state.time_s[w], plan.time_limit_s);
          double r2 = 0.0;
          double r[3];
          for (std::size_t a = 0; a < 3; ++a) {
            r[a] = unit * state.displacement[a * kReplicas + w];
            axis[a].add(r[a] * r[a] / (2.0 * plan.time_limit_s));
            drift[a].add(r[a]);
            r2 += r[a] * r[a];
          }
          for (std::size_t a = 0; a < 3; ++a) {
            product[a].add(r[a] * r[(a + 1) % 3]);
          }
          diffusivity.add(r2 / (6.0 * plan.time_limit_s));
        }
        EXPECT_LT(std::abs(diffusivity.deviations_from(expected)), 3.0) << diffusivity.mean() / expected;
        // The error itself is known, so that a wrong spread cannot hide a wrong mean. With n jumps in the mean <r^2> = 3 n,
        // <x^4> = 3 n^2 + n and <x^2 y^2> = n^2 + n in units of a/2 (Poisson numbers of jumps), Var(r^2) = 6 n^2 + 9 n.
        const double relative = std::sqrt((2.0 / 3.0 + 1.0 / jumps) / kReplicas);
        EXPECT_NEAR(diffusivity.standard_error() / expected, relative, 0.1 * relative);
        double axes = 0.0;
        double vanishing = 0.0;
        for (int a = 0; a < 3; ++a) {
          axes += std::pow(axis[a].deviations_from(expected), 2);
          vanishing += std::pow(drift[a].deviations_from(0.0), 2) + std::pow(product[a].deviations_from(0.0), 2);
        }
        EXPECT_GT(chi_square_p(axes, 3), 1e-3) << axis[0].mean() << " " << axis[1].mean() << " " << axis[2].mean();
        EXPECT_GT(chi_square_p(vanishing, 6), 1e-3);
        // The statistics made on the device are those of the walkers.
        const KmcRow row = batch->sample();
        const double scale = unit * unit / (6.0 * plan.time_limit_s);
        EXPECT_NEAR(row.mean[1] * scale / diffusivity.mean(), 1.0, 1e-12);
        EXPECT_NEAR(std::sqrt(row.squared[1] / (kReplicas - 1.0) / kReplicas) * scale / diffusivity.standard_error(), 1.0,
                    1e-9);
      }
    }
  });
}

// <r^2> = 3 n (a/2)^2 and <t> = n / (z Gamma) after n jumps, within 4 standard errors at each of the samples.
TEST(RandomWalk, SquaredDisplacementAndTimeAreLinearInHops) {
  on_every_device([](Backend &backend) {
    constexpr int kReplicas = 5000;
    constexpr double kBarrier = 1.1;
    const std::vector<double> temperatures{300.0, 1000.0, 3000.0};
    const auto batch = backend.make_kmc(walkers(kReplicas, kBarrier, temperatures));
    const std::vector<std::uint64_t> hops{1, 2, 3, 5, 10, 20, 50, 100};
    const AdvanceReport report = batch->advance(100, hops);
    ASSERT_EQ(report.rows.size(), hops.size());
    for (std::size_t i = 0; i < hops.size(); ++i) {
      const KmcRow &row = report.rows[i];
      ASSERT_EQ(row.hop, hops[i]);
      const double n = static_cast<double>(hops[i]);
      for (std::size_t g = 0; g < temperatures.size(); ++g) {
        const std::size_t at = g * RowColumns{}.pairs;
        const double time = n / (kJumpPaths * path_rate(kBarrier, temperatures[g]));
        // Var(t) = n / (z Gamma)^2; Var(r^2) = 6 n (n - 1), as each of x, y, z is a sum of n signs.
        EXPECT_LT(std::abs(row.mean[at] / time - 1.0), 4.0 / std::sqrt(n * kReplicas)) << "hop " << n << ", group " << g;
        EXPECT_LE(std::abs(row.mean[at + 1] - 3.0 * n), 4.0 * std::sqrt(6.0 * n * (n - 1.0) / kReplicas))
            << "hop " << n << ", group " << g;
        // The spread has a relative error of about sqrt(8 / replicas) = 4 % for times and less for displacements.
        EXPECT_NEAR(row.squared[at] / kReplicas / (time * time / n), 1.0, 0.16) << "hop " << n << ", group " << g;
        EXPECT_NEAR(row.squared[at + 1] / kReplicas, 6.0 * n * (n - 1.0), 0.16 * 6.0 * n * (n - 1.0)) << "hop " << n;
      }
    }
  });
}

// First and second residence times of 60,000 walkers: exponential, and independent of each other and of the jumps; the jumps
// uniform and independent. Significance of each test: 0.1 %.
TEST(RandomWalk, ResidenceTimesAreExponentialAndJumpsUniform) {
  on_every_device([](Backend &backend) {
    constexpr std::size_t kWalkers = 60000;
    constexpr double kBarrier = 0.9;
    constexpr double kTemperature = 900.0;
    constexpr double kSignificance = 1e-3;
    const auto batch = backend.make_kmc(walkers(kWalkers, kBarrier, {kTemperature}));
    const KmcState start = batch->save();
    batch->advance(1, {});
    const KmcState one = batch->save();
    batch->advance(2, {});
    const KmcState two = batch->save();

    const double rate = kJumpPaths * path_rate(kBarrier, kTemperature);
    constexpr std::size_t kBins = 10;
    const auto bin = [](double p) { return std::min(static_cast<std::size_t>(p * kBins), kBins - 1); };
    std::vector<double> first(kWalkers);
    std::vector<double> second(kWalkers);
    std::vector<std::int64_t> jumps(64); // first and second jump
    std::vector<std::int64_t> time_and_jump(kBins * 8);
    std::vector<std::int64_t> time_and_time(kBins * kBins);
    for (std::size_t w = 0; w < kWalkers; ++w) {
      first[w] = -std::expm1(-one.time_s[w] * rate);
      second[w] = -std::expm1(-(two.time_s[w] - one.time_s[w]) * rate);
      const auto a = static_cast<std::size_t>(jump(start, one, w, kWalkers));
      const auto b = static_cast<std::size_t>(jump(one, two, w, kWalkers));
      jumps[a * 8 + b] += 1;
      time_and_jump[bin(first[w]) * 8 + a] += 1;
      time_and_time[bin(first[w]) * kBins + bin(second[w])] += 1;
    }
    EXPECT_GT(kolmogorov_smirnov_p(first), kSignificance);
    EXPECT_GT(kolmogorov_smirnov_p(second), kSignificance);
    EXPECT_GT(chi_square_test(jumps, std::vector<double>(64, 1.0 / 64.0)).p, kSignificance);
    EXPECT_GT(chi_square_test(time_and_jump, std::vector<double>(kBins * 8, 1.0 / (kBins * 8.0))).p, kSignificance);
    EXPECT_GT(chi_square_test(time_and_time, std::vector<double>(kBins * kBins, 1.0 / (kBins * kBins))).p, kSignificance);
  });
}

// The time of 50 hops is a sum of 50 independent exponentials. Significance: 0.1 %.
TEST(RandomWalk, TimesOfManyHopsAreGammaDistributed) {
  on_every_device([](Backend &backend) {
    constexpr int kWalkers = 10000;
    constexpr int kHops = 50;
    const auto batch = backend.make_kmc(walkers(kWalkers, 1.0, {700.0}));
    batch->advance(kHops, {});
    const KmcState state = batch->save();
    std::vector<double> p;
    for (const double time : state.time_s) {
      p.push_back(upper_gamma(kHops, time * kJumpPaths * path_rate(1.0, 700.0)));
    }
    EXPECT_GT(kolmogorov_smirnov_p(p), 1e-3);
  });
}

} // namespace
} // namespace zener::test
