#include "host/engine/currents_quantity.hpp"

#include "host/neutral/errors.hpp"

#include <utility>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr std::int64_t kParts = 6; // real and imaginary, three directions

} // namespace

CurrentsQuantity::CurrentsQuantity(Queue &queue, const CurrentsPlan &plan, const RowLayout &layout,
                                   const std::vector<AtomClass> &classes, const std::vector<Atoms> &systems)
    : queue_(queue), plan_(plan), rows_(static_cast<std::int64_t>(layout.place.size())),
      waves_(static_cast<std::int64_t>(plan.waves.size())), place_(uploaded(queue, layout.place, "rows of atoms")),
      system_(uploaded(queue, layout.system, "systems of rows")), begin_(uploaded(queue, layout.begin, "blocks of rows")),
      position_(queue, 3 * rows_, "positions in rows"), velocity_(queue, 3 * rows_, "velocities in rows") {
  if (plan.waves.empty() || plan.points < 2) {
    throw InvariantError("currents need a wave and two lags");
  }
  std::vector<std::int32_t> block_system, group_block, group_system, pair;
  std::vector<std::int64_t> group_blocks{0};
  for (std::size_t block = 0; block + 1 < layout.begin.size(); ++block) {
    block_system.push_back(layout.system[static_cast<std::size_t>(layout.begin[block])]);
  }
  for (std::size_t s = 0; s < systems.size(); ++s) {
    const auto first = static_cast<std::int32_t>(group_system.size());
    const auto elements = static_cast<std::int32_t>(systems[s].elements.size());
    for (std::int32_t e = 0; e < elements; ++e) {
      for (std::size_t c = 0; c < classes.size(); ++c) {
        for (std::int64_t b = layout.blocks[c]; classes[c].system == s && classes[c].type == e && b < layout.blocks[c + 1];
             ++b) {
          group_block.push_back(static_cast<std::int32_t>(b));
        }
      }
      group_system.push_back(static_cast<std::int32_t>(s));
      group_blocks.push_back(static_cast<std::int64_t>(group_block.size()));
    }
    for (std::int32_t a = 0; a < elements; ++a) {
      for (std::int32_t b = a; b < elements; ++b) {
        pairs_.push_back({s, a, b});
        pair.insert(pair.end(), {first + a, first + b});
      }
    }
  }
  std::vector<Wave3> waves;
  for (const std::array<int, 3> &n : plan.waves) {
    waves.push_back({{n[0], n[1], n[2]}, 0});
  }
  groups_ = static_cast<std::int64_t>(group_system.size());
  block_system_ = uploaded(queue, block_system, "systems of blocks");
  group_block_ = uploaded(queue, group_block, "blocks of groups");
  group_blocks_ = uploaded(queue, group_blocks, "blocks of groups");
  group_system_ = uploaded(queue, group_system, "systems of groups");
  pair_ = uploaded(queue, pair, "pairs of groups");
  wave_ = uploaded(queue, waves, "waves");
  partial_ = DeviceBuffer<double>(queue, waves_ * (begin_.size() - 1) * kParts, "currents of blocks of rows");
  ring_ = DeviceBuffer<double>(queue, plan.points * groups_ * waves_ * kParts, "currents");
  sums_ = DeviceBuffer<double>(queue, kTimeBlocks * each(), "sums of correlations of currents");
  ring_.zero();
  sums_.zero();
}

void CurrentsQuantity::observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) {
  if (number == kTimeBlocks * block_frames_) {
    join_time_blocks(queue_, sums_.view());
    block_frames_ *= 2;
  }
  const auto rows = [&](View<const double, 2> from, int first, DeviceBuffer<double> &to) {
    load_rows(queue_, from, {std::as_const(place_).view(), std::as_const(system_).view(), drift, first}, to.shaped(3, rows_));
  };
  rows(frame.position, 0, position_);
  rows(frame.velocity, 3, velocity_);
  find_currents(queue_,
                {position_.shaped(3, rows_), velocity_.shaped(3, rows_), std::as_const(begin_).view(),
                 std::as_const(block_system_).view(), frame.box, std::as_const(wave_).view(),
                 partial_.shaped(waves_, begin_.size() - 1, kParts), std::as_const(group_blocks_).view(),
                 std::as_const(group_block_).view(), std::as_const(group_system_).view(),
                 ring_.shaped(plan_.points, groups_, waves_, kParts)},
                number);
  const auto pairs = static_cast<std::int64_t>(pairs_.size());
  const std::int64_t block = number / block_frames_;
  correlate_currents(queue_,
                     {ring_.shaped(plan_.points, groups_, waves_, kParts), pair_.shaped(pairs, 2),
                      View<double, 4>(sums_.view().data() + block * each(), pairs, waves_, plan_.points, 3)},
                     number);
  frames_ = number + 1;
}

void CurrentsQuantity::result(AnalysisSums &sums) const {
  CurrentsSums out;
  out.plan = plan_;
  out.pairs = pairs_;
  out.frames = frames_;
  out.block_frames = block_frames_;
  out.blocks = static_cast<int>((frames_ + block_frames_ - 1) / block_frames_);
  out.sums.resize(static_cast<std::size_t>(sums_.size()));
  sums_.download(out.sums.data());
  out.sums.resize(static_cast<std::size_t>(out.blocks * each()));
  sums.currents = std::move(out);
}

void CurrentsQuantity::save(std::vector<double> &values) const {
  for (const DeviceBuffer<double> *buffer : {&ring_, &sums_}) {
    append_numbers(*buffer, values);
  }
}

void CurrentsQuantity::load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) {
  for (DeviceBuffer<double> *buffer : {&ring_, &sums_}) {
    take_numbers(*buffer, values, at);
  }
  frames_ = frames;
  block_frames_ = block_frames_after(frames);
}

} // namespace ZENER_BACKEND
} // namespace zener
