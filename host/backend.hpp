// The seam between the program, compiled once, and the backends, each compiled from kernels/ and host/engine/ for its device.
#pragma once

#include "host/neutral/analysis_plan.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/kmc_plan.hpp"
#include "host/neutral/md_plan.hpp"
#include "host/neutral/mixture.hpp"
#include "host/neutral/structure_plan.hpp"
#include "host/neutral/train_plan.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace zener {

struct DeviceInfo {
  int index = 0;
  std::string name;         // e.g. "NVIDIA H200" or the processor's model
  std::string architecture; // e.g. "sm_90", "gfx90a", "AVX-512"
  int units = 0;            // multiprocessors, or threads on the CPU
  std::size_t memory_bytes = 0;
  std::size_t memory_free_bytes = 0;
};

// Bytes that crossed between host and device so far, for tests and profiles.
struct TransferCount {
  std::uint64_t to_device = 0;
  std::uint64_t to_host = 0;
};

// Wall time of launches of one name, those inside it taken off. Kernels of potentials say what of it is the descriptor (with
// the energies) and what the force; 0 for others.
struct KernelTime {
  std::string name;
  std::int64_t calls = 0;
  double seconds = 0.0;
  double descriptor_seconds = 0.0;
  double force_seconds = 0.0;
};

// Bytes of device memory that the backend's buffers hold, without what runtime and kernels take for themselves.
struct MemoryCount {
  std::size_t held = 0;
  std::size_t peak = 0;
};

struct AdvanceReport {
  std::vector<KmcRow> rows; // one for each sampled hop, in order
  std::int64_t running = 0; // walkers that can go on
  std::int64_t at_time_limit = 0;
  std::int64_t no_possible_hop = 0;
  std::int64_t bad_barrier = 0;   // a barrier was not finite
  std::int64_t tracer_range = 0;  // an atom moved further than its displacement can hold
  std::int64_t first_halted = -1; // lowest walker that stopped for another reason than the time limit
  // Environments looked up in the memory and found there, since the batch was made. Not a property of the walk: they depend
  // on restarts.
  std::uint64_t memory_lookups = 0;
  std::uint64_t memory_hits = 0;
};

struct LatticeShape {
  Structure structure = Structure::bcc;
  std::array<int, 3> cells{};
  std::int64_t sites() const { return std::int64_t{sites_per_cell(structure)} * cells[0] * cells[1] * cells[2]; }
};

// A vacancy on every site of a configuration in turn. P paths.
struct BarrierMap {
  std::vector<double> barrier_eV; // [site][P]
  std::vector<double> spread_eV;  // [site][P], of an ensemble: standard deviation over its members; else empty
  std::vector<double> randomness; // [temperature][site]: R of the eight (P) barriers
};

// Barriers of environments. P paths.
struct EnvironmentBarriers {
  std::vector<double> barrier_eV; // [environment][P]
  std::vector<double> spread_eV;  // [environment][P], of an ensemble: standard deviation over its members; else empty
};

// A batch of walkers that lives on a device.
class KmcBatch {
public:
  virtual ~KmcBatch() = default;
  // The current state as a row (hop 0: the initial state).
  virtual KmcRow sample() = 0;
  // Runs every walker to `until_hop`, sampling on the way at `sample_hops` (ascending, in (hops, until_hop]). No host round
  // trip between the hops of one call. Results do not depend on how a run is cut into calls.
  virtual AdvanceReport advance(std::uint64_t until_hop, std::span<const std::uint64_t> sample_hops) = 0;
  virtual KmcState save() = 0;
  virtual void load(const KmcState &state) = 0;
  virtual TransferCount transfers() const = 0;
};

// Analyses that live on a device and take in frames of K systems of atoms, one after the other.
class Analysis {
public:
  virtual ~Analysis() = default;
  // A frame from a file: the systems' atoms in the order given to make_analysis, positions unwrapped (image is not looked at).
  virtual void push(const std::vector<Atoms> &systems) = 0;
  // What was measured so far; small.
  virtual AnalysisSums sums() = 0;
  virtual std::int64_t frames() const = 0;
  // Frames of atoms that were kept since the last call. Not part of the state: take them before save().
  virtual std::vector<AtomFrame> take_atoms() = 0;
  virtual AnalysisState save() = 0;
  virtual void load(const AnalysisState &state) = 0;
  virtual TransferCount transfers() const = 0;
  // Averages over the windows that ended since the last call, which a caller asks for often enough: they wait in the host's
  // memory, and no state holds them.
  virtual std::vector<MeanPositions> take_mean_positions() = 0;
};

