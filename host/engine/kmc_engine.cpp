#include "host/engine/kmc_engine.hpp"

#include "host/engine/device_model.hpp"
#include "host/neutral/errors.hpp"
#include "kernels/core/constants.hpp"
#include "kernels/lattice/occupancy.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <variant>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

// Walkers that share a team on a GPU: those with a network share the weights that they read. 8 walkers of a 112-128x4-1 network
// take 72 kB of scratch, so that three teams stand on a multiprocessor with 228 kB.
template <class Model> constexpr int kTogether = 16;
template <class T> constexpr int kTogether<MlpBarriers<T, kThroughputTile>> = 8;
template <class T> constexpr int kTogether<MlpBarriers<T, kLatencyTile>> = 1;

// A barrier model on the device, and a call with it as the kernel's model.
class DeviceModel {
public:
  DeviceModel(Queue &queue, const BarrierModel &model, Precision precision, std::int64_t walkers) : tables_(queue) {
    if (const auto *constant = std::get_if<ConstantBarrier>(&model)) {
      constant_ = *constant;
    } else if (const auto *pair = std::get_if<PairKra>(&model)) {
      pair_ = std::make_unique<DevicePairKra>(queue, *pair);
    } else if (precision == Precision::float32) {
      float32_ = std::make_unique<DeviceMlp<float>>(queue, std::get<Mlp>(model));
    } else {
      float64_ = std::make_unique<DeviceMlp<double>>(queue, std::get<Mlp>(model));
    }
    if constexpr (kGpuShapes) {
      const DeviceProperties properties = queue.properties();
      max_scratch_ = properties.max_scratch_bytes;
      // With fewer walkers than fill the device, each gets a team of its own.
      few_walkers_ = walkers <= 2 * std::int64_t{properties.units};
    }
  }

  LatticeTablesView tables() const { return tables_.view(); }

  template <class F> void with(F f) const {
    const LatticeTablesView tables = tables_.view();
    if (pair_) {
      f(pair_->view(tables));
    } else if (float32_) {
      with_mlp(*float32_, tables, f);
    } else if (float64_) {
      with_mlp(*float64_, tables, f);
    } else {
      f(ConstantBarriers{constant_.barrier_eV});
    }
  }

  // Walkers of a team and its lanes. The CPU runs one walker a team.
  template <class Model> TeamChoice team(const Model &model, std::int64_t walkers) const {
    if constexpr (kGpuShapes) {
      std::int64_t together = std::min<std::int64_t>(kTogether<Model>, std::max<std::int64_t>(walkers, 1));
      // What a walker takes besides the model's scratch is below 4 kB with every observable on.
      while (together > 1 &&
             model.scratch(static_cast<int>(together)) + static_cast<std::size_t>(together) * 4096 > max_scratch_) {
        together /= 2;
      }
      return {static_cast<int>(together), Model::kMaxLanes};
    }
    return {1, 1};
  }

private:
  template <class T, class F> void with_mlp(const DeviceMlp<T> &mlp, const LatticeTablesView &tables, F f) const {
    if (few_walkers_) {
      f(mlp.template view<kLatencyTile>(tables));
    } else {
      f(mlp.template view<kThroughputTile>(tables));
    }
  }

  DeviceTables tables_;
  ConstantBarrier constant_;
  std::unique_ptr<DevicePairKra> pair_;
  std::unique_ptr<DeviceMlp<float>> float32_;
  std::unique_ptr<DeviceMlp<double>> float64_;
  bool few_walkers_ = false;
  std::size_t max_scratch_ = 0;
};

