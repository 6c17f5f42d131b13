// summary.json: what a run was, in numbers with standard errors over the replicas of each group.
#include "apps/zener/kmc_measures.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/version.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;
using Values = std::vector<double>; // of one group's replicas

Json as_json(const Estimate &e) { return {{"mean", e.mean}, {"standard_error", e.standard_error}}; }
Json to_ordered(const nlohmann::json &j) { return Json::parse(j.dump()); }

// The replicas of one group in a state.
class Group {
public:
  Group(const KmcPlan &plan, const KmcState &state, std::size_t index)
      : plan_(plan), state_(state), group_(plan.groups[index]), first_(index * static_cast<std::size_t>(plan.replicas)) {}

  const KmcGroup &group() const { return group_; }
  double kT_eV() const { return kBoltzmannConstant_eV_per_K * group_.temperature_K; }

  // f(walker) of each replica.
  template <class F> Values each(F f) const {
    Values values;
    for (int r = 0; r < plan_.replicas; ++r) {
      values.push_back(f(first_ + static_cast<std::size_t>(r)));
    }
    return values;
  }
  // An array [rows][walkers] at a row.
  template <class T> Values row(const std::vector<T> &array, int row) const {
    const auto walkers = static_cast<std::size_t>(plan_.walkers());
    return each([&](std::size_t w) { return static_cast<double>(array[static_cast<std::size_t>(row) * walkers + w]); });
  }

  Values time_s() const { return row(state_.time_s, 0); }
  Values steps() const { return row(state_.walker_hops, 0); }
  Values averaged_steps() const { return row(state_.averaged_hops, 0); }

  // Squared displacement, mean over the vacancies, A^2.
  Values vacancy_squared_A2() const {
    const auto walkers = static_cast<std::size_t>(plan_.walkers());
    const auto vacancies = static_cast<std::size_t>(plan_.vacancies);
    const double unit = unit_A(plan_);
    return each([&](std::size_t w) {
      double sum = 0.0;
      for (std::size_t v = 0; v < vacancies; ++v) {
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const double d = state_.displacement[(axis * walkers + w) * vacancies + v] * unit;
          sum += d * d;
        }
      }
      return sum / static_cast<double>(vacancies);
    });
  }
  // Squared displacement of an atom of a species, A^2.
  Values tracer_squared_A2(int s) const {
    const double unit = unit_A(plan_);
    Values values = row(state_.squared, s);
    for (double &v : values) {
      v *= unit * unit / static_cast<double>(group_.atoms[static_cast<std::size_t>(s)]);
    }
    return values;
  }
  // D_i . D_j, A^2.
  Values collective_A2(const SpeciesPair &pair) const {
    const double unit = unit_A(plan_);
    Values sum(static_cast<std::size_t>(plan_.replicas), 0.0);
    for (int axis = 0; axis < 3; ++axis) {
      const Values a = row(state_.collective, 3 * pair.a + axis);
      const Values b = row(state_.collective, 3 * pair.b + axis);
      for (std::size_t r = 0; r < sum.size(); ++r) {
        sum[r] += a[r] * b[r] * unit * unit;
      }
    }
    return sum;
  }

private:
  const KmcPlan &plan_;
  const KmcState &state_;
  const KmcGroup &group_;
  std::size_t first_;
};

Json order_of(const KmcPlan &plan, const KmcState &state, const Group &group) {
  const std::vector<SpeciesPair> pairs = pairs_of(plan);
  Json order = Json::object();
  for (int p = 0; p < plan.pairs(); ++p) {
    for (int shell = 0; shell < plan.order_shells; ++shell) {
      const double expected = expected_of(plan, group.group(), shell)[static_cast<std::size_t>(p)];
      const int row = shell * plan.pairs() + p;
      const auto mean_over = [&](Values sums, const Values &weights) {
        for (std::size_t r = 0; r < sums.size(); ++r) {
          sums[r] /= weights[r];
        }
        return mean_of(sums);
      };
      std::vector<std::pair<const char *, Estimate>> averages{{"last", mean_of(group.row(state.pair_counts, row))}};
      const Estimate by_step = mean_over(group.row(state.pair_hops, row), group.averaged_steps());
      if (plan.swaps()) {
        averages.emplace_back("per_trial", by_step);
      } else {
        averages.emplace_back("residence_weighted",
                              mean_over(group.row(state.pair_time, row), group.row(state.averaged_time_s, 0)));
        averages.emplace_back("per_hop", by_step);
      }
      Json entry = Json::object();
      for (const OrderMeasure &measure : order_measures()) {
        for (const auto &[name, n] : averages) {
          entry[measure.name][name] =
              as_json(measure.of(n, expected, static_cast<double>(plan.sites()), bond_count(plan, shell)));
        }
      }
      order[pairs[static_cast<std::size_t>(p)].name]["shell_" + std::to_string(shell + 1)] = entry;
    }
  }
  return order;
}

