// The drivers relax, elastic, defects and lattice_parameter over a serial batch of springs, whose crystals can be worked out by
// hand: what they write, what they warn of and what they refuse.
#include "apps/zener/defects_driver.hpp"
#include "apps/zener/elastic_driver.hpp"
#include "apps/zener/lattice_driver.hpp"
#include "apps/zener/relax_driver.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/defect_energies.hpp"
#include "host/neutral/h5.hpp"
#include "host/neutral/line_fit.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/signals.hpp"
#include "tests/cli/program.hpp"
#include "tests/support/pair_batch.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <numeric>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr double kBond_A = 2.8;
constexpr double kStiffness = 3.0; // eV/A^2
constexpr double kDepth_eV = 0.3;
const double kA0_A = std::sqrt(2.0) * kBond_A;

Atoms fcc(int cells, double a, const std::string &element = "Cu") {
  Atoms atoms;
  const double side = cells * a;
  atoms.cell.vectors = {{{side, 0, 0}, {0, side, 0}, {0, 0, side}}};
  atoms.elements = {element};
  for (int x = 0; x < 2 * cells; ++x) {
    for (int y = 0; y < 2 * cells; ++y) {
      for (int z = 0; z < 2 * cells; ++z) {
        if ((x + y + z) % 2 == 0) {
          atoms.type.push_back(0);
          atoms.position_A.push_back({0.5 * a * x, 0.5 * a * y, 0.5 * a * z});
        }
      }
    }
  }
  return atoms;
}

// Without the atoms nearest to these points.
Atoms without(Atoms atoms, const std::vector<Vector3> &points) {
  for (const Vector3 &p : points) {
    const auto distance = [&](const Vector3 &x) { return std::hypot(x[0] - p[0], x[1] - p[1], x[2] - p[2]); };
    const auto nearest = std::min_element(atoms.position_A.begin(), atoms.position_A.end(),
                                          [&](const Vector3 &a, const Vector3 &b) { return distance(a) < distance(b); });
    atoms.type.erase(atoms.type.begin() + (nearest - atoms.position_A.begin()));
    atoms.position_A.erase(nearest);
  }
  return atoms;
}

class StaticDrivers : public ::testing::Test {
protected:
  StaticDrivers() { set_console_level(LogLevel::error); }
  ~StaticDrivers() override {
    set_console_level(LogLevel::info);
    close_log_file();
    clear_stop_signal();
  }

  // A preset with the keys that all have, and the structure in s.xyz.
  void put_preset(const std::string &driver, const std::string &more) {
    json preset = json::parse(more);
    preset["driver"] = driver;
    preset["title"] = "springs";
    preset["structure"]["file"] = "s.xyz";
    // Stands for the springs.
    preset["potential"] = json::parse(R"({"kind": "finnis_sinclair", "parameters": {
      "Cu": {"d": 4.4, "A": 1.9, "c": 3.25, "c0": 47.1, "c1": -33.8, "c2": 6.25},
      "Ni": {"d": 3.6, "A": 1.8, "c": 3.4, "c0": 1.2, "c1": -0.3, "c2": 0.01},
      "Cu-Ni": {"d": 4.0, "weight": 1, "c": 3.3, "c0": 5, "c1": -3, "c2": 0.5}}})");
    preset["output"]["plots"] = false;
    put_bytes(folder_ / "p.json", preset.dump());
  }

  int run(int (*driver)(const RunOptions &, const MakeBatch &), const std::string &out) {
    RunOptions options;
    options.preset = folder_ / "p.json";
    options.device = "cpu";
    options.threads = 1;
    options.out = folder_ / out;
    return driver(options, [this](const AtomsPlan &plan) {
      auto batch = std::make_unique<PairBatch>(plan.systems, springs(kBond_A, kStiffness, kDepth_eV));
      batch->volume_at = volume_at_;
      return batch;
    });
  }

  json summary(const std::string &out) const { return json::parse(bytes_of(folder_ / out / "summary.json")); }
  static double number(const json &summary, const std::string &name) {
    for (const json &n : summary.at("numbers")) {
      if (n.at("name") == name) {
        return n.at("value");
      }
    }
    ADD_FAILURE() << "no number " << name << " in " << summary.at("numbers");
    return 0.0;
  }

  TemporaryFolder folder_;
  std::function<double(std::size_t, double, std::int64_t)> volume_at_;
};

