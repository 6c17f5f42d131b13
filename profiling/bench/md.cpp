// zener_bench md: speed of molecular dynamics, bcc W at 300 K, NVE, 1 fs.
//
// For each potential the result is checked first; then batches of each size take steps, in double and mixed precision, on one
// thread and on all. A figure is the best of a few samples: load of other programs only ever takes away. On one thread of a CPU
// the clock is the processor time of the program, elsewhere that of the wall. Passes with the times of launches give the parts
// (neighbours, descriptor, force, integration), and what a renewal of lists takes.
#include "apps/zener/device_choice.hpp"
#include "apps/zener/python.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/structure_builder.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/version.hpp"
#include "kernels/potentials/zbl/zbl_model.hpp"
#include "profiling/bench/benches.hpp"
#include "profiling/bench/machine.hpp"
#include "profiling/bench/made_potentials.hpp"
#include "profiling/bench/yardstick.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace zener::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kLattice_A = 3.1652;
constexpr double kTemperature_K = 300.0;
constexpr double kSkin_A = 1.0;
constexpr std::int64_t kStepsOfAList = 20; // between renewals, for the share that is reported
constexpr std::int64_t kMostSteps = 4000;  // of a sample

struct Options {
  std::string device = "auto";
  std::string json;
  std::string data;
  std::vector<std::string> potentials; // NAME=FILE
  std::vector<std::string> only;
  std::vector<std::int64_t> sizes{2000, 16000, 128000, 1024000};
  std::string precision = "both";
  int threads = 0;
  double seconds = 0.5;
  double limit = 10.0;
  bool quick = false;
  bool all = false;
  bool no_parts = false;
};

struct Model {
  std::string name;
  PotentialPointer potential;
};

struct Case {
  const Model *model = nullptr;
  bool mixed = false;
  int threads = 1;
  int cells = 10;
  bool on_cpu = true;
};

// n x n x n cells of bcc W with velocities.
Atoms tungsten(int cells) {
  StructureSpec spec;
  spec.lattice = "bcc";
  spec.a_A = kLattice_A;
  spec.cells = {cells, cells, cells};
  spec.elements = {"W"};
  spec.displacement_A = 0.02;
  Atoms atoms = build_structure(spec);
  set_velocities(atoms, kTemperature_K, 1);
  return atoms;
}

AtomsPlan plan_of(const Model &model, bool mixed, Atoms atoms) {
  AtomsPlan plan;
  plan.systems.push_back(std::move(atoms));
  plan.potential = model.potential;
  plan.mixed = mixed;
  plan.skin_A = kSkin_A;
  return plan;
}

std::vector<Model> models_of(const Options &options) {
  std::vector<Model> models;
  const std::filesystem::path shipped = home_folder() / "presets" / "potentials";
  if (options.all) {
    models.push_back({"EAM W Finnis-Sinclair", read_potential_file(shipped / "w_finnis_sinclair.json")});
  }
  models.push_back({"EAM W Zhou", read_potential_file(shipped / "w_zhou.json")});
  const auto with_zbl = [](PotentialPointer potential) {
    const auto zbl = std::make_shared<ZblModel>(4.0, 4.8);
    return std::make_shared<OverlayModel>(std::vector<PotentialPointer>{zbl, std::move(potential)});
  };
  if (options.data.empty()) {
    models.push_back({"SNAP 2J=8 (made)", made_snap(false)});
    if (options.all) {
      models.push_back({"SNAP 2J=8 (made) + ZBL", with_zbl(made_snap(false))});
    }
    models.push_back({"SNAP 2J=8 quadratic (made)", made_snap(true)});
    models.push_back({"NEP as UNEP-v1 (made)", made_nep()});
  } else {
    const std::filesystem::path data = options.data;
    const auto read = [&](const nlohmann::json &object) { return read_potential(object, data, "--data"); };
    models.push_back({"EAM W_zhou.eam.alloy", read({{"kind", "eam_alloy"}, {"file", "eam/W_zhou.eam.alloy"}})});
    const auto snap = read(
        {{"kind", "snap"}, {"coefficients", "snap/W_2940_2017_2.snapcoeff"}, {"parameters", "snap/W_2940_2017_2.snapparam"}});
    models.push_back({"SNAP W_2940", snap});
    if (options.all) {
      models.push_back({"SNAP W_2940 + ZBL", with_zbl(snap)});
    }
    models.push_back({"SNAP W QNML quadratic", read({{"kind", "snap"},
                                                     {"coefficients", "milady/W_QNML_milady.snapcoeff"},
                                                     {"parameters", "milady/W_QNML_milady.snapparam"}})});
    models.push_back(
        {"NEP UNEP-v1", read({{"kind", "nep"}, {"file", "nep/Song-2024-UNEP-v1-AgAlAuCrCuMgMoNiPbPdPtTaTiVWZr.txt"}})});
  }
  for (const std::string &given : options.potentials) {
    const std::size_t equals = given.find('=');
    if (equals == std::string::npos) {
      throw ConfigError("--potential " + in_quotes(given) + ": the form is NAME=FILE.json");
    }
    models.push_back({given.substr(0, equals), read_potential_file(given.substr(equals + 1))});
  }
  if (!options.only.empty()) {
    std::erase_if(models, [&](const Model &model) {
      return std::none_of(options.only.begin(), options.only.end(),
                          [&](const std::string &part) { return model.name.find(part) != std::string::npos; });
    });
    if (models.empty()) {
      throw ConfigError("--only leaves no potential to measure");
    }
  }
  return models;
}

