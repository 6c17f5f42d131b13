#include "host/neutral/elastic_tensor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace zener {
namespace {

// Rows and columns of Voigt's components.
constexpr std::array<std::array<std::size_t, 2>, 6> kPlace{{{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}}};

} // namespace

Matrix3 strain_tensor(int component, double amount) {
  Voigt strain{};
  strain[static_cast<std::size_t>(component)] = amount;
  return strain_tensor(strain);
}

Matrix3 strain_tensor(const Voigt &strain) {
  Matrix3 out{};
  for (std::size_t v = 0; v < 6; ++v) {
    const auto [i, j] = kPlace[v];
    out[i][j] = out[j][i] = v < 3 ? strain[v] : 0.5 * strain[v];
  }
  return out;
}

Voigt voigt(const Matrix3 &m) {
  Voigt out{};
  for (std::size_t v = 0; v < 6; ++v) {
    const auto [i, j] = kPlace[v];
    out[v] = 0.5 * (m[i][j] + m[j][i]);
  }
  return out;
}

Voigt stress_GPa(const Matrix3 &virial_eV, double volume_A3) {
  Voigt out = voigt(virial_eV);
  for (double &s : out) {
    s *= -kGPa_per_eV_A3 / volume_A3;
  }
  return out;
}

Atoms strained(const Atoms &atoms, const Matrix3 &strain) {
  Matrix3 map = strain;
  for (std::size_t d = 0; d < 3; ++d) {
    map[d][d] += 1.0;
  }
  Atoms out = atoms;
  out.cell.vectors = times(atoms.cell.vectors, map);
  for (Vector3 &x : out.position_A) {
    x = times(x, map);
  }
  return out;
}

Eigen6 eigen(const Matrix6 &symmetric) {
  Matrix6 a = symmetric;
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      a[i][j] = a[j][i];
    }
  }
  Matrix6 v{};
  for (std::size_t i = 0; i < 6; ++i) {
    v[i][i] = 1.0;
  }
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0.0;
    double on = 0.0;
    for (std::size_t i = 0; i < 6; ++i) {
      on += a[i][i] * a[i][i];
      for (std::size_t j = i + 1; j < 6; ++j) {
        off += a[i][j] * a[i][j];
      }
    }
    if (!(off > 1e-32 * on)) {
      break;
    }
    for (std::size_t p = 0; p < 6; ++p) {
      for (std::size_t q = p + 1; q < 6; ++q) {
        if (a[p][q] == 0.0) {
          continue;
        }
        const double theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
        const double t = (theta >= 0.0 ? 1.0 : -1.0) / (std::abs(theta) + std::sqrt(theta * theta + 1.0));
        const double c = 1.0 / std::sqrt(t * t + 1.0);
        const double s = t * c;
        for (std::size_t k = 0; k < 6; ++k) {
          const double kp = a[k][p];
          a[k][p] = c * kp - s * a[k][q];
          a[k][q] = s * kp + c * a[k][q];
        }
        for (std::size_t k = 0; k < 6; ++k) {
          const double pk = a[p][k];
          a[p][k] = c * pk - s * a[q][k];
          a[q][k] = s * pk + c * a[q][k];
          const double vp = v[p][k];
          v[p][k] = c * vp - s * v[q][k];
          v[q][k] = s * vp + c * v[q][k];
        }
      }
    }
  }
  std::array<std::size_t, 6> order{};
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return a[i][i] < a[j][j]; });
  Eigen6 out;
  for (std::size_t i = 0; i < 6; ++i) {
    out.values[i] = a[order[i]][order[i]];
    out.vectors[i] = v[order[i]];
  }
  return out;
}

