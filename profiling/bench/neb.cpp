// zener_bench neb: bands/s and force calls/s of barriers of vacancies in random Nb-Ta, as a data set of barriers makes them.
//
// Checked first: bands of a batch have the bits of bands one at a time, and both barriers of a band differ by the energies of
// its ends. Then cells with a vacancy, each of them 9 relaxations and 8 bands, go through a queue of so many atoms at once. The
// yardstick is molecular dynamics of as many atoms with the same potential in the same run. On one thread of a CPU the clock is
// the processor time of the program, elsewhere that of the wall.
#include "apps/zener/dataset_rows.hpp"
#include "apps/zener/device_choice.hpp"
#include "apps/zener/python.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/structure_builder.hpp"
#include "host/neutral/text.hpp"
#include "profiling/bench/benches.hpp"
#include "profiling/bench/machine.hpp"
#include "profiling/bench/yardstick.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace zener::bench {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string device = "auto";
  std::string json;
  std::vector<std::string> potentials; // NAME=FILE
  std::vector<std::int64_t> atoms{1, 4096};
  std::vector<int> images{3, 7};
  int cells = 5;
  int rows = 4;
  int threads = 0;
  bool quick = false;
};

struct Case {
  std::string name;
  PotentialPointer potential;
  bool mixed = false;
  int threads = 1;
  int images = 3;
  std::int64_t atoms_at_once = 1;
  bool on_cpu = true;
};

struct Figures {
  std::int64_t bands = 0;
  std::int64_t force_calls = 0;
  std::int64_t band_steps = 0;
  double seconds = 0.0;
  double md_atom_steps_per_s = 0.0;
  std::int64_t atoms = 0; // of an image
  std::vector<FinishedRow> rows;
};

