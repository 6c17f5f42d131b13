#include "host/engine/mobility_quantity.hpp"

#include "host/engine/analysis_rows.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/flux_layout.hpp"

#include <algorithm>
#include <utility>

namespace zener {
inline namespace ZENER_BACKEND {

MobilityQuantity::MobilityQuantity(Queue &queue, const MobilityPlan &plan, const std::vector<Atoms> &systems,
                                   const std::vector<std::int32_t> &class_of_atom, std::size_t classes)
    : plan_(plan), queue_(queue), average_(queue, systems, plan.window_frames), classes_(static_cast<std::int64_t>(classes)) {
  if (plan.interval_windows < 1) {
    throw InvariantError("an interval of no windows");
  }
  for (const Atoms &system : systems) {
    threshold_A_.push_back(plan.threshold_A.value_or(0.5 * neighbour_distance(system)));
    if (!(threshold_A_.back() > 0.0)) {
      throw ConfigError("analyses/mobility/threshold_A: no atom has a neighbour where the analysis begins; give the distance");
    }
  }
  std::vector<std::vector<std::int32_t>> members(classes);
  for (std::size_t i = 0; i < class_of_atom.size(); ++i) {
    members[static_cast<std::size_t>(class_of_atom[i])].push_back(static_cast<std::int32_t>(i));
  }
  std::vector<std::int32_t> place;
  std::vector<std::int64_t> begin{0}, blocks{0};
  for (const std::vector<std::int32_t> &atoms : members) {
    place.insert(place.end(), atoms.begin(), atoms.end());
    const auto end = static_cast<std::int64_t>(place.size());
    while (begin.back() < end) {
      begin.push_back(std::min<std::int64_t>(end, begin.back() + kMobilityAtoms));
    }
    blocks.push_back(static_cast<std::int64_t>(begin.size()) - 1);
  }
  const std::int64_t n = average_.atoms(), rows = plan_.interval_windows + 1;
  threshold_ = uploaded(queue_, threshold_A_, "thresholds");
  place_ = uploaded(queue_, place, "atoms by class");
  begin_ = uploaded(queue_, begin, "blocks of atoms");
  blocks_ = uploaded(queue_, blocks, "blocks of classes");
  origin_ = DeviceBuffer<double>(queue_, 3 * n, "origins of the interval");
  moved_ = DeviceBuffer<double>(queue_, 3 * n * plan_.interval_windows, "displacements of the interval");
  axis_ = DeviceBuffer<std::int32_t>(queue_, n, "axes of motion");
  partial_ = DeviceBuffer<double>(queue_, rows * (begin_.size() - 1) * kMobilityNumbers, "sums of blocks of atoms");
  sums_ = DeviceBuffer<double>(queue_, kTimeBlocks * each(), "sums of displacements");
  origin_.zero();
  moved_.zero();
  sums_.zero();
}

MobilityView MobilityQuantity::view() {
  const std::int64_t n = average_.atoms(), rows = plan_.interval_windows + 1;
  return {average_.average(),
          average_.system(),
          std::as_const(threshold_).view(),
          std::as_const(place_).view(),
          std::as_const(begin_).view(),
          std::as_const(blocks_).view(),
          origin_.shaped(3, n),
          moved_.shaped(plan_.interval_windows, 3, n),
          axis_.view(),
          partial_.shaped(rows, begin_.size() - 1, kMobilityNumbers),
          sums_.shaped(kTimeBlocks, classes_, rows, kMobilityNumbers)};
}

void MobilityQuantity::observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) {
  if (!average_.add(frame, drift, number)) {
    return;
  }
  const std::int64_t window = average_.window_of(number);
  if (window == 0) {
    begin_interval(queue_, view());
    return;
  }
  const std::int64_t lag = (window - 1) % plan_.interval_windows + 1;
  const bool ends = lag == plan_.interval_windows;
  if (ends && intervals_ == kTimeBlocks * block_intervals_) {
    join_time_blocks(queue_, sums_.view());
    block_intervals_ *= 2;
  }
  add_to_interval(queue_, view(), lag, static_cast<int>(intervals_ / block_intervals_));
  intervals_ += ends ? 1 : 0;
}

void MobilityQuantity::result(AnalysisSums &to) const {
  MobilitySums out;
  out.plan = plan_;
  out.threshold_A = threshold_A_;
  out.intervals = intervals_;
  out.block_intervals = block_intervals_;
  out.blocks = static_cast<int>((intervals_ + block_intervals_ - 1) / block_intervals_);
  std::vector<double> all(static_cast<std::size_t>(sums_.size()));
  sums_.download(all.data());
  all.resize(static_cast<std::size_t>(out.blocks * each()));
  out.sums = std::move(all);
  to.mobility = std::move(out);
}

void MobilityQuantity::save(std::vector<double> &values) const {
  average_.save(values);
  for (const DeviceBuffer<double> *buffer : {&origin_, &moved_, &sums_}) {
    append_numbers(*buffer, values);
  }
}

void MobilityQuantity::load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) {
  average_.load(values, at);
  for (DeviceBuffer<double> *buffer : {&origin_, &moved_, &sums_}) {
    take_numbers(*buffer, values, at);
  }
  const std::int64_t windows = frames / plan_.window_frames;
  intervals_ = windows < 1 ? 0 : (windows - 1) / plan_.interval_windows;
  block_intervals_ = block_frames_after(intervals_);
}

double MobilityQuantity::numbers(const MobilityPlan &plan, std::int64_t n, std::int64_t classes) {
  const auto rows = static_cast<double>(plan.interval_windows + 1);
  const double blocks = static_cast<double>(n) / kMobilityAtoms + static_cast<double>(classes);
  return static_cast<double>(n) * (3.0 * rows + 4.5) +
         rows * kMobilityNumbers * (blocks + kTimeBlocks * static_cast<double>(classes));
}

} // namespace ZENER_BACKEND
} // namespace zener
