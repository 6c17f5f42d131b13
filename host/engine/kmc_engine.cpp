#include "host/engine/kmc_engine.hpp"

#include "host/engine/device_model.hpp"
#include "host/neutral/errors.hpp"
#include "kernels/core/constants.hpp"
#include "kernels/lattice/clusters.hpp"
#include "kernels/lattice/occupancy.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <variant>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

// Environments that the model evaluates at once in a team on a GPU: those with a network share the weights that they read. 8
// environments of a 112-128x4-1 network take 72 kB of scratch, so that three teams stand on a multiprocessor with 228 kB.
template <class Model> constexpr int kRows = 16;
template <class T> constexpr int kRows<MlpBarriers<T, kThroughputTile>> = 8;
template <class T> constexpr int kRows<SiteMlpBarriers<T, kThroughputTile>> = 8;
template <class L, class T> constexpr int kRows<ConsistentBarriers<L, T, kThroughputTile>> = 8;
template <class T> constexpr int kRows<MlpBarriers<T, kLatencyTile>> = 1;
template <class T> constexpr int kRows<CnnBarriers<T>> = 1;
// With a memory, more walkers than that share a team, so that those not found fill the rows.
constexpr int kWalkersOfARow = 4;

template <class L> L lattice_of(const std::array<int, 3> &cells) {
  L lattice;
  lattice.nx = cells[0];
  lattice.ny = cells[1];
  lattice.nz = cells[2];
  return lattice;
}

// Calls f with a lattice of the type that the structure has.
template <class F> void with_lattice(Structure structure, const std::array<int, 3> &cells, F f) {
  switch (structure) {
  case Structure::bcc:
    return f(lattice_of<BccLattice>(cells));
  case Structure::sc:
    return f(lattice_of<ScLattice>(cells));
  case Structure::fcc:
    return f(lattice_of<FccLattice>(cells));
  }
}

// The networks on a device in one precision.
template <class T>
using DeviceNetwork = std::variant<std::monostate, DeviceMlp<T>, DeviceSiteMlp<T>, DeviceCnn<T>, DeviceConsistent<T>>;

template <class T> DeviceNetwork<T> upload_network(Queue &queue, const BarrierModel &model) {
  if (const auto *mlp = std::get_if<Mlp>(&model)) {
    return DeviceMlp<T>(queue, *mlp);
  }
  if (const auto *site_mlp = std::get_if<SiteMlp>(&model)) {
    return DeviceSiteMlp<T>(queue, *site_mlp);
  }
  if (const auto *cnn = std::get_if<Cnn>(&model)) {
    return DeviceCnn<T>(queue, *cnn);
  }
  return DeviceConsistent<T>(queue, std::get<Consistent>(model));
}

// A barrier model on the device, and a call with it as the kernel's model.
class DeviceModel {
public:
  DeviceModel(Queue &queue, const BarrierModel &model, Precision precision, Structure structure, std::int64_t walkers)
      : structure_(structure), tables_(queue, structure, environment_of(model).shells) {
    if (const auto *constant = std::get_if<ConstantBarrier>(&model)) {
      constant_ = *constant;
    } else if (const auto *pair = std::get_if<PairKra>(&model)) {
      pair_ = std::make_unique<DevicePairKra>(queue, *pair);
    } else if (structure != Structure::bcc) {
      throw ConfigError(std::string("networks are for bcc; the lattice is ") + structure_name(structure));
    } else if (precision == Precision::float32) {
      float32_ = upload_network<float>(queue, model);
    } else {
      float64_ = upload_network<double>(queue, model);
    }
    if constexpr (kGpuShapes) {
      const DeviceProperties properties = queue.properties();
      max_scratch_ = properties.max_scratch_bytes;
      // With fewer walkers than fill the device, each gets a team of its own.
      few_walkers_ = walkers <= 2 * std::int64_t{properties.units};
    }
  }

  LatticeTablesView tables() const { return tables_.view(); }

