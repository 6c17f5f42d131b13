// What every potential implements on a device, and where its results go.
//
// Energies belong to atoms: E = sum_i E_i. With g_ij = dE_i/dr_ij (r_ij = r_j - r_i), the force on i is sum_j (g_ij - g_ji),
// and the virial of i is W_i = - sum_j r_ij (x) g_ij, so that sum_i W_i = -dE/d(strain), positive under compression. W_i is
// symmetric because E_i does not change under rotation; six components are kept.
//
// A potential either gathers (each atom sums its own force, from what its neighbours have stored) into `force`, or scatters
// (an atom adds to its neighbours' forces) with add_force(): sums of 64-bit integers in units of 2^-44 eV/A, which do not
// depend on their order. The engine adds both. Nothing else is summed across atoms by a potential.
#pragma once

#include "kernels/exec/atomics.hpp"
#include "kernels/exec/queue.hpp"
#include "kernels/neighbours/neighbour_list.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr double kForceUnit = 0x1p-44; // eV/A
inline constexpr double kForceLimit = 0x1p16; // eV/A; larger contributions are cut there, and the engine's checks stop the run

// [N] each; what several potentials give is added up.
struct ForceView {
  View<double, 1> energy;          // eV
  View<double, 2> force;           // [3][N], eV/A: what an atom gathers
  View<std::int64_t, 2> scattered; // [3][N], 2^-44 eV/A: what others add to an atom
  View<double, 2> virial;          // [6][N]: xx, yy, zz, yz, xz, xy, eV
  int deterministic = 1;           // 0: `scattered` holds doubles, added in any order
  int want_virial = 1;
  int want_energy = 1;
  int want_force = 1; // 0: forces and virials may be left out, which spares some potentials half of the work
};

ZENER_FN void add_force(const ForceView &forces, std::int64_t atom, double x, double y, double z) {
  const double f[3] = {x, y, z};
  for (int d = 0; d < 3; ++d) {
    std::int64_t *target = &forces.scattered(d, atom);
    if (forces.deterministic != 0) {
      // Without branches, which signs would make costly on a CPU. NaN: the limit.
      const double below = f[d] < kForceLimit ? f[d] : kForceLimit;
      const double bounded = below > -kForceLimit ? below : -kForceLimit;
      const double scaled = bounded * (1.0 / kForceUnit);
      // Rounded to nearest: truncation would lean to zero.
      atomic_add(reinterpret_cast<std::uint64_t *>(target),
                 static_cast<std::uint64_t>(static_cast<std::int64_t>(scaled + copysign(0.5, scaled))));
    } else {
      atomic_add(reinterpret_cast<double *>(target), f[d]);
    }
  }
}

// What Team::end_part() tells apart in the kernels of potentials.
enum PotentialPart { kDescriptorPart, kForcePart }; // sums over neighbours up to the energy; from there to forces and virial

enum class Arithmetic { float64, mixed }; // mixed: positions, sums and energies in double, descriptors in float

class Potential {
public:
  virtual ~Potential() = default;
  virtual const char *name() const = 0;
  virtual double cutoff_A() const = 0;
  // Uses add_force().
  virtual bool scatters() const = 0;
  // Working memory for n atoms with up to `capacity` neighbours in their lists; called before compute() whenever either grew.
  virtual void reserve(std::int64_t atoms, int capacity) = 0;
  virtual std::size_t bytes_per_atom(int capacity) const = 0;
  // Adds to `forces`. Launches kernels only: no allocation, no copy, no wait (the chain may be captured and replayed).
  virtual void compute(const AtomsView &atoms, const ForceView &forces) = 0;
};

} // namespace ZENER_BACKEND
} // namespace zener
