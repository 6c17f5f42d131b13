// Correlators on a device against direct sums over all pairs of frames; both feeders; restarts.
#include "host/engine/analysis_engine.hpp"
#include "host/engine/atoms_engine.hpp"
#include "host/neutral/all_origins_curves.hpp"
#include "host/neutral/currents_curves.hpp"
#include "host/neutral/errors.hpp"
#include "tests/reference/motion.hpp"
#include "tests/reference/philox.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/force_runner.hpp"
#include "tests/support/tungsten.hpp"

#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

// Atoms of two elements in turn that wander about and share a drift.
Atoms wanderers(std::size_t n, bool alloy) {
  Atoms atoms;
  atoms.elements = alloy ? std::vector<std::string>{"Nb", "W"} : std::vector<std::string>{"W"};
  atoms.cell.vectors = {Vector3{10, 0, 0}, Vector3{0, 10, 0}, Vector3{0, 0, 10}};
  for (std::size_t i = 0; i < n; ++i) {
    atoms.type.push_back(alloy ? static_cast<std::int32_t>(i % 3 == 0) : 0);
    atoms.position_A.push_back({0.1 * static_cast<double>(i), 1.0, -2.0});
    atoms.velocity_A_ps.push_back({});
  }
  return atoms;
}

std::vector<std::vector<Atoms>> wander(const std::vector<Atoms> &start, std::int64_t frames, unsigned seed) {
  reference::Sequence random(seed);
  std::vector<std::vector<Atoms>> out{start};
  for (std::int64_t f = 1; f < frames; ++f) {
    out.push_back(out.back());
    for (Atoms &atoms : out.back()) {
      for (std::size_t i = 0; i < atoms.size(); ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          atoms.position_A[i][d] += random.unit() - 0.4;
          atoms.velocity_A_ps[i][d] = 0.5 * atoms.velocity_A_ps[i][d] + random.unit() - 0.3;
        }
      }
    }
  }
  return out;
}

class AnalysisTest : public DeviceTest {
protected:
  std::unique_ptr<DeviceAnalysis> make(const AnalysisPlan &plan, const std::vector<Atoms> &systems) {
    return std::make_unique<DeviceAnalysis>(queue(), plan, systems);
  }

  // Every lag, class, direction and block of time against the direct sums.
  static void compare(const AnalysisPlan &plan, const std::vector<std::vector<Atoms>> &frames, const AnalysisSums &got) {
    std::vector<std::int32_t> class_of_atom;
    const std::vector<Atoms> &start = frames.front();
    const std::vector<AtomClass> classes = atom_classes(plan, start, class_of_atom);
    ASSERT_EQ(classes.size(), got.classes.size());
    ASSERT_EQ(got.frames, static_cast<std::int64_t>(frames.size()));
    std::size_t first = 0;
    for (std::size_t k = 0; k < start.size(); first += start[k].size(), ++k) {
      std::vector<double> mass;
      for (std::size_t i = 0; i < start[k].size(); ++i) {
        mass.push_back(classes[static_cast<std::size_t>(class_of_atom[first + i])].mass_amu);
      }
      reference::Path positions, velocities;
      for (const std::vector<Atoms> &frame : frames) {
        positions.push_back(frame[k].position_A);
        velocities.push_back(frame[k].velocity_A_ps);
      }
      if (plan.remove_drift) {
        positions = reference::without_drift(positions, mass);
        velocities = reference::without_drift(velocities, mass);
      }
      for (std::size_t c = 0; c < classes.size(); ++c) {
        if (classes[c].system != k) {
          continue;
        }
        std::vector<std::size_t> atoms;
        for (std::size_t i = 0; i < start[k].size(); ++i) {
          if (class_of_atom[first + i] == static_cast<std::int32_t>(c)) {
            atoms.push_back(i);
          }
        }
        for (const bool differences : {true, false}) {
          if (const auto &sums = differences ? got.msd : got.vacf) {
            compare(*sums, differences ? positions : velocities, atoms, classes.size(), c);
          }
        }
      }
    }
  }

