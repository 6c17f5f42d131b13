// The driver barrier_dataset: through the program with the metals that ship, and in this process where a run has to be stopped.
#include "apps/zener/dataset_driver.hpp"
#include "apps/zener/python.hpp"
#include "host/neutral/barrier_file.hpp"
#include "host/neutral/dataset_preset.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/signals.hpp"
#include "tests/cli/program.hpp"
#include "tests/support/backends.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>

namespace zener::test {
namespace {

using nlohmann::json;

// Two compositions of Nb-Ta at a fixed lattice constant, one image: bands of seconds.
const Arguments &quick() {
  static const Arguments edits{"equilibrium.cell=\"fixed\"", "band.images=1", "band.force_tolerance_eV_A=0.05",
                               "relax.force_tolerance_eV_A=0.02", "output.plots=false"};
  return edits;
}

class Dataset : public ::testing::Test {
protected:
  static std::filesystem::path preset() { return home_folder() / "presets/all_keys_barrier_dataset.json"; }
  Outcome run(const Arguments &edits, const std::string &out, bool resume = false) {
    Arguments all{"run", preset().string(), "--device", "cpu", "--threads", "1", "--out", out};
    for (const Arguments *list : {&quick(), &edits}) {
      for (const std::string &edit : *list) {
        all.insert(all.end(), {"--set", edit});
      }
    }
    if (resume) {
      all.emplace_back("--resume");
    }
    return zener(folder_.path(), all);
  }
  json summary(const std::string &out) const { return json::parse(bytes_of(folder_ / out / "summary.json")); }
  BarrierFile data(const std::string &out) const { return read_barrier_file(folder_ / out / "barriers.h5"); }

