#include "host/engine/analysis_engine.hpp"

#include "host/engine/all_origins_quantity.hpp"
#include "host/engine/analysis_rows.hpp"
#include "host/engine/box_of.hpp"
#include "host/engine/currents_quantity.hpp"
#include "host/engine/events_quantity.hpp"
#include "host/engine/flux_quantity.hpp"
#include "host/engine/mean_positions_quantity.hpp"
#include "host/engine/mobility_quantity.hpp"
#include "host/engine/structure_quantity.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/flux_layout.hpp"
#include "kernels/analysis/correlator.hpp"

#include <algorithm>
#include <numeric>
#include <string>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

CorrelatorShape shape_of(const CorrelatorPlan &plan, bool differences) {
  return {plan.points, plan.factor, plan.levels, plan.origins, differences ? 1 : 0};
}

// Numbers that a correlator keeps beside its rows' places.
double numbers_of(const CorrelatorPlan &plan, bool differences, double rows, double classes) {
  const CorrelatorShape shape = shape_of(plan, differences);
  const double means = differences ? 0.0 : plan.levels - 1.0;
  return 3.0 * rows * (static_cast<double>(ring_slots(shape)) + means + 1.0) +
         static_cast<double>(most_lags_due(shape)) * 3.0 * (rows / kCorrelatorBlock + classes) +
         3.0 * kTimeBlocks * classes * plan.levels * plan.points;
}

// MSD or VACF.
class DeviceCorrelator final : public Quantity {
public:
  DeviceCorrelator(Queue &queue, const CorrelatorPlan &plan, bool differences, const RowLayout &layout)
      : plan_(plan), shape_(shape_of(plan, differences)), queue_(queue), rows_(static_cast<std::int64_t>(layout.place.size())),
        classes_(static_cast<std::int64_t>(layout.blocks.size()) - 1), place_(uploaded(queue, layout.place, "rows of atoms")),
        system_(uploaded(queue, layout.system, "systems of rows")), begin_(uploaded(queue, layout.begin, "blocks of rows")),
        blocks_(uploaded(queue, layout.blocks, "blocks of classes")), now_(queue, 3 * rows_, "samples"),
        ring_(queue, ring_slots(shape_) * 3 * rows_, "kept samples"),
        mean_(queue, differences ? 0 : (plan.levels - 1) * 3 * rows_, "means of samples"),
        partial_(queue, most_lags_due(shape_) * (begin_.size() - 1) * 3, "sums of blocks of rows"),
        sums_(queue, kTimeBlocks * each(), "sums of correlations") {
    ring_.zero();
    mean_.zero();
    sums_.zero();
  }

  void observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) override {
    if (number == kTimeBlocks * block_frames_) {
      join_time_blocks(queue_, sums_.view());
      block_frames_ *= 2;
    }
    const bool positions = shape_.differences != 0;
    load_rows(queue_, positions ? frame.position : frame.velocity,
              {std::as_const(place_).view(), std::as_const(system_).view(), drift, positions ? 0 : 3}, now_.shaped(3, rows_));
    correlate(queue_, shape_, view(), number, static_cast<int>(number / block_frames_));
    frames_ = number + 1;
  }

  void result(AnalysisSums &to) const override {
    CorrelatorSums out;
    out.plan = plan_;
    out.differences = shape_.differences != 0;
    out.frames = frames_;
    out.block_frames = block_frames_;
    out.blocks = static_cast<int>((frames_ + block_frames_ - 1) / block_frames_);
    std::vector<double> all(static_cast<std::size_t>(sums_.size()));
    sums_.download(all.data());
    all.resize(static_cast<std::size_t>(out.blocks * each()));
    out.sums = std::move(all);
    (out.differences ? to.msd : to.vacf) = std::move(out);
  }

  void save(std::vector<double> &values) const override {
    for (const DeviceBuffer<double> *buffer : {&ring_, &mean_, &sums_}) {
      append_numbers(*buffer, values);
    }
  }

  void load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) override {
    for (DeviceBuffer<double> *buffer : {&ring_, &mean_, &sums_}) {
      take_numbers(*buffer, values, at);
    }
    frames_ = frames;
    block_frames_ = block_frames_after(frames);
  }

private:
  std::int64_t each() const { return classes_ * plan_.levels * plan_.points * 3; }
  CorrelatorView view() {
    return {now_.shaped(3, rows_),
            ring_.shaped(ring_slots(shape_), 3, rows_),
            mean_.shaped(mean_.size() > 0 ? plan_.levels - 1 : 0, 3, rows_),
            std::as_const(begin_).view(),
            std::as_const(blocks_).view(),
            partial_.shaped(most_lags_due(shape_), begin_.size() - 1, 3),
            sums_.shaped(kTimeBlocks, classes_, plan_.levels, plan_.points, 3)};
  }

  CorrelatorPlan plan_;
  CorrelatorShape shape_;
  Queue &queue_;
  std::int64_t rows_, classes_, frames_ = 0, block_frames_ = 1;
  DeviceBuffer<std::int32_t> place_, system_;
  DeviceBuffer<std::int64_t> begin_, blocks_;
  DeviceBuffer<double> now_, ring_, mean_, partial_, sums_;
};

