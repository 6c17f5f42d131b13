// advance_walkers against a serial walker, its independence of launch shapes, its ends, rare events, and golden hashes.
#include "tests/golden/hashes.hpp"
#include "tests/reference/kmc.hpp"
#include "tests/reference/lattice.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/kmc_runner.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

const reference::Lattice &small_lattice() {
  static const reference::Lattice lattice(5, 6, 7);
  return lattice;
}

// Occupancies of all walkers of a plan, drawn on the host.
std::vector<std::uint8_t> occupancies(const KmcPlan &plan, std::uint32_t seed) {
  reference::Sequence random(seed);
  std::vector<std::uint8_t> all;
  for (std::int64_t w = 0; w < plan.walkers(); ++w) {
    const auto one = reference::random_occupancy(random, plan.sites(), plan.species());
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

KmcState start(const KmcPlan &plan) { return reference::initial_state(plan, small_lattice(), occupancies(plan, 31)); }

// Integers exactly; clocks and averages to 1e-12: a few hundred terms, each within a few units of the last place of the C
// library's exp and log.
void expect_same_walk(const KmcState &got, const KmcState &expected, const std::string &name) {
  EXPECT_EQ(got.hops, expected.hops) << name;
  EXPECT_EQ(got.occupancy, expected.occupancy) << name;
  EXPECT_EQ(got.vacancy_site, expected.vacancy_site) << name;
  EXPECT_EQ(got.displacement, expected.displacement) << name;
  EXPECT_EQ(got.walker_hops, expected.walker_hops) << name;
  EXPECT_EQ(got.status, expected.status) << name;
  EXPECT_EQ(got.pair_counts, expected.pair_counts) << name;
  EXPECT_EQ(got.pair_hops, expected.pair_hops) << name;
  EXPECT_EQ(got.averaged_hops, expected.averaged_hops) << name;
  const auto near = [&](const std::vector<double> &a, const std::vector<double> &b, double relative, double absolute) {
    ASSERT_EQ(a.size(), b.size()) << name;
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_NEAR(a[i], b[i], relative * std::abs(b[i]) + absolute) << name << ", element " << i;
    }
  };
  near(got.time_s, expected.time_s, 1e-12, 0.0);
  near(got.pair_time, expected.pair_time, 1e-12, 0.0);
  near(got.averaged_time_s, expected.averaged_time_s, 1e-12, 0.0);
  near(got.smallest_barrier_eV, expected.smallest_barrier_eV, 0.0, 1e-10);
}

const std::vector<int> kWidths{16, 24};

// Pair energies are rounded to 2^-40 eV on the device: for equal clocks, the reference must have such energies (test_plan
// does).
ZENER_DEVICE_TEST(Kmc, WalksAreThoseOfASerialWalker) {
  const std::uint64_t hops = kDebugDevice ? 60 : 300;
  for (const TestModel model : kTestModels) {
    const KmcPlan plan = test_plan(model, kWidths, 2);
    KmcState expected = start(plan);
    KmcRunner runner(queue(), plan, expected);
    runner.advance(hops, {1, 32});
    reference::advance(plan, small_lattice(), reference::barrier_function(plan, small_lattice()), expected, hops);
    const KmcState got = runner.state();
    expect_same_walk(got, expected, name_of(model));
    EXPECT_EQ(got.walker_hops, std::vector<std::uint64_t>(4, hops));
    // Counts kept hop by hop are those of the lattice.
    for (std::size_t w = 0; w < 4; ++w) {
      const auto bonds = small_lattice().bonds(got.occupancy.data() + w * 420, 2, 3);
      for (std::size_t q = 0; q < bonds.size(); ++q) {
        EXPECT_EQ(got.pair_counts[q * 4 + w], bonds[q]);
      }
    }
  }
}

ZENER_DEVICE_TEST(Kmc, SameBitsForEveryTeamShapeChunkAndNumberOfThreads) {
  const std::uint64_t hops = kDebugDevice ? 70 : 200;
  for (const TestModel model : kTestModels) {
    const KmcPlan plan = test_plan(model, kWidths, 5); // 10 walkers: the last team of 3 or 8 is not full
    const KmcState begin = start(plan);
    KmcRunner whole(queue(), plan, begin);
    whole.advance(hops, {1, 32});
    const std::uint64_t expected = hash_of(whole.state());
    for (const TeamChoice &choice : {TeamChoice{1, 1, 1}, {2, 64, 2}, {3, 96, 2}, {8, 128, 8}, {10, 33, 3}}) {
      for (const bool latency : {false, true}) {
        KmcRunner runner(queue(), plan, begin);
        runner.advance(hops, choice, latency);
        EXPECT_EQ(hash_of(runner.state()), expected) << name_of(model) << ", " << choice.walkers << " a team";
      }
    }
    KmcRunner chunks(queue(), plan, begin);
    for (const std::uint64_t until :
         {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{63}, std::uint64_t{64}, std::uint64_t{65}, hops}) {
      chunks.advance(until, {3, 64});
    }
    EXPECT_EQ(hash_of(chunks.state()), expected) << name_of(model) << ", in chunks";
    for (const int threads : {1, 2, 3}) {
      queue().set_threads(threads);
      KmcRunner runner(queue(), plan, begin);
      runner.advance(hops, {1, 32});
      EXPECT_EQ(hash_of(runner.state()), expected) << name_of(model) << ", " << threads << " threads";
    }
    queue().set_threads(0);
  }
}

ZENER_DEVICE_TEST(Kmc, AWalkDependsOnSeedAndWalkerAlone) {
  const KmcPlan plan = test_plan(TestModel::pair_kra, {}, 2);
  const KmcState begin = start(plan);
  KmcRunner batch(queue(), plan, begin);
  batch.advance(50, {2, 32});
  const KmcState all = batch.state();

  KmcPlan third = plan; // the third walker alone
  third.groups = {plan.groups[1]};
  third.replicas = 1;
  third.first_walker = plan.first_walker + 2;
  const std::vector<std::uint8_t> own(begin.occupancy.begin() + 840, begin.occupancy.begin() + 1260);
  KmcRunner single(queue(), third, reference::initial_state(third, small_lattice(), own));
  single.advance(50, {1, 32});
  const KmcState one = single.state();
  EXPECT_EQ(one.time_s[0], all.time_s[2]);
  EXPECT_TRUE(std::equal(one.occupancy.begin(), one.occupancy.end(), all.occupancy.begin() + 840));

  third.seed += 1;
  KmcRunner other(queue(), third, reference::initial_state(third, small_lattice(), own));
  other.advance(50, {1, 32});
  EXPECT_NE(other.state().time_s[0], all.time_s[2]);
}

ZENER_DEVICE_TEST(Kmc, ObservablesDoNotChangeTheWalk) {
  KmcPlan plan = test_plan(TestModel::pair_kra, {}, 2);
  KmcRunner observed(queue(), plan, start(plan));
  observed.advance(100, {2, 32});
  for (const int shells : {0, 1}) {
    KmcPlan less = plan;
    less.order_shells = shells;
    KmcRunner runner(queue(), less, start(less));
    runner.advance(100, {2, 32});
    EXPECT_EQ(runner.state().occupancy, observed.state().occupancy);
    EXPECT_EQ(runner.state().time_s, observed.state().time_s);
  }
}

ZENER_DEVICE_TEST(Kmc, TheTimeLimitIsMetExactly) {
  const std::uint64_t hops = 200;
  KmcPlan plan = test_plan(TestModel::pair_kra, {}, 2);
  KmcState free = start(plan);
  const auto barriers = reference::barrier_function(plan, small_lattice());
  reference::advance(plan, small_lattice(), barriers, free, 100);
  plan.time_limit_s = free.time_s[3]; // the hot walkers stop near hop 100, the cold ones at hop 0
  KmcState expected = start(plan);
  reference::advance(plan, small_lattice(), barriers, expected, hops);
  KmcRunner runner(queue(), plan, start(plan));
  runner.advance(hops, {4, 32});
  const KmcState got = runner.state();
  expect_same_walk(got, expected, "time limit");
  for (std::size_t w = 0; w < 4; ++w) {
    EXPECT_EQ(got.time_s[w], plan.time_limit_s);
    EXPECT_EQ(got.status[w], kTimeLimit);
  }
  EXPECT_GT(got.walker_hops[2], 20u);
  // A walker that has stopped stays as it is.
  runner.advance(2 * hops, {4, 32});
  KmcState later = runner.state();
  later.hops = got.hops;
  EXPECT_EQ(hash_of(later), hash_of(got));
}

ZENER_DEVICE_TEST(Kmc, NoPossibleHopIsAStatus) {
  KmcPlan plan = test_plan(TestModel::constant, {}, 1);
  plan.model = ConstantBarrier{2.0};
  plan.groups[0].temperature_K = 20.0; // exp(2 eV / kT) = exp(1160) is beyond a double
  plan.groups[1].temperature_K = 40.0; // exp(580) is not
  const KmcState begin = start(plan);
  KmcRunner runner(queue(), plan, begin);
  runner.advance(10, {2, 32});
  const KmcState got = runner.state();
  EXPECT_EQ(got.status, (std::vector<std::uint32_t>{kNoPossibleHop, kRunning}));
  EXPECT_EQ(got.walker_hops, (std::vector<std::uint64_t>{0, 10}));
  EXPECT_EQ(got.time_s[0], 0.0);
  EXPECT_TRUE(std::isfinite(got.time_s[1]) && got.time_s[1] > 0.0);
  EXPECT_EQ(got.smallest_barrier_eV[0], 2.0);
  EXPECT_EQ(got.vacancy_site[0], begin.vacancy_site[0]);
  EXPECT_TRUE(std::equal(got.occupancy.begin(), got.occupancy.begin() + 420, begin.occupancy.begin()));
}

ZENER_DEVICE_TEST(Kmc, ABarrierThatIsNotFiniteIsAStatus) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    KmcPlan plan = test_plan(TestModel::pair_kra, {}, 1);
    std::get<PairKra>(plan.model).migration_eV[1] = bad; // of Mo
    std::vector<std::uint8_t> occupancy(840, 1);         // walker 0: Nb alone
    occupancy[7] = 0;
    occupancy[420 + 7] = 0;
    const reference::Vector c = small_lattice().coordinates(7);
    occupancy[420 + static_cast<std::size_t>(small_lattice().site({c[0] + 1, c[1] - 1, c[2] + 1}))] = 2; // path 5 of walker 1
    const KmcState begin = reference::initial_state(plan, small_lattice(), occupancy);
    KmcRunner runner(queue(), plan, begin);
    runner.advance(10, {2, 32});
    const KmcState got = runner.state();
    EXPECT_EQ(got.status, (std::vector<std::uint32_t>{kRunning, kBadBarrier})) << bad;
    EXPECT_EQ(got.walker_hops, (std::vector<std::uint64_t>{10, 0}));
    EXPECT_EQ(got.time_s[1], 0.0);
    EXPECT_TRUE(std::equal(got.occupancy.begin() + 420, got.occupancy.end(), begin.occupancy.begin() + 420));
  }
}

