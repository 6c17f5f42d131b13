// What a batch of vacancy walkers is, as plain data: made from a preset, given to a backend.
#pragma once

#include "host/neutral/barrier_model.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace zener {

enum class Precision { float32, float64 }; // of the network; everything else is double or integer

// Walkers of one rung of the ladder: one temperature and one composition, `replicas` walkers each.
struct KmcGroup {
  double temperature_K = 0.0;
  std::vector<std::int64_t> atoms; // [species], sums to sites - vacancies
};

struct KmcPlan {
  std::array<int, 3> cells{}; // conventional bcc cells, at least 5 each; sites = 2 * product
  double lattice_constant_A = 0.0;
  std::vector<std::string> elements; // species code i + 1 is elements[i]
  int vacancies = 1;
  BarrierModel model;
  Precision precision = Precision::float32;
  double attempt_frequency_per_s = 1e13;
  std::uint32_t seed = 0;
  std::vector<KmcGroup> groups;
  int replicas = 1;               // walker w belongs to group w / replicas
  std::uint32_t first_walker = 0; // walker w draws the random stream of walker first_walker + w
  int order_shells = 0;           // shells whose pair counts are observed (0 to 2)
  std::uint64_t averages_from_hop = 0;
  double time_limit_s = 0.0; // 0: none. A walker stops at exactly this time
  // Empty: drawn at random; else [sites] or [walkers][sites], species codes. Site ((cx * ny + cy) * nz + cz) * 2 + b lies at
  // a (c + b (1/2, 1/2, 1/2)).
  std::vector<std::uint8_t> occupancy;

  std::int64_t sites() const { return std::int64_t{2} * cells[0] * cells[1] * cells[2]; }
  std::int64_t walkers() const { return static_cast<std::int64_t>(groups.size()) * replicas; }
  int species() const { return static_cast<int>(elements.size()); }
  int pairs() const { return species() * (species() + 1) / 2; } // unordered pairs of species
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

// Bytes of device memory that a walker takes, and that the plan needs for walkers and tables (scratch of a team not counted).
std::size_t walker_bytes(const KmcPlan &plan);
std::size_t device_bytes(const KmcPlan &plan);

enum class WalkerStatus : std::uint32_t { running = 0, time_limit = 1, no_possible_hop = 2, bad_barrier = 3 };

// Everything that a restart needs, in walker order. Sizes: W walkers, P = order_shells * pairs().
struct KmcState {
  std::uint64_t hops = 0;                   // reached by every running walker
  std::vector<std::uint8_t> occupancy;      // [W][sites]
  std::vector<std::int32_t> vacancy_site;   // [W]
  std::vector<std::int32_t> displacement;   // [3][W], units of a/2, unwrapped
  std::vector<double> time_s;               // [W]
  std::vector<std::uint64_t> walker_hops;   // [W]
  std::vector<std::uint32_t> status;        // [W], WalkerStatus
  std::vector<double> smallest_barrier_eV;  // [W], of the last environment seen
  std::vector<std::int32_t> pair_counts;    // [P][W]
  std::vector<double> pair_time;            // [P][W], sum of count * residence time (s)
  std::vector<std::int64_t> pair_hops;      // [P][W], sum of count over the states left
  std::vector<double> averaged_time_s;      // [W], residence time in the two sums
  std::vector<std::uint64_t> averaged_hops; // [W], states in the two sums
};

// Columns of a sampled row, in order: time_s, squared displacement (units of (a/2)^2), displacement x, y, z (units of a/2),
// then order_shells * pairs() pair counts. Each has a mean and a sum of squared deviations over the group's replicas.
inline constexpr int kFixedColumns = 5;
inline int columns(const KmcPlan &plan) { return kFixedColumns + plan.order_shells * plan.pairs(); }

struct KmcRow {
  std::uint64_t hop = 0;
  std::vector<double> mean;    // [group][column]
  std::vector<double> squared; // [group][column], sum of (value - mean)^2 over replicas
};

} // namespace zener
