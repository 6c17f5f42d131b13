#include "kernels/analysis/mobility.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kLanes = 128;

struct BeginInterval {
  MobilityView view;
  ZENER_FN void operator()(std::int64_t i) const {
    for (int d = 0; d < 3; ++d) {
      view.origin(d, i) = view.average(d, i);
    }
  }
};

struct StoreMoved {
  MobilityView view;
  std::int64_t row;
  int last;
  ZENER_FN void operator()(std::int64_t i) const {
    double square = 0.0;
    double greatest = -1.0;
    int axis = 0;
    for (int d = 0; d < 3; ++d) {
      const double moved = view.average(d, i) - view.origin(d, i);
      view.moved(row, d, i) = moved;
      square += moved * moved;
      if (fabs(moved) > greatest) {
        greatest = fabs(moved);
        axis = d;
      }
      if (last != 0) {
        view.origin(d, i) = view.average(d, i);
      }
    }
    if (last != 0) {
      const double threshold = view.threshold[view.system[i]];
      view.axis[i] = square > threshold * threshold ? axis : -1;
    }
  }
};

struct Plus {
  ZENER_FN double operator()(double a, double b) const { return a + b; }
};

struct SumInterval {
  MobilityView view;
  ZENER_FN void operator()(Team &team) const {
    const std::int64_t blocks = view.begin.extent(0) - 1;
    const std::int64_t block = team.index() % blocks;
    const std::int64_t row = team.index() / blocks;
    const std::int64_t first = view.begin[block];
    const int count = static_cast<int>(view.begin[block + 1] - first);
    const bool counting = row == view.moved.extent(0);
    const SumInterval &self = *this;
    for (int c = 0; c < kMobilityNumbers; ++c) {
      const double sum = team.reduce(
          count, [&](int r) { return self.number(self.view.place[first + r], row, c, counting); }, Plus{}, 0.0);
      team.single([&] { self.view.partial(row, block, c) = sum; });
    }
  }

  // What atom i adds to number c of a row.
  ZENER_FN double number(std::int32_t i, std::int64_t row, int c, bool counting) const {
    const int axis = view.axis[i];
    if (counting) {
      return axis == c - 1 ? 1.0 : 0.0;
    }
    if ((axis < 0) != (c < 3)) {
      return 0.0;
    }
    const double moved = view.moved(row, c == 6 ? axis : c % 3, i);
    return moved * moved;
  }
};

struct FoldInterval {
  MobilityView view;
  int time_block;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int64_t rows = view.partial.extent(0);
    const std::int64_t c = i % kMobilityNumbers;
    const std::int64_t row = i / kMobilityNumbers % rows;
    const std::int64_t of_class = i / kMobilityNumbers / rows;
    double sum = 0.0;
    for (std::int64_t b = view.blocks[of_class]; b < view.blocks[of_class + 1]; ++b) {
      sum += view.partial(row, b, c);
    }
    view.sums(time_block, of_class, row, c) += sum;
  }
};

} // namespace

void begin_interval(Queue &queue, const MobilityView &view) {
  queue.for_each("mobility_begin", view.origin.extent(1), BeginInterval{view});
}

void add_to_interval(Queue &queue, const MobilityView &view, std::int64_t lag, int time_block) {
  const std::int64_t lags = view.moved.extent(0);
  const bool last = lag == lags;
  queue.for_each("mobility_store", view.origin.extent(1), StoreMoved{view, lag - 1, last ? 1 : 0});
  if (last) {
    queue.teams("mobility_sum", {(lags + 1) * (view.begin.extent(0) - 1), kLanes, 0}, SumInterval{view});
    queue.for_each("mobility_fold", view.sums.extent(1) * (lags + 1) * kMobilityNumbers, FoldInterval{view, time_block});
  }
}

} // namespace ZENER_BACKEND
} // namespace zener
