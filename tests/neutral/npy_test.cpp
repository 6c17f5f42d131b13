#include "host/neutral/npy.hpp"

#include "tests/neutral/support.hpp"
#include "tests/support/npy_files.hpp"

#include <cmath>
#include <cstring>
#include <limits>

namespace zener {
namespace {

using test::expect_error;
using test::npy_bytes;

template <class T> std::string bytes_of_values(const std::vector<T> &values) {
  std::string out(values.size() * sizeof(T), '\0');
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

template <class T> void expect_read(const std::string &type, const std::vector<T> &values) {
  for (const int version : {1, 2, 3}) {
    const NpyArray array =
        parse_npy(npy_bytes(type, "(" + std::to_string(values.size()) + ",)", bytes_of_values(values), version), "a");
    ASSERT_EQ(array.shape(), (std::vector<std::uint64_t>{values.size()})) << type;
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(array[i], static_cast<double>(values[i])) << type;
    }
  }
}

TEST(Npy, ReadsEveryTypeAndVersion) {
  expect_read<std::int8_t>("|i1", {-128, 0, 127});
  expect_read<std::uint8_t>("|u1", {0, 200, 255});
  expect_read<std::uint8_t>("|b1", {0, 1});
  expect_read<std::int16_t>("<i2", {-32768, 32767});
  expect_read<std::uint16_t>("<u2", {65535});
  expect_read<std::int32_t>("<i4", {std::numeric_limits<std::int32_t>::min(), 7});
  expect_read<std::uint32_t>("<u4", {4294967295U});
  expect_read<std::int64_t>("<i8", {-(std::int64_t{1} << 52), 3});
  expect_read<std::uint64_t>("<u8", {std::uint64_t{1} << 53});
  expect_read<float>("<f4", {1.5F, -0.25F});
  expect_read<double>("<f8", {1.1, -1e300});
}

TEST(Npy, ReadsShapes) {
  const std::string data = bytes_of_values<std::uint8_t>({1, 2, 3, 4, 5, 6});
  const NpyArray matrix = parse_npy(npy_bytes("|u1", "(2, 3)", data), "a");
  EXPECT_EQ(matrix.shape(), (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(matrix[5], 6.0);
  EXPECT_EQ(parse_npy(npy_bytes("|u1", "()", "\x07"), "a").size(), 1U);
  EXPECT_EQ(parse_npy(npy_bytes("|u1", "(0, 9)", ""), "a").size(), 0U);
}

TEST(Npy, RefusesWhatItCannotRead) {
  const std::string six(6, '\1');
  const auto refused = [](const std::string &bytes, std::initializer_list<std::string> words) {
    expect_error<DataError>([&] { parse_npy(bytes, "data/3.npy"); }, words);
  };
  refused("", {"data/3.npy", "is not a .npy"});
  refused("PK\3\4 a zip with arrays in it", {"is not a .npy"});
  std::string version = npy_bytes("|u1", "(6,)", six);
  version[6] = 4;
  refused(version, {"version 4"});
  refused(npy_bytes("|u1", "(6,)", six).substr(0, 40), {"header", "truncated"});
  refused(npy_bytes("|u1", "(6,)", six).substr(0, 11), {"header", "truncated"});
  refused(npy_bytes("|u1", "(6,)", six + "x"), {"holds 7 bytes", "needs 6"});
  refused(npy_bytes("|u1", "(6,)", six.substr(1)), {"holds 5 bytes", "needs 6"});
  refused(npy_bytes("<i8", "(6,)", six), {"needs 48"});
  refused(npy_bytes("<u1", "(4294967296, 4294967296, 4294967296)", six), {"more than"});
  refused(npy_bytes("<u1", "(99999999999999999999,)", six), {"shape that cannot be read"});
  refused(npy_bytes("<u1", "(-6,)", six), {"shape that cannot be read"});
  for (const char *type : {">i8", "<f2", "<c8", "|O", "|S6", "<U6", "<i3", "=i4x", ""}) {
    refused(npy_bytes(type, "(6,)", six), {"of the type", "<f8"});
  }
  refused(npy_bytes("|u1", "(2, 3)", six, 1, "True"), {"Fortran order"});
  refused(npy_bytes("|u1", "(2, 3)", six, 1, "Maybe"), {"True or False"});
  std::string structured = npy_bytes("|u1", "(6,)", six);
  structured.replace(structured.find("'|u1'"), 5, "[1,2]");
  refused(structured, {"structured"});
}

TEST(Npy, DamageNeverCrashes) {
  const std::string good = npy_bytes("<f4", "(2, 3)", std::string(24, '\1'));
  std::mt19937 random(3);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    try {
      const NpyArray array = parse_npy(test::damaged(good, random), "a");
      for (std::uint64_t k = 0; k < array.size(); ++k) {
        static_cast<void>(array[k]);
      }
    } catch (const DataError &) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

} // namespace
} // namespace zener
