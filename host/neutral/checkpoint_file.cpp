#include "host/neutral/checkpoint_file.hpp"

#include "host/neutral/data_json.hpp"
#include "host/neutral/errors.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

namespace zener {
namespace {

constexpr std::size_t kBlock = 512; // the smallest user block of HDF5

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
  std::array<char, kBlock> block{};
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
  in.read(content.block.data(), kBlock);
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

std::string family_of(const std::string &driver) { return "zener " + driver + " checkpoint "; }
std::string format_of(const std::string &driver) { return family_of(driver) + "1\n"; }

std::array<char, kBlock> make_block(const std::string &format, std::uint64_t length, std::uint64_t checksum) {
  std::array<char, kBlock> block{};
  std::snprintf(block.data(), kBlock, "%sbytes %020llu\nchecksum %016llx\n", format.c_str(),
                static_cast<unsigned long long>(length), static_cast<unsigned long long>(checksum));
  return block;
}

void verify(const std::filesystem::path &file, const std::string &driver) {
  const std::string family = family_of(driver);
  const std::string format = format_of(driver);
  const Content found = scan(file);
  const std::string_view block(found.block.data(), kBlock);
  if (found.length < kBlock || block.substr(0, family.size()) != family) {
    throw DataError(file.string() + ": is not a checkpoint of Zener (its first line is not \"" +
                    format.substr(0, format.size() - 1) + "\")");
  }
  if (block.substr(0, format.size()) != format) {
    const std::string_view rest = block.substr(family.size());
    std::string version(rest.substr(0, std::min<std::size_t>(rest.find_first_not_of("0123456789"), 8)));
    throw DataError(file.string() + ": is a checkpoint of format '" + version + "', this program reads format 1");
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

void compare(const nlohmann::json &stored, const nlohmann::json &current, const std::string &pointer,
             std::vector<std::string> &differences) {
  if (stored.is_object() && current.is_object()) {
    std::set<std::string> keys;
    for (const auto *side : {&stored, &current}) {
      for (const auto &item : side->items()) {
        keys.insert(item.key());
      }
    }
    for (const std::string &key : keys) {
      const auto a = stored.find(key);
      const auto b = current.find(key);
      const std::string at = pointer + "/" + key;
      if (a == stored.end() || b == current.end()) {
        differences.push_back(at +
                              (a == stored.end() ? " was absent and is " + shown(*b) : " was " + shown(*a) + " and is absent"));
      } else {
        compare(*a, *b, at, differences);
      }
    }
  } else if (stored.is_array() && current.is_array() && stored.size() == current.size()) {
    for (std::size_t i = 0; i < stored.size(); ++i) {
      compare(stored[i], current[i], pointer + "/" + std::to_string(i), differences);
    }
  } else if (stored != current) {
    differences.push_back((pointer.empty() ? "the whole" : pointer) + " was " + shown(stored) + " and is " + shown(current));
  }
}

} // namespace

std::filesystem::path previous_checkpoint(const std::filesystem::path &file) {
  std::filesystem::path previous = file;
  return previous.replace_extension().concat(".previous").concat(file.extension().string());
}

H5File begin_checkpoint(const std::filesystem::path &file, const std::string &identity, const CheckpointMeta &meta) {
  H5File h5 = H5File::create(file, kBlock);
  h5.make_group("/run");
  h5.write_attribute("/run", "identity", identity);
  h5.write_attribute("/run", "wall_s", meta.wall_s);
  h5.write_attribute("/run", "next_sample", meta.next_sample);
  return h5;
}

void end_checkpoint(H5File &h5, const std::filesystem::path &file, const std::string &driver) {
  const std::span<char> image = h5.image();
  Checksum sum;
  sum.add(image.data() + kBlock, image.size() - kBlock);
  const auto block = make_block(format_of(driver), image.size(), sum.value());
  std::copy(block.begin(), block.end(), image.begin());
  h5.close(previous_checkpoint(file));
}

void read_checkpoint(const std::filesystem::path &file, const std::string &driver, std::string &identity, CheckpointMeta &meta,
                     const std::function<void(const H5File &)> &read) {
  try {
    verify(file, driver);
    const H5File h5 = H5File::open(file);
    identity = h5.read_string_attribute("/run", "identity");
    meta.wall_s = h5.read_double_attribute("/run", "wall_s");
    meta.next_sample = h5.read_int64_attribute("/run", "next_sample");
    read(h5);
  } catch (const DataError &error) {
    std::error_code ignored;
    const auto previous = previous_checkpoint(file);
    if (!std::filesystem::exists(previous, ignored)) {
      throw;
    }
    throw DataError(std::string(error.what()) + "; the checkpoint before it is " + previous.string() +
                    ": rename it to go on from there");
  }
}

void check_identity(const std::string &stored, const std::string &current, const std::filesystem::path &file) {
  const auto a = parse_data_json<nlohmann::json>(stored, file.string() + ": the identity of the run");
  const auto b = nlohmann::json::parse(current);
  if (!a.is_object()) {
    throw DataError(file.string() + ": the identity of the run is " + shown(a) + ", an object is expected");
  }
  std::vector<std::string> differences;
  compare(a, b, "", differences);
  if (differences.empty()) {
    return;
  }
  constexpr std::size_t kListed = 10;
  std::string message = file.string() + ": was written by another run than this one:";
  for (std::size_t i = 0; i < std::min(differences.size(), kListed); ++i) {
    message += "\n  " + differences[i];
  }
  if (differences.size() > kListed) {
    message += "\n  and " + std::to_string(differences.size() - kListed) + " more";
  }
  throw ConfigError(message + "\nSet these keys back, or start a new run in another folder");
}

} // namespace zener
