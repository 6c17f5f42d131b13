// The state of a batch of vacancy walkers on a device, and the operations on it. The kernels stand in walkers_kernel.hpp,
// exchange.cpp and statistics.cpp.
#pragma once

#include "kernels/exec/queue.hpp"
#include "kernels/kmc/models.hpp"
#include "kernels/lattice/lattices.hpp"
#include "kernels/lattice/tables.hpp"
#include "kernels/nn/cnn.hpp"
#include "kernels/nn/consistent.hpp"
#include "kernels/nn/mlp.hpp"
#include "kernels/nn/site_mlp.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

// Codes of WalkersView::status (host/neutral/kmc_plan.hpp names them for the host).
inline constexpr std::uint32_t kRunning = 0;
inline constexpr std::uint32_t kTimeLimit = 1;
inline constexpr std::uint32_t kNoPossibleHop = 2;
inline constexpr std::uint32_t kBadBarrier = 3;
inline constexpr std::uint32_t kTracerRange = 4;
inline constexpr int kStatuses = 5;

inline constexpr int kFlaggedKept = 4;
inline constexpr int kHistogramBins = 50; // of the jump randomness R in [0, 1]; 1 itself is in the last

// Three displacements of at most 2^20 - 1 lattice units in one integer, each of 21 bits with an offset of 2^20, x lowest.
inline constexpr std::int64_t kTracerOffset = std::int64_t{1} << 20;
inline constexpr std::int64_t kTracerMask = (std::int64_t{1} << 21) - 1;
inline constexpr std::int64_t kTracerOrigin = kTracerOffset | kTracerOffset << 21 | kTracerOffset << 42;

// W walkers of V vacancies, S species, G groups. What a run does not observe has no elements.
struct WalkersView {
  View<std::uint8_t, 2> occupancy;             // [W][site]
  View<std::int32_t, 2> vacancy_site;          // [W][V]
  View<std::int32_t, 3> displacement;          // [3][W][V], lattice units, unwrapped
  View<double, 1> time_s;                      // [W]
  View<std::uint64_t, 1> hops;                 // [W]
  View<std::uint32_t, 1> status;               // [W]
  View<double, 1> smallest_barrier_eV;         // [W], of the last environments seen
  View<std::int32_t, 2> pair_counts;           // [shell * pairs + pair][W]
  View<double, 2> pair_time;                   // like pair_counts: sum of count * residence time
  View<std::int64_t, 2> pair_hops;             // like pair_counts: sum of count over the states left
  View<double, 1> averaged_time_s;             // [W]
  View<std::uint64_t, 1> averaged_hops;        // [W]
  View<std::uint64_t, 1> contacts;             // [W], V > 1: environments of averaged states that held another vacancy
  View<double, 2> randomness;                  // [2][W], sums of R and R^2 over averaged hops
  View<std::uint64_t, 2> randomness_histogram; // [G][kHistogramBins]
  View<std::uint64_t, 2> jumps;                // [S][W]
  View<std::int64_t, 3> collective;            // [S][3][W], sum of the displacements of a species' atoms
  View<std::int64_t, 2> squared;               // [S][W], sum of |displacement|^2 over a species' atoms
  View<std::int64_t, 2> atom_displacement;     // [W][site], packed; kTracerOrigin where an atom has not moved
  View<std::int64_t, 1> energy;                // [W], exchanges: pair energy, units of kEnergyUnit_eV
  View<std::uint64_t, 1> accepted;             // [W], exchanges
  // Of an ensemble of networks:
  View<double, 2> spread;              // [2][W]: sum of the squared spreads of the barriers of the hops made, largest spread
                                       // of a possible jump, eV
  View<std::uint64_t, 1> flagged;      // [W], with a limit: hops from environments of which a path's spread exceeds it
  View<std::uint32_t, 1> flagged_kept; // [W], with a limit: environments in flagged_codes
  View<std::uint8_t, 3> flagged_codes; // [W][kFlaggedKept][E]: the first different environments of those
};

