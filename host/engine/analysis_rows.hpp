// Rows into which analyses sort atoms: by class (analysis_plan.hpp), each class filled up to whole runs of lanes; and what
// quantities do with buffers.
#pragma once

#include "host/neutral/analysis_plan.hpp"
#include "kernels/exec/queue.hpp"

#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

template <class T> DeviceBuffer<T> uploaded(Queue &queue, const std::vector<T> &values, const char *name) {
  DeviceBuffer<T> buffer(queue, static_cast<std::int64_t>(values.size()), name);
  buffer.upload(values.data());
  return buffer;
}

// A state's numbers to a buffer and back, for Quantity::save and load. Throws InvariantError when too few are left.
void append_numbers(const DeviceBuffer<double> &buffer, std::vector<double> &values);
void take_numbers(DeviceBuffer<double> &buffer, const std::vector<double> &values, std::size_t &at);

// kernels/analysis/correlator.hpp.
struct RowLayout {
  std::vector<std::int32_t> place, system; // [rows]
  std::vector<std::int64_t> begin{0};      // [blocks + 1]
  std::vector<std::int64_t> blocks{0};     // [classes + 1]
};

RowLayout row_layout(const std::vector<AtomClass> &classes, const std::vector<std::int32_t> &class_of_atom);

} // namespace ZENER_BACKEND
} // namespace zener
