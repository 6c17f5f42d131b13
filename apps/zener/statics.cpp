#include "apps/zener/statics.hpp"

#include "host/neutral/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

bool finite(const StaticState &s) {
  bool all = std::isfinite(s.energy_eV) && std::isfinite(s.largest_force_eV_A);
  for (const Vector3 &row : s.virial_eV) {
    all = all && std::all_of(row.begin(), row.end(), [](double x) { return std::isfinite(x); });
  }
  return all;
}

// Systems at rest in their cells.
struct Settled {
  std::vector<StaticState> clamped; // before the atoms moved
  std::vector<StaticState> states;
  std::vector<Atoms> atoms;
  bool relaxed = false;
};

Settled settle(AtomsBatch &batch, std::vector<Atoms> systems, AtomRelaxation mode, RelaxPlan plan) {
  batch.set_atoms(systems);
  Settled out;
  out.clamped = static_states(batch.evaluate(), systems);
  const bool moved = std::any_of(out.clamped.begin(), out.clamped.end(),
                                 [&](const StaticState &s) { return s.largest_force_eV_A > plan.force_tolerance_eV_A; });
  if (mode == AtomRelaxation::never || (mode == AtomRelaxation::automatic && !moved)) {
    out.states = out.clamped;
    out.atoms = std::move(systems);
    return out;
  }
  plan.cell = CellFreedom::fixed;
  const RelaxReport report = batch.relax(plan);
  out.atoms = batch.atoms();
  out.states = static_states(batch.evaluate(), out.atoms);
  out.relaxed = true;
  for (std::size_t k = 0; k < report.converged.size(); ++k) {
    if (report.converged[k] == 0) {
      throw DataError(
          fmt::format("the atoms of a strained cell did not relax: after {} steps the largest force is {:.3g} eV/A, "
                      "{:.3g} is asked for. Allow more steps or a larger force tolerance",
                      report.steps[k], out.states[k].largest_force_eV_A, plan.force_tolerance_eV_A));
    }
  }
  return out;
}

// Strains along which the cell may move, one Voigt vector each.
std::vector<Voigt> free_strains(CellFreedom freedom) {
  std::vector<Voigt> out;
  if (freedom == CellFreedom::isotropic) {
    out.push_back({1.0, 1.0, 1.0, 0.0, 0.0, 0.0});
  }
  const std::size_t components = freedom == CellFreedom::axes ? 3 : freedom == CellFreedom::full ? 6 : 0;
  for (std::size_t v = 0; v < components; ++v) {
    out.emplace_back();
    out.back()[v] = 1.0;
  }
  return out;
}

Voigt scaled(Voigt strain, double by) {
  for (double &s : strain) {
    s *= by;
  }
  return strain;
}

// What the stress does along a strain, per volume, at a pressure.
double along(const Voigt &strain, const Voigt &stress, double pressure_GPa) {
  double sum = 0.0;
  for (std::size_t v = 0; v < 6; ++v) {
    sum += strain[v] * (stress[v] + (v < 3 ? pressure_GPa : 0.0));
  }
  return sum;
}

std::string cell_text(const Matrix3 &cell) {
  const auto length = [](const Vector3 &v) { return std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]); };
  return fmt::format("{:.4g} x {:.4g} x {:.4g} A", length(cell[0]), length(cell[1]), length(cell[2]));
}

// -J^-1 r with the eigenvalues of J made positive and not too small: Newton's step near a minimum, downhill elsewhere.
std::vector<double> downhill(const std::vector<std::vector<double>> &j, const std::vector<double> &r) {
  const std::size_t n = r.size();
  Matrix6 padded{};
  double scale = 0.0;
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = 0; b < n; ++b) {
      padded[a][b] = 0.5 * (j[a][b] + j[b][a]);
      scale = std::max(scale, std::abs(padded[a][b]));
    }
  }
  for (std::size_t a = n; a < 6; ++a) {
    padded[a][a] = scale;
  }
  const Eigen6 e = eigen(padded);
  std::vector<double> step(n, 0.0);
  for (std::size_t m = 0; m < 6; ++m) {
    double part = 0.0;
    for (std::size_t a = 0; a < n; ++a) {
      part += e.vectors[m][a] * r[a];
    }
    const double stiffness = std::max({std::abs(e.values[m]), 0.02 * scale, 1e-6});
    for (std::size_t a = 0; a < n; ++a) {
      step[a] -= e.vectors[m][a] * part / stiffness;
    }
  }
  return step;
}

} // namespace

double largest_length(const std::vector<Vector3> &vectors) {
  double squared = 0.0;
  for (const Vector3 &f : vectors) {
    squared = std::fmax(squared, f[0] * f[0] + f[1] * f[1] + f[2] * f[2]);
  }
  return std::sqrt(squared);
}

