// Whatever is wrong in what a user gives ends in one clear line and the right exit code, and nothing already written is lost.
#include "apps/zener/python.hpp"
#include "host/neutral/checkpoint.hpp"
#include "host/neutral/h5.hpp"
#include "host/neutral/mlp_file.hpp"
#include "host/neutral/safetensors.hpp"
#include "host/neutral/structure_files.hpp"
#include "tests/cli/program.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <limits>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// `zener run p.json` with arguments, in a folder that holds p.json; no result may be left behind.
class CliBadInput : public ::testing::Test {
protected:
  CliBadInput() { put_bytes(folder_ / "p.json", small_preset()); }

  Outcome run(Arguments arguments) const {
    arguments.insert(arguments.begin(), {"run", "p.json", "--threads", "1", "--out", "o"});
    return zener(folder_.path(), arguments);
  }
  Outcome run_edited(const std::string &edit) const { return run({"--set", edit}); }
  Outcome run_text(const std::string &text) const {
    put_bytes(folder_ / "p.json", text);
    return run({});
  }

  void refused(const Outcome &outcome, int code, std::initializer_list<std::string> words) const {
    expect_failure(outcome, code, words);
    EXPECT_FALSE(fs::exists(folder_ / "o")) << "a run that cannot start leaves no folder";
  }

  TemporaryFolder folder_;
};

TEST_F(CliBadInput, PresetFile) {
  refused(zener(folder_.path(), {"run", "absent.json", "--out", "o"}), 3, {"absent.json", "No such file"});
  refused(zener(folder_.path(), {"run", "quickstrat", "--out", "o"}), 3, {"quickstrat"});
  refused(zener(folder_.path(), {"run", ".", "--out", "o"}), 3, {"directory"});
  refused(zener(folder_.path(), {"check", "absent.json"}), 3, {"absent.json"});
}

TEST_F(CliBadInput, JumpIntoAVacancy) {
  std::string types = "[0";
  for (int i = 1; i < 112; ++i) {
    types += ",1";
  }
  std::ofstream(folder_.path() / "e.json") << "{\"environments\": [{\"types\": " << types << "]}]}";
  const std::string model = (home_folder() / "presets/models/nbmota_pair_kra.json").string();
  refused(zener(folder_.path(), {"barriers", model, "e.json"}), 3, {"e.json", "environment 0", "path 0", "vacant"});
}

TEST_F(CliBadInput, MalformedJson) {
  refused(run_text(""), 2, {"p.json"});
  refused(run_text("{\"driver\": \"kmc\",\n \"hops\": }"), 2, {"p.json:2:"});
  refused(run_text(small_preset().substr(0, 120)), 2, {"p.json:"});
  refused(run_text(std::string("\0\xff\xfe{", 4)), 2, {"p.json:1:"});
  refused(run_text("{\"driver\": \"kmc\", \"driver\": \"kmc\"}"), 2, {"p.json:1:", "driver"});
  refused(run_text("[1, 2]"), 2, {"p.json"});
  refused(run_text(std::string(100000, '[')), 2, {"p.json"});
}

TEST_F(CliBadInput, KeysAndTypes) {
  refused(run_edited("temprature_K=5"), 2, {"/temprature_K", "p.json"});
  refused(run_edited("walkers.replica=5"), 2, {"/walkers/replica", "replicas"});
  refused(run_edited("hops=\"many\""), 2, {"/hops", "many", "integer"});
  refused(run_edited("hops=1.5"), 2, {"/hops", "1.5"});
  refused(run_edited("hops=0"), 2, {"/hops"});
  refused(run_edited("hops=-5"), 2, {"/hops", "-5"});
  refused(run_edited("lattice=[]"), 2, {"/lattice", "object"});
  refused(run_edited("output.plots=1"), 2, {"/output/plots", "true or false"});
  refused(run_edited("driver=molecules"), 2, {"/driver", "kmc", "md"});
  refused(run_edited("precision=float16"), 2, {"/precision", "float32", "float64"});
  refused(run_edited("seed=4294967296"), 2, {"/seed"});
  refused(run_edited("observe.averages_from_hop=500"), 2, {"/observe/averages_from_hop", "500"});
}

