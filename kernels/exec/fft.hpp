// Discrete Fourier transforms of rows of real numbers, in double precision, by a library: FFTW on the CPU, cuFFT on CUDA where
// it is found (opened at run time); else, and on HIP, FFTW on the host, with a copy there and back.
//
//   X(r, k) = sum_t x(r, t) exp(-2 pi i k t / length),   k = 0 … length/2
//
// Who owns what on the CPU: a lane a row. Operations: about 2.5 length log2(length) a row; 16 bytes in and 16 out a number: on
// a GPU bound by memory. Determinism: the order of sums depends on the length and the library alone.
#pragma once

#include "kernels/exec/queue.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

struct Complex {
  double re, im;
};

// The least length from n on that the libraries are fast at: 2^a times 1, 3, 5, 9 or 15, a multiple of 4.
std::int64_t fast_length(std::int64_t n);

class RealFft {
public:
  // Of `rows` rows, rows of 16 bytes alignment. Throws DeviceFault where the library cannot.
  RealFft(Queue &queue, std::int64_t length, std::int64_t rows);
  ~RealFft();
  RealFft(const RealFft &) = delete;
  RealFft &operator=(const RealFft &) = delete;

  // in [rows][length], out [rows][length/2 + 1]. `in` is kept.
  void operator()(View<const double, 2> in, View<Complex, 2> out);
  // "FFTW", "cuFFT", or "FFTW on the host".
  const char *library() const;

private:
  Queue &queue_;
  std::int64_t length_, rows_;
  void *plan_ = nullptr;            // FFTW's
  void *library_ = nullptr;         // cuFFT's functions, if it is used
  [[maybe_unused]] int handle_ = 0; // cuFFT's
};

} // namespace ZENER_BACKEND
} // namespace zener
