// Voronoi cells of atoms (voronoi.cpp has the method).
#pragma once

#include "kernels/analysis/bonds.hpp"
#include "kernels/neighbours/neighbour_list.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// Places in VoronoiView::trouble, all zero when all is well.
inline constexpr int kCellsOpen = 0;      // cells that the range of the lists does not settle
inline constexpr int kMostFacets = 1;     // facets of the cell with most, where they are more than the capacity
inline constexpr int kTooManyCorners = 2; // facets with more corners than a kernel holds
inline constexpr int kCoincident = 3;     // 2^31 - 1 - the first atom that lies on another; 0: there is none
inline constexpr int kVoronoiTroubles = 4;
inline constexpr double kClosestCentres_A = 1e-3;

// Cells of N atoms, in the order in which they were given.
struct VoronoiView {
  View<std::int32_t, 1> done;    // [N] 0: still to be made
  View<double, 1> volume, area;  // [N] A^3; A^2, of the facets kept
  BondsView facets;              // by distance of the neighbour; weights are shares of the area
  View<std::int32_t, 1> trouble; // [kVoronoiTroubles]
};

// Bytes of scratch for lists of `capacity` neighbours.
std::size_t voronoi_scratch(int capacity);

// Makes the cells that are not done, as far as lists of everything within range_A settle them. Facets smaller than least_share
// of the cell's area are dropped. order [N]: places as given of the sorted atoms. Periodic along all three directions.
void make_voronoi_cells(Queue &queue, const AtomsView &atoms, View<const std::int32_t, 1> order, double range_A,
                        double least_share, const VoronoiView &cells);

} // namespace ZENER_BACKEND
} // namespace zener
