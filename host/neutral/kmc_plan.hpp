// What a batch of vacancy walkers is, as plain data: made from a preset, given to a backend.
#pragma once

#include "host/neutral/barrier_model.hpp"
#include "host/neutral/lattice_tables.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zener {

enum class Precision { float32, float64 }; // of the network; everything else is double or integer

// Walkers of one rung of the ladder: one temperature and one composition, `replicas` walkers each.
struct KmcGroup {
  double temperature_K = 0.0;
  std::vector<std::int64_t> atoms; // [species], sums to sites - vacancies
};

// What a step is: a vacancy's hop by its rates, or the Metropolis trial of exchanging two sites (the canonical reference).
enum class Dynamics { vacancy_hops, metropolis_swaps };

// Which sites are centres of B2 order and which of them form one cluster (Xing et al., Nat. Commun. 15, 3879 (2024), Methods).
struct B2Rule {
  int species_a = 0;      // codes: a centre holds one of the two and has at least `least_partners` of the other among its
  int species_b = 0;      // first neighbours
  int least_partners = 6; // of 8
  int link_squared = 12;  // centres at most this far apart, squared, in units of a/2, are linked (58 sites of bcc)
  std::uint64_t persistent_over_hops = 0; // window of persistent centres; 0: not observed
};

struct KmcPlan {
  Structure structure = Structure::bcc;
  std::array<int, 3> cells{}; // conventional cells, at least least_cells(structure) each
  double lattice_constant_A = 0.0;
  std::vector<std::string> elements; // species code i + 1 is elements[i]
  int vacancies = 1;
  Dynamics dynamics = Dynamics::vacancy_hops;
  BarrierModel model;
  Precision precision = Precision::float32;
  double attempt_frequency_per_s = 1e13;
  std::uint32_t seed = 0;
  std::vector<KmcGroup> groups;
  int replicas = 1;                // walker w belongs to group w / replicas
  std::uint32_t first_walker = 0;  // walker w draws the random stream of walker first_walker + w
  std::int64_t memory_entries = 0; // environments remembered for each walker (networks only); results do not depend on it
  std::uint64_t averages_from_hop = 0;
  double time_limit_s = 0.0; // 0: none. A walker stops at exactly this time
  // Empty: drawn at random; else [sites] or [walkers][sites], species codes with `vacancies` zeros a walker.
  std::vector<std::uint8_t> occupancy;

  // What is observed.
  int order_shells = 0;    // shells whose pair counts are kept (0 to 2)
  bool randomness = false; // jump randomness of every state that is left
  bool transport = false;  // jumps and collective displacement of each species
  bool tracers = false;    // squared displacements of atoms, by species (8 bytes a site)
  std::optional<B2Rule> b2;
  double spread_limit_eV = 0.0; // of ensembles: environments of which a path's spread exceeds it are flagged; 0: none are

  std::int64_t sites() const { return std::int64_t{sites_per_cell(structure)} * cells[0] * cells[1] * cells[2]; }
  std::int64_t walkers() const { return static_cast<std::int64_t>(groups.size()) * replicas; }
  int species() const { return static_cast<int>(elements.size()); }
  int pairs() const { return species() * (species() + 1) / 2; } // unordered pairs of species
  bool swaps() const { return dynamics == Dynamics::metropolis_swaps; }
  bool spreads() const { return !swaps() && ensemble_size(model) > 1; } // over the members of an ensemble
  bool flags() const { return spreads() && spread_limit_eV > 0.0; }
};

// Index of the unordered pair of species a <= b (0-based) among n: (0,0), (0,1), … (0,n-1), (1,1), …
constexpr int pair_index(int a, int b, int n) {
  const int lo = a < b ? a : b;
  const int hi = a < b ? b : a;
  return lo * n - lo * (lo - 1) / 2 + hi - lo;
}

// Expected number of unordered bonds of each pair in a shell when the atoms are drawn without replacement:
// N0_ij = B 2 n_i n_j / (n (n-1)), N0_ii = B n_i (n_i - 1) / (n (n-1)), B = n z / 2, n = sites. [pairs]
std::vector<double> expected_bonds(const std::vector<std::int64_t> &atoms, std::int64_t sites, int coordination);

// Bytes of one environment in the memory: the codes of all sites and one bit, then the barriers of the 8 paths, in the
// precision of the run (the consistent network: double), and, of an ensemble, their spreads.
std::size_t memory_entry_bytes(const KmcPlan &plan);

// Bytes of device memory that a walker takes, and that the plan needs for walkers and tables (scratch of a team not counted).
std::size_t walker_bytes(const KmcPlan &plan);
std::size_t device_bytes(const KmcPlan &plan);

enum class WalkerStatus : std::uint32_t { running = 0, time_limit = 1, no_possible_hop = 2, bad_barrier = 3, tracer_range = 4 };

