#include "apps/zener/train_results.hpp"

#include "apps/zener/result_file.hpp"
#include "apps/zener/statics_run.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kTrain = 0;
constexpr std::size_t kValidation = 1;

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json errors_json(const SetErrors::Sums &sums) {
  return {{"barriers", static_cast<std::int64_t>(sums.values)},
          {"mae_eV", number_or_null(sums.mae())},
          {"rmse_eV", number_or_null(sums.rmse())},
          {"largest_eV", number_or_null(sums.largest)},
          {"mean_barrier_eV", number_or_null(sums.mean())},
          {"mae_share", number_or_null(sums.mae() / sums.mean())}};
}

Json course_json(const TrainCourse &course, const std::string &file) {
  return {{"file", course.best_epoch < 0 ? Json() : Json(file)},
          {"epochs", course.train_eV2.size()},
          {"best_epoch", course.best_epoch < 0 ? Json() : Json(course.best_epoch + 1)},
          {"best_validation_rmse_eV", course.best_epoch < 0 ? Json() : Json(std::sqrt(course.best_eV2))},
          {"last_rate", course.rate.empty() ? Json() : Json(course.rate.back())},
          {"stopped_early", course.stopped},
          {"diverged", course.diverged}};
}

Json case_json(const TrainPreset &preset, const TrainTask &task, std::size_t which, const FinishedCase &done) {
  const TrainCase &each = task.cases[which];
  std::vector<std::string> compositions;
  for (const std::int32_t c : each.compositions) {
    compositions.push_back(task.data.compositions[static_cast<std::size_t>(c)].name);
  }
  Json networks = Json::array();
  const std::vector<std::string> sets = set_names(task);
  for (std::size_t n = 0; n < done.networks.size(); ++n) {
    const TrainedNetwork &network = done.networks[n];
    const std::string name = network_name(preset, task, which, n);
    Json entry = {{"name", name}, {"design", design_json(preset.networks[n].design)}};
    entry.update(course_json(network.course, "models/" + name + ".safetensors"));
    entry["orientations"] = {{"mean_range_eV", number_or_null(network.mean_spread_eV)},
                             {"largest_range_eV", number_or_null(network.largest_spread_eV)}};
    for (std::size_t set = 0; set < sets.size(); ++set) {
      Json errors = errors_json(network.errors[set].all());
      Json table = Json::array();
      for (std::size_t c = 0; c < network.errors[set].by_composition.size(); ++c) {
        const SetErrors::Sums &sums = network.errors[set].by_composition[c];
        if (sums.values > 0.0) {
          Json row = {{"composition", task.data.compositions[c].name}};
          row.update(errors_json(sums));
          table.push_back(std::move(row));
        }
      }
      errors["compositions"] = std::move(table);
      entry["errors"][sets[set]] = std::move(errors);
    }
    networks.push_back(std::move(entry));
  }
  return {{"label", each.label},
          {"compositions", compositions},
          {"jumps", each.train.size()},
          {"validation_jumps", each.validation.size()},
          {"epochs_s", done.epoch_s},
          {"barriers_per_s", number_or_null(done.barriers / done.epoch_s)},
          {"networks", std::move(networks)}};
}

Json data_json(const TrainTask &task, std::size_t trained_files) {
  Json out = Json::array();
  for (std::size_t s = 0; s < task.data.sources.size(); ++s) {
    const JumpSource &source = task.data.sources[s];
    Json entry = {{"path", source.path.string()},
                  {"hash", source.hash},
                  {"use", s < trained_files ? "training" : "test"},
                  {"cells_with_vacancy", source.cells_with_vacancy},
                  {"jumps", source.jumps},
                  {"both_ways", source.both_ways}};
    Json dropped = Json::object();
    for (int k = 0; k < kJumpStatuses; ++k) {
      const auto status = static_cast<JumpStatus>(k);
      if (status != JumpStatus::converged && source.cells[0] > 0) {
        dropped[status_name(status)] = source.by_status[static_cast<std::size_t>(k)];
      }
    }
    if (source.cells[0] > 0) {
      entry["cells"] = source.cells;
      entry["potential"] = source.potential;
      entry["potential_hash"] = source.potential_hash;
      entry["left_out"] = std::move(dropped);
    }
    out.push_back(std::move(entry));
  }
  return out;
}

