// `zener run` as intended: what a result folder holds, and that runs leave each other alone.
#include "host/neutral/checkpoint.hpp"
#include "host/neutral/h5.hpp"
#include "host/neutral/mlp_file.hpp"
#include "tests/cli/program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// A result folder must hold these files, whole and in agreement with each other.
void expect_results(const fs::path &folder, std::uint64_t hops, std::size_t groups, bool order) {
  const json summary = json::parse(bytes_of(folder / "summary.json"));
  EXPECT_EQ(summary.at("format"), "zener-kmc-summary-1");
  EXPECT_EQ(summary.at("backend"), "cpu");
  EXPECT_EQ(summary.at("run").at("status"), "finished");
  EXPECT_EQ(summary.at("run").at("hops"), hops);
  EXPECT_GT(summary.at("run").at("hops_per_s").get<double>(), 0.0);
  EXPECT_EQ(summary.at("halted_walkers_total"), 0);
  ASSERT_EQ(summary.at("groups").size(), groups);
  EXPECT_EQ(json::parse(bytes_of(folder / "preset.json")), summary.at("preset"));
  EXPECT_EQ(bytes_of(folder / "summary.json").find("NaN"), std::string::npos);
  EXPECT_NE(bytes_of(folder / "log.txt").find("done: "), std::string::npos);
  for (const json &number : summary.at("numbers")) {
    EXPECT_TRUE(number.contains("name") && number.contains("units") && number.contains("value")) << number;
  }

  const H5File series = H5File::open(folder / "series.h5");
  EXPECT_EQ(series.read_string_attribute("/", "format"), "zener-kmc-series-1");
  EXPECT_EQ(json::parse(series.read_string_attribute("/", "preset")), summary.at("preset"));
  const auto rows = series.read<std::uint64_t>("/hops");
  ASSERT_GE(rows.size(), 2U);
  EXPECT_EQ(rows.front(), 0U);
  EXPECT_EQ(rows.back(), hops);
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  std::vector<std::string> datasets{"/time_s/mean", "/time_s/standard_error", "/vacancy/msd_A2/mean",
                                    "/vacancy/displacement_A/mean"};
  if (order) {
    for (const char *name : {"bonds", "delta_per_cell", "delta_per_site", "delta_per_bond", "warren_cowley"}) {
      datasets.push_back(std::string("/order/") + name + "/mean");
    }
    EXPECT_EQ(series.read_strings("/order/pairs").size(), series.shape("/order/expected_bonds").back());
  }
  for (const std::string &name : datasets) {
    const H5File::Shape shape = series.shape(name);
    ASSERT_GE(shape.size(), 2U) << name;
    EXPECT_EQ(shape[0], rows.size()) << name;
    EXPECT_EQ(shape[1], groups) << name;
    for (const double value : series.read<double>(name)) {
      EXPECT_TRUE(std::isfinite(value)) << name;
    }
    EXPECT_FALSE(series.read_string_attribute(name, "units").empty());
    EXPECT_FALSE(series.read_string_attribute(name, "description").empty());
  }
  const auto time = series.read<double>("/time_s/mean");
  for (std::size_t g = 0; g < groups; ++g) {
    EXPECT_EQ(time[g], 0.0);
    EXPECT_DOUBLE_EQ(time[time.size() - groups + g], summary.at("groups").at(g).at("time_s").at("mean").get<double>());
  }

  const Checkpoint checkpoint = load_checkpoint(folder / "checkpoint.h5");
  EXPECT_EQ(checkpoint.state.hops, hops);
  for (const char *when : {"initial", "final"}) {
    for (std::size_t g = 0; g < groups; ++g) {
      const fs::path stem = folder / "configurations" / (std::string(when) + "_g" + std::to_string(g) + "_r0");
      std::map<std::string, std::int64_t> expected;
      for (const auto &[element, count] : summary.at("groups").at(g).at("atoms").items()) {
        expected[element] = count.get<std::int64_t>();
      }
      EXPECT_EQ(atoms_of_xyz(stem.string() + ".xyz"), expected);
      EXPECT_EQ(atoms_of_dump(stem.string() + ".dump"), expected);
    }
  }
  for (const auto &[name, content] : content_of(folder)) {
    EXPECT_EQ(name.find(".partial"), std::string::npos);
    EXPECT_NE(content.rfind("0 bytes", 0), 0U) << name;
  }
}

TEST(CliRun, Quickstart) {
  const TemporaryFolder folder;
  const Outcome outcome = zener(folder.path(), {"run", "quickstart", "--set", "hops=4000", "--set", "output.plots=false",
                                                "--device", "cpu", "--out", "q"});
  expect_done(outcome);
  EXPECT_NE(outcome.err.find("cpu:0"), std::string::npos) << "the device is said";
  EXPECT_NE(outcome.err.find("q/summary.json"), std::string::npos) << "the end says where the results are";
  expect_results(folder / "q", 4000, 6, true);
}

