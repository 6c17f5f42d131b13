// Runs that are stopped, killed and prolonged end with the bytes of a run that was left alone.
#include "host/neutral/checkpoint.hpp"
#include "host/neutral/mlp_file.hpp"
#include "tests/cli/program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <limits>
#include <thread>
#include <tuple>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char *kForever = "hops=1000000000000000";

class CliRestart : public ::testing::TestWithParam<const char *> {
protected:
  CliRestart() {
    write_mlp(small_network(), folder_ / "n.safetensors");
    put_bytes(folder_ / "p.json", network_preset("n.safetensors"));
  }

  Arguments arguments(const std::string &out, const Arguments &more) const {
    Arguments all{"run", "p.json", "--device", "cpu", "--threads", GetParam(), "--out", out};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Outcome run(const std::string &out, const Arguments &more) const { return zener(folder_.path(), arguments(out, more)); }

  // Starts a run without an end, sends it a signal when it is on its way, and returns the hop that its results say.
  std::uint64_t interrupted(int signal, const Arguments &more) const {
    Arguments all = arguments("o", more);
    all.insert(all.end(), {"--set", kForever, "--set", "checkpoint.every_s=0.05"});
    const std::string before = bytes_of(folder_ / "o/checkpoint.h5");
    Program program(folder_.path(), zener_command(all));
    EXPECT_TRUE(program.wait_until(
        [&] { return fs::exists(folder_ / "o/checkpoint.h5") && bytes_of(folder_ / "o/checkpoint.h5") != before; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(20)); // past the checkpoint
    program.send(signal);
    const Outcome outcome = program.wait(30.0);
    EXPECT_EQ(outcome.signal, 0) << outcome.err;
    EXPECT_EQ(outcome.code, 130) << outcome.err;
    EXPECT_EQ(count_of(outcome.err, "error: "), 0U) << outcome.err;
    EXPECT_NE(outcome.err.find("stopped by signal " + std::to_string(signal)), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("add --resume --out o"), std::string::npos) << "it says how to go on: " << outcome.err;
    const json summary = json::parse(bytes_of(folder_ / "o/summary.json"));
    EXPECT_EQ(summary.at("run").at("status"), "interrupted");
    const std::uint64_t hops = load_checkpoint(folder_ / "o/checkpoint.h5").state.hops;
    EXPECT_EQ(summary.at("run").at("hops"), hops);
    return hops;
  }

  // Results that do not depend on how the run came about: series, last configurations, averages.
  void expect_same_results(const std::string &one, const std::string &other) const {
    EXPECT_TRUE(bytes_of(folder_ / one / "series.h5") == bytes_of(folder_ / other / "series.h5"));
    for (const char *name : {"g0_r0", "g0_r1", "g1_r0", "g1_r1"}) {
      for (const char *form : {".xyz", ".dump"}) {
        for (const char *when : {"initial_", "final_"}) {
          const std::string file = std::string("configurations/") + when + name + form;
          EXPECT_FALSE(bytes_of(folder_ / one / file).empty()) << file;
          EXPECT_TRUE(bytes_of(folder_ / one / file) == bytes_of(folder_ / other / file)) << file;
        }
      }
    }
    const json a = json::parse(bytes_of(folder_ / one / "summary.json"));
    const json b = json::parse(bytes_of(folder_ / other / "summary.json"));
    EXPECT_EQ(a.at("run").at("status"), "finished");
    EXPECT_EQ(a.at("groups").dump(), b.at("groups").dump()) << "averages over the walk";
    EXPECT_EQ(a.at("numbers").dump(), b.at("numbers").dump());
    const KmcState first = load_checkpoint(folder_ / one / "checkpoint.h5").state;
    const KmcState second = load_checkpoint(folder_ / other / "checkpoint.h5").state;
    EXPECT_EQ(first.hops, second.hops);
    EXPECT_EQ(first.occupancy, second.occupancy);
    EXPECT_EQ(first.time_s, second.time_s);
    EXPECT_EQ(first.displacement, second.displacement);
    EXPECT_EQ(first.pair_time, second.pair_time);
    EXPECT_EQ(first.pair_hops, second.pair_hops);
  }

  // A run of its own to this hop, on one thread.
  void run_directly(std::uint64_t hops) const {
    expect_done(zener(folder_.path(), {"run", "p.json", "--device", "cpu", "--threads", "1", "--out", "direct", "--set",
                                       "hops=" + std::to_string(hops)}));
  }

  TemporaryFolder folder_;
};

TEST_P(CliRestart, AfterSignals) {
  const std::uint64_t first = interrupted(SIGINT, {});
  const std::uint64_t second = interrupted(SIGTERM, {"--resume"});
  EXPECT_GT(first, 0U);
  EXPECT_GT(second, first);
  const std::uint64_t hops = second + 700;
  const Outcome last = run("o", {"--resume", "--set", "hops=" + std::to_string(hops)});
  expect_done(last);
  EXPECT_NE(last.err.find("resumed at hop " + std::to_string(second)), std::string::npos) << last.err;
  run_directly(hops);
  expect_same_results("o", "direct");
  EXPECT_EQ(content_of(folder_ / "o/configurations").size(), content_of(folder_ / "direct/configurations").size())
      << "no configuration of an interruption is left";
}

TEST_P(CliRestart, AfterAKill) {
  {
    Program program(folder_.path(), zener_command(arguments("o", {"--set", kForever, "--set", "checkpoint.every_s=0.05"})));
    EXPECT_TRUE(program.wait_until([&] { return fs::exists(folder_ / "o/checkpoint.previous.h5"); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    program.send(SIGKILL);
    EXPECT_EQ(program.wait().signal, SIGKILL);
  }
  if (!fs::exists(folder_ / "o/checkpoint.h5")) { // killed between the two renames
    fs::rename(folder_ / "o/checkpoint.previous.h5", folder_ / "o/checkpoint.h5");
  }
  // What a kill can leave half written is not looked at.
  put_bytes(folder_ / "o/checkpoint.h5.partial", "half of a checkpoint");
  put_bytes(folder_ / "o/series.h5.partial", "half of a series");
  const std::uint64_t hops = load_checkpoint(folder_ / "o/checkpoint.h5").state.hops + 300;
  expect_done(run("o", {"--resume", "--set", "hops=" + std::to_string(hops)}));
  for (const char *name : {"o/checkpoint.h5.partial", "o/series.h5.partial"}) {
    EXPECT_FALSE(fs::exists(folder_ / name)) << name;
  }
  run_directly(hops);
  expect_same_results("o", "direct");
}

TEST_P(CliRestart, Prolonged) {
  expect_done(run("o", {"--set", "hops=700"}));
  expect_done(run("o", {"--set", "hops=1400", "--resume"}));
  run_directly(1400);
  expect_same_results("o", "direct");
  // Nothing is left to do: the results stay as they are.
  expect_done(run("o", {"--set", "hops=1400", "--resume"}));
  expect_same_results("o", "direct");
}

TEST_P(CliRestart, SignalAtTheStart) {
  Program program(folder_.path(), zener_command(arguments("o", {"--set", kForever})));
  EXPECT_TRUE(program.wait_until([&] { return fs::exists(folder_ / "o/log.txt"); }));
  program.send(SIGINT);
  EXPECT_EQ(program.wait(30.0).code, 130);
  const std::uint64_t hops = load_checkpoint(folder_ / "o/checkpoint.h5").state.hops + 200;
  expect_done(run("o", {"--resume", "--set", "hops=" + std::to_string(hops)}));
  run_directly(hops);
  expect_same_results("o", "direct");
}

// Presets with everything observed: what is sampled goes on as if there had been no stop.
TEST_P(CliRestart, EverythingObservedGoesOn) {
  json kmc = json::parse(pair_preset(), nullptr, true, true);
  kmc["vacancies"] = 2;
  kmc["observe"] = {{"order", {{"shells", 2}}},
                    {"randomness", true},
                    {"transport", true},
                    {"tracers", true},
                    {"b2", {{"pair", {"Mo", "Ta"}}, {"least_partners", 5}, {"persistent_over_hops", 300}}},
                    {"sample", {{"every_hops", 100}}}};
  json exchanges = json::parse(pair_preset(), nullptr, true, true);
  exchanges["driver"] = "static_mc";
  exchanges.erase("hops");
  exchanges["observe"] = {{"b2", {{"pair", {"Mo", "Ta"}}, {"least_partners", 5}, {"persistent_over_hops", 300}}},
                          {"sample", {{"every_hops", 100}}}};
  for (const auto &[name, preset, steps] : {std::tuple{"kmc", kmc, "hops="}, std::tuple{"mc", exchanges, "trials="}}) {
    put_bytes(folder_ / (std::string(name) + ".json"), preset.dump());
    const auto run_to = [&, file = std::string(name) + ".json", set = std::string(steps)](const std::string &out,
                                                                                          const std::string &n, bool resume) {
      Arguments words{"run", file, "--device", "cpu", "--threads", GetParam(), "--out", out, "--set", set + n};
      if (resume) {
        words.push_back("--resume");
      }
      expect_done(zener(folder_.path(), words));
    };
    const std::string parts = std::string(name) + "-parts";
    const std::string whole = std::string(name) + "-whole";
    run_to(parts, "500", false);
    run_to(parts, "1300", true);
    run_to(whole, "1300", false);
    EXPECT_TRUE(bytes_of(folder_ / parts / "series.h5") == bytes_of(folder_ / whole / "series.h5")) << name;
    EXPECT_EQ(content_of(folder_ / parts / "configurations"), content_of(folder_ / whole / "configurations")) << name;
    EXPECT_EQ(json::parse(bytes_of(folder_ / parts / "summary.json")).at("groups"),
              json::parse(bytes_of(folder_ / whole / "summary.json")).at("groups"))
        << name;
  }
}

// Configurations on the way: the same whenever the run stopped, and no matter for the rest.
TEST_P(CliRestart, ConfigurationsOnTheWay) {
  json preset = json::parse(pair_preset(), nullptr, true, true);
  preset["observe"] = {{"b2", {{"pair", {"Mo", "Ta"}}, {"least_partners", 4}, {"persistent_over_hops", 200}}},
                       {"sample", {{"every_hops", 100}}}};
  preset["hops"] = 1300;
  put_bytes(folder_ / "plain.json", preset.dump());
  preset["output"]["configurations_at_hops"] = {1, 300, 500, 900, 1300};
  put_bytes(folder_ / "on_the_way.json", preset.dump());
  const auto run_to = [&](const std::string &file, const std::string &out, const Arguments &more) {
    Arguments words{"run", file, "--device", "cpu", "--threads", GetParam(), "--out", out};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = zener(folder_.path(), words);
    expect_done(outcome);
    return outcome.err;
  };
  run_to("plain.json", "plain", {});
  run_to("on_the_way.json", "whole", {});
  const auto groups_of = [&](const char *out) {
    return json::parse(bytes_of(folder_ / out / "summary.json")).at("groups").dump();
  };
  EXPECT_EQ(groups_of("plain"), groups_of("whole"));
  for (const char *file : {"final_g0_r0.xyz", "final_g0_r1.xyz", "final_g1_r0.xyz", "final_g1_r1.xyz"}) {
    EXPECT_EQ(bytes_of(folder_ / "plain/configurations" / file), bytes_of(folder_ / "whole/configurations" / file)) << file;
  }
  const auto whole = content_of(folder_ / "whole/configurations");
  EXPECT_EQ(whole.size(), 4U * 2U * (2U + 5U)) << "4 walkers in 2 forms";
  EXPECT_EQ(bytes_of(folder_ / "whole/configurations/hop_1300_g1_r1.xyz"),
            bytes_of(folder_ / "whole/configurations/final_g1_r1.xyz"));
  EXPECT_NE(bytes_of(folder_ / "whole/configurations/hop_300_g1_r1.xyz").find(" Hop=300 "), std::string::npos);

  // Stopped on one of the hops; what is there is not written again.
  run_to("on_the_way.json", "parts", {"--set", "hops=500", "--set", "output.configurations_at_hops=[1,300,500]"});
  const fs::path kept = folder_ / "parts/configurations/hop_300_g0_r0.xyz";
  const auto before = fs::last_write_time(kept);
  const std::string said = run_to("on_the_way.json", "parts", {"--resume"});
  EXPECT_EQ(count_of(said, "are not written"), 0U) << said;
  EXPECT_EQ(fs::last_write_time(kept), before);
  EXPECT_EQ(content_of(folder_ / "parts/configurations"), whole);
  EXPECT_EQ(groups_of("parts"), groups_of("whole"));

  // Asked for late: the present and the coming ones are written, the past is said to be lost.
  run_to("plain.json", "late", {"--set", "hops=500"});
  const std::string lost = run_to("on_the_way.json", "late", {"--resume"});
  EXPECT_EQ(count_of(lost, "are not written: the walk is at 500 already"), 2U) << lost;
  EXPECT_FALSE(fs::exists(folder_ / "late/configurations/hop_300_g0_r0.xyz"));
  for (const char *file : {"hop_500_g0_r0.xyz", "hop_900_g1_r0.dump", "hop_1300_g0_r1.xyz"}) {
    EXPECT_EQ(bytes_of(folder_ / "late/configurations" / file), bytes_of(folder_ / "whole/configurations" / file)) << file;
  }
}

TEST_P(CliRestart, AnAtomThatMovesTooFar) {
  json preset = json::parse(small_preset(), nullptr, true, true);
  preset["observe"]["tracers"] = true;
  put_bytes(folder_ / "far.json", preset.dump());
  const Arguments words{"run", "far.json", "--device", "cpu", "--threads", GetParam(), "--out", "far"};
  expect_done(zener(folder_.path(), words));
  // All atoms at the end of what their displacement can hold.
  Checkpoint checkpoint = load_checkpoint(folder_ / "far/checkpoint.h5");
  for (std::int64_t &packed : checkpoint.state.atom_displacement) {
    packed = std::numeric_limits<std::int64_t>::max(); // 2^21 - 1 in each of the three components
  }
  save_checkpoint(folder_ / "far/checkpoint.h5", checkpoint.identity, checkpoint.meta, checkpoint.state, checkpoint.rows);
  Arguments on = words;
  on.insert(on.end(), {"--resume", "--set", "hops=1000"});
  expect_failure(zener(folder_.path(), on), 2, {"observe.tracers", "4 of 4 walkers", "walker 0", "far"});
  const json summary = json::parse(bytes_of(folder_ / "far/summary.json"));
  EXPECT_EQ(summary.at("run").at("status"), "stopped: an atom has moved too far");
  EXPECT_EQ(summary.at("halted_walkers_total"), 4);
}

INSTANTIATE_TEST_SUITE_P(Threads, CliRestart, ::testing::Values("1", "2"),
                         [](const auto &i) { return std::string("of") + i.param; });

} // namespace
} // namespace zener::test
