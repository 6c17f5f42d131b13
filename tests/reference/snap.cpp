#include "tests/reference/snap.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace zener::reference {
namespace {

constexpr double kPi = 3.14159265358979323846;

// A number with its derivatives along x, y and z.
struct Dual {
  double value = 0.0;
  Vector3 d{};
};
Dual chain(const Dual &x, double value, double slope) { return {value, {slope * x.d[0], slope * x.d[1], slope * x.d[2]}}; }
Dual number(double x) { return {x, {}}; }
Dual operator+(const Dual &a, const Dual &b) {
  return {a.value + b.value, {a.d[0] + b.d[0], a.d[1] + b.d[1], a.d[2] + b.d[2]}};
}
Dual operator-(const Dual &a) { return chain(a, -a.value, -1.0); }
Dual operator-(const Dual &a, const Dual &b) { return a + -b; }
Dual operator*(const Dual &a, const Dual &b) {
  return {a.value * b.value,
          {a.d[0] * b.value + a.value * b.d[0], a.d[1] * b.value + a.value * b.d[1], a.d[2] * b.value + a.value * b.d[2]}};
}
Dual operator*(double a, const Dual &b) { return chain(b, a * b.value, a); }
Dual inverse(const Dual &a) { return chain(a, 1.0 / a.value, -1.0 / (a.value * a.value)); }
Dual square_root(const Dual &a) { return chain(a, std::sqrt(a.value), 0.5 / std::sqrt(a.value)); }
Dual tangent(const Dual &a) { return chain(a, std::tan(a.value), 1.0 / (std::cos(a.value) * std::cos(a.value))); }
Dual cosine(const Dual &a) { return chain(a, std::cos(a.value), -std::sin(a.value)); }
Dual exponential(const Dual &a) { return chain(a, std::exp(a.value), std::exp(a.value)); }

struct Complex {
  Dual re, im;
};
Complex operator+(const Complex &a, const Complex &b) { return {a.re + b.re, a.im + b.im}; }
Complex operator*(const Complex &a, const Complex &b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
Complex operator*(double a, const Complex &b) { return {a * b.re, a * b.im}; }
Complex conjugate(const Complex &a) { return {a.re, -a.im}; }
Complex power(const Complex &a, int n) {
  Complex p{number(1.0), number(0.0)};
  for (int k = 0; k < n; ++k) {
    p = p * a;
  }
  return p;
}

double factorial(int n) { return n < 2 ? 1.0 : n * factorial(n - 1); }
double binomial(int n, int k) { return k < 0 || k > n ? 0.0 : factorial(n) / (factorial(k) * factorial(n - k)); }

// u_j[mb][ma] (row mb, column ma) of the rotation (a, b): the coefficient of t^ma in
// (conj(a) - conj(b) t)^(j-mb) (b + a t)^mb, times sqrt(ma! (j-ma)! / (mb! (j-mb)!)).
Complex wigner(int j, int mb, int ma, const Complex &a, const Complex &b) {
  Complex sum{number(0.0), number(0.0)};
  for (int k = std::max(0, ma - (j - mb)); k <= std::min(ma, mb); ++k) {
    const double sign = (ma - k) % 2 == 0 ? 1.0 : -1.0;
    const Complex first = power(conjugate(a), j - mb - (ma - k)) * power(conjugate(b), ma - k);
    const Complex second = power(b, mb - k) * power(a, k);
    sum = sum + sign * binomial(j - mb, ma - k) * binomial(mb, k) * (first * second);
  }
  return std::sqrt(factorial(ma) * factorial(j - ma) / (factorial(mb) * factorial(j - mb))) * sum;
}

struct Neighbour {
  Vector3 r;
  std::size_t atom;
};
std::vector<std::vector<Neighbour>> neighbours_of(const Atoms &atoms, double cutoff) {
  std::vector<std::vector<Neighbour>> lists(atoms.size());
  const Vector3 thickness = thicknesses(atoms.cell);
  const Matrix3 to_fraction = zener::inverse(atoms.cell.vectors);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    for (std::size_t j = 0; j < atoms.size(); ++j) {
      Vector3 d{};
      for (std::size_t k = 0; k < 3; ++k) {
        d[k] = atoms.position_A[j][k] - atoms.position_A[i][k];
      }
      const Vector3 fraction = times(d, to_fraction);
      std::array<int, 3> reach{};
      for (std::size_t k = 0; k < 3; ++k) {
        reach[k] = atoms.cell.periodic[k] ? static_cast<int>(std::ceil(std::abs(fraction[k]) + cutoff / thickness[k])) : 0;
      }
      for (int a = -reach[0]; a <= reach[0]; ++a) {
        for (int b = -reach[1]; b <= reach[1]; ++b) {
          for (int c = -reach[2]; c <= reach[2]; ++c) {
            const Vector3 shift = times(Vector3{double(a), double(b), double(c)}, atoms.cell.vectors);
            const Vector3 r{d[0] + shift[0], d[1] + shift[1], d[2] + shift[2]};
            const double length = std::sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
            if (length > 1e-10 && length < cutoff) {
              lists[i].push_back({r, j});
            }
          }
        }
      }
    }
  }
  return lists;
}

std::array<Dual, 3> seeded(const Vector3 &r, bool seed) {
  std::array<Dual, 3> x;
  for (std::size_t k = 0; k < 3; ++k) {
    x[k].value = r[k];
    x[k].d[k] = seed ? 1.0 : 0.0;
  }
  return x;
}
Dual length(const std::array<Dual, 3> &x) { return square_root(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]); }

