// The train_barriers driver over linear models: what it writes, how it parts the data, how it goes on after a signal or a
// crash.
#include "apps/zener/train_driver.hpp"
#include "host/neutral/barrier_data.hpp"
#include "host/neutral/h5.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/network_file.hpp"
#include "host/neutral/safetensors.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/train_preset.hpp"
#include "tests/neutral/support.hpp"
#include "tests/support/barrier_sets.hpp"
#include "tests/support/linear_training.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <set>

namespace zener::test {
namespace {

using nlohmann::json;

constexpr const char *kPreset = R"({
  "driver": "train_barriers", "title": "linear", "seed": 3,
  "data": "barriers.h5", "test_data": ["other.h5"], "hold_out": ["Nb50Mo25Ta25"],
  "validation_share": 0.2,
  "networks": [{"kind": "mlp", "name": "a"}, {"kind": "site_mlp", "name": "b", "ensemble": 2}],
  "epochs": 12, "learning_rate": 1e-3, "patience": 2,
  "output": {"plots": false}
})";

class TrainDriver : public ::testing::Test {
protected:
  TrainDriver() {
    write_barrier_file(folder_ / "barriers.h5", small_barrier_file(20, 1));
    write_barrier_file(folder_ / "other.h5", small_barrier_file(2, 2));
    put_bytes(folder_ / "p.json", kPreset);
    set_console_level(LogLevel::error);
  }
  ~TrainDriver() override {
    set_console_level(LogLevel::info);
    close_log_file();
    clear_stop_signal();
  }

  int run(const std::string &out, const std::vector<std::string> &edits = {}, LinearTricks tricks = {}, bool resume = false) {
    RunOptions options;
    options.preset = folder_ / "p.json";
    options.edits = edits;
    options.device = "cpu";
    options.threads = 1;
    options.out = folder_ / out;
    options.resume = resume;
    return run_train(options, [&](const TrainPlan &plan) {
      plans_.push_back(plan);
      return std::make_unique<LinearTraining>(plan, tricks);
    });
  }

  json summary(const std::string &out) const { return json::parse(bytes_of(folder_ / out / "summary.json")); }

  void expect_same_results(const std::string &a, const std::string &b) const {
    int models = 0;
    for (const auto &entry : std::filesystem::directory_iterator(folder_ / a / "models")) {
      const std::string name = entry.path().filename().string();
      EXPECT_TRUE(bytes_of(entry.path()) == bytes_of(folder_ / b / "models" / name)) << name;
      ++models;
    }
    EXPECT_GT(models, 0);
    EXPECT_TRUE(bytes_of(folder_ / a / "errors.csv") == bytes_of(folder_ / b / "errors.csv"));
    EXPECT_TRUE(bytes_of(folder_ / a / "training.h5") == bytes_of(folder_ / b / "training.h5"));
  }

  TemporaryFolder folder_;
  std::vector<TrainPlan> plans_;
};

