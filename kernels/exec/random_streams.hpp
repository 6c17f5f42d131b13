// The ledger of random streams: one number for each use, never reused, never changed once released.
#pragma once

#include <cstdint>

namespace zener::streams {

inline constexpr std::uint32_t random_alloy = 1; // owner: walker, step: position in the shuffle
inline constexpr std::uint32_t hop = 2;          // owner: walker, step: hop; low 64 bits choose the path, high 64 bits the time
inline constexpr std::uint32_t swap = 3;         // owner: walker, step: trial; draw 0: the two sites, draw 1: acceptance
inline constexpr std::uint32_t md_langevin = 4;  // owner: atom of its system as given, step: step, draw: 2 system + (0 or 1)
inline constexpr std::uint32_t md_bath = 5; // owner: system, step: step; draws from 0 at its end, from 2^30 at its beginning
inline constexpr std::uint32_t network_start = 6; // owner: place in a tensor, step: tensor
inline constexpr std::uint32_t train_order = 7;   // owner: jump, step: epoch
inline constexpr std::uint32_t train_augment = 8; // owner: 2 jump + (0 or 1: backward), step: epoch
// owner: system, step: trial; draws from 0: two atoms each, draw kMostDraws: acceptance
inline constexpr std::uint32_t swap_atoms = 10;
inline constexpr std::uint32_t mixture_start = 20; // owner: start, step: centre

} // namespace zener::streams