// A vacancy in Nb with one Mo at path `rare`: the seven others have weight 1, that one has weight w < 1 by its migration
// energy. It is taken with probability w / (7 + w).
class RareEventTest : public DeviceTest {
protected:
  static constexpr double kProbability = 1e-10;

  KmcPlan plan(double probability, int walkers) const {
    KmcPlan p = test_plan(TestModel::pair_kra, {}, walkers);
    const double kT = 1.380649e-23 / 1.602176634e-19 * 600.0;
    p.groups = {{600.0, {418, 1, 0}}};
    p.seed = 2026;
    p.first_walker = 0;
    p.order_shells = 0;
    PairKra model;
    model.elements = p.elements;
    model.shells = 1;
    model.pair_eV.assign(16, 0.0);
    const double weight = 7.0 * probability / (1.0 - probability);
    model.migration_eV = {0.5, 0.5 - kT * std::log(weight), 0.5};
    p.model = model;
    return p;
  }
  // The walkers' vacancies at the same site.
  KmcState begin(const KmcPlan &p, std::size_t rare) const {
    std::vector<std::uint8_t> one(420, 1);
    const int vacancy = 200;
    const reference::Vector c = small_lattice().coordinates(vacancy);
    const reference::Vector d = reference::environment()[rare];
    one[static_cast<std::size_t>(vacancy)] = 0;
    one[static_cast<std::size_t>(small_lattice().site({c[0] + d[0], c[1] + d[1], c[2] + d[2]}))] = 2;
    std::vector<std::uint8_t> all;
    for (std::int64_t w = 0; w < p.walkers(); ++w) {
      all.insert(all.end(), one.begin(), one.end());
    }
    return reference::initial_state(p, small_lattice(), all);
  }
  // Walkers that took the rare path: their Mo went to the vacancy's old site.
  static std::int64_t escapes(const KmcState &s) {
    std::int64_t n = 0;
    for (std::size_t w = 0; w < s.time_s.size(); ++w) {
      n += s.occupancy[w * 420 + 200] == 2 ? 1 : 0;
    }
    return n;
  }
  bool escapes_at(std::uint64_t hop, double probability, std::size_t rare) {
    const KmcPlan p = plan(probability, 1);
    KmcState s = begin(p, rare);
    s.hops = hop;
    KmcRunner runner(queue(), p, s);
    runner.advance(hop + 1, {1, 32});
    return escapes(runner.state()) == 1;
  }
};

