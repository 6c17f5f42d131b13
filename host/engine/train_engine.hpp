// Training of barrier networks on one device: owns data, networks and their memory, and runs them by the calls of
// host/backend.hpp.
#pragma once

#include "host/backend.hpp"
#include "kernels/exec/queue.hpp"

#include <memory>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

// Gradient of the loss over the first batch in the order given (jumps of the plan's data), with respect to the parameters of a
// network as NetworkState::parameters has them (0 for running statistics), and the loss itself. For tests.
struct LossSlope {
  double loss_eV2 = 0.0;
  std::vector<double> gradient;
};

class DeviceTraining : public Training {
public:
  virtual LossSlope slope(std::size_t network, std::span<const std::int64_t> jumps) = 0;
};

struct TrainOptions {
  bool own_products = false; // never a library's, for measurements and tests
};

std::unique_ptr<DeviceTraining> make_training(Queue &queue, const TrainPlan &plan, const TrainOptions &options = {});

} // namespace ZENER_BACKEND
} // namespace zener
