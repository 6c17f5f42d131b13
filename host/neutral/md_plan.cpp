#include "host/neutral/md_plan.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>

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
  columns(from.velocity, to.velocity);
  columns(from.force, to.force);
  columns(from.image, to.image);
  rows(from.cell, to.cell, 9, k_from, k_to, 1);
  rows(from.reference_cell, to.reference_cell, 9, k_from, k_to, 1);
  const std::size_t bath = from.bath.size() / systems_from.size();
  rows(from.bath, to.bath, bath, k_from, k_to, 1);
}

} // namespace zener
