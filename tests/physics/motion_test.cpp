// Analyses of motions whose answers are known: random walks, Ornstein-Uhlenbeck velocities, harmonic oscillators, flights.
#include "host/neutral/currents_curves.hpp"
#include "host/neutral/motion_curves.hpp"
#include "tests/reference/philox.hpp"
#include "tests/support/backends.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace zener {
namespace {

double normal(reference::Sequence &random) {
  const double u = 1.0 - random.unit(), angle = 2.0 * std::numbers::pi * random.unit();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(angle);
}

Atoms resting(std::size_t n, const std::vector<std::string> &elements) {
  Atoms atoms;
  atoms.elements = elements;
  atoms.cell.vectors = {Vector3{9, 0, 0}, Vector3{0, 9, 0}, Vector3{0, 0, 9}};
  atoms.position_A.assign(n, {});
  atoms.velocity_A_ps.assign(n, {});
  for (std::size_t i = 0; i < n; ++i) {
    atoms.type.push_back(static_cast<std::int32_t>(i % elements.size()));
  }
  return atoms;
}

// Frames 0 … count - 1 as `move` makes them.
template <class Move>
MotionResult measured(Backend &backend, const AnalysisChoice &choice, Atoms atoms, std::int64_t count, double frame_ps,
                      Move move) {
  const std::unique_ptr<Analysis> analysis = backend.make_analysis(choice.plan, {atoms});
  for (std::int64_t f = 0; f < count; ++f) {
    move(atoms, f);
    analysis->push({atoms});
  }
  return motion_of(choice, analysis->sums(), {atoms}, frame_ps);
}

double trapezoid(const std::vector<double> &x, const std::vector<double> &y) {
  double sum = 0.0;
  for (std::size_t i = 1; i < x.size(); ++i) {
    sum += 0.5 * (y[i] + y[i - 1]) * (x[i] - x[i - 1]);
  }
  return sum;
}

// Steps of one length for Nb and of twice that for W, along z only half of them: D = step^2/(2 dt).
TEST(Motion, RandomWalks) {
  AnalysisChoice choice;
  choice.plan.msd = CorrelatorPlan{16, 2, 6, 1};
  choice.plan.remove_drift = false;
  choice.plan.groups = {{"first", {0, 1, 2, 3}}};
  choice.fit_ps = {0.5, 8.0};
  constexpr double kStep = 0.1, kFrame = 0.5;
  test::on_every_device([&](Backend &backend) {
    reference::Sequence random(3);
    const MotionResult got =
        measured(backend, choice, resting(200, {"Nb", "W"}), 1000, kFrame, [&](Atoms &atoms, std::int64_t) {
          for (std::size_t i = 0; i < atoms.size(); ++i) {
            for (std::size_t d = 0; d < 3; ++d) {
              atoms.position_A[i][d] += kStep * (atoms.type[i] + 1) * (d == 2 ? 0.5 : 1.0) * normal(random);
            }
          }
        });
    ASSERT_EQ(got.groups.size(), 4U);
    EXPECT_EQ(got.groups[0].group, "all");
    EXPECT_EQ(got.groups[2].group, "W");
    EXPECT_EQ(got.groups[3].atoms, 4);
    const double of_nb = kStep * kStep / (2.0 * kFrame);
    for (const auto &[place, wanted] : {std::pair{std::size_t{1}, of_nb}, {2, 4.0 * of_nb}, {0, 2.5 * of_nb}}) {
      const DirectionalEstimate &d = got.groups[place].msd_diffusion;
      for (const auto &[direction, factor] : {std::pair{std::size_t{0}, 1.0}, {1, 1.0}, {2, 0.25}, {3, 0.75}}) {
        EXPECT_NEAR(d[direction].mean, wanted * factor, 0.06 * wanted * factor) << place << " " << direction;
        EXPECT_LT(std::abs(d[direction].mean - wanted * factor), 4.5 * d[direction].standard_error);
        EXPECT_LT(d[direction].standard_error, 0.04 * wanted * factor);
      }
    }
    for (std::size_t l = 0; l < got.msd_lag_ps.size() && got.msd_lag_ps[l] < 30.0; ++l) {
      EXPECT_NEAR(got.groups[1].msd.value[0][l] / (2.0 * of_nb * got.msd_lag_ps[l]), 1.0, 0.1);
    }
  });
}

// Atoms that rattle in their places: by default the line is fitted where the MSD is flat already.
TEST(Motion, BoundAtomsDoNotDiffuse) {
  AnalysisChoice choice;
  choice.plan.msd = CorrelatorPlan{16, 2, 10, 1};
  choice.plan.remove_drift = false;
  constexpr double kA = 0.8, kS = 0.1, kFrame = 0.01; // forgotten after 0.05 ps
  test::on_every_device([&](Backend &backend) {
    reference::Sequence random(5);
    const MotionResult got = measured(backend, choice, resting(100, {"W"}), 1000, kFrame, [&](Atoms &atoms, std::int64_t f) {
      for (Vector3 &x : atoms.position_A) {
        for (double &one : x) {
          one = (f == 0 ? 0.0 : kA * one) + (f == 0 ? 1.0 : std::sqrt(1.0 - kA * kA)) * kS * normal(random);
        }
      }
    });
    EXPECT_DOUBLE_EQ(got.fit_ps[1], 4.0 * got.fit_ps[0]);
    EXPECT_DOUBLE_EQ(got.fit_ps[1], 2.0 * got.msd_block_ps);
    const Estimate d = got.groups.at(0).msd_diffusion[3];
    // At the lags of 0.1 ps a slope would still give 0.05 A^2/ps.
    EXPECT_LT(std::abs(d.mean), 5e-4);
    EXPECT_LT(std::abs(d.mean), 4.0 * d.standard_error);
  });
}

// v' = a v + sqrt(1 - a^2) s n: C(j) = s^2 a^j, its sum and its transform are geometric series.
TEST(Motion, OrnsteinUhlenbeckVelocities) {
  AnalysisChoice choice;
  choice.plan.vacf = CorrelatorPlan{128, 2, 1, 1};
  choice.plan.remove_drift = false;
  choice.density_of_states = true;
  constexpr double kA = 0.85, kS = 3.0, kFrame = 0.02;
  test::on_every_device([&](Backend &backend) {
    for (const int origins : {1, 8}) {
      choice.plan.vacf->origins = origins;
      reference::Sequence random(4);
      const MotionResult got = measured(backend, choice, resting(300, {"W"}), 1500, kFrame, [&](Atoms &atoms, std::int64_t f) {
        for (Vector3 &v : atoms.velocity_A_ps) {
          for (double &one : v) {
            one = (f == 0 ? 0.0 : kA * one) + (f == 0 ? 1.0 : std::sqrt(1.0 - kA * kA)) * kS * normal(random);
          }
        }
      });
      const GroupMotion &all = got.groups.at(0);
      for (std::size_t j = 0; j < 20; ++j) {
        EXPECT_NEAR(all.vacf.value[1][j], kS * kS * std::pow(kA, j), 0.04 * kS * kS);
        EXPECT_GT(all.vacf.error[1][j], 0.0);
      }
      const double integral = kS * kS * kFrame * (0.5 + kA / (1.0 - kA));
      EXPECT_NEAR(all.vacf_diffusion[3].mean, integral, 0.06 * integral);
      EXPECT_LT(all.vacf_diffusion[3].standard_error, 0.06 * integral);
      EXPECT_NEAR(all.zero_diffusion[3].mean, integral, 0.06 * integral);
      EXPECT_NEAR(all.zero_diffusion[0].mean, integral, 0.1 * integral);
      const std::vector<double> &f = all.density_of_states.value[3];
      EXPECT_NEAR(trapezoid(got.frequency_THz, f), 3.0, 1e-9);
      for (const std::size_t k : {3U, 10U, 40U}) {
        const double angle = 2.0 * std::numbers::pi * got.frequency_THz[k] * kFrame;
        const double wanted =
            12.0 * kFrame * (0.5 + (kA * std::cos(angle) - kA * kA) / (1.0 - 2.0 * kA * std::cos(angle) + kA * kA));
        EXPECT_NEAR(f[k], wanted, 0.06 * wanted + 2e-3);
      }
    }
  });
}

// x = sin(2 pi nu t + phase): a line at nu; by direction too.
TEST(Motion, HarmonicOscillators) {
  AnalysisChoice choice;
  choice.plan.vacf = CorrelatorPlan{200, 2, 1, 1};
  choice.density_of_states = true;
  choice.plan.remove_drift = false;
  constexpr double kFrame = 0.01;
  constexpr std::array<double, 3> kLines{5.0, 12.5, 20.0}; // THz, on the grid of 0.25 THz
  test::on_every_device([&](Backend &backend) {
    const MotionResult got = measured(backend, choice, resting(16, {"W"}), 1200, kFrame, [&](Atoms &atoms, std::int64_t f) {
      for (std::size_t i = 0; i < atoms.size(); ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          const double phase = 2.0 * std::numbers::pi * static_cast<double>(i) / 16.0;
          atoms.velocity_A_ps[i][d] = std::cos(2.0 * std::numbers::pi * kLines[d] * kFrame * static_cast<double>(f) + phase);
        }
      }
    });
    const DirectionalCurve &density = got.groups.at(0).density_of_states;
    EXPECT_NEAR(trapezoid(got.frequency_THz, density.value[3]), 3.0, 1e-9);
    for (std::size_t d = 0; d < 3; ++d) {
      const auto peak = std::max_element(density.value[d].begin(), density.value[d].end()) - density.value[d].begin();
      EXPECT_DOUBLE_EQ(got.frequency_THz[static_cast<std::size_t>(peak)], kLines[d]);
      EXPECT_NEAR(trapezoid(got.frequency_THz, density.value[d]), 1.0, 1e-6);
    }
  });
}

