// B2 centres, clusters and their persistence against breadth-first search, the columns of rows against the states they come
// from, and maps of barriers against environments gathered by distances.
#include "host/engine/kmc_engine.hpp"
#include "host/neutral/errors.hpp"
#include "kernels/lattice/clusters.hpp"
#include "tests/reference/barriers.hpp"
#include "tests/reference/crystal.hpp"
#include "tests/reference/kmc.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/kmc_runner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr std::array<int, 3> kCells{6, 7, 5};

const reference::Crystal &crystal() {
  static const reference::Crystal crystal(Structure::bcc, kCells);
  return crystal;
}

std::vector<std::uint8_t> b2_marks(const std::uint8_t *occupancy, const B2Rule &rule) {
  std::vector<std::uint8_t> marks;
  for (int site = 0; site < crystal().sites(); ++site) {
    const int own = occupancy[site];
    const int partner = own == rule.species_a ? rule.species_b : (own == rule.species_b ? rule.species_a : 0);
    int partners = 0;
    for (const int other : crystal().at_distance(site, 3)) {
      partners += partner != 0 && occupancy[other] == partner ? 1 : 0;
    }
    marks.push_back(partner != 0 && partners >= rule.least_partners ? 1 : 0);
  }
  return marks;
}

// Columns of one configuration: centres, clusters, largest, clusters by the power of two below their size.
std::vector<double> cluster_columns(const std::vector<std::uint8_t> &marks, int link_squared) {
  std::map<int, int> size;
  for (const std::int32_t label : reference::crystal_clusters(crystal(), marks, link_squared)) {
    if (label >= 0) {
      ++size[label];
    }
  }
  std::vector<double> columns(kB2Columns, 0.0);
  for (const auto &[label, members] : size) {
    columns[0] += members;
    columns[1] += 1.0;
    columns[2] = std::max(columns[2], static_cast<double>(members));
    columns[3 + static_cast<std::size_t>(std::floor(std::log2(members)))] += 1.0;
  }
  return columns;
}

ZENER_DEVICE_TEST(Clusters, AreThoseOfABreadthFirstSearch) {
  const LatticeShape shape{Structure::bcc, kCells};
  reference::Sequence random(4);
  for (const double density : {0.0, 0.02, 0.06, 0.1, 0.3, 1.0}) {
    std::vector<std::uint8_t> marks;
    for (int i = 0; i < crystal().sites(); ++i) {
      marks.push_back(random.unit() < density ? 1 : 0);
    }
    for (const int link : {3, 4, 8, 11, 12}) {
      EXPECT_EQ(find_clusters(queue(), shape, marks, link), reference::crystal_clusters(crystal(), marks, link))
          << "density " << density << ", links up to " << link;
    }
  }
  std::vector<std::uint8_t> line(static_cast<std::size_t>(crystal().sites()), 0); // one chain through the whole cell
  for (int site = 0; site < crystal().sites(); ++site) {
    const reference::Vector c = crystal().coordinates(site);
    line[static_cast<std::size_t>(site)] = c[0] % 4 == 0 && c[1] % 4 == 0 ? 1 : 0;
  }
  EXPECT_EQ(find_clusters(queue(), shape, line, 4), reference::crystal_clusters(crystal(), line, 4));
  EXPECT_THROW(find_clusters(queue(), {Structure::fcc, kCells}, std::vector<std::uint8_t>(840, 0), 4), ConfigError);
  EXPECT_THROW(find_clusters(queue(), shape, {}, 4), InvariantError);
}

