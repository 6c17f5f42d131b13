#include "host/neutral/environments.hpp"

#include "tests/neutral/support.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;
using test::expect_error;

const std::vector<std::string> kElements = {"Nb", "Mo", "Ta"};

std::vector<std::uint8_t> random_types(std::size_t environments) {
  std::mt19937 random(4);
  std::vector<std::uint8_t> types(environments * kEnvironmentSites);
  std::generate(types.begin(), types.end(), [&] { return static_cast<std::uint8_t>(random() % 4); });
  return types;
}

Json document(const std::vector<std::uint8_t> &types, bool orders) {
  Json root = {
      {"description", "µ test"}, {"units", "eV"}, {"element_codes", {{"0", "vacancy"}, {"1", "Nb"}, {"2", "Mo"}, {"3", "Ta"}}}};
  if (orders) {
    root["directions"] = std::vector<Offset>(bcc_tables().offsets.begin(), bcc_tables().offsets.begin() + kPaths);
    root["offsets"] = bcc_tables().offsets;
  }
  root["environments"] = Json::array();
  for (std::size_t i = 0; i * kEnvironmentSites < types.size(); ++i) {
    const auto begin = types.begin() + static_cast<std::ptrdiff_t>(i * kEnvironmentSites);
    root["environments"].push_back({{"kind", "random"},
                                    {"seed", 18446744073709551615ULL},
                                    {"types", std::vector<int>(begin, begin + kEnvironmentSites)},
                                    {"disorder", 0.1}});
  }
  root["last"] = nullptr;
  return root;
}

Environments parse(const Json &root) { return parse_environments(root.dump(), "e.json", kElements); }

TEST(Environments, are_read_in_our_order) {
  const auto types = random_types(3);
  for (const bool orders : {false, true}) {
    const Environments environments = parse(document(types, orders));
    EXPECT_EQ(environments.size(), 3U);
    EXPECT_EQ(environments.types, types);
    EXPECT_EQ(environments.path, (std::array<int, kPaths>{0, 1, 2, 3, 4, 5, 6, 7}));
  }
  EXPECT_EQ(parse(document({}, true)).size(), 0U);
}

TEST(Environments, other_orders_are_undone_and_kept) {
  const auto types = random_types(2);
  Json root = document(types, true);
  std::mt19937 random(9);
  std::vector<std::size_t> sites(kEnvironmentSites);
  std::iota(sites.begin(), sites.end(), 0U);
  std::shuffle(sites.begin(), sites.end(), random);
  const std::vector<std::size_t> paths = {3, 1, 7, 0, 2, 6, 5, 4};
  for (std::size_t j = 0; j < kEnvironmentSites; ++j) {
    root["offsets"][j] = bcc_tables().offsets[sites[j]];
    for (std::size_t i = 0; i < 2; ++i) {
      root["environments"][i]["types"][j] = types[i * kEnvironmentSites + sites[j]];
    }
  }
  for (std::size_t q = 0; q < kPaths; ++q) {
    root["directions"][q] = bcc_tables().offsets[paths[q]];
  }
  const Environments environments = parse(root);
  EXPECT_EQ(environments.types, types);

  std::vector<double> barriers(2 * kPaths);
  for (std::size_t k = 0; k < barriers.size(); ++k) {
    barriers[k] = 1.0 / static_cast<double>(k + 3);
  }
  const Json out = Json::parse(environments_with_barriers(environments, barriers));
  EXPECT_EQ(out["directions"], root["directions"]);
  EXPECT_EQ(out["offsets"], root["offsets"]);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(out["environments"][i]["types"], root["environments"][i]["types"]);
    for (std::size_t q = 0; q < kPaths; ++q) {
      EXPECT_EQ(out["environments"][i]["barriers_ev"][q].get<double>(), barriers[i * kPaths + paths[q]]);
    }
  }
}

TEST(Environments, barriers_are_added_and_everything_else_is_kept) {
  Json root = document(random_types(2), false);
  root["environments"][1]["barriers_ev"] = "to be filled";
  const Environments environments = parse(root);
  std::vector<double> barriers(2 * kPaths, 0.1 + 0.2);
  barriers[3] = 1e-300;
  barriers[4] = -std::numeric_limits<double>::denorm_min();
  const std::string text = environments_with_barriers(environments, barriers);
  EXPECT_NE(text.find("0.30000000000000004"), std::string::npos);
  Json out = Json::parse(text);
  EXPECT_EQ(out["directions"].size(), 8U);
  EXPECT_EQ(out["directions"][1], Json({-1, -1, 1}));
  EXPECT_EQ(out["units"], "eV");
  for (std::size_t i = 0; i < 2; ++i) {
    const auto back = out["environments"][i]["barriers_ev"].get<std::vector<double>>();
    EXPECT_TRUE(std::equal(back.begin(), back.end(), barriers.begin() + static_cast<std::ptrdiff_t>(i * kPaths)));
    out["environments"][i].erase("barriers_ev");
  }
  out.erase("directions");
  root["environments"][1].erase("barriers_ev");
  EXPECT_EQ(out.dump(), root.dump()); // keys in their order, too

  barriers[9] = std::numeric_limits<double>::quiet_NaN();
  expect_error<DataError>([&] { environments_with_barriers(environments, barriers); },
                          {"e.json", "environment 1", "path 1", "nan"});
  barriers.pop_back();
  expect_error<InvariantError>([&] { environments_with_barriers(environments, barriers); }, {"e.json", "15"});
  EXPECT_EQ(Json::parse(environments_with_barriers(parse(document({}, false)), {}))["environments"].size(), 0U);
}

