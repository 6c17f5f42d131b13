// The entry of libFuzzer for the reader that the environment names as ZENER_FUZZ_READER.
#include "tests/fuzz/readers.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const zener::test::FuzzedReader *const reader = [] {
    const char *name = std::getenv("ZENER_FUZZ_READER");
    for (const zener::test::FuzzedReader &known : zener::test::kFuzzedReaders) {
      if (name != nullptr && std::string_view(known.name) == name) {
        return &known;
      }
    }
    std::abort();
  }();
  zener::test::read_fuzzed(*reader, {reinterpret_cast<const char *>(data), size});
  return 0;
}
