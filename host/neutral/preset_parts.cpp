#include "host/neutral/preset_parts.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/network_file.hpp"
#include "host/neutral/pair_kra.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cmath>
#include <limits>
#include <numeric>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostSites = std::numeric_limits<std::int32_t>::max(); // sites are numbered by int32
constexpr std::size_t kMostElements = 8;
constexpr std::size_t kMostCompositions = 4096;

const std::vector<std::string> kPrecisions{"float32", "float64"};
const std::vector<std::string> kStructures{"bcc", "sc", "fcc"};

std::array<int, 3> read_cells(ObjectReader &lattice, Structure structure) {
  const json &met = read_list(lattice, "cells");
  if (met.size() != 3) {
    lattice.refuse_value("cells", met, "three integers");
  }
  const int least = least_cells(structure);
  std::array<int, 3> cells{};
  for (std::size_t i = 0; i < 3; ++i) {
    const bool whole = met[i].is_number_integer();
    if (!whole || met[i].get<std::int64_t>() < least || met[i].get<std::int64_t>() > 1024) {
      lattice.refuse_value("cells/" + std::to_string(i), met[i],
                           fmt::format("an integer from {} to 1024 in {}", least, structure_name(structure)));
    }
    cells[i] = met[i].get<int>();
  }
  const std::int64_t sites = std::int64_t{sites_per_cell(structure)} * cells[0] * cells[1] * cells[2];
  if (sites > kMostSites) {
    lattice.refuse("cells",
                   fmt::format("{} are {} sites; allowed: at most {}", met.dump(), grouped(static_cast<std::uint64_t>(sites)),
                               grouped(static_cast<std::uint64_t>(kMostSites))));
  }
  return cells;
}

Composition read_composition(const json &met, const std::string &key, const ObjectReader &keys) {
  if (!met.is_object() || met.empty() || met.size() > kMostElements) {
    keys.refuse_value(key, met, "an object of 1 to 8 elements and their parts, such as {\"Mo\": 1, \"Ta\": 1}");
  }
  Composition composition;
  for (const auto &[element, parts] : met.items()) {
    if (element == "Va") {
      keys.refuse(key + "/Va", "Va is the vacancy; how many there are is said by \"vacancies\"");
    }
    if (!parts.is_number() || !(parts.get<double>() > 0.0) || !std::isfinite(parts.get<double>())) {
      keys.refuse_value(key + "/" + pointer_token(element), parts,
                        "a number greater than 0; leave the element out to have none of it");
    }
    composition.emplace_back(element, parts.get<double>());
  }
  return composition;
}

// Every way to share `left` parts among the elements from `next` on; the first element has the most first.
void share_parts(const CompositionGrid &grid, std::size_t next, int left, Composition &so_far, std::vector<Composition> &out) {
  const bool last = next + 1 == grid.elements.size();
  for (int parts = left; parts >= (last ? left : 0); --parts) {
    if (parts > 0) {
      so_far.emplace_back(grid.elements[next], parts);
    }
    if (last) {
      out.push_back(so_far);
    } else {
      share_parts(grid, next + 1, left - parts, so_far, out);
    }
    if (parts > 0) {
      so_far.pop_back();
    }
  }
}

void read_grid(ObjectReader &keys, AlloyPreset &preset) {
  ObjectReader composition = keys.object("composition", true);
  ObjectReader grid = composition.object("grid", true);
  const json &elements = read_list(grid, "elements");
  if (elements.size() < 2 || elements.size() > kMostElements) {
    grid.refuse_value("elements", elements, "a list of 2 to 8 elements");
  }
  CompositionGrid met{read_elements(grid, "elements", elements), read_integer(grid, "divisions", 1, 1000)};
  grid.finish();
  composition.finish();
  double points = 1.0; // binomial(divisions + n - 1, n - 1)
  for (std::size_t i = 1; i < met.elements.size(); ++i) {
    points *= (met.divisions + static_cast<double>(i)) / static_cast<double>(i);
  }
  if (points > static_cast<double>(kMostCompositions) + 0.5) {
    grid.refuse("divisions", fmt::format("{} are {:.0f} compositions; allowed: at most {}", met.divisions, points,
                                         grouped(kMostCompositions)));
  }
  Composition so_far;
  share_parts(met, 0, met.divisions, so_far, preset.compositions);
  for (Composition &each : preset.compositions) {
    std::sort(each.begin(), each.end());
  }
  preset.grid = std::move(met);
}