  TemporaryFolder folder_;
};

TEST_F(Dataset, RowsAreVacanciesInAlloysWithTheirBarriers) {
  expect_done(run({}, "o"));
  const BarrierFile file = data("o");
  ASSERT_EQ(file.rows(), 2U);
  EXPECT_EQ(file.elements, (std::vector<std::string>{"Nb", "Ta"}));
  EXPECT_EQ(file.composition_name, (std::vector<std::string>{"Nb1Ta1", "Nb3Ta1"}));
  EXPECT_EQ(file.composition_atoms, (std::vector<std::int64_t>{125, 125, 188, 62}));
  EXPECT_EQ(file.number, (std::vector<std::int64_t>{0, 1}));
  for (std::size_t r = 0; r < 2; ++r) {
    EXPECT_EQ(file.a_A[r], 3.28);
    for (std::size_t p = 0; p < 8; ++p) {
      const std::size_t j = 8 * r + p;
      ASSERT_EQ(file.status[j], static_cast<std::uint8_t>(JumpStatus::converged));
      EXPECT_GT(file.forward_eV[j], 0.3);
      EXPECT_LT(file.forward_eV[j], 2.0);
      EXPECT_NEAR(file.forward_eV[j] - file.backward_eV[j], file.final_energy_eV[j] - file.energy_eV[r], 1e-9);
    }
  }
  const json result = summary("o");
  EXPECT_EQ(result.at("bands").at("converged"), 16);
  EXPECT_EQ(result.at("all").at("barriers"), 32);
  EXPECT_GT(result.at("throughput").at("bands_per_s").get<double>(), 0.0);
  EXPECT_EQ(result.at("compositions").size(), 2U);
}

// A jump and the jump back from where it led are one band: a data set whose first cell is the other's after a jump.
TEST_F(Dataset, RowsDoNotDependOnTheBatchNorOnTheCutOfTheRun) {
  expect_done(run({"configurations=2", "atoms_at_once=1"}, "one"));
  expect_done(run({"configurations=1", "atoms_at_once=4000"}, "cut"));
  expect_done(run({"configurations=2", "atoms_at_once=4000"}, "cut", true));
  const BarrierFile one = data("one");
  const BarrierFile cut = data("cut");
  ASSERT_EQ(one.rows(), 4U);
  EXPECT_EQ(one.number, cut.number);
  EXPECT_EQ(one.occupancy, cut.occupancy);
  EXPECT_EQ(one.energy_eV, cut.energy_eV);
  EXPECT_EQ(one.forward_eV, cut.forward_eV);
  EXPECT_EQ(one.status, cut.status);
  EXPECT_EQ(summary("cut").at("throughput").at("bands"), 16); // what was there was not run again
}

TEST_F(Dataset, AnotherDataSetIsNotResumed) {
  expect_done(run({}, "o"));
  const Outcome other = run({"seed=2"}, "o", true);
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("/seed"), std::string::npos) << other.err;
  std::string bytes = bytes_of(folder_ / "o/barriers.h5");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  put_bytes(folder_ / "o/barriers.h5", bytes);
  const Outcome damaged = run({}, "o", true);
  EXPECT_EQ(damaged.code, 3);
  EXPECT_NE(damaged.err.find("barriers.h5"), std::string::npos) << damaged.err;
  EXPECT_EQ(run({}, "nothing", true).code, 3);
}

TEST_F(Dataset, RefusesWhatCannotBe) {
  const auto refused = [&](const std::string &edit, const std::vector<std::string> &words) {
    const Outcome outcome = run({edit}, "o");
    EXPECT_EQ(outcome.code, 2) << edit << outcome.err;
    for (const std::string &word : words) {
      EXPECT_NE(outcome.err.find(word), std::string::npos) << edit << ": " << outcome.err;
    }
    EXPECT_FALSE(std::filesystem::exists(folder_ / "o"));
  };
  refused("lattice.cells=[4,5,5]", {"cells", "5"});
  refused("lattice.structure=\"fcc\"", {"structure", "bcc"});
  refused("elements=[\"Nb\"]", {"elements", "Ta"});
  refused("composition={\"Xx\":1}", {"Xx"});
  refused("composition={\"Nb\":1,\"W\":1}", {"W"});
  refused("band.climb=false", {"climb"});
  refused("vacancies=251", {"vacancies", "250"});
  refused("relax.method=\"lbfgs\"", {"method", "fire"});
}

TEST_F(Dataset, ASignalLeavesWhatIsDone) {
  RunOptions options;
  options.preset = preset();
  options.edits = quick();
  options.edits.insert(options.edits.end(), {"configurations=6", "atoms_at_once=2000"});
  options.out = folder_ / "s";
  options.device = "cpu";
  options.threads = 1;
  set_console_level(LogLevel::error);
  const std::unique_ptr<Backend> backend = std::move(open_devices().back().backend); // the CPU
  int batches = 0;
  const int code = run_dataset(options, [&](const AtomsPlan &plan) {
    if (++batches == 30) {
      std::raise(SIGINT);
    }
    return backend->make_atoms(plan);
  });
  close_log_file();
  clear_stop_signal();
  set_console_level(LogLevel::info);
  EXPECT_EQ(code, 130);
  const std::size_t done = data("s").rows();
  EXPECT_LT(done, 12U);
  expect_done(run({"configurations=6", "atoms_at_once=2000"}, "s", true));
  EXPECT_EQ(data("s").rows(), 12U);
}

DatasetPreset preset_of(const std::string &edit = "seed=1") {
  return load_dataset_preset(home_folder() / "presets/all_keys_barrier_dataset.json",
                             {edit, "configurations=3", "vacancies=2"});
}

TEST(DatasetPreset, RowsGoRoundTheCompositions) {
  const DatasetPreset preset = preset_of();
  EXPECT_EQ(preset.rows(), 12);
  std::vector<std::vector<std::int64_t>> met;
  for (std::int64_t n = 0; n < 12; ++n) {
    const DatasetRow row = dataset_row(preset, n);
    EXPECT_EQ(row.composition, static_cast<std::size_t>(n % 2));
    met.push_back({static_cast<std::int64_t>(row.composition), row.configuration, row.vacancy});
  }
  std::sort(met.begin(), met.end());
  EXPECT_EQ(std::unique(met.begin(), met.end()), met.end());
  EXPECT_EQ(met.back(), (std::vector<std::int64_t>{1, 2, 1}));
}

TEST(DatasetPreset, AlloysHaveTheirCompositionAndVacanciesDiffer) {
  const DatasetPreset preset = preset_of();
  std::vector<std::string> warnings;
  const auto counts = composition_counts(preset, warnings);
  EXPECT_TRUE(warnings.empty());
  const auto cell = [&](std::int64_t n) {
    const DatasetRow row = dataset_row(preset, n);
    return dataset_occupancy(preset, row, counts[row.composition]);
  };
  const auto a = cell(0), b = cell(2), c = cell(4); // configuration 0 twice, then 1
  int changed = 0;
  for (std::size_t s = 0; s < a.size(); ++s) {
    changed += a[s] != b[s] ? 1 : 0;
  }
  EXPECT_EQ(changed, 2); // the same alloy, another site is empty
  EXPECT_EQ(std::count(a.begin(), a.end(), 0), 1);
  EXPECT_NEAR(static_cast<double>(std::count(a.begin(), a.end(), 1)), 125.0, 1.0);
  EXPECT_NE(a, c);
  EXPECT_EQ(a, cell(0));
  const DatasetPreset other = preset_of("seed=2");
  EXPECT_NE(a, dataset_occupancy(other, dataset_row(other, 0), counts[0]));
}

TEST(DatasetPreset, TheShippedListHasFortySixCompositions) {
  const DatasetPreset preset = load_dataset_preset(home_folder() / "presets/make_network/dataset_eam.json");
  EXPECT_EQ(preset.alloy.compositions.size(), 46U);
  EXPECT_EQ(preset.elements, (std::vector<std::string>{"Nb", "Mo", "Ta"}));
  EXPECT_EQ(composition_name(preset, 0), "Nb5Mo5Ta90");
  EXPECT_EQ(composition_name(preset, 45), "Nb33Mo33Ta33");
}

} // namespace
} // namespace zener::test