double largest_component(const std::vector<Vector3> &forces) {
  double largest = 0.0;
  for (const Vector3 &f : forces) {
    largest = std::max({largest, std::abs(f[0]), std::abs(f[1]), std::abs(f[2])});
  }
  return largest;
}

struct CheckResult {
  double differences = 0.0; // of forces from central differences of the energy, relative to the largest force
  double mixed = 0.0;       // of mixed forces from double ones, the same
};

// Forces in double are those of the energy, forces in mixed precision are near them, and both have the same bits for any number
// of threads.
CheckResult check(Backend &backend, const Model &model) {
  Atoms atoms = tungsten(4);
  displace(atoms, 0.08, 7);
  CheckResult result;
  std::vector<Vector3> exact;
  for (const bool mixed : {false, true}) {
    backend.set_threads(1);
    const auto batch = backend.make_atoms(plan_of(model, mixed, atoms));
    const Evaluation first = batch->evaluate();
    backend.set_threads(0);
    const Evaluation again = backend.make_atoms(plan_of(model, mixed, atoms))->evaluate();
    if (first.force_eV_A != again.force_eV_A || first.energy_eV != again.energy_eV) {
      throw InvariantError(model.name + ": one thread and all threads give different bits");
    }
    const std::vector<Vector3> &forces = first.force_eV_A[0];
    const double scale = largest_component(forces);
    if (!(scale > 0.0)) {
      throw InvariantError(model.name + ": no forces in a distorted crystal");
    }
    if (mixed) {
      for (std::size_t i = 0; i < forces.size(); ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          result.mixed = std::max(result.mixed, std::abs(forces[i][d] - exact[i][d]) / scale);
        }
      }
    } else {
      exact = forces;
      constexpr double h = 1e-3;
      for (std::size_t d = 0; d < 3; ++d) {
        // Two step lengths, extrapolated: what is left falls with h^4.
        std::array<double, 2> slope{};
        for (std::size_t s = 0; s < 2; ++s) {
          const double step = h * static_cast<double>(s + 1);
          std::array<double, 2> energy{};
          for (std::size_t side = 0; side < 2; ++side) {
            Atoms moved = atoms;
            moved.position_A[5][d] += side == 0 ? step : -step;
            batch->set_atoms({moved});
            energy[side] = batch->evaluate().energy_eV[0];
          }
          slope[s] = (energy[0] - energy[1]) / (2.0 * step);
        }
        const double force = -(4.0 * slope[0] - slope[1]) / 3.0;
        result.differences = std::max(result.differences, std::abs(force - forces[5][d]) / scale);
      }
    }
  }
  if (!(result.differences < 1e-6 && result.mixed < 1e-3)) {
    throw InvariantError(model.name + ": forces are " + number_text(result.differences) +
                         " of the largest force off the slope of the energy (1e-6 is allowed), and mixed forces " +
                         number_text(result.mixed) + " off double ones (1e-3)");
  }
  return result;
}

