#include "tests/reference/structure.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <map>
#include <numbers>
#include <set>

namespace zener::reference {
namespace {

double dot(const Vector3 &a, const Vector3 &b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vector3 cross(const Vector3 &a, const Vector3 &b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
Vector3 plus(const Vector3 &a, const Vector3 &b, double factor) {
  return {a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]};
}
double length(const Vector3 &a) { return std::sqrt(dot(a, a)); }

} // namespace

std::vector<Neighbour> neighbours_within(const Atoms &atoms, int atom, double cutoff) {
  const Vector3 thickness = thicknesses(atoms.cell);
  const Matrix3 to_fraction = inverse(atoms.cell.vectors);
  std::vector<Neighbour> found;
  for (int j = 0; j < static_cast<int>(atoms.size()); ++j) {
    const Vector3 d =
        plus(atoms.position_A[static_cast<std::size_t>(j)], atoms.position_A[static_cast<std::size_t>(atom)], -1.0);
    const Vector3 s = times(d, to_fraction);
    int low[3]{}, high[3]{};
    for (std::size_t k = 0; k < 3; ++k) {
      if (atoms.cell.periodic[k]) {
        low[k] = static_cast<int>(std::floor(-s[k] - cutoff / thickness[k])) - 1;
        high[k] = static_cast<int>(std::ceil(-s[k] + cutoff / thickness[k])) + 1;
      }
    }
    for (int a = low[0]; a <= high[0]; ++a) {
      for (int b = low[1]; b <= high[1]; ++b) {
        for (int c = low[2]; c <= high[2]; ++c) {
          const Vector3 r = plus(d, times(Vector3{double(a), double(b), double(c)}, atoms.cell.vectors), 1.0);
          if (length(r) < cutoff && !(j == atom && length(r) < 1e-9)) {
            found.push_back({j, r, length(r)});
          }
        }
      }
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const Neighbour &a, const Neighbour &b) { return a.distance < b.distance; });
  return found;
}

VoronoiCell voronoi_cell(const Atoms &atoms, int atom, double cutoff) {
  const std::vector<Neighbour> near = neighbours_within(atoms, atom, cutoff);
  const std::size_t n = near.size();
  std::vector<std::vector<Vector3>> corners(n); // of every plane
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      for (std::size_t k = j + 1; k < n; ++k) {
        // x . r = r^2 / 2 for the three.
        const Matrix3 rows{near[i].vector, near[j].vector, near[k].vector};
        const double d = determinant(rows);
        if (std::abs(d) < 1e-9 * near[i].distance * near[j].distance * near[k].distance) {
          continue;
        }
        Vector3 x = plus({}, cross(rows[1], rows[2]), 0.5 * dot(rows[0], rows[0]) / d);
        x = plus(x, cross(rows[2], rows[0]), 0.5 * dot(rows[1], rows[1]) / d);
        x = plus(x, cross(rows[0], rows[1]), 0.5 * dot(rows[2], rows[2]) / d);
        const bool inside = std::all_of(near.begin(), near.end(), [&](const Neighbour &other) {
          return dot(x, other.vector) <= 0.5 * dot(other.vector, other.vector) * (1.0 + 1e-10);
        });
        if (inside) {
          for (const std::size_t plane : {i, j, k}) {
            corners[plane].push_back(x);
          }
        }
      }
    }
  }
  VoronoiCell cell;
  double whole = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    if (corners[i].size() < 3) {
      continue;
    }
    // Around the middle of the corners, by angle.
    Vector3 middle{};
    for (const Vector3 &x : corners[i]) {
      middle = plus(middle, x, 1.0 / static_cast<double>(corners[i].size()));
    }
    const Vector3 normal = plus({}, near[i].vector, 1.0 / near[i].distance);
    Vector3 along = cross(normal, std::abs(normal[0]) < 0.6 ? Vector3{1, 0, 0} : Vector3{0, 1, 0});
    along = plus({}, along, 1.0 / length(along));
    const Vector3 across = cross(normal, along);
    const auto angle = [&](const Vector3 &x) {
      return std::atan2(dot(plus(x, middle, -1.0), across), dot(plus(x, middle, -1.0), along));
    };
    std::sort(corners[i].begin(), corners[i].end(), [&](const Vector3 &a, const Vector3 &b) { return angle(a) < angle(b); });
    double area = 0.0;
    for (std::size_t c = 0; c < corners[i].size(); ++c) {
      const Vector3 &next = corners[i][(c + 1) % corners[i].size()];
      area += 0.5 * dot(cross(plus(corners[i][c], middle, -1.0), plus(next, middle, -1.0)), normal);
    }
    cell.facets.push_back({near[i].atom, near[i].vector, area});
    cell.volume += area * near[i].distance / 6.0;
    whole += area;
  }
  std::erase_if(cell.facets, [&](const VoronoiFacet &facet) { return facet.area < 1e-6 * whole; });
  return cell;
}

