#include "host/engine/flux_quantity.hpp"

#include "host/engine/analysis_rows.hpp"
#include "host/neutral/errors.hpp"

#include <utility>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

// Integers below 2^53 as the doubles of a state.
void append_integers(const DeviceBuffer<std::uint64_t> &buffer, std::vector<double> &values) {
  std::vector<std::uint64_t> all(static_cast<std::size_t>(buffer.size()));
  buffer.download(all.data());
  for (const std::uint64_t one : all) {
    values.push_back(static_cast<double>(one));
  }
}

void take_integers(DeviceBuffer<std::uint64_t> &buffer, const std::vector<double> &values, std::size_t &at) {
  const auto count = static_cast<std::size_t>(buffer.size());
  if (values.size() - at < count) {
    throw InvariantError("the state of other analyses cannot be loaded");
  }
  std::vector<std::uint64_t> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    all[i] = static_cast<std::uint64_t>(values[at + i]);
  }
  buffer.upload(all.data());
  at += count;
}

} // namespace

FluxQuantity::FluxQuantity(Queue &queue, const FluxPlan &plan, FluxLayout layout, const std::vector<Atoms> &systems)
    : plan_(plan), layout_(std::move(layout)), queue_(queue), average_(queue, systems, plan.window_frames),
      before_(queue, 3 * average_.atoms(), "averaged positions before"), plane_(queue, layout_.planes, "planes of the flux"),
      maps_(queue, 3 * static_cast<std::int64_t>(systems.size()), "flux maps"),
      crossings_(queue, kTimeBlocks * 2 * layout_.planes, "crossings"),
      map_(queue, kTimeBlocks * 2 * layout_.points, "flux maps") {
  std::vector<double> plane;
  std::vector<FluxMap> maps;
  for (const FluxSystem &system : layout_.systems) {
    for (std::size_t d = 0; d < 3; ++d) {
      const FluxAxis &axis = system.axis[d];
      const std::size_t u = d == 0 ? 1 : 0, v = d == 2 ? 1 : 2;
      plane.insert(plane.end(), axis.planes_A.begin(), axis.planes_A.end());
      FluxMap map{};
      map.length = system.edge_A[d];
      map.length_u = system.edge_A[u];
      map.length_v = system.edge_A[v];
      map.inner = system.inner_A;
      map.outer = system.outer_A;
      map.first_plane = axis.first_plane;
      map.planes = static_cast<std::int64_t>(axis.planes_A.size());
      map.first_point = axis.first_point;
      map.points_u = axis.points[0];
      map.points_v = axis.points[1];
      map.periodic = system.periodic[d] ? 1 : 0;
      map.periodic_u = system.periodic[u] ? 1 : 0;
      map.periodic_v = system.periodic[v] ? 1 : 0;
      maps.push_back(map);
    }
  }
  plane_.upload(plane.data());
  maps_.upload(maps.data());
  before_.zero();
  crossings_.zero();
  map_.zero();
}

void FluxQuantity::observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) {
  if (!average_.add(frame, drift, number)) {
    return;
  }
  if (average_.window_of(number) > 0) {
    if (steps_ == kTimeBlocks * block_steps_) {
      join_flux_blocks(queue_, crossings_.shaped(kTimeBlocks, 2 * layout_.planes));
      join_flux_blocks(queue_, map_.shaped(kTimeBlocks, 2 * layout_.points));
      block_steps_ *= 2;
    }
    const std::int64_t block = steps_ / block_steps_, n = average_.atoms();
    const auto of_block = [&](DeviceBuffer<std::uint64_t> &buffer, std::int64_t each) {
      return View<std::uint64_t, 2>(buffer.view().data() + block * 2 * each, 2, each);
    };
    count_crossings(queue_, {View<const double, 2>(before_.view().data(), 3, n), average_.average(), average_.system(),
                             maps_.shaped(maps_.size() / 3, 3), std::as_const(plane_).view(),
                             of_block(crossings_, layout_.planes), of_block(map_, layout_.points)});
    ++steps_;
  }
  copy_atoms(queue_, average_.average(), before_.shaped(3, average_.atoms()));
}

void FluxQuantity::result(AnalysisSums &to) const {
  FluxSums out;
  out.plan = plan_;
  out.layout = layout_;
  out.steps = steps_;
  out.block_steps = block_steps_;
  out.blocks = static_cast<int>((steps_ + block_steps_ - 1) / block_steps_);
  out.unit = 1.0 / kFluxUnit;
  const auto filled = [&](const DeviceBuffer<std::uint64_t> &buffer) {
    std::vector<std::uint64_t> all(static_cast<std::size_t>(buffer.size()));
    buffer.download(all.data());
    all.resize(all.size() / kTimeBlocks * static_cast<std::size_t>(out.blocks));
    return all;
  };
  out.crossings = filled(crossings_);
  out.map = filled(map_);
  to.flux = std::move(out);
}

void FluxQuantity::save(std::vector<double> &values) const {
  average_.save(values);
  append_numbers(before_, values);
  append_integers(crossings_, values);
  append_integers(map_, values);
}

void FluxQuantity::load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) {
  average_.load(values, at);
  take_numbers(before_, values, at);
  take_integers(crossings_, values, at);
  take_integers(map_, values, at);
  steps_ = frames / plan_.window_frames - 1;
  steps_ = steps_ < 0 ? 0 : steps_;
  block_steps_ = block_frames_after(steps_);
}

double FluxQuantity::numbers(const FluxLayout &layout, std::int64_t n) {
  return 6.5 * static_cast<double>(n) + 2.0 * kTimeBlocks * static_cast<double>(layout.planes + layout.points);
}

} // namespace ZENER_BACKEND
} // namespace zener
