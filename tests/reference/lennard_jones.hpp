// Equation of state of the Lennard-Jones fluid (whole potential, no cutoff): Kolafa and Nezbeda, Fluid Phase Equilib. 100, 1
// (1994), doi:10.1016/0378-3812(94)80001-4. Units: epsilon, sigma, k.
#pragma once

namespace zener::reference {

// Helmholtz free energy of an atom less that of the ideal gas at the same temperature and density; potential energy of an atom;
// pressure; entropy of an atom less that of the ideal gas.
double lennard_jones_free_energy(double temperature, double density);
double lennard_jones_energy(double temperature, double density);
double lennard_jones_pressure(double temperature, double density);
double lennard_jones_entropy(double temperature, double density);

} // namespace zener::reference