void check_plan(const KmcPlan &plan) {
  for (const int n : plan.cells) {
    if (n < 5) {
      throw ConfigError("a lattice of " + std::to_string(plan.cells[0]) + " x " + std::to_string(plan.cells[1]) + " x " +
                        std::to_string(plan.cells[2]) +
                        " cells is too small: at least 5 cells a side, or the environment of a vacancy folds onto itself");
    }
  }
  if (plan.vacancies != 1) {
    throw ConfigError("a walker has one vacancy; " + std::to_string(plan.vacancies) + " were asked for");
  }
  if (plan.species() < 1 || plan.species() > kMaxSpecies) {
    throw ConfigError("1 to " + std::to_string(kMaxSpecies) + " species are possible, not " + std::to_string(plan.species()));
  }
  if (plan.sites() > std::numeric_limits<std::int32_t>::max() || plan.walkers() > (std::int64_t{1} << 31)) {
    throw ConfigError("at most 2^31 - 1 sites and 2^31 walkers are possible");
  }
  for (const KmcGroup &group : plan.groups) {
    std::int64_t atoms = 0;
    for (const std::int64_t n : group.atoms) {
      atoms += n;
    }
    if (plan.occupancy.empty() && (atoms != plan.sites() - 1 || static_cast<int>(group.atoms.size()) != plan.species())) {
      throw InvariantError("a group has " + std::to_string(atoms) + " atoms on " + std::to_string(plan.sites()) + " sites");
    }
    if (!(group.temperature_K > 0.0)) {
      throw ConfigError("temperatures must be positive");
    }
  }
}

class Batch final : public KmcBatch {
public:
  Batch(Queue &queue, const KmcPlan &plan)
      : queue_(queue), plan_(plan), walkers_(plan.walkers()), counts_(plan.order_shells * plan.pairs()),
        model_(queue, plan.model, plan.precision, walkers_), occupancy_(queue, walkers_ * plan.sites(), "occupancy"),
        vacancy_site_(queue, walkers_, "vacancy sites"), displacement_(queue, 3 * walkers_, "displacements"),
        time_(queue, walkers_, "clocks"), hops_(queue, walkers_, "hop counts"), status_(queue, walkers_, "walker status"),
        smallest_(queue, walkers_, "smallest barriers"), pair_counts_(queue, counts_ * walkers_, "pair counts"),
        pair_time_(queue, counts_ * walkers_, "pair averages over time"),
        pair_hops_(queue, counts_ * walkers_, "pair averages over hops"), averaged_time_(queue, walkers_, "averaged times"),
        averaged_hops_(queue, walkers_, "averaged hops"), inverse_kT_(queue, groups(), "inverse temperatures"),
        status_counts_(queue, 5, "status counts") {
    std::vector<double> inverse_kT;
    for (const KmcGroup &group : plan.groups) {
      inverse_kT.push_back(1.0 / (kBoltzmann_eV_per_K * group.temperature_K));
    }
    inverse_kT_.upload(inverse_kT.data());
    displacement_.zero();
    time_.zero();
    hops_.zero();
    status_.zero();
    smallest_.zero();
    pair_time_.zero();
    pair_hops_.zero();
    averaged_time_.zero();
    averaged_hops_.zero();
    fill_lattices();
    queue_.wait();
    plan_.occupancy.clear();
  }

  KmcRow sample() override {
    DeviceBuffer<double> rows(queue_, 2 * row_size(), "sampled row");
    statistics(rows, 0, 1);
    std::vector<double> host(static_cast<std::size_t>(rows.size()));
    rows.download(host.data());
    return make_row(done_, host, 0, 1);
  }

  AdvanceReport advance(std::uint64_t until_hop, std::span<const std::uint64_t> sample_hops) override {
    const auto samples = static_cast<std::int64_t>(sample_hops.size());
    DeviceBuffer<double> rows(queue_, 2 * samples * row_size(), "sampled rows");
    for (std::int64_t i = 0; i < samples; ++i) {
      const std::uint64_t hop = sample_hops[static_cast<std::size_t>(i)];
      if (hop < done_ || hop > until_hop) {
        throw InvariantError("sample hops must ascend within the hops to run");
      }
      run_to(hop);
      statistics(rows, i, samples);
    }
    run_to(until_hop);
    count_status(queue_, view(), status_counts_.view());

    std::uint64_t counted[5];
    status_counts_.download(counted);
    std::vector<double> host(static_cast<std::size_t>(rows.size()));
    rows.download(host.data());
    AdvanceReport report;
    for (std::int64_t i = 0; i < samples; ++i) {
      report.rows.push_back(make_row(sample_hops[static_cast<std::size_t>(i)], host, i, samples));
    }
    report.running = static_cast<std::int64_t>(counted[kRunning]);
    report.at_time_limit = static_cast<std::int64_t>(counted[kTimeLimit]);
    report.no_possible_hop = static_cast<std::int64_t>(counted[kNoPossibleHop]);
    report.bad_barrier = static_cast<std::int64_t>(counted[kBadBarrier]);
    report.first_halted = static_cast<std::int64_t>(counted[4]); // all ones, so -1, when there is none
    return report;
  }

