// Structure of frames on a device against brute force, voro++, spherical harmonics by angles and what is known of perfect
// crystals.
#include "host/engine/structure_engine.hpp"
#include "host/neutral/errors.hpp"
#include "tests/reference/structure.hpp"
#include "tests/support/device_test.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

using reference::Crystal3;
using Mix = std::array<std::array<int, 3>, 3>;
constexpr Mix kSkew{{{1, 0, 0}, {1, 1, 0}, {-1, 1, 1}}};
constexpr double kA = 3.2;

class StructureTest : public DeviceTest {
protected:
  SystemStructure look(const StructurePlan &plan, const Atoms &atoms) {
    return find_structure(queue(), plan, {atoms}).systems.at(0);
  }
  static StructurePlan cells() {
    StructurePlan plan;
    plan.voronoi = plan.facets = true;
    return plan;
  }
  static StructurePlan parameters(const std::vector<SteinhardtPlan> &wanted) {
    StructurePlan plan;
    plan.steinhardt = wanted;
    return plan;
  }
  static SteinhardtPlan nearest(int n, bool averaged = false) { return {NeighbourRule::nearest, n, 0.0, averaged}; }
  static SteinhardtPlan within(double cutoff, bool averaged = false) { return {NeighbourRule::cutoff, 12, cutoff, averaged}; }
  static SteinhardtPlan weighted(bool averaged = false) { return {NeighbourRule::voronoi, 12, 0.0, averaged}; }

  // Every facet has its like, of the same neighbour and area to 1e-6 of the cell's; but for those of a size that one of the two
  // may have dropped.
  static void expect_cells(const VoronoiResult &got, const std::vector<reference::VoronoiCell> &expected, bool vectors) {
    ASSERT_EQ(got.volume_A3.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      double whole = 0.0;
      for (const auto &facet : expected[i].facets) {
        whole += facet.area;
      }
      EXPECT_NEAR(got.volume_A3[i], expected[i].volume, 1e-9 * expected[i].volume) << "atom " << i;
      EXPECT_NEAR(got.area_A2[i], whole, 5e-6 * whole) << "atom " << i;
      std::vector<char> met(expected[i].facets.size(), 0);
      for (auto f = static_cast<std::size_t>(got.begin[i]); f < static_cast<std::size_t>(got.begin[i + 1]); ++f) {
        bool found = false;
        for (std::size_t e = 0; e < met.size() && !found; ++e) {
          const auto &facet = expected[i].facets[e];
          double off = 0.0;
          for (std::size_t d = 0; vectors && d < 3; ++d) {
            off = std::max(off, std::abs(facet.vector[d] - got.vector_A[f][d]));
          }
          if (met[e] == 0 && facet.neighbour == got.neighbour[f] && std::abs(facet.area - got.facet_A2[f]) < 1e-6 * whole &&
              off < 1e-9) {
            met[e] = 1;
            found = true;
          }
        }
        EXPECT_TRUE(found || got.facet_A2[f] < 2e-6 * whole) << "atom " << i << ", facet " << f << " of " << got.facet_A2[f];
      }
      for (std::size_t e = 0; e < met.size(); ++e) {
        EXPECT_TRUE(met[e] != 0 || expected[i].facets[e].area < 2e-6 * whole)
            << "atom " << i << " misses a facet of " << expected[i].facets[e].area;
      }
    }
  }
  static void expect_near(const SteinhardtResult &got, const std::vector<std::array<double, 7>> &expected, double tolerance) {
    ASSERT_EQ(got.q.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      for (std::size_t l = 0; l < 7; ++l) {
        EXPECT_NEAR(got.q[i][l], expected[i][l], tolerance) << "atom " << i << ", l " << l + 2;
      }
    }
  }
};

