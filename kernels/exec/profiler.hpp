// A named range in the timeline of nsys (NVTX) or rocprof (roctx), for the life of the object. The launch name is the label.
#pragma once

#include "kernels/exec/config.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

class ProfilerRange {
public:
  explicit ProfilerRange(const char *name);
  ~ProfilerRange();
  ProfilerRange(const ProfilerRange &) = delete;
  ProfilerRange &operator=(const ProfilerRange &) = delete;
};

} // namespace ZENER_BACKEND
} // namespace zener