void check_plan(const CorrelatorPlan &plan) {
  if (plan.points < 2 || plan.factor < 2 || plan.levels < 1 || plan.levels > kMostLevels || plan.origins < 1 ||
      plan.points % plan.origins != 0 || (plan.origins > 1 && plan.levels > 1)) {
    throw InvariantError("a correlator that cannot be: its points, factor, levels or origins");
  }
}

} // namespace

DeviceAnalysis::DeviceAnalysis(Queue &queue, const AnalysisPlan &plan, const std::vector<Atoms> &systems)
    : queue_(queue), remove_drift_(plan.remove_drift) {
  std::vector<std::int32_t> class_of_atom;
  classes_ = atom_classes(plan, systems, class_of_atom);
  const RowLayout layout = row_layout(classes_, class_of_atom);
  n_ = static_cast<std::int64_t>(class_of_atom.size());
  k_ = static_cast<std::int64_t>(systems.size());
  if (n_ == 0 || plan.empty()) {
    throw InvariantError("an analysis needs atoms and something to measure");
  }
  for (const auto &one : {plan.msd, plan.vacf}) {
    if (one) {
      check_plan(*one);
    }
  }
  FluxLayout flux = plan.flux ? flux_layout(*plan.flux, systems) : FluxLayout{};
  check_memory(plan, static_cast<std::int64_t>(layout.place.size()), static_cast<std::int64_t>(classes_.size()), flux);
  if (plan.msd) {
    quantities_.push_back(std::make_unique<DeviceCorrelator>(queue_, *plan.msd, true, layout));
  }
  if (plan.vacf) {
    quantities_.push_back(std::make_unique<DeviceCorrelator>(queue_, *plan.vacf, false, layout));
  }
  if (plan.all_origins) {
    quantities_.push_back(std::make_unique<AllOriginsQuantity>(queue_, *plan.all_origins, layout));
  }
  if (plan.currents) {
    quantities_.push_back(std::make_unique<CurrentsQuantity>(queue_, *plan.currents, layout, classes_, systems));
  }
  if (plan.flux) {
    quantities_.push_back(std::make_unique<FluxQuantity>(queue_, *plan.flux, std::move(flux), systems));
  }
  if (plan.mobility) {
    quantities_.push_back(std::make_unique<MobilityQuantity>(queue_, *plan.mobility, systems, class_of_atom, classes_.size()));
  }
  if (plan.mean_positions) {
    auto mean_positions = std::make_unique<MeanPositionsQuantity>(queue_, *plan.mean_positions, systems);
    mean_positions_ = mean_positions.get();
    quantities_.push_back(std::move(mean_positions));
  }
  if (plan.structure) {
    quantities_.push_back(std::make_unique<StructureQuantity>(queue_, *plan.structure, systems));
  }
  position_ = DeviceBuffer<double>(queue_, 3 * n_, "positions of a frame");
  velocity_ = DeviceBuffer<double>(queue_, plan.needs_velocities() ? 3 * n_ : 0, "velocities of a frame");
  box_ = DeviceBuffer<Box>(queue_, k_, "cells of a frame");

  std::vector<double> mass, system_mass(systems.size(), 0.0);
  std::vector<std::int64_t> block_begin{0}, system_begin{0};
  for (std::size_t i = 0; i < class_of_atom.size(); ++i) {
    const AtomClass &of = classes_[static_cast<std::size_t>(class_of_atom[i])];
    mass.push_back(of.mass_amu);
    system_mass[of.system] += of.mass_amu;
  }
  for (const Atoms &system : systems) {
    const std::int64_t end = block_begin.back() + static_cast<std::int64_t>(system.size());
    while (block_begin.back() < end) {
      block_begin.push_back(std::min(end, block_begin.back() + kDriftBlock));
    }
    system_begin.push_back(static_cast<std::int64_t>(block_begin.size()) - 1);
  }
  mass_ = uploaded(queue_, mass, "masses");
  system_mass_ = uploaded(queue_, system_mass, "masses of systems");
  block_begin_ = uploaded(queue_, block_begin, "blocks of atoms");
  system_begin_ = uploaded(queue_, system_begin, "blocks of systems");
  partial_ = DeviceBuffer<double>(queue_, (block_begin_.size() - 1) * kDriftNumbers, "sums of blocks of atoms");
  drift_ = DeviceBuffer<double>(queue_, remove_drift_ ? k_ * kDriftNumbers : 0, "drift of systems");
  if (plan.events) {
    quantities_.push_back(make_events_quantity(queue_, *plan.events, systems, mass, remove_drift_));
  }
}