Json named_numbers(const TrainPreset &preset, const TrainTask &task, const std::vector<FinishedCase> &finished) {
  Json numbers = Json::array();
  const std::vector<std::string> sets = set_names(task);
  for (std::size_t which = 0; which < finished.size(); ++which) {
    for (std::size_t n = 0; n < finished[which].networks.size(); ++n) {
      const TrainedNetwork &network = finished[which].networks[n];
      const std::string name = network_name(preset, task, which, n);
      for (std::size_t set = kValidation; set < sets.size() && network.course.best_epoch >= 0; ++set) {
        const SetErrors::Sums sums = network.errors[set].all();
        numbers.push_back(named_number(name + "_" + sets[set] + "_mae", "eV", number_or_null(sums.mae()), nullptr,
                                       "mean absolute error of " + name + " on the set " + sets[set]));
        numbers.push_back(named_number(name + "_" + sets[set] + "_mae_share", "1", number_or_null(sums.mae() / sums.mean()),
                                       nullptr, "the same over the mean barrier of the set"));
      }
      if (network.course.best_epoch >= 0) {
        numbers.push_back(named_number(name + "_orientation_range", "eV", number_or_null(network.mean_spread_eV), nullptr,
                                       "range of the barriers of one jump in its 6 equivalent orientations, mean"));
      }
    }
  }
  return numbers;
}

// --- training.h5

std::size_t values_per_jump(const TrainTask &task) { return task.data.jumps.both_ways() ? 2 : 1; }

// The group of a set: of validation, each training has its own.
std::string set_group(const TrainTask &task, std::size_t which, std::size_t set) {
  const std::string &label = task.cases[which].label;
  return set_names(task)[set] + (set == kValidation && !label.empty() ? "_" + label : "");
}

void write_truth(H5File &file, const TrainTask &task, std::size_t which, std::size_t set) {
  const JumpSet &jumps = task.data.jumps;
  std::vector<float> truth;
  std::vector<std::int32_t> composition;
  for (const std::int64_t j : jumps_of_set(task, which, set)) {
    const auto at = static_cast<std::size_t>(j);
    truth.push_back(jumps.forward_eV[at]);
    if (jumps.both_ways()) {
      truth.push_back(jumps.backward_eV[at]);
    }
    composition.push_back(task.data.composition[at]);
  }
  const std::string group = "/sets/" + set_group(task, which, set);
  put(file, group + "/true_eV", truth, {composition.size(), values_per_jump(task)}, "eV",
      "barriers of the data: forward, and backward where known");
  put(file, group + "/composition", composition, {composition.size()}, "1", "index in /compositions/names");
}

void write_network_group(H5File &file, const TrainPreset &preset, const TrainTask &task, std::size_t which, std::size_t n,
                         const TrainedNetwork &network) {
  const std::string group = "/networks/" + network_name(preset, task, which, n);
  const TrainCourse &course = network.course;
  const H5File::Shape epochs{course.train_eV2.size()};
  put(file, group + "/train_eV2", course.train_eV2, epochs, "eV^2", "mean squared error over each epoch as it went");
  put(file, group + "/validation_eV2", course.validation_eV2, epochs, "eV^2", "mean squared error after each epoch");
  put(file, group + "/rate", course.rate, epochs, "1", "learning rate of each epoch");
  file.write_attribute(group, "network", preset.networks[n].name);
  file.write_attribute(group, "design", design_json(preset.networks[n].design).dump());
  file.write_attribute(group, "case", static_cast<std::int64_t>(which));
  file.write_attribute(group, "best_epoch", course.best_epoch);
  if (course.best_epoch < 0) {
    return;
  }
  const std::size_t compositions = task.data.compositions.size();
  for (std::size_t set = 0; set < network.errors.size(); ++set) {
    const std::string of_set = group + "/" + set_names(task)[set];
    std::vector<double> numbers;
    for (const SetErrors::Sums &sums : network.errors[set].by_composition) {
      numbers.insert(numbers.end(), {sums.values, sums.mae(), sums.rmse(), sums.largest, sums.mean()});
    }
    put(file, of_set + "/errors", numbers, {compositions, 5}, "1, eV, eV, eV, eV",
        "by composition: values, mean absolute, root mean squared and largest error, mean barrier");
    if (set != kTrain) {
      const std::size_t each = values_per_jump(task);
      put(file, of_set + "/predicted_eV", network.predicted_eV[set], {network.predicted_eV[set].size() / each, each}, "eV",
          "what the network gives for true_eV of the set");
    }
  }
}

