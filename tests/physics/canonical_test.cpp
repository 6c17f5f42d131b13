// pair_kra obeys detailed balance, so the order that hops make, weighted by residence times, is the canonical one, which
// Metropolis exchanges give without any kinetics.
#include "host/neutral/pair_kra.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

namespace zener::test {
namespace {

PairKra ordering_model(Structure structure) {
  PairKra model;
  model.elements = {"Nb", "Mo", "Ta"};
  model.migration_eV = {1.0, 1.3, 1.1};
  model.shells = 2;
  model.pair_eV.assign(2 * 16, 0.0);
  const auto set = [&](std::size_t shell, std::size_t a, std::size_t b, double e) {
    model.pair_eV[(shell * 4 + a) * 4 + b] = e;
    model.pair_eV[(shell * 4 + b) * 4 + a] = e;
  };
  const double scale = structure == Structure::fcc ? 0.75 : 1.0;
  set(0, 2, 3, -0.04 * scale);
  set(0, 1, 2, 0.015 * scale);
  set(0, 0, 2, 0.05); // the vacancy keeps away from Mo
  set(1, 2, 2, -0.02);
  set(1, 0, 1, -0.02);
  return model;
}

TEST(Canonical, HopsAndExchangesMakeTheSameOrder) {
  on_every_device([](Backend &backend) {
    for (const Structure structure : {Structure::bcc, Structure::sc, Structure::fcc}) {
      KmcPlan plan;
      plan.structure = structure;
      plan.cells = structure == Structure::sc ? std::array<int, 3>{6, 6, 6} : std::array<int, 3>{5, 5, 5};
      plan.lattice_constant_A = 3.0;
      plan.elements = {"Nb", "Mo", "Ta"};
      plan.model = ordering_model(structure);
      plan.seed = 8;
      plan.order_shells = 2;
      plan.replicas = 16;
      const std::int64_t atoms = plan.sites() - 1;
      for (const double temperature : {1400.0, 1800.0, 2600.0}) {
        plan.groups.push_back({temperature, {atoms / 3, atoms / 3, atoms - 2 * (atoms / 3)}});
      }
      KmcPlan exchanges = plan;
      exchanges.dynamics = Dynamics::metropolis_swaps;
      const std::uint64_t hops = slow_tests() ? 2000000 : 150000;
      plan.averages_from_hop = exchanges.averages_from_hop = hops / 3;
      const auto walk = backend.make_kmc(plan);
      const auto reference = backend.make_kmc(exchanges);
      walk->advance(hops, {});
      reference->advance(hops, {});
      const KmcState by_hops = walk->save();
      const KmcState by_trials = reference->save();
      const auto walkers = static_cast<std::size_t>(plan.walkers());
      double chi_square = 0.0;
      int numbers = 0;
      for (std::size_t group = 0; group < 3; ++group) {
        for (std::size_t q = 0; q < static_cast<std::size_t>(2 * plan.pairs()); ++q) {
          Sample kinetic;
          Sample canonical;
          for (std::size_t w = group * 16; w < (group + 1) * 16; ++w) {
            kinetic.add(by_hops.pair_time[q * walkers + w] / by_hops.averaged_time_s[w]);
            canonical.add(static_cast<double>(by_trials.pair_hops[q * walkers + w]) /
                          static_cast<double>(by_trials.averaged_hops[w]));
          }
          const double error = std::hypot(kinetic.standard_error(), canonical.standard_error());
          const double deviation = (kinetic.mean() - canonical.mean()) / error;
          EXPECT_LT(std::abs(deviation), 4.5) << structure_name(structure) << ", group " << group << ", count " << q;
          chi_square += deviation * deviation;
          ++numbers;
          if (q == static_cast<std::size_t>(pair_index(1, 2, 3))) {
            std::printf("Mo-Ta bonds, shell 1, %s, %g K: hops %.2f +- %.2f, exchanges %.2f +- %.2f, random %.2f\n",
                        structure_name(structure), plan.groups[group].temperature_K, kinetic.mean(), kinetic.standard_error(),
                        canonical.mean(), canonical.standard_error(),
                        expected_bonds(plan.groups[group].atoms, plan.sites(), lattice_tables(structure).coordination(0))[q]);
            // The comparison is worth something: the order is far from that of the random alloy.
            EXPECT_GT(canonical.deviations_from(
                          expected_bonds(plan.groups[group].atoms, plan.sites(), lattice_tables(structure).coordination(0))[q]),
                      10.0);
          }
        }
      }
      // Counts of one temperature are not independent: the sum may be twice its expectation, not more.
      EXPECT_LT(chi_square / numbers, 2.0) << structure_name(structure);
    }
  });
}

} // namespace
} // namespace zener::test
