#include "host/neutral/fit_preset.hpp"

#include "host/neutral/data_json.hpp"
#include "host/neutral/environments.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/splitmix.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

namespace zener {
namespace {

using nlohmann::json;

constexpr double kMostValues = 67108864.0; // 2^26 barriers, 8 bytes each and again for each model
constexpr std::size_t kMostModels = 16;
constexpr double kMostCutoff = 3.0; // lattice constants: all sites of the environment

const std::vector<std::string> kSources{"network", "environments", "energies"};
const std::vector<std::string> kPrecisions{"float32", "float64"};

Precision read_network_precision(ObjectReader &keys) {
  return keys.choice("precision", kPrecisions, "float64") == "float64" ? Precision::float64 : Precision::float32;
}

void read_data(ObjectReader &keys, FitPreset &preset) {
  ObjectReader data = keys.object("data", true);
  FitSourceChoice &source = preset.data;
  const std::string kind = data.choice("kind", kSources);
  source.kind = static_cast<FitSource>(std::find(kSources.begin(), kSources.end(), kind) - kSources.begin());
  source.file = beside(preset.file, read_path(data, "file"));
  if (source.kind == FitSource::network) {
    source.precision = read_network_precision(data);
    source.environments = read_integer(data, "environments", 1, 10000000);
    read_compositions(data, preset, true);
    const double values = static_cast<double>(preset.compositions.size()) * source.environments * kPaths;
    if (values > kMostValues) {
      data.refuse("environments",
                  fmt::format("{} for each of {} compositions are {:.4g} barriers; allowed: at most {}", source.environments,
                              preset.compositions.size(), values, grouped(static_cast<std::uint64_t>(kMostValues))));
    }
  } else if (source.kind == FitSource::environments) {
    source.elements = read_elements(data, "elements", read_list(data, "elements"));
    if (source.elements.size() > 8) {
      data.refuse_value("elements", source.elements, "a list of 1 to 8 elements");
    }
  } else {
    read_lattice(data, preset);
    source.energy_key = data.text("energy_key", "energy");
    if (source.energy_key.empty()) {
      data.refuse_value("energy_key", source.energy_key, "the name of a key in the comment lines");
    }
  }
  data.finish();
}

FitModelChoice read_model(const json &met, const std::string &key, ObjectReader &keys, const FitPreset &preset) {
  if (!met.is_object()) {
    keys.refuse_value(key, met, "an object such as {\"kind\": \"pair_kra\"}");
  }
  ObjectReader model(met, preset.file.string() + ": /" + key, JsonUse::preset);
  FitModelChoice choice;
  const std::string kind = model.choice("kind", {"pair_kra", "clusters"});
  choice.clusters = kind == "clusters";
  choice.name = model.text("name", kind);
  const bool plain = std::all_of(choice.name.begin(), choice.name.end(),
                                 [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
  if (choice.name.empty() || choice.name.size() > 64 || !plain) {
    model.refuse_value("name", choice.name, "1 to 64 letters, digits, _ and -");
  }
  for (const FitModelChoice &other : preset.models) {
    if (other.name == choice.name) {
      model.refuse("name", in_quotes(choice.name) + " is the name of another model; give each its own");
    }
  }
  choice.ridge = read_in_range(model, "ridge", 0.0, 1e6, 0.0);
  if (!choice.clusters) {
    choice.pairs.shells = read_integer(model, "shells", 1, kMaxPairShells, 2);
    choice.pairs.vacancy_pairs = model.flag("vacancy_pairs", true);
  } else {
    if (preset.data.kind == FitSource::energies) {
      model.refuse("kind", "\"clusters\" is not allowed with energies; allowed: pair_kra, whose pair energies are fitted");
    }
    choice.cluster.point_cutoff = read_in_range(model, "point_cutoff_a", 0.0, kMostCutoff, kMostCutoff);
    choice.cluster.pair_cutoff = read_in_range(model, "pair_cutoff_a", 0.0, kMostCutoff, 0.0);
    choice.cluster.pair_length = read_in_range(model, "pair_length_a", 0.0, kMostCutoff, choice.cluster.pair_cutoff);
  }
  model.finish();
  return choice;
}

json model_json(const FitModelChoice &model) {
  json out{{"kind", model.clusters ? "clusters" : "pair_kra"}, {"name", model.name}, {"ridge", model.ridge}};
  if (model.clusters) {
    out["point_cutoff_a"] = model.cluster.point_cutoff;
    out["pair_cutoff_a"] = model.cluster.pair_cutoff;
    out["pair_length_a"] = model.cluster.pair_length;
  } else {
    out["shells"] = model.pairs.shells;
    out["vacancy_pairs"] = model.pairs.vacancy_pairs;
  }
  return out;
}

// Parts of each element as a name, Nb33.3Mo33.3Ta33.3, in the order of `elements`.
std::string composition_label(const std::vector<std::string> &elements, const std::vector<double> &parts) {
  double sum = 0.0;
  for (const double part : parts) {
    sum += part;
  }
  std::string label;
  for (std::size_t s = 0; s < parts.size(); ++s) {
    if (parts[s] > 0.0) {
      label += elements[s] + (parts[s] == sum ? "" : fmt::format("{:.3g}", 100.0 * parts[s] / sum));
    }
  }
  return label;
}

// A uniform number in [0, 1).
double uniform(SplitMix64 &random) { return static_cast<double>(random.next() >> 11) * 0x1p-53; }

// Index of the label, which is added when it is new.
std::int32_t label_index(FitData &data, const std::string &label) {
  const auto it = std::find(data.labels.begin(), data.labels.end(), label);
  if (it != data.labels.end()) {
    return static_cast<std::int32_t>(it - data.labels.begin());
  }
  data.labels.push_back(label);
  return static_cast<std::int32_t>(data.labels.size() - 1);
}

// The next line of a text, without its end.
std::string_view next_line(std::string_view text, std::size_t &at) {
  const std::size_t end = std::min(text.find('\n', at), text.size());
  std::string_view line = text.substr(at, end - at);
  at = std::min(end + 1, text.size());
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  return line;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The value of key=value or key="value" in a comment line of extended XYZ; none when the key is not there.
std::optional<std::string_view> comment_value(std::string_view line, const std::string &key) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool begins = i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t';
    if (!quoted && begins && line.substr(i).starts_with(key) && line.substr(i + key.size()).starts_with("=")) {
      std::string_view value = line.substr(i + key.size() + 1);
      if (value.starts_with("\"")) {
        value.remove_prefix(1);
        return value.substr(0, value.find('"'));
      }
      return value.substr(0, value.find_first_of(" \t"));
    }
    quoted = line[i] == '"' ? !quoted : quoted;
  }
  return std::nullopt;
}

// A whole text as a finite number.
std::optional<double> whole_number(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

struct Frame {
  LatticeSpecies sites;
  double energy_eV = 0.0;
};

std::vector<Frame> read_frames(const FitPreset &preset) {
  const std::string text = read_file(preset.data.file);
  const std::string name = preset.data.file.string();
  std::vector<Frame> frames;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = at;
    const std::string where = name + ": frame " + std::to_string(frames.size());
    const std::string_view count = trimmed(next_line(text, at));
    if (count.empty() && trimmed(std::string_view(text).substr(at)).empty()) {
      break; // blank lines at the end
    }
    std::int64_t atoms = 0;
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), atoms);
    if (error != std::errc() || end != count.data() + count.size() || atoms < 1) {
      throw DataError(where + ": begins with " + in_quotes(count) + ", the number of atoms is expected");
    }
    const std::string_view comment = next_line(text, at);
    const auto energy = comment_value(comment, preset.data.energy_key);
    if (!energy) {
      throw DataError(where + ": its comment line has no " + preset.data.energy_key +
                      "=…, the total energy in eV; data.energy_key names another key");
    }
    const auto energy_eV = whole_number(*energy);
    if (!energy_eV) {
      throw DataError(where + ": " + preset.data.energy_key + " is " + in_quotes(*energy) + ", a number is expected, eV");
    }
    for (std::int64_t line = 0; line < atoms; ++line) {
      if (at >= text.size()) {
        throw DataError(where + ": ends after " + std::to_string(line) + " of " + std::to_string(atoms) + " atoms");
      }
      next_line(text, at);
    }
    frames.push_back({parse_lattice_species(std::string_view(text).substr(begin, at - begin), where, preset.structure,
                                            preset.cells, preset.a_A, {}),
                      *energy_eV});
  }
  if (frames.empty()) {
    throw DataError(name + ": holds no frames");
  }
  return frames;
}

} // namespace

