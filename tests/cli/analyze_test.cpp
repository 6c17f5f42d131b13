// `zener run` with the driver analyze, and analyses of md in flight, as a user would meet them.
#include "host/neutral/files.hpp"
#include "host/neutral/h5.hpp"
#include "tests/cli/program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstring>

namespace zener::test {
namespace {

using nlohmann::json;

constexpr const char *kCurves[] = {"/analyses/msd",
                                   "/analyses/vacf",
                                   "/analyses/green_kubo",
                                   "/analyses/density_of_states",
                                   "/analyses/currents/correlation",
                                   "/analyses/currents/spectrum"};
constexpr const char *kValues[] = {"/analyses/all_origins/msd/value", "/analyses/all_origins/vacf/value",
                                   "/analyses/all_origins/atoms/msd", "/analyses/all_origins/atoms/diffusion",
                                   "/analyses/currents/k_per_A"};
constexpr const char *kPreset = R"({
  "driver": "md", "title": "measured in flight", "seed": 4, "potential": {"kind": "finnis_sinclair", "parameters": {"W":
    {"A": 1.896373, "d": 4.400224, "beta": 0, "c": 3.25, "c0": 47.1346499, "c1": -33.7665655, "c2": 6.2541999}}},
  "structure": {"lattice": "bcc", "a_A": 3.17, "cells": [2, 2, 3], "elements": ["W"]},
  "ensemble": {"kind": "langevin", "temperature_K": 900}, "time_step_fs": 2, "steps": 240,
  "analyses": {"every": 4, "begin_step": 40, "groups": [{"name": "two", "atoms": [0, 5]}],
               "msd": {"points": 4, "levels": 3}, "vacf": {"points": 12}, "all_origins": {"velocities": true, "per_atom": true},
               "currents": {"waves": [[0, 0, 0], [1, 0, 0]], "points": 12}},
  "output": {"plots": false, "trajectory": {"every": 4, "quantities": ["velocities"]}}})";

class CliAnalyze : public ::testing::Test {
protected:
  void run(const Arguments &arguments) const {
    Arguments all{"run"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.insert(all.end(), {"--device", "cpu", "--threads", "1"});
    expect_done(zener(folder_.path(), all));
  }
  std::vector<double> values(const std::string &out, const std::string &name) const {
    return H5File::open(folder_ / out / "series.h5").read<double>(name);
  }
  json summary(const std::string &out) const { return json::parse(read_file(folder_ / out / "summary.json")); }
  TemporaryFolder folder_;
};

TEST_F(CliAnalyze, FileAndFlightAgreeAndRestartsAreExact) {
  put_bytes(folder_ / "p.json", kPreset);
  run({"p.json", "--out", "whole"});
  run({"p.json", "--out", "parts", "--set", "steps=100"});
  run({"p.json", "--out", "parts", "--resume"});
  put_bytes(folder_ / "a.json", R"({"driver": "analyze", "trajectory": {"file": "whole/trajectory/g0_r0.xyz", "first": 10},
    "analyses": {"groups": [{"name": "two", "atoms": [0, 5]}], "msd": {"points": 4, "levels": 3}, "vacf": {"points": 12}, "all_origins": {"velocities": true, "per_atom": true},
               "currents": {"waves": [[0, 0, 0], [1, 0, 0]], "points": 12}},
    "output": {"plots": false}})");
  run({"a.json", "--out", "file"});
  std::vector<std::string> names(std::begin(kValues), std::end(kValues));
  for (const std::string curve : kCurves) {
    names.insert(names.end(), {curve + "/value", curve + "/standard_error"});
  }
  for (const std::string &name : names) {
    const std::vector<double> whole = values("whole", name), parts = values("parts", name), file = values("file", name);
    ASSERT_EQ(whole.size(), parts.size());
    EXPECT_EQ(std::memcmp(whole.data(), parts.data(), whole.size() * sizeof(double)), 0) << name;
    ASSERT_EQ(whole.size(), file.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
      EXPECT_TRUE(std::isnan(whole[i]) ? std::isnan(file[i]) : std::abs(whole[i] - file[i]) < 1e-9 * (1.0 + std::abs(whole[i])))
          << name << " " << i << ": " << whole[i] << " " << file[i];
    }
  }
  EXPECT_GT(values("whole", "/analyses/msd/value")[0], 0.0);
  const json of_file = summary("file"), of_flight = summary("whole");
  EXPECT_EQ(of_file["analyses"]["frames"], 51);
  EXPECT_EQ(of_flight["analyses"]["frames"], 51);
  EXPECT_NEAR(of_file["analyses"]["frame_interval_ps"].get<double>(), 0.008, 1e-12);
  ASSERT_EQ(of_file["analyses"]["groups"].size(), 2U);
  EXPECT_EQ(of_file["analyses"]["groups"][1]["group"], "two");
  EXPECT_EQ(of_file["analyses"]["groups"][1]["atoms"], 2);
  EXPECT_TRUE(of_flight["analyses"]["groups"][0]["diffusion_A2_ps"].contains("green_kubo"));
  EXPECT_GT(of_flight["analyses"]["groups"][0]["diffusion_A2_ps"]["all_origins"]["all"]["standard_error"].get<double>(), 0.0);
}

