#include "apps/zener/dataset_driver.hpp"

#include "apps/zener/dataset_rows.hpp"
#include "apps/zener/run_folder.hpp"
#include "apps/zener/statics_run.hpp"
#include "host/neutral/checkpoint_file.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/progress.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <set>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr const char *kDataFile = "barriers.h5";

// Mean, standard deviation and range of some numbers.
struct Spread {
  std::size_t count = 0;
  double sum = 0.0, squares = 0.0;
  double least = HUGE_VAL, most = -HUGE_VAL;
  void add(double x) {
    ++count;
    sum += x;
    squares += x * x;
    least = std::min(least, x);
    most = std::max(most, x);
  }
  double mean() const { return sum / static_cast<double>(count); }
  double deviation() const { return std::sqrt(std::max(0.0, squares / static_cast<double>(count) - mean() * mean())); }
};

Json spread_json(const Spread &spread) {
  if (spread.count == 0) {
    return {{"barriers", 0}};
  }
  return {{"barriers", spread.count},
          {"mean_eV", spread.mean()},
          {"standard_deviation_eV", spread.deviation()},
          {"least_eV", spread.least},
          {"most_eV", spread.most}};
}

class DatasetRun {
public:
  DatasetRun(const RunOptions &options, DatasetPreset preset, const MakeBatch &make)
      : preset_(std::move(preset)), resume_(options.resume), counts_(composition_counts(preset_, notes_)),
        run_(options, preset_, "barrier_dataset", make, kDataFile),
        atoms_at_once_(suitable_atoms(preset_.atoms_at_once, run_.backend().device(), run_.backend_name())) {
    check_elements(preset_.file.string() + ": /composition", run_.potential(), crystal(0));
  }

  int operator()() {
    if (resume_) {
      claim_.take(run_.folder());
      load();
    }
    run_.open(resolved(preset_));
    claim_.take(run_.folder());
    for (const std::string &note : notes_) {
      run_.warn(note);
    }
    run_.warn_of_small_cell(crystal(0), "the cell");
    if (!resume_) {
      begin_data();
    }
    const auto rows = static_cast<std::uint64_t>(preset_.rows());
    log_info(fmt::format("{} cells with a vacancy, {} bands of {} images; {} cells are done; up to {} atoms at once",
                         grouped(rows), grouped(rows * kPaths), preset_.images, grouped(done_.size()),
                         grouped(static_cast<std::uint64_t>(atoms_at_once_))));
    work();
    save();
    const bool stopped = stop_requested();
    write_results(stopped);
    return stopped ? run_.stopped() : run_.finish(fmt::format("{} bands", grouped(bands_)));
  }

private:
  // The perfect crystal of a composition as its first configuration has it.
  Atoms crystal(std::size_t composition) const {
    DatasetRow row;
    row.composition = composition;
    std::vector<std::uint8_t> occupancy = dataset_occupancy(preset_, row, counts_[composition]);
    // The atom that the vacancy took away is the one of which there is one too few.
    std::vector<std::int64_t> missing = counts_[composition];
    for (const std::uint8_t code : occupancy) {
      if (code > 0) {
        --missing[code - 1U];
      }
    }
    const auto element = std::find(missing.begin(), missing.end(), 1) - missing.begin();
    std::replace(occupancy.begin(), occupancy.end(), std::uint8_t{0}, static_cast<std::uint8_t>(element + 1));
    return lattice_atoms(preset_.alloy.cells, preset_.alloy.a_A, preset_.elements, occupancy);
  }

  void begin_data() {
    data_.elements = preset_.elements;
    data_.cells = {preset_.alloy.cells[0], preset_.alloy.cells[1], preset_.alloy.cells[2]};
    for (std::size_t c = 0; c < counts_.size(); ++c) {
      data_.composition_atoms.insert(data_.composition_atoms.end(), counts_[c].begin(), counts_[c].end());
      data_.composition_name.push_back(composition_name(preset_, c));
    }
    data_.potential = run_.potential().description();
    data_.potential_hash = potential_identity(preset_).dump();
    data_.program = fmt::format("zener {} ({})", kVersion, kCommit);
    data_.preset = resolved(preset_).dump();
    data_.identity = identity(preset_).dump();
  }

  void load() {
    const std::filesystem::path file = run_.folder() / kDataFile;
    data_ = read_barrier_file(file);
    check_identity(data_.identity, identity(preset_).dump(), file);
    data_.preset = resolved(preset_).dump();
    done_.insert(data_.number.begin(), data_.number.end());
    for (std::size_t r = 0; r < data_.rows(); ++r) {
      a_A_[static_cast<std::size_t>(data_.composition[r])] = data_.a_A[r];
    }
  }

