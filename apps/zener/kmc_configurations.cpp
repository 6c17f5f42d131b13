// Configurations of a run, with what the sites are as columns.
#include "apps/zener/kmc_results.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/structure_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace zener {
namespace {

namespace fs = std::filesystem;

const KmcGroup &group_of(const KmcPlan &plan, std::size_t walker) {
  return plan.groups[walker / static_cast<std::size_t>(plan.replicas)];
}

// A walker whose configurations are written, and where they go.
struct WrittenWalker {
  std::size_t walker = 0;
  std::string stem; // the file without its extension
};

std::vector<WrittenWalker> written_walkers(const fs::path &directory, const std::string &name, const KmcPreset &preset,
                                           const KmcPlan &plan) {
  const int replicas = preset.configurations == Configurations::all    ? plan.replicas
                       : preset.configurations == Configurations::none ? 0
                                                                       : 1;
  std::vector<WrittenWalker> written;
  for (std::size_t g = 0; g < plan.groups.size(); ++g) {
    for (int r = 0; r < replicas; ++r) {
      const fs::path stem = directory / "configurations" / fmt::format("{}_g{}_r{}", name, g, r);
      written.push_back({g * static_cast<std::size_t>(plan.replicas) + static_cast<std::size_t>(r), stem.string()});
    }
  }
  return written;
}

std::vector<SiteColumn> columns_of(const KmcPlan &plan, const KmcState &state, std::size_t walker, Backend &backend) {
  const LatticeShape lattice{plan.structure, plan.cells};
  const auto sites = static_cast<std::size_t>(plan.sites());
  const auto occupancy = std::span(state.occupancy).subspan(walker * sites, sites);
  std::vector<SiteColumn> columns;
  if (plan.b2) {
    const std::vector<std::uint8_t> centres = backend.b2_centres(lattice, occupancy, *plan.b2);
    columns.push_back({"b2", std::vector<std::int64_t>(centres.begin(), centres.end())});
    columns.push_back({"cluster", clusters_by_size(backend.clusters(lattice, centres, plan.b2->link_squared))});
    if (plan.b2->persistent_over_hops > 0) {
      const std::vector<std::uint8_t> persistent = persistent_centres(plan, state, walker);
      columns.push_back({"persistent_cluster", clusters_by_size(backend.clusters(lattice, persistent, plan.b2->link_squared))});
    }
  }
  if (plan.randomness) {
    const double &temperature_K = group_of(plan, walker).temperature_K;
    columns.push_back(
        {"randomness", backend.barrier_map(plan.model, plan.precision, lattice, occupancy, {&temperature_K, 1}).randomness});
  }
  return columns;
}

} // namespace

std::vector<std::int64_t> clusters_by_size(const std::vector<std::int32_t> &smallest_site) {
  std::map<std::int32_t, std::int64_t> sizes; // by smallest site
  for (const std::int32_t root : smallest_site) {
    if (root >= 0) {
      ++sizes[root];
    }
  }
  std::vector<std::pair<std::int32_t, std::int64_t>> clusters(sizes.begin(), sizes.end());
  std::stable_sort(clusters.begin(), clusters.end(), [](const auto &a, const auto &b) { return a.second > b.second; });
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    sizes[clusters[i].first] = static_cast<std::int64_t>(i) + 1;
  }
  std::vector<std::int64_t> numbers;
  numbers.reserve(smallest_site.size());
  for (const std::int32_t root : smallest_site) {
    numbers.push_back(root < 0 ? 0 : sizes[root]);
  }
  return numbers;
}

std::vector<std::uint8_t> persistent_centres(const KmcPlan &plan, const KmcState &state, std::size_t walker) {
  const auto sites = static_cast<std::size_t>(plan.sites());
  const std::uint32_t first = first_sample_of_window(state.sample_hops, plan.b2->persistent_over_hops);
  std::vector<std::uint8_t> marks;
  marks.reserve(sites);
  for (const std::uint32_t since : std::span(state.b2_since).subspan(walker * sites, sites)) {
    marks.push_back(since != 0 && since - 1 <= first ? 1 : 0);
  }
  return marks;
}

void write_configurations(const fs::path &directory, const std::string &name, const KmcPreset &preset, const KmcPlan &plan,
                          const KmcState &state, Backend &backend) {
  if (preset.configurations == Configurations::none) {
    return;
  }
  make_folder(directory / "configurations");
  const auto sites = static_cast<std::size_t>(plan.sites());
  for (const auto &[w, stem] : written_walkers(directory, name, preset, plan)) {
    LatticeConfiguration configuration;
    configuration.structure = plan.structure;
    configuration.cells = plan.cells;
    configuration.lattice_constant_A = plan.lattice_constant_A;
    configuration.elements = plan.elements;
    configuration.occupancy = std::span(state.occupancy).subspan(w * sites, sites);
    configuration.info = {{plan.swaps() ? "Trial" : "Hop", static_cast<std::int64_t>(state.walker_hops[w])}};
    if (!plan.swaps()) {
      configuration.info.emplace_back("Time_s", state.time_s[w]);
    }
    configuration.info.emplace_back("Temperature_K", group_of(plan, w).temperature_K);
    configuration.info.emplace_back("Walker", static_cast<std::int64_t>(w));
    configuration.columns = columns_of(plan, state, w, backend);
    write_extended_xyz(stem + ".xyz", configuration);
    write_lammps_dump(stem + ".dump", configuration, static_cast<std::int64_t>(state.walker_hops[w]));
  }
}

bool has_configurations(const fs::path &directory, const std::string &name, const KmcPreset &preset, const KmcPlan &plan) {
  const std::vector<WrittenWalker> written = written_walkers(directory, name, preset, plan);
  std::error_code error;
  return std::all_of(written.begin(), written.end(), [&](const WrittenWalker &w) {
    return fs::exists(w.stem + ".xyz", error) && fs::exists(w.stem + ".dump", error);
  });
}

void remove_configurations(const fs::path &directory, const std::string &name) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto &entry : fs::directory_iterator(directory / "configurations", error)) {
    if (entry.path().filename().string().starts_with(name + "_g")) {
      files.push_back(entry.path());
    }
  }
  for (const fs::path &file : files) {
    if (!fs::remove(file, error) && error) {
      throw DataError(file.string() + ": cannot be removed: " + error.message());
    }
  }
}

} // namespace zener
