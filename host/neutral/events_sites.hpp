// Sites of a crystal, sorted for searches, and whether atoms can stand on them.
#pragma once

#include "host/neutral/events_plan.hpp"
#include "host/neutral/structure_builder.hpp"

namespace zener {

// The sites of a structure, which is built (or read) without its defects and displacements. Throws ConfigError and DataError as
// build_structure.
CrystalSites crystal_sites(StructureSpec spec);

// A grid of the cell whose cells hold about one site each and are as thick as two sites can be far apart at the least.
struct SiteCells {
  std::array<int, 3> cells{1, 1, 1};
  std::vector<std::int32_t> order; // [S] sites, cell by cell, the last index fastest; ascending in each
  std::vector<std::int32_t> begin; // [cells + 1]
  double least_A = 0.0;            // least distance between two sites, images included
};
SiteCells sorted_sites(const CrystalSites &sites);

// Throws ConfigError where a system cannot be one of these sites: numbers that differ by more than a tenth (and more than
// four), other periodic directions.
void check_sites(const CrystalSites &sites, const std::vector<Atoms> &systems);

// Throws ConfigError where atoms are not on the sites: the root mean square of their distances from the nearest ones is more
// than a third of the least distance between sites.
void check_spread(std::size_t system, double spread_A, double least_A, const std::string &when);

} // namespace zener
