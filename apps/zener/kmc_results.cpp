#include "apps/zener/kmc_results.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/h5.hpp"
#include "host/neutral/structure_files.hpp"
#include "host/neutral/version.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kCoordination[] = {8, 6};

struct Pair {
  int a, b;
  std::string name; // "Mo-Ta"
};

std::vector<Pair> pairs_of(const KmcPlan &plan) {
  std::vector<Pair> pairs;
  for (int a = 0; a < plan.species(); ++a) {
    for (int b = a; b < plan.species(); ++b) {
      pairs.push_back({a, b, plan.elements[static_cast<std::size_t>(a)] + "-" + plan.elements[static_cast<std::size_t>(b)]});
    }
  }
  return pairs;
}

Json as_json(const Estimate &e) { return {{"mean", e.mean}, {"standard_error", e.standard_error}}; }

Estimate scaled(const Estimate &e, double factor) { return {e.mean * factor, e.standard_error * std::abs(factor)}; }
Estimate shifted(const Estimate &e, double by) { return {e.mean + by, e.standard_error}; }

// What is made of a count of bonds N: N0 is its expectation in a random alloy of the same cell, `total` all bonds of the shell.
struct OrderMeasure {
  const char *name;
  const char *description;
  Estimate (*of)(const Estimate &n, double n0, double sites, double total);
};

constexpr OrderMeasure kMeasures[] = {
    {"bonds", "unordered bonds N_ij of the shell in the cell", [](const Estimate &n, double, double, double) { return n; }},
    {"delta_per_cell", "N_ij - N0_ij in the cell, N0_ij the expectation of the finite cell drawn without replacement",
     [](const Estimate &n, double n0, double, double) { return shifted(n, -n0); }},
    {"delta_per_site", "(N_ij - N0_ij) / sites",
     [](const Estimate &n, double n0, double sites, double) { return scaled(shifted(n, -n0), 1.0 / sites); }},
    {"delta_per_bond", "(N_ij - N0_ij) / bonds of the shell in the cell",
     [](const Estimate &n, double n0, double, double total) { return scaled(shifted(n, -n0), 1.0 / total); }},
    {"warren_cowley", "1 - N_ij / N0_ij",
     [](const Estimate &n, double n0, double, double) { return scaled(shifted(n, -n0), -1.0 / n0); }},
};

double site_count(const KmcPlan &plan) { return static_cast<double>(plan.sites()); }
double bond_count(const KmcPlan &plan, int shell) { return 0.5 * site_count(plan) * kCoordination[shell]; }

Estimate column_estimate(const KmcRow &row, std::size_t index, int replicas) {
  const double n = replicas;
  const double error = replicas > 1 ? std::sqrt(row.squared[index] / (n - 1.0) / n) : std::numeric_limits<double>::quiet_NaN();
  return {row.mean[index], error};
}

// Writes DIR/NAME/mean and DIR/NAME/standard_error.
void write_estimates(H5File &file, const std::string &name, const std::vector<Estimate> &values, const H5File::Shape &shape,
                     const std::string &units, const std::string &description) {
  std::vector<double> part;
  for (const bool error : {false, true}) {
    part.clear();
    for (const Estimate &e : values) {
      part.push_back(error ? e.standard_error : e.mean);
    }
    const std::string dataset = name + (error ? "/standard_error" : "/mean");
    file.write(dataset, part, shape);
    file.write_attribute(dataset, "units", units);
    file.write_attribute(dataset, "description",
                         (error ? "standard error over replicas of: " : "mean over replicas: ") + description);
  }
}

Json to_ordered(const nlohmann::json &j) { return Json::parse(j.dump()); }

} // namespace

Estimate mean_of(const std::vector<double> &values) {
  const double n = static_cast<double>(values.size());
  double sum = 0.0;
  for (const double v : values) {
    sum += v;
  }
  const double mean = sum / n;
  double squared = 0.0;
  for (const double v : values) {
    squared += (v - mean) * (v - mean);
  }
  return {mean, n > 1.0 ? std::sqrt(squared / (n - 1.0) / n) : std::numeric_limits<double>::quiet_NaN()};
}

