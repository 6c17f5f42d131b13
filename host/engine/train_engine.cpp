#include "host/engine/train_engine.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/site_symmetry.hpp"
#include "kernels/nn/train.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <functional>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kVoxelSide = 9;
// Of a layer's output when barriers are predicted. The debug device opens and closes all memory at every launch: little there.
constexpr std::int64_t kPredictNumbers = std::int64_t{1} << (kQueuesShareMemory ? 21 : 14);
constexpr std::int64_t kPredictItems = 4096;
constexpr std::int64_t kWindowNumbers = std::int64_t{1} << 24; // of windows' gradients at a time

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// Memory that is asked for first and taken when it is known that all of it fits.
class Wishes {
public:
  explicit Wishes(Queue &queue) : queue_(queue) {}
  template <class T> void add(DeviceBuffer<T> &buffer, std::int64_t n, const char *name) {
    bytes_ += sizeof(T) * at(n);
    grants_.push_back([&buffer, n, name](Queue &queue) {
      buffer = DeviceBuffer<T>(queue, n, name);
      buffer.zero();
    });
  }
  std::size_t bytes() const { return bytes_; }
  void grant() {
    for (const auto &grant : grants_) {
      grant(queue_);
    }
    grants_.clear();
  }

private:
  Queue &queue_;
  std::size_t bytes_ = 0;
  std::vector<std::function<void(Queue &)>> grants_;
};

struct HostTable {
  std::vector<std::int32_t> values;
  DeviceBuffer<std::int32_t> device;
  void wish(Wishes &wishes) { wishes.add(device, static_cast<std::int64_t>(values.size()), "tables of training"); }
  void upload() { device.upload(values.data()); }
  View<const std::int32_t, 1> view() const { return device.view(); }
  const std::int32_t *data() const { return values.empty() ? nullptr : device.view().data(); }
};

// Places of parameters: weights first (those that decay), then the rest; running statistics have an array of their own.
struct Room {
  std::int64_t weights = 0, others = 0, running = 0;
  std::int64_t take(std::int64_t Room::*kind, std::int64_t n) { return std::exchange(this->*kind, this->*kind + n); }
};

enum class LayerKind { dense, table, windows };

struct Layer {
  LayerKind kind = LayerKind::dense;
  int inputs = 0; // table: sites x codes; windows: channels
  int stride = 0; // of the input's rows or voxels as they are stored
  int taps = 1;
  int units = 0, width = 0;
  int side = 0;                  // windows: of the input
  std::int64_t rows_an_item = 1; // table: operations; windows: voxels left
  bool hidden = true;            // norm and ReLU follow
  bool normalise = false;
  std::int64_t weight = 0, gamma = 0, beta = 0, running = 0; // places
  int tensor = 0;
  double bound = 0.0; // of the first weights

  std::int64_t inner() const { return std::int64_t{taps} * stride; }
  std::int64_t weight_numbers() const { return inner() * width; }
};

// A function of items: an input, hidden layers, a linear output of 1.
template <class T> struct Stack {
  enum class Input { digits, species, voxels };
  Input input = Input::digits;
  std::vector<std::int32_t> site_list; // of the 112
  int items_a_jump = 1, item_ways = 1;
  int codes = 0;
  SiteGroup group = SiteGroup::none;
  int voxel_channels = 1;
  bool augment = false;
  std::vector<Layer> layers; // the last is the output

  HostTable sites, permutation, inverse, orientation, voxel_site;
  struct Windows {
    HostTable row, tap;
  };
  struct Memory {
    DeviceBuffer<T> x, out, mean, inverse_sigma;
  };
  std::vector<Windows> windows; // [layer]
  std::vector<Memory> memory;   // [layer]
  DeviceBuffer<T> digits, pooled, wide_table, d_one, d_two, transposed, window_gradient, partial, d_output;
  DeviceBuffer<std::int32_t> species;
  std::int64_t most_items = 0, most_train_items = 0, window_items = 1;

  int site_count() const { return static_cast<int>(site_list.size()); }
  int operations() const { return static_cast<int>(permutation.values.size()) / std::max(1, site_count()); }
};

template <class T> Layer dense_layer(int inputs, int stride, int units, bool hidden, const NetworkDesign &design) {
  Layer layer;
  layer.inputs = inputs;
  layer.stride = stride;
  layer.units = units;
  layer.width = padded_columns(units);
  layer.hidden = hidden;
  layer.normalise = hidden && design.batch_norm;
  layer.bound = std::sqrt(6.0 / inputs); // He et al., ICCV 2015, arXiv:1502.01852, uniform
  return layer;
}

std::vector<std::int32_t> all_sites(int n) {
  std::vector<std::int32_t> sites(at(n));
  std::iota(sites.begin(), sites.end(), 0);
  return sites;
}

template <class T> void append_dense(Stack<T> &stack, std::span<const int> widths, const NetworkDesign &design) {
  for (const int width : widths) {
    const Layer &before = stack.layers.back();
    stack.layers.push_back(dense_layer<T>(before.units, before.width, width, true, design));
  }
}

template <class T> void append_output(Stack<T> &stack, double spread_eV) {
  const Layer &before = stack.layers.back();
  Layer layer = dense_layer<T>(before.units, before.width, 1, false, {});
  // Inputs are of order 1: the outputs scatter as the barriers do, from the start.
  layer.bound = std::sqrt(3.0 / before.units) * spread_eV;
  stack.layers.push_back(layer);
}

template <class T>
Stack<T> species_stack(std::vector<std::int32_t> sites, SiteGroup group, int codes, std::span<const int> widths,
                       const NetworkDesign &design) {
  Stack<T> stack;
  stack.input = Stack<T>::Input::species;
  stack.site_list = std::move(sites);
  stack.group = group;
  stack.codes = codes;
  const int n = stack.site_count();
  for (const auto &permutation : site_operations(group)) {
    std::vector<std::int32_t> inverse(at(n));
    for (int k = 0; k < n; ++k) {
      stack.permutation.values.push_back(permutation[at(k)]);
      inverse[permutation[at(k)]] = k;
    }
    stack.inverse.values.insert(stack.inverse.values.end(), inverse.begin(), inverse.end());
  }
  Layer first = dense_layer<T>(n * codes, n * codes, widths[0], true, design);
  first.kind = LayerKind::table;
  first.rows_an_item = stack.operations();
  first.bound = std::sqrt(6.0 / n); // one species a site
  stack.layers.push_back(first);
  append_dense(stack, widths.subspan(1), design);
  return stack;
}