// What a launch is for, by its name; the others are a potential's.
std::string part_of(const std::string &name) {
  static const std::map<std::string, std::string> known{
      {"bath_begin", "integration"},   {"kick_drift", "integration"}, {"kick", "integration"},
      {"clear_forces", "integration"}, {"step_end", "integration"},   {"join_forces", "integration"},
      {"md_step", "integration"},      {"bath_start", "start"},       {"system_sums", "sums"},
      {"atoms_too_close", "start"},    {"wrap_atoms", "neighbours"},  {"permute_atoms", "neighbours"},
      {"set_reference", "neighbours"}, {"set_flags", "neighbours"}};
  const auto found = known.find(name);
  if (found != known.end()) {
    return found->second;
  }
  return name.rfind("neighbours", 0) == 0 ? "neighbours" : "force";
}

double seconds_of(const std::vector<KernelTime> &times, const std::string &part) {
  double seconds = 0.0;
  for (const KernelTime &time : times) {
    const bool split = time.descriptor_seconds + time.force_seconds > 0.0;
    if (split && part == "descriptor") {
      seconds += time.descriptor_seconds;
    } else if (split && part == "force") {
      seconds += time.force_seconds;
    } else if (!split && part_of(time.name) == part) {
      seconds += time.seconds;
    }
  }
  return seconds;
}

struct Build {
  double ns_per_atom = 0.0;
  std::map<std::string, double> ns_by_launch;
};

// Atoms within `range` of a site of the perfect crystal.
int neighbours_within(double range_A) {
  int neighbours = 0;
  const int reach = static_cast<int>(range_A / kLattice_A) + 1;
  for (int a = -reach; a <= reach; ++a) {
    for (int b = -reach; b <= reach; ++b) {
      for (int c = -reach; c <= reach; ++c) {
        for (const double half : {0.0, 0.5}) {
          const double x = a + half, y = b + half, z = c + half;
          const double r2 = (x * x + y * y + z * z) * kLattice_A * kLattice_A;
          neighbours += r2 > 0.0 && r2 < range_A * range_A ? 1 : 0;
        }
      }
    }
  }
  return neighbours;
}

struct Figures {
  std::int64_t atoms = 0;
  std::int64_t steps = 0; // of a sample
  std::vector<double> rates;
  double best = 0.0;
  double processor_share = 0.0; // processor time over wall time of the samples
  double bytes_per_atom = 0.0;
  std::map<std::string, double> ns_by_part, ns_by_launch; // of an atom and step
  Build build;
};

void must_not_explode(const DynamicsReport &report, const Case &wanted) {
  if (report.exploded) {
    throw DataError(wanted.model->name + ": an atom ran away at step " + std::to_string(report.exploded_step));
  }
}

// Launch times of what `f` does.
template <class F> std::vector<KernelTime> launch_times(Backend &backend, F f) {
  backend.time_kernels(true);
  try {
    f();
  } catch (...) {
    backend.time_kernels(false);
    throw;
  }
  backend.time_kernels(false);
  return backend.kernel_times();
}

void keep_least(std::map<std::string, double> &least, const std::string &name, double value) {
  const auto [found, is_new] = least.try_emplace(name, value);
  found->second = is_new ? value : std::min(found->second, value);
}

