#include "host/neutral/interaction_fit.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/kmc_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

namespace zener {
namespace {

constexpr double kDamping = 1e-8; // of the mean diagonal: the Tikhonov term that is iterated away
constexpr int kIterations = 60;
constexpr Offset kJump{1, 1, 1}; // of the aligned environment

// Lower Cholesky factor in place, row by row. Pivots are positive by the damping that the caller adds.
void factorise(std::vector<double> &m, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    double *row = &m[i * n];
    for (std::size_t j = 0; j <= i; ++j) {
      const double *other = &m[j * n];
      double sum = row[j];
      for (std::size_t k = 0; k < j; ++k) {
        sum -= row[k] * other[k];
      }
      if (i != j) {
        row[j] = sum / other[j];
      } else if (sum > 0.0) {
        row[i] = std::sqrt(sum);
      } else {
        throw InvariantError("least squares: a pivot is " + std::to_string(sum) + " in column " + std::to_string(i));
      }
    }
  }
}

void substitute(const std::vector<double> &factor, std::vector<double> &x) {
  const std::size_t n = x.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      x[i] -= factor[i * n + k] * x[k];
    }
    x[i] /= factor[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    x[i] /= factor[i * n + i];
    for (std::size_t k = 0; k < i; ++k) {
      x[k] -= factor[i * n + k] * x[i];
    }
  }
}

// Diagonal of the inverse of the matrix of a Cholesky factor L: the squared columns of L^-1.
std::vector<double> inverse_diagonal(const std::vector<double> &factor, std::size_t n) {
  std::vector<double> diagonal(n, 0.0);
  std::vector<double> y(n);
  for (std::size_t c = 0; c < n; ++c) {
    for (std::size_t i = c; i < n; ++i) {
      const double *row = &factor[i * n];
      double sum = i == c ? 1.0 : 0.0;
      for (std::size_t k = c; k < i; ++k) {
        sum -= row[k] * y[k];
      }
      y[i] = sum / row[i];
      diagonal[c] += y[i] * y[i];
    }
  }
  return diagonal;
}

// The symmetric matrix whose lower triangle is given, times x.
std::vector<double> times(const std::vector<double> &lower, const std::vector<double> &x) {
  const std::size_t n = x.size();
  std::vector<double> y(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      y[i] += lower[i * n + j] * x[j];
      y[j] += lower[i * n + j] * x[i];
    }
    y[i] += lower[i * n + i] * x[i];
  }
  return y;
}

double largest_of(const std::vector<double> &values) {
  double largest = 0.0;
  for (const double v : values) {
    largest = std::max(largest, std::abs(v));
  }
  return largest;
}

int squared(const Offset &a, const Offset &b) {
  int sum = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return sum;
}

// Whether a squared length in units of a/2 is within a cutoff in units of a.
bool within(int squared_length, double cutoff) { return squared_length <= 4.0 * cutoff * cutoff * (1.0 + 1e-9); }

class PairKraFeatures : public BarrierFeatures {
public:
  PairKraFeatures(const std::vector<std::string> &elements, const PairKraChoice &choice)
      : elements_(elements), choice_(choice), species_(static_cast<int>(elements.size())),
        pairs_(static_cast<std::size_t>(species_ * (species_ + 1) / 2)) {}

  std::size_t blocks() const override { return 1; }
  std::size_t columns() const override { return elements_.size() + static_cast<std::size_t>(choice_.shells) * shell_columns(); }
  bool penalised(std::size_t column) const override { return column >= elements_.size(); }

  std::string name(std::size_t, std::size_t column) const override {
    if (column < elements_.size()) {
      return "migration " + elements_[column];
    }
    const std::string shell = "pair " + std::to_string((column - elements_.size()) / shell_columns() + 1) + " ";
    const std::size_t in_shell = (column - elements_.size()) % shell_columns();
    if (in_shell >= pairs_) {
      return shell + "Va-" + elements_[in_shell - pairs_];
    }
    for (int a = 0; a < species_; ++a) {
      for (int b = a; b < species_; ++b) {
        if (static_cast<std::size_t>(pair_index(a, b, species_)) == in_shell) {
          return shell + elements_[static_cast<std::size_t>(a)] + "-" + elements_[static_cast<std::size_t>(b)];
        }
      }
    }
    throw InvariantError("pair_kra: no column " + std::to_string(column));
  }