void write_training_file(const fs::path &folder, const TrainPreset &preset, const TrainTask &task,
                         const std::vector<FinishedCase> &finished) {
  H5File file =
      create_result_file(folder / "training.h5", "zener-training-1", "train_barriers", preset.title, resolved(preset).dump());
  std::vector<std::string> compositions;
  std::vector<double> parts;
  for (const JumpComposition &composition : task.data.compositions) {
    compositions.push_back(composition.name);
    parts.insert(parts.end(), composition.parts.begin(), composition.parts.end());
  }
  file.write_strings("/elements", task.data.jumps.elements, {task.data.jumps.elements.size()});
  file.write_strings("/compositions/names", compositions, {compositions.size()});
  put(file, "/compositions/parts", parts, {compositions.size(), task.data.jumps.elements.size()}, "1", "parts of the elements");
  const std::vector<std::string> sets = set_names(task);
  file.write_strings("/sets/names", sets, {sets.size()});
  std::vector<std::string> labels, names;
  std::vector<std::int64_t> jumps, of;
  for (std::size_t which = 0; which < finished.size(); ++which) {
    labels.push_back(task.cases[which].label);
    jumps.push_back(static_cast<std::int64_t>(task.cases[which].train.size()));
    of.push_back(static_cast<std::int64_t>(task.cases[which].compositions.size()));
    write_truth(file, task, which, kValidation);
    for (std::size_t n = 0; n < finished[which].networks.size(); ++n) {
      names.push_back(network_name(preset, task, which, n));
      write_network_group(file, preset, task, which, n, finished[which].networks[n]);
    }
  }
  for (std::size_t set = kValidation + 1; set < sets.size(); ++set) {
    write_truth(file, task, 0, set);
  }
  file.write_strings("/cases/labels", labels, {labels.size()});
  put(file, "/cases/jumps", jumps, {jumps.size()}, "1", "jumps that were trained on");
  put(file, "/cases/compositions", of, {of.size()}, "1", "compositions that were trained on");
  file.write_strings("/networks/names", names, {names.size()});
  file.close();
}

std::string errors_csv(const TrainPreset &preset, const TrainTask &task, const std::vector<FinishedCase> &finished) {
  std::string text = "network,set,composition,barriers,mae_eV,rmse_eV,largest_eV,mean_barrier_eV\n";
  const std::vector<std::string> sets = set_names(task);
  for (std::size_t which = 0; which < finished.size(); ++which) {
    for (std::size_t n = 0; n < finished[which].networks.size(); ++n) {
      const TrainedNetwork &network = finished[which].networks[n];
      const auto row = [&](std::size_t set, const std::string &composition, const SetErrors::Sums &sums) {
        if (sums.values > 0.0 && network.course.best_epoch >= 0) {
          text += fmt::format("{},{},{},{},{:.6f},{:.6f},{:.6f},{:.6f}\n", network_name(preset, task, which, n), sets[set],
                              composition, sums.values, sums.mae(), sums.rmse(), sums.largest, sums.mean());
        }
      };
      for (std::size_t set = 0; set < sets.size(); ++set) {
        row(set, "all", network.errors[set].all());
        for (std::size_t c = 0; c < task.data.compositions.size(); ++c) {
          row(set, task.data.compositions[c].name, network.errors[set].by_composition[c]);
        }
      }
    }
  }
  return text;
}

std::string table_of(const TrainPreset &preset, const TrainTask &task, const std::vector<FinishedCase> &finished) {
  const std::vector<std::string> sets = set_names(task);
  std::size_t width = 7;
  for (std::size_t which = 0; which < finished.size(); ++which) {
    for (std::size_t n = 0; n < preset.networks.size(); ++n) {
      width = std::max(width, network_name(preset, task, which, n).size());
    }
  }
  std::string text = fmt::format("{:<{}}  {:>5}", "network", width, "epoch");
  for (const std::string &set : sets) {
    text += fmt::format("  {:>18}", set.substr(0, 18));
  }
  text += fmt::format("  {:>16}\n", "orientations");
  for (std::size_t which = 0; which < finished.size(); ++which) {
    for (std::size_t n = 0; n < preset.networks.size(); ++n) {
      const TrainedNetwork &network = finished[which].networks[n];
      text += fmt::format("{:<{}}  {:>5}", network_name(preset, task, which, n), width, network.course.best_epoch + 1);
      if (network.course.best_epoch < 0) {
        text += "  diverged\n";
        continue;
      }
      for (const SetErrors &errors : network.errors) {
        const SetErrors::Sums sums = errors.all();
        text += fmt::format("  {:>9.2f} ({:>5.2f}%)", 1e3 * sums.mae(), 100.0 * sums.mae() / sums.mean());
      }
      text += fmt::format("  {:>16.4f}\n", 1e3 * network.mean_spread_eV);
    }
  }
  return text + "mean absolute errors in meV (share of the mean barrier); mean range of the barriers of one jump in its 6 "
                "orientations, meV\n";
}

} // namespace

