#include "apps/zener/defects_driver.hpp"

#include "apps/zener/result_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "apps/zener/statics_run.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/defect_energies.hpp"
#include "host/neutral/defects_preset.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/progress.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <set>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

AtomCounts counts_of(const Atoms &atoms) {
  AtomCounts out;
  for (const std::int32_t type : atoms.type) {
    ++out[atoms.elements[static_cast<std::size_t>(type)]];
  }
  return out;
}

Atoms read_last_frame(const std::filesystem::path &file) {
  AtomReadOptions options;
  options.first = -1;
  return std::move(read_atoms(file, options).front());
}

// A defect in a cell of one size.
struct Case {
  std::size_t defect = 0; // of the preset's list
  std::size_t size = 0;   // of the perfect cells; for a file the first
  Atoms atoms;
};

// The systems that a preset asks for, before any cell is brought to rest.
struct Task {
  std::vector<Atoms> perfect;          // [size]
  std::vector<std::string> size_names; // "4x4x4"
  std::vector<Case> cases;
};

Task make_task(const DefectsPreset &preset, const PotentialModel &potential) {
  Task task;
  std::vector<std::optional<std::array<int, 3>>> sizes(preset.cells.begin(), preset.cells.end());
  if (sizes.empty()) {
    sizes.emplace_back();
  }
  for (const auto &cells : sizes) {
    task.perfect.push_back(make_defect_structure(preset, cells, nullptr));
    check_elements(preset, potential, task.perfect.back());
    if (preset.equilibrium.cell != CellFreedom::fixed || preset.relax.cell != CellFreedom::fixed) {
      check_periodic(task.perfect.back(), "cells that relax");
    }
    const nlohmann::json named = cells ? nlohmann::json(*cells) : preset.structure.value("cells", nlohmann::json());
    task.size_names.push_back(named.is_array() && named.size() == 3
                                  ? fmt::format("{}x{}x{}", named[0].dump(), named[1].dump(), named[2].dump())
                                  : fmt::format("{} atoms", task.perfect.back().size()));
  }
  for (std::size_t d = 0; d < preset.defects.size(); ++d) {
    const DefectChoice &defect = preset.defects[d];
    for (std::size_t s = 0; s < (defect.build.is_null() ? 1 : sizes.size()); ++s) {
      Atoms atoms =
          defect.build.is_null() ? read_last_frame(defect.file) : make_defect_structure(preset, sizes[s], defect.build);
      check_elements(preset, potential, atoms);
      for (const std::string &element : exchanged_elements(counts_of(atoms), counts_of(task.perfect[s]))) {
        if (counts_of(task.perfect[s]).size() > 1 || counts_of(task.perfect[s]).count(element) == 0) {
          if (preset.chemical_potentials.count(element) == 0) {
            throw ConfigError(fmt::format("{}: /chemical_potentials: {} adds or takes away {}, and the crystal is not of that "
                                          "element alone: give its energy in eV, or {{\"structure\": {{…}}}}, a crystal of it",
                                          preset.file.string(), in_quotes(defect.name), element));
          }
        }
      }
      task.cases.push_back({d, s, std::move(atoms)});
    }
  }
  return task;
}

// One line of the table. Energies are enthalpies where the cell is free.
struct Row {
  std::string name;
  std::string cells;
  std::size_t atoms = 0;
  AtomCounts change; // of atoms against the perfect cell
  double formation_eV = kNone;
  double unrelaxed_formation_eV = kNone;
  double relaxation_eV = kNone;
  double binding_eV = kNone;
  bool converged = false;
  std::int64_t steps = 0;
  double largest_force_eV_A = kNone;
  double largest_displacement_A = kNone;
  double pressure_GPa = kNone;
  double relaxation_volume_A3 = kNone; // of a free cell: against the perfect one
  Matrix3 dipole_eV{};                 // of a fixed cell: virial minus that of the perfect one
};

// The largest move of an atom between two states of a system, with its cell's change taken out.
double largest_displacement(const Atoms &before, const Atoms &after) {
  const Matrix3 to_fraction = inverse(after.cell.vectors);
  const Matrix3 from = inverse(before.cell.vectors);
  double largest = 0.0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    Vector3 change = times(after.position_A[i], to_fraction);
    const Vector3 start = times(before.position_A[i], from);
    for (std::size_t d = 0; d < 3; ++d) {
      change[d] -= start[d];
      change[d] -= after.cell.periodic[d] ? std::round(change[d]) : 0.0;
    }
    const Vector3 moved = times(change, after.cell.vectors);
    largest = std::max(largest, std::sqrt(moved[0] * moved[0] + moved[1] * moved[1] + moved[2] * moved[2]));
  }
  return largest;
}