Estimate ratio_of(const std::vector<double> &numerator, const std::vector<double> &denominator, double factor) {
  const double n = static_cast<double>(numerator.size());
  double top = 0.0;
  double bottom = 0.0;
  for (std::size_t i = 0; i < numerator.size(); ++i) {
    top += numerator[i];
    bottom += denominator[i];
  }
  const double value = top / (factor * bottom);
  if (numerator.size() < 2) {
    return {value, std::numeric_limits<double>::quiet_NaN()};
  }
  std::vector<double> without;
  for (std::size_t i = 0; i < numerator.size(); ++i) {
    without.push_back((top - numerator[i]) / (factor * (bottom - denominator[i])));
  }
  const Estimate spread = mean_of(without);
  return {value, spread.standard_error * (n - 1.0)};
}

void write_series(const std::filesystem::path &directory, const KmcPreset &preset, const KmcPlan &plan,
                  const std::vector<KmcRow> &rows) {
  H5File file = H5File::create(directory / "series.h5");
  file.write_attribute("/", "format", std::string("zener-kmc-series-1"));
  file.write_attribute("/", "zener_version", std::string(kVersion));
  file.write_attribute("/", "driver", std::string("kmc"));
  file.write_attribute("/", "title", preset.title);
  file.write_attribute("/", "preset", resolved(preset).dump());

  const std::size_t n_rows = rows.size();
  const std::size_t n_groups = plan.groups.size();
  const std::size_t n_columns = static_cast<std::size_t>(columns(plan));
  const std::size_t n_species = static_cast<std::size_t>(plan.species());

  std::vector<std::uint64_t> hops;
  for (const KmcRow &row : rows) {
    hops.push_back(row.hop);
  }
  file.write("/hops", hops, {n_rows});
  file.write_attribute("/hops", "units", std::string("1"));
  file.write_attribute("/hops", "description", std::string("hops of each walker at the sample"));

  std::vector<double> temperatures;
  std::vector<std::int64_t> atoms;
  for (const KmcGroup &group : plan.groups) {
    temperatures.push_back(group.temperature_K);
    atoms.insert(atoms.end(), group.atoms.begin(), group.atoms.end());
  }
  file.write("/groups/temperature_K", temperatures, {n_groups});
  file.write_attribute("/groups/temperature_K", "units", std::string("K"));
  file.write_attribute("/groups/temperature_K", "description", std::string("temperature of each group of replicas"));
  file.write("/groups/atoms", atoms, {n_groups, n_species});
  file.write_attribute("/groups/atoms", "units", std::string("1"));
  file.write_attribute("/groups/atoms", "description", std::string("atoms of each element in a cell of the group"));
  file.write_attribute("/groups/atoms", "elements", plan.elements);

  const double half_A = 0.5 * plan.lattice_constant_A;
  std::vector<Estimate> time;
  std::vector<Estimate> msd;
  std::vector<Estimate> displacement;
  for (const KmcRow &row : rows) {
    for (std::size_t g = 0; g < n_groups; ++g) {
      const auto column = [&](std::size_t c) { return column_estimate(row, g * n_columns + c, plan.replicas); };
      time.push_back(column(0));
      msd.push_back(scaled(column(1), half_A * half_A));
      for (std::size_t a = 0; a < 3; ++a) {
        displacement.push_back(scaled(column(2 + a), half_A));
      }
    }
  }
  write_estimates(file, "/time_s", time, {n_rows, n_groups}, "s", "time of a walker with one vacancy in its cell");
  write_estimates(file, "/vacancy/msd_A2", msd, {n_rows, n_groups}, "A^2", "squared displacement of the vacancy since hop 0");
  write_estimates(file, "/vacancy/displacement_A", displacement, {n_rows, n_groups, 3}, "A",
                  "displacement of the vacancy since hop 0, unwrapped, x y z");

  if (plan.order_shells > 0) {
    const std::size_t n_shells = static_cast<std::size_t>(plan.order_shells);
    const std::vector<Pair> pairs = pairs_of(plan);
    std::vector<std::string> names;
    for (const Pair &pair : pairs) {
      names.push_back(pair.name);
    }
    file.write_strings("/order/pairs", names, {pairs.size()});
    file.write_attribute("/order/pairs", "units", std::string("1"));
    file.write_attribute("/order/pairs", "description", std::string("unordered pairs of elements"));
    std::vector<double> expected;
    for (const KmcGroup &group : plan.groups) {
      for (int shell = 0; shell < plan.order_shells; ++shell) {
        const std::vector<double> of_shell = expected_bonds(group.atoms, plan.sites(), kCoordination[shell]);
        expected.insert(expected.end(), of_shell.begin(), of_shell.end());
      }
    }
    file.write("/order/expected_bonds", expected, {n_groups, n_shells, pairs.size()});
    file.write_attribute("/order/expected_bonds", "units", std::string("1"));
    file.write_attribute("/order/expected_bonds", "description",
                         std::string("N0_ij, expected bonds when the atoms of the cell are drawn without replacement"));
    for (const OrderMeasure &measure : kMeasures) {
      std::vector<Estimate> values;
      for (const KmcRow &row : rows) {
        for (std::size_t g = 0; g < n_groups; ++g) {
          for (std::size_t q = 0; q < n_shells * pairs.size(); ++q) {
            const int shell = static_cast<int>(q / pairs.size());
            values.push_back(measure.of(column_estimate(row, g * n_columns + kFixedColumns + q, plan.replicas),
                                        expected[g * n_shells * pairs.size() + q], site_count(plan), bond_count(plan, shell)));
          }
        }
      }
      write_estimates(file, std::string("/order/") + measure.name, values, {n_rows, n_groups, n_shells, pairs.size()}, "1",
                      measure.description);
    }
  }
  file.close();
}

