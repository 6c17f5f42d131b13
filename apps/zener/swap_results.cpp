#include "apps/zener/swap_results.hpp"

#include "apps/zener/result_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/kmc_plan.hpp"
#include "host/neutral/series_statistics.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace zener {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json as_json(const Estimate &e) { return {{"mean", e.mean}, {"standard_error", e.standard_error}}; }

std::string system_name(const SwapPreset &preset, std::size_t system) {
  return fmt::format("g{}_r{}", preset.rung(system), system % static_cast<std::size_t>(preset.replicas));
}

// "Nb-Mo", in the order of pair_index; those of unlike elements alone where asked for.
struct PairName {
  std::size_t index;
  std::string name;
  bool unlike;
};
std::vector<PairName> pairs_of(const SwapRunPlan &plan) {
  const std::vector<std::string> &elements = plan.atoms.systems.front().elements;
  std::vector<PairName> names;
  for (std::size_t a = 0; a < elements.size(); ++a) {
    for (std::size_t b = a; b < elements.size(); ++b) {
      const auto index =
          static_cast<std::size_t>(pair_index(static_cast<int>(a), static_cast<int>(b), static_cast<int>(elements.size())));
      names.push_back({index, elements[a] + "-" + elements[b], a != b});
    }
  }
  return names;
}

double delta_per_site(const SwapRunPlan &plan, const SwapRow &row, std::size_t system, std::size_t shell, std::size_t pair) {
  const std::size_t q = shell * plan.pairs() + pair;
  const double bonds = static_cast<double>(row.bonds[system * plan.shells.size() * plan.pairs() + q]);
  return (bonds - plan.expected[q]) / static_cast<double>(plan.sites());
}

// Rows of the second half of the run.
std::vector<const SwapRow *> second_half(const std::vector<SwapRow> &rows) {
  std::vector<const SwapRow *> half;
  for (const SwapRow &row : rows) {
    if (2 * row.trial >= rows.back().trial) {
      half.push_back(&row);
    }
  }
  return half;
}

template <class F> Estimate mean_of(const std::vector<const SwapRow *> &rows, F value) {
  std::vector<double> values;
  for (const SwapRow *row : rows) {
    values.push_back(value(*row));
  }
  return block_mean(values);
}

// The mean of replicas with the error between them, or one system's own.
template <class F> Estimate over_replicas(const SwapPreset &preset, std::size_t rung, F of_system) {
  const auto replicas = static_cast<std::size_t>(preset.replicas);
  if (replicas == 1) {
    return of_system(rung);
  }
  double sum = 0.0, squares = 0.0;
  for (std::size_t r = 0; r < replicas; ++r) {
    sum += of_system(rung * replicas + r).mean;
  }
  const auto n = static_cast<double>(replicas);
  for (std::size_t r = 0; r < replicas; ++r) {
    const double off = of_system(rung * replicas + r).mean - sum / n;
    squares += off * off;
  }
  return {sum / n, std::sqrt(squares / (n - 1.0) / n)};
}

// Totals of a rung since the begin.
double total(const SwapPreset &preset, std::size_t rung, const std::vector<std::int64_t> &values, std::size_t width,
             std::size_t at) {
  double sum = 0.0;
  const auto replicas = static_cast<std::size_t>(preset.replicas);
  for (std::size_t k = rung * replicas; k < (rung + 1) * replicas; ++k) {
    sum += static_cast<double>(values[k * width + at]);
  }
  return sum;
}

