#include "host/neutral/h5.hpp"

#include "tests/neutral/support.hpp"

#include <cstring>
#include <limits>

namespace zener {
namespace {

using test::expect_error;
using test::TemporaryFolder;

template <class T> void round_trip(const std::filesystem::path &file, const std::vector<T> &values) {
  {
    H5File h5 = H5File::create(file);
    h5.write("/deep/down/values", values, {2, values.size() / 2});
    h5.close();
  }
  const H5File h5 = H5File::open(file);
  const auto back = h5.read<T>("/deep/down/values");
  ASSERT_EQ(back.size(), values.size());
  EXPECT_EQ(std::memcmp(back.data(), values.data(), values.size() * sizeof(T)), 0);
  EXPECT_EQ(h5.shape("/deep/down/values"), (H5File::Shape{2, values.size() / 2}));
}

TEST(H5, numbers_come_back_bit_for_bit) {
  const TemporaryFolder folder;
  using Limits = std::numeric_limits<double>;
  round_trip<double>(folder / "f", {0.1, -0.0, Limits::denorm_min(), Limits::max(), Limits::quiet_NaN(), -Limits::infinity()});
  round_trip<float>(folder / "f", {0.1F, -0.0F, 1e-45F, 3e38F});
  round_trip<std::int32_t>(folder / "f", {-1, std::numeric_limits<std::int32_t>::min()});
  round_trip<std::int64_t>(folder / "f", {-1, std::numeric_limits<std::int64_t>::min()});
  round_trip<std::uint8_t>(folder / "f", {0, 255});
  round_trip<std::uint32_t>(folder / "f", {0, 4294967295U});
  round_trip<std::uint64_t>(folder / "f", {0, ~std::uint64_t{0}});
}

TEST(H5, scalars_empty_arrays_and_strings) {
  const TemporaryFolder folder;
  const std::vector<std::string> names = {"Nb", "", "µm", std::string(100000, 'x')};
  {
    H5File h5 = H5File::create(folder / "f");
    h5.write<double>("/one", std::vector<double>{2.5}, {});
    h5.write<std::int32_t>("/none", std::vector<std::int32_t>{}, {0, 5});
    h5.write_strings("/names", names, {2, 2});
    h5.write_strings("/no_names", {}, {0});
    h5.close();
    h5.close();
  }
  const H5File h5 = H5File::open(folder / "f");
  EXPECT_EQ(h5.read<double>("/one"), std::vector<double>{2.5});
  EXPECT_TRUE(h5.shape("/one").empty());
  EXPECT_TRUE(h5.read<std::int32_t>("/none").empty());
  EXPECT_EQ(h5.shape("/none"), (H5File::Shape{0, 5}));
  EXPECT_EQ(h5.read_strings("/names"), names);
  EXPECT_TRUE(h5.read_strings("/no_names").empty());
}

TEST(H5, attributes) {
  const TemporaryFolder folder;
  const std::string preset(300000, 'p'); // longer than the 64 kB of compact attributes
  {
    H5File h5 = H5File::create(folder / "f");
    h5.make_group("/g/h");
    h5.write<double>("/x", std::vector<double>{1.0}, {1});
    h5.write_attribute("/", "preset", preset);
    h5.write_attribute("/x", "units", std::string("s"));
    h5.write_attribute("/x", "units", std::string("eV"));
    h5.write_attribute("/g/h", "value", 0.1);
    h5.write_attribute("/g", "count", std::int64_t{-7});
    h5.write_attribute("/g", "elements", std::vector<std::string>{"Nb", "Mo"});
    h5.write_attribute("/g", "nothing", std::vector<std::string>{});
    h5.close();
  }
  const H5File h5 = H5File::open(folder / "f");
  EXPECT_EQ(h5.read_string_attribute("/", "preset"), preset);
  EXPECT_EQ(h5.read_string_attribute("/x", "units"), "eV");
  EXPECT_EQ(h5.read_double_attribute("/g/h", "value"), 0.1);
  EXPECT_EQ(h5.read_int64_attribute("/g", "count"), -7);
  EXPECT_EQ(h5.read_strings_attribute("/g", "elements"), (std::vector<std::string>{"Nb", "Mo"}));
  EXPECT_TRUE(h5.read_strings_attribute("/g", "nothing").empty());
  EXPECT_TRUE(h5.has_attribute("/g", "count"));
  EXPECT_FALSE(h5.has_attribute("/g", "other"));
  EXPECT_FALSE(h5.has_attribute("/no/where", "other"));
  expect_error<DataError>([&] { h5.read_double_attribute("/g", "other"); }, {"f", "other", "/g"});
  expect_error<DataError>([&] { h5.read_double_attribute("/g", "count"); }, {"count", "float64"});
  expect_error<DataError>([&] { h5.read_string_attribute("/g", "count"); }, {"count", "string"});
  expect_error<DataError>([&] { h5.read_string_attribute("/g", "elements"); }, {"elements", "one string"});
}

TEST(H5, exists) {
  const TemporaryFolder folder;
  H5File h5 = H5File::create(folder / "f");
  h5.write<double>("/a/b", std::vector<double>{1.0}, {});
  for (const char *there : {"/", "/a", "/a/b", "a/b"}) {
    EXPECT_TRUE(h5.exists(there)) << there;
  }
  for (const char *absent : {"", "/b", "/a/c", "/a/b/c", "/x/y/z"}) {
    EXPECT_FALSE(h5.exists(absent)) << absent;
  }
}

TEST(H5, errors_name_file_object_and_reason_and_leave_nothing_open) {
  const TemporaryFolder folder;
  test::put_bytes(folder / "text", "this is no HDF5 file");
  expect_error<DataError>([&] { H5File::open(folder / "missing"); }, {"missing", "No such file"});
  expect_error<DataError>([&] { H5File::open(folder.path()); }, {"not a regular file"});
  expect_error<DataError>([&] { H5File::open(folder / "text"); }, {"text", "signature"});
  expect_error<DataError>([&] { H5File::create(folder / "no/f").close(); }, {"f", "no folder"});
  {
    H5File h5 = H5File::create(folder / "f");
    h5.write<double>("/x", std::vector<double>{1.0}, {1});
    h5.write_strings("/s", {"a"}, {1});
    expect_error<DataError>([&] { h5.write<double>("/x", std::vector<double>{1.0}, {1}); }, {"f", "'/x'", "exists"});
    expect_error<DataError>([&] { h5.write<double>("/x/y", std::vector<double>{1.0}, {1}); }, {"'/x/y'"});
    expect_error<InvariantError>([&] { h5.write<double>("/y", std::vector<double>{1.0}, {2}); }, {"'/y'", "1 values"});
    expect_error<DataError>([&] { h5.write<double>("/y", std::vector<double>{}, {~0ULL, ~0ULL}); }, {"'/y'", "overflows"});
    expect_error<DataError>([&] { h5.write<double>("/y", std::vector<double>{1.0}, H5File::Shape(40, 1)); }, {"'/y'"});
    expect_error<DataError>([&] { h5.write_attribute("/none", "a", 1.0); }, {"'/none'", "'a'"});
    expect_error<DataError>([&] { h5.write_strings("/z", {std::string("a\0b", 3)}, {1}); }, {"'/z'", "value 0"});
    expect_error<DataError>([&] { h5.read<float>("/x"); }, {"'/x'", "float32"});
    expect_error<DataError>([&] { h5.read<std::uint64_t>("/x"); }, {"'/x'", "uint64"});
    expect_error<DataError>([&] { h5.read<double>("/s"); }, {"'/s'", "float64"});
    expect_error<DataError>([&] { h5.read_strings("/x"); }, {"'/x'", "string"});
    expect_error<DataError>([&] { h5.read<double>("/none"); }, {"'/none'", "doesn't exist"});
    expect_error<DataError>([&] { h5.shape("/none"); }, {"'/none'"});
    expect_error<DataError>([&] { h5.make_group("/x"); }, {"'/x'"});
    EXPECT_NO_THROW(h5.close()); // it fails when anything inside is still open
  }
  const H5File h5 = H5File::open(folder / "f");
  EXPECT_EQ(h5.read<double>("/x"), std::vector<double>{1.0});
}

TEST(H5, a_file_opened_for_reading_takes_nothing) {
  const TemporaryFolder folder;
  H5File::create(folder / "f").close();
  H5File h5 = H5File::open(folder / "f");
  expect_error<DataError>([&] { h5.write<double>("/x", std::vector<double>{1.0}, {1}); }, {"'/x'"});
}

TEST(H5, the_same_content_gives_the_same_bytes) {
  const TemporaryFolder folder;
  for (const char *name : {"a", "b"}) {
    H5File h5 = H5File::create(folder / name);
    h5.write<double>("/g/x", std::vector<double>{1.0, 2.0}, {2});
    h5.write_attribute("/g/x", "units", std::string("eV"));
    h5.close();
    if (std::string(name) == "a") {
      ::usleep(1100000); // time stamps of the format have seconds
    }
  }
  EXPECT_EQ(test::bytes_of(folder / "a"), test::bytes_of(folder / "b"));
}

TEST(H5, compressed_data_come_back) {
  const TemporaryFolder folder;
  const std::vector<H5File::Shape> shapes = {{3, 1000003}, {3000009}, {3000009, 1}, {1, 3, 1000003}};
  std::vector<std::uint8_t> values(3000009);
  std::mt19937 random(3);
  for (auto &value : values) {
    value = static_cast<std::uint8_t>(random() % 4);
  }
  for (const auto &shape : shapes) {
    H5File h5 = H5File::create(folder / "f");
    h5.write("/x", values, shape, 1);
    h5.close();
    EXPECT_LT(std::filesystem::file_size(folder / "f"), values.size() / 2);
    EXPECT_EQ(H5File::open(folder / "f").read<std::uint8_t>("/x"), values);
  }
  // Constant data reach the best ratio.
  const std::vector<std::uint8_t> zeros(5000000, 0);
  H5File h5 = H5File::create(folder / "z");
  h5.write("/x", zeros, {zeros.size()}, 9);
  h5.close();
  EXPECT_EQ(H5File::open(folder / "z").read<std::uint8_t>("/x"), zeros);
}

TEST(H5, a_user_block_is_left_alone) {
  const TemporaryFolder folder;
  {
    H5File h5 = H5File::create(folder / "f", 512);
    h5.write<double>("/x", std::vector<double>{1.5}, {1});
    h5.close();
  }
  std::string bytes = test::bytes_of(folder / "f");
  EXPECT_EQ(bytes.substr(0, 512), std::string(512, '\0'));
  bytes.replace(0, 5, "hello");
  test::put_bytes(folder / "f", bytes);
  EXPECT_EQ(H5File::open(folder / "f").read<double>("/x"), std::vector<double>{1.5});
  expect_error<DataError>([&] { H5File::create(folder / "g", 100); }, {"user block"});
}

TEST(H5, the_image_is_the_file) {
  const TemporaryFolder folder;
  for (const std::uint64_t user_block : {0U, 512U}) {
    H5File h5 = H5File::create(folder / "f", user_block);
    h5.write("/x", std::vector<double>(300000, 1.5), {300000});
    const std::span<char> image = h5.image();
    const std::string bytes(image.begin(), image.end());
    EXPECT_LT(bytes.size(), 2403000U); // nothing of the memory beyond the file
    h5.close();
    EXPECT_EQ(test::bytes_of(folder / "f"), bytes);
    expect_error<InvariantError>([&] { h5.image(); }, {"being written"});
    H5File again = H5File::open(folder / "f");
    expect_error<InvariantError>([&] { again.image(); }, {"being written"});
  }
}

TEST(H5, what_is_not_closed_does_not_reach_the_disk) {
  const TemporaryFolder folder;
  test::put_bytes(folder / "f", "old");
  {
    H5File h5 = H5File::create(folder / "f");
    h5.write<double>("/x", std::vector<double>{1.5}, {1});
  }
  EXPECT_EQ(test::bytes_of(folder / "f"), "old");
  {
    H5File h5 = H5File::create(folder / "f");
    h5.close(folder / "f.previous");
  }
  EXPECT_EQ(test::bytes_of(folder / "f.previous"), "old");
}

TEST(H5, a_full_disk_is_an_error_and_the_library_goes_on) {
  const TemporaryFolder folder;
  const test::SmallDisk disk(folder / "disk", "64k");
  if (!disk.mounted()) {
    GTEST_SKIP() << "a small file system cannot be mounted here";
  }
  expect_error<DataError>(
      [&] {
        H5File h5 = H5File::create(disk / "f");
        h5.write("/x", std::vector<double>(100000, 1.0), {100000});
        h5.close();
      },
      {"f", "No space left on device"});
  EXPECT_TRUE(std::filesystem::is_empty(folder / "disk"));
  round_trip<double>(folder / "f", {1.0, 2.0});
}

} // namespace
} // namespace zener
