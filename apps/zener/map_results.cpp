#include "apps/zener/map_results.hpp"

#include "apps/zener/result_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/structure_files.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <numeric>

namespace zener {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// The bin of a value between two ends; the upper end itself is in the last one.
std::size_t bin_of(double value, double low, double high, int bins) {
  const double share = high > low ? (value - low) / (high - low) : 0.0;
  return static_cast<std::size_t>(std::clamp(static_cast<int>(share * bins), 0, bins - 1));
}

std::vector<double> edges(double low, double high, int bins) {
  std::vector<double> out;
  for (int b = 0; b <= bins; ++b) {
    out.push_back(b == bins ? high : low + (high - low) * b / bins);
  }
  return out;
}

double mean(const std::vector<double> &values) {
  return values.empty() ? kNone : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Of the mean of equal weights; NaN for fewer than two.
double standard_error(const std::vector<double> &values) {
  if (values.size() < 2) {
    return kNone;
  }
  const double centre = mean(values);
  double sum = 0.0;
  for (const double v : values) {
    sum += (v - centre) * (v - centre);
  }
  const double n = static_cast<double>(values.size());
  return std::sqrt(sum / (n - 1.0) / n);
}

// Statistics of the barriers of one composition; NaN when nothing was reached.
struct BarrierStatistics {
  double mean = kNone;
  double mean_error = kNone;         // standard error over configurations
  double standard_deviation = kNone; // population
  double least = kNone;
  double largest = kNone;
  std::vector<double> by_species; // [S], NaN for a species that never jumps
  double spread_rms = kNone;      // of an ensemble
  double spread_largest = kNone;
};

BarrierStatistics statistics(const MapPlan &plan, const MappedComposition &m) {
  BarrierStatistics out;
  std::vector<double> sums(plan.elements.size(), 0.0);
  std::vector<double> counts(plan.elements.size(), 0.0);
  out.by_species.assign(plan.elements.size(), kNone);
  if (m.barrier_eV.empty()) {
    return out;
  }
  out.mean = mean(m.barrier_eV);
  const std::size_t each = m.barrier_eV.size() / static_cast<std::size_t>(m.configurations);
  std::vector<double> means;
  for (std::size_t first = 0; first < m.barrier_eV.size(); first += each) {
    const auto begin = m.barrier_eV.begin() + static_cast<std::ptrdiff_t>(first);
    means.push_back(std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(each), 0.0) / static_cast<double>(each));
  }
  out.mean_error = standard_error(means);
  out.least = *std::min_element(m.barrier_eV.begin(), m.barrier_eV.end());
  out.largest = *std::max_element(m.barrier_eV.begin(), m.barrier_eV.end());
  double squared = 0.0;
  for (std::size_t i = 0; i < m.barrier_eV.size(); ++i) {
    squared += (m.barrier_eV[i] - out.mean) * (m.barrier_eV[i] - out.mean);
    sums[m.jumping[i] - 1U] += m.barrier_eV[i];
    counts[m.jumping[i] - 1U] += 1.0;
  }
  out.standard_deviation = std::sqrt(squared / static_cast<double>(m.barrier_eV.size()));
  if (!m.spread_eV.empty()) {
    double spreads = 0.0;
    for (const double spread : m.spread_eV) {
      spreads += spread * spread;
    }
    out.spread_rms = std::sqrt(spreads / static_cast<double>(m.spread_eV.size()));
    out.spread_largest = *std::max_element(m.spread_eV.begin(), m.spread_eV.end());
  }
  for (std::size_t s = 0; s < sums.size(); ++s) {
    out.by_species[s] = counts[s] > 0.0 ? sums[s] / counts[s] : kNone;
  }
  return out;
}

// Column t of [configuration][T].
std::vector<double> at_temperature(const std::vector<double> &values, std::size_t t, std::size_t temperatures) {
  std::vector<double> out;
  for (std::size_t i = t; i < values.size(); i += temperatures) {
    out.push_back(values[i]);
  }
  return out;
}

struct Randomness {
  double mean = kNone;
  double variance = kNone;
  double variance_error = kNone;
};

Randomness randomness(const MapPlan &plan, const MappedComposition &m, std::size_t t) {
  const std::size_t n = plan.temperatures_K.size();
  const std::vector<double> variances = at_temperature(m.variance, t, n);
  return {mean(at_temperature(m.mean_randomness, t, n)), mean(variances), standard_error(variances)};
}

std::vector<double> fractions_of(const MapPlan &plan, std::size_t g) {
  std::vector<double> out;
  for (const std::int64_t atoms : plan.atoms[g]) {
    out.push_back(static_cast<double>(atoms) / static_cast<double>(plan.sites()));
  }
  return out;
}

void write_barriers(H5File &file, const MapPreset &preset, const MapPlan &plan, const std::vector<MappedComposition> &mapped,
                    const std::vector<BarrierStatistics> &barriers) {
  const std::size_t groups = mapped.size();
  const std::size_t species = plan.elements.size();
  const int bins = preset.barrier_bins;
  const auto column = [&](double BarrierStatistics::*of) {
    std::vector<double> out;
    for (const BarrierStatistics &b : barriers) {
      out.push_back(b.*of);
    }
    return out;
  };
  put(file, "/barriers/mean_eV", column(&BarrierStatistics::mean), {groups}, "eV",
      "mean over all jumps of a vacancy on every site of every configuration");
  put(file, "/barriers/mean_standard_error_eV", column(&BarrierStatistics::mean_error), {groups}, "eV",
      "standard error of the mean over configurations; NaN for one");
  put(file, "/barriers/standard_deviation_eV", column(&BarrierStatistics::standard_deviation), {groups}, "eV",
      "standard deviation of the barriers over all jumps");
  const std::vector<double> least = column(&BarrierStatistics::least);
  const std::vector<double> largest = column(&BarrierStatistics::largest);
  put(file, "/barriers/least_eV", least, {groups}, "eV", "the smallest barrier");
  put(file, "/barriers/largest_eV", largest, {groups}, "eV", "the largest barrier");
  if (ensemble_size(plan.model) > 1) {
    put(file, "/barriers/spread/rms_eV", column(&BarrierStatistics::spread_rms), {groups}, "eV",
        "root mean square over all jumps of the standard deviation of the barrier over the networks of the ensemble");
    put(file, "/barriers/spread/largest_eV", column(&BarrierStatistics::spread_largest), {groups}, "eV",
        "the largest standard deviation over the networks of the ensemble");
  }

  double low = kNone;
  double high = kNone;
  for (std::size_t g = 0; g < groups; ++g) { // fmin and fmax leave out NaN
    low = std::fmin(low, least[g]);
    high = std::fmax(high, largest[g]);
  }
  if (!(high > low)) { // all barriers are the same: bins around it
    low -= 0.5e-3;
    high += 0.5e-3;
  }
  std::vector<double> by_species;
  std::vector<double> histogram;
  std::vector<double> of_species;
  for (std::size_t g = 0; g < groups; ++g) {
    by_species.insert(by_species.end(), barriers[g].by_species.begin(), barriers[g].by_species.end());
    const MappedComposition &m = mapped[g];
    const double share = 1.0 / static_cast<double>(m.barrier_eV.size());
    const double empty = m.configurations > 0 ? 0.0 : kNone;
    histogram.resize((g + 1) * static_cast<std::size_t>(bins), empty);
    of_species.resize((g + 1) * species * static_cast<std::size_t>(bins), empty);
    for (std::size_t i = 0; i < m.barrier_eV.size(); ++i) {
      const std::size_t bin = bin_of(m.barrier_eV[i], low, high, bins);
      histogram[g * static_cast<std::size_t>(bins) + bin] += share;
      of_species[(g * species + m.jumping[i] - 1U) * static_cast<std::size_t>(bins) + bin] += share;
    }
  }
  put(file, "/barriers/bin_edges_eV", edges(low, high, bins), {static_cast<std::size_t>(bins) + 1}, "eV",
      "edges of the bins of the histograms");
  put(file, "/barriers/histogram", histogram, {groups, static_cast<std::size_t>(bins)}, "1", "fraction of all jumps");
  put(file, "/barriers/by_species/mean_eV", by_species, {groups, species}, "eV",
      "mean barrier of the jumps of each element; NaN without atoms of it");
  put(file, "/barriers/by_species/histogram", of_species, {groups, species, static_cast<std::size_t>(bins)}, "1",
      "fraction of all jumps, by the element that jumps");
}

void write_randomness(H5File &file, const MapPreset &preset, const MapPlan &plan,
                      const std::vector<MappedComposition> &mapped) {
  const std::size_t groups = mapped.size();
  const std::size_t temperatures = plan.temperatures_K.size();
  const auto bins = static_cast<std::size_t>(preset.randomness_bins);
  std::vector<double> means;
  std::vector<double> variances;
  std::vector<double> errors;
  std::vector<double> histogram;
  for (const MappedComposition &m : mapped) {
    const double sites = static_cast<double>(m.configurations) * static_cast<double>(plan.sites());
    for (std::size_t t = 0; t < temperatures; ++t) {
      const Randomness r = randomness(plan, m, t);
      means.push_back(r.mean);
      variances.push_back(r.variance);
      errors.push_back(r.variance_error);
    }
    for (std::size_t b = 0; b < temperatures * bins; ++b) {
      histogram.push_back(m.configurations > 0 ? static_cast<double>(m.histogram[b]) / sites : kNone);
    }
  }
  put(file, "/randomness/mean", means, {groups, temperatures}, "1",
      "mean over sites and configurations of the jump randomness R = 1 - sigma(p) / max sigma");
  put(file, "/randomness/variance", variances, {groups, temperatures}, "1",
      "variance of R over the sites, mean over configurations");
  put(file, "/randomness/variance_standard_error", errors, {groups, temperatures}, "1",
      "standard error of the variance over configurations; NaN for one");
  put(file, "/randomness/bin_edges", edges(0.0, 1.0, preset.randomness_bins), {bins + 1}, "1", "edges of the bins of R");
  put(file, "/randomness/histogram", histogram, {groups, temperatures, bins}, "1", "fraction of all sites");
}

void write_map_file(const fs::path &directory, const MapPreset &preset, const MapPlan &plan,
                    const std::vector<MappedComposition> &mapped, const std::vector<BarrierStatistics> &barriers) {
  H5File file =
      create_result_file(directory / "map.h5", "zener-barrier-map-1", "barrier_map", preset.title, resolved(preset).dump());

  const std::size_t groups = mapped.size();
  std::vector<double> fractions;
  std::vector<std::int64_t> configurations;
  for (std::size_t g = 0; g < groups; ++g) {
    const std::vector<double> of_group = fractions_of(plan, g);
    fractions.insert(fractions.end(), of_group.begin(), of_group.end());
    configurations.push_back(mapped[g].configurations);
  }
  put(file, "/compositions/fractions", fractions, {groups, plan.elements.size()}, "1", "atoms of each element by site");
  file.write_attribute("/compositions/fractions", "elements", plan.elements);
  put(file, "/compositions/configurations", configurations, {groups}, "1", "configurations that were mapped");
  put(file, "/temperatures_K", plan.temperatures_K, {plan.temperatures_K.size()}, "K", "temperatures of the jump randomness");
  write_barriers(file, preset, plan, mapped, barriers);
  write_randomness(file, preset, plan, mapped);
  if (groups == 1) {
    const MappedComposition &m = mapped.front();
    const auto n = static_cast<std::size_t>(m.configurations);
    const auto sites = static_cast<std::size_t>(plan.sites());
    put(file, "/sites/barrier_eV", std::vector<float>(m.barrier_eV.begin(), m.barrier_eV.end()),
        {n, sites, static_cast<std::size_t>(plan.paths())}, "eV",
        "barrier of each jump of a vacancy on the site, in the order of the nearest neighbours by (x, y, z)");
    if (ensemble_size(plan.model) > 1) {
      put(file, "/sites/spread_eV", std::vector<float>(m.spread_eV.begin(), m.spread_eV.end()),
          {n, sites, static_cast<std::size_t>(plan.paths())}, "eV",
          "standard deviation of each barrier over the networks of the ensemble");
    }
    put(file, "/sites/randomness", m.site_randomness, {n, plan.temperatures_K.size(), sites}, "1",
        "jump randomness R of a vacancy on the site");
  }
  file.close();
}

std::string composition_text(const MapPlan &plan, std::size_t g) {
  std::vector<std::string> parts;
  const std::vector<double> fractions = fractions_of(plan, g);
  for (std::size_t s = 0; s < fractions.size(); ++s) {
    if (fractions[s] > 0.0) {
      parts.push_back(fmt::format("{} {:.4g}", plan.elements[s], fractions[s]));
    }
  }
  return join(parts, ", ");
}

// Index of the largest number; the size of the list when there is none.
std::size_t largest(const std::vector<double> &values) {
  std::size_t best = values.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i]) && (best == values.size() || values[i] > values[best])) {
      best = i;
    }
  }
  return best;
}