namespace {

// The values of one group's replicas.
template <class T, class F> std::vector<double> of_group(const std::vector<T> &all, std::size_t first, int replicas, F f) {
  std::vector<double> values;
  for (int r = 0; r < replicas; ++r) {
    values.push_back(f(all[first + static_cast<std::size_t>(r)]));
  }
  return values;
}

Json order_of_group(const KmcPlan &plan, const KmcState &state, const KmcGroup &group, std::size_t first) {
  const std::size_t walkers = static_cast<std::size_t>(plan.walkers());
  const std::vector<Pair> pairs = pairs_of(plan);
  Json order = Json::object();
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    for (int shell = 0; shell < plan.order_shells; ++shell) {
      const std::vector<double> expected = expected_bonds(group.atoms, plan.sites(), kCoordination[shell]);
      const std::size_t column = (static_cast<std::size_t>(shell) * pairs.size() + p) * walkers;
      std::vector<double> last;
      std::vector<double> by_time;
      std::vector<double> by_hop;
      for (int r = 0; r < plan.replicas; ++r) {
        const std::size_t w = first + static_cast<std::size_t>(r);
        last.push_back(state.pair_counts[column + w]);
        by_time.push_back(state.pair_time[column + w] / state.averaged_time_s[w]);
        by_hop.push_back(static_cast<double>(state.pair_hops[column + w]) / static_cast<double>(state.averaged_hops[w]));
      }
      Json entry = Json::object();
      for (const OrderMeasure &measure : kMeasures) {
        const auto value = [&](const std::vector<double> &values) {
          return as_json(measure.of(mean_of(values), expected[p], site_count(plan), bond_count(plan, shell)));
        };
        entry[measure.name] = {{"last", value(last)}, {"residence_weighted", value(by_time)}, {"per_hop", value(by_hop)}};
      }
      order[pairs[p].name]["shell_" + std::to_string(shell + 1)] = entry;
    }
  }
  return order;
}

