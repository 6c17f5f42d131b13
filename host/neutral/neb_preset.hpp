// Presets of the neb driver: migration paths and their barriers.
#pragma once

#include "host/neutral/hops.hpp"
#include "host/neutral/relax_preset.hpp"

#include <optional>

namespace zener {

// One entry of the list: one hop, or all of a kind.
struct PathChoice {
  std::string name;
  std::string kind;               // vacancy, vacancy_cluster, dumbbell, crowdion, chain or files
  std::uint64_t site = 0;         // of the crystal, from 0
  std::vector<int> neighbours;    // vacancy: which of the nearest neighbours jump; empty: all
  std::vector<int> hops;          // vacancy_cluster: which of the jumps into it; empty: all
  int count = 2;                  // vacancy_cluster
  int shell = 1;                  // vacancy_cluster of two: in which shell of neighbours
  std::string direction;          // crowdion, chain
  int atoms = 0;                  // chain; 0: a whole row
  nlohmann::json first_structure; // files: as the key structure; null: the preset's structure
  nlohmann::json last_structure;
};

// What drivers of bands share.
struct BandPreset : AtomsPreset {
  EquilibriumChoice equilibrium;
  int images = 7; // without the ends
  BandsPlan band; // springs, climbing, steps
  double force_tolerance_eV_A = 0.01;
  RelaxPlan relax;                           // of the ends, by FIRE
  std::optional<std::int64_t> atoms_at_once; // none: what suits the device
};

// The keys equilibrium, band, relax and atoms_at_once.
void read_band_keys(ObjectReader &keys, BandPreset &preset);
void put_band_keys(nlohmann::json &document, const BandPreset &preset);

struct NebPreset : BandPreset {
  std::vector<PathChoice> paths;
};

// As load_relax_preset, read_relax_preset and resolved of relax_preset.hpp.
NebPreset load_neb_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});
NebPreset read_neb_preset(const nlohmann::json &document, const std::filesystem::path &file,
                          std::set<std::string> *asked = nullptr);
nlohmann::json resolved(const NebPreset &preset);

// A hop of the list's entry `path`; its name is that of its files.
struct NebHop {
  std::size_t path = 0;
  Hop hop;
};

// All hops of the list in a crystal. Throws ConfigError for hops that the crystal does not allow, DataError for files.
std::vector<NebHop> make_hops(const NebPreset &preset, const Atoms &crystal);

} // namespace zener
