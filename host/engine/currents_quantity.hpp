// Currents of atoms in waves and their correlations in flight (kernels/analysis/currents.hpp).
#pragma once

#include "host/engine/analysis_engine.hpp"
#include "host/engine/analysis_rows.hpp"
#include "kernels/analysis/currents.hpp"

#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

class CurrentsQuantity final : public Quantity {
public:
  CurrentsQuantity(Queue &queue, const CurrentsPlan &plan, const RowLayout &layout, const std::vector<AtomClass> &classes,
                   const std::vector<Atoms> &systems);
  void observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) override;
  void result(AnalysisSums &sums) const override;
  void save(std::vector<double> &values) const override;
  void load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) override;

private:
  std::int64_t each() const { return static_cast<std::int64_t>(pairs_.size()) * waves_ * plan_.points * 3; }

  Queue &queue_;
  CurrentsPlan plan_;
  std::vector<CurrentsPair> pairs_;
  std::int64_t rows_, waves_, groups_ = 0, frames_ = 0, block_frames_ = 1;
  DeviceBuffer<std::int32_t> place_, system_, block_system_, group_block_, group_system_, pair_;
  DeviceBuffer<std::int64_t> begin_, group_blocks_;
  DeviceBuffer<Wave3> wave_;
  DeviceBuffer<double> position_, velocity_, partial_, ring_, sums_;
};

} // namespace ZENER_BACKEND
} // namespace zener
