// Atoms on the sites of a crystal: what is asked about their moves from site to site, and what a device gives back. Plain data.
#pragma once

#include "host/neutral/atoms.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace zener {

// Sites of a crystal, which follow the cell of the atoms: a site is a fraction of it.
struct CrystalSites {
  Cell cell;                     // as the crystal was given, A
  std::vector<Vector3> fraction; // [S] in [0, 1) along periodic vectors
  // Rows: the cubic axes' components of the Cartesian x, y and z, so that v axes is a vector v in the crystal's own axes.
  Matrix3 axes{Vector3{1, 0, 0}, Vector3{0, 1, 0}, Vector3{0, 0, 1}};
};

struct EventsPlan {
  CrystalSites sites;             // the same for all systems
  std::int64_t window_frames = 1; // frames that are averaged
  int persistence = 2;            // windows that an atom must be found on a site before it belongs there
  std::int64_t most_frames = 0;   // averaged frames that are kept, of windows and systems with moves
};

// An atom that went from one site to another.
struct SiteMove {
  std::int64_t window = 0; // the first in which it was found there
  std::int32_t system = 0;
  std::int32_t atom = 0; // of the system
  std::int32_t from = 0, to = 0;
  std::array<std::int32_t, 3> cells{}; // vectors of the cell from the image of `from` to that of `to`
};

struct SiteOccupancy {
  std::int32_t system = 0, site = 0, atoms = 0;
};

// Averaged positions of one system, wrapped into the mean cell, whose corner is that of the sites.
struct EventFrame {
  std::int64_t window = 0; // of the moves
  std::int32_t system = 0;
  Matrix3 cell{};
  std::vector<Vector3> position_A;
};

struct EventsSums {
  std::int64_t windows = 0;                // complete ones
  std::vector<std::int64_t> vacancies;     // [windows][K] empty sites, as found in each window
  std::vector<std::int64_t> interstitials; // [windows][K] atoms beyond one of a site
  std::vector<SiteOccupancy> first;        // sites without exactly one atom in window 0
  std::vector<SiteMove> moves;             // by window, system and atom; of windows 1 … windows - persistence
  std::vector<EventFrame> frames;
};

} // namespace zener
