// The fuzzers' corpora, as they are and damaged, through the readers: an error of the data at worst.
#include "tests/fuzz/readers.hpp"
#include "tests/neutral/support.hpp"

#include <random>

namespace zener {
namespace {

TEST(FuzzCorpus, readers_survive) {
  const std::filesystem::path corpus = std::filesystem::path(ZENER_SOURCE_DIR) / "tests/fuzz/corpus";
  if (!std::filesystem::is_directory(corpus)) {
    GTEST_SKIP() << "no source tree";
  }
  std::mt19937 random(17);
  for (const test::FuzzedReader &reader : test::kFuzzedReaders) {
    int files = 0;
    for (const auto &entry : std::filesystem::directory_iterator(corpus / reader.name)) {
      const std::string bytes = test::bytes_of(entry.path());
      ++files;
      EXPECT_NO_THROW(test::read_fuzzed(reader, bytes)) << entry.path();
      for (int i = 0; i < 40 && !bytes.empty(); ++i) {
        const std::string changed = i % 4 == 0 ? bytes.substr(0, random() % bytes.size()) : test::damaged(bytes, random);
        EXPECT_NO_THROW(test::read_fuzzed(reader, changed)) << entry.path() << ", damaged " << i;
      }
    }
    EXPECT_GT(files, 0) << reader.name;
  }
}

} // namespace
} // namespace zener
