#include "apps/zener/kmc_measures.hpp"
#include "apps/zener/result_file.hpp"
#include "host/neutral/environments.hpp"
#include "host/neutral/files.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <numeric>
#include <span>

namespace zener {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A file of sampled rows, with what all its datasets share.
class SeriesFile {
public:
  SeriesFile(H5File &file, const KmcPlan &plan, const std::vector<KmcRow> &rows) : file_(file), plan_(plan), rows_(rows) {}

  // NAME/mean and NAME/standard_error, [rows][groups][shape…]; value(row, group, i) gives entry i of the shape.
  template <class F>
  void write(const std::string &name, const H5File::Shape &shape, const std::string &units, const std::string &description,
             F value) {
    std::uint64_t entries = 1;
    H5File::Shape whole{rows_.size(), plan_.groups.size()};
    for (const std::uint64_t n : shape) {
      entries *= n;
      whole.push_back(n);
    }
    std::vector<double> means;
    std::vector<double> errors;
    for (const KmcRow &row : rows_) {
      for (std::size_t g = 0; g < plan_.groups.size(); ++g) {
        for (std::size_t i = 0; i < entries; ++i) {
          const Estimate e = value(row, g, static_cast<int>(i));
          means.push_back(e.mean);
          errors.push_back(e.standard_error);
        }
      }
    }
    for (const bool error : {false, true}) {
      const std::string dataset = name + (error ? "/standard_error" : "/mean");
      file_.write(dataset, error ? errors : means, whole);
      describe(dataset, units, (error ? "standard error over replicas of: " : "mean over replicas: ") + description);
    }
  }

  // Columns of the rows from `first` on, times a factor.
  void write_columns(const std::string &name, const H5File::Shape &shape, const std::string &units,
                     const std::string &description, int first, double factor = 1.0) {
    write(name, shape, units, description,
          [&](const KmcRow &row, std::size_t g, int i) { return scaled(column_estimate(plan_, row, g, first + i), factor); });
  }

  template <class T>
  void write_plain(const std::string &name, const std::vector<T> &values, const H5File::Shape &shape, const std::string &units,
                   const std::string &description) {
    file_.write(name, values, shape);
    describe(name, units, description);
  }

  void write_names(const std::string &name, const std::vector<std::string> &values, const std::string &description) {
    file_.write_strings(name, values, {values.size()});
    describe(name, "1", description);
  }

