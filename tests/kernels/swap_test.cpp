// Metropolis swaps of atoms on a device: the chain of trials against one drawn serially, detailed balance, bookkeeping, and the
// same bits for any batch, number of threads, cut into calls and restart.
#include "host/engine/atoms_engine.hpp"
#include "host/neutral/errors.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/force_runner.hpp"
#include "tests/support/statistics.hpp"

#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr double kBoltzmann = 8.617333262145e-5;
constexpr std::uint32_t kStream = 10, kDraws = 4096, kSeed = 7;

PotentialPointer nbmota() {
  return read_potential_file(std::filesystem::absolute(__FILE__).parent_path().parent_path().parent_path() /
                             "presets/potentials/nbmota_zhou.json");
}

// A crystal with the atoms a little off their sites, so that no two arrangements have the same energy; types in turn.
Atoms alloy(std::array<int, 3> cells, unsigned seed, double disorder = 0.15,
            const std::vector<std::string> &elements = {"Nb", "Mo", "Ta"}) {
  Atoms atoms = disordered_bcc(3.24, cells, disorder, elements, false, seed);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    atoms.type[i] = static_cast<std::int32_t>(i % elements.size());
  }
  return atoms;
}

std::vector<std::int64_t> counts_of(const Atoms &atoms) {
  std::vector<std::int64_t> counts(atoms.elements.size(), 0);
  for (const std::int32_t type : atoms.type) {
    ++counts[static_cast<std::size_t>(type)];
  }
  return counts;
}

std::int64_t sum_of(const std::vector<std::int64_t> &values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

class SwapTest : public DeviceTest {
protected:
  std::unique_ptr<AtomsBatch> make(const std::vector<Atoms> &systems, std::int64_t first_system = 0, double skin = 0.6) {
    AtomsPlan plan;
    plan.systems = systems;
    plan.potential = nbmota();
    plan.skin_A = skin;
    plan.seed = kSeed;
    plan.first_system = first_system;
    return make_atoms_batch(queue(), plan);
  }
  static SwapPlan at(double temperature_K, std::size_t systems) {
    SwapPlan plan;
    plan.temperature_K.assign(systems, temperature_K);
    return plan;
  }
  static SwapPlan relaxed(double temperature_K, std::size_t systems) {
    SwapPlan plan = at(temperature_K, systems);
    plan.relax_steps = 200;
    plan.force_tolerance_eV_A = 0.05;
    return plan;
  }
  // The pair of a trial, drawn as the kernel says it draws.
  static std::pair<std::size_t, std::size_t> pair_of(const Atoms &atoms, std::uint32_t system, std::uint64_t trial) {
    const auto below = [&](std::uint64_t bits) {
      return static_cast<std::size_t>(static_cast<unsigned __int128>(bits) * atoms.size() >> 64);
    };
    for (std::uint32_t draw = 0; draw < kDraws; ++draw) {
      const reference::Bits128 bits = reference::draw(kStream, kSeed, system, trial, draw);
      if (atoms.type[below(bits.low)] != atoms.type[below(bits.high)]) {
        return {below(bits.low), below(bits.high)};
      }
    }
    return {0, 0};
  }
  static bool keeps(double change, double temperature_K, std::uint32_t system, std::uint64_t trial) {
    const double u = static_cast<double>(reference::draw(kStream, kSeed, system, trial, kDraws).low >> 11) * 0x1p-53;
    return change <= 0.0 || u < std::exp(-change / (kBoltzmann * temperature_K));
  }
  static void expect_same(const Atoms &a, const Atoms &b) {
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.position_A, b.position_A);
    EXPECT_EQ(a.velocity_A_ps, b.velocity_A_ps);
  }
};