// What the run stands for, as named numbers: diffusivity at each temperature, and the pair that orders most.
Json named_numbers(const KmcPlan &plan, const Json &groups) {
  Json numbers = Json::array();
  const auto add = [&](const std::string &name, const std::string &units, const std::string &description,
                       const Json &estimate) {
    numbers.push_back({{"name", name},
                       {"units", units},
                       {"value", estimate.at("mean")},
                       {"standard_error", estimate.at("standard_error")},
                       {"description", description}});
  };
  const auto label = [&](const Json &group, std::size_t g) {
    return group.at("temperature_K").dump() + " K" + (plan.groups.size() > 1 ? ", group " + std::to_string(g) : "");
  };
  for (std::size_t g = 0; g < groups.size(); ++g) {
    add("vacancy_diffusivity_g" + std::to_string(g), "m^2/s", "<r^2> / (6 <t>) of the vacancy at " + label(groups[g], g),
        groups[g].at("diffusivity_m2_per_s"));
  }
  if (plan.order_shells == 0) {
    return numbers;
  }
  std::string strongest;
  std::size_t at = 0;
  double largest = -1.0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const auto &[name, shells] : groups[g].at("order").items()) {
      const Json &value = shells.at("shell_1").at("delta_per_site").at("last").at("mean");
      if (value.is_number() && std::abs(value.get<double>()) > largest) {
        largest = std::abs(value.get<double>());
        strongest = name;
        at = g;
      }
    }
  }
  for (std::size_t g = 0; g < groups.size() && !strongest.empty(); ++g) {
    add("delta_" + strongest + "_shell_1_per_site_g" + std::to_string(g), "1",
        "(N - N0) / sites of " + strongest + " bonds in shell 1 after the last hop at " + label(groups[g], g),
        groups[g].at("order").at(strongest).at("shell_1").at("delta_per_site").at("last"));
  }
  if (!strongest.empty() && groups.size() > 1) {
    numbers.push_back(
        {{"name", "temperature_of_largest_order"},
         {"units", "K"},
         {"value", groups[at].at("temperature_K")},
         {"standard_error", nullptr},
         {"description", "temperature of the group with the largest |N - N0| of any pair in shell 1, which is " + strongest}});
  }
  return numbers;
}

} // namespace