FitPreset load_fit_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("fit_interactions"), file.string());
  return read_fit_preset(document, file);
}

FitPreset read_fit_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  FitPreset preset;
  preset.file = file;
  keys.choice("driver", {"fit_interactions"});
  read_title_and_seed(keys, preset);
  read_data(keys, preset);
  preset.test_fraction = read_in_range(keys, "test_fraction", 0.0, 0.9, 0.25);
  const json &models = read_list(keys, "models");
  if (models.size() > kMostModels) {
    keys.refuse("models", fmt::format("{} models; allowed: at most {}", models.size(), kMostModels));
  }
  for (std::size_t i = 0; i < models.size(); ++i) {
    preset.models.push_back(read_model(models[i], "models/" + std::to_string(i), keys, preset));
  }
  if (is_given(keys, "compare")) {
    if (preset.data.kind == FitSource::energies) {
      keys.refuse("compare", "a network gives barriers, and the data are energies; leave it out");
    }
    ObjectReader compare = keys.object("compare");
    preset.compare = NetworkChoice{beside(preset.file, read_path(compare, "file")), read_network_precision(compare)};
    compare.finish();
  }
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  output.finish();
  keys.finish();
  return preset;
}

json resolved(const FitPreset &preset) {
  const FitSourceChoice &source = preset.data;
  json data{{"kind", kSources[static_cast<std::size_t>(source.kind)]}, {"file", absolute_text(source.file)}};
  if (source.kind == FitSource::network) {
    data["precision"] = precision_name(source.precision);
    data["environments"] = source.environments;
    data["composition"] = compositions_json(preset);
  } else if (source.kind == FitSource::environments) {
    data["elements"] = source.elements;
  } else {
    data["lattice"] = lattice_json(preset);
    data["energy_key"] = source.energy_key;
  }
  json models = json::array();
  for (const FitModelChoice &model : preset.models) {
    models.push_back(model_json(model));
  }
  json document{{"driver", "fit_interactions"},
                {"title", preset.title},
                {"seed", preset.seed},
                {"data", data},
                {"test_fraction", preset.test_fraction},
                {"models", models},
                {"compare", nullptr},
                {"output", {{"directory", absolute_text(preset.output_directory)}, {"plots", preset.plots}}}};
  if (preset.compare) {
    document["compare"] = {{"file", absolute_text(preset.compare->file)},
                           {"precision", precision_name(preset.compare->precision)}};
  }
  return document;
}

