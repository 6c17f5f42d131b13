// Presets: those that ship, schema against reader, faulty ones with their messages, and what a preset becomes.
#include "apps/zener/python.hpp"
#include "host/neutral/analysis_preset.hpp"
#include "host/neutral/dataset_preset.hpp"
#include "host/neutral/defects_preset.hpp"
#include "host/neutral/elastic_preset.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/lattice_preset.hpp"
#include "host/neutral/map_preset.hpp"
#include "host/neutral/md_preset.hpp"
#include "host/neutral/neb_preset.hpp"
#include "host/neutral/phases_preset.hpp"
#include "host/neutral/preset.hpp"
#include "host/neutral/relax_preset.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/swap_preset.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/train_preset.hpp"
#include "tests/neutral/support.hpp"

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

std::filesystem::path presets() { return home_folder() / "presets"; }

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

json minimal_static() {
  json document = minimal();
  document["driver"] = "static_mc";
  document["trials"] = 1000;
  document.erase("hops");
  document["barriers"] =
      json::parse(R"({"kind": "pair_kra", "migration_eV": {"Mo": 1, "Nb": 1, "Ta": 1}, "pair_eV": [{"Mo-Ta": -0.02}]})");
  return document;
}

json minimal_map() {
  json document = minimal();
  document["driver"] = "barrier_map";
  document.erase("walkers");
  document.erase("hops");
  return document;
}

json minimal_md() {
  return json::parse(R"({
    "driver": "md",
    "structure": {"file": "w.xyz"},
    "potential": {"kind": "eam_alloy", "file": "w.eam"},
    "ensemble": {"kind": "nve"},
    "velocities": {"temperature_K": 600},
    "steps": 1000
  })");
}

json minimal_swap() {
  return json::parse(R"({
    "driver": "swap_mc_md",
    "structure": {"file": "w.xyz"},
    "potential": {"kind": "eam_alloy", "file": "w.eam"},
    "ladder": {"temperatures_K": [300, 900]},
    "trials": 1000
  })");
}

// relax, elastic, defects, neb, lattice_parameter, barrier_dataset and swap_mc_md.
json minimal_static_cells(const std::string &driver) {
  if (driver == "swap_mc_md") {
    return minimal_swap();
  }
  json document = json::parse(R"({"structure": {"file": "w.xyz"}, "potential": {"kind": "eam_alloy", "file": "w.eam"}})");
  document["driver"] = driver;
  if (driver == "defects") {
    document["defects"] = {"vacancy"};
  } else if (driver == "neb") {
    document["paths"] = {"vacancy"};
  } else if (driver == "lattice_parameter") {
    document["cells"] = {4, 4, 4};
  } else if (driver == "barrier_dataset") {
    document.erase("structure");
    document["lattice"] = {{"a_A", 3.2}, {"cells", {5, 5, 5}}};
    document["composition"] = {{"W", 1}};
  }
  return document;
}

json minimal_training() { return json::parse(R"({"driver": "train_barriers", "data": "barriers.h5", "networks": ["mlp"]})"); }

json minimal_phases() {
  return json::parse(R"({"driver": "train_phases", "sources": [{"phase": "bcc", "trajectory": {"file": "t.xyz"}}]})");
}

json minimal_analyze() {
  return json::parse(R"({"driver": "analyze", "trajectory": {"file": "t.xyz"}, "analyses": {"vacf": {}}})");
}

// What the reader of one of them, of analyze or of train_barriers makes of a document; none of the other drivers.
std::optional<json> read_static_cells(const json &document, std::set<std::string> *asked = nullptr) {
  const std::string driver = document.at("driver");
  if (driver == "relax") {
    return resolved(read_relax_preset(document, "p.json", asked));
  }
  if (driver == "elastic") {
    return resolved(read_elastic_preset(document, "p.json", asked));
  }
  if (driver == "defects") {
    return resolved(read_defects_preset(document, "p.json", asked));
  }
  if (driver == "neb") {
    return resolved(read_neb_preset(document, "p.json", asked));
  }
  if (driver == "lattice_parameter") {
    return resolved(read_lattice_preset(document, "p.json", asked));
  }
  if (driver == "barrier_dataset") {
    return resolved(read_dataset_preset(document, "p.json", asked));
  }
  if (driver == "train_barriers") {
    return resolved(read_train_preset(document, "p.json", asked));
  }
  if (driver == "train_phases") {
    return resolved(read_phases_preset(document, "p.json", asked));
  }
  if (driver == "swap_mc_md") {
    return resolved(read_swap_preset(document, "p.json", asked));
  }
  if (driver == "analyze") {
    return resolved(read_analyze_preset(document, "p.json", asked));
  }
  return std::nullopt;
}

void check_document(const json &document) { validate(document, schema_of(driver_of(document, "p.json")), "p.json"); }

KmcPreset read(const json &document) {
  check_document(document);
  return read_kmc_preset(document, "p.json");
}

MapPreset read_map(const json &document) {
  check_document(document);
  return read_map_preset(document, "p.json");
}

MdPreset read_md(const json &document) {
  check_document(document);
  return read_md_preset(document, "p.json");
}

// The preset of any of the drivers with every key explicit.
json read_and_resolved(const json &document) {
  if (const auto found = read_static_cells(document)) {
    check_document(document);
    return *found;
  }
  if (document.at("driver") == "md") {
    return resolved(read_md(document));
  }
  return document.at("driver") == "barrier_map" ? resolved(read_map(document)) : resolved(read(document));
}

KmcPreset read_with(const std::vector<std::string> &edits, json document = minimal()) {
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
    check_document(document);
    read_and_resolved(document);
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
  for (const auto &entry : std::filesystem::directory_iterator(presets())) {
    if (entry.path().extension() != ".json") {
      continue;
    }
    ++met;
    const json document = load_json(entry.path(), JsonUse::preset);
    EXPECT_FALSE(document.value("title", "").empty()) << entry.path();
    const std::string driver = driver_of(document, entry.path().string());
    validate(document, schema_of(driver), entry.path().string());
    std::vector<std::string> warnings;
    if (driver == "train_phases") { // with files beside it
      EXPECT_FALSE(load_phases_preset(entry.path()).phases.empty());
    } else if (driver == "analyze") {
      EXPECT_FALSE(load_analyze_preset(entry.path()).analyses.plan.empty());
    } else {
      read_static_cells(document);
    }
    if (driver == "barrier_map") {
      const MapPreset preset = load_map_preset(entry.path());
      if (preset.barriers.kind != "mlp" || std::filesystem::exists(preset.barriers.file)) { // the network does not ship
        EXPECT_EQ(make_map_plan(preset, warnings).elements.size(), 3U);
      }
    } else if (driver == "md") {
      const MdPreset preset = load_md_preset(entry.path());
      EXPECT_GT(make_structure(preset).size(), 0U) << entry.path();
      bool ships = true; // published potentials do not
      try {
        load_potential(preset);
      } catch (const DataError &error) {
        ships = false;
        EXPECT_NE(text_of(entry.path()).find("not ship"), std::string::npos) << error.what();
      }
      if (ships && preset.structure.value("cells", json::array({0})) != json::array({30, 30, 56})) {
        EXPECT_EQ(make_md_plan(preset).atoms.systems.size(), preset.systems());
      }
    } else if (driver == "swap_mc_md") {
      const SwapPreset preset = load_swap_preset(entry.path());
      if (text_of(entry.path()).find("not ship") == std::string::npos) {
        EXPECT_EQ(make_swap_plan(preset).atoms.systems.size(), preset.systems());
      }
    } else if (driver == "kmc" || driver == "static_mc") {
      const KmcPreset preset = load_kmc_preset(entry.path());
      if (preset.barriers.kind != "mlp" || std::filesystem::exists(preset.barriers.file)) {
        EXPECT_GE(make_plan(preset, warnings).elements.size(), 1U);
      }
    }
    EXPECT_TRUE(warnings.empty()) << entry.path() << ": " << warnings.front();
  }
  EXPECT_GE(met, 13);
}

TEST(ShippedPresets, ThoseThatMakeNetworksAreValidAndReadable) {
  std::map<std::string, int> met;
  for (const auto &entry : std::filesystem::directory_iterator(presets() / "make_network")) {
    if (entry.path().extension() != ".json") {
      continue;
    }
    const json document = load_json(entry.path(), JsonUse::preset);
    EXPECT_FALSE(document.value("title", "").empty()) << entry.path();
    const std::string driver = driver_of(document, entry.path().string());
    ++met[driver];
    if (driver == "barrier_dataset") {
      const DatasetPreset preset = load_dataset_preset(entry.path());
      EXPECT_EQ(preset.elements, (std::vector<std::string>{"Nb", "Mo", "Ta"})) << entry.path();
      std::vector<std::string> warnings;
      composition_counts(preset, warnings);
      EXPECT_TRUE(warnings.empty()) << entry.path() << ": " << warnings.front();
    } else if (driver == "train_barriers") {
      EXPECT_FALSE(load_train_preset(entry.path()).networks.empty()) << entry.path();
    } else {
      EXPECT_EQ(load_kmc_preset(entry.path()).barriers.kind, "network") << entry.path();
    }
  }
  EXPECT_GE(met["barrier_dataset"], 5);
  EXPECT_GE(met["train_barriers"], 2);
  EXPECT_EQ(met["kmc"], 1);
}

TEST(ShippedPresets, TheOthersAreThoseOfThePaperAndTheScale) {
  const MapPreset randomness = load_map_preset(presets() / "nbmota_randomness.json");
  EXPECT_EQ(randomness.temperatures_K.front(), 100.0);
  EXPECT_EQ(randomness.temperatures_K.back(), 3000.0);
  EXPECT_GE(randomness.configurations, 2) << "for standard errors";
  EXPECT_EQ(load_map_preset(presets() / "nbmota_barrier_diagram.json").compositions.size(), 231U);
  const KmcPreset growth = load_kmc_preset(presets() / "nbmota_b2_growth.json");
  EXPECT_EQ(growth.sites(), 128000);
  EXPECT_EQ(growth.hops, 10000000U);
  ASSERT_TRUE(growth.b2);
  EXPECT_EQ(growth.b2->persistent_over_hops, 1000000U);
  EXPECT_EQ(growth.configurations_at, (std::vector<std::uint64_t>{1000000, 5000000, 10000000}));
  EXPECT_EQ(growth.memory_entries, 65536);
  for (const char *name : {"million_walkers.json", "million_walkers_short.json"}) {
    const KmcPreset many = load_kmc_preset(presets() / name);
    EXPECT_EQ(many.replicas, 1 << 20);
    EXPECT_EQ(many.sites(), 1024);
  }
}

TEST(ShippedPresets, MolecularDynamicsHasTheSizesOfThePaper) {
  for (const char *name : {"md_slab.json", "md_slab_short.json"}) {
    const Atoms slab = make_structure(load_md_preset(presets() / name));
    EXPECT_EQ(slab.size(), 100800U);
    EXPECT_EQ(slab.cell.periodic, (std::array<bool, 3>{true, true, false}));
  }
  EXPECT_EQ(make_structure(load_md_preset(presets() / "md_ti_unep.json")).size(), 1458U);
  EXPECT_EQ(make_structure(load_md_preset(presets() / "md_ti_unep_vacancy.json")).size(), 1457U);
  EXPECT_EQ(load_md_preset(presets() / "md_ti_unep_vacancy.json").ladder_K, (std::vector<double>{900.0, 1300.0}));
  EXPECT_EQ(make_structure(load_md_preset(presets() / "md_nbmotaw_snap.json")).elements.size(), 4U);
}

TEST(ShippedPresets, TheSweepIsThatOfThePaper) {
  const KmcPreset preset = load_kmc_preset(presets() / "nbmota_order_sweep.json");
  EXPECT_EQ(preset.temperatures_K.size(), 20U);
  EXPECT_EQ(preset.temperatures_K.front(), 100.0);
  EXPECT_EQ(preset.temperatures_K.back(), 3000.0);
  EXPECT_EQ(2 * preset.cells[0] * preset.cells[1] * preset.cells[2], 1024);
  EXPECT_EQ(preset.hops, 20000000U);
}

TEST(ShippedPresets, AMissingNetworkSaysWhereToGetOne) {
  const KmcPreset preset = load_kmc_preset(presets() / "nbmota_order_sweep.json", {"barriers.file=/nowhere/none.safetensors"});
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

// A schema with its reference, if it is one, replaced by the definition.
json full(const json &schema, const json &root) {
  if (!schema.contains("$ref")) {
    return schema;
  }
  json target = root.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1)));
  json rest = schema;
  rest.erase("$ref");
  target.update(rest);
  return target;
}

// Leaves of the schema as JSON pointers; of a oneOf those of every branch. Species and pairs are values, not keys.
void leaves(const json &part, const json &root, const std::string &pointer, std::set<std::string> &out) {
  const json schema = full(part, root);
  if (schema.contains("oneOf")) {
    for (const json &branch : schema["oneOf"]) {
      leaves(branch, root, pointer, out);
    }
  } else if (schema.contains("properties")) {
    for (const auto &[key, property] : schema["properties"].items()) {
      leaves(property, root, pointer + "/" + key, out);
    }
  } else {
    out.insert(pointer);
  }
}

std::set<std::string> leaves_of(const std::string &driver) {
  const json schema = json::parse(schema_of(driver));
  std::set<std::string> out;
  leaves(schema, schema, "", out);
  return out;
}

const std::vector<std::string> kDrivers{"kmc",
                                        "static_mc",
                                        "barrier_map",
                                        "md",
                                        "relax",
                                        "elastic",
                                        "defects",
                                        "neb",
                                        "lattice_parameter",
                                        "barrier_dataset",
                                        "train_barriers",
                                        "train_phases",
                                        "swap_mc_md",
                                        "analyze"};

