// `zener run` with the barrier_map driver: results against a brute-force evaluation, interruption, and what is refused.
#include "host/neutral/h5.hpp"
#include "host/neutral/map_preset.hpp"
#include "host/neutral/mlp_file.hpp"
#include "tests/cli/program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <map>
#include <numeric>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json map_preset() {
  return json::parse(R"({
    "driver": "barrier_map", "title": "map", "seed": 3, "precision": "float64",
    "lattice": {"structure": "bcc", "a_A": 3.24, "cells": [5, 6, 5]},
    "composition": {"Nb": 1, "Mo": 2, "Ta": 1},
    "barriers": {"kind": "mlp", "file": "n.safetensors"},
    "temperatures_K": [300, 1000.5], "configurations": 3,
    "histogram": {"barrier_bins": 7, "randomness_bins": 5},
    "output": {"plots": false}
  })");
}

// Atoms of a configuration by coordinates in units of a/2, read from the site file itself.
struct Configuration {
  std::map<std::array<int, 3>, int> code;
  std::array<int, 3> period{};
  int at(std::array<int, 3> c) const {
    for (std::size_t a = 0; a < 3; ++a) {
      c[a] = ((c[a] % period[a]) + period[a]) % period[a];
    }
    return code.at(c);
  }
};

Configuration configuration_of(const fs::path &xyz, const std::vector<std::string> &elements) {
  std::istringstream in(bytes_of(xyz));
  std::string line;
  std::getline(in, line);
  std::getline(in, line);
  Configuration out;
  out.period = {10, 12, 10};
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string species;
    std::array<double, 3> r{};
    words >> species >> r[0] >> r[1] >> r[2];
    std::array<int, 3> c{};
    for (std::size_t a = 0; a < 3; ++a) {
      c[a] = static_cast<int>(std::lround(r[a] / 1.62));
    }
    out.code[c] = static_cast<int>(std::find(elements.begin(), elements.end(), species) - elements.begin()) + 1;
  }
  return out;
}

// Barriers of a vacancy on a site, by rotating coordinates (Xing et al., table S1) rather than by tables of indices.
std::vector<double> brute_barriers(const Mlp &network, const Configuration &atoms, const std::array<int, 3> &site) {
  const auto &offsets = bcc_tables().offsets; // the order of the inputs
  std::vector<double> out;
  for (std::size_t p = 0; p < 8; ++p) {
    const Offset &d = offsets[p];
    std::vector<double> input;
    for (const Offset &o : offsets) {
      // The site that the alignment takes to o: the inverse rotation about z after the mirror.
      const int turns = d[0] < 0 ? (d[1] < 0 ? 2 : 1) : (d[1] < 0 ? 3 : 0); // quarter turns that take d to (1, 1) clockwise
      Offset from{o[0], o[1], d[2] * o[2]};
      for (int k = 0; k < turns; ++k) {
        from = {-from[1], from[0], from[2]};
      }
      input.push_back(atoms.at({site[0] + from[0], site[1] + from[1], site[2] + from[2]}));
    }
    out.push_back(network_output(network, input));
  }
  return out;
}

double brute_randomness(const std::vector<double> &barriers_eV, double temperature_K) {
  const double kT = 8.617333262145e-5 * temperature_K;
  std::vector<double> p;
  for (const double e : barriers_eV) {
    p.push_back(std::exp(-(e - barriers_eV[0]) / kT));
  }
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  double squared = 0.0;
  for (double &value : p) {
    value /= sum;
    squared += (value - 0.125) * (value - 0.125);
  }
  return 1.0 - std::sqrt(squared / 8.0) / (std::sqrt(7.0) / 8.0);
}

