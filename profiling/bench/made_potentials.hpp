// Potentials of the shape of published ones, with numbers drawn from a counter: for machines where those are not at hand. They
// describe no material; their forces are small, and what they cost does not depend on their numbers.
#pragma once

#include "host/neutral/potential_model.hpp"

namespace zener::bench {

// SNAP of W with 2J = 8 (55 components), cutoff 4.73442 A as W_2940 has it, or 5.3 A and quadratic (1,540 further terms) as the
// W potential of Goryaeva et al. 2021 has it.
PotentialPointer made_snap(bool quadratic);
// NEP version 4 of 16 metals with the cutoffs, basis and network of UNEP-v1 and its repulsion.
PotentialPointer made_nep();

} // namespace zener::bench
