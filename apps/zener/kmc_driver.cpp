#include "apps/zener/kmc_driver.hpp"

#include "apps/zener/calls.hpp"
#include "apps/zener/device_choice.hpp"
#include "apps/zener/kmc_results.hpp"
#include "apps/zener/python.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/checkpoint.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/preset.hpp"
#include "host/neutral/progress.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <optional>

namespace zener {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// A call of advance() is cut so that signals, progress and checkpoints are served about twice a second; results do not depend
// on it.
constexpr double kChunk_s = 0.5;
// With very many walkers a call costs about as much as a hop of them all: it takes some hops, unless that is long.
constexpr double kLeastSteps = 4.0;
constexpr double kLongestChunk_s = 2.0;
constexpr std::size_t kMostSamplesPerCall = 64;
constexpr double kFlaggedWorthALine = 0.01; // share of the hops

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Where a walker stands that cannot go on.
std::string describe_walker(const KmcPlan &plan, const KmcState &state, std::int64_t walker) {
  const auto w = static_cast<std::size_t>(walker);
  const auto vacancies = static_cast<std::size_t>(plan.vacancies);
  const std::size_t group = w / static_cast<std::size_t>(plan.replicas);
  std::vector<std::string> sites;
  for (std::size_t v = 0; v < vacancies; ++v) {
    sites.push_back(std::to_string(state.vacancy_site[w * vacancies + v]));
  }
  return fmt::format("walker {} (group {}, {} K) at hop {}, smallest barrier {} eV, {} {}", walker, group,
                     plan.groups[group].temperature_K, state.walker_hops[w], state.smallest_barrier_eV[w],
                     vacancies == 1 ? "vacancy at site" : "vacancies at sites", join(sites, ", "));
}

// Hops of all walkers together; those that stopped early have made fewer than the others.
double hops_made(const KmcState &state) {
  double sum = 0.0;
  for (const std::uint64_t hops : state.walker_hops) {
    sum += static_cast<double>(hops);
  }
  return sum;
}

bool anyone_walks(const KmcState &state) {
  return std::find(state.status.begin(), state.status.end(), static_cast<std::uint32_t>(WalkerStatus::running)) !=
         state.status.end();
}

std::string model_text(const BarrierModel &model) {
  const int members = ensemble_size(model);
  return kind_name(model) + (members > 1 ? fmt::format(", mean of {} networks", members) : "");
}

// What a step is called in this run.
const char *step(const KmcPlan &plan) { return plan.swaps() ? "trial" : "hop"; }
const char *steps(const KmcPlan &plan) { return plan.swaps() ? "trials" : "hops"; }

class Run {
public:
  Run(const RunOptions &options, KmcPreset preset)
      : options_(options), preset_(std::move(preset)),
        folder_(output_folder(options.out, preset_.output_directory, options.resume)) {}

  int operator()() {
    plan_ = make_plan(preset_, warnings_);
    chosen_ = choose_device(options_.device, options_.threads);
    identity_ = identity(preset_, plan_).dump();
    std::optional<Checkpoint> from;
    if (options_.resume) {
      claim_.take(folder_);
      from = load_checkpoint(checkpoint_file());
      check_identity(from->identity, identity_, checkpoint_file());
      check_checkpoint_fits(*from, plan_, checkpoint_file());
      if (from->state.hops > preset_.hops) {
        throw ConfigError(fmt::format("{}: {} {} are done already, more than the preset's {}", checkpoint_file().string(),
                                      from->state.hops, steps(plan_), preset_.hops));
      }
    }

    batch_ = chosen_.backend->make_kmc(plan_); // first, so that a lack of memory leaves no folder behind
    make_folder(folder_);
    claim_.take(folder_);
    open_log_file(folder_ / "log.txt");
    log_info(fmt::format("zener {} ({}), results in {}", kVersion, kCommit, folder_.string()));
    log_info("device " + chosen_.reason);
    for (const std::string &warning : warnings_) {
      log_warning(warning);
    }
    log_info(fmt::format("{} walkers of {} sites in {} groups, {} {} each, {}: {}", plan_.walkers(), plan_.sites(),
                         plan_.groups.size(), preset_.hops, steps(plan_), plan_.swaps() ? "energies" : "barriers",
                         model_text(plan_.model)));
    write_file_atomically(folder_ / "preset.json", resolved(preset_).dump(2) + "\n");

    schedule_ = sample_hops(preset_);
    if (from) {
      begin_from(*from);
      from.reset(); // as large as the batch
    } else {
      rows_.push_back(batch_->sample());
      if (preset_.configurations != Configurations::none) {
        write_configurations(folder_, "initial", preset_, plan_, batch_->save(), *chosen_.backend);
      }
    }
    return advance();
  }

private:
  fs::path checkpoint_file() const { return folder_ / kCheckpointName; }

