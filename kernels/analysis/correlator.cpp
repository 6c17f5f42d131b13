#include "kernels/analysis/correlator.hpp"

#include "kernels/exec/pack.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

using Numbers = Pack<double>;
constexpr int kWidth = kPackWidth<double>;
constexpr int kColumns = 3 * kCorrelatorLags;
static_assert(kCorrelatorLanes % kWidth == 0);

struct LoadRows {
  View<const double, 2> from;
  RowsView rows;
  View<double, 2> now;
  ZENER_FN void operator()(std::int64_t r) const {
    const std::int32_t place = rows.place[r];
    for (int d = 0; d < 3; ++d) {
      double value = 0.0;
      if (place >= 0) {
        value = from(d, place);
        if (rows.drift.extent(0) > 0) {
          value -= rows.drift(rows.system[r], rows.first + d);
        }
      }
      now(d, r) = value;
    }
  }
};

ZENER_HOST_FN std::int64_t slot_of(const CorrelatorShape &shape, int level, std::int64_t sample) {
  const int kept = shape.points / shape.origins;
  return level == 0 ? sample / shape.origins % kept
                    : kept + static_cast<std::int64_t>(level - 1) * shape.points + sample % shape.points;
}

struct StoreSample {
  CorrelatorShape shape;
  CorrelatorView view;
  DueLevels due;
  std::int64_t slot[kMostLevels]; // of the due levels' samples; -1: not kept
  ZENER_FN void operator()(std::int64_t r) const {
    for (int d = 0; d < 3; ++d) {
      double value = view.now(d, r);
      for (int l = 0; l < shape.levels; ++l) {
        if (l > 0 && shape.differences == 0) {
          double &mean = view.mean(l - 1, d, r);
          mean += value;
          if (l < due.count) {
            value = mean / shape.factor;
            mean = 0.0;
          }
        }
        if (l >= due.count) {
          break;
        }
        if (slot[l] >= 0) {
          view.ring(slot[l], d, r) = value;
        }
      }
    }
  }
};

struct Lag {
  int level;
  std::int64_t lag; // samples
};
ZENER_FN Lag lag_of(const CorrelatorShape &shape, const DueLevels &due, std::int64_t item) {
  const int kept = shape.points / shape.origins;
  if (item < kept) {
    return {0, due.sample[0] % shape.origins + item * shape.origins};
  }
  const int first = first_lag(shape);
  const int each = shape.points - first;
  return {static_cast<int>(1 + (item - kept) / each), first + (item - kept) % each};
}

struct CorrelateBlocks {
  CorrelatorShape shape;
  CorrelatorView view;
  DueLevels due;
  std::int64_t items;

  static constexpr std::size_t scratch() {
    return scratch_bytes<double>(kColumns * kCorrelatorLanes) + 2 * scratch_bytes<std::int64_t>(kCorrelatorLags);
  }