Json named(const std::string &name, const std::string &units, const Json &value, const Json &error,
           const std::string &description) {
  return {{"name", name}, {"units", units}, {"value", value}, {"standard_error", error}, {"description", description}};
}

// What the map stands for: the composition of the highest mean barrier, and where Var(R) is largest.
Json named_numbers(const MapPlan &plan, const std::vector<MappedComposition> &mapped,
                   const std::vector<BarrierStatistics> &barriers) {
  Json numbers = Json::array();
  std::vector<double> means;
  for (const BarrierStatistics &b : barriers) {
    means.push_back(b.mean);
  }
  const std::size_t highest = largest(means);
  if (highest < means.size()) {
    numbers.push_back(named(means.size() == 1 ? "mean_barrier" : "highest_mean_barrier", "eV", means[highest],
                            barriers[highest].mean_error, "mean barrier of " + composition_text(plan, highest)));
    const std::vector<double> fractions = fractions_of(plan, highest);
    for (std::size_t s = 0; s < fractions.size() && means.size() > 1; ++s) {
      numbers.push_back(named("highest_mean_barrier_fraction_" + plan.elements[s], "1", fractions[s], nullptr,
                              "part of " + plan.elements[s] + " where the mean barrier is highest"));
    }
  }
  for (std::size_t g = 0; g < mapped.size() && !plan.temperatures_K.empty(); ++g) {
    std::vector<double> variances;
    for (std::size_t t = 0; t < plan.temperatures_K.size(); ++t) {
      variances.push_back(randomness(plan, mapped[g], t).variance);
    }
    const std::size_t at = largest(variances);
    if (at < variances.size()) {
      const std::string suffix = mapped.size() == 1 ? "" : "_g" + std::to_string(g);
      numbers.push_back(named("temperature_of_largest_variance" + suffix, "K", plan.temperatures_K[at], nullptr,
                              "temperature at which the variance of R is largest, " + composition_text(plan, g)));
      numbers.push_back(named("largest_variance" + suffix, "1", variances[at], randomness(plan, mapped[g], at).variance_error,
                              "variance of R over the sites at that temperature"));
    }
  }
  return numbers;
}

