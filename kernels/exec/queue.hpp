// The launch layer: one queue of work on one device.
//
//   q.for_each("name", n, f)            f(i) for i in [0, n), each on its own
//   q.teams("name", shape, f)           f(Team&), teams of lanes that cooperate in phases (team.hpp)
//   q.reduce<T>("name", n, f, op, id)   op over f(i); the tree is fixed by n alone, so the bits never change
//   q.scan_exclusive("name", in, out)   running sums before each element; returns the total (CUB, rocPRIM, a loop on the CPU)
//   q.sort_pairs("name", keys, values, bits)  by key, equal keys in their order (CUB, rocPRIM, Thrust's OpenMP backend)
//   auto chain = q.record("name", f)    what f launches, kept to be launched again by q.replay(chain): a graph on a GPU
//
// Work on a queue runs in order; for_each and teams return before it is done on a GPU. f is a trivially copyable functor with
// views and numbers as members. Sizes of zero launch nothing. Every call is checked: a DeviceFault names the call, the kernel
// and the device. Memory belongs to DeviceBuffer (buffer.hpp).
#pragma once

#include "kernels/exec/config.hpp"
#include "kernels/exec/error.hpp"
#include "kernels/exec/profiler.hpp"
#include "kernels/exec/team.hpp"
#include "kernels/exec/view.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace zener {
inline namespace ZENER_BACKEND {

struct TeamShape {
  std::int64_t teams = 0;
  int lanes = 1;                 // threads of a team on a GPU; the CPU runs all lanes of a team in one thread
  std::size_t scratch_bytes = 0; // what the team takes with Team::scratch, without the launch layer's own part
};

// Launches that were recorded once. On a GPU a graph; on the CPU the function itself, called anew.
class Recording {
public:
  Recording() = default;
  ~Recording();
  Recording(Recording &&other) noexcept;
  Recording &operator=(Recording &&other) noexcept;
  Recording(const Recording &) = delete;
  Recording &operator=(const Recording &) = delete;
  bool empty() const { return implementation_ == nullptr; }

private:
  friend class Queue;
  struct Implementation;
  Implementation *implementation_ = nullptr;
};

struct DeviceProperties {
  char name[128] = "";
  char architecture[32] = "";
  int units = 0; // multiprocessors, or threads on the CPU
  std::size_t memory_bytes = 0;
  std::size_t memory_free_bytes = 0;
  std::size_t max_scratch_bytes = 0;
};

// Number of devices; 0 with the reason in `why` (at most n bytes) when none can be used.
int device_count(char *why, std::size_t n);

class Queue {
public:
  explicit Queue(int device);
  ~Queue();
  Queue(const Queue &) = delete;
  Queue &operator=(const Queue &) = delete;

  template <class F> void for_each(const char *name, std::int64_t n, F f);
  template <class F> void teams(const char *name, TeamShape shape, F f);
  template <class T, class F, class Op> T reduce(const char *name, std::int64_t n, F f, Op op, T identity);
  // T: std::int32_t, std::int64_t or std::uint64_t.
  template <class T> T scan_exclusive(const char *name, View<const T, 1> in, View<T, 1> out);

  // Sorts keys upwards, and values with them; only the low `bits` bits of the keys count.
  void sort_pairs(const char *name, View<std::uint64_t, 1> keys, View<std::int32_t, 1> values, int bits);
  // f() may launch kernels and fill memory with zeros; it may not allocate, copy to or from the host, reduce, scan, sort or
  // wait. What it refers to must live as long as the recording.
  Recording record(const char *name, std::function<void()> f);
  void replay(const char *name, const Recording &recording);

  // Returns when all work on this queue is done; throws what went wrong in it.
  void wait();

  DeviceProperties properties() const;
  int device() const { return device_; }
  // Threads of the CPU backend (0: all).
  void set_threads(int threads);
  int threads() const { return threads_; }

  // Raw memory, for DeviceBuffer. `name` is what an error says.
  void *allocate(std::size_t bytes, const char *name);
  void release(void *memory, std::size_t bytes) noexcept;
  void copy_to_device(void *to, const void *from, std::size_t bytes, const char *name);
  void copy_to_host(void *to, const void *from, std::size_t bytes, const char *name); // waits
  void fill_zero(void *memory, std::size_t bytes, const char *name);

  // Bytes that DeviceBuffers hold of this queue's memory, now and at most so far.
  std::size_t memory_held() const { return memory_held_; }
  std::size_t memory_peak() const { return memory_peak_; }

  std::uint64_t bytes_to_device() const { return bytes_to_device_; }
  std::uint64_t bytes_to_host() const { return bytes_to_host_; }

#if defined(ZENER_GPU)
  void *native_stream() const;
#endif

private:
#if defined(ZENER_GPU)
  void activate() const;
  void check_launch(const char *name) const;
  bool times_launches(const char *name) const;
  void wait_if_timed(const char *name) const;
  unsigned long long *begin_parts(const char *name);
  void end_parts(const ProfilerRange &range, const char *name);
  void prepare_scratch(const char *name, const void *kernel, std::size_t bytes) const;
#else
  std::byte *arena(int thread, std::size_t bytes);
  void open_memory(); // debug device: device memory can be touched only while a kernel or a copy runs
  void close_memory() noexcept;
#endif
  template <class T> T scan_exclusive_impl(const char *name, const T *in, T *out, std::int64_t n);

  void count_memory(std::size_t bytes) {
    memory_held_ += bytes;
    memory_peak_ = memory_held_ > memory_peak_ ? memory_held_ : memory_peak_;
  }

  int device_ = 0;
  int threads_ = 1;
  std::uint64_t bytes_to_device_ = 0;
  std::uint64_t bytes_to_host_ = 0;
  struct Impl;
  Impl *impl_ = nullptr;
  std::size_t memory_held_ = 0;
  std::size_t memory_peak_ = 0;
};

} // namespace ZENER_BACKEND
} // namespace zener

#if defined(ZENER_GPU)
#include "kernels/exec/impl/cuda_hip.hpp"
#else
#include "kernels/exec/impl/cpu.hpp"
#endif

#include "kernels/exec/buffer.hpp"
#include "kernels/exec/reduce.hpp"
