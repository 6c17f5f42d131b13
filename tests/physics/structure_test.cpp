// Structure of frames through the seam, on every device.
#include "host/neutral/errors.hpp"
#include "tests/reference/structure.hpp"
#include "tests/support/backends.hpp"

#include <algorithm>

namespace zener {
namespace {

// A hot crystal and a liquid differ as they should: cells fill the box, q6 and common neighbours know the crystal.
TEST(StructureOfFrames, CrystalAndLiquid) {
  reference::Sequence random(1);
  const Atoms bcc = reference::crystal(reference::Crystal3::bcc, {5, 5, 5}, 3.2, 0.2, random);
  const Atoms liquid = reference::random_atoms(bcc.cell.vectors, 250, 2.1, random);
  StructurePlan plan;
  plan.voronoi = plan.cna = true;
  plan.steinhardt = {SteinhardtPlan{}};
  plan.pairs = {8.0, 80};
  plan.waves = {5.0, 50, 0};
  test::on_every_device([&](Backend &backend) {
    const StructureResult result = backend.structure(plan, {bcc, liquid});
    double q6[2] = {0.0, 0.0};
    for (std::size_t k = 0; k < 2; ++k) {
      const SystemStructure &own = result.systems[k];
      double filled = 0.0;
      for (std::size_t i = 0; i < 250; ++i) {
        filled += own.voronoi.volume_A3[i];
        q6[k] += own.steinhardt[0].q[i][4] / 250.0;
      }
      EXPECT_NEAR(filled, volume(bcc.cell), 1e-9 * filled);
      // The integral of g(r) over r^2 is the number of neighbours.
      double neighbours = 0.0;
      for (std::size_t bin = 0; bin < 80; ++bin) {
        neighbours += static_cast<double>(own.pairs.count[0][bin]) / 250.0;
      }
      EXPECT_NEAR(neighbours, 250.0 / volume(bcc.cell) * 4.0 / 3.0 * 3.14159265 * 512.0, 0.05 * neighbours);
    }
    EXPECT_GT(result.systems[0].cna_counts[3], 200);
    EXPECT_LT(result.systems[1].cna_counts[3], 10);
    EXPECT_GT(q6[0], 0.45);
    EXPECT_LT(q6[1], 0.3);
    // Bragg peaks stand out of the crystal's S(q) alone.
    EXPECT_GT(*std::max_element(result.systems[0].waves.total.begin(), result.systems[0].waves.total.end()), 10.0);
    EXPECT_LT(*std::max_element(result.systems[1].waves.total.begin(), result.systems[1].waves.total.end()), 10.0);
    EXPECT_THROW(backend.structure(plan, {}), Error);
  });
}

} // namespace
} // namespace zener
