// Averages of positions over windows of frames, for the quantities that look at them.
#pragma once

#include "host/neutral/atoms.hpp"
#include "kernels/analysis/time_average.hpp"
#include "kernels/exec/buffer.hpp"

#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

class TimeAverage {
public:
  TimeAverage(Queue &queue, const std::vector<Atoms> &systems, std::int64_t window_frames);
  // Takes in a frame, numbered from 0. True: it ends window number/window_frames, whose average is there until the next frame.
  bool add(const FrameView &frame, View<const double, 2> drift, std::int64_t number);
  std::int64_t window_of(std::int64_t number) const { return number / frames_; }
  View<const double, 2> average() const { return View<const double, 2>(sum_.view().data(), 3, n_); }
  View<const std::int32_t, 1> system() const { return system_.view(); } // [N]
  const DeviceBuffer<double> &buffer() const { return sum_; }
  std::int64_t atoms() const { return n_; }

  void save(std::vector<double> &values) const;
  void load(const std::vector<double> &values, std::size_t &at);

private:
  Queue &queue_;
  std::int64_t n_, k_, frames_;
  DeviceBuffer<std::int32_t> system_;
  DeviceBuffer<double> centre_, sum_;
};

} // namespace ZENER_BACKEND
} // namespace zener