TEST_F(TrainDriver, WritesWhatItSays) {
  EXPECT_EQ(run("o"), 0);
  const JumpData data = read_jump_data({{folder_ / "barriers.h5", {}, 0.0}, {folder_ / "other.h5", {}, 0.0}});
  const H5File file = H5File::open(folder_ / "o/training.h5");
  EXPECT_EQ(file.read_string_attribute("/", "format"), "zener-training-1");
  EXPECT_EQ(file.read_strings("/networks/names"), (std::vector<std::string>{"a", "b_1", "b_2"}));
  EXPECT_EQ(file.read_strings("/sets/names"), (std::vector<std::string>{"train", "validation", "held_out", "other"}));
  EXPECT_EQ(file.shape("/networks/b_2/rate"), (H5File::Shape{12}));
  const auto train = file.read<double>("/networks/a/train_eV2");
  EXPECT_LT(train.back(), 0.2 * train.front()) << "it learns";

  // Errors by the definition, from the parity data and from the model in its file.
  const auto truth = file.read<float>("/sets/held_out/true_eV");
  const auto value = file.read<float>("/networks/a/held_out/predicted_eV");
  ASSERT_EQ(truth.size(), 160U) << "10 rows of 8 jumps both ways";
  double absolute = 0.0, squared = 0.0, largest = 0.0, sum = 0.0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double off = std::abs(static_cast<double>(value[i]) - static_cast<double>(truth[i]));
    absolute += off / 160.0;
    squared += off * off / 160.0;
    largest = std::max(largest, off);
    sum += static_cast<double>(truth[i]) / 160.0;
  }
  const json of = summary("o").at("trainings").at(0).at("networks").at(0).at("errors").at("held_out");
  EXPECT_EQ(of.at("barriers"), 160);
  EXPECT_NEAR(of.at("mae_eV").get<double>(), absolute, 1e-12);
  EXPECT_NEAR(of.at("rmse_eV").get<double>(), std::sqrt(squared), 1e-12);
  EXPECT_NEAR(of.at("largest_eV").get<double>(), largest, 1e-12);
  EXPECT_NEAR(of.at("mae_share").get<double>(), absolute / sum, 1e-12);
  ASSERT_EQ(of.at("compositions").size(), 1U);
  EXPECT_EQ(of.at("compositions").at(0).at("composition"), "Nb50Mo25Ta25");

  const std::filesystem::path model_file = folder_ / "o/models/a.safetensors";
  const BarrierModel model = read_network(model_file);
  ASSERT_TRUE(std::holds_alternative<SiteMlp>(model));
  const auto &network = std::get<SiteMlp>(model);
  EXPECT_EQ(network.elements, data.jumps.elements);
  EXPECT_NEAR(network.lattice_constant_A, 3.25, 1e-9);
  std::size_t first = 0; // the first held-out jump
  while (data.composition[first] != 1) {
    ++first;
  }
  double hidden = network.network.bias[0];
  for (std::size_t k = 0; k < 112; ++k) {
    hidden += network.network.table[k * 4 + data.jumps.first[first * 112 + k]];
  }
  EXPECT_NEAR(hidden + network.network.layers[0].bias[0], value[0], 1e-4);
  const auto metadata = read_safetensors(model_file).metadata;
  EXPECT_EQ(json::parse(metadata.at("errors")).at("held_out"), [&] {
    json plain = of;
    plain.erase("compositions");
    return plain;
  }());
  EXPECT_EQ(json::parse(metadata.at("data")).at(0).at("hash"), data.sources[0].hash);
  EXPECT_EQ(json::parse(metadata.at("data")).at(0).at("potential"), "made up");
  EXPECT_FALSE(metadata.at("program").empty());
  const std::string csv = bytes_of(folder_ / "o/errors.csv");
  EXPECT_NE(csv.find("\nb_1,held_out,Nb50Mo25Ta25,160,"), std::string::npos) << csv;
  EXPECT_GT(summary("o").at("trainings").at(0).at("barriers_per_s").get<double>(), 0.0);
}

TEST_F(TrainDriver, PartsShareNoJumpsAndNoCells) {
  EXPECT_EQ(run("o"), 0);
  std::vector<std::string> warnings;
  const TrainTask task = make_train_task(load_train_preset(folder_ / "p.json"), warnings);
  ASSERT_EQ(task.cases.size(), 1U);
  ASSERT_EQ(plans_.size(), 1U);
  const TrainCase &each = task.cases[0];
  EXPECT_EQ(plans_[0].train, each.train);
  EXPECT_EQ(each.train.size() + each.validation.size(), 80U);
  EXPECT_EQ(each.validation.size(), 16U) << "a fifth of the cells";
  std::set<std::int64_t> cells;
  for (const std::int64_t j : each.train) {
    EXPECT_EQ(task.data.composition[static_cast<std::size_t>(j)], 0);
    cells.insert(task.data.cell[static_cast<std::size_t>(j)]);
  }
  for (const std::int64_t j : each.validation) {
    EXPECT_FALSE(cells.contains(task.data.cell[static_cast<std::size_t>(j)]));
  }
  ASSERT_EQ(task.tests.size(), 2U);
  EXPECT_EQ(task.tests[0].jumps.size(), 80U);
  EXPECT_EQ(task.tests[1].jumps.size(), 16U);
  // What is not of the data stands behind it: the jumps that are tried in 5 more orientations.
  EXPECT_EQ(plans_[0].data.size(), 176U + 5U * 80U);
  EXPECT_EQ(plans_[0].networks.size(), 3U);
  EXPECT_NE(plans_[0].networks[1].seed, plans_[0].networks[2].seed);
  // By single jumps, as published, cells are shared.
  const TrainTask mixed = make_train_task(load_train_preset(folder_ / "p.json", {"split_by=jump", "seed=5"}), warnings);
  std::set<std::int64_t> both;
  for (const std::int64_t j : mixed.cases[0].validation) {
    both.insert(mixed.data.cell[static_cast<std::size_t>(j)]);
  }
  EXPECT_EQ(mixed.cases[0].validation.size(), 16U);
  EXPECT_GT(both.size(), 4U);
}