// Waves that run through a crystal: the spectrum along their direction, or across it, peaks at their frequency.
TEST(Motion, WavesOfACrystal) {
  AnalysisChoice choice;
  choice.plan.currents = CurrentsPlan{{{2, 0, 0}, {0, 3, 0}}, 200};
  choice.plan.remove_drift = false;
  constexpr double kA = 3.0, kFrame = 0.01, kAlong = 4.3, kAcross = 7.6; // THz
  constexpr std::size_t kCells = 6;
  const double tau = 2.0 * std::numbers::pi, edge = kA * static_cast<double>(kCells);
  Atoms crystal = resting(kCells * kCells * kCells, {"W"});
  crystal.cell.vectors = {Vector3{edge, 0, 0}, Vector3{0, edge, 0}, Vector3{0, 0, edge}};
  test::on_every_device([&](Backend &backend) {
    const std::unique_ptr<Analysis> analysis = backend.make_analysis(choice.plan, {crystal});
    Atoms atoms = crystal;
    for (int f = 0; f < 600; ++f) {
      const double t = kFrame * f;
      for (std::size_t i = 0; i < atoms.size(); ++i) {
        const Vector3 site{kA * static_cast<double>(i % kCells), kA * static_cast<double>(i / kCells % kCells),
                           kA * static_cast<double>(i / kCells / kCells)};
        const double first = tau * (2.0 * site[0] / edge - kAlong * t), second = tau * (3.0 * site[1] / edge - kAcross * t);
        atoms.position_A[i] = {site[0] + 1e-3 * std::sin(first), site[1], site[2] + 1e-3 * std::sin(second)};
        atoms.velocity_A_ps[i] = {-1e-3 * tau * kAlong * std::cos(first), 0.0, -1e-3 * tau * kAcross * std::cos(second)};
      }
      analysis->push({atoms});
    }
    const CurrentsResult got = currents_of(choice, analysis->sums(), {crystal}, kFrame);
    ASSERT_EQ(got.entries.size(), 2U);
    EXPECT_NEAR(got.entries[0].k_per_A, 2.0 * tau / edge, 1e-12);
    EXPECT_NEAR(got.entries[0].along_THz, kAlong, 0.05);
    EXPECT_NEAR(got.entries[1].across_THz, kAcross, 0.05);
    const std::array<std::vector<double>, kDirections> &spectrum = got.entries[1].curves.spectrum.value;
    const double whole = trapezoid(got.frequency_THz, spectrum[3]);
    EXPECT_NEAR(whole, got.entries[1].curves.value.value[3][0], 1e-9 * whole);
    EXPECT_LT(trapezoid(got.frequency_THz, spectrum[0]), 1e-3 * whole) << "this wave does not move along itself";
  });
}

