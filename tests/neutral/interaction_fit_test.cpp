// Fits of interactions: known models are recovered from what they say, symmetry, data that leave a model undetermined, faulty
// files.
#include "apps/zener/python.hpp"
#include "host/neutral/environments.hpp"
#include "host/neutral/fit_preset.hpp"
#include "host/neutral/interaction_fit.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/pair_kra.hpp"
#include "host/neutral/schema.hpp"
#include "tests/neutral/support.hpp"
#include "tests/reference/barriers.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace zener::test {
namespace {

using nlohmann::json;
using reference::Sequence;

const std::vector<std::string> kElements{"Mo", "Nb", "Ta"};

PairKra random_pair_kra(Sequence &random, int shells, bool vacancy_pairs) {
  PairKra model;
  model.elements = kElements;
  model.shells = shells;
  model.pair_eV.assign(static_cast<std::size_t>(shells) * 16, 0.0);
  for (std::size_t s = 0; s < 3; ++s) {
    model.migration_eV.push_back(1.5 + 0.5 * random.dyadic(20));
  }
  for (int shell = 0; shell < shells; ++shell) {
    for (int a = vacancy_pairs ? 0 : 1; a <= 3; ++a) {
      for (int b = std::max(a, 1); b <= 3; ++b) {
        const double energy = 0.05 * random.dyadic(20);
        model.pair_eV[static_cast<std::size_t>(shell * 16 + a * 4 + b)] = energy;
        model.pair_eV[static_cast<std::size_t>(shell * 16 + b * 4 + a)] = energy;
      }
    }
  }
  return model;
}

struct Jumps {
  std::vector<std::uint8_t> types;
  std::vector<double> barrier_eV;
  std::vector<std::uint8_t> all() const { return std::vector<std::uint8_t>(barrier_eV.size() / 8, 1); }
};

// What a model gives by energies of whole lattices.
Jumps jumps_of(const PairKra &model, Sequence &random, int environments) {
  const reference::Lattice lattice(5, 5, 5);
  Jumps out;
  for (int i = 0; i < environments; ++i) {
    const std::vector<std::uint8_t> occupancy = reference::random_occupancy(random, lattice.sites(), 3);
    const auto vacancy = static_cast<int>(std::find(occupancy.begin(), occupancy.end(), 0) - occupancy.begin());
    const auto codes = lattice.codes(occupancy.data(), vacancy);
    const auto barriers = reference::pair_barriers(model, lattice, occupancy, vacancy);
    out.types.insert(out.types.end(), codes.begin(), codes.end());
    out.barrier_eV.insert(out.barrier_eV.end(), barriers.begin(), barriers.end());
  }
  return out;
}

double largest_difference(const std::vector<double> &a, const std::vector<double> &b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(a[i] - b[i]));
  }
  return largest;
}

TEST(InteractionFit, PairKraIsRecovered) {
  for (const bool vacancy_pairs : {true, false}) {
    for (const int shells : {1, 2, 3}) {
      Sequence random(static_cast<std::uint32_t>(17 + shells));
      const PairKra truth = random_pair_kra(random, shells, vacancy_pairs);
      const Jumps known = jumps_of(truth, random, 60);
      const PairKraChoice choice{shells, vacancy_pairs};
      const auto features = pair_kra_features(kElements, choice);
      const BarrierFit fit = fit_barriers(*features, kElements, known.types, known.barrier_eV, known.all(), 0.0);
      EXPECT_LT(largest_difference(fitted_barriers(*features, fit, known.types), known.barrier_eV), 1e-9) << shells;
      // Each shell has 6 + 3 pair energies, of which 4 functions f(species) are without effect; without the vacancy's, whose
      // differences are absorbed, nothing can be shifted but f = const.
      EXPECT_EQ(features->parameters(), static_cast<std::size_t>(3 + shells * (vacancy_pairs ? 9 : 6)));
      EXPECT_NEAR(fit.effective, 3 + shells * 5, 1e-3) << vacancy_pairs;
      // Other environments, by the fitted model itself.
      const PairKra fitted = as_pair_kra(kElements, choice, fit);
      Sequence again(99);
      Sequence and_again(99);
      EXPECT_LT(largest_difference(jumps_of(fitted, again, 5).barrier_eV, jumps_of(truth, and_again, 5).barrier_eV), 1e-9);
    }
  }
}

