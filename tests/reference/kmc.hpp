// Vacancy kinetic Monte Carlo, one walker, one hop after another, from Gillespie, J. Comput. Phys. 22, 403 (1976):
//   k_i = k0 exp(-E_i/kT);  path i with probability k_i / sum k;  residence time -ln(u) / sum k.
#pragma once

#include "host/neutral/kmc_plan.hpp"
#include "tests/reference/barriers.hpp"

#include <functional>

namespace zener::reference {

// Barriers of the 8 jumps of the vacancy at a site.
using BarrierFunction = std::function<Barriers(const std::vector<std::uint8_t> &occupancy, int site)>;

// The function of a plan's model: pair energies by total energies, networks as chains of the plan's precision.
BarrierFunction barrier_function(const KmcPlan &plan, const Lattice &lattice);

// The state of a plan's walkers before the first hop; occupancy is [walkers][sites].
KmcState initial_state(const KmcPlan &plan, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy);

// Runs every walker of `state` to `until_hop`.
void advance(const KmcPlan &plan, const Lattice &lattice, const BarrierFunction &barriers, KmcState &state,
             std::uint64_t until_hop);

} // namespace zener::reference
