#include "host/neutral/defects_preset.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::size_t kMostDefects = 10000;

void read_cells(ObjectReader &keys, DefectsPreset &preset) {
  if (!is_given(keys, "cells")) {
    return;
  }
  const json &met = read_list(keys, "cells");
  for (std::size_t i = 0; i < met.size(); ++i) {
    const std::string key = "cells/" + std::to_string(i);
    std::array<int, 3> cells{};
    bool good = met[i].is_array() && met[i].size() == 3;
    for (std::size_t d = 0; good && d < 3; ++d) {
      good = met[i][d].is_number_integer() && met[i][d].get<std::int64_t>() >= 1 && met[i][d].get<std::int64_t>() <= 1024;
      cells[d] = good ? met[i][d].get<int>() : 0;
    }
    if (!good) {
      keys.refuse_value(key, met[i], "three integers from 1 to 1024");
    }
    if (std::find(preset.cells.begin(), preset.cells.end(), cells) != preset.cells.end()) {
      keys.refuse(key, met[i].dump() + " is given twice");
    }
    preset.cells.push_back(cells);
  }
  if (preset.structure.contains("file")) {
    keys.refuse_value("cells", met, "null where the structure is a file");
  }
}

void read_chemical_potentials(ObjectReader &keys, DefectsPreset &preset) {
  if (!is_given(keys, "chemical_potentials")) {
    return;
  }
  const json &met = keys.value("chemical_potentials");
  if (!met.is_object()) {
    keys.refuse_value("chemical_potentials", met, "an object of elements, or null");
  }
  for (const auto &[element, value] : met.items()) {
    const std::string key = "chemical_potentials/" + pointer_token(element);
    read_element(keys, key, element);
    ChemicalPotential &mu = preset.chemical_potentials[element];
    if (value.is_number()) {
      mu.energy_eV = value.get<double>();
    } else if (value.is_object() && value.contains("structure") && value.size() == 1 && value["structure"].is_object()) {
      mu.structure = value["structure"];
    } else {
      keys.refuse_value(key, value, "a number, eV, or {\"structure\": {…}}, a crystal of this element");
    }
  }
}

// Kinds that the drivers know: the builder's, and names for what is usually asked.
const std::vector<std::string> kKinds{"vacancy",    "divacancy",   "trivacancy", "dumbbell",       "crowdion",
                                      "octahedral", "tetrahedral", "vacancies",  "vacancy_cluster"};
// As texts that stand for an object.
const std::vector<std::string> kShort{"vacancy",      "divacancy",    "divacancy_1nn", "divacancy_2nn", "divacancy_3nn",
                                      "trivacancy",   "dumbbell_100", "dumbbell_110",  "dumbbell_111",  "crowdion",
                                      "crowdion_100", "crowdion_110", "crowdion_111",  "octahedral",    "tetrahedral"};

// "dumbbell_110" -> {"kind": "dumbbell", "direction": "110"}; "divacancy_2nn" -> {"kind": "divacancy", "shell": 2}.
json object_of(const ObjectReader &keys, const std::string &key, const std::string &name) {
  if (std::find(kShort.begin(), kShort.end(), name) == kShort.end()) {
    keys.refuse_value(key, name, "one of " + join(kShort, ", ") + ", or an object" + did_you_mean(name, kShort));
  }
  const std::size_t bar = name.find('_');
  json out{{"kind", name.substr(0, bar)}};
  if (bar != std::string::npos && name.ends_with("nn")) {
    out["shell"] = name[bar + 1] - '0';
  } else if (bar != std::string::npos) {
    out["direction"] = name.substr(bar + 1);
  }
  return out;
}

// What a cluster consists of.
std::map<std::string, int> parts_of(const json &build) {
  const std::string kind = build.at("kind");
  if (kind == "divacancy" || kind == "trivacancy") {
    return {{"vacancy", kind == "divacancy" ? 2 : 3}};
  }
  return {};
}

void read_parts(const ObjectReader &keys, const std::string &key, const json &met, DefectChoice &defect) {
  if (!met.is_object() || met.empty()) {
    keys.refuse_value(key, met, "an object of names of defects and how many of each, such as {\"vacancy\": 2}");
  }
  for (const auto &[name, number] : met.items()) {
    if (!number.is_number_integer() || number.get<std::int64_t>() < 1 || number.get<std::int64_t>() > 1000) {
      keys.refuse_value(key + "/" + pointer_token(name), number, "an integer from 1 to 1000");
    }
    defect.parts[name] = number.get<int>();
  }
  defect.parts_given = true;
}

