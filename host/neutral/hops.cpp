#include "host/neutral/hops.hpp"

#include "host/neutral/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace zener {
namespace {

double length(const Vector3 &v) { return std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]); }

Vector3 plus(const Vector3 &a, const Vector3 &b, double factor = 1.0) {
  return {a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]};
}

void check_site(const Atoms &crystal, std::size_t site) {
  if (site >= crystal.size()) {
    throw ConfigError(fmt::format("site {} is not there: the crystal has {} sites, counted from 0", site, crystal.size()));
  }
}

void erase_atom(Atoms &atoms, std::size_t i) {
  atoms.position_A.erase(atoms.position_A.begin() + static_cast<std::ptrdiff_t>(i));
  atoms.type.erase(atoms.type.begin() + static_cast<std::ptrdiff_t>(i));
}

// Positions and types alone: what else the crystal has does not hold for its defects.
Atoms bare(const Atoms &crystal) {
  Atoms out;
  out.cell = crystal.cell;
  out.elements = crystal.elements;
  out.mass_amu = crystal.mass_amu;
  out.type = crystal.type;
  out.position_A = crystal.position_A;
  return out;
}

// The site at a place, up to periodic images. Throws ConfigError where there is none.
std::size_t site_at(const Atoms &crystal, const Vector3 &place, const std::string &what) {
  const Matrix3 to_fraction = inverse(crystal.cell.vectors);
  for (std::size_t i = 0; i < crystal.size(); ++i) {
    Vector3 s = times(plus(crystal.position_A[i], place, -1.0), to_fraction);
    for (std::size_t d = 0; d < 3; ++d) {
      s[d] -= crystal.cell.periodic[d] ? std::round(s[d]) : 0.0;
    }
    if (length(times(s, crystal.cell.vectors)) < 0.3) {
      return i;
    }
  }
  throw ConfigError(what + " needs a row of sites that the crystal does not have there");
}

// The way from a site to the next of its row along <100>, <110> or <111> of cubic axes along x, y and z.
Vector3 next_of_row(const Atoms &crystal, std::size_t site, const std::string &direction) {
  check_site(crystal, site);
  if (direction != "100" && direction != "110" && direction != "111") {
    throw ConfigError(fmt::format("the direction \"{}\" is not known; it is 100, 110 or 111", direction));
  }
  const Vector3 axis{1.0, direction[1] == '1' ? 1.0 : 0.0, direction[2] == '1' ? 1.0 : 0.0};
  Vector3 best{};
  double nearest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < crystal.size(); ++i) {
    if (i == site) {
      continue;
    }
    const Vector3 r = shortest(crystal, site, i);
    const double along = (r[0] * axis[0] + r[1] * axis[1] + r[2] * axis[2]) / length(axis);
    if (along > 0.5 && along < nearest && length(plus(r, axis, -along / length(axis))) < 0.2) {
      nearest = along;
      best = r;
    }
  }
  if (!std::isfinite(nearest)) {
    throw ConfigError(fmt::format("site {} has no neighbour along <{}>; the crystal's cubic axes must lie along x, y and z",
                                  site, direction));
  }
  return best;
}

} // namespace

Vector3 shortest(const Cell &cell, const Vector3 &way_A) {
  Vector3 s = times(way_A, inverse(cell.vectors));
  for (std::size_t d = 0; d < 3; ++d) {
    s[d] -= cell.periodic[d] ? std::round(s[d]) : 0.0;
  }
  // Rounded fractions are the shortest way in cells that are not too oblique; look at the images around for the others.
  Vector3 best = times(s, cell.vectors);
  for (int x = -1; x <= 1; ++x) {
    for (int y = -1; y <= 1; ++y) {
      for (int z = -1; z <= 1; ++z) {
        const std::array<int, 3> image{x, y, z};
        Vector3 t = s;
        for (std::size_t d = 0; d < 3; ++d) {
          t[d] += cell.periodic[d] ? image[d] : 0;
        }
        const Vector3 r = times(t, cell.vectors);
        if (length(r) < length(best) - 1e-9) {
          best = r;
        }
      }
    }
  }
  return best;
}

