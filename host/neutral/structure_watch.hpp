// Structure watched over frames: what is asked for, what a device gives, and means with errors. Needs no device.
#pragma once

#include "host/neutral/atoms.hpp"
#include "host/neutral/block_rows.hpp"
#include "host/neutral/phase_model.hpp"
#include "host/neutral/structure_plan.hpp"
#include "host/neutral/transport.hpp"

#include <memory>
#include <string>
#include <vector>

namespace zener {

struct StructureWatch {
  StructurePlan what; // facets is not looked at
  std::int64_t every_frames = 1;
  int histogram_bins = 200;
  std::int64_t atoms_every = 0;             // of the frames looked at, the atoms of every n-th are kept; 0: of none
  std::shared_ptr<const PhaseModel> phases; // finds what.steinhardt[phase_parameters]
  std::size_t phase_parameters = 0;
};

// What a frame gives: one number of a system …
struct WatchedNumber {
  std::string name, units, description;
};
// … or a curve of it. Bin b of a histogram covers low + b width …; its value is a density of probability.
struct WatchedCurveShape {
  std::string name; // "g", "S", "q_per_A", "q4", "volume", …
  std::string of;   // "total", "Fe-W", or "" where there is but one
  std::size_t bins = 0;
  double low = 0.0, width = 0.0;
};
std::vector<WatchedNumber> watched_numbers(const StructureWatch &watch);
std::vector<WatchedCurveShape> watched_curves(const StructureWatch &watch, const std::vector<std::string> &elements);
// "q4" of the plan's first Steinhardt parameters; "q4_2" of the second where there are several.
std::string parameter_name(const StructureWatch &watch, std::size_t of, int l);
// Of histograms of volumes, in units of the mean volume of an atom.
inline constexpr double kVolumeRange = 2.0;

struct StructureSums {
  std::int64_t looked = 0;    // frames 0, every_frames, 2 every_frames, …
  std::vector<double> series; // [looked][K][numbers]
  BlockRows curves;           // of all systems' curves, one after the other
};

// Atoms of a frame with what was found of them as columns.
struct AtomFrame {
  std::string analysis; // "structure"
  std::int64_t frame = 0;
  std::vector<Atoms> systems;
};

struct WatchedCurve {
  WatchedCurveShape shape;
  std::vector<double> x, value, error; // [bins]
};
struct WatchedStructure {
  std::int64_t looked = 0;
  double interval_ps = 0.0; // between the frames looked at
  std::vector<WatchedNumber> numbers;
  std::vector<double> series;                    // [looked][K][numbers]
  std::vector<std::vector<Estimate>> mean;       // [K][numbers], errors by blocking
  std::vector<std::vector<WatchedCurve>> curves; // [K]
  std::vector<std::string> phases;
};

WatchedStructure watched_structure(const StructureWatch &watch, const StructureSums &sums, const std::vector<Atoms> &systems,
                                   double frame_ps);

} // namespace zener