// Analyses of events with each shape of a crystal.
void add_sites(std::vector<json> &documents, const json &minimal) {
  for (const char *sites :
       {R"({"file": "w.data", "frame": 2, "elements": ["W"]})",
        R"({"lattice": "hcp", "a_A": 3, "c_over_a": 1.6, "cells": [2, 2, 2], "composition": {"Ti": 1, "Zr": 2},
            "defects": [{"kind": "vacancies", "count": 2}], "displacement_A": 0.1, "surface": {"axis": "x", "vacuum_A": 9}})",
        R"({"lattice": "bcc", "a_A": 3, "cells": [2, 2, 2], "elements": ["W"],
            "orientation": [[1, 1, 1], [-1, 1, 0], [-1, -1, 2]]})"}) {
    documents.push_back(minimal);
    documents.back()["analyses"]["events"] = {{"sites", json::parse(sites)}};
  }
}

std::vector<json> every_shape_of_md() {
  std::vector<json> documents;
  for (const char *change :
       {"{}", R"({"velocities": {"from": "structure", "exact": false}, "output": {"trajectory": {"every": 10}}})",
        R"({"analyses": {"structure": {"pair_distribution": {}, "structure_factor": {}, "steinhardt": [{}]}}})",
        R"({"ensemble": {"kind": "langevin", "temperature_K": 300}, "velocities": {}})",
        R"({"ensemble": {"kind": "bussi", "temperature_K": [300, 900]}, "potential": "w.json"})",
        R"({"structure": {"file": "w.data", "frame": 2, "elements": ["W"]}})",
        R"({"structure": {"lattice": "hcp", "a_A": 3, "c_over_a": 1.6, "cells": [2, 2, 2], "composition": {"Ti": 1, "Zr": 2},
            "defects": [{"kind": "vacancies", "count": 2}], "displacement_A": 0.1, "surface": {"axis": "x", "vacuum_A": 9}}})",
        R"({"structure": {"lattice": "bcc", "a_A": 3, "cells": [2, 2, 2], "elements": ["W"],
            "orientation": [[1, 1, 1], [-1, 1, 0], [-1, -1, 2]]}})",
        R"({"ensemble": {"kind": "nose_hoover"}, "ladder": {"temperatures_K": [300, 400], "replicas": 2}})",
        R"({"ensemble": {"kind": "npt_isotropic", "temperature_K": 300, "pressure_GPa": 1}})",
        R"({"ensemble": {"kind": "npt_axes", "temperature_K": 300, "pressure_GPa": [1, 2, 3]}})",
        R"({"ensemble": {"kind": "npt_stochastic", "temperature_K": 300}, "limits": {"largest_move_A": 1}})",
        R"({"analyses": {"msd": {"fit_ps": [1, 2]}, "vacf": {"levels": 2}, "all_origins": {},
                        "currents": {"waves": [[1, 0, 0]]}, "groups": [{"name": "a", "atoms": [0]}]}})",
        R"({"structure": {"lattice": "bcc", "a_A": 3, "cells": [2, 2, 2], "elements": ["W"], "displacement_A": 0.1},
            "analyses": {"events": {}}})",
        R"({"analyses": {"flux": {"planes_A": {"x": [1], "y": null, "z": []}}, "mobility": {}, "mean_positions": {}}})",
        R"({"analyses": {"vacf": {}, "two_phase": {}, "defect": {"kind": "vacancy", "formation": {"energy_eV": 1}}}})",
        R"({"output": {"trajectory": {"every": 10, "format": "h5md", "quantities": ["velocities"]}}})"}) {
    documents.push_back(minimal_md());
    documents.back().update(json::parse(change));
  }
  add_sites(documents, minimal_md());
  return documents;
}

std::vector<json> every_shape_of_static_cells(const std::string &driver) {
  if (driver == "barrier_dataset") {
    json many = minimal_static_cells(driver);
    many.update(json::parse(R"({"composition": [{"Nb": 1, "Ta": 2}, {"Ta": 1}], "elements": ["Ta", "Nb"], "potential": "w.json",
                                "configurations": 3, "vacancies": 2, "atoms_at_once": 5000, "band": {"images": 3}})"));
    return {minimal_static_cells(driver), many};
  }
  std::vector<const char *> changes{
      "{}", driver == "neb" ? R"({"potential": "w.json", "precision": "mixed", "relax": {"method": "fire"}})"
                            : R"({"potential": "w.json", "precision": "mixed", "relax": {"method": "lbfgs"}})"};
  const std::vector<const char *> structures{
      R"({"structure": {"file": "w.data", "frame": 2, "elements": ["W"]}})",
      R"({"structure": {"lattice": "hcp", "a_A": 3, "c_over_a": 1.6, "cells": [2, 2, 2], "composition": {"Ti": 1, "Zr": 2},
                        "displacement_A": 0.1, "defects": [{"kind": "vacancies", "count": 2}]}})",
      R"({"structure": {"lattice": "bcc", "a_A": 3, "cells": [2, 2, 2], "elements": ["W"],
                        "orientation": [[1, 1, 0], [-1, 1, 0], [0, 0, 1]], "surface": {"axis": "z", "vacuum_A": 10}}})"};
  changes.insert(changes.end(), structures.begin(), structures.end());
  if (driver == "relax") {
    changes.insert(changes.end(), {R"({"frames": "all"})", R"({"relax": {"cell": "full", "pressure_GPa": -1.5}})"});
  } else if (driver == "elastic") {
    changes.insert(changes.end(), {R"({"equilibrium": {"cell": "fixed"}, "relax_atoms": "never"})"});
  } else if (driver == "defects") {
    changes.insert(
        changes.end(),
        {R"({"structure": {"lattice": "bcc", "a_A": 3, "cells": [4, 4, 4], "elements": ["W"]}, "cells": [[4, 4, 4], [5, 5, 5]],
                        "defects": ["vacancy", {"kind": "divacancy", "shell": 2, "name": "2nn", "binding": {"vacancy": 2}}]})",
         R"({"chemical_potentials": {"W": -8.9, "Ta": {"structure": {"file": "ta.xyz"}}},
                        "defects": [{"file": "d.xyz"}]})"});
  } else if (driver == "neb") {
    changes.insert(changes.end(),
                   {R"({"paths": ["crowdion_110", {"kind": "vacancy", "site": 3, "neighbours": [0, 7], "name": "v"},
                       {"kind": "vacancy_cluster", "count": 2, "shell": 2, "hops": [1]}, {"kind": "vacancy_cluster", "count": 3},
                       {"kind": "dumbbell"}, {"kind": "chain", "direction": "111", "atoms": 3},
                       {"kind": "chain", "direction": "100", "atoms": "row"}],
             "band": {"images": 3, "climb": false}, "atoms_at_once": 5000})",
                    R"({"paths": [{"kind": "files", "last": "b.xyz"},
                       {"kind": "files", "name": "c", "first": {"file": "t.dump", "frame": 0, "elements": ["W"]}, "last": "b.xyz"}]})"});
  } else if (driver == "swap_mc_md") {
    changes = {"{}", R"({"potential": "w.json", "precision": "mixed", "between": {"relax": {"steps": 50}}})",
               R"({"trials": null, "sweeps": 2.5, "between": {"relax": {}}})"};
    changes.insert(changes.end(), structures.begin(), structures.end());
    for (const char *md :
         {R"({"between": {"md": {"every_trials": 10, "steps": 5, "ensemble": {"kind": "bussi"}}}})",
          R"({"between": {"md": {"every_trials": 10, "steps": 5, "ensemble": {"kind": "npt_stochastic"}}}})"}) {
      changes.push_back(md);
    }
  } else {
    changes.insert(changes.end(), {R"({"ensemble": {"kind": "npt_stochastic"}, "ladder": {"temperatures_K": [300, 400]}})",
                                   R"({"ensemble": {"kind": "npt_axes"}, "defects": ["vacancy"], "static": true})"});
  }
  std::vector<json> documents;
  for (const char *change : changes) {
    documents.push_back(minimal_static_cells(driver));
    documents.back().update(json::parse(change));
  }
  return documents;
}

std::vector<json> every_shape_of_training() {
  std::vector<json> documents;
  for (const char *change :
       {"{}", R"({"data": ["a.h5", {"path": "nnk", "elements": ["Nb", "Mo", "Ta"], "a_A": 3.24}], "test_data": "t.h5"})",
        R"({"hold_out": ["Nb5Mo5Ta90", {"Nb": 1, "Mo": 2}], "compositions": [1, ["a", {"Ta": 1}], "all"], "early_stop": 9})",
        R"({"learning_curve": [100, "all"], "split_by": "jump", "precision": "float64", "networks": [
            {"kind": "mlp", "widths": [7, 5], "shells": 3, "augment": true}, {"kind": "site_mlp", "symmetric": true, "ensemble": 3},
            {"kind": "cnn", "filters": [4, 5, 6, 7], "one_hot": true, "seed": 77}, "consistent",
            {"kind": "consistent", "name": "c.2", "jump_widths": [3], "state_widths": [2, 2], "state_shells": 0, "pair_shells": 8,
             "batch_norm": false}]})"}) {
    documents.push_back(minimal_training());
    documents.back().update(json::parse(change));
  }
  return documents;
}

std::vector<json> every_shape_of_analyze() {
  std::vector<json> documents;
  for (
      const char *change :
      {"{}", R"({"trajectory": {"file": "t.dump", "elements": ["Nb", "W"], "first": 3, "last": 9, "frame_interval_ps": 0.1}})",
       R"({"analyses": {"msd": {}, "groups": [{"name": "a", "atoms": [0, 4]}]}, "output": {"plots": false}})",
       R"({"analyses": {"vacf": {}, "two_phase": {}, "defect": {"kind": "vacancy", "formation": {"energy_eV": 1}}}})",
       R"({"analyses": {"flux": {"planes_A": {"x": [1], "y": null, "z": []}}, "mobility": {}, "mean_positions": {}}})",
       R"({"analyses": {"vacf": {}, "two_phase": {}, "defect": {"kind": "vacancy", "formation": {"energy_eV": 1}}}})",
       R"({"analyses": {"structure": {}}})",
       R"({"analyses": {"structure": {"cna": false, "pair_distribution": {}, "structure_factor": {},
            "steinhardt": [{}, {"neighbours": "cutoff", "cutoff_A": 3}]}}})",
       R"({"analyses": {"vacf": {"origins_every": 8, "window": "none"}, "all_origins": {}, "currents": {"waves": [[1, 0, 0]]}}})"}) {
    documents.push_back(minimal_analyze());
    documents.back().update(json::parse(change));
  }
  add_sites(documents, minimal_analyze());
  return documents;
}

std::vector<json> every_shape_of_phases() {
  std::vector<json> documents;
  for (const char *change :
       {"{}", R"({"steinhardt": {"neighbours": "nearest", "nearest": 14}, "mixture": {"components": 4, "of": "each_phase"}})",
        R"({"steinhardt": {"neighbours": "cutoff", "cutoff_A": 3}, "mixture": {}, "output": {"plots": false}})"}) {
    documents.push_back(minimal_phases());
    documents.back().update(json::parse(change));
  }
  return documents;
}

// One document for each shape that the reader of a driver knows.
std::vector<json> every_shape(const std::string &driver) {
  if (driver == "analyze") {
    return every_shape_of_analyze();
  }
  if (driver == "train_phases") {
    return every_shape_of_phases();
  }
  if (driver == "train_barriers") {
    return every_shape_of_training();
  }
  if (driver == "relax" || driver == "elastic" || driver == "defects" || driver == "neb" || driver == "lattice_parameter" ||
      driver == "barrier_dataset" || driver == "swap_mc_md") {
    return every_shape_of_static_cells(driver);
  }
  if (driver == "md") {
    return every_shape_of_md();
  }
  const char *pair_file = R"({"barriers": {"kind": "pair_kra", "file": "m.json"}})";
  const char *pair_model = R"({"barriers": {"kind": "pair_kra", "migration_eV": {"Mo": 1}, "pair_eV": [{}]}})";
  const char *network = R"({"barriers": {"kind": "mlp", "file": "m.safetensors"}})";
  const char *from_file = R"({"composition": null, "initial": {"file": "i.dump", "elements": ["Nb", "Mo"]}})";
  const char *ensemble = R"({"barriers": {"kind": "network", "files": ["a.safetensors", "b.safetensors"]}})";
  std::vector<const char *> changes{"{}", pair_file, pair_model, from_file, ensemble};
  json base = minimal_static();
  if (driver == "barrier_map") {
    base = minimal_map();
    changes.insert(changes.end(), {network, R"({"composition": {"grid": {"elements": ["Nb", "Ta"], "divisions": 4}}})",
                                   R"({"composition": [{"Nb": 1}, {"Ta": 1}], "temperatures_K": [300, 400]})"});
  } else {
    changes.insert(changes.end(), {R"({"observe": {"b2": {"pair": ["Mo", "Ta"]}, "sample": {"every_hops": 10}}})",
                                   R"({"observe": {"sample": {"log_per_decade": 3}}})"});
  }
  if (driver == "kmc") {
    base = minimal();
    changes.insert(changes.end(), {network, R"({"real_time": {"vacancy_concentration": 1e-6}})",
                                   R"({"real_time": {"formation_free_energy_eV": 2.5}})", R"({"memory": {"entries": 0}})"});
  }
  std::vector<json> documents;
  for (const char *change : changes) {
    documents.push_back(base);
    documents.back().update(json::parse(change));
    if (documents.back().at("composition").is_null()) {
      documents.back().erase("composition");
    }
  }
  return documents;
}