  // The lattice constant of a composition at rest; that of the preset when its cells are fixed.
  double lattice_constant(std::size_t composition) {
    const auto known = a_A_.find(composition);
    if (known != a_A_.end()) {
      return known->second;
    }
    double a_A = preset_.alloy.a_A;
    if (preset_.equilibrium.cell != CellFreedom::fixed) {
      const Atoms start = crystal(composition);
      const Equilibrium rest = find_equilibrium(run_.maker(), start, equilibrium_plan(preset_.equilibrium, preset_.relax));
      run_.log_rest("of " + data_.composition_name[composition], start, rest);
      a_A *= std::cbrt(rest.state.volume_A3 / volume(start.cell));
    }
    a_A_[composition] = a_A;
    return a_A;
  }

  void work() {
    BandQueue queue(run_.maker(), preset_.band, atoms_at_once_);
    DatasetRows rows(preset_, queue);
    const auto all = static_cast<std::uint64_t>(preset_.rows());
    const std::uint64_t before = done_.size();
    Progress progress(all, before, 1.0, "cells");
    const Clock::time_point began = Clock::now();
    Clock::time_point saved = began;
    std::int64_t number = 0;
    const auto go_on = [&] {
      progress.update(done_.size());
      return !stop_requested();
    };
    while (go_on()) {
      // Enough waits that the batch stays full when a part of it is finished.
      while (number < preset_.rows() && rows.atoms() < 2 * atoms_at_once_ && !stop_requested()) {
        if (!done_.contains(number)) {
          const DatasetRow row = dataset_row(preset_, number);
          rows.begin(row, dataset_occupancy(preset_, row, counts_[row.composition]), lattice_constant(row.composition));
        }
        ++number;
      }
      const std::vector<FinishedRow> finished = rows.next(go_on);
      if (finished.empty()) {
        break;
      }
      for (const FinishedRow &row : finished) {
        put(row);
      }
      if (std::chrono::duration<double>(Clock::now() - saved).count() >= preset_.checkpoint_every_s) {
        save();
        saved = Clock::now();
      }
    }
    progress.finish(done_.size(), std::chrono::duration<double>(Clock::now() - began).count());
    force_calls_ = queue.force_calls();
    seconds_ = std::chrono::duration<double>(Clock::now() - began).count();
    bands_ = (done_.size() - before) * kPaths;
  }

  void put(const FinishedRow &row) {
    done_.insert(row.row.number);
    band_steps_ += row.band_steps;
    data_.number.push_back(row.row.number);
    data_.occupancy.insert(data_.occupancy.end(), row.occupancy.begin(), row.occupancy.end());
    data_.composition.push_back(static_cast<std::int32_t>(row.row.composition));
    data_.a_A.push_back(row.a_A);
    data_.vacancy.push_back(row.vacancy);
    data_.energy_eV.push_back(row.energy_eV);
    for (std::size_t p = 0; p < kPaths; ++p) {
      data_.status.push_back(static_cast<std::uint8_t>(row.status[p]));
      data_.forward_eV.push_back(row.forward_eV[p]);
      data_.backward_eV.push_back(row.backward_eV[p]);
      data_.final_energy_eV.push_back(row.final_energy_eV[p]);
    }
  }

  // Rows by number, whatever order they were finished in, so that the file does not depend on how the run was cut.
  void save() {
    sort_rows(data_);
    write_barrier_file(run_.folder() / kDataFile, data_);
    log_debug(fmt::format("{} cells are in {}", data_.rows(), kDataFile));
  }

