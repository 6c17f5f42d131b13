// Launches of the CUDA and HIP backends.
#pragma once

// One spelling for both runtimes.
#if defined(ZENER_BACKEND_CUDA)
#define ZENER_API(name) cuda##name
#define ZENER_API_NAME "cuda"
#else
#define ZENER_API(name) hip##name
#define ZENER_API_NAME "hip"
#endif

namespace zener {
inline namespace ZENER_BACKEND {

using ApiError = ZENER_API(Error_t);
using ApiStream = ZENER_API(Stream_t);

inline constexpr int kFlatThreads = 256;
// Most threads of a team; a functor may lower it with kMaxLanes so that each lane gets more registers.
template <class F> consteval int max_lanes() {
  if constexpr (requires { F::kMaxLanes; }) {
    return F::kMaxLanes;
  } else {
    return 256;
  }
}

template <class F> __global__ void __launch_bounds__(kFlatThreads) for_each_kernel(std::int64_t n, F f) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) {
    f(i);
  }
}

template <class F> __global__ void __launch_bounds__(max_lanes<F>()) team_kernel(F f, unsigned long long *part_ticks) {
  extern __shared__ __align__(64) unsigned char zener_team_scratch[];
  Team team(reinterpret_cast<std::byte *>(zener_team_scratch), static_cast<std::int64_t>(blockIdx.x), part_ticks);
  f(team);
}

// The queue's stream, for launches and for CUB and rocPRIM.
inline ApiStream stream_of(const Queue &queue) { return static_cast<ApiStream>(queue.native_stream()); }

template <class F> void Queue::for_each(const char *name, std::int64_t n, F f) {
  static_assert(std::is_trivially_copyable_v<F>);
  if (n <= 0) {
    return;
  }
  const ProfilerRange range(name);
  activate();
  const std::int64_t blocks = (n + kFlatThreads - 1) / kFlatThreads;
  if (blocks > 2147483647) {
    throw DeviceFault("kernel %s: %lld elements are more than one launch takes", name, static_cast<long long>(n));
  }
  for_each_kernel<F><<<static_cast<unsigned>(blocks), kFlatThreads, 0, stream_of(*this)>>>(n, f);
  check_launch(name);
}

template <class F> void Queue::teams(const char *name, TeamShape shape, F f) {
  static_assert(std::is_trivially_copyable_v<F>);
  if (shape.teams <= 0) {
    return;
  }
  const ProfilerRange range(name);
  activate();
  if (shape.teams > 2147483647 || shape.lanes > max_lanes<F>()) {
    throw DeviceFault("kernel %s: %lld teams of %d lanes are more than one launch takes", name,
                      static_cast<long long>(shape.teams), shape.lanes);
  }
  const std::size_t bytes = shape.scratch_bytes + kReduceScratch;
  prepare_scratch(name, reinterpret_cast<const void *>(&team_kernel<F>), bytes);
  team_kernel<F><<<static_cast<unsigned>(shape.teams), static_cast<unsigned>(shape.lanes), bytes, stream_of(*this)>>>(
      f, begin_parts(name));
  check_launch(name);
  end_parts(range, name);
}

template <class T> T Queue::scan_exclusive(const char *name, View<const T, 1> in, View<T, 1> out) {
  return scan_exclusive_impl(name, in.data(), out.data(), in.size());
}

} // namespace ZENER_BACKEND
} // namespace zener
