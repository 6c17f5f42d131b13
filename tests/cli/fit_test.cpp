// `zener run` with the fit_interactions driver, from a preset to models that `zener run` takes.
#include "host/neutral/h5.hpp"
#include "host/neutral/mlp_file.hpp"
#include "host/neutral/pair_kra.hpp"
#include "tests/cli/program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json fit_preset() {
  return json::parse(R"({
    "driver": "fit_interactions", "title": "fit", "seed": 5,
    "data": {"kind": "network", "file": "n.safetensors", "environments": 300,
             "composition": [{"Nb": 1, "Mo": 1, "Ta": 1}, {"Nb": 8, "Mo": 1, "Ta": 1}]},
    "models": [{"kind": "pair_kra", "shells": 1}, {"kind": "clusters", "name": "points"},
               {"kind": "clusters", "name": "more", "pair_cutoff_a": 1, "ridge": 1e-9}],
    "compare": {"file": "n.safetensors", "precision": "float32"},
    "output": {"plots": false}
  })");
}

class CliFit : public ::testing::Test {
protected:
  CliFit() {
    write_mlp(small_network(), folder_ / "n.safetensors");
    put_bytes(folder_ / "p.json", fit_preset().dump());
  }
  Outcome run(Arguments arguments) {
    Arguments all{"run", "p.json", "--device", "cpu"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return zener(folder_.path(), all);
  }
  json summary(const std::string &name) const { return json::parse(bytes_of(folder_ / name / "summary.json")); }
  TemporaryFolder folder_;
};

// Errors of a model in fit.h5, by the definition.
json errors(const H5File &file, const std::string &model, std::uint8_t part) {
  const auto data = file.read<double>("/data/value_eV");
  const auto test = file.read<std::uint8_t>("/data/test");
  const auto value = file.read<double>("/models/" + model + "/value_eV");
  double n = 0.0;
  double absolute = 0.0;
  double squared = 0.0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (test[i / (data.size() / test.size())] == part) {
      n += 1.0;
      absolute += std::abs(value[i] - data[i]);
      squared += (value[i] - data[i]) * (value[i] - data[i]);
    }
  }
  return {{"values", n}, {"mae_eV", absolute / n}, {"rmse_eV", std::sqrt(squared / n)}};
}

TEST_F(CliFit, ResultsAgreeWithEachOther) {
  const Outcome outcome = run({"--out", "o"});
  expect_done(outcome);
  EXPECT_NE(outcome.err.find("points: 183 parameters"), std::string::npos) << outcome.err;
  const json result = summary("o");
  EXPECT_EQ(result.at("format"), "zener-fit-summary-1");
  EXPECT_EQ(result.at("preset"), json::parse(bytes_of(folder_ / "o/preset.json")));
  ASSERT_EQ(result.at("models").size(), 4U);
  const H5File file = H5File::open(folder_ / "o/fit.h5");
  EXPECT_EQ(file.read_string_attribute("/", "format"), "zener-fit-1");
  EXPECT_EQ(file.read_strings("/models/names"), (std::vector<std::string>{"pair_kra", "points", "more", "network"}));
  for (const json &model : result.at("models")) {
    for (const std::uint8_t part : {std::uint8_t{0}, std::uint8_t{1}}) {
      const json expected = errors(file, model.at("name"), part);
      const json &met = model.at(part == 1 ? "test" : "fit");
      EXPECT_EQ(met.at("values").get<double>(), expected.at("values").get<double>());
      EXPECT_NEAR(met.at("mae_eV").get<double>(), expected.at("mae_eV").get<double>(), 1e-12);
      EXPECT_NEAR(met.at("rmse_eV").get<double>(), expected.at("rmse_eV").get<double>(), 1e-12);
    }
    EXPECT_EQ(model.at("compositions").size(), 2U);
  }
  EXPECT_EQ(errors(file, "points", 1).at("values"), 2 * 75 * 8);
  // A richer model fits better; single precision of the same network differs by rounding alone.
  const auto mae = [&](std::size_t m) { return result.at("models")[m].at("fit").at("mae_eV").get<double>(); };
  EXPECT_LT(mae(1), mae(0));
  EXPECT_LT(mae(2), mae(1));
  EXPECT_LT(mae(3), 1e-6);
  EXPECT_EQ(file.read<double>("/models/points/coefficients_eV").size(),
            file.read_strings("/models/points/coefficient_names").size());
}

TEST_F(CliFit, TheSameSeedGivesTheSameBytes) {
  for (const char *name : {"a", "b"}) {
    expect_done(run({"--out", name, "--threads", std::string(name) == "a" ? "1" : "2"}));
  }
  EXPECT_EQ(bytes_of(folder_ / "a/pair_kra.json"), bytes_of(folder_ / "b/pair_kra.json"));
  EXPECT_EQ(H5File::open(folder_ / "a/fit.h5").read<double>("/models/more/value_eV"),
            H5File::open(folder_ / "b/fit.h5").read<double>("/models/more/value_eV"));
  expect_done(run({"--out", "c", "--set", "seed=6"}));
  EXPECT_NE(bytes_of(folder_ / "a/pair_kra.json"), bytes_of(folder_ / "c/pair_kra.json"));
}