TEST(SchemaAndReader, KnowTheSameKeys) {
  for (const std::string &driver : kDrivers) {
    std::set<std::string> asked;
    for (const json &document : every_shape(driver)) {
      check_document(document);
      if (read_static_cells(document, &asked)) {
        continue;
      }
      if (driver == "barrier_map") {
        read_map_preset(document, "p.json", &asked);
      } else if (driver == "md") {
        read_md_preset(document, "p.json", &asked);
      } else {
        read_kmc_preset(document, "p.json", &asked);
      }
    }
    std::set<std::string> of_reader;
    for (const std::string &pointer : asked) {
      const auto next = asked.upper_bound(pointer + "/");
      const bool inner = next != asked.end() && next->rfind(pointer + "/", 0) == 0;
      if (!inner) {
        of_reader.insert(pointer);
      }
    }
    // The composition is a leaf of its own where it can be a grid as well.
    std::set<std::string> of_schema = leaves_of(driver);
    of_schema.erase("/composition");
    of_reader.erase("/composition");
    of_schema.erase("/between"); // which can be a text as well
    of_reader.erase("/between");
    EXPECT_EQ(of_schema, of_reader) << driver;
  }
}

TEST(SchemaAndReader, EveryKeyIsDescribedAndClosed) {
  for (const std::string &driver : known_drivers()) {
    const json root = json::parse(schema_of(driver));
    const std::function<void(const json &, const std::string &)> walk = [&](const json &part, const std::string &where) {
      const json schema = full(part, root);
      if (schema.contains("properties")) {
        EXPECT_TRUE(schema.contains("additionalProperties") && schema["additionalProperties"] == false) << where;
        for (const auto &[key, part_of_key] : schema["properties"].items()) {
          const json property = full(part_of_key, root);
          EXPECT_TRUE(property.contains("description") || property.contains("const") || part.contains("oneOf") || key == "grid")
              << where << "/" << key;
          walk(property, where + "/" + key);
        }
      }
      if (schema.contains("oneOf")) {
        for (const json &branch : schema["oneOf"]) {
          walk(branch, where);
        }
      }
    };
    walk(root, driver + ": ");
  }
}

TEST(SchemaAndReader, HaveTheSameDefaults) {
  for (const std::string &driver : kDrivers) {
    const json root = json::parse(schema_of(driver));
    const std::vector<json> documents = every_shape(driver);
    int compared = 0;
    const std::function<void(const json &, const json &, const json &, const std::string &)> walk =
        [&](const json &part, const json &read_back, const json &given, const std::string &pointer) {
          const json schema = full(part, root);
          for (const auto &[key, part_of_key] : schema.at("properties").items()) {
            const json property = full(part_of_key, root);
            const json::json_pointer here(pointer + "/" + key);
            if (!read_back.contains(here)) {
              continue; // of another shape
            }
            if (property.contains("default") && !given.contains(here)) {
              EXPECT_EQ(read_back.at(here), property["default"]) << driver << ": " << here;
              ++compared;
            }
            if (property.contains("properties") && read_back.at(here).is_object()) {
              walk(property, read_back, given, pointer + "/" + key);
            }
          }
        };
    for (const json &document : documents) {
      walk(root, read_and_resolved(document), document, "");
    }
    EXPECT_GT(compared, 5 * static_cast<int>(documents.size())) << driver;
  }
}

TEST(SchemaAndReader, AllKeysHasThemAll) {
  for (const std::string &driver : kDrivers) {
    const std::filesystem::path file = presets() / (driver == "kmc" ? "all_keys.json" : "all_keys_" + driver + ".json");
    const std::string text = text_of(file);
    const json document = load_json(file, JsonUse::preset);
    const bool own_structure = driver == "md"; // the others refer to its all_keys
    for (const std::string &pointer : leaves_of(driver)) {
      if ((pointer.starts_with("/structure/") || pointer.find("/sites/") != std::string::npos) && !own_structure) {
        continue;
      }
      bool variant = false;
      for (const char *of :
           {"/barriers/", "/observe/sample/", "/initial/", "/real_time/", "/composition/", "/output/trajectory/", "/ensemble/",
            "/structure/", "/between", "/analyses/msd/", "/analyses/flux/", "/analyses/mobility/", "/analyses/mean_positions/",
            "/analyses/events/sites/", "/steinhardt/"}) {
        variant = variant || pointer.rfind(of, 0) == 0;
      }
      const std::string key = pointer.substr(pointer.rfind('/') + 1);
      EXPECT_NE(text.find("\"" + key + "\""), std::string::npos) << driver << ": " << pointer;
      EXPECT_TRUE(variant || document.contains(json::json_pointer(pointer))) << driver << ": " << pointer;
    }
  }
}

TEST(Analyses, WhatASchemaCannotSay) {
  const auto expect = [](json document, const char *change, const std::vector<std::string> &parts) {
    document.update(json::parse(change), true);
    const std::string met = refusal(document);
    for (const std::string &part : parts) {
      EXPECT_NE(met.find(part), std::string::npos) << part << " in: " << met;
    }
  };
  const json file = minimal_analyze();
  expect(file, R"({"analyses": {"vacf": null}})", {"/analyses", "nothing is asked for"});
  expect(file, R"({"analyses": {"vacf": {"origins_every": 7}}})", {"origins_every", "divisor", "512"});
  expect(file, R"({"analyses": {"vacf": {"origins_every": 8, "levels": 2}}})", {"origins_every", "one level"});
  expect(file, R"({"analyses": {"msd": {"factor": 64, "levels": 32}}})", {"/analyses/msd/levels", "fewer"});
  expect(file, R"({"analyses": {"msd": {"fit_ps": [2, 1]}}})", {"fit_ps", "smaller"});
  expect(file, R"({"analyses": {"groups": [{"name": "a", "atoms": [1, 1]}]}})", {"atoms/1", "twice"});
  expect(file, R"({"analyses": {"groups": [{"name": "a", "atoms": [1]}, {"name": "a", "atoms": [2]}]}})", {"earlier group"});
  expect(file, R"({"analyses": {"groups": [{"name": "all", "atoms": [1]}]}})", {"name", "all"});
  expect(file, R"({"trajectory": {"first": 5, "last": 5}})", {"/trajectory/last", "more than first"});
  expect(file, R"({"trajectory": {"velocities": "differences"}, "analyses": {"vacf": null, "msd": {}}})",
         {"velocities", "vacf"});
  expect(minimal_md(), R"({"analyses": {"vacf": {}, "begin_step": 1000}})", {"begin_step", "1000"});
  expect(minimal_md(), R"({"analyses": {"msd": {}}, "ensemble": {"kind": "npt_isotropic", "temperature_K": 300}})",
         {"/analyses/msd", "constant cell", "npt_isotropic"});
  expect(file, R"({"analyses": {"events": {}}})", {"/analyses/events/sites", "needed", "perfect crystal"});
  expect(minimal_md(), R"({"structure": {"file": "w.data"}, "analyses": {"events": {}}})",
         {"/analyses/events/sites", "needed"});
  expect(file, R"({"analyses": {"events": {"sites": {"lattice": "bcc", "a_A": 3, "cells": [2, 2, 2]}}}})",
         {"/analyses/events/sites/elements", "needed"});
  EXPECT_EQ(refusal(file), "");
}

TEST(SchemaAndReader, SchemasAreCompleteAndUnknownDriversAreNamed) {
  for (const std::string &driver : known_drivers()) {
    const std::string text = schema_of(driver);
    EXPECT_EQ(text.find("common.schema.json"), std::string::npos) << driver;
    EXPECT_EQ(json::parse(text).at("properties").at("driver").at("enum"), json({driver}));
  }
  for (const char *name : {"kcm", "common", ""}) {
    try {
      schema_of(name);
      ADD_FAILURE() << name;
    } catch (const ConfigError &error) {
      EXPECT_NE(std::string(error.what()).find("barrier_map"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("static_mc"), std::string::npos) << error.what();
    }
  }
}

TEST(Reader, ResolvedPresetsReadBackAsThemselves) {
  for (const std::string &driver : kDrivers) {
    for (const json &document : every_shape(driver)) {
      const json once = read_and_resolved(document);
      EXPECT_NO_THROW(check_document(once));
      EXPECT_EQ(read_and_resolved(once), once);
      const json schema = json::parse(schema_of(driver));
      for (const auto &[key, property] : schema["properties"].items()) {
        EXPECT_TRUE(once.contains(key) || (key == "composition" && document.contains("initial"))) << key;
      }
    }
  }
  json ladder = minimal();
  ladder["composition"] = json::parse(R"([{"Nb": 1}, {"Mo": 2.5, "Ta": 1}])");
  ladder["time_limit_s"] = 1e-3;
  EXPECT_EQ(resolved(read(resolved(read(ladder)))), resolved(read(ladder)));
  EXPECT_EQ(read(ladder).time_limit_s, 1e-3);
}

TEST(TrainPreset, ReadsWhatItIsGiven) {
  json document = every_shape_of_training().at(3);
  document.update(
      json::parse(R"({"seed": 10, "epochs": 7, "batch": 64, "learning_rate": 0.01, "patience": 3, "rate_factor": 0.5,
      "least_rate": 1e-4, "weight_decay": 0.02, "validation_share": 0.2, "checkpoint": {"every_s": 9}})"));
  const TrainPreset preset = read_train_preset(document, "some/p.json");
  EXPECT_EQ(preset.data.at(0).path, "some/barriers.h5");
  EXPECT_EQ(preset.learning_curve, (std::vector<std::int64_t>{100, 0}));
  EXPECT_FALSE(preset.split_by_cell);
  EXPECT_EQ(preset.precision, Precision::float64);
  std::vector<std::string> names;
  std::vector<std::uint32_t> seeds;
  for (const NamedDesign &network : preset.networks) {
    names.push_back(network.name);
    seeds.push_back(network.design.seed);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"mlp_7-5_3shells_augmented", "symmetric_4x128_1", "symmetric_4x128_2",
                                             "symmetric_4x128_3", "cnn_one_hot", "consistent", "c.2"}));
  EXPECT_EQ(seeds, (std::vector<std::uint32_t>{10, 11, 12, 13, 77, 15, 16}));
  const NetworkDesign &mlp = preset.networks[0].design;
  EXPECT_EQ(mlp.kind, NetworkKind::mlp);
  EXPECT_EQ(mlp.widths, (std::vector<int>{7, 5}));
  EXPECT_EQ(mlp.shells, 3);
  EXPECT_TRUE(mlp.augment);
  EXPECT_TRUE(preset.networks[2].design.symmetric);
  EXPECT_EQ(preset.networks[4].design.filters, (std::vector<int>{4, 5, 6, 7}));
  EXPECT_TRUE(preset.networks[4].design.one_hot);
  const NetworkDesign &consistent = preset.networks[6].design;
  EXPECT_EQ(consistent.jump_widths, std::vector<int>{3});
  EXPECT_EQ(consistent.state_widths, (std::vector<int>{2, 2}));
  EXPECT_EQ(consistent.state_shells, 0);
  EXPECT_EQ(consistent.pair_shells, 8);
  EXPECT_FALSE(consistent.batch_norm);
  EXPECT_EQ(preset.epochs, 7);
  EXPECT_EQ(preset.batch, 64);
  EXPECT_EQ(preset.learning_rate, 0.01);
  EXPECT_EQ(preset.patience, 3);
  EXPECT_EQ(preset.rate_factor, 0.5);
  EXPECT_EQ(preset.least_rate, 1e-4);
  EXPECT_EQ(preset.weight_decay, 0.02);
  EXPECT_EQ(preset.validation_share, 0.2);
  EXPECT_EQ(preset.checkpoint_every_s, 9.0);
  const TrainPreset sets = read_train_preset(every_shape_of_training().at(2), "p.json");
  EXPECT_EQ(sets.hold_out.at(0).name, "Nb5Mo5Ta90");
  EXPECT_EQ(sets.hold_out.at(1).parts.size(), 2U);
  EXPECT_EQ(sets.compositions.at(0).nearest, 1);
  EXPECT_EQ(sets.compositions.at(1).list.size(), 2U);
  EXPECT_TRUE(sets.compositions.at(2).all());
  EXPECT_EQ(sets.early_stop, 9);
}

TEST(TrainPreset, ASetPathIsOfTheCurrentFolder) {
  json document = minimal_training();
  apply_preset_edit(document, "data=a.h5");
  EXPECT_EQ(document["data"], (std::filesystem::current_path() / "a.h5").string());
  apply_preset_edit(document, "test_data=[\"b.h5\",{\"path\":\"c\"}]");
  apply_preset_edit(document, "test_data.0=d.h5");
  EXPECT_EQ(document["test_data"][0], (std::filesystem::current_path() / "d.h5").string());
  EXPECT_EQ(document["test_data"][1]["path"], (std::filesystem::current_path() / "c").string());
}

