// Batches of atoms on a device: laws of motion, exactness of restarts and batches, ensembles, relaxation. Forces themselves are
// tested by potential; here a Finnis-Sinclair metal stands for all.
#include "host/engine/atoms_engine.hpp"
#include "host/neutral/errors.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/force_runner.hpp"
#include "tests/support/tungsten.hpp"

#include <cmath>
#include <cstring>
#include <numeric>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr double kBoltzmann = 8.617333262e-5;
constexpr double kEvPerMass = 9648.5332; // A^2/ps^2 of 1 eV/amu

Atoms bcc(int cells, double a, double temperature, unsigned seed, double disorder = 0.0) {
  Atoms atoms = disordered_bcc(a, {cells, cells, cells}, disorder, {"W"}, false, seed);
  reference::Sequence random(seed + 100);
  Vector3 sum{};
  for (std::size_t i = 0; i < atoms.size() && temperature > 0.0; ++i) {
    Vector3 v{};
    for (std::size_t d = 0; d < 3; ++d) {
      double normal = -6.0; // twelve uniform numbers: near enough to a normal one
      for (int k = 0; k < 12; ++k) {
        normal += random.unit();
      }
      v[d] = normal * std::sqrt(kBoltzmann * temperature * kEvPerMass / 183.84);
      sum[d] += v[d];
    }
    atoms.velocity_A_ps.push_back(v);
  }
  for (Vector3 &v : atoms.velocity_A_ps) {
    for (std::size_t d = 0; d < 3; ++d) {
      v[d] -= sum[d] / static_cast<double>(atoms.size());
    }
  }
  return atoms;
}

class AtomsEngineTest : public DeviceTest {
protected:
  AtomsPlan plan_of(const std::vector<Atoms> &systems, double skin = 0.6) {
    AtomsPlan plan;
    plan.systems = systems;
    plan.potential = finnis_sinclair_tungsten();
    plan.skin_A = skin;
    plan.seed = 7;
    return plan;
  }
  std::unique_ptr<AtomsBatch> make(const std::vector<Atoms> &systems, double skin = 0.6) {
    return make_atoms_batch(queue(), plan_of(systems, skin));
  }
  static DynamicsPlan dynamics(Ensemble ensemble, std::size_t systems, double temperature, double dt = 1.0) {
    DynamicsPlan plan;
    plan.ensemble = ensemble;
    plan.dt_fs = dt;
    plan.begin_K.assign(systems, temperature);
    plan.end_K.assign(systems, temperature);
    plan.pressure_GPa.assign(systems, {0.0, 0.0, 0.0});
    return plan;
  }
  static std::vector<std::int64_t> every(std::int64_t steps, std::int64_t until) {
    std::vector<std::int64_t> at;
    for (std::int64_t s = steps; s <= until; s += steps) {
      at.push_back(s);
    }
    return at;
  }
  static void expect_same_state(const DynamicsState &a, const DynamicsState &b) {
    EXPECT_EQ(a.step, b.step);
    EXPECT_EQ(a.order, b.order);
    EXPECT_EQ(a.position, b.position);
    EXPECT_EQ(a.reference, b.reference);
    EXPECT_EQ(a.velocity, b.velocity);
    EXPECT_EQ(a.force, b.force);
    EXPECT_EQ(a.image, b.image);
    EXPECT_EQ(a.cell, b.cell);
    EXPECT_EQ(a.bath, b.bath);
    EXPECT_EQ(a.totals, b.totals);
  }
};

constexpr Ensemble kAll[] = {Ensemble::nve,           Ensemble::langevin, Ensemble::bussi,         Ensemble::nose_hoover,
                             Ensemble::npt_isotropic, Ensemble::npt_axes, Ensemble::npt_stochastic};

ZENER_DEVICE_TEST_F(AtomsEngine, EvaluatesLikeBruteForce, AtomsEngineTest) {
  const std::vector<Atoms> systems{disordered_bcc(3.17, {1, 1, 1}, 0.1, {"W"}, true, 1),
                                   disordered_bcc(3.17, {3, 2, 4}, 0.2, {"W"}, true, 2),
                                   disordered_bcc(3.2, {2, 2, 2}, 0.2, {"W"}, false, 3)};
  auto free = systems;
  free[1].cell.periodic = {true, false, true};
  const auto batch = make(free);
  const Evaluation got = batch->evaluate();
  const std::vector<ForceResult> wanted = forces_of_batch(queue(), *finnis_sinclair_tungsten(), free);
  for (std::size_t k = 0; k < free.size(); ++k) {
    EXPECT_NEAR(got.energy_eV[k], wanted[k].energy, 1e-10);
    for (std::size_t i = 0; i < free[k].size(); ++i) {
      for (std::size_t d = 0; d < 3; ++d) {
        EXPECT_NEAR(got.force_eV_A[k][i][d], wanted[k].forces[i][d], 1e-10);
        EXPECT_NEAR(got.virial_eV[k][d][(d + 1) % 3], wanted[k].virial[d][(d + 1) % 3], 1e-9);
      }
    }
  }
}

