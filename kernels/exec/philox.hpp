// Philox4x32-10, a counter-based generator: Salmon, Moraes, Dror, Shaw, SC'11, doi:10.1145/2063384.2063405.
//
// A draw is a pure function of (stream, seed; walker or atom, step, draw): no state is stored, restarts need none, and results
// do not depend on how work is split. Stream numbers stand in random_streams.hpp. 64 random bits give a uniform number of 53
// bits.
#pragma once

#include "kernels/exec/config.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

struct Random128 {
  std::uint32_t word[4];
  ZENER_FN std::uint64_t low() const { return word[0] | static_cast<std::uint64_t>(word[1]) << 32; }
  ZENER_FN std::uint64_t high() const { return word[2] | static_cast<std::uint64_t>(word[3]) << 32; }
};

ZENER_FN Random128 philox4x32_10(Random128 counter, std::uint32_t key0, std::uint32_t key1) {
  Random128 c = counter;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = static_cast<std::uint64_t>(0xD2511F53u) * c.word[0];
    const std::uint64_t product1 = static_cast<std::uint64_t>(0xCD9E8D57u) * c.word[2];
    c = {{static_cast<std::uint32_t>(product1 >> 32) ^ c.word[1] ^ key0, static_cast<std::uint32_t>(product1),
          static_cast<std::uint32_t>(product0 >> 32) ^ c.word[3] ^ key1, static_cast<std::uint32_t>(product0)}};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return c;
}

ZENER_FN Random128 random_bits(std::uint32_t stream, std::uint32_t seed, std::uint32_t owner, std::uint64_t step,
                               std::uint32_t draw) {
  return philox4x32_10({{owner, static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32), draw}}, stream, seed);
}

// Uniform in [0, 1), a multiple of 2^-53.
ZENER_FN double uniform_below_one(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

// Uniform in (0, 1], a multiple of 2^-53.
ZENER_FN double uniform_above_zero(std::uint64_t bits) { return static_cast<double>((bits >> 11) + 1) * 0x1p-53; }

// An integer in [0, n) for n <= 2^32, from 64 bits; the bias is below n 2^-64.
ZENER_FN std::uint32_t uniform_below(std::uint64_t bits, std::uint32_t n) {
  const std::uint64_t high = (bits >> 32) * n;
  const std::uint64_t low = (bits & 0xFFFFFFFFu) * n;
  return static_cast<std::uint32_t>((high + (low >> 32)) >> 32);
}

} // namespace ZENER_BACKEND
} // namespace zener
