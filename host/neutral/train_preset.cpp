#include "host/neutral/train_preset.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/splitmix.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::size_t kMostNetworks = 1000;
constexpr std::size_t kMostFiles = 1000;
constexpr std::size_t kMostLayers = 16;
constexpr std::size_t kMostCases = 1000;
constexpr int kWidest = 4096;
constexpr int kMostShells = 8;
constexpr std::int64_t kMostJumps = std::int64_t{1} << 40;

const std::vector<std::string> kKinds{"mlp", "site_mlp", "cnn", "consistent"};
const std::vector<std::string> kPrecisions{"float32", "float64"};
const std::vector<std::string> kSplits{"cell", "jump"};

bool is_name(const std::string &name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return (c < 128 && std::isalnum(c) != 0) || c == '_' || c == '-' || c == '.' || c == '+';
         });
}

// --- data

JumpDataChoice read_data_choice(const ObjectReader &list, const std::string &key, const json &met,
                                const std::filesystem::path &preset) {
  const json entry = met.is_string() ? json{{"path", met}} : met;
  if (!entry.is_object()) {
    list.refuse_value(key, met, "a path, or an object {\"path\": …, \"elements\": […], \"a_A\": …}");
  }
  ObjectReader keys(entry, list.where(key), JsonUse::preset);
  JumpDataChoice choice;
  choice.path = beside(preset, read_path(keys, "path"));
  if (is_given(keys, "elements")) {
    choice.elements = read_elements(keys, "elements", read_list(keys, "elements"));
    if (choice.elements.size() > 8) {
      keys.refuse_value("elements", choice.elements, "a list of 1 to 8 elements");
    }
    choice.a_A = read_positive(keys, "a_A");
  } else if (keys.has("a_A") && !keys.value("a_A").is_null()) {
    keys.refuse("a_A", "is for the published layout, with \"elements\"; leave it out");
  }
  keys.finish();
  return choice;
}

std::vector<JumpDataChoice> read_data(ObjectReader &keys, const std::string &key, const std::filesystem::path &preset) {
  const json &met = keys.value(key);
  const bool one = !met.is_array();
  const json list = one ? json::array({met}) : met;
  if (list.size() > kMostFiles) {
    keys.refuse(key, fmt::format("{} entries; allowed: at most {}", list.size(), kMostFiles));
  }
  std::vector<JumpDataChoice> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    out.push_back(read_data_choice(keys, one ? key : key + "/" + std::to_string(i), list[i], preset));
  }
  return out;
}

json data_json(const std::vector<JumpDataChoice> &choices) {
  json out = json::array();
  for (const JumpDataChoice &choice : choices) {
    json entry{{"path", absolute_text(choice.path)}};
    if (!choice.elements.empty()) {
      entry["elements"] = choice.elements;
      entry["a_A"] = choice.a_A;
    }
    out.push_back(std::move(entry));
  }
  return out;
}

// --- compositions

CompositionChoice read_composition(const ObjectReader &list, const std::string &key, const json &met) {
  CompositionChoice choice;
  if (met.is_string() && !met.get<std::string>().empty()) {
    choice.name = met.get<std::string>();
    return choice;
  }
  if (!met.is_object() || met.empty()) {
    list.refuse_value(key, met,
                      "the name of a composition, or the parts of its elements such as {\"Nb\": 20, \"Mo\": 60, \"Ta\": 20}");
  }
  double sum = 0.0;
  for (const auto &[element, part] : met.items()) {
    const std::string at = key + "/" + pointer_token(element);
    read_element(list, at, json(element));
    if (!part.is_number() || !(part.get<double>() >= 0.0) || part.get<double>() > 1e6) {
      list.refuse_value(at, part, "a number from 0 to 1000000");
    }
    choice.parts.emplace_back(element, part.get<double>());
    sum += part.get<double>();
  }
  if (sum <= 0.0) {
    list.refuse_value(key, met, "parts that are not all 0");
  }
  return choice;
}

std::vector<CompositionChoice> read_compositions_of(const ObjectReader &keys, const std::string &key, const json &met) {
  if (!met.is_array()) {
    keys.refuse_value(key, met, "a list of compositions");
  }
  std::vector<CompositionChoice> out;
  for (std::size_t i = 0; i < met.size(); ++i) {
    out.push_back(read_composition(keys, key + "/" + std::to_string(i), met[i]));
  }
  return out;
}

json composition_json(const CompositionChoice &choice) {
  if (!choice.name.empty()) {
    return choice.name;
  }
  json out = json::object();
  for (const auto &[element, part] : choice.parts) {
    out[element] = part;
  }
  return out;
}