  void begin_from(Checkpoint &from) {
    batch_->load(from.state);
    hops_ = from.state.hops;
    made_before_ = hops_made(from.state);
    wall_before_s_ = from.meta.wall_s;
    // A run that was planned shorter has a row at its end that the longer one would not take.
    for (KmcRow &row : from.rows) {
      if (row.hop == 0 || std::binary_search(schedule_.begin(), schedule_.end(), row.hop)) {
        rows_.push_back(std::move(row));
      }
    }
    log_info(fmt::format("resumed at {} {} of {}", step(plan_), hops_, preset_.hops));
    write_due_configurations();
    for (const std::uint64_t hop : preset_.configurations_at) {
      if (hop < hops_ && anyone_walks(from.state) && !has_configurations(folder_, configurations_name(hop), preset_, plan_)) {
        warnings_.push_back(
            fmt::format("configurations at {} {} are not written: the walk is at {} already", step(plan_), hop, hops_));
        log_warning(warnings_.back());
      }
    }
  }

  std::string configurations_name(std::uint64_t hop) const { return fmt::format("{}_{}", step(plan_), hop); }

  // Those that the preset wants at this very hop, unless an earlier part of the run has written them.
  void write_due_configurations() {
    const std::string name = configurations_name(hops_);
    if (!std::binary_search(preset_.configurations_at.begin(), preset_.configurations_at.end(), hops_) ||
        has_configurations(folder_, name, preset_, plan_)) {
      return;
    }
    const KmcState state = batch_->save();
    if (anyone_walks(state)) { // else it is the last configuration, wherever the calls of advance() were cut
      write_configurations(folder_, name, preset_, plan_, state, *chosen_.backend);
    }
  }

  // The hop at which the walk must halt for files.
  std::uint64_t next_configurations() const {
    const auto next = std::upper_bound(preset_.configurations_at.begin(), preset_.configurations_at.end(), hops_);
    return next == preset_.configurations_at.end() ? preset_.hops : *next;
  }

  std::size_t next_sample() const {
    return static_cast<std::size_t>(std::upper_bound(schedule_.begin(), schedule_.end(), hops_) - schedule_.begin());
  }

  int advance() {
    Progress progress(preset_.hops, hops_, static_cast<double>(plan_.walkers()), steps(plan_));
    Clock::time_point last_checkpoint = Clock::now();
    std::uint64_t chunk = 1;
    AdvanceReport report;
    report.running = plan_.walkers();
    while (hops_ < preset_.hops && !stop_requested()) {
      std::uint64_t until = std::min({preset_.hops, hops_ + chunk, next_configurations()});
      const auto samples = samples_of_call(schedule_, next_sample(), kMostSamplesPerCall, until);
      const Clock::time_point start = Clock::now();
      report = batch_->advance(until, samples);
      const double took = seconds_since(start);
      walk_s_ += took;
      const double step_s = std::max(took, 1e-6) / static_cast<double>(until - hops_);
      const double target_s = std::clamp(kLeastSteps * step_s, kChunk_s, kLongestChunk_s);
      chunk = next_chunk(chunk, until - hops_, took, target_s);
      rows_.insert(rows_.end(), report.rows.begin(), report.rows.end());
      hops_ = until;
      progress.update(hops_);
      if (report.bad_barrier > 0 || report.tracer_range > 0 || report.running == 0) {
        break;
      }
      write_due_configurations();
      if (seconds_since(last_checkpoint) >= preset_.checkpoint_every_s) {
        save(batch_->save());
        last_checkpoint = Clock::now();
      }
    }
    progress.finish(hops_, walk_s_);
    return finish(report);
  }

  void save(const KmcState &state) {
    const CheckpointMeta meta{wall_before_s_ + seconds_since(begin_), static_cast<std::int64_t>(next_sample())};
    save_checkpoint(checkpoint_file(), identity_, meta, state, rows_);
    write_series(folder_, preset_, plan_, state, rows_);
    log_debug(fmt::format("checkpoint after {} {}", hops_, steps(plan_)));
  }

