// All analyses in the result folder: datasets of series.h5, a part of summary.json, tables. The same for analyze and md; each
// kind of analysis has a file of its own that is called from here.
#pragma once

#include "host/neutral/analysis_result.hpp"
#include "host/neutral/h5.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace zener {

// Datasets below /analyses; `systems`: names of the systems.
void put_analyses(H5File &file, const AnalysisResult &result, const std::vector<std::string> &systems);

// The summary's "analyses".
nlohmann::ordered_json analyses_summary(const AnalysisResult &result, const std::vector<std::string> &systems);

// Entries of a summary's "numbers".
void add_analysis_numbers(nlohmann::ordered_json &numbers, const AnalysisResult &result,
                          const std::vector<std::string> &systems);

// Frames of atoms that an analysis kept: folder/ANALYSIS/SYSTEM_FRAME.xyz, each in a file of its own, so that a run that goes
// on from a checkpoint writes the same again.
void write_atom_frames(const std::filesystem::path &folder, const std::vector<AtomFrame> &frames,
                       const std::vector<std::string> &systems);

std::string analysis_tables(const AnalysisResult &result, const std::vector<std::string> &systems);

// Files besides series.h5 and summary.json.
void write_analysis_files(const std::filesystem::path &folder, const AnalysisResult &result,
                          const std::vector<std::string> &systems);

} // namespace zener