json compositions_list(const std::vector<CompositionChoice> &list) {
  json out = json::array();
  for (const CompositionChoice &choice : list) {
    out.push_back(composition_json(choice));
  }
  return out;
}

void read_composition_sets(ObjectReader &keys, TrainPreset &preset) {
  if (!keys.has("compositions")) {
    preset.compositions = {CompositionSet{}};
    return;
  }
  const json &met = read_list(keys, "compositions");
  for (std::size_t i = 0; i < met.size(); ++i) {
    const std::string key = "compositions/" + std::to_string(i);
    CompositionSet set;
    if (met[i].is_number_integer() && met[i].get<std::int64_t>() >= 1 && met[i].get<std::int64_t>() <= 1000000) {
      set.nearest = met[i].get<int>();
    } else if (met[i].is_array() && !met[i].empty()) {
      set.list = read_compositions_of(keys, key, met[i]);
    } else if (met[i] != "all") {
      keys.refuse_value(key, met[i], "\"all\", a number of compositions (those nearest to equal parts), or a list of them");
    }
    preset.compositions.push_back(std::move(set));
  }
}

void read_learning_curve(ObjectReader &keys, TrainPreset &preset) {
  if (!keys.has("learning_curve")) {
    preset.learning_curve = {0};
    return;
  }
  const json &met = read_list(keys, "learning_curve");
  for (std::size_t i = 0; i < met.size(); ++i) {
    const bool number =
        met[i].is_number_integer() && met[i].get<std::int64_t>() >= 1 && met[i].get<std::int64_t>() <= kMostJumps;
    if (!number && met[i] != "all") {
      keys.refuse_value("learning_curve/" + std::to_string(i), met[i], "a number of jumps, or \"all\"");
    }
    preset.learning_curve.push_back(number ? met[i].get<std::int64_t>() : 0);
    if (std::find(preset.learning_curve.begin(), preset.learning_curve.end() - 1, preset.learning_curve.back()) !=
        preset.learning_curve.end() - 1) {
      keys.refuse_value("learning_curve/" + std::to_string(i), met[i], "numbers that differ");
    }
  }
  if (preset.cases() > kMostCases) {
    keys.refuse("learning_curve", fmt::format("{} trainings with {} sets of compositions; allowed: at most {}", preset.cases(),
                                              preset.compositions.size(), kMostCases));
  }
}

// --- networks

std::vector<int> read_widths(ObjectReader &keys, const std::string &key, const std::vector<int> &standard, std::size_t least,
                             std::size_t most) {
  if (!keys.has(key)) {
    return standard;
  }
  const json &met = keys.value(key);
  std::vector<int> out;
  bool good = met.is_array() && met.size() >= least && met.size() <= most;
  for (std::size_t i = 0; good && i < met.size(); ++i) {
    good = met[i].is_number_integer() && met[i].get<std::int64_t>() >= 1 && met[i].get<std::int64_t>() <= kWidest;
    out.push_back(good ? met[i].get<int>() : 0);
  }
  if (!good) {
    keys.refuse_value(key, met,
                      fmt::format("a list of {} integers from 1 to {}",
                                  least == most ? std::to_string(least) : fmt::format("{} to {}", least, most), kWidest));
  }
  return out;
}

std::string widths_text(const std::vector<int> &widths) {
  if (std::adjacent_find(widths.begin(), widths.end(), std::not_equal_to<>()) == widths.end()) {
    return fmt::format("{}x{}", widths.size(), widths.front());
  }
  return fmt::format("{}", fmt::join(widths, "-"));
}

std::string default_name(const NetworkDesign &design) {
  switch (design.kind) {
  case NetworkKind::mlp:
    return "mlp_" + widths_text(design.widths) + (design.shells < kMostShells ? fmt::format("_{}shells", design.shells) : "") +
           (design.augment ? "_augmented" : "");
  case NetworkKind::site_mlp:
    return (design.symmetric ? "symmetric_" : "site_mlp_") + widths_text(design.widths) + (design.augment ? "_augmented" : "");
  case NetworkKind::cnn:
    return std::string("cnn") + (design.one_hot ? "_one_hot" : "") + (design.augment ? "_augmented" : "");
  default:
    return "consistent";
  }
}