TEST_F(TrainDriver, LearningCurvesAndSetsOfCompositions) {
  const std::vector<std::string> edits{"learning_curve=[16,40,\"all\"]",
                                       R"(compositions=[1,["Nb50Mo25Ta25",{"Nb":1,"Mo":1,"Ta":1}]])", "hold_out=[]",
                                       "epochs=2"};
  EXPECT_EQ(run("o", edits), 0);
  ASSERT_EQ(plans_.size(), 6U);
  EXPECT_EQ(plans_[0].train.size(), 16U);
  EXPECT_EQ(plans_[1].train.size(), 40U);
  EXPECT_EQ(plans_[2].train.size(), 64U);
  EXPECT_EQ(plans_[5].train.size(), 128U);
  EXPECT_TRUE(std::includes(plans_[1].train.begin(), plans_[1].train.end(), plans_[0].train.begin(), plans_[0].train.end()))
      << "longer parts hold the shorter ones";
  const H5File file = H5File::open(folder_ / "o/training.h5");
  EXPECT_EQ(file.read_strings("/cases/labels"),
            (std::vector<std::string>{"c1_n16", "c1_n40", "c1_all", "c2_n16", "c2_n40", "c2_all"}));
  EXPECT_EQ(file.read<std::int64_t>("/cases/jumps"), (std::vector<std::int64_t>{16, 40, 64, 16, 40, 128}));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "o/models/b_2_c2_n40.safetensors"));
  EXPECT_EQ(summary("o").at("trainings").size(), 6U);
}

TEST_F(TrainDriver, TheRateIsCutAndTrainingStops) {
  EXPECT_EQ(run("o", {"epochs=400", "early_stop=4", "least_rate=1e-4"}), 0);
  const H5File file = H5File::open(folder_ / "o/training.h5");
  const auto rate = file.read<double>("/networks/a/rate");
  const auto loss = file.read<double>("/networks/a/validation_eV2");
  EXPECT_LT(rate.size(), 400U);
  double expected = 1e-3, best = 1e300;
  int idle = 0;
  for (std::size_t e = 0; e < rate.size(); ++e) {
    EXPECT_EQ(rate[e], expected) << e;
    idle = loss[e] < best ? 0 : idle + 1;
    best = std::min(best, loss[e]);
    if (expected > 1e-4 && idle == 2) {
      expected = std::max(expected * 0.1, 1e-4);
      idle = 0;
    } else if (expected <= 1e-4 && idle == 4) {
      EXPECT_EQ(e + 1, rate.size()) << "the other networks may go on, this one stands still";
    }
  }
  EXPECT_EQ(rate.back(), 1e-4);
  EXPECT_TRUE(summary("o").at("trainings").at(0).at("networks").at(0).at("stopped_early"));
}

