#include "tests/reference/barriers.hpp"

#include <algorithm>
#include <cmath>

namespace zener::reference {

double total_energy(const PairKra &model, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy) {
  double twice = 0.0;
  for (int shell = 0; shell < model.shells; ++shell) {
    const auto &neighbours = lattice.neighbours()[static_cast<std::size_t>(shell)];
    for (std::size_t i = 0; i < occupancy.size(); ++i) {
      for (const int j : neighbours[i]) {
        twice += model.pair(shell, occupancy[i], occupancy[static_cast<std::size_t>(j)]);
      }
    }
  }
  return 0.5 * twice;
}

Barriers pair_barriers(const PairKra &model, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy, int site) {
  const std::vector<Vector> &offsets = environment();
  const Vector c = lattice.coordinates(site);
  const double before = total_energy(model, lattice, occupancy);
  Barriers result{};
  for (std::size_t p = 0; p < 8; ++p) {
    const Vector &d = offsets[p];
    const auto from = static_cast<std::size_t>(lattice.site({c[0] + d[0], c[1] + d[1], c[2] + d[2]}));
    std::vector<std::uint8_t> after = occupancy;
    std::swap(after[from], after[static_cast<std::size_t>(site)]);
    result[p] = model.migration_eV[static_cast<std::size_t>(occupancy[from] - 1)] +
                0.5 * (total_energy(model, lattice, after) - before);
  }
  return result;
}

VoxelNet random_net(Sequence &random, const std::vector<int> &widths) {
  VoxelNet net;
  int in = 729;
  std::vector<int> outs = widths;
  outs.push_back(1);
  for (std::size_t l = 0; l < outs.size(); ++l) {
    DenseLayer layer;
    layer.in = in;
    layer.out = outs[l];
    // About 2/sqrt(inputs that count), as a power of two: values nearly keep their size from layer to layer.
    const int inputs = l == 0 ? 112 : in;
    const double scale = std::ldexp(1.0, -static_cast<int>(std::lround(0.5 * std::log2(inputs))));
    const double factor = l + 1 == outs.size() ? scale / 4.0 : 2.0 * scale;
    for (int i = 0; i < in * layer.out; ++i) {
      layer.weight.push_back(factor * random.dyadic(10));
    }
    for (int o = 0; o < layer.out; ++o) {
      layer.bias.push_back(l + 1 == outs.size() ? 1.0 : 0.25 * random.dyadic(10));
    }
    net.layers.push_back(layer);
    in = layer.out;
  }
  return net;
}

namespace {

std::size_t voxel(const Vector &o) { return static_cast<std::size_t>(81 * (o[1] + 4) + 9 * (o[0] + 4) + o[2] + 4); }

// Codes of the aligned environment, in the order of environment().
std::array<std::uint8_t, 112> align(const Codes &codes, std::size_t path) {
  const std::vector<Vector> &offsets = environment();
  std::array<std::uint8_t, 112> result{};
  for (std::size_t k = 0; k < 112; ++k) {
    const auto place = std::find(offsets.begin(), offsets.end(), aligned(offsets[path], offsets[k])) - offsets.begin();
    result[static_cast<std::size_t>(place)] = codes[k];
  }
  return result;
}

template <class T> Barriers chain(const Mlp &net, const Codes &codes) {
  Barriers result{};
  for (std::size_t path = 0; path < 8; ++path) {
    std::vector<T> h;
    for (const std::uint8_t code : align(codes, path)) {
      h.push_back(static_cast<T>(code));
    }
    for (std::size_t l = 0; l < net.layers.size(); ++l) {
      const DenseLayer &layer = net.layers[l];
      std::vector<T> next;
      for (std::size_t o = 0; o < static_cast<std::size_t>(layer.out); ++o) {
        T sum = static_cast<T>(layer.bias[o]);
        for (std::size_t k = 0; k < h.size(); ++k) {
          sum = std::fma(static_cast<T>(layer.weight[o * h.size() + k]), h[k], sum);
        }
        next.push_back(l + 1 == net.layers.size() || sum > T(0) ? sum : T(0));
      }
      h = next;
    }
    result[path] = static_cast<double>(h[0]);
  }
  return result;
}

} // namespace

Mlp to_mlp(const VoxelNet &net, const std::vector<std::string> &elements) {
  Mlp mlp;
  mlp.elements = elements;
  mlp.lattice_constant_A = 3.24;
  mlp.cutoff_A = 7.5;
  mlp.layers = net.layers;
  DenseLayer &first = mlp.layers.front();
  std::vector<double> kept;
  const std::vector<Vector> &offsets = environment();
  for (int o = 0; o < first.out; ++o) {
    for (const Vector &offset : offsets) {
      kept.push_back(first.weight[static_cast<std::size_t>(o) * 729 + voxel(offset)]);
    }
  }
  first.in = 112;
  first.weight = kept;
  return mlp;
}

BoundedBarriers voxel_barriers(const VoxelNet &net, const Codes &codes, double unit_roundoff) {
  const std::vector<Vector> &offsets = environment();
  BoundedBarriers result{};
  for (std::size_t path = 0; path < 8; ++path) {
    std::vector<double> h(729, 0.0);
    for (std::size_t k = 0; k < 112; ++k) {
      h[voxel(aligned(offsets[path], offsets[k]))] = codes[k];
    }
    std::vector<double> error(729, 0.0);
    for (std::size_t l = 0; l < net.layers.size(); ++l) {
      const DenseLayer &layer = net.layers[l];
      const double terms = l == 0 ? 113 : layer.in + 1;
      std::vector<double> next, next_error;
      for (std::size_t o = 0; o < static_cast<std::size_t>(layer.out); ++o) {
        double sum = layer.bias[o];
        double squares = layer.bias[o] * layer.bias[o];
        double inherited = 0.0;
        for (std::size_t k = 0; k < h.size(); ++k) {
          const double w = layer.weight[o * h.size() + k];
          sum += w * h[k];
          squares += w * w * h[k] * h[k];
          inherited += w * w * error[k] * error[k];
        }
        next.push_back(l + 1 == net.layers.size() ? sum : std::max(sum, 0.0));
        // One rounding a term of that evaluation, two of this one in double, each of a partial sum of about sqrt(squares).
        const double local = std::sqrt(terms * squares) * (unit_roundoff + 2 * 0x1p-53);
        next_error.push_back(std::sqrt(inherited + local * local));
      }
      h = next;
      error = next_error;
    }
    result.value[path] = h[0];
    result.bound[path] = 8.0 * error[0];
  }
  return result;
}

Barriers chain_barriers_float(const Mlp &net, const Codes &codes) { return chain<float>(net, codes); }
Barriers chain_barriers_double(const Mlp &net, const Codes &codes) { return chain<double>(net, codes); }

Codes random_codes(Sequence &random, int species) {
  Codes codes{};
  for (std::uint8_t &code : codes) {
    code = static_cast<std::uint8_t>(1 + random.below(species));
  }
  return codes;
}

} // namespace zener::reference