NetworkDesign read_design(ObjectReader &keys) {
  NetworkDesign design;
  const std::string kind = keys.choice("kind", kKinds);
  design.kind = static_cast<NetworkKind>(std::find(kKinds.begin(), kKinds.end(), kind) - kKinds.begin());
  const NetworkDesign standard;
  if (design.kind == NetworkKind::mlp || design.kind == NetworkKind::site_mlp) {
    design.widths = read_widths(keys, "widths", standard.widths, 1, kMostLayers);
  }
  if (design.kind == NetworkKind::mlp) {
    design.shells = read_integer(keys, "shells", 1, kMostShells, standard.shells);
  }
  if (design.kind == NetworkKind::site_mlp) {
    design.symmetric = keys.flag("symmetric", standard.symmetric);
  }
  if (design.kind == NetworkKind::cnn) {
    design.filters = read_widths(keys, "filters", standard.filters, 4, 4);
    design.one_hot = keys.flag("one_hot", standard.one_hot);
  }
  if (design.kind == NetworkKind::consistent) {
    design.jump_widths = read_widths(keys, "jump_widths", standard.jump_widths, 1, kMostLayers);
    design.state_widths = read_widths(keys, "state_widths", standard.state_widths, 1, kMostLayers);
    design.state_shells = read_integer(keys, "state_shells", 0, kMostShells, standard.state_shells);
    design.pair_shells = read_integer(keys, "pair_shells", 0, kMostShells, standard.pair_shells);
  } else {
    design.augment = keys.flag("augment", standard.augment);
    if (design.augment && design.symmetric) {
      keys.refuse("augment", "a symmetric network gives all orientations the same barrier; leave it out");
    }
  }
  design.batch_norm = keys.flag("batch_norm", standard.batch_norm);
  return design;
}

void read_networks(ObjectReader &keys, TrainPreset &preset) {
  const json &met = read_list(keys, "networks");
  std::set<std::string> names;
  for (std::size_t i = 0; i < met.size(); ++i) {
    const std::string key = "networks/" + std::to_string(i);
    const json entry = met[i].is_string() ? json{{"kind", met[i]}} : met[i];
    if (!entry.is_object()) {
      keys.refuse_value(key, met[i], "a kind of network such as \"mlp\", or an object {\"kind\": …}");
    }
    ObjectReader network(entry, keys.where(key), JsonUse::preset);
    NamedDesign one;
    one.design = read_design(network);
    one.name = network.text("name", default_name(one.design));
    if (!is_name(one.name)) {
      network.refuse_value("name", one.name, "1 to 64 letters, digits and . _ + -");
    }
    const int copies = read_integer(network, "ensemble", 1, 1000, 1);
    const std::uint64_t seed = is_given(network, "seed") ? network.count("seed") : preset.seed + preset.networks.size();
    if (seed > std::numeric_limits<std::uint32_t>::max()) {
      network.refuse_value("seed", seed, "an integer from 0 to 4294967295");
    }
    network.finish();
    for (int copy = 0; copy < copies; ++copy) {
      NamedDesign next = one;
      next.name += copies > 1 ? fmt::format("_{}", copy + 1) : "";
      next.design.seed = static_cast<std::uint32_t>(seed) + static_cast<std::uint32_t>(copy);
      if (!names.insert(next.name).second) {
        keys.refuse(key, in_quotes(next.name) + " is there twice; give one of them a \"name\"");
      }
      preset.networks.push_back(std::move(next));
    }
    if (preset.networks.size() > kMostNetworks) {
      keys.refuse(key, fmt::format("these are more than {} networks", kMostNetworks));
    }
  }
}

json networks_json(const TrainPreset &preset) {
  json out = json::array();
  for (const NamedDesign &network : preset.networks) {
    json entry = design_json(network.design);
    entry["name"] = network.name;
    entry["ensemble"] = 1;
    out.push_back(std::move(entry));
  }
  return out;
}

// --- parting the jumps

