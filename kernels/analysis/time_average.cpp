#include "kernels/analysis/time_average.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct AddToAverage {
  View<const double, 2> position;
  AverageView view;
  int first, last;
  double frames;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int32_t system = view.system[i];
    for (int d = 0; d < 3; ++d) {
      double value = position(d, i);
      if (view.drift.extent(0) > 0) {
        value -= view.drift(system, d) - view.centre(system, d);
      }
      if (first == 0) {
        value += view.sum(d, i);
      }
      view.sum(d, i) = last != 0 ? value / frames : value;
    }
  }
};

struct CopyAtoms {
  View<const double, 2> from;
  View<double, 2> to;
  ZENER_FN void operator()(std::int64_t i) const {
    for (int d = 0; d < 3; ++d) {
      to(d, i) = from(d, i);
    }
  }
};

} // namespace

void add_to_average(Queue &queue, const FrameView &frame, const AverageView &view, bool first, bool last, std::int64_t frames) {
  queue.for_each("average_add", view.sum.extent(1),
                 AddToAverage{frame.position, view, first ? 1 : 0, last ? 1 : 0, static_cast<double>(frames)});
}

void copy_atoms(Queue &queue, View<const double, 2> from, View<double, 2> to) {
  queue.for_each("average_copy", to.extent(1), CopyAtoms{from, to});
}

} // namespace ZENER_BACKEND
} // namespace zener
