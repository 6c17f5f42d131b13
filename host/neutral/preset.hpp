// Presets of the kmc and static_mc drivers: JSON -> plain struct -> plan.
#pragma once

#include "host/neutral/preset_parts.hpp"

namespace zener {

enum class Configurations { first_replica, all, none };

struct B2Choice {
  std::array<std::string, 2> pair;
  int least_partners = 6;
  int link_squared = 12;
  std::uint64_t persistent_over_hops = 0;
};

// The equilibrium concentration of vacancies: a constant, or exp(-G/kT) with an error on G.
struct RealTime {
  double concentration = 0.0; // 0: from G
  double formation_free_energy_eV = 0.0;
  double error_eV = 0.0;
};

struct KmcPreset : AlloyPreset {
  Dynamics dynamics = Dynamics::vacancy_hops; // static_mc: metropolis_swaps
  int vacancies = 1;
  std::vector<double> temperatures_K;
  int replicas = 1;
  double attempt_frequency_per_s = 1e13;
  std::uint64_t hops = 0;    // static_mc: trials
  double time_limit_s = 0.0; // 0: none
  std::int64_t memory_entries = 0;
  int order_shells = 2;
  bool randomness = false;
  bool transport = false;
  bool tracers = false;
  std::optional<B2Choice> b2;
  std::uint64_t averages_from_hop = 0;
  int log_per_decade = 10;      // 0 when every_hops is given
  std::uint64_t every_hops = 0; // 0 when log_per_decade is given
  std::optional<RealTime> real_time;
  double checkpoint_every_s = 300.0;
  Configurations configurations = Configurations::first_replica;
  std::vector<std::uint64_t> configurations_at; // hops at which they are written besides the first and the last, ascending

  bool swaps() const { return dynamics == Dynamics::metropolis_swaps; }
};

// Loads, edits (`--set`, see apply_preset_edit), validates against the schema of its driver, kmc or static_mc, and reads.
// Throws DataError when the preset cannot be opened and ConfigError for what is wrong in it.
KmcPreset load_kmc_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});

// Reads a document that satisfies the schema, and checks what a schema cannot say. Throws ConfigError. `asked`, when given,
// collects the JSON pointers of all keys that the reader knows for this kind of document.
KmcPreset read_kmc_preset(const nlohmann::json &document, const std::filesystem::path &file,
                          std::set<std::string> *asked = nullptr);

// The preset with every key explicit and paths absolute; it reads back as the same preset from anywhere.
nlohmann::json resolved(const KmcPreset &preset);

// Loads the barrier model and the initial file and lays out the batch: for each composition all temperatures, `replicas`
// walkers each. All walkers start from the initial file where there is one; vacancies that it lacks are sites emptied at random
// by the seed (SplitMix64 of {seed, "vacancy"}), the same for all. `warnings` receives lines that the user must see. Throws
// ConfigError (elements, bounds) and DataError (the files).
KmcPlan make_plan(const KmcPreset &preset, std::vector<std::string> &warnings);

// Hop counts after which a row is taken: ascending, without 0, ending with `hops`.
std::vector<std::uint64_t> sample_hops(const KmcPreset &preset);

// What must not change on a restart (all but an increase of hops, title, memory, real time, output and checkpoint), with hashes
// of the model's numbers and of the initial configuration in place of their paths.
nlohmann::json identity(const KmcPreset &preset, const KmcPlan &plan);

} // namespace zener
