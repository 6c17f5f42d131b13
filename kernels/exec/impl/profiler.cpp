#include "kernels/exec/profiler.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string_view>

#if defined(ZENER_BACKEND_CUDA)
#include <nvtx3/nvToolsExt.h>
#elif defined(ZENER_BACKEND_HIP)
#include <dlfcn.h>
#endif

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct Times {
  std::mutex mutex;
  std::map<std::string_view, RangeTime> by_name;
};

Times &times() {
  static Times kept;
  return kept;
}

std::atomic<bool> timed{false};
thread_local ProfilerRange *innermost = nullptr;

std::int64_t now_ns() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

#if defined(ZENER_BACKEND_CUDA)

void push(const char *name) { nvtxRangePushA(name); }
void pop() { nvtxRangePop(); }

#elif defined(ZENER_BACKEND_HIP)

// Debian has no roctx: it is taken from the profiler's own installation when the program runs under one.
struct Roctx {
  int (*push)(const char *) = nullptr;
  int (*pop)() = nullptr;
  Roctx() {
    for (const char *name : {"libroctx64.so", "libroctx64.so.4", "librocprofiler-sdk-roctx.so"}) {
      if (void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
        push = reinterpret_cast<int (*)(const char *)>(dlsym(library, "roctxRangePushA"));
        pop = reinterpret_cast<int (*)()>(dlsym(library, "roctxRangePop"));
        if (push != nullptr && pop != nullptr) {
          return;
        }
        push = nullptr;
        pop = nullptr;
      }
    }
  }
};

const Roctx &roctx() {
  static const Roctx library;
  return library;
}

void push(const char *name) {
  if (roctx().push != nullptr) {
    roctx().push(name);
  }
}
void pop() {
  if (roctx().pop != nullptr) {
    roctx().pop();
  }
}

#else

void push(const char *) {}
void pop() {}

#endif

} // namespace

ProfilerRange::ProfilerRange(const char *name) {
  push(name);
  if (ranges_are_timed()) {
    start_clock(name);
  }
}

ProfilerRange::~ProfilerRange() {
  if (name_ != nullptr) {
    stop_clock();
  }
  pop();
}

void ProfilerRange::start_clock(const char *name) {
  name_ = name;
  outer_ = innermost;
  innermost = this;
  begin_ns_ = now_ns();
}

void ProfilerRange::stop_clock() {
  const std::int64_t took = now_ns() - begin_ns_;
  innermost = outer_;
  if (outer_ != nullptr) {
    outer_->inner_ns_ += took;
  }
  const std::lock_guard lock(times().mutex);
  RangeTime &sum = times().by_name[name_];
  sum.calls += 1;
  sum.seconds += 1e-9 * static_cast<double>(took - inner_ns_);
}

void ProfilerRange::add_parts(const std::array<std::int64_t, kTeamParts> &ticks) const {
  if (name_ == nullptr) {
    return;
  }
  const std::lock_guard lock(times().mutex);
  RangeTime &sum = times().by_name[name_];
  for (std::size_t p = 0; p < ticks.size(); ++p) {
    sum.part_ticks[p] += ticks[p];
  }
}

void time_ranges(bool on) {
  const std::lock_guard lock(times().mutex);
  if (on) {
    times().by_name.clear();
  }
  timed.store(on, std::memory_order_relaxed);
}

bool ranges_are_timed() { return timed.load(std::memory_order_relaxed); }

std::vector<RangeTime> range_times() {
  const std::lock_guard lock(times().mutex);
  std::vector<RangeTime> result;
  for (const auto &[name, sum] : times().by_name) {
    result.push_back(sum);
    result.back().name = name;
  }
  return result;
}

} // namespace ZENER_BACKEND
} // namespace zener
