// Files of SNAP potentials and the keys of SNAP and ZBL: what is read, and what is refused with which words.
#include "host/neutral/potential_model.hpp"
#include "kernels/potentials/snap/snap_model.hpp"
#include "kernels/potentials/zbl/zbl_model.hpp"
#include "tests/neutral/support.hpp"

#include <nlohmann/json.hpp>

namespace zener {
namespace {

using test::expect_error;

const std::string kParameters = "# a comment\n\nrcutfac 4.5\ntwojmax 2\nrfac0 0.99363\nrmin0 0\nbzeroflag 0\nquadraticflag 0\n";

// twojmax 2 has 5 components, 6 coefficients.
std::string coefficients(int elements = 2, int count = 6) {
  std::string text = "# a comment\n\n" + std::to_string(elements) + " " + std::to_string(count) + "\n";
  const char *names[] = {"W", "Ta", "Nb"};
  for (int e = 0; e < elements; ++e) {
    text += std::string(names[e]) + " 0." + std::to_string(5 + e) + " 1.0\n";
    for (int k = 0; k < count; ++k) {
      text += "  " + std::to_string(k - 2) + ".25e-1\n";
    }
  }
  return text;
}
std::string replaced(std::string text, const std::string &what, const std::string &by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}
std::shared_ptr<const SnapModel> parse(const std::string &coefficient_text, const std::string &parameter_text) {
  return parse_snap(coefficient_text, "a.snapcoeff", parameter_text, "a.snapparam");
}

TEST(SnapFile, ReadsElementsAndCoefficients) {
  const auto model = parse(coefficients(), kParameters);
  EXPECT_EQ(model->elements(), (std::vector<std::string>{"W", "Ta"}));
  EXPECT_EQ(model->twojmax, 2);
  EXPECT_DOUBLE_EQ(model->cutoff_A(), 4.5 * 1.2);
  EXPECT_DOUBLE_EQ(model->pair_cutoff_A(0, 1), 4.5 * 1.1);
  EXPECT_EQ(model->species[1].coefficients, (std::vector<double>{-0.225, -0.125, 0.025, 0.125, 0.225, 0.325}));
  EXPECT_FALSE(model->subtract_isolated);
  EXPECT_TRUE(model->switching);
  EXPECT_NE(model->description().find("snap (linear), W Ta"), std::string::npos) << model->description();
}
TEST(SnapFile, TakesLammpsDefaultsQuotesCommentsAndAMissingLastNewline) {
  const auto model = parse(coefficients(), "rcutfac \"4.6\" # A\r\n'twojmax' 2\ndiagonalstyle 3\nchunksize 2000\nswitchflag 0");
  EXPECT_DOUBLE_EQ(model->rcutfac, 4.6);
  EXPECT_DOUBLE_EQ(model->rfac0, 0.99363);
  EXPECT_EQ(model->rmin0, 0.0);
  EXPECT_TRUE(model->subtract_isolated);
  EXPECT_FALSE(model->quadratic);
  EXPECT_FALSE(model->switching);
  EXPECT_EQ(snap_components(6), 30);
  EXPECT_EQ(snap_components(8), 55);
  EXPECT_EQ(snap_components(14), 204);
}
TEST(SnapFile, ReadsQuadraticModels) {
  const auto model = parse(coefficients(1, 21), replaced(kParameters, "quadraticflag 0", "quadraticflag 1"));
  EXPECT_TRUE(model->quadratic);
  EXPECT_EQ(model->species[0].coefficients.size(), 21U);
}

TEST(SnapFile, RefusesDamagedParameters) {
  const auto refused = [](const std::string &what, const std::string &by, std::initializer_list<std::string> words) {
    expect_error<DataError>([&] { parse(coefficients(), replaced(kParameters, what, by)); }, words);
  };
  refused("rcutfac 4.5\n", "", {"a.snapparam", "rcutfac is missing"});
  refused("twojmax 2\n", "", {"a.snapparam", "twojmax is missing"});
  refused("twojmax 2", "twojmax 1", {"a.snapparam:4", "\"1\"", "2 to 14"});
  refused("twojmax 2", "twojmax 15", {"a.snapparam:4", "\"15\"", "2 to 14"});
  refused("twojmax 2", "twojmax 2.0", {"a.snapparam:4", "whole number"});
  refused("twojmax 2", "twojmx 2", {"a.snapparam:4", "did you mean \"twojmax\"?"});
  refused("twojmax 2", "twojmax 2\ntwojmax 2", {"a.snapparam:5", "given twice"});
  refused("twojmax 2", "twojmax", {"a.snapparam:4", "one value"});
  refused("twojmax 2", "twojmax 2 3", {"a.snapparam:4", "one value"});
  refused("rcutfac 4.5", "rcutfac -4.5", {"a.snapparam:3", "between"});
  refused("rcutfac 4.5", "rcutfac nan", {"a.snapparam:3", "\"nan\""});
  refused("rcutfac 4.5", "rcutfac 4,5", {"a.snapparam:3", "\"4,5\""});
  refused("rcutfac 4.5", "rcutfac \"4.5", {"a.snapparam:3", "quote"});
  refused("rfac0 0.99363", "rfac0 1.2", {"a.snapparam:5", "rfac0"});
  refused("rmin0 0", "rmin0 4.6", {"a.snapparam", "rmin0 is 4.6", "cutoff"});
  refused("bzeroflag 0", "bzeroflag 2", {"a.snapparam:7", "0 or 1"});
  refused("rmin0 0", "chemflag 1", {"a.snapparam:6", "chemflag", "not supported"});
  refused("rmin0 0", "bnormflag 1", {"a.snapparam:6", "bnormflag", "not supported"});
  refused("rmin0 0", "diagonalstyle 2", {"a.snapparam:6", "diagonalstyle", "only 3"});
}
TEST(SnapFile, RefusesDamagedCoefficients) {
  const auto refused = [](const std::string &text, std::initializer_list<std::string> words) {
    expect_error<DataError>([&] { parse(text, kParameters); }, words);
  };
  const std::string good = coefficients();
  refused("", {"a.snapcoeff", "empty"});
  refused("# nothing\n", {"a.snapcoeff", "empty"});
  refused(replaced(good, "2 6", "2"), {"a.snapcoeff:3", "two whole numbers"});
  refused(replaced(good, "2 6", "0 6"), {"a.snapcoeff:3", "1 to 118"});
  refused(replaced(good, "2 6", "18446744073709551615 6"), {"a.snapcoeff:3", "1 to 118"});
  refused(replaced(good, "2 6", "2 7"), {"a.snapcoeff:3", "7 coefficients", "twojmax 2", "has 6"});
  refused(coefficients(1, 21), {"a.snapcoeff:3", "21 coefficients", "quadraticflag 1"});
  refused(coefficients(1, 31), {"a.snapcoeff:3", "31 coefficients", "the number with twojmax 6"});
  refused(replaced(good, "W 0.5 1.0", "W 0.5"), {"a.snapcoeff:4", "radius and weight"});
  refused(replaced(good, "W 0.5 1.0", "0.1"), {"a.snapcoeff:4", "radius and weight"});
  refused(replaced(good, "W 0.5 1.0", "W 0 1.0"), {"a.snapcoeff:4", "radius of W is 0"});
  refused(replaced(good, "W 0.5 1.0", "W 0.5 inf"), {"a.snapcoeff:4", "inf"});
  refused(replaced(good, "Ta 0.6", "W 0.6"), {"a.snapcoeff:11", "W is given twice"});
  refused(replaced(good, "  -1.25e-1", "  -1.25e-1x"), {"a.snapcoeff:6", "coefficient 2 of 6", "-1.25e-1x"});
  refused(replaced(good, "  -1.25e-1", "  1e999"), {"a.snapcoeff:6", "coefficient 2 of 6", "1e999"});
  refused(replaced(good, "  -1.25e-1", "  1 2"), {"a.snapcoeff:6", "one finite number"});
  refused(replaced(good, "  -1.25e-1\n", ""), {"a.snapcoeff:10", "coefficient 6 of 6", "Ta 0.6 1.0"});
  refused(good.substr(0, good.size() - 9), {"a.snapcoeff", "ends after line", "Ta has 5 of 6"});
  refused(coefficients(1) + "0.5\n", {"a.snapcoeff:11", "more after"});
  std::string shortened = replaced(coefficients(1), "1 6", "2 6");
  refused(shortened, {"a.snapcoeff", "ends after line", "1 of 2 elements"});
}
TEST(SnapFile, DamagedFilesNeverCrash) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    try {
      parse(test::damaged(coefficients(), random), test::damaged(kParameters, random));
    } catch (const DataError &) {
    }
  }
}

