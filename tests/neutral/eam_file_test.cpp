// Readers of embedded-atom potentials: files come back as they were written, and damaged ones are refused with file and line.
#include "host/neutral/potential_model.hpp"
#include "kernels/potentials/eam/eam_model.hpp"
#include "tests/neutral/support.hpp"
#include "tests/support/eam_files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace zener::test {
namespace {

// Three elements with few numbers, so that lines are easy to count: 500 densities and 10 radii in lines of 5.
EamModel few(bool by_pair) { return made_up_tables({"Al", "Fe"}, by_pair, 10); }

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// The text with line n (from 1) replaced; no new line: removed.
std::string with_line(const std::string &text, int n, const std::string &line) {
  std::istringstream in(text);
  std::string out;
  int k = 0;
  for (std::string old; std::getline(in, old);) {
    ++k;
    if (k != n) {
      out += old + "\n";
    } else if (!line.empty()) {
      out += line + "\n";
    }
  }
  EXPECT_GE(k, n);
  return out;
}

std::string line_of(const std::string &text, int n) {
  std::istringstream in(text);
  std::string line;
  for (int k = 0; k < n; ++k) {
    std::getline(in, line);
  }
  return line;
}

TEST(EamFile, ComesBackAsItWasWritten) {
  for (const bool by_pair : {false, true}) {
    for (const int columns : {1, 3, 5}) {
      const EamModel made = made_up_tables({"Al", "Fe", "W"}, by_pair, 50);
      const auto read = parse_eam(setfl_text(made, columns), "made.up", by_pair);
      EXPECT_EQ(read->kind(), by_pair ? "eam_fs" : "eam_alloy");
      EXPECT_EQ(read->elements(), made.element_names);
      EXPECT_EQ(read->cutoff_A(), made.cutoff);
      EXPECT_EQ(read->mass_amu, made.mass_amu);
      EXPECT_EQ(read->lattice_A, made.lattice_A);
      EXPECT_EQ(read->lattice, made.lattice);
      EXPECT_EQ(read->tables.by_pair, by_pair);
      EXPECT_EQ(read->tables.density_step, made.tables.density_step);
      EXPECT_EQ(read->tables.radius_step_A, made.tables.radius_step_A);
      EXPECT_EQ(read->tables.embedding, made.tables.embedding);
      EXPECT_EQ(read->tables.density, made.tables.density);
      EXPECT_EQ(read->tables.pair_times, made.tables.pair_times);
    }
  }
}

TEST(EamFile, TakesWindowsLinesAndTinyNumbers) {
  const EamModel made = few(false);
  std::string text = setfl_text(made);
  text = replaced(text, line_of(text, 107), "+0.5 1e-400 -1E-2 0 3");
  std::string windows;
  for (const char c : text) {
    windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  }
  const auto read = parse_eam(windows, "windows", false);
  EXPECT_EQ(read->tables.density[0], 0.5);
  EXPECT_EQ(read->tables.density[1], 0.0);
  EXPECT_EQ(read->lattice[1], "bcc");
}

TEST(EamFile, DamagedFilesAreRefused) {
  const std::string good = setfl_text(few(false));
  ASSERT_NO_THROW(parse_eam(good, "good", false));
  const auto refused = [&](const std::string &text, std::initializer_list<std::string> words, bool by_pair = false) {
    expect_error<DataError>([&] { parse_eam(text, "bad.eam", by_pair); }, words);
  };
  refused("", {"bad.eam:1", "ends where", "number of elements"});
  refused("a\nb\nc\n", {"bad.eam:4", "ends where"});
  refused(with_line(good, 4, "0"), {"bad.eam:4", "number of elements", "\"0\"", "1 to 118"});
  refused(with_line(good, 4, "2.5 Al Fe"), {"bad.eam:4", "integer", "\"2.5\""});
  refused(with_line(good, 4, "3 Al Fe"), {"bad.eam:4", "announces 3 elements and names 2"});
  refused(with_line(good, 4, "1 Al Fe"), {"bad.eam:4", "list of 1 elements", "middle of this line"});
  refused(with_line(good, 4, "2 Al Al"), {"bad.eam:4", "\"Al\" twice"});
  refused(with_line(good, 5, "500 0.02 10 0.5"), {"bad.eam:5", "should hold Nrho, drho, Nr, dr and the cutoff"});
  refused(with_line(good, 5, "500 0.02 10 0.5 5.6"), {"bad.eam:5", "cutoff, 5.6 A, lies beyond the tables", "reach 5 A"});
  refused(with_line(good, 5, "500 0.02 10 0.5 -5"), {"bad.eam:5", "cutoff is -5", "positive"});
  refused(with_line(good, 5, "500 0 10 0.5 5"), {"bad.eam:5", "drho", "positive"});
  refused(with_line(good, 5, "500 0.02 10 nan 5"), {"bad.eam:5", "dr is \"nan\"", "finite"});
  refused(with_line(good, 5, "4 0.02 10 0.5 5"), {"bad.eam:5", "Nrho", "\"4\""});
  refused(with_line(good, 5, "500 0.02 99999999999 0.5 5"), {"bad.eam:5", "Nr", "99999999999"});
  refused(with_line(good, 5, "500 0.02 9000000 0.000001 5"), {"bad.eam:5", "announces 45,001,000 numbers"});
  refused(with_line(good, 5, "9000000 0.02 10 0.5 5"), {"bad.eam:5", "announces", "18,000,050 numbers", "more than a file"});
  refused(with_line(good, 6, "13 -27 4.05 fcc"), {"bad.eam:6", "mass of Al is -27"});
  refused(with_line(good, 6, "13 27 4.05"), {"bad.eam:6", "lattice of Al is missing"});
  refused(with_line(good, 6, "Al 27 4.05 fcc"), {"bad.eam:6", "atomic number of Al", "\"Al\""});
  refused(with_line(good, 7, "0 0 nan 0 0"), {"bad.eam:7", "number 3 of 500 of the embedding energy of Al", "finite"});
  refused(with_line(good, 7, "0 0 1D-3 0 0"), {"bad.eam:7", "should be a number", "1D-3"});
  refused(with_line(good, 7, "0 0 0 0 1e999"), {"bad.eam:7", "number 5 of 500"});
  // One line too many or too few shifts what follows.
  refused(with_line(good, 8, ""), {"bad.eam:108", "number 9 of 10 of the density of Al", "\"bcc\""});
  refused(with_line(good, 8, "0 0 0 0"), {"bad.eam:107", "embedding energy of Al ends in the middle of this line"});
  refused(with_line(good, 107, "0 0 0 0 0 0"), {"bad.eam:108", "density of Al ends in the middle"});
  refused(good.substr(0, good.size() - 20), {"bad.eam:", "pair function of Fe and Fe"});
  refused(good.substr(0, good.size() / 2), {"bad.eam:", "ends where", "cut off"});
  refused(good + "1.0\n", {"bad.eam:", "follows the last table"});
  // One kind taken for the other.
  refused(good, {"bad.eam:"}, true);
  refused(setfl_text(few(true)), {"bad.eam:"}, false);
}

TEST(EamFile, FilesThatAreNotThereAreNamed) {
  expect_error<DataError>([] { read_eam_file("/nowhere/W.eam.alloy", false); }, {"/nowhere/W.eam.alloy"});
  TemporaryFolder folder;
  put_bytes(folder / "p.json", R"({"kind": "eam_alloy", "file": "missing.eam"})");
  expect_error<DataError>([&] { read_potential_file(folder / "p.json"); }, {"missing.eam"});
  put_bytes(folder / "p.json", R"({"kind": "eam_alloy"})");
  expect_error<ConfigError>([&] { read_potential_file(folder / "p.json"); }, {"file"});
  put_bytes(folder / "made.eam", setfl_text(few(true)));
  put_bytes(folder / "p.json", R"({"kind": "eam_fs", "file": "made.eam"})");
  EXPECT_EQ(read_potential_file(folder / "p.json")->elements(), (std::vector<std::string>{"Al", "Fe"}));
}

// Bytes changed at random: read or refused, never worse.
TEST(EamFile, RandomDamageIsReadOrRefused) {
  std::mt19937 random(5);
  for (const bool by_pair : {false, true}) {
    const std::string good = setfl_text(few(by_pair));
    for (int i = 0; i < 300; ++i) {
      const std::string bad = damaged(i % 2 == 0 ? good.substr(0, 300) + good.substr(300 + random() % 3) : good, random);
      try {
        const auto model = parse_eam(bad, "bad", by_pair);
        EXPECT_GT(model->cutoff_A(), 0.0);
      } catch (const DataError &error) {
        EXPECT_NE(std::string(error.what()).find("bad:"), std::string::npos);
      }
    }
  }
}

// Every table that LAMMPS brings reads.
TEST(EamFile, ReadsTheTablesOfLammps) {
  int files = 0;
  for (const char *name : {"AlFe_mm.eam.fs", "Fe_mm.eam.fs", "NiAlH_jea.eam.alloy", "W_zhou.eam.alloy"}) {
    const auto file = shared_file(std::string("data/potentials/eam/") + name);
    if (!file.empty()) {
      const bool by_pair = std::string(name).find(".fs") != std::string::npos;
      EXPECT_GT(read_eam_file(file, by_pair)->tables.radii, 500) << name;
      ++files;
    }
  }
  if (files == 0) {
    GTEST_SKIP() << "the tables are not here";
  }
}

PotentialPointer from_text(const std::string &text) { return read_potential(nlohmann::json::parse(text), ".", "preset.json"); }

TEST(EamParameters, PairsAndElementsAreRead) {
  const std::string own = R"({"d": 4, "A": 2, "c": 3, "c0": 1, "c1": -1, "c2": 0.5})";
  const std::string cross =
      R"({"d": 4.5, "weight": 0.5, "c": 3.5, "c0": 1, "c1": -1, "c2": 0.5, "B": 90, "b0": 2.7, "alpha": 1})";
  const auto model = std::dynamic_pointer_cast<const EamModel>(from_text(
      R"({"kind": "finnis_sinclair", "parameters": {"Mo": )" + own + R"(, "Ta": )" + own + R"(, "Mo-Ta": )" + cross + "}}"));
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->elements(), (std::vector<std::string>{"Mo", "Ta"}));
  EXPECT_EQ(model->cutoff_A(), 4.5);
  EXPECT_EQ(model->finnis_sinclair[1].B, 90.0);
  EXPECT_EQ(model->finnis_sinclair[2].weight, 0.5);
  EXPECT_EQ(model->finnis_sinclair[3].weight, 1.0);

