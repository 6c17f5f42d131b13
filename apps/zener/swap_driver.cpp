#include "apps/zener/swap_driver.hpp"

#include "apps/zener/calls.hpp"
#include "apps/zener/device_choice.hpp"
#include "apps/zener/python.hpp"
#include "apps/zener/run_folder.hpp"
#include "apps/zener/swap_results.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/progress.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>

namespace zener {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Calls are cut so that signals, progress and checkpoints are served about twice a second; results do not depend on it.
constexpr double kChunk_s = 0.5;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string between_text(const SwapPreset &preset) {
  switch (preset.between) {
  case BetweenSwaps::relax:
    return fmt::format("energies relaxed to {} eV/A or {} steps", preset.force_tolerance_eV_A, preset.relax_steps);
  case BetweenSwaps::md:
    return fmt::format("{} steps of {} fs after every {} trials", preset.steps, preset.time_step_fs, preset.every_trials);
  default:
    return "the atoms stay where they are";
  }
}

std::string systems_text(const SwapPreset &preset, const SwapRunPlan &plan) {
  return fmt::format("{} systems of {} atoms, {} {} of {} to {} K, {} trials each", preset.systems(), plan.sites(),
                     preset.temperatures_K.size(), preset.temperatures_K.size() == 1 ? "temperature" : "temperatures",
                     preset.temperatures_K.front(), preset.temperatures_K.back(), plan.trials);
}

RelaxPlan relax_plan(const SwapPreset &preset) {
  RelaxPlan plan;
  plan.force_tolerance_eV_A = preset.force_tolerance_eV_A;
  return plan;
}

class SwapRun {
public:
  SwapRun(const RunOptions &options, SwapPreset preset, const MakeBatch &make)
      : options_(options), preset_(std::move(preset)), make_(make),
        folder_(output_folder(options.out, preset_.output_directory, options.resume)) {}

  int operator()() {
    plan_ = make_swap_plan(preset_);
    chosen_ = choose_device(options_.device, options_.threads);
    identity_ = identity(preset_, plan_).dump();
    std::optional<SwapCheckpoint> from;
    if (options_.resume) {
      claim_.take(folder_);
      from = load_swap_checkpoint(checkpoint_file());
      check_identity(from->identity, identity_, checkpoint_file());
      check_swap_checkpoint_fits(*from, plan_.atoms.systems, plan_.shells.size(), plan_.pairs(), checkpoint_file());
      if (from->now.trial > plan_.trials) {
        throw ConfigError(fmt::format("{}: {} trials are done already, more than the preset's {}", checkpoint_file().string(),
                                      from->now.trial, plan_.trials));
      }
    }
    batch_ = made_of_structure(preset_, [&] { // first: what it refuses leaves no folder
      return make_ ? make_(plan_.atoms) : chosen_.backend->make_atoms(plan_.atoms);
    });
    make_folder(folder_);
    claim_.take(folder_);
    open_log_file(folder_ / "log.txt");
    log_info(fmt::format("zener {} ({}), results in {}", kVersion, kCommit, folder_.string()));
    log_info("device " + chosen_.reason);
    log_info(systems_text(preset_, plan_) + "; " + between_text(preset_));
    log_info("potential " + plan_.atoms.potential->description());
    write_file_atomically(folder_ / "preset.json", resolved(preset_).dump(2) + "\n");
    begin(from);
    return advance();
  }

private:
  fs::path checkpoint_file() const { return folder_ / kCheckpointName; }

  void begin(std::optional<SwapCheckpoint> &from) {
    if (preset_.dynamics()) {
      batch_->set_dynamics(plan_.dynamics);
    }
    if (from) {
      batch_->load(from->state);
      wall_before_s_ = from->meta.wall_s;
      now_ = std::move(from->now);
      // A run that was planned shorter has a row at its end that the longer one would not take.
      for (SwapRow &row : from->rows) {
        if (row.trial % preset_.sample_every == 0 || row.trial == plan_.trials) {
          rows_.push_back(std::move(row));
        }
      }
      log_info(fmt::format("resumed at trial {} of {}", now_.trial, plan_.trials));
    } else {
      if (preset_.between == BetweenSwaps::relax) {
        relax_first();
      }
      now_.tried.assign(preset_.systems() * plan_.pairs(), 0);
      now_.kept = now_.tried;
      now_.unrelaxed.assign(preset_.systems(), 0);
      now_.relax_steps = now_.unrelaxed;
      now_.energy_eV.clear();
      for (const ThermoRow &row : batch_->thermo()) {
        now_.energy_eV.push_back(row.potential_eV);
      }
      take_row();
      write_swap_configurations(folder_, "initial", preset_, atoms(), now_);
    }
    began_at_ = now_.trial;
  }

