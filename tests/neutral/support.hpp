// What the tests of files share: a folder that goes away, data that may be there, errors that must name things.
#pragma once

#include "host/neutral/errors.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <random>
#include <string>
#include <utility>

#include <sys/mount.h>
#include <unistd.h>

namespace zener::test {

class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "zener_test_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data()) == nullptr ? std::filesystem::path() : std::filesystem::path(pattern);
    EXPECT_FALSE(path_.empty()) << "no temporary folder";
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  std::filesystem::path operator/(const std::string &name) const { return path_ / name; }
  const std::filesystem::path &path() const { return path_; }

private:
  std::filesystem::path path_;
};

// A file system of a given size in a new folder, where mounting is permitted.
class SmallDisk {
public:
  SmallDisk(std::filesystem::path path, const std::string &size) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  }
  // No file on it may still be open.
  ~SmallDisk() {
    if (mounted_ && ::umount(path_.c_str()) != 0) {
      ADD_FAILURE() << "a file is still open";
      ::umount2(path_.c_str(), MNT_DETACH);
    }
  }
  SmallDisk(const SmallDisk &) = delete;
  SmallDisk &operator=(const SmallDisk &) = delete;

  bool mounted() const { return mounted_; }
  std::filesystem::path operator/(const std::string &name) const { return path_ / name; }

private:
  std::filesystem::path path_;
  bool mounted_ = false;
};

inline std::string bytes_of(const std::filesystem::path &file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void put_bytes(const std::filesystem::path &file, const std::string &bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// A file of the data that does not travel with the repository, or an empty path.
inline std::filesystem::path shared_file(const std::string &name) {
  const char *folder = std::getenv("ZENER_SHARED");
  const auto root =
      folder != nullptr
          ? std::filesystem::path(folder)
          : std::filesystem::absolute(__FILE__).parent_path().parent_path().parent_path().parent_path() / "shared";
  return std::filesystem::is_regular_file(root / name) ? root / name : std::filesystem::path();
}

// f() must throw an Error of this kind whose message holds all the words.
template <class Kind, class F> void expect_error(F f, std::initializer_list<std::string> words) {
  try {
    f();
    ADD_FAILURE() << "no error, expected one with '" << *words.begin() << "'";
  } catch (const Kind &error) {
    for (const std::string &word : words) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << "'" << word << "' is missing in: " << error.what();
    }
  } catch (const std::exception &error) {
    ADD_FAILURE() << "another kind of error: " << error.what();
  }
}

// Changes 1 to 4 bytes, some of them by one bit.
inline std::string damaged(std::string bytes, std::mt19937 &random) {
  const unsigned changes = 1 + random() % 4;
  for (unsigned i = 0; i < changes; ++i) {
    char &byte = bytes[random() % bytes.size()];
    byte = static_cast<char>(random() % 2 == 0 ? byte ^ static_cast<char>(1U << (random() % 8)) : static_cast<char>(random()));
  }
  return bytes;
}

} // namespace zener::test
