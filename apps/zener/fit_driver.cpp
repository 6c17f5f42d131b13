#include "apps/zener/fit_driver.hpp"

#include "apps/zener/device_choice.hpp"
#include "apps/zener/fit_results.hpp"
#include "apps/zener/python.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/pair_kra.hpp"
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

namespace zener {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 16384; // environments that a device takes at once

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

bool needs_device(const FitPreset &preset) { return preset.data.kind == FitSource::network || preset.compare; }

Mlp load_network(const FitPreset &preset, const fs::path &file, const std::string &key) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    throw DataError(preset.file.string() + ": /" + key + "/file: the network " + file.string() +
                    " is missing; `zener import-nnk weights.npy " + file.string() +
                    "` makes the published one (doi:10.5281/zenodo.10864695), --set " + key + ".file=PATH names another");
  }
  return read_mlp(file);
}

// The data without what a network must say of them.
FitData load_data(const FitPreset &preset, const std::optional<Mlp> &network) {
  FitData data = preset.data.kind == FitSource::network        ? random_environments(preset, network->elements)
                 : preset.data.kind == FitSource::environments ? read_barrier_data(preset)
                                                               : read_energy_data(preset);
  choose_test_part(preset, data);
  return data;
}

std::string data_text(const FitPreset &preset, const FitData &data) {
  const auto tests = static_cast<std::size_t>(std::count(data.test.begin(), data.test.end(), 1));
  return fmt::format("{} {} of {} compositions ({}), {} of them to test; {}", data.samples(),
                     data.energies ? "configurations" : "environments", data.labels.size(), join(data.elements, ", "), tests,
                     preset.data.kind == FitSource::network ? "barriers by the network" : preset.data.file.string());
}

std::unique_ptr<BarrierFeatures> features_of(const FitModelChoice &model, const std::vector<std::string> &elements) {
  return model.clusters ? cluster_features(elements, model.cluster) : pair_kra_features(elements, model.pairs);
}

std::size_t columns_of(const FitModelChoice &model, const FitData &data) {
  return data.energies ? energy_columns(data.elements.size(), model.pairs.shells)
                       : features_of(model, data.elements)->columns();
}

class FitRun {
public:
  FitRun(const RunOptions &options, FitPreset preset)
      : preset_(std::move(preset)), folder_(output_folder(options.out, preset_.output_directory, false)) {
    if (preset_.data.kind == FitSource::network) {
      labels_ = load_network(preset_, preset_.data.file, "data");
    }
    if (preset_.compare) {
      compare_ = load_network(preset_, preset_.compare->file, "compare");
    }
    data_ = load_data(preset_, labels_);
    if (needs_device(preset_)) {
      chosen_ = choose_device(options.device, options.threads);
    }
  }

  int operator()() {
    make_folder(folder_);
    open_log_file(folder_ / "log.txt");
    log_info(fmt::format("zener {} ({}), results in {}", kVersion, kCommit, folder_.string()));
    if (chosen_.backend) {
      log_info("device " + chosen_.reason);
    }
    log_info(data_text(preset_, data_));
    write_file_atomically(folder_ / "preset.json", resolved(preset_).dump(2) + "\n");
    if (!fit_all()) {
      log_info(fmt::format("stopped by signal {} before there were results", stop_signal()));
      close_log_file();
      return static_cast<int>(ExitCode::interrupted);
    }
    FitRecord record{chosen_.backend ? chosen_.backend_name : "none", chosen_.device.name, seconds_since(begin_), warnings_};
    write_fit_results(folder_, preset_, data_, models_, record);
    if (preset_.plots) {
      draw_plots(folder_);
    }
    log_info(
        fmt::format("done: {} models in {:.1f} s; see {}", models_.size(), record.wall_s, (folder_ / "summary.json").string()));
    close_log_file();
    return static_cast<int>(ExitCode::done);
  }

private:
  // False when a signal asked to stop.
  bool fit_all() {
    if (labels_) {
      if (!evaluate(*labels_, preset_.data.precision, data_.types, data_.value_eV)) {
        return false;
      }
      for (std::size_t i = 0; i < data_.value_eV.size(); ++i) {
        if (!std::isfinite(data_.value_eV[i])) {
          throw DataError(fmt::format("{}: the barrier of path {} of random environment {} is not finite; the weights are at "
                                      "fault",
                                      preset_.data.file.string(), i % kPaths, i / kPaths));
        }
      }
    }
    for (const FitModelChoice &model : preset_.models) {
      if (stop_requested()) {
        return false;
      }
      models_.push_back(data_.energies ? fit_energies(model) : fit_model(model));
      report(models_.back());
    }
    if (compare_) {
      FittedModel network;
      network.name = "network";
      network.kind = "mlp";
      for (const DenseLayer &layer : compare_->layers) {
        network.parameters += layer.weight.size() + layer.bias.size();
      }
      network.effective = static_cast<double>(network.parameters);
      const std::vector<std::uint8_t> types = in_codes_of(compare_->elements, data_, preset_.file.string() + ": /compare/file");
      if (!evaluate(*compare_, preset_.compare->precision, types, network.model_eV)) {
        return false;
      }
      models_.push_back(std::move(network));
      report(models_.back());
    }
    return true;
  }