// The energy's fluctuation falls with the square of the time step.
ZENER_DEVICE_TEST_F(AtomsEngine, EnergyErrorFallsWithTheSquareOfTheStep, AtomsEngineTest) {
  if (kDebugDevice) {
    GTEST_SKIP() << "too slow for the debug device, and the same kernels";
  }
  std::vector<double> spread;
  for (const double dt : {4.0, 2.0, 1.0}) {
    const auto batch = make({bcc(4, 3.17, 2000.0, 3)});
    batch->set_dynamics(dynamics(Ensemble::nve, 1, 0.0, dt));
    const auto steps = static_cast<std::int64_t>(400.0 / dt);
    const auto at = every(static_cast<std::int64_t>(4.0 / dt), steps);
    const DynamicsReport report = batch->advance(steps, at);
    ASSERT_FALSE(report.exploded);
    double sum = 0.0, squares = 0.0;
    for (const auto &rows : report.rows) {
      sum += rows[0].conserved_eV - report.rows[0][0].conserved_eV;
      squares +=
          (rows[0].conserved_eV - report.rows[0][0].conserved_eV) * (rows[0].conserved_eV - report.rows[0][0].conserved_eV);
    }
    const double n = static_cast<double>(at.size());
    spread.push_back(std::sqrt(squares / n - sum * sum / n / n));
  }
  EXPECT_NEAR(spread[0] / spread[1], 4.0, 0.2);
  EXPECT_NEAR(spread[1] / spread[2], 4.0, 0.2);
}

// What each ensemble conserves does not drift, over steps in which lists are renewed; nor does the centre of mass.
ZENER_DEVICE_TEST_F(AtomsEngine, ConservedQuantities, AtomsEngineTest) {
  for (const Ensemble ensemble : kAll) {
    const std::int64_t steps = kDebugDevice ? 10 : 1000;
    const auto batch = make({bcc(kDebugDevice ? 2 : 4, 3.17, 1500.0, 5)}, 0.3);
    DynamicsPlan plan = dynamics(ensemble, 1, 1500.0);
    plan.barostat_time_fs = 300.0;
    plan.pressure_GPa[0] = {1.0, 1.0, 1.0};
    batch->set_dynamics(plan);
    const double before = batch->thermo()[0].conserved_eV;
    const DynamicsReport report = batch->advance(steps, every(steps / 10, steps));
    ASSERT_FALSE(report.exploded);
    for (const auto &rows : report.rows) {
      if (ensemble == Ensemble::npt_stochastic) {
        break; // its barostat exchanges energy that is not kept account of
      }
      // 128 atoms at 1500 K hold 25 eV of kinetic energy; the step of 1 fs leaves some meV.
      EXPECT_NEAR(rows[0].conserved_eV, before, 0.02) << "ensemble " << static_cast<int>(ensemble) << " step " << rows[0].step;
    }
    const Atoms end = batch->atoms()[0];
    for (std::size_t d = 0; d < 3; ++d) {
      double momentum = 0.0;
      for (const Vector3 &v : end.velocity_A_ps) {
        momentum += v[d];
      }
      EXPECT_LT(std::abs(momentum), 1e-10) << "ensemble " << static_cast<int>(ensemble);
    }
    if (!kDebugDevice) {
      EXPECT_GT(report.list_builds, 1);
    }
  }
}

