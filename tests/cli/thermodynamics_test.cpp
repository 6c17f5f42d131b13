// Two-phase thermodynamics, fits of D(T) and diffusion by defects, as a user would meet them.
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

constexpr const char *kValues[] = {"fluidicity/value",
                                   "fluidicity/standard_error",
                                   "entropy_k/value",
                                   "entropy_k/standard_error",
                                   "gas",
                                   "solid",
                                   "temperature_K",
                                   "atom_volume_A3"};
// Argon and an "isotope" of it: a liquid of two elements.
constexpr const char *kPreset = R"({
  "driver": "md", "seed": 4, "potential": {"kind": "lennard_jones", "shift": "force", "parameters": {
    "Ar": {"epsilon_eV": 0.0103408, "sigma_A": 3.4, "cutoff_A": 7}, "Kr": {"epsilon_eV": 0.0103408, "sigma_A": 3.4, "cutoff_A": 7},
    "Ar-Kr": {"epsilon_eV": 0.0103408, "sigma_A": 3.4, "cutoff_A": 7}}},
  "structure": {"lattice": "fcc", "a_A": 6.2, "cells": [2, 2, 2], "composition": {"Ar": 1, "Kr": 1}},
  "ensemble": {"kind": "langevin", "thermostat_time_fs": 500}, "ladder": {"temperatures_K": [120, 160, 200, 250, 300]},
  "time_step_fs": 5, "steps": 600,
  "analyses": {"every": 2, "begin_step": 100, "msd": {}, "vacf": {"points": 24}, "two_phase": {},
               "defect": {"kind": "vacancy", "sites": 33, "formation": {"energy_eV": 0.1, "energy_error_eV": 0.01}}},
  "output": {"plots": false, "thermo_every": 2, "trajectory": {"every": 2, "quantities": ["velocities"]}}})";

class CliThermodynamics : public ::testing::Test {
protected:
  void run(Arguments all) const {
    all.insert(all.end(), {"--device", "cpu", "--threads", "1"});
    expect_done(zener(folder_.path(), all));
  }
  std::vector<double> values(const std::string &out, const std::string &name) const {
    return H5File::open(folder_ / out / "series.h5").read<double>("/analyses/two_phase/" + name);
  }
  json summary(const std::string &out) const { return json::parse(read_file(folder_ / out / "summary.json")); }
  TemporaryFolder folder_;
};

TEST_F(CliThermodynamics, FileAndFlightAgreeAndRestartsAreExact) {
  put_bytes(folder_ / "p.json", kPreset);
  run({"run", "p.json", "--out", "whole"});
  run({"run", "p.json", "--out", "parts", "--set", "steps=300"});
  run({"run", "p.json", "--out", "parts", "--resume"});
  put_bytes(folder_ / "a.json", R"({"driver": "analyze", "trajectory": {"file": "whole/trajectory/g0_r0.xyz", "first": 50},
    "analyses": {"vacf": {"points": 24}, "two_phase": {}}, "output": {"plots": false}})");
  run({"run", "a.json", "--out", "file"});
  std::map<std::string, std::size_t> of_flight;
  std::vector<std::string> names;
  for (std::size_t g = 0; g < 3; ++g) {
    of_flight[summary("whole")["analyses"]["two_phase"][g]["group"]] = g;
    names.push_back(summary("file")["analyses"]["two_phase"][g]["group"]);
  }
  for (const std::string name : kValues) {
    const std::vector<double> whole = values("whole", name), parts = values("parts", name), file = values("file", name);
    ASSERT_EQ(whole.size(), parts.size());
    EXPECT_EQ(std::memcmp(whole.data(), parts.data(), whole.size() * sizeof(double)), 0) << name;
    ASSERT_EQ(whole.size(), 5 * file.size()) << "five systems";
    // Elements come in the order in which the file has them.
    const std::size_t each = file.size() / 3;
    for (std::size_t g = 0; g < 3; ++g) {
      for (std::size_t i = 0; i < each; ++i) {
        const double x = whole[of_flight.at(names[g]) * each + i], y = file[g * each + i];
        EXPECT_TRUE(std::isnan(x) ? std::isnan(y) : std::abs(x - y) < 1e-8 * (1.0 + std::abs(x)))
            << name << " " << i << ": " << x << " " << y;
      }
    }
  }
  const json flight = summary("whole")["analyses"], file = summary("file")["analyses"];
  ASSERT_EQ(flight["two_phase"].size(), 15U) << "all atoms, Ar and Kr of five systems";
  const json &all = flight["two_phase"][0], &argon = flight["two_phase"][1], &krypton = flight["two_phase"][2];
  EXPECT_EQ(argon["group"], "Ar");
  const double x = argon["atoms"].get<double>() / 32.0;
  EXPECT_NEAR(all["mixing_entropy_k"].get<double>(), -x * std::log(x) - (1.0 - x) * std::log(1.0 - x), 1e-12);
  const auto entropy = [](const json &group) {
    return group["memory_function"]["entropy_k"]["classical"]["mean"].get<double>();
  };
  EXPECT_NEAR(entropy(all), x * entropy(argon) + (1.0 - x) * entropy(krypton) + all["mixing_entropy_k"].get<double>(), 1e-9);
  // Energy and pressure: the rows of the run and the frames are the same moments here.
  for (const char *name : {"energy_eV", "free_energy_eV", "gibbs_eV"}) {
    EXPECT_NEAR(all["classic"][name]["quantum"]["mean"].get<double>(),
                file["two_phase"][0]["classic"][name]["quantum"]["mean"].get<double>(), 1e-6)
        << name;
  }
  EXPECT_TRUE(argon["classic"]["gibbs_eV"]["classical"]["mean"].is_null()) << "what an element's energy is, nobody knows";
}