// Mean and variance of R over the states left of each replica.
Json randomness_of(const KmcState &state, const Group &group, std::size_t index) {
  const Values n = group.averaged_steps();
  Values mean = group.row(state.randomness, 0);
  Values variance = group.row(state.randomness, 1);
  for (std::size_t r = 0; r < n.size(); ++r) {
    mean[r] /= n[r]; // NaN before the first
    variance[r] = n[r] > 0.0 ? std::max(0.0, variance[r] / n[r] - mean[r] * mean[r]) : mean[r];
  }
  return {{"mean_R", as_json(mean_of(mean))},
          {"variance_R", as_json(mean_of(variance))},
          {"histogram", randomness_fractions(state, index)}};
}

// Over the members of an ensemble, of the hops made; the largest over all replicas.
Json spread_of(const KmcPlan &plan, const KmcState &state, const Group &group) {
  const Values steps = group.steps();
  Values rms = group.row(state.spread, 0);
  for (std::size_t r = 0; r < rms.size(); ++r) {
    rms[r] = std::sqrt(rms[r] / steps[r]); // NaN before the first
  }
  const Values largest = group.row(state.spread, 1);
  Json spread = {{"rms_eV", as_json(mean_of(rms))}, {"largest_eV", *std::max_element(largest.begin(), largest.end())}};
  if (plan.flags()) {
    spread["limit_eV"] = plan.spread_limit_eV;
    spread["flagged_share"] = as_json(ratio_of(group.row(state.flagged, 0), steps, 1.0));
  }
  return spread;
}

Json transport_of(const KmcPlan &plan, const KmcState &state, const Group &group) {
  Json jumps = Json::object();
  Json shares = Json::object();
  Json rates = Json::object();
  const Values time = group.time_s();
  for (int s = 0; s < plan.species(); ++s) {
    const std::string &element = plan.elements[static_cast<std::size_t>(s)];
    const Values of_species = group.row(state.jumps, s);
    jumps[element] = as_json(mean_of(of_species));
    shares[element] = as_json(ratio_of(of_species, group.steps(), 1.0));
    rates[element] = as_json(ratio_of(of_species, time, static_cast<double>(group.group().atoms[static_cast<std::size_t>(s)])));
  }
  Json transport = {{"jumps", jumps}, {"share_of_jumps", shares}, {"jump_rate_of_an_atom_per_s", rates}};
  if (plan.transport) {
    Json collective = Json::object();
    Json onsager = Json::object();
    const double a_A = plan.lattice_constant_A;
    const double volume_A3 = static_cast<double>(plan.sites()) * a_A * a_A * a_A / sites_per_cell(plan.structure);
    for (const SpeciesPair &pair : pairs_of(plan)) {
      const Values squared = group.collective_A2(pair);
      collective[pair.name] = as_json(mean_of(squared));
      onsager[pair.name] = as_json(scaled(ratio_of(squared, time, 6.0 * volume_A3 * group.kT_eV()), 1e-12));
    }
    transport["collective_A2"] = collective;
    // L_ij = <D_i . D_j> / (6 V kT t), of the cell's concentration of vacancies (Allnatt and Lidiard).
    transport["onsager_per_eV_A_ps"] = onsager;
  }
  return transport;
}

Json tracers_of(const KmcPlan &plan, const KmcState &state, const Group &group) {
  Json msd = Json::object();
  Json diffusivity = Json::object();
  Json correlation = Json::object();
  for (int s = 0; s < plan.species(); ++s) {
    const std::string &element = plan.elements[static_cast<std::size_t>(s)];
    const Values squared = group.tracer_squared_A2(s);
    msd[element] = as_json(mean_of(squared));
    diffusivity[element] = as_json(scaled(ratio_of(squared, group.time_s(), 6.0), 1e-20));
    correlation[element] = as_json(ratio_of(group.row(state.squared, s), group.row(state.jumps, s), jump_squared(plan)));
  }
  return {{"msd_A2", msd}, {"diffusivity_m2_per_s", diffusivity}, {"correlation_factor", correlation}};
}

