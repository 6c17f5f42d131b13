// Documents as users write them: places of errors, duplicates, limits, edits, and the small helpers for messages.
#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace zener {
namespace {

using nlohmann::json;

template <typename Thrown, typename Body> std::string message_of(Body &&body) {
  try {
    body();
  } catch (const Thrown &error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

std::string parse_message(const std::string &text) {
  return message_of<ConfigError>([&] { parse_json(text, "p.json", JsonUse::preset); });
}

TEST(Text, DistanceCountsSwapsAndIgnoresCase) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("temperature", "temperatures"), 1U);
  EXPECT_EQ(edit_distance("hpos", "hops"), 1U);
  EXPECT_EQ(edit_distance("SEED", "seed"), 0U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Text, NearestTakesWhatIsCloseAndNothingElse) {
  const std::vector<std::string> keys{"temperatures_K", "replicas"};
  EXPECT_EQ(nearest("temperature_K", keys).value_or(""), "temperatures_K");
  EXPECT_EQ(nearest("temp", keys).value_or(""), "temperatures_K");
  EXPECT_EQ(nearest("replica", keys).value_or(""), "replicas");
  EXPECT_EQ(nearest("nb", {"Ta", "Nb"}).value_or(""), "Nb");
  EXPECT_FALSE(nearest("Va", {"Ta", "Nb"}).has_value());
  EXPECT_FALSE(nearest("banana", keys).has_value());
  EXPECT_FALSE(nearest("", keys).has_value());
}

TEST(Text, NumbersAndDurationsInWords) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(20000000), "20,000,000");
  EXPECT_EQ(si_text(999.4), "999");
  EXPECT_EQ(si_text(1234567.0), "1.23 M");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(200.0), "3 min 20 s");
  EXPECT_EQ(duration_text(7500.0), "2 h 05 min");
  EXPECT_EQ(duration_text(-1.0), "unknown");
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(in_quotes("a\x01\xff"), "\"a??\"");
  EXPECT_TRUE(is_utf8("Å…"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80")); // a surrogate
  EXPECT_EQ(printable("ÅÅÅ", 4), "ÅÅ…");
}

TEST(JsonDocument, CommentsAndWholeNumbers) {
  const json met = parse_json("/* a */ {\"hops\": 2e7, // b\n \"x\": -3.0, \"y\": 0.5}", "p.json", JsonUse::preset);
  EXPECT_TRUE(met["hops"].is_number_unsigned());
  EXPECT_EQ(met["hops"], 20000000);
  EXPECT_TRUE(met["x"].is_number_integer());
  EXPECT_TRUE(met["y"].is_number_float());
}

TEST(JsonDocument, SyntaxErrorsSayFileLineAndColumn) {
  EXPECT_EQ(parse_message("{\n  \"a\": 1,\n  \"b\" 2\n}").substr(0, 12), "p.json:3:7: ");
  EXPECT_EQ(parse_message("").substr(0, 12), "p.json:1:1: ");
  EXPECT_NE(parse_message("{\"a\": 1e999}").find("p.json:1:"), std::string::npos);
  EXPECT_NE(parse_message("{} {}").find("p.json:1:4: "), std::string::npos);
  EXPECT_NE(parse_message("{\"a\": nan}").find("p.json:1:"), std::string::npos);
  EXPECT_NE(parse_message("{\"a\": \"\xff\"}").find("p.json:1:"), std::string::npos);
  EXPECT_NE(parse_message("{\"a\": [1, 2").find("p.json:1:"), std::string::npos);
  EXPECT_NE(parse_message("{ /* open").find("p.json:1:"), std::string::npos);
}

TEST(JsonDocument, DuplicateKeysAreRefusedAtTheirPlace) {
  const std::string message = parse_message("{\n \"seed\": 1,\n \"seed\": 2}");
  EXPECT_EQ(message.substr(0, 9), "p.json:3:");
  EXPECT_NE(message.find("duplicate key \"seed\""), std::string::npos);
  // The same name in another object is another key.
  EXPECT_NO_THROW(parse_json("[{\"a\":1},{\"a\":{\"a\":1}}]", "p.json", JsonUse::preset));
}

TEST(JsonDocument, DeepNestingIsRefused) {
  EXPECT_NE(parse_message(std::string(100000, '[')).find("nested more than 64"), std::string::npos);
}

TEST(JsonDocument, FilesThatCannotBeReadAreTheUsersFiles) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "zener_json_document";
  std::filesystem::create_directories(folder);
  EXPECT_NE(message_of<DataError>([&] { load_json(folder / "none.json", JsonUse::preset); }).find("No such file"),
            std::string::npos);
  EXPECT_NE(message_of<DataError>([&] { load_json(folder, JsonUse::preset); }).find("directory"), std::string::npos);
  const auto large = folder / "large.json";
  std::ofstream(large) << std::string((std::size_t{1} << 20) + 1, ' ');
  EXPECT_NE(message_of<DataError>([&] { load_json(large, JsonUse::preset); }).find("longer than"), std::string::npos);
  const auto faulty = folder / "faulty.json";
  std::ofstream(faulty) << "{";
  EXPECT_THROW(load_json(faulty, JsonUse::preset), ConfigError);
  EXPECT_THROW(load_json(faulty, JsonUse::data), DataError);
  std::filesystem::remove_all(folder);
}