TEST_F(CliFit, AFittedModelRunsAndFitsItself) {
  expect_done(run({"--out", "o"}));
  put_bytes(folder_ / "k.json", pair_preset());
  expect_done(zener(folder_.path(), {"run", "k.json", "--set", R"(barriers={"kind": "pair_kra", "file": "o/pair_kra.json"})",
                                     "--device", "cpu", "--out", "k"}));
  // Its barriers, written by `zener barriers`, give the same model again.
  json environments;
  std::mt19937 random(3);
  for (int i = 0; i < 60; ++i) {
    std::vector<int> types;
    for (int k = 0; k < 112; ++k) {
      types.push_back(1 + static_cast<int>(random() % 3));
    }
    environments["environments"].push_back({{"types", types}});
  }
  environments["element_codes"] = {{"1", "Mo"}, {"2", "Nb"}, {"3", "Ta"}};
  put_bytes(folder_ / "e.json", environments.dump());
  expect_done(zener(folder_.path(), {"barriers", "o/pair_kra.json", "e.json", "--out", "b.json"}));
  expect_done(
      run({"--out", "again", "--set", R"(data={"kind": "environments", "file": "b.json", "elements": ["Mo", "Nb", "Ta"]})",
           "--set", R"(models=[{"kind": "pair_kra", "shells": 1}])", "--set", "compare=null"}));
  const json result = summary("again");
  EXPECT_LT(result.at("models")[0].at("test").at("mae_eV").get<double>(), 1e-9);
  EXPECT_EQ(result.at("backend"), "none") << "no network was asked";
}

TEST_F(CliFit, Energies) {
  std::string frames;
  std::mt19937 random(9);
  for (int f = 0; f < 40; ++f) {
    std::string atoms;
    std::vector<int> codes;
    for (int i = 0; i < 125; ++i) {
      codes.push_back(static_cast<int>(random() % 2));
      atoms += (codes.back() == 0 ? "Nb " : "W ") + std::to_string(i / 25 * 3) + " " + std::to_string(i / 5 % 5 * 3) + " " +
               std::to_string(i % 5 * 3) + "\n";
    }
    double energy = 0.0; // -8 and -9 eV an atom, 0.1 eV for each unlike pair of first neighbours
    for (int i = 0; i < 125; ++i) {
      energy -= 8.0 + codes[static_cast<std::size_t>(i)];
      const int x = i / 25;
      const int y = i / 5 % 5;
      const int z = i % 5;
      for (const int other : {(x + 1) % 5 * 25 + y * 5 + z, x * 25 + (y + 1) % 5 * 5 + z, x * 25 + y * 5 + (z + 1) % 5}) {
        energy += codes[static_cast<std::size_t>(i)] != codes[static_cast<std::size_t>(other)] ? 0.1 : 0.0;
      }
    }
    frames += "125\nLattice=\"15 0 0 0 15 0 0 0 15\" Properties=species:S:1:pos:R:3 pbc=\"T T T\" e=" + std::to_string(energy) +
              "\n" + atoms;
  }
  put_bytes(folder_ / "f.xyz", frames);
  expect_done(run({"--out", "o", "--set",
                   R"(data={"kind": "energies", "file": "f.xyz", "energy_key": "e",
                                "lattice": {"structure": "sc", "a_A": 3, "cells": [5, 5, 5]}})",
                   "--set", R"(models=[{"kind": "pair_kra", "shells": 2}])", "--set", "compare=null"}));
  EXPECT_LT(summary("o").at("models")[0].at("fit").at("mae_eV").get<double>(), 1e-6);
  const PairKra model = read_pair_kra_file(folder_ / "o/pair_kra.json");
  EXPECT_NEAR(2.0 * model.pair(0, 1, 2) - model.pair(0, 1, 1) - model.pair(0, 2, 2), 0.2, 1e-4);
  EXPECT_NEAR(2.0 * model.pair(1, 1, 2) - model.pair(1, 1, 1) - model.pair(1, 2, 2), 0.0, 1e-4);
  EXPECT_NE(model.source.find("migration energies"), std::string::npos);
}

TEST_F(CliFit, CheckRunsNothing) {
  const Outcome outcome = zener(folder_.path(), {"check", "p.json"});
  expect_done(outcome);
  EXPECT_NE(outcome.out.find("points: 183 parameters"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("600 environments of 2 compositions"), std::string::npos) << outcome.out;
  EXPECT_FALSE(fs::exists(folder_ / "results"));
}

TEST_F(CliFit, Plots) {
  if (python_with({"h5py", "matplotlib", "numpy"}).empty()) {
    GTEST_SKIP() << "no Python with h5py, matplotlib and numpy";
  }
  expect_done(run({"--out", "o", "--set", "output.plots=true"}));
  for (const char *name : {"parity.png", "errors.png"}) {
    EXPECT_EQ(bytes_of(folder_ / "o/plots" / name).rfind("\x89PNG", 0), 0U) << name;
  }
  put_bytes(folder_ / "o/fit.h5", bytes_of(folder_ / "o/fit.h5").substr(0, 3000));
  const Outcome damaged = zener(folder_.path(), {"plot", "o"});
  EXPECT_EQ(damaged.code, 3);
  EXPECT_NE(damaged.err.find("fit.h5"), std::string::npos) << damaged.err;
}

TEST_F(CliFit, IsRefused) {
  expect_failure(run({"--resume", "--out", "o"}), 2, {"--resume", "no checkpoint"});
  expect_failure(run({"--set", "data.file=absent.safetensors", "--out", "o"}), 3, {"absent.safetensors", "import-nnk"});
  expect_failure(run({"--set", "compare.file=absent.safetensors", "--out", "o"}), 3, {"/compare/file", "absent.safetensors"});
  expect_failure(run({"--set", "data.composition={\"W\": 1}", "--out", "o"}), 2, {"\"W\"", "Nb, Mo, Ta"});
  expect_failure(run({"--set", "models.0.shell=2", "--out", "o"}), 2, {"models/0", "shell"});
  expect_failure(run({"--set", "data.composition={\"Nb\": 1}", "--out", "o"}), 3, {"no atom of Mo"});
  EXPECT_FALSE(fs::exists(folder_ / "o/summary.json"));
}

} // namespace
} // namespace zener::test
