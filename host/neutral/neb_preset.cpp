#include "host/neutral/neb_preset.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/structure_builder.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::size_t kMostPaths = 10000;
constexpr std::size_t kLongestName = 100;

const std::vector<std::string> kKinds{"vacancy", "vacancy_cluster", "dumbbell", "crowdion", "chain", "files"};
const std::vector<std::string> kDirections{"100", "110", "111"};

// As texts that stand for an object.
const std::vector<std::pair<std::string, json>> &short_names() {
  static const std::vector<std::pair<std::string, json>> names{
      {"vacancy", {{"kind", "vacancy"}}},
      {"divacancy", {{"kind", "vacancy_cluster"}, {"count", 2}}},
      {"divacancy_1nn", {{"kind", "vacancy_cluster"}, {"count", 2}, {"shell", 1}}},
      {"divacancy_2nn", {{"kind", "vacancy_cluster"}, {"count", 2}, {"shell", 2}}},
      {"divacancy_3nn", {{"kind", "vacancy_cluster"}, {"count", 2}, {"shell", 3}}},
      {"trivacancy", {{"kind", "vacancy_cluster"}, {"count", 3}}},
      {"dumbbell_110", {{"kind", "dumbbell"}}},
      {"crowdion_100", {{"kind", "crowdion"}, {"direction", "100"}}},
      {"crowdion_110", {{"kind", "crowdion"}, {"direction", "110"}}},
      {"crowdion_111", {{"kind", "crowdion"}, {"direction", "111"}}}};
  return names;
}

json object_of(const ObjectReader &keys, const std::string &key, const std::string &name) {
  std::vector<std::string> known;
  for (const auto &[text, object] : short_names()) {
    if (text == name) {
      json out = object;
      out["name"] = name;
      return out;
    }
    known.push_back(text);
  }
  keys.refuse_value(key, name, "one of " + join(known, ", ") + ", or an object" + did_you_mean(name, known));
}

// "all", or a list of numbers from 0 to `most`, each once; empty for all.
std::vector<int> read_numbers(ObjectReader &keys, const std::string &key, int most) {
  std::vector<int> out;
  if (!is_given(keys, key) || keys.value(key) == "all") {
    return out;
  }
  const json &met = keys.value(key);
  const std::string allowed = fmt::format("\"all\", or a list of integers from 0 to {}, each once", most);
  if (!met.is_array() || met.empty()) {
    keys.refuse_value(key, met, allowed);
  }
  for (const json &number : met) {
    if (!number.is_number_integer() || number.get<std::int64_t>() < 0 || number.get<std::int64_t>() > most ||
        std::find(out.begin(), out.end(), number.get<int>()) != out.end()) {
      keys.refuse_value(key, met, allowed);
    }
    out.push_back(number.get<int>());
  }
  return out;
}

// A path, or an object as the key structure; the reader of structures says what is wrong in it.
json read_end(ObjectReader &keys, const std::string &key, const NebPreset &preset) {
  const json &met = keys.value(key);
  const json end = met.is_string() ? json{{"file", read_path(keys, key).string()}} : met;
  if (!end.is_object()) {
    keys.refuse_value(key, met, "the path of a file, or an object as the key structure");
  }
  ObjectReader structure(end, keys.where(key), JsonUse::preset);
  read_structure(structure, preset.file, preset.seed);
  return end;
}

void check_name(const ObjectReader &keys, const std::string &key, const std::string &name) {
  const bool good =
      !name.empty() && name.size() <= kLongestName && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("._+-").find(c) != std::string_view::npos;
      });
  if (!good) {
    keys.refuse(key,
                fmt::format("{} cannot be the name of a path's files; give it a \"name\" of at most {} letters, digits and "
                            ". _ + -",
                            in_quotes(name), kLongestName));
  }
}

std::string default_name(const PathChoice &path) {
  if (path.kind == "vacancy_cluster") {
    return path.count == 2   ? fmt::format("divacancy_{}nn", path.shell)
           : path.count == 3 ? "trivacancy"
                             : fmt::format("vacancies_{}", path.count);
  }
  if (path.kind == "dumbbell") {
    return "dumbbell_110";
  }
  if (path.kind == "crowdion") {
    return "crowdion_" + path.direction;
  }
  if (path.kind == "chain") {
    return path.atoms == 0 ? "row_" + path.direction : fmt::format("chain_{}_{}", path.direction, path.atoms);
  }
  if (path.kind == "files") {
    return std::filesystem::path(path.last_structure.value("file", "files")).stem().string();
  }
  return path.kind;
}

