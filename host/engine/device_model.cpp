#include "host/engine/device_model.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/lattice_tables.hpp"

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

} // namespace

static_assert(kEnvironment == kEnvironmentSites && kJumps == kPaths && kSelfSite == LatticeTables::kSelf);
static_assert(BccLattice::kUnits == units_per_cell(Structure::bcc) && BccLattice::kPerCell == sites_per_cell(Structure::bcc));
static_assert(ScLattice::kUnits == units_per_cell(Structure::sc) && ScLattice::kPerCell == sites_per_cell(Structure::sc));
static_assert(FccLattice::kUnits == units_per_cell(Structure::fcc) && FccLattice::kPerCell == sites_per_cell(Structure::fcc));

DeviceTables::DeviceTables(Queue &queue, Structure structure)
    : environment_(static_cast<int>(lattice_tables(structure).offsets.size())), paths_(lattice_tables(structure).paths),
      around_(lattice_tables(structure).around_sites),
      offsets_(uploaded(queue, flattened(lattice_tables(structure).offsets), "lattice offsets")),
      aligned_(uploaded(queue, flattened(lattice_tables(structure).aligned), "path alignment")),
      around_jump_(uploaded(queue, flattened(lattice_tables(structure).around_jump), "neighbours of jumps")) {}

LatticeTablesView DeviceTables::view() const {
  return {View<const std::int32_t, 2>(offsets_.view().data(), environment_, 3),
          View<const std::int32_t, 2>(aligned_.view().data(), aligned_.size() > 0 ? paths_ : 0, environment_),
          View<const std::int32_t, 2>(around_jump_.view().data(), paths_, around_)};
}

DevicePairKra::DevicePairKra(Queue &queue, const PairKra &model)
    : shells_(model.shells), species_(static_cast<int>(model.elements.size())),
      migration_(uploaded(queue, model.migration_eV, "migration energies")) {
  std::vector<std::int64_t> energy;
  std::vector<std::int64_t> difference;
  for (int shell = 0; shell < shells_; ++shell) {
    // Each energy is rounded by itself, so that g stays the difference of two state energies.
    const auto units = [&](int a, int b) { return std::llround(model.pair(shell, a, b) / kEnergyUnit_eV); };
    for (int b = 0; b <= species_; ++b) {
      for (int s = 0; s <= species_; ++s) {
        energy.push_back(units(b, s));
        if (b > 0) {
          difference.push_back(units(b, s) - units(0, s));
        }
      }
    }
  }
  difference_ = uploaded(queue, difference, "pair energy differences");
  energy_ = uploaded(queue, energy, "pair energies");
}

template <class T> DeviceMlp<T>::DeviceMlp(Queue &queue, const Mlp &model) {
  const int hidden = static_cast<int>(model.layers.size()) - 1;
  if (hidden > kMaxLayers) {
    throw ConfigError(model.file + ": the network has " + std::to_string(hidden) + " hidden layers; at most " +
                      std::to_string(kMaxLayers) + " are possible");
  }
  net_.layers = hidden;
  net_.widest = kEnvironment;
  net_.last_width = kEnvironment;
  const auto keep = [&](const std::vector<T> &values) {
    buffers_.push_back(uploaded(queue, values, "network weights"));
    return View<const T, 1>(buffers_.back().view());
  };
  for (int l = 0; l < hidden; ++l) {
    const DenseLayer &layer = model.layers[static_cast<std::size_t>(l)];
    const int padded = (layer.out + kOutputUnit<T> - 1) / kOutputUnit<T> * kOutputUnit<T>;
    std::vector<T> weight(static_cast<std::size_t>(padded) * static_cast<std::size_t>(layer.in), T(0));
    std::vector<T> bias(static_cast<std::size_t>(padded), T(0));
    for (int o = 0; o < layer.out; ++o) {
      bias[static_cast<std::size_t>(o)] = static_cast<T>(layer.bias[static_cast<std::size_t>(o)]);
      for (int k = 0; k < layer.in; ++k) {
        const auto from = static_cast<std::size_t>(o) * static_cast<std::size_t>(layer.in) + static_cast<std::size_t>(k);
        weight[static_cast<std::size_t>(weight_place<T>(k, o, layer.in, padded))] = static_cast<T>(layer.weight[from]);
      }
    }
    DenseView<T> &view = net_.layer[l];
    view.weight = keep(weight);
    view.bias = keep(bias);
    view.in = layer.in;
    view.padded_out = padded;
    net_.widest = std::max(net_.widest, padded);
    net_.last_width = layer.out;
  }
  const DenseLayer &output = model.layers.back();
  net_.output_weight = keep(std::vector<T>(output.weight.begin(), output.weight.end()));
  net_.output_bias = keep(std::vector<T>(output.bias.begin(), output.bias.end()));
}

template class DeviceMlp<float>;
template class DeviceMlp<double>;

} // namespace ZENER_BACKEND
} // namespace zener
