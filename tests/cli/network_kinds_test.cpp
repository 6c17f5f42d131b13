// Networks of every kind through the program: kmc, static_mc, barrier_map and barriers; and those that a preset must refuse.
#include "host/neutral/network_file.hpp"
#include "tests/cli/program.hpp"
#include "tests/support/networks.hpp"

#include <nlohmann/json.hpp>

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
