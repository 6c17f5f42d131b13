// Steinhardt's bond-orientational order parameters (steinhardt.cpp has the equations), and the rules that say who is a
// neighbour.
#pragma once

#include "kernels/analysis/bonds.hpp"
#include "kernels/neighbours/neighbour_list.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kLeastL = 2, kMostL = 8;
inline constexpr int kOrders = kMostL - kLeastL + 1;
// Complex numbers q_lm with m >= 0 of an atom.
inline constexpr int kMoments = 42;
inline constexpr int kMostNearest = 32;

// First of the l + 1 moments of l.
ZENER_HOST_FN constexpr int first_moment(int l) { return (l * (l + 1) - kLeastL * (kLeastL + 1)) / 2; }

// The `nearest` nearest neighbours of every atom (of two equally near ones the earlier in the list), all with equal weights.
// short_of [1] is raised by the atoms that have fewer in their lists; those get all they have. nearest <= kMostNearest.
void bonds_to_nearest(Queue &queue, const AtomsView &atoms, View<const std::int32_t, 1> order, int nearest,
                      const BondsView &bonds, View<std::int32_t, 1> short_of);

// All neighbours closer than the cutoff, with equal weights. most [1] is raised to their largest number; rows that do not fit
// the capacity are left empty.
void bonds_within(Queue &queue, const AtomsView &atoms, View<const std::int32_t, 1> order, double cutoff_A,
                  const BondsView &bonds, View<std::int32_t, 1> most);

// q_lm of every atom: moments [N][kMoments][2]. An atom without bonds gets zeros.
void steinhardt_moments(Queue &queue, const BondsView &bonds, View<double, 3> moments);

// q_l [N][kOrders] of the atom's own moments, or averaged over it and its neighbours; NaN for an atom without bonds.
void steinhardt_parameters(Queue &queue, const BondsView &bonds, View<const double, 3> moments, bool averaged,
                           View<double, 2> q);

} // namespace ZENER_BACKEND
} // namespace zener
