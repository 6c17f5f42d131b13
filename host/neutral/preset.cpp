#include "host/neutral/preset.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/splitmix.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostWalkers = std::numeric_limits<std::int32_t>::max(); // walkers are numbered by int32
constexpr std::uint64_t kMostRows = 1000000;
constexpr std::int64_t kMostMemory = 16777216;
constexpr std::uint64_t kMostHops = 1000000000000000U;
constexpr std::size_t kMostConfigurations = 1000;

const std::vector<std::string> kConfigurations{"first_replica", "all", "none"};
const std::vector<std::string> kDrivers{"kmc", "static_mc"};

const char *hops_key(const KmcPreset &preset) { return preset.swaps() ? "trials" : "hops"; }
const char *configurations_at_key(const KmcPreset &preset) {
  return preset.swaps() ? "configurations_at_trials" : "configurations_at_hops";
}

void read_walkers(ObjectReader &keys, KmcPreset &preset) {
  ObjectReader walkers = keys.object("walkers", true);
  std::size_t rung = 0;
  for (const json &met : read_list(walkers, "temperatures_K")) {
    preset.temperatures_K.push_back(read_temperature(walkers, "temperatures_K/" + std::to_string(rung++), met));
  }
  preset.replicas = read_integer(walkers, "replicas", 1, 16777216, 1);
  const std::size_t compositions = preset.initial ? 1 : preset.compositions.size();
  const auto groups = static_cast<std::int64_t>(preset.temperatures_K.size() * compositions);
  if (groups > kMostWalkers / preset.replicas) {
    walkers.refuse("replicas", fmt::format("{} in each of {} groups are {} walkers; allowed: at most {}", preset.replicas,
                                           groups, grouped(static_cast<std::uint64_t>(groups * preset.replicas)),
                                           grouped(static_cast<std::uint64_t>(kMostWalkers))));
  }
  walkers.finish();
}

// The memory that a run takes without being asked: 65,536 environments of a walker, about 96 bytes each, in at most 1 GiB.
std::int64_t default_memory_entries(const KmcPreset &preset) {
  if (!preset.barriers.is_network()) {
    return 0;
  }
  const std::size_t compositions = preset.initial ? 1 : preset.compositions.size();
  const auto walkers = static_cast<std::int64_t>(preset.temperatures_K.size() * compositions) * preset.replicas;
  return std::min<std::int64_t>(65536, (std::int64_t{1} << 30) / (walkers * 96));
}

void read_memory(ObjectReader &keys, KmcPreset &preset) {
  ObjectReader memory = keys.object("memory");
  preset.memory_entries = default_memory_entries(preset);
  if (memory.has("entries")) {
    preset.memory_entries = read_integer(memory, "entries", 0, static_cast<int>(kMostMemory));
    if (preset.memory_entries > 0 && !preset.barriers.is_network()) {
      memory.refuse_value("entries", preset.memory_entries,
                          "only 0 with barriers of kind " + preset.barriers.kind + "; the memory spares work of networks");
    }
  }
  memory.finish();
}

void read_b2(ObjectReader &observe, KmcPreset &preset) {
  if (!is_given(observe, "b2")) {
    return;
  }
  if (preset.structure != Structure::bcc) {
    observe.refuse("b2", std::string("the structure is ") + structure_name(preset.structure) + "; B2 order is of bcc");
  }
  ObjectReader b2 = observe.object("b2");
  B2Choice choice;
  const json &pair = read_list(b2, "pair");
  if (pair.size() != 2) {
    b2.refuse_value("pair", pair, "two elements");
  }
  for (std::size_t i = 0; i < 2; ++i) {
    choice.pair[i] = read_element(b2, "pair/" + std::to_string(i), pair[i]);
  }
  if (choice.pair[0] == choice.pair[1]) {
    b2.refuse("pair/1", in_quotes(choice.pair[1]) + " is given twice; B2 order is of two elements");
  }
  choice.least_partners = read_integer(b2, "least_partners", 1, 8, 6);
  choice.link_squared = read_integer(b2, "link_squared", 3, 12, 12);
  const auto links = {3, 4, 8, 11, 12};
  if (std::find(links.begin(), links.end(), choice.link_squared) == links.end()) {
    b2.refuse_value("link_squared", choice.link_squared, "one of 3, 4, 8, 11, 12");
  }
  choice.persistent_over_hops = b2.count("persistent_over_hops", 0);
  if (choice.persistent_over_hops > preset.hops) {
    b2.refuse_value("persistent_over_hops", choice.persistent_over_hops,
                    fmt::format("at most {}, which is {}, or no window would ever be whole", hops_key(preset), preset.hops));
  }
  b2.finish();
  preset.b2 = choice;
}

