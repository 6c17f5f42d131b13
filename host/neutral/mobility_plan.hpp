// Solid-like and diffusive atoms: what is asked, and what a device gives back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace zener {

struct MobilityPlan {
  double window_ps = 1.0;            // positions are averaged over it
  double interval_ps = 10.0;         // over which atoms must move to be diffusive
  std::optional<double> threshold_A; // by more than this; none: half of the distance of nearest neighbours of the systems given
  std::int64_t window_frames = 0;    // set_windows()
  std::int64_t interval_windows = 0; // of them
};

// Blocks of time are `block_intervals` long, the last may be incomplete. Columns: kernels/analysis/mobility.hpp.
struct MobilitySums {
  MobilityPlan plan;
  std::vector<double> threshold_A; // by system
  std::int64_t intervals = 0;
  std::int64_t block_intervals = 1;
  int blocks = 0;
  std::vector<double> sums; // [blocks][classes][interval_windows + 1][7]
};

} // namespace zener
