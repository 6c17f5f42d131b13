// Arrays in numpy's files (.npy, versions 1 to 3; NEP 1): little-endian integers or floats of 1 to 8 bytes in C order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace zener {

class NpyArray {
public:
  const std::vector<std::uint64_t> &shape() const { return shape_; }
  std::uint64_t size() const { return size_; }
  // An element, row major. Integers beyond 2^53 are rounded.
  double operator[](std::uint64_t i) const;

private:
  friend NpyArray parse_npy(std::string bytes, const std::string &name);
  enum class Kind : std::uint8_t { boolean, integer, natural, real };
  std::vector<std::uint64_t> shape_;
  std::uint64_t size_ = 0;
  Kind kind_ = Kind::integer;
  unsigned width_ = 1;
  std::size_t begin_ = 0; // of the data in bytes_
  std::string bytes_;
};

// Throws DataError that names the file and what is wrong: no .npy, an unknown version, a malformed or too long header, another
// byte order or type, Fortran order, data that are shorter or longer than the shape says.
NpyArray read_npy(const std::filesystem::path &file);
NpyArray parse_npy(std::string bytes, const std::string &name);

} // namespace zener
