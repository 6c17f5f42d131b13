// The driver neb: through the program with the tungsten that ships, and in this process where a run has to be stopped.
#include "apps/zener/neb_driver.hpp"
#include "apps/zener/python.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/h5.hpp"
#include "host/neutral/hops.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/neb_preset.hpp"
#include "host/neutral/signals.hpp"
#include "tests/cli/program.hpp"
#include "tests/support/backends.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <csignal>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Neb : public ::testing::Test {
protected:
  static Arguments arguments(const std::string &command, const Arguments &edits) {
    Arguments out{command, "neb_w_vacancy", "--device", "cpu", "--threads", "1"};
    for (const std::string &edit : Arguments{"structure.cells=[3,3,3]", "band.images=3", "output.plots=false"}) {
      out.insert(out.end(), {"--set", edit});
    }
    for (const std::string &edit : edits) {
      out.insert(out.end(), {"--set", edit});
    }
    return out;
  }
  Outcome run(const Arguments &edits, const std::string &out = "o") {
    Arguments all = arguments("run", edits);
    all.insert(all.end(), {"--out", out});
    return zener(folder_.path(), all);
  }
  json summary(const std::string &out = "o") const { return json::parse(bytes_of(folder_ / out / "summary.json")); }

  TemporaryFolder folder_;
};

const json &band(const json &summary, const std::string &name) {
  for (const json &row : summary.at("bands")) {
    if (row.at("band") == name) {
      return row;
    }
  }
  throw std::out_of_range("no band " + name + " in " + summary.at("bands").dump());
}

TEST_F(Neb, WritesPathsThatAgreeWithItsTable) {
  expect_done(run({R"(paths=[{"kind":"vacancy","neighbours":[0,7]},{"kind":"vacancy_cluster","count":2,"hops":[3]}])"}));
  const json result = summary();
  EXPECT_EQ(result.at("run").at("status"), "finished");
  ASSERT_EQ(result.at("bands").size(), 3U);
  for (const json &row : result.at("bands")) {
    EXPECT_EQ(row.at("status"), "converged") << row;
    EXPECT_EQ(row.at("barrier_from"), "climbing image");
    EXPECT_NEAR(row.at("forward_eV").get<double>() - row.at("backward_eV").get<double>(),
                row.at("energy_difference_eV").get<double>(), 1e-10);
    const std::string name = row.at("band");
    const std::vector<Atoms> frames = read_atoms(folder_ / "o/paths" / (name + ".xyz"));
    ASSERT_EQ(frames.size(), 5U);
    double top = -1e9;
    double s = 0.0;
    for (std::size_t m = 0; m < 5; ++m) {
      ASSERT_TRUE(frames[m].has_energy);
      EXPECT_EQ(frames[m].force_eV_A.size(), frames[m].size());
      top = std::max(top, frames[m].total_energy_eV - frames[0].total_energy_eV);
      double squared = 0.0;
      for (std::size_t i = 0; m > 0 && i < frames[m].size(); ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          squared += std::pow(frames[m].position_A[i][d] - frames[m - 1].position_A[i][d], 2);
        }
      }
      s += std::sqrt(squared);
      EXPECT_NEAR(row.at("points").at(m).at("s_A").get<double>(), s, 1e-6) << "positions are not wrapped";
    }
    EXPECT_NEAR(row.at("forward_eV").get<double>(), top, 1e-9);
    const std::vector<Atoms> saddle = read_atoms(folder_ / "o/paths" / (name + "_saddle.xyz"));
    ASSERT_EQ(saddle.size(), 1U);
    EXPECT_NEAR(saddle[0].total_energy_eV, frames[0].total_energy_eV + top, 1e-9);
    // At the saddle no atom feels much: the climbing image stands on it.
    const std::size_t at = row.at("saddle_image");
    EXPECT_LT(row.at("points").at(at).at("largest_force_eV_A").get<double>(), 0.02);
  }
  const json &vacancy = band(result, "vacancy_0");
  EXPECT_NEAR(vacancy.at("forward_eV").get<double>(), 1.46, 0.05);
  EXPECT_NEAR(vacancy.at("forward_eV").get<double>(), vacancy.at("backward_eV").get<double>(), 1e-3);
  EXPECT_NEAR(vacancy.at("forward_eV").get<double>(), band(result, "vacancy_7").at("forward_eV").get<double>(), 1e-3);
  EXPECT_EQ(result.at("paths").at(0).at("bands"), 2);
  EXPECT_EQ(result.at("paths").at(1).at("lowest_band"), "divacancy_1nn");
  EXPECT_GT(result.at("throughput").at("force_calls").get<int>(), 0);
  EXPECT_GT(result.at("throughput").at("bands_per_s").get<double>(), 0.0);

  const H5File file = H5File::open(folder_ / "o/neb.h5");
  EXPECT_EQ(file.read_strings("/band"), (std::vector<std::string>{"vacancy_0", "vacancy_7", "divacancy_1nn"}));
  const std::vector<double> forward = file.read<double>("/forward_eV");
  const std::vector<double> energy = file.read<double>("/energy_eV");
  ASSERT_EQ(energy.size(), 15U);
  EXPECT_NEAR(*std::max_element(energy.begin(), energy.begin() + 5) - energy[0], forward[0], 1e-9);

  const std::string python = python_with({"ase"});
  if (!python.empty()) {
    const std::string script = "import ase.io, sys\n"
                               "f = ase.io.read(sys.argv[1], ':')\n"
                               "assert len(f) == 5 and all(len(a) == 53 for a in f)\n"
                               "e = [a.get_potential_energy() for a in f]\n"
                               "assert abs(max(e) - e[0] - float(sys.argv[2])) < 1e-6, e\n"
                               "assert all(a.get_forces().shape == (53, 3) for a in f)\n"
                               "assert f[2].info['band'] == 'vacancy_0' and f[2].info['frame'] == 2\n";
    put_bytes(folder_ / "read.py", script);
    expect_done(Program(folder_.path(), {python, "read.py", "o/paths/vacancy_0.xyz", std::to_string(forward[0])}).wait());
  } else {
    std::printf("no ASE here: its reading of the paths is not tested\n");
  }
}

