// The library behind kernels/exec/gemm.cpp, opened at run time: OpenBLAS on the CPU, cuBLAS on CUDA. Its own header is not
// needed: the few functions that are used have had the same C interface for decades.
#pragma once

#include <cstdlib>
#include <dlfcn.h>
#include <mutex>
#include <string>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

// The function `name` of a library.
template <class F> F function_of(void *library, const char *name) { return reinterpret_cast<F>(dlsym(library, name)); }

#if defined(ZENER_BACKEND_CPU) && !defined(ZENER_DEBUG_DEVICE)

struct OpenBlas {
  void (*sgemm)(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int) = nullptr;
  void (*dgemm)(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *,
                int) = nullptr;
  void (*set_threads)(int) = nullptr;
  bool there = false;
  OpenBlas() {
    // It may name another processor's kernels, and is read when the library is loaded.
    const char *set = std::getenv("OPENBLAS_CORETYPE");
    const std::string kept = set != nullptr ? set : "";
    unsetenv("OPENBLAS_CORETYPE");
    for (const char *name : {"libopenblas.so.0", "libopenblas.so"}) {
      if (void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
        sgemm = function_of<decltype(sgemm)>(library, "cblas_sgemm");
        dgemm = function_of<decltype(dgemm)>(library, "cblas_dgemm");
        set_threads = function_of<decltype(set_threads)>(library, "openblas_set_num_threads");
        there = sgemm != nullptr && dgemm != nullptr && set_threads != nullptr;
        if (there) {
          break;
        }
      }
    }
    if (set != nullptr) {
      setenv("OPENBLAS_CORETYPE", kept.c_str(), 1);
    }
  }
};

const OpenBlas &openblas() {
  static const OpenBlas library;
  return library;
}

inline constexpr int kRowMajor = 101, kPlain = 111, kTransposed = 112; // of cblas.h

// Below this many multiply-adds our kernel is as fast (within 20 %, either way), and its bits are those of no library; from
// 1024 x 1024 x 1024 on OpenBLAS is a fifth faster.
inline constexpr double kLibraryFrom = 0x1p28;

#elif defined(ZENER_BACKEND_CUDA)

struct CuBlas {
  int (*create)(void **) = nullptr;
  int (*destroy)(void *) = nullptr;
  int (*set_stream)(void *, void *) = nullptr;
  int (*set_workspace)(void *, void *, std::size_t) = nullptr;
  int (*sgemm)(void *, int, int, int, int, int, const float *, const float *, int, const float *, int, const float *, float *,
               int) = nullptr;
  int (*dgemm)(void *, int, int, int, int, int, const double *, const double *, int, const double *, int, const double *,
               double *, int) = nullptr;
  bool there = false;
  CuBlas() {
    for (const char *name : {"libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so"}) {
      if (void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
        create = function_of<decltype(create)>(library, "cublasCreate_v2");
        destroy = function_of<decltype(destroy)>(library, "cublasDestroy_v2");
        set_stream = function_of<decltype(set_stream)>(library, "cublasSetStream_v2");
        set_workspace = function_of<decltype(set_workspace)>(library, "cublasSetWorkspace_v2");
        sgemm = function_of<decltype(sgemm)>(library, "cublasSgemm_v2");
        dgemm = function_of<decltype(dgemm)>(library, "cublasDgemm_v2");
        there = create != nullptr && destroy != nullptr && set_stream != nullptr && set_workspace != nullptr &&
                sgemm != nullptr && dgemm != nullptr;
        if (there) {
          break;
        }
      }
    }
  }
};

const CuBlas &cublas() {
  static const CuBlas library;
  return library;
}

// Its workspace; so large on sm_90 by default.
inline constexpr std::int64_t kLibraryRoom = std::int64_t{32} << 20;

#endif

} // namespace

#if defined(ZENER_BACKEND_CPU) && !defined(ZENER_DEBUG_DEVICE)

const char *blas_library() { return openblas().there ? "OpenBLAS" : ""; }
void quieten_blas() {
  if (openblas().there) {
    openblas().set_threads(1);
  }
}

template <class T>
Gemm<T>::Gemm(Queue &memory, Queue &queue, bool own_only)
    : queue_(&queue), room_(memory, kPartRoom, "parts of sums"), own_only_(own_only || !openblas().there) {}
