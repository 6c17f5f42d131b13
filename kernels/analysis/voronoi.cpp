// Voronoi cells by clipping, every facet for itself.
//
//   cell of i = {p : p . r_k <= |r_k|^2 / 2 for all atoms k}, r_k = x_k - x_i with all periodic images
//   facet of f = the plane of f cut by the half-planes of all k != f: with p = r_f/2 + u e1 + v e2
//       (r_k . e1) u + (r_k . e2) v <= |r_k|^2/2 - r_k . r_f / 2
//   volume = sum_f area_f |r_f| / 6,  weight of f = area_f / sum area
//
// A polygon starts as a square wider than the range and loses a corner or gains an edge with each plane that cuts it
// (Sutherland and Hodgman 1974, doi:10.1145/360767.360802), nearest planes first, until planes are too far to reach its
// corners. A cell is settled when no corner is further than half the range of the lists: what is beyond cannot cut it (Rycroft
// 2009, doi:10.1063/1.3215722, has the same bound). No polyhedron is kept, so nothing can go wrong with its topology: where
// many planes meet in one point, as in perfect fcc, facets get areas of rounding's size and are dropped with all below
// least_share.
//
// Lengths in A. Parallel: a team owns a cell. Phases: 1 squared distances (slot), 2 vectors sorted by distance (slot; rank by
// counting), 3 facets (lane), 4 sums, in order of distance, and which facets stay (one lane), 5 their rows (facet). The cell
// needs about 15 facets x 25 planes x (13 + 4 x 6 corners) = 14 kFLOP and 32 bytes of Site for each of about 35 candidates:
// bound by arithmetic and by divergence of the polygons. On the CPU a pack holds corners. Determinism: fixed orders, each
// operation rounds once: the same bits on every backend. Errors: VoronoiView::trouble.
#include "kernels/analysis/voronoi.hpp"

#include "kernels/exec/atomics.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kVoronoiLanes = 64;
constexpr int kCorners = 32;
// Corners beyond a plane by less than this share of the neighbour's distance are not cut off.
constexpr double kTouch = 1e-13;

struct Polygon {
  double u[kCorners], v[kCorners];
  int count;
};

struct Facet {
  double area;
  double reach2; // squared distance of its furthest corner
};

struct MakeCells {
  AtomsView atoms;
  View<const std::int32_t, 1> order;
  double range;
  double least_share;
  VoronoiView out;

  ZENER_FN void operator()(Team &team) const {
    const std::int64_t atom = team.index();
    const std::int64_t row = order[atom];
    if (out.done[row] != 0) {
      return;
    }
    const int capacity = atoms.neighbours.capacity;
    const int n = atoms.neighbours.count[atom];
    View<double, 1> square = team.scratch<double>(capacity);
    View<double, 1> x = team.scratch<double>(capacity);
    View<double, 1> y = team.scratch<double>(capacity);
    View<double, 1> z = team.scratch<double>(capacity);
    View<double, 1> half = team.scratch<double>(capacity); // |r|^2 / 2
    View<double, 1> area = team.scratch<double>(capacity);
    View<double, 1> reach2 = team.scratch<double>(capacity);
    View<std::int32_t, 1> neighbour = team.scratch<std::int32_t>(capacity);
    View<std::int32_t, 1> kept = team.scratch<std::int32_t>(capacity);
    View<double, 1> total = team.scratch<double>(1);
    View<std::int32_t, 1> facets = team.scratch<std::int32_t>(1); // -1: not settled
    team.for_each(n, [&](int s) {
      const PairVector r = pair_vector(atoms, atom, s);
      square[s] = r.x * r.x + r.y * r.y + r.z * r.z;
    });
    team.for_each(n, [&](int s) {
      const double own = square[s];
      int place = 0;
      for (int other = 0; other < n; ++other) {
        place += (square[other] < own || (square[other] == own && other < s)) ? 1 : 0;
      }
      const PairVector r = pair_vector(atoms, atom, s);
      x[place] = r.x;
      y[place] = r.y;
      z[place] = r.z;
      half[place] = 0.5 * own;
      neighbour[place] = order[r.neighbour];
    });
    const bool coincident = n > 0 && 2.0 * half[0] < kClosestCentres_A * kClosestCentres_A;
    team.for_each(coincident ? 0 : n, [&](int f) {
      const Facet facet = clip(f, n, x.data(), y.data(), z.data(), half.data());
      area[f] = facet.area;
      reach2[f] = facet.reach2;
    });
    team.single([&] {
      if (coincident) {
        atomic_max(&out.trouble[kCoincident], static_cast<std::int32_t>(0x7fffffff - row));
        facets[0] = -1;
        return;
      }
      double sum = 0.0, volume = 0.0, furthest2 = 0.0;
      for (int f = 0; f < n; ++f) {
        if (area[f] > 0.0) {
          sum += area[f];
          volume += area[f] * sqrt(2.0 * half[f]);
          furthest2 = reach2[f] > furthest2 ? reach2[f] : furthest2;
        }
      }
      if (!(sum > 0.0) || 4.0 * furthest2 > range * range) {
        atomic_add(&out.trouble[kCellsOpen], 1);
        facets[0] = -1;
        return;
      }
      int count = 0;
      double of_kept = 0.0;
      for (int f = 0; f < n; ++f) {
        if (area[f] > 0.0 && area[f] >= least_share * sum) {
          kept[count++] = f;
          of_kept += area[f];
        }
      }
      if (count > out.facets.capacity()) {
        atomic_max(&out.trouble[kMostFacets], count);
        facets[0] = -1;
        return;
      }
      facets[0] = count;
      total[0] = of_kept;
      out.volume[row] = volume / 6.0;
      out.area[row] = of_kept;
      out.facets.end(row, count);
      out.done[row] = 1;
    });
    team.for_each(facets[0], [&](int slot) {
      const int f = kept[slot];
      out.facets.put(row, slot, neighbour[f], x[f], y[f], z[f], area[f] / total[0]);
    });
  }