// Trial by trial against a serial chain whose energies are fresh evaluations of another batch.
ZENER_DEVICE_TEST_F(Swap, FollowsASerialChain, SwapTest) {
  constexpr double kTemperature = 1500.0;
  std::vector<Atoms> systems{alloy({2, 1, 1}, 1), alloy({2, 2, 2}, 2, 0.1, {"Mo", "Ta"})};
  const auto batch = make(systems, 3);
  const auto other = make(systems);
  std::vector<double> energy = other->evaluate().energy_eV;
  std::vector<std::vector<std::int64_t>> tried(2, std::vector<std::int64_t>(6, 0)), kept = tried;
  tried[1].resize(3);
  kept[1].resize(3);
  const std::int64_t trials = kDebugDevice ? 15 : 60;
  for (std::int64_t trial = 0; trial < trials; ++trial) {
    std::vector<Atoms> next = systems;
    std::vector<std::size_t> pairs;
    for (std::size_t k = 0; k < 2; ++k) {
      const auto [i, j] = pair_of(systems[k], static_cast<std::uint32_t>(3 + k), static_cast<std::uint64_t>(trial));
      const int a = systems[k].type[i], b = systems[k].type[j], n = static_cast<int>(systems[k].elements.size());
      pairs.push_back(
          static_cast<std::size_t>(std::min(a, b) * n - std::min(a, b) * (std::min(a, b) - 1) / 2 + std::abs(a - b)));
      std::swap(next[k].type[i], next[k].type[j]);
    }
    other->set_atoms(next);
    const std::vector<double> after = other->evaluate().energy_eV;
    for (std::size_t k = 0; k < 2; ++k) {
      ++tried[k][pairs[k]];
      if (keeps(after[k] - energy[k], kTemperature, static_cast<std::uint32_t>(3 + k), static_cast<std::uint64_t>(trial))) {
        ++kept[k][pairs[k]];
        systems[k] = next[k];
        energy[k] = after[k];
      }
    }
  }
  const SwapReport report = batch->swap_trials(at(kTemperature, 2), 0, trials);
  EXPECT_EQ(report.tried, tried);
  EXPECT_EQ(report.kept, kept);
  EXPECT_EQ(report.missed, (std::vector<std::int64_t>{0, 0}));
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_EQ(batch->atoms()[k].type, systems[k].type);
    EXPECT_EQ(batch->atoms()[k].position_A, systems[k].position_A);
    EXPECT_NEAR(report.energy_eV[k], energy[k], 1e-9);
    EXPECT_GT(sum_of(kept[k]), 0);
    EXPECT_LT(sum_of(kept[k]), trials);
  }
}

// All arrangements of four atoms, 1 Nb, 1 Mo and 2 Ta, are met as often as their Boltzmann weights say.
ZENER_DEVICE_TEST_F(Swap, DetailedBalance, SwapTest) {
  Atoms start = alloy({2, 1, 1}, 4);
  start.type = {0, 1, 2, 2};
  std::vector<Atoms> arrangements;
  std::map<std::vector<std::int32_t>, std::size_t> number;
  std::vector<std::int32_t> types = start.type;
  do {
    number[types] = arrangements.size();
    arrangements.push_back(start);
    arrangements.back().type = types;
  } while (std::next_permutation(types.begin(), types.end()));
  ASSERT_EQ(arrangements.size(), 12U);
  const std::vector<double> energy = make(arrangements)->evaluate().energy_eV;
  const auto [least, most] = std::minmax_element(energy.begin(), energy.end());
  const double kT = (*most - *least) / 4.0;
  std::vector<double> weight;
  double sum = 0.0;
  for (const double e : energy) {
    weight.push_back(std::exp(-(e - *least) / kT));
    sum += weight.back();
  }
  for (double &w : weight) {
    w /= sum;
  }
  const std::size_t chains = kDebugDevice ? 300 : 2000;
  const std::int64_t trials = 25; // enough to forget the start
  const auto batch = make(std::vector<Atoms>(chains, start));
  batch->swap_trials(at(kT / kBoltzmann, chains), 0, trials);
  std::vector<std::int64_t> met(12, 0);
  for (const Atoms &atoms : batch->atoms()) {
    ++met[number.at(atoms.type)];
  }
  const test::ChiSquare test = test::chi_square_test(met, weight);
  EXPECT_GT(test.degrees, 6);
  EXPECT_GT(test.p, 1e-3) << "chi-square " << test.value << " of " << test.degrees;
}

ZENER_DEVICE_TEST_F(Swap, HotAndCold, SwapTest) {
  const std::vector<Atoms> systems{alloy({2, 2, 1}, 5)};
  const auto hot = make(systems);
  const SwapReport all = hot->swap_trials(at(std::numeric_limits<double>::infinity(), 1), 0, 30);
  EXPECT_EQ(all.kept, all.tried);
  EXPECT_EQ(sum_of(all.tried[0]), 30);
  const auto cold = make(systems);
  double energy = cold->evaluate().energy_eV[0];
  for (std::int64_t trial = 0; trial < 20; ++trial) {
    const SwapReport one = cold->swap_trials(at(1e-3, 1), trial, trial + 1);
    const std::int64_t kept = sum_of(one.kept[0]);
    EXPECT_TRUE(kept == 1 ? one.energy_eV[0] < energy : one.energy_eV[0] == energy) << one.energy_eV[0] << " " << energy;
    energy = one.energy_eV[0];
  }
}

ZENER_DEVICE_TEST_F(Swap, AnAloneKindIsLeftAlone, SwapTest) {
  Atoms nb = alloy({2, 1, 1}, 6);
  nb.type.assign(nb.size(), 0);
  const SwapReport report = make({nb})->swap_trials(at(1000.0, 1), 0, 2);
  EXPECT_EQ(report.missed[0], 2);
  EXPECT_EQ(report.tried[0], std::vector<std::int64_t>(6, 0));
}

