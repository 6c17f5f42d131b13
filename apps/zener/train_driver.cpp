#include "apps/zener/train_driver.hpp"

#include "apps/zener/device_choice.hpp"
#include "apps/zener/python.hpp"
#include "apps/zener/run_folder.hpp"
#include "apps/zener/train_results.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/network_file.hpp"
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
#include <numeric>
#include <optional>

namespace zener {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kPredictAtOnce = 65536; // jumps
constexpr std::size_t kMostTurned = 1000;     // jumps that are tried in all orientations

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Jumps that are tried in their equivalent orientations: of the held-out compositions, or of the validation part.
std::vector<std::int64_t> jumps_to_turn(const TrainTask &task, std::size_t which) {
  const bool held_out = !task.tests.empty() && task.tests.front().name == "held_out";
  const std::vector<std::int64_t> &from = held_out ? task.tests.front().jumps : task.cases[which].validation;
  const std::size_t n = std::min(from.size(), kMostTurned);
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < n; ++i) {
    out.push_back(from[i * from.size() / n]);
  }
  return out;
}

// Puts the 5 other orientations of each of these jumps behind those of the set. The frames before and after a jump are turned
// by the same operation: one is the other, turned round.
void add_turned(JumpSet &jumps, const std::vector<std::int64_t> &which) {
  const auto &operations = site_operations(SiteGroup::axis);
  const auto turn = [&](std::vector<std::uint8_t> &codes, std::size_t jump, const std::vector<std::uint8_t> &permutation) {
    std::array<std::uint8_t, kEnvironmentSites> turned{};
    for (std::size_t k = 0; k < kEnvironmentSites; ++k) {
      turned[permutation[k]] = codes[jump * kEnvironmentSites + k];
    }
    codes.insert(codes.end(), turned.begin(), turned.end());
  };
  const bool both = jumps.both_ways();
  for (const std::int64_t j : which) {
    const auto jump = static_cast<std::size_t>(j);
    for (std::size_t g = 1; g < operations.size(); ++g) {
      turn(jumps.first, jump, operations[g]);
      jumps.forward_eV.push_back(jumps.forward_eV[jump]);
      if (both) {
        turn(jumps.last, jump, operations[g]);
        jumps.backward_eV.push_back(jumps.backward_eV[jump]);
      }
    }
  }
}

TrainPlan make_train_plan(const TrainPreset &preset, const TrainTask &task, std::size_t which) {
  TrainPlan plan;
  plan.data = task.data.jumps;
  add_turned(plan.data, jumps_to_turn(task, which));
  plan.train = task.cases[which].train;
  for (const NamedDesign &network : preset.networks) {
    plan.networks.push_back(network.design);
  }
  plan.batch = preset.batch;
  plan.seed = preset.seed;
  plan.float64 = preset.precision == Precision::float64;
  plan.weight_decay = preset.weight_decay;
  return plan;
}

std::string data_text(const TrainTask &task) {
  std::int64_t cells = 0;
  for (const JumpSource &source : task.data.sources) {
    cells += source.cells_with_vacancy;
  }
  return fmt::format("{} jumps{} of {} vacancies in {} compositions of {}", grouped(task.data.size()),
                     task.data.jumps.both_ways() ? ", both ways," : ", forward,", grouped(static_cast<std::uint64_t>(cells)),
                     task.data.compositions.size(), join(task.data.jumps.elements, ", "));
}

// How the jumps of a file ended that are not used.
std::string dropped_text(const JumpSource &source) {
  std::vector<std::string> parts;
  for (int s = 0; s < kJumpStatuses; ++s) {
    const auto status = static_cast<JumpStatus>(s);
    const std::int64_t n = source.by_status[static_cast<std::size_t>(s)];
    if (status != JumpStatus::converged && n > 0) {
      parts.push_back(fmt::format("{} {}", n, status_name(status)));
    }
  }
  return join(parts, ", ");
}

std::string case_text(const TrainTask &task, std::size_t which) {
  const TrainCase &each = task.cases[which];
  return fmt::format("{}{} jumps of {} compositions to train on, {} for validation",
                     each.label.empty() ? "" : each.label + ": ", grouped(each.train.size()), each.compositions.size(),
                     grouped(each.validation.size()));
}

class TrainRun {
public:
  TrainRun(const RunOptions &options, TrainPreset preset, const MakeTraining &make)
      : options_(options), preset_(std::move(preset)), make_(make),
        folder_(output_folder(options.out, preset_.output_directory, options.resume)) {}