  // Calls f with the state energy of exchanges: pair energies, their shells, and what is beyond them.
  template <class F> void with_state_energy(F f) const {
    if (pair_) {
      return f(pair_->energy(), pair_->shells(), PairsAlone{});
    }
    const auto of = [&](const auto &network) {
      if (network.tables().has_state()) {
        f(network.tables().energy(), network.tables().shells(), network.state());
      } else {
        f(network.tables().energy(), network.tables().shells(), PairsAlone{});
      }
    };
    if (const auto *single = std::get_if<DeviceConsistent<float>>(&float32_)) {
      of(*single);
    } else {
      of(std::get<DeviceConsistent<double>>(float64_));
    }
  }

  template <class F> void with(F f) const {
    const LatticeTablesView tables = tables_.view();
    if (with_network(float32_, tables, f) || with_network(float64_, tables, f)) {
      return;
    }
    with_lattice(structure_, {1, 1, 1}, [&](const auto &lattice) {
      using L = std::decay_t<decltype(lattice)>;
      if (pair_) {
        f(pair_->view<L>(tables));
      } else {
        f(ConstantBarriers<L>{constant_.barrier_eV});
      }
    });
  }

  // The shape of teams. The CPU runs one walker a team, with all its vacancies one after the other.
  template <class Model> TeamChoice team(const Model &model, std::int64_t walkers, int vacancies, bool memory) const {
    if constexpr (kGpuShapes) {
      constexpr bool kNetwork = requires { typename Model::Stored; };
      const int most_rows = kNetwork && few_walkers_ ? 1 : kRows<Model>;
      const auto most = std::max<std::int64_t>(walkers, 1);
      std::int64_t together = std::min<std::int64_t>(most_rows * (memory && most_rows > 1 ? kWalkersOfARow : 1), most);
      std::int64_t rows = std::min<std::int64_t>(most_rows, most * vacancies);
      // What a vacancy takes besides the model's scratch is below 2 kB, a walker with every observable on below 4 kB.
      const auto bytes = [&] {
        return model.scratch(static_cast<int>(rows)) +
               static_cast<std::size_t>(together) * (4096 + 2048 * static_cast<std::size_t>(vacancies));
      };
      while (together > 1 && bytes() > max_scratch_) {
        together /= 2;
      }
      while (rows > 1 && bytes() > max_scratch_) {
        rows /= 2;
      }
      return {static_cast<int>(together), Model::kMaxLanes, static_cast<int>(rows)};
    }
    return {1, 1, 1};
  }

private:
  // False when there is no network of this precision.
  template <class T, class F> bool with_network(const DeviceNetwork<T> &network, const LatticeTablesView &tables, F f) const {
    if (const auto *mlp = std::get_if<DeviceMlp<T>>(&network)) {
      if (few_walkers_) {
        f(mlp->template view<kLatencyTile>(tables));
      } else {
        f(mlp->template view<kThroughputTile>(tables));
      }
    } else if (const auto *site_mlp = std::get_if<DeviceSiteMlp<T>>(&network)) {
      f(site_mlp->view(tables));
    } else if (const auto *cnn = std::get_if<DeviceCnn<T>>(&network)) {
      f(cnn->view(tables));
    } else if (const auto *consistent = std::get_if<DeviceConsistent<T>>(&network)) {
      consistent->with(f);
    } else {
      return false;
    }
    return true;
  }

  Structure structure_;
  DeviceTables tables_;
  ConstantBarrier constant_;
  std::unique_ptr<DevicePairKra> pair_;
  DeviceNetwork<float> float32_;
  DeviceNetwork<double> float64_;
  bool few_walkers_ = false;
  std::size_t max_scratch_ = 0;
};