  static void compare(const CorrelatorSums &sums, const reference::Path &path, const std::vector<std::size_t> &atoms,
                      std::size_t classes, std::size_t c) {
    const CorrelatorPlan &plan = sums.plan;
    const auto frames = static_cast<std::int64_t>(path.size());
    ASSERT_EQ(sums.sums.size(), static_cast<std::size_t>(sums.blocks * plan.levels * plan.points * 3) * classes);
    ASSERT_GE(sums.blocks * sums.block_frames, frames);
    for (const CorrelatorLag &lag : correlator_lags(plan, sums.differences)) {
      std::int64_t stride = 1;
      for (int l = 0; l < lag.level; ++l) {
        stride *= plan.factor;
      }
      for (int b = 0; b < sums.blocks; ++b) {
        const std::int64_t begin = b * sums.block_frames, end = std::min(frames, begin + sums.block_frames);
        const std::int64_t pairs = correlated_pairs(plan, sums.differences, lag, begin, end);
        const std::int64_t origins = lag.level == 0 ? plan.origins : 1;
        for (std::size_t d = 0; d < 3; ++d) {
          const double wanted = sums.differences
                                    ? reference::mean_square(path, atoms, d, lag.frames, stride, origins, begin, end)
                                    : reference::correlation(path, atoms, d, lag.point, stride, origins, begin, end);
          const std::size_t at = ((static_cast<std::size_t>(b) * classes + c) * static_cast<std::size_t>(plan.levels) +
                                  static_cast<std::size_t>(lag.level)) *
                                     static_cast<std::size_t>(plan.points) +
                                 static_cast<std::size_t>(lag.point);
          const double got = sums.sums[3 * at + d];
          ASSERT_EQ(pairs == 0, std::isnan(wanted)) << lag.level << " " << lag.point << " block " << b;
          const double expected = pairs == 0 ? 0.0 : wanted * static_cast<double>(pairs) * static_cast<double>(atoms.size());
          EXPECT_NEAR(got, expected, 1e-11 * (1.0 + std::abs(expected)))
              << (sums.differences ? "MSD" : "VACF") << " level " << lag.level << " point " << lag.point << " block " << b;
        }
      }
    }
  }
};

ZENER_DEVICE_TEST_F(Analysis, MultipleTauIsTheDirectSum, AnalysisTest) {
  AnalysisPlan plan;
  plan.msd = CorrelatorPlan{4, 2, 4, 1};
  plan.vacf = CorrelatorPlan{5, 3, 3, 1};
  plan.groups = {{"some", {0, 2, 3}}, {"one", {2}}};
  const std::vector<Atoms> start{wanderers(9, true), wanderers(4, false), wanderers(kDebugDevice ? 140 : 1100, true)};
  for (const bool remove : {true, false}) {
    plan.remove_drift = remove;
    const auto frames = wander(start, remove ? 41 : 12, 5); // 41: blocks of time are joined twice
    const auto analysis = make(plan, start);
    for (const std::vector<Atoms> &frame : frames) {
      analysis->push(frame);
    }
    compare(plan, frames, analysis->sums());
  }
}

ZENER_DEVICE_TEST_F(Analysis, OriginsFurtherApart, AnalysisTest) {
  AnalysisPlan plan;
  plan.vacf = CorrelatorPlan{12, 2, 1, 4};
  plan.msd = CorrelatorPlan{6, 2, 1, 3};
  const std::vector<Atoms> start{wanderers(3, true)};
  const auto frames = wander(start, 30, 6);
  const auto analysis = make(plan, start);
  for (const std::vector<Atoms> &frame : frames) {
    analysis->push(frame);
  }
  compare(plan, frames, analysis->sums());
}