TEST(TrainPreset, RefusesWhatMakesNoSense) {
  const auto refused = [](const char *change, std::initializer_list<std::string> words) {
    json document = minimal_training();
    document.update(json::parse(change));
    const std::string message = refusal(document);
    for (const std::string &word : words) {
      EXPECT_NE(message.find(word), std::string::npos) << change << ": '" << word << "' is missing in: " << message;
    }
  };
  refused(R"({"networks": []})", {"/networks"});
  refused(R"({"networks": ["mpl"]})", {"/networks/0", "mlp"});
  refused(R"({"networks": [{"kind": "mlp", "filters": [1, 2, 3, 4]}]})", {"/networks/0", "filters"});
  refused(R"({"networks": [{"kind": "cnn", "filters": [1, 2, 3]}]})", {"/networks/0/filters", "4"});
  refused(R"({"networks": [{"kind": "mlp", "widths": [0]}]})", {"/networks/0/widths"});
  refused(R"({"networks": [{"kind": "mlp", "name": "../x"}]})", {"/networks/0", "name"});
  refused(R"({"networks": ["mlp", "mlp"]})", {"/networks/1", "twice", "name"});
  refused(R"({"networks": [{"kind": "site_mlp", "symmetric": true, "augment": true}]})",
          {"/networks/0", "/augment", "symmetric"});
  refused(R"({"data": []})", {"/data"});
  refused(R"({"data": [{"elements": ["Nb"]}]})", {"/data/0", "path"});
  refused(R"({"data": [{"path": "x", "elements": ["Nb"]}]})", {"/data/0", "a_A"});
  refused(R"({"data": [{"path": "x", "a_A": 3}]})", {"/data/0", "/a_A", "elements"});
  refused(R"({"hold_out": [{}]})", {"/hold_out/0"});
  refused(R"({"hold_out": [{"Nb": 0}]})", {"/hold_out/0"});
  refused(R"({"hold_out": [{"nb": 1}]})", {"/hold_out/0/nb", "symbol"});
  refused(R"({"compositions": ["most"]})", {"/compositions/0", "most"});
  refused(R"({"learning_curve": [100, 100]})", {"/learning_curve/1", "differ"});
  refused(R"({"learning_curve": [0]})", {"/learning_curve/0"});
  refused(R"({"split_by": "row"})", {"/split_by", "cell", "jump"});
  refused(R"({"least_rate": 0.1})", {"/least_rate", "learning rate"});
  refused(R"({"epochs": 0})", {"/epochs"});
  refused(R"({"early_stop": 0})", {"/early_stop"});
}

TEST(StaticPresets, ReadWhatTheyAreGiven) {
  json document = minimal_static_cells("relax");
  document["relax"] = json::parse(R"({"method": "lbfgs", "cell": "axes", "pressure_GPa": 2, "force_tolerance_eV_A": 0.02,
                                      "stress_tolerance_GPa": 0.3, "max_steps": 77, "largest_move_A": 0.2})");
  const RelaxPreset relax = read_relax_preset(document, "p.json");
  EXPECT_EQ(relax.relax.method, RelaxPlan::Method::lbfgs);
  EXPECT_EQ(relax.relax.cell, CellFreedom::axes);
  EXPECT_EQ(relax.relax.pressure_GPa, 2.0);
  EXPECT_EQ(relax.relax.force_tolerance_eV_A, 0.02);
  EXPECT_EQ(relax.relax.stress_tolerance_GPa, 0.3);
  EXPECT_EQ(relax.relax.max_steps, 77);
  EXPECT_EQ(relax.relax.largest_move_A, 0.2);

  document = minimal_static_cells("elastic");
  document.update(json::parse(R"({"equilibrium": {"cell": "full", "pressure_GPa": 1, "tolerance_GPa": 0.5}, "strain": 0.002,
                                  "relax_atoms": "always"})"));
  const ElasticPreset elastic = read_elastic_preset(document, "p.json");
  EXPECT_EQ(elastic.equilibrium.cell, CellFreedom::full);
  EXPECT_EQ(elastic.equilibrium.pressure_GPa, 1.0);
  EXPECT_EQ(elastic.equilibrium.tolerance_GPa, 0.5);
  EXPECT_EQ(elastic.strain, 0.002);
  EXPECT_EQ(elastic.relax_atoms, "always");
  EXPECT_EQ(elastic.relax.cell, CellFreedom::fixed);

  document = every_shape_of_static_cells("defects").at(5);
  const DefectsPreset built = read_defects_preset(document, "some/p.json");
  EXPECT_EQ(built.cells, (std::vector<std::array<int, 3>>{{4, 4, 4}, {5, 5, 5}}));
  ASSERT_EQ(built.defects.size(), 2U);
  EXPECT_EQ(built.defects[0].name, "vacancy");
  EXPECT_TRUE(built.defects[0].parts.empty());
  EXPECT_EQ(built.defects[1].name, "2nn");
  EXPECT_EQ(built.defects[1].build, json::parse(R"({"kind": "divacancy", "shell": 2})"));
  EXPECT_EQ(built.defects[1].parts, (std::map<std::string, int>{{"vacancy", 2}}));
  document = every_shape_of_static_cells("defects").at(6);
  const DefectsPreset filed = read_defects_preset(document, "some/p.json");
  EXPECT_EQ(filed.defects[0].name, "d");
  EXPECT_EQ(filed.defects[0].file, "some/d.xyz");
  EXPECT_EQ(filed.chemical_potentials.at("W").energy_eV, -8.9);
  EXPECT_EQ(filed.chemical_potentials.at("Ta").structure.at("file"), "ta.xyz");

  document = minimal_static_cells("lattice_parameter");
  document.update(json::parse(R"({"ensemble": {"kind": "npt_axes", "chain": 5, "barostat_time_fs": 700}, "pressure_GPa": 3,
                                  "ladder": {"temperatures_K": [300, 500], "replicas": 3}, "defects": ["vacancy"],
                                  "equilibration_steps": 20, "steps": 200, "sample_every": 5, "time_step_fs": 2})"));
  const LatticePreset lattice = read_lattice_preset(document, "p.json");
  EXPECT_EQ(lattice.freedom(), CellFreedom::axes);
  EXPECT_EQ(lattice.relax.cell, CellFreedom::axes);
  EXPECT_EQ(lattice.relax.pressure_GPa, 3.0);
  EXPECT_EQ(lattice.systems(), 12U);
  EXPECT_EQ(lattice.chain, 5);
  EXPECT_EQ(lattice.barostat_time_fs, 700.0);
  EXPECT_EQ(lattice.time_step_fs, 2.0);
  EXPECT_EQ(lattice.cells, (std::array<int, 3>{4, 4, 4}));
}

TEST(StaticPresets, PathsAreReadAndWrittenInFull) {
  const NebPreset built = read_neb_preset(every_shape_of_static_cells("neb").at(5), "some/p.json");
  ASSERT_EQ(built.paths.size(), 7U);
  EXPECT_EQ(built.paths[0].direction, "110");
  EXPECT_EQ(built.paths[1].site, 3U);
  EXPECT_EQ(built.paths[1].neighbours, (std::vector<int>{0, 7}));
  EXPECT_EQ(built.paths[2].name, "divacancy_2nn");
  EXPECT_EQ(built.paths[2].shell, 2);
  EXPECT_EQ(built.paths[2].hops, std::vector<int>{1});
  EXPECT_EQ(built.paths[3].name, "trivacancy");
  EXPECT_EQ(built.paths[4].name, "dumbbell_110");
  EXPECT_EQ(built.paths[5].name, "chain_111_3");
  EXPECT_EQ(built.paths[5].atoms, 3);
  EXPECT_EQ(built.paths[6].name, "row_100");
  EXPECT_EQ(built.paths[6].atoms, 0);
  EXPECT_EQ(built.images, 3);
  EXPECT_FALSE(built.band.climb);
  EXPECT_EQ(built.band.spring_eV_A2, 5.0);
  EXPECT_EQ(built.force_tolerance_eV_A, 0.01);
  EXPECT_EQ(built.relax.force_tolerance_eV_A, 0.001);
  EXPECT_EQ(built.atoms_at_once, 5000);
  const NebPreset filed = read_neb_preset(every_shape_of_static_cells("neb").at(6), "some/p.json");
  EXPECT_EQ(filed.paths[0].name, "b");
  EXPECT_TRUE(filed.paths[0].first_structure.is_null());
  EXPECT_EQ(filed.paths[1].first_structure.at("frame"), 0);
  EXPECT_EQ(resolved(filed).at("paths").at(0).at("last").at("file"), std::filesystem::absolute("some/b.xyz").string());
}

TEST(StaticPresets, ShippedPathsFitTheirCells) {
  const std::map<std::string, std::size_t> bands{
      {"neb_w_vacancy.json", 26}, {"neb_w_qnml.json", 52}, {"neb_fe_qnml.json", 52}, {"all_keys_neb.json", 4}};
  for (const auto &[name, count] : bands) {
    const NebPreset preset = load_neb_preset(presets() / name);
    EXPECT_EQ(make_hops(preset, make_structure(preset)).size(), count) << name;
  }
}

TEST(StaticPresets, ShippedOnesBuildTheirCells) {
  for (const char *name : {"relax_w_eam.json", "all_keys_relax.json"}) {
    EXPECT_GT(make_structures(load_relax_preset(presets() / name)).front().size(), 50U) << name;
  }
  for (const char *name : {"elastic_w_eam.json", "elastic_w_qnml.json", "all_keys_elastic.json"}) {
    EXPECT_EQ(make_structure(load_elastic_preset(presets() / name)).size(), 2U) << name;
  }
  // Atoms against the perfect cell, in the order of the list.
  const DefectsPreset many = load_defects_preset(presets() / "defects_w_eam.json");
  const std::vector<int> change{-1, -2, -2, -2, -3, 1, 1, 1, 1, 1, 1};
  ASSERT_EQ(many.defects.size(), change.size());
  for (std::size_t d = 0; d < change.size(); ++d) {
    for (const int cells : {5, 6}) {
      const Atoms atoms = make_defect_structure(many, std::array{cells, cells, cells}, many.defects[d].build);
      EXPECT_EQ(static_cast<int>(atoms.size()), 2 * cells * cells * cells + change[d]) << many.defects[d].name;
    }
  }
  for (const char *name :
       {"lattice_parameter_w_eam.json", "lattice_parameter_ti_unep.json", "all_keys_lattice_parameter.json"}) {
    const LatticePreset lattice = load_lattice_preset(presets() / name);
    for (const DefectChoice &defect : lattice.defects) {
      EXPECT_NE(make_defect_structure(lattice, std::nullopt, defect.build).size(), make_structure(lattice).size()) << name;
    }
  }
  const LatticePreset hcp = load_lattice_preset(presets() / "lattice_parameter_zr_hcp.json");
  EXPECT_EQ(hcp.freedom(), CellFreedom::axes);
  EXPECT_EQ(make_structure(hcp).size(), 4U * 6 * 4 * 4);
}

TEST(StaticPresets, ADivacancyIsInItsShell) {
  DefectsPreset preset = load_defects_preset(presets() / "defects_w_eam.json");
  const Atoms perfect = make_structure(preset);
  const double a = 3.1652;
  for (const auto &[shell, distance] : {std::pair{1, std::sqrt(0.75) * a}, {2, a}, {3, std::sqrt(2.0) * a}}) {
    const Atoms pair = make_defect_structure(preset, std::nullopt, json{{"kind", "divacancy"}, {"shell", shell}});
    // The two sites that are empty, by positions.
    std::vector<Vector3> empty;
    for (const Vector3 &site : perfect.position_A) {
      const bool there = std::any_of(pair.position_A.begin(), pair.position_A.end(), [&](const Vector3 &x) {
        return std::abs(x[0] - site[0]) + std::abs(x[1] - site[1]) + std::abs(x[2] - site[2]) < 1e-6;
      });
      if (!there) {
        empty.push_back(site);
      }
    }
    ASSERT_EQ(empty.size(), 2U);
    double squared = 0.0;
    for (std::size_t d = 0; d < 3; ++d) {
      const double x = empty[1][d] - empty[0][d];
      const double wrapped = x - 5.0 * a * std::round(x / (5.0 * a));
      squared += wrapped * wrapped;
    }
    EXPECT_NEAR(std::sqrt(squared), distance, 1e-6) << shell;
  }
  try {
    make_defect_structure(preset, std::array{2, 2, 2}, json{{"kind", "divacancy"}, {"shell", 2}});
    ADD_FAILURE() << "the second neighbour is as near as its image";
  } catch (const ConfigError &error) {
    EXPECT_NE(std::string(error.what()).find("too small for a divacancy in shell 2"), std::string::npos) << error.what();
  }
}

