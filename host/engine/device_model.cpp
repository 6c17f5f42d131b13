#include "host/engine/device_model.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/site_symmetry.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

template <class T> DeviceBuffer<T> uploaded(Queue &queue, const std::vector<T> &values, const char *name) {
  DeviceBuffer<T> buffer(queue, static_cast<std::int64_t>(values.size()), name);
  buffer.upload(values.data());
  return buffer;
}

template <class Rows> std::vector<std::int32_t> flattened(const Rows &rows) {
  std::vector<std::int32_t> flat;
  for (const auto &row : rows) {
    for (const auto value : row) {
      flat.push_back(value);
    }
  }
  return flat;
}

// Pair energies and their differences g in units of kEnergyUnit_eV. Each energy is rounded by itself, so that g stays the
// difference of two state energies.
struct PairUnits {
  std::vector<std::int64_t> energy;     // [shell][species + 1][species + 1]
  std::vector<std::int64_t> difference; // [shell][species][species + 1]
};

PairUnits pair_units(const std::vector<double> &pair_eV, int shells, int species) {
  PairUnits out;
  const auto codes = static_cast<std::size_t>(species) + 1;
  for (std::size_t shell = 0; shell < static_cast<std::size_t>(shells); ++shell) {
    const auto units = [&](std::size_t a, std::size_t b) {
      return std::llround(pair_eV[(shell * codes + a) * codes + b] / kEnergyUnit_eV);
    };
    for (std::size_t b = 0; b < codes; ++b) {
      for (std::size_t s = 0; s < codes; ++s) {
        out.energy.push_back(units(b, s));
        if (b > 0) {
          out.difference.push_back(units(b, s) - units(0, s));
        }
      }
    }
  }
  return out;
}

// A layer's weights and biases as the kernels read them; the buffers go behind those of its network.
template <class T>
DenseView<T> pack_layer(Queue &queue, int in, int out, const std::vector<double> &weights, const std::vector<double> &biases,
                        std::vector<DeviceBuffer<T>> &buffers) {
  const int padded = (out + kOutputUnit<T> - 1) / kOutputUnit<T> * kOutputUnit<T>;
  std::vector<T> weight(static_cast<std::size_t>(padded) * static_cast<std::size_t>(in), T(0));
  std::vector<T> bias(static_cast<std::size_t>(padded), T(0));
  for (int o = 0; o < out; ++o) {
    bias[static_cast<std::size_t>(o)] = static_cast<T>(biases[static_cast<std::size_t>(o)]);
    for (int k = 0; k < in; ++k) {
      const auto from = static_cast<std::size_t>(o) * static_cast<std::size_t>(in) + static_cast<std::size_t>(k);
      weight[static_cast<std::size_t>(weight_place<T>(k, o, in, padded))] = static_cast<T>(weights[from]);
    }
  }
  buffers.push_back(uploaded(queue, weight, "network weights"));
  const View<const T, 1> device_weight = buffers.back().view();
  buffers.push_back(uploaded(queue, bias, "network weights"));
  return {device_weight, buffers.back().view(), in, padded};
}

template <class T>
View<const T, 1> pack_numbers(Queue &queue, const std::vector<double> &numbers, std::vector<DeviceBuffer<T>> &buffers) {
  buffers.push_back(uploaded(queue, std::vector<T>(numbers.begin(), numbers.end()), "network weights"));
  return buffers.back().view();
}

} // namespace

static_assert(kEnvironment == kEnvironmentSites && kJumps == kPaths && kSelfSite == LatticeTables::kSelf);
static_assert(BccLattice::kUnits == units_per_cell(Structure::bcc) && BccLattice::kPerCell == sites_per_cell(Structure::bcc));
static_assert(ScLattice::kUnits == units_per_cell(Structure::sc) && ScLattice::kPerCell == sites_per_cell(Structure::sc));
static_assert(FccLattice::kUnits == units_per_cell(Structure::fcc) && FccLattice::kPerCell == sites_per_cell(Structure::fcc));

DeviceTables::DeviceTables(Queue &queue, Structure structure, int shells)
    : paths_(lattice_tables(structure).paths), around_(lattice_tables(structure).around_sites),
      offsets_(uploaded(
          queue, flattened(structure == Structure::bcc ? jump_environment(shells).offsets : lattice_tables(structure).offsets),
          "lattice offsets")),
      aligned_(uploaded(queue, flattened(lattice_tables(structure).aligned), "path alignment")),
      around_jump_(uploaded(queue, flattened(lattice_tables(structure).around_jump), "neighbours of jumps")) {}

LatticeTablesView DeviceTables::view() const {
  return {View<const std::int32_t, 2>(offsets_.view().data(), offsets_.size() / 3, 3),
          View<const std::int32_t, 2>(aligned_.view().data(), aligned_.size() > 0 ? paths_ : 0, aligned_.size() / paths_),
          View<const std::int32_t, 2>(around_jump_.view().data(), paths_, around_)};
}

