#include "apps/zener/neb_driver.hpp"

#include "apps/zener/band_queue.hpp"
#include "apps/zener/neb_results.hpp"
#include "apps/zener/path_checks.hpp"
#include "apps/zener/run_folder.hpp"
#include "apps/zener/statics_run.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/neb_preset.hpp"
#include "host/neutral/progress.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>

namespace zener {
namespace {

// An end of one path or of many, which then share it.
struct End {
  Atoms start;
  Atoms rest; // where it came to
  bool known = false;
  bool lost = false;
  bool converged = false;
  double energy_eV = 0.0;
};

// What a preset asks for, before any cell is brought to rest.
struct Task {
  Atoms crystal;
  std::vector<NebHop> hops;
  bool built = false; // hops are in the crystal, not all from files
};

Task make_task(const NebPreset &preset, const PotentialModel &potential) {
  Task task;
  task.crystal = make_structure(preset);
  task.hops = make_hops(preset, task.crystal);
  check_elements(preset, potential, task.crystal);
  for (const NebHop &each : task.hops) {
    check_elements(preset, potential, each.hop.first);
  }
  task.built = std::any_of(preset.paths.begin(), preset.paths.end(), [](const PathChoice &p) { return p.kind != "files"; });
  if (task.built && preset.equilibrium.cell != CellFreedom::fixed) {
    check_periodic(task.crystal, "cells that relax");
  }
  return task;
}

class NebRun {
public:
  NebRun(const RunOptions &options, NebPreset preset, const MakeBatch &make)
      : preset_(std::move(preset)), run_(options, preset_, "neb", make), task_(make_task(preset_, run_.potential())),
        atoms_at_once_(suitable_atoms(preset_.atoms_at_once, run_.backend().device(), run_.backend_name())) {}

  int operator()() {
    run_.open(resolved(preset_));
    make_folder(run_.folder() / "paths");
    bring_to_rest();
    if (stop_requested()) {
      return run_.stopped();
    }
    run_.warn_of_small_cell(task_.hops.front().hop.first, "the cell");
    begin();
    log_info(fmt::format("{} bands of {} images with {} different ends; up to {} atoms at once", bands_.size(), preset_.images,
                         ends_.size(), grouped(static_cast<std::uint64_t>(atoms_at_once_))));
    const double began = run_.wall_s();
    relax_ends();
    if (!stop_requested()) {
      relax_bands();
    }
    const bool stopped = stop_requested();
    report_flags(stopped);
    write_neb_results(run_, preset_, bands_, {force_calls_, run_.wall_s() - began}, stopped);
    return stopped ? run_.stopped() : run_.finish(fmt::format("{} bands", bands_.size()));
  }

private:
  // The crystal at its rest, and hops in it. Ends from files stay.
  void bring_to_rest() {
    if (preset_.equilibrium.cell == CellFreedom::fixed || !task_.built) {
      return;
    }
    const Atoms start = task_.crystal;
    const Equilibrium rest = find_equilibrium(run_.maker(), start, equilibrium_plan(preset_.equilibrium, preset_.relax));
    // Sites of the lattice stay sites, also in an alloy: ends relax later.
    task_.crystal = strained(start, strain_between(start.cell, rest.atoms.cell));
    task_.hops = make_hops(preset_, task_.crystal);
    run_.log_rest("of the crystal", start, rest);
  }

  // A row for each hop, and every different end once.
  void begin() {
    std::map<std::string, std::size_t> known;
    const auto end_of = [&](const Atoms &atoms) {
      const auto [entry, is_new] = known.emplace(structure_hash(atoms), ends_.size());
      if (is_new) {
        ends_.emplace_back();
        ends_.back().start = atoms;
      }
      return entry->second;
    };
    for (const NebHop &each : task_.hops) {
      NebBand band;
      band.path = each.path;
      band.name = each.hop.name;
      band.atoms = each.hop.first.size();
      bands_.push_back(std::move(band));
      first_.push_back(end_of(each.hop.first));
      last_.push_back(end_of(each.hop.last));
    }
  }