  int operator()() {
    task_ = make_train_task(preset_, warnings_);
    chosen_ = choose_device(options_.device, options_.threads);
    state_.identity = identity(preset_, task_.data).dump();
    if (options_.resume) {
      take_up();
    }
    std::unique_ptr<Training> training; // first: what it refuses leaves no folder
    if (state_.finished.size() < task_.cases.size()) {
      training = make_training();
    }
    make_folder(folder_);
    claim_.take(folder_);
    make_folder(folder_ / "models");
    open_log_file(folder_ / "log.txt");
    say_what_is_done();
    write_file_atomically(folder_ / "preset.json", resolved(preset_).dump(2) + "\n");
    while (training && !stop_requested()) {
      if (!train(*training)) {
        break; // a signal
      }
      finish_case(*training);
      training.reset(); // its memory, before the next takes some
      if (state_.finished.size() < task_.cases.size()) {
        training = make_training();
      }
    }
    return finish();
  }

private:
  fs::path checkpoint_file() const { return folder_ / kCheckpointName; }
  std::size_t at_work() const { return state_.finished.size(); }

  void take_up() {
    claim_.take(folder_);
    TrainCheckpoint from = load_train_checkpoint(checkpoint_file());
    check_identity(from.identity, state_.identity, checkpoint_file());
    const auto expect = [&](bool good) {
      if (!good) {
        throw DataError(checkpoint_file().string() + ": its trainings are not those of the preset");
      }
    };
    expect(from.finished.size() <= task_.cases.size() && from.epochs <= preset_.epochs);
    expect(from.courses.empty() ? from.epochs == 0 : from.courses.size() == preset_.networks.size());
    const std::size_t sets = task_.tests.size() + 2;
    for (const FinishedCase &each : from.finished) {
      expect(each.networks.size() == preset_.networks.size());
      for (std::size_t n = 0; n < each.networks.size(); ++n) {
        expect(each.networks[n].course.diverged ||
               (each.networks[n].errors.size() == sets && each.networks[n].predicted_eV.size() == sets));
      }
    }
    wall_before_s_ = from.meta.wall_s;
    state_ = std::move(from);
  }

  std::unique_ptr<Training> make_training() {
    const TrainPlan plan = make_train_plan(preset_, task_, at_work());
    return make_ ? make_(plan) : chosen_.backend->make_training(plan);
  }

  void say_what_is_done() {
    log_info(fmt::format("zener {} ({}), results in {}", kVersion, kCommit, folder_.string()));
    log_info("device " + chosen_.reason);
    log_info(data_text(task_));
    for (const JumpSource &source : task_.data.sources) {
      const std::string dropped = dropped_text(source);
      log_info(
          fmt::format("{}: {} jumps{}", source.path.string(), source.jumps, dropped.empty() ? "" : "; left out: " + dropped));
    }
    for (const std::string &warning : warnings_) {
      log_warning(warning);
    }
    log_info(fmt::format("{} {} side by side, {} {} of at most {} epochs", preset_.networks.size(),
                         preset_.networks.size() == 1 ? "network" : "networks", task_.cases.size(),
                         task_.cases.size() == 1 ? "training" : "trainings", preset_.epochs));
    if (options_.resume) {
      log_info(fmt::format("resumed after {} finished trainings, at epoch {} of the next", at_work(), state_.epochs));
    }
  }