// Groups, directions and single atoms against direct sums.
ZENER_DEVICE_TEST_F(Analysis, AllOriginsAreTheDirectSum, AnalysisTest) {
  AnalysisChoice choice;
  choice.plan.all_origins = AllOriginsPlan{true, true, true};
  choice.plan.groups = {{"some", {0, 2, 3}}};
  choice.plan.remove_drift = true;
  const std::vector<Atoms> start{wanderers(9, true), wanderers(40, false)};
  const std::int64_t frames = kDebugDevice ? 131 : 301; // several chunks of 128
  const auto path = wander(start, frames, 8);
  const auto analysis = make(choice.plan, start);
  for (const std::vector<Atoms> &frame : path) {
    analysis->push(frame);
  }
  const AllOriginsResult got = all_origins_of(choice, analysis->sums(), start, 0.5);
  ASSERT_EQ(got.lag_ps.size(), static_cast<std::size_t>(frames / 2 + 1));
  EXPECT_DOUBLE_EQ(got.lag_ps[3], 1.5);
  ASSERT_EQ(got.groups.size(), 6U); // all, Nb, W, some; all, some
  std::vector<std::int32_t> class_of_atom;
  const std::vector<AtomClass> classes = atom_classes(choice.plan, start, class_of_atom);
  for (std::size_t k = 0; k < 2; ++k) {
    reference::Path positions, velocities;
    std::vector<double> masses;
    for (std::size_t i = 0; i < start[k].size(); ++i) {
      masses.push_back(classes[static_cast<std::size_t>(class_of_atom[(k == 0 ? 0 : 9) + i])].mass_amu);
    }
    for (const std::vector<Atoms> &frame : path) {
      positions.push_back(frame[k].position_A);
      velocities.push_back(frame[k].velocity_A_ps);
    }
    positions = reference::without_drift(positions, masses);
    velocities = reference::without_drift(velocities, masses);
    for (const GroupAllOrigins &group : got.groups) {
      std::vector<std::size_t> atoms;
      for (std::size_t i = 0; i < start[k].size(); ++i) {
        const bool chosen =
            group.group == "some"
                ? i == 0 || i == 2 || i == 3
                : group.group == "all" || start[k].elements[static_cast<std::size_t>(start[k].type[i])] == group.group;
        if (chosen) {
          atoms.push_back(i);
        }
      }
      if (group.system != k) {
        continue;
      }
      ASSERT_EQ(group.atoms, static_cast<std::int64_t>(atoms.size()));
      for (const std::int64_t lag : {0, 1, 7, 64, 65}) {
        for (std::size_t d = 0; d < 3; ++d) {
          const auto m = static_cast<std::size_t>(lag);
          const double way = reference::mean_square(positions, atoms, d, lag, 1, 1, 0, frames);
          EXPECT_NEAR(group.msd[d][m], way, 1e-10 * (1.0 + way)) << group.group << " " << lag;
          const double product = reference::correlation(velocities, atoms, d, lag, 1, 1, 0, frames);
          EXPECT_NEAR(group.vacf[d][m], product, 1e-12);
        }
        EXPECT_NEAR(group.msd[3][static_cast<std::size_t>(lag)],
                    group.msd[0][static_cast<std::size_t>(lag)] + group.msd[1][static_cast<std::size_t>(lag)] +
                        group.msd[2][static_cast<std::size_t>(lag)],
                    1e-12);
      }
    }
    const std::size_t lags = got.single_lag_ps.size(), first = k == 0 ? 0 : 9;
    for (const std::size_t i : {0U, 1U, 8U}) {
      for (const std::size_t l : {std::size_t{0}, lags / 2, lags - 1}) {
        const auto lag = static_cast<std::int64_t>(std::lround(got.single_lag_ps[l] / 0.5));
        for (std::size_t d = 0; d < 3; ++d) {
          const double way = reference::mean_square(positions, {i}, d, lag, 1, 1, 0, frames);
          EXPECT_NEAR(got.single_msd_A2[(4 * (first + i) + d) * lags + l], way, 1e-12 * (1.0 + way));
        }
      }
    }
  }
  // D of a group is the mean over its atoms.
  double sum = 0.0;
  for (std::size_t i = 9; i < 49; ++i) {
    sum += got.single_diffusion_A2_ps[4 * i + 3] / 40.0;
  }
  EXPECT_NEAR(got.groups[4].diffusion[3].mean, sum, 1e-12);
  EXPECT_GT(got.groups[4].diffusion[3].standard_error, 0.0);
}

