#include "host/neutral/structure_files.hpp"

#include "tests/neutral/support.hpp"

#include <algorithm>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace zener {
namespace {

using test::expect_error;

// 2 x 1 x 2 cells: 8 sites, one of them vacant.
struct Fixture {
  std::vector<std::uint8_t> occupancy = {1, 2, 0, 3, 1, 1, 2, 3};
  LatticeConfiguration configuration;
  Fixture() {
    configuration.cells = {2, 1, 2};
    configuration.lattice_constant_A = 3.24;
    configuration.elements = {"Nb", "Mo", "Ta"};
    configuration.occupancy = occupancy;
  }
};

std::vector<std::string> lines(const std::string &text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    all.push_back(line);
  }
  return all;
}

TEST(StructureFiles, extended_xyz) {
  Fixture f;
  f.configuration.info = {{"Time_s", 1.5e-3}, {"Hop", std::int64_t{2000}}, {"title", std::string("a \"b\" \\ c\nd")}};
  EXPECT_EQ(
      lines(extended_xyz(f.configuration)),
      (std::vector<std::string>{
          "7",
          "Lattice=\"6.48 0 0 0 3.24 0 0 0 6.48\" Properties=species:S:1:pos:R:3:id:I:1 pbc=\"T T T\" Time_s=0.0015 Hop=2000 "
          "title=\"a \\\"b\\\" \\\\ c d\"",
          "Nb 0 0 0 1", "Mo 1.62 1.62 1.62 2", "Ta 1.62 1.62 4.86 4", "Nb 3.24 0 0 5", "Nb 4.86 1.62 1.62 6",
          "Mo 3.24 0 3.24 7", "Ta 4.86 1.62 4.86 8"}));
}

TEST(StructureFiles, lammps_dump) {
  Fixture f;
  EXPECT_EQ(lines(lammps_dump(f.configuration, 123456789012)),
            (std::vector<std::string>{
                "ITEM: TIMESTEP", "123456789012", "ITEM: NUMBER OF ATOMS", "7", "ITEM: BOX BOUNDS pp pp pp", "0 6.48", "0 3.24",
                "0 6.48", "ITEM: ATOMS id type x y z element", "1 1 0 0 0 Nb", "2 2 1.62 1.62 1.62 Mo", "4 3 1.62 1.62 4.86 Ta",
                "5 1 3.24 0 0 Nb", "6 1 4.86 1.62 1.62 Nb", "7 2 3.24 0 3.24 Mo", "8 3 4.86 1.62 4.86 Ta"}));
}

TEST(StructureFiles, vacancies_and_columns) {
  Fixture f;
  f.configuration.show_vacancies = true;
  f.configuration.columns = {{"cluster", std::vector<std::int64_t>{7, -1, 9, 0, 0, 0, 0, 1}},
                             {"q6", std::vector<double>{0.1, 0, 0.25, 0, 0, 0, 0, 1e-300}}};
  const auto xyz = lines(extended_xyz(f.configuration));
  EXPECT_EQ(xyz[0], "8");
  EXPECT_NE(xyz[1].find("Properties=species:S:1:pos:R:3:id:I:1:cluster:I:1:q6:R:1 "), std::string::npos);
  EXPECT_EQ(xyz[2], "Nb 0 0 0 1 7 0.1");
  EXPECT_EQ(xyz[4], "X 0 0 3.24 3 9 0.25");
  EXPECT_EQ(xyz[9], "Ta 4.86 1.62 4.86 8 1 1e-300");
  const auto dump = lines(lammps_dump(f.configuration, 0));
  EXPECT_EQ(dump[3], "8");
  EXPECT_EQ(dump[8], "ITEM: ATOMS id type x y z element cluster q6");
  EXPECT_EQ(dump[11], "3 4 0 0 3.24 X 9 0.25");
  // Columns belong to sites: those of a vacancy that is not shown go with it.
  f.configuration.show_vacancies = false;
  EXPECT_EQ(lines(extended_xyz(f.configuration))[4], "Ta 1.62 1.62 4.86 4 0 0");
}

TEST(StructureFiles, are_written_whole) {
  const test::TemporaryFolder folder;
  Fixture f;
  write_extended_xyz(folder / "a.xyz", f.configuration);
  write_lammps_dump(folder / "a.dump", f.configuration, 5);
  EXPECT_EQ(test::bytes_of(folder / "a.xyz"), extended_xyz(f.configuration));
  EXPECT_EQ(test::bytes_of(folder / "a.dump"), lammps_dump(f.configuration, 5));
  expect_error<DataError>([&] { write_extended_xyz(folder / "no/a.xyz", f.configuration); }, {"a.xyz", "no folder"});
}