TEST(JsonDocument, EditsSetValuesByPath) {
  json document = parse_json(R"({"walkers": {"replicas": 1}, "lattice": {"cells": [8, 8, 8]}})", "p.json", JsonUse::preset);
  apply_edit(document, "walkers.temperatures_K=[400, 800]");
  apply_edit(document, "lattice.cells.0=6");
  apply_edit(document, "title=a b=c");
  apply_edit(document, "hops=2e7");
  apply_edit(document, "observe.sample.every_hops=10");
  apply_edit(document, "output.plots=false");
  apply_edit(document, "lattice.cells.3=9");
  apply_edit(document, "seed=");
  apply_edit(document, "x=1e999");
  const json expected =
      json::parse(R"({"walkers": {"replicas": 1, "temperatures_K": [400, 800]}, "lattice": {"cells": [6, 8, 8, 9]},
    "title": "a b=c", "hops": 20000000, "observe": {"sample": {"every_hops": 10}}, "output": {"plots": false}, "seed": "",
    "x": "1e999"})");
  EXPECT_EQ(document, expected);
}

TEST(JsonDocument, EditsThatCannotBeDoneAreRefused) {
  json document = json::parse(R"({"hops": 1, "list": [1, 2]})");
  for (const char *edit : {"hops", "=3", "a..b=1", ".a=1", "a.=1", "hops.x=1", "list.5=1", "list.x=1", "list.-1=1", "list=[1,",
                           "o={\"a\":1,\"a\":2}", "t=\"open", "title=\xff"}) {
    const json before = document;
    EXPECT_THROW(apply_edit(document, edit), ConfigError) << edit;
  }
}

TEST(ObjectReader, RefusesWhatNobodyAskedFor) {
  const json document = json::parse(R"({"seed": 1, "inner": {"every": 3}})");
  std::set<std::string> asked;
  ObjectReader keys(document, "p.json", JsonUse::preset, &asked);
  EXPECT_EQ(keys.count("seed"), 1U);
  ObjectReader inner = keys.object("inner");
  EXPECT_EQ(inner.number("every_s", 5.0), 5.0);
  const std::string message = message_of<ConfigError>([&] { inner.finish(); });
  EXPECT_EQ(message, "p.json: /inner/every: unknown key (did you mean \"every_s\"?); known here: every_s");
  EXPECT_NO_THROW(keys.finish());
  EXPECT_EQ(asked, (std::set<std::string>{"/seed", "/inner", "/inner/every_s"}));
  EXPECT_THROW(keys.text("seed"), ConfigError);
  EXPECT_THROW(keys.count("absent"), ConfigError);
  EXPECT_THROW(ObjectReader(json::parse("[1]"), "p.json", JsonUse::data), DataError);
}

} // namespace
} // namespace zener
