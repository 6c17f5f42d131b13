// A consistent network on a cell whose states can all be enumerated: 5 x 5 x 5 cells of Nb, one Mo and one vacancy, 249 states
// up to translations. The oracle adds up whole lattices. Vacancy hops must keep the Boltzmann distribution of the network's
// state energy, and exchanges must find it.
#include "tests/reference/networks.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/networks.hpp"
#include "tests/support/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace zener::test {
namespace {

constexpr double kBoltzmann = 1.380649e-23 / 1.602176634e-19; // eV/K
constexpr double kTemperature_K = 500.0;
constexpr int kCells = 5;
constexpr int kSites = 2 * kCells * kCells * kCells;

const reference::Lattice &cell() {
  static const reference::Lattice lattice(kCells, kCells, kCells);
  return lattice;
}

// The place of the Mo atom seen from the vacancy, as the site where it is when the vacancy is at site 0.
std::size_t state_of(const std::uint8_t *occupancy) {
  const auto at = [&](std::uint8_t code) {
    return cell().coordinates(static_cast<int>(std::find(occupancy, occupancy + kSites, code) - occupancy));
  };
  const reference::Vector v = at(0);
  const reference::Vector b = at(2);
  return static_cast<std::size_t>(cell().site({b[0] - v[0], b[1] - v[1], b[2] - v[2]}));
}

std::vector<std::uint8_t> configuration(std::size_t state) {
  std::vector<std::uint8_t> occupancy(kSites, 1);
  occupancy[0] = 0;
  occupancy[state] = 2;
  return occupancy;
}

std::vector<double> boltzmann(const Consistent &network) {
  std::vector<double> p(kSites, 0.0);
  double sum = 0.0;
  for (std::size_t s = 1; s < kSites; ++s) {
    p[s] = std::exp(-reference::state_energy(network, cell(), configuration(s)) / (kBoltzmann * kTemperature_K));
    sum += p[s];
  }
  for (double &share : p) {
    share /= sum;
  }
  return p;
}

KmcPlan plan_of(const Consistent &network, int walkers) {
  KmcPlan plan;
  plan.cells = {kCells, kCells, kCells};
  plan.lattice_constant_A = 3.24;
  plan.elements = network.elements;
  plan.model = network;
  plan.precision = Precision::float64;
  plan.seed = 3;
  plan.replicas = walkers;
  plan.groups = {{kTemperature_K, {kSites - 2, 1, 0}}};
  return plan;
}

std::vector<std::int64_t> counted(const KmcState &state) {
  std::vector<std::int64_t> counts(kSites);
  for (std::size_t w = 0; w < state.status.size(); ++w) {
    counts[state_of(state.occupancy.data() + w * kSites)] += 1;
  }
  return counts;
}

// Walkers drawn from the distribution and stopped at one time of their clocks are distributed by it still.
TEST(ConsistentNetwork, HopsKeepTheBoltzmannDistribution) {
  on_every_device([](Backend &backend) {
    const Consistent network = made_consistent(5, 5);
    const std::vector<double> p = boltzmann(network);
    constexpr int kWalkers = 4000;
    KmcPlan plan = plan_of(network, kWalkers);
    std::mt19937_64 random(5);
    std::discrete_distribution<std::size_t> draw(p.begin(), p.end());
    for (int w = 0; w < kWalkers; ++w) {
      const std::vector<std::uint8_t> c = configuration(draw(random));
      plan.occupancy.insert(plan.occupancy.end(), c.begin(), c.end());
    }
    const auto measure = backend.make_kmc(plan); // how long 100 hops take
    measure->advance(100, {});
    double time_s = 0.0;
    for (const double t : measure->save().time_s) {
      time_s += t / kWalkers;
    }
    plan.time_limit_s = time_s;
    const auto batch = backend.make_kmc(plan);
    std::uint64_t hops = 0;
    while (batch->advance(hops += 64, {}).running > 0) {
    }
    const ChiSquare test = chi_square_test(counted(batch->save()), p);
    EXPECT_GT(test.degrees, 50);
    EXPECT_GT(test.p, 1e-3) << "chi-square " << test.value << " of " << test.degrees;
  });
}

// Exchanges that start from random alloys.
TEST(ConsistentNetwork, ExchangesReachTheBoltzmannDistribution) {
  on_every_device([](Backend &backend) {
    const Consistent network = made_consistent(5, 5);
    const std::vector<double> p = boltzmann(network);
    KmcPlan plan = plan_of(network, 2500);
    plan.dynamics = Dynamics::metropolis_swaps;
    const auto batch = backend.make_kmc(plan);
    const std::vector<std::int64_t> random_alloys = counted(batch->save());
    EXPECT_LT(chi_square_test(random_alloys, p).p, 1e-6) << "the start should be far from equilibrium";
    batch->advance(4000, {});
    const ChiSquare test = chi_square_test(counted(batch->save()), p);
    EXPECT_GT(test.degrees, 50);
    EXPECT_GT(test.p, 1e-3) << "chi-square " << test.value << " of " << test.degrees;
  });
}

} // namespace
} // namespace zener::test
