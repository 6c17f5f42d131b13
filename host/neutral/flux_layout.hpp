// Planes between the layers of atoms and grids of the flux maps, for given systems. Needs no device.
#pragma once

#include "host/neutral/atoms.hpp"
#include "host/neutral/flux_plan.hpp"

#include <vector>

namespace zener {

// Throws ConfigError: a cell whose edges are not along x, y and z, planes that are outside of the cell, layers that cannot be
// told apart, maps of too many points.
FluxLayout flux_layout(const FluxPlan &plan, const std::vector<Atoms> &systems);

// Integral over the plane of the cutoff function (Wang et al. 2021, equation 7), A^2: what one crossing adds to that of a map.
double cutoff_area(double inner_A, double outer_A);

// Midway between neighbouring layers of atoms along one direction (coordinates in A, any images). A layer is where the density,
// smeared out with a Gaussian of standard deviation `smearing_A`, is above its mean, and it ends where that is below half of
// the mean. Each layer's place is the mean of its atoms. In a periodic direction planes are in [0, length), ascending, and the
// last layer is followed by the first. Empty when layers cannot be told apart: no gap is that
// empty, or the layers differ by half or more in their numbers of atoms (or, in a free direction, there is but one).
std::vector<double> planes_between_layers(const std::vector<double> &coordinates, double length_A, bool periodic,
                                          double smearing_A);

// Mean over the atoms of the distance to the nearest atom (its images too), A; 0 for one atom alone in a free cell.
double neighbour_distance(const Atoms &atoms);

} // namespace zener
