// Pair interactions with kinetically resolved activation on a cell whose states can all be enumerated: 5 x 5 x 5 cells (250
// sites), a solvent A, one vacancy and one solute B (249 states up to translations) or two, B and C (61,752 states, joined by
// the cube's 48 symmetries). The oracle adds up bonds of whole configurations, site by site, and solves the master equation; it
// shares no code with the kernel.
#include "tests/support/backends.hpp"
#include "tests/support/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <random>
#include <span>

namespace zener::test {
namespace {

constexpr double kBoltzmann = 1.380649e-23 / 1.602176634e-19; // eV/K
constexpr double kAttempts = 1e13;                            // 1/s
constexpr int kCells = 5;
constexpr int kPeriod = 2 * kCells; // in units of a/2
constexpr int kSites = 2 * kCells * kCells * kCells;
constexpr int kObservedShells = 2;
constexpr int kSpecies = 3;
constexpr std::size_t kCounts = kObservedShells * 6;
constexpr std::uint8_t kA = 1;
constexpr std::uint8_t kB = 2;
constexpr std::uint8_t kC = 3;

using Point = std::array<int, 3>;
using Configuration = std::array<std::uint8_t, kSites>;

int modulo(int v) { return ((v % kPeriod) + kPeriod) % kPeriod; }

// Sites in the order of KmcState::occupancy: cell by cell, z fastest, the corner before the centre.
int site_of(const Point &p) {
  const Point q{modulo(p[0]), modulo(p[1]), modulo(p[2])};
  return ((q[0] / 2 * kCells + q[1] / 2) * kCells + q[2] / 2) * 2 + q[0] % 2;
}
Point point_of(int site) {
  const int cell = site / 2;
  const int odd = site % 2;
  return {2 * (cell / (kCells * kCells)) + odd, 2 * (cell / kCells % kCells) + odd, 2 * (cell % kCells) + odd};
}
Point difference(const Point &a, const Point &b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

// Shell (0, 1, 2) of the vector between two sites, or -1, by the nearest image.
int shell_of(const Point &d) {
  int squared = 0;
  for (const int component : d) {
    const int m = modulo(component);
    squared += m > kCells ? (kPeriod - m) * (kPeriod - m) : m * m;
  }
  return squared == 3 ? 0 : squared == 4 ? 1 : squared == 8 ? 2 : -1;
}

const std::vector<std::array<int, kSites>> &shell_table() {
  static const auto table = [] {
    std::vector<std::array<int, kSites>> t(kSites);
    for (int i = 0; i < kSites; ++i) {
      for (int j = 0; j < kSites; ++j) {
        t[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] = shell_of(difference(point_of(i), point_of(j)));
      }
    }
    return t;
  }();
  return table;
}

// Bonds of every shell and pair of codes (vacancy included), each once.
using Bonds = std::array<std::array<std::array<int, kSpecies + 1>, kSpecies + 1>, 3>;
Bonds bonds_of(const Configuration &c) {
  Bonds bonds{};
  const auto &shells = shell_table();
  for (std::size_t i = 0; i < kSites; ++i) {
    for (std::size_t j = i + 1; j < kSites; ++j) {
      if (shells[i][j] >= 0) {
        bonds[static_cast<std::size_t>(shells[i][j])][std::min(c[i], c[j])][std::max(c[i], c[j])] += 1;
      }
    }
  }
  return bonds;
}

double energy_of(const PairKra &model, const Bonds &bonds) {
  double energy = 0.0;
  for (int shell = 0; shell < model.shells; ++shell) {
    for (int a = 0; a <= kSpecies; ++a) {
      for (int b = a; b <= kSpecies; ++b) {
        energy += model.pair(shell, a, b) *
                  bonds[static_cast<std::size_t>(shell)][static_cast<std::size_t>(a)][static_cast<std::size_t>(b)];
      }
    }
  }
  return energy;
}

std::array<int, kCounts> counts_of(const Bonds &bonds) {
  std::array<int, kCounts> counts{};
  for (std::size_t shell = 0; shell < kObservedShells; ++shell) {
    for (int a = 0; a < kSpecies; ++a) {
      for (int b = a; b < kSpecies; ++b) {
        counts[shell * 6 + static_cast<std::size_t>(pair_index(a, b, kSpecies))] =
            bonds[shell][static_cast<std::size_t>(a) + 1][static_cast<std::size_t>(b) + 1];
      }
    }
  }
  return counts;
}

// Every pair of codes has an energy of its own in every shell; B jumps fastest.
PairKra model() {
  PairKra m;
  m.elements = {"A", "B", "C"};
  m.migration_eV = {1.10, 0.95, 1.25};
  m.shells = 3;
  m.pair_eV.assign(3 * 16, 0.0);
  // Va-A, Va-B, Va-C, A-A, A-B, A-C, B-B, B-C, C-C
  const double values[3][9] = {{0.02, -0.05, 0.03, -0.04, 0.03, -0.06, 0.05, -0.10, 0.02},
                               {-0.01, 0.02, -0.02, 0.01, -0.02, 0.02, -0.03, 0.06, 0.01},
                               {0.005, 0.01, 0.0, 0.01, 0.0, -0.01, 0.02, -0.03, 0.01}};
  const int pairs[9][2] = {{0, 1}, {0, 2}, {0, 3}, {1, 1}, {1, 2}, {1, 3}, {2, 2}, {2, 3}, {3, 3}};
  for (std::size_t shell = 0; shell < 3; ++shell) {
    for (std::size_t k = 0; k < 9; ++k) {
      const auto a = static_cast<std::size_t>(pairs[k][0]);
      const auto b = static_cast<std::size_t>(pairs[k][1]);
      m.pair_eV[(shell * 4 + a) * 4 + b] = values[shell][k];
      m.pair_eV[(shell * 4 + b) * 4 + a] = values[shell][k];
    }
  }
  return m;
}

// The states seen from the vacancy, their energies and rates, and what follows from them.
class MasterEquation {
public:
  // With `c_too` the solutes are B and C and a state is a class of configurations that symmetries of the cube turn into each
  // other; else the solute is B and every position is a state of its own.
  MasterEquation(const PairKra &pair_kra, double temperature_K, bool c_too) : c_too_(c_too), class_(kSites * kSites, -1) {
    make_symmetries();
    for (int b = 1; b < kSites; ++b) {
      for (int c = c_too ? 1 : 0; c < (c_too ? kSites : 1); ++c) {
        if (b != c && representative(b, c) == key(b, c)) {
          class_[static_cast<std::size_t>(key(b, c))] = static_cast<int>(b_.size());
          b_.push_back(b);
          c_.push_back(c);
        }
      }
    }
    degeneracy_.assign(size(), 0.0);
    for (int b = 1; b < kSites; ++b) {
      for (int c = c_too ? 1 : 0; c < (c_too ? kSites : 1); ++c) {
        if (b != c) {
          const int state = class_[static_cast<std::size_t>(representative(b, c))];
          class_[static_cast<std::size_t>(key(b, c))] = state;
          degeneracy_[static_cast<std::size_t>(state)] += 1.0;
        }
      }
    }
    solve(pair_kra, temperature_K);
  }

  std::size_t size() const { return b_.size(); }
  const std::vector<double> &equilibrium() const { return equilibrium_; }
  const std::vector<double> &degeneracy() const { return degeneracy_; }
  double rate_out(std::size_t state) const { return rate_out_[state]; }
  const std::array<int, kCounts> &counts(std::size_t state) const { return counts_[state]; }
  double mean_rate() const { return std::inner_product(equilibrium_.begin(), equilibrium_.end(), rate_out_.begin(), 0.0); }

  // The state of a configuration.
  std::size_t state_of(std::span<const std::uint8_t> occupancy) const {
    int at[4] = {-1, -1, 0, 0};
    for (int i = 0; i < kSites; ++i) {
      const std::uint8_t code = occupancy[static_cast<std::size_t>(i)];
      if (code != kA) {
        at[code] = i;
      }
    }
    const Point vacancy = point_of(at[0]);
    const int b = site_of(difference(point_of(at[kB]), vacancy));
    const int c = c_too_ ? site_of(difference(point_of(at[kC]), vacancy)) : 0;
    return static_cast<std::size_t>(class_[static_cast<std::size_t>(key(b, c))]);
  }

  // A configuration of a state; `turn` (0 to 47) and `vacancy` pick one of those that are equivalent.
  Configuration configuration(std::size_t state, int turn = 0, int vacancy = 0) const {
    Configuration c;
    c.fill(kA);
    const auto &symmetry = symmetries_[static_cast<std::size_t>(turn)];
    const auto place = [&](int relative) {
      const Point p = point_of(symmetry[static_cast<std::size_t>(relative)]);
      const Point v = point_of(vacancy);
      return static_cast<std::size_t>(site_of({p[0] + v[0], p[1] + v[1], p[2] + v[2]}));
    };
    if (c_too_) {
      c[place(c_[state])] = kC;
    }
    c[place(b_[state])] = kB;
    c[static_cast<std::size_t>(vacancy)] = 0;
    return c;
  }

  // The distribution after a time, by uniformisation: sum over k of Poisson(k; L t) P^k p.
  std::vector<double> after(double time_s, std::vector<double> p) const {
    const double fastest = *std::max_element(rate_out_.begin(), rate_out_.end());
    const double mean = fastest * time_s;
    std::vector<double> result(size(), 0.0);
    const int terms = static_cast<int>(mean + 12.0 * std::sqrt(mean) + 30.0);
    for (int k = 0; k <= terms; ++k) {
      const double weight = std::exp(k * std::log(mean) - mean - std::lgamma(k + 1.0));
      std::vector<double> next(size());
      for (std::size_t s = 0; s < size(); ++s) {
        result[s] += weight * p[s];
        next[s] += p[s] * (1.0 - rate_out_[s] / fastest);
        for (std::size_t path = 0; path < 8; ++path) {
          next[to_[s][path]] += p[s] * rate_[s][path] / fastest;
        }
      }
      p = std::move(next);
    }
    return result;
  }

  // Half the sum of the differences from equilibrium.
  double distance(const std::vector<double> &p) const {
    double sum = 0.0;
    for (std::size_t s = 0; s < size(); ++s) {
      sum += 0.5 * std::abs(p[s] - equilibrium_[s]);
    }
    return sum;
  }

private:
  static int key(int b, int c) { return b * kSites + c; }

  void make_symmetries() {
    const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int signs = 0; signs < 8; ++signs) {
      for (const auto &order : orders) {
        std::array<int, kSites> symmetry{};
        for (int i = 0; i < kSites; ++i) {
          const Point p = point_of(i);
          Point q{};
          for (std::size_t a = 0; a < 3; ++a) {
            q[a] = (signs >> a & 1) != 0 ? -p[static_cast<std::size_t>(order[a])] : p[static_cast<std::size_t>(order[a])];
          }
          symmetry[static_cast<std::size_t>(i)] = site_of(q);
        }
        symmetries_.push_back(symmetry);
      }
    }
  }

  int representative(int b, int c) const {
    if (!c_too_) {
      return key(b, c);
    }
    int least = key(b, c);
    for (const auto &symmetry : symmetries_) {
      least = std::min(least, key(symmetry[static_cast<std::size_t>(b)], symmetry[static_cast<std::size_t>(c)]));
    }
    return least;
  }

  void solve(const PairKra &pair_kra, double temperature_K) {
    const double beta = 1.0 / (kBoltzmann * temperature_K);
    std::vector<double> energy(size());
    for (std::size_t s = 0; s < size(); ++s) {
      const Bonds bonds = bonds_of(configuration(s));
      energy[s] = energy_of(pair_kra, bonds);
      counts_.push_back(counts_of(bonds));
    }
    const double lowest = *std::min_element(energy.begin(), energy.end());
    double sum = 0.0;
    for (std::size_t s = 0; s < size(); ++s) {
      equilibrium_.push_back(degeneracy_[s] * std::exp(-beta * (energy[s] - lowest)));
      sum += equilibrium_.back();
    }
    for (double &p : equilibrium_) {
      p /= sum;
    }
    rate_.resize(size());
    to_.resize(size());
    for (std::size_t s = 0; s < size(); ++s) {
      const Configuration before = configuration(s);
      double out = 0.0;
      for (std::size_t path = 0; path < 8; ++path) {
        const Point d{(path & 4) != 0 ? 1 : -1, (path & 2) != 0 ? 1 : -1, (path & 1) != 0 ? 1 : -1};
        Configuration then = before;
        const auto neighbour = static_cast<std::size_t>(site_of(d));
        const std::uint8_t atom = before[neighbour];
        std::swap(then[0], then[neighbour]);
        to_[s][path] = state_of(then);
        const double barrier = pair_kra.migration_eV[atom - 1U] + 0.5 * (energy[to_[s][path]] - energy[s]);
        rate_[s][path] = kAttempts * std::exp(-beta * barrier);
        out += rate_[s][path];
      }
      rate_out_.push_back(out);
    }
  }

  bool c_too_;
  std::vector<std::array<int, kSites>> symmetries_; // the identity is the first
  std::vector<int> class_;                          // of (b, c), -1 where there is no state
  std::vector<int> b_;                              // a configuration of each state, the vacancy at site 0
  std::vector<int> c_;
  std::vector<double> degeneracy_;
  std::vector<double> equilibrium_;
  std::vector<double> rate_out_;
  std::vector<std::array<double, 8>> rate_;
  std::vector<std::array<std::size_t, 8>> to_;
  std::vector<std::array<int, kCounts>> counts_;
};

KmcPlan plan_at(double temperature_K, bool c_too, int walkers, std::uint32_t seed) {
  KmcPlan plan;
  plan.cells = {kCells, kCells, kCells};
  plan.lattice_constant_A = 3.0;
  plan.elements = {"A", "B", "C"};
  plan.model = model();
  plan.attempt_frequency_per_s = kAttempts;
  plan.seed = seed;
  plan.replicas = walkers;
  plan.groups = {{temperature_K, {kSites - (c_too ? 3 : 2), 1, c_too ? 1 : 0}}};
  return plan;
}

// Runs every walker to the time limit of its plan.
KmcState run_to_time_limit(KmcBatch &batch, std::int64_t walkers) {
  std::uint64_t hops = 0;
  AdvanceReport report;
  do {
    report = batch.advance(hops += 64, {});
  } while (report.running > 0);
  EXPECT_EQ(report.at_time_limit, walkers);
  return batch.save();
}

std::vector<std::int64_t> observed_states(const MasterEquation &oracle, const KmcState &state) {
  std::vector<std::int64_t> observed(oracle.size());
  for (std::size_t w = 0; w < state.time_s.size(); ++w) {
    observed[oracle.state_of(std::span(state.occupancy).subspan(w * kSites, kSites))] += 1;
  }
  return observed;
}

// One state from each independent walker at one fixed physical time, 20 seeds: p-values of chi-square over the states, which
// must be uniform. The walkers start as random alloys (every state alike); the time is that at which the exact solution of the
// master equation from there is within 1e-4 of the Boltzmann distribution.
void expect_boltzmann(Backend &backend, double temperature_K, bool c_too, int walkers) {
  const MasterEquation oracle(model(), temperature_K, c_too);
  std::vector<double> p = oracle.degeneracy();
  const double all = std::accumulate(p.begin(), p.end(), 0.0);
  for (double &share : p) {
    share /= all;
  }
  EXPECT_GT(oracle.distance(p), 0.05) << "the start should be far from equilibrium";
  double time = 0.0;
  const double step = (c_too ? 400.0 : 4.0) / oracle.mean_rate();
  while (oracle.distance(p) > 1e-4) {
    p = oracle.after(step, p);
    time += step;
  }
  std::printf("%d solute(s), %.0f K: burn-in of %.3g s, %.0f hops a walker, %d walkers x 20 seeds\n", c_too ? 2 : 1,
              temperature_K, time, time * oracle.mean_rate(), walkers);

  std::vector<double> p_values;
  std::vector<std::int64_t> pooled(oracle.size());
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    KmcPlan plan = plan_at(temperature_K, c_too, walkers, seed);
    plan.time_limit_s = time;
    const KmcState state = run_to_time_limit(*backend.make_kmc(plan), walkers);
    const std::vector<std::int64_t> observed = observed_states(oracle, state);
    const ChiSquare test = chi_square_test(observed, oracle.equilibrium());
    EXPECT_GT(test.degrees, 50);
    EXPECT_GT(test.p, 1e-4) << "seed " << seed << ": chi-square " << test.value << " of " << test.degrees;
    p_values.push_back(test.p);
    for (std::size_t s = 0; s < pooled.size(); ++s) {
      pooled[s] += observed[s];
    }
  }
  EXPECT_GT(kolmogorov_smirnov_p(p_values), 0.01);
  const ChiSquare together = chi_square_test(pooled, oracle.equilibrium());
  EXPECT_GT(together.p, 1e-3) << "all seeds: chi-square " << together.value << " of " << together.degrees;
}

TEST(DetailedBalance, StatesOfOneSoluteHaveBoltzmannWeights) {
  on_every_device([](Backend &backend) { expect_boltzmann(backend, 1000.0, false, slow_tests() ? 50000 : 2500); });
}

TEST(DetailedBalance, StatesOfTwoSolutesHaveBoltzmannWeights) {
  if (!slow_tests()) {
    GTEST_SKIP() << "slow: two solutes need a long burn-in (--slow runs it)";
  }
  on_every_device([](Backend &backend) { expect_boltzmann(backend, 1500.0, true, 2000); });
}

// Far from equilibrium: all walkers start in one state, and the distribution at a time is the master equation's. This checks
// the clock and every rate, not their ratios alone. Significance 0.1 %.
TEST(DetailedBalance, StatesEvolveByTheMasterEquation) {
  on_every_device([](Backend &backend) {
    constexpr double kTemperature = 900.0;
    const MasterEquation oracle(model(), kTemperature, true);
    EXPECT_EQ(std::accumulate(oracle.degeneracy().begin(), oracle.degeneracy().end(), 0.0), 249.0 * 248.0);
    Configuration start;
    start.fill(kA);
    start[0] = 0;
    start[static_cast<std::size_t>(site_of({1, 1, 1}))] = kB;
    start[static_cast<std::size_t>(site_of({-1, 1, 1}))] = kC;
    std::vector<double> first(oracle.size());
    first[oracle.state_of(start)] = 1.0;
    for (const auto &[hops, walkers] : {std::pair{2.0, 40000}, std::pair{12.0, 40000}, std::pair{120.0, 8000}}) {
      KmcPlan plan = plan_at(kTemperature, true, walkers, static_cast<std::uint32_t>(hops));
      plan.occupancy.assign(start.begin(), start.end());
      plan.time_limit_s = hops / oracle.mean_rate();
      const KmcState state = run_to_time_limit(*backend.make_kmc(plan), walkers);
      const ChiSquare test = chi_square_test(observed_states(oracle, state), oracle.after(plan.time_limit_s, first));
      EXPECT_GT(test.p, 1e-3) << "time of " << hops << " hops: chi-square " << test.value << " of " << test.degrees;
      EXPECT_GT(test.degrees, 20);
    }
  });
}

// Walkers that start in equilibrium (drawn by the test from the Boltzmann distribution) stay there. Averages weighted by
// residence time are then canonical averages, and averages per hop those of the jump chain, weighted by the total rate of each
// state: another number wherever rates and bonds are correlated.
TEST(DetailedBalance, AveragesAreCanonicalByTimeAndNotByHops) {
  on_every_device([](Backend &backend) {
    constexpr double kTemperature = 900.0;
    constexpr int kWalkers = 6000;
    const MasterEquation oracle(model(), kTemperature, true);
    KmcPlan plan = plan_at(kTemperature, true, kWalkers, 5);
    plan.order_shells = kObservedShells;
    plan.time_limit_s = 150.0 / oracle.mean_rate();
    std::mt19937_64 random(7);
    std::discrete_distribution<std::size_t> draw(oracle.equilibrium().begin(), oracle.equilibrium().end());
    for (int w = 0; w < kWalkers; ++w) {
      const std::size_t state = draw(random);
      const Configuration c = oracle.configuration(state, static_cast<int>(random() % 48), static_cast<int>(random() % kSites));
      ASSERT_EQ(oracle.state_of(c), state);
      plan.occupancy.insert(plan.occupancy.end(), c.begin(), c.end());
    }
    const KmcState state = run_to_time_limit(*backend.make_kmc(plan), kWalkers);
    EXPECT_GT(chi_square_test(observed_states(oracle, state), oracle.equilibrium()).p, 1e-3);

    Configuration last{};
    for (std::size_t w = 0; w < 200; ++w) { // counts kept up to date hop by hop
      std::copy_n(state.occupancy.begin() + static_cast<std::ptrdiff_t>(w * kSites), kSites, last.begin());
      const std::array<int, kCounts> counts = counts_of(bonds_of(last));
      for (std::size_t q = 0; q < kCounts; ++q) {
        EXPECT_EQ(state.pair_counts[q * kWalkers + w], counts[q]) << "walker " << w << ", pair " << q;
      }
    }

    double furthest = 0.0; // of a per-hop average from the canonical one, in standard errors
    for (std::size_t q = 0; q < kCounts; ++q) {
      double canonical = 0.0;
      double jump_chain = 0.0;
      for (std::size_t s = 0; s < oracle.size(); ++s) {
        canonical += oracle.equilibrium()[s] * oracle.counts(s)[q];
        jump_chain += oracle.equilibrium()[s] * oracle.rate_out(s) * oracle.counts(s)[q] / oracle.mean_rate();
      }
      Sample by_time;
      double hops = 0.0;
      double bonds = 0.0;
      for (std::size_t w = 0; w < kWalkers; ++w) {
        EXPECT_NEAR(state.averaged_time_s[w] / plan.time_limit_s, 1.0, 1e-9); // one sum of residence times, rounded hop by hop
        EXPECT_EQ(state.averaged_hops[w], state.walker_hops[w]);
        by_time.add(state.pair_time[q * kWalkers + w] / state.averaged_time_s[w]);
        hops += static_cast<double>(state.averaged_hops[w]);
        bonds += static_cast<double>(state.pair_hops[q * kWalkers + w]);
      }
      const double by_hops = bonds / hops;
      Sample residual; // of the ratio
      for (std::size_t w = 0; w < kWalkers; ++w) {
        residual.add(
            (static_cast<double>(state.pair_hops[q * kWalkers + w]) - by_hops * static_cast<double>(state.averaged_hops[w])) *
            kWalkers / hops);
      }
      if (canonical == 0.0) { // B-B and C-C: there is one of each
        EXPECT_EQ(by_time.mean(), 0.0);
        EXPECT_EQ(by_hops, 0.0);
        continue;
      }
      EXPECT_LT(std::abs(by_time.deviations_from(canonical)), 4.0)
          << "pair " << q << ": " << by_time.mean() << ", exact " << canonical;
      EXPECT_LT(std::abs(by_hops - jump_chain) / residual.standard_error(), 4.0)
          << "pair " << q << ": " << by_hops << ", exact " << jump_chain;
      furthest = std::max(furthest, std::abs(by_hops - canonical) / residual.standard_error());
    }
    EXPECT_GT(furthest, 10.0);
  });
}

} // namespace
} // namespace zener::test
