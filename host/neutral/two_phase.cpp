#include "host/neutral/two_phase.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/transport.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace zener {
namespace {

using std::numbers::pi;

// CODATA 2018: amu A^2/ps^2 in eV, and Planck's constant in eV ps.
constexpr double kMassUnit_eV = 1.66053906660e-23 / 1.602176634e-19;
constexpr double kPlanck_eV_ps = 6.62607015e-22 / 1.602176634e-19;

using Pair = std::array<double, kWeights>;

Pair entropy_weights(double u) { return {1.0 - std::log(u), u / std::expm1(u) - std::log(-std::expm1(-u))}; }

Pair energy_weights(double u) { return {1.0, 0.5 * u + u / std::expm1(u)}; }

// The integral of F ln nu, F linear between its points.
double integral_of_logarithm(std::span<const double> nu, std::span<const double> f) {
  const auto first = [](double x) { return x > 0.0 ? x * std::log(x) - x : 0.0; };
  const auto second = [](double x) { return x > 0.0 ? 0.5 * x * x * (std::log(x) - 0.5) : 0.0; };
  double sum = 0.0;
  for (std::size_t k = 1; k < nu.size(); ++k) {
    const double slope = (f[k] - f[k - 1]) / (nu[k] - nu[k - 1]);
    sum += (f[k] - slope * nu[k]) * (first(nu[k]) - first(nu[k - 1])) + slope * (second(nu[k]) - second(nu[k - 1]));
  }
  return sum;
}

template <class Weight> double trapezoid(std::span<const double> nu, std::span<const double> f, Weight weight) {
  double sum = 0.0;
  for (std::size_t k = 0; k < nu.size(); ++k) {
    sum += (k == 0 || k + 1 == nu.size() ? 0.5 : 1.0) * f[k] * weight(nu[k]);
  }
  return sum * (nu[1] - nu[0]);
}

double gas_at(const TwoPhaseParts &parts, GasForm form, double nu) {
  const double omega = 2.0 * pi * nu, alpha = parts.alpha_per_ps;
  double real = alpha, imaginary = 0.0;
  if (form == GasForm::memory_function && parts.second_moment_per_ps2 > 0.0) {
    const double root_b = parts.second_moment_per_ps2 * std::sqrt(pi) / (2.0 * alpha);
    const double x = omega / (2.0 * root_b);
    real = alpha * std::exp(-x * x);
    imaginary = -2.0 * alpha / std::sqrt(pi) * dawson(x);
  }
  const double off = omega + imaginary;
  return parts.fluidicity * 12.0 * real / (real * real + off * off);
}

struct GasIntegrals {
  Pair entropy{}, energy{};
};

// Of f F_g times the weights, 0 to infinity: the trapezoidal rule in s, nu = scale exp(pi/2 sinh s), to which neither the
// logarithm at 0 nor the tail matters. Beyond end_THz the energy is classical.
GasIntegrals gas_integrals(const TwoPhaseParts &parts, GasForm form, double u_per_THz, double end_THz) {
  constexpr int kNodes = 2400;
  constexpr double kEnd = 3.3;
  const double scale = parts.alpha_per_ps / (2.0 * pi), step = 2.0 * kEnd / kNodes;
  GasIntegrals out;
  for (int i = 0; i <= kNodes; ++i) {
    const double s = -kEnd + step * i;
    const double nu = scale * std::exp(0.5 * pi * std::sinh(s));
    const double weight = step * nu * 0.5 * pi * std::cosh(s) * gas_at(parts, form, nu);
    const double u = std::min(nu * u_per_THz, 700.0);
    const Pair entropy = {1.0 - std::log(nu * u_per_THz), entropy_weights(u)[1]};
    const Pair energy = {1.0, nu < end_THz ? energy_weights(u)[1] : 1.0};
    for (std::size_t w = 0; w < kWeights && weight > 0.0; ++w) {
      out.entropy[w] += weight * entropy[w];
      out.energy[w] += weight * energy[w];
    }
  }
  return out;
}

} // namespace

const char *gas_form_name(GasForm form) { return form == GasForm::classic ? "classic" : "memory_function"; }

double dawson(double x) {
  constexpr double kStep = 0.25;
  if (std::abs(x) < 1e-3) {
    return x * (1.0 - 2.0 / 3.0 * x * x * (1.0 - 0.4 * x * x));
  }
  const auto nearest = static_cast<std::int64_t>(std::llround(0.5 * (std::abs(x) / kStep - 1.0)));
  double sum = 0.0;
  for (std::int64_t k = nearest - 14; k <= nearest + 14; ++k) {
    const auto n = static_cast<double>(2 * k + 1);
    const double off = std::abs(x) - n * kStep;
    sum += std::exp(-off * off) / n;
  }
  return std::copysign(sum / std::sqrt(pi), x);
}

