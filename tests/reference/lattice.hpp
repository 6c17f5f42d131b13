// The bcc lattice by enumeration and distances alone.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace zener::reference {

using Vector = std::array<int, 3>; // units of a/2

// All sites with 0 < x^2 + y^2 + z^2 <= 21 around a site, ascending in that, then in (x, y, z): 112 of them.
const std::vector<Vector> &environment();

// A(d) o for the alignment of Xing et al. (2024), table S1, typed out: a rotation about z, then z -> -z when d_z < 0.
Vector aligned(const Vector &direction, const Vector &o);

// Periodic lattice of nx x ny x nz cells; sites are numbered cell by cell (z fastest), corner before centre.
class Lattice {
public:
  Lattice(int nx, int ny, int nz);
  int sites() const { return static_cast<int>(coordinates_.size()); }
  Vector coordinates(int site) const { return coordinates_[static_cast<std::size_t>(site)]; }
  int site(const Vector &anywhere) const;   // -1 where there is no site
  int squared_distance(int i, int j) const; // of the nearest images
  // neighbours()[shell][site]: the sites at squared distance 3, 4, 8.
  const std::array<std::vector<std::vector<int>>, 3> &neighbours() const { return neighbours_; }
  // Species codes of the 112 sites around a site.
  std::array<std::uint8_t, 112> codes(const std::uint8_t *occupancy, int site) const;
  // Unordered bonds of each pair of species, [shell][pair (1,1), (1,2), … (2,2), …].
  std::vector<int> bonds(const std::uint8_t *occupancy, int shells, int species) const;

private:
  Vector periods_;
  std::vector<Vector> coordinates_;
  std::vector<int> lookup_; // [2 nx][2 ny][2 nz]
  std::array<std::vector<std::vector<int>>, 3> neighbours_;
};

} // namespace zener::reference
