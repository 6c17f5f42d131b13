// Runs advance_walkers with a chosen team shape from a given state, beside the engine, and plans for tests.
#pragma once

#include "host/engine/device_model.hpp"
#include "host/neutral/kmc_plan.hpp"
#include "kernels/core/constants.hpp"
#include "tests/reference/barriers.hpp"
#include "tests/support/hash.hpp"

#include <string>
#include <variant>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

// Calls f with the kernels' model of a network. latency: the other tile, where there is one.
template <class T, class F>
void with_network(Queue &queue, const BarrierModel &model, const LatticeTablesView &tables, bool latency, F f) {
  if (const auto *mlp = std::get_if<Mlp>(&model)) {
    const DeviceMlp<T> network(queue, *mlp);
    if (latency) {
      f(network.template view<kLatencyTile>(tables));
    } else {
      f(network.template view<kThroughputTile>(tables));
    }
  } else if (const auto *site_mlp = std::get_if<SiteMlp>(&model)) {
    f(DeviceSiteMlp<T>(queue, *site_mlp).view(tables));
  } else if (const auto *cnn = std::get_if<Cnn>(&model)) {
    f(DeviceCnn<T>(queue, *cnn).view(tables));
  } else {
    DeviceConsistent<T>(queue, std::get<Consistent>(model)).with(f);
  }
}
template <class F>
void with_network(Queue &queue, const BarrierModel &model, Precision precision, const LatticeTablesView &tables, bool latency,
                  F f) {
  if (precision == Precision::float32) {
    with_network<float>(queue, model, tables, latency, f);
  } else {
    with_network<double>(queue, model, tables, latency, f);
  }
}

// The buffers of a state, in the order of KmcState.
class KmcRunner {
public:
  KmcRunner(Queue &queue, const KmcPlan &plan, const KmcState &state)
      : queue_(queue), plan_(plan), state_(state), tables_(queue, plan.structure, environment_of(plan.model).shells) {
    std::vector<double> inverse;
    for (const KmcGroup &group : plan.groups) {
      inverse.push_back(1.0 / (kBoltzmann_eV_per_K * group.temperature_K));
    }
    inverse_kT_ = DeviceBuffer<double>(queue, static_cast<std::int64_t>(inverse.size()), "inverse temperatures");
    inverse_kT_.upload(inverse.data());
    each([&](auto &buffer, const auto &host) {
      using T = typename std::decay_t<decltype(host)>::value_type;
      buffer = DeviceBuffer<T>(queue_, static_cast<std::int64_t>(host.size()), "state");
      buffer.upload(host.data());
    });
  }

  // Runs to a hop with one team shape. latency: the other tile of networks.
  void advance(std::uint64_t until_hop, TeamChoice choice, bool latency = false) {
    RunParameters run{};
    run.begin_hop = state_.hops;
    run.end_hop = until_hop;
    run.averages_from_hop = plan_.averages_from_hop;
    run.attempt_frequency_per_s = plan_.attempt_frequency_per_s;
    run.time_limit_s = plan_.time_limit_s;
    run.spread_limit_eV = plan_.flags() ? plan_.spread_limit_eV : 0.0;
    run.seed = plan_.seed;
    run.first_walker = plan_.first_walker;
    run.replicas = plan_.replicas;
    run.shells = plan_.order_shells;
    run.species = plan_.species();
    run.vacancies = plan_.vacancies;
    run.randomness = plan_.randomness;
    run.transport = plan_.transport;
    run.tracers = plan_.tracers;
    switch (plan_.structure) {
    case Structure::bcc:
      go_lattice<BccLattice>(run, choice, latency);
      break;
    case Structure::sc:
      go_lattice<ScLattice>(run, choice, latency);
      break;
    case Structure::fcc:
      go_lattice<FccLattice>(run, choice, latency);
      break;
    }
    state_.hops = until_hop;
  }

  KmcState state() {
    each([](auto &buffer, auto &host) { buffer.download(host.data()); });
    return state_;
  }

  std::uint64_t looked_up() const { return looked_up_; }
  std::uint64_t found() const { return found_; }

private:
  template <class F> void each(F f) {
    f(occupancy_, state_.occupancy);
    f(vacancy_site_, state_.vacancy_site);
    f(displacement_, state_.displacement);
    f(time_, state_.time_s);
    f(hops_, state_.walker_hops);
    f(status_, state_.status);
    f(smallest_, state_.smallest_barrier_eV);
    f(pair_counts_, state_.pair_counts);
    f(pair_time_, state_.pair_time);
    f(pair_hops_, state_.pair_hops);
    f(averaged_time_, state_.averaged_time_s);
    f(averaged_hops_, state_.averaged_hops);
    f(contacts_, state_.contacts);
    f(randomness_, state_.randomness);
    f(randomness_histogram_, state_.randomness_histogram);
    f(spread_, state_.spread);
    f(flagged_, state_.flagged);
    f(flagged_kept_, state_.flagged_kept);
    f(flagged_codes_, state_.flagged_codes);
    f(jumps_, state_.jumps);
    f(collective_, state_.collective);
    f(squared_, state_.squared);
    f(atom_displacement_, state_.atom_displacement);
  }

