// The bcc lattice, its tables, random alloys and counts of bonds against enumeration by distances.
#include "host/engine/device_model.hpp"
#include "host/neutral/kmc_plan.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "kernels/lattice/occupancy.hpp"
#include "tests/reference/lattice.hpp"
#include "tests/reference/philox.hpp"
#include "tests/support/device_test.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

const std::array<std::array<int, 3>, 3> kCells{{{5, 5, 5}, {5, 6, 7}, {9, 5, 6}}};

struct RoundTrips {
  BccLattice lattice;
  LatticeTablesView tables;
  View<std::int32_t, 2> coordinates; // [site][3]
  View<std::int32_t, 1> site;
  View<std::int32_t, 2> neighbours; // [site][112]
  ZENER_FN void operator()(std::int64_t i) const {
    const SiteCoordinates c = lattice.coordinates(static_cast<std::int32_t>(i));
    coordinates(i, 0) = c.x;
    coordinates(i, 1) = c.y;
    coordinates(i, 2) = c.z;
    site[i] = lattice.site(c);
    for (int k = 0; k < kEnvironment; ++k) {
      neighbours(i, k) = lattice.neighbour(c, tables.offsets(k, 0), tables.offsets(k, 1), tables.offsets(k, 2));
    }
  }
};

ZENER_DEVICE_TEST(Lattice, SitesCoordinatesAndNeighbours) {
  const DeviceTables tables(queue(), Structure::bcc);
  for (const auto &cells : kCells) {
    const reference::Lattice truth(cells[0], cells[1], cells[2]);
    const BccLattice lattice{{cells[0], cells[1], cells[2]}};
    const std::int64_t n = lattice.sites();
    ASSERT_EQ(n, truth.sites());
    auto coordinates = empty<std::int32_t>(3 * n);
    auto site = empty<std::int32_t>(n);
    auto neighbours = empty<std::int32_t>(kEnvironment * n);
    queue().for_each(
        "test_round_trips", n,
        RoundTrips{lattice, tables.view(), coordinates.shaped(n, 3), site.view(), neighbours.shaped(n, kEnvironment)});
    const auto c = to_host(coordinates);
    const auto s = to_host(site);
    const auto near = to_host(neighbours);
    for (int i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const reference::Vector expected = truth.coordinates(i);
      EXPECT_EQ(s[at], i);
      for (std::size_t a = 0; a < 3; ++a) {
        EXPECT_EQ(c[3 * at + a], expected[a]);
      }
      for (std::size_t k = 0; k < kEnvironment; ++k) {
        const reference::Vector &o = reference::environment()[k];
        const int j = near[at * kEnvironment + k];
        ASSERT_EQ(j, truth.site({expected[0] + o[0], expected[1] + o[1], expected[2] + o[2]}));
        ASSERT_EQ(truth.squared_distance(i, j), o[0] * o[0] + o[1] * o[1] + o[2] * o[2]);
      }
    }
  }
}