TEST_F(CliBadInput, Values) {
  refused(run_edited("walkers.temperatures_K.1=-300"), 2, {"/walkers/temperatures_K/1", "-300"});
  refused(run_edited("walkers.temperatures_K=[]"), 2, {"/walkers/temperatures_K"});
  refused(run_edited("walkers.temperatures_K.0=0"), 2, {"/walkers/temperatures_K/0"});
  refused(run_edited("composition={}"), 2, {"/composition"});
  refused(run_edited("composition=[]"), 2, {"/composition"});
  refused(run_edited("composition.Nb=-1"), 2, {"/composition/Nb", "-1"});
  refused(run_edited("lattice.cells.2=4"), 2, {"/lattice/cells/2", "4", "5"});
  refused(run_edited("lattice.cells=[8,8]"), 2, {"/lattice/cells"});
  refused(run_edited("lattice.a_A=0"), 2, {"/lattice/a_A"});
  refused(run_edited("barriers.barrier_eV=-1"), 2, {"/barriers/barrier_eV", "-1"});
}

TEST_F(CliBadInput, DriversAndWhatTheyDoNotKnow) {
  refused(run_edited("driver=static_mcc"), 2, {"/driver", "static_mcc", "did you mean", "static_mc"});
  refused(run_edited("driver=static_mc"), 2, {"/barriers/kind", "pair_kra", "/trials"});
  refused(run_edited("driver=barrier_map"), 2, {"/hops", "unknown key"});
  refused(run_edited("memory.entries=100"), 2, {"/memory/entries", "constant"});
  refused(run_edited("vacancies=65"), 2, {"/vacancies", "64"});
  refused(run_edited("lattice.structure=hcp"), 2, {"/lattice/structure", "bcc", "sc", "fcc"});
  refused(run_edited(R"(observe.b2={"pair": ["Nb", "W"]})"), 2, {"/observe/b2/pair/1", "W"});
  refused(run_edited(R"(real_time={"error_eV": 0.1})"), 2, {"/real_time/formation_free_energy_eV"});
}

// Initial configurations: each is wrong in one way.
TEST_F(CliBadInput, InitialConfigurations) {
  json preset = json::parse(small_preset(), nullptr, true, true); // with comments
  preset.erase("composition");
  preset["initial"]["file"] = "i.xyz";
  const auto started = [&](const std::string &content, const char *edit = "seed=1") {
    put_bytes(folder_ / "p.json", preset.dump());
    put_bytes(folder_ / "i.xyz", content);
    return run_edited(edit);
  };
  LatticeConfiguration c;
  c.cells = {5, 5, 5};
  c.lattice_constant_A = preset.at("lattice").at("a_A");
  c.elements = {"Nb", "Mo"};
  std::vector<std::uint8_t> occupancy(250, 1);
  occupancy[7] = 2;
  c.occupancy = occupancy;
  const std::string good = extended_xyz(c);
  expect_done(started(good));
  fs::remove_all(folder_ / "o");
  refused(started(good.substr(0, good.size() / 2)), 3, {"i.xyz"});
  refused(started(good, "lattice.cells=[5,5,6]"), 3, {"i.xyz:2: ", "6 cells"});
  refused(started(good, "lattice.structure=fcc"), 3, {"i.xyz:", "fcc"});
  refused(started(good, "lattice.cells=[1024,1024,1000]"), 3, {"i.xyz:2: ", "1024 cells"}); // no memory is taken for them
  refused(started("no configuration"), 3, {"i.xyz:1: "});
  refused(started(good, "initial.file=absent.xyz"), 3, {"absent.xyz", "No such file"});
  refused(started(good, "composition.Nb=1"), 2, {"/composition", "initial"});
  occupancy[3] = occupancy[4] = 0;
  refused(started(extended_xyz(c)), 3, {"i.xyz", "2 of the 250 sites", "vacancies"});
}

TEST_F(CliBadInput, PairModels) {
  put_bytes(folder_ / "p.json", pair_preset());
  refused(run_edited("barriers.migration_eV.Mo=0.01"), 2, {"Mo", "barriers below 0 are not allowed", "eV"});
  refused(run_edited("composition.W=1"), 2, {"W", "Mo"});
  refused(run_edited("barriers.pair_eV.0.Mo-Wo=1"), 2, {"Mo-Wo"});
  refused(run_edited(R"(barriers={"kind": "pair_kra", "file": "absent.json"})"), 3, {"absent.json"});
}