Json composition_json(const MapPlan &plan, std::size_t g, const MappedComposition &m, const BarrierStatistics &b) {
  Json fractions = Json::object();
  Json atoms = Json::object();
  Json by_species = Json::object();
  const std::vector<double> parts = fractions_of(plan, g);
  for (std::size_t s = 0; s < plan.elements.size(); ++s) {
    fractions[plan.elements[s]] = parts[s];
    atoms[plan.elements[s]] = plan.atoms[g][s];
    by_species[plan.elements[s]] = b.by_species[s];
  }
  Json temperatures = Json::array();
  for (std::size_t t = 0; t < plan.temperatures_K.size(); ++t) {
    const Randomness r = randomness(plan, m, t);
    temperatures.push_back({{"temperature_K", plan.temperatures_K[t]},
                            {"mean", r.mean},
                            {"variance", r.variance},
                            {"variance_standard_error", r.variance_error}});
  }
  Json entry = {{"composition", fractions},
                {"atoms", atoms},
                {"configurations", m.configurations},
                {"barrier_eV",
                 {{"mean", b.mean},
                  {"standard_error", b.mean_error},
                  {"standard_deviation", b.standard_deviation},
                  {"least", b.least},
                  {"largest", b.largest},
                  {"mean_by_species", by_species}}},
                {"randomness", temperatures}};
  if (ensemble_size(plan.model) > 1) {
    entry["spread_eV"] = {{"rms", b.spread_rms}, {"largest", b.spread_largest}};
  }
  return entry;
}