TEST(CliMap, EqualsABruteForceEvaluation) {
  const TemporaryFolder folder;
  const Mlp network = small_network();
  write_mlp(network, folder / "n.safetensors");
  put_bytes(folder / "p.json", map_preset().dump());
  expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--threads", "2", "--out", "o"}));

  const H5File map = H5File::open(folder / "o/map.h5");
  EXPECT_EQ(map.read_string_attribute("/", "format"), "zener-barrier-map-1");
  EXPECT_EQ(map.read_string_attribute("/", "driver"), "barrier_map");
  const std::size_t sites = 300;
  const auto barriers = map.read<float>("/sites/barrier_eV");
  const auto randomness = map.read<float>("/sites/randomness");
  EXPECT_EQ(map.shape("/sites/barrier_eV"), (H5File::Shape{3, sites, 8}));
  EXPECT_EQ(map.shape("/sites/randomness"), (H5File::Shape{3, 2, sites}));
  const std::vector<double> temperatures{300.0, 1000.5};
  EXPECT_EQ(map.read<double>("/temperatures_K"), temperatures);

  std::vector<double> all;
  std::map<int, std::vector<double>> by_species;
  std::vector<std::vector<double>> variances(2);
  std::vector<std::vector<double>> histogram(2, std::vector<double>(5, 0.0));
  std::vector<double> means(2, 0.0);
  for (std::size_t c = 0; c < 3; ++c) {
    const fs::path xyz = folder / ("o/configurations/map_g0_c" + std::to_string(c) + ".xyz");
    const Configuration atoms = configuration_of(xyz, network.elements);
    ASSERT_EQ(atoms.code.size(), sites);
    std::vector<std::vector<double>> r(2);
    for (std::size_t site = 0; site < sites; ++site) {
      const std::size_t cell = site / 2;
      const int b = static_cast<int>(site % 2);
      const std::array<int, 3> at{2 * static_cast<int>(cell / 30) + b, 2 * static_cast<int>(cell / 5 % 6) + b,
                                  2 * static_cast<int>(cell % 5) + b};
      const std::vector<double> expected = brute_barriers(network, atoms, at);
      for (std::size_t p = 0; p < 8; ++p) {
        EXPECT_NEAR(barriers[(c * sites + site) * 8 + p], expected[p], 2e-7 * std::abs(expected[p]) + 1e-9);
        const Offset &d = bcc_tables().offsets[p];
        by_species[atoms.at({at[0] + d[0], at[1] + d[1], at[2] + d[2]})].push_back(expected[p]);
        all.push_back(expected[p]);
      }
      for (std::size_t t = 0; t < 2; ++t) {
        r[t].push_back(brute_randomness(expected, temperatures[t]));
        EXPECT_NEAR(randomness[(c * 2 + t) * sites + site], r[t].back(), 1e-6);
      }
    }
    for (std::size_t t = 0; t < 2; ++t) {
      const double mean = std::accumulate(r[t].begin(), r[t].end(), 0.0) / sites;
      double squared = 0.0;
      for (const double value : r[t]) {
        squared += (value - mean) * (value - mean);
        histogram[t][std::min<std::size_t>(4, static_cast<std::size_t>(value * 5.0))] += 1.0 / (3.0 * sites);
      }
      variances[t].push_back(squared / sites);
      means[t] += mean / 3.0;
    }
  }
  const auto mean_of = [](const std::vector<double> &values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  };
  const double mean = mean_of(all);
  EXPECT_NEAR(map.read<double>("/barriers/mean_eV")[0], mean, 1e-10);
  std::array<double, 3> of_configuration{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    of_configuration[i / (8 * sites)] += all[i] / (8.0 * sites);
  }
  double between = 0.0;
  for (const double m : of_configuration) {
    between += (m - mean) * (m - mean);
  }
  EXPECT_NEAR(map.read<double>("/barriers/mean_standard_error_eV")[0], std::sqrt(between / 2.0 / 3.0), 1e-10);
  double squared = 0.0;
  for (const double e : all) {
    squared += (e - mean) * (e - mean);
  }
  EXPECT_NEAR(map.read<double>("/barriers/standard_deviation_eV")[0], std::sqrt(squared / static_cast<double>(all.size())),
              1e-10);
  const double least = *std::min_element(all.begin(), all.end());
  const double largest = *std::max_element(all.begin(), all.end());
  EXPECT_NEAR(map.read<double>("/barriers/least_eV")[0], least, 1e-10);
  EXPECT_NEAR(map.read<double>("/barriers/largest_eV")[0], largest, 1e-10);
  const auto edges = map.read<double>("/barriers/bin_edges_eV");
  ASSERT_EQ(edges.size(), 8U);
  const auto of_barriers = map.read<double>("/barriers/histogram");
  for (std::size_t b = 0; b < 7; ++b) {
    double expected = 0.0;
    for (const double e : all) {
      expected += (e >= edges[b] || b == 0) && (e < edges[b + 1] || b == 6) ? 1.0 / static_cast<double>(all.size()) : 0.0;
    }
    EXPECT_NEAR(of_barriers[b], expected, 1.5 / static_cast<double>(all.size())) << "one barrier may lie on an edge";
  }
  const auto species_means = map.read<double>("/barriers/by_species/mean_eV");
  const auto species_histogram = map.read<double>("/barriers/by_species/histogram");
  for (std::size_t s = 0; s < 3; ++s) {
    const std::vector<double> &own = by_species[static_cast<int>(s) + 1];
    EXPECT_NEAR(species_means[s], mean_of(own), 1e-10);
    EXPECT_NEAR(std::accumulate(species_histogram.begin() + static_cast<std::ptrdiff_t>(7 * s),
                                species_histogram.begin() + static_cast<std::ptrdiff_t>(7 * s + 7), 0.0),
                static_cast<double>(own.size()) / static_cast<double>(all.size()), 1e-12);
  }
  for (std::size_t t = 0; t < 2; ++t) {
    EXPECT_NEAR(map.read<double>("/randomness/mean")[t], means[t], 1e-9);
    const double variance = mean_of(variances[t]);
    EXPECT_NEAR(map.read<double>("/randomness/variance")[t], variance, 1e-9);
    double spread = 0.0;
    for (const double v : variances[t]) {
      spread += (v - variance) * (v - variance);
    }
    EXPECT_NEAR(map.read<double>("/randomness/variance_standard_error")[t], std::sqrt(spread / 2.0 / 3.0), 1e-9);
    for (std::size_t b = 0; b < 5; ++b) {
      EXPECT_NEAR(map.read<double>("/randomness/histogram")[5 * t + b], histogram[t][b], 1.5 / (3.0 * sites));
    }
  }

  const json summary = json::parse(bytes_of(folder / "o/summary.json"));
  EXPECT_EQ(summary.at("format"), "zener-barrier-map-summary-1");
  EXPECT_EQ(summary.at("run").at("status"), "finished");
  EXPECT_EQ(summary.at("run").at("barriers"), 7200.0);
  EXPECT_EQ(summary.at("preset"), json::parse(bytes_of(folder / "o/preset.json")));
  const json &entry = summary.at("compositions").at(0);
  EXPECT_EQ(entry.at("atoms"), json({{"Nb", 75}, {"Mo", 150}, {"Ta", 75}}));
  EXPECT_NEAR(entry.at("barrier_eV").at("mean").get<double>(), mean, 1e-10);
  EXPECT_EQ(entry.at("randomness").size(), 2U);
  for (const json &number : summary.at("numbers")) {
    EXPECT_TRUE(number.contains("name") && number.contains("units") && number.contains("value")) << number;
  }
  // The site file carries what the map holds.
  const std::string xyz = bytes_of(folder / "o/configurations/map_g0_c0.xyz");
  EXPECT_NE(xyz.find("mean_barrier_eV:R:1:R_300K:R:1:R_1000_5K:R:1"), std::string::npos) << xyz.substr(0, 300);
  for (const char *name : {"map_g0_c2.xyz", "map_g0_c2.dump"}) {
    const LatticeSpecies read = read_lattice_species(folder / "o/configurations" / name, Structure::bcc, {5, 6, 5}, 3.24, {});
    EXPECT_EQ(read.elements, (std::vector<std::string>{"Mo", "Nb", "Ta"}));
    EXPECT_EQ(std::count(read.occupancy.begin(), read.occupancy.end(), std::uint8_t{1}), 150) << name;
    EXPECT_EQ(std::count(read.occupancy.begin(), read.occupancy.end(), std::uint8_t{2}), 75) << name;
  }
}

