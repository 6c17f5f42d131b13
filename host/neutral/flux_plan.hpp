// Flux maps: what is asked, how it is laid out for given systems, and what a device gives back.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace zener {

struct FluxPlan {
  double window_ps = 1.0;         // positions are averaged over it
  std::int64_t window_frames = 0; // the same in frames: set_windows()
  // Planes across x, y, z, A from the origin; none: midway between the layers of atoms found in the systems as given.
  std::array<std::optional<std::vector<double>>, 3> planes_A;
  std::optional<double> neighbour_A;                 // distance of nearest neighbours d; none: found as well
  std::optional<std::array<double, 2>> cutoff_radii; // R_1, R_2 of the cutoff function, A; none: d/3 and d/2
  std::optional<double> grid_A;                      // about: between two points of a map; none: d/10, 512 points at the most
};

// The planes and the map across one direction; u and v are the other two directions, ascending.
struct FluxAxis {
  std::vector<double> planes_A;
  std::int64_t first_plane = 0; // among those of all
  std::int64_t first_point = 0;
  std::array<std::int64_t, 2> points{}; // along u and v
};

struct FluxSystem {
  std::array<double, 3> edge_A{};
  std::array<bool, 3> periodic{};
  double neighbour_A = 0.0, inner_A = 0.0, outer_A = 0.0; // d, R_1, R_2
  std::array<FluxAxis, 3> axis;                           // x, y, z
};

struct FluxLayout {
  std::vector<FluxSystem> systems;
  std::int64_t planes = 0, points = 0; // of all systems and directions
};

// Blocks of time are `block_steps` long, a step being from one window to the next; the last may be incomplete.
struct FluxSums {
  FluxPlan plan;
  FluxLayout layout;
  std::int64_t steps = 0;
  std::int64_t block_steps = 1;
  int blocks = 0;
  std::vector<std::uint64_t> crossings; // [blocks][toward plus, toward minus][planes]
  std::vector<std::uint64_t> map;       // [blocks][toward plus, toward minus][points], in units of `unit`
  double unit = 1.0;
};

} // namespace zener