// Series, curves, histograms and files of atoms: in flight, in parts and from the file.
TEST_F(CliAnalyze, StructureOfFlightAndFileAgree) {
  const char *structure = R"({"every_frames": 5, "atoms_every": 3, "pair_distribution": {"range_A": 5, "bins": 40},
    "structure_factor": {"bins": 40}, "steinhardt": [{}], "voronoi": true})";
  json preset = json::parse(kPreset);
  preset["analyses"] = {{"every", 4}, {"begin_step", 40}, {"structure", json::parse(structure)}};
  put_bytes(folder_ / "p.json", preset.dump());
  run({"p.json", "--out", "whole"});
  run({"p.json", "--out", "parts", "--set", "steps=100"});
  run({"p.json", "--out", "parts", "--resume"});
  put_bytes(folder_ / "a.json", R"({"driver": "analyze", "trajectory": {"file": "whole/trajectory/g0_r0.xyz", "first": 10},
    "output": {"plots": false}, "analyses": {"structure": )" +
                                    std::string(structure) + "}}");
  run({"a.json", "--out", "file"});
  for (const std::string name :
       {"series/cna_bcc", "series/cna_other", "series/q4", "series/q6", "series/volume", "series/volume_spread", "g/value",
        "g/standard_error", "S/value", "histogram/q6/value", "histogram/volume/value"}) {
    const std::string dataset = "/analyses/structure/" + name;
    const std::vector<double> whole = values("whole", dataset), parts = values("parts", dataset),
                              file = values("file", dataset);
    ASSERT_EQ(whole.size(), parts.size());
    EXPECT_EQ(std::memcmp(whole.data(), parts.data(), whole.size() * sizeof(double)), 0) << name;
    ASSERT_EQ(whole.size(), file.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
      EXPECT_TRUE(std::isnan(whole[i]) ? std::isnan(file[i]) : std::abs(whole[i] - file[i]) < 1e-9 * (1.0 + std::abs(whole[i])))
          << name << " " << i << ": " << whole[i] << " " << file[i];
    }
  }
  EXPECT_GT(values("whole", "/analyses/structure/series/q6").at(0), 0.2);
  for (const char *frame : {"000000000", "000000015", "000000030", "000000045"}) {
    const std::string name = std::string("structure/g0_r0_") + frame + ".xyz";
    const std::string whole = read_file(folder_ / "whole" / name);
    EXPECT_EQ(whole, read_file(folder_ / "parts" / name)) << name;
    EXPECT_NE(whole.find("structure_type:I:1"), std::string::npos);
  }
}

// Two atoms of a small hot crystal are pulled apart from their sites: in flight, in parts and from the file the same events.
TEST_F(CliAnalyze, EventsOfFlightAndFileAgree) {
  json preset = json::parse(kPreset);
  preset.merge_patch(
      json::parse(R"({"structure": {"a_A": 3.3, "cells": [3, 3, 3], "defects": [{"kind": "vacancies", "sites": [9]}]},
    "ensemble": {"temperature_K": 4000}, "velocities": {"temperature_K": 8000}, "steps": 800,
    "analyses": {"begin_step": 0, "msd": null, "vacf": null, "groups": null,
                 "events": {"window_ps": 0.032, "persistence": 1, "frames": 3}}})"));
  put_bytes(folder_ / "p.json", preset.dump());
  run({"p.json", "--out", "whole"});
  run({"p.json", "--out", "parts", "--set", "steps=330"});
  run({"p.json", "--out", "parts", "--resume"});
  put_bytes(folder_ / "a.json", R"({"driver": "analyze", "trajectory": {"file": "whole/trajectory/g0_r0.xyz"},
    "analyses": {"events": {"window_ps": 0.032, "persistence": 1, "frames": 3,
                            "sites": {"lattice": "bcc", "a_A": 3.3, "cells": [3, 3, 3], "elements": ["W"]}}},
    "output": {"plots": false}})");
  run({"a.json", "--out", "file"});
  const auto integers = [&](const std::string &out, const std::string &name) {
    return H5File::open(folder_ / out / "series.h5").read<std::int32_t>("/analyses/events/" + name);
  };
  for (const char *name : {"event/kind", "event/length", "event/direction", "move/atom", "move/from", "move/to"}) {
    EXPECT_EQ(integers("whole", name), integers("parts", name)) << name;
    EXPECT_EQ(integers("whole", name), integers("file", name)) << name;
  }
  EXPECT_GT(integers("whole", "event/kind").size(), 0U) << "nothing moved";
  const json in_flight = summary("whole")["analyses"]["events"];
  EXPECT_EQ(in_flight, summary("parts")["analyses"]["events"]);
  EXPECT_EQ(in_flight["windows"], 50);
  EXPECT_EQ(in_flight["sites"], 54);
  EXPECT_EQ(in_flight["systems"][0]["events"], summary("file")["analyses"]["events"]["systems"][0]["events"]);
  EXPECT_EQ(read_file(folder_ / "whole/events/g0_r0.xyz"), read_file(folder_ / "parts/events/g0_r0.xyz"));
  EXPECT_NE(read_file(folder_ / "file/events/trajectory.xyz").find("string:I:1:event_kind:I:1:site_move:R:3"),
            std::string::npos);
}

