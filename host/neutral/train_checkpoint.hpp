// How far a training of barrier networks is, and its checkpoints (checkpoint_file.hpp).
#pragma once

#include "host/neutral/checkpoint_file.hpp"
#include "host/neutral/train_plan.hpp"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace zener {

// One network's training: mean squared errors and learning rates by epoch, and its best state so far.
struct TrainCourse {
  std::vector<double> train_eV2;      // [epoch] as the epoch went
  std::vector<double> validation_eV2; // [epoch] after it
  std::vector<double> rate;           // [epoch]
  double next_rate = 0.0;             // 0: it stands still
  double best_eV2 = std::numeric_limits<double>::infinity();
  std::int64_t best_epoch = -1; // from 0; -1: none
  std::int64_t idle = 0;        // epochs without gain since the best or the last cut of the rate
  bool stopped = false;         // early
  bool diverged = false;
  NetworkState best; // of the best epoch

  // How the learning rate answers to the validation loss.
  struct Schedule {
    int patience = 10;
    double factor = 0.1;
    double least_rate = 1e-5;
    int early_stop = 0; // 0: never
  };
  // Takes the losses of an epoch in. True when it is the best so far. A loss that is not finite ends the training.
  bool add_epoch(double train, double validation, const Schedule &schedule);
};

// Errors of a network on a set of jumps, one composition after another; both directions of a jump count.
struct SetErrors {
  struct Sums {
    double values = 0.0, absolute = 0.0, squared = 0.0, largest = 0.0, barriers = 0.0;
    void add(double true_eV, double predicted_eV);
    void add(const Sums &other);
    double mae() const { return absolute / values; }
    double rmse() const;
    double mean() const { return barriers / values; } // of the true barriers
  };
  std::vector<Sums> by_composition;
  Sums all() const;
};

// A network that has been trained, as results know it.
struct TrainedNetwork {
  TrainCourse course;            // without its state
  std::vector<SetErrors> errors; // [set]: train, validation, tests
  // [set]: predictions in the order of Training::predict; empty for the set that was trained on, and for networks that
  // diverged.
  std::vector<std::vector<float>> predicted_eV;
  // Range (largest less smallest) of the barriers forward that the 6 equivalent orientations of a jump are given: mean and
  // largest over the jumps that were tried; NaN when none were.
  double mean_spread_eV = std::numeric_limits<double>::quiet_NaN();
  double largest_spread_eV = std::numeric_limits<double>::quiet_NaN();
};

struct FinishedCase {
  std::vector<TrainedNetwork> networks;
  double epoch_s = 0.0;  // spent in epochs
  double barriers = 0.0; // that they saw, over all networks
};

struct TrainCheckpoint {
  std::string identity; // JSON object of what must not change on a restart
  CheckpointMeta meta;  // next_sample: the training at work
  std::vector<FinishedCase> finished;
  // Of the training at work: epochs done, and for each network its course and its state; none before its first epoch.
  std::int64_t epochs = 0;
  double epoch_s = 0.0;
  double barriers = 0.0;
  std::vector<TrainCourse> courses;
  std::vector<NetworkState> states;
};

// Throws DataError when the disk refuses (what was there stays).
void save_train_checkpoint(const std::filesystem::path &file, const TrainCheckpoint &checkpoint);

// Throws DataError with the reason when the file is missing, foreign, truncated, damaged or inconsistent.
TrainCheckpoint load_train_checkpoint(const std::filesystem::path &file);

} // namespace zener
