// What figures are measured with: a clock, medians, and the rate of a matrix product on the same machine in the same run.
#pragma once

#include <chrono>
#include <vector>

namespace zener::bench {

class Stopwatch {
public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// The median (the mean of the two middle values when their number is even); 0 of nothing.
double median(std::vector<double> values);

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