  void write_results(bool stopped) {
    std::array<std::size_t, kJumpStatuses> statuses{};
    std::vector<Spread> by_composition(counts_.size());
    std::vector<Spread> by_element(preset_.elements.size());
    Spread all, difference;
    for (std::size_t r = 0; r < data_.rows(); ++r) {
      const Offset centre = site_coordinates(Structure::bcc, preset_.alloy.cells, data_.vacancy[r]);
      for (std::size_t p = 0; p < kPaths; ++p) {
        const std::size_t j = r * kPaths + p;
        ++statuses[data_.status[j]];
        if (data_.status[j] != static_cast<std::uint8_t>(JumpStatus::converged)) {
          continue;
        }
        const Offset &d = bcc_tables().offsets[p];
        const std::int64_t site =
            site_at(Structure::bcc, preset_.alloy.cells, {centre[0] + d[0], centre[1] + d[1], centre[2] + d[2]});
        const std::uint8_t code = data_.occupancy[r * data_.sites() + static_cast<std::size_t>(site)];
        for (const double barrier : {data_.forward_eV[j], data_.backward_eV[j]}) {
          all.add(barrier);
          by_composition[static_cast<std::size_t>(data_.composition[r])].add(barrier);
          by_element[code - 1U].add(barrier);
        }
        difference.add(std::abs(data_.forward_eV[j] - data_.backward_eV[j]));
      }
    }
    Json status = Json::object();
    std::size_t dropped = 0;
    for (std::size_t s = 0; s < statuses.size(); ++s) {
      status[status_name(static_cast<JumpStatus>(s))] = statuses[s];
      dropped += s == static_cast<std::size_t>(JumpStatus::converged) ? 0 : statuses[s];
    }
    if (dropped > 0) {
      run_.warn(fmt::format("{} of {} bands are of no use to training: {}", grouped(dropped), grouped(data_.rows() * kPaths),
                            status.dump()));
    }
    Json compositions = Json::array();
    std::string text = fmt::format("{:<20} {:>9} {:>9} {:>10} {:>10} {:>8} {:>8}\n", "composition", "a (A)", "barriers",
                                   "mean (eV)", "deviation", "least", "most");
    for (std::size_t c = 0; c < by_composition.size(); ++c) {
      const Spread &spread = by_composition[c];
      const auto a = a_A_.find(c);
      Json entry{{"composition", data_.composition_name[c]}, {"a_A", a == a_A_.end() ? Json(nullptr) : Json(a->second)}};
      entry.update(spread_json(spread));
      compositions.push_back(std::move(entry));
      if (spread.count > 0) {
        text += fmt::format("{:<20} {:>9.4f} {:>9} {:>10.4f} {:>10.4f} {:>8.4f} {:>8.4f}\n", data_.composition_name[c],
                            a->second, spread.count, spread.mean(), spread.deviation(), spread.least, spread.most);
      }
    }
    Json elements = Json::object();
    for (std::size_t e = 0; e < by_element.size(); ++e) {
      elements[preset_.elements[e]] = spread_json(by_element[e]);
    }
    const double seconds = std::max(seconds_, 1e-9);
    Json numbers = Json::array();
    if (all.count > 0) {
      numbers.push_back(named_number("mean_barrier", "eV", all.mean(), nullptr, "over all converged bands, both ways"));
      numbers.push_back(named_number("mean_energy_difference", "eV", difference.mean(), nullptr,
                                     "mean size of the difference of a band's ends"));
    }
    run_.write_summary(
        stopped ? "interrupted" : "finished",
        {{"numbers", numbers},
         {"cells", {{"done", data_.rows()}, {"asked", preset_.rows()}}},
         {"bands", status},
         {"all", spread_json(all)},
         {"jumping_element", elements},
         {"compositions", compositions},
         {"throughput",
          {{"bands", bands_},
           {"seconds", seconds_},
           {"bands_per_s", static_cast<double>(bands_) / seconds},
           {"force_calls", force_calls_},
           {"force_calls_per_s", static_cast<double>(force_calls_) / seconds},
           {"mean_steps_of_a_band", static_cast<double>(band_steps_) / std::max<double>(1.0, static_cast<double>(bands_))}}}});
    write_file_atomically(run_.folder() / "compositions.txt", text);
    std::cout << text;
  }

  DatasetPreset preset_;
  bool resume_;
  std::vector<std::string> notes_;
  std::vector<std::vector<std::int64_t>> counts_; // [composition][element]
  StaticsRun run_;
  std::int64_t atoms_at_once_;
  FolderClaim claim_;
  BarrierFile data_;
  std::set<std::int64_t> done_;       // numbers of rows
  std::map<std::size_t, double> a_A_; // by composition
  std::int64_t force_calls_ = 0;      // of this call
  std::int64_t band_steps_ = 0;
  std::size_t bands_ = 0;
  double seconds_ = 0.0;
};

} // namespace

int run_dataset(const RunOptions &options) { return run_dataset(options, {}); }

int run_dataset(const RunOptions &options, const MakeBatch &make) {
  catch_run_signals();
  return DatasetRun(options, load_dataset_preset(options.preset, options.edits), make)();
}

void check_dataset(const RunOptions &options) {
  const DatasetPreset preset = load_dataset_preset(options.preset, options.edits);
  const PotentialPointer potential = load_potential(preset);
  std::vector<std::string> notes;
  composition_counts(preset, notes);
  const ChosenDevice chosen = choose_device(options.device, options.threads);
  std::cout << resolved(preset).dump(2) << "\n";
  std::cout << fmt::format("device    {}\n", chosen.reason);
  std::cout << fmt::format("potential {}\n", potential->description());
  std::cout << fmt::format("bands     {} of {} images in cells of {} sites\n",
                           grouped(static_cast<std::uint64_t>(preset.rows() * kPaths)), preset.images, preset.alloy.sites());
  for (const std::string &note : notes) {
    std::cout << "warning   " << note << "\n";
  }
}

} // namespace zener
