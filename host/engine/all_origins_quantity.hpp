// Displacements and velocities over all origins of time: keeps every frame on the device, transforms at the end.
#pragma once

#include "host/engine/analysis_engine.hpp"
#include "host/engine/analysis_rows.hpp"

#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

class AllOriginsQuantity final : public Quantity {
public:
  AllOriginsQuantity(Queue &queue, const AllOriginsPlan &plan, const RowLayout &layout);
  // Throws DeviceError when the device has no room for the frame.
  void observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) override;
  void result(AnalysisSums &sums) const override;
  void save(std::vector<double> &values) const override;
  void load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) override;

private:
  using Chunks = std::vector<DeviceBuffer<double>>; // [frames of a chunk][3][rows]
  void make_room(Chunks &chunks, const char *name);
  View<double, 2> slot(Chunks &chunks, std::int64_t frame) const;
  void transform(const Chunks &chunks, bool displacements, AllOriginsSums &out) const;

  Queue &queue_;
  AllOriginsPlan plan_;
  std::int64_t rows_, frames_ = 0;
  std::vector<std::int32_t> place_; // of rows; -1: a row that fills up
  std::vector<std::vector<std::int32_t>> class_rows_;
  DeviceBuffer<std::int32_t> device_place_, system_;
  Chunks position_, velocity_;
};

} // namespace ZENER_BACKEND
} // namespace zener
