// `zener evaluate`, `zener potentials` and `zener run` with the md driver, as a user would meet them.
#include "host/neutral/atom_files.hpp"
#include "host/neutral/dynamics_checkpoint.hpp"
#include "host/neutral/h5.hpp"
#include "tests/cli/program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <cmath>
#include <csignal>
#include <thread>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Tungsten of Finnis and Sinclair, Phil. Mag. A 50, 45 (1984).
constexpr const char *kTungsten = R"({"kind": "finnis_sinclair", "parameters": {"W": {"A": 1.896373, "d": 4.400224, "beta": 0,
  "c": 3.25, "c0": 47.1346499, "c1": -33.7665655, "c2": 6.2541999}}})";
constexpr double kLattice_A = 3.1652;

// n x n x n cells of bcc W, every atom displaced a little, as a file that says as much as a user's would.
Atoms tungsten(int n, double displaced_A = 0.05) {
  Atoms atoms;
  atoms.elements = {"W"};
  std::uint32_t random = 12345;
  for (int x = 0; x < n; ++x) {
    for (int y = 0; y < n; ++y) {
      for (int z = 0; z < n; ++z) {
        for (int b = 0; b < 2; ++b) {
          Vector3 r{x + 0.5 * b, y + 0.5 * b, z + 0.5 * b};
          for (double &c : r) {
            random = random * 1664525U + 1013904223U;
            c = c * kLattice_A + displaced_A * (static_cast<double>(random >> 8) * 0x1p-24 - 0.5);
          }
          atoms.position_A.push_back(r);
          atoms.type.push_back(0);
        }
      }
    }
  }
  for (std::size_t k = 0; k < 3; ++k) {
    atoms.cell.vectors[k][k] = n * kLattice_A;
  }
  return atoms;
}

