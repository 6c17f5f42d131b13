// The pair model: reading, symmetry, and the exact bound against enumeration.
#include "apps/zener/python.hpp"
#include "host/neutral/barrier_model.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/pair_kra.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>

namespace zener {
namespace {

using nlohmann::json;

PairKra read(const json &document) {
  ObjectReader keys(document, "m.json", JsonUse::data);
  PairKra model = read_pair_kra(keys);
  keys.finish();
  model.file = "m.json";
  return model;
}

PairKra random_model(int shells, std::uint32_t seed) {
  std::mt19937 draw(seed);
  std::uniform_real_distribution<double> energy(-0.1, 0.1);
  json document{{"migration_eV", {{"Mo", 1.7}, {"Ta", 1.1}}}, {"pair_eV", json::array()}};
  for (int shell = 0; shell < shells; ++shell) {
    json pairs;
    for (const char *pair : {"Mo-Mo", "Mo-Ta", "Ta-Ta", "Va-Mo", "Ta-Va", "Va-Va"}) {
      pairs[pair] = energy(draw);
    }
    document["pair_eV"].push_back(pairs);
  }
  return read(document);
}

// Energy of the bonds of two sites of a configuration, straight from E = 1/2 sum_ij: every bond of the two is counted once.
double bond_energy(const PairKra &model, Structure structure, const std::map<Offset, int> &species, const Offset &first,
                   const Offset &second) {
  // Squared distances of the first three shells: of sc in units of a, else of a/2.
  static const std::map<Structure, std::map<int, int>> shells{{Structure::bcc, {{3, 0}, {4, 1}, {8, 2}}},
                                                              {Structure::sc, {{1, 0}, {2, 1}, {3, 2}}},
                                                              {Structure::fcc, {{2, 0}, {4, 1}, {6, 2}}}};
  const std::map<int, int> &shell_of = shells.at(structure);
  double energy = 0.0;
  for (const auto &[site, code] : species) {
    for (const Offset &centre : {first, second}) {
      const Offset d{site[0] - centre[0], site[1] - centre[1], site[2] - centre[2]};
      const auto shell = shell_of.find(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
      const bool twice = centre == second && site == first; // the bond between the two
      if (shell != shell_of.end() && shell->second < model.shells && !twice) {
        energy += model.pair(shell->second, species.at(centre), code);
      }
    }
  }
  return energy;
}

// The barrier of path p by swapping the two sites and summing bonds: no use of the formula that the bound rests on.
double brute_barrier(const PairKra &model, Structure structure, const std::vector<int> &types, std::size_t path) {
  std::map<Offset, int> species{{Offset{0, 0, 0}, 0}};
  const LatticeTables &tables = lattice_tables(structure);
  for (std::size_t k = 0; k < types.size(); ++k) {
    species[tables.offsets[k]] = types[k];
  }
  const Offset vacancy{0, 0, 0};
  const Offset atom = tables.offsets[path];
  const int jumping = species[atom];
  const double before = bond_energy(model, structure, species, vacancy, atom);
  std::swap(species[vacancy], species[atom]);
  return model.migration_eV[static_cast<std::size_t>(jumping - 1)] +
         (bond_energy(model, structure, species, vacancy, atom) - before) / 2.0;
}

TEST(PairKra, ReadsSymmetricEnergies) {
  const PairKra model = read(json::parse(
      R"({"migration_eV": {"Ta": 1.1, "Mo": 1.7}, "pair_eV": [{"Ta-Mo": -0.02, "Va-Mo": 0.1}, {"Ta-Ta": 0.3}], "source": "s"})"));
  EXPECT_EQ(model.elements, (std::vector<std::string>{"Mo", "Ta"}));
  EXPECT_EQ(model.migration_eV, (std::vector<double>{1.7, 1.1}));
  EXPECT_EQ(model.shells, 2);
  EXPECT_EQ(model.pair(0, 1, 2), -0.02);
  EXPECT_EQ(model.pair(0, 2, 1), -0.02);
  EXPECT_EQ(model.pair(0, 0, 1), 0.1);
  EXPECT_EQ(model.pair(0, 1, 0), 0.1);
  EXPECT_EQ(model.pair(1, 2, 2), 0.3);
  EXPECT_EQ(model.pair(1, 1, 2), 0.0);
  EXPECT_EQ(model.source, "s");
  const PairKra again = read(pair_kra_json(model));
  EXPECT_EQ(again.pair_eV, model.pair_eV);
  EXPECT_EQ(again.migration_eV, model.migration_eV);
}

TEST(PairKra, RefusesFaultyModels) {
  const std::vector<std::pair<const char *, const char *>> cases{
      {R"({"migration_eV": {"Mo": 1}, "pair_eV": [{"Mo-Ta": 1}]})", "/pair_eV/0/Mo-Ta: unknown element \"Ta\""},
      {R"({"migration_eV": {"Mo": 1, "Ta": 1}, "pair_eV": [{"Mo-Ta": 1, "Ta-Mo": 1}]})", "given twice"},
      {R"({"migration_eV": {"Mo": 1}, "pair_eV": [{"Mo": 1}]})", "/pair_eV/0/Mo: a pair is two names"},
      {R"({"migration_eV": {"Mo": 1}, "pair_eV": [{"Mo-Mo-Mo": 1}]})", "unknown element \"Mo-Mo\""},
      {R"({"migration_eV": {"Mo": 1}, "pair_eV": [{"Mo-Mo": "x"}]})", "/pair_eV/0/Mo-Mo: \"x\" is not allowed"},
      {R"({"migration_eV": {"Mo": 1}, "pair_eV": [{}, {}, {}, {}]})", "a list of 1 to 3"},
      {R"({"migration_eV": {"Mo": 1}, "pair_eV": []})", "a list of 1 to 3"},
      {R"({"migration_eV": {"Mo": 1}, "pair_eV": [3]})", "/pair_eV/0: 3 is not allowed"},
      {R"({"migration_eV": {}, "pair_eV": [{}]})", "0 elements"},
      {R"({"migration_eV": {"Va": 1}, "pair_eV": [{}]})", "Va is the vacancy"},
      {R"({"migration_eV": {"Mo": -1}, "pair_eV": [{}]})", "/migration_eV/Mo: -1 is not allowed"},
      {R"({"migration_eV": {"Mo": null}, "pair_eV": [{}]})", "/migration_eV/Mo: null is not allowed"},
      {R"({"migration_eV": [1], "pair_eV": [{}]})", "/migration_eV: [1] is not allowed"},
      {R"({"migration_eV": {"Mo": 1}})", "/pair_eV: missing"},
      {R"({"migration_eV": {"Mo": 1}, "pair_eV": [{}], "pairs": 1})", "unknown key"},
      {R"({"migration_eV": {"Mo": 1}, "pair_eV": [{}], "source": 1})", "/source: 1 is not allowed"},
  };
  for (const auto &[text, fragment] : cases) {
    const json document = json::parse(text);
    try {
      read(document);
      ADD_FAILURE() << text;
    } catch (const DataError &error) {
      EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).rfind("m.json: /", 0), 0U) << error.what();
    }
  }
  EXPECT_THROW(read_pair_kra_file("no/such/file.json"), DataError);
}

// A random walk through environments that only keeps changes to lower barriers ends at the bound, and nothing goes below it.
// The contributions of the sites are independent, so a sweep over all sites and species is an exact minimiser.
class PairKraBound : public testing::TestWithParam<Structure> {};

TEST_P(PairKraBound, IsTheSmallestBarrierOfAnyEnvironmentOnAllPaths) {
  const Structure structure = GetParam();
  const LatticeTables &tables = lattice_tables(structure);
  for (int shells = 1; shells <= 3; ++shells) {
    for (const bool several : {false, true}) {
      const PairKra model = random_model(shells, static_cast<std::uint32_t>(17 * shells));
      const std::vector<double> bound = smallest_barriers(model, structure, several);
      ASSERT_EQ(bound.size(), 2U);
      std::mt19937 draw(5);
      std::uniform_int_distribution<int> species(several ? 0 : 1, 2);
      for (std::size_t path = 0; path < static_cast<std::size_t>(tables.paths); ++path) {
        for (int jumping = 1; jumping <= 2; ++jumping) {
          std::vector<int> types(tables.offsets.size());
          for (int trial = 0; trial < 5; ++trial) {
            std::generate(types.begin(), types.end(), [&] { return species(draw); });
            types[path] = jumping;
            EXPECT_GE(brute_barrier(model, structure, types, path), bound[static_cast<std::size_t>(jumping - 1)] - 1e-12);
          }
          double best = brute_barrier(model, structure, types, path);
          for (std::size_t k = 0; k < types.size(); ++k) {
            int kept = types[k];
            for (int s = several ? 0 : 1; s <= 2 && k != path; ++s) {
              types[k] = s;
              const double barrier = brute_barrier(model, structure, types, path);
              if (barrier < best) {
                best = barrier;
                kept = s;
              }
            }
            types[k] = k == path ? jumping : kept;
          }
          // At most 80 terms of order 0.1 in another order: far below 1e-12.
          EXPECT_NEAR(best, bound[static_cast<std::size_t>(jumping - 1)], 1e-12) << "path " << path << " shells " << shells;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Lattices, PairKraBound, testing::Values(Structure::bcc, Structure::sc, Structure::fcc),
                         [](const auto &info) { return std::string(structure_name(info.param)); });

TEST(PairKra, NegativeBarriersAreRefusedWithTheBound) {
  const json document = json::parse(R"({"migration_eV": {"Mo": 1.0, "Ta": 2.0}, "pair_eV": [{"Mo-Ta": -0.5}]})");
  PairKra model = read(document);
  // Mo enters a site with seven Ta around it and leaves none: 1 - 7 * 0.5 / 2.
  EXPECT_NEAR(smallest_barriers(model, Structure::bcc, false)[0], -0.75, 1e-12);
  try {
    check_barriers_positive(model, Structure::bcc, false);
    FAIL();
  } catch (const ConfigError &error) {
    const std::string message = error.what();
    for (const char *fragment : {"m.json", "a jump of Mo", "-0.75 eV", "-3.5 eV", "never clamped"}) {
      EXPECT_NE(message.find(fragment), std::string::npos) << message;
    }
  }
  model.migration_eV[0] = 1.75;
  EXPECT_NO_THROW(check_barriers_positive(model, Structure::bcc, false));
}

TEST(PairKra, TheShippedModelOrdersMoAndTaByItsStatedRule) {
  const PairKra model = read_pair_kra_file(home_folder() / "presets/models/nbmota_pair_kra.json");
  ASSERT_EQ(model.elements, (std::vector<std::string>{"Mo", "Nb", "Ta"}));
  const double j = -model.pair(0, 1, 3);
  EXPECT_NEAR(-model.pair(1, 1, 1), j / 2.0, 1e-12);
  EXPECT_NEAR(-model.pair(1, 3, 3), j / 2.0, 1e-12);
  EXPECT_NEAR((8.0 * j + 6.0 * j / 2.0) / 3.0 / 8.617333262e-5, 1000.0, 1.0);
  const std::vector<double> bound = smallest_barriers(model, Structure::bcc, false);
  EXPECT_NEAR(bound[0], 1.60, 0.005);
  EXPECT_NEAR(bound[1], 1.02, 0.005);
  EXPECT_NEAR(bound[2], 1.01, 0.005);
  EXPECT_NO_THROW(check_barriers_positive(model, Structure::bcc, false));
}

} // namespace
} // namespace zener
