#include "tests/support/networks.hpp"

#include <cmath>
#include <random>

namespace zener::test {
namespace {

class Numbers {
public:
  explicit Numbers(unsigned seed) : random_(seed) {}
  // In [-scale, scale).
  double operator()(double scale) { return scale * (2.0 * static_cast<double>(random_() >> 11) * 0x1p-53 - 1.0); }
  std::vector<double> operator()(std::size_t n, double scale) {
    std::vector<double> values(n);
    for (double &value : values) {
      value = (*this)(scale);
    }
    return values;
  }

private:
  std::mt19937_64 random_;
};

std::size_t size(int n) { return static_cast<std::size_t>(n); }

// Dense layers whose output varies by some 0.1 around `level`.
std::vector<DenseLayer> dense(Numbers &numbers, int in, const std::vector<int> &hidden, double level) {
  std::vector<DenseLayer> layers;
  for (std::size_t l = 0; l <= hidden.size(); ++l) {
    const bool last = l == hidden.size();
    const int out = last ? 1 : hidden[l];
    DenseLayer layer{in, out, numbers(size(in) * size(out), last ? 0.5 / std::sqrt(in) : std::sqrt(6.0 / in)), {}};
    layer.bias = last ? std::vector<double>{level} : numbers(size(out), 0.1);
    layers.push_back(layer);
    in = out;
  }
  return layers;
}

SiteNetwork site_network(Numbers &numbers, SiteGroup group, int sites, int codes, const std::vector<int> &widths,
                         double level) {
  SiteNetwork network;
  network.sites = sites;
  network.codes = codes;
  network.group = group;
  network.table = numbers(size(widths[0]) * size(sites) * size(codes), std::sqrt(6.0 / sites));
  network.bias = numbers(size(widths[0]), 0.1);
  network.layers = dense(numbers, widths[0], {widths.begin() + 1, widths.end()}, level);
  return network;
}

template <class Network> Network nb_mo_ta() {
  Network network;
  network.elements = {"Nb", "Mo", "Ta"};
  network.lattice_constant_A = 3.24;
  network.source = "made by a test";
  return network;
}

} // namespace

Mlp random_network(const std::vector<int> &hidden, unsigned seed) {
  Mlp mlp = nb_mo_ta<Mlp>();
  mlp.cutoff_A = 7.5;
  Numbers numbers(seed);
  mlp.layers = dense(numbers, kEnvironmentSites, hidden, 1.0);
  return mlp;
}

SiteMlp made_site_mlp(SiteGroup group, const std::vector<int> &widths, unsigned seed) {
  SiteMlp made = nb_mo_ta<SiteMlp>();
  Numbers numbers(seed);
  made.network = site_network(numbers, group, kEnvironmentSites, 4, widths, 1.0);
  return made;
}

Cnn made_cnn(bool one_hot, const std::vector<int> &filters, unsigned seed) {
  Cnn made = nb_mo_ta<Cnn>();
  made.one_hot = one_hot;
  Numbers numbers(seed);
  int in = one_hot ? 3 : 1;
  for (std::size_t n = 0; n < filters.size(); ++n) {
    Cnn::Layer layer;
    layer.in = in;
    layer.out = filters[n];
    const double filled = (n == 0 ? 0.25 : 1.0) * 27.0 * in; // voxels with atoms
    layer.weight = numbers(27 * size(in) * size(layer.out), std::sqrt(6.0 / filled));
    layer.bias = numbers(size(layer.out), 0.1);
    in = layer.out;
    made.layers.push_back(layer);
  }
  made.output = dense(numbers, in, {}, 1.0).front();
  return made;
}

Consistent made_consistent(int state_shells, int pair_shells, const std::vector<int> &jump_widths,
                           const std::vector<int> &state_widths, unsigned seed) {
  Consistent made = nb_mo_ta<Consistent>();
  Numbers numbers(seed);
  made.state_shells = state_shells;
  made.pair_shells = pair_shells;
  made.jump = site_network(numbers, SiteGroup::jump, static_cast<int>(jump_sites().size()), 4, jump_widths, 1.0);
  if (state_shells > 0) {
    made.state = site_network(numbers, SiteGroup::vacancy, sites_of_shells(state_shells), 4, state_widths, 0.0);
  }
  for (int shell = 0; shell < pair_shells; ++shell) {
    std::vector<double> energy(16);
    for (std::size_t a = 0; a < 4; ++a) {
      for (std::size_t b = a; b < 4; ++b) {
        energy[4 * a + b] = energy[4 * b + a] = numbers(0.03 / (shell + 1));
      }
    }
    made.pair_eV.insert(made.pair_eV.end(), energy.begin(), energy.end());
  }
  return made;
}

} // namespace zener::test
