#include "apps/zener/analysis_results.hpp"

#include "apps/zener/motion_results.hpp"
#include "apps/zener/run_folder.hpp"
#include "apps/zener/structure_results.hpp"
#include "host/neutral/atom_files.hpp"

#include <fmt/format.h>

namespace zener {

using Json = nlohmann::ordered_json;

void put_analyses(H5File &file, const AnalysisResult &result, const std::vector<std::string> &systems) {
  put_motion(file, result.motion, systems);
  if (result.structure) {
    put_structure(file, *result.structure, systems);
  }
}

Json analyses_summary(const AnalysisResult &result, const std::vector<std::string> &systems) {
  Json out = motion_json(result.motion, systems);
  if (result.structure) {
    out["structure"] = structure_json(*result.structure, systems);
  }
  return out;
}

void add_analysis_numbers(Json &numbers, const AnalysisResult &result, const std::vector<std::string> &systems) {
  add_motion_numbers(numbers, result.motion, systems);
  if (result.structure) {
    add_structure_numbers(numbers, *result.structure, systems);
  }
}

void write_atom_frames(const std::filesystem::path &folder, const std::vector<AtomFrame> &frames,
                       const std::vector<std::string> &systems) {
  for (const AtomFrame &frame : frames) {
    make_folder(folder / frame.analysis);
    for (std::size_t k = 0; k < frame.systems.size(); ++k) {
      const std::string name = fmt::format("{}_{:09}.xyz", systems.at(k), frame.frame);
      write_atoms(folder / frame.analysis / name, {&frame.systems[k], 1}, AtomFormat::extended_xyz);
    }
  }
}

std::string analysis_tables(const AnalysisResult &result, const std::vector<std::string> &systems) {
  return motion_table(result.motion, systems) + (result.structure ? structure_table(*result.structure, systems) : "");
}

} // namespace zener
