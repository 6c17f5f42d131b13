// Structure of small systems by brute force: all images, all triples of planes, spherical harmonics by angles, sums over atoms.
#pragma once

#include "host/neutral/structure_plan.hpp"
#include "tests/reference/philox.hpp"

#include <vector>

namespace zener::reference {

struct Neighbour {
  int atom;
  Vector3 vector;
  double distance;
};

// Everything within the cutoff, by distance; periodic directions only have images.
std::vector<Neighbour> neighbours_within(const Atoms &atoms, int atom, double cutoff);

struct VoronoiFacet {
  int neighbour;
  Vector3 vector;
  double area;
};
struct VoronoiCell {
  double volume = 0.0;
  std::vector<VoronoiFacet> facets; // of more than 1e-6 of the whole area
};
// Corners are points where three planes meet and that no plane cuts off; `cutoff` must hold all neighbours of the cell.
VoronoiCell voronoi_cell(const Atoms &atoms, int atom, double cutoff);

// All cells by voro++; false when this binary has been built without it. Needs three periodic directions.
bool voro_cells(const Atoms &atoms, std::vector<VoronoiCell> &cells);

struct Bond {
  int neighbour;
  Vector3 vector;
  double weight;
};
// q_l, l = 2 … 8, of every atom.
std::vector<std::array<double, 7>> steinhardt(const std::vector<std::vector<Bond>> &bonds, bool averaged);

CnaKind adaptive_cna(const Atoms &atoms, int atom);

// |sum_j exp(i q x)|^2 over bins, and the same by pairs of elements.
StructureFactor structure_factor(const Atoms &atoms, const StructureFactorPlan &plan);

// Crystals of nx x ny x nz conventional cells (hcp: of four atoms, ideal c/a), displaced at random by at most `amplitude`
// along each axis, in a right-angled cell.
enum class Crystal3 { sc, bcc, fcc, hcp };
Atoms crystal(Crystal3 kind, std::array<int, 3> cells, double a, double amplitude, Sequence &random);
// N atoms at random, none closer than `closest` to another, in a given cell.
Atoms random_atoms(const Matrix3 &cell, int n, double closest, Sequence &random);
// The same system in a cell of other vectors (rows of `mix` times the old ones, determinant 1), rotated.
Atoms recut(const Atoms &atoms, const std::array<std::array<int, 3>, 3> &mix, double angle);

} // namespace zener::reference
