#include "host/neutral/md_plan.hpp"

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

} // namespace zener
