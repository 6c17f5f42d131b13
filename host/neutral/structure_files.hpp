// Lattice configurations as extended XYZ (the form that ASE writes) and LAMMPS dump text; both open in OVITO.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
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

// A periodic bcc lattice. Site ((cx * ny + cy) * nz + cz) * 2 + b lies at a (c + b (1/2, 1/2, 1/2)) and goes out as the atom
// with id site + 1, so that an id names a place in every file of a run.
struct LatticeConfiguration {
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

} // namespace zener