void read_start(ObjectReader &keys, AlloyPreset &preset, bool grid_allowed) {
  const bool from_file = is_given(keys, "initial");
  if (keys.has("composition")) {
    if (from_file) {
      keys.refuse("composition", "initial is given as well; give one of the two");
    }
    read_compositions(keys, preset, grid_allowed);
    return;
  }
  if (!from_file) {
    keys.refuse("composition", "missing; needed: an object or a list (Parts of each element), or \"initial\" with a file "
                               "to start from");
  }
  ObjectReader initial = keys.object("initial");
  InitialFile start;
  start.file = beside(preset.file, read_path(initial, "file"));
  if (initial.has("elements")) {
    const json &met = initial.value("elements");
    if (!met.is_array() || met.size() > kMostElements) {
      initial.refuse_value("elements", met, "a list of at most 8 elements");
    }
    start.elements = read_elements(initial, "elements", met);
  }
  initial.finish();
  preset.initial = std::move(start);
}

std::string rung_pointer(const AlloyPreset &preset, std::size_t rung) {
  return preset.file.string() + ": /composition" + (preset.composition_ladder ? "/" + std::to_string(rung) : "");
}

// 64-bit FNV-1a over names and the bits of numbers: tells models apart on a restart, wherever their files lie.
class ContentHash {
public:
  void add(std::uint64_t word) {
    for (int byte = 0; byte < 8; ++byte) {
      state_ = (state_ ^ (word >> (8 * byte) & 0xFFU)) * 0x100000001b3ULL;
    }
  }
  void add(double value) { add(std::bit_cast<std::uint64_t>(value == 0.0 ? 0.0 : value)); }
  void add(const std::vector<double> &values) {
    add(static_cast<std::uint64_t>(values.size()));
    for (const double value : values) {
      add(value);
    }
  }
  void add(const std::vector<std::string> &names) {
    add(static_cast<std::uint64_t>(names.size()));
    for (const std::string &name : names) {
      add(static_cast<std::uint64_t>(name.size()));
      for (const char c : name) {
        add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
      }
    }
  }
  void add(const std::vector<DenseLayer> &layers) {
    for (const DenseLayer &layer : layers) {
      add(static_cast<std::uint64_t>(layer.in));
      add(static_cast<std::uint64_t>(layer.out));
      add(layer.weight);
      add(layer.bias);
    }
  }
  void add(const SiteNetwork &network) {
    add(static_cast<std::uint64_t>(network.sites));
    add(static_cast<std::uint64_t>(network.group));
    add(network.table);
    add(network.bias);
    add(network.layers);
  }
  void add(const Mlp &mlp) { add(mlp.layers); }
  void add(const SiteMlp &sites) { add(sites.network); }
  void add(const Cnn &cnn) {
    add(static_cast<std::uint64_t>(cnn.one_hot));
    for (const Cnn::Layer &layer : cnn.layers) {
      add(layer.weight);
      add(layer.bias);
    }
    add(std::vector<DenseLayer>{cnn.output});
  }
  void add(const Consistent &consistent) {
    add(consistent.jump);
    add(consistent.state);
    add(consistent.pair_eV);
  }
  std::string text() const { return fmt::format("{:016x}", state_); }

private:
  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

// What pipes gave.
std::vector<std::pair<std::filesystem::path, json>> &pipes() {
  static std::vector<std::pair<std::filesystem::path, json>> documents;
  return documents;
}

} // namespace

