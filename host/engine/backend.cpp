// The backend that this library is: its devices, and the calls of host/backend.hpp with device faults turned into errors.
#include "host/backend.hpp"

#include "host/engine/analysis_engine.hpp"
#include "host/engine/atoms_engine.hpp"
#include "host/engine/kmc_engine.hpp"
#include "host/engine/mixture_engine.hpp"
#include "host/engine/structure_engine.hpp"
#include "host/engine/train_engine.hpp"
#include "host/neutral/errors.hpp"
#include "kernels/exec/bandwidth.hpp"
#include "kernels/exec/queue.hpp"
#include "kernels/potentials/potential.hpp"

#include <string>

#define ZENER_TEXT_OF(name) #name
#define ZENER_TEXT(name) ZENER_TEXT_OF(name)

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr const char *kName = ZENER_TEXT(ZENER_BACKEND);

template <class F> auto guarded(F f) {
  try {
    return f();
  } catch (const DeviceFault &fault) {
    throw DeviceError(std::string(kName) + ": " + fault.what());
  }
}

class GuardedBatch final : public KmcBatch {
public:
  explicit GuardedBatch(std::unique_ptr<KmcBatch> batch) : batch_(std::move(batch)) {}
  KmcRow sample() override {
    return guarded([&] { return batch_->sample(); });
  }
  AdvanceReport advance(std::uint64_t until_hop, std::span<const std::uint64_t> sample_hops) override {
    return guarded([&] { return batch_->advance(until_hop, sample_hops); });
  }
  KmcState save() override {
    return guarded([&] { return batch_->save(); });
  }
  void load(const KmcState &state) override {
    guarded([&] { batch_->load(state); });
  }
  TransferCount transfers() const override { return batch_->transfers(); }

private:
  std::unique_ptr<KmcBatch> batch_;
};

class GuardedAnalysis final : public Analysis {
public:
  explicit GuardedAnalysis(std::unique_ptr<Analysis> analysis) : analysis_(std::move(analysis)) {}
  void push(const std::vector<Atoms> &systems) override {
    guarded([&] { analysis_->push(systems); });
  }
  AnalysisSums sums() override {
    return guarded([&] { return analysis_->sums(); });
  }
  std::int64_t frames() const override { return analysis_->frames(); }
  std::vector<AtomFrame> take_atoms() override {
    return guarded([&] { return analysis_->take_atoms(); });
  }
  AnalysisState save() override {
    return guarded([&] { return analysis_->save(); });
  }
  void load(const AnalysisState &state) override {
    guarded([&] { analysis_->load(state); });
  }
  std::vector<MeanPositions> take_mean_positions() override {
    return guarded([&] { return analysis_->take_mean_positions(); });
  }
  TransferCount transfers() const override { return analysis_->transfers(); }

  // The analysis behind one that this backend made.
  static Analysis &inside(Analysis &analysis) {
    auto *guarded = dynamic_cast<GuardedAnalysis *>(&analysis);
    if (guarded == nullptr) {
      throw InvariantError("an analysis of another backend");
    }
    return *guarded->analysis_;
  }

private:
  std::unique_ptr<Analysis> analysis_;
};

