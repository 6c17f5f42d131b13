// Presets: those that ship, schema against reader, faulty ones with their messages, and what a preset becomes.
#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/preset.hpp"
#include "host/neutral/schema.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <functional>
#include <numeric>
#include <sstream>

namespace zener {
namespace {

using nlohmann::json;

const std::filesystem::path kPresets = std::filesystem::path(ZENER_SOURCE_DIR) / "presets";

json minimal() {
  return json::parse(R"({
    "driver": "kmc",
    "lattice": {"a_A": 3.24, "cells": [8, 8, 8]},
    "composition": {"Nb": 1, "Mo": 1, "Ta": 1},
    "barriers": {"kind": "constant", "barrier_eV": 1.0},
    "walkers": {"temperatures_K": [800]},
    "hops": 1000
  })");
}

KmcPreset read(const json &document) {
  validate(document, kKmcSchema, "p.json");
  return read_kmc_preset(document, "p.json");
}

KmcPreset read_with(const std::vector<std::string> &edits) {
  json document = minimal();
  for (const std::string &edit : edits) {
    apply_edit(document, edit);
  }
  return read(document);
}

KmcPlan plan_of(const KmcPreset &preset) {
  std::vector<std::string> warnings;
  KmcPlan plan = make_plan(preset, warnings);
  EXPECT_TRUE(warnings.empty());
  return plan;
}

std::string refusal(const json &document) {
  try {
    read(document);
  } catch (const ConfigError &error) {
    return error.what();
  }
  return {};
}

std::string text_of(const std::filesystem::path &file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(ShippedPresets, AreValidAndReadable) {
  int met = 0;
  for (const auto &entry : std::filesystem::directory_iterator(kPresets)) {
    if (entry.path().extension() == ".json") {
      const KmcPreset preset = load_kmc_preset(entry.path());
      EXPECT_FALSE(preset.title.empty()) << entry.path();
      ++met;
      if (preset.barriers.kind == "mlp" && !std::filesystem::exists(preset.barriers.file)) {
        continue; // the network does not ship
      }
      const KmcPlan plan = plan_of(preset);
      EXPECT_EQ(plan.elements.size(), 3U);
    }
  }
  EXPECT_GE(met, 3);
}

TEST(ShippedPresets, TheSweepIsThatOfThePaper) {
  const KmcPreset preset = load_kmc_preset(kPresets / "nbmota_order_sweep.json");
  EXPECT_EQ(preset.temperatures_K.size(), 20U);
  EXPECT_EQ(preset.temperatures_K.front(), 100.0);
  EXPECT_EQ(preset.temperatures_K.back(), 3000.0);
  EXPECT_EQ(2 * preset.cells[0] * preset.cells[1] * preset.cells[2], 1024);
  EXPECT_EQ(preset.hops, 20000000U);
}

TEST(ShippedPresets, AMissingNetworkSaysWhereToGetOne) {
  const KmcPreset preset = load_kmc_preset(kPresets / "nbmota_order_sweep.json", {"barriers.file=/nowhere/none.safetensors"});
  std::vector<std::string> warnings;
  try {
    make_plan(preset, warnings);
    FAIL();
  } catch (const DataError &error) {
    const std::string message = error.what();
    for (const char *fragment : {"nbmota_order_sweep.json", "/nowhere/none.safetensors", "https://github.com/UCICaoLab/NKK",
                                 "10.5281/zenodo.10864695", "zener import-nnk weights.npy", "--set barriers.file=PATH"}) {
      EXPECT_NE(message.find(fragment), std::string::npos) << fragment << "\n" << message;
    }
  }
}

// Leaves of the schema as JSON pointers; of a oneOf those of every branch. Species and pairs are values, not keys.
void leaves(const json &schema, const std::string &pointer, std::set<std::string> &out) {
  if (schema.contains("oneOf")) {
    for (const json &branch : schema["oneOf"]) {
      leaves(branch, pointer, out);
    }
  } else if (schema.contains("properties")) {
    for (const auto &[key, property] : schema["properties"].items()) {
      leaves(property, pointer + "/" + key, out);
    }
  } else {
    out.insert(pointer);
  }
}

// One document for each shape that the reader knows.
std::vector<json> every_shape() {
  std::vector<json> documents;
  for (const char *barriers :
       {R"({"kind": "constant", "barrier_eV": 1})", R"({"kind": "pair_kra", "file": "m.json"})",
        R"({"kind": "pair_kra", "migration_eV": {"Mo": 1}, "pair_eV": [{}]})", R"({"kind": "mlp", "file": "m.safetensors"})"}) {
    for (const char *sample : {R"({"log_per_decade": 3})", R"({"every_hops": 10})"}) {
      json document = minimal();
      document["barriers"] = json::parse(barriers);
      document["observe"]["sample"] = json::parse(sample);
      documents.push_back(document);
    }
  }
  return documents;
}

TEST(SchemaAndReader, KnowTheSameKeys) {
  std::set<std::string> of_schema;
  leaves(json::parse(kKmcSchema), "", of_schema);
  std::set<std::string> asked;
  for (const json &document : every_shape()) {
    validate(document, kKmcSchema, "p.json");
    read_kmc_preset(document, "p.json", &asked);
  }
  std::set<std::string> of_reader;
  for (const std::string &pointer : asked) {
    const auto next = asked.upper_bound(pointer + "/");
    const bool inner = next != asked.end() && next->rfind(pointer + "/", 0) == 0;
    if (!inner) {
      of_reader.insert(pointer);
    }
  }
  EXPECT_EQ(of_schema, of_reader);
}

TEST(SchemaAndReader, EveryKeyIsDescribedAndClosed) {
  const std::function<void(const json &, const std::string &)> walk = [&](const json &schema, const std::string &where) {
    if (schema.contains("properties")) {
      EXPECT_TRUE(schema.contains("additionalProperties") && schema["additionalProperties"] == false) << where;
      for (const auto &[key, property] : schema["properties"].items()) {
        EXPECT_TRUE(property.contains("description") || property.contains("const")) << where << "/" << key;
        walk(property, where + "/" + key);
      }
    }
    if (schema.contains("oneOf")) {
      for (const json &branch : schema["oneOf"]) {
        walk(branch, where);
      }
    }
  };
  walk(json::parse(kKmcSchema), "");
}

TEST(SchemaAndReader, HaveTheSameDefaults) {
  const json read_back = resolved(read(minimal()));
  const std::function<void(const json &, const std::string &)> walk = [&](const json &schema, const std::string &pointer) {
    for (const auto &[key, property] : schema.at("properties").items()) {
      const std::string here = pointer + "/" + key;
      if (property.contains("properties")) {
        walk(property, here);
      } else if (property.contains("default")) {
        EXPECT_EQ(read_back.at(json::json_pointer(here)), property["default"]) << here;
      }
    }
  };
  walk(json::parse(kKmcSchema), "");
}

TEST(SchemaAndReader, AllKeysHasThemAll) {
  const std::string text = text_of(kPresets / "all_keys.json");
  const json document = load_json(kPresets / "all_keys.json", JsonUse::preset);
  std::set<std::string> of_schema;
  leaves(json::parse(kKmcSchema), "", of_schema);
  for (const std::string &pointer : of_schema) {
    const bool variant = pointer.rfind("/barriers/", 0) == 0 || pointer.rfind("/observe/sample/", 0) == 0;
    const std::string key = pointer.substr(pointer.rfind('/') + 1);
    EXPECT_NE(text.find("\"" + key + "\""), std::string::npos) << pointer;
    EXPECT_TRUE(variant || document.contains(json::json_pointer(pointer))) << pointer;
  }
}

TEST(Reader, ResolvedPresetsReadBackAsThemselves) {
  for (const json &document : every_shape()) {
    const json once = resolved(read(document));
    EXPECT_NO_THROW(validate(once, kKmcSchema, "p.json"));
    EXPECT_EQ(resolved(read(once)), once);
    const json schema = json::parse(kKmcSchema);
    for (const auto &[key, property] : schema["properties"].items()) {
      EXPECT_TRUE(once.contains(key)) << key;
    }
  }
  json ladder = minimal();
  ladder["composition"] = json::parse(R"([{"Nb": 1}, {"Mo": 2.5, "Ta": 1}])");
  ladder["time_limit_s"] = 1e-3;
  EXPECT_EQ(resolved(read(resolved(read(ladder)))), resolved(read(ladder)));
  EXPECT_EQ(read(ladder).time_limit_s, 1e-3);
}

TEST(Reader, PathsAreRelativeToThePresetAndThoseOfSetToTheCurrentDirectory) {
  json document = minimal();
  document["barriers"] = {{"kind", "mlp"}, {"file", "models/a.safetensors"}};
  EXPECT_EQ(read_kmc_preset(document, "some/where/p.json").barriers.file, "some/where/models/a.safetensors");
  EXPECT_EQ(read_kmc_preset(document, "some/where/p.json").output_directory, "results/p");
  apply_kmc_edit(document, "barriers.file=b.safetensors");
  EXPECT_EQ(read_kmc_preset(document, "some/where/p.json").barriers.file, std::filesystem::current_path() / "b.safetensors");
  apply_kmc_edit(document, R"(barriers={"kind": "mlp", "file": "c.safetensors"})");
  EXPECT_EQ(read_kmc_preset(document, "some/where/p.json").barriers.file, std::filesystem::current_path() / "c.safetensors");
}

struct Faulty {
  const char *edit;     // applied to the minimal preset; "-key" removes one
  const char *place;    // JSON pointer in the message
  const char *fragment; // what the message says besides
};

void PrintTo(const Faulty &faulty, std::ostream *out) { *out << faulty.edit; }

void remove_key(json &document, const std::string &path) {
  const std::size_t dot = path.find('.');
  if (dot == std::string::npos) {
    document.erase(path);
  } else {
    remove_key(document[path.substr(0, dot)], path.substr(dot + 1));
  }
}

class FaultyPreset : public testing::TestWithParam<Faulty> {};

TEST_P(FaultyPreset, IsRefusedWithPlaceAndHint) {
  const Faulty faulty = GetParam();
  json document = minimal();
  std::stringstream edits(faulty.edit);
  for (std::string edit; std::getline(edits, edit, '\n');) {
    if (edit[0] == '-') {
      remove_key(document, edit.substr(1));
    } else {
      apply_edit(document, edit);
    }
  }
  const std::string message = refusal(document);
  ASSERT_FALSE(message.empty()) << "accepted: " << faulty.edit;
  EXPECT_NE(message.find(std::string("p.json: ") + faulty.place + ": "), std::string::npos) << message;
  EXPECT_NE(message.find(faulty.fragment), std::string::npos) << message;
  EXPECT_EQ(message.find("Failed to validate"), std::string::npos) << message;
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 0) << "one fault, one line:\n" << message;
}

INSTANTIATE_TEST_SUITE_P(
    Table, FaultyPreset,
    testing::Values(
        Faulty{"-driver", "/driver", "missing; needed: only \"kmc\""}, Faulty{"driver=md", "/driver", "\"md\" is not allowed"},
        Faulty{"driver=kcm", "/driver", "did you mean \"kmc\"?"},
        Faulty{"title=3", "/title", "3 is not allowed; allowed: a string"}, Faulty{"seed=-1", "/seed", "from 0 to 4294967295"},
        Faulty{"seed=4294967296", "/seed", "from 0 to 4294967295"},
        Faulty{"seed=18446744073709551615", "/seed", "from 0 to 4294967295"}, Faulty{"seed=1.5", "/seed", "1.5 is not allowed"},
        Faulty{"seed=null", "/seed", "null is not allowed"},
        Faulty{"precision=float16", "/precision", "\"float32\", \"float64\""},
        Faulty{"precision=64", "/precision", "64 is not allowed"}, Faulty{"-lattice", "/lattice", "missing"},
        Faulty{"lattice=8", "/lattice", "an object"}, Faulty{"lattice.structure=fcc", "/lattice/structure", "\"bcc\""},
        Faulty{"-lattice.a_A", "/lattice/a_A", "missing"},
        Faulty{"lattice.a_A=0", "/lattice/a_A", "greater than 0 and at most 100"},
        Faulty{"lattice.a_A=-3", "/lattice/a_A", "-3 is not allowed"},
        Faulty{"lattice.a_A=1e300", "/lattice/a_A", "1e+300 is not allowed"},
        Faulty{"lattice.a_A=wide", "/lattice/a_A", "\"wide\" is not allowed"},
        Faulty{"lattice.a=3", "/lattice/a", "unknown key"},
        Faulty{"-lattice.cells", "/lattice/cells", "missing; needed: a list of exactly 3"},
        Faulty{"lattice.cells=[8,8]", "/lattice/cells", "2 elements is not allowed; allowed: a list of exactly 3"},
        Faulty{"lattice.cells=[8,8,8,8]", "/lattice/cells", "4 elements"},
        Faulty{"lattice.cells.1=4", "/lattice/cells/1", "4 is not allowed; allowed: an integer from 5 to 1024"},
        Faulty{"lattice.cells.2=8.5", "/lattice/cells/2", "8.5 is not allowed"},
        Faulty{"lattice.cells=8", "/lattice/cells", "8 is not allowed"},
        Faulty{"lattice.cells=[1024,1024,1024]", "/lattice/cells", "2,147,483,648 sites"},
        Faulty{"-composition", "/composition", "missing; needed: an object or a list (Parts"},
        Faulty{"composition={}", "/composition", "an object of 1 to 8 keys"},
        Faulty{"composition=[]", "/composition", "a list of 1 to 4096"},
        Faulty{"composition=[{}]", "/composition/0", "1 to 8 keys"},
        Faulty{"composition=Nb", "/composition", "\"Nb\" is not allowed"},
        Faulty{"composition={\"nb\":1}", "/composition/nb", "chemical symbols such as Nb"},
        Faulty{"composition={\"Nb\":0}", "/composition/Nb", "greater than 0"},
        Faulty{"composition={\"Nb\":-1}", "/composition/Nb", "-1 is not allowed"},
        Faulty{"composition={\"Nb\":\"a\"}", "/composition/Nb", "\"a\" is not allowed"},
        Faulty{"composition=[{\"Nb\":1},{\"Mo\":0}]", "/composition/1/Mo", "greater than 0"},
        Faulty{"composition={\"Va\":1}", "/composition/Va", "the vacancy"},
        Faulty{R"(composition={"A":1,"B":1,"C":1,"D":1,"E":1,"F":1,"G":1,"H":1,"I":1})", "/composition", "9 keys"},
        Faulty{"vacancies=2", "/vacancies", "an integer, only 1"}, Faulty{"vacancies=0", "/vacancies", "0 is not allowed"},
        Faulty{"-barriers", "/barriers", "missing"},
        Faulty{"-barriers.kind", "/barriers/kind", "\"constant\", \"pair_kra\", \"mlp\""},
        Faulty{"barriers.kind=mpl", "/barriers/kind", "did you mean \"mlp\"?"},
        Faulty{"barriers=3", "/barriers", "3 is not allowed"},
        Faulty{"barriers={\"kind\":\"mlp\"}", "/barriers/file", "missing"},
        Faulty{"barriers={\"kind\":\"mlp\",\"file\":\"\"}", "/barriers/file", "of at least 1 characters"},
        Faulty{"barriers={\"kind\":\"mlp\",\"path\":\"x\",\"file\":\"y\"}", "/barriers/path", "known here: file, kind"},
        Faulty{"barriers={\"kind\":\"pair_kra\"}", "/barriers/file", "or give migration_eV and pair_eV"},
        Faulty{R"(barriers={"kind":"pair_kra","migration_eV":{"Mo":1}})", "/barriers/pair_eV", "missing"},
        Faulty{R"(barriers={"kind":"pair_kra","migration_eV":{"Mo":-1},"pair_eV":[{}]})", "/barriers/migration_eV/Mo",
               "from 0 to 100"},
        Faulty{R"(barriers={"kind":"pair_kra","migration_eV":{"Mo":1},"pair_eV":[{"Mo-Mo":99}]})", "/barriers/pair_eV/0/Mo-Mo",
               "from -10 to 10"},
        Faulty{R"(barriers={"kind":"pair_kra","migration_eV":{"Mo":1},"pair_eV":[{},{"Mo":0}]})", "/barriers/pair_eV/1/Mo",
               "pairs such as Mo-Ta"},
        Faulty{R"(barriers={"kind":"pair_kra","migration_eV":{"Mo":1},"pair_eV":[{},{},{},{}]})", "/barriers/pair_eV",
               "1 to 3"},
        Faulty{R"(barriers={"kind":"pair_kra","migration_eV":{"Mo":1},"pair_eV":[{"Mo-Ta":0}]})", "/barriers/pair_eV/0/Mo-Ta",
               "unknown element \"Ta\""},
        Faulty{"barriers.barrier_eV=-0.1", "/barriers/barrier_eV", "from 0 to 100"},
        Faulty{"barriers.barrier=1", "/barriers/barrier", "did you mean \"barrier_eV\"?"},
        Faulty{"-walkers", "/walkers", "missing"}, Faulty{"-walkers.temperatures_K", "/walkers/temperatures_K", "missing"},
        Faulty{"walkers.temperatures_K=[]", "/walkers/temperatures_K", "a list of 1 to 4096"},
        Faulty{"walkers.temperatures_K=800", "/walkers/temperatures_K", "800 is not allowed"},
        Faulty{"walkers.temperatures_K=[800,-5]", "/walkers/temperatures_K/1",
               "-5 is not allowed; allowed: a number greater than 0"},
        Faulty{"walkers.temperatures_K=[0]", "/walkers/temperatures_K/0", "at most 10000"},
        Faulty{"walkers.temperatures_K=[1e5]", "/walkers/temperatures_K/0", "100000 is not allowed"},
        Faulty{"walkers.temperatures_K=[\"hot\"]", "/walkers/temperatures_K/0", "\"hot\" is not allowed"},
        Faulty{"walkers.temperature_K=[800]", "/walkers/temperature_K", "did you mean \"temperatures_K\"?"},
        Faulty{"walkers.replicas=0", "/walkers/replicas", "from 1 to 16777216"},
        Faulty{"walkers.replicas=16777217", "/walkers/replicas", "16777217 is not allowed"},
        Faulty{"walkers.replica=2", "/walkers/replica", "did you mean \"replicas\"?"},
        Faulty{"attempt_frequency_per_s=0", "/attempt_frequency_per_s", "greater than 0"}, Faulty{"-hops", "/hops", "missing"},
        Faulty{"hops=0", "/hops", "from 1 to 1000000000000000"},
        Faulty{"hops=2e15", "/hops", "2000000000000000 is not allowed"}, Faulty{"hops=1e30", "/hops", "1e+30 is not allowed"},
        Faulty{"hops=many", "/hops", "\"many\" is not allowed"},
        Faulty{"time_limit_s=0", "/time_limit_s", "a number greater than 0 or null"},
        Faulty{"observe.order.shells=3", "/observe/order/shells", "from 0 to 2"},
        Faulty{"observe.order=true", "/observe/order", "true is not allowed"},
        Faulty{"observe.averages_from_hop=1000", "/observe/averages_from_hop", "less than hops, which is 1000"},
        Faulty{"observe.sample={}", "/observe/sample", "exactly 1 keys"},
        Faulty{"observe.sample={\"log_per_decade\":1,\"every_hops\":1}", "/observe/sample", "2 keys"},
        Faulty{"observe.sample.log_per_decade=0", "/observe/sample/log_per_decade", "from 1 to 1000"},
        Faulty{"observe.sample.every=5", "/observe/sample/every", "did you mean \"every_hops\"?"},
        Faulty{"hops=1e13\nobserve.sample.every_hops=10", "/observe/sample/every_hops", "so 10000000 or more"},
        Faulty{"checkpoint.every_s=0", "/checkpoint/every_s", "greater than 0"},
        Faulty{"checkpoint=300", "/checkpoint", "300 is not allowed"},
        Faulty{"output.configurations=some", "/output/configurations", "\"first_replica\", \"all\", \"none\""},
        Faulty{"output.plots=yes", "/output/plots", "true or false"},
        Faulty{"output.dir=x", "/output/dir", "did you mean \"directory\"?"},
        Faulty{"temperatures_K=[1]", "/temperatures_K", "it belongs at /walkers/temperatures_K"},
        Faulty{"sed=1", "/sed", "did you mean \"seed\"?"}, Faulty{"a/b~c=1", "/a~1b~0c", "unknown key"},
        Faulty{"walkers.temperatures_K=[800,800,800]\ncomposition={\"Nb\":1}\nwalkers.replicas=16777216\nlattice.cells=[5,5,"
               "\"x\"]",
               "/lattice/cells/2", "\"x\" is not allowed"}));

TEST(FaultyPresets, SeveralFaultsAreListedTogether) {
  json document = minimal();
  document["seed"] = -1;
  document["hop"] = 5;
  document["walkers"]["temperatures_K"] = {-1, 500, "x"};
  document["lattice"]["cells"][0] = 1;
  const std::string message = refusal(document);
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 4) << message;
  for (const char *place :
       {"/seed:", "/hop:", "/walkers/temperatures_K/0:", "/walkers/temperatures_K/2:", "/lattice/cells/0:"}) {
    EXPECT_NE(message.find(place), std::string::npos) << message;
  }
}