Json group_entry(const SwapPreset &preset, const SwapRunPlan &plan, const std::vector<const SwapRow *> &half,
                 const SwapRow &now, std::size_t rung) {
  const auto sites = static_cast<double>(plan.sites());
  const auto mean = [&](const auto &value) { // value(row, system)
    return as_json(over_replicas(
        preset, rung, [&](std::size_t k) { return mean_of(half, [&](const SwapRow &row) { return value(row, k); }); }));
  };
  Json group = {{"rung", rung},
                {"temperature_K", preset.temperatures_K[rung]},
                {"replicas", preset.replicas},
                {"energy_per_atom_eV", mean([&](const SwapRow &row, std::size_t k) { return row.energy_eV[k] / sites; })}};
  if (preset.dynamics()) {
    group["kinetic_temperature_K"] = mean([](const SwapRow &row, std::size_t k) { return row.temperature_K[k]; });
    group["volume_per_atom_A3"] = mean([&](const SwapRow &row, std::size_t k) { return row.volume_A3[k] / sites; });
  }
  Json order = Json::object(), acceptance = Json::object();
  double tried_in_all = 0.0, kept_in_all = 0.0;
  for (const PairName &pair : pairs_of(plan)) {
    for (std::size_t s = 0; s < plan.shells.size(); ++s) {
      order[pair.name]["shell_" + std::to_string(s + 1)] = {{"delta_per_site", mean([&](const SwapRow &row, std::size_t k) {
                                                               return delta_per_site(plan, row, k, s, pair.index);
                                                             })}};
    }
    if (pair.unlike) {
      const double tried = total(preset, rung, now.tried, plan.pairs(), pair.index);
      const double kept = total(preset, rung, now.kept, plan.pairs(), pair.index);
      acceptance[pair.name] = {{"tried", tried}, {"kept", kept}, {"fraction", tried > 0.0 ? Json(kept / tried) : Json()}};
      tried_in_all += tried;
      kept_in_all += kept;
    }
  }
  acceptance["all"] = {{"tried", tried_in_all},
                       {"kept", kept_in_all},
                       {"fraction", tried_in_all > 0.0 ? Json(kept_in_all / tried_in_all) : Json()}};
  group["order"] = order;
  group["acceptance"] = acceptance;
  if (preset.between == BetweenSwaps::relax) {
    group["relax_steps_per_trial"] =
        tried_in_all > 0.0 ? Json(total(preset, rung, now.relax_steps, 1, 0) / tried_in_all) : Json();
    group["relaxations_cut_short"] = total(preset, rung, now.unrelaxed, 1, 0);
  }
  return group;
}

// The unlike pair whose order in the first shell is strongest at the lowest temperature; none without shells.
std::string strongest_pair(const SwapRunPlan &plan, const Json &groups) {
  std::string strongest;
  double most = -1.0;
  for (const PairName &pair : pairs_of(plan)) {
    if (!pair.unlike || plan.shells.empty()) {
      continue;
    }
    const Json &mean = groups[0].at("order").at(pair.name).at("shell_1").at("delta_per_site").at("mean");
    if (mean.is_number() && std::abs(mean.get<double>()) > most) {
      most = std::abs(mean.get<double>());
      strongest = pair.name;
    }
  }
  return strongest;
}

Json numbers_of(const SwapRunPlan &plan, const Json &groups) {
  Json numbers = Json::array();
  const std::string strongest = strongest_pair(plan, groups);
  for (const Json &group : groups) {
    const std::string g = "_g" + std::to_string(group.at("rung").get<int>());
    const auto add = [&](const std::string &name, const char *units, const std::string &description, const Json &estimate) {
      numbers.push_back({{"name", name + g},
                         {"units", units},
                         {"value", estimate.at("mean")},
                         {"standard_error", estimate.at("standard_error")},
                         {"description", description}});
    };
    add("energy_per_atom", "eV", "potential energy of an atom, mean over the second half", group.at("energy_per_atom_eV"));
    if (!strongest.empty()) {
      add("delta_" + strongest + "_shell_1_per_site", "1", "chemical order (N_ij - N0_ij) / sites, mean over the second half",
          group.at("order").at(strongest).at("shell_1").at("delta_per_site"));
    }
  }
  return numbers;
}

std::string mean_text(const Json &estimate, int decimals) {
  if (!estimate.at("mean").is_number()) {
    return "-";
  }
  const Json &error = estimate.at("standard_error");
  return fmt::format("{:.{}f}", estimate.at("mean").get<double>(), decimals) +
         (error.is_number() ? fmt::format(" +- {:.{}f}", error.get<double>(), decimals) : "");
}