class GuardedAtoms final : public AtomsBatch {
public:
  explicit GuardedAtoms(std::unique_ptr<AtomsBatch> batch) : batch_(std::move(batch)) {}
  Evaluation evaluate() override {
    return guarded([&] { return batch_->evaluate(); });
  }
  void set_atoms(const std::vector<Atoms> &systems) override {
    guarded([&] { batch_->set_atoms(systems); });
  }
  std::vector<Atoms> atoms() override {
    return guarded([&] { return batch_->atoms(); });
  }
  std::vector<ThermoRow> thermo() override {
    return guarded([&] { return batch_->thermo(); });
  }
  void set_dynamics(const DynamicsPlan &plan) override {
    guarded([&] { batch_->set_dynamics(plan); });
  }
  DynamicsReport advance(std::int64_t until_step, std::span<const std::int64_t> sample_steps) override {
    return guarded([&] { return batch_->advance(until_step, sample_steps); });
  }
  RelaxReport relax(const RelaxPlan &plan) override {
    return guarded([&] { return batch_->relax(plan); });
  }
  BandsReport relax_bands(const BandsPlan &plan) override {
    return guarded([&] { return batch_->relax_bands(plan); });
  }
  DynamicsState save() override {
    return guarded([&] { return batch_->save(); });
  }
  void load(const DynamicsState &state) override {
    guarded([&] { batch_->load(state); });
  }
  SwapReport swap_trials(const SwapPlan &plan, std::int64_t first, std::int64_t until) override {
    return guarded([&] { return batch_->swap_trials(plan, first, until); });
  }
  void observe(Analysis &analysis) override {
    guarded([&] { batch_->observe(GuardedAnalysis::inside(analysis)); });
  }
  void observe_while_advancing(Analysis *analysis, std::int64_t first_step, std::int64_t every) override {
    batch_->observe_while_advancing(analysis == nullptr ? nullptr : &GuardedAnalysis::inside(*analysis), first_step, every);
  }
  TransferCount transfers() const override { return batch_->transfers(); }

private:
  std::unique_ptr<AtomsBatch> batch_;
};

class GuardedTraining final : public Training {
public:
  explicit GuardedTraining(std::unique_ptr<Training> training) : training_(std::move(training)) {}
  EpochReport epoch(std::int64_t number, std::span<const double> learning_rates) override {
    return guarded([&] { return training_->epoch(number, learning_rates); });
  }
  std::vector<std::vector<float>> predict(std::span<const std::int64_t> jumps) override {
    return guarded([&] { return training_->predict(jumps); });
  }
  NetworkState save(std::size_t network) override {
    return guarded([&] { return training_->save(network); });
  }
  void load(std::size_t network, const NetworkState &state) override {
    guarded([&] { training_->load(network, state); });
  }
  TrainedModel model(std::size_t network) override {
    return guarded([&] { return training_->model(network); });
  }
  std::string library() const override { return training_->library(); }

private:
  std::unique_ptr<Training> training_;
};

class DeviceBackend final : public Backend {
public:
  explicit DeviceBackend(int index) : queue_(index) {}

  DeviceInfo device() const override {
    return guarded([&] { return describe(queue_); });
  }

  std::unique_ptr<Training> make_training(const TrainPlan &plan) override {
    return guarded([&]() -> std::unique_ptr<Training> {
      return std::make_unique<GuardedTraining>(zener::ZENER_BACKEND::make_training(queue_, plan));
    });
  }
  std::unique_ptr<KmcBatch> make_kmc(const KmcPlan &plan) override {
    return guarded([&]() -> std::unique_ptr<KmcBatch> {
      const std::size_t needed = device_bytes(plan);
      const std::size_t available = queue_.properties().memory_free_bytes;
      if (available > 0 && needed > available) {
        throw DeviceError(std::string(kName) + ": " + std::to_string(plan.walkers()) + " walkers of " +
                          std::to_string(plan.sites()) + " sites need " + std::to_string(needed >> 20) + " MiB; " +
                          std::to_string(available >> 20) + " MiB are free on the device. Use fewer replicas or smaller cells");
      }
      return std::make_unique<GuardedBatch>(make_kmc_batch(queue_, plan));
    });
  }

  std::unique_ptr<AtomsBatch> make_atoms(const AtomsPlan &plan) override {
    return guarded(
        [&]() -> std::unique_ptr<AtomsBatch> { return std::make_unique<GuardedAtoms>(make_atoms_batch(queue_, plan)); });
  }

  StructureResult structure(const StructurePlan &plan, const std::vector<Atoms> &systems) override {
    return guarded([&] { return find_structure(queue_, plan, systems); });
  }

