// Every command of the program besides `run`, used as intended, and its arguments when they are wrong.
#include "host/neutral/environments.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/mlp_file.hpp"
#include "tests/cli/program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <regex>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// The JSON object at the start of a text: it ends at the first brace that stands alone at the start of a line.
json leading_object(const std::string &text) {
  const std::size_t end = text.find("\n}\n");
  return json::parse(text.substr(0, end == std::string::npos ? text.size() : end + 2));
}

// Environments of random Nb, Mo and Ta.
std::string random_environments(int count) {
  std::mt19937 random(5);
  json environments = json::array();
  for (int e = 0; e < count; ++e) {
    json types = json::array();
    for (int k = 0; k < kEnvironmentSites; ++k) {
      types.push_back(1 + random() % 3);
    }
    environments.push_back({{"types", types}, {"name", "environment " + std::to_string(e)}});
  }
  return json{{"environments", environments}}.dump();
}

// The network in double, path by path: y = W x + b, ReLU on all layers but the last.
double evaluated(const Mlp &network, const std::uint8_t *types, std::size_t path) {
  std::vector<double> values;
  for (const std::uint8_t from : bcc_tables().aligned[path]) {
    values.push_back(types[from]);
  }
  return network_output(network, std::move(values));
}

TEST(CliCommands, VersionAndHelp) {
  const TemporaryFolder folder;
  const Outcome version = zener(folder.path(), {"--version"});
  expect_done(version);
  EXPECT_EQ(version.out.rfind("zener ", 0), 0U) << version.out;
  EXPECT_NE(version.out.find("backends: "), std::string::npos);
  const Outcome help = zener(folder.path(), {"--help"});
  expect_done(help);
  for (const char *command : {"run", "check", "presets", "devices", "schema", "barriers", "plot", "import-nnk", "bench"}) {
    EXPECT_NE(help.out.find(std::string("\n  ") + command + " "), std::string::npos) << command << ": " << help.out;
  }
  const Outcome run = zener(folder.path(), {"run", "--help"});
  expect_done(run);
  for (const char *option : {"--set", "--device", "--threads", "--out", "--resume"}) {
    EXPECT_NE(run.out.find(option), std::string::npos) << option;
  }
}

TEST(CliCommands, WrongArguments) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", small_preset());
  expect_failure(zener(folder.path(), {}), 2, {"subcommand is required", "--help"});
  expect_failure(zener(folder.path(), {"frobnicate"}), 2, {"\"frobnicate\"", "there are: run, check"});
  expect_failure(zener(folder.path(), {"chekc", "p.json"}), 2, {"\"chekc\"", "did you mean \"check\""});
  expect_failure(zener(folder.path(), {"run"}), 2, {"preset is required"});
  expect_failure(zener(folder.path(), {"run", "p.json", "--bogus"}), 2, {"--bogus"});
  expect_failure(zener(folder.path(), {"run", "p.json", "q.json"}), 2, {"q.json"});
  expect_failure(zener(folder.path(), {"run", "p.json", "--out"}), 2, {"--out"});
  expect_failure(zener(folder.path(), {"run", "p.json", "--threads", "-1"}), 2, {"--threads"});
  expect_failure(zener(folder.path(), {"run", "p.json", "--threads", "many"}), 2, {"--threads", "many"});
  expect_failure(zener(folder.path(), {"--log", "loud", "presets"}), 2, {"--log", "loud"});
  expect_failure(zener(folder.path(), {"run", "p.json", "--set", "hops"}), 2, {"hops"});
  expect_failure(zener(folder.path(), {"barriers", "one"}), 2, {"environments is required"});
  EXPECT_EQ(content_of(folder.path()).size(), 1U) << "nothing may be written";
}