nlohmann::json write_summary(const std::filesystem::path &directory, const KmcPreset &preset, const KmcPlan &plan,
                             const KmcState &state, const RunRecord &run) {
  const std::size_t walkers = static_cast<std::size_t>(plan.walkers());
  const double half_A = 0.5 * plan.lattice_constant_A;
  std::vector<double> squared_A2(walkers);
  for (std::size_t w = 0; w < walkers; ++w) {
    double sum = 0.0;
    for (std::size_t a = 0; a < 3; ++a) {
      const double d = state.displacement[a * walkers + w] * half_A;
      sum += d * d;
    }
    squared_A2[w] = sum;
  }

  Json groups = Json::array();
  for (std::size_t g = 0; g < plan.groups.size(); ++g) {
    const KmcGroup &group = plan.groups[g];
    const std::size_t first = g * static_cast<std::size_t>(plan.replicas);
    Json composition = Json::object();
    Json atoms = Json::object();
    for (std::size_t s = 0; s < plan.elements.size(); ++s) {
      composition[plan.elements[s]] = static_cast<double>(group.atoms[s]) / static_cast<double>(plan.sites() - plan.vacancies);
      atoms[plan.elements[s]] = group.atoms[s];
    }
    const auto self = [](double v) { return v; };
    const std::vector<double> time = of_group(state.time_s, first, plan.replicas, self);
    const std::vector<double> squared = of_group(squared_A2, first, plan.replicas, self);
    const std::vector<double> hops =
        of_group(state.walker_hops, first, plan.replicas, [](std::uint64_t h) { return static_cast<double>(h); });
    Json entry = {{"temperature_K", group.temperature_K},
                  {"composition", composition},
                  {"atoms", atoms},
                  {"replicas", plan.replicas},
                  {"hops", as_json(mean_of(hops))},
                  {"time_s", as_json(mean_of(time))},
                  {"msd_A2", as_json(mean_of(squared))},
                  {"diffusivity_m2_per_s", as_json(scaled(ratio_of(squared, time, 6.0), 1e-20))}};
    if (plan.order_shells > 0) {
      entry["order"] = order_of_group(plan, state, group, first);
    }
    groups.push_back(entry);
  }

  Json halted = Json::array();
  std::int64_t n_halted = 0;
  for (std::size_t w = 0; w < walkers; ++w) {
    const auto status = static_cast<WalkerStatus>(state.status[w]);
    if (status == WalkerStatus::no_possible_hop || status == WalkerStatus::bad_barrier) {
      ++n_halted;
      if (halted.size() < 100) {
        halted.push_back({{"walker", w},
                          {"group", w / static_cast<std::size_t>(plan.replicas)},
                          {"hop", state.walker_hops[w]},
                          {"smallest_barrier_eV", state.smallest_barrier_eV[w]},
                          {"reason", status == WalkerStatus::no_possible_hop ? "no possible hop" : "barrier not finite"}});
      }
    }
  }

  Json summary = {{"format", "zener-kmc-summary-1"},
                  {"zener", {{"version", kVersion}, {"commit", kCommit}, {"compiler", kCompiler}}},
                  {"backend", run.backend},
                  {"device", run.device},
                  {"title", preset.title},
                  {"seed", preset.seed},
                  {"run",
                   {{"status", run.status},
                    {"hops", state.hops},
                    {"walkers", walkers},
                    {"wall_s", run.wall_s},
                    {"hops_per_s", run.hops_per_s}}},
                  {"numbers", named_numbers(plan, groups)},
                  {"groups", groups},
                  {"halted_walkers_total", n_halted},
                  {"halted_walkers", halted},
                  {"warnings", run.warnings},
                  {"preset", to_ordered(resolved(preset))}};
  write_file_atomically(directory / "summary.json", summary.dump(2) + "\n");
  return nlohmann::json::parse(summary.dump());
}

void write_configurations(const std::filesystem::path &directory, const std::string &name, const KmcPreset &preset,
                          const KmcPlan &plan, const KmcState &state) {
  if (preset.configurations == Configurations::none) {
    return;
  }
  const std::filesystem::path folder = directory / "configurations";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw DataError(folder.string() + ": the folder cannot be made: " + error.message());
  }
  const std::size_t sites = static_cast<std::size_t>(plan.sites());
  const int replicas = preset.configurations == Configurations::all ? plan.replicas : 1;
  for (std::size_t g = 0; g < plan.groups.size(); ++g) {
    for (int r = 0; r < replicas; ++r) {
      const std::size_t w = g * static_cast<std::size_t>(plan.replicas) + static_cast<std::size_t>(r);
      LatticeConfiguration configuration;
      configuration.cells = plan.cells;
      configuration.lattice_constant_A = plan.lattice_constant_A;
      configuration.elements = plan.elements;
      configuration.occupancy = std::span(state.occupancy).subspan(w * sites, sites);
      configuration.info = {{"Hop", static_cast<std::int64_t>(state.walker_hops[w])},
                            {"Time_s", state.time_s[w]},
                            {"Temperature_K", plan.groups[g].temperature_K},
                            {"Walker", static_cast<std::int64_t>(w)}};
      const std::filesystem::path stem = folder / (name + "_g" + std::to_string(g) + "_r" + std::to_string(r));
      write_extended_xyz(stem.string() + ".xyz", configuration);
      write_lammps_dump(stem.string() + ".dump", configuration, static_cast<std::int64_t>(state.walker_hops[w]));
    }
  }
}

} // namespace zener
