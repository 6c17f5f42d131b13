// The analysis "structure" in the result folder: datasets below /analyses/structure, a part of summary.json, a table.
#pragma once

#include "host/neutral/h5.hpp"
#include "host/neutral/structure_watch.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace zener {

void put_structure(H5File &file, const WatchedStructure &result, const std::vector<std::string> &systems);
nlohmann::ordered_json structure_json(const WatchedStructure &result, const std::vector<std::string> &systems);
// Entries of a summary's "numbers": means over the frames looked at.
void add_structure_numbers(nlohmann::ordered_json &numbers, const WatchedStructure &result,
                           const std::vector<std::string> &systems);
std::string structure_table(const WatchedStructure &result, const std::vector<std::string> &systems);

} // namespace zener