TEST(StaticPresets, RefuseWhatMakesNoSense) {
  const auto refused = [](const char *driver, const char *change, std::initializer_list<std::string> words) {
    json document = minimal_static_cells(driver);
    document.merge_patch(json::parse(change));
    const std::string message = refusal(document);
    EXPECT_FALSE(message.empty()) << change;
    for (const std::string &word : words) {
      EXPECT_NE(message.find(word), std::string::npos) << change << "\n" << message;
    }
  };
  refused("relax", R"({"relax": {"pressure_GPa": 1}})", {"/relax/pressure_GPa", "only 0 with a fixed cell"});
  refused("relax", R"({"relax": {"metod": "fire"}})", {"/relax/metod", "method"});
  refused("relax", R"({"relax": {"cell": "isotropi"}})", {"/relax/cell", "isotropic"});
  refused("relax", R"({"frames": "all", "structure": {"frame": 2}})", {"/frames", "names a frame"});
  refused(
      "relax",
      R"({"frames": "all", "structure": {"file": null, "lattice": "bcc", "a_A": 3, "cells": [4, 4, 4], "elements": ["W"]}})",
      {"/frames", "built"});
  refused("relax", R"({"structure": 5})", {"/structure", "object"});
  refused("elastic", R"({"strain": 0.5})", {"/strain", "0.01"});
  refused("elastic", R"({"relax": {"cell": "full"}})", {"/relax/cell", "unknown key"});
  refused("elastic", R"({"equilibrium": {"cell": "fixed", "pressure_GPa": 3}})", {"/equilibrium/pressure_GPa", "fixed"});
  refused("defects", R"({"defects": []})", {"/defects"});
  refused("defects", R"({"defects": ["vacancy", "vacancy"]})", {"/defects/1", "twice", "name"});
  refused("defects", R"({"defects": [7]})", {"/defects/0"});
  refused("defects", R"({"defects": ["vacancie"]})", {"/defects/0", "did you mean", "vacancy", "dumbbell_110"});
  refused("defects", R"({"defects": [{"kind": "dumbell"}]})", {"/defects/0/kind", "did you mean", "dumbbell"});
  refused("defects", R"({"defects": [{"name": "x"}]})", {"/defects/0", "kind", "file"});
  refused("defects", R"({"defects": [{"file": "x.xyz", "bindng": {"vacancy": 2}}]})", {"/defects/0/bindng", "binding"});
  refused("defects", R"({"defects": ["vacancy", {"file": "x.xyz", "binding": {"vacanc": 2}}]})",
          {"/defects/1/binding/vacanc", "did you mean", "vacancy"});
  refused("defects", R"({"defects": ["vacancy", {"file": "x.xyz", "binding": {"vacancy": 0}}]})",
          {"/defects/1/binding/vacancy"});
  refused("defects", R"({"cells": [[4, 4, 4]]})", {"/cells", "null where the structure is a file"});
  refused(
      "defects",
      R"({"structure": {"file": null, "lattice": "bcc", "a_A": 3, "cells": [4, 4, 4], "elements": ["W"]}, "cells": [[4, 4, 4], [4, 4, 4]]})",
      {"/cells/1", "twice"});
  refused("defects", R"({"chemical_potentials": {"W": "low"}})", {"/chemical_potentials/W"});
  refused("neb", R"({"paths": []})", {"/paths"});
  refused("neb", R"({"paths": null})", {"/paths"});
  refused("neb", R"({"paths": ["vacancie"]})", {"/paths/0", "did you mean", "vacancy"});
  refused("neb", R"({"paths": [7]})", {"/paths/0"});
  refused("neb", R"({"paths": ["vacancy", "vacancy"]})", {"/paths/1", "twice", "name"});
  refused("neb", R"({"paths": [{"kind": "vacancies"}]})", {"/paths/0", "kind", "vacancy_cluster"});
  refused("neb", R"({"paths": [{"kind": "vacancy", "neigbours": "all"}]})", {"/paths/0", "neigbours", "neighbours"});
  refused("neb", R"({"paths": [{"kind": "vacancy", "neighbours": [1, 1]}]})", {"/paths/0", "neighbours", "each once"});
  refused("neb", R"({"paths": [{"kind": "vacancy", "neighbours": []}]})", {"/paths/0", "neighbours"});
  refused("neb", R"({"paths": [{"kind": "vacancy", "site": -1}]})", {"/paths/0", "site"});
  refused("neb", R"({"paths": [{"kind": "vacancy", "name": "../v"}]})", {"/paths/0", "name", "letters"});
  refused("neb", R"({"paths": [{"kind": "vacancy_cluster"}]})", {"/paths/0", "count"});
  refused("neb", R"({"paths": [{"kind": "vacancy_cluster", "count": 3, "shell": 2}]})", {"/paths/0", "shell", "compact"});
  refused("neb", R"({"paths": [{"kind": "crowdion", "direction": "112"}]})", {"/paths/0", "direction", "111"});
  refused("neb", R"({"paths": [{"kind": "chain", "direction": "111"}]})", {"/paths/0", "atoms"});
  refused("neb", R"({"paths": [{"kind": "chain", "direction": "111", "atoms": "all"}]})", {"/paths/0", "atoms", "row"});
  refused("neb", R"({"paths": [{"kind": "chain", "direction": "111", "atoms": 0}]})", {"/paths/0", "atoms"});
  refused("neb", R"({"paths": [{"kind": "files", "first": "a.xyz"}]})", {"/paths/0", "last"});
  refused("neb", R"({"paths": [{"kind": "files", "last": {"fil": "a.xyz"}}]})", {"/paths/0", "/last"});
  refused("neb", R"({"paths": [{"kind": "files", "last": 5}]})", {"/paths/0", "last", "path"});
  refused("neb", R"({"band": {"images": 0}})", {"/band/images", "1"});
  refused("neb", R"({"band": {"climbs": true}})", {"/band/climbs", "climb"});
  refused("neb", R"({"relax": {"method": "lbfgs"}})", {"/relax/method", "fire"});
  refused("neb", R"({"relax": {"cell": "full"}})", {"/relax/cell"});
  refused("neb", R"({"atoms_at_once": 0})", {"/atoms_at_once"});
  refused("lattice_parameter", R"({"cells": null})", {"/cells", "missing"});
  refused("lattice_parameter", R"({"static": false})", {"/static", "ladder.temperatures_K"});
  refused("lattice_parameter", R"({"ladder": {"temperatures_K": [400, 300]}})", {"/ladder/temperatures_K/1", "rising"});
  refused("lattice_parameter", R"({"ladder": {"temperatures_K": [400]}, "steps": 15})", {"/sample_every"});
  refused("lattice_parameter", R"({"ensemble": {"kind": "nve"}})", {"/ensemble/kind", "npt_isotropic"});
  refused("lattice_parameter", R"({"ensemble": {"kind": "npt_stochastic", "chain": 2}})", {"/ensemble/chain", "unknown key"});
  refused("lattice_parameter", R"({"defects": [{"file": "x.xyz"}]})", {"/defects/0/file"});
  refused("lattice_parameter", R"({"defects": [{"kind": "vacancy", "name": "perfect"}]})", {"/defects/0", "another name"});
}

TEST(MdPresets, ReadsWhatItIsGiven) {
  const MdPreset plain = read_md(minimal_md());
  EXPECT_EQ(plain.ensemble, Ensemble::nve);
  EXPECT_EQ(plain.velocities_K, 600.0);
  EXPECT_EQ(plain.systems(), 1U);
  EXPECT_FALSE(plain.temperature_K || plain.trajectory || plain.mixed || plain.ramp());
  json document = minimal_md();
  document.update(json::parse(R"({
    "precision": "mixed", "deterministic": false, "skin_A": 0.5, "time_step_fs": 2, "equilibration_steps": 100,
    "ensemble": {"kind": "npt_axes", "pressure_GPa": [1, 2, 3], "thermostat_time_fs": 50, "barostat_time_fs": 500, "chain": 5},
    "ladder": {"temperatures_K": [300, 400, 500], "replicas": 2}, "velocities": {"exact": false},
    "limits": {"largest_move_A": 0.25, "largest_force_eV_A": 77, "largest_volume_ratio": 3},
    "output": {"thermo_every": 300, "trajectory": {"every": 500, "format": "h5md", "quantities": ["forces"]}}})"));
  const MdPreset full = read_md(document);
  EXPECT_TRUE(full.mixed);
  EXPECT_FALSE(full.deterministic);
  EXPECT_EQ(full.skin_A, 0.5);
  EXPECT_EQ(full.pressure_GPa, (Vector3{1.0, 2.0, 3.0}));
  EXPECT_EQ(full.thermostat_time_fs, 50.0);
  EXPECT_EQ(full.barostat_time_fs, 500.0);
  EXPECT_EQ(full.chain, 5);
  EXPECT_EQ(full.systems(), 6U);
  EXPECT_FALSE(full.exact_velocities);
  EXPECT_EQ(full.largest_move_A, 0.25);
  EXPECT_EQ(full.largest_force_eV_A, 77.0);
  EXPECT_EQ(full.largest_volume_ratio, 3.0);
  EXPECT_EQ(sample_steps(full), (std::vector<std::int64_t>{300, 600, 900, 1000}));
  ASSERT_TRUE(full.trajectory);
  EXPECT_EQ(full.trajectory->every, 500);
  EXPECT_EQ(full.trajectory->format, TrajectoryFormat::h5md);
  EXPECT_TRUE(full.trajectory->forces);
  EXPECT_FALSE(full.trajectory->velocities || full.trajectory->energies);
}

TEST(MdPresets, RefusesWhatMakesNoSense) {
  const auto refused = [](const char *change, std::initializer_list<std::string> words) {
    json document = minimal_md();
    document.merge_patch(json::parse(change));
    const std::string message = refusal(document);
    EXPECT_FALSE(message.empty()) << change;
    for (const std::string &word : words) {
      EXPECT_NE(message.find(word), std::string::npos) << change << "\n" << message;
    }
  };
  refused(R"({"ensemble": {"kind": "nvt"}})", {"/ensemble/kind", "nose_hoover"});
  refused(R"({"ensemble": {"kind": "langevin"}})", {"/ensemble/temperature_K", "missing", "ladder.temperatures_K"});
  refused(R"({"ensemble": {"temperature_K": 300}})", {"/ensemble/temperature_K", "nve", "velocities.temperature_K"});
  refused(R"({"ensemble": {"pressure_GPa": 1}})", {"/ensemble/pressure_GPa", "npt_isotropic"});
  refused(R"({"ensemble": {"kind": "langevin", "temperature_K": 300, "chain": 3}})", {"/ensemble/chain", "nose_hoover"});
  refused(R"({"ensemble": {"kind": "bussi", "temperature_K": [300]}})", {"/ensemble/temperature_K"});
  refused(R"({"ensemble": {"kind": "npt_isotropic", "temperature_K": 300, "pressure_GPa": [1, 2, 3]}})",
          {"/ensemble/pressure_GPa", "npt_axes"});
  refused(R"({"ensemble": {"kind": "npt_axes", "temperature_K": 300, "pressure_GPa": [1, 2]}})", {"/ensemble/pressure_GPa"});
  refused(R"({"ensemble": {"kind": "bussi", "temperature_K": 300}, "ladder": {"temperatures_K": [300]}})",
          {"/ladder/temperatures_K", "give one of the two"});
  refused(R"({"ladder": {"temperatures_K": [300, 300]}})", {"/ladder/temperatures_K/1", "given twice"});
  refused(R"({"velocities": {"temperature_K": null}})", {"/velocities/temperature_K", "missing", "ladder"});
  refused(R"({"velocities": {"from": "structure"}})", {"/velocities/temperature_K", "those of the structure"});
  refused(R"({"steps": 0})", {"/steps"});
  refused(R"({"equilibration_steps": 1000})", {"/equilibration_steps", "less than steps, 1000"});
  refused(R"({"steps": 1000000000, "output": {"thermo_every": 1}})", {"/output/thermo_every", "4,194,304"});
  refused(R"({"output": {"trajectory": {}}})", {"/output/trajectory/every", "missing"});
  refused(R"({"output": {"trajectory": {"every": 5, "quantities": ["force"]}}})",
          {"/output/trajectory/quantities/0", "forces"});
  refused(R"({"output": {"trajectory": {"every": 5, "format": "h5md", "quantities": ["energies"]}}})",
          {"/output/trajectory/quantities", "extended XYZ"});
  refused(R"({"ladder": {"replicas": 300}, "output": {"trajectory": {"every": 5, "format": "h5md"}}})",
          {"/output/trajectory/format", "256"});
  refused(R"({"structure": "w.xyz"})", {"/structure"});
  refused(R"({"potential": {"kind": null}})", {"/potential/kind", "missing"});
  refused(R"({"potential": 3})", {"/potential"});
  refused(R"({"precision": "float32"})", {"/precision", "mixed"});
  refused(R"({"time_step_fs": 0})", {"/time_step_fs"});
  refused(R"({"stpes": 5})", {"/stpes", "steps"});
}

TEST(SwapPresets, ReadsWhatItIsGiven) {
  const auto read_swap = [](const json &document) {
    check_document(document);
    return read_swap_preset(document, "p.json");
  };
  const SwapPreset plain = read_swap(minimal_swap());
  EXPECT_EQ(plain.between, BetweenSwaps::nothing);
  EXPECT_EQ(plain.temperatures_K, (std::vector<double>{300.0, 900.0}));
  EXPECT_EQ(plain.systems(), 2U);
  EXPECT_EQ(plain.trials, 1000);
  EXPECT_FALSE(plain.sweeps);
  json document = minimal_swap();
  document.merge_patch(json::parse(R"({"trials": null, "sweeps": 1.5, "ladder": {"replicas": 3},
    "between": {"md": {"every_trials": 20, "steps": 7, "time_step_fs": 2,
      "ensemble": {"kind": "npt_stochastic", "thermostat_time_fs": 50, "pressure_GPa": 2, "barostat_time_fs": 300,
                   "compressibility_per_GPa": 0.01}}},
    "output": {"order_shells": 1, "sample_every": 40}, "checkpoint": {"every_s": 9}})"));
  const SwapPreset full = read_swap(document);
  EXPECT_EQ(full.between, BetweenSwaps::md);
  EXPECT_EQ(full.systems(), 6U);
  EXPECT_EQ(full.rung(5), 1U);
  EXPECT_EQ(full.sweeps, 1.5);
  EXPECT_EQ(full.every_trials, 20);
  EXPECT_EQ(full.steps, 7);
  EXPECT_EQ(full.time_step_fs, 2.0);
  EXPECT_EQ(full.ensemble, Ensemble::npt_stochastic);
  EXPECT_EQ(full.thermostat_time_fs, 50.0);
  EXPECT_EQ(full.pressure_GPa, 2.0);
  EXPECT_EQ(full.barostat_time_fs, 300.0);
  EXPECT_EQ(full.compressibility_per_GPa, 0.01);
  EXPECT_EQ(full.order_shells, 1);
  EXPECT_EQ(full.sample_every, 40);
  EXPECT_EQ(full.checkpoint_every_s, 9.0);
  document["between"] = json::parse(R"({"relax": {"force_tolerance_eV_A": 0.1, "steps": 33}})");
  const SwapPreset relaxed = read_swap(document);
  EXPECT_EQ(relaxed.between, BetweenSwaps::relax);
  EXPECT_EQ(relaxed.force_tolerance_eV_A, 0.1);
  EXPECT_EQ(relaxed.relax_steps, 33);
}