// Cells of one atom and larger ones, upright and skew: planes meet in the corners of sc and fcc.
ZENER_DEVICE_TEST_F(Structure, CellsOfPerfectCrystals, StructureTest) {
  reference::Sequence random(1);
  struct Case {
    Crystal3 kind;
    int facets;
    double volume; // in a^3
  };
  for (const Case &c : {Case{Crystal3::sc, 6, 1.0}, Case{Crystal3::bcc, 14, 0.5}, Case{Crystal3::fcc, 12, 0.25},
                        Case{Crystal3::hcp, 12, std::sqrt(0.5)}}) {
    for (const int size : {1, 3}) {
      for (const bool skew : {false, true}) {
        Atoms atoms = reference::crystal(c.kind, {size, size, size}, kA, 0.0, random);
        if (skew) {
          atoms = reference::recut(atoms, kSkew, 0.7);
        }
        const VoronoiResult got = look(cells(), atoms).voronoi;
        for (std::size_t i = 0; i < atoms.size(); ++i) {
          EXPECT_NEAR(got.volume_A3[i], c.volume * kA * kA * kA, 1e-10);
          ASSERT_EQ(got.begin[i + 1] - got.begin[i], c.facets) << "kind " << static_cast<int>(c.kind) << " skew " << skew;
        }
      }
    }
  }
  // The eight hexagons and six squares of bcc.
  const VoronoiResult bcc = look(cells(), reference::crystal(Crystal3::bcc, {2, 2, 2}, kA, 0.0, random)).voronoi;
  for (std::size_t f = 0; f < 14; ++f) {
    EXPECT_NEAR(bcc.facet_A2[f], (f < 8 ? 0.1875 * std::sqrt(3.0) : 0.125) * kA * kA, 1e-10);
  }
}

ZENER_DEVICE_TEST_F(Structure, CellsAgainstBruteForce, StructureTest) {
  reference::Sequence random(2);
  std::vector<Atoms> systems{reference::crystal(Crystal3::bcc, {2, 1, 1}, kA, 0.3, random),
                             reference::recut(reference::crystal(Crystal3::hcp, {1, 1, 1}, kA, 0.2, random), kSkew, 0.4),
                             reference::random_atoms({Vector3{5, 0, 0}, Vector3{2, 6, 0}, Vector3{-2, 1, 4}}, 5, 0.5, random)};
  const StructureResult got = find_structure(queue(), cells(), systems);
  for (std::size_t k = 0; k < systems.size(); ++k) {
    std::vector<reference::VoronoiCell> expected;
    for (int i = 0; i < static_cast<int>(systems[k].size()); ++i) {
      expected.push_back(reference::voronoi_cell(systems[k], i, k == 2 ? 7.0 : 5.6));
    }
    expect_cells(got.systems[k].voronoi, expected, true);
  }
}

ZENER_DEVICE_TEST_F(Structure, CellsAgainstVoroPlusPlus, StructureTest) {
  reference::Sequence random(3);
  const int size = kDebugDevice ? 2 : 4;
  const double edge = kDebugDevice ? 7.0 : 14.0;
  const int count = kDebugDevice ? 16 : 130;
  std::vector<Atoms> systems;
  for (const Crystal3 kind : {Crystal3::bcc, Crystal3::hcp, Crystal3::fcc}) {
    for (const double amplitude : {0.02, 0.35}) {
      const Atoms atoms = reference::crystal(kind, {size, size, size}, kA, amplitude, random);
      systems.push_back(atoms);
      systems.push_back(reference::recut(atoms, kSkew, 1.1));
    }
  }
  const Matrix3 cube{Vector3{edge, 0, 0}, Vector3{0, edge, 0}, Vector3{0, 0, edge}};
  systems.push_back(reference::random_atoms(cube, count, 2.2, random)); // liquid-like
  systems.push_back(reference::recut(reference::random_atoms(cube, count, 2.2, random), kSkew, 0.3));
  systems.push_back(reference::random_atoms(cube, count, 0.0, random)); // ideal gas
  // An atom in a ball of forty, whose cell has a facet for each: more than rows have room for at first.
  Atoms ball = reference::random_atoms({Vector3{9, 0, 0}, Vector3{0, 9, 0}, Vector3{0, 0, 9}}, 1, 0.0, random);
  for (int i = 0; i < 40; ++i) {
    const double z = (2.0 * i + 1.0) / 40.0 - 1.0, turn = 2.399963 * i, r = std::sqrt(1.0 - z * z);
    const Vector3 &middle = ball.position_A[0];
    ball.position_A.push_back(
        {middle[0] + 3.0 * r * std::cos(turn), middle[1] + 3.0 * r * std::sin(turn), middle[2] + 3.0 * z});
    ball.type.push_back(0);
  }
  systems.push_back(ball);
  const StructureResult got = find_structure(queue(), cells(), systems);
  EXPECT_EQ(got.systems.back().voronoi.begin[1], 40);
  for (std::size_t k = 0; k < systems.size(); ++k) {
    SCOPED_TRACE("system " + std::to_string(k));
    std::vector<reference::VoronoiCell> expected;
    if (!reference::voro_cells(systems[k], expected)) {
      GTEST_SKIP() << "built without voro++ (package voro++-dev)";
    }
    expect_cells(got.systems[k].voronoi, expected, false);
    const std::vector<double> &v = got.systems[k].voronoi.volume_A3;
    EXPECT_NEAR(std::accumulate(v.begin(), v.end(), 0.0), volume(systems[k].cell), 1e-9 * volume(systems[k].cell));
  }
}