class CliMd : public ::testing::Test {
protected:
  CliMd() {
    put_bytes(folder_ / "w.json", kTungsten);
    put_frames("s.xyz", {tungsten(3)});
  }
  void put_frames(const std::string &name, const std::vector<Atoms> &frames) const { write_atoms(folder_ / name, frames); }
  Outcome zener(const Arguments &arguments) const { return test::zener(folder_.path(), arguments); }
  std::vector<Atoms> evaluated(const Arguments &more = {}) const {
    Arguments arguments{"evaluate", "w.json", "s.xyz", "--device", "cpu", "--threads", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = zener(arguments);
    expect_done(outcome);
    return outcome.code == 0 ? parse_atoms(outcome.out, "stdout") : std::vector<Atoms>{};
  }
  void put_preset(const std::string &changes = "{}") const {
    json preset = json::parse(R"({
      "driver": "md", "title": "tungsten", "seed": 4, "structure": {"file": "s.xyz"}, "potential": "w.json",
      "ensemble": {"kind": "nve"}, "velocities": {"temperature_K": 600}, "time_step_fs": 2, "steps": 60,
      "output": {"plots": false, "thermo_every": 10}})");
    preset.merge_patch(json::parse(changes));
    put_bytes(folder_ / "p.json", preset.dump());
  }
  Arguments run(const std::string &out, const Arguments &more = {}) const {
    Arguments arguments{"run", "p.json", "--device", "cpu", "--threads", "1", "--out", out};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  TemporaryFolder folder_;
};

TEST_F(CliMd, PotentialsAreListed) {
  const Outcome outcome = zener({"potentials"});
  expect_done(outcome);
  for (const char *word : {"eam_alloy", "eam_fs", "finnis_sinclair", "overlay", "snap", "nep", "parts", "file"}) {
    EXPECT_NE(outcome.out.find(word), std::string::npos) << word;
  }
}

TEST_F(CliMd, EvaluateGivesForcesAndVirialOfItsEnergies) {
  constexpr double kStep = 1e-4;
  const Atoms base = tungsten(2, 0.2);
  std::vector<Atoms> frames{base};
  for (const double sign : {1.0, -1.0}) {
    frames.push_back(base);
    frames.back().position_A[5][1] += sign * kStep;
    for (const std::size_t b : {0U, 2U}) { // x is strained by x and by z
      frames.push_back(base);
      for (Vector3 *v = frames.back().position_A.data(); v != frames.back().position_A.data() + base.size(); ++v) {
        (*v)[0] += sign * kStep * (*v)[b];
      }
      for (Vector3 &v : frames.back().cell.vectors) {
        v[0] += sign * kStep * v[b];
      }
    }
  }
  put_frames("s.xyz", frames);
  const std::vector<Atoms> out = evaluated();
  ASSERT_EQ(out.size(), 7U);
  const auto slope = [&](std::size_t k) { return (out[1 + k].total_energy_eV - out[4 + k].total_energy_eV) / (2 * kStep); };
  EXPECT_NEAR(out[0].force_eV_A[5][1], -slope(0), 1e-5);
  EXPECT_NEAR(out[0].virial_eV[0][0], -slope(1), 1e-4);
  EXPECT_NEAR(out[0].virial_eV[0][2], -slope(2), 1e-4);
  EXPECT_NEAR(out[0].virial_eV[0][2], out[0].virial_eV[2][0], 1e-9);
  EXPECT_LT(out[0].total_energy_eV, -100.0);
  double sum = 0.0;
  for (const double e : out[0].energy_eV) {
    sum += e;
  }
  EXPECT_NEAR(sum, out[0].total_energy_eV, 1e-9);
  EXPECT_EQ(out[0].position_A, base.position_A) << "written so that it reads back exactly";

  // The file is the same text; stress is -W/V.
  expect_done(zener({"evaluate", "w.json", "s.xyz", "--device", "cpu", "--threads", "1", "--out", "o.xyz"}));
  const std::vector<Atoms> filed = read_atoms(folder_ / "o.xyz");
  ASSERT_EQ(filed.size(), 7U);
  for (std::size_t f = 0; f < 7; ++f) {
    EXPECT_EQ(filed[f].total_energy_eV, out[f].total_energy_eV);
    EXPECT_EQ(filed[f].force_eV_A, out[f].force_eV_A);
    EXPECT_EQ(filed[f].virial_eV, out[f].virial_eV);
  }
  const std::string text = bytes_of(folder_ / "o.xyz");
  const std::size_t at = text.find("stress=\"");
  ASSERT_NE(at, std::string::npos);
  EXPECT_NEAR(std::stod(text.substr(at + 8)), -out[0].virial_eV[0][0] / volume(base.cell), 1e-12);

  const std::vector<Atoms> mixed = evaluated({"--precision", "mixed"});
  EXPECT_NEAR(mixed[0].total_energy_eV, out[0].total_energy_eV, 1e-5 * std::abs(out[0].total_energy_eV));
  EXPECT_NE(mixed[0].force_eV_A, out[0].force_eV_A);
}

TEST_F(CliMd, EvaluateReadsOtherFormats) {
  const double wanted = evaluated().front().total_energy_eV;
  const Atoms atoms = tungsten(3);
  put_bytes(folder_ / "POSCAR", poscar_text(atoms));
  put_bytes(folder_ / "s.dump", lammps_dump_text(atoms, 5));
  for (const char *name : {"POSCAR", "s.dump"}) {
    const Outcome outcome = zener({"evaluate", "w.json", name, "--device", "cpu", "--elements", "W"});
    expect_done(outcome);
    EXPECT_NEAR(parse_atoms(outcome.out, "stdout").front().total_energy_eV, wanted, 1e-9 * std::abs(wanted)) << name;
  }
}

TEST_F(CliMd, EvaluateRefuses) {
  const auto refused = [&](const std::string &structure, int code, std::initializer_list<std::string> words) {
    put_bytes(folder_ / "s.xyz", structure);
    expect_failure(zener({"evaluate", "w.json", "s.xyz", "--device", "cpu", "--out", "o.xyz"}), code, words);
    EXPECT_FALSE(fs::exists(folder_ / "o.xyz"));
  };
  const std::string cell = "Lattice=\"5 0 0 0 6 0 0 0 7\" Properties=species:S:1:pos:R:3\n";
  refused("2\n" + cell + "W 0 0 0\nMo 1 2 3\n", 2, {"s.xyz", "frame 1", "\"Mo\"", "W"});
  refused("1\n" + cell + "W 0 0 0\n2\n" + cell + "W 1 1 1\nW 1 1 1\n", 3, {"s.xyz", "frame 2"});
  refused("2\nLattice=\"5 0 0 0 6 0 5 6 0\" Properties=species:S:1:pos:R:3\nW 0 0 0\nW 1 2 3\n", 3, {"s.xyz"});
  refused("2\n" + cell + "W 0 0 0\n", 3, {"s.xyz"});
  refused("2\n" + cell + "W 0 0 0\nW 1 nan 3\n", 3, {"s.xyz"});
  refused("", 3, {"s.xyz"});
  put_frames("s.xyz", {tungsten(2)});
  const auto potential = [&](const std::string &text, int code, std::initializer_list<std::string> words) {
    put_bytes(folder_ / "w.json", text);
    expect_failure(zener({"evaluate", "w.json", "s.xyz", "--device", "cpu"}), code, words);
  };
  potential("{\"kind\": \"eam\"}", 2, {"w.json", "eam_alloy"});
  potential("{\"kind\": \"eam_alloy\", \"file\": \"none.eam\"}", 3, {"none.eam"});
  potential("{\"kind\": \"eam_alloy\", \"file\": \"none.eam\", \"scale\": 2}", 2, {"w.json", "scale"});
  potential("[1]", 2, {"w.json"});
  expect_failure(zener({"evaluate", "nowhere.json", "s.xyz"}), 3, {"nowhere.json"});
  expect_failure(zener({"evaluate", "w.json"}), 2, {"structure"});
}

TEST_F(CliMd, ARunConservesItsEnergy) {
  put_preset(R"({"output": {"trajectory": {"every": 20, "quantities": ["velocities", "forces"]}}})");
  expect_done(zener({"check", "p.json", "--device", "cpu"}));
  const Outcome outcome = zener(run("o"));
  expect_done(outcome);
  EXPECT_NE(outcome.out.find("E_pot/atom (eV)"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("g0_r0 "), std::string::npos) << outcome.out;
  EXPECT_LT(fs::file_size(folder_ / "o/configurations/final_g0_r0.h5"), 40000U) << "room for one frame of 54 atoms";
  const H5File series = H5File::open(folder_ / "o/series.h5");
  const auto conserved = series.read<double>("/conserved_eV");
  const auto potential = series.read<double>("/potential_eV");
  const auto kinetic = series.read<double>("/kinetic_eV");
  ASSERT_EQ(conserved.size(), 7U);
  double largest = 0.0;
  for (std::size_t r = 0; r < 7; ++r) {
    EXPECT_NEAR(conserved[r], potential[r] + kinetic[r], 1e-9);
    EXPECT_NEAR(conserved[r], conserved[0], 0.02);
    largest = std::max(largest, std::abs(kinetic[r] - kinetic[0]));
  }
  EXPECT_GT(largest, 0.2) << "while energy goes to and fro";
  const std::vector<Atoms> frames = read_atoms(folder_ / "o/trajectory/g0_r0.xyz");
  ASSERT_EQ(frames.size(), 4U);
  EXPECT_EQ(frames[0].position_A, tungsten(3).position_A);
  EXPECT_TRUE(frames[0].image.empty());
  for (std::size_t i = 0; i < frames[0].size(); ++i) { // no jumps across the cell
    for (std::size_t d = 0; d < 3; ++d) {
      EXPECT_LT(std::abs(frames[3].position_A[i][d] - frames[0].position_A[i][d]), 1.0);
    }
  }
  // What a frame says is what evaluate says of it.
  put_frames("s.xyz", {frames[3]});
  const Atoms again = evaluated().front();
  EXPECT_NEAR(again.total_energy_eV, potential[6], 1e-9 * std::abs(potential[6]));
  for (std::size_t i = 0; i < again.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) {
      EXPECT_NEAR(again.force_eV_A[i][d], frames[3].force_eV_A[i][d], 1e-9);
    }
  }
}

TEST_F(CliMd, InterruptedRunsGoOnBitForBit) {
  for (const char *ensemble : {R"({"kind": "langevin", "temperature_K": 600})",
                               R"({"kind": "npt_stochastic", "temperature_K": [600, 900], "barostat_time_fs": 200})"}) {
    put_preset(std::string(R"({"ladder": {"replicas": 2}, "velocities": null, "steps": 4000, "output": {"thermo_every": 50,
               "trajectory": {"every": 500, "quantities": ["forces"]}}, "ensemble": )") +
               ensemble + "}");
    fs::remove_all(folder_ / "o");
    fs::remove_all(folder_ / "direct");
    Program program(folder_.path(), zener_command(run("o", {"--set", "checkpoint.every_s=0.05"})));
    EXPECT_TRUE(program.wait_until([&] { return fs::exists(folder_ / "o/checkpoint.h5"); }));
    program.send(SIGINT);
    const Outcome outcome = program.wait(60.0);
    EXPECT_EQ(outcome.code, 130) << outcome.err;
    EXPECT_NE(outcome.err.find("add --resume --out o"), std::string::npos) << outcome.err;
    EXPECT_LT(load_dynamics_checkpoint(folder_ / "o/checkpoint.h5").state.step, 4000);
    Arguments more = run("o", {"--resume"});
    more[5] = "2"; // threads
    expect_done(zener(more));
    expect_done(zener(run("direct")));
    for (const char *file : {"series.h5", "trajectory/g0_r0.xyz", "trajectory/g0_r1.xyz", "configurations/final_g0_r0.xyz",
                             "configurations/final_g0_r1.xyz"}) {
      EXPECT_FALSE(bytes_of(folder_ / "o" / file).empty()) << file;
      EXPECT_TRUE(bytes_of(folder_ / "o" / file) == bytes_of(folder_ / "direct" / file)) << ensemble << ": " << file;
    }
  }
}

