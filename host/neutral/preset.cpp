#include "host/neutral/preset.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/pair_kra.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostSites = std::numeric_limits<std::int32_t>::max();   // sites are numbered by int32
constexpr std::int64_t kMostWalkers = std::numeric_limits<std::int32_t>::max(); // walkers too
constexpr std::uint64_t kMostRows = 1000000;

const std::vector<std::string> kPrecisions{"float32", "float64"};
const std::vector<std::string> kConfigurations{"first_replica", "all", "none"};

std::filesystem::path path_of(ObjectReader &keys, const std::string &key, std::optional<std::string> fallback = std::nullopt) {
  const std::string met = keys.text(key, std::move(fallback));
  if (met.empty() || met.find('\0') != std::string::npos) {
    keys.refuse_value(key, met, "a path");
  }
  return met;
}

int integer(ObjectReader &keys, const std::string &key, int least, int most, std::optional<int> fallback = std::nullopt) {
  const auto default_value = fallback ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*fallback)) : std::nullopt;
  const std::uint64_t met = keys.count(key, default_value);
  if (met < static_cast<std::uint64_t>(least) || met > static_cast<std::uint64_t>(most)) {
    keys.refuse_value(key, met, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<int>(met);
}

double positive(ObjectReader &keys, const std::string &key, std::optional<double> fallback = std::nullopt) {
  const double met = keys.number(key, fallback);
  if (!(met > 0.0)) {
    keys.refuse_value(key, met, "a number greater than 0");
  }
  return met;
}

const json &list(ObjectReader &keys, const std::string &key) {
  const json &met = keys.value(key);
  if (!met.is_array() || met.empty()) {
    keys.refuse_value(key, met, "a list that is not empty");
  }
  return met;
}

std::array<int, 3> read_cells(ObjectReader &lattice) {
  const json &met = list(lattice, "cells");
  if (met.size() != 3) {
    lattice.refuse_value("cells", met, "three integers");
  }
  std::array<int, 3> cells{};
  for (std::size_t i = 0; i < 3; ++i) {
    const bool whole = met[i].is_number_integer();
    if (!whole || met[i].get<std::int64_t>() < 5 || met[i].get<std::int64_t>() > 1024) {
      lattice.refuse_value("cells/" + std::to_string(i), met[i], "an integer from 5 to 1024");
    }
    cells[i] = met[i].get<int>();
  }
  const std::int64_t sites = std::int64_t{2} * cells[0] * cells[1] * cells[2];
  if (sites > kMostSites) {
    lattice.refuse("cells",
                   fmt::format("{} are {} sites; allowed: at most {}", met.dump(), grouped(static_cast<std::uint64_t>(sites)),
                               grouped(static_cast<std::uint64_t>(kMostSites))));
  }
  return cells;
}

Composition read_composition(const json &met, const std::string &key, const ObjectReader &keys) {
  if (!met.is_object() || met.empty() || met.size() > 8) {
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

void read_compositions(ObjectReader &keys, KmcPreset &preset) {
  const json &met = keys.value("composition");
  preset.composition_ladder = met.is_array();
  if (!met.is_array()) {
    preset.compositions.push_back(read_composition(met, "composition", keys));
    return;
  }
  std::size_t rung = 0;
  for (const json &composition : list(keys, "composition")) {
    preset.compositions.push_back(read_composition(composition, "composition/" + std::to_string(rung++), keys));
  }
}

BarrierChoice read_barriers(ObjectReader &keys, const std::filesystem::path &preset_file) {
  ObjectReader barriers = keys.object("barriers", true);
  BarrierChoice choice;
  choice.kind = barriers.choice("kind", {"constant", "pair_kra", "mlp"});
  if (choice.kind == "constant") {
    choice.barrier_eV = barriers.number("barrier_eV");
    if (choice.barrier_eV < 0.0) {
      barriers.refuse_value("barrier_eV", choice.barrier_eV, "a number of 0 or more, eV");
    }
  } else if (choice.kind == "mlp" || barriers.has("file")) {
    choice.file = (preset_file.parent_path() / path_of(barriers, "file")).lexically_normal();
  } else {
    choice.inlined = read_pair_kra(barriers);
    choice.inlined->file = preset_file.string();
  }
  barriers.finish();
  return choice;
}

void read_temperatures(ObjectReader &walkers, KmcPreset &preset) {
  std::size_t rung = 0;
  for (const json &met : list(walkers, "temperatures_K")) {
    const double temperature_K = met.is_number() ? met.get<double>() : 0.0;
    if (!(temperature_K > 0.0) || temperature_K > 10000.0) {
      walkers.refuse_value("temperatures_K/" + std::to_string(rung), met, "a number greater than 0 and at most 10000, K");
    }
    preset.temperatures_K.push_back(temperature_K);
    ++rung;
  }
}

void read_observe(ObjectReader &keys, KmcPreset &preset) {
  ObjectReader observe = keys.object("observe");
  ObjectReader order = observe.object("order");
  preset.order_shells = integer(order, "shells", 0, 2, 2);
  order.finish();
  preset.averages_from_hop = observe.count("averages_from_hop", 0);
  if (preset.averages_from_hop >= preset.hops) {
    observe.refuse_value("averages_from_hop", preset.averages_from_hop,
                         "less than hops, which is " + std::to_string(preset.hops) + ", or no hop would enter the averages");
  }
  ObjectReader sample = observe.object("sample");
  const bool logarithmic = sample.has("log_per_decade");
  if (sample.has("every_hops")) {
    if (logarithmic) {
      sample.refuse("every_hops", "log_per_decade is given as well; give one of the two");
    }
    preset.every_hops = sample.count("every_hops");
    preset.log_per_decade = 0;
    if (preset.every_hops == 0) {
      sample.refuse_value("every_hops", 0, "an integer of 1 or more");
    }
    if (preset.hops / preset.every_hops > kMostRows) {
      sample.refuse("every_hops",
                    fmt::format("{} asks for {} rows in {} hops; allowed: at most {} rows, so {} or more", preset.every_hops,
                                grouped(preset.hops / preset.every_hops), grouped(preset.hops), grouped(kMostRows),
                                preset.hops / kMostRows + (preset.hops % kMostRows == 0 ? 0 : 1)));
    }
  } else {
    preset.log_per_decade = integer(sample, "log_per_decade", 1, 1000, 10);
  }
  sample.finish();
  observe.finish();
}

void read_output(ObjectReader &keys, KmcPreset &preset) {
  ObjectReader output = keys.object("output");
  const std::filesystem::path standard = std::filesystem::path("results") / preset.file.stem();
  preset.output_directory = path_of(output, "directory", standard.string());
  const std::string configurations = output.choice("configurations", kConfigurations, "first_replica");
  preset.configurations = configurations == "all"    ? Configurations::all
                          : configurations == "none" ? Configurations::none
                                                     : Configurations::first_replica;
  preset.plots = output.flag("plots", true);
  output.finish();
}

std::string absolute_text(const std::filesystem::path &path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

BarrierModel load_model(const KmcPreset &preset) {
  const BarrierChoice &choice = preset.barriers;
  if (choice.kind == "constant") {
    return ConstantBarrier{choice.barrier_eV};
  }
  if (choice.kind == "pair_kra") {
    PairKra model = choice.inlined ? *choice.inlined : read_pair_kra_file(choice.file);
    check_barriers_positive(model, preset.vacancies > 1);
    return model;
  }
  std::error_code unknown; // what else is wrong with the file, its reader says
  if (std::filesystem::status(choice.file, unknown).type() == std::filesystem::file_type::not_found) {
    throw DataError(preset.file.string() + ": /barriers/file: the network " + choice.file.string() +
                    " is missing. The published network for Nb-Mo-Ta is weights.npy of https://github.com/UCICaoLab/NKK "
                    "(doi:10.5281/zenodo.10864695): download it, then run `zener import-nnk weights.npy " +
                    choice.file.string() + "`; or name another network with --set barriers.file=PATH");
  }
  return read_mlp(choice.file);
}

std::vector<std::string> model_elements(const BarrierModel &model, const KmcPreset &preset) {
  if (const auto *pairs = std::get_if<PairKra>(&model)) {
    return pairs->elements;
  }
  if (const auto *network = std::get_if<Mlp>(&model)) {
    return network->elements;
  }
  std::set<std::string> names;
  for (const Composition &composition : preset.compositions) {
    for (const auto &part : composition) {
      names.insert(part.first);
    }
  }
  if (names.size() > 8) {
    throw ConfigError(preset.file.string() + ": /composition: " + std::to_string(names.size()) + " elements (" +
                      join({names.begin(), names.end()}, ", ") + "); allowed: at most 8 in one batch");
  }
  return {names.begin(), names.end()};
}

std::string rung_pointer(const KmcPreset &preset, std::size_t rung) {
  return preset.file.string() + ": /composition" + (preset.composition_ladder ? "/" + std::to_string(rung) : "");
}

std::vector<std::int64_t> atoms_of(const KmcPreset &preset, std::size_t rung, const KmcPlan &plan,
                                   std::vector<std::string> &warnings) {
  std::vector<double> weights(plan.elements.size(), 0.0);
  for (const auto &[element, parts] : preset.compositions[rung]) {
    const auto it = std::find(plan.elements.begin(), plan.elements.end(), element);
    if (it == plan.elements.end()) {
      throw ConfigError(rung_pointer(preset, rung) + "/" + element + ": the barrier model does not know " + in_quotes(element) +
                        did_you_mean(element, plan.elements) + "; its elements are " + join(plan.elements, ", "));
    }
    weights[static_cast<std::size_t>(it - plan.elements.begin())] = parts;
  }
  const std::vector<std::int64_t> atoms = atom_counts(weights, plan.sites() - plan.vacancies);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    if (weights[i] > 0.0 && atoms[i] == 0) {
      warnings.push_back(fmt::format("{}: {} has so few parts ({}) that no atom of it is among the {} of the cell",
                                     rung_pointer(preset, rung), plan.elements[i], weights[i], plan.sites() - plan.vacancies));
    }
  }
  return atoms;
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
  std::string text() const { return fmt::format("{:016x}", state_); }

private:
  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

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
    const Mlp &network = std::get<Mlp>(model);
    hash.add(network.elements);
    for (const DenseLayer &layer : network.layers) {
      hash.add(static_cast<std::uint64_t>(layer.in));
      hash.add(static_cast<std::uint64_t>(layer.out));
      hash.add(layer.weight);
      hash.add(layer.bias);
    }
  }
  return hash.text();
}

} // namespace

void apply_kmc_edit(json &document, const std::string &edit) {
  apply_edit(document, edit);
  const std::string path = edit.substr(0, edit.find('='));
  if ((path == "barriers" || path == "barriers.file") && document["barriers"].is_object() &&
      document["barriers"].contains("file")) {
    json &file = document["barriers"]["file"];
    if (file.is_string() && !file.get_ref<const std::string &>().empty()) {
      file = absolute_text(file.get<std::string>());
    }
  }
}

KmcPreset load_kmc_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  json document = load_json(file, JsonUse::preset);
  for (const std::string &edit : edits) {
    apply_kmc_edit(document, edit);
  }
  validate(document, kKmcSchema, file.string());
  return read_kmc_preset(document, file);
}