  std::size_t row(std::span<const std::uint8_t> types, int path, LinearRow &row) const override {
    const LatticeTables &tables = bcc_tables();
    const auto p = static_cast<std::size_t>(path);
    const int jumping = types[p];
    row.clear();
    row.emplace_back(static_cast<std::size_t>(jumping - 1), 1.0);
    for (int shell = 0; shell < choice_.shells; ++shell) {
      const auto begin = static_cast<std::size_t>(tables.shell_begin[static_cast<std::size_t>(shell)]);
      const auto end = static_cast<std::size_t>(tables.shell_begin[static_cast<std::size_t>(shell) + 1]);
      for (std::size_t k = begin; k < end; ++k) {
        if (k != p) { // after the jump the atom is where the vacancy was
          add(shell, jumping, types[k], 0.5, row);
        }
        if (const std::uint8_t site = tables.around_jump[p][k]; site != LatticeTables::kSelf) {
          add(shell, jumping, types[site], -0.5, row);
        }
      }
    }
    return 0;
  }

  // Columns of V(shell, a, b), element codes, and of V(shell, vacancy, b).
  std::size_t pair_column(int shell, int a, int b) const {
    return first(shell) + static_cast<std::size_t>(pair_index(a - 1, b - 1, species_));
  }
  std::size_t vacancy_column(int shell, int b) const { return first(shell) + pairs_ + static_cast<std::size_t>(b - 1); }

private:
  std::size_t shell_columns() const { return pairs_ + (choice_.vacancy_pairs ? elements_.size() : 0); }
  std::size_t first(int shell) const { return elements_.size() + static_cast<std::size_t>(shell) * shell_columns(); }

  void add(int shell, int jumping, int neighbour, double sign, LinearRow &row) const {
    row.emplace_back(pair_column(shell, jumping, neighbour), sign);
    if (choice_.vacancy_pairs) {
      row.emplace_back(vacancy_column(shell, neighbour), -sign);
    }
  }

  std::vector<std::string> elements_;
  PairKraChoice choice_;
  int species_;
  std::size_t pairs_;
};

constexpr std::array<std::array<std::size_t, 3>, 6> kPermutations{
    {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}};

Offset permuted(const Offset &o, const std::array<std::size_t, 3> &order) { return {o[order[0]], o[order[1]], o[order[2]]}; }

class ClusterFeatures : public BarrierFeatures {
public:
  ClusterFeatures(const std::vector<std::string> &elements, const ClusterChoice &choice)
      : elements_(elements), free_(elements.size() - 1) {
    const std::vector<Offset> &offsets = bcc_tables().offsets;
    std::vector<std::size_t> paired;
    std::map<Offset, std::size_t> orbits;
    for (std::size_t k = 0; k < offsets.size(); ++k) {
      const int from_jump = std::min(squared(offsets[k], {0, 0, 0}), squared(offsets[k], kJump));
      if (offsets[k] == kJump) {
        continue; // the jumping atom
      }
      if (within(from_jump, choice.point_cutoff)) {
        Offset canonical = offsets[k];
        std::sort(canonical.begin(), canonical.end());
        points_.push_back({k, orbits.try_emplace(canonical, orbits.size()).first->second});
      }
      if (within(from_jump, choice.pair_cutoff)) {
        paired.push_back(k);
      }
    }
    for (const auto &[canonical, orbit] : orbits) {
      point_names_.resize(orbits.size());
      point_names_[orbit] = text(canonical);
    }
    columns_ = 1 + point_names_.size() * free_;
    gather_pairs(paired, choice.pair_length);
  }

  std::size_t blocks() const override { return elements_.size(); }
  std::size_t columns() const override { return columns_; }
  bool penalised(std::size_t column) const override { return column > 0; }