void check_plan(const KmcPlan &plan) {
  check_cells(plan.model, plan.structure, plan.cells, "");
  if (plan.vacancies < (plan.swaps() ? 0 : 1) || plan.vacancies > kMostVacancies || plan.vacancies >= plan.sites()) {
    throw ConfigError("a walker has 1 to " + std::to_string(kMostVacancies) + " vacancies; " + std::to_string(plan.vacancies) +
                      " were asked for");
  }
  if (plan.species() < 1 || plan.species() > kMaxSpecies) {
    throw ConfigError("1 to " + std::to_string(kMaxSpecies) + " species are possible, not " + std::to_string(plan.species()));
  }
  if (plan.sites() > std::numeric_limits<std::int32_t>::max() || plan.walkers() > (std::int64_t{1} << 31)) {
    throw ConfigError("at most 2^31 - 1 sites and 2^31 walkers are possible");
  }
  const auto *consistent = std::get_if<Consistent>(&plan.model);
  if (plan.swaps() && !std::holds_alternative<PairKra>(plan.model) && consistent == nullptr) {
    throw ConfigError("exchanges need a state energy: that of a pair_kra model or of a consistent network");
  }
  if (plan.swaps() && consistent != nullptr && consistent->state_shells > 0 && plan.vacancies > 1) {
    throw ConfigError("the state energy of a consistent network is that of one vacancy; exchanges of " +
                      std::to_string(plan.vacancies) + " were asked for");
  }
  if (plan.swaps() && (plan.randomness || plan.transport || plan.tracers || plan.time_limit_s > 0.0)) {
    throw ConfigError("exchanges have no time, no jumps and no randomness to observe");
  }
  if (ensemble_size(plan.model) > kMostMembers) {
    throw ConfigError("an ensemble has at most " + std::to_string(kMostMembers) + " networks");
  }
  if (!(plan.spread_limit_eV >= 0.0) || (plan.spread_limit_eV > 0.0 && ensemble_size(plan.model) < 2)) {
    throw ConfigError("a limit of the spread is that of an ensemble of networks, and positive");
  }
  if (plan.b2 && plan.structure != Structure::bcc) {
    throw ConfigError("B2 order is of bcc");
  }
  if (plan.memory_entries < 0 || (plan.memory_entries > 0 && !network_facts(plan.model))) {
    throw ConfigError("a memory of environments is for networks");
  }
  for (const KmcGroup &group : plan.groups) {
    std::int64_t atoms = 0;
    for (const std::int64_t n : group.atoms) {
      atoms += n;
    }
    if (plan.occupancy.empty() &&
        (atoms != plan.sites() - plan.vacancies || static_cast<int>(group.atoms.size()) != plan.species())) {
      throw InvariantError("a group has " + std::to_string(atoms) + " atoms on " + std::to_string(plan.sites()) + " sites");
    }
    if (!(group.temperature_K > 0.0)) {
      throw ConfigError("temperatures must be positive");
    }
  }
}

static_assert(kRandomnessBins == kHistogramBins && kClusterSizeBins == kSizeBins && kB2Columns == kClusterColumns);
static_assert(kMostNetworks == kMostMembers && kMostFlagged == kFlaggedKept);

// Offsets of the environment up to a squared distance.
int offsets_within(int squared) {
  const auto &offsets = bcc_tables().offsets;
  return static_cast<int>(std::count_if(offsets.begin(), offsets.end(),
                                        [&](const Offset &o) { return o[0] * o[0] + o[1] * o[1] + o[2] * o[2] <= squared; }));
}

