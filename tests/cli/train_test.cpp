// `zener run` with the train_barriers driver, from a data set to networks that `zener run` takes.
#include "host/neutral/barrier_data.hpp"
#include "tests/cli/program.hpp"
#include "tests/support/barrier_sets.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class CliTrain : public ::testing::Test {
protected:
  CliTrain() {
    write_barrier_file(folder_ / "barriers.h5", small_barrier_file(40, 1));
    put_bytes(folder_ / "p.json", R"({
      "driver": "train_barriers", "title": "train", "seed": 5, "data": "barriers.h5", "hold_out": ["Nb50Mo25Ta25"],
      "validation_share": 0.2, "epochs": 30, "batch": 16, "learning_rate": 3e-3, "patience": 3,
      "networks": [{"kind": "mlp", "widths": [6]}, {"kind": "site_mlp", "name": "symmetric", "symmetric": true, "widths": [6]},
                   {"kind": "consistent", "jump_widths": [4, 6], "state_shells": 0, "pair_shells": 2}],
      "output": {"plots": false}})");
  }
  static Arguments arguments(const std::string &out, const Arguments &more) {
    Arguments all{"run", "p.json", "--device", "cpu", "--threads", "1", "--out", out};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Outcome run(const std::string &out, const Arguments &more = {}) { return zener(folder_.path(), arguments(out, more)); }
  json summary(const std::string &out) const { return json::parse(bytes_of(folder_ / out / "summary.json")); }
  void expect_same_results(const std::string &a, const std::string &b) const {
    EXPECT_EQ(content_of(folder_ / a / "models"), content_of(folder_ / b / "models"));
    EXPECT_EQ(content_of(folder_ / a / "models").size(), 3U);
    EXPECT_TRUE(bytes_of(folder_ / a / "errors.csv") == bytes_of(folder_ / b / "errors.csv"));
    EXPECT_TRUE(bytes_of(folder_ / a / "training.h5") == bytes_of(folder_ / b / "training.h5"));
  }
  TemporaryFolder folder_;
};

TEST_F(CliTrain, PairInteractionsAreRecoveredAtACompositionThatWasHeldOut) {
  write_barrier_file(folder_ / "barriers.h5", small_barrier_file(100, 1));
  const Outcome outcome =
      run("o", {"--set", "epochs=60", "--set", "batch=32", "--set", "learning_rate=5e-3", "--set", "patience=4", "--set",
                "validation_share=0.1", "--set", "networks.2.batch_norm=false", "--set", "networks.2.jump_widths=[16]"});
  expect_done(outcome);
  EXPECT_NE(outcome.out.find("symmetric"), std::string::npos) << "a table on standard output";
  const json networks = summary("o").at("trainings").at(0).at("networks");
  const json &consistent = networks.at(2);
  EXPECT_LT(consistent.at("errors").at("held_out").at("mae_share").get<double>(), 0.01) << "the truth is of its form";
  EXPECT_LT(consistent.at("orientations").at("largest_range_eV").get<double>(), 1e-5);
  EXPECT_LT(networks.at(1).at("orientations").at("largest_range_eV").get<double>(), 1e-5);
  EXPECT_GT(networks.at(0).at("orientations").at("mean_range_eV").get<double>(), 1e-3) << "a plain network knows no symmetry";
  for (const char *name : {"mlp_1x6", "symmetric", "consistent"}) { // what was trained walks
    std::string walk = network_preset("o/models/" + std::string(name) + ".safetensors");
    walk.replace(walk.find("\"mlp\""), 5, "\"network\"");
    put_bytes(folder_ / "k.json", walk);
    expect_done(zener(folder_.path(), {"run", "k.json", "--device", "cpu", "--out", std::string("k_") + name}));
  }
}

TEST_F(CliTrain, ARunThatIsKilledGoesOnBitForBit) {
  const Arguments often{"--set", "checkpoint.every_s=0.001", "--set", "epochs=20", "--set", "learning_curve=[64,\"all\"]"};
  expect_done(run("whole", often));
  for (const int signal : {SIGKILL, SIGTERM}) {
    const std::string out = signal == SIGKILL ? "killed" : "stopped";
    Program program(folder_.path(), zener_command(arguments(out, often)));
    program.wait_until([&] { return fs::exists(folder_ / out / "checkpoint.previous.h5"); });
    program.send(signal);
    const Outcome ended = program.wait();
    if (signal == SIGKILL) {
      EXPECT_EQ(ended.signal, SIGKILL);
    } else {
      EXPECT_EQ(ended.code, 130) << ended.err;
    }
    Arguments more = often;
    more.emplace_back("--resume");
    expect_done(run(out, more));
    EXPECT_EQ(content_of(folder_ / "whole/models"), content_of(folder_ / out / "models"));
    EXPECT_TRUE(bytes_of(folder_ / "whole/training.h5") == bytes_of(folder_ / out / "training.h5"));
    EXPECT_TRUE(bytes_of(folder_ / "whole/errors.csv") == bytes_of(folder_ / out / "errors.csv"));
  }
}

TEST_F(CliTrain, TheSameSeedGivesTheSameWeightsAndAnotherOneOthers) {
  const Arguments few{"--set", "epochs=3"};
  expect_done(run("a", few));
  expect_done(run("b", few));
  expect_same_results("a", "b");
  Arguments other = few;
  other.insert(other.end(), {"--set", "seed=6"});
  expect_done(run("c", other));
  for (const auto &[name, content] : content_of(folder_ / "c/models")) {
    EXPECT_NE(content, content_of(folder_ / "a/models").at(name)) << name;
  }
}

TEST_F(CliTrain, BadDataAreRefusedInOneLine) {
  const Outcome checked = zener(folder_.path(), {"check", "p.json", "--device", "cpu"});
  expect_done(checked);
  EXPECT_NE(checked.out.find("320 jumps, both ways, of 40 vacancies in 2 compositions of Nb, Mo, Ta"), std::string::npos)
      << checked.out;
  write_barrier_file(folder_ / "empty.h5", small_barrier_file(0, 1));
  expect_failure(run("o", {"--set", "data=empty.h5", "--set", "hold_out=[]"}), 3, {"empty.h5", "no converged jumps"});
  BarrierFile other = small_barrier_file(2, 1);
  other.elements = {"Nb", "W", "Ta"};
  write_barrier_file(folder_ / "other.h5", other);
  expect_failure(run("o", {"--set", "test_data=other.h5"}), 3, {"other.h5", "Nb, W, Ta", "Nb, Mo, Ta"});
  std::string bytes = bytes_of(folder_ / "barriers.h5");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  put_bytes(folder_ / "damaged.h5", bytes);
  expect_failure(run("o", {"--set", "data=damaged.h5"}), 3, {"damaged.h5", "checksum"});
  put_bytes(folder_ / "text.h5", "no data set");
  expect_failure(run("o", {"--set", "data=text.h5"}), 3, {"text.h5", "is not a data set of barriers"});
}

} // namespace
} // namespace zener::test