double processor_seconds() {
  timespec time{};
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

DatasetPreset preset_of(const Case &wanted, int cells) {
  DatasetPreset preset;
  preset.seed = 7;
  preset.alloy.a_A = 3.29;
  preset.alloy.cells = {cells, cells, cells};
  preset.alloy.compositions = {{{"Nb", 1.0}, {"Ta", 1.0}}};
  preset.elements = {"Nb", "Ta"};
  preset.images = wanted.images;
  preset.relax.force_tolerance_eV_A = 0.005;
  return preset;
}

MakeAtoms maker(Backend &backend, const Case &wanted) {
  return [&backend, &wanted](std::vector<Atoms> systems) {
    AtomsPlan plan;
    plan.systems = std::move(systems);
    plan.potential = wanted.potential;
    plan.mixed = wanted.mixed;
    return backend.make_atoms(plan);
  };
}

// Atom-steps/s of NVE of about as many atoms as the queue holds.
double md_rate(const MakeAtoms &make, const Case &wanted, const Atoms &cell) {
  const auto copies =
      static_cast<std::size_t>(std::max<std::int64_t>(1, wanted.atoms_at_once / static_cast<std::int64_t>(cell.size())));
  std::vector<Atoms> systems(copies, cell);
  for (std::size_t k = 0; k < copies; ++k) {
    set_velocities(systems[k], 300.0, static_cast<std::uint32_t>(k + 1));
  }
  const auto batch = make(std::move(systems));
  batch->set_dynamics({});
  const auto now = [&] { return wanted.on_cpu && wanted.threads == 1 ? processor_seconds() : Stopwatch::now(); };
  std::int64_t done = 20;
  if (batch->advance(done, {}).exploded) {
    throw DataError(wanted.name + ": an atom ran away");
  }
  const double begin = now();
  double took = 0.0;
  std::int64_t steps = 0;
  while (took < 0.5) {
    steps += 20;
    batch->advance(done += 20, {});
    took = now() - begin;
  }
  return static_cast<double>(steps) * static_cast<double>(copies * cell.size()) / took;
}

Figures measure(Backend &backend, const Case &wanted, const Options &options, int rows, bool with_md) {
  backend.set_threads(wanted.threads);
  const DatasetPreset preset = preset_of(wanted, options.cells);
  const MakeAtoms make = maker(backend, wanted);
  std::vector<std::string> warnings;
  const auto counts = composition_counts(preset, warnings);
  const auto now = [&] { return wanted.on_cpu && wanted.threads == 1 ? processor_seconds() : Stopwatch::now(); };
  Figures figures;
  const double begin = now();
  BandQueue queue(make, preset.band, wanted.atoms_at_once);
  DatasetRows work(preset, queue);
  for (int n = 0; n < rows; ++n) {
    const DatasetRow row{n, 0, n, 0};
    work.begin(row, dataset_occupancy(preset, row, counts[0]), preset.alloy.a_A);
  }
  while (work.unfinished() > 0) {
    for (FinishedRow &row : work.next({})) {
      figures.band_steps += row.band_steps;
      figures.rows.push_back(std::move(row));
    }
  }
  figures.seconds = now() - begin;
  figures.bands = std::int64_t{rows} * kPaths;
  figures.force_calls = queue.force_calls();
  figures.atoms = preset.alloy.sites() - 1;
  std::sort(figures.rows.begin(), figures.rows.end(),
            [](const FinishedRow &a, const FinishedRow &b) { return a.row.number < b.row.number; });
  if (with_md) {
    figures.md_atom_steps_per_s =
        md_rate(make, wanted, lattice_atoms(preset.alloy.cells, preset.alloy.a_A, preset.elements, figures.rows[0].occupancy));
  }
  return figures;
}

void check(Backend &backend, Case wanted, const Options &options) {
  wanted.atoms_at_once = 1;
  const Figures alone = measure(backend, wanted, options, 1, false);
  wanted.atoms_at_once = 1 << 20;
  const Figures together = measure(backend, wanted, options, 1, false);
  const FinishedRow &a = alone.rows.at(0);
  const FinishedRow &b = together.rows.at(0);
  for (std::size_t p = 0; p < kPaths; ++p) {
    if (a.status[p] != JumpStatus::converged) {
      throw InvariantError(wanted.name + ": a band of the check did not converge: " + status_name(a.status[p]));
    }
    if (a.forward_eV[p] != b.forward_eV[p] || a.backward_eV[p] != b.backward_eV[p]) {
      throw InvariantError(wanted.name + ": bands of a batch differ from bands one at a time");
    }
    const double off = a.forward_eV[p] - a.backward_eV[p] - (a.final_energy_eV[p] - a.energy_eV);
    if (!(std::abs(off) < 1e-4)) {
      throw InvariantError(wanted.name + ": the barriers of a band differ from its ends' energies by " + number_text(off) +
                           " eV");
    }
  }
}

Json row_of(const Case &wanted, const Figures &f) {
  const auto converged = [&] {
    std::int64_t n = 0;
    for (const FinishedRow &row : f.rows) {
      n += std::count(row.status.begin(), row.status.end(), JumpStatus::converged);
    }
    return n;
  }();
  const double calls = static_cast<double>(f.force_calls) / f.seconds;
  const double atom_steps = calls * static_cast<double>(f.atoms);
  return {{"potential", wanted.name},
          {"precision", wanted.mixed ? "mixed" : "double"},
          {"threads", wanted.threads},
          {"images", wanted.images},
          {"atoms_of_an_image", f.atoms},
          {"atoms_at_once", wanted.atoms_at_once},
          {"bands", f.bands},
          {"converged", converged},
          {"mean_steps_of_a_band", static_cast<double>(f.band_steps) / static_cast<double>(f.bands)},
          {"bands_per_s", static_cast<double>(f.bands) / f.seconds},
          {"force_calls_per_s", calls},
          {"atom_steps_per_s", atom_steps},
          {"md_atom_steps_per_s", f.md_atom_steps_per_s},
          {"share_of_md", atom_steps / f.md_atom_steps_per_s}};
}

} // namespace