Json clusters_of(const KmcPlan &plan, const KmcRow &row, std::size_t group, int first) {
  const auto column = [&](int i) { return as_json(column_estimate(plan, row, group, first + i)); };
  Json histogram = Json::array(); // clusters of size 1, 2-3, 4-7, …
  for (int bin = 0; bin < kClusterSizeBins; ++bin) {
    histogram.push_back(column_estimate(plan, row, group, first + 3 + bin).mean);
  }
  return {{"centres", column(0)}, {"clusters", column(1)}, {"largest", column(2)}, {"size_histogram", histogram}};
}

Json b2_of(const KmcPlan &plan, const KmcRow &row, std::size_t group) {
  const RowColumns c = row_columns(plan);
  Json b2 = {{plan.swaps() ? "at_trial" : "at_hop", row.hop}};
  b2.update(clusters_of(plan, row, group, c.b2));
  if (c.b2_persistent >= 0) {
    b2["persistent"] = clusters_of(plan, row, group, c.b2_persistent);
  }
  return b2;
}

// The simulation's concentration of vacancies and the real one.
struct Concentrations {
  double simulated = 0.0; // vacancies a site
  Estimate equilibrium;
};

Concentrations concentrations_of(const KmcPreset &preset, const KmcPlan &plan, double temperature_K) {
  const RealTime &real = *preset.real_time;
  Concentrations c;
  c.simulated = static_cast<double>(plan.vacancies) / static_cast<double>(plan.sites());
  c.equilibrium = real.concentration > 0.0 ? Estimate{real.concentration, 0.0}
                                           : vacancy_concentration(real.formation_free_energy_eV, real.error_eV, temperature_K);
  return c;
}

Json real_time_of(const KmcPreset &preset, const KmcPlan &plan, const Group &group) {
  const Concentrations c = concentrations_of(preset, plan, group.group().temperature_K);
  const Estimate factor = quotient({c.simulated, 0.0}, c.equilibrium);
  Json real = {{"simulated_concentration", c.simulated},
               {"equilibrium_concentration", as_json(c.equilibrium)},
               {"factor", as_json(factor)},
               {"time_s", as_json(product(mean_of(group.time_s()), factor))}};
  if (plan.tracers) {
    Json diffusivity = Json::object();
    for (int s = 0; s < plan.species(); ++s) {
      const Estimate simulated = scaled(ratio_of(group.tracer_squared_A2(s), group.time_s(), 6.0), 1e-20);
      diffusivity[plan.elements[static_cast<std::size_t>(s)]] =
          as_json(product(simulated, scaled(c.equilibrium, 1.0 / c.simulated)));
    }
    real["tracer_diffusivity_m2_per_s"] = diffusivity;
  }
  return real;
}

Json as_json(const std::optional<ArrheniusFit> &fit) {
  if (!fit) {
    return nullptr;
  }
  return {{"D0_m2_per_s", as_json(fit->prefactor)},
          {"ln_D0", as_json(fit->ln_prefactor)},
          {"activation_energy_eV", as_json(fit->activation_energy_eV)},
          {"chi_squared", fit->chi_squared},
          {"degrees_of_freedom", fit->degrees_of_freedom},
          {"points", fit->points},
          {"weighted", fit->weighted}};
}

