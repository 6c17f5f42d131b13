// Ends of migration paths in a crystal: which atoms go where. Both ends hold the same atoms in the same order, and differences
// of positions are the ways of the atoms, not wrapped. Neither end is relaxed.
#pragma once

#include "host/neutral/atoms.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace zener {

struct Hop {
  std::string name;
  Atoms first, last;
};

// The shortest image of a way in a cell, A.
Vector3 shortest(const Cell &cell, const Vector3 &way_A);
// From site a to site b of a crystal, by the shortest image.
Vector3 shortest(const Atoms &crystal, std::size_t a, std::size_t b);

// Sites of the n-th shell of neighbours around a site, sorted by the direction of the way there (z, y, x); shell 1: the
// nearest. Throws ConfigError where the cell is so small that images of a neighbour are as near as itself.
std::vector<std::size_t> shell_of(const Atoms &crystal, std::size_t site, int shell);

// The sites of `holes` are empty; the atom of site `from` jumps into hole `to`, which is one of them. Throws ConfigError for
// sites that are not there or empty.
Hop vacancy_hop(const Atoms &crystal, const std::vector<std::size_t> &holes, std::size_t from, std::size_t to);

// All jumps of nearest neighbours into a cluster of vacancies.
std::vector<Hop> cluster_hops(const Atoms &crystal, const std::vector<std::size_t> &holes);

// The <110> dumbbell on a site of a bcc crystal goes to a nearest neighbour and turns by 60 degrees (Johnson, Phys. Rev. 134,
// A1329 (1964)).
Hop dumbbell_hop(const Atoms &crystal, std::size_t site);

// The crowdion between a site and the next along <direction> moves one site on.
Hop crowdion_hop(const Atoms &crystal, std::size_t site, const std::string &direction);

// Atoms of a row along <direction> move on by one site together: `atoms` of them into a vacancy before the first of them, or,
// with 0, all of a row that closes through the periodic cell.
Hop chain_hop(const Atoms &crystal, std::size_t site, const std::string &direction, int atoms);

// Two structures of the same atoms in the same order and cell; every atom goes the shortest way. Throws ConfigError where
// atoms, elements or cells differ, and for an atom that would go half through the periodic cell or further: its way is not
// known then.
Hop hop_between(const Atoms &first, const Atoms &last);

} // namespace zener
