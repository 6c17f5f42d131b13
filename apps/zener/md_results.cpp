#include "apps/zener/md_results.hpp"

#include "apps/zener/analysis_results.hpp"
#include "apps/zener/result_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/series_statistics.hpp"
#include "host/neutral/trajectory_h5md.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <system_error>

namespace zener {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char *kFolder = "configurations";

double mean_pressure_GPa(const ThermoRow &row) {
  const Matrix3 p = pressure_GPa(row);
  return (p[0][0] + p[1][1] + p[2][2]) / 3.0;
}

double length_A(const ThermoRow &row, std::size_t axis) {
  const Vector3 &a = row.cell_A[axis];
  return std::sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
}

double time_ps(const MdPreset &preset, std::int64_t step) { return 1.0e-3 * preset.time_step_fs * static_cast<double>(step); }

Json as_json(const Estimate &e) { return {{"mean", e.mean}, {"standard_error", e.standard_error}}; }

// Degrees of freedom as the rows count them: 2 K / kT; 0 where nothing moves.
double degrees_of_freedom(const MdRows &rows, std::size_t system) {
  for (const std::vector<ThermoRow> &sample : rows) {
    const ThermoRow &row = sample[system];
    if (row.temperature_K > 0.0) {
      return std::round(2.0 * row.kinetic_eV / (kBoltzmannConstant_eV_per_K * row.temperature_K));
    }
  }
  return 0.0;
}

// Slope of the conserved quantity in kT/ns for each degree of freedom, with T the mean temperature of the rows.
Estimate drift_of(const MdPreset &preset, const std::vector<const ThermoRow *> &rows, double freedom, double temperature_K) {
  std::vector<double> time;
  std::vector<double> conserved;
  for (const ThermoRow *row : rows) {
    time.push_back(1.0e-3 * time_ps(preset, row->step)); // ns
    conserved.push_back(row->conserved_eV);
  }
  const Estimate slope = block_slope(time, conserved);
  const double unit = kBoltzmannConstant_eV_per_K * temperature_K * freedom;
  return {slope.mean / unit, slope.standard_error / unit};
}

struct Measure {
  const char *name;
  const char *units;
  const char *description;
  double (*of)(const ThermoRow &);
};

constexpr std::array<Measure, 11> kMeasures{{
    {"potential_eV", "eV", "potential energy of the system", [](const ThermoRow &r) { return r.potential_eV; }},
    {"kinetic_eV", "eV", "kinetic energy of the system", [](const ThermoRow &r) { return r.kinetic_eV; }},
    {"total_eV", "eV", "potential and kinetic energy", [](const ThermoRow &r) { return r.potential_eV + r.kinetic_eV; }},
    {"temperature_K", "K", "2 kinetic / (degrees of freedom k)", [](const ThermoRow &r) { return r.temperature_K; }},
    {"pressure_GPa", "GPa", "a third of the trace of the pressure tensor, kinetic part included",
     [](const ThermoRow &r) { return mean_pressure_GPa(r); }},
    {"volume_A3", "A^3", "volume of the cell", [](const ThermoRow &r) { return r.volume_A3; }},
    {"length_a_A", "A", "length of the cell's first vector", [](const ThermoRow &r) { return length_A(r, 0); }},
    {"length_b_A", "A", "length of the cell's second vector", [](const ThermoRow &r) { return length_A(r, 1); }},
    {"length_c_A", "A", "length of the cell's third vector", [](const ThermoRow &r) { return length_A(r, 2); }},
    {"conserved_eV", "eV", "what the equations of the ensemble keep constant",
     [](const ThermoRow &r) { return r.conserved_eV; }},
    {"largest_force_eV_A", "eV/A", "largest force on an atom", [](const ThermoRow &r) { return r.largest_force_eV_A; }},
}};

// Averages of one system over its rows from equilibration_steps on.
Json system_entry(const MdPreset &preset, const MdPlan &plan, const MdRows &rows, std::size_t system) {
  const Atoms &atoms = plan.atoms.systems[system];
  Json elements = Json::object();
  for (std::size_t e = 0; e < atoms.elements.size(); ++e) {
    elements[atoms.elements[e]] = std::count(atoms.type.begin(), atoms.type.end(), static_cast<std::int32_t>(e));
  }
  std::vector<const ThermoRow *> counted;
  for (const std::vector<ThermoRow> &sample : rows) {
    if (sample[system].step >= preset.equilibration_steps) {
      counted.push_back(&sample[system]);
    }
  }
  const double freedom = degrees_of_freedom(rows, system);
  Json entry = {{"system", system_name(preset, system)},
                {"rung", system / static_cast<std::size_t>(preset.replicas)},
                {"replica", system % static_cast<std::size_t>(preset.replicas)},
                {"atoms", elements},
                {"degrees_of_freedom", freedom},
                {"rows", counted.size()}};
  if (has_thermostat(preset.ensemble)) {
    entry["bath_K"] = {plan.dynamics.begin_K[system], plan.dynamics.end_K[system]};
  }
  Json averages = Json::object();
  for (const Measure &measure : kMeasures) {
    std::vector<double> values;
    for (const ThermoRow *row : counted) {
      values.push_back(measure.of(*row));
    }
    averages[measure.name] = as_json(block_mean(values));
  }
  std::array<std::array<Json, 3>, 3> tensor;
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      std::vector<double> values;
      for (const ThermoRow *row : counted) {
        values.push_back(pressure_GPa(*row)[a][b]);
      }
      tensor[a][b] = as_json(block_mean(values));
    }
  }
  averages["pressure_tensor_GPa"] = tensor;
  entry["averages"] = averages;
  const Json &temperature = averages["temperature_K"]["mean"];
  const double temperature_K = temperature.is_number() ? temperature.get<double>() : 0.0;
  const Estimate drift =
      freedom > 0.0 && temperature_K > 0.0 ? drift_of(preset, counted, freedom, temperature_K) : Estimate{NAN, NAN};
  entry["drift_kT_per_ns_per_degree_of_freedom"] = as_json(drift);
  return entry;
}