  int finish(const AdvanceReport &report) {
    const bool faulty = report.bad_barrier > 0 || report.tracer_range > 0;
    const bool interrupted = stop_requested() && hops_ < preset_.hops && report.running > 0 && !faulty;
    const KmcState state = batch_->save();
    batch_.reset(); // its memory goes to the checkpoint
    save(state);

    RunRecord record;
    record.status =
        interrupted ? "interrupted" : (report.running == 0 && hops_ < preset_.hops ? "every walker stopped" : "finished");
    record.backend = chosen_.backend_name;
    record.device = chosen_.device.name;
    const double made = hops_made(state) - made_before_;
    record.hops_per_s = made / std::max(walk_s_, 1e-9);
    record.memory_lookups = report.memory_lookups;
    record.memory_hits = report.memory_hits;
    if (report.bad_barrier > 0) {
      record.status = "stopped: a barrier is not finite";
    } else if (report.tracer_range > 0) {
      record.status = "stopped: an atom has moved too far";
    }
    note_walkers(report, state);
    record.warnings = warnings_;
    write_configurations(folder_, interrupted ? "checkpoint" : "final", preset_, plan_, state, *chosen_.backend);
    if (!interrupted) {
      remove_configurations(folder_, "checkpoint"); // of an earlier part
    }
    if (plan_.flags()) {
      write_flagged(folder_, plan_, state);
    }
    record.wall_s = wall_before_s_ + seconds_since(begin_);
    write_summary(folder_, preset_, plan_, state, rows_, record);
    refuse_faults(report, state);
    if (interrupted) {
      log_info(fmt::format("stopped by signal {} at {} {} of {}; a checkpoint is written: add --resume{} to go on",
                           stop_signal(), step(plan_), hops_, preset_.hops,
                           options_.out.empty() ? "" : " --out " + options_.out.string()));
      close_log_file();
      return static_cast<int>(ExitCode::interrupted);
    }
    if (preset_.plots) {
      draw_plots(folder_);
    }
    log_info(fmt::format("done: {} {} of {} walkers in {:.1f} s of walk, {:.4g} {}/s, and {:.1f} s in all; see {}",
                         grouped(static_cast<std::uint64_t>(made)), steps(plan_), plan_.walkers(), walk_s_, record.hops_per_s,
                         steps(plan_), seconds_since(begin_), (folder_ / "summary.json").string()));
    close_log_file();
    return static_cast<int>(ExitCode::done);
  }

  // What is to be said of walkers that stopped, and of the memory.
  void note_walkers(const AdvanceReport &report, const KmcState &state) {
    if (report.no_possible_hop > 0) {
      warnings_.push_back(
          fmt::format("{} of {} walkers have no possible hop (exp(E/kT) exceeds the range of double); the first is {}",
                      report.no_possible_hop, plan_.walkers(), describe_walker(plan_, state, report.first_halted)));
      log_warning(warnings_.back());
    }
    if (report.at_time_limit > 0) {
      log_info(fmt::format("{} of {} walkers reached the time limit of {} s", report.at_time_limit, plan_.walkers(),
                           preset_.time_limit_s));
    }
    if (const double share = plan_.flags() ? flagged_share(state) : 0.0; share > kFlaggedWorthALine) {
      warnings_.push_back(fmt::format("{:.2g} % of the hops were made from environments of which a barrier's spread over the "
                                      "ensemble exceeds {} eV: the networks were not trained on their like; see {}",
                                      100.0 * share, plan_.spread_limit_eV, (folder_ / "flagged.json").string()));
      log_warning(warnings_.back());
    }
    if (report.memory_lookups > 0) {
      log_info(fmt::format("{:.2f} % of {} environments were known from the memory of {} entries a walker",
                           100.0 * static_cast<double>(report.memory_hits) / static_cast<double>(report.memory_lookups),
                           grouped(report.memory_lookups), grouped(static_cast<std::uint64_t>(plan_.memory_entries))));
    }
  }

  // Ends a run whose walkers cannot go on, with everything on the disk.
  void refuse_faults(const AdvanceReport &report, const KmcState &state) const {
    if (report.bad_barrier > 0) {
      throw DataError(fmt::format(
          "a barrier is not finite: {} of {} walkers, the first is {}. The model's weights or its input are at "
          "fault; what was sampled until then is in {}",
          report.bad_barrier, plan_.walkers(), describe_walker(plan_, state, report.first_halted), folder_.string()));
    }
    if (report.tracer_range > 0) {
      throw ConfigError(fmt::format(
          "an atom has moved further than observe.tracers can hold (2^20 lattice units along an axis): {} of {} walkers, the "
          "first is {}. Take fewer hops, or observe.tracers: false; what was sampled until then is in {}",
          report.tracer_range, plan_.walkers(), describe_walker(plan_, state, report.first_halted), folder_.string()));
    }
    if (report.no_possible_hop == plan_.walkers()) {
      throw ConfigError(
          fmt::format("no walker has a possible hop any more, the first is {}. The temperature is too low for these "
                      "barriers; what was sampled until then is in {}",
                      describe_walker(plan_, state, report.first_halted), folder_.string()));
    }
  }