TEST(FaultyPresets, TheListEndsAtTen) {
  json document = minimal();
  document["walkers"]["temperatures_K"] = std::vector<int>(50, -1);
  const std::string message = refusal(document);
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 10) << message;
  EXPECT_NE(message.find("and more"), std::string::npos);
}

TEST(FaultyPresets, DocumentsThatAreNoObjects) {
  for (const char *text : {"[]", "3", "null", "\"kmc\""}) {
    EXPECT_NE(refusal(json::parse(text)).find("p.json: the document: "), std::string::npos) << text;
  }
}

// The reader alone, without the schema before it, is as strict about types and ranges.
TEST(FaultyPresets, TheReaderRefusesThemToo) {
  for (const char *edit : {"driver=md",
                           "title=3",
                           "seed=4294967296",
                           "seed=-1",
                           "precision=float16",
                           "lattice=8",
                           "lattice.structure=fcc",
                           "lattice.a_A=0",
                           "lattice.a=3",
                           "lattice.cells=[8,8]",
                           "lattice.cells.1=4",
                           "lattice.cells.1=a",
                           "composition={}",
                           "composition=[]",
                           "composition={\"Nb\":0}",
                           "vacancies=2",
                           "barriers.kind=mpl",
                           "barriers={\"kind\":\"mlp\"}",
                           "barriers.barrier=1",
                           "barriers.barrier_eV=-1",
                           "walkers.temperatures_K=[]",
                           "walkers.temperatures_K=[-5]",
                           "walkers.temperatures_K=800",
                           "walkers.replicas=0",
                           "attempt_frequency_per_s=0",
                           "hops=0",
                           "hops=many",
                           "hops=2e15",
                           "time_limit_s=0",
                           "observe.order.shells=3",
                           "observe.sample.log_per_decade=0",
                           "observe.sample.every_hops=0",
                           "checkpoint.every_s=0",
                           "output.configurations=some",
                           "output.plots=yes",
                           "sed=1",
                           "walkers.replicas=16777216\nwalkers.temperatures_K=many"}) {
    json document = minimal();
    std::stringstream edits(edit);
    for (std::string one; std::getline(edits, one, '\n');) {
      apply_edit(document, one);
    }
    EXPECT_THROW(read_kmc_preset(document, "p.json"), ConfigError) << edit;
  }
  json crowd = minimal();
  crowd["walkers"] = {{"replicas", 16777216}, {"temperatures_K", std::vector<double>(200, 800.0)}};
  EXPECT_NE(refusal(crowd).find("walkers; allowed: at most"), std::string::npos);
}