template <class T> Gemm<T>::~Gemm() = default;

template <class T> bool Gemm<T>::library(const Product<T> &p) {
  const bool plain = p.a_inner.table == nullptr && p.a_inner.stride == 1;
  const bool transposed = p.a_row.table == nullptr && p.a_row.stride == 1 && !plain;
  const std::int64_t stride = plain ? p.a_row.stride : p.a_inner.stride;
  const double size = static_cast<double>(p.rows) * p.columns * static_cast<double>(p.inner);
  if ((!plain && !transposed) || p.a_row.table != nullptr || p.a_inner.table != nullptr || size < kLibraryFrom ||
      std::max({p.rows, p.inner, stride, p.b_stride}) > 0x7fffffff) {
    return false;
  }
  const ProfilerRange range("gemm_library");
  const auto call = [&](auto gemm) {
    gemm(kRowMajor, plain ? kPlain : kTransposed, kPlain, static_cast<int>(p.rows), p.columns, static_cast<int>(p.inner), T(1),
         p.a, static_cast<int>(stride), p.b, static_cast<int>(p.b_stride), T(0), p.c, p.columns);
  };
  if constexpr (sizeof(T) == sizeof(float)) {
    call(openblas().sgemm);
  } else {
    call(openblas().dgemm);
  }
  return true;
}

#elif defined(ZENER_BACKEND_CUDA)

const char *blas_library() { return cublas().there ? "cuBLAS" : ""; }
void quieten_blas() {}

template <class T>
Gemm<T>::Gemm(Queue &memory, Queue &queue, bool own_only)
    : queue_(&queue), room_(memory, kPartRoom, "parts of sums"), own_only_(own_only || !cublas().there) {
  if (own_only_) {
    return;
  }
  if (cublas().create(&handle_) != 0) {
    handle_ = nullptr;
    own_only_ = true;
    return;
  }
  // A room of our own: products are recorded into graphs, where the library must not allocate.
  library_room_ = DeviceBuffer<unsigned char>(memory, kLibraryRoom, "workspace of cuBLAS");
  if (cublas().set_stream(handle_, queue.native_stream()) != 0 ||
      cublas().set_workspace(handle_, library_room_.view().data(), static_cast<std::size_t>(kLibraryRoom)) != 0) {
    own_only_ = true;
  }
}
template <class T> Gemm<T>::~Gemm() {
  if (handle_ != nullptr) {
    (void)cublas().destroy(handle_);
  }
}

template <class T> bool Gemm<T>::library(const Product<T> &p) {
  const bool plain = p.a_inner.table == nullptr && p.a_inner.stride == 1;
  const bool transposed = p.a_row.table == nullptr && p.a_row.stride == 1 && !plain;
  const std::int64_t stride = plain ? p.a_row.stride : p.a_inner.stride;
  if ((!plain && !transposed) || p.a_row.table != nullptr || p.a_inner.table != nullptr ||
      std::max({p.rows, p.inner, stride, p.b_stride}) > 0x7fffffff) {
    return false;
  }
  // Columns are its contiguous direction: C' = B' A'.
  const T one = T(1), zero = T(0);
  const auto call = [&](auto gemm) {
    return gemm(handle_, 0, plain ? 0 : 1, p.columns, static_cast<int>(p.rows), static_cast<int>(p.inner), &one, p.b,
                static_cast<int>(p.b_stride), p.a, static_cast<int>(stride), &zero, p.c, p.columns);
  };
  int status = 0;
  if constexpr (sizeof(T) == sizeof(float)) {
    status = call(cublas().sgemm);
  } else {
    status = call(cublas().dgemm);
  }
  if (status != 0) {
    throw DeviceFault("cuBLAS: product of %lld x %lld x %d failed with status %d", static_cast<long long>(p.rows),
                      static_cast<long long>(p.inner), p.columns, status);
  }
  return true;
}

#else

const char *blas_library() { return ""; }
void quieten_blas() {}
template <class T>
Gemm<T>::Gemm(Queue &memory, Queue &queue, bool) : queue_(&queue), room_(memory, kPartRoom, "parts of sums"), own_only_(true) {}
template <class T> Gemm<T>::~Gemm() = default;
template <class T> bool Gemm<T>::library(const Product<T> &) { return false; }

#endif

} // namespace ZENER_BACKEND
} // namespace zener
