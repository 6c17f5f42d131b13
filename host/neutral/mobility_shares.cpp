#include "host/neutral/mobility_shares.hpp"

#include "host/neutral/block_errors.hpp"
#include "host/neutral/group_classes.hpp"

#include <functional>
#include <limits>

namespace zener {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kNumbers = 7;

// Sums of a group's classes.
class GroupSums {
public:
  GroupSums(const MobilitySums &sums, const NamedGroup &group)
      : sums_(sums), group_(group), rows_(static_cast<std::size_t>(sums.plan.interval_windows) + 1) {}

  double in_block(std::size_t block, std::size_t row, std::size_t number) const {
    double sum = 0.0;
    const std::size_t classes = group_.classes.size();
    for (std::size_t c = 0; c < classes; ++c) {
      sum += group_.classes[c] ? sums_.sums[((block * classes + c) * rows_ + row) * kNumbers + number] : 0.0;
    }
    return sum;
  }
  double atoms_in_block(std::size_t block, std::size_t kind) const { return in_block(block, rows_ - 1, kind); }

  using OfBlock = std::function<double(std::size_t)>;
  // above/below over all blocks, with the error from those that are complete.
  Estimate ratio(const OfBlock &above, const OfBlock &below) const {
    double a = 0.0, b = 0.0;
    std::vector<double> values;
    for (std::size_t block = 0; block < static_cast<std::size_t>(sums_.blocks); ++block) {
      const double here = below(block);
      a += above(block);
      b += here;
      if (here > 0.0 && static_cast<std::int64_t>(block + 1) * sums_.block_intervals <= sums_.intervals) {
        values.push_back(above(block) / here);
      }
    }
    return {b > 0.0 ? a / b : kNone, block_error(values)};
  }

private:
  const MobilitySums &sums_;
  const NamedGroup &group_;
  std::size_t rows_;
};

void put_estimate(const Estimate &estimate, std::vector<double> &value, std::vector<double> &error) {
  value.push_back(estimate.mean);
  error.push_back(estimate.standard_error);
}

} // namespace

MobilityResult mobility_of(const AnalysisPlan &plan, const AnalysisSums &sums, const std::vector<Atoms> &systems,
                           double frame_ps) {
  MobilityResult result;
  const MobilitySums &of = *sums.mobility;
  result.window_ps = static_cast<double>(of.plan.window_frames) * frame_ps;
  result.interval_ps = static_cast<double>(of.plan.interval_windows) * result.window_ps;
  result.intervals = of.intervals;
  const auto lags = static_cast<std::size_t>(of.plan.interval_windows);
  for (std::size_t l = 1; l <= lags; ++l) {
    result.lag_ps.push_back(static_cast<double>(l) * result.window_ps);
  }
  for (const NamedGroup &group : named_groups(plan, sums, systems)) {
    const GroupSums in(of, group);
    MobilityOfGroup out;
    out.system = group.system;
    out.group = group.name;
    out.threshold_A = of.threshold_A[group.system];
    for (std::size_t c = 0; c < group.classes.size(); ++c) {
      out.atoms += group.classes[c] ? sums.classes[c].atoms : 0;
    }
    const auto solid = [&](std::size_t b) { return in.atoms_in_block(b, 0); };
    const auto moving = [&](std::size_t b) {
      return in.atoms_in_block(b, 1) + in.atoms_in_block(b, 2) + in.atoms_in_block(b, 3);
    };
    const auto all = [&](std::size_t b) { return solid(b) + moving(b); };
    out.diffusive = in.ratio(moving, all);
    for (std::size_t d = 0; d < 3; ++d) {
      out.along[d] = in.ratio([&](std::size_t b) { return in.atoms_in_block(b, d + 1); }, all);
    }
    for (std::size_t l = 0; l < lags; ++l) {
      for (std::size_t d = 0; d < kDirections; ++d) {
        const auto squares = [&](std::size_t first) {
          return [&, first](std::size_t b) {
            return d < 3 ? in.in_block(b, l, first + d)
                         : in.in_block(b, l, first) + in.in_block(b, l, first + 1) + in.in_block(b, l, first + 2);
          };
        };
        put_estimate(in.ratio(squares(0), solid), out.solid_msd.value[d], out.solid_msd.error[d]);
        put_estimate(in.ratio(squares(3), moving), out.diffusive_msd.value[d], out.diffusive_msd.error[d]);
      }
      out.solid_chain.push_back(out.solid_msd.value[3][l] / 3.0);
      out.solid_chain_error.push_back(out.solid_msd.error[3][l] / 3.0);
      put_estimate(in.ratio([&](std::size_t b) { return in.in_block(b, l, 6); }, moving), out.diffusive_chain,
                   out.diffusive_chain_error);
    }
    result.groups.push_back(std::move(out));
  }
  return result;
}

} // namespace zener
