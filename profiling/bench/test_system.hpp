// The system that is measured, made by the program itself, and the checks that a device must pass before its speed is printed.
#pragma once

#include "host/backend.hpp"
#include "host/neutral/kmc_plan.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace zener::bench {

// A network 112-128-128-128-128-1 for Nb, Mo, Ta with numbers drawn from a counter (multiples of 2^-20, so the same in float32
// and float64). Its barriers in random equimolar environments are 1.5 eV on average and spread by 0.2 eV; it describes no
// material.
Mlp made_network();

// Pair interactions of the usual size in two shells, for speed alone.
// The same size, with barriers that are mostly the energy of the saddle between two sites, so that forward and backward jumps
// have like barriers, as in a crystal: at 1000 K a memory finds 80 % of the environments again, 84 % with the published network
// for Nb-Mo-Ta.
Mlp made_saddle_network();
PairKra made_pair_kra();

// Networks of the other kinds with numbers from a counter, barriers of some 0.1 eV around 1.5 eV: 128 units tied over 6
// operations, then 128-128; filters 32/64/128/128; 32 jump units tied over 12, then 64-64, and 8 state units tied over 48, then
// 32, state and pairs of so many shells.
SiteMlp made_site_mlp();
Cnn made_cnn();
Consistent made_consistent(int shells);

// Operations of a hop: a multiplication and an addition for each weight and each of the 8 paths (and voxels); 0 for models that
// mostly look up and add.
double flops_per_hop(const BarrierModel &model);

// Random equimolar cells of n x n x n bcc cells, seed 1, one temperature.
KmcPlan equimolar_plan(const BarrierModel &model, Precision precision, int cells, int walkers, double temperature_K);

// n random environments [n][112] of the species 1 to `species`, from a counter.
std::vector<std::uint8_t> random_environments(int n, int species);

// n species codes, 1 to species, from a counter.
std::vector<std::uint8_t> random_species(std::int64_t n, int species);

// Barriers [n][8] in eV of the network in double, written from the definition (rotate the environment, multiply, add) for
// comparison: nothing is shared with the kernels but the geometry of the shells.
std::vector<double> naive_barriers(const Mlp &mlp, const std::vector<std::uint8_t> &types);

// FNV-1a over every field of a state, in the order of KmcState, little endian.
std::uint64_t state_hash(const KmcState &state);

// A fixed short run whose final state is known: every backend must reach it bit for bit.
struct GoldenCase {
  const char *name;
  const char *model; // "constant", "pair_kra" or "mlp"
  Precision precision;
  int walkers;
  std::uint64_t hops;
  std::uint64_t hash; // made by `zener_bench golden` on a CPU
  std::int64_t memory_entries = 0;
  Structure structure = Structure::bcc;
  int vacancies = 1;
  bool observed = false; // every observable of hops
  bool swaps = false;    // Metropolis exchanges in place of hops
};
const std::vector<GoldenCase> &golden_cases();
std::uint64_t run_golden_case(Backend &backend, const GoldenCase &golden);

struct CheckResult {
  int hashes = 0; // of golden cases, all equal
  int environments = 0;
  double largest_error_float32_eV = 0.0;
  double largest_error_float64_eV = 0.0;
};

// Runs the golden cases, and compares the barriers of 200 environments with naive_barriers: at most 1e-5 eV apart in float32,
// 1e-9 eV in float64. Throws InvariantError that names the first difference.
CheckResult check_results(Backend &backend, const Mlp &mlp);

} // namespace zener::bench
