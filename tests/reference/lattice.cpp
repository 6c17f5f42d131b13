#include "tests/reference/lattice.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <tuple>

namespace zener::reference {

namespace {

std::vector<Vector> make_environment() {
  std::vector<std::tuple<int, int, int, int>> found;
  for (int x = -5; x <= 5; ++x) {
    for (int y = -5; y <= 5; ++y) {
      for (int z = -5; z <= 5; ++z) {
        const int even = (x % 2 == 0) + (y % 2 == 0) + (z % 2 == 0);
        const int d2 = x * x + y * y + z * z;
        if ((even == 0 || even == 3) && d2 > 0 && d2 <= 21) {
          found.emplace_back(d2, x, y, z);
        }
      }
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<Vector> offsets;
  for (const auto &[d2, x, y, z] : found) {
    offsets.push_back({x, y, z});
  }
  return offsets;
}

} // namespace

const std::vector<Vector> &environment() {
  static const std::vector<Vector> offsets = make_environment();
  return offsets;
}

Vector aligned(const Vector &direction, const Vector &o) {
  using Matrix = std::array<Vector, 3>; // rows
  static const std::map<Vector, Matrix> table = {
      {{-1, -1, -1}, {{{-1, 0, 0}, {0, -1, 0}, {0, 0, -1}}}}, {{-1, -1, 1}, {{{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}}}},
      {{-1, 1, -1}, {{{0, 1, 0}, {-1, 0, 0}, {0, 0, -1}}}},   {{-1, 1, 1}, {{{0, 1, 0}, {-1, 0, 0}, {0, 0, 1}}}},
      {{1, -1, -1}, {{{0, -1, 0}, {1, 0, 0}, {0, 0, -1}}}},   {{1, -1, 1}, {{{0, -1, 0}, {1, 0, 0}, {0, 0, 1}}}},
      {{1, 1, -1}, {{{1, 0, 0}, {0, 1, 0}, {0, 0, -1}}}},     {{1, 1, 1}, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}}};
  const Matrix &rows = table.at(direction);
  Vector image{};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) {
      image[r] += rows[r][c] * o[c];
    }
  }
  return image;
}

Lattice::Lattice(int nx, int ny, int nz) : periods_{2 * nx, 2 * ny, 2 * nz} {
  lookup_.assign(static_cast<std::size_t>(periods_[0] * periods_[1] * periods_[2]), -1);
  for (int x = 0; x < nx; ++x) {
    for (int y = 0; y < ny; ++y) {
      for (int z = 0; z < nz; ++z) {
        for (int centre = 0; centre < 2; ++centre) {
          const Vector c{2 * x + centre, 2 * y + centre, 2 * z + centre};
          lookup_[static_cast<std::size_t>((c[0] * periods_[1] + c[1]) * periods_[2] + c[2])] = sites();
          coordinates_.push_back(c);
        }
      }
    }
  }
  const std::array<int, 3> distances{3, 4, 8};
  for (std::size_t shell = 0; shell < 3; ++shell) {
    neighbours_[shell].resize(coordinates_.size());
    for (int i = 0; i < sites(); ++i) {
      for (int j = 0; j < sites(); ++j) {
        if (squared_distance(i, j) == distances[shell]) {
          neighbours_[shell][static_cast<std::size_t>(i)].push_back(j);
        }
      }
    }
  }
}

int Lattice::site(const Vector &anywhere) const {
  Vector c{};
  for (std::size_t a = 0; a < 3; ++a) {
    c[a] = ((anywhere[a] % periods_[a]) + periods_[a]) % periods_[a];
  }
  return lookup_[static_cast<std::size_t>((c[0] * periods_[1] + c[1]) * periods_[2] + c[2])];
}

int Lattice::squared_distance(int i, int j) const {
  const Vector a = coordinates(i);
  const Vector b = coordinates(j);
  int sum = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const int d = std::abs(a[axis] - b[axis]);
    const int nearest = std::min(d, periods_[axis] - d);
    sum += nearest * nearest;
  }
  return sum;
}

std::array<std::uint8_t, 112> Lattice::codes(const std::uint8_t *occupancy, int centre) const {
  std::array<std::uint8_t, 112> result{};
  const Vector c = coordinates(centre);
  for (std::size_t k = 0; k < 112; ++k) {
    const Vector &o = environment()[k];
    result[k] = occupancy[site({c[0] + o[0], c[1] + o[1], c[2] + o[2]})];
  }
  return result;
}

std::vector<int> Lattice::bonds(const std::uint8_t *occupancy, int shells, int species) const {
  std::vector<int> counts;
  for (int shell = 0; shell < shells; ++shell) {
    for (int a = 1; a <= species; ++a) {
      for (int b = a; b <= species; ++b) {
        int ends = 0;
        for (int i = 0; i < sites(); ++i) {
          for (const int j : neighbours_[static_cast<std::size_t>(shell)][static_cast<std::size_t>(i)]) {
            ends += (occupancy[i] == a && occupancy[j] == b) || (occupancy[i] == b && occupancy[j] == a);
          }
        }
        counts.push_back(ends / 2);
      }
    }
  }
  return counts;
}

} // namespace zener::reference
