// What the presets of the drivers with moving atoms share: the structure to start from, the potential, the precision.
#pragma once

#include "host/neutral/atoms.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/potential_model.hpp"
#include "host/neutral/preset_parts.hpp"

#include <nlohmann/json.hpp>

namespace zener {

struct AtomsPreset : RunPreset {
  bool mixed = false;
  bool deterministic = true;
  double skin_A = 1.0;
  nlohmann::json structure; // an object of the builder, or {"file": …}
  nlohmann::json potential; // an object {"kind": …}, or the path of a JSON file of its own
};

// title, seed, precision, deterministic, skin_A, structure and potential. What is inside of the last two is read by
// make_structure() and load_potential(). read_force_keys: all but the structure.
void read_atoms_keys(ObjectReader &keys, AtomsPreset &preset);
void read_force_keys(ObjectReader &keys, AtomsPreset &preset);

// The same keys, every one explicit and paths absolute.
void put_atoms_keys(nlohmann::json &document, const AtomsPreset &preset);

// The structure of the preset: built, or the last frame of its file. `seed` replaces the preset's for other draws of random
// alloys. Throws ConfigError (its keys) and DataError (its file).
Atoms make_structure(const AtomsPreset &preset, std::uint32_t seed);
inline Atoms make_structure(const AtomsPreset &preset) { return make_structure(preset, preset.seed); }

// Where the structure stands, for messages: its file, or the preset and its key.
std::string structure_place(const AtomsPreset &preset);
// What `make` gives; a DataError of its (of a batch that knows no files) begins with the structure's place.
template <class Make> auto made_of_structure(const AtomsPreset &preset, Make make) {
  try {
    return make();
  } catch (const DataError &error) {
    throw DataError(structure_place(preset) + ": " + error.what());
  }
}

// Seed of what is drawn for system `system` of a batch, such as velocities; the first has the preset's.
std::uint32_t seed_of_system(std::uint32_t seed, std::size_t system);

// The potential of the preset. Throws ConfigError (its keys) and DataError (its files).
PotentialPointer load_potential(const AtomsPreset &preset);

// Throws ConfigError, with the elements that the potential knows, when the structure holds another one.
void check_elements(const AtomsPreset &preset, const PotentialModel &potential, const Atoms &atoms);
// The same; `where` begins the message.
void check_elements(const std::string &where, const PotentialModel &potential, const Atoms &atoms);

// For a restart: the potential with hashes of its files in place of their paths, and the hash of a structure's atoms.
nlohmann::json potential_identity(const AtomsPreset &preset);
std::string structure_hash(const Atoms &atoms);

} // namespace zener
