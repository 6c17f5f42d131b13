// Atoms in a cell, as files give them and the drivers pass them on. Plain data.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace zener {

using Vector3 = std::array<double, 3>;
// Rows are the vectors a, b, c in A.
using Matrix3 = std::array<Vector3, 3>;

struct Cell {
  Matrix3 vectors{};
  std::array<bool, 3> periodic{true, true, true};
};

double determinant(const Matrix3 &m);
// |det|, A^3.
double volume(const Cell &cell);
Matrix3 inverse(const Matrix3 &m);
// s h for a row vector s.
Vector3 times(const Vector3 &s, const Matrix3 &h);
Matrix3 times(const Matrix3 &a, const Matrix3 &b);
// Distances between opposite faces.
Vector3 thicknesses(const Cell &cell);

// A named value of a frame or a column of it that is no member of its own. Read and written back as it came.
using FrameValue = std::variant<double, std::int64_t, bool, std::string, std::vector<double>, std::vector<std::int64_t>>;
struct AtomColumn {
  std::string name;
  int width = 1;                                                                                 // numbers of each atom
  std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>> values; // [atom][width]
};

// N atoms. Vectors that are not known are empty. Virial: W_ab = -dE/d(strain_ab), positive under compression, without kinetic
// part.
struct Atoms {
  Cell cell;
  std::vector<std::string> elements;                    // of the types, each once
  std::vector<std::int32_t> type;                       // [N] index into elements
  std::vector<Vector3> position_A;                      // [N] not wrapped
  std::vector<Vector3> velocity_A_ps;                   // [N]
  std::vector<std::array<std::int32_t, 3>> image;       // [N] cells crossed: position + image * cell is where the atom would be
  std::vector<Vector3> force_eV_A;                      // [N]
  std::vector<double> energy_eV;                        // [N] of atoms
  std::vector<std::int64_t> id;                         // [N] as the file numbers them; empty: 1 … N in order
  std::vector<double> mass_amu;                         // by type; empty: of the elements
  std::vector<std::pair<std::string, FrameValue>> info; // energy, virial, stress and others are not repeated here
  std::vector<AtomColumn> columns;
  bool has_energy = false;
  double total_energy_eV = 0.0;
  bool has_virial = false;
  Matrix3 virial_eV{};

  std::size_t size() const { return position_A.size(); }
};

// The code of an element in `elements`, added when it is not there.
std::int32_t type_of(Atoms &atoms, const std::string &element);

} // namespace zener
