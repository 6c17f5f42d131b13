// Exclusive sums. The only file with CUB or rocPRIM in it: they are slow to compile.
#include "kernels/exec/queue.hpp"

#if defined(ZENER_BACKEND_CUDA)
#include "kernels/exec/impl/gpu_check.hpp"
#include <cub/device/device_scan.cuh>
#elif defined(ZENER_BACKEND_HIP)
#include "kernels/exec/impl/gpu_check.hpp"
#include <iostream> // rocPRIM 5.3 uses std::cout without it
#include <rocprim/device/device_scan.hpp>
#endif

namespace zener {
inline namespace ZENER_BACKEND {

template <class T> T Queue::scan_exclusive_impl(const char *name, const T *in, T *out, std::int64_t n) {
  if (n <= 0) {
    return T(0);
  }
  const ProfilerRange range(name);
#if defined(ZENER_GPU)
  activate();
  const ApiStream stream = stream_of(*this);
  T last_in;
  copy_to_host(&last_in, in + (n - 1), sizeof(T), name); // before the scan: in and out may be the same memory
  std::size_t bytes = 0;
  DeviceBuffer<unsigned char> scratch;
  for (int pass = 0; pass < 2; ++pass) { // the first pass asks for the size of the scratch
    unsigned char *memory = pass == 0 ? nullptr : scratch.view().data();
#if defined(ZENER_BACKEND_CUDA)
    check_call(cub::DeviceScan::ExclusiveSum(memory, bytes, in, out, n, stream), "cub::DeviceScan", name, device_, "");
#else
    check_call(rocprim::exclusive_scan(memory, bytes, in, out, T(0), static_cast<std::size_t>(n), rocprim::plus<T>(), stream),
               "rocprim::exclusive_scan", name, device_, "");
#endif
    if (pass == 0) {
      bytes = bytes > 0 ? bytes : 1;
      scratch = DeviceBuffer<unsigned char>(*this, static_cast<std::int64_t>(bytes), name);
    }
  }
  T last_out;
  copy_to_host(&last_out, out + (n - 1), sizeof(T), name);
  return last_out + last_in;
#else
  open_memory();
  T sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = in[i];
    out[i] = sum;
    sum += value;
  }
  close_memory();
  return sum;
#endif
}

template std::int32_t Queue::scan_exclusive_impl(const char *, const std::int32_t *, std::int32_t *, std::int64_t);
template std::int64_t Queue::scan_exclusive_impl(const char *, const std::int64_t *, std::int64_t *, std::int64_t);
template std::uint64_t Queue::scan_exclusive_impl(const char *, const std::uint64_t *, std::uint64_t *, std::int64_t);

} // namespace ZENER_BACKEND
} // namespace zener
