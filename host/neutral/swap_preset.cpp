#include "host/neutral/swap_preset.hpp"

#include "host/neutral/json_document.hpp"
#include "host/neutral/kmc_plan.hpp"
#include "host/neutral/md_preset.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/structure_builder.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostTrials = 1000000000000;
constexpr double kMostRows = 4194304.0; // of all systems: they stay in the host's memory
const std::vector<std::string> kBetween{"nothing", "relax", "md"};
const std::vector<std::string> kEnsembles{"langevin", "bussi", "npt_stochastic"};

std::int64_t read_count(ObjectReader &keys, const std::string &key, std::optional<std::uint64_t> fallback = std::nullopt) {
  const std::uint64_t met = keys.count(key, fallback);
  if (met < 1 || met > kMostTrials) {
    keys.refuse_value(key, met, fmt::format("an integer from 1 to {}", kMostTrials));
  }
  return static_cast<std::int64_t>(met);
}

void read_ladder(ObjectReader &keys, SwapPreset &preset) {
  ObjectReader ladder = keys.object("ladder", true);
  const json &met = read_list(ladder, "temperatures_K");
  for (std::size_t i = 0; i < met.size(); ++i) {
    const std::string key = "temperatures_K/" + std::to_string(i);
    const double temperature_K = read_temperature(ladder, key, met[i]);
    if (!preset.temperatures_K.empty() && !(temperature_K > preset.temperatures_K.back())) {
      ladder.refuse_value(key, met[i], "temperatures in rising order");
    }
    preset.temperatures_K.push_back(temperature_K);
  }
  preset.replicas = read_integer(ladder, "replicas", 1, 1000000, 1);
  ladder.finish();
}

void read_trials(ObjectReader &keys, SwapPreset &preset) {
  if (is_given(keys, "trials")) {
    preset.trials = read_count(keys, "trials");
  }
  if (is_given(keys, "sweeps")) {
    preset.sweeps = read_in_range(keys, "sweeps", 1e-6, 1e9);
  }
  if (preset.trials.has_value() == preset.sweeps.has_value()) {
    keys.refuse("trials", preset.trials ? "and sweeps are both given; give one of the two"
                                        : "missing; give the trials of each system, or sweeps: trials for each atom");
  }
}

void read_dynamics(ObjectReader &between, SwapPreset &preset) {
  ObjectReader md = between.object("md", true);
  preset.every_trials = read_count(md, "every_trials");
  preset.steps = read_count(md, "steps");
  preset.time_step_fs = read_in_range(md, "time_step_fs", 1e-6, 1000.0, 1.0);
  ObjectReader ensemble = md.object("ensemble", true);
  const std::string kind = ensemble.choice("kind", kEnsembles);
  preset.ensemble = kind == "langevin" ? Ensemble::langevin : kind == "bussi" ? Ensemble::bussi : Ensemble::npt_stochastic;
  preset.thermostat_time_fs = read_positive(ensemble, "thermostat_time_fs", preset.thermostat_time_fs);
  const bool barostat = has_barostat(preset.ensemble);
  for (const char *key : {"pressure_GPa", "barostat_time_fs", "compressibility_per_GPa"}) {
    if (ensemble.has(key) && !barostat) {
      ensemble.refuse(key,
                      fmt::format("is given, but the ensemble {} has none; it belongs to npt_stochastic", in_quotes(kind)));
    }
  }
  if (barostat) {
    preset.pressure_GPa = read_in_range(ensemble, "pressure_GPa", -10000.0, 10000.0, preset.pressure_GPa);
    preset.barostat_time_fs = read_positive(ensemble, "barostat_time_fs", preset.barostat_time_fs);
    preset.compressibility_per_GPa = read_positive(ensemble, "compressibility_per_GPa", preset.compressibility_per_GPa);
  }
  ensemble.finish();
  md.finish();
}

void read_between(ObjectReader &keys, SwapPreset &preset) {
  if (!keys.has("between")) {
    return;
  }
  const json &met = keys.value("between");
  if (met.is_string()) {
    keys.choice("between", {"nothing"});
    return;
  }
  ObjectReader between = keys.object("between");
  if (between.has("relax") == between.has("md")) {
    keys.refuse_value("between", met, "\"nothing\", {\"relax\": {…}} or {\"md\": {…}}");
  }
  if (between.has("md")) {
    preset.between = BetweenSwaps::md;
    read_dynamics(between, preset);
  } else {
    preset.between = BetweenSwaps::relax;
    ObjectReader relax = between.object("relax");
    preset.force_tolerance_eV_A = read_in_range(relax, "force_tolerance_eV_A", 1e-10, 100.0, preset.force_tolerance_eV_A);
    preset.relax_steps = read_integer(relax, "steps", 1, 1000000, static_cast<int>(preset.relax_steps));
    relax.finish();
  }
  between.finish();
}