std::vector<std::int32_t> compositions_of(const TrainPreset &preset, const JumpData &data, std::size_t set,
                                          const std::set<std::int32_t> &held_out, const std::set<std::int32_t> &trainable) {
  const CompositionSet &choice = preset.compositions[set];
  const std::string where = fmt::format("{}: /compositions/{}", preset.file.string(), set);
  std::vector<std::int32_t> out;
  if (!choice.list.empty()) {
    for (std::size_t i = 0; i < choice.list.size(); ++i) {
      const std::int32_t c = find_composition(data, choice.list[i], where + "/" + std::to_string(i));
      const std::string &name = data.compositions[static_cast<std::size_t>(c)].name;
      if (held_out.contains(c)) {
        throw ConfigError(where + "/" + std::to_string(i) + ": " + name + " is held out (hold_out)");
      }
      if (!trainable.contains(c)) {
        throw ConfigError(where + "/" + std::to_string(i) + ": " + name + " is in test_data alone");
      }
      if (std::find(out.begin(), out.end(), c) == out.end()) {
        out.push_back(c);
      }
    }
    return out;
  }
  for (const std::int32_t c : from_the_centre(data)) {
    if (trainable.contains(c) && !held_out.contains(c)) {
      out.push_back(c);
    }
  }
  if (choice.nearest > 0) {
    if (static_cast<std::size_t>(choice.nearest) > out.size()) {
      throw ConfigError(
          fmt::format("{}: {} compositions; the data have {} that are not held out", where, choice.nearest, out.size()));
    }
    out.resize(static_cast<std::size_t>(choice.nearest));
  }
  return out;
}

// The jumps of some compositions in an order drawn by the seed: those for validation, then those to train on.
struct Parted {
  std::vector<std::int64_t> validation, train;
};

Parted part_jumps(const TrainPreset &preset, const JumpData &data, const std::vector<std::int64_t> &pool, std::size_t set) {
  constexpr std::uint64_t kSplit = 0x73706c6974ULL; // "split"
  SplitMix64 random{preset.seed, kSplit, set};
  std::vector<std::vector<std::int64_t>> units; // what stays together
  if (preset.split_by_cell) {
    std::map<std::int64_t, std::size_t> unit_of;
    for (const std::int64_t j : pool) {
      const auto [it, is_new] = unit_of.emplace(data.cell[static_cast<std::size_t>(j)], units.size());
      if (is_new) {
        units.emplace_back();
      }
      units[it->second].push_back(j);
    }
  } else {
    for (const std::int64_t j : pool) {
      units.push_back({j});
    }
  }
  shuffle(units, random);
  const auto wanted = static_cast<std::size_t>(std::ceil(preset.validation_share * static_cast<double>(pool.size())));
  Parted parted;
  for (const std::vector<std::int64_t> &unit : units) {
    auto &to = parted.validation.size() < wanted ? parted.validation : parted.train;
    to.insert(to.end(), unit.begin(), unit.end());
  }
  return parted;
}

std::string case_label(const TrainPreset &preset, const TrainCase &each, std::int64_t jumps) {
  std::vector<std::string> parts;
  if (preset.compositions.size() > 1) {
    parts.push_back(fmt::format("c{}", each.compositions.size()));
  }
  if (preset.learning_curve.size() > 1) {
    parts.push_back(jumps == 0 ? "all" : fmt::format("n{}", jumps));
  }
  return join(parts, "_");
}

void check_case(const TrainPreset &preset, const TrainCase &each, std::int64_t jumps, std::size_t available) {
  const std::string of = each.label.empty() ? "" : " of the training " + each.label;
  if (static_cast<std::size_t>(jumps) > available) {
    throw ConfigError(fmt::format("{}: /learning_curve: {} jumps; without those for validation the data{} have {}",
                                  preset.file.string(), jumps, of, available));
  }
  if (each.train.empty() || each.validation.empty()) {
    throw DataError(fmt::format("{}: the data{} are {} jumps to train on and {} for validation; both need some",
                                preset.file.string(), of, each.train.size(), each.validation.size()));
  }
}

} // namespace

const char *network_kind_name(NetworkKind kind) { return kKinds[static_cast<std::size_t>(kind)].c_str(); }

json design_json(const NetworkDesign &design) {
  json out{{"kind", network_kind_name(design.kind)}, {"batch_norm", design.batch_norm}, {"seed", design.seed}};
  if (design.kind == NetworkKind::mlp || design.kind == NetworkKind::site_mlp) {
    out["widths"] = design.widths;
  }
  if (design.kind == NetworkKind::mlp) {
    out["shells"] = design.shells;
  }
  if (design.kind == NetworkKind::site_mlp) {
    out["symmetric"] = design.symmetric;
  }
  if (design.kind == NetworkKind::cnn) {
    out["filters"] = design.filters;
    out["one_hot"] = design.one_hot;
  }
  if (design.kind == NetworkKind::consistent) {
    out["jump_widths"] = design.jump_widths;
    out["state_widths"] = design.state_widths;
    out["state_shells"] = design.state_shells;
    out["pair_shells"] = design.pair_shells;
  } else {
    out["augment"] = design.augment;
  }
  return out;
}