json load_preset_document(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  std::error_code error;
  const bool pipe = std::filesystem::is_fifo(file, error);
  const auto kept =
      std::find_if(pipes().begin(), pipes().end(), [&](const auto &entry) { return pipe && entry.first == file; });
  json document = kept == pipes().end() ? load_json(file, JsonUse::preset) : kept->second;
  if (pipe && kept == pipes().end()) {
    pipes().emplace_back(file, document);
  }
  for (const std::string &edit : edits) {
    apply_preset_edit(document, edit);
  }
  return document;
}

namespace {

void make_data_absolute(json &data) {
  if (data.is_string() && !data.get_ref<const std::string &>().empty()) {
    data = absolute_text(data.get<std::string>());
  } else if (data.is_array()) {
    for (json &each : data) {
      make_data_absolute(each);
    }
  } else if (data.is_object() && data.contains("path")) {
    make_data_absolute(data["path"]);
  }
}

} // namespace

void apply_preset_edit(json &document, const std::string &edit) {
  apply_edit(document, edit);
  const std::string path = edit.substr(0, edit.find('='));
  if (path == "composition" && document["composition"].is_null()) {
    document.erase("composition");
  }
  for (const char *key : {"barriers", "initial", "data", "compare", "structure", "trajectory"}) {
    if ((path == key || path == std::string(key) + ".file") && document[key].is_object() && document[key].contains("file")) {
      json &file = document[key]["file"];
      if (file.is_string() && !file.get_ref<const std::string &>().empty()) {
        file = absolute_text(file.get<std::string>());
      }
    }
  }
  if (path == "barriers" || path == "barriers.files" || path.starts_with("barriers.files.")) {
    if (json &barriers = document["barriers"]; barriers.is_object() && barriers.contains("files")) {
      const std::string index = path.starts_with("barriers.files.") ? path.substr(std::string("barriers.files.").size()) : "";
      json &files = barriers["files"];
      for (std::size_t i = 0; files.is_array() && i < files.size(); ++i) {
        if (files[i].is_string() && (index.empty() || index == std::to_string(i))) {
          make_data_absolute(files[i]);
        }
      }
    }
  }
  for (const std::string key : {"data", "test_data"}) { // of train_barriers: a path, a list, objects with a path
    const std::string rest = path.starts_with(key) ? path.substr(key.size()) : "-";
    const bool place =
        rest.empty() || (rest.size() > 1 && rest[0] == '.' && std::isdigit(static_cast<unsigned char>(rest[1])) != 0);
    if ((place && rest.find('.', 1) == std::string::npos) || rest.ends_with(".path")) {
      std::string pointer = "/" + path;
      std::replace(pointer.begin(), pointer.end(), '.', '/');
      make_data_absolute(document.at(json::json_pointer(pointer)));
    }
  }
  if (path == "potential" || path.starts_with("potential.")) {
    std::string pointer = "/" + path;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    json &value = document.at(json::json_pointer(pointer)); // what the edit has put there, and nothing else
    const std::string key = path.substr(path.rfind('.') + 1);
    if (path == "potential" || value.is_object()) {
      make_potential_absolute(value, std::filesystem::current_path());
    } else {
      json edited{{key, value}};
      make_potential_absolute(edited, std::filesystem::current_path());
      value = edited[key];
    }
  }
}

void make_potential_absolute(json &potential, const std::filesystem::path &base) {
  const auto settle = [&](json &path) {
    const auto &text = path.get_ref<const std::string &>();
    if (!text.empty() && text.find('\0') == std::string::npos) {
      path = absolute_text(base / text);
    }
  };
  if (potential.is_string()) {
    settle(potential);
  } else if (potential.is_object()) {
    for (auto &[key, value] : potential.items()) {
      std::error_code error;
      if (key == "parts" && value.is_array()) {
        for (json &part : value) {
          make_potential_absolute(part, base);
        }
      } else if (value.is_string() && key != "kind" &&
                 (key == "file" || key == "coefficients" || key == "parameters" ||
                  std::filesystem::is_regular_file(base / value.get<std::string>(), error))) {
        settle(value);
      }
    }
  }
}