// Values of the literature; any cut of the crystal, any orientation.
ZENER_DEVICE_TEST_F(Structure, ParametersOfPerfectCrystals, StructureTest) {
  reference::Sequence random(4);
  struct Case {
    Crystal3 kind;
    SteinhardtPlan plan;
    double q4, q6;
  };
  const std::vector<Case> known{
      {Crystal3::sc, nearest(6), 0.763763, 0.353553},     {Crystal3::fcc, nearest(12), 0.190941, 0.574524},
      {Crystal3::hcp, nearest(12), 0.097222, 0.484762},   {Crystal3::bcc, nearest(8), 0.509175, 0.628539},
      {Crystal3::bcc, nearest(14), 0.036370, 0.510688},   {Crystal3::bcc, within(1.2 * kA), 0.036370, 0.510688},
      {Crystal3::sc, weighted(), 0.763763, 0.353553},     {Crystal3::fcc, weighted(), 0.190941, 0.574524},
      {Crystal3::hcp, weighted(), 0.097222, 0.484762},    {Crystal3::bcc, weighted(), 0.224025, 0.566940},
      {Crystal3::bcc, weighted(true), 0.224025, 0.566940}};
  for (const Case &c : known) {
    for (const bool skew : {false, true}) {
      Atoms atoms = reference::crystal(c.kind, {skew ? 2 : 1, 1, 2}, kA, 0.0, random);
      if (skew) {
        atoms = reference::recut(atoms, kSkew, 0.9);
      }
      const SteinhardtResult got = look(parameters({c.plan}), atoms).steinhardt.at(0);
      for (const auto &q : got.q) {
        EXPECT_NEAR(q[2], c.q4, 1e-6);
        EXPECT_NEAR(q[4], c.q6, 1e-6);
      }
      EXPECT_EQ(got.short_of_neighbours, 0);
    }
  }
}

ZENER_DEVICE_TEST_F(Structure, ParametersAgainstHarmonics, StructureTest) {
  reference::Sequence random(5);
  const Atoms atoms = reference::recut(reference::crystal(Crystal3::bcc, {2, 2, 3}, kA, 0.4, random), kSkew, 0.5);
  const Atoms turned = reference::recut(atoms, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}, 2.3);
  StructurePlan plan = cells();
  plan.steinhardt = {nearest(13), nearest(13, true), within(4.1), within(4.1, true), weighted(), weighted(true)};
  const SystemStructure got = look(plan, atoms), again = look(plan, turned);
  for (std::size_t p = 0; p < plan.steinhardt.size(); ++p) {
    SCOPED_TRACE("plan " + std::to_string(p));
    std::vector<std::vector<reference::Bond>> bonds(atoms.size());
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      if (plan.steinhardt[p].rule == NeighbourRule::voronoi) {
        for (std::int64_t f = got.voronoi.begin[i]; f < got.voronoi.begin[i + 1]; ++f) {
          const auto at = static_cast<std::size_t>(f);
          bonds[i].push_back({got.voronoi.neighbour[at], got.voronoi.vector_A[at], got.voronoi.facet_A2[at]});
        }
        continue;
      }
      const bool by_number = plan.steinhardt[p].rule == NeighbourRule::nearest;
      auto near = reference::neighbours_within(atoms, static_cast<int>(i), by_number ? 7.0 : plan.steinhardt[p].cutoff_A);
      near.resize(by_number ? 13 : near.size());
      for (const auto &neighbour : near) {
        bonds[i].push_back({neighbour.atom, neighbour.vector, 1.0});
      }
    }
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      EXPECT_EQ(got.steinhardt[p].neighbours[i], static_cast<int>(bonds[i].size()));
    }
    expect_near(got.steinhardt[p], reference::steinhardt(bonds, plan.steinhardt[p].averaged), 1e-10);
    expect_near(again.steinhardt[p], got.steinhardt[p].q, 1e-10);
  }
}

