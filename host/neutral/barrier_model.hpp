// Barrier models as plain data, read from files and presets, before any device sees them.
#pragma once

#include "host/neutral/lattice_tables.hpp"

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace zener {

struct ConstantBarrier {
  double barrier_eV = 0.0;
};

// Kinetically resolved activation with pair interactions (Van der Ven et al., Phys. Rev. B 64, 184307 (2001)):
//   E_i = migration_eV[jumping species] + (E_final - E_initial) / 2,   E = 1/2 sum_shells sum_ij pair_eV[shell][s_i][s_j].
struct PairKra {
  std::vector<std::string> elements; // species code i + 1 is elements[i]
  std::vector<double> migration_eV;  // [species]
  int shells = 0;                    // 1 to 3
  std::vector<double> pair_eV;       // [shell][species + 1][species + 1], symmetric; index 0 is the vacancy
  std::string source;                // where the numbers come from
  std::string file;                  // path, or the preset that holds them

  double pair(int shell, int a, int b) const {
    const std::size_t n = elements.size() + 1;
    return pair_eV[(static_cast<std::size_t>(shell) * n + static_cast<std::size_t>(a)) * n + static_cast<std::size_t>(b)];
  }
};

// One dense layer, batch norm folded in, in double: y = weight x + bias, then ReLU for every layer but the last.
struct DenseLayer {
  int in = 0;
  int out = 0;
  std::vector<double> weight; // [out][in]
  std::vector<double> bias;   // [out]
};

// A dense network on the neuron map. Input k is the species code of the k-th site of the aligned environment
// (lattice_tables.hpp), so the first layer has in = 112: the columns of voxels that never hold an atom are dropped.
struct Mlp {
  std::vector<std::string> elements; // species code i + 1 is elements[i]
  double lattice_constant_A = 0.0;
  double cutoff_A = 0.0;
  std::vector<DenseLayer> layers; // the last has out = 1
  std::string source;
  std::string file;
};

using BarrierModel = std::variant<ConstantBarrier, PairKra, Mlp>;

// Reads a network from safetensors: tensors layers.N.weight [out,in], layers.N.bias, optionally layers.N.bn.{gamma,beta,mean,
// variance}, output.weight, output.bias in F32 or F64, and metadata element_order, lattice_constant_angstrom,
// image_cutoff_angstrom, voxel_layout, units, bn_epsilon. Folds batch norm in double. Throws DataError naming the file, the
// tensor or key, what was met and what is expected; non-finite numbers are refused.
Mlp read_mlp(const std::filesystem::path &file);

// The smallest barrier that a jump of each species can have in any environment of the given species on a lattice (an exact
// bound: every site of the two neighbourhoods takes its worst species). Includes further vacancies when several_vacancies.
std::vector<double> smallest_barriers(const PairKra &model, Structure structure, bool several_vacancies);

// Throws ConfigError that names the species and the bound when a barrier can be negative (they are never clamped).
void check_barriers_positive(const PairKra &model, Structure structure, bool several_vacancies);

// "constant", "pair_kra" or "mlp".
std::string kind_name(const BarrierModel &model);

} // namespace zener