int read_integer(ObjectReader &keys, const std::string &key, int least, int most, std::optional<int> fallback) {
  const auto default_value = fallback ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*fallback)) : std::nullopt;
  const std::uint64_t met = keys.count(key, default_value);
  if (met < static_cast<std::uint64_t>(least) || met > static_cast<std::uint64_t>(most)) {
    keys.refuse_value(key, met, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<int>(met);
}

double read_positive(ObjectReader &keys, const std::string &key, std::optional<double> fallback) {
  const double met = keys.number(key, fallback);
  if (!(met > 0.0)) {
    keys.refuse_value(key, met, "a number greater than 0");
  }
  return met;
}

double read_in_range(ObjectReader &keys, const std::string &key, double least, double most, std::optional<double> fallback) {
  const double met = keys.number(key, fallback);
  if (!(met >= least && met <= most)) {
    keys.refuse_value(key, met, "a number from " + number_text(least) + " to " + number_text(most));
  }
  return met;
}

const json &read_list(ObjectReader &keys, const std::string &key) {
  const json &met = keys.value(key);
  if (!met.is_array() || met.empty()) {
    keys.refuse_value(key, met, "a list that is not empty");
  }
  return met;
}

std::filesystem::path read_path(ObjectReader &keys, const std::string &key, std::optional<std::string> fallback) {
  const std::string met = keys.text(key, std::move(fallback));
  if (met.empty() || met.find('\0') != std::string::npos) {
    keys.refuse_value(key, met, "a path");
  }
  return met;
}

std::string read_element(const ObjectReader &keys, const std::string &key, const json &met) {
  const std::string name = met.is_string() ? met.get<std::string>() : "";
  const bool symbol = !name.empty() && name.size() <= 2 && std::isupper(static_cast<unsigned char>(name[0])) != 0 &&
                      (name.size() == 1 || std::islower(static_cast<unsigned char>(name[1])) != 0);
  if (!symbol || name == "Va") {
    keys.refuse_value(key, met, "a chemical symbol such as Nb");
  }
  return name;
}

bool is_given(ObjectReader &keys, const std::string &key) { return keys.has(key) && !keys.value(key).is_null(); }

void read_title_and_seed(ObjectReader &keys, RunPreset &preset) {
  preset.title = keys.text("title", "");
  const std::uint64_t seed = keys.count("seed", 1);
  if (seed > std::numeric_limits<std::uint32_t>::max()) {
    keys.refuse_value("seed", seed, "an integer from 0 to 4294967295");
  }
  preset.seed = static_cast<std::uint32_t>(seed);
}

void read_lattice(ObjectReader &keys, AlloyPreset &preset) {
  ObjectReader lattice = keys.object("lattice", true);
  const std::string structure = lattice.choice("structure", kStructures, "bcc");
  preset.structure = static_cast<Structure>(std::find(kStructures.begin(), kStructures.end(), structure) - kStructures.begin());
  preset.a_A = read_positive(lattice, "a_A");
  preset.cells = read_cells(lattice, preset.structure);
  lattice.finish();
}

std::vector<std::string> read_elements(const ObjectReader &keys, const std::string &key, const json &met) {
  if (!met.is_array()) {
    keys.refuse_value(key, met, "a list of elements");
  }
  std::vector<std::string> elements;
  for (std::size_t i = 0; i < met.size(); ++i) {
    const std::string at = key + "/" + std::to_string(i);
    const std::string element = read_element(keys, at, met[i]);
    if (std::find(elements.begin(), elements.end(), element) != elements.end()) {
      keys.refuse(at, in_quotes(element) + " is given twice");
    }
    elements.push_back(element);
  }
  return elements;
}

void read_compositions(ObjectReader &keys, AlloyPreset &preset, bool grid_allowed) {
  const json &met = keys.value("composition");
  if (grid_allowed && met.is_object() && met.contains("grid")) {
    read_grid(keys, preset);
    return;
  }
  preset.composition_ladder = met.is_array();
  if (!met.is_array()) {
    preset.compositions.push_back(read_composition(met, "composition", keys));
    return;
  }
  std::size_t rung = 0;
  for (const json &composition : read_list(keys, "composition")) {
    preset.compositions.push_back(read_composition(composition, "composition/" + std::to_string(rung++), keys));
  }
}

std::filesystem::path beside(const std::filesystem::path &preset_file, const std::filesystem::path &path) {
  return (preset_file.parent_path() / path).lexically_normal();
}

void read_alloy(ObjectReader &keys, AlloyPreset &preset, bool grid_allowed) {
  read_title_and_seed(keys, preset);
  read_lattice(keys, preset);
  read_start(keys, preset, grid_allowed);
}

void read_precision(ObjectReader &keys, AlloyPreset &preset) {
  preset.precision = keys.choice("precision", kPrecisions, "float32") == "float64" ? Precision::float64 : Precision::float32;
}

std::string precision_name(Precision precision) { return kPrecisions[static_cast<std::size_t>(precision)]; }

namespace {

// "file", or "files" of an ensemble and the limit of its spread.
void read_network_files(ObjectReader &barriers, AlloyPreset &preset, bool flags) {
  BarrierChoice &choice = preset.barriers;
  if (barriers.has("file") == barriers.has("files")) {
    barriers.refuse("",
                    std::string(barriers.has("file") ? "both file and files are given" : "neither file nor files is given") +
                        "; a network has one of the two, file, or files for an ensemble");
  }
  const bool limit = is_given(barriers, "spread_limit_eV");
  if (barriers.has("file")) {
    if (limit) {
      barriers.refuse("spread_limit_eV", "the spread is that of an ensemble, which has files in place of file");
    }
    choice.file = beside(preset.file, read_path(barriers, "file"));
    return;
  }
  const json &files = read_list(barriers, "files");
  if (files.size() < 2 || files.size() > static_cast<std::size_t>(kMostNetworks)) {
    barriers.refuse("files",
                    fmt::format("{} {}; allowed: 2 to {}", files.size(), files.size() == 1 ? "file" : "files", kMostNetworks));
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!files[i].is_string() || files[i].get_ref<const std::string &>().empty()) {
      barriers.refuse_value("files/" + std::to_string(i), files[i], "a path");
    }
    choice.files.push_back(beside(preset.file, files[i].get<std::string>()));
  }
  if (limit) {
    if (!flags) {
      barriers.refuse("spread_limit_eV", "environments are flagged by the driver kmc alone; leave the key out or null");
    }
    choice.spread_limit_eV = read_positive(barriers, "spread_limit_eV");
  }
}

} // namespace

