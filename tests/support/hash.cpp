#include "tests/support/hash.hpp"

namespace zener::testing_support {

void Fnv1a::add(const void *data, std::size_t bytes) {
  const auto *byte = static_cast<const unsigned char *>(data);
  for (std::size_t i = 0; i < bytes; ++i) {
    value_ = (value_ ^ byte[i]) * 0x100000001b3u;
  }
}

} // namespace zener::testing_support