DevicePairKra::DevicePairKra(Queue &queue, const PairKra &model)
    : shells_(model.shells), species_(static_cast<int>(model.elements.size())),
      migration_(uploaded(queue, model.migration_eV, "migration energies")) {
  const PairUnits units = pair_units(model.pair_eV, shells_, species_);
  difference_ = uploaded(queue, units.difference, "pair energy differences");
  energy_ = uploaded(queue, units.energy, "pair energies");
}

template <class T> DeviceDense<T>::DeviceDense(Queue &queue, const std::vector<DenseLayer> &layers, const std::string &file) {
  const int hidden = static_cast<int>(layers.size()) - 1;
  if (hidden > kMaxLayers) {
    throw ConfigError(file + ": the network has " + std::to_string(hidden) + " hidden layers; at most " +
                      std::to_string(kMaxLayers) + " are possible");
  }
  stack_.layers = hidden;
  stack_.widest = layers.front().in;
  stack_.last_width = layers.front().in;
  for (int l = 0; l < hidden; ++l) {
    const DenseLayer &layer = layers[static_cast<std::size_t>(l)];
    stack_.layer[l] = pack_layer(queue, layer.in, layer.out, layer.weight, layer.bias, buffers_);
    stack_.widest = std::max(stack_.widest, stack_.layer[l].padded_out);
    stack_.last_width = layer.out;
  }
  stack_.output_weight = pack_numbers(queue, layers.back().weight, buffers_);
  stack_.output_bias = pack_numbers(queue, layers.back().bias, buffers_);
}

template <class T>
DeviceSiteNetwork<T>::DeviceSiteNetwork(Queue &queue, const SiteNetwork &model, const std::string &file)
    : dense_(queue, model.layers, file) {
  const std::vector<std::vector<std::uint8_t>> &operations = site_operations(model.group);
  const auto sites = static_cast<std::size_t>(model.sites);
  const auto codes = static_cast<std::size_t>(model.codes);
  const auto units = static_cast<std::size_t>(model.units());
  constexpr int kSumBits = sizeof(T) == 4 ? 30 : 52; // of the largest sum over sites
  int shift = 0;                                     // leaves room for the sum over operations
  while (sizeof(T) == 4 && (std::size_t{1} << shift) < operations.size()) {
    ++shift;
  }
  constexpr std::size_t pad = static_cast<std::size_t>(kOutputUnit<T>);
  std::vector<T> scale((units + pad - 1) / pad * pad, T(0));
  // [unit][site][code], units of the unit's power of two.
  std::vector<std::int64_t> table(model.table.size());
  std::vector<std::int64_t> bias(units);
  for (std::size_t j = 0; j < units; ++j) {
    const double *entries = model.table.data() + j * sites * codes;
    double largest = std::abs(model.bias[j]);
    for (std::size_t k = 0; k < sites; ++k) {
      double of_site = 0.0;
      for (std::size_t c = 0; c < codes; ++c) {
        of_site = std::max(of_site, std::abs(entries[k * codes + c]));
      }
      largest += of_site;
    }
    const int exponent = largest > 0.0 ? kSumBits - 1 - std::ilogb(largest) : 0;
    const auto rounded = [exponent](double value) {
      return static_cast<std::int64_t>(std::llround(std::ldexp(value, exponent)));
    };
    bias[j] = rounded(model.bias[j]);
    for (std::size_t i = 0; i < sites * codes; ++i) {
      table[j * sites * codes + i] = rounded(entries[i]);
    }
    scale[j] = static_cast<T>(std::ldexp(1.0 / static_cast<double>(operations.size()), shift - exponent));
  }
  const auto entry = [&](std::size_t j, std::size_t site, std::size_t code) {
    return table[(j * sites + site) * codes + code];
  };

  std::vector<Bits<T>> packed;
  std::vector<Bits<T>> packed_bias;
  std::vector<std::int32_t> permutation;
  const std::size_t sums = operations.size() * units;
  constexpr auto tile = static_cast<std::size_t>(kTableTile<T>);
  const std::size_t padded = (sums + tile - 1) / tile * tile;
  if constexpr (kGpuShapes) {
    for (std::size_t k = 0; k < sites; ++k) {
      for (std::size_t c = 0; c < codes; ++c) {
        for (std::size_t j = 0; j < units; ++j) {
          packed.push_back(static_cast<Bits<T>>(entry(j, k, c)));
        }
      }
    }
    for (const std::int64_t b : bias) {
      packed_bias.push_back(static_cast<Bits<T>>(b));
    }
    for (const auto &row : operations) {
      permutation.insert(permutation.end(), row.begin(), row.begin() + static_cast<std::ptrdiff_t>(sites));
    }
  } else {
    packed.assign(padded * sites * codes, 0);
    packed_bias.assign(padded, 0);
    const std::size_t reference = std::min<std::size_t>(kReferenceCode, codes - 1);
    for (std::size_t s = 0; s < sums; ++s) {
      const std::size_t j = s % units;
      std::int64_t with_reference = bias[j];
      for (std::size_t k = 0; k < sites; ++k) {
        const std::size_t site = operations[s / units][k];
        const std::int64_t base = entry(j, site, reference);
        with_reference += base;
        for (std::size_t c = 0; c < codes; ++c) {
          packed[((s / tile * sites + k) * codes + c) * tile + s % tile] = static_cast<Bits<T>>(entry(j, site, c) - base);
        }
      }
      packed_bias[s] = static_cast<Bits<T>>(with_reference);
    }
  }
  table_ = uploaded(queue, packed, "network tables");
  bias_ = uploaded(queue, packed_bias, "network tables");
  scale_ = uploaded(queue, scale, "network tables");
  permutation_ = uploaded(queue, permutation, "network symmetry");
  view_ = {table_.view(),
           bias_.view(),
           scale_.view(),
           permutation_.view(),
           dense_.view(),
           model.sites,
           model.codes,
           model.units(),
           static_cast<int>(operations.size()),
           static_cast<int>(padded),
           shift};
  view_.dense.widest = std::max(view_.dense.widest, static_cast<int>(scale.size()));
}