  void relax_ends() {
    BandsPlan plan;
    plan.max_steps = preset_.relax.max_steps;
    plan.largest_move_A = preset_.relax.largest_move_A;
    BandQueue queue(run_.maker(), plan, atoms_at_once_);
    for (const End &end : ends_) {
      BandTask task;
      task.images = {end.start};
      task.ends.force_tolerance_eV_A = preset_.relax.force_tolerance_eV_A;
      queue.add(std::move(task));
    }
    drain(queue, ends_.size(), "ends at rest", [&](std::vector<BandResult> results) {
      for (BandResult &result : results) {
        End &end = ends_[result.task];
        end.known = true;
        end.lost = result.lost;
        if (!end.lost) {
          end.rest = std::move(result.images.front());
          end.energy_eV = result.report.energy_eV.front();
          end.converged = result.report.status == BandReport::Status::converged;
        }
      }
    });
  }

  void relax_bands() {
    BandQueue queue(run_.maker(), preset_.band, atoms_at_once_);
    std::vector<std::size_t> band_of; // by task
    for (std::size_t b = 0; b < bands_.size(); ++b) {
      if (!check_ends(b)) {
        continue;
      }
      const End &first = ends_[first_[b]];
      const End &last = ends_[last_[b]];
      BandTask task;
      task.images = straight_path(first.rest, last.rest, preset_.images);
      task.ends = {preset_.images,
                   first.rest.position_A,
                   last.rest.position_A,
                   first.energy_eV,
                   last.energy_eV,
                   preset_.force_tolerance_eV_A,
                   0};
      if (atoms_meet(first.rest, last.rest, task.images)) {
        bands_[b].status = BandStatus::lost;
        continue;
      }
      queue.add(std::move(task));
      band_of.push_back(b);
    }
    drain(queue, band_of.size(), "bands", [&](std::vector<BandResult> results) { take(std::move(results), band_of); });
  }

  // Until the queue is empty or a signal came.
  void drain(BandQueue &queue, std::size_t tasks, const char *what,
             const std::function<void(std::vector<BandResult>)> &take_all) {
    if (tasks == 0) {
      return;
    }
    Progress progress(tasks, 0, 1.0, what);
    const auto go_on = [&] {
      progress.update(tasks - queue.unfinished());
      return !stop_requested();
    };
    while (queue.unfinished() > 0 && go_on()) {
      take_all(queue.next(go_on));
    }
    progress.finish(tasks - queue.unfinished());
    force_calls_ += queue.force_calls();
  }

  // Whether a band can lie between the ends of a hop; says in its row what is wrong with them.
  bool check_ends(std::size_t b) {
    const End &first = ends_[first_[b]];
    const End &last = ends_[last_[b]];
    NebBand &band = bands_[b];
    if (first.lost || last.lost) {
      band.status = BandStatus::end_lost;
      return false;
    }
    band.ends_converged = first.converged && last.converged;
    const double way = longest_way(first.start, last.start);
    band.end_moved = is_another_minimum(first.start, first.rest, last.start, way) ||
                     is_another_minimum(last.start, last.rest, first.start, way);
    band.longest_way_A = longest_way(first.rest, last.rest);
    if (ends_alike(first.rest, last.rest, way)) {
      band.status = BandStatus::ends_alike;
      return false;
    }
    return true;
  }

