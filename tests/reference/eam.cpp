#include "tests/reference/eam.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <cmath>

namespace zener::reference {
namespace {

// What stands at knot k, counted from 1 as the documentation does.
double knot_slope(const double *f, int n, int k) {
  const auto at = [&](int i) { return f[i - 1]; };
  if (k == 1) {
    return at(2) - at(1);
  }
  if (k == 2) {
    return (at(3) - at(1)) / 2;
  }
  if (k == n - 1) {
    return (at(n) - at(n - 2)) / 2;
  }
  if (k == n) {
    return at(n) - at(n - 1);
  }
  return ((at(k - 2) - at(k + 2)) + 8 * (at(k + 1) - at(k - 1))) / 12;
}

Function zhou_density(const ZhouElement &e, double r) {
  const double x = r / e.re;
  const double cut = 1 + std::pow(x - e.lambda, e.n);
  const double f = e.fe * std::exp(-e.beta * (x - 1)) / cut;
  return {f, f * (-e.beta - e.n * std::pow(x - e.lambda, e.n - 1) / cut) / e.re};
}

Function zhou_pair(const ZhouElement &e, double r) {
  const double x = r / e.re;
  const double cut_a = 1 + std::pow(x - e.kappa, e.m);
  const double cut_b = 1 + std::pow(x - e.lambda, e.n);
  const double a = e.A * std::exp(-e.alpha * (x - 1)) / cut_a;
  const double b = e.B * std::exp(-e.beta * (x - 1)) / cut_b;
  return {a - b, (a * (-e.alpha - e.m * std::pow(x - e.kappa, e.m - 1) / cut_a) -
                  b * (-e.beta - e.n * std::pow(x - e.lambda, e.n - 1) / cut_b)) /
                     e.re};
}

} // namespace

Function interpolated(const double *f, int n, double step, double x) {
  double p = x / step + 1;
  const int m = std::max(1, std::min(static_cast<int>(p), n - 1));
  p = std::min(p - m, 1.0);
  const double left = f[m - 1], right = f[m], s = knot_slope(f, n, m), t = knot_slope(f, n, m + 1);
  // Hermite's basis.
  const double p2 = p * p, p3 = p2 * p;
  return {(2 * p3 - 3 * p2 + 1) * left + (p3 - 2 * p2 + p) * s + (3 * p2 - 2 * p3) * right + (p3 - p2) * t,
          ((6 * p2 - 6 * p) * left + (3 * p2 - 4 * p + 1) * s + (6 * p - 6 * p2) * right + (3 * p2 - 2 * p) * t) / step};
}

Function eam_density(const EamModel &model, int at, int of, double r) {
  if (model.form == EamForm::zhou) {
    return zhou_density(model.zhou[static_cast<std::size_t>(of)], r);
  }
  if (model.form == EamForm::finnis_sinclair) {
    const FinnisSinclairPair &p = model.finnis_sinclair[static_cast<std::size_t>(at * model.size() + of)];
    if (r >= p.d) {
      return {};
    }
    return {p.weight * (std::pow(r - p.d, 2) + p.beta * std::pow(r - p.d, 3) / p.d),
            p.weight * (2 * (r - p.d) + 3 * p.beta * std::pow(r - p.d, 2) / p.d)};
  }
  return interpolated(model.tables.density.data() + model.tables.density_begin(at, of, model.size()), model.tables.radii,
                      model.tables.radius_step_A, r);
}

Function eam_pair(const EamModel &model, int a, int b, double r) {
  if (model.form == EamForm::zhou) {
    const ZhouElement &first = model.zhou[static_cast<std::size_t>(a)];
    const ZhouElement &second = model.zhou[static_cast<std::size_t>(b)];
    if (a == b) {
      return zhou_pair(first, r);
    }
    const Function fa = zhou_density(first, r), fb = zhou_density(second, r);
    const Function pa = zhou_pair(first, r), pb = zhou_pair(second, r);
    const double q = fb.value / fa.value;
    const double q_slope = (fb.slope * fa.value - fb.value * fa.slope) / (fa.value * fa.value);
    return {0.5 * (q * pa.value + pb.value / q),
            0.5 * (q_slope * pa.value + q * pa.slope - q_slope / (q * q) * pb.value + pb.slope / q)};
  }
  if (model.form == EamForm::finnis_sinclair) {
    const FinnisSinclairPair &p = model.finnis_sinclair[static_cast<std::size_t>(a * model.size() + b)];
    Function f;
    if (r < p.c) {
      f.value = std::pow(r - p.c, 2) * (p.c0 + p.c1 * r + p.c2 * r * r);
      f.slope = 2 * (r - p.c) * (p.c0 + p.c1 * r + p.c2 * r * r) + std::pow(r - p.c, 2) * (p.c1 + 2 * p.c2 * r);
    }
    if (r < p.b0) {
      const double core = p.B * std::pow(p.b0 - r, 3) * std::exp(-p.alpha * r);
      f.value += core;
      f.slope += -3 * p.B * std::pow(p.b0 - r, 2) * std::exp(-p.alpha * r) - p.alpha * core;
    }
    return f;
  }
  const Function times = interpolated(model.tables.pair_times.data() + model.tables.pair_begin(a, b), model.tables.radii,
                                      model.tables.radius_step_A, r);
  return {times.value / r, times.slope / r - times.value / (r * r)};
}

Function eam_embedding(const EamModel &model, int a, double rho) {
  const auto index = static_cast<std::size_t>(a);
  if (model.form == EamForm::finnis_sinclair) {
    const double A = model.finnis_sinclair_A[index];
    return rho > 0 ? Function{-A * std::sqrt(rho), -A / (2 * std::sqrt(rho))} : Function{};
  }
  if (model.form == EamForm::zhou) {
    const ZhouElement &e = model.zhou[index];
    Function f;
    if (rho < e.low * e.rhoe) {
      const double t = rho / (e.low * e.rhoe) - 1;
      for (int k = 0; k < 4; ++k) {
        f.value += e.Fn[k] * std::pow(t, k);
        f.slope += k > 0 ? k * e.Fn[k] * std::pow(t, k - 1) / (e.low * e.rhoe) : 0.0;
      }
    } else if (rho < e.high * e.rhoe) {
      const double t = rho / e.rhoe - 1;
      const double F[4] = {e.F[0], e.F[1], e.F[2], rho < e.rhoe ? e.F3_minus : e.F3_plus};
      for (int k = 0; k < 4; ++k) {
        f.value += F[k] * std::pow(t, k);
        f.slope += k > 0 ? k * F[k] * std::pow(t, k - 1) / e.rhoe : 0.0;
      }
    } else {
      const double y = std::pow(rho / e.rhos, e.eta);
      f.value = e.Fe * (1 - std::log(y)) * y;
      f.slope = -e.Fe * std::log(y) * e.eta * y / rho;
    }
    return f;
  }
  const EamTables &tables = model.tables;
  const double last = (tables.densities - 1) * tables.density_step;
  Function f = interpolated(tables.embedding.data() + index * static_cast<std::size_t>(tables.densities), tables.densities,
                            tables.density_step, rho);
  if (rho > last) {
    f.value += f.slope * (rho - last);
  }
  return f;
}

EamResult eam(const EamModel &model, const Atoms &atoms) {
  std::vector<int> type;
  for (const std::int32_t t : atoms.type) {
    const auto found =
        std::find(model.element_names.begin(), model.element_names.end(), atoms.elements[static_cast<std::size_t>(t)]);
    if (found == model.element_names.end()) {
      throw InvariantError("no such element");
    }
    type.push_back(static_cast<int>(found - model.element_names.begin()));
  }
  // Images that can be within the cutoff whatever the places inside twice the cell.
  const Vector3 thickness = thicknesses(atoms.cell);
  int reach[3];
  const Matrix3 fractional = inverse(atoms.cell.vectors);
  double low[3] = {0, 0, 0}, high[3] = {0, 0, 0};
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const Vector3 s = times(atoms.position_A[i], fractional);
    for (std::size_t d = 0; d < 3; ++d) {
      low[d] = i == 0 ? s[d] : std::min(low[d], s[d]);
      high[d] = i == 0 ? s[d] : std::max(high[d], s[d]);
    }
  }
  for (std::size_t d = 0; d < 3; ++d) {
    reach[d] = atoms.cell.periodic[d] ? static_cast<int>(std::ceil(model.cutoff / thickness[d] + high[d] - low[d])) : 0;
  }
  struct Pair {
    std::size_t i, j;
    Vector3 d;
    double r;
  };
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    for (std::size_t j = 0; j < atoms.size(); ++j) {
      for (int a = -reach[0]; a <= reach[0]; ++a) {
        for (int b = -reach[1]; b <= reach[1]; ++b) {
          for (int c = -reach[2]; c <= reach[2]; ++c) {
            if (i == j && a == 0 && b == 0 && c == 0) {
              continue;
            }
            const Vector3 shift = times(Vector3{double(a), double(b), double(c)}, atoms.cell.vectors);
            Vector3 d;
            for (std::size_t k = 0; k < 3; ++k) {
              d[k] = atoms.position_A[j][k] - atoms.position_A[i][k] + shift[k];
            }
            const double r = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
            if (r < model.cutoff) {
              pairs.push_back({i, j, d, r});
            }
          }
        }
      }
    }
  }
  EamResult result;
  result.energies.assign(atoms.size(), 0.0);
  result.densities.assign(atoms.size(), 0.0);
  result.forces.assign(atoms.size(), Vector3{});
  for (const Pair &p : pairs) {
    result.densities[p.i] += eam_density(model, type[p.i], type[p.j], p.r).value;
    result.energies[p.i] += 0.5 * eam_pair(model, type[p.i], type[p.j], p.r).value;
  }
  std::vector<double> slope;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const Function F = eam_embedding(model, type[i], result.densities[i]);
    result.energies[i] += F.value;
    slope.push_back(F.slope);
    result.energy += result.energies[i];
  }
  // Each ordered pair is half of a bond: dE/dr of the bond, halved, pulls i towards j and gives half of the bond's virial.
  for (const Pair &p : pairs) {
    const double pull = slope[p.i] * eam_density(model, type[p.i], type[p.j], p.r).slope +
                        slope[p.j] * eam_density(model, type[p.j], type[p.i], p.r).slope +
                        eam_pair(model, type[p.i], type[p.j], p.r).slope;
    for (std::size_t a = 0; a < 3; ++a) {
      result.forces[p.i][a] += pull * p.d[a] / p.r;
      for (std::size_t b = 0; b < 3; ++b) {
        result.virial[a][b] -= 0.5 * pull * p.d[a] * p.d[b] / p.r;
      }
    }
  }
  return result;
}

} // namespace zener::reference
