// Diffusion against temperature in the result folder: datasets below /analyses/diffusion of series.h5, a part of summary.json,
// a table of fits; and the JSON form of a fit.
#pragma once

#include "host/neutral/diffusion_result.hpp"
#include "host/neutral/h5.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace zener {

// Ladders in a group of the file each, `folder`/0, 1, …: points, and for each fit the curve with its error on 101 temperatures.
void put_ladders(H5File &file, const std::string &folder, const std::vector<DiffusionLadder> &ladders);
nlohmann::ordered_json ladders_json(const std::vector<DiffusionLadder> &ladders);
std::string ladders_table(const std::vector<DiffusionLadder> &ladders);

void put_diffusion(H5File &file, const DiffusionResult &result, const std::vector<std::string> &systems);
// "diffusion" of the summary's "analyses", where there is any.
void add_diffusion(nlohmann::ordered_json &analyses, const DiffusionResult &result, const std::vector<std::string> &systems);
std::string diffusion_table(const DiffusionResult &result, const std::vector<std::string> &systems);

} // namespace zener