KmcPreset read_kmc_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  KmcPreset preset;
  preset.file = file;
  keys.choice("driver", {"kmc"});
  preset.title = keys.text("title", "");
  const std::uint64_t seed = keys.count("seed", 1);
  if (seed > std::numeric_limits<std::uint32_t>::max()) {
    keys.refuse_value("seed", seed, "an integer from 0 to 4294967295");
  }
  preset.seed = static_cast<std::uint32_t>(seed);
  preset.precision = keys.choice("precision", kPrecisions, "float32") == "float64" ? Precision::float64 : Precision::float32;

  ObjectReader lattice = keys.object("lattice", true);
  lattice.choice("structure", {"bcc"}, "bcc");
  preset.a_A = positive(lattice, "a_A");
  preset.cells = read_cells(lattice);
  lattice.finish();

  read_compositions(keys, preset);
  preset.vacancies = integer(keys, "vacancies", 1, 1, 1);
  preset.barriers = read_barriers(keys, file);

  ObjectReader walkers = keys.object("walkers", true);
  read_temperatures(walkers, preset);
  preset.replicas = integer(walkers, "replicas", 1, 16777216, 1);
  const auto groups = static_cast<std::int64_t>(preset.temperatures_K.size() * preset.compositions.size());
  if (groups > kMostWalkers / preset.replicas) {
    walkers.refuse("replicas", fmt::format("{} in each of {} groups are {} walkers; allowed: at most {}", preset.replicas,
                                           groups, grouped(static_cast<std::uint64_t>(groups * preset.replicas)),
                                           grouped(static_cast<std::uint64_t>(kMostWalkers))));
  }
  walkers.finish();

  preset.attempt_frequency_per_s = positive(keys, "attempt_frequency_per_s", 1e13);
  preset.hops = keys.count("hops");
  if (preset.hops == 0 || preset.hops > 1000000000000000U) {
    keys.refuse_value("hops", preset.hops, "an integer from 1 to 1000000000000000");
  }
  if (keys.has("time_limit_s") && !keys.value("time_limit_s").is_null()) {
    preset.time_limit_s = positive(keys, "time_limit_s");
  }
  read_observe(keys, preset);

  ObjectReader checkpoint = keys.object("checkpoint");
  preset.checkpoint_every_s = positive(checkpoint, "every_s", 300.0);
  checkpoint.finish();

  read_output(keys, preset);
  keys.finish();
  return preset;
}