  // The facet of candidate f, nothing where it has no area.
  ZENER_FN Facet clip(int f, int n, const double *x, const double *y, const double *z, const double *half) const {
    const double fx = x[f], fy = y[f], fz = z[f];
    const double scale = 1.0 / sqrt(2.0 * half[f]);
    const double nx = fx * scale, ny = fy * scale, nz = fz * scale;
    // An orthonormal basis without a branch (Duff et al. 2017, J. Comput. Graph. Tech. 6, 1).
    const double sign = nz < 0.0 ? -1.0 : 1.0;
    const double p = -1.0 / (sign + nz);
    const double q = nx * ny * p;
    const double e1x = 1.0 + sign * nx * nx * p, e1y = sign * q, e1z = -sign * nx;
    const double e2x = q, e2y = sign + ny * ny * p, e2z = -ny;
    const double height2 = 0.5 * half[f];
    Polygon first, second;
    Polygon *own = &first, *spare = &second;
    own->u[0] = own->u[3] = own->v[0] = own->v[1] = -range;
    own->u[1] = own->u[2] = own->v[2] = own->v[3] = range;
    own->count = 4;
    pad(*own);
    double reach2 = height2 + 2.0 * range * range;
    for (int k = 0; k < n; ++k) {
      if (0.5 * half[k] >= reach2) {
        break; // this plane and those behind it are further than any corner
      }
      if (k == f) {
        continue;
      }
      const double a = x[k] * e1x + y[k] * e1y + z[k] * e1z;
      const double b = x[k] * e2x + y[k] * e2y + z[k] * e2z;
      const double c = half[k] - 0.5 * (x[k] * fx + y[k] * fy + z[k] * fz) + 2.0 * kTouch * half[k];
      if (!cuts(*own, a, b, c)) {
        continue;
      }
      if (!cut(*own, a, b, c, *spare)) {
        atomic_add(&out.trouble[kTooManyCorners], 1);
        return {0.0, 0.0};
      }
      if (spare->count < 3) {
        return {0.0, 0.0};
      }
      Polygon *const cut_off = own;
      own = spare;
      spare = cut_off;
      double furthest = 0.0;
      for (int e = 0; e < own->count; ++e) {
        const double d2 = own->u[e] * own->u[e] + own->v[e] * own->v[e];
        furthest = d2 > furthest ? d2 : furthest;
      }
      reach2 = height2 + furthest;
    }
    double twice = 0.0;
    for (int e = 1; e + 1 < own->count; ++e) {
      twice += (own->u[e] - own->u[0]) * (own->v[e + 1] - own->v[0]) - (own->u[e + 1] - own->u[0]) * (own->v[e] - own->v[0]);
    }
    return {twice < 0.0 ? -0.5 * twice : 0.5 * twice, reach2};
  }

  static ZENER_FN void pad(Polygon &polygon) {
    for (int e = polygon.count; e % kPackWidth<double> != 0; ++e) {
      polygon.u[e] = polygon.u[0];
      polygon.v[e] = polygon.v[0];
    }
  }

  static ZENER_FN bool cuts(const Polygon &polygon, double a, double b, double c) {
    using P = Pack<double>;
    const P wide_a = P::broadcast(a), wide_b = P::broadcast(b), wide_c = P::broadcast(c);
    for (int e = 0; e < polygon.count; e += kPackWidth<double>) {
      if (any<double>(wide_a * P::load(polygon.u + e) + wide_b * P::load(polygon.v + e) > wide_c)) {
        return true;
      }
    }
    return false;
  }

  // What a u + b v <= c leaves; false when it has too many corners.
  static ZENER_FN bool cut(const Polygon &from, double a, double b, double c, Polygon &to) {
    int count = 0;
    double last_u = from.u[from.count - 1], last_v = from.v[from.count - 1];
    double last_d = a * last_u + b * last_v - c;
    for (int e = 0; e < from.count; ++e) {
      if (count + 2 > kCorners) {
        return false;
      }
      const double u = from.u[e], v = from.v[e];
      const double d = a * u + b * v - c;
      if ((d > 0.0) != (last_d > 0.0)) {
        const double t = last_d / (last_d - d);
        to.u[count] = last_u + t * (u - last_u);
        to.v[count] = last_v + t * (v - last_v);
        ++count;
      }
      if (!(d > 0.0)) {
        to.u[count] = u;
        to.v[count] = v;
        ++count;
      }
      last_u = u;
      last_v = v;
      last_d = d;
    }
    to.count = count;
    if (count > 0) {
      pad(to);
    }
    return true;
  }
};

} // namespace

std::size_t voronoi_scratch(int capacity) {
  return 7 * scratch_bytes<double>(capacity) + 2 * scratch_bytes<std::int32_t>(capacity) + scratch_bytes<double>(1) +
         scratch_bytes<std::int32_t>(1);
}

void make_voronoi_cells(Queue &queue, const AtomsView &atoms, View<const std::int32_t, 1> order, double range_A,
                        double least_share, const VoronoiView &cells) {
  queue.teams("voronoi_cells", {atoms.size(), kVoronoiLanes, voronoi_scratch(atoms.neighbours.capacity)},
              MakeCells{atoms, order, range_A, least_share, cells});
}

} // namespace ZENER_BACKEND
} // namespace zener
