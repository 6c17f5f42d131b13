#include "apps/zener/statics_run.hpp"

#include "apps/zener/python.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace zener {

using Json = nlohmann::ordered_json;

StaticsRun::StaticsRun(const RunOptions &options, const AtomsPreset &preset, std::string driver, MakeBatch make,
                       const std::string &checkpoint)
    : preset_(preset), driver_(std::move(driver)), make_(std::move(make)) {
  if (options.resume && checkpoint.empty()) {
    throw ConfigError("--resume: " + driver_ + " has no checkpoint; run it again without --resume");
  }
  folder_ = output_folder(options.out, preset.output_directory, options.resume, checkpoint);
  potential_ = load_potential(preset);
  chosen_ = choose_device(options.device, options.threads);
}

void StaticsRun::open(const nlohmann::json &resolved) {
  resolved_ = resolved;
  make_folder(folder_);
  open_log_file(folder_ / "log.txt");
  log_info(fmt::format("zener {} ({}), results in {}", kVersion, kCommit, folder_.string()));
  log_info("device " + chosen_.reason);
  log_info("potential " + potential_->description());
  write_file_atomically(folder_ / "preset.json", resolved.dump(2) + "\n");
}

MakeAtoms StaticsRun::maker() const {
  return [this](std::vector<Atoms> systems) {
    AtomsPlan plan;
    plan.systems = std::move(systems);
    plan.potential = potential_;
    plan.mixed = preset_.mixed;
    plan.deterministic = preset_.deterministic;
    plan.skin_A = preset_.skin_A;
    plan.seed = preset_.seed;
    return made_of_structure(preset_, [&] { return make_ ? make_(plan) : chosen_.backend->make_atoms(plan); });
  };
}

void StaticsRun::warn(const std::string &message) {
  warnings_.push_back(message);
  log_warning(message);
}

void StaticsRun::warn_of_small_cell(const Atoms &atoms, const std::string &name) {
  const Vector3 t = thicknesses(atoms.cell);
  const double thinnest = std::min({t[0], t[1], t[2]});
  if (thinnest < 2.0 * potential_->cutoff_A()) {
    warn(fmt::format(
        "{}: at {:.3g} A it is thinner than twice the cutoff of {:.3g} A; an atom near a defect feels its image too", name,
        thinnest, potential_->cutoff_A()));
  }
}

void StaticsRun::log_rest(const std::string &name, const Atoms &start, const Equilibrium &rest) const {
  const auto atoms = static_cast<double>(start.size());
  log_info(fmt::format("cell {} at rest: {:.6f} eV and {:.6f} A^3 by atom, lengths changed by {:+.4f} %", name,
                       rest.state.energy_eV / atoms, rest.state.volume_A3 / atoms,
                       100.0 * (std::cbrt(rest.state.volume_A3 / volume(start.cell)) - 1.0)));
}

void StaticsRun::write_summary(const std::string &status, const Json &content) const {
  Json summary = {{"format", "zener-" + driver_ + "-summary-1"},
                  {"zener", {{"version", kVersion}, {"commit", kCommit}, {"compiler", kCompiler}}},
                  {"backend", chosen_.backend_name},
                  {"device", chosen_.device.name},
                  {"title", preset_.title},
                  {"seed", preset_.seed},
                  {"potential", potential_->description()},
                  {"run", {{"status", status}, {"wall_s", wall_s()}}}};
  summary.update(content);
  summary["warnings"] = warnings_;
  summary["preset"] = Json::parse(resolved_.dump());
  write_file_atomically(folder_ / "summary.json", summary.dump(2) + "\n");
}

int StaticsRun::finish(const std::string &what_was_done) {
  if (preset_.plots) {
    draw_plots(folder_);
  }
  log_info(fmt::format("done: {} in {:.1f} s; see {}", what_was_done, wall_s(), (folder_ / "summary.json").string()));
  close_log_file();
  return static_cast<int>(ExitCode::done);
}

int StaticsRun::stopped() const {
  log_info(fmt::format("stopped by signal {}; what was done until then is in {}", stop_signal(), folder_.string()));
  close_log_file();
  return static_cast<int>(ExitCode::interrupted);
}

Json named_number(const std::string &name, const std::string &units, const Json &value, const Json &standard_error,
                  const std::string &description) {
  return {{"name", name}, {"units", units}, {"value", value}, {"standard_error", standard_error}, {"description", description}};
}

std::string number_or_dash(double value, const char *format) {
  return std::isfinite(value) ? fmt::format(fmt::runtime(format), value) : "-";
}

EquilibriumPlan equilibrium_plan(const EquilibriumChoice &choice, const RelaxPlan &relax) {
  EquilibriumPlan plan;
  plan.freedom = choice.cell;
  plan.pressure_GPa = choice.pressure_GPa;
  plan.tolerance_GPa = choice.tolerance_GPa;
  plan.relax = relax;
  return plan;
}

Json atoms_by_element(const Atoms &atoms) {
  Json out = Json::object();
  for (std::size_t e = 0; e < atoms.elements.size(); ++e) {
    out[atoms.elements[e]] = std::count(atoms.type.begin(), atoms.type.end(), static_cast<std::int32_t>(e));
  }
  return out;
}

std::string counted(std::size_t number, const std::string &one) {
  return fmt::format("{} {}{}", number, one, number == 1 ? "" : "s");
}

std::vector<std::pair<std::string, double>> lattice_parameters(const AtomsPreset &preset, const Matrix3 &cell) {
  if (!preset.structure.contains("lattice") || preset.structure.contains("orientation")) {
    return {};
  }
  const auto unit = [&](std::size_t d) {
    const nlohmann::json cells = preset.structure.value("cells", nlohmann::json{1, 1, 1});
    return std::hypot(cell[d][0], cell[d][1], cell[d][2]) / cells.at(d).get<double>();
  };
  std::vector<std::pair<std::string, double>> out{{"a", unit(0)}};
  if (std::abs(unit(2) - unit(0)) > 1e-6 * unit(0)) {
    out.emplace_back("c", unit(2));
  }
  return out;
}

Json cell_json(const Matrix3 &cell) {
  std::array<double, 3> length{};
  for (std::size_t v = 0; v < 3; ++v) {
    length[v] = std::sqrt(cell[v][0] * cell[v][0] + cell[v][1] * cell[v][1] + cell[v][2] * cell[v][2]);
  }
  const auto angle = [&](std::size_t a, std::size_t b) {
    const double dot = cell[a][0] * cell[b][0] + cell[a][1] * cell[b][1] + cell[a][2] * cell[b][2];
    return std::acos(std::clamp(dot / (length[a] * length[b]), -1.0, 1.0)) * 180.0 / std::numbers::pi;
  };
  return {{"vectors_A", cell}, {"lengths_A", length}, {"angles_deg", std::array{angle(1, 2), angle(0, 2), angle(0, 1)}}};
}

} // namespace zener