void read_barriers(ObjectReader &keys, AlloyPreset &preset, const std::vector<std::string> &kinds, bool flags) {
  ObjectReader barriers = keys.object("barriers", true);
  BarrierChoice &choice = preset.barriers;
  choice.kind = barriers.choice("kind", kinds);
  if (choice.is_network() && preset.structure != Structure::bcc) {
    barriers.refuse("kind", in_quotes(choice.kind) + std::string(" is not allowed in ") + structure_name(preset.structure) +
                                "; a network needs the neuron map of bcc; allowed here: constant and pair_kra");
  }
  if (choice.kind == "constant") {
    choice.barrier_eV = barriers.number("barrier_eV");
    if (choice.barrier_eV < 0.0) {
      barriers.refuse_value("barrier_eV", choice.barrier_eV, "a number of 0 or more, eV");
    }
  } else if (choice.kind == "network") {
    read_network_files(barriers, preset, flags);
  } else if (choice.kind == "mlp" || barriers.has("file")) {
    choice.file = beside(preset.file, read_path(barriers, "file"));
  } else {
    choice.inlined = read_pair_kra(barriers);
    choice.inlined->file = preset.file.string();
  }
  barriers.finish();
}

double read_temperature(const ObjectReader &keys, const std::string &key, const json &met) {
  const double temperature_K = met.is_number() ? met.get<double>() : 0.0;
  if (!(temperature_K > 0.0) || temperature_K > 10000.0) {
    keys.refuse_value(key, met, "a number greater than 0 and at most 10000, K");
  }
  return temperature_K;
}