// u_j[mb][ma] for all j.
using Layers = std::vector<std::vector<std::vector<Complex>>>;

Layers zeros(int twojmax) {
  Layers u;
  for (int j = 0; j <= twojmax; ++j) {
    u.emplace_back(static_cast<std::size_t>(j + 1), std::vector<Complex>(static_cast<std::size_t>(j + 1)));
  }
  return u;
}
// The unit matrices of an atom by itself.
Layers isolated(int twojmax) {
  Layers u = zeros(twojmax);
  for (auto &layer : u) {
    for (std::size_t m = 0; m < layer.size(); ++m) {
      layer[m][m].re.value = 1.0;
    }
  }
  return u;
}
// The values of `u` with the derivatives of `part`.
Layers with_slopes(Layers u, const Layers &part) {
  for (std::size_t j = 0; j < u.size(); ++j) {
    for (std::size_t mb = 0; mb <= j; ++mb) {
      for (std::size_t ma = 0; ma <= j; ++ma) {
        u[j][mb][ma].re.d = part[j][mb][ma].re.d;
        u[j][mb][ma].im.d = part[j][mb][ma].im.d;
      }
    }
  }
  return u;
}

void add_neighbour(const SnapModel &model, Layers &u, const Vector3 &place, bool seed, double weight, double cutoff) {
  const std::array<Dual, 3> x = seeded(place, seed);
  const Dual r = length(x);
  const Dual passed = (1.0 / (cutoff - model.rmin0)) * (r - number(model.rmin0));
  const Dual z0 = r * inverse(tangent(model.rfac0 * kPi * passed));
  const Dual scale = inverse(square_root(r * r + z0 * z0));
  const Complex a{scale * z0, -(scale * x[2])};
  const Complex b{scale * x[1], -(scale * x[0])};
  Dual f = number(weight);
  if (model.switching && r.value > model.rmin0) {
    f = 0.5 * weight * (cosine(kPi * passed) + number(1.0));
  }
  for (int j = 0; j <= model.twojmax; ++j) {
    for (int mb = 0; mb <= j; ++mb) {
      for (int ma = 0; ma <= j; ++ma) {
        Complex &to = u[static_cast<std::size_t>(j)][static_cast<std::size_t>(mb)][static_cast<std::size_t>(ma)];
        to = to + Complex{f, number(0.0)} * wigner(j, mb, ma, a, b);
      }
    }
  }
}

std::vector<Dual> bispectrum_of(const Layers &u) {
  const int twojmax = static_cast<int>(u.size()) - 1;
  const auto at = [&](int j, int mb, int ma) -> const Complex & {
    return u[static_cast<std::size_t>(j)][static_cast<std::size_t>(mb)][static_cast<std::size_t>(ma)];
  };
  std::vector<Dual> components;
  for (int j1 = 0; j1 <= twojmax; ++j1) {
    for (int j2 = 0; j2 <= j1; ++j2) {
      for (int j = j1 - j2; j <= std::min(twojmax, j1 + j2); j += 2) {
        if (j < j1) {
          continue;
        }
        std::vector<std::vector<double>> c(static_cast<std::size_t>(j1) + 1);
        for (int a1 = 0; a1 <= j1; ++a1) {
          for (int a2 = 0; a2 <= j2; ++a2) {
            c[static_cast<std::size_t>(a1)].push_back(clebsch_gordan(j1, 2 * a1 - j1, j2, 2 * a2 - j2, j));
          }
        }
        Dual sum = number(0.0);
        for (int b1 = 0; b1 <= j1; ++b1) {
          for (int b2 = 0; b2 <= j2; ++b2) {
            for (int a1 = 0; a1 <= j1; ++a1) {
              for (int a2 = 0; a2 <= j2; ++a2) {
                const int mb = b1 + b2 - (j1 + j2 - j) / 2;
                const int ma = a1 + a2 - (j1 + j2 - j) / 2;
                if (mb < 0 || mb > j || ma < 0 || ma > j) {
                  continue;
                }
                const double weight = c[static_cast<std::size_t>(b1)][static_cast<std::size_t>(b2)] *
                                      c[static_cast<std::size_t>(a1)][static_cast<std::size_t>(a2)];
                sum = sum + weight * (conjugate(at(j, mb, ma)) * (at(j1, b1, a1) * at(j2, b2, a2))).re;
              }
            }
          }
        }
        components.push_back(sum);
      }
    }
  }
  return components;
}

