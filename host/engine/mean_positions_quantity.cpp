#include "host/engine/mean_positions_quantity.hpp"

#include "host/neutral/errors.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

MeanPositionsQuantity::MeanPositionsQuantity(Queue &queue, const MeanPositionsPlan &plan, const std::vector<Atoms> &systems)
    : average_(queue, systems, plan.window_frames), first_(3 * static_cast<std::size_t>(average_.atoms()), 0.0) {
  for (const Atoms &system : systems) {
    atoms_.push_back(system.size());
  }
}

void MeanPositionsQuantity::observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) {
  if (!average_.add(frame, drift, number)) {
    return;
  }
  const auto n = static_cast<std::size_t>(average_.atoms());
  std::vector<double> now(3 * n);
  average_.buffer().download(now.data());
  MeanPositions mean;
  mean.window = average_.window_of(number);
  if (mean.window == 0) {
    first_ = now;
  }
  std::size_t i = 0;
  for (const std::size_t count : atoms_) {
    std::vector<Vector3> position(count), displacement(count);
    for (std::size_t j = 0; j < count; ++j, ++i) {
      for (std::size_t d = 0; d < 3; ++d) {
        position[j][d] = now[d * n + i];
        displacement[j][d] = now[d * n + i] - first_[d * n + i];
      }
    }
    mean.position_A.push_back(std::move(position));
    mean.displacement_A.push_back(std::move(displacement));
  }
  finished_.push_back(std::move(mean));
}

void MeanPositionsQuantity::save(std::vector<double> &values) const {
  average_.save(values);
  values.insert(values.end(), first_.begin(), first_.end());
}

void MeanPositionsQuantity::load(const std::vector<double> &values, std::size_t &at, std::int64_t) {
  average_.load(values, at);
  if (values.size() - at < first_.size()) {
    throw InvariantError("the state of other analyses cannot be loaded");
  }
  for (double &one : first_) {
    one = values[at++];
  }
  finished_.clear();
}

} // namespace ZENER_BACKEND
} // namespace zener
