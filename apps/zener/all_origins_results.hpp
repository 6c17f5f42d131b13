// What was measured over all origins of time in the result folder; nothing is written where it was not asked for.
#pragma once

#include "host/neutral/all_origins_curves.hpp"
#include "host/neutral/h5.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace zener {

// Datasets below /analyses/all_origins; groups as /analyses/group (put_motion) lists them.
void put_all_origins(H5File &file, const AllOriginsResult &result);

// Into the summary's "analyses" as motion_json leaves it: "all_origins", and each group's D.
void add_all_origins(nlohmann::ordered_json &analyses, const AllOriginsResult &result);

// Entries of a summary's "numbers".
void add_all_origins_numbers(nlohmann::ordered_json &numbers, const AllOriginsResult &result,
                             const std::vector<std::string> &systems);

std::string all_origins_table(const AllOriginsResult &result, const std::vector<std::string> &systems);

} // namespace zener
