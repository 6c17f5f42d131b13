// Flux functions as their definition says (Wang et al. 2021, equations 6 to 8, motion toward plus positive): every plane and
// all its images, every atom, every step, every point of the map and all its images. Serial; for small cases.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace zener::reference {

using Points = std::vector<std::array<double, 3>>;

// Means over windows of `frames` frames; what is left over at the end is not used.
inline std::vector<Points> window_means(const std::vector<Points> &path, std::size_t frames) {
  std::vector<Points> out;
  for (std::size_t first = 0; first + frames <= path.size(); first += frames) {
    Points mean(path[first].size());
    for (std::size_t f = first; f < first + frames; ++f) {
      for (std::size_t i = 0; i < mean.size(); ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          mean[i][d] += path[f][i][d] / static_cast<double>(frames);
        }
      }
    }
    out.push_back(mean);
  }
  return out;
}

struct FluxCase {
  std::array<double, 3> edge;
  std::array<bool, 3> periodic;
  std::vector<double> planes;
  std::size_t direction;
  double inner, outer;
};

inline double step(double x) { return x >= 0.0 ? 1.0 : 0.0; }

inline double cutoff(double r, double inner, double outer) {
  return r < inner ? 1.0 : r < outer ? 0.5 * std::cos(std::acos(-1.0) * (r - inner) / (outer - inner)) + 0.5 : 0.0;
}

constexpr int kImages = 4;

// Crossings of one step: toward plus and toward minus.
inline std::array<double, 2> crossings(const FluxCase &of, const Points &from, const Points &to) {
  std::array<double, 2> sum{};
  const int images = of.periodic[of.direction] ? kImages : 0;
  for (const double plane : of.planes) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      for (int k = -images; k <= images; ++k) {
        const double z0 = plane + k * of.edge[of.direction];
        const double one = step(to[i][of.direction] - z0) - step(from[i][of.direction] - z0);
        sum[one > 0.0 ? 0 : 1] += std::abs(one);
      }
    }
  }
  return sum;
}

// F at the point (u, v), of one step: toward plus and toward minus.
inline std::array<double, 2> flux_at(const FluxCase &of, const Points &from, const Points &to, double u, double v) {
  const std::size_t a = of.direction == 0 ? 1 : 0, b = of.direction == 2 ? 1 : 2;
  std::array<double, 2> sum{};
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::array<double, 2> crossed = crossings(of, {from[i]}, {to[i]});
    if (crossed[0] + crossed[1] == 0.0) {
      continue;
    }
    double weight = 0.0;
    for (int j = of.periodic[a] ? -kImages : 0; j <= (of.periodic[a] ? kImages : 0); ++j) {
      for (int k = of.periodic[b] ? -kImages : 0; k <= (of.periodic[b] ? kImages : 0); ++k) {
        weight += cutoff(std::hypot(from[i][a] - u + j * of.edge[a], from[i][b] - v + k * of.edge[b]), of.inner, of.outer);
      }
    }
    sum[0] += crossed[0] * weight;
    sum[1] += crossed[1] * weight;
  }
  return sum;
}

} // namespace zener::reference
