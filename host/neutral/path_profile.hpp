// The energy along a path through some points: cubic Hermite segments through energies and slopes.
#pragma once

#include <vector>

namespace zener {

struct PathPoint {
  double s_A = 0.0; // along the path, rising
  double energy_eV = 0.0;
  double slope_eV_A = 0.0; // dE/ds
};

struct PathProfile {
  double highest_eV = 0.0; // over the whole path, ends included
  double highest_at_A = 0.0;
  // The deepest valley between two higher places: it lies this far below the lower of the highest places on its two sides.
  // 0 where the energy rises to one top and falls.
  double valley_depth_eV = 0.0;
  double valley_eV = 0.0;
  double valley_at_A = 0.0;
};

// At least two points.
PathProfile path_profile(const std::vector<PathPoint> &points);

} // namespace zener
