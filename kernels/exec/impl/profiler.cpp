#include "kernels/exec/profiler.hpp"

#if defined(ZENER_BACKEND_CUDA)
#include <nvtx3/nvToolsExt.h>
#elif defined(ZENER_BACKEND_HIP)
#include <dlfcn.h>
#endif

namespace zener {
inline namespace ZENER_BACKEND {

#if defined(ZENER_BACKEND_CUDA)

ProfilerRange::ProfilerRange(const char *name) { nvtxRangePushA(name); }
ProfilerRange::~ProfilerRange() { nvtxRangePop(); }

#elif defined(ZENER_BACKEND_HIP)

namespace {

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

} // namespace

ProfilerRange::ProfilerRange(const char *name) {
  if (roctx().push != nullptr) {
    roctx().push(name);
  }
}
ProfilerRange::~ProfilerRange() {
  if (roctx().pop != nullptr) {
    roctx().pop();
  }
}

#else

ProfilerRange::ProfilerRange(const char *) {}
ProfilerRange::~ProfilerRange() = default;

#endif

} // namespace ZENER_BACKEND
} // namespace zener
