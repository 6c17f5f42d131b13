// Views of a lattice's tables (made on the host, host/neutral/lattice_tables.hpp) as kernels read them.
#pragma once

#include "kernels/exec/view.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kMaxSpecies = 8;
inline constexpr int kSelfSite = 255; // in around_jump: the vacancy itself

// P jump directions, E sites of the environment, A sites of shells 1 to 3.
struct LatticeTablesView {
  View<const std::int32_t, 2> offsets;     // [E][3], lattice units
  View<const std::int32_t, 2> aligned;     // bcc, [8][112]: input k of path p is site aligned[p][k] of the environment
  View<const std::int32_t, 2> around_jump; // [P][A]: the environment's site at directions[p] + offsets[m], or kSelfSite
};

} // namespace ZENER_BACKEND
} // namespace zener
