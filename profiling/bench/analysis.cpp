// zener_bench analysis: what analyses cost beside the dynamics that they look at.
//
// Checked first: what is measured in flight is what frames that went through the host give. Then each analysis is shown frames
// of a crystal that lies on the device; its sums over atoms are held against the rate at which the device copies memory in the
// same run (bytes as the kernels' heads count them). Last, molecular dynamics with analyses switched on beside the same
// without.
#include "apps/zener/device_choice.hpp"
#include "apps/zener/python.hpp"
#include "host/neutral/analysis_result.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/md_preset.hpp"
#include "host/neutral/structure_builder.hpp"
#include "host/neutral/text.hpp"
#include "profiling/bench/benches.hpp"
#include "profiling/bench/machine.hpp"
#include "profiling/bench/made_potentials.hpp"
#include "profiling/bench/yardstick.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

namespace zener::bench {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string device = "auto";
  std::string json;
  int threads = 0;
  int cells = 32;
  int md_cells = 10;
  bool quick = false;
};

Atoms crystal(int cells) {
  StructureSpec spec;
  spec.lattice = "bcc";
  spec.elements = {"W"};
  spec.a_A = 3.1652;
  spec.cells = {cells, cells, cells};
  Atoms atoms = build_structure(spec);
  set_velocities(atoms, 600.0, 3);
  return atoms;
}

AtomsPlan plan_of(const PotentialPointer &potential, Atoms atoms) {
  AtomsPlan plan;
  plan.systems.push_back(std::move(atoms));
  plan.potential = potential;
  return plan;
}

// An analysis, the launch that moves most of its bytes, and how many it moves for an atom and frame.
struct Case {
  std::string name;
  AnalysisPlan plan;
  std::string launch;
  double bytes = 0.0;
};

std::vector<Case> cases_of() {
  std::vector<Case> cases(4);
  cases[0] = {"msd, multiple tau", {}, "correlate", 0.0};
  cases[0].plan.msd = CorrelatorPlan{16, 2, 12, 1};
  // kernels/analysis/correlator.hpp: p + (p - p/m) lags of 24 bytes on average, each level's samples once more.
  cases[0].bytes = 24.0 * (16.0 + 8.0) + 2.0 * 24.0;
  cases[1] = {"vacf, 512 lags", {}, "correlate", 24.0 * 512.0 + 24.0};
  cases[1].plan.vacf = CorrelatorPlan{512, 2, 1, 1};
  cases[2] = {"vacf, an origin in 8", {}, "correlate", 24.0 * 64.0 + 24.0};
  cases[2].plan.vacf = CorrelatorPlan{512, 2, 1, 8};
  cases[3] = {"currents, 4 waves", {}, "current_blocks", 48.0 * 4.0};
  cases[3].plan.currents = CurrentsPlan{{{1, 0, 0}, {2, 0, 0}, {1, 1, 0}, {1, 1, 1}}, 512};
  return cases;
}

// Frames in flight and through the host give the same.
void check(Backend &backend, const PotentialPointer &potential) {
  const std::vector<Atoms> start{crystal(4)};
  const auto batch = backend.make_atoms(plan_of(potential, start[0]));
  batch->set_dynamics({});
  for (const Case &one : cases_of()) {
    const auto in_flight = backend.make_analysis(one.plan, start), pushed = backend.make_analysis(one.plan, start);
    for (int f = 0; f < 4; ++f) {
      batch->observe(*in_flight);
      pushed->push(batch->atoms());
      batch->set_atoms(batch->atoms());
    }
    const AnalysisSums a = in_flight->sums(), b = pushed->sums();
    const auto near = [&](const std::vector<double> &x, const std::vector<double> &y) {
      double largest = 0.0, off = 0.0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        largest = std::max(largest, std::abs(y[i]));
        off = std::max(off, std::abs(x[i] - y[i]));
      }
      if (x.size() != y.size() || !(off <= 1e-9 * (largest + 1.0))) {
        throw InvariantError(one.name + ": in flight and through the host differ by " + number_text(off));
      }
    };
    if (a.msd) {
      near(a.msd->sums, b.msd->sums);
    }
    if (a.vacf) {
      near(a.vacf->sums, b.vacf->sums);
    }
    if (a.currents) {
      near(a.currents->sums, b.currents->sums);
    }
  }
}

// ms a frame and GB/s of the launch of a case, from frames that fill its rings and as many more.
Json measure(Backend &backend, const Case &one, const PotentialPointer &potential, const Atoms &start, double copy,
             bool quick) {
  const auto batch = backend.make_atoms(plan_of(potential, start));
  batch->set_dynamics({});
  const auto analysis = backend.make_analysis(one.plan, {start});
  const int fill = one.plan.vacf && !quick ? one.plan.vacf->points : 16, frames = quick ? 4 : 128;
  for (int f = 0; f < fill; ++f) {
    batch->observe(*analysis);
  }
  backend.time_kernels(true);
  const Stopwatch watch;
  for (int f = 0; f < frames; ++f) {
    batch->observe(*analysis);
  }
  const double seconds = watch.seconds();
  backend.time_kernels(false);
  double of_launch = 0.0;
  for (const KernelTime &time : backend.kernel_times()) {
    of_launch += time.name == one.launch ? time.seconds : 0.0;
  }
  const double bytes = one.bytes * static_cast<double>(start.size()) * frames;
  return {{"analysis", one.name},
          {"atoms", start.size()},
          {"ms_per_frame", 1e3 * seconds / frames},
          {"launch", one.launch},
          {"GB_per_s", 1e-9 * bytes / of_launch},
          {"share_of_copy", bytes / of_launch / copy}};
}