ZENER_DEVICE_TEST(Clusters, PerfectB2IsOneClusterOfAllSites) {
  const LatticeShape shape{Structure::bcc, kCells};
  std::vector<std::uint8_t> occupancy;
  for (int site = 0; site < crystal().sites(); ++site) {
    occupancy.push_back(static_cast<std::uint8_t>(site % 2 == 0 ? 2 : 3));
  }
  B2Rule rule{2, 3};
  EXPECT_EQ(find_b2_centres(queue(), shape, occupancy, rule), std::vector<std::uint8_t>(occupancy.size(), 1));
  occupancy[0] = 1; // its eight neighbours keep seven partners; it is none itself
  auto marks = find_b2_centres(queue(), shape, occupancy, rule);
  EXPECT_EQ(std::count(marks.begin(), marks.end(), 1), crystal().sites() - 1);
  rule.least_partners = 8;
  marks = find_b2_centres(queue(), shape, occupancy, rule);
  EXPECT_EQ(std::count(marks.begin(), marks.end(), 1), crystal().sites() - 9);
  rule.species_a = 1;
  rule.species_b = 2;
  marks = find_b2_centres(queue(), shape, occupancy, rule); // one atom of species 1 among eight 3
  EXPECT_EQ(std::count(marks.begin(), marks.end(), 1), 0);
}

// An alloy that orders: energies strong enough that clusters come, merge and go within some thousand trials or hops.
KmcPlan ordering_plan(Dynamics dynamics) {
  KmcPlan plan = test_plan(TestModel::pair_kra, {}, 3);
  PairKra &model = std::get<PairKra>(plan.model);
  model.pair_eV.assign(2 * 16, 0.0);
  model.pair_eV[2 * 4 + 3] = model.pair_eV[3 * 4 + 2] = -0.0625;
  plan.cells = kCells;
  plan.dynamics = dynamics;
  const std::int64_t third = (plan.sites() - 1) / 3;
  plan.groups = {{700.0, {third, third, plan.sites() - 1 - 2 * third}},
                 {1500.0, {third / 2, third + third / 2, plan.sites() - 1 - third / 2 - third - third / 2}}};
  plan.b2 = B2Rule{2, 3, 5, 12, 0};
  return plan;
}

ZENER_DEVICE_TEST(Clusters, RowsFollowCentresThatPersist) {
  for (const Dynamics dynamics : {Dynamics::vacancy_hops, Dynamics::metropolis_swaps}) {
    KmcPlan plan = ordering_plan(dynamics);
    plan.b2->persistent_over_hops = 1000;
    const std::vector<std::uint64_t> hops{400, 1000, 1300, 1900, 2400, 3000};
    const RowColumns column = row_columns(plan);
    const auto sites = static_cast<std::size_t>(plan.sites());
    const auto walkers = static_cast<std::size_t>(plan.walkers());
    const auto batch = make_kmc_batch(queue(), plan);
    std::vector<KmcRow> rows{batch->sample()};
    std::vector<KmcState> states{batch->save()};
    for (const std::uint64_t hop : hops) {
      const std::uint64_t sample[] = {hop};
      const AdvanceReport report = batch->advance(hop, sample);
      rows.push_back(report.rows.front());
      states.push_back(batch->save());
    }
    double persistent_seen = 0.0;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      std::vector<double> sum(plan.groups.size() * 2 * kB2Columns, 0.0);
      for (std::size_t w = 0; w < walkers; ++w) {
        const std::uint64_t now = states[row].hops;
        std::vector<std::uint8_t> persistent(sites, 1);
        for (std::size_t k = 0; k <= row; ++k) { // every sample of the window
          if (states[k].hops + 1000 >= now) {
            const auto marks = b2_marks(states[k].occupancy.data() + w * sites, *plan.b2);
            for (std::size_t i = 0; i < sites; ++i) {
              persistent[i] = static_cast<std::uint8_t>(persistent[i] & marks[i]);
            }
          }
        }
        const auto all = cluster_columns(b2_marks(states[row].occupancy.data() + w * sites, *plan.b2), 12);
        const auto lasting = cluster_columns(persistent, 12);
        const std::size_t group = w / static_cast<std::size_t>(plan.replicas);
        for (std::size_t c = 0; c < kB2Columns; ++c) {
          sum[(group * 2 + 0) * kB2Columns + c] += all[c] / plan.replicas;
          sum[(group * 2 + 1) * kB2Columns + c] += lasting[c] / plan.replicas;
        }
        persistent_seen += row > 2 ? lasting[0] : 0.0;
      }
      for (std::size_t group = 0; group < plan.groups.size(); ++group) {
        const auto at = group * static_cast<std::size_t>(column.end);
        for (std::size_t c = 0; c < kB2Columns; ++c) {
          EXPECT_NEAR(rows[row].mean[at + static_cast<std::size_t>(column.b2) + c], sum[group * 2 * kB2Columns + c], 1e-9)
              << "row " << row << ", column " << c;
          EXPECT_NEAR(rows[row].mean[at + static_cast<std::size_t>(column.b2_persistent) + c],
                      sum[(group * 2 + 1) * kB2Columns + c], 1e-9)
              << "row " << row << ", persistent column " << c;
        }
      }
    }
    EXPECT_GT(persistent_seen, 10.0) << "nothing persists in this test";

    // A restart in the middle of the window goes on as if nothing had happened.
    const auto resumed = make_kmc_batch(queue(), plan);
    resumed->load(states[3]);
    const std::vector<std::uint64_t> rest{1900, 2400, 3000};
    const AdvanceReport report = resumed->advance(3000, rest);
    for (std::size_t row = 0; row < 3; ++row) {
      EXPECT_EQ(report.rows[row].mean, rows[row + 4].mean);
    }
    EXPECT_EQ(hash_of(resumed->save()), hash_of(states.back()));
  }
}