TEST(InteractionFit, WhatIsWrittenReadsBack) {
  Sequence random(5);
  const Jumps known = jumps_of(random_pair_kra(random, 2, true), random, 40);
  const PairKraChoice choice{2, true};
  const auto features = pair_kra_features(kElements, choice);
  const PairKra fitted =
      as_pair_kra(kElements, choice, fit_barriers(*features, kElements, known.types, known.barrier_eV, known.all(), 0.0));
  const TemporaryFolder folder;
  put_bytes(folder / "m.json", pair_kra_json(fitted).dump(2));
  const PairKra read = read_pair_kra_file(folder / "m.json");
  EXPECT_EQ(read.elements, fitted.elements);
  EXPECT_EQ(read.migration_eV, fitted.migration_eV);
  EXPECT_EQ(read.pair_eV, fitted.pair_eV);
}

TEST(InteractionFit, ClustersReproduceALinearFunctionOfTheirFeatures) {
  for (const ClusterChoice &choice :
       {ClusterChoice{3.0, 0.0, 0.0}, ClusterChoice{1.0, 1.0, 1.0}, ClusterChoice{0.9, 1.0, 1.7}}) {
    Sequence random(31);
    const auto features = cluster_features(kElements, choice);
    Jumps known;
    for (int i = 0; i < 250; ++i) {
      const reference::Codes codes = reference::random_codes(random, 3);
      known.types.insert(known.types.end(), codes.begin(), codes.end());
    }
    BarrierFit truth;
    for (std::size_t c = 0; c < features->parameters(); ++c) {
      truth.coefficients.push_back(c % features->columns() == 0 ? 1.5 : 0.1 * random.dyadic(20));
    }
    known.barrier_eV = fitted_barriers(*features, truth, known.types);
    const BarrierFit fit = fit_barriers(*features, kElements, known.types, known.barrier_eV, known.all(), 0.0);
    EXPECT_LT(largest_difference(fitted_barriers(*features, fit, known.types), known.barrier_eV), 1e-9);
    if (fit.effective > static_cast<double>(features->parameters()) - 0.01) { // then the coefficients themselves
      EXPECT_LT(largest_difference(fit.coefficients, truth.coefficients), 1e-7);
    }
    EXPECT_GT(fit.effective, 0.9 * static_cast<double>(features->parameters()));
  }
}

// All signed permutations of the axes.
std::vector<std::array<int, 9>> cubic_operations() {
  std::vector<std::array<int, 9>> all;
  std::array<int, 3> order{0, 1, 2};
  do {
    for (int signs = 0; signs < 8; ++signs) {
      std::array<int, 9> m{};
      for (int row = 0; row < 3; ++row) {
        m[static_cast<std::size_t>(3 * row + order[static_cast<std::size_t>(row)])] = (signs >> row & 1) != 0 ? -1 : 1;
      }
      all.push_back(m);
    }
  } while (std::next_permutation(order.begin(), order.end()));
  return all;
}