TEST_F(StaticDrivers, RelaxBringsEveryFrameToRest) {
  std::vector<Atoms> frames{fcc(2, kA0_A), fcc(2, 1.01 * kA0_A), fcc(1, kA0_A)};
  frames[0].position_A[3][1] += 0.2;
  write_atoms(folder_ / "s.xyz", frames);
  put_preset("relax", R"({"frames": "all", "relax": {"cell": "isotropic", "force_tolerance_eV_A": 1e-7,
                          "stress_tolerance_GPa": 1e-7}})");
  EXPECT_EQ(run(run_relax, "o"), 0);
  const json result = summary("o");
  EXPECT_EQ(result.at("format"), "zener-relax-summary-1");
  EXPECT_EQ(result.at("run").at("status"), "finished");
  EXPECT_EQ(result.at("converged"), true);
  EXPECT_TRUE(result.at("warnings").empty());
  EXPECT_EQ(result.at("preset"), json::parse(bytes_of(folder_ / "o/preset.json")));
  const std::vector<Atoms> relaxed = read_atoms(folder_ / "o/relaxed.xyz");
  ASSERT_EQ(relaxed.size(), 3U);
  for (std::size_t k = 0; k < 3; ++k) {
    const double bonds = 6.0 * static_cast<double>(relaxed[k].size());
    EXPECT_NEAR(relaxed[k].total_energy_eV, -bonds * kDepth_eV, 1e-10);
    EXPECT_NEAR(volume(relaxed[k].cell) / static_cast<double>(relaxed[k].size()), std::pow(kA0_A, 3) / 4.0, 1e-6);
    EXPECT_TRUE(relaxed[k].has_virial);
    EXPECT_EQ(relaxed[k].force_eV_A.size(), relaxed[k].size());
    EXPECT_NEAR(result.at("systems").at(k).at("energy_eV").get<double>(), relaxed[k].total_energy_eV, 1e-12);
    EXPECT_EQ(result.at("systems").at(k).at("atoms"), json({{"Cu", relaxed[k].size()}}));
  }
  EXPECT_GT(result.at("systems").at(0).at("energy_before_eV").get<double>(), -57.6 + 0.1);
  const H5File series = H5File::open(folder_ / "o/relax.h5");
  const auto shape = series.shape("/energy_eV");
  EXPECT_EQ(shape.at(1), 3U);
  EXPECT_NEAR(series.read<double>("/energy_eV").back(), relaxed[2].total_energy_eV, 1e-12);
  EXPECT_EQ(series.shape("/stress_GPa"), (H5File::Shape{shape.at(0), 3, 6}));
}

TEST_F(StaticDrivers, RelaxSaysAloudWhatIsNotAtRest) {
  Atoms moved = fcc(1, kA0_A);
  moved.position_A[0][0] += 0.3;
  write_atoms(folder_ / "s.xyz", std::vector<Atoms>{moved});
  put_preset("relax", R"({"relax": {"max_steps": 2}})");
  EXPECT_EQ(run(run_relax, "o"), 0) << "an ordinary end, as in the field's programs";
  const json result = summary("o");
  EXPECT_EQ(result.at("converged"), false);
  EXPECT_EQ(result.at("systems").at(0).at("converged"), false);
  ASSERT_EQ(result.at("warnings").size(), 1U);
  EXPECT_NE(result.at("warnings").at(0).get<std::string>().find("1 of 1 systems did not come to rest within 2 steps: 0"),
            std::string::npos);
}

