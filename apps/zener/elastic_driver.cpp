#include "apps/zener/elastic_driver.hpp"

#include "apps/zener/result_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "apps/zener/statics_run.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/elastic_preset.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/signals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kSymmetryTolerance = 1e-3; // of the largest constant

Atoms crystal_of(const ElasticPreset &preset, const PotentialModel &potential) {
  Atoms crystal = make_structure(preset);
  check_elements(preset, potential, crystal);
  check_periodic(crystal, "elastic constants");
  return crystal;
}

// What the names of the drivers say of one matrix.
struct Described {
  ElasticSymmetry symmetry = ElasticSymmetry::lower;
  std::optional<Polycrystal> averages;
  Voigt eigenvalues{};
  bool stable() const { return eigenvalues[0] > 0.0; } // Born: every strain costs energy
};

Described described(const Matrix6 &c) { return {elastic_symmetry(c, kSymmetryTolerance), polycrystal(c), eigen(c).values}; }

Json numbers_of(const ElasticConstants &found, const Described &d, std::size_t atoms) {
  Json out = Json::array();
  const auto add = [&](const std::string &name, const char *units, double value, const char *what) {
    out.push_back(named_number(name, units, value, nullptr, what));
  };
  const Matrix6 &c = found.c_GPa;
  add("energy_per_atom", "eV", found.state.energy_eV / static_cast<double>(atoms), "energy of the unstrained crystal by atom");
  add("volume_per_atom", "A^3", found.state.volume_A3 / static_cast<double>(atoms), "volume of the unstrained crystal by atom");
  if (d.symmetry == ElasticSymmetry::cubic) {
    const CubicConstants cubic = cubic_constants(c);
    add("C11", "GPa", cubic.c11, "cubic elastic constant");
    add("C12", "GPa", cubic.c12, "cubic elastic constant");
    add("C44", "GPa", cubic.c44, "cubic elastic constant");
    add("bulk_modulus", "GPa", cubic.bulk(), "(C11 + 2 C12)/3");
    add("tetragonal_shear", "GPa", cubic.tetragonal_shear(), "C' = (C11 - C12)/2");
    add("zener_anisotropy", "1", cubic.zener_anisotropy(), "2 C44/(C11 - C12)");
  } else if (d.symmetry != ElasticSymmetry::lower) {
    add("C11", "GPa", 0.5 * (c[0][0] + c[1][1]), "mean of C11 and C22");
    add("C12", "GPa", c[0][1], "elastic constant");
    add("C13", "GPa", 0.5 * (c[0][2] + c[1][2]), "mean of C13 and C23");
    add("C33", "GPa", c[2][2], "elastic constant");
    add("C44", "GPa", 0.5 * (c[3][3] + c[4][4]), "mean of C44 and C55");
    add("C66", "GPa", c[5][5], "elastic constant");
  }
  if (d.averages) {
    add("bulk_modulus_hill", "GPa", d.averages->bulk_hill, "mean of Voigt's and Reuss's bulk modulus");
    add("shear_modulus_hill", "GPa", d.averages->shear_hill, "mean of Voigt's and Reuss's shear modulus");
    add("young_modulus", "GPa", d.averages->young, "of a polycrystal, by Hill's moduli");
    add("poisson_ratio", "1", d.averages->poisson, "of a polycrystal, by Hill's moduli");
    add("universal_anisotropy", "1", d.averages->universal_anisotropy, "5 G_V/G_R + K_V/K_R - 6, 0 for isotropic crystals");
  }
  return out;
}

std::string matrix_text(const Matrix6 &c) {
  std::string out;
  for (const Voigt &row : c) {
    for (const double x : row) {
      out += fmt::format("{:10.3f}", std::abs(x) < 5e-4 ? 0.0 : x);
    }
    out += "\n";
  }
  return out;
}

// What a reader of a paper would ask for, as text.
std::string table(const ElasticPreset &preset, const ElasticConstants &found, const Described &d, const Json &numbers) {
  std::string out = fmt::format(
      "{}\n\nElastic constants, GPa, in Voigt's order xx yy zz yz xz xy (strain {:g}, atoms {})\n{}\n", preset.title,
      preset.strain, found.atoms_relaxed ? "relaxed in the strained cells" : "not relaxed", matrix_text(found.c_GPa));
  if (found.atoms_relaxed) {
    out += "With clamped atoms\n" + matrix_text(found.clamped_GPa) + "\n";
  }
  out += fmt::format("symmetry along x, y, z: {}; {}\n", elastic_symmetry_name(d.symmetry),
                     d.stable() ? "stable (all eigenvalues positive)" : "NOT stable (a negative eigenvalue)");
  for (const Json &number : numbers) {
    out += fmt::format("{:<22} {:>14.6f} {:<4} {}\n", number.at("name").get<std::string>(), number.at("value").get<double>(),
                       number.at("units").get<std::string>(), number.at("description").get<std::string>());
  }
  return out;
}

