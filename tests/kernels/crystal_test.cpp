// Walkers on bcc, simple cubic and fcc with one and several vacancies and every observable, exchanges, and the memory of
// environments, against serial walkers that tell every atom apart.
#include "host/engine/kmc_engine.hpp"
#include "kernels/kmc/memory.hpp"
#include "tests/golden/hashes.hpp"
#include "tests/reference/crystal.hpp"
#include "tests/reference/kmc.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/kmc_runner.hpp"

#include <algorithm>
#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr Structure kStructures[] = {Structure::bcc, Structure::sc, Structure::fcc};

// Random atoms and vacancies on the sites, the same for a seed.
std::vector<std::uint8_t> random_atoms(const KmcPlan &plan, std::uint32_t seed) {
  reference::Sequence random(seed);
  std::vector<std::uint8_t> all;
  for (std::int64_t w = 0; w < plan.walkers(); ++w) {
    std::vector<std::uint8_t> one(static_cast<std::size_t>(plan.sites()));
    for (std::uint8_t &code : one) {
      code = static_cast<std::uint8_t>(1 + random.below(plan.species()));
    }
    // Vacancies near one another, so that their environments and paths meet.
    for (int v = 0; v < plan.vacancies; ++v) {
      std::size_t at = static_cast<std::size_t>(random.below(24));
      while (one[at] == 0) {
        at = static_cast<std::size_t>(random.below(24));
      }
      one[at] = 0;
    }
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

KmcPlan crystal_plan(Structure structure, bool pairs, int vacancies) {
  KmcPlan plan = test_plan(pairs ? TestModel::pair_kra : TestModel::constant, {}, 2);
  if (pairs) {
    PairKra &model = std::get<PairKra>(plan.model);
    model.shells = 3; // the third with energies of its own
    reference::Sequence random(5);
    model.pair_eV.resize(3 * 16);
    for (std::size_t a = 0; a < 4; ++a) {
      for (std::size_t b = a; b < 4; ++b) {
        const double energy = 0.03125 * random.dyadic(10);
        model.pair_eV[(2 * 4 + a) * 4 + b] = energy;
        model.pair_eV[(2 * 4 + b) * 4 + a] = energy;
      }
    }
  }
  plan.structure = structure;
  plan.cells = structure == Structure::fcc ? std::array<int, 3>{4, 5, 4} : std::array<int, 3>{5, 6, 5};
  plan.vacancies = vacancies;
  plan.groups = {{900.0, {}}, {2500.0, {}}};
  plan.randomness = true;
  plan.transport = true;
  plan.tracers = true;
  plan.occupancy = random_atoms(plan, 40 + static_cast<std::uint32_t>(vacancies));
  return plan;
}

void expect_near(const std::vector<double> &a, const std::vector<double> &b, const std::string &name) {
  ASSERT_EQ(a.size(), b.size()) << name;
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(a[i], b[i], 1e-11 * std::abs(b[i]) + 1e-300) << name << ", element " << i;
  }
}

void expect_same_integers(const KmcState &got, const KmcState &expected, const std::string &name) {
  EXPECT_EQ(got.occupancy, expected.occupancy) << name;
  EXPECT_EQ(got.vacancy_site, expected.vacancy_site) << name;
  EXPECT_EQ(got.displacement, expected.displacement) << name;
  EXPECT_EQ(got.walker_hops, expected.walker_hops) << name;
  EXPECT_EQ(got.pair_counts, expected.pair_counts) << name;
  EXPECT_EQ(got.pair_hops, expected.pair_hops) << name;
  EXPECT_EQ(got.averaged_hops, expected.averaged_hops) << name;
  EXPECT_EQ(got.contacts, expected.contacts) << name;
  EXPECT_EQ(got.jumps, expected.jumps) << name;
  EXPECT_EQ(got.collective, expected.collective) << name;
  EXPECT_EQ(got.squared, expected.squared) << name;
  EXPECT_EQ(got.energy, expected.energy) << name;
  EXPECT_EQ(got.accepted, expected.accepted) << name;
}

ZENER_DEVICE_TEST(Crystal, SitesAndTablesAreThoseOfTheEnumeration) {
  for (const Structure structure : kStructures) {
    const std::array<int, 3> cells{5, 4, 6};
    const reference::Crystal crystal(structure, cells);
    const LatticeTables &tables = lattice_tables(structure);
    ASSERT_EQ(tables.paths, static_cast<int>(crystal.directions().size()));
    for (int site = 0; site < crystal.sites(); ++site) {
      const reference::Vector c = crystal.coordinates(site);
      ASSERT_EQ(site_coordinates(structure, cells, site), (Offset{c[0], c[1], c[2]}));
      ASSERT_EQ(site_at(structure, cells, {c[0] - 100 * cells[0], c[1] + 4 * cells[1], c[2]}), site);
    }
    for (std::size_t p = 0; p < crystal.directions().size(); ++p) {
      const reference::Vector d = crystal.directions()[p];
      EXPECT_EQ(tables.offsets[p], (Offset{d[0], d[1], d[2]}));
    }
    int begin = 0;
    for (int shell = 0; shell < 3; ++shell) {
      const int d2 = crystal.shell_distances(3)[static_cast<std::size_t>(shell)];
      EXPECT_EQ(tables.coordination(shell), static_cast<int>(crystal.at_distance(0, d2).size()));
      EXPECT_EQ(tables.shell_begin[static_cast<std::size_t>(shell)], begin);
      begin += tables.coordination(shell);
    }
  }
  EXPECT_EQ(site_at(Structure::bcc, {5, 5, 5}, {1, 0, 0}), -1);
  EXPECT_EQ(site_at(Structure::fcc, {5, 5, 5}, {1, 1, 1}), -1);
}

ZENER_DEVICE_TEST(Crystal, WalksAndObservablesAreThoseOfASerialWalker) {
  const std::uint64_t hops = kDebugDevice ? 25 : 60;
  for (const Structure structure : kStructures) {
    for (const bool pairs : {false, true}) {
      for (const int vacancies : {1, 3}) {
        const KmcPlan plan = crystal_plan(structure, pairs, vacancies);
        const std::string name = std::string(structure_name(structure)) + (pairs ? ", pair_kra, " : ", constant, ") +
                                 std::to_string(vacancies) + " vacancies";
        const reference::Crystal crystal(structure, plan.cells);
        const KmcState expected = reference::run_crystal(plan, crystal, plan.occupancy, hops);
        const auto batch = make_kmc_batch(queue(), plan);
        const KmcState begin = batch->save();
        EXPECT_EQ(batch->advance(hops / 2, {}).running, 4) << name;
        batch->advance(hops, {});
        const KmcState got = batch->save();
        expect_same_integers(got, expected, name);
        EXPECT_EQ(got.randomness_histogram, expected.randomness_histogram) << name;
        expect_near(got.randomness, expected.randomness, name + ", randomness");
        expect_near(got.time_s, expected.time_s, name + ", time");
        expect_near(got.pair_time, expected.pair_time, name + ", residence");
        if (vacancies > 1) {
          EXPECT_GT(expected.contacts[0], 0u) << name;
        }

        const std::uint64_t bits = hash_of(got);
        for (const TeamChoice &choice : {TeamChoice{1, 1, 1}, {3, 32, 2}, {4, 128, 16}}) {
          KmcRunner runner(queue(), plan, begin);
          runner.advance(7, choice);
          runner.advance(hops, choice);
          EXPECT_EQ(hash_of(runner.state()), bits) << name << ", " << choice.walkers << " a team";
        }
        const auto resumed = make_kmc_batch(queue(), plan);
        resumed->load(got);
        resumed->advance(hops + 10, {});
        batch->advance(hops + 10, {});
        EXPECT_EQ(hash_of(resumed->save()), hash_of(batch->save())) << name;
      }
    }
  }
}

ZENER_DEVICE_TEST(Crystal, GoldenHashes) {
  std::size_t at = 0;
  for (const Structure structure : kStructures) {
    for (const bool swaps : {false, true}) {
      KmcPlan plan = crystal_plan(structure, true, 3);
      if (swaps) {
        plan.dynamics = Dynamics::metropolis_swaps;
        plan.randomness = plan.transport = plan.tracers = false;
      }
      const auto batch = make_kmc_batch(queue(), plan);
      batch->advance(100, {});
      EXPECT_EQ(hash_of(batch->save()), golden::kCrystals[at])
          << structure_name(structure) << (swaps ? ", exchanges" : ", hops");
      ++at;
    }
  }
}

ZENER_DEVICE_TEST(Crystal, ExchangesAreThoseOfSerialTrials) {
  const std::uint64_t trials = kDebugDevice ? 60 : 200;
  for (const Structure structure : kStructures) {
    for (const int vacancies : {0, 2}) {
      KmcPlan plan = crystal_plan(structure, true, vacancies);
      plan.dynamics = Dynamics::metropolis_swaps;
      plan.randomness = plan.transport = plan.tracers = false;
      const std::string name = structure_name(structure) + std::string(", exchanges");
      const reference::Crystal crystal(structure, plan.cells);
      const KmcState expected = reference::run_crystal(plan, crystal, plan.occupancy, trials);
      const auto batch = make_kmc_batch(queue(), plan);
      batch->advance(13, {});
      batch->advance(trials, {});
      KmcState got = batch->save();
      std::sort(got.vacancy_site.begin(), got.vacancy_site.end()); // two vacancies are told apart by nothing
      KmcState sorted = expected;
      std::sort(sorted.vacancy_site.begin(), sorted.vacancy_site.end());
      expect_same_integers(got, sorted, name);
      EXPECT_GT(got.accepted[0], trials / 10);
      EXPECT_LT(got.accepted[0], trials);
    }
  }
}

// The memory changes no bit, whatever its size, and is of use: a vacancy that goes back finds what it left.
ZENER_DEVICE_TEST(Memory, ChangesNoBit) {
  const std::uint64_t hops = kDebugDevice ? 80 : 300;
  for (const TestModel model : {TestModel::mlp_float32, TestModel::mlp_float64}) {
    for (const int species : {3, 5}) { // 2 and 4 bits a site
      for (const int vacancies : {1, 3}) {
        KmcPlan plan = test_plan(model, {16, 24}, 5);
        if (species == 5) {
          plan.elements = {"Nb", "Mo", "Ta", "V", "W"};
          std::get<Mlp>(plan.model).elements = plan.elements;
        }
        plan.vacancies = vacancies;
        plan.randomness = true;
        plan.groups = {{300.0, {}}, {2500.0, {}}};
        plan.occupancy = random_atoms(plan, 3);
        const auto batch = make_kmc_batch(queue(), plan);
        const KmcState begin = batch->save();
        const AdvanceReport without = batch->advance(hops, {});
        EXPECT_EQ(without.memory_lookups, 0u);
        const std::uint64_t expected = hash_of(batch->save());
        for (const std::int64_t entries : {std::int64_t{1}, std::int64_t{7}, std::int64_t{1000}}) {
          plan.memory_entries = entries;
          const auto remembering = make_kmc_batch(queue(), plan);
          remembering->advance(hops / 3, {});
          const AdvanceReport report = remembering->advance(hops, {});
          EXPECT_EQ(hash_of(remembering->save()), expected) << name_of(model) << ", " << entries << " entries";
          EXPECT_GE(report.memory_lookups, 10 * hops);
          if (entries == 1000) { // one entry alone never holds the state that a walker comes back to
            EXPECT_GT(report.memory_hits, report.memory_lookups / 10);
          }
          EXPECT_LT(report.memory_hits, report.memory_lookups);
          for (const TeamChoice &choice : {TeamChoice{1, 1, 1}, {3, 64, 2}, {10, 128, 4}, {10, 128, 8}}) {
            KmcRunner runner(queue(), plan, begin);
            runner.advance(hops / 2, choice);
            runner.advance(hops, choice);
            EXPECT_EQ(hash_of(runner.state()), expected) << name_of(model) << ", " << choice.walkers << " a team";
            EXPECT_TRUE(entries < 1000 || runner.found() > runner.looked_up() / 10);
          }
        }
        plan.memory_entries = 0;
      }
    }
  }
}

// Packing tells any two environments apart that differ in one site.
template <int E> struct MakeKeys {
  View<const std::uint8_t, 2> codes;
  View<std::uint64_t, 2> keys;
  MemoryView memory;
  ZENER_FN void operator()(std::int64_t i) const {
    const EnvironmentMemory<E, float> packer{memory, 0, 1};
    for (int word = 0; word < memory.key_words; ++word) {
      keys(i, word) = packer.key_word(&codes(i, 0), word);
    }
  }
};

class MemoryKeys : public DeviceTest {
protected:
  template <int E> void check();
};

template <int E> void MemoryKeys::check() {
  for (const int bits : {2, 4}) {
    const int most = bits == 2 ? 3 : 8;
    MemoryView memory{};
    memory.bits = bits;
    memory.key_words = memory_key_words(E, bits);
    reference::Sequence random(9);
    std::vector<std::uint8_t> codes;
    for (int i = 0; i < 50; ++i) {
      for (int m = 0; m < E; ++m) {
        codes.push_back(static_cast<std::uint8_t>(i == 0 ? 0 : random.below(most + 1)));
      }
    }
    auto device = to_device(codes);
    auto keys = empty<std::uint64_t>(50 * memory.key_words);
    queue().for_each("test_keys", 50,
                     MakeKeys<E>{View<const std::uint8_t, 2>(device.shaped(50, E)), keys.shaped(50, memory.key_words), memory});
    const auto got = to_host(keys);
    for (std::size_t i = 0; i < 50; ++i) {
      for (std::size_t m = 0; m < static_cast<std::size_t>(E); ++m) { // unpacked again
        const std::size_t bit = m * static_cast<std::size_t>(bits);
        const std::uint64_t word = got[i * static_cast<std::size_t>(memory.key_words) + bit / 64];
        ASSERT_EQ(word >> (bit % 64) & ((1u << bits) - 1u), codes[i * E + m]) << bits << " bits, site " << m;
      }
      EXPECT_NE(got[(i + 1) * static_cast<std::size_t>(memory.key_words) - 1] >> 63, 0u); // never an empty entry
    }
  }
}

ZENER_DEVICE_TEST_F(MemoryKeys, HoldTheWholeEnvironment, MemoryKeys) {
  check<BccLattice::kEnvironment>();
  check<BccFarLattice::kEnvironment>();
  check<BccWideLattice::kEnvironment>();
}

// An environment is found when all of its 112 sites are those kept, and not when any one differs, though all share one place.
struct FindNeighbours {
  View<const std::uint8_t, 2> codes; // [1 + 112][112]: the one that is kept, then each with one site changed
  View<std::uint64_t, 2> keys;
  View<std::uint8_t, 1> found;
  View<double, 2> barrier; // [1 + 112][8]
  MemoryView memory;
  ZENER_FN void operator()(std::int64_t) const {
    const EnvironmentMemory<kEnvironment, float> pool{memory, 0, 1};
    for (std::int64_t i = 0; i < codes.extent(0); ++i) {
      for (int word = 0; word < memory.key_words; ++word) {
        keys(i, word) = pool.key_word(&codes(i, 0), word);
      }
    }
    found[0] = pool.find(0, &keys(0, 0), &barrier(0, 0), nullptr) ? 1 : 0; // in an empty pool
    for (int p = 0; p < kJumps; ++p) {
      barrier(0, p) = 1.0 + 0.125 * p;
    }
    pool.keep(pool.place(&keys(0, 0)), &keys(0, 0), &barrier(0, 0), nullptr);
    for (std::int64_t i = 0; i < codes.extent(0); ++i) {
      found[i + 1] = pool.find(pool.place(&keys(i, 0)), &keys(i, 0), &barrier(i, 0), nullptr) ? 1 : 0;
    }
  }
};

ZENER_DEVICE_TEST(Memory, FindsOnlyTheWholeEnvironment) {
  for (const int bits : {2, 4}) {
    MemoryView memory{};
    memory.bits = bits;
    memory.key_words = memory_key_words(kEnvironment, bits);
    memory.entry_words = memory_entry_words(kEnvironment, bits, static_cast<int>(sizeof(float)), 1);
    memory.entries = 1;
    auto words = empty<std::uint64_t>(memory.entry_words);
    words.zero();
    memory.words = words.view();
    reference::Sequence random(10);
    std::vector<std::uint8_t> one;
    for (int m = 0; m < 112; ++m) {
      one.push_back(static_cast<std::uint8_t>(1 + random.below(3)));
    }
    std::vector<std::uint8_t> codes = one;
    for (std::size_t m = 0; m < 112; ++m) {
      std::vector<std::uint8_t> other = one;
      other[m] = static_cast<std::uint8_t>(other[m] % 3 + 1);
      codes.insert(codes.end(), other.begin(), other.end());
    }
    auto device = to_device(codes);
    auto keys = empty<std::uint64_t>(113 * memory.key_words);
    auto found = empty<std::uint8_t>(114);
    auto barrier = empty<double>(113 * 8);
    barrier.zero();
    queue().for_each("test_find", 1,
                     FindNeighbours{View<const std::uint8_t, 2>(device.shaped(113, 112)), keys.shaped(113, memory.key_words),
                                    found.view(), barrier.shaped(113, 8), memory});
    std::vector<std::uint8_t> expected(114, 0);
    expected[1] = 1;
    EXPECT_EQ(to_host(found), expected) << bits << " bits";
    const auto got = to_host(barrier);
    for (std::size_t p = 0; p < 8; ++p) {
      EXPECT_EQ(got[p], 1.0 + 0.125 * static_cast<double>(p));
    }
  }
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
