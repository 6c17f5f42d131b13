// What a preset's "two_phase" asks for.
#pragma once

#include "host/neutral/two_phase.hpp"

namespace zener {

struct TwoPhaseChoice {
  ExcessEntropy excess = ExcessEntropy::published;
  bool ideal_mixing = true; // of the elements of an alloy
};

} // namespace zener