int run_neb(const std::vector<std::string> &arguments) {
  Options options;
  CLI::App app{"Bands/s of barriers of vacancies in random Nb-Ta", "zener_bench neb"};
  app.add_option("--device", options.device, "auto, cpu, cuda:N or hip:N");
  app.add_option("--threads", options.threads, "the larger number of threads (0: all)");
  app.add_option("--potential", options.potentials,
                 "NAME=FILE.json, a potential that knows Nb and Ta, beside the EAM that ships");
  app.add_option("--atoms", options.atoms, "atoms at once")->delimiter(',');
  app.add_option("--images", options.images, "images of a band")->delimiter(',');
  app.add_option("--cells", options.cells, "conventional cells a side")->check(CLI::Range(5, 64));
  app.add_option("--rows", options.rows, "cells with a vacancy, 8 bands each")->check(CLI::Range(1, 100000));
  app.add_option("--json", options.json, "write the figures to this file");
  app.add_flag("--quick", options.quick, "one thread, one row, the smallest batch: does it run?");
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp &) {
    std::printf("%s", app.help().c_str());
    return 0;
  } catch (const CLI::ParseError &error) {
    throw ConfigError(std::string("neb: ") + error.what());
  }
  const ChosenDevice chosen = choose_device(options.device, options.threads);
  const bool on_cpu = chosen.backend_name == "cpu";
  const int all = on_cpu ? chosen.device.units : 1;
  std::vector<Case> models{
      {"EAM Nb-Ta Zhou", read_potential_file(home_folder() / "presets" / "potentials" / "nbmota_zhou.json"), false}};
  for (const std::string &given : options.potentials) {
    const std::size_t equals = given.find('=');
    if (equals == std::string::npos) {
      throw ConfigError("--potential " + in_quotes(given) + ": the form is NAME=FILE.json");
    }
    models.push_back({given.substr(0, equals), read_potential_file(given.substr(equals + 1)), false});
    models.push_back({given.substr(0, equals), models.back().potential, true});
  }
  Json out{{"format", "zener-bench-neb-1"}, {"machine", describe_machine(chosen)}, {"rows", Json::array()}};
  std::printf("%-24s %-7s %7s %6s %8s %6s %8s %9s %12s %14s %6s\n", "potential", "prec.", "threads", "images", "at once",
              "bands", "steps", "bands/s", "force calls/s", "atom-steps/s", "of MD");
  for (Case &model : models) {
    model.on_cpu = on_cpu;
    check(*chosen.backend, model, options);
    for (const int threads : all > 1 && !options.quick ? std::vector<int>{1, all} : std::vector<int>{1}) {
      for (const int images : options.images) {
        for (const std::int64_t atoms : options.atoms) {
          Case wanted = model;
          wanted.threads = threads;
          wanted.images = images;
          wanted.atoms_at_once = atoms;
          const Json row = row_of(wanted, measure(*chosen.backend, wanted, options, options.quick ? 1 : options.rows, true));
          out["rows"].push_back(row);
          std::printf("%-24s %-7s %7d %6d %8lld %6lld %8.1f %9.2f %12.0f %14.4g %6.2f\n", wanted.name.c_str(),
                      wanted.mixed ? "mixed" : "double", threads, images, static_cast<long long>(atoms),
                      row["bands"].get<long long>(), row["mean_steps_of_a_band"].get<double>(),
                      row["bands_per_s"].get<double>(), row["force_calls_per_s"].get<double>(),
                      row["atom_steps_per_s"].get<double>(), row["share_of_md"].get<double>());
          std::fflush(stdout);
          if (options.quick) {
            break;
          }
        }
        if (options.quick) {
          break;
        }
      }
    }
  }
  if (!options.json.empty()) {
    write_file_atomically(options.json, out.dump(2) + "\n");
  }
  return 0;
}

} // namespace zener::bench
