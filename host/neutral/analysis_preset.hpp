// Presets of the driver analyze, and the key "analyses" that it shares with md.
#pragma once

#include "host/neutral/json_document.hpp"
#include "host/neutral/motion_curves.hpp"
#include "host/neutral/preset_parts.hpp"
#include "host/neutral/trajectory_reader.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace zener {

// The object "analyses"; none where it is null. `in_flight`: md's, with every and begin_step. Files are relative to the
// preset's folder.
std::optional<AnalysisChoice> read_analyses(ObjectReader &keys, bool in_flight, const std::filesystem::path &preset_file);
nlohmann::json analyses_json(const std::optional<AnalysisChoice> &choice, bool in_flight);

// What the plan still lacks once the time between two frames is known: windows in frames, and what is read from files. `file`:
// the preset, for messages. Throws ConfigError and DataError.
void prepare_analyses(AnalysisChoice &choice, const std::filesystem::path &file, double frame_ps);

struct AnalyzePreset : RunPreset {
  FrameChoice frames;
  AnalysisChoice analyses;
};

// Loads, edits (apply_preset_edit), validates against the schema and reads. Throws DataError and ConfigError as
// load_kmc_preset.
AnalyzePreset load_analyze_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});
// Reads a document that satisfies the schema, and checks what a schema cannot say. Throws ConfigError.
AnalyzePreset read_analyze_preset(const nlohmann::json &document, const std::filesystem::path &file,
                                  std::set<std::string> *asked = nullptr);
// The preset with every key explicit and paths absolute.
nlohmann::json resolved(const AnalyzePreset &preset);

} // namespace zener