ZENER_DEVICE_TEST_F(AtomsEngine, RestartsAreExact, AtomsEngineTest) {
  const std::int64_t steps = kDebugDevice ? 8 : 120;
  for (const Ensemble ensemble : kAll) {
    const std::vector<Atoms> systems{bcc(2, 3.17, 2500.0, 8), bcc(3, 3.25, 1800.0, 9)};
    const DynamicsPlan plan = dynamics(ensemble, 2, 2000.0, 2.0);
    const auto whole = make(systems, 0.25);
    whole->set_dynamics(plan);
    const DynamicsReport all = whole->advance(2 * steps, {});
    ASSERT_FALSE(all.exploded);
    const auto half = make(systems, 0.25);
    half->set_dynamics(plan);
    const std::int64_t sample[] = {steps / 2};
    half->advance(steps, sample); // a sample must not change anything
    const DynamicsState state = half->save();
    const auto rest = make(systems, 0.25);
    rest->set_dynamics(plan);
    rest->load(state);
    rest->advance(2 * steps, {});
    expect_same_state(rest->save(), whole->save());
    if (!kDebugDevice) {
      EXPECT_GT(all.list_builds, 2) << "the test wants lists that are renewed on the way";
    }
  }
}

// K systems in a batch are K single runs, bit for bit, on any number of threads.
ZENER_DEVICE_TEST_F(AtomsEngine, BatchesAreSingleRuns, AtomsEngineTest) {
  const std::int64_t steps = kDebugDevice ? 6 : 200;
  for (const Ensemble ensemble : kAll) {
    const std::vector<Atoms> systems{bcc(2, 3.17, 2500.0, 8), bcc(3, 3.25, 1800.0, 9), bcc(1, 3.2, 900.0, 10)};
    const auto batch = make(systems, 0.25);
    DynamicsPlan plan = dynamics(ensemble, 3, 2000.0, 2.0);
    batch->set_dynamics(plan);
    batch->advance(steps, {});
    const std::vector<Atoms> together = batch->atoms();
    queue().set_threads(1);
    for (std::size_t k = 0; k < systems.size(); ++k) {
      AtomsPlan alone = plan_of({systems[k]}, 0.25);
      alone.first_system = static_cast<std::int64_t>(k);
      const auto single = make_atoms_batch(queue(), alone);
      single->set_dynamics(dynamics(ensemble, 1, 2000.0, 2.0));
      single->advance(steps, {});
      const Atoms other = single->atoms()[0];
      EXPECT_EQ(other.position_A, together[k].position_A) << "ensemble " << static_cast<int>(ensemble) << " system " << k;
      EXPECT_EQ(other.velocity_A_ps, together[k].velocity_A_ps);
      EXPECT_EQ(other.cell.vectors, together[k].cell.vectors);
    }
    queue().set_threads(0);
  }
}

// Mean temperature and its fluctuation, and under a barostat the mean pressure.
ZENER_DEVICE_TEST_F(AtomsEngine, EnsemblesReachTheirTargets, AtomsEngineTest) {
  if (kDebugDevice) {
    GTEST_SKIP() << "too slow for the debug device, and the same kernels";
  }
  for (const Ensemble ensemble : kAll) {
    if (ensemble == Ensemble::nve) {
      continue;
    }
    const auto batch = make({bcc(3, 3.17, 1200.0, 11)});
    DynamicsPlan plan = dynamics(ensemble, 1, 600.0, 2.0);
    plan.thermostat_time_fs = 50.0;
    plan.barostat_time_fs = 200.0;
    plan.pressure_GPa[0] = {2.0, 2.0, 2.0};
    batch->set_dynamics(plan);
    batch->advance(2000, {});
    // The pressure's deviations of 1.7 GPa decay in about 0.13 ps where the volume diffuses, faster where it swings.
    const bool diffuses = ensemble == Ensemble::npt_stochastic;
    const std::int64_t steps = diffuses ? 42000 : 12000;
    const DynamicsReport report = batch->advance(steps, every(20, steps));
    ASSERT_FALSE(report.exploded);
    double t = 0.0, t2 = 0.0, pressure = 0.0;
    double n = 0.0;
    for (const auto &rows : report.rows) {
      if (rows[0].step <= 2000) {
        continue;
      }
      t += rows[0].temperature_K;
      t2 += rows[0].temperature_K * rows[0].temperature_K;
      const Matrix3 p = pressure_GPa(rows[0]);
      pressure += (p[0][0] + p[1][1] + p[2][2]) / 3;
      n += 1.0;
    }
    t /= n;
    const double freedom = 3.0 * 54 - 3;
    // 20 ps with a correlation time near 0.1 ps: some 100 independent temperatures.
    const double sigma = 600.0 * std::sqrt(2.0 / freedom);
    EXPECT_NEAR(t, 600.0, 4.0 * sigma / std::sqrt(100.0)) << "ensemble " << static_cast<int>(ensemble);
    EXPECT_NEAR(std::sqrt(t2 / n - t * t), sigma, 0.25 * sigma) << "ensemble " << static_cast<int>(ensemble);
    if (ensemble == Ensemble::npt_isotropic || ensemble == Ensemble::npt_axes || ensemble == Ensemble::npt_stochastic) {
      EXPECT_NEAR(pressure / n, 2.0, diffuses ? 0.45 : 0.25) << "ensemble " << static_cast<int>(ensemble);
    }
  }
}

