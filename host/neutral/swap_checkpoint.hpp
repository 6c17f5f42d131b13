// Checkpoints of the swap_mc_md driver: the state of a batch of atoms with the elements where they are, and its rows.
#pragma once

#include "host/neutral/checkpoint_file.hpp"
#include "host/neutral/md_plan.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace zener {

// What is known of all systems after so many trials of each.
struct SwapRow {
  std::int64_t trial = 0;
  std::vector<double> energy_eV;         // [K] potential energy
  std::vector<double> temperature_K;     // [K] of the motion
  std::vector<double> volume_A3;         // [K]
  std::vector<std::int64_t> bonds;       // [K][shell][pair]
  std::vector<std::int64_t> tried, kept; // [K][pair] since the begin of the run
  std::vector<std::int64_t> unrelaxed;   // [K] relaxations cut short since the begin
  std::vector<std::int64_t> relax_steps; // [K] since the begin
};

struct SwapCheckpoint {
  std::string identity; // JSON object of what must not change on a restart
  CheckpointMeta meta;
  DynamicsState state;
  SwapRow now;               // totals so far and energies
  std::vector<SwapRow> rows; // so far
};

// As their likes in dynamics_checkpoint.hpp.
void save_swap_checkpoint(const std::filesystem::path &file, const SwapCheckpoint &checkpoint);
SwapCheckpoint load_swap_checkpoint(const std::filesystem::path &file);

// Throws DataError when the sizes in a checkpoint are not those of the systems, their shells and pairs of elements.
void check_swap_checkpoint_fits(const SwapCheckpoint &checkpoint, const std::vector<Atoms> &systems, std::size_t shells,
                                std::size_t pairs, const std::filesystem::path &file);

} // namespace zener