std::string table_of(const SwapRunPlan &plan, const Json &groups) {
  const std::string pair = strongest_pair(plan, groups);
  std::string text = fmt::format("{:>8} {:>26} {:>24} {:>11}\n", "T (K)", "E/atom (eV)",
                                 pair.empty() ? "" : "delta " + pair + ", shell 1", "kept");
  for (const Json &group : groups) {
    const Json &kept = group.at("acceptance").at("all").at("fraction");
    text += fmt::format("{:>8.6g} {:>26} {:>24} {:>11}\n", group.at("temperature_K").get<double>(),
                        mean_text(group.at("energy_per_atom_eV"), 6),
                        pair.empty() ? "" : mean_text(group.at("order").at(pair).at("shell_1").at("delta_per_site"), 4),
                        kept.is_number() ? fmt::format("{:.4f}", kept.get<double>()) : "-");
  }
  return text + "means over the second half of the trials, with standard errors\n";
}

} // namespace

void write_swap_series(const fs::path &directory, const SwapPreset &preset, const SwapRunPlan &plan,
                       const std::vector<SwapRow> &rows) {
  H5File h5 =
      create_result_file(directory / "series.h5", "zener-swap-series-1", "swap_mc_md", preset.title, resolved(preset).dump());
  const std::size_t systems = preset.systems(), shells = plan.shells.size(), pairs = plan.pairs();
  std::vector<std::int64_t> trials, rung, replica, bonds, tried, kept;
  std::vector<double> bath, energy, temperature, volumes, delta;
  for (std::size_t k = 0; k < systems; ++k) {
    rung.push_back(static_cast<std::int64_t>(preset.rung(k)));
    replica.push_back(static_cast<std::int64_t>(k) % preset.replicas);
    bath.push_back(preset.temperatures_K[preset.rung(k)]);
  }
  const auto append = [](auto &to, const auto &from) { to.insert(to.end(), from.begin(), from.end()); };
  for (const SwapRow &row : rows) {
    trials.push_back(row.trial);
    append(bonds, row.bonds);
    append(tried, row.tried);
    append(kept, row.kept);
    append(temperature, row.temperature_K);
    append(volumes, row.volume_A3);
    for (std::size_t k = 0; k < systems; ++k) {
      energy.push_back(row.energy_eV[k] / static_cast<double>(plan.sites()));
      for (std::size_t s = 0; s < shells; ++s) {
        for (std::size_t p = 0; p < pairs; ++p) {
          delta.push_back(delta_per_site(plan, row, k, s, p));
        }
      }
    }
  }
  const H5File::Shape each{rows.size(), systems}, ordered{rows.size(), systems, shells, pairs};
  put(h5, "/trial", trials, {rows.size()}, "1", "trials of each system done at the row");
  put(h5, "/systems/rung", rung, {systems}, "1", "rung of the ladder of temperatures");
  put(h5, "/systems/replica", replica, {systems}, "1", "replica of the rung");
  put(h5, "/systems/temperature_K", bath, {systems}, "K", "temperature of the trials");
  h5.write_attribute("/systems", "atoms", plan.sites());
  put(h5, "/energy_per_atom_eV", energy, each, "eV", "potential energy of an atom");
  put(h5, "/temperature_K", temperature, each, "K", "temperature of the motion; 0 where nothing moves");
  put(h5, "/volume_A3", volumes, each, "A^3", "volume of the cell");
  std::vector<std::string> names;
  for (const PairName &pair : pairs_of(plan)) {
    names.push_back(pair.name);
  }
  h5.write_strings("/order/pairs", names, {names.size()});
  std::vector<double> distances;
  for (const Shell &shell : plan.shells) {
    distances.push_back(shell.distance_A);
  }
  put(h5, "/order/distance_A", distances, {shells}, "A", "mean distance of the neighbours of a shell, in the structure given");
  put(h5, "/order/expected_bonds", plan.expected, {shells, pairs}, "1",
      "N0_ij, expected bonds when the atoms of the cell are drawn without replacement");
  put(h5, "/order/bonds", bonds, ordered, "1", "unordered bonds N_ij of the shell in the cell");
  put(h5, "/order/delta_per_site", delta, ordered, "1", "(N_ij - N0_ij) / sites");
  put(h5, "/acceptance/tried", tried, {rows.size(), systems, pairs}, "1", "trials since the begin by pair of elements");
  put(h5, "/acceptance/kept", kept, {rows.size(), systems, pairs}, "1", "swaps kept since the begin by pair of elements");
  h5.close();
}

