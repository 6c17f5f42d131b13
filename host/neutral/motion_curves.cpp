#include "host/neutral/motion_curves.hpp"

#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/block_errors.hpp"
#include "host/neutral/group_classes.hpp"
#include "host/neutral/line_fit.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

namespace zener {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

using Curves = std::array<std::vector<double>, kDirections>; // x, y, z, all

// Curves of a group over blocks of time [first, end).
Curves curves_over(const CorrelatorSums &sums, const std::vector<CorrelatorLag> &lags, const Membership &group,
                   std::int64_t first, std::int64_t end) {
  const auto levels = static_cast<std::size_t>(sums.plan.levels), points = static_cast<std::size_t>(sums.plan.points);
  const std::size_t classes = sums.sums.size() / (3 * static_cast<std::size_t>(sums.blocks) * levels * points);
  Curves out;
  for (std::vector<double> &one : out) {
    one.assign(lags.size(), 0.0);
  }
  const std::int64_t last_frame = std::min(sums.frames, end * sums.block_frames);
  for (std::size_t l = 0; l < lags.size(); ++l) {
    const std::int64_t pairs = correlated_pairs(sums.plan, sums.differences, lags[l], first * sums.block_frames, last_frame);
    for (std::size_t d = 0; d < 3; ++d) {
      double sum = 0.0;
      for (auto b = static_cast<std::size_t>(first); b < static_cast<std::size_t>(end); ++b) {
        for (const auto &[c, weight] : group.weight) {
          const std::size_t at = ((b * classes + c) * levels + static_cast<std::size_t>(lags[l].level)) * points +
                                 static_cast<std::size_t>(lags[l].point);
          sum += weight * sums.sums[3 * at + d];
        }
      }
      out[d][l] = pairs > 0 ? sum / (group.sum * static_cast<double>(pairs)) : kNone;
      out[3][l] += out[d][l];
    }
  }
  return out;
}

// Joined blocks of time that are as long as `lag`, all of them complete: how many and how many blocks each. None: too few.
struct Joined {
  std::int64_t count = 0, each = 1;
};
Joined joined_blocks(const CorrelatorSums &sums, std::int64_t lag) {
  Joined joined;
  while (joined.each * sums.block_frames < lag && joined.each < 64) {
    joined.each *= 2;
  }
  joined.count = sums.frames / sums.block_frames / joined.each;
  joined.count = joined.count < static_cast<std::int64_t>(kLeastErrorBlocks) ? 0 : joined.count;
  return joined;
}

// What `f` makes of a group's curves ([direction][…]), with errors from blocks as long as `lag`.
DirectionalCurve with_errors(const CorrelatorSums &sums, const std::vector<CorrelatorLag> &lags, const Membership &group,
                             std::int64_t lag, const std::function<Curves(const Curves &)> &f) {
  DirectionalCurve out;
  out.value = f(curves_over(sums, lags, group, 0, sums.blocks));
  const Joined joined = joined_blocks(sums, lag);
  std::vector<Curves> blocks;
  for (std::int64_t b = 0; b < joined.count; ++b) {
    blocks.push_back(f(curves_over(sums, lags, group, b * joined.each, (b + 1) * joined.each)));
  }
  for (std::size_t d = 0; d < kDirections; ++d) {
    for (std::size_t i = 0; i < out.value[d].size(); ++i) {
      std::vector<double> values;
      for (const Curves &block : blocks) {
        values.push_back(block[d][i]);
      }
      out.error[d].push_back(standard_error(values));
    }
  }
  return out;
}

// The curve itself: every lag has blocks of its own length.
DirectionalCurve curve_of(const CorrelatorSums &sums, const std::vector<CorrelatorLag> &lags, const Membership &group) {
  DirectionalCurve out;
  std::size_t first = 0;
  while (first < lags.size()) { // lags that share a length of blocks together
    const Joined joined = joined_blocks(sums, lags[first].frames);
    std::vector<CorrelatorLag> some;
    for (std::size_t l = first; l < lags.size(); ++l) {
      const Joined here = joined_blocks(sums, lags[l].frames);
      if (here.each != joined.each) {
        break;
      }
      some.push_back(lags[l]);
    }
    first += some.size();
    const DirectionalCurve part =
        with_errors(sums, some, group, some.back().frames, [](const Curves &curves) { return curves; });
    for (std::size_t d = 0; d < kDirections; ++d) {
      out.value[d].insert(out.value[d].end(), part.value[d].begin(), part.value[d].end());
      out.error[d].insert(out.error[d].end(), part.error[d].begin(), part.error[d].end());
    }
  }
  return out;
}

DirectionalEstimate estimates(const DirectionalCurve &curve) {
  DirectionalEstimate out;
  for (std::size_t d = 0; d < kDirections; ++d) {
    const bool there = !curve.value[d].empty();
    out[d] = there ? Estimate{curve.value[d].back(), curve.error[d].back()} : Estimate{kNone, kNone};
  }
  return out;
}

std::vector<double> lags_ps(const std::vector<CorrelatorLag> &lags, double frame_ps) {
  std::vector<double> out;
  for (const CorrelatorLag &lag : lags) {
    out.push_back(static_cast<double>(lag.frames) * frame_ps);
  }
  return out;
}

std::vector<std::int64_t> pairs_of(const CorrelatorSums &sums, const std::vector<CorrelatorLag> &lags) {
  std::vector<std::int64_t> out;
  for (const CorrelatorLag &lag : lags) {
    out.push_back(correlated_pairs(sums.plan, sums.differences, lag, 0, sums.frames));
  }
  return out;
}

// Lags that at least one pair of frames has.
std::vector<CorrelatorLag> met_lags(const CorrelatorSums &sums) {
  std::vector<CorrelatorLag> lags = correlator_lags(sums.plan, sums.differences);
  std::erase_if(
      lags, [&](const CorrelatorLag &lag) { return correlated_pairs(sums.plan, sums.differences, lag, 0, sums.frames) == 0; });
  return lags;
}

Curves slopes(const Curves &curves, const std::vector<double> &lag_ps, const std::array<double, 2> &fit_ps) {
  Curves out;
  for (std::size_t d = 0; d < kDirections; ++d) {
    std::vector<double> x, y;
    for (std::size_t l = 0; l < lag_ps.size(); ++l) {
      const double slack = 1e-9 * fit_ps[1];
      if (lag_ps[l] >= fit_ps[0] - slack && lag_ps[l] <= fit_ps[1] + slack && std::isfinite(curves[d][l])) {
        x.push_back(lag_ps[l]);
        y.push_back(curves[d][l]);
      }
    }
    out[d] = {x.size() < 2 ? kNone : fit_line(x, y, x, 0.0).slope / (d == 3 ? 6.0 : 2.0)};
  }
  return out;
}

Curves integrals(const Curves &curves, const std::vector<double> &lag_ps) {
  Curves out;
  for (std::size_t d = 0; d < kDirections; ++d) {
    double sum = 0.0;
    for (std::size_t l = 0; l < lag_ps.size(); ++l) {
      sum += l == 0 ? 0.0 : 0.5 * (curves[d][l] + curves[d][l - 1]) * (lag_ps[l] - lag_ps[l - 1]);
      out[d].push_back(d == 3 ? sum / 3.0 : sum);
    }
  }
  return out;
}

Curves spectra(const Curves &curves, std::size_t points, double frame_ps, bool hann) {
  Curves out;
  out[3].assign(points + 1, 0.0);
  for (std::size_t d = 0; d < 3; ++d) {
    std::vector<double> phi(points);
    for (std::size_t j = 0; j < points; ++j) {
      phi[j] = curves[d][j] / curves[3][0];
    }
    out[d] = cosine_transform(phi, frame_ps, hann);
    for (std::size_t k = 0; k <= points; ++k) {
      out[3][k] += out[d][k];
    }
  }
  return out;
}

} // namespace

