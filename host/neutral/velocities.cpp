#include "host/neutral/velocities.hpp"

#include "host/neutral/elements.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/splitmix.hpp"
#include "host/neutral/transport.hpp"

#include <cmath>
#include <numbers>

namespace zener {
namespace {

// 1 amu (A/ps)^2 in eV (CODATA 2018).
constexpr double kAmuA2Ps2_eV = 1.66053906660e-27 * 1.0e4 / 1.602176634e-19;

// Uniform in (0, 1].
double uniform(SplitMix64 &random) { return static_cast<double>((random.next() >> 11) + 1) * 0x1.0p-53; }

} // namespace

std::vector<double> masses_of(const Atoms &atoms) {
  if (!atoms.mass_amu.empty()) {
    return atoms.mass_amu;
  }
  std::vector<double> masses;
  for (const std::string &element : atoms.elements) {
    const std::optional<int> number = atomic_number(element);
    if (!number) {
      throw DataError("the structure has atoms of " + element + ", which is no chemical element: its mass is not known");
    }
    masses.push_back(atomic_mass_amu(*number));
  }
  return masses;
}

void draw_velocities(Atoms &atoms, double temperature_K, std::uint32_t seed, std::int64_t system, bool exact) {
  constexpr std::uint64_t kVelocities = 0x76656c6f'63697479ULL; // "velocity"
  SplitMix64 random{seed, kVelocities, static_cast<std::uint64_t>(system)};
  const std::vector<double> masses = masses_of(atoms);
  const double kT = kBoltzmannConstant_eV_per_K * temperature_K;
  atoms.velocity_A_ps.assign(atoms.size(), Vector3{});
  Vector3 momentum{};
  double mass = 0.0;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const double m = masses[static_cast<std::size_t>(atoms.type[i])];
    const double width = std::sqrt(kT / (m * kAmuA2Ps2_eV));
    mass += m;
    for (std::size_t d = 0; d < 3; ++d) {
      const double length = std::sqrt(-2.0 * std::log(uniform(random)));
      atoms.velocity_A_ps[i][d] = width * length * std::cos(2.0 * std::numbers::pi * uniform(random));
      momentum[d] += m * atoms.velocity_A_ps[i][d];
    }
  }
  double kinetic = 0.0;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const double m = masses[static_cast<std::size_t>(atoms.type[i])];
    for (std::size_t d = 0; d < 3; ++d) {
      double &v = atoms.velocity_A_ps[i][d];
      v -= momentum[d] / mass;
      kinetic += 0.5 * kAmuA2Ps2_eV * m * v * v;
    }
  }
  if (atoms.size() < 2) {
    atoms.velocity_A_ps.assign(atoms.size(), Vector3{});
  } else if (exact && kinetic > 0.0) {
    const double scale = std::sqrt(0.5 * (3.0 * static_cast<double>(atoms.size()) - 3.0) * kT / kinetic);
    for (Vector3 &velocity : atoms.velocity_A_ps) {
      for (double &v : velocity) {
        v *= scale;
      }
    }
  }
}

} // namespace zener