ZENER_DEVICE_TEST_F(Structure, PairsAgainstBruteForce, StructureTest) {
  reference::Sequence random(6);
  Atoms atoms = reference::recut(reference::crystal(Crystal3::bcc, {2, 2, 2}, kA, 0.4, random), kSkew, 0.5);
  atoms.elements = {"W", "Mo", "Ta"};
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    atoms.type[i] = static_cast<std::int32_t>(i % 5 == 0 ? 2 : i % 2);
  }
  const Atoms other = reference::crystal(Crystal3::fcc, {1, 1, 1}, kA, 0.2, random); // fewer elements
  StructurePlan plan;
  plan.pairs = {7.5, 60};
  const StructureResult result = find_structure(queue(), plan, {other, atoms, other});
  for (const std::size_t k : {std::size_t{1}, std::size_t{2}}) {
    const Atoms &own = k == 1 ? atoms : other;
    const PairDistribution &got = result.systems[k].pairs;
    const std::size_t elements = own.elements.size();
    std::vector<std::vector<std::uint64_t>> count(elements * (elements + 1) / 2, std::vector<std::uint64_t>(60, 0));
    std::vector<double> number(elements, 0.0), total(60, 0.0);
    for (int i = 0; i < static_cast<int>(own.size()); ++i) {
      const auto a = static_cast<std::size_t>(own.type[static_cast<std::size_t>(i)]);
      number[a] += 1.0;
      for (const auto &near : reference::neighbours_within(own, i, 7.5)) {
        const auto b = static_cast<std::size_t>(own.type[static_cast<std::size_t>(near.atom)]);
        const auto bin = static_cast<std::size_t>(near.distance / (7.5 / 60));
        total[bin] += 1.0;
        if (a <= b) {
          ++count[a * elements - a * (a + 1) / 2 + b][bin];
        }
      }
    }
    ASSERT_EQ(got.count, count);
    const double n = static_cast<double>(own.size()), v = volume(own.cell);
    for (std::size_t bin = 0; bin < 60; ++bin) {
      const double low = static_cast<double>(bin) * 7.5 / 60, high = low + 7.5 / 60;
      const double shell = 4.0 / 3.0 * 3.14159265358979323846 * (high * high * high - low * low * low);
      EXPECT_NEAR(got.total[bin], total[bin] * v / (n * n * shell), 1e-9);
      EXPECT_NEAR(got.partial[elements == 3 ? 4 : 0][bin],
                  elements == 3 ? static_cast<double>(count[4][bin]) * v / (number[1] * number[2] * shell)
                                : static_cast<double>(count[0][bin]) * v / (number[0] * number[0] * shell),
                  1e-9);
    }
  }
  // Histograms too large for a team's scratch.
  plan.pairs = {7.5, 6000};
  const PairDistribution fine = look(plan, atoms).pairs;
  const PairDistribution &coarse = result.systems[1].pairs;
  for (std::size_t p = 0; p < coarse.count.size(); ++p) {
    for (std::size_t bin = 0; bin < 60; ++bin) {
      const auto begin = fine.count[p].begin() + static_cast<std::ptrdiff_t>(100 * bin);
      EXPECT_EQ(std::accumulate(begin, begin + 100, std::uint64_t{0}), coarse.count[p][bin]);
    }
  }
}

