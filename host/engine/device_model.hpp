// A barrier model in device memory: packs weights and tables on the host, owns the buffers, and shows them as the kernels'
// models.
#pragma once

#include "host/neutral/barrier_model.hpp"
#include "host/neutral/kmc_plan.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "kernels/kmc/exchange.hpp"
#include "kernels/kmc/walkers.hpp"

#include <string>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

// A lattice's tables on the device; those of bcc with an environment for so many shells around jumps (JumpEnvironment).
class DeviceTables {
public:
  DeviceTables(Queue &queue, Structure structure, int shells = 3);
  LatticeTablesView view() const;

private:
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

// Dense layers in the layout of dense.hpp.
template <class T> class DeviceDense {
public:
  DeviceDense() = default;
  // Of the members of an ensemble, which have the same shapes. Throws ConfigError, which names the file, for more layers than
  // the kernel holds.
  DeviceDense(Queue &queue, const std::vector<const std::vector<DenseLayer> *> &members, const std::string &file);
  const DenseStack<T> &view() const { return stack_; }

private:
  std::vector<DeviceBuffer<T>> buffers_;
  DenseStack<T> stack_{};
};

template <class T> class DeviceMlp {
public:
  DeviceMlp(Queue &queue, const Mlp &model);
  template <int Tile> MlpBarriers<T, Tile> view(const LatticeTablesView &tables) const {
    return {dense_.view(), tables, members_};
  }

private:
  int members_;
  DeviceDense<T> dense_;
};

// A SiteNetwork, or those of the members of an ensemble, as integers in the layout of site_network.hpp.
template <class T> class DeviceSiteNetwork {
public:
  DeviceSiteNetwork() = default;
  DeviceSiteNetwork(Queue &queue, const std::vector<const SiteNetwork *> &members, const std::string &file);
  const SiteNetworkView<T> &view() const { return view_; }

private:
  DeviceDense<T> dense_;
  DeviceBuffer<Bits<T>> table_;
  DeviceBuffer<Bits<T>> bias_;
  DeviceBuffer<T> scale_;
  DeviceBuffer<std::int32_t> permutation_;
  SiteNetworkView<T> view_{};
};

template <class T> class DeviceSiteMlp {
public:
  DeviceSiteMlp(Queue &queue, const SiteMlp &model);
  SiteMlpBarriers<T, kThroughputTile> view(const LatticeTablesView &tables) const {
    return {network_.view(), tables, members_};
  }

private:
  int members_;
  DeviceSiteNetwork<T> network_;
};

template <class T> class DeviceCnn {
public:
  DeviceCnn(Queue &queue, const Cnn &model);
  CnnBarriers<T> view(const LatticeTablesView &tables) const { return {view_, tables, members_}; }

private:
  int members_;
  std::vector<DeviceBuffer<T>> buffers_;
  DeviceBuffer<std::int32_t> voxel_;
  CnnView<T> view_{};
};

// The pair energies of a consistent network and what its parts read.
class DeviceConsistentTables {
public:
  DeviceConsistentTables(Queue &queue, const Consistent &model);
  ConsistentView view() const;
  // Pair energies (of an ensemble the mean), [shell][species + 1][species + 1], units of kEnergyUnit_eV.
  View<const std::int64_t, 3> energy() const {
    return View<const std::int64_t, 3>(energy_.view().data(), shells_, species_ + 1, species_ + 1);
  }
  int members() const { return members_; }
  int shells() const { return shells_; }
  bool has_state() const { return has_state_; }
  View<const std::int32_t, 1> state_sites() const { return state_sites_.view(); }

private:
  int members_;
  int shells_;
  int species_;
  bool has_state_;
  DeviceBuffer<std::int32_t> jump_sites_;
  DeviceBuffer<std::int32_t> state_sites_;
  DeviceBuffer<std::int64_t> difference_;
  DeviceBuffer<std::int64_t> energy_;
};

template <class T> class DeviceConsistent {
public:
  DeviceConsistent(Queue &queue, const Consistent &model);
  // L: the lattice with the environment of the model (environment_of).
  template <class L> ConsistentBarriers<L, T, kThroughputTile> view() const {
    return {jump_.view(), state_.view(), tables_.view(), tables_.members()};
  }
  const DeviceConsistentTables &tables() const { return tables_; }
  StateEnergy<T> state() const { return {state_.view(), tables_.state_sites(), tables_.members()}; }
  // Calls f with the kernels' model on that lattice.
  template <class F> void with(F f) const {
    switch (shells_) {
    case 3:
      return f(view<BccLattice>());
    case 5:
      return f(view<BccFarLattice>());
    default:
      return f(view<BccWideLattice>());
    }
  }

private:
  int shells_; // of the environment
  DeviceConsistentTables tables_;
  DeviceSiteNetwork<T> jump_;
  DeviceSiteNetwork<T> state_;
};

} // namespace ZENER_BACKEND
} // namespace zener
