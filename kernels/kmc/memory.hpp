// Exact memory of environments: barriers (and spreads, of an ensemble) of an environment that was seen lately, found by the
// whole of it.
//
// The codes of E sites are packed to 2 bits (up to 3 species) or 4 bits a site, with one more bit set, so that an entry of
// zeros never matches. An environment has one place (a hash of the key picks it); what stood there is replaced. A pool of
// entries belongs to a team, so nobody else writes while it is read. Bytes: an entry of 64 (112 sites, 2 bits, float32) to 192,
// or 256 with spreads, read for a look-up; a hit saves 1.018 MFLOP of nn/mlp.hpp. Determinism: a hit gives the bits that were
// stored; which environments are found depends on the shape of teams, results do not.
#pragma once

#include "kernels/kmc/walkers.hpp"

#include <cstdint>
#include <cstring>

namespace zener {
inline namespace ZENER_BACKEND {

// E: sites of the environment. T: the type of a stored barrier (a barrier is one of its values).
template <int E, class T> struct EnvironmentMemory {
  MemoryView memory;
  std::int64_t first; // entry of the pool
  std::int64_t size;  // entries of the pool

  // Word `index` of the key of an environment. codes [E].
  ZENER_FN std::uint64_t key_word(const std::uint8_t *codes, int index) const {
    const int sites = 64 / memory.bits;
    const int begin = index * sites;
    std::uint64_t word = 0;
    for (int site = 0; site < sites && begin + site < E; site += 8) {
      std::uint64_t bytes = 0;
      if (E % 8 == 0 || begin + site + 8 <= E) {
        std::memcpy(&bytes, codes + begin + site, sizeof bytes);
      } else {
        std::memcpy(&bytes, codes + begin + site, E % 8);
      }
      word |= (memory.bits == 2 ? pack2(bytes) : pack4(bytes)) << (site * memory.bits);
    }
    // The last bit of the last word is free: E * bits is no multiple of 64, or that word is empty.
    return index == memory.key_words - 1 ? word | std::uint64_t{1} << 63 : word;
  }

  ZENER_FN std::int64_t place(const std::uint64_t *key) const {
    std::uint64_t h = 0;
    for (int i = 0; i < memory.key_words; ++i) {
      h = (h ^ key[i]) * 0x9E3779B97F4A7C15u;
      h ^= h >> 32;
    }
    h *= 0xD6E8FEB86659FD93u;
    return first + static_cast<std::int64_t>(((h >> 32) * static_cast<std::uint64_t>(size)) >> 32);
  }

  // Copies the barriers, and the spreads where there are any, when the environment of this place is the one asked for.
  ZENER_FN bool find(std::int64_t entry, const std::uint64_t *key, double *barrier, double *spread) const {
    const std::uint64_t *words = &memory.words[entry * memory.entry_words];
    std::uint64_t difference = 0;
    for (int i = 0; i < memory.key_words; ++i) {
      difference |= words[i] ^ key[i];
    }
    if (difference != 0) {
      return false;
    }
    take(words, 0, barrier);
    if (spread != nullptr) {
      take(words, kJumps, spread);
    }
    return true;
  }

  ZENER_FN void keep(std::int64_t entry, const std::uint64_t *key, const double *barrier, const double *spread) const {
    std::uint64_t *words = &memory.words[entry * memory.entry_words];
    for (int i = 0; i < memory.key_words; ++i) {
      words[i] = key[i];
    }
    put(words, 0, barrier);
    if (spread != nullptr) {
      put(words, kJumps, spread);
    }
  }

private:
  // The values of the paths from the first-th on behind the key of an entry.
  ZENER_FN void take(const std::uint64_t *words, int first, double *to) const {
    for (int p = 0; p < kJumps; ++p) {
      T value;
      std::memcpy(&value,
                  reinterpret_cast<const std::uint8_t *>(words + memory.key_words) + (first + p) * static_cast<int>(sizeof(T)),
                  sizeof value);
      to[p] = static_cast<double>(value);
    }
  }
  ZENER_FN void put(std::uint64_t *words, int first, const double *from) const {
    for (int p = 0; p < kJumps; ++p) {
      const T value = static_cast<T>(from[p]);
      std::memcpy(reinterpret_cast<std::uint8_t *>(words + memory.key_words) + (first + p) * static_cast<int>(sizeof(T)),
                  &value, sizeof value);
    }
  }

  // Eight codes of one byte, lowest first, to 2 or 4 bits each.
  static ZENER_FN std::uint64_t pack2(std::uint64_t x) {
    x = (x | x >> 6) & 0x000F000F000F000Fu;
    x = (x | x >> 12) & 0x000000FF000000FFu;
    return (x | x >> 24) & 0xFFFFu;
  }
  static ZENER_FN std::uint64_t pack4(std::uint64_t x) {
    x = (x | x >> 4) & 0x00FF00FF00FF00FFu;
    x = (x | x >> 8) & 0x0000FFFF0000FFFFu;
    return (x | x >> 16) & 0xFFFFFFFFu;
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