ZENER_DEVICE_TEST_F(Structure, WavesAgainstDirectSums, StructureTest) {
  reference::Sequence random(7);
  Atoms atoms = reference::recut(reference::crystal(Crystal3::bcc, {2, 1, 2}, kA, 0.4, random), kSkew, 0.5);
  atoms.elements = {"W", "Mo"};
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    atoms.type[i] = static_cast<std::int32_t>(i % 3 == 0 ? 1 : 0);
  }
  for (Vector3 &x : atoms.position_A) {
    x[1] += 100.0; // not wrapped
  }
  StructurePlan plan;
  plan.waves = {4.0, 13, 0};
  const StructureResult result =
      find_structure(queue(), plan, {reference::crystal(Crystal3::fcc, {2, 2, 2}, kA, 0.0, random), atoms});
  const StructureFactor &got = result.systems[1].waves;
  const StructureFactor expected = reference::structure_factor(atoms, plan.waves);
  for (std::size_t bin = 0; bin < 13; ++bin) {
    EXPECT_EQ(2 * got.vectors[bin], expected.vectors[bin]); // one of q and -q
    EXPECT_NEAR(got.q_per_A[bin], expected.q_per_A[bin], 1e-10);
    EXPECT_NEAR(got.total[bin], expected.total[bin], 1e-9);
    for (std::size_t pair = 0; pair < 3; ++pair) {
      EXPECT_NEAR(got.partial[pair][bin], expected.partial[pair][bin], 1e-9);
    }
  }
  // fcc: nothing but Bragg peaks, of height N; the first, 111, at 2 pi sqrt 3 / a.
  const StructureFactor &fcc = result.systems[0].waves;
  for (std::size_t bin = 0; bin < 13; ++bin) {
    const bool peak = bin == static_cast<std::size_t>(2.0 * 3.14159265358979 * std::sqrt(3.0) / kA / (4.0 / 13));
    EXPECT_EQ(fcc.total[bin] > 1e-9, peak || 4.0 * 3.14159265358979 / kA / (4.0 / 13) < static_cast<double>(bin + 1)) << bin;
  }
  // A few of the vectors.
  plan.waves.vectors_per_bin = 5;
  const StructureFactor some = look(plan, atoms).waves;
  for (std::size_t bin = 0; bin < 13; ++bin) {
    EXPECT_EQ(some.vectors[bin], std::min<std::int64_t>(5, got.vectors[bin]));
  }
}

ZENER_DEVICE_TEST_F(Structure, KindsOfCrystals, StructureTest) {
  reference::Sequence random(8);
  StructurePlan plan;
  plan.cna = true;
  const std::vector<std::pair<Crystal3, CnaKind>> known{{Crystal3::sc, CnaKind::other},
                                                        {Crystal3::bcc, CnaKind::bcc},
                                                        {Crystal3::fcc, CnaKind::fcc},
                                                        {Crystal3::hcp, CnaKind::hcp}};
  for (const auto &[crystal, kind] : known) {
    Atoms atoms = reference::recut(reference::crystal(crystal, {2, 2, 2}, kA, 0.05, random), kSkew, 0.2);
    const SystemStructure got = look(plan, atoms);
    if (crystal != Crystal3::sc) {
      EXPECT_EQ(got.cna_counts[static_cast<std::size_t>(kind)], static_cast<std::int64_t>(atoms.size()));
    }
    // So hot that many atoms look otherwise.
    atoms = reference::crystal(crystal, {3, 3, 3}, kA, 0.1 * kA, random);
    const SystemStructure hot = look(plan, atoms);
    for (int i = 0; i < static_cast<int>(atoms.size()); ++i) {
      EXPECT_EQ(hot.cna[static_cast<std::size_t>(i)], reference::adaptive_cna(atoms, i)) << "atom " << i;
    }
  }
  // Thirteen atoms of an icosahedron, alone: the middle one has twelve neighbours, nobody has fourteen.
  Atoms atoms;
  atoms.elements = {"W"};
  atoms.cell.vectors = {Vector3{12, 0, 0}, Vector3{0, 12, 0}, Vector3{0, 0, 12}};
  atoms.cell.periodic = {false, false, false};
  atoms.position_A.push_back({6, 6, 6});
  const double golden = 0.5 * (1.0 + std::sqrt(5.0));
  for (const double one : {-1.0, 1.0}) {
    for (const double two : {-golden, golden}) {
      atoms.position_A.push_back({6, 6 + one, 6 + two});
      atoms.position_A.push_back({6 + one, 6 + two, 6});
      atoms.position_A.push_back({6 + two, 6, 6 + one});
    }
  }
  atoms.type.assign(13, 0);
  const SystemStructure cluster = look(plan, atoms);
  EXPECT_EQ(cluster.cna[0], CnaKind::icosahedral);
  EXPECT_EQ(cluster.cna_counts[0], 12);
}

