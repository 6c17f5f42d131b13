// Philox: known answers (Random123's kat_vectors for philox4x32-10), the order of its arguments, ranges and tails of uniform
// numbers.
#include "kernels/exec/philox.hpp"
#include "tests/reference/philox.hpp"
#include "tests/support/device_test.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct RunPhilox {
  View<const std::uint32_t, 2> in; // [n][counter 4, key 2]
  View<std::uint32_t, 2> out;      // [n][4]
  ZENER_FN void operator()(std::int64_t i) const {
    const Random128 r = philox4x32_10({{in(i, 0), in(i, 1), in(i, 2), in(i, 3)}}, in(i, 4), in(i, 5));
    for (int j = 0; j < 4; ++j) {
      out(i, j) = r.word[j];
    }
  }
};

ZENER_DEVICE_TEST(Philox, KnownAnswers) {
  const std::uint32_t ones = 0xFFFFFFFFu;
  auto in = to_device<std::uint32_t>({0, 0, 0, 0, 0, 0,                   //
                                      ones, ones, ones, ones, ones, ones, //
                                      0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0});
  auto out = empty<std::uint32_t>(12);
  queue().for_each("test_philox", 3, RunPhilox{in.shaped(3, 6), out.shaped(3, 4)});
  const std::vector<std::uint32_t> expected{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8, 0x408f276d, 0x41c83b0e,
                                            0xa20bc7c6, 0x6d5451fd, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
  EXPECT_EQ(to_host(out), expected);
  // The reference of the other tests, too.
  const std::array<std::uint32_t, 4> pi{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
  EXPECT_EQ(reference::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}), pi);
}

struct Draws {
  View<const std::uint64_t, 2> arguments; // [n][stream, seed, owner, step, draw]
  View<std::uint64_t, 2> out;             // [n][low, high]
  ZENER_FN void operator()(std::int64_t i) const {
    const auto word = [&](int j) { return static_cast<std::uint32_t>(arguments(i, j)); };
    const Random128 r = random_bits(word(0), word(1), word(2), arguments(i, 3), word(4));
    out(i, 0) = r.low();
    out(i, 1) = r.high();
  }
};

ZENER_DEVICE_TEST(Philox, EveryArgumentOfADrawHasItsPlace) {
  const std::vector<std::uint64_t> arguments{1, 2,          3,          4,          5, //
                                             2, 0xDEADBEEF, 0xFFFFFFFF, 1ull << 40, 0, //
                                             2, 7,          0,          ~0ull,      0xFFFFFFFF};
  auto in = to_device(arguments);
  auto out = empty<std::uint64_t>(6);
  queue().for_each("test_draws", 3, Draws{in.shaped(3, 5), out.shaped(3, 2)});
  const auto got = to_host(out);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto word = [&](std::size_t j) { return static_cast<std::uint32_t>(arguments[5 * i + j]); };
    const reference::Bits128 expected = reference::draw(word(0), word(1), word(2), arguments[5 * i + 3], word(4));
    EXPECT_EQ(got[2 * i], expected.low);
    EXPECT_EQ(got[2 * i + 1], expected.high);
  }
}

struct Uniforms {
  View<const std::uint64_t, 1> bits;
  View<double, 2> real;           // [n][below one, above zero]
  View<std::uint32_t, 2> integer; // [n][range]
  ZENER_FN void operator()(std::int64_t i) const {
    real(i, 0) = uniform_below_one(bits[i]);
    real(i, 1) = uniform_above_zero(bits[i]);
    const std::uint32_t ranges[4] = {1, 7, 0x80000001u, 0xFFFFFFFFu};
    for (int r = 0; r < 4; ++r) {
      integer(i, r) = uniform_below(bits[i], ranges[r]);
    }
  }
};

ZENER_DEVICE_TEST(Philox, UniformNumbersHaveTheirRanges) {
  std::vector<std::uint64_t> bits{0, 2047, 2048, ~0ull, ~0ull - 2048, 1ull << 63, (1ull << 63) - 1};
  reference::Sequence random(3);
  for (int i = 0; i < 1000; ++i) {
    bits.push_back(random.bits());
  }
  const auto n = static_cast<std::int64_t>(bits.size());
  auto device_bits = to_device(bits);
  auto real = empty<double>(2 * n);
  auto integer = empty<std::uint32_t>(4 * n);
  queue().for_each("test_uniforms", n, Uniforms{device_bits.view(), real.shaped(n, 2), integer.shaped(n, 4)});
  const auto reals = to_host(real);
  const auto integers = to_host(integer);
  EXPECT_EQ(reals[0], 0.0);
  EXPECT_EQ(reals[1], 0x1p-53);
  EXPECT_EQ(reals[2], 0.0);
  EXPECT_EQ(reals[4], 0x1p-53);
  EXPECT_EQ(reals[6], 1.0 - 0x1p-53);
  EXPECT_EQ(reals[7], 1.0);
  EXPECT_EQ(reals[8], 1.0 - 0x1p-52);
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const auto k = static_cast<long double>(bits[i] >> 11);
    EXPECT_EQ(reals[2 * i], static_cast<double>(std::ldexp(k, -53)));
    EXPECT_EQ(reals[2 * i + 1], static_cast<double>(std::ldexp(k + 1, -53)));
    const std::uint32_t ranges[4] = {1, 7, 0x80000001u, 0xFFFFFFFFu};
    for (std::size_t r = 0; r < 4; ++r) {
      const auto expected = static_cast<std::uint32_t>((static_cast<unsigned __int128>(bits[i]) * ranges[r]) >> 64);
      EXPECT_EQ(integers[4 * i + r], expected);
    }
  }
}

// Draws 2 uniform numbers for each index and counts those below 1e-7, those whose lowest bits are all zero (a generator of 32
// bits would give nothing else), and adds up the bits of all.
struct TailOfDraws {
  ZENER_FN std::uint64_t operator()(std::int64_t i) const {
    const Random128 r = random_bits(77, 5, 0, static_cast<std::uint64_t>(i), 0);
    const std::uint64_t below = (uniform_below_one(r.low()) < 1e-7 ? 1u : 0u) + (uniform_above_zero(r.high()) < 1e-7 ? 1u : 0u);
    const std::uint64_t coarse = ((r.low() >> 11) & 0x1FFFFFu) == 0 ? 1u : 0u;
    return below | coarse << 32;
  }
};

// Poisson: 10 expected in 1e8 numbers (1 in the debug device's 1e7), so 0 or more than 30 have a probability below 5e-5 for the
// first; and 2^-21 of them, 24 (2), end in 21 zero bits. The draws are fixed, so the test cannot fail by chance once it passed.
ZENER_DEVICE_TEST(Philox, RareNumbersComeAtTheirRate) {
  const std::int64_t n = kDebugDevice ? 5'000'000 : 50'000'000;
  const std::uint64_t counts = queue().reduce("test_tail", n, TailOfDraws{}, Sum<std::uint64_t>{}, std::uint64_t{0});
  const double below = static_cast<double>(counts & 0xFFFFFFFFu);
  const double coarse = static_cast<double>(counts >> 32);
  const double below_expected = 2e-7 * static_cast<double>(n);
  const double coarse_expected = static_cast<double>(n) * 0x1p-21;
  EXPECT_NEAR(below, below_expected, 4.0 * std::sqrt(below_expected));
  EXPECT_NEAR(coarse, coarse_expected, 4.0 * std::sqrt(coarse_expected));
  if (!kDebugDevice) {
    EXPECT_GT(below, 0.0);
  }
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
