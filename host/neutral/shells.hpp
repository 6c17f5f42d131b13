// Shells of neighbours of the atoms of a crystal, and how its elements are spread over them.
#pragma once

#include "host/neutral/atoms.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace zener {

struct Shell {
  double distance_A = 0.0;                        // mean
  std::vector<std::array<std::int32_t, 2>> bonds; // each once
};

// The first `count` shells of a crystal's atoms: distances that lie together, apart from the next by 4% or more. Throws
// DataError (`where` begins the message) where they cannot be told apart, as in a melt, and ConfigError where the cell is so
// small that an atom is its own neighbour.
std::vector<Shell> shells_of(const Atoms &atoms, int count, const std::string &where);

// Bonds of each pair of elements, [shell][pair_index(a, b, E)].
std::vector<std::int64_t> count_bonds(const std::vector<Shell> &shells, const std::vector<std::int32_t> &types,
                                      std::size_t elements);

} // namespace zener