void check_periodic(const Atoms &atoms, const char *what) {
  if (!(atoms.cell.periodic[0] && atoms.cell.periodic[1] && atoms.cell.periodic[2])) {
    throw DataError(fmt::format("{} need a crystal that is periodic in all three directions; this one is free along {}", what,
                                !atoms.cell.periodic[0]   ? "a"
                                : !atoms.cell.periodic[1] ? "b"
                                                          : "c"));
  }
}

std::vector<StaticState> static_states(const Evaluation &evaluation, const std::vector<Atoms> &systems) {
  std::vector<StaticState> out(systems.size());
  for (std::size_t k = 0; k < systems.size(); ++k) {
    out[k] = {evaluation.energy_eV[k], evaluation.virial_eV[k], systems[k].cell.vectors, volume(systems[k].cell),
              largest_length(evaluation.force_eV_A[k])};
    if (!finite(out[k])) {
      throw DataError(fmt::format("energy, forces or virial of system {} ({} atoms, cell {}) are not finite: atoms too close "
                                  "to each other, or a potential far outside what it was made for",
                                  k, systems[k].size(), cell_text(out[k].cell_A)));
    }
  }
  return out;
}

Matrix3 strain_between(const Cell &from, const Cell &to) {
  Matrix3 strain = times(inverse(from.vectors), to.vectors);
  for (std::size_t d = 0; d < 3; ++d) {
    strain[d][d] -= 1.0;
  }
  return strain;
}

Equilibrium find_equilibrium(const MakeAtoms &make, const Atoms &start, const EquilibriumPlan &plan) {
  const std::vector<Voigt> strains = free_strains(plan.freedom);
  if (!strains.empty()) {
    check_periodic(start, "cells that relax");
  }
  const std::size_t n = strains.size();
  const double first_volume = volume(start.cell);
  std::unique_ptr<AtomsBatch> batch = make(std::vector<Atoms>(1 + 2 * n, start));
  Equilibrium out;
  out.atoms = start;
  for (out.iterations = 0;; ++out.iterations) {
    std::vector<Atoms> copies{out.atoms};
    for (const Voigt &strain : strains) {
      for (const double sign : {1.0, -1.0}) {
        copies.push_back(strained(out.atoms, strain_tensor(scaled(strain, sign * plan.difference))));
      }
    }
    const Settled settled = settle(*batch, std::move(copies), plan.atoms, plan.relax);
    out.atoms = settled.atoms.front();
    out.state = settled.states.front();
    std::vector<double> r;
    double off = 0.0;
    for (const Voigt &strain : strains) {
      r.push_back(along(strain, out.state.stress(), plan.pressure_GPa));
      off = std::max(off, std::abs(r.back()) / (plan.freedom == CellFreedom::isotropic ? 3.0 : 1.0));
    }
    if (off <= plan.tolerance_GPa) {
      return out;
    }
    if (out.iterations == plan.max_iterations) {
      throw DataError(
          fmt::format("no equilibrium of the cell was found: after {} steps the stress is {:.3g} GPa off its target "
                      "with a cell of {}. Start nearer to it, or allow a larger tolerance",
                      out.iterations, off, cell_text(out.state.cell_A)));
    }
    std::vector<std::vector<double>> slopes(n, std::vector<double>(n));
    for (std::size_t b = 0; b < n; ++b) {
      const Voigt plus = settled.states[1 + 2 * b].stress();
      const Voigt minus = settled.states[2 + 2 * b].stress();
      for (std::size_t a = 0; a < n; ++a) {
        slopes[a][b] = (along(strains[a], plus, 0.0) - along(strains[a], minus, 0.0)) / (2.0 * plan.difference);
      }
    }
    std::vector<double> step = downhill(slopes, r);
    double longest = 0.0;
    for (const double s : step) {
      longest = std::max(longest, std::abs(s));
    }
    Voigt strain{};
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t v = 0; v < 6; ++v) {
        strain[v] += step[a] * strains[a][v] * std::min(1.0, plan.largest_strain / longest);
      }
    }
    out.atoms = strained(out.atoms, strain_tensor(strain));
    const double ratio = volume(out.atoms.cell) / first_volume;
    if (!(ratio > 0.5 && ratio < 2.0)) {
      throw DataError(fmt::format("the cell {}: its volume is {:.3g} times that of the start after {} steps, now {}. With this "
                                  "potential the crystal has no equilibrium near the start",
                                  ratio < 1.0 ? "collapses" : "falls apart", ratio, out.iterations + 1,
                                  cell_text(out.atoms.cell.vectors)));
    }
  }
}

