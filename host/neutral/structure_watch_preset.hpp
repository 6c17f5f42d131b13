// The object "structure" of "analyses".
#pragma once

#include "host/neutral/structure_watch.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>

namespace zener {

class ObjectReader;

// A model of phases is loaded; `phases_file` is where from, relative to the preset's folder as given. Throws ConfigError and
// DataError.
StructureWatch read_structure_watch(ObjectReader &keys, const std::filesystem::path &preset_file,
                                    std::filesystem::path &phases_file);
// One set of Steinhardt's parameters: neighbours, nearest, cutoff_A, averaged.
SteinhardtPlan read_steinhardt(ObjectReader &keys);
nlohmann::json steinhardt_json(const SteinhardtPlan &plan);
nlohmann::json structure_watch_json(const StructureWatch &watch, const std::filesystem::path &phases_file);

} // namespace zener
