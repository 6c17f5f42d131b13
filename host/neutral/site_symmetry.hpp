// Operations of the bcc lattice on the environment of a vacancy (bcc_tables().offsets) and on that of a jump, as permutations.
//
// A jump is seen in the frame in which it goes along (1,1,1) (LatticeTables::aligned): `first` is the environment of the
// vacancy before the jump, `last` that of the vacancy after it, in the frame of the jump back. The jumping atom is at site
// kJumper of both.
#pragma once

#include "host/neutral/lattice_tables.hpp"

#include <cstdint>
#include <vector>

namespace zener {

inline constexpr int kJumper = 7; // the index of (1,1,1) in bcc_tables().offsets

// Which sites a function of the environment may tell apart.
enum class SiteGroup {
  none,    // all of them
  axis,    // 6 operations that keep the axis of the jump: those of an aligned environment of 112 sites
  jump,    // 12, with those that turn the jump round: of the sites around a jump
  vacancy, // 48, all that keep the vacancy: of whole shells around it
};

// Sites near both ends of a jump: those of the environment before it that also lie within the environment after it, nearest to
// the midpoint first. Entry 0 is kJumper. [81] indices of bcc_tables().offsets
const std::vector<int> &jump_sites();

// permutation[g][k]: the site that operation g takes to site k; operation 0 changes nothing.
//   none, axis   of the 112 sites        [1 or 6][112]
//   jump         of jump_sites()         [12][81], places in that list
//   vacancy      of the 112 sites        [48][112]; keeps whole shells, so it serves their first n sites too
const std::vector<std::vector<std::uint8_t>> &site_operations(SiteGroup group);

// Sites of the first `shells` (1 to 8) shells.
int sites_of_shells(int shells);

} // namespace zener