std::vector<double> cosine_transform(const std::vector<double> &phi, double frame_ps, bool hann) {
  const std::size_t p = phi.size();
  std::vector<double> cosine(2 * p), weighted(p);
  for (std::size_t i = 0; i < 2 * p; ++i) {
    cosine[i] = std::cos(std::numbers::pi * static_cast<double>(i) / static_cast<double>(p));
  }
  for (std::size_t j = 0; j < p; ++j) {
    weighted[j] = phi[j] * (j == 0 ? 0.5 : hann ? 0.5 * (1.0 + cosine[j]) : 1.0);
  }
  std::vector<double> out(p + 1);
  for (std::size_t k = 0; k <= p; ++k) {
    double sum = 0.0;
    for (std::size_t j = 0, at = 0; j < p; ++j, at = (at + k) % (2 * p)) {
      sum += weighted[j] * cosine[at];
    }
    out[k] = 12.0 * frame_ps * sum;
  }
  return out;
}

std::vector<BlockSpectrum> block_spectra(const AnalysisSums &sums, const std::vector<bool> &classes, double frame_ps,
                                         bool hann) {
  std::vector<CorrelatorLag> lags = met_lags(*sums.vacf);
  std::erase_if(lags, [](const CorrelatorLag &lag) { return lag.level > 0; });
  const Membership masses = membership(sums, NamedGroup{0, {}, classes}, true);
  const auto over = [&](std::int64_t first, std::int64_t end) {
    const Curves curves = curves_over(*sums.vacf, lags, masses, first, end);
    return BlockSpectrum{spectra(curves, lags.size(), frame_ps, hann)[3], curves[3][0] * masses.sum};
  };
  std::vector<BlockSpectrum> out{over(0, sums.vacf->blocks)};
  const Joined joined = joined_blocks(*sums.vacf, lags.back().frames);
  for (std::int64_t b = 0; b < joined.count; ++b) {
    out.push_back(over(b * joined.each, (b + 1) * joined.each));
  }
  return out;
}