TEST_F(CliThermodynamics, FitsOverTheLadderAndOverFolders) {
  put_bytes(folder_ / "p.json", kPreset);
  run({"run", "p.json", "--out", "one"});
  const json analyses = summary("one")["analyses"];
  ASSERT_TRUE(analyses.contains("diffusion"));
  const json &ladder = analyses["diffusion"][0];
  EXPECT_EQ(ladder["group"], "all");
  EXPECT_EQ(ladder["points"].size(), 5U);
  EXPECT_EQ(ladder["points"][2]["temperature_K"], 200.0);
  EXPECT_EQ(ladder["fits"][0]["model"], "arrhenius");
  EXPECT_EQ(ladder["fits"][0]["covariance"].size(), 2U);
  const json &system = analyses["defect"]["systems"][0];
  EXPECT_NEAR(system["defect_A2_ps"]["mean"].get<double>(), 33.0 * system["measured_A2_ps"]["mean"].get<double>(), 1e-9);
  const double kT = 8.617333262e-5 * 120.0;
  EXPECT_NEAR(system["concentration"]["median"].get<double>(), std::exp(-0.1 / kT), 1e-12);
  EXPECT_NEAR(system["concentration"]["mean"].get<double>(), std::exp(-0.1 / kT + 0.5e-4 / (kT * kT)), 1e-12);
  EXPECT_NEAR(system["equilibrium_A2_ps"]["mean"].get<double>(),
              system["concentration"]["mean"].get<double>() * system["defect_A2_ps"]["mean"].get<double>(), 1e-12);

  // The same points from three folders.
  run({"run", "p.json", "--out", "two", "--set", "ladder.temperatures_K=[350]", "--set",
       "analyses.defect.kind=\"interstitial\""});
  expect_done(zener(folder_.path(), {"fit-diffusion", "one", "two", "--out", "fits", "--no-plots"}));
  const json fits = summary("fits")["analyses"]["diffusion"];
  EXPECT_EQ(fits[0]["points"].size(), 6U);
  const H5File h5 = H5File::open(folder_ / "fits" / "series.h5");
  EXPECT_EQ(h5.read<double>("/analyses/diffusion/0/temperature_K").size(), 6U);
  const Outcome same = zener(folder_.path(), {"fit-diffusion", "one"});
  expect_done(same);
  EXPECT_NE(same.out.find("arrhenius"), std::string::npos);
  EXPECT_NE(same.out.find("D(T) of vacancy by equilibrium"), std::string::npos);
  expect_failure(zener(folder_.path(), {"fit-diffusion", "two"}), 2, {"three temperatures"});
  expect_failure(zener(folder_.path(), {"fit-diffusion", "none"}), 3, {"none/summary.json", "No such file"});
  put_bytes(folder_ / "summary.json", R"({"driver": "relax"})");
  expect_failure(zener(folder_.path(), {"fit-diffusion", "."}), 3, {"no coefficient of diffusion"});
}

TEST_F(CliThermodynamics, RefusesInOneSentence) {
  const auto refused = [&](const std::string &change, std::initializer_list<std::string> words) {
    json preset = json::parse(kPreset);
    preset["analyses"].merge_patch(json::parse(change));
    put_bytes(folder_ / "p.json", preset.dump());
    expect_failure(zener(folder_.path(), {"check", "p.json", "--device", "cpu", "--threads", "1"}), 2, words);
  };
  refused(R"({"vacf": null})", {"two_phase", "density of states"});
  refused(R"({"vacf": {"density_of_states": false}})", {"two_phase", "density of states"});
  refused(R"({"remove_drift": false})", {"two_phase", "remove_drift"});
  refused(R"({"two_phase": {"excess_entropy": "none"}})", {"excess_entropy", "fixed_volume"});
  refused(R"({"defect": {"formation": null}})", {"formation"});
  refused(R"({"defect": {"kind": "hole"}})", {"kind", "vacancy"});
  refused(R"({"defect": {"count": 40}})", {"sites", "count"});
  json ramp = json::parse(kPreset);
  ramp.erase("ladder");
  ramp["ensemble"]["temperature_K"] = {100, 200};
  put_bytes(folder_ / "p.json", ramp.dump());
  expect_failure(zener(folder_.path(), {"check", "p.json", "--device", "cpu"}), 2, {"two_phase", "ramp", "ladder"});
  put_bytes(folder_ / "a.json", R"({"driver": "analyze", "trajectory": {"file": "t.xyz"},
    "analyses": {"msd": {}, "defect": {"kind": "vacancy", "formation": {"energy_eV": 1}}}})");
  expect_failure(zener(folder_.path(), {"run", "a.json"}), 2, {"defect", "vacf"});
}

} // namespace
} // namespace zener::test
