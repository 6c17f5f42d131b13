#include "kernels/exec/bandwidth.hpp"

#include <algorithm>
#include <chrono>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kRun = kGpuShapes ? 1 : 512;

struct Copy {
  const double *from;
  double *to;
  ZENER_FN void operator()(std::int64_t index) const {
    for (int i = 0; i < kRun; ++i) {
      to[index * kRun + i] = from[index * kRun + i];
    }
  }
};

} // namespace

double copy_bandwidth(Queue &queue, std::int64_t bytes) {
  const std::int64_t runs = std::max<std::int64_t>(1, bytes / static_cast<std::int64_t>(sizeof(double)) / kRun);
  DeviceBuffer<double> from(queue, runs * kRun, "copied memory"), to(queue, runs * kRun, "copy of memory");
  from.zero();
  to.zero();
  double best = 0.0;
  for (int pass = 0; pass < 6; ++pass) {
    queue.wait();
    const auto begin = std::chrono::steady_clock::now();
    queue.for_each("copy_memory", runs, Copy{from.view().data(), to.view().data()});
    queue.wait();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    best = pass == 0 ? 0.0 : std::max(best, 2.0 * sizeof(double) * static_cast<double>(runs * kRun) / took.count());
  }
  return best;
}

} // namespace ZENER_BACKEND
} // namespace zener