// A batch of systems of atoms that lives on a device.
class AtomsBatch {
public:
  virtual ~AtomsBatch() = default;
  virtual Evaluation evaluate() = 0;
  // New positions, cells and types for the same number of atoms (for strains, displacements); velocities too where `systems`
  // has them. A type must be one that the system had atoms of.
  virtual void set_atoms(const std::vector<Atoms> &systems) = 0;
  // The systems as they stand, atoms in the order given. Positions go on from those given and are never wrapped, so that
  // differences are displacements; images stay as they were given.
  virtual std::vector<Atoms> atoms() = 0;
  virtual std::vector<ThermoRow> thermo() = 0;
  // Sets the ensemble; thermostats start anew.
  virtual void set_dynamics(const DynamicsPlan &plan) = 0;
  // Runs to a step, with rows at `sample_steps` (ascending, in (step, until_step]). No host round trip inside the step loop but
  // for the renewal of lists. Results do not depend on how a run is cut into calls.
  virtual DynamicsReport advance(std::int64_t until_step, std::span<const std::int64_t> sample_steps) = 0;
  virtual RelaxReport relax(const RelaxPlan &plan) = 0;
  // Relaxes bands of images (and single systems) by FIRE; their images are all systems of the batch, in order.
  virtual BandsReport relax_bands(const BandsPlan &plan) = 0;
  virtual DynamicsState save() = 0;
  virtual void load(const DynamicsState &state) = 0;
  virtual TransferCount transfers() const = 0;
  // Trials of swaps numbered [first, until) in every system (numbers tell random ones apart). atoms() then has the elements
  // where they went; masses go with them and velocities keep kinetic energies, without motion of the centre of mass once there
  // is a dynamics. Relaxed swaps leave the atoms at rest. Without a dynamics results do not depend on how trials are
  // cut into calls (with one, each call ends by stopping the centre of mass). Throws DataError when an atom runs away.
  virtual SwapReport swap_trials(const SwapPlan &plan, std::int64_t first, std::int64_t until) = 0;
  // Shows the systems as they stand to an analysis made by the same backend for systems of as many atoms: positions unwrapped,
  // atoms in the order given. No atom crosses to the host.
  virtual void observe(Analysis & /*analysis*/) { throw InvariantError("this batch cannot be observed"); }
  // From now on advance() does so at first_step and every `every` steps after it, itself, before the rows of the same step;
  // null ends it. A step that advance() begins from is not observed again. The analysis must outlive this.
  virtual void observe_while_advancing(Analysis * /*analysis*/, std::int64_t /*first_step*/, std::int64_t /*every*/) {
    throw InvariantError("this batch cannot be observed");
  }
};

// Networks in training on a device: data, parameters and moments stay there.
class Training {
public:
  virtual ~Training() = default;
  // One pass over the training jumps, in an order drawn from the plan's seed and `number`. A network whose rate is 0 stands
  // still and costs nothing. The same bits for any number of threads and of networks beside it.
  virtual EpochReport epoch(std::int64_t number, std::span<const double> learning_rates) = 0;
  // Barriers in eV of the given jumps with running statistics: [network][jump][2] forward and backward, or [network][jump]
  // where only those forward are known.
  virtual std::vector<std::vector<float>> predict(std::span<const std::int64_t> jumps) = 0;
  virtual NetworkState save(std::size_t network) = 0;
  virtual void load(std::size_t network, const NetworkState &state) = 0;
  // The network with batch norm folded in, in double.
  virtual TrainedModel model(std::size_t network) = 0;
  // The library that large matrix products go to, e.g. "OpenBLAS", opened at run time; "" when all are our own.
  virtual std::string library() const { return ""; }
};