inline constexpr int kMostVacancies = 64;  // of a walker
inline constexpr int kMostFlagged = 4;     // environments that a walker keeps of those flagged
inline constexpr int kRandomnessBins = 50; // of R in [0, 1]; 1 itself is in the last

// Index of the first sample in the window of so many hops that ends at the last sample.
std::uint32_t first_sample_of_window(const std::vector<std::uint64_t> &sample_hops, std::uint64_t window_hops);

// Everything that a restart needs, in walker order. W walkers, V vacancies, S species, G groups; what is not observed is empty.
// Displacements are unwrapped, in units of a/2 (sc: a).
struct KmcState {
  std::uint64_t hops = 0;                          // steps reached by every running walker
  std::vector<std::uint8_t> occupancy;             // [W][sites]
  std::vector<std::int32_t> vacancy_site;          // [W][V]
  std::vector<std::int32_t> displacement;          // [3][W][V]
  std::vector<double> time_s;                      // [W]
  std::vector<std::uint64_t> walker_hops;          // [W]; with swaps: the trials
  std::vector<std::uint32_t> status;               // [W], WalkerStatus
  std::vector<double> smallest_barrier_eV;         // [W], of the last environments seen
  std::vector<std::int32_t> pair_counts;           // [order_shells * pairs()][W]
  std::vector<double> pair_time;                   // like pair_counts, sum of count * residence time (s)
  std::vector<std::int64_t> pair_hops;             // like pair_counts, sum of count over the states left (swaps: over trials)
  std::vector<double> averaged_time_s;             // [W], residence time in the sums
  std::vector<std::uint64_t> averaged_hops;        // [W], states in the sums
  std::vector<std::uint64_t> contacts;             // [W], V > 1: states left in which a vacancy saw another, counted by vacancy
  std::vector<double> randomness;                  // [2][W]: sums of R and of R^2 over the states in averaged_hops
  std::vector<std::uint64_t> randomness_histogram; // [G][kRandomnessBins]
  std::vector<double> spread;                      // [2][W], ensemble: sum of squared spreads of the hops made, largest, eV
  std::vector<std::uint64_t> flagged;              // [W], limit: hops from flagged environments
  std::vector<std::uint32_t> flagged_kept;         // [W], limit: environments in flagged_codes
  std::vector<std::uint8_t> flagged_codes;         // [W][kMostFlagged][environment], limit: the first different ones
  std::vector<std::uint64_t> jumps;                // [S][W], transport or tracers: jumps of atoms of each species
  std::vector<std::int64_t> collective;            // [S][3][W], transport: sum of the displacements of a species' atoms
  std::vector<std::int64_t> squared;               // [S][W], tracers: sum of |displacement|^2 over a species' atoms
  std::vector<std::int64_t> atom_displacement;     // [W][sites], tracers: three components of 21 bits, x lowest, offset by 2^20
  std::vector<std::int64_t> energy;                // [W], swaps: pair energy in units of 2^-40 eV
  std::vector<std::uint64_t> accepted;             // [W], swaps
  std::vector<std::uint32_t> b2_since;    // [W][sites], persistence: 1 + the sample since which a centre is B2; 0: it is not
  std::vector<std::uint64_t> sample_hops; // [samples so far], persistence
};

// Columns of a sampled row. Each has a mean and a sum of squared deviations over a group's replicas. Displacements are in
// lattice units (a/2; sc: a); vacancy columns are means over a walker's vacancies.
inline constexpr int kClusterSizeBins = 24; // sizes 1, 2-3, 4-7, …: bin floor(log2(size))
struct RowColumns {
  static constexpr int time_s = 0;
  static constexpr int squared = 1;      // squared displacement of the vacancy
  static constexpr int displacement = 2; // x, y, z
  int pairs = 5;                         // [order_shells][pairs]
  int randomness = -1;                   // mean R over the states left since averages_from_hop (NaN before the first)
  int spread = -1;                       // of the hops made: root mean square, largest met, with a limit: share flagged
  int jumps = -1;                        // [S]
  int tracer_squared = -1;               // [S]: sum over the atoms of a species
  int collective = -1;                   // [pairs]: D_i . D_j of each pair of species
  int energy_eV = -1;                    // swaps
  int accepted = -1;                     // swaps: trials accepted so far
  // b2: centres, clusters, largest cluster, then clusters by size [kClusterSizeBins]; persistent: the same again.
  int b2 = -1;
  int b2_persistent = -1;
  int end = 0;
};
inline constexpr int kB2Columns = 3 + kClusterSizeBins;
RowColumns row_columns(const KmcPlan &plan);
inline int columns(const KmcPlan &plan) { return row_columns(plan).end; }

struct KmcRow {
  std::uint64_t hop = 0;
  std::vector<double> mean;    // [group][column]
  std::vector<double> squared; // [group][column], sum of (value - mean)^2 over replicas
};

} // namespace zener
