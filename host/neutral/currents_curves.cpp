#include "host/neutral/currents_curves.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace zener {
namespace {

// |k| of n_1 b_1 + n_2 b_2 + n_3 b_3, 1/A.
double wave_number(const Cell &cell, const std::array<int, 3> &n) {
  const std::array<Vector3, 3> &h = cell.vectors;
  const auto cross = [](const Vector3 &a, const Vector3 &b) {
    return Vector3{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
  };
  const Vector3 first = cross(h[1], h[2]);
  const double volume = h[0][0] * first[0] + h[0][1] * first[1] + h[0][2] * first[2];
  double square = 0.0;
  for (std::size_t d = 0; d < 3; ++d) {
    double k = 0.0;
    for (std::size_t a = 0; a < 3; ++a) {
      k += n[a] * cross(h[(a + 1) % 3], h[(a + 2) % 3])[d] / volume;
    }
    square += k * k;
  }
  return 2.0 * std::numbers::pi * std::sqrt(square);
}

// Where a spectrum is highest, by a parabola through three points.
double peak(const std::vector<double> &frequency, const std::vector<double> &value) {
  const auto top = static_cast<std::size_t>(std::max_element(value.begin(), value.end()) - value.begin());
  if (top == 0 || top + 1 >= value.size()) {
    return frequency[top];
  }
  const double left = value[top - 1], right = value[top + 1], bend = left - 2.0 * value[top] + right;
  return frequency[top] + (bend < 0.0 ? 0.5 * (left - right) / bend * (frequency[1] - frequency[0]) : 0.0);
}

} // namespace

CurrentsResult currents_of(const AnalysisChoice &choice, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                           double frame_ps) {
  CurrentsResult result;
  if (!sums.currents || sums.currents->frames < 2) {
    return result;
  }
  const CurrentsSums &currents = *sums.currents;
  result.frames = currents.frames;
  result.frame_ps = frame_ps;
  result.block_ps = static_cast<double>(currents.block_frames) * frame_ps;
  // Classes of a correlator: pair times waves + wave.
  const CorrelatorSums as_sums{{currents.plan.points, 2, 1, 1}, false,           currents.frames,
                               currents.block_frames,           currents.blocks, currents.sums};
  result.lag_ps = correlation_lags_ps(as_sums, frame_ps);
  const std::size_t points = result.lag_ps.size(), waves = currents.plan.waves.size();
  for (std::size_t k = 0; k <= points; ++k) {
    result.frequency_THz.push_back(static_cast<double>(k) / (2.0 * static_cast<double>(points) * frame_ps));
  }
  using Weights = std::vector<std::pair<std::size_t, double>>;
  for (std::size_t s = 0; s < systems.size(); ++s) {
    for (std::size_t w = 0; w < waves; ++w) {
      std::vector<std::pair<std::string, Weights>> named;
      Weights all;
      for (std::size_t p = 0; p < currents.pairs.size(); ++p) {
        const CurrentsPair &pair = currents.pairs[p];
        if (pair.system != s) {
          continue;
        }
        const std::string &a = systems[s].elements[static_cast<std::size_t>(pair.first)],
                          &b = systems[s].elements[static_cast<std::size_t>(pair.second)];
        all.emplace_back(p * waves + w, pair.first == pair.second ? 1.0 : 2.0);
        named.push_back({pair.first == pair.second ? a : a + "-" + b, {{p * waves + w, 1.0}}});
      }
      if (named.size() == 1) {
        named[0].first = "all";
      } else {
        named.insert(named.begin(), {"all", all});
      }
      for (const auto &[name, weights] : named) {
        CurrentCurves one;
        one.system = s;
        one.pair = name;
        one.wave = currents.plan.waves[w];
        one.k_per_A = wave_number(systems[s].cell, one.wave);
        one.curves =
            correlation_curves(as_sums, weights, static_cast<double>(systems[s].size()), frame_ps, choice.hann_currents);
        if (one.k_per_A > 0.0) {
          const std::array<std::vector<double>, kDirections> &value = one.curves.spectrum.value;
          std::vector<double> across = value[1];
          std::transform(across.begin(), across.end(), value[2].begin(), across.begin(), std::plus<>());
          one.along_THz = peak(result.frequency_THz, value[0]);
          one.across_THz = peak(result.frequency_THz, across);
        }
        result.entries.push_back(std::move(one));
      }
    }
  }
  return result;
}

} // namespace zener
