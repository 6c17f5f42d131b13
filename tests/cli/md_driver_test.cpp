// The md driver over a batch of springs: what it writes, how it goes on after a signal, what it leaves when a run explodes.
#include "apps/zener/md_driver.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/dynamics_checkpoint.hpp"
#include "host/neutral/h5.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/trajectory_h5md.hpp"
#include "tests/cli/program.hpp"
#include "tests/support/spring_batch.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Two atoms of tungsten and one of iron, numbered as no program would.
constexpr const char *kStructure = R"(3
Lattice="5 0 0 0 6 0 0 0 7" Properties=species:S:1:pos:R:3:id:I:1 pbc="T T T"
W 0 0 0 11
Fe 2.5 3 3.5 12
W 1 4 2 13
)";

constexpr const char *kPreset = R"({
  "driver": "md", "title": "springs", "seed": 7,
  "structure": {"file": "s.xyz"},
  "potential": {"kind": "finnis_sinclair", "parameters": {
    "W": {"d": 4.4, "A": 1.9, "c": 3.25, "c0": 47.1, "c1": -33.8, "c2": 6.25},
    "Fe": {"d": 3.6, "A": 1.8, "c": 3.4, "c0": 1.2, "c1": -0.3, "c2": 0.01},
    "Fe-W": {"d": 4.0, "weight": 1, "c": 3.3, "c0": 5, "c1": -3, "c2": 0.5}}},
  "ensemble": {"kind": "nve"},
  "ladder": {"temperatures_K": [300, 900], "replicas": 2},
  "steps": 205, "equilibration_steps": 50,
  "output": {"plots": false, "thermo_every": 10,
             "trajectory": {"every": 20, "quantities": ["velocities", "forces", "energies"]}}
})";

class MdDriver : public ::testing::Test {
protected:
  MdDriver() {
    put_bytes(folder_ / "s.xyz", kStructure);
    put_bytes(folder_ / "p.json", kPreset);
    set_console_level(LogLevel::error);
  }
  ~MdDriver() override {
    set_console_level(LogLevel::info);
    close_log_file();
    clear_stop_signal();
  }

  int run(const std::string &out, const std::vector<std::string> &edits = {}, SpringTricks tricks = {}, bool resume = false) {
    RunOptions options;
    options.preset = folder_ / "p.json";
    options.edits = edits;
    options.device = "cpu";
    options.threads = 1;
    options.out = folder_ / out;
    options.resume = resume;
    return run_md(options, [&](const AtomsPlan &plan) { return std::make_unique<SpringBatch>(plan, tricks); });
  }

  void expect_same_results(const std::string &a, const std::string &b) const {
    std::vector<std::string> files{"series.h5"};
    for (const char *system : {"g0_r0", "g0_r1", "g1_r0", "g1_r1"}) {
      files.push_back(std::string("trajectory/") + system + ".xyz");
      files.push_back(std::string("configurations/initial_") + system + ".xyz");
      files.push_back(std::string("configurations/final_") + system + ".xyz");
    }
    for (const std::string &file : files) {
      EXPECT_FALSE(bytes_of(folder_ / a / file).empty()) << file;
      EXPECT_TRUE(bytes_of(folder_ / a / file) == bytes_of(folder_ / b / file)) << file;
    }
    EXPECT_EQ(content_of(folder_ / a / "configurations").size(), content_of(folder_ / b / "configurations").size());
  }

  TemporaryFolder folder_;
};

