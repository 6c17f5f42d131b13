#include "host/neutral/md_preset.hpp"

#include "host/neutral/analysis_preset.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/events_preset.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/structure_builder.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace zener {
namespace {

using nlohmann::json;

const std::vector<std::string> kEnsembles{"nve",           "langevin", "bussi",         "nose_hoover",
                                          "npt_isotropic", "npt_axes", "npt_stochastic"};
const std::vector<std::string> kFormats{"extended_xyz", "h5md"};
const std::vector<std::string> kQuantities{"velocities", "forces", "energies"};
constexpr std::int64_t kMostSteps = 1000000000000;
constexpr double kMostRows = 4194304.0; // of all systems: they stay in the host's memory, about 300 bytes each
constexpr int kMostReplicas = 1000000;
constexpr std::size_t kMostH5mdFiles = 256;

std::int64_t read_steps(ObjectReader &keys, const std::string &key, std::int64_t least,
                        std::optional<std::int64_t> fallback = std::nullopt) {
  const auto standard = fallback ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*fallback)) : std::nullopt;
  const std::uint64_t met = keys.count(key, standard);
  if (met < static_cast<std::uint64_t>(least) || met > static_cast<std::uint64_t>(kMostSteps)) {
    keys.refuse_value(key, met, fmt::format("an integer from {} to {}", least, kMostSteps));
  }
  return static_cast<std::int64_t>(met);
}

// A key that only some ensembles know.
void refuse_if_given(ObjectReader &keys, const std::string &key, bool known, const std::string &ensemble, const char *who) {
  if (!known && keys.has(key)) {
    keys.refuse(key, fmt::format("is given, but the ensemble {} has none; it belongs to {}", in_quotes(ensemble), who));
  }
}

void read_ensemble_temperature(ObjectReader &keys, MdPreset &preset) {
  if (!keys.has("temperature_K")) {
    return;
  }
  const json &met = keys.value("temperature_K");
  if (met.is_array()) {
    if (met.size() != 2) {
      keys.refuse_value("temperature_K", met, "a number, or a list of two: at the begin and at the end");
    }
    preset.temperature_K = {read_temperature(keys, "temperature_K/0", met[0]),
                            read_temperature(keys, "temperature_K/1", met[1])};
  } else {
    const double temperature_K = read_temperature(keys, "temperature_K", met);
    preset.temperature_K = {temperature_K, temperature_K};
  }
}

Vector3 read_pressure(ObjectReader &keys, Ensemble ensemble) {
  constexpr double kMost_GPa = 10000.0;
  if (!keys.has("pressure_GPa")) {
    return {};
  }
  const json &met = keys.value("pressure_GPa");
  const auto checked = [&](const std::string &key, const json &value) {
    if (!value.is_number() || !(std::abs(value.get<double>()) <= kMost_GPa)) {
      keys.refuse_value(key, value, "a number from -10000 to 10000, GPa");
    }
    return value.get<double>();
  };
  if (!met.is_array()) {
    const double p = checked("pressure_GPa", met);
    return {p, p, p};
  }
  if (ensemble != Ensemble::npt_axes) {
    keys.refuse_value("pressure_GPa", met, "one number; a list of three belongs to the ensemble \"npt_axes\"");
  }
  if (met.size() != 3) {
    keys.refuse_value("pressure_GPa", met, "a number, or a list of three: along x, y and z");
  }
  return {checked("pressure_GPa/0", met[0]), checked("pressure_GPa/1", met[1]), checked("pressure_GPa/2", met[2])};
}