void read_sample(ObjectReader &observe, KmcPreset &preset) {
  ObjectReader sample = observe.object("sample");
  const bool logarithmic = sample.has("log_per_decade");
  if (sample.has("every_hops")) {
    if (logarithmic) {
      sample.refuse("every_hops", "log_per_decade is given as well; give one of the two");
    }
    preset.every_hops = sample.count("every_hops");
    preset.log_per_decade = 0;
    if (preset.every_hops == 0) {
      sample.refuse_value("every_hops", 0, "an integer of 1 or more");
    }
    if (preset.hops / preset.every_hops > kMostRows) {
      sample.refuse("every_hops",
                    fmt::format("{} asks for {} rows in {} {}; allowed: at most {} rows, so {} or more", preset.every_hops,
                                grouped(preset.hops / preset.every_hops), grouped(preset.hops), hops_key(preset),
                                grouped(kMostRows), preset.hops / kMostRows + (preset.hops % kMostRows == 0 ? 0 : 1)));
    }
  } else {
    preset.log_per_decade = read_integer(sample, "log_per_decade", 1, 1000, 10);
  }
  sample.finish();
}

void read_observe(ObjectReader &keys, KmcPreset &preset) {
  ObjectReader observe = keys.object("observe");
  ObjectReader order = observe.object("order");
  preset.order_shells = read_integer(order, "shells", 0, 2, 2);
  order.finish();
  if (!preset.swaps()) {
    preset.randomness = observe.flag("randomness", false);
    preset.transport = observe.flag("transport", false);
    preset.tracers = observe.flag("tracers", false);
  }
  read_b2(observe, preset);
  preset.averages_from_hop = observe.count("averages_from_hop", 0);
  if (preset.averages_from_hop >= preset.hops) {
    observe.refuse_value("averages_from_hop", preset.averages_from_hop,
                         fmt::format("less than {}, which is {}, or no {} would enter the averages", hops_key(preset),
                                     preset.hops, preset.swaps() ? "trial" : "hop"));
  }
  read_sample(observe, preset);
  observe.finish();
}

void read_real_time(ObjectReader &keys, KmcPreset &preset) {
  if (!is_given(keys, "real_time")) {
    return;
  }
  ObjectReader given = keys.object("real_time");
  RealTime real;
  if (given.has("vacancy_concentration")) {
    for (const char *other : {"formation_free_energy_eV", "error_eV"}) {
      if (given.has(other)) {
        given.refuse(other, "vacancy_concentration is given as well; give that, or formation_free_energy_eV and error_eV");
      }
    }
    real.concentration = read_positive(given, "vacancy_concentration");
    if (real.concentration > 1.0) {
      given.refuse_value("vacancy_concentration", real.concentration, "a number greater than 0 and at most 1");
    }
  } else {
    real.formation_free_energy_eV = read_in_range(given, "formation_free_energy_eV", 0.0, 20.0);
    real.error_eV = read_in_range(given, "error_eV", 0.0, 5.0, 0.0);
  }
  given.finish();
  preset.real_time = real;
}