class Backend {
public:
  virtual ~Backend() = default;
  virtual DeviceInfo device() const = 0;
  // Throws ConfigError for what no device can do (an element that the potential lacks), DataError for systems that cannot be
  // (atoms on top of each other, a flat cell), DeviceError when the memory is too small.
  virtual std::unique_ptr<AtomsBatch> make_atoms(const AtomsPlan &plan) = 0;
  // Throws ConfigError for plans that no device can run, DeviceError when the memory is too small (estimated first).
  virtual std::unique_ptr<KmcBatch> make_kmc(const KmcPlan &plan) = 0;
  // Throws ConfigError for plans that no device can run, DeviceError when the memory is too small (estimated first).
  virtual std::unique_ptr<Training> make_training(const TrainPlan &plan) = 0;
  // Structure of one frame of each system, uploaded once; systems do not see each other. Throws ConfigError for plans that
  // cannot be, DataError for atoms that a structure cannot be found of (host/engine/structure_engine.hpp).
  virtual StructureResult structure(const StructurePlan &plan, const std::vector<Atoms> &systems) = 0;
  // Fits a Gaussian mixture to samples [N][features] (host/engine/mixture_engine.hpp). Throws ConfigError for a plan that
  // cannot be, DataError for samples that are no numbers, DeviceError when the memory is too small (estimated first).
  virtual MixtureFit fit_mixture(const MixturePlan &plan, int features, std::span<const double> samples) = 0;
  // Scores of samples [N][mixture.features].
  virtual MixtureScores score_mixture(const Mixture &mixture, const std::vector<std::int32_t> &class_of_component, int classes,
                                      std::span<const double> samples) = 0;
  // Barriers of environments given as species codes on the sites of environment_of(model).
  virtual EnvironmentBarriers barriers(const BarrierModel &model, Precision precision, std::span<const std::uint8_t> types) = 0;
  // The vacancy on every site of a configuration without vacancies in turn (the atom there is taken away): barriers, and the
  // jump randomness R = 1 - sigma(p) / max sigma at each temperature (Xing et al. 2024; population standard deviation,
  // p_i = exp(-E_i/kT) / sum exp(-E_j/kT), max sigma = sqrt(P - 1)/P). occupancy [sites], species codes.
  virtual BarrierMap barrier_map(const BarrierModel &model, Precision precision, const LatticeShape &lattice,
                                 std::span<const std::uint8_t> occupancy, std::span<const double> temperatures_K) = 0;
  // Clusters of the marked sites (mark != 0) of one configuration, linked as `rule` says: the smallest site of its cluster for
  // each marked site, -1 for the others. [sites]
  virtual std::vector<std::int32_t> clusters(const LatticeShape &lattice, std::span<const std::uint8_t> marks,
                                             int link_squared) = 0;
  // 1 where a site is a B2 centre. [sites]
  virtual std::vector<std::uint8_t> b2_centres(const LatticeShape &lattice, std::span<const std::uint8_t> occupancy,
                                               const B2Rule &rule) = 0;
  // Device threads used (CPU only; 0 keeps the default).
  virtual void set_threads(int threads) = 0;
  virtual MemoryCount memory() const = 0;
  // Bytes a second that the device reads and writes when it copies so many: a yardstick for what is bound by memory.
  virtual double copy_bandwidth(std::int64_t bytes) = 0;
  // Begins (true) or ends keeping the wall times of launches by name, for all devices of this backend; on a GPU every launch is
  // then waited for and recordings are launched kernel by kernel.
  virtual void time_kernels(bool on) = 0;
  // What was kept since the last time_kernels(true), by name.
  virtual std::vector<KernelTime> kernel_times() const = 0;
  // Analyses of these systems (their elements, masses and numbers of atoms are looked at). Throws ConfigError for a group with
  // atoms that are not there, DeviceError when the memory is too small (estimated first).
  virtual std::unique_ptr<Analysis> make_analysis(const AnalysisPlan &plan, const std::vector<Atoms> &systems) = 0;
};

struct BackendEntry {
  const char *name; // "cpu", "cuda", "hip"
  // The devices that can be used now; empty with `why` filled when there are none.
  std::vector<DeviceInfo> (*devices)(std::string &why);
  // Opens a device; throws DeviceError when it is absent.
  std::unique_ptr<Backend> (*open)(int index);
};

// The backends in this binary, best first (cuda, hip, cpu). Written by CMake.
std::span<const BackendEntry> backends_built();

} // namespace zener
