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

// g of pair energies in units.
std::vector<std::int64_t> pair_differences(const std::vector<std::int64_t> &energy, int species) {
  std::vector<std::int64_t> difference;
  const auto codes = static_cast<std::size_t>(species) + 1;
  for (std::size_t shell = 0; shell < energy.size() / (codes * codes); ++shell) {
    for (std::size_t b = 1; b < codes; ++b) {
      for (std::size_t s = 0; s < codes; ++s) {
        difference.push_back(energy[(shell * codes + b) * codes + s] - energy[shell * codes * codes + s]);
      }
    }
  }
  return difference;
}

PairUnits pair_units(const std::vector<double> &pair_eV, int shells, int species) {
  PairUnits out;
  const auto codes = static_cast<std::size_t>(species) + 1;
  for (std::size_t i = 0; i < static_cast<std::size_t>(shells) * codes * codes; ++i) {
    out.energy.push_back(std::llround(pair_eV[i] / kEnergyUnit_eV));
  }
  out.difference = pair_differences(out.energy, species);
  return out;
}

// A layer as a file has it: weights [out][in], biases [out].
struct HostLayer {
  int in;
  int out;
  const std::vector<double> *weight;
  const std::vector<double> *bias;
};

// A layer's weights and biases as the kernels read them, member behind member; the buffers go behind those of its network.
template <class T>
DenseView<T> pack_layer(Queue &queue, const std::vector<HostLayer> &members, std::vector<DeviceBuffer<T>> &buffers) {
  const int in = members.front().in;
  const int out = members.front().out;
  const int padded = (out + kOutputUnit<T> - 1) / kOutputUnit<T> * kOutputUnit<T>;
  const std::size_t size = static_cast<std::size_t>(padded) * static_cast<std::size_t>(in);
  std::vector<T> weight(members.size() * size, T(0));
  std::vector<T> bias(members.size() * static_cast<std::size_t>(padded), T(0));
  for (std::size_t m = 0; m < members.size(); ++m) {
    const HostLayer &layer = members[m];
    if (layer.in != in || layer.out != out) {
      throw InvariantError("the networks of an ensemble have layers of different widths");
    }
    for (int o = 0; o < out; ++o) {
      bias[m * static_cast<std::size_t>(padded) + static_cast<std::size_t>(o)] =
          static_cast<T>((*layer.bias)[static_cast<std::size_t>(o)]);
      for (int k = 0; k < in; ++k) {
        const auto from = static_cast<std::size_t>(o) * static_cast<std::size_t>(in) + static_cast<std::size_t>(k);
        weight[m * size + static_cast<std::size_t>(weight_place<T>(k, o, in, padded))] = static_cast<T>((*layer.weight)[from]);
      }
    }
  }
  buffers.push_back(uploaded(queue, weight, "network weights"));
  const View<const T, 1> device_weight = buffers.back().view();
  buffers.push_back(uploaded(queue, bias, "network weights"));
  return {device_weight, buffers.back().view(), in, padded};
}

// The numbers of the members, one member behind the other.
template <class T>
View<const T, 1> pack_numbers(Queue &queue, const std::vector<const std::vector<double> *> &members,
                              std::vector<DeviceBuffer<T>> &buffers) {
  std::vector<T> numbers;
  for (const std::vector<double> *each : members) {
    for (const double number : *each) {
      numbers.push_back(static_cast<T>(number));
    }
  }
  buffers.push_back(uploaded(queue, numbers, "network weights"));
  return buffers.back().view();
}

