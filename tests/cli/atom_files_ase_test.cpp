// Files of atoms against the programs they are made for: ASE and LAMMPS read what is written, and what they write is read.
#include "host/neutral/atom_files.hpp"
#include "host/neutral/elements.hpp"
#include "tests/cli/program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <random>

namespace zener::test {
namespace {

// Positions inside a cell in LAMMPS's form.
Atoms sample() {
  std::mt19937 random(8);
  const auto uniform = [&](double low, double high) { return std::uniform_real_distribution<double>(low, high)(random); };
  Atoms atoms;
  atoms.cell.vectors = {Vector3{9.1, 0, 0}, Vector3{0.7, 8.3, 0}, Vector3{-0.4, 1.1, 10.7}};
  atoms.elements = {"W", "Ta"};
  for (int i = 0; i < 30; ++i) {
    atoms.type.push_back(i < 17 ? 0 : 1);
    atoms.position_A.push_back(times(Vector3{uniform(0, 1), uniform(0, 1), uniform(0, 1)}, atoms.cell.vectors));
    atoms.velocity_A_ps.push_back({uniform(-5, 5), uniform(-5, 5), uniform(-5, 5)});
    atoms.force_eV_A.push_back({uniform(-1, 1), uniform(-1, 1), uniform(-1, 1)});
    atoms.id.push_back(i + 1);
  }
  atoms.has_energy = true;
  atoms.total_energy_eV = -317.12345678901234;
  atoms.has_virial = true;
  atoms.virial_eV = {Vector3{1.5, 0.1, 0.2}, Vector3{0.1, -2.5, 0.3}, Vector3{0.2, 0.3, 3.5}};
  atoms.info = {{"time_ps", 0.5}};
  return atoms;
}

void expect_same(const Atoms &a, const Atoms &b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a.elements[static_cast<std::size_t>(a.type[i])], b.elements[static_cast<std::size_t>(b.type[i])]);
    for (std::size_t d = 0; d < 3; ++d) {
      EXPECT_NEAR(a.position_A[i][d], b.position_A[i][d], tolerance) << i;
    }
  }
  for (std::size_t k = 0; k < 9; ++k) {
    EXPECT_NEAR(a.cell.vectors[k / 3][k % 3], b.cell.vectors[k / 3][k % 3], tolerance) << k;
  }
}

void expect_vectors(const std::vector<Vector3> &a, const std::vector<Vector3> &b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < 3 * a.size(); ++i) {
    EXPECT_NEAR(a[i / 3][i % 3], b[i / 3][i % 3], tolerance) << i;
  }
}

TEST(AtomFilesOfOthers, ase) {
  const std::string python = python_with({"numpy", "ase"});
  if (python.empty()) {
    GTEST_SKIP() << "no Python with numpy and ase";
  }
  const TemporaryFolder folder;
  const Atoms atoms = sample();
  const std::vector<Atoms> one{atoms};
  for (const char *name : {"zener.xyz", "zener.dump", "zener.data", "POSCAR"}) {
    write_atoms(folder / name, one);
  }
  nlohmann::json reference = {{"cell_A", atoms.cell.vectors},       {"pbc", atoms.cell.periodic},
                              {"position_A", atoms.position_A},     {"velocity_A_ps", atoms.velocity_A_ps},
                              {"force_eV_A", atoms.force_eV_A},     {"virial_eV", atoms.virial_eV},
                              {"energy_eV", atoms.total_energy_eV}, {"id", atoms.id},
                              {"elements", atoms.elements}};
  for (const std::int32_t type : atoms.type) {
    const std::string &element = atoms.elements[static_cast<std::size_t>(type)];
    reference["species"].push_back(element);
    reference["mass_amu"].push_back(atomic_mass_amu(*atomic_number(element)));
  }
  put_bytes(folder / "reference.json", reference.dump());
  const std::string script = std::string(ZENER_SOURCE_DIR) + "/tests/python/atoms_with_ase.py";
  const Outcome outcome =
      Program(folder.path(), {"/usr/bin/env", python, script, folder.path().string()}, {{"PYTHONDONTWRITEBYTECODE", "1"}})
          .wait(120.0);
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;

  const std::vector<Atoms> frames = read_atoms(folder / "ase.xyz");
  ASSERT_EQ(frames.size(), 2U);
  expect_same(frames[1], atoms, 1e-8); // ASE writes eight digits
  expect_vectors(frames[1].force_eV_A, atoms.force_eV_A, 1e-8);
  expect_vectors(frames[1].velocity_A_ps, atoms.velocity_A_ps, 1e-6);
  EXPECT_NEAR(frames[1].total_energy_eV, atoms.total_energy_eV, 1e-8);
  for (std::size_t k = 0; k < 9; ++k) {
    EXPECT_NEAR(frames[1].virial_eV[k / 3][k % 3], atoms.virial_eV[k / 3][k % 3], 1e-7);
  }
  AtomReadOptions elements;
  elements.type_elements = atoms.elements;
  const Atoms data = read_atoms(folder / "ase.data", elements).at(0);
  expect_same(data, atoms, 1e-7);
  expect_vectors(data.velocity_A_ps, atoms.velocity_A_ps, 1e-5);
  expect_same(read_atoms(folder / "ase.vasp").at(0), atoms, 1e-10);
  Atoms moved = atoms;
  for (std::size_t d = 0; d < 3; ++d) {
    moved.position_A[0][d] += atoms.cell.vectors[0][d];
  }
  expect_same(read_atoms(folder / "ase_direct.vasp").at(0), moved, 1e-10);
}