TEST(InteractionFit, ModelsKnowTheSymmetryOfTheLattice) {
  const std::vector<Offset> &offsets = bcc_tables().offsets;
  Sequence random(8);
  const reference::Codes codes = reference::random_codes(random, 3);
  std::vector<std::unique_ptr<BarrierFeatures>> models;
  models.push_back(pair_kra_features(kElements, {3, true}));
  models.push_back(cluster_features(kElements, {3.0, 1.7, 1.7}));
  for (const auto &features : models) {
    BarrierFit fit;
    for (std::size_t c = 0; c < features->parameters(); ++c) {
      fit.coefficients.push_back(random.dyadic(20));
    }
    const std::vector<double> before = fitted_barriers(*features, fit, codes);
    std::set<double> different(before.begin(), before.end());
    EXPECT_EQ(different.size(), 8U) << "the jumps of a random environment are all different";
    for (const auto &m : cubic_operations()) {
      std::vector<std::uint8_t> turned(112);
      std::vector<std::size_t> path(8);
      for (std::size_t k = 0; k < 112; ++k) {
        Offset to{};
        for (std::size_t i = 0; i < 3; ++i) {
          to[i] = m[3 * i] * offsets[k][0] + m[3 * i + 1] * offsets[k][1] + m[3 * i + 2] * offsets[k][2];
        }
        const auto at = static_cast<std::size_t>(std::find(offsets.begin(), offsets.end(), to) - offsets.begin());
        turned.at(at) = codes[k];
        if (k < 8) {
          path[k] = at;
        }
      }
      const std::vector<double> after = fitted_barriers(*features, fit, turned);
      for (std::size_t p = 0; p < 8; ++p) {
        EXPECT_NEAR(after.at(path[p]), before[p], 1e-11);
      }
    }
  }
}

TEST(InteractionFit, EveryColumnHasItsName) {
  std::vector<std::unique_ptr<BarrierFeatures>> models;
  models.push_back(pair_kra_features(kElements, {2, true}));
  models.push_back(pair_kra_features({"W"}, {1, false}));
  models.push_back(cluster_features(kElements, {3.0, 1.0, 1.0}));
  models.push_back(cluster_features({"W"}, {3.0, 1.0, 1.0}));
  for (const auto &features : models) {
    std::set<std::string> names;
    for (std::size_t block = 0; block < features->blocks(); ++block) {
      for (std::size_t c = 0; c < features->columns(); ++c) {
        names.insert(features->name(block, c));
      }
    }
    EXPECT_EQ(names.size(), features->parameters());
  }
  const auto points = cluster_features(kElements, {3.0, 0.0, 0.0});
  // 111 sites in orbits of permutations of x, y, z; two free elements and a constant for each of three jumping ones.
  std::set<std::array<int, 3>> orbits;
  for (Offset o : bcc_tables().offsets) {
    std::sort(o.begin(), o.end());
    orbits.insert(o);
  }
  EXPECT_EQ(points->parameters(), 3 * (1 + 2 * (orbits.size() - 1)));
  std::set<std::string> energies;
  for (std::size_t c = 0; c < energy_columns(3, 2); ++c) {
    energies.insert(energy_column_name(kElements, c));
  }
  EXPECT_EQ(energies.size(), 3U + 2U * 10U);
  EXPECT_EQ(energies.count("pair 2 Va-Ta"), 1U);
}

TEST(LeastSquares, LeastNormWhereTheDataSayNothing) {
  LeastSquares equations(4);
  Sequence random(2);
  for (int i = 0; i < 20; ++i) {
    const double x = random.dyadic(10);
    equations.add({{0, x}, {1, 2.0 * x}, {2, 1.0}}, 3.0 * x + 0.5); // columns 0 and 1 depend on each other, 3 is never seen
  }
  const LinearSolution solution = equations.solve(0.0, {true, true, false, true});
  EXPECT_NEAR(solution.coefficients[0], 0.6, 1e-7);
  EXPECT_NEAR(solution.coefficients[1], 1.2, 1e-7);
  EXPECT_NEAR(solution.coefficients[2], 0.5, 1e-9);
  EXPECT_NEAR(solution.coefficients[3], 0.0, 1e-9);
  EXPECT_NEAR(solution.effective, 2.0, 1e-6);
}