void read_ensemble(ObjectReader &keys, MdPreset &preset) {
  ObjectReader ensemble = keys.object("ensemble", true);
  const std::string name = ensemble.choice("kind", kEnsembles);
  preset.ensemble = static_cast<Ensemble>(std::find(kEnsembles.begin(), kEnsembles.end(), name) - kEnsembles.begin());
  const bool thermostat = has_thermostat(preset.ensemble);
  const bool barostat = has_barostat(preset.ensemble);
  const bool chain = has_chain(preset.ensemble);
  const bool stochastic = preset.ensemble == Ensemble::npt_stochastic;
  refuse_if_given(ensemble, "temperature_K", thermostat, name,
                  "ensembles with a thermostat (velocities.temperature_K starts a run)");
  refuse_if_given(ensemble, "thermostat_time_fs", thermostat, name, "ensembles with a thermostat");
  refuse_if_given(ensemble, "pressure_GPa", barostat, name, "npt_isotropic, npt_axes and npt_stochastic");
  refuse_if_given(ensemble, "barostat_time_fs", barostat, name, "npt_isotropic, npt_axes and npt_stochastic");
  refuse_if_given(ensemble, "chain", chain, name, "nose_hoover, npt_isotropic and npt_axes");
  refuse_if_given(ensemble, "compressibility_per_GPa", stochastic, name, "npt_stochastic");
  if (thermostat) {
    read_ensemble_temperature(ensemble, preset);
    preset.thermostat_time_fs = read_positive(ensemble, "thermostat_time_fs", preset.thermostat_time_fs);
  }
  if (barostat) {
    preset.pressure_GPa = read_pressure(ensemble, preset.ensemble);
    preset.barostat_time_fs = read_positive(ensemble, "barostat_time_fs", preset.barostat_time_fs);
  }
  if (chain) {
    preset.chain = read_integer(ensemble, "chain", 1, 8, preset.chain);
  }
  if (stochastic) {
    preset.compressibility_per_GPa = read_positive(ensemble, "compressibility_per_GPa", preset.compressibility_per_GPa);
  }
  ensemble.finish();
}

void read_ladder(ObjectReader &keys, MdPreset &preset) {
  ObjectReader ladder = keys.object("ladder");
  if (is_given(ladder, "temperatures_K")) {
    const json &met = read_list(ladder, "temperatures_K");
    for (std::size_t i = 0; i < met.size(); ++i) {
      const std::string key = "temperatures_K/" + std::to_string(i);
      const double temperature_K = read_temperature(ladder, key, met[i]);
      if (std::find(preset.ladder_K.begin(), preset.ladder_K.end(), temperature_K) != preset.ladder_K.end()) {
        ladder.refuse(key, number_text(temperature_K) + " is given twice; replicas repeats a temperature");
      }
      preset.ladder_K.push_back(temperature_K);
    }
    if (preset.temperature_K) {
      ladder.refuse("temperatures_K", "ensemble.temperature_K is given as well; give one of the two");
    }
  }
  preset.replicas = read_integer(ladder, "replicas", 1, kMostReplicas, 1);
  ladder.finish();
  if (has_thermostat(preset.ensemble) && !preset.temperature_K && preset.ladder_K.empty()) {
    keys.refuse("ensemble/temperature_K", fmt::format("missing; the ensemble {} needs a temperature, here or as "
                                                      "ladder.temperatures_K",
                                                      in_quotes(ensemble_name(preset.ensemble))));
  }
}

void read_velocities(ObjectReader &keys, MdPreset &preset) {
  ObjectReader velocities = keys.object("velocities");
  preset.velocities_of_structure = velocities.choice("from", {"temperature", "structure"}, "temperature") == "structure";
  if (is_given(velocities, "temperature_K")) {
    if (preset.velocities_of_structure) {
      velocities.refuse("temperature_K", "is given, but the velocities are those of the structure");
    }
    const double met = velocities.number("temperature_K");
    if (!(met >= 0.0 && met <= 10000.0)) {
      velocities.refuse_value("temperature_K", met, "a number from 0 to 10000, K");
    }
    preset.velocities_K = met;
  }
  preset.exact_velocities = velocities.flag("exact", true);
  velocities.finish();
  if (!preset.velocities_of_structure && !preset.velocities_K && preset.ladder_K.empty() && !preset.temperature_K) {
    keys.refuse("velocities/temperature_K",
                "missing; an nve run needs the temperature of its first velocities (0 for atoms at rest), a ladder, or "
                "\"from\": \"structure\"");
  }
}