DefectChoice read_defect(const ObjectReader &keys, const std::string &key, const json &met,
                         const std::filesystem::path &preset_file) {
  DefectChoice defect;
  if (met.is_string() && !met.get_ref<const std::string &>().empty()) {
    defect.name = met.get<std::string>();
    defect.build = object_of(keys, key, defect.name);
    defect.parts = parts_of(defect.build);
    return defect;
  }
  if (!met.is_object() || met.contains("file") == met.contains("kind")) {
    keys.refuse_value(key, met,
                      "the kind of a defect, such as \"vacancy\", an object {\"kind\": …}, or {\"name\": …, \"file\": …}");
  }
  json rest = met;
  const auto take_text = [&](const char *name) -> std::string {
    const json value = rest.at(name);
    rest.erase(name);
    if (!value.is_string() || value.get_ref<const std::string &>().empty()) {
      keys.refuse_value(key + "/" + name, value, "a text that is not empty");
    }
    return value.get<std::string>();
  };
  if (rest.contains("name")) {
    defect.name = take_text("name");
  }
  if (rest.contains("binding")) {
    read_parts(keys, key + "/binding", rest["binding"], defect);
    rest.erase("binding");
  }
  if (rest.contains("file")) {
    defect.file = beside(preset_file, take_text("file"));
    if (defect.name.empty()) {
      defect.name = defect.file.stem().string();
    }
    if (!rest.empty()) {
      keys.refuse(key + "/" + pointer_token(rest.begin().key()),
                  "unknown key" + did_you_mean(rest.begin().key(), {"name", "file", "binding"}));
    }
    return defect;
  }
  const std::string kind = rest["kind"].is_string() ? rest["kind"].get<std::string>() : "";
  if (std::find(kKinds.begin(), kKinds.end(), kind) == kKinds.end()) {
    keys.refuse_value(key + "/kind", rest["kind"], "one of " + join(kKinds, ", ") + did_you_mean(kind, kKinds));
  }
  if (defect.name.empty()) {
    defect.name = kind;
  }
  if (!defect.parts_given) {
    defect.parts = parts_of(rest);
  }
  defect.build = std::move(rest);
  return defect;
}

// The first atom in the n-th shell of neighbours around site 0 of a crystal. Throws ConfigError where images of the pair are
// nearer than the pair.
std::uint64_t neighbour_of_first(const AtomsPreset &preset, const Atoms &crystal, int shell) {
  std::map<std::int64_t, std::uint64_t> shells; // distance in units of 1e-3 A: site
  const Matrix3 to_fraction = inverse(crystal.cell.vectors);
  for (std::size_t i = 1; i < crystal.size(); ++i) {
    Vector3 x{};
    for (std::size_t d = 0; d < 3; ++d) {
      x[d] = crystal.position_A[i][d] - crystal.position_A[0][d];
    }
    Vector3 s = times(x, to_fraction);
    for (double &f : s) {
      f -= std::round(f);
    }
    x = times(s, crystal.cell.vectors); // exact for pairs nearer than half the thinnest way through the cell
    const double r = std::sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    shells.emplace(std::llround(r * 1e3), i);
  }
  const Vector3 t = thicknesses(crystal.cell);
  const double half = 0.5 * std::min({t[0], t[1], t[2]});
  int met = 0;
  for (const auto &[distance, site] : shells) {
    if (1e-3 * static_cast<double>(distance) > half - 1e-2) {
      break;
    }
    if (++met == shell) {
      return site;
    }
  }
  throw ConfigError(
      fmt::format("{}: /defects: the cell of {} atoms is too small for a divacancy in shell {}: half its thickness "
                  "is {:.4g} A, which holds {} shells",
                  preset.file.string(), crystal.size(), shell, half, met));
}

// The builder's entry for a defect of this driver.
json builder_entry(const AtomsPreset &crystal, const json &defect) {
  json entry = defect;
  const std::string kind = defect.at("kind");
  if (kind == "vacancy") {
    entry["kind"] = "vacancies";
    if (!entry.contains("sites")) {
      entry["sites"] = {std::uint64_t{0}};
    }
  } else if (kind == "trivacancy") {
    entry["kind"] = "vacancy_cluster";
    entry["count"] = 3;
  } else if (kind == "divacancy") {
    const json shell = defect.value("shell", json(1));
    if (!shell.is_number_integer() || shell.get<std::int64_t>() < 1 || shell.get<std::int64_t>() > 100) {
      throw ConfigError(crystal.file.string() + ": /defects: shell of a divacancy is " + value_text(shell) +
                        "; allowed: an integer from 1 to 100");
    }
    entry["kind"] = "vacancies";
    entry["sites"] = {std::uint64_t{0}, neighbour_of_first(crystal, make_structure(crystal), shell.get<int>())};
    entry.erase("shell");
  }
  return entry;
}

} // namespace