  const auto refused = [&](const std::string &parameters, std::initializer_list<std::string> words) {
    expect_error<ConfigError>([&] { from_text(R"({"kind": "finnis_sinclair", "parameters": )" + parameters + "}"); }, words);
  };
  refused("{}", {"/parameters", "member for each element"});
  refused("3", {"/parameters"});
  refused(R"({"Xx": )" + own + "}", {"Xx", "no chemical element"});
  refused(R"({"Mo": )" + own + R"(, "Ta": )" + own + "}", {"lacks the pair \"Mo-Ta\"", "no mixing rule"});
  refused(R"({"Mo": )" + own + R"(, "Mo-W": )" + cross + "}", {"Mo-W", "two different elements"});
  refused(R"({"Mo-Ta": )" + cross + "}", {"pairs but no element"});
  refused(R"({"Mo": {"d": 4}})", {"/parameters/Mo", "c"});
  refused(R"({"Mo": {"d": -4, "A": 2, "c": 3, "c0": 1, "c1": -1, "c2": 0.5}})", {"/parameters/Mo/d", "-4", "positive"});
  refused(R"({"Mo": {"d": 4, "A": 2, "c": 3, "c0": 1, "c1": -1, "c2": 0.5, "B": 3}})", {"b0"});
  refused(R"({"Mo": {"d": 4, "A": 2, "c": 3, "c0": 1, "c1": -1, "c2": 0.5, "gamma": 3}})", {"gamma"});
  refused(R"({"Mo": {"d": 4e3, "A": 2, "c": 3, "c0": 1, "c1": -1, "c2": 0.5}})", {"Mo", "100 A"});
}

