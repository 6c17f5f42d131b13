// Presets of the train_barriers driver: which data, which networks, how they are trained.
#pragma once

#include "host/neutral/barrier_data.hpp"
#include "host/neutral/preset_parts.hpp"
#include "host/neutral/train_plan.hpp"

#include <optional>

namespace zener {

// Compositions to train on: all, those nearest to equal parts, or named ones.
struct CompositionSet {
  int nearest = 0;                     // 0: all, or those of the list
  std::vector<CompositionChoice> list; // empty: all or the nearest
  bool all() const { return nearest == 0 && list.empty(); }
};

struct NamedDesign {
  std::string name;
  NetworkDesign design;
};

struct TrainPreset : RunPreset {
  std::vector<JumpDataChoice> data;
  std::vector<JumpDataChoice> test_data;
  std::vector<CompositionChoice> hold_out;
  std::vector<CompositionSet> compositions; // a training for each of them …
  std::vector<std::int64_t> learning_curve; // … and each number of jumps; 0: all
  double validation_share = 0.05;
  bool split_by_cell = true;
  std::vector<NamedDesign> networks; // copies of an ensemble one by one
  int epochs = 100;
  int batch = 32;
  double learning_rate = 1e-3;
  int patience = 10;
  double rate_factor = 0.1;
  double least_rate = 1e-5;
  std::optional<int> early_stop;
  double weight_decay = 0.0;
  Precision precision = Precision::float32;
  double checkpoint_every_s = 300.0;

  std::size_t cases() const { return compositions.size() * learning_curve.size(); }
};

// As load_kmc_preset and read_kmc_preset.
TrainPreset load_train_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});
TrainPreset read_train_preset(const nlohmann::json &document, const std::filesystem::path &file,
                              std::set<std::string> *asked = nullptr);

// The preset with every key explicit and paths absolute; it reads back as the same preset from anywhere.
nlohmann::json resolved(const TrainPreset &preset);

// "mlp", "site_mlp", "cnn" or "consistent".
const char *network_kind_name(NetworkKind kind);

// A design as a preset states it, without name and ensemble.
nlohmann::json design_json(const NetworkDesign &design);

// What must not change on a restart: all but title, output and checkpoint, with the hashes of the jumps in place of paths. A
// run may be given more epochs.
nlohmann::json identity(const TrainPreset &preset, const JumpData &data);

// One training: which jumps, by composition set and number of jumps.
struct TrainCase {
  std::string label;               // "" for a single one, else e.g. "c4_n2000"
  std::size_t composition_set = 0; // of the preset's
  std::vector<std::int32_t> compositions;
  std::vector<std::int64_t> train;      // jumps, ascending
  std::vector<std::int64_t> validation; // jumps, ascending
};

// Jumps that some networks are tried on.
struct TestSet {
  std::string name; // "held_out", or the name of a file or its folder
  std::vector<std::int64_t> jumps;
};

// Reads data and test_data and parts the jumps by the seed (SplitMix64 of {seed, "split", set of compositions}): first the
// validation part, whole cells or jumps, then the order in which jumps are taken to train on, so that a longer part holds the
// shorter ones. Throws DataError (files; parts that are empty) and ConfigError (compositions, numbers that the data do not
// have, networks that the data cannot train). `warnings` receives lines that the user must see.
struct TrainTask {
  JumpData data;
  std::vector<TrainCase> cases;
  std::vector<TestSet> tests;
};
TrainTask make_train_task(const TrainPreset &preset, std::vector<std::string> &warnings);

} // namespace zener