  KmcState save() override {
    KmcState s;
    s.hops = done_;
    s.occupancy.resize(static_cast<std::size_t>(occupancy_.size()));
    exchange(s, [](auto &buffer, auto &host) {
      host.resize(static_cast<std::size_t>(buffer.size()));
      buffer.download(host.data());
    });
    return s;
  }

  void load(const KmcState &state) override {
    exchange(state, [](auto &buffer, auto &host) {
      if (static_cast<std::int64_t>(host.size()) != buffer.size()) {
        throw InvariantError("a saved state does not have the size of the batch");
      }
      buffer.upload(host.data());
    });
    done_ = state.hops;
  }

  TransferCount transfers() const override { return {queue_.bytes_to_device(), queue_.bytes_to_host()}; }

private:
  std::int64_t groups() const { return static_cast<std::int64_t>(plan_.groups.size()); }
  std::int64_t row_size() const { return groups() * columns(plan_); }

  template <class State, class F> void exchange(State &s, F f) {
    f(occupancy_, s.occupancy);
    f(vacancy_site_, s.vacancy_site);
    f(displacement_, s.displacement);
    f(time_, s.time_s);
    f(hops_, s.walker_hops);
    f(status_, s.status);
    f(smallest_, s.smallest_barrier_eV);
    f(pair_counts_, s.pair_counts);
    f(pair_time_, s.pair_time);
    f(pair_hops_, s.pair_hops);
    f(averaged_time_, s.averaged_time_s);
    f(averaged_hops_, s.averaged_hops);
  }

  WalkersView view() {
    return {occupancy_.shaped(walkers_, plan_.sites()),
            vacancy_site_.view(),
            displacement_.shaped(3, walkers_),
            time_.view(),
            hops_.view(),
            status_.view(),
            smallest_.view(),
            pair_counts_.shaped(counts_, walkers_),
            pair_time_.shaped(counts_, walkers_),
            pair_hops_.shaped(counts_, walkers_),
            averaged_time_.view(),
            averaged_hops_.view()};
  }

  BccLattice lattice() const { return {plan_.cells[0], plan_.cells[1], plan_.cells[2]}; }

  void fill_lattices() {
    const WalkersView w = view();
    if (plan_.occupancy.empty()) {
      std::vector<std::int64_t> atoms;
      for (const KmcGroup &group : plan_.groups) {
        atoms.insert(atoms.end(), group.atoms.begin(), group.atoms.end());
      }
      DeviceBuffer<std::int64_t> device_atoms(queue_, static_cast<std::int64_t>(atoms.size()), "atoms of each group");
      device_atoms.upload(atoms.data());
      queue_.for_each("kmc_random_alloy", walkers_,
                      RandomAlloy{w.occupancy,
                                  View<const std::int64_t, 2>(device_atoms.view().data(), groups(), plan_.species()),
                                  plan_.replicas, plan_.seed, plan_.first_walker});
    } else {
      const std::size_t sites = static_cast<std::size_t>(plan_.sites());
      if (plan_.occupancy.size() == sites) {
        std::vector<std::uint8_t> all;
        all.reserve(sites * static_cast<std::size_t>(walkers_));
        for (std::int64_t i = 0; i < walkers_; ++i) {
          all.insert(all.end(), plan_.occupancy.begin(), plan_.occupancy.end());
        }
        plan_.occupancy = std::move(all);
      }
      if (plan_.occupancy.size() != sites * static_cast<std::size_t>(walkers_)) {
        throw InvariantError("the initial occupancy does not have the size of the batch");
      }
      for (std::int64_t i = 0; i < walkers_; ++i) {
        const auto begin = plan_.occupancy.begin() + i * plan_.sites();
        const auto vacancies = std::count(begin, begin + plan_.sites(), std::uint8_t{0});
        const int highest = *std::max_element(begin, begin + plan_.sites());
        if (vacancies != 1 || highest > plan_.species()) {
          throw DataError("the initial configuration of walker " + std::to_string(i) + " has " + std::to_string(vacancies) +
                          " vacancies and species codes up to " + std::to_string(highest) + "; one vacancy and codes 1 to " +
                          std::to_string(plan_.species()) + " are expected");
        }
      }
      occupancy_.upload(plan_.occupancy.data());
    }
    queue_.for_each("kmc_find_vacancy", walkers_, FindVacancy{w.occupancy, w.vacancy_site});
    queue_.for_each("kmc_count_bonds", walkers_,
                    CountBonds{lattice(), model_.tables(), w.occupancy, w.pair_counts, plan_.order_shells, plan_.species()});
  }