  std::string name(std::size_t block, std::size_t column) const override {
    const std::string jump = "jump of " + elements_[block] + ": ";
    if (column == 0) {
      return jump + "constant";
    }
    if (column - 1 < point_names_.size() * free_) {
      return jump + elements_[(column - 1) % free_] + " at " + point_names_[(column - 1) / free_];
    }
    const auto orbit = std::prev(std::upper_bound(pair_orbits_.begin(), pair_orbits_.end(), column,
                                                  [](std::size_t c, const PairOrbit &o) { return c < o.first_column; }));
    for (std::size_t s = 0; s < free_; ++s) {
      for (std::size_t t = 0; t < free_; ++t) {
        if (pair_column(*orbit, s, t) == column) {
          return jump + elements_[s] + "-" + elements_[t] + " at " + orbit->name;
        }
      }
    }
    throw InvariantError("clusters: no column " + std::to_string(column));
  }

  std::size_t row(std::span<const std::uint8_t> types, int path, LinearRow &row) const override {
    const std::vector<std::uint8_t> &aligned = bcc_tables().aligned[static_cast<std::size_t>(path)];
    row.clear();
    row.emplace_back(0, 1.0);
    for (const Point &point : points_) {
      const std::size_t s = types[aligned[point.site]] - 1U;
      if (s < free_) {
        row.emplace_back(1 + point.orbit * free_ + s, 1.0);
      }
    }
    for (const Pair &pair : pairs_) {
      const std::size_t s = types[aligned[pair.first]] - 1U;
      const std::size_t t = types[aligned[pair.second]] - 1U;
      if (s < free_ && t < free_) {
        row.emplace_back(pair_column(pair_orbits_[pair.orbit], s, t), 1.0);
      }
    }
    return types[static_cast<std::size_t>(path)] - 1U;
  }

private:
  struct Point {
    std::size_t site;
    std::size_t orbit;
  };
  struct Pair { // in the order of the orbit's own pair
    std::size_t first;
    std::size_t second;
    std::size_t orbit;
  };
  struct PairOrbit {
    std::size_t first_column;
    bool symmetric; // an operation swaps the two sites
    std::string name;
  };
  using Sites = std::array<Offset, 2>;

  static std::string text(const Offset &o) {
    return "(" + std::to_string(o[0]) + "," + std::to_string(o[1]) + "," + std::to_string(o[2]) + ")";
  }

  // The first of all images of a pair, both orders included, and whether it is reached in the order given, the other or both.
  static Sites canonical(const Offset &a, const Offset &b, bool &in_order, bool &swapped) {
    Sites best{a, b};
    for (const auto &order : kPermutations) {
      const Offset pa = permuted(a, order);
      const Offset pb = permuted(b, order);
      best = std::min({best, Sites{pa, pb}, Sites{pb, pa}});
    }
    in_order = false;
    swapped = false;
    for (const auto &order : kPermutations) {
      const Offset pa = permuted(a, order);
      const Offset pb = permuted(b, order);
      in_order = in_order || best == Sites{pa, pb};
      swapped = swapped || best == Sites{pb, pa};
    }
    return best;
  }

  void gather_pairs(const std::vector<std::size_t> &sites, double length) {
    const std::vector<Offset> &offsets = bcc_tables().offsets;
    std::map<Sites, std::size_t> orbits;
    for (std::size_t i = 0; i < sites.size(); ++i) {
      for (std::size_t j = i + 1; j < sites.size(); ++j) {
        const Offset &a = offsets[sites[i]];
        const Offset &b = offsets[sites[j]];
        if (!within(squared(a, b), length)) {
          continue;
        }
        bool in_order = false;
        bool swapped = false;
        const Sites first = canonical(a, b, in_order, swapped);
        const auto [at, is_new] = orbits.try_emplace(first, orbits.size());
        if (is_new) {
          const bool symmetric = in_order && swapped;
          pair_orbits_.push_back({columns_, symmetric, text(first[0]) + text(first[1])});
          columns_ += symmetric ? free_ * (free_ + 1) / 2 : free_ * free_;
        }
        pairs_.push_back(in_order ? Pair{sites[i], sites[j], at->second} : Pair{sites[j], sites[i], at->second});
      }
    }
  }

  std::size_t pair_column(const PairOrbit &orbit, std::size_t s, std::size_t t) const {
    return orbit.first_column +
           (orbit.symmetric
                ? static_cast<std::size_t>(pair_index(static_cast<int>(s), static_cast<int>(t), static_cast<int>(free_)))
                : s * free_ + t);
  }

