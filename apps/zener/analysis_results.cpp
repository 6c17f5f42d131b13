#include "apps/zener/analysis_results.hpp"

#include "apps/zener/all_origins_results.hpp"
#include "apps/zener/currents_results.hpp"
#include "apps/zener/diffusion_results.hpp"
#include "apps/zener/events_results.hpp"
#include "apps/zener/flux_results.hpp"
#include "apps/zener/mobility_results.hpp"
#include "apps/zener/motion_results.hpp"
#include "apps/zener/two_phase_results.hpp"

#include "apps/zener/run_folder.hpp"
#include "apps/zener/structure_results.hpp"
#include "host/neutral/atom_files.hpp"
#include <cmath>

#include <fmt/format.h>

namespace zener {

using Json = nlohmann::ordered_json;

void put_analyses(H5File &file, const AnalysisResult &result, const std::vector<std::string> &systems) {
  put_motion(file, result.motion, systems);
  put_all_origins(file, result.all_origins);
  put_currents(file, result.currents, systems);
  if (result.flux) {
    put_flux(file, *result.flux, systems);
  }
  if (result.mobility) {
    put_mobility(file, *result.mobility);
  }
  if (result.two_phase) {
    put_two_phase(file, *result.two_phase, systems);
  }
  put_diffusion(file, result.diffusion, systems);
  if (result.events) {
    put_events(file, *result.events, systems);
  }
  if (result.structure) {
    put_structure(file, *result.structure, systems);
  }
}

Json analyses_summary(const AnalysisResult &result, const std::vector<std::string> &systems) {
  Json out = motion_json(result.motion, systems);
  for (std::size_t k = 0; k < result.temperature_K.size(); ++k) {
    const double t = result.temperature_K[k];
    out["temperatures_K"][systems.at(k)] = std::isfinite(t) ? Json(t) : Json();
  }
  add_all_origins(out, result.all_origins);
  add_currents(out, result.currents, systems);
  if (result.flux) {
    out["flux"] = flux_json(*result.flux, systems);
  }
  if (result.mobility) {
    out["mobility"] = mobility_json(*result.mobility, systems);
  }
  if (result.two_phase) {
    add_two_phase(out, *result.two_phase, systems);
  }
  add_diffusion(out, result.diffusion, systems);
  if (result.events) {
    out["events"] = events_summary(*result.events, systems);
  }
  if (result.structure) {
    out["structure"] = structure_json(*result.structure, systems);
  }
  return out;
}

void add_analysis_numbers(Json &numbers, const AnalysisResult &result, const std::vector<std::string> &systems) {
  add_motion_numbers(numbers, result.motion, systems);
  add_all_origins_numbers(numbers, result.all_origins, systems);
  add_currents_numbers(numbers, result.currents, systems);
  if (result.flux) {
    add_flux_numbers(numbers, *result.flux, systems);
  }
  if (result.mobility) {
    add_mobility_numbers(numbers, *result.mobility, systems);
  }
  if (result.two_phase) {
    add_two_phase_numbers(numbers, *result.two_phase, systems);
  }
  if (result.events) {
    add_event_numbers(numbers, *result.events, systems);
  }
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
  return motion_table(result.motion, systems) + all_origins_table(result.all_origins, systems) +
         currents_table(result.currents, systems) + (result.flux ? flux_table(*result.flux, systems) : "") +
         (result.mobility ? mobility_table(*result.mobility, systems) : "") +
         (result.two_phase ? two_phase_table(*result.two_phase, systems) : "") + diffusion_table(result.diffusion, systems) +
         (result.events ? events_table(*result.events, systems) : "") +
         (result.structure ? structure_table(*result.structure, systems) : "");
}

void write_analysis_files(const std::filesystem::path &folder, const AnalysisResult &result,
                          const std::vector<std::string> &systems) {
  if (result.events) {
    write_event_frames(folder, *result.events, systems);
  }
}

} // namespace zener
