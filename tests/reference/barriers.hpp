// Barrier models, slow and plain: energies of whole lattices, and the network on the 9 x 9 x 9 voxels of the paper.
#pragma once

#include "host/neutral/barrier_model.hpp"
#include "tests/reference/lattice.hpp"
#include "tests/reference/philox.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace zener::reference {

using Codes = std::array<std::uint8_t, 112>;
using Barriers = std::array<double, 8>;

// E = 1/2 sum over shells, sites and neighbours of pair_eV, in eV.
double total_energy(const PairKra &model, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy);

// Barriers of the vacancy at `site` by the energies of the lattice before and after each jump.
Barriers pair_barriers(const PairKra &model, const Lattice &lattice, const std::vector<std::uint8_t> &occupancy, int site);

// A network on voxels: y = weight x + bias with relu on all layers but the last; layer 0 has in = 729.
struct VoxelNet {
  std::vector<DenseLayer> layers;
};

// Random weights that are exact in every precision. widths: of the hidden layers. Barriers come out near 1 eV.
VoxelNet random_net(Sequence &random, const std::vector<int> &widths);

// The network that the program reads: columns of voxels that hold no atom dropped, the others in the order of environment().
Mlp to_mlp(const VoxelNet &net, const std::vector<std::string> &elements);

struct BoundedBarriers {
  Barriers value; // evaluated in double
  Barriers bound; // on the difference to an evaluation with the given unit roundoff
};

// Voxel 81 (y + 4) + 9 (x + 4) + z + 4 holds the code of the atom whose aligned offset is (x, y, z); all others hold 0.
// The bound is 8 standard deviations with the roundings as independent random numbers (Higham and Mary, SIAM J. Sci. Comput.
// 41, A2815 (2019), doi:10.1137/18M1226312): n of them of size u times the partial sums in an output, in quadrature with what
// came in, weighted.
BoundedBarriers voxel_barriers(const VoxelNet &net, const Codes &codes, double unit_roundoff);

// The same numbers as one chain of fused multiply-adds an output, from the bias, over inputs in order, in float or double.
Barriers chain_barriers_float(const Mlp &net, const Codes &codes);
Barriers chain_barriers_double(const Mlp &net, const Codes &codes);

// A random environment of atoms (no vacancy).
Codes random_codes(Sequence &random, int species);

} // namespace zener::reference