TEST(CliCommands, PresetsDevicesSchema) {
  const TemporaryFolder folder;
  const Outcome presets = zener(folder.path(), {"presets"});
  expect_done(presets);
  for (const char *line :
       {"all_keys +kmc +Every key", "static_order +static_mc +Equilibrium", "nbmota_order_sweep +kmc +Chemical",
        "nbmota_barrier_diagram +barrier_map +Mean", "quickstart +kmc +Quick start"}) {
    EXPECT_TRUE(std::regex_search(presets.out, std::regex(line))) << line << " is missing in " << presets.out;
  }
  const Outcome devices = zener(folder.path(), {"devices"});
  expect_done(devices);
  EXPECT_NE(devices.out.find("cpu:0"), std::string::npos) << devices.out;
  const Outcome schema = zener(folder.path(), {"schema"});
  expect_done(schema);
  const json keys = json::parse(schema.out).at("properties");
  for (const char *key :
       {"driver", "lattice", "composition", "barriers", "walkers", "hops", "observe", "checkpoint", "output"}) {
    EXPECT_TRUE(keys.contains(key)) << key;
  }
  EXPECT_EQ(zener(folder.path(), {"schema", "kmc"}).out, schema.out) << "kmc is the default";
  for (const char *driver : {"static_mc", "barrier_map"}) {
    const Outcome other = zener(folder.path(), {"schema", driver});
    expect_done(other);
    EXPECT_EQ(json::parse(other.out).at("properties").at("driver").at("enum").at(0), driver);
  }
  expect_failure(zener(folder.path(), {"schema", "barier_map"}), 2, {"barier_map", "did you mean", "barrier_map", "kmc"});
  EXPECT_TRUE(content_of(folder.path()).empty());
}

TEST(CliCommands, StandardOutputThatIsFull) {
  if (::access("/dev/full", W_OK) != 0) {
    GTEST_SKIP() << "there is no /dev/full";
  }
  const TemporaryFolder folder;
  for (const char *command : {"schema", "presets", "devices", "check quickstart"}) {
    const Outcome outcome = Program(folder.path(), {"/bin/sh", "-c", zener_binary() + " " + command + " > /dev/full"}).wait();
    expect_failure(outcome, 3, {"standard output cannot be written"});
  }
}

TEST(CliCommands, CheckPrintsAPresetThatChecksAgain) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", pair_preset());
  const Outcome first =
      zener(folder.path(), {"check", "p.json", "--set", "hops=1234", "--set", "lattice.cells.1=6", "--threads", "1"});
  expect_done(first);
  const json resolved = leading_object(first.out);
  EXPECT_EQ(resolved.at("hops"), 1234);
  EXPECT_EQ(resolved.at("lattice").at("cells"), json({5, 6, 5}));
  EXPECT_EQ(resolved.at("precision"), "float32") << "defaults are explicit";
  for (const char *line :
       {"\ndevice    cpu:0", "\nwalkers   4 of 300 sites in 2 groups, 1234 hops each", "\nmemory    ", "\ntime      about "}) {
    EXPECT_NE(first.out.find(line), std::string::npos) << line << " is missing in " << first.out;
  }
  EXPECT_EQ(content_of(folder.path()).size(), 1U) << "check runs nothing and writes nothing";

  const TemporaryFolder elsewhere; // what was printed holds from anywhere
  put_bytes(elsewhere / "again.json", resolved.dump());
  const Outcome second = zener(elsewhere.path(), {"check", "again.json", "--threads", "1"});
  expect_done(second);
  EXPECT_EQ(leading_object(second.out), resolved);
}

TEST(CliCommands, CheckOfTheShippedPresets) {
  const TemporaryFolder folder;
  for (const auto &[name, driver] :
       {std::pair{"quickstart", "kmc"}, std::pair{"all_keys.json", "kmc"}, std::pair{"all_keys_static_mc", "static_mc"},
        std::pair{"all_keys_barrier_map", "barrier_map"}, std::pair{"composition_ladder", "kmc"},
        std::pair{"static_order", "static_mc"}, std::pair{"random_walks", "kmc"}}) {
    const Outcome outcome = zener(folder.path(), {"check", name, "--threads", "1"});
    expect_done(outcome);
    EXPECT_EQ(leading_object(outcome.out).at("driver"), driver);
  }
  const Outcome sweep = zener(folder.path(), {"check", "nbmota_order_sweep", "--set", "barriers.file=absent.safetensors"});
  expect_failure(sweep, 3, {"absent.safetensors", "import-nnk", "https://github.com/UCICaoLab/NKK"});
  write_mlp(small_network(), folder / "n.safetensors");
  for (const char *name : {"nbmota_order_sweep", "nbmota_randomness", "nbmota_barrier_diagram"}) {
    expect_done(zener(folder.path(), {"check", name, "--set", "barriers.file=n.safetensors", "--threads", "1"}));
  }
  EXPECT_EQ(content_of(folder.path()).size(), 1U);
}