std::vector<std::array<double, 7>> steinhardt(const std::vector<std::vector<Bond>> &bonds, bool averaged) {
  using Complex = std::complex<double>;
  const auto harmonic = [](int l, int m, const Vector3 &r) -> Complex {
    const double polar = std::acos(std::clamp(r[2] / length(r), -1.0, 1.0)), turn = std::atan2(r[1], r[0]);
    const double size = std::sph_legendre(static_cast<unsigned>(l), static_cast<unsigned>(std::abs(m)), polar);
    const Complex positive = std::polar(1.0, std::abs(m) * turn) * size;
    return m >= 0 ? positive : (m % 2 == 0 ? 1.0 : -1.0) * std::conj(positive);
  };
  std::vector<std::array<double, 7>> q(bonds.size());
  for (int l = 2; l <= 8; ++l) {
    std::vector<std::vector<Complex>> moments(bonds.size());
    for (std::size_t i = 0; i < bonds.size(); ++i) {
      double weights = 0.0;
      for (const Bond &bond : bonds[i]) {
        weights += bond.weight;
      }
      for (int m = -l; m <= l; ++m) {
        Complex sum = 0.0;
        for (const Bond &bond : bonds[i]) {
          sum += bond.weight / weights * harmonic(l, m, bond.vector);
        }
        moments[i].push_back(sum);
      }
    }
    for (std::size_t i = 0; i < bonds.size(); ++i) {
      double squares = 0.0;
      for (std::size_t m = 0; m < moments[i].size(); ++m) {
        Complex sum = moments[i][m];
        if (averaged) {
          for (const Bond &bond : bonds[i]) {
            sum += moments[static_cast<std::size_t>(bond.neighbour)][m];
          }
          sum /= 1.0 + static_cast<double>(bonds[i].size());
        }
        squares += std::norm(sum);
      }
      q[i][static_cast<std::size_t>(l - 2)] = std::sqrt(4.0 * std::numbers::pi / (2.0 * l + 1.0) * squares);
    }
  }
  return q;
}