double enthalpy(const StaticState &s, double pressure_GPa) { return s.energy_eV + pressure_GPa / kGPa_per_eV_A3 * s.volume_A3; }

class DefectsRun {
public:
  DefectsRun(const RunOptions &options, DefectsPreset preset, const MakeBatch &make)
      : preset_(std::move(preset)), run_(options, preset_, "defects", make), task_(make_task(preset_, run_.potential())) {}

  int operator()() {
    run_.open(resolved(preset_));
    log_info(fmt::format("{} in cells {}: {}", counted(preset_.defects.size(), "defect"), join(task_.size_names, ", "),
                         counted(task_.perfect.size() + task_.cases.size(), "system")));
    for (std::size_t k = 0; k < task_.perfect.size(); ++k) {
      run_.warn_of_small_cell(task_.perfect[k], "cell " + task_.size_names[k]);
    }
    bring_to_rest();
    find_potentials();
    if (stop_requested()) {
      return run_.stopped();
    }
    std::vector<Atoms> systems = task_.perfect;
    for (const Case &each : task_.cases) {
      systems.push_back(each.atoms);
    }
    Progress progress(systems.size(), 0, 1.0, "systems at rest");
    const RelaxedSystems relaxed = relax_systems(run_.maker(), systems, preset_.relax, [&](std::size_t at_rest) {
      progress.update(at_rest);
      return !stop_requested();
    });
    progress.finish(static_cast<std::uint64_t>(std::count(relaxed.converged.begin(), relaxed.converged.end(), 1)));
    make_rows(systems, relaxed);
    write(relaxed);
    return relaxed.stopped ? run_.stopped() : run_.finish(counted(rows_.size(), "defect"));
  }

private:
  // Every perfect cell at its rest, and the cells with built defects strained alike. Cells from files stay.
  void bring_to_rest() {
    for (std::size_t s = 0; s < task_.perfect.size() && preset_.equilibrium.cell != CellFreedom::fixed; ++s) {
      const Atoms start = task_.perfect[s];
      const Equilibrium rest = find_equilibrium(run_.maker(), start, equilibrium_plan(preset_.equilibrium, preset_.relax));
      const Matrix3 strain = strain_between(start.cell, rest.atoms.cell);
      task_.perfect[s] = rest.atoms;
      for (Case &each : task_.cases) {
        if (each.size == s && !preset_.defects[each.defect].build.is_null()) {
          each.atoms = strained(each.atoms, strain);
        }
      }
      run_.log_rest(task_.size_names[s], start, rest);
    }
  }

  void find_potentials() {
    for (const auto &[element, mu] : preset_.chemical_potentials) {
      if (mu.energy_eV) {
        potentials_[element] = *mu.energy_eV;
        continue;
      }
      AtomsPreset reservoir = preset_;
      reservoir.structure = mu.structure;
      const Atoms start = make_structure(reservoir);
      if (counts_of(start).size() != 1 || counts_of(start).count(element) == 0) {
        throw ConfigError(fmt::format("{}: /chemical_potentials/{}: the structure is not of {} alone", preset_.file.string(),
                                      element, element));
      }
      check_elements(preset_, run_.potential(), start);
      EquilibriumPlan plan = equilibrium_plan(preset_.equilibrium, preset_.relax);
      plan.freedom = plan.freedom == CellFreedom::fixed ? CellFreedom::isotropic : plan.freedom;
      const StaticState state = find_equilibrium(run_.maker(), start, plan).state;
      potentials_[element] = enthalpy(state, plan.pressure_GPa) / static_cast<double>(start.size());
      log_info(fmt::format("chemical potential of {}: {:.6f} eV", element, potentials_[element]));
    }
  }

