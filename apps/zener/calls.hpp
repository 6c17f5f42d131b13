// How long runs are cut into calls of the device: long enough to cost nothing, short enough for signals and checkpoints.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace zener {

// The entries of a schedule, from `first` on, that a call up to `until` samples: at most `most`, or the call ends at the last.
template <class Count>
std::span<const Count> samples_of_call(const std::vector<Count> &schedule, std::size_t first, std::size_t most, Count &until) {
  std::size_t last = first;
  while (last < schedule.size() && schedule[last] <= until && last - first < most) {
    ++last;
  }
  if (last - first == most) {
    until = schedule[last - 1];
  }
  return std::span(schedule).subspan(first, last - first);
}

// The length of the next call after one of `done`, meant to be `chunk`, took `took_s` seconds.
template <class Count> Count next_chunk(Count chunk, Count done, double took_s, double target_s) {
  const double scale = std::clamp(target_s / std::max(took_s, 1e-6), 0.25, 4.0);
  if (done != chunk && scale >= 1.0) { // cut short
    return chunk;
  }
  return std::max<Count>(1, static_cast<Count>(std::ceil(static_cast<double>(done) * scale)));
}

} // namespace zener
