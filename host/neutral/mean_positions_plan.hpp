// Time-averaged positions: what is asked, and what a device gives back.
#pragma once

#include "host/neutral/atoms.hpp"

#include <cstdint>
#include <vector>

namespace zener {

struct MeanPositionsPlan {
  double window_ps = 1.0;
  std::int64_t window_frames = 0; // set_windows()
};

// Averages over one window.
struct MeanPositions {
  std::int64_t window = 0;                          // from 0
  std::vector<std::vector<Vector3>> position_A;     // [K][N] unwrapped, less the drift where it is removed
  std::vector<std::vector<Vector3>> displacement_A; // [K][N] from window 0
};

} // namespace zener