CnaKind adaptive_cna(const Atoms &atoms, int atom) {
  const double spacing = std::cbrt(volume(atoms.cell) / static_cast<double>(atoms.size()));
  std::vector<Neighbour> near = neighbours_within(atoms, atom, 4.0 * spacing);
  // The number of neighbours with each signature, for the n nearest and a cutoff.
  const auto signatures = [&](std::size_t n, double cutoff) {
    std::map<std::array<int, 3>, int> counts;
    const auto bonded = [&](std::size_t a, std::size_t b) {
      return a != b && length(plus(near[a].vector, near[b].vector, -1.0)) < cutoff;
    };
    for (std::size_t k = 0; k < n; ++k) {
      std::vector<std::size_t> common;
      for (std::size_t j = 0; j < n; ++j) {
        if (bonded(j, k)) {
          common.push_back(j);
        }
      }
      std::vector<std::set<std::size_t>> bonds; // pairs
      for (std::size_t a = 0; a < common.size(); ++a) {
        for (std::size_t b = a + 1; b < common.size(); ++b) {
          if (bonded(common[a], common[b])) {
            bonds.push_back({common[a], common[b]});
          }
        }
      }
      // Chains: bonds that share an atom, joined until nothing changes.
      std::vector<std::pair<std::set<std::size_t>, int>> chains;
      for (const auto &bond : bonds) {
        chains.push_back({bond, 1});
      }
      for (bool joined = true; joined;) {
        joined = false;
        for (std::size_t a = 0; a < chains.size() && !joined; ++a) {
          for (std::size_t b = a + 1; b < chains.size() && !joined; ++b) {
            const bool touch = std::any_of(chains[b].first.begin(), chains[b].first.end(),
                                           [&](std::size_t e) { return chains[a].first.contains(e); });
            if (touch) {
              chains[a].first.insert(chains[b].first.begin(), chains[b].first.end());
              chains[a].second += chains[b].second;
              chains.erase(chains.begin() + static_cast<std::ptrdiff_t>(b));
              joined = true;
            }
          }
        }
      }
      int longest = 0;
      for (const auto &chain : chains) {
        longest = std::max(longest, chain.second);
      }
      ++counts[{static_cast<int>(common.size()), static_cast<int>(bonds.size()), longest}];
    }
    return counts;
  };
  const double midway = 0.5 * (1.0 + std::sqrt(2.0));
  double sum = 0.0;
  for (std::size_t k = 0; k < 12; ++k) {
    sum += near[k].distance;
  }
  auto counts = signatures(12, midway * sum / 12.0);
  if (counts[{4, 2, 1}] == 12) {
    return CnaKind::fcc;
  }
  if (counts[{4, 2, 1}] == 6 && counts[{4, 2, 2}] == 6) {
    return CnaKind::hcp;
  }
  if (counts[{5, 5, 5}] == 12) {
    return CnaKind::icosahedral;
  }
  sum = 0.0;
  for (std::size_t k = 0; k < 14; ++k) {
    sum += near[k].distance * (k < 8 ? 2.0 / std::sqrt(3.0) : 1.0);
  }
  counts = signatures(14, midway * sum / 14.0);
  return counts[{6, 6, 6}] == 8 && counts[{4, 4, 4}] == 6 ? CnaKind::bcc : CnaKind::other;
}

StructureFactor structure_factor(const Atoms &atoms, const StructureFactorPlan &plan) {
  const Matrix3 to_fraction = inverse(atoms.cell.vectors);
  const std::size_t elements = atoms.elements.size();
  const auto bins = static_cast<std::size_t>(plan.bins);
  StructureFactor result;
  result.width_per_A = plan.largest_q_per_A / plan.bins;
  result.q_per_A.assign(bins, 0.0);
  result.vectors.assign(bins, 0);
  result.total.assign(bins, 0.0);
  result.partial.assign(elements * (elements + 1) / 2, std::vector<double>(bins, 0.0));
  std::vector<double> number(elements, 0.0);
  for (const std::int32_t type : atoms.type) {
    number[static_cast<std::size_t>(type)] += 1.0;
  }
  constexpr int kMost = 40; // more than any vector here needs
  for (int a = -kMost; a <= kMost; ++a) {
    for (int b = -kMost; b <= kMost; ++b) {
      for (int c = -kMost; c <= kMost; ++c) {
        Vector3 q{};
        for (std::size_t d = 0; d < 3; ++d) {
          q[d] = 2.0 * std::numbers::pi * (a * to_fraction[d][0] + b * to_fraction[d][1] + c * to_fraction[d][2]);
        }
        const auto bin = static_cast<std::size_t>(length(q) / result.width_per_A);
        if ((a == 0 && b == 0 && c == 0) || bin >= bins) {
          continue;
        }
        std::vector<std::complex<double>> rho(elements);
        for (std::size_t i = 0; i < atoms.size(); ++i) {
          rho[static_cast<std::size_t>(atoms.type[i])] += std::polar(1.0, dot(q, atoms.position_A[i]));
        }
        std::complex<double> all = 0.0;
        for (std::size_t e = 0, pair = 0; e < elements; ++e) {
          all += rho[e];
          for (std::size_t f = e; f < elements; ++f, ++pair) {
            result.partial[pair][bin] += (rho[e] * std::conj(rho[f])).real() / std::sqrt(number[e] * number[f]);
          }
        }
        result.q_per_A[bin] += length(q);
        result.total[bin] += std::norm(all) / static_cast<double>(atoms.size());
        ++result.vectors[bin];
      }
    }
  }
  for (std::size_t bin = 0; bin < bins; ++bin) {
    if (result.vectors[bin] > 0) {
      const auto n = static_cast<double>(result.vectors[bin]);
      result.q_per_A[bin] /= n;
      result.total[bin] /= n;
      for (auto &partial : result.partial) {
        partial[bin] /= n;
      }
    }
  }
  return result;
}

