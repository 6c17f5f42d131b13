// Linear models of jump barriers and energies, fitted by least squares: the cluster-expansion baseline beside a network (Xing
// et al., Nat. Commun. 15, 3879 (2024), supplement 6).
//
// pair_kra: a migration energy for each element and pair energies of 1 to 3 shells (PairKra in barrier_model.hpp). The barriers
//   fix the pair energies up to a gauge: adding f(a) + f(b) to every pair of a shell changes no barrier.
// clusters: for each jumping element its own expansion, E = c + sum over points c(orbit, s) + sum over pairs c(orbit, s, t), in
//   the species of the sites around the jump (point and pair clusters of a local cluster expansion, Van der Ven et al., Phys.
//   Rev. B 64, 184307 (2001)). Sites and pairs of sites are gathered in orbits under the 6 operations that keep vacancy and
//   jumping atom where they are (permutations of x, y, z when the jump is along (1,1,1)). The last element is the reference,
//   whose coefficients are 0.
// energies: E = sum over sites e(s) + sum over shells and bonds V(shell, a, b).
#pragma once

#include "host/neutral/barrier_model.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace zener {

using LinearRow = std::vector<std::pair<std::size_t, double>>; // column and value; a column may occur more than once

struct LinearSolution {
  std::vector<double> coefficients;
  double effective =
      0.0; // degrees of freedom: the trace of the matrix that takes values to fitted values; without a ridge the rank
};

// Normal equations of a linear model, collected row by row. Memory: 8 columns^2 bytes.
class LeastSquares {
public:
  explicit LeastSquares(std::size_t columns);
  void add(const LinearRow &row, double value);
  std::int64_t rows() const { return rows_; }

  // The coefficients x that minimise the mean of (row x - value)^2 plus `ridge` times the sum of x^2 over the columns with
  // penalised[c]. Where the data leave x undetermined, of all minimisers the one of least norm, by iterated Tikhonov
  // regularisation (a direction whose eigenvalue is below 1e-9 of the mean counts as undetermined). Throws InvariantError when
  // there are no rows.
  LinearSolution solve(double ridge, const std::vector<bool> &penalised) const;

private:
  std::size_t columns_;
  std::int64_t rows_ = 0;
  std::vector<double> matrix_; // [column][column], lower triangle
  std::vector<double> right_;
  std::vector<double> dense_; // scratch of add
  std::vector<std::size_t> touched_;
};

// What a model sees of a jump: columns of one of its blocks, which share no coefficients.
class BarrierFeatures {
public:
  virtual ~BarrierFeatures() = default;
  virtual std::size_t blocks() const = 0;
  virtual std::size_t columns() const = 0;                                   // of each block
  virtual std::string name(std::size_t block, std::size_t column) const = 0; // e.g. "pair 1 Mo-Ta"
  virtual bool penalised(std::size_t column) const = 0;                      // by the ridge
  // Environment [112] without a further vacancy, path 0 to 7. Fills the row and returns its block.
  virtual std::size_t row(std::span<const std::uint8_t> types, int path, LinearRow &row) const = 0;

  std::size_t parameters() const { return blocks() * columns(); }
};

struct PairKraChoice {
  int shells = 2; // 1 to 3
  bool vacancy_pairs = true;
};

// Distances in lattice constants. A site's distance from the jump is that to the nearer of its two ends.
struct ClusterChoice {
  double point_cutoff = 3.0; // of sites from the jump; 3 takes in all 111
  double pair_cutoff = 0.0;  // of the sites of pairs from the jump; 0: no pairs
  double pair_length = 0.0;  // of pairs
};

std::unique_ptr<BarrierFeatures> pair_kra_features(const std::vector<std::string> &elements, const PairKraChoice &choice);
std::unique_ptr<BarrierFeatures> cluster_features(const std::vector<std::string> &elements, const ClusterChoice &choice);

struct BarrierFit {
  std::vector<double> coefficients; // [block][column]
  double effective = 0.0;           // degrees of freedom, as in LinearSolution
};

// types [environment][112], barrier_eV [environment][8]; the environments with use[environment] != 0 enter. Throws DataError
// when an element never jumps in them.
BarrierFit fit_barriers(const BarrierFeatures &features, const std::vector<std::string> &elements,
                        std::span<const std::uint8_t> types, std::span<const double> barrier_eV,
                        std::span<const std::uint8_t> use, double ridge);

// Barriers [environment][8] of a fit.
std::vector<double> fitted_barriers(const BarrierFeatures &features, const BarrierFit &fit,
                                    std::span<const std::uint8_t> types);

// The fit of pair_kra_features as a model. Migration energies may be negative, which read_pair_kra would refuse.
PairKra as_pair_kra(const std::vector<std::string> &elements, const PairKraChoice &choice, const BarrierFit &fit);

// Columns of an energy: first one for each element, then for each shell one for each unordered pair of species, the vacancy
// first.
std::size_t energy_columns(std::size_t elements, int shells);
std::string energy_column_name(const std::vector<std::string> &elements, std::size_t column);
// Atoms and bonds of a periodic configuration [sites], each divided by the number of sites.
LinearRow energy_row(Structure structure, const std::array<int, 3> &cells, std::size_t elements, int shells,
                     std::span<const std::uint8_t> occupancy);
// Fits energies over the number of sites. Of solutions that are the same for the data, one with small pair energies is taken.
LinearSolution fit_energies(std::size_t elements, int shells, std::span<const LinearRow> rows,
                            std::span<const double> energy_eV, std::span<const std::uint8_t> use, double ridge);
// The pair energies of a fit with migration energies of 0.
PairKra energies_as_pair_kra(const std::vector<std::string> &elements, int shells, const std::vector<double> &coefficients);

// Deviations of a model from the data.
struct Deviations {
  std::int64_t values = 0;
  double mean = 0.0; // of the data
  double mae = 0.0;
  double rmse = 0.0;
  double largest = 0.0;
};

// Over the values i with use[i / per_sample]; all but `values` are NaN when there are none.
Deviations deviations(std::span<const double> data, std::span<const double> model, std::span<const std::uint8_t> use,
                      std::size_t per_sample);

} // namespace zener