Figures measure(Backend &backend, const Case &wanted, const Options &options) {
  backend.set_threads(wanted.threads);
  const std::vector<Atoms> start{tungsten(wanted.cells)};
  Figures result;
  result.atoms = static_cast<std::int64_t>(start[0].size());
  const auto n = static_cast<double>(result.atoms);
  const std::size_t before = backend.memory().held;
  const auto batch = backend.make_atoms(plan_of(*wanted.model, wanted.mixed, start[0]));
  DynamicsPlan dynamics;
  dynamics.dt_fs = 1.0;
  std::int64_t done = 0;
  const auto restart = [&] {
    batch->set_atoms(start);
    batch->set_dynamics(dynamics);
    done = 0;
  };
  // What the clock says of so many steps, without the copy of the state with which advance() begins.
  const bool lone = wanted.threads == 1 && wanted.on_cpu;
  const auto now = [&] { return lone ? processor_seconds() : wall_seconds(); };
  double save_s = std::numeric_limits<double>::infinity();
  const auto run = [&](std::int64_t steps) {
    for (int pass = 0; pass < 2; ++pass) {
      const double before_save = now();
      (void)batch->save();
      save_s = std::min(save_s, now() - before_save);
    }
    done += steps;
    const double begin = now();
    must_not_explode(batch->advance(done, {}), wanted);
    return std::max(now() - begin - save_s, 1e-9);
  };
  batch->set_dynamics(dynamics);
  result.bytes_per_atom = static_cast<double>(backend.memory().held - before) / n;
  double took = run(1);
  std::int64_t steps = 1;
  while (took < 0.1 * options.seconds && steps < kMostSteps) {
    steps = std::min(4 * steps, kMostSteps);
    took = run(steps);
  }
  const int samples = 3.0 * took > options.seconds ? 1 : 3;
  result.steps = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(static_cast<double>(steps) * options.seconds / (samples * took)), 1, kMostSteps);
  double wall_s = 0.0;
  double processor_s = 0.0;
  for (int sample = 0; sample < samples; ++sample) {
    if (samples > 1) {
      restart();
    }
    const double wall_before = wall_seconds();
    const double processor_before = processor_seconds();
    result.rates.push_back(static_cast<double>(result.steps) * n / run(result.steps));
    wall_s += wall_seconds() - wall_before;
    processor_s += processor_seconds() - processor_before;
  }
  result.best = *std::max_element(result.rates.begin(), result.rates.end());
  result.processor_share = processor_s / wall_s;
  if (options.no_parts) {
    return result;
  }
  // The parts, in passes of their own: clocks around launches cost a little.
  const std::int64_t steps_for_parts = std::max<std::int64_t>(1, result.steps / 6);
  const double per_atom_step = 1e9 / (static_cast<double>(steps_for_parts) * n);
  for (int pass = 0; pass < samples; ++pass) {
    const std::vector<KernelTime> times = launch_times(backend, [&] { run(steps_for_parts); });
    for (const KernelTime &time : times) {
      keep_least(result.ns_by_launch, time.name, time.seconds * per_atom_step);
    }
    for (const char *part : {"descriptor", "force", "integration", "sums"}) {
      keep_least(result.ns_by_part, part, seconds_of(times, part) * per_atom_step);
    }
  }
  // Renewals: set_atoms makes new lists of sorted atoms, as a run does.
  for (int pass = 0; pass < (result.atoms > 200000 ? 2 : 4); ++pass) {
    Build build;
    for (const KernelTime &time : launch_times(backend, [&] { batch->set_atoms(start); })) {
      if (part_of(time.name) == "neighbours") {
        build.ns_by_launch[time.name] = 1e9 * time.seconds / n;
        build.ns_per_atom += 1e9 * time.seconds / n;
      }
    }
    if (pass == 0 || build.ns_per_atom < result.build.ns_per_atom) {
      result.build = build;
    }
  }
  return result;
}

double of(const std::map<std::string, double> &values, const std::string &name) {
  const auto found = values.find(name);
  return found == values.end() ? 0.0 : found->second;
}

// Share of a run that renews its lists every 20 steps.
double build_share(const Figures &f) {
  const double step_ns = 1e9 / f.best;
  const double build_ns = f.build.ns_per_atom / static_cast<double>(kStepsOfAList);
  return build_ns / (build_ns + step_ns);
}