Vector3 shortest(const Atoms &crystal, std::size_t a, std::size_t b) {
  return shortest(crystal.cell, plus(crystal.position_A[b], crystal.position_A[a], -1.0));
}

std::vector<std::size_t> shell_of(const Atoms &crystal, std::size_t site, int shell) {
  check_site(crystal, site);
  std::map<std::int64_t, std::vector<std::pair<Vector3, std::size_t>>> shells; // by distance in units of 0.01 A
  for (std::size_t i = 0; i < crystal.size(); ++i) {
    if (i != site) {
      const Vector3 r = shortest(crystal, site, i);
      shells[std::llround(100.0 * length(r))].emplace_back(Vector3{r[2], r[1], r[0]}, i);
    }
  }
  const Vector3 thickness = thicknesses(crystal.cell);
  double half = std::numeric_limits<double>::infinity();
  for (std::size_t d = 0; d < 3; ++d) {
    half = crystal.cell.periodic[d] ? std::min(half, 0.5 * thickness[d]) : half;
  }
  int met = 0;
  for (auto &[distance, sites] : shells) {
    if (++met == shell && 0.01 * static_cast<double>(distance) < half - 0.01) {
      // Directions that differ by rounding must not change places.
      for (auto &[r, i] : sites) {
        for (double &x : r) {
          x = std::round(1e3 * x);
        }
      }
      std::sort(sites.begin(), sites.end());
      std::vector<std::size_t> out;
      for (const auto &[r, i] : sites) {
        out.push_back(i);
      }
      return out;
    }
  }
  throw ConfigError(
      fmt::format("the cell of {} atoms is too small for shell {} of a site's neighbours", crystal.size(), shell));
}

Hop vacancy_hop(const Atoms &crystal, const std::vector<std::size_t> &holes, std::size_t from, std::size_t to) {
  check_site(crystal, from);
  std::vector<std::size_t> sorted = holes;
  std::sort(sorted.begin(), sorted.end());
  for (const std::size_t hole : sorted) {
    check_site(crystal, hole);
  }
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    throw ConfigError("a site is emptied twice");
  }
  if (!std::binary_search(sorted.begin(), sorted.end(), to) || std::binary_search(sorted.begin(), sorted.end(), from)) {
    throw ConfigError(
        fmt::format("an atom cannot jump from site {} to site {}: the first must hold an atom, the second none", from, to));
  }
  Hop hop;
  hop.name = fmt::format("{}_to_{}", from, to);
  hop.first = bare(crystal);
  hop.last = hop.first;
  hop.last.position_A[from] = plus(crystal.position_A[from], shortest(crystal, from, to));
  for (auto hole = sorted.rbegin(); hole != sorted.rend(); ++hole) {
    erase_atom(hop.first, *hole);
    erase_atom(hop.last, *hole);
  }
  return hop;
}

std::vector<Hop> cluster_hops(const Atoms &crystal, const std::vector<std::size_t> &holes) {
  std::vector<Hop> out;
  for (const std::size_t to : holes) {
    for (const std::size_t from : shell_of(crystal, to, 1)) {
      if (std::find(holes.begin(), holes.end(), from) == holes.end()) {
        out.push_back(vacancy_hop(crystal, holes, from, to));
      }
    }
  }
  return out;
}

Hop dumbbell_hop(const Atoms &crystal, std::size_t site) {
  const Vector3 jump = next_of_row(crystal, site, "111");
  const double a = 2.0 * length(jump) / std::sqrt(3.0);
  const std::size_t neighbour = site_at(crystal, plus(crystal.position_A[site], jump), "a dumbbell's jump");
  constexpr double kHalf = 0.26; // of the lattice parameter along each of two axes: atoms 0.74 a apart
  Hop hop;
  hop.name = "dumbbell_110";
  hop.first = bare(crystal);
  const Vector3 from = crystal.position_A[site];
  hop.first.position_A[site] = plus(from, {kHalf * a, kHalf * a, 0.0}, -1.0);
  hop.first.position_A.push_back(plus(from, {kHalf * a, kHalf * a, 0.0}));
  hop.first.type.push_back(hop.first.type[site]);
  hop.last = hop.first;
  hop.last.position_A[site] = from;
  hop.last.position_A.back() = plus(plus(from, jump), {0.0, kHalf * a, kHalf * a}, -1.0);
  hop.last.position_A[neighbour] = plus(crystal.position_A[neighbour], {0.0, kHalf * a, kHalf * a});
  return hop;
}

