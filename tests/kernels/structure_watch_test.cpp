// Structure watched over frames against frames looked at one by one; both feeders; restarts.
#include "host/engine/analysis_engine.hpp"
#include "host/engine/structure_engine.hpp"
#include "host/neutral/errors.hpp"
#include "tests/reference/mixture.hpp"
#include "tests/reference/philox.hpp"
#include "tests/support/device_test.hpp"

#include <cmath>
#include <numeric>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

// A bcc alloy of two elements, rattled.
Atoms rattled(int cells, std::uint32_t seed) {
  reference::Sequence random(seed);
  Atoms atoms;
  atoms.elements = {"Nb", "W"};
  const double a = 3.2;
  for (std::size_t d = 0; d < 3; ++d) {
    atoms.cell.vectors[d][d] = a * cells;
  }
  for (int x = 0; x < cells; ++x) {
    for (int y = 0; y < cells; ++y) {
      for (int z = 0; z < cells; ++z) {
        for (const double half : {0.0, 0.5}) {
          atoms.type.push_back(random.below(3) == 0 ? 1 : 0);
          Vector3 at{a * (x + half), a * (y + half), a * (z + half)};
          for (double &component : at) {
            component += 0.4 * (random.unit() - 0.5);
          }
          atoms.position_A.push_back(at);
        }
      }
    }
  }
  return atoms;
}

PhaseModel a_model() {
  PhaseModel model;
  model.phases = {"near", "far"};
  model.phase_of_component = {1, 0};
  model.mixture.features = kPhaseFeatures;
  const std::vector<double> own{0.01, 0.01, 0.21, 0.03, 0.53, 0.04, 0.3};
  for (const double shift : {0.02, 0.0}) {
    model.mixture.weight.push_back(0.5);
    model.mixture.mean.push_back(own);
    std::vector<double> covariance(49, 0.0);
    for (std::size_t i = 0; i < 7; ++i) {
      model.mixture.mean.back()[i] += shift;
      covariance[8 * i] = 1e-4 * static_cast<double>(i + 1);
    }
    model.mixture.covariance.push_back(covariance);
  }
  return model;
}

AnalysisPlan a_plan() {
  AnalysisPlan plan;
  StructureWatch &watch = plan.structure.emplace();
  watch.every_frames = 2;
  watch.histogram_bins = 20;
  watch.atoms_every = 2;
  watch.what.cna = watch.what.voronoi = true;
  watch.what.pairs = {6.0, 30};
  watch.what.waves = {4.0, 10, 8};
  watch.what.steinhardt = {SteinhardtPlan{}, {NeighbourRule::nearest, 14, 0.0, false}};
  watch.phases = std::make_shared<const PhaseModel>(a_model());
  return plan;
}

std::vector<std::vector<Atoms>> some_frames(int count) {
  std::vector<std::vector<Atoms>> frames;
  for (int f = 0; f < count; ++f) {
    frames.push_back({rattled(3, 1), rattled(4, 2)});
    reference::Sequence random(static_cast<std::uint32_t>(100 + f));
    for (Atoms &atoms : frames.back()) {
      for (Vector3 &x : atoms.position_A) {
        for (double &component : x) {
          component += 0.2 * (random.unit() - 0.5);
        }
      }
    }
  }
  return frames;
}

std::size_t place_of(const StructureWatch &watch, const std::string &name) {
  const auto numbers = watched_numbers(watch);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i].name == name) {
      return i;
    }
  }
  ADD_FAILURE() << "no number " << name;
  return 0;
}