TEST(Plan, AtomsByLargestRemainder) {
  using Counts = std::vector<std::int64_t>;
  EXPECT_EQ(atom_counts({1, 1, 1}, 1023), (Counts{341, 341, 341}));
  EXPECT_EQ(atom_counts({1, 1, 1}, 1024), (Counts{342, 341, 341}));
  EXPECT_EQ(atom_counts({90, 5, 5}, 1023), (Counts{921, 51, 51}));
  EXPECT_EQ(atom_counts({1, 0, 3}, 5), (Counts{1, 0, 4}));
  EXPECT_EQ(atom_counts({1e-9, 1}, 249), (Counts{0, 249}));
  EXPECT_EQ(atom_counts({1e308, 1e308}, 3), (Counts{2, 1}));
  for (std::int64_t total = 0; total < 300; ++total) {
    const Counts counts = atom_counts({0.1, 0.7, 0.2, 1.0 / 3.0}, total);
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), total);
  }
}

TEST(Plan, GroupsAreCompositionsTimesTemperatures) {
  json document = minimal();
  document["composition"] = json::parse(R"([{"Nb": 1, "Ta": 1}, {"Mo": 1}])");
  document["walkers"] = {{"temperatures_K", {300, 900}}, {"replicas", 3}};
  document["observe"]["order"]["shells"] = 1;
  document["precision"] = "float64";
  document["time_limit_s"] = 2.5;
  const KmcPlan plan = plan_of(read(document));
  EXPECT_EQ(plan.elements, (std::vector<std::string>{"Mo", "Nb", "Ta"}));
  ASSERT_EQ(plan.groups.size(), 4U);
  EXPECT_EQ(plan.groups[1].temperature_K, 900.0);
  EXPECT_EQ(plan.groups[1].atoms, (std::vector<std::int64_t>{0, 512, 511}));
  EXPECT_EQ(plan.groups[2].temperature_K, 300.0);
  EXPECT_EQ(plan.groups[2].atoms, (std::vector<std::int64_t>{1023, 0, 0}));
  EXPECT_EQ(plan.walkers(), 12);
  EXPECT_EQ(plan.sites(), 1024);
  EXPECT_EQ(plan.order_shells, 1);
  EXPECT_EQ(plan.precision, Precision::float64);
  EXPECT_EQ(plan.time_limit_s, 2.5);
}