template <class T> DeviceCnn<T>::DeviceCnn(Queue &queue, const Cnn &model) {
  if (model.layers.size() != kCnnLayers) {
    throw InvariantError("a convolutional network has four layers");
  }
  for (std::size_t l = 0; l < kCnnLayers; ++l) {
    const Cnn::Layer &layer = model.layers[l];
    view_.layer[l] = pack_layer(queue, kTaps * layer.in, layer.out, layer.weight, layer.bias, buffers_);
    view_.channels[l] = layer.in;
  }
  view_.output_weight = pack_numbers(queue, model.output.weight, buffers_);
  view_.output_bias = pack_numbers(queue, model.output.bias, buffers_);
  std::vector<std::int32_t> voxel;
  for (const Offset &o : bcc_tables().offsets) {
    voxel.push_back(81 * (o[1] + 4) + 9 * (o[0] + 4) + o[2] + 4);
  }
  voxel_ = uploaded(queue, voxel, "voxels");
  view_.voxel = voxel_.view();
  view_.last_width = model.output.in;
  view_.one_hot = model.one_hot;
}

DeviceConsistentTables::DeviceConsistentTables(Queue &queue, const Consistent &model)
    : shells_(model.pair_shells), species_(static_cast<int>(model.elements.size())), has_state_(model.state_shells > 0) {
  std::vector<std::int32_t> jump;
  for (const auto &aligned : bcc_tables().aligned) {
    for (const int k : jump_sites()) {
      jump.push_back(aligned[static_cast<std::size_t>(k)]);
    }
  }
  std::vector<std::int32_t> state;
  const JumpEnvironment &environment = environment_of(model);
  for (int k = 0; k < sites_of_shells(environment.shells); ++k) {
    state.push_back(k);
  }
  for (const auto &after : environment.after_jump) {
    state.insert(state.end(), after.begin(), after.end());
  }
  jump_sites_ = uploaded(queue, jump, "sites around jumps");
  state_sites_ = uploaded(queue, state, "sites around states");
  const PairUnits units = pair_units(model.pair_eV, shells_, species_);
  difference_ = uploaded(queue, units.difference, "pair energy differences");
  energy_ = uploaded(queue, units.energy, "pair energies");
}

ConsistentView DeviceConsistentTables::view() const {
  ConsistentView view{View<const std::int32_t, 2>(jump_sites_.view().data(), kJumps, jump_sites_.size() / kJumps),
                      View<const std::int32_t, 2>(state_sites_.view().data(), 1 + kJumps, state_sites_.size() / (1 + kJumps)),
                      View<const std::int64_t, 3>(difference_.view().data(), shells_, species_, species_ + 1),
                      shells_ > 0 ? sites_of_shells(shells_) : 0,
                      {},
                      species_,
                      has_state_};
  for (int shell = 0; shell < shells_; ++shell) {
    view.shell_end[shell] = sites_of_shells(shell + 1);
  }
  return view;
}

template <class T>
DeviceConsistent<T>::DeviceConsistent(Queue &queue, const Consistent &model)
    : shells_(environment_of(model).shells), tables_(queue, model), jump_(queue, model.jump, model.file),
      state_(model.state_shells > 0 ? DeviceSiteNetwork<T>(queue, model.state, model.file) : DeviceSiteNetwork<T>()) {}

template class DeviceDense<float>;
template class DeviceDense<double>;
template class DeviceSiteNetwork<float>;
template class DeviceSiteNetwork<double>;
template class DeviceCnn<float>;
template class DeviceCnn<double>;
template class DeviceConsistent<float>;
template class DeviceConsistent<double>;

} // namespace ZENER_BACKEND
} // namespace zener
