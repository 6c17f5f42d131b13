// Views of the lattice's tables (made on the host, host/neutral/lattice_tables.hpp) as kernels read them.
#pragma once

#include "kernels/exec/view.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kEnvironment = 112; // sites of shells 1 to 8
inline constexpr int kJumps = 8;         // paths; the first sites of the environment
inline constexpr int kAround = 26;       // sites of shells 1 to 3
inline constexpr int kReach = 4;         // largest component of an offset
inline constexpr int kAxisTerms = 2 * kReach + 1;
inline constexpr int kMaxSpecies = 8;
inline constexpr int kSelfSite = 255; // in around_jump: the vacancy itself

struct LatticeTablesView {
  View<const std::int32_t, 2> offsets;     // [112][3], units of a/2
  View<const std::int32_t, 2> aligned;     // [8][112]: input k of path p is site aligned[p][k] of the environment
  View<const std::int32_t, 2> around_jump; // [8][26]: the environment's site at directions[p] + offsets[m], or kSelfSite
};

// Shells of the first 26 sites end here.
ZENER_HOST_FN constexpr int shell_end(int shell) { return shell == 0 ? 8 : (shell == 1 ? 14 : 26); }

// Environment sites that hold every neighbour, up to the given number of shells, of both ends of every jump: (1,1,1) plus an
// offset reaches squared distance 12 for shells 1 and 2, and 19 for shell 3.
ZENER_HOST_FN constexpr int sites_around_jumps(int shells) { return shells == 0 ? 8 : (shells <= 2 ? 58 : 88); }

} // namespace ZENER_BACKEND
} // namespace zener