template <class T> Stack<T> digit_stack(const NetworkDesign &design) {
  Stack<T> stack;
  stack.site_list = all_sites(sites_of_shells(design.shells));
  const int n = stack.site_count();
  stack.layers.push_back(dense_layer<T>(n, n, design.widths[0], true, design));
  append_dense(stack, std::span<const int>(design.widths).subspan(1), design);
  return stack;
}

template <class T> Stack<T> voxel_stack(int species, const NetworkDesign &design) {
  Stack<T> stack;
  stack.input = Stack<T>::Input::voxels;
  stack.voxel_channels = design.one_hot ? species : 1;
  stack.voxel_site.values.assign(kVoxelSide * kVoxelSide * kVoxelSide, -1);
  const std::vector<Offset> &offsets = bcc_tables().offsets;
  for (std::size_t k = 0; k < offsets.size(); ++k) {
    const Offset &o = offsets[k];
    stack.voxel_site.values[at(((o[1] + 4) * kVoxelSide + o[0] + 4) * kVoxelSide + o[2] + 4)] = static_cast<std::int32_t>(k);
  }
  int side = kVoxelSide;
  int channels = stack.voxel_channels, stride = stack.voxel_channels;
  for (const int filters : design.filters) {
    Layer layer = dense_layer<T>(channels, stride, filters, true, design);
    layer.kind = LayerKind::windows;
    layer.taps = 27;
    layer.side = side;
    layer.bound = std::sqrt(6.0 / (27.0 * channels));
    side -= 2;
    layer.rows_an_item = std::int64_t{side} * side * side;
    stack.layers.push_back(layer);
    channels = layer.units;
    stride = layer.width;
  }
  return stack;
}

// Rows and taps of the windows of a layer, as offsets into its input.
template <class T> void make_window_tables(typename Stack<T>::Windows &windows, const Layer &layer, std::int64_t items) {
  const int n = layer.side, few = n - 2;
  for (std::int64_t item = 0; item < items; ++item) {
    for (int y = 0; y < few; ++y) {
      for (int x = 0; x < few; ++x) {
        for (int z = 0; z < few; ++z) {
          const std::int64_t voxel = ((item * n + y) * n + x) * n + z;
          windows.row.values.push_back(static_cast<std::int32_t>(voxel * layer.stride));
        }
      }
    }
  }
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 3; ++x) {
      for (int z = 0; z < 3; ++z) {
        for (int c = 0; c < layer.stride; ++c) {
          windows.tap.values.push_back(static_cast<std::int32_t>(((y * n + x) * n + z) * layer.stride + c));
        }
      }
    }
  }
}

struct Data {
  DeviceBuffer<std::uint8_t> first, last;
  DeviceBuffer<std::int32_t> train, order; // jumps that are trained on; in the order of the epoch
  DeviceBuffer<std::uint64_t> keys;
  DeviceBuffer<std::int32_t> places;
  bool both_ways = false;
  int codes = 0;
  int ways() const { return both_ways ? 2 : 1; }
};

template <class T> struct Targets { DeviceBuffer<T> forward, backward; };

struct OrderOfEpoch {
  View<const std::int32_t, 1> train, places;
  View<std::int32_t, 1> order;
  ZENER_FN void operator()(std::int64_t i) const { order[i] = train[places[i]]; }
};

