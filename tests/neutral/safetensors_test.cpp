#include "host/neutral/safetensors.hpp"

#include "host/neutral/data_json.hpp"
#include "tests/neutral/support.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstring>
#include <limits>

namespace zener {
namespace {

using test::expect_error;

std::string file_of(const std::string &header, std::size_t data) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data, '\0');
}

Safetensors sample() {
  Safetensors content;
  content.metadata = {{"note", "µ \"quoted\" \\ line\nbreak"}, {"units", "eV"}};
  content.tensors["a"] = {TensorType::float32, {2, 3}, {0.5, -1.25, 3.0, 0.0, 1e-40F, 3e38F}};
  content.tensors["b"] = {TensorType::float64, {}, {0.1}};
  content.tensors["c"] = {TensorType::float64, {0, 7}, {}};
  content.tensors["d"] = {TensorType::float32, {1}, {std::numeric_limits<double>::infinity()}};
  return content;
}

void expect_same(const Safetensors &a, const Safetensors &b) {
  EXPECT_EQ(a.metadata, b.metadata);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto &[name, tensor] : a.tensors) {
    const auto found = b.tensors.find(name);
    ASSERT_NE(found, b.tensors.end()) << name;
    EXPECT_EQ(tensor.type, found->second.type);
    EXPECT_EQ(tensor.shape, found->second.shape);
    EXPECT_EQ(tensor.values, found->second.values);
  }
}

TEST(Safetensors, what_is_written_is_read) {
  const test::TemporaryFolder folder;
  write_safetensors(folder / "x.safetensors", sample());
  expect_same(read_safetensors(folder / "x.safetensors"), sample());
  const std::string bytes = safetensors_bytes(sample());
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  EXPECT_EQ(header % 8, 0U);
}

TEST(Safetensors, an_empty_file_of_tensors) {
  EXPECT_TRUE(parse_safetensors(file_of("{}", 0), "x").tensors.empty());
  expect_same(parse_safetensors(safetensors_bytes({}), "x"), {});
}

