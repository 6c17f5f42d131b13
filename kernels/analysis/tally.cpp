#include "kernels/analysis/tally.hpp"

#include "kernels/exec/atomics.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

ZENER_FN bool is_finite(double x) { return x - x == 0.0; }

struct CountAndSum {
  double count, sum;
};

struct SumBlock {
  TallyBlocks blocks;
  View<const double, 2> values;
  View<double, 3> partial;
  ZENER_FN void operator()(Team &team) const {
    const std::int64_t block = team.index();
    const std::int64_t first = blocks.block_begin[block];
    const int n = static_cast<int>(blocks.block_begin[block + 1] - first);
    const SumBlock &self = *this;
    for (int c = 0; c < static_cast<int>(values.extent(1)); ++c) {
      const CountAndSum one = team.reduce(
          n,
          [&](int i) {
            const double value = self.values(first + i, c);
            return is_finite(value) ? CountAndSum{1.0, value} : CountAndSum{0.0, 0.0};
          },
          [](CountAndSum a, CountAndSum b) {
            return CountAndSum{a.count + b.count, a.sum + b.sum};
          },
          CountAndSum{0.0, 0.0});
      const double squares = team.reduce(
          n,
          [&](int i) {
            const double value = self.values(first + i, c);
            return is_finite(value) ? value * value : 0.0;
          },
          [](double a, double b) { return a + b; }, 0.0);
      team.single([&] {
        self.partial(block, c, 0) = one.count;
        self.partial(block, c, 1) = one.sum;
        self.partial(block, c, 2) = squares;
      });
    }
  }
};

struct SumSystem {
  TallyBlocks blocks;
  View<const double, 3> partial;
  View<double, 3> sums;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int64_t number = i % kTallySums;
    const std::int64_t column = i / kTallySums % sums.extent(1);
    const std::int64_t system = i / kTallySums / sums.extent(1);
    double sum = 0.0;
    for (std::int64_t b = blocks.system_begin[system]; b < blocks.system_begin[system + 1]; ++b) {
      sum += partial(b, column, number);
    }
    sums(system, column, number) = sum;
  }
};

struct CountValue {
  TallyBlocks blocks;
  View<const double, 2> values;
  int column;
  double low, per_width;
  View<std::uint64_t, 2> counts;
  ZENER_FN void operator()(std::int64_t i) const {
    const double value = values(i, column);
    if (is_finite(value)) {
      const double last = static_cast<double>(counts.extent(1) - 1);
      const double bin = (value - low) * per_width;
      const double bounded = bin < 0.0 ? 0.0 : bin > last ? last : bin;
      atomic_add(&counts(blocks.system[i], static_cast<std::int64_t>(bounded)), std::uint64_t{1});
    }
  }
};

struct CountLabel {
  TallyBlocks blocks;
  View<const std::uint8_t, 1> label;
  View<std::uint64_t, 2> counts;
  ZENER_FN void operator()(std::int64_t i) const {
    if (label[i] < counts.extent(1)) {
      atomic_add(&counts(blocks.system[i], label[i]), std::uint64_t{1});
    }
  }
};

} // namespace

void sum_columns(Queue &queue, const TallyBlocks &blocks, View<const double, 2> values, View<double, 3> partial,
                 View<double, 3> sums) {
  queue.teams("tally_blocks", {blocks.block_begin.extent(0) - 1, kTallyLanes, 0}, SumBlock{blocks, values, partial});
  queue.for_each("tally_systems", sums.size(), SumSystem{blocks, partial, sums});
}

void count_column(Queue &queue, const TallyBlocks &blocks, View<const double, 2> values, int column, double low, double width,
                  View<std::uint64_t, 2> counts) {
  queue.for_each("tally_column", values.extent(0), CountValue{blocks, values, column, low, 1.0 / width, counts});
}

void count_labels(Queue &queue, const TallyBlocks &blocks, View<const std::uint8_t, 1> label, View<std::uint64_t, 2> counts) {
  queue.for_each("tally_labels", label.extent(0), CountLabel{blocks, label, counts});
}

} // namespace ZENER_BACKEND
} // namespace zener
