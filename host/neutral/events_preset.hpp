// The object "analyses"/"events" of presets of md and analyze.
#pragma once

#include "host/neutral/json_document.hpp"
#include "host/neutral/motion_curves.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace zener {

// Reads it, where it is given.
void read_events(ObjectReader &analyses, AnalysisChoice &choice);
// null where nothing is asked.
nlohmann::json events_json(const AnalysisChoice &choice);

// Completes the sites: paths become absolute; without sites they are those of `structure`, md's, less its defects. Throws
// ConfigError where there is none that could be taken.
void complete_sites(const ObjectReader &preset, AnalysisChoice &choice, const std::filesystem::path &file,
                    const nlohmann::json &structure = {});

// What needs files and the time between frames: builds the sites, and windows in frames. Throws ConfigError and DataError.
void prepare_events(AnalysisChoice &choice, const std::filesystem::path &file, double frame_ps);

} // namespace zener