  // The epochs of the training at work. False when a signal came first; then a checkpoint is written.
  bool train(Training &training) {
    const std::size_t networks = preset_.networks.size();
    const TrainCase &each = task_.cases[at_work()];
    log_info(case_text(task_, at_work()));
    if (state_.courses.empty()) {
      state_.courses.resize(networks);
      for (TrainCourse &course : state_.courses) {
        course.next_rate = preset_.learning_rate;
      }
    }
    for (std::size_t n = 0; n < state_.states.size(); ++n) {
      training.load(n, state_.states[n]);
    }
    state_.states.clear();
    const TrainCourse::Schedule schedule{preset_.patience, preset_.rate_factor, preset_.least_rate,
                                         preset_.early_stop.value_or(0)};
    const double per_jump = task_.data.jumps.both_ways() ? 2.0 : 1.0;
    Progress progress(static_cast<std::uint64_t>(preset_.epochs), static_cast<std::uint64_t>(state_.epochs), 1.0, "epochs");
    Clock::time_point last_checkpoint = Clock::now();
    while (state_.epochs < preset_.epochs) {
      std::vector<double> rates;
      for (const TrainCourse &course : state_.courses) {
        rates.push_back(course.next_rate);
      }
      const auto running = networks - static_cast<std::size_t>(std::count(rates.begin(), rates.end(), 0.0));
      if (running == 0) {
        break;
      }
      if (stop_requested() || seconds_since(last_checkpoint) >= preset_.checkpoint_every_s) {
        save(&training);
        last_checkpoint = Clock::now();
        if (stop_requested()) {
          progress.finish(static_cast<std::uint64_t>(state_.epochs));
          return false;
        }
      }
      const Clock::time_point start = Clock::now();
      const EpochReport report = training.epoch(state_.epochs, rates);
      state_.epoch_s += seconds_since(start);
      state_.barriers += per_jump * static_cast<double>(each.train.size()) * static_cast<double>(running);
      take_losses(training, report, mean_squared_errors(training, each.validation), schedule, rates);
      ++state_.epochs;
      progress.update(static_cast<std::uint64_t>(state_.epochs));
    }
    progress.finish(static_cast<std::uint64_t>(state_.epochs));
    return true;
  }

  void take_losses(Training &training, const EpochReport &report, const std::vector<double> &validation,
                   const TrainCourse::Schedule &schedule, const std::vector<double> &rates) {
    std::string line;
    for (std::size_t n = 0; n < rates.size(); ++n) {
      if (rates[n] == 0.0) {
        continue;
      }
      TrainCourse &course = state_.courses[n];
      if (course.add_epoch(report.loss_eV2[n], validation[n], schedule)) {
        course.best = training.save(n);
      }
      if (course.diverged) {
        log_warning(fmt::format("{} diverged in epoch {}: its loss is not finite; it stands still from now on",
                                network_name(preset_, task_, at_work(), n), state_.epochs + 1));
      }
      line += fmt::format("  {} {:.2f}/{:.2f} meV at {:.0e}", preset_.networks[n].name, 1e3 * std::sqrt(report.loss_eV2[n]),
                          1e3 * std::sqrt(validation[n]), rates[n]);
    }
    log_debug(fmt::format("epoch {}: RMSE train/validation{}", state_.epochs + 1, line));
  }

  // [network][value]
  std::vector<std::vector<float>> predict(Training &training, const std::vector<std::int64_t> &jumps) const {
    std::vector<std::vector<float>> out(preset_.networks.size());
    for (std::size_t begin = 0; begin < jumps.size(); begin += kPredictAtOnce) {
      const std::span part = std::span(jumps).subspan(begin, std::min(kPredictAtOnce, jumps.size() - begin));
      const std::vector<std::vector<float>> values = training.predict(part);
      for (std::size_t n = 0; n < out.size(); ++n) {
        out[n].insert(out[n].end(), values[n].begin(), values[n].end());
      }
    }
    return out;
  }

  // Calls use(composition, true, predicted) for each value of predict().
  template <class Use>
  void compare(const std::vector<std::int64_t> &jumps, const std::vector<float> &predicted, Use use) const {
    const JumpSet &set = task_.data.jumps;
    const std::size_t each = set.both_ways() ? 2 : 1;
    for (std::size_t i = 0; i < jumps.size(); ++i) {
      const auto j = static_cast<std::size_t>(jumps[i]);
      const auto composition = static_cast<std::size_t>(task_.data.composition[j]);
      use(composition, set.forward_eV[j], predicted[i * each]);
      if (each == 2) {
        use(composition, set.backward_eV[j], predicted[i * each + 1]);
      }
    }
  }

  std::vector<double> mean_squared_errors(Training &training, const std::vector<std::int64_t> &jumps) const {
    std::vector<double> out;
    for (const std::vector<float> &predicted : predict(training, jumps)) {
      SetErrors::Sums sums;
      compare(jumps, predicted, [&](std::size_t, float truth, float value) { sums.add(truth, value); });
      out.push_back(sums.squared / sums.values);
    }
    return out;
  }

