#include "kernels/analysis/frame.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct DriftBlocks {
  FrameView frame;
  DriftView view;

  static constexpr std::size_t scratch() { return scratch_bytes<double>(kDriftNumbers * kDriftLanes); }

  ZENER_FN void operator()(Team &team) const {
    const View<double, 1> partial = team.scratch<double>(kDriftNumbers * kDriftLanes);
    const std::int64_t block = team.index();
    const std::int64_t first = view.block_begin[block];
    const std::int64_t end = view.block_begin[block + 1];
    const bool moving = frame.velocity.extent(1) > 0;
    const DriftBlocks &self = *this;
    team.for_each(kDriftLanes, [&](int lane) {
      double sums[kDriftNumbers] = {};
      for (std::int64_t i = first + lane; i < end; i += kDriftLanes) {
        const double mass = self.view.mass[i];
        for (int d = 0; d < 3; ++d) {
          sums[d] += mass * self.frame.position(d, i);
          if (moving) {
            sums[3 + d] += mass * self.frame.velocity(d, i);
          }
        }
      }
      for (int c = 0; c < kDriftNumbers; ++c) {
        partial[c * kDriftLanes + lane] = sums[c];
      }
    });
    for (int half = kDriftLanes / 2; half > 0; half /= 2) {
      team.for_each(kDriftNumbers, half,
                    [&](int c, int lane) { partial[c * kDriftLanes + lane] += partial[c * kDriftLanes + lane + half]; });
    }
    team.for_each(kDriftNumbers, [&](int c) { self.view.partial(block, c) = partial[c * kDriftLanes]; });
  }
};

struct DriftSystems {
  DriftView view;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int64_t system = i / kDriftNumbers;
    const std::int64_t c = i % kDriftNumbers;
    double sum = 0.0;
    for (std::int64_t b = view.system_begin[system]; b < view.system_begin[system + 1]; ++b) {
      sum += view.partial(b, c);
    }
    view.drift(system, c) = sum / view.system_mass[system];
  }
};

} // namespace

void find_drift(Queue &queue, const FrameView &frame, const DriftView &view) {
  const std::int64_t blocks = view.block_begin.extent(0) - 1;
  const std::int64_t systems = view.system_begin.extent(0) - 1;
  queue.teams("drift_blocks", {blocks, kDriftLanes, DriftBlocks::scratch()}, DriftBlocks{frame, view});
  queue.for_each("drift_systems", systems * kDriftNumbers, DriftSystems{view});
}

} // namespace ZENER_BACKEND
} // namespace zener
