#include "host/neutral/sealed_file.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

namespace zener {
namespace {

// Sum of the file's bytes after the user block: FNV-1a's xor and multiply on words of 8 bytes, and a shift that brings the high
// bits down (without it, flips of the highest bits cancel). Each step can be undone, so a change in one word always shows.
class Checksum {
public:
  void add(const char *bytes, std::size_t n) { // n is a multiple of 8 but in the last call
    for (; n >= 8; n -= 8, bytes += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes, 8);
      mix(word);
    }
    if (n > 0) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes, n);
      mix(word);
    }
  }
  std::uint64_t value() const { return sum_; }

private:
  void mix(std::uint64_t word) {
    sum_ = (sum_ ^ word) * 0x100000001b3ULL;
    sum_ ^= sum_ >> 32;
  }
  std::uint64_t sum_ = 0xcbf29ce484222325ULL;
};

struct Content {
  std::array<char, kSealBytes> block{};
  std::uint64_t length = 0;
  std::uint64_t checksum = 0;
};

Content scan(const std::filesystem::path &file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::is_regular_file(status)) {
    throw DataError(file.string() +
                    ": cannot open: " + (std::filesystem::exists(status) ? "it is not a regular file" : error.message()));
  }
  std::ifstream in(file, std::ios::binary);
  Content content;
  in.read(content.block.data(), kSealBytes);
  content.length = static_cast<std::uint64_t>(in.gcount());
  Checksum sum;
  std::vector<char> bytes(std::size_t{1} << 20);
  while (in) {
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    sum.add(bytes.data(), static_cast<std::size_t>(in.gcount()));
    content.length += static_cast<std::uint64_t>(in.gcount());
  }
  if (!in.eof() || in.bad()) {
    throw DataError(file.string() + ": cannot read");
  }
  content.checksum = sum.value();
  return content;
}

std::string family_of(const Seal &seal) { return seal.title + " "; }
std::string format_of(const Seal &seal) { return family_of(seal) + "1\n"; }

std::array<char, kSealBytes> make_block(const std::string &format, std::uint64_t length, std::uint64_t checksum) {
  std::array<char, kSealBytes> block{};
  std::snprintf(block.data(), kSealBytes, "%sbytes %020llu\nchecksum %016llx\n", format.c_str(),
                static_cast<unsigned long long>(length), static_cast<unsigned long long>(checksum));
  return block;
}

} // namespace

void close_sealed(H5File &h5, const Seal &seal, const std::filesystem::path &previous) {
  const std::span<char> image = h5.image();
  Checksum sum;
  sum.add(image.data() + kSealBytes, image.size() - kSealBytes);
  const auto block = make_block(format_of(seal), image.size(), sum.value());
  std::copy(block.begin(), block.end(), image.begin());
  h5.close(previous);
}

void verify_seal(const std::filesystem::path &file, const Seal &seal) {
  const std::string family = family_of(seal);
  const std::string format = format_of(seal);
  const Content found = scan(file);
  const std::string_view block(found.block.data(), kSealBytes);
  if (found.length < kSealBytes || block.substr(0, family.size()) != family) {
    throw DataError(file.string() + ": is not " + seal.noun + " of Zener (its first line is not \"" +
                    format.substr(0, format.size() - 1) + "\")");
  }
  if (block.substr(0, format.size()) != format) {
    const std::string_view rest = block.substr(family.size());
    std::string version(rest.substr(0, std::min<std::size_t>(rest.find_first_not_of("0123456789"), 8)));
    throw DataError(file.string() + ": is " + seal.noun + " of format '" + version + "', this program reads format 1");
  }
  unsigned long long announced = 0;
  if (std::sscanf(found.block.data() + format.size(), "bytes %20llu", &announced) == 1 && announced != found.length) {
    throw DataError(file.string() + ": has " + std::to_string(found.length) + " bytes instead of " + std::to_string(announced) +
                    "; it is truncated or damaged");
  }
  if (found.block != make_block(format, found.length, found.checksum)) {
    throw DataError(file.string() + ": its content does not match its checksum; it is damaged");
  }
}

} // namespace zener