  std::vector<std::string> elements_;
  std::size_t free_; // elements without the reference
  std::size_t columns_ = 0;
  std::vector<Point> points_;
  std::vector<std::string> point_names_; // [orbit]
  std::vector<Pair> pairs_;
  std::vector<PairOrbit> pair_orbits_; // by rising first_column
};

std::string species_text(const std::vector<std::string> &elements, int code) {
  return code == 0 ? "Va" : elements[static_cast<std::size_t>(code - 1)];
}

} // namespace

LeastSquares::LeastSquares(std::size_t columns)
    : columns_(columns), matrix_(columns * columns, 0.0), right_(columns, 0.0), dense_(columns, 0.0) {}

void LeastSquares::add(const LinearRow &row, double value) {
  touched_.clear();
  for (const auto &[column, x] : row) {
    touched_.push_back(column);
    dense_[column] += x;
  }
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    const double x = dense_[touched_[i]];
    right_[touched_[i]] += x * value;
    double *to = &matrix_[touched_[i] * columns_];
    for (std::size_t j = 0; j <= i; ++j) {
      to[touched_[j]] += x * dense_[touched_[j]];
    }
  }
  for (const std::size_t column : touched_) {
    dense_[column] = 0.0;
  }
  ++rows_;
}

LinearSolution LeastSquares::solve(double ridge, const std::vector<bool> &penalised) const {
  if (rows_ == 0 || penalised.size() != columns_) {
    throw InvariantError("least squares: " + std::to_string(rows_) + " rows, " + std::to_string(penalised.size()) + " of " +
                         std::to_string(columns_) + " penalties");
  }
  const double share = 1.0 / static_cast<double>(rows_);
  std::vector<double> target = matrix_;
  std::vector<double> right = right_;
  double diagonal = 0.0;
  for (double &v : target) {
    v *= share;
  }
  for (std::size_t c = 0; c < columns_; ++c) {
    right[c] *= share;
    diagonal += target[c * columns_ + c];
    target[c * columns_ + c] += penalised[c] ? ridge : 0.0;
  }
  diagonal = diagonal > 0.0 ? diagonal / static_cast<double>(columns_) : 1.0;

  const double damping = kDamping * diagonal;
  std::vector<double> factor = target;
  for (std::size_t c = 0; c < columns_; ++c) {
    factor[c * columns_ + c] += damping;
  }
  factorise(factor, columns_);
  LinearSolution solution;
  const std::vector<double> inverse = inverse_diagonal(factor, columns_);
  for (std::size_t c = 0; c < columns_; ++c) {
    solution.effective += 1.0 - (damping + (penalised[c] ? ridge : 0.0)) * inverse[c];
  }

  // Each round takes what the damping kept back; what the data do not determine stays 0 but for rounding.
  std::vector<double> &x = solution.coefficients;
  x.assign(columns_, 0.0);
  double last = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kIterations; ++i) {
    std::vector<double> step = times(target, x);
    for (std::size_t c = 0; c < columns_; ++c) {
      step[c] = right[c] - step[c];
    }
    const double residual = largest_of(step);
    if (residual <= 1e-16 * largest_of(right) || (residual > 0.5 * last && residual <= 1e-12 * largest_of(right))) {
      break;
    }
    last = residual;
    substitute(factor, step);
    for (std::size_t c = 0; c < columns_; ++c) {
      x[c] += step[c];
    }
  }
  return solution;
}

std::unique_ptr<BarrierFeatures> pair_kra_features(const std::vector<std::string> &elements, const PairKraChoice &choice) {
  return std::make_unique<PairKraFeatures>(elements, choice);
}

std::unique_ptr<BarrierFeatures> cluster_features(const std::vector<std::string> &elements, const ClusterChoice &choice) {
  return std::make_unique<ClusterFeatures>(elements, choice);
}