  std::unique_ptr<Analysis> make_analysis(const AnalysisPlan &plan, const std::vector<Atoms> &systems) override {
    return guarded([&]() -> std::unique_ptr<Analysis> {
      return std::make_unique<GuardedAnalysis>(std::make_unique<DeviceAnalysis>(queue_, plan, systems));
    });
  }

  MixtureFit fit_mixture(const MixturePlan &plan, int features, std::span<const double> samples) override {
    return guarded([&] { return zener::fit_mixture(queue_, plan, features, samples); });
  }

  MixtureScores score_mixture(const Mixture &mixture, const std::vector<std::int32_t> &class_of_component, int classes,
                              std::span<const double> samples) override {
    return guarded([&] { return zener::score_mixture(queue_, mixture, class_of_component, classes, samples); });
  }

  EnvironmentBarriers barriers(const BarrierModel &model, Precision precision, std::span<const std::uint8_t> types) override {
    return guarded([&] { return evaluate_barriers(queue_, model, precision, types); });
  }

  BarrierMap barrier_map(const BarrierModel &model, Precision precision, const LatticeShape &lattice,
                         std::span<const std::uint8_t> occupancy, std::span<const double> temperatures_K) override {
    return guarded([&] { return map_configuration(queue_, model, precision, lattice, occupancy, temperatures_K); });
  }

  std::vector<std::int32_t> clusters(const LatticeShape &lattice, std::span<const std::uint8_t> marks,
                                     int link_squared) override {
    return guarded([&] { return find_clusters(queue_, lattice, marks, link_squared); });
  }

  std::vector<std::uint8_t> b2_centres(const LatticeShape &lattice, std::span<const std::uint8_t> occupancy,
                                       const B2Rule &rule) override {
    return guarded([&] { return find_b2_centres(queue_, lattice, occupancy, rule); });
  }

  void set_threads(int threads) override { queue_.set_threads(threads); }

  MemoryCount memory() const override { return {queue_.memory_held(), queue_.memory_peak()}; }

  double copy_bandwidth(std::int64_t bytes) override {
    return guarded([&] { return zener::copy_bandwidth(queue_, bytes); });
  }

  void time_kernels(bool on) override { time_ranges(on); }

  std::vector<KernelTime> kernel_times() const override {
    std::vector<KernelTime> times;
    for (const RangeTime &range : range_times()) {
      KernelTime time{range.name, range.calls, range.seconds};
      double ticks = 0.0;
      for (const std::int64_t of_part : range.part_ticks) {
        ticks += static_cast<double>(of_part);
      }
      if (ticks > 0.0) {
        time.descriptor_seconds = range.seconds * static_cast<double>(range.part_ticks[kDescriptorPart]) / ticks;
        time.force_seconds = range.seconds * static_cast<double>(range.part_ticks[kForcePart]) / ticks;
      }
      times.push_back(time);
    }
    return times;
  }

  static DeviceInfo describe(const Queue &queue) {
    const DeviceProperties p = queue.properties();
    return {queue.device(), p.name, p.architecture, p.units, p.memory_bytes, p.memory_free_bytes};
  }

private:
  Queue queue_;
};

std::vector<DeviceInfo> list_devices(std::string &why) {
  char text[256] = "";
  const int count = device_count(text, sizeof text);
  why = text;
  std::vector<DeviceInfo> devices;
  for (int i = 0; i < count; ++i) {
    try {
      devices.push_back(DeviceBackend::describe(Queue(i)));
    } catch (const DeviceFault &fault) {
      why = fault.what();
    }
  }
  return devices;
}

std::unique_ptr<Backend> open_device(int index) {
  return guarded([&]() -> std::unique_ptr<Backend> { return std::make_unique<DeviceBackend>(index); });
}

} // namespace

BackendEntry backend_entry();
BackendEntry backend_entry() { return {kName, list_devices, open_device}; }

} // namespace ZENER_BACKEND
} // namespace zener
