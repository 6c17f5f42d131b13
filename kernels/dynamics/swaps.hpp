// Metropolis swaps of atoms of different types in many systems at once, each with its own chain of trials.
//
// A trial takes two atoms of unlike types, swaps their types, and keeps the swap with probability min(1, exp(-dE/kT))
// (Metropolis et al., J. Chem. Phys. 21, 1087 (1953), doi:10.1063/1.1699114). Pairs of atoms are drawn uniformly until their
// types differ, so all unlike pairs are equally likely and a swap is proposed as often as its reverse: the composition, hence
// the number of unlike pairs, never changes. After kMostDraws draws of like atoms the trial is given up; how often depends on
// the composition alone, so balance holds. Swapped atoms keep their kinetic energy: v <- v sqrt(m_old / m_new), under which a
// Maxwell distribution stays one.
//
// Rigid:   swap_begin (K); forces and energies; sums (teams); swap_decide (K).
// Relaxed: energies are those after FIRE (relax.hpp), and a rejected trial puts positions back. Every system goes through its
//          trials on its own account: as soon as it is relaxed or out of steps it decides and begins the next, whatever the
//          others do.
//            swap_move (N): a FIRE move; or, after a decision, positions kept or put back, velocities zero
//            forces; sums; swap_update (K): FIRE's decision, or at the end of a relaxation the trial's
// Who owns what: a lane one system (K) or atom (N). Cost: that of the energies. Random numbers are functions of seed, system
// and trial, atoms are drawn by their place as given: the same bits for any batch and number of threads.
#pragma once

#include "kernels/dynamics/relax.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// Draws of a pair before a trial is given up: one unlike atom in 1,000 is then missed 3 times in 10,000.
inline constexpr std::uint32_t kMostDraws = 4096;

enum SwapStage : std::int64_t { kSwapRuns, kSwapKeep, kSwapPutBack, kSwapDone };

struct SwapSettings {
  std::uint32_t seed, first_system;
  std::int64_t max_steps; // of a relaxation
  RelaxSettings relax;
};

struct SwapState {
  std::int64_t trial, until;  // number of the trial under way; the call's end
  std::int64_t first, second; // atoms swapped in it, places in the batch as given; -1: no pair was found
  std::int64_t stage;         // relaxed: what the next step does with the positions
  std::int64_t steps, unrelaxed, missed;
  double kept_eV, kT_eV;
};

struct SwapView {
  DynamicsView atoms;
  View<const std::int32_t, 1> where; // [N] where the atoms stand that were given in this order
  View<SwapState, 1> state;          // [K]
  View<std::int64_t, 4> counts;      // [K][T][T][2]: trials and swaps kept of the types a < b
  View<double, 2> kept;              // [3][N] positions to go back to; no rows when nothing relaxes
  View<RelaxState, 1> relax;         // [K]
};

// The atoms that were given in this order.
struct SwapWhere {
  View<const std::int64_t, 1> order;
  View<std::int32_t, 1> where;
  ZENER_FN void operator()(std::int64_t i) const { where[order[i]] = static_cast<std::int32_t>(i); }
};

ZENER_FN void swap_types(const SwapView &swap, const SwapState &s) {
  Site &a = swap.atoms.site[swap.where[s.first]];
  Site &b = swap.atoms.site[swap.where[s.second]];
  const std::int32_t type = a.type;
  a.type = b.type;
  b.type = type;
}

ZENER_FN void begin_trial(const SwapSettings &run, const SwapView &swap, std::int64_t k) {
  SwapState &s = swap.state[k];
  const std::int64_t begin = swap.atoms.begin[k];
  const auto n = static_cast<std::uint32_t>(swap.atoms.begin[k + 1] - begin);
  s.first = s.second = -1;
  for (std::uint32_t draw = 0; draw < kMostDraws && s.first < 0; ++draw) {
    const Random128 bits = random_bits(streams::swap_atoms, run.seed, run.first_system + static_cast<std::uint32_t>(k),
                                       static_cast<std::uint64_t>(s.trial), draw);
    const std::int64_t a = begin + uniform_below(bits.low(), n);
    const std::int64_t b = begin + uniform_below(bits.high(), n);
    if (swap.atoms.site[swap.where[a]].type != swap.atoms.site[swap.where[b]].type) {
      s.first = a;
      s.second = b;
      swap_types(swap, s);
    }
  }
}

// Keeps the swap or takes it back; true when it is kept.
ZENER_FN bool end_trial(const SwapSettings &run, const SwapView &swap, std::int64_t k) {
  SwapState &s = swap.state[k];
  const std::int64_t trial = s.trial++;
  if (s.first < 0) {
    s.missed += 1;
    return false;
  }
  const std::int64_t places[2] = {swap.where[s.first], swap.where[s.second]};
  const std::int32_t types[2] = {swap.atoms.site[places[0]].type, swap.atoms.site[places[1]].type};
  const bool upwards = types[0] < types[1];
  const std::int32_t low = upwards ? types[0] : types[1], high = upwards ? types[1] : types[0];
  const double energy = swap.atoms.sums(k, kEnergySum);
  const double change = energy - s.kept_eV;
  const Random128 bits = random_bits(streams::swap_atoms, run.seed, run.first_system + static_cast<std::uint32_t>(k),
                                     static_cast<std::uint64_t>(trial), kMostDraws);
  // An energy that is not a number is never kept.
  const bool kept = change <= 0.0 || uniform_below_one(bits.low()) < exact_exp(-change / s.kT_eV);
  swap.counts(k, low, high, 0) += 1;
  if (!kept) {
    swap_types(swap, s);
    return false;
  }
  swap.counts(k, low, high, 1) += 1;
  s.kept_eV = energy;
  swap.atoms.bath[k].heat_eV += change; // so that what the ensemble conserves goes on
  for (int a = 0; a < 2; ++a) {
    const double scale = sqrt(swap.atoms.mass[types[1 - a]] / swap.atoms.mass[types[a]]);
    for (int d = 0; d < 3; ++d) {
      swap.atoms.velocity(d, places[a]) *= scale;
    }
  }
  return true;
}

