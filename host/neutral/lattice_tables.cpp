#include "host/neutral/lattice_tables.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <vector>

namespace zener {
namespace {

int squared(const Offset &o) { return o[0] * o[0] + o[1] * o[1] + o[2] * o[2]; }

int find(const std::array<Offset, kEnvironmentSites> &offsets, const Offset &o) {
  const auto it = std::find(offsets.begin(), offsets.end(), o);
  return it == offsets.end() ? -1 : static_cast<int>(it - offsets.begin());
}

LatticeTables make() {
  std::vector<Offset> all;
  for (int x = -4; x <= 4; ++x) {
    for (int y = -4; y <= 4; ++y) {
      for (int z = -4; z <= 4; ++z) {
        const bool site = (x & 1) == (y & 1) && (y & 1) == (z & 1);
        const int d2 = x * x + y * y + z * z;
        if (site && d2 > 0 && d2 <= 21) {
          all.push_back({x, y, z});
        }
      }
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Offset &a, const Offset &b) { return squared(a) < squared(b); });
  if (all.size() != kEnvironmentSites) {
    throw InvariantError("the bcc environment has " + std::to_string(all.size()) + " sites instead of 112");
  }

  LatticeTables t{};
  std::copy(all.begin(), all.end(), t.offsets.begin());
  int shell = 0;
  for (int k = 0; k < kEnvironmentSites; ++k) {
    if (k == 0 || squared(t.offsets[static_cast<std::size_t>(k)]) != squared(t.offsets[static_cast<std::size_t>(k - 1)])) {
      t.shell_begin[static_cast<std::size_t>(shell++)] = k;
    }
  }
  t.shell_begin[kShells] = kEnvironmentSites;

  for (std::size_t p = 0; p < kPaths; ++p) {
    const Offset d = t.offsets[p];
    const auto a = alignment_matrix(d);
    for (const Offset &o : t.offsets) {
      const Offset image{a[0] * o[0] + a[1] * o[1] + a[2] * o[2], a[3] * o[0] + a[4] * o[1] + a[5] * o[2],
                         a[6] * o[0] + a[7] * o[1] + a[8] * o[2]};
      t.aligned[p][static_cast<std::size_t>(find(t.offsets, image))] = static_cast<std::uint8_t>(find(t.offsets, o));
    }
    for (std::size_t m = 0; m < LatticeTables::kAroundSites; ++m) {
      const Offset site{d[0] + t.offsets[m][0], d[1] + t.offsets[m][1], d[2] + t.offsets[m][2]};
      t.around_jump[p][m] = squared(site) == 0 ? LatticeTables::kSelf : static_cast<std::uint8_t>(find(t.offsets, site));
    }
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

const LatticeTables &bcc_tables() {
  static const LatticeTables tables = make();
  return tables;
}

} // namespace zener