TEST(LeastSquares, RidgeIsTheOneWrittenDown) {
  LeastSquares equations(2);
  double xx = 0.0;
  double xy = 0.0;
  double centre = 0.0;
  for (int i = -5; i <= 5; ++i) {
    const double y = 2.0 + 0.3 * i + 0.01 * i * i;
    equations.add({{0, 1.0}, {1, 0.5 * i}, {1, 0.5 * i}}, y); // a column that comes twice counts twice
    xx += i * i / 11.0;
    xy += i * y / 11.0;
    centre += y / 11.0;
  }
  const LinearSolution solution = equations.solve(0.7, {false, true});
  EXPECT_NEAR(solution.coefficients[0], centre, 1e-10);
  EXPECT_NEAR(solution.coefficients[1], xy / (xx + 0.7), 1e-10);
  EXPECT_NEAR(solution.effective, 1.0 + xx / (xx + 0.7), 1e-6);
  EXPECT_EQ(equations.rows(), 11);
  EXPECT_THROW(LeastSquares(2).solve(0.0, {true, true}), InvariantError);
}

TEST(InteractionFit, FewEnvironmentsAreFittedExactly) {
  Sequence random(12);
  const Jumps known = jumps_of(random_pair_kra(random, 1, true), random, 4); // 32 barriers, 183 coefficients
  const auto features = cluster_features(kElements, {});
  const BarrierFit fit = fit_barriers(*features, kElements, known.types, known.barrier_eV, known.all(), 0.0);
  EXPECT_LT(largest_difference(fitted_barriers(*features, fit, known.types), known.barrier_eV), 1e-7);
  EXPECT_NEAR(fit.effective, 32.0, 1e-3);
  for (const double c : fit.coefficients) {
    EXPECT_LT(std::abs(c), 5.0);
  }
}

TEST(InteractionFit, AnElementThatNeverJumps) {
  Sequence random(3);
  Jumps known = jumps_of(random_pair_kra(random, 1, true), random, 3);
  for (std::uint8_t &type : known.types) {
    type = type == 2 ? 1 : type;
  }
  const auto features = pair_kra_features(kElements, {1, true});
  expect_error<DataError>([&] { fit_barriers(*features, kElements, known.types, known.barrier_eV, known.all(), 0.0); },
                          {"no atom of Nb"});
}

TEST(InteractionFit, EnergiesAreRecovered) {
  for (const Structure structure : {Structure::bcc, Structure::fcc, Structure::sc}) {
    const std::array<int, 3> cells{5, 4 + (structure == Structure::fcc ? 0 : 1), 6};
    const auto sites = static_cast<std::size_t>(sites_per_cell(structure) * cells[0] * cells[1] * cells[2]);
    Sequence random(21);
    std::vector<double> truth;
    for (std::size_t c = 0; c < energy_columns(3, 2); ++c) {
      truth.push_back(c < 3 ? -10.0 + random.dyadic(20) : 0.1 * random.dyadic(20));
    }
    const PairKra pairs = energies_as_pair_kra(kElements, 2, truth);
    std::vector<LinearRow> rows;
    std::vector<double> energy_eV;
    for (int frame = 0; frame < 60; ++frame) {
      std::vector<std::uint8_t> occupancy(sites);
      for (std::uint8_t &code : occupancy) {
        const int drawn = random.below(40);
        code = static_cast<std::uint8_t>(drawn == 0 ? 0 : 1 + drawn % 3);
      }
      // Pair by pair, by distances of nearest images.
      const int shells[2] = {structure == Structure::bcc   ? 3
                             : structure == Structure::fcc ? 2
                                                           : 1,
                             structure == Structure::sc ? 2 : 4};
      const int unit = units_per_cell(structure);
      double energy = 0.0;
      for (std::size_t i = 0; i < sites; ++i) {
        energy += occupancy[i] == 0 ? 0.0 : truth[occupancy[i] - 1U];
        const Offset at = site_coordinates(structure, cells, static_cast<std::int64_t>(i));
        for (std::size_t j = 0; frame < 3 && j < i; ++j) {
          const Offset other = site_coordinates(structure, cells, static_cast<std::int64_t>(j));
          int squared = 0;
          for (std::size_t a = 0; a < 3; ++a) {
            const int period = cells[a] * unit;
            const int d = std::abs(at[a] - other[a]);
            squared += std::min(d, period - d) * std::min(d, period - d);
          }
          for (int shell = 0; shell < 2; ++shell) {
            energy += squared == shells[shell] ? pairs.pair(shell, occupancy[i], occupancy[j]) : 0.0;
          }
        }
      }
      rows.push_back(energy_row(structure, cells, 3, 2, occupancy));
      double by_row = 0.0;
      for (const auto &[column, x] : rows.back()) {
        by_row += x * truth[column];
      }
      if (frame < 3) { // the sum over all pairs takes long
        EXPECT_NEAR(by_row, energy / static_cast<double>(sites), 1e-11) << structure_name(structure);
      }
      energy_eV.push_back(by_row);
    }
    const LinearSolution fit = fit_energies(3, 2, rows, energy_eV, std::vector<std::uint8_t>(rows.size(), 1), 0.0);
    std::vector<double> again;
    for (const LinearRow &row : rows) {
      double sum = 0.0;
      for (const auto &[column, x] : row) {
        sum += x * fit.coefficients[column];
      }
      again.push_back(sum);
    }
    EXPECT_LT(largest_difference(again, energy_eV), 1e-9);
    // What canonical sampling uses is determined: exchange energies, such as 2 V(1,2) - V(1,1) - V(2,2).
    const PairKra fitted = energies_as_pair_kra(kElements, 2, fit.coefficients);
    for (int shell = 0; shell < 2; ++shell) {
      const auto exchange = [&](const PairKra &m) {
        return 2.0 * m.pair(shell, 1, 2) - m.pair(shell, 1, 1) - m.pair(shell, 2, 2);
      };
      EXPECT_NEAR(exchange(fitted), exchange(pairs), 1e-6);
    }
    EXPECT_LT(*std::max_element(fitted.pair_eV.begin(), fitted.pair_eV.end()), 1.0) << "energies of elements hold the bulk";
  }
}

