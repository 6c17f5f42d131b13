#include "tests/reference/networks.hpp"

#include <algorithm>
#include <functional>

namespace zener::reference {
namespace {

// Squared distances of the shells.
constexpr int kShells[] = {3, 4, 8, 11, 12, 16, 19, 20};

Vector sum(const Vector &a, const Vector &b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }

std::size_t place(const std::vector<Vector> &sites, const Vector &o) {
  return static_cast<std::size_t>(std::find(sites.begin(), sites.end(), o) - sites.begin());
}

double dense(const std::vector<DenseLayer> &layers, std::vector<double> h) {
  for (std::size_t l = 0; l < layers.size(); ++l) {
    std::vector<double> next = layers[l].bias;
    for (std::size_t o = 0; o < next.size(); ++o) {
      for (std::size_t k = 0; k < h.size(); ++k) {
        next[o] += layers[l].weight[o * h.size() + k] * h[k];
      }
      next[o] = l + 1 < layers.size() ? std::max(next[o], 0.0) : next[o];
    }
    h = next;
  }
  return h[0];
}

using Move = std::function<Vector(const Vector &)>;

std::vector<Move> moves(SiteGroup group) {
  const int axes[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  std::vector<Move> all;
  for (const auto &axis : axes) {
    const auto permuted = [axis](const Vector &o) -> Vector {
      return {o[static_cast<std::size_t>(axis[0])], o[static_cast<std::size_t>(axis[1])], o[static_cast<std::size_t>(axis[2])]};
    };
    switch (group) {
    case SiteGroup::none:
      return {[](const Vector &o) { return o; }};
    case SiteGroup::axis:
      all.push_back(permuted);
      break;
    case SiteGroup::jump:
      all.push_back(permuted);
      all.push_back([permuted](const Vector &o) -> Vector { // the jumping atom keeps its entry
        const Vector q = permuted(o);
        return q == Vector{1, 1, 1} ? q : Vector{1 - q[0], 1 - q[1], 1 - q[2]};
      });
      break;
    case SiteGroup::vacancy:
      for (int signs = 0; signs < 8; ++signs) {
        all.push_back([permuted, signs](const Vector &o) -> Vector {
          const Vector q = permuted(o);
          return {(signs & 1) != 0 ? -q[0] : q[0], (signs & 2) != 0 ? -q[1] : q[1], (signs & 4) != 0 ? -q[2] : q[2]};
        });
      }
    }
  }
  return all;
}

// codes[k]: on sites[k].
double site_network(const SiteNetwork &network, const std::vector<Vector> &sites, const std::vector<int> &codes) {
  const std::vector<Move> group = moves(network.group);
  std::vector<double> h;
  for (std::size_t j = 0; j < network.bias.size(); ++j) {
    double mean = 0.0;
    for (const Move &move : group) {
      double s = network.bias[j];
      for (std::size_t k = 0; k < sites.size(); ++k) {
        const std::size_t entry = place(sites, move(sites[k]));
        s += network.table[(j * sites.size() + entry) * static_cast<std::size_t>(network.codes) +
                           static_cast<std::size_t>(codes[k])];
      }
      mean += std::max(s, 0.0) / static_cast<double>(group.size());
    }
    h.push_back(mean);
  }
  return dense(network.layers, h);
}

std::vector<Vector> first_shells(int shells) {
  std::vector<Vector> sites;
  for (const Vector &o : environment()) {
    if (o[0] * o[0] + o[1] * o[1] + o[2] * o[2] <= kShells[shells - 1]) {
      sites.push_back(o);
    }
  }
  return sites;
}

// The jumping atom, then the sites of the environment that also lie in the one after the jump along (1,1,1), nearest to the
// midpoint first.
std::vector<Vector> around_jump() {
  const std::vector<Vector> &all = environment();
  std::vector<Vector> sites;
  for (const Vector &o : all) {
    if (o != Vector{1, 1, 1} && place(all, {o[0] - 1, o[1] - 1, o[2] - 1}) < all.size()) {
      sites.push_back(o);
    }
  }
  const auto distance = [](const Vector &o) {
    int d = 0;
    for (const int c : o) {
      d += (2 * c - 1) * (2 * c - 1);
    }
    return d;
  };
  std::stable_sort(sites.begin(), sites.end(), [&](const Vector &a, const Vector &b) { return distance(a) < distance(b); });
  sites.insert(sites.begin(), Vector{1, 1, 1});
  return sites;
}

// Codes on sites of the aligned environment of a path.
std::vector<int> aligned_codes(const Lattice &lattice, const std::vector<std::uint8_t> &occupancy, int site,
                               const Vector &direction, const std::vector<Vector> &sites) {
  std::vector<int> codes(sites.size(), -1);
  for (const Vector &o : environment()) {
    const std::size_t k = place(sites, aligned(direction, o));
    if (k < sites.size()) {
      codes[k] = occupancy[static_cast<std::size_t>(lattice.site(sum(lattice.coordinates(site), o)))];
    }
  }
  return codes;
}

} // namespace

double state_energy(const Consistent &network, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy) {
  const auto codes = network.elements.size() + 1;
  double energy = 0.0;
  for (int i = 0; i < lattice.sites(); ++i) {
    for (int j = 0; j < i; ++j) {
      const int squared = lattice.squared_distance(i, j);
      for (int shell = 0; shell < network.pair_shells; ++shell) {
        if (squared == kShells[shell]) {
          energy += network.pair_eV[(static_cast<std::size_t>(shell) * codes + occupancy[static_cast<std::size_t>(i)]) * codes +
                                    occupancy[static_cast<std::size_t>(j)]];
        }
      }
    }
  }
  if (network.state_shells > 0) {
    const auto vacancy = static_cast<int>(std::find(occupancy.begin(), occupancy.end(), 0) - occupancy.begin());
    const std::vector<Vector> sites = first_shells(network.state_shells);
    std::vector<int> seen;
    for (const Vector &o : sites) {
      seen.push_back(occupancy[static_cast<std::size_t>(lattice.site(sum(lattice.coordinates(vacancy), o)))]);
    }
    energy += site_network(network.state, sites, seen);
  }
  return energy;
}

Barriers network_barriers(const SiteMlp &network, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy,
                          int site) {
  Barriers result{};
  for (std::size_t p = 0; p < 8; ++p) {
    result[p] =
        site_network(network.network, environment(), aligned_codes(lattice, occupancy, site, environment()[p], environment()));
  }
  return result;
}

Barriers network_barriers(const Cnn &network, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy, int site) {
  Barriers result{};
  for (std::size_t p = 0; p < 8; ++p) {
    const std::vector<int> codes = aligned_codes(lattice, occupancy, site, environment()[p], environment());
    std::size_t side = 9;
    auto channels = static_cast<std::size_t>(network.layers[0].in);
    std::vector<double> h(729 * channels, 0.0);
    const auto voxel = [](std::size_t n, std::size_t x, std::size_t y, std::size_t z) { return (y * n + x) * n + z; };
    for (std::size_t k = 0; k < codes.size(); ++k) {
      const Vector &o = environment()[k];
      const std::size_t at =
          voxel(9, static_cast<std::size_t>(o[0] + 4), static_cast<std::size_t>(o[1] + 4), static_cast<std::size_t>(o[2] + 4));
      if (!network.one_hot) {
        h[at] = codes[k];
      } else if (codes[k] > 0) {
        h[at * channels + static_cast<std::size_t>(codes[k] - 1)] = 1.0;
      }
    }
    for (const Cnn::Layer &layer : network.layers) {
      const std::size_t out_side = side - 2;
      const auto outs = static_cast<std::size_t>(layer.out);
      std::vector<double> next(out_side * out_side * out_side * outs);
      for (std::size_t x = 0; x < out_side; ++x) {
        for (std::size_t y = 0; y < out_side; ++y) {
          for (std::size_t z = 0; z < out_side; ++z) {
            for (std::size_t o = 0; o < outs; ++o) {
              double s = layer.bias[o];
              for (std::size_t tap = 0; tap < 27; ++tap) {
                const std::size_t from = voxel(side, x + tap / 3 % 3, y + tap / 9, z + tap % 3);
                for (std::size_t c = 0; c < channels; ++c) {
                  s += layer.weight[(o * 27 + tap) * channels + c] * h[from * channels + c];
                }
              }
              next[voxel(out_side, x, y, z) * outs + o] = std::max(s, 0.0);
            }
          }
        }
      }
      h = next;
      side = out_side;
      channels = outs;
    }
    result[p] = dense({network.output}, h);
  }
  return result;
}

Barriers network_barriers(const Consistent &network, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy,
                          int site) {
  static const std::vector<Vector> sites = around_jump();
  const double before = state_energy(network, lattice, occupancy);
  Barriers result{};
  for (std::size_t p = 0; p < 8; ++p) {
    const Vector &d = environment()[p];
    std::vector<std::uint8_t> after = occupancy;
    std::swap(after[static_cast<std::size_t>(site)],
              after[static_cast<std::size_t>(lattice.site(sum(lattice.coordinates(site), d)))]);
    result[p] = site_network(network.jump, sites, aligned_codes(lattice, occupancy, site, d, sites)) +
                0.5 * (state_energy(network, lattice, after) - before);
  }
  return result;
}

} // namespace zener::reference