  // Energies and forces of all images and ends of bands that are done, one batch; their files.
  void take(std::vector<BandResult> results, const std::vector<std::size_t> &band_of) {
    std::vector<Atoms> systems;
    for (const BandResult &result : results) {
      const std::size_t b = band_of[result.task];
      if (result.lost) {
        bands_[b].status = BandStatus::lost;
        continue;
      }
      systems.push_back(ends_[first_[b]].rest);
      systems.insert(systems.end(), result.images.begin(), result.images.end());
      systems.push_back(ends_[last_[b]].rest);
    }
    if (systems.empty()) {
      return;
    }
    const Evaluation evaluation = run_.maker()(systems)->evaluate();
    for (std::size_t k = 0; k < systems.size(); ++k) {
      systems[k].velocity_A_ps.clear();
      put_evaluation(systems[k], evaluation, k);
    }
    std::size_t at = 0;
    for (const BandResult &result : results) {
      if (!result.lost) {
        NebBand &band = bands_[band_of[result.task]];
        const std::size_t frames = result.images.size() + 2;
        set_path(
            band,
            {systems.begin() + static_cast<std::ptrdiff_t>(at), systems.begin() + static_cast<std::ptrdiff_t>(at + frames)},
            result.report);
        write_path_files(
            run_.folder() / "paths", band,
            {systems.begin() + static_cast<std::ptrdiff_t>(at), systems.begin() + static_cast<std::ptrdiff_t>(at + frames)});
        at += frames;
      }
    }
  }

  void report_flags(bool stopped) {
    const auto list = [&](const char *what, const std::function<bool(const NebBand &)> &is) {
      std::vector<std::string> names;
      std::size_t count = 0;
      for (const NebBand &band : bands_) {
        count += is(band) ? 1 : 0;
        if (is(band) && names.size() < 10) {
          names.push_back(band.name);
        }
      }
      if (count > 0) {
        run_.warn(
            fmt::format("{} of {} bands {}: {}{}", count, bands_.size(), what, join(names, ", "), count > 10 ? ", …" : ""));
      }
    };
    const auto has = [](BandStatus status) { return [status](const NebBand &band) { return band.status == status; }; };
    list("have an end that ran away", has(BandStatus::end_lost));
    list("lead nowhere, their ends relaxed into one structure", has(BandStatus::ends_alike));
    list("were lost, atoms met or ran away", has(BandStatus::lost));
    list("did not converge, their barriers are not final", has(BandStatus::out_of_steps));
    list("have ends that are not at rest", [](const NebBand &band) {
      return !band.ends_converged && band.status != BandStatus::end_lost && band.status != BandStatus::not_run;
    });
    list("have an end that relaxed into another minimum than the one it began in",
         [](const NebBand &band) { return band.end_moved; });
    list("pass a minimum below both ends, from which the barriers are higher",
         [](const NebBand &band) { return band.has_lower_minimum(); });
    if (stopped) {
      list("were not run", has(BandStatus::not_run));
    }
  }

  NebPreset preset_;
  StaticsRun run_;
  Task task_;
  std::int64_t atoms_at_once_;
  std::vector<End> ends_;
  std::vector<NebBand> bands_;
  std::vector<std::size_t> first_, last_; // ends of the bands
  std::int64_t force_calls_ = 0;
};

} // namespace

int run_neb(const RunOptions &options) { return run_neb(options, {}); }

int run_neb(const RunOptions &options, const MakeBatch &make) {
  catch_run_signals();
  return NebRun(options, load_neb_preset(options.preset, options.edits), make)();
}

void check_neb(const RunOptions &options) {
  const NebPreset preset = load_neb_preset(options.preset, options.edits);
  const PotentialPointer potential = load_potential(preset);
  const Task task = make_task(preset, *potential);
  const ChosenDevice chosen = choose_device(options.device, options.threads);
  std::cout << resolved(preset).dump(2) << "\n";
  std::cout << fmt::format("device    {}\n", chosen.reason);
  std::cout << fmt::format("potential {}\n", potential->description());
  std::cout << fmt::format("bands     {} of {} images, the first of {} atoms\n", task.hops.size(), preset.images,
                           task.hops.front().hop.first.size());
  std::cout << fmt::format(
      "batch     up to {} atoms at once\n",
      grouped(static_cast<std::uint64_t>(suitable_atoms(preset.atoms_at_once, chosen.backend->device(), chosen.backend_name))));
}

} // namespace zener
