// Ends of migration paths: which atoms move, how far, and what is refused.
#include "host/neutral/errors.hpp"
#include "host/neutral/hops.hpp"
#include "host/neutral/structure_builder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

namespace zener::test {
namespace {

constexpr double kA = 3.0;
const double kNear = std::sqrt(0.75) * kA;

Atoms bcc(int cells) {
  StructureSpec spec;
  spec.lattice = "bcc";
  spec.a_A = kA;
  spec.cells = {cells, cells, cells};
  spec.elements = {"W"};
  return build_structure(spec);
}

double length(const Vector3 &v) { return std::hypot(v[0], v[1], v[2]); }

Vector3 way(const Hop &hop, std::size_t i) {
  Vector3 out{};
  for (std::size_t d = 0; d < 3; ++d) {
    out[d] = hop.last.position_A[i][d] - hop.first.position_A[i][d];
  }
  return out;
}

// Ways of the atoms that move.
std::vector<Vector3> moves(const Hop &hop) {
  EXPECT_EQ(hop.first.type, hop.last.type);
  EXPECT_EQ(hop.first.cell.vectors, hop.last.cell.vectors);
  std::vector<Vector3> out;
  for (std::size_t i = 0; i < hop.first.size(); ++i) {
    if (length(way(hop, i)) > 1e-9) {
      out.push_back(way(hop, i));
    }
  }
  return out;
}

// The distance of every atom to the nearest site of the crystal, of those that are not on one.
std::vector<double> off_sites(const Atoms &atoms, const Atoms &crystal) {
  std::vector<double> out;
  for (const Vector3 &x : atoms.position_A) {
    double nearest = 1e9;
    for (const Vector3 &site : crystal.position_A) {
      nearest = std::min(nearest, length(shortest(crystal.cell, {x[0] - site[0], x[1] - site[1], x[2] - site[2]})));
    }
    if (nearest > 1e-6) {
      out.push_back(nearest);
    }
  }
  return out;
}

void refused(const std::function<void()> &build, const std::string &word) {
  try {
    build();
    ADD_FAILURE() << "not refused: " << word;
  } catch (const ConfigError &error) {
    EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
  }
}

TEST(Hops, ShellsOfABodyCentredLattice) {
  const Atoms crystal = bcc(5);
  const std::map<int, std::pair<std::size_t, double>> known{{1, {8, kNear}}, {2, {6, kA}}, {3, {12, std::sqrt(2.0) * kA}}};
  for (const auto &[shell, expected] : known) {
    const std::vector<std::size_t> sites = shell_of(crystal, 7, shell);
    EXPECT_EQ(sites.size(), expected.first);
    for (const std::size_t site : sites) {
      EXPECT_NEAR(length(shortest(crystal, 7, site)), expected.second, 1e-9);
    }
  }
  refused([&] { shell_of(bcc(2), 0, 2); }, "too small");
  refused([&] { shell_of(crystal, 250, 1); }, "not there");
}

TEST(Hops, OneAtomJumpsIntoAVacancy) {
  const Atoms crystal = bcc(4);
  const std::vector<Hop> all = cluster_hops(crystal, {0});
  ASSERT_EQ(all.size(), 8U);
  for (const Hop &hop : all) {
    EXPECT_EQ(hop.first.size(), 127U);
    const std::vector<Vector3> moved = moves(hop);
    ASSERT_EQ(moved.size(), 1U);
    EXPECT_NEAR(length(moved[0]), kNear, 1e-9) << "the shortest way, also across the cell's border";
  }
  refused([&] { vacancy_hop(crystal, {0}, 0, 0); }, "cannot jump");
  refused([&] { vacancy_hop(crystal, {0}, 1, 2); }, "cannot jump");
  refused([&] { vacancy_hop(crystal, {3, 3}, 1, 3); }, "twice");
  refused([&] { vacancy_hop(crystal, {128}, 1, 128); }, "not there");
}

TEST(Hops, ClustersAreCompactAndLoseNoJump) {
  const Atoms crystal = bcc(4);
  const std::vector<std::size_t> three = compact_cluster(crystal, 5, 3);
  ASSERT_EQ(three.size(), 3U);
  std::vector<double> distances;
  for (std::size_t a = 0; a < 3; ++a) {
    distances.push_back(length(shortest(crystal, three[a], three[(a + 1) % 3])));
  }
  std::sort(distances.begin(), distances.end());
  EXPECT_NEAR(distances[0], kNear, 1e-9);
  EXPECT_NEAR(distances[1], kNear, 1e-9);
  EXPECT_NEAR(distances[2], kA, 1e-9);
  // Eight neighbours each; the pairs among the three cannot jump into each other.
  const std::vector<Hop> hops = cluster_hops(crystal, three);
  EXPECT_EQ(hops.size(), 20U);
  for (const Hop &hop : hops) {
    EXPECT_EQ(hop.first.size(), 125U);
    EXPECT_EQ(moves(hop).size(), 1U);
  }
  EXPECT_EQ(cluster_hops(crystal, {0, shell_of(crystal, 0, 2).front()}).size(), 16U);
  refused([&] { compact_cluster(crystal, 128, 2); }, "not there");
  refused([&] { compact_cluster(bcc(1), 0, 3); }, "does not fit");
}

TEST(Hops, TheDumbbellTurnsBySixtyDegrees) {
  const Atoms crystal = bcc(4);
  const Hop hop = dumbbell_hop(crystal, 40);
  EXPECT_EQ(hop.first.size(), 129U);
  EXPECT_EQ(moves(hop).size(), 3U);
  for (const Atoms *end : {&hop.first, &hop.last}) {
    EXPECT_EQ(off_sites(*end, crystal).size(), 2U) << "the pair, all others on sites";
  }
  // The pair's axes: of the first end atom 40 and the last one, of the last end those that are off sites.
  Vector3 before{};
  for (std::size_t d = 0; d < 3; ++d) {
    before[d] = hop.first.position_A.back()[d] - hop.first.position_A[40][d];
  }
  std::vector<Vector3> pair;
  for (const Vector3 &x : hop.last.position_A) {
    Atoms one = hop.last;
    one.position_A = {x};
    if (!off_sites(one, crystal).empty()) {
      pair.push_back(x);
    }
  }
  ASSERT_EQ(pair.size(), 2U);
  const Vector3 after = shortest(crystal.cell, {pair[1][0] - pair[0][0], pair[1][1] - pair[0][1], pair[1][2] - pair[0][2]});
  const double cosine = (before[0] * after[0] + before[1] * after[1] + before[2] * after[2]) / (length(before) * length(after));
  EXPECT_NEAR(std::abs(cosine), 0.5, 1e-9);
  EXPECT_NEAR(length(before), length(after), 1e-9);
  refused([&] { dumbbell_hop(crystal, 4000); }, "not there");
}

TEST(Hops, CrowdionsAndChainsGoAlongTheirRow) {
  const Atoms crystal = bcc(4);
  const std::map<std::string, double> step{{"100", kA}, {"110", std::sqrt(2.0) * kA}, {"111", kNear}};
  for (const auto &[direction, distance] : step) {
    const Hop crowdion = crowdion_hop(crystal, 9, direction);
    EXPECT_EQ(crowdion.first.size(), 129U);
    ASSERT_EQ(moves(crowdion).size(), 2U) << direction;
    for (const Vector3 &move : moves(crowdion)) {
      EXPECT_NEAR(length(move), 0.5 * distance, 1e-9);
    }
    const Hop chain = chain_hop(crystal, 9, direction, 2);
    EXPECT_EQ(chain.first.size(), 127U);
    ASSERT_EQ(moves(chain).size(), 2U) << direction;
    const Hop row = chain_hop(crystal, 9, direction, 0);
    EXPECT_EQ(row.first.size(), 128U);
    EXPECT_EQ(moves(row).size(), direction == "111" ? 8U : 4U);
    for (const Hop *hop : {&chain, &row}) {
      for (const Vector3 &move : moves(*hop)) {
        EXPECT_NEAR(length(move), distance, 1e-9);
      }
      EXPECT_TRUE(off_sites(hop->last, crystal).empty());
    }
  }
  refused([&] { crowdion_hop(crystal, 9, "112"); }, "112");
  refused([&] { chain_hop(crystal, 9, "100", 4); }, "do not fit");
  refused([&] { chain_hop(crystal, 999, "100", 1); }, "not there");
}

TEST(Hops, FilesPairTheirAtoms) {
  const Atoms crystal = bcc(4);
  Atoms last = crystal;
  last.position_A[0][0] += 4 * kA - 0.5; // 0.5 A back, an image further
  last.elements = {"Ta", "W"};
  std::fill(last.type.begin(), last.type.end(), 1);
  const Hop hop = hop_between(crystal, last);
  ASSERT_EQ(moves(hop).size(), 1U);
  EXPECT_NEAR(moves(hop)[0][0], -0.5, 1e-9);
  EXPECT_EQ(hop.last.elements, crystal.elements);

  Atoms other = crystal;
  other.position_A.pop_back();
  other.type.pop_back();
  refused([&] { hop_between(crystal, other); }, "128 and 127 atoms");
  other = last;
  other.type[6] = 0;
  refused([&] { hop_between(crystal, other); }, "atom 7 is W at one end of a path and Ta");
  other = crystal;
  other.cell.vectors[1][1] += 0.01;
  refused([&] { hop_between(crystal, other); }, "cells");
  other = crystal;
  other.cell.periodic[2] = false;
  refused([&] { hop_between(crystal, other); }, "periodic");
  other = crystal;
  other.position_A[3][2] += 2.0 * kA;
  refused([&] { hop_between(crystal, other); }, "atom 4 would go");
}

} // namespace
} // namespace zener::test
