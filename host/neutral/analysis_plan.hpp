// What analyses are to measure, and what a device gives back. Plain data between drivers and engine.
#pragma once

#include "host/neutral/all_origins_plan.hpp"
#include "host/neutral/atoms.hpp"
#include "host/neutral/currents_plan.hpp"
#include "host/neutral/events_plan.hpp"
#include "host/neutral/flux_plan.hpp"
#include "host/neutral/mean_positions_plan.hpp"
#include "host/neutral/mobility_plan.hpp"
#include "host/neutral/structure_watch.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zener {

// A correlation function by the multiple-tau scheme (kernels/analysis/correlator.hpp): level l has a sample every factor^l
// frames; level 0 gives the lags 0 … points - 1, a further level ceil(points/factor) … points - 1.
struct CorrelatorPlan {
  int points = 16; // 2 or more
  int factor = 2;  // 2 … 64
  int levels = 1;  // 1 … 32
  int origins = 1; // frames between origins; divides points, and is 1 where there are further levels
  bool operator==(const CorrelatorPlan &) const = default;
};

// Atoms of every system by their places in it (0-based), each once.
struct AtomGroup {
  std::string name;
  std::vector<std::int64_t> atoms;
};

// Frames are equally far apart in time.
struct AnalysisPlan {
  std::optional<CorrelatorPlan> msd;  // of positions
  std::optional<CorrelatorPlan> vacf; // of velocities
  bool remove_drift = true;           // of each system's centre of mass
  std::vector<AtomGroup> groups;
  std::optional<AllOriginsPlan> all_origins;
  std::optional<CurrentsPlan> currents;
  std::optional<FluxPlan> flux;
  std::optional<MobilityPlan> mobility;
  std::optional<MeanPositionsPlan> mean_positions;
  std::optional<EventsPlan> events;
  std::optional<StructureWatch> structure;
  bool empty() const {
    return !msd && !vacf && !all_origins && !currents && !flux && !mobility && !mean_positions && !events && !structure;
  }
  bool needs_constant_cell() const {
    return msd || (all_origins && all_origins->displacements) || flux || mobility || mean_positions;
  }
  // Positions that go on beyond the cell; a centre of mass that is taken off positions needs them as well.
  bool needs_paths() const { return needs_constant_cell() || events || currents; }
  bool needs_velocities() const { return vacf || currents || (all_origins && all_origins->velocities); }
};

// Atoms of one system that are in the same groups and of the same element and mass: sums are kept for each class.
struct AtomClass {
  std::size_t system = 0;
  std::int32_t type = 0; // of the system
  double mass_amu = 0.0;
  std::vector<bool> in_group; // of the plan's
  std::int64_t atoms = 0;
};

// The classes, in the order of their systems, and for each atom of the batch its class. Throws ConfigError for a group that
// names an atom that a system does not have.
std::vector<AtomClass> atom_classes(const AnalysisPlan &plan, const std::vector<Atoms> &systems,
                                    std::vector<std::int32_t> &class_of_atom);

// Sums over atoms and frames. Blocks of time are `block_frames` long, all but the last of which a run may have begun: a
// correlation belongs to the block of its later end.
struct CorrelatorSums {
  CorrelatorPlan plan;
  bool differences = false;
  std::int64_t frames = 0;
  std::int64_t block_frames = 1;
  int blocks = 0;           // of time, the last may be incomplete
  std::vector<double> sums; // [blocks][classes][levels][points][3]
};

struct AnalysisSums {
  std::int64_t frames = 0;
  std::vector<AtomClass> classes;
  std::optional<CorrelatorSums> msd, vacf; // A^2, A^2/ps^2
  std::optional<AllOriginsSums> all_origins;
  std::optional<CurrentsSums> currents;
  std::optional<FluxSums> flux;
  std::optional<MobilitySums> mobility;
  std::optional<EventsSums> events;
  std::optional<StructureSums> structure;
};

// What a device needs to go on bit for bit.
struct AnalysisState {
  std::int64_t frames = 0;
  std::vector<double> values;
};

// A lag of a correlator.
struct CorrelatorLag {
  int level = 0;
  int point = 0;           // samples of the level
  std::int64_t frames = 0; // points times factor^level
};
// All of them, ascending in frames; differences have no lag 0.
std::vector<CorrelatorLag> correlator_lags(const CorrelatorPlan &plan, bool differences);

// Pairs of samples at this lag whose later one was made by the frames [begin, end).
std::int64_t correlated_pairs(const CorrelatorPlan &plan, bool differences, const CorrelatorLag &lag, std::int64_t begin,
                              std::int64_t end);

} // namespace zener
