// Solid-like and diffusive atoms on the device: kernels/analysis/mobility.hpp over a run, by blocks of time that double in
// length when all are full.
#pragma once

#include "host/engine/analysis_engine.hpp"
#include "host/engine/time_average.hpp"
#include "kernels/analysis/mobility.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

class MobilityQuantity final : public Quantity {
public:
  // class_of_atom: [N], of `classes`.
  MobilityQuantity(Queue &queue, const MobilityPlan &plan, const std::vector<Atoms> &systems,
                   const std::vector<std::int32_t> &class_of_atom, std::size_t classes);
  void observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) override;
  void result(AnalysisSums &to) const override;
  void save(std::vector<double> &values) const override;
  void load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) override;

  // Numbers of 8 bytes that it keeps for n atoms.
  static double numbers(const MobilityPlan &plan, std::int64_t n, std::int64_t classes);

private:
  MobilityView view();
  std::int64_t each() const { return classes_ * (plan_.interval_windows + 1) * kMobilityNumbers; }

  MobilityPlan plan_;
  Queue &queue_;
  TimeAverage average_;
  std::vector<double> threshold_A_;
  std::int64_t classes_, intervals_ = 0, block_intervals_ = 1;
  DeviceBuffer<double> threshold_, origin_, moved_, partial_, sums_;
  DeviceBuffer<std::int32_t> place_, axis_;
  DeviceBuffer<std::int64_t> begin_, blocks_;
};

} // namespace ZENER_BACKEND
} // namespace zener
