// Trained networks evaluated one environment at a time, Adam one number at a time, and made data: slow and plain.
#pragma once

#include "host/neutral/train_plan.hpp"
#include "tests/reference/philox.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace zener::reference {

// Barriers forward and backward of a jump in eV. Networks other than the consistent one see `first` and `last` in turn.
std::array<double, 2> jump_barriers(const TrainedModel &model, const std::uint8_t *first, const std::uint8_t *last);

// Mean squared error over both barriers (or those forward) of the given jumps.
double squared_error(const TrainedModel &model, const JumpSet &data, const std::vector<std::int64_t> &jumps);

// One step of Adam with decoupled decay on one parameter; step counts from 1.
struct AdamNumbers {
  double parameter, first, second;
};
AdamNumbers adam_step(AdamNumbers now, double gradient, double rate, double decay, std::int64_t step, const TrainPlan &plan);

// Jumps of a vacancy in random alloys whose barriers come from pair energies: E = migration[B] + dE/2 forward, the same with
// -dE backward, dE from energies [shell][species + 1][species + 1] of pairs of three shells, the vacancy's (0) included.
struct PairTruth {
  std::vector<double> migration_eV; // [species]
  std::vector<double> pair_eV;      // as PairKra
};
PairTruth random_truth(Sequence &random, int species, double spread_eV);
// Appends jumps in alloys of the given fractions.
void append_jumps(JumpSet &data, Sequence &random, const PairTruth &truth, const std::vector<double> &fractions, int jumps);

} // namespace zener::reference