TEST(CliMap, GridsLaddersAndOtherLattices) {
  const TemporaryFolder folder;
  json preset = map_preset();
  preset["barriers"] = json::parse(R"({"kind": "pair_kra", "migration_eV": {"Mo": 1.5, "Nb": 1, "Ta": 1.2}, "pair_eV": [{}]})");
  preset["composition"] = json::parse(R"({"grid": {"elements": ["Nb", "Mo", "Ta"], "divisions": 2}})");
  preset["configurations"] = 1;
  for (const char *structure : {"bcc", "sc", "fcc"}) {
    preset["lattice"]["structure"] = structure;
    put_bytes(folder / "p.json", preset.dump());
    expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--out", structure}));
    const H5File map = H5File::open(folder / structure / "map.h5");
    EXPECT_EQ(map.shape("/compositions/fractions"), (H5File::Shape{6, 3}));
    EXPECT_EQ(map.read_strings_attribute("/compositions/fractions", "elements"), (std::vector<std::string>{"Mo", "Nb", "Ta"}));
    EXPECT_EQ(map.read<double>("/barriers/mean_eV")[0], 1.0) << "pure Nb: every jump has its migration energy";
    EXPECT_NEAR(map.read<double>("/barriers/mean_eV")[5], 1.2, 1e-12) << "pure Ta; a mean of equal numbers is rounded";
    EXPECT_EQ(map.read<double>("/randomness/mean")[0], 1.0) << "all paths alike";
    EXPECT_FALSE(map.exists("/sites"));
    EXPECT_FALSE(fs::exists(folder / structure / "configurations")) << "no site files for a grid";
    const json summary = json::parse(bytes_of(folder / structure / "summary.json"));
    std::map<std::string, double> numbers;
    for (const json &number : summary.at("numbers")) {
      numbers[number.at("name")] = number.at("value").is_number() ? number.at("value").get<double>() : -1.0;
    }
    EXPECT_EQ(numbers.at("highest_mean_barrier"), 1.5);
    EXPECT_EQ(numbers.at("highest_mean_barrier_fraction_Mo"), 1.0);
  }
}

