// A batch of atoms with a pair energy, serial and by brute force over images: stands behind the drivers' numerics in tests.
#pragma once

#include "host/backend.hpp"
#include "host/neutral/elastic_tensor.hpp"
#include "host/neutral/errors.hpp"

#include <cmath>
#include <functional>
#include <utility>
#include <vector>

namespace zener::test {

// Energy of a pair and its derivative at a distance; nothing beyond the cutoff.
struct PairLaw {
  std::function<std::pair<double, double>(double)> energy_and_slope;
  double cutoff_A = 0.0;
};

inline PairLaw springs(double length_A, double stiffness_eV_A2, double depth_eV) {
  return {[=](double r) {
            const double x = r - length_A;
            return std::pair{0.5 * stiffness_eV_A2 * x * x - depth_eV, stiffness_eV_A2 * x};
          },
          1.2 * length_A};
}

// 4 e ((s/r)^12 - (s/r)^6), energy and slope zero at the cutoff.
inline PairLaw lennard_jones(double depth_eV, double sigma_A, double cutoff_A) {
  const auto plain = [=](double r) {
    const double x = std::pow(sigma_A / r, 6);
    return std::pair{4.0 * depth_eV * (x * x - x), 4.0 * depth_eV * (6.0 * x - 12.0 * x * x) / r};
  };
  const auto [e_cut, slope_cut] = plain(cutoff_A);
  return {[=, e = e_cut, s = slope_cut](double r) {
            const auto [energy, slope] = plain(r);
            return std::pair{energy - e - s * (r - cutoff_A), slope - s};
          },
          cutoff_A};
}

class PairBatch final : public AtomsBatch {
public:
  PairBatch(std::vector<Atoms> systems, PairLaw law) : systems_(std::move(systems)), law_(std::move(law)) {}

  Evaluation evaluate() override {
    Evaluation out;
    for (const Atoms &atoms : systems_) {
      add(out, atoms);
    }
    ++evaluations;
    return out;
  }
  void set_atoms(const std::vector<Atoms> &systems) override { systems_ = systems; }
  std::vector<Atoms> atoms() override { return systems_; }
  std::vector<ThermoRow> thermo() override { return {}; }
  void set_dynamics(const DynamicsPlan &plan) override { plan_ = plan; }
  // No dynamics: rows whose volume is what `volume_at` says of a system and a step, by uniform strain of the start.
  DynamicsReport advance(std::int64_t until_step, std::span<const std::int64_t> sample_steps) override {
    DynamicsReport out;
    for (const std::int64_t step : sample_steps) {
      out.rows.emplace_back();
      for (std::size_t k = 0; k < systems_.size(); ++k) {
        ThermoRow row;
        row.step = step;
        row.volume_A3 = volume_at(k, plan_.end_K[k], step);
        const double stretch = std::cbrt(row.volume_A3 / volume(systems_[k].cell));
        row.cell_A = systems_[k].cell.vectors;
        for (Vector3 &v : row.cell_A) {
          for (double &x : v) {
            x *= stretch;
          }
        }
        row.temperature_K = plan_.end_K[k];
        out.rows.back().push_back(row);
      }
    }
    out.step = until_step;
    return out;
  }
  // Steepest descent by springs' stiffness: slow and sure.
  BandsReport relax_bands(const BandsPlan &) override { throw InvariantError("this batch has no bands"); }
  SwapReport swap_trials(const SwapPlan &, std::int64_t, std::int64_t) override {
    throw InvariantError("this batch swaps nothing");
  }
  RelaxReport relax(const RelaxPlan &plan) override {
    RelaxReport report;
    for (Atoms &atoms : systems_) {
      std::int64_t step = 0;
      bool done = false;
      for (; step < plan.max_steps && !done; ++step) {
        Evaluation e;
        add(e, atoms);
        const Voigt stress = stress_GPa(e.virial_eV[0], volume(atoms.cell));
        Voigt strain{};
        double off = 0.0;
        for (std::size_t v = 0; v < 6 && plan.cell != CellFreedom::fixed; ++v) {
          const double mean = (stress[0] + stress[1] + stress[2]) / 3.0;
          const double r = v < 3 ? (plan.cell == CellFreedom::isotropic ? mean : stress[v]) + plan.pressure_GPa
                                 : (plan.cell == CellFreedom::full ? stress[v] : 0.0);
          strain[v] = -r / modulus_GPa;
          off = std::max(off, std::abs(r));
        }
        double largest = 0.0;
        for (std::size_t i = 0; i < atoms.size(); ++i) {
          double squared = 0.0;
          for (std::size_t d = 0; d < 3; ++d) {
            squared += e.force_eV_A[0][i][d] * e.force_eV_A[0][i][d];
          }
          largest = std::max(largest, std::sqrt(squared));
        }
        done = largest <= plan.force_tolerance_eV_A && off <= plan.stress_tolerance_GPa;
        if (done) {
          break;
        }
        for (std::size_t i = 0; i < atoms.size(); ++i) {
          for (std::size_t d = 0; d < 3; ++d) {
            atoms.position_A[i][d] += mobility_A2_eV * e.force_eV_A[0][i][d];
          }
        }
        atoms = strained(atoms, strain_tensor(strain));
      }
      report.converged.push_back(done ? 1 : 0);
      report.steps.push_back(step);
      report.rows.emplace_back();
    }
    ++relaxations;
    return report;
  }
  DynamicsState save() override { return {}; }
  void load(const DynamicsState &) override {}
  TransferCount transfers() const override { return {}; }