// The preset is read twice, once for its driver; a pipe gives it but once.
TEST(CliCommands, APresetFromAPipe) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", pair_preset());
  for (const char *command : {"check /dev/stdin", "run /dev/stdin --out o --set hops=10"}) {
    const Outcome outcome =
        Program(folder.path(), {"/bin/sh", "-c", "cat p.json | " + zener_binary() + " " + command + " --threads 1"}).wait();
    expect_done(outcome);
  }
  EXPECT_TRUE(fs::exists(folder / "o/summary.json"));
}

TEST(CliCommands, CheckNamesTooLittleMemory) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", small_preset());
  const Outcome outcome = zener(folder.path(), {"check", "p.json", "--device", "cpu", "--set", "walkers.replicas=10000000",
                                                "--set", "lattice.cells=[100,100,100]"});
  expect_failure(outcome, 4, {"MiB"});
}

TEST(CliCommands, BarriersOfANetwork) {
  const TemporaryFolder folder;
  const Mlp network = small_network();
  write_mlp(network, folder / "n.safetensors");
  put_bytes(folder / "e.json", random_environments(5));
  const Outcome printed =
      zener(folder.path(), {"barriers", "n.safetensors", "e.json", "--precision", "float64", "--threads", "1"});
  expect_done(printed);
  const Outcome written = zener(
      folder.path(), {"barriers", "n.safetensors", "e.json", "--precision", "float64", "--out", "o.json", "--threads", "2"});
  expect_done(written);
  EXPECT_EQ(bytes_of(folder / "o.json"), printed.out) << "the file holds what is printed, for any number of threads";
  const Outcome single = zener(folder.path(), {"barriers", "n.safetensors", "e.json", "--threads", "1"});
  expect_done(single);

  const Environments environments = read_environments(folder / "e.json", network.elements);
  const json result = json::parse(printed.out);
  const json rounded = json::parse(single.out);
  ASSERT_EQ(result.at("environments").size(), 5U);
  for (std::size_t e = 0; e < 5; ++e) {
    const json &entry = result.at("environments").at(e);
    EXPECT_EQ(entry.at("name"), "environment " + std::to_string(e)) << "the order is the input's";
    ASSERT_EQ(entry.at("barriers_ev").size(), 8U);
    for (std::size_t p = 0; p < kPaths; ++p) {
      const double expected = evaluated(network, environments.types.data() + e * kEnvironmentSites, p);
      EXPECT_NEAR(entry.at("barriers_ev").at(p).get<double>(), expected, 1e-12);
      EXPECT_NEAR(rounded.at("environments").at(e).at("barriers_ev").at(p).get<double>(), expected, 5e-6);
    }
  }
}

TEST(CliCommands, BarriersOfThePublishedNetwork) {
  const fs::path model = shared_file("data/nnk/nbmota_mlp.safetensors");
  const fs::path file = shared_file("data/nnk/environments_dev.json");
  if (model.empty() || file.empty()) {
    GTEST_SKIP() << "the published network (data/nnk) is not beside the repository";
  }
  const TemporaryFolder folder;
  const json expected = json::parse(bytes_of(file));
  for (const auto &[precision, tolerance] : {std::pair{"float32", 5e-6}, std::pair{"float64", 1e-9}}) {
    const Outcome outcome = zener(folder.path(), {"barriers", model.string(), file.string(), "--precision", precision});
    expect_done(outcome);
    const json met = json::parse(outcome.out);
    ASSERT_EQ(met.at("environments").size(), expected.at("environments").size());
    double worst = 0.0;
    for (std::size_t e = 0; e < expected.at("environments").size(); ++e) {
      for (std::size_t p = 0; p < 8; ++p) {
        const auto value = [&](const json &of) { return of.at("environments").at(e).at("barriers_ev").at(p).get<double>(); };
        worst = std::max(worst, std::abs(value(met) - value(expected)));
      }
    }
    EXPECT_LE(worst, tolerance) << precision;
  }
}

