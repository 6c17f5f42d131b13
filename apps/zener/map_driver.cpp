#include "apps/zener/map_driver.hpp"

#include "apps/zener/device_choice.hpp"
#include "apps/zener/map_results.hpp"
#include "apps/zener/python.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/map_preset.hpp"
#include "host/neutral/progress.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>

namespace zener {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

BarrierMap map_of(Backend &backend, const MapPlan &plan, const std::vector<std::uint8_t> &occupancy) {
  return backend.barrier_map(plan.model, plan.precision, {plan.structure, plan.cells}, occupancy, plan.temperatures_K);
}

class MapRun {
public:
  MapRun(const RunOptions &options, MapPreset preset)
      : preset_(std::move(preset)), folder_(output_folder(options.out, preset_.output_directory, false)),
        plan_(make_map_plan(preset_, warnings_)), chosen_(choose_device(options.device, options.threads)),
        mapped_(plan_.atoms.size()) {}

  int operator()() {
    make_folder(folder_);
    open_log_file(folder_ / "log.txt");
    log_info(fmt::format("zener {} ({}), results in {}", kVersion, kCommit, folder_.string()));
    log_info("device " + chosen_.reason);
    for (const std::string &warning : warnings_) {
      log_warning(warning);
    }
    log_info(fmt::format("{} configurations of {} sites for each of {} compositions, barriers: {}", plan_.configurations,
                         plan_.sites(), plan_.atoms.size(), kind_name(plan_.model)));
    write_file_atomically(folder_ / "preset.json", resolved(preset_).dump(2) + "\n");

    const bool whole = map_all();
    MapRecord record;
    record.status = whole ? "finished" : "interrupted";
    record.backend = chosen_.backend_name;
    record.device = chosen_.device.name;
    record.wall_s = seconds_since(begin_);
    record.warnings = warnings_;
    write_map_results(folder_, preset_, plan_, mapped_, record);
    if (!whole) {
      log_info(fmt::format("stopped by signal {}; what was mapped until then is in {}", stop_signal(), folder_.string()));
      close_log_file();
      return static_cast<int>(ExitCode::interrupted);
    }
    if (preset_.plots) {
      draw_plots(folder_);
    }
    log_info(fmt::format("done: {} barriers in {:.1f} s; see {}", grouped(static_cast<std::uint64_t>(plan_.jumps())),
                         record.wall_s, (folder_ / "summary.json").string()));
    close_log_file();
    return static_cast<int>(ExitCode::done);
  }

private:
  // False when a signal asked to stop before the last configuration.
  bool map_all() {
    const auto each = static_cast<std::uint64_t>(plan_.configurations);
    Progress progress(each * plan_.atoms.size(), 0, 1.0, "configurations");
    std::uint64_t done = 0;
    for (std::size_t g = 0; g < plan_.atoms.size(); ++g) {
      for (int c = 0; c < plan_.configurations; ++c) {
        if (stop_requested()) {
          progress.finish(done);
          return false;
        }
        const std::vector<std::uint8_t> occupancy = draw_configuration(plan_, g, c);
        const BarrierMap map = map_of(*chosen_.backend, plan_, occupancy);
        add_map(preset_, plan_, g, occupancy, map, mapped_[g]);
        if (preset_.site_files) {
          write_map_configuration(folder_, plan_, g, c, occupancy, map);
        }
        progress.update(++done);
      }
    }
    progress.finish(done);
    return true;
  }

  MapPreset preset_;
  fs::path folder_;
  std::vector<std::string> warnings_;
  MapPlan plan_;
  ChosenDevice chosen_;
  std::vector<MappedComposition> mapped_;
  Clock::time_point begin_ = Clock::now();
};

// Barriers per second, from maps of a cell of at most 8 cells a side.
double trial_speed(Backend &backend, MapPlan plan) {
  for (int &cells : plan.cells) {
    cells = std::min(cells, 8);
  }
  const auto sites = static_cast<std::size_t>(plan.sites());
  const std::vector<std::uint8_t> whole = draw_configuration(plan, 0, 0);
  const std::vector<std::uint8_t> occupancy(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(sites));
  double barriers = 0.0;
  const Clock::time_point start = Clock::now();
  while (seconds_since(start) < 0.2) {
    barriers += static_cast<double>(map_of(backend, plan, occupancy).barrier_eV.size());
  }
  return barriers / seconds_since(start);
}

} // namespace

int run_map(const RunOptions &options) {
  catch_run_signals();
  if (options.resume) {
    throw ConfigError("--resume: a barrier_map has no checkpoint; run it again without --resume");
  }
  return MapRun(options, load_map_preset(options.preset, options.edits))();
}

void check_map(const RunOptions &options) {
  const MapPreset preset = load_map_preset(options.preset, options.edits);
  std::vector<std::string> warnings;
  const MapPlan plan = make_map_plan(preset, warnings);
  std::cout << resolved(preset).dump(2) << "\n";
  for (const std::string &warning : warnings) {
    log_warning(warning);
  }
  const ChosenDevice chosen = choose_device(options.device, options.threads);
  std::cout << fmt::format("device    {}\n", chosen.reason);
  std::cout << fmt::format("map       {} configurations of {} sites for each of {} compositions, {:.4g} barriers\n",
                           plan.configurations, plan.sites(), plan.atoms.size(), plan.jumps());
  std::cout << fmt::format("memory    {:.1f} MiB on the host for the barriers\n", plan.jumps() * 9.0 / (1 << 20));
  const double speed = trial_speed(*chosen.backend, plan);
  std::cout << fmt::format("time      about {} at {:.3g} barriers/s (a trial of 0.2 s)\n", duration_text(plan.jumps() / speed),
                           speed);
}

} // namespace zener