  bool evaluate(const Mlp &network, Precision precision, const std::vector<std::uint8_t> &types,
                std::vector<double> &barriers) {
    const std::size_t environments = types.size() / kEnvironmentSites;
    Progress progress(environments, 0, 1.0, "environments");
    barriers.clear();
    for (std::size_t done = 0; done < environments;) {
      if (stop_requested()) {
        progress.finish(done);
        return false;
      }
      const std::size_t n = std::min(kBatch, environments - done);
      const EnvironmentBarriers some = chosen_.backend->barriers(
          network, precision, std::span(types).subspan(done * kEnvironmentSites, n * kEnvironmentSites));
      barriers.insert(barriers.end(), some.barrier_eV.begin(), some.barrier_eV.end());
      progress.update(done += n);
    }
    progress.finish(environments);
    return true;
  }

  std::vector<std::uint8_t> fit_part() const {
    std::vector<std::uint8_t> use;
    for (const std::uint8_t test : data_.test) {
      use.push_back(test == 0 ? 1 : 0);
    }
    return use;
  }

  FittedModel fit_model(const FitModelChoice &choice) {
    const std::unique_ptr<BarrierFeatures> features = features_of(choice, data_.elements);
    const BarrierFit fit = fit_barriers(*features, data_.elements, data_.types, data_.value_eV, fit_part(), choice.ridge);
    FittedModel model;
    model.name = choice.name;
    model.kind = choice.clusters ? "clusters" : "pair_kra";
    model.parameters = features->parameters();
    model.effective = fit.effective;
    model.ridge = choice.ridge;
    model.model_eV = fitted_barriers(*features, fit, data_.types);
    model.coefficients_eV = fit.coefficients;
    for (std::size_t c = 0; c < fit.coefficients.size(); ++c) {
      model.coefficient_names.push_back(features->name(c / features->columns(), c % features->columns()));
    }
    if (!choice.clusters) {
      model.pairs = as_pair_kra(data_.elements, choice.pairs, fit);
      keep_pairs(model, "");
    }
    return model;
  }

  FittedModel fit_energies(const FitModelChoice &choice) {
    const std::size_t columns = energy_columns(data_.elements.size(), choice.pairs.shells);
    const std::size_t sites = data_.occupancy.size() / data_.samples();
    std::vector<LinearRow> rows;
    for (std::size_t i = 0; i < data_.samples(); ++i) {
      rows.push_back(energy_row(preset_.structure, preset_.cells, data_.elements.size(), choice.pairs.shells,
                                std::span(data_.occupancy).subspan(i * sites, sites)));
    }
    const LinearSolution solution =
        zener::fit_energies(data_.elements.size(), choice.pairs.shells, rows, data_.value_eV, fit_part(), choice.ridge);
    FittedModel model;
    model.name = choice.name;
    model.kind = "energies";
    model.parameters = columns;
    model.effective = solution.effective;
    model.ridge = choice.ridge;
    model.coefficients_eV = solution.coefficients;
    for (std::size_t c = 0; c < columns; ++c) {
      model.coefficient_names.push_back(energy_column_name(data_.elements, c));
    }
    for (const LinearRow &row : rows) {
      double energy_eV = 0.0;
      for (const auto &[column, x] : row) {
        energy_eV += x * solution.coefficients[column];
      }
      model.model_eV.push_back(energy_eV);
    }
    model.pairs = energies_as_pair_kra(data_.elements, choice.pairs.shells, solution.coefficients);
    keep_pairs(model, "; migration energies are not in energies and stand as 0, so this is for static_mc");
    return model;
  }

