// Lattice configurations as extended XYZ (the form that ASE writes) and LAMMPS dump text, written and read; both open in OVITO.
#pragma once

#include "host/neutral/lattice_tables.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace zener {

// A value for each site that goes out as a column, to colour by.
struct SiteColumn {
  std::string name;                                                    // a letter, then letters, digits or _
  std::variant<std::vector<double>, std::vector<std::int64_t>> values; // [site]
};

using InfoValue = std::variant<double, std::int64_t, std::string>;

// A periodic lattice. A site lies at its coordinates (site_coordinates in lattice_tables.hpp) times a/2 (sc: a), and goes out
// as the atom with id site + 1, so that an id names a place in every file of a run.
struct LatticeConfiguration {
  Structure structure = Structure::bcc;
  std::array<int, 3> cells{};
  double lattice_constant_A = 0.0;
  std::vector<std::string> elements;                   // species code i + 1 is elements[i]; code 0 is a vacancy
  std::span<const std::uint8_t> occupancy;             // [site]
  std::vector<std::pair<std::string, InfoValue>> info; // extended XYZ only: Time_s, Temperature_K, …
  std::vector<SiteColumn> columns;
  bool show_vacancies = false; // as species "X" (in a dump: the type after the last element)
};

// The text of a file. Throw InvariantError when sizes, codes or names are wrong.
std::string extended_xyz(const LatticeConfiguration &configuration);
std::string lammps_dump(const LatticeConfiguration &configuration, std::int64_t timestep);

// Write atomically; DataError when the disk refuses.
void write_extended_xyz(const std::filesystem::path &file, const LatticeConfiguration &configuration);
void write_lammps_dump(const std::filesystem::path &file, const LatticeConfiguration &configuration, std::int64_t timestep);

// What a file says stands on the sites of a lattice.
struct LatticeSpecies {
  std::vector<std::string> elements;   // those that occur, alphabetical
  std::vector<std::uint8_t> occupancy; // [site], 0: no atom, i + 1: elements[i]
};

// Reads one frame of extended XYZ (species "X" and "Va" are vacancies) or LAMMPS dump text (columns element or type, of which
// type i is type_elements[i - 1]; x y z, wrapped, unwrapped or scaled), told apart by the first word. The box must be periodic,
// orthogonal and that of the cells within 1e-3 of its lengths; positions are taken from its corner. Every atom belongs to the
// nearest site, at most 0.3 distances of nearest neighbours away, alone. Throws DataError with file, line and what is wrong.
LatticeSpecies read_lattice_species(const std::filesystem::path &file, Structure structure, const std::array<int, 3> &cells,
                                    double lattice_constant_A, std::span<const std::string> type_elements);
// The same for a text; `name` stands for the file in messages.
LatticeSpecies parse_lattice_species(std::string_view text, const std::string &name, Structure structure,
                                     const std::array<int, 3> &cells, double lattice_constant_A,
                                     std::span<const std::string> type_elements);

} // namespace zener