TEST(CliMap, StartsFromAFileAndRepeatsToTheBit) {
  const TemporaryFolder folder;
  write_mlp(small_network(), folder / "n.safetensors");
  put_bytes(folder / "p.json", map_preset().dump());
  expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--threads", "1", "--out", "a"}));
  expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--threads", "3", "--out", "b"}));
  EXPECT_EQ(content_of(folder / "a/configurations"), content_of(folder / "b/configurations"));
  EXPECT_TRUE(bytes_of(folder / "a/map.h5") == bytes_of(folder / "b/map.h5"));
  // A site file of the map is a configuration to start from.
  json again = map_preset();
  again.erase("composition");
  again.erase("configurations");
  again["initial"]["file"] = "a/configurations/map_g0_c1.dump";
  put_bytes(folder / "p.json", again.dump());
  expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--out", "c"}));
  const auto whole = H5File::open(folder / "a/map.h5").read<float>("/sites/barrier_eV");
  const auto one = H5File::open(folder / "c/map.h5").read<float>("/sites/barrier_eV");
  ASSERT_EQ(one.size(), 2400U);
  EXPECT_TRUE(std::equal(one.begin(), one.end(), whole.begin() + 2400));
  EXPECT_TRUE(std::isnan(H5File::open(folder / "c/map.h5").read<double>("/randomness/variance_standard_error")[0]));
}