TrainPreset load_train_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("train_barriers"), file.string());
  return read_train_preset(document, file);
}

TrainPreset read_train_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  TrainPreset preset;
  preset.file = file;
  keys.choice("driver", {"train_barriers"});
  read_title_and_seed(keys, preset);
  preset.precision = keys.choice("precision", kPrecisions, "float32") == "float64" ? Precision::float64 : Precision::float32;
  preset.data = read_data(keys, "data", file);
  if (preset.data.empty()) {
    keys.refuse_value("data", keys.value("data"), "a file, a folder, or a list of them that is not empty");
  }
  if (keys.has("test_data")) {
    preset.test_data = read_data(keys, "test_data", file);
  }
  if (keys.has("hold_out")) {
    preset.hold_out = read_compositions_of(keys, "hold_out", keys.value("hold_out"));
  }
  read_composition_sets(keys, preset);
  read_learning_curve(keys, preset);
  preset.validation_share = read_in_range(keys, "validation_share", 1e-6, 0.9, 0.05);
  preset.split_by_cell = keys.choice("split_by", kSplits, "cell") == "cell";
  read_networks(keys, preset);
  preset.epochs = read_integer(keys, "epochs", 1, 1000000, 100);
  preset.batch = read_integer(keys, "batch", 1, 1 << 20, 32);
  preset.learning_rate = read_in_range(keys, "learning_rate", 1e-12, 10.0, 1e-3);
  preset.patience = read_integer(keys, "patience", 1, 1000000, 10);
  preset.rate_factor = read_in_range(keys, "rate_factor", 1e-6, 1.0, 0.1);
  preset.least_rate = read_in_range(keys, "least_rate", 1e-12, 10.0, 1e-5);
  if (is_given(keys, "early_stop")) {
    preset.early_stop = read_integer(keys, "early_stop", 1, 1000000);
  }
  preset.weight_decay = read_in_range(keys, "weight_decay", 0.0, 10.0, 0.0);
  ObjectReader checkpoint = keys.object("checkpoint");
  preset.checkpoint_every_s = read_positive(checkpoint, "every_s", 300.0);
  checkpoint.finish();
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  output.finish();
  keys.finish();
  if (preset.least_rate > preset.learning_rate) {
    keys.refuse("least_rate", fmt::format("{} is larger than the learning rate, {}", number_text(preset.least_rate),
                                          number_text(preset.learning_rate)));
  }
  return preset;
}

json resolved(const TrainPreset &preset) {
  json sets = json::array();
  for (const CompositionSet &set : preset.compositions) {
    sets.push_back(set.all() ? json("all") : set.nearest > 0 ? json(set.nearest) : compositions_list(set.list));
  }
  json curve = json::array();
  for (const std::int64_t n : preset.learning_curve) {
    curve.push_back(n == 0 ? json("all") : json(n));
  }
  return {{"driver", "train_barriers"},
          {"title", preset.title},
          {"seed", preset.seed},
          {"precision", precision_name(preset.precision)},
          {"data", data_json(preset.data)},
          {"test_data", data_json(preset.test_data)},
          {"hold_out", compositions_list(preset.hold_out)},
          {"compositions", sets},
          {"learning_curve", curve},
          {"validation_share", preset.validation_share},
          {"split_by", preset.split_by_cell ? "cell" : "jump"},
          {"networks", networks_json(preset)},
          {"epochs", preset.epochs},
          {"batch", preset.batch},
          {"learning_rate", preset.learning_rate},
          {"patience", preset.patience},
          {"rate_factor", preset.rate_factor},
          {"least_rate", preset.least_rate},
          {"early_stop", preset.early_stop ? json(*preset.early_stop) : json(nullptr)},
          {"weight_decay", preset.weight_decay},
          {"checkpoint", {{"every_s", preset.checkpoint_every_s}}},
          {"output", {{"directory", absolute_text(preset.output_directory)}, {"plots", preset.plots}}}};
}

json identity(const TrainPreset &preset, const JumpData &data) {
  json out = resolved(preset);
  for (const char *key : {"title", "output", "checkpoint", "data", "test_data"}) {
    out.erase(key);
  }
  out["data_files"] = preset.data.size();
  out["data"] = json::array();
  for (const JumpSource &source : data.sources) {
    out["data"].push_back(source.hash);
  }
  return out;
}

