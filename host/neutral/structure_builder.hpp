// Crystals, alloys, surfaces and defects from a few numbers, and velocities for them. Everything random is drawn by seed and
// by the id of an atom, so that the same numbers give the same atoms in any order.
#pragma once

#include "host/neutral/atoms.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace zener {

class ObjectReader;

// A change of a crystal. Sites are counted from 0 in the crystal before any defect, in the order of build_structure.
struct DefectSpec {
  // "vacancies"             atoms of `sites`, or `count` drawn at random
  // "vacancy_cluster"       `count` vacancies, compact, from the first of `sites` on
  // "dumbbell"              two atoms along <direction> (100, 110, 111) in place of one
  // "crowdion"              an atom more halfway between an atom and its nearest neighbour along <direction>
  // "octahedral", "tetrahedral"   an atom more in a hole beside an atom
  std::string kind;
  std::vector<std::int64_t> sites; // interstitials: one; empty: 0
  std::int64_t count = 1;
  std::string direction = "111";
  std::string element; // of the further atom; empty: that of the site
};

struct SurfaceSpec {
  int axis = 2;           // of the cell, free
  double vacuum_A = 20.0; // added to the cell, half of it on each side
};

// A structure: a file, or a lattice.
struct StructureSpec {
  std::filesystem::path file;
  std::int64_t frame = -1;                // negative counts from the end
  std::vector<std::string> type_elements; // of LAMMPS files that name none

  std::string lattice; // bcc, sc, fcc, diamond, hcp (4 atoms, orthogonal), hcp_primitive (2), omega (3), b2, l12
  double a_A = 0.0;
  double c_over_a = 0.0; // hcp, omega; 0: sqrt(8/3), sqrt(3/8)
  std::array<int, 3> cells{1, 1, 1};
  std::vector<std::string> elements;                       // one, or those of the sublattices of b2 and l12
  std::vector<std::pair<std::string, double>> composition; // parts: a random alloy with exact counts
  // Directions of a cubic crystal along x, y and z, perpendicular to each other; a cell is one such vector long along each.
  std::optional<std::array<std::array<int, 3>, 3>> orientation;
  std::vector<DefectSpec> defects; // in this order
  double displacement_A = 0.0;     // standard deviation of each coordinate
  std::optional<SurfaceSpec> surface;
  std::uint32_t seed = 1;
};

// `count` sites of a crystal from `first` on, none of them marked in `gone`: each next one is nearest to all before it (least
// sum of squares), of those that are as near as a neighbour can be. Throws ConfigError where the crystal has too few.
std::vector<std::size_t> compact_cluster(const Atoms &crystal, std::size_t first, std::size_t count,
                                         std::vector<bool> gone = {});

// Builds or reads it. Throws ConfigError for what cannot be, DataError for the file.
Atoms build_structure(const StructureSpec &spec);

// The keys of an object `structure` (presets/schema/common.schema.json); files are relative to that of the preset. Throws
// ConfigError.
StructureSpec read_structure(ObjectReader &keys, const std::filesystem::path &preset_file, std::uint32_t seed);

// Gaussian displacement of every coordinate.
void displace(Atoms &atoms, double standard_deviation_A, std::uint32_t seed);

// Maxwell-Boltzmann velocities without total momentum; `exact` scales them to T with 3 N - 3 degrees of freedom.
void set_velocities(Atoms &atoms, double temperature_K, std::uint32_t seed, bool exact = true);

// sum m v^2 / (3 N - 3) k.
double kinetic_temperature_K(const Atoms &atoms);

} // namespace zener
