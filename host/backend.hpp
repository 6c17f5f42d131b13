// The seam between the program, compiled once, and the backends, each compiled from kernels/ and host/engine/ for its device.
#pragma once

#include "host/neutral/kmc_plan.hpp"

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

struct AdvanceReport {
  std::vector<KmcRow> rows; // one for each sampled hop, in order
  std::int64_t running = 0; // walkers that can go on
  std::int64_t at_time_limit = 0;
  std::int64_t no_possible_hop = 0;
  std::int64_t bad_barrier = 0;   // a barrier was not finite
  std::int64_t first_halted = -1; // lowest walker with no_possible_hop or bad_barrier
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

class Backend {
public:
  virtual ~Backend() = default;
  virtual DeviceInfo device() const = 0;
  // Throws ConfigError for plans that no device can run, DeviceError when the memory is too small (estimated first).
  virtual std::unique_ptr<KmcBatch> make_kmc(const KmcPlan &plan) = 0;
  // Barriers [environment][path] in eV of environments given as species codes [environment][112].
  virtual std::vector<double> barriers(const BarrierModel &model, Precision precision, std::span<const std::uint8_t> types) = 0;
  // Device threads used (CPU only; 0 keeps the default).
  virtual void set_threads(int threads) = 0;
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