ZENER_DEVICE_TEST_F(AtomsEngine, RelaxesAtomsAndCells, AtomsEngineTest) {
  // A perfect crystal is at rest at its lattice constant: the relaxed cell of a strained and shaken one must be it.
  std::vector<Atoms> systems{disordered_bcc(3.10, {2, 2, 2}, 0.08, {"W"}, true, 5),
                             disordered_bcc(3.22, {2, 2, 2}, 0.05, {"W"}, false, 6)};
  RelaxPlan plan;
  plan.force_tolerance_eV_A = 1e-4;
  plan.stress_tolerance_GPa = 1e-3;
  plan.max_steps = 3000;
  plan.cell = CellFreedom::full;
  for (const RelaxPlan::Method method : {RelaxPlan::Method::fire, RelaxPlan::Method::lbfgs}) {
    plan.method = method;
    const auto batch = make(systems);
    const RelaxReport report = batch->relax(plan);
    double energies[2];
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_EQ(report.converged[k], 1) << report.steps[k];
      EXPECT_LT(report.steps[k], method == RelaxPlan::Method::fire ? 1000 : 100);
      EXPECT_NEAR(std::cbrt(report.rows[k].volume_A3 / 8.0), 3.1652, 2e-4); // the authors' fit, and ours in eam_metals_test
      energies[k] = report.rows[k].potential_eV / 16.0;
      EXPECT_LT(report.rows[k].largest_force_eV_A, 1e-4);
    }
    EXPECT_NEAR(energies[0], energies[1], 1e-6);
    EXPECT_NEAR(energies[0], -8.90, 0.01);
    // Relaxed alone or together, watched or not: the same bits.
    const auto alone = make({systems[1]});
    RelaxPlan watched = plan;
    watched.path = true;
    const RelaxReport single = alone->relax(watched);
    if (!kDebugDevice) { // which looks every 20 steps, as a GPU
      ASSERT_GT(single.path.size(), 2U);
      EXPECT_GT(single.path.front().rows[0].largest_force_eV_A, single.rows[0].largest_force_eV_A);
    }
    std::int64_t last = 0;
    for (const RelaxMoment &moment : single.path) {
      EXPECT_GT(moment.steps[0], last);
      last = moment.steps[0];
    }
    EXPECT_LT(last, single.steps[0] + 1);
    EXPECT_EQ(single.rows[0].potential_eV, report.rows[1].potential_eV);
    EXPECT_EQ(single.steps[0], report.steps[1]);
  }
}

// A vacancy in a fixed cell, so that lists are renewed and atoms sorted anew on the way: both methods find one minimum.
ZENER_DEVICE_TEST_F(AtomsEngine, BothMethodsFindTheSameMinimum, AtomsEngineTest) {
  Atoms atoms = disordered_bcc(3.1652, {3, 3, 3}, 0.35, {"W"}, false, 12);
  atoms.position_A.pop_back();
  atoms.type.pop_back();
  RelaxPlan plan;
  plan.force_tolerance_eV_A = 1e-5;
  plan.max_steps = 2000;
  double energy[2];
  for (const int k : {0, 1}) {
    plan.method = k == 0 ? RelaxPlan::Method::fire : RelaxPlan::Method::lbfgs;
    const auto batch = make({atoms}, 0.3);
    const RelaxReport report = batch->relax(plan);
    EXPECT_EQ(report.converged[0], 1) << report.rows[0].largest_force_eV_A;
    energy[k] = report.rows[0].potential_eV;
  }
  EXPECT_NEAR(energy[0], energy[1], 1e-7);
}

ZENER_DEVICE_TEST_F(AtomsEngine, RunawayAtomsStopTheRun, AtomsEngineTest) {
  Atoms atoms = bcc(2, 3.17, 300.0, 4);
  atoms.position_A[5] = atoms.position_A[6];
  atoms.position_A[5][0] += 0.3;
  const auto batch = make({bcc(2, 3.17, 300.0, 4), atoms});
  DynamicsPlan plan = dynamics(Ensemble::nve, 2, 300.0);
  plan.largest_force_eV_A = 50.0;
  batch->set_dynamics(plan);
  const DynamicsState before = batch->save();
  const DynamicsReport report = batch->advance(100, {});
  EXPECT_TRUE(report.exploded);
  EXPECT_EQ(report.exploded_system, 1);
  EXPECT_TRUE(report.exploded_atom == 5 || report.exploded_atom == 6) << report.exploded_atom;
  EXPECT_GT(report.exploded_value, 0.3);
  expect_same_state(batch->save(), before);
}

