// Rows of a data set at work: the vacancy comes to rest, then the atoms around it in each of its 8 places after a jump, then
// the bands between; many rows in one queue of bands. Knows the seam alone.
#pragma once

#include "apps/zener/band_queue.hpp"
#include "host/neutral/barrier_file.hpp"
#include "host/neutral/dataset_preset.hpp"
#include "host/neutral/lattice_tables.hpp"

#include <array>
#include <functional>
#include <limits>
#include <map>

namespace zener {

struct FinishedRow {
  DatasetRow row;
  std::vector<std::uint8_t> occupancy;
  std::int64_t vacancy = 0; // site
  double a_A = 0.0;
  double energy_eV = std::numeric_limits<double>::quiet_NaN();
  std::array<JumpStatus, kPaths> status{};
  std::array<double, kPaths> forward_eV{}, backward_eV{}, final_energy_eV{}; // NaN where not known
  std::int64_t band_steps = 0;
};

// Atoms of a lattice's sites: [sites] positions in A, and the type of each from its species code (code - 1).
Atoms lattice_atoms(const std::array<int, 3> &cells, double a_A, const std::vector<std::string> &elements,
                    const std::vector<std::uint8_t> &occupancy);

class DatasetRows {
public:
  // `queue` is empty and of nobody else.
  DatasetRows(const DatasetPreset &preset, BandQueue &queue);

  void begin(const DatasetRow &row, std::vector<std::uint8_t> occupancy, double a_A);
  std::size_t unfinished() const { return active_.size(); }
  // Atoms of all bands and relaxations that are not finished.
  std::int64_t atoms() const { return atoms_; }
  // Runs until a row is finished. Empty when none is left, or when `go_on` said no.
  std::vector<FinishedRow> next(const std::function<bool()> &go_on);

private:
  struct Row {
    FinishedRow result;
    Atoms lattice;                            // without the vacancy
    Atoms rest;                               // relaxed
    std::array<std::size_t, kPaths> jumper{}; // atoms
    std::array<Atoms, kPaths> target;         // sites after each jump
    int open = 0;                             // jumps without a status
  };
  enum class Stage { vacancy, end, band };
  struct Task {
    std::int64_t row = 0;
    Stage stage = Stage::vacancy;
    std::size_t jump = 0;
    std::int64_t atoms = 0;
    double last_eV = 0.0; // band: of its last end
  };
  void add(Task task, std::vector<Atoms> images, BandEnds ends);
  void take_vacancy(Row &row, BandResult &result);
  void take_end(Row &row, std::size_t jump, BandResult &result);
  void take_band(Row &row, const Task &task, const BandResult &result);
  void relax(const Row &row, Stage stage, std::size_t jump, Atoms start);
  static void close(Row &row, std::size_t jump, JumpStatus status);

  const DatasetPreset &preset_;
  BandQueue &queue_;
  std::map<std::int64_t, Row> active_; // by number
  std::map<std::size_t, Task> tasks_;  // by the queue's number
  std::int64_t atoms_ = 0;
};

} // namespace zener