TEST(EamParameters, ZhouIsRead) {
  const std::string mo =
      R"("re": 2.7281, "fe": 2.7, "rhoe": 29, "rhos": 29, "alpha": 8.4, "beta": 4.5, "A": 0.7, "B": 1.1, "kappa": 0.1,
         "lambda": 0.3, "Fn0": -3.7, "Fn1": -0.2, "Fn2": 0.4, "Fn3": -3.1, "F0": -3.7, "F1": 0, "F2": 0.9, "eta": 0.8,
         "Fe": -3.7)";
  const auto text = [&](const std::string &more, const std::string &beside = "") {
    return R"({"kind": "zhou", "parameters": {"Mo": {)" + mo + more + "}}" + beside + "}";
  };
  const auto model = std::dynamic_pointer_cast<const EamModel>(from_text(text(R"(, "F3": 0.7)")));
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->zhou[0].F3_minus, 0.7);
  EXPECT_EQ(model->zhou[0].F3_plus, 0.7);
  EXPECT_EQ(model->zhou[0].n, 20);
  EXPECT_NEAR(model->cutoff_A(), 2.7281 * std::sqrt(5.0), 1e-12);
  EXPECT_EQ(from_text(text(R"(, "F3": 0.7)", R"(, "cutoff_A": 5)"))->cutoff_A(), 5.0);
  const auto refused = [&](const std::string &object, std::initializer_list<std::string> words) {
    expect_error<ConfigError>([&] { from_text(object); }, words);
  };
  refused(text(""), {"F3_minus"});
  refused(text(R"(, "F3": 0.7, "n": 61)"), {"/parameters/Mo/n", "61", "2 to 60"});
  refused(text(R"(, "F3": 0.7, "n": 2.5)"), {"/parameters/Mo/n"});
  refused(text(R"(, "F3": 0.7, "low": 1.5)"), {"Mo", "low"});
  refused(text(R"(, "F3": 0.7)", R"(, "cutoff_A": 1e9)"), {"cutoff_A", "100 A"});
  refused(text(R"(, "F3": 0.7)", R"(, "cutoff": 5)"), {"cutoff", "cutoff_A"});
}

} // namespace
} // namespace zener::test
