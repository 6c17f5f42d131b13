// Geometry of the lattices, made once on the host.
//
// Sites have integer coordinates in the lattice's unit: a/2 for bcc (all even or all odd) and fcc (even sum), a for simple
// cubic. The environment of a vacancy is the sites around it, ordered by squared distance and then lexicographically by
// (x, y, z); the first ones are the jump directions.
//   bcc  112 sites, shells 1 to 8 (8, 6, 12, 24, 8, 6, 24, 24; squared distance 3, 4, 8, 11, 12, 16, 19, 20): the neuron map
//   sc    80 sites, shells 1 to 6 (6, 12, 8, 6, 24, 24; squared distance 1 to 6)
//   fcc  134 sites, shells 1 to 7 (12, 6, 24, 12, 24, 8, 48; squared distance 2 to 14)
// In all of them three shells around both ends of a jump lie inside the environment.
//
// The neuron map (bcc): for each direction d an integer matrix A(d) with A d = (1,1,1) aligns the environment (Xing et al.,
// Nat. Commun. 15, 3879 (2024), table S1: a rotation about z, then z -> -z when d_z < 0).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace zener {

enum class Structure { bcc, sc, fcc };

inline constexpr int kEnvironmentSites = 112; // of bcc, the only structure with a neuron map
inline constexpr int kPaths = 8;              // of bcc
inline constexpr int kMaxPairShells = 3;      // shells around both ends of a jump that lie inside the environment

using Offset = std::array<int, 3>;

struct LatticeTables {
  std::vector<Offset> offsets;  // [environment]
  std::vector<int> shell_begin; // first offset of shell s (0-based); one more entry at the end: the size of the environment
  int paths = 0;                // jump directions: the first offsets
  int around_sites = 0;         // sites of shells 1 to 3
  // bcc only. aligned[p][k]: the index of the site that A(directions[p]) takes to offsets[k], so that input k of path p is
  // types[aligned[p][k]].
  std::vector<std::vector<std::uint8_t>> aligned;
  // around_jump[p][m]: the index in offsets of directions[p] + offsets[m] for the sites m of shells 1 to 3; kSelf where that is
  // the vacancy itself.
  static constexpr std::uint8_t kSelf = 255;
  std::vector<std::vector<std::uint8_t>> around_jump;

  int coordination(int shell) const {
    return shell_begin[static_cast<std::size_t>(shell) + 1] - shell_begin[static_cast<std::size_t>(shell)];
  }
};

// The tables of a lattice (constants, made at the first call).
const LatticeTables &lattice_tables(Structure structure);
inline const LatticeTables &bcc_tables() { return lattice_tables(Structure::bcc); }

// "bcc", "sc" or "fcc".
const char *structure_name(Structure structure);

constexpr int sites_per_cell(Structure s) { return s == Structure::bcc ? 2 : (s == Structure::sc ? 1 : 4); }
// Units of a site's coordinates in one lattice constant.
constexpr int units_per_cell(Structure s) { return s == Structure::sc ? 1 : 2; }
// Conventional cells a side, at the least, so that no environment meets its own image.
constexpr int least_cells(Structure s) { return s == Structure::fcc ? 4 : 5; }

// An environment of bcc that holds `shells` shells around the vacancy and around where each jump takes it, in the same order:
//   3 shells  112 sites, as above          5  144 sites, |offset|^2 to 27          8  252 sites, |offset|^2 to 36
struct JumpEnvironment {
  int shells = 0;
  int least_cells = 0; // a side, so that it does not meet its own image
  std::vector<Offset> offsets;
  // after_jump[p][m]: the index of directions[p] + offsets[m], m in the shells. Where that is the vacancy, the atom that jumps
  // stands there after the jump: its own index, p.
  std::vector<std::vector<std::uint8_t>> after_jump;
};
// The smallest for so many shells (0 to 8).
const JumpEnvironment &jump_environment(int shells);

// Sites are numbered cell by cell, ((cx * ny + cy) * nz + cz) * sites_per_cell + b. Positions in the cell, in units of a: bcc
// b (1/2, 1/2, 1/2); fcc (0,0,0), (0,1/2,1/2), (1/2,0,1/2), (1/2,1/2,0).
Offset site_coordinates(Structure structure, const std::array<int, 3> &cells, std::int64_t site);
// Wraps coordinates into the cell; -1 when there is no site of the lattice.
std::int64_t site_at(Structure structure, const std::array<int, 3> &cells, Offset coordinates);

// The alignment matrix of a jump direction of bcc with components -1 or 1, row major.
std::array<int, 9> alignment_matrix(const Offset &direction);

} // namespace zener
