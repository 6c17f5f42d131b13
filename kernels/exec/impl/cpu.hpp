// Launches of the CPU backend: OpenMP threads over elements and over teams.
#pragma once

#include <array>
#include <exception>
#include <omp.h>

namespace zener {
inline namespace ZENER_BACKEND {

// Below this many elements a parallel region costs more than it saves.
inline constexpr std::int64_t kSerialElements = 4096;
// Scratch of a team; beyond it a kernel is refused, as on a GPU.
inline constexpr std::size_t kMaxScratch = std::size_t{64} << 20;

template <class F> void Queue::for_each(const char *name, std::int64_t n, F f) {
  static_assert(std::is_trivially_copyable_v<F>);
  if (n <= 0) {
    return;
  }
  const ProfilerRange range(name);
  open_memory();
  try {
#if defined(ZENER_DEBUG_DEVICE)
    for (std::int64_t i = n - 1; i >= 0; --i) {
      f(i);
    }
#else
#pragma omp parallel for schedule(static) num_threads(threads_) if (n > kSerialElements)
    for (std::int64_t i = 0; i < n; ++i) {
      f(i);
    }
#endif
  } catch (const DeviceFault &fault) {
    close_memory();
    throw DeviceFault("kernel %s on device %d (CPU): %s", name, device_, fault.what());
  }
  close_memory();
}

template <class F> void Queue::teams(const char *name, TeamShape shape, F f) {
  static_assert(std::is_trivially_copyable_v<F>);
  if (shape.teams <= 0) {
    return;
  }
  const ProfilerRange range(name);
  if (shape.scratch_bytes > kMaxScratch) {
    throw DeviceFault("kernel %s needs %zu bytes of scratch for a team; device %d (CPU) has %zu", name, shape.scratch_bytes,
                      device_, kMaxScratch);
  }
  const std::size_t bytes = shape.scratch_bytes + kReduceScratch;
  arena(threads_ - 1, bytes);
  open_memory();
  std::exception_ptr failure;
  const bool timed = ranges_are_timed();
  std::array<std::int64_t, kTeamParts> ticks{};
  std::int64_t *const sums = ticks.data();
#pragma omp parallel for schedule(dynamic) num_threads(threads_) if (shape.teams > 1) reduction(+ : sums[:kTeamParts])
  for (std::int64_t index = 0; index < shape.teams; ++index) {
    // An exception must not leave a parallel region.
    try {
      Team team(arena(omp_get_thread_num(), bytes), shape.scratch_bytes, index, shape.lanes, timed ? &sums[0] : nullptr);
      f(team);
    } catch (...) {
#pragma omp critical
      failure = std::current_exception();
    }
  }
  close_memory();
  if (timed) {
    range.add_parts(ticks);
  }
  if (failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const DeviceFault &fault) {
      throw DeviceFault("kernel %s on device %d (CPU): %s", name, device_, fault.what());
    }
  }
}

template <class T> T Queue::scan_exclusive(const char *name, View<const T, 1> in, View<T, 1> out) {
  return scan_exclusive_impl(name, in.data(), out.data(), in.size());
}

} // namespace ZENER_BACKEND
} // namespace zener
