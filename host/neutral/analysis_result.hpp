// What the analyses of a run give, each with what makes it from the device's sums. Needs no device.
#pragma once

#include "host/neutral/all_origins_curves.hpp"
#include "host/neutral/currents_curves.hpp"
#include "host/neutral/diffusion_result.hpp"
#include "host/neutral/events.hpp"
#include "host/neutral/flux_maps.hpp"
#include "host/neutral/mobility_shares.hpp"
#include "host/neutral/motion_curves.hpp"
#include "host/neutral/two_phase_result.hpp"

#include <optional>

namespace zener {

struct AnalysisResult {
  MotionResult motion;
  AllOriginsResult all_origins; // of no frames where it was not asked for
  CurrentsResult currents;      // the same
  std::optional<FluxResult> flux;
  std::optional<MobilityResult> mobility;
  std::optional<TwoPhaseResult> two_phase;
  DiffusionResult diffusion;
  std::vector<double> temperature_K; // of each system; NaN where it is not known
  std::optional<EventsResult> events;
  std::optional<WatchedStructure> structure;
};

// frame_ps: time between two frames. means: of each system; a temperature that they do not know is that of the velocities.
inline AnalysisResult analysis_result(const AnalysisChoice &choice, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                                      double frame_ps, std::vector<SystemMeans> means) {
  AnalysisResult result;
  result.motion = motion_of(choice, sums, systems, frame_ps);
  result.all_origins = all_origins_of(choice, sums, systems, frame_ps);
  result.currents = currents_of(choice, sums, systems, frame_ps);
  if (sums.flux) {
    result.flux = flux_of(*sums.flux, frame_ps);
  }
  if (sums.mobility) {
    result.mobility = mobility_of(choice.plan, sums, systems, frame_ps);
  }
  result.two_phase = two_phase_of(choice, sums, systems, means, result.motion);
  for (std::size_t k = 0; k < means.size() && sums.vacf; ++k) {
    means[k].temperature_K =
        means[k].temperature_K > 0.0 ? means[k].temperature_K : velocity_temperature_K(sums, systems[k], k);
  }
  for (const SystemMeans &one : means) {
    result.temperature_K.push_back(one.temperature_K);
  }
  result.diffusion = diffusion_of(choice, result.motion, means);
  if (sums.events) {
    result.events = events_of(*choice.plan.events, choice.events, *sums.events, systems, frame_ps);
  }
  if (sums.structure) {
    result.structure = watched_structure(*choice.plan.structure, *sums.structure, systems, frame_ps);
  }
  return result;
}

} // namespace zener
