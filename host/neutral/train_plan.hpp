// What the training of barrier networks is told, and what it gives. Plain data between the driver and the engine.
#pragma once

#include "host/neutral/barrier_model.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace zener {

// Jumps of a vacancy with their barriers; environments in the two frames of site_symmetry.hpp.
struct JumpSet {
  std::vector<std::string> elements; // species code i + 1 is elements[i]
  std::vector<std::uint8_t> first;   // [jump][112] species codes before the jump
  std::vector<std::uint8_t> last;    // [jump][112] after it; empty when only barriers forward are known
  std::vector<float> forward_eV;     // [jump]
  std::vector<float> backward_eV;    // [jump]; empty as `last`

  std::size_t size() const { return forward_eV.size(); }
  bool both_ways() const { return !last.empty(); }
};

enum class NetworkKind { mlp, site_mlp, cnn, consistent };

// One network to be trained; several of them are trained side by side on the same batches.
struct NetworkDesign {
  NetworkKind kind = NetworkKind::mlp;
  std::vector<int> widths{128, 128, 128, 128}; // mlp, site_mlp: hidden layers; site_mlp: the first counts units before tying
  int shells = 8;                              // mlp: sites beyond this shell are not read
  bool symmetric = false;                      // site_mlp: tied over SiteGroup::axis
  bool one_hot = false;                        // cnn
  std::vector<int> filters{32, 64, 128, 128};  // cnn
  std::vector<int> jump_widths{32, 64, 64};    // consistent: units of `jump` before tying, then hidden layers
  std::vector<int> state_widths{8, 32};        // consistent: of `state`
  int state_shells = 5;                        // consistent; 0: none
  int pair_shells = 5;                         // consistent
  bool batch_norm = true;
  bool augment = false;   // mlp, site_mlp, cnn: each item in each epoch in one of the 6 orientations, drawn at random
  std::uint32_t seed = 1; // of its first weights and its augmentation
};

struct TrainPlan {
  JumpSet data;
  std::vector<std::int64_t> train; // jumps that are trained on; the others are for predict()
  std::vector<NetworkDesign> networks;
  int batch = 32;         // barriers; the two of a jump go together
  std::uint32_t seed = 1; // of the order of jumps, by epoch
  bool float64 = false;   // for checks
  // Adam (Kingma and Ba, 2015, algorithm 1)
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0.0; // decoupled, of weights only
  double batch_norm_epsilon = 1e-3;
  double batch_norm_momentum = 0.99; // share of the old running mean and variance
};

struct EpochReport {
  std::vector<double> loss_eV2; // [network] mean squared error over the epoch as it went; not finite: it diverged
};

// A network's parameters, Adam's moments and running statistics, as the device holds them: a run goes on bit for bit.
struct NetworkState {
  std::vector<double> parameters; // trained ones and running statistics
  std::vector<double> moments;    // Adam's, first then second
  std::int64_t steps = 0;
};

using TrainedModel = std::variant<Mlp, SiteMlp, Cnn, Consistent>;

} // namespace zener