  void describe(const std::string &dataset, const std::string &units, const std::string &description) {
    file_.write_attribute(dataset, "units", units);
    file_.write_attribute(dataset, "description", description);
  }

private:
  H5File &file_;
  const KmcPlan &plan_;
  const std::vector<KmcRow> &rows_;
};

std::vector<std::string> pair_names(const KmcPlan &plan) {
  std::vector<std::string> names;
  for (const SpeciesPair &pair : pairs_of(plan)) {
    names.push_back(pair.name);
  }
  return names;
}

void write_order(SeriesFile &file, const KmcPlan &plan) {
  const auto shells = static_cast<std::uint64_t>(plan.order_shells);
  const auto pairs = static_cast<std::uint64_t>(plan.pairs());
  file.write_names("/order/pairs", pair_names(plan), "unordered pairs of elements");
  std::vector<double> expected;
  for (const KmcGroup &group : plan.groups) {
    for (int shell = 0; shell < plan.order_shells; ++shell) {
      const std::vector<double> of_shell = expected_of(plan, group, shell);
      expected.insert(expected.end(), of_shell.begin(), of_shell.end());
    }
  }
  file.write_plain("/order/expected_bonds", expected, {plan.groups.size(), shells, pairs}, "1",
                   "N0_ij, expected bonds when the atoms of the cell are drawn without replacement");
  const int first = row_columns(plan).pairs;
  for (const OrderMeasure &measure : order_measures()) {
    file.write(std::string("/order/") + measure.name, {shells, pairs}, "1", measure.description,
               [&](const KmcRow &row, std::size_t g, int q) {
                 return measure.of(column_estimate(plan, row, g, first + q),
                                   expected[g * shells * pairs + static_cast<std::size_t>(q)],
                                   static_cast<double>(plan.sites()), bond_count(plan, q / plan.pairs()));
               });
  }
}

void write_randomness(SeriesFile &file, const KmcPlan &plan, const KmcState &state) {
  file.write_columns("/randomness/mean_R", {}, "1",
                     "mean jump randomness R = 1 - sigma(p) / max sigma of the states left since averages_from_hop",
                     row_columns(plan).randomness);
  const std::size_t groups = plan.groups.size();
  std::vector<double> edges;
  for (int bin = 0; bin <= kRandomnessBins; ++bin) {
    edges.push_back(static_cast<double>(bin) / kRandomnessBins);
  }
  file.write_plain("/randomness/bin_edges", edges, {edges.size()}, "1", "edges of the bins of R");
  std::vector<double> fractions;
  for (std::size_t g = 0; g < groups; ++g) {
    const std::vector<double> of_group = randomness_fractions(state, g);
    fractions.insert(fractions.end(), of_group.begin(), of_group.end());
  }
  file.write_plain("/randomness/histogram", fractions, {groups, std::uint64_t{kRandomnessBins}}, "1",
                   "fraction of the states left whose R is in the bin, all replicas together");
}

void write_spread(SeriesFile &file, const KmcPlan &plan) {
  const int first = row_columns(plan).spread;
  file.write_columns("/spread/rms_eV", {}, "eV",
                     "root mean square over the hops made of the standard deviation of the barrier over the ensemble", first);
  file.write_columns("/spread/largest_eV", {}, "eV",
                     "largest standard deviation over the ensemble of a possible jump of the states left", first + 1);
  if (plan.flags()) {
    file.write_columns("/spread/flagged_share", {}, "1",
                       "share of the hops made from environments of which a jump's standard deviation exceeds spread_limit_eV",
                       first + 2);
  }
}

void write_transport(SeriesFile &file, const KmcPlan &plan) {
  const RowColumns c = row_columns(plan);
  const double unit = unit_A(plan);
  const auto species = static_cast<std::uint64_t>(plan.species());
  file.write_columns("/transport/jumps", {species}, "1", "jumps of the atoms of each element", c.jumps);
  if (plan.transport) {
    file.write_names("/transport/pairs", pair_names(plan), "unordered pairs of elements");
    file.write_columns("/transport/collective_A2", {static_cast<std::uint64_t>(plan.pairs())}, "A^2",
                       "D_i . D_j, D_i the sum of the displacements of all atoms of an element", c.collective, unit * unit);
  }
  if (plan.tracers) {
    const auto atoms = [&](std::size_t g, int s) {
      return static_cast<double>(plan.groups[g].atoms[static_cast<std::size_t>(s)]);
    };
    file.write("/tracers/msd_A2", {species}, "A^2", "squared displacement of an atom of each element",
               [&](const KmcRow &row, std::size_t g, int s) {
                 return scaled(column_estimate(plan, row, g, c.tracer_squared + s), unit * unit / atoms(g, s));
               });
    file.write("/tracers/correlation_factor", {species}, "1",
               "f = sum r^2 / (jumps b^2) of the atoms of each element, b the length of a jump; the error takes both sums for "
               "independent (the summary has the jackknife's)",
               [&](const KmcRow &row, std::size_t g, int s) {
                 const Estimate jumps = column_estimate(plan, row, g, c.jumps + s);
                 const Estimate squared = column_estimate(plan, row, g, c.tracer_squared + s);
                 return jumps.mean > 0.0 ? scaled(quotient(squared, jumps), 1.0 / jump_squared(plan)) : Estimate{kNaN, kNaN};
               });
  }
}

void write_clusters(SeriesFile &file, const std::string &folder, const std::string &what, int first) {
  file.write_columns(folder + "/centres", {}, "1", "sites that are " + what, first);
  file.write_columns(folder + "/clusters", {}, "1", "clusters of linked " + what, first + 1);
  file.write_columns(folder + "/largest", {}, "1", "sites in the largest cluster of " + what, first + 2);
  file.write_columns(folder + "/size_histogram", {std::uint64_t{kClusterSizeBins}}, "1",
                     "clusters of " + what + " by size, see /b2/size_bins", first + 3);
}

void write_b2(SeriesFile &file, const KmcPlan &plan) {
  const RowColumns c = row_columns(plan);
  std::vector<double> edges;
  for (int bin = 0; bin < kClusterSizeBins; ++bin) {
    edges.push_back(std::ldexp(1.0, bin));
  }
  file.write_plain("/b2/size_bins", edges, {edges.size()}, "1", "smallest size of each bin; it ends before the next one's");
  write_clusters(file, "/b2", "centres of B2 order", c.b2);
  if (c.b2_persistent >= 0) {
    write_clusters(file, "/b2/persistent", "persistent centres of B2 order", c.b2_persistent);
  }
}

} // namespace

