// The objects "flux", "mobility" and "mean_positions" of a preset's "analyses": what looks at time-averaged positions.
#pragma once

#include "host/neutral/analysis_plan.hpp"
#include "host/neutral/json_document.hpp"

#include <nlohmann/json.hpp>

namespace zener {

void read_smoothed(ObjectReader &analyses, AnalysisPlan &plan);
// Adds the keys, every one explicit.
void put_smoothed(nlohmann::json &analyses, const AnalysisPlan &plan);

} // namespace zener
