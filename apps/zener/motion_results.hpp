// Analyses in the result folder: datasets of series.h5, a part of summary.json, a table. The same for analyze and md.
#pragma once

#include "host/neutral/h5.hpp"
#include "host/neutral/motion_curves.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace zener {

// {"mean", "standard_error"}, null where it is not known; the same by direction x, y, z, all; "mean +- error" or "-".
nlohmann::ordered_json estimate_json(const Estimate &estimate);
nlohmann::ordered_json directions_json(const DirectionalEstimate &estimate);
std::string text_of(const Estimate &estimate);

// Datasets below /analyses; `systems`: names of the systems.
void put_motion(H5File &file, const MotionResult &result, const std::vector<std::string> &systems);

// {"frames", "frame_interval_ps", …, "groups": [{"system", "group", "atoms", "diffusion_A2_ps": …}, …]}.
nlohmann::ordered_json motion_json(const MotionResult &result, const std::vector<std::string> &systems);

// Entries of a summary's "numbers": coefficients of diffusion.
void add_motion_numbers(nlohmann::ordered_json &numbers, const MotionResult &result, const std::vector<std::string> &systems);

// A line for each group; empty when nothing was measured.
std::string motion_table(const MotionResult &result, const std::vector<std::string> &systems);

} // namespace zener