TEST(InteractionFit, Deviations) {
  const std::vector<double> data{1.0, 2.0, 3.0, 4.0};
  const std::vector<double> model{1.5, 2.0, 2.0, 9.0};
  const std::vector<std::uint8_t> use{1, 0};
  const Deviations first = deviations(data, model, use, 2);
  EXPECT_EQ(first.values, 2);
  EXPECT_DOUBLE_EQ(first.mean, 1.5);
  EXPECT_DOUBLE_EQ(first.mae, 0.25);
  EXPECT_DOUBLE_EQ(first.rmse, std::sqrt(0.125));
  EXPECT_DOUBLE_EQ(first.largest, 0.5);
  const Deviations none = deviations(data, model, std::vector<std::uint8_t>{0, 0}, 2);
  EXPECT_EQ(none.values, 0);
  EXPECT_TRUE(std::isnan(none.mae) && std::isnan(none.rmse) && std::isnan(none.mean));
}

json network_preset() {
  return json::parse(R"({"driver": "fit_interactions", "seed": 4,
    "data": {"kind": "network", "file": "n.safetensors", "composition": [{"Nb": 90, "Mo": 5, "Ta": 5}, {"Ta": 1}],
             "environments": 400},
    "models": [{"kind": "pair_kra"}]})");
}

