// Flux maps on the device: kernels/analysis/flux.hpp over a run, by blocks of time that double in length when all are full.
#pragma once

#include "host/engine/analysis_engine.hpp"
#include "host/engine/time_average.hpp"
#include "kernels/analysis/flux.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

class FluxQuantity final : public Quantity {
public:
  FluxQuantity(Queue &queue, const FluxPlan &plan, FluxLayout layout, const std::vector<Atoms> &systems);
  void observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) override;
  void result(AnalysisSums &to) const override;
  void save(std::vector<double> &values) const override;
  void load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) override;

  // Numbers of 8 bytes that it keeps for n atoms.
  static double numbers(const FluxLayout &layout, std::int64_t n);

private:
  FluxPlan plan_;
  FluxLayout layout_;
  Queue &queue_;
  TimeAverage average_;
  std::int64_t steps_ = 0, block_steps_ = 1;
  DeviceBuffer<double> before_, plane_;
  DeviceBuffer<FluxMap> maps_;
  DeviceBuffer<std::uint64_t> crossings_, map_;
};

} // namespace ZENER_BACKEND
} // namespace zener
