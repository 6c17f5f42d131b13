// Pair potentials from their definitions: a double sum over atoms and images, slopes by five-point differences of the energy.
#pragma once

#include "host/neutral/atoms.hpp"
#include "tests/reference/snap.hpp"

#include <functional>

namespace zener::reference {

// Energy (eV) of a pair of types at a distance (A); nothing beyond cutoff(a, b).
struct PairFunctions {
  std::function<double(int a, int b, double r)> energy;
  std::function<double(int a, int b)> cutoff_A;
};

PotentialResult pair_sums(const PairFunctions &functions, const Atoms &atoms);

} // namespace zener::reference