TEST(FitPreset, RandomEnvironmentsAndTheirTestPart) {
  const FitPreset preset = read_fit_preset(network_preset(), "p.json");
  FitData data = random_environments(preset, kElements);
  ASSERT_EQ(data.samples(), 800U);
  EXPECT_EQ(data.labels, (std::vector<std::string>{"Mo5Nb90Ta5", "Ta"}));
  std::vector<double> counts(4, 0.0);
  for (std::size_t i = 0; i < data.types.size(); ++i) {
    if (i < 400 * 112) {
      counts[data.types[i]] += 1.0 / (400.0 * 112.0);
    } else {
      EXPECT_EQ(data.types[i], 3);
    }
  }
  EXPECT_EQ(counts[0], 0.0);
  EXPECT_NEAR(counts[2], 0.9, 5.0 * std::sqrt(0.09 / (400.0 * 112.0)));
  EXPECT_NEAR(counts[1], 0.05, 5.0 * std::sqrt(0.0475 / (400.0 * 112.0)));
  choose_test_part(preset, data);
  EXPECT_EQ(std::accumulate(data.test.begin(), data.test.begin() + 400, 0), 100);
  EXPECT_EQ(std::accumulate(data.test.begin() + 400, data.test.end(), 0), 100);
  FitData again = random_environments(preset, kElements);
  choose_test_part(preset, again);
  EXPECT_EQ(again.types, data.types);
  EXPECT_EQ(again.test, data.test);
  // More environments keep those that were there.
  json longer = network_preset();
  longer["data"]["environments"] = 401;
  const FitData more = random_environments(read_fit_preset(longer, "p.json"), kElements);
  EXPECT_TRUE(std::equal(data.types.begin(), data.types.begin() + 400 * 112, more.types.begin()));
  expect_error<ConfigError>([&] { random_environments(preset, {"Nb", "Mo"}); }, {"p.json", "/data/composition", "\"Ta\""});
  EXPECT_EQ(in_codes_of({"Ta", "Nb", "Mo"}, data, "here").back(), 1);
  expect_error<ConfigError>([&] { in_codes_of({"Ta", "Nb"}, data, "here"); }, {"here", "\"Mo\""});
}

TEST(FitPreset, ResolvedReadsBack) {
  for (const char *data :
       {R"({"kind": "network", "file": "n.safetensors", "composition": {"grid": {"elements": ["Nb", "Mo"],
                              "divisions": 4}}, "environments": 3})",
        R"({"kind": "environments", "file": "e.json", "elements": ["Nb"]})",
        R"({"kind": "energies", "file": "e.xyz", "lattice": {"structure": "fcc", "a_A": 3.6, "cells": [4, 4, 5]}})"}) {
    json document = network_preset();
    document["data"] = json::parse(data);
    const FitPreset preset = read_fit_preset(document, "p.json");
    const json whole = resolved(preset);
    EXPECT_EQ(resolved(read_fit_preset(whole, "/elsewhere/q.json")), whole);
  }
}

// Every key below "properties" anywhere in a schema.
void keys_of(const json &schema, std::set<std::string> &out) {
  for (const auto &[key, inner] : schema.items()) {
    if (key == "properties") {
      for (const auto &[name, ignored] : inner.items()) {
        out.insert(name);
      }
    }
    if (inner.is_structured()) {
      keys_of(inner, out);
    }
  }
}

TEST(FitPreset, SchemaReaderAndAllKeysAgree) {
  const json schema = json::parse(schema_of("fit_interactions"));
  const json &properties = schema.at("properties");
  const std::vector<std::string> data{
      R"({"kind": "network", "file": "n.safetensors", "composition": {"Nb": 1}, "environments": 3})",
      R"({"kind": "environments", "file": "e.json", "elements": ["Nb"]})",
      R"({"kind": "energies", "file": "e.xyz", "lattice": {"a_A": 3.6, "cells": [5, 5, 5]}})"};
  ASSERT_EQ(properties.at("data").at("oneOf").size(), data.size());
  const json &models = properties.at("models").at("items").at("oneOf");
  // A document of required keys is taken by both, and is resolved to the schema's defaults.
  const auto expect_defaults = [](const json &variant, const json &whole) {
    for (const auto &[key, property] : variant.at("properties").items()) {
      EXPECT_TRUE(whole.contains(key)) << key;
      if (property.contains("default") && whole.contains(key)) {
        EXPECT_EQ(whole.at(key), property.at("default")) << key;
      }
    }
    EXPECT_EQ(whole.size(), variant.at("properties").size());
  };
  for (std::size_t d = 0; d < data.size(); ++d) {
    for (std::size_t m = 0; m < (d < 2 ? models.size() : 1); ++m) {
      json document{{"driver", "fit_interactions"}, {"data", json::parse(data[d])}};
      document["models"] = {{{"kind", models[m].at("properties").at("kind").at("const")}}};
      validate(document, schema.dump(), "p.json");
      const json whole = resolved(read_fit_preset(document, "p.json"));
      validate(whole, schema.dump(), "p.json");
      expect_defaults(properties.at("data").at("oneOf")[d], whole.at("data"));
      expect_defaults(models[m], whole.at("models")[0]);
      EXPECT_EQ(whole.at("test_fraction"), properties.at("test_fraction").at("default"));
      EXPECT_EQ(whole.size(), properties.size());
    }
  }

  std::set<std::string> keys;
  keys_of(schema.at("properties"), keys);
  const std::string text = bytes_of(home_folder() / "presets/all_keys_fit_interactions.json");
  for (const std::string &key : keys) {
    const bool in_pattern = key.find('^') != std::string::npos;
    EXPECT_TRUE(in_pattern || text.find("\"" + key + "\"") != std::string::npos || text.find(key + ":") != std::string::npos)
        << key;
  }
  for (const char *name : {"all_keys_fit_interactions.json", "nbmota_fit_interactions.json"}) {
    EXPECT_GE(load_fit_preset(home_folder() / "presets" / name).models.size(), 2U);
  }
}