  ZENER_FN void operator()(Team &team) const {
    const View<double, 1> partial = team.scratch<double>(kColumns * kCorrelatorLanes);
    const View<std::int64_t, 1> new_slot = team.scratch<std::int64_t>(kCorrelatorLags); // -1: the sample itself
    const View<std::int64_t, 1> old_slot = team.scratch<std::int64_t>(kCorrelatorLags); // -1: there is none yet
    const std::int64_t blocks = view.begin.extent(0) - 1;
    const std::int64_t block = team.index() % blocks;
    const std::int64_t first_item = team.index() / blocks * kCorrelatorLags;
    const std::int64_t first = view.begin[block];
    const int runs = static_cast<int>((view.begin[block + 1] - first) / kCorrelatorLanes);
    const std::int64_t rows = view.now.extent(1);
    const std::int64_t left = items - first_item;
    const int lags = static_cast<int>(left < kCorrelatorLags ? left : kCorrelatorLags);
    const CorrelateBlocks &self = *this;
    team.for_each(lags, [&](int k) {
      const Lag lag = lag_of(self.shape, self.due, first_item + k);
      const std::int64_t sample = self.due.sample[lag.level];
      new_slot[k] = lag.level == 0 ? -1 : slot_of(self.shape, lag.level, sample);
      old_slot[k] = lag.lag > sample ? -1 : slot_of(self.shape, lag.level, sample - lag.lag);
    });
    team.for_each(3 * lags, kCorrelatorLanes / kWidth, [&](int column, int part) {
      const int k = column / 3;
      const int d = column % 3;
      Numbers sum = Numbers::broadcast(0.0);
      if (old_slot[k] >= 0) {
        const std::int64_t at = first + part * kWidth;
        const double *now =
            new_slot[k] < 0 ? self.view.now.data() + d * rows + at : self.view.ring.data() + (new_slot[k] * 3 + d) * rows + at;
        const double *then = self.view.ring.data() + (old_slot[k] * 3 + d) * rows + at;
        for (int run = 0; run < runs; ++run) {
          const Numbers a = Numbers::load(now + run * kCorrelatorLanes);
          const Numbers b = Numbers::load(then + run * kCorrelatorLanes);
          if (self.shape.differences != 0) {
            sum = fused_multiply_add(a - b, a - b, sum);
          } else {
            sum = fused_multiply_add(a, b, sum);
          }
        }
      }
      sum.store(partial.data() + column * kCorrelatorLanes + part * kWidth);
    });
    for (int half = kCorrelatorLanes / 2; half > 0; half /= 2) {
      team.for_each(3 * lags, half, [&](int column, int lane) {
        partial[column * kCorrelatorLanes + lane] += partial[column * kCorrelatorLanes + lane + half];
      });
    }
    team.for_each(3 * lags, [&](int column) {
      self.view.partial(first_item + column / 3, block, column % 3) = partial[column * kCorrelatorLanes];
    });
  }
};

struct FoldBlocks {
  CorrelatorShape shape;
  CorrelatorView view;
  DueLevels due;
  int time_block;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int64_t classes = view.blocks.extent(0) - 1;
    const int d = static_cast<int>(i % 3);
    const std::int64_t of_class = i / 3 % classes;
    const std::int64_t item = i / 3 / classes;
    const Lag lag = lag_of(shape, due, item);
    if (lag.lag > due.sample[lag.level]) {
      return;
    }
    double sum = 0.0;
    for (std::int64_t b = view.blocks[of_class]; b < view.blocks[of_class + 1]; ++b) {
      sum += view.partial(item, b, d);
    }
    view.sums(time_block, of_class, lag.level, lag.lag, d) += sum;
  }
};

struct JoinBlocks {
  View<double, 2> sums; // [kTimeBlocks][…]
  ZENER_FN void operator()(std::int64_t i) const {
    for (int b = 0; b < kTimeBlocks; ++b) {
      sums(b, i) = 2 * b < kTimeBlocks ? sums(2 * b, i) + sums(2 * b + 1, i) : 0.0;
    }
  }
};

} // namespace

void load_rows(Queue &queue, View<const double, 2> from, const RowsView &rows, View<double, 2> now) {
  queue.for_each("analysis_rows", now.extent(1), LoadRows{from, rows, now});
}

void correlate(Queue &queue, const CorrelatorShape &shape, const CorrelatorView &view, std::int64_t frame, int time_block) {
  const DueLevels due = due_levels(shape, frame);
  const std::int64_t items = lags_due(shape, due);
  const std::int64_t tiles = (items + kCorrelatorLags - 1) / kCorrelatorLags;
  const std::int64_t blocks = view.begin.extent(0) - 1;
  const std::int64_t classes = view.blocks.extent(0) - 1;
  StoreSample store{shape, view, due, {}};
  for (int l = 0; l < due.count; ++l) {
    store.slot[l] = l > 0 || due.sample[0] % shape.origins == 0 ? slot_of(shape, l, due.sample[l]) : -1;
  }
  queue.for_each("correlate_store", view.now.extent(1), store);
  queue.teams("correlate", {tiles * blocks, kCorrelatorLanes, CorrelateBlocks::scratch()},
              CorrelateBlocks{shape, view, due, items});
  queue.for_each("correlate_fold", items * classes * 3, FoldBlocks{shape, view, due, time_block});
}

void join_time_blocks(Queue &queue, View<double, 1> sums) {
  const std::int64_t each = sums.size() / kTimeBlocks;
  queue.for_each("correlate_join", each, JoinBlocks{View<double, 2>(sums.data(), kTimeBlocks, each)});
}

} // namespace ZENER_BACKEND
} // namespace zener