// The numbers that most ask for, by name.
Json numbers_of(const MdPreset &preset, const Json &systems) {
  Json numbers = Json::array();
  const auto add = [&](const Json &system, const std::string &name, const char *units, const std::string &description,
                       const Json &estimate) {
    numbers.push_back({{"name", name + "_" + system.at("system").get<std::string>()},
                       {"units", units},
                       {"value", estimate.at("mean")},
                       {"standard_error", estimate.at("standard_error")},
                       {"description", description + fmt::format(", mean from step {} on", preset.equilibration_steps)}});
  };
  for (const Json &system : systems) {
    for (const Measure &measure : kMeasures) {
      const std::string_view name = measure.name;
      if (name == "potential_eV" || name == "temperature_K" || name == "pressure_GPa" ||
          (name == "volume_A3" && has_barostat(preset.ensemble))) {
        add(system, measure.name, measure.units, measure.description, system.at("averages").at(measure.name));
      }
    }
    add(system, "drift", "kT/ns", "slope of the conserved quantity for each degree of freedom",
        system.at("drift_kT_per_ns_per_degree_of_freedom"));
  }
  return numbers;
}

std::string mean_text(const Json &estimate, double scale, int decimals) {
  if (!estimate.at("mean").is_number()) {
    return "-";
  }
  const Json &error = estimate.at("standard_error");
  return fmt::format("{:.{}f}", scale * estimate.at("mean").get<double>(), decimals) +
         (error.is_number() ? fmt::format(" +- {:.{}f}", scale * error.get<double>(), decimals) : "");
}

// The means of the first systems, a line for each.
std::string table_of(const MdPreset &preset, const MdPlan &plan, const Json &systems) {
  constexpr std::size_t kMostLines = 40;
  std::string text = fmt::format("{:<10} {:>8} {:>20} {:>20} {:>26} {:>24}\n", "system", "bath (K)", "T (K)", "P (GPa)",
                                 "E_pot/atom (eV)", "V/atom (A^3)");
  for (std::size_t s = 0; s < std::min(systems.size(), kMostLines); ++s) {
    const Json &means = systems[s].at("averages");
    const double each = 1.0 / static_cast<double>(plan.atoms.systems[s].size());
    const std::string bath = has_thermostat(preset.ensemble) ? fmt::format("{:.6g}", plan.dynamics.end_K[s]) : "-";
    text += fmt::format("{:<10} {:>8} {:>20} {:>20} {:>26} {:>24}\n", system_name(preset, s), bath,
                        mean_text(means.at("temperature_K"), 1.0, 2), mean_text(means.at("pressure_GPa"), 1.0, 4),
                        mean_text(means.at("potential_eV"), each, 6), mean_text(means.at("volume_A3"), each, 5));
  }
  if (systems.size() > kMostLines) {
    text += fmt::format("and {} systems more in summary.json\n", systems.size() - kMostLines);
  }
  return text + fmt::format("means of the rows from step {} on, with standard errors\n", preset.equilibration_steps);
}