void read_output_folder(ObjectReader &output, RunPreset &preset) {
  const std::filesystem::path standard = std::filesystem::path("results") / preset.file.stem();
  preset.output_directory = read_path(output, "directory", standard.string());
  preset.plots = output.flag("plots", true);
}

std::string absolute_text(const std::filesystem::path &path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

json lattice_json(const AlloyPreset &preset) {
  return {{"structure", structure_name(preset.structure)}, {"a_A", preset.a_A}, {"cells", preset.cells}};
}

json compositions_json(const AlloyPreset &preset) {
  if (preset.grid) {
    return {{"grid", {{"elements", preset.grid->elements}, {"divisions", preset.grid->divisions}}}};
  }
  json compositions = json::array();
  for (const Composition &composition : preset.compositions) {
    json parts = json::object();
    for (const auto &[element, weight] : composition) {
      parts[element] = weight;
    }
    compositions.push_back(parts);
  }
  return preset.composition_ladder ? compositions : compositions.front();
}

void put_alloy(json &document, const AlloyPreset &preset) {
  document["title"] = preset.title;
  document["seed"] = preset.seed;
  document["lattice"] = lattice_json(preset);
  document["initial"] = nullptr;
  if (preset.initial) {
    document["initial"] = {{"file", absolute_text(preset.initial->file)}, {"elements", preset.initial->elements}};
  } else {
    document["composition"] = compositions_json(preset);
  }
  json barriers{{"kind", preset.barriers.kind}};
  if (preset.barriers.kind == "constant") {
    barriers["barrier_eV"] = preset.barriers.barrier_eV;
  } else if (preset.barriers.inlined) {
    barriers.update(pair_kra_json(*preset.barriers.inlined));
  } else if (!preset.barriers.files.empty()) {
    json files = json::array();
    for (const std::filesystem::path &file : preset.barriers.files) {
      files.push_back(absolute_text(file));
    }
    barriers["files"] = std::move(files);
    barriers["spread_limit_eV"] = preset.barriers.spread_limit_eV > 0.0 ? json(preset.barriers.spread_limit_eV) : json();
  } else {
    barriers["file"] = absolute_text(preset.barriers.file);
  }
  document["barriers"] = std::move(barriers);
}

BarrierModel load_model(const AlloyPreset &preset, bool several_vacancies, bool energies_only) {
  const BarrierChoice &choice = preset.barriers;
  if (choice.kind == "constant") {
    return ConstantBarrier{choice.barrier_eV};
  }
  if (choice.kind == "pair_kra") {
    PairKra model = choice.inlined ? *choice.inlined : read_pair_kra_file(choice.file);
    if (!energies_only) {
      check_barriers_positive(model, preset.structure, several_vacancies);
    }
    return model;
  }
  const auto load = [&](const std::filesystem::path &file, const std::string &key) {
    std::error_code unknown; // what else is wrong with the file, its reader says
    if (std::filesystem::status(file, unknown).type() == std::filesystem::file_type::not_found) {
      throw DataError(preset.file.string() + ": " + key + ": the network " + file.string() +
                      " is missing. The published network for Nb-Mo-Ta is weights.npy of https://github.com/UCICaoLab/NKK "
                      "(doi:10.5281/zenodo.10864695): download it, then run `zener import-nnk weights.npy " +
                      file.string() + "`; or name another network with --set barriers.file=PATH");
    }
    return read_network(file);
  };
  BarrierModel model;
  if (choice.files.empty()) {
    model = load(choice.file, "/barriers/file");
  } else {
    std::vector<BarrierModel> members;
    for (const std::filesystem::path &file : choice.files) {
      members.push_back(load(file, "/barriers/files/" + std::to_string(members.size())));
    }
    model = make_ensemble(std::move(members), preset.file.string() + ": /barriers/files: ");
  }
  if (choice.kind == "mlp" && kind_name(model) != "mlp") {
    throw ConfigError(fmt::format("{}: /barriers/kind: \"mlp\", but {} holds a network of the kind \"{}\"; \"network\" takes "
                                  "every kind",
                                  preset.file.string(), choice.file.string(), kind_name(model)));
  }
  if (energies_only && !std::holds_alternative<Consistent>(model)) {
    throw ConfigError(
        fmt::format("{}: /barriers/file{}: {} holds a network of the kind \"{}\", which has no state energy; exchanges "
                    "need pair_kra or a network of the kind \"consistent\"",
                    preset.file.string(), choice.files.empty() ? "" : "s/0", network_facts(model)->file, kind_name(model)));
  }
  check_cells(model, preset.structure, preset.cells, preset.file.string() + ": /lattice/cells: ");
  return model;
}

std::optional<LatticeSpecies> read_initial(const AlloyPreset &preset) {
  if (!preset.initial) {
    return std::nullopt;
  }
  return read_lattice_species(preset.initial->file, preset.structure, preset.cells, preset.a_A, preset.initial->elements);
}

std::vector<std::string> batch_elements(const BarrierModel &model, const AlloyPreset &preset,
                                        const std::optional<LatticeSpecies> &initial) {
  if (const auto *pairs = std::get_if<PairKra>(&model)) {
    return pairs->elements;
  }
  if (const auto network = network_facts(model)) {
    return network->elements;
  }
  std::set<std::string> names;
  if (initial) {
    names.insert(initial->elements.begin(), initial->elements.end());
  }
  for (const Composition &composition : preset.compositions) {
    for (const auto &part : composition) {
      names.insert(part.first);
    }
  }
  const std::string pointer = initial ? "/initial/file" : "/composition";
  if (names.empty() || names.size() > kMostElements) {
    throw ConfigError(fmt::format("{}: {}: {} elements ({}); allowed: 1 to {} in one batch", preset.file.string(), pointer,
                                  names.size(), join({names.begin(), names.end()}, ", "), kMostElements));
  }
  return {names.begin(), names.end()};
}

void check_lattice_constant(const BarrierModel &model, const AlloyPreset &preset, std::vector<std::string> &warnings) {
  constexpr double kSpread = 0.02; // alloys that one network learns from differ by as much
  const auto network = network_facts(model);
  if (network && std::abs(network->lattice_constant_A - preset.a_A) > kSpread * preset.a_A) {
    warnings.push_back(
        fmt::format("{}: /lattice/a_A: {} A, but the network {} was made for {} A; its barriers are used as they are, "
                    "and lengths and diffusivities follow the preset",
                    preset.file.string(), preset.a_A, network->file, network->lattice_constant_A));
  }
}

std::vector<std::int64_t> composition_atoms(const AlloyPreset &preset, std::size_t rung,
                                            const std::vector<std::string> &elements, std::int64_t total,
                                            std::vector<std::string> &warnings) {
  std::vector<double> weights(elements.size(), 0.0);
  for (const auto &[element, parts] : preset.compositions[rung]) {
    const auto it = std::find(elements.begin(), elements.end(), element);
    if (it == elements.end()) {
      throw ConfigError(rung_pointer(preset, rung) + "/" + (preset.grid ? "grid/elements" : element) +
                        ": the barrier model does not know " + in_quotes(element) + did_you_mean(element, elements) +
                        "; its elements are " + join(elements, ", "));
    }
    weights[static_cast<std::size_t>(it - elements.begin())] = parts;
  }
  const std::vector<std::int64_t> atoms = atom_counts(weights, total);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    if (weights[i] > 0.0 && atoms[i] == 0) {
      warnings.push_back(fmt::format("{}: {} has so few parts ({}) that no atom of it is among the {} of the cell",
                                     rung_pointer(preset, rung), elements[i], weights[i], total));
    }
  }
  return atoms;
}

