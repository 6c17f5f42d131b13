#include "host/neutral/events_sites.hpp"

#include "host/neutral/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

constexpr double kLeastDistance_A = 0.1;
// No lattice of one site in a unit volume has all its sites further apart than 2^(1/6) (fcc).
constexpr double kClosest = 1.13;

// Atoms anywhere would be 0.43 (fcc) to 0.5 (simple cubic) of the least distance away, those of a crystal about to melt 0.15.
constexpr double kMostSpread = 0.33;

double length(const Vector3 &v) { return std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]); }

Vector3 unit(const std::array<int, 3> &v) {
  const Vector3 real{static_cast<double>(v[0]), static_cast<double>(v[1]), static_cast<double>(v[2])};
  return {real[0] / length(real), real[1] / length(real), real[2] / length(real)};
}

int wrapped(int cell, int cells) { return (cell % cells + cells) % cells; }

} // namespace

CrystalSites crystal_sites(StructureSpec spec) {
  spec.defects.clear();
  spec.displacement_A = 0.0;
  const Atoms atoms = build_structure(spec);
  CrystalSites sites;
  sites.cell = atoms.cell;
  const Matrix3 to_fractions = inverse(atoms.cell.vectors);
  for (const Vector3 &x : atoms.position_A) {
    Vector3 s = times(x, to_fractions);
    for (std::size_t d = 0; d < 3; ++d) {
      if (sites.cell.periodic[d]) {
        constexpr double kSame = 1e-9; // rounding must not put sites of one plane on both sides of the cell
        s[d] -= std::floor(s[d] + kSame);
      }
    }
    sites.fraction.push_back(s);
  }
  if (spec.orientation) {
    for (std::size_t d = 0; d < 3; ++d) {
      sites.axes[d] = unit((*spec.orientation)[d]);
    }
  }
  return sites;
}

SiteCells sorted_sites(const CrystalSites &sites) {
  SiteCells out;
  const std::size_t n = sites.fraction.size();
  const double apart = kClosest * std::cbrt(volume(sites.cell) / static_cast<double>(n));
  const Vector3 thick = thicknesses(sites.cell);
  std::array<int, 3> reach{};
  for (std::size_t d = 0; d < 3; ++d) {
    out.cells[d] = std::clamp(static_cast<int>(thick[d] / apart), 1, 1024);
    reach[d] = static_cast<int>(std::ceil(apart * out.cells[d] / thick[d]));
  }
  const auto place = [&](const Vector3 &s) {
    std::array<int, 3> at{};
    for (std::size_t d = 0; d < 3; ++d) {
      at[d] = std::clamp(static_cast<int>(std::floor(s[d] * out.cells[d])), 0, out.cells[d] - 1);
    }
    return at;
  };
  const auto number = [&](const std::array<int, 3> &at) {
    return static_cast<std::size_t>((static_cast<std::int64_t>(at[0]) * out.cells[1] + at[1]) * out.cells[2] + at[2]);
  };
  const auto count =
      static_cast<std::size_t>(out.cells[0]) * static_cast<std::size_t>(out.cells[1]) * static_cast<std::size_t>(out.cells[2]);
  out.begin.assign(count + 1, 0);
  for (const Vector3 &s : sites.fraction) {
    ++out.begin[number(place(s)) + 1];
  }
  for (std::size_t c = 0; c < count; ++c) {
    out.begin[c + 1] += out.begin[c];
  }
  out.order.resize(n);
  std::vector<std::int32_t> next(out.begin.begin(), out.begin.end() - 1);
  for (std::size_t i = 0; i < n; ++i) {
    out.order[static_cast<std::size_t>(next[number(place(sites.fraction[i]))]++)] = static_cast<std::int32_t>(i);
  }
  double least = apart;
  std::size_t first = 0, second = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::array<int, 3> at = place(sites.fraction[i]);
    for (int a = -reach[0]; a <= reach[0]; ++a) {
      for (int b = -reach[1]; b <= reach[1]; ++b) {
        for (int c = -reach[2]; c <= reach[2]; ++c) {
          const std::array<int, 3> raw{at[0] + a, at[1] + b, at[2] + c};
          std::array<int, 3> cell{};
          Vector3 image{};
          bool there = true;
          for (std::size_t d = 0; d < 3; ++d) {
            cell[d] = wrapped(raw[d], out.cells[d]);
            image[d] = static_cast<double>((raw[d] - cell[d]) / out.cells[d]);
            there = there && (sites.cell.periodic[d] || image[d] == 0.0);
          }
          if (!there) {
            continue;
          }
          for (std::int32_t m = out.begin[number(cell)]; m < out.begin[number(cell) + 1]; ++m) {
            const auto j = static_cast<std::size_t>(out.order[static_cast<std::size_t>(m)]);
            if (j == i && image == Vector3{}) {
              continue;
            }
            Vector3 s{};
            for (std::size_t d = 0; d < 3; ++d) {
              s[d] = sites.fraction[j][d] + image[d] - sites.fraction[i][d];
            }
            const double distance = length(times(s, sites.cell.vectors));
            if (distance < least) {
              least = distance;
              first = i;
              second = j;
            }
          }
        }
      }
    }
  }
  if (least < kLeastDistance_A) {
    throw ConfigError(
        fmt::format("analyses/events/sites: the sites {} and {} (from 0) are {:.3g} A apart; sites of a crystal are "
                    "expected, each once",
                    first, second, least));
  }
  out.least_A = least;
  return out;
}

void check_sites(const CrystalSites &sites, const std::vector<Atoms> &systems) {
  const auto count = static_cast<std::int64_t>(sites.fraction.size());
  for (std::size_t k = 0; k < systems.size(); ++k) {
    const auto atoms = static_cast<std::int64_t>(systems[k].size());
    if (std::abs(atoms - count) > std::max<std::int64_t>(4, count / 10)) {
      throw ConfigError(fmt::format("analyses/events/sites: {} sites for {} atoms (system {}); the perfect crystal of the same "
                                    "cell is expected: are lattice and cells those of the atoms?",
                                    count, atoms, k + 1));
    }
    for (std::size_t d = 0; d < 3; ++d) {
      if (systems[k].cell.periodic[d] != sites.cell.periodic[d]) {
        throw ConfigError(fmt::format("analyses/events/sites: their cell is {} along {}, that of the atoms (system {}) is {}",
                                      sites.cell.periodic[d] ? "periodic" : "free", "abc"[d], k + 1,
                                      systems[k].cell.periodic[d] ? "periodic" : "free"));
      }
    }
  }
}

void check_spread(std::size_t system, double spread_A, double least_A, const std::string &when) {
  if (!(spread_A < kMostSpread * least_A)) {
    throw ConfigError(
        fmt::format("analyses/events/sites: the atoms of system {} are {:.2f} A from the nearest sites {} (root mean square), "
                    "more than {:.2f} "
                    "times the {:.2f} A between two sites: they are not on these sites; check lattice, cells and orientation",
                    system + 1, spread_A, when, kMostSpread, least_A));
  }
}

} // namespace zener
