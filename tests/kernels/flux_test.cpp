// Flux maps, mobile atoms and averaged positions on a device against their definitions; fluxes of known size; restarts.
#include "host/engine/analysis_engine.hpp"
#include "host/engine/atoms_engine.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/flux_layout.hpp"
#include "host/neutral/flux_maps.hpp"
#include "host/neutral/mobility_shares.hpp"
#include "tests/reference/flux.hpp"
#include "tests/reference/philox.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/force_runner.hpp"
#include "tests/support/tungsten.hpp"

#include <cmath>
#include <numeric>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr double kA = 2.5;

// Simple cubic, W and Nb in turn.
Atoms simple_cubic(std::array<int, 3> cells) {
  Atoms atoms;
  atoms.elements = {"Nb", "W"};
  for (std::size_t d = 0; d < 3; ++d) {
    atoms.cell.vectors[d][d] = kA * cells[d];
  }
  for (int x = 0; x < cells[0]; ++x) {
    for (int y = 0; y < cells[1]; ++y) {
      for (int z = 0; z < cells[2]; ++z) {
        atoms.type.push_back((x + y + z) % 2);
        atoms.position_A.push_back({kA * (x + 0.5), kA * (y + 0.5), kA * (z + 0.5)});
      }
    }
  }
  return atoms;
}

FluxPlan flux_plan(std::int64_t frames) {
  FluxPlan plan;
  plan.window_frames = frames;
  plan.grid_A = 0.5;
  return plan;
}

class FluxTest : public DeviceTest {
protected:
  std::unique_ptr<DeviceAnalysis> make(const AnalysisPlan &plan, const std::vector<Atoms> &systems) {
    return std::make_unique<DeviceAnalysis>(queue(), plan, systems);
  }
  AnalysisSums pushed(const AnalysisPlan &plan, const std::vector<std::vector<Atoms>> &frames) {
    const auto analysis = make(plan, frames.front());
    for (const std::vector<Atoms> &frame : frames) {
      analysis->push(frame);
    }
    return analysis->sums();
  }
};

// Atoms that wander through several planes, cells, windows and blocks of time, in a periodic cell and in a slab.
std::vector<std::vector<Atoms>> wander(std::int64_t frames, double step) {
  std::vector<Atoms> start{simple_cubic({2, 3, 2}), simple_cubic({3, 2, 2})};
  start[1].cell.periodic = {true, true, false};
  reference::Sequence random(11);
  std::vector<std::vector<Atoms>> out{start};
  for (std::int64_t f = 1; f < frames; ++f) {
    out.push_back(out.back());
    for (Atoms &atoms : out.back()) {
      for (Vector3 &x : atoms.position_A) {
        for (double &one : x) {
          one += step * (random.unit() - 0.45);
        }
      }
    }
  }
  return out;
}

std::vector<reference::Points> path_of(const std::vector<std::vector<Atoms>> &frames, std::size_t system) {
  std::vector<reference::Points> path;
  for (const std::vector<Atoms> &frame : frames) {
    path.push_back(frame[system].position_A);
  }
  return path;
}