TEST_F(CliMd, TwoProgramsDoNotShareAFolder) {
  put_preset(R"({"steps": 1000000000, "output": {"thermo_every": 1000}})");
  Program program(folder_.path(), zener_command(run("o", {"--set", "checkpoint.every_s=0.05"})));
  EXPECT_TRUE(program.wait_until([&] { return fs::exists(folder_ / "o/checkpoint.h5"); }));
  expect_failure(zener(run("o", {"--resume"})), 2, {"o", "another zener is at work"});
  program.send(SIGKILL);
  program.wait(60.0);
  Program again(folder_.path(), zener_command(run("o", {"--resume"})));
  EXPECT_TRUE(again.wait_until([&] { return bytes_of(folder_ / "o/log.txt").find("resumed at step") != std::string::npos; }));
  again.send(SIGINT);
  EXPECT_EQ(again.wait(60.0).code, 130);
}

TEST_F(CliMd, AnExplosionIsNamed) {
  Atoms atoms = tungsten(3, 0.0);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    atoms.id.push_back(static_cast<std::int64_t>(100 + i));
  }
  atoms.position_A[7] = atoms.position_A[4];
  atoms.position_A[7][0] += 0.6; // far inside of the core
  put_frames("s.xyz", {atoms});
  put_preset(R"({"velocities": {"temperature_K": 0}, "limits": {"largest_force_eV_A": 10}})");
  expect_failure(zener(run("o")), 3, {"explode at step", "(W)", "limits.largest_force_eV_A", "last_good", "time_step_fs"});
  EXPECT_EQ(read_atoms(folder_ / "o/configurations/last_good_g0_r0.xyz").front().size(), atoms.size());
  EXPECT_EQ(json::parse(bytes_of(folder_ / "o/summary.json")).at("run").at("status"), "stopped: the dynamics explode");
}