BarrierFit fit_barriers(const BarrierFeatures &features, const std::vector<std::string> &elements,
                        std::span<const std::uint8_t> types, std::span<const double> barrier_eV,
                        std::span<const std::uint8_t> use, double ridge) {
  std::vector<LeastSquares> blocks(features.blocks(), LeastSquares(features.columns()));
  std::vector<std::int64_t> jumps(elements.size(), 0);
  LinearRow row;
  for (std::size_t e = 0; e < use.size(); ++e) {
    const auto environment = types.subspan(e * kEnvironmentSites, kEnvironmentSites);
    for (int path = 0; use[e] != 0 && path < kPaths; ++path) {
      const std::size_t block = features.row(environment, path, row);
      blocks[block].add(row, barrier_eV[e * kPaths + static_cast<std::size_t>(path)]);
      ++jumps[environment[static_cast<std::size_t>(path)] - 1U];
    }
  }
  for (std::size_t s = 0; s < elements.size(); ++s) {
    if (jumps[s] == 0) {
      throw DataError("no atom of " + elements[s] +
                      " jumps in the environments of the fit, so its barriers cannot be known; add environments with it "
                      "beside the vacancy, or leave the element out");
    }
  }
  std::vector<bool> penalised;
  for (std::size_t c = 0; c < features.columns(); ++c) {
    penalised.push_back(features.penalised(c));
  }
  BarrierFit fit;
  for (const LeastSquares &block : blocks) {
    const LinearSolution solution = block.solve(ridge, penalised);
    fit.coefficients.insert(fit.coefficients.end(), solution.coefficients.begin(), solution.coefficients.end());
    fit.effective += solution.effective;
  }
  return fit;
}

std::vector<double> fitted_barriers(const BarrierFeatures &features, const BarrierFit &fit,
                                    std::span<const std::uint8_t> types) {
  std::vector<double> barriers;
  LinearRow row;
  for (std::size_t e = 0; e < types.size() / kEnvironmentSites; ++e) {
    for (int path = 0; path < kPaths; ++path) {
      const std::size_t block = features.row(types.subspan(e * kEnvironmentSites, kEnvironmentSites), path, row);
      double barrier_eV = 0.0;
      for (const auto &[column, x] : row) {
        barrier_eV += x * fit.coefficients[block * features.columns() + column];
      }
      barriers.push_back(barrier_eV);
    }
  }
  return barriers;
}

PairKra as_pair_kra(const std::vector<std::string> &elements, const PairKraChoice &choice, const BarrierFit &fit) {
  const PairKraFeatures features(elements, choice);
  PairKra model;
  model.elements = elements;
  model.migration_eV.assign(fit.coefficients.begin(), fit.coefficients.begin() + static_cast<std::ptrdiff_t>(elements.size()));
  model.shells = choice.shells;
  const int species = static_cast<int>(elements.size());
  for (int shell = 0; shell < choice.shells; ++shell) {
    for (int a = 0; a <= species; ++a) {
      for (int b = 0; b <= species; ++b) {
        const bool with_vacancy = a == 0 || b == 0;
        const bool known = with_vacancy ? choice.vacancy_pairs && a != b : true;
        const std::size_t column = !known         ? 0
                                   : with_vacancy ? features.vacancy_column(shell, std::max(a, b))
                                                  : features.pair_column(shell, a, b);
        model.pair_eV.push_back(known ? fit.coefficients[column] : 0.0);
      }
    }
  }
  return model;
}

std::size_t energy_columns(std::size_t elements, int shells) {
  return elements + static_cast<std::size_t>(shells) * (elements + 1) * (elements + 2) / 2;
}

std::string energy_column_name(const std::vector<std::string> &elements, std::size_t column) {
  if (column < elements.size()) {
    return "energy " + elements[column];
  }
  const int codes = static_cast<int>(elements.size()) + 1;
  const auto pairs = static_cast<std::size_t>(codes * (codes + 1) / 2);
  const std::size_t at = (column - elements.size()) % pairs;
  for (int a = 0; a < codes; ++a) {
    for (int b = a; b < codes; ++b) {
      if (static_cast<std::size_t>(pair_index(a, b, codes)) == at) {
        return "pair " + std::to_string((column - elements.size()) / pairs + 1) + " " + species_text(elements, a) + "-" +
               species_text(elements, b);
      }
    }
  }
  throw InvariantError("energies: no column " + std::to_string(column));
}