TEST(Environments, errors_name_the_place) {
  const Json good = document(random_types(2), true);
  const auto refused = [&](const std::function<void(Json &)> &change, std::initializer_list<std::string> words) {
    Json root = good;
    change(root);
    expect_error<DataError>([&] { parse(root); }, words);
  };
  expect_error<DataError>([] { read_environments("/nowhere/e.json", kElements); }, {"/nowhere/e.json"});
  expect_error<DataError>([] { parse_environments("[1,", "e.json", kElements); }, {"e.json", "not valid JSON", "line 1"});
  expect_error<DataError>([] { parse_environments("[]", "e.json", kElements); }, {"e.json", "'environments'"});
  expect_error<DataError>([] { parse_environments(R"({"environments":[],"environments":[]})", "e.json", kElements); },
                          {"twice"});
  refused([](Json &r) { r.erase("environments"); }, {"'environments'"});
  refused([](Json &r) { r["environments"] = 3; }, {"'environments'"});
  refused([](Json &r) { r["environments"][1] = 3; }, {"environment 1", "is 3"});
  refused([](Json &r) { r["environments"][1].erase("types"); }, {"environment 1", "missing", "112"});
  refused([](Json &r) { r["environments"][1]["types"].push_back(1); }, {"environment 1", "113 entries", "112"});
  refused([](Json &r) { r["environments"][1]["types"][5] = 4; }, {"environment 1", "index 5", "is 4", "0 to 3"});
  refused([](Json &r) { r["environments"][1]["types"][5] = -1; }, {"index 5", "is -1"});
  refused([](Json &r) { r["environments"][1]["types"][5] = 1.0; }, {"index 5", "is 1.0"});
  refused([](Json &r) { r["environments"][1]["types"][5] = 18446744073709551615ULL; }, {"index 5", "18446744073709551615"});
  refused([](Json &r) { r["environments"][1]["types"][5] = "Nb"; }, {"index 5", "Nb"});
  refused([](Json &r) { r["environments"][1]["types"][5] = true; }, {"index 5", "true"});
  refused([](Json &r) { r["offsets"].erase(3); }, {"'offsets'", "111 entries", "112"});
  refused([](Json &r) { r["offsets"][3] = r["offsets"][4]; }, {"'offsets'", "indices 3 and 4"});
  refused([](Json &r) { r["offsets"][3] = {1, 0, 0}; }, {"'offsets'", "index 3", "[1,0,0]"});
  refused([](Json &r) { r["offsets"][3] = {1, 1}; }, {"'offsets'", "index 3", "[1,1]"});
  refused([](Json &r) { r["offsets"][3] = {9223372036854775807LL, 1, 1}; }, {"'offsets'", "index 3"});
  refused([](Json &r) { r["offsets"][3] = {1.0, 1, 1}; }, {"'offsets'", "index 3"});
  refused([](Json &r) { r["directions"][2] = {2, 0, 0}; }, {"'directions'", "index 2", "nearest"});
  refused([](Json &r) { r["directions"] = "none"; }, {"'directions'", "none"});
  refused([](Json &r) { r["element_codes"]["2"] = "W"; }, {"'element_codes'", "code 2", "W", "Mo"});
  refused([](Json &r) { r["element_codes"]["4"] = "W"; }, {"'element_codes'", "code 4", "1 to 3"});
  refused([](Json &r) { r["element_codes"] = 1; }, {"'element_codes'"});
}

TEST(Environments, truncation_and_random_damage_never_crash) {
  const std::string text = document(random_types(1), true).dump();
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_THROW(parse_environments(text.substr(0, n), "x", kElements), DataError) << n;
  }
  std::mt19937 random(6);
  for (int i = 0; i < 4000; ++i) {
    try {
      const Environments environments = parse_environments(test::damaged(text, random), "x", kElements);
      EXPECT_TRUE(std::all_of(environments.types.begin(), environments.types.end(), [](std::uint8_t t) { return t <= 3; }));
      environments_with_barriers(environments, std::vector<double>(environments.size() * kPaths, 0.5));
    } catch (const DataError &) {
      continue; // refused
    }
  }
}

TEST(Environments, the_published_ones) {
  const auto file = test::shared_file("data/nnk/environments_dev.json");
  if (file.empty()) {
    GTEST_SKIP() << "the published environments are not here";
  }
  const Environments environments = read_environments(file, kElements);
  ASSERT_EQ(environments.size(), 64U);
  const Json root = Json::parse(test::bytes_of(file));
  std::vector<double> barriers;
  for (const auto &entry : root["environments"]) {
    for (const auto &barrier : entry["barriers_ev"]) {
      barriers.push_back(barrier.get<double>());
    }
  }
  EXPECT_EQ(Json::parse(environments_with_barriers(environments, barriers)).dump(), root.dump());
}

} // namespace
} // namespace zener