TEST(FitPreset, RefusesWhatCannotBe) {
  const auto refused = [](const std::string &edit, std::initializer_list<std::string> words) {
    json document = network_preset();
    apply_edit(document, edit);
    expect_error<ConfigError>([&] { read_fit_preset(document, "p.json"); }, words);
  };
  refused("data.environments=0", {"/data/environments"});
  refused("data.environments=10000000", {"/data/environments", "barriers"});
  refused("models=[]", {"/models"});
  refused("models.0.shells=4", {"/shells", "4"});
  refused("models.0.name=a/b", {"/name", "a/b"});
  refused(R"(models=[{"kind": "pair_kra"}, {"kind": "pair_kra"}])", {"/name", "another model"});
  refused(R"(models=[{"kind": "clusters", "point_cutoff_a": 9}])", {"/point_cutoff_a"});
  refused(R"(models=[{"kind": "clusters", "shells": 2}])", {"shells"});
  refused("models.0.ridge=-1", {"/ridge"});
  refused("test_fraction=1", {"/test_fraction"});
  const std::string energies = R"(data={"kind": "energies", "file": "e.xyz", "lattice": {"a_A": 3, "cells": [5, 5, 5]}})";
  json document = network_preset();
  apply_edit(document, energies);
  apply_edit(document, R"(models=[{"kind": "clusters"}])");
  expect_error<ConfigError>([&] { read_fit_preset(document, "p.json"); }, {"clusters", "energies"});
  apply_edit(document, R"(models=[{"kind": "pair_kra"}])");
  EXPECT_NO_THROW(read_fit_preset(document, "p.json"));
  apply_edit(document, R"(compare={"file": "n.safetensors"})");
  expect_error<ConfigError>([&] { read_fit_preset(document, "p.json"); }, {"/compare", "energies"});
}

class FitFiles : public ::testing::Test {
protected:
  FitPreset environments(const std::string &text) {
    put_bytes(folder_ / "e.json", text);
    json document = network_preset();
    document["data"] = {{"kind", "environments"}, {"file", (folder_ / "e.json").string()}, {"elements", {"Nb", "Mo"}}};
    return read_fit_preset(document, "p.json");
  }
  FitPreset frames(const std::string &text) {
    put_bytes(folder_ / "e.xyz", text);
    json document = network_preset();
    document["data"] = {{"kind", "energies"},
                        {"file", (folder_ / "e.xyz").string()},
                        {"lattice", {{"structure", "sc"}, {"a_A", 3.0}, {"cells", {5, 5, 5}}}}};
    return read_fit_preset(document, "p.json");
  }
  TemporaryFolder folder_;
};

json environment(int type, double barrier_eV) {
  return {{"types", std::vector<int>(112, type)}, {"barriers_ev", std::vector<double>(8, barrier_eV)}};
}