json between_json(const SwapPreset &preset) {
  if (preset.between == BetweenSwaps::nothing) {
    return "nothing";
  }
  if (preset.between == BetweenSwaps::relax) {
    return {{"relax", {{"force_tolerance_eV_A", preset.force_tolerance_eV_A}, {"steps", preset.relax_steps}}}};
  }
  json ensemble{{"kind", ensemble_name(preset.ensemble)}, {"thermostat_time_fs", preset.thermostat_time_fs}};
  if (has_barostat(preset.ensemble)) {
    ensemble["pressure_GPa"] = preset.pressure_GPa;
    ensemble["barostat_time_fs"] = preset.barostat_time_fs;
    ensemble["compressibility_per_GPa"] = preset.compressibility_per_GPa;
  }
  return {{"md",
           {{"every_trials", preset.every_trials},
            {"steps", preset.steps},
            {"time_step_fs", preset.time_step_fs},
            {"ensemble", ensemble}}}};
}

void plan_dynamics(const SwapPreset &preset, SwapRunPlan &plan) {
  DynamicsPlan &dynamics = plan.dynamics;
  dynamics.ensemble = preset.ensemble;
  dynamics.dt_fs = preset.time_step_fs;
  dynamics.thermostat_time_fs = preset.thermostat_time_fs;
  dynamics.barostat_time_fs = preset.barostat_time_fs;
  dynamics.compressibility_per_GPa = preset.compressibility_per_GPa;
  dynamics.begin_K = dynamics.end_K = plan.swaps.temperature_K;
  const double p = preset.pressure_GPa;
  dynamics.pressure_GPa.assign(preset.systems(), Vector3{p, p, p});
  for (std::size_t d = 0; d < 3; ++d) {
    if (has_barostat(preset.ensemble) && !plan.atoms.systems.front().cell.periodic[d]) {
      throw ConfigError(
          fmt::format("{}: /between/md/ensemble/kind: {} is not allowed: a barostat needs a cell that is periodic "
                      "along all vectors, and {} is free along {}",
                      preset.file.string(), in_quotes(ensemble_name(preset.ensemble)), structure_place(preset), "abc"[d]));
    }
  }
  for (std::size_t s = 0; s < preset.systems(); ++s) {
    set_velocities(plan.atoms.systems[s], preset.temperatures_K[preset.rung(s)], seed_of_system(preset.seed, s));
  }
}

} // namespace

const char *between_name(BetweenSwaps between) { return kBetween[static_cast<std::size_t>(between)].c_str(); }

SwapPreset load_swap_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of("swap_mc_md"), file.string());
  return read_swap_preset(document, file);
}

SwapPreset read_swap_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  SwapPreset preset;
  preset.file = file;
  keys.choice("driver", {"swap_mc_md"});
  read_atoms_keys(keys, preset);
  read_ladder(keys, preset);
  read_trials(keys, preset);
  read_between(keys, preset);
  ObjectReader checkpoint = keys.object("checkpoint");
  preset.checkpoint_every_s = read_positive(checkpoint, "every_s", preset.checkpoint_every_s);
  checkpoint.finish();
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  preset.order_shells = read_integer(output, "order_shells", 0, 2, preset.order_shells);
  preset.sample_every = read_count(output, "sample_every", static_cast<std::uint64_t>(preset.sample_every));
  if (preset.dynamics() && preset.sample_every % preset.every_trials != 0) {
    output.refuse_value("sample_every", preset.sample_every,
                        fmt::format("a multiple of between.md.every_trials, {}", preset.every_trials));
  }
  output.finish();
  keys.finish();
  return preset;
}

