#include "host/neutral/flux_maps.hpp"

#include "host/neutral/block_errors.hpp"
#include "host/neutral/flux_layout.hpp"

namespace zener {
namespace {

// A sum over blocks of time [block][sign][number], with the error from those that are complete.
class Blocks {
public:
  Blocks(const std::vector<std::uint64_t> &values, const FluxSums &sums, std::int64_t each)
      : values_(values), blocks_(static_cast<std::size_t>(sums.blocks)), each_(static_cast<std::size_t>(each)),
        complete_(static_cast<std::size_t>(sums.steps / sums.block_steps)),
        length_(static_cast<double>(sums.steps) / static_cast<double>(sums.block_steps)) {}

  std::uint64_t in_block(std::size_t block, std::size_t sign, std::size_t at) const {
    return values_[(2 * block + sign) * each_ + at];
  }
  std::uint64_t total(std::size_t sign, std::size_t at) const {
    std::uint64_t sum = 0;
    for (std::size_t b = 0; b < blocks_; ++b) {
      sum += in_block(b, sign, at);
    }
    return sum;
  }
  // Of the total of `of_block`(block) over the whole time.
  template <class F> double error(F of_block) const {
    std::vector<double> values;
    for (std::size_t b = 0; b < complete_; ++b) {
      values.push_back(of_block(b));
    }
    return block_error(values) * length_;
  }

private:
  const std::vector<std::uint64_t> &values_;
  std::size_t blocks_, each_, complete_;
  double length_; // of the time, in blocks
};

Estimate crossings_of(const Blocks &blocks, const FluxAxis &axis, double plus, double minus) {
  Estimate out;
  const auto of_block = [&](std::size_t b) {
    double sum = 0.0;
    for (std::size_t p = 0; p < axis.planes_A.size(); ++p) {
      const std::size_t at = static_cast<std::size_t>(axis.first_plane) + p;
      sum += plus * static_cast<double>(blocks.in_block(b, 0, at)) + minus * static_cast<double>(blocks.in_block(b, 1, at));
    }
    return sum;
  };
  for (std::size_t p = 0; p < axis.planes_A.size(); ++p) {
    const std::size_t at = static_cast<std::size_t>(axis.first_plane) + p;
    out.mean += plus * static_cast<double>(blocks.total(0, at)) + minus * static_cast<double>(blocks.total(1, at));
  }
  out.standard_error = blocks.error(of_block);
  return out;
}

} // namespace

FluxResult flux_of(const FluxSums &sums, double frame_ps) {
  FluxResult result;
  result.window_ps = static_cast<double>(sums.plan.window_frames) * frame_ps;
  result.steps = sums.steps;
  result.block_ps = static_cast<double>(sums.block_steps) * result.window_ps;
  const Blocks crossings(sums.crossings, sums, sums.layout.planes), maps(sums.map, sums, sums.layout.points);
  for (const FluxSystem &system : sums.layout.systems) {
    FluxOfSystem of;
    of.neighbour_A = system.neighbour_A;
    of.inner_A = system.inner_A;
    of.outer_A = system.outer_A;
    of.cutoff_area_A2 = cutoff_area(system.inner_A, system.outer_A);
    for (std::size_t d = 0; d < 3; ++d) {
      const FluxAxis &axis = system.axis[d];
      const std::array<std::size_t, 2> other{d == 0 ? std::size_t{1} : 0, d == 2 ? std::size_t{1} : 2};
      FluxAcross &across = of.across[d];
      across.planes_A = axis.planes_A;
      for (std::size_t p = 0; p < axis.planes_A.size(); ++p) {
        for (std::size_t sign = 0; sign < 2; ++sign) {
          across.crossings[sign].push_back(
              static_cast<std::int64_t>(crossings.total(sign, static_cast<std::size_t>(axis.first_plane) + p)));
        }
      }
      across.plus_crossings = crossings_of(crossings, axis, 1.0, 0.0);
      across.minus_crossings = crossings_of(crossings, axis, 0.0, 1.0);
      across.net_crossings = crossings_of(crossings, axis, 1.0, -1.0);
      const double area = system.edge_A[other[0]] * system.edge_A[other[1]];
      const double all = static_cast<double>(axis.planes_A.size()) * area * static_cast<double>(sums.steps) * result.window_ps;
      across.per_crossing = all > 0.0 ? 1.0 / all : 0.0;
      for (std::size_t side = 0; side < 2; ++side) {
        const auto points = static_cast<double>(axis.points[side]);
        for (std::int64_t j = 0; j < axis.points[side]; ++j) {
          across.axis_A[side].push_back((static_cast<double>(j) + 0.5) * system.edge_A[other[side]] / points);
        }
      }
      for (std::int64_t i = 0; i < axis.points[0] * axis.points[1]; ++i) {
        const auto at = static_cast<std::size_t>(axis.first_point + i);
        across.plus.push_back(sums.unit * static_cast<double>(maps.total(0, at)));
        across.minus.push_back(sums.unit * static_cast<double>(maps.total(1, at)));
        across.net_error.push_back(sums.unit * maps.error([&](std::size_t b) {
          return static_cast<double>(maps.in_block(b, 0, at)) - static_cast<double>(maps.in_block(b, 1, at));
        }));
      }
    }
    result.systems.push_back(std::move(of));
  }
  return result;
}

} // namespace zener
