// Sines, cosines and exponentials of packs against the mathematical library of the host in double.
#include "kernels/core/pack_math.hpp"
#include "tests/reference/philox.hpp"
#include "tests/support/device_test.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

enum class Function { sine, cosine, exponential };

template <class T> struct PackFunction {
  Function function;
  View<const T, 1> x;
  View<T, 1> y;
  ZENER_FN void operator()(std::int64_t i) const {
    const Pack<T> from = Pack<T>::load(x.data() + i * kPackWidth<T>);
    const Pack<T> to = function == Function::sine     ? sin_pi(from)
                       : function == Function::cosine ? cos_pi(from)
                                                      : exponential(from);
    to.store(y.data() + i * kPackWidth<T>);
  }
};

class PackMathTest : public DeviceTest {
protected:
  static constexpr int kNumbers = 20480;

  struct Errors {
    double largest = 0.0, mean = 0.0; // mean: of tenths of the range, the largest by size
  };
  // Absolute errors at random places of [begin, end]; of the exponential relative ones.
  template <class T> Errors errors(Function function, double begin, double end) {
    reference::Sequence random(31);
    std::vector<T> x;
    for (int i = 0; i < kNumbers; ++i) {
      x.push_back(static_cast<T>(begin + (end - begin) * (i + random.unit()) / kNumbers));
    }
    auto in = to_device(x);
    auto out = empty<T>(kNumbers);
    queue().for_each("test_pack_math", kNumbers / kPackWidth<T>, PackFunction<T>{function, in.view(), out.view()});
    const std::vector<T> y = to_host(out);
    Errors found;
    double sum = 0.0;
    for (int i = 0; i < kNumbers; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const double argument = static_cast<double>(x[at]);
      const double truth = function == Function::sine     ? std::sin(kPi * argument)
                           : function == Function::cosine ? std::cos(kPi * argument)
                                                          : std::exp(argument);
      const double error = (static_cast<double>(y[at]) - truth) / (function == Function::exponential ? truth : 1.0);
      found.largest = std::max(found.largest, std::abs(error));
      sum += error;
      if ((i + 1) % (kNumbers / 10) == 0) {
        found.mean = std::max(found.mean, std::abs(sum) / (kNumbers / 10));
        sum = 0.0;
      }
    }
    return found;
  }
};

#define PACK_MATH_TEST(name) ZENER_DEVICE_TEST_F(PackMath, name, PackMathTest)

PACK_MATH_TEST(DoublesAreRightToTheLastPlaces) {
  EXPECT_LT(errors<double>(Function::sine, 0.0, 1.0).largest, 3 * 0x1p-52);
  EXPECT_LT(errors<double>(Function::cosine, 0.0, 1.0).largest, 3 * 0x1p-52);
  EXPECT_LT(errors<double>(Function::exponential, -100.0, 100.0).largest, 4 * 0x1p-53);
}

// Sums over atoms need errors without a sign.
PACK_MATH_TEST(FloatsHaveNoBias) {
  for (const Function function : {Function::sine, Function::cosine}) {
    const Errors found = errors<float>(function, 0.0, 1.0);
    EXPECT_LT(found.largest, 3 * 0x1p-24);
    EXPECT_LT(found.mean, 3e-9);
  }
  EXPECT_LT(errors<float>(Function::exponential, -60.0, 60.0).largest, 4 * 0x1p-24);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