// Steps/s of NVE with analyses every 5 steps over those without, pass by pass.
Json slow_down(Backend &backend, const std::string &name, const PotentialPointer &potential, const Atoms &start, bool quick) {
  AnalysisPlan plan;
  plan.msd = CorrelatorPlan{16, 2, 12, 1};
  plan.vacf = CorrelatorPlan{512, 2, 1, 8};
  constexpr std::int64_t kEvery = 5;
  DynamicsPlan dynamics;
  dynamics.dt_fs = 1.0;
  std::vector<double> ratios, plain_rates;
  const std::int64_t chunk = 10 * kEvery;
  const auto plain = backend.make_atoms(plan_of(potential, start)), measured = backend.make_atoms(plan_of(potential, start));
  const auto analysis = backend.make_analysis(plan, {start});
  plain->set_dynamics(dynamics);
  measured->set_dynamics(dynamics);
  measured->observe_while_advancing(analysis.get(), 0, kEvery);
  for (std::int64_t done = 0; done < (quick ? 1 : 12) * chunk;) {
    done += chunk;
    const auto time_of = [&](AtomsBatch &batch) {
      const Stopwatch watch;
      if (batch.advance(done, {}).exploded) {
        throw DataError(name + ": an atom ran away");
      }
      return watch.seconds();
    };
    const double a = time_of(*plain), b = time_of(*measured);
    ratios.push_back(b / a);
    plain_rates.push_back(static_cast<double>(chunk) * static_cast<double>(start.size()) / a);
  }
  return {{"potential", name},
          {"atoms", start.size()},
          {"every", kEvery},
          {"atom_steps_per_s", median(plain_rates)},
          {"time_with_analyses", median(ratios)}};
}

} // namespace

int run_analysis(const std::vector<std::string> &arguments) {
  Options options;
  CLI::App app{"What analyses cost beside the dynamics that they look at", "zener_bench analysis"};
  app.add_option("--device", options.device, "auto, cpu, cuda:N or hip:N");
  app.add_option("--threads", options.threads, "threads of a CPU (0: all)");
  app.add_option("--cells", options.cells, "conventional cells a side of the crystal whose frames are taken in")
      ->check(CLI::Range(4, 256));
  app.add_option("--md-cells", options.md_cells, "the same for the dynamics")->check(CLI::Range(4, 256));
  app.add_option("--json", options.json, "write the figures to this file");
  app.add_flag("--quick", options.quick, "few frames of a small crystal: does it run?");
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp &) {
    std::printf("%s", app.help().c_str());
    return 0;
  } catch (const CLI::ParseError &error) {
    throw ConfigError(std::string("analysis: ") + error.what());
  }
  const ChosenDevice chosen = choose_device(options.device, options.threads);
  Backend &backend = *chosen.backend;
  const PotentialPointer eam = read_potential_file(home_folder() / "presets" / "potentials" / "w_zhou.json");
  check(backend, eam);
  const double copy = backend.copy_bandwidth(options.quick ? std::int64_t{1} << 24 : std::int64_t{1} << 29);
  Json out{{"format", "zener-bench-analysis-1"}, {"machine", describe_machine(chosen)}, {"threads", options.threads},
           {"copy_GB_per_s", 1e-9 * copy},       {"analyses", Json::array()},           {"dynamics", Json::array()}};
  std::printf("copy of memory: %.1f GB/s read and written\n%-22s %9s %12s %10s %8s\n", 1e-9 * copy, "analysis", "atoms",
              "ms a frame", "GB/s", "of copy");
  const Atoms atoms = crystal(options.quick ? 6 : options.cells);
  for (const Case &one : cases_of()) {
    const Json row = measure(backend, one, eam, atoms, copy, options.quick);
    out["analyses"].push_back(row);
    std::printf("%-22s %9zu %12.3f %10.2f %8.2f\n", one.name.c_str(), atoms.size(), row["ms_per_frame"].get<double>(),
                row["GB_per_s"].get<double>(), row["share_of_copy"].get<double>());
    std::fflush(stdout);
  }
  std::printf("%-22s %9s %14s %s\n", "dynamics", "atoms", "atom-steps/s",
              "time with msd and vacf every 5 steps, over that without");
  const Atoms moving = crystal(options.quick ? 4 : options.md_cells);
  for (const auto &[name, potential] :
       {std::pair<std::string, PotentialPointer>{"SNAP, made", made_snap(false)}, {"EAM W Zhou", eam}}) {
    const Json row = slow_down(backend, name, potential, moving, options.quick);
    out["dynamics"].push_back(row);
    std::printf("%-22s %9zu %14.4g %.3f\n", name.c_str(), moving.size(), row["atom_steps_per_s"].get<double>(),
                row["time_with_analyses"].get<double>());
    std::fflush(stdout);
  }
  if (!options.json.empty()) {
    write_file_atomically(options.json, out.dump(2) + "\n");
  }
  return 0;
}

} // namespace zener::bench