TEST(SwapPresets, RefusesWhatMakesNoSense) {
  const auto refused = [](const char *change, std::initializer_list<std::string> words) {
    json document = minimal_swap();
    document.merge_patch(json::parse(change));
    const std::string message = refusal(document);
    EXPECT_FALSE(message.empty()) << change;
    for (const std::string &word : words) {
      EXPECT_NE(message.find(word), std::string::npos) << change << "\n" << message;
    }
  };
  refused(R"({"trials": null})", {"/trials", "missing", "sweeps"});
  refused(R"({"sweeps": 2})", {"/trials", "give one of the two"});
  refused(R"({"trials": 0})", {"/trials"});
  refused(R"({"ladder": null})", {"/ladder", "missing"});
  refused(R"({"ladder": {"temperatures_K": [900, 300]}})", {"/ladder/temperatures_K/1", "rising"});
  refused(R"({"ladder": {"temperatures_K": [0]}})", {"/ladder/temperatures_K/0"});
  refused(R"({"between": "relax"})", {"/between", "nothing"});
  refused(R"({"between": {}})", {"/between"});
  refused(R"({"between": {"relax": {"steps": 0}}})", {"/between"});
  refused(R"({"between": {"md": {"steps": 5}}})", {"/between"});
  refused(R"({"between": {"md": {"every_trials": 10, "steps": 5, "ensemble": {"kind": "nve"}}}})", {"/between"});
  refused(R"({"between": {"md": {"every_trials": 10, "steps": 5, "ensemble": {"kind": "bussi", "pressure_GPa": 1}}}})",
          {"/between/md/ensemble/pressure_GPa", "npt_stochastic"});
  refused(R"({"between": {"md": {"every_trials": 300, "steps": 5, "ensemble": {"kind": "bussi"}}}})",
          {"/output/sample_every", "multiple", "300"});
  refused(R"({"output": {"order_shells": 3}})", {"/output/order_shells"});
  refused(R"({"velocities": {}})", {"/velocities", "unknown"});
}

// What needs the structure: an alloy that ships.
TEST(SwapPresets, PlansOfAlloys) {
  const auto plan_with = [](const std::vector<std::string> &edits) {
    return make_swap_plan(load_swap_preset(presets() / "all_keys_swap_mc_md.json", edits));
  };
  const SwapRunPlan plan = plan_with({});
  EXPECT_EQ(plan.trials, 1080); // 20 sweeps of 54 atoms, whole pieces of 20
  EXPECT_EQ(plan.counts, (std::vector<std::int64_t>{18, 18, 18}));
  ASSERT_EQ(plan.shells.size(), 2U);
  EXPECT_EQ(plan.shells[0].bonds.size(), 54U * 4);
  EXPECT_EQ(plan.shells[1].bonds.size(), 54U * 3);
  // N0_ii = B n (n-1)/(N (N-1)), N0_ij = 2 B n n/(N (N-1)).
  EXPECT_NEAR(plan.expected[0], 216.0 * 18 * 17 / (54.0 * 53), 1e-9);
  EXPECT_NEAR(plan.expected[1], 2 * 216.0 * 18 * 18 / (54.0 * 53), 1e-9);
  EXPECT_EQ(plan.dynamics.begin_K, (std::vector<double>{600, 600, 2000, 2000}));
  EXPECT_NE(plan.atoms.systems[0].velocity_A_ps, plan.atoms.systems[1].velocity_A_ps);
  const auto refused = [&](const std::vector<std::string> &edits, std::initializer_list<std::string> words) {
    try {
      plan_with(edits);
      ADD_FAILURE() << edits.front();
    } catch (const Error &error) {
      for (const std::string &word : words) {
        EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << word << "\n" << error.what();
      }
    }
  };
  refused({"structure.composition={\"Ta\":1}"}, {"one element", "two"});
  refused({"structure.composition={\"Ta\":1,\"W\":1}"}, {"W", "Nb"});
  refused({"trials=30", "sweeps=null"}, {"/trials", "every_trials", "20"});
  refused({"structure.cells=[1,4,4]"}, {"own image", "order_shells"});
  refused({"structure.displacement_A=0.5"}, {"shell", "order_shells"});
  refused({"structure.surface={\"axis\":\"z\"}", "output.order_shells=0"}, {"/between/md/ensemble/kind", "periodic"});
  refused({"sweeps=1e9", "output.sample_every=20"}, {"/output/sample_every", "4,194,304"});
  EXPECT_EQ(plan_with({"output.order_shells=0", "structure.displacement_A=0.3"}).expected.size(), 0U);
}

TEST(MdPresets, PathsOfPotentials) {
  json document = minimal_md();
  document["potential"] = json::parse(R"({"kind": "overlay", "parts": [
    {"kind": "snap", "coefficients": "a.snapcoeff", "parameters": "a.snapparam"}, {"kind": "zbl", "inner": 4, "outer": 4.8}]})");
  const auto with = [&](const std::string &edit) {
    json edited = document;
    apply_preset_edit(edited, edit);
    return resolved(read_md_preset(edited, "some/where/p.json")).at("potential");
  };
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(with("title=x")["parts"][0]["coefficients"], here + "/some/where/a.snapcoeff");
  EXPECT_EQ(with("title=x")["parts"][0]["kind"], "snap");
  const json one = with("potential.parts.0.parameters=b.snapparam");
  EXPECT_EQ(one["parts"][0]["parameters"], here + "/b.snapparam") << "a path of the command line";
  EXPECT_EQ(one["parts"][0]["coefficients"], here + "/some/where/a.snapcoeff") << "one of the preset";
  EXPECT_EQ(with("potential=w.json"), here + "/w.json");
  EXPECT_EQ(with(R"(potential={"kind": "nep", "file": "nep.txt"})")["file"], here + "/nep.txt");
}

TEST(Reader, EnsemblesHaveFilesAndALimit) {
  json document = minimal();
  const auto read = [&](const char *barriers) {
    document["barriers"] = json::parse(barriers);
    check_document(document);
    return read_kmc_preset(document, "some/where/p.json").barriers;
  };
  const BarrierChoice choice =
      read(R"({"kind": "network", "files": ["a.safetensors", "/b.safetensors"], "spread_limit_eV": 0.1})");
  EXPECT_EQ(choice.files, (std::vector<std::filesystem::path>{"some/where/a.safetensors", "/b.safetensors"}));
  EXPECT_EQ(choice.spread_limit_eV, 0.1);
  EXPECT_TRUE(choice.file.empty());
  const json back = resolved(read_kmc_preset(document, "some/where/p.json"));
  EXPECT_EQ(back.at("barriers").at("files").size(), 2U);
  EXPECT_EQ(resolved(read_kmc_preset(back, "elsewhere/p.json")), back);
  apply_preset_edit(document, "barriers.files.1=c.safetensors");
  EXPECT_EQ(
      read_kmc_preset(document, "some/where/p.json").barriers.files,
      (std::vector<std::filesystem::path>{"some/where/a.safetensors", std::filesystem::current_path() / "c.safetensors"}));
  EXPECT_EQ(read(R"({"kind": "network", "files": ["a", "b"], "spread_limit_eV": null})").spread_limit_eV, 0.0);

  const auto refused = [&](const char *barriers, std::initializer_list<std::string> words) {
    test::expect_error<ConfigError>([&] { read(barriers); }, words);
  };
  refused(R"({"kind": "network"})", {"/barriers", "neither file nor files"});
  refused(R"({"kind": "network", "file": "a", "files": ["a", "b"]})", {"/barriers", "both file and files"});
  refused(R"({"kind": "network", "files": ["a"]})", {"/barriers", "files"});
  refused(R"({"kind": "network", "files": ["a", 3]})", {"/barriers", "files"});
  refused(R"({"kind": "network", "files": ["a", "b"], "spread_limit_eV": 0})", {"/barriers", "spread_limit_eV"});
  refused(R"({"kind": "network", "files": ["a", "b"], "spread_limit_eV": -0.1})", {"/barriers", "spread_limit_eV"});
  refused(R"({"kind": "network", "file": "a", "spread_limit_eV": 0.1})", {"/barriers/spread_limit_eV", "ensemble"});
  json map = minimal_map();
  map["barriers"] = json::parse(R"({"kind": "network", "files": ["a", "b"], "spread_limit_eV": 0.1})");
  test::expect_error<ConfigError>([&] { read_map_preset(map, "p.json"); }, {"/barriers/spread_limit_eV", "kmc"});
}

TEST(Reader, PathsAreRelativeToThePresetAndThoseOfSetToTheCurrentDirectory) {
  json document = minimal();
  document["barriers"] = {{"kind", "mlp"}, {"file", "models/a.safetensors"}};
  EXPECT_EQ(read_kmc_preset(document, "some/where/p.json").barriers.file, "some/where/models/a.safetensors");
  EXPECT_EQ(read_kmc_preset(document, "some/where/p.json").output_directory, "results/p");
  apply_preset_edit(document, "barriers.file=b.safetensors");
  EXPECT_EQ(read_kmc_preset(document, "some/where/p.json").barriers.file, std::filesystem::current_path() / "b.safetensors");
  apply_preset_edit(document, R"(barriers={"kind": "mlp", "file": "c.safetensors"})");
  EXPECT_EQ(read_kmc_preset(document, "some/where/p.json").barriers.file, std::filesystem::current_path() / "c.safetensors");
  apply_preset_edit(document, "composition=null");
  document["initial"] = {{"file", "a.xyz"}};
  EXPECT_EQ(read_kmc_preset(document, "some/where/p.json").initial->file, "some/where/a.xyz");
  apply_preset_edit(document, "initial=null");
  apply_preset_edit(document, "initial.file=b.xyz");
  EXPECT_EQ(read_kmc_preset(document, "some/where/p.json").initial->file, std::filesystem::current_path() / "b.xyz");
}