TEST_F(CliMd, ARunawayCellIsNamed) {
  put_preset(R"({"ensemble": {"kind": "npt_isotropic", "temperature_K": 600, "pressure_GPa": -300}, "velocities": null,
                 "steps": 1000})");
  expect_failure(
      zener(run("o")), 3,
      {"explode at step", "the cell's volume went from", "limits.largest_volume_ratio", "last_good", "barostat_time_fs"});
  const Atoms good = read_atoms(folder_ / "o/configurations/last_good_g0_r0.xyz").front();
  EXPECT_LT(volume(good.cell), 10.0 * volume(tungsten(3).cell));
}

TEST_F(CliMd, LooseAtomsAreWarnedOf) {
  Atoms atoms = tungsten(2, 0.0);
  for (Vector3 &vector : atoms.cell.vectors) {
    for (double &x : vector) {
      x *= 10.0;
    }
  }
  for (Vector3 &position : atoms.position_A) {
    for (double &x : position) {
      x *= 10.0;
    }
  }
  put_frames("s.xyz", {atoms});
  put_preset();
  const Outcome outcome = zener(run("o"));
  expect_done(outcome);
  EXPECT_NE(outcome.err.find("do not feel each other"), std::string::npos) << outcome.err;
  EXPECT_EQ(json::parse(bytes_of(folder_ / "o/summary.json")).at("warnings").size(), 1U);
  put_frames("s.xyz", {tungsten(2, 0.0)}); // a perfect crystal has no forces either
  EXPECT_EQ(zener(run("p")).err.find("do not feel each other"), std::string::npos);
}