void read_configurations_at(ObjectReader &output, KmcPreset &preset) {
  const std::string key = configurations_at_key(preset);
  if (!output.has(key)) {
    return;
  }
  const json &met = output.value(key);
  if (!met.is_array() || met.size() > kMostConfigurations) {
    output.refuse_value(key, met, fmt::format("a list of at most {} integers", grouped(kMostConfigurations)));
  }
  for (std::size_t i = 0; i < met.size(); ++i) {
    const std::string entry = key + "/" + std::to_string(i);
    if (!met[i].is_number_integer() || met[i] < 1 || met[i] > preset.hops) {
      output.refuse_value(entry, met[i], fmt::format("an integer from 1 to {}, which is {}", hops_key(preset), preset.hops));
    }
    if (i > 0 && met[i] <= met[i - 1]) {
      output.refuse(entry, fmt::format("{} comes after {}; they must ascend", met[i].dump(), met[i - 1].dump()));
    }
    preset.configurations_at.push_back(met[i].get<std::uint64_t>());
  }
  if (!preset.configurations_at.empty() && preset.configurations == Configurations::none) {
    output.refuse(key, "configurations is \"none\", so that none would be written; give [], or other configurations");
  }
}

void read_output(ObjectReader &keys, KmcPreset &preset) {
  ObjectReader output = keys.object("output");
  read_output_folder(output, preset);
  const std::string configurations = output.choice("configurations", kConfigurations, "first_replica");
  preset.configurations = configurations == "all"    ? Configurations::all
                          : configurations == "none" ? Configurations::none
                                                     : Configurations::first_replica;
  read_configurations_at(output, preset);
  output.finish();
}

json b2_json(const std::optional<B2Choice> &b2) {
  if (!b2) {
    return {};
  }
  return {{"pair", b2->pair},
          {"least_partners", b2->least_partners},
          {"link_squared", b2->link_squared},
          {"persistent_over_hops", b2->persistent_over_hops}};
}

json real_time_json(const std::optional<RealTime> &real) {
  if (!real) {
    return {};
  }
  return real->concentration > 0.0
             ? json{{"vacancy_concentration", real->concentration}}
             : json{{"formation_free_energy_eV", real->formation_free_energy_eV}, {"error_eV", real->error_eV}};
}

// Empties further sites until there are as many vacancies as the preset asks for.
void empty_sites(const KmcPreset &preset, std::vector<std::uint8_t> &occupancy) {
  const auto met = std::count(occupancy.begin(), occupancy.end(), std::uint8_t{0});
  if (met > preset.vacancies) {
    throw DataError(fmt::format("{}: {} of the {} sites have no atom, more than the {} vacancies of the preset ({}: "
                                "/vacancies)",
                                preset.initial->file.string(), met, occupancy.size(), preset.vacancies, preset.file.string()));
  }
  constexpr std::uint64_t kVacancy = 0x76616361'6e6379ULL; // "vacancy"
  SplitMix64 random{preset.seed, kVacancy};
  for (auto vacancies = met; vacancies < preset.vacancies;) {
    std::uint8_t &site = occupancy[random.below(occupancy.size())];
    vacancies += site != 0 ? 1 : 0;
    site = 0;
  }
}

// Warns where what the samples leave out makes the persistent centres other than what they seem.
void check_persistence(const KmcPreset &preset, std::vector<std::string> &warnings) {
  const std::uint64_t window = preset.b2 ? preset.b2->persistent_over_hops : 0;
  if (window == 0) {
    return;
  }
  const std::vector<std::uint64_t> samples = sample_hops(preset);
  std::uint64_t widest = 0;
  std::uint64_t before = 0; // hop 0 is a sample as well
  for (const std::uint64_t hop : samples) {
    widest = std::max(widest, hop - before);
    before = hop;
  }
  if (widest > window) {
    warnings.push_back(fmt::format("{}: /observe/b2/persistent_over_hops: {} is shorter than the widest gap between samples, "
                                   "{} {}: after that gap every centre counts as persistent",
                                   preset.file.string(), window, widest, hops_key(preset)));
  }
  for (const std::uint64_t hop : preset.configurations_at) {
    if (!std::binary_search(samples.begin(), samples.end(), hop)) {
      warnings.push_back(
          fmt::format("{}: /output/{}: {} is no sample (observe.sample): persistent_cluster in its files is that "
                      "of the last sample before",
                      preset.file.string(), configurations_at_key(preset), hop));
      break; // one is enough to be told
    }
  }
}

