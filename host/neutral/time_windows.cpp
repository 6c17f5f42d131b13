#include "host/neutral/time_windows.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace zener {
namespace {

constexpr double kMostFrames = 1e12;
constexpr std::int64_t kMostWindows = 256;

std::int64_t window_of(double window_ps, double frame_ps, const char *name) {
  const double frames = window_ps / frame_ps;
  if (!(frames > 1.0 - 1e-6) || frames > kMostFrames) {
    throw ConfigError(fmt::format("analyses/{}/window_ps: met {}, and frames are {} ps apart; allowed: from one frame on", name,
                                  number_text(window_ps), number_text(frame_ps)));
  }
  return static_cast<std::int64_t>(std::llround(frames));
}

} // namespace

void set_windows(AnalysisPlan &plan, double frame_ps) {
  if (plan.flux) {
    plan.flux->window_frames = window_of(plan.flux->window_ps, frame_ps, "flux");
  }
  if (plan.mean_positions) {
    plan.mean_positions->window_frames = window_of(plan.mean_positions->window_ps, frame_ps, "mean_positions");
  }
  if (plan.mobility) {
    MobilityPlan &mobility = *plan.mobility;
    mobility.window_frames = window_of(mobility.window_ps, frame_ps, "mobility");
    const double window = static_cast<double>(mobility.window_frames) * frame_ps;
    const double windows = mobility.interval_ps / window;
    if (!(windows > 1.0 - 1e-6) || windows > static_cast<double>(kMostWindows) + 0.5) {
      throw ConfigError(
          fmt::format("analyses/mobility/interval_ps: met {}, and windows are {} ps long; allowed: 1 to {} windows",
                      number_text(mobility.interval_ps), number_text(window), kMostWindows));
    }
    mobility.interval_windows = static_cast<std::int64_t>(std::llround(windows));
  }
}

} // namespace zener
