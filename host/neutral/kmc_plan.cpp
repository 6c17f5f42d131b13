#include "host/neutral/kmc_plan.hpp"

namespace zener {

std::vector<double> expected_bonds(const std::vector<std::int64_t> &atoms, std::int64_t sites, int coordination) {
  const int n = static_cast<int>(atoms.size());
  const double bonds = 0.5 * static_cast<double>(sites) * coordination;
  const double ordered_pairs = static_cast<double>(sites) * static_cast<double>(sites - 1);
  std::vector<double> expected(static_cast<std::size_t>(n * (n + 1) / 2));
  for (int a = 0; a < n; ++a) {
    for (int b = a; b < n; ++b) {
      const double na = static_cast<double>(atoms[static_cast<std::size_t>(a)]);
      const double nb = static_cast<double>(atoms[static_cast<std::size_t>(b)]);
      const double pairs = a == b ? na * (na - 1.0) : 2.0 * na * nb;
      expected[static_cast<std::size_t>(pair_index(a, b, n))] = bonds * pairs / ordered_pairs;
    }
  }
  return expected;
}

std::size_t walker_bytes(const KmcPlan &plan) {
  const auto counts = static_cast<std::size_t>(plan.order_shells) * static_cast<std::size_t>(plan.pairs());
  // As in KmcState: site, displacement, status (4 each), clock, hops, barrier, averaged time and hops (8 each); count, time sum
  // and hop sum of each pair.
  const std::size_t fixed = 4 + 12 + 4 + 5 * 8;
  return static_cast<std::size_t>(plan.sites()) + fixed + counts * (4 + 8 + 8);
}

std::size_t device_bytes(const KmcPlan &plan) {
  std::size_t model = std::size_t{64} << 10; // tables
  if (const auto *mlp = std::get_if<Mlp>(&plan.model)) {
    for (const DenseLayer &layer : mlp->layers) {
      model += (layer.weight.size() + layer.bias.size()) * (plan.precision == Precision::float32 ? 4u : 8u);
    }
  }
  const std::size_t rows = 2 * sizeof(double) * plan.groups.size() * static_cast<std::size_t>(columns(plan)) * 64;
  return static_cast<std::size_t>(plan.walkers()) * walker_bytes(plan) + model + rows;
}

} // namespace zener