// Code of an element of observe.b2 among those of the batch.
int b2_code(const KmcPreset &preset, std::size_t i, const std::vector<std::string> &elements) {
  const std::string &name = preset.b2->pair[i];
  const auto it = std::find(elements.begin(), elements.end(), name);
  if (it == elements.end()) {
    throw ConfigError(fmt::format("{}: /observe/b2/pair/{}: {} is not an element of this run{}; there are {}",
                                  preset.file.string(), i, in_quotes(name), did_you_mean(name, elements),
                                  join(elements, ", ")));
  }
  return static_cast<int>(it - elements.begin()) + 1;
}

} // namespace

KmcPreset load_kmc_preset(const std::filesystem::path &file, const std::vector<std::string> &edits) {
  const json document = load_preset_document(file, edits);
  validate(document, schema_of(driver_of(document, file.string())), file.string());
  return read_kmc_preset(document, file);
}

KmcPreset read_kmc_preset(const json &document, const std::filesystem::path &file, std::set<std::string> *asked) {
  ObjectReader keys(document, file.string(), JsonUse::preset, asked);
  KmcPreset preset;
  preset.file = file;
  preset.dynamics = keys.choice("driver", kDrivers) == "kmc" ? Dynamics::vacancy_hops : Dynamics::metropolis_swaps;
  read_alloy(keys, preset, false);
  preset.vacancies = read_integer(keys, "vacancies", preset.swaps() ? 0 : 1, kMostVacancies, 1);
  read_barriers(keys, preset,
                preset.swaps() ? std::vector<std::string>{"pair_kra", "network"}
                               : std::vector<std::string>{"constant", "pair_kra", "mlp", "network"},
                !preset.swaps());
  read_walkers(keys, preset);
  preset.hops = keys.count(hops_key(preset));
  if (preset.hops == 0 || preset.hops > kMostHops) {
    keys.refuse_value(hops_key(preset), preset.hops, "an integer from 1 to " + std::to_string(kMostHops));
  }
  if (!preset.swaps()) {
    read_precision(keys, preset);
    preset.attempt_frequency_per_s = read_positive(keys, "attempt_frequency_per_s", 1e13);
    if (is_given(keys, "time_limit_s")) {
      preset.time_limit_s = read_positive(keys, "time_limit_s");
    }
    read_memory(keys, preset);
    read_real_time(keys, preset);
  }
  read_observe(keys, preset);

  ObjectReader checkpoint = keys.object("checkpoint");
  preset.checkpoint_every_s = read_positive(checkpoint, "every_s", 300.0);
  checkpoint.finish();

  read_output(keys, preset);
  keys.finish();
  return preset;
}

json resolved(const KmcPreset &preset) {
  const json sample =
      preset.every_hops > 0 ? json{{"every_hops", preset.every_hops}} : json{{"log_per_decade", preset.log_per_decade}};
  json document{
      {"driver", kDrivers[preset.swaps() ? 1 : 0]},
      {"vacancies", preset.vacancies},
      {"walkers", {{"temperatures_K", preset.temperatures_K}, {"replicas", preset.replicas}}},
      {hops_key(preset), preset.hops},
      {"observe",
       {{"order", {{"shells", preset.order_shells}}},
        {"b2", b2_json(preset.b2)},
        {"averages_from_hop", preset.averages_from_hop},
        {"sample", sample}}},
      {"checkpoint", {{"every_s", preset.checkpoint_every_s}}},
      {"output",
       {{"directory", absolute_text(preset.output_directory)},
        {"configurations", kConfigurations[static_cast<std::size_t>(preset.configurations)]},
        {configurations_at_key(preset), preset.configurations_at},
        {"plots", preset.plots}}},
  };
  put_alloy(document, preset);
  if (!preset.swaps()) {
    document["precision"] = precision_name(preset.precision);
    document["attempt_frequency_per_s"] = preset.attempt_frequency_per_s;
    document["time_limit_s"] = preset.time_limit_s > 0.0 ? json(preset.time_limit_s) : json();
    document["memory"] = {{"entries", preset.memory_entries}};
    document["real_time"] = real_time_json(preset.real_time);
    document["observe"]["randomness"] = preset.randomness;
    document["observe"]["transport"] = preset.transport;
    document["observe"]["tracers"] = preset.tracers;
  }
  return document;
}