TEST(CliRun, EveryKey) {
  const TemporaryFolder folder;
  expect_done(zener(folder.path(), {"run", "all_keys", "--set", "hops=2000", "--set", "observe.averages_from_hop=1000", "--set",
                                    "output.plots=false", "--device", "cpu", "--out", "deep/down/a"}));
  expect_results(folder / "deep/down/a", 2000, 2, true);
}

TEST(CliRun, NetworkLadderAndNoOrder) {
  const TemporaryFolder folder;
  write_mlp(small_network(), folder / "n.safetensors");
  put_bytes(folder / "p.json", network_preset("n.safetensors"));
  expect_done(zener(folder.path(), {"run", "p.json", "--set", "observe.order.shells=0", "--set",
                                    R"(composition=[{"Nb": 1, "Mo": 1, "Ta": 1}, {"Nb": 90, "Mo": 5, "Ta": 5}])", "--device",
                                    "cpu", "--out", "o"}));
  expect_results(folder / "o", 500, 4, false);
}

TEST(CliRun, PlotsAreDrawn) {
  if (python_with({"h5py", "matplotlib", "numpy"}).empty()) {
    GTEST_SKIP() << "no Python with h5py, matplotlib and numpy";
  }
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", pair_preset());
  expect_done(zener(folder.path(), {"run", "p.json", "--set", "output.plots=true", "--device", "cpu", "--out", "o"}));
  const auto plots = content_of(folder / "o/plots");
  EXPECT_GE(plots.size(), 3U);
  for (const auto &[name, ignored] : plots) {
    EXPECT_EQ(bytes_of(folder / "o/plots" / name).rfind("\x89PNG", 0), 0U) << name;
  }
  fs::remove_all(folder / "o/plots");
  expect_done(zener(folder.path(), {"plot", "o"}));
  EXPECT_EQ(content_of(folder / "o/plots").size(), plots.size());
}

TEST(CliRun, ResultsStayWithoutPlots) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", pair_preset());
  const Outcome outcome = zener(folder.path(), {"run", "p.json", "--set", "output.plots=true", "--device", "cpu", "--out", "o"},
                                {{"ZENER_PYTHON", "/bin/false"}});
  expect_done(outcome);
  EXPECT_EQ(count_of(outcome.err, "warning: "), 1U) << outcome.err;
  EXPECT_NE(outcome.err.find("no plots: no Python with h5py, matplotlib, numpy"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("`zener plot o` makes them later"), std::string::npos) << outcome.err;
  expect_results(folder / "o", 500, 2, true);
}

TEST(CliRun, SecondRunKeepsTheFirst) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", small_preset());
  expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu"}));
  const auto first = content_of(folder / "results/p");
  expect_results(folder / "results/p", 500, 2, true);
  expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--set", "hops=300"}));
  expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--set", "seed=8"}));
  EXPECT_EQ(content_of(folder / "results/p"), first) << "the first run's files are as they were";
  expect_results(folder / "results/p-2", 300, 2, true);
  expect_results(folder / "results/p-3", 500, 2, true);
  // Without --out, --resume takes the latest.
  expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--set", "seed=8", "--set", "hops=600", "--resume"}));
  expect_results(folder / "results/p-3", 600, 2, true);
  EXPECT_EQ(content_of(folder / "results/p"), first);
}

TEST(CliRun, SameResultsForAnyNumberOfThreads) {
  const TemporaryFolder folder;
  write_mlp(small_network(), folder / "n.safetensors");
  put_bytes(folder / "p.json", network_preset("n.safetensors"));
  for (const char *threads : {"1", "2", "3"}) {
    expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--threads", threads, "--out", threads}));
    EXPECT_TRUE(bytes_of(folder / threads / "series.h5") == bytes_of(folder / "1" / "series.h5")) << threads << " threads";
    EXPECT_EQ(content_of(folder / threads / "configurations"), content_of(folder / "1" / "configurations"))
        << threads << " threads";
  }
}

TEST(CliRun, GoesOnWithoutAConsole) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", small_preset());
  const std::string run = std::string(ZENER_BINARY) + " run p.json --device cpu --out o";
  EXPECT_EQ(Program(folder.path(), {"/bin/sh", "-c", "(" + run + "; echo $? > code) 2>&1 | true"}).wait().code, 0);
  EXPECT_EQ(bytes_of(folder / "code"), "0\n");
  expect_results(folder / "o", 500, 2, true);
}

TEST(CliRun, WalkersStopAtTheTimeLimit) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", small_preset());
  expect_done(zener(folder.path(), {"run", "p.json", "--set", "hops=1000000000000", "--set", "time_limit_s=1e-6", "--device",
                                    "cpu", "--out", "o"}));
  const json summary = json::parse(bytes_of(folder / "o/summary.json"));
  EXPECT_EQ(summary.at("run").at("status"), "every walker stopped");
  for (const json &group : summary.at("groups")) {
    EXPECT_EQ(group.at("time_s").at("mean").get<double>(), 1e-6);
  }
  EXPECT_TRUE(summary.at("halted_walkers").empty()) << "a time limit is no fault";
}

} // namespace
} // namespace zener::test
