// Currents of atoms in waves: what is asked, and what a device sums. Plain data.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace zener {

// j_a(k, t) = sum over the atoms of element a of v exp(-i k x), k = 2 pi (n_1 b_1 + n_2 b_2 + n_3 b_3) with the cell's
// reciprocal vectors (Hansen and McDonald, Theory of Simple Liquids, section 7.4). n = 0: an element's whole current.
struct CurrentsPlan {
  std::vector<std::array<int, 3>> waves; // n of each
  int points = 512;                      // lags 0 … points - 1, frames
};

// Pairs (a, b), a <= b, of a system's elements in the order (0,0) (0,1) … (1,1) …; systems one after the other.
struct CurrentsPair {
  std::size_t system = 0;
  std::int32_t first = 0, second = 0;
};

struct CurrentsSums {
  CurrentsPlan plan;
  std::vector<CurrentsPair> pairs;
  std::int64_t frames = 0;
  std::int64_t block_frames = 1;
  int blocks = 0;
  // [blocks][pairs][waves][points][3]: Re j_a(t) j_b*(t - lag) + Re j_b(t) j_a*(t - lag), half of it, along k and two
  // directions across it (n = 0: x, y, z); the later frame's block. A^2/ps^2
  std::vector<double> sums;
};

} // namespace zener
