// Philox4x32-10 written once more, serially, from Salmon et al., SC'11, doi:10.1145/2063384.2063405, and the source of test
// data.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace zener::reference {

// counter: c0..c3, key: k0, k1.
std::array<std::uint32_t, 4> philox(const std::array<std::uint32_t, 4> &counter, const std::array<std::uint32_t, 2> &key);

struct Bits128 {
  std::uint64_t low, high;
};

// The draw of (stream, seed; owner, step, draw): counter (owner, step low, step high, draw), key (stream, seed).
Bits128 draw(std::uint32_t stream, std::uint32_t seed, std::uint32_t owner, std::uint64_t step, std::uint32_t number);

// Test data: a sequence that a seed fixes for all time.
class Sequence {
public:
  explicit Sequence(std::uint32_t seed) : seed_(seed) {}
  std::uint64_t bits();
  int below(int n);                 // 0 <= value < n
  double unit();                    // [0, 1), a multiple of 2^-53
  double dyadic(int fraction_bits); // [-1, 1), a multiple of 2^-fraction_bits: exact in every precision
private:
  std::uint32_t seed_;
  std::uint64_t count_ = 0;
};

// `sites` species codes with one vacancy (0) and the others at random in 1..species.
std::vector<std::uint8_t> random_occupancy(Sequence &random, std::int64_t sites, int species);

} // namespace zener::reference
