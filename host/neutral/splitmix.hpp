// Random numbers of the host, where a configuration is drawn before any device sees it: splitmix64 (Steele, Lea, Flood, OOPSLA
// 2014, doi:10.1145/2660193.2660195).
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

namespace zener {

class SplitMix64 {
public:
  // One stream for each sequence of words: every word is mixed into the state in turn.
  explicit SplitMix64(std::initializer_list<std::uint64_t> words) {
    for (const std::uint64_t word : words) {
      state_ ^= word;
      state_ = next();
    }
  }

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  // Uniform in [0, n), n > 0, without bias: values above the last multiple of n are drawn again.
  std::uint64_t below(std::uint64_t n) {
    const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() / n * n;
    std::uint64_t value = next();
    while (value >= most) {
      value = next();
    }
    return value % n;
  }

private:
  std::uint64_t state_ = 0;
};

// Fisher and Yates.
template <class T> void shuffle(std::vector<T> &values, SplitMix64 &random) {
  for (std::size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[random.below(i)]);
  }
}

} // namespace zener
