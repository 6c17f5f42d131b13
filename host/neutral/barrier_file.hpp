// Data sets of vacancy barriers in bcc alloys, barriers.h5: written by the driver barrier_dataset, read for training. A sealed
// file (sealed_file.hpp).
//
// Root attributes `format` = "zener-barriers-1", `elements` (species code i + 1 is elements[i]), `potential`, `potential_hash`,
// `program`, `preset`, `identity`; datasets
//   /cells               int64 [3]                      conventional cells a side
//   /composition/atoms   int64 [compositions][species]  in a cell without its vacancy
//   /composition/name    strings [compositions]
//   /cell/…              a row for each cell with a vacancy: number int64 (in the data set; rows not done yet are absent),
//                        occupancy uint8 [rows][sites] (0 = the vacancy; sites numbered as by site_coordinates), composition
//                        int32, a_A double, vacancy int64 (site), energy_eV double (at rest)
//   /jump/…              [rows][8], jump p along bcc_tables().offsets[p]: status uint8 (JumpStatus), and double, NaN where not
//                        known: forward_eV, backward_eV, final_energy_eV (at rest after the jump)
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace zener {

enum class JumpStatus : std::uint8_t {
  not_run,
  converged,
  out_of_steps,
  lost,
  end_unstable,
  ends_alike,
  lower_minimum, // passes a minimum below both ends
  no_saddle      // the path only rises or only falls
};
inline constexpr int kJumpStatuses = 8;

// "not run", "converged", …
const char *status_name(JumpStatus status);

struct BarrierFile {
  std::vector<std::string> elements;
  std::array<std::int64_t, 3> cells{};
  std::vector<std::int64_t> composition_atoms; // [compositions][species]
  std::vector<std::string> composition_name;
  // rows
  std::vector<std::uint8_t> occupancy; // [rows][sites]
  std::vector<std::int64_t> number;
  std::vector<std::int32_t> composition;
  std::vector<double> a_A;
  std::vector<std::int64_t> vacancy;
  std::vector<double> energy_eV;
  // [rows][8]
  std::vector<std::uint8_t> status;
  std::vector<double> forward_eV;
  std::vector<double> backward_eV;
  std::vector<double> final_energy_eV;
  // provenance
  std::string potential;
  std::string potential_hash;
  std::string program;
  std::string preset;
  std::string identity; // JSON of what must not change when the set grows

  std::size_t rows() const { return composition.size(); }
  std::size_t sites() const { return static_cast<std::size_t>(2 * cells[0] * cells[1] * cells[2]); }
};

// Checks everything that the layout promises: shapes, different numbers, codes in range, one vacancy a row and at its site,
// finite barriers and energies of converged jumps, backward = forward - (final - energy) to 1e-3 eV. Throws DataError with
// file, row and jump.
BarrierFile read_barrier_file(const std::filesystem::path &file);

// Writes atomically. Throws DataError when the disk refuses, InvariantError when the arrays disagree in size.
void write_barrier_file(const std::filesystem::path &file, const BarrierFile &data);

// Puts the rows in the order of their numbers.
void sort_rows(BarrierFile &data);

} // namespace zener