std::vector<double> flat(const Matrix6 &m) {
  std::vector<double> out;
  for (const Voigt &row : m) {
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

void write_file(const StaticsRun &run, const std::string &title, const ElasticConstants &found, const Described &d) {
  H5File file = create_result_file(run.folder() / "elastic.h5", "zener-elastic-1", "elastic", title, run.preset_text());
  put(file, "/c_GPa", flat(found.c_GPa), {6, 6}, "GPa", "elastic constants, Voigt's order xx yy zz yz xz xy");
  put(file, "/clamped_GPa", flat(found.clamped_GPa), {6, 6}, "GPa", "the same without relaxation of the atoms");
  put(file, "/eigenvalues_GPa", std::vector<double>(d.eigenvalues.begin(), d.eigenvalues.end()), {6}, "GPa",
      "eigenvalues of the matrix, ascending");
  file.write_attribute("/", "symmetry", elastic_symmetry_name(d.symmetry));
  file.close();
}

} // namespace

int run_elastic(const RunOptions &options) { return run_elastic(options, {}); }

int run_elastic(const RunOptions &options, const MakeBatch &make) {
  catch_run_signals();
  const ElasticPreset preset = load_elastic_preset(options.preset, options.edits);
  StaticsRun run(options, preset, "elastic", make);
  const Atoms start = crystal_of(preset, run.potential());
  run.open(resolved(preset));
  log_info(fmt::format("crystal of {} atoms, {:.6g} A^3", start.size(), volume(start.cell)));

  const AtomRelaxation atoms = preset.relax_atoms == "auto"     ? AtomRelaxation::automatic
                               : preset.relax_atoms == "always" ? AtomRelaxation::always
                                                                : AtomRelaxation::never;
  EquilibriumPlan to_rest = equilibrium_plan(preset.equilibrium, preset.relax);
  to_rest.atoms = atoms;
  const Equilibrium rest = find_equilibrium(run.maker(), start, to_rest);
  if (stop_requested()) {
    return run.stopped();
  }
  log_info(fmt::format("cell {}: {:.6f} eV and {:.6f} A^3 by atom after {} steps",
                       preset.equilibrium.cell == CellFreedom::fixed ? "as given" : "at rest",
                       rest.state.energy_eV / static_cast<double>(start.size()),
                       rest.state.volume_A3 / static_cast<double>(start.size()), rest.iterations));
  const ElasticConstants found = elastic_constants(run.maker(), rest.atoms, {preset.strain, atoms, preset.relax});
  if (stop_requested()) {
    return run.stopped();
  }
  const Described d = described(found.c_GPa);
  const double largest = *std::max_element(d.eigenvalues.begin(), d.eigenvalues.end());
  if (!d.stable()) {
    run.warn(fmt::format("the crystal is not stable: the smallest eigenvalue of the elastic constants is {:.4g} GPa",
                         d.eigenvalues[0]));
  }
  if (found.asymmetry_GPa > 0.005 * largest) {
    run.warn(
        fmt::format("C_ij and C_ji differ by up to {:.3g} GPa: the cell is under stress, the strain is large, or the atoms "
                    "are not well relaxed",
                    2.0 * found.asymmetry_GPa));
  }
  Json numbers = Json::array();
  for (const auto &[name, length_A] : lattice_parameters(preset, rest.state.cell_A)) {
    numbers.push_back(named_number(name, "A", length_A, nullptr, "lattice parameter"));
  }
  for (const Json &number : numbers_of(found, d, start.size())) {
    numbers.push_back(number);
  }
  const std::string text = table(preset, found, d, numbers);
  write_file_atomically(run.folder() / "elastic.txt", text);
  write_atoms(run.folder() / "crystal.xyz", std::vector<Atoms>{rest.atoms});
  write_file(run, preset.title, found, d);
  Json averages = nullptr;
  if (d.averages) {
    const Polycrystal &p = *d.averages;
    averages = {{"bulk_GPa", {{"voigt", p.bulk_voigt}, {"reuss", p.bulk_reuss}, {"hill", p.bulk_hill}}},
                {"shear_GPa", {{"voigt", p.shear_voigt}, {"reuss", p.shear_reuss}, {"hill", p.shear_hill}}},
                {"young_GPa", p.young},
                {"poisson", p.poisson},
                {"universal_anisotropy", p.universal_anisotropy}};
  }
  run.write_summary("finished", {{"numbers", numbers},
                                 {"crystal",
                                  {{"atoms", atoms_by_element(start)},
                                   {"cell", cell_json(rest.state.cell_A)},
                                   {"energy_eV", rest.state.energy_eV},
                                   {"volume_A3", rest.state.volume_A3},
                                   {"stress_GPa", rest.state.stress()},
                                   {"steps", rest.iterations}}},
                                 {"elastic",
                                  {{"voigt_order", {"xx", "yy", "zz", "yz", "xz", "xy"}},
                                   {"c_GPa", found.c_GPa},
                                   {"clamped_c_GPa", found.clamped_GPa},
                                   {"atoms_relaxed", found.atoms_relaxed},
                                   {"largest_force_of_strained_cells_eV_A", found.largest_force_eV_A},
                                   {"asymmetry_GPa", found.asymmetry_GPa},
                                   {"symmetry", elastic_symmetry_name(d.symmetry)},
                                   {"eigenvalues_GPa", d.eigenvalues},
                                   {"stable", d.stable()},
                                   {"polycrystal", averages}}}});
  std::cout << text;
  return run.finish("elastic constants");
}

void check_elastic(const RunOptions &options) {
  const ElasticPreset preset = load_elastic_preset(options.preset, options.edits);
  const PotentialPointer potential = load_potential(preset);
  const Atoms crystal = crystal_of(preset, *potential);
  std::cout << resolved(preset).dump(2) << "\n";
  std::cout << fmt::format("device    {}\n", choose_device(options.device, options.threads).reason);
  std::cout << fmt::format("potential {}\n", potential->description());
  std::cout << fmt::format("crystal   {} atoms, {:.6g} A^3; 13 copies in the batch\n", crystal.size(), volume(crystal.cell));
}

} // namespace zener
