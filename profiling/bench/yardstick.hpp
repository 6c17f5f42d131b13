// What figures are measured with: a clock, medians, and the rate of a matrix product on the same machine in the same run.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace zener::bench {

class Stopwatch {
public:
  // Of the same clock, from some moment on.
  static double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Of the wall, and of the processor for all threads of this program, since some time before.
double wall_seconds();
double processor_seconds();

// The median (the mean of the two middle values when their number is even); 0 of nothing.
double median(std::vector<double> values);

// OPENBLAS_CORETYPE in the environment makes OpenBLAS take the kernels of another processor, read when it is loaded; AVX2
// kernels on a processor with AVX-512 would flatter every share by half. When it is set, this says so and starts the program
// again without it. `arguments`: of the program, its name first. Throws DataError when the program cannot be started.
void let_openblas_choose_kernels(std::vector<std::string> arguments);

// The name of OpenBLAS's kernels, e.g. "SkylakeX".
std::string sgemm_kernels();

// GFLOP/s of C = A B in float32, 1024 x 1024 x 1024 (OpenBLAS), repeated for at least `seconds` on so many threads; one product
// before the clock starts.
class Sgemm {
public:
  Sgemm();
  double gflops(int threads, double seconds);

private:
  std::vector<float> a_, b_, c_;
};

} // namespace zener::bench
