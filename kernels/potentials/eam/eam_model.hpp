// Embedded-atom potentials as plain data: E_i = F_a(rho_i) + 1/2 sum_j phi_ab(r_ij), rho_i = sum_j rho_ab(r_ij), where a is the
// element of i, b that of j, and rho_ab what an atom of b gives at one of a. Tables of a file, or one of two analytic forms.
// See derivation.md.
#pragma once

#include "host/neutral/potential_model.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace zener {

enum class EamForm { tables, finnis_sinclair, zhou };

// T elements. Values at k * step, k from 0.
struct EamTables {
  bool by_pair = false; // rho_ab depends on both elements (eam_fs); otherwise on b alone
  int densities = 0;
  double density_step = 0.0; // as the file has it, commonly e/A^3
  int radii = 0;
  double radius_step_A = 0.0;
  std::vector<double> embedding;  // [a][densities], eV
  std::vector<double> density;    // [b][radii], by pair [b][a][radii] (of b at a): the order of the file
  std::vector<double> pair_times; // [a (a + 1)/2 + b, a >= b][radii], r phi, eV A

  std::size_t density_begin(int at, int of, int elements) const {
    const int table = by_pair ? of * elements + at : of;
    return static_cast<std::size_t>(table) * static_cast<std::size_t>(radii);
  }
  std::size_t pair_begin(int a, int b) const {
    const int table = a >= b ? a * (a + 1) / 2 + b : b * (b + 1) / 2 + a;
    return static_cast<std::size_t>(table) * static_cast<std::size_t>(radii);
  }
};

// phi = (r - c)^2 (c0 + c1 r + c2 r^2) for r < c, and B (b0 - r)^3 exp(-alpha r) for r < b0;
// rho = weight ((r - d)^2 + beta (r - d)^3 / d) for r < d. A, eV.
struct FinnisSinclairPair {
  double d = 0.0, beta = 0.0, weight = 1.0;
  double c = 0.0, c0 = 0.0, c1 = 0.0, c2 = 0.0;
  double B = 0.0, b0 = 0.0, alpha = 0.0;
};

// x = r / re: phi = A exp(-alpha (x - 1)) / (1 + (x - kappa)^m) - B exp(-beta (x - 1)) / (1 + (x - lambda)^n),
// rho = fe exp(-beta (x - 1)) / (1 + (x - lambda)^n). The embedding energy is in pieces: Fn below low rhoe, F0, F1, F2 and F3
// (F3_minus below rhoe, F3_plus above) below high rhoe, Fe (1 - ln y) y with y = (rho / rhos)^eta beyond.
struct ZhouElement {
  double re = 0.0, fe = 0.0, rhoe = 0.0, rhos = 0.0, alpha = 0.0, beta = 0.0, A = 0.0, B = 0.0, kappa = 0.0, lambda = 0.0;
  double Fn[4] = {}, F[3] = {}, F3_minus = 0.0, F3_plus = 0.0, eta = 0.0, Fe = 0.0;
  double low = 0.85, high = 1.15;
  int m = 20, n = 20;
};

class EamModel final : public PotentialModel {
public:
  EamForm form = EamForm::tables;
  std::string kind_name;
  std::vector<std::string> element_names; // T
  double cutoff = 0.0;                    // A
  EamTables tables;
  // What a file says of its elements [T]; empty for the analytic forms.
  std::vector<double> mass_amu;
  std::vector<double> lattice_A;
  std::vector<std::string> lattice;
  std::vector<FinnisSinclairPair> finnis_sinclair; // [T][T], symmetric
  std::vector<double> finnis_sinclair_A;           // [T] F = -A sqrt(rho), eV
  std::vector<ZhouElement> zhou;                   // [T]

  int size() const { return static_cast<int>(element_names.size()); }
  std::string folder() const override { return "eam"; }
  std::string kind() const override { return kind_name; }
  std::vector<std::string> elements() const override { return element_names; }
  double cutoff_A() const override { return cutoff; }
  std::string description() const override;
};

// A setfl file, LAMMPS's eam/alloy (by_pair false) or eam/fs. Throws DataError with file and line.
std::shared_ptr<const EamModel> read_eam_file(const std::filesystem::path &file, bool by_pair);
// The same for a text; `name` stands for the file in messages.
std::shared_ptr<const EamModel> parse_eam(std::string_view text, const std::string &name, bool by_pair);

} // namespace zener
