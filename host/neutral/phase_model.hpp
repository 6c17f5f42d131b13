// A classifier of phases by Steinhardt's parameters: a Gaussian mixture whose components have names of phases (the classifier
// of maximum likelihood, eq. S5 of the paper on titanium). JSON file, format "zener-phase-model-1".
#pragma once

#include "host/neutral/mixture.hpp"
#include "host/neutral/structure_plan.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace zener {

// p(phase | x) = sum over the phase's components of weight N(x) / sum over all components. x: q2 … q8 by `rule`.
struct PhaseModel {
  std::string title;
  Mixture mixture; // of 7 features
  std::vector<std::string> phases;
  std::vector<std::int32_t> phase_of_component; // [K]
  SteinhardtPlan rule;
  double least_facet = 1e-6; // of Voronoi cells
  std::string provenance;    // JSON text: from what it was made
};

inline constexpr int kPhaseFeatures = 7;
inline constexpr std::size_t kMostPhases = 32;

// Throws DataError with file, key and what is allowed.
PhaseModel load_phase_model(const std::filesystem::path &file);
// For tests and fuzzing; `name` stands for the file.
PhaseModel parse_phase_model(std::string_view text, const std::string &name);
std::string phase_model_text(const PhaseModel &model);

// "nearest", "cutoff", "voronoi".
const char *rule_name(NeighbourRule rule);

} // namespace zener
