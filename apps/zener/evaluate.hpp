// The commands evaluate and potentials.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zener {

struct EvaluateOptions {
  std::filesystem::path potential; // JSON
  std::filesystem::path structure;
  std::filesystem::path out; // empty: standard output
  std::string precision = "double";
  std::vector<std::string> elements; // of the types of LAMMPS files
  std::string device = "auto";
  int threads = 0;
};

// Energy, forces, energies of atoms, virial (W_ab = -dE/d strain_ab, eV, positive under compression) and stress (-W/V, eV/A^3)
// of every frame, as extended XYZ that reads back exactly. Throws ConfigError (an element that the potential lacks) and
// DataError (files; atoms on top of each other, flat cells, forces that are not finite) with the frame.
void evaluate_structures(const EvaluateOptions &options);

// The kinds of potentials, what they are and what they read.
std::string describe_potentials();

} // namespace zener