TEST_F(StaticDrivers, ElasticFindsTheSpringsByHand) {
  write_atoms(folder_ / "s.xyz", std::vector<Atoms>{fcc(1, 1.03 * kA0_A)});
  put_preset("elastic", "{}");
  EXPECT_EQ(run(run_elastic, "o"), 0);
  const json result = summary("o");
  const double c11 = std::sqrt(2.0) * kStiffness / kBond_A * kGPa_per_eV_A3;
  EXPECT_NEAR(number(result, "C11"), c11, 1e-4 * c11);
  EXPECT_NEAR(number(result, "C12"), 0.5 * c11, 1e-4 * c11);
  EXPECT_NEAR(number(result, "C44"), 0.5 * c11, 1e-4 * c11);
  EXPECT_NEAR(number(result, "zener_anisotropy"), 2.0, 1e-3);
  EXPECT_NEAR(number(result, "bulk_modulus"), number(result, "bulk_modulus_hill"), 1e-6 * c11);
  EXPECT_EQ(result.at("elastic").at("symmetry"), "cubic");
  EXPECT_EQ(result.at("elastic").at("stable"), true);
  EXPECT_TRUE(result.at("warnings").empty()) << result.at("warnings");
  EXPECT_NEAR(result.at("crystal").at("cell").at("lengths_A").at(0).get<double>(), kA0_A, 1e-6);
  EXPECT_NEAR(volume(read_atoms(folder_ / "o/crystal.xyz").front().cell), std::pow(kA0_A, 3), 1e-4);
  const std::string text = bytes_of(folder_ / "o/elastic.txt");
  EXPECT_NE(text.find("zener_anisotropy"), std::string::npos) << text;
  EXPECT_EQ(H5File::open(folder_ / "o/elastic.h5").shape("/c_GPa"), (H5File::Shape{6, 6}));

  // Under tension without relaxation of the cell: still an answer, with a word of warning where C is not symmetric.
  put_preset("elastic", R"({"equilibrium": {"cell": "fixed"}})");
  EXPECT_EQ(run(run_elastic, "fixed"), 0);
  EXPECT_NEAR(summary("fixed").at("crystal").at("cell").at("lengths_A").at(0).get<double>(), 1.03 * kA0_A, 1e-12);
}

// Bonds at rest do not change when others go: a vacancy costs 12 - 6 bonds, a pair of neighbours one less than two of them.
TEST_F(StaticDrivers, DefectsCountTheBonds) {
  const Atoms perfect = fcc(3, kA0_A);
  write_atoms(folder_ / "s.xyz", std::vector<Atoms>{perfect});
  const Vector3 origin{};
  const Vector3 neighbour{0.5 * kA0_A, 0.5 * kA0_A, 0.0};
  const Vector3 second{kA0_A, 0.0, 0.0};
  write_atoms(folder_ / "v.xyz", std::vector<Atoms>{without(perfect, {origin})});
  write_atoms(folder_ / "near.xyz", std::vector<Atoms>{without(perfect, {origin, neighbour})});
  write_atoms(folder_ / "far.xyz", std::vector<Atoms>{without(perfect, {origin, second})});
  put_preset("defects", R"({"defects": [{"name": "vacancy", "file": "v.xyz"},
                            {"name": "near", "file": "near.xyz", "binding": {"vacancy": 2}},
                            {"name": "far", "file": "far.xyz", "binding": {"vacancy": 2}}],
                            "equilibrium": {"cell": "fixed"}})");
  EXPECT_EQ(run(run_defects, "o"), 0);
  const json result = summary("o");
  EXPECT_NEAR(number(result, "formation_vacancy"), 6.0 * kDepth_eV, 1e-9);
  EXPECT_NEAR(number(result, "formation_near"), 11.0 * kDepth_eV, 1e-9);
  EXPECT_NEAR(number(result, "binding_near"), kDepth_eV, 1e-9);
  EXPECT_NEAR(number(result, "binding_far"), 0.0, 1e-9);
  const json &vacancy = result.at("defects").at(0);
  EXPECT_EQ(vacancy.at("atoms_added"), json({{"Cu", -1}}));
  EXPECT_NEAR(vacancy.at("relaxation_eV").get<double>(), 0.0, 1e-9);
  EXPECT_EQ(vacancy.at("converged"), true);
  EXPECT_EQ(vacancy.at("binding_eV"), nullptr);
  EXPECT_EQ(read_atoms(folder_ / "o/relaxed.xyz").size(), 4U);
  const std::string csv = bytes_of(folder_ / "o/defects.csv");
  EXPECT_EQ(count_of(csv, "\n"), 4U) << csv;
  EXPECT_EQ(H5File::open(folder_ / "o/defects.h5").read_strings("/defect"),
            (std::vector<std::string>{"vacancy", "near", "far"}));
}

