// Networks other than the dense one: against whole lattices and plain loops in double; every team shape; and what the
// consistent one promises, to the last bit.
#include "host/engine/kmc_engine.hpp"
#include "tests/reference/networks.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/kmc_runner.hpp"
#include "tests/support/networks.hpp"

#include <algorithm>
#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

using reference::Barriers;
using reference::Vector;

// A configuration with one vacancy.
struct Place {
  std::vector<std::uint8_t> occupancy;
  int vacancy;
};

Place random_place(reference::Sequence &random, const reference::Lattice &lattice) {
  Place place{reference::random_occupancy(random, lattice.sites(), 3), 0};
  place.vacancy = static_cast<int>(std::find(place.occupancy.begin(), place.occupancy.end(), 0) - place.occupancy.begin());
  return place;
}

Vector moved(const Vector &a, const Vector &b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }

Place jumped(const reference::Lattice &lattice, Place place, const Vector &direction) {
  const int to = lattice.site(moved(lattice.coordinates(place.vacancy), direction));
  std::swap(place.occupancy[static_cast<std::size_t>(place.vacancy)], place.occupancy[static_cast<std::size_t>(to)]);
  place.vacancy = to;
  return place;
}

// An ensemble of consistent networks, whose mean is no multiple of a power of two.
BarrierModel three_networks() {
  return make_ensemble({test::made_consistent(5, 4, {4, 5}, {3, 4}, 21), test::made_consistent(5, 4, {4, 5}, {3, 4}, 22),
                        test::made_consistent(5, 4, {4, 5}, {3, 4}, 23)},
                       "");
}

class NetworkModels : public DeviceTest {
protected:
  // Barriers of places on a lattice, in the order of the environment's first eight sites.
  std::vector<Barriers> evaluate(const BarrierModel &model, Precision precision, const reference::Lattice &lattice,
                                 const std::vector<Place> &places, TeamChoice choice) {
    const std::vector<Offset> &offsets = environment_of(model).offsets;
    std::vector<std::uint8_t> codes;
    for (const Place &place : places) {
      for (const Offset &o : offsets) {
        codes.push_back(place.occupancy[static_cast<std::size_t>(lattice.site(moved(lattice.coordinates(place.vacancy), o)))]);
      }
    }
    const auto n = static_cast<std::int64_t>(places.size());
    auto device_codes = to_device(codes);
    const bool spreads = ensemble_size(model) > 1;
    auto barrier = empty<double>(n * kJumps);
    auto spread = empty<double>(spreads ? n * kJumps : 0);
    const DeviceTables tables(queue(), Structure::bcc, environment_of(model).shells);
    with_network(queue(), model, precision, tables.view(), false, [&](const auto &kernel_model) {
      evaluate_environments(queue(), kernel_model,
                            View<const std::uint8_t, 2>(device_codes.shaped(n, static_cast<int>(offsets.size()))),
                            barrier.shaped(n, kJumps), spread.shaped(spreads ? n : 0, kJumps), choice);
      queue().wait();
    });
    const auto values = to_host(barrier);
    std::vector<Barriers> result(places.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      result[i / kJumps][i % kJumps] = values[i];
    }
    return result;
  }

  template <class Network> void check(const Network &network, int n, double float_error_eV) {
    const reference::Lattice lattice(6, 7, 8);
    reference::Sequence random(12);
    std::vector<Place> places;
    std::vector<Barriers> expected;
    for (int i = 0; i < n; ++i) {
      places.push_back(random_place(random, lattice));
      expected.push_back(network_barriers(network, lattice, places.back().occupancy, places.back().vacancy));
    }
    const BarrierModel model = network;
    for (const Precision precision : {Precision::float32, Precision::float64}) {
      const double tolerance = precision == Precision::float32 ? float_error_eV : 1e-10;
      const auto first = evaluate(model, precision, lattice, places, {1, 128, 1});
      double lowest = first[0][0], highest = first[0][0];
      for (std::size_t i = 0; i < expected.size(); ++i) {
        for (std::size_t p = 0; p < 8; ++p) {
          EXPECT_NEAR(first[i][p], expected[i][p], tolerance) << kind_name(model) << ", path " << p;
          lowest = std::min(lowest, first[i][p]);
          highest = std::max(highest, first[i][p]);
        }
      }
      EXPECT_GT(highest - lowest, 0.05) << "the barriers do not depend on the environment";
      for (const TeamChoice &choice :
           {TeamChoice{1, 1, 1}, TeamChoice{2, 64, 2}, TeamChoice{3, 96, 3}, TeamChoice{8, 128, 8}}) {
        EXPECT_EQ(evaluate(model, precision, lattice, places, choice), first) << choice.rows << " environments a team";
      }
    }
  }
};