json resolved(const KmcPreset &preset) {
  json compositions = json::array();
  for (const Composition &composition : preset.compositions) {
    json parts = json::object();
    for (const auto &[element, weight] : composition) {
      parts[element] = weight;
    }
    compositions.push_back(parts);
  }
  json barriers{{"kind", preset.barriers.kind}};
  if (preset.barriers.kind == "constant") {
    barriers["barrier_eV"] = preset.barriers.barrier_eV;
  } else if (preset.barriers.inlined) {
    barriers.update(pair_kra_json(*preset.barriers.inlined));
  } else {
    barriers["file"] = absolute_text(preset.barriers.file);
  }
  const json sample =
      preset.every_hops > 0 ? json{{"every_hops", preset.every_hops}} : json{{"log_per_decade", preset.log_per_decade}};
  return {
      {"driver", "kmc"},
      {"title", preset.title},
      {"seed", preset.seed},
      {"precision", kPrecisions[static_cast<std::size_t>(preset.precision)]},
      {"lattice", {{"structure", "bcc"}, {"a_A", preset.a_A}, {"cells", preset.cells}}},
      {"composition", preset.composition_ladder ? compositions : compositions.front()},
      {"vacancies", preset.vacancies},
      {"barriers", barriers},
      {"walkers", {{"temperatures_K", preset.temperatures_K}, {"replicas", preset.replicas}}},
      {"attempt_frequency_per_s", preset.attempt_frequency_per_s},
      {"hops", preset.hops},
      {"time_limit_s", preset.time_limit_s > 0.0 ? json(preset.time_limit_s) : json()},
      {"observe",
       {{"order", {{"shells", preset.order_shells}}}, {"averages_from_hop", preset.averages_from_hop}, {"sample", sample}}},
      {"checkpoint", {{"every_s", preset.checkpoint_every_s}}},
      {"output",
       {{"directory", absolute_text(preset.output_directory)},
        {"configurations", kConfigurations[static_cast<std::size_t>(preset.configurations)]},
        {"plots", preset.plots}}},
  };
}

