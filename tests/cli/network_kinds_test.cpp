// Networks of every kind through the program: kmc, static_mc, barrier_map and barriers; and those that a preset must refuse.
#include "host/neutral/network_file.hpp"
#include "tests/cli/program.hpp"
#include "tests/support/networks.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace zener::test {
namespace {

using nlohmann::json;

struct NamedNetwork {
  const char *file;
  TrainedModel model;
};

std::vector<NamedNetwork> networks() {
  return {{"mlp", random_network({6, 5})},
          {"site_mlp", made_site_mlp(SiteGroup::axis, {5, 4})},
          {"cnn", made_cnn(false, {2, 2, 2, 2})},
          {"consistent", made_consistent(3, 3)},
          {"far", made_consistent(5, 5)}};
}

// The preset of the program's tests with a network of any kind.
json preset_of(const std::string &file) {
  json document = json::parse(network_preset(file), nullptr, true, true);
  document["barriers"]["kind"] = "network";
  document["hops"] = 40;
  return document;
}

TEST(CliNetworks, EveryKindRuns) {
  const TemporaryFolder folder;
  for (const NamedNetwork &network : networks()) {
    write_network(network.model, folder / network.file, {}, TensorType::float32);
    put_bytes(folder / "p.json", preset_of(network.file).dump());
    const std::string out = std::string("kmc_") + network.file;
    expect_done(zener(folder.path(), {"run", "p.json", "--out", out, "--device", "cpu", "--threads", "1"}));
    EXPECT_EQ(json::parse(bytes_of(folder / (out + "/summary.json"))).at("run").at("status"), "finished") << network.file;

    json map = preset_of(network.file);
    map["driver"] = "barrier_map";
    for (const char *key : {"hops", "walkers", "observe", "checkpoint", "output"}) {
      map.erase(key);
    }
    map["output"] = {{"plots", false}};
    put_bytes(folder / "m.json", map.dump());
    expect_done(zener(folder.path(), {"run", "m.json", "--out", std::string("map_") + network.file, "--device", "cpu"}));

    json environments{{"environments", json::array()}};
    const std::size_t sites = std::string(network.file) == "far" ? 144 : 112;
    json types = json::array();
    for (std::size_t m = 0; m < sites; ++m) {
      types.push_back(1 + (m * m + 3 * m) % 7 % 3);
    }
    environments["environments"].push_back({{"types", types}});
    put_bytes(folder / "e.json", environments.dump());
    const Outcome barriers = zener(folder.path(), {"barriers", network.file, "e.json"});
    expect_done(barriers);
    const json met = json::parse(barriers.out);
    EXPECT_EQ(met.at("environments").at(0).at("barriers_ev").size(), 8U);
  }
}

TEST(CliNetworks, ExchangesTakeTheStateEnergyOfAConsistentNetwork) {
  const TemporaryFolder folder;
  write_network(made_consistent(5, 5), folder / "far");
  write_network(random_network({3}), folder / "mlp");
  json document = preset_of("far");
  document["driver"] = "static_mc";
  document["trials"] = 200;
  document.erase("hops");
  put_bytes(folder / "p.json", document.dump());
  expect_done(zener(folder.path(), {"run", "p.json", "--out", "r", "--device", "cpu", "--threads", "1"}));
  EXPECT_EQ(json::parse(bytes_of(folder / "r/summary.json")).at("run").at("status"), "finished");
  expect_failure(zener(folder.path(), {"run", "p.json", "--out", "s", "--set", "barriers.file=mlp"}), 2,
                 {"/barriers/file", "\"mlp\"", "no state energy"});
  expect_failure(zener(folder.path(), {"run", "p.json", "--out", "s", "--set", "vacancies=2"}), 2, {"one vacancy"});
}

TEST(CliNetworks, EnsemblesRunAndShowWhatTheyDoNotKnow) {
  const TemporaryFolder folder;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    write_network(made_consistent(3, 3, {4, 5}, {3, 4}, seed), folder / ("n" + std::to_string(seed)));
  }
  write_network(made_consistent(3, 3, {4, 6}), folder / "wider");
  json document = preset_of("n1");
  document["barriers"] = {{"kind", "network"}, {"files", {"n1", "n2", "n3"}}, {"spread_limit_eV", 0.05}};
  put_bytes(folder / "p.json", document.dump());
  const auto run = [&](const std::string &out, const Arguments &more) {
    Arguments all{"run", "p.json", "--out", out, "--device", "cpu", "--threads", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return zener(folder.path(), all);
  };
  const Outcome whole = run("r", {});
  expect_done(whole);
  EXPECT_NE(whole.err.find("mean of 3 networks"), std::string::npos) << whole.err;
  const json summary = json::parse(bytes_of(folder / "r/summary.json"));
  double share = 0.0;
  for (const json &group : summary.at("groups")) {
    const json &spread = group.at("spread");
    EXPECT_GT(spread.at("rms_eV").at("mean").get<double>(), 0.0);
    EXPECT_GE(spread.at("largest_eV").get<double>(), spread.at("rms_eV").at("mean").get<double>());
    share += spread.at("flagged_share").at("mean").get<double>() / 2.0;
  }
  ASSERT_GT(share, 0.01);
  EXPECT_NE(whole.err.find("exceeds 0.05 eV"), std::string::npos) << whole.err;
  EXPECT_EQ(summary.at("warnings").size(), 1U);

  // What was flagged goes into the command barriers, which finds the spread again.
  const json flagged = json::parse(bytes_of(folder / "r/flagged.json"));
  ASSERT_FALSE(flagged.at("environments").empty());
  EXPECT_LE(flagged.at("environments").size(), 4U * 4U);
  const Outcome barriers = zener(folder.path(), {"barriers", "n1", "r/flagged.json", "--member", "n2", "--member", "n3"});
  expect_done(barriers);
  for (const json &environment : json::parse(barriers.out).at("environments")) {
    EXPECT_EQ(environment.at("barriers_ev").size(), 8U);
    double largest = 0.0;
    for (const json &spread : environment.at("spread_eV")) {
      largest = std::max(largest, spread.get<double>());
    }
    EXPECT_GT(largest, 0.05);
  }

  // Cut in two, it is the same.
  expect_done(run("two", {"--set", "hops=17"}));
  expect_done(run("two", {"--resume"}));
  EXPECT_EQ(bytes_of(folder / "two/flagged.json"), bytes_of(folder / "r/flagged.json"));
  EXPECT_EQ(json::parse(bytes_of(folder / "two/summary.json")).at("groups"), summary.at("groups"));
  expect_failure(run("two", {"--resume", "--set", "barriers.spread_limit_eV=0.06"}), 2, {"spread_limit_eV"});

  json map = document;
  map["driver"] = "barrier_map";
  for (const char *key : {"hops", "walkers", "observe", "checkpoint"}) {
    map.erase(key);
  }
  map["output"] = {{"plots", false}};
  map["barriers"].erase("spread_limit_eV");
  put_bytes(folder / "m.json", map.dump());
  expect_done(zener(folder.path(), {"run", "m.json", "--out", "m", "--device", "cpu"}));
  const json mapped = json::parse(bytes_of(folder / "m/summary.json")).at("compositions").at(0).at("spread_eV");
  EXPECT_GT(mapped.at("largest").get<double>(), mapped.at("rms").get<double>());
  EXPECT_GT(mapped.at("rms").get<double>(), 0.0);

  json exchanges = document;
  exchanges["driver"] = "static_mc";
  exchanges["trials"] = 50;
  exchanges.erase("hops");
  exchanges["barriers"].erase("spread_limit_eV");
  put_bytes(folder / "s.json", exchanges.dump());
  expect_done(zener(folder.path(), {"run", "s.json", "--out", "s", "--device", "cpu", "--threads", "1"}));

  expect_failure(run("x", {"--set", "barriers.files.2=wider"}), 2, {"/barriers/files", "wider: network of the jump"});
  expect_failure(run("x", {"--set", "barriers.files.2=none"}), 3, {"/barriers/files/2", "none", "missing"});
  expect_failure(zener(folder.path(), {"barriers", "n1", "r/flagged.json", "--member", "wider"}), 2, {"--member", "wider"});
}

TEST(CliNetworks, PresetsThatDoNotFitAreRefused) {
  const TemporaryFolder folder;
  write_network(made_consistent(8, 2), folder / "wide");
  put_bytes(folder / "p.json", preset_of("wide").dump());
  expect_failure(zener(folder.path(), {"check", "p.json", "--set", "lattice.cells=[5,6,6]"}), 2,
                 {"/lattice/cells", "at least 6 cells", "8 shells"});
  expect_failure(zener(folder.path(), {"check", "p.json", "--set", "barriers.kind=mlp"}), 2,
                 {"/barriers/kind", "\"consistent\"", "\"network\""});
  expect_failure(
      zener(folder.path(), {"check", "p.json", "--set", "composition={\"Nb\":1,\"W\":1}", "--set", "lattice.cells=[6,6,6]"}), 2,
      {"\"W\"", "Nb, Mo, Ta"});
}

} // namespace
} // namespace zener::test
