// SNAP and ZBL written once more, serially, from their definitions: explicit Wigner functions, Clebsch-Gordan coefficients by
// lowering operators, the bispectrum as its full sum, derivatives by dual numbers. Slow.
#pragma once

#include "host/neutral/atoms.hpp"
#include "kernels/potentials/snap/snap_model.hpp"

#include <vector>

namespace zener::reference {

struct PotentialResult {
  double energy = 0.0;          // eV
  std::vector<double> energies; // of atoms
  std::vector<Vector3> forces;  // eV/A
  Matrix3 virial{};             // eV, -dE/d(strain)
};

// Thompson et al. (2015), equations 1 to 14; Wood and Thompson (2018), equation 7.
PotentialResult snap(const SnapModel &model, const Atoms &atoms);

// Documentation of LAMMPS, pair_style zbl. `charges`: atomic numbers of atoms.elements.
PotentialResult zbl(double inner_A, double outer_A, const std::vector<double> &charges, const Atoms &atoms);

// Components B of an atom with neighbours at `places` (A), weights and cutoffs (A), without anything subtracted.
std::vector<double> bispectrum(const SnapModel &model, const std::vector<Vector3> &places, const std::vector<double> &weights,
                               const std::vector<double> &cutoffs);

// <j1 m1 j2 m2 | j m1+m2>; all doubled.
double clebsch_gordan(int j1, int m1, int j2, int m2, int j);

} // namespace zener::reference
