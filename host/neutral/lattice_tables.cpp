#include "host/neutral/lattice_tables.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <string>

namespace zener {
namespace {

int squared(const Offset &o) { return o[0] * o[0] + o[1] * o[1] + o[2] * o[2]; }

bool is_site(Structure structure, const Offset &o) {
  switch (structure) {
  case Structure::bcc:
    return (o[0] & 1) == (o[1] & 1) && (o[1] & 1) == (o[2] & 1);
  case Structure::fcc:
    return ((o[0] + o[1] + o[2]) & 1) == 0;
  default:
    return true;
  }
}

std::uint8_t find(const std::vector<Offset> &offsets, const Offset &o) {
  const auto it = std::find(offsets.begin(), offsets.end(), o);
  if (it == offsets.end()) {
    throw InvariantError("a site around a jump lies outside of the environment");
  }
  return static_cast<std::uint8_t>(it - offsets.begin());
}

struct Extent {
  int reach;   // largest component
  int squared; // largest squared distance
  std::size_t sites;
};
constexpr Extent kExtents[] = {{4, 21, 112}, {2, 6, 80}, {3, 14, 134}};

// Offsets with components up to `reach`, by squared distance, then by x, y, z.
std::vector<Offset> sites_within(Structure structure, int reach, int most) {
  std::vector<Offset> offsets;
  for (int x = -reach; x <= reach; ++x) {
    for (int y = -reach; y <= reach; ++y) {
      for (int z = -reach; z <= reach; ++z) {
        const Offset o{x, y, z};
        if (is_site(structure, o) && squared(o) > 0 && squared(o) <= most) {
          offsets.push_back(o);
        }
      }
    }
  }
  std::stable_sort(offsets.begin(), offsets.end(), [](const Offset &a, const Offset &b) { return squared(a) < squared(b); });
  return offsets;
}

LatticeTables make(Structure structure) {
  const Extent extent = kExtents[static_cast<int>(structure)];
  LatticeTables t;
  t.offsets = sites_within(structure, extent.reach, extent.squared);
  if (t.offsets.size() != extent.sites) {
    throw InvariantError(std::string("the environment of ") + structure_name(structure) + " has " +
                         std::to_string(t.offsets.size()) + " sites instead of " + std::to_string(extent.sites));
  }
  for (std::size_t k = 0; k < t.offsets.size(); ++k) {
    if (k == 0 || squared(t.offsets[k]) != squared(t.offsets[k - 1])) {
      t.shell_begin.push_back(static_cast<int>(k));
    }
  }
  t.shell_begin.push_back(static_cast<int>(t.offsets.size()));
  t.paths = t.shell_begin[1];
  t.around_sites = t.shell_begin[kMaxPairShells];

  for (int p = 0; p < t.paths; ++p) {
    const Offset d = t.offsets[static_cast<std::size_t>(p)];
    if (structure == Structure::bcc) {
      const auto a = alignment_matrix(d);
      std::vector<std::uint8_t> aligned(t.offsets.size());
      for (const Offset &o : t.offsets) {
        const Offset image{a[0] * o[0] + a[1] * o[1] + a[2] * o[2], a[3] * o[0] + a[4] * o[1] + a[5] * o[2],
                           a[6] * o[0] + a[7] * o[1] + a[8] * o[2]};
        aligned[find(t.offsets, image)] = find(t.offsets, o);
      }
      t.aligned.push_back(std::move(aligned));
    }
    std::vector<std::uint8_t> around;
    for (int m = 0; m < t.around_sites; ++m) {
      const Offset &o = t.offsets[static_cast<std::size_t>(m)];
      const Offset site{d[0] + o[0], d[1] + o[1], d[2] + o[2]};
      around.push_back(squared(site) == 0 ? LatticeTables::kSelf : find(t.offsets, site));
    }
    t.around_jump.push_back(std::move(around));
  }
  return t;
}

} // namespace

std::array<int, 9> alignment_matrix(const Offset &d) {
  const int z = d[2];
  if (d[0] < 0 && d[1] < 0) {
    return {-1, 0, 0, 0, -1, 0, 0, 0, z}; // 180 degrees
  }
  if (d[0] < 0) {
    return {0, 1, 0, -1, 0, 0, 0, 0, z}; // -90 degrees
  }
  if (d[1] < 0) {
    return {0, -1, 0, 1, 0, 0, 0, 0, z}; // +90 degrees
  }
  return {1, 0, 0, 0, 1, 0, 0, 0, z};
}

const LatticeTables &lattice_tables(Structure structure) {
  static const LatticeTables tables[] = {make(Structure::bcc), make(Structure::sc), make(Structure::fcc)};
  return tables[static_cast<int>(structure)];
}

namespace {

JumpEnvironment make_jump_environment(int shells, int reach, int most, std::size_t sites) {
  JumpEnvironment t;
  t.shells = shells;
  t.least_cells = std::max(reach + 1, least_cells(Structure::bcc));
  t.offsets = sites_within(Structure::bcc, reach, most);
  if (t.offsets.size() != sites) {
    throw InvariantError("the environment of " + std::to_string(shells) + " shells around a jump has " +
                         std::to_string(t.offsets.size()) + " sites instead of " + std::to_string(sites));
  }
  const LatticeTables &bcc = bcc_tables();
  for (int p = 0; p < bcc.paths; ++p) {
    const Offset d = t.offsets[static_cast<std::size_t>(p)];
    std::vector<std::uint8_t> after;
    for (int m = 0; m < bcc.shell_begin[static_cast<std::size_t>(shells)]; ++m) {
      const Offset &o = bcc.offsets[static_cast<std::size_t>(m)];
      const Offset site{d[0] + o[0], d[1] + o[1], d[2] + o[2]};
      after.push_back(squared(site) == 0 ? static_cast<std::uint8_t>(p) : find(t.offsets, site));
    }
    t.after_jump.push_back(std::move(after));
  }
  return t;
}

} // namespace

const JumpEnvironment &jump_environment(int shells) {
  static const JumpEnvironment environments[] = {make_jump_environment(3, 4, 21, 112), make_jump_environment(5, 4, 27, 144),
                                                 make_jump_environment(8, 5, 36, 252)};
  return environments[shells <= 3 ? 0 : (shells <= 5 ? 1 : 2)];
}

const char *structure_name(Structure structure) {
  constexpr const char *kNames[] = {"bcc", "sc", "fcc"};
  return kNames[static_cast<int>(structure)];
}

Offset site_coordinates(Structure structure, const std::array<int, 3> &cells, std::int64_t site) {
  const int per_cell = sites_per_cell(structure);
  const int units = units_per_cell(structure);
  const int b = static_cast<int>(site % per_cell);
  const std::int64_t cell = site / per_cell;
  Offset c{static_cast<int>(cell / cells[2] / cells[1]) * units, static_cast<int>(cell / cells[2] % cells[1]) * units,
           static_cast<int>(cell % cells[2]) * units};
  if (structure == Structure::bcc) {
    c = {c[0] + b, c[1] + b, c[2] + b};
  } else if (structure == Structure::fcc) {
    c = {c[0] + (b >> 1), c[1] + (b & 1), c[2] + ((b >> 1) ^ (b & 1))};
  }
  return c;
}

std::int64_t site_at(Structure structure, const std::array<int, 3> &cells, Offset c) {
  if (!is_site(structure, c)) {
    return -1;
  }
  const int units = units_per_cell(structure);
  for (std::size_t a = 0; a < 3; ++a) {
    const int period = units * cells[a];
    c[a] = (c[a] % period + period) % period;
  }
  const int b = structure == Structure::bcc ? c[0] & 1 : (structure == Structure::fcc ? 2 * (c[0] & 1) + (c[1] & 1) : 0);
  const std::int64_t cell = (std::int64_t{c[0] / units} * cells[1] + c[1] / units) * cells[2] + c[2] / units;
  return cell * sites_per_cell(structure) + b;
}

} // namespace zener
