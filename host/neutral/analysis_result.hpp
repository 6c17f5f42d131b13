// What the analyses of a run give, each with what makes it from the device's sums. Needs no device.
#pragma once

#include "host/neutral/motion_curves.hpp"

namespace zener {

struct AnalysisResult {
  MotionResult motion;
  std::optional<WatchedStructure> structure;
};

// frame_ps: time between two frames.
inline AnalysisResult analysis_result(const AnalysisChoice &choice, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                                      double frame_ps) {
  AnalysisResult result;
  result.motion = motion_of(choice, sums, systems, frame_ps);
  if (sums.structure) {
    result.structure = watched_structure(*choice.plan.structure, *sums.structure, systems, frame_ps);
  }
  return result;
}

} // namespace zener
