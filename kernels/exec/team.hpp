// Team: lanes that cooperate on one piece of work in phases.
//
//   auto x = team.scratch<double>(n)          memory shared by the lanes, taken by all lanes in the same order
//   team.for_each(n, f)                       f(i) for i in [0, n): a phase; iterations must not depend on one another
//   team.for_each(n, m, f)                    f(i, j) for i in [0, n), j in [0, m), the same; j runs fastest
//   team.for_each(n, m, row, f)               f(row(i), j): what all j of an i share, made once for them on the CPU
//   team.single(f)                            one lane runs f()
//   team.lanes(f)                             f(lane) once on each lane; PerLane values are indexed by it
//   T s = team.reduce(n, f, op, identity)     op over f(i), known to all lanes
//   team.end_part(p)                          what ran since the last call (or the begin) was part p of the work; counted only
//                                             while launches are timed (profiler.hpp)
//
// Every call ends in a barrier and there is no other barrier: what lives across phases stands in scratch or in PerLane. A
// condition around a phase must be the same on all lanes. On a GPU a phase is a strided loop and a block barrier; on the CPU it
// is a plain loop that the compiler may vectorise. The debug device runs the lanes of odd phases backwards.
#pragma once

#include "kernels/exec/config.hpp"
#include "kernels/exec/view.hpp"

#if !defined(ZENER_GPU)
#include <chrono>
#endif
#include <cstddef>
#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

// Lanes of the reduction tree, whatever the launch shape: partial[v] folds the elements v, v + 128, …, then halves are folded.
inline constexpr int kReduceLanes = 128;
inline constexpr int kTeamParts = 4; // that end_part() tells apart
// Bytes of scratch that every team has beyond its own, for reductions of elements up to 16 bytes.
inline constexpr std::size_t kReduceScratch = kReduceLanes * 16;
inline constexpr std::size_t kScratchAlignment = 64;

// Bytes that scratch<T>(n) takes.
template <class T> ZENER_HOST_FN constexpr std::size_t scratch_bytes(std::int64_t n) {
  return (sizeof(T) * static_cast<std::size_t>(n) + kScratchAlignment - 1) / kScratchAlignment * kScratchAlignment;
}

#if defined(ZENER_GPU)

// A value of each lane that lives across phases: a register of the thread.
template <class T> struct PerLane {
  T value;
  ZENER_FN T &operator[](int) { return value; }
};

class Team {
public:
  // ticks: [kTeamParts], none when the parts are not timed.
  ZENER_FN Team(std::byte *scratch, std::int64_t index, unsigned long long *ticks)
      : own_(scratch), next_(scratch + kReduceScratch), index_(index), ticks_(ticks) {
    if (ticks_ != nullptr) {
      last_ = clock64();
    }
  }

  ZENER_FN std::int64_t index() const { return index_; }

  ZENER_FN void end_part(int part) {
    if (ticks_ != nullptr && threadIdx.x == 0) {
      const long long now = clock64();
      atomicAdd(ticks_ + part, static_cast<unsigned long long>(now - last_));
      last_ = now;
    }
  }

  template <class T> ZENER_FN View<T, 1> scratch(std::int64_t n) {
    T *memory = reinterpret_cast<T *>(next_);
    next_ += scratch_bytes<T>(n);
    return View<T, 1>(memory, n);
  }
  template <class T> ZENER_FN PerLane<T> per_lane() { return {}; }

  template <class F> ZENER_FN void for_each(int n, F f) {
    for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) {
      f(i);
    }
    __syncthreads();
  }
  template <class F> ZENER_FN void for_each(int n, int m, F f) {
    for_each(n * m, [&](int k) { f(k / m, k % m); });
  }
  template <class Row, class F> ZENER_FN void for_each(int n, int m, Row row, F f) {
    for_each(n * m, [&](int k) { f(row(k / m), k % m); });
  }
  template <class F> ZENER_FN void single(F f) {
    if (threadIdx.x == 0) {
      f();
    }
    __syncthreads();
  }
  template <class F> ZENER_FN void lanes(F f) {
    f(static_cast<int>(threadIdx.x));
    __syncthreads();
  }
  template <class T, class F, class Op> ZENER_FN T reduce(int n, F f, Op op, T identity) {
    static_assert(sizeof(T) <= 16);
    T *partial = reinterpret_cast<T *>(own_);
    for_each(kReduceLanes, [&](int v) {
      T sum = identity;
      for (int i = v; i < n; i += kReduceLanes) {
        sum = op(sum, f(i));
      }
      partial[v] = sum;
    });
    for (int half = kReduceLanes / 2; half > 0; half /= 2) {
      for_each(half, [&](int v) { partial[v] = op(partial[v], partial[v + half]); });
    }
    const T result = partial[0];
    __syncthreads();
    return result;
  }