TEST_F(TrainDriver, GoesOnBitForBitAfterSignalsAndCrashes) {
  const std::vector<std::string> edits{"learning_curve=[24,\"all\"]", "checkpoint.every_s=1e-9"};
  EXPECT_EQ(run("whole", edits), 0);
  LinearTricks signal;
  signal.signal_at = 5;
  EXPECT_EQ(run("parts", edits, signal), 130);
  EXPECT_EQ(summary("parts").at("run").at("status"), "interrupted");
  clear_stop_signal();
  EXPECT_EQ(run("parts", edits, {}, true), 0);
  expect_same_results("whole", "parts");

  // A crash in the second training, in its sixth epoch: the last checkpoint is not older than an epoch here.
  int made = 0;
  RunOptions options;
  options.preset = folder_ / "p.json";
  options.edits = edits;
  options.device = "cpu";
  options.threads = 1;
  options.out = folder_ / "crashed";
  EXPECT_THROW(run_train(options,
                         [&](const TrainPlan &plan) {
                           LinearTricks crash;
                           crash.crash_at = ++made == 2 ? 5 : -1;
                           return std::make_unique<LinearTraining>(plan, crash);
                         }),
               std::runtime_error);
  close_log_file();
  EXPECT_EQ(run("crashed", edits, {}, true), 0);
  expect_same_results("whole", "crashed");
  EXPECT_EQ(run("crashed", edits, {}, true), 0) << "a run that is done has nothing more to do";
  expect_same_results("whole", "crashed");

  expect_error<ConfigError>(
      [&] {
        run("crashed", {"learning_curve=[24,\"all\"]", "batch=64"}, {}, true);
      },
      {"checkpoint.h5", "/batch was 32 and is 64"});
  write_barrier_file(folder_ / "barriers.h5", small_barrier_file(20, 9));
  expect_error<ConfigError>([&] { run("crashed", edits, {}, true); }, {"/data/0 was"});
}

TEST_F(TrainDriver, ANetworkThatDivergesIsNamedAndTheOthersGoOn) {
  LinearTricks tricks;
  tricks.diverging = 1;
  expect_error<DataError>([&] { run("o", {}, tricks); }, {"1 of 3 networks diverged: b_1", "learning_rate"});
  const json networks = summary("o").at("trainings").at(0).at("networks");
  EXPECT_TRUE(networks.at(1).at("diverged"));
  EXPECT_EQ(networks.at(1).at("epochs"), 4);
  EXPECT_EQ(networks.at(2).at("epochs"), 12);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "o/models/b_1.safetensors")) << "its best state";
}

TEST_F(TrainDriver, RefusesWhatCannotBeTrained) {
  expect_error<ConfigError>([&] { run("o", {"hold_out=[\"Nb33Mo33Ta34\"]"}); },
                            {"/hold_out/0", "did you mean", "Nb33Mo33Ta33"});
  expect_error<ConfigError>([&] { run("o", {"compositions=[2]"}); }, {"/compositions/0", "2 compositions", "1 that"});
  expect_error<ConfigError>([&] { run("o", {"compositions=[[\"Nb50Mo25Ta25\"]]"}); }, {"/compositions/0/0", "held out"});
  expect_error<ConfigError>([&] { run("o", {"learning_curve=[65]"}); }, {"/learning_curve", "65", "64"});
  expect_error<DataError>([&] { run("o", {"hold_out=[\"Nb50Mo25Ta25\",\"Nb33Mo33Ta33\"]"}); }, {"0 jumps to train on"});
  expect_error<DataError>([&] { run("o", {"data=" + (folder_ / "none.h5").string()}); },
                          {"none.h5", "no such file", "barrier_dataset"});
  BarrierFile foreign = small_barrier_file(2, 2);
  foreign.elements = {"Nb", "W", "Ta"};
  write_barrier_file(folder_ / "other.h5", foreign);
  expect_error<DataError>([&] { run("o"); }, {"other.h5", "Nb, W, Ta", "Nb, Mo, Ta"});
  foreign = small_barrier_file(2, 2);
  foreign.forward_eV[3] = std::nan("");
  write_barrier_file(folder_ / "other.h5", foreign);
  expect_error<DataError>([&] { run("o"); }, {"other.h5", "row 0, jump 3", "finite"});
  write_barrier_file(folder_ / "other.h5", small_barrier_file(0, 2));
  expect_error<DataError>([&] { run("o"); }, {"other.h5", "nothing to test on"});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "o")) << "what is refused leaves no folder";
}

} // namespace
} // namespace zener::test
