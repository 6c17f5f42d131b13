#include "host/neutral/all_origins_curves.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/group_classes.hpp"
#include "host/neutral/line_fit.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fftw3.h>
#include <limits>
#include <memory>

namespace zener {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMostSingleLags = 64;

std::vector<double> part(const std::vector<double> &all, std::size_t index, std::size_t each) {
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(index * each);
  return {first, first + static_cast<std::ptrdiff_t>(each)};
}

// By class and direction [lag]: the sums over origins and atoms.
std::vector<double> displacement_sums(const AllOriginsSums &sums, std::size_t index, std::size_t lags) {
  const auto frames = static_cast<std::size_t>(sums.frames);
  const std::vector<double> square = part(sums.displacements.square, index, frames);
  std::vector<double> before(frames + 1, 0.0); // sums of the squares of the first frames
  for (std::size_t t = 0; t < frames; ++t) {
    before[t + 1] = before[t] + square[t];
  }
  std::vector<double> out =
      correlation_of(part(sums.displacements.power, index, static_cast<std::size_t>(sums.length / 2 + 1)), sums.length, lags);
  for (std::size_t m = 0; m < lags; ++m) {
    out[m] = m == 0 ? 0.0 : std::max(0.0, before[frames - m] + before[frames] - before[m] - 2.0 * out[m]);
  }
  return out;
}

std::vector<double> velocity_sums(const AllOriginsSums &sums, std::size_t index, std::size_t lags) {
  return correlation_of(part(sums.velocities.power, index, static_cast<std::size_t>(sums.length / 2 + 1)), sums.length, lags);
}

// Lags of the fit, and the slope over twice (x, y, z) or six times (all) of values at them.
struct SlopeFit {
  std::vector<std::size_t> used;
  std::vector<double> lag_ps;
  double operator()(const std::vector<double> &values, std::size_t direction) const {
    if (used.size() < 2) {
      return kNone;
    }
    std::vector<double> y;
    for (const std::size_t l : used) {
      y.push_back(values[l]);
    }
    return fit_line(lag_ps, y, lag_ps, 0.0).slope / (direction == 3 ? 6.0 : 2.0);
  }
};

} // namespace

std::vector<std::int64_t> single_lags(std::int64_t frames) {
  std::vector<std::int64_t> lags;
  const double most = std::max(1.0, static_cast<double>(frames / 2));
  for (std::size_t l = 0; l < kMostSingleLags && frames > 1; ++l) {
    const auto lag = static_cast<std::int64_t>(
        std::llround(std::pow(most, static_cast<double>(l) / static_cast<double>(kMostSingleLags - 1))));
    if (lags.empty() || lag > lags.back()) {
      lags.push_back(lag);
    }
  }
  return lags;
}

std::vector<double> correlation_of(const std::vector<double> &power, std::int64_t length, std::size_t lags) {
  const auto n = static_cast<std::size_t>(length);
  if (power.size() != n / 2 + 1 || lags > n) {
    throw InvariantError("a spectrum of another length than its rows");
  }
  const std::unique_ptr<fftw_complex, void (*)(void *)> in(fftw_alloc_complex(power.size()), fftw_free);
  const std::unique_ptr<double, void (*)(void *)> out(fftw_alloc_real(n), fftw_free);
  if (!in || !out) {
    throw DeviceError("no memory for a transform of " + std::to_string(n) + " numbers");
  }
  fftw_plan plan = fftw_plan_dft_c2r_1d(static_cast<int>(n), in.get(), out.get(), FFTW_ESTIMATE);
  for (std::size_t k = 0; k < power.size(); ++k) {
    in.get()[k][0] = power[k];
    in.get()[k][1] = 0.0;
  }
  fftw_execute(plan);
  fftw_destroy_plan(plan);
  std::vector<double> values(lags);
  for (std::size_t m = 0; m < lags; ++m) {
    values[m] = out.get()[m] / static_cast<double>(n);
  }
  return values;
}

