// Pack: the same bits an element as scalar code, whatever its width.
#include "kernels/exec/pack.hpp"
#include "tests/reference/philox.hpp"
#include "tests/support/device_test.hpp"

#include <cmath>
#include <limits>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

template <class T> struct PackOperations {
  View<const T, 2> in; // [a, b, c][n]
  View<T, 2> out;      // [fma, relu of a, broadcast of each pack's first a, relu of the fma][n]
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int64_t at = i * kPackWidth<T>;
    const Pack<T> a = Pack<T>::load(&in(0, at));
    const Pack<T> b = Pack<T>::load(&in(1, at));
    const Pack<T> c = Pack<T>::load(&in(2, at));
    const Pack<T> fused = fused_multiply_add(a, b, c);
    fused.store(&out(0, at));
    relu(a).store(&out(1, at));
    Pack<T>::broadcast(in(0, at)).store(&out(2, at));
    relu(fused).store(&out(3, at));
  }
};

class PackTest : public DeviceTest {
protected:
  template <class T> void check() {
    static_assert(sizeof(Pack<T>) == static_cast<std::size_t>(kPackWidth<T>) * sizeof(T));
    const T nan = std::numeric_limits<T>::quiet_NaN();
    const T infinity = std::numeric_limits<T>::infinity();
    const T tiny = std::numeric_limits<T>::denorm_min();
    std::vector<T> a{T(0), T(-0.0), nan, infinity, -infinity, tiny, -tiny, T(1), T(-1), std::numeric_limits<T>::max()};
    reference::Sequence random(5);
    while (a.size() < 1024) {
      a.push_back(static_cast<T>(random.unit() * 4 - 2));
    }
    std::vector<T> b, c;
    for (std::size_t i = 0; i < a.size(); ++i) {
      b.push_back(static_cast<T>(random.unit() * 4 - 2));
      // Near -a b, so that only a single rounding keeps the digits.
      c.push_back(i % 2 == 0 ? static_cast<T>(-a[i] * b[i]) : static_cast<T>(random.unit()));
    }
    std::vector<T> all(a);
    all.insert(all.end(), b.begin(), b.end());
    all.insert(all.end(), c.begin(), c.end());
    const auto n = static_cast<std::int64_t>(a.size());
    auto in = to_device(all);
    auto out = empty<T>(4 * n);
    queue().for_each("test_pack", n / kPackWidth<T>, PackOperations<T>{in.shaped(3, n), out.shaped(4, n)});
    const std::vector<T> got = to_host(out);
    const auto same = [](T x, T y) { return std::isnan(x) ? std::isnan(y) : x == y && std::signbit(x) == std::signbit(y); };
    for (std::size_t i = 0; i < a.size(); ++i) {
      const T fused = std::fma(a[i], b[i], c[i]);
      EXPECT_TRUE(same(got[i], fused)) << i << ": " << got[i] << " " << fused;
      // x > 0 ? x : 0: positive zero for -0 and for NaN.
      const T rectified = a[i] > T(0) ? a[i] : T(0);
      EXPECT_TRUE(same(got[a.size() + i], rectified)) << i << ": " << got[a.size() + i];
      const T first = a[i - i % static_cast<std::size_t>(kPackWidth<T>)];
      EXPECT_TRUE(same(got[2 * a.size() + i], first)) << i << ": " << got[2 * a.size() + i] << " of " << first;
      EXPECT_TRUE(same(got[3 * a.size() + i], fused > T(0) ? fused : T(0))) << i;
    }
  }
};

ZENER_DEVICE_TEST_F(Pack, Float, PackTest) { check<float>(); }
ZENER_DEVICE_TEST_F(Pack, Double, PackTest) { check<double>(); }

ZENER_DEVICE_TEST_F(Pack, WidthsFillARegister, PackTest) {
  if constexpr (kGpuShapes) {
    EXPECT_EQ(kPackWidth<float>, 1);
    EXPECT_EQ(kPackWidth<double>, 1);
  } else {
    EXPECT_EQ(kPackWidth<float>, 2 * kPackWidth<double>);
  }
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
