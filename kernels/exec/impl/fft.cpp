#include "kernels/exec/fft.hpp"

#include "kernels/exec/error.hpp"

#include <algorithm>
#include <fftw3.h>
#include <memory>
#include <mutex>

#if defined(ZENER_BACKEND_CUDA)
#include <dlfcn.h>
#endif

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

std::mutex &planner() { // FFTW's is not to be used by two threads at once
  static std::mutex mutex;
  return mutex;
}

fftw_plan plan_of(std::int64_t length) {
  const std::lock_guard<std::mutex> lock(planner());
  double *in = fftw_alloc_real(static_cast<std::size_t>(length)); // aligned as rows are; not touched
  fftw_complex *out = fftw_alloc_complex(static_cast<std::size_t>(length / 2 + 1));
  fftw_plan plan = in == nullptr || out == nullptr
                       ? nullptr
                       : fftw_plan_dft_r2c_1d(static_cast<int>(length), in, out, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
  fftw_free(in);
  fftw_free(out);
  if (plan == nullptr) {
    throw DeviceFault("FFTW has no plan for transforms of %lld numbers", static_cast<long long>(length));
  }
  return plan;
}

void transform_row(void *plan, const double *in, Complex *out) {
  fftw_execute_dft_r2c(static_cast<fftw_plan>(plan), const_cast<double *>(in), reinterpret_cast<fftw_complex *>(out));
}

#if defined(ZENER_BACKEND_CUDA)
// The few functions of cuFFT that are used; their C interface has not changed since its first releases.
struct CuFft {
  int (*plan_many)(int *, int, int *, int *, int, int, int *, int, int, int, int) = nullptr;
  int (*set_stream)(int, void *) = nullptr;
  int (*d2z)(int, double *, void *) = nullptr;
  int (*destroy)(int) = nullptr;
  bool there = false;
  CuFft() {
    for (const char *name : {"libcufft.so.12", "libcufft.so.11", "libcufft.so.10", "libcufft.so"}) {
      if (void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
        plan_many = reinterpret_cast<decltype(plan_many)>(dlsym(library, "cufftPlanMany"));
        set_stream = reinterpret_cast<decltype(set_stream)>(dlsym(library, "cufftSetStream"));
        d2z = reinterpret_cast<decltype(d2z)>(dlsym(library, "cufftExecD2Z"));
        destroy = reinterpret_cast<decltype(destroy)>(dlsym(library, "cufftDestroy"));
        there = plan_many != nullptr && set_stream != nullptr && d2z != nullptr && destroy != nullptr;
        if (there) {
          break;
        }
      }
    }
  }
};
CuFft &cufft() {
  static CuFft library;
  return library;
}
inline constexpr int kRealToComplex = 0x6a; // CUFFT_D2Z
#endif

#if !defined(ZENER_GPU)
struct Rows {
  void *plan;
  View<const double, 2> in;
  View<Complex, 2> out;
  ZENER_FN void operator()(std::int64_t r) const { transform_row(plan, &in(r, 0), &out(r, 0)); }
};
#endif

} // namespace

std::int64_t fast_length(std::int64_t n) {
  std::int64_t best = 4;
  while (best < n) {
    best *= 2;
  }
  for (const std::int64_t odd : {3, 5, 9, 15}) {
    std::int64_t length = 4 * odd;
    while (length < n) {
      length *= 2;
    }
    best = std::min(best, length);
  }
  return best;
}

RealFft::RealFft(Queue &queue, std::int64_t length, std::int64_t rows) : queue_(queue), length_(length), rows_(rows) {
  if (length < 4 || length % 4 != 0 || length > 0x3fffffff || rows < 1) {
    throw DeviceFault("transforms of %lld rows of %lld numbers cannot be", static_cast<long long>(rows),
                      static_cast<long long>(length));
  }
#if defined(ZENER_BACKEND_CUDA)
  if (cufft().there) {
    int n = static_cast<int>(length);
    if (cufft().plan_many(&handle_, 1, &n, nullptr, 1, n, nullptr, 1, n / 2 + 1, kRealToComplex, static_cast<int>(rows)) != 0 ||
        cufft().set_stream(handle_, queue.native_stream()) != 0) {
      throw DeviceFault("cuFFT has no plan for %lld transforms of %lld numbers", static_cast<long long>(rows),
                        static_cast<long long>(length));
    }
    library_ = &cufft();
    return;
  }
#endif
  plan_ = plan_of(length);
}

RealFft::~RealFft() {
#if defined(ZENER_BACKEND_CUDA)
  if (library_ != nullptr) {
    (void)cufft().destroy(handle_);
  }
#endif
  if (plan_ != nullptr) {
    const std::lock_guard<std::mutex> lock(planner());
    fftw_destroy_plan(static_cast<fftw_plan>(plan_));
  }
}

const char *RealFft::library() const {
#if defined(ZENER_GPU)
  return library_ != nullptr ? "cuFFT" : "FFTW on the host";
#else
  return "FFTW";
#endif
}

void RealFft::operator()(View<const double, 2> in, View<Complex, 2> out) {
  const std::int64_t rows = in.extent(0);
  if (rows != rows_ || in.extent(1) != length_ || out.extent(0) != rows || out.extent(1) != length_ / 2 + 1) {
    throw DeviceFault("a transform was planned for %lld rows of %lld numbers", static_cast<long long>(rows_),
                      static_cast<long long>(length_));
  }
#if defined(ZENER_GPU)
#if defined(ZENER_BACKEND_CUDA)
  if (library_ != nullptr) {
    const int status = cufft().d2z(handle_, const_cast<double *>(in.data()), out.data());
    if (status != 0) {
      throw DeviceFault("cuFFT: a transform failed with status %d", status);
    }
    return;
  }
#endif
  const auto numbers = static_cast<std::size_t>(rows * length_), spectrum = static_cast<std::size_t>(rows * out.extent(1));
  const std::unique_ptr<double, void (*)(void *)> from(fftw_alloc_real(numbers), fftw_free);
  const std::unique_ptr<fftw_complex, void (*)(void *)> to(fftw_alloc_complex(spectrum), fftw_free);
  if (!from || !to) {
    throw DeviceFault("no memory on the host for the transform of %lld rows", static_cast<long long>(rows));
  }
  queue_.copy_to_host(from.get(), in.data(), numbers * sizeof(double), "rows to transform");
  for (std::int64_t r = 0; r < rows; ++r) {
    transform_row(plan_, from.get() + r * length_, reinterpret_cast<Complex *>(to.get()) + r * out.extent(1));
  }
  queue_.copy_to_device(out.data(), to.get(), spectrum * sizeof(Complex), "transformed rows");
#else
  queue_.for_each("fft_rows", rows, Rows{plan_, in, out});
#endif
}

} // namespace ZENER_BACKEND
} // namespace zener
