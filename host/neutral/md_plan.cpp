#include "host/neutral/md_plan.hpp"

#include "host/neutral/errors.hpp"

#include <cmath>
#include <fmt/format.h>

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
