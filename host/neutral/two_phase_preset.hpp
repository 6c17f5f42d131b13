// The keys "two_phase" and "defect" of "analyses".
#pragma once

#include "host/neutral/json_document.hpp"
#include "host/neutral/motion_curves.hpp"

#include <nlohmann/json.hpp>

namespace zener {

// Read after msd and vacf, on which they rest. `in_flight`: md's.
void read_two_phase(ObjectReader &analyses, AnalysisChoice &choice);
void read_defect(ObjectReader &analyses, AnalysisChoice &choice, bool in_flight);
nlohmann::json two_phase_json(const std::optional<TwoPhaseChoice> &choice);
nlohmann::json defect_json(const std::optional<DefectDiffusionChoice> &choice);

} // namespace zener