TEST(Plan, TheSmallestCellAndTracesOfAnElement) {
  std::vector<std::string> warnings;
  const KmcPlan plan = make_plan(read_with({"lattice.cells=[5,5,5]", "composition={\"Nb\":1,\"Mo\":1e-9}"}), warnings);
  EXPECT_EQ(plan.groups[0].atoms, (std::vector<std::int64_t>{0, 249}));
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("Mo has so few parts"), std::string::npos);
}

TEST(Plan, ElementsThatTheModelDoesNotKnowAreRefused) {
  json document = minimal();
  document["barriers"] = json::parse(R"({"kind": "pair_kra", "migration_eV": {"Mo": 1, "Ta": 1}, "pair_eV": [{}]})");
  std::vector<std::string> warnings;
  try {
    make_plan(read(document), warnings);
    FAIL();
  } catch (const ConfigError &error) {
    EXPECT_NE(std::string(error.what()).find("p.json: /composition/Nb: the barrier model does not know \"Nb\""),
              std::string::npos)
        << error.what();
    EXPECT_NE(std::string(error.what()).find("Mo, Ta"), std::string::npos);
  }
}

TEST(Plan, PairEnergiesThatAllowNegativeBarriersAreRefused) {
  json document = minimal();
  document["barriers"] =
      json::parse(R"({"kind": "pair_kra", "migration_eV": {"Mo": 1, "Nb": 1, "Ta": 1}, "pair_eV": [{"Mo-Ta": -0.5}]})");
  std::vector<std::string> warnings;
  EXPECT_THROW(make_plan(read(document), warnings), ConfigError);
}

