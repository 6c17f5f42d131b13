// A metal for tests of what stands on forces: tungsten after Finnis and Sinclair (1984) with the short-range part of Ackland
// and Thetford (1987).
#pragma once

#include "host/neutral/potential_model.hpp"

namespace zener {

inline PotentialPointer finnis_sinclair_tungsten() {
  return parse_potential(R"({"kind": "finnis_sinclair", "parameters": {"W": {"A": 1.896373, "d": 4.400224,
    "beta": 0, "c": 3.25, "c0": 47.1346499, "c1": -33.7665655, "c2": 6.2541999, "B": 90.3, "b0": 2.7411, "alpha": 1.2}}})",
                         ".", "test");
}

} // namespace zener
