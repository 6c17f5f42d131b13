#include "apps/zener/lattice_driver.hpp"

#include "apps/zener/result_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "apps/zener/statics_run.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/lattice_preset.hpp"
#include "host/neutral/line_fit.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/progress.hpp"
#include "host/neutral/series_statistics.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/structure_builder.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <limits>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kChunk_s = 0.5; // of a call of advance(), for signals and progress; results do not depend on it

// Lattice parameters against those of the structure as it was built: a along x and y, c along z.
struct Reference {
  Matrix3 cell{};
  double a_A = 0.0;
  double c_A = 0.0; // a for cubic crystals
  bool cubic = true;
};

struct Parameters {
  double a_A = kNone;
  double c_A = kNone;
};

double length(const Vector3 &v) { return std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]); }

// With the three lengths on their own, a is the mean over x and y (over x, y and z in a cubic crystal) and c is along z.
Parameters parameters(const Reference &reference, const Matrix3 &cell, CellFreedom freedom) {
  if (freedom == CellFreedom::isotropic) {
    const double stretch = std::cbrt(std::abs(determinant(cell)) / std::abs(determinant(reference.cell)));
    return {reference.a_A * stretch, reference.c_A * stretch};
  }
  std::array<double, 3> stretch{};
  for (std::size_t d = 0; d < 3; ++d) {
    stretch[d] = length(cell[d]) / length(reference.cell[d]);
  }
  if (reference.cubic) {
    const double a = reference.a_A * (stretch[0] + stretch[1] + stretch[2]) / 3.0;
    return {a, a};
  }
  return {reference.a_A * 0.5 * (stretch[0] + stretch[1]), reference.c_A * stretch[2]};
}

// a and c are the lengths of the first and third vector over the cells along them.
Reference reference_of(const LatticePreset &preset, const Atoms &atoms) {
  std::array<double, 3> unit{};
  for (std::size_t d = 0; d < 3; ++d) {
    unit[d] = length(atoms.cell.vectors[d]) / preset.cells[d];
  }
  const auto same = [](double x, double y) { return std::abs(x - y) < 1e-6 * x; };
  return {atoms.cell.vectors, unit[0], unit[2], same(unit[0], unit[1]) && same(unit[0], unit[2])};
}

struct Task {
  std::vector<std::string> names; // [case]
  std::vector<Atoms> cells;       // [case]
  Reference reference;
};

Task make_task(const LatticePreset &preset, const PotentialModel &potential) {
  Task task;
  task.names.push_back("perfect");
  task.cells.push_back(make_structure(preset));
  for (const DefectChoice &defect : preset.defects) {
    task.names.push_back(defect.name);
    task.cells.push_back(make_defect_structure(preset, std::nullopt, defect.build));
  }
  for (const Atoms &atoms : task.cells) {
    check_elements(preset, potential, atoms);
    if (!(atoms.cell.periodic[0] && atoms.cell.periodic[1] && atoms.cell.periodic[2])) {
      throw ConfigError(fmt::format("{}: /structure: a lattice parameter needs a crystal that is periodic in all three "
                                    "directions",
                                    preset.file.string()));
    }
  }
  task.reference = reference_of(preset, task.cells.front());
  return task;
}

// Means of one case at one temperature, over its replicas.
struct Point {
  double temperature_K = 0.0;
  Estimate a_A;
  Estimate c_A;
  Estimate ratio; // c/a
  Estimate volume_per_atom_A3;
  double mean_temperature_K = kNone;
};

// Replicas are independent: means of means.
Estimate together(const std::vector<Estimate> &replicas) {
  Estimate out{0.0, 0.0};
  for (const Estimate &e : replicas) {
    out.mean += e.mean / static_cast<double>(replicas.size());
    out.standard_error += e.standard_error * e.standard_error;
  }
  out.standard_error = std::sqrt(out.standard_error) / static_cast<double>(replicas.size());
  return out;
}

class LatticeRun {
public:
  LatticeRun(const RunOptions &options, LatticePreset preset, const MakeBatch &make)
      : preset_(std::move(preset)), run_(options, preset_, "lattice_parameter", make),
        task_(make_task(preset_, run_.potential())) {}

