// The analysis "structure": looks at frames that lie on the device already, and keeps what is small.
#pragma once

#include "host/engine/analysis_engine.hpp"
#include "host/engine/mixture_engine.hpp"
#include "host/engine/structure_engine.hpp"
#include "kernels/analysis/tally.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

class StructureQuantity final : public Quantity {
public:
  // systems: their elements, types and periodic directions.
  StructureQuantity(Queue &queue, const StructureWatch &watch, const std::vector<Atoms> &systems);
  void observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) override;
  void result(AnalysisSums &sums) const override;
  // Frames of atoms that wait for take() are no part of the state: take them first.
  void save(std::vector<double> &values) const override;
  void load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) override;
  void take(std::vector<AtomFrame> &frames) override;

private:
  void tally(std::vector<double> &row);
  void keep_atoms(const FrameView &frame, std::int64_t number);

  Queue &queue_;
  StructureWatch watch_;
  std::int64_t n_ = 0, k_ = 0;
  std::vector<std::int64_t> begin_{0}; // [K + 1] atoms
  std::vector<Atoms> named_;           // elements and types of the systems
  StructureEngine engine_;
  DeviceBuffer<Site> sites_;
  DeviceBuffer<std::int32_t> given_, system_, type_;
  DeviceBuffer<std::int64_t> block_begin_, system_begin_;
  DeviceBuffer<double> partial_, column_sums_, probability_, log_density_;
  DeviceBuffer<std::uint64_t> counts_;
  DeviceBuffer<std::uint8_t> label_;
  std::unique_ptr<DeviceMixture> mixture_;
  StructureSums sums_;
  std::vector<AtomFrame> waiting_;
};

} // namespace ZENER_BACKEND
} // namespace zener