DeviceAnalysis::~DeviceAnalysis() = default;

void DeviceAnalysis::check_memory(const AnalysisPlan &plan, std::int64_t rows, std::int64_t classes,
                                  const FluxLayout &flux) const {
  double numbers = 8.0 * static_cast<double>(n_);
  for (const bool differences : {true, false}) {
    const auto &one = differences ? plan.msd : plan.vacf;
    numbers += one ? numbers_of(*one, differences, static_cast<double>(rows), static_cast<double>(classes)) : 0.0;
  }
  numbers += plan.flux ? FluxQuantity::numbers(flux, n_) : 0.0;
  numbers += plan.mobility ? MobilityQuantity::numbers(*plan.mobility, n_, classes) : 0.0;
  numbers += plan.mean_positions ? 3.5 * static_cast<double>(n_) : 0.0;
  const double needed = numbers * sizeof(double) +
                        (plan.events ? events_bytes(*plan.events, static_cast<double>(n_), static_cast<double>(k_)) : 0.0);
  const auto free = static_cast<double>(queue_.properties().memory_free_bytes);
  if (free > 0.0 && needed > free) {
    const auto mebibytes = [](double bytes) { return std::to_string(static_cast<std::int64_t>(bytes / (1 << 20))); };
    throw DeviceError(
        "the analyses of " + std::to_string(n_) + " atoms need about " + mebibytes(needed) + " MiB; " + mebibytes(free) +
        " MiB are free on the device. Use fewer points or levels, more frames between origins, or coarser flux maps");
  }
}

void DeviceAnalysis::push(const std::vector<Atoms> &systems) {
  const auto n = static_cast<std::size_t>(n_);
  const bool wanted = velocity_.size() > 0;
  std::vector<double> position(3 * n), velocity(wanted ? 3 * n : 0);
  std::vector<Box> boxes;
  std::size_t i = 0;
  for (const Atoms &system : systems) {
    if (wanted && system.velocity_A_ps.size() != system.size()) {
      throw InvariantError("a frame without velocities, which an analysis asks for");
    }
    boxes.push_back(box_of(system.cell));
    for (std::size_t j = 0; j < system.size() && i < n; ++j, ++i) {
      for (std::size_t d = 0; d < 3; ++d) {
        position[d * n + i] = system.position_A[j][d];
        if (wanted) {
          velocity[d * n + i] = system.velocity_A_ps[j][d];
        }
      }
    }
  }
  const std::size_t met = std::accumulate(systems.begin(), systems.end(), std::size_t{0},
                                          [](std::size_t sum, const Atoms &system) { return sum + system.size(); });
  if (static_cast<std::int64_t>(systems.size()) != k_ || met != n) {
    throw InvariantError("a frame of other systems than those of the analysis");
  }
  position_.upload(position.data());
  velocity_.upload(velocity.data());
  box_.upload(boxes.data());
  observe(std::as_const(box_).view());
}

void DeviceAnalysis::observe(View<const Box, 1> box) {
  const FrameView frame{positions(), velocities(), box};
  View<const double, 2> drift(static_cast<const double *>(nullptr), 0, kDriftNumbers);
  if (remove_drift_) {
    find_drift(queue_, frame,
               {std::as_const(mass_).view(), std::as_const(block_begin_).view(), std::as_const(system_begin_).view(),
                std::as_const(system_mass_).view(), partial_.shaped(block_begin_.size() - 1, kDriftNumbers),
                drift_.shaped(k_, kDriftNumbers)});
    drift = drift_.shaped(k_, kDriftNumbers);
  }
  for (const auto &quantity : quantities_) {
    quantity->observe(frame, drift, frames_);
  }
  ++frames_;
}

AnalysisSums DeviceAnalysis::sums() {
  AnalysisSums out;
  out.frames = frames_;
  out.classes = classes_;
  for (const auto &quantity : quantities_) {
    quantity->result(out);
  }
  return out;
}

std::vector<MeanPositions> DeviceAnalysis::take_mean_positions() {
  return mean_positions_ == nullptr ? std::vector<MeanPositions>{} : mean_positions_->take_windows();
}

std::vector<AtomFrame> DeviceAnalysis::take_atoms() {
  std::vector<AtomFrame> frames;
  for (const auto &quantity : quantities_) {
    quantity->take(frames);
  }
  return frames;
}

AnalysisState DeviceAnalysis::save() {
  AnalysisState state;
  state.frames = frames_;
  for (const auto &quantity : quantities_) {
    quantity->save(state.values);
  }
  return state;
}

void DeviceAnalysis::load(const AnalysisState &state) {
  std::size_t at = 0;
  for (const auto &quantity : quantities_) {
    quantity->load(state.values, at, state.frames);
  }
  if (at != state.values.size() || state.frames < 0) {
    throw InvariantError("the state of other analyses cannot be loaded");
  }
  frames_ = state.frames;
}

} // namespace ZENER_BACKEND
} // namespace zener
