// The safetensors format: 8 bytes of header length (little endian), a JSON header, raw little-endian numbers.
// Source: https://github.com/huggingface/safetensors (README, "Format").
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zener {

enum class TensorType { float32, float64 };

struct Tensor {
  TensorType type = TensorType::float64; // as stored; values are widened exactly
  std::vector<std::uint64_t> shape;      // empty: one number
  std::vector<double> values;            // row major
};

struct Safetensors {
  std::map<std::string, std::string> metadata; // `__metadata__`
  std::map<std::string, Tensor> tensors;
};

// Reads a file, or bytes that came from `name`. The data must fill the file without holes or overlap. Throws DataError that
// names the file and the tensor: truncated, malformed header, types other than F32 and F64, shapes that disagree with the
// offsets, offsets out of range, overlapping or not a multiple of the type's size.
Safetensors read_safetensors(const std::filesystem::path &file);
Safetensors parse_safetensors(std::string_view bytes, const std::string &name);

// The bytes of a file: float64 tensors first, then by name, header padded to 8 bytes. Throws InvariantError when the number of
// values disagrees with a shape or a finite value exceeds float32.
std::string safetensors_bytes(const Safetensors &content);

// Writes atomically. Throws DataError when the disk refuses.
void write_safetensors(const std::filesystem::path &file, const Safetensors &content);

} // namespace zener
