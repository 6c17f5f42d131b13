#include "host/neutral/site_symmetry.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace zener {
namespace {

using Rows = std::vector<std::vector<std::uint8_t>>;

// Permutations of the axes with signs, as (x,y,z) -> (sign[d] * component[axis[d]]).
struct Operation {
  std::array<int, 3> axis;
  std::array<int, 3> sign;
  Offset operator()(const Offset &o) const {
    Offset out{};
    for (std::size_t d = 0; d < 3; ++d) {
      out[d] = sign[d] * o[static_cast<std::size_t>(axis[d])];
    }
    return out;
  }
};

// The 48 operations; the first 6 have no sign and keep (1,1,1), the very first is the identity.
std::vector<Operation> cubic_operations() {
  std::vector<Operation> operations;
  for (int signs = 0; signs < 8; ++signs) {
    std::array<int, 3> axis{0, 1, 2};
    do {
      operations.push_back({axis, {(signs & 1) != 0 ? -1 : 1, (signs & 2) != 0 ? -1 : 1, (signs & 4) != 0 ? -1 : 1}});
    } while (std::next_permutation(axis.begin(), axis.end()));
  }
  return operations;
}

std::map<Offset, int> places(const std::vector<Offset> &sites) {
  std::map<Offset, int> out;
  for (std::size_t k = 0; k < sites.size(); ++k) {
    out[sites[k]] = static_cast<int>(k);
  }
  return out;
}

template <class Move> std::vector<std::uint8_t> permutation(const std::vector<Offset> &sites, const Move &move) {
  const std::map<Offset, int> place = places(sites);
  std::vector<std::uint8_t> out(sites.size());
  for (std::size_t k = 0; k < sites.size(); ++k) {
    out[static_cast<std::size_t>(place.at(move(sites[k])))] = static_cast<std::uint8_t>(k);
  }
  return out;
}

Offset turned_round(const Offset &o) { return {1 - o[0], 1 - o[1], 1 - o[2]}; }

// Four times the squared distance from the midpoint of the jump.
int from_midpoint(const Offset &o) {
  return (2 * o[0] - 1) * (2 * o[0] - 1) + (2 * o[1] - 1) * (2 * o[1] - 1) + (2 * o[2] - 1) * (2 * o[2] - 1);
}

std::vector<int> make_jump_sites() {
  const std::vector<Offset> &offsets = bcc_tables().offsets;
  const std::map<Offset, int> place = places(offsets);
  std::vector<int> sites;
  for (std::size_t k = 0; k < offsets.size(); ++k) {
    if (static_cast<int>(k) != kJumper && place.contains(turned_round(offsets[k]))) {
      sites.push_back(static_cast<int>(k));
    }
  }
  std::stable_sort(sites.begin(), sites.end(), [&](int a, int b) {
    return from_midpoint(offsets[static_cast<std::size_t>(a)]) < from_midpoint(offsets[static_cast<std::size_t>(b)]);
  });
  sites.insert(sites.begin(), kJumper);
  return sites;
}

Rows make_operations(SiteGroup group) {
  const std::vector<Offset> &offsets = bcc_tables().offsets;
  const std::vector<Operation> all = cubic_operations();
  Rows rows;
  if (group == SiteGroup::jump) {
    std::vector<Offset> sites;
    for (const int k : jump_sites()) {
      sites.push_back(offsets[static_cast<std::size_t>(k)]);
    }
    // The atom goes to the place of the vacancy when the jump is turned round, and is the same atom: it keeps its entry.
    const Offset jumper = sites[0];
    for (const bool round : {false, true}) {
      for (std::size_t g = 0; g < 6; ++g) {
        rows.push_back(permutation(sites, [&](const Offset &o) {
          const Offset kept = all[g](o);
          return o == jumper || !round ? kept : turned_round(kept);
        }));
      }
    }
    return rows;
  }
  const std::size_t number = group == SiteGroup::none ? 1 : group == SiteGroup::axis ? 6 : all.size();
  for (std::size_t g = 0; g < number; ++g) {
    rows.push_back(permutation(offsets, all[g]));
  }
  return rows;
}

} // namespace

const std::vector<int> &jump_sites() {
  static const std::vector<int> sites = make_jump_sites();
  return sites;
}

const std::vector<std::vector<std::uint8_t>> &site_operations(SiteGroup group) {
  static const std::array<Rows, 4> rows{make_operations(SiteGroup::none), make_operations(SiteGroup::axis),
                                        make_operations(SiteGroup::jump), make_operations(SiteGroup::vacancy)};
  return rows[static_cast<std::size_t>(group)];
}

int sites_of_shells(int shells) {
  const std::vector<int> &begin = bcc_tables().shell_begin;
  if (shells < 1 || shells >= static_cast<int>(begin.size())) {
    throw InvariantError("there are 1 to 8 shells around a vacancy");
  }
  return begin[static_cast<std::size_t>(shells)];
}

} // namespace zener