TEST(AtomFilesOfOthers, lammps) {
  const TemporaryFolder folder;
  if (Program(folder.path(), {"/usr/bin/env", "lmp", "-h"}).wait(60.0).code != 0) {
    GTEST_SKIP() << "no LAMMPS (lmp)";
  }
  for (const bool slab : {false, true}) {
    Atoms atoms = sample();
    atoms.cell.periodic[2] = !slab;
    atoms.cell.vectors[2] = slab ? Vector3{0, 0, 4.0} : atoms.cell.vectors[2]; // some atoms lie outside
    atoms.image.assign(atoms.size(), {1, 0, slab ? 0 : -2});
    const std::vector<Atoms> one{atoms};
    write_atoms(folder / "zener.data", one);
    put_bytes(folder / "in", std::string("units metal\nboundary p p ") + (slab ? "f" : "p") +
                                 "\natom_style atomic\nread_data zener.data\npair_style zero 3.0\npair_coeff * *\nrun 0\n"
                                 "write_dump all custom lmp.dump id type xu yu zu vx vy vz element modify element W Ta format "
                                 "float %.17g\nwrite_dump all custom lmp_s.dump id type xs ys zs ix iy iz modify format float "
                                 "%.17g sort id\nwrite_data lmp.data\n");
    const Outcome outcome = Program(folder.path(), {"/usr/bin/env", "lmp", "-in", "in", "-screen", "none"}).wait(120.0);
    ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err << bytes_of(folder / "log.lammps");
    std::vector<Vector3> unwrapped;
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      const Vector3 shift = times(Vector3{1.0, 0.0, slab ? 0.0 : -2.0}, atoms.cell.vectors);
      unwrapped.push_back(
          {atoms.position_A[i][0] + shift[0], atoms.position_A[i][1] + shift[1], atoms.position_A[i][2] + shift[2]});
    }
    const auto all = [](const Atoms &a) {
      std::vector<Vector3> x = a.position_A;
      for (std::size_t i = 0; i < a.image.size(); ++i) {
        const Vector3 shift = times(Vector3{1.0 * a.image[i][0], 1.0 * a.image[i][1], 1.0 * a.image[i][2]}, a.cell.vectors);
        for (std::size_t d = 0; d < 3; ++d) {
          x[i][d] += shift[d];
        }
      }
      return x;
    };
    const Atoms dump = read_atoms(folder / "lmp.dump").at(0);
    EXPECT_EQ(dump.cell.periodic, atoms.cell.periodic);
    EXPECT_EQ(dump.id, atoms.id);
    expect_vectors(dump.position_A, unwrapped, 1e-12);
    expect_vectors(dump.velocity_A_ps, atoms.velocity_A_ps, 1e-12);
    if (!slab) {
      expect_vectors({dump.cell.vectors.begin(), dump.cell.vectors.end()},
                     {atoms.cell.vectors.begin(), atoms.cell.vectors.end()}, 1e-12);
    }
    AtomReadOptions elements;
    elements.type_elements = atoms.elements;
    expect_vectors(all(read_atoms(folder / "lmp_s.dump", elements).at(0)), unwrapped, 1e-12);
    const Atoms data = read_atoms(folder / "lmp.data", elements).at(0);
    expect_vectors(all(data), unwrapped, 1e-12);
    expect_vectors(data.velocity_A_ps, atoms.velocity_A_ps, 1e-12);
  }
}

} // namespace
} // namespace zener::test