  double mobility_A2_eV = 0.05;
  double modulus_GPa = 1000.0;
  std::function<double(std::size_t, double, std::int64_t)> volume_at;
  int evaluations = 0;
  int relaxations = 0;

private:
  void add(Evaluation &out, const Atoms &atoms) const {
    const Vector3 thick = thicknesses(atoms.cell);
    std::array<int, 3> reach{};
    for (std::size_t d = 0; d < 3; ++d) {
      reach[d] = atoms.cell.periodic[d] ? static_cast<int>(std::ceil(law_.cutoff_A / thick[d])) + 1 : 0;
    }
    double energy = 0.0;
    Matrix3 virial{};
    std::vector<double> of_atoms(atoms.size(), 0.0);
    std::vector<Vector3> forces(atoms.size());
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      for (std::size_t j = 0; j < atoms.size(); ++j) {
        for (int a = -reach[0]; a <= reach[0]; ++a) {
          for (int b = -reach[1]; b <= reach[1]; ++b) {
            for (int c = -reach[2]; c <= reach[2]; ++c) {
              const Vector3 shift =
                  times(Vector3{static_cast<double>(a), static_cast<double>(b), static_cast<double>(c)}, atoms.cell.vectors);
              Vector3 x{};
              double squared = 0.0;
              for (std::size_t d = 0; d < 3; ++d) {
                x[d] = atoms.position_A[j][d] + shift[d] - atoms.position_A[i][d];
                squared += x[d] * x[d];
              }
              const double r = std::sqrt(squared);
              if (r >= law_.cutoff_A || (i == j && a == 0 && b == 0 && c == 0)) {
                continue;
              }
              const auto [e, slope] = law_.energy_and_slope(r);
              energy += 0.5 * e;
              of_atoms[i] += 0.5 * e;
              for (std::size_t p = 0; p < 3; ++p) {
                forces[i][p] += slope * x[p] / r;
                for (std::size_t q = 0; q < 3; ++q) {
                  virial[p][q] -= 0.5 * slope * x[p] * x[q] / r;
                }
              }
            }
          }
        }
      }
    }
    out.energy_eV.push_back(energy);
    out.virial_eV.push_back(virial);
    out.atom_energy_eV.push_back(std::move(of_atoms));
    out.force_eV_A.push_back(std::move(forces));
  }

  std::vector<Atoms> systems_;
  PairLaw law_;
  DynamicsPlan plan_;
};

} // namespace zener::test
