#include "host/neutral/flux_layout.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace zener {
namespace {

constexpr char kNames[] = "xyz";
constexpr double kSmearing = 0.08;         // of the distance of nearest neighbours
constexpr std::int64_t kUsualPoints = 512; // along an edge, where nothing is asked for
constexpr std::int64_t kMostPoints = 2048;
constexpr std::size_t kMostPlanes = 4096;

std::array<double, 3> edges_of(const Cell &cell) {
  std::array<double, 3> edge{};
  for (std::size_t r = 0; r < 3; ++r) {
    edge[r] = cell.vectors[r][r];
    for (std::size_t d = 0; d < 3; ++d) {
      if (!(edge[r] > 0.0) || (d != r && std::abs(cell.vectors[r][d]) > 1e-6 * edge[r])) {
        throw ConfigError(fmt::format(
            "analyses/flux: the planes need a cell whose edges are along x, y and z; edge {} is ({}, {}, {}) A", "abc"[r],
            number_text(cell.vectors[r][0]), number_text(cell.vectors[r][1]), number_text(cell.vectors[r][2])));
      }
    }
  }
  return edge;
}

std::vector<double> planes_of(const FluxPlan &plan, const Atoms &atoms, const FluxSystem &system, std::size_t d) {
  std::vector<double> planes;
  if (plan.planes_A[d]) {
    planes = *plan.planes_A[d];
    for (std::size_t p = 0; p < planes.size(); ++p) {
      if (!(planes[p] >= 0.0) || !(planes[p] < system.edge_A[d]) || (p > 0 && !(planes[p] > planes[p - 1]))) {
        throw ConfigError(fmt::format(
            "analyses/flux/planes_A/{}: met {:.6g} A; allowed: from 0 to below the cell's edge, {:.6g} A, ascending", kNames[d],
            planes[p], system.edge_A[d]));
      }
    }
  } else {
    std::vector<double> coordinates;
    for (const Vector3 &position : atoms.position_A) {
      coordinates.push_back(position[d]);
    }
    planes = planes_between_layers(coordinates, system.edge_A[d], system.periodic[d], kSmearing * system.neighbour_A);
    if (planes.empty()) {
      throw ConfigError(
          fmt::format("analyses/flux/planes_A: no layers of atoms can be told apart along {} where the analysis begins; "
                      "give the planes across {} (an empty list for none)",
                      kNames[d], kNames[d]));
    }
  }
  if (planes.size() > kMostPlanes) {
    throw ConfigError(
        fmt::format("analyses/flux/planes_A: {} planes across {}; allowed: {}", planes.size(), kNames[d], kMostPlanes));
  }
  return planes;
}

std::int64_t points_along(const FluxPlan &plan, double edge, double neighbour) {
  const double wanted = std::ceil(edge / plan.grid_A.value_or(0.1 * neighbour) - 1e-9);
  if (!plan.grid_A) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(wanted), 1, kUsualPoints);
  }
  if (wanted > static_cast<double>(kMostPoints)) {
    throw ConfigError(fmt::format("analyses/flux/grid_A: met {} A, {} points along an edge of {} A; allowed: {} points",
                                  number_text(*plan.grid_A), number_text(wanted), number_text(edge), kMostPoints));
  }
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(wanted));
}

// Bins of the cell, each at least `reach` thick where the cell is, with the atoms in them.
struct Bins {
  std::array<std::int64_t, 3> number{};
  std::vector<std::vector<std::size_t>> atoms;
};

} // namespace

double cutoff_area(double inner_A, double outer_A) {
  const double length = outer_A - inner_A;
  return std::numbers::pi * (inner_A * inner_A + inner_A * length + 0.5 * length * length) -
         2.0 * length * length / std::numbers::pi;
}