ZENER_DEVICE_TEST(Lattice, TablesOnTheDeviceAreThoseOfTheEnumeration) {
  const DeviceTables device_tables(queue(), Structure::bcc);
  const LatticeTablesView view = device_tables.view();
  // Through a buffer, since views of tables show device memory.
  const auto read = [&](const View<const std::int32_t, 2> &from) {
    std::vector<std::int32_t> values(static_cast<std::size_t>(from.size()));
    queue().copy_to_host(values.data(), from.data(), values.size() * sizeof(std::int32_t), "tables");
    return values;
  };
  const auto offsets = read(view.offsets);
  const auto aligned = read(view.aligned);
  const auto around = read(view.around_jump);
  const auto &environment = reference::environment();
  ASSERT_EQ(environment.size(), 112u);

  const std::vector<int> counts{8, 6, 12, 24, 8, 6, 24, 24};
  std::map<int, int> found;
  for (std::size_t k = 0; k < 112; ++k) {
    const reference::Vector o{offsets[3 * k], offsets[3 * k + 1], offsets[3 * k + 2]};
    EXPECT_EQ(o, environment[k]);
    ++found[o[0] * o[0] + o[1] * o[1] + o[2] * o[2]];
  }
  std::vector<int> found_counts;
  for (const auto &[distance, count] : found) {
    found_counts.push_back(count);
  }
  EXPECT_EQ(found_counts, counts);
  const LatticeTables &tables = bcc_tables();
  for (std::size_t shell = 0; shell < counts.size(); ++shell) {
    EXPECT_EQ(tables.shell_begin[shell + 1] - tables.shell_begin[shell], counts[shell]);
  }
  for (int shell = 0; shell < 3; ++shell) {
    EXPECT_EQ(BccLattice::shell_end(shell), tables.shell_begin[static_cast<std::size_t>(shell) + 1]);
  }

  for (std::size_t p = 0; p < 8; ++p) {
    const reference::Vector d = environment[p];
    EXPECT_EQ(reference::aligned(d, d), (reference::Vector{1, 1, 1}));
    const auto matrix = alignment_matrix({d[0], d[1], d[2]});
    for (std::size_t k = 0; k < 112; ++k) {
      // Input k of path p is the site that the alignment takes to offset k.
      const auto from = static_cast<std::size_t>(aligned[p * 112 + k]);
      ASSERT_LT(from, 112u);
      EXPECT_EQ(reference::aligned(d, environment[from]), environment[k]) << "path " << p << ", input " << k;
    }
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t column = 0; column < 3; ++column) {
        reference::Vector unit{};
        unit[column] = 1;
        EXPECT_EQ(matrix[3 * r + column], reference::aligned(d, unit)[r]);
      }
    }
    for (std::size_t m = 0; m < 26; ++m) {
      const reference::Vector o = environment[m];
      const reference::Vector site{d[0] + o[0], d[1] + o[1], d[2] + o[2]};
      const auto place = std::find(environment.begin(), environment.end(), site);
      const int expected = site == reference::Vector{} ? 255 : static_cast<int>(place - environment.begin());
      EXPECT_EQ(around[p * 26 + m], expected) << "path " << p << ", neighbour " << m;
      EXPECT_NE(expected, 112);
      const int reach = BccLattice::sites_around_jumps(m < 8 ? 1 : (m < 14 ? 2 : 3));
      EXPECT_TRUE(expected == 255 || expected < reach) << "the gathered sites do not hold neighbour " << m << " of path " << p;
    }
  }
}

ZENER_DEVICE_TEST(Lattice, RandomAlloysHaveExactCounts) {
  const int replicas = 3;
  const std::int64_t walkers = 2 * replicas;
  const std::int64_t sites = 420;
  const std::vector<std::int64_t> atoms{140, 139, 140, 400, 0, 19};
  auto device_atoms = to_device(atoms);
  const auto draw = [&](std::uint32_t seed, std::uint32_t first_walker, std::int64_t n) {
    auto occupancy = empty<std::uint8_t>(n * sites);
    queue().for_each("test_alloy", n,
                     RandomAlloy{occupancy.shaped(n, sites), device_atoms.shaped(2, 3), replicas, seed, first_walker});
    return to_host(occupancy);
  };
  const auto all = draw(5, 0, walkers);
  for (std::int64_t w = 0; w < walkers; ++w) {
    const auto begin = all.begin() + w * sites;
    EXPECT_EQ(std::count(begin, begin + sites, 0), 1);
    for (std::int64_t s = 0; s < 3; ++s) {
      EXPECT_EQ(std::count(begin, begin + sites, s + 1), atoms[static_cast<std::size_t>(w / replicas * 3 + s)]);
    }
    for (std::int64_t other = 0; other < w; ++other) {
      EXPECT_FALSE(std::equal(begin, begin + sites, all.begin() + other * sites)) << "walkers " << other << " and " << w;
    }
  }
  // A walker's lattice depends on (seed, walker) alone: walker 2 of the first batch is walker 0 of one that starts there.
  const auto later = draw(5, 2, 1);
  EXPECT_TRUE(std::equal(later.begin(), later.end(), all.begin() + 2 * sites));
  EXPECT_EQ(draw(5, 0, walkers), all);
  EXPECT_NE(draw(6, 0, walkers), all);
}

