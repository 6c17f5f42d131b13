// Ensembles of networks: mean and spread against the members evaluated one by one, and what walks observe of the spread against
// a replay hop by hop.
#include "host/engine/kmc_engine.hpp"
#include "host/neutral/errors.hpp"
#include "tests/reference/networks.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/kmc_runner.hpp"
#include "tests/support/networks.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct Named {
  std::string name;
  std::vector<BarrierModel> members;
};

// Three members each; of the mlp sixteen, the most there may be.
std::vector<Named> ensembles() {
  std::vector<Named> all(6);
  all[0].name = "mlp";
  for (unsigned seed = 1; seed <= 16; ++seed) {
    all[0].members.push_back(test::random_network({11, 6}, 50 + seed));
  }
  for (unsigned seed = 31; seed < 34; ++seed) {
    all[1].members.push_back(test::made_site_mlp(SiteGroup::axis, {9, 7}, seed));
    all[2].members.push_back(test::made_cnn(true, {2, 3, 2, 3}, seed));
    all[3].members.push_back(test::made_consistent(3, 2, {4, 5}, {3, 4}, seed));
    all[4].members.push_back(test::made_consistent(5, 5, {4, 5}, {3, 4}, seed));
    all[5].members.push_back(test::made_consistent(0, 8, {6}, {3}, seed));
  }
  all[1].name = "site_mlp";
  all[2].name = "cnn";
  all[3].name = "consistent";
  all[4].name = "far consistent";
  all[5].name = "wide consistent without a state";
  return all;
}

// Environments of random species; in the first, another vacancy lies at the end of path 3.
std::vector<std::uint8_t> random_types(const BarrierModel &model, int n) {
  const std::size_t sites = environment_of(model).offsets.size();
  reference::Sequence random(41);
  std::vector<std::uint8_t> types(static_cast<std::size_t>(n) * sites);
  for (std::uint8_t &type : types) {
    type = static_cast<std::uint8_t>(1 + random.below(3));
  }
  types[3] = 0;
  return types;
}

bool is_consistent(const BarrierModel &model) { return std::holds_alternative<Consistent>(model); }

ZENER_DEVICE_TEST(Ensembles, MeanAndSpreadAreThoseOfTheMembers) {
  for (const Named &ensemble : ensembles()) {
    const BarrierModel model = make_ensemble(ensemble.members, "");
    const std::vector<std::uint8_t> types = random_types(model, kDebugDevice ? 3 : 11);
    const auto n = static_cast<double>(ensemble.members.size());
    for (const Precision precision : {Precision::float32, Precision::float64}) {
      std::vector<std::vector<double>> alone;
      for (const BarrierModel &member : ensemble.members) {
        const EnvironmentBarriers found = evaluate_barriers(queue(), member, precision, types);
        EXPECT_TRUE(found.spread_eV.empty());
        alone.push_back(found.barrier_eV);
      }
      const EnvironmentBarriers met = evaluate_barriers(queue(), model, precision, types);
      ASSERT_EQ(met.spread_eV.size(), met.barrier_eV.size());
      // The mean of a consistent ensemble is made of rounded parts, up to some hundred pair energies.
      const double rounding = is_consistent(model) ? 2e-10 : (precision == Precision::float32 ? 1e-7 : 1e-14);
      double widest = 0.0;
      for (std::size_t i = 0; i < met.barrier_eV.size(); ++i) {
        if (i == 3) {
          EXPECT_EQ(met.barrier_eV[i], HUGE_VAL);
          EXPECT_EQ(met.spread_eV[i], 0.0);
          continue;
        }
        double mean = 0.0;
        double squared = 0.0;
        for (const std::vector<double> &member : alone) {
          mean += member[i] / n;
        }
        for (const std::vector<double> &member : alone) {
          squared += (member[i] - mean) * (member[i] - mean) / n;
        }
        EXPECT_NEAR(met.barrier_eV[i], mean, rounding) << ensemble.name << ", barrier " << i;
        EXPECT_NEAR(met.spread_eV[i], std::sqrt(squared), is_consistent(model) ? 1e-12 : rounding)
            << ensemble.name << ", barrier " << i;
        widest = std::max(widest, met.spread_eV[i]);
      }
      EXPECT_GT(widest, 0.01) << ensemble.name << ": the members do not differ";
    }
  }
}