PathChoice read_path_choice(const ObjectReader &list, const std::string &key, const json &met, const NebPreset &preset) {
  const json entry = met.is_string() ? object_of(list, key, met.get<std::string>()) : met;
  if (!entry.is_object()) {
    list.refuse_value(key, met, "a text such as \"vacancy\", or an object {\"kind\": …}");
  }
  ObjectReader keys(entry, list.where(key), JsonUse::preset);
  PathChoice path;
  path.kind = keys.choice("kind", kKinds);
  if (path.kind == "files") {
    path.first_structure = is_given(keys, "first") ? read_end(keys, "first", preset) : json(nullptr);
    path.last_structure = read_end(keys, "last", preset);
  } else {
    path.site = keys.count("site", 0);
  }
  if (path.kind == "vacancy") {
    path.neighbours = read_numbers(keys, "neighbours", 99);
  } else if (path.kind == "vacancy_cluster") {
    path.count = read_integer(keys, "count", 2, 100);
    if (path.count == 2) {
      path.shell = read_integer(keys, "shell", 1, 100, 1);
    } else if (keys.has("shell")) {
      keys.refuse("shell", "is for two vacancies; larger clusters are compact");
    }
    path.hops = read_numbers(keys, "hops", 9999);
  } else if (path.kind == "crowdion") {
    path.direction = keys.choice("direction", kDirections, "111");
  } else if (path.kind == "chain") {
    path.direction = keys.choice("direction", kDirections);
    if (keys.value("atoms") != "row") {
      path.atoms = keys.value("atoms").is_string() ? 0 : read_integer(keys, "atoms", 1, 10000);
      if (path.atoms == 0) {
        keys.refuse_value("atoms", keys.value("atoms"), "an integer from 1 to 10000, or \"row\"");
      }
    }
  }
  path.name = keys.text("name", default_name(path));
  check_name(list, key, path.name);
  keys.finish();
  return path;
}

void read_paths(ObjectReader &keys, NebPreset &preset) {
  const json &met = read_list(keys, "paths");
  if (met.size() > kMostPaths) {
    keys.refuse("paths", fmt::format("{} paths; allowed: at most {}", met.size(), kMostPaths));
  }
  for (std::size_t i = 0; i < met.size(); ++i) {
    const std::string key = "paths/" + std::to_string(i);
    PathChoice path = read_path_choice(keys, key, met[i], preset);
    for (const PathChoice &other : preset.paths) {
      if (other.name == path.name) {
        keys.refuse(key, in_quotes(path.name) + " is there twice; give one of them a \"name\"");
      }
    }
    preset.paths.push_back(std::move(path));
  }
}

void read_band(ObjectReader &keys, BandPreset &preset) {
  ObjectReader band = keys.object("band");
  preset.images = read_integer(band, "images", 1, 1000, 7);
  preset.band.spring_eV_A2 = read_in_range(band, "spring_eV_A2", 1e-3, 1e4, 5.0);
  preset.force_tolerance_eV_A = read_in_range(band, "force_tolerance_eV_A", 1e-8, 10.0, 0.01);
  preset.band.climb = band.flag("climb", true);
  preset.band.climb_below_eV_A = read_in_range(band, "climb_below_eV_A", 1e-8, 1e4, 0.5);
  preset.band.max_steps = read_integer(band, "max_steps", 1, 100000000, 1000);
  preset.band.largest_move_A = read_in_range(band, "largest_move_A", 1e-4, 1.0, 0.1);
  band.finish();
}

json numbers_json(const std::vector<int> &numbers) { return numbers.empty() ? json("all") : json(numbers); }

json end_json(const NebPreset &preset, json end) {
  if (end.is_object() && end.contains("file") && end["file"].is_string()) {
    end["file"] = absolute_text(beside(preset.file, end["file"].get<std::string>()));
  }
  return end;
}

json paths_json(const NebPreset &preset) {
  json out = json::array();
  for (const PathChoice &path : preset.paths) {
    json entry{{"kind", path.kind}, {"name", path.name}};
    if (path.kind == "files") {
      entry["first"] = end_json(preset, path.first_structure);
      entry["last"] = end_json(preset, path.last_structure);
    } else {
      entry["site"] = path.site;
    }
    if (path.kind == "vacancy") {
      entry["neighbours"] = numbers_json(path.neighbours);
    } else if (path.kind == "vacancy_cluster") {
      entry["count"] = path.count;
      entry["hops"] = numbers_json(path.hops);
      if (path.count == 2) {
        entry["shell"] = path.shell;
      }
    } else if (path.kind == "crowdion" || path.kind == "chain") {
      entry["direction"] = path.direction;
    }
    if (path.kind == "chain") {
      entry["atoms"] = path.atoms == 0 ? json("row") : json(path.atoms);
    }
    out.push_back(std::move(entry));
  }
  return out;
}

