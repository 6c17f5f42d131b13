#include "tests/reference/nep.hpp"

#include "host/neutral/elements.hpp"

#include <algorithm>
#include <cmath>

namespace zener::reference {
namespace {

// A number and its derivative along one direction.
struct Dual {
  double value = 0.0, slope = 0.0;
};
Dual operator+(Dual a, Dual b) { return {a.value + b.value, a.slope + b.slope}; }
Dual operator-(Dual a, Dual b) { return {a.value - b.value, a.slope - b.slope}; }
Dual operator*(Dual a, Dual b) { return {a.value * b.value, a.slope * b.value + a.value * b.slope}; }
Dual operator*(double a, Dual b) { return {a * b.value, a * b.slope}; }
Dual operator/(Dual a, Dual b) { return {a.value / b.value, (a.slope - a.value / b.value * b.slope) / b.value}; }
Dual root(Dual a) { return {std::sqrt(a.value), 0.5 * a.slope / std::sqrt(a.value)}; }
Dual cosine(Dual a) { return {std::cos(a.value), -std::sin(a.value) * a.slope}; }
Dual exponential(Dual a) { return {std::exp(a.value), std::exp(a.value) * a.slope}; }
Dual hyperbolic_tangent(Dual a) {
  const double inverse = 1 / std::cosh(a.value);
  return {std::tanh(a.value), inverse * inverse * a.slope};
}
Dual number(double x) { return {x, 0.0}; }

struct Neighbour {
  std::size_t index = 0, type = 0;
  Vector3 r{};
};
struct DualNeighbour {
  std::size_t type;
  Dual x, y, z, r;
};

// f_k, k < count.
std::vector<Dual> basis(Dual r, double cutoff, int count) {
  const Dual fc = 0.5 * (number(1) + cosine((M_PI / cutoff) * r));
  const Dual u = (1 / cutoff) * r - number(1);
  const Dual x = 2.0 * u * u - number(1);
  std::vector<Dual> t{number(1), x}, f;
  for (int k = 0; k < count; ++k) {
    if (k >= 2) {
      t.push_back(2.0 * x * t[static_cast<std::size_t>(k) - 1] - t[static_cast<std::size_t>(k) - 2]);
    }
    f.push_back(0.5 * (t[static_cast<std::size_t>(k)] + number(1)) * fc);
  }
  return f;
}

Dual legendre(int l, Dual c) {
  Dual before = number(1), at = c;
  if (l == 0) {
    return before;
  }
  for (int k = 1; k < l; ++k) {
    const Dual next = (1.0 / (k + 1)) * ((2.0 * k + 1) * c * at - static_cast<double>(k) * before);
    before = at;
    at = next;
  }
  return at;
}

Dual zbl(const NepNumbers &p, std::size_t a, std::size_t b, Dual r) {
  double inner = p.zbl_inner_A, outer = p.zbl_outer_A;
  std::vector<double> phi{0.18175, 3.1998, 0.50986, 0.94229, 0.28022, 0.4029, 0.02817, 0.20162};
  if (!p.zbl_pairs.empty()) {
    std::size_t row = 0, found = 0;
    for (std::size_t i = 0; i < p.elements.size(); ++i) {
      for (std::size_t j = i; j < p.elements.size(); ++j, ++row) {
        if ((i == a && j == b) || (i == b && j == a)) {
          found = row;
        }
      }
    }
    inner = p.zbl_pairs[10 * found];
    outer = p.zbl_pairs[10 * found + 1];
    for (std::size_t k = 0; k < 8; ++k) {
      phi[k] = p.zbl_pairs[10 * found + 2 + k];
    }
  }
  if (r.value >= outer) {
    return number(0);
  }
  const double za = *atomic_number(p.elements[a]), zb = *atomic_number(p.elements[b]);
  const Dual x = (std::pow(za, 0.23) + std::pow(zb, 0.23)) * 2.134563 * r;
  Dual screening = number(0);
  for (std::size_t k = 0; k < 8; k += 2) {
    screening = screening + phi[k] * exponential(-phi[k + 1] * x);
  }
  Dual energy = 14.399645 * za * zb * screening / r;
  if (r.value > inner) {
    energy = energy * (0.5 * (number(1) + cosine((M_PI / (outer - inner)) * (r - number(inner)))));
  }
  return energy;
}

Dual energy_of(const NepNumbers &p, std::size_t own, const std::vector<DualNeighbour> &neighbours) {
  const std::size_t types = p.elements.size();
  std::vector<Dual> q;
  for (int n = 0; n < p.radial_functions; ++n) {
    Dual sum = number(0);
    for (const DualNeighbour &j : neighbours) {
      const std::vector<Dual> f = basis(j.r, p.radial_cutoff_A, p.radial_basis);
      for (std::size_t k = 0; k < f.size(); ++k) {
        const std::size_t row = static_cast<std::size_t>(n * p.radial_basis) + k;
        sum = sum + p.radial_coefficients[(row * types + own) * types + j.type] * f[k];
      }
    }
    q.push_back(sum);
  }
  // g_n of the neighbours within the angular cutoff, [neighbour][n].
  std::vector<DualNeighbour> near;
  std::vector<std::vector<Dual>> g;
  for (const DualNeighbour &j : neighbours) {
    if (j.r.value >= p.angular_cutoff_A) {
      continue;
    }
    near.push_back(j);
    std::vector<Dual> row;
    const std::vector<Dual> f = basis(j.r, p.angular_cutoff_A, p.angular_basis);
    for (int n = 0; n < p.angular_functions; ++n) {
      Dual sum = number(0);
      for (std::size_t k = 0; k < f.size(); ++k) {
        const std::size_t at = static_cast<std::size_t>(n * p.angular_basis) + k;
        sum = sum + p.angular_coefficients[(at * types + own) * types + j.type] * f[k];
      }
      row.push_back(sum);
    }
    g.push_back(row);
  }
  const auto functions = static_cast<std::size_t>(p.angular_functions);
  for (int l = 1; l <= p.l_max; ++l) {
    std::vector<Dual> sums(functions);
    for (std::size_t j = 0; j < near.size(); ++j) {
      for (std::size_t k = 0; k < near.size(); ++k) {
        const Dual c = (near[j].x * near[k].x + near[j].y * near[k].y + near[j].z * near[k].z) / (near[j].r * near[k].r);
        const Dual weight = (2 * l + 1) / (4 * M_PI) * legendre(l, c);
        for (std::size_t n = 0; n < functions; ++n) {
          sums[n] = sums[n] + weight * g[j][n] * g[k][n];
        }
      }
    }
    q.insert(q.end(), sums.begin(), sums.end());
  }
  // The published coefficients of the invariants (222) and (1111).
  std::vector<Dual> four, five;
  for (std::size_t n = 0; n < functions; ++n) {
    Dual s[5], v[3];
    for (std::size_t j = 0; j < near.size(); ++j) {
      const Dual x = near[j].x / near[j].r, y = near[j].y / near[j].r, z = near[j].z / near[j].r;
      const Dual forms[5] = {3.0 * z * z - number(1), x * z, y * z, x * x - y * y, 2.0 * x * y};
      for (std::size_t k = 0; k < 5; ++k) {
        s[k] = s[k] + g[j][n] * forms[k];
      }
      v[0] = v[0] + g[j][n] * z;
      v[1] = v[1] + g[j][n] * x;
      v[2] = v[2] + g[j][n] * y;
    }
    four.push_back(-0.007499480826664 * s[0] * s[0] * s[0] - 0.134990654879954 * s[0] * (s[1] * s[1] + s[2] * s[2]) +
                   0.067495327439977 * s[0] * (s[3] * s[3] + s[4] * s[4]) +
                   0.404971964639861 * s[3] * (s[2] * s[2] - s[1] * s[1]) - 0.809943929279723 * s[1] * s[2] * s[4]);
    const Dual flat = v[1] * v[1] + v[2] * v[2];
    five.push_back(0.026596810706114 * v[0] * v[0] * v[0] * v[0] + 0.053193621412227 * v[0] * v[0] * flat +
                   0.026596810706114 * flat * flat);
  }
  if (p.four_body) {
    q.insert(q.end(), four.begin(), four.end());
  }
  if (p.five_body) {
    q.insert(q.end(), five.begin(), five.end());
  }

  const std::size_t network = p.version == 3 ? 0 : own;
  const auto neurons = static_cast<std::size_t>(p.neurons);
  Dual energy = number(-p.output_bias);
  for (std::size_t v = 0; v < neurons; ++v) {
    Dual sum = number(-p.input_biases[network * neurons + v]);
    for (std::size_t d = 0; d < q.size(); ++d) {
      sum = sum + p.input_weights[(network * neurons + v) * q.size() + d] * p.scalers[d] * q[d];
    }
    energy = energy + p.output_weights[network * neurons + v] * hyperbolic_tangent(sum);
  }
  if (p.zbl) {
    for (const DualNeighbour &j : near) {
      energy = energy + 0.5 * zbl(p, own, j.type, j.r);
    }
  }
  return energy;
}

std::vector<Neighbour> neighbours_of(const Atoms &atoms, const std::vector<std::size_t> &types, std::size_t i, double cutoff) {
  std::vector<Neighbour> found;
  int reach[3];
  const Vector3 thick = thicknesses(atoms.cell);
  for (std::size_t d = 0; d < 3; ++d) {
    reach[d] = atoms.cell.periodic[d] ? static_cast<int>(std::ceil(cutoff / thick[d])) + 1 : 0;
  }
  for (std::size_t j = 0; j < atoms.size(); ++j) {
    for (int a = -reach[0]; a <= reach[0]; ++a) {
      for (int b = -reach[1]; b <= reach[1]; ++b) {
        for (int c = -reach[2]; c <= reach[2]; ++c) {
          const Vector3 shift = times(Vector3{double(a), double(b), double(c)}, atoms.cell.vectors);
          Vector3 r{};
          double square = 0.0;
          for (std::size_t d = 0; d < 3; ++d) {
            r[d] = atoms.position_A[j][d] - atoms.position_A[i][d] + shift[d];
            square += r[d] * r[d];
          }
          if ((i != j || a != 0 || b != 0 || c != 0) && square < cutoff * cutoff) {
            found.push_back({j, types[j], r});
          }
        }
      }
    }
  }
  return found;
}

} // namespace

NepResult nep(const NepNumbers &potential, const Atoms &atoms) {
  std::vector<std::size_t> types;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const std::string &element = atoms.elements[static_cast<std::size_t>(atoms.type[i])];
    types.push_back(static_cast<std::size_t>(std::find(potential.elements.begin(), potential.elements.end(), element) -
                                             potential.elements.begin()));
  }
  NepResult result;
  result.forces.resize(atoms.size());
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const std::vector<Neighbour> neighbours = neighbours_of(atoms, types, i, potential.radial_cutoff_A);
    const auto energy = [&](std::size_t moved, std::size_t direction) {
      std::vector<DualNeighbour> duals;
      for (std::size_t j = 0; j < neighbours.size(); ++j) {
        Dual r[3];
        for (std::size_t d = 0; d < 3; ++d) {
          r[d] = {neighbours[j].r[d], j == moved && d == direction ? 1.0 : 0.0};
        }
        duals.push_back({neighbours[j].type, r[0], r[1], r[2], root(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])});
      }
      return energy_of(potential, types[i], duals);
    };
    result.energies.push_back(energy(neighbours.size(), 0).value);
    result.energy += result.energies.back();
    for (std::size_t j = 0; j < neighbours.size(); ++j) {
      for (std::size_t d = 0; d < 3; ++d) {
        const double slope = energy(j, d).slope;
        result.forces[i][d] += slope;
        result.forces[neighbours[j].index][d] -= slope;
        for (std::size_t a = 0; a < 3; ++a) {
          result.virial[a][d] -= neighbours[j].r[a] * slope;
        }
      }
    }
  }
  return result;
}

} // namespace zener::reference
