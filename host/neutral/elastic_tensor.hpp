// Elastic constants as a 6 x 6 matrix, and what follows from them.
//
// Voigt's order: 1 xx, 2 yy, 3 zz, 4 yz, 5 xz, 6 xy; strains 4 to 6 are engineering strains (twice the tensor's component).
#pragma once

#include "host/neutral/atoms.hpp"

#include <array>
#include <optional>
#include <string>

namespace zener {

using Voigt = std::array<double, 6>;
using Matrix6 = std::array<Voigt, 6>;

// 1 eV/A^3 in GPa.
inline constexpr double kGPa_per_eV_A3 = 160.2176634;

// The symmetric strain with one Voigt component.
Matrix3 strain_tensor(int component, double amount);
Matrix3 strain_tensor(const Voigt &strain);
// The six components of (m + m^T)/2, without the factor 2 of strains: a stress.
Voigt voigt(const Matrix3 &m);
// -W/V in GPa, positive in tension, from the virial of potential_model.hpp's sign.
Voigt stress_GPa(const Matrix3 &virial_eV, double volume_A3);

// The atoms and their cell under x' = x (1 + strain).
Atoms strained(const Atoms &atoms, const Matrix3 &strain);

// Eigenvalues in ascending order and their vectors as rows; Jacobi's rotations. The lower triangle is not read.
struct Eigen6 {
  Voigt values{};
  Matrix6 vectors{};
};
Eigen6 eigen(const Matrix6 &symmetric);
// None when the matrix is singular to working precision. Gauss-Jordan with pivots.
std::optional<Matrix6> inverse(const Matrix6 &m);

// Averages over all orientations of the crystal (Hill, Proc. Phys. Soc. A 65, 349 (1952)), GPa.
struct Polycrystal {
  double bulk_voigt = 0.0;
  double bulk_reuss = 0.0;
  double bulk_hill = 0.0;
  double shear_voigt = 0.0;
  double shear_reuss = 0.0;
  double shear_hill = 0.0;
  double young = 0.0; // of Hill's moduli
  double poisson = 0.0;
  double universal_anisotropy = 0.0; // 5 G_V/G_R + K_V/K_R - 6: Ranganathan, Ostoja-Starzewski, PRL 101, 055504 (2008)
};
// None for a singular matrix.
std::optional<Polycrystal> polycrystal(const Matrix6 &c_GPa);

// What the matrix shows of the crystal's symmetry along x, y, z: equal and vanishing elements within `tolerance` times the
// largest one. cubic: three constants; hexagonal: five (z the axis); tetragonal and orthorhombic: six and nine.
enum class ElasticSymmetry { cubic, hexagonal, tetragonal, orthorhombic, lower };
ElasticSymmetry elastic_symmetry(const Matrix6 &c_GPa, double tolerance);
std::string elastic_symmetry_name(ElasticSymmetry symmetry);

// Means of the elements that are equal in a cubic crystal, GPa.
struct CubicConstants {
  double c11 = 0.0;
  double c12 = 0.0;
  double c44 = 0.0;
  double bulk() const { return (c11 + 2.0 * c12) / 3.0; }
  double tetragonal_shear() const { return (c11 - c12) / 2.0; } // C'
  double zener_anisotropy() const { return 2.0 * c44 / (c11 - c12); }
};
CubicConstants cubic_constants(const Matrix6 &c_GPa);

} // namespace zener
