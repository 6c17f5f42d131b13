// `zener run` and `zener check` with the drivers relax, elastic, defects and lattice_parameter, on the CPU with the potential
// of Finnis and Sinclair that ships.
#include "host/neutral/atom_files.hpp"
#include "tests/cli/program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class CliStatics : public ::testing::Test {
protected:
  // Runs a shipped preset; the numbers of its summary.
  std::map<std::string, double> numbers(const std::string &preset, const std::string &out, Arguments edits = {}) {
    Arguments arguments{"run", preset, "--device", "cpu", "--out", out, "--set", "output.plots=false"};
    for (const std::string &edit : edits) {
      arguments.insert(arguments.end(), {"--set", edit});
    }
    expect_done(zener(folder_.path(), arguments));
    summary_ = json::parse(bytes_of(folder_ / out / "summary.json"));
    EXPECT_EQ(summary_.at("run").at("status"), "finished");
    std::map<std::string, double> found;
    for (const json &number : summary_.at("numbers")) {
      found[number.at("name")] = number.at("value").is_number() ? number.at("value").get<double>() : NAN;
    }
    return found;
  }

  TemporaryFolder folder_;
  json summary_;
};

// Finnis and Sinclair, Phil. Mag. A 50, 45 (1984), table: fitted to these.
TEST_F(CliStatics, ElasticConstantsOfTungsten) {
  auto found = numbers("elastic_w_eam", "o");
  EXPECT_NEAR(found["a"], 3.1652, 2e-3);
  EXPECT_NEAR(found["C11"], 522.4, 0.01 * 522.4);
  EXPECT_NEAR(found["C12"], 204.4, 0.01 * 204.4);
  EXPECT_NEAR(found["C44"], 160.6, 0.01 * 160.6);
  EXPECT_NEAR(found["zener_anisotropy"], 1.01, 0.02);
  EXPECT_NEAR(found["bulk_modulus_hill"], found["bulk_modulus"], 1e-3);
  EXPECT_EQ(summary_.at("elastic").at("atoms_relaxed"), false) << "every atom is a centre of inversion";
  // A larger cell is the same crystal.
  auto large = numbers("elastic_w_eam", "large", {"structure.cells=[2,2,2]"});
  EXPECT_NEAR(large["C44"], found["C44"], 1e-4 * found["C44"]);
  // Turned by 45 degrees about z: C11' = (C11 + C12)/2 + C44, C66' = (C11 - C12)/2.
  auto turned = numbers("elastic_w_eam", "turned", {"structure.orientation=[[1,1,0],[-1,1,0],[0,0,1]]"});
  EXPECT_NEAR(turned["C11"], 0.5 * (found["C11"] + found["C12"]) + found["C44"], 1e-3 * found["C11"]);
  EXPECT_NEAR(turned["C66"], 0.5 * (found["C11"] - found["C12"]), 1e-3 * found["C11"]);
  EXPECT_NEAR(turned["shear_modulus_hill"], found["shear_modulus_hill"], 0.5);
}

TEST_F(CliStatics, RelaxFindsTheCrystalAgain) {
  auto found = numbers("relax_w_eam", "o", {"structure.cells=[2,2,2]", "structure.displacement_A=0.05"});
  auto perfect = numbers("elastic_w_eam", "p");
  EXPECT_EQ(summary_.at("warnings").size(), 0U);
  EXPECT_NEAR(found["energy"] / 16.0, perfect["energy_per_atom"], 1e-6);
  EXPECT_NEAR(found["volume"] / 16.0, perfect["volume_per_atom"], 1e-3);
  const Atoms relaxed = read_atoms(folder_ / "o/relaxed.xyz").front();
  EXPECT_TRUE(relaxed.has_virial && relaxed.has_energy);
  EXPECT_EQ(relaxed.force_eV_A.size(), 16U);
}