  RunOptions options_;
  KmcPreset preset_;
  fs::path folder_;
  FolderClaim claim_;
  KmcPlan plan_;
  ChosenDevice chosen_;
  std::string identity_;
  std::vector<std::string> warnings_;
  std::unique_ptr<KmcBatch> batch_;
  std::vector<std::uint64_t> schedule_;
  std::vector<KmcRow> rows_;
  std::uint64_t hops_ = 0;
  double made_before_ = 0.0; // hops of all walkers in the parts of the run before this one
  double wall_before_s_ = 0.0;
  double walk_s_ = 0.0; // of this part, in advance() alone
  Clock::time_point begin_ = Clock::now();
};

// What a run will cost, by a trial with walkers of the plan's first group.
struct Speed {
  double steps_per_s = 0.0; // of all walkers; 0: none could hop
  double draw_s = 0.0;      // to draw the alloy of one walker
};

Speed measure_speed(Backend &backend, KmcPlan plan, std::int64_t walkers, double least_s) {
  plan.groups = {plan.groups.front()};
  plan.replicas = static_cast<int>(walkers);
  plan.time_limit_s = 0.0;
  Clock::time_point start = Clock::now();
  const std::unique_ptr<KmcBatch> batch = backend.make_kmc(plan);
  Speed speed;
  speed.draw_s = seconds_since(start) / static_cast<double>(walkers);
  std::uint64_t step = 8;
  std::uint64_t hops = 1;
  batch->advance(hops, {}); // what happens but once
  double took = 0.0;
  while (took < least_s) {
    start = Clock::now();
    hops += step;
    if (batch->advance(hops, {}).running == 0) {
      return {};
    }
    took = seconds_since(start);
    speed.steps_per_s = static_cast<double>(step) * static_cast<double>(walkers) / took;
    step *= 2;
  }
  return speed;
}

// A trial of some tenths of a second. A GPU runs more walkers in the same time, and on a CPU many do not stay in the caches:
// as many take part as there are and as the time allows.
Speed trial_speed(Backend &backend, const KmcPlan &plan, bool gpu) {
  constexpr double kTrial_s = 0.15;
  const std::int64_t few = std::min<std::int64_t>(plan.walkers(), gpu ? 16384 : 4 * std::max(1, backend.device().units));
  const Speed first = measure_speed(backend, plan, few, gpu ? 0.2 : 0.05);
  if (gpu || first.steps_per_s == 0.0) {
    return first;
  }
  const double affordable = std::min(kTrial_s / first.draw_s, kTrial_s * first.steps_per_s / 8.0);
  const std::int64_t many = std::min({plan.walkers(), std::int64_t{65536}, static_cast<std::int64_t>(affordable)});
  return measure_speed(backend, plan, std::max(few, many), kTrial_s);
}

} // namespace

int run_kmc(const RunOptions &options) {
  catch_run_signals();
  return Run(options, load_kmc_preset(options.preset, options.edits))();
}

void check_kmc(const RunOptions &options) {
  const KmcPreset preset = load_kmc_preset(options.preset, options.edits);
  std::vector<std::string> warnings;
  const KmcPlan plan = make_plan(preset, warnings);
  std::cout << resolved(preset).dump(2) << "\n";
  for (const std::string &warning : warnings) {
    log_warning(warning);
  }
  const ChosenDevice chosen = choose_device(options.device, options.threads);
  const std::size_t needed = device_bytes(plan);
  std::cout << fmt::format("device    {}\n", chosen.reason);
  std::cout << fmt::format("walkers   {} of {} sites in {} groups, {} {} each\n", plan.walkers(), plan.sites(),
                           plan.groups.size(), preset.hops, steps(plan));
  std::cout << fmt::format("memory    {:.1f} MiB on the device, {} bytes a walker; {:.1f} MiB free\n",
                           static_cast<double>(needed) / (1 << 20), walker_bytes(plan),
                           static_cast<double>(chosen.device.memory_free_bytes) / (1 << 20));
  if (needed > chosen.device.memory_free_bytes) {
    throw DeviceError(fmt::format("the preset needs {} MiB of memory, {} MiB are free on the device", needed >> 20,
                                  chosen.device.memory_free_bytes >> 20));
  }
  const Speed speed = trial_speed(*chosen.backend, plan, chosen.backend_name != "cpu");
  if (speed.steps_per_s > 0.0) {
    const auto walkers = static_cast<double>(plan.walkers());
    const double walk_s = static_cast<double>(preset.hops) * walkers / speed.steps_per_s;
    const double draw_s = speed.draw_s * walkers;
    std::cout << fmt::format(
        "time      about {} at {:.3g} {}/s{} (a trial at {} K)\n", duration_text(walk_s), speed.steps_per_s, steps(plan),
        draw_s > 1.0 ? ", and " + duration_text(draw_s) + " before to draw the alloys" : "", plan.groups.front().temperature_K);
  } else {
    std::cout << fmt::format("time      no estimate: no walker of the trial has a possible hop at {} K\n",
                             plan.groups.front().temperature_K);
  }
}

} // namespace zener