// Energies kept along a chain are those of the state; atoms, cut, threads and company change nothing.
ZENER_DEVICE_TEST_F(Swap, TheSameBitsAnyhow, SwapTest) {
  const std::vector<Atoms> systems{alloy({3, 2, 2}, 7), alloy({2, 2, 2}, 8, 0.1, {"Ta", "Mo"})};
  for (const bool relax : {false, true}) {
    SCOPED_TRACE(relax);
    const std::int64_t trials = relax ? (kDebugDevice ? 2 : 12) : (kDebugDevice ? 12 : 200);
    SwapPlan plan = relax ? relaxed(2500.0, 2) : at(2500.0, 2);
    queue().set_threads(1);
    const auto whole = make(systems);
    if (relax) {
      RelaxPlan first;
      first.force_tolerance_eV_A = plan.force_tolerance_eV_A;
      whole->relax(first);
    }
    const DynamicsState begin = whole->save();
    whole->load(begin); // positions are unwrapped from here on, in all batches alike
    const SwapReport all = whole->swap_trials(plan, 0, trials);
    const std::vector<Atoms> end = whole->atoms();
    const Evaluation fresh = whole->evaluate();
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_NEAR(all.energy_eV[k], fresh.energy_eV[k], 1e-9);
      EXPECT_EQ(counts_of(end[k]), counts_of(systems[k]));
      EXPECT_NE(end[k].type, systems[k].type);
      EXPECT_EQ(all.unrelaxed[k], 0);
    }
    // Cut in two, the second half in a batch of its own from a checkpoint, with two threads.
    queue().set_threads(2);
    const auto first = make(systems);
    first->load(begin);
    const SwapReport half = first->swap_trials(plan, 0, trials / 2);
    const auto second = make(systems);
    second->load(first->save());
    plan.energy_eV = half.energy_eV;
    const SwapReport rest = second->swap_trials(plan, trials / 2, trials);
    EXPECT_EQ(rest.energy_eV, all.energy_eV);
    for (std::size_t k = 0; k < 2; ++k) {
      expect_same(second->atoms()[k], end[k]);
      for (std::size_t p = 0; p < all.kept[k].size(); ++p) {
        EXPECT_EQ(half.kept[k][p] + rest.kept[k][p], all.kept[k][p]);
      }
      EXPECT_EQ(half.relax_steps[k] + rest.relax_steps[k], all.relax_steps[k]);
    }
    // Alone.
    const auto alone = make({systems[1]}, 1);
    DynamicsState of_one = alone->save();
    copy_system(begin, systems, 1, of_one, {systems[1]}, 0);
    alone->load(of_one);
    plan = relax ? relaxed(2500.0, 1) : at(2500.0, 1);
    EXPECT_EQ(alone->swap_trials(plan, 0, trials).energy_eV[0], all.energy_eV[1]);
    expect_same(alone->atoms()[0], end[1]);
  }
}

// A relaxed trial is a swap, a relaxation and a choice between two relaxed energies.
ZENER_DEVICE_TEST_F(Swap, RelaxedTrials, SwapTest) {
  constexpr double kTemperature = 3000.0;
  Atoms now = alloy({2, 2, 2}, 9, 0.05);
  SwapPlan plan = relaxed(kTemperature, 1);
  RelaxPlan fire;
  fire.force_tolerance_eV_A = plan.force_tolerance_eV_A;
  const auto batch = make({now});
  const auto other = make({now});
  plan.energy_eV = {batch->relax(fire).rows[0].potential_eV};
  now = batch->atoms()[0];
  std::int64_t kept = 0;
  const std::int64_t trials = kDebugDevice ? 3 : 25;
  for (std::int64_t trial = 0; trial < trials; ++trial) {
    Atoms next = now;
    const auto [i, j] = pair_of(now, 0, static_cast<std::uint64_t>(trial));
    std::swap(next.type[i], next.type[j]);
    other->set_atoms({next});
    const RelaxReport relaxation = other->relax(fire);
    const double energy = relaxation.rows[0].potential_eV;
    const bool expected = keeps(energy - plan.energy_eV[0], kTemperature, 0, static_cast<std::uint64_t>(trial));
    const SwapReport report = batch->swap_trials(plan, trial, trial + 1);
    const Atoms after = batch->atoms()[0];
    ASSERT_EQ(sum_of(report.kept[0]), expected ? 1 : 0) << trial;
    EXPECT_EQ(report.relax_steps[0], relaxation.steps[0]);
    if (expected) {
      ++kept;
      EXPECT_NEAR(report.energy_eV[0], energy, 1e-9);
      const Atoms wanted = other->atoms()[0];
      for (std::size_t a = 0; a < after.size(); ++a) {
        for (std::size_t d = 0; d < 3; ++d) {
          EXPECT_NEAR(after.position_A[a][d], wanted.position_A[a][d], 1e-9);
        }
      }
      EXPECT_EQ(after.type, next.type);
      plan.energy_eV = report.energy_eV;
    } else {
      EXPECT_EQ(report.energy_eV, plan.energy_eV);
      EXPECT_EQ(after.type, now.type);
      EXPECT_EQ(after.position_A, now.position_A);
    }
    now = after;
  }
  if (!kDebugDevice) {
    EXPECT_GT(kept, 0);
    EXPECT_LT(kept, trials);
  }
}

