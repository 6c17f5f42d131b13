// Sorting by key. Like scan.cpp a file of its own: CUB, rocPRIM and Thrust are slow to compile.
#include "kernels/exec/queue.hpp"

#if defined(ZENER_BACKEND_CUDA)
#include "kernels/exec/impl/gpu_check.hpp"
#include <cub/device/device_radix_sort.cuh>
#elif defined(ZENER_BACKEND_HIP)
#include "kernels/exec/impl/gpu_check.hpp"
#include <iostream> // rocPRIM 5.3 uses std::cout without it
#include <rocprim/device/device_radix_sort.hpp>
#else
#include <thrust/sort.h>
#include <thrust/system/omp/execution_policy.h>
#endif

namespace zener {
inline namespace ZENER_BACKEND {

void Queue::sort_pairs(const char *name, View<std::uint64_t, 1> keys, View<std::int32_t, 1> values, int bits) {
  const std::int64_t n = keys.size();
  if (n <= 1) {
    return;
  }
  const ProfilerRange range(name);
#if defined(ZENER_GPU)
  activate();
  const ApiStream stream = stream_of(*this);
  DeviceBuffer<std::uint64_t> sorted_keys(*this, n, name);
  DeviceBuffer<std::int32_t> sorted_values(*this, n, name);
  std::size_t bytes = 0;
  DeviceBuffer<unsigned char> scratch;
  for (int pass = 0; pass < 2; ++pass) { // the first pass asks for the size of the scratch
    unsigned char *memory = pass == 0 ? nullptr : scratch.view().data();
#if defined(ZENER_BACKEND_CUDA)
    check_call(cub::DeviceRadixSort::SortPairs(memory, bytes, keys.data(), sorted_keys.view().data(), values.data(),
                                               sorted_values.view().data(), n, 0, bits, stream),
               "cub::DeviceRadixSort", name, device_, "");
#else
    check_call(rocprim::radix_sort_pairs(memory, bytes, keys.data(), sorted_keys.view().data(), values.data(),
                                         sorted_values.view().data(), static_cast<std::size_t>(n), 0,
                                         static_cast<unsigned>(bits), stream),
               "rocprim::radix_sort_pairs", name, device_, "");
#endif
    if (pass == 0) {
      bytes = bytes > 0 ? bytes : 1;
      scratch = DeviceBuffer<unsigned char>(*this, static_cast<std::int64_t>(bytes), name);
    }
  }
  const auto count = static_cast<std::size_t>(n);
  check_call(ZENER_API(MemcpyAsync)(keys.data(), sorted_keys.view().data(), sizeof(std::uint64_t) * count,
                                    ZENER_API(MemcpyDeviceToDevice), stream),
             "MemcpyAsync", name, device_, "");
  check_call(ZENER_API(MemcpyAsync)(values.data(), sorted_values.view().data(), sizeof(std::int32_t) * count,
                                    ZENER_API(MemcpyDeviceToDevice), stream),
             "MemcpyAsync", name, device_, "");
  wait_if_timed(name);
#else
  open_memory();
  const int before = omp_get_max_threads();
  omp_set_num_threads(threads_); // Thrust takes the default
  const std::uint64_t mask = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  thrust::stable_sort_by_key(thrust::omp::par, keys.data(), keys.data() + n, values.data(),
                             [mask](std::uint64_t a, std::uint64_t b) { return (a & mask) < (b & mask); });
  omp_set_num_threads(before);
  close_memory();
#endif
}

} // namespace ZENER_BACKEND
} // namespace zener