TEST_F(MdDriver, WritesWhatItSays) {
  EXPECT_EQ(run("o"), 0);
  const H5File series = H5File::open(folder_ / "o/series.h5");
  EXPECT_EQ(series.read_string_attribute("/", "format"), "zener-md-series-1");
  const auto steps = series.read<std::int64_t>("/step");
  ASSERT_EQ(steps.size(), 22U);
  EXPECT_EQ(steps.front(), 0);
  EXPECT_EQ(steps[20], 200);
  EXPECT_EQ(steps.back(), 205);
  EXPECT_EQ(series.read<double>("/time_ps")[20], 0.2);
  EXPECT_EQ(series.shape("/temperature_K"), (H5File::Shape{22, 4}));
  EXPECT_EQ(series.shape("/pressure_tensor_GPa"), (H5File::Shape{22, 4, 3, 3}));
  EXPECT_EQ(series.read_string_attribute("/pressure_GPa", "units"), "GPa");
  const auto temperature = series.read<double>("/temperature_K");
  for (std::size_t s = 0; s < 4; ++s) {
    EXPECT_NEAR(temperature[s], s < 2 ? 300.0 : 900.0, 1e-3) << "velocities are exact unless asked otherwise";
  }
  EXPECT_EQ(series.read<double>("/systems/degrees_of_freedom"), std::vector<double>(4, 6.0));
  const auto volume = series.read<double>("/volume_A3");
  EXPECT_NEAR(volume[0], 210.0, 1e-9);
  // An ideal gas' pressure: springs give no virial here.
  const auto pressure = series.read<double>("/pressure_GPa");
  const auto kinetic = series.read<double>("/kinetic_eV");
  EXPECT_NEAR(pressure[5], 2.0 / 3.0 * kinetic[5] / 210.0 * 160.21766, 1e-6 * pressure[5]);

  const std::vector<Atoms> frames = read_atoms(folder_ / "o/trajectory/g1_r0.xyz");
  ASSERT_EQ(frames.size(), 11U);
  EXPECT_EQ(frames[0].position_A[1], (Vector3{2.5, 3.0, 3.5})) << "frame 0 is the start";
  EXPECT_EQ(frames[0].id, (std::vector<std::int64_t>{11, 12, 13}));
  const auto potential = series.read<double>("/potential_eV");
  for (std::size_t f = 0; f < frames.size(); ++f) {
    EXPECT_EQ(frames[f].total_energy_eV, potential[(2 * f) * 4 + 2]) << "of the same moment as the rows";
    EXPECT_EQ(frames[f].velocity_A_ps.size(), 3U);
    EXPECT_NEAR(frames[f].force_eV_A[0][1], -5.0 * (frames[f].position_A[0][1] - 0.0), 1e-12);
    EXPECT_EQ(frames[f].energy_eV.size(), 3U);
  }
  EXPECT_EQ(read_atoms(folder_ / "o/configurations/initial_g0_r1.xyz").size(), 1U);
  const Atoms last = read_atoms(folder_ / "o/configurations/final_g1_r0.xyz").front();
  EXPECT_EQ(last.total_energy_eV, potential[21 * 4 + 2]);
  EXPECT_TRUE(fs::exists(folder_ / "o/checkpoint.h5"));

  const json summary = json::parse(bytes_of(folder_ / "o/summary.json"));
  EXPECT_EQ(summary.at("format"), "zener-md-summary-1");
  EXPECT_EQ(summary.at("run").at("status"), "finished");
  EXPECT_EQ(summary.at("run").at("steps"), 205);
  EXPECT_EQ(summary.at("run").at("atoms"), 12);
  EXPECT_EQ(summary.at("systems").size(), 4U);
  EXPECT_EQ(summary.at("groups").size(), 2U);
  const json &system = summary.at("systems")[2];
  EXPECT_EQ(system.at("system"), "g1_r0");
  EXPECT_EQ(system.at("atoms").at("W"), 2);
  EXPECT_EQ(system.at("rows"), 17) << "from equilibration_steps on";
  double mean = 0.0;
  for (std::size_t r = 5; r < 22; ++r) {
    mean += temperature[r * 4 + 2] / 17.0;
  }
  EXPECT_NEAR(system.at("averages").at("temperature_K").at("mean").get<double>(), mean, 1e-9);
  EXPECT_GT(system.at("averages").at("temperature_K").at("standard_error").get<double>(), 0.0);
  EXPECT_TRUE(system.at("drift_kT_per_ns_per_degree_of_freedom").at("mean").is_number());
  EXPECT_EQ(summary.at("preset").at("potential").at("kind"), "finnis_sinclair");
}