// A temperature as part of a column's name: letters, digits and _ alone.
std::string column_name(double temperature_K) {
  std::string name = "R_" + number_text(temperature_K) + "K";
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

} // namespace

void add_map(const MapPreset &preset, const MapPlan &plan, std::size_t composition, const std::vector<std::uint8_t> &occupancy,
             const BarrierMap &map, MappedComposition &to) {
  const LatticeTables &tables = lattice_tables(plan.structure);
  const auto paths = static_cast<std::size_t>(tables.paths);
  const std::size_t temperatures = plan.temperatures_K.size();
  const auto bins = static_cast<std::size_t>(preset.randomness_bins);
  for (std::size_t site = 0; site < occupancy.size(); ++site) {
    const Offset at = site_coordinates(plan.structure, plan.cells, static_cast<std::int64_t>(site));
    for (std::size_t p = 0; p < paths; ++p) {
      const double barrier_eV = map.barrier_eV[site * paths + p];
      if (!std::isfinite(barrier_eV)) {
        throw DataError(
            fmt::format("a barrier is not finite: composition {}, configuration {}, vacancy on site {}, path {}. The "
                        "model's weights or its input are at fault",
                        composition, to.configurations, site, p));
      }
      const Offset &d = tables.offsets[p];
      const std::int64_t from = site_at(plan.structure, plan.cells, {at[0] + d[0], at[1] + d[1], at[2] + d[2]});
      to.jumping.push_back(occupancy[static_cast<std::size_t>(from)]);
    }
  }
  to.barrier_eV.insert(to.barrier_eV.end(), map.barrier_eV.begin(), map.barrier_eV.end());
  to.spread_eV.insert(to.spread_eV.end(), map.spread_eV.begin(), map.spread_eV.end());

  to.histogram.resize(temperatures * bins, 0);
  const double sites = static_cast<double>(occupancy.size());
  for (std::size_t t = 0; t < temperatures; ++t) {
    const auto r = std::span(map.randomness).subspan(t * occupancy.size(), occupancy.size());
    const double centre = std::accumulate(r.begin(), r.end(), 0.0) / sites;
    double squared = 0.0;
    for (const double value : r) {
      squared += (value - centre) * (value - centre);
      ++to.histogram[t * bins + bin_of(value, 0.0, 1.0, preset.randomness_bins)];
    }
    to.mean_randomness.push_back(centre);
    to.variance.push_back(squared / sites);
  }
  if (plan.atoms.size() == 1) {
    to.site_randomness.insert(to.site_randomness.end(), map.randomness.begin(), map.randomness.end());
  }
  ++to.configurations;
}