TEST_F(CliBadInput, Networks) {
  put_bytes(folder_ / "p.json", network_preset("n.safetensors"));
  refused(run({}), 3, {"n.safetensors", "missing", "https://github.com/UCICaoLab/NKK"});
  write_mlp(small_network(), folder_ / "n.safetensors");
  refused(run_edited("composition.W=1"), 2, {"W", "Nb", "Mo", "Ta"});

  const std::string whole = bytes_of(folder_ / "n.safetensors");
  for (const std::size_t length : {std::size_t{0}, std::size_t{5}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
    put_bytes(folder_ / "n.safetensors", whole.substr(0, length));
    refused(run({}), 3, {"n.safetensors"});
  }
  put_bytes(folder_ / "n.safetensors", whole + "x");
  refused(run({}), 3, {"n.safetensors"});
  put_bytes(folder_ / "n.safetensors", std::string(5000, '\xff'));
  refused(run({}), 3, {"n.safetensors"});

  const auto changed = [&](const auto &change) {
    Safetensors content = safetensors_from_mlp(small_network());
    change(content);
    write_safetensors(folder_ / "n.safetensors", content);
    return run({});
  };
  refused(changed([](Safetensors &c) { c.tensors.erase("layers.1.bias"); }), 3, {"n.safetensors", "layers.1.bias"});
  refused(changed([](Safetensors &c) {
            c.tensors["layers.1.bias"] = {TensorType::float64, {2}, {0.0, 0.0}};
          }),
          3, {"layers.1.bias"});
  refused(changed([](Safetensors &c) { c.tensors["layers.0.weight"].values[3] = std::numeric_limits<double>::quiet_NaN(); }), 3,
          {"layers.0.weight", "nan"});
  refused(changed([](Safetensors &c) { c.tensors["output.bias"].values[0] = std::numeric_limits<double>::infinity(); }), 3,
          {"output.bias", "inf"});
  refused(changed([](Safetensors &c) { c.metadata.erase("element_order"); }), 3, {"element_order"});
  refused(changed([](Safetensors &c) { c.metadata["units"] = "kJ/mol"; }), 3, {"units", "kJ/mol"});
  put_bytes(folder_ / "n.safetensors", whole);
  expect_done(run({}));
}

TEST_F(CliBadInput, Devices) {
  refused(run({"--device", "cuda:7"}), 4, {"cuda:7"});
  refused(run({"--device", "hip:9"}), 4, {"hip:9"});
  refused(run({"--device", "cpu:1"}), 4, {"cpu:1", "1 found"});
  for (const char *device : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:0:0", "", "cuda:99999999999"}) {
    refused(run({"--device", device}), 2, {"--device", "cuda:N"});
  }
}

TEST_F(CliBadInput, MemoryIsEstimatedFirst) {
  const auto start = std::chrono::steady_clock::now();
  refused(run({"--device", "cpu", "--set", "walkers.replicas=16777216", "--set", "lattice.cells=[100,100,100]"}), 4,
          {"MiB", "free"});
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 20.0);
  refused(run({"--set", "walkers.replicas=16777217"}), 2, {"/walkers/replicas"});
  refused(run({"--set", "lattice.cells=[1024,1024,1024]"}), 2, {"/lattice/cells", "sites"});
}

TEST_F(CliBadInput, ResultFolder) {
  fs::create_directory(folder_ / "full");
  put_bytes(folder_ / "full/mine.txt", "precious");
  put_bytes(folder_ / "file", "precious");
  const auto before = content_of(folder_.path());
  expect_failure(zener(folder_.path(), {"run", "p.json", "--out", "full"}), 2, {"full", "not empty", "--resume"});
  expect_failure(zener(folder_.path(), {"run", "p.json", "--out", "full", "--resume"}), 3, {"full", "no checkpoint.h5"});
  expect_failure(zener(folder_.path(), {"run", "p.json", "--resume"}), 3, {"no checkpoint.h5"});
  expect_failure(zener(folder_.path(), {"run", "p.json", "--out", "file"}), 3, {"file", "folder"});
  expect_failure(zener(folder_.path(), {"run", "p.json", "--out", "file", "--resume"}), 3, {"file", "folder"});
  expect_failure(zener(folder_.path(), {"run", "p.json", "--out", "file/below"}), 3, {"file/below", "Not a directory"});
  EXPECT_EQ(content_of(folder_.path()), before);
  const std::string long_name(300, 'n');
  expect_failure(zener(folder_.path(), {"run", "p.json", "--out", long_name}), 3, {long_name, "too long"});
  expect_failure(zener(folder_.path(), {"run", "p.json", "--out", long_name, "--resume"}), 3, {long_name});
}

