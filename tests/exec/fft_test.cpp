// Transforms of rows against the sum as it is written.
#include "kernels/exec/fft.hpp"
#include "tests/support/device_test.hpp"

#include <cmath>
#include <numbers>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

ZENER_DEVICE_TEST(Fft, RowsAreTheirSums) {
  for (const std::int64_t n : {4, 12, 80, 144}) {
    constexpr std::int64_t kRows = 3;
    const std::int64_t half = n / 2 + 1;
    std::vector<double> x(static_cast<std::size_t>(kRows * n));
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = std::sin(1.7 * static_cast<double>(i)) + 0.1 * static_cast<double>(i % 5);
    }
    DeviceBuffer<double> in(queue(), kRows * n, "in");
    DeviceBuffer<Complex> out(queue(), kRows * half, "out");
    in.upload(x.data());
    RealFft fft(queue(), n, kRows);
    fft(in.shaped(kRows, n), out.shaped(kRows, half));
    std::vector<Complex> got(static_cast<std::size_t>(kRows * half));
    out.download(got.data());
    for (std::int64_t r = 0; r < kRows; ++r) {
      for (std::int64_t k = 0; k < half; ++k) {
        double re = 0.0, im = 0.0;
        for (std::int64_t t = 0; t < n; ++t) {
          const double angle = -2.0 * std::numbers::pi * static_cast<double>(k * t % n) / static_cast<double>(n);
          re += x[static_cast<std::size_t>(r * n + t)] * std::cos(angle);
          im += x[static_cast<std::size_t>(r * n + t)] * std::sin(angle);
        }
        EXPECT_NEAR(got[static_cast<std::size_t>(r * half + k)].re, re, 1e-12 * static_cast<double>(n));
        EXPECT_NEAR(got[static_cast<std::size_t>(r * half + k)].im, im, 1e-12 * static_cast<double>(n));
      }
    }
    EXPECT_THROW(fft(in.shaped(kRows - 1, n), out.shaped(kRows - 1, half)), DeviceFault);
  }
  EXPECT_THROW(RealFft(queue(), 6, 1), DeviceFault);
}

ZENER_DEVICE_TEST(Fft, LengthsAreFastAndLongEnough) {
  EXPECT_EQ(fast_length(1), 4);
  EXPECT_EQ(fast_length(17), 20);
  EXPECT_EQ(fast_length(129), 144);
  for (std::int64_t n = 1; n < 5000; n += 7) {
    const std::int64_t length = fast_length(n);
    EXPECT_GE(length, n);
    EXPECT_LE(static_cast<double>(length), 1.34 * static_cast<double>(std::max<std::int64_t>(n, 4)));
    EXPECT_EQ(length % 4, 0);
  }
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
