// Geometry of the bcc neuron map, made once on the host.
//
// Sites have integer coordinates in units of a/2 (all even or all odd). The environment of a vacancy is the 112 sites of
// shells 1 to 8 (8, 6, 12, 24, 8, 6, 24, 24; squared distance 3, 4, 8, 11, 12, 16, 19, 20), ordered by squared distance and
// then lexicographically by (x, y, z). The first eight are the jump directions. For each direction d an integer matrix A(d)
// with A d = (1,1,1) aligns the environment (Xing et al., Nat. Commun. 15, 3879 (2024), table S1: a rotation about z, then
// z -> -z when d_z < 0).
#pragma once

#include <array>
#include <cstdint>

namespace zener {

inline constexpr int kEnvironmentSites = 112;
inline constexpr int kShells = 8;
inline constexpr int kPaths = 8;
inline constexpr int kMaxPairShells = 3; // shells around both ends of a jump that lie inside the environment

using Offset = std::array<int, 3>;

struct LatticeTables {
  std::array<Offset, kEnvironmentSites> offsets;
  std::array<int, kShells + 1> shell_begin; // first offset of shell s (0-based); the last entry is 112
  // aligned[p][k]: the index of the site that A(directions[p]) takes to offsets[k], so that input k of path p is
  // types[aligned[p][k]].
  std::array<std::array<std::uint8_t, kEnvironmentSites>, kPaths> aligned;
  // around_jump[p][m]: the index in offsets of directions[p] + offsets[m] for the sites m of shells 1 to 3 (26 of them);
  // kSelf where that is the vacancy itself.
  static constexpr int kAroundSites = 26;
  static constexpr std::uint8_t kSelf = 255;
  std::array<std::array<std::uint8_t, kAroundSites>, kPaths> around_jump;
};

// The tables of the bcc lattice (a constant, made at the first call).
const LatticeTables &bcc_tables();

// The alignment matrix of a jump direction with components -1 or 1, row major.
std::array<int, 9> alignment_matrix(const Offset &direction);

} // namespace zener
