// The ledger of random streams: one number for each use, never reused, never changed once released.
#pragma once

#include <cstdint>

namespace zener::streams {

inline constexpr std::uint32_t random_alloy = 1; // owner: walker, step: position in the shuffle
inline constexpr std::uint32_t hop = 2;          // owner: walker, step: hop; low 64 bits choose the path, high 64 bits the time
inline constexpr std::uint32_t swap = 3;         // owner: walker, step: trial; draw 0: the two sites, draw 1: acceptance

} // namespace zener::streams