double velocity_temperature_K(const AnalysisSums &sums, const Atoms &system, std::size_t k) {
  NamedGroup all{k, {}, {}};
  for (const AtomClass &one : sums.classes) {
    all.classes.push_back(one.system == k);
  }
  const Membership masses = membership(sums, all, true);
  const double momentum = curves_over(*sums.vacf, {CorrelatorLag{}}, masses, 0, sums.vacf->blocks)[3][0] * masses.sum;
  const auto atoms = static_cast<double>(system.size());
  return atoms > 1.0
             ? momentum / std::pow(atom_files::kRootEvPerAmu_A_ps, 2) / (3.0 * (atoms - 1.0) * kBoltzmannConstant_eV_per_K)
             : kNone;
}

std::vector<double> correlation_lags_ps(const CorrelatorSums &sums, double frame_ps) {
  return lags_ps(met_lags(sums), frame_ps);
}

CorrelationCurves correlation_curves(const CorrelatorSums &sums, const std::vector<std::pair<std::size_t, double>> &weight,
                                     double atoms, double frame_ps, bool hann) {
  const Membership group{weight, atoms};
  const std::vector<CorrelatorLag> lags = met_lags(sums);
  const std::vector<double> lag_ps = lags_ps(lags, frame_ps);
  CorrelationCurves out;
  out.value = curve_of(sums, lags, group);
  out.integral =
      with_errors(sums, lags, group, lags.back().frames, [&](const Curves &curves) { return integrals(curves, lag_ps); });
  out.spectrum = with_errors(sums, lags, group, lags.back().frames, [&](const Curves &curves) {
    Curves spectrum;
    for (std::size_t d = 0; d < kDirections; ++d) {
      spectrum[d] = cosine_transform(curves[d], frame_ps, hann);
      for (double &value : spectrum[d]) {
        value /= 3.0;
      }
    }
    return spectrum;
  });
  return out;
}

