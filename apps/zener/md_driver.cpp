#include "apps/zener/md_driver.hpp"

#include "apps/zener/analysis_results.hpp"
#include "apps/zener/calls.hpp"
#include "apps/zener/device_choice.hpp"
#include "apps/zener/md_results.hpp"
#include "apps/zener/md_trajectory.hpp"
#include "apps/zener/mean_positions_files.hpp"
#include "apps/zener/python.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/analysis_preset.hpp"
#include "host/neutral/dynamics_checkpoint.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/progress.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/time_windows.hpp"
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

// A call of advance() is cut so that signals, progress and checkpoints are served about twice a second, and so that the last
// good state of a run that explodes is not far back; results do not depend on it.
constexpr double kChunk_s = 0.5;
constexpr std::size_t kMostSamplesPerCall = 256;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::int64_t count_atoms(const std::vector<Atoms> &systems) {
  std::int64_t sum = 0;
  for (const Atoms &system : systems) {
    sum += static_cast<std::int64_t>(system.size());
  }
  return sum;
}

// Time between two frames of the analyses.
double frame_ps(const MdPreset &preset) { return 1.0e-3 * preset.time_step_fs * static_cast<double>(preset.analyses->every); }

std::string ensemble_text(const MdPreset &preset) {
  std::string text = ensemble_name(preset.ensemble);
  if (!preset.ladder_K.empty()) {
    text += fmt::format(", {} temperatures of {} to {} K", preset.ladder_K.size(),
                        *std::min_element(preset.ladder_K.begin(), preset.ladder_K.end()),
                        *std::max_element(preset.ladder_K.begin(), preset.ladder_K.end()));
  } else if (preset.ramp()) {
    text += fmt::format(", {} to {} K", (*preset.temperature_K)[0], (*preset.temperature_K)[1]);
  } else if (preset.temperature_K) {
    text += fmt::format(", {} K", (*preset.temperature_K)[0]);
  }
  return text;
}

class MdRun {
public:
  MdRun(const RunOptions &options, MdPreset preset, const MakeBatch &make)
      : options_(options), preset_(std::move(preset)), make_(make),
        folder_(output_folder(options.out, preset_.output_directory, options.resume)) {}

  int operator()() {
    if (preset_.analyses) {
      set_windows(preset_.analyses->plan, frame_ps(preset_));
    }
    plan_ = make_md_plan(preset_);
    chosen_ = choose_device(options_.device, options_.threads);
    identity_ = identity(preset_, plan_).dump();
    std::optional<DynamicsCheckpoint> from;
    if (options_.resume) {
      claim_.take(folder_);
      from = load_dynamics_checkpoint(checkpoint_file());
      check_identity(from->identity, identity_, checkpoint_file());
      check_dynamics_checkpoint_fits(*from, plan_.atoms.systems, checkpoint_file());
      if (from->state.step > preset_.steps) {
        throw ConfigError(fmt::format("{}: {} steps are done already, more than the preset's {}", checkpoint_file().string(),
                                      from->state.step, preset_.steps));
      }
    }

    if (preset_.analyses) {
      prepare_analyses(*preset_.analyses, preset_.file, frame_ps());
    }
    batch_ = made_of_structure(preset_, [&] { // first: what it refuses leaves no folder
      return make_ ? make_(plan_.atoms) : chosen_.backend->make_atoms(plan_.atoms);
    });
    batch_->set_dynamics(plan_.dynamics);
    if (preset_.analyses) {
      analysis_ = chosen_.backend->make_analysis(preset_.analyses->plan, plan_.atoms.systems);
      batch_->observe_while_advancing(analysis_.get(), preset_.analyses->begin_step, preset_.analyses->every);
    }
    make_folder(folder_);
    claim_.take(folder_);
    open_log_file(folder_ / "log.txt");
    log_info(fmt::format("zener {} ({}), results in {}", kVersion, kCommit, folder_.string()));
    log_info("device " + chosen_.reason);
    log_info(fmt::format("{} atoms in {} {}, {} steps of {} fs, {}", count_atoms(plan_.atoms.systems),
                         plan_.atoms.systems.size(), plan_.atoms.systems.size() == 1 ? "system" : "systems", preset_.steps,
                         preset_.time_step_fs, ensemble_text(preset_)));
    log_info("potential " + plan_.atoms.potential->description());
    write_file_atomically(folder_ / "preset.json", resolved(preset_).dump(2) + "\n");

    warn_of_loose_atoms();
    schedule_ = sample_steps(preset_);
    if (from) {
      begin_from(*from);
      open_mean_positions();
    } else {
      open_mean_positions();
      rows_.push_back(batch_->thermo());
      write_md_configurations(folder_, "initial", preset_, batch_->atoms(), rows_.back(), preset_.restart);
      if (preset_.trajectory) {
        trajectory_.emplace(folder_, preset_, *batch_, rows_.back());
      }
      if (analysis_ && preset_.analyses->begin_step == 0) {
        batch_->observe(*analysis_);
      }
    }
    return advance();
  }

private:
  // A system in which nothing pulls at anything is rarely meant: lengths in another unit, mostly.
  void warn_of_loose_atoms() {
    const std::vector<ThermoRow> rows = batch_->thermo();
    for (std::size_t s = 0; s < rows.size(); ++s) {
      if (rows[s].largest_force_eV_A == 0.0 && rows[s].virial_eV == Matrix3{}) {
        warnings_.push_back(fmt::format("the atoms of {} do not feel each other: none has a neighbour within {} A. Are its "
                                        "lengths in A?",
                                        structure_place(preset_), number_text(plan_.atoms.potential->cutoff_A())));
        log_warning(warnings_.back());
        return;
      }
    }
  }