std::vector<double> planes_between_layers(const std::vector<double> &coordinates, double length_A, bool periodic,
                                          double smearing_A) {
  if (coordinates.empty() || !(length_A > 0.0) || !(smearing_A > 0.0)) {
    return {};
  }
  // In a free direction the atoms and twenty smearings beside them stand for the cell, so that it ends where nothing is.
  const auto [least, greatest] = std::minmax_element(coordinates.begin(), coordinates.end());
  const double origin = periodic ? 0.0 : *least - 10.0 * smearing_A;
  const double length = periodic ? length_A : *greatest - *least + 20.0 * smearing_A;
  const auto bins = static_cast<std::size_t>(std::clamp(std::ceil(4.0 * length / smearing_A), 64.0, 1048576.0));
  const double width = length / static_cast<double>(bins);
  const auto bin_of = [&](double x) {
    const double share = (x - origin) / length;
    return std::min(bins - 1, static_cast<std::size_t>((share - std::floor(share)) * static_cast<double>(bins)));
  };
  std::vector<double> count(bins, 0.0), density(bins, 0.0);
  for (const double x : coordinates) {
    count[bin_of(x)] += 1.0;
  }
  const std::size_t reach = std::min(bins / 2, static_cast<std::size_t>(5.0 * smearing_A / width));
  for (std::size_t b = 0; b < bins; ++b) {
    for (std::size_t j = 0; count[b] > 0.0 && j <= 2 * reach; ++j) {
      const double away = (static_cast<double>(j) - static_cast<double>(reach)) * width / smearing_A;
      density[(b + bins + j - reach) % bins] += count[b] * std::exp(-0.5 * away * away) * width / smearing_A;
    }
  }
  const double mean = std::sqrt(2.0 * std::numbers::pi) * static_cast<double>(coordinates.size()) / static_cast<double>(bins);
  const auto begin = static_cast<std::size_t>(std::min_element(density.begin(), density.end()) - density.begin());
  if (density[begin] > 0.5 * mean) {
    return {};
  }
  // From the emptiest bin on: the bins between which the layers are. A gap ends halfway between what is dense on both sides.
  std::vector<std::size_t> gaps{0}; // bins from `begin` on
  bool dense = false;
  std::size_t left = 0; // where the last layer ended
  bool any = false;
  for (std::size_t j = 0; j < bins; ++j) {
    const double here = density[(begin + j) % bins];
    if (!dense && here > mean) {
      if (any) {
        gaps.push_back((left + j) / 2);
      }
      dense = any = true;
    } else if (dense && here < 0.5 * mean) {
      dense = false;
      left = j;
    }
  }
  std::vector<double> sum(gaps.size(), 0.0), atoms(gaps.size(), 0.0);
  const double start = origin + static_cast<double>(begin) * width;
  for (const double x : coordinates) {
    const double share = (x - start) / length;
    const double from_start = (share - std::floor(share)) * length;
    const auto layer = static_cast<std::size_t>(
        std::upper_bound(gaps.begin(), gaps.end(), static_cast<std::size_t>(from_start / width)) - gaps.begin() - 1);
    sum[layer] += from_start;
    atoms[layer] += 1.0;
  }
  // In a gas there are gaps as well, but not between layers alike.
  std::vector<double> sorted = atoms;
  std::sort(sorted.begin(), sorted.end());
  const double usual = sorted[sorted.size() / 2];
  if (!(sorted.front() > 0.5 * usual) || !(sorted.back() < 1.5 * usual)) {
    return {};
  }
  std::vector<double> planes;
  for (std::size_t l = 0; l + (periodic ? 0 : 1) < gaps.size(); ++l) {
    const bool last = l + 1 == gaps.size();
    const std::size_t next = last ? 0 : l + 1;
    const double plane = start + 0.5 * (sum[l] / atoms[l] + sum[next] / atoms[next] + (last ? length : 0.0));
    planes.push_back(periodic ? plane - std::floor(plane / length) * length : plane);
  }
  std::sort(planes.begin(), planes.end());
  return planes;
}

