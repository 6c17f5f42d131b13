// Energies as integers: sums are exact in any order.
#pragma once

#include "kernels/exec/config.hpp"

#include <cmath>
#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr double kEnergyUnit_eV = 0x1p-40;

// Whether a sum of a few such energies fits 64 bits; not a number does not.
ZENER_FN bool fits_energy_units(double energy_eV) { return energy_eV < 0x1p20 && energy_eV > -0x1p20; }
ZENER_FN std::int64_t energy_units(double energy_eV) { return static_cast<std::int64_t>(rint(energy_eV * 0x1p40)); }

// The mean of n energies of which the sum is given, halves rounded up: what is equal stays equal, and whatever it is added to
// later is an integer still.
ZENER_HOST_FN std::int64_t mean_units(std::int64_t sum, std::int64_t n) {
  const std::int64_t twice = 2 * sum + n;
  const std::int64_t quotient = twice / (2 * n);
  return quotient - (twice % (2 * n) < 0 ? 1 : 0);
}

} // namespace ZENER_BACKEND
} // namespace zener
