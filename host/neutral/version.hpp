// What this binary is. The values are written by CMake.
#pragma once

namespace zener {

extern const char *const kVersion;  // the release, e.g. "0.1.0"
extern const char *const kCommit;   // short hash of the commit, "-dirty" when files differed from it, or "unknown"
extern const char *const kCompiler; // name and version, with nvcc's where CUDA was built
extern const char *const kBackends; // names of the backends, e.g. "cpu cuda"

} // namespace zener