TEST(StructureFiles, inconsistent_configurations_are_our_fault) {
  const auto refused = [](auto change, std::initializer_list<std::string> words) {
    Fixture f;
    change(f);
    f.configuration.occupancy = f.occupancy;
    expect_error<InvariantError>([&] { extended_xyz(f.configuration); }, words);
    expect_error<InvariantError>([&] { lammps_dump(f.configuration, 0); }, words);
  };
  refused([](Fixture &f) { f.occupancy.pop_back(); }, {"7 sites", "2 x 1 x 2"});
  refused([](Fixture &f) { f.configuration.cells[1] = -1; }, {"2 x -1 x 2"});
  refused([](Fixture &f) { f.configuration.lattice_constant_A = 0.0; }, {"0.0"});
  refused([](Fixture &f) { f.occupancy[3] = 4; }, {"site 3", "code 4", "3 elements"});
  refused([](Fixture &f) { f.configuration.columns = {{"q", std::vector<double>(7)}}; }, {"'q'", "7 values"});
  refused([](Fixture &f) { f.configuration.columns = {{"a b", std::vector<double>(8)}}; }, {"'a b'"});
  refused([](Fixture &f) { f.configuration.columns = {{"id", std::vector<double>(8)}}; }, {"'id'"});
  refused([](Fixture &f) { f.configuration.info = {{"lattice", 1.0}}; }, {"'lattice'"});
  refused([](Fixture &f) { f.configuration.info = {{"a=b", 1.0}}; }, {"'a=b'"});
}

// What is written reads back: every structure, with and without vacancies shown, extra columns and information.
TEST(StructureFiles, read_back_equal) {
  std::mt19937 random(11);
  for (const Structure structure : {Structure::bcc, Structure::sc, Structure::fcc}) {
    for (const bool show : {false, true}) {
      LatticeConfiguration c;
      c.structure = structure;
      c.cells = {3, 4, 2};
      c.lattice_constant_A = 3.1234567;
      c.elements = {"Nb", "Mo", "Ta"};
      std::vector<std::uint8_t> occupancy(static_cast<std::size_t>(sites_per_cell(structure)) * 24);
      std::generate(occupancy.begin(), occupancy.end(), [&] { return static_cast<std::uint8_t>(random() % 4); });
      c.occupancy = occupancy;
      c.show_vacancies = show;
      c.info = {{"Hop", std::int64_t{7}}, {"note", std::string("a \"b\" = c")}};
      c.columns = {{"q", std::vector<double>(occupancy.size(), 0.25)}};
      for (const std::string &text : {extended_xyz(c), lammps_dump(c, 5)}) {
        const LatticeSpecies read = parse_lattice_species(text, "f", structure, c.cells, c.lattice_constant_A, {});
        EXPECT_EQ(read.elements, (std::vector<std::string>{"Mo", "Nb", "Ta"}));
        const std::vector<std::uint8_t> code{0, 2, 1, 3};
        ASSERT_EQ(read.occupancy.size(), occupancy.size());
        for (std::size_t i = 0; i < occupancy.size(); ++i) {
          EXPECT_EQ(read.occupancy[i], code[occupancy[i]]) << "site " << i;
        }
      }
    }
  }
}

// A file of 2 x 2 x 2 cells of a = 3 A, bcc, as others write it.
LatticeSpecies read_small(const std::string &text, const std::vector<std::string> &elements = {"Nb", "Mo"}) {
  return parse_lattice_species(text, "f", Structure::bcc, {2, 2, 2}, 3.0, elements);
}

std::string dump_of(const std::string &columns, const std::string &atoms, int count,
                    const std::string &bounds = "0 6\n0 6\n0 6\n", const std::string &flags = " pp pp pp") {
  return "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n" + std::to_string(count) + "\nITEM: BOX BOUNDS" + flags + "\n" + bounds +
         "ITEM: ATOMS " + columns + "\n" + atoms;
}

