#include "tests/reference/kmc.hpp"

#include <algorithm>
#include <cmath>

namespace zener::reference {

namespace {

constexpr std::uint32_t kHopStream = 2;
constexpr double kBoltzmann = 1.380649e-23 / 1.602176634e-19; // eV/K

void one_hop(const KmcPlan &plan, const Lattice &lattice, const BarrierFunction &barriers, KmcState &state, std::size_t w,
             std::uint64_t hop) {
  const std::size_t walkers = state.time_s.size();
  const std::size_t sites = static_cast<std::size_t>(lattice.sites());
  const std::vector<std::uint8_t> occupancy(state.occupancy.begin() + static_cast<std::ptrdiff_t>(w * sites),
                                            state.occupancy.begin() + static_cast<std::ptrdiff_t>((w + 1) * sites));
  const int vacancy = state.vacancy_site[w];
  const Barriers e = barriers(occupancy, vacancy);
  if (!std::all_of(e.begin(), e.end(), [](double x) { return std::isfinite(x); })) {
    state.status[w] = static_cast<std::uint32_t>(WalkerStatus::bad_barrier);
    return;
  }
  const double lowest = *std::min_element(e.begin(), e.end());
  state.smallest_barrier_eV[w] = lowest;
  const double kT = kBoltzmann * plan.groups[w / static_cast<std::size_t>(plan.replicas)].temperature_K;
  if (lowest / kT > 709.0) {
    state.status[w] = static_cast<std::uint32_t>(WalkerStatus::no_possible_hop);
    return;
  }
  Barriers relative{}; // rates in units of the fastest
  double sum = 0.0;
  for (std::size_t p = 0; p < 8; ++p) {
    relative[p] = std::exp((lowest - e[p]) / kT);
    sum += relative[p];
  }
  const Bits128 random = draw(kHopStream, plan.seed, plan.first_walker + static_cast<std::uint32_t>(w), hop, 0);
  const double choice = static_cast<double>(random.low / 2048) / 9007199254740992.0;
  const double u = (static_cast<double>(random.high / 2048) + 1.0) / 9007199254740992.0;
  std::size_t path = 0;
  for (double reached = relative[0]; reached <= choice * sum && path < 7; reached += relative[path]) {
    ++path;
  }
  double residence = -std::log(u) / (plan.attempt_frequency_per_s * sum) * std::exp(lowest / kT);
  const bool stops = plan.time_limit_s > 0.0 && state.time_s[w] + residence > plan.time_limit_s;
  if (stops) {
    residence = plan.time_limit_s - state.time_s[w];
  }

  const std::vector<int> counts = lattice.bonds(occupancy.data(), plan.order_shells, plan.species());
  if (hop >= plan.averages_from_hop) {
    for (std::size_t q = 0; q < counts.size(); ++q) {
      state.pair_time[q * walkers + w] += counts[q] * residence;
      state.pair_hops[q * walkers + w] += stops ? 0 : counts[q];
    }
    state.averaged_time_s[w] += residence;
    state.averaged_hops[w] += stops ? 0 : 1;
  }
  if (stops) {
    state.time_s[w] = plan.time_limit_s;
    state.status[w] = static_cast<std::uint32_t>(WalkerStatus::time_limit);
    return;
  }

  state.time_s[w] += residence;
  state.walker_hops[w] += 1;
  const Vector d = environment()[path];
  const Vector c = lattice.coordinates(vacancy);
  const int target = lattice.site({c[0] + d[0], c[1] + d[1], c[2] + d[2]});
  std::swap(state.occupancy[w * sites + static_cast<std::size_t>(vacancy)],
            state.occupancy[w * sites + static_cast<std::size_t>(target)]);
  state.vacancy_site[w] = target;
  for (std::size_t a = 0; a < 3; ++a) {
    state.displacement[a * walkers + w] += d[a];
  }
  const std::vector<int> after = lattice.bonds(state.occupancy.data() + w * sites, plan.order_shells, plan.species());
  for (std::size_t q = 0; q < after.size(); ++q) {
    state.pair_counts[q * walkers + w] = after[q];
  }
}

} // namespace

BarrierFunction barrier_function(const KmcPlan &plan, const Lattice &lattice) {
  if (const auto *constant = std::get_if<ConstantBarrier>(&plan.model)) {
    const double value = constant->barrier_eV;
    return [value](const std::vector<std::uint8_t> &, int) {
      Barriers e{};
      e.fill(value);
      return e;
    };
  }
  if (const auto *pair = std::get_if<PairKra>(&plan.model)) {
    return [pair, &lattice](const std::vector<std::uint8_t> &occupancy, int site) {
      return pair_barriers(*pair, lattice, occupancy, site);
    };
  }
  const Mlp *mlp = &std::get<Mlp>(plan.model);
  const bool single = plan.precision == Precision::float32;
  return [mlp, single, &lattice](const std::vector<std::uint8_t> &occupancy, int site) {
    const Codes codes = lattice.codes(occupancy.data(), site);
    return single ? chain_barriers_float(*mlp, codes) : chain_barriers_double(*mlp, codes);
  };
}

KmcState initial_state(const KmcPlan &plan, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy) {
  const auto walkers = static_cast<std::size_t>(plan.walkers());
  const auto sites = static_cast<std::size_t>(lattice.sites());
  KmcState s;
  s.occupancy = occupancy;
  s.displacement.assign(3 * walkers, 0);
  s.time_s.assign(walkers, 0.0);
  s.walker_hops.assign(walkers, 0);
  s.status.assign(walkers, 0);
  s.smallest_barrier_eV.assign(walkers, 0.0);
  const auto counts = static_cast<std::size_t>(plan.order_shells * plan.pairs());
  s.pair_counts.assign(counts * walkers, 0);
  s.pair_time.assign(counts * walkers, 0.0);
  s.pair_hops.assign(counts * walkers, 0);
  s.averaged_time_s.assign(walkers, 0.0);
  s.averaged_hops.assign(walkers, 0);
  for (std::size_t w = 0; w < walkers; ++w) {
    const auto begin = occupancy.begin() + static_cast<std::ptrdiff_t>(w * sites);
    const auto vacancy = std::find(begin, begin + static_cast<std::ptrdiff_t>(sites), std::uint8_t{0}) - begin;
    s.vacancy_site.push_back(static_cast<std::int32_t>(vacancy));
    const std::vector<int> bonds = lattice.bonds(occupancy.data() + w * sites, plan.order_shells, plan.species());
    for (std::size_t q = 0; q < counts; ++q) {
      s.pair_counts[q * walkers + w] = bonds[q];
    }
  }
  return s;
}

void advance(const KmcPlan &plan, const Lattice &lattice, const BarrierFunction &barriers, KmcState &state,
             std::uint64_t until_hop) {
  for (std::size_t w = 0; w < state.time_s.size(); ++w) {
    for (std::uint64_t hop = state.hops; hop < until_hop && state.status[w] == 0; ++hop) {
      one_hop(plan, lattice, barriers, state, w, hop);
    }
  }
  state.hops = until_hop;
}

} // namespace zener::reference
