// A named range in the timeline of nsys (NVTX) or rocprof (roctx), for the life of the object. The launch name is the label.
//
// Ranges also keep wall times by name for benchmarks, off by default and for the whole process: time_ranges(true) forgets what
// was kept and begins. A range inside another takes its time off the outer one's, so the sum over names is the time inside
// ranges. While times are kept, a GPU's queue waits after each launch and recordings are launched kernel by kernel: the parts
// are then right and the whole is slower than without.
#pragma once

#include "kernels/exec/team.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

class ProfilerRange {
public:
  explicit ProfilerRange(const char *name);
  ~ProfilerRange();
  ProfilerRange(const ProfilerRange &) = delete;
  ProfilerRange &operator=(const ProfilerRange &) = delete;
  // Ticks of the parts of its work (Team::end_part).
  void add_parts(const std::array<std::int64_t, kTeamParts> &ticks) const;

private:
  void start_clock(const char *name);
  void stop_clock();

  const char *name_ = nullptr; // none: not timed
  ProfilerRange *outer_ = nullptr;
  std::int64_t begin_ns_ = 0;
  std::int64_t inner_ns_ = 0; // spent in ranges inside this one
};

struct RangeTime {
  std::string name;
  std::int64_t calls = 0;
  double seconds = 0.0; // without the ranges inside
  std::array<std::int64_t, kTeamParts> part_ticks{};
};

void time_ranges(bool on);
bool ranges_are_timed();
// By name, alphabetical.
std::vector<RangeTime> range_times();

} // namespace ZENER_BACKEND
} // namespace zener
