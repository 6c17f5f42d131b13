#include "host/neutral/path_profile.hpp"

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

// Appends the places inside of a segment where the energy is level: E(t) = a t^3 + b t^2 + c t + E(0), 0 < t < 1.
void add_level(const PathPoint &from, const PathPoint &to, std::vector<PathPoint> &out) {
  const double h = to.s_A - from.s_A;
  const double rise = to.energy_eV - from.energy_eV;
  const double c = h * from.slope_eV_A;
  const double a = c + h * to.slope_eV_A - 2.0 * rise;
  const double b = 3.0 * rise - 2.0 * c - h * to.slope_eV_A;
  const double root = b * b - 3.0 * a * c;
  if (!(root >= 0.0)) {
    return;
  }
  // Both roots of 3 a t^2 + 2 b t + c without cancellation.
  const double q = -(b + std::copysign(std::sqrt(root), b));
  std::vector<double> places;
  for (const double t : {q / (3.0 * a), c / q}) {
    if (t > 0.0 && t < 1.0) { // false for what is not a number
      places.push_back(t);
    }
  }
  std::sort(places.begin(), places.end());
  for (const double t : places) {
    out.push_back({from.s_A + t * h, from.energy_eV + t * (c + t * (b + t * a)), 0.0});
  }
}

} // namespace

PathProfile path_profile(const std::vector<PathPoint> &points) {
  std::vector<PathPoint> all;
  for (std::size_t i = 0; i < points.size(); ++i) {
    all.push_back(points[i]);
    if (i + 1 < points.size()) {
      add_level(points[i], points[i + 1], all);
    }
  }
  PathProfile out;
  const auto lower = [](const PathPoint &a, const PathPoint &b) { return a.energy_eV < b.energy_eV; };
  const auto top = std::max_element(all.begin(), all.end(), lower);
  out.highest_eV = top->energy_eV;
  out.highest_at_A = top->s_A;
  for (auto here = all.begin() + 1; here + 1 < all.end(); ++here) {
    const double left = std::max_element(all.begin(), here, lower)->energy_eV;
    const double right = std::max_element(here + 1, all.end(), lower)->energy_eV;
    const double depth = std::min(left, right) - here->energy_eV;
    if (depth > out.valley_depth_eV) {
      out.valley_depth_eV = depth;
      out.valley_eV = here->energy_eV;
      out.valley_at_A = here->s_A;
    }
  }
  return out;
}

} // namespace zener