std::vector<SpeciesPair> pairs_of(const KmcPlan &plan) {
  std::vector<SpeciesPair> pairs;
  for (int a = 0; a < plan.species(); ++a) {
    for (int b = a; b < plan.species(); ++b) {
      pairs.push_back({a, b, plan.elements[static_cast<std::size_t>(a)] + "-" + plan.elements[static_cast<std::size_t>(b)]});
    }
  }
  return pairs;
}

Estimate scaled(const Estimate &e, double factor) { return {e.mean * factor, e.standard_error * std::abs(factor)}; }
Estimate shifted(const Estimate &e, double by) { return {e.mean + by, e.standard_error}; }

double unit_A(const KmcPlan &plan) { return plan.lattice_constant_A / units_per_cell(plan.structure); }

double jump_squared(const KmcPlan &plan) {
  double sum = 0.0;
  for (const int x : lattice_tables(plan.structure).offsets.front()) {
    sum += x * x;
  }
  return sum;
}

double bond_count(const KmcPlan &plan, int shell) {
  return 0.5 * static_cast<double>(plan.sites()) * lattice_tables(plan.structure).coordination(shell);
}

std::vector<double> expected_of(const KmcPlan &plan, const KmcGroup &group, int shell) {
  return expected_bonds(group.atoms, plan.sites(), lattice_tables(plan.structure).coordination(shell));
}

const std::array<OrderMeasure, 5> &order_measures() {
  static constexpr std::array<OrderMeasure, 5> kMeasures = {{
      {"bonds", "unordered bonds N_ij of the shell in the cell", [](const Estimate &n, double, double, double) { return n; }},
      {"delta_per_cell", "N_ij - N0_ij in the cell, N0_ij the expectation of the finite cell drawn without replacement",
       [](const Estimate &n, double n0, double, double) { return shifted(n, -n0); }},
      {"delta_per_site", "(N_ij - N0_ij) / sites",
       [](const Estimate &n, double n0, double sites, double) { return scaled(shifted(n, -n0), 1.0 / sites); }},
      {"delta_per_bond", "(N_ij - N0_ij) / bonds of the shell in the cell",
       [](const Estimate &n, double n0, double, double total) { return scaled(shifted(n, -n0), 1.0 / total); }},
      {"warren_cowley", "1 - N_ij / N0_ij",
       [](const Estimate &n, double n0, double, double) { return scaled(shifted(n, -n0), -1.0 / n0); }},
  }};
  return kMeasures;
}

Estimate column_estimate(const KmcPlan &plan, const KmcRow &row, std::size_t group, int column) {
  const std::size_t index = group * static_cast<std::size_t>(columns(plan)) + static_cast<std::size_t>(column);
  const double n = plan.replicas;
  return {row.mean[index], plan.replicas > 1 ? std::sqrt(row.squared[index] / (n - 1.0) / n) : kNaN};
}

std::vector<double> randomness_fractions(const KmcState &state, std::size_t group) {
  const auto states = std::span(state.randomness_histogram).subspan(group * kRandomnessBins, kRandomnessBins);
  const auto total = static_cast<double>(std::accumulate(states.begin(), states.end(), std::uint64_t{0}));
  std::vector<double> fractions;
  for (const std::uint64_t n : states) {
    fractions.push_back(total > 0.0 ? static_cast<double>(n) / total : 0.0);
  }
  return fractions;
}

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
  return {mean, n > 1.0 ? std::sqrt(squared / (n - 1.0) / n) : kNaN};
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
    return {value, kNaN};
  }
  std::vector<double> without;
  for (std::size_t i = 0; i < numerator.size(); ++i) {
    without.push_back((top - numerator[i]) / (factor * (bottom - denominator[i])));
  }
  const Estimate spread = mean_of(without);
  return {value, spread.standard_error * (n - 1.0)};
}