TEST(CliMap, Check) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", map_preset().dump());
  write_mlp(small_network(), folder / "n.safetensors");
  const Outcome outcome = zener(folder.path(), {"check", "p.json", "--threads", "1"});
  expect_done(outcome);
  for (const char *text : {"\"driver\": \"barrier_map\"", "\nmap       3 configurations of 300 sites", "\ntime      about "}) {
    EXPECT_NE(outcome.out.find(text), std::string::npos) << outcome.out;
  }
  EXPECT_EQ(content_of(folder.path()).size(), 2U) << "check writes nothing";
}

TEST(CliMap, StopsBetweenConfigurationsAndKeepsWhatIsDone) {
  const TemporaryFolder folder;
  write_mlp(small_network(), folder / "n.safetensors");
  json preset = map_preset();
  preset["composition"] = json::parse(R"([{"Nb": 1, "Mo": 1}, {"Ta": 1}])");
  preset["configurations"] = 10000;
  preset["lattice"]["cells"] = {8, 8, 8};
  preset["temperatures_K"] = json::array({800});
  put_bytes(folder / "p.json", preset.dump());
  Program program(folder.path(), zener_command({"run", "p.json", "--device", "cpu", "--threads", "1", "--out", "o", "--set",
                                                "output.site_files=true"}));
  EXPECT_TRUE(program.wait_until([&] { return fs::exists(folder / "o/configurations/map_g0_c3.dump"); }));
  program.send(SIGINT);
  const Outcome outcome = program.wait();
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  EXPECT_NE(outcome.err.find("stopped by signal 2"), std::string::npos) << outcome.err;
  const json summary = json::parse(bytes_of(folder / "o/summary.json"));
  EXPECT_EQ(summary.at("run").at("status"), "interrupted");
  const H5File map = H5File::open(folder / "o/map.h5");
  const auto done = map.read<std::int64_t>("/compositions/configurations");
  EXPECT_GE(done[0], 4);
  EXPECT_LT(done[0], 10000);
  EXPECT_EQ(done[1], 0);
  EXPECT_TRUE(std::isfinite(map.read<double>("/barriers/mean_eV")[0]));
  EXPECT_TRUE(std::isnan(map.read<double>("/barriers/mean_eV")[1])) << "not reached";
  EXPECT_TRUE(summary.at("compositions").at(1).at("barrier_eV").at("mean").is_null());
}

TEST(CliMap, WhatIsRefused) {
  const TemporaryFolder folder;
  write_mlp(small_network(), folder / "n.safetensors");
  put_bytes(folder / "p.json", map_preset().dump());
  const auto run = [&](Arguments arguments) {
    arguments.insert(arguments.begin(), {"run", "p.json", "--out", "o"});
    const Outcome outcome = zener(folder.path(), arguments);
    EXPECT_FALSE(fs::exists(folder / "o")) << "a run that cannot start leaves no folder";
    return outcome;
  };
  expect_failure(run({"--resume"}), 2, {"--resume", "no checkpoint"});
  expect_failure(run({"--set", "lattice.structure=fcc"}), 2, {"/barriers/kind", "bcc"});
  expect_failure(run({"--set", "hops=5"}), 2, {"/hops", "unknown key"});
  expect_failure(run({"--set", "composition.W=5"}), 2, {"/composition/W", "Nb, Mo, Ta"});
  expect_failure(run({"--set", "configurations=1000000"}), 2, {"/configurations", "barriers; allowed"});
  expect_failure(run({"--set", "barriers.file=absent.safetensors"}), 3, {"absent.safetensors"});
  write_mlp(overflowing_network(200.0), folder / "n.safetensors");
  expect_failure(zener(folder.path(), {"run", "p.json", "--out", "f", "--set", "precision=float32"}), 3,
                 {"barrier is not finite", "configuration 0", "site"});
  fs::create_directory(folder / "full");
  put_bytes(folder / "full/mine.txt", "precious");
  expect_failure(zener(folder.path(), {"run", "p.json", "--out", "full"}), 2, {"full", "not empty"});
}

} // namespace
} // namespace zener::test