// In a skewed cell, pairs of elements and all of them, along the wave, across it (both together) and for the wave 0.
ZENER_DEVICE_TEST_F(Analysis, CurrentsAreTheDirectSum, AnalysisTest) {
  AnalysisChoice choice;
  choice.plan.currents = CurrentsPlan{{{0, 0, 0}, {1, 0, 0}, {-2, 1, 3}}, 6};
  choice.plan.groups = {{"some", {0, 2, 3}}}; // classes finer than elements
  std::vector<Atoms> start{wanderers(9, true), wanderers(kDebugDevice ? 140 : 1100, false)};
  for (Atoms &atoms : start) {
    atoms.cell.vectors = {Vector3{7, 0, 0}, Vector3{1, 8, 0}, Vector3{-1, 2, 9}};
  }
  // Rows of the inverse of the cell's matrix, transposed, times 2 pi.
  const double tau = 2.0 * std::numbers::pi;
  const std::array<Vector3, 3> reciprocal{Vector3{tau / 7.0, -tau / 56.0, tau * 10.0 / 504.0},
                                          Vector3{0.0, tau / 8.0, -tau * 14.0 / 504.0}, Vector3{0.0, 0.0, tau / 9.0}};
  constexpr std::int64_t kFrames = 19;
  const auto path = wander(start, kFrames, 9);
  const auto analysis = make(choice.plan, start);
  for (const std::vector<Atoms> &frame : path) {
    analysis->push(frame);
  }
  const CurrentsResult got = currents_of(choice, analysis->sums(), start, 0.25);
  ASSERT_EQ(got.entries.size(), 3U * 4U + 3U * 1U); // all, Nb, Nb-W, W; all
  ASSERT_EQ(got.lag_ps.size(), 6U);
  std::vector<std::int32_t> class_of_atom;
  const std::vector<AtomClass> classes = atom_classes(choice.plan, start, class_of_atom);
  for (const CurrentCurves &one : got.entries) {
    const std::size_t s = one.system;
    const auto n = static_cast<double>(start[s].size());
    reference::Path positions, velocities;
    std::vector<double> masses;
    std::array<std::vector<std::size_t>, 2> atoms; // by element
    for (std::size_t i = 0; i < start[s].size(); ++i) {
      masses.push_back(classes[static_cast<std::size_t>(class_of_atom[(s == 0 ? 0 : 9) + i])].mass_amu);
      atoms[static_cast<std::size_t>(start[s].type[i])].push_back(i);
    }
    for (const std::vector<Atoms> &frame : path) {
      positions.push_back(frame[s].position_A);
      velocities.push_back(frame[s].velocity_A_ps);
    }
    positions = reference::without_drift(positions, masses);
    velocities = reference::without_drift(velocities, masses);
    Vector3 k{};
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t d = 0; d < 3; ++d) {
        k[d] += one.wave[a] * reciprocal[a][d];
      }
    }
    const double length = std::sqrt(k[0] * k[0] + k[1] * k[1] + k[2] * k[2]);
    EXPECT_NEAR(one.k_per_A, length, 1e-12);
    const auto over = [&](std::size_t f, const std::vector<std::size_t> &chosen) {
      return reference::current(positions[f], velocities[f], chosen, k);
    };
    std::vector<std::size_t> everyone = atoms[0];
    everyone.insert(everyone.end(), atoms[1].begin(), atoms[1].end());
    const std::vector<std::size_t> &a = one.pair == "all" ? everyone : one.pair == "W" ? atoms[1] : atoms[0];
    const std::vector<std::size_t> &b = one.pair == "all" ? everyone : one.pair == "Nb" ? atoms[0] : atoms[1];
    for (std::size_t lag = 0; lag < 6; ++lag) {
      double whole = 0.0, along = 0.0, along_x = 0.0;
      const auto pairs = static_cast<double>(kFrames - static_cast<std::int64_t>(lag));
      for (std::size_t f = lag; f < kFrames; ++f) {
        for (const bool turned : {false, true}) {
          const auto now = over(f, turned ? b : a), then = over(f - lag, turned ? a : b);
          std::complex<double> p = 0.0, q = 0.0;
          for (std::size_t d = 0; d < 3; ++d) {
            whole += 0.5 * (now[d] * std::conj(then[d])).real() / pairs / n;
            p += length > 0.0 ? now[d] * k[d] / length : 0.0;
            q += length > 0.0 ? then[d] * k[d] / length : 0.0;
          }
          along += 0.5 * (p * std::conj(q)).real() / pairs / n;
          along_x += 0.5 * (now[0] * std::conj(then[0])).real() / pairs / n;
        }
      }
      const double small = 1e-11 * n;
      EXPECT_NEAR(one.curves.value.value[3][lag], whole, small) << one.pair << " " << one.wave[0] << " " << lag;
      EXPECT_NEAR(one.curves.value.value[0][lag], length > 0.0 ? along : along_x, small) << one.pair << " " << one.wave[0];
    }
  }
}

ZENER_DEVICE_TEST_F(Analysis, GoesOnBitForBit, AnalysisTest) {
  AnalysisPlan plan;
  plan.msd = CorrelatorPlan{4, 2, 3, 1};
  plan.vacf = CorrelatorPlan{4, 2, 2, 1};
  plan.all_origins = AllOriginsPlan{true, true, true};
  plan.currents = CurrentsPlan{{{0, 0, 0}, {1, 2, 0}}, 5};
  const std::vector<Atoms> start{wanderers(7, true)};
  const auto frames = wander(start, 50, 7);
  const auto whole = make(plan, start);
  auto part = make(plan, start);
  for (std::size_t f = 0; f < frames.size(); ++f) {
    if (f == 16 || f == 33) { // where blocks are joined, and where not
      const AnalysisState state = part->save();
      part = make(plan, start);
      part->load(state);
      EXPECT_EQ(part->frames(), static_cast<std::int64_t>(f));
    }
    whole->push(frames[f]);
    part->push(frames[f]);
  }
  const AnalysisSums a = whole->sums(), b = part->sums();
  EXPECT_EQ(a.msd->sums, b.msd->sums);
  EXPECT_EQ(a.vacf->sums, b.vacf->sums);
  EXPECT_EQ(a.all_origins->displacements.power, b.all_origins->displacements.power);
  EXPECT_EQ(a.all_origins->velocities.square, b.all_origins->velocities.square);
  EXPECT_EQ(a.all_origins->single, b.all_origins->single);
  EXPECT_EQ(a.currents->sums, b.currents->sums);
  EXPECT_EQ(a.currents->block_frames, b.currents->block_frames);
  EXPECT_EQ(a.msd->block_frames, b.msd->block_frames);
  AnalysisState cut = whole->save();
  cut.values.pop_back();
  EXPECT_THROW(part->load(cut), InvariantError);
}