ZENER_DEVICE_TEST_F(Flux, IsItsDefinition, FluxTest) {
  AnalysisPlan plan;
  plan.remove_drift = false;
  plan.flux = flux_plan(3);
  plan.flux->planes_A[1] = {{0.0, 1.0, 1.25}};
  const auto frames = wander(3 * 39, 0.6); // 38 steps: blocks of time are joined twice
  const AnalysisSums sums = pushed(plan, frames);
  ASSERT_EQ(sums.flux->steps, 38);
  ASSERT_EQ(sums.flux->block_steps, 4);
  const FluxResult got = flux_of(*sums.flux, 0.1);
  EXPECT_DOUBLE_EQ(got.block_ps, 1.2);
  for (std::size_t s = 0; s < 2; ++s) {
    const Atoms &atoms = frames.front()[s];
    const std::vector<reference::Points> means = reference::window_means(path_of(frames, s), 3);
    for (std::size_t d = 0; d < 3; ++d) {
      const FluxAcross &across = got.systems[s].across[d];
      const Vector3 edge{atoms.cell.vectors[0][0], atoms.cell.vectors[1][1], atoms.cell.vectors[2][2]};
      const reference::FluxCase of{edge, atoms.cell.periodic, across.planes_A, d, kA / 3.0, kA / 2.0};
      std::array<double, 2> wanted{};
      std::vector<double> plus(across.plus.size(), 0.0), minus(plus);
      for (std::size_t w = 0; w + 1 < means.size(); ++w) {
        const auto one = reference::crossings(of, means[w], means[w + 1]);
        wanted[0] += one[0];
        wanted[1] += one[1];
        for (std::size_t j = 0; j < across.axis_A[0].size(); ++j) {
          for (std::size_t k = 0; k < across.axis_A[1].size(); ++k) {
            const auto here = reference::flux_at(of, means[w], means[w + 1], across.axis_A[0][j], across.axis_A[1][k]);
            plus[j * across.axis_A[1].size() + k] += here[0];
            minus[j * across.axis_A[1].size() + k] += here[1];
          }
        }
      }
      EXPECT_GT(wanted[0], 3.0);
      EXPECT_GT(wanted[1], 0.0);
      EXPECT_EQ(across.plus_crossings.mean, wanted[0]) << s << " " << d;
      EXPECT_EQ(across.minus_crossings.mean, wanted[1]) << s << " " << d;
      EXPECT_EQ(across.net_crossings.mean, wanted[0] - wanted[1]);
      EXPECT_GT(across.net_crossings.standard_error, 0.0);
      for (std::size_t i = 0; i < plus.size(); ++i) {
        ASSERT_NEAR(across.plus[i], plus[i], 1e-4) << s << " " << d << " " << i;
        ASSERT_NEAR(across.minus[i], minus[i], 1e-4) << s << " " << d << " " << i;
      }
    }
  }
}

// A row of atoms that walks along +x at one cell in two windows, and one along -x at twice that.
ZENER_DEVICE_TEST_F(Flux, OfKnownSize, FluxTest) {
  AnalysisPlan plan;
  plan.remove_drift = false;
  plan.flux = flux_plan(4);
  plan.flux->grid_A = 0.125;
  std::vector<std::vector<Atoms>> frames{{simple_cubic({4, 3, 3})}};
  const std::int64_t windows = 33, count = 4 * windows;
  const double frame_ps = 0.25;
  for (std::int64_t f = 1; f < count; ++f) {
    frames.push_back(frames.front());
    Atoms &atoms = frames.back()[0];
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      const double v = i % 9 == 4 ? 0.5 * kA : i % 9 == 0 ? -kA : 0.0; // A/ps, windows of 1 ps
      atoms.position_A[i][0] += v * frame_ps * static_cast<double>(f);
    }
  }
  const FluxResult got = flux_of(*pushed(plan, frames).flux, frame_ps);
  const FluxAcross &x = got.systems[0].across[0];
  ASSERT_EQ(x.planes_A.size(), 4U);
  for (std::size_t p = 0; p < 4; ++p) {
    EXPECT_NEAR(x.planes_A[p], kA * static_cast<double>(p), 1e-9); // between the layers at kA/2, 3 kA/2, …
    EXPECT_EQ(x.crossings[0][p], 16) << "4 atoms, each 16 cells of 4 planes";
    EXPECT_EQ(x.crossings[1][p], 32);
  }
  EXPECT_EQ(x.plus_crossings.mean, 64.0);
  EXPECT_EQ(x.minus_crossings.mean, 128.0);
  EXPECT_NEAR(x.net_crossings.mean * x.per_crossing, -64.0 / (4.0 * 9.0 * kA * kA * 32.0), 1e-12);
  EXPECT_NEAR(x.net_crossings.standard_error, 0.0, 1e-9) << "every block of time is like the next";
  const double cell = (x.axis_A[0][1] - x.axis_A[0][0]) * (x.axis_A[1][1] - x.axis_A[1][0]);
  const double area = got.systems[0].cutoff_area_A2;
  EXPECT_NEAR(std::accumulate(x.plus.begin(), x.plus.end(), 0.0) * cell / area, 64.0, 0.02);
  EXPECT_NEAR(std::accumulate(x.minus.begin(), x.minus.end(), 0.0) * cell / area, 128.0, 0.04);
  // Around the row, and nothing beyond d/2.
  const std::size_t nv = x.axis_A[1].size(), middle = nv / 2;
  EXPECT_NEAR(x.plus[middle * nv + middle], 64.0, 1e-9);
  EXPECT_EQ(x.minus[middle * nv + middle], 0.0);
  for (std::size_t d = 1; d < 3; ++d) {
    EXPECT_EQ(got.systems[0].across[d].plus_crossings.mean, 0.0);
    EXPECT_EQ(got.systems[0].across[d].minus_crossings.mean, 0.0);
  }
}

