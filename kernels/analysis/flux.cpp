#include "kernels/analysis/flux.hpp"

#include "kernels/exec/atomics.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr double kPi = 3.14159265358979323846;

// Images of a plane at `plane` that are at or below x.
ZENER_FN std::int64_t images_below(double x, double plane, const FluxMap &map) {
  if (map.periodic == 0) {
    return x >= plane ? 1 : 0;
  }
  return static_cast<std::int64_t>(floor((x - plane) / map.length));
}

// Points of one axis of a map within `reach` of x: first … last, counted on beyond the cell.
struct Reached {
  std::int64_t first, last;
};
ZENER_FN Reached reached(double x, double reach, double spacing, std::int64_t points, int periodic) {
  Reached out{static_cast<std::int64_t>(ceil((x - reach) / spacing - 0.5)),
              static_cast<std::int64_t>(floor((x + reach) / spacing - 0.5))};
  if (periodic == 0) {
    out.first = out.first < 0 ? 0 : out.first;
    out.last = out.last > points - 1 ? points - 1 : out.last;
  }
  return out;
}

ZENER_FN std::int64_t wrapped(std::int64_t point, std::int64_t points) {
  const std::int64_t rest = point % points;
  return rest < 0 ? rest + points : rest;
}

struct CountCrossings {
  FluxView view;
  ZENER_FN void operator()(std::int64_t item) const {
    const std::int64_t atoms = view.before.extent(1);
    const std::int64_t d = item / atoms;
    const std::int64_t i = item % atoms;
    const FluxMap &map = view.maps(view.system[i], d);
    const double from = view.before(d, i);
    const double to = view.after(d, i);
    std::int64_t sum[2] = {0, 0};
    for (std::int64_t p = map.first_plane; p < map.first_plane + map.planes; ++p) {
      const double plane = view.plane[p];
      const std::int64_t crossed = images_below(to, plane, map) - images_below(from, plane, map);
      if (crossed != 0) {
        const int sign = crossed > 0 ? 0 : 1;
        const std::int64_t count = crossed > 0 ? crossed : -crossed;
        atomic_add(&view.crossings(sign, p), static_cast<std::uint64_t>(count));
        sum[sign] += count;
      }
    }
    for (int sign = 0; sign < 2; ++sign) {
      if (sum[sign] > 0) {
        draw(map, view.before(d == 0 ? 1 : 0, i), view.before(d == 2 ? 1 : 2, i), sign, static_cast<double>(sum[sign]));
      }
    }
  }

  // Adds count f_c around (u, v).
  ZENER_FN void draw(const FluxMap &map, double u, double v, int sign, double count) const {
    const double spacing_u = map.length_u / static_cast<double>(map.points_u);
    const double spacing_v = map.length_v / static_cast<double>(map.points_v);
    const Reached along_u = reached(u, map.outer, spacing_u, map.points_u, map.periodic_u);
    const Reached along_v = reached(v, map.outer, spacing_v, map.points_v, map.periodic_v);
    for (std::int64_t j = along_u.first; j <= along_u.last; ++j) {
      const double du = (static_cast<double>(j) + 0.5) * spacing_u - u;
      const std::int64_t row = map.first_point + wrapped(j, map.points_u) * map.points_v;
      for (std::int64_t k = along_v.first; k <= along_v.last; ++k) {
        const double dv = (static_cast<double>(k) + 0.5) * spacing_v - v;
        const double r = sqrt(du * du + dv * dv);
        if (r < map.outer) {
          const double weight = r < map.inner ? 1.0 : 0.5 * (1.0 + cos(kPi * (r - map.inner) / (map.outer - map.inner)));
          atomic_add(&view.map(sign, row + wrapped(k, map.points_v)),
                     static_cast<std::uint64_t>(weight * count * kFluxUnit + 0.5));
        }
      }
    }
  }
};

struct JoinBlocks {
  View<std::uint64_t, 2> sums;
  ZENER_FN void operator()(std::int64_t i) const {
    for (int b = 0; b < kTimeBlocks; ++b) {
      sums(b, i) = 2 * b < kTimeBlocks ? sums(2 * b, i) + sums(2 * b + 1, i) : 0;
    }
  }
};

} // namespace

void count_crossings(Queue &queue, const FluxView &view) {
  queue.for_each("flux_crossings", 3 * view.before.extent(1), CountCrossings{view});
}

void join_flux_blocks(Queue &queue, View<std::uint64_t, 2> sums) {
  queue.for_each("flux_join", sums.extent(1), JoinBlocks{sums});
}

} // namespace ZENER_BACKEND
} // namespace zener
