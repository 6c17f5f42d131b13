// A barrier model in device memory: packs weights and tables on the host, owns the buffers, and shows them as the kernels'
// models.
#pragma once

#include "host/neutral/barrier_model.hpp"
#include "host/neutral/kmc_plan.hpp"
#include "kernels/kmc/walkers.hpp"

#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

// The lattice's tables on the device.
class DeviceTables {
public:
  explicit DeviceTables(Queue &queue);
  LatticeTablesView view() const;

private:
  DeviceBuffer<std::int32_t> offsets_;
  DeviceBuffer<std::int32_t> aligned_;
  DeviceBuffer<std::int32_t> around_jump_;
};

class DevicePairKra {
public:
  DevicePairKra(Queue &queue, const PairKra &model);
  PairKraBarriers view(const LatticeTablesView &tables) const;

private:
  int shells_;
  int species_;
  DeviceBuffer<double> migration_;
  DeviceBuffer<std::int64_t> difference_;
};

template <class T> class DeviceMlp {
public:
  // Throws ConfigError for more layers than the kernel holds.
  DeviceMlp(Queue &queue, const Mlp &model);
  template <int Tile> MlpBarriers<T, Tile> view(const LatticeTablesView &tables) const { return {net_, tables}; }

private:
  std::vector<DeviceBuffer<T>> buffers_;
  MlpView<T> net_{};
};

} // namespace ZENER_BACKEND
} // namespace zener
