// A batch of atoms on springs to where they began, serial, by velocity Verlet: stands behind the md driver in tests.
#pragma once

#include "host/backend.hpp"
#include "host/neutral/elements.hpp"
#include "host/neutral/errors.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <utility>

namespace zener::test {

struct SpringTricks {
  std::int64_t explode_at = -1; // step
  std::int64_t signal_at = -1;  // SIGINT when this step is done
};

class SpringBatch final : public AtomsBatch {
public:
  SpringBatch(const AtomsPlan &plan, SpringTricks tricks) : start_(plan.systems), tricks_(tricks) {
    for (const Atoms &atoms : start_) {
      State s;
      s.x = atoms.position_A;
      s.v = atoms.velocity_A_ps;
      states_.push_back(s);
    }
  }

  Evaluation evaluate() override {
    Evaluation out;
    for (std::size_t k = 0; k < states_.size(); ++k) {
      out.energy_eV.push_back(0.0);
      out.virial_eV.emplace_back();
      out.atom_energy_eV.emplace_back();
      out.force_eV_A.emplace_back();
      for (std::size_t i = 0; i < states_[k].x.size(); ++i) {
        Vector3 f{};
        double e = 0.0;
        for (std::size_t d = 0; d < 3; ++d) {
          const double x = states_[k].x[i][d] - start_[k].position_A[i][d];
          f[d] = -kStiffness * x;
          e += 0.5 * kStiffness * x * x;
        }
        out.force_eV_A[k].push_back(f);
        out.atom_energy_eV[k].push_back(e);
        out.energy_eV[k] += e;
      }
    }
    return out;
  }

  void set_atoms(const std::vector<Atoms> &) override {}
  std::vector<Atoms> atoms() override {
    std::vector<Atoms> out = start_;
    for (std::size_t k = 0; k < out.size(); ++k) {
      out[k].position_A = states_[k].x;
      out[k].velocity_A_ps = states_[k].v;
    }
    return out;
  }

  std::vector<ThermoRow> thermo() override {
    const Evaluation e = evaluate();
    std::vector<ThermoRow> rows(states_.size());
    for (std::size_t k = 0; k < rows.size(); ++k) {
      ThermoRow &row = rows[k];
      const std::vector<double> masses = masses_of(start_[k]);
      row.step = step_;
      row.potential_eV = e.energy_eV[k];
      row.cell_A = start_[k].cell.vectors;
      row.volume_A3 = volume(start_[k].cell);
      for (std::size_t i = 0; i < states_[k].x.size(); ++i) {
        const double m = kAmu_eV * masses[static_cast<std::size_t>(start_[k].type[i])];
        for (std::size_t a = 0; a < 3; ++a) {
          row.kinetic_eV += 0.5 * m * states_[k].v[i][a] * states_[k].v[i][a];
          for (std::size_t b = 0; b < 3; ++b) {
            row.kinetic_tensor_eV[a][b] += m * states_[k].v[i][a] * states_[k].v[i][b];
          }
        }
      }
      const double freedom = 3.0 * static_cast<double>(states_[k].x.size()) - 3.0;
      row.temperature_K = 2.0 * row.kinetic_eV / (freedom * kBoltzmann);
      row.conserved_eV = row.potential_eV + row.kinetic_eV;
    }
    return rows;
  }

  void set_dynamics(const DynamicsPlan &plan) override { plan_ = plan; }

  DynamicsReport advance(std::int64_t until, std::span<const std::int64_t> samples) override {
    DynamicsReport report;
    const std::vector<State> began = states_;
    const std::int64_t began_at = step_;
    auto next = samples.begin();
    while (step_ < until) {
      half_kick();
      for (State &s : states_) {
        for (std::size_t i = 0; i < s.x.size(); ++i) {
          for (std::size_t d = 0; d < 3; ++d) {
            s.x[i][d] += 1e-3 * plan_.dt_fs * s.v[i][d];
          }
        }
      }
      half_kick();
      ++step_;
      if (step_ == tricks_.explode_at) {
        states_ = began;
        report.exploded = true;
        report.exploded_step = std::exchange(step_, began_at);
        report.exploded_system = static_cast<std::int64_t>(states_.size()) - 1;
        report.exploded_atom = 1;
        report.exploded_what = "force";
        report.exploded_value = 12345.0;
        report.exploded_energy_eV = 6.5;
        break;
      }
      if (step_ == tricks_.signal_at) {
        std::raise(SIGINT);
      }
      if (next != samples.end() && *next == step_) {
        report.rows.push_back(thermo());
        ++next;
      }
    }
    report.step = step_;
    report.list_builds = 1;
    return report;
  }

  BandsReport relax_bands(const BandsPlan &) override { throw InvariantError("this batch has no bands"); }
  SwapReport swap_trials(const SwapPlan &, std::int64_t, std::int64_t) override {
    throw InvariantError("this batch swaps nothing");
  }
  RelaxReport relax(const RelaxPlan &) override { return {}; }

  DynamicsState save() override {
    DynamicsState out;
    out.step = step_;
    for (std::size_t k = 0; k < states_.size(); ++k) {
      for (std::size_t i = 0; i < states_[k].x.size(); ++i) {
        out.order.push_back(static_cast<std::int64_t>(out.order.size()));
        out.position.insert(out.position.end(), states_[k].x[i].begin(), states_[k].x[i].end());
        out.velocity.insert(out.velocity.end(), states_[k].v[i].begin(), states_[k].v[i].end());
      }
    }
    out.reference = out.position;
    out.force.resize(out.position.size());
    out.image.resize(out.position.size());
    out.cell.resize(9 * states_.size());
    out.reference_cell = out.cell;
    return out;
  }
  void load(const DynamicsState &state) override {
    step_ = state.step;
    std::size_t at = 0;
    for (State &s : states_) {
      for (std::size_t i = 0; i < s.x.size(); ++i, at += 3) {
        for (std::size_t d = 0; d < 3; ++d) {
          s.x[i][d] = state.position[at + d];
          s.v[i][d] = state.velocity[at + d];
        }
      }
    }
  }
  TransferCount transfers() const override { return {}; }

private:
  static constexpr double kStiffness = 5.0; // eV/A^2
  static constexpr double kAmu_eV = 1.0364269652680505e-4;
  static constexpr double kBoltzmann = 8.617333262145e-5;
  struct State {
    std::vector<Vector3> x, v;
  };

  static std::vector<double> masses_of(const Atoms &atoms) {
    std::vector<double> masses = atoms.mass_amu;
    for (std::size_t e = masses.size(); e < atoms.elements.size(); ++e) {
      masses.push_back(atomic_mass_amu(atomic_number(atoms.elements[e]).value()));
    }
    return masses;
  }

  void half_kick() {
    const Evaluation e = evaluate();
    for (std::size_t k = 0; k < states_.size(); ++k) {
      const std::vector<double> masses = masses_of(start_[k]);
      for (std::size_t i = 0; i < states_[k].x.size(); ++i) {
        const double m = kAmu_eV * masses[static_cast<std::size_t>(start_[k].type[i])];
        for (std::size_t d = 0; d < 3; ++d) {
          states_[k].v[i][d] += 0.5e-3 * plan_.dt_fs * e.force_eV_A[k][i][d] / m;
        }
      }
    }
  }

  std::vector<Atoms> start_;
  std::vector<State> states_;
  SpringTricks tricks_;
  DynamicsPlan plan_;
  std::int64_t step_ = 0;
};

} // namespace zener::test