// A crystal whose atoms vibrate and which drifts as a whole: nothing crosses.
ZENER_DEVICE_TEST_F(Flux, OfACrystalIsZero, FluxTest) {
  AnalysisPlan plan;
  plan.flux = flux_plan(5);
  MobilityPlan mobility;
  mobility.window_frames = 5;
  mobility.interval_windows = 2;
  plan.mobility = mobility;
  for (const bool remove : {true, false}) {
    plan.remove_drift = remove;
    reference::Sequence random(3);
    std::vector<std::vector<Atoms>> frames{{simple_cubic({3, 3, 2})}};
    for (int f = 1; f < 55; ++f) {
      frames.push_back(frames.front());
      for (Vector3 &x : frames.back()[0].position_A) {
        for (std::size_t d = 0; d < 3; ++d) {
          x[d] += 0.6 * (random.unit() - 0.5) + (d == 0 ? 0.1 * f : 0.0);
        }
      }
    }
    const AnalysisSums sums = pushed(plan, frames);
    const FluxResult flux = flux_of(*sums.flux, 0.2);
    const MobilityResult moved = mobility_of(plan, sums, frames.front(), 0.2);
    EXPECT_EQ(flux.systems[0].across[0].plus_crossings.mean > 0.0, !remove);
    EXPECT_EQ(flux.systems[0].across[0].minus_crossings.mean, 0.0);
    EXPECT_EQ(flux.systems[0].across[2].plus_crossings.mean, 0.0);
    EXPECT_EQ(moved.intervals, 5);
    EXPECT_TRUE(!remove || moved.groups[0].diffusive.mean == 0.0);
    EXPECT_DOUBLE_EQ(moved.groups[0].threshold_A, 0.5 * kA);
  }
}

ZENER_DEVICE_TEST_F(Flux, GoesOnBitForBit, FluxTest) {
  AnalysisPlan plan;
  plan.flux = flux_plan(2);
  MobilityPlan mobility;
  mobility.window_frames = 1;
  mobility.interval_windows = 3;
  mobility.threshold_A = 0.4;
  plan.mobility = mobility;
  MeanPositionsPlan mean;
  mean.window_frames = 3;
  plan.mean_positions = mean;
  const auto frames = wander(75, 0.7);
  const auto whole = make(plan, frames.front());
  auto part = make(plan, frames.front());
  std::vector<MeanPositions> of_whole, of_parts;
  const auto take = [](DeviceAnalysis &from, std::vector<MeanPositions> &to) {
    for (MeanPositions &one : from.take_mean_positions()) {
      to.push_back(std::move(one));
    }
  };
  for (std::size_t f = 0; f < frames.size(); ++f) {
    if (f == 1 || f == 34 || f == 67) { // in windows, where blocks are joined, and after
      const AnalysisState state = part->save();
      part = make(plan, frames.front());
      part->load(state);
    }
    whole->push(frames[f]);
    part->push(frames[f]);
    take(*whole, of_whole);
    take(*part, of_parts);
  }
  const AnalysisSums a = whole->sums(), b = part->sums();
  EXPECT_EQ(a.flux->crossings, b.flux->crossings);
  EXPECT_EQ(a.flux->map, b.flux->map);
  EXPECT_EQ(a.flux->block_steps, b.flux->block_steps);
  EXPECT_EQ(a.mobility->sums, b.mobility->sums);
  EXPECT_EQ(a.mobility->intervals, 24);
  EXPECT_EQ(b.mobility->intervals, 24);
  EXPECT_GT(std::accumulate(a.flux->crossings.begin(), a.flux->crossings.end(), std::uint64_t{0}), 0U);
  ASSERT_EQ(of_whole.size(), 25U);
  ASSERT_EQ(of_parts.size(), 25U);
  for (std::size_t w = 0; w < of_whole.size(); ++w) {
    EXPECT_EQ(of_whole[w].window, static_cast<std::int64_t>(w));
    EXPECT_EQ(of_whole[w].position_A, of_parts[w].position_A);
    EXPECT_EQ(of_whole[w].displacement_A, of_parts[w].displacement_A);
  }
  AnalysisState cut = whole->save();
  cut.values.pop_back();
  EXPECT_THROW(part->load(cut), InvariantError);
}