Json json_of(const Case &wanted, const Figures &f) {
  const double cutoff_A = wanted.model->potential->cutoff_A();
  Json row;
  row["potential"] = wanted.model->name;
  row["precision"] = wanted.mixed ? "mixed" : "double";
  row["threads"] = wanted.threads;
  row["atoms"] = f.atoms;
  row["atom_steps_per_s"] = f.best;
  row["atom_steps_per_s_samples"] = f.rates;
  row["steps_of_a_sample"] = f.steps;
  if (!f.ns_by_part.empty()) {
    row["ns_per_atom_step"] = f.ns_by_part;
    row["ns_per_atom_step_by_launch"] = f.ns_by_launch;
    row["build_ns_per_atom"] = f.build.ns_per_atom;
    row["build_ns_per_atom_by_launch"] = f.build.ns_by_launch;
    row["build_share_every_20_steps"] = build_share(f);
  }
  row["neighbours_in_cutoff"] = neighbours_within(cutoff_A);
  row["neighbours_in_list"] = neighbours_within(cutoff_A + kSkin_A);
  row["device_bytes_per_atom"] = f.bytes_per_atom;
  return row;
}

void print_head() {
  std::printf("\n%-28s %-6s %9s %3s %12s | %10s %9s %7s %5s | %10s %5s | %6s\n", "potential", "", "atoms", "thr",
              "atom-steps/s", "descriptor", "force", "integr.", "sums", "neighbours", "share", "bytes");
  std::printf("%-28s %-6s %9s %3s %12s | %34s | %10s %5s | %6s\n", "", "", "", "", "", "ns per atom and step", "ns/renewal",
              "of 20", "/atom");
}

void print_row(const Case &wanted, const Figures &f) {
  std::printf("%-28s %-6s %9s %3d %12s |", wanted.model->name.c_str(), wanted.mixed ? "mixed" : "double",
              grouped(static_cast<std::uint64_t>(f.atoms)).c_str(), wanted.threads,
              grouped(static_cast<std::uint64_t>(f.best)).c_str());
  if (f.ns_by_part.empty()) {
    std::printf(" %10s %9s %7s %5s | %10s %5s |", "-", "-", "-", "-", "-", "-");
  } else {
    std::printf(" %10.1f %9.1f %7.1f %5.1f | %10.1f %4.1f%% |", of(f.ns_by_part, "descriptor"), of(f.ns_by_part, "force"),
                of(f.ns_by_part, "integration"), of(f.ns_by_part, "sums"), f.build.ns_per_atom, 100.0 * build_share(f));
  }
  std::printf(" %6.0f\n", f.bytes_per_atom);
  std::fflush(stdout);
}

// Time by launch of the smallest system on one thread.
void print_launches(const Case &wanted, const Figures &f) {
  std::vector<std::pair<double, std::string>> rows;
  for (const auto &[name, ns] : f.ns_by_launch) {
    rows.emplace_back(ns, name);
  }
  std::sort(rows.rbegin(), rows.rend());
  std::string text;
  for (const auto &[ns, name] : rows) {
    char entry[96];
    std::snprintf(entry, sizeof entry, "%s%s %.1f", text.empty() ? "" : ", ", name.c_str(), ns);
    text += entry;
  }
  std::printf("  %s, %s, by launch: %s\n", wanted.model->name.c_str(), wanted.mixed ? "mixed" : "double", text.c_str());
}

int cells_for(std::int64_t atoms) {
  return std::max(1, static_cast<int>(std::lround(std::cbrt(static_cast<double>(atoms) / 2.0))));
}