template <class T> class Network {
public:
  Network(Queue &memory, const TrainPlan &plan, const NetworkDesign &design, const Data &data, const Targets<T> &targets,
          bool own_products)
      : plan_(plan), design_(design), data_(data), targets_(targets), memory_(memory), own_products_(own_products) {
    if (kQueuesShareMemory) {
      own_queue_ = std::make_unique<Queue>(memory.device());
    }
    const std::vector<double> barriers = trained_barriers(plan);
    mean_eV_ = std::accumulate(barriers.begin(), barriers.end(), 0.0) / static_cast<double>(barriers.size());
    double squared = 0.0;
    for (const double e : barriers) {
      squared += (e - mean_eV_) * (e - mean_eV_);
    }
    const double spread_eV = std::max(1e-3, std::sqrt(squared / static_cast<double>(barriers.size())));
    make_stacks(spread_eV);
    lay_out();
  }

  Queue &queue() { return own_queue_ ? *own_queue_ : memory_; }

  void wish(Wishes &wishes, std::int64_t most_jumps) {
    const std::int64_t n = parameters();
    wishes.add(parameter_, n, "parameters of a network");
    wishes.add(gradient_, n, "gradients of a network");
    wishes.add(first_, n, "moments of a network");
    wishes.add(second_, n, "moments of a network");
    wishes.add(running_, room_.running, "running statistics of a network");
    wishes.add(state_, 1, "state of a step");
    std::int64_t predict_items = kPredictItems; // at the most
    for (const Stack<T> &stack : stacks_) {
      for (const Layer &layer : stack.layers) {
        predict_items = std::min(predict_items, kPredictNumbers / (layer.rows_an_item * layer.width));
      }
    }
    const int items_a_jump = stacks_.back().items_a_jump;
    most_predict_jumps_ = std::max<std::int64_t>(most_jumps, predict_items / items_a_jump);
    for (Stack<T> &stack : stacks_) {
      wish(wishes, stack, most_jumps);
    }
    wishes.add(barriers_, most_predict_jumps_ * data_.ways(), "barriers of a batch");
    if (pair_task_.pairs() > 0) {
      wishes.add(counts_, most_predict_jumps_ * pair_task_.pairs(), "pair counts of a batch");
    }
    if (consistent()) {
      wishes.add(energy_gradient_, most_jumps, "gradients of energies");
    }
  }

  void start() {
    for (Stack<T> &stack : stacks_) {
      for (HostTable *table : {&stack.sites, &stack.permutation, &stack.inverse, &stack.orientation, &stack.voxel_site}) {
        table->upload();
      }
      for (auto &windows : stack.windows) {
        windows.row.upload();
        windows.tap.upload();
      }
      for (const Layer &layer : stack.layers) {
        const WeightShape shape{layer.units, layer.taps, layer.inputs, layer.stride, layer.width};
        draw_weights(memory_, design_.seed, layer.tensor, shape, layer.bound, at_place(parameter_, layer.weight));
        if (layer.normalise) {
          fill(memory_, layer.units, 1.0, at_place(parameter_, layer.gamma));
          fill(memory_, layer.width, 1.0, at_place(running_, layer.running + layer.width));
        }
      }
    }
    fill(memory_, 1, mean_eV_, at_place(parameter_, bias_));
    memory_.wait();
    gemm_.emplace(memory_, queue(), own_products_);
  }

  void begin_epoch(std::int64_t number, double rate) {
    host_state_.begin = 0;
    host_state_.next = 0;
    host_state_.loss = 0.0;
    host_state_.epoch = number;
    host_state_.rate = rate;
    state_.upload(&host_state_);
  }

  // The next batch of the epoch.
  void step(std::int64_t jumps, bool full) {
    if (!full) {
      launch_step(jumps);
      return;
    }
    if (recording_.empty()) {
      recording_ = queue().record("train_step", [this, jumps] { launch_step(jumps); });
    }
    queue().replay("train_step", recording_);
  }

  double end_epoch() {
    queue().wait();
    state_.download(&host_state_);
    return host_state_.loss;
  }

  LossSlope slope(std::span<const std::int64_t> jumps, DeviceBuffer<std::int32_t> &order) {
    const StepState kept = host_state_;
    begin_epoch(0, 0.0);
    std::vector<T> running(at(room_.running));
    running_.download(running.data());
    next_step(queue(), state(), static_cast<std::int64_t>(jumps.size()), plan_.beta1, plan_.beta2);
    launch_gradient(static_cast<std::int64_t>(jumps.size()), order.view().data());
    LossSlope slope;
    slope.loss_eV2 = end_epoch() / static_cast<double>(jumps.size() * at(data_.ways()));
    slope.gradient = on_host(gradient_);
    slope.gradient.resize(at(parameters() + room_.running), 0.0);
    running_.upload(running.data());
    host_state_ = kept;
    return slope;
  }

  std::vector<float> predict(std::span<const std::int64_t> jumps, DeviceBuffer<std::int32_t> &order) {
    std::vector<float> result;
    std::vector<T> values(at(barriers_.size()));
    for (std::size_t begin = 0; begin < jumps.size(); begin += at(most_predict_jumps_)) {
      const auto n = std::min(most_predict_jumps_, static_cast<std::int64_t>(jumps.size() - begin));
      launch_forward(source(order.view().data() + begin, false), n, false);
      queue().wait();
      barriers_.download(values.data());
      for (std::int64_t i = 0; i < n * data_.ways(); ++i) {
        result.push_back(static_cast<float>(values[at(i)]));
      }
    }
    return result;
  }

  NetworkState save() const {
    NetworkState saved;
    saved.parameters = on_host(parameter_);
    const std::vector<double> running = on_host(running_);
    saved.parameters.insert(saved.parameters.end(), running.begin(), running.end());
    saved.moments = on_host(first_);
    const std::vector<double> second = on_host(second_);
    saved.moments.insert(saved.moments.end(), second.begin(), second.end());
    saved.steps = host_state_.steps;
    return saved;
  }

  void load(const NetworkState &saved) {
    const std::size_t n = at(parameters());
    if (saved.parameters.size() != n + at(room_.running) || saved.moments.size() != 2 * n || saved.steps < 0) {
      throw DataError("the state of a network has " + std::to_string(saved.parameters.size()) + " parameters and " +
                      std::to_string(saved.moments.size()) + " moments; this network has " +
                      std::to_string(n + at(room_.running)) + " and " + std::to_string(2 * n));
    }
    const auto upload = [](DeviceBuffer<T> &buffer, const double *from) {
      std::vector<T> values(at(buffer.size()));
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<T>(from[i]);
      }
      buffer.upload(values.data());
    };
    upload(parameter_, saved.parameters.data());
    upload(running_, saved.parameters.data() + n);
    upload(first_, saved.moments.data());
    upload(second_, saved.moments.data() + n);
    host_state_ = StepState{};
    host_state_.steps = saved.steps;
    // The same products as the steps made.
    for (std::int64_t s = 0; s < saved.steps && (host_state_.beta1_power != 0.0 || host_state_.beta2_power != 0.0); ++s) {
      host_state_.beta1_power *= plan_.beta1;
      host_state_.beta2_power *= plan_.beta2;
    }
  }

  TrainedModel model() const {
    const std::vector<double> parameter = on_host(parameter_), running = on_host(running_);
    const std::vector<std::string> &elements = plan_.data.elements;
    if (design_.kind == NetworkKind::site_mlp) {
      SiteMlp result;
      result.elements = elements;
      result.network = site_network(stacks_[0], parameter, running);
      return result;
    }
    if (design_.kind == NetworkKind::consistent) {
      Consistent result;
      result.elements = elements;
      result.jump = site_network(stacks_[0], parameter, running);
      result.state_shells = design_.state_shells;
      if (design_.state_shells > 0) {
        result.state = site_network(stacks_[1], parameter, running);
      }
      result.pair_shells = design_.pair_shells;
      for (int shell = 0; shell < design_.pair_shells; ++shell) {
        for (int a = 0; a < data_.codes; ++a) {
          for (int b = 0; b < data_.codes; ++b) {
            result.pair_eV.push_back(parameter[at(pair_ + pair_place(pair_task_, shell, a, b))]);
          }
        }
      }
      return result;
    }
    if (design_.kind == NetworkKind::cnn) {
      Cnn result;
      result.elements = elements;
      result.one_hot = design_.one_hot;
      for (std::size_t l = 0; l + 1 < stacks_[0].layers.size(); ++l) {
        const Layer &layer = stacks_[0].layers[l];
        const DenseLayer folded = folded_layer(layer, parameter, running);
        result.layers.push_back({layer.inputs, layer.units, folded.weight, folded.bias});
      }
      result.output = folded_layer(stacks_[0].layers.back(), parameter, running);
      return result;
    }
    Mlp result;
    result.elements = elements;
    for (const Layer &layer : stacks_[0].layers) {
      result.layers.push_back(folded_layer(layer, parameter, running));
    }
    // Sites beyond the shells that are read have no weight.
    DenseLayer &first = result.layers.front();
    DenseLayer whole{kEnvironmentSites, first.out, std::vector<double>(at(kEnvironmentSites * first.out), 0.0), first.bias};
    for (int o = 0; o < first.out; ++o) {
      for (int k = 0; k < first.in; ++k) {
        whole.weight[at(o * kEnvironmentSites + k)] = first.weight[at(o * first.in + k)];
      }
    }
    first = std::move(whole);
    return result;
  }

