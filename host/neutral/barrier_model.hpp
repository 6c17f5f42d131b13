// Barrier models as plain data, read from files and presets, before any device sees them.
#pragma once

#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/site_symmetry.hpp"

#include <array>
#include <filesystem>
#include <optional>
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
  std::vector<Mlp> others; // further members of an ensemble (make_ensemble)
};

// A dense network whose first layer reads species by table and may be tied over a group of operations:
//   h_(j,g) = relu(bias_j + sum_k table[j][site g k][code_k]),   h_j = mean over g,   then `layers`; batch norm folded in.
// With `permutation` of site_operations(group), unit (j, g) reads at its input k the entry of site permutation[g][k].
struct SiteNetwork {
  int sites = 0; // inputs
  int codes = 0; // species and the vacancy (code 0)
  SiteGroup group = SiteGroup::none;
  std::vector<double> table;      // [units][sites][codes]
  std::vector<double> bias;       // [units]
  std::vector<DenseLayer> layers; // from the units on; the last has out = 1

  int units() const { return static_cast<int>(bias.size()); }
};

// One-hot species of the 112 sites of the aligned environment, tied over SiteGroup::axis or not.
struct SiteMlp {
  std::vector<std::string> elements;
  double lattice_constant_A = 0.0;
  SiteNetwork network;
  std::string source;
  std::string file;
  std::vector<SiteMlp> others; // further members of an ensemble (make_ensemble)
};

// 3x3x3 filters on the 9x9x9 voxels of the aligned environment (Xing et al. 2024, supplement 4), batch norm folded in. Valid
// convolutions with ReLU until one voxel is left, then a linear output. Voxel (x, y, z) of a layer of side n stands at
// [(y n + x) n + z], as in the published neuron map. Input channels: the digit code, or one a species (one_hot).
struct Cnn {
  struct Layer {
    int in = 0, out = 0;        // channels
    std::vector<double> weight; // [out][27 (y, x, z)][in]
    std::vector<double> bias;   // [out]
  };
  std::vector<std::string> elements;
  double lattice_constant_A = 0.0;
  bool one_hot = false;
  std::vector<Layer> layers; // four
  DenseLayer output;         // to 1
  std::string source;
  std::string file;
  std::vector<Cnn> others; // further members of an ensemble (make_ensemble)
};

// Barriers with one state energy behind them: E = S + dE/2, detailed balance and the symmetry of the jump by construction.
//   S   `jump` on the sites around the jump (jump_sites(), SiteGroup::jump), the same for the jump and its reverse
//   dE  = F(after) - F(before) + sum_shells sum_k g[shell][B][s_k before] - g[shell][B][s_k after], k without the jumping atom
//   B;
//       F is `state` on the first shells around the vacancy (SiteGroup::vacancy), g = e(B, s) - e(vacancy, s) as in PairKra
struct Consistent {
  std::vector<std::string> elements;
  double lattice_constant_A = 0.0;
  SiteNetwork jump;
  SiteNetwork state;           // sites = sites_of_shells(state_shells)
  int state_shells = 0;        // 0: none
  int pair_shells = 0;         // 0 to 8
  std::vector<double> pair_eV; // [shell][species + 1][species + 1], symmetric; index 0 is the vacancy
  std::string source;
  std::string file;
  std::vector<Consistent> others; // further members of an ensemble (make_ensemble)
};

// The members of an ensemble; a network that is none is its own.
template <class Network> std::vector<const Network *> members_of(const Network &network) {
  std::vector<const Network *> members{&network};
  for (const Network &other : network.others) {
    members.push_back(&other);
  }
  return members;
}

using BarrierModel = std::variant<ConstantBarrier, PairKra, Mlp, SiteMlp, Cnn, Consistent>;

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

// "constant", "pair_kra", "mlp", "site_mlp", "cnn" or "consistent".
std::string kind_name(const BarrierModel &model);

// The environment that a model reads: of three shells around each jump, the 112 sites, unless it is a consistent network with
// more shells of state or pair energy. Models on other lattices than bcc have that of their lattice.
const JumpEnvironment &environment_of(const BarrierModel &model);

// Throws ConfigError, behind `where`, when an environment of the model would meet its own image in a cell.
void check_cells(const BarrierModel &model, Structure structure, const std::array<int, 3> &cells, const std::string &where);

// What all networks have; none for models that are no networks.
struct NetworkFacts {
  const std::vector<std::string> &elements;
  double lattice_constant_A;
  const std::string &file;
};
std::optional<NetworkFacts> network_facts(const BarrierModel &model);

inline constexpr int kMostNetworks = 16; // members of an ensemble

// One model of several networks, in this order: its barriers are their mean, their spread is the standard deviation over them.
// Throws ConfigError, behind `where`, for fewer than 2, more than kMostNetworks, or networks that differ in kind, elements,
// lattice constant or shapes; it names the file and what differs.
BarrierModel make_ensemble(std::vector<BarrierModel> members, const std::string &where);
// 1 for a single network; 0 for models that are no networks.
int ensemble_size(const BarrierModel &model);

// Numbers of a network as a device holds them: tables of tied units stand once for each operation. Of an ensemble, of all
// members.
std::size_t network_numbers(const BarrierModel &model);

} // namespace zener