void read_trajectory(ObjectReader &output, MdPreset &preset) {
  if (!is_given(output, "trajectory")) {
    return;
  }
  ObjectReader keys = output.object("trajectory");
  TrajectoryChoice choice;
  choice.format =
      keys.choice("format", kFormats, "extended_xyz") == "h5md" ? TrajectoryFormat::h5md : TrajectoryFormat::extended_xyz;
  choice.every = read_steps(keys, "every", 1);
  if (keys.has("quantities")) {
    const json &met = keys.value("quantities");
    if (!met.is_array()) {
      keys.refuse_value("quantities", met, "a list of " + join(kQuantities, ", "));
    }
    for (std::size_t i = 0; i < met.size(); ++i) {
      const std::string name = met[i].is_string() ? met[i].get<std::string>() : "";
      if (std::find(kQuantities.begin(), kQuantities.end(), name) == kQuantities.end()) {
        keys.refuse_value("quantities/" + std::to_string(i), met[i],
                          "one of " + join(kQuantities, ", ") + did_you_mean(name, kQuantities));
      }
      (name == "velocities" ? choice.velocities : name == "forces" ? choice.forces : choice.energies) = true;
    }
  }
  if (choice.format == TrajectoryFormat::h5md && choice.energies) {
    keys.refuse("quantities", "energies of atoms have no place in H5MD; they go into extended XYZ");
  }
  if (choice.format == TrajectoryFormat::h5md && preset.systems() > kMostH5mdFiles) {
    keys.refuse("format",
                fmt::format("\"h5md\" keeps a file of each of the {} systems open; allowed: at most {}, or extended_xyz",
                            preset.systems(), kMostH5mdFiles));
  }
  keys.finish();
  preset.trajectory = choice;
}

void read_output(ObjectReader &keys, MdPreset &preset) {
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  preset.thermo_every = read_steps(output, "thermo_every", 1, 100);
  preset.restart = output.flag("restart", true);
  read_trajectory(output, preset);
  const double rows = static_cast<double>(preset.steps / preset.thermo_every + 2) * static_cast<double>(preset.systems());
  if (rows > kMostRows) {
    output.refuse("thermo_every",
                  fmt::format("{} gives {:.3g} rows of {} {} in {} steps; allowed: at most {} in all", preset.thermo_every,
                              rows, preset.systems(), preset.systems() == 1 ? "system" : "systems", preset.steps,
                              grouped(static_cast<std::uint64_t>(kMostRows))));
  }
  output.finish();
}

json trajectory_json(const std::optional<TrajectoryChoice> &choice) {
  if (!choice) {
    return {};
  }
  json quantities = json::array();
  const bool chosen[] = {choice->velocities, choice->forces, choice->energies};
  for (std::size_t i = 0; i < kQuantities.size(); ++i) {
    if (chosen[i]) {
      quantities.push_back(kQuantities[i]);
    }
  }
  return {{"format", kFormats[static_cast<std::size_t>(choice->format)]}, {"every", choice->every}, {"quantities", quantities}};
}

json ensemble_json(const MdPreset &preset) {
  json ensemble{{"kind", ensemble_name(preset.ensemble)}};
  if (has_thermostat(preset.ensemble)) {
    if (preset.temperature_K) {
      ensemble["temperature_K"] = preset.ramp() ? json(*preset.temperature_K) : json((*preset.temperature_K)[0]);
    }
    ensemble["thermostat_time_fs"] = preset.thermostat_time_fs;
  }
  if (has_barostat(preset.ensemble)) {
    const Vector3 &p = preset.pressure_GPa;
    ensemble["pressure_GPa"] = p[0] == p[1] && p[1] == p[2] ? json(p[0]) : json(p);
    ensemble["barostat_time_fs"] = preset.barostat_time_fs;
  }
  if (has_chain(preset.ensemble)) {
    ensemble["chain"] = preset.chain;
  }
  if (preset.ensemble == Ensemble::npt_stochastic) {
    ensemble["compressibility_per_GPa"] = preset.compressibility_per_GPa;
  }
  return ensemble;
}

// Temperature of the first velocities of a rung.
double start_temperature(const MdPreset &preset, std::size_t rung) {
  if (preset.velocities_K) {
    return *preset.velocities_K;
  }
  return preset.ladder_K.empty() ? (*preset.temperature_K)[0] : preset.ladder_K[rung];
}

} // namespace

const char *ensemble_name(Ensemble ensemble) { return kEnsembles[static_cast<std::size_t>(ensemble)].c_str(); }
bool has_thermostat(Ensemble ensemble) { return ensemble != Ensemble::nve; }
bool has_barostat(Ensemble ensemble) {
  return ensemble == Ensemble::npt_isotropic || ensemble == Ensemble::npt_axes || ensemble == Ensemble::npt_stochastic;
}

MdPreset load_md_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("md"), file.string());
  return read_md_preset(document, file);
}