  // Writes the pairs where `zener run` can read them.
  void keep_pairs(FittedModel &model, const std::string &note) {
    PairKra &pairs = *model.pairs;
    pairs.source = fmt::format("Fitted by zener {} to {} ({}){}", kVersion, preset_.data.file.filename().string(),
                               data_.energies ? "energies" : "barriers", note);
    const auto least = std::min_element(pairs.migration_eV.begin(), pairs.migration_eV.end());
    if (*least < 0.0) {
      warn(
          fmt::format("{}: the migration energy of {} is {:.4g} eV; no file is written, since pair_kra knows none below 0. The "
                      "data do not determine it, or are not of this form",
                      model.name, pairs.elements[static_cast<std::size_t>(least - pairs.migration_eV.begin())], *least));
      return;
    }
    model.file = model.name + ".json";
    pairs.file = (folder_ / model.file).string();
    write_file_atomically(folder_ / model.file, pair_kra_json(pairs).dump(2) + "\n");
    if (data_.energies) {
      return;
    }
    const std::vector<double> smallest = smallest_barriers(pairs, Structure::bcc, false);
    for (std::size_t s = 0; s < smallest.size(); ++s) {
      if (smallest[s] < 0.0) {
        warn(fmt::format("{}: in the worst environment a jump of {} has the barrier {:.4g} eV; kmc refuses {} for that. Fewer "
                         "shells or a ridge may help",
                         model.name, pairs.elements[s], smallest[s], pairs.file));
      }
    }
  }

  void warn(const std::string &message) {
    warnings_.push_back(message);
    log_warning(message);
  }

  void report(const FittedModel &model) {
    std::string errors;
    for (const std::uint8_t test : {std::uint8_t{0}, std::uint8_t{1}}) {
      std::vector<std::uint8_t> use;
      for (const std::uint8_t t : data_.test) {
        use.push_back(t == test ? 1 : 0);
      }
      const Deviations d = deviations(data_.value_eV, model.model_eV, use, data_.values_per_sample());
      if (d.values > 0) {
        errors += fmt::format(", {} MAE {:.3g} RMSE {:.3g} eV{}", test == 0 ? "fit" : "test", d.mae, d.rmse,
                              data_.energies ? "/site" : "");
      }
    }
    log_info(fmt::format("{}: {} parameters, {:.1f} effective{}", model.name, model.parameters, model.effective, errors));
  }

  FitPreset preset_;
  fs::path folder_;
  std::optional<Mlp> labels_;
  std::optional<Mlp> compare_;
  FitData data_;
  ChosenDevice chosen_; // empty when no network is asked
  std::vector<FittedModel> models_;
  std::vector<std::string> warnings_;
  Clock::time_point begin_ = Clock::now();
};

} // namespace

int run_fit(const RunOptions &options) {
  catch_run_signals();
  if (options.resume) {
    throw ConfigError("--resume: a fit has no checkpoint; run it again without --resume");
  }
  return FitRun(options, load_fit_preset(options.preset, options.edits))();
}

void check_fit(const RunOptions &options) {
  const FitPreset preset = load_fit_preset(options.preset, options.edits);
  std::optional<Mlp> network;
  if (preset.data.kind == FitSource::network) {
    network = load_network(preset, preset.data.file, "data");
  }
  const FitData data = load_data(preset, network);
  std::cout << resolved(preset).dump(2) << "\n";
  if (needs_device(preset)) {
    std::cout << fmt::format("device    {}\n", choose_device(options.device, options.threads).reason);
  }
  std::cout << fmt::format("data      {}\n", data_text(preset, data));
  for (const FitModelChoice &model : preset.models) {
    const auto columns = static_cast<double>(columns_of(model, data));
    const std::size_t blocks = data.energies ? 1 : features_of(model, data.elements)->blocks();
    std::cout << fmt::format("model     {}: {} parameters, {:.1f} MiB for its equations\n", model.name,
                             columns_of(model, data) * blocks,
                             columns * columns * 8.0 * static_cast<double>(blocks + 2) / (1 << 20));
  }
}

} // namespace zener