ElasticConstants elastic_constants(const MakeAtoms &make, const Atoms &crystal, const ElasticPlan &plan) {
  check_periodic(crystal, "elastic constants");
  std::vector<Atoms> copies{crystal};
  for (int v = 0; v < 6; ++v) {
    for (const double sign : {1.0, -1.0}) {
      copies.push_back(strained(crystal, strain_tensor(v, sign * plan.strain)));
    }
  }
  std::unique_ptr<AtomsBatch> batch = make(copies);
  const Settled settled = settle(*batch, copies, plan.atoms, plan.relax);
  ElasticConstants out;
  out.state = settled.states.front();
  out.atoms_relaxed = settled.relaxed;
  for (const StaticState &s : settled.clamped) {
    out.largest_force_eV_A = std::max(out.largest_force_eV_A, s.largest_force_eV_A);
  }
  const auto slopes = [&](const std::vector<StaticState> &states, double &asymmetry) {
    Matrix6 c{};
    for (std::size_t j = 0; j < 6; ++j) {
      const Voigt plus = states[1 + 2 * j].stress();
      const Voigt minus = states[2 + 2 * j].stress();
      for (std::size_t i = 0; i < 6; ++i) {
        c[i][j] = (plus[i] - minus[i]) / (2.0 * plan.strain);
      }
    }
    for (std::size_t i = 0; i < 6; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        asymmetry = std::max(asymmetry, 0.5 * std::abs(c[i][j] - c[j][i]));
        c[i][j] = c[j][i] = 0.5 * (c[i][j] + c[j][i]);
      }
    }
    return c;
  };
  double of_clamped = 0.0;
  out.clamped_GPa = slopes(settled.clamped, of_clamped);
  out.c_GPa = slopes(settled.states, out.asymmetry_GPa);
  return out;
}

RelaxedSystems relax_systems(const MakeAtoms &make, const std::vector<Atoms> &systems, const RelaxPlan &plan,
                             const std::function<bool(std::size_t)> &go_on) {
  if (plan.cell != CellFreedom::fixed) {
    for (const Atoms &atoms : systems) {
      check_periodic(atoms, "cells that relax");
    }
  }
  std::unique_ptr<AtomsBatch> batch = make(systems);
  RelaxedSystems out;
  Evaluation evaluation = batch->evaluate();
  out.before = static_states(evaluation, systems);
  out.atoms = systems;
  out.after = out.before;
  out.steps.assign(systems.size(), 0);
  out.series.push_back({out.steps, out.before});
  for (std::int64_t done = 0; done < plan.max_steps && !out.stopped;) {
    RelaxPlan chunk = plan;
    chunk.max_steps = std::min(kRelaxChunk, plan.max_steps - done);
    chunk.path = true;
    const RelaxReport report = batch->relax(chunk);
    for (const RelaxMoment &moment : report.path) {
      RelaxSample sample;
      for (std::size_t k = 0; k < systems.size(); ++k) {
        const ThermoRow &row = moment.rows[k];
        sample.steps.push_back(out.steps[k] + moment.steps[k]);
        sample.states.push_back({row.potential_eV, row.virial_eV, row.cell_A, row.volume_A3, row.largest_force_eV_A});
      }
      out.series.push_back(std::move(sample));
    }
    done += chunk.max_steps;
    out.converged = report.converged;
    out.atoms = batch->atoms();
    evaluation = batch->evaluate();
    out.after = static_states(evaluation, out.atoms);
    for (std::size_t k = 0; k < systems.size(); ++k) {
      out.steps[k] += report.steps[k];
      const double ratio = out.after[k].volume_A3 / out.before[k].volume_A3;
      if (plan.cell != CellFreedom::fixed && !(ratio > 0.2 && ratio < 5.0)) {
        throw DataError(
            fmt::format("the cell of system {} {}: its volume is {:.3g} times that of the start after {} steps, now {}", k,
                        ratio < 1.0 ? "collapses" : "falls apart", ratio, out.steps[k], cell_text(out.after[k].cell_A)));
      }
    }
    out.series.push_back({out.steps, out.after});
    const auto at_rest = static_cast<std::size_t>(std::count(out.converged.begin(), out.converged.end(), std::uint8_t{1}));
    if (at_rest == systems.size()) {
      break;
    }
    out.stopped = go_on && !go_on(at_rest);
  }
  for (std::size_t k = 0; k < systems.size(); ++k) {
    put_evaluation(out.atoms[k], evaluation, k);
  }
  return out;
}

void put_evaluation(Atoms &atoms, const Evaluation &evaluation, std::size_t k) {
  atoms.has_energy = true;
  atoms.total_energy_eV = evaluation.energy_eV[k];
  atoms.has_virial = true;
  atoms.virial_eV = evaluation.virial_eV[k];
  atoms.force_eV_A = evaluation.force_eV_A[k];
  atoms.energy_eV = evaluation.atom_energy_eV[k];
}

} // namespace zener