ZENER_DEVICE_TEST(Rows, HoldWhatTheStatesHold) {
  for (const Dynamics dynamics : {Dynamics::vacancy_hops, Dynamics::metropolis_swaps}) {
    KmcPlan plan = ordering_plan(dynamics);
    const bool swaps = plan.swaps();
    plan.vacancies = 2;
    for (KmcGroup &group : plan.groups) {
      group.atoms[0] -= 1;
    }
    plan.randomness = plan.transport = plan.tracers = !swaps;
    plan.averages_from_hop = 5;
    const RowColumns column = row_columns(plan);
    const auto batch = make_kmc_batch(queue(), plan);
    EXPECT_EQ(std::isnan(batch->sample().mean[static_cast<std::size_t>(std::max(column.randomness, 0))]), !swaps);
    const std::uint64_t sample[] = {200};
    const KmcRow row = batch->advance(200, sample).rows.front();
    const KmcState s = batch->save();
    const auto walkers = static_cast<std::size_t>(plan.walkers());
    const auto value = [&](int c, std::size_t w) -> double {
      const auto displacement = [&](int axis, std::size_t v) {
        return static_cast<double>(s.displacement[(static_cast<std::size_t>(axis) * walkers + w) * 2 + v]);
      };
      const auto species = static_cast<std::size_t>(3);
      if (c == 0) {
        return s.time_s[w];
      }
      if (c == 1) {
        double sum = 0.0;
        for (int axis = 0; axis < 3; ++axis) {
          sum += displacement(axis, 0) * displacement(axis, 0) + displacement(axis, 1) * displacement(axis, 1);
        }
        return sum / 2;
      }
      if (c < 5) {
        return (displacement(c - 2, 0) + displacement(c - 2, 1)) / 2;
      }
      if (c < column.pairs + 12) {
        return s.pair_counts[static_cast<std::size_t>(c - column.pairs) * walkers + w];
      }
      if (c == column.randomness) {
        return s.randomness[w] / static_cast<double>(s.averaged_hops[w]);
      }
      if (column.jumps >= 0 && c >= column.jumps && c < column.jumps + 3) {
        return static_cast<double>(s.jumps[static_cast<std::size_t>(c - column.jumps) * walkers + w]);
      }
      if (column.tracer_squared >= 0 && c >= column.tracer_squared && c < column.tracer_squared + 3) {
        return static_cast<double>(s.squared[static_cast<std::size_t>(c - column.tracer_squared) * walkers + w]);
      }
      if (column.collective >= 0 && c >= column.collective && c < column.collective + 6) {
        for (std::size_t i = 0; i < species; ++i) {
          for (std::size_t j = i; j < species; ++j) {
            if (pair_index(static_cast<int>(i), static_cast<int>(j), 3) == c - column.collective) {
              double dot = 0.0;
              for (std::size_t axis = 0; axis < 3; ++axis) {
                dot += static_cast<double>(s.collective[(i * 3 + axis) * walkers + w]) *
                       static_cast<double>(s.collective[(j * 3 + axis) * walkers + w]);
              }
              return dot;
            }
          }
        }
      }
      if (c == column.energy_eV) {
        return static_cast<double>(s.energy[w]) * 0x1p-40;
      }
      if (c == column.accepted) {
        return static_cast<double>(s.accepted[w]);
      }
      return std::numeric_limits<double>::quiet_NaN(); // B2, tested above
    };
    for (std::size_t group = 0; group < 2; ++group) {
      for (int c = 0; c < column.b2; ++c) {
        double mean = 0.0;
        double squared = 0.0;
        for (std::size_t r = 0; r < 3; ++r) {
          mean += value(c, group * 3 + r) / 3;
        }
        for (std::size_t r = 0; r < 3; ++r) {
          squared += (value(c, group * 3 + r) - mean) * (value(c, group * 3 + r) - mean);
        }
        const std::size_t at = group * static_cast<std::size_t>(column.end) + static_cast<std::size_t>(c);
        EXPECT_NEAR(row.mean[at], mean, 1e-12 * std::abs(mean) + 1e-30) << "column " << c;
        EXPECT_NEAR(row.squared[at], squared, 1e-10 * std::abs(squared) + 1e-24) << "column " << c;
      }
    }
  }
}

