// Presets of the swap_mc_md driver: JSON -> plain struct -> plan.
#pragma once

#include "host/neutral/atoms_preset.hpp"
#include "host/neutral/md_plan.hpp"
#include "host/neutral/shells.hpp"

#include <optional>

namespace zener {

// What the atoms do besides being swapped.
enum class BetweenSwaps {
  nothing, // they stay where they are
  relax,   // a trial compares energies at rest
  md       // a piece of dynamics after every so many trials
};

struct SwapPreset : AtomsPreset {
  std::vector<double> temperatures_K;
  int replicas = 1;
  std::optional<std::int64_t> trials; // of each system; one of the two
  std::optional<double> sweeps;       // trials for each atom
  BetweenSwaps between = BetweenSwaps::nothing;
  double force_tolerance_eV_A = 0.02; // relax
  std::int64_t relax_steps = 200;
  std::int64_t every_trials = 0; // md
  std::int64_t steps = 0;
  double time_step_fs = 1.0;
  Ensemble ensemble = Ensemble::langevin;
  double thermostat_time_fs = 100.0;
  double pressure_GPa = 0.0;
  double barostat_time_fs = 1000.0;
  double compressibility_per_GPa = 0.005;
  int order_shells = 2;
  std::int64_t sample_every = 1000; // trials
  double checkpoint_every_s = 300.0;

  std::size_t systems() const { return temperatures_K.size() * static_cast<std::size_t>(replicas); }
  std::size_t rung(std::size_t system) const { return system / static_cast<std::size_t>(replicas); }
  bool dynamics() const { return between == BetweenSwaps::md; }
};

// "nothing", "relax" or "md".
const char *between_name(BetweenSwaps between);

// As load_md_preset, read_md_preset and resolved of md_preset.hpp.
SwapPreset load_swap_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});
SwapPreset read_swap_preset(const nlohmann::json &document, const std::filesystem::path &file,
                            std::set<std::string> *asked = nullptr);
nlohmann::json resolved(const SwapPreset &preset);

// System s is replica s % replicas of rung s / replicas; all start from the same atoms.
struct SwapRunPlan {
  AtomsPlan atoms;
  SwapPlan swaps;
  DynamicsPlan dynamics; // md
  std::int64_t trials = 0;
  std::vector<Shell> shells;
  std::vector<std::int64_t> counts; // atoms of each element, in the structure's order
  std::vector<double> expected;     // bonds of a random arrangement, [shell][pair]

  std::size_t elements() const { return counts.size(); }
  std::size_t pairs() const { return elements() * (elements() + 1) / 2; }
  std::int64_t sites() const { return static_cast<std::int64_t>(atoms.systems.front().size()); }
};

// Builds the structure, finds its shells and loads the potential. Throws ConfigError (one element alone, trials that are no
// whole number of pieces of dynamics) and DataError.
SwapRunPlan make_swap_plan(const SwapPreset &preset);

// What must not change on a restart: all but title, number of trials, checkpoint and the folder; hashes in place of paths.
nlohmann::json identity(const SwapPreset &preset, const SwapRunPlan &plan);

} // namespace zener
