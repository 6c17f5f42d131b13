#include "host/engine/analysis_rows.hpp"

#include "host/neutral/errors.hpp"
#include "kernels/analysis/correlator.hpp"

#include <algorithm>

namespace zener {
inline namespace ZENER_BACKEND {

void append_numbers(const DeviceBuffer<double> &buffer, std::vector<double> &values) {
  const std::size_t at = values.size();
  values.resize(at + static_cast<std::size_t>(buffer.size()));
  buffer.download(values.data() + at);
}

void take_numbers(DeviceBuffer<double> &buffer, const std::vector<double> &values, std::size_t &at) {
  const auto count = static_cast<std::size_t>(buffer.size());
  if (values.size() - at < count) {
    throw InvariantError("the state of other analyses cannot be loaded");
  }
  buffer.upload(values.data() + at);
  at += count;
}

RowLayout row_layout(const std::vector<AtomClass> &classes, const std::vector<std::int32_t> &class_of_atom) {
  std::vector<std::vector<std::int32_t>> members(classes.size());
  for (std::size_t i = 0; i < class_of_atom.size(); ++i) {
    members[static_cast<std::size_t>(class_of_atom[i])].push_back(static_cast<std::int32_t>(i));
  }
  RowLayout layout;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    layout.place.insert(layout.place.end(), members[c].begin(), members[c].end());
    layout.place.resize((layout.place.size() + kCorrelatorLanes - 1) / kCorrelatorLanes * kCorrelatorLanes, -1);
    layout.system.resize(layout.place.size(), static_cast<std::int32_t>(classes[c].system));
    const auto end = static_cast<std::int64_t>(layout.place.size());
    while (layout.begin.back() < end) {
      layout.begin.push_back(std::min(end, layout.begin.back() + kCorrelatorBlock));
    }
    layout.blocks.push_back(static_cast<std::int64_t>(layout.begin.size()) - 1);
  }
  return layout;
}

} // namespace ZENER_BACKEND
} // namespace zener