TEST(CliCommands, BarriersOfBadInput) {
  const TemporaryFolder folder;
  write_mlp(small_network(), folder / "n.safetensors");
  put_bytes(folder / "e.json", random_environments(2));
  expect_failure(zener(folder.path(), {"barriers", "absent.safetensors", "e.json"}), 3, {"absent.safetensors", "No such file"});
  expect_failure(zener(folder.path(), {"barriers", "n.safetensors", "absent.json"}), 3, {"absent.json", "No such file"});
  put_bytes(folder / "short.json", R"({"environments": [{"types": [1, 2, 3]}]})");
  expect_failure(zener(folder.path(), {"barriers", "n.safetensors", "short.json"}), 3, {"short.json", "112"});
  expect_failure(zener(folder.path(), {"barriers", "n.safetensors", "e.json", "--precision", "half"}), 2, {"half"});
  expect_failure(zener(folder.path(), {"barriers", "n.safetensors", "e.json", "--out", "no/folder/o.json"}), 3, {"no/folder"});
}

TEST(CliCommands, PlotOfWhatIsNoResult) {
  if (python_with({"h5py", "matplotlib", "numpy"}).empty()) {
    GTEST_SKIP() << "no Python with h5py, matplotlib and numpy";
  }
  const TemporaryFolder folder;
  expect_failure(zener(folder.path(), {"plot", "absent"}), 3, {"absent"});
  expect_failure(zener(folder.path(), {"plot", "."}), 3, {"summary.json"});
}

TEST(CliCommands, PlotAndImportWithoutPython) {
  const TemporaryFolder folder;
  const Environment none{{"ZENER_PYTHON", "/bin/false"}};
  expect_failure(zener(folder.path(), {"plot", "."}, none), 3, {"no Python", "matplotlib", "apt-get install"});
  expect_failure(zener(folder.path(), {"import-nnk", "a.npy", "b.safetensors"}, none), 3, {"no Python", "apt-get install"});
}

TEST(CliCommands, ImportOfPublishedForm) {
  const std::string python = python_with({"numpy"});
  if (python.empty()) {
    GTEST_SKIP() << "no Python with numpy";
  }
  const TemporaryFolder folder;
  // W, b, gamma, beta, mean, variance of one hidden layer of 4, then the output; weights that the next lines can predict.
  const std::string script =
      "import numpy as n\n"
      "w = n.zeros((729, 4), n.float32)\n"
      "o, z = n.ones(4, n.float32), n.zeros(4, n.float32)\n"
      "items = [w, z, o, o, z, o * n.float32(0.999), n.full((4, 1), 0.25, n.float32), n.array([0.5], n.float32)]\n"
      "a = n.empty(len(items), object)\n"
      "for i, item in enumerate(items):\n"
      "    a[i] = item\n"
      "n.save('weights.npy', a, allow_pickle=True)\n";
  expect_done(Program(folder.path(), {"/usr/bin/env", python, "-c", script}).wait());
  const Outcome outcome = zener(folder.path(), {"import-nnk", "weights.npy", "model.safetensors", "--elements", "Nb,Mo,Ta"});
  expect_done(outcome);
  EXPECT_NE(outcome.out.find("729 -> 4 -> 1"), std::string::npos) << outcome.out;
  const Mlp model = read_mlp(folder / "model.safetensors");
  EXPECT_EQ(model.elements, (std::vector<std::string>{"Nb", "Mo", "Ta"}));
  ASSERT_EQ(model.layers.size(), 2U);
  put_bytes(folder / "e.json", random_environments(1));
  const Outcome barriers = zener(folder.path(), {"barriers", "model.safetensors", "e.json", "--precision", "float64"});
  expect_done(barriers);
  // Zero weights leave beta = 1 in each of the four neurons: 0.5 + 4 * 0.25.
  EXPECT_NEAR(json::parse(barriers.out).at("environments").at(0).at("barriers_ev").at(7).get<double>(), 1.5, 1e-12);

  put_bytes(folder / "garbage.npy", std::string(300, 'x'));
  expect_failure(zener(folder.path(), {"import-nnk", "garbage.npy", "g.safetensors"}), 3, {"garbage.npy", "neither"});
  const std::string whole = bytes_of(folder / "weights.npy");
  put_bytes(folder / "cut.npy", whole.substr(0, whole.size() / 2));
  expect_failure(zener(folder.path(), {"import-nnk", "cut.npy", "g.safetensors"}), 3, {"cut.npy", "truncated"});
  expect_failure(zener(folder.path(), {"import-nnk", "absent.npy", "g.safetensors"}), 3, {"absent.npy"});
  expect_failure(zener(folder.path(), {"import-nnk", "weights.npy", "g.safetensors", "--elements", "Nb,Xx"}), 2, {"Xx"});
  EXPECT_FALSE(fs::exists(folder / "g.safetensors"));
}

