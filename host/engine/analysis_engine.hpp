// Analyses of batches of atoms on one device: owns their memory. What an analysis measures is a Quantity: it is shown every
// frame and keeps sums; further quantities (flux maps, strings, structure) are further classes behind the same two feeders.
#pragma once

#include "host/backend.hpp"
#include "kernels/analysis/frame.hpp"
#include "kernels/exec/queue.hpp"

#include <memory>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

class MeanPositionsQuantity;

// One analysis.
class Quantity {
public:
  virtual ~Quantity() = default;
  // Takes in a frame, numbered from 0. `drift` [K][6] (frame.hpp), or no rows where it stays.
  virtual void observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) = 0;
  virtual void result(AnalysisSums &sums) const = 0;
  // Appends what is needed to go on; takes it back from `at` on and moves it.
  virtual void save(std::vector<double> &values) const = 0;
  virtual void load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) = 0;
  // Appends the frames of atoms that were kept, and forgets them.
  virtual void take(std::vector<AtomFrame> & /*frames*/) {}
};

class DeviceAnalysis final : public Analysis {
public:
  DeviceAnalysis(Queue &queue, const AnalysisPlan &plan, const std::vector<Atoms> &systems);
  ~DeviceAnalysis() override;

  void push(const std::vector<Atoms> &systems) override;
  AnalysisSums sums() override;
  std::int64_t frames() const override { return frames_; }
  AnalysisState save() override;
  void load(const AnalysisState &state) override;
  std::vector<AtomFrame> take_atoms() override;
  TransferCount transfers() const override { return {queue_.bytes_to_device(), queue_.bytes_to_host()}; }
  std::vector<MeanPositions> take_mean_positions() override;

  // Memory for a frame that kernels fill in, N atoms in the order given: positions and velocities [3][N]; then observe().
  View<double, 2> positions() { return position_.shaped(3, n_); }
  View<double, 2> velocities() { return velocity_.shaped(3, velocity_.size() / 3); }
  void observe(View<const Box, 1> box);
  std::int64_t atoms() const { return n_; }

private:
  void check_memory(const AnalysisPlan &plan, std::int64_t rows, std::int64_t classes, const FluxLayout &flux) const;

  Queue &queue_;
  std::int64_t n_ = 0, k_ = 0, frames_ = 0;
  bool remove_drift_;
  std::vector<AtomClass> classes_;
  std::vector<std::unique_ptr<Quantity>> quantities_;
  DeviceBuffer<double> position_, velocity_, mass_, system_mass_, partial_, drift_;
  DeviceBuffer<std::int64_t> block_begin_, system_begin_;
  DeviceBuffer<Box> box_;
  MeanPositionsQuantity *mean_positions_ = nullptr; // among the quantities
};

} // namespace ZENER_BACKEND
} // namespace zener
