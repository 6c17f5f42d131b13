// Solid-like and diffusive atoms in the result folder: datasets of series.h5, a part of summary.json, a table. The same for
// analyze and md.
#pragma once

#include "host/neutral/h5.hpp"
#include "host/neutral/mobility_shares.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace zener {

// Datasets below /analyses/mobility, groups in the order of /analyses/group.
void put_mobility(H5File &file, const MobilityResult &result);

nlohmann::ordered_json mobility_json(const MobilityResult &result, const std::vector<std::string> &systems);

// Entries of a summary's "numbers": shares of diffusive atoms.
void add_mobility_numbers(nlohmann::ordered_json &numbers, const MobilityResult &result,
                          const std::vector<std::string> &systems);

// A line for each group.
std::string mobility_table(const MobilityResult &result, const std::vector<std::string> &systems);

} // namespace zener