MdPreset read_md_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  MdPreset preset;
  preset.file = file;
  keys.choice("driver", {"md"});
  read_atoms_keys(keys, preset);
  read_ensemble(keys, preset);
  read_ladder(keys, preset);
  read_velocities(keys, preset);
  preset.time_step_fs = read_in_range(keys, "time_step_fs", 1e-6, 1000.0, 1.0);
  preset.steps = read_steps(keys, "steps", 1);
  preset.equilibration_steps = read_steps(keys, "equilibration_steps", 0, 0);
  if (preset.equilibration_steps >= preset.steps) {
    keys.refuse_value("equilibration_steps", preset.equilibration_steps, fmt::format("less than steps, {}", preset.steps));
  }
  ObjectReader limits = keys.object("limits");
  preset.largest_move_A = read_positive(limits, "largest_move_A", preset.largest_move_A);
  preset.largest_force_eV_A = read_positive(limits, "largest_force_eV_A", preset.largest_force_eV_A);
  preset.largest_volume_ratio = read_in_range(limits, "largest_volume_ratio", 1.01, 1e6, preset.largest_volume_ratio);
  limits.finish();
  ObjectReader checkpoint = keys.object("checkpoint");
  preset.checkpoint_every_s = read_positive(checkpoint, "every_s", 300.0);
  checkpoint.finish();
  read_output(keys, preset);
  preset.analyses = read_analyses(keys, true, file);
  if (preset.analyses && preset.analyses->begin_step >= preset.steps) {
    keys.refuse("analyses/begin_step",
                fmt::format("{} is not before the end of the run, step {}", preset.analyses->begin_step, preset.steps));
  }
  if (preset.analyses && preset.analyses->plan.needs_constant_cell() && has_barostat(preset.ensemble)) {
    const AnalysisPlan &plan = preset.analyses->plan;
    const char *key = plan.msd                                              ? "msd"
                      : plan.flux                                           ? "flux"
                      : plan.mobility                                       ? "mobility"
                      : plan.all_origins && plan.all_origins->displacements ? "all_origins"
                                                                            : "mean_positions";
    keys.refuse(fmt::format("analyses/{}", key),
                fmt::format("displacements are for a constant cell, and the ensemble {} changes it; take the "
                            "cell's mean from such a run and measure in another one",
                            in_quotes(ensemble_name(preset.ensemble))));
  }
  if (preset.analyses && preset.ramp() && (preset.analyses->two_phase || preset.analyses->defect)) {
    keys.refuse(preset.analyses->two_phase ? "analyses/two_phase" : "analyses/defect",
                "it is for one temperature, and ensemble.temperature_K is a ramp; ladder.temperatures_K takes several at once");
  }
  if (preset.analyses) {
    complete_sites(keys, *preset.analyses, file, preset.structure);
  }
  keys.finish();
  return preset;
}

json resolved(const MdPreset &preset) {
  json document{
      {"driver", "md"},
      {"ensemble", ensemble_json(preset)},
      {"velocities",
       {{"from", preset.velocities_of_structure ? "structure" : "temperature"},
        {"temperature_K", preset.velocities_K ? json(*preset.velocities_K) : json()},
        {"exact", preset.exact_velocities}}},
      {"ladder", {{"temperatures_K", preset.ladder_K.empty() ? json() : json(preset.ladder_K)}, {"replicas", preset.replicas}}},
      {"time_step_fs", preset.time_step_fs},
      {"steps", preset.steps},
      {"equilibration_steps", preset.equilibration_steps},
      {"limits",
       {{"largest_move_A", preset.largest_move_A},
        {"largest_force_eV_A", preset.largest_force_eV_A},
        {"largest_volume_ratio", preset.largest_volume_ratio}}},
      {"checkpoint", {{"every_s", preset.checkpoint_every_s}}},
      {"analyses", analyses_json(preset.analyses, true)},
      {"output",
       {{"directory", absolute_text(preset.output_directory)},
        {"plots", preset.plots},
        {"thermo_every", preset.thermo_every},
        {"trajectory", trajectory_json(preset.trajectory)},
        {"restart", preset.restart}}}};
  put_atoms_keys(document, preset);
  return document;
}