// Means over the replicas of each rung; the errors are those between replicas.
Json groups_of(const MdPreset &preset, const Json &systems) {
  Json groups = Json::array();
  const auto replicas = static_cast<std::size_t>(preset.replicas);
  for (std::size_t g = 0; g < preset.groups() && replicas > 1; ++g) {
    Json averages = Json::object();
    for (const Measure &measure : kMeasures) {
      std::vector<double> means;
      for (std::size_t r = 0; r < replicas; ++r) {
        const Json &mean = systems[g * replicas + r].at("averages").at(measure.name).at("mean");
        means.push_back(mean.is_number() ? mean.get<double>() : NAN);
      }
      double sum = 0.0;
      for (const double m : means) {
        sum += m;
      }
      const auto n = static_cast<double>(replicas);
      double squared = 0.0;
      for (const double m : means) {
        squared += (m - sum / n) * (m - sum / n);
      }
      averages[measure.name] = as_json({sum / n, std::sqrt(squared / (n - 1.0) / n)});
    }
    groups.push_back({{"rung", g}, {"replicas", replicas}, {"averages", averages}});
    if (!preset.ladder_K.empty()) {
      groups.back()["temperature_K"] = preset.ladder_K[g];
    }
  }
  return groups;
}

} // namespace

std::string system_name(const MdPreset &preset, std::size_t system) {
  const auto replicas = static_cast<std::size_t>(preset.replicas);
  return fmt::format("g{}_r{}", system / replicas, system % replicas);
}

std::vector<std::string> system_names(const MdPreset &preset) {
  std::vector<std::string> names;
  for (std::size_t s = 0; s < preset.systems(); ++s) {
    names.push_back(system_name(preset, s));
  }
  return names;
}

std::vector<SystemMeans> system_means(const MdPreset &preset, const MdPlan &plan, const MdRows &rows) {
  std::vector<SystemMeans> out(plan.atoms.systems.size());
  for (std::size_t s = 0; s < out.size(); ++s) {
    std::vector<double> temperature, volumes, energy, pressure;
    for (const std::vector<ThermoRow> &sample : rows) {
      const ThermoRow &row = sample[s];
      if (row.step >= preset.analyses->begin_step || &sample == &rows.back()) {
        temperature.push_back(row.temperature_K);
        volumes.push_back(row.volume_A3);
        energy.push_back(row.potential_eV + row.kinetic_eV);
        pressure.push_back(mean_pressure_GPa(row));
      }
    }
    const bool bath = has_thermostat(preset.ensemble) && !preset.ramp();
    out[s] = {bath ? plan.dynamics.end_K[s] : block_mean(temperature).mean, block_mean(volumes).mean, block_mean(energy),
              block_mean(pressure)};
  }
  return out;
}

void put_row(Atoms &atoms, const MdPreset &preset, const ThermoRow &row) {
  atoms.has_energy = true;
  atoms.total_energy_eV = row.potential_eV;
  atoms.has_virial = true;
  atoms.virial_eV = row.virial_eV;
  std::erase_if(atoms.info, [](const auto &entry) { return entry.first == "step" || entry.first == "time_ps"; });
  atoms.info.emplace_back("step", row.step);
  atoms.info.emplace_back("time_ps", time_ps(preset, row.step));
}

void write_md_series(const fs::path &directory, const MdPreset &preset, const MdPlan &plan, const MdRows &rows,
                     const std::optional<AnalysisResult> &analyses) {
  H5File h5 = create_result_file(directory / "series.h5", "zener-md-series-1", "md", preset.title, resolved(preset).dump());
  const std::size_t systems = plan.atoms.systems.size();
  const H5File::Shape each{rows.size(), systems};
  std::vector<std::int64_t> steps;
  std::vector<double> times;
  for (const std::vector<ThermoRow> &sample : rows) {
    steps.push_back(sample.front().step);
    times.push_back(time_ps(preset, sample.front().step));
  }
  put(h5, "/step", steps, {rows.size()}, "1", "time steps done at the row");
  put(h5, "/time_ps", times, {rows.size()}, "ps", "time since the begin of the run");

  std::vector<std::int64_t> atoms;
  std::vector<std::int64_t> rung;
  std::vector<std::int64_t> replica;
  for (std::size_t s = 0; s < systems; ++s) {
    atoms.push_back(static_cast<std::int64_t>(plan.atoms.systems[s].size()));
    rung.push_back(static_cast<std::int64_t>(s) / preset.replicas);
    replica.push_back(static_cast<std::int64_t>(s) % preset.replicas);
  }
  put(h5, "/systems/atoms", atoms, {systems}, "1", "atoms of each system");
  put(h5, "/systems/rung", rung, {systems}, "1", "rung of the ladder of temperatures");
  put(h5, "/systems/replica", replica, {systems}, "1", "replica of the rung");
  put(h5, "/systems/bath_begin_K", plan.dynamics.begin_K, {systems}, "K",
      "temperature of the thermostat at the begin; 0 without one");
  put(h5, "/systems/bath_end_K", plan.dynamics.end_K, {systems}, "K",
      "temperature of the thermostat at the end; 0 without one");
  std::vector<double> freedom;
  for (std::size_t s = 0; s < systems; ++s) {
    freedom.push_back(degrees_of_freedom(rows, s));
  }
  put(h5, "/systems/degrees_of_freedom", freedom, {systems}, "1", "degrees of freedom that share the kinetic energy");

  for (const Measure &measure : kMeasures) {
    std::vector<double> values;
    for (const std::vector<ThermoRow> &sample : rows) {
      for (const ThermoRow &row : sample) {
        values.push_back(measure.of(row));
      }
    }
    put(h5, std::string("/") + measure.name, values, each, measure.units, measure.description);
  }
  H5File::Shape tensors = each;
  tensors.insert(tensors.end(), {3, 3});
  std::vector<double> pressure;
  std::vector<double> cell;
  for (const std::vector<ThermoRow> &sample : rows) {
    for (const ThermoRow &row : sample) {
      for (const Vector3 &vector : pressure_GPa(row)) {
        pressure.insert(pressure.end(), vector.begin(), vector.end());
      }
      for (const Vector3 &vector : row.cell_A) {
        cell.insert(cell.end(), vector.begin(), vector.end());
      }
    }
  }
  put(h5, "/pressure_tensor_GPa", pressure, tensors, "GPa", "(virial + kinetic) / volume, positive under compression");
  put(h5, "/cell_A", cell, tensors, "A", "the cell's vectors a, b, c as rows");
  if (analyses) {
    put_analyses(h5, *analyses, system_names(preset));
  }
  h5.close();
}

