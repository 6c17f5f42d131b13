// Currents in waves in the result folder; nothing is written where they were not asked for.
#pragma once

#include "host/neutral/currents_curves.hpp"
#include "host/neutral/h5.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace zener {

// Datasets below /analyses/currents.
void put_currents(H5File &file, const CurrentsResult &result, const std::vector<std::string> &systems);

// "currents" of the summary's "analyses": a line for each wave and pair.
void add_currents(nlohmann::ordered_json &analyses, const CurrentsResult &result, const std::vector<std::string> &systems);

// Entries of a summary's "numbers": Onsager coefficients.
void add_currents_numbers(nlohmann::ordered_json &numbers, const CurrentsResult &result,
                          const std::vector<std::string> &systems);

std::string currents_table(const CurrentsResult &result, const std::vector<std::string> &systems);

} // namespace zener