// Fits of D(T), one entry for each composition with two temperatures or more.
Json arrhenius_of(const KmcPreset &preset, const KmcPlan &plan, const KmcState &state, const Json &groups) {
  std::map<std::size_t, std::vector<std::size_t>> members; // by the first group of the same composition
  for (std::size_t g = 0; g < plan.groups.size(); ++g) {
    const auto same = std::find_if(members.begin(), members.end(),
                                   [&](const auto &m) { return plan.groups[m.first].atoms == plan.groups[g].atoms; });
    members[same == members.end() ? g : same->first].push_back(g);
  }
  Json fits = Json::array();
  for (const auto &[first, of_composition] : members) {
    std::vector<double> temperatures;
    for (const std::size_t g : of_composition) {
      temperatures.push_back(plan.groups[g].temperature_K);
    }
    if (std::all_of(temperatures.begin(), temperatures.end(), [&](double t) { return t == temperatures.front(); })) {
      continue;
    }
    // fit_of(value): of value(group) at each temperature.
    const auto fit_of = [&](auto value) {
      std::vector<Estimate> diffusivities;
      for (const std::size_t g : of_composition) {
        diffusivities.push_back(value(Group(plan, state, g)));
      }
      return arrhenius_fit(temperatures, diffusivities);
    };
    Json entry = {{"composition", groups[first].at("composition")}, {"groups", of_composition}};
    entry["vacancy"] = as_json(
        fit_of([](const Group &group) { return scaled(ratio_of(group.vacancy_squared_A2(), group.time_s(), 6.0), 1e-20); }));
    for (int s = 0; plan.tracers && s < plan.species(); ++s) {
      const std::string &element = plan.elements[static_cast<std::size_t>(s)];
      const auto simulated = [&](const Group &group) {
        return scaled(ratio_of(group.tracer_squared_A2(s), group.time_s(), 6.0), 1e-20);
      };
      entry["tracers"][element] = as_json(fit_of(simulated));
      if (preset.real_time) {
        // The error of the formation energy is one and the same at all temperatures: it has no part in the weights, and goes
        // into the activation energy as it is.
        std::optional<ArrheniusFit> real = fit_of([&](const Group &group) {
          const Concentrations c = concentrations_of(preset, plan, group.group().temperature_K);
          return scaled(simulated(group), c.equilibrium.mean / c.simulated);
        });
        if (real) {
          double &error = real->activation_energy_eV.standard_error;
          error = std::hypot(error, preset.real_time->error_eV);
        }
        entry["real_time"]["tracers"][element] = as_json(real);
      }
    }
    fits.push_back(entry);
  }
  return fits;
}

// What the run stands for, as named numbers.
class Numbers {
public:
  Numbers(const KmcPlan &plan, const Json &groups, const Json &arrhenius) : plan_(plan), groups_(groups) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      of_group(g);
    }
    for (std::size_t c = 0; c < arrhenius.size(); ++c) {
      of_fit(arrhenius[c], "_c" + std::to_string(c), "composition " + std::to_string(c));
    }
    if (plan.order_shells > 0) {
      strongest_order();
    }
  }
  const Json &json() const { return numbers_; }

