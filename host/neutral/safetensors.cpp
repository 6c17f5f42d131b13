#include "host/neutral/safetensors.hpp"

#include "host/neutral/data_json.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

namespace zener {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are read and written on little-endian machines");

constexpr std::uint64_t kMaxHeader = 100'000'000; // the limit of the reference implementation
constexpr std::size_t kLengthBytes = 8;
constexpr const char *kMetadata = "__metadata__";

std::size_t bytes_of(TensorType type) { return type == TensorType::float32 ? 4 : 8; }

// Product of the shape, or nothing when it does not fit 64 bits.
std::optional<std::uint64_t> count(const std::vector<std::uint64_t> &shape) {
  std::uint64_t n = 1;
  for (const std::uint64_t extent : shape) {
    if (extent != 0 && n > std::numeric_limits<std::uint64_t>::max() / extent) {
      return std::nullopt;
    }
    n *= extent;
  }
  return n;
}

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  const std::string *name = nullptr;
};

std::vector<std::uint64_t> unsigned_numbers(const nlohmann::json &entry, const char *key, const std::string &where) {
  const auto found = entry.find(key);
  if (found == entry.end()) {
    throw DataError(where + " has no '" + key + "'");
  }
  if (!found->is_array()) {
    throw DataError(where + ": '" + key + "' is " + shown(*found) + ", an array of integers is expected");
  }
  std::vector<std::uint64_t> numbers;
  for (const auto &value : *found) {
    if (!value.is_number_unsigned()) {
      throw DataError(where + ": '" + key + "' holds " + shown(value) + ", integers from 0 are expected");
    }
    numbers.push_back(value.get<std::uint64_t>());
  }
  return numbers;
}

Tensor read_tensor(const nlohmann::json &entry, const std::string &where, std::string_view data, Range &range) {
  if (!entry.is_object()) {
    throw DataError(where + " is " + shown(entry) + ", an object with dtype, shape and data_offsets is expected");
  }
  for (const auto &item : entry.items()) {
    if (item.key() != "dtype" && item.key() != "shape" && item.key() != "data_offsets") {
      throw DataError(where + " has the unknown key '" + item.key() + "'; dtype, shape and data_offsets are known");
    }
  }
  Tensor tensor;
  const auto type = entry.find("dtype");
  if (type == entry.end() || (*type != "F32" && *type != "F64")) {
    throw DataError(where + " has the type " + (type == entry.end() ? "(none)" : shown(*type)) + "; F32 and F64 are read");
  }
  tensor.type = *type == "F32" ? TensorType::float32 : TensorType::float64;
  tensor.shape = unsigned_numbers(entry, "shape", where);
  const auto offsets = unsigned_numbers(entry, "data_offsets", where);
  if (offsets.size() != 2) {
    throw DataError(where + ": data_offsets has " + std::to_string(offsets.size()) + " numbers, 2 are expected");
  }
  range.begin = offsets[0];
  range.end = offsets[1];
  const std::string bytes = "[" + std::to_string(range.begin) + ", " + std::to_string(range.end) + ")";
  if (range.begin > range.end || range.end > data.size()) {
    throw DataError(where + " lies at the bytes " + bytes + " of " + std::to_string(data.size()) +
                    " bytes of data; the file is truncated or its header is damaged");
  }
  const std::size_t size = bytes_of(tensor.type);
  if (range.begin % size != 0) {
    throw DataError(where + " begins at the byte " + std::to_string(range.begin) + ", which is no multiple of its type's " +
                    std::to_string(size) + " bytes");
  }
  const auto n = count(tensor.shape);
  if (!n) {
    throw DataError(where + " has a shape whose number of elements overflows: " + shown(entry.at("shape")));
  }
  if ((range.end - range.begin) % size != 0 || (range.end - range.begin) / size != *n) {
    throw DataError(where + " has the shape " + shown(entry.at("shape")) + " (" + std::to_string(*n) + " numbers of " +
                    std::to_string(size) + " bytes) but lies at the bytes " + bytes);
  }
  tensor.values.resize(static_cast<std::size_t>(*n));
  const char *at = data.data() + range.begin;
  if (tensor.type == TensorType::float64) {
    if (*n > 0) {
      std::memcpy(tensor.values.data(), at, static_cast<std::size_t>(*n) * size);
    }
  } else {
    for (double &value : tensor.values) {
      float narrow = 0.0F;
      std::memcpy(&narrow, at, size);
      at += size;
      value = static_cast<double>(narrow);
    }
  }
  return tensor;
}