AllOriginsResult all_origins_of(const AnalysisChoice &choice, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                                double frame_ps) {
  AllOriginsResult result;
  if (!sums.all_origins || sums.all_origins->frames < 2) {
    return result;
  }
  const AllOriginsSums &all = *sums.all_origins;
  result.frames = all.frames;
  result.frame_ps = frame_ps;
  const double run_ps = static_cast<double>(all.frames) * frame_ps;
  result.fit_ps = choice.all_origins_fit_ps.value_or(std::array{run_ps / 32.0, run_ps / 8.0});
  const auto lags = static_cast<std::size_t>(all.frames / 2 + 1);
  for (std::size_t m = 0; m < lags; ++m) {
    result.lag_ps.push_back(static_cast<double>(m) * frame_ps);
  }
  const bool ways = !all.displacements.power.empty(), speeds = !all.velocities.power.empty();

  // Single atoms: means over their origins.
  SlopeFit fit;
  const std::size_t singles = all.lags.size();
  std::vector<double> single, slope;
  for (const Atoms &system : systems) {
    result.atoms += system.size();
  }
  if (ways) {
    for (std::size_t l = 0; l < singles; ++l) {
      const double lag_ps = static_cast<double>(all.lags[l]) * frame_ps, slack = 1e-9 * result.fit_ps[1];
      result.single_lag_ps.push_back(lag_ps);
      if (lag_ps >= result.fit_ps[0] - slack && lag_ps <= result.fit_ps[1] + slack) {
        fit.used.push_back(l);
        fit.lag_ps.push_back(lag_ps);
      }
    }
    for (std::size_t i = 0; i < result.atoms; ++i) {
      std::vector<double> sum(singles, 0.0);
      for (std::size_t d = 0; d < kDirections; ++d) {
        std::vector<double> values = sum;
        for (std::size_t l = 0; d < 3 && l < singles; ++l) {
          values[l] = all.single[(3 * i + d) * singles + l] / static_cast<double>(all.frames - all.lags[l]);
          sum[l] += values[l];
        }
        slope.push_back(fit(values, d));
        single.insert(single.end(), values.begin(), values.end());
      }
    }
  }

  std::vector<std::vector<double>> way_sums, speed_sums; // [class times 3 + direction]
  for (std::size_t i = 0; i < 3 * sums.classes.size(); ++i) {
    way_sums.push_back(ways ? displacement_sums(all, i, lags) : std::vector<double>{});
    speed_sums.push_back(speeds ? velocity_sums(all, i, lags) : std::vector<double>{});
  }
  std::vector<std::int32_t> class_of_atom;
  (void)atom_classes(choice.plan, systems, class_of_atom);
  for (const NamedGroup &named : named_groups(choice.plan, sums, systems)) {
    GroupAllOrigins group;
    group.system = named.system;
    group.group = named.name;
    const Membership atoms = membership(sums, named, false);
    group.atoms = static_cast<std::int64_t>(std::llround(atoms.sum));
    const auto mean = [&](const std::vector<std::vector<double>> &of, std::array<std::vector<double>, kDirections> &to) {
      to[3].assign(lags, 0.0);
      for (std::size_t d = 0; d < 3; ++d) {
        to[d].assign(lags, 0.0);
        for (std::size_t m = 0; m < lags; ++m) {
          for (const auto &[c, weight] : atoms.weight) {
            to[d][m] += weight * of[3 * c + d][m];
          }
          to[d][m] /= atoms.sum * (static_cast<double>(all.frames) - static_cast<double>(m));
          to[3][m] += to[d][m];
        }
      }
    };
    group.diffusion.fill({kNone, kNone});
    if (speeds) {
      mean(speed_sums, group.vacf);
    }
    if (ways) {
      mean(way_sums, group.msd);
      for (std::size_t d = 0; d < kDirections; ++d) {
        double sum = 0.0, squares = 0.0;
        const auto n = static_cast<double>(group.atoms);
        for (const bool second : {false, true}) {
          for (std::size_t i = 0; i < class_of_atom.size(); ++i) {
            if (named.classes[static_cast<std::size_t>(class_of_atom[i])]) {
              const double value = slope[kDirections * i + d];
              second ? squares += (value - sum / n) * (value - sum / n) : sum += value;
            }
          }
        }
        group.diffusion[d] = {sum / n, group.atoms > 1 ? std::sqrt(squares / (n - 1.0) / n) : kNone};
      }
    }
    result.groups.push_back(std::move(group));
  }
  if (choice.plan.all_origins->per_atom && ways) {
    result.single_msd_A2 = std::move(single);
    result.single_diffusion_A2_ps = std::move(slope);
  }
  return result;
}

} // namespace zener