TEST_F(Neb, WithoutClimbingTheSplineGivesTheBarrier) {
  const std::string paths = R"(paths=[{"kind":"vacancy","neighbours":[0]}])";
  expect_done(run({paths, "band.images=3"}));
  expect_done(run({paths, "band.climb=false", "band.images=12"}, "even"));
  const json climbed = band(summary(), "vacancy");
  const json even = band(summary("even"), "vacancy");
  EXPECT_EQ(even.at("barrier_from"), "spline");
  double highest = 0.0;
  for (const json &point : even.at("points")) {
    highest = std::max(highest, point.at("energy_eV").get<double>());
  }
  EXPECT_LT(highest, climbed.at("forward_eV").get<double>() - 0.03) << "no image of twelve stands on top";
  EXPECT_NEAR(even.at("forward_eV").get<double>(), climbed.at("forward_eV").get<double>(), 0.005);
}

// What the driver makes itself can be given to it as files, in any format, wrapped or not.
TEST_F(Neb, PathsBetweenFilesAreTheSamePaths) {
  const NebPreset preset = load_neb_preset(home_folder() / "presets/neb_w_vacancy.json",
                                           {"structure.cells=[3,3,3]", R"(paths=[{"kind":"vacancy","neighbours":[0]}])"});
  const Hop hop = make_hops(preset, make_structure(preset)).front().hop;
  Atoms last = hop.last;
  last.position_A[5][0] += last.cell.vectors[0][0];
  write_atoms(folder_ / "a.xyz", std::vector<Atoms>{hop.first});
  write_atoms(folder_ / "b.vasp", std::vector<Atoms>{last});
  const std::string a = (folder_ / "a.xyz").string();
  const std::string b = (folder_ / "b.vasp").string();
  expect_done(run({R"(paths=[{"kind":"files","name":"given","first":")" + a + R"(","last":")" + b +
                       R"("},{"kind":"vacancy","neighbours":[0]}])",
                   R"(equilibrium.cell="fixed")"}));
  const json result = summary();
  EXPECT_NEAR(band(result, "given").at("forward_eV").get<double>(), band(result, "vacancy").at("forward_eV").get<double>(),
              1e-6);
  EXPECT_EQ(result.at("preset").at("paths").at(0).at("last").at("file"), b);

  // Both ends the same: nothing to climb, and no number for it.
  expect_done(run({R"(paths=[{"kind":"files","name":"nowhere","first":")" + a + R"(","last":")" + a + R"("}])"}, "same"));
  const json same = summary("same");
  EXPECT_EQ(band(same, "nowhere").at("status"), "ends alike");
  EXPECT_TRUE(band(same, "nowhere").at("forward_eV").is_null());
  ASSERT_EQ(same.at("warnings").size(), 1U);
  EXPECT_NE(same.at("warnings").at(0).get<std::string>().find("nowhere"), std::string::npos);

  Atoms other = hop.last;
  other.elements = {"Ta"};
  write_atoms(folder_ / "ta.xyz", std::vector<Atoms>{other});
  expect_failure(
      run({R"(paths=[{"kind":"files","first":")" + a + R"(","last":")" + (folder_ / "ta.xyz").string() + R"("}])"}, "x"), 2,
      {"/paths/0 (ta)", "atom 1 is W", "Ta"});
  expect_failure(run({R"(paths=[{"kind":"files","last":"none.xyz"}])"}, "x"), 3, {"none.xyz"});
  EXPECT_FALSE(fs::exists(folder_ / "x"));
}