// Lists are renewed in the midst of trials when the skin is thin; the energies stay those of the state.
ZENER_DEVICE_TEST_F(Swap, RelaxedTrialsRenewLists, SwapTest) {
  if (kDebugDevice) {
    GTEST_SKIP() << "too slow for the debug device";
  }
  const auto thin = make({alloy({3, 3, 3}, 10, 0.05)}, 0, 0.02);
  SwapPlan plan = relaxed(5000.0, 1);
  const SwapReport report = thin->swap_trials(plan, 0, 40);
  EXPECT_NEAR(thin->evaluate().energy_eV[0], report.energy_eV[0], 1e-9);
  const auto wide = make({alloy({3, 3, 3}, 10, 0.05)});
  const SwapReport same = wide->swap_trials(plan, 0, 40);
  EXPECT_EQ(report.kept, same.kept);
  EXPECT_NEAR(report.energy_eV[0], same.energy_eV[0], 1e-7);
  EXPECT_EQ(thin->atoms()[0].type, wide->atoms()[0].type);
}

// Swaps between steps keep the temperature, the centre of mass at rest and the books of what is conserved.
ZENER_DEVICE_TEST_F(Swap, BetweenSteps, SwapTest) {
  constexpr double kTemperature = 1200.0;
  const int bursts = kDebugDevice ? 2 : 300;
  for (const Ensemble ensemble : {Ensemble::langevin, Ensemble::bussi, Ensemble::npt_stochastic}) {
    SCOPED_TRACE(static_cast<int>(ensemble));
    const std::vector<Atoms> systems{alloy({3, 3, 3}, 11, 0.0)};
    const auto batch = make(systems, 0, 1.0);
    DynamicsPlan plan;
    plan.ensemble = ensemble;
    plan.dt_fs = 2.0;
    plan.thermostat_time_fs = 100.0;
    plan.begin_K = plan.end_K = {kTemperature};
    plan.pressure_GPa = {{0.0, 0.0, 0.0}};
    batch->set_dynamics(plan);
    double sum = 0.0, jump = 0.0;
    std::int64_t kept = 0, counted = 0;
    for (int burst = 0; burst < bursts; ++burst) {
      const double before = batch->thermo()[0].conserved_eV;
      const SwapReport report = batch->swap_trials(at(kTemperature, 1), 5 * burst, 5 * burst + 5);
      kept += sum_of(report.kept[0]);
      const ThermoRow between = batch->thermo()[0];
      jump = std::max(jump, std::abs(between.conserved_eV - before));
      EXPECT_NEAR(report.energy_eV[0], between.potential_eV, 1e-9);
      const Atoms atoms = batch->atoms()[0];
      const double mass[] = {92.906, 95.95, 180.95};
      for (std::size_t d = 0; d < 3 && burst > 0; ++d) {
        double momentum = 0.0;
        for (std::size_t i = 0; i < atoms.size(); ++i) {
          momentum += mass[atoms.type[i]] * atoms.velocity_A_ps[i][d];
        }
        EXPECT_LT(std::abs(momentum), 1e-6);
      }
      ASSERT_FALSE(batch->advance(10 * (burst + 1), {}).exploded);
      if (burst >= 50) {
        sum += batch->thermo()[0].temperature_K;
        ++counted;
      }
    }
    EXPECT_LT(jump, 1e-8);
    EXPECT_EQ(batch->thermo()[0].step, 10 * bursts);
    if (!kDebugDevice) {
      EXPECT_GT(kept, bursts / 10);
      // 54 atoms: a single temperature varies by 110 K; some 30 independent ones.
      EXPECT_NEAR(sum / static_cast<double>(counted), kTemperature, 60.0);
    }
  }
}

ZENER_DEVICE_TEST_F(Swap, RefusesPlansOfOthers, SwapTest) {
  const auto batch = make({alloy({2, 1, 1}, 12)});
  EXPECT_THROW(batch->swap_trials(at(300.0, 2), 0, 1), InvariantError);
  EXPECT_THROW(batch->swap_trials(at(300.0, 1), 2, 1), InvariantError);
  SwapPlan energies = at(300.0, 1);
  energies.energy_eV = {1.0, 2.0};
  EXPECT_THROW(batch->swap_trials(energies, 0, 1), InvariantError);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
