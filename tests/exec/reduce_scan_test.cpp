// Queue::reduce and Queue::scan_exclusive.
#include "tests/reference/philox.hpp"
#include "tests/reference/reduction.hpp"
#include "tests/support/device_test.hpp"

#include <algorithm>
#include <limits>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

std::vector<double> numbers(std::int64_t n) {
  reference::Sequence random(7);
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) {
    values.push_back(random.unit() * 3.0 - 1.0);
  }
  return values;
}

using Element = ReadElement<double>;

ZENER_DEVICE_TEST(Reduce, SumHasTheBitsOfItsTreeForAnyNumberOfThreads) {
  for (const std::int64_t n : test_sizes()) {
    const auto values = numbers(n);
    auto buffer = to_device(values);
    const double expected = reference::fold(
        values, [](double a, double b) { return a + b; }, 0.0);
    for (const int threads : {1, 2, 3, 0}) {
      queue().set_threads(threads);
      const double got = queue().reduce("test_sum", n, Element{buffer.view()}, Sum<double>{}, 0.0);
      EXPECT_EQ(got, expected) << n << " elements, " << threads << " threads";
    }
  }
}

ZENER_DEVICE_TEST(Reduce, MinimumAndMaximum) {
  for (const std::int64_t n : test_sizes()) {
    const auto values = numbers(n);
    auto buffer = to_device(values);
    const double infinity = std::numeric_limits<double>::infinity();
    const double least = queue().reduce("test_min", n, Element{buffer.view()}, Min<double>{}, infinity);
    const double most = queue().reduce("test_max", n, Element{buffer.view()}, Max<double>{}, -infinity);
    EXPECT_EQ(least, n == 0 ? infinity : *std::min_element(values.begin(), values.end()));
    EXPECT_EQ(most, n == 0 ? -infinity : *std::max_element(values.begin(), values.end()));
  }
}

struct Index {
  ZENER_FN std::int64_t operator()(std::int64_t i) const { return i; }
};

ZENER_DEVICE_TEST(Reduce, ThreeLevelsOfBlocks) {
  const std::int64_t n = kReduceBlock * kReduceBlock + 1;
  const std::int64_t sum = queue().reduce("test_levels", n, Index{}, Sum<std::int64_t>{}, std::int64_t{0});
  EXPECT_EQ(sum, n * (n - 1) / 2);
}

ZENER_DEVICE_TEST(Reduce, MovesOneElementToTheHost) {
  auto buffer = to_device(numbers(10000));
  const auto to_before = queue().bytes_to_device();
  const auto from_before = queue().bytes_to_host();
  queue().reduce("test_sum", 10000, Element{buffer.view()}, Sum<double>{}, 0.0);
  EXPECT_EQ(queue().bytes_to_device(), to_before);
  EXPECT_EQ(queue().bytes_to_host(), from_before + sizeof(double));
}

class ScanTest : public DeviceTest {
protected:
  template <class T> void check() {
    for (const std::int64_t n : test_sizes()) {
      reference::Sequence random(11);
      std::vector<T> values, expected;
      T sum = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        values.push_back(static_cast<T>(random.below(1000)));
        expected.push_back(sum);
        sum = static_cast<T>(sum + values.back());
      }
      auto in = to_device(values);
      auto out = empty<T>(n);
      EXPECT_EQ(queue().scan_exclusive("test_scan", View<const T, 1>(in.view()), out.view()), sum) << n;
      EXPECT_EQ(to_host(out), expected) << n;
      EXPECT_EQ(to_host(in), values) << n;
      EXPECT_EQ(queue().scan_exclusive("test_scan_in_place", View<const T, 1>(in.view()), in.view()), sum) << n;
      EXPECT_EQ(to_host(in), expected) << n;
    }
  }
};

ZENER_DEVICE_TEST_F(Scan, Int32, ScanTest) { check<std::int32_t>(); }
ZENER_DEVICE_TEST_F(Scan, Int64, ScanTest) { check<std::int64_t>(); }
ZENER_DEVICE_TEST_F(Scan, Uint64, ScanTest) { check<std::uint64_t>(); }

ZENER_DEVICE_TEST_F(Scan, SumsBeyond32Bits, ScanTest) {
  const std::vector<std::int64_t> values(10, std::int64_t{1} << 40);
  auto in = to_device(values);
  auto out = empty<std::int64_t>(10);
  EXPECT_EQ(queue().scan_exclusive("test_scan", View<const std::int64_t, 1>(in.view()), out.view()), std::int64_t{10} << 40);
  EXPECT_EQ(to_host(out).back(), std::int64_t{9} << 40);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
