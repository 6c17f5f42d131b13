// Embedded-atom energies, forces and virials by their definitions: every pair through every image, one at a time, in double.
#pragma once

#include "host/neutral/atoms.hpp"
#include "kernels/potentials/eam/eam_model.hpp"

#include <vector>

namespace zener::reference {

struct EamResult {
  double energy = 0.0;
  std::vector<double> energies;
  std::vector<double> densities;
  std::vector<Vector3> forces;
  Matrix3 virial{};
};

// Elements of the atoms that the model lacks are an InvariantError.
EamResult eam(const EamModel &model, const Atoms &atoms);

// Value and slope.
struct Function {
  double value = 0.0, slope = 0.0;
};
// A table f[k] at k * step by cubic Hermite pieces with LAMMPS's slopes. Beyond its end the last value.
Function interpolated(const double *f, int n, double step, double x);
Function eam_density(const EamModel &model, int at, int of, double r);
Function eam_pair(const EamModel &model, int a, int b, double r);
Function eam_embedding(const EamModel &model, int a, double rho);

} // namespace zener::reference