// The exact memory of environments: each team owns entries for its walkers. An entry is the whole packed environment (2 or 4
// bits a site, one bit to tell it from an empty entry) and the barriers of its paths, then, of an ensemble, their spreads.
struct MemoryView {
  View<std::uint64_t, 1> words;      // [W * entries][entry_words], zero where nothing is kept
  View<std::uint64_t, 1> statistics; // looked up, found
  std::int64_t entries;              // of each walker; 0: there is no memory
  int bits;                          // of a site: 2 (at most 3 species) or 4
  int key_words;
  int entry_words;
};

// Words of a key (all sites and one bit more) and of an entry (8 barriers of `stored` bytes; of an ensemble 8 spreads too).
ZENER_HOST_FN constexpr int memory_bits(int species) { return species <= 3 ? 2 : 4; }
ZENER_HOST_FN constexpr int memory_key_words(int sites, int bits) { return sites * bits / 64 + 1; }
ZENER_HOST_FN constexpr int memory_entry_words(int sites, int bits, int stored, int members) {
  return memory_key_words(sites, bits) + (members > 1 ? 2 : 1) * kJumps * stored / static_cast<int>(sizeof(std::uint64_t));
}

struct RunParameters {
  std::uint64_t begin_hop;
  std::uint64_t end_hop;
  std::uint64_t averages_from_hop;
  double attempt_frequency_per_s;
  double time_limit_s;    // 0: none
  double spread_limit_eV; // of an ensemble; 0: none
  std::uint32_t seed;
  std::uint32_t first_walker;
  int replicas; // walker w has the temperature of group w / replicas
  int shells;   // pair counts observed
  int species;
  int vacancies;
  bool randomness;
  bool transport;
  bool tracers;
};

struct TeamChoice {
  int walkers; // of a team
  int lanes;
  int rows = 1; // environments that the model evaluates at once
};

template <class Model> struct Advance {
  typename Model::Lattice lattice;
  LatticeTablesView tables;
  WalkersView walkers;
  View<const double, 1> inverse_kT_per_eV; // [group]
  MemoryView memory;
  RunParameters run;
  Model model;
};

// Runs every walker from begin_hop to end_hop. Instantiated for the models below.
template <class Model> void advance_walkers(Queue &queue, const Advance<Model> &work, TeamChoice choice);

// Barriers of given environments: codes [n][E] -> barrier_eV [n][P]; a jump into a vacancy has none (infinite). Of an ensemble
// also the spread [n][P] over its members, 0 where there is no jump; else it has no elements.
template <class Model>
void evaluate_environments(Queue &queue, const Model &model, View<const std::uint8_t, 2> codes, View<double, 2> barrier,
                           View<double, 2> spread, TeamChoice choice);

// Barriers of a vacancy on every site of one configuration in turn. occupancy [site] -> barrier_eV [site][P], spread likewise.
template <class Model>
void map_barriers(Queue &queue, const Model &model, const typename Model::Lattice &lattice, const LatticeTablesView &tables,
                  View<const std::uint8_t, 1> occupancy, View<double, 2> barrier, View<double, 2> spread, TeamChoice choice);

// Jump randomness of environments at several temperatures: barrier_eV [n][P] -> randomness [temperature][n].
void randomness_of_barriers(Queue &queue, View<const double, 2> barrier, View<const double, 1> inverse_kT_per_eV,
                            View<double, 2> randomness);

// What the columns of a sampled row hold (RowColumns of host/neutral/kmc_plan.hpp); -1: not there.
struct StatisticsColumns {
  int pairs, randomness, spread, jumps, tracer_squared, collective, energy, accepted, b2, b2_end, end;
};

// Mean and sum of squared deviations over the replicas of each group. mean, squared: [group][column]; b2 [column][walker].
void group_statistics(Queue &queue, const WalkersView &walkers, View<const std::int32_t, 2> b2,
                      const StatisticsColumns &columns, int groups, int replicas, View<double, 2> mean,
                      View<double, 2> squared);

// Walkers by status and the lowest walker that stopped for a reason other than the time limit: [kStatuses + 1].
void count_status(Queue &queue, const WalkersView &walkers, View<std::uint64_t, 1> result);

// Tiles of networks: for many walkers and, of MlpBarriers alone, for so few that each needs a team of its own.
inline constexpr int kThroughputTile = kGpuShapes ? 8 : 2;
inline constexpr int kLatencyTile = 1;

} // namespace ZENER_BACKEND
} // namespace zener
