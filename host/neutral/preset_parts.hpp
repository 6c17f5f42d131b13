// What the presets of all drivers share: the crystal, its composition or a file to start from, the barrier model, the output.
#pragma once

#include "host/neutral/kmc_plan.hpp"
#include "host/neutral/structure_files.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace zener {

class ObjectReader;

struct BarrierChoice {
  std::string kind;                         // "constant", "pair_kra", "network", or "mlp" for a network of that kind
  double barrier_eV = 0.0;                  // constant
  std::filesystem::path file;               // pair_kra or a network; empty when the preset itself holds the numbers
  std::vector<std::filesystem::path> files; // in place of `file`: an ensemble of networks
  double spread_limit_eV = 0.0;             // of an ensemble; 0: none
  std::optional<PairKra> inlined;

  bool is_network() const { return kind == "network" || kind == "mlp"; }
};

using Composition = std::vector<std::pair<std::string, double>>; // element and parts, alphabetical

// All compositions of some elements in steps of 1/divisions.
struct CompositionGrid {
  std::vector<std::string> elements;
  int divisions = 1;
};

struct InitialFile {
  std::filesystem::path file;
  std::vector<std::string> elements; // of the types of a dump; may be empty
};

// What every driver's preset has.
struct RunPreset {
  std::filesystem::path file;
  std::string title;
  std::uint32_t seed = 1;
  std::filesystem::path output_directory; // relative to the current directory
  bool plots = true;
};

// A crystal lattice and what is on it: the base of the presets of drivers on a lattice.
struct AlloyPreset : RunPreset {
  Precision precision = Precision::float32;
  Structure structure = Structure::bcc;
  double a_A = 0.0;
  std::array<int, 3> cells{};
  std::vector<Composition> compositions; // one, a ladder or a grid; empty when there is an initial file
  bool composition_ladder = false;       // given as a list
  std::optional<CompositionGrid> grid;
  std::optional<InitialFile> initial;
  BarrierChoice barriers;

  std::int64_t sites() const { return std::int64_t{sites_per_cell(structure)} * cells[0] * cells[1] * cells[2]; }
};

// The JSON of a preset with the edits of the command line (`--set`) applied; see apply_preset_edit. What a pipe gave is kept,
// since it can be read but once. Throws DataError when the file cannot be opened and ConfigError for what is wrong in it.
nlohmann::json load_preset_document(const std::filesystem::path &file, const std::vector<std::string> &edits);

// apply_edit; a relative file given this way (barriers.file, barriers.files, initial.file, data, data.file, test_data,
// compare.file, structure.file, trajectory.file, potential and the files in it) is relative to the current directory, as on any
// command line.
// `composition=null` takes the composition away, to make room for an initial file.
void apply_preset_edit(nlohmann::json &document, const std::string &edit);

// Accessors with ranges; they refuse with the key, what was met and what is allowed.
int read_integer(ObjectReader &keys, const std::string &key, int least, int most, std::optional<int> fallback = std::nullopt);
double read_positive(ObjectReader &keys, const std::string &key, std::optional<double> fallback = std::nullopt);
double read_in_range(ObjectReader &keys, const std::string &key, double least, double most,
                     std::optional<double> fallback = std::nullopt);
const nlohmann::json &read_list(ObjectReader &keys, const std::string &key);
std::filesystem::path read_path(ObjectReader &keys, const std::string &key, std::optional<std::string> fallback = std::nullopt);
std::string read_element(const ObjectReader &keys, const std::string &key, const nlohmann::json &met);
// The key is there and is not null.
bool is_given(ObjectReader &keys, const std::string &key);

std::vector<std::string> read_elements(const ObjectReader &keys, const std::string &key, const nlohmann::json &met);
// A path of the preset, which is relative to its folder.
std::filesystem::path beside(const std::filesystem::path &preset_file, const std::filesystem::path &path);
// Makes the paths in a potential's object absolute, from `base`: the values of file, coefficients and parameters, and whatever
// else names a file there; those of its parts as well. A text is the path of the potential's own file.
void make_potential_absolute(nlohmann::json &potential, const std::filesystem::path &base);

void read_title_and_seed(ObjectReader &keys, RunPreset &preset);
void read_lattice(ObjectReader &keys, AlloyPreset &preset);
// The key composition.
void read_compositions(ObjectReader &keys, AlloyPreset &preset, bool grid_allowed);
// title, seed, lattice and composition or initial. The grid only where a driver knows it.
void read_alloy(ObjectReader &keys, AlloyPreset &preset, bool grid_allowed);
void read_precision(ObjectReader &keys, AlloyPreset &preset);
std::string precision_name(Precision precision);
// `kinds`: those that the driver knows. A network needs bcc. `flags`: the driver knows a limit of the spread.
void read_barriers(ObjectReader &keys, AlloyPreset &preset, const std::vector<std::string> &kinds, bool flags);
double read_temperature(const ObjectReader &keys, const std::string &key, const nlohmann::json &met);
// output.directory and output.plots.
void read_output_folder(ObjectReader &output, RunPreset &preset);

// The values of the keys lattice and composition, every one explicit.
nlohmann::json lattice_json(const AlloyPreset &preset);
nlohmann::json compositions_json(const AlloyPreset &preset);
// The keys of read_alloy and read_barriers, every one explicit and paths absolute.
void put_alloy(nlohmann::json &document, const AlloyPreset &preset);
std::string absolute_text(const std::filesystem::path &path);

// Loads the barrier model. Barriers of pair_kra must not be able to be negative, unless only its energies are used.
BarrierModel load_model(const AlloyPreset &preset, bool several_vacancies, bool energies_only = false);

// The initial file on the preset's lattice; none without one. Throws DataError.
std::optional<LatticeSpecies> read_initial(const AlloyPreset &preset);

// The elements of the batch: the model's, or of the compositions or the initial file when the model knows none.
std::vector<std::string> batch_elements(const BarrierModel &model, const AlloyPreset &preset,
                                        const std::optional<LatticeSpecies> &initial);

// Warns when a network was made for another lattice constant.
void check_lattice_constant(const BarrierModel &model, const AlloyPreset &preset, std::vector<std::string> &warnings);

// Atoms of each of the elements for one composition, `total` together. Throws ConfigError for an element not among them.
std::vector<std::int64_t> composition_atoms(const AlloyPreset &preset, std::size_t rung,
                                            const std::vector<std::string> &elements, std::int64_t total,
                                            std::vector<std::string> &warnings);

// The initial configuration in the codes of `elements`. Throws ConfigError for an element that is not among them.
std::vector<std::uint8_t> initial_occupancy(const AlloyPreset &preset, const LatticeSpecies &initial,
                                            const std::vector<std::string> &elements);

// Integers that sum to `total` in the proportions of the weights, by largest remainder; ties go to the first.
std::vector<std::int64_t> atom_counts(const std::vector<double> &weights, std::int64_t total);

// Hash of a model's numbers, and of any bytes: tell them apart on a restart, wherever their files lie. 16 hexadecimal digits.
std::string model_hash(const BarrierModel &model);
std::string bytes_hash(const std::vector<std::uint8_t> &bytes);

} // namespace zener
