// Which structure is looked at in frames of atoms, and what is found. Plain data between drivers and engine.
#pragma once

#include "host/neutral/atoms.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace zener {

// Who is a neighbour of whom. It changes values of Steinhardt's parameters, so it belongs with every result.
enum class NeighbourRule {
  nearest, // a fixed number of nearest atoms
  cutoff,  // all atoms closer than a distance
  voronoi  // the atoms that share a facet of the Voronoi cell, weighted by its area
};

// q_l for l = 2 to 8 of every atom (Steinhardt et al. 1983; weights as Mickel et al. 2013: they sum to one; averages as Lechner
// and Dellago 2008: over the atom and its neighbours, each alike). freud and pyscal have the same conventions.
struct SteinhardtPlan {
  NeighbourRule rule = NeighbourRule::voronoi;
  int nearest = 12;      // rule nearest: 1 … 32
  double cutoff_A = 0.0; // rule cutoff
  bool averaged = true;
};

struct PairDistributionPlan {
  double range_A = 0.0; // 0: not wanted
  int bins = 200;
};

struct StructureFactorPlan {
  double largest_q_per_A = 0.0; // 0: not wanted
  int bins = 200;
  int vectors_per_bin = 200; // at most, spread evenly over those of the cell; 0: all
};

struct StructurePlan {
  bool voronoi = false;
  bool facets = false; // with voronoi: neighbours and areas too
  // Facets smaller than this share of a cell's area are dropped, and their neighbours are none: rounding, not the atoms,
  // decides on facets where planes meet in a point, as in perfect fcc.
  double least_facet = 1e-6;
  std::vector<SteinhardtPlan> steinhardt;
  PairDistributionPlan pairs;
  StructureFactorPlan waves;
  bool cna = false;
};

struct VoronoiResult {
  std::vector<double> volume_A3; // [N]
  std::vector<double> area_A2;   // [N] of the facets kept
  // Facets of atom i: begin[i] … begin[i + 1], nearest neighbour first. Empty where not wanted.
  std::vector<std::int64_t> begin;
  std::vector<std::int32_t> neighbour; // place in the system; an atom can be its own, and the same one twice, by images
  std::vector<double> facet_A2;
  std::vector<Vector3> vector_A; // to that image of the neighbour
};

struct SteinhardtResult {
  std::vector<std::int32_t> neighbours; // [N] number of them
  std::vector<std::array<double, 7>> q; // [N] l = 2 … 8; NaN for an atom without neighbours
  std::int64_t short_of_neighbours = 0; // rule nearest: atoms that have fewer within reach
};

// Total and partial; pairs (a, b) with a <= b of the system's own elements, in the order (0,0) (0,1) … (1,1) ….
struct PairDistribution {
  double width_A = 0.0;                          // bin k covers k width … (k + 1) width
  std::vector<double> total;                     // [bins] g(r)
  std::vector<std::vector<double>> partial;      // [pair][bins] g_ab(r); zeros where an element has no atoms
  std::vector<std::vector<std::uint64_t>> count; // [pair][bins] ordered pairs (a, b): those of a = b count twice
};

struct StructureFactor {
  double width_per_A = 0.0;
  std::vector<double> q_per_A;              // [bins] mean length of the vectors used; 0 where there are none
  std::vector<std::int64_t> vectors;        // [bins] used, one of q and -q
  std::vector<double> total;                // [bins] S(q) = |sum_j exp(i q x_j)|^2 / N, mean over the vectors
  std::vector<std::vector<double>> partial; // [pair][bins] Re(rho_a rho_b*) / sqrt(N_a N_b)
};

// Adaptive common-neighbour analysis (Stukowski 2012), numbered as OVITO does.
enum class CnaKind : std::uint8_t { other, fcc, hcp, bcc, icosahedral };

struct SystemStructure {
  VoronoiResult voronoi;
  std::vector<SteinhardtResult> steinhardt; // as the plan lists them
  PairDistribution pairs;
  StructureFactor waves;
  std::vector<CnaKind> cna;                 // [N]
  std::array<std::int64_t, 5> cna_counts{}; // of each kind
};

struct StructureResult {
  std::vector<SystemStructure> systems; // atoms in the order given
};

} // namespace zener
