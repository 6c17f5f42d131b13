// Curves over all origins of time, from the sums of a device (kernels/analysis/all_origins.hpp): mean squared displacements,
// velocity autocorrelations, coefficients of diffusion of groups and single atoms. Needs no device.
#pragma once

#include "host/neutral/motion_curves.hpp"

#include <array>
#include <string>
#include <vector>

namespace zener {

struct GroupAllOrigins {
  std::size_t system = 0;
  std::string group;
  std::int64_t atoms = 0;
  std::array<std::vector<double>, kDirections> msd;  // [direction][lag], A^2; x, y, z and their sum
  std::array<std::vector<double>, kDirections> vacf; // A^2/ps^2
  // Slopes of the MSD; errors as if the atoms moved independently of each other: the spread of single atoms. A^2/ps.
  DirectionalEstimate diffusion{};
};

struct AllOriginsResult {
  std::int64_t frames = 0;
  double frame_ps = 0.0;
  std::vector<double> lag_ps; // 0, 1, … half the frames, times frame_ps
  std::array<double, 2> fit_ps{};
  std::vector<GroupAllOrigins> groups;
  // Single atoms, as given: [atom][direction][lag] for a few lags, and slopes [atom][direction]. Empty unless asked for.
  std::vector<double> single_lag_ps;
  std::vector<double> single_msd_A2;
  std::vector<double> single_diffusion_A2_ps; // NaN where fewer than two lags lie in the range of the fit
  std::size_t atoms = 0;
};

// Lines are fitted as motion_of does, with weights 1/lag^2, between all_origins_fit_ps, without it from a 32nd to an eighth of
// the frames, at the lags of single atoms.
AllOriginsResult all_origins_of(const AnalysisChoice &choice, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                                double frame_ps);

// sum_t x(t) x(t + m), m = 0 … lags - 1, of rows padded to `length`, from their summed |X|^2 [length/2 + 1].
std::vector<double> correlation_of(const std::vector<double> &power, std::int64_t length, std::size_t lags);

} // namespace zener