class Batch final : public KmcBatch {
public:
  Batch(Queue &queue, const KmcPlan &plan)
      : queue_(queue), plan_(plan), row_(row_columns(plan)), walkers_(plan.walkers()),
        counts_(plan.order_shells * plan.pairs()), vacancies_(walkers_ * plan.vacancies),
        jumping_(plan.transport || plan.tracers ? plan.species() : 0), memory_bits_(memory_bits(plan.species())),
        model_(queue, plan.model, plan.precision, plan.structure, walkers_),
        occupancy_(queue, walkers_ * plan.sites(), "occupancy"), vacancy_site_(queue, vacancies_, "vacancy sites"),
        displacement_(queue, 3 * vacancies_, "displacements"), time_(queue, walkers_, "clocks"),
        hops_(queue, walkers_, "hop counts"), status_(queue, walkers_, "walker status"),
        smallest_(queue, walkers_, "smallest barriers"), pair_counts_(queue, counts_ * walkers_, "pair counts"),
        pair_time_(queue, counts_ * walkers_, "pair averages over time"),
        pair_hops_(queue, counts_ * walkers_, "pair averages over hops"), averaged_time_(queue, walkers_, "averaged times"),
        averaged_hops_(queue, walkers_, "averaged hops"),
        contacts_(queue, plan.vacancies > 1 && !plan.swaps() ? walkers_ : 0, "contacts of vacancies"),
        randomness_(queue, plan.randomness ? 2 * walkers_ : 0, "jump randomness"),
        randomness_histogram_(queue, plan.randomness ? groups() * kHistogramBins : 0, "histogram of jump randomness"),
        spread_(queue, plan.spreads() ? 2 * walkers_ : 0, "spreads of barriers"),
        flagged_(queue, plan.flags() ? walkers_ : 0, "flagged hops"),
        flagged_kept_(queue, plan.flags() ? walkers_ : 0, "flagged environments"),
        flagged_codes_(queue, plan.flags() ? walkers_ * kFlaggedKept * environment_sites() : 0, "flagged environments"),
        jumps_(queue, jumping_ * walkers_, "jumps of species"),
        collective_(queue, plan.transport ? 3 * plan.species() * walkers_ : 0, "collective displacements"),
        squared_(queue, plan.tracers ? plan.species() * walkers_ : 0, "squared displacements of species"),
        atom_displacement_(queue, plan.tracers ? walkers_ * plan.sites() : 0, "displacements of atoms"),
        energy_(queue, plan.swaps() ? walkers_ : 0, "pair energies of walkers"),
        accepted_(queue, plan.swaps() ? walkers_ : 0, "accepted trials"),
        b2_since_(queue, follows_b2() ? walkers_ * plan.sites() : 0, "samples since which sites are B2"),
        b2_values_(queue, b2_columns() * walkers_, "B2 clusters"), inverse_kT_(queue, groups(), "inverse temperatures"),
        status_counts_(queue, kStatuses + 1, "status counts"),
        memory_words_(queue, plan.memory_entries * walkers_ * entry_words(), "memory of environments"),
        memory_statistics_(queue, 2, "look-ups") {
    std::vector<double> inverse_kT;
    for (const KmcGroup &group : plan.groups) {
      inverse_kT.push_back(1.0 / (kBoltzmann_eV_per_K * group.temperature_K));
    }
    inverse_kT_.upload(inverse_kT.data());
    for_each_array([](auto &buffer, auto) { buffer.zero(); });
    if (plan.tracers) {
      atom_displacement_.upload(
          std::vector<std::int64_t>(static_cast<std::size_t>(atom_displacement_.size()), kTracerOrigin).data());
    }
    memory_words_.zero();
    memory_statistics_.zero();
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

    std::uint64_t counted[kStatuses + 1];
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
    report.tracer_range = static_cast<std::int64_t>(counted[kTracerRange]);
    report.first_halted = static_cast<std::int64_t>(counted[kStatuses]); // all ones, so -1, when there is none
    if (plan_.memory_entries > 0) {
      std::uint64_t looked[2];
      memory_statistics_.download(looked);
      report.memory_lookups = looked[0];
      report.memory_hits = looked[1];
    }
    return report;
  }

  KmcState save() override {
    KmcState s;
    s.hops = done_;
    s.sample_hops = sample_hops_;
    for_each_array([&](auto &buffer, auto member) {
      (s.*member).resize(static_cast<std::size_t>(buffer.size()));
      buffer.download((s.*member).data());
    });
    return s;
  }

  void load(const KmcState &state) override {
    for_each_array([&](auto &buffer, auto member) {
      if (static_cast<std::int64_t>((state.*member).size()) != buffer.size()) {
        throw InvariantError("a saved state does not have the size of the batch");
      }
      buffer.upload((state.*member).data());
    });
    done_ = state.hops;
    sample_hops_ = state.sample_hops;
  }

  TransferCount transfers() const override { return {queue_.bytes_to_device(), queue_.bytes_to_host()}; }

private:
  std::int64_t groups() const { return static_cast<std::int64_t>(plan_.groups.size()); }
  std::int64_t environment_sites() const { return static_cast<std::int64_t>(environment_of(plan_.model).offsets.size()); }
  std::int64_t row_size() const { return groups() * row_.end; }
  bool follows_b2() const { return plan_.b2 && plan_.b2->persistent_over_hops > 0; }
  std::int64_t b2_columns() const { return plan_.b2 ? (follows_b2() ? 2 : 1) * kClusterColumns : 0; }
  std::int64_t entry_words() const { return static_cast<std::int64_t>(memory_entry_bytes(plan_) / sizeof(std::uint64_t)); }