ZENER_DEVICE_TEST(Lattice, BondsAndVacanciesAgainstDistances) {
  const DeviceTables tables(queue(), Structure::bcc);
  reference::Sequence random(8);
  for (const auto &cells : kCells) {
    const reference::Lattice truth(cells[0], cells[1], cells[2]);
    const std::int64_t sites = truth.sites();
    for (const int species : {1, 3, 8}) {
      const std::int64_t walkers = 3;
      std::vector<std::uint8_t> occupancy;
      for (int w = 0; w < walkers; ++w) {
        const auto one = reference::random_occupancy(random, sites, species);
        occupancy.insert(occupancy.end(), one.begin(), one.end());
      }
      for (const int shells : {1, 2}) {
        const int pairs = species * (species + 1) / 2;
        auto device = to_device(occupancy);
        auto counts = empty<std::int32_t>(shells * pairs * walkers);
        auto vacancy = empty<std::int32_t>(walkers);
        const BccLattice lattice{{cells[0], cells[1], cells[2]}};
        queue().for_each("test_bonds", walkers,
                         CountBonds<BccLattice>{lattice, tables.view(), device.shaped(walkers, sites),
                                                counts.shaped(shells * pairs, walkers), shells, species});
        queue().for_each("test_vacancy", walkers, FindVacancies{device.shaped(walkers, sites), vacancy.shaped(walkers, 1)});
        const auto got = to_host(counts);
        const auto found = to_host(vacancy);
        for (std::size_t w = 0; w < static_cast<std::size_t>(walkers); ++w) {
          const std::uint8_t *own = occupancy.data() + w * static_cast<std::size_t>(sites);
          EXPECT_EQ(found[w], static_cast<int>(std::find(own, own + sites, 0) - own));
          const std::vector<int> expected = truth.bonds(own, shells, species);
          for (std::size_t q = 0; q < expected.size(); ++q) {
            EXPECT_EQ(got[q * static_cast<std::size_t>(walkers) + w], expected[q]) << species << " species, count " << q;
          }
        }
      }
    }
  }
}

ZENER_DEVICE_TEST(Lattice, NoVacancyIsMinusOne) {
  auto device = to_device(std::vector<std::uint8_t>(20, 1));
  auto vacancy = empty<std::int32_t>(2);
  queue().for_each("test_vacancy", 2, FindVacancies{device.shaped(2, 10), vacancy.shaped(2, 1)});
  EXPECT_EQ(to_host(vacancy), (std::vector<std::int32_t>{-1, -1}));
}

// Mean of 1,000 random lattices against the expectation: within 4.5 standard errors, which 12 normal numbers stay in with a
// probability of 0.9999; the draws are fixed.
ZENER_DEVICE_TEST(Lattice, ExpectedBondsAreTheMeanOfRandomAlloys) {
  const DeviceTables tables(queue(), Structure::bcc);
  const std::int64_t walkers = kDebugDevice ? 200 : 1000;
  const std::int64_t sites = 250;
  const std::vector<std::int64_t> atoms{20, 79, 150};
  auto device_atoms = to_device(atoms);
  auto occupancy = empty<std::uint8_t>(walkers * sites);
  auto counts = empty<std::int32_t>(12 * walkers);
  queue().for_each("test_alloy", walkers,
                   RandomAlloy{occupancy.shaped(walkers, sites), device_atoms.shaped(1, 3), static_cast<int>(walkers), 99, 0});
  queue().for_each(
      "test_bonds", walkers,
      CountBonds<BccLattice>{{{5, 5, 5}}, tables.view(), occupancy.shaped(walkers, sites), counts.shaped(12, walkers), 2, 3});
  const auto got = to_host(counts);
  const std::array<int, 2> coordination{8, 6};
  for (std::size_t shell = 0; shell < 2; ++shell) {
    const auto expected = expected_bonds(atoms, sites, coordination[shell]);
    ASSERT_EQ(expected.size(), 6u);
    double total = 0.0;
    for (std::size_t pair = 0; pair < 6; ++pair) {
      double sum = 0.0, squares = 0.0;
      for (std::size_t w = 0; w < static_cast<std::size_t>(walkers); ++w) {
        const double x = got[(shell * 6 + pair) * static_cast<std::size_t>(walkers) + w];
        sum += x;
        squares += x * x;
      }
      const double n = static_cast<double>(walkers);
      const double mean = sum / n;
      const double error = std::sqrt((squares / n - mean * mean) / n);
      EXPECT_NEAR(mean, expected[pair], 4.5 * error) << "shell " << shell + 1 << ", pair " << pair;
      total += expected[pair];
    }
    // All bonds but those of the vacancy.
    EXPECT_NEAR(total, coordination[shell] * (sites / 2 - 1), 1e-9);
  }
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