TEST_F(Neb, SaysWhatDidNotConverge) {
  expect_done(
      run({R"(paths=[{"kind":"vacancy","neighbours":[0]},"dumbbell_110"])", "band.max_steps=20", "relax.max_steps=25"}));
  const json result = summary();
  EXPECT_EQ(band(result, "vacancy").at("status"), "out of steps");
  EXPECT_EQ(band(result, "vacancy").at("converged"), false);
  EXPECT_EQ(band(result, "dumbbell_110").at("ends_at_rest"), false);
  EXPECT_TRUE(result.at("numbers").at(0).at("value").is_null()) << "no barrier that is not final";
  std::string warnings;
  for (const json &warning : result.at("warnings")) {
    warnings += warning.get<std::string>();
  }
  EXPECT_NE(warnings.find("not converge"), std::string::npos) << warnings;
  EXPECT_NE(warnings.find("ends that are not at rest: vacancy, dumbbell_110"), std::string::npos) << warnings;
}

TEST_F(Neb, CheckAndRefusals) {
  const Outcome outcome = zener(folder_.path(), arguments("check", {}));
  expect_done(outcome);
  EXPECT_NE(outcome.out.find("\nbands     26 of 3 images"), std::string::npos) << outcome.out;
  expect_failure(run({R"(paths=["vacancie"])"}), 2, {"/paths/0", "did you mean", "vacancy"});
  expect_failure(run({R"(paths=[{"kind":"vacancy","site":4000}])"}), 2, {"/paths/0 (vacancy)", "site 4000", "54 sites"});
  expect_failure(run({R"(paths=[{"kind":"vacancy","neighbours":[8]}])"}), 2, {"/paths/0", "neighbour 8", "8"});
  expect_failure(run({R"(paths=[{"kind":"chain","direction":"100","atoms":3}])"}), 2, {"/paths/0", "do not fit"});
  expect_failure(run({R"(paths=["divacancy_3nn"])", "structure.cells=[2,2,2]"}), 2, {"/paths/0", "too small"});
  expect_failure(run({R"(structure.elements=["Fe"])"}), 2, {"Fe", "W"});
  expect_failure(run({R"(structure.surface={"axis":"z"})"}), 3, {"periodic"});
  EXPECT_TRUE(content_of(folder_.path()).empty());
}

// A signal between two batches: what is done is written.
TEST_F(Neb, StopsWithWhatItHas) {
  set_console_level(LogLevel::error);
  RunOptions options;
  options.preset = home_folder() / "presets/neb_w_vacancy.json";
  options.device = "cpu";
  options.threads = 1;
  options.out = folder_ / "o";
  // One band at a time, so that the first is done long before the last.
  options.edits = {"structure.cells=[3,3,3]", "band.images=2",      R"(equilibrium.cell="fixed")",
                   R"(paths=["vacancy"])",    "output.plots=false", "atoms_at_once=1"};
  const std::unique_ptr<Backend> backend = std::move(open_devices().back().backend); // the CPU
  int evaluations = 0;
  const int code = run_neb(options, [&](const AtomsPlan &plan) {
    // Batches of a band and its two ends are those that its results come from.
    if (plan.systems.size() == 4 && ++evaluations == 2) {
      std::raise(SIGINT);
    }
    return backend->make_atoms(plan);
  });
  close_log_file();
  clear_stop_signal();
  set_console_level(LogLevel::info);
  EXPECT_EQ(code, 130);
  const json result = summary();
  EXPECT_EQ(result.at("run").at("status"), "interrupted");
  EXPECT_EQ(band(result, "vacancy_0").at("status"), "converged");
  EXPECT_EQ(band(result, "vacancy_1").at("status"), "converged");
  EXPECT_EQ(band(result, "vacancy_2").at("status"), "not run");
  EXPECT_TRUE(fs::exists(folder_ / "o/paths/vacancy_1.xyz"));
  EXPECT_TRUE(fs::exists(folder_ / "o/neb.h5"));
}

} // namespace
} // namespace zener::test