ZENER_DEVICE_TEST_F(NetworkKinds, SiteMlp, NetworkModels) {
  check(test::made_site_mlp(SiteGroup::none, {33, 20}), 3, 1e-5);
  check(test::made_site_mlp(SiteGroup::axis, {21, 17, 5}), 3, 1e-5);
  check(test::made_site_mlp(SiteGroup::axis, {32}), 3, 1e-5);
}

ZENER_DEVICE_TEST_F(NetworkKinds, Cnn, NetworkModels) {
  check(test::made_cnn(false, {5, 18, 33, 7}), kDebugDevice ? 1 : 3, 1e-5);
  check(test::made_cnn(true, {3, 4, 5, 6}), kDebugDevice ? 1 : 3, 1e-5);
}

ZENER_DEVICE_TEST_F(NetworkKinds, Consistent, NetworkModels) {
  check(test::made_consistent(3, 3, {32, 64, 20}, {8, 32}), 3, 1e-5);
  check(test::made_consistent(2, 0, {5}, {3}), 3, 1e-5);
  check(test::made_consistent(0, 3), 3, 1e-5);
  check(test::made_consistent(8, 8, {6, 7}, {5, 9}), 3, 1e-5);
  check(test::made_consistent(5, 5), 3, 1e-5);
  check(test::made_consistent(0, 4), 3, 1e-5);
  check(test::made_consistent(6, 1), 3, 1e-5);
}