TrainTask make_train_task(const TrainPreset &preset, std::vector<std::string> &warnings) {
  std::vector<JumpDataChoice> files = preset.data;
  files.insert(files.end(), preset.test_data.begin(), preset.test_data.end());
  TrainTask task;
  task.data = read_jump_data(files);
  const JumpData &data = task.data;
  for (const NamedDesign &network : preset.networks) {
    if (network.design.kind == NetworkKind::consistent && !data.jumps.both_ways()) {
      const auto forward =
          std::find_if(data.sources.begin(), data.sources.end(), [](const JumpSource &s) { return !s.both_ways; });
      throw ConfigError(
          fmt::format("{}: /networks: {} is a consistent network, which learns from each jump and its reverse; {} "
                      "knows barriers forward only: leave that file or the network out",
                      preset.file.string(), in_quotes(network.name), forward->path.string()));
    }
  }
  for (const JumpSource &source : data.sources) {
    const std::int64_t least = *std::min_element(source.cells.begin(), source.cells.end());
    if (least > 0 && least < least_cells(Structure::bcc)) {
      warnings.push_back(fmt::format("{}: its cells are {} unit cells wide, in which some of the 112 neighbours are one site",
                                     source.path.string(), least));
    }
  }

  std::set<std::int32_t> held_out, trainable;
  for (std::size_t i = 0; i < preset.hold_out.size(); ++i) {
    held_out.insert(find_composition(data, preset.hold_out[i], fmt::format("{}: /hold_out/{}", preset.file.string(), i)));
  }
  const auto is_test = [&](std::size_t j) { return static_cast<std::size_t>(data.source[j]) >= preset.data.size(); };
  TestSet held{"held_out", {}};
  for (std::size_t j = 0; j < data.size(); ++j) {
    if (!is_test(j)) {
      trainable.insert(data.composition[j]);
      if (held_out.contains(data.composition[j])) {
        held.jumps.push_back(static_cast<std::int64_t>(j));
      }
    }
  }
  if (!preset.hold_out.empty()) {
    if (held.jumps.empty()) {
      throw DataError(preset.file.string() + ": /hold_out: the data have no converged jumps of these compositions");
    }
    task.tests.push_back(std::move(held));
  }
  for (std::size_t f = preset.data.size(); f < data.sources.size(); ++f) {
    const std::filesystem::path path = preset.test_data[f - preset.data.size()].path.lexically_normal();
    const bool plain = path.filename() == "barriers.h5" || path.filename().empty();
    TestSet set{(plain ? path.parent_path() : path).stem().string(), {}};
    set.name = is_name(set.name) ? set.name : "test";
    for (int n = 2; std::any_of(task.tests.begin(), task.tests.end(), [&](const TestSet &t) { return t.name == set.name; }) ||
                    set.name == "train" || set.name == "validation";
         ++n) {
      set.name += fmt::format("_{}", n);
    }
    for (std::size_t j = 0; j < data.size(); ++j) {
      if (static_cast<std::size_t>(data.source[j]) == f) {
        set.jumps.push_back(static_cast<std::int64_t>(j));
      }
    }
    if (set.jumps.empty()) {
      throw DataError(data.sources[f].path.string() + ": no converged jumps; there is nothing to test on");
    }
    task.tests.push_back(std::move(set));
  }

  std::set<std::string> labels;
  for (std::size_t set = 0; set < preset.compositions.size(); ++set) {
    const std::vector<std::int32_t> compositions = compositions_of(preset, data, set, held_out, trainable);
    std::vector<std::int64_t> pool;
    for (std::size_t j = 0; j < data.size(); ++j) {
      if (!is_test(j) && std::find(compositions.begin(), compositions.end(), data.composition[j]) != compositions.end()) {
        pool.push_back(static_cast<std::int64_t>(j));
      }
    }
    Parted parted = part_jumps(preset, data, pool, set);
    std::sort(parted.validation.begin(), parted.validation.end());
    for (const std::int64_t jumps : preset.learning_curve) {
      TrainCase each;
      each.composition_set = set;
      each.compositions = compositions;
      each.label = case_label(preset, each, jumps);
      for (int n = 2; !labels.insert(each.label).second; ++n) {
        each.label += fmt::format("_{}", n);
      }
      const std::size_t take =
          jumps == 0 ? parted.train.size() : std::min(static_cast<std::size_t>(jumps), parted.train.size());
      each.train.assign(parted.train.begin(), parted.train.begin() + static_cast<std::ptrdiff_t>(take));
      each.validation = parted.validation;
      check_case(preset, each, jumps, parted.train.size());
      std::sort(each.train.begin(), each.train.end());
      task.cases.push_back(std::move(each));
    }
  }
  return task;
}

} // namespace zener