std::vector<std::string> set_names(const TrainTask &task) {
  std::vector<std::string> names{"train", "validation"};
  for (const TestSet &test : task.tests) {
    names.push_back(test.name);
  }
  return names;
}

const std::vector<std::int64_t> &jumps_of_set(const TrainTask &task, std::size_t which, std::size_t set) {
  return set == kTrain        ? task.cases[which].train
         : set == kValidation ? task.cases[which].validation
                              : task.tests[set - 2].jumps;
}

std::string network_name(const TrainPreset &preset, const TrainTask &task, std::size_t which, std::size_t network) {
  const std::string &label = task.cases[which].label;
  return preset.networks[network].name + (label.empty() ? "" : "_" + label);
}

std::map<std::string, std::string> model_metadata(const TrainPreset &preset, const TrainTask &task, std::size_t which,
                                                  std::size_t network, const TrainedNetwork &trained) {
  Json errors = Json::object();
  const std::vector<std::string> sets = set_names(task);
  for (std::size_t set = 0; set < sets.size(); ++set) {
    errors[sets[set]] = errors_json(trained.errors[set].all());
  }
  Json data = Json::array();
  for (std::size_t s = 0; s < preset.data.size(); ++s) {
    const JumpSource &source = task.data.sources[s];
    data.push_back({{"file", source.path.filename().string()},
                    {"hash", source.hash},
                    {"jumps", source.jumps},
                    {"potential", source.potential},
                    {"potential_hash", source.potential_hash}});
  }
  const TrainCase &each = task.cases[which];
  return {{"title", preset.title},
          {"program", std::string("zener ") + kVersion + " (" + kCommit + ")"},
          {"design", design_json(preset.networks[network].design).dump()},
          {"seed", std::to_string(preset.seed)},
          {"trained_on",
           fmt::format("{} jumps{} of {} compositions, {} kept for validation", each.train.size(),
                       task.data.jumps.both_ways() ? " both ways" : "", each.compositions.size(), each.validation.size())},
          {"best_epoch", std::to_string(trained.course.best_epoch + 1)},
          {"errors", errors.dump()},
          {"data", data.dump()}};
}

std::string write_train_results(const fs::path &folder, const TrainPreset &preset, const TrainTask &task,
                                const std::vector<FinishedCase> &finished, const TrainRecord &record) {
  write_training_file(folder, preset, task, finished);
  write_file_atomically(folder / "errors.csv", errors_csv(preset, task, finished));
  Json cases = Json::array();
  for (std::size_t which = 0; which < finished.size(); ++which) {
    cases.push_back(case_json(preset, task, which, finished[which]));
  }
  const Json summary = {{"format", "zener-train-summary-1"},
                        {"zener", {{"version", kVersion}, {"commit", kCommit}, {"compiler", kCompiler}}},
                        {"driver", "train_barriers"},
                        {"backend", record.backend},
                        {"device", record.device},
                        {"title", preset.title},
                        {"seed", preset.seed},
                        {"run", {{"status", record.status}, {"wall_s", record.wall_s}}},
                        {"data", data_json(task, preset.data.size())},
                        {"elements", task.data.jumps.elements},
                        {"lattice_constant_A", task.data.lattice_constant_A},
                        {"numbers", named_numbers(preset, task, finished)},
                        {"trainings", std::move(cases)},
                        {"warnings", record.warnings},
                        {"preset", Json::parse(resolved(preset).dump())}};
  write_file_atomically(folder / "summary.json", summary.dump(2) + "\n");
  return table_of(preset, task, finished);
}

} // namespace zener