  fs::path checkpoint_file() const { return folder_ / kCheckpointName; }

  // Between two frames of the analyses.
  double frame_ps() const { return 1.0e-3 * preset_.time_step_fs * static_cast<double>(preset_.analyses->every); }

  // Frames that the analyses have seen when a step is done.
  std::int64_t observed_until(std::int64_t step) const {
    const AnalysisChoice &choice = *preset_.analyses;
    return step < choice.begin_step ? 0 : (step - choice.begin_step) / choice.every + 1;
  }

  void load_analysis(const DynamicsCheckpoint &from) {
    const std::int64_t frames = from.analysis ? from.analysis->frames : 0;
    if (!from.analysis || frames != observed_until(from.state.step)) {
      throw ConfigError(
          fmt::format("{}: its analyses hold {} frames, {} are expected at step {}: the run stopped after its last "
                      "good state, and what is measured cannot go on from there; begin anew",
                      checkpoint_file().string(), frames, observed_until(from.state.step), from.state.step));
    }
    analysis_->load(*from.analysis);
  }

  // Goes on after the windows of an analysis that was loaded.
  void open_mean_positions() {
    if (analysis_ && preset_.analyses->plan.mean_positions) {
      const double begin_ps = 1.0e-3 * preset_.time_step_fs * static_cast<double>(preset_.analyses->begin_step);
      mean_positions_.emplace(folder_, system_names(preset_), plan_.atoms.systems, *preset_.analyses->plan.mean_positions,
                              frame_ps(preset_), begin_ps, analysis_->frames());
    }
  }

  std::optional<AnalysisResult> analyses() {
    if (!analysis_ || analysis_->frames() == 0) {
      return std::nullopt;
    }
    return analysis_result(*preset_.analyses, analysis_->sums(), plan_.atoms.systems, frame_ps(preset_),
                           system_means(preset_, plan_, rows_));
  }

  void begin_from(DynamicsCheckpoint &from) {
    if (analysis_) {
      load_analysis(from);
    }
    batch_->load(from.state);
    step_ = from.state.step;
    begin_step_ = step_;
    wall_before_s_ = from.meta.wall_s;
    // A run that was planned shorter has a row at its end that the longer one would not take.
    for (std::vector<ThermoRow> &sample : from.rows) {
      const std::int64_t step = sample.front().step;
      if (step == 0 || std::binary_search(schedule_.begin(), schedule_.end(), step)) {
        rows_.push_back(std::move(sample));
      }
    }
    if (preset_.trajectory) {
      trajectory_.emplace(folder_, preset_, *batch_, batch_->thermo(), from.trajectory_end);
    }
    log_info(fmt::format("resumed at step {} of {}", step_, preset_.steps));
  }

  std::size_t next_sample() const {
    return static_cast<std::size_t>(std::upper_bound(schedule_.begin(), schedule_.end(), step_) - schedule_.begin());
  }

  std::int64_t next_frame() const {
    return preset_.trajectory ? (step_ / preset_.trajectory->every + 1) * preset_.trajectory->every : preset_.steps;
  }

