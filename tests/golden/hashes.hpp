// FNV-1a hashes of results that must have the same bits on every backend. Made on a CPU; a GPU that meets them has run the same
// arithmetic. A test that fails prints the hash it got: put it here only when results were meant to change.
#pragma once

#include <cstdint>

namespace zener::golden {

// tests/kernels/exact_math_test.cpp: 100,000 values each.
inline constexpr std::uint64_t kExponentials = 3670391431178460998u;
inline constexpr std::uint64_t kLogarithms = 16719438503663069003u;

// tests/kernels/kmc_test.cpp: 8 walkers after 200 hops, and with a network of 4 x 128 after 40.
inline constexpr std::uint64_t kWalksConstant = 9729938272539534743u;
inline constexpr std::uint64_t kWalksPairKra = 7266028475896298736u;
inline constexpr std::uint64_t kWalksFloat32 = 12640386710084321844u;
inline constexpr std::uint64_t kWalksFloat64 = 17704255601944091051u;
inline constexpr std::uint64_t kWideFloat32 = 144622544053785014u;
inline constexpr std::uint64_t kWideFloat64 = 14294613797814013385u;

// tests/kernels/crystal_test.cpp: bcc, sc and fcc with three vacancies after 100 hops with every observable, and 100 exchanges.
inline constexpr std::uint64_t kCrystals[] = {11701900370444320252u, 16937717021400692559u, 12032899455481452583u,
                                              14707786057807659595u, 8548004585129808318u,  12781886036407679700u};

} // namespace zener::golden