TEST(StructureFiles, forms_that_others_write) {
  const std::vector<std::uint8_t> expected{1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const auto same = [&](const std::string &text) {
    const LatticeSpecies read = read_small(text);
    EXPECT_EQ(read.elements, (std::vector<std::string>{"Mo", "Nb"})) << text;
    std::vector<std::uint8_t> as_given;
    for (const std::uint8_t code : read.occupancy) {
      as_given.push_back(code == 0 ? 0 : static_cast<std::uint8_t>(3 - code)); // Nb is 1 here
    }
    EXPECT_EQ(as_given, expected) << text;
  };
  same(dump_of("id type x y z", "2 2 1.5 1.5 1.5\n1 1 0 0 0\n", 2));
  same(dump_of("x y z type", "1.6 1.4 1.55 2 \n-0.1 5.9 0.2 1\n\n", 2)); // thermal noise, wrapped, a blank end
  same(dump_of("type xs ys zs", "1 0 0 1\n2 .25 1.25 -0.75\n", 2));
  same(dump_of("type xu yu zu", "1 -6 0 12\n2 7.5 1.5 1.5\n", 2));
  same(dump_of("type x y z", "1 10 -2 0.5\n2 11.5 -0.5 2\n", 2, "10 16\n-2 4\n0.5 6.5\n"));
  same(dump_of("type x y z", "1 0 0 0\n2 1.5 1.5 1.5\n", 2, "0 6\n0 6.005\n0 6\n", ""));
  same(dump_of("element x y z type", "Nb 0 0 0 9\nMo 1.5 1.5 1.5 9\n", 2));
  same("2\nLattice=\"6 0 0 0 6 0 0 0 6\"\nNb 0 0 0\nMo 1.5 1.5 1.5\n");
  same("3\r\nlattice='6 0 0 0 6 0 0 0 6' pbc=\"t T t\" energy=-1.5 ok note=\"a \\\" b\"\r\nNb 0 0 0\r\nMo 1.5 1.5 1.5\r\nVa 3 "
       "3 3\r\n");
  same("2\nproperties=forces:R:3:pos:R:3:species:S:1 Lattice=\"6 0 0 0 6 0 0 0 6\"\n9 9 9 0 0 0 Nb\n9 9 9 1.5 1.5 1.5\tMo\n");
}

TEST(StructureFiles, what_cannot_be_read_is_named) {
  const auto refused = [](const std::string &text, std::initializer_list<std::string> words,
                          const std::vector<std::string> &elements = {"Nb", "Mo"}) {
    expect_error<DataError>([&] { read_small(text, elements); }, words);
  };
  const std::string two = "1 1 0 0 0\n2 2 1.5 1.5 1.5\n";
  refused("", {"f: the file ends after line 0"});
  refused("ITEM: TIMESTEP\n0\n", {"f: the file ends after line 2", "ITEM: "});
  refused(dump_of("id type x y z", two, 3), {"f: the file ends after line 11", "atom 3 of 3"});
  refused(dump_of("id type x y z", two, 1), {"f:11: ", "one frame"});
  refused(dump_of("id type x y z", two, 2) + dump_of("id type x y z", two, 2), {"f:12: ", "one frame"});
  refused(dump_of("id type x y z", two, 17), {"f:4: ", "\"17\"", "0 to 16"});
  refused(dump_of("id type x y z", two, -1), {"f:4: ", "\"-1\""});
  refused(dump_of("id type x y z", "1 1 0 0\n", 1), {"f:10: ", "4 values are met, 5 columns"});
  refused(dump_of("id type x y z", "1 3 0 0 0\n", 1), {"f:10: ", "type is \"3\"", "1 to 2"});
  refused(dump_of("id type x y z", "1 0 0 0 0\n", 1), {"f:10: ", "type is \"0\"", "from 1 to 2"});
  refused(dump_of("id type x y z", "1 1 nan 0 0\n", 1), {"f:10: ", "x is \"nan\""});
  refused(dump_of("id type x y z", "1 1 1e999 0 0\n", 1), {"f:10: ", "1e999"});
  refused(dump_of("id type x y z", "1 1 0.9 0 0\n", 1), {"f:10: ", "Nb", "(0.9, 0, 0)", "0.35 distances", "the structure bcc"});
  refused(dump_of("id type x y z", "1 1 0 0 0\n2 2 0.1 0 5.9\n", 2), {"f:11: ", "Mo", "site, 0, with that of line 10"});
  refused(dump_of("id type x y", "1 1 0 0\n", 1), {"f:9: ", "no columns x y z"});
  refused(dump_of("id x y z", "1 0 0 0\n", 1), {"f:9: ", "\"element\" nor \"type\""});
  refused(dump_of("id type x y z", two, 2), {"f:9: ", "which elements its types are"}, {});
  refused(dump_of("id element x y z", "1 N- 0 0 0\n", 1), {"f:10: ", "\"N-\" is no name"});
  refused(dump_of("id type x y z", two, 2, "0 6\n0 6.01\n0 6\n"), {"f:7: ", "6.01 A long in y", "2 cells of 3 A are 6 A"});
  refused(dump_of("id type x y z", two, 2, "0 6\n0 -6\n0 6\n"), {"f:8: ", "-6 in y"});
  refused(dump_of("id type x y z", two, 2, "0 6 0\n0 6 0\n0 6 0\n"), {"f:6: ", "3 numbers"});
  refused(dump_of("id type x y z", two, 2, "0 6\n0 6\n0 6\n", " xy xz yz pp pp pp"), {"f:6: ", "2 numbers"});
  refused(dump_of("id type x y z", two, 2, "0 6\n0 6\n0 6\n", " pp ff pp"), {"f:7: ", "not periodic"});
  refused(dump_of("id type x y z", two, 2, "0 7 1\n0 6 0\n0 6 0\n", " xy xz yz pp pp pp"), {"f:7: ", "tilted"});
  refused("ITEM: ATOMS\n", {"f:1: ", "BOX BOUNDS"});

  const std::string comment = "Lattice=\"6 0 0 0 6 0 0 0 6\" Properties=species:S:1:pos:R:3";
  refused("two\n" + comment + "\n", {"f:1: ", "\"two\""});
  refused("this is text\n", {"f:1: ", "number of atoms"});
  refused("2\n", {"f:1: ", "not whole"});
  refused("1\nno box\nNb 0 0 0\n", {"f:2: ", "Lattice="});
  refused("1\nLattice=\"6 0 0 0 6 0 0 0\"\nNb 0 0 0\n", {"f:2: ", "8 numbers"});
  refused("1\nLattice=\"6 0 0 1 6 0 0 0 6\"\nNb 0 0 0\n", {"f:2: ", "orthogonal"});
  refused("1\nLattice=\"6 0 0 0 7 0 0 0 6\"\nNb 0 0 0\n", {"f:2: ", "7 A long in y"});
  refused("1\nLattice=\"6 0 0 0 6 0 0 0 6\nNb 0 0 0\n", {"f:2: ", "no closing"});
  refused("1\n" + comment + " pbc=\"T F T\"\nNb 0 0 0\n", {"f:2: ", "not periodic"});
  refused("1\n" + comment + " lattice=1\nNb 0 0 0\n", {"f:2: ", "given twice"});
  refused("1\nLattice=\"6 0 0 0 6 0 0 0 6\" Properties=species:S:1\nNb\n", {"f:2: ", "pos:R:3"});
  refused("1\nLattice=\"6 0 0 0 6 0 0 0 6\" Properties=species:S\nNb\n", {"f:2: ", "triples"});
  refused("1\n" + comment + "\nNb 0 0\n", {"f:3: ", "3 values are met, 4"});
  refused("1\n" + comment + "\nNb 0 0 x\n", {"f:3: ", "\"x\""});
  refused("1\n" + comment + "\nNb 0 0 0\nMo 1.5 1.5 1.5\n", {"f:4: ", "one frame"});
  refused(std::string("\0\xff\x01", 3), {"f:1: "});
}

// Every prefix and many damaged copies of a good file: one error, or a reading of what is still a good file; never more.
TEST(StructureFiles, damaged_files_end_in_one_error) {
  Fixture f;
  std::mt19937 random(3);
  for (const std::string &whole : {extended_xyz(f.configuration), lammps_dump(f.configuration, 0)}) {
    const auto read = [&](const std::string &text) {
      try {
        parse_lattice_species(text, "f", Structure::bcc, {2, 1, 2}, 3.24, {});
      } catch (const DataError &error) {
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      }
    };
    for (std::size_t length = 0; length < whole.size(); ++length) {
      read(whole.substr(0, length));
    }
    for (int i = 0; i < 2000; ++i) {
      std::string text = whole;
      for (int k = 0; k < 3; ++k) {
        text[random() % text.size()] = static_cast<char>(random());
      }
      read(text);
    }
  }
}

TEST(StructureFiles, the_published_configuration) {
  const std::filesystem::path file = test::shared_file("data/nnk/initial.dump");
  if (file.empty()) {
    GTEST_SKIP() << "data/nnk is not beside the repository";
  }
  const std::vector<std::string> elements{"Nb", "Mo", "Ta"};
  const LatticeSpecies read = read_lattice_species(file, Structure::bcc, {8, 8, 8}, 3.24, elements);
  EXPECT_EQ(read.elements, (std::vector<std::string>{"Mo", "Nb", "Ta"}));
  const auto count = [&](int code) { return std::count(read.occupancy.begin(), read.occupancy.end(), code); };
  EXPECT_EQ(count(0), 0);
  EXPECT_EQ(count(2), 341); // Nb
  EXPECT_EQ(count(1), 341); // Mo
  EXPECT_EQ(count(3), 342); // Ta
  expect_error<DataError>(
      [&] {
        read_lattice_species(file, Structure::fcc, {8, 8, 8}, 3.24, elements);
      },
      {"initial.dump", "fcc"});
  expect_error<DataError>(
      [&] {
        read_lattice_species(file, Structure::bcc, {8, 8, 9}, 3.24, elements);
      },
      {"9 cells", "25.92 A"});
}

} // namespace
} // namespace zener