TEST_F(CliBadInput, FolderWithoutPermission) {
  if (::geteuid() == 0) {
    GTEST_SKIP() << "root may write everywhere";
  }
  fs::create_directory(folder_ / "closed");
  fs::permissions(folder_ / "closed", fs::perms::owner_read | fs::perms::owner_exec);
  expect_failure(zener(folder_.path(), {"run", "p.json", "--out", "closed/o"}), 3, {"closed/o", "ermission"});
  expect_failure(zener(folder_.path(), {"run", "p.json", "--out", "closed"}), 3, {"closed", "ermission"});
  fs::permissions(folder_ / "closed", fs::perms::owner_all);
}

TEST_F(CliBadInput, BarriersThatOverflow) {
  // The codes of 112 random atoms sum to 224 with a deviation of about 7: some hops pass before the sum exceeds 236.
  write_mlp(overflowing_network(236.0), folder_ / "n.safetensors");
  put_bytes(folder_ / "p.json", network_preset("n.safetensors"));
  const Outcome outcome = run({"--set", "hops=1000000000", "--set", "walkers.temperatures_K=[3000]"});
  expect_failure(outcome, 3, {"barrier is not finite", "walker", "hop", "3000 K", "sampled until then is in o"});
  const json summary = json::parse(bytes_of(folder_ / "o/summary.json"));
  EXPECT_EQ(summary.at("run").at("status"), "stopped: a barrier is not finite");
  ASSERT_GE(summary.at("halted_walkers").size(), 1U);
  EXPECT_EQ(summary.at("halted_walkers").at(0).at("reason"), "barrier not finite");
  EXPECT_GE(H5File::open(folder_ / "o/series.h5").read<std::uint64_t>("/hops").size(), 2U) << "what was sampled is kept";
  EXPECT_TRUE(fs::exists(folder_ / "o/configurations/final_g0_r0.xyz"));
  EXPECT_GT(load_checkpoint(folder_ / "o/checkpoint.h5").state.hops, 0U);
}

TEST_F(CliBadInput, NoPossibleHop) {
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome =
      run({"--set", "hops=1000000000000", "--set", "barriers.barrier_eV=2", "--set", "walkers.temperatures_K=[20]"});
  expect_failure(outcome, 2, {"no walker has a possible hop", "20 K", "2 eV", "temperature is too low"});
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 20.0) << "reported, not spun on";
  const json summary = json::parse(bytes_of(folder_ / "o/summary.json"));
  EXPECT_EQ(summary.at("run").at("status"), "every walker stopped");
  EXPECT_EQ(summary.at("halted_walkers_total"), 2);
  ASSERT_EQ(summary.at("halted_walkers").size(), 2U);
  EXPECT_EQ(summary.at("halted_walkers").at(1).at("reason"), "no possible hop");
  EXPECT_EQ(summary.at("halted_walkers").at(1).at("hop"), 0);

  // One group of two: the others go on to the end, and the stopped ones are a warning.
  const Outcome mixed = zener(folder_.path(), {"run", "p.json", "--set", "barriers.barrier_eV=2", "--set",
                                               "walkers.temperatures_K=[20,1000]", "--out", "mixed", "--threads", "1"});
  expect_done(mixed);
  EXPECT_NE(mixed.err.find("warning: 2 of 4 walkers have no possible hop"), std::string::npos) << mixed.err;
  EXPECT_EQ(json::parse(bytes_of(folder_ / "mixed/summary.json")).at("halted_walkers_total"), 2);
}

