// Events of atoms on the sites of a crystal, the slow and obvious way: every site and image for every atom, strings followed
// atom by atom.
#pragma once

#include "host/neutral/atoms.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace zener::reference {

struct FoundEvent {
  std::int64_t window = 0; // first in which the atoms are on their new sites
  std::string kind;
  std::vector<std::int64_t> atoms; // head first; a ring from its atom with the smallest number on
  Vector3 vector{};                // sum of the moves, A
  bool operator==(const FoundEvent &other) const {
    return window == other.window && kind == other.kind && atoms == other.atoms;
  }
};

struct FoundEvents {
  std::vector<std::int64_t> vacancies, interstitials; // of every window
  std::vector<std::vector<std::int64_t>> sites;       // [window][atom] nearest
  std::vector<FoundEvent> events;                     // by window, then first atom
};

// One system. frames [frame][atom] unwrapped positions in a constant cell, periodic along all vectors, no drift; sites in A. An
// atom belongs to a site after `persistence` windows there in a row. No events in windows in which two atoms leave or reach one
// site.
FoundEvents find_events(const std::vector<std::vector<Vector3>> &frames, const Matrix3 &cell, const std::vector<Vector3> &sites,
                        std::int64_t window_frames, int persistence);

} // namespace zener::reference
