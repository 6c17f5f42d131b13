// Structure of an atom's surroundings by adaptive common-neighbour analysis (cna.cpp has the rules).
#pragma once

#include "kernels/exec/queue.hpp"
#include "kernels/neighbours/neighbour_list.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// Numbered as OVITO does.
inline constexpr int kCnaOther = 0, kCnaFcc = 1, kCnaHcp = 2, kCnaBcc = 3, kCnaIcosahedral = 4, kCnaKinds = 5;
inline constexpr int kCnaNeighbours = 14;

// kind [N] of every atom, in the order in which they were given. short_of [1] is raised by the atoms whose lists hold fewer
// than 14 neighbours: those are judged by what they have.
void classify_by_cna(Queue &queue, const AtomsView &atoms, View<const std::int32_t, 1> order, View<std::uint8_t, 1> kind,
                     View<std::int32_t, 1> short_of);

} // namespace ZENER_BACKEND
} // namespace zener