// Hop counters of walker 0 and seed 2026 whose uniform number is next to 0 (path 0) or next to 1 (path 7), found by a search of
// 2e10 draws: an escape of probability p happens if and only if the number's distance to that end, 7.5e-11 and 1.1e-10, is
// below p. A selection in single precision or from 32 bits fails this.
ZENER_DEVICE_TEST_F(RareEvents, AnEscapeOfProbabilityNear1e10HappensExactlyWhenItsNumberComes, RareEventTest) {
  const std::uint64_t near_zero[] = {1787130385};
  const std::uint64_t near_one[] = {7838909062};
  for (const std::uint64_t hop : near_zero) {
    const double u = static_cast<double>(reference::draw(2, 2026, 0, hop, 0).low >> 11) * 0x1p-53;
    ASSERT_LT(u, 2.4e-10);
    EXPECT_TRUE(escapes_at(hop, u * 1.001, 0)) << u;
    EXPECT_FALSE(escapes_at(hop, u * 0.999, 0)) << u;
    EXPECT_EQ(escapes_at(hop, kProbability, 0), u < kProbability) << u;
  }
  for (const std::uint64_t hop : near_one) {
    const double below_one = static_cast<double>(~reference::draw(2, 2026, 0, hop, 0).low >> 11) * 0x1p-53;
    ASSERT_LT(below_one, 2.4e-10);
    EXPECT_TRUE(escapes_at(hop, below_one * 1.001, 7)) << below_one; // 53 bits of sum = 7 leave 1e-5 of it
    EXPECT_FALSE(escapes_at(hop, below_one * 0.999, 7)) << below_one;
    EXPECT_EQ(escapes_at(hop, kProbability, 7), below_one < kProbability) << below_one;
  }
}