void write_map_results(const fs::path &directory, const MapPreset &preset, const MapPlan &plan,
                       const std::vector<MappedComposition> &mapped, const MapRecord &record) {
  std::vector<BarrierStatistics> barriers;
  double jumps = 0.0;
  for (const MappedComposition &m : mapped) {
    barriers.push_back(statistics(plan, m));
    jumps += static_cast<double>(m.barrier_eV.size());
  }
  write_map_file(directory, preset, plan, mapped, barriers);

  Json compositions = Json::array();
  for (std::size_t g = 0; g < mapped.size(); ++g) {
    compositions.push_back(composition_json(plan, g, mapped[g], barriers[g]));
  }
  const Json summary = {{"format", "zener-barrier-map-summary-1"},
                        {"zener", {{"version", kVersion}, {"commit", kCommit}, {"compiler", kCompiler}}},
                        {"backend", record.backend},
                        {"device", record.device},
                        {"title", preset.title},
                        {"seed", preset.seed},
                        {"run",
                         {{"status", record.status},
                          {"barriers", jumps},
                          {"wall_s", record.wall_s},
                          {"barriers_per_s", jumps / std::max(record.wall_s, 1e-9)}}},
                        {"numbers", named_numbers(plan, mapped, barriers)},
                        {"compositions", compositions},
                        {"warnings", record.warnings},
                        {"preset", Json::parse(resolved(preset).dump())}};
  write_file_atomically(directory / "summary.json", summary.dump(2) + "\n");
}

void write_map_configuration(const fs::path &directory, const MapPlan &plan, std::size_t composition, int configuration,
                             const std::vector<std::uint8_t> &occupancy, const BarrierMap &map) {
  const auto paths = static_cast<std::size_t>(plan.paths());
  LatticeConfiguration out;
  out.structure = plan.structure;
  out.cells = plan.cells;
  out.lattice_constant_A = plan.lattice_constant_A;
  out.elements = plan.elements;
  out.occupancy = occupancy;
  out.info = {{"Composition", static_cast<std::int64_t>(composition)},
              {"Configuration", static_cast<std::int64_t>(configuration)}};
  std::vector<double> means;
  for (std::size_t site = 0; site < occupancy.size(); ++site) {
    const auto first = map.barrier_eV.begin() + static_cast<std::ptrdiff_t>(site * paths);
    means.push_back(std::accumulate(first, first + static_cast<std::ptrdiff_t>(paths), 0.0) / static_cast<double>(paths));
  }
  out.columns.push_back({"mean_barrier_eV", std::move(means)});
  for (std::size_t t = 0; t < plan.temperatures_K.size(); ++t) {
    const auto r = std::span(map.randomness).subspan(t * occupancy.size(), occupancy.size());
    out.columns.push_back({column_name(plan.temperatures_K[t]), std::vector<double>(r.begin(), r.end())});
  }
  const fs::path folder = directory / "configurations";
  make_folder(folder);
  const fs::path stem = folder / fmt::format("map_g{}_c{}", composition, configuration);
  write_extended_xyz(stem.string() + ".xyz", out);
  write_lammps_dump(stem.string() + ".dump", out, 0);
}

} // namespace zener
