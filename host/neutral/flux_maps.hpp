// From the sums of the flux maps to maps, numbers of crossings and fluxes with errors. Needs no device.
#pragma once

#include "host/neutral/flux_plan.hpp"
#include "host/neutral/transport.hpp"

#include <array>
#include <vector>

namespace zener {

// Across one direction. u and v are the other two, ascending: F_x(y, z), F_y(x, z), F_z(x, y).
struct FluxAcross {
  std::vector<double> planes_A;
  std::array<std::vector<std::int64_t>, 2> crossings; // [toward plus, toward minus][plane]
  std::array<std::vector<double>, 2> axis_A;          // places of the points along u and v
  std::vector<double> plus, minus;                    // [u][v] equation 6 for motion toward plus and toward minus, both >= 0
  std::vector<double> net_error;                      // of plus - minus, from blocks of time; NaN where they are too few
  Estimate plus_crossings, minus_crossings, net_crossings;
  double per_crossing = 0.0; // 1/(A^2 ps) that one crossing in all stands for: over the planes, their area and the time
};

struct FluxOfSystem {
  double neighbour_A = 0.0, inner_A = 0.0, outer_A = 0.0; // d, R_1, R_2
  double cutoff_area_A2 = 0.0;                            // integral of the cutoff function
  std::array<FluxAcross, 3> across;                       // x, y, z
};

struct FluxResult {
  double window_ps = 0.0;
  std::int64_t steps = 0; // from one window to the next
  double block_ps = 0.0;
  std::vector<FluxOfSystem> systems;
};

// Positive is motion toward plus (equation 6 as printed has the other sign). Errors: standard deviation over the complete
// blocks of time, 4 or more, else NaN; those of a sum are scaled to its time.
FluxResult flux_of(const FluxSums &sums, double frame_ps);

} // namespace zener
