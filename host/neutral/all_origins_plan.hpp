// Correlations over all origins of time: what is asked, and what a device sums. Plain data.
#pragma once

#include <cstdint>
#include <vector>

namespace zener {

struct AllOriginsPlan {
  bool displacements = true; // of positions
  bool velocities = false;
  bool per_atom = false; // squared displacements of single atoms go into the results
};

// Of one vector: rows padded with zeros to `length`.
struct AllOriginsSpectra {
  std::vector<double> power;  // [classes][3][length/2 + 1], |X|^2 over a class's atoms
  std::vector<double> square; // [classes][3][frames], x^2
};

struct AllOriginsSums {
  std::int64_t frames = 0, length = 0;
  AllOriginsSpectra displacements, velocities; // empty where not asked for
  // Squared displacements of single atoms, summed over origins: [atoms as given][3][lags], and the lags, frames.
  std::vector<std::int64_t> lags;
  std::vector<double> single;
};

// At most 64 lags from 1 to half the frames, evenly spread over their logarithm, ascending and different.
std::vector<std::int64_t> single_lags(std::int64_t frames);

} // namespace zener
