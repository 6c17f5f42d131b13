// Fits of D(T) over a ladder of temperatures, by weighted least squares of ln D, x = 1/(kT):
//   arrhenius        ln D = ln D0 - Q x                              parameters ln D0, Q
//   quadratic        ln D = a + b/T + c/T^2                          a, b (K), c (K^2)
//   two_exponential  D = D1 exp(-Q1 x) + D2 exp(-Q2 x), Q1 < Q2      ln D1, Q1, ln D2, Q2
// Needs no device.
#pragma once

#include "host/neutral/transport.hpp"

#include <span>
#include <string>
#include <vector>

namespace zener {

enum class DiffusionModel { arrhenius, quadratic, two_exponential };

struct DiffusionFit {
  DiffusionModel model = DiffusionModel::arrhenius;
  std::vector<double> parameters; // as above; energies in eV
  std::vector<double> covariance; // [P][P] of the parameters
  // Sum of ((ln D - fit)/sigma)^2, sigma = error/D, where every point has an error; else of (ln D - fit)^2, and the covariance
  // is that of the scatter (NaN without a degree of freedom).
  double chi_squared = 0.0;
  int points = 0;
  bool weighted = false;
  // Akaike's criterion for few points (Hurvich and Tsai, Biometrika 76, 297 (1989)): smaller is better, differences count. NaN
  // where there are too few points.
  double aicc = 0.0;

  int degrees_of_freedom() const { return points - static_cast<int>(parameters.size()); }
  double parameter_error(std::size_t p) const;
  double ln_diffusivity(double temperature_K) const;
  double ln_diffusivity_error(double temperature_K) const; // one standard error
};

const char *diffusion_model_name(DiffusionModel model);
std::vector<const char *> parameter_names(DiffusionModel model); // with their units

// The fits that the points determine, in the order above; points without D > 0 are left out. Arrhenius needs three different
// temperatures, quadratic four, two_exponential five (and two exponentials that can be told apart). None with fewer.
std::vector<DiffusionFit> diffusion_fits(std::span<const double> temperatures_K, std::span<const Estimate> diffusivities);

// The fit of the lowest AICc, or the first where none has one; fits must not be empty.
std::size_t best_fit(const std::vector<DiffusionFit> &fits);

// D(T) of something, with its fits.
struct DiffusionLadder {
  std::string group;  // of atoms
  std::string method; // how D was measured
  std::string units;
  std::vector<double> temperature_K;
  std::vector<Estimate> diffusivity;
  std::vector<DiffusionFit> fits;
};

// A factor exp(s - h x) of the points, common to all, with errors of s and h that are not in the points' own: adds them.
void add_common_error(DiffusionFit &fit, double entropy_error_k, double energy_error_eV);

} // namespace zener
