// Tracer correlation factors of a single vacancy with equal barriers: exact numbers of the lattice (Montet, Phys. Rev. B 7, 650
// (1973); Koiwa and Ishioka, Philos. Mag. A 47, 927 (1983)).
#include "tests/support/backends.hpp"
#include "tests/support/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

namespace zener::test {
namespace {

struct Case {
  Structure structure;
  int cells;
  double jump_squared; // lattice units
  double exact;
};

// f = sum over atoms of r^2 / (jumps b^2). Walks of 4 10^4 hops: the error of a hop grows with the distances that atoms have
// gone, the bias of a walk that ends before the vacancy comes back falls as 1 / hops, to about 10^-4 here. Cells of 16,000
// sites: the bias of periodic images is of the order of 1 / sites.
TEST(Tracers, CorrelationFactorOfASingleVacancy) {
  on_every_device([](Backend &backend) {
    for (const Case &c : {Case{Structure::bcc, 20, 3.0, 0.727194}, Case{Structure::sc, 25, 1.0, 0.653109},
                          Case{Structure::fcc, 16, 2.0, 0.781451}}) {
      constexpr std::uint64_t kHops = 40000;
      KmcPlan plan;
      plan.structure = c.structure;
      plan.cells = {c.cells, c.cells, c.cells};
      plan.lattice_constant_A = 3.0;
      plan.elements = {"Mo"};
      plan.model = ConstantBarrier{0.5};
      plan.seed = 3;
      plan.replicas = slow_tests() ? 5000 : 600;
      plan.tracers = true;
      plan.groups = {{1000.0, {plan.sites() - 1}}};
      const auto batch = backend.make_kmc(plan);
      batch->advance(kHops, {});
      const KmcState state = batch->save();
      Sample f;
      for (std::size_t w = 0; w < static_cast<std::size_t>(plan.replicas); ++w) {
        ASSERT_EQ(state.jumps[w], kHops);
        f.add(static_cast<double>(state.squared[w]) / (static_cast<double>(kHops) * c.jump_squared));
      }
      std::printf("correlation factor, %s: %.5f +- %.5f, exact %.6f\n", structure_name(c.structure), f.mean(),
                  f.standard_error(), c.exact);
      EXPECT_LT(std::abs(f.deviations_from(c.exact)), 3.0) << structure_name(c.structure);
      EXPECT_LT(std::abs(f.mean() / c.exact - 1.0), 0.002) << structure_name(c.structure);
      EXPECT_LT(f.standard_error() / c.exact, 0.001);
    }
  });
}

} // namespace
} // namespace zener::test