std::vector<DefectChoice> read_defects(ObjectReader &keys, const std::filesystem::path &preset_file) {
  const json &met = read_list(keys, "defects");
  if (met.size() > kMostDefects) {
    keys.refuse("defects", fmt::format("{} defects; allowed: at most {}", met.size(), kMostDefects));
  }
  std::vector<DefectChoice> out;
  const auto known = [&](const std::string &name) {
    return std::any_of(out.begin(), out.end(), [&](const DefectChoice &d) { return d.name == name; });
  };
  for (std::size_t i = 0; i < met.size(); ++i) {
    const std::string key = "defects/" + std::to_string(i);
    DefectChoice defect = read_defect(keys, key, met[i], preset_file);
    if (known(defect.name)) {
      keys.refuse(key, in_quotes(defect.name) + " is there twice; give one of them a \"name\"");
    }
    out.push_back(std::move(defect));
  }
  for (std::size_t i = 0; i < met.size(); ++i) {
    DefectChoice &defect = out[i];
    for (const auto &[part, number] : defect.parts) {
      if (defect.parts_given && (!known(part) || part == defect.name)) {
        std::vector<std::string> names;
        for (const DefectChoice &other : out) {
          names.push_back(other.name);
        }
        keys.refuse("defects/" + std::to_string(i) + "/binding/" + pointer_token(part),
                    "no other defect of the list has this name" + did_you_mean(part, names));
      }
    }
    if (!defect.parts_given &&
        !std::all_of(defect.parts.begin(), defect.parts.end(), [&](const auto &p) { return known(p.first); })) {
      defect.parts.clear();
    }
  }
  return out;
}

json defects_json(const std::vector<DefectChoice> &defects) {
  json out = json::array();
  for (const DefectChoice &defect : defects) {
    json entry = defect.build.is_null() ? json{{"file", absolute_text(defect.file)}} : defect.build;
    entry["name"] = defect.name;
    if (!defect.parts.empty()) {
      entry["binding"] = defect.parts;
    }
    out.push_back(std::move(entry));
  }
  return out;
}

DefectsPreset load_defects_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("defects"), file.string());
  return read_defects_preset(document, file);
}

DefectsPreset read_defects_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  DefectsPreset preset;
  preset.file = file;
  keys.choice("driver", {"defects"});
  read_atoms_keys(keys, preset);
  read_cells(keys, preset);
  preset.equilibrium = read_equilibrium(keys);
  read_chemical_potentials(keys, preset);
  preset.defects = read_defects(keys, file);
  preset.relax = read_relax(keys, 0.001, true);
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  output.finish();
  keys.finish();
  return preset;
}

json resolved(const DefectsPreset &preset) {
  json potentials = nullptr;
  for (const auto &[element, mu] : preset.chemical_potentials) {
    potentials[element] = mu.energy_eV ? json(*mu.energy_eV) : json{{"structure", mu.structure}};
    if (!mu.energy_eV && mu.structure.contains("file") && mu.structure["file"].is_string()) {
      potentials[element]["structure"]["file"] = absolute_text(beside(preset.file, mu.structure["file"].get<std::string>()));
    }
  }
  json document{{"driver", "defects"},
                {"cells", preset.cells.empty() ? json(nullptr) : json(preset.cells)},
                {"equilibrium", equilibrium_json(preset.equilibrium)},
                {"chemical_potentials", potentials},
                {"defects", defects_json(preset.defects)},
                {"relax", relax_json(preset.relax, true)},
                {"output", {{"directory", absolute_text(preset.output_directory)}, {"plots", preset.plots}}}};
  put_atoms_keys(document, preset);
  return document;
}

Atoms make_defect_structure(const AtomsPreset &preset, const std::optional<std::array<int, 3>> &cells, const json &defect) {
  AtomsPreset changed = preset;
  if (cells) {
    changed.structure["cells"] = *cells;
  }
  if (!defect.is_null()) {
    if (changed.structure.contains("file")) {
      throw ConfigError(preset.file.string() + ": /defects: a " + defect.at("kind").get<std::string>() +
                        " is built into a lattice, and the structure is a file; give the file of each defect");
    }
    const json entry = builder_entry(changed, defect);
    changed.structure["defects"].push_back(entry);
  }
  return make_structure(changed);
}

} // namespace zener
