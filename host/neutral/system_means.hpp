// Means over a run that analyses need besides what the device gives.
#pragma once

#include "host/neutral/atoms.hpp"
#include "host/neutral/series_statistics.hpp"
#include "host/neutral/transport.hpp"

#include <limits>
#include <vector>

namespace zener {

inline constexpr Estimate kNoEstimate{std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};

// NaN where a mean is not known.
struct SystemMeans {
  double temperature_K = kNoEstimate.mean; // of the thermostat, or else of the rows
  double volume_A3 = kNoEstimate.mean;
  Estimate energy_eV = kNoEstimate;    // potential and kinetic
  Estimate pressure_GPa = kNoEstimate; // kinetic part included
};

// What frames of a file say, one after the other: energies and virials count where every frame has them, with velocities.
class FrameMeans {
public:
  void add(const Atoms &frame);
  SystemMeans means() const;

private:
  std::vector<double> volume_, energy_, pressure_;
  std::size_t frames_ = 0;
};

} // namespace zener