// 10,000 walkers, one hop each, six times: binomial, within 4 standard deviations; the draws are fixed.
ZENER_DEVICE_TEST_F(RareEvents, EscapesComeAtTheirRate, RareEventTest) {
  const int walkers = kDebugDevice ? 1000 : 10000;
  for (const double probability : {1e-2, 1e-3}) {
    for (const std::size_t rare : {0u, 4u, 7u}) {
      const KmcPlan p = plan(probability, walkers);
      KmcState s = begin(p, rare);
      s.hops = 1000 * rare;
      KmcRunner runner(queue(), p, s);
      runner.advance(s.hops + 1, {8, 64});
      const KmcState after = runner.state();
      const double expected = walkers * probability;
      EXPECT_NEAR(static_cast<double>(escapes(after)), expected, 4.0 * std::sqrt(expected)) << probability << ", path " << rare;
      // The mean residence time is 1 / sum k, whatever path was taken; a mean of exponentials has a relative error 1/sqrt(n).
      double time = 0.0;
      for (const double t : after.time_s) {
        time += t / walkers;
      }
      const double kT = 1.380649e-23 / 1.602176634e-19 * 600.0;
      const double rate = 1e13 * std::exp(-0.5 / kT) * 7.0 / (1.0 - probability);
      EXPECT_NEAR(time * rate, 1.0, 4.0 / std::sqrt(walkers));
    }
  }
}

// States of 8 walkers after 200 hops, every array of KmcState, to the bit.
ZENER_DEVICE_TEST(Golden, WalksHaveTheSameBitsOnEveryBackend) {
  const std::uint64_t expected[] = {golden::kWalksConstant, golden::kWalksPairKra, golden::kWalksFloat32,
                                    golden::kWalksFloat64};
  for (const TestModel model : kTestModels) {
    const KmcPlan plan = test_plan(model, {33, 16}, 4);
    KmcRunner runner(queue(), plan, start(plan));
    runner.advance(200, {4, 64});
    EXPECT_EQ(hash_of(runner.state()), expected[static_cast<int>(model)]) << name_of(model);
  }
}

// The published shape of network, 4 x 128, where tiles are full.
ZENER_DEVICE_TEST(Golden, WideNetworksHaveTheSameBitsOnEveryBackend) {
  for (const TestModel model : {TestModel::mlp_float32, TestModel::mlp_float64}) {
    const KmcPlan plan = test_plan(model, {128, 128, 128, 128}, 4);
    KmcRunner runner(queue(), plan, start(plan));
    runner.advance(40, {8, 128});
    EXPECT_EQ(hash_of(runner.state()), model == TestModel::mlp_float32 ? golden::kWideFloat32 : golden::kWideFloat64)
        << name_of(model);
  }
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