  int operator()() {
    run_.open(resolved(preset_));
    std::vector<std::string> sizes;
    for (std::size_t c = 0; c < task_.cells.size(); ++c) {
      sizes.push_back(fmt::format("{} ({} atoms)", task_.names[c], grouped(task_.cells[c].size())));
    }
    log_info(fmt::format("{}; {}, {}", join(sizes, ", "), counted(preset_.temperatures_K.size(), "temperature"),
                         counted(replicas(), "replica")));
    bring_to_rest();
    if (preset_.with_static && !stop_requested()) {
      relax();
    }
    if (!preset_.temperatures_K.empty() && !stop_requested()) {
      advance();
    }
    const bool stopped = stop_requested() && (static_.size() < 1 || step_ < last_step());
    average();
    write(stopped ? "interrupted" : "finished");
    return stopped ? run_.stopped() : run_.finish(counted(task_.cells.size(), "cell"));
  }

private:
  std::int64_t last_step() const { return preset_.temperatures_K.empty() ? 0 : preset_.equilibration_steps + preset_.steps; }

  // The perfect cell at its static minimum, and all others strained alike: where the dynamics start.
  void bring_to_rest() {
    EquilibriumPlan plan;
    plan.freedom = preset_.freedom();
    plan.pressure_GPa = preset_.pressure_GPa;
    plan.relax = preset_.relax;
    const Atoms start = task_.cells.front();
    const Equilibrium rest = find_equilibrium(run_.maker(), start, plan);
    const Matrix3 strain = strain_between(start.cell, rest.atoms.cell);
    for (Atoms &atoms : task_.cells) {
      atoms = strained(atoms, strain);
    }
    perfect_ = parameters(task_.reference, rest.state.cell_A, preset_.freedom());
    log_info(fmt::format("perfect crystal at 0 K: a = {:.6f} A{}, {:.6f} eV by atom", perfect_.a_A,
                         task_.reference.cubic ? "" : fmt::format(", c = {:.6f} A", perfect_.c_A),
                         rest.state.energy_eV / static_cast<double>(start.size())));
  }

  void relax() {
    const RelaxedSystems relaxed =
        relax_systems(run_.maker(), task_.cells, preset_.relax, [](std::size_t) { return !stop_requested(); });
    for (std::size_t c = 0; c < task_.cells.size(); ++c) {
      static_.push_back(c == 0 ? perfect_ : parameters(task_.reference, relaxed.after[c].cell_A, preset_.freedom()));
      if (relaxed.converged.empty() || relaxed.converged[c] == 0) {
        run_.warn(fmt::format("{}: the cell at 0 K did not come to rest within {} steps, the largest force is {:.3g} eV/A",
                              task_.names[c], relaxed.steps[c], relaxed.after[c].largest_force_eV_A));
      }
    }
    write_atoms(run_.folder() / "static.xyz", relaxed.atoms);
  }

  std::size_t temperatures() const { return preset_.temperatures_K.size(); }
  std::size_t replicas() const { return static_cast<std::size_t>(preset_.replicas); }

  void advance() {
    std::vector<Atoms> systems;
    DynamicsPlan plan;
    plan.ensemble = preset_.ensemble;
    plan.dt_fs = preset_.time_step_fs;
    plan.thermostat_time_fs = preset_.thermostat_time_fs;
    plan.barostat_time_fs = preset_.barostat_time_fs;
    plan.chain = preset_.chain;
    plan.compressibility_per_GPa = preset_.compressibility_per_GPa;
    for (const Atoms &cell : task_.cells) {
      for (const double temperature_K : preset_.temperatures_K) {
        for (int r = 0; r < preset_.replicas; ++r) {
          const std::uint32_t seed = seed_of_system(preset_.seed, systems.size());
          systems.push_back(cell);
          // A crystal at rest keeps half of what it is given as motion.
          set_velocities(systems.back(), 2.0 * temperature_K, seed);
          plan.begin_K.push_back(temperature_K);
        }
      }
    }
    plan.end_K = plan.begin_K;
    plan.pressure_GPa.assign(systems.size(), {preset_.pressure_GPa, preset_.pressure_GPa, preset_.pressure_GPa});
    volumes_.resize(systems.size());
    a_.resize(systems.size());
    c_.resize(systems.size());
    kelvin_.resize(systems.size());
    const std::unique_ptr<AtomsBatch> batch = run_.maker()(systems);
    batch->set_dynamics(plan);
    Progress progress(static_cast<std::uint64_t>(last_step()), 0, 1.0, "steps");
    std::int64_t chunk = 1;
    while (step_ < last_step() && !stop_requested()) {
      const std::int64_t until = std::min(last_step(), step_ + chunk);
      std::vector<std::int64_t> samples;
      const std::int64_t from = std::max(step_, preset_.equilibration_steps) - preset_.equilibration_steps;
      for (std::int64_t s = (from / preset_.sample_every + 1) * preset_.sample_every; preset_.equilibration_steps + s <= until;
           s += preset_.sample_every) {
        samples.push_back(preset_.equilibration_steps + s);
      }
      const auto start = std::chrono::steady_clock::now();
      const DynamicsReport report = batch->advance(until, samples);
      const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (report.exploded) {
        refuse_explosion(report, plan, systems);
      }
      for (const std::vector<ThermoRow> &row : report.rows) {
        take(row);
      }
      step_ = until;
      chunk = std::max<std::int64_t>(
          1, static_cast<std::int64_t>(static_cast<double>(chunk) * std::clamp(kChunk_s / std::max(took, 1e-6), 0.25, 4.0)));
      progress.update(static_cast<std::uint64_t>(step_));
    }
    progress.finish(static_cast<std::uint64_t>(step_));
    final_ = batch->atoms();
    write_atoms(run_.folder() / "final.xyz", final_);
  }