// Those of `all` that are asked for; all where none are named.
std::vector<Hop> chosen(std::vector<Hop> all, const std::vector<int> &numbers, const char *what) {
  for (std::size_t h = 0; h < all.size(); ++h) {
    all[h].name = std::to_string(h);
  }
  if (numbers.empty()) {
    return all;
  }
  std::vector<Hop> out;
  for (const int number : numbers) {
    if (static_cast<std::size_t>(number) >= all.size()) {
      throw ConfigError(fmt::format("there is no {} {}; there are {}, counted from 0", what, number, all.size()));
    }
    out.push_back(all[static_cast<std::size_t>(number)]);
  }
  return out;
}

Atoms end_atoms(const NebPreset &preset, const json &end) {
  AtomsPreset one = preset;
  if (!end.is_null()) {
    one.structure = end;
  }
  return make_structure(one);
}

std::vector<Hop> hops_of(const NebPreset &preset, const PathChoice &path, const Atoms &crystal) {
  if (path.kind == "vacancy") {
    return chosen(cluster_hops(crystal, {path.site}), path.neighbours, "neighbour");
  }
  if (path.kind == "vacancy_cluster") {
    const std::vector<std::size_t> holes =
        path.count == 2 ? std::vector<std::size_t>{path.site, shell_of(crystal, path.site, path.shell).front()}
                        : compact_cluster(crystal, path.site, static_cast<std::size_t>(path.count));
    return chosen(cluster_hops(crystal, holes), path.hops, "hop");
  }
  if (path.kind == "dumbbell") {
    return {dumbbell_hop(crystal, path.site)};
  }
  if (path.kind == "crowdion") {
    return {crowdion_hop(crystal, path.site, path.direction)};
  }
  if (path.kind == "chain") {
    return {chain_hop(crystal, path.site, path.direction, path.atoms)};
  }
  return {hop_between(end_atoms(preset, path.first_structure), end_atoms(preset, path.last_structure))};
}

} // namespace

void read_band_keys(ObjectReader &keys, BandPreset &preset) {
  preset.equilibrium = read_equilibrium(keys);
  read_band(keys, preset);
  preset.relax = read_relax(keys, 0.001, false);
  if (preset.relax.method != RelaxPlan::Method::fire) {
    keys.refuse_value("relax/method", "lbfgs", "\"fire\": ends relax in one batch with others that come and go");
  }
  if (is_given(keys, "atoms_at_once")) {
    preset.atoms_at_once = read_integer(keys, "atoms_at_once", 1, 1 << 30);
  }
}

void put_band_keys(json &document, const BandPreset &preset) {
  document["equilibrium"] = equilibrium_json(preset.equilibrium);
  document["band"] = {{"images", preset.images},
                      {"spring_eV_A2", preset.band.spring_eV_A2},
                      {"force_tolerance_eV_A", preset.force_tolerance_eV_A},
                      {"climb", preset.band.climb},
                      {"climb_below_eV_A", preset.band.climb_below_eV_A},
                      {"max_steps", preset.band.max_steps},
                      {"largest_move_A", preset.band.largest_move_A}};
  document["relax"] = relax_json(preset.relax, false);
  document["atoms_at_once"] = preset.atoms_at_once ? json(*preset.atoms_at_once) : json(nullptr);
}

NebPreset load_neb_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("neb"), file.string());
  return read_neb_preset(document, file);
}

NebPreset read_neb_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  NebPreset preset;
  preset.file = file;
  keys.choice("driver", {"neb"});
  read_atoms_keys(keys, preset);
  read_band_keys(keys, preset);
  read_paths(keys, preset);
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  output.finish();
  keys.finish();
  return preset;
}

json resolved(const NebPreset &preset) {
  json document{{"driver", "neb"},
                {"paths", paths_json(preset)},
                {"output", {{"directory", absolute_text(preset.output_directory)}, {"plots", preset.plots}}}};
  put_band_keys(document, preset);
  put_atoms_keys(document, preset);
  return document;
}

std::vector<NebHop> make_hops(const NebPreset &preset, const Atoms &crystal) {
  std::vector<NebHop> out;
  std::set<std::string> names;
  for (std::size_t p = 0; p < preset.paths.size(); ++p) {
    const PathChoice &path = preset.paths[p];
    const std::string where = fmt::format("{}: /paths/{} ({}): ", preset.file.string(), p, path.name);
    std::vector<Hop> hops;
    try {
      hops = hops_of(preset, path, crystal);
    } catch (const ConfigError &error) { // knows no preset
      throw ConfigError(where + error.what());
    }
    for (Hop &hop : hops) {
      hop.name = hops.size() == 1 ? path.name : path.name + "_" + hop.name;
      if (!names.insert(hop.name).second) {
        throw ConfigError(where + "another path has a hop " + in_quotes(hop.name) + " too; give it another \"name\"");
      }
      out.push_back({p, std::move(hop)});
    }
  }
  return out;
}

} // namespace zener