// The mean of copies of a network has its bits, and no spread.
ZENER_DEVICE_TEST(Ensembles, CopiesOfANetworkHaveItsBitsAndNoSpread) {
  for (const Named &ensemble : ensembles()) {
    const BarrierModel &single = ensemble.members.back();
    const std::vector<std::uint8_t> types = random_types(single, 2);
    for (const Precision precision : {Precision::float32, Precision::float64}) {
      const EnvironmentBarriers met = evaluate_barriers(queue(), make_ensemble({single, single, single}, ""), precision, types);
      EXPECT_EQ(met.barrier_eV, evaluate_barriers(queue(), single, precision, types).barrier_eV) << ensemble.name;
      EXPECT_EQ(met.spread_eV, std::vector<double>(met.barrier_eV.size(), 0.0)) << ensemble.name;
    }
  }
}

// The median over environments of their largest spread.
double typical_spread(Queue &queue, const BarrierModel &model) {
  std::vector<double> largest;
  const std::vector<double> spread = evaluate_barriers(queue, model, Precision::float32, random_types(model, 15)).spread_eV;
  for (auto first = spread.begin(); first != spread.end(); first += 8) {
    largest.push_back(*std::max_element(first, first + 8));
  }
  std::sort(largest.begin(), largest.end());
  return largest[largest.size() / 2];
}

// Two temperatures, a limit of the spread.
KmcPlan plan_of(const Named &ensemble, int replicas, int vacancies) {
  KmcPlan plan = test_plan(TestModel::constant, {}, replicas);
  plan.cells = {6, 6, 7};
  plan.vacancies = vacancies;
  plan.groups = {{700.0, {168, 168, 168 - vacancies}}, {2500.0, {300, 19, 185 - vacancies}}};
  plan.model = make_ensemble(ensemble.members, "");
  plan.spread_limit_eV = 0.1;
  return plan;
}

ZENER_DEVICE_TEST(Ensembles, SameBitsForEveryTeamShapeChunkMemoryAndRestart) {
  const std::uint64_t hops = kDebugDevice ? 12 : 36;
  int n = 0;
  for (const Named &ensemble : ensembles()) {
    KmcPlan plan = plan_of(ensemble, 3, ++n % 2 == 0 ? 3 : 1);
    const auto batch = make_kmc_batch(queue(), plan);
    const KmcState begin = batch->save();
    batch->advance(hops / 3, {});
    const KmcState third = batch->save();
    batch->advance(hops, {});
    const std::uint64_t expected = hash_of(batch->save());
    EXPECT_NE(hash_of(third), expected);
    const auto restarted = make_kmc_batch(queue(), plan);
    restarted->load(third);
    restarted->advance(hops, {});
    EXPECT_EQ(hash_of(restarted->save()), expected) << ensemble.name << ", restarted";
    plan.memory_entries = 40;
    const auto remembering = make_kmc_batch(queue(), plan);
    EXPECT_GT(remembering->advance(hops, {}).memory_hits, 0u);
    EXPECT_EQ(hash_of(remembering->save()), expected) << ensemble.name << ", with a memory";
    for (const TeamChoice &choice : {TeamChoice{1, 1, 1}, TeamChoice{3, 96, 2}, TeamChoice{6, 128, 8}}) {
      KmcRunner runner(queue(), plan, begin);
      runner.advance(hops, choice);
      EXPECT_EQ(hash_of(runner.state()), expected) << ensemble.name << ", " << choice.walkers << " a team";
    }
  }
}

