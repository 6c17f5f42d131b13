#include "host/neutral/files.hpp"

#include "tests/neutral/support.hpp"

#include <csignal>
#include <string>

#include <sys/resource.h>
#include <sys/stat.h>

namespace zener {
namespace {

using test::bytes_of;
using test::expect_error;
using test::put_bytes;
using test::TemporaryFolder;

TEST(Files, reads_what_was_written) {
  const TemporaryFolder folder;
  const std::string content = std::string("a\0b\n", 4) + std::string(200000, 'x');
  write_file_atomically(folder / "f", content);
  EXPECT_EQ(read_file(folder / "f"), content);
  write_file_atomically(folder / "f", "");
  EXPECT_EQ(read_file(folder / "f"), "");
  EXPECT_FALSE(std::filesystem::exists(folder / "f.partial"));
}

TEST(Files, reading_names_what_is_wrong) {
  const TemporaryFolder folder;
  expect_error<DataError>([&] { read_file(folder / "missing"); }, {"missing", "No such file"});
  expect_error<DataError>([&] { read_file(folder.path()); }, {folder.path().string(), "directory"});
  expect_error<DataError>([&] { read_file("/dev/zero"); }, {"/dev/zero", "device"});
  put_bytes(folder / "long", "12345");
  expect_error<DataError>([&] { read_file(folder / "long", 4); }, {"long", "4 bytes"});
  EXPECT_EQ(read_file(folder / "long", 5), "12345");
  if (::geteuid() != 0) {
    ::chmod((folder / "long").c_str(), 0);
    expect_error<DataError>([&] { read_file(folder / "long"); }, {"long", "Permission denied"});
  }
}

TEST(Files, an_abandoned_file_leaves_the_old_one) {
  const TemporaryFolder folder;
  put_bytes(folder / "f", "old");
  {
    const AtomicFile out(folder / "f");
    put_bytes(out.partial(), "half");
  }
  EXPECT_EQ(bytes_of(folder / "f"), "old");
  EXPECT_FALSE(std::filesystem::exists(folder / "f.partial"));
}

TEST(Files, the_previous_file_is_kept_when_asked) {
  const TemporaryFolder folder;
  for (const char *content : {"1", "2", "3"}) {
    AtomicFile out(folder / "f");
    put_bytes(out.partial(), content);
    out.commit(folder / "f.previous");
  }
  EXPECT_EQ(bytes_of(folder / "f"), "3");
  EXPECT_EQ(bytes_of(folder / "f.previous"), "2");
}

TEST(Files, a_commit_without_a_file_changes_nothing) {
  const TemporaryFolder folder;
  put_bytes(folder / "f", "old");
  AtomicFile out(folder / "f");
  expect_error<DataError>([&] { out.commit(folder / "f.previous"); }, {"f.partial", "No such file"});
  EXPECT_EQ(bytes_of(folder / "f"), "old");
  EXPECT_FALSE(std::filesystem::exists(folder / "f.previous"));
}

TEST(Files, targets_that_cannot_be_replaced_are_refused) {
  const TemporaryFolder folder;
  expect_error<DataError>([&] { write_file_atomically(folder.path(), "x"); }, {"not a regular file"});
  expect_error<DataError>([&] { write_file_atomically("/dev/full", "x"); }, {"/dev/full", "not a regular file"});
  expect_error<DataError>([&] { write_file_atomically(folder / "no/f", "x"); }, {"f", "no folder"});
}

// A limit on the size of files acts like a full disk and needs no rights.
TEST(Files, a_disk_that_takes_no_more_leaves_the_old_file) {
  const TemporaryFolder folder;
  put_bytes(folder / "f", "old");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  expect_error<DataError>([&] { write_file_atomically(folder / "f", std::string(10000, 'x')); }, {"f.partial", "cannot write"});
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(bytes_of(folder / "f"), "old");
  EXPECT_FALSE(std::filesystem::exists(folder / "f.partial"));
}

TEST(Files, a_full_disk_leaves_the_old_file) {
  const TemporaryFolder folder;
  const test::SmallDisk disk(folder / "disk", "64k");
  if (!disk.mounted()) {
    GTEST_SKIP() << "a small file system cannot be mounted here";
  }
  put_bytes(disk / "f", "old");
  expect_error<DataError>([&] { write_file_atomically(disk / "f", std::string(100000, 'x')); },
                          {"f.partial", "No space left on device"});
  EXPECT_EQ(bytes_of(disk / "f"), "old");
  EXPECT_FALSE(std::filesystem::exists(disk / "f.partial"));
}

} // namespace
} // namespace zener
