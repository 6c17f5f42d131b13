// Correlations of trajectories by direct sums over all pairs of frames.
#pragma once

#include "host/neutral/atoms.hpp"

#include <array>
#include <complex>
#include <cstdint>
#include <vector>

namespace zener::reference {

using Path = std::vector<std::vector<Vector3>>; // [frame][atom]

// Less the mean over atoms with these masses, frame by frame.
Path without_drift(const Path &path, const std::vector<double> &mass);

// Mean over the chosen atoms and the later frames f in [begin, end) that are multiples of `stride`, with f - lag >= 0 a
// multiple of stride times `origins`, of (x(f) - x(f - lag))^2 along d. NaN where there is none.
double mean_square(const Path &path, const std::vector<std::size_t> &atoms, std::size_t d, std::int64_t lag,
                   std::int64_t stride, std::int64_t origins, std::int64_t begin, std::int64_t end);

// Mean over the chosen atoms of a(s) a(s - lag) along d, a(s) the mean over frames s stride … (s + 1) stride - 1, over all s
// whose last frame lies in [begin, end) and s - lag >= 0 a multiple of `origins`; lag in samples.
double correlation(const Path &path, const std::vector<std::size_t> &atoms, std::size_t d, std::int64_t lag,
                   std::int64_t stride, std::int64_t origins, std::int64_t begin, std::int64_t end);

// Sum over the chosen atoms of v exp(-i k x), by x, y, z.
std::array<std::complex<double>, 3> current(const std::vector<Vector3> &positions, const std::vector<Vector3> &velocities,
                                            const std::vector<std::size_t> &atoms, const Vector3 &k);

} // namespace zener::reference