  void take(const std::vector<ThermoRow> &row) {
    sampled_.push_back(row.front().step);
    for (std::size_t k = 0; k < row.size(); ++k) {
      const Parameters p = parameters(task_.reference, row[k].cell_A, preset_.freedom());
      volumes_[k].push_back(row[k].volume_A3);
      a_[k].push_back(p.a_A);
      c_[k].push_back(p.c_A);
      kelvin_[k].push_back(row[k].temperature_K);
      const double ratio = row[k].volume_A3 / volume(task_.cells[k / (temperatures() * replicas())].cell);
      if (!(ratio > 0.5 && ratio < 2.0)) {
        throw DataError(
            fmt::format("{} at {} K: the cell {} at step {}: its volume is {:.3g} times that at 0 K. The crystal is "
                        "not stable at this temperature and pressure, or the barostat_time_fs of {} is too short",
                        task_.names[k / (temperatures() * replicas())], temperature_of(k),
                        ratio < 1.0 ? "collapses" : "falls apart", row[k].step, ratio, preset_.barostat_time_fs));
      }
    }
  }

  double temperature_of(std::size_t system) const { return preset_.temperatures_K[system / replicas() % temperatures()]; }

  [[noreturn]] void refuse_explosion(const DynamicsReport &report, const DynamicsPlan &plan,
                                     const std::vector<Atoms> &systems) const {
    const auto k = static_cast<std::size_t>(report.exploded_system);
    throw DataError(fmt::format("the dynamics of {} at {} K explode at step {}: {}. Try a smaller time_step_fs ({} here) or a "
                                "longer barostat_time_fs ({}); the potential may not be made for this state",
                                task_.names.at(k / (temperatures() * replicas())), temperature_of(k), report.exploded_step,
                                explosion_text(report, systems.at(k), plan), preset_.time_step_fs, preset_.barostat_time_fs));
  }

  void average() {
    if (sampled_.size() < 2) {
      return;
    }
    for (std::size_t c = 0; c < task_.cells.size(); ++c) {
      points_.emplace_back();
      for (std::size_t t = 0; t < temperatures(); ++t) {
        std::vector<Estimate> a;
        std::vector<Estimate> along_c;
        std::vector<Estimate> ratio;
        std::vector<Estimate> volume_of_atom;
        double kelvin = 0.0;
        for (std::size_t r = 0; r < replicas(); ++r) {
          const std::size_t k = (c * temperatures() + t) * replicas() + r;
          std::vector<double> quotient;
          std::vector<double> by_atom;
          for (std::size_t i = 0; i < a_[k].size(); ++i) {
            quotient.push_back(c_[k][i] / a_[k][i]);
            by_atom.push_back(volumes_[k][i] / static_cast<double>(task_.cells[c].size()));
            kelvin += kelvin_[k][i] / static_cast<double>(a_[k].size() * replicas());
          }
          a.push_back(block_mean(a_[k]));
          along_c.push_back(block_mean(c_[k]));
          ratio.push_back(block_mean(quotient));
          volume_of_atom.push_back(block_mean(by_atom));
        }
        points_.back().push_back(
            {preset_.temperatures_K[t], together(a), together(along_c), together(ratio), together(volume_of_atom), kelvin});
      }
    }
  }

