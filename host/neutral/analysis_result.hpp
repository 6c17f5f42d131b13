// What the analyses of a run give, each with what makes it from the device's sums. Needs no device.
#pragma once

#include "host/neutral/all_origins_curves.hpp"
#include "host/neutral/currents_curves.hpp"
#include "host/neutral/flux_maps.hpp"
#include "host/neutral/mobility_shares.hpp"
#include "host/neutral/motion_curves.hpp"

#include <optional>

namespace zener {

struct AnalysisResult {
  MotionResult motion;
  AllOriginsResult all_origins; // of no frames where it was not asked for
  CurrentsResult currents;      // the same
  std::optional<FluxResult> flux;
  std::optional<MobilityResult> mobility;
};

// frame_ps: time between two frames.
inline AnalysisResult analysis_result(const AnalysisChoice &choice, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                                      double frame_ps) {
  AnalysisResult result{motion_of(choice, sums, systems, frame_ps), all_origins_of(choice, sums, systems, frame_ps),
                        currents_of(choice, sums, systems, frame_ps), std::nullopt, std::nullopt};
  if (sums.flux) {
    result.flux = flux_of(*sums.flux, frame_ps);
  }
  if (sums.mobility) {
    result.mobility = mobility_of(choice.plan, sums, systems, frame_ps);
  }
  return result;
}

} // namespace zener