// What walks observe of the spread, from their occupancy before each hop and the barriers of its environment.
ZENER_DEVICE_TEST(Ensembles, WalksObserveTheSpreadOfTheHopsMade) {
  const reference::Lattice lattice(6, 6, 7);
  for (const Named &ensemble : ensembles()) {
    if (kDebugDevice && ensemble.name == "cnn") {
      continue; // slow, and the same from here on
    }
    KmcPlan plan = plan_of(ensemble, 2, 1);
    plan.spread_limit_eV = typical_spread(queue(), plan.model);
    const std::vector<Offset> &offsets = environment_of(plan.model).offsets;
    const auto sites = static_cast<std::size_t>(plan.sites());
    const auto walkers = static_cast<std::size_t>(plan.walkers());
    struct Seen {
      double squared = 0.0;
      double largest = 0.0;
      std::uint64_t flagged = 0;
      std::vector<std::vector<std::uint8_t>> kept;
    };
    std::vector<Seen> seen(walkers);
    const auto batch = make_kmc_batch(queue(), plan);
    KmcState now = batch->save();
    const std::uint64_t hops = kDebugDevice ? 12 : 40;
    for (std::uint64_t hop = 1; hop <= hops; ++hop) {
      std::vector<std::uint8_t> types;
      for (std::size_t w = 0; w < walkers; ++w) {
        const reference::Vector at = lattice.coordinates(now.vacancy_site[w]);
        for (const Offset &o : offsets) {
          const int site = lattice.site({at[0] + o[0], at[1] + o[1], at[2] + o[2]});
          types.push_back(now.occupancy[w * sites + static_cast<std::size_t>(site)]);
        }
      }
      const std::vector<double> spread = evaluate_barriers(queue(), plan.model, plan.precision, types).spread_eV;
      batch->advance(hop, {});
      const KmcState next = batch->save();
      for (std::size_t w = 0; w < walkers; ++w) {
        std::size_t path = 0;
        for (std::size_t p = 0; p < 8; ++p) {
          bool same = true;
          for (std::size_t a = 0; a < 3; ++a) {
            same = same && next.displacement[a * walkers + w] - now.displacement[a * walkers + w] == offsets[p][a];
          }
          path = same ? p : path;
        }
        const auto first = spread.begin() + static_cast<std::ptrdiff_t>(8 * w);
        const double largest = *std::max_element(first, first + 8);
        seen[w].squared += first[static_cast<std::ptrdiff_t>(path)] * first[static_cast<std::ptrdiff_t>(path)];
        seen[w].largest = std::max(seen[w].largest, largest);
        if (largest > plan.spread_limit_eV) {
          seen[w].flagged += 1;
          const auto begin = types.begin() + static_cast<std::ptrdiff_t>(w * offsets.size());
          const std::vector<std::uint8_t> environment(begin, begin + static_cast<std::ptrdiff_t>(offsets.size()));
          if (seen[w].kept.size() < 4 && std::count(seen[w].kept.begin(), seen[w].kept.end(), environment) == 0) {
            seen[w].kept.push_back(environment);
          }
        }
      }
      now = next;
    }
    std::uint64_t flagged = 0;
    for (std::size_t w = 0; w < walkers; ++w) {
      EXPECT_EQ(now.spread[w], seen[w].squared) << ensemble.name;
      EXPECT_EQ(now.spread[walkers + w], seen[w].largest) << ensemble.name;
      EXPECT_EQ(now.flagged[w], seen[w].flagged) << ensemble.name;
      ASSERT_EQ(now.flagged_kept[w], seen[w].kept.size()) << ensemble.name;
      for (std::size_t k = 0; k < seen[w].kept.size(); ++k) {
        const auto begin = now.flagged_codes.begin() + static_cast<std::ptrdiff_t>((4 * w + k) * offsets.size());
        EXPECT_TRUE(std::equal(seen[w].kept[k].begin(), seen[w].kept[k].end(), begin)) << ensemble.name << ", " << k;
      }
      flagged += seen[w].flagged;
    }
    EXPECT_GT(flagged, 0u) << ensemble.name << ": the limit is too high for the test to see anything";
    EXPECT_LT(flagged, hops * walkers) << ensemble.name << ": the limit is too low for the test to see anything";

    const KmcRow row = batch->sample(); // means over the two replicas of each group
    const RowColumns columns = row_columns(plan);
    for (std::size_t g = 0; g < plan.groups.size(); ++g) {
      const auto made = static_cast<double>(hops);
      const double *column = &row.mean[g * static_cast<std::size_t>(columns.end) + static_cast<std::size_t>(columns.spread)];
      const Seen &a = seen[2 * g];
      const Seen &b = seen[2 * g + 1];
      EXPECT_NEAR(column[0], 0.5 * (std::sqrt(a.squared / made) + std::sqrt(b.squared / made)), 1e-14);
      EXPECT_NEAR(column[1], 0.5 * (a.largest + b.largest), 1e-14);
      EXPECT_NEAR(column[2], 0.5 * static_cast<double>(a.flagged + b.flagged) / made, 1e-14);
    }
  }
}