MdPlan make_md_plan(const MdPreset &preset) {
  MdPlan plan;
  plan.atoms.potential = load_potential(preset);
  const Atoms start = make_structure(preset);
  check_elements(preset, *plan.atoms.potential, start);
  if (preset.velocities_of_structure && start.velocity_A_ps.empty()) {
    throw ConfigError(preset.file.string() +
                      ": /velocities/from: \"structure\" is not allowed: the structure has no velocities; "
                      "allowed: \"temperature\"");
  }
  for (std::size_t d = 0; d < 3; ++d) {
    if (has_barostat(preset.ensemble) && !start.cell.periodic[d]) {
      throw ConfigError(fmt::format("{}: /ensemble/kind: {} is not allowed: a barostat needs a cell that is periodic along all "
                                    "vectors, and {} is free along {}",
                                    preset.file.string(), in_quotes(ensemble_name(preset.ensemble)), structure_place(preset),
                                    "abc"[d]));
    }
  }
  plan.atoms.mixed = preset.mixed;
  plan.atoms.deterministic = preset.deterministic;
  plan.atoms.skin_A = preset.skin_A;
  plan.atoms.seed = preset.seed;
  DynamicsPlan &dynamics = plan.dynamics;
  dynamics.ensemble = preset.ensemble;
  dynamics.dt_fs = preset.time_step_fs;
  dynamics.ramp_steps = preset.ramp() ? preset.steps : 0;
  dynamics.thermostat_time_fs = preset.thermostat_time_fs;
  dynamics.chain = preset.chain;
  dynamics.barostat_time_fs = preset.barostat_time_fs;
  dynamics.compressibility_per_GPa = preset.compressibility_per_GPa;
  dynamics.largest_move_A = preset.largest_move_A;
  dynamics.largest_force_eV_A = preset.largest_force_eV_A;
  dynamics.largest_volume_ratio = preset.largest_volume_ratio;
  for (std::size_t s = 0; s < preset.systems(); ++s) {
    const std::size_t rung = s / static_cast<std::size_t>(preset.replicas);
    plan.atoms.systems.push_back(start);
    plan.start_K.push_back(preset.velocities_of_structure ? 0.0 : start_temperature(preset, rung));
    if (!preset.velocities_of_structure) {
      set_velocities(plan.atoms.systems.back(), plan.start_K.back(), seed_of_system(preset.seed, s), preset.exact_velocities);
    }
    if (has_thermostat(preset.ensemble)) {
      dynamics.begin_K.push_back(preset.ladder_K.empty() ? (*preset.temperature_K)[0] : preset.ladder_K[rung]);
      dynamics.end_K.push_back(preset.ladder_K.empty() ? (*preset.temperature_K)[1] : preset.ladder_K[rung]);
    } else {
      dynamics.begin_K.push_back(0.0);
      dynamics.end_K.push_back(0.0);
    }
    dynamics.pressure_GPa.push_back(preset.pressure_GPa);
  }
  return plan;
}

std::vector<std::int64_t> sample_steps(const MdPreset &preset) {
  std::vector<std::int64_t> steps;
  for (std::int64_t step = preset.thermo_every; step < preset.steps; step += preset.thermo_every) {
    steps.push_back(step);
  }
  steps.push_back(preset.steps);
  return steps;
}

json identity(const MdPreset &preset, const MdPlan &plan) {
  json keys = resolved(preset);
  for (const char *free : {"title", "equilibration_steps", "limits", "checkpoint"}) {
    keys.erase(free);
  }
  if (!preset.ramp()) {
    keys.erase("steps");
  }
  if (!preset.analyses) {
    keys.erase("analyses"); // not in checkpoints of before there were any
  } else {
    json &analyses = keys["analyses"];
    analyses.erase("two_phase"); // made of what is measured, at the end
    analyses.erase("defect");
    for (auto one = analyses.begin(); one != analyses.end();) { // nor are those that came later
      one = one->is_null() ? analyses.erase(one) : std::next(one);
    }
    if (preset.analyses->plan.structure && preset.analyses->plan.structure->phases) {
      const std::string model = phase_model_text(*preset.analyses->plan.structure->phases);
      analyses["structure"]["phases"] = bytes_hash({model.begin(), model.end()});
    }
  }
  keys["output"] = {{"thermo_every", keys["output"]["thermo_every"]}, {"trajectory", keys["output"]["trajectory"]}};
  keys["potential"] = potential_identity(preset);
  std::string hashes;
  for (const Atoms &system : plan.atoms.systems) {
    hashes += structure_hash(system);
  }
  keys["structure"] = {{"hash", bytes_hash({hashes.begin(), hashes.end()})}};
  return keys;
}

} // namespace zener