TEST_F(MdDriver, GoesOnAfterSignalsAsIfNothingHadBeen) {
  EXPECT_EQ(run("direct"), 0);
  EXPECT_EQ(run("o", {}, {-1, 77}), 130);
  const std::int64_t reached = load_dynamics_checkpoint(folder_ / "o/checkpoint.h5").state.step;
  EXPECT_GE(reached, 77);
  EXPECT_LT(reached, 205);
  EXPECT_EQ(json::parse(bytes_of(folder_ / "o/summary.json")).at("run").at("status"), "interrupted");
  EXPECT_TRUE(fs::exists(folder_ / "o/configurations/checkpoint_g0_r0.xyz"));
  clear_stop_signal();
  EXPECT_EQ(run("o", {}, {}, true), 0);
  expect_same_results("o", "direct");
}

TEST_F(MdDriver, ATrajectoryThatRanAheadOfTheCheckpointIsCut) {
  EXPECT_EQ(run("direct"), 0);
  EXPECT_EQ(run("o", {"steps=100"}), 0);
  std::string frames = bytes_of(folder_ / "o/trajectory/g0_r0.xyz");
  put_bytes(folder_ / "o/trajectory/g0_r0.xyz", frames + frames.substr(0, 200));
  EXPECT_EQ(run("o", {}, {}, true), 0);
  expect_same_results("o", "direct");
  put_bytes(folder_ / "o/trajectory/g0_r0.xyz", frames.substr(0, 100));
  expect_error<DataError>([&] { run("o", {"steps=300"}, {}, true); }, {"g0_r0.xyz", "100 bytes", "checkpoint"});
  fs::remove(folder_ / "o/trajectory/g0_r0.xyz");
  expect_error<DataError>([&] { run("o", {"steps=300"}, {}, true); }, {"g0_r0.xyz", "is missing"});
}

TEST_F(MdDriver, TrajectoriesInH5md) {
  const std::string h5md = R"(output.trajectory={"every": 20, "format": "h5md", "quantities": ["velocities", "forces"]})";
  EXPECT_EQ(run("x", {R"(output.trajectory={"every": 20, "quantities": ["velocities", "forces"]})"}), 0);
  EXPECT_EQ(run("o", {h5md}, {-1, 77}), 130);
  clear_stop_signal();
  EXPECT_EQ(run("o", {h5md}, {}, true), 0);
  const std::vector<Atoms> text = read_atoms(folder_ / "x/trajectory/g1_r1.xyz");
  const std::vector<Atoms> frames = read_h5md(folder_ / "o/trajectory/g1_r1.h5");
  ASSERT_EQ(text.size(), 11U);
  ASSERT_EQ(frames.size(), 11U) << "none twice, none lost";
  for (std::size_t f = 0; f < frames.size(); ++f) {
    EXPECT_EQ(frames[f].position_A, text[f].position_A);
    EXPECT_EQ(frames[f].velocity_A_ps, text[f].velocity_A_ps);
    EXPECT_EQ(frames[f].force_eV_A, text[f].force_eV_A);
    EXPECT_EQ(frames[f].total_energy_eV, text[f].total_energy_eV);
  }
  // The restart file is one to start from.
  EXPECT_EQ(run("again", {"structure.file=" + (folder_ / "o/configurations/final_g1_r1.h5").string(),
                          "velocities.from=structure", "ladder.temperatures_K=null", "ladder.replicas=1"}),
            0);
  const Atoms last = read_atoms(folder_ / "o/configurations/final_g1_r1.xyz").front();
  const Atoms again = read_atoms(folder_ / "again/configurations/initial_g0_r0.xyz").front();
  EXPECT_EQ(again.position_A, last.position_A);
  EXPECT_EQ(again.velocity_A_ps, last.velocity_A_ps);
  EXPECT_EQ(again.id, last.id);
}