// Atoms wrapped into the cell, of which most dumps consist, do for structure and velocities.
TEST_F(CliAnalyze, WrappedAtomsHaveAStructure) {
  std::string frames;
  for (const char *x : {"8.9", "0.1"}) {
    frames += std::string("2\nLattice=\"9 0 0 0 9 0 0 0 9\" Properties=species:S:1:pos:R:3:vel:R:3\nW ") + x +
              " 1 1 1 0 0\nW 3 1 1 -1 0 0\n";
  }
  put_bytes(folder_ / "t.xyz", frames);
  put_bytes(folder_ / "a.json", R"({"driver": "analyze", "trajectory": {"file": "t.xyz", "frame_interval_ps": 1},
    "analyses": {"vacf": {"points": 2}, "structure": {"cna": false, "pair_distribution": {"range_A": 4, "bins": 4}}},
    "output": {"plots": false}})");
  run({"a.json", "--out", "done"});
  // Distances 3.1 and 2.9 through the face of the cell.
  const std::vector<double> g = values("done", "/analyses/structure/g/value");
  EXPECT_GT(g.at(2), 0.0);
  EXPECT_GT(g.at(3), 0.0);
  EXPECT_EQ(g.at(0) + g.at(1), 0.0);
  expect_failure(
      zener(folder_.path(), {"run", "a.json", "--out", "no", "--device", "cpu", "--threads", "1", "--set", "analyses.msd={}"}),
      3, {"frame 1", "wrapped", "nearest_image"});
}

TEST_F(CliAnalyze, RefusesInOneSentence) {
  const auto refused = [&](const std::string &change, int code, std::initializer_list<std::string> words) {
    json preset = json::parse(R"({"driver": "analyze", "trajectory": {"file": "t.xyz", "frame_interval_ps": 1},
                                  "analyses": {"msd": {}}, "output": {"plots": false}})");
    preset.merge_patch(json::parse(change));
    put_bytes(folder_ / "a.json", preset.dump());
    expect_failure(zener(folder_.path(), {"run", "a.json", "--out", "no", "--device", "cpu", "--threads", "1"}), code, words);
  };
  refused("{}", 3, {"t.xyz", "no such file"});
  const std::string frame = "1\nLattice=\"9 0 0 0 9 0 0 0 9\" Properties=species:S:1:pos:R:3\nW 1 1 1\n";
  put_bytes(folder_ / "t.xyz", frame);
  refused("{}", 3, {"t.xyz", "one frame alone"});
  put_bytes(folder_ / "t.xyz", frame + frame);
  refused(R"({"analyses": {"groups": [{"name": "far", "atoms": [1]}]}})", 2, {"far", "atom 1", "0 to 0"});
  refused(R"({"analyses": {"vacf": {}}})", 3, {"frame 0", "no velocities", "differences"});
  refused(R"({"analyses": {"msd": {"point": 3}}})", 2, {"point", "points"});
  refused(R"({"analyses": {"currents": {"waves": [[1, 0]]}}})", 2, {"waves/0"});
  refused(R"({"analyses": {"currents": {"waves": [[1, 0, 0], [1, 0, 0]]}}})", 2, {"waves/1", "twice"});
  refused(R"({"analyses": {"all_origins": {"displacements": false}}})", 2, {"all_origins", "neither"});
  refused(R"({"analyses": {"all_origins": {"displacements": false, "velocities": true, "per_atom": true}}})", 2, {"per_atom"});
  refused(R"({"analyses": {"msd": null, "events": {}}})", 2, {"/analyses/events/sites", "needed"});
  const std::string sites = R"("sites": {"lattice": "sc", "a_A": 9, "cells": [1, 1, 1], "elements": ["W"]})";
  refused(R"({"analyses": {"events": {"window_ps": 0.5, )" + sites + "}}}", 2, {"window_ps", "0.5", "two frames, 1 ps"});
  refused(R"({"analyses": {"events": {"sites": {"lattice": "sc", "a_A": 3, "cells": [3, 3, 3], "elements": ["W"]}}}})", 2,
          {"27 sites for 1 atoms", "lattice and cells"});
}

} // namespace
} // namespace zener::test