std::optional<Options> parse(const std::vector<std::string> &arguments) {
  Options options;
  CLI::App app("Checks the result, then measures atom-steps/s of molecular dynamics by part", "zener_bench md");
  app.add_option("--json", options.json, "write the figures to this file");
  app.add_option("--device", options.device, "auto, cpu, cuda:N or hip:N");
  app.add_option("--threads", options.threads, "threads of the CPU's whole-machine figures (default: all)")
      ->check(CLI::Range(1, 4096));
  app.add_option("--seconds", options.seconds, "time of each figure")->check(CLI::Range(0.05, 3600.0))->capture_default_str();
  app.add_option("--limit", options.limit, "leaves out what needs longer for a case, seconds, by an estimate")
      ->check(CLI::Range(0.1, 1e6))
      ->capture_default_str();
  app.add_option("--sizes", options.sizes, "atoms; rounded to cubes of bcc cells")->delimiter(',');
  app.add_option("--precision", options.precision, "double, mixed or both")->check(CLI::IsMember({"double", "mixed", "both"}));
  app.add_option("--potential", options.potentials, "NAME=FILE.json: another potential that knows W; may be repeated");
  app.add_option("--data", options.data, "a folder with eam/, snap/, milady/ and nep/: published potentials, not made ones")
      ->check(CLI::ExistingDirectory);
  app.add_option("--only", options.only, "potentials whose name contains this; may be repeated");
  app.add_flag("--all", options.all, "further potentials: EAM by Finnis and Sinclair, SNAP with ZBL");
  app.add_flag("--no-parts", options.no_parts, "whole steps only: no passes with timed launches (for profilers)");
  app.add_flag("--quick", options.quick, "2,000 and 16,000 atoms, 0.2 s a figure, unless --sizes and --seconds are given");
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp &) {
    std::printf("%s", app.help().c_str());
    return std::nullopt;
  } catch (const CLI::ParseError &error) {
    throw ConfigError(std::string("md: ") + error.what());
  }
  if (options.quick && app.count("--seconds") == 0) {
    options.seconds = 0.2;
  }
  if (options.quick && app.count("--sizes") == 0) {
    options.sizes = {2000, 16000};
  }
  for (const std::int64_t size : options.sizes) {
    if (size < 2 || size > 100000000) {
      throw ConfigError("md: --sizes " + std::to_string(size) + ": from 2 to 100000000 atoms");
    }
  }
  std::sort(options.sizes.begin(), options.sizes.end());
  const auto same_cells = [](std::int64_t one, std::int64_t other) { return cells_for(one) == cells_for(other); };
  options.sizes.erase(std::unique(options.sizes.begin(), options.sizes.end(), same_cells), options.sizes.end());
  return options;
}

using Measured = std::vector<std::pair<Case, Figures>>;

// One potential, precision and number of threads; sizes that would take too long are left out.
void measure_sizes(Backend &backend, const Options &options, Case wanted, Measured &measured) {
  double rate = 0.0;
  for (const std::int64_t size : options.sizes) {
    wanted.cells = cells_for(size);
    const double atoms = 2.0 * std::pow(wanted.cells, 3);
    // Forces at the begin, a step to learn from, a sample, the parts.
    const double estimate = rate > 0.0 ? 4.0 * atoms / rate + 4e-6 * atoms : 0.0;
    if (estimate > options.limit) {
      std::printf("%-28s %-6s %9s %3d %12s | needs about %.0f s (--limit)\n", wanted.model->name.c_str(),
                  wanted.mixed ? "mixed" : "double", grouped(static_cast<std::uint64_t>(atoms)).c_str(), wanted.threads,
                  "left out", estimate);
      continue;
    }
    measured.emplace_back(wanted, measure(backend, wanted, options));
    rate = measured.back().second.best;
    print_row(wanted, measured.back().second);
  }
}

// Whether a renewal costs the same for every atom, whatever their number: on one thread, by potential.
Json linearity(const Measured &measured) {
  std::map<std::string, std::vector<const Figures *>> by_potential;
  for (const auto &[wanted, figures] : measured) {
    if (wanted.threads == 1 && !wanted.mixed) {
      by_potential[wanted.model->name].push_back(&figures);
    }
  }
  Json rows = Json::array();
  for (const auto &[name, figures] : by_potential) {
    if (figures.size() < 2) {
      continue;
    }
    Json points = Json::array();
    std::string text;
    for (const Figures *f : figures) {
      points.push_back({{"atoms", f->atoms}, {"ns_per_atom", f->build.ns_per_atom}});
      text += (text.empty() ? "" : ", ") + grouped(static_cast<std::uint64_t>(f->atoms)) + ": " +
              grouped(static_cast<std::uint64_t>(std::lround(f->build.ns_per_atom)));
    }
    const Figures &first = *figures.front();
    const Figures &last = *figures.back();
    const double ratio = last.build.ns_per_atom / first.build.ns_per_atom;
    // t ~ N^p of the whole renewal
    const double power = 1.0 + std::log(ratio) / std::log(static_cast<double>(last.atoms) / static_cast<double>(first.atoms));
    std::printf("  %s: %s; grows as atoms^%.3f\n", name.c_str(), text.c_str(), power);
    rows.push_back({{"potential", name}, {"points", std::move(points)}, {"power", power}});
  }
  return rows;
}

} // namespace

