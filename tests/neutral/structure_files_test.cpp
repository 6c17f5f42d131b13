#include "host/neutral/structure_files.hpp"

#include "tests/neutral/support.hpp"

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

} // namespace
} // namespace zener
