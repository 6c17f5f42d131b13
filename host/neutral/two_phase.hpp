// Two-phase thermodynamics: entropy and free energy of a liquid, or of a crystal in which some atoms diffuse, from its
// vibrational density of states F(nu), taken as that of a gas of hard spheres, which diffuses, and of harmonic oscillators.
// Needs no device.
//   classic           Lin, Blanco, Goddard, J. Chem. Phys. 119, 11792 (2003), doi:10.1063/1.1624057
//   memory_function   gas part of Desjarlais, Phys. Rev. E 88, 062145 (2013), doi:10.1103/PhysRevE.88.062145
//
// F has the integral 3, so F(0) = 12 m D/(kT). rho = N/V.
//   Delta = (2/9) F(0) sqrt(pi kT/m) rho^(1/3) (6/pi)^(2/3)           constant of diffusivity
//   f     = gamma^(2/5) Delta^(3/5) = 2 (1 - gamma)^3/(2 - gamma)     fluidicity, and the packing fraction gamma of the gas
// The share f of the atoms is a gas of hard spheres at the density f rho which diffuses as Carnahan and Starling's equation and
// Enskog's theory say; F = f F_g + F_s with F_s(0) = 0, so F_g(0) = F(0)/f = 12/alpha.
//   classic           phi_g(t) = exp(-alpha t), F_g = 12 alpha/(alpha^2 + omega^2), omega = 2 pi nu
//   memory_function   phi_g' = -int_0^t K(t - s) phi_g(s) ds, K(t) = A exp(-B t^2): F_g = 12 Re 1/(i omega + K^(i omega)),
//                     K^(i omega) = alpha [exp(-x^2) - (2 i/sqrt(pi)) D(x)], x = omega/(2 sqrt B), D Dawson's function.
//                     alpha = (A/2) sqrt(pi/B) as above; A from the second moment, which the gas shares with the whole:
//                     3 A = int omega^2 F dnu (so F_g is F where all is gas, and has no Lorentzian tail).
// Entropy of an atom in k: S = f S_g + int F_s W_S dnu,
//   S_g = 5/2 + ln[(2 pi m k T/h^2)^(3/2) V/(f N)] + gamma (3 gamma - 4)/(1 - gamma)^2 + ln z(gamma),
// with z of Carnahan and Starling. ln z stands in the paper of 2003; it belongs to an ideal gas of the same pressure, not of
// the same volume (Sun et al., arXiv:1711.02041), and ExcessEntropy::fixed_volume leaves it out. Lennard-Jones fluids against
// the equation of state of Kolafa and Nezbeda (20 states, T* 0.9 to 1.8, rho* 0.05 to 1.0; tests/physics/two_phase_test.cpp):
// with it memory_function is 1.6 % low to 2.6 % high, classic 1.3 % low to 4.9 % high; without it (13 states) 1.4 to 6 % and
// 0.8 to 3.5 % low. With u = h nu/kT, W_S = 1 - ln u (classical) or
// u/(e^u - 1) - ln(1 - e^-u) (quantum). Energy above the minimum in kT: f 3/2 + int F_s W_E dnu, W_E = 1 or u/2 + u/(e^u - 1).
// Integrals go from 0 to infinity, with F = 0 beyond its last frequency, so entropies do not depend on how often velocities are
// taken. The zero-point energy of a Lorentzian's tail is infinite: beyond the last frequency energies are classical.
#pragma once

#include <array>
#include <span>
#include <vector>

namespace zener {

enum class GasForm { classic, memory_function };
inline constexpr std::array kGasForms{GasForm::classic, GasForm::memory_function};
const char *gas_form_name(GasForm form);
enum class ExcessEntropy { published, fixed_volume };

// Atoms of one mass.
struct TwoPhaseState {
  double temperature_K = 0.0;
  double mass_amu = 0.0;
  double atom_volume_A3 = 0.0; // V/N
};

inline constexpr std::size_t kWeights = 2; // classical, quantum

// Of an atom; entropies in k, energies in kT above the minimum of the potential energy.
struct TwoPhaseParts {
  double delta = 0.0;
  double fluidicity = 0.0;
  double packing = 0.0;      // gamma
  double alpha_per_ps = 0.0; // 12/F_g(0)
  double second_moment_per_ps2 = 0.0;
  double gas_entropy = 0.0; // f S_g
  std::array<double, kWeights> solid_entropy{}, energy{};

  double entropy(std::size_t weight) const { return gas_entropy + solid_entropy[weight]; }
};

// frequency_THz: equally far apart from 0 on; density_of_states F there, 1/THz, normalised to 3. Without diffusion (F(0) <= 0)
// all is solid. Throws InvariantError for spans that differ in length or have fewer than two points, and for a state that is
// not positive.
TwoPhaseParts two_phase(std::span<const double> frequency_THz, std::span<const double> density_of_states,
                        const TwoPhaseState &state, GasForm form, ExcessEntropy excess);

// f F_g at these frequencies, 1/THz.
std::vector<double> gas_part(const TwoPhaseParts &parts, GasForm form, std::span<const double> frequency_THz);

// f and gamma for Delta >= 0.
struct Fluidicity {
  double fluidicity = 0.0, packing = 0.0;
};
Fluidicity fluidicity_of(double delta);

// 5/2 + ln[(2 pi m k T/h^2)^(3/2) V/N], k: Sackur and Tetrode.
double ideal_gas_entropy(const TwoPhaseState &state);

// exp(-x^2) int_0^x exp(s^2) ds, to 1e-15 (Rybicki, Comput. Phys. 3, 85 (1989)).
double dawson(double x);

} // namespace zener
