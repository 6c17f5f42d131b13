// Files of atoms: extended XYZ, LAMMPS data, LAMMPS dump text, POSCAR. Readers refuse what they do not understand with file,
// line and reason (DataError); they never guess.
#pragma once

#include "host/neutral/atoms.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zener {

enum class AtomFormat { automatic, extended_xyz, lammps_data, lammps_dump, poscar };

struct AtomReadOptions {
  AtomFormat format =
      AtomFormat::automatic; // by name (.xyz .extxyz .data .lmp .dump .lammpstrj .vasp POSCAR CONTCAR), else by content
  std::vector<std::string> type_elements; // elements of the types 1, 2, … of LAMMPS files that name none
  std::int64_t first = 0, last = -1;      // frames; negative counts from the end
};

// All frames asked for. At least one, each with at least one atom.
std::vector<Atoms> read_atoms(const std::filesystem::path &file, const AtomReadOptions &options = {});
// The same for a text; `name` stands for the file in messages.
std::vector<Atoms> parse_atoms(std::string_view text, const std::string &name, const AtomReadOptions &options = {});

// The text of one frame.
std::string extended_xyz_text(const Atoms &atoms);
std::string lammps_data_text(const Atoms &atoms);
std::string lammps_dump_text(const Atoms &atoms, std::int64_t timestep);
std::string poscar_text(const Atoms &atoms);

// All frames into one file, atomically; the format by name as above. LAMMPS data and POSCAR take one frame.
void write_atoms(const std::filesystem::path &file, std::span<const Atoms> frames, AtomFormat format = AtomFormat::automatic);

} // namespace zener
