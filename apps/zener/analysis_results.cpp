#include "apps/zener/analysis_results.hpp"

#include "apps/zener/motion_results.hpp"

namespace zener {

using Json = nlohmann::ordered_json;

void put_analyses(H5File &file, const AnalysisResult &result, const std::vector<std::string> &systems) {
  put_motion(file, result.motion, systems);
}

Json analyses_summary(const AnalysisResult &result, const std::vector<std::string> &systems) {
  return motion_json(result.motion, systems);
}

void add_analysis_numbers(Json &numbers, const AnalysisResult &result, const std::vector<std::string> &systems) {
  add_motion_numbers(numbers, result.motion, systems);
}

std::string analysis_tables(const AnalysisResult &result, const std::vector<std::string> &systems) {
  return motion_table(result.motion, systems);
}

} // namespace zener