  void run_to(std::uint64_t hop) {
    if (hop <= done_) {
      return;
    }
    RunParameters run{};
    run.begin_hop = done_;
    run.end_hop = hop;
    run.averages_from_hop = plan_.averages_from_hop;
    run.attempt_frequency_per_s = plan_.attempt_frequency_per_s;
    run.time_limit_s = plan_.time_limit_s;
    run.seed = plan_.seed;
    run.first_walker = plan_.first_walker;
    run.replicas = plan_.replicas;
    run.shells = plan_.order_shells;
    run.species = plan_.species();
    model_.with([&](const auto &model) {
      using Model = std::decay_t<decltype(model)>;
      advance_walkers(queue_, Advance<Model>{lattice(), model_.tables(), view(), inverse_kT_.view(), run, model},
                      model_.team(model, walkers_));
    });
    done_ = hop;
  }

  // Statistics of the present state into row i of n (means of all rows first, then squared deviations).
  void statistics(DeviceBuffer<double> &rows, std::int64_t i, std::int64_t n) {
    double *data = rows.view().data();
    group_statistics(queue_, view(), static_cast<int>(groups()), plan_.replicas,
                     View<double, 2>(data + i * row_size(), groups(), columns(plan_)),
                     View<double, 2>(data + (n + i) * row_size(), groups(), columns(plan_)));
  }

  KmcRow make_row(std::uint64_t hop, const std::vector<double> &rows, std::int64_t i, std::int64_t n) const {
    const auto part = [&](std::int64_t row) {
      const auto begin = rows.begin() + row * row_size();
      return std::vector<double>(begin, begin + row_size());
    };
    return {hop, part(i), part(n + i)};
  }

  Queue &queue_;
  KmcPlan plan_;
  std::int64_t walkers_;
  std::int64_t counts_;
  std::uint64_t done_ = 0;
  DeviceModel model_;
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
  DeviceBuffer<double> inverse_kT_;
  DeviceBuffer<std::uint64_t> status_counts_;
};

} // namespace

std::unique_ptr<KmcBatch> make_kmc_batch(Queue &queue, const KmcPlan &plan) {
  check_plan(plan);
  return std::make_unique<Batch>(queue, plan);
}

std::vector<double> evaluate_barriers(Queue &queue, const BarrierModel &model, Precision precision,
                                      std::span<const std::uint8_t> types) {
  const auto n = static_cast<std::int64_t>(types.size()) / kEnvironment;
  const DeviceModel device_model(queue, model, precision, n);
  DeviceBuffer<std::uint8_t> codes(queue, n * kEnvironment, "environments");
  DeviceBuffer<double> barriers(queue, n * kJumps, "barriers");
  codes.upload(types.data());
  device_model.with([&](const auto &kernel_model) {
    evaluate_environments(queue, kernel_model, View<const std::uint8_t, 2>(codes.view().data(), n, kEnvironment),
                          barriers.shaped(n, kJumps), device_model.team(kernel_model, n));
  });
  std::vector<double> result(static_cast<std::size_t>(n * kJumps));
  barriers.download(result.data());
  return result;
}

} // namespace ZENER_BACKEND
} // namespace zener
