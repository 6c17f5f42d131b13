// Counts of pairs by distance for g(r), and densities in reciprocal space for S(q) (rdf.cpp has the equations).
#pragma once

#include "kernels/core/box.hpp"
#include "kernels/exec/queue.hpp"
#include "kernels/neighbours/neighbour_list.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// Number of unordered pairs of `types` kinds, and the place of one with a <= b among them.
ZENER_HOST_FN constexpr int type_pairs(int types) { return types * (types + 1) / 2; }
ZENER_HOST_FN constexpr int type_pair(int a, int b, int types) { return a * types - a * (a - 1) / 2 + b - a; }

// Adds to counts [K][type_pairs(types)][bins] the ordered pairs (i, j) with type i <= type j by their distance below
// bins * width_A; the lists hold all of these. Site::type is below `types`.
void count_pairs(Queue &queue, const AtomsView &atoms, int types, double width_A, View<std::uint64_t, 3> counts);

// Atoms in groups of one system and one type: fractional coordinates in columns [3][N + pack].
struct WaveAtoms {
  View<const double, 2> fraction;
  View<const std::int64_t, 1> group_begin; // [K * types + 1]
  int types;
};
// A vector of the reciprocal lattice of a system, q = 2 pi (n_1 a* + n_2 b* + n_3 c*).
struct Wave {
  std::int32_t n[3];
  std::int32_t system;
};

// fraction [3][N + pack], the atoms as `order` (group by group) numbers them.
void gather_fractions(Queue &queue, View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int32_t, 1> order,
                      View<double, 2> fraction);

// rho [waves][types][2], real and imaginary part of sum_j exp(i q . x_j) over the atoms of a type.
void sum_waves(Queue &queue, const WaveAtoms &atoms, View<const Wave, 1> waves, View<double, 3> rho);

} // namespace ZENER_BACKEND
} // namespace zener