json resolved(const SwapPreset &preset) {
  json document{{"driver", "swap_mc_md"},
                {"ladder", {{"temperatures_K", preset.temperatures_K}, {"replicas", preset.replicas}}},
                {"trials", preset.trials ? json(*preset.trials) : json()},
                {"sweeps", preset.sweeps ? json(*preset.sweeps) : json()},
                {"between", between_json(preset)},
                {"checkpoint", {{"every_s", preset.checkpoint_every_s}}},
                {"output",
                 {{"directory", absolute_text(preset.output_directory)},
                  {"plots", preset.plots},
                  {"order_shells", preset.order_shells},
                  {"sample_every", preset.sample_every}}}};
  put_atoms_keys(document, preset);
  return document;
}

SwapRunPlan make_swap_plan(const SwapPreset &preset) {
  SwapRunPlan plan;
  plan.atoms.potential = load_potential(preset);
  Atoms start = make_structure(preset);
  check_elements(preset, *plan.atoms.potential, start);
  plan.counts.assign(start.elements.size(), 0);
  for (const std::int32_t type : start.type) {
    ++plan.counts[static_cast<std::size_t>(type)];
  }
  if (std::count_if(plan.counts.begin(), plan.counts.end(), [](std::int64_t n) { return n > 0; }) < 2) {
    throw ConfigError(fmt::format("{}: {} holds atoms of one element alone: there is nothing to swap; allowed: two elements or "
                                  "more",
                                  preset.file.string(), structure_place(preset)));
  }
  const double wanted =
      preset.trials ? static_cast<double>(*preset.trials) : std::ceil(*preset.sweeps * static_cast<double>(start.size()));
  if (!(wanted <= static_cast<double>(kMostTrials))) {
    throw ConfigError(fmt::format("{}: /sweeps: {} sweeps of {} atoms are {:.3g} trials; allowed: at most {}",
                                  preset.file.string(), *preset.sweeps, start.size(), wanted, kMostTrials));
  }
  plan.trials = static_cast<std::int64_t>(wanted);
  if (preset.dynamics() && plan.trials % preset.every_trials != 0) {
    if (preset.trials) {
      throw ConfigError(fmt::format("{}: /trials: {} is not allowed; allowed: a multiple of between.md.every_trials, {}",
                                    preset.file.string(), plan.trials, preset.every_trials));
    }
    plan.trials += preset.every_trials - plan.trials % preset.every_trials;
  }
  const double rows = static_cast<double>(plan.trials / preset.sample_every + 2) * static_cast<double>(preset.systems());
  if (rows > kMostRows) {
    throw ConfigError(fmt::format("{}: /output/sample_every: {} gives {:.3g} rows of {} systems in {} trials; allowed: at most "
                                  "{} in all",
                                  preset.file.string(), preset.sample_every, rows, preset.systems(), plan.trials,
                                  grouped(static_cast<std::uint64_t>(kMostRows))));
  }
  plan.shells = shells_of(start, preset.order_shells, structure_place(preset));
  for (const Shell &shell : plan.shells) {
    // expected_bonds counts z/2 bonds a site: here all of them together.
    std::vector<double> of_shell = expected_bonds(plan.counts, static_cast<std::int64_t>(start.size()), 2);
    for (double &bonds : of_shell) {
      bonds *= static_cast<double>(shell.bonds.size()) / static_cast<double>(start.size());
    }
    plan.expected.insert(plan.expected.end(), of_shell.begin(), of_shell.end());
  }
  start.velocity_A_ps.clear();
  plan.atoms.mixed = preset.mixed;
  plan.atoms.deterministic = preset.deterministic;
  plan.atoms.skin_A = preset.skin_A;
  plan.atoms.seed = preset.seed;
  plan.atoms.systems.assign(preset.systems(), start);
  for (std::size_t s = 0; s < preset.systems(); ++s) {
    plan.swaps.temperature_K.push_back(preset.temperatures_K[preset.rung(s)]);
  }
  plan.swaps.force_tolerance_eV_A = preset.force_tolerance_eV_A;
  plan.swaps.relax_steps = preset.between == BetweenSwaps::relax ? preset.relax_steps : 0;
  if (preset.dynamics()) {
    plan_dynamics(preset, plan);
  }
  return plan;
}

json identity(const SwapPreset &preset, const SwapRunPlan &plan) {
  json keys = resolved(preset);
  for (const char *free : {"title", "trials", "sweeps", "checkpoint"}) {
    keys.erase(free);
  }
  keys["output"] = {{"order_shells", preset.order_shells}, {"sample_every", preset.sample_every}};
  keys["potential"] = potential_identity(preset);
  keys["structure"] = {{"hash", structure_hash(plan.atoms.systems.front())}};
  return keys;
}

} // namespace zener
