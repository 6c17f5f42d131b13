// Laws that a run of molecular dynamics obeys, by tungsten after Finnis and Sinclair: the canonical distribution of kinetic and
// potential energies, volumes under a barostat, and energy over a nanosecond.
#include "apps/zener/python.hpp"
#include "host/neutral/structure_builder.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/statistics.hpp"
#include "tests/support/tungsten.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>

namespace zener::test {
namespace {

constexpr double kBoltzmann = 8.617333262e-5;
constexpr double kGPa = 160.2176634; // of 1 eV/A^3
constexpr int kAtoms = 54;
constexpr double kFreedom = 3.0 * kAtoms - 3.0;

Atoms crystal(double a, double temperature, std::uint32_t seed, int cells = 3) {
  Atoms atoms;
  const double side = a * cells;
  atoms.cell.vectors = {Vector3{side, 0, 0}, Vector3{0, side, 0}, Vector3{0, 0, side}};
  atoms.elements = {"W"};
  for (int x = 0; x < cells; ++x) {
    for (int y = 0; y < cells; ++y) {
      for (int z = 0; z < cells; ++z) {
        for (const double half : {0.0, 0.5}) {
          atoms.position_A.push_back({a * (x + half), a * (y + half), a * (z + half)});
          atoms.type.push_back(0);
        }
      }
    }
  }
  set_velocities(atoms, 2.0 * temperature, seed); // half of it goes into the springs
  return atoms;
}

std::unique_ptr<AtomsBatch> replicas(Backend &backend, const std::vector<Atoms> &systems,
                                     const PotentialPointer &potential = finnis_sinclair_tungsten()) {
  AtomsPlan plan;
  plan.systems = systems;
  plan.potential = potential;
  plan.seed = 11;
  return backend.make_atoms(plan);
}

DynamicsPlan canonical(Ensemble ensemble, const std::vector<double> &temperatures) {
  DynamicsPlan plan;
  plan.ensemble = ensemble;
  plan.dt_fs = 2.0;
  plan.begin_K = plan.end_K = temperatures;
  plan.thermostat_time_fs = 50.0;
  plan.pressure_GPa.assign(temperatures.size(), {0.0, 0.0, 0.0});
  return plan;
}

// Rows of all systems at every `steps`, after `before` steps that are thrown away.
std::vector<std::vector<ThermoRow>> sampled(AtomsBatch &batch, std::int64_t before, std::int64_t steps, std::int64_t samples) {
  std::vector<std::int64_t> at;
  for (std::int64_t s = 1; s <= samples; ++s) {
    at.push_back(before + s * steps);
  }
  const DynamicsReport report = batch.advance(at.back(), at);
  EXPECT_FALSE(report.exploded);
  return report.rows;
}

// 2 K / kT follows chi-square with 3 N - 3 degrees of freedom.
TEST(Dynamics, KineticEnergyIsCanonical) {
  on_every_device([](Backend &backend) {
    for (const Ensemble ensemble : {Ensemble::langevin, Ensemble::bussi, Ensemble::nose_hoover}) {
      std::vector<Atoms> systems;
      for (std::uint32_t r = 0; r < 16; ++r) {
        systems.push_back(crystal(3.17, 600.0, r + 1));
      }
      const auto batch = replicas(backend, systems);
      batch->set_dynamics(canonical(ensemble, std::vector<double>(16, 600.0)));
      std::vector<double> values;
      for (const auto &rows : sampled(*batch, 500, slow_tests() ? 150 : 100, slow_tests() ? 400 : 10)) {
        for (const ThermoRow &row : rows) {
          values.push_back(1.0 - upper_gamma(0.5 * kFreedom, row.kinetic_eV / (kBoltzmann * 600.0)));
        }
      }
      const double p = kolmogorov_smirnov_p(values);
      std::printf("ensemble %d: %zu samples, Kolmogorov-Smirnov p = %.3f\n", static_cast<int>(ensemble), values.size(), p);
      EXPECT_GT(p, 0.01) << "ensemble " << static_cast<int>(ensemble);
    }
  });
}

// Shirts, J. Chem. Theory Comput. 9, 909 (2013): ln P_2(E)/P_1(E) is linear in the potential energy with slope 1/kT_1 - 1/kT_2,
// by maximum likelihood.
TEST(Dynamics, PotentialEnergiesAtTwoTemperatures) {
  if (!slow_tests()) {
    GTEST_SKIP() << "slow: 2 x 8 replicas of 0.4 ns (--slow runs it)";
  }
  on_every_device([](Backend &backend) {
    for (const Ensemble ensemble : {Ensemble::langevin, Ensemble::bussi, Ensemble::nose_hoover}) {
      constexpr double kCold = 600.0, kHot = 640.0;
      std::vector<Atoms> systems;
      std::vector<double> temperatures;
      for (std::uint32_t r = 0; r < 16; ++r) {
        temperatures.push_back(r < 8 ? kCold : kHot);
        systems.push_back(crystal(3.17, temperatures.back(), r + 1));
      }
      const auto batch = replicas(backend, systems);
      batch->set_dynamics(canonical(ensemble, temperatures));
      std::array<std::vector<double>, 2> energies;
      for (const auto &rows : sampled(*batch, 5000, 1000, 200)) {
        for (std::size_t r = 0; r < rows.size(); ++r) {
          energies[r / 8].push_back(rows[r].potential_eV);
        }
      }
      // Logistic regression of "hot" on the energy, by Newton's method about the mean energy.
      double middle = 0.0;
      for (const auto &some : energies) {
        for (const double e : some) {
          middle += e / static_cast<double>(2 * some.size());
        }
      }
      double offset = 0.0, slope = 0.0, error = 0.0;
      for (int iteration = 0; iteration < 50; ++iteration) {
        double g0 = 0.0, g1 = 0.0, h00 = 0.0, h01 = 0.0, h11 = 0.0;
        for (std::size_t hot = 0; hot < 2; ++hot) {
          for (const double e : energies[hot]) {
            const double x = e - middle;
            const double p = 1.0 / (1.0 + std::exp(-offset - slope * x));
            const double off = static_cast<double>(hot) - p;
            g0 += off;
            g1 += off * x;
            h00 += p * (1 - p);
            h01 += p * (1 - p) * x;
            h11 += p * (1 - p) * x * x;
          }
        }
        const double d = h00 * h11 - h01 * h01;
        offset += (h11 * g0 - h01 * g1) / d;
        slope += (h00 * g1 - h01 * g0) / d;
        error = std::sqrt(h00 / d);
      }
      const double expected = (1.0 / kCold - 1.0 / kHot) / kBoltzmann;
      std::printf("ensemble %d: slope %.4f +- %.4f, expected %.4f 1/eV\n", static_cast<int>(ensemble), slope, error, expected);
      EXPECT_LT(std::abs(slope - expected), 3.0 * error) << "ensemble " << static_cast<int>(ensemble);
    }
  });
}

// The fluctuation of the volume under a barostat gives the bulk modulus of P(V) at the same temperature.
TEST(Dynamics, VolumeFluctuationsGiveTheBulkModulus) {
  if (!slow_tests()) {
    GTEST_SKIP() << "slow: 16 replicas of 0.8 ns (--slow runs it)";
  }
  on_every_device([](Backend &backend) {
    constexpr double kTemperature = 600.0;
    constexpr int kReplicas = 16;
    for (const Ensemble ensemble : {Ensemble::npt_isotropic, Ensemble::npt_stochastic}) {
      std::vector<Atoms> systems;
      for (std::uint32_t r = 0; r < kReplicas; ++r) {
        systems.push_back(crystal(3.175, kTemperature, r + 1));
      }
      const auto batch = replicas(backend, systems);
      DynamicsPlan plan = canonical(ensemble, std::vector<double>(kReplicas, kTemperature));
      // The volume of a crystal this small would swing within a few steps of a barostat as fast as the thermostat.
      plan.barostat_time_fs = ensemble == Ensemble::npt_isotropic ? 1000.0 : 150.0;
      batch->set_dynamics(plan);
      Sample modulus, volume_mean;
      std::vector<double> mean(kReplicas, 0.0), squares(kReplicas, 0.0);
      constexpr std::int64_t kSamples = 4000;
      for (const auto &rows : sampled(*batch, 5000, 100, kSamples)) {
        for (std::size_t r = 0; r < kReplicas; ++r) {
          mean[r] += rows[r].volume_A3 / kSamples;
          squares[r] += rows[r].volume_A3 * rows[r].volume_A3 / kSamples;
        }
      }
      for (std::size_t r = 0; r < kReplicas; ++r) {
        modulus.add(kBoltzmann * kTemperature * mean[r] / (squares[r] - mean[r] * mean[r]) * kGPa);
        volume_mean.add(mean[r]);
      }
      // P at volumes 0.6 % below and above the mean, at constant volume.
      std::vector<Atoms> fixed;
      for (std::uint32_t r = 0; r < kReplicas; ++r) {
        const double v = volume_mean.mean() * (r < kReplicas / 2 ? 0.994 : 1.006);
        fixed.push_back(crystal(std::cbrt(v / 27.0), kTemperature, r + 1));
      }
      const auto isochores = replicas(backend, fixed);
      isochores->set_dynamics(canonical(Ensemble::bussi, std::vector<double>(kReplicas, kTemperature)));
      Sample low, high;
      std::vector<double> pressure(kReplicas, 0.0);
      constexpr std::int64_t kPressures = 2000;
      for (const auto &rows : sampled(*isochores, 5000, 50, kPressures)) {
        for (std::size_t r = 0; r < kReplicas; ++r) {
          const Matrix3 p = pressure_GPa(rows[r]);
          pressure[r] += (p[0][0] + p[1][1] + p[2][2]) / 3.0 / kPressures;
        }
      }
      for (std::size_t r = 0; r < kReplicas; ++r) {
        (r < kReplicas / 2 ? low : high).add(pressure[r]);
      }
      const double expected = (low.mean() - high.mean()) / 0.012;
      const double error =
          std::hypot(std::hypot(low.standard_error(), high.standard_error()) / 0.012, modulus.standard_error());
      std::printf("ensemble %d: bulk modulus %.1f +- %.1f GPa by fluctuations, %.1f by P(V)\n", static_cast<int>(ensemble),
                  modulus.mean(), modulus.standard_error(), expected);
      EXPECT_LT(std::abs(modulus.mean() - expected), 3.0 * error) << "ensemble " << static_cast<int>(ensemble);
      EXPECT_LT(modulus.standard_error(), 0.05 * expected) << "too noisy to say anything";
    }
  });
}

// The energy of a crystal at 1000 K: its drift is below 1e-5 kT/ns for each degree of freedom. By the potential of Zhou,
// Johnson, Wadley (2004), which goes smoothly to nothing; the kink of Finnis and Sinclair's cutoff makes the energy wander,
// (5.5 +- 2.2)e-5 in a nanosecond.
TEST(Dynamics, EnergyDoesNotDrift) {
  if (!slow_tests()) {
    GTEST_SKIP() << "slow: 0.3 ns of 432 atoms (--slow runs it)";
  }
  on_every_device([](Backend &backend) {
    const PotentialPointer zhou = read_potential_file(home_folder() / "presets/potentials/w_zhou.json");
    const auto batch = replicas(backend, {crystal(3.17, 1000.0, 5, 6)}, zhou);
    DynamicsPlan plan;
    batch->set_dynamics(plan);
    constexpr int kBlocks = 40;
    constexpr double kDegrees = 3.0 * 432 - 3;
    // Means of the blocks: the energy's own fluctuation is that of the step's error and is forgotten within a picosecond.
    std::vector<double> block(kBlocks, 0.0);
    constexpr double kLength = 0.3; // ns
    const auto rows = sampled(*batch, 20000, 100, 3000);
    for (std::size_t s = 0; s < rows.size(); ++s) {
      block[s * kBlocks / rows.size()] += rows[s][0].conserved_eV * kBlocks / static_cast<double>(rows.size());
    }
    double xx = 0.0, xy = 0.0, mean = 0.0;
    for (const double e : block) {
      mean += e / kBlocks;
    }
    for (int b = 0; b < kBlocks; ++b) {
      const double x = kLength * (b - 0.5 * (kBlocks - 1)) / kBlocks; // ns
      xx += x * x;
      xy += x * (block[static_cast<std::size_t>(b)] - mean);
    }
    const double slope = xy / xx;
    double off = 0.0;
    for (int b = 0; b < kBlocks; ++b) {
      const double x = kLength * (b - 0.5 * (kBlocks - 1)) / kBlocks;
      const double d = block[static_cast<std::size_t>(b)] - mean - slope * x;
      off += d * d;
    }
    const double unit = kBoltzmann * 1000.0 * kDegrees;
    const double drift = slope / unit;
    const double error = std::sqrt(off / (kBlocks - 2) / xx) / unit;
    std::printf("drift %.2e +- %.2e kT/ns for each degree of freedom\n", drift, error);
    EXPECT_LT(std::abs(drift), 1e-5);
    EXPECT_LT(error, 0.5e-5) << "the run is too short to tell";
  });
}

} // namespace
} // namespace zener::test
