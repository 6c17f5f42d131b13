// Presets of the barrier_map driver: a vacancy on every site of given or random configurations in turn.
#pragma once

#include "host/neutral/preset_parts.hpp"

namespace zener {

struct MapPreset : AlloyPreset {
  std::vector<double> temperatures_K; // of the jump randomness; may be empty
  int configurations = 1;             // of each composition
  int barrier_bins = 60;
  int randomness_bins = 50;
  bool site_files = true;
};

// Loads, edits (apply_preset_edit), validates against the schema and reads. Throws DataError and ConfigError as
// load_kmc_preset.
MapPreset load_map_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});

// Reads a document that satisfies the schema, and checks what a schema cannot say. Throws ConfigError.
MapPreset read_map_preset(const nlohmann::json &document, const std::filesystem::path &file,
                          std::set<std::string> *asked = nullptr);

// The preset with every key explicit and paths absolute.
nlohmann::json resolved(const MapPreset &preset);

// G compositions, C configurations of each.
struct MapPlan {
  Structure structure = Structure::bcc;
  std::array<int, 3> cells{};
  double lattice_constant_A = 0.0;
  std::vector<std::string> elements; // species code i + 1 is elements[i]
  BarrierModel model;
  Precision precision = Precision::float32;
  std::uint32_t seed = 0;
  std::vector<std::vector<std::int64_t>> atoms; // [G][species], sums to the sites
  int configurations = 1;
  std::vector<double> temperatures_K;
  std::vector<std::uint8_t> occupancy; // [sites]: the one configuration; empty: drawn at random

  std::int64_t sites() const { return std::int64_t{sites_per_cell(structure)} * cells[0] * cells[1] * cells[2]; }
  int paths() const { return lattice_tables(structure).paths; }
  // Barriers of the whole map.
  double jumps() const {
    return static_cast<double>(atoms.size()) * configurations * static_cast<double>(sites()) * static_cast<double>(paths());
  }
};

// Loads the barrier model and the initial file. `warnings` receives lines that the user must see. Throws ConfigError (elements,
// bounds, a map that is too large) and DataError (the files; a vacant site of the initial one).
MapPlan make_map_plan(const MapPreset &preset, std::vector<std::string> &warnings);

// Configuration c of composition g, [sites], every site occupied: the initial file's, or the species in ascending order after a
// Fisher-Yates shuffle from the last site down with SplitMix64 of {seed, g, c}.
std::vector<std::uint8_t> draw_configuration(const MapPlan &plan, std::size_t g, int c);

} // namespace zener
