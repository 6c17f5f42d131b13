#include "host/neutral/elastic_preset.hpp"

#include "host/neutral/json_document.hpp"
#include "host/neutral/schema.hpp"

namespace zener {

using nlohmann::json;

ElasticPreset load_elastic_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("elastic"), file.string());
  return read_elastic_preset(document, file);
}

ElasticPreset read_elastic_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  ElasticPreset preset;
  preset.file = file;
  keys.choice("driver", {"elastic"});
  read_atoms_keys(keys, preset);
  preset.equilibrium = read_equilibrium(keys);
  preset.strain = read_in_range(keys, "strain", 1e-6, 1e-2, 2e-4);
  preset.relax_atoms = keys.choice("relax_atoms", {"auto", "always", "never"}, "auto");
  preset.relax = read_relax(keys, 1e-6, false);
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  output.finish();
  keys.finish();
  return preset;
}

json resolved(const ElasticPreset &preset) {
  json document{{"driver", "elastic"},
                {"equilibrium", equilibrium_json(preset.equilibrium)},
                {"strain", preset.strain},
                {"relax_atoms", preset.relax_atoms},
                {"relax", relax_json(preset.relax, false)},
                {"output", {{"directory", absolute_text(preset.output_directory)}, {"plots", preset.plots}}}};
  put_atoms_keys(document, preset);
  return document;
}

} // namespace zener
