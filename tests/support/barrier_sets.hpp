// Small data sets of barriers for tests: random alloys with barriers from a made-up rule that obeys detailed balance.
#pragma once

#include "host/neutral/barrier_file.hpp"

#include <cstdint>

namespace zener::test {

// Nb-Mo-Ta in 5x5x5 cells of two compositions (Nb33Mo33Ta33, Nb50Mo25Ta25) in turn, all jumps converged. Barriers are a
// migration energy of the jumping element and half the change of a pair energy between first neighbours.
BarrierFile small_barrier_file(std::size_t rows, std::uint64_t seed);

} // namespace zener::test
