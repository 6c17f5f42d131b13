// From the kinetics of a cell with a fixed number of vacancies to numbers of the real material: the equilibrium concentration
// of vacancies, the real time of a kinetic time, and Arrhenius fits. Values carry one standard error.
#pragma once

#include <optional>
#include <span>

namespace zener {

// Exact since 2019, as in kernels/core/constants.hpp.
inline constexpr double kBoltzmannConstant_eV_per_K = 1.380649e-23 / 1.602176634e-19;

// A mean with its standard error; the error is NaN when it is not known (one replica).
struct Estimate {
  double mean = 0.0;
  double standard_error = 0.0;
};

// Equilibrium concentration of vacancies (vacancies a site) for a Gibbs energy of formation in eV with a Gaussian error: mean
// and standard deviation of the lognormal distribution, c = exp(-G/kT + s^2/(2 (kT)^2)), sigma = c sqrt(exp(s^2/(kT)^2) - 1)
// (Sangiovanni et al., supplement, equation S1). Throws ConfigError for a temperature, energy or error that is not finite, a
// temperature that is not positive, or a negative error.
Estimate vacancy_concentration(double formation_free_energy_eV, double error_eV, double temperature_K);

// Product and quotient of two independent quantities. The variance of a product is exact, (ab)^2 (r^2 + q^2 + r^2 q^2) with the
// relative errors r and q; a quotient is taken as the product with the reciprocal, whose relative error is that of the divisor
// (exact for a lognormal one, first order otherwise).
Estimate product(const Estimate &a, const Estimate &b);
Estimate quotient(const Estimate &a, const Estimate &b);

// D = D0 exp(-E_a / kT), least squares of ln D against 1/kT.
struct ArrheniusFit {
  Estimate prefactor;            // D0, in the unit of D; its error is D0 times that of ln D0
  Estimate ln_prefactor;         // for prefactors beyond the range of double
  Estimate activation_energy_eV; // E_a
  double chi_squared = 0.0;      // weighted: sum ((ln D - fit) / sigma)^2; else the sum of squares of ln D - fit
  int degrees_of_freedom = 0;    // points - 2
  int points = 0;
  bool weighted = false;
};

// Fits points with D > 0 (others are left out: a walk that has not moved). With a positive error at every such point the
// weights are 1 / sigma^2, sigma = error / D, and the errors of the fit follow from them; without, all weights are one and the
// errors follow from the scatter about the line (NaN for two points). Empty with fewer than two different temperatures.
// Temperatures in K, > 0. Throws InvariantError when the two spans differ in length.
std::optional<ArrheniusFit> arrhenius_fit(std::span<const double> temperatures_K, std::span<const Estimate> diffusivities);

} // namespace zener
