#include "host/neutral/phase_model.hpp"

#include "host/neutral/json_document.hpp"
#include "host/neutral/preset_parts.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

using nlohmann::json;

constexpr const char *kFormat = "zener-phase-model-1";
constexpr std::size_t kMostComponents = 32; // as many as a classifier on a device holds
const std::vector<std::string> kFeatures{"q2", "q3", "q4", "q5", "q6", "q7", "q8"};

std::vector<double> numbers_of(const ObjectReader &keys, const std::string &key, const json &met, std::size_t count) {
  bool fine = met.is_array() && met.size() == count;
  std::vector<double> out;
  for (std::size_t i = 0; fine && i < count; ++i) {
    fine = met[i].is_number() && std::isfinite(met[i].get<double>());
    out.push_back(fine ? met[i].get<double>() : 0.0);
  }
  if (!fine) {
    keys.refuse_value(key, met, fmt::format("a list of {} numbers", count));
  }
  return out;
}

void read_component(const ObjectReader &list, const std::string &key, const json &met, PhaseModel &model) {
  if (!met.is_object()) {
    list.refuse_value(key, met, "an object with the keys phase, weight, mean and covariance");
  }
  ObjectReader keys(met, list.where(key), JsonUse::data);
  const std::string phase = keys.text("phase");
  const auto known = std::find(model.phases.begin(), model.phases.end(), phase);
  if (known == model.phases.end()) {
    keys.refuse_value("phase", phase, "one of the names in phases");
  }
  model.phase_of_component.push_back(static_cast<std::int32_t>(known - model.phases.begin()));
  model.mixture.weight.push_back(keys.number("weight"));
  if (!(model.mixture.weight.back() > 0.0 && model.mixture.weight.back() <= 1.0)) {
    keys.refuse_value("weight", model.mixture.weight.back(), "a number above 0, at most 1");
  }
  model.mixture.mean.push_back(numbers_of(keys, "mean", keys.value("mean"), kPhaseFeatures));
  const json &rows = keys.value("covariance");
  if (!rows.is_array() || rows.size() != kPhaseFeatures) {
    keys.refuse_value("covariance", rows, fmt::format("a list of {} rows", kPhaseFeatures));
  }
  std::vector<double> covariance;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::vector<double> row = numbers_of(keys, "covariance/" + std::to_string(i), rows[i], kPhaseFeatures);
    covariance.insert(covariance.end(), row.begin(), row.end());
  }
  if (!is_covariance(covariance, kPhaseFeatures)) {
    keys.refuse("covariance", "it is not symmetric or not positive definite");
  }
  model.mixture.covariance.push_back(std::move(covariance));
  keys.finish();
}

SteinhardtPlan read_rule(ObjectReader &keys) {
  SteinhardtPlan rule;
  const std::string name = keys.choice("kind", {"nearest", "cutoff", "voronoi"});
  rule.rule = name == "nearest" ? NeighbourRule::nearest : name == "cutoff" ? NeighbourRule::cutoff : NeighbourRule::voronoi;
  if (rule.rule == NeighbourRule::nearest) {
    rule.nearest = read_integer(keys, "nearest", 1, 32);
  }
  if (rule.rule == NeighbourRule::cutoff) {
    rule.cutoff_A = read_positive(keys, "cutoff_A");
  }
  rule.averaged = keys.flag("averaged");
  return rule;
}

PhaseModel read_model(const json &document, const std::string &name) {
  ObjectReader keys(document, name, JsonUse::data);
  keys.choice("format", {kFormat});
  PhaseModel model;
  model.title = keys.text("title", "");
  const json &features = keys.value("features");
  if (features != json(kFeatures)) {
    keys.refuse_value("features", features, json(kFeatures).dump());
  }
  ObjectReader rule = keys.object("neighbours", true);
  model.rule = read_rule(rule);
  model.least_facet = rule.number("least_facet", 1e-6);
  if (!(model.least_facet >= 0.0 && model.least_facet <= 0.01)) {
    rule.refuse_value("least_facet", model.least_facet, "0 to 0.01");
  }
  rule.finish();
  const json &phases = keys.value("phases");
  if (!phases.is_array() || phases.empty() || phases.size() > kMostPhases) {
    keys.refuse_value("phases", phases, fmt::format("a list of 1 to {} names", kMostPhases));
  }
  for (const json &phase : phases) {
    if (!phase.is_string() || phase.get<std::string>().empty() || phase.get<std::string>().size() > 64 ||
        std::find(model.phases.begin(), model.phases.end(), phase.get<std::string>()) != model.phases.end()) {
      keys.refuse_value("phases", phases, "names of 1 to 64 bytes, each once");
    }
    model.phases.push_back(phase.get<std::string>());
  }
  const json &components = keys.value("components");
  if (!components.is_array() || components.empty() || components.size() > kMostComponents) {
    keys.refuse("components", fmt::format("1 to {} components are needed", kMostComponents));
  }
  model.mixture.features = kPhaseFeatures;
  double sum = 0.0;
  for (std::size_t k = 0; k < components.size(); ++k) {
    read_component(keys, "components/" + std::to_string(k), components[k], model);
    sum += model.mixture.weight.back();
  }
  if (std::abs(sum - 1.0) > 1e-6) {
    keys.refuse("components", "their weights sum to " + number_text(sum) + ", not to 1");
  }
  model.provenance = keys.has("provenance") ? keys.value("provenance").dump() : "{}";
  keys.finish();
  return model;
}

} // namespace

const char *rule_name(NeighbourRule rule) {
  return rule == NeighbourRule::nearest ? "nearest" : rule == NeighbourRule::cutoff ? "cutoff" : "voronoi";
}

PhaseModel load_phase_model(const std::filesystem::path &file) {
  return read_model(load_json(file, JsonUse::data), file.string());
}

PhaseModel parse_phase_model(std::string_view text, const std::string &name) {
  return read_model(parse_json(text, name, JsonUse::data), name);
}

std::string phase_model_text(const PhaseModel &model) {
  using Json = nlohmann::ordered_json;
  Json rule = {{"kind", rule_name(model.rule.rule)}};
  if (model.rule.rule == NeighbourRule::nearest) {
    rule["nearest"] = model.rule.nearest;
  } else if (model.rule.rule == NeighbourRule::cutoff) {
    rule["cutoff_A"] = model.rule.cutoff_A;
  }
  rule["averaged"] = model.rule.averaged;
  rule["least_facet"] = model.least_facet;
  Json components = Json::array();
  constexpr auto n = static_cast<std::size_t>(kPhaseFeatures);
  for (std::size_t k = 0; k < model.mixture.components(); ++k) {
    if (!(model.mixture.weight[k] > 0.0)) {
      continue;
    }
    Json rows = Json::array();
    for (std::size_t i = 0; i < n; ++i) {
      const auto row = model.mixture.covariance[k].begin() + static_cast<std::ptrdiff_t>(i * n);
      rows.push_back(std::vector<double>(row, row + kPhaseFeatures));
    }
    components.push_back({{"phase", model.phases[static_cast<std::size_t>(model.phase_of_component[k])]},
                          {"weight", model.mixture.weight[k]},
                          {"mean", model.mixture.mean[k]},
                          {"covariance", rows}});
  }
  const Json document = {{"format", kFormat},
                         {"title", model.title},
                         {"features", kFeatures},
                         {"neighbours", rule},
                         {"phases", model.phases},
                         {"components", components},
                         {"provenance", Json::parse(model.provenance)}};
  return document.dump(1) + "\n";
}

} // namespace zener
