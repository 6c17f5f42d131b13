#include "host/neutral/transport.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace zener {

Estimate vacancy_concentration(double formation_free_energy_eV, double error_eV, double temperature_K) {
  if (!std::isfinite(formation_free_energy_eV) || !std::isfinite(error_eV) || error_eV < 0.0 || !std::isfinite(temperature_K) ||
      temperature_K <= 0.0) {
    throw ConfigError("no vacancy concentration follows from a formation free energy of " +
                      std::to_string(formation_free_energy_eV) + " eV with an error of " + std::to_string(error_eV) +
                      " eV at " + std::to_string(temperature_K) +
                      " K: all must be finite, the error not negative, the temperature positive");
  }
  const double kT = kBoltzmannConstant_eV_per_K * temperature_K;
  const double spread = error_eV / kT;
  const double mean = std::exp(-formation_free_energy_eV / kT + 0.5 * spread * spread);
  return {mean, mean * std::sqrt(std::expm1(spread * spread))};
}

Estimate product(const Estimate &a, const Estimate &b) {
  // The variance written without relative errors, so that a mean may be zero.
  const double first = a.standard_error * b.mean;
  const double second = b.standard_error * a.mean;
  const double both = a.standard_error * b.standard_error;
  return {a.mean * b.mean, std::sqrt(first * first + second * second + both * both)};
}

Estimate quotient(const Estimate &a, const Estimate &b) {
  const double reciprocal = 1.0 / b.mean;
  return product(a, {reciprocal, std::abs(reciprocal * reciprocal) * b.standard_error});
}

std::optional<ArrheniusFit> arrhenius_fit(std::span<const double> temperatures_K, std::span<const Estimate> diffusivities) {
  if (temperatures_K.size() != diffusivities.size()) {
    throw InvariantError("an Arrhenius fit has " + std::to_string(temperatures_K.size()) + " temperatures and " +
                         std::to_string(diffusivities.size()) + " diffusivities");
  }
  struct Point {
    double x; // 1 / kT
    double y; // ln D
    double sigma;
  };
  std::vector<Point> points;
  for (std::size_t i = 0; i < diffusivities.size(); ++i) {
    const Estimate &d = diffusivities[i];
    if (std::isfinite(d.mean) && d.mean > 0.0 && temperatures_K[i] > 0.0) {
      points.push_back({1.0 / (kBoltzmannConstant_eV_per_K * temperatures_K[i]), std::log(d.mean), d.standard_error / d.mean});
    }
  }
  if (std::all_of(points.begin(), points.end(), [&](const Point &p) { return p.x == points.front().x; })) {
    return std::nullopt;
  }
  ArrheniusFit fit;
  fit.points = static_cast<int>(points.size());
  fit.degrees_of_freedom = fit.points - 2;
  fit.weighted =
      std::all_of(points.begin(), points.end(), [](const Point &p) { return std::isfinite(p.sigma) && p.sigma > 0.0; });
  const auto weight = [&](const Point &p) { return fit.weighted ? 1.0 / (p.sigma * p.sigma) : 1.0; };

  double total = 0.0;
  double mean_x = 0.0;
  double mean_y = 0.0;
  for (const Point &p : points) {
    total += weight(p);
    mean_x += weight(p) * p.x;
    mean_y += weight(p) * p.y;
  }
  mean_x /= total;
  mean_y /= total;
  double spread = 0.0;
  double slope = 0.0;
  for (const Point &p : points) {
    spread += weight(p) * (p.x - mean_x) * (p.x - mean_x);
    slope += weight(p) * (p.x - mean_x) * (p.y - mean_y);
  }
  slope /= spread;
  const double offset = mean_y - slope * mean_x;
  for (const Point &p : points) {
    const double residual = p.y - offset - slope * p.x;
    fit.chi_squared += weight(p) * residual * residual;
  }
  // Variance of one point in units of 1 / weight: known, or from the scatter.
  double unit = 1.0;
  if (!fit.weighted) {
    unit = fit.degrees_of_freedom > 0 ? fit.chi_squared / fit.degrees_of_freedom : std::numeric_limits<double>::quiet_NaN();
  }
  fit.activation_energy_eV = {-slope, std::sqrt(unit / spread)};
  fit.ln_prefactor = {offset, std::sqrt(unit * (1.0 / total + mean_x * mean_x / spread))};
  const double prefactor = std::exp(offset);
  fit.prefactor = {prefactor, prefactor * fit.ln_prefactor.standard_error};
  return fit;
}

} // namespace zener
