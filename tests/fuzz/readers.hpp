// The readers of users' files as the fuzzer and the test of its corpus call them. A new reader is one line of kFuzzedReaders.
#pragma once

#include "host/neutral/atom_files.hpp"
#include "host/neutral/errors.hpp"
#include "kernels/potentials/eam/eam_model.hpp"

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace zener::test {

// What was read must be whole, and come back equal when it is written.
inline void check_frame(const Atoms &atoms) {
  const auto broken = [](const char *what) { throw std::logic_error(what); };
  const std::size_t n = atoms.size();
  const auto fits = [n](std::size_t size) { return size == 0 || size == n; };
  if (n == 0 || atoms.type.size() != n || !fits(atoms.velocity_A_ps.size()) || !fits(atoms.force_eV_A.size()) ||
      !fits(atoms.id.size()) || !fits(atoms.image.size()) || !(volume(atoms.cell) > 0.0)) {
    broken("a frame that was read is not whole");
  }
  const auto symbols = [](const Atoms &frame) {
    std::vector<std::string> out;
    for (const std::int32_t type : frame.type) {
      out.push_back(frame.elements[static_cast<std::size_t>(type)]);
    }
    return out;
  };
  const std::vector<Atoms> again = parse_atoms(extended_xyz_text(atoms), "again.xyz", {});
  if (again.size() != 1 || again[0].position_A != atoms.position_A || symbols(again[0]) != symbols(atoms) ||
      again[0].velocity_A_ps != atoms.velocity_A_ps || again[0].id != atoms.id || again[0].force_eV_A != atoms.force_eV_A ||
      again[0].cell.vectors != atoms.cell.vectors) {
    broken("a frame that was read does not come back equal from extended XYZ");
  }
}

inline void fuzz_atoms(std::string_view text, AtomFormat format) {
  AtomReadOptions options;
  options.format = format;
  const std::string name = "fuzzed";
  if (text.size() % 2 == 1 && format != AtomFormat::extended_xyz) {
    options.type_elements = {"W", "Re", "H"};
  }
  for (const Atoms &atoms : parse_atoms(text, name, options)) {
    check_frame(atoms);
  }
}

struct FuzzedReader {
  const char *name; // of the folder with its corpus
  void (*read)(std::string_view);
};

inline constexpr std::array<FuzzedReader, 7> kFuzzedReaders{{
    {"extended_xyz", [](std::string_view text) { fuzz_atoms(text, AtomFormat::extended_xyz); }},
    {"lammps_data", [](std::string_view text) { fuzz_atoms(text, AtomFormat::lammps_data); }},
    {"lammps_dump", [](std::string_view text) { fuzz_atoms(text, AtomFormat::lammps_dump); }},
    {"poscar", [](std::string_view text) { fuzz_atoms(text, AtomFormat::poscar); }},
    {"any_atoms", [](std::string_view text) { fuzz_atoms(text, AtomFormat::automatic); }},
    {"eam_alloy", [](std::string_view text) { parse_eam(text, "input", false); }},
    {"eam_fs", [](std::string_view text) { parse_eam(text, "input", true); }},
}};

// Reads bytes; an error of the user's data is what is allowed, every other exception leaves.
inline void read_fuzzed(const FuzzedReader &reader, std::string_view bytes) {
  try {
    reader.read(bytes);
  } catch (const DataError &) {
  } catch (const ConfigError &) {
  }
}

} // namespace zener::test
