#include "host/neutral/lattice_preset.hpp"

#include "host/neutral/json_document.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostSteps = 1000000000000;
const std::vector<std::string> kEnsembles{"npt_isotropic", "npt_axes", "npt_stochastic"};

std::int64_t read_steps(ObjectReader &keys, const std::string &key, std::uint64_t least, std::uint64_t fallback) {
  const std::uint64_t met = keys.count(key, fallback);
  if (met < least || met > kMostSteps) {
    keys.refuse_value(key, met, "an integer from " + std::to_string(least) + " to " + std::to_string(kMostSteps));
  }
  return static_cast<std::int64_t>(met);
}

double read_time(ObjectReader &keys, const std::string &key, double fallback) {
  const double met = read_positive(keys, key, fallback);
  if (met > 1e9) {
    keys.refuse_value(key, met, "a number greater than 0 and at most 1e9");
  }
  return met;
}

// Given, or the structure's own.
void read_cells(ObjectReader &keys, LatticePreset &preset) {
  const bool given = is_given(keys, "cells");
  const json met = given ? keys.value("cells") : preset.structure.value("cells", json());
  if (met.is_null()) {
    keys.refuse("cells", "missing; needed for this structure: three integers, the unit cells along its vectors");
  }
  for (std::size_t d = 0; d < 3; ++d) {
    const bool good = met.is_array() && met.size() == 3 && met[d].is_number_integer() && met[d].get<std::int64_t>() >= 1 &&
                      met[d].get<std::int64_t>() <= 100000;
    if (!good) {
      keys.refuse_value(given ? "cells" : "structure/cells", met, "three integers, 1 or more");
    }
    preset.cells[d] = met[d].get<int>();
  }
}

void read_ladder(ObjectReader &keys, LatticePreset &preset) {
  ObjectReader ladder = keys.object("ladder");
  if (is_given(ladder, "temperatures_K")) {
    const json &met = read_list(ladder, "temperatures_K");
    for (std::size_t i = 0; i < met.size(); ++i) {
      const std::string key = "temperatures_K/" + std::to_string(i);
      const double temperature_K = read_temperature(ladder, key, met[i]);
      if (!preset.temperatures_K.empty() && !(temperature_K > preset.temperatures_K.back())) {
        ladder.refuse_value(key, met[i], "temperatures in rising order");
      }
      preset.temperatures_K.push_back(temperature_K);
    }
  }
  preset.replicas = read_integer(ladder, "replicas", 1, 1000000, 1);
  ladder.finish();
}

void read_ensemble(ObjectReader &keys, LatticePreset &preset) {
  ObjectReader ensemble = keys.object("ensemble");
  const std::string kind = ensemble.choice("kind", kEnsembles, "npt_isotropic");
  preset.ensemble = kind == "npt_isotropic" ? Ensemble::npt_isotropic
                    : kind == "npt_axes"    ? Ensemble::npt_axes
                                            : Ensemble::npt_stochastic;
  preset.thermostat_time_fs = read_time(ensemble, "thermostat_time_fs", 100.0);
  preset.barostat_time_fs = read_time(ensemble, "barostat_time_fs", 1000.0);
  if (preset.ensemble == Ensemble::npt_stochastic) {
    preset.compressibility_per_GPa = read_positive(ensemble, "compressibility_per_GPa", 0.005);
    if (preset.compressibility_per_GPa > 1000.0) {
      ensemble.refuse_value("compressibility_per_GPa", preset.compressibility_per_GPa, "a number greater than 0, at most 1000");
    }
  } else {
    preset.chain = read_integer(ensemble, "chain", 1, 8, 3);
  }
  ensemble.finish();
}

} // namespace

LatticePreset load_lattice_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("lattice_parameter"), file.string());
  return read_lattice_preset(document, file);
}

LatticePreset read_lattice_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  LatticePreset preset;
  preset.file = file;
  keys.choice("driver", {"lattice_parameter"});
  read_atoms_keys(keys, preset);
  read_cells(keys, preset);
  if (keys.has("defects") && !(keys.value("defects").is_array() && keys.value("defects").empty())) {
    preset.defects = read_defects(keys, file);
  }
  for (std::size_t d = 0; d < preset.defects.size(); ++d) {
    if (preset.defects[d].build.is_null()) {
      keys.refuse("defects/" + std::to_string(d) + "/file",
                  "a defect of this driver is built into the structure; give its kind");
    }
    if (preset.defects[d].name == "perfect") {
      keys.refuse("defects/" + std::to_string(d), "\"perfect\" is the name of the crystal without defects; give another name");
    }
  }
  preset.pressure_GPa = read_in_range(keys, "pressure_GPa", -1000.0, 10000.0, 0.0);
  preset.with_static = keys.flag("static", true);
  read_ensemble(keys, preset);
  preset.relax = read_relax(keys, 1e-6, false);
  preset.relax.cell = preset.freedom();
  preset.relax.pressure_GPa = preset.pressure_GPa;
  preset.relax.stress_tolerance_GPa = 1e-3;
  read_ladder(keys, preset);
  if (preset.temperatures_K.empty() && !preset.with_static) {
    keys.refuse_value("static", false, "true without ladder.temperatures_K, or there is nothing to run");
  }
  preset.time_step_fs = read_in_range(keys, "time_step_fs", 1e-6, 1000.0, 1.0);
  preset.equilibration_steps = read_steps(keys, "equilibration_steps", 0, 10000);
  preset.steps = read_steps(keys, "steps", 1, 50000);
  preset.sample_every = read_steps(keys, "sample_every", 1, 10);
  if (!preset.temperatures_K.empty() && preset.steps / preset.sample_every < 2) {
    keys.refuse_value("sample_every", preset.sample_every, "steps between samples such that there are two or more in steps");
  }
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  output.finish();
  keys.finish();
  return preset;
}

json resolved(const LatticePreset &preset) {
  json ensemble{
      {"kind", kEnsembles[static_cast<std::size_t>(preset.ensemble) - static_cast<std::size_t>(Ensemble::npt_isotropic)]},
      {"thermostat_time_fs", preset.thermostat_time_fs},
      {"barostat_time_fs", preset.barostat_time_fs}};
  if (preset.ensemble == Ensemble::npt_stochastic) {
    ensemble["compressibility_per_GPa"] = preset.compressibility_per_GPa;
  } else {
    ensemble["chain"] = preset.chain;
  }
  json document{{"driver", "lattice_parameter"},
                {"cells", preset.cells},
                {"defects", defects_json(preset.defects)},
                {"pressure_GPa", preset.pressure_GPa},
                {"static", preset.with_static},
                {"relax", relax_json(preset.relax, false)},
                {"ensemble", ensemble},
                {"ladder",
                 {{"temperatures_K", preset.temperatures_K.empty() ? json(nullptr) : json(preset.temperatures_K)},
                  {"replicas", preset.replicas}}},
                {"time_step_fs", preset.time_step_fs},
                {"equilibration_steps", preset.equilibration_steps},
                {"steps", preset.steps},
                {"sample_every", preset.sample_every},
                {"output", {{"directory", absolute_text(preset.output_directory)}, {"plots", preset.plots}}}};
  put_atoms_keys(document, preset);
  return document;
}

} // namespace zener