std::string write_md_summary(const fs::path &directory, const MdPreset &preset, const MdPlan &plan, const MdRows &rows,
                             const std::optional<AnalysisResult> &analyses, const MdRecord &run) {
  double atoms = 0.0;
  for (const Atoms &system : plan.atoms.systems) {
    atoms += static_cast<double>(system.size());
  }
  Json systems = Json::array();
  for (std::size_t s = 0; s < plan.atoms.systems.size(); ++s) {
    systems.push_back(system_entry(preset, plan, rows, s));
  }
  const double steps_per_s = run.steps_made / std::max(run.advance_s, 1e-9);
  Json summary = {{"format", "zener-md-summary-1"},
                  {"driver", "md"},
                  {"zener", {{"version", kVersion}, {"commit", kCommit}, {"compiler", kCompiler}}},
                  {"backend", run.backend},
                  {"device", run.device},
                  {"title", preset.title},
                  {"seed", preset.seed},
                  {"potential", plan.atoms.potential->description()},
                  {"run",
                   {{"status", run.status},
                    {"steps", run.steps},
                    {"time_ps", time_ps(preset, run.steps)},
                    {"systems", plan.atoms.systems.size()},
                    {"atoms", atoms},
                    {"wall_s", run.wall_s},
                    {"steps_per_s", steps_per_s},
                    {"atom_steps_per_s", steps_per_s * atoms},
                    {"list_builds", run.list_builds}}},
                  {"numbers", numbers_of(preset, systems)},
                  {"systems", systems}};
  const Json groups = groups_of(preset, systems);
  if (!groups.empty()) {
    summary["groups"] = groups;
  }
  if (analyses) {
    add_analysis_numbers(summary["numbers"], *analyses, system_names(preset));
    summary["analyses"] = analyses_summary(*analyses, system_names(preset));
  }
  summary["warnings"] = run.warnings;
  summary["preset"] = Json::parse(resolved(preset).dump());
  write_file_atomically(directory / "summary.json", summary.dump(2) + "\n");
  return table_of(preset, plan, systems) + (analyses ? analysis_tables(*analyses, system_names(preset)) : "");
}

void write_md_configurations(const fs::path &directory, const std::string &name, const MdPreset &preset,
                             const std::vector<Atoms> &systems, const std::vector<ThermoRow> &rows, bool restart) {
  make_folder(directory / kFolder);
  for (std::size_t s = 0; s < systems.size(); ++s) {
    Atoms atoms = systems[s];
    put_row(atoms, preset, rows[s]);
    write_atoms(directory / kFolder / (name + "_" + system_name(preset, s) + ".xyz"), std::span(&atoms, 1),
                AtomFormat::extended_xyz);
    if (restart) {
      H5mdWriter file =
          H5mdWriter::create(directory / kFolder / (name + "_" + system_name(preset, s) + ".h5"), atoms, {.frames = 1});
      file.append(atoms, rows[s].step, time_ps(preset, rows[s].step));
      file.close();
    }
  }
}

void remove_md_configurations(const fs::path &directory, const std::string &name) {
  std::error_code error;
  std::vector<fs::path> old;
  for (const auto &entry : fs::directory_iterator(directory / kFolder, error)) {
    if (entry.path().filename().string().starts_with(name + "_g")) {
      old.push_back(entry.path());
    }
  }
  for (const fs::path &file : old) {
    fs::remove(file, error);
  }
}

} // namespace zener