Dual energy_of(const SnapModel &model, const std::vector<double> &coefficients, std::vector<Dual> b) {
  if (model.subtract_isolated) {
    const std::vector<Dual> alone = bispectrum_of(isolated(model.twojmax));
    for (std::size_t k = 0; k < b.size(); ++k) {
      b[k] = b[k] - alone[k];
    }
  }
  Dual energy = number(coefficients[0]);
  for (std::size_t k = 0; k < b.size(); ++k) {
    energy = energy + coefficients[1 + k] * b[k];
  }
  if (model.quadratic) {
    std::size_t next = 1 + b.size();
    for (std::size_t k = 0; k < b.size(); ++k) {
      for (std::size_t l = k; l < b.size(); ++l) {
        energy = energy + (k == l ? 0.5 : 1.0) * coefficients[next++] * (b[k] * b[l]);
      }
    }
  }
  return energy;
}

// g = dE_i / dr for the neighbour at r.
void add_gradient(PotentialResult &result, std::size_t i, const Neighbour &neighbour, const Vector3 &g) {
  for (std::size_t a = 0; a < 3; ++a) {
    result.forces[i][a] += g[a];
    result.forces[neighbour.atom][a] -= g[a];
    for (std::size_t b = 0; b < 3; ++b) {
      result.virial[a][b] -= neighbour.r[a] * g[b];
    }
  }
}

PotentialResult empty(const Atoms &atoms) {
  PotentialResult result;
  result.energies.resize(atoms.size());
  result.forces.resize(atoms.size());
  return result;
}

} // namespace

// From the top state down: J+ |j j> = 0 fixes it, the amplitude of m1 = j1 is positive, and J- gives the others.
double clebsch_gordan(int j1, int m1, int j2, int m2, int j) {
  const int m = m1 + m2;
  if (std::abs(m1) > j1 || std::abs(m2) > j2 || std::abs(m) > j || j > j1 + j2 || j < std::abs(j1 - j2) ||
      (j1 + j2 + j) % 2 != 0) {
    return 0.0;
  }
  const auto raising = [](int l, int k) { return std::sqrt((l - k) / 2.0 * ((l + k) / 2.0 + 1.0)); };
  // amplitude[a]: of m1 = 2 a - j1 in the state `top`.
  std::vector<double> amplitude(static_cast<std::size_t>(j1) + 1, 0.0);
  const auto of = [&](std::vector<double> &v, int k) -> double & { return v[static_cast<std::size_t>((k + j1) / 2)]; };
  of(amplitude, j1) = 1.0;
  for (int k = j1 - 2; k >= -j1; k -= 2) {
    // The part of J+ |j j> at m1 = k + 2: from k by J1+, from k + 2 by J2+.
    const int l = j - k; // m2
    if (std::abs(l) <= j2) {
      of(amplitude, k) = -of(amplitude, k + 2) * raising(j2, l - 2) / raising(j1, k);
    }
  }
  double norm = 0.0;
  for (int k = -j1; k <= j1; k += 2) {
    if (std::abs(j - k) > j2) {
      of(amplitude, k) = 0.0;
    }
    norm += of(amplitude, k) * of(amplitude, k);
  }
  for (double &x : amplitude) {
    x /= std::sqrt(norm);
  }
  for (int top = j; top > m; top -= 2) {
    std::vector<double> lower(amplitude.size(), 0.0);
    for (int k = -j1; k <= j1; k += 2) {
      const int l = top - k;
      if (std::abs(l) > j2) {
        continue;
      }
      if (k - 2 >= -j1) {
        of(lower, k - 2) += of(amplitude, k) * raising(j1, k - 2);
      }
      if (l - 2 >= -j2) {
        of(lower, k) += of(amplitude, k) * raising(j2, l - 2);
      }
    }
    for (double &x : lower) {
      x /= raising(j, top - 2);
    }
    amplitude = lower;
  }
  return of(amplitude, m1);
}