TEST(Plan, MissingModelsAreTheUsersFiles) {
  json document = minimal();
  std::vector<std::string> warnings;
  document["barriers"] = {{"kind", "pair_kra"}, {"file", "none.json"}};
  EXPECT_THROW(make_plan(read(document), warnings), DataError);
  document["barriers"] = {{"kind", "mlp"}, {"file", "none.safetensors"}};
  EXPECT_THROW(make_plan(read(document), warnings), DataError);
}

TEST(Sampling, Logarithmic) {
  using Hops = std::vector<std::uint64_t>;
  EXPECT_EQ(sample_hops(read_with({"hops=1000", "observe.sample.log_per_decade=1"})), (Hops{1, 10, 100, 1000}));
  EXPECT_EQ(sample_hops(read_with({"hops=50", "observe.sample.log_per_decade=2"})), (Hops{1, 3, 10, 32, 50}));
  EXPECT_EQ(sample_hops(read_with({"hops=1"})), (Hops{1}));
  const Hops rows = sample_hops(read_with({"hops=1e15", "observe.sample.log_per_decade=1000"}));
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  EXPECT_EQ(std::adjacent_find(rows.begin(), rows.end()), rows.end());
  EXPECT_EQ(rows.front(), 1U);
  EXPECT_EQ(rows.back(), 1000000000000000U);
  // Rows do not depend on how far a run goes, so that a longer run only adds to them.
  const Hops longer = sample_hops(read_with({"hops=2e6"}));
  const Hops shorter = sample_hops(read_with({"hops=1e6"}));
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
}

