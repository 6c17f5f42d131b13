// Events of atoms that changed their sites, in the result folder: datasets of series.h5, a part of summary.json, a table,
// frames.
#pragma once

#include "host/neutral/events.hpp"
#include "host/neutral/h5.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace zener {

// Datasets below /analyses/events; `systems`: names of the systems.
void put_events(H5File &file, const EventsResult &result, const std::vector<std::string> &systems);

nlohmann::ordered_json events_summary(const EventsResult &result, const std::vector<std::string> &systems);

// Entries of a summary's "numbers".
void add_event_numbers(nlohmann::ordered_json &numbers, const EventsResult &result, const std::vector<std::string> &systems);

// A line for each system.
std::string events_table(const EventsResult &result, const std::vector<std::string> &systems);

// folder/events/SYSTEM.xyz: averaged positions, coloured by string; none where there are no frames.
void write_event_frames(const std::filesystem::path &folder, const EventsResult &result,
                        const std::vector<std::string> &systems);

} // namespace zener
