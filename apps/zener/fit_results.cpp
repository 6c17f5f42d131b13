#include "apps/zener/fit_results.hpp"

#include "apps/zener/result_file.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace zener {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Samples of one part, of one label or of all (-1).
std::vector<std::uint8_t> part_of(const FitData &data, bool test, std::int32_t label) {
  std::vector<std::uint8_t> use;
  for (std::size_t i = 0; i < data.samples(); ++i) {
    use.push_back((data.test[i] != 0) == test && (label < 0 || data.label[i] == label) ? 1 : 0);
  }
  return use;
}

Json deviations_json(const FitData &data, const FittedModel &model, bool test, std::int32_t label) {
  const Deviations d = deviations(data.value_eV, model.model_eV, part_of(data, test, label), data.values_per_sample());
  return {{"values", d.values}, {"mean_eV", d.mean}, {"mae_eV", d.mae}, {"rmse_eV", d.rmse}, {"largest_eV", d.largest}};
}

Json model_json(const FitData &data, const FittedModel &model) {
  Json out{{"name", model.name},
           {"kind", model.kind},
           {"parameters", model.parameters},
           {"effective_parameters", model.effective},
           {"ridge", model.ridge},
           {"fit", deviations_json(data, model, false, -1)},
           {"test", deviations_json(data, model, true, -1)}};
  Json compositions = Json::array();
  for (std::size_t g = 0; g < data.labels.size(); ++g) {
    const auto label = static_cast<std::int32_t>(g);
    compositions.push_back({{"composition", data.labels[g]},
                            {"fit", deviations_json(data, model, false, label)},
                            {"test", deviations_json(data, model, true, label)}});
  }
  out["compositions"] = std::move(compositions);
  if (model.pairs && !data.energies) {
    const std::vector<double> least = smallest_barriers(*model.pairs, Structure::bcc, false);
    for (std::size_t s = 0; s < least.size(); ++s) {
      out["smallest_possible_barrier_eV"][model.pairs->elements[s]] = least[s];
    }
  }
  if (model.pairs) {
    out["file"] = model.file.empty() ? Json() : Json(model.file);
  }
  return out;
}

Json named_numbers(const FitData &data, const std::vector<FittedModel> &models) {
  Json numbers = Json::array();
  const auto add = [&](const std::string &name, const std::string &units, const Json &value, const std::string &description) {
    numbers.push_back(
        {{"name", name}, {"units", units}, {"value", value}, {"standard_error", nullptr}, {"description", description}});
  };
  const std::string units = data.energies ? "eV/site" : "eV";
  for (const FittedModel &model : models) {
    for (const bool test : {false, true}) {
      const Json d = deviations_json(data, model, test, -1);
      if (d.at("values") == 0) {
        continue;
      }
      const std::string part = test ? "test" : "fit";
      add(model.name + "_" + part + "_mae", units, d.at("mae_eV"),
          "mean absolute error of " + model.name + " on the " + part + " part");
      add(model.name + "_" + part + "_rmse", units, d.at("rmse_eV"),
          "root mean squared error of " + model.name + " on the " + part + " part");
    }
  }
  return numbers;
}

void write_fit_file(const fs::path &directory, const FitPreset &preset, const FitData &data,
                    const std::vector<FittedModel> &models) {
  H5File file =
      create_result_file(directory / "fit.h5", "zener-fit-1", "fit_interactions", preset.title, resolved(preset).dump());

  const std::string units = data.energies ? "eV/site" : "eV";
  const std::size_t n = data.samples();
  const std::size_t each = data.values_per_sample();
  put(file, "/data/value_eV", data.value_eV, {n, each}, units,
      data.energies ? "energy of each configuration over its sites"
                    : "barriers of each environment, in the order of directions");
  put(file, "/data/test", data.test, {n}, "1", "1: kept from the fit");
  put(file, "/data/composition", data.label, {n}, "1", "index in labels");
  file.write_strings("/data/labels", data.labels, {data.labels.size()});
  file.write_strings("/data/elements", data.elements, {data.elements.size()});
  if (!data.energies) {
    std::vector<std::uint8_t> jumping;
    for (std::size_t i = 0; i < n; ++i) {
      const auto first = data.types.begin() + static_cast<std::ptrdiff_t>(i * kEnvironmentSites);
      jumping.insert(jumping.end(), first, first + kPaths);
    }
    put(file, "/data/jumping", jumping, {n, each}, "1", "code of the atom that jumps: i + 1 is elements[i]");
  }
  std::vector<std::string> names;
  for (const FittedModel &model : models) {
    names.push_back(model.name);
    const std::string group = "/models/" + model.name;
    put(file, group + "/value_eV", model.model_eV, {n, each}, units, "what the model gives for /data/value_eV");
    file.write_attribute(group, "kind", model.kind);
    file.write_attribute(group, "parameters", static_cast<std::int64_t>(model.parameters));
    if (!model.coefficients_eV.empty()) {
      put(file, group + "/coefficients_eV", model.coefficients_eV, {model.coefficients_eV.size()}, "eV",
          "coefficients, named in coefficient_names");
      file.write_strings(group + "/coefficient_names", model.coefficient_names, {model.coefficient_names.size()});
    }
  }
  file.write_strings("/models/names", names, {names.size()});
  file.close();
}

} // namespace

void write_fit_results(const fs::path &directory, const FitPreset &preset, const FitData &data,
                       const std::vector<FittedModel> &models, const FitRecord &record) {
  write_fit_file(directory, preset, data, models);
  Json list = Json::array();
  for (const FittedModel &model : models) {
    list.push_back(model_json(data, model));
  }
  const Json summary = {{"format", "zener-fit-summary-1"},
                        {"zener", {{"version", kVersion}, {"commit", kCommit}, {"compiler", kCompiler}}},
                        {"backend", record.backend},
                        {"device", record.device},
                        {"title", preset.title},
                        {"seed", preset.seed},
                        {"run", {{"status", "finished"}, {"wall_s", record.wall_s}}},
                        {"data",
                         {{"elements", data.elements},
                          {"samples", data.samples()},
                          {"values", data.value_eV.size()},
                          {"units", data.energies ? "eV/site" : "eV"},
                          {"compositions", data.labels}}},
                        {"numbers", named_numbers(data, models)},
                        {"models", list},
                        {"warnings", record.warnings},
                        {"preset", Json::parse(resolved(preset).dump())}};
  write_file_atomically(directory / "summary.json", summary.dump(2) + "\n");
}

} // namespace zener