private:
  using StackInput = typename Stack<T>::Input;

  static std::vector<double> trained_barriers(const TrainPlan &plan) {
    std::vector<double> barriers;
    for (const std::int64_t jump : plan.train) {
      barriers.push_back(plan.data.forward_eV[at(jump)]);
      if (plan.data.both_ways()) {
        barriers.push_back(plan.data.backward_eV[at(jump)]);
      }
    }
    return barriers;
  }

  bool consistent() const { return design_.kind == NetworkKind::consistent; }
  std::int64_t parameters() const { return room_.weights + room_.others; }
  StepState *state() { return state_.view().data(); }
  template <class U> static U *at_place(DeviceBuffer<U> &buffer, std::int64_t place) { return buffer.view().data() + place; }

  static std::vector<double> on_host(const DeviceBuffer<T> &buffer) {
    std::vector<T> values(at(buffer.size()));
    buffer.download(values.data());
    return {values.begin(), values.end()};
  }

  void make_stacks(double spread_eV) {
    const int species = data_.codes - 1;
    const int ways = data_.ways();
    switch (design_.kind) {
    case NetworkKind::mlp:
      stacks_.push_back(digit_stack<T>(design_));
      break;
    case NetworkKind::site_mlp:
      stacks_.push_back(species_stack<T>(all_sites(kEnvironmentSites), design_.symmetric ? SiteGroup::axis : SiteGroup::none,
                                         data_.codes, design_.widths, design_));
      break;
    case NetworkKind::cnn:
      stacks_.push_back(voxel_stack<T>(species, design_));
      break;
    case NetworkKind::consistent: {
      const std::vector<int> &sites = jump_sites();
      stacks_.push_back(
          species_stack<T>({sites.begin(), sites.end()}, SiteGroup::jump, data_.codes, design_.jump_widths, design_));
      if (design_.state_shells > 0) {
        stacks_.push_back(species_stack<T>(all_sites(sites_of_shells(design_.state_shells)), SiteGroup::vacancy, data_.codes,
                                           design_.state_widths, design_));
        stacks_[1].items_a_jump = stacks_[1].item_ways = 2;
      }
      break;
    }
    }
    for (Stack<T> &stack : stacks_) {
      append_output(stack, spread_eV);
      if (!consistent()) {
        stack.items_a_jump = stack.item_ways = ways;
        stack.augment = design_.augment;
      }
    }
    pair_task_.codes = data_.codes;
    pair_task_.shells = consistent() ? design_.pair_shells : 0;
    for (int shell = 0; shell <= pair_task_.shells; ++shell) {
      pair_task_.shell_begin[shell] = bcc_tables().shell_begin[at(shell)];
    }
  }

  void lay_out() {
    int tensor = 0;
    for (Stack<T> &stack : stacks_) {
      for (Layer &layer : stack.layers) {
        layer.tensor = tensor++;
        layer.weight = room_.take(&Room::weights, layer.weight_numbers());
      }
    }
    for (Stack<T> &stack : stacks_) {
      for (Layer &layer : stack.layers) {
        if (layer.hidden) {
          layer.beta = room_.weights + room_.take(&Room::others, layer.width);
        }
        if (layer.normalise) {
          layer.gamma = room_.weights + room_.take(&Room::others, layer.width);
          layer.running = room_.take(&Room::running, 2 * layer.width);
        }
      }
    }
    bias_ = room_.weights + room_.take(&Room::others, kColumnUnit);
    pair_ = room_.weights + room_.take(&Room::others, padded_columns(pair_task_.pairs()));
  }

  void wish(Wishes &wishes, Stack<T> &stack, std::int64_t most_jumps) {
    stack.most_train_items = most_jumps * stack.items_a_jump;
    stack.most_items = most_predict_jumps_ * stack.items_a_jump;
    const std::int64_t items = stack.most_items;
    stack.sites.values = stack.site_list;
    if (stack.augment) {
      for (const auto &operation : site_operations(SiteGroup::axis)) {
        stack.orientation.values.insert(stack.orientation.values.end(), operation.begin(), operation.end());
      }
    }
    for (HostTable *table : {&stack.sites, &stack.permutation, &stack.inverse, &stack.orientation, &stack.voxel_site}) {
      table->wish(wishes);
    }
    if (stack.input == StackInput::digits) {
      wishes.add(stack.digits, items * stack.site_count(), "inputs of a batch");
    } else if (stack.input == StackInput::species) {
      wishes.add(stack.species, items * stack.site_count(), "inputs of a batch");
    } else {
      wishes.add(stack.digits, items * static_cast<std::int64_t>(stack.voxel_site.values.size()) * stack.voxel_channels,
                 "inputs of a batch");
    }
    stack.windows.resize(stack.layers.size());
    stack.memory.resize(stack.layers.size());
    std::int64_t widest = kColumnUnit, weights = 0, partial = 0, window = 0;
    for (std::size_t l = 0; l < stack.layers.size(); ++l) {
      const Layer &layer = stack.layers[l];
      typename Stack<T>::Memory &memory = stack.memory[l];
      const std::int64_t numbers = layer.rows_an_item * layer.width;
      if (layer.kind == LayerKind::windows) {
        const std::int64_t voxels = items * layer.side * layer.side * layer.side;
        if (voxels * layer.stride > 0x7fffffff) {
          throw ConfigError("a batch of " + std::to_string(items) + " environments is too large for a cnn of these filters");
        }
        make_window_tables<T>(stack.windows[l], layer, items);
        stack.windows[l].row.wish(wishes);
        stack.windows[l].tap.wish(wishes);
        window = std::max(window, l > 0 ? layer.rows_an_item * 27 * layer.stride : 0);
      }
      wishes.add(memory.x, items * numbers, "activations of a batch");
      if (layer.hidden) {
        wishes.add(memory.out, items * numbers, "activations of a batch");
        wishes.add(memory.mean, layer.width, "statistics of a batch");
        wishes.add(memory.inverse_sigma, layer.width, "statistics of a batch");
      }
      widest = std::max(widest, numbers);
      if (l > 0) {
        weights = std::max(weights, layer.weight_numbers());
      }
      partial = std::max(partial, 2 * norm_blocks(stack.most_train_items * layer.rows_an_item) * layer.width);
    }
    if (is_tied(stack)) {
      wishes.add(stack.pooled, items * stack.layers[0].width, "activations of a batch");
      wishes.add(stack.wide_table, table_task(stack, 0).numbers(), "a table for all operations");
    }
    stack.window_items = window > 0 ? std::clamp<std::int64_t>(kWindowNumbers / window, 1, stack.most_train_items) : 1;
    wishes.add(stack.d_one, stack.most_train_items * widest, "gradients of a batch");
    wishes.add(stack.d_two, stack.most_train_items * widest, "gradients of a batch");
    wishes.add(stack.d_output, stack.most_train_items * kColumnUnit, "gradients of a batch");
    wishes.add(stack.transposed, weights, "weights, transposed");
    wishes.add(stack.window_gradient, window * stack.window_items, "gradients of windows");
    wishes.add(stack.partial, partial, "sums of a batch");
  }

  static bool is_tied(const Stack<T> &stack) {
    return stack.layers[0].kind == LayerKind::table && stack.layers[0].rows_an_item > 1;
  }

  ItemSource source(const std::int32_t *order, bool training) {
    return {data_.first.view().data(), data_.both_ways ? data_.last.view().data() : nullptr, order,
            training ? state() : nullptr, 1};
  }

  TableTask<T> table_task(Stack<T> &stack, std::int64_t items) const {
    return {items,
            stack.site_count(),
            stack.codes,
            stack.operations(),
            stack.layers[0].width,
            stack.species.view().data(),
            stack.permutation.data(),
            stack.inverse.data()};
  }

  NormTask<T> norm_task(Stack<T> &stack, std::size_t l, std::int64_t rows, bool training) {
    const Layer &layer = stack.layers[l];
    T *running = at_place(running_, layer.running);
    return {rows,
            layer.width,
            layer.normalise,
            training,
            at_place(parameter_, layer.gamma),
            at_place(parameter_, layer.beta),
            stack.memory[l].mean.view().data(),
            stack.memory[l].inverse_sigma.view().data(),
            running,
            running + layer.width,
            stack.partial.view().data(),
            plan_.batch_norm_epsilon,
            plan_.batch_norm_momentum,
            state()};
  }

  // What layer l reads.
  const T *input_of(Stack<T> &stack, std::size_t l) {
    if (l == 0) {
      return stack.digits.view().data();
    }
    return l == 1 && is_tied(stack) ? stack.pooled.view().data() : stack.memory[l - 1].out.view().data();
  }

  Product<T> forward_product(Stack<T> &stack, std::size_t l, std::int64_t items) {
    const Layer &layer = stack.layers[l];
    Product<T> p;
    p.rows = items * layer.rows_an_item;
    p.columns = layer.width;
    p.inner = layer.inner();
    p.a = input_of(stack, l);
    const bool windows = layer.kind == LayerKind::windows;
    p.a_row = windows ? steps_of(stack.windows[l].row.view()) : steps_of(layer.stride);
    p.a_inner = windows ? steps_of(stack.windows[l].tap.view()) : steps_of(1);
    p.b = at_place(parameter_, layer.weight);
    p.b_stride = layer.width;
    p.c = stack.memory[l].x.view().data();
    return p;
  }

  void read_items(Stack<T> &stack, ItemSource source, std::int64_t items) {
    source.ways = stack.item_ways;
    const std::int32_t *turned = stack.orientation.data();
    if (stack.input == StackInput::digits) {
      gather_codes(queue(), source, items, stack.sites.view(), turned, design_.seed, stack.digits.view().data());
    } else if (stack.input == StackInput::species) {
      gather_codes(queue(), source, items, stack.sites.view(), turned, design_.seed, stack.species.view().data());
    } else {
      gather_voxels(queue(), source, items, stack.voxel_site.view(), stack.voxel_channels, turned, design_.seed,
                    stack.digits.view().data());
    }
  }

  void forward(Stack<T> &stack, std::int64_t items, bool training) {
    for (std::size_t l = 0; l < stack.layers.size(); ++l) {
      const Layer &layer = stack.layers[l];
      typename Stack<T>::Memory &memory = stack.memory[l];
      if (layer.kind == LayerKind::table) {
        table_forward(queue(), table_task(stack, items), at_place(parameter_, layer.weight), stack.wide_table.view().data(),
                      memory.x.view().data());
      } else {
        (*gemm_)("train_forward", forward_product(stack, l, items));
      }
      if (layer.hidden) {
        norm_forward(queue(), norm_task(stack, l, items * layer.rows_an_item, training), memory.x.view().data(),
                     memory.out.view().data());
      }
      if (l == 0 && is_tied(stack)) {
        mean_of_group(queue(), items, stack.operations(), layer.width, memory.out.view().data(), stack.pooled.view().data());
      }
    }
  }

  void backward(Stack<T> &stack, std::int64_t items) {
    T *d = stack.d_output.view().data();
    T *free = stack.d_one.view().data(), *other = stack.d_two.view().data();
    for (std::size_t l = stack.layers.size(); l-- > 0;) {
      const Layer &layer = stack.layers[l];
      typename Stack<T>::Memory &memory = stack.memory[l];
      const std::int64_t rows = items * layer.rows_an_item;
      if (l == 0 && is_tied(stack)) {
        spread_over_group(queue(), items, stack.operations(), layer.width, d, free);
        std::swap(free, other);
        d = other;
      }
      if (layer.hidden) {
        norm_backward(queue(), norm_task(stack, l, rows, true), memory.x.view().data(), memory.out.view().data(), d,
                      at_place(gradient_, layer.gamma), at_place(gradient_, layer.beta));
      }
      T *gradient = at_place(gradient_, layer.weight);
      if (layer.kind == LayerKind::table) {
        table_gradient(queue(), *gemm_, table_task(stack, items), d, stack.wide_table.view().data(), gradient);
        continue;
      }
      Product<T> weights = forward_product(stack, l, items); // the same input, read the other way round
      std::swap(weights.rows, weights.inner);
      std::swap(weights.a_row, weights.a_inner);
      weights.b = d;
      weights.b_stride = layer.width;
      weights.c = gradient;
      (*gemm_)("train_weights", weights);
      if (l == 0) {
        continue;
      }
      transpose(queue(), layer.inner(), layer.width, at_place(parameter_, layer.weight), stack.transposed.view().data());
      const bool windows = layer.kind == LayerKind::windows;
      const std::int64_t voxels = std::int64_t{layer.side} * layer.side * layer.side;
      const std::int64_t chunk = windows ? stack.window_items : items;
      for (std::int64_t begin = 0; begin < items; begin += chunk) {
        const std::int64_t n = std::min(chunk, items - begin);
        Product<T> inputs;
        inputs.rows = n * layer.rows_an_item;
        inputs.columns = static_cast<int>(layer.inner());
        inputs.inner = layer.width;
        inputs.a = d + begin * layer.rows_an_item * layer.width;
        inputs.a_row = steps_of(layer.width);
        inputs.a_inner = steps_of(1);
        inputs.b = stack.transposed.view().data();
        inputs.b_stride = layer.inner();
        inputs.c = windows ? stack.window_gradient.view().data() : free;
        (*gemm_)("train_inputs", inputs);
        if (windows) {
          fold_windows(queue(), n, layer.side, layer.stride, stack.window_gradient.view().data(),
                       free + begin * voxels * layer.stride);
        }
      }
      std::swap(free, other);
      d = other;
    }
  }

  HeadTask<T> head(std::int64_t jumps) {
    const auto output = [](Stack<T> &stack) -> const T * { return stack.memory.back().x.view().data(); };
    return {jumps,
            data_.ways(),
            consistent(),
            output(stacks_[0]),
            stacks_.size() > 1 ? output(stacks_[1]) : nullptr,
            at_place(parameter_, bias_),
            counts_.view().data(),
            at_place(parameter_, pair_),
            pair_task_.pairs()};
  }

  void launch_forward(const ItemSource &source, std::int64_t jumps, bool training) {
    for (Stack<T> &stack : stacks_) {
      const std::int64_t items = jumps * stack.items_a_jump;
      read_items(stack, source, items);
      forward(stack, items, training);
    }
    if (pair_task_.pairs() > 0) {
      count_pairs(queue(), source, jumps, pair_task_, counts_.view().data());
    }
    head_barriers(queue(), head(jumps), barriers_.view().data());
  }

  void launch_gradient(std::int64_t jumps, const std::int32_t *order) {
    launch_forward(source(order, true), jumps, true);
    LossTask<T> loss;
    loss.head = head(jumps);
    loss.barriers = barriers_.view().data();
    loss.forward = targets_.forward.view().data();
    loss.backward = targets_.backward.view().data();
    loss.order = order;
    loss.state = state();
    loss.jump_gradient = stacks_[0].d_output.view().data();
    loss.state_gradient = stacks_.size() > 1 ? stacks_[1].d_output.view().data() : nullptr;
    loss.bias_gradient = at_place(gradient_, bias_);
    loss.energy_gradient = energy_gradient_.view().data();
    loss_gradient(queue(), loss);
    for (Stack<T> &stack : stacks_) {
      backward(stack, jumps * stack.items_a_jump);
    }
    if (pair_task_.pairs() > 0) {
      pair_gradient(queue(), jumps, pair_task_.pairs(), counts_.view().data(), energy_gradient_.view().data(),
                    at_place(gradient_, pair_));
    }
  }

  void launch_step(std::int64_t jumps) {
    next_step(queue(), state(), jumps, plan_.beta1, plan_.beta2);
    launch_gradient(jumps, data_.order.view().data());
    const AdamSettings settings{plan_.beta1, plan_.beta2, plan_.epsilon, plan_.weight_decay};
    adam(queue(), settings, state(), parameters(), room_.weights, gradient_.view().data(), first_.view().data(),
         second_.view().data(), parameter_.view().data());
  }

  // Batch norm folded in, in double.
  DenseLayer folded_layer(const Layer &layer, const std::vector<double> &parameter, const std::vector<double> &running) const {
    const int in = layer.taps * layer.inputs;
    DenseLayer result{in, layer.units, {}, {}};
    for (int o = 0; o < layer.units; ++o) {
      double scale = 1.0, bias = layer.hidden ? parameter[at(layer.beta + o)] : 0.0;
      if (layer.normalise) {
        const double variance = running[at(layer.running + layer.width + o)];
        scale = parameter[at(layer.gamma + o)] / std::sqrt(variance + plan_.batch_norm_epsilon);
        bias -= scale * running[at(layer.running + o)];
      }
      for (int tap = 0; tap < layer.taps; ++tap) {
        for (int c = 0; c < layer.inputs; ++c) {
          const std::int64_t place = (std::int64_t{tap} * layer.stride + c) * layer.width + o;
          result.weight.push_back(scale * parameter[at(layer.weight + place)]);
        }
      }
      result.bias.push_back(bias);
    }
    if (!layer.hidden && &layer == &stacks_[0].layers.back()) {
      result.bias[0] = parameter[at(bias_)];
    }
    return result;
  }

  SiteNetwork site_network(const Stack<T> &stack, const std::vector<double> &parameter,
                           const std::vector<double> &running) const {
    SiteNetwork network;
    network.sites = stack.site_count();
    network.codes = stack.codes;
    network.group = stack.group;
    DenseLayer first = folded_layer(stack.layers[0], parameter, running);
    network.table = std::move(first.weight);
    network.bias = std::move(first.bias);
    for (std::size_t l = 1; l < stack.layers.size(); ++l) {
      network.layers.push_back(folded_layer(stack.layers[l], parameter, running));
    }
    return network;
  }

  const TrainPlan &plan_;
  NetworkDesign design_;
  const Data &data_;
  const Targets<T> &targets_;
  Queue &memory_;
  std::unique_ptr<Queue> own_queue_; // networks run side by side
  bool own_products_;
  double mean_eV_ = 0.0;
  std::vector<Stack<T>> stacks_;
  PairTask pair_task_{};
  Room room_;
  std::int64_t bias_ = 0, pair_ = 0;
  std::int64_t most_predict_jumps_ = 0;
  DeviceBuffer<T> parameter_, gradient_, first_, second_, running_, barriers_, counts_, energy_gradient_;
  DeviceBuffer<StepState> state_;
  StepState host_state_;
  std::optional<Gemm<T>> gemm_;
  Recording recording_;
};

