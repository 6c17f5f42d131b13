// The part of the CUDA and HIP queue that no functor type enters.
#include "kernels/exec/config.hpp"

#if defined(ZENER_GPU)

#include "kernels/exec/impl/gpu_check.hpp"
#include "kernels/exec/queue.hpp"

#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

namespace zener {
inline namespace ZENER_BACKEND {

struct Queue::Impl {
  ApiStream stream = nullptr;
  char name[128] = "";
  std::size_t max_scratch = 0;
  unsigned long long *part_ticks = nullptr; // on the device, [kTeamParts], from the first timed launch on
};

namespace {

#if defined(ZENER_BACKEND_CUDA)
using Properties = cudaDeviceProp;
constexpr auto kMaxScratchAttribute = cudaDevAttrMaxSharedMemoryPerBlockOptin;
#else
using Properties = hipDeviceProp_t;
constexpr auto kMaxScratchAttribute = hipDeviceAttributeMaxSharedMemoryPerBlock;
#endif

} // namespace

int device_count(char *why, std::size_t n) {
  int count = 0;
  const ApiError error = ZENER_API(GetDeviceCount)(&count);
  if (error != ZENER_API(Success)) {
    std::snprintf(why, n, "%s", ZENER_API(GetErrorString)(error));
    (void)ZENER_API(GetLastError)();
    return 0;
  }
  std::snprintf(why, n, "%s", count > 0 ? "" : "the driver reports no device");
  return count;
}

Queue::Queue(int device) : device_(device), impl_(new Impl) {
  try {
    char why[256];
    const int count = device_count(why, sizeof why);
    if (device < 0 || device >= count) {
      throw DeviceFault("device %d is absent: %d devices found %s", device, count, why);
    }
    activate();
    Properties p;
    check_call(ZENER_API(GetDeviceProperties)(&p, device), "GetDeviceProperties", "", device, "");
    std::snprintf(impl_->name, sizeof impl_->name, "%.127s", p.name);
    int scratch = 0;
    check_call(ZENER_API(DeviceGetAttribute)(&scratch, kMaxScratchAttribute, device), "DeviceGetAttribute", "", device, p.name);
    impl_->max_scratch = static_cast<std::size_t>(scratch);
    check_call(ZENER_API(StreamCreateWithFlags)(&impl_->stream, ZENER_API(StreamNonBlocking)), "StreamCreateWithFlags", "",
               device, p.name);
  } catch (...) {
    delete impl_;
    throw;
  }
}

Queue::~Queue() {
  (void)ZENER_API(SetDevice)(device_);
  (void)ZENER_API(StreamSynchronize)(impl_->stream);
  (void)ZENER_API(Free)(impl_->part_ticks);
  (void)ZENER_API(StreamDestroy)(impl_->stream);
  delete impl_;
}

void Queue::set_threads(int) {}

void Queue::activate() const { check_call(ZENER_API(SetDevice)(device_), "SetDevice", "", device_, impl_->name); }

void Queue::check_launch(const char *name) const {
  check_call(ZENER_API(GetLastError)(), "launch", name, device_, impl_->name);
  wait_if_timed(name);
}

// What is captured does not run.
bool Queue::times_launches(const char *name) const {
  if (!ranges_are_timed()) {
    return false;
  }
  ZENER_API(StreamCaptureStatus) status = ZENER_API(StreamCaptureStatusNone);
  check_call(ZENER_API(StreamIsCapturing)(impl_->stream, &status), "StreamIsCapturing", name, device_, impl_->name);
  return status == ZENER_API(StreamCaptureStatusNone);
}

// What a timed range encloses must be done when the range ends.
void Queue::wait_if_timed(const char *name) const {
  if (times_launches(name)) {
    check_call(ZENER_API(StreamSynchronize)(impl_->stream), "StreamSynchronize", name, device_, impl_->name);
  }
}

// Where a launch counts the ticks of its parts: nowhere unless launches are timed.
unsigned long long *Queue::begin_parts(const char *name) {
  if (!times_launches(name)) {
    return nullptr;
  }
  constexpr std::size_t bytes = kTeamParts * sizeof(unsigned long long);
  if (impl_->part_ticks == nullptr) {
    check_call(ZENER_API(Malloc)(reinterpret_cast<void **>(&impl_->part_ticks), bytes), "Malloc", name, device_, impl_->name);
  }
  check_call(ZENER_API(MemsetAsync)(impl_->part_ticks, 0, bytes, impl_->stream), "MemsetAsync", name, device_, impl_->name);
  return impl_->part_ticks;
}

void Queue::end_parts(const ProfilerRange &range, const char *name) {
  if (!times_launches(name)) {
    return;
  }
  std::array<std::int64_t, kTeamParts> ticks{};
  static_assert(sizeof(std::int64_t) == sizeof(unsigned long long));
  check_call(ZENER_API(Memcpy)(ticks.data(), impl_->part_ticks, sizeof ticks, ZENER_API(MemcpyDeviceToHost)), "Memcpy", name,
             device_, impl_->name);
  range.add_parts(ticks);
}

void Queue::prepare_scratch(const char *name, const void *kernel, std::size_t bytes) const {
  if (bytes > impl_->max_scratch) {
    throw DeviceFault("kernel %s needs %zu bytes of shared memory for a team; device %d (%s) has %zu", name, bytes, device_,
                      impl_->name, impl_->max_scratch);
  }
  if (bytes > 48 * 1024) {
    check_call(ZENER_API(FuncSetAttribute)(kernel, ZENER_API(FuncAttributeMaxDynamicSharedMemorySize), static_cast<int>(bytes)),
               "FuncSetAttribute", name, device_, impl_->name);
  }
}

void Queue::wait() {
  activate();
  check_call(ZENER_API(StreamSynchronize)(impl_->stream), "StreamSynchronize", "", device_, impl_->name);
}

struct Recording::Implementation {
  ZENER_API(GraphExec_t) executable = nullptr;
  int device = 0;
  std::function<void()> launches; // for timed replays
};

Recording::~Recording() {
  if (implementation_ != nullptr) {
    (void)ZENER_API(SetDevice)(implementation_->device);
    (void)ZENER_API(GraphExecDestroy)(implementation_->executable);
    delete implementation_;
  }
}
Recording::Recording(Recording &&other) noexcept : implementation_(std::exchange(other.implementation_, nullptr)) {}
Recording &Recording::operator=(Recording &&other) noexcept {
  std::swap(implementation_, other.implementation_);
  return *this;
}

Recording Queue::record(const char *name, std::function<void()> f) {
  activate();
  const auto check = [&](ApiError error, const char *call) { check_call(error, call, name, device_, impl_->name); };
  check(ZENER_API(StreamBeginCapture)(impl_->stream, ZENER_API(StreamCaptureModeThreadLocal)), "StreamBeginCapture");
  ZENER_API(Graph_t) graph = nullptr;
  try {
    f();
  } catch (...) {
    (void)ZENER_API(StreamEndCapture)(impl_->stream, &graph);
    (void)ZENER_API(GraphDestroy)(graph);
    throw;
  }
  check(ZENER_API(StreamEndCapture)(impl_->stream, &graph), "StreamEndCapture");
  Recording recording;
  recording.implementation_ = new Recording::Implementation;
  recording.implementation_->device = device_;
  recording.implementation_->launches = std::move(f);
#if defined(ZENER_BACKEND_CUDA)
  const ApiError error = cudaGraphInstantiate(&recording.implementation_->executable, graph, 0);
#else
  const ApiError error = hipGraphInstantiate(&recording.implementation_->executable, graph, nullptr, nullptr, 0);
#endif
  (void)ZENER_API(GraphDestroy)(graph);
  check(error, "GraphInstantiate");
  return recording;
}

void Queue::replay(const char *name, const Recording &recording) {
  if (recording.empty()) {
    return;
  }
  const ProfilerRange range(name);
  activate();
  if (ranges_are_timed()) {
    recording.implementation_->launches();
    return;
  }
  check_call(ZENER_API(GraphLaunch)(recording.implementation_->executable, impl_->stream), "GraphLaunch", name, device_,
             impl_->name);
}

DeviceProperties Queue::properties() const {
  activate();
  Properties p;
  check_call(ZENER_API(GetDeviceProperties)(&p, device_), "GetDeviceProperties", "", device_, impl_->name);
  DeviceProperties result;
  std::snprintf(result.name, sizeof result.name, "%.127s", p.name);
#if defined(ZENER_BACKEND_CUDA)
  std::snprintf(result.architecture, sizeof result.architecture, "sm_%d%d", p.major, p.minor);
#else
  std::snprintf(result.architecture, sizeof result.architecture, "%.31s", p.gcnArchName);
#endif
  result.units = p.multiProcessorCount;
  check_call(ZENER_API(MemGetInfo)(&result.memory_free_bytes, &result.memory_bytes), "MemGetInfo", "", device_, impl_->name);
  result.max_scratch_bytes = impl_->max_scratch - kReduceScratch;
  return result;
}

void *Queue::allocate(std::size_t bytes, const char *name) {
  activate();
  void *memory = nullptr;
  check_call(ZENER_API(MallocAsync)(&memory, bytes, impl_->stream), "MallocAsync", name, device_, impl_->name);
  count_memory(bytes);
  return memory;
}

void Queue::release(void *memory, std::size_t bytes) noexcept {
  memory_held_ -= bytes;
  (void)ZENER_API(SetDevice)(device_);
  (void)ZENER_API(FreeAsync)(memory, impl_->stream);
}

void Queue::copy_to_device(void *to, const void *from, std::size_t bytes, const char *name) {
  activate();
  check_call(ZENER_API(MemcpyAsync)(to, from, bytes, ZENER_API(MemcpyHostToDevice), impl_->stream), "MemcpyAsync", name,
             device_, impl_->name);
  wait();
  bytes_to_device_ += bytes;
}

void Queue::copy_to_host(void *to, const void *from, std::size_t bytes, const char *name) {
  activate();
  check_call(ZENER_API(MemcpyAsync)(to, from, bytes, ZENER_API(MemcpyDeviceToHost), impl_->stream), "MemcpyAsync", name,
             device_, impl_->name);
  wait();
  bytes_to_host_ += bytes;
}

void Queue::fill_zero(void *memory, std::size_t bytes, const char *name) {
  activate();
  check_call(ZENER_API(MemsetAsync)(memory, 0, bytes, impl_->stream), "MemsetAsync", name, device_, impl_->name);
}

void *Queue::native_stream() const { return impl_->stream; }

} // namespace ZENER_BACKEND
} // namespace zener

#endif