// A map of barriers gives each site what its environment has.
ZENER_DEVICE_TEST(Ensembles, MapsHaveTheSpreadOfEachSite) {
  const reference::Lattice lattice(6, 6, 6);
  const Named ensemble = ensembles()[4];
  const BarrierModel model = make_ensemble(ensemble.members, "");
  reference::Sequence random(43);
  std::vector<std::uint8_t> occupancy(static_cast<std::size_t>(lattice.sites()));
  for (std::uint8_t &code : occupancy) {
    code = static_cast<std::uint8_t>(1 + random.below(3));
  }
  const BarrierMap map = map_configuration(queue(), model, Precision::float32, {Structure::bcc, {6, 6, 6}}, occupancy, {});
  ASSERT_EQ(map.spread_eV.size(), occupancy.size() * 8);
  std::vector<std::uint8_t> types;
  const std::size_t site = 100;
  const reference::Vector at = lattice.coordinates(static_cast<int>(site));
  for (const Offset &o : environment_of(model).offsets) {
    types.push_back(occupancy[static_cast<std::size_t>(lattice.site({at[0] + o[0], at[1] + o[1], at[2] + o[2]}))]);
  }
  const EnvironmentBarriers expected = evaluate_barriers(queue(), model, Precision::float32, types);
  for (std::size_t p = 0; p < 8; ++p) {
    EXPECT_EQ(map.barrier_eV[site * 8 + p], expected.barrier_eV[p]);
    EXPECT_EQ(map.spread_eV[site * 8 + p], expected.spread_eV[p]);
    EXPECT_GT(expected.spread_eV[p], 0.0);
  }
}

// Exchanges run on the mean state energy of the members.
ZENER_DEVICE_TEST(Ensembles, ExchangesTakeTheMeanStateEnergy) {
  const reference::Lattice lattice(6, 6, 7);
  for (const std::size_t which : {std::size_t{3}, std::size_t{5}}) {
    const Named ensemble = ensembles()[which];
    KmcPlan plan = plan_of(ensemble, 1, 1);
    plan.dynamics = Dynamics::metropolis_swaps;
    plan.spread_limit_eV = 0.0;
    plan.precision = Precision::float64;
    const auto sites = static_cast<std::size_t>(plan.sites());
    const auto batch = make_kmc_batch(queue(), plan);
    for (const std::uint64_t trials : {std::uint64_t{0}, std::uint64_t{600}}) {
      batch->advance(trials, {});
      const KmcState state = batch->save();
      for (std::size_t w = 0; w < 2; ++w) {
        const std::vector<std::uint8_t> occupancy(state.occupancy.begin() + static_cast<std::ptrdiff_t>(w * sites),
                                                  state.occupancy.begin() + static_cast<std::ptrdiff_t>((w + 1) * sites));
        double mean = 0.0;
        for (const BarrierModel &member : ensemble.members) {
          mean += reference::state_energy(std::get<Consistent>(member), lattice, occupancy) / 3.0;
        }
        EXPECT_NEAR(static_cast<double>(state.energy[w]) * 0x1p-40, mean, 1e-7) << ensemble.name << ", " << trials;
        EXPECT_TRUE(trials == 0 || (state.accepted[w] > 20 && state.accepted[w] < trials - 20));
      }
    }
  }
}

// A member whose barriers are no numbers makes the mean none: the walkers stop, and nothing is hidden.
ZENER_DEVICE_TEST(Ensembles, ABadMemberStopsTheWalk) {
  for (const std::size_t which : {std::size_t{0}, std::size_t{3}}) {
    Named ensemble = ensembles()[which];
    ensemble.members.resize(3);
    BarrierModel &last = ensemble.members.back();
    (which == 0 ? std::get<Mlp>(last).layers : std::get<Consistent>(last).jump.layers).back().bias[0] = NAN;
    const KmcPlan plan = plan_of(ensemble, 1, 1);
    EXPECT_EQ(make_kmc_batch(queue(), plan)->advance(5, {}).bad_barrier, plan.walkers()) << ensemble.name;
  }
}

ZENER_DEVICE_TEST(Ensembles, PlansThatCannotBeAreRefused) {
  KmcPlan plan = plan_of(ensembles()[3], 1, 1);
  plan.model = ensembles()[3].members[0];
  EXPECT_THROW(make_kmc_batch(queue(), plan), ConfigError); // a limit without an ensemble
  plan = plan_of(ensembles()[3], 1, 1);
  plan.spread_limit_eV = -0.1;
  EXPECT_THROW(make_kmc_batch(queue(), plan), ConfigError);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
