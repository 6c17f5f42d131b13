// Files of numpy, as numpy writes them.
#pragma once

#include <cstdint>
#include <string>

namespace zener::test {

inline std::string npy_bytes(const std::string &type, const std::string &shape, const std::string &data, int version = 1,
                             const std::string &fortran = "False") {
  std::string header = "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
  const std::size_t before = version == 1 ? 10 : 12;
  header.append(63 - (before + header.size()) % 64, ' ');
  header += '\n';
  std::string out = "\x93NUMPY";
  out += static_cast<char>(version);
  out += '\0';
  for (std::size_t i = 0; i < before - 8; ++i) {
    out += static_cast<char>(header.size() >> (8 * i) & 0xff);
  }
  return out + header + data;
}

} // namespace zener::test