  // Every array of a saved state, with its member of KmcState.
  template <class F> void for_each_array(F f) {
    f(occupancy_, &KmcState::occupancy);
    f(vacancy_site_, &KmcState::vacancy_site);
    f(displacement_, &KmcState::displacement);
    f(time_, &KmcState::time_s);
    f(hops_, &KmcState::walker_hops);
    f(status_, &KmcState::status);
    f(smallest_, &KmcState::smallest_barrier_eV);
    f(pair_counts_, &KmcState::pair_counts);
    f(pair_time_, &KmcState::pair_time);
    f(pair_hops_, &KmcState::pair_hops);
    f(averaged_time_, &KmcState::averaged_time_s);
    f(averaged_hops_, &KmcState::averaged_hops);
    f(contacts_, &KmcState::contacts);
    f(randomness_, &KmcState::randomness);
    f(randomness_histogram_, &KmcState::randomness_histogram);
    f(spread_, &KmcState::spread);
    f(flagged_, &KmcState::flagged);
    f(flagged_kept_, &KmcState::flagged_kept);
    f(flagged_codes_, &KmcState::flagged_codes);
    f(jumps_, &KmcState::jumps);
    f(collective_, &KmcState::collective);
    f(squared_, &KmcState::squared);
    f(atom_displacement_, &KmcState::atom_displacement);
    f(energy_, &KmcState::energy);
    f(accepted_, &KmcState::accepted);
    f(b2_since_, &KmcState::b2_since);
  }

  WalkersView view() {
    const std::int64_t jumping = jumping_;
    return {occupancy_.shaped(walkers_, plan_.sites()),
            vacancy_site_.shaped(walkers_, plan_.vacancies),
            displacement_.shaped(3, walkers_, plan_.vacancies),
            time_.view(),
            hops_.view(),
            status_.view(),
            smallest_.view(),
            pair_counts_.shaped(counts_, walkers_),
            pair_time_.shaped(counts_, walkers_),
            pair_hops_.shaped(counts_, walkers_),
            averaged_time_.view(),
            averaged_hops_.view(),
            contacts_.view(),
            randomness_.shaped(plan_.randomness ? 2 : 0, walkers_),
            randomness_histogram_.shaped(plan_.randomness ? groups() : 0, kHistogramBins),
            jumps_.shaped(jumping, walkers_),
            collective_.shaped(plan_.transport ? plan_.species() : 0, 3, walkers_),
            squared_.shaped(plan_.tracers ? plan_.species() : 0, walkers_),
            atom_displacement_.shaped(plan_.tracers ? walkers_ : 0, plan_.sites()),
            energy_.view(),
            accepted_.view(),
            spread_.shaped(plan_.spreads() ? 2 : 0, walkers_),
            flagged_.view(),
            flagged_kept_.view(),
            flagged_codes_.shaped(plan_.flags() ? walkers_ : 0, kFlaggedKept, environment_sites())};
  }