TEST_F(CliStatics, DefectsOfTungsten) {
  auto found = numbers("defects_w_eam", "o", {"cells=[[3,3,3],[4,4,4]]", R"(defects=["vacancy","divacancy_1nn"])"});
  // The potential's authors: 3.63 eV (unrelaxed 3.7); small cells differ a little.
  EXPECT_NEAR(found["formation_vacancy_4x4x4"], 3.63, 0.08);
  EXPECT_NEAR(found["formation_vacancy_3x3x3"], found["formation_vacancy_4x4x4"], 0.1);
  EXPECT_NEAR(found["binding_divacancy_1nn_4x4x4"],
              2.0 * found["formation_vacancy_4x4x4"] - found["formation_divacancy_1nn_4x4x4"], 1e-9);
  for (const json &row : summary_.at("defects")) {
    EXPECT_GE(row.at("relaxation_eV").get<double>(), 0.0);
    EXPECT_EQ(row.at("converged"), true);
  }
  EXPECT_TRUE(fs::exists(folder_ / "o/defects.csv"));
  const Outcome small = zener(folder_.path(), {"check", "defects_w_eam", "--set", "cells=[[2,2,2]]"});
  expect_failure(small, 2, {"/defects", "too small for a divacancy in shell"});
}

TEST_F(CliStatics, LatticeParameterOfTungsten) {
  auto found = numbers("lattice_parameter_w_eam", "o",
                       {"structure.cells=[2,2,2]", "defects=[]", "ladder.temperatures_K=[300]", "equilibration_steps=100",
                        "steps=400", "relax.force_tolerance_eV_A=1e-4"});
  EXPECT_NEAR(found["a_0K_perfect"], 3.1652, 2e-3);
  EXPECT_NEAR(found["a_300K_perfect"], found["a_0K_perfect"], 0.02);
  EXPECT_EQ(summary_.at("samples"), 40);
  EXPECT_EQ(read_atoms(folder_ / "o/final.xyz").size(), 1U);
}

TEST_F(CliStatics, CheckSaysWhatWouldRun) {
  for (const auto &[preset, word] : {std::pair{"elastic_w_eam", "\ncrystal   2 atoms"},
                                     {"relax_w_eam", "\nsystems   1,"},
                                     {"defects_w_eam", "\ndefects   12 systems"},
                                     {"lattice_parameter_w_eam", "\ndynamics  9"}}) {
    const Outcome outcome = zener(folder_.path(), {"check", preset});
    expect_done(outcome);
    EXPECT_NE(outcome.out.find(word), std::string::npos) << outcome.out;
  }
  EXPECT_TRUE(content_of(folder_.path()).empty()) << "check writes nothing";
}

TEST_F(CliStatics, WhatIsRefused) {
  const auto run = [&](const std::string &preset, Arguments edits) {
    Arguments arguments{"run", preset, "--device", "cpu", "--out", "o"};
    for (const std::string &edit : edits) {
      arguments.insert(arguments.end(), {"--set", edit});
    }
    return zener(folder_.path(), arguments);
  };
  expect_failure(run("elastic_w_eam", {"strian=1"}), 2, {"/strian", "strain"});
  expect_failure(run("elastic_w_eam", {R"(structure.elements=["Fe"])"}), 2, {"Fe", "W"});
  expect_failure(run("elastic_w_eam", {R"(structure.surface={"axis":"z"})"}), 3, {"periodic", "along c"});
  expect_failure(run("defects_w_eam", {R"(defects=["vacancie"])"}), 2, {"/defects/0", "vacancy"});
  expect_failure(run("lattice_parameter_w_eam", {"ladder.temperatures_K=[900,300]"}), 2, {"/ladder/temperatures_K/1"});
  EXPECT_FALSE(fs::exists(folder_ / "o")) << "a run that cannot start leaves no folder";
  expect_failure(run("elastic_w_eam", {"structure.a_A=1.2"}), 3, {"cell"});
}

} // namespace
} // namespace zener::test