int run_md(const std::vector<std::string> &arguments) {
  const std::optional<Options> options = parse(arguments);
  if (!options) {
    return 0;
  }
  const ChosenDevice device = choose_device(options->device, options->threads);
  Backend &backend = *device.backend;
  const std::vector<Model> models = models_of(*options);
  const bool gpu = device.backend_name != "cpu";
  const int all_threads = gpu ? 1 : backend.device().units;
  Json report;
  report["format"] = "zener-bench-md-1";
  report["machine"] = describe_machine(device);
  std::printf("%s: %s, %s; %s, commit %s\n", device.backend_name.c_str(), device.device.name.c_str(),
              device.device.architecture.c_str(), kCompiler, kCommit);

  Json checks = Json::array();
  for (const Model &model : models) {
    const CheckResult result = check(backend, model);
    std::printf("checked: %s: forces from the slope of the energy %.1e, mixed from double %.1e (of the largest force); bits "
                "do not depend on threads\n",
                model.name.c_str(), result.differences, result.mixed);
    checks.push_back({{"potential", model.name}, {"differences", result.differences}, {"mixed", result.mixed}});
  }
  report["checks"] = std::move(checks);

  Measured measured;
  print_head();
  for (const Model &model : models) {
    for (const bool mixed : {false, true}) {
      if (options->precision != "both" && (options->precision == "mixed") != mixed) {
        continue;
      }
      measure_sizes(backend, *options, {&model, mixed, 1, 1, !gpu}, measured);
      if (all_threads > 1) {
        measure_sizes(backend, *options, {&model, mixed, all_threads, 1, !gpu}, measured);
      }
    }
  }
  if (!options->no_parts) {
    const std::int64_t least_atoms = measured.front().second.atoms;
    std::printf("\nns per atom and step of %s atoms%s:\n", grouped(static_cast<std::uint64_t>(least_atoms)).c_str(),
                gpu ? "" : " on one thread");
    for (const auto &[wanted, figures] : measured) {
      if (wanted.threads == 1 && figures.atoms == least_atoms) {
        print_launches(wanted, figures);
      }
    }
    std::printf("\nns per atom of a renewal of lists by atoms%s:\n", gpu ? "" : ", on one thread");
    report["list_renewal"] = linearity(measured);
  }
  Json rows = Json::array();
  double least_processor_share = 1.0;
  for (const auto &[wanted, figures] : measured) {
    rows.push_back(json_of(wanted, figures));
    least_processor_share = std::min(least_processor_share, figures.processor_share / wanted.threads);
  }
  if (!gpu && least_processor_share < 0.95) {
    std::printf("note: the machine was busy: some runs got only %.0f %% of the processors; rates on all threads and "
                "parts are too low\n",
                100.0 * least_processor_share);
  }
  report["description"] =
      "NVE of bcc W, 300 K, 1 fs, skin 1 A, one system, deterministic sums. atom_steps_per_s: the best of the samples, without "
      "renewals of lists (none is due in so short a run of a crystal). Parts from a pass of their own in which every launch is "
      "timed (on a GPU waited for): descriptor (sums over neighbours and energies), force, integration, sums over systems. "
      "build_*: a renewal of all lists with sorting. device_bytes_per_atom: what the backend's "
      "buffers hold for the batch. On one thread of a CPU rates are per second of processor time, elsewhere of wall time. "
      "least_processor_share: processor time over wall time; below 0.95 the machine was busy.";
  report["least_processor_share"] = gpu ? Json(nullptr) : Json(least_processor_share);
  report["rows"] = std::move(rows);
  if (!options->json.empty()) {
    write_file_atomically(options->json, report.dump(2) + "\n");
  }
  return 0;
}

} // namespace zener::bench
