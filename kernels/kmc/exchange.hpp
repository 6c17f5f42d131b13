// Metropolis trials of exchanges; the kernels stand in exchange.cpp.
#pragma once

#include "kernels/kmc/walkers.hpp"
#include "kernels/nn/site_network.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// Metropolis trials from begin_hop to end_hop: two random sites are exchanged with probability min(1, exp(-dE/kT)).
template <class L> struct Exchange {
  L lattice;
  LatticeTablesView tables;
  WalkersView walkers;
  View<const double, 1> inverse_kT_per_eV; // [group]
  View<const std::int64_t, 3> energy;      // [shell][S + 1][S + 1], units of kEnergyUnit_eV
  int energy_shells;
  RunParameters run;
};

// Pair energies alone.
struct PairsAlone {};

// F of the consistent network, or its mean over the members of an ensemble: of the environment of the vacancy of a walker that
// has one (nn/consistent.hpp).
template <class T> struct StateEnergy {
  SiteNetworkView<T> network;
  View<const std::int32_t, 1> sites; // 0, 1, …: the order of the environment
  int members;
};

template <class L, class State> void exchange_sites(Queue &queue, const Exchange<L> &work, const State &state);
// The energy of every walker, from its occupancy.
template <class L, class State> void total_energy(Queue &queue, const Exchange<L> &work, const State &state);

} // namespace ZENER_BACKEND
} // namespace zener