  void make_rows(const std::vector<Atoms> &systems, const RelaxedSystems &relaxed) {
    const double pressure = preset_.relax.cell == CellFreedom::fixed ? 0.0 : preset_.relax.pressure_GPa;
    std::set<std::string> restless;
    std::vector<std::map<std::string, double>> formation(task_.perfect.size()); // by size and name
    for (std::size_t k = 0; k < systems.size(); ++k) {
      const bool converged = !relaxed.converged.empty() && relaxed.converged[k] != 0;
      const bool perfect = k < task_.perfect.size();
      if (!converged) {
        restless.insert(perfect ? "perfect cell " + task_.size_names[k]
                                : preset_.defects[task_.cases[k - task_.perfect.size()].defect].name);
      }
      if (perfect) {
        continue;
      }
      const Case &each = task_.cases[k - task_.perfect.size()];
      const bool from_file = preset_.defects[each.defect].build.is_null();
      const StaticState &crystal = relaxed.after[each.size];
      const StaticState &before = relaxed.before[k];
      const StaticState &after = relaxed.after[k];
      const AtomCounts of_defect = counts_of(systems[k]);
      AtomCounts of_crystal = counts_of(systems[each.size]);
      std::map<std::string, double> mu = potentials_;
      if (of_crystal.size() == 1) {
        mu.emplace(of_crystal.begin()->first, enthalpy(crystal, pressure) / static_cast<double>(of_crystal.begin()->second));
      }
      Row row;
      row.name = preset_.defects[each.defect].name;
      row.cells = from_file ? fmt::format("{} atoms", systems[k].size()) : task_.size_names[each.size];
      row.atoms = systems[k].size();
      for (const std::string &element : exchanged_elements(of_defect, of_crystal)) {
        row.change[element] = of_defect.count(element) > 0 ? of_defect.at(element) : 0;
        row.change[element] -= of_crystal.count(element) > 0 ? of_crystal.at(element) : 0;
      }
      const auto energy = [&](const StaticState &s) {
        return formation_energy_eV(enthalpy(s, pressure), of_defect, enthalpy(crystal, pressure), of_crystal, mu);
      };
      row.unrelaxed_formation_eV = energy(before);
      row.formation_eV = energy(after);
      row.relaxation_eV = row.unrelaxed_formation_eV - row.formation_eV;
      row.converged = converged;
      row.steps = relaxed.steps[k];
      row.largest_force_eV_A = after.largest_force_eV_A;
      row.largest_displacement_A = largest_displacement(systems[k], relaxed.atoms[k]);
      const Voigt stress = after.stress();
      row.pressure_GPa = -(stress[0] + stress[1] + stress[2]) / 3.0;
      if (preset_.relax.cell != CellFreedom::fixed && !from_file) {
        row.relaxation_volume_A3 = after.volume_A3 - crystal.volume_A3;
      }
      for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
          const double strained_crystal =
              from_file ? crystal.virial_eV[i][j] * after.volume_A3 / crystal.volume_A3 : crystal.virial_eV[i][j];
          row.dipole_eV[i][j] = after.virial_eV[i][j] - strained_crystal;
        }
      }
      formation[each.size][row.name] = row.formation_eV;
      rows_.push_back(std::move(row));
    }
    for (std::size_t c = 0; c < rows_.size(); ++c) {
      const auto &parts = preset_.defects[task_.cases[c].defect].parts;
      const auto &known = formation[task_.cases[c].size];
      if (!parts.empty() && std::all_of(parts.begin(), parts.end(), [&](const auto &p) { return known.count(p.first) > 0; })) {
        rows_[c].binding_eV = binding_energy_eV(rows_[c].formation_eV, parts, known);
      }
    }
    if (!restless.empty()) {
      std::vector<std::string> names(restless.begin(), restless.end());
      run_.warn(fmt::format("{} systems did not come to rest within {} steps, their energies are too high: {}", names.size(),
                            preset_.relax.max_steps, join(names, ", ")));
    }
  }

  void write(const RelaxedSystems &relaxed) {
    std::string csv = "defect,cells,atoms,formation_eV,unrelaxed_formation_eV,relaxation_eV,binding_eV,converged,steps,"
                      "largest_force_eV_A,largest_displacement_A,pressure_GPa,relaxation_volume_A3\n";
    std::string text = fmt::format("{:<28} {:>12} {:>8} {:>12} {:>12} {:>12} {:>12}\n", "defect", "cells", "atoms", "E_f (eV)",
                                   "unrelaxed", "relaxation", "binding");
    Json rows = Json::array();
    Json numbers = Json::array();
    for (const Row &row : rows_) {
      const std::string quoted = row.name.find_first_of(",\"") == std::string::npos ? row.name : in_quotes(row.name);
      csv += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", quoted, row.cells, row.atoms,
                         number_text(row.formation_eV), number_text(row.unrelaxed_formation_eV), number_text(row.relaxation_eV),
                         number_or_dash(row.binding_eV, "{}"), row.converged ? "yes" : "no", row.steps,
                         number_text(row.largest_force_eV_A), number_text(row.largest_displacement_A),
                         number_text(row.pressure_GPa), number_or_dash(row.relaxation_volume_A3, "{}"));
      text += fmt::format("{:<28} {:>12} {:>8} {:>12.5f} {:>12.5f} {:>12.5f} {:>12}{}\n", row.name, row.cells, row.atoms,
                          row.formation_eV, row.unrelaxed_formation_eV, row.relaxation_eV,
                          number_or_dash(row.binding_eV, "{:.5f}"), row.converged ? "" : "  not at rest");
      rows.push_back({{"defect", row.name},
                      {"cells", row.cells},
                      {"atoms", row.atoms},
                      {"atoms_added", row.change},
                      {"formation_eV", row.formation_eV},
                      {"unrelaxed_formation_eV", row.unrelaxed_formation_eV},
                      {"relaxation_eV", row.relaxation_eV},
                      {"binding_eV", row.binding_eV},
                      {"converged", row.converged},
                      {"steps", row.steps},
                      {"largest_force_eV_A", row.largest_force_eV_A},
                      {"largest_displacement_A", row.largest_displacement_A},
                      {"pressure_GPa", row.pressure_GPa},
                      {"relaxation_volume_A3", row.relaxation_volume_A3},
                      {"elastic_dipole_eV", row.dipole_eV}});
      const std::string suffix = task_.perfect.size() > 1 ? "_" + row.cells : "";
      numbers.push_back(named_number("formation_" + row.name + suffix, "eV", row.formation_eV, nullptr,
                                     "formation energy of " + row.name + " in " + row.cells));
      if (std::isfinite(row.binding_eV)) {
        numbers.push_back(named_number("binding_" + row.name + suffix, "eV", row.binding_eV, nullptr,
                                       "binding energy of " + row.name + " in " + row.cells + ", positive when bound"));
      }
    }
    Json crystals = Json::array();
    for (std::size_t s = 0; s < task_.perfect.size(); ++s) {
      const StaticState &state = relaxed.after[s];
      crystals.push_back({{"cells", task_.size_names[s]},
                          {"atoms", atoms_by_element(task_.perfect[s])},
                          {"energy_eV", state.energy_eV},
                          {"energy_per_atom_eV", state.energy_eV / static_cast<double>(task_.perfect[s].size())},
                          {"cell", cell_json(state.cell_A)},
                          {"stress_GPa", state.stress()}});
    }
    write_file_atomically(run_.folder() / "defects.csv", csv);
    write_file_atomically(run_.folder() / "defects.txt", text);
    std::vector<Atoms> frames = relaxed.atoms;
    for (std::size_t k = 0; k < frames.size(); ++k) {
      const bool perfect = k < task_.perfect.size();
      frames[k].info.emplace_back("defect", perfect ? "none" : rows_[k - task_.perfect.size()].name);
      frames[k].info.emplace_back("cells", perfect ? task_.size_names[k] : rows_[k - task_.perfect.size()].cells);
    }
    write_atoms(run_.folder() / "relaxed.xyz", frames);
    write_h5();
    run_.write_summary(
        relaxed.stopped ? "interrupted" : "finished",
        {{"numbers", numbers}, {"crystals", crystals}, {"chemical_potentials_eV", potentials_}, {"defects", rows}});
    std::cout << text;
  }

  void write_h5() {
    H5File file =
        create_result_file(run_.folder() / "defects.h5", "zener-defects-1", "defects", preset_.title, run_.preset_text());
    std::vector<std::string> names;
    std::vector<std::string> cells;
    for (const Row &row : rows_) {
      names.push_back(row.name);
      cells.push_back(row.cells);
    }
    file.write_strings("/defect", names, {names.size()});
    file.write_strings("/cells", cells, {cells.size()});
    const auto column = [&](const char *name, double Row::*of, const char *units, const char *what) {
      std::vector<double> values;
      for (const Row &row : rows_) {
        values.push_back(row.*of);
      }
      put(file, name, values, {values.size()}, units, what);
    };
    column("/formation_eV", &Row::formation_eV, "eV", "formation energy");
    column("/unrelaxed_formation_eV", &Row::unrelaxed_formation_eV, "eV", "formation energy before relaxation");
    column("/binding_eV", &Row::binding_eV, "eV", "binding energy, positive when bound; NaN for what is no cluster");
    file.close();
  }

  DefectsPreset preset_;
  StaticsRun run_;
  Task task_;
  std::map<std::string, double> potentials_;
  std::vector<Row> rows_;
};

} // namespace

int run_defects(const RunOptions &options) { return run_defects(options, {}); }

int run_defects(const RunOptions &options, const MakeBatch &make) {
  catch_run_signals();
  return DefectsRun(options, load_defects_preset(options.preset, options.edits), make)();
}

void check_defects(const RunOptions &options) {
  const DefectsPreset preset = load_defects_preset(options.preset, options.edits);
  const PotentialPointer potential = load_potential(preset);
  const Task task = make_task(preset, *potential);
  std::cout << resolved(preset).dump(2) << "\n";
  std::cout << fmt::format("device    {}\n", choose_device(options.device, options.threads).reason);
  std::cout << fmt::format("potential {}\n", potential->description());
  for (std::size_t s = 0; s < task.perfect.size(); ++s) {
    std::cout << fmt::format("cell      {}: {} atoms\n", task.size_names[s], task.perfect[s].size());
  }
  std::cout << fmt::format("defects   {} systems in one batch\n", task.perfect.size() + task.cases.size());
}

} // namespace zener