  template <class L> void go_lattice(const RunParameters &run, TeamChoice choice, bool latency) {
    if (const auto *constant = std::get_if<ConstantBarrier>(&plan_.model)) {
      go(ConstantBarriers<L>{constant->barrier_eV}, run, choice);
    } else if (const auto *pair = std::get_if<PairKra>(&plan_.model)) {
      const DevicePairKra model(queue_, *pair);
      go(model.view<L>(tables_.view()), run, choice);
    } else {
      with_network(queue_, plan_.model, plan_.precision, tables_.view(), latency,
                   [&](const auto &model) { go(model, run, choice); });
    }
  }

  template <class Model> void go(const Model &model, const RunParameters &run, TeamChoice choice) {
    const std::int64_t walkers = plan_.walkers();
    const std::int64_t counts = plan_.order_shells * plan_.pairs();
    const int jumping = plan_.transport || plan_.tracers ? plan_.species() : 0;
    const auto groups = static_cast<std::int64_t>(plan_.groups.size());
    const WalkersView view{occupancy_.shaped(walkers, plan_.sites()),
                           vacancy_site_.shaped(walkers, plan_.vacancies),
                           displacement_.shaped(3, walkers, plan_.vacancies),
                           time_.view(),
                           hops_.view(),
                           status_.view(),
                           smallest_.view(),
                           pair_counts_.shaped(counts, walkers),
                           pair_time_.shaped(counts, walkers),
                           pair_hops_.shaped(counts, walkers),
                           averaged_time_.view(),
                           averaged_hops_.view(),
                           contacts_.view(),
                           randomness_.shaped(plan_.randomness ? 2 : 0, walkers),
                           randomness_histogram_.shaped(plan_.randomness ? groups : 0, kHistogramBins),
                           jumps_.shaped(jumping, walkers),
                           collective_.shaped(plan_.transport ? jumping : 0, 3, walkers),
                           squared_.shaped(plan_.tracers ? jumping : 0, walkers),
                           atom_displacement_.shaped(plan_.tracers ? walkers : 0, plan_.sites()),
                           {},
                           {},
                           spread_.shaped(plan_.spreads() ? 2 : 0, walkers),
                           flagged_.view(),
                           flagged_kept_.view(),
                           flagged_codes_.shaped(plan_.flags() ? walkers : 0, kFlaggedKept, Model::Lattice::kEnvironment)};
    typename Model::Lattice lattice;
    lattice.nx = plan_.cells[0];
    lattice.ny = plan_.cells[1];
    lattice.nz = plan_.cells[2];
    MemoryView memory{};
    DeviceBuffer<std::uint64_t> words;
    DeviceBuffer<std::uint64_t> statistics(queue_, 2, "look-ups");
    statistics.zero();
    if constexpr (requires { typename Model::Stored; }) {
      const int bits = memory_bits(plan_.species());
      constexpr int kSites = Model::Lattice::kEnvironment;
      const int entry_words =
          memory_entry_words(kSites, bits, static_cast<int>(sizeof(typename Model::Stored)), ensemble_size(plan_.model));
      words = DeviceBuffer<std::uint64_t>(queue_, walkers * plan_.memory_entries * entry_words, "memory");
      words.zero();
      memory = {words.view(), statistics.view(), plan_.memory_entries, bits, memory_key_words(kSites, bits), entry_words};
    }
    advance_walkers(queue_, Advance<Model>{lattice, tables_.view(), view, inverse_kT_.view(), memory, run, model}, choice);
    std::uint64_t looked[2];
    statistics.download(looked);
    looked_up_ += looked[0];
    found_ += looked[1];
    queue_.wait();
  }