TEST_F(MdDriver, AnExplosionLeavesTheLastGoodState) {
  expect_error<DataError>(
      [&] {
        run("o", {}, {47, -1});
      },
      {"explode at step 47", "system g1_r1: atom 12 (Fe)", "12345 eV/A", "limits.largest_force_eV_A", "6.5 eV", "last_good",
       "time_step_fs"});
  const json summary = json::parse(bytes_of(folder_ / "o/summary.json"));
  EXPECT_EQ(summary.at("run").at("status"), "stopped: the dynamics explode");
  const DynamicsCheckpoint checkpoint = load_dynamics_checkpoint(folder_ / "o/checkpoint.h5");
  EXPECT_LT(checkpoint.state.step, 47);
  EXPECT_EQ(checkpoint.rows.back().front().step, checkpoint.state.step / 10 * 10) << "no row of what was taken back";
  const Atoms good = read_atoms(folder_ / "o/configurations/last_good_g0_r0.xyz").front();
  EXPECT_EQ(good.position_A[0][0], checkpoint.state.position[0]);
  EXPECT_EQ(good.velocity_A_ps[2][1], checkpoint.state.velocity[7]);
  // The file is one to start from.
  EXPECT_EQ(run("again", {"structure.file=" + (folder_ / "o/configurations/last_good_g0_r0.xyz").string(),
                          "velocities.from=structure", "ladder.temperatures_K=null", "ladder.replicas=1"}),
            0);
  const Atoms again = read_atoms(folder_ / "again/configurations/initial_g0_r0.xyz").front();
  EXPECT_EQ(again.position_A, good.position_A);
  EXPECT_EQ(again.velocity_A_ps, good.velocity_A_ps);
}

TEST_F(MdDriver, ResumesOnlyTheSameRun) {
  EXPECT_EQ(run("o", {"steps=100"}), 0);
  const auto refused = [&](const std::string &edit, std::initializer_list<std::string> words) {
    expect_error<ConfigError>([&] { run("o", {edit, "steps=150"}, {}, true); }, words);
  };
  refused("time_step_fs=2", {"/time_step_fs", "was 1"});
  refused("seed=8", {"/seed"});
  refused("ladder.replicas=3", {"/ladder/replicas"});
  refused("potential.parameters.W.A=2", {"/potential/parameters/W/A"});
  refused("output.trajectory=null", {"/output/trajectory"});
  put_bytes(folder_ / "s.xyz", std::string(kStructure) + "\n");
  std::string moved = kStructure;
  moved.replace(moved.find("2.5 3 3.5"), 9, "2.5 3 3.6");
  put_bytes(folder_ / "s.xyz", moved);
  refused("title=x", {"/structure/hash"});
  put_bytes(folder_ / "s.xyz", kStructure);
  expect_error<ConfigError>([&] { run("o", {"steps=60"}, {}, true); }, {"100 steps are done already", "60"});
  EXPECT_EQ(run("o", {"title=x", "steps=150", "limits.largest_move_A=0.3", "equilibration_steps=0"}, {}, true), 0);
}

TEST_F(MdDriver, RefusesStructuresThatDoNotFit) {
  expect_error<ConfigError>(
      [&] {
        run("o", {R"(ladder={})", "velocities.from=structure"});
      },
      {"/velocities/from", "no velocities"});
  put_bytes(folder_ / "s.xyz", "1\nLattice=\"5 0 0 0 6 0 0 0 7\" Properties=species:S:1:pos:R:3\nMo 0 0 0\n");
  expect_error<ConfigError>([&] { run("o"); }, {"/potential", "\"Mo\"", "Fe, W"});
  EXPECT_FALSE(fs::exists(folder_ / "o")) << "what is refused leaves no folder behind";
  expect_error<DataError>([&] { run("o", {"structure.file=nowhere.xyz"}); }, {"nowhere.xyz"});
  put_bytes(folder_ / "slab.xyz", "1\nLattice=\"5 0 0 0 6 0 0 0 7\" Properties=species:S:1:pos:R:3 pbc=\"T T F\"\nW 0 0 0\n");
  expect_error<ConfigError>(
      [&] {
        run("o", {"structure.file=" + (folder_ / "slab.xyz").string(), R"(ensemble={"kind": "npt_axes"})"});
      },
      {"/ensemble/kind", "npt_axes", "slab.xyz", "free along c"});
  expect_error<ConfigError>([&] { run("o", {"structure.fiel=x"}); }, {"/structure/fiel", "unknown key", "file"});
}

} // namespace
} // namespace zener::test