TEST(Sampling, EverySoManyHops) {
  using Hops = std::vector<std::uint64_t>;
  EXPECT_EQ(sample_hops(read_with({"hops=10", "observe.sample.every_hops=3"})), (Hops{3, 6, 9, 10}));
  EXPECT_EQ(sample_hops(read_with({"hops=9", "observe.sample.every_hops=3"})), (Hops{3, 6, 9}));
  EXPECT_EQ(sample_hops(read_with({"hops=9", "observe.sample.every_hops=50"})), (Hops{9}));
}

TEST(Identity, TellsRunsApartThatMustNotBeJoined) {
  const auto identity_of = [](const std::vector<std::string> &edits) {
    const KmcPreset preset = read_with(edits);
    return identity(preset, plan_of(preset));
  };
  const json same = identity_of({});
  for (const char *edit :
       {"hops=5000", "title=other", "output.directory=elsewhere", "output.plots=false", "checkpoint.every_s=1"}) {
    EXPECT_EQ(identity_of({edit}), same) << edit;
  }
  for (const char *edit :
       {"seed=2", "precision=float64", "lattice.a_A=3.3", "lattice.cells.0=9", "composition={\"Nb\":1,\"Mo\":1,\"Ta\":2}",
        "barriers.barrier_eV=1.1", "walkers.temperatures_K=[801]", "walkers.replicas=2", "attempt_frequency_per_s=1e12",
        "time_limit_s=1", "observe.order.shells=1", "observe.averages_from_hop=1", "observe.sample.every_hops=7"}) {
    EXPECT_NE(identity_of({edit}), same) << edit;
  }
}

TEST(Identity, FollowsTheNumbersOfAModelAndNotItsPath) {
  const KmcPreset from_file = load_kmc_preset(kPresets / "quickstart.json");
  json document = load_json(kPresets / "quickstart.json", JsonUse::preset);
  json model = load_json(kPresets / "models" / "nbmota_pair_kra.json", JsonUse::data);
  model["kind"] = "pair_kra";
  document["barriers"] = model;
  const auto identity_of = [](const KmcPreset &preset) { return identity(preset, plan_of(preset)); };
  EXPECT_EQ(identity_of(read(document)), identity_of(from_file));
  document["barriers"]["pair_eV"][0]["Mo-Ta"] = -0.0236;
  EXPECT_NE(identity_of(read(document)), identity_of(from_file));
}

} // namespace
} // namespace zener
