// What the series and the summary of a run have in common: units, pairs, and measures made of sampled numbers.
#pragma once

#include "apps/zener/kmc_results.hpp"

#include <array>
#include <string>
#include <vector>

namespace zener {

struct SpeciesPair {
  int a = 0; // species, a <= b
  int b = 0;
  std::string name; // "Mo-Ta"
};

// Unordered pairs of species in the order of pair_index.
std::vector<SpeciesPair> pairs_of(const KmcPlan &plan);

Estimate scaled(const Estimate &e, double factor);
Estimate shifted(const Estimate &e, double by);

// The lattice's unit of length in angstrom (a/2; sc: a), and the squared length of a jump in these units.
double unit_A(const KmcPlan &plan);
double jump_squared(const KmcPlan &plan);

// Bonds of a shell (0-based) in the cell when no site is empty.
double bond_count(const KmcPlan &plan, int shell);
// expected_bonds of a group in a shell. [pairs]
std::vector<double> expected_of(const KmcPlan &plan, const KmcGroup &group, int shell);

// What is made of a count of bonds N: N0 is its expectation in a random alloy of the same cell, `total` all bonds of the shell.
struct OrderMeasure {
  const char *name;
  const char *description;
  Estimate (*of)(const Estimate &n, double n0, double sites, double total);
};
const std::array<OrderMeasure, 5> &order_measures();

// A column of a sampled row with its standard error over replicas.
Estimate column_estimate(const KmcPlan &plan, const KmcRow &row, std::size_t group, int column);

// Fractions of the states that the walkers of a group left, by R. [kRandomnessBins]
std::vector<double> randomness_fractions(const KmcState &state, std::size_t group);

} // namespace zener