// Shares and mean squares against sums over the atoms; displacements of windows, with the drift taken off.
ZENER_DEVICE_TEST_F(Flux, TellsMobileAtoms, FluxTest) {
  AnalysisPlan plan;
  plan.groups = {{"some", {0, 3, 4}}};
  MobilityPlan mobility;
  mobility.window_frames = 2;
  mobility.interval_windows = 3;
  mobility.threshold_A = 0.5;
  plan.mobility = mobility;
  MeanPositionsPlan mean;
  mean.window_frames = 2;
  plan.mean_positions = mean;
  const auto frames = wander(2 * (3 * 9 + 1), 0.5);
  const auto analysis = make(plan, frames.front());
  for (const std::vector<Atoms> &frame : frames) {
    analysis->push(frame);
  }
  const AnalysisSums sums = analysis->sums();
  const MobilityResult got = mobility_of(plan, sums, frames.front(), 0.25);
  const std::vector<MeanPositions> windows = analysis->take_mean_positions();
  ASSERT_EQ(windows.size(), 28U);
  ASSERT_EQ(got.intervals, 9);
  ASSERT_EQ(got.groups.size(), 8U);
  const std::size_t n = frames.front()[0].size();
  for (std::size_t s = 0; s < 2; ++s) {
    const Atoms &start = frames.front()[s];
    // Averaged positions less the centre of mass's way.
    std::vector<reference::Points> path = path_of(frames, s);
    const auto mass = [&](std::size_t i) { return start.type[i] == 0 ? 92.90637 : 183.84; };
    for (reference::Points &frame : path) {
      Vector3 way{};
      double all = 0.0;
      for (std::size_t i = 0; i < n; ++i) {
        all += mass(i);
        for (std::size_t d = 0; d < 3; ++d) {
          way[d] += mass(i) * (frame[i][d] - start.position_A[i][d]);
        }
      }
      for (Vector3 &x : frame) {
        for (std::size_t d = 0; d < 3; ++d) {
          x[d] -= way[d] / all;
        }
      }
    }
    const std::vector<reference::Points> means = reference::window_means(path, 2);
    for (std::size_t w = 0; w < means.size(); ++w) {
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          ASSERT_NEAR(windows[w].position_A[s][i][d], means[w][i][d], 1e-4); // masses of the table differ in the last digits
          ASSERT_NEAR(windows[w].displacement_A[s][i][d], windows[w].position_A[s][i][d] - windows[0].position_A[s][i][d],
                      1e-12);
        }
      }
    }
    for (std::size_t g = 0; g < 4; ++g) { // all, Nb, W, some
      const MobilityOfGroup &group = got.groups[4 * s + g];
      double solid = 0.0, along[3] = {}, solid_sum[3][3] = {}, moving_sum[3][3] = {}, chain[3] = {};
      for (std::size_t first = 0; first + 3 < windows.size(); first += 3) {
        for (std::size_t i = 0; i < n; ++i) {
          if ((g == 1 || g == 2) ? start.type[i] != static_cast<std::int32_t>(g) - 1 : g == 3 && i != 0 && i != 3 && i != 4) {
            continue;
          }
          const auto moved = [&](std::size_t lag, std::size_t d) {
            return windows[first + lag].position_A[s][i][d] - windows[first].position_A[s][i][d];
          };
          const double square = moved(3, 0) * moved(3, 0) + moved(3, 1) * moved(3, 1) + moved(3, 2) * moved(3, 2);
          std::size_t axis = 0;
          for (std::size_t d = 1; d < 3; ++d) {
            axis = std::abs(moved(3, d)) > std::abs(moved(3, axis)) ? d : axis;
          }
          const bool diffusive = square > 0.25;
          (diffusive ? along[axis] : solid) += 1.0;
          for (std::size_t l = 0; l < 3; ++l) {
            for (std::size_t d = 0; d < 3; ++d) {
              (diffusive ? moving_sum : solid_sum)[l][d] += moved(l + 1, d) * moved(l + 1, d);
            }
            chain[l] += diffusive ? moved(l + 1, axis) * moved(l + 1, axis) : 0.0;
          }
        }
      }
      const double moving = along[0] + along[1] + along[2];
      ASSERT_GT(moving, 0.0);
      ASSERT_GT(solid, 0.0);
      EXPECT_NEAR(group.diffusive.mean, moving / (moving + solid), 1e-12);
      EXPECT_GT(group.diffusive.standard_error, 0.0);
      for (std::size_t d = 0; d < 3; ++d) {
        EXPECT_NEAR(group.along[d].mean, along[d] / (moving + solid), 1e-12);
        for (std::size_t l = 0; l < 3; ++l) {
          EXPECT_NEAR(group.solid_msd.value[d][l], solid_sum[l][d] / solid, 1e-11);
          EXPECT_NEAR(group.diffusive_msd.value[d][l], moving_sum[l][d] / moving, 1e-11);
          EXPECT_NEAR(group.diffusive_chain[l], chain[l] / moving, 1e-11);
        }
      }
    }
  }
}

