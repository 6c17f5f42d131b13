// From an analysis's sums to curves with errors: mean squared displacements, velocity autocorrelations, vibrational densities
// of states and coefficients of self-diffusion, by group of atoms and direction. Needs no device.
#pragma once

#include "host/neutral/analysis_plan.hpp"
#include "host/neutral/defect_diffusivity.hpp"
#include "host/neutral/events.hpp"
#include "host/neutral/transport.hpp"
#include "host/neutral/two_phase_plan.hpp"

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace zener {

// What a preset's "analyses" asks for besides the plan.
struct AnalysisChoice {
  AnalysisPlan plan;
  std::optional<std::array<double, 2>> fit_ps; // lags between which the MSD is fitted
  bool density_of_states = false;
  std::optional<TwoPhaseChoice> two_phase;
  std::optional<DefectDiffusionChoice> defect;
  bool hann = true;                                        // window of the density of states
  std::optional<std::array<double, 2>> all_origins_fit_ps; // the same for all_origins
  bool hann_currents = true;                               // window of the spectra of currents
  EventsChoice events;                                     // with the plan's
  std::filesystem::path phases_file;                       // that the structure's model of phases is from
  // md alone: steps between frames, and the step of the first.
  std::int64_t every = 1;
  std::int64_t begin_step = 0;
};

inline constexpr std::size_t kDirections = 4; // x, y, z and all

// [direction][point]. Errors are NaN where there are too few blocks of time.
struct DirectionalCurve {
  std::array<std::vector<double>, kDirections> value, error;
};
using DirectionalEstimate = std::array<Estimate, kDirections>;

struct GroupMotion {
  std::size_t system = 0;
  std::string group; // "all", an element, or a group of the plan
  std::int64_t atoms = 0;
  DirectionalCurve msd;                                  // <(x(t) - x(0))^2>, and their sum; A^2
  DirectionalCurve vacf;                                 // <v(0) v(t)>, and their sum; A^2/ps^2
  DirectionalCurve integral;                             // of the VACF to t: D of Green and Kubo (a third for all); A^2/ps
  DirectionalCurve density_of_states;                    // 1/THz; see motion_of
  DirectionalEstimate msd_diffusion{}, vacf_diffusion{}; // A^2/ps
  // From the density of states at 0; NaN where masses differ.
  DirectionalEstimate zero_diffusion{};
};

struct MotionResult {
  std::int64_t frames = 0;
  double frame_ps = 0.0;
  std::vector<double> msd_lag_ps, vacf_lag_ps, frequency_THz;
  std::vector<std::int64_t> msd_pairs, vacf_pairs; // pairs of frames behind each lag
  std::array<double, 2> fit_ps{};                  // as used
  double msd_block_ps = 0.0, vacf_block_ps = 0.0;  // length of the blocks of time, before any are joined
  std::vector<GroupMotion> groups;
};

// Errors: blocks of time of equal length, 8 to 16 in all, joined by twos until they are not shorter than the lag (or the
// longest lag of a fit or an integral), 4 or more left, else NaN: standard deviation of their values over sqrt(number - 1).
// Blocks as short as the lag are correlated, so the error of the longest lags is somewhat too small. D of the MSD: slope/2 by
// direction (slope/6 for all) of a straight line, weights 1/lag^2, between fit_ps; without it from half a block to
// two. Density of states: F_d(nu) = 12 (sum over atoms of m C_d) / (sum of m C) at 0, transformed: F_d(nu_k) = 12 dt
// [phi_d(0)/2 + sum_(j=1)^(p-1) w_j phi_d(j dt) cos(2 pi nu_k j dt)], phi_d = C_d/C(0), C = C_x + C_y + C_z, nu_k = k/(2 p dt),
// k = 0 … p, w_j = (1 + cos(pi j/p))/2 (Hann) or 1. F = F_x + F_y + F_z; its integral by the trapezoidal rule is 3 exactly. D =
// F(0) <v^2>/36 (so F(0) = 12 m D/(k T): paper's F(0)), D_d = F_d(0) <v^2>/12.
MotionResult motion_of(const AnalysisChoice &choice, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                       double frame_ps);

// The density of states F of some classes of atoms, weighted by mass, and sum m <v^2> over their atoms, amu A^2/ps^2.
struct BlockSpectrum {
  std::vector<double> density_of_states; // 1/THz, at motion_of's frequencies
  double momentum = 0.0;
};
// Over all frames; then over each of the blocks of time from which errors come, none where they are too few.
std::vector<BlockSpectrum> block_spectra(const AnalysisSums &sums, const std::vector<bool> &classes, double frame_ps,
                                         bool hann);

// Temperature of a system from its velocities, the centre of mass at rest: sum m <v^2>/((3 N - 3) k). NaN for one atom.
double velocity_temperature_K(const AnalysisSums &sums, const Atoms &system, std::size_t k);
// The curves of one correlation function: sums of classes that are numbered as `weight` says, over `atoms`.
struct CorrelationCurves {
  DirectionalCurve value;    // <a(t) a(0)> by direction and their sum
  DirectionalCurve integral; // to t; a third for the sum
  DirectionalCurve spectrum; // 4 times the integral over t of <a(t) a(0)> cos(2 pi nu t), at the nu of motion_of; the integral
                             // over nu is <a(0)^2>
};
CorrelationCurves correlation_curves(const CorrelatorSums &sums, const std::vector<std::pair<std::size_t, double>> &weight,
                                     double atoms, double frame_ps, bool hann);
// Lags that at least one pair of frames has, ps.
std::vector<double> correlation_lags_ps(const CorrelatorSums &sums, double frame_ps);

// phi [p] from lag 0 on, to F [p + 1] as above, for phi(0) = 1 normalised to 3.
std::vector<double> cosine_transform(const std::vector<double> &phi, double frame_ps, bool hann);

} // namespace zener