double flagged_share(const KmcState &state) {
  const auto sum = [](const std::vector<std::uint64_t> &values) {
    return static_cast<double>(std::accumulate(values.begin(), values.end(), std::uint64_t{0}));
  };
  const double hops = sum(state.walker_hops);
  return hops > 0.0 ? sum(state.flagged) / hops : 0.0;
}

void write_flagged(const std::filesystem::path &directory, const KmcPlan &plan, const KmcState &state) {
  const std::vector<Offset> &offsets = environment_of(plan.model).offsets;
  nlohmann::ordered_json root = environments_header(plan.elements, offsets);
  for (std::size_t w = 0; w < state.flagged_kept.size(); ++w) {
    const std::size_t group = w / static_cast<std::size_t>(plan.replicas);
    for (std::size_t k = 0; k < state.flagged_kept[w]; ++k) {
      const auto types = std::span(state.flagged_codes).subspan((w * kMostFlagged + k) * offsets.size(), offsets.size());
      root["environments"].push_back({{"types", std::vector<int>(types.begin(), types.end())},
                                      {"walker", w},
                                      {"group", group},
                                      {"temperature_K", plan.groups[group].temperature_K}});
    }
  }
  write_file_atomically(directory / "flagged.json", environments_text(root));
}

void write_series(const std::filesystem::path &directory, const KmcPreset &preset, const KmcPlan &plan, const KmcState &state,
                  const std::vector<KmcRow> &rows) {
  H5File h5 = create_result_file(directory / "series.h5", "zener-kmc-series-1", plan.swaps() ? "static_mc" : "kmc",
                                 preset.title, resolved(preset).dump());

  SeriesFile file(h5, plan, rows);
  std::vector<std::uint64_t> hops;
  for (const KmcRow &row : rows) {
    hops.push_back(row.hop);
  }
  file.write_plain("/hops", hops, {rows.size()}, "1",
                   std::string(plan.swaps() ? "trial exchanges" : "hops") + " of each walker at the sample");
  std::vector<double> temperatures;
  std::vector<std::int64_t> atoms;
  for (const KmcGroup &group : plan.groups) {
    temperatures.push_back(group.temperature_K);
    atoms.insert(atoms.end(), group.atoms.begin(), group.atoms.end());
  }
  file.write_plain("/groups/temperature_K", temperatures, {temperatures.size()}, "K", "temperature of each group of replicas");
  file.write_plain("/groups/atoms", atoms, {plan.groups.size(), static_cast<std::uint64_t>(plan.species())}, "1",
                   "atoms of each element in a cell of the group");
  h5.write_attribute("/groups/atoms", "elements", plan.elements);

  const RowColumns c = row_columns(plan);
  if (plan.swaps()) {
    file.write_columns("/energy_eV", {}, "eV", "pair energy of the cell", c.energy_eV);
    file.write_columns("/accepted", {}, "1", "trials of a walker that were accepted so far", c.accepted);
  } else {
    const double unit = unit_A(plan);
    file.write_columns("/time_s", {}, "s",
                       "time of a walker with " +
                           (plan.vacancies == 1 ? std::string("one vacancy") : std::to_string(plan.vacancies) + " vacancies") +
                           " in its cell",
                       RowColumns::time_s);
    file.write_columns("/vacancy/msd_A2", {}, "A^2", "squared displacement of the vacancy since hop 0", RowColumns::squared,
                       unit * unit);
    file.write_columns("/vacancy/displacement_A", {3}, "A", "displacement of the vacancy since hop 0, unwrapped, x y z",
                       RowColumns::displacement, unit);
  }
  if (plan.order_shells > 0) {
    write_order(file, plan);
  }
  if (plan.randomness) {
    write_randomness(file, plan, state);
  }
  if (plan.spreads()) {
    write_spread(file, plan);
  }
  if (plan.transport || plan.tracers) {
    write_transport(file, plan);
  }
  if (plan.b2) {
    write_b2(file, plan);
  }
  h5.close();
}

} // namespace zener
