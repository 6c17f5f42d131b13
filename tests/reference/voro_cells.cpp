// Voronoi cells by voro++ (Rycroft 2009), where it was found when this was built.
#include "tests/reference/structure.hpp"

#include <cmath>

#if defined(ZENER_VOROPP)
#include <voro++/voro++.hh>
#endif

namespace zener::reference {

#if defined(ZENER_VOROPP)

bool voro_cells(const Atoms &atoms, std::vector<VoronoiCell> &cells) {
  // The same cell with a along x and b in the plane of x and y.
  const Matrix3 &h = atoms.cell.vectors;
  const auto dot = [](const Vector3 &a, const Vector3 &b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; };
  const double ax = std::sqrt(dot(h[0], h[0]));
  const double bx = dot(h[1], h[0]) / ax, by = std::sqrt(dot(h[1], h[1]) - bx * bx);
  const double cx = dot(h[2], h[0]) / ax, cy = (dot(h[2], h[1]) - cx * bx) / by;
  const double cz = std::sqrt(dot(h[2], h[2]) - cx * cx - cy * cy);
  const Matrix3 upright{Vector3{ax, 0, 0}, Vector3{bx, by, 0}, Vector3{cx, cy, cz}};
  const Matrix3 to_fraction = inverse(h);
  const double blocks = std::cbrt(static_cast<double>(atoms.size()) / 5.0 / (ax * by * cz));
  const auto grid = [&](double edge) { return 1 + static_cast<int>(edge * blocks); };
  voro::container_periodic container(ax, bx, by, cx, cy, cz, grid(ax), grid(by), grid(cz), 8);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const Vector3 x = times(times(atoms.position_A[i], to_fraction), upright);
    container.put(static_cast<int>(i), x[0], x[1], x[2]);
  }
  cells.assign(atoms.size(), {});
  voro::c_loop_all_periodic loop(container);
  voro::voronoicell_neighbor cell;
  if (loop.start()) {
    do {
      if (!container.compute_cell(cell, loop)) {
        continue;
      }
      VoronoiCell &own = cells[static_cast<std::size_t>(loop.pid())];
      std::vector<int> neighbour;
      std::vector<double> area;
      cell.neighbors(neighbour);
      cell.face_areas(area);
      own.volume = cell.volume();
      for (std::size_t f = 0; f < area.size(); ++f) {
        own.facets.push_back({neighbour[f], {}, area[f]});
      }
    } while (loop.inc());
  }
  return true;
}

#else

bool voro_cells(const Atoms &, std::vector<VoronoiCell> &) { return false; }

#endif

} // namespace zener::reference