  void relax_first() {
    const RelaxReport report = batch_->relax(relax_plan(preset_));
    if (std::count(report.converged.begin(), report.converged.end(), 0) > 0) {
      warnings_.push_back(fmt::format("the structure does not come to rest at {} eV/A within {} steps",
                                      preset_.force_tolerance_eV_A, relax_plan(preset_).max_steps));
      log_warning(warnings_.back());
    }
  }

  // The systems as they stand; without motion at the very places of the structure.
  std::vector<Atoms> atoms() {
    std::vector<Atoms> now = batch_->atoms();
    for (std::size_t k = 0; k < now.size() && preset_.between == BetweenSwaps::nothing; ++k) {
      now[k].position_A = plan_.atoms.systems[k].position_A;
    }
    return now;
  }

  void take_row() {
    now_.bonds.clear();
    now_.temperature_K.clear();
    now_.volume_A3.clear();
    const std::vector<Atoms> systems = batch_->atoms();
    for (std::size_t k = 0; k < systems.size(); ++k) {
      const std::vector<std::int64_t> bonds = count_bonds(plan_.shells, systems[k].type, plan_.elements());
      now_.bonds.insert(now_.bonds.end(), bonds.begin(), bonds.end());
      now_.volume_A3.push_back(volume(systems[k].cell));
      now_.temperature_K.push_back(0.0);
    }
    if (preset_.dynamics()) {
      const std::vector<ThermoRow> rows = batch_->thermo();
      for (std::size_t k = 0; k < rows.size(); ++k) {
        now_.temperature_K[k] = rows[k].temperature_K;
        now_.energy_eV[k] = rows[k].potential_eV;
      }
    }
    rows_.push_back(now_);
  }

  // Trials up to `until`, with the piece of dynamics at its end.
  void make_trials(std::int64_t until) {
    SwapPlan swaps = plan_.swaps;
    if (!preset_.dynamics()) {
      swaps.energy_eV = now_.energy_eV;
    }
    const SwapReport report = batch_->swap_trials(swaps, now_.trial, until);
    now_.trial = until;
    now_.energy_eV = report.energy_eV;
    for (std::size_t k = 0; k < preset_.systems(); ++k) {
      for (std::size_t p = 0; p < plan_.pairs(); ++p) {
        now_.tried[k * plan_.pairs() + p] += report.tried[k][p];
        now_.kept[k * plan_.pairs() + p] += report.kept[k][p];
      }
      now_.unrelaxed[k] += report.unrelaxed[k];
      now_.relax_steps[k] += report.relax_steps[k];
    }
    if (preset_.dynamics()) {
      const DynamicsReport moved = batch_->advance(until / preset_.every_trials * preset_.steps, {});
      if (moved.exploded) {
        refuse_explosion(moved);
      }
    }
  }

  [[noreturn]] void refuse_explosion(const DynamicsReport &report) {
    const auto system = static_cast<std::size_t>(report.exploded_system);
    throw DataError(fmt::format("the dynamics explode at step {}, after trial {}: system {}: {}. Atoms too close together, a "
                                "time step too long ({} fs here) or a potential outside of what it was made for are the usual "
                                "causes: relax the structure first, try a smaller time_step_fs",
                                report.exploded_step, now_.trial, system + 1,
                                explosion_text(report, batch_->atoms().at(system), plan_.dynamics), preset_.time_step_fs));
  }

  int advance() {
    const std::int64_t unit = preset_.dynamics() ? preset_.every_trials : 1; // trials of the shortest call
    Progress progress(static_cast<std::uint64_t>(plan_.trials), static_cast<std::uint64_t>(now_.trial), 1.0, "trials");
    Clock::time_point last_checkpoint = Clock::now();
    std::int64_t chunk = 1;
    while (now_.trial < plan_.trials && !stop_requested()) {
      const std::int64_t row_at = (now_.trial / preset_.sample_every + 1) * preset_.sample_every;
      const std::int64_t until = preset_.dynamics() ? now_.trial + unit : std::min({plan_.trials, row_at, now_.trial + chunk});
      const Clock::time_point start = Clock::now();
      const std::int64_t before = now_.trial;
      make_trials(until);
      const double took = seconds_since(start);
      trials_s_ += took;
      chunk = next_chunk(chunk, until - before, took, kChunk_s);
      if (now_.trial == row_at || now_.trial == plan_.trials) {
        take_row();
      }
      progress.update(static_cast<std::uint64_t>(now_.trial));
      if (seconds_since(last_checkpoint) >= preset_.checkpoint_every_s) {
        save();
        last_checkpoint = Clock::now();
      }
    }
    progress.finish(static_cast<std::uint64_t>(now_.trial), trials_s_);
    return finish();
  }

  void save() {
    SwapCheckpoint checkpoint;
    checkpoint.identity = identity_;
    checkpoint.meta = {wall_before_s_ + seconds_since(begin_), static_cast<std::int64_t>(rows_.size())};
    checkpoint.state = batch_->save();
    checkpoint.now = now_;
    checkpoint.rows.swap(rows_);
    save_swap_checkpoint(checkpoint_file(), checkpoint);
    rows_.swap(checkpoint.rows);
    write_swap_series(folder_, preset_, plan_, rows_);
    log_debug(fmt::format("checkpoint after {} trials", now_.trial));
  }

