// Windows of time, which presets give in ps and the device counts in frames.
#pragma once

#include "host/neutral/analysis_plan.hpp"

namespace zener {

// Fills in the numbers of frames of the plan's windows, the nearest whole ones, for frames `frame_ps` apart. Throws ConfigError
// for a window shorter than that, and for an interval that is not one to 256 windows.
void set_windows(AnalysisPlan &plan, double frame_ps);

} // namespace zener