KmcPlan make_plan(const KmcPreset &preset, std::vector<std::string> &warnings) {
  KmcPlan plan;
  plan.cells = preset.cells;
  plan.lattice_constant_A = preset.a_A;
  plan.vacancies = preset.vacancies;
  plan.model = load_model(preset);
  plan.elements = model_elements(plan.model, preset);
  plan.precision = preset.precision;
  plan.attempt_frequency_per_s = preset.attempt_frequency_per_s;
  plan.seed = preset.seed;
  plan.replicas = preset.replicas;
  plan.order_shells = preset.order_shells;
  plan.averages_from_hop = preset.averages_from_hop;
  plan.time_limit_s = preset.time_limit_s;

  if (const auto *network = std::get_if<Mlp>(&plan.model)) {
    if (std::abs(network->lattice_constant_A - preset.a_A) > 1e-6 * preset.a_A) {
      warnings.push_back(
          fmt::format("{}: /lattice/a_A: {} A, but the network {} was made for {} A; its barriers are used as they are, "
                      "and lengths and diffusivities follow the preset",
                      preset.file.string(), preset.a_A, network->file, network->lattice_constant_A));
    }
  }
  for (std::size_t rung = 0; rung < preset.compositions.size(); ++rung) {
    const std::vector<std::int64_t> atoms = atoms_of(preset, rung, plan, warnings);
    for (const double temperature_K : preset.temperatures_K) {
      plan.groups.push_back({temperature_K, atoms});
    }
  }
  return plan;
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

std::vector<std::uint64_t> sample_hops(const KmcPreset &preset) {
  std::vector<std::uint64_t> rows;
  if (preset.every_hops > 0) {
    for (std::uint64_t hop = preset.every_hops; hop < preset.hops; hop += preset.every_hops) {
      rows.push_back(hop);
    }
  } else {
    for (int k = 0;; ++k) {
      const double exact = std::pow(10.0, static_cast<double>(k) / preset.log_per_decade);
      const auto hop = static_cast<std::uint64_t>(std::llround(exact));
      if (hop >= preset.hops) {
        break;
      }
      if (rows.empty() || hop > rows.back()) {
        rows.push_back(hop);
      }
    }
  }
  rows.push_back(preset.hops);
  return rows;
}

json identity(const KmcPreset &preset, const KmcPlan &plan) {
  json keys = resolved(preset);
  for (const char *free : {"title", "hops", "output", "checkpoint", "barriers"}) {
    keys.erase(free);
  }
  keys["barriers"] = {{"kind", preset.barriers.kind}, {"elements", plan.elements}, {"hash", model_hash(plan.model)}};
  return keys;
}

} // namespace zener
