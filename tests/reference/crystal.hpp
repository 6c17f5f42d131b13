// Any of the lattices, by enumeration and distances alone, and what the walkers of a plan do on it, one step after another:
// several vacancies, jump randomness, displacements of every atom, Metropolis exchanges, clusters.
#pragma once

#include "host/neutral/kmc_plan.hpp"
#include "tests/reference/lattice.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace zener::reference {

// A periodic crystal of nx x ny x nz conventional cells. Coordinates are in the lattice's unit (a/2; sc: a).
class Crystal {
public:
  Crystal(Structure structure, const std::array<int, 3> &cells);
  int sites() const { return static_cast<int>(coordinates_.size()); }
  Vector coordinates(int site) const { return coordinates_[static_cast<std::size_t>(site)]; }
  int site(const Vector &anywhere) const; // -1 where there is no site
  // Difference of two sites, the shortest image.
  Vector difference(int from, int to) const;
  int squared_distance(int i, int j) const;
  // Squared distances of the shells, ascending, up to a number of them.
  std::vector<int> shell_distances(int shells) const;
  // Sites at a squared distance.
  const std::vector<int> &at_distance(int site, int squared) const;
  // Directions of the jumps in lexicographic order.
  const std::vector<Vector> &directions() const { return directions_; }
  int environment_squared() const; // largest squared distance of the environment

private:
  Structure structure_;
  Vector periods_;
  std::vector<Vector> coordinates_;
  std::vector<std::vector<std::vector<int>>> by_distance_; // [site][squared distance]
  std::vector<Vector> directions_;
};

// 1/2 sum of pair energies over the crystal, eV.
double crystal_energy(const PairKra &model, const Crystal &crystal, const std::vector<std::uint8_t> &occupancy);

std::vector<int> crystal_bonds(const Crystal &crystal, const std::vector<std::uint8_t> &occupancy, int shells, int species);

// What every walker of a plan has done after `steps` hops (or trials), from its occupancies [walkers][sites]. Constant and
// pair_kra barriers. Atoms are told apart: `squared`, `collective` and `jumps` come from each atom's own path.
KmcState run_crystal(const KmcPlan &plan, const Crystal &crystal, const std::vector<std::uint8_t> &occupancy,
                     std::uint64_t steps);

// Clusters of marked sites by breadth-first search: the smallest site of each marked site's cluster, -1 for the others.
std::vector<std::int32_t> crystal_clusters(const Crystal &crystal, const std::vector<std::uint8_t> &marks, int link_squared);

// R of given probabilities' weights, by the definition: population standard deviation over its largest value.
double randomness_of(const std::vector<double> &weights);

} // namespace zener::reference
