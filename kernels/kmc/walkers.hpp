// The state of a batch of vacancy walkers on a device, and the operations on it. The kernels stand in walkers_kernel.hpp.
#pragma once

#include "kernels/exec/queue.hpp"
#include "kernels/kmc/models.hpp"
#include "kernels/lattice/bcc.hpp"
#include "kernels/lattice/tables.hpp"
#include "kernels/nn/mlp.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

// Codes of WalkersView::status (host/neutral/kmc_plan.hpp names them for the host).
inline constexpr std::uint32_t kRunning = 0;
inline constexpr std::uint32_t kTimeLimit = 1;
inline constexpr std::uint32_t kNoPossibleHop = 2;
inline constexpr std::uint32_t kBadBarrier = 3;

struct WalkersView {
  View<std::uint8_t, 2> occupancy;      // [walker][site]
  View<std::int32_t, 1> vacancy_site;   // [walker]
  View<std::int32_t, 2> displacement;   // [3][walker], units of a/2, unwrapped
  View<double, 1> time_s;               // [walker]
  View<std::uint64_t, 1> hops;          // [walker]
  View<std::uint32_t, 1> status;        // [walker]
  View<double, 1> smallest_barrier_eV;  // [walker], of the last environment seen
  View<std::int32_t, 2> pair_counts;    // [shell * pairs + pair][walker]
  View<double, 2> pair_time;            // like pair_counts: sum of count * residence time
  View<std::int64_t, 2> pair_hops;      // like pair_counts: sum of count over the states left
  View<double, 1> averaged_time_s;      // [walker]
  View<std::uint64_t, 1> averaged_hops; // [walker]
};

struct RunParameters {
  std::uint64_t begin_hop;
  std::uint64_t end_hop;
  std::uint64_t averages_from_hop;
  double attempt_frequency_per_s;
  double time_limit_s; // 0: none
  std::uint32_t seed;
  std::uint32_t first_walker;
  int replicas; // walker w has the temperature of group w / replicas
  int shells;   // pair counts observed
  int species;
};

struct TeamChoice {
  int walkers; // of a team
  int lanes;
};

template <class Model> struct Advance {
  BccLattice lattice;
  LatticeTablesView tables;
  WalkersView walkers;
  View<const double, 1> inverse_kT_per_eV; // [group]
  RunParameters run;
  Model model;
};

// Runs every walker from begin_hop to end_hop. Instantiated for the models below.
template <class Model> void advance_walkers(Queue &queue, const Advance<Model> &work, TeamChoice choice);

// Barriers of given environments: codes [n][112] -> barrier_eV [n][8].
template <class Model>
void evaluate_environments(Queue &queue, const Model &model, View<const std::uint8_t, 2> codes, View<double, 2> barrier,
                           TeamChoice choice);

// Scratch bytes of a team of advance_walkers.
template <class Model> std::size_t advance_scratch(const Advance<Model> &work, int walkers);

// Mean and sum of squared deviations over the replicas of each group, for the columns of KmcRow: time, squared displacement,
// displacement x, y, z, pair counts. mean, squared: [group][column].
void group_statistics(Queue &queue, const WalkersView &walkers, int groups, int replicas, View<double, 2> mean,
                      View<double, 2> squared);

// Walkers by status and the lowest walker that stopped for a reason other than the time limit.
// result: [running, time limit, no possible hop, bad barrier, first halted walker].
void count_status(Queue &queue, const WalkersView &walkers, View<std::uint64_t, 1> result);

// Tiles of MlpBarriers that are instantiated: for many walkers, and for so few that each needs a team of its own.
inline constexpr int kThroughputTile = kGpuShapes ? 8 : 2;
inline constexpr int kLatencyTile = 1;

} // namespace ZENER_BACKEND
} // namespace zener