TEST_F(CliBadInput, DamagedCheckpoint) {
  expect_done(run({"--set", "checkpoint.every_s=1e-9"})); // so that there is a previous one
  ASSERT_TRUE(fs::exists(folder_ / "o/checkpoint.previous.h5"));
  const std::string whole = bytes_of(folder_ / "o/checkpoint.h5");
  const auto resumed = [&](const std::string &bytes) {
    put_bytes(folder_ / "o/checkpoint.h5", bytes);
    const auto before = content_of(folder_ / "o");
    const Outcome outcome = run({"--set", "hops=600", "--resume"});
    EXPECT_EQ(content_of(folder_ / "o"), before) << "a refused restart changes nothing";
    return outcome;
  };
  for (const std::size_t length : {std::size_t{0}, std::size_t{300}, whole.size() / 2, whole.size() - 1}) {
    expect_failure(resumed(whole.substr(0, length)), 3, {"checkpoint.h5", "checkpoint.previous.h5"});
  }
  std::mt19937 random(3);
  for (int i = 0; i < 5; ++i) {
    const std::string bytes = damaged(whole, random);
    if (bytes != whole) {
      expect_failure(resumed(bytes), 3, {"checkpoint.h5", "checkpoint.previous.h5"});
    }
  }
  expect_failure(resumed("this is no checkpoint"), 3, {"checkpoint.h5"});

  // The advice is good: the previous one in its place.
  fs::rename(folder_ / "o/checkpoint.previous.h5", folder_ / "o/checkpoint.h5");
  expect_done(run({"--set", "hops=600", "--resume"}));
  expect_done(zener(folder_.path(), {"run", "p.json", "--set", "hops=600", "--out", "direct"}));
  EXPECT_EQ(content_of(folder_ / "o/configurations"), content_of(folder_ / "direct/configurations"));
  // With the last one lost altogether the message names the previous one too.
  fs::rename(folder_ / "o/checkpoint.h5", folder_ / "o/checkpoint.previous.h5");
  expect_failure(run({"--resume"}), 3, {"no checkpoint.h5", "checkpoint.previous.h5"});
}

TEST_F(CliBadInput, ForeignCheckpoint) {
  expect_done(run({}));
  const auto before = content_of(folder_ / "o");
  const auto foreign = [&](const std::string &edit, const std::string &key) {
    expect_failure(run({"--resume", "--set", edit}), 2, {"checkpoint.h5", key});
  };
  foreign("seed=8", "/seed");
  foreign("walkers.temperatures_K.0=1001", "/walkers/temperatures_K/0");
  foreign("walkers.replicas=3", "/walkers/replicas");
  foreign("composition.Nb=2", "/composition/Nb");
  foreign("lattice.cells.0=6", "/lattice/cells/0");
  foreign("barriers.barrier_eV=1.5", "/barriers/hash");
  foreign("precision=float64", "/precision");
  foreign("hops=400", "500 hops are done already");
  EXPECT_EQ(content_of(folder_ / "o"), before);
}

TEST_F(CliBadInput, FullDisk) {
  // The disk fills at another place of another file in each.
  for (const char *size : {"1000k", "1140k", "1280k", "1420k"}) {
    const SmallDisk disk(folder_ / size, size);
    if (!disk.mounted()) {
      GTEST_SKIP() << "mounting a small disk needs root";
    }
    const std::string out = std::string(size) + "/o";
    const Outcome outcome =
        zener(folder_.path(), {"run", "p.json", "--threads", "1", "--out", out, "--set", "hops=1000000", "--set",
                               "observe.sample={\"every_hops\": 1}", "--set", "checkpoint.every_s=1e-9"});
    expect_failure(outcome, 3, {out + "/", "No space left on device"});
    // What was whole before is whole still.
    EXPECT_GT(load_checkpoint(disk / "o/checkpoint.h5").state.hops, 0U);
    EXPECT_GE(H5File::open(disk / "o/series.h5").read<std::uint64_t>("/hops").size(), 2U);
    EXPECT_EQ(atoms_of_xyz(disk / "o/configurations/initial_g0_r0.xyz").size(), 3U);
    EXPECT_EQ(json::parse(bytes_of(disk / "o/preset.json")).at("hops"), 1000000);
    for (const auto &[name, content] : content_of(disk / "o")) {
      EXPECT_EQ(name.find(".partial"), std::string::npos) << "unfinished files are cleared away";
    }
  }
}

TEST_F(CliBadInput, FullDiskAtTheStart) {
  const SmallDisk disk(folder_ / "disk", "64k");
  if (!disk.mounted()) {
    GTEST_SKIP() << "mounting a small disk needs root";
  }
  put_bytes(disk / "filler", std::string(64 * 1024 - 4096, 'x'));
  expect_failure(zener(folder_.path(), {"run", "p.json", "--out", "disk/o"}), 3, {"disk/o"});
  EXPECT_EQ(bytes_of(disk / "filler").size(), 64U * 1024 - 4096);
}

} // namespace
} // namespace zener::test