Hop crowdion_hop(const Atoms &crystal, std::size_t site, const std::string &direction) {
  const Vector3 step = next_of_row(crystal, site, direction);
  const Vector3 from = crystal.position_A[site];
  const std::size_t next = site_at(crystal, plus(from, step), "a crowdion's jump");
  if (next == site) {
    throw ConfigError("the cell is one site long along the crowdion's row; take a larger one");
  }
  Hop hop;
  hop.name = "crowdion_" + direction;
  hop.first = bare(crystal);
  hop.first.position_A.push_back(plus(from, step, 0.5));
  hop.first.type.push_back(hop.first.type[site]);
  hop.last = hop.first;
  hop.last.position_A.back() = plus(from, step);
  hop.last.position_A[next] = plus(crystal.position_A[next], step, 0.5);
  return hop;
}

Hop chain_hop(const Atoms &crystal, std::size_t site, const std::string &direction, int atoms) {
  const Vector3 step = next_of_row(crystal, site, direction);
  const bool closed = atoms == 0;
  std::vector<std::size_t> row; // from the front backwards
  Vector3 place = crystal.position_A[site];
  for (std::size_t i = site; closed ? row.empty() || i != site : row.size() < static_cast<std::size_t>(atoms) + 1;) {
    if (!row.empty() && i == site) {
      throw ConfigError(fmt::format("the row along <{}> has {} sites: a chain of {} atoms and its vacancy do not fit",
                                    direction, row.size(), atoms));
    }
    row.push_back(i);
    place = plus(place, step, -1.0);
    i = site_at(crystal, place, "a chain");
  }
  Hop hop;
  hop.name = closed ? fmt::format("row_{}", direction) : fmt::format("chain_{}_{}", direction, atoms);
  hop.first = bare(crystal);
  hop.last = hop.first;
  for (const std::size_t i : row) {
    hop.last.position_A[i] = plus(crystal.position_A[i], step);
  }
  if (!closed) {
    erase_atom(hop.first, site);
    erase_atom(hop.last, site);
  }
  return hop;
}

Hop hop_between(const Atoms &first, const Atoms &last) {
  if (first.size() != last.size()) {
    throw ConfigError(fmt::format("the ends of a path have {} and {} atoms; they must be the same atoms in the same order",
                                  first.size(), last.size()));
  }
  const auto element = [](const Atoms &atoms, std::size_t i) {
    return atoms.elements[static_cast<std::size_t>(atoms.type[i])];
  };
  double off = 0.0;
  double half = std::numeric_limits<double>::infinity();
  const Vector3 thickness = thicknesses(first.cell);
  for (std::size_t v = 0; v < 3; ++v) {
    off = std::max(off, length(plus(first.cell.vectors[v], last.cell.vectors[v], -1.0)));
    half = first.cell.periodic[v] ? std::min(half, 0.5 * thickness[v]) : half;
  }
  if (off > 1e-4 || first.cell.periodic != last.cell.periodic) {
    throw ConfigError(fmt::format("the cells at the ends of a path differ{}; a path needs one cell",
                                  off > 1e-4 ? fmt::format(" by {:.3g} A", off) : " in their periodic directions"));
  }
  Hop hop;
  hop.first = bare(first);
  hop.last = hop.first;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (element(first, i) != element(last, i)) {
      throw ConfigError(
          fmt::format("atom {} is {} at one end of a path and {} at the other; they must be the same atoms in the "
                      "same order",
                      i + 1, element(first, i), element(last, i)));
    }
    const Vector3 way = shortest(first.cell, plus(last.position_A[i], first.position_A[i], -1.0));
    if (length(way) > half - 0.01) {
      throw ConfigError(fmt::format("atom {} would go {:.3g} A, half through the cell or further: its way is not known. Are "
                                    "the atoms of both ends in the same order?",
                                    i + 1, length(way)));
    }
    hop.last.position_A[i] = plus(first.position_A[i], way);
  }
  return hop;
}

} // namespace zener