std::string write_swap_summary(const fs::path &directory, const SwapPreset &preset, const SwapRunPlan &plan,
                               const std::vector<SwapRow> &rows, const SwapRow &now, const SwapRecord &run) {
  const std::vector<const SwapRow *> half = second_half(rows);
  Json elements = Json::object();
  for (std::size_t e = 0; e < plan.counts.size(); ++e) {
    elements[plan.atoms.systems.front().elements[e]] = plan.counts[e];
  }
  Json groups = Json::array();
  for (std::size_t g = 0; g < preset.temperatures_K.size(); ++g) {
    groups.push_back(group_entry(preset, plan, half, now, g));
  }
  Json systems = Json::array();
  for (std::size_t k = 0; k < preset.systems(); ++k) {
    systems.push_back(
        {{"system", system_name(preset, k)}, {"energy_per_atom_eV", as_json(mean_of(half, [&](const SwapRow &row) {
                                                return row.energy_eV[k] / static_cast<double>(plan.sites());
                                              }))}});
  }
  const double trials_per_s = run.trials_made * static_cast<double>(preset.systems()) / std::max(run.trials_s, 1e-9);
  Json summary = {{"format", "zener-swap-summary-1"},
                  {"driver", "swap_mc_md"},
                  {"zener", {{"version", kVersion}, {"commit", kCommit}, {"compiler", kCompiler}}},
                  {"backend", run.backend},
                  {"device", run.device},
                  {"title", preset.title},
                  {"seed", preset.seed},
                  {"potential", plan.atoms.potential->description()},
                  {"run",
                   {{"status", run.status},
                    {"between", between_name(preset.between)},
                    {"trials", now.trial},
                    {"sweeps", static_cast<double>(now.trial) / static_cast<double>(plan.sites())},
                    {"systems", preset.systems()},
                    {"atoms", elements},
                    {"wall_s", run.wall_s},
                    {"trials_per_s", trials_per_s}}},
                  {"numbers", numbers_of(plan, groups)},
                  {"averages_from_trial", half.front()->trial},
                  {"groups", groups},
                  {"systems", systems},
                  {"warnings", run.warnings},
                  {"preset", Json::parse(resolved(preset).dump())}};
  write_file_atomically(directory / "summary.json", summary.dump(2) + "\n");
  return table_of(plan, groups);
}

void write_swap_configurations(const fs::path &directory, const std::string &name, const SwapPreset &preset,
                               std::vector<Atoms> systems, const SwapRow &row) {
  const fs::path folder = directory / "configurations";
  make_folder(folder);
  for (std::size_t k = 0; k < systems.size(); ++k) {
    Atoms &atoms = systems[k];
    atoms.has_energy = true;
    atoms.total_energy_eV = row.energy_eV[k];
    std::erase_if(atoms.info, [](const auto &entry) { return entry.first == "trial"; }); // of the run before
    atoms.info.emplace_back("trial", row.trial);
    if (!preset.dynamics()) {
      atoms.velocity_A_ps.clear();
    }
    write_atoms(folder / (name + "_" + system_name(preset, k) + ".xyz"), std::span(&atoms, 1), AtomFormat::extended_xyz);
  }
}

} // namespace zener