  template <class Model> MemoryView memory() {
    const int key_words = memory_key_words(Model::Lattice::kEnvironment, memory_bits_);
    return {memory_words_.view(),           memory_statistics_.view(), plan_.memory_entries, memory_bits_, key_words,
            static_cast<int>(entry_words())};
  }

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
        if (vacancies != plan_.vacancies || highest > plan_.species()) {
          throw DataError("the initial configuration of walker " + std::to_string(i) + " has " + std::to_string(vacancies) +
                          " vacancies and species codes up to " + std::to_string(highest) + "; " +
                          std::to_string(plan_.vacancies) + " and codes 1 to " + std::to_string(plan_.species()) +
                          " are expected");
        }
      }
      occupancy_.upload(plan_.occupancy.data());
    }
    if (plan_.vacancies > 0) {
      queue_.for_each("kmc_find_vacancies", walkers_, FindVacancies{w.occupancy, w.vacancy_site});
    }
    with_lattice(plan_.structure, plan_.cells, [&](const auto &lattice) {
      using L = std::decay_t<decltype(lattice)>;
      queue_.for_each("kmc_count_bonds", walkers_,
                      CountBonds<L>{lattice, model_.tables(), w.occupancy, w.pair_counts, plan_.order_shells, plan_.species()});
      if (plan_.swaps()) {
        with_exchange(lattice, RunParameters{},
                      [&](const auto &work, const auto &state) { total_energy(queue_, work, state); });
      }
    });
  }

  // Calls f with the work of exchanges and the state energy beyond pairs, which is of bcc.
  template <class L, class F> void with_exchange(const L &lattice, const RunParameters &run, F f) {
    model_.with_state_energy([&](View<const std::int64_t, 3> energy, int shells, const auto &state) {
      if constexpr (std::is_same_v<L, BccLattice> || std::is_same_v<std::decay_t<decltype(state)>, PairsAlone>) {
        f(Exchange<L>{lattice, model_.tables(), view(), inverse_kT_.view(), energy, shells, run}, state);
      }
    });
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
    if (plan_.swaps()) {
      with_lattice(plan_.structure, plan_.cells, [&](const auto &lattice) {
        with_exchange(lattice, run, [&](const auto &work, const auto &state) { exchange_sites(queue_, work, state); });
      });
    } else {
      model_.with([&](const auto &model) {
        using Model = std::decay_t<decltype(model)>;
        advance_walkers(queue_,
                        Advance<Model>{lattice_of<typename Model::Lattice>(plan_.cells), model_.tables(), view(),
                                       inverse_kT_.view(), memory<Model>(), run, model},
                        model_.team(model, walkers_, plan_.vacancies, plan_.memory_entries > 0));
      });
    }
    done_ = hop;
  }

  // Statistics of the present state into row i of n (means of all rows first, then squared deviations).
  void statistics(DeviceBuffer<double> &rows, std::int64_t i, std::int64_t n) {
    if (plan_.b2) {
      observe_b2();
    }
    double *data = rows.view().data();
    const StatisticsColumns columns{
        row_.pairs,      row_.randomness, row_.spread,   row_.jumps, row_.tracer_squared,
        row_.collective, row_.energy_eV,  row_.accepted, row_.b2,    row_.b2 + static_cast<int>(b2_columns()),
        row_.end};
    group_statistics(queue_, view(), b2_values_.shaped(b2_columns(), walkers_), columns, static_cast<int>(groups()),
                     plan_.replicas, View<double, 2>(data + i * row_size(), groups(), row_.end),
                     View<double, 2>(data + (n + i) * row_size(), groups(), row_.end));
  }

  // B2 clusters of the present state, for blocks of walkers that bound the working memory.
  void observe_b2() {
    const B2Rule &rule = *plan_.b2;
    const std::int64_t sites = plan_.sites();
    const std::int64_t block = std::min(walkers_, std::max<std::int64_t>(1, kClusterBlock / sites));
    DeviceBuffer<std::uint8_t> marks(queue_, block * sites, "B2 centres");
    DeviceBuffer<std::int32_t> labels(queue_, block * sites, "cluster labels");
    DeviceBuffer<std::int32_t> sizes(queue_, block * sites, "cluster sizes");
    const auto lattice = lattice_of<BccLattice>(plan_.cells);
    const int linked = offsets_within(rule.link_squared);
    sample_hops_.push_back(done_);
    const auto sample = static_cast<std::uint32_t>(sample_hops_.size() - 1);
    const std::uint32_t begin = first_sample_of_window(sample_hops_, rule.persistent_over_hops);
    for (std::int64_t first = 0; first < walkers_; first += block) {
      const std::int64_t n = std::min(block, walkers_ - first);
      const auto marked = marks.shaped(n, sites);
      const auto label = labels.shaped(n, sites);
      const auto count = [&](std::int64_t column) {
        label_clusters(queue_, lattice, model_.tables(), linked, marked, label);
        cluster_statistics(queue_, label, sizes.shaped(n, sites), first,
                           View<std::int32_t, 2>(b2_values_.view().data() + column * walkers_, kClusterColumns, walkers_));
      };
      mark_b2_centres(queue_, lattice, model_.tables(),
                      View<const std::uint8_t, 2>(occupancy_.view().data() + first * sites, n, sites), rule.species_a,
                      rule.species_b, rule.least_partners, marked);
      count(0);
      if (follows_b2()) {
        const View<std::uint32_t, 2> since(b2_since_.view().data() + first * sites, n, sites);
        follow_marks(queue_, marked, sample, since);
        mark_persistent(queue_, since, begin, marked);
        count(kClusterColumns);
      }
    }
    if (!follows_b2()) {
      sample_hops_.clear(); // nothing looks back
    }
  }

  KmcRow make_row(std::uint64_t hop, const std::vector<double> &rows, std::int64_t i, std::int64_t n) const {
    const auto part = [&](std::int64_t row) {
      const auto begin = rows.begin() + row * row_size();
      return std::vector<double>(begin, begin + row_size());
    };
    return {hop, part(i), part(n + i)};
  }

  static constexpr std::int64_t kClusterBlock = std::int64_t{1} << 22; // sites

  Queue &queue_;
  KmcPlan plan_;
  RowColumns row_;
  std::int64_t walkers_;
  std::int64_t counts_;
  std::int64_t vacancies_; // of all walkers
  std::int64_t jumping_;   // species whose jumps are counted
  int memory_bits_;
  std::uint64_t done_ = 0;
  std::vector<std::uint64_t> sample_hops_;
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
  DeviceBuffer<std::int64_t> energy_;
  DeviceBuffer<std::uint64_t> accepted_;
  DeviceBuffer<std::uint32_t> b2_since_;
  DeviceBuffer<std::int32_t> b2_values_; // [column][walker]
  DeviceBuffer<double> inverse_kT_;
  DeviceBuffer<std::uint64_t> status_counts_;
  DeviceBuffer<std::uint64_t> memory_words_;
  DeviceBuffer<std::uint64_t> memory_statistics_;
};

} // namespace