TEST(Reader, EveryNewKeyReachesThePlan) {
  const KmcPlan plan = plan_of(read(json::parse(R"({
    "driver": "kmc", "lattice": {"structure": "bcc", "a_A": 3, "cells": [5, 6, 7]}, "composition": {"Mo": 1, "Ta": 1},
    "vacancies": 3, "barriers": {"kind": "constant", "barrier_eV": 1}, "walkers": {"temperatures_K": [800]}, "hops": 1000,
    "observe": {"order": {"shells": 1}, "randomness": true, "transport": true, "tracers": true,
                "b2": {"pair": ["Ta", "Mo"], "least_partners": 5, "link_squared": 8, "persistent_over_hops": 500}}})")));
  EXPECT_EQ(plan.structure, Structure::bcc);
  EXPECT_EQ(plan.sites(), 420);
  EXPECT_EQ(plan.vacancies, 3);
  EXPECT_EQ(plan.groups[0].atoms[0] + plan.groups[0].atoms[1], 417);
  EXPECT_EQ(plan.dynamics, Dynamics::vacancy_hops);
  EXPECT_TRUE(plan.randomness && plan.transport && plan.tracers);
  ASSERT_TRUE(plan.b2);
  EXPECT_EQ(plan.b2->species_a, 2) << "codes are 1 + the index in alphabetical order";
  EXPECT_EQ(plan.b2->species_b, 1);
  EXPECT_EQ(plan.b2->least_partners, 5);
  EXPECT_EQ(plan.b2->link_squared, 8);
  EXPECT_EQ(plan.b2->persistent_over_hops, 500U);
  EXPECT_TRUE(plan.occupancy.empty());

  const KmcPlan plain = plan_of(read(minimal()));
  EXPECT_FALSE(plain.randomness || plain.transport || plain.tracers || plain.b2);
  EXPECT_EQ(plain.vacancies, 1);
  EXPECT_EQ(plain.memory_entries, 0);
  for (const auto &[name, structure, sites] :
       {std::tuple{"sc", Structure::sc, 125}, std::tuple{"fcc", Structure::fcc, 500}, std::tuple{"bcc", Structure::bcc, 250}}) {
    const KmcPlan other = plan_of(read_with({std::string("lattice.structure=") + name, "lattice.cells=[5,5,5]"}));
    EXPECT_EQ(other.structure, structure);
    EXPECT_EQ(other.sites(), sites);
  }
  EXPECT_EQ(plan_of(read_with({"lattice.structure=fcc", "lattice.cells=[4,4,4]"})).sites(), 256);
}

TEST(Reader, StaticMonteCarlo) {
  const KmcPlan plan = plan_of(read_with({"vacancies=0", "trials=77", "observe.averages_from_hop=76"}, minimal_static()));
  EXPECT_EQ(plan.dynamics, Dynamics::metropolis_swaps);
  EXPECT_TRUE(plan.swaps());
  EXPECT_EQ(plan.vacancies, 0);
  EXPECT_EQ(plan.averages_from_hop, 76U);
  EXPECT_EQ(plan.groups[0].atoms[0] + plan.groups[0].atoms[1] + plan.groups[0].atoms[2], 1024);
  EXPECT_EQ(read_with({"trials=77"}, minimal_static()).hops, 77U);
  EXPECT_EQ(read_with({"output.configurations_at_trials=[5,9]"}, minimal_static()).configurations_at,
            (std::vector<std::uint64_t>{5, 9}));
  // Only energies are used: barriers that could be negative are no matter here.
  EXPECT_NO_THROW(plan_of(read_with({"barriers.migration_eV.Mo=0"}, minimal_static())));
  EXPECT_THROW(plan_of(read_with({"barriers={\"kind\":\"pair_kra\",\"migration_eV\":{\"Nb\":0,\"Mo\":0,\"Ta\":0},"
                                  "\"pair_eV\":[{\"Mo-Ta\":-0.1}]}"})),
               ConfigError);
}

TEST(Reader, TheMemoryThatIsTakenUnasked) {
  json document = minimal();
  document["barriers"] = {{"kind", "mlp"}, {"file", "m.safetensors"}};
  EXPECT_EQ(read(document).memory_entries, 65536);
  document["walkers"]["replicas"] = 1 << 20;
  EXPECT_EQ(read(document).memory_entries, (1 << 30) / ((1 << 20) * 96));
  document["walkers"]["replicas"] = 16777216;
  EXPECT_EQ(read(document).memory_entries, 0);
  document["memory"]["entries"] = 5;
  EXPECT_EQ(read(document).memory_entries, 5);
  EXPECT_EQ(read(minimal()).memory_entries, 0) << "constant barriers need none";
}

TEST(Reader, RealTime) {
  EXPECT_FALSE(read(minimal()).real_time);
  EXPECT_FALSE(read_with({"real_time=null"}).real_time);
  const auto constant = read_with({"real_time.vacancy_concentration=1e-6"}).real_time;
  ASSERT_TRUE(constant);
  EXPECT_EQ(constant->concentration, 1e-6);
  const auto energy = read_with({R"(real_time={"formation_free_energy_eV": 2.5, "error_eV": 0.1})"}).real_time;
  ASSERT_TRUE(energy);
  EXPECT_EQ(energy->concentration, 0.0);
  EXPECT_EQ(energy->formation_free_energy_eV, 2.5);
  EXPECT_EQ(energy->error_eV, 0.1);
}

TEST(MapPresets, ReadsWhatItIsGiven) {
  const MapPreset plain = read_map(minimal_map());
  EXPECT_TRUE(plain.temperatures_K.empty());
  EXPECT_EQ(plain.configurations, 1);
  EXPECT_TRUE(plain.site_files);
  json document = minimal_map();
  document["composition"] = json::parse(R"({"grid": {"elements": ["Ta", "Nb", "Mo"], "divisions": 3}})");
  document["configurations"] = 7;
  const MapPreset grid = read_map(document);
  ASSERT_EQ(grid.compositions.size(), 10U);
  EXPECT_EQ(grid.compositions.front(), (Composition{{"Ta", 3.0}}));
  EXPECT_EQ(grid.compositions[1], (Composition{{"Nb", 1.0}, {"Ta", 2.0}}));
  EXPECT_EQ(grid.compositions[4], (Composition{{"Mo", 1.0}, {"Nb", 1.0}, {"Ta", 1.0}}));
  EXPECT_EQ(grid.compositions.back(), (Composition{{"Mo", 3.0}}));
  EXPECT_FALSE(grid.site_files);
  std::vector<std::string> warnings;
  const MapPlan plan = make_map_plan(grid, warnings);
  EXPECT_EQ(plan.elements, (std::vector<std::string>{"Mo", "Nb", "Ta"}));
  ASSERT_EQ(plan.atoms.size(), 10U);
  EXPECT_EQ(plan.atoms[0], (std::vector<std::int64_t>{0, 0, 1024}));
  EXPECT_EQ(plan.jumps(), 10.0 * 7 * 1024 * 8);
}

TEST(MapPresets, DrawsIndependentConfigurations) {
  std::vector<std::string> warnings;
  json document = minimal_map();
  document["composition"] = json::parse(R"([{"Nb": 1, "Mo": 1, "Ta": 1}, {"Nb": 1, "Mo": 1, "Ta": 1}])");
  document["configurations"] = 2;
  MapPlan plan = make_map_plan(read_map(document), warnings);
  std::set<std::vector<std::uint8_t>> drawn;
  for (std::size_t g = 0; g < 2; ++g) {
    for (int c = 0; c < 2; ++c) {
      const std::vector<std::uint8_t> occupancy = draw_configuration(plan, g, c);
      ASSERT_EQ(occupancy.size(), 1024U);
      for (std::uint8_t s = 1; s <= 3; ++s) {
        EXPECT_EQ(std::count(occupancy.begin(), occupancy.end(), s), plan.atoms[g][s - 1U]);
      }
      EXPECT_EQ(draw_configuration(plan, g, c), occupancy);
      drawn.insert(occupancy);
    }
  }
  plan.seed = 2;
  drawn.insert(draw_configuration(plan, 0, 0));
  EXPECT_EQ(drawn.size(), 5U) << "another composition, configuration or seed gives another one";
  // Every site is as likely to hold a species: chi squared over the sites, 1023 degrees of freedom, 5 standard deviations.
  std::vector<double> met(1024, 0.0);
  constexpr int kTrials = 3000;
  for (int c = 0; c < kTrials; ++c) {
    const std::vector<std::uint8_t> occupancy = draw_configuration(plan, 0, c);
    for (std::size_t i = 0; i < met.size(); ++i) {
      met[i] += occupancy[i] == 1 ? 1.0 : 0.0;
    }
  }
  const double p = static_cast<double>(plan.atoms[0][0]) / 1024.0;
  double chi2 = 0.0;
  for (const double m : met) {
    chi2 += (m - kTrials * p) * (m - kTrials * p) / (kTrials * p * (1.0 - p));
  }
  EXPECT_NEAR(chi2, 1023.0, 5.0 * std::sqrt(2.0 * 1023.0));
}

// A preset that starts from a file of 5 x 5 x 5 cells whose site i holds species i % 3, with some sites empty.
class FromFile : public testing::Test {
protected:
  FromFile() {
    std::vector<std::uint8_t> occupancy(250);
    for (std::size_t i = 0; i < occupancy.size(); ++i) {
      occupancy[i] = static_cast<std::uint8_t>(i % 3 + 1);
    }
    occupancy_ = occupancy;
    write();
  }

  void write() const {
    LatticeConfiguration c;
    c.cells = {5, 5, 5};
    c.lattice_constant_A = 3.24;
    c.elements = {"Nb", "Mo", "Ta"};
    c.occupancy = occupancy_;
    write_extended_xyz(folder_ / "i.xyz", c);
  }

  json document() const {
    json d = minimal();
    d["lattice"]["cells"] = {5, 5, 5};
    d.erase("composition");
    d["initial"]["file"] = (folder_ / "i.xyz").string();
    return d;
  }

  test::TemporaryFolder folder_;
  std::vector<std::uint8_t> occupancy_;
};

TEST_F(FromFile, SpeciesAreThoseOfTheFileAndMissingVacanciesAreDrawnBySeed) {
  json d = document();
  d["vacancies"] = 4;
  d["walkers"]["temperatures_K"] = {800, 900};
  occupancy_[17] = 0;
  write();
  const KmcPlan plan = plan_of(read(d));
  EXPECT_EQ(plan.elements, (std::vector<std::string>{"Mo", "Nb", "Ta"}));
  const std::vector<std::uint8_t> code{0, 2, 1, 3}; // of Nb, Mo, Ta
  ASSERT_EQ(plan.occupancy.size(), 250U);
  EXPECT_EQ(std::count(plan.occupancy.begin(), plan.occupancy.end(), std::uint8_t{0}), 4);
  EXPECT_EQ(plan.occupancy[17], 0);
  for (std::size_t i = 0; i < 250; ++i) {
    EXPECT_TRUE(plan.occupancy[i] == 0 || plan.occupancy[i] == code[occupancy_[i]]) << i;
  }
  ASSERT_EQ(plan.groups.size(), 2U);
  EXPECT_EQ(plan.groups[1].atoms, plan.groups[0].atoms);
  EXPECT_EQ(plan.groups[0].atoms[0], std::count(plan.occupancy.begin(), plan.occupancy.end(), std::uint8_t{1}));
  EXPECT_EQ(plan_of(read(d)).occupancy, plan.occupancy);
  d["seed"] = 2;
  EXPECT_NE(plan_of(read(d)).occupancy, plan.occupancy);
}

TEST_F(FromFile, TooManyVacanciesAndForeignElementsAreRefused) {
  occupancy_[3] = occupancy_[4] = 0;
  write();
  std::vector<std::string> warnings;
  try {
    make_plan(read(document()), warnings);
    FAIL();
  } catch (const DataError &error) {
    EXPECT_NE(std::string(error.what()).find("i.xyz: 2 of the 250 sites have no atom, more than the 1 vacancies"),
              std::string::npos)
        << error.what();
  }
  json d = document();
  d["vacancies"] = 2;
  d["barriers"] = json::parse(R"({"kind": "pair_kra", "migration_eV": {"Mo": 1, "Ta": 1}, "pair_eV": [{}]})");
  try {
    make_plan(read(d), warnings);
    FAIL();
  } catch (const ConfigError &error) {
    EXPECT_NE(std::string(error.what()).find("p.json: /initial: the barrier model does not know \"Nb\""), std::string::npos)
        << error.what();
  }
  json map = minimal_map();
  map.erase("composition");
  map["lattice"] = d["lattice"];
  map["initial"] = d["initial"];
  try {
    make_map_plan(read_map(map), warnings);
    FAIL();
  } catch (const DataError &error) {
    EXPECT_NE(std::string(error.what()).find("site 3 has no atom"), std::string::npos) << error.what();
  }
}

TEST_F(FromFile, IdentityFollowsTheAtomsAndNotThePath) {
  const auto identity_of = [](const json &d) {
    const KmcPreset preset = read(d);
    return identity(preset, plan_of(preset));
  };
  const json same = identity_of(document());
  std::filesystem::copy(folder_ / "i.xyz", folder_ / "copy.xyz");
  json d = document();
  d["initial"]["file"] = (folder_ / "copy.xyz").string();
  EXPECT_EQ(identity_of(d), same);
  std::swap(occupancy_[1], occupancy_[2]);
  write();
  EXPECT_NE(identity_of(document()), same);
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

// The document with the edits must be refused as the row says.
void expect_refused(json document, const Faulty &faulty) {
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

class FaultyPreset : public testing::TestWithParam<Faulty> {};

TEST_P(FaultyPreset, IsRefusedWithPlaceAndHint) { expect_refused(minimal(), GetParam()); }

INSTANTIATE_TEST_SUITE_P(
    Table, FaultyPreset,
    testing::Values(
        Faulty{"-driver", "/driver", "missing; needed: one of \"analyze\", \"barrier_dataset\", "},
        Faulty{"driver=phase_field", "/driver", "\"phase_field\" is not allowed"},
        Faulty{"driver=7", "/driver", "7 is not allowed"}, Faulty{"driver=kcm", "/driver", "did you mean \"kmc\"?"},
        Faulty{"title=3", "/title", "3 is not allowed; allowed: a string"}, Faulty{"seed=-1", "/seed", "from 0 to 4294967295"},
        Faulty{"seed=4294967296", "/seed", "from 0 to 4294967295"},
        Faulty{"seed=18446744073709551615", "/seed", "from 0 to 4294967295"}, Faulty{"seed=1.5", "/seed", "1.5 is not allowed"},
        Faulty{"seed=null", "/seed", "null is not allowed"},
        Faulty{"precision=float16", "/precision", "\"float32\", \"float64\""},
        Faulty{"precision=64", "/precision", "64 is not allowed"}, Faulty{"-lattice", "/lattice", "missing"},
        Faulty{"lattice=8", "/lattice", "an object"},
        Faulty{"lattice.structure=hcp", "/lattice/structure", "\"bcc\", \"sc\", \"fcc\""},
        Faulty{"lattice.structure=fcc\nlattice.cells=[8,3,8]", "/lattice/cells/1", "from 4 to 1024"},
        Faulty{"lattice.structure=sc\nlattice.cells=[4,8,8]", "/lattice/cells/0", "from 5 to 1024 in sc"},
        Faulty{"lattice.structure=fcc\nbarriers={\"kind\":\"mlp\",\"file\":\"m\"}", "/barriers/kind", "neuron map of bcc"},
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
        Faulty{"-composition", "/composition", "missing; needed: an object or a list (Parts of each element), or \"initial\""},
        Faulty{"initial={\"file\":\"a.xyz\"}", "/composition", "initial is given as well"},
        Faulty{"-composition\ninitial={}", "/initial/file", "missing"},
        Faulty{"-composition\ninitial={\"file\":\"\"}", "/initial/file", "at least 1 characters"},
        Faulty{"-composition\ninitial={\"file\":\"a\",\"elements\":[\"nb\"]}", "/initial/elements/0", "\"nb\" is not allowed"},
        Faulty{"-composition\ninitial={\"file\":\"a\",\"elements\":[\"Va\"]}", "/initial/elements/0", "a chemical symbol"},
        Faulty{"-composition\ninitial={\"file\":\"a\",\"elements\":[\"Nb\",\"Nb\"]}", "/initial/elements/1", "given twice"},
        Faulty{"-composition\ninitial=a.xyz", "/initial", "\"a.xyz\" is not allowed"},
        Faulty{"composition={\"grid\":{\"elements\":[\"Nb\",\"Mo\"],\"divisions\":2}}", "/composition/grid", ""},
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
        Faulty{"vacancies=65", "/vacancies", "from 1 to 64"}, Faulty{"vacancies=0", "/vacancies", "0 is not allowed"},
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
        Faulty{"observe.randomness=1", "/observe/randomness", "true or false"},
        Faulty{"observe.tracer=true", "/observe/tracer", "did you mean \"tracers\"?"},
        Faulty{"observe.b2={}", "/observe/b2/pair", "missing"},
        Faulty{"observe.b2={\"pair\":[\"Mo\"]}", "/observe/b2/pair", "exactly 2"},
        Faulty{"observe.b2={\"pair\":[\"Mo\",\"Mo\"]}", "/observe/b2/pair/1", "given twice"},
        Faulty{"observe.b2={\"pair\":[\"Mo\",\"Va\"]}", "/observe/b2/pair/1", "a chemical symbol"},
        Faulty{"observe.b2={\"pair\":[\"Mo\",\"Ta\"],\"least_partners\":9}", "/observe/b2/least_partners", "from 1 to 8"},
        Faulty{"observe.b2={\"pair\":[\"Mo\",\"Ta\"],\"link_squared\":5}", "/observe/b2/link_squared", "3, 4, 8, 11, 12"},
        Faulty{"observe.b2={\"pair\":[\"Mo\",\"Ta\"],\"persistent_over_hops\":1001}", "/observe/b2/persistent_over_hops",
               "at most hops, which is 1000"},
        Faulty{"lattice.structure=sc\nobserve.b2={\"pair\":[\"Mo\",\"Ta\"]}", "/observe/b2", "the structure is sc"},
        Faulty{"memory.entries=5", "/memory/entries", "only 0 with barriers of kind constant"},
        Faulty{"memory.entries=16777217", "/memory/entries", "from 0 to 16777216"}, Faulty{"memory=5", "/memory", "an object"},
        Faulty{"real_time={}", "/real_time", "of at least 1 keys"},
        Faulty{"real_time.vacancy_concentration=0", "/real_time/vacancy_concentration", "greater than 0"},
        Faulty{"real_time.vacancy_concentration=1.5", "/real_time/vacancy_concentration", "at most 1"},
        Faulty{"real_time.error_eV=0.1", "/real_time/formation_free_energy_eV", "missing"},
        Faulty{"real_time={\"vacancy_concentration\":1e-6,\"error_eV\":0.1}", "/real_time/error_eV",
               "vacancy_concentration is given as well"},
        Faulty{"real_time.formation_free_energy_eV=-1", "/real_time/formation_free_energy_eV", "from 0 to 20"},
        Faulty{"trials=5", "/trials", "unknown key"}, Faulty{"temperatures_K=[5]", "/temperatures_K", "unknown key"},
        Faulty{"observe.averages_from_hop=1000", "/observe/averages_from_hop", "less than hops, which is 1000"},
        Faulty{"observe.sample={}", "/observe/sample", "exactly 1 keys"},
        Faulty{"observe.sample={\"log_per_decade\":1,\"every_hops\":1}", "/observe/sample", "2 keys"},
        Faulty{"observe.sample.log_per_decade=0", "/observe/sample/log_per_decade", "from 1 to 1000"},
        Faulty{"observe.sample.every=5", "/observe/sample/every", "did you mean \"every_hops\"?"},
        Faulty{"hops=1e13\nobserve.sample.every_hops=10", "/observe/sample/every_hops", "so 10000000 or more"},
        Faulty{"checkpoint.every_s=0", "/checkpoint/every_s", "greater than 0"},
        Faulty{"checkpoint=300", "/checkpoint", "300 is not allowed"},
        Faulty{"output.configurations=some", "/output/configurations", "\"first_replica\", \"all\", \"none\""},
        Faulty{"output.configurations_at_hops=5", "/output/configurations_at_hops", "a list"},
        Faulty{"output.configurations_at_hops=[1,0]", "/output/configurations_at_hops/1", "from 1 to 1000000000000000"},
        Faulty{"output.configurations_at_hops=[2.5]", "/output/configurations_at_hops/0", "2.5 is not allowed"},
        Faulty{"output.configurations_at_hops=[1,1001]", "/output/configurations_at_hops/1", "from 1 to hops, which is 1000"},
        Faulty{"output.configurations_at_hops=[3,7,7]", "/output/configurations_at_hops/2", "7 comes after 7"},
        Faulty{"output.configurations_at_hops=[7]\noutput.configurations=none", "/output/configurations_at_hops",
               "none would be written"},
        Faulty{"output.configurations_at_trials=[7]", "/output/configurations_at_trials",
               "known here: configurations, configurations_at_hops"},
        Faulty{"output.configurations_at_hop=[7]", "/output/configurations_at_hop", "did you mean \"configurations_at_hops\"?"},
        Faulty{"output.plots=yes", "/output/plots", "true or false"},
        Faulty{"output.dir=x", "/output/dir", "did you mean \"directory\"?"},
        Faulty{"temperatures_K=[1]", "/temperatures_K", "it belongs at /walkers/temperatures_K"},
        Faulty{"b2=null", "/b2", "it belongs at /observe/b2"},
        Faulty{"elements=[]", "/elements", "it belongs at /initial/elements"},
        Faulty{"sed=1", "/sed", "did you mean \"seed\"?"}, Faulty{"a/b~c=1", "/a~1b~0c", "unknown key"},
        Faulty{"walkers.temperatures_K=[800,800,800]\ncomposition={\"Nb\":1}\nwalkers.replicas=16777216\nlattice.cells=[5,5,"
               "\"x\"]",
               "/lattice/cells/2", "\"x\" is not allowed"}));

// The same for the other drivers: an edit of their minimal preset.
struct FaultyOther {
  const char *driver;
  const char *edit;
  const char *place;
  const char *fragment;
};

TEST(FaultyPresets, OfTheOtherDrivers) {
  for (const FaultyOther &faulty : {
           FaultyOther{"static_mc", "precision=float64", "/precision", "unknown key"},
           FaultyOther{"static_mc", "hops=5", "/hops", "unknown key"},
           FaultyOther{"static_mc", "-trials", "/trials", "missing"},
           FaultyOther{"static_mc", "trials=0", "/trials", "from 1 to 1000000000000000"},
           FaultyOther{"static_mc", "attempt_frequency_per_s=1", "/attempt_frequency_per_s", "unknown key"},
           FaultyOther{"static_mc", "time_limit_s=1", "/time_limit_s", "unknown key"},
           FaultyOther{"static_mc", "memory.entries=0", "/memory", "unknown key"},
           FaultyOther{"static_mc", "real_time.vacancy_concentration=1", "/real_time", "unknown key"},
           FaultyOther{"static_mc", "observe.tracers=true", "/observe/tracers", "unknown key"},
           FaultyOther{"static_mc", "vacancies=65", "/vacancies", "from 0 to 64"},
           FaultyOther{"static_mc", "barriers={\"kind\":\"constant\",\"barrier_eV\":1}", "/barriers/kind", "pair_kra"},
           FaultyOther{"static_mc", "observe.averages_from_hop=1000", "/observe/averages_from_hop", "less than trials"},
           FaultyOther{"barrier_map", "hops=5", "/hops", "unknown key"},
           FaultyOther{"barrier_map", "walkers.temperatures_K=[5]", "/walkers", "unknown key"},
           FaultyOther{"barrier_map", "vacancies=1", "/vacancies", "unknown key"},
           FaultyOther{"barrier_map", "temperatures_K=800", "/temperatures_K", "a list"},
           FaultyOther{"barrier_map", "temperatures_K=[0]", "/temperatures_K/0", "greater than 0"},
           FaultyOther{"barrier_map", "temperatures_K=[800,900,800]", "/temperatures_K/2", "given twice"},
           FaultyOther{"barrier_map", "configurations=0", "/configurations", "from 1 to 1000000"},
           FaultyOther{"barrier_map", "-composition\ninitial={\"file\":\"a\"}\nconfigurations=2", "/configurations",
                       "only 1 with initial"},
           FaultyOther{"barrier_map", "histogram.barrier_bins=0", "/histogram/barrier_bins", "from 1 to 10000"},
           FaultyOther{"barrier_map", "histogram.bins=5", "/histogram/bins", "unknown key"},
           FaultyOther{"barrier_map", "output.configurations=all", "/output/configurations", "unknown key"},
           FaultyOther{"barrier_map", "output.site_files=1", "/output/site_files", "true or false"},
           FaultyOther{"barrier_map", "composition={\"grid\":{\"elements\":[\"Nb\"],\"divisions\":2}}",
                       "/composition/grid/elements", "of 2 to 8"},
           FaultyOther{"barrier_map", "composition={\"grid\":{\"elements\":[\"Nb\",\"Nb\"],\"divisions\":2}}",
                       "/composition/grid/elements/1", "given twice"},
           FaultyOther{"barrier_map", "composition={\"grid\":{\"elements\":[\"Nb\",\"Mo\"],\"divisions\":0}}",
                       "/composition/grid/divisions", "from 1 to 1000"},
           FaultyOther{"barrier_map", "composition={\"grid\":{\"elements\":[\"Nb\",\"Mo\",\"Ta\"],\"divisions\":100}}",
                       "/composition/grid/divisions", "5151 compositions; allowed: at most 4,096"},
           FaultyOther{"barrier_map", "composition={\"grid\":{\"elements\":[\"Nb\",\"Mo\"]}}", "/composition/grid/divisions",
                       "missing"},
           FaultyOther{"barrier_map", "composition={\"gird\":{}}", "/composition/gird", "unknown key"},
       }) {
    expect_refused(faulty.driver == std::string("static_mc") ? minimal_static() : minimal_map(),
                   {faulty.edit, faulty.place, faulty.fragment});
  }
}

TEST(FaultyPresets, AMapThatIsTooLarge) {
  json document = minimal_map();
  document["configurations"] = 1000000;
  std::vector<std::string> warnings;
  EXPECT_THROW(make_map_plan(read_map(document), warnings), ConfigError);
}

TEST(FaultyPresets, B2OfAnElementThatIsNotThere) {
  std::vector<std::string> warnings;
  try {
    make_plan(read_with({R"(observe.b2={"pair": ["Mo", "W"]})"}), warnings);
    FAIL();
  } catch (const ConfigError &error) {
    EXPECT_NE(std::string(error.what()).find("p.json: /observe/b2/pair/1: \"W\" is not an element of this run"),
              std::string::npos)
        << error.what();
  }
}

TEST(Plan, PersistenceThatTheSamplesCannotShowIsWarnedOf) {
  const auto warnings_of = [](std::vector<std::string> edits) {
    edits.insert(edits.begin(), {R"(composition={"Mo": 1, "Ta": 1})", R"(observe.b2={"pair": ["Mo", "Ta"]})",
                                 "observe.sample={\"every_hops\":100}"});
    std::vector<std::string> warnings;
    make_plan(read_with(edits), warnings);
    return join(warnings, "\n");
  };
  const char *window = "observe.b2.persistent_over_hops=";
  EXPECT_EQ(warnings_of({std::string(window) + "100", "output.configurations_at_hops=[200,1000]"}), "");
  EXPECT_EQ(warnings_of({std::string(window) + "0", "output.configurations_at_hops=[250]"}), "");
  EXPECT_NE(warnings_of({std::string(window) + "99"}).find("between samples, 100 hops: after that gap every centre"),
            std::string::npos);
  EXPECT_NE(warnings_of({std::string(window) + "100", "output.configurations_at_hops=[200,250]"}).find("250 is no sample"),
            std::string::npos);
  EXPECT_NE(warnings_of({std::string(window) + "999", "observe.sample={\"every_hops\":1000}"}).find("every centre"),
            std::string::npos)
      << "hop 0 is the sample before";
}

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
                           "lattice.structure=hcp",
                           "memory.entries=1",
                           "real_time.error_eV=1",
                           "observe.b2={\"pair\":[\"Mo\",\"mo\"]}",
                           "observe.b2={\"pair\":[\"Mo\",\"Ta\"],\"link_squared\":5}",
                           "observe.b2.pair=Mo",
                           "initial={\"file\":\"a\"}",
                           "lattice.a_A=0",
                           "lattice.a=3",
                           "lattice.cells=[8,8]",
                           "lattice.cells.1=4",
                           "lattice.cells.1=a",
                           "composition={}",
                           "composition=[]",
                           "composition={\"Nb\":0}",
                           "vacancies=65",
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
                           "output.configurations_at_hops=7",
                           "output.configurations_at_hops=[-1]",
                           "output.configurations_at_hops=[\"7\"]",
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
       {"hops=5000", "title=other", "output.directory=elsewhere", "output.plots=false", "checkpoint.every_s=1",
        "real_time.vacancy_concentration=1e-6", "output.configurations_at_hops=[7]"}) {
    EXPECT_EQ(identity_of({edit}), same) << edit;
  }
  for (const char *edit :
       {"seed=2", "precision=float64", "lattice.a_A=3.3", "lattice.cells.0=9", "composition={\"Nb\":1,\"Mo\":1,\"Ta\":2}",
        "barriers.barrier_eV=1.1", "walkers.temperatures_K=[801]", "walkers.replicas=2", "attempt_frequency_per_s=1e12",
        "time_limit_s=1", "vacancies=2", "lattice.structure=sc", "observe.randomness=true", "observe.tracers=true",
        "observe.transport=true", R"(observe.b2={"pair": ["Mo", "Ta"]})", "observe.order.shells=1",
        "observe.averages_from_hop=1", "observe.sample.every_hops=7"}) {
    EXPECT_NE(identity_of({edit}), same) << edit;
  }
}

TEST(Identity, FollowsTheNumbersOfAModelAndNotItsPath) {
  const KmcPreset from_file = load_kmc_preset(presets() / "composition_ladder.json");
  json document = load_json(presets() / "composition_ladder.json", JsonUse::preset);
  json model = load_json(presets() / "models" / "nbmota_pair_kra.json", JsonUse::data);
  model["kind"] = "pair_kra";
  document["barriers"] = model;
  const auto identity_of = [](const KmcPreset &preset) { return identity(preset, plan_of(preset)); };
  EXPECT_EQ(identity_of(read(document)), identity_of(from_file));
  document["barriers"]["pair_eV"][0]["Mo-Ta"] = -0.0236;
  EXPECT_NE(identity_of(read(document)), identity_of(from_file));
}

} // namespace
} // namespace zener