  // Linear coefficient of thermal expansion: slope of the line through all temperatures over its value in their middle, 1/K.
  Estimate expansion(std::size_t c, Estimate Point::*of) const {
    if (temperatures() < 2) {
      return {kNone, kNone};
    }
    std::vector<double> y;
    std::vector<double> error;
    for (const Point &p : points_[c]) {
      y.push_back((p.*of).mean);
      error.push_back((p.*of).standard_error);
    }
    const Line line =
        fit_line(preset_.temperatures_K, y, error, 0.5 * (preset_.temperatures_K.front() + preset_.temperatures_K.back()));
    return {line.slope / line.value, line.slope_error / line.value};
  }

  static Json estimate(const Estimate &e) { return {{"mean", e.mean}, {"standard_error", e.standard_error}}; }

  void write(const std::string &status) {
    const bool cubic = task_.reference.cubic;
    Json cases = Json::array();
    Json numbers = Json::array();
    std::string csv = "case,atoms,temperature_K,a_A,a_standard_error_A,c_A,c_standard_error_A,volume_per_atom_A3,"
                      "volume_standard_error_A3\n";
    for (std::size_t c = 0; c < task_.cells.size(); ++c) {
      const std::string &name = task_.names[c];
      Json entry = {{"case", name}, {"atoms", atoms_by_element(task_.cells[c])}};
      if (c < static_.size()) {
        entry["static"] = {{"a_A", static_[c].a_A}, {"c_A", cubic ? Json(nullptr) : Json(static_[c].c_A)}};
        numbers.push_back(named_number("a_0K_" + name, "A", static_[c].a_A, nullptr, "lattice parameter at 0 K, " + name));
        if (!cubic) {
          numbers.push_back(
              named_number("c_over_a_0K_" + name, "1", static_[c].c_A / static_[c].a_A, nullptr, "c/a at 0 K, " + name));
        }
        csv += fmt::format("{},{},0,{},,{},,,\n", name, task_.cells[c].size(), static_[c].a_A, static_[c].c_A);
      }
      Json points = Json::array();
      if (c < points_.size()) {
        for (std::size_t t = 0; t < temperatures(); ++t) {
          const Point &p = points_[c][t];
          Json point = {{"temperature_K", p.temperature_K},
                        {"mean_temperature_K", p.mean_temperature_K},
                        {"a_A", estimate(p.a_A)},
                        {"volume_per_atom_A3", estimate(p.volume_per_atom_A3)}};
          if (!cubic) {
            point["c_A"] = estimate(p.c_A);
            point["c_over_a"] = estimate(p.ratio);
          }
          if (c > 0) {
            const Point &perfect = points_[0][t];
            const double error = std::hypot(p.a_A.standard_error, perfect.a_A.standard_error);
            point["a_minus_perfect_A"] = estimate({p.a_A.mean - perfect.a_A.mean, error});
          }
          points.push_back(point);
          csv += fmt::format("{},{},{},{},{},{},{},{},{}\n", name, task_.cells[c].size(), p.temperature_K, p.a_A.mean,
                             p.a_A.standard_error, p.c_A.mean, p.c_A.standard_error, p.volume_per_atom_A3.mean,
                             p.volume_per_atom_A3.standard_error);
          numbers.push_back(named_number(fmt::format("a_{}K_{}", number_text(p.temperature_K), name), "A", p.a_A.mean,
                                         p.a_A.standard_error,
                                         fmt::format("lattice parameter at {} K, {}", number_text(p.temperature_K), name)));
        }
        const Estimate alpha = expansion(c, &Point::a_A);
        entry["thermal_expansion_per_K"] = estimate(alpha);
        if (!cubic) {
          entry["thermal_expansion_c_per_K"] = estimate(expansion(c, &Point::c_A));
        }
        if (std::isfinite(alpha.mean)) {
          numbers.push_back(named_number("thermal_expansion_" + name, "1/K", alpha.mean, alpha.standard_error,
                                         "linear coefficient of a over all temperatures, " + name));
        }
      }
      entry["temperatures"] = points;
      cases.push_back(entry);
    }
    write_file_atomically(run_.folder() / "lattice_parameter.csv", csv);
    write_h5();
    run_.write_summary(status, {{"numbers", numbers}, {"steps", step_}, {"samples", sampled_.size()}, {"cases", cases}});
  }

