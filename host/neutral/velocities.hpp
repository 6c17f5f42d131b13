// Velocities to start molecular dynamics from.
#pragma once

#include "host/neutral/atoms.hpp"

namespace zener {

// Mass of each type, amu: the file's, or that of the element.
std::vector<double> masses_of(const Atoms &atoms);

// Draws velocities of the Maxwell-Boltzmann distribution without total momentum (A/ps), from {seed, system}. `exact`: scaled so
// that the kinetic energy is (3N - 3)/2 kT. A single atom stays at rest.
void draw_velocities(Atoms &atoms, double temperature_K, std::uint32_t seed, std::int64_t system, bool exact);

} // namespace zener
