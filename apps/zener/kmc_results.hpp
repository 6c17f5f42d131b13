// The result folder of a kmc or static_mc run: series.h5, summary.json and configurations.
#pragma once

#include "host/backend.hpp"
#include "host/neutral/preset.hpp"
#include "host/neutral/transport.hpp"

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
  double wall_s = 0.0;     // of all parts of the run, files and all
  double hops_per_s = 0.0; // of all walkers together while they walked, in this part
  // The memory of environments in this part of the run.
  std::uint64_t memory_lookups = 0;
  std::uint64_t memory_hits = 0;
  std::vector<std::string> warnings;
};

// Mean and standard error of values of equal weight; the error is NaN with fewer than two.
Estimate mean_of(const std::vector<double> &values);

// Ratio sum(numerator) / (factor * sum(denominator)) with its standard error by the jackknife (one replica left out at a time).
Estimate ratio_of(const std::vector<double> &numerator, const std::vector<double> &denominator, double factor);

// The sampled rows, and the histogram of R of the state.
void write_series(const std::filesystem::path &directory, const KmcPreset &preset, const KmcPlan &plan, const KmcState &state,
                  const std::vector<KmcRow> &rows);

// Share of all hops that were made from flagged environments (KmcPlan::flags).
double flagged_share(const KmcState &state);
// flagged.json: the flagged environments that the walkers keep, for the command barriers.
void write_flagged(const std::filesystem::path &directory, const KmcPlan &plan, const KmcState &state);

// The summary, written to directory/summary.json and returned. Values of the B2 clusters are those of the last row.
nlohmann::json write_summary(const std::filesystem::path &directory, const KmcPreset &preset, const KmcPlan &plan,
                             const KmcState &state, const std::vector<KmcRow> &rows, const RunRecord &run);

// One extended XYZ and one LAMMPS dump for each walker that the preset asks for: NAME_g<group>_r<replica>. Columns by what is
// observed: b2 (0 or 1), cluster and persistent_cluster (1 the largest, ties by the smallest site, 0 none), randomness (R of a
// vacancy on the site at the walker's temperature).
void write_configurations(const std::filesystem::path &directory, const std::string &name, const KmcPreset &preset,
                          const KmcPlan &plan, const KmcState &state, Backend &backend);

// All files that write_configurations would write under that name are there.
bool has_configurations(const std::filesystem::path &directory, const std::string &name, const KmcPreset &preset,
                        const KmcPlan &plan);

// Takes away the configurations of that name.
void remove_configurations(const std::filesystem::path &directory, const std::string &name);

// Numbers of clusters, 1 for the largest (ties: the one with the smallest site), 0 for none, from the smallest site of each
// site's cluster (-1: none). [sites]
std::vector<std::int64_t> clusters_by_size(const std::vector<std::int32_t> &smallest_site);

// 1 where a site of a walker was a B2 centre at every sample of the window that ends at the last sample. [sites]
std::vector<std::uint8_t> persistent_centres(const KmcPlan &plan, const KmcState &state, std::size_t walker);

} // namespace zener