MotionResult motion_of(const AnalysisChoice &choice, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                       double frame_ps) {
  MotionResult result;
  result.frames = sums.frames;
  result.frame_ps = frame_ps;
  std::vector<CorrelatorLag> msd_lags, vacf_lags, even_lags; // even: of level 0
  std::size_t points = 0;                                    // of the density of states
  if (sums.msd) {
    msd_lags = met_lags(*sums.msd);
    result.msd_lag_ps = lags_ps(msd_lags, frame_ps);
    result.msd_pairs = pairs_of(*sums.msd, msd_lags);
    result.msd_block_ps = static_cast<double>(sums.msd->block_frames) * frame_ps;
    result.fit_ps = choice.fit_ps.value_or(std::array{0.5 * result.msd_block_ps, 2.0 * result.msd_block_ps});
  }
  if (sums.vacf) {
    vacf_lags = met_lags(*sums.vacf);
    result.vacf_lag_ps = lags_ps(vacf_lags, frame_ps);
    result.vacf_pairs = pairs_of(*sums.vacf, vacf_lags);
    result.vacf_block_ps = static_cast<double>(sums.vacf->block_frames) * frame_ps;
    even_lags = vacf_lags;
    std::erase_if(even_lags, [](const CorrelatorLag &lag) { return lag.level > 0; });
    points = choice.density_of_states ? even_lags.size() : 0;
    for (std::size_t k = 0; points > 0 && k <= points; ++k) {
      result.frequency_THz.push_back(static_cast<double>(k) / (2.0 * static_cast<double>(points) * frame_ps));
    }
  }
  for (const NamedGroup &group : named_groups(choice.plan, sums, systems)) {
    GroupMotion motion;
    motion.system = group.system;
    motion.group = group.name;
    const Membership atoms = membership(sums, group, false);
    motion.atoms = static_cast<std::int64_t>(std::llround(atoms.sum));
    motion.msd_diffusion.fill({kNone, kNone});
    motion.vacf_diffusion = motion.zero_diffusion = motion.msd_diffusion;
    if (!msd_lags.empty()) {
      motion.msd = curve_of(*sums.msd, msd_lags, atoms);
      const auto longest = static_cast<std::int64_t>(std::floor(result.fit_ps[1] / frame_ps + 1e-6));
      motion.msd_diffusion = estimates(with_errors(*sums.msd, msd_lags, atoms, longest, [&](const Curves &curves) {
        return slopes(curves, result.msd_lag_ps, result.fit_ps);
      }));
    }
    if (!vacf_lags.empty()) {
      motion.vacf = curve_of(*sums.vacf, vacf_lags, atoms);
      motion.integral = with_errors(*sums.vacf, vacf_lags, atoms, vacf_lags.back().frames,
                                    [&](const Curves &curves) { return integrals(curves, result.vacf_lag_ps); });
      motion.vacf_diffusion = estimates(motion.integral);
    }
    if (points > 0) {
      const Membership masses = membership(sums, group, true);
      const auto transform = [&](const Curves &curves) { return spectra(curves, points, frame_ps, choice.hann); };
      motion.density_of_states = with_errors(*sums.vacf, even_lags, masses, even_lags.back().frames, transform);
      double mass = 0.0;
      bool one_mass = true;
      for (std::size_t c = 0; c < sums.classes.size(); ++c) {
        if (group.classes[c]) {
          one_mass = one_mass && (mass == 0.0 || mass == sums.classes[c].mass_amu);
          mass = sums.classes[c].mass_amu;
        }
      }
      if (one_mass) {
        motion.zero_diffusion =
            estimates(with_errors(*sums.vacf, even_lags, atoms, even_lags.back().frames, [&](const Curves &curves) {
              Curves zero = transform(curves);
              for (std::size_t d = 0; d < kDirections; ++d) {
                zero[d] = {zero[d][0] * curves[3][0] / (d == 3 ? 36.0 : 12.0)};
              }
              return zero;
            }));
      }
    }
    result.groups.push_back(std::move(motion));
  }
  return result;
}

} // namespace zener