struct SwapStart {
  SwapSettings run;
  SwapView swap;
  int energies; // take those of the sums
  int relaxing; // the first trial begins here
  ZENER_FN void operator()(std::int64_t k) const {
    if (energies != 0) {
      swap.state[k].kept_eV = swap.atoms.sums(k, kEnergySum);
    }
    if (relaxing != 0) {
      begin_trial(run, swap, k);
    }
  }
};

struct SwapBegin {
  SwapSettings run;
  SwapView swap;
  ZENER_FN void operator()(std::int64_t k) const { begin_trial(run, swap, k); }
};

struct SwapDecide {
  SwapSettings run;
  SwapView swap;
  ZENER_FN void operator()(std::int64_t k) const { end_trial(run, swap, k); }
};

struct SwapMove {
  SwapSettings run;
  SwapView swap;
  ZENER_FN void operator()(std::int64_t i) const {
    const DynamicsView &atoms = swap.atoms;
    if (atoms.halted[0] != 0) {
      return;
    }
    const Site site = atoms.site[i];
    const std::int64_t stage = swap.state[site.system].stage;
    if (stage != kSwapKeep && stage != kSwapPutBack) {
      RelaxMove{run.relax, atoms, swap.relax}(i); // done: it stands still
      return;
    }
    if (stage == kSwapKeep) {
      swap.kept(0, i) = site.x;
      swap.kept(1, i) = site.y;
      swap.kept(2, i) = site.z;
    } else {
      const double back[3] = {swap.kept(0, i), swap.kept(1, i), swap.kept(2, i)};
      const double none[3] = {0.0, 0.0, 0.0};
      DynamicsSettings limits{};
      limits.largest_move2 = 1.0;
      place(limits, atoms, i, site, back, none);
    }
    for (int d = 0; d < 3; ++d) {
      atoms.velocity(d, i) = 0.0;
    }
  }
};

// FIRE anew, with a first step that moves nothing and finds the forces.
ZENER_HOST_FN RelaxState fresh_relaxation() {
  RelaxState state{};
  state.dt = -0.05;
  state.mixing = 0.1;
  return state;
}

struct SwapUpdate {
  SwapSettings run;
  SwapView swap;
  ZENER_FN void operator()(std::int64_t k) const {
    if (swap.atoms.request[0] != 0) {
      return;
    }
    SwapState &s = swap.state[k];
    if (s.stage == kSwapDone || s.trial >= s.until) {
      s.stage = kSwapDone;
      return;
    }
    RelaxState &relax = swap.relax[k];
    s.stage = kSwapRuns;
    RelaxUpdate{run.relax, swap.atoms, swap.relax}(k);
    if (relax.converged == 0 && relax.steps < run.max_steps) {
      return;
    }
    s.steps += relax.steps;
    s.unrelaxed += relax.converged == 0 ? 1 : 0;
    s.stage = end_trial(run, swap, k) ? kSwapKeep : kSwapPutBack;
    relax = fresh_relaxation();
    if (s.trial < s.until) {
      begin_trial(run, swap, k);
    }
  }
};

struct CountSwapsDone {
  View<const SwapState, 1> state;
  ZENER_FN std::int64_t operator()(std::int64_t k) const { return state[k].stage == kSwapDone ? 1 : 0; }
};

// Swaps change momenta: takes the motion of the centre of mass away, as drawn velocities have none. From the sums.
struct SwapCentre {
  DynamicsView atoms;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int32_t k = atoms.site[i].system;
    for (int d = 0; d < 3; ++d) {
      atoms.velocity(d, i) -= atoms.sums(k, kMomentumSum + d) * kAcceleration / atoms.settings[k].mass;
    }
  }
};

// What the next step begins with, from the same sums.
struct SwapBaths {
  DynamicsView atoms;
  ZENER_FN void operator()(std::int64_t k) const {
    Bath &bath = atoms.bath[k];
    for (int d = 0; d < 3; ++d) {
      const double momentum = atoms.sums(k, kMomentumSum + d);
      const double centre = momentum * momentum * kAcceleration / atoms.settings[k].mass;
      bath.tensor_eV[d] = atoms.sums(k, d) - centre;
      bath.virial_eV[d] = atoms.sums(k, kVirialSum + d);
      bath.heat_eV -= 0.5 * centre;
    }
    bath.kinetic_eV = 0.5 * (bath.tensor_eV[0] + bath.tensor_eV[1] + bath.tensor_eV[2]);
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
