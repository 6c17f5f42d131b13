// Presets of the fit_interactions driver: linear models of barriers or energies, fitted to data.
#pragma once

#include "host/neutral/interaction_fit.hpp"
#include "host/neutral/preset_parts.hpp"

namespace zener {

enum class FitSource { network, environments, energies };

// What is fitted. network: barriers of random environments, every site drawn by the composition; environments: a file of
// environments with barriers (environments.hpp); energies: an extended XYZ file of one or more frames on a lattice.
struct FitSourceChoice {
  FitSource kind = FitSource::network;
  std::filesystem::path file;
  std::vector<std::string> elements;        // environments: of the codes 1, 2, …
  Precision precision = Precision::float64; // network
  int environments = 0;                     // network: of each composition
  std::string energy_key = "energy";        // energies
};

struct FitModelChoice {
  std::string name;
  bool clusters = false; // else pair_kra
  PairKraChoice pairs;
  ClusterChoice cluster;
  double ridge = 0.0;
};

struct NetworkChoice {
  std::filesystem::path file;
  Precision precision = Precision::float64;
};

// Of the base: title, seed, output; compositions for a network's data, the lattice for energies.
struct FitPreset : AlloyPreset {
  FitSourceChoice data;
  double test_fraction = 0.25;
  std::vector<FitModelChoice> models;
  std::optional<NetworkChoice> compare;
};

// Loads, edits (apply_preset_edit), validates against the schema and reads. Throws DataError and ConfigError as
// load_kmc_preset.
FitPreset load_fit_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});

// Reads a document that satisfies the schema, and checks what a schema cannot say. Throws ConfigError.
FitPreset read_fit_preset(const nlohmann::json &document, const std::filesystem::path &file,
                          std::set<std::string> *asked = nullptr);

// The preset with every key explicit and paths absolute.
nlohmann::json resolved(const FitPreset &preset);

// What the models are fitted to. Barriers: samples are environments of bcc with one vacancy, 8 values each. Energies: samples
// are configurations on one lattice, one value each, eV a site.
struct FitData {
  std::vector<std::string> elements;   // species code i + 1 is elements[i]
  std::vector<std::string> labels;     // compositions or kinds of samples
  std::vector<std::int32_t> label;     // [sample]
  std::vector<std::uint8_t> test;      // [sample], 1: kept from the fit
  std::vector<std::uint8_t> types;     // barriers: [sample][112]
  std::vector<std::uint8_t> occupancy; // energies: [sample][sites]
  std::vector<double> value_eV;        // [sample][values_per_sample()]
  bool energies = false;

  std::size_t samples() const { return label.size(); }
  std::size_t values_per_sample() const { return energies ? 1 : kPaths; }
};

// Environments of a network's data without their barriers: composition g, environment i by SplitMix64 of {seed, g, i}, site by
// site. Throws ConfigError for an element that the network does not know.
FitData random_environments(const FitPreset &preset, const std::vector<std::string> &elements);

// The two kinds of files. Throw DataError that names the environment or frame: barriers missing, not finite or not 8, a further
// vacancy, a jump without an atom; energy missing, other sites than the lattice's.
FitData read_barrier_data(const FitPreset &preset);
FitData read_energy_data(const FitPreset &preset);

// Chooses the test part: of each label's samples (energies, whose frames seldom share a composition: of all) the nearest whole
// number to test_fraction, at least one when it is above 0 and there are two, drawn by SplitMix64 of {seed, "split", label}.
void choose_test_part(const FitPreset &preset, FitData &data);

// The data's environments in the codes of other elements. Throws ConfigError for an element that is not among them.
std::vector<std::uint8_t> in_codes_of(const std::vector<std::string> &elements, const FitData &data, const std::string &where);

} // namespace zener