std::unique_ptr<KmcBatch> make_kmc_batch(Queue &queue, const KmcPlan &plan) {
  check_plan(plan);
  return std::make_unique<Batch>(queue, plan);
}

EnvironmentBarriers evaluate_barriers(Queue &queue, const BarrierModel &model, Precision precision,
                                      std::span<const std::uint8_t> types) {
  const auto sites = static_cast<std::int64_t>(environment_of(model).offsets.size());
  const auto n = static_cast<std::int64_t>(types.size()) / sites;
  const DeviceModel device_model(queue, model, precision, Structure::bcc, n);
  DeviceBuffer<std::uint8_t> codes(queue, n * sites, "environments");
  const bool spreads = ensemble_size(model) > 1;
  DeviceBuffer<double> barriers(queue, n * kJumps, "barriers");
  DeviceBuffer<double> spread(queue, spreads ? n * kJumps : 0, "spreads of barriers");
  codes.upload(types.data());
  device_model.with([&](const auto &kernel_model) {
    evaluate_environments(queue, kernel_model, View<const std::uint8_t, 2>(codes.view().data(), n, sites),
                          barriers.shaped(n, kJumps), spread.shaped(spreads ? n : 0, kJumps),
                          device_model.team(kernel_model, n, 1, false));
  });
  EnvironmentBarriers result;
  result.barrier_eV.resize(static_cast<std::size_t>(barriers.size()));
  result.spread_eV.resize(static_cast<std::size_t>(spread.size()));
  barriers.download(result.barrier_eV.data());
  spread.download(result.spread_eV.data());
  return result;
}

namespace {

void check_occupancy(const LatticeShape &lattice, std::size_t size, const BarrierModel &model = ConstantBarrier{}) {
  check_cells(model, lattice.structure, lattice.cells, "");
  if (static_cast<std::int64_t>(size) != lattice.sites()) {
    throw InvariantError("a configuration of " + std::to_string(size) + " sites is given for a lattice of " +
                         std::to_string(lattice.sites()));
  }
}

} // namespace