private:
  void add(const std::string &name, const std::string &units, const std::string &description, const Json &estimate) {
    numbers_.push_back({{"name", name},
                        {"units", units},
                        {"value", estimate.at("mean")},
                        {"standard_error", estimate.at("standard_error")},
                        {"description", description}});
  }

  std::string label(std::size_t g) const {
    return groups_[g].at("temperature_K").dump() + " K" + (plan_.groups.size() > 1 ? ", group " + std::to_string(g) : "");
  }

  void of_group(std::size_t g) {
    const Json &group = groups_[g];
    const std::string end = "_g" + std::to_string(g);
    const std::string at = " at " + label(g);
    if (plan_.swaps()) {
      add("energy" + end, "eV", "pair energy of the cell after the last trial" + at, group.at("energy_eV"));
      add("acceptance_rate" + end, "1", "share of the trials that were accepted" + at, group.at("acceptance_rate"));
    } else {
      add("vacancy_diffusivity" + end, "m^2/s", "<r^2> / (6 <t>) of the vacancy" + at, group.at("diffusivity_m2_per_s"));
    }
    if (plan_.randomness) {
      add("mean_R" + end, "1", "mean jump randomness of the states left" + at, group.at("randomness").at("mean_R"));
      add("variance_R" + end, "1", "variance of the jump randomness over the states left" + at,
          group.at("randomness").at("variance_R"));
    }
    if (plan_.spreads()) {
      add("rms_spread" + end, "eV", "root mean square spread over the ensemble of the barriers of the hops made" + at,
          group.at("spread").at("rms_eV"));
    }
    if (plan_.flags()) {
      add("flagged_share" + end, "1", "share of the hops from environments of which the spread exceeds spread_limit_eV" + at,
          group.at("spread").at("flagged_share"));
    }
    for (const std::string &element : plan_.elements) {
      if (plan_.tracers) {
        add("tracer_diffusivity_" + element + end, "m^2/s", "<r^2> / (6 t) of the atoms of " + element + at,
            group.at("tracers").at("diffusivity_m2_per_s").at(element));
        add("correlation_factor_" + element + end, "1", "tracer correlation factor of " + element + at,
            group.at("tracers").at("correlation_factor").at(element));
      }
      if (plan_.tracers && group.contains("real_time")) {
        add("real_tracer_diffusivity_" + element + end, "m^2/s",
            "diffusivity of " + element + " at the equilibrium concentration of vacancies" + at,
            group.at("real_time").at("tracer_diffusivity_m2_per_s").at(element));
      }
    }
    if (plan_.b2) {
      for (const char *what : {"centres", "clusters", "largest"}) {
        const std::string text = std::string(what) == "largest" ? "largest B2 cluster" : "B2 " + std::string(what);
        add("b2_" + std::string(what) + end, "1", text + " at the last sample" + at, group.at("b2").at(what));
      }
    }
    if (group.contains("contacts")) {
      add("contact_share" + end, "1", "share of the environments that saw another vacancy" + at,
          group.at("contacts").at("share_of_environments"));
    }
  }

  void of_fit(const Json &entry, const std::string &end, const std::string &of) {
    const auto fit = [&](const Json &found, const std::string &name, const std::string &what) {
      if (!found.is_null()) {
        add("arrhenius_energy_" + name + end, "eV", "activation energy of the diffusivity of " + what + ", " + of,
            found.at("activation_energy_eV"));
        add("arrhenius_D0_" + name + end, "m^2/s", "prefactor of the diffusivity of " + what + ", " + of,
            found.at("D0_m2_per_s"));
      }
    };
    fit(entry.at("vacancy"), "vacancy", "the vacancy");
    for (const std::string &element : plan_.elements) {
      if (entry.contains("tracers")) {
        fit(entry.at("tracers").at(element), element, element + " in the simulated cell");
      }
      if (entry.contains("real_time")) {
        fit(entry.at("real_time").at("tracers").at(element), "real_" + element,
            element + " at the equilibrium concentration of vacancies");
      }
    }
  }

  // The pair that orders most.
  void strongest_order() {
    std::string strongest;
    std::size_t at = 0;
    double largest = -1.0;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      for (const auto &[name, shells] : groups_[g].at("order").items()) {
        const Json &value = shells.at("shell_1").at("delta_per_site").at("last").at("mean");
        if (value.is_number() && std::abs(value.get<double>()) > largest) {
          largest = std::abs(value.get<double>());
          strongest = name;
          at = g;
        }
      }
    }
    for (std::size_t g = 0; g < groups_.size() && !strongest.empty(); ++g) {
      add("delta_" + strongest + "_shell_1_per_site_g" + std::to_string(g), "1",
          "(N - N0) / sites of " + strongest + " bonds in shell 1 after the last " + (plan_.swaps() ? "trial" : "hop") +
              " at " + label(g),
          groups_[g].at("order").at(strongest).at("shell_1").at("delta_per_site").at("last"));
    }
    if (!strongest.empty() && groups_.size() > 1) {
      numbers_.push_back(
          {{"name", "temperature_of_largest_order"},
           {"units", "K"},
           {"value", groups_[at].at("temperature_K")},
           {"standard_error", nullptr},
           {"description",
            "temperature of the group with the largest |N - N0| of any pair in shell 1, which is " + strongest}});
    }
  }

  const KmcPlan &plan_;
  const Json &groups_;
  Json numbers_ = Json::array();
};

Json group_entry(const KmcPreset &preset, const KmcPlan &plan, const KmcState &state, const std::vector<KmcRow> &rows,
                 std::size_t index) {
  const Group group(plan, state, index);
  Json composition = Json::object();
  Json atoms = Json::object();
  for (std::size_t s = 0; s < plan.elements.size(); ++s) {
    const std::int64_t n = group.group().atoms[s];
    composition[plan.elements[s]] = static_cast<double>(n) / static_cast<double>(plan.sites() - plan.vacancies);
    atoms[plan.elements[s]] = n;
  }
  Json entry = {{"temperature_K", group.group().temperature_K},
                {"composition", composition},
                {"atoms", atoms},
                {"replicas", plan.replicas},
                {plan.swaps() ? "trials" : "hops", as_json(mean_of(group.steps()))}};
  if (plan.swaps()) {
    Values energy = group.row(state.energy, 0);
    for (double &e : energy) {
      e = std::ldexp(e, -40); // eV
    }
    entry["energy_eV"] = as_json(mean_of(energy));
    entry["acceptance_rate"] = as_json(ratio_of(group.row(state.accepted, 0), group.steps(), 1.0));
  } else {
    const Values squared = group.vacancy_squared_A2();
    entry["time_s"] = as_json(mean_of(group.time_s()));
    entry["msd_A2"] = as_json(mean_of(squared));
    entry["diffusivity_m2_per_s"] = as_json(scaled(ratio_of(squared, group.time_s(), 6.0), 1e-20));
  }
  if (!plan.swaps() && plan.vacancies > 1) {
    entry["contacts"] = {
        {"share_of_environments", as_json(ratio_of(group.row(state.contacts, 0), group.averaged_steps(), plan.vacancies))}};
  }
  if (plan.order_shells > 0) {
    entry["order"] = order_of(plan, state, group);
  }
  if (plan.randomness) {
    entry["randomness"] = randomness_of(state, group, index);
  }
  if (plan.spreads()) {
    entry["spread"] = spread_of(plan, state, group);
  }
  if (plan.transport || plan.tracers) {
    entry["transport"] = transport_of(plan, state, group);
  }
  if (plan.tracers) {
    entry["tracers"] = tracers_of(plan, state, group);
  }
  if (plan.b2 && !rows.empty()) {
    entry["b2"] = b2_of(plan, rows.back(), index);
  }
  if (preset.real_time) {
    entry["real_time"] = real_time_of(preset, plan, group);
  }
  return entry;
}

