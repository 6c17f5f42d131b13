#include "host/neutral/atoms_preset.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/splitmix.hpp"
#include "host/neutral/structure_builder.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/trajectory_h5md.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace zener {
namespace {

using nlohmann::json;

// Bytes of the numbers of an array.
template <class T> void add_bytes(std::vector<std::uint8_t> &bytes, const std::vector<T> &values) {
  const std::size_t begin = bytes.size();
  bytes.resize(begin + values.size() * sizeof(T));
  if (!values.empty()) {
    std::memcpy(bytes.data() + begin, values.data(), values.size() * sizeof(T));
  }
}

json with_hashes(json potential, const std::filesystem::path &base) {
  for (auto &[key, value] : potential.items()) {
    std::error_code error;
    if (key == "parts" && value.is_array()) {
      for (json &part : value) {
        part = with_hashes(part, base);
      }
    } else if (value.is_string() && key != "kind" && std::filesystem::is_regular_file(base / value.get<std::string>(), error)) {
      const std::string bytes = read_file(base / value.get<std::string>());
      value = bytes_hash({bytes.begin(), bytes.end()});
    }
  }
  return potential;
}

std::filesystem::path folder_of(const AtomsPreset &preset) { return preset.file.parent_path(); }

} // namespace

void read_force_keys(ObjectReader &keys, AtomsPreset &preset) {
  read_title_and_seed(keys, preset);
  preset.mixed = keys.choice("precision", {"double", "mixed"}, "double") == "mixed";
  preset.deterministic = keys.flag("deterministic", true);
  preset.skin_A = read_in_range(keys, "skin_A", 0.01, 10.0, 1.0);
  preset.potential = keys.value("potential");
  if (!preset.potential.is_object() && !preset.potential.is_string()) {
    keys.refuse_value("potential", preset.potential, "an object {\"kind\": …}, or the path of a potential's JSON file");
  }
}

void read_atoms_keys(ObjectReader &keys, AtomsPreset &preset) {
  read_force_keys(keys, preset);
  ObjectReader structure = keys.object("structure", true);
  read_structure(structure, preset.file, preset.seed); // for its errors; make_structure() reads it again
  preset.structure = keys.value("structure");
}

void put_atoms_keys(json &document, const AtomsPreset &preset) {
  document["title"] = preset.title;
  document["seed"] = preset.seed;
  document["precision"] = preset.mixed ? "mixed" : "double";
  document["deterministic"] = preset.deterministic;
  document["skin_A"] = preset.skin_A;
  if (!preset.structure.is_null()) {
    document["structure"] = preset.structure;
  }
  if (preset.structure.contains("file") && preset.structure["file"].is_string()) {
    document["structure"]["file"] = absolute_text(beside(preset.file, preset.structure["file"].get<std::string>()));
  }
  document["potential"] = preset.potential;
  make_potential_absolute(document["potential"], folder_of(preset));
}

Atoms make_structure(const AtomsPreset &preset, std::uint32_t seed) {
  const json document{{"structure", preset.structure}};
  ObjectReader whole(document, preset.file.string(), JsonUse::preset);
  ObjectReader keys = whole.object("structure");
  const StructureSpec spec = read_structure(keys, preset.file, seed);
  if (spec.file.extension() == ".h5" || spec.file.extension() == ".h5md") {
    return std::move(read_h5md(spec.file, {spec.type_elements, spec.frame, spec.frame}).front());
  }
  try {
    return build_structure(spec);
  } catch (const ConfigError &error) { // knows no preset
    throw ConfigError(whole.where("structure") + ": " + error.what());
  }
}

std::string structure_place(const AtomsPreset &preset) {
  const auto file = preset.structure.find("file");
  return file != preset.structure.end() && file->is_string() ? beside(preset.file, file->get<std::string>()).string()
                                                             : preset.file.string() + ": /structure";
}

std::uint32_t seed_of_system(std::uint32_t seed, std::size_t system) {
  constexpr std::uint64_t kSystem = 0x73797374'656dULL; // "system"
  return system == 0 ? seed : static_cast<std::uint32_t>(SplitMix64{seed, kSystem, system}.next() >> 32);
}

PotentialPointer load_potential(const AtomsPreset &preset) {
  if (preset.potential.is_string()) {
    return read_potential_file(beside(preset.file, preset.potential.get<std::string>()));
  }
  return read_potential(preset.potential, folder_of(preset), preset.file.string() + ": /potential");
}

void check_elements(const AtomsPreset &preset, const PotentialModel &potential, const Atoms &atoms) {
  check_elements(preset.file.string() + ": /potential", potential, atoms);
}

void check_elements(const std::string &where, const PotentialModel &potential, const Atoms &atoms) {
  const std::vector<std::string> known = potential.elements();
  for (const std::string &element : atoms.elements) {
    if (!known.empty() && std::find(known.begin(), known.end(), element) == known.end()) {
      throw ConfigError(fmt::format("{}: the potential ({}) does not know {}{}, which the structure holds; it knows {}", where,
                                    potential.kind(), in_quotes(element), did_you_mean(element, known), join(known, ", ")));
    }
  }
}

json potential_identity(const AtomsPreset &preset) {
  if (preset.potential.is_string()) {
    const std::filesystem::path file = beside(preset.file, preset.potential.get<std::string>());
    return with_hashes(load_json(file, JsonUse::preset), file.parent_path());
  }
  return with_hashes(preset.potential, folder_of(preset));
}

std::string structure_hash(const Atoms &atoms) {
  std::vector<std::uint8_t> bytes;
  for (const std::string &element : atoms.elements) {
    bytes.insert(bytes.end(), element.begin(), element.end());
    bytes.push_back(0);
  }
  add_bytes(bytes, std::vector<Matrix3>{atoms.cell.vectors});
  for (const bool periodic : atoms.cell.periodic) {
    bytes.push_back(periodic ? 1 : 0);
  }
  add_bytes(bytes, atoms.type);
  add_bytes(bytes, atoms.position_A);
  add_bytes(bytes, atoms.velocity_A_ps);
  add_bytes(bytes, atoms.mass_amu);
  return bytes_hash(bytes);
}

} // namespace zener