// In flight and from the host: the same numbers to rounding, and no atoms cross to the host in flight.
ZENER_DEVICE_TEST_F(Analysis, InFlightIsWhatTheHostSees, AnalysisTest) {
  AnalysisPlan plan;
  plan.msd = CorrelatorPlan{4, 2, 3, 1};
  plan.vacf = CorrelatorPlan{8, 2, 1, 1};
  AtomsPlan atoms;
  atoms.systems = {disordered_bcc(3.17, {2, 2, 2}, 0.05, {"W"}, true, 1),
                   disordered_bcc(3.2, {2, 2, 3}, 0.05, {"W"}, false, 2)};
  for (Atoms &system : atoms.systems) {
    for (std::size_t i = 0; i < system.size(); ++i) { // fast enough to cross the cell's faces
      const double x = static_cast<double>(i % 5) - 2.0;
      system.velocity_A_ps.push_back({60.0 + x, -40.0 + 2.0 * x, 3.0 * x});
    }
  }
  atoms.potential = finnis_sinclair_tungsten();
  atoms.skin_A = 0.6;
  const auto batch = make_atoms_batch(queue(), atoms);
  DynamicsPlan dynamics;
  dynamics.begin_K = dynamics.end_K = {0.0, 0.0};
  dynamics.pressure_GPa.assign(2, {});
  batch->set_dynamics(dynamics);
  const auto in_flight = make(plan, atoms.systems), pushed = make(plan, atoms.systems);
  const std::int64_t every = 3, steps = kDebugDevice ? 30 : 120;
  const TransferCount before = batch->transfers();
  batch->observe(*in_flight);
  EXPECT_EQ(batch->transfers().to_host, before.to_host);
  EXPECT_EQ(batch->transfers().to_device, before.to_device);
  pushed->push(batch->atoms());
  batch->observe_while_advancing(in_flight.get(), 0, every);
  for (std::int64_t step = every; step <= steps; step += every) {
    ASSERT_FALSE(batch->advance(step, {}).exploded);
    pushed->push(batch->atoms());
  }
  const AnalysisSums a = in_flight->sums(), b = pushed->sums();
  ASSERT_EQ(a.frames, steps / every + 1);
  ASSERT_EQ(a.frames, b.frames);
  const auto close = [](const CorrelatorSums &x, const CorrelatorSums &y) {
    ASSERT_EQ(x.sums.size(), y.sums.size());
    for (std::size_t i = 0; i < x.sums.size(); ++i) {
      EXPECT_NEAR(x.sums[i], y.sums[i], 1e-9 * (1.0 + std::abs(y.sums[i])));
    }
  };
  close(*a.msd, *b.msd);
  close(*a.vacf, *b.vacf);
  EXPECT_GT(std::accumulate(b.msd->sums.begin(), b.msd->sums.end(), 0.0), 0.0) << "nothing moved";
}

ZENER_DEVICE_TEST_F(Analysis, BadInput, AnalysisTest) {
  AnalysisPlan plan;
  const std::vector<Atoms> start{wanderers(3, false)};
  EXPECT_THROW(make(plan, start), InvariantError);
  plan.vacf = CorrelatorPlan{10, 2, 1, 3};
  EXPECT_THROW(make(plan, start), InvariantError);
  plan.vacf = CorrelatorPlan{10, 2, 1, 5};
  plan.groups = {{"far", {3}}};
  EXPECT_THROW(make(plan, start), ConfigError);
  plan.groups.clear();
  const auto analysis = make(plan, start);
  std::vector<Atoms> still = start;
  still[0].velocity_A_ps.clear();
  EXPECT_THROW(analysis->push(still), InvariantError);
  EXPECT_THROW(analysis->push({wanderers(4, false)}), InvariantError);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
