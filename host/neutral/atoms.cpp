#include "host/neutral/atoms.hpp"

#include <algorithm>
#include <cmath>

namespace zener {

namespace {

Vector3 cross(const Vector3 &a, const Vector3 &b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
double dot(const Vector3 &a, const Vector3 &b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

} // namespace

double determinant(const Matrix3 &m) { return dot(m[0], cross(m[1], m[2])); }

double volume(const Cell &cell) { return std::abs(determinant(cell.vectors)); }

Matrix3 inverse(const Matrix3 &m) {
  const double d = determinant(m);
  Matrix3 result{};
  for (std::size_t k = 0; k < 3; ++k) {
    const Vector3 column = cross(m[(k + 1) % 3], m[(k + 2) % 3]);
    for (std::size_t i = 0; i < 3; ++i) {
      result[i][k] = column[i] / d;
    }
  }
  return result;
}

Vector3 times(const Vector3 &s, const Matrix3 &h) {
  Vector3 x{};
  for (std::size_t d = 0; d < 3; ++d) {
    x[d] = s[0] * h[0][d] + s[1] * h[1][d] + s[2] * h[2][d];
  }
  return x;
}

Matrix3 times(const Matrix3 &a, const Matrix3 &b) { return {times(a[0], b), times(a[1], b), times(a[2], b)}; }

Vector3 thicknesses(const Cell &cell) {
  const Matrix3 to_fraction = inverse(cell.vectors);
  Vector3 t{};
  for (std::size_t k = 0; k < 3; ++k) {
    const Vector3 normal{to_fraction[0][k], to_fraction[1][k], to_fraction[2][k]};
    t[k] = 1.0 / std::sqrt(dot(normal, normal));
  }
  return t;
}

std::int32_t type_of(Atoms &atoms, const std::string &element) {
  const auto found = std::find(atoms.elements.begin(), atoms.elements.end(), element);
  const auto index = static_cast<std::int32_t>(found - atoms.elements.begin());
  if (found == atoms.elements.end()) {
    atoms.elements.push_back(element);
  }
  return index;
}

} // namespace zener
