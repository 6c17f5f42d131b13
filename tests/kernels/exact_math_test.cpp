// exact_exp and exact_log: error against long double (64 bits of mantissa), the ends of their ranges, order, and bits that are
// the same on every backend.
#include "kernels/core/exact_math.hpp"
#include "tests/golden/hashes.hpp"
#include "tests/reference/philox.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/hash.hpp"

#include <cmath>
#include <limits>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct Exponentials {
  View<const double, 1> x;
  View<double, 1> y;
  ZENER_FN void operator()(std::int64_t i) const { y[i] = exact_exp(x[i]); }
};

struct Logarithms {
  View<const double, 1> x;
  View<double, 1> y;
  ZENER_FN void operator()(std::int64_t i) const { y[i] = exact_log(x[i]); }
};

class ExactMathTest : public DeviceTest {
protected:
  template <class F> std::vector<double> apply(const std::vector<double> &x) {
    auto in = to_device(x);
    auto out = empty<double>(in.size());
    queue().for_each("test_exact_math", in.size(), F{in.view(), out.view()});
    return to_host(out);
  }
  // Distance to the true value in units of the last place of the double nearest to it.
  static double ulps(double got, long double truth) {
    const double nearest = std::abs(static_cast<double>(truth));
    const long double unit = static_cast<long double>(std::nextafter(nearest, HUGE_VAL)) - nearest;
    return static_cast<double>(std::abs(got - truth) / unit);
  }
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// 100,000 arguments in [-708, 709], dense around 0, and in (0, 1] and far beyond it.
std::vector<double> exponents() {
  reference::Sequence random(101);
  std::vector<double> x;
  for (int i = 0; i < 50000; ++i) {
    x.push_back(random.unit() * 1417.0 - 708.0);
    x.push_back(std::ldexp(random.unit() - 0.5, -random.below(60)));
  }
  return x;
}

std::vector<double> positives() {
  reference::Sequence random(102);
  std::vector<double> x;
  for (int i = 0; i < 25000; ++i) {
    x.push_back((static_cast<double>(random.bits() / 2048) + 1.0) * 0x1p-53);
    x.push_back(1.0 - std::ldexp(random.unit(), -random.below(50)) * 0.999);
    x.push_back(1.0 + std::ldexp(random.unit(), -random.below(50)));
    x.push_back(std::ldexp(1.0 + random.unit(), random.below(2000) - 1000));
  }
  return x;
}

ZENER_DEVICE_TEST_F(ExactMath, ExponentialIsWithinOneUlp, ExactMathTest) {
  const auto x = exponents();
  const auto y = apply<Exponentials>(x);
  double worst = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    worst = std::max(worst, ulps(y[i], std::exp(static_cast<long double>(x[i]))));
  }
  EXPECT_LT(worst, 1.0);
  RecordProperty("worst_ulp", std::to_string(worst));
}

ZENER_DEVICE_TEST_F(ExactMath, LogarithmIsWithinTwoUlps, ExactMathTest) {
  const auto x = positives();
  const auto y = apply<Logarithms>(x);
  double worst = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] != 1.0) {
      worst = std::max(worst, ulps(y[i], std::log(static_cast<long double>(x[i]))));
    }
  }
  EXPECT_LT(worst, 2.0);
  RecordProperty("worst_ulp", std::to_string(worst));
}

ZENER_DEVICE_TEST_F(ExactMath, EndsOfTheExponential, ExactMathTest) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double below = std::nextafter(-708.0, -1000.0);
  const double above = std::nextafter(709.0, 1000.0);
  const auto y = apply<Exponentials>({0.0, -0.0, -708.0, 709.0, below, above, -kInfinity, kInfinity, nan, -1e300, 1e300,
                                      0x1p-53, -0x1p-54, std::numeric_limits<double>::denorm_min()});
  EXPECT_EQ(y[0], 1.0);
  EXPECT_EQ(y[1], 1.0);
  EXPECT_LT(ulps(y[2], std::exp(-708.0L)), 1.0);
  EXPECT_GT(y[2], std::numeric_limits<double>::min()); // a normal number
  EXPECT_LT(ulps(y[3], std::exp(709.0L)), 1.0);
  EXPECT_EQ(y[4], 0.0);
  EXPECT_EQ(y[5], kInfinity);
  EXPECT_EQ(y[6], 0.0);
  EXPECT_EQ(y[7], kInfinity);
  EXPECT_TRUE(std::isnan(y[8]));
  EXPECT_EQ(y[9], 0.0);
  EXPECT_EQ(y[10], kInfinity);
  EXPECT_LT(ulps(y[11], std::exp(0x1p-53L)), 1.0);
  EXPECT_LT(ulps(y[12], std::exp(-0x1p-54L)), 1.0);
  EXPECT_EQ(y[13], 1.0);
}

ZENER_DEVICE_TEST_F(ExactMath, EndsOfTheLogarithm, ExactMathTest) {
  const double least = std::numeric_limits<double>::min();
  const double most = std::numeric_limits<double>::max();
  const std::vector<double> x{0x1p-53, 0x1p-52, 1.0 - 0x1p-53, std::nextafter(1.0, 2.0), 0.5, 2.0, std::sqrt(0.5), least, most};
  const auto y = apply<Logarithms>(x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_LT(ulps(y[i], std::log(static_cast<long double>(x[i]))), 2.0) << x[i];
  }
  const auto one = apply<Logarithms>({1.0});
  EXPECT_EQ(one[0], 0.0);
  // The largest residence time that a draw can give is finite and positive; the smallest is zero and never negative.
  EXPECT_LT(-y[0], 37.0);
  EXPECT_GT(-y[2], 0.0);
}

ZENER_DEVICE_TEST_F(ExactMath, BothGrow, ExactMathTest) {
  std::vector<double> x;
  for (int i = 0; i < 20000; ++i) {
    x.push_back(-708.0 + i * (1417.0 / 19999.0));
  }
  std::vector<double> near_zero; // across the first change of n, at ln(2)/2
  for (int i = 0; i < 20000; ++i) {
    near_zero.push_back((i - 10000) * 1e-4);
  }
  std::vector<double> positive;
  for (int i = 1; i <= 20000; ++i) {
    positive.push_back(i / 10000.0); // across sqrt(1/2), 1 and sqrt(2)
  }
  for (const auto &y : {apply<Exponentials>(x), apply<Exponentials>(near_zero), apply<Logarithms>(positive)}) {
    for (std::size_t i = 1; i < y.size(); ++i) {
      ASSERT_GT(y[i], y[i - 1]) << i;
    }
  }
}

ZENER_DEVICE_TEST_F(ExactMath, SameBitsOnEveryBackend, ExactMathTest) {
  testing_support::Fnv1a exponential, logarithm;
  exponential.add(apply<Exponentials>(exponents()));
  logarithm.add(apply<Logarithms>(positives()));
  EXPECT_EQ(exponential.value(), golden::kExponentials);
  EXPECT_EQ(logarithm.value(), golden::kLogarithms);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
