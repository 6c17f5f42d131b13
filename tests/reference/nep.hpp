// The neuroevolution potential written once more, serially, from Fan et al., J. Chem. Phys. 157, 114801 (2022),
// doi:10.1063/5.0106617: one atom at a time, the 3-body terms by the addition theorem, derivatives by dual numbers.
#pragma once

#include "host/neutral/atoms.hpp"
#include "kernels/potentials/nep/nep_model.hpp"

#include <vector>

namespace zener::reference {

struct NepResult {
  double energy = 0.0;
  std::vector<double> energies;
  std::vector<Vector3> forces;
  Matrix3 virial{}; // - sum_ij r_ij (x) dE_i/dr_ij
};

NepResult nep(const NepNumbers &potential, const Atoms &atoms);

} // namespace zener::reference
