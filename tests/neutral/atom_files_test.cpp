#include "host/neutral/atom_files.hpp"

#include "tests/neutral/support.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace zener {
namespace {

using test::expect_error;

// 40 atoms of three elements in a tilted cell, with everything a file can hold.
Atoms sample(bool lower_triangular, std::array<bool, 3> periodic = {true, true, true}) {
  std::mt19937 random(3);
  const auto uniform = [&](double low, double high) { return std::uniform_real_distribution<double>(low, high)(random); };
  Atoms atoms;
  atoms.cell.vectors = {Vector3{9.1, 0, 0}, Vector3{0.7, 8.3, 0}, Vector3{-0.4, 1.1, 10.7}};
  if (!lower_triangular) {
    atoms.cell.vectors = {Vector3{8.7, 0.3, -0.2}, Vector3{0.7, 8.3, 1.9}, Vector3{-0.4, 1.1, 10.7}};
  }
  atoms.cell.periodic = periodic;
  atoms.elements = {"W", "Re", "H"};
  for (int i = 0; i < 40; ++i) {
    atoms.type.push_back(i < 3 ? i : static_cast<std::int32_t>(random() % 3));
    atoms.position_A.push_back(times(Vector3{uniform(0, 1), uniform(0, 1), uniform(0, 1)}, atoms.cell.vectors));
    atoms.velocity_A_ps.push_back({uniform(-5, 5), uniform(-5, 5), uniform(-5, 5)});
    atoms.force_eV_A.push_back({uniform(-1, 1), uniform(-1, 1), uniform(-1, 1)});
    atoms.energy_eV.push_back(uniform(-9, -7));
    atoms.image.push_back({static_cast<std::int32_t>(random() % 5) - 2, 0, static_cast<std::int32_t>(random() % 3) - 1});
    atoms.id.push_back(100 + 2 * i);
  }
  atoms.mass_amu = {184.5, 186.21, 2.014};
  atoms.has_energy = true;
  atoms.total_energy_eV = -317.12345678901234;
  atoms.has_virial = true;
  atoms.virial_eV = {Vector3{1.5, 0.1, 0.2}, Vector3{0.1, -2.5, 0.3}, Vector3{0.2, 0.3, 3.5}};
  std::vector<double> q;
  std::vector<std::int64_t> shell;
  std::vector<std::string> words;
  std::vector<std::string> flags;
  for (int i = 0; i < 40; ++i) {
    q.push_back(i == 3 ? 2.0 : uniform(-1, 1));
    shell.push_back(i / 7);
    words.push_back(i % 2 == 0 ? "bulk" : "edge");
    for (int d = 0; d < 3; ++d) {
      flags.push_back(random() % 2 == 0 ? "T" : "F");
    }
  }
  atoms.columns = {{"charge", 1, q}, {"shell", 1, shell}, {"place", 1, words}, {"selective_dynamics", 3, flags}};
  return atoms;
}

std::vector<std::string> symbols(const Atoms &atoms) {
  std::vector<std::string> out;
  for (const std::int32_t type : atoms.type) {
    out.push_back(atoms.elements.at(static_cast<std::size_t>(type)));
  }
  return out;
}

TEST(AtomFiles, extended_xyz_comes_back_equal) {
  for (const std::array<bool, 3> periodic : {std::array{true, true, true}, std::array{true, false, true}}) {
    Atoms atoms = sample(false, periodic);
    atoms.info = {{"step", std::int64_t{12}},
                  {"time_ps", 0.1},
                  {"whole", 3.0},
                  {"flag", true},
                  {"off", false},
                  {"title", std::string("a \"b\" \\ c = d")},
                  {"empty", std::string()},
                  {"two words", std::string("x")},
                  {"k", std::vector<double>{0.5, 1.0, 1e-300}},
                  {"n", std::vector<std::int64_t>{1, -2}},
                  {"one", std::vector<std::int64_t>{7}},
                  {"r", std::vector<double>{7.0}}};
    const std::string text = extended_xyz_text(atoms);
    const std::vector<Atoms> frames = parse_atoms(text + text, "f.xyz");
    ASSERT_EQ(frames.size(), 2U);
    for (const Atoms &read : frames) {
      EXPECT_EQ(read.cell.vectors, atoms.cell.vectors);
      EXPECT_EQ(read.cell.periodic, atoms.cell.periodic);
      EXPECT_EQ(read.elements, atoms.elements);
      EXPECT_EQ(read.type, atoms.type);
      EXPECT_EQ(read.position_A, atoms.position_A);
      EXPECT_EQ(read.velocity_A_ps, atoms.velocity_A_ps);
      EXPECT_EQ(read.force_eV_A, atoms.force_eV_A);
      EXPECT_EQ(read.energy_eV, atoms.energy_eV);
      EXPECT_EQ(read.image, atoms.image);
      EXPECT_EQ(read.id, atoms.id);
      EXPECT_EQ(read.mass_amu, atoms.mass_amu);
      EXPECT_EQ(read.info, atoms.info);
      EXPECT_EQ(read.total_energy_eV, atoms.total_energy_eV);
      EXPECT_EQ(read.virial_eV, atoms.virial_eV);
      ASSERT_EQ(read.columns.size(), atoms.columns.size());
      for (std::size_t c = 0; c < read.columns.size(); ++c) {
        EXPECT_EQ(read.columns[c].name, atoms.columns[c].name);
        EXPECT_EQ(read.columns[c].width, atoms.columns[c].width);
        EXPECT_EQ(read.columns[c].values, atoms.columns[c].values);
      }
    }
    EXPECT_EQ(extended_xyz_text(frames[1]), text);
  }
}

TEST(AtomFiles, extended_xyz_of_other_programs) {
  // Keys in any case, 6 numbers of stress in Voigt's order, momenta, atomic numbers.
  const Atoms a = parse_atoms("1\nlattice=\"2 0 0 0 4 0 0 0 8\" PROPERTIES=Z:I:1:pos:R:3:momenta:R:3 Energy=-1 "
                              "stress=\"1 2 3 4 5 6\" pbc=[T, F, T]\n1 0.1 0.2 0.3 1 2 0\n",
                              "f.xyz")[0];
  EXPECT_EQ(a.elements[0], "H");
  EXPECT_EQ(a.cell.periodic, (std::array{true, false, true}));
  EXPECT_EQ(a.total_energy_eV, -1.0);
  EXPECT_EQ(a.virial_eV, (Matrix3{Vector3{-64, -384, -320}, Vector3{-384, -128, -256}, Vector3{-320, -256, -192}}));
  // 1 sqrt(amu eV) / 1.008 amu: sqrt(1.602176634e-19 J / 1.66053906660e-27 kg) / 1.008.
  EXPECT_NEAR(a.velocity_A_ps[0][0], 9822.694750253277 / 1.008 / 100.0, 1e-9);
  // GPUMD's vel, A/fs; fields without values; brackets; blanks around =.
  const Atoms b =
      parse_atoms("1\nLattice = \"3 0 0 0 3 0 0 0 3\" Properties=species:S:1:pos:R:3:vel:R:3 done v=[1, 2.5] w={3 4} "
                  "t='a b' m=[[1,2],[3,4]]\r\nW 0 0 0 0.001 0 -2\r\n\n\n",
                  "f.xyz")[0];
  EXPECT_EQ(b.velocity_A_ps[0], (Vector3{1.0, 0.0, -2000.0}));
  const std::vector<std::pair<std::string, FrameValue>> info = {{"done", true},
                                                                {"v", std::vector<double>{1.0, 2.5}},
                                                                {"w", std::vector<std::int64_t>{3, 4}},
                                                                {"t", std::string("a b")},
                                                                {"m", std::string("[[1,2],[3,4]]")}};
  EXPECT_EQ(b.info, info);
  // Plain XYZ: free atoms.
  const Atoms c = parse_atoms("2\nwater = wet\nO 0 0 0\nH 1 0 0.5\n", "f.xyz")[0];
  EXPECT_EQ(c.cell.periodic, (std::array{false, false, false}));
  EXPECT_EQ(std::get<std::string>(c.info.at(0).second), "water = wet");
  EXPECT_GT(volume(c.cell), 0.5);
  // A slab as ASE writes it: no vector along the free direction.
  const Atoms d = parse_atoms("2\nLattice=\"3 0 0 0 3 0 0 0 0\" pbc=\"T T F\"\nW 0 0 -4\nW 1 1 3\n", "f.xyz")[0];
  EXPECT_EQ(d.cell.vectors[2], (Vector3{0, 0, 7}));
}

TEST(AtomFiles, bad_extended_xyz) {
  const std::string box = "Lattice=\"9 0 0 0 9 0 0 0 9\" ";
  const auto refused = [](const std::string &text, std::initializer_list<std::string> words) {
    expect_error<DataError>([&] { parse_atoms(text, "f.xyz"); }, words);
  };
  refused("", {"f.xyz"});
  refused("two\n\n", {"f.xyz:1", "two"});
  refused("2\n" + box + "\nW 0 0 0\n", {"f.xyz", "after line 3", "atom 2 of 2"});
  refused("99999999999\n" + box + "\nW 0 0 0\n", {"f.xyz:1", "99999999999", "not whole"});
  refused("1\n" + box + "\nW 0 0\n", {"f.xyz:3", "3 values", "4 columns"});
  refused("1\n" + box + "\nW 0 0 nan\n", {"f.xyz:3", "nan"});
  refused("1\n" + box + "\nW 0 0 1e999\n", {"f.xyz:3", "1e999"});
  refused("1\n" + box + "\nw 0 0 0\n", {"f.xyz:3", "\"w\"", "\"W\""});
  refused("1\n" + box + "lattice=\"9 0 0 0 9 0 0 0 9\"\nW 0 0 0\n", {"f.xyz:2", "twice"});
  refused("1\n" + box + "energy=low\nW 0 0 0\n", {"f.xyz:2", "energy", "low"});
  refused("1\n" + box + "virial=\"1 2 3\"\nW 0 0 0\n", {"virial", "3 numbers", "9"});
  refused("1\n" + box + "virial=\"1 0 0 0 1 0 0 0 1\" stress=\"1 0 0 0 1 0 0 0 1\"\nW 0 0 0\n", {"stress", "-virial / volume"});
  refused("1\n" + box + "pbc=\"T T\"\nW 0 0 0\n", {"pbc"});
  refused("1\npbc=\"T T T\"\nW 0 0 0\n", {"Lattice"});
  refused("1\nLattice=\"1 0 0 2 0 0 0 0 9\"\nW 0 0 0\n", {"plane"});
  refused("1\nLattice=\"1 0 0 0 0 0 0 0 9\"\nW 0 0 0\n", {"direction b", "periodic"});
  refused("1\n" + box + "title=\"a\nW 0 0 0\n", {"closing"});
  refused("1\n" + box + "Properties=species:S:1:pos:R:2\nW 0 0\n", {"pos", "R:3"});
  refused("1\n" + box + "Properties=species:S:1:pos:R:3:q:Q:1\nW 0 0 0 1\n", {"Q", "S, R, I, L"});
  refused("1\n" + box + "Properties=species:S:1\nW\n", {"pos:R:3"});
  refused("1\n" + box + "Properties=species:S:1:pos:R:3:velo:R:3\nW 0 0 0 1 1 1\n", {"velo", "unit", "A/ps"});
  refused("1\n" + box + "Properties=species:S:1:pos:R:3:velo:R:3:momenta:R:3 velo_unit=A/ps\nW 0 0 0 1 1 1 2 2 2\n",
          {"disagree"});
  refused("2\n" + box + "Properties=species:S:1:pos:R:3:id:I:1\nW 0 0 0 1\nW 1 1 1 1\n", {"f.xyz:4", "twice", "line 3"});
  refused("2\n" + box + "Properties=species:S:1:pos:R:3:mass:R:1\nW 0 0 0 180\nW 1 1 1 184\n", {"W", "180", "184"});
  std::string fractions = "9\n" + box + "\n";
  for (int i = 0; i < 9; ++i) {
    fractions += "W 0." + std::to_string(i) + " 0.5 0.25\n";
  }
  refused(fractions, {"f.xyz:3", "fractions", "Cartesian"});
  refused("1\n" + box + "\nW 0 0 0\ngarbage here\n", {"f.xyz:4", "frame 1"});
}

TEST(AtomFiles, frames_are_chosen) {
  std::string text;
  for (int i = 0; i < 5; ++i) {
    text += "1\nLattice=\"3 0 0 0 3 0 0 0 3\" n=" + std::to_string(i) + "\nW 0 0 0\n";
  }
  const auto chosen = [&](std::int64_t first, std::int64_t last) {
    AtomReadOptions options;
    options.first = first;
    options.last = last;
    std::vector<std::int64_t> out;
    for (const Atoms &atoms : parse_atoms(text, "f.xyz", options)) {
      out.push_back(std::get<std::int64_t>(atoms.info[0].second));
    }
    return out;
  };
  EXPECT_EQ(chosen(0, -1), (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(chosen(-2, -1), (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(chosen(1, 1), (std::vector<std::int64_t>{1}));
  expect_error<DataError>([&] { chosen(5, 5); }, {"f.xyz", "5 (0 to 4"});
  expect_error<DataError>([&] { chosen(3, 1); }, {"frames 3 to 1"});
  expect_error<DataError>([&] { chosen(-6, -1); }, {"-6"});
}

TEST(AtomFiles, lammps_forms_come_back_equal) {
  for (const std::array<bool, 3> periodic : {std::array{true, true, true}, std::array{false, true, true}}) {
    const Atoms atoms = sample(true, periodic);
    for (const bool dump : {true, false}) {
      const std::string text = dump ? lammps_dump_text(atoms, 7) : lammps_data_text(atoms);
      const Atoms read = parse_atoms(text, dump ? "f.dump" : "f.data").at(0);
      EXPECT_EQ(read.cell.vectors, atoms.cell.vectors) << text.substr(0, 400);
      EXPECT_EQ(read.cell.periodic, atoms.cell.periodic);
      EXPECT_EQ(symbols(read), symbols(atoms));
      EXPECT_EQ(read.elements, atoms.elements);
      EXPECT_EQ(read.position_A, atoms.position_A);
      EXPECT_EQ(read.velocity_A_ps, atoms.velocity_A_ps);
      EXPECT_EQ(read.image, atoms.image);
      EXPECT_EQ(read.id, atoms.id);
      EXPECT_EQ(read.mass_amu, atoms.mass_amu);
      EXPECT_EQ(read.columns.at(0).name, "charge");
      EXPECT_EQ(read.columns[0].values, atoms.columns[0].values);
      if (dump) {
        EXPECT_EQ(read.force_eV_A, atoms.force_eV_A);
        EXPECT_EQ(read.energy_eV, atoms.energy_eV);
        ASSERT_EQ(read.columns.size(), 4U);
        EXPECT_EQ(read.columns[3].width, 3);
        EXPECT_EQ(read.columns[3].values, atoms.columns[3].values);
        EXPECT_EQ(std::get<std::int64_t>(read.info.at(0).second), 7);
      }
    }
  }
}

// A cell of any orientation is turned: distances, speeds and the angles between forces and bonds stay.
TEST(AtomFiles, lammps_cells_are_turned) {
  for (const bool left_handed : {false, true}) {
    Atoms atoms = sample(false);
    if (left_handed) {
      std::swap(atoms.cell.vectors[0], atoms.cell.vectors[1]);
      for (auto &image : atoms.image) {
        std::swap(image[0], image[1]);
      }
    }
    for (const bool dump : {true, false}) {
      const Atoms read =
          parse_atoms(dump ? lammps_dump_text(atoms, 0) : lammps_data_text(atoms), dump ? "f.dump" : "f.data").at(0);
      EXPECT_EQ(read.cell.vectors[0][1], 0.0);
      EXPECT_EQ(read.cell.vectors[0][2], 0.0);
      EXPECT_EQ(read.cell.vectors[1][2], 0.0);
      EXPECT_NEAR(determinant(read.cell.vectors), volume(atoms.cell), 1e-9);
      const auto unwrapped = [](const Atoms &a, std::size_t i) {
        Vector3 x = times(Vector3{1.0 * a.image[i][0], 1.0 * a.image[i][1], 1.0 * a.image[i][2]}, a.cell.vectors);
        for (std::size_t d = 0; d < 3; ++d) {
          x[d] += a.position_A[i][d];
        }
        return x;
      };
      const auto dot = [](const Vector3 &x, const Vector3 &y) { return x[0] * y[0] + x[1] * y[1] + x[2] * y[2]; };
      const auto minus = [](const Vector3 &x, const Vector3 &y) { return Vector3{x[0] - y[0], x[1] - y[1], x[2] - y[2]}; };
      for (std::size_t i = 1; i < atoms.size(); ++i) {
        const Vector3 old_bond = minus(unwrapped(atoms, i), unwrapped(atoms, i - 1));
        const Vector3 new_bond = minus(unwrapped(read, i), unwrapped(read, i - 1));
        EXPECT_NEAR(dot(old_bond, old_bond), dot(new_bond, new_bond), 1e-9);
        EXPECT_NEAR(dot(old_bond, atoms.velocity_A_ps[i]), dot(new_bond, read.velocity_A_ps[i]), 1e-9);
        if (dump) {
          EXPECT_NEAR(dot(old_bond, atoms.force_eV_A[i]), dot(new_bond, read.force_eV_A[i]), 1e-9);
        }
      }
    }
  }
}

TEST(AtomFiles, dumps_of_other_programs) {
  const std::string head = "ITEM: TIMESTEP\n5\nITEM: NUMBER OF ATOMS\n2\n";
  // Tilted: bounds of the box around it. Fractions of the tilted box, sorted by id.
  const Atoms a =
      parse_atoms(head + "ITEM: BOX BOUNDS xy xz yz pp ff pp\n-1.5 6 1\n1 7 -0.5\n2 12 1.5\nITEM: ATOMS id type xs ys "
                         "zs ix iy iz c_q\n9 2 0.5 0 0 0 0 1 0.5\n3 1 0 0.5 0.5 0 1 0 2\n",
                  "f.dump", {AtomFormat::automatic, {"W", "Ta"}, 0, -1})[0];
  // xlo = -1.5 - min(0, 1, -0.5, 0.5) = -1, xhi = 6 - max(0, 1, -0.5, 0.5) = 5; ylo = 1, yhi = 5.5.
  EXPECT_EQ(a.cell.vectors, (Matrix3{Vector3{6, 0, 0}, Vector3{1, 4.5, 0}, Vector3{-0.5, 1.5, 10}}));
  EXPECT_EQ(a.cell.periodic, (std::array{true, false, true}));
  EXPECT_EQ(a.id, (std::vector<std::int64_t>{3, 9}));
  EXPECT_EQ(symbols(a), (std::vector<std::string>{"W", "Ta"}));
  EXPECT_EQ(a.position_A[1], (Vector3{2, 1, 2}));
  EXPECT_EQ(a.position_A[0], (Vector3{-1 + 0.5 - 0.25, 1 + 2.25 + 0.75, 2 + 5}));
  EXPECT_EQ(a.image[1], (std::array<std::int32_t, 3>{0, 0, 1}));
  EXPECT_EQ(std::get<std::vector<double>>(a.columns.at(0).values), (std::vector<double>{2, 0.5}));
  // Unwrapped coordinates beside wrapped ones, units, time, a frame after the other.
  const std::string frame = "ITEM: UNITS\nmetal\nITEM: TIME\n0.25\n" + head +
                            "ITEM: BOX BOUNDS pp pp pp\n0 3\n0 3\n0 3\nITEM: ATOMS element x y z xu yu zu\nW 1 1 1 4 1 -2\nH "
                            "0 0 0 0 0 0\n";
  const std::vector<Atoms> b = parse_atoms(frame + frame, "f.dump");
  ASSERT_EQ(b.size(), 2U);
  EXPECT_EQ(b[1].position_A[0], (Vector3{4, 1, -2}));
  EXPECT_TRUE(b[1].columns.empty());
  EXPECT_EQ(std::get<double>(b[0].info.at(0).second), 0.25);
}

TEST(AtomFiles, bad_dumps) {
  const auto refused = [](const std::string &text, std::initializer_list<std::string> words) {
    expect_error<DataError>([&] { parse_atoms(text, "f.dump"); }, words);
  };
  const std::string step = "ITEM: TIMESTEP\n5\n";
  const std::string atoms = "ITEM: NUMBER OF ATOMS\n1\n";
  const std::string box = "ITEM: BOX BOUNDS pp pp pp\n0 3\n0 3\n0 3\n";
  const std::string columns = "ITEM: ATOMS id type element x y z\n";
  const std::string atom = "1 1 W 0 0 0\n";
  EXPECT_EQ(parse_atoms(step + atoms + box + columns + atom, "f.dump").size(), 1U);
  refused("hello\n", {"f.dump:1", "hello", "ITEM"});
  refused(step + atoms + box, {"f.dump", "after line 8", "ITEM: ATOMS"});
  refused(step + atoms + box + columns, {"after line 9", "atom 1 of 1"});
  refused(step + box + columns + atom, {"f.dump", "NUMBER OF ATOMS"});
  refused(step + atoms + columns + atom, {"BOX BOUNDS"});
  refused("ITEM: UNITS\nreal\n" + step + atoms + box + columns + atom, {"f.dump:2", "real", "metal"});
  refused(step + atoms + "ITEM: BOX BOUNDS pp pp xx\n0 3\n0 3\n0 3\n" + columns + atom, {"f.dump:5", "z", "xx"});
  refused(step + atoms + "ITEM: BOX BOUNDS pp pp pp\n0 3\n0 3\n3 3\n" + columns + atom, {"z", "not above"});
  refused(step + atoms + box + "ITEM: ATOMS id type x y z\n1 1 0 0 0\n", {"element", "elements"});
  refused(step + atoms + box + "ITEM: ATOMS id x y z\n1 0 0 0\n", {"element", "type"});
  refused(step + atoms + box + "ITEM: ATOMS id element vx\n1 W 0\n", {"x y z"});
  refused(step + atoms + box + "ITEM: ATOMS element x y z x\nW 0 0 0 0\n", {"\"x\"", "twice"});
  refused(step + "ITEM: NUMBER OF ATOMS\n2\n" + box + columns + atom + atom, {"f.dump:11", "twice"});
  refused(step + "ITEM: NUMBER OF ATOMS\n123456789\n" + box + columns + atom, {"f.dump:4", "not whole"});
  refused(step + atoms + box + columns + "1 1 Q 0 0 0\n", {"f.dump:10", "\"Q\""});
}

TEST(AtomFiles, data_of_other_programs) {
  const std::string head =
      "some title\n\n2 atoms\n1 bonds\n2 atom types\n1 bond types\n\n-1 3 xlo xhi\n0 4 ylo yhi # box\n0 4 zlo "
      "zhi\n0.5 0 0 xy xz yz\n\n";
  const std::string masses = "Masses\n\n2 1.008 # H\n1 183.84 # W the metal\n\n";
  const Atoms a = parse_atoms(head + masses +
                                  "Pair Coeffs # eam\n\n1 0.5 1\n2 1 1\n\nAtoms # full\n\n2 1 1 0.5 3 1 1 0 0 -1\n1 1 "
                                  "2 -0.5 0 0 0 1 0 0\n\nVelocities\n\n1 1 2 3\n2 4 5 6\n\nBonds\n\n1 1 1 2\n",
                              "f.data")[0];
  EXPECT_EQ(symbols(a), (std::vector<std::string>{"H", "W"}));
  EXPECT_EQ(a.position_A[0], (Vector3{0, 0, 0}));
  EXPECT_EQ(a.velocity_A_ps[1], (Vector3{4, 5, 6}));
  EXPECT_EQ(a.image[0][0], 1);
  EXPECT_EQ(a.cell.vectors[1], (Vector3{0.5, 4, 0}));
  EXPECT_TRUE(a.mass_amu.empty()); // those of the elements
  EXPECT_EQ(std::get<std::vector<double>>(a.columns.at(1).values), (std::vector<double>{-0.5, 0.5}));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(a.columns.at(0).values), (std::vector<std::int64_t>{1, 1}));
  // Without a style five columns are atomic; elements are given; labels of types.
  const std::string atoms = "Atoms\n\n1 1 0 0 0\n2 2 1 1 1\n";
  EXPECT_EQ(symbols(parse_atoms(head + atoms, "f.data", {AtomFormat::automatic, {"Fe", "C"}, 0, -1})[0]),
            (std::vector<std::string>{"Fe", "C"}));
  EXPECT_EQ(
      symbols(parse_atoms(head + "Atom Type Labels\n\n1 Cr\n2 Ni\n\nAtoms # atomic\n\n1 Ni 0 0 0\n2 Cr 1 1 1\n", "f.data")[0]),
      (std::vector<std::string>{"Ni", "Cr"}));
  const auto refused = [](const std::string &text, std::initializer_list<std::string> words) {
    expect_error<DataError>([&] { parse_atoms(text, "f.data"); }, words);
  };
  refused(head + atoms, {"which element type 1"});
  refused(head + masses + "Atoms\n\n1 1 1 0 0 0\n", {"style", "charge"});
  refused(head + masses + "Atoms # sphere\n\n1 1 1 0 0 0\n", {"sphere", "atomic"});
  refused(head + masses + "Atoms # atomic\n\n1 1 0 0 0\n", {"1 atoms", "2 are announced"});
  refused(head + masses + "Atoms # atomic\n\n1 1 0 0 0\n1 1 1 0 0\n", {"twice"});
  refused(head + masses + "Atoms # atomic\n\n1 3 0 0 0\n", {"type", "\"3\"", "1 to 2"});
  refused(head + masses + "Atoms # atomic\n\n1 1 0 0 0\n2 1 1 0 0 0 0 0\n", {"image flags"});
  refused(head + masses + "Atoms # atomic\n\n1 1 0 0 0\n2 1 1 0 0\n\nVelocities\n\n1 0 0 0\n", {"no atom 2"});
  refused("t\n\n1 atoms\n1 atom types\n0 1 xlo xhi\n0 1 ylo yhi\n\nAtoms\n\n1 1 0 0 0\n", {"zlo"});
  refused("LAMMPS data file, units = real\n\n1 atoms\n", {"real", "metal"});
  refused("t\n\n1 atoms\nfoo bar\n", {"f.data:4", "foo bar"});
}

TEST(AtomFiles, poscar_comes_back_equal) {
  for (const bool grouped : {true, false}) {
    Atoms atoms = sample(false, {true, true, false});
    atoms.id.clear();
    if (grouped) {
      std::sort(atoms.type.begin(), atoms.type.end());
    }
    const std::string text = poscar_text(atoms);
    EXPECT_EQ(text.find('#') == std::string::npos, grouped);
    const Atoms read = parse_atoms(text, "POSCAR").at(0);
    EXPECT_EQ(read.cell.vectors, atoms.cell.vectors);
    EXPECT_EQ(read.cell.periodic, atoms.cell.periodic);
    EXPECT_EQ(symbols(read), symbols(atoms));
    EXPECT_EQ(read.position_A, atoms.position_A);
    EXPECT_EQ(read.velocity_A_ps, atoms.velocity_A_ps);
    EXPECT_TRUE(read.id.empty());
    EXPECT_EQ(read.columns.at(0).values, atoms.columns[3].values);
  }
}

TEST(AtomFiles, poscar_of_vasp) {
  const std::string cell = "1 0 0\n0 1 0\n0 0 2\n";
  // A negative scale is a volume: 54 = 27 * 2.
  const Atoms a = parse_atoms("t\n-54\n" + cell +
                                  "W_pv C\n1 1\nSelective dynamics\nDirect\n0.5 0 0 T F T\n0.25 0.25 0.25 F F F W\n\n"
                                  "1e-3 0 0\n0 -2.5 0\n\n0 0 0\n",
                              "POSCAR")[0];
  EXPECT_NEAR(a.cell.vectors[2][2], 6.0, 1e-12);
  EXPECT_NEAR(a.position_A[1][2], 1.5, 1e-12);
  EXPECT_EQ(symbols(a), (std::vector<std::string>{"W", "C"}));
  EXPECT_EQ(a.velocity_A_ps[0], (Vector3{1, 0, 0}));
  EXPECT_EQ(a.velocity_A_ps[1], (Vector3{0, -2500, 0}));
  // VASP 4, Cartesian coordinates are scaled too.
  const Atoms b = parse_atoms("t\n2\n" + cell + "1 1\nCartesian\n0.5 0 0\n0.25 0.25 0.25\n", "POSCAR",
                              {AtomFormat::automatic, {"Fe", "C"}, 0, -1})[0];
  EXPECT_EQ(b.position_A[0], (Vector3{1, 0, 0}));
  const auto refused = [](const std::string &text, std::initializer_list<std::string> words) {
    expect_error<DataError>([&] { parse_atoms(text, "POSCAR"); }, words);
  };
  refused("t\n2\n" + cell + "1 1\nCartesian\n0.5 0 0\n0.25 0.25 0.25\n", {"POSCAR:6", "VASP 4"});
  refused("t\n0\n" + cell + "W\n1\nDirect\n0 0 0\n", {"POSCAR:2", "zero"});
  refused("t\n1\n" + cell + "W\n1 1\nDirect\n0 0 0\n", {"2 numbers", "1 species"});
  refused("t\n1\n" + cell + "W\n2\nDirect\n0 0 0\n", {"atom 2 of 2"});
  refused("t\n1\n" + cell + "W\n2000000\nDirect\n0 0 0\n", {"not whole"});
  refused("t\n1\n" + cell + "W\n1\nReciprocal\n0 0 0\n", {"Reciprocal", "Direct"});
  refused("t\n1\n1 0 0\n2 0 0\n0 0 1\nW\n1\nDirect\n0 0 0\n", {"plane"});
  refused("t\n1\n" + cell + "W\n1\nDirect\n0 0 0\nDirect\n1 0 0\n", {"per time step"});
}

TEST(AtomFiles, formats_are_found_by_name_and_content) {
  const test::TemporaryFolder folder;
  const Atoms atoms = sample(true);
  const std::vector<Atoms> one{atoms};
  for (const char *name : {"a.xyz", "a.extxyz", "a.data", "a.lmp", "a.dump", "a.lammpstrj", "a.vasp", "POSCAR", "CONTCAR_2"}) {
    write_atoms(folder / name, one);
    EXPECT_EQ(read_atoms(folder / name).at(0).size(), atoms.size()) << name;
    const std::string text = test::bytes_of(folder / name);
    EXPECT_EQ(parse_atoms(text, "unknown").at(0).size(), atoms.size()) << name;
  }
  const std::vector<Atoms> two{atoms, atoms};
  write_atoms(folder / "b.dump", two);
  EXPECT_EQ(read_atoms(folder / "b.dump").size(), 2U);
  expect_error<DataError>([&] { write_atoms(folder / "b.data", two); }, {"b.data", "2 frames"});
  expect_error<DataError>([&] { write_atoms(folder / "b", one); }, {".xyz"});
  expect_error<DataError>([&] { parse_atoms("no format\nat all\n", "f"); }, {"f:", "extended XYZ"});
}

// Any truncation and any damage gives frames or one clear error.
TEST(AtomFiles, damage_is_survived) {
  std::mt19937 random(5);
  const Atoms atoms = sample(true);
  const std::vector<std::pair<std::string, std::string>> files = {{"f.xyz", extended_xyz_text(atoms)},
                                                                  {"f.data", lammps_data_text(atoms)},
                                                                  {"f.dump", lammps_dump_text(atoms, 3)},
                                                                  {"POSCAR", poscar_text(atoms)}};
  for (const auto &[name, text] : files) {
    for (int i = 0; i < 400; ++i) {
      const std::string bytes = i % 2 == 0 ? test::damaged(text, random) : text.substr(0, random() % text.size());
      try {
        parse_atoms(bytes, name);
      } catch (const DataError &error) {
        EXPECT_EQ(std::string(error.what()).find(name), 0U) << error.what();
      }
    }
  }
}

TEST(AtomFiles, reference_structures_are_read) {
  const std::filesystem::path file = test::shared_file("data/structures/nep_unep_v1_dev.xyz");
  if (file.empty()) {
    GTEST_SKIP() << "no shared data";
  }
  const std::vector<Atoms> frames = read_atoms(file);
  ASSERT_EQ(frames.size(), 6U);
  EXPECT_EQ(frames[0].elements, (std::vector<std::string>{"Ti"}));
  EXPECT_EQ(frames[0].total_energy_eV, -416.94038023438424);
  EXPECT_EQ(frames[0].virial_eV[0][1], -1.0672063949466148);
  EXPECT_EQ(frames[0].force_eV_A[0][0], -0.21791551020967609);
}

} // namespace
} // namespace zener