  // Takes the best state of every network, tries them on all sets and writes their files.
  void finish_case(Training &training) {
    const std::size_t which = at_work();
    FinishedCase done;
    done.epoch_s = state_.epoch_s;
    done.barriers = state_.barriers;
    done.networks.resize(preset_.networks.size());
    for (std::size_t n = 0; n < done.networks.size(); ++n) {
      TrainCourse &course = state_.courses[n];
      if (course.best_epoch >= 0) {
        training.load(n, course.best);
      }
      course.best = {};
      done.networks[n].course = course;
    }
    for (std::size_t set = 0; set < set_names(task_).size(); ++set) {
      const std::vector<std::int64_t> &jumps = jumps_of_set(task_, which, set);
      std::vector<std::vector<float>> predicted = predict(training, jumps);
      for (std::size_t n = 0; n < done.networks.size(); ++n) {
        SetErrors errors;
        errors.by_composition.resize(task_.data.compositions.size());
        compare(jumps, predicted[n], [&](std::size_t composition, float truth, float value) {
          errors.by_composition[composition].add(truth, value);
        });
        done.networks[n].errors.push_back(std::move(errors));
        done.networks[n].predicted_eV.push_back(set == 0 ? std::vector<float>() : std::move(predicted[n]));
      }
    }
    measure_spread(training, which, done);
    for (std::size_t n = 0; n < done.networks.size(); ++n) {
      if (done.networks[n].course.best_epoch >= 0) {
        write_model(training, which, n, done.networks[n]);
      }
      report(which, n, done.networks[n]);
    }
    state_.finished.push_back(std::move(done));
    state_.epochs = 0;
    state_.epoch_s = 0.0;
    state_.barriers = 0.0;
    state_.courses.clear();
    save(nullptr);
  }

  void measure_spread(Training &training, std::size_t which, FinishedCase &done) const {
    const std::vector<std::int64_t> jumps = jumps_to_turn(task_, which);
    const std::size_t others = site_operations(SiteGroup::axis).size() - 1;
    const std::size_t each = task_.data.jumps.both_ways() ? 2 : 1;
    std::vector<std::int64_t> all = jumps;
    all.resize(jumps.size() * (others + 1));
    std::iota(all.begin() + static_cast<std::ptrdiff_t>(jumps.size()), all.end(), static_cast<std::int64_t>(task_.data.size()));
    const std::vector<std::vector<float>> predicted = predict(training, all);
    for (std::size_t n = 0; n < done.networks.size(); ++n) {
      double sum = 0.0;
      double most = 0.0;
      for (std::size_t i = 0; i < jumps.size(); ++i) {
        double low = predicted[n][i * each];
        double high = low;
        for (std::size_t g = 0; g < others; ++g) {
          const double value = predicted[n][(jumps.size() + i * others + g) * each];
          low = std::min(low, value);
          high = std::max(high, value);
        }
        sum += high - low;
        most = std::max(most, high - low);
      }
      done.networks[n].mean_spread_eV = sum / static_cast<double>(jumps.size());
      done.networks[n].largest_spread_eV = most;
    }
  }

  void write_model(Training &training, std::size_t which, std::size_t n, const TrainedNetwork &trained) {
    TrainedModel model = training.model(n);
    const std::string name = network_name(preset_, task_, which, n);
    std::visit(
        [&](auto &network) {
          network.elements = task_.data.jumps.elements;
          network.lattice_constant_A = task_.data.lattice_constant_A;
          network.source =
              fmt::format("zener {} train_barriers{}{}", kVersion, preset_.title.empty() ? "" : ": ", preset_.title);
          if constexpr (requires { network.cutoff_A; }) {
            network.cutoff_A = std::sqrt(21.0) * 0.5 * task_.data.lattice_constant_A; // holds 8 shells
          }
        },
        model);
    write_network(model, folder_ / "models" / (name + ".safetensors"), model_metadata(preset_, task_, which, n, trained),
                  TensorType::float32);
  }

  void report(std::size_t which, std::size_t n, const TrainedNetwork &trained) const {
    const std::string name = network_name(preset_, task_, which, n);
    if (trained.course.best_epoch < 0) {
      return;
    }
    std::string line;
    const std::vector<std::string> sets = set_names(task_);
    for (std::size_t set = 0; set < sets.size(); ++set) {
      const SetErrors::Sums sums = trained.errors[set].all();
      line += fmt::format(", {} {:.2f} meV ({:.2f} %)", sets[set], 1e3 * sums.mae(), 100.0 * sums.mae() / sums.mean());
    }
    log_info(fmt::format("{}: best epoch {}; mean absolute error{}", name, trained.course.best_epoch + 1, line.substr(1)));
  }