FitData random_environments(const FitPreset &preset, const std::vector<std::string> &elements) {
  FitData data;
  data.elements = elements;
  for (std::size_t g = 0; g < preset.compositions.size(); ++g) {
    std::vector<double> parts(elements.size(), 0.0);
    for (const auto &[element, part] : preset.compositions[g]) {
      const auto it = std::find(elements.begin(), elements.end(), element);
      if (it == elements.end()) {
        throw ConfigError(preset.file.string() + ": /data/composition: the network does not know " + in_quotes(element) +
                          did_you_mean(element, elements) + "; its elements are " + join(elements, ", "));
      }
      parts[static_cast<std::size_t>(it - elements.begin())] = part;
    }
    double sum = 0.0;
    std::size_t last = 0; // takes what rounding leaves
    for (std::size_t s = 0; s < parts.size(); ++s) {
      sum += parts[s];
      last = parts[s] > 0.0 ? s : last;
    }
    const std::int32_t label = label_index(data, composition_label(elements, parts));
    for (int i = 0; i < preset.data.environments; ++i) {
      SplitMix64 random{preset.seed, g, static_cast<std::uint64_t>(i)};
      for (int k = 0; k < kEnvironmentSites; ++k) {
        double left = uniform(random) * sum;
        std::size_t s = 0;
        while (s < last && left >= parts[s]) {
          left -= parts[s++];
        }
        data.types.push_back(static_cast<std::uint8_t>(s + 1));
      }
      data.label.push_back(label);
    }
  }
  return data;
}

