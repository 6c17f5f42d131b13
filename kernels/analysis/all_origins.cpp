#include "kernels/analysis/all_origins.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kTileRows = 32;
constexpr int kTileFrames = 64;
constexpr int kLanes = 128;
constexpr int kRun = kGpuShapes ? 1 : 64; // numbers of a sum that an index owns

struct PadTiles {
  PadView view;
  std::int64_t row_tiles;

  static constexpr std::size_t scratch() { return scratch_bytes<double>(kTileFrames * (kTileRows + 1)); }

  ZENER_FN void operator()(Team &team) const {
    const View<double, 1> tile = team.scratch<double>(kTileFrames * (kTileRows + 1));
    const std::int64_t r0 = team.index() % row_tiles * kTileRows;
    const std::int64_t t0 = team.index() / row_tiles * kTileFrames;
    const std::int64_t rows = view.row.extent(0) - r0, frames = view.frames.extent(0) - t0;
    const int some_rows = static_cast<int>(rows < kTileRows ? rows : kTileRows);
    const int some_frames = static_cast<int>(frames < kTileFrames ? frames : kTileFrames);
    const PadView &v = view;
    team.for_each(some_frames * kTileRows, [&](int e) {
      const int r = e % kTileRows, t = e / kTileRows;
      if (r < some_rows) {
        const std::int64_t row = v.row[r0 + r];
        const double less = v.origin.extent(1) > 0 ? v.origin(v.direction, row) : 0.0;
        tile[t * (kTileRows + 1) + r] = v.frames(t0 + t, v.direction, row) - less;
      }
    });
    team.for_each(some_rows * kTileFrames, [&](int e) {
      const int t = e % kTileFrames, r = e / kTileFrames;
      if (t < some_frames) {
        v.padded(r0 + r, v.first + t0 + t) = tile[t * (kTileRows + 1) + r];
      }
    });
  }
};

ZENER_FN double square_of(double x) { return x * x; }
ZENER_FN double square_of(Complex x) { return x.re * x.re + x.im * x.im; }

template <class T> struct SquareSums {
  View<const T, 2> of;
  std::int64_t rows;
  View<double, 1> sums;
  ZENER_FN void operator()(std::int64_t index) const {
    const std::int64_t begin = index * kRun;
    const int count = static_cast<int>(sums.extent(0) - begin < kRun ? sums.extent(0) - begin : kRun);
    double sum[kRun] = {};
    for (int i = 0; i < count; ++i) {
      sum[i] = sums[begin + i];
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      const T *row = &of(r, begin);
      for (int i = 0; i < count; ++i) {
        sum[i] += square_of(row[i]);
      }
    }
    for (int i = 0; i < count; ++i) {
      sums[begin + i] = sum[i];
    }
  }
};

struct SingleRows {
  View<const double, 2> padded;
  std::int64_t frames;
  View<const std::int64_t, 1> lag;
  View<double, 2> single;

  static constexpr std::size_t scratch() { return scratch_bytes<double>(kLanes); }

  ZENER_FN void operator()(Team &team) const {
    const View<double, 1> partial = team.scratch<double>(kLanes);
    const double *row = &padded(team.index(), 0);
    const int lags = static_cast<int>(lag.extent(0));
    const SingleRows &self = *this;
    for (int l = 0; l < lags; ++l) {
      const std::int64_t apart = lag[l];
      const std::int64_t pairs = frames - apart;
      if constexpr (kGpuShapes) {
        team.for_each(kLanes, [&](int lane) {
          double sum = 0.0;
          for (std::int64_t t = lane; t < pairs; t += kLanes) {
            const double way = row[t + apart] - row[t];
            sum += way * way;
          }
          partial[lane] = sum;
        });
      } else { // the same sums, rows of lanes at once
        double sums[kLanes] = {};
        const double *later = row + apart;
        for (std::int64_t t0 = 0; t0 < pairs; t0 += kLanes) {
          const int count = static_cast<int>(pairs - t0 < kLanes ? pairs - t0 : kLanes);
          for (int lane = 0; lane < count; ++lane) {
            const double way = later[t0 + lane] - row[t0 + lane];
            sums[lane] += way * way;
          }
        }
        for (int lane = 0; lane < kLanes; ++lane) {
          partial[lane] = sums[lane];
        }
      }
      for (int half = kLanes / 2; half > 0; half /= 2) {
        team.for_each(half, [&](int lane) { partial[lane] += partial[lane + half]; });
      }
      team.for_each(1, [&](int) { self.single(team.index(), l) += partial[0]; });
    }
  }
};

std::int64_t runs(std::int64_t n) { return (n + kRun - 1) / kRun; }

} // namespace

void pad_rows(Queue &queue, const PadView &view) {
  const std::int64_t row_tiles = (view.row.extent(0) + kTileRows - 1) / kTileRows;
  const std::int64_t frame_tiles = (view.frames.extent(0) + kTileFrames - 1) / kTileFrames;
  queue.teams("pad_rows", {row_tiles * frame_tiles, kLanes, PadTiles::scratch()}, PadTiles{view, row_tiles});
}

void add_power(Queue &queue, View<const Complex, 2> spectrum, std::int64_t rows, View<double, 1> power) {
  queue.for_each("add_power", runs(power.extent(0)), SquareSums<Complex>{spectrum, rows, power});
}

void add_squares(Queue &queue, View<const double, 2> padded, std::int64_t rows, View<double, 1> square) {
  queue.for_each("add_squares", runs(square.extent(0)), SquareSums<double>{padded, rows, square});
}

void add_single(Queue &queue, View<const double, 2> padded, std::int64_t rows, std::int64_t frames,
                View<const std::int64_t, 1> lag, View<double, 2> single) {
  queue.teams("single_rows", {rows, kLanes, SingleRows::scratch()}, SingleRows{padded, frames, lag, single});
}

} // namespace ZENER_BACKEND
} // namespace zener
