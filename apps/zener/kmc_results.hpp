// The result folder of a kmc run: series.h5, summary.json and configurations.
#pragma once

#include "host/neutral/preset.hpp"

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace zener {

// What a run was, besides its preset and plan.
struct RunRecord {
  std::string status; // "finished", "interrupted" or "stopped: …"
  std::string backend;
  std::string device;
  double wall_s = 0.0;     // of all parts of the run
  double hops_per_s = 0.0; // of all walkers together, of this part
  std::vector<std::string> warnings;
};

// Mean with its standard error over replicas; the error is NaN with fewer than two.
struct Estimate {
  double mean = 0.0;
  double standard_error = 0.0;
};

// Mean and standard error of values of equal weight.
Estimate mean_of(const std::vector<double> &values);

// Ratio sum(numerator) / (factor * sum(denominator)) with its standard error by the jackknife (one replica left out at a time).
Estimate ratio_of(const std::vector<double> &numerator, const std::vector<double> &denominator, double factor);

void write_series(const std::filesystem::path &directory, const KmcPreset &preset, const KmcPlan &plan,
                  const std::vector<KmcRow> &rows);

// The summary, written to directory/summary.json and returned.
nlohmann::json write_summary(const std::filesystem::path &directory, const KmcPreset &preset, const KmcPlan &plan,
                             const KmcState &state, const RunRecord &run);

// One extended XYZ and one LAMMPS dump for each walker that the preset asks for: NAME_g<group>_r<replica>.
void write_configurations(const std::filesystem::path &directory, const std::string &name, const KmcPreset &preset,
                          const KmcPlan &plan, const KmcState &state);

} // namespace zener