FitData read_barrier_data(const FitPreset &preset) {
  const Environments environments = read_environments(preset.data.file, preset.data.elements);
  const json root = parse_data_json<json>(environments.document, environments.file);
  FitData data;
  data.elements = preset.data.elements;
  data.types = environments.types;
  data.value_eV.assign(environments.size() * kPaths, 0.0);
  for (std::size_t e = 0; e < environments.size(); ++e) {
    const std::string where = environments.file + ": environment " + std::to_string(e);
    const json &entry = root.at("environments")[e];
    const auto vacant = std::find(data.types.begin() + static_cast<std::ptrdiff_t>(e * kEnvironmentSites),
                                  data.types.begin() + static_cast<std::ptrdiff_t>((e + 1) * kEnvironmentSites), 0);
    if (vacant != data.types.begin() + static_cast<std::ptrdiff_t>((e + 1) * kEnvironmentSites)) {
      throw DataError(where + " has a further vacancy; the models are fitted to environments of one");
    }
    const auto barriers = entry.find("barriers_ev");
    if (barriers == entry.end() || !barriers->is_array() || barriers->size() != kPaths) {
      throw DataError(where + ": 'barriers_ev' is " + (barriers == entry.end() ? "missing" : shown(*barriers)) +
                      ", an array of 8 numbers is expected, eV");
    }
    for (std::size_t q = 0; q < kPaths; ++q) {
      const json &barrier = (*barriers)[q];
      if (!barrier.is_number() || !std::isfinite(barrier.get<double>())) {
        throw DataError(where + ": barrier " + std::to_string(q) + " is " + shown(barrier) + ", a number is expected, eV");
      }
      data.value_eV[e * kPaths + static_cast<std::size_t>(environments.path[q])] = barrier.get<double>();
    }
    const auto kind = entry.find("kind");
    data.label.push_back(
        label_index(data, kind != entry.end() && kind->is_string() ? printable(kind->get<std::string>(), 64) : "all"));
  }
  if (data.label.empty()) {
    throw DataError(environments.file + ": holds no environments");
  }
  return data;
}

FitData read_energy_data(const FitPreset &preset) {
  const std::vector<Frame> frames = read_frames(preset);
  FitData data;
  data.energies = true;
  std::set<std::string> names;
  for (const Frame &frame : frames) {
    names.insert(frame.sites.elements.begin(), frame.sites.elements.end());
  }
  data.elements.assign(names.begin(), names.end());
  if (data.elements.size() > 8) {
    throw DataError(fmt::format("{}: {} elements ({}); allowed: at most 8", preset.data.file.string(), names.size(),
                                join(data.elements, ", ")));
  }
  for (const Frame &frame : frames) {
    std::vector<std::uint8_t> codes{0};
    for (const std::string &element : frame.sites.elements) {
      codes.push_back(static_cast<std::uint8_t>(std::distance(names.begin(), names.find(element)) + 1));
    }
    std::vector<double> parts(names.size(), 0.0);
    for (const std::uint8_t code : frame.sites.occupancy) {
      data.occupancy.push_back(codes[code]);
      if (code != 0) {
        parts[codes[code] - 1U] += 1.0;
      }
    }
    data.label.push_back(label_index(data, composition_label(data.elements, parts)));
    data.value_eV.push_back(frame.energy_eV / static_cast<double>(frame.sites.occupancy.size()));
  }
  return data;
}

void choose_test_part(const FitPreset &preset, FitData &data) {
  constexpr std::uint64_t kSplit = 0x73706c6974ULL; // "split"
  data.test.assign(data.samples(), 0);
  std::vector<std::vector<std::size_t>> members(data.labels.size());
  for (std::size_t i = 0; i < data.samples(); ++i) {
    members[data.energies ? 0 : static_cast<std::size_t>(data.label[i])].push_back(i);
  }
  for (std::size_t g = 0; g < members.size(); ++g) {
    const std::size_t n = members[g].size();
    if (preset.test_fraction == 0.0 || n < 2) {
      continue;
    }
    const auto wanted = static_cast<std::size_t>(std::llround(preset.test_fraction * static_cast<double>(n)));
    const std::size_t tests = std::clamp<std::size_t>(wanted, 1, n - 1);
    SplitMix64 random{preset.seed, kSplit, g};
    for (std::size_t i = 0; i < tests; ++i) {
      std::swap(members[g][i], members[g][i + random.below(n - i)]);
      data.test[members[g][i]] = 1;
    }
  }
}

std::vector<std::uint8_t> in_codes_of(const std::vector<std::string> &elements, const FitData &data, const std::string &where) {
  std::vector<std::uint8_t> codes{0};
  for (const std::string &element : data.elements) {
    const auto it = std::find(elements.begin(), elements.end(), element);
    if (it == elements.end()) {
      throw ConfigError(where + ": the network does not know " + in_quotes(element) + did_you_mean(element, elements) +
                        " of the data; its elements are " + join(elements, ", "));
    }
    codes.push_back(static_cast<std::uint8_t>(it - elements.begin() + 1));
  }
  std::vector<std::uint8_t> types;
  types.reserve(data.types.size());
  for (const std::uint8_t code : data.types) {
    types.push_back(codes[code]);
  }
  return types;
}

} // namespace zener