Atoms crystal(Crystal3 kind, std::array<int, 3> cells, double a, double amplitude, Sequence &random) {
  std::vector<Vector3> basis{{0, 0, 0}};
  Vector3 edge{a, a, a};
  if (kind == Crystal3::bcc) {
    basis = {{0, 0, 0}, {0.5, 0.5, 0.5}};
  } else if (kind == Crystal3::fcc) {
    basis = {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 0, 0.5}, {0, 0.5, 0.5}};
  } else if (kind == Crystal3::hcp) {
    basis = {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 5.0 / 6.0, 0.5}, {0, 1.0 / 3.0, 0.5}};
    edge = {a, std::sqrt(3.0) * a, std::sqrt(8.0 / 3.0) * a};
  }
  Atoms atoms;
  atoms.elements = {"W"};
  for (std::size_t d = 0; d < 3; ++d) {
    atoms.cell.vectors[d][d] = cells[d] * edge[d];
  }
  for (int x = 0; x < cells[0]; ++x) {
    for (int y = 0; y < cells[1]; ++y) {
      for (int z = 0; z < cells[2]; ++z) {
        for (const Vector3 &site : basis) {
          Vector3 position{(x + site[0]) * edge[0], (y + site[1]) * edge[1], (z + site[2]) * edge[2]};
          for (double &coordinate : position) {
            coordinate += amplitude > 0.0 ? amplitude * (2.0 * random.unit() - 1.0) : 0.0;
          }
          atoms.position_A.push_back(position);
          atoms.type.push_back(0);
        }
      }
    }
  }
  return atoms;
}

Atoms random_atoms(const Matrix3 &cell, int n, double closest, Sequence &random) {
  Atoms atoms;
  atoms.elements = {"W"};
  atoms.cell.vectors = cell;
  while (static_cast<int>(atoms.size()) < n) {
    atoms.position_A.push_back(times(Vector3{random.unit(), random.unit(), random.unit()}, cell));
    atoms.type.push_back(0);
    if (closest > 0.0 && !neighbours_within(atoms, static_cast<int>(atoms.size()) - 1, closest).empty()) {
      atoms.position_A.pop_back();
      atoms.type.pop_back();
    }
  }
  return atoms;
}

Atoms recut(const Atoms &atoms, const std::array<std::array<int, 3>, 3> &mix, double angle) {
  Atoms result = atoms;
  const double c = std::cos(angle), s = std::sin(angle);
  // About z, then about x.
  const Matrix3 turn = times(Matrix3{Vector3{c, s, 0}, Vector3{-s, c, 0}, Vector3{0, 0, 1}},
                             Matrix3{Vector3{1, 0, 0}, Vector3{0, c, s}, Vector3{0, -s, c}});
  Matrix3 cell{};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t k = 0; k < 3; ++k) {
      cell[r] = plus(cell[r], atoms.cell.vectors[k], mix[r][k]);
    }
  }
  result.cell.vectors = times(cell, turn);
  for (Vector3 &x : result.position_A) {
    x = times(x, turn);
  }
  return result;
}

} // namespace zener::reference
