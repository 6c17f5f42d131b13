// The files that the train_barriers driver writes: models/, training.h5, errors.csv and summary.json.
#pragma once

#include "host/neutral/train_checkpoint.hpp"
#include "host/neutral/train_preset.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace zener {

struct TrainRecord {
  std::string status; // "finished", "interrupted", "finished, some networks diverged"
  std::string backend;
  std::string device;
  double wall_s = 0.0;
  std::vector<std::string> warnings;
};

// "train", "validation" and the names of the tests.
std::vector<std::string> set_names(const TrainTask &task);
// The jumps of a set in a training.
const std::vector<std::int64_t> &jumps_of_set(const TrainTask &task, std::size_t which, std::size_t set);

// The name of a network's files and results: its own, with the training's label where there are several.
std::string network_name(const TrainPreset &preset, const TrainTask &task, std::size_t which, std::size_t network);

// What the file of a network says besides its numbers: design, data, errors, potentials, program.
std::map<std::string, std::string> model_metadata(const TrainPreset &preset, const TrainTask &task, std::size_t which,
                                                  std::size_t network, const TrainedNetwork &trained);

// All files but the models, of the trainings that are finished. Returns a table for standard output.
std::string write_train_results(const std::filesystem::path &folder, const TrainPreset &preset, const TrainTask &task,
                                const std::vector<FinishedCase> &finished, const TrainRecord &record);

} // namespace zener