LinearRow energy_row(Structure structure, const std::array<int, 3> &cells, std::size_t elements, int shells,
                     std::span<const std::uint8_t> occupancy) {
  const LatticeTables &tables = lattice_tables(structure);
  const int codes = static_cast<int>(elements) + 1;
  const auto pairs = static_cast<std::size_t>(codes * (codes + 1) / 2);
  std::vector<double> counts(energy_columns(elements, shells), 0.0);
  for (std::size_t site = 0; site < occupancy.size(); ++site) {
    if (occupancy[site] > 0) {
      counts[occupancy[site] - 1U] += 1.0;
    }
    const Offset at = site_coordinates(structure, cells, static_cast<std::int64_t>(site));
    for (int shell = 0; shell < shells; ++shell) {
      const auto begin = static_cast<std::size_t>(tables.shell_begin[static_cast<std::size_t>(shell)]);
      const auto end = static_cast<std::size_t>(tables.shell_begin[static_cast<std::size_t>(shell) + 1]);
      for (std::size_t k = begin; k < end; ++k) {
        const Offset &d = tables.offsets[k];
        const std::int64_t other = site_at(structure, cells, {at[0] + d[0], at[1] + d[1], at[2] + d[2]});
        const int pair = pair_index(occupancy[site], occupancy[static_cast<std::size_t>(other)], codes);
        counts[elements + static_cast<std::size_t>(shell) * pairs + static_cast<std::size_t>(pair)] += 0.5; // from both ends
      }
    }
  }
  LinearRow row;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] != 0.0) {
      row.emplace_back(c, counts[c] / static_cast<double>(occupancy.size()));
    }
  }
  return row;
}

LinearSolution fit_energies(std::size_t elements, int shells, std::span<const LinearRow> rows,
                            std::span<const double> energy_eV, std::span<const std::uint8_t> use, double ridge) {
  constexpr double kCheap = 10.0; // the elements' columns are scaled up, so that the least norm prefers their coefficients
  const std::size_t columns = energy_columns(elements, shells);
  LeastSquares equations(columns);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (use[i] != 0) {
      LinearRow scaled = rows[i];
      for (auto &[column, x] : scaled) {
        x *= column < elements ? kCheap : 1.0;
      }
      equations.add(scaled, energy_eV[i]);
    }
  }
  std::vector<bool> penalised;
  for (std::size_t c = 0; c < columns; ++c) {
    penalised.push_back(c >= elements);
  }
  LinearSolution solution = equations.solve(ridge, penalised);
  for (std::size_t c = 0; c < elements; ++c) {
    solution.coefficients[c] *= kCheap;
  }
  return solution;
}

PairKra energies_as_pair_kra(const std::vector<std::string> &elements, int shells, const std::vector<double> &coefficients) {
  PairKra model;
  model.elements = elements;
  model.migration_eV.assign(elements.size(), 0.0);
  model.shells = shells;
  const int codes = static_cast<int>(elements.size()) + 1;
  const auto pairs = static_cast<std::size_t>(codes * (codes + 1) / 2);
  for (int shell = 0; shell < shells; ++shell) {
    for (int a = 0; a < codes; ++a) {
      for (int b = 0; b < codes; ++b) {
        model.pair_eV.push_back(coefficients[elements.size() + static_cast<std::size_t>(shell) * pairs +
                                             static_cast<std::size_t>(pair_index(a, b, codes))]);
      }
    }
  }
  return model;
}

Deviations deviations(std::span<const double> data, std::span<const double> model, std::span<const std::uint8_t> use,
                      std::size_t per_sample) {
  Deviations out;
  double squares = 0.0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (use[i / per_sample] == 0) {
      continue;
    }
    const double off = std::abs(model[i] - data[i]);
    ++out.values;
    out.mean += data[i];
    out.mae += off;
    squares += off * off;
    out.largest = std::max(out.largest, off);
  }
  if (out.values == 0) {
    out.mean = out.mae = out.rmse = out.largest = std::numeric_limits<double>::quiet_NaN();
    return out;
  }
  const double n = static_cast<double>(out.values);
  out.mean /= n;
  out.mae /= n;
  out.rmse = std::sqrt(squares / n);
  return out;
}

} // namespace zener
