#include "host/neutral/md_plan.hpp"

#include "host/neutral/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zener {

Matrix3 pressure_GPa(const ThermoRow &row) {
  constexpr double kGPa = 160.2176634; // of 1 eV/A^3
  Matrix3 pressure{};
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      pressure[a][b] = (row.virial_eV[a][b] + row.kinetic_tensor_eV[a][b]) / row.volume_A3 * kGPa;
    }
  }
  return pressure;
}

void copy_system(const DynamicsState &from, const std::vector<Atoms> &systems_from, std::size_t k_from, DynamicsState &to,
                 const std::vector<Atoms> &systems_to, std::size_t k_to) {
  const auto begin_of = [](const std::vector<Atoms> &systems, std::size_t k) {
    std::size_t begin = 0;
    for (std::size_t s = 0; s < k; ++s) {
      begin += systems[s].size();
    }
    return begin;
  };
  const std::size_t n = systems_from.at(k_from).size();
  if (systems_to.at(k_to).size() != n) {
    throw InvariantError("copy_system between systems of unequal numbers of atoms");
  }
  const std::size_t a = begin_of(systems_from, k_from), b = begin_of(systems_to, k_to);
  // rows [N][width], or width columns [N].
  const auto rows = [&](const auto &source, auto &target, std::size_t width, std::size_t at, std::size_t onto,
                        std::size_t count) {
    std::copy_n(source.begin() + static_cast<std::ptrdiff_t>(width * at), width * count,
                target.begin() + static_cast<std::ptrdiff_t>(width * onto));
  };
  const auto columns = [&](const auto &source, auto &target) {
    const std::size_t all_from = from.order.size(), all_to = to.order.size();
    for (std::size_t d = 0; d < 3; ++d) {
      std::copy_n(source.begin() + static_cast<std::ptrdiff_t>(d * all_from + a), n,
                  target.begin() + static_cast<std::ptrdiff_t>(d * all_to + b));
    }
  };
  for (std::size_t i = 0; i < n; ++i) {
    to.order[b + i] = from.order[a + i] - static_cast<std::int64_t>(a) + static_cast<std::int64_t>(b);
  }
  rows(from.position, to.position, 3, a, b, n);
  rows(from.reference, to.reference, 3, a, b, n);
  rows(from.totals, to.totals, 1, a, b, n);
  if (!from.type.empty() && !to.type.empty()) {
    rows(from.type, to.type, 1, a, b, n);
  }
  columns(from.velocity, to.velocity);
  columns(from.force, to.force);
  columns(from.image, to.image);
  rows(from.cell, to.cell, 9, k_from, k_to, 1);
  rows(from.reference_cell, to.reference_cell, 9, k_from, k_to, 1);
  const std::size_t bath = from.bath.size() / systems_from.size();
  rows(from.bath, to.bath, bath, k_from, k_to, 1);
}

std::string explosion_text(const DynamicsReport &report, const Atoms &system, const DynamicsPlan &plan) {
  if (report.exploded_what == "cell") {
    return fmt::format("the cell's volume went from {:.6g} to {:.6g} A^3, more than the limit of a factor {}",
                       volume(system.cell), report.exploded_value, plan.largest_volume_ratio);
  }
  const auto atom = static_cast<std::size_t>(report.exploded_atom);
  if (atom >= system.size()) {
    throw InvariantError(fmt::format("the run exploded at atom {}, which does not exist", report.exploded_atom));
  }
  const std::int64_t id = system.id.empty() ? report.exploded_atom + 1 : system.id[atom];
  const std::string who = fmt::format("atom {} ({})", id, system.elements[static_cast<std::size_t>(system.type[atom])]);
  const bool force = report.exploded_what == "force";
  if (!std::isfinite(report.exploded_value)) {
    return fmt::format("{} has a {} that is no number", who, force ? "force" : "velocity");
  }
  const std::string what = force ? fmt::format("feels a force of {:.6g} eV/A, more than the limit of {} eV/A",
                                               report.exploded_value, plan.largest_force_eV_A)
                                 : fmt::format("moves {:.6g} A in one step, more than the limit of {} A", report.exploded_value,
                                               plan.largest_move_A);
  return fmt::format("{} {}; its energy is {:.6g} eV", who, what, report.exploded_energy_eV);
}

} // namespace zener