TEST(CliCommands, BenchmarkThatIsUnknown) {
  const TemporaryFolder folder;
  if (fs::exists(fs::path(zener_binary()).parent_path() / "zener_bench")) {
    expect_failure(zener(folder.path(), {"bench", "nosuch"}), 2, {"\"nosuch\"", "kmc"});
  } else {
    expect_failure(zener(folder.path(), {"bench", "nosuch"}), 3, {"zener_bench", "./zener.sh build"});
  }
}

// The least of each kind of potential: figures of one thread and of two, all of them there, the parts within the whole.
TEST(CliCommands, BenchmarkOfMolecularDynamics) {
  const TemporaryFolder folder;
  if (!fs::exists(fs::path(zener_binary()).parent_path() / "zener_bench")) {
    GTEST_SKIP() << "zener_bench is not built";
  }
  const Arguments tiny{"bench", "md", "--device", "cpu", "--threads", "2", "--sizes", "54,128", "--seconds", "0.05"};
  const auto with = [&](Arguments more) {
    more.insert(more.begin(), tiny.begin(), tiny.end());
    return zener(folder.path(), more);
  };
  const Outcome outcome = with({"--only", "EAM", "--only", "NEP", "--json", "figures.json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json figures = json::parse(bytes_of(folder / "figures.json"));
  EXPECT_EQ(figures.at("format"), "zener-bench-md-1");
  EXPECT_EQ(figures.at("checks").size(), 2u);
  const json &rows = figures.at("rows");
  ASSERT_EQ(rows.size(), 16u); // two potentials, two precisions, one and two threads, two sizes
  for (const json &row : rows) {
    SCOPED_TRACE(row.dump());
    EXPECT_TRUE(row.at("atoms") == 54 || row.at("atoms") == 128);
    EXPECT_GT(row.at("atom_steps_per_s").get<double>(), 0.0);
    EXPECT_GT(row.at("build_ns_per_atom").get<double>(), 0.0);
    EXPECT_GT(row.at("device_bytes_per_atom").get<double>(), 100.0);
    double sum = 0.0;
    for (const auto &[name, ns] : row.at("ns_per_atom_step_by_launch").items()) {
      sum += ns.get<double>();
    }
    double parts = 0.0;
    for (const char *part : {"descriptor", "force", "integration"}) {
      EXPECT_GT(row.at("ns_per_atom_step").at(part).get<double>(), 0.0) << part;
      parts += row.at("ns_per_atom_step").at(part).get<double>();
    }
    if (row.at("threads") == 1) { // the least of different passes, on a machine that may be busy
      EXPECT_GT(parts, 0.2 * sum);
      EXPECT_LT(parts, 5.0 * sum);
    }
  }
  EXPECT_EQ(figures.at("list_renewal").size(), 2u);

  const Outcome whole = with({"--only", "SNAP 2J=8 (made)", "--precision", "mixed", "--no-parts", "--json", "whole.json"});
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_FALSE(json::parse(bytes_of(folder / "whole.json")).at("rows").at(0).contains("ns_per_atom_step"));
  expect_failure(with({"--only", "none of these"}), 2, {"--only"});
  expect_failure(with({"--potential", "without a file"}), 2, {"NAME=FILE"});
  expect_failure(zener(folder.path(), {"bench", "md", "--sizes", "1"}), 2, {"--sizes", "atoms"});
}

} // namespace
} // namespace zener::test
