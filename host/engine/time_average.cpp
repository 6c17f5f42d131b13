#include "host/engine/time_average.hpp"

#include "host/engine/analysis_rows.hpp"

#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/errors.hpp"

#include <utility>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

std::int64_t count_atoms(const std::vector<Atoms> &systems) {
  std::size_t sum = 0;
  for (const Atoms &system : systems) {
    sum += system.size();
  }
  return static_cast<std::int64_t>(sum);
}

} // namespace

TimeAverage::TimeAverage(Queue &queue, const std::vector<Atoms> &systems, std::int64_t window_frames)
    : queue_(queue), n_(count_atoms(systems)), k_(static_cast<std::int64_t>(systems.size())), frames_(window_frames),
      system_(queue, n_, "systems of atoms"), centre_(queue, 3 * k_, "centres of mass"),
      sum_(queue, 3 * n_, "averaged positions") {
  if (window_frames < 1) {
    throw InvariantError("a window of no frames");
  }
  std::vector<std::int32_t> system;
  std::vector<double> centre;
  for (std::size_t k = 0; k < systems.size(); ++k) {
    system.resize(system.size() + systems[k].size(), static_cast<std::int32_t>(k));
    Vector3 sum{};
    double mass = 0.0;
    for (std::size_t i = 0; i < systems[k].size(); ++i) {
      const double of_atom = atom_files::mass_of(systems[k], static_cast<std::size_t>(systems[k].type[i]));
      mass += of_atom;
      for (std::size_t d = 0; d < 3; ++d) {
        sum[d] += of_atom * systems[k].position_A[i][d];
      }
    }
    for (const double one : sum) {
      centre.push_back(one / mass);
    }
  }
  system_.upload(system.data());
  centre_.upload(centre.data());
  sum_.zero();
}

bool TimeAverage::add(const FrameView &frame, View<const double, 2> drift, std::int64_t number) {
  const std::int64_t place = number % frames_;
  const bool last = place == frames_ - 1;
  add_to_average(queue_, frame,
                 {std::as_const(system_).view(), View<const double, 2>(std::as_const(centre_).view().data(), k_, 3), drift,
                  sum_.shaped(3, n_)},
                 place == 0, last, frames_);
  return last;
}

void TimeAverage::save(std::vector<double> &values) const { append_numbers(sum_, values); }

void TimeAverage::load(const std::vector<double> &values, std::size_t &at) { take_numbers(sum_, values, at); }

} // namespace ZENER_BACKEND
} // namespace zener