[[noreturn]] void refuse(const std::string &what) { throw ConfigError("training: " + what); }

void check_widths(const std::vector<int> &widths, const std::string &name) {
  if (widths.empty()) {
    refuse(name + " is empty; a network has at least one hidden layer");
  }
  for (const int width : widths) {
    if (width < 1 || width > 65536) {
      refuse(name + " has " + std::to_string(width) + "; from 1 to 65536 units are allowed");
    }
  }
}

void check(const TrainPlan &plan) {
  const JumpSet &data = plan.data;
  const std::size_t n = data.size();
  const std::size_t species = data.elements.size();
  if (species < 1 || species > 64) {
    refuse(std::to_string(species) + " elements; from 1 to 64 are allowed");
  }
  if (n > 0x7fffffff) {
    refuse(std::to_string(n) + " jumps are more than one device takes");
  }
  const bool both = data.both_ways();
  if (data.first.size() != n * kEnvironmentSites || data.last.size() != (both ? n * kEnvironmentSites : 0) ||
      data.backward_eV.size() != (both ? n : 0)) {
    throw DataError("training: jumps, environments and barriers differ in number");
  }
  for (const std::vector<std::uint8_t> *codes : {&data.first, &data.last}) {
    const auto worst = std::max_element(codes->begin(), codes->end());
    if (worst != codes->end() && *worst > species) {
      throw DataError("training: species code " + std::to_string(*worst) + " in the environment of jump " +
                      std::to_string((worst - codes->begin()) / kEnvironmentSites) + "; codes go from 0 to " +
                      std::to_string(species));
    }
  }
  for (const std::vector<float> *barriers : {&data.forward_eV, &data.backward_eV}) {
    for (std::size_t i = 0; i < barriers->size(); ++i) {
      if (!std::isfinite((*barriers)[i])) {
        throw DataError("training: a barrier of jump " + std::to_string(i) + " is not a finite number");
      }
    }
  }
  for (const std::int64_t jump : plan.train) {
    if (jump < 0 || at(jump) >= n) {
      throw DataError("training: jump " + std::to_string(jump) + " is not among the " + std::to_string(n) + " of the data");
    }
  }
  if (plan.train.size() * (both ? 2 : 1) < 2) {
    throw DataError("training: fewer than two barriers to train on");
  }
  if (plan.networks.empty()) {
    refuse("no network is given");
  }
  if (plan.batch < 2) {
    refuse("batch " + std::to_string(plan.batch) + "; at least 2 barriers are needed for their mean and variance");
  }
  for (const NetworkDesign &design : plan.networks) {
    switch (design.kind) {
    case NetworkKind::mlp:
      check_widths(design.widths, "widths");
      if (design.shells < 1 || design.shells > 8) {
        refuse("shells " + std::to_string(design.shells) + "; from 1 to 8 are allowed");
      }
      break;
    case NetworkKind::site_mlp:
      check_widths(design.widths, "widths");
      break;
    case NetworkKind::cnn:
      check_widths(design.filters, "filters");
      if (design.filters.size() != 4) {
        refuse(std::to_string(design.filters.size()) + " layers of filters; 4 lead from 9 voxels to 1");
      }
      break;
    case NetworkKind::consistent:
      if (!both) {
        refuse("a consistent network needs both barriers of each jump; the data have those forward alone");
      }
      check_widths(design.jump_widths, "jump_widths");
      if (design.state_shells < 0 || design.state_shells > 8 || design.pair_shells < 0 || design.pair_shells > 8) {
        refuse("state_shells " + std::to_string(design.state_shells) + ", pair_shells " + std::to_string(design.pair_shells) +
               "; from 0 to 8 are allowed");
      }
      if (design.state_shells > 0) {
        check_widths(design.state_widths, "state_widths");
      }
      break;
    }
  }
}