double neighbour_distance(const Atoms &atoms) {
  const Matrix3 back = inverse(atoms.cell.vectors);
  const Vector3 thickness = thicknesses(atoms.cell);
  // Nearest neighbours of dense structures are within 1.13 of this unit; of open ones within twice.
  const double reach = 2.0 * std::cbrt(volume(atoms.cell) / static_cast<double>(std::max<std::size_t>(1, atoms.size())));
  Bins bins;
  for (std::size_t d = 0; d < 3; ++d) {
    bins.number[d] = std::clamp<std::int64_t>(static_cast<std::int64_t>(thickness[d] / reach), 1, 256);
  }
  bins.atoms.resize(static_cast<std::size_t>(bins.number[0] * bins.number[1] * bins.number[2]));
  const auto at = [&](const std::array<std::int64_t, 3> &b) {
    return static_cast<std::size_t>((b[0] * bins.number[1] + b[1]) * bins.number[2] + b[2]);
  };
  std::vector<Vector3> inside(atoms.size()); // fractional, wrapped where periodic
  std::vector<std::array<std::int64_t, 3>> bin(atoms.size());
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    inside[i] = times(atoms.position_A[i], back);
    for (std::size_t d = 0; d < 3; ++d) {
      inside[i][d] -= atoms.cell.periodic[d] ? std::floor(inside[i][d]) : 0.0;
      const double place =
          std::clamp(inside[i][d] * static_cast<double>(bins.number[d]), 0.0, static_cast<double>(bins.number[d] - 1));
      bin[i][d] = static_cast<std::int64_t>(place);
    }
    bins.atoms[at(bin[i])].push_back(i);
  }
  double sum = 0.0, known = 0.0;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    double least = std::numeric_limits<double>::infinity();
    for (int offset = 0; offset < 27; ++offset) {
      const std::array<int, 3> step{offset / 9 - 1, offset / 3 % 3 - 1, offset % 3 - 1};
      std::array<std::int64_t, 3> b{};
      Vector3 image{};
      bool there = true;
      for (std::size_t d = 0; d < 3; ++d) {
        b[d] = bin[i][d] + step[d];
        if (b[d] < 0 || b[d] >= bins.number[d]) {
          there = there && atoms.cell.periodic[d];
          image[d] = step[d];
          b[d] = b[d] < 0 ? bins.number[d] - 1 : 0;
        }
      }
      if (!there) {
        continue;
      }
      for (const std::size_t j : bins.atoms[at(b)]) {
        if (j == i && image == Vector3{}) {
          continue;
        }
        Vector3 s{};
        for (std::size_t d = 0; d < 3; ++d) {
          s[d] = inside[j][d] + image[d] - inside[i][d];
        }
        const Vector3 r = times(s, atoms.cell.vectors);
        least = std::min(least, r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
      }
    }
    if (std::isfinite(least)) {
      sum += std::sqrt(least);
      known += 1.0;
    }
  }
  return known > 0.0 ? sum / known : 0.0;
}

FluxLayout flux_layout(const FluxPlan &plan, const std::vector<Atoms> &systems) {
  FluxLayout layout;
  for (const Atoms &atoms : systems) {
    FluxSystem system;
    system.edge_A = edges_of(atoms.cell);
    system.periodic = atoms.cell.periodic;
    system.neighbour_A = plan.neighbour_A.value_or(neighbour_distance(atoms));
    if (!(system.neighbour_A > 0.0)) {
      throw ConfigError("analyses/flux/neighbour_A: no atom has a neighbour where the analysis begins; give the distance");
    }
    const std::array<double, 2> radii =
        plan.cutoff_radii.value_or(std::array{system.neighbour_A / 3.0, system.neighbour_A / 2.0});
    system.inner_A = radii[0];
    system.outer_A = radii[1];
    for (std::size_t d = 0; d < 3; ++d) {
      FluxAxis &axis = system.axis[d];
      axis.planes_A = planes_of(plan, atoms, system, d);
      axis.points = {points_along(plan, system.edge_A[d == 0 ? 1 : 0], system.neighbour_A),
                     points_along(plan, system.edge_A[d == 2 ? 1 : 2], system.neighbour_A)};
      axis.first_plane = layout.planes;
      axis.first_point = layout.points;
      layout.planes += static_cast<std::int64_t>(axis.planes_A.size());
      layout.points += axis.points[0] * axis.points[1];
    }
    layout.systems.push_back(std::move(system));
  }
  return layout;
}

} // namespace zener