TEST_F(FitFiles, Environments) {
  json document;
  for (int i = 0; i < 3; ++i) {
    document["environments"].push_back(environment(1 + i % 2, 1.0 + i));
  }
  document["environments"][1]["kind"] = "pure Mo";
  document["environments"][0]["barriers_ev"] = {1, 2, 3, 4, 5, 6, 7, 8};
  json directions;
  for (int p = 7; p >= 0; --p) {
    directions.push_back(bcc_tables().offsets[static_cast<std::size_t>(p)]);
  }
  document["directions"] = directions;
  const FitData data = read_barrier_data(environments(document.dump()));
  EXPECT_EQ(data.labels, (std::vector<std::string>{"all", "pure Mo"}));
  EXPECT_EQ(data.label, (std::vector<std::int32_t>{0, 1, 0}));
  EXPECT_EQ(std::vector<double>(data.value_eV.begin(), data.value_eV.begin() + 8),
            (std::vector<double>{8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(data.value_eV[8], 2.0);

  const auto refused = [&](const std::string &edit, std::initializer_list<std::string> words) {
    json changed = document;
    apply_edit(changed, edit);
    expect_error<DataError>([&] { read_barrier_data(environments(changed.dump())); }, words);
  };
  refused("environments.1.barriers_ev=[1,2]", {"e.json", "environment 1", "8 numbers"});
  refused("environments.1.barriers_ev=null", {"environment 1", "barriers_ev"});
  refused("environments.2.barriers_ev.3=\"x\"", {"environment 2", "barrier 3"});
  refused("environments.2.types.50=0", {"environment 2", "further vacancy"});
  refused("environments.2.types.50=3", {"environment 2", "index 50"});
  refused("environments=[]", {"e.json", "no environments"});
}

// A frame of simple cubic 5 x 5 x 5, a = 3 A.
std::string frame(const std::string &comment, int niobium) {
  std::string text = "125\nLattice=\"15 0 0 0 15 0 0 0 15\" Properties=species:S:1:pos:R:3 pbc=\"T T T\" " + comment + "\n";
  for (int i = 0; i < 125; ++i) {
    text += std::string(i < niobium ? "Nb " : "W ") + std::to_string(i / 25 * 3) + " " + std::to_string(i / 5 % 5 * 3) + " " +
            std::to_string(i % 5 * 3) + "\n";
  }
  return text;
}

TEST_F(FitFiles, Frames) {
  const FitData data =
      read_energy_data(frames(frame("energy=-250", 0) + frame("note=\"energy=7\" energy=\"-1.25e2\"", 25) + "\n"));
  EXPECT_TRUE(data.energies);
  EXPECT_EQ(data.elements, (std::vector<std::string>{"Nb", "W"}));
  EXPECT_EQ(data.labels, (std::vector<std::string>{"W", "Nb20W80"}));
  EXPECT_EQ(data.value_eV, (std::vector<double>{-2.0, -1.0}));
  EXPECT_EQ(std::count(data.occupancy.begin() + 125, data.occupancy.end(), 1), 25);

  const auto refused = [&](const std::string &text, std::initializer_list<std::string> words) {
    expect_error<DataError>([&] { read_energy_data(frames(text)); }, words);
  };
  refused("", {"e.xyz", "no frames"});
  refused(frame("energy=1", 3) + frame("", 3), {"frame 1", "energy=", "energy_key"});
  refused(frame("energy=abc", 3), {"frame 0", "\"abc\""});
  refused(frame("energy=nan", 3), {"frame 0", "number"});
  refused(frame("energy=1", 3) + "x\n", {"frame 1", "number of atoms"});
  const std::string whole = frame("energy=1", 3);
  refused(whole.substr(0, whole.size() / 2), {"frame 0", "ends after"});
  std::string moved = whole;
  moved.replace(moved.rfind("W 12 12 12"), 10, "W 13.4 12 1");
  refused(moved, {"frame 0"});
}

} // namespace
} // namespace zener::test
