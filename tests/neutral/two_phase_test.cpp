// Two-phase thermodynamics against exact entropies: the ideal gas, oscillators, and the universal equation as it is printed;
// and the reference equation of state against published values.
#include "host/neutral/two_phase_result.hpp"

#include "host/neutral/errors.hpp"
#include "tests/reference/lennard_jones.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace zener {
namespace {

constexpr double kPlanck = 4.135667696e-3; // eV ps
constexpr double kPi = std::numbers::pi;

struct Spectrum {
  std::vector<double> nu, f;
};

// Of a velocity autocorrelation phi(t), over p lags.
template <class Phi> Spectrum spectrum_of(Phi phi, std::size_t p, double frame_ps, bool hann) {
  std::vector<double> values;
  for (std::size_t j = 0; j < p; ++j) {
    values.push_back(phi(static_cast<double>(j) * frame_ps));
  }
  Spectrum out;
  out.f = cosine_transform(values, frame_ps, hann);
  for (std::size_t j = 0; j <= p; ++j) {
    out.nu.push_back(static_cast<double>(j) / (2.0 * static_cast<double>(p) * frame_ps));
  }
  return out;
}

TEST(TwoPhase, UniversalEquation) {
  for (const double delta : {1e-4, 1e-2, 0.1, 0.5, 1.0, 3.0, 30.0, 1e4}) {
    const auto [f, packing] = fluidicity_of(delta);
    // Lin et al. 2003, the equation for f as printed.
    const double zero = 2.0 * std::pow(delta, -4.5) * std::pow(f, 7.5) - 6.0 * std::pow(delta, -3.0) * std::pow(f, 5.0) -
                        std::pow(delta, -1.5) * std::pow(f, 3.5) + 6.0 * std::pow(delta, -1.5) * std::pow(f, 2.5) + 2.0 * f -
                        2.0;
    EXPECT_NEAR(zero, 0.0, 1e-12) << delta;
    EXPECT_NEAR(packing, std::pow(f, 2.5) * std::pow(delta, -1.5), 1e-9 * packing) << delta;
  }
  EXPECT_EQ(fluidicity_of(0.0).fluidicity, 0.0);
  EXPECT_EQ(fluidicity_of(std::numeric_limits<double>::quiet_NaN()).fluidicity, 0.0);
}

// Delta from kinetic theory: hard spheres of diameter d, D0 = 3/(8 rho d^2) sqrt(kT/(pi m)) in the limit of low density
// (Chapman and Enskog); f D0 gives back f, and the packing of f N spheres.
TEST(TwoPhase, HardSpheres) {
  const double kT = kBoltzmannConstant_eV_per_K * 500.0 * 9648.533212 / 40.0; // over m, A^2/ps^2
  const double density = 0.02;
  for (const double packing : {0.02, 0.2, 0.45}) {
    const double f = 2.0 * std::pow(1.0 - packing, 3) / (2.0 - packing);
    const double diameter = std::cbrt(6.0 * packing / (kPi * f * density));
    const double d = f * 3.0 / (8.0 * density * diameter * diameter) * std::sqrt(kT / kPi);
    const std::vector<double> nu{0.0, 1.0, 2.0}, spectrum{12.0 * d / kT, 0.1, 0.0};
    const TwoPhaseParts got = two_phase(nu, spectrum, {500.0, 40.0, 1.0 / density}, GasForm::classic, ExcessEntropy::published);
    EXPECT_NEAR(got.fluidicity, f, 1e-6 * f);
    EXPECT_NEAR(got.packing, packing, 1e-6);
    // Entropy of the spheres: the ideal gas's at their density, Carnahan and Starling's excess, ln z.
    const double y = packing, z = (1.0 + y + y * y - y * y * y) / std::pow(1.0 - y, 3);
    const double excess = -(4.0 * y - 3.0 * y * y) / std::pow(1.0 - y, 2);
    EXPECT_NEAR(got.gas_entropy / f, ideal_gas_entropy({500.0, 40.0, 1.0 / (f * density)}) + excess + std::log(z), 1e-5);
    const TwoPhaseParts fixed =
        two_phase(nu, spectrum, {500.0, 40.0, 1.0 / density}, GasForm::classic, ExcessEntropy::fixed_volume);
    EXPECT_NEAR((got.gas_entropy - fixed.gas_entropy) / f, std::log(z), 1e-5);
  }
}

TEST(TwoPhase, DawsonsFunction) {
  EXPECT_NEAR(dawson(0.5), 0.4244363835020223, 2e-15);
  EXPECT_NEAR(dawson(-1.0), -0.5380795069127684, 2e-15);
  EXPECT_NEAR(dawson(5.0), 0.1021340744242768, 2e-15);
  EXPECT_NEAR(dawson(9.99e-4) / dawson(1.001e-3), 9.99e-4 / 1.001e-3, 1e-8);
}

// Argon at 298.15 K and 1 bar: 154.846 J/(mol K) (CODATA key values).
TEST(TwoPhase, SackurAndTetrode) {
  const double bar_eV_A3 = 1e5 * 1e-30 / 1.602176634e-19;
  EXPECT_NEAR(ideal_gas_entropy({298.15, 39.948, kBoltzmannConstant_eV_per_K * 298.15 / bar_eV_A3}), 154.846 / 8.314462618,
              2e-3);
}

// Atoms that see no others: all is gas. classic: in a bath, phi = exp(-g t), D = kT/(m g). memory_function: with a smooth
// beginning, phi = 1/cosh(g t), since it lives on the second moment.
TEST(TwoPhase, IdealGas) {
  const TwoPhaseState state{300.0, 39.948, 4.0e4};
  constexpr double kFriction = 0.001;
  for (const GasForm form : kGasForms) {
    const Spectrum of = spectrum_of(
        [&](double t) { return form == GasForm::classic ? std::exp(-kFriction * t) : 1.0 / std::cosh(kFriction * t); }, 3000,
        3.0, false);
    const TwoPhaseParts got = two_phase(of.nu, of.f, state, form, ExcessEntropy::published);
    EXPECT_GT(got.fluidicity, 0.999);
    for (std::size_t w = 0; w < kWeights; ++w) {
      EXPECT_NEAR(got.entropy(w), ideal_gas_entropy(state), 0.005 * ideal_gas_entropy(state))
          << gas_form_name(form) << " " << w;
      EXPECT_NEAR(got.energy[w], 1.5, 0.02) << gas_form_name(form) << " " << w;
    }
  }
}

// phi the mean of cosines: no gas; the entropy is that of the oscillators, classical and quantum.
TEST(TwoPhase, HarmonicCrystal) {
  const std::vector<double> modes{1.5, 3.0, 4.0, 5.5, 7.0};
  for (const double temperature : {20.0, 77.0, 300.0}) {
    const TwoPhaseState state{temperature, 39.948, 40.0};
    const double u1 = kPlanck / (kBoltzmannConstant_eV_per_K * temperature);
    std::array<double, 2> entropy{}, energy{};
    for (const double nu : modes) {
      const double u = nu * u1, share = 3.0 / static_cast<double>(modes.size());
      entropy[0] += share * (1.0 - std::log(u));
      entropy[1] += share * (u / (std::exp(u) - 1.0) - std::log(1.0 - std::exp(-u)));
      energy[0] += share;
      energy[1] += share * (0.5 * u + u / (std::exp(u) - 1.0));
    }
    const Spectrum of = spectrum_of(
        [&](double t) {
          double sum = 0.0;
          for (const double nu : modes) {
            sum += std::cos(2.0 * kPi * nu * t) / static_cast<double>(modes.size());
          }
          return sum;
        },
        3000, 0.01, true);
    for (const GasForm form : kGasForms) {
      const TwoPhaseParts got = two_phase(of.nu, of.f, state, form, ExcessEntropy::published);
      for (std::size_t w = 0; w < kWeights; ++w) {
        // At 20 K the classical entropy is negative and of no meaning, but exact all the same.
        EXPECT_NEAR(got.entropy(w), entropy[w], 0.005 * std::max(1.0, std::abs(entropy[w]))) << temperature << " " << w;
        EXPECT_NEAR(got.energy[w], energy[w], 0.005 * energy[w]) << temperature << " " << w;
      }
      EXPECT_LT(got.fluidicity, 0.01);
    }
  }
}

// The gas part solves its equation: phi_g from phi' = -int K phi by steps, its transform, against the closed form; its integral
// is 3 f, and its second moment that of the whole.
TEST(TwoPhase, MemoryFunction) {
  TwoPhaseParts parts;
  parts.fluidicity = 0.4;
  parts.alpha_per_ps = 6.0;
  parts.second_moment_per_ps2 = 60.0;
  const double b = std::pow(parts.second_moment_per_ps2 * std::sqrt(kPi) / (2.0 * parts.alpha_per_ps), 2);
  constexpr double kStep = 0.001;
  constexpr std::size_t kSteps = 6000;
  std::vector<double> phi{1.0}, change{0.0};
  std::vector<double> kernel;
  for (std::size_t j = 0; j < kSteps; ++j) {
    kernel.push_back(parts.second_moment_per_ps2 * std::exp(-b * std::pow(static_cast<double>(j) * kStep, 2)));
  }
  const auto slope = [&](const std::vector<double> &x) {
    const std::size_t n = x.size() - 1;
    double sum = 0.0;
    for (std::size_t j = 0; j <= std::min<std::size_t>(n, 800); ++j) { // the kernel is zero beyond
      sum += (j == 0 || j == n ? 0.5 : 1.0) * kernel[j] * x[n - j];
    }
    return -sum * kStep;
  };
  for (std::size_t n = 0; n + 1 < kSteps; ++n) { // Heun
    const double first = slope(phi);
    phi.push_back(phi.back() + kStep * first);
    phi.back() = phi[n] + 0.5 * kStep * (first + slope(phi));
  }
  for (const double nu : {0.0, 0.3, 0.8, 1.5, 3.0}) {
    double sum = 0.0;
    for (std::size_t n = 0; n < kSteps; ++n) {
      sum += (n == 0 ? 0.5 : 1.0) * phi[n] * std::cos(2.0 * kPi * nu * static_cast<double>(n) * kStep) * kStep;
    }
    EXPECT_NEAR(gas_part(parts, GasForm::memory_function, std::vector<double>{nu})[0], parts.fluidicity * 12.0 * sum, 2e-4)
        << nu;
  }
  std::vector<double> nu;
  for (int k = 0; k <= 20000; ++k) {
    nu.push_back(1e-3 * k);
  }
  const std::vector<double> gas = gas_part(parts, GasForm::memory_function, nu);
  double integral = -0.5 * gas[0], moment = 0.0;
  for (std::size_t k = 0; k < nu.size(); ++k) {
    integral += gas[k];
    moment += gas[k] * std::pow(2.0 * kPi * nu[k], 2) / 3.0;
  }
  EXPECT_NEAR(1e-3 * integral, 3.0 * parts.fluidicity, 1e-6);
  EXPECT_NEAR(1e-3 * moment, parts.fluidicity * parts.second_moment_per_ps2, 1e-4 * parts.second_moment_per_ps2);
}

// Cold enough for quanta to count: a liquid's zero-point energy is finite in both forms, also where velocities are taken often.
TEST(TwoPhase, QuantumEnergyOfALiquid) {
  for (const double frame_ps : {0.02, 0.005}) {
    const Spectrum of = spectrum_of([](double t) { return std::cos(4.0 * t) / std::cosh(6.0 * t); },
                                    frame_ps < 0.01 ? 2000 : 500, frame_ps, false);
    std::array<TwoPhaseParts, 2> got;
    for (std::size_t form = 0; form < 2; ++form) {
      got[form] = two_phase(of.nu, of.f, {100.0, 39.948, 46.0}, kGasForms[form], ExcessEntropy::published);
      EXPECT_NEAR(got[form].energy[0], 3.0 - 1.5 * got[form].fluidicity, 1e-6);
    }
    EXPECT_GT(got[0].fluidicity, 0.2);
    // Wigner's term, (hbar/kT)^2/12 times the oscillators' share of the second moment, 3 (16 + 36)/ps^2.
    const double wigner = (1.0 - got[1].fluidicity) * 3.0 * 52.0 / 12.0 *
                          std::pow(kPlanck / (2.0 * kPi * kBoltzmannConstant_eV_per_K * 100.0), 2);
    EXPECT_NEAR(got[1].energy[1] - got[1].energy[0], wigner, 0.05 * wigner) << frame_ps;
    EXPECT_NEAR(got[0].energy[1], got[1].energy[1], 0.35) << frame_ps;
  }
}

TEST(TwoPhase, RefusesWhatCannotBe) {
  const std::vector<double> nu{0.0, 1.0}, f{1.0, 1.0};
  EXPECT_THROW(two_phase(nu, {f.data(), 1}, {300.0, 1.0, 1.0}, GasForm::classic, ExcessEntropy::published), InvariantError);
  EXPECT_THROW(two_phase(nu, f, {0.0, 1.0, 1.0}, GasForm::classic, ExcessEntropy::published), InvariantError);
  EXPECT_THROW(two_phase(nu, f, {300.0, 1.0, std::nan("")}, GasForm::classic, ExcessEntropy::published), InvariantError);
}

// Values that the authors' program prints (its constants are rounded to single precision, hence 1e-6).
TEST(TwoPhase, ReferenceEquationOfState) {
  EXPECT_NEAR(reference::lennard_jones_energy(1.3, 0.2), -1.5371511277, 1e-6);
  EXPECT_NEAR(reference::lennard_jones_energy(1.3, 0.4), -2.8060167251, 1e-6);
  EXPECT_NEAR(reference::lennard_jones_pressure(1.3, 0.2), 0.1214793681, 1e-6);
  EXPECT_NEAR(reference::lennard_jones_pressure(1.3, 0.4), 0.1125333476, 1e-6);
}

} // namespace
} // namespace zener