// Walkers that cannot go on, the first hundred by name.
Json halted_walkers(const KmcPlan &plan, const KmcState &state, std::int64_t &total) {
  const auto reason = [](WalkerStatus status) {
    return status == WalkerStatus::no_possible_hop ? "no possible hop"
           : status == WalkerStatus::bad_barrier   ? "barrier not finite"
           : status == WalkerStatus::tracer_range  ? "displacement of an atom out of range"
                                                   : nullptr;
  };
  Json halted = Json::array();
  total = 0;
  for (std::size_t w = 0; w < state.status.size(); ++w) {
    if (const char *why = reason(static_cast<WalkerStatus>(state.status[w])); why != nullptr) {
      ++total;
      if (halted.size() < 100) {
        halted.push_back({{"walker", w},
                          {"group", w / static_cast<std::size_t>(plan.replicas)},
                          {"hop", state.walker_hops[w]},
                          {"smallest_barrier_eV", state.smallest_barrier_eV[w]},
                          {"reason", why}});
      }
    }
  }
  return halted;
}

} // namespace

nlohmann::json write_summary(const std::filesystem::path &directory, const KmcPreset &preset, const KmcPlan &plan,
                             const KmcState &state, const std::vector<KmcRow> &rows, const RunRecord &run) {
  Json groups = Json::array();
  for (std::size_t g = 0; g < plan.groups.size(); ++g) {
    groups.push_back(group_entry(preset, plan, state, rows, g));
  }
  const Json arrhenius = plan.swaps() ? Json::array() : arrhenius_of(preset, plan, state, groups);
  std::int64_t n_halted = 0;
  const Json halted = halted_walkers(plan, state, n_halted);

  Json about = {{"status", run.status},
                {plan.swaps() ? "trials" : "hops", state.hops},
                {"walkers", plan.walkers()},
                {"wall_s", run.wall_s},
                {plan.swaps() ? "trials_per_s" : "hops_per_s", run.hops_per_s}};
  if (plan.memory_entries > 0) {
    const auto lookups = static_cast<double>(run.memory_lookups);
    about["memory"] = {{"entries", plan.memory_entries},
                       {"lookups", run.memory_lookups},
                       {"hits", run.memory_hits},
                       {"hit_rate", lookups > 0.0 ? Json(static_cast<double>(run.memory_hits) / lookups) : Json(nullptr)}};
  }
  Json summary = {{"format", "zener-kmc-summary-1"},
                  {"driver", plan.swaps() ? "static_mc" : "kmc"},
                  {"zener", {{"version", kVersion}, {"commit", kCommit}, {"compiler", kCompiler}}},
                  {"backend", run.backend},
                  {"device", run.device},
                  {"title", preset.title},
                  {"seed", preset.seed},
                  {"run", about},
                  {"numbers", Numbers(plan, groups, arrhenius).json()},
                  {"groups", groups}};
  if (!arrhenius.empty()) {
    summary["arrhenius"] = arrhenius;
  }
  summary["halted_walkers_total"] = n_halted;
  summary["halted_walkers"] = halted;
  summary["warnings"] = run.warnings;
  summary["preset"] = to_ordered(resolved(preset));
  write_file_atomically(directory / "summary.json", summary.dump(2) + "\n");
  return nlohmann::json::parse(summary.dump());
}

} // namespace zener
