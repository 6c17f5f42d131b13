// Networks other than the dense one, slow and plain: in double, from distances and operations on coordinates; the consistent
// one by state energies of whole lattices.
#pragma once

#include "host/neutral/barrier_model.hpp"
#include "tests/reference/barriers.hpp"
#include "tests/reference/lattice.hpp"

#include <cstdint>
#include <vector>

namespace zener::reference {

// Pair energies of all bonds, shell by shell, and F of the environment of the vacancy; one vacancy.
double state_energy(const Consistent &network, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy);

// Barriers of the vacancy at `site`.
Barriers network_barriers(const SiteMlp &network, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy, int site);
Barriers network_barriers(const Cnn &network, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy, int site);
Barriers network_barriers(const Consistent &network, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy,
                          int site);

} // namespace zener::reference