std::vector<double> bispectrum(const SnapModel &model, const std::vector<Vector3> &places, const std::vector<double> &weights,
                               const std::vector<double> &cutoffs) {
  Layers u = isolated(model.twojmax);
  for (std::size_t k = 0; k < places.size(); ++k) {
    add_neighbour(model, u, places[k], false, weights[k], cutoffs[k]);
  }
  std::vector<double> values;
  for (const Dual &b : bispectrum_of(u)) {
    values.push_back(b.value);
  }
  return values;
}

PotentialResult snap(const SnapModel &model, const Atoms &atoms) {
  const std::vector<std::string> names = model.elements();
  const auto species = [&](std::size_t atom) {
    const std::string &element = atoms.elements[static_cast<std::size_t>(atoms.type[atom])];
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), element) - names.begin());
  };
  const auto cutoff = [&](std::size_t i, std::size_t j) {
    return model.rcutfac * (model.species[species(i)].radius + model.species[species(j)].radius);
  };
  PotentialResult result = empty(atoms);
  const auto lists = neighbours_of(atoms, model.cutoff_A());
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    std::vector<Neighbour> near;
    for (const Neighbour &n : lists[i]) {
      if (std::sqrt(n.r[0] * n.r[0] + n.r[1] * n.r[1] + n.r[2] * n.r[2]) < cutoff(i, n.atom)) {
        near.push_back(n);
      }
    }
    Layers total = isolated(model.twojmax);
    std::vector<Layers> parts;
    for (const Neighbour &n : near) {
      const double weight = model.species[species(n.atom)].weight;
      add_neighbour(model, total, n.r, false, weight, cutoff(i, n.atom));
      parts.push_back(zeros(model.twojmax));
      add_neighbour(model, parts.back(), n.r, true, weight, cutoff(i, n.atom));
    }
    const std::vector<double> &coefficients = model.species[species(i)].coefficients;
    result.energies[i] = energy_of(model, coefficients, bispectrum_of(total)).value;
    result.energy += result.energies[i];
    for (std::size_t k = 0; k < near.size(); ++k) {
      add_gradient(result, i, near[k], energy_of(model, coefficients, bispectrum_of(with_slopes(total, parts[k]))).d);
    }
  }
  return result;
}

PotentialResult zbl(double inner_A, double outer_A, const std::vector<double> &charges, const Atoms &atoms) {
  constexpr double kCharge2 = 14.399645;
  PotentialResult result = empty(atoms);
  const auto lists = neighbours_of(atoms, outer_A);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    for (const Neighbour &n : lists[i]) {
      const double zi = charges[static_cast<std::size_t>(atoms.type[i])];
      const double zj = charges[static_cast<std::size_t>(atoms.type[n.atom])];
      const double a = 0.46850 / (std::pow(zi, 0.23) + std::pow(zj, 0.23));
      const auto screened = [&](const Dual &r) {
        const Dual x = (1.0 / a) * r;
        const Dual phi = 0.18175 * exponential(-3.19980 * x) + 0.50986 * exponential(-0.94229 * x) +
                         0.28022 * exponential(-0.40290 * x) + 0.02817 * exponential(-0.20162 * x);
        return zi * zj * kCharge2 * (phi * inverse(r));
      };
      // Energy and slope at the outer distance by a dual number, the curvature from slopes around it.
      const auto slope = [&](double r) { return screened(Dual{r, {1.0, 0.0, 0.0}}).d[0]; };
      const double h = 1e-3;
      const double curvature =
          (8.0 * (slope(outer_A + h) - slope(outer_A - h)) - (slope(outer_A + 2 * h) - slope(outer_A - 2 * h))) / (12.0 * h);
      const double range = outer_A - inner_A;
      const double A = (-3.0 * slope(outer_A) + range * curvature) / (range * range);
      const double B = (2.0 * slope(outer_A) - range * curvature) / (range * range * range);
      const double C = -screened(number(outer_A)).value + 0.5 * range * slope(outer_A) - range * range * curvature / 12.0;
      const Dual r = length(seeded(n.r, true));
      Dual energy = screened(r) + number(C);
      if (r.value > inner_A) {
        const Dual t = r - number(inner_A);
        energy = energy + (A / 3.0) * (t * t * t) + (B / 4.0) * (t * t * (t * t));
      }
      result.energies[i] += 0.5 * energy.value;
      result.energy += 0.5 * energy.value;
      add_gradient(result, i, n, {0.5 * energy.d[0], 0.5 * energy.d[1], 0.5 * energy.d[2]});
    }
  }
  return result;
}

} // namespace zener::reference
