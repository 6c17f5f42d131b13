// The entry of libFuzzer for the reader named by ZENER_FUZZ_READER; run.sh builds one program for each.
#include "tests/fuzz/readers.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const zener::test::FuzzedReader *const reader = [] {
    for (const zener::test::FuzzedReader &known : zener::test::kFuzzedReaders) {
      if (std::string_view(known.name) == ZENER_FUZZ_READER) {
        return &known;
      }
    }
    std::abort();
  }();
  zener::test::read_fuzzed(*reader, {reinterpret_cast<const char *>(data), size});
  return 0;
}
