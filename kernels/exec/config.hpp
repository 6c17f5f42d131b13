// What a kernel source may know of the backend it is compiled for. The build defines ZENER_BACKEND (the namespace: cpu,
// cpu_debug, cuda, hip) and one of ZENER_BACKEND_CPU, ZENER_BACKEND_CUDA, ZENER_BACKEND_HIP; the debug device adds
// ZENER_DEBUG_DEVICE to the CPU.
#pragma once

#if defined(ZENER_BACKEND_CUDA)
#define ZENER_GPU 1
#include <cuda_runtime.h>
#elif defined(ZENER_BACKEND_HIP)
#define ZENER_GPU 1
#include <hip/hip_runtime.h>
#elif !defined(ZENER_BACKEND_CPU)
#error "define one of ZENER_BACKEND_CPU, ZENER_BACKEND_CUDA, ZENER_BACKEND_HIP"
#endif

#if !defined(ZENER_BACKEND)
#error "define ZENER_BACKEND, the backend's namespace"
#endif

// A function of a kernel, on the device alone where there is one.
#if defined(ZENER_GPU)
#define ZENER_FN __device__ __forceinline__
// A function that the host may call too.
#define ZENER_HOST_FN __host__ __device__ __forceinline__
#else
#define ZENER_FN inline
#define ZENER_HOST_FN inline
#endif

#define ZENER_PRAGMA(text) _Pragma(#text)
#if defined(ZENER_GPU)
#define ZENER_UNROLL(n) ZENER_PRAGMA(unroll n)
#else
#define ZENER_UNROLL(n) ZENER_PRAGMA(GCC unroll n)
#endif

namespace zener {
inline namespace ZENER_BACKEND {

// Data layouts and team shapes of a GPU. The debug device takes them too, so that they are tested where there is no GPU.
#if defined(ZENER_GPU) || defined(ZENER_DEBUG_DEVICE)
inline constexpr bool kGpuShapes = true;
#else
inline constexpr bool kGpuShapes = false;
#endif

// Whether kernels of one queue may touch memory of another queue of the same device. The debug device closes it.
#if defined(ZENER_DEBUG_DEVICE)
inline constexpr bool kQueuesShareMemory = false;
#else
inline constexpr bool kQueuesShareMemory = true;
#endif

} // namespace ZENER_BACKEND
} // namespace zener