KmcPlan make_plan(const KmcPreset &preset, std::vector<std::string> &warnings) {
  KmcPlan plan;
  plan.structure = preset.structure;
  plan.cells = preset.cells;
  plan.lattice_constant_A = preset.a_A;
  plan.vacancies = preset.vacancies;
  plan.dynamics = preset.dynamics;
  plan.model = load_model(preset, preset.vacancies > 1, preset.swaps());
  const std::optional<LatticeSpecies> initial = read_initial(preset);
  plan.elements = batch_elements(plan.model, preset, initial);
  plan.precision = preset.precision;
  plan.attempt_frequency_per_s = preset.attempt_frequency_per_s;
  plan.seed = preset.seed;
  plan.replicas = preset.replicas;
  plan.memory_entries = preset.memory_entries;
  plan.averages_from_hop = preset.averages_from_hop;
  plan.time_limit_s = preset.time_limit_s;
  plan.order_shells = preset.order_shells;
  plan.randomness = preset.randomness;
  plan.transport = preset.transport;
  plan.tracers = preset.tracers;
  plan.spread_limit_eV = preset.barriers.spread_limit_eV;
  if (preset.b2) {
    plan.b2 = B2Rule{b2_code(preset, 0, plan.elements), b2_code(preset, 1, plan.elements), preset.b2->least_partners,
                     preset.b2->link_squared, preset.b2->persistent_over_hops};
  }
  check_lattice_constant(plan.model, preset, warnings);
  check_persistence(preset, warnings);

  std::vector<std::vector<std::int64_t>> atoms;
  if (initial) {
    plan.occupancy = initial_occupancy(preset, *initial, plan.elements);
    empty_sites(preset, plan.occupancy);
    atoms.emplace_back(plan.elements.size(), 0);
    for (std::size_t s = 0; s < plan.elements.size(); ++s) {
      atoms.back()[s] = std::count(plan.occupancy.begin(), plan.occupancy.end(), static_cast<std::uint8_t>(s + 1));
    }
  }
  for (std::size_t rung = 0; rung < preset.compositions.size(); ++rung) {
    atoms.push_back(composition_atoms(preset, rung, plan.elements, plan.sites() - plan.vacancies, warnings));
  }
  for (const std::vector<std::int64_t> &of_rung : atoms) {
    for (const double temperature_K : preset.temperatures_K) {
      plan.groups.push_back({temperature_K, of_rung});
    }
  }
  return plan;
}

std::vector<std::uint64_t> sample_hops(const KmcPreset &preset) {
  std::vector<std::uint64_t> rows;
  if (preset.every_hops > 0) {
    for (std::uint64_t hop = preset.every_hops; hop < preset.hops; hop += preset.every_hops) {
      rows.push_back(hop);
    }
  } else {
    for (int k = 0;; ++k) {
      const double exact = std::pow(10.0, static_cast<double>(k) / preset.log_per_decade);
      const auto hop = static_cast<std::uint64_t>(std::llround(exact));
      if (hop >= preset.hops) {
        break;
      }
      if (rows.empty() || hop > rows.back()) {
        rows.push_back(hop);
      }
    }
  }
  rows.push_back(preset.hops);
  return rows;
}

json identity(const KmcPreset &preset, const KmcPlan &plan) {
  json keys = resolved(preset);
  for (const char *free : {"title", "hops", "trials", "memory", "real_time", "output", "checkpoint"}) {
    keys.erase(free);
  }
  keys["barriers"] = {{"kind", preset.barriers.kind}, {"elements", plan.elements}, {"hash", model_hash(plan.model)}};
  if (plan.flags()) {
    keys["barriers"]["spread_limit_eV"] = plan.spread_limit_eV;
  }
  if (preset.initial) {
    keys["initial"] = {{"hash", bytes_hash(plan.occupancy)}};
  }
  return keys;
}

} // namespace zener
