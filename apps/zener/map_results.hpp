// The result folder of a barrier_map run: map.h5, summary.json and configurations.
#pragma once

#include "host/backend.hpp"
#include "host/neutral/map_preset.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace zener {

// What is known of one composition, configuration by configuration. P paths, T temperatures.
struct MappedComposition {
  int configurations = 0;
  std::vector<double> barrier_eV;       // [configuration][site][P]
  std::vector<double> spread_eV;        // like barrier_eV, of an ensemble: over its members; else empty
  std::vector<std::uint8_t> jumping;    // like barrier_eV: code of the atom that jumps
  std::vector<double> mean_randomness;  // [configuration][T], over the sites
  std::vector<double> variance;         // [configuration][T], of R over the sites (population)
  std::vector<std::uint64_t> histogram; // [T][bins] of R
  std::vector<float> site_randomness;   // [configuration][T][site]; only when there is one composition
};

// Adds the map of one configuration. Throws DataError that names site and path when a barrier is not finite.
void add_map(const MapPreset &preset, const MapPlan &plan, std::size_t composition, const std::vector<std::uint8_t> &occupancy,
             const BarrierMap &map, MappedComposition &to);

// What a run was, besides its preset and plan.
struct MapRecord {
  std::string status; // "finished" or "interrupted"
  std::string backend;
  std::string device;
  double wall_s = 0.0;
  std::vector<std::string> warnings;
};

// map.h5 and summary.json. What was not reached is NaN.
void write_map_results(const std::filesystem::path &directory, const MapPreset &preset, const MapPlan &plan,
                       const std::vector<MappedComposition> &mapped, const MapRecord &record);

// configurations/map_g<composition>_c<configuration>.{xyz,dump} with the columns mean_barrier_eV (of the paths that lead away
// from a vacancy on the site) and R_<temperature>K.
void write_map_configuration(const std::filesystem::path &directory, const MapPlan &plan, std::size_t composition,
                             int configuration, const std::vector<std::uint8_t> &occupancy, const BarrierMap &map);

} // namespace zener