TEST(Safetensors, damage_is_named) {
  const auto refused = [](const std::string &bytes, std::initializer_list<std::string> words) {
    expect_error<DataError>([&] { parse_safetensors(bytes, "some.file"); }, words);
  };
  const auto tensor = [](const std::string &type, const std::string &shape, const std::string &offsets) {
    return R"({"t":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  refused("", {"some.file", "0 bytes"});
  refused("1234567", {"7 bytes"});
  refused(std::string(8, '\xff'), {"18446744073709551615", "safetensors file?"});
  refused(file_of("{}", 0).replace(0, 8, std::string("\x00\xe1\xf5\x05\x00\x00\x00\x00", 8)), {"100000000", "truncated"});
  refused(file_of("{}", 0).replace(0, 8, std::string("\x01\xe1\xf5\x05\x00\x00\x00\x00", 8)), {"100000001", "at most"});
  refused(file_of("", 4), {"'{'"});
  refused(file_of("[]", 0), {"'{'"});
  refused(file_of("{", 0), {"not valid JSON"});
  refused(file_of("{} {}", 0), {"not valid JSON"});
  refused(file_of("{\"t\":1}", 0), {"'t'", "1"});
  refused(file_of("{\"\xff\":1}", 0), {"not valid JSON"});
  refused(file_of(R"({"__metadata__":3})", 0), {"__metadata__"});
  refused(file_of(R"({"__metadata__":{"a":3}})", 0), {"'a'", "string"});
  refused(file_of(R"({"t":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"t":{}})", 4), {"\"t\"", "twice"});
  refused(file_of(tensor("BF16", "[1]", "[0,2]"), 2), {"'t'", "BF16"});
  refused(file_of(R"({"t":{"shape":[],"data_offsets":[0,4]}})", 4), {"'t'", "none"});
  refused(file_of(R"({"t":{"dtype":"F32","data_offsets":[0,4]}})", 4), {"'t'", "shape"});
  refused(file_of(R"({"t":{"dtype":"F32","shape":[]}})", 4), {"'t'", "data_offsets"});
  refused(file_of(R"({"t":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":1}})", 4), {"'t'", "'x'"});
  refused(file_of(tensor("F32", "[-1]", "[0,4]"), 4), {"shape", "-1"});
  refused(file_of(tensor("F32", "[1.0]", "[0,4]"), 4), {"shape", "1.0"});
  refused(file_of(tensor("F32", "[1e400]", "[0,4]"), 4), {"not valid JSON"});
  refused(file_of(tensor("F32", "[18446744073709551616]", "[0,4]"), 4), {"shape"});
  refused(file_of(tensor("F32", "{}", "[0,4]"), 4), {"shape"});
  refused(file_of(tensor("F32", "[1]", "[0]"), 4), {"data_offsets", "1"});
  refused(file_of(tensor("F32", "[1]", "[4,0]"), 4), {"[4, 0)"});
  refused(file_of(tensor("F32", "[2]", "[0,8]"), 4), {"[0, 8)", "4 bytes"});
  refused(file_of(tensor("F32", "[1]", "[18446744073709551612,18446744073709551615]"), 4), {"18446744073709551612"});
  refused(file_of(tensor("F32", "[2]", "[0,4]"), 4), {"[2]", "[0, 4)"});
  refused(file_of(tensor("F64", "[1]", "[0,7]"), 7), {"[0, 7)"});
  refused(file_of(tensor("F32", "[4294967296,4294967296]", "[0,0]"), 0), {"overflows"});
  refused(file_of(tensor("F32", "[4611686018427387905]", "[0,4]"), 4), {"[0, 4)"});
  refused(file_of(tensor("F32", "[1]", "[0,4]"), 5), {"at the end"});
  refused(file_of(tensor("F32", "[1]", "[4,8]"), 8), {"no tensor"});
  refused(
      file_of(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"u":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
              8),
      {"overlap"});
  refused(
      file_of(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"u":{"dtype":"F64","shape":[1],"data_offsets":[4,12]}})",
              12),
      {"'u'", "multiple"});
  refused(file_of("{\"t\":" + std::string(100000, '[') + std::string(100000, ']') + "}", 0), {"deeper"});
}

TEST(Safetensors, values_that_cannot_be_written_are_our_fault) {
  Safetensors content;
  content.tensors["t"] = {TensorType::float32, {1}, {1e39}};
  expect_error<InvariantError>([&] { safetensors_bytes(content); }, {"'t'"});
  content.tensors["t"] = {TensorType::float64, {2}, {1.0}};
  expect_error<InvariantError>([&] { safetensors_bytes(content); }, {"'t'"});
}

TEST(Safetensors, every_truncation_is_refused) {
  const std::string bytes = safetensors_bytes(sample());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_THROW(parse_safetensors(bytes.substr(0, n), "x"), DataError) << n;
  }
}

TEST(Safetensors, random_damage_never_crashes) {
  const std::string bytes = safetensors_bytes(sample());
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    try {
      const Safetensors content = parse_safetensors(test::damaged(bytes, random), "x");
      for (const auto &item : content.tensors) {
        EXPECT_LE(item.second.values.size() * 4, bytes.size());
      }
    } catch (const DataError &) {
      continue; // refused
    }
  }
}

TEST(DataJson, ordered_objects_have_a_limit) {
  std::string text = "{\"k\":0";
  for (int i = 0; i < 1000; ++i) {
    text += ",\"" + std::to_string(i) + "\":0";
  }
  expect_error<DataError>([&] { parse_data_json<nlohmann::ordered_json>(text + "}", "x"); }, {"x", "1000"});
  EXPECT_EQ(parse_data_json<nlohmann::json>(text + "}", "x").size(), 1001U);
}

} // namespace
} // namespace zener
