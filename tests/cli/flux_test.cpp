// Flux maps, mobile atoms and averaged positions of md in flight and of analyze, as a user would meet them.
#include "host/neutral/atom_files.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/h5.hpp"
#include "tests/cli/program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace zener::test {
namespace {

using nlohmann::json;

// Planes where the layers are, so that vibrations cross them.
constexpr const char *kAnalyses = R"({
  "flux": {"window_ps": 0.016, "planes_A": {"x": [0.1, 1.6], "y": [0.05], "z": []}, "neighbour_A": 2.74, "grid_A": 0.4},
  "mobility": {"window_ps": 0.008, "interval_ps": 0.04, "threshold_A": 0.15},
  "mean_positions": {"window_ps": 0.032}})";
constexpr const char *kPreset = R"({
  "driver": "md", "title": "measured in flight", "seed": 4, "potential": {"kind": "finnis_sinclair", "parameters": {"W":
    {"A": 1.896373, "d": 4.400224, "beta": 0, "c": 3.25, "c0": 47.1346499, "c1": -33.7665655, "c2": 6.2541999}}},
  "structure": {"lattice": "bcc", "a_A": 3.17, "cells": [2, 2, 3], "elements": ["W"]},
  "ensemble": {"kind": "langevin", "temperature_K": 1500}, "time_step_fs": 2, "steps": 300,
  "output": {"plots": false, "trajectory": {"every": 4}}})";
constexpr const char *kExact[] = {"/analyses/flux/g0_r0/crossings", "/analyses/flux/g0_r0/x/crossings"};
constexpr const char *kClose[] = {
    "/analyses/flux/g0_r0/x/plus",    "/analyses/flux/g0_r0/y/net",         "/analyses/flux/g0_r0/flux_standard_error",
    "/analyses/mobility/share/value", "/analyses/mobility/msd_chain/value", "/analyses/mobility/msd_solid/standard_error"};