TEST(SnapFile, IsNamedInJson) {
  const test::TemporaryFolder folder;
  test::put_bytes(folder / "a.snapcoeff", coefficients());
  test::put_bytes(folder / "a.snapparam", kParameters);
  const nlohmann::json object = {{"kind", "snap"}, {"coefficients", "a.snapcoeff"}, {"parameters", "a.snapparam"}};
  const PotentialPointer model = read_potential(object, folder.path(), "test");
  EXPECT_EQ(model->folder(), "snap");
  EXPECT_EQ(model->elements().size(), 2U);
  expect_error<ConfigError>(
      [&] {
        read_potential({{"kind", "snap"}, {"coefficients", "a.snapcoeff"}}, folder.path(), "test");
      },
      {"parameters"});
  nlohmann::json more = object;
  more["parametrs"] = 1;
  expect_error<ConfigError>([&] { read_potential(more, folder.path(), "test"); }, {"parametrs"});
  more = object;
  more["parameters"] = "missing.snapparam";
  expect_error<DataError>([&] { read_potential(more, folder.path(), "test"); }, {"missing.snapparam"});
  // Exchanged by mistake.
  more = {{"kind", "snap"}, {"coefficients", "a.snapparam"}, {"parameters", "a.snapcoeff"}};
  expect_error<DataError>([&] { read_potential(more, folder.path(), "test"); }, {"a.snapcoeff:3", "unknown key \"2\""});
}
TEST(SnapFile, ReadsPublishedFiles) {
  for (const char *name : {"nbmotaw_snap/Ta-W-Nb-Mo", "mo_qsnap/SNAPotential", "snap/Ta06A", "milady/Fe_QNML_milady"}) {
    const auto coefficient_file = test::shared_file(std::string("data/potentials/") + name + ".snapcoeff");
    const auto parameter_file = test::shared_file(std::string("data/potentials/") + name + ".snapparam");
    if (coefficient_file.empty() || parameter_file.empty()) {
      GTEST_SKIP() << name << " is not there";
    }
    const auto model = read_snap(coefficient_file, parameter_file);
    EXPECT_EQ(model->species.size(), name[0] == 'n' ? 4U : 1U);
    if (name[0] == 'n') {
      EXPECT_EQ(model->elements()[1], "Nb");
      EXPECT_DOUBLE_EQ(model->species[0].radius, 0.489);
      EXPECT_DOUBLE_EQ(model->species[0].weight, 0.8);
    }
  }
}

TEST(ZblKeys, AreReadAndChecked) {
  const auto read = [](const nlohmann::json &object) { return read_potential(object, ".", "test"); };
  const PotentialPointer model = read({{"kind", "zbl"}, {"inner", 4.0}, {"outer", 4.8}});
  EXPECT_EQ(model->cutoff_A(), 4.8);
  EXPECT_TRUE(model->elements().empty());
  expect_error<ConfigError>([&] { read({{"kind", "zbl"}, {"inner", 4.0}}); }, {"outer"});
  expect_error<ConfigError>([&] { read({{"kind", "zbl"}, {"inner", 4.8}, {"outer", 4.8}}); }, {"outer", "above inner"});
  expect_error<ConfigError>([&] { read({{"kind", "zbl"}, {"inner", -1}, {"outer", 4.8}}); }, {"inner", "-1"});
  expect_error<ConfigError>([&] { read({{"kind", "zbl"}, {"inner", 4}, {"outer", 1e9}}); }, {"outer", "100"});
  expect_error<ConfigError>([&] { read({{"kind", "zbl"}, {"inner", 4}, {"outer", 5}, {"Z", 74}}); }, {"Z"});
}

} // namespace
} // namespace zener