BarrierMap map_configuration(Queue &queue, const BarrierModel &model, Precision precision, const LatticeShape &shape,
                             std::span<const std::uint8_t> occupancy, std::span<const double> temperatures_K) {
  check_occupancy(shape, occupancy.size(), model);
  const std::int64_t sites = shape.sites();
  const auto temperatures = static_cast<std::int64_t>(temperatures_K.size());
  const int paths = lattice_tables(shape.structure).paths;
  const DeviceModel device_model(queue, model, precision, shape.structure, sites);
  DeviceBuffer<std::uint8_t> codes(queue, sites, "occupancy");
  const bool spreads = ensemble_size(model) > 1;
  DeviceBuffer<double> barriers(queue, sites * paths, "barriers");
  DeviceBuffer<double> spread(queue, spreads ? sites * paths : 0, "spreads of barriers");
  DeviceBuffer<double> randomness(queue, temperatures * sites, "jump randomness of sites");
  DeviceBuffer<double> inverse_kT(queue, temperatures, "inverse temperatures");
  codes.upload(occupancy.data());
  std::vector<double> host_inverse_kT;
  for (const double temperature_K : temperatures_K) {
    host_inverse_kT.push_back(1.0 / (kBoltzmann_eV_per_K * temperature_K));
  }
  inverse_kT.upload(host_inverse_kT.data());
  device_model.with([&](const auto &kernel_model) {
    using Model = std::decay_t<decltype(kernel_model)>;
    map_barriers(queue, kernel_model, lattice_of<typename Model::Lattice>(shape.cells), device_model.tables(), codes.view(),
                 barriers.shaped(sites, paths), spread.shaped(spreads ? sites : 0, paths),
                 device_model.team(kernel_model, sites, 1, false));
  });
  randomness_of_barriers(queue, barriers.shaped(sites, paths), inverse_kT.view(), randomness.shaped(temperatures, sites));
  BarrierMap map;
  map.barrier_eV.resize(static_cast<std::size_t>(barriers.size()));
  map.spread_eV.resize(static_cast<std::size_t>(spread.size()));
  map.randomness.resize(static_cast<std::size_t>(randomness.size()));
  barriers.download(map.barrier_eV.data());
  spread.download(map.spread_eV.data());
  randomness.download(map.randomness.data());
  return map;
}

std::vector<std::int32_t> find_clusters(Queue &queue, const LatticeShape &shape, std::span<const std::uint8_t> marks,
                                        int link_squared) {
  check_occupancy(shape, marks.size());
  if (shape.structure != Structure::bcc) {
    throw ConfigError("clusters are found on bcc");
  }
  const DeviceTables tables(queue, shape.structure);
  DeviceBuffer<std::uint8_t> marked(queue, shape.sites(), "marked sites");
  DeviceBuffer<std::int32_t> labels(queue, shape.sites(), "cluster labels");
  marked.upload(marks.data());
  label_clusters(queue, lattice_of<BccLattice>(shape.cells), tables.view(), offsets_within(link_squared),
                 View<const std::uint8_t, 2>(marked.view().data(), 1, shape.sites()), labels.shaped(1, shape.sites()));
  std::vector<std::int32_t> result(marks.size());
  labels.download(result.data());
  return result;
}

std::vector<std::uint8_t> find_b2_centres(Queue &queue, const LatticeShape &shape, std::span<const std::uint8_t> occupancy,
                                          const B2Rule &rule) {
  check_occupancy(shape, occupancy.size());
  if (shape.structure != Structure::bcc) {
    throw ConfigError("B2 order is of bcc");
  }
  const DeviceTables tables(queue, shape.structure);
  DeviceBuffer<std::uint8_t> codes(queue, shape.sites(), "occupancy");
  DeviceBuffer<std::uint8_t> marks(queue, shape.sites(), "B2 centres");
  codes.upload(occupancy.data());
  mark_b2_centres(queue, lattice_of<BccLattice>(shape.cells), tables.view(),
                  View<const std::uint8_t, 2>(codes.view().data(), 1, shape.sites()), rule.species_a, rule.species_b,
                  rule.least_partners, marks.shaped(1, shape.sites()));
  std::vector<std::uint8_t> result(occupancy.size());
  marks.download(result.data());
  return result;
}

} // namespace ZENER_BACKEND
} // namespace zener
