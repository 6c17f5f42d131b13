#include "apps/zener/analysis_results.hpp"

#include "apps/zener/events_results.hpp"
#include "apps/zener/motion_results.hpp"

namespace zener {

using Json = nlohmann::ordered_json;

void put_analyses(H5File &file, const AnalysisResult &result, const std::vector<std::string> &systems) {
  put_motion(file, result.motion, systems);
  if (result.events) {
    put_events(file, *result.events, systems);
  }
}

Json analyses_summary(const AnalysisResult &result, const std::vector<std::string> &systems) {
  Json out = motion_json(result.motion, systems);
  if (result.events) {
    out["events"] = events_summary(*result.events, systems);
  }
  return out;
}

void add_analysis_numbers(Json &numbers, const AnalysisResult &result, const std::vector<std::string> &systems) {
  add_motion_numbers(numbers, result.motion, systems);
  if (result.events) {
    add_event_numbers(numbers, *result.events, systems);
  }
}

std::string analysis_tables(const AnalysisResult &result, const std::vector<std::string> &systems) {
  const bool moving = !result.motion.msd_lag_ps.empty() || !result.motion.vacf_lag_ps.empty();
  return (moving ? motion_table(result.motion, systems) : "") + (result.events ? events_table(*result.events, systems) : "");
}

void write_analysis_files(const std::filesystem::path &folder, const AnalysisResult &result,
                          const std::vector<std::string> &systems) {
  if (result.events) {
    write_event_frames(folder, *result.events, systems);
  }
}

} // namespace zener