// Straight flights: MSD = v^2 t^2 and VACF = v^2 exactly; the common part is drift.
TEST(Motion, FlightsAndDrift) {
  AnalysisChoice choice;
  choice.plan.msd = CorrelatorPlan{4, 3, 3, 1};
  choice.plan.vacf = CorrelatorPlan{6, 2, 2, 1};
  test::on_every_device([&](Backend &backend) {
    for (const bool remove : {true, false}) {
      choice.plan.remove_drift = remove;
      const MotionResult got = measured(backend, choice, resting(2, {"W"}), 40, 0.1, [](Atoms &atoms, std::int64_t f) {
        for (std::size_t i = 0; i < 2; ++i) {
          atoms.velocity_A_ps[i] = {i == 0 ? 3.0 : 1.0, 0.0, 2.0};
          for (std::size_t d = 0; d < 3; ++d) {
            atoms.position_A[i][d] = 0.1 * static_cast<double>(f) * atoms.velocity_A_ps[i][d];
          }
        }
      });
      const Vector3 squared = remove ? Vector3{1.0, 0.0, 0.0} : Vector3{5.0, 0.0, 4.0}; // means of v^2
      for (std::size_t d = 0; d < 3; ++d) {
        for (std::size_t l = 0; l < got.msd_lag_ps.size(); ++l) {
          EXPECT_NEAR(got.groups[0].msd.value[d][l], squared[d] * got.msd_lag_ps[l] * got.msd_lag_ps[l], 1e-10);
        }
        for (const double value : got.groups[0].vacf.value[d]) {
          EXPECT_NEAR(value, squared[d], 1e-12);
        }
      }
      EXPECT_EQ(got.msd_lag_ps.size(), 3U + 2U + 2U); // 1 2 3, 6 9, 18 27 frames
      EXPECT_TRUE(std::isnan(got.groups[0].msd.error[0].back())) << "27 of 40 frames leave no four blocks";
    }
  });
}

} // namespace
} // namespace zener