template <class T> class TrainingOf final : public DeviceTraining {
public:
  TrainingOf(Queue &queue, const TrainPlan &plan, const TrainOptions &options) : queue_(queue), plan_(plan) {
    const JumpSet &jumps = plan_.data;
    data_.both_ways = jumps.both_ways();
    data_.codes = static_cast<int>(jumps.elements.size()) + 1;
    const auto n = static_cast<std::int64_t>(jumps.size());
    const auto trained = static_cast<std::int64_t>(plan_.train.size());
    batch_jumps_ = std::min<std::int64_t>(std::max(1, plan_.batch / data_.ways()), trained);
    for (std::int64_t begin = 0; begin < trained; begin += batch_jumps_) {
      batches_.push_back(std::min(batch_jumps_, trained - begin));
    }
    if (batches_.size() > 1 && batches_.back() * data_.ways() < 2) {
      batches_[batches_.size() - 2] += batches_.back();
      batches_.pop_back();
    }
    const std::int64_t most_jumps = *std::max_element(batches_.begin(), batches_.end());

    Wishes wishes(queue);
    wishes.add(data_.first, static_cast<std::int64_t>(jumps.first.size()), "environments");
    wishes.add(data_.last, static_cast<std::int64_t>(jumps.last.size()), "environments");
    wishes.add(data_.train, trained, "jumps to train on");
    wishes.add(data_.order, trained, "order of the jumps");
    wishes.add(data_.places, trained, "order of the jumps");
    wishes.add(data_.keys, trained, "order of the jumps");
    wishes.add(targets_.forward, n, "barriers");
    wishes.add(targets_.backward, data_.both_ways ? n : 0, "barriers");
    for (const NetworkDesign &design : plan_.networks) {
      networks_.push_back(std::make_unique<Network<T>>(queue, plan_, design, data_, targets_, options.own_products));
      networks_.back()->wish(wishes, most_jumps);
    }
    const std::size_t available = queue.properties().memory_free_bytes;
    if (available > 0 && wishes.bytes() > available) {
      throw DeviceError("training of " + std::to_string(networks_.size()) + " networks on " + std::to_string(n) +
                        " jumps needs " + std::to_string(wishes.bytes() >> 20) + " MiB; " + std::to_string(available >> 20) +
                        " MiB are free on the device. Use smaller batches or fewer networks at once");
    }
    wishes.grant();
    data_.first.upload(jumps.first.data());
    data_.last.upload(jumps.last.data());
    const std::vector<std::int32_t> train(plan_.train.begin(), plan_.train.end());
    data_.train.upload(train.data());
    const std::vector<T> forward(jumps.forward_eV.begin(), jumps.forward_eV.end());
    const std::vector<T> backward(jumps.backward_eV.begin(), jumps.backward_eV.end());
    targets_.forward.upload(forward.data());
    targets_.backward.upload(backward.data());
    for (const auto &network : networks_) {
      network->start();
    }
  }

  EpochReport epoch(std::int64_t number, std::span<const double> learning_rates) override {
    if (learning_rates.size() != networks_.size()) {
      throw InvariantError("an epoch needs one learning rate a network");
    }
    quieten_blas();
    const auto n = static_cast<std::int64_t>(plan_.train.size());
    draw_order(queue_, data_.keys.view(), data_.places.view(), plan_.seed, number);
    queue_.sort_pairs("train_order", data_.keys.view(), data_.places.view(), 64);
    queue_.for_each("train_order", n, OrderOfEpoch{data_.train.view(), data_.places.view(), data_.order.view()});
    std::vector<std::size_t> moving;
    for (std::size_t k = 0; k < networks_.size(); ++k) {
      if (learning_rates[k] != 0.0) {
        moving.push_back(k);
        networks_[k]->begin_epoch(number, learning_rates[k]);
      }
    }
    queue_.wait();
    EpochReport report;
    report.loss_eV2.assign(networks_.size(), 0.0);
    const double barriers = static_cast<double>(n * data_.ways());
    const auto finish = [&](std::size_t k) { report.loss_eV2[k] = networks_[k]->end_epoch() / barriers; };
    side_by_side(
        moving, [&](std::size_t k, std::size_t batch) { networks_[k]->step(batches_[batch], batches_[batch] == batch_jumps_); },
        finish);
    return report;
  }

  std::vector<std::vector<float>> predict(std::span<const std::int64_t> jumps) override {
    quieten_blas();
    DeviceBuffer<std::int32_t> order = upload_jumps(jumps);
    std::vector<std::vector<float>> result;
    for (const auto &network : networks_) {
      network->queue().set_threads(queue_.threads());
      result.push_back(network->predict(jumps, order));
    }
    return result;
  }

  NetworkState save(std::size_t network) override { return networks_.at(network)->save(); }
  void load(std::size_t network, const NetworkState &state) override { networks_.at(network)->load(state); }
  TrainedModel model(std::size_t network) override { return networks_.at(network)->model(); }
  std::string library() const override { return blas_library(); }

  LossSlope slope(std::size_t network, std::span<const std::int64_t> jumps) override {
    if (static_cast<std::int64_t>(jumps.size()) > *std::max_element(batches_.begin(), batches_.end())) {
      throw InvariantError("more jumps than a batch has");
    }
    DeviceBuffer<std::int32_t> order = upload_jumps(jumps);
    return networks_.at(network)->slope(jumps, order);
  }

private:
  DeviceBuffer<std::int32_t> upload_jumps(std::span<const std::int64_t> jumps) {
    std::vector<std::int32_t> list;
    for (const std::int64_t jump : jumps) {
      if (jump < 0 || at(jump) >= plan_.data.size()) {
        throw InvariantError("jump " + std::to_string(jump) + " is not among the data");
      }
      list.push_back(static_cast<std::int32_t>(jump));
    }
    DeviceBuffer<std::int32_t> order(queue_, static_cast<std::int64_t>(list.size()), "order of the jumps");
    order.upload(list.data());
    queue_.wait();
    return order;
  }

  // Each network's batches in order. On the CPU threads take networks in turn, what threads are left over work inside them; on
  // a GPU one thread feeds the networks' queues in turn.
  template <class Step, class Finish> void side_by_side(const std::vector<std::size_t> &moving, Step step, Finish finish) {
    if (moving.empty()) {
      return;
    }
    const auto threads = static_cast<std::size_t>(std::max(1, queue_.threads()));
    const std::size_t workers = kQueuesShareMemory ? std::min(threads, moving.size()) : 1;
    for (const std::size_t k : moving) {
      networks_[k]->queue().set_threads(static_cast<int>(std::max<std::size_t>(1, threads / workers)));
    }
    if (workers == 1) {
      for (std::size_t batch = 0; batch < batches_.size(); ++batch) {
        for (const std::size_t k : moving) {
          step(k, batch);
        }
      }
      for (const std::size_t k : moving) {
        finish(k);
      }
      return;
    }
    std::atomic<std::size_t> next{0};
    std::exception_ptr failure;
    std::mutex mutex;
    const auto work = [&] {
      try {
        for (std::size_t i = next++; i < moving.size(); i = next++) {
          for (std::size_t batch = 0; batch < batches_.size(); ++batch) {
            step(moving[i], batch);
          }
          finish(moving[i]);
        }
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    };
    std::vector<std::thread> others;
    for (std::size_t w = 1; w < workers; ++w) {
      others.emplace_back(work);
    }
    work();
    for (std::thread &thread : others) {
      thread.join();
    }
    if (failure) {
      std::rethrow_exception(failure);
    }
  }

  Queue &queue_;
  const TrainPlan plan_;
  Data data_;
  Targets<T> targets_;
  std::int64_t batch_jumps_ = 0;
  std::vector<std::int64_t> batches_; // jumps of each
  std::vector<std::unique_ptr<Network<T>>> networks_;
};

} // namespace

std::unique_ptr<DeviceTraining> make_training(Queue &queue, const TrainPlan &plan, const TrainOptions &options) {
  check(plan);
  if (plan.float64) {
    return std::make_unique<TrainingOf<double>>(queue, plan, options);
  }
  return std::make_unique<TrainingOf<float>>(queue, plan, options);
}

} // namespace ZENER_BACKEND
} // namespace zener