private:
  std::byte *own_;
  std::byte *next_;
  std::int64_t index_;
  unsigned long long *ticks_;
  long long last_ = 0;
};

#else

template <class T> struct PerLane {
  T *values;
  T &operator[](int lane) { return values[lane]; }
};

class Team {
public:
  // ticks: [kTeamParts] of this thread, none when the parts are not timed.
  Team(std::byte *scratch, std::size_t bytes, std::int64_t index, int lanes, std::int64_t *ticks)
      : own_(scratch), next_(scratch + kReduceScratch), end_(scratch + kReduceScratch + bytes), index_(index), lanes_(lanes),
        ticks_(ticks), last_(ticks != nullptr ? clock() : 0) {}

  std::int64_t index() const { return index_; }

  void end_part(int part) {
    if (ticks_ != nullptr) {
      const std::int64_t now = clock();
      ticks_[part] += now - last_;
      last_ = now;
    }
  }

  template <class T> View<T, 1> scratch(std::int64_t n) { return View<T, 1>(take<T>(n), n); }
  // Lanes of a team share one thread here, so their values stand in scratch (and count in TeamShape::scratch_bytes).
  template <class T> PerLane<T> per_lane() { return {take<T>(lanes_)}; }

  template <class F> void for_each(int n, F f) {
#if defined(ZENER_DEBUG_DEVICE)
    backwards_ = !backwards_;
    if (backwards_) {
      for (int i = n - 1; i >= 0; --i) {
        f(i);
      }
      return;
    }
#endif
#pragma GCC ivdep
    for (int i = 0; i < n; ++i) {
      f(i);
    }
  }
  template <class F> void for_each(int n, int m, F f) {
#if defined(ZENER_DEBUG_DEVICE)
    for_each(n * m, [&](int k) { f(k / m, k % m); });
#else
    for (int i = 0; i < n; ++i) {
      for_each(m, [&](int j) { f(i, j); });
    }
#endif
  }
  template <class Row, class F> void for_each(int n, int m, Row row, F f) {
#if defined(ZENER_DEBUG_DEVICE)
    for_each(n * m, [&](int k) { f(row(k / m), k % m); });
#else
    for (int i = 0; i < n; ++i) {
      const auto shared = row(i);
      for_each(m, [=](int j) { f(shared, j); });
    }
#endif
  }
  template <class F> void single(F f) { f(); }
  template <class F> void lanes(F f) { for_each(lanes_, f); }
  template <class T, class F, class Op> T reduce(int n, F f, Op op, T identity) {
    static_assert(sizeof(T) <= 16);
    T *partial = reinterpret_cast<T *>(own_);
    for (int v = 0; v < kReduceLanes; ++v) {
      partial[v] = identity;
    }
    for (int i = 0; i < n; ++i) {
      partial[i % kReduceLanes] = op(partial[i % kReduceLanes], f(i));
    }
    for (int half = kReduceLanes / 2; half > 0; half /= 2) {
      for (int v = 0; v < half; ++v) {
        partial[v] = op(partial[v], partial[v + half]);
      }
    }
    return partial[0];
  }

private:
  static std::int64_t clock() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

  template <class T> T *take(std::int64_t n) {
    T *memory = reinterpret_cast<T *>(next_);
    next_ += scratch_bytes<T>(n);
    if (next_ > end_) {
      throw DeviceFault("a team takes %lld bytes of scratch more than its launch gave", static_cast<long long>(next_ - end_));
    }
    return memory;
  }

  std::byte *own_;
  std::byte *next_;
  std::byte *end_;
  std::int64_t index_;
  int lanes_;
  std::int64_t *ticks_;
  std::int64_t last_;
#if defined(ZENER_DEBUG_DEVICE)
  bool backwards_ = true;
#endif
};

#endif

} // namespace ZENER_BACKEND
} // namespace zener