// An image of a place under an operation of the cube has the same barriers, at other directions.
ZENER_DEVICE_TEST_F(NetworkKinds, EquivalentJumpsAreEqualToTheBit, NetworkModels) {
  const reference::Lattice lattice(7, 7, 7);
  reference::Sequence random(13);
  const Place place = random_place(random, lattice);
  const std::vector<Vector> &directions = reference::environment();
  for (const BarrierModel &model : {BarrierModel(test::made_consistent(3, 3)), BarrierModel(test::made_consistent(5, 5)),
                                    BarrierModel(test::made_consistent(8, 8)),
                                    BarrierModel(test::made_site_mlp(SiteGroup::axis, {9, 4})), three_networks()}) {
    const Barriers expected = evaluate(model, Precision::float32, lattice, {place}, {1, 128, 1})[0];
    for (int turn = 0; turn < 48; turn += kDebugDevice ? 13 : 1) {
      const int axes[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
      const auto turned = [&](const Vector &v) {
        Vector out{};
        for (std::size_t d = 0; d < 3; ++d) {
          out[d] = v[static_cast<std::size_t>(axes[turn / 8][d])] * ((turn >> d & 1) != 0 ? -1 : 1);
        }
        return out;
      };
      Place image = place;
      for (int i = 0; i < lattice.sites(); ++i) {
        image.occupancy[static_cast<std::size_t>(lattice.site(turned(lattice.coordinates(i))))] =
            place.occupancy[static_cast<std::size_t>(i)];
      }
      image.vacancy = lattice.site(turned(lattice.coordinates(place.vacancy)));
      const Barriers met = evaluate(model, Precision::float32, lattice, {image}, {1, 128, 1})[0];
      for (std::size_t p = 0; p < 8; ++p) {
        const auto q = std::find(directions.begin(), directions.begin() + 8, turned(directions[p])) - directions.begin();
        EXPECT_EQ(met[static_cast<std::size_t>(q)], expected[p]) << kind_name(model) << ", operation " << turn;
      }
    }
  }
}

// Twelve jumps, three times around four sites, bring every atom back: the barriers forward and backward have the same sum.
ZENER_DEVICE_TEST_F(NetworkKinds, ClosedLoopsSumToZero, NetworkModels) {
  const reference::Lattice lattice(6, 7, 8);
  reference::Sequence random(14);
  const Vector loop[4] = {{1, 1, 1}, {1, -1, -1}, {-1, -1, -1}, {-1, 1, 1}};
  const std::vector<Vector> &directions = reference::environment();
  const auto path = [&](const Vector &d) {
    return static_cast<std::size_t>(std::find(directions.begin(), directions.begin() + 8, d) - directions.begin());
  };
  std::vector<Place> places;
  constexpr std::size_t kLoops = 3, kJumpsOfALoop = 12;
  for (std::size_t n = 0; n < kLoops; ++n) {
    places.push_back(random_place(random, lattice));
    for (std::size_t j = 0; j < kJumpsOfALoop; ++j) {
      places.push_back(jumped(lattice, places.back(), loop[j % 4]));
    }
    EXPECT_EQ(places.back().occupancy, places[places.size() - 1 - kJumpsOfALoop].occupancy);
  }
  const auto largest_sum = [&](const BarrierModel &model) {
    const auto barriers = evaluate(model, Precision::float32, lattice, places, {1, 128, 1});
    double largest = 0.0;
    for (std::size_t n = 0; n < kLoops; ++n) {
      double sum = 0.0;
      for (std::size_t j = 0; j < kJumpsOfALoop; ++j) {
        const std::size_t at = n * (kJumpsOfALoop + 1) + j;
        const Vector &d = loop[j % 4];
        const double forward = barriers[at][path(d)];
        const double backward = barriers[at + 1][path({-d[0], -d[1], -d[2]})];
        EXPECT_NE(forward, backward);
        sum += forward - backward;
      }
      largest = std::max(largest, std::abs(sum));
    }
    return largest;
  };
  EXPECT_EQ(largest_sum(test::made_consistent(3, 3)), 0.0);
  EXPECT_EQ(largest_sum(test::made_consistent(5, 5)), 0.0);
  EXPECT_EQ(largest_sum(test::made_consistent(8, 8)), 0.0);
  EXPECT_EQ(largest_sum(three_networks()), 0.0);
  EXPECT_GT(largest_sum(test::made_site_mlp(SiteGroup::axis, {9, 4})), 1e-3);
}

// Nb-Mo-Ta on 6 x 6 x 7 cells at two temperatures.
KmcPlan plan_of(const BarrierModel &model, Precision precision, int replicas) {
  KmcPlan plan = test_plan(TestModel::constant, {}, replicas);
  plan.cells = {6, 6, 7};
  plan.groups = {{700.0, {168, 168, 167}}, {2500.0, {300, 19, 184}}};
  plan.model = model;
  plan.precision = precision;
  return plan;
}

ZENER_DEVICE_TEST(NetworkWalks, SameBitsForEveryTeamShapeChunkAndMemory) {
  const std::uint64_t hops = kDebugDevice ? 20 : 80;
  for (const BarrierModel &model : {BarrierModel(test::made_site_mlp(SiteGroup::axis, {9, 7})),
                                    BarrierModel(test::made_cnn(true, {2, 3, 2, 3})), BarrierModel(test::made_consistent(3, 2)),
                                    BarrierModel(test::made_consistent(5, 5)), BarrierModel(test::made_consistent(1, 8))}) {
    for (const Precision precision : {Precision::float32, Precision::float64}) {
      KmcPlan plan = plan_of(model, precision, 5);
      const auto batch = make_kmc_batch(queue(), plan);
      const KmcState begin = batch->save();
      batch->advance(hops / 3, {});
      batch->advance(hops, {});
      const std::uint64_t expected = hash_of(batch->save());
      EXPECT_NE(expected, hash_of(begin));
      plan.memory_entries = 40;
      const auto remembering = make_kmc_batch(queue(), plan);
      EXPECT_GT(remembering->advance(hops, {}).memory_hits, 0u);
      EXPECT_EQ(hash_of(remembering->save()), expected) << kind_name(model) << ", with a memory";
      for (const TeamChoice &choice : {TeamChoice{1, 1, 1}, TeamChoice{3, 96, 2}, TeamChoice{10, 128, 8}}) {
        KmcRunner runner(queue(), plan, begin);
        runner.advance(hops, choice);
        EXPECT_EQ(hash_of(runner.state()), expected) << kind_name(model) << ", " << choice.walkers << " a team";
      }
    }
  }
}

// The energy that is kept trial by trial is that of the configuration.
ZENER_DEVICE_TEST(NetworkWalks, ExchangesFollowTheStateEnergy) {
  const reference::Lattice lattice(6, 6, 7);
  for (const Consistent &network : {test::made_consistent(3, 2), test::made_consistent(5, 5), test::made_consistent(0, 8)}) {
    for (const Precision precision : {Precision::float32, Precision::float64}) {
      KmcPlan plan = plan_of(network, precision, 2);
      plan.dynamics = Dynamics::metropolis_swaps;
      const auto sites = static_cast<std::size_t>(plan.sites());
      const auto batch = make_kmc_batch(queue(), plan);
      for (const std::uint64_t trials : {std::uint64_t{0}, std::uint64_t{1500}}) {
        batch->advance(trials, {});
        const KmcState state = batch->save();
        for (std::size_t w = 0; w < 4; ++w) {
          const std::vector<std::uint8_t> occupancy(state.occupancy.begin() + static_cast<std::ptrdiff_t>(w * sites),
                                                    state.occupancy.begin() + static_cast<std::ptrdiff_t>((w + 1) * sites));
          EXPECT_NEAR(static_cast<double>(state.energy[w]) * 0x1p-40, reference::state_energy(network, lattice, occupancy),
                      precision == Precision::float32 ? 1e-5 : 1e-8)
              << network.state_shells << " shells, " << trials << " trials";
          EXPECT_EQ(occupancy[static_cast<std::size_t>(state.vacancy_site[w])], 0);
          EXPECT_TRUE(trials == 0 || (state.accepted[w] > 50 && state.accepted[w] < trials - 50));
        }
      }
    }
  }
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