ZENER_DEVICE_TEST_F(AtomsEngine, RunawayCellsStopTheRun, AtomsEngineTest) {
  for (const double pressure_GPa : {-300.0, 3000.0}) {
    const auto batch = make({bcc(2, 3.17, 300.0, 4), bcc(2, 3.17, 300.0, 5)});
    DynamicsPlan plan = dynamics(Ensemble::npt_isotropic, 2, 300.0);
    plan.pressure_GPa[1].fill(pressure_GPa);
    plan.barostat_time_fs = 1000.0;
    plan.largest_volume_ratio = 1.5;
    batch->set_dynamics(plan);
    const DynamicsState before = batch->save();
    const DynamicsReport report = batch->advance(1000, {});
    EXPECT_TRUE(report.exploded);
    EXPECT_EQ(report.exploded_what, "cell");
    EXPECT_EQ(report.exploded_system, 1);
    const double ratio = report.exploded_value / (8 * 3.17 * 3.17 * 3.17);
    EXPECT_GT(pressure_GPa < 0.0 ? ratio : 1.0 / ratio, 1.5);
    EXPECT_LT(pressure_GPa < 0.0 ? ratio : 1.0 / ratio, 1.8);
    expect_same_state(batch->save(), before);
  }
}

ZENER_DEVICE_TEST_F(AtomsEngine, PositionsAreNeverWrapped, AtomsEngineTest) {
  // A crystal at rest in itself that flies through its cell: displacement is velocity times time.
  Atoms atoms = bcc(2, 3.17, 0.0, 4);
  const Vector3 velocity{150.0, -90.0, 33.0};
  atoms.velocity_A_ps.assign(atoms.size(), velocity);
  const auto batch = make({atoms});
  EXPECT_EQ(batch->atoms()[0].position_A, atoms.position_A) << "to the last bit";
  batch->set_dynamics(dynamics(Ensemble::nve, 1, 0.0));
  ASSERT_FALSE(batch->advance(100, {}).exploded);
  const Atoms after = batch->atoms()[0];
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) {
      EXPECT_NEAR(after.position_A[i][d] - atoms.position_A[i][d], 0.1 * velocity[d], 1e-7) << i; // 0.1 ps
    }
  }
  Atoms again = atoms;
  again.position_A = after.position_A;
  batch->set_atoms({again});
  EXPECT_EQ(batch->atoms()[0].position_A, after.position_A);
}

ZENER_DEVICE_TEST_F(AtomsEngine, RefusesWhatCannotBe, AtomsEngineTest) {
  Atoms twice = bcc(2, 3.17, 0.0, 4);
  twice.position_A[9] = twice.position_A[3];
  EXPECT_THROW(make({twice}), DataError);
  Atoms flat = bcc(2, 3.17, 0.0, 4);
  flat.cell.vectors[2] = flat.cell.vectors[1];
  EXPECT_THROW(make({flat}), DataError);
  Atoms gold = bcc(2, 3.17, 0.0, 4);
  gold.elements = {"Au"};
  EXPECT_THROW(make({gold}), ConfigError);
}

// Nothing crosses between host and device inside a step: a run of more steps moves more bytes only by the words of control.
ZENER_DEVICE_TEST_F(AtomsEngine, StepsMoveNoData, AtomsEngineTest) {
  const auto batch = make({bcc(2, 3.17, 50.0, 4)});
  batch->set_dynamics(dynamics(Ensemble::nose_hoover, 1, 50.0));
  const auto bytes = [&](std::int64_t until) {
    const TransferCount before = batch->transfers();
    const DynamicsReport report = batch->advance(until, {});
    EXPECT_EQ(report.list_builds, 1) << "a renewed list would move more";
    const TransferCount after = batch->transfers();
    EXPECT_EQ(after.to_device, before.to_device);
    return after.to_host - before.to_host;
  };
  const auto one = bytes(1);
  EXPECT_LE(bytes(17), one + 16 * 3 * sizeof(std::int64_t));
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