class CliFlux : public ::testing::Test {
protected:
  void run(const Arguments &arguments) const {
    Arguments all{"run"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.insert(all.end(), {"--device", "cpu", "--threads", "1"});
    expect_done(zener(folder_.path(), all));
  }
  std::vector<double> values(const std::string &out, std::string name) const {
    const H5File file = H5File::open(folder_ / out / "series.h5");
    if (!file.exists(name)) { // the only system of analyze has another name
      name.replace(name.find("g0_r0"), 5, "trajectory");
    }
    if (name.ends_with("x/crossings")) {
      const std::vector<std::int64_t> counts = file.read<std::int64_t>(name);
      return {counts.begin(), counts.end()};
    }
    return file.read<double>(name);
  }
  TemporaryFolder folder_;
};

TEST_F(CliFlux, FileAndFlightAgreeAndRestartsAreExact) {
  json preset = json::parse(kPreset), analyses = json::parse(kAnalyses);
  json analyze = {{"driver", "analyze"},
                  {"trajectory", {{"file", "whole/trajectory/g0_r0.xyz"}}},
                  {"analyses", analyses},
                  {"output", {{"plots", false}}}};
  analyses["every"] = 4;
  preset["analyses"] = analyses;
  put_bytes(folder_ / "p.json", preset.dump());
  put_bytes(folder_ / "a.json", analyze.dump());
  run({"p.json", "--out", "whole"});
  run({"p.json", "--out", "parts", "--set", "steps=110"});
  run({"p.json", "--out", "parts", "--resume"});
  run({"a.json", "--out", "file"});
  for (const char *name : kExact) {
    EXPECT_EQ(values("whole", name), values("parts", name)) << name;
    EXPECT_EQ(values("whole", name), values("file", name)) << name;
  }
  EXPECT_GT(values("whole", kExact[0])[0], 10.0);
  EXPECT_GT(values("whole", "/analyses/mobility/share/value")[3], 0.0);
  for (const char *name : kClose) {
    const std::vector<double> whole = values("whole", name), parts = values("parts", name), file = values("file", name);
    ASSERT_EQ(whole.size(), parts.size());
    ASSERT_EQ(whole.size(), file.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
      EXPECT_TRUE(whole[i] == parts[i] || (std::isnan(whole[i]) && std::isnan(parts[i]))) << name << " " << i;
      EXPECT_TRUE(std::isnan(whole[i]) ? std::isnan(file[i]) : std::abs(whole[i] - file[i]) < 1e-5 * (1.0 + std::abs(whole[i])))
          << name << " " << i << ": " << whole[i] << " " << file[i];
    }
  }
  EXPECT_EQ(read_file(folder_ / "whole/mean_positions/g0_r0.xyz"), read_file(folder_ / "parts/mean_positions/g0_r0.xyz"));
  const std::vector<Atoms> in_flight = read_atoms(folder_ / "whole/mean_positions/g0_r0.xyz"),
                           of_file = read_atoms(folder_ / "file/mean_positions/trajectory.xyz");
  ASSERT_EQ(in_flight.size(), 19U); // 76 frames, 4 a window
  ASSERT_EQ(of_file.size(), 19U);
  for (std::size_t w = 0; w < 19; ++w) {
    ASSERT_EQ(in_flight[w].columns.size(), 1U);
    const auto &moved = std::get<std::vector<double>>(in_flight[w].columns[0].values);
    for (std::size_t i = 0; i < in_flight[w].size(); ++i) {
      for (std::size_t d = 0; d < 3; ++d) {
        const double x = in_flight[w].position_A[i][d];
        EXPECT_NEAR(x, of_file[w].position_A[i][d], 1e-6);
        EXPECT_NEAR(x - in_flight[0].position_A[i][d], moved[3 * i + d], 1e-6);
      }
    }
  }
  const json summary = json::parse(read_file(folder_ / "whole/summary.json"))["analyses"];
  EXPECT_EQ(summary["flux"]["steps"], 37);
  EXPECT_EQ(summary["flux"]["systems"][0]["x"]["planes"], 2);
  EXPECT_EQ(summary["mobility"]["intervals"], 15);
}

TEST_F(CliFlux, RefusesInOneSentence) {
  const std::string head = "2\nLattice=\"5 0 0 0 5 0 0 0 5\" Properties=species:S:1:pos:R:3 time_ps=";
  put_bytes(folder_ / "t.xyz", head + "0.0\nW 1 1 1\nW 3 3 3\n" + head + "0.5\nW 1 1 1\nW 3 3 3\n");
  const auto refused = [&](const std::string &analyses, int code, std::initializer_list<std::string> words) {
    json preset = json::parse(R"({"driver": "analyze", "trajectory": {"file": "t.xyz"}, "output": {"plots": false}})");
    preset["analyses"] = json::parse(analyses);
    put_bytes(folder_ / "a.json", preset.dump());
    expect_failure(zener(folder_.path(), {"run", "a.json", "--out", "no", "--device", "cpu", "--threads", "1"}), code, words);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "no"));
  };
  refused(R"({"flux": {"window_ps": 0.2}})", 2, {"flux/window_ps", "0.2", "0.5 ps apart"});
  refused(R"({"mean_positions": {"window_ps": 0.4}})", 2, {"mean_positions/window_ps"});
  refused(R"({"mobility": {"interval_ps": 0.5}})", 2, {"mobility/interval_ps", "1 to 256"});
  refused(R"({"flux": {"planes_A": {"z": [2, 5.5]}}})", 2, {"planes_A/z", "5.5", "below the cell's edge, 5 A"});
  refused(R"({"flux": {"planes_A": {"z": [2, 1]}}})", 2, {"planes_A/z", "ascending"});
  refused(R"({"flux": {"cutoff_radii_A": [2, 1]}})", 2, {"cutoff_radii_A"});
  refused(R"({"flux": {"grid_A": 0.001}})", 2, {"grid_A", "2048"});
  refused(R"({"flux": {"window": 1}})", 2, {"window", "window_ps"});
  json preset = json::parse(kPreset);
  preset["ensemble"] = {{"kind", "npt_isotropic"}, {"temperature_K", 300}, {"pressure_GPa", 0}};
  preset["analyses"] = json::parse(R"({"flux": {}})");
  put_bytes(folder_ / "p.json", preset.dump());
  expect_failure(zener(folder_.path(), {"run", "p.json", "--out", "no", "--device", "cpu", "--threads", "1"}), 2,
                 {"analyses/flux", "constant cell"});
}

} // namespace
} // namespace zener::test
