// The result folder of a fit_interactions run: fit.h5, summary.json and a JSON file for each pair_kra model.
#pragma once

#include "host/neutral/fit_preset.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace zener {

struct FittedModel {
  std::string name;
  std::string kind; // "pair_kra", "clusters", "energies" or "mlp"
  std::size_t parameters = 0;
  double effective = 0.0; // degrees of freedom (LinearSolution); a network: all parameters
  double ridge = 0.0;
  std::vector<double> model_eV;               // [sample][value], like FitData::value_eV
  std::vector<std::string> coefficient_names; // none for a network
  std::vector<double> coefficients_eV;
  std::optional<PairKra> pairs;
  std::string file; // of the pairs, in the result folder; empty when none was written
};

struct FitRecord {
  std::string backend;
  std::string device;
  double wall_s = 0.0;
  std::vector<std::string> warnings;
};

void write_fit_results(const std::filesystem::path &directory, const FitPreset &preset, const FitData &data,
                       const std::vector<FittedModel> &models, const FitRecord &record);

} // namespace zener