std::vector<std::uint8_t> initial_occupancy(const AlloyPreset &preset, const LatticeSpecies &initial,
                                            const std::vector<std::string> &elements) {
  std::vector<std::uint8_t> codes{0};
  for (const std::string &element : initial.elements) {
    const auto it = std::find(elements.begin(), elements.end(), element);
    if (it == elements.end()) {
      throw ConfigError(preset.file.string() + ": /initial: the barrier model does not know " + in_quotes(element) +
                        did_you_mean(element, elements) + ", which " + preset.initial->file.string() +
                        " holds; its elements are " + join(elements, ", "));
    }
    codes.push_back(static_cast<std::uint8_t>(it - elements.begin() + 1));
  }
  std::vector<std::uint8_t> occupancy;
  occupancy.reserve(initial.occupancy.size());
  for (const std::uint8_t code : initial.occupancy) {
    occupancy.push_back(codes[code]);
  }
  return occupancy;
}

std::vector<std::int64_t> atom_counts(const std::vector<double> &weights, std::int64_t total) {
  // Scaled by the largest first, so that the sum cannot overflow.
  const double largest = *std::max_element(weights.begin(), weights.end());
  double sum = 0.0;
  for (const double weight : weights) {
    sum += weight / largest;
  }
  std::vector<std::int64_t> counts;
  std::vector<double> remainders;
  for (const double weight : weights) {
    const double share = static_cast<double>(total) * (weight / largest) / sum;
    counts.push_back(static_cast<std::int64_t>(std::floor(share)));
    remainders.push_back(share - std::floor(share));
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  // Rounding can leave the sum one atom too high instead of some too low; both ends of the order are served.
  std::int64_t missing = total - std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  for (std::size_t i = 0; missing > 0; i = (i + 1) % order.size(), --missing) {
    ++counts[order[i]];
  }
  for (std::size_t i = order.size(); missing < 0; ++missing) {
    do {
      i = i == 0 ? order.size() - 1 : i - 1;
    } while (counts[order[i]] == 0);
    --counts[order[i]];
  }
  return counts;
}

std::string model_hash(const BarrierModel &model) {
  ContentHash hash;
  if (const auto *constant = std::get_if<ConstantBarrier>(&model)) {
    hash.add(constant->barrier_eV);
  } else if (const auto *pairs = std::get_if<PairKra>(&model)) {
    hash.add(pairs->elements);
    hash.add(pairs->migration_eV);
    hash.add(static_cast<std::uint64_t>(pairs->shells));
    hash.add(pairs->pair_eV);
  } else {
    hash.add(network_facts(model)->elements);
    std::visit(
        [&](const auto &network) {
          if constexpr (requires { network.others; }) {
            for (const auto *member : members_of(network)) {
              hash.add(*member);
            }
          }
        },
        model);
  }
  return hash.text();
}

std::string bytes_hash(const std::vector<std::uint8_t> &bytes) {
  ContentHash hash;
  hash.add(static_cast<std::uint64_t>(bytes.size()));
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    word = word << 8 | bytes[i];
    if (i % 8 == 7 || i + 1 == bytes.size()) {
      hash.add(word);
      word = 0;
    }
  }
  return hash.text();
}

} // namespace zener
