// Physical constants: CODATA 2018, exact since the SI of 2019.
#pragma once

namespace zener {

inline constexpr double kBoltzmann_eV_per_K = 1.380649e-23 / 1.602176634e-19; // 8.617333262...e-5

} // namespace zener
