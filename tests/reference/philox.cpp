#include "tests/reference/philox.hpp"

namespace zener::reference {

std::array<std::uint32_t, 4> philox(const std::array<std::uint32_t, 4> &counter, const std::array<std::uint32_t, 2> &key) {
  std::uint32_t left0 = counter[0], right0 = counter[1], left1 = counter[2], right1 = counter[3];
  std::uint32_t key0 = key[0], key1 = key[1];
  for (int round = 1; round <= 10; ++round) {
    const unsigned __int128 product0 = static_cast<unsigned __int128>(3528531795u) * left0;
    const unsigned __int128 product1 = static_cast<unsigned __int128>(3449720151u) * left1;
    const auto high = [](unsigned __int128 product) { return static_cast<std::uint32_t>(product / 4294967296u); };
    const auto low = [](unsigned __int128 product) { return static_cast<std::uint32_t>(product % 4294967296u); };
    left0 = high(product1) ^ right0 ^ key0;
    left1 = high(product0) ^ right1 ^ key1;
    right0 = low(product1);
    right1 = low(product0);
    key0 += 2654435769u; // golden ratio
    key1 += 3144134277u; // sqrt(3) - 1
  }
  return {left0, right0, left1, right1};
}

Bits128 draw(std::uint32_t stream, std::uint32_t seed, std::uint32_t owner, std::uint64_t step, std::uint32_t number) {
  const auto words =
      philox({owner, static_cast<std::uint32_t>(step % 4294967296u), static_cast<std::uint32_t>(step / 4294967296u), number},
             {stream, seed});
  return {words[0] + (std::uint64_t{words[1]} << 32), words[2] + (std::uint64_t{words[3]} << 32)};
}

std::uint64_t Sequence::bits() { return draw(0xFFFFFFFFu, seed_, 0, count_++, 0).low; }

int Sequence::below(int n) { return static_cast<int>(bits() % static_cast<std::uint64_t>(n)); }

double Sequence::unit() { return static_cast<double>(bits() / 2048) / 9007199254740992.0; }

double Sequence::dyadic(int fraction_bits) {
  const std::int64_t half = std::int64_t{1} << fraction_bits;
  return static_cast<double>(static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(2 * half)) - half) /
         static_cast<double>(half);
}

std::vector<std::uint8_t> random_occupancy(Sequence &random, std::int64_t sites, int species) {
  std::vector<std::uint8_t> occupancy;
  for (std::int64_t i = 0; i < sites; ++i) {
    occupancy.push_back(static_cast<std::uint8_t>(1 + random.below(species)));
  }
  occupancy[static_cast<std::size_t>(random.below(static_cast<int>(sites)))] = 0;
  return occupancy;
}

} // namespace zener::reference