  int advance() {
    Progress progress(static_cast<std::uint64_t>(preset_.steps), static_cast<std::uint64_t>(step_), 1.0, "steps");
    Clock::time_point last_checkpoint = Clock::now();
    std::int64_t chunk = 1;
    while (step_ < preset_.steps && !stop_requested()) {
      std::int64_t until = std::min({preset_.steps, step_ + chunk, next_frame()});
      const auto samples = samples_of_call(schedule_, next_sample(), kMostSamplesPerCall, until);
      const Clock::time_point start = Clock::now();
      report_ = batch_->advance(until, samples);
      const double took = seconds_since(start);
      advance_s_ += took;
      if (report_.exploded) {
        break;
      }
      if (mean_positions_) {
        mean_positions_->add(analysis_->take_mean_positions());
      }
      chunk = next_chunk(chunk, until - step_, took, kChunk_s);
      rows_.insert(rows_.end(), report_.rows.begin(), report_.rows.end());
      step_ = until;
      progress.update(static_cast<std::uint64_t>(step_));
      write_atoms_kept();
      if (preset_.trajectory && step_ % preset_.trajectory->every == 0) {
        trajectory_->add(*batch_, batch_->thermo());
      }
      if (seconds_since(last_checkpoint) >= preset_.checkpoint_every_s) {
        save();
        last_checkpoint = Clock::now();
      }
    }
    progress.finish(static_cast<std::uint64_t>(step_), advance_s_);
    return finish();
  }

  void write_atoms_kept() {
    if (analysis_) {
      write_atom_frames(folder_, analysis_->take_atoms(), system_names(preset_));
    }
  }

  void save() {
    write_atoms_kept(); // they are no part of the state
    DynamicsCheckpoint checkpoint;
    checkpoint.identity = identity_;
    checkpoint.meta = {wall_before_s_ + seconds_since(begin_), static_cast<std::int64_t>(next_sample())};
    checkpoint.state = batch_->save();
    if (trajectory_) {
      checkpoint.trajectory_end = trajectory_->ends();
    }
    if (analysis_) {
      checkpoint.analysis = analysis_->save();
    }
    if (mean_positions_) {
      mean_positions_->force_to_disk();
    }
    checkpoint.rows.swap(rows_);
    save_dynamics_checkpoint(checkpoint_file(), checkpoint);
    rows_.swap(checkpoint.rows);
    write_md_series(folder_, preset_, plan_, rows_, analyses());
    log_debug(fmt::format("checkpoint after {} steps", step_));
  }

  int finish() {
    const bool interrupted = stop_requested() && step_ < preset_.steps && !report_.exploded;
    save();
    if (trajectory_) {
      trajectory_->close();
    }
    MdRecord record;
    record.status = report_.exploded ? "stopped: the dynamics explode" : interrupted ? "interrupted" : "finished";
    record.backend = chosen_.backend_name;
    record.device = chosen_.device.name;
    record.steps = step_;
    record.advance_s = advance_s_;
    record.steps_made = static_cast<double>(step_ - begin_step_);
    record.list_builds = report_.list_builds;
    record.warnings = warnings_;
    const std::string name = report_.exploded ? "last_good" : interrupted ? "checkpoint" : "final";
    write_md_configurations(folder_, name, preset_, batch_->atoms(), batch_->thermo(), preset_.restart || report_.exploded);
    if (!interrupted) {
      remove_md_configurations(folder_, "checkpoint"); // of an earlier part
    }
    record.wall_s = wall_before_s_ + seconds_since(begin_);
    const std::optional<AnalysisResult> measured = analyses();
    const std::string table = write_md_summary(folder_, preset_, plan_, rows_, measured, record);
    if (measured) {
      write_analysis_files(folder_, *measured, system_names(preset_));
    }
    if (report_.exploded) {
      refuse_explosion();
    }
    if (interrupted) {
      log_info(fmt::format("stopped by signal {} at step {} of {}; a checkpoint is written: add --resume{} to go on",
                           stop_signal(), step_, preset_.steps, options_.out.empty() ? "" : " --out " + options_.out.string()));
      close_log_file();
      return static_cast<int>(ExitCode::interrupted);
    }
    if (preset_.plots) {
      draw_plots(folder_);
    }
    std::cout << table;
    const double steps_per_s = record.steps_made / std::max(advance_s_, 1e-9);
    log_info(fmt::format("done: {} steps in {:.1f} s, {:.4g} steps/s, {}atom-steps/s, and {:.1f} s in all; see {}",
                         step_ - begin_step_, advance_s_, steps_per_s,
                         si_text(steps_per_s * static_cast<double>(count_atoms(plan_.atoms.systems))) + " ",
                         seconds_since(begin_), (folder_ / "summary.json").string()));
    close_log_file();
    return static_cast<int>(ExitCode::done);
  }