  void save(Training *training) {
    state_.meta = {wall_before_s_ + seconds_since(begin_), static_cast<std::int64_t>(at_work())};
    for (std::size_t n = 0; training != nullptr && n < state_.courses.size(); ++n) {
      state_.states.push_back(training->save(n));
    }
    save_train_checkpoint(checkpoint_file(), state_);
    state_.states.clear();
    log_debug(fmt::format("checkpoint after {} trainings and {} epochs", at_work(), state_.epochs));
  }

  int finish() {
    const bool interrupted = at_work() < task_.cases.size();
    std::vector<std::string> diverged;
    for (std::size_t which = 0; which < at_work(); ++which) {
      for (std::size_t n = 0; n < preset_.networks.size(); ++n) {
        if (state_.finished[which].networks[n].course.diverged) {
          diverged.push_back(network_name(preset_, task_, which, n));
        }
      }
    }
    TrainRecord record;
    record.status = interrupted ? "interrupted" : diverged.empty() ? "finished" : "finished, some networks diverged";
    record.backend = chosen_.backend_name;
    record.device = chosen_.device.name;
    record.wall_s = wall_before_s_ + seconds_since(begin_);
    record.warnings = warnings_;
    const std::string table = write_train_results(folder_, preset_, task_, state_.finished, record);
    if (interrupted) {
      log_info(
          fmt::format("stopped by signal {} after {} of {} trainings and {} epochs; a checkpoint is written: add --resume{} to "
                      "go on",
                      stop_signal(), at_work(), task_.cases.size(), state_.epochs,
                      options_.out.empty() ? "" : " --out " + options_.out.string()));
      close_log_file();
      return static_cast<int>(ExitCode::interrupted);
    }
    if (preset_.plots) {
      draw_plots(folder_);
    }
    std::cout << table;
    if (!diverged.empty()) {
      throw DataError(
          fmt::format("the training of {} of {} networks diverged: {}; try a smaller learning_rate (here {}), batch_norm, or "
                      "look for wrong barriers in the data. The results of the others are in {}",
                      diverged.size(), preset_.networks.size() * task_.cases.size(), join(diverged, ", "),
                      number_text(preset_.learning_rate), folder_.string()));
    }
    log_info(fmt::format("done: {} networks in {}; see {}", preset_.networks.size() * task_.cases.size(),
                         duration_text(record.wall_s), (folder_ / "summary.json").string()));
    close_log_file();
    return static_cast<int>(ExitCode::done);
  }

  RunOptions options_;
  TrainPreset preset_;
  const MakeTraining &make_;
  fs::path folder_;
  FolderClaim claim_;
  TrainTask task_;
  ChosenDevice chosen_;
  std::vector<std::string> warnings_;
  TrainCheckpoint state_; // of the whole run; `states` is filled only for a file
  double wall_before_s_ = 0.0;
  Clock::time_point begin_ = Clock::now();
};

} // namespace

int run_train(const RunOptions &options) { return run_train(options, {}); }

int run_train(const RunOptions &options, const MakeTraining &make) {
  catch_run_signals();
  return TrainRun(options, load_train_preset(options.preset, options.edits), make)();
}

void check_train(const RunOptions &options) {
  const TrainPreset preset = load_train_preset(options.preset, options.edits);
  std::vector<std::string> warnings;
  const TrainTask task = make_train_task(preset, warnings);
  const ChosenDevice chosen = choose_device(options.device, options.threads);
  std::cout << resolved(preset).dump(2) << "\n";
  for (const std::string &warning : warnings) {
    log_warning(warning);
  }
  std::cout << fmt::format("device    {}\n", chosen.reason);
  std::cout << fmt::format("data      {}\n", data_text(task));
  for (const JumpSource &source : task.data.sources) {
    const std::string dropped = dropped_text(source);
    std::cout << fmt::format("          {}: {} jumps{}\n", source.path.string(), source.jumps,
                             dropped.empty() ? "" : "; left out: " + dropped);
  }
  for (std::size_t which = 0; which < task.cases.size(); ++which) {
    std::cout << fmt::format("training  {}\n", case_text(task, which));
  }
  for (const TestSet &test : task.tests) {
    std::cout << fmt::format("test      {}: {} jumps\n", test.name, grouped(test.jumps.size()));
  }
  std::cout << fmt::format("networks  {}, at most {} epochs\n", preset.networks.size(), preset.epochs);
}

} // namespace zener