ZENER_DEVICE_TEST(BarrierMap, IsTheVacancyOnEverySiteInTurn) {
  const LatticeShape shape{Structure::bcc, {5, 6, 7}};
  const reference::Lattice lattice(5, 6, 7);
  reference::Sequence random(6);
  const Mlp mlp = reference::to_mlp(reference::random_net(random, {16, 24}), {"Nb", "Mo", "Ta"});
  std::vector<std::uint8_t> occupancy;
  for (int i = 0; i < 420; ++i) {
    occupancy.push_back(static_cast<std::uint8_t>(1 + random.below(3)));
  }
  occupancy[17] = 0; // a jump into a vacancy that is there already has no barrier
  const std::vector<double> temperatures{300.0, 1200.0};
  const BarrierMap map = map_configuration(queue(), mlp, Precision::float32, shape, occupancy, temperatures);
  ASSERT_EQ(map.barrier_eV.size(), 420u * 8);
  ASSERT_EQ(map.randomness.size(), 2u * 420);
  const double kB = 1.380649e-23 / 1.602176634e-19;
  int into_vacancy = 0;
  for (int site = 0; site < 420; ++site) {
    const reference::Codes codes = lattice.codes(occupancy.data(), site);
    const reference::Barriers expected = reference::chain_barriers_float(mlp, codes);
    std::vector<std::vector<double>> weights(2);
    for (std::size_t p = 0; p < 8; ++p) {
      const double got = map.barrier_eV[static_cast<std::size_t>(site) * 8 + p];
      if (codes[p] == 0) {
        EXPECT_EQ(got, std::numeric_limits<double>::infinity());
        ++into_vacancy;
      } else {
        EXPECT_EQ(got, expected[p]);
      }
      for (std::size_t t = 0; t < 2; ++t) {
        weights[t].push_back(codes[p] == 0 ? 0.0 : std::exp(-expected[p] / (kB * temperatures[t])));
      }
    }
    for (std::size_t t = 0; t < 2; ++t) {
      EXPECT_NEAR(map.randomness[t * 420 + static_cast<std::size_t>(site)], reference::randomness_of(weights[t]), 1e-11);
    }
  }
  EXPECT_EQ(into_vacancy, 8);
  EXPECT_EQ(map_configuration(queue(), ConstantBarrier{1.0}, Precision::float32, {Structure::fcc, {4, 4, 4}},
                              std::vector<std::uint8_t>(256, 1), temperatures)
                .randomness,
            std::vector<double>(512, 1.0));
  EXPECT_THROW(map_configuration(queue(), mlp, Precision::float32, {Structure::sc, {5, 6, 14}}, occupancy, temperatures),
               ConfigError);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