Fluidicity fluidicity_of(double delta) {
  if (!(delta > 0.0)) {
    return {};
  }
  const double power = std::pow(delta, 0.6);
  double low = -300.0, high = 0.0; // ln gamma
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high), y = std::exp(middle);
    const double left = 2.0 * std::pow(1.0 - y, 3) / (2.0 - y);
    (left > std::pow(y, 0.4) * power ? low : high) = middle;
  }
  const double y = std::exp(low);
  return {2.0 * std::pow(1.0 - y, 3) / (2.0 - y), y};
}

double ideal_gas_entropy(const TwoPhaseState &state) {
  const double waves = 2.0 * pi * state.mass_amu * kMassUnit_eV * kBoltzmannConstant_eV_per_K * state.temperature_K /
                       (kPlanck_eV_ps * kPlanck_eV_ps); // 1/lambda^2, A^-2
  return 2.5 + 1.5 * std::log(waves) + std::log(state.atom_volume_A3);
}

std::vector<double> gas_part(const TwoPhaseParts &parts, GasForm form, std::span<const double> frequency_THz) {
  std::vector<double> out(frequency_THz.size(), 0.0);
  for (std::size_t k = 0; k < out.size() && parts.fluidicity > 0.0; ++k) {
    out[k] = gas_at(parts, form, frequency_THz[k]);
  }
  return out;
}

TwoPhaseParts two_phase(std::span<const double> nu, std::span<const double> f, const TwoPhaseState &state, GasForm form,
                        ExcessEntropy excess) {
  if (nu.size() != f.size() || nu.size() < 2 || !(state.temperature_K > 0.0) || !(state.mass_amu > 0.0) ||
      !(state.atom_volume_A3 > 0.0)) {
    throw InvariantError("two-phase thermodynamics of a spectrum or state that cannot be");
  }
  const double kT = kBoltzmannConstant_eV_per_K * state.temperature_K;
  const double u_per_THz = kPlanck_eV_ps / kT;
  TwoPhaseParts out;
  out.second_moment_per_ps2 = trapezoid(nu, f, [](double x) { return 4.0 * pi * pi * x * x / 3.0; });
  out.delta = std::max(0.0, f[0]) * 2.0 / 9.0 * std::sqrt(pi * kT / (state.mass_amu * kMassUnit_eV)) *
              std::cbrt(1.0 / state.atom_volume_A3) * std::pow(6.0 / pi, 2.0 / 3.0);
  const Fluidicity of = fluidicity_of(out.delta);
  out.fluidicity = of.fluidicity;
  out.packing = of.packing;

  // All of F as oscillators; the weights without their logarithm are smooth.
  const double whole = trapezoid(nu, f, [](double) { return 1.0; });
  out.solid_entropy[0] = whole * (1.0 - std::log(u_per_THz)) - integral_of_logarithm(nu, f);
  out.solid_entropy[1] = out.solid_entropy[0] + trapezoid(nu, f, [&](double x) {
                           const double u = x * u_per_THz;
                           return u > 0.0 ? entropy_weights(std::min(u, 700.0))[1] - 1.0 + std::log(u) : 0.0;
                         });
  for (std::size_t w = 0; w < kWeights; ++w) {
    out.energy[w] = trapezoid(nu, f, [&](double x) { return x > 0.0 ? energy_weights(x * u_per_THz)[w] : 1.0; });
  }
  if (out.fluidicity > 0.0) {
    const double y = out.packing;
    out.alpha_per_ps = 12.0 * out.fluidicity / f[0];
    const GasIntegrals gas = gas_integrals(out, form, u_per_THz, nu.back());
    for (std::size_t w = 0; w < kWeights; ++w) {
      out.solid_entropy[w] -= gas.entropy[w];
      out.energy[w] += 1.5 * out.fluidicity - gas.energy[w];
    }
    double hard_spheres = ideal_gas_entropy(state) - std::log(out.fluidicity) + y * (3.0 * y - 4.0) / ((1.0 - y) * (1.0 - y));
    if (excess == ExcessEntropy::published) {
      hard_spheres += std::log((1.0 + y + y * y - y * y * y) / std::pow(1.0 - y, 3));
    }
    out.gas_entropy = out.fluidicity * hard_spheres;
  }
  return out;
}

} // namespace zener
