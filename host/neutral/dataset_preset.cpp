#include "host/neutral/dataset_preset.hpp"

#include "host/neutral/json_document.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/splitmix.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace zener {
namespace {

using nlohmann::json;

// The list of a file named by the key composition, in its place.
json with_listed_compositions(const json &document, const std::filesystem::path &file) {
  if (!document.is_object() || !document.contains("composition") || !document["composition"].is_string()) {
    return document;
  }
  const std::filesystem::path list_file = beside(file, document["composition"].get<std::string>());
  const json list = load_json(list_file, JsonUse::preset);
  ObjectReader keys(list, list_file.string(), JsonUse::preset);
  keys.text("source", "");
  json out = document;
  out["composition"] = read_list(keys, "composition");
  keys.finish();
  return out;
}

void read_alloy_keys(ObjectReader &keys, DatasetPreset &preset) {
  preset.alloy.file = preset.file;
  read_lattice(keys, preset.alloy);
  if (preset.alloy.structure != Structure::bcc) {
    keys.refuse_value("lattice/structure", structure_name(preset.alloy.structure), "\"bcc\": networks know no other lattice");
  }
  read_compositions(keys, preset.alloy, false);
  std::set<std::string> met;
  for (const Composition &composition : preset.alloy.compositions) {
    for (const auto &[element, parts] : composition) {
      met.insert(element);
    }
  }
  if (!is_given(keys, "elements")) {
    preset.elements.assign(met.begin(), met.end());
    return;
  }
  preset.elements = read_elements(keys, "elements", keys.value("elements"));
  for (const std::string &element : met) {
    if (std::find(preset.elements.begin(), preset.elements.end(), element) == preset.elements.end()) {
      keys.refuse("elements", in_quotes(element) + " is in a composition and not among them");
    }
  }
}

} // namespace

DatasetPreset load_dataset_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("barrier_dataset"), file.string());
  return read_dataset_preset(document, file);
}

DatasetPreset read_dataset_preset(const json &given, const std::filesystem::path &file, std::set<std::string> *asked) {
  const json document = with_listed_compositions(given, file);
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  DatasetPreset preset;
  preset.file = file;
  keys.choice("driver", {"barrier_dataset"});
  read_force_keys(keys, preset);
  read_alloy_keys(keys, preset);
  preset.configurations = read_integer(keys, "configurations", 1, 1000000, 1);
  preset.vacancies = read_integer(keys, "vacancies", 1, 1000000, 1);
  if (preset.vacancies > preset.alloy.sites()) {
    keys.refuse_value("vacancies", preset.vacancies, fmt::format("at most the {} sites of a cell", preset.alloy.sites()));
  }
  read_band_keys(keys, preset);
  if (!preset.band.climb) {
    keys.refuse_value("band/climb", false, "true: without a climbing image the barriers would be too low");
  }
  ObjectReader checkpoint = keys.object("checkpoint");
  preset.checkpoint_every_s = read_positive(checkpoint, "every_s", 300.0);
  checkpoint.finish();
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  output.finish();
  keys.finish();
  return preset;
}

json resolved(const DatasetPreset &preset) {
  json document{{"driver", "barrier_dataset"},
                {"lattice", lattice_json(preset.alloy)},
                {"composition", compositions_json(preset.alloy)},
                {"elements", preset.elements},
                {"configurations", preset.configurations},
                {"vacancies", preset.vacancies},
                {"checkpoint", {{"every_s", preset.checkpoint_every_s}}},
                {"output", {{"directory", absolute_text(preset.output_directory)}, {"plots", preset.plots}}}};
  put_band_keys(document, preset);
  put_atoms_keys(document, preset);
  return document;
}

json identity(const DatasetPreset &preset) {
  json keys = resolved(preset);
  for (const char *free : {"title", "configurations", "atoms_at_once", "checkpoint", "output"}) {
    keys.erase(free);
  }
  keys["potential"] = potential_identity(preset);
  return keys;
}

std::vector<std::vector<std::int64_t>> composition_counts(const DatasetPreset &preset, std::vector<std::string> &warnings) {
  std::vector<std::vector<std::int64_t>> counts;
  for (std::size_t c = 0; c < preset.alloy.compositions.size(); ++c) {
    counts.push_back(composition_atoms(preset.alloy, c, preset.elements, preset.alloy.sites(), warnings));
  }
  return counts;
}

std::string composition_name(const DatasetPreset &preset, std::size_t composition) {
  std::string name;
  for (const std::string &element : preset.elements) {
    for (const auto &[symbol, parts] : preset.alloy.compositions[composition]) {
      if (symbol == element) {
        name += element + number_text(parts);
      }
    }
  }
  return name;
}

DatasetRow dataset_row(const DatasetPreset &preset, std::int64_t number) {
  const auto compositions = static_cast<std::int64_t>(preset.alloy.compositions.size());
  const std::int64_t round = number / compositions;
  return {number, static_cast<std::size_t>(number % compositions), round / preset.vacancies,
          static_cast<int>(round % preset.vacancies)};
}

std::vector<std::uint8_t> dataset_occupancy(const DatasetPreset &preset, const DatasetRow &row,
                                            const std::vector<std::int64_t> &counts) {
  constexpr std::uint64_t kAlloy = 0x616c6c6f79ULL; // "alloy"
  std::vector<std::uint8_t> occupancy;
  for (std::size_t e = 0; e < counts.size(); ++e) {
    occupancy.insert(occupancy.end(), static_cast<std::size_t>(counts[e]), static_cast<std::uint8_t>(e + 1));
  }
  SplitMix64 random{preset.seed, kAlloy, row.composition, static_cast<std::uint64_t>(row.configuration)};
  shuffle(occupancy, random);
  std::vector<std::size_t> sites(occupancy.size());
  std::iota(sites.begin(), sites.end(), std::size_t{0});
  shuffle(sites, random);
  occupancy[sites[static_cast<std::size_t>(row.vacancy)]] = 0;
  return occupancy;
}

} // namespace zener