// part(member) of each member of an ensemble.
template <class Network, class F> auto parts_of(const Network &network, F part) {
  std::vector<decltype(part(network))> parts;
  for (const Network *member : members_of(network)) {
    parts.push_back(part(*member));
  }
  return parts;
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

template <class T>
DeviceDense<T>::DeviceDense(Queue &queue, const std::vector<const std::vector<DenseLayer> *> &members,
                            const std::string &file) {
  const std::vector<DenseLayer> &layers = *members.front();
  const int hidden = static_cast<int>(layers.size()) - 1;
  if (hidden > kMaxLayers) {
    throw ConfigError(file + ": the network has " + std::to_string(hidden) + " hidden layers; at most " +
                      std::to_string(kMaxLayers) + " are possible");
  }
  stack_.layers = hidden;
  stack_.widest = layers.front().in;
  stack_.last_width = layers.front().in;
  for (int l = 0; l < hidden; ++l) {
    std::vector<HostLayer> of_members;
    for (const std::vector<DenseLayer> *each : members) {
      const DenseLayer &layer = (*each)[static_cast<std::size_t>(l)];
      of_members.push_back({layer.in, layer.out, &layer.weight, &layer.bias});
    }
    stack_.layer[l] = pack_layer(queue, of_members, buffers_);
    stack_.widest = std::max(stack_.widest, stack_.layer[l].padded_out);
    stack_.last_width = of_members.front().out;
  }
  std::vector<const std::vector<double> *> weights;
  std::vector<const std::vector<double> *> biases;
  for (const std::vector<DenseLayer> *each : members) {
    weights.push_back(&each->back().weight);
    biases.push_back(&each->back().bias);
  }
  stack_.output_weight = pack_numbers(queue, weights, buffers_);
  stack_.output_bias = pack_numbers(queue, biases, buffers_);
}

template <class T>
DeviceMlp<T>::DeviceMlp(Queue &queue, const Mlp &model)
    : members_(static_cast<int>(members_of(model).size())),
      dense_(queue, parts_of(model, [](const Mlp &each) { return &each.layers; }), model.file) {}

template <class T>
DeviceSiteMlp<T>::DeviceSiteMlp(Queue &queue, const SiteMlp &model)
    : members_(static_cast<int>(members_of(model).size())),
      network_(queue, parts_of(model, [](const SiteMlp &each) { return &each.network; }), model.file) {}

template <class T>
DeviceSiteNetwork<T>::DeviceSiteNetwork(Queue &queue, const std::vector<const SiteNetwork *> &members,
                                        const std::string &file) {
  const SiteNetwork &model = *members.front();
  std::vector<const std::vector<DenseLayer> *> layers;
  for (const SiteNetwork *each : members) {
    layers.push_back(&each->layers);
  }
  dense_ = DeviceDense<T>(queue, layers, file);
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
  const std::size_t padded_units = (units + pad - 1) / pad * pad;
  const std::size_t sums = operations.size() * units;
  constexpr auto tile = static_cast<std::size_t>(kTableTile<T>);
  const std::size_t padded = (sums + tile - 1) / tile * tile;
  std::vector<T> scale(members.size() * padded_units, T(0));
  std::vector<Bits<T>> packed;
  std::vector<Bits<T>> packed_bias;
  for (std::size_t m = 0; m < members.size(); ++m) {
    const SiteNetwork &network = *members[m];
    // [unit][site][code], units of the unit's power of two.
    std::vector<std::int64_t> table(network.table.size());
    std::vector<std::int64_t> bias(units);
    for (std::size_t j = 0; j < units; ++j) {
      const double *entries = network.table.data() + j * sites * codes;
      double largest = std::abs(network.bias[j]);
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
      bias[j] = rounded(network.bias[j]);
      for (std::size_t i = 0; i < sites * codes; ++i) {
        table[j * sites * codes + i] = rounded(entries[i]);
      }
      scale[m * padded_units + j] = static_cast<T>(std::ldexp(1.0 / static_cast<double>(operations.size()), shift - exponent));
    }
    const auto entry = [&](std::size_t j, std::size_t site, std::size_t code) {
      return table[(j * sites + site) * codes + code];
    };

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
    } else {
      const std::size_t first = packed.size();
      const std::size_t first_bias = packed_bias.size();
      packed.resize(first + padded * sites * codes, 0);
      packed_bias.resize(first_bias + padded, 0);
      const std::size_t reference = std::min<std::size_t>(kReferenceCode, codes - 1);
      for (std::size_t s = 0; s < sums; ++s) {
        const std::size_t j = s % units;
        std::int64_t with_reference = bias[j];
        for (std::size_t k = 0; k < sites; ++k) {
          const std::size_t site = operations[s / units][k];
          const std::int64_t base = entry(j, site, reference);
          with_reference += base;
          for (std::size_t c = 0; c < codes; ++c) {
            packed[first + ((s / tile * sites + k) * codes + c) * tile + s % tile] =
                static_cast<Bits<T>>(entry(j, site, c) - base);
          }
        }
        packed_bias[first_bias + s] = static_cast<Bits<T>>(with_reference);
      }
    }
  }
  std::vector<std::int32_t> permutation;
  if constexpr (kGpuShapes) {
    for (const auto &row : operations) {
      permutation.insert(permutation.end(), row.begin(), row.begin() + static_cast<std::ptrdiff_t>(sites));
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
           shift,
           static_cast<int>(padded_units)};
  view_.dense.widest = std::max(view_.dense.widest, static_cast<int>(padded_units));
}

template <class T>
DeviceCnn<T>::DeviceCnn(Queue &queue, const Cnn &model) : members_(static_cast<int>(members_of(model).size())) {
  for (const Cnn *member : members_of(model)) {
    if (member->layers.size() != kCnnLayers) {
      throw InvariantError("a convolutional network has four layers");
    }
  }
  for (std::size_t l = 0; l < kCnnLayers; ++l) {
    view_.layer[l] = pack_layer(queue,
                                parts_of(model,
                                         [l](const Cnn &each) {
                                           const Cnn::Layer &layer = each.layers[l];
                                           return HostLayer{kTaps * layer.in, layer.out, &layer.weight, &layer.bias};
                                         }),
                                buffers_);
    view_.channels[l] = model.layers[l].in;
  }
  view_.output_weight = pack_numbers(queue, parts_of(model, [](const Cnn &each) { return &each.output.weight; }), buffers_);
  view_.output_bias = pack_numbers(queue, parts_of(model, [](const Cnn &each) { return &each.output.bias; }), buffers_);
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
    : members_(static_cast<int>(members_of(model).size())), shells_(model.pair_shells),
      species_(static_cast<int>(model.elements.size())), has_state_(model.state_shells > 0) {
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
  PairUnits mean; // the sum first
  std::vector<std::int64_t> differences;
  for (const Consistent *member : members_of(model)) {
    const PairUnits units = pair_units(member->pair_eV, shells_, species_);
    differences.insert(differences.end(), units.difference.begin(), units.difference.end());
    mean.energy.resize(units.energy.size(), 0);
    for (std::size_t i = 0; i < units.energy.size(); ++i) {
      mean.energy[i] += units.energy[i];
    }
  }
  for (std::int64_t &energy : mean.energy) {
    energy = mean_units(energy, members_);
  }
  if (members_ > 1) {
    mean.difference = pair_differences(mean.energy, species_);
    differences.insert(differences.end(), mean.difference.begin(), mean.difference.end());
  }
  difference_ = uploaded(queue, differences, "pair energy differences");
  energy_ = uploaded(queue, mean.energy, "pair energies");
}

ConsistentView DeviceConsistentTables::view() const {
  ConsistentView view{
      View<const std::int32_t, 2>(jump_sites_.view().data(), kJumps, jump_sites_.size() / kJumps),
      View<const std::int32_t, 2>(state_sites_.view().data(), 1 + kJumps, state_sites_.size() / (1 + kJumps)),
      View<const std::int64_t, 4>(difference_.view().data(), members_ > 1 ? members_ + 1 : 1, shells_, species_, species_ + 1),
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
    : shells_(environment_of(model).shells), tables_(queue, model),
      jump_(queue, parts_of(model, [](const Consistent &each) { return &each.jump; }), model.file),
      state_(model.state_shells > 0
                 ? DeviceSiteNetwork<T>(queue, parts_of(model, [](const Consistent &each) { return &each.state; }), model.file)
                 : DeviceSiteNetwork<T>()) {}

template class DeviceDense<float>;
template class DeviceDense<double>;
template class DeviceMlp<float>;
template class DeviceMlp<double>;
template class DeviceSiteMlp<float>;
template class DeviceSiteMlp<double>;
template class DeviceSiteNetwork<float>;
template class DeviceSiteNetwork<double>;
template class DeviceCnn<float>;
template class DeviceCnn<double>;
template class DeviceConsistent<float>;
template class DeviceConsistent<double>;

} // namespace ZENER_BACKEND
} // namespace zener