TEST_F(StaticDrivers, DefectsOfSeveralElementsNeedReservoirs) {
  Atoms alloy = fcc(2, kA0_A);
  alloy.elements = {"Cu", "Ni"};
  for (std::size_t i = 0; i < alloy.size(); i += 2) {
    alloy.type[i] = 1;
  }
  write_atoms(folder_ / "s.xyz", std::vector<Atoms>{alloy});
  write_atoms(folder_ / "v.xyz", std::vector<Atoms>{without(alloy, {{0, 0, 0}})});
  write_atoms(folder_ / "ni.xyz", std::vector<Atoms>{fcc(1, 1.02 * kA0_A, "Ni")});
  put_preset("defects", R"({"defects": [{"file": "v.xyz"}], "equilibrium": {"cell": "fixed"}})");
  expect_error<ConfigError>([&] { run(run_defects, "o"); }, {"/chemical_potentials", "\"v\"", "Ni"});
  EXPECT_FALSE(fs::exists(folder_ / "o")) << "a run that cannot start leaves no folder";
  put_preset("defects", R"({"defects": [{"file": "v.xyz"}], "equilibrium": {"cell": "fixed"},
                            "chemical_potentials": {"Ni": -5.0}})");
  EXPECT_EQ(run(run_defects, "number"), 0);
  EXPECT_NEAR(number(summary("number"), "formation_v"), 12.0 * kDepth_eV - 5.0, 1e-9);
  put_preset("defects", R"({"defects": [{"file": "v.xyz"}], "equilibrium": {"cell": "fixed"},
                            "chemical_potentials": {"Ni": {"structure": {"file": "ni.xyz"}}}})");
  EXPECT_EQ(run(run_defects, "crystal"), 0);
  EXPECT_NEAR(number(summary("crystal"), "formation_v"), 6.0 * kDepth_eV, 1e-7) << "an atom of the crystal has six bonds";
}

TEST(DefectEnergies, ByHand) {
  const std::map<std::string, double> mu{{"W", -8.0}, {"Ta", -7.0}};
  EXPECT_DOUBLE_EQ(formation_energy_eV(-1013.0, {{"W", 127}}, -1024.0, {{"W", 128}}, mu), 3.0);
  EXPECT_DOUBLE_EQ(formation_energy_eV(-1020.0, {{"W", 127}, {"Ta", 1}}, -1024.0, {{"W", 128}}, mu), 3.0) << "a substitution";
  EXPECT_EQ(exchanged_elements({{"W", 127}, {"Ta", 1}}, {{"W", 128}}), (std::vector<std::string>{"Ta", "W"}));
  EXPECT_TRUE(exchanged_elements({{"W", 3}}, {{"W", 3}}).empty());
  EXPECT_DOUBLE_EQ(binding_energy_eV(5.5, {{"v", 2}}, {{"v", 3.0}}), 0.5);
}

TEST(LineFit, ByHand) {
  const std::vector<double> x{1.0, 2.0, 3.0};
  const std::vector<double> y{2.0, 4.0, 6.0};
  const std::vector<double> error{0.1, 0.1, 0.1};
  const Line line = fit_line(x, y, error, 2.0);
  EXPECT_NEAR(line.slope, 2.0, 1e-12);
  EXPECT_NEAR(line.value, 4.0, 1e-12);
  EXPECT_NEAR(line.slope_error, 0.1 / std::sqrt(2.0), 1e-12) << "sigma / sqrt(sum (x - mean)^2)";
  EXPECT_NEAR(line.value_error, 0.1 / std::sqrt(3.0), 1e-12);
  const std::vector<double> bent{2.0, 4.3, 6.0};
  const Line scattered = fit_line(x, bent, std::vector<double>(3, 0.0), 2.0);
  EXPECT_NEAR(scattered.slope, 2.0, 1e-12);
  EXPECT_NEAR(scattered.slope_error, std::sqrt(0.06 / 2.0), 1e-12) << "residuals -0.1, 0.2, -0.1, one degree of freedom";
}