double mean_of(const std::vector<double> &values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

ZENER_DEVICE_TEST(StructureWatch, IsWhatFramesOneByOneShow) {
  const AnalysisPlan plan = a_plan();
  const StructureWatch &watch = *plan.structure;
  const auto frames = some_frames(kDebugDevice ? 5 : 9);
  DeviceAnalysis analysis(queue(), plan, frames.front());
  for (const auto &frame : frames) {
    analysis.push(frame);
  }
  const AnalysisSums sums = analysis.sums();
  const StructureSums &got = *sums.structure;
  ASSERT_EQ(got.looked, static_cast<std::int64_t>(frames.size() + 1) / 2);
  const std::size_t columns = watched_numbers(watch).size();
  std::vector<double> g_total(30, 0.0), q4(20, 0.0), volume(20, 0.0), s_total(10, 0.0);
  reference::PlainMixture plain;
  for (std::size_t k = 0; k < 2; ++k) {
    plain.weight.push_back(0.5);
    plain.mean.push_back(watch.phases->mixture.mean[k]);
    plain.covariance.emplace_back();
    for (std::size_t i = 0; i < 7; ++i) {
      const auto row = watch.phases->mixture.covariance[k].begin() + static_cast<std::ptrdiff_t>(7 * i);
      plain.covariance.back().emplace_back(row, row + 7);
    }
  }
  for (std::size_t f = 0; f < frames.size(); f += 2) {
    const StructureResult one = find_structure(queue(), watch.what, frames[f]);
    for (std::size_t k = 0; k < 2; ++k) {
      const SystemStructure &own = one.systems[k];
      const auto n = static_cast<double>(own.cna.size());
      const auto number = [&](const std::string &name) {
        return got.series[(f / 2 * 2 + k) * columns + place_of(watch, name)];
      };
      EXPECT_DOUBLE_EQ(number("cna_bcc"), static_cast<double>(own.cna_counts[3]) / n);
      EXPECT_DOUBLE_EQ(number("cna_other"), static_cast<double>(own.cna_counts[0]) / n);
      reference::PlainSamples samples;
      for (std::size_t of = 0; of < 2; ++of) {
        std::vector<double> q6;
        for (const auto &q : own.steinhardt[of].q) {
          q6.push_back(q[4]);
          if (of == 0) {
            samples.emplace_back(q.begin(), q.end());
            if (k == 1) {
              q4[static_cast<std::size_t>(q[2] * 20)] += 20.0 / n / static_cast<double>(got.looked);
            }
          }
        }
        EXPECT_NEAR(number(of == 0 ? "q6" : "q6_2"), mean_of(q6), 1e-13);
      }
      const double mean = mean_of(own.voronoi.volume_A3);
      double squares = 0.0;
      for (const double v : own.voronoi.volume_A3) {
        squares += (v - mean) * (v - mean) / n;
        if (k == 1) {
          volume[static_cast<std::size_t>(v / mean * 10)] += 10.0 / n / static_cast<double>(got.looked);
        }
      }
      EXPECT_NEAR(number("volume"), mean, 1e-11);
      EXPECT_NEAR(number("volume_spread"), std::sqrt(squares), 1e-9);
      const auto posterior = reference::posteriors(plain, samples);
      double is_near = 0.0;
      for (const auto &p : posterior) {
        is_near += p[1] >= p[0] ? 1.0 / n : 0.0;
      }
      EXPECT_NEAR(number("phase_near"), is_near, 1e-12);
      EXPECT_NEAR(number("phase_near") + number("phase_far"), 1.0, 1e-12);
      EXPECT_NEAR(number("log_density"), mean_of(reference::log_densities(plain, samples)), 1e-9);
      for (std::size_t b = 0; k == 1 && b < 30; ++b) {
        g_total[b] += own.pairs.total[b] / static_cast<double>(got.looked);
      }
      for (std::size_t b = 0; k == 1 && b < 10; ++b) {
        s_total[b] += own.waves.total[b] / static_cast<double>(got.looked);
      }
    }
  }
  const WatchedStructure result = watched_structure(watch, got, frames.front(), 0.5);
  EXPECT_EQ(result.interval_ps, 1.0);
  int compared = 0;
  for (const WatchedCurve &curve : result.curves[1]) {
    const bool total = curve.shape.of == "total";
    const std::vector<double> *expected = curve.shape.name == "g" && total   ? &g_total
                                          : curve.shape.name == "S" && total ? &s_total
                                          : curve.shape.name == "q4"         ? &q4
                                          : curve.shape.name == "volume"     ? &volume
                                                                             : nullptr;
    for (std::size_t b = 0; expected != nullptr && b < expected->size(); ++b) {
      EXPECT_NEAR(curve.value[b], (*expected)[b], 1e-10) << curve.shape.name << " bin " << b;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 30 + 10 + 20 + 20);

  const std::vector<AtomFrame> kept = analysis.take_atoms(); // frames 0, 4, …
  ASSERT_EQ(kept.size(), (frames.size() + 3) / 4);
  EXPECT_EQ(kept[1].frame, 4);
  const StructureResult one = find_structure(queue(), watch.what, frames[4]);
  const Atoms &atoms = kept[1].systems[1];
  EXPECT_EQ(atoms.position_A, frames[4][1].position_A);
  EXPECT_EQ(atoms.type, frames[4][1].type);
  ASSERT_EQ(atoms.columns[0].name, "structure_type");
  ASSERT_EQ(atoms.columns[5].name, "q6");
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    EXPECT_EQ(std::get<std::vector<std::int64_t>>(atoms.columns[0].values)[i], static_cast<int>(one.systems[1].cna[i]));
    EXPECT_EQ(std::get<std::vector<double>>(atoms.columns[5].values)[i], one.systems[1].steinhardt[0].q[i][4]);
  }
  EXPECT_TRUE(analysis.take_atoms().empty());
}

ZENER_DEVICE_TEST(StructureWatch, GoesOnBitForBit) {
  const AnalysisPlan plan = a_plan();
  const auto frames = some_frames(7);
  DeviceAnalysis whole(queue(), plan, frames.front()), first(queue(), plan, frames.front()),
      second(queue(), plan, frames.front());
  for (std::size_t f = 0; f < frames.size(); ++f) {
    whole.push(frames[f]);
    (f < 4 ? first : second).push(frames[f]);
    if (f == 3) {
      second.load(first.save());
    }
  }
  EXPECT_EQ(whole.sums().structure->series, second.sums().structure->series);
  EXPECT_EQ(whole.sums().structure->curves.mean(), second.sums().structure->curves.mean());
  EXPECT_EQ(whole.save().values, second.save().values);
  AnalysisState other = first.save();
  other.values.pop_back();
  EXPECT_THROW(second.load(other), InvariantError);
}

ZENER_DEVICE_TEST(StructureWatch, NoAtomCrossesToTheHost) {
  AnalysisPlan plan = a_plan();
  plan.structure->atoms_every = 0;
  plan.structure->what.pairs.bins = 10;
  const std::vector<Atoms> small{rattled(3, 1)}, large{rattled(6, 1)};
  std::vector<std::uint64_t> bytes;
  for (const auto &systems : {small, large}) {
    DeviceAnalysis analysis(queue(), plan, systems);
    for (int f = 0; f < 2; ++f) {
      analysis.push(systems);
    }
    const std::uint64_t before = analysis.transfers().to_host;
    analysis.push(systems);
    bytes.push_back(analysis.transfers().to_host - before);
  }
  EXPECT_GT(bytes[0], 0U);
  // Eight times the atoms: only the densities of the waves, as many as there are wave vectors, may be more.
  EXPECT_LT(bytes[1], bytes[0] + 16 * 2 * 10 * 8);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
