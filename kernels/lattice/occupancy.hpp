// Random alloys and counts of bonds, for many walkers at once.
//
// RandomAlloy: walker w gets exactly atoms[group][s] atoms of each species, and vacancies on the sites left, at random
// (Fisher-Yates shuffle, Philox stream random_alloy). One lane a walker: sites writes and draws each; set-up only.
// FindVacancies: the sites that hold code 0, in order; one lane a walker. CountBonds: unordered bonds of each pair of species
// in shells 1 and 2 (each bond seen from one end); one lane a walker: 7 neighbours a site of bcc. Bytes: 2 to 8 scattered a
// site. Limit: latency; a cell with many sites and few walkers leaves a GPU idle. Determinism: integers and draws by (walker,
// site).
#pragma once

#include "kernels/exec/philox.hpp"
#include "kernels/exec/random_streams.hpp"
#include "kernels/exec/view.hpp"
#include "kernels/lattice/lattices.hpp"
#include "kernels/lattice/tables.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

// Index of the unordered pair of species a, b (0-based) among n.
ZENER_FN int unordered_pair(int a, int b, int n) {
  const int low = a < b ? a : b;
  const int high = a < b ? b : a;
  return low * n - low * (low - 1) / 2 + high - low;
}

struct RandomAlloy {
  View<std::uint8_t, 2> occupancy;   // [walker][site]
  View<const std::int64_t, 2> atoms; // [group][species]
  int replicas;
  std::uint32_t seed;
  std::uint32_t first_walker;

  ZENER_FN void operator()(std::int64_t w) const {
    const std::int64_t sites = occupancy.extent(1);
    const std::int64_t group = w / replicas;
    std::int64_t filled = 0;
    for (int s = 0; s < atoms.extent(1); ++s) {
      for (std::int64_t k = 0; k < atoms(group, s); ++k) {
        occupancy(w, filled++) = static_cast<std::uint8_t>(s + 1);
      }
    }
    for (; filled < sites; ++filled) {
      occupancy(w, filled) = 0;
    }
    for (std::int64_t last = sites - 1; last > 0; --last) {
      const Random128 draw = random_bits(streams::random_alloy, seed, first_walker + static_cast<std::uint32_t>(w),
                                         static_cast<std::uint64_t>(last), 0);
      const std::int64_t other = uniform_below(draw.low(), static_cast<std::uint32_t>(last + 1));
      const std::uint8_t code = occupancy(w, last);
      occupancy(w, last) = occupancy(w, other);
      occupancy(w, other) = code;
    }
  }
};

struct FindVacancies {
  View<const std::uint8_t, 2> occupancy;
  View<std::int32_t, 2> vacancy_site; // [walker][V]; -1 where there are fewer

  ZENER_FN void operator()(std::int64_t w) const {
    std::int64_t found = 0;
    for (std::int64_t site = 0; site < occupancy.extent(1); ++site) {
      if (occupancy(w, site) == 0 && found < vacancy_site.extent(1)) {
        vacancy_site(w, found++) = static_cast<std::int32_t>(site);
      }
    }
    for (; found < vacancy_site.extent(1); ++found) {
      vacancy_site(w, found) = -1;
    }
  }
};

template <class L> struct CountBonds {
  L lattice;
  LatticeTablesView tables;
  View<const std::uint8_t, 2> occupancy;
  View<std::int32_t, 2> counts; // [shell * pairs + pair][walker]
  int shells;
  int species;

  ZENER_FN void operator()(std::int64_t w) const {
    if (shells == 0) {
      return;
    }
    const int pairs = species * (species + 1) / 2;
    std::int32_t count[kMostShells * kMostPairs] = {};
    for (std::int64_t site = 0; site < occupancy.extent(1); ++site) {
      const int a = occupancy(w, site);
      if (a == 0) {
        continue;
      }
      const SiteCoordinates c = lattice.coordinates(static_cast<std::int32_t>(site));
      int m = 0;
      for (int shell = 0; shell < shells; ++shell) {
        for (; m < L::shell_end(shell); ++m) {
          const std::int32_t dx = tables.offsets(m, 0);
          const std::int32_t dy = tables.offsets(m, 1);
          const std::int32_t dz = tables.offsets(m, 2);
          const bool forward = dx > 0 || (dx == 0 && (dy > 0 || (dy == 0 && dz > 0))); // one of each two opposite offsets
          const int b = forward ? occupancy(w, lattice.neighbour(c, dx, dy, dz)) : 0;
          if (b != 0) {
            count[shell * pairs + unordered_pair(a - 1, b - 1, species)] += 1;
          }
        }
      }
    }
    for (int q = 0; q < shells * pairs; ++q) {
      counts(q, w) = count[q];
    }
  }

private:
  static constexpr int kMostShells = 2;
  static constexpr int kMostPairs = kMaxSpecies * (kMaxSpecies + 1) / 2;
};

} // namespace ZENER_BACKEND
} // namespace zener