TEST_F(StaticDrivers, LatticeParameterFollowsTheVolume) {
  write_atoms(folder_ / "s.xyz", std::vector<Atoms>{fcc(2, 0.99 * kA0_A)});
  put_preset("lattice_parameter", R"({"cells": [2, 2, 2], "ladder": {"temperatures_K": [300, 600, 900], "replicas": 2},
                                      "equilibration_steps": 40, "steps": 2000, "sample_every": 10})");
  const double alpha = 1e-5;
  volume_at_ = [&](std::size_t k, double temperature_K, std::int64_t step) {
    const double noise = 1e-4 * std::sin(0.37 * static_cast<double>(step * step % 1009) + static_cast<double>(k));
    return std::pow(2.0 * kA0_A * (1.0 + alpha * temperature_K + noise), 3);
  };
  EXPECT_EQ(run(run_lattice, "o"), 0);
  const json result = summary("o");
  EXPECT_NEAR(number(result, "a_0K_perfect"), kA0_A, 1e-6);
  const json &points = result.at("cases").at(0).at("temperatures");
  ASSERT_EQ(points.size(), 3U);
  for (std::size_t t = 0; t < 3; ++t) {
    const double expected = kA0_A * (1.0 + alpha * (300.0 + 300.0 * static_cast<double>(t)));
    const double mean = points.at(t).at("a_A").at("mean");
    const double error = points.at(t).at("a_A").at("standard_error");
    EXPECT_GT(error, 0.0);
    EXPECT_LT(error, 1e-4);
    EXPECT_NEAR(mean, expected, 4.0 * error);
  }
  EXPECT_NEAR(number(result, "thermal_expansion_perfect"), alpha / (1.0 + 600.0 * alpha), 0.1 * alpha);
  EXPECT_EQ(result.at("samples"), 200);
  const H5File file = H5File::open(folder_ / "o/lattice.h5");
  EXPECT_EQ(file.shape("/series/volume_A3"), (H5File::Shape{1, 3, 2, 200}));
  const auto steps = file.read<std::int64_t>("/series/step");
  EXPECT_EQ(steps.front(), 50) << "the first after equilibration";
  EXPECT_EQ(steps.back(), 2040);
  // What was sampled is what was averaged.
  const auto volumes = file.read<double>("/series/volume_A3");
  double a = 0.0;
  for (std::size_t i = 0; i < 400; ++i) {
    a += std::cbrt(volumes[i]) / 2.0 / 400.0;
  }
  EXPECT_NEAR(a, points.at(0).at("a_A").at("mean").get<double>(), 1e-12);

  volume_at_ = [&](std::size_t, double, std::int64_t step) { return std::pow(2.0 * kA0_A, 3) * (step > 500 ? 3.0 : 1.0); };
  expect_error<DataError>([&] { run(run_lattice, "melts"); }, {"perfect at 300 K", "falls apart", "barostat_time_fs"});
}

TEST_F(StaticDrivers, WhatIsRefused) {
  Atoms slab = fcc(2, kA0_A);
  slab.cell.periodic[2] = false;
  write_atoms(folder_ / "s.xyz", std::vector<Atoms>{slab});
  put_preset("elastic", "{}");
  expect_error<DataError>([&] { run(run_elastic, "a"); }, {"periodic"});
  put_preset("lattice_parameter", R"({"cells": [2, 2, 2]})");
  expect_error<ConfigError>([&] { run(run_lattice, "b"); }, {"/structure", "periodic"});
  put_preset("relax", R"({"relax": {"cell": "full"}})");
  expect_error<DataError>([&] { run(run_relax, "c"); }, {"periodic"});
  for (const char *out : {"a", "b", "c"}) {
    EXPECT_FALSE(fs::exists(folder_ / out)) << "a run that cannot start leaves no folder: " << out;
  }
  put_preset("relax", "{}");
  RunOptions options;
  options.preset = folder_ / "p.json";
  options.out = folder_ / "r";
  options.resume = true;
  expect_error<ConfigError>([&] { run_relax(options, {}); }, {"--resume", "no checkpoint"});
  // A tight fit: springs pushed into each other have a finite answer; atoms on one another have none.
  Atoms twice = fcc(1, kA0_A);
  twice.position_A[1] = twice.position_A[0];
  write_atoms(folder_ / "s.xyz", std::vector<Atoms>{twice});
  expect_error<DataError>([&] { run(run_relax, "d"); }, {"system 0", "not finite"});
}

TEST_F(StaticDrivers, ASignalEndsThemWithWhatIsDone) {
  Atoms moved = fcc(1, kA0_A);
  moved.position_A[0][0] += 0.3;
  write_atoms(folder_ / "s.xyz", std::vector<Atoms>{moved});
  put_preset("relax", R"({"relax": {"force_tolerance_eV_A": 1e-10, "max_steps": 100000}})");
  RunOptions options;
  options.preset = folder_ / "p.json";
  options.device = "cpu";
  options.out = folder_ / "o";
  const int code = run_relax(options, [](const AtomsPlan &plan) {
    auto batch = std::make_unique<PairBatch>(plan.systems, springs(kBond_A, kStiffness, kDepth_eV));
    batch->mobility_A2_eV = 1e-6; // would take for ever
    std::raise(SIGINT);
    return batch;
  });
  EXPECT_EQ(code, 130);
  const json result = summary("o");
  EXPECT_EQ(result.at("run").at("status"), "interrupted");
  EXPECT_EQ(result.at("systems").at(0).at("steps"), 500);
  EXPECT_EQ(read_atoms(folder_ / "o/relaxed.xyz").size(), 1U);
}

} // namespace
} // namespace zener::test
