#include "tests/reference/events.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace zener::reference {
namespace {

// A site in an image of the cell.
struct Place {
  std::int64_t site = -1;
  int a = 0, b = 0, c = 0;
  auto operator<=>(const Place &) const = default;
};

Vector3 position(const Place &place, const Matrix3 &cell, const std::vector<Vector3> &sites) {
  Vector3 x = sites[static_cast<std::size_t>(place.site)];
  for (std::size_t d = 0; d < 3; ++d) {
    x[d] += place.a * cell[0][d] + place.b * cell[1][d] + place.c * cell[2][d];
  }
  return x;
}

Place nearest(const Vector3 &x, const Matrix3 &cell, const std::vector<Vector3> &sites) {
  const Vector3 s = times(x, inverse(cell));
  Place best;
  double least = std::numeric_limits<double>::infinity();
  const int reach = sites.size() < 20 ? 3 : 1; // thin cells need more images
  for (std::size_t i = 0; i < sites.size(); ++i) {
    for (int a = -reach; a <= reach; ++a) {
      for (int b = -reach; b <= reach; ++b) {
        for (int c = -reach; c <= reach; ++c) {
          const Place place{static_cast<std::int64_t>(i), a + static_cast<int>(std::floor(s[0])),
                            b + static_cast<int>(std::floor(s[1])), c + static_cast<int>(std::floor(s[2]))};
          const Vector3 at = position(place, cell, sites);
          double square = 0.0;
          for (std::size_t d = 0; d < 3; ++d) {
            square += (at[d] - x[d]) * (at[d] - x[d]);
          }
          if (square < least) {
            least = square;
            best = place;
          }
        }
      }
    }
  }
  return best;
}

} // namespace

FoundEvents find_events(const std::vector<std::vector<Vector3>> &frames, const Matrix3 &cell, const std::vector<Vector3> &sites,
                        std::int64_t window_frames, int persistence) {
  FoundEvents out;
  const auto windows = static_cast<std::int64_t>(frames.size()) / window_frames;
  const std::size_t atoms = frames.front().size();
  std::vector<std::vector<Place>> found;
  for (std::int64_t w = 0; w < windows; ++w) {
    found.emplace_back();
    out.sites.emplace_back();
    std::map<std::int64_t, int> count;
    for (std::size_t i = 0; i < atoms; ++i) {
      Vector3 mean{};
      for (std::int64_t f = w * window_frames; f < (w + 1) * window_frames; ++f) {
        for (std::size_t d = 0; d < 3; ++d) {
          mean[d] += frames[static_cast<std::size_t>(f)][i][d] / static_cast<double>(window_frames);
        }
      }
      found.back().push_back(nearest(mean, cell, sites));
      out.sites.back().push_back(found.back().back().site);
      ++count[found.back().back().site];
    }
    std::int64_t more = 0;
    for (const auto &[site, number] : count) {
      more += number - 1;
    }
    out.vacancies.push_back(static_cast<std::int64_t>(sites.size() - count.size()));
    out.interstitials.push_back(more);
  }
  std::vector<Place> home = found.front();
  for (std::int64_t w = 1; w + persistence <= windows; ++w) {
    // Atoms that are elsewhere in this window and stay there, and were not there the window before.
    std::map<std::size_t, Place> going;
    for (std::size_t i = 0; i < atoms; ++i) {
      const Place &now = found[static_cast<std::size_t>(w)][i];
      bool stays = now != home[i] && found[static_cast<std::size_t>(w - 1)][i] != now;
      for (int p = 1; p < persistence; ++p) {
        stays = stays && found[static_cast<std::size_t>(w + p)][i] == now;
      }
      if (stays) {
        going[i] = now;
      }
    }
    std::map<std::int64_t, int> before;
    for (const Place &place : home) {
      ++before[place.site];
    }
    // Who takes whose place; where two atoms leave or reach one site, no events are looked for.
    std::set<std::int64_t> left, reached;
    for (const auto &[i, to] : going) {
      left.insert(home[i].site);
      reached.insert(to.site);
    }
    const bool simple = left.size() == going.size() && reached.size() == going.size();
    std::map<std::size_t, std::size_t> follower;
    std::set<std::size_t> followers;
    for (const auto &[i, to] : going) {
      for (const auto &[j, unused] : going) {
        if (home[j].site == to.site) {
          follower[j] = i;
          followers.insert(i);
        }
      }
    }
    const auto event_of = [&](std::size_t head, bool closed) {
      FoundEvent event;
      event.window = w;
      std::size_t i = head;
      Vector3 sum{};
      for (;;) {
        event.atoms.push_back(static_cast<std::int64_t>(i));
        const Vector3 a = position(home[i], cell, sites), b = position(going[i], cell, sites);
        for (std::size_t d = 0; d < 3; ++d) {
          sum[d] += b[d] - a[d];
        }
        const auto next = follower.find(i);
        if (next == follower.end() || next->second == head) {
          break;
        }
        i = next->second;
      }
      event.vector = sum;
      if (closed) {
        event.kind = std::abs(sum[0]) + std::abs(sum[1]) + std::abs(sum[2]) < 1e-6 ? "ring" : "row";
      } else {
        const bool vacant = before[going[head].site] == 0, twofold = before[home[i].site] == 2;
        event.kind = vacant ? (twofold ? "recombination" : "vacancy") : (twofold ? "interstitial" : "nucleation");
      }
      return event;
    };
    std::vector<FoundEvent> events;
    std::set<std::int64_t> used;
    for (const bool closed : {false, true}) {
      for (const auto &[i, unused] : going) {
        if (simple && !used.contains(static_cast<std::int64_t>(i)) && (closed || !followers.contains(i))) {
          events.push_back(event_of(i, closed));
          used.insert(events.back().atoms.begin(), events.back().atoms.end());
        }
      }
    }
    std::sort(events.begin(), events.end(), [](const FoundEvent &a, const FoundEvent &b) { return a.atoms[0] < b.atoms[0]; });
    out.events.insert(out.events.end(), events.begin(), events.end());
    for (const auto &[i, to] : going) {
      home[i] = to;
    }
  }
  return out;
}

} // namespace zener::reference
