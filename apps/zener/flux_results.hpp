// Flux maps in the result folder: datasets of series.h5, a part of summary.json, a table. The same for analyze and md.
#pragma once

#include "host/neutral/flux_maps.hpp"
#include "host/neutral/h5.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace zener {

// Datasets below /analyses/flux; `systems`: names of the systems.
void put_flux(H5File &file, const FluxResult &result, const std::vector<std::string> &systems);

nlohmann::ordered_json flux_json(const FluxResult &result, const std::vector<std::string> &systems);

// Entries of a summary's "numbers": net fluxes.
void add_flux_numbers(nlohmann::ordered_json &numbers, const FluxResult &result, const std::vector<std::string> &systems);

// A line for each direction of each system.
std::string flux_table(const FluxResult &result, const std::vector<std::string> &systems);

} // namespace zener