  Queue &queue_;
  const KmcPlan &plan_;
  KmcState state_;
  DeviceTables tables_;
  DeviceBuffer<double> inverse_kT_;
  DeviceBuffer<std::uint8_t> occupancy_;
  DeviceBuffer<std::int32_t> vacancy_site_;
  DeviceBuffer<std::int32_t> displacement_;
  DeviceBuffer<double> time_;
  DeviceBuffer<std::uint64_t> hops_;
  DeviceBuffer<std::uint32_t> status_;
  DeviceBuffer<double> smallest_;
  DeviceBuffer<std::int32_t> pair_counts_;
  DeviceBuffer<double> pair_time_;
  DeviceBuffer<std::int64_t> pair_hops_;
  DeviceBuffer<double> averaged_time_;
  DeviceBuffer<std::uint64_t> averaged_hops_;
  DeviceBuffer<std::uint64_t> contacts_;
  DeviceBuffer<double> randomness_;
  DeviceBuffer<std::uint64_t> randomness_histogram_;
  DeviceBuffer<double> spread_;
  DeviceBuffer<std::uint64_t> flagged_;
  DeviceBuffer<std::uint32_t> flagged_kept_;
  DeviceBuffer<std::uint8_t> flagged_codes_;
  DeviceBuffer<std::uint64_t> jumps_;
  DeviceBuffer<std::int64_t> collective_;
  DeviceBuffer<std::int64_t> squared_;
  DeviceBuffer<std::int64_t> atom_displacement_;
  std::uint64_t looked_up_ = 0;
  std::uint64_t found_ = 0;
};

// The models that runs are tested with.
enum class TestModel { constant, pair_kra, mlp_float32, mlp_float64 };
inline constexpr TestModel kTestModels[] = {TestModel::constant, TestModel::pair_kra, TestModel::mlp_float32,
                                            TestModel::mlp_float64};

// Nb-Mo-Ta on a small lattice that is no cube, two temperatures; a dyadic network of the given widths.
inline KmcPlan test_plan(TestModel model, const std::vector<int> &widths, int replicas) {
  KmcPlan plan;
  plan.cells = {5, 6, 7};
  plan.lattice_constant_A = 3.24;
  plan.elements = {"Nb", "Mo", "Ta"};
  plan.seed = 2026;
  plan.first_walker = 4;
  plan.groups = {{900.0, {140, 139, 140}}, {2500.0, {300, 19, 100}}};
  plan.replicas = replicas;
  plan.order_shells = 2;
  plan.averages_from_hop = 20;
  reference::Sequence random(77);
  switch (model) {
  case TestModel::constant:
    plan.model = ConstantBarrier{0.75};
    break;
  case TestModel::pair_kra: {
    PairKra pair;
    pair.elements = plan.elements;
    pair.migration_eV = {1.0, 1.25, 1.125};
    pair.shells = 2;
    pair.pair_eV.resize(2 * 16);
    for (std::size_t shell = 0; shell < 2; ++shell) {
      for (std::size_t a = 0; a < 4; ++a) {
        for (std::size_t b = a; b < 4; ++b) {
          const double energy = 0.0625 * random.dyadic(10);
          pair.pair_eV[(shell * 4 + a) * 4 + b] = energy;
          pair.pair_eV[(shell * 4 + b) * 4 + a] = energy;
        }
      }
    }
    plan.model = pair;
    break;
  }
  case TestModel::mlp_float32:
  case TestModel::mlp_float64:
    plan.model = reference::to_mlp(reference::random_net(random, widths), plan.elements);
    plan.precision = model == TestModel::mlp_float32 ? Precision::float32 : Precision::float64;
    break;
  }
  return plan;
}

inline const char *name_of(TestModel model) {
  const char *names[] = {"constant", "pair_kra", "mlp_float32", "mlp_float64"};
  return names[static_cast<int>(model)];
}

inline std::uint64_t hash_of(const KmcState &s) {
  testing_support::Fnv1a hash;
  hash.add(&s.hops, sizeof s.hops);
  hash.add(s.occupancy);
  hash.add(s.vacancy_site);
  hash.add(s.displacement);
  hash.add(s.time_s);
  hash.add(s.walker_hops);
  hash.add(s.status);
  hash.add(s.smallest_barrier_eV);
  hash.add(s.pair_counts);
  hash.add(s.pair_time);
  hash.add(s.pair_hops);
  hash.add(s.averaged_time_s);
  hash.add(s.averaged_hops);
  hash.add(s.contacts);
  hash.add(s.randomness);
  hash.add(s.randomness_histogram);
  hash.add(s.spread);
  hash.add(s.flagged);
  hash.add(s.flagged_kept);
  hash.add(s.flagged_codes);
  hash.add(s.jumps);
  hash.add(s.collective);
  hash.add(s.squared);
  hash.add(s.atom_displacement);
  hash.add(s.energy);
  hash.add(s.accepted);
  hash.add(s.b2_since);
  return hash.value();
}

} // namespace ZENER_BACKEND
} // namespace zener