// A frame looks the same in any batch, in any order of its atoms, and in another number of threads.
ZENER_DEVICE_TEST_F(Structure, SystemsAreAlone, StructureTest) {
  reference::Sequence random(9);
  const Atoms one = reference::crystal(Crystal3::bcc, {2, 2, 2}, kA, 0.3, random);
  const Atoms two = reference::recut(reference::crystal(Crystal3::fcc, {2, 1, 1}, 4.0, 0.2, random), kSkew, 0.3);
  StructurePlan plan = cells();
  plan.steinhardt = {nearest(12, true), weighted(true)};
  plan.cna = true;
  plan.pairs = {5.0, 20};
  const StructureResult both = find_structure(queue(), plan, {one, two});
  Atoms reversed = one;
  std::reverse(reversed.position_A.begin(), reversed.position_A.end());
  queue().set_threads(1);
  const SystemStructure alone = look(plan, one), backwards = look(plan, reversed);
  const SystemStructure &batch = both.systems[0];
  EXPECT_EQ(batch.voronoi.volume_A3, alone.voronoi.volume_A3);
  EXPECT_EQ(batch.voronoi.neighbour, alone.voronoi.neighbour);
  EXPECT_EQ(batch.pairs.count, alone.pairs.count);
  EXPECT_EQ(batch.pairs.count, backwards.pairs.count);
  EXPECT_EQ(batch.cna, alone.cna);
  for (std::size_t i = 0; i < one.size(); ++i) {
    const std::size_t back = one.size() - 1 - i;
    EXPECT_NEAR(batch.voronoi.volume_A3[i], backwards.voronoi.volume_A3[back], 1e-10);
    EXPECT_EQ(batch.cna[i], backwards.cna[back]);
    for (std::size_t l = 0; l < 7; ++l) {
      EXPECT_NEAR(batch.steinhardt[1].q[i][l], backwards.steinhardt[1].q[back][l], 1e-12);
    }
  }
}

ZENER_DEVICE_TEST_F(Structure, RefusesWhatCannotBe, StructureTest) {
  reference::Sequence random(10);
  const Atoms good = reference::crystal(Crystal3::bcc, {1, 1, 1}, kA, 0.0, random);
  const auto message = [&](const StructurePlan &plan, const Atoms &atoms) -> std::string {
    try {
      look(plan, atoms);
    } catch (const Error &error) {
      return error.what();
    }
    return "(accepted)";
  };
  const auto expect = [](const std::string &text, const std::string &part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  Atoms bad = good;
  bad.position_A[1] = bad.position_A[0];
  expect(message(cells(), bad), "atom 1 of system 1 lies on top of another");
  bad = good;
  bad.cell.periodic[2] = false;
  expect(message(cells(), bad), "system 1 has a free direction");
  EXPECT_EQ(message(parameters({nearest(4)}), bad), "(accepted)");
  bad = good;
  bad.position_A[1][0] = NAN;
  expect(message(cells(), bad), "atom 2 of system 1 is no number");
  bad = good;
  bad.cell.vectors[2] = bad.cell.vectors[1];
  expect(message(cells(), bad), "volume of 0 A^3");
  bad = good;
  bad.position_A.clear();
  bad.type.clear();
  expect(message(cells(), bad), "no atoms");
  expect(message(parameters({nearest(33)}), good), "1 to 32");
  expect(message(parameters({within(0.0)}), good), "above 0");
  StructurePlan plan;
  plan.pairs = {NAN, 10};
  expect(message(plan, good), "g(r)");
  plan = {};
  plan.waves = {1e5, 10, 10};
  expect(message(plan, good), "smaller largest q");
  plan = cells();
  plan.least_facet = 0.5;
  expect(message(plan, good), "least_facet");
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
