#include "host/neutral/defect_diffusivity.hpp"

#include <cmath>

namespace zener {
namespace {

LogNormal of_logarithm(double mu, double sigma) {
  const double square = sigma * sigma;
  LogNormal out;
  out.median = std::exp(mu);
  out.mean = std::exp(mu + 0.5 * square);
  out.standard_deviation = out.mean * std::sqrt(std::expm1(square));
  out.sigma = sigma;
  return out;
}

LogNormal of_moments(double mean, double relative_error) {
  const double square = std::log1p(relative_error * relative_error);
  return of_logarithm(std::log(mean) - 0.5 * square, std::sqrt(square));
}

} // namespace

double LogNormal::below(double n) const { return median * std::exp(-n * sigma); }

Estimate formation_free_energy(const DefectFormation &formation, double temperature_K) {
  const double kT = kBoltzmannConstant_eV_per_K * temperature_K;
  return {formation.energy_eV - kT * formation.entropy_k,
          std::hypot(formation.energy_error_eV, kT * formation.entropy_error_k)};
}

LogNormal defect_concentration(const Estimate &g, double temperature_K) {
  const Estimate mean = vacancy_concentration(g.mean, g.standard_error, temperature_K);
  const double kT = kBoltzmannConstant_eV_per_K * temperature_K;
  LogNormal out;
  out.median = std::exp(-g.mean / kT);
  out.mean = mean.mean;
  out.standard_deviation = mean.standard_error;
  out.sigma = g.standard_error / kT;
  return out;
}

LogNormal defect_share(const LogNormal &c, const Estimate &d) {
  const double relative = std::isfinite(d.standard_error) ? d.standard_error / d.mean : 0.0;
  const LogNormal of = of_moments(d.mean, relative);
  return of_logarithm(std::log(c.median) + std::log(of.median), std::hypot(c.sigma, of.sigma));
}

LogNormal total_diffusivity(std::span<const LogNormal> shares) {
  double mean = 0.0, variance = 0.0;
  for (const LogNormal &one : shares) {
    mean += one.mean;
    variance += one.standard_deviation * one.standard_deviation;
  }
  return of_moments(mean, std::sqrt(variance) / mean);
}

} // namespace zener
