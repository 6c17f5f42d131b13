#include "apps/zener/relax_driver.hpp"

#include "apps/zener/result_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "apps/zener/statics_run.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/progress.hpp"
#include "host/neutral/relax_preset.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <numeric>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

std::vector<Atoms> systems_of(const RelaxPreset &preset, const PotentialModel &potential) {
  std::vector<Atoms> systems = make_structures(preset);
  for (const Atoms &atoms : systems) {
    check_elements(preset, potential, atoms);
    if (preset.relax.cell != CellFreedom::fixed) {
      check_periodic(atoms, "cells that relax");
    }
  }
  return systems;
}

Json system_json(const RelaxedSystems &relaxed, std::size_t k, double pressure_GPa) {
  const StaticState &before = relaxed.before[k];
  const StaticState &after = relaxed.after[k];
  const bool converged = !relaxed.converged.empty() && relaxed.converged[k] != 0;
  return {{"system", k},
          {"atoms", atoms_by_element(relaxed.atoms[k])},
          {"converged", converged},
          {"steps", relaxed.steps[k]},
          {"energy_before_eV", before.energy_eV},
          {"energy_eV", after.energy_eV},
          {"energy_per_atom_eV", after.energy_eV / static_cast<double>(relaxed.atoms[k].size())},
          {"enthalpy_eV", after.energy_eV + pressure_GPa / kGPa_per_eV_A3 * after.volume_A3},
          {"largest_force_eV_A", after.largest_force_eV_A},
          {"volume_before_A3", before.volume_A3},
          {"volume_A3", after.volume_A3},
          {"cell", cell_json(after.cell_A)},
          {"stress_GPa", after.stress()}};
}

void write_series(const StaticsRun &run, const std::string &title, const RelaxedSystems &relaxed) {
  H5File file = create_result_file(run.folder() / "relax.h5", "zener-relax-1", "relax", title, run.preset_text());
  const std::size_t samples = relaxed.series.size();
  const std::size_t systems = relaxed.atoms.size();
  std::vector<std::int64_t> steps;
  std::vector<double> energy;
  std::vector<double> force;
  std::vector<double> volume;
  std::vector<double> stress;
  for (const RelaxSample &sample : relaxed.series) {
    steps.insert(steps.end(), sample.steps.begin(), sample.steps.end());
    for (const StaticState &s : sample.states) {
      energy.push_back(s.energy_eV);
      force.push_back(s.largest_force_eV_A);
      volume.push_back(s.volume_A3);
      const Voigt of_state = s.stress();
      stress.insert(stress.end(), of_state.begin(), of_state.end());
    }
  }
  std::vector<std::int64_t> atoms;
  for (const Atoms &a : relaxed.atoms) {
    atoms.push_back(static_cast<std::int64_t>(a.size()));
  }
  put(file, "/atoms", atoms, {systems}, "1", "atoms of each system");
  put(file, "/step", steps, {samples, systems}, "1", "steps of each system until the row");
  put(file, "/energy_eV", energy, {samples, systems}, "eV", "potential energy");
  put(file, "/largest_force_eV_A", force, {samples, systems}, "eV/A", "largest force on an atom");
  put(file, "/volume_A3", volume, {samples, systems}, "A^3", "volume of the cell");
  put(file, "/stress_GPa", stress, {samples, systems, 6}, "GPa", "xx, yy, zz, yz, xz, xy; positive in tension");
  file.close();
}

} // namespace

int run_relax(const RunOptions &options) { return run_relax(options, {}); }

int run_relax(const RunOptions &options, const MakeBatch &make) {
  catch_run_signals();
  const RelaxPreset preset = load_relax_preset(options.preset, options.edits);
  StaticsRun run(options, preset, "relax", make);
  const std::vector<Atoms> systems = systems_of(preset, run.potential());
  run.open(resolved(preset));
  const auto atoms = std::accumulate(systems.begin(), systems.end(), std::size_t{0},
                                     [](std::size_t sum, const Atoms &a) { return sum + a.size(); });
  const std::string count = counted(systems.size(), "system");
  log_info(fmt::format("{} of {} atoms{}, cell {}", count, grouped(atoms), systems.size() == 1 ? "" : " together",
                       cell_freedom_name(preset.relax.cell)));

  Progress progress(systems.size(), 0, 1.0, "systems at rest");
  const RelaxedSystems relaxed = relax_systems(run.maker(), systems, preset.relax, [&](std::size_t at_rest) {
    progress.update(at_rest);
    return !stop_requested();
  });
  Json of_systems = Json::array();
  std::vector<std::string> restless;
  for (std::size_t k = 0; k < systems.size(); ++k) {
    of_systems.push_back(system_json(relaxed, k, preset.relax.pressure_GPa));
    if (of_systems.back().at("converged") == false) {
      restless.push_back(std::to_string(k));
    }
  }
  progress.finish(systems.size() - restless.size());
  if (!restless.empty()) {
    const std::size_t n = restless.size();
    restless.resize(std::min<std::size_t>(n, 10));
    run.warn(fmt::format("{} of {} systems did not come to rest within {} steps: {}{}. relaxed.xyz holds where they stand; "
                         "summary.json says how far they are",
                         n, systems.size(), preset.relax.max_steps, join(restless, ", "), n > 10 ? ", …" : ""));
  }
  write_atoms(run.folder() / "relaxed.xyz", relaxed.atoms);
  write_series(run, preset.title, relaxed);
  Json numbers = Json::array();
  if (systems.size() == 1) {
    numbers.push_back(named_number("energy", "eV", relaxed.after[0].energy_eV, nullptr, "energy of the relaxed system"));
    numbers.push_back(named_number("volume", "A^3", relaxed.after[0].volume_A3, nullptr, "volume of the relaxed system"));
  }
  run.write_summary(relaxed.stopped ? "interrupted" : "finished",
                    {{"converged", restless.empty()}, {"numbers", numbers}, {"systems", of_systems}});
  return relaxed.stopped ? run.stopped() : run.finish(count);
}

void check_relax(const RunOptions &options) {
  const RelaxPreset preset = load_relax_preset(options.preset, options.edits);
  const PotentialPointer potential = load_potential(preset);
  const std::vector<Atoms> systems = systems_of(preset, *potential);
  std::cout << resolved(preset).dump(2) << "\n";
  std::cout << fmt::format("device    {}\n", choose_device(options.device, options.threads).reason);
  std::cout << fmt::format("potential {}\n", potential->description());
  std::cout << fmt::format("systems   {}, the first of {} atoms\n", systems.size(), systems.front().size());
}

} // namespace zener
