// What the analyses of a run give, each with what makes it from the device's sums. Needs no device.
#pragma once

#include "host/neutral/events.hpp"
#include "host/neutral/motion_curves.hpp"

#include <optional>

namespace zener {

struct AnalysisResult {
  MotionResult motion;
  std::optional<EventsResult> events;
};

// frame_ps: time between two frames.
inline AnalysisResult analysis_result(const AnalysisChoice &choice, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                                      double frame_ps) {
  AnalysisResult result;
  result.motion = motion_of(choice, sums, systems, frame_ps);
  if (sums.events) {
    result.events = events_of(*choice.plan.events, choice.events, *sums.events, systems, frame_ps);
  }
  return result;
}

} // namespace zener
