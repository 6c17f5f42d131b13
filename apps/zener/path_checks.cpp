#include "apps/zener/path_checks.hpp"

#include "host/neutral/hops.hpp"

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

// A path whose ends, at rest, lie nearer to each other than this share of what they were apart leads nowhere.
constexpr double kAlike = 0.1;
// No atom of a straight path comes nearer to another than this.
constexpr double kMeeting_A = 0.3;

double squared_distance(const Atoms &a, const Atoms &b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) {
      sum += (b.position_A[i][d] - a.position_A[i][d]) * (b.position_A[i][d] - a.position_A[i][d]);
    }
  }
  return sum;
}

} // namespace

double longest_way(const Atoms &a, const Atoms &b) {
  double longest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    longest = std::max(longest, std::hypot(b.position_A[i][0] - a.position_A[i][0], b.position_A[i][1] - a.position_A[i][1],
                                           b.position_A[i][2] - a.position_A[i][2]));
  }
  return longest;
}

bool is_another_minimum(const Atoms &start, const Atoms &rest, const Atoms &other, double way) {
  return longest_way(start, rest) > std::max(way, 0.5) || squared_distance(rest, start) > squared_distance(rest, other);
}

bool ends_alike(const Atoms &first, const Atoms &last, double way) { return longest_way(first, last) <= kAlike * way; }

bool atoms_meet(const Atoms &first, const Atoms &last, const std::vector<Atoms> &images) {
  std::vector<std::size_t> movers;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (std::hypot(last.position_A[i][0] - first.position_A[i][0], last.position_A[i][1] - first.position_A[i][1],
                   last.position_A[i][2] - first.position_A[i][2]) > kMeeting_A) {
      movers.push_back(i);
    }
  }
  for (const Atoms &image : images) {
    for (const std::size_t i : movers) {
      for (std::size_t j = 0; j < image.size(); ++j) {
        const Vector3 r = shortest(image, i, j);
        if (i != j && std::hypot(r[0], r[1], r[2]) < kMeeting_A) {
          return true;
        }
      }
    }
  }
  return false;
}

} // namespace zener
