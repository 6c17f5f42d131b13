// Time-averaged positions: the one analysis whose atoms cross to the host in flight, once a window.
#pragma once

#include "host/engine/analysis_engine.hpp"
#include "host/engine/time_average.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

class MeanPositionsQuantity final : public Quantity {
public:
  MeanPositionsQuantity(Queue &queue, const MeanPositionsPlan &plan, const std::vector<Atoms> &systems);
  void observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) override;
  void result(AnalysisSums &) const override {}
  void save(std::vector<double> &values) const override;
  void load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) override;

  // The windows that ended since the last call.
  std::vector<MeanPositions> take_windows() { return std::exchange(finished_, {}); }

private:
  std::vector<std::size_t> atoms_; // by system
  TimeAverage average_;
  std::vector<double> first_; // [3][N] average of window 0
  std::vector<MeanPositions> finished_;
};

} // namespace ZENER_BACKEND
} // namespace zener
