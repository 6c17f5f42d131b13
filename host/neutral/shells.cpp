#include "host/neutral/shells.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/kmc_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

constexpr double kGap = 1.04;   // ratio of neighbouring distances that parts two shells
constexpr double kWidth = 1.12; // largest ratio within one; the first two of bcc are apart by 1.155
constexpr double kReach =
    2.0; // of the search, in cube roots of an atom's volume: beyond the second shell of all common lattices

struct Bond {
  double squared;
  std::int32_t a, b;
};

// All pairs within a reach, each once, by bins at least that thick where the cell allows.
std::vector<Bond> bonds_within(const Atoms &atoms, double reach, const std::string &where) {
  const Matrix3 to_fraction = inverse(atoms.cell.vectors);
  const Vector3 thickness = thicknesses(atoms.cell);
  const double most = std::cbrt(static_cast<double>(atoms.size())) + 1.0;
  std::array<std::int64_t, 3> bins{}, around{};
  for (std::size_t d = 0; d < 3; ++d) {
    bins[d] = static_cast<std::int64_t>(std::clamp(std::floor(thickness[d] / reach), 1.0, most));
    around[d] = static_cast<std::int64_t>(std::ceil(reach * static_cast<double>(bins[d]) / thickness[d]));
  }
  const auto size = static_cast<std::size_t>(bins[0] * bins[1] * bins[2]);
  std::vector<std::vector<std::int32_t>> members(size);
  std::vector<std::array<std::int64_t, 3>> bin_of(atoms.size());
  std::vector<Vector3> wrapped(atoms.size());
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    Vector3 s = times(atoms.position_A[i], to_fraction);
    for (std::size_t d = 0; d < 3; ++d) {
      s[d] -= atoms.cell.periodic[d] ? std::floor(s[d]) : 0.0;
      const double bin = std::floor(s[d] * static_cast<double>(bins[d]));
      bin_of[i][d] = static_cast<std::int64_t>(std::clamp(bin, 0.0, static_cast<double>(bins[d] - 1)));
    }
    wrapped[i] = times(s, atoms.cell.vectors);
    const auto &b = bin_of[i];
    members[static_cast<std::size_t>((b[0] * bins[1] + b[1]) * bins[2] + b[2])].push_back(static_cast<std::int32_t>(i));
  }
  std::vector<Bond> found;
  const auto look = [&](std::size_t i, const std::array<std::int64_t, 3> &at) {
    std::array<std::int64_t, 3> home{};
    Vector3 cells{};
    for (std::size_t d = 0; d < 3; ++d) {
      const std::int64_t image = at[d] >= 0 ? at[d] / bins[d] : -((bins[d] - 1 - at[d]) / bins[d]);
      if (image != 0 && !atoms.cell.periodic[d]) {
        return;
      }
      home[d] = at[d] - image * bins[d];
      cells[d] = static_cast<double>(image);
    }
    const Vector3 shift = times(cells, atoms.cell.vectors);
    for (const std::int32_t j : members[static_cast<std::size_t>((home[0] * bins[1] + home[1]) * bins[2] + home[2])]) {
      const auto other = static_cast<std::size_t>(j);
      if (other < i || (other == i && cells == Vector3{})) {
        continue;
      }
      double squared = 0.0;
      for (std::size_t d = 0; d < 3; ++d) {
        const double x = wrapped[other][d] + shift[d] - wrapped[i][d];
        squared += x * x;
      }
      if (squared <= reach * reach) {
        if (other == i) {
          throw ConfigError(fmt::format("{}: the cell is so small that atom {} is a neighbour of its own image ({:.4g} A "
                                        "away); allowed: more cells, or \"order_shells\": 0",
                                        where, i + 1, std::sqrt(squared)));
        }
        found.push_back({squared, static_cast<std::int32_t>(i), j});
      }
    }
  };
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const auto &b = bin_of[i];
    for (std::int64_t x = b[0] - around[0]; x <= b[0] + around[0]; ++x) {
      for (std::int64_t y = b[1] - around[1]; y <= b[1] + around[1]; ++y) {
        for (std::int64_t z = b[2] - around[2]; z <= b[2] + around[2]; ++z) {
          look(i, {x, y, z});
        }
      }
    }
  }
  return found;
}

} // namespace

std::vector<Shell> shells_of(const Atoms &atoms, int count, const std::string &where) {
  std::vector<Shell> shells;
  if (count == 0) {
    return shells;
  }
  const double reach = kReach * std::cbrt(volume(atoms.cell) / static_cast<double>(atoms.size()));
  std::vector<Bond> bonds = bonds_within(atoms, reach, where);
  std::sort(bonds.begin(), bonds.end(), [](const Bond &x, const Bond &y) { return x.squared < y.squared; });
  std::size_t next = 0;
  while (shells.size() < static_cast<std::size_t>(count) && next < bonds.size()) {
    Shell shell;
    const double first = std::sqrt(bonds[next].squared);
    double last = first, sum = 0.0;
    for (; next < bonds.size() && std::sqrt(bonds[next].squared) < kGap * last; ++next) {
      last = std::sqrt(bonds[next].squared);
      sum += last;
      shell.bonds.push_back({bonds[next].a, bonds[next].b});
    }
    if (last > kWidth * first || kGap * last > reach || shell.bonds.size() < atoms.size()) { // a tail of a few
      break;
    }
    shell.distance_A = sum / static_cast<double>(shell.bonds.size());
    shells.push_back(std::move(shell));
  }
  if (shells.size() < static_cast<std::size_t>(count)) {
    throw DataError(fmt::format("{}: shell {} of neighbours cannot be told from the next: the atoms are too far from the sites "
                                "of a crystal. Give the crystal at rest, or set output.order_shells to {}",
                                where, shells.size() + 1, shells.size()));
  }
  return shells;
}

std::vector<std::int64_t> count_bonds(const std::vector<Shell> &shells, const std::vector<std::int32_t> &types,
                                      std::size_t elements) {
  const auto n = static_cast<int>(elements);
  const auto pairs = static_cast<std::size_t>(n * (n + 1) / 2);
  std::vector<std::int64_t> counts(shells.size() * pairs, 0);
  for (std::size_t s = 0; s < shells.size(); ++s) {
    for (const auto &[a, b] : shells[s].bonds) {
      ++counts[s * pairs +
               static_cast<std::size_t>(pair_index(types[static_cast<std::size_t>(a)], types[static_cast<std::size_t>(b)], n))];
    }
  }
  return counts;
}

} // namespace zener
