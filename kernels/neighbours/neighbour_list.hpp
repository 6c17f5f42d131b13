// Atoms and their neighbour lists as kernels see them.
//
// A neighbour is a word: the low `index_bits` bits are the neighbour's place in the batch, the high bits say which periodic
// image of it is meant: an entry of the table of shifts of the atom's system. An atom may be its own neighbour through an
// image, and two images of one atom may both be neighbours, so cells smaller than the cutoff need nothing special. Lists are
// full (j is in the list of i and i in that of j) and hold everything within cutoff plus skin: potentials compare with their
// own cutoff.
#pragma once

#include "kernels/exec/view.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

// Position and kind of an atom in one 32-byte row, read at once where neighbours are gathered.
struct alignas(32) Site {
  double x, y, z;      // A, not wrapped between rebuilds
  std::int32_t type;   // index among the batch's elements
  std::int32_t system; // in the batch
};

// On a GPU neighbouring lanes are neighbouring atoms, on the CPU one atom's list is read in a row.
struct NeighbourView {
  View<const std::int32_t, 1> count;  // [N]
  View<const std::uint32_t, 1> words; // [N * capacity], see word()
  std::int64_t atom_stride = 0;
  std::int64_t slot_stride = 0;
  int capacity = 0; // slots of an atom; a multiple of 16
  int index_bits = 32;
  int codes = 1;                // images in a system's table
  int home = 0;                 // the code without a shift
  View<const double, 1> shifts; // [system * codes + code][4]: x, y, z, 0 in A, as rows for gather_rows

  ZENER_FN const std::uint32_t *list(std::int64_t atom) const { return words.data() + atom * atom_stride; }
  ZENER_FN std::uint32_t word(std::int64_t atom, int slot) const { return words[atom * atom_stride + slot * slot_stride]; }
  ZENER_FN std::int32_t index(std::uint32_t word) const {
    return static_cast<std::int32_t>(index_bits >= 32 ? word : word & ((std::uint32_t{1} << index_bits) - 1));
  }
  ZENER_FN std::int32_t code(std::uint32_t word) const {
    return static_cast<std::int32_t>(index_bits >= 32 ? 0 : word >> index_bits);
  }
};

// What a potential is given. N atoms, sorted by system and in space; K systems.
struct AtomsView {
  View<const Site, 1> site;                 // [N]
  View<const std::int64_t, 1> system_begin; // [K + 1]
  // [1]: not zero when the batch waits for its host (a list is out of date, an atom ran away): kernels then do nothing.
  View<const std::int32_t, 1> halted;
  NeighbourView neighbours;

  std::int64_t size() const { return site.size(); }
};

struct PairVector {
  double x, y, z; // from the atom to the neighbour's image, A
  std::int32_t neighbour;
};

ZENER_FN PairVector pair_vector(const AtomsView &atoms, std::int64_t atom, int slot) {
  const NeighbourView &list = atoms.neighbours;
  const std::uint32_t word = list.word(atom, slot);
  const Site &own = atoms.site[atom];
  const std::int32_t j = list.index(word);
  const Site &other = atoms.site[j];
  const std::int64_t row = 4 * (static_cast<std::int64_t>(own.system) * list.codes + list.code(word));
  // The shift first: both sides of a pair then see opposite numbers.
  return {(other.x - own.x) + list.shifts[row], (other.y - own.y) + list.shifts[row + 1],
          (other.z - own.z) + list.shifts[row + 2], j};
}

} // namespace ZENER_BACKEND
} // namespace zener