// Of a batch in flight and of its atoms shown from the host.
ZENER_DEVICE_TEST_F(Flux, InFlightIsWhatTheHostSees, FluxTest) {
  AnalysisPlan plan;
  plan.flux = flux_plan(2);
  plan.remove_drift = false;
  MobilityPlan mobility;
  mobility.window_frames = 2;
  mobility.interval_windows = 2;
  mobility.threshold_A = 0.3;
  plan.mobility = mobility;
  AtomsPlan atoms;
  atoms.systems = {disordered_bcc(3.17, {2, 2, 2}, 0.05, {"W"}, false, 1)};
  for (std::size_t i = 0; i < atoms.systems[0].size(); ++i) { // fast enough to cross planes and the cell's faces
    const double x = static_cast<double>(i % 5) - 2.0;
    atoms.systems[0].velocity_A_ps.push_back({60.0 + x, -40.0 + 2.0 * x, 3.0 * x});
  }
  atoms.potential = finnis_sinclair_tungsten();
  atoms.skin_A = 0.6;
  for (std::size_t d = 0; d < 3; ++d) {
    plan.flux->planes_A[d] = {{0.4, 2.0, 3.6, 5.2}};
  }
  const auto batch = make_atoms_batch(queue(), atoms);
  DynamicsPlan dynamics;
  dynamics.begin_K = dynamics.end_K = {0.0};
  dynamics.pressure_GPa.assign(1, {});
  batch->set_dynamics(dynamics);
  const auto in_flight = make(plan, atoms.systems), pushed = make(plan, atoms.systems);
  const TransferCount before = batch->transfers();
  batch->observe(*in_flight);
  EXPECT_EQ(batch->transfers().to_host, before.to_host);
  pushed->push(batch->atoms());
  batch->observe_while_advancing(in_flight.get(), 0, 3);
  for (std::int64_t step = 3; step <= (kDebugDevice ? 45 : 120); step += 3) {
    ASSERT_FALSE(batch->advance(step, {}).exploded);
    pushed->push(batch->atoms());
  }
  const AnalysisSums a = in_flight->sums(), b = pushed->sums();
  EXPECT_EQ(a.flux->crossings, b.flux->crossings);
  ASSERT_EQ(a.flux->map.size(), b.flux->map.size());
  for (std::size_t i = 0; i < a.flux->map.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(a.flux->map[i]), static_cast<double>(b.flux->map[i]), 8.0) << i;
  }
  EXPECT_GT(std::accumulate(a.flux->crossings.begin(), a.flux->crossings.end(), std::uint64_t{0}), 10U);
  for (std::size_t i = 0; i < a.mobility->sums.size(); ++i) {
    EXPECT_NEAR(a.mobility->sums[i], b.mobility->sums[i], 1e-8 * (1.0 + std::abs(b.mobility->sums[i])));
  }
}

ZENER_DEVICE_TEST_F(Flux, BadInput, FluxTest) {
  AnalysisPlan plan;
  plan.flux = flux_plan(2);
  const auto refused = [&](const Atoms &atoms, const char *words) {
    try {
      make(plan, {atoms});
      FAIL() << "not refused: " << words;
    } catch (const ConfigError &error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  Atoms skew = simple_cubic({2, 2, 2});
  skew.cell.vectors[1][0] = 0.3;
  refused(skew, "edges are along x, y and z; edge b is (0.3, 5, 0)");
  plan.flux->planes_A[2] = {{1.0, 5.0}};
  refused(simple_cubic({2, 2, 2}), "planes_A/z: met 5 A");
  plan.flux->planes_A[2].reset();
  Atoms gas = simple_cubic({4, 4, 4});
  reference::Sequence random(2);
  for (Vector3 &x : gas.position_A) {
    x[1] = 10.0 * random.unit();
  }
  refused(gas, "no layers of atoms can be told apart along y");
  plan.flux->grid_A = 0.001;
  refused(simple_cubic({2, 2, 2}), "grid_A");
  plan.flux->grid_A.reset();
  plan.flux->window_frames = 0;
  EXPECT_THROW(make(plan, {simple_cubic({2, 2, 2})}), InvariantError);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
