#include "host/neutral/atoms_preset.hpp"

#include "host/neutral/atom_files.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/json_document.hpp"
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

Atoms read_structure_file(const AtomsPreset &preset) {
  const json document{{"structure", preset.structure}};
  ObjectReader whole(document, preset.file.string(), JsonUse::preset);
  ObjectReader keys = whole.object("structure");
  const std::filesystem::path file = beside(preset.file, read_path(keys, "file"));
  AtomReadOptions options;
  if (keys.has("frame")) {
    const json &met = keys.value("frame");
    if (!met.is_number_integer()) {
      keys.refuse_value("frame", met, "an integer; negative counts from the last frame");
    }
    options.first = met.get<std::int64_t>();
  } else {
    options.first = -1;
  }
  options.last = options.first;
  if (keys.has("elements")) {
    const json &met = keys.value("elements");
    if (!met.is_array()) {
      keys.refuse_value("elements", met, "a list of elements");
    }
    options.type_elements = read_elements(keys, "elements", met);
  }
  keys.finish();
  if (file.extension() == ".h5" || file.extension() == ".h5md") {
    return std::move(read_h5md(file, {options.type_elements, options.first, options.last}).front());
  }
  return std::move(read_atoms(file, options).front());
}

} // namespace

void read_atoms_keys(ObjectReader &keys, AtomsPreset &preset) {
  read_title_and_seed(keys, preset);
  preset.mixed = keys.choice("precision", {"double", "mixed"}, "double") == "mixed";
  preset.deterministic = keys.flag("deterministic", true);
  preset.skin_A = read_in_range(keys, "skin_A", 0.0, 10.0, 1.0);
  preset.structure = keys.value("structure");
  if (!preset.structure.is_object()) {
    keys.refuse_value("structure", preset.structure, "an object: {\"file\": …}, or a structure to be built");
  }
  preset.potential = keys.value("potential");
  if (!preset.potential.is_object() && !preset.potential.is_string()) {
    keys.refuse_value("potential", preset.potential, "an object {\"kind\": …}, or the path of a potential's JSON file");
  }
}

void put_atoms_keys(json &document, const AtomsPreset &preset) {
  document["title"] = preset.title;
  document["seed"] = preset.seed;
  document["precision"] = preset.mixed ? "mixed" : "double";
  document["deterministic"] = preset.deterministic;
  document["skin_A"] = preset.skin_A;
  document["structure"] = preset.structure;
  if (preset.structure.contains("file") && preset.structure["file"].is_string()) {
    document["structure"]["file"] = absolute_text(beside(preset.file, preset.structure["file"].get<std::string>()));
  }
  document["potential"] = preset.potential;
  make_potential_absolute(document["potential"], folder_of(preset));
}

Atoms make_structure(const AtomsPreset &preset, std::uint32_t seed) {
  if (preset.structure.contains("file")) {
    return read_structure_file(preset);
  }
  ObjectReader keys(preset.structure, preset.file.string() + ": /structure", JsonUse::preset);
  return build_structure(read_structure(keys, preset.file, seed));
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