// The reference implementation demands that the data be indexed exactly once.
void check_ranges(std::vector<Range> ranges, std::size_t data, const std::string &file) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range &a, const Range &b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t end = 0;
  for (const Range &range : ranges) {
    if (range.begin != end) {
      throw DataError(file + ": tensor '" + *range.name + "' begins at the byte " + std::to_string(range.begin) +
                      " of the data, where " + std::to_string(end) + " is expected (" +
                      (range.begin < end ? "tensors overlap" : "bytes belong to no tensor") + ")");
    }
    end = range.end;
  }
  if (end != data) {
    throw DataError(file + ": the tensors end at the byte " + std::to_string(end) + " of " + std::to_string(data) +
                    " bytes of data; bytes at the end belong to no tensor");
  }
}

} // namespace

Safetensors read_safetensors(const std::filesystem::path &file) { return parse_safetensors(read_file(file), file.string()); }

Safetensors parse_safetensors(std::string_view bytes, const std::string &name) {
  if (bytes.size() < kLengthBytes) {
    throw DataError(name + ": has " + std::to_string(bytes.size()) +
                    " bytes; a safetensors file begins with 8 bytes of length");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMaxHeader) {
    throw DataError(name + ": announces a header of " + std::to_string(length) + " bytes, at most " +
                    std::to_string(kMaxHeader) + " are allowed; is it a safetensors file?");
  }
  if (length > bytes.size() - kLengthBytes) {
    throw DataError(name + ": announces a header of " + std::to_string(length) + " bytes but has " +
                    std::to_string(bytes.size() - kLengthBytes) + " after the length; it is truncated");
  }
  const std::string_view text = bytes.substr(kLengthBytes, static_cast<std::size_t>(length));
  const std::string_view data = bytes.substr(kLengthBytes + static_cast<std::size_t>(length));
  if (text.empty() || text.front() != '{') {
    throw DataError(name + ": the header does not begin with '{'; is it a safetensors file?");
  }
  const auto header = parse_data_json<nlohmann::json>(text, name + ": header");

  Safetensors content;
  std::vector<Range> ranges;
  for (const auto &item : header.items()) {
    if (item.key() == kMetadata) {
      if (!item.value().is_object()) {
        throw DataError(name + ": __metadata__ is " + shown(item.value()) + ", an object of strings is expected");
      }
      for (const auto &entry : item.value().items()) {
        if (!entry.value().is_string()) {
          throw DataError(name + ": __metadata__ '" + entry.key() + "' is " + shown(entry.value()) + ", a string is expected");
        }
        content.metadata.emplace(entry.key(), entry.value().get<std::string>());
      }
      continue;
    }
    Range range;
    Tensor tensor = read_tensor(item.value(), name + ": tensor '" + item.key() + "'", data, range);
    range.name = &content.tensors.emplace(item.key(), std::move(tensor)).first->first;
    ranges.push_back(range);
  }
  check_ranges(std::move(ranges), data.size(), name);
  return content;
}

std::string safetensors_bytes(const Safetensors &content) {
  std::vector<const std::pair<const std::string, Tensor> *> order;
  for (const auto &item : content.tensors) {
    order.push_back(&item);
  }
  std::stable_partition(order.begin(), order.end(), [](const auto *item) { return item->second.type == TensorType::float64; });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!content.metadata.empty()) {
    header[kMetadata] = content.metadata;
  }
  std::string data;
  for (const auto *item : order) {
    const auto &[name, tensor] = *item;
    if (name == kMetadata || count(tensor.shape) != std::optional<std::uint64_t>(tensor.values.size())) {
      throw InvariantError("tensor '" + name + "' to be written has " + std::to_string(tensor.values.size()) +
                           " values, which disagrees with its shape, or a reserved name");
    }
    const std::size_t begin = data.size();
    const std::size_t size = bytes_of(tensor.type);
    data.resize(begin + tensor.values.size() * size);
    char *at = data.data() + begin;
    for (const double value : tensor.values) {
      if (tensor.type == TensorType::float64) {
        std::memcpy(at, &value, size);
      } else {
        if (std::isfinite(value) && std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
          throw InvariantError("tensor '" + name + "' to be written holds " + std::to_string(value) + ", too large for F32");
        }
        const float narrow = static_cast<float>(value);
        std::memcpy(at, &narrow, size);
      }
      at += size;
    }
    header[name] = {{"dtype", tensor.type == TensorType::float32 ? "F32" : "F64"},
                    {"shape", tensor.shape},
                    {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  std::string bytes(kLengthBytes, '\0');
  std::memcpy(bytes.data(), &length, kLengthBytes);
  return bytes + text + data;
}

void write_safetensors(const std::filesystem::path &file, const Safetensors &content) {
  write_file_atomically(file, safetensors_bytes(content));
}

} // namespace zener
