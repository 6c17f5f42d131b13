#include "host/neutral/kmc_plan.hpp"

#include <algorithm>

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

RowColumns row_columns(const KmcPlan &plan) {
  RowColumns c;
  int next = c.pairs + plan.order_shells * plan.pairs();
  const auto take = [&](bool wanted, int &column, int n) {
    if (wanted) {
      column = next;
      next += n;
    }
  };
  take(plan.randomness, c.randomness, 1);
  take(plan.spreads(), c.spread, plan.flags() ? 3 : 2);
  take(plan.transport || plan.tracers, c.jumps, plan.species());
  take(plan.tracers, c.tracer_squared, plan.species());
  take(plan.transport, c.collective, plan.pairs());
  take(plan.swaps(), c.energy_eV, 1);
  take(plan.swaps(), c.accepted, 1);
  take(plan.b2.has_value(), c.b2, kB2Columns);
  take(plan.b2 && plan.b2->persistent_over_hops > 0, c.b2_persistent, kB2Columns);
  c.end = next;
  return c;
}

std::uint32_t first_sample_of_window(const std::vector<std::uint64_t> &sample_hops, std::uint64_t window_hops) {
  const std::uint64_t last = sample_hops.back();
  const std::uint64_t begin = last > window_hops ? last - window_hops : 0;
  return static_cast<std::uint32_t>(std::lower_bound(sample_hops.begin(), sample_hops.end(), begin) - sample_hops.begin());
}

std::size_t memory_entry_bytes(const KmcPlan &plan) {
  const auto sites = static_cast<int>(environment_of(plan.model).offsets.size());
  const int bits = plan.species() <= 3 ? 2 : 4;
  const int key_words = sites * bits / 64 + 1; // one bit more than the environment
  const bool narrow = plan.precision == Precision::float32 && !std::holds_alternative<Consistent>(plan.model);
  const std::size_t numbers = kPaths * (ensemble_size(plan.model) > 1 ? 2 : 1);
  return sizeof(std::uint64_t) * static_cast<std::size_t>(key_words) + numbers * (narrow ? sizeof(float) : sizeof(double));
}

std::size_t walker_bytes(const KmcPlan &plan) {
  const auto count = [](int n, std::size_t bytes) { return static_cast<std::size_t>(n) * bytes; };
  const auto sites = static_cast<std::size_t>(plan.sites());
  // As in KmcState: status (4), clock, hops, barrier, averaged time and hops (8 each); site and displacement of each vacancy;
  // count, time sum and hop sum of each pair.
  std::size_t bytes = sites + 4 + 5 * 8 + count(plan.vacancies, 4 + 12) + count(plan.order_shells * plan.pairs(), 4 + 8 + 8);
  bytes += plan.vacancies > 1 && !plan.swaps() ? 8 : 0;
  bytes += plan.randomness ? 16 : 0;
  bytes += plan.spreads() ? 16 : 0;
  bytes += plan.flags() ? 12 + kMostFlagged * environment_of(plan.model).offsets.size() : 0;
  bytes += plan.transport || plan.tracers ? count(plan.species(), 8) : 0;
  bytes += plan.transport ? count(plan.species(), 24) : 0;
  bytes += plan.tracers ? count(plan.species(), 8) + 8 * sites : 0;
  bytes += plan.swaps() ? 16 : 0;
  const bool persistent = plan.b2 && plan.b2->persistent_over_hops > 0;
  bytes += plan.b2 ? count(kB2Columns * (persistent ? 2 : 1), 4) : 0;
  bytes += persistent ? 4 * sites : 0;
  return bytes + static_cast<std::size_t>(plan.memory_entries) * memory_entry_bytes(plan);
}

std::size_t device_bytes(const KmcPlan &plan) {
  const std::size_t model = (std::size_t{64} << 10) + // tables
                            network_numbers(plan.model) * (plan.precision == Precision::float32 ? 4u : 8u);
  const std::size_t rows = 2 * sizeof(double) * plan.groups.size() * static_cast<std::size_t>(columns(plan)) * 64;
  const auto sites = static_cast<std::size_t>(plan.sites());
  const std::size_t marked = std::max(sites, std::min(sites * static_cast<std::size_t>(plan.walkers()), std::size_t{1} << 22));
  const std::size_t clusters = plan.b2 ? 9 * marked : 0; // marks, labels, sizes
  return static_cast<std::size_t>(plan.walkers()) * walker_bytes(plan) + model + rows + clusters;
}

} // namespace zener
