// A barrier model in device memory: packs weights and tables on the host, owns the buffers, and shows them as the kernels'
// models.
#pragma once

#include "host/neutral/barrier_model.hpp"
#include "host/neutral/kmc_plan.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "kernels/kmc/walkers.hpp"

#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

// A lattice's tables on the device.
class DeviceTables {
public:
  DeviceTables(Queue &queue, Structure structure);
  LatticeTablesView view() const;

private:
  int environment_;
  int paths_;
  int around_;
  DeviceBuffer<std::int32_t> offsets_;
  DeviceBuffer<std::int32_t> aligned_;
  DeviceBuffer<std::int32_t> around_jump_;
};

class DevicePairKra {
public:
  DevicePairKra(Queue &queue, const PairKra &model);
  template <class L> PairKraBarriers<L> view(const LatticeTablesView &tables) const {
    return {tables, migration_.view(), View<const std::int64_t, 3>(difference_.view().data(), shells_, species_, species_ + 1),
            shells_, species_};
  }
  // Pair energies, [shell][species + 1][species + 1], units of kEnergyUnit_eV.
  View<const std::int64_t, 3> energy() const {
    return View<const std::int64_t, 3>(energy_.view().data(), shells_, species_ + 1, species_ + 1);
  }
  int shells() const { return shells_; }

private:
  int shells_;
  int species_;
  DeviceBuffer<double> migration_;
  DeviceBuffer<std::int64_t> difference_;
  DeviceBuffer<std::int64_t> energy_;
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