  void write_h5() {
    H5File file = create_result_file(run_.folder() / "lattice.h5", "zener-lattice-parameter-1", "lattice_parameter",
                                     preset_.title, run_.preset_text());
    const std::size_t cases = task_.cells.size();
    file.write_strings("/cases", task_.names, {cases});
    file.write_attribute("/cases", "cubic", std::int64_t{task_.reference.cubic ? 1 : 0});
    put(file, "/temperatures_K", preset_.temperatures_K, {temperatures()}, "K", "temperatures of the ladder");
    const auto of_static = [&](double Parameters::*of) {
      std::vector<double> values(cases, kNone);
      for (std::size_t c = 0; c < static_.size(); ++c) {
        values[c] = static_[c].*of;
      }
      return values;
    };
    put(file, "/static/a_A", of_static(&Parameters::a_A), {cases}, "A",
        "lattice parameter a at 0 K; NaN where it was not asked");
    put(file, "/static/c_A", of_static(&Parameters::c_A), {cases}, "A", "lattice parameter c at 0 K");
    const auto ladder = [&](const std::string &name, Estimate Point::*of, const char *units, const char *what) {
      std::vector<double> mean(cases * temperatures(), kNone);
      std::vector<double> error(cases * temperatures(), kNone);
      for (std::size_t i = 0; i < mean.size() && !points_.empty(); ++i) {
        const Estimate &e = points_[i / temperatures()][i % temperatures()].*of;
        mean[i] = e.mean;
        error[i] = e.standard_error;
      }
      put(file, name + "/mean", mean, {cases, temperatures()}, units, what);
      put(file, name + "/standard_error", error, {cases, temperatures()}, units, "standard error of the mean, by blocks");
    };
    ladder("/ladder/a_A", &Point::a_A, "A", "mean lattice parameter a");
    ladder("/ladder/c_A", &Point::c_A, "A", "mean lattice parameter c");
    ladder("/ladder/volume_per_atom_A3", &Point::volume_per_atom_A3, "A^3", "mean volume of an atom");
    const std::size_t samples = sampled_.size();
    std::vector<double> volumes;
    for (const std::vector<double> &series : volumes_) {
      volumes.insert(volumes.end(), series.begin(), series.end());
    }
    put(file, "/series/step", sampled_, {samples}, "1", "steps of the samples");
    put(file, "/series/volume_A3", volumes, {cases, temperatures(), replicas(), samples}, "A^3", "volume of the cell");
    file.close();
  }

  LatticePreset preset_;
  StaticsRun run_;
  Task task_;
  Parameters perfect_;
  std::vector<Parameters> static_;           // [case]
  std::vector<std::int64_t> sampled_;        // steps
  std::vector<std::vector<double>> volumes_; // [system][sample], as the three after it
  std::vector<std::vector<double>> a_;
  std::vector<std::vector<double>> c_;
  std::vector<std::vector<double>> kelvin_;
  std::vector<std::vector<Point>> points_; // [case][temperature]
  std::vector<Atoms> final_;
  std::int64_t step_ = 0;
};

} // namespace

int run_lattice(const RunOptions &options) { return run_lattice(options, {}); }

int run_lattice(const RunOptions &options, const MakeBatch &make) {
  catch_run_signals();
  return LatticeRun(options, load_lattice_preset(options.preset, options.edits), make)();
}

void check_lattice(const RunOptions &options) {
  const LatticePreset preset = load_lattice_preset(options.preset, options.edits);
  const PotentialPointer potential = load_potential(preset);
  const Task task = make_task(preset, *potential);
  std::cout << resolved(preset).dump(2) << "\n";
  std::cout << fmt::format("device    {}\n", choose_device(options.device, options.threads).reason);
  std::cout << fmt::format("potential {}\n", potential->description());
  std::size_t atoms = 0;
  for (std::size_t c = 0; c < task.cells.size(); ++c) {
    std::cout << fmt::format("case      {}: {} atoms\n", task.names[c], task.cells[c].size());
    atoms += task.cells[c].size();
  }
  std::cout << fmt::format("dynamics  {} systems, {:.4g} atom-steps\n", preset.systems(),
                           static_cast<double>(atoms) * static_cast<double>(preset.systems() / preset.cases()) *
                               static_cast<double>(preset.equilibration_steps + preset.steps));
}

} // namespace zener
