// What the drivers relax, elastic, defects and lattice_parameter begin and end with.
#pragma once

#include "apps/zener/device_choice.hpp"
#include "apps/zener/kmc_driver.hpp"
#include "apps/zener/md_driver.hpp"
#include "apps/zener/statics.hpp"
#include "host/neutral/relax_preset.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace zener {

class StaticsRun {
public:
  // Loads the potential and opens the device; makes no folder. `checkpoint` names the file that a run goes on from; without
  // one, --resume is refused with a ConfigError. Batches come from `make` where it is given (tests).
  StaticsRun(const RunOptions &options, const AtomsPreset &preset, std::string driver, MakeBatch make,
             const std::string &checkpoint = {});

  // Makes the folder and its log, and writes the resolved preset.
  void open(const nlohmann::json &resolved);
  // Batches with the preset's potential, precision, seed and lists.
  MakeAtoms maker() const;
  // Goes into the log and the summary.
  void warn(const std::string &message);
  // Where a cell is thinner than twice the cutoff.
  void warn_of_small_cell(const Atoms &atoms, const std::string &name);
  // A line of the log on a cell that was brought to rest.
  void log_rest(const std::string &name, const Atoms &start, const Equilibrium &rest) const;
  // summary.json: the head that all runs share, with `content` between run and warnings.
  void write_summary(const std::string &status, const nlohmann::ordered_json &content) const;
  // Draws the plots when they are wanted and says the last word.
  int finish(const std::string &what_was_done);
  // The last word of a run that a signal ended; what is written stays.
  int stopped() const;

  const std::filesystem::path &folder() const { return folder_; }
  const PotentialModel &potential() const { return *potential_; }
  Backend &backend() const { return *chosen_.backend; }
  const std::string &backend_name() const { return chosen_.backend_name; }
  const std::string &device_reason() const { return chosen_.reason; }
  double wall_s() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }
  // The text of resolved(), for the HDF5 files.
  std::string preset_text() const { return resolved_.dump(); }

private:
  AtomsPreset preset_;
  std::string driver_;
  MakeBatch make_;
  std::filesystem::path folder_;
  PotentialPointer potential_;
  ChosenDevice chosen_;
  nlohmann::json resolved_;
  std::vector<std::string> warnings_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// A named number of a summary, as in the other drivers' lists "numbers".
nlohmann::ordered_json named_number(const std::string &name, const std::string &units, const nlohmann::ordered_json &value,
                                    const nlohmann::ordered_json &standard_error, const std::string &description);

// The number, or "-" for what is not finite.
std::string number_or_dash(double value, const char *format);

EquilibriumPlan equilibrium_plan(const EquilibriumChoice &choice, const RelaxPlan &relax);

// "1 cell", "3 cells".
std::string counted(std::size_t number, const std::string &one);

// {"W": 128}.
nlohmann::ordered_json atoms_by_element(const Atoms &atoms);
// Lattice parameters of a lattice that was built, from its cell as it is now: the lengths of its first and third vector over
// the cells along them. Empty for files and for other orientations.
std::vector<std::pair<std::string, double>> lattice_parameters(const AtomsPreset &preset, const Matrix3 &cell);
// Lengths (A) and angles (degrees) of the cell's vectors.
nlohmann::ordered_json cell_json(const Matrix3 &cell);

} // namespace zener
