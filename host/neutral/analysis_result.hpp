// What the analyses of a run give, each with what makes it from the device's sums. Needs no device.
#pragma once

#include "host/neutral/motion_curves.hpp"

namespace zener {

struct AnalysisResult {
  MotionResult motion;
};

// frame_ps: time between two frames.
inline AnalysisResult analysis_result(const AnalysisChoice &choice, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                                      double frame_ps) {
  return {motion_of(choice, sums, systems, frame_ps)};
}

} // namespace zener