  int finish() {
    const bool interrupted = stop_requested() && now_.trial < plan_.trials;
    save();
    SwapRecord record;
    record.status = interrupted ? "interrupted" : "finished";
    record.backend = chosen_.backend_name;
    record.device = chosen_.device.name;
    record.trials_s = trials_s_;
    record.trials_made = static_cast<double>(now_.trial - began_at_);
    record.warnings = warnings_;
    record.wall_s = wall_before_s_ + seconds_since(begin_);
    if (!interrupted) {
      write_swap_configurations(folder_, "final", preset_, atoms(), now_);
    }
    const std::string table = write_swap_summary(folder_, preset_, plan_, rows_, now_, record);
    if (interrupted) {
      log_info(fmt::format("stopped by signal {} at trial {} of {}; a checkpoint is written: add --resume{} to go on",
                           stop_signal(), now_.trial, plan_.trials,
                           options_.out.empty() ? "" : " --out " + options_.out.string()));
      close_log_file();
      return static_cast<int>(ExitCode::interrupted);
    }
    if (preset_.plots) {
      draw_plots(folder_);
    }
    std::cout << table;
    const double trials = record.trials_made * static_cast<double>(preset_.systems());
    log_info(fmt::format("done: {:.6g} trials in {:.1f} s, {:.4g} trials/s, and {:.1f} s in all; see {}", trials, trials_s_,
                         trials / std::max(trials_s_, 1e-9), seconds_since(begin_), (folder_ / "summary.json").string()));
    close_log_file();
    return static_cast<int>(ExitCode::done);
  }

  RunOptions options_;
  SwapPreset preset_;
  const MakeBatch &make_;
  fs::path folder_;
  FolderClaim claim_;
  SwapRunPlan plan_;
  ChosenDevice chosen_;
  std::string identity_;
  std::vector<std::string> warnings_;
  std::unique_ptr<AtomsBatch> batch_;
  SwapRow now_; // totals so far; what a row has besides is that of the last one
  std::vector<SwapRow> rows_;
  std::int64_t began_at_ = 0; // trial at which this part of the run began
  double wall_before_s_ = 0.0;
  double trials_s_ = 0.0; // of this part, in trials and dynamics alone
  Clock::time_point begin_ = Clock::now();
};

} // namespace

int run_swap(const RunOptions &options) { return run_swap(options, {}); }

int run_swap(const RunOptions &options, const MakeBatch &make) {
  catch_run_signals();
  return SwapRun(options, load_swap_preset(options.preset, options.edits), make)();
}

void check_swap(const RunOptions &options) {
  const SwapPreset preset = load_swap_preset(options.preset, options.edits);
  const SwapRunPlan plan = make_swap_plan(preset);
  std::cout << resolved(preset).dump(2) << "\n";
  const ChosenDevice chosen = choose_device(options.device, options.threads);
  std::cout << fmt::format("device    {}\n", chosen.reason);
  std::cout << fmt::format("systems   {}; {}\n", systems_text(preset, plan), between_text(preset));
  std::cout << fmt::format("potential {}\n", plan.atoms.potential->description());
  for (std::size_t s = 0; s < plan.shells.size(); ++s) {
    std::cout << fmt::format("shell {}   {} bonds of {:.4f} A\n", s + 1, plan.shells[s].bonds.size(),
                             plan.shells[s].distance_A);
  }
  const std::unique_ptr<AtomsBatch> batch = made_of_structure(preset, [&] { return chosen.backend->make_atoms(plan.atoms); });
  if (preset.dynamics()) {
    batch->set_dynamics(plan.dynamics);
  } else if (preset.between == BetweenSwaps::relax) {
    batch->relax(relax_plan(preset));
  }
  constexpr double kTrial_s = 0.4;
  std::int64_t done = 0;
  double took = 0.0;
  for (std::int64_t next = preset.dynamics() ? preset.every_trials : 1; done < plan.trials && took < kTrial_s;) {
    const std::int64_t until = std::min(plan.trials, done + next);
    const Clock::time_point start = Clock::now();
    batch->swap_trials(plan.swaps, done, until);
    if (preset.dynamics() && batch->advance(until / preset.every_trials * preset.steps, {}).exploded) {
      std::cout << "time      no estimate: the dynamics of the trial explode; `zener run` says where\n";
      return;
    }
    took += seconds_since(start);
    done = until;
    next = preset.dynamics() ? next : 2 * next;
  }
  const double each_s = took / static_cast<double>(done);
  std::cout << fmt::format("time      about {} at {:.3g} trials/s (trials made: {} of each system)\n",
                           duration_text(each_s * static_cast<double>(plan.trials)),
                           static_cast<double>(preset.systems()) / std::max(each_s, 1e-12), done);
}

} // namespace zener
