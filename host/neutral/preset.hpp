// Presets of the kmc driver: JSON -> plain struct -> plan.
#pragma once

#include "host/neutral/kmc_plan.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace zener {

enum class Configurations { first_replica, all, none };

struct BarrierChoice {
  std::string kind;           // "constant", "pair_kra" or "mlp"
  double barrier_eV = 0.0;    // constant
  std::filesystem::path file; // pair_kra or mlp; empty when the preset itself holds the numbers
  std::optional<PairKra> inlined;
};

using Composition = std::vector<std::pair<std::string, double>>; // element and parts, alphabetical

struct KmcPreset {
  std::filesystem::path file;
  std::string title;
  std::uint32_t seed = 1;
  Precision precision = Precision::float32;
  double a_A = 0.0;
  std::array<int, 3> cells{};
  std::vector<Composition> compositions; // one or a ladder
  bool composition_ladder = false;       // given as a list
  int vacancies = 1;
  BarrierChoice barriers;
  std::vector<double> temperatures_K;
  int replicas = 1;
  double attempt_frequency_per_s = 1e13;
  std::uint64_t hops = 0;
  double time_limit_s = 0.0; // 0: none
  int order_shells = 2;
  std::uint64_t averages_from_hop = 0;
  int log_per_decade = 10;      // 0 when every_hops is given
  std::uint64_t every_hops = 0; // 0 when log_per_decade is given
  double checkpoint_every_s = 300.0;
  std::filesystem::path output_directory; // relative to the current directory
  Configurations configurations = Configurations::first_replica;
  bool plots = true;
};

// Loads, edits (`--set`, see apply_kmc_edit), validates against the schema and reads. Throws DataError when the preset cannot
// be opened and ConfigError for what is wrong in it.
KmcPreset load_kmc_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});

// apply_edit; a relative barriers.file given this way is relative to the current directory, as on any command line.
void apply_kmc_edit(nlohmann::json &document, const std::string &edit);

// Reads a document that satisfies the schema, and checks what a schema cannot say. Throws ConfigError. `asked`, when given,
// collects the JSON pointers of all keys that the reader knows for this kind of document.
KmcPreset read_kmc_preset(const nlohmann::json &document, const std::filesystem::path &file,
                          std::set<std::string> *asked = nullptr);

// The preset with every key explicit and paths absolute; it reads back as the same preset from anywhere.
nlohmann::json resolved(const KmcPreset &preset);

// Loads the barrier model and lays out the batch: for each composition all temperatures, `replicas` walkers each. `warnings`
// receives lines that the user must see. Throws ConfigError (elements, bounds) and DataError (the model's file).
KmcPlan make_plan(const KmcPreset &preset, std::vector<std::string> &warnings);

// Integers that sum to `total` in the proportions of the weights, by largest remainder; ties go to the first.
std::vector<std::int64_t> atom_counts(const std::vector<double> &weights, std::int64_t total);

// Hop counts after which a row is taken: ascending, without 0, ending with `hops`.
std::vector<std::uint64_t> sample_hops(const KmcPreset &preset);

// What must not change on a restart (all but an increase of hops, title, output and checkpoint), with a hash of the model's
// numbers in place of its path.
nlohmann::json identity(const KmcPreset &preset, const KmcPlan &plan);

} // namespace zener