std::optional<Matrix6> inverse(const Matrix6 &m) {
  Matrix6 a = m;
  Matrix6 out{};
  double largest = 0.0;
  for (std::size_t i = 0; i < 6; ++i) {
    out[i][i] = 1.0;
    for (const double x : m[i]) {
      largest = std::max(largest, std::abs(x));
    }
  }
  for (std::size_t column = 0; column < 6; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < 6; ++row) {
      pivot = std::abs(a[row][column]) > std::abs(a[pivot][column]) ? row : pivot;
    }
    if (!(std::abs(a[pivot][column]) > 1e-13 * largest)) {
      return std::nullopt;
    }
    std::swap(a[pivot], a[column]);
    std::swap(out[pivot], out[column]);
    const double scale = 1.0 / a[column][column];
    for (std::size_t k = 0; k < 6; ++k) {
      a[column][k] *= scale;
      out[column][k] *= scale;
    }
    for (std::size_t row = 0; row < 6; ++row) {
      const double factor = a[row][column];
      for (std::size_t k = 0; k < 6 && row != column; ++k) {
        a[row][k] -= factor * a[column][k];
        out[row][k] -= factor * out[column][k];
      }
    }
  }
  return out;
}

std::optional<Polycrystal> polycrystal(const Matrix6 &c) {
  const std::optional<Matrix6> compliance = inverse(c);
  if (!compliance) {
    return std::nullopt;
  }
  const Matrix6 &s = *compliance;
  const auto normal = [](const Matrix6 &m) { return m[0][0] + m[1][1] + m[2][2]; };
  const auto cross = [](const Matrix6 &m) { return m[0][1] + m[0][2] + m[1][2]; };
  const auto shear = [](const Matrix6 &m) { return m[3][3] + m[4][4] + m[5][5]; };
  Polycrystal out;
  out.bulk_voigt = (normal(c) + 2.0 * cross(c)) / 9.0;
  out.bulk_reuss = 1.0 / (normal(s) + 2.0 * cross(s));
  out.bulk_hill = 0.5 * (out.bulk_voigt + out.bulk_reuss);
  out.shear_voigt = (normal(c) - cross(c) + 3.0 * shear(c)) / 15.0;
  out.shear_reuss = 15.0 / (4.0 * normal(s) - 4.0 * cross(s) + 3.0 * shear(s));
  out.shear_hill = 0.5 * (out.shear_voigt + out.shear_reuss);
  out.young = 9.0 * out.bulk_hill * out.shear_hill / (3.0 * out.bulk_hill + out.shear_hill);
  out.poisson = (3.0 * out.bulk_hill - 2.0 * out.shear_hill) / (2.0 * (3.0 * out.bulk_hill + out.shear_hill));
  out.universal_anisotropy = 5.0 * out.shear_voigt / out.shear_reuss + out.bulk_voigt / out.bulk_reuss - 6.0;
  return out;
}

ElasticSymmetry elastic_symmetry(const Matrix6 &c, double tolerance) {
  double largest = 0.0;
  for (const Voigt &row : c) {
    for (const double x : row) {
      largest = std::max(largest, std::abs(x));
    }
  }
  const auto same = [&](double a, double b) { return std::abs(a - b) <= tolerance * largest; };
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = std::max<std::size_t>(i + 1, 3); j < 6; ++j) {
      if (!same(c[i][j], 0.0) || !same(c[j][i], 0.0)) {
        return ElasticSymmetry::lower;
      }
    }
  }
  if (!same(c[0][0], c[1][1]) || !same(c[0][2], c[1][2]) || !same(c[3][3], c[4][4])) {
    return ElasticSymmetry::orthorhombic;
  }
  if (same(c[0][0], c[2][2]) && same(c[0][1], c[0][2]) && same(c[3][3], c[5][5])) {
    return ElasticSymmetry::cubic;
  }
  return same(c[5][5], 0.5 * (c[0][0] - c[0][1])) ? ElasticSymmetry::hexagonal : ElasticSymmetry::tetragonal;
}

std::string elastic_symmetry_name(ElasticSymmetry symmetry) {
  switch (symmetry) {
  case ElasticSymmetry::cubic:
    return "cubic";
  case ElasticSymmetry::hexagonal:
    return "hexagonal";
  case ElasticSymmetry::tetragonal:
    return "tetragonal";
  case ElasticSymmetry::orthorhombic:
    return "orthorhombic";
  case ElasticSymmetry::lower:
    break;
  }
  return "lower";
}

CubicConstants cubic_constants(const Matrix6 &c) {
  return {(c[0][0] + c[1][1] + c[2][2]) / 3.0, (c[0][1] + c[1][0] + c[0][2] + c[2][0] + c[1][2] + c[2][1]) / 6.0,
          (c[3][3] + c[4][4] + c[5][5]) / 3.0};
}

} // namespace zener
