// Migration barriers by bands of images: against LAMMPS, and the laws that barriers obey.
#include "apps/zener/band_queue.hpp"
#include "host/neutral/hops.hpp"
#include "host/neutral/structure_builder.hpp"
#include "tests/neutral/support.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/tungsten.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace zener::test {
namespace {

Atoms bcc(const std::string &element, double a, int cells) {
  StructureSpec spec;
  spec.lattice = "bcc";
  spec.a_A = a;
  spec.cells = {cells, cells, cells};
  spec.elements = {element};
  return build_structure(spec);
}

MakeAtoms maker(Backend &backend, const PotentialPointer &potential) {
  return [&backend, potential](std::vector<Atoms> systems) {
    AtomsPlan plan;
    plan.systems = std::move(systems);
    plan.potential = potential;
    plan.skin_A = 0.5;
    return backend.make_atoms(plan);
  };
}

struct Found {
  double energies[2]; // of the ends, eV
  std::vector<double> profile;
  double forward() const { return *std::max_element(profile.begin(), profile.end()) - energies[0]; }
  double backward() const { return *std::max_element(profile.begin(), profile.end()) - energies[1]; }
};

// Ends at rest, then bands; many hops at once.
std::vector<Found> migrate(const MakeAtoms &make, const std::vector<Hop> &hops, int images, std::int64_t atoms_at_once,
                           bool climb = true) {
  BandsPlan settings;
  settings.climb = climb;
  BandQueue queue(make, settings, atoms_at_once);
  std::vector<Found> out(hops.size());
  std::vector<std::array<Atoms, 2>> ends(hops.size());
  for (const Hop &hop : hops) {
    for (const Atoms *end : {&hop.first, &hop.last}) {
      BandTask task;
      task.images = {*end};
      task.ends.force_tolerance_eV_A = 1e-3;
      queue.add(std::move(task));
    }
  }
  std::vector<int> met(hops.size());
  while (queue.unfinished() > 0) {
    for (BandResult &result : queue.next()) {
      EXPECT_FALSE(result.lost);
      EXPECT_EQ(result.report.status, BandReport::Status::converged);
      if (result.task >= 2 * hops.size()) {
        out[result.task - 2 * hops.size()].profile = result.report.energy_eV;
        continue;
      }
      const std::size_t hop = result.task / 2, end = result.task % 2;
      ends[hop][end] = result.images[0];
      out[hop].energies[end] = result.report.energy_eV[0];
      ++met[hop];
    }
    // Bands have numbers in the order of hops: they enter when all ends are at rest.
    if (queue.unfinished() == 0 && std::all_of(met.begin(), met.end(), [](int m) { return m == 2; })) {
      for (std::size_t hop = 0; hop < hops.size(); ++hop) {
        BandTask task;
        task.images = straight_path(ends[hop][0], ends[hop][1], images);
        task.ends = {images, ends[hop][0].position_A, ends[hop][1].position_A, out[hop].energies[0], out[hop].energies[1],
                     0.01};
        queue.add(std::move(task));
        met[hop] = 3;
      }
    }
  }
  return out;
}

// Eight jumps of one vacancy into equal neighbours, and the same ones alone.
TEST(Migration, EqualJumpsHaveEqualBarriersAloneAndTogether) {
  on_every_device([](Backend &backend) {
    const Atoms crystal = bcc("W", 3.1652, 4);
    const MakeAtoms make = maker(backend, finnis_sinclair_tungsten());
    const std::vector<Hop> hops = cluster_hops(crystal, {21});
    ASSERT_EQ(hops.size(), 8U);
    const std::vector<Found> together = migrate(make, hops, 3, 1 << 20);
    for (std::size_t h = 0; h < hops.size(); ++h) {
      EXPECT_NEAR(together[h].forward(), together[0].forward(), 1e-3) << h;
      EXPECT_NEAR(together[h].forward(), together[h].backward(), 1e-3) << h;
    }
    const std::vector<Found> few = migrate(make, {hops[0], hops[5]}, 3, 1500);
    EXPECT_EQ(few[0].profile, together[0].profile);
    EXPECT_EQ(few[1].profile, together[5].profile);
  });
}

// LAMMPS (CI-NEB, 8x8x8 cells): 0.6291 eV, and a minimum of 0.537 eV halfway.
TEST(Migration, VacancyInIronByMendelevsPotential) {
  const auto file = shared_file("data/potentials/eam/Fe_mm.eam.fs");
  if (file.empty()) {
    GTEST_SKIP() << "the potential is not here";
  }
  on_every_device([&](Backend &backend) {
    const Atoms crystal = bcc("Fe", 2.8553, slow_tests() ? 8 : 5);
    const PotentialPointer potential = parse_potential(R"({"kind": "eam_fs", "file": ")" + file.string() + "\"}", ".", "test");
    const std::size_t hole = crystal.size() / 2;
    const Hop hop = vacancy_hop(crystal, {hole}, shell_of(crystal, hole, 1)[7], hole);
    const Found found = migrate(maker(backend, potential), {hop}, 9, 1 << 20)[0];
    // Without a climbing image the middle one stays in the middle.
    const Found even = migrate(maker(backend, potential), {hop}, 9, 1 << 20, false)[0];
    std::printf("barriers %.4f and %.4f eV, halfway %.4f eV\n", found.forward(), found.backward(),
                even.profile[4] - even.energies[0]);
    EXPECT_NEAR(found.forward(), 0.6291, 0.005);
    EXPECT_NEAR(found.forward(), found.backward(), 1e-3);
    EXPECT_NEAR(even.profile[4] - even.energies[0], 0.537, 0.005);
  });
}

} // namespace
} // namespace zener::test