// Sums in any order: the same physics to rounding, which grows as trajectories do.
TEST_F(CliMd, WithoutDeterminismPhysicsIsTheSame) {
  put_frames("s.xyz", {tungsten(4)});
  for (const char *ensemble : {R"({"kind": "nve"})", R"({"kind": "npt_isotropic", "temperature_K": 600})"}) {
    put_preset(std::string(R"({"steps": 120, "skin_A": 0.2, "ladder": {"replicas": 2}, "ensemble": )") + ensemble + "}");
    fs::remove_all(folder_ / "o");
    fs::remove_all(folder_ / "loose");
    expect_done(zener(run("o")));
    Arguments loose = run("loose", {"--set", "deterministic=false"});
    loose[5] = "2"; // threads
    expect_done(zener(loose));
    const H5File a = H5File::open(folder_ / "o/series.h5");
    const H5File b = H5File::open(folder_ / "loose/series.h5");
    for (const char *name : {"/potential_eV", "/kinetic_eV", "/conserved_eV", "/volume_A3"}) {
      const auto wanted = a.read<double>(name);
      const auto met = b.read<double>(name);
      ASSERT_EQ(met.size(), wanted.size());
      for (std::size_t i = 0; i < met.size(); ++i) {
        EXPECT_NEAR(met[i], wanted[i], 1e-8 * std::abs(wanted[i])) << ensemble << " " << name << " " << i;
      }
    }
    const json summary = json::parse(bytes_of(folder_ / "loose/summary.json"));
    EXPECT_GT(summary.at("run").at("list_builds"), 2) << "the test wants lists that are renewed on the way";
    EXPECT_EQ(summary.at("preset").at("deterministic"), false);
  }
}

TEST_F(CliMd, FaultyRunsAreRefused) {
  const auto refused = [&](const std::string &changes, int code, std::initializer_list<std::string> words) {
    put_preset(changes);
    expect_failure(zener(run("o")), code, words);
    EXPECT_FALSE(fs::exists(folder_ / "o")) << changes;
  };
  refused(R"({"structure": {"file": "none.xyz"}})", 3, {"none.xyz"});
  refused(R"({"potential": "none.json"})", 3, {"none.json"});
  refused(R"({"potential": {"kind": "eam_alloy", "file": "none.eam"}})", 3, {"none.eam"});
  refused(R"({"ensemble": {"kind": "nvt"}})", 2, {"/ensemble/kind"});
  refused(R"({"stepz": 5})", 2, {"/stepz", "steps"});
  refused(R"({"steps": 1e15})", 2, {"/steps"});
  Atoms twice = tungsten(2);
  twice.position_A[3] = twice.position_A[2];
  put_frames("s.xyz", {twice});
  refused("{}", 3, {"s.xyz"});
}

} // namespace
} // namespace zener::test