  [[noreturn]] void refuse_explosion() const {
    const auto system = static_cast<std::size_t>(report_.exploded_system);
    const bool cell = report_.exploded_what == "cell";
    const char *key = cell                               ? "largest_volume_ratio"
                      : report_.exploded_what == "force" ? "largest_force_eV_A"
                                                         : "largest_move_A";
    throw DataError(fmt::format(
        "the dynamics explode at step {}: {}{} (limits.{}). The state at step {}, the last good one, is in {}. {} are the "
        "usual "
        "causes: look at the distances, relax the structure first, try {}",
        report_.exploded_step, preset_.systems() > 1 ? "system " + system_name(preset_, system) + ": " : "",
        explosion_text(report_, plan_.atoms.systems.at(system), plan_.dynamics), key, step_,
        (folder_ / "configurations").string() + "/last_good_*",
        cell ? "A pressure beyond what the potential bears, atoms too close together or a barostat_time_fs too short"
             : fmt::format("Atoms too close together, a time step too long ({} fs here) or a potential outside of what it was "
                           "made for",
                           preset_.time_step_fs),
        cell ? "a longer barostat_time_fs" : "a smaller time_step_fs"));
  }

  RunOptions options_;
  MdPreset preset_;
  const MakeBatch &make_;
  fs::path folder_;
  FolderClaim claim_;
  MdPlan plan_;
  ChosenDevice chosen_;
  std::string identity_;
  std::vector<std::string> warnings_;
  std::unique_ptr<AtomsBatch> batch_;
  std::unique_ptr<Analysis> analysis_; // in flight
  std::optional<MdTrajectory> trajectory_;
  std::optional<MeanPositionsFiles> mean_positions_;
  std::vector<std::int64_t> schedule_;
  MdRows rows_;
  DynamicsReport report_; // of the last call
  std::int64_t step_ = 0;
  std::int64_t begin_step_ = 0; // of this part of the run
  double wall_before_s_ = 0.0;
  double advance_s_ = 0.0; // of this part, in advance() alone
  Clock::time_point begin_ = Clock::now();
};

} // namespace

int run_md(const RunOptions &options) { return run_md(options, {}); }

int run_md(const RunOptions &options, const MakeBatch &make) {
  catch_run_signals();
  return MdRun(options, load_md_preset(options.preset, options.edits), make)();
}

void check_md(const RunOptions &options) {
  MdPreset preset = load_md_preset(options.preset, options.edits);
  const MdPlan plan = make_md_plan(preset);
  if (preset.analyses) {
    set_windows(preset.analyses->plan, frame_ps(preset));
  }
  std::cout << resolved(preset).dump(2) << "\n";
  const ChosenDevice chosen = choose_device(options.device, options.threads);
  const auto atoms = static_cast<double>(count_atoms(plan.atoms.systems));
  std::cout << fmt::format("device    {}\n", chosen.reason);
  std::cout << fmt::format("systems   {} of {} atoms in all, {}\n", plan.atoms.systems.size(), atoms, ensemble_text(preset));
  std::cout << fmt::format("potential {}\n", plan.atoms.potential->description());
  const std::size_t free_before = chosen.device.memory_free_bytes;
  const std::unique_ptr<AtomsBatch> batch = made_of_structure(preset, [&] { return chosen.backend->make_atoms(plan.atoms); });
  batch->set_dynamics(plan.dynamics);
  constexpr double kTrial_s = 0.4;
  std::int64_t step = 0;
  double step_s = 0.0;
  for (std::int64_t steps = 1; step < preset.steps; steps *= 2) {
    const Clock::time_point start = Clock::now();
    const std::int64_t until = std::min(preset.steps, step + steps);
    if (batch->advance(until, {}).exploded) {
      std::cout << "time      no estimate: the dynamics of the trial explode; `zener run` says where\n";
      return;
    }
    const double took = seconds_since(start);
    step_s = took / static_cast<double>(until - step);
    step = until;
    if (took >= kTrial_s) {
      break;
    }
  }
  const std::size_t free_after = chosen.backend->device().memory_free_bytes;
  if (free_after < free_before) {
    std::cout << fmt::format("memory    {:.1f} MiB taken, {:.1f} MiB free\n",
                             static_cast<double>(free_before - free_after) / (1 << 20),
                             static_cast<double>(free_after) / (1 << 20));
  }
  std::cout << fmt::format("time      about {} at {:.3g} atom-steps/s (trial steps: {})\n",
                           duration_text(step_s * static_cast<double>(preset.steps)), atoms / std::max(step_s, 1e-12), step);
}

} // namespace zener
