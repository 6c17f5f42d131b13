// The part of the CPU queue that no functor type enters.
#include "kernels/exec/config.hpp"

#if defined(ZENER_BACKEND_CPU)

#include "kernels/exec/queue.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

std::size_t round_up(std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; }

// A figure of /proc/meminfo in bytes; 0 when it is not there.
std::size_t memory_figure(const char *key) {
  std::FILE *file = std::fopen("/proc/meminfo", "r");
  if (file == nullptr) {
    return 0;
  }
  char line[256];
  std::size_t bytes = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    unsigned long long kilobytes = 0;
    if (std::strncmp(line, key, std::strlen(key)) == 0 && std::sscanf(line + std::strlen(key), ": %llu", &kilobytes) == 1) {
      bytes = static_cast<std::size_t>(kilobytes) * 1024;
    }
  }
  std::fclose(file);
  return bytes;
}

void processor_name(char *name, std::size_t n) {
  std::snprintf(name, n, "CPU");
  std::FILE *file = std::fopen("/proc/cpuinfo", "r");
  if (file == nullptr) {
    return;
  }
  char line[256];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    const char *colon = std::strchr(line, ':');
    if (std::strncmp(line, "model name", 10) == 0 && colon != nullptr) {
      std::snprintf(name, n, "%s", colon + 2);
      name[std::strcspn(name, "\n")] = '\0';
      break;
    }
  }
  std::fclose(file);
}

} // namespace

struct Queue::Impl {
  std::vector<std::byte *> arenas; // scratch, one for each thread
  std::vector<std::size_t> arena_bytes;
  std::map<void *, std::size_t> mappings; // debug device: live allocations and their mapped bytes
  ~Impl() {
    for (std::byte *memory : arenas) {
      std::free(memory);
    }
  }
};

int device_count(char *why, std::size_t n) {
  if (n > 0) {
    why[0] = '\0';
  }
  return 1;
}

Queue::Queue(int device) : device_(device), impl_(new Impl) {
  if (device != 0) {
    delete impl_;
    throw DeviceFault("the CPU backend has one device, 0; device %d was asked for", device);
  }
  set_threads(0);
}

Queue::~Queue() { delete impl_; }

void Queue::set_threads(int threads) { threads_ = threads > 0 ? threads : omp_get_max_threads(); }

void Queue::wait() {}

struct Recording::Implementation {
  std::function<void()> launches;
};

Recording::~Recording() { delete implementation_; }
Recording::Recording(Recording &&other) noexcept : implementation_(std::exchange(other.implementation_, nullptr)) {}
Recording &Recording::operator=(Recording &&other) noexcept {
  std::swap(implementation_, other.implementation_);
  return *this;
}

Recording Queue::record(const char *, std::function<void()> f) {
  Recording recording;
  recording.implementation_ = new Recording::Implementation{std::move(f)};
  return recording;
}

void Queue::replay(const char *, const Recording &recording) {
  if (!recording.empty()) {
    recording.implementation_->launches();
  }
}

DeviceProperties Queue::properties() const {
  DeviceProperties p;
  processor_name(p.name, sizeof p.name);
#if defined(__AVX512F__)
  std::snprintf(p.architecture, sizeof p.architecture, "AVX-512");
#elif defined(__AVX2__)
  std::snprintf(p.architecture, sizeof p.architecture, "AVX2");
#else
  std::snprintf(p.architecture, sizeof p.architecture, "baseline");
#endif
  p.units = threads_;
  p.memory_bytes = memory_figure("MemTotal");
  p.memory_free_bytes = memory_figure("MemAvailable");
  p.max_scratch_bytes = kMaxScratch;
  return p;
}

std::byte *Queue::arena(int thread, std::size_t bytes) {
  const std::size_t index = static_cast<std::size_t>(thread);
  if (impl_->arenas.size() <= index) { // called first by the launching thread for the highest number
    impl_->arenas.resize(index + 1, nullptr);
    impl_->arena_bytes.resize(index + 1, 0);
  }
  if (impl_->arena_bytes[index] < bytes) {
    std::free(impl_->arenas[index]);
    impl_->arenas[index] = static_cast<std::byte *>(std::aligned_alloc(kScratchAlignment, round_up(bytes, kScratchAlignment)));
    impl_->arena_bytes[index] = impl_->arenas[index] == nullptr ? 0 : bytes;
    if (impl_->arenas[index] == nullptr) {
      throw DeviceFault("out of memory for %zu bytes of scratch", bytes);
    }
  }
#if defined(ZENER_DEBUG_DEVICE)
  std::memset(impl_->arenas[index], 0xFF, bytes); // all ones: not a number in float and double
#endif
  return impl_->arenas[index];
}

#if defined(ZENER_DEBUG_DEVICE)

// Each allocation has pages of its own, ends at an unmapped page, starts poisoned, and is closed outside launches and copies.
void *Queue::allocate(std::size_t bytes, const char *name) {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t mapped = round_up(bytes, page) + page;
  void *memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw DeviceFault("allocating %zu bytes for %s: %s", bytes, name, std::strerror(errno));
  }
  std::memset(memory, 0xFF, mapped - page);
  mprotect(static_cast<std::byte *>(memory) + (mapped - page), page, PROT_NONE);
  // The end of the data touches the closed page, as far as alignment allows.
  std::byte *data = static_cast<std::byte *>(memory) + (mapped - page - round_up(bytes, kScratchAlignment));
  impl_->mappings[memory] = mapped - page;
  mprotect(memory, mapped - page, PROT_NONE);
  count_memory(bytes);
  return data;
}

void Queue::release(void *memory, std::size_t bytes) noexcept {
  memory_held_ -= bytes;
  auto it = impl_->mappings.upper_bound(memory);
  if (it != impl_->mappings.begin()) {
    --it;
    munmap(it->first, it->second + static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
    impl_->mappings.erase(it);
  }
}

void Queue::open_memory() {
  for (const auto &[memory, bytes] : impl_->mappings) {
    mprotect(memory, bytes, PROT_READ | PROT_WRITE);
  }
}

void Queue::close_memory() noexcept {
  for (const auto &[memory, bytes] : impl_->mappings) {
    mprotect(memory, bytes, PROT_NONE);
  }
}

#else

void *Queue::allocate(std::size_t bytes, const char *name) {
  void *memory = std::aligned_alloc(kScratchAlignment, round_up(bytes, kScratchAlignment));
  if (memory == nullptr) {
    throw DeviceFault("allocating %zu bytes for %s: out of memory", bytes, name);
  }
  count_memory(bytes);
  return memory;
}

void Queue::release(void *memory, std::size_t bytes) noexcept {
  memory_held_ -= bytes;
  std::free(memory);
}
void Queue::open_memory() {}
void Queue::close_memory() noexcept {}

#endif

void Queue::copy_to_device(void *to, const void *from, std::size_t bytes, const char *) {
  open_memory();
  std::memcpy(to, from, bytes);
  close_memory();
  bytes_to_device_ += bytes;
}

void Queue::copy_to_host(void *to, const void *from, std::size_t bytes, const char *) {
  open_memory();
  std::memcpy(to, from, bytes);
  close_memory();
  bytes_to_host_ += bytes;
}

void Queue::fill_zero(void *memory, std::size_t bytes, const char *) {
  open_memory();
  std::memset(memory, 0, bytes);
  close_memory();
}

} // namespace ZENER_BACKEND
} // namespace zener

#endif
