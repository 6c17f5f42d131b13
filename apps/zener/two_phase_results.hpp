// Two-phase thermodynamics in the result folder: datasets below /analyses/two_phase of series.h5, a part of summary.json, a
// table.
#pragma once

#include "host/neutral/h5.hpp"
#include "host/neutral/two_phase_result.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace zener {

void put_two_phase(H5File &file, const TwoPhaseResult &result, const std::vector<std::string> &systems);
// "two_phase" of the summary's "analyses".
void add_two_phase(nlohmann::ordered_json &analyses, const TwoPhaseResult &result, const std::vector<std::string> &systems);
// Of the memory-function form.
void add_two_phase_numbers(nlohmann::ordered_json &numbers, const TwoPhaseResult &result,
                           const std::vector<std::string> &systems);
std::string two_phase_table(const TwoPhaseResult &result, const std::vector<std::string> &systems);

} // namespace zener
